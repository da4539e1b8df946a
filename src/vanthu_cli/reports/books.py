"""Register books (Nghị định 30/2020/NĐ-CP, Phụ lục IV): their values, the words of the printed form, and a book as CSV.

The form is law and not an interface: its words are Vietnamese in whatever language the program speaks.
"""

import codecs
import csv
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import BinaryIO

from vanthu_cli.document.text import shown

NOTHING = "Không có văn bản nào."
PLACE_AND_DAY = "………………, ngày …… tháng …… năm ………"
SIGNERS = ("NGƯỜI PHỤ TRÁCH", "VĂN THƯ")
SIGN_HERE = "(Ký, ghi rõ họ tên)"
DOTS = "………"
"""What is filled in by hand."""

_SIGNING = "Ký nhận"
_SIGNING_SHARE = 0.1
"""Of the table's width: 26 mm on A4, in which a name can be signed."""
_NO_XML = re.compile("[\ufffe\uffff]")
# A spreadsheet takes for a formula what begins so; = and @ also in the forms that NFKC makes plain, and a real minus.
_FORMULA = "=+\\-@\u2212"
# Excel splits at semicolons where Windows is set to Vietnamese, whatever our commas and quotation marks say.
_LATER_FORMULA = re.compile(rf';["\s]*(?=[{_FORMULA}])')


@dataclass(frozen=True, slots=True)
class Cover:
    """What the cover says, all as printed; what is empty is dotted. Numbers are None where the form has no such line."""

    parent: str
    office: str
    title: str
    year: str
    first_day: str
    last_day: str
    first_number: str | None
    last_number: str | None
    volume: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column; its width is relative to the others'."""

    heading: str
    width: float


@dataclass(frozen=True, slots=True)
class Volume:
    """A bound volume; each row has a text for each column. Rows may be made as they are asked for, which the PDF does twice."""

    cover: Cover
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class CoverLine:
    """A centred line of the cover; size of its letters and the gap above it in points."""

    text: str
    size: int
    gap: int
    bold: bool = False


def plain(text: str) -> str:
    """Return a stranger's text as one line that every form can carry: NFC, single spaces, � for what nobody may see."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    return line if line.isprintable() else _NO_XML.sub("�", shown(line))


def cover_lines(cover: Cover) -> Iterator[CoverLine]:
    """Yield the lines of "Bìa và trang đầu", from above; an office without a parent has no line for it."""
    if cover.parent:
        yield CoverLine(plain(cover.parent), 14, 0)
    yield CoverLine(_filled(cover.office), 14, 4, bold=True)
    yield CoverLine(_filled(cover.title), 26, 90, bold=True)
    yield CoverLine(f"Năm: {_filled(cover.year)}", 18, 12, bold=True)
    yield CoverLine(f"Từ ngày {_filled(cover.first_day)} đến ngày {_filled(cover.last_day)}", 14, 40)
    if cover.first_number is not None and cover.last_number is not None:
        yield CoverLine(f"Từ số {_filled(cover.first_number)} đến số {_filled(cover.last_number)}", 14, 8)
    yield CoverLine(f"Quyển số: {_filled(cover.volume)}", 16, 50, bold=True)


def running_title(cover: Cover) -> str:
    """Return what stands at the foot of each page, so that a loose sheet finds back into its volume."""
    return f"{plain(cover.title)} – Năm {_filled(cover.year)} – Quyển số {_filled(cover.volume)}"


def closing(pages: str, documents: int) -> str:
    return f"Sổ này gồm {pages} trang, {documents} văn bản."


def _filled(text: str) -> str:
    return plain(text) or DOTS


def is_signed(columns: Sequence[Column]) -> bool:
    """Tell whether people sign in the book, so that its rows must be tall enough."""
    return any(column.heading.startswith(_SIGNING) for column in columns)


def shares(columns: Sequence[Column]) -> list[float]:
    """Return each column's part of the table's width; they sum to 1, and one for signatures is never too narrow."""
    whole = sum(column.width for column in columns)
    wanted = [
        max(column.width / whole, _SIGNING_SHARE if column.heading.startswith(_SIGNING) else 0) for column in columns
    ]
    return [each / sum(wanted) for each in wanted]


def book_csv(volumes: Iterable[Volume], out: BinaryIO) -> None:
    """Write the rows, UTF-8 with BOM (Excel asks for it); headings stand once as long as they stay the same."""
    lines = csv.writer(codecs.getwriter("utf-8-sig")(out), quoting=csv.QUOTE_ALL)
    headings = None
    for volume in volumes:
        if headings != (headings := [inert(column.heading) for column in volume.columns]):
            lines.writerow(headings)
        lines.writerows([inert(cell) for cell in row] for row in volume.rows)


def inert(text: str) -> str:
    """Return a cell that no spreadsheet runs: an apostrophe stands before what could begin a formula (OWASP)."""
    cell = plain(text)
    seen = unicodedata.normalize("NFKC", cell[:8]).lstrip(" \u200d'\"")
    guarded = f"'{cell}" if re.match(f"[{_FORMULA}]", seen) else cell
    return _LATER_FORMULA.sub(r"\g<0>'", guarded)


def book_json(volumes: Iterable[Volume], out: BinaryIO) -> None:
    """Write covers, headings and rows as JSON, for machines."""
    text = codecs.getwriter("utf-8")(out)
    text.write('{"volumes": [')
    for place, volume in enumerate(volumes):
        text.write(",\n" if place else "\n")
        head = {"cover": asdict(volume.cover), "columns": [column.heading for column in volume.columns]}
        text.write(json.dumps(head, ensure_ascii=False).removesuffix("}") + ', "rows": [')
        for number, row in enumerate(volume.rows):
            text.write((",\n" if number else "\n") + json.dumps([plain(cell) for cell in row], ensure_ascii=False))
        text.write("]}")
    text.write("]}\n")
