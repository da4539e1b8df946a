"""A package that came by itself, from the axis or on a stick, as what a letter is: sender, subject, files, an answer.

Its files are taken out as they are read: small ones into memory, large ones beside the package. What is wrong with a package is
told as faults; it never raises for that.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from vanthu_cli.channels.axis import REPORT
from vanthu_cli.channels.edxml import Package
from vanthu_cli.channels.edxml_reading import Opened, open_file
from vanthu_cli.channels.mime import UNREADABLE, Answer, File, Mail, Proven, status_answer
from vanthu_cli.document.text import safe_name, shown

FAULTS = "package-"
"""What the faults of packages begin with."""
_REPORT = f'{{"{REPORT}":'.encode()
_IN_MEMORY = 8 << 20
"""Bytes of all of a package's files together up to which they stay in memory."""
_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")


def is_package(place: Path) -> bool:
    """Tell whether a file is XML: a letter never begins so (RFC 5322)."""
    with place.open("rb") as file:
        return _BEGINNING.match(file.read(256)) is not None


def is_report(place: Path) -> bool:
    """Tell whether a file is what the axis says of a package of ours (channels/axis.py)."""
    with place.open("rb") as file:
        return file.read(len(_REPORT)) == _REPORT


def read_report(place: Path) -> tuple[Mail, str]:
    """Read such a report; return it with the SHA-256 (hex) of its bytes."""
    raw = place.read_bytes()
    said = json.loads(raw)[REPORT]
    state: Proven = "delivered" if said["state"] == "done" else "bounced"
    told = dict.fromkeys(str(said.get(name) or "") for name in ("state", "receiveStatusDesc"))
    words = shown(" ".join(told).strip())[:200]
    answer = Answer("dsn", (), state, words, shown(str(said.get("notation") or ""))[:100], said["docId"])
    digest = hashlib.sha256(raw).hexdigest()
    sender = shown(str(said.get("toCode") or ""))[:100]
    about = replace(UNREADABLE, message_id=f"report:{digest}", sender=sender, faults=(), answer=answer, content=digest)
    return replace(about, alone=True), digest


def read_packaged(place: Path) -> tuple[Mail, str]:
    """Read a package; return it with the SHA-256 (hex) of its bytes. Large files inside lie at `place`.N.tmp afterwards."""
    parts = _Parts(place)
    try:
        opened, digest = open_file(place, parts.sink)
    finally:
        parts.close()
    if opened.package is None:
        faults = tuple(f"{FAULTS}{each}" for each in opened.faults or ("not-edxml",))
        return replace(UNREADABLE, faults=faults, alone=True), digest
    return _mail(place, opened, opened.package, parts), digest


def _mail(place: Path, opened: Opened, package: Package, parts: "_Parts") -> Mail:
    header = package.header
    files = [
        File(safe_name(each.name or f"part-{number}"), each.kind, data, each.content_id)
        for number, (each, data) in enumerate(zip(opened.attachments, parts.contents(), strict=False), 1)
    ]
    itself = safe_name(f"{header.number}-{header.symbol}".strip("-") or package.kind) + ".edxml"
    said = [package.sender.identifier, header.document_id, header.subject, package.status, package.description]
    content = hashlib.sha256("\n".join([*said, package.sha256]).encode("utf-8", "replace")).hexdigest()
    # The package itself is looked at only for its signature.
    envelope = [File(itself, "application/xml", place)] if package.signed else []
    return Mail(
        message_id=header.document_id or f"edxml:{package.sha256}",
        sender=package.sender.identifier,
        subject=header.subject,
        automatic=package.kind == "status",
        files=(*files, *envelope),
        text=package.description,
        answer=status_answer(package) if package.kind == "status" else None,
        packages=(package,),
        faults=tuple(f"{FAULTS}{each}" for each in opened.faults),
        content=content,
        alone=True,
    )


class _Parts:
    """Where the files inside go: memory, until that is enough."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._parts: list[_Part] = []
        self._room = _IN_MEMORY

    def sink(self, position: int) -> "_Part":
        while len(self._parts) <= position:  # an attachment without content has none
            self._parts.append(_Part(self._place.with_name(f"{self._place.name}.{len(self._parts)}.tmp"), self.take))
        return self._parts[position]

    def take(self, size: int) -> bool:
        """Tell whether so many bytes more may stay in memory."""
        self._room -= size
        return self._room >= 0

    def contents(self) -> Iterator[bytes | Path]:
        return (each.content() for each in self._parts)

    def close(self) -> None:
        for each in self._parts:
            each.close()


class _Part:
    """One file inside: a buffer, or a file once that has become too large."""

    def __init__(self, place: Path, take: Callable[[int], bool]) -> None:
        self._place, self._take = place, take
        self._buffer = BytesIO()
        self._file: BinaryIO | None = None

    def write(self, data: bytes, /) -> object:
        if self._file is None and not self._take(len(data)):
            self._file = self._place.open("wb")
            self._file.write(self._buffer.getvalue())
            self._buffer = BytesIO()
        return (self._file or self._buffer).write(data)

    def content(self) -> bytes | Path:
        return self._buffer.getvalue() if self._file is None else self._place

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
