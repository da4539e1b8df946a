"""A backup as a file: a tar of plain files in GNU's form, the manifest last; with a passphrase that is in an age file (age.py).

An archive may be damaged or forged: it is read block by block, and whatever this program would not have written (a link, a
folder, a path, a name twice) refuses the whole. Nothing in it can be bigger than the archive itself.
"""

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

from vanthu_cli.document.text import safe_name, storable
from vanthu_cli.errors import MisuseError, UnreachableError, os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.age import AGE, Stream, damaged, unlocked
from vanthu_cli.procedures.close_day import CERTIFICATE, FOLDER, KEY
from vanthu_cli.procedures.desk import REGISTER
from vanthu_cli.register.cabinet import refusing
from vanthu_cli.register.snapshot import Snapshot

Why = Literal["missing", "damaged", "unreadable", "chain"]
Tick = Callable[[str, int], None]
"""Told what is being done, and how many MB of it are done."""

FORMAT = 1
MANIFEST, CONFIG, RULES = "manifest.json", "config.toml", "rules.toml"
REMOVED = ".removed"
"""Where in the trust folder lies what is believed no more (trust_changes.py)."""
CHUNK = 1 << 20
BESIDE = 4 * tarfile.BLOCKSIZE
"""Bytes that a member takes beside its content, at most: head, padding, its line in the manifest."""

_ALONE = {REGISTER, KEY, CERTIFICATE, CONFIG, RULES, MANIFEST}
_CLOSING = re.compile(r"closings/[0-9]{5,9}-[0-9-]{10}\.json(\.p7s)?")
_IN_CABINET = re.compile("cabinet/([0-9a-f]{2})/(\\1[0-9a-f]{62})")
_LONGEST_NAME = 1 << 10
_LONGEST_MANIFEST = 1 << 30
"""Bytes: five million files. It is read into memory."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive: bytes, and SHA-256 (hex)."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Lack:
    """What is not whole in a backup that was written all the same: a file's name, or the event at which the chain breaks."""

    name: str
    why: Why


