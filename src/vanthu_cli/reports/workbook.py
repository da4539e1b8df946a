"""Excel files as all of ours are (xlsxwriter): strings stay strings, the typeface of documents, the same values give the same bytes."""

from datetime import UTC, datetime
from typing import BinaryIO

from xlsxwriter import Workbook

SIZE = 11
"""Points of the default font."""


def workbook(out: BinaryIO, *, by_rows: bool) -> Workbook:
    """Open a workbook in which nothing that came by mail becomes a formula, a link or a number.

    `by_rows`: its rows are written from top to bottom, each once; then it needs the memory of one row.
    """
    options = {
        "constant_memory" if by_rows else "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "default_format_properties": {"font_name": "Times New Roman", "font_size": SIZE},
    }
    book = Workbook(out, options)
    book.set_properties(
        {"created": datetime(2020, 3, 5, tzinfo=UTC)}
    )  # else the time of writing: other bytes each time
    return book
