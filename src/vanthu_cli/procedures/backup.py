"""Backing the whole office up into one file: consistent while others work, read back before it gets its name.

The order: a copy of the register is made and checked; the files that this copy names are packed with it; the archive is fsynced,
read back from the disk and held to its manifest; nothing may have been destroyed meanwhile; then it gets its name, never over
another file; then the event; last, older backups go. The archive's form stands in archive_file.py.

What is not in it: secrets of state (quarantine/), mail that nobody has looked at yet (intake/), passwords, PINs, signing keys. The
copy of the register stays on the register's own disk, and is called register.before-backup so that whoever puts a secret out of
reach is told of it (book.copies_of) should a run have died.
"""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from vanthu_cli import __version__
from vanthu_cli.config.settings import Config
from vanthu_cli.document.text import apart, safe_name
from vanthu_cli.errors import BusyError, MisuseError, UnreachableError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.age import Sink, locked
from vanthu_cli.procedures.archive_file import (
    BESIDE,
    CHUNK,
    CONFIG,
    FORMAT,
    REMOVED,
    RULES,
    Archive,
    Lack,
    Manifest,
    Member,
    Tick,
    Why,
    asked_for,
    ending,
    head,
    in_cabinet,
    padding,
    read_opened,
)
from vanthu_cli.procedures.close_day import CERTIFICATE, KEY
from vanthu_cli.procedures.desk import REGISTER, Desk, register_file
from vanthu_cli.procedures.make import appearing, exists
from vanthu_cli.register import documents
from vanthu_cli.register.book import stored
from vanthu_cli.register.lock import holding
from vanthu_cli.register.snapshot import Snapshot, copied, snapshot_of
from vanthu_cli.rules.deadlines import VIETNAM

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Source:
    """A file and its name in the archive; `sha256` (hex) is what the register says of it, "" where that says nothing.

    What is not `needed` may be missing.
    """

    name: str
    file: Path
    sha256: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a backup, its bytes together, and what is known not to be whole."""

    sources: tuple[Source, ...]
    size: int
    lacking: tuple[Lack, ...]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is there. `removed` are older ones that went; `same_disk`: it would be lost together with the office."""

    file: Path
    archive: Archive
    removed: tuple[Path, ...]
    same_disk: bool


def output_of(config: Config, out: Path | None, now: datetime, *, encrypted: bool) -> Path:
    """Return the file that a backup will be: `out`, or a new name in that folder (left out: in the current one)."""
    folder = Path.cwd() if out is None else out
    name = f"{_stem(config)}-{now.astimezone(VIETNAM):%Y-%m-%d-%H%M}.tar"
    output = folder / (f"{name}.age" if encrypted else name) if folder.is_dir() else folder
    if folder.is_dir() and os.path.lexists(output):  # the second one within a minute
        output = output.with_name(output.name.replace(".tar", f"{now.astimezone(VIETNAM):-%S}.tar"))
    if not output.parent.is_dir():
        raise MisuseError(
            "backup.no_folder",
            _("The folder {path} is not there.").format(path=output.parent),
            _("Is its disk connected? Otherwise make the folder first."),
        )
    if os.path.lexists(output):
        raise exists(output)
    return output.absolute()


def _stem(config: Config) -> str:
    return safe_name(f"vanthu-{config.office.code}")


def left_out(config: Config) -> list[str]:
    """Return what of the office is not in a backup: folders of data_dir, and every file that the configuration names."""
    named = [path for key in config.keys.values() for path in (key.path, key.image, key.certificate)]
    secret = [reference for key in config.keys.values() for reference in (key.secret, key.access)]
    secret += [channel.secret for channel in config.channels.values()]
    named += [each.removeprefix("file:") for each in secret if each.startswith("file:")]
    named += [server.ca for each in config.channels.values() for server in (each.imap, each.smtp) if server is not None]
    files = dict.fromkeys(name for name in named if name and not re.fullmatch("[0-9a-fA-F:]{64,}", name))
    return ["quarantine/", "intake/", *files]


def contents(desk: Desk) -> Contents:
    """Return what a backup would hold if it were made now."""
    return _contents(desk, snapshot_of(register_file(desk.config), desk.book))


