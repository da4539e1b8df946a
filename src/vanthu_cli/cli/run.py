"""What every command has at hand: the global options, the open desk, and the two ways to answer (text, JSON)."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from vanthu_cli import __version__
from vanthu_cli.config.load import find, load
from vanthu_cli.config.settings import Config
from vanthu_cli.document.text import shown
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk, open_desk, who
from vanthu_cli.register.book import last_event_id, stored
from vanthu_cli.register.journal import Journal
from vanthu_cli.register.lock import Turn


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Run:
    """One run of the program. `now` is its only clock reading."""

    config_file: Path | None
    language: str
    json: bool
    quiet: bool
    verbose: bool
    command: str
    now: datetime
    journal: Journal
    wait: int

    @property
    def turn(self) -> Turn:
        """What others are told of this run while it holds the office."""
        return Turn(who(), self.command, stored(self.now), self.wait)

    def config(self) -> Config:
        return load(find(self.config_file))

    def config_or_none(self) -> Config | None:
        """For `verify`, which works without a configuration; one that is named must be there."""
        try:
            found = find(self.config_file)
        except MisuseError:
            if self.config_file is not None:
                raise
            return None
        return load(found)

    @contextmanager
    def desk(self, *, unattended: bool = False, prompt: Callable[[str], str | None] | None = None) -> Iterator[Desk]:
        """Open the office and its journal. `unattended`: nobody is asked for anything, and no signing key is opened.

        `prompt` asks for secrets where the terminal is in other use.
        """
        config, prompt = self.config(), (lambda _what: None) if unattended else prompt or ask_secret
        with open_desk(
            config, now=self.now, prompt=prompt, language=self.language, turn=self.turn, unattended=unattended
        ) as desk:
            before = last_event_id(desk.book)
            words = self.journal.words or self.command
            self.journal.begin(config.data_dir, who=desk.book.who, command=words, version=__version__)
            try:
                yield desk
            finally:
                if (after := last_event_id(desk.book)) > before:
                    self.journal.note("events", first=before + 1, last=after)

    def answer(
        self,
        payload: Mapping[str, Any],
        lines: Sequence[str],
        *,
        code: int = 0,
        error: tuple[str, str, str] | None = None,
    ) -> int:
        """Give the result on stdout (one JSON document, or text for a person) and return the exit code.

        That a dry run was one is said here, from the payload's `dry_run`.
        """
        if self.json:
            dump(self.command, payload, code, error)
        elif not (self.quiet and code == 0):
            say("\n".join([*lines, *([_("Nothing was changed: --dry-run.")] if payload.get("dry_run") else [])]))
        return code

    @property
    def interactive(self) -> bool:
        """Whether questions may be asked: a person sits at a terminal and wants text."""
        return not self.json and sys.stdin.isatty() and sys.stderr.isatty()


class Spool:
    """The items of a long answer as JSON, in a file until all are known: memory does not grow with their number."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._separator = file, "\n"

    def add(self, item: Mapping[str, Any]) -> None:
        self._file.write(self._separator + json.dumps(item, ensure_ascii=False))
        self._separator = ",\n"

    def copy_to(self, out: IO[str]) -> None:
        self._file.seek(0)
        out.writelines(self._file)


def dump(command: str, payload: Mapping[str, Any], code: int, error: tuple[str, str, str] | None = None) -> None:
    """Write the one JSON document. Spooled items stand in it as a list, their lines not indented further."""
    document: dict[str, Any] = {"vanthu": __version__, "command": command, "ok": code == 0}
    document |= {name: value for name, value in payload.items() if not isinstance(value, Spool)}
    if error is not None:
        document["error"] = {"code": error[0], "message": error[1], "hint": error[2] or None}
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2).removesuffix("\n}"))
    for name, value in payload.items():
        if isinstance(value, Spool):
            sys.stdout.write(f',\n  "{name}": [')
            value.copy_to(sys.stdout)
            sys.stdout.write("]")
    sys.stdout.write("\n}\n")


@contextmanager
def spool() -> Iterator[Spool]:
    """Yield an empty spool, on the disk as long as it is in use."""
    import tempfile  # 5 ms that commands with short answers need not pay

    with tempfile.TemporaryFile("w+", encoding="utf-8", prefix="vanthu-") as file:
        yield Spool(file)


def run_of(context: Any) -> Run:
    """Return the run of a command's context."""
    found: Run = context.find_root().obj
    return found


def clock() -> datetime:
    return datetime.now(UTC)


def say(text: str) -> None:
    """Print for a person: what came from outside cannot drive the terminal (escape sequences, bidi overrides)."""
    if text:
        sys.stdout.write("\n".join(_harmless(line) for line in text.split("\n")) + "\n")


def _harmless(line: str) -> str:
    """Tabs stay: those of plain tables (cells of ours hold none)."""
    return "\t".join(map(shown, line.split("\t")))


def tell(text: str) -> None:
    """Say something beside the result: stderr, after what was said before it."""
    sys.stdout.flush()
    sys.stderr.write("\n".join(shown(line) for line in text.split("\n")) + "\n")


def ask_secret(what: str) -> str | None:
    """Ask for a password without showing it; None without a terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    from getpass import getpass

    return getpass(_("{what} (not shown while typed): ").format(what=what), stream=sys.stderr)


def confirm(run: Run, question: str, option: str) -> bool:
    """Ask yes or no; without a terminal `MisuseError` names the option that would have answered."""
    if not run.interactive:
        raise MisuseError(
            "prompt.no_terminal",
            _("This asks for confirmation, but there is no terminal."),
            _("Answer in the command: {option}").format(option=option),
        )
    return ask(question)


def ask(question: str) -> bool:
    """Ask a person at the terminal yes or no; anything but a clear yes is no."""
    sys.stderr.write(_("{question} [y/N] ").format(question=question))
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes", "c", "có", "co"}
