"""Dossiers (hồ sơ): the documents of one matter or session (NĐ 30/2020 Đ28-31). Writers are called inside `book.step()`.

A document lies in as many dossiers as it belongs to, without being copied (Phụ lục VI III.4.e). Events hold ids and hashes, no words.
"""

import hashlib
import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from vanthu_cli.document.text import storable
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register.book import Book, history
from vanthu_cli.register.documents import COLUMNS, Document
from vanthu_cli.rules.deadlines import today

DossierState = Literal["open", "closed", "handed-over"]
_COLUMNS = (
    "id", "code", "title", "year", "retention", "rights", "creator", "language", "session", "state", "started", "ended", "keywords",
    "note",
)  # fmt: skip
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM dossier"
_OF_A_YEAR = re.compile(r"([0-9]{4})/(.+)")


@dataclass(frozen=True, slots=True)
class Dossier:
    """A dossier. `code` is its number and symbol ("01.TCCB"); days are ISO, `ended` is the day on which the work ended."""

    id: int
    code: str
    title: str
    year: int
    retention: str
    rights: str | None
    creator: str | None
    language: str | None
    session: bool
    state: DossierState
    started: str
    ended: str | None
    keywords: str | None
    note: str | None

    @property
    def subject(self) -> str:
        """What its events are about."""
        return f"dossier:{self.id}"


@dataclass(frozen=True, slots=True)
class Listed:
    """A dossier as it stands in a list: how many documents and known pages, and when something last happened to it (stored time)."""

    dossier: Dossier
    documents: int
    pages: int
    changed_at: str


def _dossier(row: sqlite3.Row) -> Dossier:
    values = {name: row[name] for name in _COLUMNS}
    return Dossier(**(values | {"session": bool(row["session"])}))


def new(book: Book, **values: object) -> Dossier:
    """Open a dossier with these columns; `MisuseError` "dossier.exists" if the code is taken."""
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    try:
        cursor = book.connection.execute(
            f"INSERT INTO dossier ({columns}, salt) VALUES ({marks}, lower(hex(randomblob(8))))",
            {name: storable(value) for name, value in values.items()},
        )
    except sqlite3.IntegrityError as error:
        raise taken(str(values["code"])) from error
    made = get(book, cast("int", cursor.lastrowid))
    book.event("dossier-new", made.subject, {"session": made.session, "year": made.year})
    return made


def taken(code: str) -> MisuseError:
    return MisuseError(
        "dossier.exists",
        _("There is a dossier {code} already.").format(code=code),
        _("“vanthu dossier list” shows all."),
    )


def get(book: Book, identity: int) -> Dossier:
    return _dossier(book.connection.execute(f"{_SELECT} WHERE id = ?", (identity,)).fetchone())


def known(book: Book, text: str) -> Dossier | None:
    """Return the dossier of that code, of the latest year that has one; "2025/01.TCCB" names the year."""
    wanted = " ".join(text.split())
    row = book.connection.execute(f"{_SELECT} WHERE code = ? ORDER BY year DESC LIMIT 1", (wanted,)).fetchone()
    named = _OF_A_YEAR.fullmatch(wanted)
    if row is None and named:
        row = book.connection.execute(f"{_SELECT} WHERE year = ? AND code = ?", (int(named[1]), named[2])).fetchone()
    return _dossier(row) if row else None


def find(book: Book, text: str) -> Dossier:
    found = known(book, text)
    if found is None:
        raise MisuseError(
            "dossier.unknown",
            _("There is no dossier {code}.").format(code=text),
            _("“vanthu dossier list” shows all. To open it: vanthu dossier new {code} --title “…”").format(code=text),
        )
    return found


def listing(book: Book) -> list[Listed]:
    """Return all dossiers, the latest year first, with what they hold."""
    rows = book.connection.execute(
        "SELECT dossier.*, (SELECT COUNT(*) FROM filing WHERE filing.dossier = dossier.id) AS documents,"
        " (SELECT COALESCE(SUM(document.pages), 0) FROM filing JOIN document ON document.id = filing.document"
        " WHERE filing.dossier = dossier.id) AS page_total,"
        " (SELECT MAX(event.at) FROM event WHERE event.subject = 'dossier:' || dossier.id) AS changed_at"
        " FROM dossier ORDER BY dossier.year DESC, dossier.code"
    )
    return [Listed(_dossier(row), row["documents"], row["page_total"], row["changed_at"] or "") for row in rows]


def contents(book: Book, dossier: int) -> list[Document]:
    """Return the documents of a dossier in the order in which they came into being (Phụ lục VI III.4.g)."""
    rows = book.connection.execute(
        f"SELECT {COLUMNS} FROM filing JOIN document d ON d.id = filing.document WHERE filing.dossier = ?", (dossier,)
    )
    return sorted((Document(*row) for row in rows), key=_when)


def _when(document: Document) -> tuple[str, str, int]:
    """Return what orders documents: their own day, else the one on which they came."""
    day = document.day or today(datetime.fromisoformat(document.arrived_at)).isoformat()
    return day, document.arrived_at, document.id


def of_document(book: Book, document: int) -> list[Dossier]:
    """Return the dossiers in which a document lies."""
    columns = ", ".join(f"dossier.{name}" for name in _COLUMNS)
    rows = book.connection.execute(
        f"SELECT {columns} FROM dossier JOIN filing ON filing.dossier = dossier.id"
        " WHERE filing.document = ? ORDER BY dossier.id",
        (document,),
    )
    return [_dossier(row) for row in rows]


