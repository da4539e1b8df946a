"""What every way in and out can do: four verbs. One contract test suite runs over every channel."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from vanthu_cli.channels.letter import Letter


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is not ours yet. `identity` is "uidvalidity.uid", `received_at` the server's time (ISO UTC), `size` bytes.

    `fetch` returns its bytes, or a file in the channel's scratch folder that holds them and is the caller's from then on.

    `message_id` is told only by a mailbox that numbers anew: the message may be ours under another identity.
    """

    identity: str
    received_at: str
    size: int
    fetch: Callable[[], bytes | Path]
    message_id: str | None = None


Known = Mapping[str, str]
"""What is ours of a channel already: `received_at` by identity."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the server said to a letter. "later": it may be tried again as it is; "carried": it waits for somebody to carry it."""

    state: Literal["handed-over", "refused", "later", "carried", "unsure"]
    words: str
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="microseconds"), compare=False)
    """When it said so (ISO UTC): a run that sends to many lasts, and this is evidence."""


class Channel(Protocol):
    """A mailbox, a folder, or the axis."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str: ...

    def waiting(self, known: Known) -> Iterator[Waiting]:
        """Yield what is there and not in `known`, oldest first. Reads only."""
        ...

    def acknowledge(self, identities: Sequence[str], broken: Collection[str] = ()) -> None:
        """Mark on the server what is ours, durably (house.md, law 4); and where that can be said, what nobody can read."""
        ...

    def hand_over(self, letter: Letter, about_to: Callable[[], None]) -> Answered:
        """Give a letter to the server. `about_to` is called once, right before the moment it could be accepted."""
        ...

    def trace(self, message_id: str) -> bool | None:
        """Tell whether the letter left: True, False, or None when it can't be told."""
        ...

    def largest(self) -> int | None:
        """Return how many bytes a letter may have (RFC 1870), None when nobody says."""
        ...

    def check(self) -> None:
        """Log in once each way; raises what a clerk should read."""
        ...

    def close(self) -> None: ...
