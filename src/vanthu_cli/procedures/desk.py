"""The open desk: everything a procedure needs, opened once, closed at the end. The doors are values, so tests can wrap them."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Semaphore
from typing import TYPE_CHECKING, Any

from vanthu_cli.config.settings import Config
from vanthu_cli.errors import BusyError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.ways import Ways
from vanthu_cli.register.book import Book, explaining, open_book
from vanthu_cli.register.cabinet import Cabinet, open_cabinet

if TYPE_CHECKING:
    from vanthu_cli.channels.channel import Channel
    from vanthu_cli.procedures.examine import Examination, Examiner, Question, Task
    from vanthu_cli.procedures.keys import KeyRing
    from vanthu_cli.procedures.lookup import Lookup
    from vanthu_cli.register.directory import Agency
    from vanthu_cli.validation.trust import Signatory, Trust

REGISTER = "register.sqlite"
_LOCK_SECONDS = 60


@dataclass(eq=False, repr=False)
class Kept:
    """What is read or opened when it is first needed in a run, and then kept to its end."""

    config: Config
    prompt: Callable[[str], str | None]

    @cached_property
    def lookup(self) -> "Lookup":
        from vanthu_cli.procedures.lookup import lookup_of

        kept = self.config.data_dir / "cache" / "revocation"
        return lookup_of(trust_of(self.config), kept, self.config.trust.hosts, offline=False)

    @cached_property
    def keys(self) -> "KeyRing":
        from vanthu_cli.procedures.keys import KeyRing

        return KeyRing(self.config, self.prompt)

    def close(self) -> None:
        if "keys" in self.__dict__:
            self.keys.close()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Desk:
    """One office at one moment. `prompt` asks for a secret on a terminal, None without one."""

    config: Config
    book: Book
    cabinet: Cabinet
    channels: Mapping[str, "Channel"]
    now: datetime
    prompt: Callable[[str], str | None]
    examiner: Callable[["Question"], "Examination"]
    kept: Kept

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the office: one run at a time fetches, issues or sends."""
        with holding(self.config.data_dir / "lock"):
            yield

    def examine(self, name: str, data: "bytes | Path", *tasks: "Task", **wishes: Any) -> "Examination":
        """Have a file looked at in the worker; `wishes` are further fields of `Question`."""
        return self.judged(self.question(name, data, *tasks, **wishes))

    def judged(self, question: "Question") -> "Examination":
        """Have a question answered; may be called from any thread."""
        return (
            self.kept.lookup.judged(self.examiner, question) if "judge" in question.tasks else self.examiner(question)
        )

    def question(self, name: str, data: "bytes | Path", *tasks: "Task", **wishes: Any) -> "Question":
        from vanthu_cli.procedures.examine import Question

        return Question(name, data, frozenset(tasks), self.trust(), self.signatories(), self.now, **wishes)

    def trust(self) -> "Trust":
        return self.kept.lookup.trust

    @property
    def keys(self) -> "KeyRing":
        """The keys opened in this run."""
        return self.kept.keys

    def signatories(self) -> "Mapping[str, Signatory]":
        return signatories_of(self.book)

    @property
    def own(self) -> "Agency":
        """This office as it stands in its own directory."""
        from vanthu_cli.register import directory

        return directory.agency(self.book, self.config.office.code) or directory.Agency(
            self.config.office.code, self.config.office.name
        )


@contextlib.contextmanager
def holding(file: Path) -> Iterator[None]:
    """Hold a lock; `BusyError` if another run does so for a minute. The kernel frees it when a run dies."""
    from filelock import FileLock, Timeout

    held = FileLock(file, timeout=_LOCK_SECONDS)
    try:
        held.acquire()
    except Timeout:
        raise BusyError(
            "office.locked",
            _("Another vanthu is working for this office."),
            _("Wait until it is done, then run again."),
        ) from None
    try:
        yield
    finally:
        held.release()


def signatories_of(book: Book) -> "dict[str, Signatory]":
    """Return whose certificate is whose, by fingerprint, with the addresses that their agencies write from."""
    from vanthu_cli.register import directory
    from vanthu_cli.validation.trust import Signatory

    agencies = {each.code: each for each in directory.agencies(book)}
    found = {}
    for each in directory.certificates(book):
        agency = agencies[each.agency]
        addresses = tuple(address.lower() for address in (agency.wan, agency.internet) if address)
        found[each.fingerprint] = Signatory(
            "person" if each.role == "person" else "organisation", each.agency, addresses
        )
    return found


def trust_of(config: Config) -> "Trust":
    """Return the certificates this office believes; none when its trust folder is not there."""
    from vanthu_cli.validation.trust import load_trust

    folder = config.path(config.trust.dir)
    return load_trust([folder] if folder.is_dir() else [], config.trust.revocation)


@contextlib.contextmanager
def open_desk(
    config: Config, *, now: datetime, prompt: Callable[[str], str | None], language: str, make: bool = False
) -> Iterator[Desk]:
    """Open the office. `MisuseError` "office.not_made" when `vanthu init` has not been run; only init may `make` it.

    A missing register is never made anew here: an empty mount point would begin again at number 01.
    """
    if not config.data_dir.is_dir():
        raise MisuseError(
            "office.not_made",
            _("The office folder {path} does not exist yet.").format(path=config.data_dir),
            _("Run “vanthu init” first."),
        )
    book = open_book(register_file(config), who=who(), now=now, make=make)
    channels = Ways(config, book, prompt)
    examiner, kept = _LazyExaminers(language), Kept(config, prompt)
    try:
        with explaining():
            yield Desk(config, book, open_cabinet(config.data_dir), channels, now, prompt, examiner, kept)
    finally:
        kept.close()
        channels.close()
        examiner.close()
        book.connection.close()


def register_file(config: Config) -> Path:
    return config.data_dir / REGISTER


def who() -> str:
    """Return the login that acts, for the events: user@machine."""
    from getpass import getuser

    try:
        user = getuser()
    except (OSError, KeyError):
        user = "?"
    if hasattr(os, "uname"):
        return f"{user}@{os.uname().nodename}"
    import platform

    return f"{user}@{platform.node()}"


class _LazyExaminers:
    """Worker processes that look at files, as many as there are processors; any number of threads may ask at once."""

    def __init__(self, language: str) -> None:
        self._language = language
        self.jobs = os.cpu_count() or 1
        self._made = list["Examiner"]()
        self._free = LifoQueue["Examiner"]()  # the one that is warm first
        self._room = Semaphore(self.jobs)

    def __call__(self, question: "Question") -> "Examination":
        with self._room:
            try:
                examiner = self._free.get_nowait()
            except Empty:
                from vanthu_cli.procedures.examine import Examiner

                examiner = Examiner(self._language)
                self._made.append(examiner)
            try:
                return examiner(question)
            finally:
                self._free.put(examiner)

    def close(self) -> None:
        for each in self._made:
            each.close()
