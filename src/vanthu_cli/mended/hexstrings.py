"""pyHanko 0.38 reads a hexadecimal string byte by byte: 20 to 45 ms for the /Contents of each signature, each time.

Importing this module replaces `pyhanko.pdf_utils.generic.read_hex_string_from_stream` by one that reads in blocks and leaves
everything out of the ordinary (comments, strange bytes, a string without end) to the original.
"""

import binascii
from typing import Any, BinaryIO

from pyhanko.pdf_utils import generic

_original = generic.read_hex_string_from_stream
_BLOCK = 8192
_WHITESPACE = b"\0\t\n\f\r "


def read_hex_string(stream: BinaryIO) -> Any:
    """Read `<…>` at the stream's position, as the original does."""
    start = stream.tell()
    blocks = [stream.read(_BLOCK)]
    while blocks[-1] and b">" not in blocks[-1]:
        blocks.append(stream.read(_BLOCK))
    digits, end, _rest = b"".join(blocks)[1:].partition(b">")
    plain = digits.translate(None, _WHITESPACE)
    try:
        value = binascii.unhexlify(plain + b"0" * (len(plain) % 2)) if end else None
    except binascii.Error:
        value = None
    if value is None:
        stream.seek(start)
        return _original(stream)
    stream.seek(start + len(digits) + 2)
    return generic.pdf_string(value)


generic.read_hex_string_from_stream = read_hex_string
