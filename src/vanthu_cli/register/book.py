"""The book: one SQLite file. Opening and migrating it, short transactions, the chain of events.

Crash consequences: a transaction is there wholly or not at all (synchronous=FULL); files are in the cabinet before the
row that names them. SQL keeps to what PostgreSQL also knows; what it doesn't stands in migrations/.
"""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vanthu_cli.errors import BusyError, MisuseError, UnreachableError
from vanthu_cli.locale import _

_MIGRATIONS = Path(__file__).parent / "migrations"
_GENESIS = "0" * 64
_WAIT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Book:
    """The open register. `who` acts and `now` is the one clock reading of this run (aware)."""

    connection: sqlite3.Connection
    who: str
    now: datetime

    @property
    def at(self) -> str:
        """`now` as it is stored: ISO 8601 in UTC, microseconds."""
        return stored(self.now)

    @contextmanager
    def step(self) -> Iterator[sqlite3.Connection]:
        """One short transaction (house.md, law 2). Taken for writing at once, so that numbers can't be taken twice."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise _named(error) from error
        try:
            yield self.connection
            self.connection.execute("COMMIT")
        except BaseException as error:
            self.connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise _named(error) from error
            raise

    def event(self, kind: str, subject: str, data: Mapping[str, object]) -> None:
        """Append to the chain, inside a step. `subject` is "document:12" and the like; `data` goes to JSON."""
        last = self.connection.execute("SELECT hash FROM event ORDER BY id DESC LIMIT 1").fetchone()
        prev = last[0] if last else _GENESIS
        text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        row = (self.at, self.who, kind, subject, text, prev)
        self.connection.execute(
            "INSERT INTO event (at, who, kind, subject, data, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*row, link(row)),
        )


def link(row: tuple[str, ...]) -> str:
    """Return the hash that chains an event to the one before it.

    SHA-256 of the JSON list [at, who, kind, subject, data, prev], so that anybody can recompute it.
    """
    return hashlib.sha256(json.dumps(row, ensure_ascii=False).encode()).hexdigest()


def stored(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def open_book(file: Path, *, who: str, now: datetime) -> Book:
    """Open the register, bringing it to this version's form first (a copy of the old file is kept beside it).

    `MisuseError` if a newer program wrote it, `UnreachableError` if the disk refuses, `BusyError` if it stays locked.
    """
    try:
        connection = sqlite3.connect(file, isolation_level=None, timeout=_WAIT_SECONDS)
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        _migrate(connection, file)
    except sqlite3.OperationalError as error:
        raise _named(error) from error
    except sqlite3.DatabaseError as error:
        raise MisuseError(
            "register.damaged",
            _("The register {path} is damaged: {why}").format(path=file, why=error),
            _("Don't work on. Keep the file and ask the administrator for the last backup."),
        ) from error
    return Book(connection, who, now)


def _migrate(connection: sqlite3.Connection, file: Path) -> None:
    known = sorted(_MIGRATIONS.glob("*.sql"))
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(known):
        raise MisuseError(
            "register.newer",
            _("The register was written by a newer version of vanthu."),
            _("Install the newer version on this machine."),
        )
    if 0 < version < len(known):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy2(file, file.with_suffix(f".before-{len(known)}"))
    for script in known[version:]:
        try:
            connection.executescript(script.read_text("utf-8"))
        except sqlite3.DatabaseError:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            # Two commands may open a new register at once: the loser finds it made.
            if int(connection.execute("PRAGMA user_version").fetchone()[0]) < len(known):
                raise


def _named(error: sqlite3.OperationalError) -> BusyError | UnreachableError:
    if "locked" in str(error) or "busy" in str(error):
        return BusyError("register.locked", _("The register is in use by another run."), _("Try again in a minute."))
    return UnreachableError(
        "register.disk",
        _("The disk does not take the register: {why}").format(why=error),
        _("Free space on the disk (see “vanthu doctor”), then run the same command again."),
    )


def check_chain(book: Book) -> int | None:
    """Return the id of the first event whose hash or link is wrong, None when all are right."""
    prev = _GENESIS
    for row in book.connection.execute("SELECT * FROM event ORDER BY id"):
        expected = link((row["at"], row["who"], row["kind"], row["subject"], row["data"], prev))
        if row["prev"] != prev or row["hash"] != expected:
            return int(row["id"])
        prev = row["hash"]
    return None


def integrity(book: Book) -> str:
    """Return SQLite's own verdict on the file: "ok" or what is wrong."""
    return str(book.connection.execute("PRAGMA quick_check").fetchone()[0])


def last_event(book: Book) -> datetime | None:
    row = book.connection.execute("SELECT MAX(at) FROM event").fetchone()
    return datetime.fromisoformat(row[0]) if row[0] else None


def scrub(book: Book) -> None:
    """Make overwritten content vanish from the write-ahead log too (secure_delete covers the file itself)."""
    book.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def history(book: Book, subject: str) -> list[sqlite3.Row]:
    return book.connection.execute("SELECT * FROM event WHERE subject = ? ORDER BY id", (subject,)).fetchall()
