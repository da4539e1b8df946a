"""Opening, filling and closing dossiers (NĐ 30/2020 Đ29): what may lie in one, and what is owed on paper for a session.

The papers of a session are kept as exactly one paper original each, beside the electronic document (145-CV/TU point 4): for what
comes in, its issuer owes it to us; for what we issue, we owe it to [paper] session_to.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from vanthu_cli.document.text import fold
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import deliveries, dossiers
from vanthu_cli.register.book import Book
from vanthu_cli.register.documents import Document
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports.dossier_xml import DOSSIER_LENGTHS, MOST_DOCUMENTS
from vanthu_cli.reports.words import day_shown, state_of
from vanthu_cli.rules.deadlines import today
from vanthu_cli.rules.secrecy import written_mark

REGISTERED = frozenset({"accepted", "numbered", "sealed", "queued", "sent"})
"""States of documents that may be filed."""
FOREVER = "Vĩnh viễn"

_FIELDS: Mapping[str, str] = {
    "code": "FileNotation", "title": "Title", "retention": "Maintenance", "rights": "Rights", "creator": "Creator",
    "language": "Language", "note": "Description", "keywords": "Description",
}  # fmt: skip
"""Columns and the fields of Phụ lục VI Phần II whose lengths they keep; keywords have none there, and that of a note here."""
_AMENDED = {
    "title": "tiêu đề", "retention": "thời hạn bảo quản", "rights": "chế độ sử dụng", "keywords": "từ khóa", "note": "ghi chú",
}  # fmt: skip
"""What a dossier's own note calls the fields that may be amended."""
_CODE = re.compile(r"[^\W_][\w./&+-]*(?: [\w./&+-]+)*")
_FIRST_YEAR = 1900


@dataclass(frozen=True, slots=True)
class Wish:
    """A dossier to be opened, as typed; `year` None is this year, `retention` "20 năm", "20" or "Vĩnh viễn"."""

    code: str
    title: str
    year: int | None = None
    retention: str = FOREVER
    rights: str = ""
    creator: str = ""
    language: str = ""
    keywords: str = ""
    session: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Filed:
    """A document in a dossier. `fresh`: it was not there before; `paper`: the agency whose original became due with it.

    `unknown_paper`: an original is due, but nobody knows with whom: no issuer, or no [paper] session_to.
    """

    document: Document
    fresh: bool
    paper: str | None
    unknown_paper: bool = False


def new(desk: Desk, wish: Wish, *, dry_run: bool = False) -> Dossier:
    """Open a dossier. `ForbiddenError` "dossier.secret" for a secrecy mark, `MisuseError` for what the decree's fields don't take."""
    values = _values(desk, wish)
    if dry_run:
        there = dossiers.known(desk.book, wish.code)
        if there is not None and there.year == values["year"]:
            raise dossiers.taken(there.code)
        columns: dict[str, Any] = values
        return Dossier(id=0, state="open", ended=None, **columns)
    with desk.lock(), desk.book.step():
        return dossiers.new(desk.book, **values)


def _values(desk: Desk, wish: Wish) -> dict[str, object]:
    texts = {name: _text(name, getattr(wish, name)) for name in _FIELDS}
    if not _CODE.fullmatch(texts["code"] or ""):
        raise MisuseError(
            "dossier.code",
            _("“{text}” is not number and symbol of a dossier, such as 01.TCCB.").format(text=texts["code"] or ""),
        )
    year = today(desk.now).year if wish.year is None else wish.year
    if not _FIRST_YEAR <= year <= today(desk.now).year + 1:
        raise MisuseError("dossier.year", _("{year} cannot be the year of a dossier.").format(year=year))
    return {**texts, "year": year, "session": wish.session, "started": today(desk.now).isoformat()}


def _text(name: str, typed: str) -> str | None:
    """Return a field as it is kept; refuse what the decree's field does not take, and marks of secrecy."""
    text = " ".join(unicodedata.normalize("NFC", typed).split())
    most = DOSSIER_LENGTHS[_FIELDS[name]]
    if len(text) > most:
        raise MisuseError(
            "dossier.too_long",
            _("--{option} has {count} letters; the decree gives it {most} (Decree 30/2020, Annex VI part II).").format(
                option=name, count=len(text), most=most
            ),
        )
    if not text.isprintable():
        raise MisuseError("dossier.unprintable", _("--{option} holds signs that cannot be seen.").format(option=name))
    mark = written_mark(text)
    if mark:
        raise ForbiddenError(
            "dossier.secret",
            _("--{option} bears the mark {mark}: a secret dossier is not kept in this register.").format(
                option=name, mark=mark
            ),
            _("Hand it to the officer in charge of secret documents."),
        )
    if name == "title" and not text:
        raise MisuseError("dossier.title", _("Say what the dossier is about: --title “…”"))
    return retention(text) if name == "retention" else text or None


