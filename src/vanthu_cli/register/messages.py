"""Messages taken from the channels, and receipts found in them. Writers are called inside `book.step()`."""

import sqlite3
from dataclasses import dataclass
from typing import Literal, cast

from vanthu_cli.document.text import storable
from vanthu_cli.register.book import Book

MessageState = Literal["document", "receipt", "other", "quarantined"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Identity of a message where it came from: channel and "uidvalidity.uid"; `received_at` is the server's time."""

    channel: str
    identity: str
    received_at: str
    size: int


def known(book: Book, channel: str) -> dict[str, str]:
    """Return the identities on a channel that are ours already, with the server's times of arrival."""
    rows = book.connection.execute("SELECT origin, received_at FROM message WHERE channel = ?", (channel,))
    return {row[0]: row[1] for row in rows}


def add(
    book: Book,
    origin: Origin,
    state: MessageState,
    *,
    sender: str | None,
    message_id: str | None,
    sha256: str | None,
    reason: str | None = None,
    content: str | None = None,
) -> int:
    cursor = book.connection.execute(
        "INSERT INTO message (channel, origin, state, sender, received_at, size, message_id, sha256, reason, content)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            origin.channel,
            origin.identity,
            state,
            storable(sender),
            origin.received_at,
            origin.size,
            storable(message_id),
            sha256,
            reason,
            content,
        ),
    )
    identity = cast("int", cursor.lastrowid)
    book.event("take-in", f"message:{identity}", {"channel": origin.channel, "origin": origin.identity, "state": state})
    return identity


def by_origin(book: Book, origin: Origin) -> sqlite3.Row | None:
    row: sqlite3.Row | None = book.connection.execute(
        "SELECT * FROM message WHERE channel = ? AND origin = ?", (origin.channel, origin.identity)
    ).fetchone()
    return row


def same_content(book: Book, channel: str, sha256: str) -> bool:
    """Tell whether these very bytes came on this channel before (its UIDVALIDITY changed, or the server repeats)."""
    row = book.connection.execute(
        "SELECT 1 FROM message WHERE channel = ? AND sha256 = ?", (channel, sha256)
    ).fetchone()
    return row is not None


def with_content(book: Book, content: str) -> sqlite3.Row | None:
    """Return the first message that says the same, whatever the servers on the way have written on it."""
    row: sqlite3.Row | None = book.connection.execute(
        "SELECT * FROM message WHERE content = ? ORDER BY id LIMIT 1", (content,)
    ).fetchone()
    return row


def under_another_number(book: Book, origin: Origin, message_id: str) -> sqlite3.Row | None:
    """Return the message that a mailbox shows under a new number: same Message-ID, size and time of arrival at the server.

    None also when more than one could be meant, or when it is counted already.
    """
    rows = book.connection.execute(
        "SELECT * FROM message WHERE channel = ? AND message_id = ? AND size = ? AND received_at = ?"
        " AND reason IS NOT 'renumbered'",
        (origin.channel, message_id, origin.size, origin.received_at),
    ).fetchall()
    return rows[0] if len(rows) == 1 else None


def same_secret(book: Book, origin: Origin, sender: str | None) -> list[int]:
    """Return quarantined messages with this envelope: it may be one of them under another identity, or another one."""
    rows = book.connection.execute(
        "SELECT id FROM message WHERE state = 'quarantined' AND channel = ? AND received_at = ? AND size = ? AND sender IS ?",
        (origin.channel, origin.received_at, origin.size, sender),
    )
    return [row[0] for row in rows]


def to_mark(book: Book, channel: str) -> list[str]:
    """Return what is ours but not yet flagged or moved on the server. A quarantined secret is left alone there."""
    rows = book.connection.execute(
        "SELECT origin FROM message WHERE channel = ? AND marked = 0 AND state <> 'quarantined'"
        " AND reason IS NOT 'secret-again' ORDER BY id",
        (channel,),
    )
    return [row[0] for row in rows]


def unread(book: Book, channel: str, faults: str) -> list[str]:
    """Return what came, could not be read for a reason that begins so, and was not yet told to the server."""
    rows = book.connection.execute(
        "SELECT origin FROM message WHERE channel = ? AND marked = 0 AND state = 'quarantined'"
        " AND substr(reason, 1, length(?)) = ? ORDER BY id",
        (channel, faults, faults),
    )
    return [row[0] for row in rows]


def marked(book: Book, channel: str, identities: list[str]) -> None:
    book.connection.executemany(
        "UPDATE message SET marked = 1 WHERE channel = ? AND origin = ?",
        [(channel, identity) for identity in identities],
    )


def arrive(book: Book, document: int, message: int) -> None:
    book.connection.execute(
        "INSERT INTO arrival (document, message) VALUES (?, ?) ON CONFLICT DO NOTHING", (document, message)
    )


def of_document(book: Book, document: int) -> list[sqlite3.Row]:
    """Return the messages a document arrived in, first arrival first."""
    return book.connection.execute(
        "SELECT message.* FROM message JOIN arrival ON arrival.message = message.id WHERE arrival.document = ?"
        " ORDER BY message.id",
        (document,),
    ).fetchall()


def in_state(book: Book, state: MessageState) -> list[sqlite3.Row]:
    return book.connection.execute("SELECT * FROM message WHERE state = ? ORDER BY id", (state,)).fetchall()


def get(book: Book, identity: int) -> sqlite3.Row | None:
    row: sqlite3.Row | None = book.connection.execute("SELECT * FROM message WHERE id = ?", (identity,)).fetchone()
    return row


def quarantine(book: Book, identity: int, reason: str) -> None:
    """Take away what could tell the content of a message that turned out to be secret."""
    book.connection.execute(
        "UPDATE message SET state = 'quarantined', message_id = NULL, sha256 = NULL, content = NULL, reason = ? WHERE id = ?",
        (reason, identity),
    )


def recalled(book: Book, identity: int) -> None:
    """Note that a message's bytes were destroyed with the document that it brought."""
    book.connection.execute(
        "UPDATE message SET sha256 = NULL, content = NULL, reason = 'recalled' WHERE id = ?", (identity,)
    )


def documents_of(book: Book, identity: int) -> list[int]:
    """Return the documents that a message brought."""
    rows = book.connection.execute("SELECT document FROM arrival WHERE message = ? ORDER BY document", (identity,))
    return [row[0] for row in rows]


def destroyed(book: Book, identity: int) -> None:
    """Note that a person has dealt with a quarantined secret as the law on state secrets asks."""
    book.connection.execute("UPDATE message SET reason = 'destroyed' WHERE id = ?", (identity,))
    book.event("secret-dealt-with", f"message:{identity}", {})
