"""Bringing an office's older books in: a table (.csv, .xlsx) with the headings of the decree's forms, or the names of our fields.

A row that cannot be entered is told with its number and stops no other; a row that is there already is passed over, so that the same
file may be given again when it was put right. Numbers keep their value; the sequence goes on after the highest, or where `start_at` says.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from vanthu_cli.document.day import parse_day
from vanthu_cli.document.symbol import parse_number, parse_symbol
from vanthu_cli.document.text import fold
from vanthu_cli.errors import MisuseError, VanthuError, os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.entry import check_values, named_agency, secret
from vanthu_cli.register import documents, numbers
from vanthu_cli.register.numbers import BookName
from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.rules.numbering import arrival_series, check_symbol, outgoing_series
from vanthu_cli.rules.secrecy import written_mark
from vanthu_cli.rules.types import TYPE_NAMES

_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "name": ("so, ky hieu van ban", "so, ky hieu", "so ky hieu", "so va ky hieu", "so/ky hieu", "number", "so van ban"),
    "day": (
        "ngay thang van ban",
        "ngay van ban",
        "ngay thang nam van ban",
        "ngay ban hanh",
        "ngay thang",
        "date",
        "day",
    ),
    "about": (
        "ten loai va trich yeu noi dung van ban",
        "ten loai va trich yeu",
        "trich yeu noi dung",
        "trich yeu",
        "subject",
    ),
    "doc_type": ("ten loai", "loai van ban", "type", "doc_type"),
    "signer": ("nguoi ky", "signer"),
    "places": ("noi nhan van ban", "noi nhan", "don vi hoac nguoi nhan", "don vi, nguoi nhan", "places"),
    "keeper": ("don vi, nguoi nhan ban luu", "keeper"),
    "copies": ("so luong ban", "copies"),
    "passed_on": ("ngay chuyen", "passed_on"),
    "note": ("ghi chu", "note"),
    "arrived": ("ngay den", "arrived"),
    "arrival": ("so den", "arrival", "arrival_number"),
    "agency": ("tac gia", "co quan ban hanh", "noi gui", "agency"),
    "due": ("thoi han giai quyet", "han giai quyet", "due"),
    "pages": ("so trang", "pages"),
}
_MOST_ROWS = 200_000
_MOST_BYTES = 100 << 20


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a table: ids entered, rows passed over, and rows that could not be entered with the reason."""

    entered: tuple[int, ...]
    known: int
    failed: tuple[tuple[int, str], ...]


def import_book(desk: Desk, file: Path, book: BookName, *, dry_run: bool = False) -> Imported:
    """Enter the rows of an older book."""
    entered, known, failed = list[int](), 0, list[tuple[int, str]]()
    rows = list(_rows(file))
    numbers.check_open(desk.book)
    with desk.lock(), desk.book.step(kept=not dry_run):
        for line, row in rows:
            try:
                with desk.book.part():
                    identity = _enter(desk, book, row)
            except VanthuError as error:
                failed.append((line, error.message))
                continue
            known += identity is None
            entered += [identity] if identity is not None else []
        if entered:
            desk.book.event("import", "", {"book": book, "rows": len(entered)})
    return Imported(tuple(entered), known, tuple(failed))


def start_at(desk: Desk, book: BookName, symbol: str, number: int, *, dry_run: bool = False) -> int:
    """Let a sequence go on from an older book; return its next number."""
    day = today(desk.now)
    if book == "di":
        symbol = parse_symbol(symbol)
        check_symbol(desk.config.office, symbol)
    series = outgoing_series(desk.config, symbol, day) if book == "di" else arrival_series(day)
    numbers.check_open(desk.book)
    if not dry_run:
        with desk.lock(), desk.book.step():
            numbers.begin_at(desk.book, book, series, number)
    return number if dry_run else numbers.upcoming(desk.book, book, series)


