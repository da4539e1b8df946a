"""Dossiers in the register: a document lies in several, nothing is copied, everything is an event without words."""

import hashlib
import shutil
from pathlib import Path

import pytest
from tests.register.entries import NOW, arrive, number

from vanthu_cli.errors import MisuseError
from vanthu_cli.register import book as books
from vanthu_cli.register import deliveries, documents, dossiers
from vanthu_cli.register.book import Book, check_chain, history, open_book
from vanthu_cli.register.dossiers import Dossier


def opened(book: Book, code: str = "01.TCCB", **values: object) -> Dossier:
    given = {
        "code": code,
        "title": "Hội nghị lần thứ 15",
        "year": 2026,
        "retention": "Vĩnh viễn",
        "started": "2026-11-22",
    }
    with book.step():
        return dossiers.new(book, **{**given, "session": False, **values})


def test_a_document_lies_in_several_dossiers_and_in_each_only_once(book: Book) -> None:
    first, second = opened(book), opened(book, "02.TCCB")
    with book.step():
        document = arrive(book, "a")
        assert dossiers.put_in(book, first, document)
        assert dossiers.put_in(book, second, document)
        assert not dossiers.put_in(book, first, document)
    assert [each.code for each in dossiers.of_document(book, document)] == ["01.TCCB", "02.TCCB"]
    assert [each.id for each in dossiers.contents(book, first.id)] == [document]
    with book.step():
        assert dossiers.take_out(book, first, document, "trùng")
        assert not dossiers.take_out(book, first, document, "trùng")
    assert [each.code for each in dossiers.of_document(book, document)] == ["02.TCCB"]


def test_contents_stand_in_the_order_in_which_they_came_into_being(book: Book) -> None:
    found = opened(book)
    with book.step():
        late = arrive(book, "late", day="2026-11-20")
        early = arrive(book, "early", day="2026-01-02")
        undated = arrive(book, "undated")  # came on the 22nd
        last = number(book, "ours")
        documents.update(book, last, day="2026-11-23")
        for each in (last, undated, late, early):
            dossiers.put_in(book, found, each)
    assert [each.id for each in dossiers.contents(book, found.id)] == [early, late, undated, last]


def test_events_tell_ids_and_no_words_and_the_chain_holds(book: Book) -> None:
    found = opened(book, title="Chuyện riêng của cơ quan", note="ghi chú riêng")
    with book.step():
        document = arrive(book, "a")
        dossiers.put_in(book, found, document, paper="SNV")
        dossiers.take_out(book, found, document, "lý do riêng")
        dossiers.close(book, found, "2026-11-22")
        dossiers.reopen(book, found, "mở vì chuyện riêng")
        dossiers.amend(book, found, {"title": "Chuyện khác", "note": None})
        dossiers.exported(book, found, "pdf", "ab" * 32)
        dossiers.hand_over(book, found, "cd" * 32)
    rows = history(book, found.subject)
    assert [row["kind"].removeprefix("dossier-") for row in rows] == [
        "new", "add", "remove", "close", "reopen", "amend", "export", "hand-over",
    ]  # fmt: skip
    assert "riêng" not in "".join(row["data"] for row in rows)
    assert hashlib.sha256("Chuyện riêng của cơ quan".encode()).hexdigest() in rows[5]["data"]
    assert dossiers.get(book, found.id).title == "Chuyện khác"
    assert dossiers.get(book, found.id).state == "handed-over"
    assert check_chain(book) is None


def test_the_reason_for_taking_a_document_out_goes_when_it_turns_out_to_be_secret(book: Book) -> None:
    found = opened(book)
    with book.step():
        document = arrive(book, "a")
        dossiers.put_in(book, found, document)
        dossiers.take_out(book, found, document, "lạc đề")
    assert book.connection.execute("SELECT reason FROM amendment").fetchone()[0] == "lạc đề"
    with book.step():
        documents.blank(book, document)
    assert book.connection.execute("SELECT reason FROM amendment").fetchone()[0] is None


def test_a_dossier_is_found_by_its_code_and_refused_twice(book: Book) -> None:
    opened(book)
    assert dossiers.find(book, " 01.TCCB ").year == 2026
    assert dossiers.find(book, "2026/01.TCCB").code == "01.TCCB"
    assert dossiers.known(book, "2025/01.TCCB") is None
    with pytest.raises(MisuseError) as unknown:
        dossiers.find(book, "09.X")
    assert unknown.value.code == "dossier.unknown"
    with pytest.raises(MisuseError) as twice:
        opened(book)
    assert twice.value.code == "dossier.exists"
    assert len(dossiers.listing(book)) == 1


def test_where_each_year_has_its_codes_the_latest_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = tmp_path / "migrations"
    shutil.copytree(books.MIGRATIONS, scripts)
    script = scripts / "005.sql"
    yearly = script.read_text("utf-8").replace("code      TEXT NOT NULL UNIQUE,", "code      TEXT NOT NULL,")
    script.write_text(yearly, "utf-8")
    monkeypatch.setattr(books, "MIGRATIONS", scripts)
    register = open_book(tmp_path / "register.sqlite", who="văn thư", now=NOW)
    opened(register, year=2025)
    opened(register, year=2026)
    assert dossiers.find(register, "01.TCCB").year == 2026
    assert dossiers.find(register, "2025/01.TCCB").year == 2025
    register.connection.close()


def test_counts_pages_and_the_last_change(book: Book) -> None:
    found = opened(book)
    with book.step():
        for name, pages in (("a", 3), ("b", None)):
            dossiers.put_in(book, found, arrive(book, name, pages=pages))
    listed = dossiers.listing(book)[0]
    assert (listed.documents, listed.pages, listed.changed_at) == (2, 3, book.at)


def test_paper_due_is_withdrawn_only_while_it_has_not_come(book: Book) -> None:
    found = opened(book, session=True)
    with book.step():
        document = arrive(book, "a")
        dossiers.put_in(book, found, document, paper="SNV")
        deliveries.owe_paper(book, document, "SNV", 1, "session")
    assert dossiers.has_paper(book, document, "SNV")
    assert dossiers.paper_made(book, found, document) == "SNV"
    assert [(row["agency"], row["direction"]) for row in dossiers.papers(book, found.id)] == [("SNV", "in")]
    with book.step():
        deliveries.settle_paper(book, document, "SNV")
        assert not dossiers.withdraw_paper(book, document, "SNV")
    assert dossiers.papers(book, found.id)[0]["settled_at"] == book.at
