"""The office's morning without a person (contract.md, `batch`): what can be done without deciding, signing or asking is done.

In this order: fetch (which also accepts by rule, sends what a person sealed, retries, answers), remind, close the days that are past,
read a part of the cabinet again. What one step cannot do keeps the next from nothing, and is the next run's. No key of a person or of the
office is opened (Desk.kept.unattended): closings bear the register's own, answers are plain mail.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from vanthu_cli.channels.letter import compose, new_message_id
from vanthu_cli.errors import BusyError, ForbiddenError, MisuseError, PartlyDoneError, UnreachableError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.close_day import Closed, close_day, is_closed, missing_files
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.fetch import Fetched, exit_code, fetch
from vanthu_cli.procedures.remind import overdue, remind
from vanthu_cli.procedures.routes import channel_on
from vanthu_cli.procedures.status import Status, status
from vanthu_cli.register import closings, deliveries, documents
from vanthu_cli.register.book import GENESIS, check_chain, kinds_since, last_event_id, stored
from vanthu_cli.register.directory import Certificate
from vanthu_cli.register.heartbeat import Heartbeat, beat, heartbeat
from vanthu_cli.rules.deadlines import VIETNAM, today

_REMIND_DAYS = 3
_SLICES = 28
"""In how many days the whole cabinet is read again."""
_LEAST = 100
"""Files that are read on a day at least, if there are so many."""
_WARN_DAYS = (7, 30, 60)


@dataclass(slots=True)
class Morning:
    """What one run did. `faults` are (step, what failed); `kinds` counts the events of the register that are new.

    `desk`: what waits for a person, told once a day and whenever something happened. `warned`: certificates of this office that end soon, with
    the days left, each at 60, 30 and 7 days.
    """

    fetched: Fetched | None = None
    reminded: list[tuple[str, int]] = field(default_factory=list)
    closed: Closed | None = None
    checked: int = 0
    faults: list[tuple[str, VanthuError]] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    warned: list[tuple[Certificate, int]] = field(default_factory=list)
    desk: Status | None = None

    @property
    def code(self) -> int:
        """Return the exit code: that of fetch, else 3 when anything failed (contract.md)."""
        return (exit_code(self.fetched) if self.fetched else 0) or (PartlyDoneError.exit_code if self.faults else 0)


def batch(desk: Desk, *, clock: Callable[[], datetime], tick: Callable[[str, int], None] | None = None) -> Morning:
    """Do the morning's work. `clock` tells the time for the heartbeat; `tick` is that of `fetch`.

    `BusyError` if another run holds the office and does not end in time: then nothing was begun.
    """
    folder = desk.config.data_dir
    last = heartbeat(folder) or Heartbeat()
    last = replace(last, first=last.first or desk.book.at, began=desk.book.at)
    beat(folder, last)
    done, before = Morning(), last_event_id(desk.book)
    if desk.config.channels:
        with _step(done, "fetch"):
            done.fetched = fetch(desk, tick=tick)
            done.faults += [("fetch", each) for outcome in done.fetched.channels for each in outcome.errors]
            done.faults += [("send", each) for each in done.fetched.unsent]
    with _step(done, "remind"):
        _remind(desk, done)
    with _step(done, "close-day"):
        _close(desk, done)
    with _step(done, "check"):
        _check_books(desk, done)
        last = _check_cabinet(desk, done, last)
    done.kinds = kinds_since(desk.book, before)
    found = replace(status(desk), run=None)  # this run tells of itself
    done.warned, warned = _warnings(desk, found, last)
    day = today(desk.now).isoformat()
    if last.desk != day or done.kinds or done.warned:
        done.desk = found
    ended = stored(clock())
    last = replace(last, ended=ended, code=done.code, desk=day, warned=warned)
    last = replace(last, failures=tuple(each.code for _name, each in done.faults))
    beat(folder, replace(last, good=last.good if done.code else ended))
    return done


@contextmanager
def _step(done: Morning, name: str) -> Iterator[None]:
    try:
        yield
    except BusyError:
        if name == "fetch":
            raise
        done.faults.append((name, BusyError("office.locked", _("Another vanthu is working for this office."))))
    except VanthuError as error:
        done.faults.append((name, error))


def _remind(desk: Desk, done: Morning) -> None:
    """Remind who owes an acknowledgement since yesterday or longer: not within three days, as often as the office wants."""
    most = desk.config.batch.reminders
    silent = deliveries.in_states(desk.book, "handed-over", "delivered", purpose="document") if most else []
    for identity in dict.fromkeys(each.document for each in silent):
        desk.in_time()
        document = documents.get(desk.book, identity)
        if document.state == "recalled" or not overdue(desk, document, most=most, every=_REMIND_DAYS):
            continue
        document, count, failed = remind(desk, identity, most=most, every=_REMIND_DAYS)
        done.reminded.append((document.name, count))
        done.faults += [("remind", each) for each in failed]


def _close(desk: Desk, done: Morning) -> None:
    """Close yesterday, with the days before it, if anything was entered since the last closing.

    Without its time stamp if the authority does not answer: the next closing names this one, and its stamp vouches for both.
    """
    day = today(desk.now) - timedelta(days=1)
    before = closings.all_of(desk.book.connection)
    covered = before[-1].last_event if before else 0
    end = stored(datetime.combine(day + timedelta(days=1), time(), VIETNAM))
    if is_closed(desk, day) or not closings.anything_between(desk.book.connection, covered, end):
        return
    try:
        done.closed = close_day(desk, day)
    except UnreachableError as error:
        done.closed = close_day(desk, day, bare=True)
        hint = _("The time stamp of the next closing will vouch for this one too.")
        done.faults.append(("close-day", UnreachableError(error.code, error.message, hint)))


def _check_books(desk: Desk, done: Morning) -> None:
    """Go through the chain since the last closing, and look whether the files of closed days are there."""
    before = closings.all_of(desk.book.connection)
    covered, head = (before[-1].last_event, before[-1].head) if before else (0, GENESIS)
    hint = _("Don't work on. What was changed: vanthu register audit. Then ask the administrator for the last backup.")
    broken = check_chain(desk.book, covered, head)
    if broken is not None:
        what = _("the register is damaged: {what}").format(what=_("event {number}").format(number=broken))
        done.faults.append(("check", ForbiddenError("register.damaged", what, hint)))
    for file in missing_files(desk):
        what = _("The file {name}, which vouches for closed days, is not there.").format(name=file.name)
        hint = _("Restore it from the backup. What else was changed: vanthu register audit")
        done.faults.append(("check", MisuseError("closing.missing", what, hint)))


def _check_cabinet(desk: Desk, done: Morning, last: Heartbeat) -> Heartbeat:
    """Read the next part of the cabinet, once a day, and in each run what was found damaged; return how far that is."""
    files = sorted(documents.files(desk.book))
    known = set(files)
    damaged = {each: fault for each in last.damaged if each in known and (fault := _damage(desk, each))}
    day = today(desk.now).isoformat()
    following = [each for each in files if each > last.slice] or files
    part = [] if last.sliced == day else following[: max(_LEAST, -(-len(files) // _SLICES))]
    for sha256 in part:
        try:
            desk.in_time()
        except PartlyDoneError as error:
            done.faults.append(("check", error))
            day = last.sliced
            break
        if fault := _damage(desk, sha256):
            damaged[sha256] = fault
        done.checked += 1
        last = replace(last, slice=sha256)
    done.faults += [("check", fault) for fault in damaged.values()]
    return replace(last, sliced=day, damaged=tuple(damaged))


def _damage(desk: Desk, sha256: str) -> VanthuError | None:
    try:
        desk.cabinet.check(sha256)
    except VanthuError as error:
        return error
    return None


def _warnings(desk: Desk, found: Status, last: Heartbeat) -> tuple[list[tuple[Certificate, int]], dict[str, int]]:
    """Return the office's certificates of which it is time to say that they end, and how far each is told of by now."""
    told, warned = [], dict[str, int]()
    for each in found.expiring:
        left = (datetime.fromisoformat(each.not_after) - desk.now).days
        stage = next((days for days in _WARN_DAYS if left <= days), _WARN_DAYS[-1])
        warned[each.fingerprint] = stage
        if last.warned.get(each.fingerprint, stage + 1) > stage:
            told.append((each, left))
    return told, warned


