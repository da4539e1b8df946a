"""A package as BagIt has it (RFC 8493): files in data/, lists of their SHA-256, what the package says of itself; a folder, or a ZIP.

Its files are on the disk before a list names them, and are read again from there as whoever receives them will.
"""

import contextlib
import hashlib
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from vanthu_cli import __version__
from vanthu_cli.reports.books import plain

_MANIFEST, _TAGS, _INFO = "manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt"
_CHUNK = 1 << 20

Entry = tuple[str, int]
"""SHA-256 and size of a file."""


@dataclass(slots=True)
class Bag:
    """A package being filled: its files by name; every one is on the disk when it stands here."""

    root: Path
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def payload(self) -> dict[str, Entry]:
        """What is in data/, by its names there."""
        return {name.removeprefix("data/"): each for name, each in self.entries.items() if name.startswith("data/")}

    @property
    def manifest(self) -> str:
        """SHA-256 of the list of what is in data/, by which the package is known."""
        return self.entries[_MANIFEST][0]

    def put(self, name: str, data: bytes) -> None:
        self.copy(name, BytesIO(data))

    def copy(self, name: str, source: BinaryIO) -> str:
        """Copy a stream to a file, fsynced; return its SHA-256."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x+b") as file:
            shutil.copyfileobj(source, file, _CHUNK)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self.entries[name] = (sha256, size)
        return sha256

    def list_payload(self) -> None:
        """Write the list of what is in data/ (2.1.3)."""
        self.put(_MANIFEST, self._sums(self.payload, "data/"))

    def finish(self, info: Mapping[str, str]) -> None:
        """Write what makes a bag of it (2.1.1, 2.2), last the list of what is not in data/."""
        sizes = [size for _sha256, size in self.payload.values()]
        more = {"Payload-Oxum": f"{sum(sizes)}.{len(sizes)}", "Bag-Software-Agent": f"vanthu {__version__}"}
        self.put("bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
        self.put(_INFO, "".join(f"{name}: {plain(value)}\n" for name, value in {**info, **more}.items()).encode())
        tags = {name: entry for name, entry in self.entries.items() if not name.startswith("data/")}
        self.put(_TAGS, self._sums(tags))

    @staticmethod
    def _sums(entries: Mapping[str, Entry], folder: str = "") -> bytes:
        return "".join(f"{sha256}  {folder}{name}\n" for name, (sha256, _size) in sorted(entries.items())).encode()


@contextlib.contextmanager
def _opened(package: Path | BinaryIO) -> Iterator[tuple[Callable[[], set[str]], Callable[[str], Any]]]:
    """Give what lists the files of a package, and what opens one of them."""
    if isinstance(package, Path) and package.is_dir():
        yield (
            lambda: {each.relative_to(package).as_posix() for each in package.rglob("*") if each.is_file()},
            lambda name: (package / name).open("rb"),
        )
        return
    with zipfile.ZipFile(package) as archive:
        folder = archive.namelist()[0].partition("/")[0] + "/"
        yield (
            lambda: {each.removeprefix(folder) for each in archive.namelist()},
            lambda name: archive.open(folder + name),
        )


def fault(package: Path | BinaryIO) -> str:
    """Return the first file of a package that is missing, altered or not listed ("?": it is none); nothing if it is whole."""
    name: str
    name, listed = "", {_TAGS, _INFO}
    try:
        with _opened(package) as (names, read):
            for sums_file in (_TAGS, _MANIFEST):
                name = sums_file
                with read(name) as file:
                    sums = [line.partition("  ")[::2] for line in file.read().decode().splitlines()]
                for sha256, member in sums:
                    name = member
                    listed.add(name)
                    with read(name) as file:
                        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                            return name
            return min(names() ^ listed, default="")
    except (OSError, KeyError, IndexError, ValueError, zipfile.BadZipFile, zlib.error):
        return name or "?"


def said(package: Path) -> tuple[dict[str, str], str]:
    """Return what a whole package says of itself, and the SHA-256 of its list."""
    with _opened(package) as (_names, read):
        with read(_INFO) as file:
            lines = file.read().decode("utf-8", "replace").splitlines()
        with read(_MANIFEST) as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return dict(line.partition(": ")[::2] for line in lines), sha256


def pack(root: Path, out: BinaryIO) -> None:
    """Put a package into a ZIP, one folder in it (4.2)."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for each in sorted(each for each in root.rglob("*") if each.is_file()):
            archive.write(each, f"{root.name}/{each.relative_to(root).as_posix()}")
    out.flush()
