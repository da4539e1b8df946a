"""The register books: all three forms say what the law's form says, whatever hostile text they are given."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace

import openpyxl
import pypdfium2 as pdfium
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree
from PIL import ImageChops
from reportlab.pdfbase.pdfmetrics import stringWidth

from vanthu_cli.reports.books import Column, Cover, Volume, book_csv, shares
from vanthu_cli.reports.books_pdf import book_pdf, wrapped
from vanthu_cli.reports.books_xlsx import book_xlsx
from vanthu_cli.reports.pages import REGULAR

COVER = Cover(
    "TỈNH ỦY HẢI DƯƠNG",
    "BAN TUYÊN GIÁO VÀ DÂN VẬN",
    "SỔ ĐĂNG KÝ VĂN BẢN ĐI",
    "2026",
    "01/01/2026",
    "31/12/2026",
    "1",
    "145",
    "02",
)
FOLLOWING = Cover("", "VĂN PHÒNG", "SỔ THEO DÕI GIẢI QUYẾT VĂN BẢN ĐẾN", "2026", "01/01/2026", "", None, None, "01")
OUT = (
    Column("Số, ký hiệu văn bản", 11),
    Column("Ngày tháng văn bản", 9),
    Column("Tên loại và trích yếu nội dung văn bản", 26),
    Column("Người ký", 11),
    Column("Nơi nhận văn bản", 17),
    Column("Đơn vị, người nhận bản lưu", 11),
    Column("Số lượng bản", 6),
    Column("Ngày chuyển", 9),
    Column("Ký nhận", 5),
    Column("Ghi chú", 8),
)
NARROW = (Column("Số đến", 10), Column("Tên loại và trích yếu", 20), Column("Thời hạn giải quyết", 10))
HOSTILE = (
    "<b>đậm</b> &amp; <para>",
    "tên \u202efdp.exe",
    "a\x00b\x1b[31m\tc\nd",
    '=HYPERLINK("http://x.vn/?"&A1,"bấm")',
    "http://x.vn/bấm",
    "nửa \ud800 chữ \uffff",
    "漢字 😀 e\u0323\u0302",
    "_x003D_1+1",
    "=" * 40_000,
    "😀" * 40_000,
)


def row(number: int, subject: str = "Công văn về việc tổ chức hội nghị") -> list[str]:
    dated = f"{number % 28 + 1:02}/11/2026"
    return [f"{number:02}-CV/BTG", dated, subject, "Nguyễn Văn A", "Các huyện ủy", "Văn thư", "12", dated, "", ""]


def volume(*rows: Sequence[str], cover: Cover = COVER, columns: tuple[Column, ...] = OUT) -> Volume:
    return Volume(cover, columns, rows)


def pdf(*volumes: Volume) -> bytes:
    book_pdf(iter(volumes), out := io.BytesIO())
    return out.getvalue()


def pages(*volumes: Volume) -> list[str]:
    """Return each page's text without the white space, which is where lines are broken."""
    with pdfium.PdfDocument(pdf(*volumes)) as document:
        return [tight(page.get_textpage().get_text_range()) for page in document]


def workbook(*volumes: Volume) -> openpyxl.Workbook:
    book_xlsx(iter(volumes), out := io.BytesIO())
    with zipfile.ZipFile(out) as parts:
        for name in parts.namelist():
            etree.fromstring(parts.read(name))
    return openpyxl.load_workbook(out)


def texts(sheet: openpyxl.worksheet.worksheet.Worksheet) -> list[str]:
    return [cell.value for cells in sheet.iter_rows() for cell in cells if cell.value is not None]


def table(*volumes: Volume) -> list[list[str]]:
    book_csv(iter(volumes), out := io.BytesIO())
    assert out.getvalue().startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")))


def tight(text: str) -> str:
    return re.sub(r"\s", "", text)


COVER_TEXTS = (
    "TỈNH ỦY HẢI DƯƠNG",
    "BAN TUYÊN GIÁO VÀ DÂN VẬN",
    "SỔ ĐĂNG KÝ VĂN BẢN ĐI",
    "Năm: 2026",
    "Từ ngày 01/01/2026 đến ngày 31/12/2026",
    "Từ số 1 đến số 145",
    "Quyển số: 02",
)


