"""What lies inside a file that holds others: `opened(name, data)` for ZIP, TNEF (winmail.dat) and opaque CMS (p7m).

Everything is counted while it is unpacked; what a header says of sizes is not believed. Office files are not opened.
"""

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from asn1crypto import cms
from tnefparse import TNEF, TNEFObject
from tnefparse import properties as mapi
from tnefparse.mapi import SZMAPI_STRING, SZMAPI_UNICODE_STRING, TNEFMAPI_Attribute, decode_mapi

from vanthu_cli.reading.kinds import der_of, kind_of, may_be_listed
from vanthu_cli.reading.marks import MAX_DEPTH, MAX_MEMBERS, MAX_UNPACKED, open_zip, plain_text

MAX_NAME = 1000
"""Characters of one member's name."""
MAX_RATIO = 100
"""Times that a file may grow, all that comes out of it together, once `FREE` bytes came out."""
FREE = 1_000_000
FAULTS = ("too-large", "too-many", "too-deep", "encrypted", "locked", "broken")
"""Of several the first is told. too-*: a limit; encrypted: CMS for somebody's key; locked: a member with a password."""

# zipfile unpacks LZMA a piece of packed bytes at a time, however large it becomes: 4 KB become 30 MB at most. Of bzip2
# 4 KB become gigabytes, so that is left packed, as what the library does not know.
_PIECE = 4096
_PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA}
_LOCKED = 0x2041
"""Flags: encrypted, strongly encrypted, names masked (APPNOTE 4.4.4)."""
_UTF8 = 0x800
_UNICODE_PATH = 0x7075
_ENCRYPTED = {"enveloped_data", "signed_and_enveloped_data", "encrypted_data", "authenticated_enveloped_data"}
_OCTETS = 4
_LONG_FORM = 0x80
_TNEF_START = 6
"""Bytes of signature and key before the first object."""
_TNEF_HEAD = 9
_TNEF_TAIL = 2
_MOST_OBJECTS = 10 * MAX_MEMBERS
_COUNT = 4
_MOST_PROPERTIES = 10_000
_MOST_CUTS = 200_000
"""Values cut out of all lists of properties together."""
_EMBEDDED = bytes.fromhex("0703020000000000c000000000000046")
"""IID_IMessage: a message attached to a message, again TNEF (MS-OXTNEF 2.1.3.4.3)."""
_RTF_PACKED = 0x75465A4C
_RTF_PLAIN = 0x414C454D
_RTF_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_RING = 4096
_MOST_RTF = 1 << 20
_BODIES = (mapi.MAPI_BODY, mapi.MAPI_BODY_HTML, mapi.MAPI_RTF_COMPRESSED)
_ATTACHMENT_NAMES = (
    *(mapi.MAPI_ATTACH_LONG_FILENAME, TNEF.ATTATTACHTITLE),
    *(mapi.MAPI_ATTACH_FILENAME, mapi.MAPI_DISPLAY_NAME),
)
_WANTED = {*_BODIES, *_ATTACHMENT_NAMES, mapi.MAPI_ATTACH_DATA_OBJ} - {TNEF.ATTATTACHTITLE}


@dataclass(frozen=True, slots=True)
class Member:
    """A file from inside. The name is the sender's, verbatim (absolute or with ".." as may be) but NFC.

    What was inside a container inside has its path: "trong.zip/145.pdf".
    """

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """What could be read, and one of `FAULTS` if that isn't all. A file that is no container: nothing and None."""

    members: tuple[Member, ...]
    fault: str | None


def opened(name: str, data: bytes) -> Opened:
    """Return all files inside, those in inner containers (`MAX_DEPTH` of them, one in the other) too; never raises.

    An inner container that was opened wholly gives way to its members; one with a fault, or a signed one, whose signature
    somebody may want to judge, stays before them. A member that is damaged or over a limit is left out; a limit of bytes
    or members ends the reading. CMS gives one member "smime.eml"; TNEF the message's text as "body.txt", ".html", ".rtf".
    """
    unpacking = _Unpacking(len(data))
    try:
        _unpack(kind_of(name, data), data, "", unpacking)
    except _OverLimitError as over:
        unpacking.faults.add(over.args[0])
    return Opened(tuple(unpacking.members), min(unpacking.faults, key=FAULTS.index, default=None))


