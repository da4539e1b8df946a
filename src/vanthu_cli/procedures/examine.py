"""Looking at a file that came from outside, in a process of its own with a time and a memory limit.

A bomb, a loop or a crash of a parser costs one examination and nothing else (contract.md: never a crash, never a hang).
The parent imports neither pyHanko nor pdfium.
"""

import contextlib
import multiprocessing
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Literal

from vanthu_cli.document.fields import Reading
from vanthu_cli.document.places import Places
from vanthu_cli.validation.findings import Judgement
from vanthu_cli.validation.trust import Signatory, Trust

_SECONDS = 60
_BYTES = 3 << 30

FATAL = frozenset({"too-slow", "crashed", "MemoryError"})
"""Faults that ended the looking itself: nothing is known of such a file, not even whether it bears a mark."""

Task = Literal["mark", "read", "judge", "places"]


@dataclass(frozen=True, slots=True)
class Question:
    """A file and what is asked of it. The answers stop at a secret mark: nothing more is read of such a file."""

    name: str
    data: bytes
    tasks: frozenset[Task]
    trust: Trust
    signatories: Mapping[str, Signatory] | None
    now: datetime
    at: datetime | None = None
    known_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found; None where it was not asked or could not be told.

    `printed`: month and year already on the page beside a blank day. `fault`: why the file could not be looked at.
    """

    mark: str | None = None
    reading: Reading | None = None
    judgement: Judgement | None = None
    places: Places | None = None
    printed: tuple[int | None, int | None] = (None, None)
    fault: str | None = None


def examine(question: Question) -> Examination:
    """Look at the file, in this process."""
    from vanthu_cli.errors import VanthuError
    from vanthu_cli.reading.fields import read
    from vanthu_cli.reading.marks import is_locked, secret_mark_in_file
    from vanthu_cli.reading.places import find_places, printed_month_year
    from vanthu_cli.validation.files import judge_file

    reading = judgement = places = None
    printed: tuple[int | None, int | None] = (None, None)
    tasks, data = question.tasks, question.data
    mark = secret_mark_in_file(question.name, data) if "mark" in tasks else None
    if mark:
        return Examination(mark=mark)
    fault = "locked" if "mark" in tasks and is_locked(data) else None
    is_pdf = b"%PDF-" in data[:1024]
    try:
        if "read" in tasks and is_pdf:
            reading = read(data)
        if "places" in tasks and is_pdf:
            places = find_places(data, reading.fields.signer_name if reading else None)
            printed = printed_month_year(data)
    except VanthuError as error:
        fault = error.message
    if "judge" in tasks:
        judgement = judge_file(
            data,
            question.trust,
            question.signatories,
            now=question.now,
            at=question.at,
            known_since=question.known_since,
        )
    return Examination(mark, reading, judgement, places, printed, fault)


def _serve(pipe: Connection, language: str) -> None:
    """Answer questions until the pipe closes."""
    from vanthu_cli import locale

    locale.use(language)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            try:
                question: Question = pipe.recv()
                answer = examine(question)
            except EOFError:
                return
            except (Exception, MemoryError) as error:  # noqa: BLE001  one verdict is lost, never the run
                answer = Examination(fault=type(error).__name__)
            pipe.send(answer)


@dataclass(slots=True)
class Examiner:
    """One worker process, started when first needed, replaced when it dies or is too slow."""

    language: str
    seconds: float = _SECONDS
    _process: SpawnProcess | None = field(default=None, init=False)
    _pipe: Connection | None = field(default=None, init=False)

    def __call__(self, question: Question) -> Examination:
        pipe = self._pipe or self._start()
        try:
            pipe.send(question)
            if pipe.poll(self.seconds):
                answer: Examination = pipe.recv()
                return answer
            fault = "too-slow"
        except (EOFError, OSError):
            fault = "crashed"
        self.close()
        return Examination(fault=fault)

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self.language), daemon=True)
        self._process.start()
        theirs.close()
        return self._pipe

    def close(self) -> None:
        if self._process is not None and self._pipe is not None:
            self._pipe.close()
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None
