"""What goes out, recipient by recipient, and the evidence that came back. Writers are called inside `book.step()`."""

import sqlite3
from dataclasses import dataclass
from typing import Literal, cast

from vanthu_cli.document.life import STRENGTH, DeliveryState
from vanthu_cli.document.text import storable
from vanthu_cli.register.book import Book

Purpose = Literal["document", "answer", "recall", "reminder"]
ReceiptKind = Literal["status", "dsn", "mdn", "reply"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One letter to one recipient. `answer` is the server's or receiver's words, `code` the edXML status that an answer tells.

    Its bytes are `head` and the file of the cabinet that `letter` names (SHA-256): letters to many agencies share that file.
    `attempts` were made; it is not to be tried again by itself before `due` (stored time; None: at once).
    """

    id: int
    purpose: Purpose
    document: int
    agency: str | None
    channel: str
    address: str
    message_id: str
    head: bytes
    letter: str
    state: DeliveryState
    at: str
    answer: str | None
    attempts: int
    due: str | None
    code: str | None


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(**{name: row[name] for name in row.keys()})  # noqa: SIM118  a Row iterates its values


def queue(
    book: Book,
    purpose: Purpose,
    document: int,
    *,
    agency: str | None,
    channel: str,
    address: str,
    message_id: str,
    head: bytes,
    letter: str,
    code: str | None = None,
) -> int:
    """Enter a letter to be sent. Message-ID and bytes are fixed from here on (house.md, law 3)."""
    cursor = book.connection.execute(
        "INSERT INTO delivery (purpose, document, agency, channel, address, message_id, head, letter, state, at, code)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?)",
        (purpose, document, agency, channel, address, message_id, head, letter, book.at, code),
    )
    return cast("int", cursor.lastrowid)


def record(
    book: Book, identity: int, state: DeliveryState, answer: str | None = None, *, at: str | None = None
) -> None:
    """Set the state of a delivery and record it. `at` is when that was said (stored time), if not by this run's clock."""
    document = book.connection.execute(
        "UPDATE delivery SET state = ?, at = ?, answer = COALESCE(?, answer) WHERE id = ? RETURNING document",
        (state, at or book.at, storable(answer), identity),
    ).fetchone()[0]
    said = {"delivery": identity, "answer": answer} | ({"at": at} if at else {})
    book.event(f"delivery-{state}", f"document:{document}", said)


def attempted(book: Book, identity: int, *, answer: str, due: str | None) -> None:
    """Note that a server said “later”: the letter stays queued, and is not tried again by itself before `due`."""
    document = book.connection.execute(
        "UPDATE delivery SET state = 'queued', at = ?, answer = ?, attempts = attempts + 1, due = ? WHERE id = ?"
        " RETURNING document",
        (book.at, storable(answer), due, identity),
    ).fetchone()[0]
    book.event("delivery-later", f"document:{document}", {"delivery": identity, "answer": answer, "due": due})


def carried(book: Book, identity: int, answer: str) -> None:
    """Note that a letter lies in a folder; it stays queued until its answer comes back. Nothing is said twice."""
    row = book.connection.execute(
        "UPDATE delivery SET state = 'queued', at = :at, answer = :answer WHERE id = :id AND answer IS NOT :answer"
        " RETURNING document",
        {"at": book.at, "answer": storable(answer), "id": identity},
    ).fetchone()
    if row:
        book.event("delivery-carried", f"document:{row[0]}", {"delivery": identity})


def readdress(
    book: Book, identity: int, *, channel: str, address: str, message_id: str, head: bytes, letter: str
) -> None:
    """Queue a failed delivery anew with a new letter; what it was stands in the event."""
    row = book.connection.execute("SELECT address, message_id FROM delivery WHERE id = ?", (identity,)).fetchone()
    document = book.connection.execute(
        "UPDATE delivery SET channel = ?, address = ?, message_id = ?, head = ?, letter = ?, state = 'queued', at = ?,"
        " answer = NULL, attempts = 0, due = NULL WHERE id = ? RETURNING document",
        (channel, address, message_id, head, letter, book.at, identity),
    ).fetchone()[0]
    before = {"delivery": identity, "address": row["address"], "message_id": row["message_id"]}
    book.event("delivery-readdressed", f"document:{document}", before)


def receive(
    book: Book, delivery: Delivery, message: int, *, kind: ReceiptKind, state: DeliveryState, detail: str | None
) -> None:
    """Enter an answer; the delivery moves only if the answer is stronger evidence than what the register has by now."""
    book.connection.execute(
        "INSERT INTO receipt (delivery, message, kind, state, detail) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (delivery.id, message, kind, state, storable(detail)),
    )
    known = book.connection.execute("SELECT state FROM delivery WHERE id = ?", (delivery.id,)).fetchone()[0]
    if STRENGTH[state] > STRENGTH[known]:
        record(book, delivery.id, state, detail)


def _select(book: Book, where: str, *values: object) -> list[Delivery]:
    return [
        _delivery(row) for row in book.connection.execute(f"SELECT * FROM delivery WHERE {where} ORDER BY id", values)
    ]


def of_document(book: Book, document: int, *purposes: Purpose) -> list[Delivery]:
    """Return the letters about a document: those that carry it, unless other purposes are named."""
    asked = purposes or ("document",)
    return _select(book, f"document = ? AND purpose IN ({', '.join('?' for _each in asked)})", document, *asked)


def in_states(book: Book, *states: str, purpose: Purpose | None = None) -> list[Delivery]:
    marks = ", ".join("?" for _state in states)
    if purpose:
        return _select(book, f"state IN ({marks}) AND purpose = ?", *states, purpose)
    return _select(book, f"state IN ({marks})", *states)


def due(book: Book, *purposes: Purpose) -> list[Delivery]:
    """Return the queued letters that may be tried now, in the order of queueing; of all purposes unless some are named."""
    where = f" AND purpose IN ({', '.join('?' for _each in purposes)})" if purposes else ""
    return _select(book, f"state = 'queued' AND (due IS NULL OR due <= ?){where}", book.at, *purposes)


def answers_since(book: Book, address: str, moment: str) -> int:
    """Return how many answers to an address were queued since a stored time."""
    row = book.connection.execute(
        "SELECT COUNT(*) FROM delivery WHERE purpose = 'answer' AND lower(address) = ? AND at >= ?",
        (address.lower(), moment),
    ).fetchone()
    return int(row[0])


def receipts(book: Book, delivery: int) -> list[sqlite3.Row]:
    """Return what came back about a letter, oldest first: kind, state, detail, and of its message id, sender, time, SHA-256."""
    return book.connection.execute(
        "SELECT receipt.kind, receipt.state, receipt.detail, message.id AS message, message.sender, message.received_at,"
        " message.sha256 FROM receipt JOIN message ON message.id = receipt.message WHERE receipt.delivery = ?"
        " ORDER BY message.received_at, receipt.id",
        (delivery,),
    ).fetchall()


def replies(book: Book) -> dict[int, str]:
    """Return what persons wrote last about letters that nobody has acknowledged yet, by letter."""
    rows = book.connection.execute(
        "SELECT delivery.id, receipt.detail FROM receipt JOIN delivery ON delivery.id = receipt.delivery"
        " WHERE receipt.kind = 'reply' AND receipt.detail <> 'own-document' AND delivery.purpose = 'document'"
        " AND delivery.state IN ('handed-over', 'delivered') ORDER BY receipt.id"
    )
    return {row[0]: row[1] for row in rows}


def by_message_id(book: Book, message_id: str) -> Delivery | None:
    found = _select(book, "message_id = ?", message_id)
    return found[0] if found else None


def by_answer(book: Book, words: str) -> Delivery | None:
    """Return the letter that was handed over with an answer that holds these words: the axis names a package by its docId."""
    found = _select(book, "state = 'handed-over' AND instr(answer, ?) > 0", words) if words else []
    return found[0] if len(found) == 1 else None


def owe_paper(book: Book, document: int, agency: str, copies: int, reason: str) -> None:
    cursor = book.connection.execute(
        "INSERT INTO paper (document, agency, copies, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (document, agency, copies, reason),
    )
    if cursor.rowcount:
        book.event("paper-owed", f"document:{document}", {"agency": agency, "copies": copies, "reason": reason})


def paper_owed(book: Book, document: int | None = None) -> list[sqlite3.Row]:
    """Return the paper originals still owed, of one document or of all; `side` tells whether by us or, of what came, to us ("due")."""
    return book.connection.execute(
        "SELECT paper.*, CASE document.direction WHEN 'in' THEN 'due' ELSE 'owed' END AS side FROM paper"
        " JOIN document ON document.id = paper.document"
        " WHERE settled_at IS NULL AND (:document IS NULL OR document = :document) ORDER BY paper.id",
        {"document": document},
    ).fetchall()


def settle_paper(book: Book, document: int, agency: str) -> bool:
    """Tick a paper original off as handed over; False if none was owed."""
    cursor = book.connection.execute(
        "UPDATE paper SET settled_at = ? WHERE document = ? AND agency = ? AND settled_at IS NULL",
        (book.at, document, agency),
    )
    if cursor.rowcount:
        book.event("paper-settled", f"document:{document}", {"agency": agency})
    return bool(cursor.rowcount)