def test_a_printed_volume_is_cover_the_same_once_more_and_the_table() -> None:
    cover, first, body = pages(volume(row(1), row(2)))
    assert cover == first == tight("".join(COVER_TEXTS))
    for text in [*(column.heading for column in OUT), *(f"({n})" for n in range(1, 11)), *row(1), *row(2)]:
        assert tight(text) in body
    assert tight("Sổ này gồm 1 trang, 2 văn bản.") in body
    assert all(text in body for text in ("VĂNTHƯ", "NGƯỜIPHỤTRÁCH", "(Ký,ghirõhọtên)", "Trang1/1"))


def test_headings_stand_on_every_page_and_pages_are_counted_in_their_volume() -> None:
    long = [row(n) for n in range(60)]
    found = pages(volume(*long), volume(*long[:20], cover=replace(COVER, volume="03")))
    numbered = [re.search(r"Trang(\d+)/(\d+)", text) for text in found]
    assert [each and each.groups() for each in numbered] == [
        *[None, None, *((str(n), "5") for n in range(1, 6))],
        *[None, None, ("1", "2"), ("2", "2")],
    ]
    for text, number in zip(found, numbered, strict=True):
        assert (number is None) or all(tight(column.heading) in text for column in OUT)
        assert (number is None) or "(1)(2)(3)" in text
    assert ["Quyểnsố02" in text for text in found[2:7]] == [True] * 5
    assert "Quyểnsố03" in found[-1]


def test_rows_are_tall_and_columns_wide_enough_to_sign_in() -> None:
    per_page = pages(volume(*(row(n) for n in range(60))))[2].count("-CV/BTG")
    assert 10 <= per_page <= 15, "11 mm of 160"
    assert shares(OUT)[8] * 260 > 23, "mm of A4 between the margins"
    assert sum(shares(OUT)) == pytest.approx(1)
    sheet = workbook(volume(row(1)))["Sổ 1"]
    assert sheet.row_dimensions[3].height >= 31


@pytest.mark.parametrize("count", range(1, 31))
def test_signatures_never_stand_alone_on_a_sheet(count: int) -> None:
    book = volume(*(row(n) for n in range(count)))
    found = pages(book)
    assert "-CV/BTG" in found[-1]
    assert [("NGƯỜIPHỤTRÁCH" in text) for text in found] == [False] * (len(found) - 1) + [True]
    assert f"gồm{len(found) - 2}trang,{count}vănbản" in found[-1]
    with pdfium.PdfDocument(pdf(book)) as document:
        text = document[len(found) - 1].get_textpage()
        place, _length = text.search("(Ký, ghi rõ họ tên)").get_next()
        assert text.get_charbox(place)[1] > 110, "points above the sheet's edge: 22 mm to sign in, and the foot"


@pytest.mark.parametrize("words", [1, 40, 150, 180, 200, 215, 230, 260, 400, 3000])
def test_a_row_of_any_length_is_printed_whole_and_once(words: int) -> None:
    subject = " ".join(f"từ{n}." for n in range(words))
    found = pages(volume(row(1), row(2, subject), row(3)), volume(row(4, subject)))
    assert re.findall(r"từ\d+\.", "".join(found)) == 2 * subject.split()
    assert sum(text.count("-CV/BTG") for text in found) == 4


def test_a_row_is_parted_only_if_no_page_holds_it() -> None:
    tall = " ".join(["chữ"] * 200)
    for before in range(1, 12):
        found = pages(volume(*(row(n) for n in range(before)), row(99, tall), row(100)))
        assert [text.count("chữ") for text in found if "chữ" in text] == [200], before
        assert not any("(tiếp)" in text for text in found)
    parted = [text for text in pages(volume(row(99, tall * 5), row(100))) if "chữ" in text]
    assert len(parted) > 1
    assert ["(tiếp)" in text for text in parted] == [False] + [True] * (len(parted) - 1)


