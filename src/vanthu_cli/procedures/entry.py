"""What a clerk enters in the books by hand: paper documents, and numbers reserved for secret ones.

NĐ 30/2020 Đ15, Đ16, Đ22; lengths are those of Phụ lục VI Phần II. A state secret is never written here (Đ16.3, Đ22.4): its
number is reserved, and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from vanthu_cli.document.agency import name_key
from vanthu_cli.document.symbol import parse_number, parse_symbol
from vanthu_cli.document.text import safe_name
from vanthu_cli.errors import ForbiddenError, MisuseError, UndecidedError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.examine import Examination
from vanthu_cli.register import directory, documents, numbers
from vanthu_cli.register.documents import Document
from vanthu_cli.register.numbers import BookName
from vanthu_cli.reports.amendments import field_word
from vanthu_cli.reports.words import day_shown
from vanthu_cli.rules.deadlines import today
from vanthu_cli.rules.numbering import arrival_series, check_symbol, outgoing_series
from vanthu_cli.rules.profiles import profile_of
from vanthu_cli.rules.secrecy import secret_mark_in_name, written_mark

LENGTHS: Mapping[str, int] = {
    "doc_type": 100, "agency": 200, "subject": 500, "signer": 50, "signer_title": 100, "places": 1000, "note": 500, "language": 30,
    "keeper": 200, "progress": 1000,
}  # fmt: skip
"""Letters, Phụ lục VI Phần II; keeper and progress have none there."""
_FIRST_YEAR = 1945


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper document as a clerk writes it down: `values` are columns of the register, `scan` its picture, if there is one."""

    book: BookName
    values: Mapping[str, object]
    scan: Path | None = None


def enter(desk: Desk, entry: Entry, *, reason: str = "", dry_run: bool = False) -> tuple[Document | None, int, str]:
    """Enter a paper document under the next number; return it (None: dry run), the number and, of one going out, its symbol.

    `UndecidedError` "register.same_number" for one that is there already, unless a reason is given.
    """
    check_texts(entry.values, entry.scan)
    scan = _read(entry.scan) if entry.scan else b""
    found = _looked_at(desk, entry.scan.name, scan) if entry.scan else None
    values = _with_read(desk, entry, found)
    day = today(desk.now)
    check_values(values, day)
    if entry.book == "di":
        values, series = _going_out(desk, values, day)
    else:
        series = arrival_series(day)
        _check_came(desk, values, reason)
    number = numbers.upcoming(desk.book, entry.book, series)
    if dry_run:
        return None, number, str(values.get("symbol") or "")
    sha256 = desk.cabinet.put(scan) if entry.scan else None
    with desk.lock(), desk.book.step():
        identity = _written(desk, entry, values, series, sha256)
        documents.set_text(desk.book, identity, found.text if found else "")
    document = documents.get(desk.book, identity)
    taken = document.number if entry.book == "di" else document.arrival_number
    return document, taken or 0, document.symbol or ""


def _written(desk: Desk, entry: Entry, values: Mapping[str, object], series: str, sha256: str | None) -> int:
    file = {"file": safe_name(entry.scan.name), "sha256": sha256} if entry.scan else {}
    out = entry.book == "di"
    identity = documents.add(
        desk.book,
        "out" if out else "in",
        "issue-on-paper" if out else "enter",
        arrived_at=desk.book.at,
        medium="paper",
        **values,
        **file,
    )
    number = numbers.take(desk.book, entry.book, series, identity)
    documents.update(desk.book, identity, **{"number" if out else "arrival_number": number})
    kind = "number" if out else "accept"
    desk.book.event(
        kind, f"document:{identity}", {"number": number, "series": series, "medium": "paper", "sha256": sha256}
    )
    return identity


def _read(scan: Path) -> bytes:
    try:
        return scan.read_bytes()
    except OSError as error:
        raise MisuseError("file.unreadable", _("{path} cannot be read.").format(path=scan)) from error


def _looked_at(desk: Desk, name: str, data: bytes) -> Examination:
    found = desk.examine(name, data, "mark", "read", "text")
    if found.mark:
        raise secret(name, found.mark)
    if found.fault:
        raise ForbiddenError(
            "register.scan_unreadable",
            _("The scan {name} cannot be examined, so nobody can tell whether it is secret.").format(name=name),
            _("Scan the paper again, without a password; or enter it without its scan."),
        )
    return found


def _with_read(desk: Desk, entry: Entry, found: Examination | None) -> dict[str, object]:
    """Return what was typed, and where nothing was, what the scan's text tells; an agency's code becomes its name."""
    values = {name: value for name, value in entry.values.items() if value not in {None, ""}}
    if found and found.reading:
        fields = found.reading.fields
        read = {
            "number": fields.number if entry.book == "den" else None,
            "symbol": fields.symbol,
            "day": fields.date.isoformat() if fields.date and entry.book == "den" else None,
            "agency": fields.agency if entry.book == "den" else None,
            "doc_type": fields.doc_type,
            "subject": fields.subject,
            "signer": fields.signer_name,
            "signer_title": fields.signer_title,
            "urgency": fields.urgency,
            "pages": found.pages or None,
        }
        values = {name: value for name, value in read.items() if value is not None} | values
    if entry.book == "den" and values.get("agency"):
        values |= named_agency(desk, str(values["agency"]))
    return values


def named_agency(desk: Desk, text: str) -> dict[str, object]:
    """Return name and code of an agency that is named by its code, or by its name; a stranger has no code."""
    known = directory.agency(desk.book, text)
    if known is not None:
        return {"agency": known.name, "agency_code": known.code}
    alike = directory.by_printed(desk.book, text, None)
    return {"agency": text, "agency_code": alike[0].code if len(alike) == 1 else None}


