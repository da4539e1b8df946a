"""What every row of the register is, as a digest: entered in the chain of events by the step that changes it (book.py).

So the chain vouches not only for what was done but for all that stands in the book (register/audit.py compares them).
"""

import hashlib
import json
import sqlite3
from binascii import b2a_base64
from collections.abc import Iterator, Mapping

KEYS: Mapping[str, tuple[str, ...]] = {
    "document": ("id",),
    "number": ("book", "series", "value"),
    "beginning": ("book", "series"),
    "attachment": ("document", "sha256"),
    "message": ("id",),
    "arrival": ("document", "message"),
    "delivery": ("id",),
    "receipt": ("id",),
    "paper": ("id",),
    "agency": ("code",),
    "certificate": ("fingerprint",),
    "sighting": ("fingerprint",),
    "renewal": ("id",),
    "recall": ("id",),
    "destroyed": ("sha256",),
    "amendment": ("id",),
    "link": ("document", "kind", "other"),
    "printing": ("id",),
    "posting": ("id",),
    "loan": ("id",),
    "dossier": ("id",),
    "filing": ("dossier", "document"),
    "closing": ("id",),
    "body": ("document",),
}
"""Tables that are vouched for, and the columns that name a row there; migrations hold a trigger for each."""

_DERIVED = {"message": {"marked"}}
"""Columns that say nothing by themselves: what the mail server was told."""


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=bytes.hex).encode


def digests(connection: sqlite3.Connection, touched: Mapping[tuple[str, str], int]) -> dict[str, str | None]:
    """Return the digest of each row named by (table, key), which lies, or lay, at a rowid; None of one that is gone."""
    found = dict[str, str | None]()
    for (table, key), rowid in touched.items():
        there = dict(_told(table, connection.execute(f"SELECT * FROM {table} WHERE rowid = ?", (rowid,))))
        found[f"{table}/{key}"] = there.get(key)
    return found


def every(connection: sqlite3.Connection, table: str) -> Iterator[tuple[str, str]]:
    """Yield key and digest of every row of a table."""
    cursor = connection.cursor()
    cursor.row_factory = None  # plain tuples: a register has millions of rows
    yield from _told(table, cursor.execute(f"SELECT * FROM {table}"))


def _told(table: str, cursor: sqlite3.Cursor) -> Iterator[tuple[str, str]]:
    """Yield key and digest of rows: the first 96 bits of SHA-256 over the JSON list of table and columns, in base64; bytes as hex."""
    columns = [each[0] for each in cursor.description]
    key = [columns.index(name) for name in KEYS[table]]
    told = [place for place, name in enumerate(columns) if name not in _DERIVED.get(table, ())]
    for row in cursor:
        text = _encode([table, *[row[place] for place in told]])
        digest = b2a_base64(hashlib.sha256(text.encode()).digest()[:12], newline=False).decode()
        yield "/".join([str(row[place]) for place in key]), digest
