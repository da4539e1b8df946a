"""The machine on the other network: it has no register and takes no numbers, it carries (`vanthu carry`).

Letters from an exchange folder are handed to the mail server unchanged, and the server's answers written beside them; what waits in
the mailboxes is saved there raw. What this machine has sent and fetched is remembered in its own data_dir, so that nothing is sent
twice however often, and from however many copies, a stick is read. The order of effects is that of `post` and `fetch`.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vanthu_cli.channels import folder as exchange
from vanthu_cli.channels.channel import Answered
from vanthu_cli.channels.folder import Outgoing
from vanthu_cli.config.settings import Config
from vanthu_cli.errors import MisuseError, PartlyDoneError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.ways import Ways
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.register.lock import SOMEBODY, Turn, holding

if TYPE_CHECKING:
    from vanthu_cli.channels.channel import Channel

_SENDING = Answered("later", "sending")


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of one letter; `state` "queued" means that it is tried again."""

    recipient: str
    state: str
    words: str


@dataclass(slots=True)
class Errand:
    """What one run has carried."""

    letters: list[Carried] = field(default_factory=list)
    messages: int = 0
    errors: list[VanthuError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Courier:
    """What is at hand on the way: this machine's mailboxes and what it remembers, and the exchange folder `root`."""

    config: Config
    ways: Ways
    journal: Path
    root: Path


def carry_send(config: Config, root: Path, *, prompt: Callable[[str], str | None], turn: Turn = SOMEBODY) -> Errand:
    """Send the letters of an exchange folder that were not sent before, and write the answers beside them."""
    errand, failed = Errand(), set[str]()
    with _at_work(config, root, prompt, turn) as courier:
        for found in exchange.outgoing(root):
            if isinstance(found, Path):
                errand.errors.append(_damaged(found))
            elif exchange.answer_in(root, found.name) is None and found.envelope.sender not in failed:
                try:
                    answered = _hand_over(courier, found)
                except VanthuError as error:
                    failed.add(found.envelope.sender)  # its mailbox is not asked again in this run
                    errand.errors.append(error)
                    continue
                state = "queued" if answered.state == "later" else answered.state
                errand.letters.append(Carried(found.envelope.recipient, state, answered.words))
    return errand


def _hand_over(courier: _Courier, found: Outgoing) -> Answered:
    """Send a letter, or find out what became of it when it was sent before; the answer is noted here, then on the stick.

    Sent is asked first: this machine may have lost its memory, or another one have carried the same letter.
    """
    answered = exchange.answer_in(courier.journal, found.name)
    if answered is None:
        channel = _way(courier, found)
        mark = exchange.answer_file(courier.journal, found.name)
        if channel.trace(found.envelope.message_id):
            answered = Answered("handed-over", "traced-in-sent")
        elif mark.exists():  # a run died while it was sending this
            answered = Answered("unsure", "")
        else:
            answered = channel.hand_over(found.letter, lambda: _note(courier.journal, found.name, _SENDING))
        if answered.state == "later":
            mark.unlink(missing_ok=True)
            return answered
        _note(courier.journal, found.name, answered)
    _note(courier.root, found.name, answered)
    return answered


def _note(root: Path, name: str, answered: Answered) -> None:
    write_durably(exchange.answer_file(root, name), exchange.answer_bytes(answered))


def _way(courier: _Courier, found: Outgoing) -> "Channel":
    """Return the mailbox of this machine that a letter is written for; never another network's."""
    wanted = (found.envelope.network, found.envelope.sender)
    for name, settings in courier.config.channels.items():
        if settings.kind == "mail" and (settings.network, settings.address) == wanted:
            return courier.ways[name]
    raise MisuseError(
        "carry.no_channel",
        _("This machine has no mailbox {address} on the network “{network}”.").format(
            address=found.envelope.sender, network=found.envelope.network
        ),
        _("Carry the folder to the machine that has it, or add the channel to the configuration here."),
    )


def carry_fetch(
    config: Config,
    root: Path,
    names: Sequence[str] = (),
    *,
    prompt: Callable[[str], str | None],
    everything: bool = False,
    turn: Turn = SOMEBODY,
) -> Errand:
    """Save what waits in the mailboxes into an exchange folder, raw; `everything`: what was saved before too."""
    errand = Errand()
    mailboxes = [name for name, each in config.channels.items() if each.kind == "mail"]
    with _at_work(config, root, prompt, turn) as courier:
        for name in list(names) or mailboxes:
            try:
                errand.messages += _save(courier, name, everything=everything)
            except VanthuError as error:
                errand.errors.append(error)
    return errand


def _save(courier: _Courier, name: str, *, everything: bool) -> int:
    """Save a mailbox's messages: on the stick, then remembered, then marked on the server."""
    channel, count = courier.ways[name], 0
    marked, unmarked = courier.journal / "in", courier.journal / "unmarked"
    for folder in (marked, unmarked):
        folder.mkdir(mode=0o700, exist_ok=True)
    for waiting in channel.waiting({} if everything else _saved(name, marked) | _saved(name, unmarked)):
        came = waiting.fetch()
        raw = came if isinstance(came, bytes) else came.read_bytes()
        write_durably(courier.root / "in" / exchange.incoming_name(waiting.received_at, raw), raw)
        write_durably(unmarked / f"{name}.{waiting.identity}", waiting.received_at.encode())
        count += 1
    fresh = _saved(name, unmarked)
    channel.acknowledge(list(fresh))
    for identity in fresh:
        (unmarked / f"{name}.{identity}").replace(marked / f"{name}.{identity}")
    return count


def _saved(name: str, folder: Path) -> dict[str, str]:
    """Return the identities that were saved, with their times of arrival."""
    return {
        each.name.removeprefix(f"{name}."): each.read_text("ascii", "replace")
        for each in folder.glob(f"{name}.*")
        if not each.name.endswith(".tmp")
    }


@contextlib.contextmanager
def _at_work(config: Config, root: Path, prompt: Callable[[str], str | None], turn: Turn) -> Iterator[_Courier]:
    """Open mailboxes and memory, for one run at a time."""
    exchange.check_there(root)
    journal = config.data_dir / "carried"
    journal.mkdir(mode=0o700, parents=True, exist_ok=True)
    with holding(journal / "lock", turn):
        ways = Ways(config, None, prompt)
        try:
            yield _Courier(config, ways, journal, root)
        finally:
            ways.close()


def _damaged(file: Path) -> PartlyDoneError:
    return PartlyDoneError(
        "carry.damaged",
        _("{path} is not whole, or its envelope is missing: it was not sent.").format(path=file.name),
        _("The stick was probably pulled out too early: run “vanthu send” again on the machine with the register."),
    )
