"""The directory: agencies, their addresses on each network, whose certificate is whose. Writers are called inside a step."""

import csv
import io
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from vanthu_cli.config.settings import check_identifier
from vanthu_cli.document.agency import name_key
from vanthu_cli.document.text import fold, is_mailbox, mailbox_key
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register.book import Book


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency. Days are ISO; `successor` is the code of the agency it merged into after `valid_to`.

    `identifier` is the office's own (QĐ 20/2020/QĐ-TTg); `axis` is the one under which it is reached on the national axis.
    """

    code: str
    name: str
    parent: str | None = None
    symbol: str | None = None
    identifier: str | None = None
    wan: str | None = None
    internet: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    successor: str | None = None
    axis: str | None = None

    def in_force(self, day: date) -> bool:
        return (not self.valid_from or self.valid_from <= day.isoformat()) and (
            not self.valid_to or day.isoformat() <= self.valid_to
        )


COLUMNS = tuple(field.name for field in fields(Agency))
"""Columns of the CSV file, in order."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A signer's certificate: SHA-256 of its DER bytes (hex), agency code, role, subject, end of validity (ISO)."""

    fingerprint: str
    agency: str
    role: str
    name: str
    not_after: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """A certificate that signed a document here before anybody said whose it is; `agency` and `role` are guesses."""

    fingerprint: str
    name: str
    subject: str
    issuer: str
    not_after: str
    agency: str | None
    role: str
    document: int
    seen_at: str


def _agency(row: sqlite3.Row) -> Agency:
    return Agency(**{name: row[name] for name in COLUMNS})


def put(book: Book, agency_: Agency) -> None:
    """Add an agency or replace what is known of it; `MisuseError` "directory.code" if its code is no word."""
    _check_code(agency_.code)
    if agency(book, agency_.code) == agency_:
        return
    values = asdict(agency_) | {"folded": fold(f"{agency_.code} {agency_.name} {agency_.symbol or ''}")}
    columns = ", ".join(values)
    updates = ", ".join(f"{name} = excluded.{name}" for name in values if name != "code")
    book.connection.execute(
        f"INSERT INTO agency ({columns}) VALUES ({', '.join(f':{name}' for name in values)})"
        f" ON CONFLICT (code) DO UPDATE SET {updates}",
        values,
    )
    book.event("directory", f"agency:{agency_.code}", asdict(agency_))


def put_certificate(book: Book, certificate: Certificate) -> None:
    """Note whose certificate this is; who said so stands in the event."""
    book.connection.execute(
        "INSERT INTO certificate (fingerprint, agency, role, name, not_after)"
        " VALUES (:fingerprint, :agency, :role, :name, :not_after)"
        " ON CONFLICT (fingerprint) DO UPDATE SET agency = excluded.agency, role = excluded.role, name = excluded.name,"
        " not_after = excluded.not_after",
        asdict(certificate),
    )
    book.connection.execute("DELETE FROM sighting WHERE fingerprint = :fingerprint", asdict(certificate))
    book.event("directory", f"agency:{certificate.agency}", asdict(certificate))


def see(book: Book, sighting: Sighting) -> None:
    """Note a certificate that nobody has named yet; the first sight stays."""
    book.connection.execute(
        "INSERT INTO sighting (fingerprint, name, subject, issuer, not_after, agency, role, document, seen_at)"
        " SELECT :fingerprint, :name, :subject, :issuer, :not_after, :agency, :role, :document, :seen_at"
        " WHERE NOT EXISTS (SELECT 1 FROM certificate WHERE fingerprint = :fingerprint)"
        " ON CONFLICT (fingerprint) DO NOTHING",
        asdict(sighting),
    )


def sightings(book: Book) -> list[Sighting]:
    """Return the certificates that wait for a person to say whose they are, the oldest first."""
    rows = book.connection.execute("SELECT * FROM sighting ORDER BY seen_at, fingerprint")
    return [Sighting(**{name: row[name] for name in row.keys()}) for row in rows]  # noqa: SIM118  a row iterates over values


def agencies(book: Book) -> list[Agency]:
    return [_agency(row) for row in book.connection.execute("SELECT * FROM agency ORDER BY code")]


def agency(book: Book, code: str) -> Agency | None:
    row = book.connection.execute("SELECT * FROM agency WHERE code = ?", (code,)).fetchone()
    return _agency(row) if row else None


def by_address(book: Book, address: str) -> Agency | None:
    """Return the agency that an address belongs to (case does not count, RFC 5321 2.4 notwithstanding)."""
    row = book.connection.execute(
        "SELECT * FROM agency WHERE :address IN (lower(wan), lower(internet), lower(axis)) ORDER BY valid_to IS NOT NULL, code LIMIT 1",
        {"address": address.lower()},
    ).fetchone()
    if row is None and not (address.isascii() and "xn--" not in address):
        wanted = mailbox_key(address)
        return next(
            (
                each
                for each in agencies(book)
                if wanted in {mailbox_key(each.wan or ""), mailbox_key(each.internet or "")}
            ),
            None,
        )
    return _agency(row) if row else None


