"""Taking in what has arrived (NĐ 30/2020 Đ21, Đ22; 145-CV/TU point 2).

Order of effects for each message: raw bytes into intake/, durably -> looked at -> (secret: to quarantine/) or into the
cabinet -> one transaction with message, document, number, events and answer -> intake file away -> flagged on the server.
A run that dies anywhere is taken up by the next one: what stands in intake/ first, then what the server has and we have not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from vanthu_cli.errors import MisuseError, PartlyDoneError, UnreachableError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.intake import Taken, finish, take_in
from vanthu_cli.procedures.post import post, settle
from vanthu_cli.register import deliveries, messages
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.register.messages import Origin

_VANISHED = "mail.expunged"


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


def fetch(desk: Desk, names: Sequence[str] = ()) -> Fetched:
    """Bring in what is new on the channels, send the answers that it calls for, and mark on the servers what is ours."""
    chosen = list(names) or list(desk.config.channels)
    if not chosen:
        raise MisuseError("fetch.no_channel", _("The configuration has no channel to fetch from."))
    result = Fetched()
    with desk.lock():
        for stray in (desk.cabinet.root / "intake").glob("*.tmp"):
            stray.unlink()
        outcomes = {name: ChannelOutcome(name) for name in chosen}
        for left in desk.cabinet.waiting_intake():
            origin = _origin(left)
            if not finish(desk, origin, left):
                _take(desk, left, outcomes.setdefault(origin.channel, ChannelOutcome(origin.channel)), result)
        result.unsent += settle(desk)
        for name in chosen:
            _fetch_channel(desk, outcomes[name], result)
        result.channels = list(outcomes.values())
        result.unsent += post(desk, deliveries.in_states(desk.book, "queued", purpose="answer"))
    return result


def _fetch_channel(desk: Desk, outcome: ChannelOutcome, result: Fetched) -> None:
    try:
        channel = desk.channels[outcome.channel]
        for waiting in channel.waiting(messages.known(desk.book, outcome.channel)):
            place = desk.cabinet.intake(
                _file_name(Origin(outcome.channel, waiting.identity, waiting.received_at, waiting.size))
            )
            try:
                write_durably(place, waiting.fetch())
            except UnreachableError as error:
                if error.code != _VANISHED:
                    raise
                outcome.errors.append(error)  # somebody deleted it under us: the others are still there
                continue
            _take(desk, place, outcome, result)
        ours = messages.to_mark(desk.book, outcome.channel)
        channel.acknowledge(ours)
        with desk.book.step():
            messages.marked(desk.book, outcome.channel, ours)
    except VanthuError as error:
        outcome.errors.append(error)
        outcome.reached = outcome.messages > 0


def _take(desk: Desk, place: Path, outcome: ChannelOutcome, result: Fetched) -> None:
    outcome.messages += 1
    try:
        taken = take_in(desk, _origin(place), place)
    except UnreachableError:  # the disk: the others would fail as well
        raise
    except Exception as error:  # noqa: BLE001  one bad message never stops the others; it stays in intake and is tried again
        detail = {"place": place.name, "why": f"{type(error).__name__}: {error}"}
        outcome.errors.append(
            PartlyDoneError(
                "fetch.message",
                _("One message could not be taken in ({why}). It lies safe in intake/{place}.").format(**detail),
                _("The next fetch tries it again. If it stays, give the file to the administrator."),
            )
        )
        return
    result.taken.append(taken)
    outcome.duplicates += taken.duplicate
    outcome.new += not taken.duplicate


def _file_name(origin: Origin) -> str:
    """Carry the origin in the name: an intake file must explain itself to the run that finds it."""
    moment = int(datetime.fromisoformat(origin.received_at).timestamp())
    return f"{origin.channel}.{origin.identity}.{moment}.eml"


def _origin(place: Path) -> Origin:
    channel, epoch, uid, moment, _suffix = place.name.rsplit(".", 4)
    received = datetime.fromtimestamp(int(moment), UTC).isoformat(timespec="seconds")
    return Origin(channel, f"{epoch}.{uid}", received, place.stat().st_size)


def peek(desk: Desk, names: Sequence[str] = ()) -> dict[str, int]:
    """Count what waits on the channels; nothing is brought in or marked."""
    return {
        name: sum(1 for _waiting in desk.channels[name].waiting(messages.known(desk.book, name)))
        for name in list(names) or list(desk.config.channels)
    }


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
