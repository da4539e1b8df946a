"""Documents and the numbers they hold. Every function that writes is called inside `book.step()`."""

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any, Literal, NamedTuple, cast
from unicodedata import normalize

from vanthu_cli.document.life import Event, State, move
from vanthu_cli.document.symbol import DocumentNumber, parse_number
from vanthu_cli.document.text import fold, storable
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register import indexing, numbers
from vanthu_cli.register.book import Book, stored

_ID = "[0-9]{1,15}"
_ARRIVAL = "den/[0-9]{1,15}"
Direction = Literal["in", "out"]
_WRITABLE = (
    "file", "source_sha256", "signed_sha256", "sha256", "number", "symbol", "day", "agency", "agency_code", "doc_type", "subject",
    "signer", "urgency", "session", "arrival_number", "sender", "verdict", "fields", "judgement", "flags", "reason",
    "copy", "medium", "signer_title", "pages", "language", "places", "keeper", "copies", "passed_on", "due", "progress", "done_on",
    "note",
)  # fmt: skip


class Document(NamedTuple):  # not a dataclass: 38 fields would cost every command 2 ms
    """A row of the register. Days are ISO; `places` is nơi nhận, or the unit that got what came in; `fields`, `judgement` and `flags` are as in contract.md.

    These three stay JSON until they are asked for: most of the time of a long list was theirs.
    """

    id: int
    direction: Direction
    state: State
    file: str | None
    source_sha256: str | None
    signed_sha256: str | None
    sha256: str | None
    number: int | None
    symbol: str | None
    day: str | None
    agency: str | None
    agency_code: str | None
    doc_type: str | None
    subject: str | None
    signer: str | None
    urgency: str | None
    session: str | None
    arrival_number: int | None
    arrived_at: str
    sender: str | None
    verdict: str | None
    fields_json: str
    judgement_json: str
    flags_json: str
    reason: str | None
    copy: str | None
    medium: str
    signer_title: str | None
    pages: int | None
    language: str | None
    places: str | None
    keeper: str | None
    copies: int | None
    passed_on: str | None
    due: str | None
    progress: str | None
    done_on: str | None
    note: str | None

    @property
    def fields(self) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", json.loads(self.fields_json))

    @property
    def judgement(self) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", json.loads(self.judgement_json))

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(json.loads(self.flags_json))

    @property
    def name(self) -> str:
        """Number and symbol ("145-CV/TU") where known, else the file, else the id."""
        if self.number is not None and self.symbol is not None:
            return str(DocumentNumber(self.number, self.symbol))
        return self.file or f"#{self.id}"


COLUMNS = ", ".join(f"d.{name.removesuffix('_json')}" for name in Document._fields)
SELECT = f"SELECT {COLUMNS} FROM document d"


def _document(row: sqlite3.Row) -> Document:
    return Document(*row)


def add(book: Book, direction: Direction, event: Event, *, arrived_at: str, **values: object) -> int:
    """Enter a document; `event` is its first ("arrive" or "number"), `arrived_at` ISO 8601. Return its id."""
    state = move(None, event)
    given = {"direction": direction, "state": state, "arrived_at": stored(datetime.fromisoformat(arrived_at))}
    given |= _written(values)
    cursor = book.connection.execute(
        f"INSERT INTO document ({', '.join(given)}, salt)"
        f" VALUES ({', '.join(f':{name}' for name in given)}, lower(hex(randomblob(8))))",
        given,
    )
    return cast("int", cursor.lastrowid)


def _written(values: Mapping[str, object]) -> dict[str, Any]:
    """Return columns as they are stored; only those that may be written."""
    unknown = values.keys() - set(_WRITABLE)
    if unknown:
        raise TypeError(f"no columns of a document: {', '.join(sorted(unknown))}")
    return {name: _encoded(name, value) for name, value in values.items()}


def update(book: Book, identity: int, **values: object) -> None:
    """Set columns of a document."""
    encoded = _written(values)
    if encoded:
        assignments = ", ".join(f"{name} = :{name}" for name in encoded)
        book.connection.execute(f"UPDATE document SET {assignments} WHERE id = :id", {**encoded, "id": identity})


