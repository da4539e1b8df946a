"""A batch of files through `sign`: all of them looked at, then one PIN, then all of them signed; by several processes if wished.

Key files can be opened by several processes; a token is one session and one login, a remote service one conversation.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from vanthu_cli.errors import MisuseError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.copies import make_copy, plan_copy
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.examine import Examination, Examiner, Question
from vanthu_cli.procedures.inputs import as_pdf, check_input, is_pdf
from vanthu_cli.procedures.keys import open_card, proof
from vanthu_cli.procedures.make import Job, Made, Maker, Recipe, make
from vanthu_cli.procedures.sign import Planned, Signed, plan, question, record
from vanthu_cli.procedures.spots import Order
from vanthu_cli.procedures.workers import calmly
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.levels import Proof

WORTH_TWO = 16
"""Files from which a second process earns the second that its start costs."""

# After these nothing else of the batch would go better: a PIN is tried once, a silent authority was asked three times.
_STOPS = {
    "signing.passphrase",
    "signing.pin",
    "signing.pin_locked",
    "signing.token_gone",
    "signing.token_key",
    "signing.remote_silent",
    "signing.remote_refused",
    "signing.tsa_silent",
    "signing.no_revocation",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: signed now, done before, refused (`error`), or not reached because the batch stopped."""

    file: Path
    planned: Planned | None = None
    signed: Signed | None = None
    error: VanthuError | None = None


@dataclass(slots=True)
class Batch:
    """What the looking found: files that can be signed, and those refused. Converted files live until the batch is closed."""

    order: Order
    planned: list[Planned]
    refused: list[Outcome]
    kept: contextlib.ExitStack

    def close(self) -> None:
        self.kept.close()


def jobs_for(order: Order, count: int, asked: int) -> int:
    """Return how many processes are to sign: as asked, or two where it pays; one where the key is not a file."""
    if order.card.settings.kind != "pkcs12":
        return 1
    return asked or (2 if count >= WORTH_TWO and (os.cpu_count() or 1) > 1 else 1)


def look_at(
    desk: Desk, order: Order, pairs: Sequence[tuple[Path, Path]], *, jobs: int, language: str, tick: Callable[[], None]
) -> Batch:
    """Look at every file and plan its signature. `pairs` are inputs and outputs; `tick` is called after each."""
    batch = Batch(order, [], [], contextlib.ExitStack())
    calmly()
    try:
        outputs = [output for _file, output in pairs]
        asked = [_asked(desk, batch, *pair, set(outputs[:place])) for place, pair in enumerate(pairs)]
        wanted = [each for each in asked if each.question is not None]
        answers = iter(_examined(desk, [each.question for each in wanted if each.question], jobs, language))
        for each in asked:
            try:
                if each.error is not None:
                    raise each.error
                found = next(answers) if each.question is not None else None
                if order.role == "copy" and found is not None:
                    planned = plan_copy(desk, order, each.readable, each.output, found)
                else:
                    planned = plan(desk, order, each.readable, each.output, found, given=each.file)
                planned = replace(planned, file=each.file, signers=found.signers if found else ())
                batch.planned.append(planned)
            except VanthuError as error:
                batch.refused.append(Outcome(each.file, error=error))
            tick()
    except BaseException:
        batch.close()
        raise
    return batch


def copy_all(desk: Desk, batch: Batch, *, bare: bool) -> Iterator[Outcome]:
    """Number and sign copies one after the other; one secret is asked for."""
    for each in batch.planned:
        if each.copy is None:
            raise TypeError(each)
        if each.done:
            yield Outcome(each.file, each)
            continue
        try:
            document, level = make_copy(desk, batch.order, each, bare=bare)
        except VanthuError as error:
            yield Outcome(each.file, each, error=error)
            if error.code in _STOPS:
                return
            continue
        signed = Signed(each.file, each.job.output, "copy", level, level != "B-B", repaired=False, number=document.name)
        yield Outcome(each.file, each, signed)


