"""What our own signatures show on the page, read back: number and date in the blanks, the arrival mark nowhere."""

import dataclasses
from collections.abc import Mapping
from datetime import date

import pytest
from tests.reading import facts
from tests.reading.facts import Case
from tests.signing import practice

from vanthu_cli.document.places import Box
from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.fields import read
from vanthu_cli.reading.page import load_page, open_pdf
from vanthu_cli.reading.places import find_places
from vanthu_cli.sandbox.documents import Page, make_pdf
from vanthu_cli.signing.keys import SigningKey, open_pkcs12
from vanthu_cli.signing.pades import arrival_stamp, number_and_date, prepare, seal

PARTY, STATE = (next(page for page in facts.pages() if page.kind == kind) for kind in ("party", "state"))
NOVEMBER, FEBRUARY = date(2026, 11, 28), date(2026, 2, 3)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    root = practice.issue("CA thực hành")
    file = tmp_path_factory.mktemp("key") / "office.p12"
    return open_pkcs12(practice.p12(practice.issue("Tỉnh ủy", root), file, "mật khẩu", root), "mật khẩu")


def issued(draft: bytes, key: SigningKey, number: int, day: date) -> bytes:
    places = find_places(draft)
    strip = number_and_date(draft, key, number=number, day=day, places=places)
    return seal(strip, key, image=practice.seal_png(), places=places)


def check(pdf: bytes, number: int, day: date) -> None:
    fields, places = read(pdf).fields, find_places(pdf)
    assert (fields.number, fields.date) == (number, day)
    assert (places.number, places.day, places.month, places.year, places.strip) == (None,) * 5


@pytest.mark.parametrize("page", [PARTY, STATE], ids=["party", "state"])
@pytest.mark.parametrize("year", [2026, None])
@pytest.mark.parametrize(("number", "day"), [(1145, NOVEMBER), (7, FEBRUARY)])
def test_number_and_date_of_the_strip_count_as_printed(
    page: Page, year: int | None, number: int, day: date, key: SigningKey
) -> None:
    draft = make_pdf(dataclasses.replace(facts.draft(page), year=year, place="Hải Dương"))
    check(issued(draft, key, number, day), number, day)


def test_a_prepared_document_reads_the_same(key: SigningKey) -> None:
    draft = make_pdf(facts.draft(PARTY))
    assert find_places(prepare(draft, find_places(draft))) == find_places(draft)
    check(issued(prepare(draft, find_places(draft)), key, 145, NOVEMBER), 145, NOVEMBER)


def test_the_blanks_of_writer_take_number_and_date(
    writer_pdfs: Mapping[str, tuple[Case, bytes]], key: SigningKey
) -> None:
    blanks = set()
    for case, pdf in writer_pdfs.values():
        if not case.written.page.number and find_places(pdf).strip and case.written.blank not in blanks:
            check(issued(pdf, key, 28, NOVEMBER), 28, NOVEMBER)
            blanks.add(case.written.blank)
    assert len(blanks) >= 3


def test_text_of_a_signature_is_measured_where_it_is_seen(key: SigningKey) -> None:
    draft = make_pdf(facts.draft(PARTY))
    places = find_places(draft)
    blank = places.number
    with open_pdf(number_and_date(draft, key, number=145, day=NOVEMBER, places=places)) as document:
        (stamp,) = load_page(document, 0).stamps
    number = stamp[0]
    assert blank
    assert number.text.split()[0] == "145"
    assert blank.x0 < number.x0
    assert number.edges[2][1] < blank.x1
    assert number.baseline == pytest.approx(blank.baseline, abs=0.01)


@pytest.mark.parametrize("page", [PARTY, STATE], ids=["party", "state"])
def test_an_arrival_mark_is_never_the_documents_own_number_or_date(page: Page, key: SigningKey) -> None:
    """Wherever it is stamped, over the head or into the blanks of a draft too."""
    draft = make_pdf(dataclasses.replace(facts.draft(page), place="Hải Dương"))
    for pdf in (make_pdf(page), issued(draft, key, 145, NOVEMBER), draft):
        before = read(pdf).fields
        for left, top in ((20, 750), (95, 790), (140, 745), (400, 745), (300, 770)):
            try:
                arrived = arrival_stamp(
                    pdf,
                    key,
                    agency="Đảng ủy xã Thanh Miện",
                    number=310,
                    day=date(2026, 12, 30),
                    box=Box(0, left, top - 100, left + 142, top),
                )
            except MisuseError:
                continue  # not over another signature's widget
            assert read(arrived).fields == before
            assert find_places(arrived).number in {None, find_places(pdf).number}


def test_an_arrival_mark_where_the_program_puts_it_changes_nothing(key: SigningKey) -> None:
    pdf = issued(make_pdf(facts.draft(PARTY)), key, 145, NOVEMBER)
    arrived = arrival_stamp(pdf, key, agency="Sở Nội vụ", number=310, day=date(2026, 12, 30))
    assert read(arrived).fields == read(pdf).fields
