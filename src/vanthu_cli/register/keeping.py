"""What the books hold beside documents: amendments, links, printings, postings, loans, numbers. Writers are called inside `book.step()`."""

import os
import sqlite3
from collections.abc import Mapping
from typing import Literal

from vanthu_cli.document.text import storable
from vanthu_cli.register import documents
from vanthu_cli.register.book import Book
from vanthu_cli.register.documents import Document

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
