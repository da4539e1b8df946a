"""Reading edXML packages: by local name in any letter case and order, from any namespace, alone or wrapped in SOAP (domain.md 5.3).

In one pass of expat over the bytes, which keeps short values and hands the files inside on as they are decoded: the size of a
package costs no memory. A document type declaration ends the reading, so no entity is ever expanded and nothing is fetched.
Never raises for what a package is: its faults are told. What it says is a stranger's word until a page or a signature agrees.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from vanthu_cli.channels.edxml import KINDS, MAX_VALUE, PRIORITIES, Header, Package, Party
from vanthu_cli.channels.streams import Base64, Sink
from vanthu_cli.document.text import shown

_SLICE = 1 << 20
_MAX_DEPTH = 100
_MAX_ELEMENTS = 200_000
_MAX_FILES = 1000
_CONTENTS = {"contenttransferencoded", "contenttransferencoding"}
"""What holds a file: the SDK's name, and the one that others have given it."""
_ENCODINGS = {"base64", "binary", "7bit", "8bit", "quoted-printable", ""}
_LONGEST_WORD = 100
_ONCE = {
    "messageheader",
    "edxmlheader",
    "edxmlbody",
    "edxmlmanifest",
    "bussiness",
    "business",
    "code",
    "subject",
    "from",
}
"""What a package has once: of two, one reader believes the first and another the last."""
_REPEATED_IN = {"responsefor", "replacementinfo"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside a package, as the package names it."""

    content_id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A package and its files in their order; what is wrong with it: `package` None if it is none.

    "not-xml", "dtd", "too-large", "ambiguous", "attachment-missing" (listed, but not inside), "attachment-unlisted",
    "attachment-twice", "attachment-broken" (no base64).
    """

    package: Package | None
    attachments: tuple[Attachment, ...] = ()
    faults: tuple[str, ...] = ()


class _BrokenError(Exception):
    """What ends the reading, as a fault."""


def read_package(data: bytes) -> Package | None:
    """Read what a package says; None if it is none: XML with just any StatusCode must say what it answers (ResponseFor)."""
    opened = open_package(BytesIO(data), lambda _position: _Nowhere())
    return replace(opened.package, sha256=hashlib.sha256(data).hexdigest()) if opened.package else None


def open_package(stream: BinaryIO, sink: Callable[[int], Sink]) -> Opened:
    """Read a package; the files inside are written to the sinks that `sink` gives for their positions, from 0."""
    reading = _Reading(sink)
    faults = list[str]()
    try:
        reading.read(stream)
    except _BrokenError as broken:
        faults.append(str(broken))
    except (expat.ExpatError, LookupError, ValueError):
        faults.append("not-xml")
    package = reading.package()
    return Opened(package, tuple(reading.attachments), tuple(dict.fromkeys([*faults, *reading.faults(package)])))


class _Nowhere:
    def write(self, data: bytes, /) -> object:
        del data
        return None


@dataclass(slots=True, eq=False, repr=False)
class _Reading:
    """One pass: where we are, what short texts said, and the file that is being decoded."""

    sink: Callable[[int], Sink]
    attachments: list[Attachment] = field(default_factory=list)
    _values: dict[str, str] = field(default_factory=dict)
    _counted: Counter[str] = field(default_factory=Counter)
    _to: list[Party] = field(default_factory=list)
    _listed: list[tuple[str, str]] = field(default_factory=list)
    _wrong: list[str] = field(default_factory=list)
    _path: list[str] = field(default_factory=list)
    _texts: list[list[str]] = field(default_factory=list)
    _said: list[dict[str, str]] = field(default_factory=list)
    _elements: int = 0
    _content: "_Content | None" = None
    _letter_id: str = ""

    def read(self, stream: BinaryIO) -> None:
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.buffer_size = _SLICE
        parser.StartDoctypeDeclHandler = _refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        while data := stream.read(_SLICE):
            parser.Parse(data, False)
        parser.Parse(b"", True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition("}")[2].lower()
        parent = self._path[-1] if self._path else ""
        self._elements += 1
        if len(self._path) >= _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            raise _BrokenError("too-large")
        self._counted[local if local not in {"code", "subject", "from"} else f"{parent}/{local}"] += 1
        self._path.append(local)
        self._texts.append([])
        self._said.append({})
        if local == "traceheaderlist":
            self._letter_id = self._letter_id or shown(attributes.get("id", ""))[:200]
        elif local == "reference":
            linked = next((value for key, value in attributes.items() if key.lower().endswith("href")), "")
            self._said[-1] |= {"contentid": linked[:MAX_VALUE]} if linked else {}
        elif local in _CONTENTS and "attachment" in self._path:
            self._content = _Content(self.sink, len(self.attachments))

    def _text(self, text: str) -> None:
        if self._content is not None:
            self._content.write(text)
        elif self._texts and sum(map(len, self._texts[-1])) < MAX_VALUE:
            self._texts[-1].append(text)

    def _end(self, _name: str) -> None:
        local, said = self._path.pop(), self._said.pop()
        text = shown(" ".join("".join(self._texts.pop()).split()))[:MAX_VALUE]
        parent = self._path[-1] if self._path else ""
        if local in _CONTENTS and self._content is not None:
            fault, found = self._content.close()
            self._content = None
            if self._said and found:
                self._said[-1]["content"] = "broken" if fault else "whole"
            return
        if text:
            self._values.setdefault(local, text)
            self._values.setdefault(f"{parent}/{local}", text)
            if self._said:
                self._said[-1].setdefault(local, text)
        if local == "to" and (said.get("organid") or said.get("organname")):
            self._to.append(Party(said.get("organid", ""), said.get("organname", ""), said.get("email", "")))
        elif local == "reference" and "signedinfo" not in self._path and len(self._listed) < _MAX_FILES:
            self._listed.append((_bare(said.get("contentid", "")), said.get("attachmentname", "")))
        elif local == "attachment":
            self._attached(said)

    def _attached(self, said: dict[str, str]) -> None:
        if len(self.attachments) >= _MAX_FILES:
            raise _BrokenError("too-large")
        if said.get("content") != "whole":
            self._wrong.append("attachment-broken")
        self.attachments.append(
            Attachment(
                _bare(said.get("contentid", "")),
                said.get("attachmentname", ""),
                said.get("contenttype", said.get("mimetype", "")),
            )
        )

    def package(self) -> Package | None:
        """Return what it all says, as far as it was read."""
        values = self._values
        sender = Party(values.get("from/organid", ""), values.get("from/organname", ""), values.get("from/email", ""))
        if "statuscode" in values and self._counted["responsefor"]:
            return Package(
                "status",
                sender,
                to=tuple(self._to),
                status=values["statuscode"][:2].zfill(2),
                answers=values.get("responsefor/code", "")[:100],
                about=values.get("responsefor/documentid", ""),
                description=values.get("description", ""),
                moment=values.get("timestamp", ""),
                signed=bool(self._counted["signedinfo"]),
            )
        kind = KINDS.get((values.get("bussinessdoctype") or values.get("businessdoctype") or "0").lstrip("0") or "0")
        if kind is None or "code/codenumber" not in values or "from/organid" not in values:
            return None
        return Package(
            kind,
            sender,
            _header(values, self._listed),
            to=tuple(self._to),
            answers=values.get("responsefor/code", "")[:100],
            about=values.get("replacementinfo/documentid")
            or values.get("bussiness/documentid", values.get("business/documentid", "")),
            description=values.get("bussinessdocreason", values.get("businessdocreason", "")),
            letter_id=self._letter_id,
            signed=bool(self._counted["signedinfo"]),
            carries=bool(self.attachments),
        )

    def faults(self, package: Package | None) -> Iterator[str]:
        """Yield what is wrong within: of a package and its files."""
        yield from self._wrong
        names = (
            *_ONCE - {"code", "subject", "from"},
            *(f"messageheader/{each}" for each in ("code", "subject", "from")),
        )
        if any(self._counted[name] > 1 for name in names):
            yield "ambiguous"
        if package is None or not (self.attachments or self._listed):
            return
        yield from _unmatched(self._listed, self.attachments, listing=bool(self._counted["edxmlmanifest"]))


def _unmatched(listed: Sequence[tuple[str, str]], attachments: Sequence[Attachment], *, listing: bool) -> Iterator[str]:
    """Compare what the manifest lists with what is inside: by ContentId, where both have one, else by name.

    A package that holds no file at all is one whose files travel beside it, as parts of a letter.
    """
    ids = [each.content_id for each in attachments if each.content_id]
    if len(set(ids)) < len(ids):
        yield "attachment-twice"
    if not attachments:
        return
    here = {*ids, *(each.name for each in attachments)} - {""}
    if any(not {content_id, name} & here for content_id, name in listed):
        yield "attachment-missing"
    there = {part for each in listed for part in each} - {""}
    if listing and any(not {each.content_id, each.name} & there for each in attachments):
        yield "attachment-unlisted"


def _header(values: dict[str, str], listed: Sequence[tuple[str, str]]) -> Header:
    return Header(
        number=values["code/codenumber"],
        symbol=values.get("code/codenotation", ""),
        day=_iso(values.get("promulgationinfo/promulgationdate", "")),
        place=values.get("promulgationinfo/place", ""),
        doc_type=values.get("documenttype/typename", ""),
        subject=values.get("messageheader/subject", values.get("subject", "")),
        authority=values.get("signerinfo/competence", ""),
        signer_title=values.get("signerinfo/position", ""),
        signer_name=values.get("signerinfo/fullname", ""),
        urgency={code: word for word, code in PRIORITIES.items()}.get(values.get("priority", ""), ""),
        files=tuple(listed),
        document_id=values.get("messageheader/documentid", ""),
        due=_iso(values.get("duedate", "")),
    )


class _Content:
    """The file of one attachment, decoded as it comes; a short word there is the name of an encoding, not a file."""

    def __init__(self, sink: Callable[[int], Sink], position: int) -> None:
        self._open, self._position = sink, position
        self._decoder: Base64 | None = None
        self._begun = b""
        self._broken = False

    def write(self, text: str) -> None:
        try:
            self._begun += text.encode("ascii")
            if len(self._begun) > _LONGEST_WORD:
                self._decode()
        except ValueError:  # UnicodeEncodeError and binascii.Error are such
            self._broken = True

    def close(self) -> tuple[bool, bool]:
        """Return whether it is broken, and whether there was a file at all."""
        if self._decoder is None and not self._broken and self._begun.decode().strip().lower() in _ENCODINGS:
            return False, False
        try:
            self._decode().close()
        except ValueError:
            self._broken = True
        return self._broken, True

    def _decode(self) -> Base64:
        if self._decoder is None:
            self._decoder = Base64(self._open(self._position))
        if not self._broken:
            self._decoder.write(self._begun)
        self._begun = b""
        return self._decoder


def _refuse(*_declaration: object) -> None:
    raise _BrokenError("dtd")


def _bare(content_id: str) -> str:
    return content_id.removeprefix("cid:").strip("<>")


def _iso(day: str) -> str:
    """Return an ISO day of yyyy/MM/dd, or of dd/MM/yyyy as other builders write; empty if it is none."""
    found = re.fullmatch(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?:[ T].*)?", day)
    turned = re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:[ T].*)?", day)
    parts = found.groups() if found else turned.groups()[::-1] if turned else ()
    try:
        return date(*map(int, parts)).isoformat() if parts else ""
    except ValueError:
        return ""


def open_file(place: Path, sink: Callable[[int], Sink]) -> tuple[Opened, str]:
    """Read the package in a file; return it with the SHA-256 (hex) of its bytes."""
    with place.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        opened = open_package(file, sink)
    return (replace(opened, package=replace(opened.package, sha256=digest)) if opened.package else opened), digest