def sign_all(desk: Desk, batch: Batch, *, bare: bool, jobs: int, language: str) -> Iterator[Outcome]:
    """Sign what was planned, in order; one secret is asked for. After an error that concerns all, the rest is left alone.

    The refusals of opening the key are raised; those of single files are outcomes.
    """
    order = batch.order
    waiting = [each for each in batch.planned if not each.done]
    for each in batch.planned:
        if each.unnoted is not None:
            record(desk, order, each, each.unnoted, level="", bare=bare)
    yield from (Outcome(each.file, each) for each in batch.planned if each.done)
    if not waiting:
        return
    key = open_card(desk, order.card)
    if key.x509 != order.card.x509:
        raise MisuseError(
            "key.changed",
            _("The key “{name}” holds another certificate than the one noted of it.").format(name=order.card.name),
            _("If it was renewed, run “vanthu init” once more, then the same command again."),
        )
    with_what = proof(desk, bare=bare, person=order.role == "person")
    made = _made(desk, key, order, [each.job for each in waiting], with_what, jobs=jobs, language=language)
    for each, result in zip(waiting, made, strict=False):
        if isinstance(result, VanthuError):
            yield Outcome(each.file, each, error=result)
            if result.code in _STOPS:
                return
            continue
        yield Outcome(each.file, each, record(desk, order, each, result, level=with_what.level, bare=bare))


@dataclass(frozen=True, slots=True)
class _Asked:
    file: Path
    readable: Path
    output: Path
    question: Question | None = None
    error: VanthuError | None = None


def _asked(desk: Desk, batch: Batch, file: Path, output: Path, others: AbstractSet[Path]) -> _Asked:
    try:
        check_input(file, output)
        if output in others:
            raise MisuseError(
                "sign.same_output",
                _("Another file of this batch will be {path} as well.").format(path=output.name),
                _("Sign it by itself, with --out."),
            )
        readable = batch.kept.enter_context(as_pdf(file, detached=batch.order.detached))
        wanted = question(desk, batch.order, readable) if is_pdf(readable) and not batch.order.detached else None
        return _Asked(file, readable, output, replace(wanted, name=file.name) if wanted else None)
    except VanthuError as error:
        return _Asked(file, file, output, error=error)


def _examined(desk: Desk, questions: Sequence[Question], jobs: int, language: str) -> Iterable[Examination]:
    if jobs == 1:
        return map(desk.examiner, questions)
    answers = _spread(questions, [Examiner(language) for _number in range(jobs)])
    return (
        each for each in answers if isinstance(each, Examination)
    )  # an examiner answers with a fault, it never raises


def _made(
    desk: Desk, key: SigningKey, order: Order, jobs_to_do: Sequence[Job], with_what: Proof, *, jobs: int, language: str
) -> Iterable[Made | VanthuError]:
    if jobs == 1:
        return (_tried(job, key, with_what) for job in jobs_to_do)
    settings = desk.config
    recipe = Recipe(
        settings.path(order.card.settings.path),
        desk.keys.secret_of(order.card),
        tuple(link.public_bytes(Encoding.DER) for link in key.chain),
        with_what.level,
        settings.tsa.url,
        with_what.witness.hosts,
        with_what.witness.certificates,
        with_what.witness.crls,
    )
    workers = [Maker(language, recipe) for _number in range(jobs)]
    return _spread(jobs_to_do, workers)


def _tried(job: Job, key: SigningKey, with_what: Proof) -> Made | VanthuError:
    try:
        return make(job, key, with_what)
    except VanthuError as error:
        return error


_Task_contra = TypeVar("_Task_contra", contravariant=True)
_Answer_co = TypeVar("_Answer_co", covariant=True)


class _Worker(Protocol[_Task_contra, _Answer_co]):
    def __call__(self, task: _Task_contra, /) -> _Answer_co: ...
    def close(self) -> None: ...


def _spread(
    tasks: Sequence[_Task_contra], workers: Sequence[_Worker[_Task_contra, _Answer_co]]
) -> Iterator[_Answer_co | VanthuError]:
    """Give tasks to workers as they come free; yield the answers in the order of the tasks. Threads only wait for pipes."""
    free: SimpleQueue[_Worker[_Task_contra, _Answer_co]] = SimpleQueue()
    for worker in workers:
        free.put(worker)

    def work(task: _Task_contra) -> _Answer_co | VanthuError:
        worker = free.get()
        try:
            return worker(task)
        except VanthuError as error:
            return error
        finally:
            free.put(worker)

    pool = ThreadPoolExecutor(len(workers))
    answers: list[Future[_Answer_co | VanthuError]] = [pool.submit(work, task) for task in tasks]
    try:
        for answer in answers:
            yield answer.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for worker in workers:
            worker.close()
