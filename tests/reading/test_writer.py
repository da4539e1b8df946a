import pytest
from tests.reading.facts import Case

from vanthu_cli.document.fields import Fields
from vanthu_cli.document.places import Places
from vanthu_cli.reading.look import Look

Seen = list[tuple[Case, Look]]


@pytest.fixture(scope="module")
def finished(writer_looks: Seen) -> Seen:
    return [(case, look) for case, look in writer_looks if case.written.page.number]


@pytest.fixture(scope="module")
def drafts(writer_looks: Seen) -> Seen:
    return [(case, look) for case, look in writer_looks if not case.written.page.number and not case.written.partner]


def places_of(seen: Seen) -> list[tuple[Case, Places]]:
    return [(case, look.places or Places()) for case, look in seen]


def fields_of(seen: Seen) -> list[tuple[Case, Fields]]:
    return [(case, look.reading.fields if look.reading else Fields()) for case, look in seen]


def test_a_finished_page_has_no_blank_and_reads_as_written(finished: Seen) -> None:
    for case, fields in fields_of(finished):
        assert (fields.number, fields.symbol, fields.date) == tuple(
            case.truth[name] for name in ("number", "symbol", "date")
        ), case
    for case, look in finished:
        assert look.places
        assert look.places.strip is None, case
        assert look.printed == (None, None)
        assert look.scan is False


def test_every_kind_of_blank_is_found_and_has_room(drafts: Seen) -> None:
    assert {case.written.blank for case, _look in drafts} >= {"tab", "ellipsis"}
    for case, places in places_of(drafts):
        if case.truth["place"] != "Hải Dương":
            continue  # a longer name wraps this date line, with blanks in it
        number, day, month = places.number, places.day, places.month
        assert number, case
        assert day, case
        assert number.room > 20
        assert day.room > 14
        assert day.italic
        assert (month is None) == (case.written.month is not None), case
        assert places.year is None


def test_no_draft_is_offered_half_a_strip(drafts: Seen) -> None:
    for case, places in places_of(drafts):
        assert bool(places.number) == bool(places.day) == bool(places.strip), case


def test_month_and_year_are_read_while_the_day_is_blank(drafts: Seen) -> None:
    blank = [(case, look) for case, look in drafts if look.places and look.places.day]
    assert blank
    for case, look in blank:
        assert look.printed == (case.written.month, 2026), case


def test_signature_and_seal_find_their_room_on_the_last_page(drafts: Seen) -> None:
    seen = set()
    for case, places in places_of(drafts):
        (signer,) = places.signers
        assert signer.box, case
        assert signer.seal, case
        assert (signer.name, signer.title) == (case.written.page.signer, case.written.page.title)
        assert signer.box.page == signer.seal.page
        seen.add(signer.box.page)
    assert len(seen) > 1


def test_a_joint_document_has_two_places(writer_looks: Seen) -> None:
    ((case, places),) = places_of([(case, look) for case, look in writer_looks if case.written.partner])
    left, right = places.signers
    assert (left.title, left.name) == case.written.partner
    assert right.name == case.written.page.signer
    assert places.strip
    for signer in (left, right):
        assert signer.box
        assert signer.seal
        assert signer.box.page > 0
    assert left.box
    assert right.box
    assert left.box.x1 < right.box.x0


def test_framed_marks_are_seen_and_stay_out_of_the_subject(finished: Seen) -> None:
    marked = 0
    for case, fields in fields_of(finished):
        assert (fields.secrecy, fields.urgency) == (case.written.page.secrecy, case.written.page.urgency), case
        assert fields.subject == case.truth["subject"]
        marked += bool(fields.secrecy) + bool(fields.urgency)
    assert marked >= 4