def back_up(
    desk: Desk, output: Path, tick: Tick, *, passphrase: str = "", incomplete: bool = False, keep: int | None = None
) -> Backup:
    """Write a backup of the office; encrypted if there is a passphrase.

    `incomplete` allows one of an office whose files are not all there and whole; `keep` is how many backups of this office
    may then be in the folder, this one counted. `MisuseError` "backup.not_whole" names what is missing, `BusyError`
    "backup.changed" if a document was destroyed meanwhile.
    """
    data = desk.config.data_dir
    with holding(data / "backup.lock", desk.turn):
        _check_room(data, register_file(desk.config).stat().st_size)
        with copied(desk.book, data / "register.before-backup") as copy:
            planned = _contents(desk, copy)
            _check_whole(desk, copy, planned.lacking, incomplete=incomplete)
            _check_room(output.parent, planned.size + BESIDE * len(planned.sources))
            _sweep(desk.config, output.parent)
            with appearing(output, mode=0o600) as file:
                lacking = _write(desk, file, planned, passphrase, tick)
                _check_whole(desk, copy, lacking, incomplete=incomplete)
                archive = _read_back(file, passphrase, tick)
                _check_undestroyed(desk, copy)
        told = {"sha256": archive.sha256, "files": len(archive.manifest.members), "bytes": archive.size}
        with desk.book.step():
            desk.book.event("backup", "office", told | {"encrypted": archive.encrypted, "lacking": len(lacking)})
        removed = _thin(desk.config, output, keep) if keep is not None and not lacking else ()
    return Backup(output, archive, removed, output.stat().st_dev == data.stat().st_dev)


def _contents(desk: Desk, copy: Snapshot) -> Contents:
    """List the files: of cabinet and closed days what this copy of the register names, no more and no less."""
    config, data = desk.config, desk.config.data_dir
    sources = [Source(REGISTER, copy.file)]
    sources += [Source(name, data / name, digest) for name, digest in asked_for(copy).items()]
    sources += [Source(CONFIG, config.file)]
    if config.office.rules_file:
        sources.append(Source(RULES, config.path(config.office.rules_file)))
    sources += [Source(in_cabinet(each), data / in_cabinet(each), each, needed=False) for each in copy.certificates]
    sources += [Source(each, data / each, needed=False) for each in (KEY, CERTIFICATE)]
    sources += _trust(config.path(config.trust.dir))
    lacking = [Lack(f"event:{copy.broken}", "chain")] if copy.broken is not None else []
    found, size = list[Source](), 0
    for source in sources:
        try:
            size += source.file.stat().st_size
            found.append(source)
        except FileNotFoundError:
            lacking += [Lack(source.name, "missing")] if source.needed else []
    return Contents(tuple(found), size, tuple(lacking))


def _trust(folder: Path) -> list[Source]:
    """Return the trust folder under names that every system takes; hidden files are left out but for what was removed."""
    files, names = list[Path](), list[str]()
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if file.is_file() and not any(part.startswith(".") and part != REMOVED for part in parts):
            files.append(file)
            names.append("/".join(["trust", *(part if part == REMOVED else safe_name(part) for part in parts)]))
    return [Source(name, file, needed=False) for name, file in zip(apart(names), files, strict=True)]


def _check_whole(desk: Desk, copy: Snapshot, lacking: Sequence[Lack], *, incomplete: bool) -> None:
    if not lacking:
        return
    _check_undestroyed(desk, copy)
    if not incomplete:
        names = ", ".join(each.name for each in lacking[:_SHOWN]) + (", …" if len(lacking) > _SHOWN else "")
        raise MisuseError(
            "backup.not_whole",
            _("The office is not whole, {count} missing or damaged: {names}").format(count=len(lacking), names=names),
            _("Restore them from an older backup. Only with --incomplete is a backup written without them."),
        )


def _check_undestroyed(desk: Desk, copy: Snapshot) -> None:
    """What was put out of reach or destroyed while this run was copying may not live on in its backup."""
    if set(copy.names) - set(documents.files(desk.book)):
        raise BusyError(
            "backup.changed",
            _("A document was destroyed or put out of reach while the backup was being written."),
            _("Nothing was kept. Run the same command again."),
        )


