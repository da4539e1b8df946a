"""pyHanko 0.38 reads a PDF object byte by byte: three quarters of the time of comparing two revisions.

`read_object` reads a strict subset of the syntax with one regular expression and makes exactly the objects that
`pyhanko.pdf_utils.generic.read_object` makes. Whatever is out of the ordinary (comments, escapes, #xx in names, odd numbers,
a key twice, an object without its end) it leaves to the original, from the first byte of the object on: it returns None.
"""

import binascii
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pyhanko.pdf_utils import generic

_BLANK = rb"[ \n\r\t\f\0]"
_AHEAD = rb"(?=[ \n\r\t\f\0()<>\[\]{}/%])"
_TOKEN = re.compile(
    _BLANK
    + rb"*(?:"
    + rb"/([!\"$&'*-.0-9:;=?@A-Z\\^_`a-z|~]*)"
    + _AHEAD
    + rb"|(\d{1,8})[ \r\n](\d{1,5})[ \r\n]R"
    + _AHEAD
    + rb"|([+-]?\d{1,15})"
    + _AHEAD
    + rb"|([+-]?(?:\d{1,15}\.\d{0,15}|\.\d{1,15}))"
    + _AHEAD
    + rb"|(<<)|(>>)|(\[)|(\])"
    + rb"|\(([^()\\]*)\)"
    + rb"|<([0-9A-Fa-f \n\r\t\f\0]*)>"
    + rb"|(true|false|null)"
    + _AHEAD
    + rb")"
)
_NAME, _REFERENCE, _INTEGER, _REAL, _MAP, _MAP_END, _LIST, _LIST_END, _TEXT, _HEX, _WORD = 1, *range(3, 13)
_DIGIT = re.compile(rb"[\s\0]*\d")
"""What makes a number, where it is no part of anything, perhaps the first of a reference."""
_WHITE = b" \n\r\t\f\0"
_DEEPEST = 64
"""Levels of nesting up to which the original surely has the room to recurse."""
_HEADER = re.compile(rb"(\d{1,8})" + _BLANK + rb"(\d{1,5})" + _BLANK + rb"obj" + _BLANK + rb"*")
_END = re.compile(_BLANK + rb"*endobj" + _BLANK + rb"*[^ \n\r\t\f\0%]")
_PAYLOAD = re.compile(_BLANK + rb"*stream\r?\n")
PAYLOAD_END = re.compile(_BLANK + rb"*endstream" + _END.pattern)
"""What stands behind the bytes of a stream."""


@lru_cache(maxsize=4096)
def _key(text: bytes) -> generic.NameObject:
    return generic.NameObject("/" + text.decode("ascii"))


def _hex_string(digits: bytes) -> Any:
    plain = digits.translate(None, _WHITE)
    return generic.pdf_string(binascii.unhexlify(plain + b"0" * (len(plain) % 2)))


def _word(text: bytes) -> Any:
    return generic.NullObject() if text == b"null" else generic.BooleanObject(text == b"true")


_MAKE: dict[int, Any] = {
    _NAME: lambda text: generic.NameObject("/" + text.decode("ascii")),
    _INTEGER: lambda text: int.__new__(generic.NumberObject, text),
    _REAL: lambda text: Decimal.__new__(generic.FloatObject, text.decode("ascii")),
    _TEXT: generic.pdf_string,
    _HEX: _hex_string,
    _WORD: _word,
}


def read_object(data: bytes, at: int, owner: Any) -> tuple[Any, int] | None:  # noqa: C901, PLR0911, PLR0912  one loop, one token a turn: a call for each would cost as much as the token
    """Read the object that begins at `at`; return it and where it ends, None if the original has to read it.

    `owner` becomes the `container_ref` of all that is made; references are resolved by its handler.
    """
    match, put, make = _TOKEN.match, dict.__setitem__, _MAKE
    handler = owner.get_pdf_handler()
    outer: list[tuple[Any, Any]] = []
    holder: Any = None
    key: Any = None
    if data[at : at + 1] in _WHITE:
        return None
    while found := match(data, at):
        at, kind = found.end(), found.lastindex
        in_map = type(holder) is generic.DictionaryObject
        if in_map and key is None and kind != _MAP_END:
            if kind != _NAME or (key := _key(found[_NAME])) in holder:
                return None
            continue
        if kind in make:
            value = make[kind](found[kind])
        elif kind == _REFERENCE:
            number = int(found[_REFERENCE - 1])
            if not number:
                return None
            value = generic.IndirectObject(number, int(found[_REFERENCE]), handler)
        elif kind in (_MAP, _LIST):
            if len(outer) == _DEEPEST:
                return None
            outer.append((holder, key))
            holder, key = (generic.DictionaryObject() if kind == _MAP else generic.ArrayObject()), None
            continue
        else:
            if holder is None or in_map != (kind == _MAP_END) or key is not None:
                return None
            value = holder
            holder, key = outer.pop()
        value.container_ref = owner
        if holder is None:
            return None if kind == _INTEGER and _DIGIT.match(data, at) else (value, at)
        if key is None:
            holder.append(value)
        else:
            put(holder, key, value)
            key = None
    return None


def read_indirect(data: bytes, owner: Any) -> tuple[Any, int | None] | None:
    """Read `N G obj … endobj` at the beginning of `data`, a window of the file; None if the original has to.

    The second value is None for a whole object; for a stream it is where its bytes begin: the first is its dictionary then,
    and the caller has still to see `PAYLOAD_END` behind as many bytes as /Length says.
    """
    header = _HEADER.match(data)
    if header is None or (int(header[1]), int(header[2])) != (owner.idnum, owner.generation):
        return None
    found = read_object(data, header.end(), owner)
    if found is None:
        return None
    value, end = found
    if _END.match(data, end):
        return value, None
    if type(value) is generic.DictionaryObject and (payload := _PAYLOAD.match(data, end)):
        return value, payload.end()
    return None
