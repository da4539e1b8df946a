"""What the books hold beside documents: amendments, links, printings, postings, loans, numbers. Writers are called inside `book.step()`."""

import os
import sqlite3
from collections.abc import Mapping
from typing import Literal, cast

from vanthu_cli.document.text import storable
from vanthu_cli.errors import ForbiddenError
from vanthu_cli.locale import _
from vanthu_cli.register import documents
from vanthu_cli.register.book import Book
from vanthu_cli.register.documents import BookName, Document

LinkKind = Literal["answers", "corrects", "replaces", "annex-of"]


def amend(book: Book, document: Document, changes: Mapping[str, object], reason: str | None) -> None:
    """Write columns of a document over; what stood there, and why it went, is kept beside it, its digest in the chain."""
    for field, after in changes.items():
        before = getattr(document, field)
        book.connection.execute(
            "INSERT INTO amendment (document, field, before, after, reason, at, who, salt) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                document.id,
                field,
                None if before is None else str(before),
                None if after is None else str(after),
                storable(reason),
                book.at,
                book.who,
                os.urandom(8).hex(),
            ),
        )
    documents.update(book, document.id, **changes)
    book.event("amend", f"document:{document.id}", {"fields": sorted(changes)})


def amendments(book: Book, document: int) -> list[sqlite3.Row]:
    return book.connection.execute("SELECT * FROM amendment WHERE document = ? ORDER BY id", (document,)).fetchall()


def link(book: Book, document: int, kind: LinkKind, other: int) -> bool:
    """Link a document to another one; False if it is so already."""
    cursor = book.connection.execute(
        "INSERT INTO link (document, kind, other, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (document, kind, other, book.at),
    )
    if cursor.rowcount:
        for one, two in ((document, other), (other, document)):
            book.event("link", f"document:{one}", {"kind": kind, "from": document, "to": other, "with": two})
    return bool(cursor.rowcount)


def links(book: Book, document: int) -> list[sqlite3.Row]:
    """Return the links from a document and to it: document, kind, other, at."""
    return book.connection.execute(
        "SELECT * FROM link WHERE document = :id UNION SELECT * FROM link WHERE other = :id ORDER BY at",
        {"id": document},
    ).fetchall()


def printed(book: Book, document: int, copies: int, place: str | None) -> None:
    """Count paper originals that were printed from the electronic one (NĐ 30/2020 Đ18.5)."""
    book.connection.execute(
        "INSERT INTO printing (document, copies, place, at, who) VALUES (?, ?, ?, ?, ?)",
        (document, copies, storable(place), book.at, book.who),
    )
    book.event("print", f"document:{document}", {"copies": copies})


def printings(book: Book, document: int) -> list[sqlite3.Row]:
    return book.connection.execute("SELECT * FROM printing WHERE document = ? ORDER BY id", (document,)).fetchall()


def posted(book: Book, document: int, *, place: str, envelopes: int, day: str, note: str | None) -> None:
    cursor = book.connection.execute(
        "INSERT INTO posting (document, place, envelopes, day, note) VALUES (?, ?, ?, ?, ?)",
        (document, storable(place), envelopes, day, storable(note)),
    )
    book.event("post", f"document:{document}", {"posting": cursor.lastrowid, "envelopes": envelopes})


def lent(book: Book, document: int, *, day: str, borrower: str, permitted: str, note: str | None) -> None:
    cursor = book.connection.execute(
        "INSERT INTO loan (document, day, borrower, permitted, note) VALUES (?, ?, ?, ?, ?)",
        (document, day, storable(borrower), storable(permitted), storable(note)),
    )
    book.event("lend", f"document:{document}", {"loan": cursor.lastrowid})


def returned(book: Book, document: int, day: str) -> bool:
    """Note that a document came back; False if it was not lent."""
    cursor = book.connection.execute(
        "UPDATE loan SET returned = ? WHERE document = ? AND returned IS NULL", (day, document)
    )
    if cursor.rowcount:
        book.event("give-back", f"document:{document}", {})
    return bool(cursor.rowcount)


def of_document(book: Book, table: Literal["posting", "loan"], document: int) -> list[sqlite3.Row]:
    return book.connection.execute(f"SELECT * FROM {table} WHERE document = ? ORDER BY id", (document,)).fetchall()


def begin_at(book: Book, name: BookName, series: str, value: int) -> None:
    """Let a sequence begin at a number, for those before it stand in an older book.

    `ForbiddenError` "register.begun" where a number that is not lower was taken already, or the sequence begins elsewhere.
    """
    following = documents.next_number(book, name, series)
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


def take(book: Book, name: BookName, series: str, value: int, document: int | None) -> bool:
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


def sequences(book: Book) -> list[sqlite3.Row]:
    """Return of every sequence: book, series, first and last number, how many, how many reserved, and where it began."""
    return book.connection.execute(
        "SELECT number.book, number.series, MIN(number.value) AS first, MAX(number.value) AS last, COUNT(*) AS count,"
        " SUM(document IS NULL) AS reserved, beginning.value AS begun FROM number LEFT JOIN beginning"
        " ON beginning.book = number.book AND beginning.series = number.series"
        " GROUP BY number.book, number.series ORDER BY number.book, number.series"
    ).fetchall()


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
