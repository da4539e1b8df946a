"""Downloading: what is new on a channel goes into `intake/`, durably and in groups, before anybody looks at it.

While one group is being written the next one comes: disk and line do not wait for each other (mail.md 4.1).
"""

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Row
from typing import TYPE_CHECKING

from vanthu_cli.errors import UnreachableError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import messages
from vanthu_cli.register.cabinet import adopt_durably, sync_folder, write_durably
from vanthu_cli.register.messages import Origin

if TYPE_CHECKING:
    from vanthu_cli.channels.channel import Channel, Waiting

_MOST, _LARGEST = 32, 4 << 20
"""Messages, and bytes, of one group: smaller than a crash may cost (house.md, law 2), because several are in memory."""
_WRITERS = 4
"""Files that are fsynced side by side: the disk takes them in one go."""
_ROOM = 3
"""A message takes its size in intake, and again in cabinet and register."""
_ITS_OWN = {"mail.expunged", "folder.damaged", "folder.no_package", "axis.refused", "axis.too_large"}
"""What fails of one message: somebody deleted it under us, or it was cut off; the others are still there."""


@dataclass(slots=True)
class Group:
    """Messages that lie in intake (`files`), that are ours under an older number (`renumbered`), or could not be had."""

    files: list[Path] = field(default_factory=list)
    renumbered: list[tuple[Origin, Row]] = field(default_factory=list)
    failed: list[VanthuError] = field(default_factory=list)
    _written: list[Future[None]] = field(default_factory=list)
    _size: int = 0

    @property
    def full(self) -> bool:
        return len(self.files) + len(self.renumbered) >= _MOST or self._size >= _LARGEST

    def add(self, place: Path, came: bytes | Path, pool: ThreadPoolExecutor) -> None:
        self.files.append(place)
        if isinstance(came, bytes):
            self._size += len(came)
            self._written.append(pool.submit(write_durably, place, came, synced=False))
        else:
            self._size += came.stat().st_size
            self._written.append(pool.submit(adopt_durably, came, place))

    def durable(self) -> "Group":
        """Wait until every file is on the disk under its name."""
        for each in self._written:
            each.result()
        if self.files:
            sync_folder(self.files[0].parent)
        return self


def bring(desk: Desk, channel: "Channel") -> Iterator[Group]:
    """Yield what is new, group by group, each one durable. What came before a failure is yielded first, then it is raised."""
    failure: VanthuError | None = None
    with ThreadPoolExecutor(_WRITERS) as pool:
        before, group = Group(), Group()
        try:
            for waiting in channel.waiting(messages.known(desk.book, channel.name)):
                _take(desk, channel.name, waiting, group, pool)
                if group.full:
                    yield before.durable()
                    before, group = group, Group()
        except VanthuError as error:
            failure = error
        yield before.durable()
        yield group.durable()
    if failure is not None:
        raise failure


def _take(desk: Desk, channel: str, waiting: "Waiting", group: Group, pool: ThreadPoolExecutor) -> None:
    origin = Origin(channel, waiting.identity, waiting.received_at, waiting.size)
    ours = messages.under_another_number(desk.book, origin, waiting.message_id) if waiting.message_id else None
    if ours is not None:
        group.renumbered.append((origin, ours))
        return
    _check_room(desk, waiting.size)
    try:
        came = waiting.fetch()
    except UnreachableError as error:
        if error.code not in _ITS_OWN:
            raise
        group.failed.append(error)
        return
    group.add(desk.cabinet.intake(file_name(origin)), came, pool)


def _check_room(desk: Desk, size: int) -> None:
    """Refuse before the disk is full: a message that is half there helps nobody."""
    if shutil.disk_usage(desk.config.data_dir).free < _ROOM * size + _LARGEST:
        raise UnreachableError(
            "disk.full",
            _("The disk has no room for the messages that wait."),
            _("Free space on it (see “vanthu doctor”), then run the same command again."),
        )


def file_name(origin: Origin) -> str:
    """Carry the origin in the name: an intake file must explain itself to the run that finds it."""
    moment = int(datetime.fromisoformat(origin.received_at).timestamp())
    return f"{origin.channel}.{origin.identity}.{moment}.eml"


def origin_of(place: Path) -> Origin:
    channel, epoch, uid, moment, _suffix = place.name.rsplit(".", 4)
    received = datetime.fromtimestamp(int(moment), UTC).isoformat(timespec="seconds")
    return Origin(channel, f"{epoch}.{uid}", received, place.stat().st_size)
