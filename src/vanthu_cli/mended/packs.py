"""pyHanko 0.38 reads the header of an object stream anew for each object in it: the square of their number.

A `Pack` is an object stream whose header was read once.
"""

import re
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose

from vanthu_cli.mended.objects import read_object

_HEADER = re.compile(rb"[ \n\r\t\f]*(?:\d{1,9}[ \n\r\t\f]+)*")
_NEXT = re.compile(rb"[ \n\r\t\f\0]*([^ \n\r\t\f\0])")


@dataclass(frozen=True, slots=True)
class Pack:
    """Decoded bytes, and number and offset of each object."""

    data: bytes
    places: tuple[tuple[int, int], ...]
    seen_first: dict[int, int]
    """At which index a number stands for the first time: the original looks no further."""

    def read(self, index: int, owner: Any) -> Any:
        """Return the object at `index`, which must be that of `owner`; None if the original has to read it."""
        number = owner.idnum
        if not 0 <= index < len(self.places) or self.seen_first.get(number) != index:
            return None
        found = read_object(self.data, self.places[index][1], owner)
        if found is None or isinstance(found[0], generic.IndirectObject):
            return None
        behind = _NEXT.match(self.data, found[1])
        return None if behind and behind[1] in b"s%" else found[0]  # `stream`, or a comment


def pack_of(stream: Any) -> Pack | None:
    """Read the header of an object stream; None if it is out of the ordinary. Raises what decoding raises."""
    if not isinstance(stream, generic.StreamObject) or stream.get("/Type") != "/ObjStm":
        return None
    count, first = (stream.raw_get(key) if key in stream else None for key in ("/N", "/First"))
    if not isinstance(count, generic.NumberObject) or not isinstance(first, generic.NumberObject) or first <= 0:
        return None
    data = stream.read_data(DecodePurpose.OBJECT_STREAM)
    if data[first : first + 1] in b" \n\r\t\f\0%" or not _HEADER.fullmatch(data, 0, first):
        return None
    numbers = [int(number) for number in data[:first].split()]
    if len(numbers) != 2 * count:
        return None
    places = tuple((number, first + offset) for number, offset in zip(numbers[::2], numbers[1::2], strict=True))
    seen_first: dict[int, int] = {}
    for index, (number, _offset) in enumerate(places):
        seen_first.setdefault(number, index)
    return Pack(data, places, seen_first)
