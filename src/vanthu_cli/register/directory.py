"""The directory: agencies, their addresses on each network, whose certificate is whose. Writers are called inside a step."""

import csv
import io
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date

from vanthu_cli.document.text import fold
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register.book import Book


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency. Days are ISO; `successor` is the code of the agency it merged into after `valid_to`."""

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


def _agency(row: sqlite3.Row) -> Agency:
    return Agency(**{name: row[name] for name in COLUMNS})


def put(book: Book, agency: Agency) -> None:
    """Add an agency or replace what is known of it."""
    values = asdict(agency) | {"folded": fold(f"{agency.code} {agency.name} {agency.symbol or ''}")}
    columns = ", ".join(values)
    updates = ", ".join(f"{name} = excluded.{name}" for name in values if name != "code")
    book.connection.execute(
        f"INSERT INTO agency ({columns}) VALUES ({', '.join(f':{name}' for name in values)})"
        f" ON CONFLICT (code) DO UPDATE SET {updates}",
        values,
    )
    book.event("directory", f"agency:{agency.code}", asdict(agency))


def put_certificate(book: Book, certificate: Certificate) -> None:
    """Note whose certificate this is; who said so stands in the event."""
    book.connection.execute(
        "INSERT INTO certificate (fingerprint, agency, role, name, not_after)"
        " VALUES (:fingerprint, :agency, :role, :name, :not_after)"
        " ON CONFLICT (fingerprint) DO UPDATE SET agency = excluded.agency, role = excluded.role, name = excluded.name,"
        " not_after = excluded.not_after",
        asdict(certificate),
    )
    book.event("directory", f"agency:{certificate.agency}", asdict(certificate))


def agencies(book: Book) -> list[Agency]:
    return [_agency(row) for row in book.connection.execute("SELECT * FROM agency ORDER BY code")]


def agency(book: Book, code: str) -> Agency | None:
    row = book.connection.execute("SELECT * FROM agency WHERE code = ?", (code,)).fetchone()
    return _agency(row) if row else None


def by_address(book: Book, address: str) -> Agency | None:
    """Return the agency that an address belongs to (case does not count, RFC 5321 2.4 notwithstanding)."""
    row = book.connection.execute(
        "SELECT * FROM agency WHERE lower(wan) = :address OR lower(internet) = :address ORDER BY valid_to IS NOT NULL LIMIT 1",
        {"address": address.lower()},
    ).fetchone()
    return _agency(row) if row else None


def by_name(book: Book, name: str) -> list[Agency]:
    """Return the agencies of this very name, capitals and diacritics aside."""
    wanted = fold(name)
    return [each for each in agencies(book) if fold(each.name) == wanted]


def certificates(book: Book, code: str | None = None) -> list[Certificate]:
    rows = book.connection.execute(
        "SELECT * FROM certificate WHERE :code IS NULL OR agency = :code ORDER BY agency, role", {"code": code}
    )
    return [Certificate(**{name: row[name] for name in row.keys()}) for row in rows]  # noqa: SIM118  see above


def from_csv(text: str) -> list[Agency]:
    """Read the CSV form (header line with the names of COLUMNS; comma or semicolon, as Excel writes it).

    `MisuseError` names the line that is wrong.
    """
    first = text.lstrip("\ufeff").splitlines()[0] if text.strip() else ""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=";" if ";" in first else ",")
    missing = {"code", "name"} - set(reader.fieldnames or ())
    unknown = set(reader.fieldnames or ()) - set(COLUMNS)
    if missing or unknown:
        raise MisuseError(
            "directory.columns",
            _("The first line must name the columns: {columns}.").format(columns=", ".join(COLUMNS)),
            _("Missing: {missing}. Not known: {unknown}.").format(
                missing=", ".join(sorted(missing)) or "–", unknown=", ".join(sorted(map(str, unknown))) or "–"
            ),
        )
    found = []
    for row in reader:
        values = {name: (row.get(name) or "").strip() or None for name in COLUMNS}
        code, name = values.pop("code"), values.pop("name")
        if not code or not name:
            raise MisuseError("directory.line", _("Line {line} has no code or no name.").format(line=reader.line_num))
        for day in ("valid_from", "valid_to"):
            _check_day(values[day], reader.line_num)
        for address in ("wan", "internet"):
            check_address(values[address], reader.line_num)
        found.append(Agency(code, name, **values))
    return found


def _check_day(value: str | None, line: int) -> None:
    try:
        date.fromisoformat(value or "2000-01-01")
    except ValueError:
        raise MisuseError(
            "directory.day",
            _("Line {line}: “{value}” is not a date such as 2025-07-01.").format(line=line, value=value),
        ) from None


def check_address(value: str | None, line: int = 1) -> None:
    """`MisuseError` unless the value is a plain mailbox; a domain without a dot is valid (145-CV/TU point 4)."""
    if value is None:
        return
    local, _at, domain = value.rpartition("@")
    if not local or not domain or any(c.isspace() or c in '<>,;"\\' or ord(c) < ord(" ") for c in value):
        raise MisuseError(
            "directory.address", _("Line {line}: “{value}” is not a mail address.").format(line=line, value=value)
        )


def to_csv(listed: Iterable[Agency]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(asdict(each) for each in listed)
    return out.getvalue()
