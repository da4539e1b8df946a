"""Looking at a file that came from outside, in a process of its own with a time and a memory limit.

A bomb, a loop or a crash of a parser costs one examination and nothing else (contract.md: never a crash, never a hang).
The parent imports neither pyHanko nor pdfium.
"""

import hashlib
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Literal, TypeVar

from vanthu_cli.document.fields import Reading
from vanthu_cli.document.places import Box, Places
from vanthu_cli.locale import _
from vanthu_cli.procedures.workers import Worker, calmly, until_closed
from vanthu_cli.validation.findings import Judgement
from vanthu_cli.validation.trust import Signatory, Trust

_Item = TypeVar("_Item")
_Done = TypeVar("_Done")

LARGEST = 2 << 30
"""Bytes of a file that is looked at at all."""
_IN_MEMORY = 8 << 20
"""Bytes up to which a file is handed to the worker; a larger one is read by it from the disk."""
_SECONDS = 60
_BYTES = 3 << 30

LOCKED = "locked"
"""A password keeps us from looking inside: nobody knows what marks the file bears."""

FATAL = frozenset({"too-slow", "crashed", "MemoryError"})
"""Faults that ended the looking itself: nothing is known of such a file, not even whether it bears a mark."""

_JUDGING = frozenset({"judge", "lasting", "pictures"})
_Bench = tuple[Trust, Mapping[str, Signatory] | None]
_NOBODY = Trust((), (), (), "ignore")

Task = Literal[
    "mark", "open", "read", "judge", "lasting", "pictures", "places", "scan", "signers", "drawn", "paper", "text"
]


@dataclass(frozen=True, slots=True)
class Question:
    """A file (its bytes, or where it lies) and what is asked of it. The answers stop at a secret mark.

    `room` and `corner` are the width and height, in points, of a free place wanted on page 1 and at its upper right; `at` is
    a box that the clerk has named. `content` is the file that a detached signature may be about.
    """

    name: str
    data: bytes | Path
    tasks: frozenset[Task]
    trust: Trust
    signatories: Mapping[str, Signatory] | None
    now: datetime
    at: datetime | None = None
    known_since: datetime | None = None
    signer_name: str | None = None
    room: tuple[float, float] | None = None
    corner: tuple[float, float] | None = None
    place: Box | None = None
    password: str = ""
    content: Path | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found; None where it was not asked or could not be told.

    `printed`: month and year already on the page beside a blank day. `signers`: fingerprints of the certificates that have
    signed. `until`: from when on it can no longer be proved. `covered`: the place named lies on something printed, or off the page.
    `picture`: a PNG of the pages with what was read marked on them ("drawn", together with "read"); `paper`: a copy of a
    scan for text recognition. `text`: the words of its pages; `pages`: how many there are.
    `kind`: what the file is (reading/kinds.py); `members`: name and bytes of what lies in a container; `shut`: why not all of
    that could be taken out. `fault`: why the file could not be looked at.
    """

    mark: str | None = None
    reading: Reading | None = None
    judgement: Judgement | None = None
    places: Places | None = None
    printed: tuple[int | None, int | None] = (None, None)
    signers: tuple[str, ...] = ()
    scan: bool | None = None
    dpi: int | None = None
    colour: bool | None = None
    annexes: tuple[str, ...] = ()
    room: Box | None = None
    corner: Box | None = None
    covered: bool = False
    picture: bytes | None = None
    paper: bytes | None = None
    text: str = ""
    pages: int = 0
    until: datetime | None = None
    kind: str = ""
    members: tuple[tuple[str, bytes], ...] = ()
    shut: str | None = None
    fault: str | None = None


def examine(question: Question) -> Examination:
    """Look at the file, in this process."""
    from vanthu_cli.reading.look import Look, Wish, look
    from vanthu_cli.validation.files import judge_file

    tasks, data, password = question.tasks, question.data, question.password or None
    wish = Wish(
        mark="mark" in tasks,
        read="read" in tasks,
        places="places" in tasks,
        scan="scan" in tasks,
        picture="drawn" in tasks,
        paper="paper" in tasks,
        text="text" in tasks,
        signer_name=question.signer_name,
        room=question.room,
        corner=question.corner,
        at=question.place,
    )
    # A file that is only to be judged need not be opened by pdfium for it.
    seen = Look() if tasks <= _JUDGING else look(question.name, data, wish, password=password)
    if seen.mark:
        return Examination(mark=seen.mark)
    kind, members, shut = _opened(question) if "open" in tasks else ("", (), None)
    judgement = until = None
    if "lasting" in tasks:
        from vanthu_cli.validation.lasting import lasting

        judgement, until = lasting(
            data, question.trust, question.signatories, now=question.now, password=question.password
        )
    elif "judge" in tasks:
        judgement = judge_file(
            data,
            question.trust,
            question.signatories,
            now=question.now,
            at=question.at,
            known_since=question.known_since,
            password=question.password,  # "" opens what is only protected against changes
            content=question.content,
            pictures="pictures" in tasks,
        )
    return Examination(
        reading=seen.reading,
        judgement=judgement,
        places=seen.places,
        printed=seen.printed,
        signers=_signers(question, judgement),
        scan=seen.scan,
        dpi=seen.dpi,
        colour=seen.colour,
        annexes=seen.annexes,
        room=seen.room,
        corner=seen.corner,
        covered=seen.covers_text,
        picture=seen.picture,
        paper=seen.paper,
        text=seen.text,
        pages=seen.pages,
        until=until,
        kind=kind,
        members=members,
        shut=shut,
        fault=seen.fault,
    )


def _opened(question: Question) -> tuple[str, tuple[tuple[str, bytes], ...], str | None]:
    from vanthu_cli.reading.containers import opened
    from vanthu_cli.reading.kinds import is_only_pdf, kind_of

    if isinstance(question.data, Path) and is_only_pdf(question.name, question.data):
        return "pdf", (), None
    data = question.data if isinstance(question.data, bytes) else question.data.read_bytes()
    inside = opened(question.name, data)
    return kind_of(question.name, data), tuple((each.name, each.data) for each in inside.members), inside.fault


def _signers(question: Question, judgement: Judgement | None) -> tuple[str, ...]:
    if "signers" not in question.tasks:
        return ()
    if judgement is not None:
        return tuple(each.fingerprint for each in judgement.signatures if each.fingerprint)
    from vanthu_cli.validation.pdf import signed_by

    return signed_by(question.data, question.password)


def _serve(pipe: Connection, language: str) -> None:
    """Answer questions until the pipe closes. Trust and signatories stay until others are sent: lists may be large."""
    from vanthu_cli import locale

    locale.use(language)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    calmly()
    bench: list[_Bench] = []

    def answer(asked: tuple[_Bench | None, Question]) -> Examination:
        if asked[0] is not None:
            bench[:] = [asked[0]]
        return _answer(replace(asked[1], trust=bench[0][0], signatories=bench[0][1]))

    until_closed(pipe, answer, lambda error: Examination(fault=type(error).__name__))


def _answer(question: Question) -> Examination:
    try:
        return examine(question)
    except (Exception, MemoryError) as error:  # noqa: BLE001  one verdict is lost, never the run
        return Examination(fault=type(error).__name__)


@dataclass(slots=True)
class Examiner:
    """One worker process, started when first needed, replaced when it dies or is too slow."""

    language: str
    seconds: float = _SECONDS
    _worker: Worker | None = field(default=None, init=False)
    _bench: _Bench | None = field(default=None, init=False)

    def __call__(self, question: Question) -> Examination:
        worker = self._worker
        if worker is None:
            worker, self._bench = Worker(_serve, (self.language,)), None
            self._worker = worker
        bench = (question.trust, question.signatories)
        try:
            pipe = worker.pipe
            pipe.send((None if bench == self._bench else bench, replace(question, trust=_NOBODY, signatories=None)))
            self._bench = bench
            if pipe.poll(self.seconds):
                answer: Examination = pipe.recv()
                return answer
            fault = "too-slow"
        except (EOFError, OSError):
            fault = "crashed"
        self.close()
        return Examination(fault=fault)

    def close(self) -> None:
        """End the process; also from another thread than the one that waits for its answer, which is then "crashed"."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()


