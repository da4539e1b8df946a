"""Days that were closed: what the signed files in closings/ say, as rows. Writers are called inside `book.step()`."""

import sqlite3
from dataclasses import dataclass

from vanthu_cli.register.book import Book


@dataclass(frozen=True, slots=True)
class Closing:
    """A closed day (ISO). `last_event` and `head` are id and hash of the last event it covers; `sha256` that of its file."""

    id: int
    day: str
    last_event: int
    head: str
    sha256: str
    at: str
    reopened_at: str | None


def all_of(connection: sqlite3.Connection) -> list[Closing]:
    return [Closing(*row) for row in connection.execute("SELECT * FROM closing ORDER BY id")]


def enter(book: Book, *, day: str, last_event: int, head: str, sha256: str) -> None:
    cursor = book.connection.execute(
        "INSERT INTO closing (day, last_event, head, sha256, at) VALUES (?, ?, ?, ?, ?)",
        (day, last_event, head, sha256, book.at),
    )
    book.event("close-day", f"closing:{cursor.lastrowid}", {"day": day, "last_event": last_event, "sha256": sha256})


def reopen(book: Book, closing: Closing, reason: str) -> None:
    book.connection.execute("UPDATE closing SET reopened_at = ? WHERE id = ?", (book.at, closing.id))
    book.event("reopen-day", f"closing:{closing.id}", {"day": closing.day, "reason": reason})


def last_before(connection: sqlite3.Connection, moment: str) -> tuple[int, str] | None:
    """Return id and hash of the last event before a stored time; None if there is none."""
    row = connection.execute("SELECT id, hash FROM event WHERE at < ? ORDER BY id DESC LIMIT 1", (moment,)).fetchone()
    return (row[0], row[1]) if row else None


def anything_between(connection: sqlite3.Connection, last_event: int, moment: str) -> bool:
    """Tell whether anything but the closing itself was entered after an event and before a stored time."""
    row = connection.execute(
        "SELECT 1 FROM event WHERE id > ? AND at < ? AND kind NOT IN ('close-day', 'rows') LIMIT 1",
        (last_event, moment),
    ).fetchone()
    return row is not None


def numbers_between(connection: sqlite3.Connection, start: str, end: str) -> list[sqlite3.Row]:
    """Return by sequence how many numbers documents took between two stored times, the first and the last."""
    return connection.execute(
        "SELECT number.book, number.series, MIN(number.value) AS first, MAX(number.value) AS last, COUNT(*) AS count"
        " FROM document JOIN number ON number.document = document.id"
        " WHERE document.arrived_at >= :start AND document.arrived_at < :end"
        " GROUP BY number.book, number.series ORDER BY number.book, number.series",
        {"start": start, "end": end},
    ).fetchall()


def reserved(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COUNT(*) FROM number WHERE document IS NULL").fetchone()[0])
