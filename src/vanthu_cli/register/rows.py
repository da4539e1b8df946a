"""What every row of the register is, as a digest: entered in the chain of events by the step that changes it (book.py).

So the chain vouches not only for what was done but for all that stands in the book (register/audit.py compares them).
"""

import json
import sqlite3
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

_DERIVED = {"document": {"folded"}, "message": {"marked"}}
"""Columns that say nothing by themselves: what is indexed of a row, what the mail server was told."""


def key_of(table: str, row: sqlite3.Row) -> str:
    return "/".join(str(row[name]) for name in KEYS[table])


def digest(table: str, row: sqlite3.Row) -> str:
    """Return the digest of a row: the first 96 bits of SHA-256 over the JSON list of its table and columns, in base64."""
    import base64
    import hashlib

    derived = _DERIVED.get(table, ())
    values = [
        value.hex() if isinstance(value := row[name], bytes) else value
        for name in row.keys()  # noqa: SIM118  a Row iterates its values
        if name not in derived
    ]
    text = json.dumps([table, *values], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:12]).decode()


def digests(connection: sqlite3.Connection, touched: Mapping[tuple[str, str], int]) -> dict[str, str | None]:
    """Return the digest of each row named by (table, key), which lies, or lay, at a rowid; None of one that is gone."""
    found = dict[str, str | None]()
    for (table, key), rowid in touched.items():
        row = connection.execute(f"SELECT * FROM {table} WHERE rowid = ?", (rowid,)).fetchone()
        found[f"{table}/{key}"] = digest(table, row) if row is not None and key_of(table, row) == key else None
    return found


def every(connection: sqlite3.Connection, table: str) -> Iterator[tuple[str, str]]:
    """Yield key and digest of every row of a table."""
    for row in connection.execute(f"SELECT * FROM {table}"):
        yield key_of(table, row), digest(table, row)
