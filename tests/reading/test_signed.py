"""What our own signatures show on the page, read back: number and date in the blanks, the arrival mark nowhere."""

import dataclasses
import io
from collections.abc import Callable, Mapping
from datetime import date
from typing import BinaryIO

import pytest
from tests.reading import facts
from tests.reading.facts import Case
from tests.signing import practice

from vanthu_cli.document.places import Box
from vanthu_cli.reading.fields import read
from vanthu_cli.reading.look import Wish, look
from vanthu_cli.reading.page import open_pdf
from vanthu_cli.reading.places import find_places
from vanthu_cli.sandbox.documents import Page, make_pdf
from vanthu_cli.signing.keys import SigningKey, open_pkcs12
from vanthu_cli.signing.pades import arrival_stamp, number_and_date, prepare, seal, sign_person

PARTY, STATE = (next(page for page in facts.pages() if page.kind == kind) for kind in ("party", "state"))
NOVEMBER, FEBRUARY = date(2026, 11, 28), date(2026, 2, 3)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    root = practice.issue("CA thực hành")
    file = tmp_path_factory.mktemp("key") / "office.p12"
    return open_pkcs12(practice.p12(practice.issue("Tỉnh ủy", root), file, "mật khẩu", root), "mật khẩu")


def changed(pdf: bytes, update: Callable[[BinaryIO], object]) -> bytes:
    stream = io.BytesIO(pdf)
    update(stream)
    return stream.getvalue()


def issued(draft: bytes, key: SigningKey, number: int, day: date) -> bytes:
    places = find_places(draft)
    strip = changed(draft, lambda pdf: number_and_date(pdf, key, number=number, day=day, places=places))
    box = places.signers[0].seal
    return changed(strip, lambda pdf: seal(pdf, key, image=practice.seal_png(), size=None, box=box))


def prepared(draft: bytes) -> bytes:
    places = find_places(draft)
    return changed(draft, lambda pdf: prepare(pdf, places, sealed_at=places.signers[0].seal))


def arrived(pdf: bytes, key: SigningKey, box: Box, agency: str) -> bytes:
    day = date(2026, 12, 30)
    return changed(pdf, lambda out: arrival_stamp(out, key, agency=agency, number=310, day=day, box=box))


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
    assert find_places(prepared(draft)) == find_places(draft)
    check(issued(prepared(draft), key, 145, NOVEMBER), 145, NOVEMBER)


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
    strip = changed(draft, lambda pdf: number_and_date(pdf, key, number=145, day=NOVEMBER, places=places))
    with open_pdf(strip) as sheets:
        (stamp,) = sheets.page(0).stamps
    number = stamp[0]
    assert blank
    assert number.text.split()[0] == "145"
    assert blank.x0 < number.x0
    assert number.edges[2][1] < blank.x1
    assert number.baseline == pytest.approx(blank.y0, abs=0.01)


@pytest.mark.parametrize("page", [PARTY, STATE], ids=["party", "state"])
def test_an_arrival_mark_is_never_the_documents_own_number_or_date(page: Page, key: SigningKey) -> None:
    """Wherever it is stamped, over the head or into the blanks of a draft too."""
    draft = make_pdf(dataclasses.replace(facts.draft(page), place="Hải Dương"))
    for pdf in (make_pdf(page), issued(draft, key, 145, NOVEMBER), draft):
        before = read(pdf).fields
        for left, top in ((20, 750), (95, 790), (140, 745), (400, 745), (300, 770)):
            stamped = arrived(pdf, key, Box(0, left, top - 100, left + 142, top), "Đảng ủy xã Thanh Miện")
            assert read(stamped).fields == before
            assert find_places(stamped).number in {None, find_places(pdf).number}


def test_an_arrival_mark_where_there_is_room_changes_nothing(key: SigningKey) -> None:
    pdf = issued(make_pdf(facts.draft(PARTY)), key, 145, NOVEMBER)
    room = look("a.pdf", pdf, Wish(room=(142, 100))).room
    assert room
    stamped = arrived(pdf, key, room, "Sở Nội vụ")
    assert read(stamped).fields == read(pdf).fields
    again = look("a.pdf", stamped, Wish(room=(142, 100), at=room))
    assert again.covers_text
    assert again.room != room


def test_where_the_leader_has_signed_there_is_no_box_but_the_seal_s_square(key: SigningKey) -> None:
    draft = make_pdf(facts.draft(PARTY))
    (free,) = find_places(draft).signers
    for pdf in (draft, prepared(draft)):
        signed = changed(pdf, lambda out: sign_person(out, key, image=None, box=free.box))
        assert find_places(signed).signers == (dataclasses.replace(free, box=None),)
