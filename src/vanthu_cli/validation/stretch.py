"""Part of a file, read only where somebody looks: a dispatch of 120 MB is judged without being held in memory."""

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

_SLICE = 1 << 16
_SMALL = 1 << 20
"""Bytes up to which a file is better read at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """The bytes from `start` to `stop` of an open file, or of a `BytesIO`; a slice is a stretch, `bytes()` reads it."""

    file: BinaryIO
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, part: slice) -> "Stretch":
        start, stop, _step = part.indices(len(self))
        return Stretch(self.file, self.start + start, self.start + max(start, stop))

    def __bytes__(self) -> bytes:
        self.file.seek(self.start)
        return self.file.read(len(self))

    def __eq__(self, other: object) -> bool:
        """Compare the bytes, slice by slice, with those of another stretch or with bytes."""
        if not isinstance(other, Stretch | bytes):
            return NotImplemented
        if isinstance(other, Stretch) and (self.file, self.start, self.stop) == (other.file, other.start, other.stop):
            return True
        return len(self) == len(other) and all(
            bytes(self[start : start + _SLICE]) == bytes(other[start : start + _SLICE])
            for start in range(0, len(self), _SLICE)
        )

    __hash__ = None  # type: ignore[assignment]  # equal to bytes whose hash would cost reading it all

    def rfind(self, what: bytes) -> int:
        """Return where `what` stands for the last time, -1 if nowhere; looks from the end."""
        for stop in range(len(self), 0, -_SLICE):
            start = max(stop - _SLICE, 0)
            found = bytes(self[start : stop + len(what) - 1]).rfind(what)
            if found >= 0:
                return start + found
        return -1

    def holds(self, pattern: re.Pattern[bytes], longest: int) -> bool:
        """Tell whether the pattern, whose matches have at most `longest` bytes, is found anywhere."""
        slices = (bytes(self[start : start + _SLICE + longest]) for start in range(0, len(self), _SLICE))
        return any(map(pattern.search, slices))

    def stream(self) -> "BinaryIO | SparingStream":
        """Return the stretch as a file of its own, with its own position."""
        return io.BytesIO(bytes(self)) if len(self) <= _SMALL else SparingStream(self)


class _Window(io.RawIOBase):
    """A stretch as a raw file."""

    def __init__(self, stretch: Stretch) -> None:
        self._stretch = stretch
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: len(self._stretch)}[whence]
        if place < 0:
            raise ValueError("before the beginning")
        self._place = place
        return place

    def readinto(self, buffer: Any) -> int:
        found = bytes(self._stretch[self._place : self._place + len(buffer)])
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)


_PAYLOAD = re.compile(rb">>\s*stream[ \t]*[\r\n]+\Z")
_LOOK_BACK = 32


class SparingStream(io.BufferedReader):
    """A stretch as a file that, once told to spare, leaves the bytes of large PDF streams unread.

    What is read in one go behind the keyword `stream` comes as a stretch then; anything else, as ever, as bytes.
    """

    def __init__(self, stretch: Stretch) -> None:
        super().__init__(_Window(stretch), _SLICE)
        self._stretch = stretch
        self._many = len(stretch) + 1  # a /Length beyond the end of the file is cut short, not allocated

    def spare(self, many: int) -> None:
        """Leave unread from now on PDF streams of `many` bytes or more."""
        self._many = many

    def read(self, size: int | None = -1, /) -> Any:
        if size is not None and 0 <= size < self._many:
            return super().read(size)
        place = self.tell()
        part = self._stretch[place:] if size is None or size < 0 else self._stretch[place : place + size]
        self.seek(place + len(part))
        before = bytes(self._stretch[max(place - _LOOK_BACK, 0) : place])
        return part if len(part) >= self._many and _PAYLOAD.search(before) else bytes(part)


@contextmanager
def open_stretch(data: bytes | Path) -> Iterator[Stretch]:
    """Open a file, or bytes as if they were one, as a whole stretch; OSError if it cannot be opened."""
    with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as file:
        yield Stretch(file, 0, file.seek(0, os.SEEK_END))