class _OverLimitError(Exception):
    """A limit of the whole reading; the argument is the fault."""


@dataclass(slots=True)
class _Unpacking:
    """The counters of one reading: `packed` bytes came in, `out` came out so far, from inner containers too."""

    packed: int
    out: int = 0
    seen: int = 0
    cuts: int = 0
    members: list[Member] = field(default_factory=list)
    faults: set[str] = field(default_factory=set)

    def count(self, size: int) -> None:
        self.out += size
        if self.out > MAX_UNPACKED or (self.out > FREE and self.out > MAX_RATIO * self.packed):
            raise _OverLimitError("too-large")

    def count_member(self) -> None:
        self.seen += 1
        if self.seen > MAX_MEMBERS:
            raise _OverLimitError("too-many")

    def poured(self, stream: IO[bytes]) -> bytes:
        whole = bytearray()
        while piece := stream.read(_PIECE):
            self.count(len(piece))
            whole += piece
        return bytes(whole)


_Reader = Callable[[bytes, _Unpacking], Iterator[Member]]


def _unpack(kind: str, data: bytes, path: str, unpacking: _Unpacking, depth: int = 0) -> None:
    """Add what is inside to the members. `path` is that of the container: "" for the outermost, else it ends with "/"."""
    if kind not in _READERS:
        return
    try:
        for member in _READERS[kind](data, unpacking):
            if depth > MAX_DEPTH:
                unpacking.faults.add("too-deep")
                return
            if len(member.name) > MAX_NAME:
                unpacking.faults.add("too-large")
                continue
            _keep(member, path, unpacking, depth)
    except _OverLimitError:
        raise
    except Exception:  # noqa: BLE001  hostile bytes find ever new ways to upset a parser
        unpacking.faults.add("broken")


def _keep(member: Member, path: str, unpacking: _Unpacking, depth: int) -> None:
    """Add a member or, if it is a container, what is inside."""
    name, kind = path + member.name, kind_of(member.name, member.data)
    before, faults = len(unpacking.members), unpacking.faults
    unpacking.members.append(Member(name, member.data))
    unpacking.faults = set()
    try:
        _unpack(kind, member.data, f"{name}/", unpacking, depth + 1)
        if kind != "signature" and not unpacking.faults and len(unpacking.members) > before + 1:
            del unpacking.members[before]
    finally:
        unpacking.faults |= faults


def _in_zip(data: bytes, unpacking: _Unpacking) -> Iterator[Member]:
    if not may_be_listed(data):
        raise _OverLimitError("too-many")
    with open_zip(data) as archive:
        for entry in archive.infolist():
            unpacking.count_member()
            if entry.flag_bits & _LOCKED:
                unpacking.faults.add("locked")
                continue
            if entry.compress_type not in _PACKED:
                unpacking.faults.add("broken")
                continue
            try:
                with archive.open(entry) as stream:
                    content = unpacking.poured(stream)
            except _OverLimitError:
                raise
            except Exception:  # noqa: BLE001  one broken member must not hide the next one
                unpacking.faults.add("broken")
                continue
            name = _zip_name(entry)
            if content or not name.endswith(("/", "\\")):  # else it is a folder
                yield Member(name, content)


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """Return a name as it was meant: the Unicode path (APPNOTE 4.6.9) if it belongs to this name, UTF-8, or a guess."""
    if entry.flag_bits & _UTF8:
        return _composed(entry.orig_filename)
    raw = entry.orig_filename.encode("cp437")
    extra, at = entry.extra, 0
    while at + 4 <= len(extra):
        tag, size = struct.unpack_from("<HH", extra, at)
        path = extra[at + 4 : at + 4 + size]
        if tag == _UNICODE_PATH and path[:5] == b"\1" + zlib.crc32(raw).to_bytes(4, "little"):
            return _guessed(path[5:])
        at += 4 + size
    return _guessed(raw)


def _guessed(raw: bytes) -> str:
    """Return a name that doesn't say what it is written in: UTF-8 or windows-1258 in Viet Nam, else cp437 as the book has it."""
    for charset in ("utf-8", "windows-1258"):
        try:
            return _composed(raw.decode(charset))
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437")


