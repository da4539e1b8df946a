"""Room for the arrival mark and for the text in the upper corner, judged by what the page shows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reading.pages import (
    HEIGHT,
    WIDTH,
    Text,
    dispatch_145,
    make_pdf,
    paragraphs,
    party_header,
    scanned,
    signer,
    with_annotation,
)

from vanthu_cli.document.places import MM, Box
from vanthu_cli.reading.look import Wish, look
from vanthu_cli.reading.page import open_pdf

MARK = (50 * MM, 35 * MM)
WORDS = (170.0, 24.0)
DRAFT = dispatch_145("Số         -CV/TU", "Hải Dương, ngày        tháng 4 năm 2021")


def room(pdf: bytes, size: tuple[float, float] = MARK) -> Box | None:
    return look("a.pdf", pdf, Wish(room=size)).room


def corner(pdf: bytes, size: tuple[float, float] = WORDS) -> Box | None:
    return look("a.pdf", pdf, Wish(corner=size)).corner


def seen(pdf: bytes, box: Box) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom as a reader measures them on the sheet."""
    with open_pdf(pdf) as sheets:
        page = sheets.page(0)
    x0, y0, x1, y1 = page.seen(box)
    return x0 - page.x0, page.y1 - y1, x1 - page.x0, page.y1 - y0


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_an_empty_page_takes_both_where_they_belong(rotate: int) -> None:
    pdf = make_pdf([], rotate=rotate, origin=(30, 60))
    mark, words = room(pdf), corner(pdf)
    assert mark
    assert words
    rim = 5 * MM
    assert seen(pdf, mark) == pytest.approx((rim, rim, rim + MARK[0], rim + MARK[1]), abs=0.01)
    right = WIDTH - 15 * MM
    assert seen(pdf, words) == pytest.approx((right - WORDS[0], rim, right, rim + WORDS[1]), abs=0.01)


def test_specks_of_a_scan_are_no_ink() -> None:
    for place in (room, corner):
        assert place(scanned([])) == place(make_pdf([]))


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("scan", [False, True])
def test_free_room_is_free(rotate: int, scan: bool) -> None:
    page = party_header() + signer(400)
    pdf = scanned(page, rotate=rotate) if scan else make_pdf(page, rotate=rotate)
    for place in (room(pdf), corner(pdf)):
        assert place
        assert not look("a.pdf", pdf, Wish(at=place)).covers_text


def test_a_full_page_gives_the_place_with_least_on_it() -> None:
    full = [
        Text(20, 20 + 16 * row, "Một dòng chữ dài từ mép này đến mép kia của trang giấy " * 2, size=13)
        for row in range(51)
    ]
    thin = [text for text in full if not 400 < text.y < 500]
    mark = room(make_pdf(thin))
    assert mark
    assert HEIGHT - 520 < mark.y0 < mark.y1 < HEIGHT - 380
    assert room(make_pdf(full))


def test_no_mark_lies_over_a_field_though_it_shows_nothing() -> None:
    pdf = with_annotation(make_pdf([]), (0, 500, WIDTH, HEIGHT), Subtype="/Widget", FT="/Sig")
    mark = room(pdf)
    assert mark
    assert mark.y1 < 500
    assert corner(pdf) is None
    everywhere = with_annotation(make_pdf([]), (0, 0, WIDTH, HEIGHT), Subtype="/Widget", FT="/Sig")
    assert room(everywhere) is None


def test_what_is_larger_than_the_page_finds_no_room() -> None:
    assert room(make_pdf([]), (WIDTH, 100)) is None
    assert corner(make_pdf([]), (WIDTH, 24)) is None


def test_words_in_the_corner_give_way_downwards_then_leftwards() -> None:
    home = corner(make_pdf([]))
    high = corner(make_pdf([Text(450, 22, "Bản số 1", size=11)]))
    wide = corner(make_pdf([Text(490, 22, "Bản số 1", size=11), Text(490, 50, "Bản số 1", size=11)]))
    assert home
    assert high
    assert wide
    assert high.x0 == home.x0
    assert home.y0 > high.y0 >= HEIGHT - 20 * MM
    assert (wide.y0, wide.width) == (home.y0, home.width)
    assert WIDTH / 2 <= wide.x0 < home.x0
    assert wide.x1 < 491


def test_where_the_upper_margin_is_full_there_is_no_corner() -> None:
    assert (
        corner(
            make_pdf(
                [Text(280, 20, "Một dòng chữ kéo dài"), Text(280, 40, "đến tận mép phải" * 3), Text(430, 20, "x" * 20)]
            )
        )
        is None
    )
    assert corner(make_pdf([], boxes=[(0, 0, WIDTH, 70)])) is None


def test_a_sheet_larger_than_a3_has_room_too() -> None:
    pdf = make_pdf([Text(100, 100, "BẢN ĐỒ", size=90)], size=(2400, 3400))
    mark = room(pdf)
    assert mark
    assert (mark.width, mark.height) == pytest.approx(MARK)
    assert not look("a.pdf", pdf, Wish(at=mark)).covers_text


@given(st.integers(0, 2**32), st.tuples(st.floats(20, 300), st.floats(10, 200)))
@settings(max_examples=15, deadline=None)
def test_a_place_has_the_size_asked_for_and_lies_on_the_page_and_on_no_field(
    seed: int, size: tuple[float, float]
) -> None:
    left, low = seed % 400, seed // 400 % 600
    pdf = with_annotation(make_pdf(party_header()), (left, low, left + 90, low + 60), Subtype="/Widget", FT="/Tx")
    for place in (room(pdf, size), corner(pdf, size)):
        if place:
            assert (place.width, place.height) == pytest.approx(size)
            assert 0 <= place.x0 < place.x1 <= WIDTH
            assert 0 <= place.y0 < place.y1 <= HEIGHT
            assert not (place.x0 < left + 90 and left < place.x1 and place.y0 < low + 60 and low < place.y1)


def test_body_text_is_never_under_the_words_in_the_corner() -> None:
    for pdf in (make_pdf(*DRAFT), make_pdf(paragraphs(30, "chữ " * 200))):
        place = corner(pdf)
        assert place is None or not look("a.pdf", pdf, Wish(at=place)).covers_text
