"""Putting an office back from a backup: into a folder beside, which takes the name it is to have when all is in order."""

import os
import re
import shutil
import tomllib
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.age import damaged
from vanthu_cli.procedures.archive_file import (
    CONFIG,
    RULES,
    Archive,
    Lack,
    Manifest,
    Tick,
    asked_for,
    read_archive,
)
from vanthu_cli.procedures.desk import REGISTER, who
from vanthu_cli.register import deliveries
from vanthu_cli.register.book import explaining, open_book, stored
from vanthu_cli.register.cabinet import refusing, sync_folder
from vanthu_cli.register.lock import Turn, holding
from vanthu_cli.register.snapshot import Snapshot, snapshot_of

GOOD = "config.good"
"""What `config.load` keeps in the data_dir."""
_HOME = {"office": {"data_dir": ".", "rules_file": RULES}, "trust": {"dir": "trust"}}
"""Where a restored office has its things, as its configuration names them: beside it."""


@dataclass(frozen=True, slots=True)
class Restored:
    """`at_home`: the configuration beside the register names its new folder. `letters` may have left since the backup."""

    archive: Archive
    folder: Path
    at_home: bool
    letters: int


def restore(
    file: Path, target: Path, passphrase: Callable[[], str], *, code: str, now: datetime, tick: Tick
) -> Restored:
    """Put the office in a backup back as the folder `target`, which must be new or empty; `code` is whose it must be ("": anybody's).

    All of it is read, checked, unpacked beside the target and on the disk before the folder takes its name.
    """
    check_target(target)
    with refusing(target), _beside(target, now) as folder:
        archive = read_archive(file, passphrase, tick, folder=folder)
        _check_owner(archive.manifest, code)
        letters, at_home = _revive(folder, archive, now)
        _on_disk(folder, tick)
        (target / GOOD).unlink(missing_ok=True)
        if target.exists():
            target.rmdir()
        folder.rename(target)
        sync_folder(target.parent)
    return Restored(archive, target, at_home, letters)


def check_target(target: Path) -> None:
    """Refuse to restore over anything. A configuration that was found good leaves a copy in its data_dir: that is nothing."""
    if os.path.lexists(target) and not (target.is_dir() and {each.name for each in target.iterdir()} <= {GOOD}):
        raise MisuseError(
            "restore.exists",
            _("{path} is there and not empty: nothing is restored over an office.").format(path=target),
            _("Restore beside it with --to FOLDER, or move it away first."),
        )
    if os.path.ismount(target):  # Path.is_mount does not work on Windows before Python 3.12
        raise MisuseError(
            "restore.mount",
            _("{path} is a disk of its own, which cannot be put in the place of a folder.").format(path=target),
            _("Name a folder on it, “--to {path}”, and set data_dir to that.").format(path=target / "vanthu"),
        )


@contextmanager
def _beside(target: Path, now: datetime) -> Iterator[Path]:
    """Yield a new folder beside the target; what a run that died has left there is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.with_name(f".{target.name}.restoring")
    lock = folder.with_name(f"{folder.name}.lock")
    with holding(lock, Turn(who(), "restore", stored(now))):
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # Windows keeps what is open
                lock.unlink()


def _check_owner(manifest: Manifest, code: str) -> None:
    if code and manifest.code != code:
        raise MisuseError(
            "restore.other_office",
            _("This is the backup of another office: {name} ({code}).").format(name=manifest.name, code=manifest.code),
            _("Restore it somewhere else: --to FOLDER"),
        )


def _revive(folder: Path, archive: Archive, now: datetime) -> tuple[int, bool]:
    """Check what the register says of itself and of the files, and enter in it that it was restored.

    Letters that were queued may have been sent since: as after a run that died within DATA, the next run looks for their traces,
    and what cannot be traced is UNSURE. What waits in an exchange folder stays: its carrier knows what was sent.
    """
    config, register = folder / CONFIG, folder / REGISTER
    moved, carried = at_home(config.read_bytes())
    if moved is not None:
        config.write_bytes(moved.encode())
    book = open_book(register, who=who(), now=now, make=False)
    with explaining(), closing(book.connection):
        _check_register(snapshot_of(register, book), archive.manifest)
        letters = [each for each in deliveries.in_states(book, "queued") if each.channel not in carried]
        with book.step():
            for each in letters:
                deliveries.record(book, each.id, "sending", "restored")
            told = {"sha256": archive.sha256, "made_at": archive.manifest.made_at, "letters": len(letters)}
            book.event("restore", "office", told)
    return len(letters), moved is not None


def _check_register(said: Snapshot, manifest: Manifest) -> None:
    if said.broken is not None and Lack(f"event:{said.broken}", "chain") not in manifest.lacking:
        raise damaged(_("its register was changed: the chain of events breaks at {event}").format(event=said.broken))
    there = manifest.members.keys() | {each.name for each in manifest.lacking}
    for name in asked_for(said):
        if name not in there:
            raise damaged(_("{name} is missing").format(name=name))


def at_home(raw: bytes) -> tuple[str | None, Collection[str]]:
    """Return a configuration whose data_dir, trust folder and rules are beside it, and the names of its exchange folders.

    Its lines stay as they were but for these values; None where they cannot be found with certainty.
    """
    carried: Collection[str] = ()
    with suppress(ValueError, AttributeError, TypeError):  # no UTF-8, no TOML, no configuration of ours
        text = raw.decode("utf-8-sig")
        table = tomllib.loads(text)
        carried = {name for name, each in table.get("channels", {}).items() if each.get("kind") == "folder"}
        wanted = table | {
            part: table[part] | {key: value for key, value in home.items() if table[part].get(key)}
            for part, home in _HOME.items()
            if part in table
        }
        moved, at = "", ""
        for line in text.splitlines(keepends=True):
            at = head[1].strip() if (head := re.match(r"\s*\[([^\[\]]+)\]", line)) else at
            named = re.match(r"""(\s*(\w+)\s*=\s*)("[^"\n]+"|'[^'\n]+')""", line)
            value = _HOME.get(at, {}).get(named[2]) if named else None
            moved += f'{named[1]}"{value}"{line[named.end() :]}' if named and value else line
        if tomllib.loads(moved) == wanted:
            return moved, carried
    return None, carried


def _on_disk(folder: Path, tick: Tick) -> None:
    """Have every file and folder durable. All at once first: then each fsync only asks whether that went well."""
    tick(_("to the disk"), 0)
    if hasattr(os, "sync"):
        os.sync()
    for place, _folders, names in os.walk(folder, topdown=False):
        for name in names:
            with Path(place, name).open("r+b", buffering=0) as file:
                os.fsync(file.fileno())
        sync_folder(Path(place))
