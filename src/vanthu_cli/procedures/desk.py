"""The open desk: everything a procedure needs, opened once, closed at the end. The doors are values, so tests can wrap them."""

import contextlib
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Semaphore
from typing import TYPE_CHECKING, Any

from vanthu_cli.config.settings import Config
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.ways import Ways
from vanthu_cli.register.book import Book, explaining, open_book
from vanthu_cli.register.cabinet import Cabinet, open_cabinet
from vanthu_cli.register.lock import SOMEBODY, Turn, check_machine, holding

if TYPE_CHECKING:
    from vanthu_cli.channels.channel import Channel
    from vanthu_cli.procedures.examine import Examination, Examiner, Question, Task
    from vanthu_cli.procedures.keys import KeyRing
    from vanthu_cli.procedures.lookup import Lookup
    from vanthu_cli.register.directory import Agency
    from vanthu_cli.validation.trust import Signatory, Trust

REGISTER = "register.sqlite"


@dataclass(eq=False, repr=False)
class Kept:
    """What is read or opened when it is first needed in a run, and then kept to its end."""

    config: Config
    prompt: Callable[[str], str | None]
    unattended: bool = False

    @cached_property
    def lookup(self) -> "Lookup":
        from vanthu_cli.procedures.lookup import lookup_of

        kept = self.config.data_dir / "cache" / "revocation"
        return lookup_of(trust_of(self.config), kept, self.config.trust.hosts, offline=False)

    @cached_property
    def keys(self) -> "KeyRing":
        if self.unattended:
            raise ForbiddenError("batch.no_key", _("Without a person no key of a person or of the office is used."))
        from vanthu_cli.procedures.keys import KeyRing

        return KeyRing(self.config, self.prompt)

    def close(self) -> None:
        if "keys" in self.__dict__:
            self.keys.close()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Desk:
    """One office at one moment. `prompt` asks for a secret on a terminal, None without one.

    `in_time` is asked between two pieces of work, and raises when the run's time is over.
    """

    config: Config
    book: Book
    cabinet: Cabinet
    channels: Mapping[str, "Channel"]
    now: datetime
    prompt: Callable[[str], str | None]
    examiner: Callable[["Question"], "Examination"]
    kept: Kept
    turn: Turn
    in_time: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the office: one run at a time fetches, issues or sends."""
        with holding(self.config.data_dir / "lock", self.turn):
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
    config: Config,
    *,
    now: datetime,
    prompt: Callable[[str], str | None],
    language: str,
    make: bool = False,
    unattended: bool = False,
    turn: Turn = SOMEBODY,
) -> Iterator[Desk]:
    """Open the office. `MisuseError` "office.not_made" when `vanthu init` has not been run; only init may `make` it.

    A missing register is never made anew here: an empty mount point would begin again at number 01. `unattended`: nobody is
    there, so no signing key is opened, whatever is asked.
    """
    check_machine(office_folder(config))
    book = open_book(register_file(config), who=who(), now=now, make=make)
    channels = Ways(config, book, prompt)
    examiner, kept = _LazyExaminers(language), Kept(config, prompt, unattended)
    try:
        with explaining():
            yield Desk(config, book, open_cabinet(config.data_dir), channels, now, prompt, examiner, kept, turn)
    finally:
        kept.close()
        channels.close()
        examiner.close()
        book.connection.close()


def office_folder(config: Config) -> Path:
    """Return the office's folder; `MisuseError` "office.not_made" if it is not there."""
    if not config.data_dir.is_dir():
        raise MisuseError(
            "office.not_made",
            _("The office folder {path} does not exist yet.").format(path=config.data_dir),
            _("Run “vanthu init” first."),
        )
    return config.data_dir


def register_file(config: Config) -> Path:
    return config.data_dir / REGISTER


def who() -> str:
    """Return the login that acts, for the events: user@machine."""
    if sys.platform == "win32":
        import platform
        from getpass import getuser

        return f"{getuser()}@{platform.node()}"
    import pwd  # and not the environment, which anybody can set

    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    return f"{user}@{os.uname().nodename}"


class _LazyExaminers:
    """Worker processes that look at files, as many as there are processors; any number of threads may ask at once."""

    def __init__(self, language: str) -> None:
        self._language = language
        self.jobs = os.cpu_count() or 1
        self._made = list["Examiner"]()
        self._free = deque["Examiner"]()  # the last one is warm
        self._room = Semaphore(self.jobs)

    def __call__(self, question: "Question") -> "Examination":
        with self._room:
            try:
                examiner = self._free.pop()
            except IndexError:
                from vanthu_cli.procedures.examine import Examiner

                examiner = Examiner(self._language)
                self._made.append(examiner)
            try:
                return examiner(question)
            finally:
                self._free.append(examiner)

    def close(self) -> None:
        for each in self._made:
            each.close()
