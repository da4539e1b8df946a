"""What goes out, recipient by recipient, and the evidence that came back. Writers are called inside `book.step()`."""

import sqlite3
from dataclasses import dataclass
from typing import Literal, cast

from vanthu_cli.document.life import STRENGTH, DeliveryState
from vanthu_cli.document.text import storable
from vanthu_cli.register.book import Book

Purpose = Literal["document", "answer"]
ReceiptKind = Literal["status", "dsn", "mdn", "reply"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One letter to one recipient. `letter` is the SHA-256 of its fixed bytes; `answer` the server's or receiver's words."""

    id: int
    purpose: Purpose
    document: int
    agency: str | None
    channel: str
    address: str
    message_id: str
    letter: str
    state: DeliveryState
    at: str
    answer: str | None


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
    letter: str,
) -> int:
    """Enter a letter to be sent. Message-ID and bytes are fixed from here on (house.md, law 3)."""
    cursor = book.connection.execute(
        "INSERT INTO delivery (purpose, document, agency, channel, address, message_id, letter, state, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', ?)",
        (purpose, document, agency, channel, address, message_id, letter, book.at),
    )
    return cast("int", cursor.lastrowid)


def record(book: Book, identity: int, state: DeliveryState, answer: str | None = None) -> None:
    """Set the state of a delivery and record it."""
    document = book.connection.execute(
        "UPDATE delivery SET state = ?, at = ?, answer = COALESCE(?, answer) WHERE id = ? RETURNING document",
        (state, book.at, storable(answer), identity),
    ).fetchone()[0]
    book.event(f"delivery-{state}", f"document:{document}", {"delivery": identity, "answer": answer})


def readdress(book: Book, identity: int, *, channel: str, address: str, message_id: str, letter: str) -> None:
    """Queue a failed delivery anew with a new letter; what it was stands in the event."""
    row = book.connection.execute("SELECT address, message_id FROM delivery WHERE id = ?", (identity,)).fetchone()
    document = book.connection.execute(
        "UPDATE delivery SET channel = ?, address = ?, message_id = ?, letter = ?, state = 'queued', at = ?, answer = NULL"
        " WHERE id = ? RETURNING document",
        (channel, address, message_id, letter, book.at, identity),
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


def of_document(book: Book, document: int, purpose: Purpose = "document") -> list[Delivery]:
    return _select(book, "document = ? AND purpose = ?", document, purpose)


def in_states(book: Book, *states: str, purpose: Purpose | None = None) -> list[Delivery]:
    marks = ", ".join("?" for _state in states)
    if purpose:
        return _select(book, f"state IN ({marks}) AND purpose = ?", *states, purpose)
    return _select(book, f"state IN ({marks})", *states)


def by_message_id(book: Book, message_id: str) -> Delivery | None:
    found = _select(book, "message_id = ?", message_id)
    return found[0] if found else None


def owe_paper(book: Book, document: int, agency: str, copies: int, reason: str) -> None:
    cursor = book.connection.execute(
        "INSERT INTO paper (document, agency, copies, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (document, agency, copies, reason),
    )
    if cursor.rowcount:
        book.event("paper-owed", f"document:{document}", {"agency": agency, "copies": copies, "reason": reason})


def paper_owed(book: Book, document: int | None = None) -> list[sqlite3.Row]:
    """Return the paper originals still owed, of one document or of all."""
    return book.connection.execute(
        "SELECT * FROM paper WHERE settled_at IS NULL AND (:document IS NULL OR document = :document) ORDER BY id",
        {"document": document},
    ).fetchall()
