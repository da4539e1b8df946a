"""Register books as an Excel workbook (xlsxwriter), ready to print; the same book gives the same bytes.

Strings stay strings: nothing that came by mail becomes a formula, a link or a number.
"""

from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, BinaryIO

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_rowcol_to_cell

from vanthu_cli.reports.books import (
    DOTS,
    NOTHING,
    PLACE_AND_DAY,
    SIGN_HERE,
    SIGNERS,
    Cover,
    Volume,
    closing,
    cover_lines,
    is_signed,
    plain,
    running_title,
    shares,
)
from vanthu_cli.reports.books_pdf import wrapped
from vanthu_cli.reports.pages import BOLD, REGULAR
from vanthu_cli.reports.workbook import SIZE, workbook

_A4 = 9
_MARGINS = {"left": 0.98, "right": 0.47, "top": 0.59, "bottom": 0.67}
"""In inches; the left one is the wider one: there the book is bound."""
_COVER_UNITS = 128
"""Width in digits of the default font: what A4 landscape holds between the margins, and some to spare."""
_TABLE_UNITS = 142
"""The same of all columns: a little more than a page holds, so that fitted to it letters have the 10 points of the PDF."""
_DIGIT = 5.25
"""Points that Excel gives a column for each of its units."""
_SPARE = 3
"""Points of a column that are not for text: Excel's own rounding may take them."""
_LONGEST_CELL = 32_767
_LONGEST_FOOT = 110
"""Letters, of two UTF-16 units at most: a foot of more than 255 units, codes included, makes Excel refuse the file."""
_COVER_LINES = 4
_TALLEST = 409
"""Points: Excel's tallest row. A text that needs more is whole in its cell, and in the PDF."""
_LEADING, _PADDING = 15, 4
_CLOSING = 140
_TO_SIGN = 35
"""Points that a row has at least where somebody signs in it: 11 mm on paper."""


def book_xlsx(volumes: Iterable[Volume], out: BinaryIO) -> None:
    """Write two sheets for each volume: "Bìa 1" with cover and first page, "Sổ 1" with the table."""
    with workbook(out, by_rows=True) as book:
        for number, volume in enumerate(volumes, 1):
            _cover_sheet(book, f"Bìa {number}", volume.cover)
            _table_sheet(book, f"Sổ {number}", volume)


def _sheet(book: Workbook, name: str) -> Any:
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(**_MARGINS)
    return sheet


def _cover_sheet(book: Workbook, name: str, cover: Cover) -> None:
    sheet = _sheet(book, name)
    sheet.set_column(0, 0, _COVER_UNITS)
    sheet.hide_gridlines()
    end = _write_cover(book, sheet, cover, 0)
    # No "fit to page" here: Excel would ignore the break.
    sheet.set_h_pagebreaks([end])
    _write_cover(book, sheet, cover, end)


def _write_cover(book: Workbook, sheet: Any, cover: Cover, row: int) -> int:
    """Write the lines of a cover in a frame; return the row after it."""
    sides = {"left": 2, "right": 2, "align": "center", "valign": "bottom", "text_wrap": True}
    sheet.set_row(row, 40)
    sheet.write_blank(row, 0, None, book.add_format(sides | {"top": 2}))
    for line in cover_lines(cover):
        row += 1
        form = book.add_format(sides | {"font_size": line.size, "bold": line.bold, "quote_prefix": True})
        lines = wrapped(line.text, _COVER_UNITS * _DIGIT * 0.95, BOLD, line.size)
        sheet.set_row(row, line.gap + min(len(lines), _COVER_LINES) * line.size * 1.4)
        sheet.write_string(row, 0, _cell(line.text), form)
    sheet.set_row(row + 1, 40)
    sheet.write_blank(row + 1, 0, None, book.add_format(sides | {"bottom": 2}))
    return row + 2


