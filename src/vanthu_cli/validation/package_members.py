"""Members of a ZIP from a stranger: refused before anything is unpacked if it is a bomb or can be read in two ways."""

import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.xml_aside import Sink
from vanthu_cli.validation.xml_digests import Fetched
from vanthu_cli.validation.xml_parsing import Element, Parsed, XmlRefused, form_of, parse, write_canonical

_BEGINNING = (b"PK\x03\x04", b"PK\x05\x06")
_MOST_MEMBERS = 10_000
_MOST_UNPACKED = 600 << 20
_MOST_XML = 32 << 20
_BOMB = 200
"""Times that a member grows when unpacked; office formats stay below 50."""
_SMALL = 10 << 20
"""Bytes below which growth harms nobody."""
_SLICE = 1 << 16
_ENCRYPTED = 1
_MOST_NAMED = 5
_DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError)
"""What zipfile raises when a member is not what the list of members says."""


@dataclass(frozen=True, slots=True)
class Members:
    """A ZIP that was found harmless; `names` are its files."""

    archive: zipfile.ZipFile
    names: tuple[str, ...]

    def read(self, name: str) -> bytes:
        """Return a small member. ValueError for a large one or one that is damaged."""
        if self.archive.getinfo(name).file_size > _MOST_XML:
            raise ValueError(f"{name} is too large")
        try:
            return self.archive.read(name)
        except _DAMAGED as error:
            raise ValueError(f"{name} is damaged") from error

    def pour(self, name: str, sink: Sink) -> Reason | None:
        """Write a member's bytes; the reason why not if it is damaged."""
        try:
            with self.archive.open(name) as stream:
                while piece := stream.read(_SLICE):
                    sink.write(piece)
        except _DAMAGED:
            return Reason("signed-data-missing", name)
        return None

    def xml(self, name: str) -> Parsed:
        """Return a member as XML. Raises `XmlRefused`, also for what is too large or damaged."""
        try:
            return parse(self.read(name))
        except ValueError as error:
            raise XmlRefused(Reason("xml-unparseable", str(error)[:200])) from error

    def fetch(self, name: str, transforms: tuple[Element, ...], sink: Sink) -> Fetched:
        """Write a member as a reference names it: as it is, or in one canonical form."""
        if name not in self.archive.NameToInfo:
            return Fetched(Reason("signed-data-missing", name))
        if not transforms:
            return Fetched(self.pour(name, sink))
        form = form_of(transforms[0])
        if form is None or len(transforms) > 1:
            return Fetched(Reason("unsupported-signature", str(transforms[0].get("Algorithm"))))
        try:
            written = write_canonical(self.xml(name).tree, form, sink)
        except XmlRefused as refused:
            return Fetched(refused.reason)
        return Fetched(None if written else Reason("unsupported-signature", name))


def open_members(file: BinaryIO) -> Members | Reason | None:
    """Return the members, the reason to refuse them, or None for what is no ZIP."""
    file.seek(0)
    if file.read(4) not in _BEGINNING:
        return None
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        return Reason("package-refused", type(error).__name__)
    listed = archive.infolist()
    if len(listed) > _MOST_MEMBERS or sum(one.file_size for one in listed) > _MOST_UNPACKED:
        return Reason("package-refused", "too large")
    for member in listed:
        fault = _fault(member)
        if fault:
            return Reason("package-refused", f"{fault}: {member.filename[:100]}")
    names = [member.filename.casefold() for member in listed]
    if len(set(names)) < len(names):
        return Reason("package-refused", "duplicate names")
    return Members(archive, tuple(member.filename for member in listed if not member.is_dir()))


def _fault(member: zipfile.ZipInfo) -> str | None:
    name = member.orig_filename
    if "\\" in name or "\0" in name or ":" in name or name.startswith("/") or {"..", "."} & set(name.split("/")):
        return "name"
    if member.flag_bits & _ENCRYPTED:
        return "encrypted"
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "compression"
    if member.file_size > _SMALL and member.file_size > _BOMB * max(member.compress_size, 1):
        return "bomb"
    return None


def not_covered(names: Iterable[str]) -> tuple[Reason, ...]:
    """Return the reason that names what no signature covers, none if nothing is left."""
    left = list(names)
    more = [f"+{len(left) - _MOST_NAMED}"] if len(left) > _MOST_NAMED else []
    return (Reason("package-part-not-covered", ", ".join(left[:_MOST_NAMED] + more)),) if left else ()
