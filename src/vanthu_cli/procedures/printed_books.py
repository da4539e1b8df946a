"""The books to be printed, signed and bound (NĐ 30/2020 Đ16.2.b, Đ22.3.b): rows of the register into the forms of the office's profile."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Literal

from vanthu_cli.document.symbol import DocumentNumber
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import books
from vanthu_cli.register.book import stored
from vanthu_cli.reports.books import Column, Cover, Volume
from vanthu_cli.reports.words import day_shown
from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.rules.profiles import Form, profile_of

BookKind = Literal["di", "den", "buu-dien", "ban-luu", "theo-doi"]
KINDS: tuple[BookKind, ...] = ("di", "den", "buu-dien", "ban-luu", "theo-doi")


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of a book: its cells by field, the sequence it is counted in, its day (ISO) and number as they go on the cover."""

    cells: Mapping[str, str]
    series: str
    day: str
    number: str


def volumes(
    desk: Desk, kind: BookKind, first: date, last: date, *, symbol: str = "", size: int = 0, volume: int = 1
) -> list[Volume]:
    """Return the volumes of a book for a period: one for each sequence of numbers, parted after `size` rows (0: never).

    `volume` is the number of the first one. `MisuseError` "books.period" if the period ends before it begins.
    """
    if last < first:
        raise MisuseError("books.period", _("The period ends before it begins."))
    form = profile_of(desk.config, last).registers[kind]
    made = list[Volume]()
    for _series, lines in groupby(_lines(desk, kind, first, last, symbol), key=lambda line: line.series):
        every = list(lines)
        step = size or len(every)
        parts = [every[start : start + step] for start in range(0, len(every), step)]
        for number, part in enumerate(parts, volume):
            made.append(_volume(desk, form, part, first, last, number=number, parted=len(parts) > 1))
    return made or [_volume(desk, form, [], first, last, number=volume, parted=False)]


def _volume(
    desk: Desk, form: Form, lines: Sequence[_Line], first: date, last: date, *, number: int, parted: bool
) -> Volume:
    office = desk.config.office
    days = (lines[0].day, lines[-1].day) if parted else (first.isoformat(), last.isoformat())
    years = sorted({days[0][:4], days[1][:4]})
    cover = Cover(
        parent=office.parent.upper(),
        office=office.name.upper(),
        title=form.title,
        year="–".join(years),
        first_day=day_shown(days[0]),
        last_day=day_shown(days[1]),
        first_number=(lines[0].number if lines else "") if form.numbered else None,
        last_number=(lines[-1].number if lines else "") if form.numbered else None,
        volume=f"{number:02d}",
    )
    columns = tuple(Column(each.heading, each.width) for each in form.columns)
    return Volume(cover, columns, [[line.cells.get(each.field, "") for each in form.columns] for line in lines])


def _lines(desk: Desk, kind: BookKind, first: date, last: date, symbol: str) -> Iterator[_Line]:
    start = stored(datetime.combine(first, time(), VIETNAM))
    end = stored(datetime.combine(last + timedelta(days=1), time(), VIETNAM))
    days = (first.isoformat(), last.isoformat())
    if kind in {"di", "den"}:
        for row in books.entered(desk.book, kind, start, end):
            if not symbol or row["series"].partition("/")[2] == symbol or row["symbol"] == symbol:
                yield _numbered(row, kind)
        return
    rows: dict[str, tuple[Iterator[sqlite3.Row], Callable[[sqlite3.Row], _Line]]] = {
        "theo-doi": (books.followed(desk.book, start, end), lambda row: _followed(desk, row)),
        "buu-dien": (books.posted(desk.book, *days), _posted),
        "ban-luu": (books.lent(desk.book, *days), _lent),
    }
    for row in rows[kind][0]:
        yield rows[kind][1](row)