def by_name(book: Book, name: str) -> list[Agency]:
    """Return the agencies of this very name, however it is spelt (document/agency.py)."""
    wanted = name_key(name)
    return [each for each in agencies(book) if name_key(each.name) == wanted]


def by_printed(book: Book, name: str, parent: str | None) -> list[Agency]:
    """Return the agencies that a page's head may mean: by the name, or by it and that of the body above ("VĂN PHÒNG")."""
    return by_name(book, name) or (by_name(book, f"{name} {parent}") if parent else [])


def certificates(book: Book, code: str | None = None) -> list[Certificate]:
    rows = book.connection.execute(
        "SELECT * FROM certificate WHERE :code IS NULL OR agency = :code ORDER BY agency, role", {"code": code}
    )
    return [Certificate(**{name: row[name] for name in row.keys()}) for row in rows]  # noqa: SIM118  see above


def from_csv(text: str) -> list[Agency]:
    """Read the CSV form (header line with the names of COLUMNS; comma or semicolon, as Excel writes it).

    `MisuseError` names the line that is wrong.
    """
    plain = text.removeprefix("\ufeff").lstrip("\r\n")
    separator = ";" if ";" in plain.partition("\n")[0] else ","
    reader = csv.DictReader(io.StringIO(plain, newline=""), delimiter=separator, strict=True)
    found = dict[str, Agency]()
    try:
        _check_columns(list(reader.fieldnames or ()))
        for row in reader:
            each = _from_row(row, reader.line_num)
            if each is not None and each.code in found:
                raise MisuseError(
                    "directory.twice",
                    _("Line {line}: the code {code} stands in the file twice.").format(
                        line=reader.line_num, code=each.code
                    ),
                )
            if each is not None:
                found[each.code] = each
    except csv.Error as error:
        raise MisuseError(
            "directory.csv", _("Line {line} is not CSV: {why}").format(line=reader.reader.line_num, why=error)
        ) from error
    return list(found.values())


def _check_columns(names: list[str]) -> None:
    missing, unknown = {"code", "name"} - set(names), set(names) - set(COLUMNS)
    twice = {name for name in names if names.count(name) > 1}
    if missing or unknown or twice:
        raise MisuseError(
            "directory.columns",
            _("The first line must name the columns: {columns}.").format(columns=", ".join(COLUMNS)),
            _("Missing: {missing}. Not known: {unknown}. Twice: {twice}.").format(
                missing=", ".join(sorted(missing)) or "–",
                unknown=", ".join(sorted(unknown)) or "–",
                twice=", ".join(sorted(twice)) or "–",
            ),
        )


def _from_row(row: Mapping[str | None, Any], line: int) -> Agency | None:
    """Return the agency of a line, None for the empty rows that Excel leaves below a table."""
    if None in row:  # a comma inside a name without quotes shifts every address after it
        raise MisuseError(
            "directory.cells",
            _("Line {line} has more cells than the first line.").format(line=line),
            _("A name that holds the separator stands in double quotes."),
        )
    values = {name: (row.get(name) or "").strip() or None for name in COLUMNS}
    if not any(values.values()):
        return None
    code, name = values.pop("code"), values.pop("name")
    if not code or not name:
        raise MisuseError("directory.line", _("Line {line} has no code or no name.").format(line=line))
    _check_code(code, line)
    for day in ("valid_from", "valid_to"):
        _check_day(values[day], line)
    for address in ("wan", "internet"):
        check_address(values[address], line)
    check_axis(values["axis"], line)
    return Agency(code, name, **values)


def _check_code(code: str, line: int = 1) -> None:
    if not code or "@" in code or any(c.isspace() for c in code):
        raise MisuseError(
            "directory.code",
            _("Line {line}: “{value}” is not a code, one word without @ such as VPTU.").format(line=line, value=code),
        )


def _check_day(value: str | None, line: int) -> None:
    """`MisuseError` unless the day is written as days are compared; 01/07/2025 would be January to some spreadsheets."""
    try:
        right = value is None or date.fromisoformat(value).isoformat() == value
    except ValueError:
        right = False
    if not right:
        raise MisuseError(
            "directory.day",
            _("Line {line}: “{value}” is not a date such as 2025-07-01.").format(line=line, value=value),
            _("In Excel, set the column to text."),
        )


def check_address(value: str | None, line: int = 1) -> None:
    """`MisuseError` unless the value is a plain mailbox; a domain without a dot is valid (145-CV/TU point 4)."""
    if value is None:
        return
    if not is_mailbox(value):
        raise MisuseError(
            "directory.address", _("Line {line}: “{value}” is not a mail address.").format(line=line, value=value)
        )


def check_axis(value: str | None, line: int = 1) -> None:
    """`MisuseError` unless the value can be an organisation identifier."""
    try:
        check_identifier(value or "H23")
    except ValueError as error:
        raise MisuseError(
            "directory.axis",
            _("Line {line}: “{value}” is not an identifier on the axis.").format(line=line, value=value),
            str(error),
        ) from error


def to_csv(listed: Iterable[Agency]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(asdict(each) for each in listed)
    return out.getvalue()