def put_in(book: Book, dossier: Dossier, document: int, *, paper: str | None = None) -> bool:
    """File a document; False if it lies there already. `paper`: the agency whose paper original became due with it."""
    cursor = book.connection.execute(
        "INSERT INTO filing (dossier, document, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (dossier.id, document, book.at),
    )
    if cursor.rowcount:
        book.event("dossier-add", dossier.subject, {"document": document, "paper": paper})
    return bool(cursor.rowcount)


def take_out(book: Book, dossier: Dossier, document: int, reason: str) -> bool:
    """Take a document out of a dossier; False if it is not in it. The reason stands beside the document, and goes with it."""
    cursor = book.connection.execute("DELETE FROM filing WHERE dossier = ? AND document = ?", (dossier.id, document))
    if not cursor.rowcount:
        return False
    book.connection.execute(
        "INSERT INTO amendment (document, field, before, reason, at, who, salt)"
        " VALUES (?, 'dossier', ?, ?, ?, ?, lower(hex(randomblob(8))))",
        (document, dossier.code, storable(reason), book.at, book.who),
    )
    book.event("dossier-remove", dossier.subject, {"document": document})
    return True


def paper_made(book: Book, dossier: Dossier, document: int) -> str | None:
    """Return the agency whose paper original became due when the document was filed here last, None if none did."""
    added = [json.loads(row["data"]) for row in history(book, dossier.subject) if row["kind"] == "dossier-add"]
    papers = [each["paper"] for each in added if each["document"] == document]
    return papers[-1] if papers else None


def has_paper(book: Book, document: int, agency: str) -> bool:
    """Tell whether a paper original of the document is or was due on either side, with that agency on the other."""
    row = book.connection.execute(
        "SELECT 1 FROM paper WHERE document = ? AND agency = ?", (document, agency)
    ).fetchone()
    return row is not None


def withdraw_paper(book: Book, document: int, agency: str) -> bool:
    """Take a paper original off the list that is no longer due; False if it was handed over, or is not there."""
    cursor = book.connection.execute(
        "DELETE FROM paper WHERE document = ? AND agency = ? AND settled_at IS NULL", (document, agency)
    )
    if cursor.rowcount:
        book.event("paper-withdrawn", f"document:{document}", {"agency": agency})
    return bool(cursor.rowcount)


def papers(book: Book, dossier: int) -> list[sqlite3.Row]:
    """Return every paper original due or handed over for the documents of a dossier: columns of paper, and `direction`.

    Of an incoming document `agency` owes it to us, of an outgoing one we owe it to the agency.
    """
    return book.connection.execute(
        "SELECT paper.*, document.direction FROM filing JOIN paper ON paper.document = filing.document"
        " JOIN document ON document.id = paper.document WHERE filing.dossier = ? ORDER BY paper.document, paper.id",
        (dossier,),
    ).fetchall()


def links(book: Book, dossier: int) -> list[sqlite3.Row]:
    """Return the links from and to the documents of a dossier: document, kind, other."""
    return book.connection.execute(
        "SELECT document, kind, other FROM link WHERE EXISTS (SELECT 1 FROM filing WHERE filing.dossier = :dossier"
        " AND filing.document IN (link.document, link.other)) ORDER BY document, kind, other",
        {"dossier": dossier},
    ).fetchall()


def close(book: Book, dossier: Dossier, ended: str) -> None:
    book.connection.execute("UPDATE dossier SET state = 'closed', ended = ? WHERE id = ?", (ended, dossier.id))
    book.event("dossier-close", dossier.subject, {"ended": ended})


def reopen(book: Book, dossier: Dossier, note: str) -> None:
    """Open a closed dossier again; `note`, in which the reason stands, takes the place of its note."""
    book.connection.execute(
        "UPDATE dossier SET state = 'open', ended = NULL, note = ? WHERE id = ?", (storable(note), dossier.id)
    )
    book.event("dossier-reopen", dossier.subject, {})


def amend(book: Book, dossier: Dossier, changes: Mapping[str, str | None]) -> None:
    """Write columns over. The event holds the SHA-256 of what stood there; its words belong into the note, which is among them."""
    columns = ", ".join(f"{name} = :{name}" for name in changes)
    values = {name: storable(value) for name, value in changes.items()}
    book.connection.execute(f"UPDATE dossier SET {columns} WHERE id = :id", {**values, "id": dossier.id})
    before = {name: hashlib.sha256((getattr(dossier, name) or "").encode()).hexdigest() for name in changes}
    book.event("dossier-amend", dossier.subject, {"before": before})


def exported(book: Book, dossier: Dossier, form: str, sha256: str) -> None:
    """Record what was written out: its form ("pdf", "xml", "xlsx", "folder") and SHA-256."""
    book.event("dossier-export", dossier.subject, {"form": form, "sha256": sha256})


def hand_over(book: Book, dossier: Dossier, manifest: str) -> None:
    """Note that the dossier went to the archive; `manifest` is the SHA-256 of the package's list of files."""
    book.connection.execute("UPDATE dossier SET state = 'handed-over' WHERE id = ?", (dossier.id,))
    book.event("dossier-hand-over", dossier.subject, {"manifest": manifest})


def last_event(book: Book, dossier: Dossier) -> int:
    """Return the id of the latest event about a dossier's contents: reading it out changes nothing."""
    row = book.connection.execute(
        "SELECT MAX(id) FROM event WHERE subject = ? AND kind <> 'dossier-export'", (dossier.subject,)
    ).fetchone()
    return int(row[0] or 0)
