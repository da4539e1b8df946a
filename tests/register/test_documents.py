"""Finding, listing, searching documents; and making a secret disappear."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.register.entries import NOW, arrive, message, number, sha

from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.register import deliveries, documents, finding, messages
from vanthu_cli.register.book import Book, history, open_book, scrub, stored
from vanthu_cli.register.finding import Filter
from vanthu_cli.register.indexing import words_of


def code_of(book: Book, text: str) -> str:
    with pytest.raises(MisuseError) as refused:
        documents.find(book, text)
    return refused.value.code


# -- entering and changing -------------------------------------------------------------------------------------


def test_what_is_entered_is_read_back(book: Book) -> None:
    given = {
        "fields": {"fields": {"subject": "V/v chuyển đổi số"}},
        "judgement": {"verdict": "valid"},
        "flags": ["unsigned", "same-number"],
    }
    with book.step():
        found = documents.get(book, arrive(book, "a", number=145, symbol="CV/TU", day="2026-11-22", **given))
    assert (found.direction, found.state, found.name) == ("in", "waiting", "145-CV/TU")
    assert {name: getattr(found, name) for name in given} == {**given, "flags": ("unsigned", "same-number")}


def test_a_document_is_named_by_number_file_or_id(book: Book) -> None:
    with book.step():
        names = [
            documents.get(book, identity).name
            for identity in (
                arrive(book, "a", number=5, symbol="NQ/TW"),
                arrive(book, "b"),
                arrive(book, "c", file=None),
            )
        ]
    assert names == ["05-NQ/TW", "b.pdf", "#3"]


def test_times_of_arrival_are_stored_in_one_form(book: Book) -> None:
    with book.step():
        forms = ("2026-11-22T08:30:00+07:00", "2026-11-22T01:30:00+00:00", "2026-11-22T01:30:00.000000+00:00")
        found = {documents.get(book, documents.add(book, "in", "arrive", arrived_at=form)).arrived_at for form in forms}
    assert found == {stored(NOW)}


def test_a_column_that_does_not_exist_is_a_bug(book: Book) -> None:
    with pytest.raises(TypeError, match="sha255"), book.step():
        arrive(book, "a", sha255="x")


def test_broken_text_of_mail_and_pdf_is_kept_as_far_as_it_goes(book: Book) -> None:
    with book.step():
        identity = arrive(book, "a", subject="V/v \udcff\x00 họp", fields={"subject": "\ud800"}, flags=["\udfff"])
        documents.attach(book, identity, [(sha("b"), "\udcff.pdf")])
        messages.add(
            book,
            messages.Origin("wan", "1.1", book.at, 1),
            "other",
            sender="\udcff@x",
            message_id="<\ud800>",
            sha256=None,
        )
    found = documents.get(book, identity)
    assert (found.subject, found.fields, found.flags) == ("V/v �� họp", {"subject": "�"}, ("�",))
    assert documents.attachments(book, identity) == [(sha("b"), "�.pdf")]
    assert finding.search(book, "hop", limit=5).documents == [found]


def test_a_document_moves_only_as_its_life_allows(book: Book) -> None:
    with book.step():
        identity = arrive(book, "a")
        assert documents.advance(book, identity, "refuse", {"reason": "nhầm địa chỉ"}) == "refused"
    with pytest.raises(ForbiddenError), book.step():
        documents.advance(book, identity, "accept")
    assert documents.get(book, identity).state == "refused"
    assert [row["kind"] for row in history(book, f"document:{identity}")] == ["arrive", "refuse"]


# -- finding ---------------------------------------------------------------------------------------------------


def test_a_document_is_found_by_what_a_clerk_types(book: Book) -> None:
    with book.step():
        for name in range(4):
            number(book, f"before {name}")
        incoming = arrive(book, "a", number=15, symbol="QĐ-UBND", arrival_number=310)
        outgoing = number(book, "b")
    for text in (str(incoming), "15/QĐ-UBND", "Số: 15 / QĐ–UBND", "15/qđ-ubnd", "15/qd-ubnd", "den/310"):
        assert documents.find(book, text).id == incoming
    for text in (str(outgoing), "05-CV/TU", "5-cv/tu"):
        assert documents.find(book, text).id == outgoing


def test_our_own_document_goes_before_anothers_of_the_same_number(book: Book) -> None:
    with book.step():
        arrive(book, "a", number=1, symbol="CV/TU")
        own = number(book, "b")
    assert documents.find(book, "1-CV/TU").id == own


def test_the_very_symbol_goes_before_one_that_looks_alike(book: Book) -> None:
    with book.step():
        party = arrive(book, "a", number=7, symbol="QĐ/TU")
        other = arrive(book, "b", number=7, symbol="QD/TU")
    assert documents.find(book, "7-QĐ/TU").id == party
    assert documents.find(book, "7-QD/TU").id == other
    assert code_of(book, "7-qd/tu") == "register.ambiguous"


def test_what_stands_for_several_is_asked_back_with_the_ids(book: Book) -> None:
    with book.step():
        found = [arrive(book, name, number=1, symbol="CV/SNV", arrival_number=9) for name in ("a", "b")]
    for text in ("1-CV/SNV", "den/9"):
        with pytest.raises(MisuseError) as refused:
            documents.find(book, text)
        assert refused.value.code == "register.ambiguous"
        assert all(str(identity) in refused.value.hint for identity in found)


@pytest.mark.parametrize("text", ["1", "999999999999999", "1-CV/TU", "den/1", "5/2024/QĐ-UBND"])
def test_what_is_not_there_is_said(book: Book, text: str) -> None:
    assert code_of(book, text) == "register.not_found"


@pytest.mark.parametrize(
    "text", ["", "abc", "-1", "den/", "den/x", "9" * 40, "den/" + "9" * 40, "١٢", "1; DROP TABLE event"]
)
def test_what_is_neither_id_nor_number_is_refused(book: Book, text: str) -> None:
    assert code_of(book, text) == "document.number"


def test_bytes_and_sources_are_known_again(book: Book) -> None:
    with book.step():
        first, outgoing = arrive(book, "a"), number(book, "b")
        arrive(book, "a")
        documents.update(book, outgoing, sha256=sha("sealed"))
    found = [
        documents.by_bytes(book, sha("a"), "in"),
        documents.by_source(book, sha("b")),
        documents.by_bytes(book, sha("sealed"), "out"),
    ]
    assert [each.id for each in found if each] == [first, outgoing, outgoing]
    assert documents.by_bytes(book, sha("sealed"), "in") is documents.by_source(book, sha("a")) is None


def test_the_same_number_of_the_same_agency_and_day_is_noticed(book: Book) -> None:
    with book.step():
        same = arrive(book, "a", number=1, symbol="CV/X", agency_code="X", day="2026-11-22")
        arrive(book, "b", number=1, symbol="CV/X", agency_code=None, day="2026-11-22")
        arrive(book, "c", number=1, symbol="CV/X", agency_code="X", day="2025-11-22")
    found = documents.same_number(book, number=1, symbol="CV/X", agency_code="X", day="2026-11-22")
    assert [each.id for each in found] == [same]
    assert len(documents.same_number(book, number=1, symbol="CV/X", agency_code=None, day="2026-11-22")) == 1


def test_the_first_arrival_of_bytes_is_their_proof(file: Path, book: Book) -> None:
    with book.step():
        arrive(book, "a")
    later = open_book(file, who="x", now=NOW + timedelta(days=3))
    with later.step():
        arrive(later, "a")
        number(later, "b")
    assert documents.arrivals(later) == {sha("a"): NOW}
    later.connection.close()


# -- listing and searching -------------------------------------------------------------------------------------


def test_the_book_is_listed_newest_first_and_by_choice(file: Path, book: Book) -> None:
    with book.step():
        waiting, accepted = arrive(book, "a"), arrive(book, "b")
        documents.advance(book, accepted, "accept")
    later = open_book(file, who="x", now=NOW + timedelta(days=1))
    with later.step():
        outgoing = number(later, "c")
    border = stored(NOW + timedelta(days=1))

    def ids(limit: int = -1, **chosen: object) -> list[int]:
        wanted = Filter(**chosen)  # type: ignore[arg-type]  # any of its options
        return [each.id for each in finding.listing(book, wanted, limit=limit)]

    assert ids() == [outgoing, accepted, waiting]
    assert ids(limit=2) == [outgoing, accepted]
    assert ids(direction="in") == [accepted, waiting]
    assert ids(states=["accepted", "numbered"]) == [outgoing, accepted]
    assert ids(direction="in", states=["numbered"]) == []
    assert ids(since=border) == [outgoing]
    assert ids(until=border) == [accepted, waiting]
    later.connection.close()


def test_words_are_found_in_any_order_without_diacritics(book: Book) -> None:
    with book.step():
        identity = arrive(
            book, "a", number=145, symbol="CV/TU", agency="TỈNH ỦY HẢI DƯƠNG", subject="V/v gửi, nhận văn bản",
            doc_type="Công văn", signer="Lê Văn Hiệu", sender="vanthu@tuhaiduong", day="2021-04-28",
        )  # fmt: skip
        arrive(book, "b", subject="khác")
    for words in ("gui nhan", "NHẬN GỬI", "145-cv/tu", "hai duong", "hiệu", "vanthu@", "2021-04", "cong van le"):
        assert [each.id for each in finding.search(book, words, limit=9).documents] == [identity], words
    assert finding.search(book, "gui khac", limit=9).documents == []
    assert len(finding.search(book, " ", limit=9).documents) == 2


@pytest.mark.parametrize("words", ["%", "_", "\\", "' OR 1=1 --", "100%", "\x00"])
def test_signs_of_the_query_language_are_only_signs(book: Book, words: str) -> None:
    with book.step():
        arrive(book, "a", subject="mười phần trăm")
    assert finding.search(book, words, limit=9).documents == []


def test_a_correction_is_found_and_what_it_replaced_is_not(book: Book) -> None:
    with book.step():
        identity = arrive(book, "a", subject="nhầm lẫn")
        documents.update(book, identity, subject="chính xác")
    assert finding.search(book, "nham", limit=9).documents == []
    assert [each.id for each in finding.search(book, "chinh xac", limit=9).documents] == [identity]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return open_book(tmp_path_factory.mktemp("shelf") / "register.sqlite", who="x", now=NOW)


@given(st.text(max_size=30), st.data())
def test_every_word_of_a_subject_finds_it(shelf: Book, subject: str, data: st.DataObject) -> None:
    with shelf.step():
        identity = arrive(shelf, "a", subject=subject)
    words = words_of(subject)
    word = data.draw(st.sampled_from(words)) if words else ""
    assert identity in [each.id for each in finding.search(shelf, word, limit=9).documents]
    assert documents.find(shelf, str(identity)).id == identity


# -- files -----------------------------------------------------------------------------------------------------


def test_every_file_that_is_named_anywhere_is_counted(book: Book) -> None:
    with book.step():
        identity = number(book, "source")
        documents.update(book, identity, signed_sha256=sha("signed"), sha256=sha("sealed"))
        documents.attach(book, identity, [(sha("annex"), "phụ lục.xlsx"), (sha("annex"), "again.xlsx")])
        deliveries.queue(
            book,
            "document",
            identity,
            agency=None,
            channel="wan",
            address="a@b",
            message_id="<1@x>",
            head=b"",
            letter=sha("letter"),
        )
        message(book, "mail")
    named = {sha(name) for name in ("source", "signed", "sealed", "annex", "letter", "mail")}
    assert set(documents.files(book)) == named
    assert [documents.file_users(book, name) for name in sorted(named)] == [1] * 6
    assert documents.file_users(book, sha("nothing")) == 0
    assert documents.attachments(book, identity) == [(sha("annex"), "phụ lục.xlsx")]


# -- secrets ---------------------------------------------------------------------------------------------------

TRACES = ("Bímậtquốcgia", "bimatquocgia", "Quốcphòng", "quocphong")


def traces(folder: Path) -> list[tuple[str, str]]:
    return [
        (file.name, word)
        for file in folder.iterdir()
        if file.is_file()
        for word in TRACES
        if word.encode() in file.read_bytes()
    ]


@pytest.mark.parametrize("size", [1, 50, 4000])
def test_after_blanking_and_scrubbing_no_byte_of_a_secret_is_left(
    tmp_path: Path, file: Path, book: Book, size: int
) -> None:
    """Short and long (overflow pages), among others that make pages split, and rewritten a few times before."""
    text = "Bímậtquốcgia Quốcphòng " * size
    with book.step():
        for turn in range(60):
            arrive(book, f"harmless {turn}", subject="bình thường " * (turn % 7 * 40))
        secret = arrive(book, text[:60], subject=text, agency=text, signer=text, doc_type=text, reason=text)
        documents.attach(book, secret, [(sha("annex"), f"{text[:60]}.xlsx")])
        for turn in range(60):
            arrive(book, f"after {turn}", subject="bình thường " * (turn % 5 * 60))
    for turn in range(4):
        with book.step():
            documents.update(
                book, secret, subject=text * (turn % 2 + 1), fields={"subject": text}, judgement={"reasons": [text]}
            )
    with book.step():
        documents.advance(book, secret, "quarantine")
    reader = open_book(file, who="x", now=NOW)
    assert traces(tmp_path)
    reader.connection.close()
    with book.step():
        documents.blank(book, secret)
    assert scrub(book)
    assert traces(tmp_path) == []
    found = documents.get(book, secret)
    assert (found.state, found.subject, found.fields, found.flags) == ("quarantined", None, {}, ("secret-mark",))
    assert finding.search(book, "bimatquocgia", limit=9).documents == []
    assert documents.attachments(book, secret) == []


def test_a_quarantined_message_keeps_its_envelope_only(book: Book) -> None:
    with book.step():
        identity, entry = arrive(book, "a"), message(book, "a")
        messages.arrive(book, identity, entry)
        messages.arrive(book, identity, entry)
        messages.quarantine(book, entry, "secret-mark")
    row = messages.of_document(book, identity)[0]
    assert (row["state"], row["sender"], row["message_id"], row["sha256"]) == ("quarantined", "a@b", None, None)
    origin = messages.Origin("wan", "2.1", book.at, 100)
    assert messages.same_secret(book, origin, "a@b")
    assert not messages.same_secret(book, origin, None)
    assert messages.to_mark(book, "wan") == []
    with book.step():
        messages.destroyed(book, entry)
    assert [row["reason"] for row in messages.in_state(book, "quarantined")] == ["destroyed"]


def test_messages_are_known_by_origin_and_by_content(book: Book) -> None:
    with book.step():
        first, second = message(book, "1"), message(book, "2")
    assert set(messages.known(book, "wan")) == {"1.1", "1.2"}
    assert messages.known(book, "internet") == {}
    assert messages.same_content(book, "wan", sha("1"))
    assert not messages.same_content(book, "internet", sha("1"))
    assert messages.to_mark(book, "wan") == ["1.1", "1.2"]
    with book.step():
        messages.marked(book, "wan", ["1.1"])
    assert messages.to_mark(book, "wan") == ["1.2"]
    row = messages.by_origin(book, messages.Origin("wan", "1.2", "", 0))
    assert row is not None
    assert row["id"] == second != first
    assert messages.get(book, 99) is None
