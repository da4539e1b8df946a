"""Documents asked back, by us and of us, and the files destroyed for it (NĐ 30/2020 Đ18.4.b, Phụ lục VI III.8).

Writers are called inside `book.step()`.
"""

import sqlite3
from collections.abc import Iterable
from typing import cast

from vanthu_cli.document.text import storable
from vanthu_cli.register.book import Book
from vanthu_cli.register.cabinet import Cabinet


def ask(book: Book, document: int, reason: str, *, message: int | None = None) -> int:
    """Enter a recall: ours of a document that we issued, or (`message` is the notice) one asked of us. Return its id."""
    cursor = book.connection.execute(
        "INSERT INTO recall (document, message, state, reason, at) VALUES (?, ?, 'asked', ?, ?) ON CONFLICT DO NOTHING",
        (document, message, storable(reason), book.at),
    )
    identity = cast("int", cursor.lastrowid)
    if cursor.rowcount:
        book.event("recall-asked", f"document:{document}", {"recall": identity, "message": message, "reason": reason})
    return identity


def settle(book: Book, identity: int, *, agreed: bool) -> None:
    state = "agreed" if agreed else "declined"
    document = book.connection.execute(
        "UPDATE recall SET state = ?, settled_at = ? WHERE id = ? RETURNING document", (state, book.at, identity)
    ).fetchone()[0]
    book.event(f"recall-{state}", f"document:{document}", {"recall": identity})


def get(book: Book, identity: int) -> sqlite3.Row | None:
    row: sqlite3.Row | None = book.connection.execute("SELECT * FROM recall WHERE id = ?", (identity,)).fetchone()
    return row


def waiting(book: Book) -> list[sqlite3.Row]:
    """Return the recalls asked of us that nobody has decided yet."""
    return book.connection.execute(
        "SELECT * FROM recall WHERE state = 'asked' AND message IS NOT NULL ORDER BY id"
    ).fetchall()


def of_document(book: Book, document: int) -> list[sqlite3.Row]:
    return book.connection.execute("SELECT * FROM recall WHERE document = ? ORDER BY id", (document,)).fetchall()


def destroy(book: Book, document: int, files: Iterable[str]) -> None:
    """Note files of the cabinet (SHA-256) as destroyed: from here on they are gone, not missing."""
    book.connection.executemany(
        "INSERT INTO destroyed (sha256, document, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(sha256, document, book.at) for sha256 in files],
    )


def destroyed(book: Book) -> dict[str, int]:
    """Return the documents for which files were destroyed, by SHA-256."""
    return {row[0]: row[1] for row in book.connection.execute("SELECT sha256, document FROM destroyed")}


def clear(book: Book, cabinet: Cabinet) -> None:
    """Take the files away that were destroyed; a run may have died between the register's word and the deed."""
    for sha256 in destroyed(book):
        cabinet.remove(sha256)
