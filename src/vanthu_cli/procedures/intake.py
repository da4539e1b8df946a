"""Messages that lie in intake: read, looked at in workers, and each put where it belongs (sorting.py decides where)."""

import hashlib
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path

from vanthu_cli.channels.mime import UNREADABLE, File, Mail, read_mail
from vanthu_cli.channels.packaged import FAULTS, is_package, is_report, read_packaged, read_report
from vanthu_cli.document.text import safe_name
from vanthu_cli.errors import PartlyDoneError, UnreachableError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.arrive import Came, Looked, Taken
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.examine import FATAL, Examination, Question, Task, sha256_of
from vanthu_cli.procedures.sorting import sort
from vanthu_cli.register import documents, messages, recalls
from vanthu_cli.register.messages import Origin
from vanthu_cli.rules.secrecy import secret_mark

_UNREAD = {"too-many-parts", "too-deep", "long-head", "unreadable"}
_UNENTERED = "fetch.message"
_MAX_WITHIN = 2
"""Letters within wrappings within wrappings that are opened."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that lies in intake at `place`, read; its files are being looked at."""

    origin: Origin
    place: Path
    mail: Mail
    sha256: str
    looking: tuple[Future[list[Looked]], ...]


def receive(desk: Desk, pool: Executor, place: Path, origin: Origin) -> Arrived:
    """Read a message and have its files looked at, in the pool. The register is read here, in the caller's thread."""
    channel = desk.config.channels.get(origin.channel)
    mail, sha256 = _read(place, packages_only=channel is not None and channel.kind == "axis")
    looking = []
    for file in mail.files:
        if file.data == place:  # a package, of which everything else is known already
            question = desk.question(file.name, place, "judge")
        else:
            known = documents.by_bytes(desk.book, sha256_of(file.data), "in")
            tasks: tuple[Task, ...] = ("mark", "open") if known else ("mark", "open", "read", "judge", "text")
            question = desk.question(file.name, file.data, *tasks)
        looking.append(pool.submit(_look_safely, desk, file, question))
    return Arrived(origin, place, mail, sha256, tuple(looking))


def _read(place: Path, *, packages_only: bool) -> tuple[Mail, str]:
    if is_report(place):
        return read_report(place)
    if packages_only or is_package(place):
        return read_packaged(place)
    raw = place.read_bytes()
    try:
        return read_mail(raw), hashlib.sha256(raw).hexdigest()
    except Exception:  # noqa: BLE001  it never raises; should it do so once, the message is kept apart and the others go on
        return UNREADABLE, hashlib.sha256(raw).hexdigest()


def _look_safely(desk: Desk, file: File, question: Question) -> list[Looked]:
    """Look at a file; what upsets us meanwhile is a file that could not be examined, and costs nobody else's."""
    try:
        return _look(desk, file, question)
    except Exception:  # noqa: BLE001  whatever it was, the file is kept apart and the others go on
        return [Looked(file, sha256_of(file.data), Examination(fault="crashed"))]


def _look(desk: Desk, file: File, question: Question, outer: str | None = None, depth: int = 0) -> list[Looked]:
    """Look at a file and at what it holds: archives, winmail.dat, wrapped letters. Runs in a thread: no register here."""
    found = desk.judged(question)
    sha256 = sha256_of(file.data)
    looked = [Looked(file, sha256, replace(found, members=()), outer)]
    if depth < _MAX_WITHIN and found.mark is None:
        for inner in _within(file, found):
            inside = replace(
                question, name=inner.name, data=inner.data, tasks=question.tasks | {"read", "judge", "text"}
            )
            looked += _look(desk, inner, inside, outer or sha256, depth + 1)
    return looked


def _within(file: File, found: Examination) -> Iterator[File]:
    """Yield what lies inside a container; of a letter its attachments."""
    for name, data in found.members:
        inner = File(safe_name(name), "", data)
        if name.endswith(".eml"):
            yield from read_mail(data).files
        else:
            yield inner
    if found.kind == "mail" and not found.members:
        yield from read_mail(file.read()).files


