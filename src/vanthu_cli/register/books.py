"""What stands in the books of the decree (NĐ 30/2020 Phụ lục IV), row by row, in the order in which it was entered."""

import sqlite3
from collections.abc import Iterator
from typing import Literal

from vanthu_cli.register.book import Book

_NAMES = (
    "(SELECT group_concat(CASE WHEN o.number IS NULL THEN '#' || o.id ELSE printf('%02d', o.number) ||"
    " CASE WHEN instr(o.symbol, '/') > 0 AND o.symbol NOT GLOB '[0-9]*' THEN '-' ELSE '/' END || o.symbol END, '; ')"
    " FROM link l JOIN document o ON o.id = l.{one} WHERE l.{other} = d.id AND l.kind = '{kind}')"
)
_LINKED = ", ".join(
    _NAMES.format(one=one, other=other, kind=kind) + f" AS {name}"
    for name, kind, one, other in (
        ("answers", "answers", "document", "other"),
        ("corrected_by", "corrects", "document", "other"),
        ("replaced_by", "replaces", "document", "other"),
        ("corrects", "corrects", "other", "document"),
        ("replaces", "replaces", "other", "document"),
    )
)
_GIVEN_OUT = (
    "(SELECT MIN(v.at) FROM delivery v WHERE v.document = d.id AND v.purpose = 'document'"
    " AND v.state IN ('handed-over', 'delivered', 'acknowledged', 'refused')) AS given_out,"
    " (SELECT SUM(p.copies) FROM printing p WHERE p.document = d.id) AS printed"
)


def entered(book: Book, name: Literal["den", "di"], since: str, until: str) -> Iterator[sqlite3.Row]:
    """Yield the rows of the book of what came, or of what went out, between two stored times: number, series, the document.

    A number that is reserved has no document: all its columns are None.
    """
    reserved = {
        (row[0], row[1]): row[2]
        for row in book.connection.execute(
            "SELECT json_extract(data, '$.series'), json_extract(data, '$.number'), at FROM event"
            " WHERE kind = 'reserve' AND json_extract(data, '$.book') = ? AND at >= ? AND at < ?",
            (name, since, until),
        )
    }
    held = book.connection.execute(
        f"SELECT n.series, n.value, d.*, {_LINKED}, {_GIVEN_OUT} FROM document d JOIN number n ON n.document = d.id"
        " WHERE d.arrived_at >= :since AND d.arrived_at < :until AND n.book = :book ORDER BY n.series, n.value",
        {"since": since, "until": until, "book": name},
    )
    empty = book.connection.execute(
        f"SELECT n.series, n.value, d.*, {_LINKED}, {_GIVEN_OUT} FROM number n LEFT JOIN document d ON d.id = n.document"
        " WHERE n.document IS NULL AND n.book = ? ORDER BY n.series, n.value",
        (name,),
    )
    waiting = [row for row in empty if (row["series"], row["value"]) in reserved]
    for row in held:
        while waiting and (waiting[0]["series"], waiting[0]["value"]) < (row["series"], row["value"]):
            yield waiting.pop(0)
        yield row
    yield from waiting


def followed(book: Book, since: str, until: str) -> Iterator[sqlite3.Row]:
    """Yield what came and has to be dealt with: it has a term, a state of work, or an answer."""
    return book.connection.execute(
        f"SELECT d.*, {_LINKED} FROM document d WHERE d.direction = 'in' AND d.arrival_number IS NOT NULL"
        " AND d.arrived_at >= ? AND d.arrived_at < ? AND (d.due IS NOT NULL OR d.progress IS NOT NULL OR d.done_on IS NOT NULL"
        " OR EXISTS (SELECT 1 FROM link l WHERE l.other = d.id AND l.kind = 'answers')) ORDER BY d.arrived_at, d.arrival_number",
        (since, until),
    )


def posted(book: Book, first: str, last: str) -> Iterator[sqlite3.Row]:
    """Yield what was given to the post from one day (ISO) to another: the document, place, envelopes, day, remarks."""
    return book.connection.execute(
        "SELECT d.*, p.place, p.envelopes, p.day AS posted_on, p.note AS remarks FROM posting p JOIN document d ON d.id = p.document"
        " WHERE p.day >= ? AND p.day <= ? ORDER BY p.day, p.id",
        (first, last),
    )


def lent(book: Book, first: str, last: str) -> Iterator[sqlite3.Row]:
    """Yield what was lent from one day (ISO) to another, with the dossiers it lies in."""
    return book.connection.execute(
        "SELECT d.*, l.day AS lent_on, l.borrower, l.permitted, l.returned, l.note AS remarks,"
        " (SELECT group_concat(h.code, '; ') FROM filing f JOIN dossier h ON h.id = f.dossier WHERE f.document = d.id) AS dossiers"
        " FROM loan l JOIN document d ON d.id = l.document WHERE l.day >= ? AND l.day <= ? ORDER BY l.day, l.id",
        (first, last),
    )
