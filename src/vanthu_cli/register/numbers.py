"""Numbers: taken one after the other, gapless, each belonging to one document for ever (house.md, law 5).

Every function that writes is called inside `book.step()`.
"""

import sqlite3
from datetime import datetime
from typing import Literal, cast

from vanthu_cli.errors import ForbiddenError
from vanthu_cli.locale import _
from vanthu_cli.register.book import Book
from vanthu_cli.rules.deadlines import VIETNAM, today

BookName = Literal["den", "di"]

# After the last one taken, and not before the first one of a sequence that began in an older book.
_NEXT = (
    "SELECT MAX(value) FROM (SELECT MAX(value) + 1 AS value FROM number WHERE book = :book AND series = :series"
    " UNION ALL SELECT value FROM beginning WHERE book = :book AND series = :series UNION ALL SELECT 1)"
)


def take(book: Book, name: BookName, series: str, identity: int | None) -> int:
    """Take the next number of a sequence for a document, inside the step that records why; None: reserved for a secret one.

    Gapless: the number is there with its document and event, or none of them is. Asked again for the same document,
    the same number comes back.
    """
    held = book.connection.execute("SELECT value FROM number WHERE document = ?", (identity,)).fetchone()
    if held:
        return int(held[0])
    _check_clock(book)
    check_open(book)
    row = book.connection.execute(
        f"INSERT INTO number (book, series, value, document) VALUES (:book, :series, ({_NEXT}), :document) RETURNING value",
        {"book": name, "series": series, "document": identity},
    ).fetchone()
    return int(row[0])


def _check_clock(book: Book) -> None:
    """Refuse to number on a day before that of the last number: the dates would run backwards (mail.md F17)."""
    row = book.connection.execute(
        "SELECT at FROM event WHERE kind IN ('number', 'accept') ORDER BY id DESC LIMIT 1"
    ).fetchone()
    last = today(datetime.fromisoformat(row[0])) if row else None
    if last and today(book.now) < last:
        raise ForbiddenError(
            "register.clock",
            _("The clock of this machine says {now}, but the last number was taken on {last}.").format(
                now=f"{book.now.astimezone(VIETNAM):%d/%m/%Y %H:%M}", last=f"{last:%d/%m/%Y}"
            ),
            _("Set the clock right, then run the same command again."),
        )


def check_open(book: Book) -> None:
    """Refuse to number on a day whose register was closed."""
    day = today(book.now).isoformat()
    closed = book.connection.execute("SELECT at FROM closing WHERE day = ? AND reopened_at IS NULL", (day,)).fetchone()
    if closed:
        raise ForbiddenError(
            "register.day_closed",
            _("The register of today was closed at {time}: no number can be taken any more.").format(
                time=f"{datetime.fromisoformat(closed[0]).astimezone(VIETNAM):%H:%M}"
            ),
            _("Go on tomorrow; or, if it cannot wait: vanthu register close-day --reopen --reason “…”"),
        )


def upcoming(book: Book, name: BookName, series: str) -> int:
    """Return what the next number would be now; nothing is taken."""
    row = book.connection.execute(f"SELECT ({_NEXT})", {"book": name, "series": series}).fetchone()
    return int(row[0])


def begin_at(book: Book, name: BookName, series: str, value: int) -> None:
    """Let a sequence begin at a number, for those before it stand in an older book.

    `ForbiddenError` "register.begun" where a number that is not lower was taken already, or the sequence begins elsewhere.
    """
    following = upcoming(book, name, series)
    if following > value:
        raise ForbiddenError(
            "register.begun",
            _("The next number of {series} is {next} already: it cannot begin at {wanted}.").format(
                series=series.partition("/")[2] or name, next=following, wanted=value
            ),
        )
    if following == value:
        return
    book.connection.execute(
        "INSERT INTO beginning (book, series, value) VALUES (?, ?, ?) ON CONFLICT (book, series) DO UPDATE SET value = excluded.value",
        (name, series, value),
    )
    book.event("begin", "", {"book": name, "series": series, "value": value})


def enter(book: Book, name: BookName, series: str, value: int, document: int | None) -> bool:
    """Enter a number that a document of an older book bears (None: a secret one); False if the number is taken."""
    cursor = book.connection.execute(
        "INSERT INTO number (book, series, value, document) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (name, series, value, document),
    )
    return bool(cursor.rowcount)


def holder(book: Book, name: BookName, series: str, value: int) -> tuple[bool, int | None]:
    """Tell whether a number is taken, and by which document."""
    row = book.connection.execute(
        "SELECT document FROM number WHERE book = ? AND series = ? AND value = ?", (name, series, value)
    ).fetchone()
    return row is not None, cast("int | None", row[0] if row else None)


def is_reserved(book: Book, value: int, symbol: str) -> bool:
    """Tell whether one of our numbers is reserved for a secret document."""
    rows = book.connection.execute(
        "SELECT series FROM number WHERE book = 'di' AND value = ? AND document IS NULL", (value,)
    )
    return any(row[0].endswith(f"/{symbol}") for row in rows)


def gaps(connection: sqlite3.Connection, name: str, series: str, first: int) -> list[tuple[int, int]]:
    """Return the stretches of numbers of a sequence, from `first` on, that nothing holds."""
    found, expected = [], first
    for row in connection.execute(
        "SELECT value FROM number WHERE book = ? AND series = ? AND value >= ? ORDER BY value", (name, series, first)
    ):
        if row[0] > expected:
            found.append((expected, row[0] - 1))
        expected = row[0] + 1
    return found