def _composed(name: str) -> str:
    """Return NFC; of names that are too long nothing: it takes quadratic time."""
    return unicodedata.normalize("NFC", name) if len(name) <= MAX_NAME else name


def _in_cms(data: bytes, unpacking: _Unpacking) -> Iterator[Member]:
    """Yield what was signed (RFC 5652 5.2), if it is in there and is data; compressed data (RFC 3274) unpacked."""
    info = cms.ContentInfo.load(der_of(data) or data)
    kind = info["content_type"].native
    if kind in _ENCRYPTED:
        unpacking.faults.add("encrypted")
    if kind not in {"signed_data", "compressed_data"}:
        return
    inner = info["content"]["encap_content_info"]
    if inner["content_type"].native != "data" or not inner["content"]:
        return
    unpacking.count_member()
    content = _joined(inner["content"])
    if kind == "compressed_data":
        content = _inflated(content)
    unpacking.count(len(content))
    yield Member("smime.eml", content)


def _joined(octets: Any) -> bytes:
    """Return an OCTET STRING, also one in pieces (BER, X.690 8.7.3), as programs write it that sign a stream.

    The library puts pieces together in quadratic time: 10 MB take 6 s. Pieces of pieces are ValueError.
    """
    whole: bytes = octets.contents
    if not octets.method:
        return whole
    pieces, at = list[bytes](), 0
    while at < len(whole):
        size, start = whole[at + 1], at + 2
        if size & _LONG_FORM:
            start += size - _LONG_FORM
            size = int.from_bytes(whole[at + 2 : start], "big")
        if whole[at] != _OCTETS or start + size > len(whole):
            raise ValueError("no pieces of octets")
        pieces.append(whole[start : start + size])
        at = start + size
    return b"".join(pieces)


def _inflated(packed: bytes) -> bytes:
    """Unpack as much as may come out of anything, and one byte more, so that the limit is seen. ValueError for a torso."""
    stream = zlib.decompressobj()
    content = stream.decompress(packed, MAX_UNPACKED + 1)
    if not stream.eof and len(content) <= MAX_UNPACKED:
        raise ValueError("compressed data without an end")
    return content


@dataclass(slots=True)
class _Attachment:
    """What the objects of one attachment said: names and contents by the property or object that bore them."""

    said: dict[int, bytes] = field(default_factory=dict)

    def member(self, number: int) -> Member:
        names = (_guessed(self.said[key].partition(b"\0")[0]) for key in _ATTACHMENT_NAMES if key in self.said)
        name = next(filter(None, names), f"attachment-{number}")
        inside = self.said.get(mapi.MAPI_ATTACH_DATA_OBJ, b"")
        return Member(name, self.said.get(TNEF.ATTATTACHDATA) or inside.removeprefix(_EMBEDDED))


def _in_tnef(data: bytes, unpacking: _Unpacking) -> Iterator[Member]:
    """Yield the attachments and the text of MS-OXTNEF. `TNEF` itself is not asked: 55 bytes keep it busy for ever."""
    bodies = dict[int, bytes]()
    attachments = list[_Attachment]()
    for one in _tnef_objects(data, unpacking):
        if one.level == TNEF.LVL_MESSAGE:
            if one.name == TNEF.ATTMAPIPROPS:
                bodies |= _properties(one.data, unpacking)
            elif one.name == TNEF.ATTBODY:
                bodies.setdefault(mapi.MAPI_BODY, one.data)
            continue
        if one.name == TNEF.ATTATTACHRENDDATA or not attachments:
            unpacking.count_member()
            attachments.append(_Attachment())
        said = attachments[-1].said
        said |= _properties(one.data, unpacking) if one.name == TNEF.ATTATTACHMENT else {one.name: one.data}
    if text := _body(bodies, unpacking):
        unpacking.count_member()
        unpacking.count(len(text))
        yield Member("body.txt", text)
    for number, attachment in enumerate(attachments, start=1):
        member = attachment.member(number)
        unpacking.count(len(member.data))
        yield member


