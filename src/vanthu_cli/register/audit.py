"""Going through a register event by event and row by row: is it what its chain says? Reads only; works on a copy, with no key of ours."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register import numbers, rows
from vanthu_cli.register.book import GENESIS, MIGRATIONS, explaining, link
from vanthu_cli.register.closings import Closing, all_of

_GROUP = 20_000
_FIRST_WITH_ROWS = 5
"""The version of the register from which on every row is in the chain."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was entered. `code` is stable; `where` names the place ("event 12", "document/5"); `detail` more."""

    code: str
    where: str
    detail: str = ""


@dataclass(slots=True)
class Audited:
    """What was gone through, and what was found. `notes` are no faults: files that no row names, days that are still open.

    `fingerprint` (SHA-256, hex) is that of the certificate the closings were signed with; `stamped` how many bear a time stamp.
    """

    events: int = 0
    rows: int = 0
    files: int = 0
    closings: int = 0
    stamped: int = 0
    fingerprint: str | None = None
    last_closed: str | None = None
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """Return "broken" if anything is not as it was entered; "open" while no signed closing vouches for it; else "whole"."""
        return "broken" if self.faults else "whole" if self.closings else "open"


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a register for reading only; `MisuseError` if it is none, or of another version."""
    if not file.is_file():
        raise MisuseError("audit.no_register", _("There is no register {path}.").format(path=file))
    # Without a log beside it nobody is writing: then it opens on a read-only medium too.
    still = "" if file.with_name(f"{file.name}-wal").exists() else "&immutable=1"
    with explaining(), closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro{still}", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        newest = len(list(MIGRATIONS.glob("*.sql")))
        if not _FIRST_WITH_ROWS <= version <= newest:
            raise MisuseError(
                "audit.version",
                _("The register is of version {version}; this program audits {first} to {newest}.").format(
                    version=version, first=_FIRST_WITH_ROWS, newest=newest
                ),
                _(
                    "An older one is brought up to date when the office opens it; for a newer one install the newer program."
                ),
            )
        yield connection


def integrity(connection: sqlite3.Connection) -> Iterator[Fault]:
    """Yield what SQLite itself finds wrong with the file."""
    try:
        for row in connection.execute("PRAGMA integrity_check(20)"):
            if row[0] != "ok":
                yield Fault("file-damaged", "register.sqlite", str(row[0]))
    except sqlite3.DatabaseError as error:
        yield Fault("file-damaged", "register.sqlite", str(error))


def schema(connection: sqlite3.Connection) -> Iterator[Fault]:
    """Yield tables, indexes and triggers that are not those of this version, or are missing."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        fresh.create_function("touched", 3, lambda *_told: None)
        for script in sorted(MIGRATIONS.glob("*.sql")):
            fresh.executescript(script.read_text("utf-8"))
        asked = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        wanted = {row[0]: _plain(row[1]) for row in fresh.execute(asked)}
    there = {row[0]: _plain(row[1]) for row in connection.execute(asked)}
    for name in sorted(wanted.keys() | there.keys()):
        if wanted.get(name) != there.get(name):
            yield Fault("schema-changed", name)


def _plain(statement: str) -> str:
    return " ".join(statement.split())


def index(connection: sqlite3.Connection) -> Iterator[Fault]:
    """Yield documents that the search index does not hold; what it holds of each stands in the document's row."""
    for row in connection.execute("SELECT id FROM document WHERE id NOT IN (SELECT id FROM words_docsize)"):
        yield Fault("index-differs", f"document/{row[0]}")


