"""Long base64 within XML, left where it lies: a package of 200 MB is judged in the memory of its headers.

The tree is built of the document with a mark in the place of each long text; whoever digests the tree's canonical form digests the
text itself where the mark comes by. That is the very form: base64 has no letter that canonical XML writes otherwise, and line
ends are made one (XML 1.0, 2.11), as the parser would.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Protocol

LONG = 256 << 10
"""Bytes of an element's text from which on it may be left where it is."""
_SLICE = 1 << 20
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"
_MAX_TAG = 4096


class Sink(Protocol):
    """What takes canonical bytes: a buffer, or a digest that needs no buffer."""

    def write(self, data: bytes, /) -> Any: ...


@contextmanager
def opened(source: bytes | Path) -> Iterator[BinaryIO]:
    with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        yield stream


@dataclass(frozen=True, slots=True)
class Aside:
    """The texts left where they are (begin and end in `source`), by the marks that stand for them."""

    source: bytes | Path = b""
    texts: tuple[tuple[int, int], ...] = ()
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    def mark(self, number: int) -> bytes:
        return f"{self.token}{number:08d}".encode()

    def number(self, text: str) -> int | None:
        """Return which text a mark stands for; None if it is none."""
        return int(text[len(self.token) :]) if self.texts and text.startswith(self.token) else None

    def pieces(self, number: int) -> Iterator[bytes]:
        """Yield a text as the parser would give it, with line ends made one."""
        begin, end = self.texts[number]
        with opened(self.source) as stream:
            stream.seek(begin)
            left, carried = end - begin, b""
            while left:
                piece = stream.read(min(left, _SLICE))
                left -= len(piece)
                piece = carried + piece
                carried = b"\r" if piece.endswith(b"\r") and left else b""
                piece = piece[: len(piece) - len(carried)]
                yield piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in piece else piece

    def slim(self) -> bytes:
        """Return the document with the marks in the place of the texts."""
        parts, position = list[bytes](), 0
        with opened(self.source) as stream:
            for number, (begin, end) in enumerate(self.texts):
                stream.seek(position)
                parts += [stream.read(begin - position), self.mark(number)]
                position = end
            stream.seek(position)
            parts.append(stream.read())
        return b"".join(parts)

    @contextmanager
    def told(self, sink: Sink) -> Iterator[Sink]:
        """Yield a sink that puts the texts in the place of their marks."""
        if not self.texts:
            yield sink
            return
        teller = _Teller(self, sink)
        yield teller
        teller.close()


class _Teller:
    """Looks for marks in what is written, which may come in pieces that cut them."""

    def __init__(self, aside: Aside, sink: Sink) -> None:
        self._aside, self._sink = aside, sink
        self._marks = re.compile(re.escape(aside.token).encode() + rb"(\d{8})")
        self._held = b""
        self._longest = len(aside.mark(0))

    def write(self, data: bytes) -> None:
        whole = self._held + data
        position = 0
        for found in self._marks.finditer(whole):
            self._sink.write(whole[position : found.start()])
            for piece in self._aside.pieces(int(found[1])):
                self._sink.write(piece)
            position = found.end()
        rest = whole[position:]
        keep = min(self._longest - 1, len(rest))
        self._sink.write(rest[: len(rest) - keep])
        self._held = rest[len(rest) - keep :]

    def close(self) -> None:
        self._sink.write(self._held)
        self._held = b""


def leave(source: bytes | Path, leaves: Sequence[tuple[int, int]]) -> Aside:
    """Return which texts can be left where they are: those that are base64 and nothing else.

    `leaves`: elements that hold nothing but text, from the begin of the start-tag to the end of the text.
    """
    texts = list[tuple[int, int]]()
    with opened(source) as stream:
        for start, end in leaves:
            stream.seek(start)
            tag = stream.read(min(_MAX_TAG, end - start))
            close = tag.find(b">")
            if close >= 0 and not set(b"\"'&") & set(tag[:close]) and _plain(stream, start + close + 1, end):
                texts.append((start + close + 1, end))
    return Aside(source, tuple(texts))


def _plain(stream: BinaryIO, begin: int, end: int) -> bool:
    stream.seek(begin)
    left = end - begin
    while left:
        piece = stream.read(min(left, _SLICE))
        if not piece or piece.translate(None, _ALPHABET):
            return False
        left -= len(piece)
    return True