def _going_out(desk: Desk, values: dict[str, object], day: date) -> tuple[dict[str, object], str]:
    """Return values and sequence of a document of ours; it bears the day it is numbered on (back-dating: Đ15.1)."""
    given = values.get("day")
    if given not in {None, day.isoformat()}:
        raise ForbiddenError(
            "register.back_dated",
            _("A document bears the day it is numbered on: today is {day}.").format(day=f"{day:%d/%m/%Y}"),
            _("Leave --date out. Documents of the time before this register: vanthu register import."),
        )
    symbol = parse_symbol(str(values.get("symbol") or ""))
    check_symbol(desk.config.office, symbol)
    if not values.get("subject"):
        raise MisuseError("register.subject", _("Say what it is about: --subject “…”"))
    office = desk.config.office
    agency = values.get("agency") or documents.issuer_of(desk.book, symbol.partition("/")[2]) or office.name
    whole = {
        "places": None,
        **values,
        "symbol": symbol,
        "day": day.isoformat(),
        "agency": agency,
        "agency_code": office.code,
    }
    return whole, outgoing_series(desk.config, symbol, day)


def _check_came(desk: Desk, values: Mapping[str, object], reason: str) -> None:
    """Refuse an arrival without the fields of its form, and ask about one that is there already (Phụ lục VI III.1.h)."""
    missing = [option for option, name in (("--agency", "agency"), ("--subject", "subject")) if not values.get(name)]
    if missing:
        raise MisuseError("register.missing", _("Still missing: {options}").format(options=", ".join(missing)))
    number, symbol = values.get("number"), values.get("symbol")
    if not (isinstance(number, int) and isinstance(symbol, str)) or reason:
        return
    there = [each for each in documents.named(desk.book, str(number), symbol) if _same_issuer(each, values)]
    if there:
        raise UndecidedError(
            "register.same_number",
            _("{name} of {agency} is in the register already, as document {id} (arrival number {arrival}).").format(
                name=there[0].name,
                agency=there[0].agency or "?",
                id=there[0].id,
                arrival=there[0].arrival_number or "–",
            ),
            _("If it is another document, say why: --reason “…”"),
        )


def _same_issuer(document: Document, values: Mapping[str, object]) -> bool:
    code = values.get("agency_code")
    same = document.agency_code == code if code else name_key(document.agency or "") == name_key(str(values["agency"]))
    return same and document.day in {None, values.get("day")}


def check_values(values: Mapping[str, object], day: date) -> None:
    """Refuse texts that are too long for their field, days that are none, and days that have not come."""
    for name, most in LENGTHS.items():
        if len(str(values.get(name) or "")) > most:
            raise MisuseError(
                "register.too_long",
                _("{field} has more than {most} letters (Decree 30/2020, Annex VI part II).").format(
                    field=field_word(name), most=most
                ),
            )
    written = values.get("day")
    if isinstance(written, str) and date.fromisoformat(written) > day:
        raise MisuseError(
            "register.future",
            _("The document cannot be of {day}: that is still to come.").format(day=day_shown(written)),
        )
    if isinstance(written, str) and date.fromisoformat(written).year < _FIRST_YEAR:
        raise MisuseError(
            "register.past", _("“{day}” cannot be the date of a document.").format(day=day_shown(written))
        )
    done = values.get("done_on")
    if isinstance(done, str) and date.fromisoformat(done) > day:
        raise MisuseError("register.future_done", _("{day} has not come yet.").format(day=day_shown(done)))
    for name in ("copies", "pages"):
        if isinstance(count := values.get(name), int) and count < 0:
            raise MisuseError("register.count", _("A count cannot be below zero."))


def check_texts(values: Mapping[str, object], scan: Path | None) -> None:
    for text in values.values():
        mark = written_mark(text) if isinstance(text, str) else None
        if mark:
            raise secret(str(text)[:40], mark)
    if scan and (mark := secret_mark_in_name(scan.name)):
        raise secret(scan.name, mark)


def secret(where: str, mark: str) -> ForbiddenError:
    return ForbiddenError(
        "register.secret",
        _("“{where}” bears the mark {mark}: nothing of a secret document may stand in this register.").format(
            where=where, mark=mark
        ),
        _(
            "Reserve its number, without anything else: vanthu register reserve --book di --symbol … (of one that came: --book den)"
        ),
    )


def reserve(desk: Desk, book: BookName, symbol: str, *, dry_run: bool = False) -> int:
    """Take the next number for a secret document, of which nothing is written here (36-HD/VPTW: the same sequence)."""
    day = today(desk.now)
    if profile_of(desk.config, day).numbering.classified == "separate":
        raise ForbiddenError(
            "reserve.separate",
            _(
                "Secret documents of a State office have numbers and books of their own (Decree 30/2020, Art. 15.2, 16.3, 22.4)."
            ),
            _("Enter it in the book of secret documents, on paper."),
        )
    if book == "di":
        symbol = parse_symbol(symbol)
        check_symbol(desk.config.office, symbol)
    series = outgoing_series(desk.config, symbol, day) if book == "di" else arrival_series(day)
    if dry_run:
        return numbers.upcoming(desk.book, book, series)
    with desk.lock(), desk.book.step():
        number = numbers.take(desk.book, book, series, None)
        desk.book.event("reserve", "", {"book": book, "series": series, "number": number})
    return number


def number_of(text: str) -> dict[str, object]:
    """Return number and symbol as typed for a document that came: "145-CV/TU"."""
    if not text:
        return {}
    parsed = parse_number(text)
    return {"number": parsed.value, "symbol": parsed.symbol}