def set_text(book: Book, identity: int, text: str) -> None:
    """Keep the text of a document's pages, so that its words find it; "" takes it away."""
    indexing.set_text(book.connection, identity, storable(text))


def _encoded(name: str, value: object) -> object:
    if name in {"fields", "judgement", "flags"}:
        value = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, str) and not value.isascii():
        value = normalize("NFC", value)
    return storable(value)


def viewed(book: Book, document: Document, *, saved: bool) -> None:
    """Note who looked at a document, or took its file out (access history, NĐ 30/2020 Phụ lục VI III.6.l)."""
    with book.step():
        book.event("save" if saved else "view", f"document:{document.id}", {})


def advance(book: Book, identity: int, event: Event, data: Mapping[str, object] | None = None) -> State:
    """Move a document on and record it; `ForbiddenError` if its state does not allow it."""
    state = move(get(book, identity).state, event)
    book.connection.execute("UPDATE document SET state = ? WHERE id = ?", (state, identity))
    book.event(event, f"document:{identity}", data or {})
    return state


def get(book: Book, identity: int) -> Document:
    row = book.connection.execute(f"{SELECT} WHERE id = ?", (identity,)).fetchone()
    if row is None:
        raise MisuseError("register.not_found", _("There is no document {id} in the register.").format(id=identity))
    return _document(row)


def find(book: Book, text: str) -> Document:
    """Find one document by what a clerk types: its id ("12"), its number ("145-CV/TU", "145-cv/tu"), or "den/310".

    An outgoing document goes before an incoming one of the same number. `MisuseError` "document.number",
    "register.not_found" or "register.ambiguous".
    """
    if re.fullmatch(_ID, text):
        return get(book, int(text))
    if re.fullmatch(_ARRIVAL, text):
        rows = book.connection.execute(
            f"{SELECT} WHERE direction = 'in' AND arrival_number = ? ORDER BY id DESC", (int(text[4:]),)
        ).fetchall()
    else:
        rows = _numbered(book, parse_number(text))
    if not rows:
        raise MisuseError(
            "register.not_found", _("“{text}” is not in the register.").format(text=text), _reserved(book, text)
        )
    if len(rows) > 1:
        ids = ", ".join(str(row["id"]) for row in rows)
        raise MisuseError(
            "register.ambiguous",
            _("“{text}” stands for several documents.").format(text=text),
            _("Name one by its id: {ids}").format(ids=ids),
        )
    return _document(rows[0])


def _reserved(book: Book, text: str) -> str:
    """Say of a number that is reserved for a secret document that this is so: nothing else stands here of it."""
    if re.fullmatch(_ARRIVAL, text):
        return ""
    wanted = parse_number(text)
    if not numbers.is_reserved(book, wanted.value, wanted.symbol):
        return ""
    return _("The number is reserved for a secret document, of which nothing else stands here.")


def _numbered(book: Book, wanted: DocumentNumber) -> list[sqlite3.Row]:
    """Return the rows of a number: of this very symbol, else of one that differs in capitals and diacritics only."""
    rows = book.connection.execute(
        f"{SELECT} WHERE number = ? AND symbol IS NOT NULL ORDER BY direction DESC, id DESC",
        (wanted.value,),
    ).fetchall()
    exact = [row for row in rows if row["symbol"] == wanted.symbol]
    alike = exact or [row for row in rows if fold(row["symbol"]) == fold(wanted.symbol)]
    return [row for row in alike if row["direction"] == "out"] or alike


def by_source(book: Book, source_sha256: str, copy: str | None = None) -> Document | None:
    """Return the document that was issued from a file, or the copy of that form that was made of it."""
    row = book.connection.execute(
        f"{SELECT} WHERE direction = 'out' AND source_sha256 = ? AND copy IS ?", (source_sha256, copy)
    ).fetchone()
    return _document(row) if row else None


def by_bytes(book: Book, sha256: str, direction: Direction) -> Document | None:
    row = book.connection.execute(
        f"{SELECT} WHERE direction = ? AND sha256 = ? ORDER BY id LIMIT 1", (direction, sha256)
    ).fetchone()
    return _document(row) if row else None