def test_the_form_without_numbers_and_without_a_parent() -> None:
    following = volume(cover=FOLLOWING, columns=NARROW)
    cover = pages(following)[0]
    sheet = texts(workbook(following)["Bìa 1"])
    assert cover == tight(
        "VĂN PHÒNG SỔ THEO DÕI GIẢI QUYẾT VĂN BẢN ĐẾN Năm: 2026 Từ ngày 01/01/2026 đến ngày ……… Quyển số: 01"
    )
    assert tight("".join(sheet)) == 2 * cover


def test_an_empty_volume_says_so() -> None:
    empty = volume()
    body = pages(empty)[2]
    assert tight("Không có văn bản nào.") in body
    assert tight("Sổ này gồm 1 trang, 0 văn bản.") in body
    assert all(tight(column.heading) in body for column in OUT)
    sheet = workbook(empty)["Sổ 1"]
    assert sheet["A3"].value == "Không có văn bản nào."
    assert table(empty) == [[column.heading for column in OUT]]


def test_hostile_text_is_printed_as_text() -> None:
    body = "".join(pages(volume(*(row(n, text) for n, text in enumerate(HOSTILE)), row(99)))[2:])
    for text in ("<b>đậm</b>&amp;<para>", "tên□fdp.exe", "a□b□[31mcd", '=HYPERLINK("http://x.vn/?"&A1,"bấm")'):
        assert text in body
    assert "nửa□chữ□" in body
    assert "□□□ệ" in body
    assert body.count("=") == 40_000 + 1
    assert body.count("□") == 40_000 + 8
    assert tight("".join(row(99))) in body


@example("ii-WWW", 28.0)
@given(st.text("iW-/ Ồ漢", max_size=200), st.floats(10, 100))
def test_lines_are_as_long_as_they_may_be_and_lose_nothing(text: str, room: float) -> None:
    lines = wrapped(text, room, REGULAR, 10)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("漢", "□")
    assert all(stringWidth(line, REGULAR, 10) < room + 0.01 for line in lines)


def test_no_letter_leaves_its_column() -> None:
    """Everything beside the table's left edge and beyond its right one stays white, even of words without an end."""
    columns = (Column("Ghi chú", 1), *NARROW, Column("Ký nhận", 1))
    words = ["W" * 300, "i" * 999, "-/" * 300, "Ồ" * 300, "W" * 300]
    with pdfium.PdfDocument(pdf(volume(words, columns=columns))) as document:
        pictures = [page.render(scale=2).to_pil().convert("L") for page in document]
    for picture in pictures:
        assert picture.size == (1684, 1191), "A4 landscape"
        left, top, right, bottom = ImageChops.invert(picture).getbbox() or (0, 0, 0, 0)
        assert left >= 2 * 69
        assert top >= 2 * 41
        assert right <= 2 * 810
        assert bottom <= 2 * 572


def test_the_same_book_is_the_same_bytes_of_no_certain_time() -> None:
    book = volume(*(row(n, text) for n, text in enumerate(HOSTILE)))
    assert pdf(book) == pdf(book)
    assert re.search(rb"/CreationDate \(D:2000", pdf(book))
    made = []
    for _time in range(2):
        book_xlsx([book], out := io.BytesIO())
        made.append(out.getvalue())
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as parts:
        assert {part.date_time[0] for part in parts.infolist()} == {1980}
        assert b"2020-03-05" in parts.read("docProps/core.xml")


def test_a_workbook_has_two_sheets_for_each_volume() -> None:
    hostile = replace(COVER, title="[]:*?/\\'" * 9, volume="=1&P" * 90)
    book = workbook(volume(row(1), row(2)), volume(row(3), cover=hostile), volume(cover=hostile))
    assert book.sheetnames == ["Bìa 1", "Sổ 1", "Bìa 2", "Sổ 2", "Bìa 3", "Sổ 3"]
    assert texts(book["Bìa 1"]) == [*COVER_TEXTS, *COVER_TEXTS]
    assert [each.id for each in book["Bìa 1"].row_breaks.brk] == [len(COVER_TEXTS) + 2]
    found = texts(book["Sổ 1"])
    assert found[:20] == [*(column.heading for column in OUT), *(f"({n})" for n in range(1, 11))]
    assert [each for each in found[20:40] if each][:16] == row(1)[:8] + row(2)[:8]
    assert any("Sổ này gồm ……… trang, 2 văn bản." in text and "NGƯỜI PHỤ TRÁCH" in text for text in found)
    assert any("VĂN THƯ" in text for text in found)