def _enter(desk: Desk, book: BookName, row: Mapping[str, str]) -> int | None:
    """Enter a row; None if it is there already. Reserved and void numbers are told by the remarks that our own books print."""
    if fold(row.get("note", "")).startswith("so danh rieng"):
        _reserve(desk, book, row)
        return None
    values, day = _values(desk, book, row)
    if book == "di":
        number = values.get("number")
        series = _older_series(desk, str(values["symbol"]), day) if number else None
    else:
        number, series = _whole(row.get("arrival", ""), _("arrival number")), arrival_series(day)
        values["arrival_number"] = number
    if not isinstance(number, int):
        raise MisuseError("import.number", _("It has no number."))
    if series is not None:
        taken, holder = numbers.holder(desk.book, book, series, number)
        if taken and holder is not None and _same(documents.get(desk.book, holder), values):
            return None
        if taken:
            raise MisuseError(
                "import.taken", _("The number {number} is taken by another document.").format(number=number)
            )
    elif any(_same(each, values) for each in documents.by_number(desk.book, number, str(values["symbol"]), "out")):
        return None
    identity = documents.add(
        desk.book,
        "out" if book == "di" else "in",
        "issue-on-paper" if book == "di" else "enter",
        arrived_at=datetime.combine(day, time(8), VIETNAM).isoformat(),
        medium="paper",
        **values,
    )
    if series is not None:
        numbers.enter(desk.book, book, series, number, identity)
    if fold(row.get("note", "")).startswith("huy so"):
        documents.update(desk.book, identity, reason=row["note"])
        documents.advance(desk.book, identity, "void")
    desk.book.event(
        "enter", f"document:{identity}", {"book": book, "series": series, "number": number, "imported": True}
    )
    return identity


def _reserve(desk: Desk, book: BookName, row: Mapping[str, str]) -> None:
    """Keep a number of an older book that is a secret document's: the number, and nothing else."""
    day = today(desk.now)
    if book == "di":
        parsed = parse_number(row.get("name", ""))
        number, series = parsed.value, _older_series(desk, parsed.symbol, day)
    else:
        number, series = _whole(row.get("arrival", ""), _("arrival number")), arrival_series(day)
    if series is not None and numbers.enter(desk.book, book, series, number, None):
        desk.book.event("reserve", "", {"book": book, "series": series, "number": number})


def _older_series(desk: Desk, symbol: str, day: date) -> str | None:
    """Return the sequence of an older number; None if it is of an earlier term, whose numbers this register does not count."""
    check_symbol(desk.config.office, symbol)
    office = desk.config.office
    if office.kind == "party" and office.term_start is not None and day < office.term_start:
        return None
    return outgoing_series(desk.config, symbol, day)


def _same(document: documents.Document, values: Mapping[str, object]) -> bool:
    return all(getattr(document, name) == values.get(name) for name in ("number", "symbol", "day", "subject"))


def _values(desk: Desk, book: BookName, row: Mapping[str, str]) -> tuple[dict[str, object], date]:
    for text in row.values():
        if mark := written_mark(text):
            raise secret(text[:40], mark)
    values: dict[str, object] = {
        name: row[name] or None for name in ("signer", "places", "keeper", "note") if row.get(name)
    }
    values["doc_type"], values["subject"] = _about(row.get("about", ""), row.get("doc_type", ""))
    if row.get("name"):
        parsed = parse_number(row["name"])
        values["number"], values["symbol"] = parsed.value, parsed.symbol
    day = _day(row.get("day", ""))
    values["day"] = day.isoformat() if day else None
    for name in ("passed_on", "due"):
        values[name] = found.isoformat() if (found := _day(row.get(name, ""))) else None
    for name in ("copies", "pages"):  # “Bản điện tử” is no count
        values[name] = _whole(row[name], name) if any(c.isdecimal() for c in row.get(name, "")) else None
    if book == "di":
        office = desk.config.office
        values |= {"agency": office.name, "agency_code": office.code}
    elif row.get("agency"):
        values |= named_agency(desk, row["agency"])
    entered = day if book == "di" else _day(row.get("arrived", "")) or day
    if entered is None:
        raise MisuseError("import.day", _("It has no date."))
    check_values(values, today(desk.now))
    return values, entered


