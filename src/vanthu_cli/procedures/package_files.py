"""Packages by hand, for offices that exchange them on a stick or as attachments: look into them, check them, make them."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vanthu_cli.channels.edxml import NAMESPACE, Package, Party
from vanthu_cli.channels.edxml_reading import Attachment, open_file
from vanthu_cli.document.text import safe_name
from vanthu_cli.errors import ForbiddenError, MisuseError, os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.inputs import refuse_secret
from vanthu_cli.procedures.make import appearing, exists
from vanthu_cli.procedures.packages import contents, key_name, own_party, signed_head
from vanthu_cli.procedures.routes import axis_channel
from vanthu_cli.reading.kinds import DANGEROUS, kind_of
from vanthu_cli.register import directory
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.secrecy import secret_mark

_BEGINNING = 64 << 10
_MOST_HELD = 16 << 20
"""Bytes of a file inside that are looked at for what it is."""
_ISSUED = frozenset({"sealed", "queued", "sent"})


@dataclass(frozen=True, slots=True)
class Inside:
    """A file inside a package: as it names it, its bytes and SHA-256 (hex), where it was written to, or of which kind it is that is not."""

    named: Attachment
    size: int
    sha256: str
    saved: Path | None = None
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is in a package file: None if it is none. `faults` keep others from taking it in, `notes` some of them."""

    file: Path
    package: Package | None
    inside: tuple[Inside, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


class _Weighed:
    """Counts what is written to it, and passes it on. Its beginning is held until `told` has said what it is."""

    def __init__(self, out: BinaryIO | None) -> None:
        self._out, self._digest, self.size = out, hashlib.sha256(), 0
        self._held, self._kind = bytearray(), ""

    def write(self, data: bytes, /) -> object:
        self.size += len(data)
        self._digest.update(data)
        self._held += data[: max(_MOST_HELD - len(self._held), 0)]
        return self._out.write(data) if self._out is not None else None

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def told(self) -> str:
        """Return what it is by its content (reading/kinds.py); nothing more is written then."""
        self._kind = self._kind or kind_of("", bytes(self._held))
        self._held.clear()
        return self._kind


def look(file: Path, out: Path | None = None) -> Seen:
    """Look into a package; `out`: a folder that its files are written to. `MisuseError` for a file that cannot be read.

    `ForbiddenError` "sign.secret" for one whose subject or files bear a secrecy mark: nothing of it is written.
    """
    seen = _look(file)
    if seen.package is not None:
        for text in (seen.package.header.subject, *(each.named.name for each in seen.inside)):
            refuse_secret(file.name, secret_mark(text))
    if out is None or not seen.inside:
        return seen
    names = _names(seen.inside)
    places = [None if each.withheld else out / name for each, name in zip(seen.inside, names, strict=True)]
    taken = next((place for place in places if place is not None and place.exists()), None)
    if taken is not None:
        raise exists(taken)
    out.mkdir(parents=True, exist_ok=True)
    return _look(file, places)


def _names(inside: Sequence[Inside]) -> list[str]:
    """Return names that are safe and differ, also where capitals don't count."""
    names, used = list[str](), set[str]()
    for number, each in enumerate(inside, 1):
        name = safe_name(each.named.name or f"part-{number}")
        while name.lower() in used:
            name = safe_name(f"{number}-{name}")
        used.add(name.lower())
        names.append(name)
    return names


def _withheld(name: str, content: _Weighed) -> str:
    """Return the kind of a file that is not written to where a clerk might open it; empty for all others."""
    return next((kind for kind in (content.told(), kind_of(name, b" ")) if kind in DANGEROUS), "")


def _look(file: Path, places: Sequence[Path | None] = ()) -> Seen:
    weighed = dict[int, _Weighed]()
    to = dict(enumerate(places))
    try:
        with ExitStack() as stack:

            def sink(position: int) -> _Weighed:
                for each in weighed.values():  # one is written after the other: its beginning is no longer needed
                    each.told()
                place = to.get(position)
                out = stack.enter_context(appearing(place)) if place is not None else None
                return weighed.setdefault(position, _Weighed(out))

            opened, _sha256 = open_file(file, sink)
        beginning = _beginning(file)
    except OSError as error:
        raise MisuseError(
            "edxml.unreadable", _("{path} cannot be read: {why}").format(path=file, why=os_words(error))
        ) from error
    nothing = _Weighed(None)
    inside = tuple(
        Inside(
            each,
            found.size,
            found.sha256,
            to.get(number) if number in weighed else None,
            _withheld(each.name, found),
        )
        for number, each in enumerate(opened.attachments)
        for found in (weighed.get(number, nothing),)
    )
    faults = opened.faults or (() if opened.package else ("not-edxml",))
    notes = tuple(_notes(opened.package, beginning)) if opened.package else ()
    return Seen(file, opened.package, inside, faults, notes)


def _beginning(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(_BEGINNING)


def _notes(package: Package, beginning: bytes) -> Iterator[str]:
    """Yield what readers in use would stumble over (domain.md 5.3), and what QCVN 102 asks for and is not said."""
    if package.kind != "status":
        header = package.header
        wanted = (
            ("no-receiver", bool(package.to)),
            ("no-date", bool(header.day)),
            ("no-subject", bool(header.subject)),
            ("no-symbol", bool(header.symbol)),
            ("no-document-id", bool(header.document_id)),
            ("no-type", bool(header.doc_type)),
            ("no-files", package.carries or package.kind == "recall"),
        )
        yield from (note for note, said in wanted if not said)
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        beginning = beginning.decode("utf-16", "replace").encode()
    if b"<edXML:edXMLEnvelope" not in beginning:
        yield "no-prefix"
    if NAMESPACE.encode() not in beginning:
        yield "other-namespace"
    if not package.signed:
        yield "not-signed"


def make(desk: Desk, document: Document, codes: Sequence[str], out: Path) -> Path:
    """Write the package of a document of ours, addressed to agencies by their codes, signed with the office's key."""
    check_makeable(document, out)
    to = [_party(desk, code) for code in codes]
    channel = axis_channel(desk) or ""
    inside = contents(desk, document)
    head = signed_head(desk, document, to, inside, office=own_party(desk, channel), key=key_name(desk, channel))
    with appearing(out) as paper:
        paper.write(head)
        for piece in inside.pieces():
            paper.write(piece)
    return out


def check_makeable(document: Document, out: Path) -> None:
    """Refuse what cannot be packed, before anything is asked for."""
    if document.direction != "out" or document.state not in _ISSUED:
        raise ForbiddenError(
            "edxml.not_issued",
            _("{name} cannot be packed: only what was issued here, and was not recalled, goes into a package.").format(
                name=document.name
            ),
        )
    if out.exists():
        raise exists(out)


def _party(desk: Desk, code: str) -> Party:
    agency = directory.agency(desk.book, code) or directory.agency(desk.book, code.upper())
    if agency is None:
        raise ForbiddenError(
            "route.unknown_agency",
            _("The directory knows no agency {code}.").format(code=code),
            _("Look it up with “vanthu directory list”, or add it with “vanthu directory add”."),
        )
    return Party(agency.axis or agency.identifier or agency.code, agency.name)
