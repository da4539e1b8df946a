"""Taking in what has arrived (NĐ 30/2020 Đ21, Đ22; 145-CV/TU point 2).

Order of effects for each group of messages: raw bytes into intake/, durably -> looked at, in workers, while the next group
comes -> (secret: to quarantine/) or into the cabinet -> one transaction with messages, documents, numbers, events and answers
-> intake files away. When a channel is through, its messages are flagged on the server; last, answers are sent. A run that dies
anywhere is taken up by the next one: what stands in intake/ first, then what the server has and we have not.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vanthu_cli.channels.packaged import FAULTS
from vanthu_cli.errors import MisuseError, PartlyDoneError, UnreachableError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.arrive import Taken
from vanthu_cli.procedures.bring import Group, bring, origin_of
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.intake import Arrived, enter_all, finish, receive
from vanthu_cli.procedures.post import post, settle
from vanthu_cli.register import deliveries, messages, recalls
from vanthu_cli.register.cabinet import write_if_other

if TYPE_CHECKING:
    from vanthu_cli.channels.channel import Channel

FOLDER = "folder"
"""What a folder that no configuration names is called as a channel."""


@dataclass(slots=True)
class ChannelOutcome:
    """What one channel brought in this run."""

    channel: str
    messages: int = 0
    new: int = 0
    duplicates: int = 0
    errors: list[VanthuError] = field(default_factory=list)
    reached: bool = True


@dataclass(slots=True)
class Fetched:
    """What a run of fetch did."""

    channels: list[ChannelOutcome] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    unsent: list[VanthuError] = field(default_factory=list)


def fetch(
    desk: Desk, names: Sequence[str] = (), *, folder: Path | None = None, tick: Callable[[str, int], None] | None = None
) -> Fetched:
    """Bring in what is new on the channels, send the answers that it calls for, and mark on the servers what is ours.

    `folder`: from there instead (an exchange folder, a Maildir, .eml files), which is left as it is. `tick` is told channel and
    count as messages are done.
    """
    chosen = list(names) or ([] if folder else list(desk.config.channels))
    if not chosen and folder is None:
        raise MisuseError("fetch.no_channel", _("The configuration has no channel to fetch from."))
    result = Fetched()
    with desk.lock(), ExitStack() as stack:
        pool = ThreadPoolExecutor(getattr(desk.examiner, "jobs", 1))
        # An interrupted run does not wait for a slow file.
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        run = _Run(desk, result, pool, tick or (lambda _channel, _count: None))
        for stray in (desk.cabinet.root / "intake").glob("*.tmp"):
            stray.unlink()
        recalls.clear(desk.book, desk.cabinet)
        run.resume()
        result.unsent += settle(desk)
        for name in chosen:
            run.fetch(name, partial(desk.channels.__getitem__, name))
        if folder is not None:
            run.fetch(FOLDER, partial(_folder, folder))
        result.channels = list(run.outcomes.values())
        result.unsent += post(desk, deliveries.due(desk.book))
    return result


def _folder(path: Path) -> "Channel":
    from vanthu_cli.channels.folder import FolderChannel

    return FolderChannel(FOLDER, "", "", path, write_if_other, own=False)


@dataclass(slots=True)
class _Run:
    """One run: groups that are being looked at, and what became of those before."""

    desk: Desk
    result: Fetched
    pool: ThreadPoolExecutor
    tick: Callable[[str, int], None]
    outcomes: dict[str, ChannelOutcome] = field(default_factory=dict)
    _looking: deque[list[Arrived]] = field(default_factory=deque)

    def resume(self) -> None:
        """Take up what an earlier run brought and did not finish."""
        waiting = self.desk.cabinet.waiting_intake()
        left = [place for place in waiting if not finish(self.desk, origin_of(place), place)]
        for place in left:
            self._look([place])
            self._enter()
        self._enter(all_of_them=True)

    def fetch(self, name: str, open_channel: Callable[[], "Channel"]) -> None:
        """Take in what a channel has; a line that breaks is taken up again as long as each try brings something."""
        outcome = self._outcome(name)
        try:
            channel = open_channel()
            while True:
                before = outcome.messages
                try:
                    for group in bring(self.desk, channel):
                        self._group(group, outcome)
                        self.desk.in_time()
                    break
                except UnreachableError as error:
                    self._enter(all_of_them=True)
                    if error.code != "mail.unreachable" or outcome.messages == before:
                        raise
            self._enter(all_of_them=True)
            _mark(self.desk, channel)
        except VanthuError as error:
            outcome.errors.append(error)
            outcome.reached = outcome.messages > 0
        finally:
            self._enter(all_of_them=True)

    def _outcome(self, name: str) -> ChannelOutcome:
        return self.outcomes.setdefault(name, ChannelOutcome(name))

    def _group(self, group: Group, outcome: ChannelOutcome) -> None:
        outcome.errors += group.failed
        if group.renumbered:
            with self.desk.book.step():
                for origin, row in group.renumbered:
                    messages.add(
                        self.desk.book,
                        origin,
                        "other",
                        sender=row["sender"],
                        message_id=row["message_id"],
                        sha256=None,
                        reason="renumbered",
                    )
        if group.files:
            self._look(group.files)
            self._enter()

    def _look(self, files: Sequence[Path]) -> None:
        self._looking.append([receive(self.desk, self.pool, place, origin_of(place)) for place in files])

    def _enter(self, *, all_of_them: bool = False) -> None:
        """Enter the groups that were looked at; the newest may still be under way, unless all are asked for."""
        while len(self._looking) > (0 if all_of_them else 1):
            group = self._looking.popleft()
            for arrived, taken in zip(group, enter_all(self.desk, group), strict=True):
                self._note(arrived, taken)

    def _note(self, arrived: Arrived, taken: Taken | VanthuError) -> None:
        outcome = self._outcome(arrived.origin.channel)
        outcome.messages += 1
        if isinstance(taken, VanthuError):
            outcome.errors.append(taken)
        else:
            self.result.taken.append(taken)
            outcome.duplicates += taken.duplicate
            outcome.new += not taken.duplicate
        self.tick(outcome.channel, outcome.messages)


def _mark(desk: Desk, channel: "Channel") -> None:
    ours, broken = messages.to_mark(desk.book, channel.name), messages.unread(desk.book, channel.name, FAULTS)
    channel.acknowledge(ours, broken)
    with desk.book.step():
        messages.marked(desk.book, channel.name, [*ours, *broken])


def peek(desk: Desk, names: Sequence[str] = (), *, folder: Path | None = None) -> dict[str, int]:
    """Count what waits on the channels; nothing is brought in or marked."""
    chosen = list(names) or ([] if folder else list(desk.config.channels))
    channels = [desk.channels[name] for name in chosen] + ([_folder(folder)] if folder else [])
    return {each.name: sum(1 for _waiting in each.waiting(messages.known(desk.book, each.name))) for each in channels}


def exit_code(result: Fetched) -> int:
    """0 when every message ended in a state; 3 when one of several channels failed; 6 when none could be reached.

    A wrong password or configuration of every channel is 2: running again would not help, and accounts lock.
    """
    failed = [outcome for outcome in result.channels if outcome.errors]
    if not failed:
        return 0
    if len(failed) == len(result.channels) and not any(outcome.reached for outcome in failed):
        codes = {error.exit_code for outcome in failed for error in outcome.errors}
        return codes.pop() if len(codes) == 1 else UnreachableError.exit_code
    return PartlyDoneError.exit_code
