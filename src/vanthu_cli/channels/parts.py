"""The parts of a message (RFC 2045, 2046), however broken, in time that grows with its size and not faster.

The standard library's parser is recursive and compares each line with every boundary that is open: a hostile message
costs it minutes. Here the bytes are cut at the boundaries, level by level; the library reads only the headers.
"""

import re
from binascii import a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import Compat32
from itertools import islice

from vanthu_cli.channels.charsets import base64_bytes, decode, decode_words, without_tags

MAX_PARTS = 1100
"""A thousand attachments, and what goes with them."""
MAX_DEPTH = 20
_MAX_HEAD = 256 << 10
_MAX_VALUE = 8192
"""Characters of one header that are read: the library's parameter parser is quadratic."""
_HEAD = re.compile(rb"(?:(?:From |[!-9;-~]+:|[ \t])[^\n]*(?:\n|\Z))*+")
_BLANK = re.compile(rb"\r?\n")
_MESSAGES = {"message/rfc822", "message/global"}
_LF = 0x0A
_PLAIN = {"", "7bit", "8bit", "binary"}
_UNREADABLE = (ValueError, LookupError, AttributeError, TypeError)


class _AsIs(Compat32):
    """Header values as they came, 8-bit bytes as surrogates; Compat32 would make question marks of them."""

    def header_fetch_parse(self, _name: str, value: str) -> str:
        return value[:_MAX_VALUE]


_HEADERS = BytesHeaderParser(policy=_AsIs())


@dataclass(frozen=True, slots=True)
class Part:
    """A part with its headers and its body as it came. `inside` counts the attached messages it stands in."""

    head: Message
    body: bytes
    inside: int = 0

    @property
    def kind(self) -> str:
        """The declared type, in small letters."""
        try:
            return self.head.get_content_type()
        except _UNREADABLE:
            return "application/octet-stream"

    def header(self, name: str) -> str:
        """Return a header as text: RFC 2047 words, raw 8-bit, folded or not; empty if absent."""
        return decode_words(self.head.get(name) or "")

    def addresses(self, name: str) -> str:
        """Return a header before its encoded words are read: they may look like addresses (RFC 2047 6.2)."""
        return decode((self.head.get(name) or "").encode("utf-8", "surrogateescape"), "")

    def data(self, faults: list[str]) -> bytes:
        """Return the body with its transfer encoding undone."""
        encoding = self.header("Content-Transfer-Encoding").lower()
        if encoding == "base64":
            return base64_bytes(self.body)
        if encoding == "quoted-printable":
            return a2b_qp(self.body)
        if encoding not in _PLAIN:
            faults.append("unknown-encoding")
        return self.body

    def text(self, faults: list[str]) -> str:
        """Return a text part as text; of HTML what a reader sees."""
        text = decode(self.data(faults), self.parameter("charset", "content-type"))
        return without_tags(text) if self.kind == "text/html" else text

    def name(self) -> str:
        """Return the file name, decoded and not yet safe; empty if there is none."""
        return self.parameter("filename", "content-disposition") or self.parameter("name", "content-type")

    def parameter(self, name: str, header: str) -> str:
        """Return a parameter: RFC 2231, RFC 2047 words inside quotes (illegal and common), or raw bytes."""
        try:
            value = self.head.get_param(name, "", header)
            if isinstance(value, tuple):  # (charset, language, what the percent signs stood for as latin-1)
                charset, _language, text = value
                return " ".join(decode(text.encode("latin-1"), charset or "").split())
            return decode_words(str(value))
        except _UNREADABLE:
            return ""


@dataclass(frozen=True, slots=True)
class Parts:
    """A message, its leaf parts in order, and the messages attached to it, whose leaves are among them."""

    top: Part
    leaves: tuple[Part, ...]
    attached: tuple[Part, ...]


def cut(raw: bytes, faults: list[str]) -> Parts:
    """Cut a message into its parts; what is too deep or too many is left out and named in `faults`."""
    top = _part(raw, 0)
    if len(raw) - len(top.body) > _MAX_HEAD:
        faults.append("long-head")  # what kind of message it is may stand behind the part of the head that is read
    leaves, attached = list[Part](), list[Part]()
    waiting = [(top, 0)]
    budget = MAX_PARTS
    while waiting:
        part, level = waiting.pop()
        pieces = list(islice(_pieces(part, faults), budget + 1))
        if not pieces:
            leaves.append(part)
        elif level == MAX_DEPTH:
            faults.append("too-deep")
        else:
            within = part.kind in _MESSAGES
            children = [_part(piece, part.inside + within) for piece in pieces[:budget]]
            if len(pieces) > budget:
                faults.append("too-many-parts")
            budget -= len(children)
            attached += children if within else []
            waiting += [(child, level + 1) for child in reversed(children)]
    return Parts(top, tuple(leaves), tuple(attached))


def _part(raw: bytes, inside: int) -> Part:
    head = _HEAD.match(raw)
    end = head.end() if head else 0
    blank = _BLANK.match(raw, end)  # when it is missing, the body begins at the first line that is no header
    return Part(_HEADERS.parsebytes(raw[: min(end, _MAX_HEAD)]), raw[blank.end() if blank else end :], inside)


def _pieces(part: Part, faults: list[str]) -> Iterator[bytes]:
    """Yield what stands inside a part, headers and all; nothing if it is a leaf."""
    if part.kind in _MESSAGES:
        yield part.data(faults)
    elif part.kind.startswith("multipart/"):
        boundary = part.parameter("boundary", "content-type").encode()
        if boundary:
            yield from _between(part.body, boundary)
        else:
            faults.append("no-boundary")


def _between(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """Yield what stands between the delimiter lines (RFC 2046 5.1.1); the last one may be missing."""
    delimiter = re.compile(re.escape(b"--" + boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    start = None
    for line in delimiter.finditer(body):
        if line.start() and body[line.start() - 1] != _LF:
            continue
        if start is not None:  # the line end before a delimiter belongs to it
            yield body[start : line.start()].removesuffix(b"\n").removesuffix(b"\r")
        start = line.end()
        if line[1]:
            return
    if start is not None:
        yield body[start:]