def events(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COUNT(*) FROM event").fetchone()[0])


def chain(connection: sqlite3.Connection, note: Callable[[str, str | None], None]) -> Iterator[Fault]:
    """Go through the chain; `note` is given each row and its digest as entered. Yield each break, and what is missing at the end."""
    prev, expected = GENESIS, 1
    cursor = connection.cursor()
    cursor.row_factory = None
    for row in cursor.execute("SELECT id, at, who, kind, subject, data, prev, hash FROM event ORDER BY id"):
        if row[0] != expected:
            yield Fault("event-missing", f"event {expected}", f"–{row[0] - 1}" if row[0] - 1 > expected else "")
        elif row[6] != prev:
            yield Fault("chain-broken", f"event {row[0]}")
        if row[7] != link((row[1], row[2], row[3], row[4], row[5], row[6])):
            yield Fault("event-changed", f"event {row[0]}")
        if row[3] == "rows":
            for name, digest in json.loads(row[5]).items():
                note(name, digest)
        prev, expected = row[7], row[0] + 1
    last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'event'").fetchone()
    if last and last[0] >= expected:
        yield Fault("event-missing", f"event {expected}", f"–{last[0]}" if last[0] > expected else "")


class Entered:
    """The digest last entered of every row, by table; kept on the disk, for a register may have millions.

    A table of its own for each, so that what is entered one after the other lies side by side.
    """

    def __init__(self) -> None:
        self.kept = sqlite3.connect("", isolation_level=None)
        self.kept.execute("PRAGMA cache_size = -65536")
        for table, key in rows.KEYS.items():
            kind = "INTEGER" if key in {("id",), ("document",)} else "TEXT"
            self.kept.execute(f"CREATE TABLE {table} (key {kind} PRIMARY KEY, digest TEXT) WITHOUT ROWID")
            self.kept.execute(f"CREATE TABLE there_{table} (key {kind} PRIMARY KEY, digest TEXT) WITHOUT ROWID")
        self.kept.execute("BEGIN")
        self._waiting: dict[str, dict[str, str | None]] = {table: {} for table in rows.KEYS}
        self._count = 0

    def note(self, name: str, digest: str | None) -> None:
        table, _slash, key = name.partition("/")
        self._waiting[table][key] = digest
        self._count += 1
        if self._count >= _GROUP:
            self.flush()

    def flush(self) -> None:
        for table, waiting in self._waiting.items():
            self.kept.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", waiting.items())
            waiting.clear()
        self._count = 0

    def close(self) -> None:
        self.kept.close()


def compared(connection: sqlite3.Connection, entered: Entered) -> Iterator[Fault]:
    """Compare every row of the register with what the chain says of it."""
    entered.flush()
    for table in rows.KEYS:
        there, count, strangers = rows.every(connection, table), 0, 0
        while group := list(islice(there, _GROUP)):
            found = list(_differing(entered.kept, table, group))
            yield from found
            count += len(group)
            strangers += sum(each.code == "row-added" for each in found)
        known = entered.kept.execute(f"SELECT COUNT(*) FROM {table} WHERE digest IS NOT NULL").fetchone()[0]
        if known > count - strangers:
            yield from _removed(entered.kept, table, rows.every(connection, table))


def _differing(kept: sqlite3.Connection, table: str, group: list[tuple[str, str]]) -> Iterator[Fault]:
    kept.execute(f"DELETE FROM there_{table}")
    kept.executemany(f"INSERT INTO there_{table} VALUES (?, ?)", group)
    question = f"SELECT key FROM there_{table} t {{}} {table} e USING (key) WHERE {{}}"
    for row in kept.execute(question.format("JOIN", "t.digest <> e.digest")):
        yield Fault("row-changed", f"{table}/{row[0]}")
    for row in kept.execute(question.format("LEFT JOIN", "e.digest IS NULL")):
        yield Fault("row-added", f"{table}/{row[0]}")


def _removed(kept: sqlite3.Connection, table: str, there: Iterator[tuple[str, str]]) -> Iterator[Fault]:
    kept.execute(f"DELETE FROM there_{table}")
    kept.executemany(f"INSERT INTO there_{table} VALUES (?, ?)", there)
    for row in kept.execute(
        f"SELECT key FROM {table} e LEFT JOIN there_{table} t USING (key) WHERE t.digest IS NULL AND e.digest IS NOT NULL"
    ):
        yield Fault("row-removed", f"{table}/{row[0]}")


def sequences(connection: sqlite3.Connection) -> Iterator[Fault]:
    """Look for numbers that nobody holds, and documents whose number the sequence does not know."""
    for row in connection.execute(
        "SELECT number.book, number.series, MIN(number.value) AS first, beginning.value AS begun FROM number"
        " LEFT JOIN beginning ON beginning.book = number.book AND beginning.series = number.series"
        " GROUP BY number.book, number.series"
    ):
        # What was brought along from an older book may have gaps, and so may what lies before a beginning.
        first = max(row["begun"] or 1, _last_imported(connection, row["book"], row["series"]) + 1)
        for low, high in numbers.gaps(connection, row["book"], row["series"], first):
            yield Fault(
                "number-missing", f"{row['book']}/{row['series']}", f"{low}" if low == high else f"{low}–{high}"
            )
    for row in connection.execute(
        "SELECT document.id FROM document JOIN number ON number.document = document.id WHERE document.state <> 'quarantined'"
        " AND CASE number.book WHEN 'di' THEN document.number ELSE document.arrival_number END IS NOT number.value"
    ):
        yield Fault("number-differs", f"document/{row[0]}")


def _last_imported(connection: sqlite3.Connection, book: str, series: str) -> int:
    """Return the highest number of a sequence that was brought along from an older book; 0 if none was."""
    row = connection.execute(
        "SELECT MAX(number.value) FROM number JOIN event ON event.subject = 'document:' || number.document"
        " WHERE number.book = ? AND number.series = ? AND event.kind = 'enter'",
        (book, series),
    ).fetchone()
    return int(row[0] or 0)


def closings_against(connection: sqlite3.Connection) -> Iterator[tuple[Closing, list[Fault]]]:
    """Yield each closing with what in the chain contradicts it; a removed one as a fault of the one that follows."""
    known = {row[0]: row[1] for row in connection.execute("SELECT subject, data FROM event WHERE kind = 'close-day'")}
    there = all_of(connection)
    for each in there:
        faults = []
        event = known.pop(f"closing:{each.id}", None)
        if event is None or json.loads(event).get("sha256") != each.sha256:
            faults.append(Fault("closing-unentered", f"closing {each.id}"))
        row = connection.execute("SELECT hash FROM event WHERE id = ?", (each.last_event,)).fetchone()
        if (row[0] if row else GENESIS) != each.head:
            faults.append(Fault("closing-differs", f"closing {each.id}", f"event {each.last_event}"))
        yield each, faults
    for subject in known:
        gone = Closing(int(subject.partition(":")[2]), "", 0, "", "", "", None)
        yield gone, [Fault("closing-removed", f"closing {gone.id}")]


def event_hash(connection: sqlite3.Connection, identity: object) -> str | None:
    """Return the hash of an event, however it was named."""
    row = connection.execute("SELECT hash FROM event WHERE id = ?", (identity if isinstance(identity, int) else None,))
    found = row.fetchone()
    return str(found[0]) if found else None


def counted(entered: Entered) -> int:
    """Return how many rows the chain vouches for."""
    asked = (f"SELECT COUNT(*) FROM {table} WHERE digest IS NOT NULL" for table in rows.KEYS)
    return sum(int(entered.kept.execute(each).fetchone()[0]) for each in asked)


def certificates(connection: sqlite3.Connection) -> set[str]:
    """Return the fingerprints of the certificates that the register has met."""
    return {
        row[0]
        for row in connection.execute("SELECT fingerprint FROM certificate UNION SELECT fingerprint FROM sighting")
    }
