"""edXML packages (QCVN 102:2016/BTTTT, amended 1:2022), written as the government's SDK writes them (domain.md 5).

Statuses, documents with or without their files, recalls, updates, replacements. What a package is made of is written in exclusive
canonical form (W3C, 2002) already: what is signed is what stands here. Empty values are left out, as there. Reading is edxml_reading.py.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

from vanthu_cli.document.text import shown
from vanthu_cli.rules.exchange import type_detail

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
Kind = Literal["status", "new", "recall", "update", "replacement"]
KINDS: Mapping[str, Kind] = {"0": "new", "1": "recall", "2": "update", "3": "replacement"}
PRIORITIES: Mapping[str, str] = {"KHẨN": "1", "THƯỢNG KHẨN": "2", "HỎA TỐC": "3"}
"""BussinessDocType and Priority (domain.md 5.4)."""
MAX_VALUE = 1000
_REASONS: Mapping[Kind, str] = {
    "new": "Văn bản mới",
    "recall": "Thu hồi",
    "update": "Cập nhật",
    "replacement": "Thay thế",
}
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_SLICE = 3 << 18
"""Bytes that become base64 without padding."""
_HEADER_END = b"</edXML:edXMLHeader>"
ALONE = b"</edXML>"
"""The end of a package that carries no files."""


@dataclass(frozen=True, slots=True)
class Party:
    """An agency as packages name it: identifier (or our code), name, address."""

    identifier: str
    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """What a package says of a document. `day` and `due` are ISO; `files` are (Content-ID, name) of what goes along; empty: not said.

    `document_id` is opaque: whoever issued the document has written it.
    """

    number: str = ""
    symbol: str = ""
    day: str = ""
    place: str = ""
    doc_type: str = ""
    subject: str = ""
    authority: str = ""
    signer_title: str = ""
    signer_name: str = ""
    urgency: str = ""
    recipients: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    document_id: str = ""
    pages: int = 0
    due: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A package that came. `answers` is the number that a status, or a document, answers, as it says it ("145/CV/TU").

    `about` is the DocumentId that a status answers, or that an update or replacement is about.
    """

    kind: Kind
    sender: Party
    header: Header = Header()
    to: tuple[Party, ...] = ()
    status: str = ""
    answers: str = ""
    about: str = ""
    description: str = ""
    """Of a status, its words; else why, of a recall."""
    moment: str = ""
    """When a status was given, as it says."""
    letter_id: str = ""
    """TraceHeaderList@id: by which a package of ours is known again."""
    signed: bool = False
    carries: bool = False
    """Whether the files themselves are inside, as on the national axis."""
    sha256: str = ""
    """Of the package's bytes."""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file that goes inside a package: where it lies, and how the package names it. `kind` is a MIME type."""

    name: str
    source: Path | bytes
    content_id: str
    kind: str = "application/pdf"
    description: str = ""


def document_id(identifier: str, header: Header) -> str:
    """Return the identity of a document of ours as the axis writes it: `{OrganId},{yyyy/MM/dd},{number}/{notation}`."""
    return f"{identifier},{header.day.replace('-', '/')},{header.number}/{header.symbol}"


def _element(name: str, *inner: str) -> str:
    """Return an element, or nothing when it would be empty, as the SDK does; text must be escaped already."""
    text = "".join(inner)
    return f"<edXML:{name}>{text}</edXML:{name}>" if text else ""


def _text(name: str, value: str, limit: int = 500) -> str:
    return _element(name, escape(shown(value)[:limit]))


def _party(name: str, party: Party) -> str:
    return _element(
        name,
        _text("OrganId", party.identifier, 35),
        _text("OrganName", party.name, 200),
        _text("Email", party.email, 100),
    )


def _head(*inner: str) -> bytes:
    """Write a package up to the end of its envelope. The prefix is declared where it is first used: the canonical form."""
    envelope = "".join(inner)
    return _DECLARATION + (
        f'<edXML xmlns="{NAMESPACE}"><edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}">{envelope}</edXML:edXMLEnvelope>'
    ).encode("utf-8", "replace")


def status_xml(
    *, code: str, description: str, answered: Header, office: Party, asked_by: str, moment: datetime, clerk: str = ""
) -> bytes:
    """Write a status package about `answered`, a document that `asked_by` (identifier) sent: 01 arrived, 02 refused …

    `moment` is local time, `clerk` who answers.
    """
    response = (
        _text("OrganId", asked_by, 35),
        _text("Code", _slashed(answered)),
        _text("DocumentId", answered.document_id or document_id(asked_by, answered)),
        _text("PromulgationDate", answered.day.replace("-", "/")),
    )
    header = _element(
        "MessageHeader",
        _party("From", office),
        _element("ResponseFor", *response),
        _element("StaffInfo", _text("Department", "Văn thư"), _text("Staff", clerk)) if clerk else "",
        _text("StatusCode", code),
        _text("Description", description, MAX_VALUE),
        _text("Timestamp", f"{moment:%Y/%m/%d %H:%M:%S}"),
    )
    return _head(_element("edXMLHeader", header)) + ALONE


def _slashed(header: Header) -> str:
    return f"{header.number}/{header.symbol}" if header.number else ""


def document_head(
    header: Header,
    *,
    kind: Kind,
    office: Party,
    to: Sequence[Party],
    moment: datetime,
    letter_id: str = "",
    paper: bool = False,
    reason: str = "",
    about: str = "",
    files: Sequence[Enclosed] = (),
) -> bytes:
    """Write a package about a document up to the end of its envelope; `document_tail` or `ALONE` ends it.

    `paper`: an original on paper follows. `about`: the DocumentId that is updated or replaced.
    """
    whole_trace = _trace(header, kind, office, to, moment, paper=paper, reason=reason, about=about)
    if letter_id:
        mark = f'<edXML:TraceHeaderList id="{escape(letter_id)}" version="1.0">'
        whole_trace = whole_trace.replace("<edXML:TraceHeaderList>", mark, 1)
    listed = [_listed(each) for each in files] or [
        _element("Reference", _text("ContentId", f"cid:{content_id}"), _text("AttachmentName", name, 200))
        for content_id, name in header.files
    ]
    manifest = f'<edXML:edXMLManifest version="1.0">{"".join(listed)}</edXML:edXMLManifest>' if listed else ""
    return _head(_element("edXMLHeader", _message(header, office, to), whole_trace), _element("edXMLBody", manifest))


def _message(header: Header, office: Party, to: Sequence[Party]) -> str:
    day = header.day.replace("-", "/")
    detail = type_detail(header.doc_type) if header.doc_type else None
    return _element(
        "MessageHeader",
        _party("From", office),
        *(_party("To", each) for each in to),
        _text("DocumentId", header.document_id or document_id(office.identifier, header)),
        _element("Code", _text("CodeNumber", header.number, 11), _text("CodeNotation", header.symbol, 30)),
        _element("PromulgationInfo", _text("Place", header.place, 50), _text("PromulgationDate", day)),
        _element(
            "DocumentType",
            *((_text("Type", "2"), _text("TypeDetail", str(detail))) if detail else ()),
            _text("TypeName", header.doc_type, 100),
        ),
        _text("Subject", header.subject),
        _element(
            "SignerInfo",
            _text("Competence", header.authority, 100),
            _text("Position", header.signer_title, 100),
            _text("FullName", header.signer_name, 50),
        ),
        _text("DueDate", header.due.replace("-", "/")),
        _element(
            "OtherInfo",
            _text("Priority", PRIORITIES.get(header.urgency, "0")),
            _text("PageAmount", str(header.pages or "")),
        ),
        _text("SteeringType", "1"),
        _element("ToPlaces", *(_text("Place", each, 150) for each in header.recipients)),
    )


def _trace(
    header: Header,
    kind: Kind,
    office: Party,
    to: Sequence[Party],
    moment: datetime,
    *,
    paper: bool,
    reason: str,
    about: str,
) -> str:
    replaced = _element(
        "ReplacementInfoList",
        _element(
            "ReplacementInfo",
            _text("DocumentId", about),
            _element("OrganIdList", *(_text("OrganId", each.identifier, 35) for each in to)),
        ),
    )
    itself = header.document_id or document_id(office.identifier, header)
    return _element(
        "TraceHeaderList",
        _element(
            "TraceHeader", _text("OrganId", office.identifier, 35), _text("Timestamp", f"{moment:%Y/%m/%d %H:%M:%S}")
        ),
        _element(
            "Bussiness",
            _text("DocumentId", about or itself) if kind != "new" else "",
            _text("BussinessDocType", next(code for code, each in KINDS.items() if each == kind)),
            _text("BussinessDocReason", reason or _REASONS[kind], MAX_VALUE),
            _text("Paper", "1" if paper else "0"),
            replaced if kind == "replacement" and about else "",
        ),
    )


def _listed(each: Enclosed) -> str:
    return _element(
        "Reference",
        _text("ContentId", f"cid:{each.content_id}"),
        _text("ContentType", each.kind),
        _text("Description", each.description),
        _text("AttachmentName", each.name, 200),
    )


def document_tail(files: Sequence[Enclosed]) -> Iterator[bytes]:
    """Yield what follows the envelope: the files themselves, in base64 on one line, as the SDK does, a slice at a time."""
    yield b"<AttachmentEncoded>"
    for each in files:
        named = (
            ("ContentId", f"cid:{each.content_id}"),
            ("AttachmentName", each.name[:200]),
            ("Description", each.description),
            ("ContentType", each.kind),
        )
        yield ("<Attachment>" + "".join(_plain(name, value) for name, value in named if value)).encode(
            "utf-8", "replace"
        )
        yield b"<ContentTransferEncoded>"
        yield from _encoded(each.source)
        yield b"</ContentTransferEncoded></Attachment>"
    yield b"</AttachmentEncoded>" + ALONE


def _plain(name: str, value: str) -> str:
    return f"<{name}>{escape(shown(value))}</{name}>"


def _encoded(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        for start in range(0, len(source), _SLICE):
            yield base64.b64encode(source[start : start + _SLICE])
        return
    with source.open("rb") as file:
        while data := file.read(_SLICE):
            yield base64.b64encode(data)


def digest(head: bytes, tail: Iterator[bytes]) -> bytes:
    """Return the SHA-256 of a whole package's canonical form, which is what it is made of but for the declaration."""
    made = hashlib.sha256(head.removeprefix(_DECLARATION))
    for each in tail:
        made.update(each)
    return made.digest()


def with_signature(head: bytes, signature: bytes) -> bytes:
    """Put a signature where the SDK has it: last in the header."""
    before, end, after = head.rpartition(_HEADER_END)
    return before + signature + end + after


def document_xml(
    header: Header,
    *,
    office: Party,
    to: Sequence[Party],
    moment: datetime,
    paper: bool = False,
    kind: Kind = "new",
    reason: str = "",
    about: str = "",
) -> bytes:
    """Write a whole package without files inside: the header data of a document that goes along by mail, or a recall."""
    return (
        document_head(header, kind=kind, office=office, to=to, moment=moment, paper=paper, reason=reason, about=about)
        + ALONE
    )
