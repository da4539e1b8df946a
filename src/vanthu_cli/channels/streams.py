"""Bytes that come in pieces and are never wanted as a whole: base64, and one long string within a JSON answer."""

import binascii
import json
import re
from collections.abc import Iterable
from typing import Any, Protocol

_SPACE = b" \t\r\n"
_MAX_BESIDE = 64 << 10
"""Bytes of a JSON answer beside its long string."""
_DATA = re.compile(rb'"data"\s*:\s*"')
_ESCAPES = re.compile(rb"\\(?:u00([0-9A-Fa-f]{2})|([/nrt]))")
_LONGEST_ESCAPE = len(r"\u003d")


class Sink(Protocol):
    """What takes bytes: a file, a digest."""

    def write(self, data: bytes, /) -> object: ...


class Base64:
    """Decodes base64 (RFC 4648 4) as it comes, strictly: what is none, or goes on after its padding, is a ValueError."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._rest = b""

    def write(self, text: bytes) -> None:
        plain = text.translate(None, _SPACE)
        whole = self._rest + plain if self._rest else plain
        ready = max(len(whole) - 4, 0) // 4 * 4
        self._rest = whole[ready:]
        if ready:
            if whole.find(b"=", 0, ready) >= 0:
                raise ValueError("padding before the end: readers would stop there")
            self._sink.write(binascii.a2b_base64(memoryview(whole)[:ready], strict_mode=True))

    def close(self) -> None:
        if self._rest:
            self._sink.write(binascii.a2b_base64(self._rest, strict_mode=True))


def take_data(pieces: Iterable[bytes], sink: Sink) -> dict[str, Any]:
    """Write to `sink` what the string "data" of a JSON object holds in base64; return the object without it.

    ValueError if the answer is no such thing.
    """
    decoder, before, after = Base64(sink), b"", b""
    coming, held, inside, done = iter(pieces), b"", False, False
    for piece in coming:
        if done:
            after += piece
        elif inside:
            held, after, done = _string(decoder, held + piece)
        else:
            before += piece
            found = _DATA.search(before)
            if found:
                inside = True
                held, after, done = _string(decoder, before[found.end() :])
                before = before[: found.end()]
        if len(before) + len(after) > _MAX_BESIDE:
            raise ValueError("an answer that is too long")
    if inside and not done:
        raise ValueError("an answer that is cut off")
    decoder.close()
    match json.loads(before + b'"' + after if inside else before):
        case dict() as answer:
            return answer
        case _other:
            raise ValueError("an answer that is no object")


def _string(decoder: Base64, text: bytes) -> tuple[bytes, bytes, bool]:
    """Decode a part of a JSON string; return what cannot be decided yet, what follows the string, and whether it ended."""
    end = text.find(b'"')
    body = text if end < 0 else text[:end]
    cut = body.rfind(b"\\", -_LONGEST_ESCAPE) if end < 0 else -1
    held = body[cut:] if cut >= 0 else b""
    decoder.write(_ESCAPES.sub(_unescaped, body[: len(body) - len(held)]))
    return held, text[end + 1 :] if end >= 0 else b"", end >= 0


def _unescaped(found: re.Match[bytes]) -> bytes:
    code, letter = found.groups()
    if code:
        return bytes([int(code, 16)])
    return b"/" if letter == b"/" else b"\n"
