"""Verdicts of this day, so that the same bytes are not judged twice: by SHA-256 and by everything that the judge knew.

A file of its own beside the register: it may be deleted at any time, and nothing is lost but minutes.
"""

import hashlib
import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_TABLE = (
    "CREATE TABLE IF NOT EXISTS verdict (key TEXT PRIMARY KEY, until TEXT NOT NULL, judgement TEXT NOT NULL) STRICT"
)


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """The open cache; `connection` None where it cannot be had (a full disk, somebody else's folder): then nothing is kept."""

    connection: sqlite3.Connection | None
    now: datetime
    _lock: threading.Lock

    def get(self, key: str) -> str | None:
        """Return what was put under the key and is still good now."""
        if self.connection is None:
            return None
        with suppress(sqlite3.Error), self._lock:
            row = self.connection.execute(
                "SELECT judgement FROM verdict WHERE key = :key AND until > :now",
                {"key": key, "now": self.now.isoformat()},
            ).fetchone()
            return str(row[0]) if row else None
        return None

    def put(self, key: str, judgement: str, until: datetime) -> None:
        if self.connection is None:
            return
        with suppress(sqlite3.Error), self._lock, self.connection:
            self.connection.execute(
                "INSERT INTO verdict (key, until, judgement) VALUES (:key, :until, :judgement)"
                " ON CONFLICT (key) DO UPDATE SET until = excluded.until, judgement = excluded.judgement",
                {"key": key, "until": until.isoformat(), "judgement": judgement},
            )

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()


def open_verdicts(file: Path | None, now: datetime) -> Verdicts:
    """Open the cache, made if it is not there; what is no longer good is thrown away. `now` is in UTC, as all its times."""
    connection = None
    if file is not None:
        with suppress(sqlite3.Error, OSError):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = sqlite3.connect(file, timeout=2, check_same_thread=False)
            with connection:
                connection.execute(_TABLE)
                connection.execute("DELETE FROM verdict WHERE until <= :now", {"now": now.isoformat()})
    return Verdicts(connection, now, threading.Lock())


def key_of(*parts: str) -> str:
    """Return one key for all that a verdict depends on."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