@dataclass(frozen=True, slots=True)
class Manifest:
    """manifest.json: `code` and `name` of the office, `made_at` in ISO 8601, `left_out`: what is never in a backup."""

    format: int
    vanthu: str
    code: str
    name: str
    made_at: str
    members: dict[str, Member]
    lacking: tuple[Lack, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Archive:
    """A backup that was read from end to end and is what its manifest says; SHA-256 and bytes are the file's own."""

    manifest: Manifest
    sha256: str
    size: int
    encrypted: bool


def in_cabinet(sha256: str) -> str:
    return f"cabinet/{sha256[:2]}/{sha256}"


def asked_for(said: Snapshot) -> dict[str, str]:
    """Return the members that a register cannot do without, named as in data_dir, and what it knows of their SHA-256 ("")."""
    found = {in_cabinet(each): each for each in said.names}
    for each in said.closings:
        name = f"{FOLDER}/{each.id:05d}-{each.day}.json"
        found |= {name: each.sha256, f"{name}.p7s": ""}
    return found


def head(name: str, size: int, now: datetime) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(now.timestamp())
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


def padding(size: int) -> bytes:
    """Return what fills the last block of a member."""
    return bytes(-size % tarfile.BLOCKSIZE)


def ending(manifest: Manifest, now: datetime) -> bytes:
    """Return the manifest as the last member, and the end of the tar."""
    from pydantic import TypeAdapter

    text = TypeAdapter(Manifest).dump_json(manifest)
    return head(MANIFEST, len(text), now) + text + padding(len(text)) + bytes(2 * tarfile.BLOCKSIZE)


def read_archive(file: Path, passphrase: Callable[[], str], tick: Tick, *, folder: Path | None = None) -> Archive:
    """Read a backup and hold every member to the manifest; write them into `folder`, new and empty, if one is given.

    `MisuseError` "backup.damaged", "backup.foreign", "backup.passphrase", "backup.newer": then `folder` is worth nothing.
    """
    try:
        with file.open("rb") as opened:
            return read_opened(opened, passphrase, tick, folder=folder)
    except OSError as error:
        kind = MisuseError if isinstance(error, FileNotFoundError | IsADirectoryError) else UnreachableError
        raise kind(
            "backup.unreadable",
            _("{path} cannot be read: {why}").format(path=file, why=os_words(error)),
            _("Is its disk connected?"),
        ) from error


def read_opened(opened: BinaryIO, passphrase: Callable[[], str], tick: Tick, *, folder: Path | None = None) -> Archive:
    source = _Source(opened, tick)
    encrypted = opened.read(len(AGE)) == AGE
    opened.seek(0)
    stream: Stream = unlocked(source, passphrase()) if encrypted else source
    found, text = dict[str, Member](), b""
    for name, size in _heads(stream):
        if name in found or text:
            raise _foreign(name)
        if name == MANIFEST:
            text = _short(stream, size, _LONGEST_MANIFEST)
        else:
            found[name] = _taken(stream, size, folder / name if folder else None)
    manifest = _manifest(text)
    _compare(found, manifest)
    return Archive(manifest, source.digest.hexdigest(), source.size, encrypted)


@dataclass(slots=True)
class _Source:
    """The archive as it lies on the disk, hashed and counted while it is read."""

    opened: BinaryIO
    tick: Tick
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def read(self, size: int, /) -> bytes:
        data = self.opened.read(size)
        self.digest.update(data)
        if self.size >> 20 != (self.size + len(data)) >> 20:
            self.tick(_("MB read"), (self.size + len(data)) >> 20)
        self.size += len(data)
        return data


def _heads(stream: Stream) -> Iterator[tuple[str, int]]:
    """Yield name and bytes of each member; who asks for the next one has read this one and what fills its last block.

    Only the form of one block is left to tarfile: its readers follow extensions that may ask for any amount of memory.
    """
    longer = ""
    while any(block := _exactly(stream, tarfile.BLOCKSIZE)):
        try:
            # A name that is cut for its short form may end within a letter: hence the surrogates, which no name of ours has.
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            if info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape") != block:
                raise _foreign(info.name)
            if info.type == tarfile.GNUTYPE_LONGNAME and not longer:
                longer = _short(stream, info.size, _LONGEST_NAME).removesuffix(b"\0").decode()
                continue
        except (tarfile.HeaderError, ValueError):
            raise damaged(_("a block in it is no head of a file")) from None
        name, longer = longer or info.name, ""
        if info.type != tarfile.REGTYPE or info.size < 0 or not _is_ours(name):
            raise _foreign(name)
        yield name, info.size
    if longer or any(_exactly(stream, tarfile.BLOCKSIZE)) or stream.read(1):
        raise damaged(_("something follows its end"))


def _is_ours(name: str) -> bool:
    """Tell whether a backup has members of such a name: they stay in their folder, on Windows too."""
    top, *below = name.split("/")
    if top == "trust" and below:
        return all(part == REMOVED or safe_name(part) == part for part in below)
    return name in _ALONE or bool(_IN_CABINET.fullmatch(name) or _CLOSING.fullmatch(name))


def _exactly(stream: Stream, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise damaged(_("it is broken off"))
    return data


def _taken(stream: Stream, size: int, file: Path | None) -> Member:
    if file is None:
        return _copied(stream, size, lambda _data: None)
    with refusing(file):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # "x": two names that this file system takes for one are not written over each other.
        with open(file, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
            return _copied(stream, size, out.write)


def _copied(stream: Stream, size: int, write: Callable[[bytes], Any]) -> Member:
    """Read one member, and what fills its last block."""
    digest, left = hashlib.sha256(), size
    while left:
        data = _exactly(stream, min(left, CHUNK))
        digest.update(data)
        write(data)
        left -= len(data)
    if any(_exactly(stream, len(padding(size)))):
        raise damaged(_("something stands between its files"))
    return Member(size, digest.hexdigest())


def _short(stream: Stream, size: int, most: int) -> bytes:
    """Read one member into memory."""
    if not 0 <= size <= most:
        raise damaged(_("a block in it is no head of a file"))
    out = io.BytesIO()
    _copied(stream, size, out.write)
    return out.getvalue()


def _manifest(text: bytes) -> Manifest:
    from pydantic import TypeAdapter

    try:
        found = TypeAdapter(Manifest).validate_json(text, strict=True)
        datetime.fromisoformat(found.made_at).astimezone(UTC)
    except (ValueError, OverflowError):
        raise damaged(_("its manifest is missing or is not one")) from None
    if found.format > FORMAT:
        raise MisuseError(
            "backup.newer",
            _("The backup was written by a newer version of vanthu ({version}).").format(version=found.vanthu),
            _("Install the newer version on this machine."),
        )
    return found


def _compare(found: dict[str, Member], manifest: Manifest) -> None:
    """Refuse an archive whose files are not those of its manifest, or whose cabinet has files under other names than theirs."""
    for name in (REGISTER, CONFIG, *manifest.members):
        if name not in found:
            raise damaged(_("{name} is missing").format(name=name))
    excused = {each.name for each in manifest.lacking}
    for name, member in found.items():
        kept = _IN_CABINET.fullmatch(name)
        if name not in manifest.members:
            raise damaged(_("{name} is not in its manifest").format(name=name))
        if manifest.members[name] != member or (kept and kept[2] != member.sha256 and name not in excused):
            raise damaged(_("{name} was changed").format(name=name))


def _foreign(name: str) -> MisuseError:
    return MisuseError(
        "backup.foreign",
        _("The backup holds “{name}”, which vanthu would not have put there.").format(name=storable(name)),
        _("It was not written by vanthu, or somebody has changed it. Take another backup."),
    )