def _about(text: str, kind: str) -> tuple[str | None, str | None]:
    """Part “Công văn về việc …” into type and subject."""
    if kind:
        return kind, text or None
    plain = fold(text)
    names = sorted(TYPE_NAMES, key=len, reverse=True)
    found = next((name for name in names if re.match(rf"{re.escape(fold(name))}\b", plain)), None)
    if found is None:
        return None, text or None
    rest = text[len(found) :].lstrip(" :,-–") if fold(text[: len(found)]) == fold(found) else text
    return found, rest or text


def _day(text: str) -> date | None:
    return parse_day(text) if text.strip() else None


def _whole(text: str, what: str) -> int:
    found = re.fullmatch(r"0*([0-9]{1,9})(?:\.0)?", text.strip())
    if not found or int(found[1]) < 1:
        raise MisuseError("import.count", _("“{text}” is no number ({what}).").format(text=text[:40], what=what))
    return int(found[1])


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line and fields of each row that says something; the headings are the first row that has two known ones."""
    wanted: dict[int, str] = {}
    for line, cells in enumerate(_cells(file), 1):
        if line > _MOST_ROWS:
            raise MisuseError("import.too_many", _("The table has more than {most} rows.").format(most=_MOST_ROWS))
        if not wanted:
            named = {place: field for place, cell in enumerate(cells) if (field := _field(cell))}
            wanted = named if len(set(named.values())) > 1 else {}
            continue
        row = {field: " ".join(cells[place].split()) for place, field in wanted.items() if place < len(cells)}
        if not _is_entry(row.values()):
            continue
        if re.fullmatch(
            r"(\(\d+\))*", "".join(row.values()).replace(" ", "")
        ):  # the decree's line of column numbers, or nothing
            continue
        yield line, row
    if not wanted:
        raise MisuseError(
            "import.headings",
            _("{path} has no row of headings such as “Số, ký hiệu văn bản”, “Ngày tháng văn bản”.").format(
                path=file.name
            ),
            _(
                "Headings are those of the decree's forms; “vanthu register export --book di --out FILE.csv” writes such a table."
            ),
        )


def _is_entry(cells: Collection[str]) -> bool:
    """Tell an entry from a title, a sum, or a line to sign on: it has several cells, and a number or a day among them."""
    closing = any(fold(cell).startswith("so nay gom") for cell in cells)  # as our own books end
    return not closing and sum(map(bool, cells)) > 1 and any(c.isdecimal() for cell in cells for c in cell)


def _field(heading: str) -> str | None:
    plain = " ".join(fold(heading).split()).strip(" .:")
    return next((field for field, names in _HEADINGS.items() if plain in names), None)


def _cells(file: Path) -> Iterator[Sequence[str]]:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise MisuseError("import.too_large", _("{path} is larger than 100 MB.").format(path=file.name))
        if file.suffix.lower() == ".xlsx":
            yield from _sheet(file)
        else:
            text = file.read_bytes().decode("utf-8-sig")
            sample = text[:4000]
            separator = max(";\t,", key=sample.count)
            yield from csv.reader(io.StringIO(text), delimiter=separator)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = os_words(error) if isinstance(error, OSError) else _("it is no UTF-8 text")
        raise MisuseError(
            "file.unreadable",
            _("{path} cannot be read: {why}").format(path=file.name, why=why),
            _("Save it from Excel as .xlsx, or as “CSV UTF-8”."),
        ) from error


def _sheet(file: Path) -> Iterator[Sequence[str]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise MisuseError("file.unreadable", _("{path} is no Excel file (.xlsx).").format(path=file.name)) from error
    try:
        for sheet in book.worksheets:  # the first may be a cover
            for row in sheet.iter_rows(values_only=True):
                yield [_shown(cell) for cell in row]
    finally:
        book.close()


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