def enter_all(desk: Desk, group: Sequence[Arrived]) -> list[Taken | VanthuError]:
    """Put each message of a group where it belongs; its intake file is gone afterwards. One that fails stops no other.

    `UnreachableError` when the disk refuses: the others would fail as well.
    """
    looked = [[each for future in arrived.looking for each in future.result()] for arrived in group]
    apart = [_must_be_kept_apart(desk, arrived.mail, files) for arrived, files in zip(group, looked, strict=True)]
    open_ = [(arrived, files) for arrived, files, reason in zip(group, looked, apart, strict=True) if not reason]
    gone = recalls.destroyed(desk.book)
    kept = {each.sha256: each.file.data for _arrived, files in open_ for each in files if each.sha256 not in gone}
    whole = [(arrived.sha256, arrived.place) for arrived, files in open_ if not _holds_any(files, gone)]
    desk.cabinet.put_all(
        [data for data in kept.values() if isinstance(data, bytes)],
        [*whole, *((sha256, data) for sha256, data in kept.items() if isinstance(data, Path))],
    )
    entered = dict[Path, Taken | VanthuError]()
    with desk.book.step():
        for arrived, files in open_:
            entered[arrived.place] = _alone(desk, arrived, files, gone)
    for arrived, reason in zip(group, apart, strict=True):
        result = entered.get(arrived.place)
        if reason or (isinstance(result, VanthuError) and result.code == _UNENTERED):
            why = reason or "could-not-examine"
            taken = _quarantine(desk, arrived.origin, arrived.place, arrived.mail.sender or None, why)
            entered[arrived.place] = result or taken
        elif isinstance(result, Taken):
            arrived.place.unlink()
        for file in arrived.mail.files:
            if isinstance(file.data, Path):
                file.data.unlink(missing_ok=True)
    return [entered[arrived.place] for arrived in group]


def _holds_any(looked: Sequence[Looked], gone: Collection[str]) -> bool:
    return any(each.sha256 in gone for each in looked)


def _must_be_kept_apart(desk: Desk, mail: Mail, looked: Sequence[Looked]) -> str:
    """Return why a message goes to quarantine unseen; empty if it doesn't."""
    texts = [mail.subject, *mail.text.splitlines(), *(each.file.name for each in looked)]
    if any(secret_mark(text) for text in texts) or any(each.found.mark for each in looked):
        return "secret-mark"
    # What killed the reader, or was never reached by it: nobody knows whether it bears a mark.
    if any(each.found.fault in FATAL for each in looked) or _UNREAD & set(mail.faults):
        return "could-not-examine"
    return next((each for each in mail.faults if each.startswith(FAULTS)), "") or _not_for_us(desk, mail, looked)


def _not_for_us(desk: Desk, mail: Mail, looked: Sequence[Looked]) -> str:
    """Return why a package that came by itself is none that this office may take in: addressed to others, or changed on the way."""
    packages = {each.sha256: each for each in mail.packages if each.carries or each.kind != "status"}
    if not mail.alone:
        return ""
    ours = {desk.own.identifier, desk.own.code, *(each.address for each in desk.config.channels.values())} - {None}
    known = {str(each).lower() for each in ours}
    if any(each.to and not known & {to.identifier.lower() for to in each.to} for each in packages.values()):
        return f"{FAULTS}not-addressed"
    judged = (each.found.judgement for each in looked if each.sha256 in packages)
    return f"{FAULTS}changed" if any(each is not None and each.verdict == "invalid" for each in judged) else ""


def _alone(desk: Desk, arrived: Arrived, looked: Sequence[Looked], gone: Collection[str]) -> Taken | VanthuError:
    """Enter one message as a part of the group's step that may fail alone."""
    try:
        with desk.book.part():
            raw = None if _holds_any(looked, gone) else arrived.sha256
            return sort(desk, Came(arrived.origin, arrived.mail, tuple(looked), raw, frozenset(gone)))
    except (UnreachableError, sqlite3.OperationalError):  # the disk
        raise
    except VanthuError as error:  # stays in intake, for the next fetch
        return error
    except Exception as error:  # noqa: BLE001  a message that we cannot put anywhere must not stop the others, nor come again each day
        return PartlyDoneError(
            _UNENTERED,
            _("One message could not be taken in ({why}). It lies in quarantine.").format(
                why=f"{type(error).__name__}: {error}"
            ),
            _("Give the file to the administrator: “vanthu inbox list” shows it."),
        )


def _quarantine(desk: Desk, origin: Origin, place: Path, sender: str | None, reason: str) -> Taken:
    """Row first, then the file moves: a run that dies between finds the file in intake and its row known by envelope."""
    if any(desk.cabinet.is_quarantined(place, str(known)) for known in messages.same_secret(desk.book, origin, sender)):
        place.unlink()  # the very same bytes lie in quarantine already: the server shows the message a second time
        with desk.book.step():
            message = messages.add(
                desk.book, origin, "other", sender=sender, message_id=None, sha256=None, reason="secret-again"
            )
        return Taken(message, None, sender, duplicate=True, reason="secret-again")
    with desk.book.step():
        message = messages.add(
            desk.book, origin, "quarantined", sender=sender, message_id=None, sha256=None, reason=reason
        )
    desk.cabinet.quarantine(place, str(message))
    return Taken(message, None, sender, quarantined=True, reason=reason)


def finish(desk: Desk, origin: Origin, place: Path) -> bool:
    """Clear an intake file whose message is ours already: its run died after the commit. False if it is not ours yet."""
    row = messages.by_origin(desk.book, origin)
    if row is None:
        return False
    if row["state"] == "quarantined":  # the only copy: it moves, it is never deleted by us
        desk.cabinet.quarantine(place, str(row["id"]))
    else:
        place.unlink()
    return True