def _tnef_objects(data: bytes, unpacking: _Unpacking) -> Iterator[TNEFObject]:
    """Yield the objects (MS-OXTNEF 2.1.3.1), each cut out first: the library copies all the rest for every one."""
    at = _TNEF_START
    for _ in range(_MOST_OBJECTS):
        if at >= len(data):
            return
        size = int.from_bytes(data[at + 5 : at + _TNEF_HEAD], "little")
        end = at + _TNEF_HEAD + size + _TNEF_TAIL
        if end > len(data) or data[at] not in {TNEF.LVL_MESSAGE, TNEF.LVL_ATTACHMENT}:
            unpacking.faults.add("broken")
            return
        yield TNEFObject(data[at:end])
        at = end
    unpacking.faults.add("too-many")


class _Frugal(bytes):
    """Bytes that may be cut only so often: `decode_mapi` believes every count that it reads, up to 4,294,967,295."""

    unpacking: _Unpacking

    def __getitem__(self, part: Any) -> Any:
        self.unpacking.cuts += 1
        if self.unpacking.cuts > _MOST_CUTS:
            raise ValueError("more values than anybody has")
        return super().__getitem__(part)


def _properties(data: bytes, unpacking: _Unpacking) -> dict[int, bytes]:
    """Return the wanted ones of a list of MAPI properties (MS-OXTNEF 2.1.3.4); text that was UTF-16 becomes UTF-8."""
    count = int.from_bytes(data[:4], "little")
    if len(data) < _COUNT or count > _MOST_PROPERTIES:
        unpacking.faults.add("broken")
        return {}
    # latin-1 takes every byte: the library gives up at the first that isn't in the declared code page
    frugal = _Frugal(data)
    frugal.unpacking = unpacking
    end, found = decode_mapi(frugal, "latin-1", 0)
    # It keeps its failures for itself; a list of which nothing was lost ends where its object does.
    if len(found) < count or abs(end - len(data)) >= _COUNT or unpacking.cuts > _MOST_CUTS:
        unpacking.faults.add("broken")
    return {one.name: _value(one) for one in found if one.name in _WANTED and isinstance(one.raw_data, list)}


def _value(found: TNEFMAPI_Attribute) -> bytes:
    """Return a value with the NULs that fill it up to four bytes: what `TNEFMAPI_Attribute.data` cuts may be content."""
    if found.attr_type == SZMAPI_UNICODE_STRING:
        return "".join(found.raw_data).rstrip("\0").encode("utf-8", "replace")
    if found.attr_type == SZMAPI_STRING:
        return "".join(found.raw_data).rstrip("\0").encode("latin-1")
    return b"".join(found.raw_data)


def _body(bodies: dict[int, bytes], unpacking: _Unpacking) -> bytes:
    """Return the text of the first body that has one, as UTF-8: plain, HTML, RTF (MS-OXRTFCP)."""
    for key in _BODIES:
        body = bodies.get(key, b"")
        try:
            text = plain_text(_rtf(body) if key == mapi.MAPI_RTF_COMPRESSED else body).strip("\0\r\n ")
        except (ValueError, IndexError):
            unpacking.faults.add("broken")
            continue
        if text:
            return text.encode("utf-8", "replace")
    return b""


def _rtf(packed: bytes) -> bytes:
    """Unpack RTF (MS-OXRTFCP 2.1.3, 2.2): a ring of 4 KB that begins with common words. ValueError, IndexError if broken."""
    if not packed:
        return b""
    content, sort = packed[16 : 4 + int.from_bytes(packed[:4], "little")], int.from_bytes(packed[8:12], "little")
    if sort == _RTF_PLAIN:
        return content
    if sort != _RTF_PACKED or len(content) > _MOST_RTF:
        raise ValueError("no compressed RTF")
    # The ring is a window on all that was written so far; a run may overlap its own end, as in any LZ77.
    whole, at = bytearray(_RTF_DICTIONARY), 0
    while True:
        control = content[at]
        at += 1
        for bit in range(8):
            if not control >> bit & 1:
                whole.append(content[at])
                at += 1
                continue
            offset, length = content[at] << 4 | content[at + 1] >> 4, (content[at + 1] & 15) + 2
            at += 2
            back = (len(whole) - offset) % _RING
            if back == 0:  # "the next position to write" is the end
                return bytes(whole[len(_RTF_DICTIONARY) :])
            if back > len(whole):
                raise ValueError("a run from before the beginning")
            for _ in range(length):
                whole.append(whole[-back])


_READERS: dict[str, _Reader] = {"zip": _in_zip, "tnef": _in_tnef, "signature": _in_cms}
