import pytest
from tests.reading.pages import Text, centred, make_pdf, party_header, state_header, width

from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.page import Page, load_page, open_pdf, raw_texts


def page_of(pdf: bytes) -> Page:
    with open_pdf(pdf) as document:
        return load_page(document, 0)


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


def test_a_page_that_stands_on_its_side_in_the_file_is_read_upright() -> None:
    assert texts(make_pdf(party_header(), rotate=90)) == texts(make_pdf(party_header()))


def test_turned_text_is_still_in_the_plain_text() -> None:
    with open_pdf(make_pdf([Text(200, 400, "TỐI MẬT", size=40, turned=45)])) as document:
        assert raw_texts(document)[0].strip() == "TỐI MẬT"


def test_what_annotations_show_is_kept_apart_from_what_is_printed() -> None:
    pdf = make_pdf([centred(170, 100, "Số         -CV/TU")], fields=[(150, 100, "145"), (300, 100, "28")])
    with open_pdf(pdf) as document:
        assert load_page(document, 0, stamps=False).stamps == ()
        page = load_page(document, 0)
    assert [line.text for line in page.lines] == ["Số -CV/TU"]
    assert [[line.text for line in stamp] for stamp in page.stamps] == [["145"], ["28"]]
    assert [line.text for line in page.shown] == ["Số -CV/TU", "145", "28"]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"no pdf at all"])
def test_what_is_no_pdf_is_refused(data: bytes) -> None:
    with pytest.raises(MisuseError) as refused, open_pdf(data):
        pass
    assert refused.value.code == "reading.unreadable"


def test_a_file_locked_with_a_password_is_named_as_such() -> None:
    with pytest.raises(MisuseError) as refused, open_pdf(make_pdf([Text(90, 90, "x")], password="khoá")):
        pass
    assert refused.value.code == "reading.encrypted"
    assert refused.value.hint