def _reason(typed: str) -> str:
    reason = _text("note", typed)
    if not reason:
        raise MisuseError("dossier.reason", _("Say why: --reason “…”"))
    return reason


def retention(text: str) -> str:
    """Return "Vĩnh viễn" or "20 năm" (Phụ lục V I.4); `MisuseError` for anything else."""
    if fold(text) == fold(FOREVER):
        return FOREVER
    years = re.fullmatch(r"0*([1-9][0-9]{0,2})(?: (?:năm|nam|years?))?", text)
    if years is None:
        raise MisuseError(
            "dossier.retention",
            _("“{text}” is not a time to keep a dossier: “Vĩnh viễn”, or a number of years such as “20 năm”.").format(
                text=text
            ),
        )
    return f"{int(years[1]):02d} năm"


def add(desk: Desk, dossier: Dossier, document: Document, *, paper_due: bool = False, dry_run: bool = False) -> Filed:
    """File a document; with a session, or if asked, its paper original becomes due on the side that issued it."""
    check_open(dossier)
    _check_fileable(desk.book, dossier, document)
    fresh = document.id not in {each.id for each in dossiers.contents(desk.book, dossier.id)}
    wanted = (dossier.session or paper_due) and document.medium == "electronic"
    agency = _original_of(desk, document) if wanted else None
    owed = agency if agency and not dossiers.has_paper(desk.book, document.id, agency) else None
    if not dry_run and (fresh or owed):
        with desk.lock(), desk.book.step():
            check_open(dossiers.get(desk.book, dossier.id))
            dossiers.put_in(desk.book, dossier, document.id, paper=owed)
            if owed:
                deliveries.owe_paper(desk.book, document.id, owed, 1, "session" if dossier.session else "dossier")
    return Filed(document, fresh, owed, wanted and agency is None)


def check_not_handed_over(dossier: Dossier) -> None:
    if dossier.state == "handed-over":
        raise ForbiddenError(
            "dossier.handed_over",
            _("Dossier {code} was handed over to the archive: nothing in it can change any more.").format(
                code=dossier.code
            ),
        )


def check_open(dossier: Dossier) -> None:
    check_not_handed_over(dossier)
    if dossier.state == "closed":
        raise ForbiddenError(
            "dossier.closed",
            _("Dossier {code} was closed: its documents stay as they are.").format(code=dossier.code),
            _("Open it again first: vanthu dossier close {code} --reopen --reason “…”").format(code=dossier.code),
        )


def _check_fileable(book: Book, dossier: Dossier, document: Document) -> None:
    if document.state not in REGISTERED:
        raise ForbiddenError(
            "dossier.not_registered",
            _("{name} is not registered ({state}): only registered documents lie in a dossier.").format(
                name=document.name, state=state_of(document)
            ),
            _("A document that waits is accepted first: vanthu inbox list"),
        )
    if len(dossiers.contents(book, dossier.id)) >= MOST_DOCUMENTS:
        raise ForbiddenError(
            "dossier.full",
            _("Dossier {code} holds {most} documents, as many as the decree can number.").format(
                code=dossier.code, most=MOST_DOCUMENTS
            ),
            _("Open a second one for the rest: vanthu dossier new"),
        )


def _original_of(desk: Desk, document: Document) -> str | None:
    """Return who owes us the paper original of an incoming document, or whom we owe that of ours."""
    if document.direction == "in":
        return document.agency_code or document.agency
    return desk.config.paper.session_to or None


def remove(desk: Desk, dossier: Dossier, document: Document, reason: str, *, dry_run: bool = False) -> str | None:
    """Take a document out. Return the agency whose paper original is no longer due, for it was only due because of this dossier."""
    check_open(dossier)
    reason = _reason(reason)
    if document.id not in {each.id for each in dossiers.contents(desk.book, dossier.id)}:
        raise MisuseError(
            "dossier.not_in",
            _("{name} does not lie in dossier {code}.").format(name=document.name, code=dossier.code),
            _("“vanthu dossier show {code}” lists what does.").format(code=dossier.code),
        )
    others = [each for each in dossiers.of_document(desk.book, document.id) if each.id != dossier.id and each.session]
    agency = None if others else dossiers.paper_made(desk.book, dossier, document.id)
    if dry_run:
        return agency
    with desk.lock(), desk.book.step():
        dossiers.take_out(desk.book, dossier, document.id, reason)
        withdrawn = agency is not None and dossiers.withdraw_paper(desk.book, document.id, agency)
    return agency if withdrawn else None


