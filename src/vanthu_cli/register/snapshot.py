"""A copy of the open register as one moment has it, and which files of the office a register asks for."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register import closings, directory, documents
from vanthu_cli.register.book import Book, check_chain, explaining, integrity
from vanthu_cli.register.closings import Closing


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A register file; the cabinet's files (SHA-256) and the closed days that it names; the event where its chain breaks.

    `certificates` may lie in the cabinet too: those of this office's keys do, so that they are known before a secret is asked.
    """

    file: Path
    names: tuple[str, ...]
    certificates: tuple[str, ...]
    closings: tuple[Closing, ...]
    broken: int | None


def snapshot_of(file: Path, book: Book) -> Snapshot:
    names = sorted(documents.files(book))
    certificates = sorted({each.fingerprint for each in directory.certificates(book)} - set(names))
    return Snapshot(file, tuple(names), tuple(certificates), tuple(closings.all_of(book.connection)), check_chain(book))


@contextmanager
def copied(book: Book, file: Path) -> Iterator[Snapshot]:
    """Copy the register into `file`, whatever other runs write, and check the copy; it is there until the end of this block."""
    try:
        _forget(file)
        with explaining(), closing(sqlite3.connect(file)) as connection:
            book.connection.backup(connection)
            connection.row_factory = sqlite3.Row
            copy = Book(connection, book.who, book.now)
            said = integrity(copy)
            if said != "ok":
                raise MisuseError(
                    "register.damaged",
                    _("The register is damaged: {why}").format(why=said),
                    _("Don't work on. Keep the file and ask the administrator for the last backup."),
                )
            found = snapshot_of(file, copy)
        yield found
    finally:
        _forget(file)


def _forget(file: Path) -> None:
    """Remove a copy and what SQLite keeps beside it."""
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()


def in_backups(book: Book, identity: int) -> bool:
    """Tell whether a backup was made after a document was entered."""
    entered = "SELECT MIN(id) FROM event WHERE subject = ?"
    return bool(
        book.connection.execute(
            f"SELECT 1 FROM event WHERE subject = 'office' AND kind = 'backup' AND id > ({entered})",
            (f"document:{identity}",),
        ).fetchone()
    )
