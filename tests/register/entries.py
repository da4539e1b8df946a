"""Entries for the register's tests; run as a program, a clerk who numbers documents: `entries FOLDER COUNT`.

The clerk prints each number once the register has taken it, so that a test can hold the register to it after a kill.
"""

import hashlib
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from vanthu_cli.register import documents, messages, numbers
from vanthu_cli.register.book import Book, open_book
from vanthu_cli.register.cabinet import open_cabinet
from vanthu_cli.register.messages import Origin

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
SERIES = "2025-10-15/CV/TU"


def sha(text: object) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()


def arrive(book: Book, name: str, **values: object) -> int:
    """Enter an incoming document that waits, inside a step."""
    given: dict[str, object] = {"file": f"{name}.pdf", "sha256": sha(name), "verdict": "valid", **values}
    identity = documents.add(book, "in", "arrive", arrived_at=book.at, **given)
    book.event("arrive", f"document:{identity}", {})
    return identity


def message(book: Book, name: str) -> int:
    origin = Origin("wan", f"1.{name}", book.at, 100)
    return messages.add(book, origin, "document", sender="a@b", message_id=f"<{name}@b>", sha256=sha(name))


def number(book: Book, name: str, *, symbol: str = "CV/TU", series: str = SERIES) -> int:
    """Number an outgoing document, inside a step; return its id."""
    identity = documents.add(book, "out", "number", arrived_at=book.at, source_sha256=sha(name), symbol=symbol)
    value = numbers.take(book, "di", series, identity)
    documents.update(book, identity, number=value)
    book.event("number", f"document:{identity}", {"number": value})
    return identity


def clerk(folder: Path, count: int) -> None:
    book = open_book(folder / "register.sqlite", who="clerk", now=NOW)
    cabinet = open_cabinet(folder)
    for turn in range(count):
        name = f"{os.getpid()} {turn}"
        cabinet.put(name.encode())
        with book.step():
            identity = number(book, name)
        sys.stdout.write(f"{documents.get(book, identity).number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    clerk(Path(sys.argv[1]), int(sys.argv[2]))