def _table_sheet(book: Workbook, name: str, volume: Volume) -> None:
    sheet = _sheet(book, name)
    widths = [share * _TABLE_UNITS for share in shares(volume.columns)]
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, 1)
    sheet.freeze_panes(2, 0)
    # The ampersand begins a code in a foot (&P, &G for a picture); its wide form only looks like it.
    foot = running_title(volume.cover)[:_LONGEST_FOOT].replace("&", "＆")
    sheet.set_footer(f"&L{foot}&RTrang &P/&N")
    sheet.set_start_page(1)
    _write_headings(book, sheet, [plain(column.heading) for column in volume.columns], widths)
    least = _TO_SIGN if is_signed(volume.columns) else 0
    cell = book.add_format({"border": 1, "text_wrap": True, "valign": "top", "quote_prefix": True})
    for row, texts in enumerate(volume.rows, 2):
        cells = [plain(text) for text in texts]
        sheet.set_row(row, min(_TALLEST, max(least, _height(cells, widths, REGULAR))))
        for place, text in enumerate(cells):
            sheet.write_string(row, place, _cell(text), cell)
    _write_closing(book, sheet, volume)


def _write_headings(book: Workbook, sheet: Any, headings: Sequence[str], widths: Sequence[float]) -> None:
    centred = {"border": 1, "align": "center", "valign": "vcenter", "text_wrap": True}
    bold, small = book.add_format(centred | {"bold": True}), book.add_format(centred)
    sheet.set_row(0, _height(headings, widths, BOLD))
    for place, heading in enumerate(headings):
        sheet.write_string(0, place, heading, bold)
    for place in range(len(headings)):
        sheet.write_string(1, place, f"({place + 1})", small)


def _write_closing(book: Workbook, sheet: Any, volume: Volume) -> None:
    row, last = 2 + len(volume.rows), len(volume.columns) - 1
    if volume.rows:
        # Arrival numbers are texts ("145a" is one): no green corners for that.
        sheet.ignore_errors({"number_stored_as_text": f"A3:{xl_rowcol_to_cell(row - 1, last)}"})
    else:
        sheet.set_row(row, _TO_SIGN)
        box = book.add_format({"align": "center", "valign": "vcenter", "border": 1})
        _write_across(sheet, row, (0, last), NOTHING, box)
        row += 1
    middle = bisect(list(accumulate(shares(volume.columns))), 0.5)
    form = book.add_format({"align": "center", "valign": "top", "text_wrap": True})
    # All in one row, which no page break parts. How many pages there are is known to the printer only.
    sheet.set_row(row, _CLOSING)
    left = ("", closing(DOTS, len(volume.rows)), "", SIGNERS[0], SIGN_HERE)
    right = ("", "", PLACE_AND_DAY, SIGNERS[1], SIGN_HERE)
    _write_across(sheet, row, (0, max(0, middle - 1)), "\n".join(left), form)
    _write_across(sheet, row, (middle, last), "\n".join(right), form)


def _write_across(sheet: Any, row: int, columns: tuple[int, int], text: str, form: Any) -> None:
    first, last = columns
    if first == last:
        sheet.write_string(row, first, text, form)
    else:
        sheet.merge_range(row, first, row, last, text, form)


def _cell(text: str) -> str:
    """Return a text as a cell can hold it: at most 32,767 UTF-16 units."""
    if len(text) <= _LONGEST_CELL // 2:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * _LONGEST_CELL:
        return text
    return units[: 2 * (_LONGEST_CELL - 1)].decode("utf-16-le", "ignore") + "…"


def _height(texts: Sequence[str], widths: Sequence[float], face: str) -> float:
    """Return how tall a row is in points. Not left to Excel: LibreOffice would write its lines over one another.

    The typeface of our PDFs has the widths of Times New Roman.
    """
    rooms = (max(width * _DIGIT - _SPARE, SIZE) for width in widths)
    lines = max(len(wrapped(text, room, face, SIZE)) for text, room in zip(texts, rooms, strict=True))
    return lines * _LEADING + _PADDING