def same_number(book: Book, *, number: int, symbol: str, agency_code: str | None, day: str | None) -> list[Document]:
    """Return incoming documents with the same number, symbol, agency and date (NĐ 30/2020 Phụ lục VI III.1.h)."""
    rows = book.connection.execute(
        f"{SELECT} WHERE direction = 'in' AND number = ? AND symbol = ? AND agency_code IS ? AND day IS ?",
        (number, symbol, agency_code, day),
    ).fetchall()
    return [_document(row) for row in rows]


def by_number(book: Book, number: int, symbol: str, direction: Direction) -> list[Document]:
    rows = book.connection.execute(
        f"{SELECT} WHERE number = ? AND symbol = ? AND direction = ? ORDER BY id", (number, symbol, direction)
    )
    return [_document(row) for row in rows]


def issuer_of(book: Book, agency_symbol: str) -> str | None:
    """Return under which name documents of an agency part of our symbols (TU) were issued last."""
    row = book.connection.execute(
        "SELECT agency FROM document WHERE direction = 'out' AND symbol LIKE '%/' || ? AND medium = 'electronic' ORDER BY id DESC LIMIT 1",
        (agency_symbol,),
    ).fetchone()
    return row[0] if row else None


def named(book: Book, number: str, symbol: str, agency_code: str | None = None) -> list[Document]:
    """Return incoming documents, of one agency or of any, with a number ("145") and symbol ("CV/TU"), the newest first."""
    if not (number.isascii() and number.isdecimal()):
        return []
    rows = book.connection.execute(
        f"{SELECT} WHERE direction = 'in' AND number = :number AND symbol IS NOT NULL"
        " AND (:agency IS NULL OR agency_code = :agency) ORDER BY id DESC",
        {"number": int(number), "agency": agency_code},
    ).fetchall()
    return [_document(row) for row in rows if fold(row["symbol"]) == fold(symbol)]


def issued(book: Book, number: str, symbol: str) -> list[Document]:
    """Return outgoing documents with a number ("145") and symbol ("CV/TU"), the newest first."""
    if not (number.isascii() and number.isdecimal()):
        return []
    rows = book.connection.execute(
        f"{SELECT} WHERE direction = 'out' AND number = ? AND symbol IS NOT NULL ORDER BY id DESC", (int(number),)
    ).fetchall()
    return [_document(row) for row in rows if fold(row["symbol"]) == fold(symbol)]


def renewed(book: Book) -> dict[int, str]:
    """Return, by document, the SHA-256 of the copy with the latest archive time stamp, of those that have one."""
    rows = book.connection.execute("SELECT document, sha256 FROM renewal ORDER BY id")
    return {row[0]: row[1] for row in rows}


def renewals(book: Book, identity: int) -> list[str]:
    """Return the SHA-256 of every copy of a document with a later archive time stamp, the oldest first."""
    rows = book.connection.execute("SELECT sha256 FROM renewal WHERE document = ? ORDER BY id", (identity,))
    return [row[0] for row in rows]


def renew(book: Book, identity: int, sha256: str, made_at: str) -> None:
    """Enter a copy of the document's file that is provable for longer."""
    book.connection.execute(
        "INSERT INTO renewal (document, sha256, made_at) VALUES (?, ?, ?)", (identity, sha256, made_at)
    )
    book.event("renew", f"document:{identity}", {"sha256": sha256})


def arrivals(book: Book) -> dict[str, datetime]:
    """Return when the register first held each incoming document's bytes: proof of existence for `verify`."""
    rows = book.connection.execute(
        "SELECT document.sha256, MIN(event.at) FROM document JOIN event ON event.subject = 'document:' || document.id"
        " WHERE document.direction = 'in' AND document.sha256 IS NOT NULL GROUP BY document.sha256"
    )
    return {row[0]: datetime.fromisoformat(row[1]) for row in rows}