def test_a_table_sheet_is_ready_to_print() -> None:
    sheet = workbook(volume(row(1)))["Sổ 1"]
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (None, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$1:$2"
    assert sheet.freeze_panes == "A3"
    assert sheet.oddFooter.right.text == "Trang &P/&N"
    assert sheet.oddFooter.left.text == "SỔ ĐĂNG KÝ VĂN BẢN ĐI – Năm 2026 – Quyển số 02"
    assert sheet["C3"].alignment.wrap_text
    assert sheet["I3"].border.left.style == "thin"
    sheet = workbook(volume(cover=replace(COVER, title="S&P &G &P")))["Sổ 1"]
    assert sheet.oddFooter.left.text.startswith("S＆P ＆G ＆P"), "no codes of a foot, for a picture or a page"


def test_long_text_makes_its_row_of_the_sheet_taller() -> None:
    sheet = workbook(volume(row(1), row(2, "chữ " * 100), row(3, "chữ " * 9000)))["Sổ 1"]
    heights = [sheet.row_dimensions[place].height for place in (3, 4, 5)]
    assert heights[0] < heights[1] < heights[2] <= 409, "Excel's tallest row"


def test_nothing_in_a_workbook_is_a_formula_or_a_link() -> None:
    hostile = replace(COVER, office='=HYPERLINK("http://x.vn")')
    book = workbook(volume(*(row(n, text) for n, text in enumerate(HOSTILE)), cover=hostile))
    cells = [cell for sheet in book for cells in sheet.iter_rows() for cell in cells if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)
    sheet = book["Sổ 1"]
    subjects = [sheet.cell(3 + place, 3) for place in range(len(HOSTILE))]
    assert all(cell.quotePrefix for cell in subjects), "typing Enter in the cell doesn't make it one either"
    assert [cell.value for cell in subjects[:7]] == [
        "<b>đậm</b> &amp; <para>",
        "tên �fdp.exe",
        "a�b�[31m c d",
        HOSTILE[3],
        HOSTILE[4],
        "nửa � chữ �",
        "漢字 😀 ệ",
    ]
    assert subjects[8].value == "=" * 32_766 + "…"
    assert len(subjects[9].value.encode("utf-16-le")) <= 2 * 32_767
    assert subjects[9].value.endswith("😀…")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "\u2212"])
@pytest.mark.parametrize("before", ["", " ", "\t", "\r", "\n", "\u00a0", "\u3000", "\u200d"])
def test_a_cell_of_a_csv_that_could_be_a_formula_is_led_by_an_apostrophe(before: str, sign: str) -> None:
    [_headings, [cell, *_rest]] = table(volume([f"{before}{sign}1+1|cmd", "", ""], columns=NARROW))
    assert re.fullmatch(r"'\u200d?\S1\+1\|cmd", cell)


def test_a_semicolon_begins_no_formula_where_windows_splits_at_it() -> None:
    [_headings, cells] = table(volume(["a;=1+1", 'b; ""@x', "c; d - e = f"], columns=NARROW))
    assert cells == ["a;'=1+1", 'b; ""\'@x', "c; d - e = f"]


def test_a_csv_is_one_table_as_long_as_the_headings_are_the_same() -> None:
    found = table(
        volume(row(1), row(2, 'dấu " và , và\nxuống dòng')), volume(row(3)), volume(["1", "2", "3"], columns=NARROW)
    )
    assert found == [
        [column.heading for column in OUT],
        row(1),
        row(2, 'dấu " và , và xuống dòng'),
        row(3),
        [column.heading for column in NARROW],
        ["1", "2", "3"],
    ]


@pytest.mark.parametrize("write", [book_pdf, book_xlsx])
def test_a_row_that_does_not_fit_the_columns_is_refused(write: Callable[[Sequence[Volume], io.BytesIO], None]) -> None:
    with pytest.raises(ValueError, match="argument"):
        write([volume(["một", "hai"], columns=NARROW)], io.BytesIO())