def in_hand(file: Path) -> tuple[bytes | Path, str]:
    """Return what is handed to a worker, the bytes of a file or its place, and the SHA-256 (hex). `OSError`."""
    data: bytes | Path = file.read_bytes() if file.stat().st_size <= _IN_MEMORY else file.absolute()
    return data, sha256_of(data)


def sha256_of(data: bytes | Path) -> str:
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    with data.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Examiners:
    """Worker processes, as many as jobs; each is lent for one file at a time."""

    def __init__(self, language: str, jobs: int) -> None:
        self.all = [Examiner(language) for _job in range(jobs)]
        self._free = SimpleQueue[Examiner]()
        for each in self.all:
            self._free.put(each)

    @contextmanager
    def one(self) -> Iterator[Examiner]:
        examiner = self._free.get()
        try:
            yield examiner
        finally:
            self._free.put(examiner)


def side_by_side(
    items: Sequence[_Item], work: Callable[[Examiners, _Item], _Done], *, language: str, jobs: int
) -> Iterator[_Done]:
    """Yield what `work` makes of the items, in order; `jobs` processes, 0: one for each processor.

    No more items are under way than a few for each worker: memory does not grow with their number.
    """
    jobs = max(1, min(jobs or os.cpu_count() or 1, len(items)))
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        examiners = Examiners(language, jobs)
        for each in examiners.all:
            # Closed before the pool is waited for: an interrupted run does not wait for a slow file.
            stack.callback(each.close)
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        under_way = deque[Future[_Done]]()
        for item in items:
            under_way.append(pool.submit(work, examiners, item))
            if len(under_way) > 2 * jobs:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def fault_words(fault: str) -> str:
    """Say why a file could not be looked at."""
    return {
        "too-slow": _("it took too long"),
        "crashed": _("the program that looked at it broke down"),
        "MemoryError": _("it needs too much memory"),
    }.get(fault, fault)