def attach(
    book: Book, identity: int, files: Sequence[tuple[str, str]], *, source: str | None = None, kinds: Sequence[str] = ()
) -> None:
    """Enter what goes with a document: (SHA-256, file name) each. `source`: what the clerk gave, if that is another file.

    `kinds`: what each file is by its content, of those that came.
    """
    book.connection.executemany(
        "INSERT INTO attachment (document, sha256, file, source_sha256, kind) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (identity, sha256, storable(name), source or sha256, kind)
            for (sha256, name), kind in zip_longest(files, kinds)
        ],
    )


def exchange_attachment(book: Book, identity: int, before: str, after: str) -> None:
    """Put the signed file in the place of the one that the clerk gave."""
    book.connection.execute(
        "UPDATE attachment SET sha256 = :after WHERE document = :document AND sha256 = :before",
        {"document": identity, "before": before, "after": after},
    )


def attachment_sources(book: Book, identity: int) -> set[str]:
    """Return the SHA-256 of the files as the clerk gave them."""
    rows = book.connection.execute(
        "SELECT COALESCE(source_sha256, sha256) FROM attachment WHERE document = ?", (identity,)
    )
    return {row[0] for row in rows}


def attachments(book: Book, identity: int) -> list[tuple[str, str]]:
    rows = book.connection.execute("SELECT sha256, file FROM attachment WHERE document = ? ORDER BY rowid", (identity,))
    return [(row["sha256"], row["file"]) for row in rows]


def attachment_kinds(book: Book, identity: int) -> dict[str, str | None]:
    """Return what the files that came with a document are, by SHA-256."""
    rows = book.connection.execute("SELECT sha256, kind FROM attachment WHERE document = ?", (identity,))
    return {row[0]: row[1] for row in rows}


def file_users(book: Book, sha256: str) -> int:
    """Return how many rows still name a file of the cabinet."""
    row = book.connection.execute(
        "SELECT (SELECT COUNT(*) FROM document WHERE :f IN (sha256, source_sha256, signed_sha256))"
        " + (SELECT COUNT(*) FROM attachment WHERE sha256 = :f)"
        " + (SELECT COUNT(*) FROM message WHERE sha256 = :f)"
        " + (SELECT COUNT(*) FROM delivery WHERE letter = :f)"
        " + (SELECT COUNT(*) FROM renewal WHERE sha256 = :f)",
        {"f": sha256},
    ).fetchone()
    return int(row[0])


def files(book: Book) -> list[str]:
    """Return the SHA-256 of every file that the register names and that was not destroyed on purpose."""
    return files_of(book.connection)


def files_of(connection: sqlite3.Connection) -> list[str]:
    """Return the same of a register that is open for reading only."""
    rows = connection.execute(
        "SELECT sha256 FROM document UNION SELECT source_sha256 FROM document UNION SELECT signed_sha256 FROM document"
        " UNION SELECT sha256 FROM attachment UNION SELECT sha256 FROM message UNION SELECT letter FROM delivery"
        " UNION SELECT sha256 FROM renewal EXCEPT SELECT sha256 FROM destroyed"
    )
    return [row[0] for row in rows if row[0]]


def blank(book: Book, identity: int, *, flags: Sequence[str] = ("secret-mark",), kept: Sequence[str] = ()) -> None:
    """Take everything that could tell a document's content out of its row; sender, arrival number and `kept` columns stay.

    A secret (contract.md, `fetch`), or one that was recalled (NĐ 30/2020 Phụ lục VI III.8.b-c).
    """
    staying = {"fields", "judgement", "flags", "medium", "sender", "arrival_number", *kept}
    empty = {name: None for name in _WRITABLE if name not in staying}
    update(book, identity, **empty, fields={}, judgement={}, flags=list(flags))
    indexing.set_text(book.connection, identity, "")
    # With their salt goes every possibility to try guesses on the digests that the chain keeps of what stood here.
    book.connection.execute("UPDATE document SET salt = lower(hex(randomblob(8))) WHERE id = ?", (identity,))
    book.connection.execute(
        "UPDATE amendment SET before = NULL, after = NULL, reason = NULL, salt = lower(hex(randomblob(8))) WHERE document = ?",
        (identity,),
    )
    for table in ("attachment", "renewal", "sighting"):
        book.connection.execute(f"DELETE FROM {table} WHERE document = ?", (identity,))
