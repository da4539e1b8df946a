from collections.abc import Mapping

import pytest
from tests.reading.facts import Case

from vanthu_cli.document.places import Places
from vanthu_cli.reading.fields import read
from vanthu_cli.reading.places import find_places, printed_month_year

Written = Mapping[str, tuple[Case, bytes]]
Made = list[tuple[Case, bytes]]


@pytest.fixture(scope="module")
def finished(writer_pdfs: Written) -> Made:
    return [made for made in writer_pdfs.values() if made[0].written.page.number]


@pytest.fixture(scope="module")
def drafts(writer_pdfs: Written) -> Made:
    return [made for made in writer_pdfs.values() if not made[0].written.page.number]


def places_of(made: Made) -> list[tuple[Case, Places]]:
    return [(case, find_places(pdf, case.written.page.signer)) for case, pdf in made]


def test_a_finished_page_has_no_blank_and_reads_as_written(finished: Made) -> None:
    for case, pdf in finished:
        fields = read(pdf).fields
        assert (fields.number, fields.symbol, fields.date) == tuple(
            case.truth[name] for name in ("number", "symbol", "date")
        ), case
        assert find_places(pdf).strip is None, case
        assert printed_month_year(pdf) == (None, None)


def test_every_kind_of_blank_is_found_and_has_room(drafts: Made) -> None:
    assert {case.written.blank for case, _pdf in drafts} >= {"tab", "ellipsis"}
    for case, places in places_of(drafts):
        if case.truth["place"] != "Hải Dương":
            continue  # a longer name wraps this date line, with blanks in it
        number, day, month = places.number, places.day, places.month
        assert number, case
        assert day, case
        assert number.x1 - number.x0 > 20
        assert day.x1 - day.x0 > 14
        assert day.italic
        assert (month is None) == (case.written.month is not None), case
        assert places.year is None


def test_no_draft_is_offered_half_a_strip(drafts: Made) -> None:
    for case, places in places_of(drafts):
        assert bool(places.number) == bool(places.day) == bool(places.strip), case


def test_month_and_year_are_read_while_the_day_is_blank(drafts: Made) -> None:
    for case, pdf in drafts:
        if find_places(pdf).day:
            assert printed_month_year(pdf) == (case.written.month, 2026), case


def test_signature_and_seal_find_their_room_on_the_last_page(drafts: Made) -> None:
    seen = set()
    for case, places in places_of(drafts):
        assert places.signer, case
        assert places.seal, case
        assert places.signer.page == places.seal.page
        seen.add(places.signer.page)
    assert len(seen) > 1


def test_framed_marks_are_seen_and_stay_out_of_the_subject(finished: Made) -> None:
    marked = 0
    for case, pdf in finished:
        fields = read(pdf).fields
        assert (fields.secrecy, fields.urgency) == (case.written.page.secrecy, case.written.page.urgency), case
        assert fields.subject == case.truth["subject"]
        marked += bool(fields.secrecy) + bool(fields.urgency)
    assert marked >= 4
