"""The book: one SQLite file. Opening and migrating it, short transactions, the chain of events.

Crash consequences: a transaction is there wholly or not at all (synchronous=FULL); files are in the cabinet before the
row that names them. SQL keeps to what PostgreSQL also knows; what it doesn't stands in migrations/.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from vanthu_cli.document.text import storable
from vanthu_cli.errors import BusyError, MisuseError, UnreachableError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.register.drive import on_network_drive

MIGRATIONS = Path(__file__).parent / "migrations"
GENESIS = "0" * 64
_WAIT_SECONDS = 30
_encode = json.JSONEncoder(ensure_ascii=False).encode
_MOST_ROWS = 2000
"""Rows whose digests stand in one event."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Book:
    """The open register. `who` acts and `now` is the one clock reading of this run (aware)."""

    connection: sqlite3.Connection
    who: str
    now: datetime
    touched: dict[tuple[str, str], int] = field(default_factory=dict)
    """Rows that the step has changed so far, as the triggers of the register tell: (table, key) and rowid."""

    @property
    def at(self) -> str:
        """`now` as it is stored: ISO 8601 in UTC, microseconds."""
        return stored(self.now)

    @contextmanager
    def step(self, *, kept: bool = True) -> Iterator[sqlite3.Connection]:
        """One short transaction (house.md, law 2). Taken for writing at once, so that numbers can't be taken twice.

        Not `kept`: what it does is only tried, and taken back at its end (a dry run).
        """
        with explaining():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                if kept:
                    self.finish()
            finally:
                self.touched.clear()
                if self.connection.in_transaction:  # a full disk makes SQLite roll back by itself
                    self.connection.execute("ROLLBACK")

    def finish(self) -> None:
        """Index what was changed, enter what every changed row is now in the chain (rows.py), and commit."""
        if self.touched:
            from vanthu_cli.register import indexing, rows  # commands that only read don't need them

            indexing.reindex(self.connection, [int(key) for table, key in self.touched if table == "document"])
            entered = list(rows.digests(self.connection, self.touched).items())
            for start in range(0, len(entered), _MOST_ROWS):
                self.event("rows", "", dict(entered[start : start + _MOST_ROWS]))
            self.touched.clear()
        self.connection.execute("COMMIT")

    @contextmanager
    def part(self) -> Iterator[None]:
        """One part of a step that may fail alone: what it wrote is taken back, the rest of the step stays."""
        self.connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK TO part")
            raise
        finally:
            if self.connection.in_transaction:
                self.connection.execute("RELEASE part")

    def event(self, kind: str, subject: str, data: Mapping[str, object]) -> None:
        """Append to the chain, inside a step. `subject` is "document:12" and the like; `data` goes to JSON."""
        last = self.connection.execute("SELECT hash FROM event ORDER BY id DESC LIMIT 1").fetchone()
        prev = last[0] if last else GENESIS
        text = storable(json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
        row = (self.at, self.who, kind, subject, text, prev)
        self.connection.execute(
            "INSERT INTO event (at, who, kind, subject, data, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*row, link(row)),
        )


def link(row: tuple[str, ...]) -> str:
    """Return the hash that chains an event to the one before it.

    SHA-256 of the JSON list [at, who, kind, subject, data, prev], so that anybody can recompute it.
    """
    import hashlib  # 3 ms that commands which only read need not pay

    return hashlib.sha256(_encode(row).encode()).hexdigest()


def stored(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def open_book(file: Path, *, who: str, now: datetime, make: bool = True) -> Book:
    """Open the register, bringing it to this version's form first (a copy of the old file is kept beside it).

    `make` allows a new one where there is none; without it a disk that is not mounted cannot start numbers from 1 again.
    `MisuseError` if a newer program wrote it, it is damaged, gone, or on a network drive, `UnreachableError` if the disk
    refuses, `BusyError` if it stays locked.
    """
    if not file.exists():
        _check_new(file, make=make)
    if on_network_drive(file):
        raise MisuseError(
            "register.network",
            _("The register {path} lies on a network drive: two machines writing there would destroy it.").format(
                path=file
            ),
            _("Set data_dir to a folder on a disk of this machine."),
        )
    with explaining():
        connection = sqlite3.connect(file, isolation_level=None, timeout=_WAIT_SECONDS)
        try:
            connection.row_factory = sqlite3.Row
            _write_ahead(connection)
            # A long log, so that pages which every entry changes are carried over to the file once for many entries.
            for pragma in (
                "synchronous = FULL",
                "foreign_keys = ON",
                "secure_delete = ON",
                "wal_autocheckpoint = 8000",
            ):
                connection.execute(f"PRAGMA {pragma}")
            book = Book(connection, who, now)
            connection.create_function(
                "touched", 3, lambda table, key, rowid: book.touched.update({(table, str(key)): rowid})
            )
            _migrate(book, file)
        except BaseException:
            connection.close()
            raise
    return book


def _check_new(file: Path, *, make: bool) -> None:
    """Refuse to begin a new register where one has been."""
    cabinet = file.parent / "cabinet"
    if not make or (cabinet.is_dir() and any(cabinet.iterdir())):
        raise MisuseError(
            "register.gone",
            _("The register {path} is not there.").format(path=file),
            _(
                "Is its disk connected? Otherwise restore it from the last backup; a new one would number from 01 again."
            ),
        )


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to WAL. On a new file SQLite does not wait for another run that does the same at this moment."""
    patience = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                raise
            time.sleep(0.02)
        else:
            return


def _migrate(book: Book, file: Path) -> None:
    """Bring the register to this version's form. A script commits itself, or leaves that until its rows are entered in the chain."""
    connection = book.connection
    scripts = sorted(MIGRATIONS.glob("*.sql"))
    version = _version(connection)
    if version > len(scripts):
        raise MisuseError(
            "register.newer",
            _("The register was written by a newer version of vanthu."),
            _("Install the newer version on this machine."),
        )
    if 0 < version < len(scripts):
        with closing(sqlite3.connect(file.with_suffix(f".before-{len(scripts)}"))) as copy:
            connection.backup(copy)
    while version < len(scripts):
        try:
            connection.executescript(scripts[version].read_text("utf-8"))
            if connection.in_transaction:
                book.finish()
        except sqlite3.DatabaseError:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            # Two commands may open an old register at once: the loser finds the step made.
            if _version(connection) == version:
                raise
        book.touched.clear()
        version = _version(connection)
    connection.execute("PRAGMA foreign_keys = ON")  # a step that makes a table anew goes without


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


_DISK = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM,
}  # fmt: skip


@contextmanager
def explaining() -> Iterator[None]:
    """Turn a database error inside into the refusal that it means to a clerk; a bug of ours stays one."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        refusal = _refusal(error)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(error: sqlite3.DatabaseError) -> VanthuError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the upper bytes tell variants (extended result codes)
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return BusyError("register.locked", _("The register is in use by another run."), _("Try again in a minute."))
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return MisuseError(
            "register.damaged",
            _("The register is damaged: {why}").format(why=error),
            _("Don't work on. Keep the file and ask the administrator for the last backup."),
        )
    if code in _DISK:
        return UnreachableError(
            "register.disk",
            _("The disk does not take the register: {why}").format(why=error),
            _("Is the disk connected, writable and not full (see “vanthu doctor”)? Then run the same command again."),
        )
    return None


def check_chain(book: Book, after: int = 0, prev: str = GENESIS) -> int | None:
    """Return the id of the first event whose hash or link is wrong, None when all are right.

    `after` and `prev`: only those after an event with this hash. That the newest events were cut off is for `register audit`.
    """
    for row in book.connection.execute("SELECT * FROM event WHERE id > ? ORDER BY id", (after,)):
        expected = link((row["at"], row["who"], row["kind"], row["subject"], row["data"], prev))
        if row["prev"] != prev or row["hash"] != expected:
            return int(row["id"])
        prev = row["hash"]
    return None


def integrity(book: Book) -> str:
    """Return SQLite's own verdict on the file: "ok" or what is wrong."""
    try:
        return str(book.connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)


def last_event_id(book: Book) -> int:
    """Return the id of the newest event; 0 before the first."""
    return int(book.connection.execute("SELECT COALESCE(MAX(id), 0) FROM event").fetchone()[0])


def kinds_since(book: Book, identity: int) -> dict[str, int]:
    """Return how many events of each kind came after an event."""
    rows = book.connection.execute("SELECT kind, COUNT(*) FROM event WHERE id > ? GROUP BY kind", (identity,))
    return {row[0]: row[1] for row in rows}


def last_event(book: Book, kind: str = "") -> datetime | None:
    """Return when the newest event was, or the newest of a kind."""
    row = book.connection.execute("SELECT MAX(at) FROM event WHERE :kind IN ('', kind)", {"kind": kind}).fetchone()
    return datetime.fromisoformat(row[0]) if row[0] else None


def scrub(book: Book) -> bool:
    """Make overwritten content vanish from the write-ahead log too (secure_delete covers the file itself).

    False if another run is reading: then the log keeps it until the last run closes the register.
    """
    from vanthu_cli.register.indexing import purge

    with explaining():
        purge(book.connection)
        busy = book.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def history(book: Book, subject: str) -> list[sqlite3.Row]:
    return book.connection.execute("SELECT * FROM event WHERE subject = ? ORDER BY id", (subject,)).fetchall()


def copies_of(folder: Path, sha256: str) -> list[Path]:
    """Return the copies of the register that lie beside it and still tell of a document's file."""
    found = []
    for file in sorted(folder.glob("register.before-*")):
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as copy:
            if copy.execute("SELECT 1 FROM document WHERE sha256 = ?", (sha256,)).fetchone():
                found.append(file)
    return found