def mail_report(desk: Desk, address: str, subject: str, lines: list[str]) -> None:
    """Send the summary from the mailbox on the address's network; a letter of no document, so it is not in the register.

    `ForbiddenError` "route.no_channel" without such a mailbox; `UnreachableError` if the server does not take it.
    """
    name = _mailbox(desk, address)
    own = desk.config.channels[name].address
    letter = compose(
        message_id=new_message_id(own),
        sender=(desk.config.office.name, own),
        recipient=("", address),
        subject=subject,
        body="\n".join(lines) + "\n",
        date=desk.now.astimezone(VIETNAM),
        automatic=True,
    )
    answered = desk.channels[name].hand_over(letter, lambda: None)
    if answered.state not in {"handed-over", "carried"}:
        raise UnreachableError(
            "batch.report_refused",
            _("The mail server did not take the report to {address}: {answer}").format(
                address=address, answer=answered.words
            ),
        )


def _mailbox(desk: Desk, address: str) -> str:
    """Choose the channel: of the same domain; else of the network that the domain belongs to (one without a dot is the Party's)."""
    domain = address.rpartition("@")[2].lower()
    for name, each in desk.config.channels.items():
        if each.address.rpartition("@")[2].lower() == domain:
            return name
    return channel_on(desk, "internet" if "." in domain else "wan", address)