def _check_end(desk: Desk, dossier: Dossier, day: date) -> None:
    """Refuse an end before what lies in the dossier: the minutes of the hand-over would say so for ever."""
    last = max((each.day or "" for each in dossiers.contents(desk.book, dossier.id)), default="")
    if last > day.isoformat():
        raise MisuseError(
            "dossier.ended_before",
            _("The work cannot have ended on {day}: a document in it is of {last}.").format(
                day=f"{day:%d/%m/%Y}", last=day_shown(last)
            ),
        )


def close(desk: Desk, dossier: Dossier, ended: date | None, *, dry_run: bool = False) -> Dossier:
    """End a dossier: the work was done on `ended` (None: today). No document comes or goes from then on."""
    check_open(dossier)
    day = ended or today(desk.now)
    if day > today(desk.now):
        raise MisuseError(
            "dossier.future",
            _("The work cannot have ended on {day}: that is still to come.").format(day=f"{day:%d/%m/%Y}"),
        )
    _check_end(desk, dossier, day)
    if not dry_run:
        with desk.lock(), desk.book.step():
            dossiers.close(desk.book, dossier, day.isoformat())
        dossier = dossiers.get(desk.book, dossier.id)
    return dossier


def reopen(desk: Desk, dossier: Dossier, reason: str, *, dry_run: bool = False) -> Dossier:
    """Open a closed dossier again. When and why is added to its note: events hold no words."""
    check_not_handed_over(dossier)
    if dossier.state == "open":
        raise ForbiddenError("dossier.open", _("Dossier {code} is open.").format(code=dossier.code))
    note = _noted(desk, dossier.note, "Mở lại", f": {_reason(reason)}")
    if not dry_run:
        with desk.lock(), desk.book.step():
            dossiers.reopen(desk.book, dossier, note)
        dossier = dossiers.get(desk.book, dossier.id)
    return dossier


def amend(
    desk: Desk, dossier: Dossier, typed: Mapping[str, str], reason: str, *, dry_run: bool = False
) -> tuple[Dossier, dict[str, tuple[str | None, str | None]]]:
    """Write fields over; return the dossier, and what each was and became.

    Title and retention are reviewed when a dossier is closed (Đ29.4.b). What stood there before is kept in the note: events hold
    no words, and an archive sees what was changed.
    """
    check_not_handed_over(dossier)
    reason = _reason(reason)
    values = {name: _text(name, text) for name, text in typed.items()}
    differing = {
        name: (getattr(dossier, name), text) for name, text in values.items() if getattr(dossier, name) != text
    }
    if not differing:
        return dossier, {}
    was = [
        f"{_AMENDED[name]} " + (f"“{before}”" if before else "chưa có") for name, (before, _after) in differing.items()
    ]
    note = _noted(desk, values.get("note", dossier.note), "Sửa", f", trước đây: {', '.join(was)}, lý do: {reason}")
    changes: dict[str, Any] = {**values, "note": note}
    if not dry_run:
        with desk.lock(), desk.book.step():
            dossiers.amend(desk.book, dossier, changes)
    return replace(dossier, **changes), differing


def _noted(desk: Desk, note: str | None, what: str, more: str) -> str:
    """Return a note to which is added what was done today."""
    return "; ".join(filter(None, [note, f"{what} ngày {today(desk.now):%d/%m/%Y}{more}"]))


def check_session(book: Book, session: str) -> None:
    """Refuse a session whose dossier takes no documents any more: asked before a document of that session is numbered."""
    found = dossiers.known(book, session) if session else None
    if found is not None:
        check_open(found)


def file_issued(book: Book, session: str, document: int) -> None:
    """File a document into the dossier of its session, if there is one: inside the step that numbers it.

    Its paper original is entered by issuing itself. A dossier that was closed meanwhile does not stop a number.
    """
    found = dossiers.known(book, session) if session else None
    if found is not None and found.state == "open":
        dossiers.put_in(book, found, document)
