from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reading.pages import Text, centred, make_pdf, party_header, state_header, width

from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.page import MAX_PAGES, Page, open_pdf


def page_of(pdf: bytes) -> Page:
    with open_pdf(pdf) as sheets:
        return sheets.page(0)


TURNED = {
    rotate: page_of(make_pdf([Text(100, 100, "x")], rotate=rotate, origin=(100, 200))) for rotate in (0, 90, 180, 270)
}


def texts(pdf: bytes) -> list[str]:
    return [line.text for line in page_of(pdf).lines]


def test_the_columns_of_the_head_stay_apart_in_reading_order() -> None:
    assert texts(make_pdf(state_header())) == [
        "UBND TỈNH HẢI DƯƠNG",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "SỞ NỘI VỤ",
        "Độc lập - Tự do - Hạnh phúc",
        "Số: 15/QĐ-SNV",
        "Hải Dương, ngày 05 tháng 02 năm 2026",
    ]


def test_drawing_order_and_decomposed_letters_change_nothing() -> None:
    plain = texts(make_pdf(party_header()))
    assert texts(make_pdf(party_header(), scrambled=True)) == plain
    assert texts(make_pdf(party_header(), nfd=True)) == plain


def test_every_character_has_its_edges_from_left_to_right() -> None:
    for line in page_of(make_pdf(party_header(), nfd=True)).lines:
        assert len(line.edges) == len(line.text)
        assert all(left <= right for left, right in line.edges)
        assert [left for left, _right in line.edges] == sorted(left for left, _right in line.edges)


def test_boxes_are_where_the_words_were_drawn() -> None:
    line = page_of(make_pdf([Text(100, 200, "Hải Dương", "i")])).lines[0]
    assert line.x0 == pytest.approx(100, abs=1.5)
    assert line.x1 == pytest.approx(100 + width("Hải Dương", 14, "i"), abs=1.5)
    assert line.baseline == pytest.approx(841.89 - 200, abs=0.1)
    assert line.size == pytest.approx(14)
    assert (line.bold, line.italic) == (False, True)


def test_a_letter_spaced_mark_is_closed_up_and_its_words_stay_two() -> None:
    assert texts(make_pdf([Text(90, 300, "T Ố I    M Ậ T")])) == ["TỐI MẬT"]


def test_pieces_drawn_apart_on_one_baseline_become_one_line() -> None:
    pieces = [Text(150, 200, "-CV/TU"), Text(100, 200, "Số"), Text(122, 201, "145")]
    assert texts(make_pdf(pieces)) == ["Số 145 -CV/TU"]


def test_text_drawn_twice_for_boldness_is_read_once() -> None:
    assert texts(make_pdf([Text(100, 200, "QUYẾT ĐỊNH"), Text(100.3, 200, "QUYẾT ĐỊNH")])) == ["QUYẾT ĐỊNH"]


def test_text_outside_the_visible_page_is_not_read() -> None:
    assert texts(make_pdf([Text(-300, 200, "Số 999-CV/TU"), Text(100, 200, "thấy")])) == ["thấy"]


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_page_that_is_stored_turned_is_read_upright(rotate: int) -> None:
    assert texts(make_pdf(party_header(), rotate=rotate)) == texts(make_pdf(party_header()))


def test_turned_text_is_still_in_the_plain_text() -> None:
    with open_pdf(make_pdf([Text(200, 400, "TỐI MẬT", size=40, turned=45)])) as sheets:
        assert sheets.text(0).strip() == "TỐI MẬT"


def test_what_annotations_show_is_kept_apart_from_what_is_printed() -> None:
    pdf = make_pdf([centred(170, 100, "Số         -CV/TU")], fields=[(150, 100, "145"), (300, 100, "28")])
    page = page_of(pdf)
    assert [line.text for line in page.lines] == ["Số -CV/TU"]
    assert [[line.text for line in stamp] for stamp in page.stamps] == [["145"], ["28"]]
    assert [line.text for line in page.shown] == ["Số -CV/TU", "145", "28"]


@given(
    st.sampled_from([0, 90, 180, 270]),
    st.tuples(st.floats(0, 400), st.floats(0, 600), st.floats(1, 90), st.floats(1, 90)),
)
@settings(max_examples=40, deadline=None)
def test_a_rectangle_of_the_view_lies_where_the_file_has_it(rotate: int, place: tuple[float, ...]) -> None:
    """The box of the view, taken back to the file and seen again, is itself; it keeps its area and lies on the sheet."""
    page = TURNED[rotate]
    x0, y0 = page.x0 + place[0], page.y0 + place[1]
    rect = x0, y0, x0 + place[2], y0 + place[3]
    box = page.box(rect)
    assert page.seen(box) == pytest.approx(rect)
    assert box.width * box.height == pytest.approx(place[2] * place[3])
    wide, high = (841.89, 595.28) if rotate in (90, 270) else (595.28, 841.89)
    assert box.x0 + 0.01 >= 100
    assert box.y0 + 0.01 >= 200
    assert box.x1 <= 100.01 + wide
    assert box.y1 <= 200.01 + high


def test_of_a_long_file_the_beginning_and_the_end_are_looked_at() -> None:
    pages = [[Text(100, 100, f"trang {number}")] for number in range(MAX_PAGES + 30)]
    with open_pdf(make_pdf(*pages)) as sheets:
        assert sheets.looked_at == [*range(MAX_PAGES), *range(MAX_PAGES + 25, MAX_PAGES + 30)]
        for index in (0, 40, MAX_PAGES + 29, 1, 40):
            assert sheets.text(index).strip() == f"trang {index}"
            assert [line.text for line in sheets.page(index).lines] == [f"trang {index}"]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"no pdf at all"])
def test_what_is_no_pdf_is_refused(data: bytes) -> None:
    with pytest.raises(MisuseError) as refused, open_pdf(data):
        pass
    assert refused.value.code == "reading.unreadable"


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.pdf"):
        with pytest.raises(MisuseError) as refused, open_pdf(path):
            pass
        assert refused.value.code == "reading.unreadable"


def test_a_file_locked_with_a_password_opens_with_it_only(tmp_path: Path) -> None:
    locked = make_pdf([Text(90, 90, "x")], password="khoá")
    path = tmp_path / "locked.pdf"
    path.write_bytes(locked)
    for source in (locked, path):
        for password in (None, "khóa"):
            with pytest.raises(MisuseError) as refused, open_pdf(source, password):
                pass
            assert refused.value.code == "reading.encrypted"
            assert refused.value.hint
        with open_pdf(source, "khoá") as sheets:
            assert sheets.text(0).strip() == "x"