def _check_room(folder: Path, needed: int) -> None:
    if shutil.disk_usage(folder).free < needed:
        raise UnreachableError(
            "backup.no_room",
            _("The disk of {path} has too little room: {size} MB are needed.").format(
                path=folder, size=(needed >> 20) + 1
            ),
            _("Free space on it, or name another disk."),
        )


def _write(desk: Desk, file: BinaryIO, planned: Contents, passphrase: str, tick: Tick) -> tuple[Lack, ...]:
    """Pack everything, the manifest last. Return what is not whole, with what was found on the way."""
    members, found, done = dict[str, Member](), list(planned.lacking), 0
    with locked(file, passphrase) if passphrase else nullcontext(file) as out:
        for source in planned.sources:
            member, why = _pack(out, source, desk.now)
            if member is not None:
                members[source.name] = member
                done += member.size
            if why is not None:
                found.append(Lack(source.name, why))
            tick(_("MB written"), done >> 20)
        office, absent = desk.config.office, tuple(left_out(desk.config))
        manifest = Manifest(
            FORMAT, __version__, office.code, office.name, stored(desk.now), members, tuple(found), absent
        )
        out.write(ending(manifest, desk.now))
    return manifest.lacking


def _pack(out: Sink, source: Source, now: datetime) -> tuple[Member | None, Why | None]:
    """Pack one file; return what it is in the archive (None: not there), and why it is not whole.

    A damaged file is packed as it is: it may still be legible. What a disk does not give is filled with zeros.
    """
    try:
        file = source.file.open("rb", buffering=0)
    except FileNotFoundError:
        return None, "missing" if source.needed else None  # of what is not, one may be removed at this very moment
    except OSError:
        return None, "unreadable"
    with file:
        size, digest = os.fstat(file.fileno()).st_size, sha256()
        out.write(head(source.name, size, now))
        left = size
        why: Why | None = None
        while left:
            data = _block(file, min(left, CHUNK)) if why is None else b""
            why = None if data else "unreadable"
            data = data or bytes(min(left, CHUNK))
            digest.update(data)
            out.write(data)
            left -= len(data)
        out.write(padding(size))
    member = Member(size, digest.hexdigest())
    return member, why or ("damaged" if source.sha256 not in {"", member.sha256} else None)


def _block(file: BinaryIO, size: int) -> bytes:
    try:
        return file.read(size)
    except OSError:
        return b""


def _read_back(file: BinaryIO, passphrase: str, tick: Tick) -> Archive:
    """Read what was written from the disk itself, as far as the system lets go of what it remembers."""
    file.flush()
    os.fsync(file.fileno())
    if sys.platform == "linux":
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    file.seek(0)
    try:
        return read_opened(file, lambda: passphrase, tick)
    except VanthuError as error:
        raise UnreachableError(
            "backup.bad_disk",
            _("The disk does not give back what was written on it. {why}").format(why=error.message),
            _("Nothing was kept. Write the backup on another disk."),
        ) from error


def _form(config: Config) -> str:
    """Return the pattern of the names that backups of this office get by themselves."""
    return re.escape(_stem(config)) + r"-\d{4}(-\d\d){2}-\d{4}(-\d\d)?\.tar(\.age)?"


def _sweep(config: Config, folder: Path) -> None:
    """Remove what runs that died have left: each would have had a name of its own, which does not come again."""
    for file in list(folder.iterdir()):
        if re.fullmatch(rf"\.{_form(config)}\.\w+\.part", file.name):
            file.unlink()


def _thin(config: Config, output: Path, keep: int) -> tuple[Path, ...]:
    """Remove the oldest backups of this office in the folder, by their names, until `keep` are there, the new one among them."""
    others = sorted(
        (file for file in output.parent.iterdir() if re.fullmatch(_form(config), file.name) and file != output),
        key=lambda file: file.name.partition(".tar")[0],
        reverse=True,
    )
    removed = others[keep - 1 :]
    for file in removed:
        file.unlink(missing_ok=True)
    return tuple(removed)
