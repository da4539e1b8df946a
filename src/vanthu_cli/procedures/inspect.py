"""Reading documents for a person or a script: fields, how sure they are, what else they may be; the agency as this office knows it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from vanthu_cli.config.settings import Config
from vanthu_cli.document.fields import Reading
from vanthu_cli.errors import MisuseError, UndecidedError, VanthuError, os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import register_file, who
from vanthu_cli.procedures.examine import (
    FATAL,
    LARGEST,
    Examination,
    Examiners,
    Question,
    Task,
    fault_words,
    in_hand,
    side_by_side,
)
from vanthu_cli.procedures.recognise import available, less_sure, recognised
from vanthu_cli.register import directory
from vanthu_cli.register.book import Book, open_book
from vanthu_cli.register.directory import Agency
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.validation.trust import Trust

_NO_TRUST = Trust((), (), (), "ignore")


@dataclass(frozen=True, slots=True)
class Wish:
    """How to read: in `jobs` processes (0: as it pays), with a `picture` of what was read, scans too where that can be done."""

    now: datetime
    language: str
    jobs: int = 0
    picture: bool = False
    scans: bool = True


@dataclass(frozen=True, slots=True)
class Inspected:
    """What one file says, or why nothing could be read. `picture` is a PNG.

    `agency` is what the directory knows by the name that was read, `successor` the agency it has merged into since.
    """

    file: Path
    sha256: str | None = None
    reading: Reading = field(default_factory=Reading)
    picture: bytes | None = None
    agency: Agency | None = None
    successor: Agency | None = None
    error: VanthuError | None = None


def inspect(config: Config | None, files: Sequence[Path], wish: Wish) -> Iterator[Inspected]:
    """Read the files in worker processes, in order. What one of them does to its worker costs that file only."""
    with ExitStack() as stack:
        book = _book(config, wish.now, stack)
        for each in side_by_side(
            files, lambda pool, file: _read(pool, file, wish), language=wish.language, jobs=wish.jobs
        ):
            yield _named(book, each) if book else each


def _book(config: Config | None, now: datetime, stack: ExitStack) -> Book | None:
    if config is None or not register_file(config).is_file():
        return None
    book = open_book(register_file(config), who=who(), now=now, make=False)
    stack.callback(book.connection.close)
    return book


def _named(book: Book, inspected: Inspected) -> Inspected:
    """Add what the directory knows of the agency; a name that two agencies bear names none."""
    fields = inspected.reading.fields
    found = directory.by_printed(book, fields.agency, fields.parent_agency) if fields.agency else []
    if len(found) != 1:
        return inspected
    successor = found[0].successor if not found[0].in_force(book.now.astimezone(VIETNAM).date()) else None
    return replace(inspected, agency=found[0], successor=directory.agency(book, successor) if successor else None)


def _read(pool: Examiners, file: Path, wish: Wish) -> Inspected:
    try:
        _check(file)
        data, sha256 = in_hand(file)
    except MisuseError as error:
        return Inspected(file, error=error)
    except OSError as error:
        return Inspected(file, error=_unreadable(file, os_words(error)))
    tasks = _tasks(wish)
    with pool.one() as examiner:
        found = examiner(Question(file.name, data, tasks, _NO_TRUST, None, wish.now))
    if found.reading is None:
        return Inspected(file, sha256, error=_unread(file, found))
    reading = found.reading
    if found.paper is not None and (text := recognised(found.paper)) is not None:
        with pool.one() as examiner:
            again = examiner(Question(file.name, text, frozenset({"read"}), _NO_TRUST, None, wish.now))
        if again.reading is not None and not again.reading.needs_ocr:
            reading = less_sure(again.reading)
    return Inspected(file, sha256, reading, found.picture)


def _tasks(wish: Wish) -> frozenset[Task]:
    tasks: set[Task] = {"read"}
    if wish.picture:
        tasks.add("drawn")
    if wish.scans and available():
        tasks.add("paper")
    return frozenset(tasks)


def _check(file: Path) -> None:
    if not file.is_file():
        raise _unreadable(file, _("it is not a file") if file.exists() else _("there is no such file"))
    size = file.stat().st_size
    if size == 0:
        raise _unreadable(file, _("it is empty"))
    if size > LARGEST:
        raise _unreadable(file, _("it is too large"))


def _unreadable(file: Path, why: str) -> MisuseError:
    return MisuseError("file.unreadable", _("{path} cannot be read: {why}").format(path=file, why=why))


def _unread(file: Path, found: Examination) -> VanthuError:
    if found.fault in FATAL:
        return UndecidedError(
            "inspect.failed", _("{path} could not be read: {why}").format(path=file, why=fault_words(found.fault or ""))
        )
    if found.fault:
        return MisuseError(
            "inspect.unreadable", _("{path} could not be read: {why}").format(path=file, why=found.fault)
        )
    return MisuseError(
        "inspect.not_pdf",
        _("{path} is no PDF: only PDF pages are read.").format(path=file),
        _("Export the document to PDF first (“vanthu prepare” does it for Word files)."),
    )