def _numbered(row: sqlite3.Row, kind: str) -> _Line:
    if row["id"] is None:
        number = _name(row["value"], row["series"].partition("/")[2]) if kind == "di" else str(row["value"])
        cells = {("name" if kind == "di" else "arrival"): number, "note": "Số dành riêng"}
        return _Line(cells, row["series"], "", number)
    arrived = datetime.fromisoformat(row["arrived_at"]).astimezone(VIETNAM).date().isoformat()
    given = (
        datetime.fromisoformat(row["given_out"]).astimezone(VIETNAM).date().isoformat() if row["given_out"] else None
    )
    cells = _cells(row) | {
        "passed_on": day_shown(row["passed_on"] or (given if kind == "di" else None)),
        "copies": str(row["copies"] or row["printed"] or "")
        or ("Bản điện tử" if row["medium"] == "electronic" else ""),
        "arrived": day_shown(arrived),
        "arrival": str(row["arrival_number"] or ""),
        "note": "; ".join(_notes(row)),
    }
    number = str(row["value"]) if kind == "den" else cells["name"]
    return _Line(cells, row["series"], arrived, number)


def _notes(row: sqlite3.Row) -> list[str]:
    """Return remarks, and what a reader of the book must know of a number: void, recalled, corrected, replaced."""
    said = [row["note"]]
    if row["state"] == "voided":
        said.append(f"Hủy số: {row['reason'] or ''}".strip(" :"))
    if row["state"] == "recalled":
        said.append("Đã thu hồi")
    words = {
        "corrected_by": "Được đính chính bởi",
        "replaced_by": "Được thay thế bởi",
        "corrects": "Đính chính",
        "replaces": "Thay thế",
    }
    said += [f"{word} {row[name]}" for name, word in words.items() if row[name]]
    return [each for each in said if each]


def _cells(row: sqlite3.Row) -> dict[str, str]:
    """Return what every book says of a document."""
    name = _name(row["number"], row["symbol"])
    about = " ".join(each for each in (row["doc_type"], row["subject"]) if each)
    of_day = f"{name} ngày {day_shown(row['day'])}" if row["day"] else name
    return {
        "name": name,
        "day": day_shown(row["day"]),
        "about": about,
        "signer": row["signer"] or "",
        "places": row["places"] or "",
        "keeper": row["keeper"] or "",
        "agency": row["agency"] or "",
        "name_and_day": of_day,
        "whole": ", ".join(each for each in (row["doc_type"], f"số {of_day}" if name else "", row["agency"]) if each),
    }


def _name(number: int | None, symbol: str | None) -> str:
    if number is None or not symbol or symbol == "*":
        return "" if number is None else f"{number:02d}"
    return str(DocumentNumber(number, symbol))


def _followed(desk: Desk, row: sqlite3.Row) -> _Line:
    done = f"Đã giải quyết {day_shown(row['done_on'])}" if row["done_on"] else ""
    late = "Quá hạn" if row["due"] and not row["done_on"] and row["due"] < today(desk.now).isoformat() else ""
    cells = _cells(row) | {
        "arrival": str(row["arrival_number"]),
        "due": day_shown(row["due"]),
        "progress": "; ".join(each for each in (row["progress"], done, late) if each),
        "answers": row["answers"] or "",
        "note": row["note"] or "",
    }
    return _Line(cells, "", "", "")


def _posted(row: sqlite3.Row) -> _Line:
    cells = _cells(row) | {
        "posted": day_shown(row["posted_on"]),
        "place": row["place"],
        "envelopes": str(row["envelopes"]),
        "note": row["remarks"] or "",
    }
    return _Line(cells, "", row["posted_on"], cells["name"])


def _lent(row: sqlite3.Row) -> _Line:
    cells = _cells(row) | {
        "lent": day_shown(row["lent_on"]),
        "borrower": row["borrower"],
        "permitted": row["permitted"],
        "returned": day_shown(row["returned"]),
        "dossiers": row["dossiers"] or "",
        "note": row["remarks"] or "",
    }
    return _Line(cells, "", row["lent_on"], cells["name"])
