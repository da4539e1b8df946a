"""edXML packages that travel in letters (QCVN 102:2016/BTTTT, in the form of the government's SDK; domain.md 5).

Written: status answers, the header data of a document that goes along (the letter's files are named by their Content-ID,
RFC 2392), recalls. Read: by local name in any letter case and order, without DTD, entities or network, up to a megabyte;
what a package says is a stranger's word until somebody has compared it with a page or a signature.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal
from xml.sax.saxutils import escape

from vanthu_cli.document.text import shown

if TYPE_CHECKING:
    from lxml import etree

_NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
_MAX_BYTES = 1 << 20
_MAX_VALUE = 1000
_MAX_FILES = 1000
Kind = Literal["status", "new", "recall", "update", "replacement"]
_KINDS: dict[str, Kind] = {"0": "new", "1": "recall", "2": "update", "3": "replacement"}
_PRIORITIES = {"KHẨN": "1", "THƯỢNG KHẨN": "2", "HỎA TỐC": "3"}
"""BussinessDocType and Priority (domain.md 5.4)."""


@dataclass(frozen=True, slots=True)
class Party:
    """An agency as packages name it: identifier (or our code), name, address."""

    identifier: str
    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """What a package says of a document. `day` is ISO; `files` are (Content-ID, name) of what goes along; empty: not said."""

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


@dataclass(frozen=True, slots=True)
class Package:
    """A package that came. `answers` is the number that a status answers, as it says it ("145/CV/TU")."""

    kind: Kind
    sender: Party
    header: Header = Header()
    status: str = ""
    answers: str = ""
    description: str = ""
    """Of a status, its words; of a recall, its reason."""
    carries: bool = False
    """Whether the files themselves are inside, as on the national axis."""
    sha256: str = ""
    """Of the package's bytes."""


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


def _package(*inner: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{_NAMESPACE}" xmlns:edXML="{_NAMESPACE}">'
        f"{_element('edXMLEnvelope', *inner)}</edXML>\n"
    ).encode()


def status_xml(
    *, code: str, description: str, number: str, day: str, office: Party, asked_by: str, moment: datetime
) -> bytes:
    """Write a status package: `code` 01 arrived, 02 refused, 03 accepted, 15 recall agreed, 16 declined.

    `number` as "145-CV/TU", `day` ISO, `asked_by` the identifier of who sent the document, `moment` local time.
    """
    answered = _text("OrganId", asked_by, 35) + _text("Code", number) + _text("PromulgationDate", day.replace("-", "/"))
    header = _element(
        "MessageHeader",
        _party("From", office),
        _element("ResponseFor", answered),
        _text("StatusCode", code),
        _text("Description", description, _MAX_VALUE),
        _text("Timestamp", f"{moment:%Y/%m/%d %H:%M:%S}"),
    )
    return _package(_element("edXMLHeader", header))


def document_xml(
    header: Header,
    *,
    office: Party,
    to: Sequence[Party],
    moment: datetime,
    paper: bool = False,
    recall: str | None = None,
) -> bytes:
    """Write the header data of a document, or with a reason in `recall` the notice that asks it back.

    `to` are all recipients: it is the same package in every letter. `paper`: an original on paper follows.
    """
    day = header.day.replace("-", "/")
    message = _element(
        "MessageHeader",
        _party("From", office),
        *(_party("To", each) for each in to),
        _text("DocumentId", f"{office.identifier},{day},{header.number}/{header.symbol}"),
        _element("Code", _text("CodeNumber", header.number, 11), _text("CodeNotation", header.symbol, 30)),
        _element("PromulgationInfo", _text("Place", header.place, 50), _text("PromulgationDate", day)),
        _element("DocumentType", _text("TypeName", header.doc_type, 100)),
        _text("Subject", header.subject),
        _element(
            "SignerInfo",
            _text("Competence", header.authority, 100),
            _text("Position", header.signer_title, 100),
            _text("FullName", header.signer_name, 50),
        ),
        _element("OtherInfo", _text("Priority", _PRIORITIES.get(header.urgency, "0"))),
        _element("ToPlaces", *(_text("Place", each, 150) for each in header.recipients)),
    )
    trace = _element(
        "TraceHeaderList",
        _element(
            "TraceHeader", _text("OrganId", office.identifier, 35), _text("Timestamp", f"{moment:%Y/%m/%d %H:%M:%S}")
        ),
        _element(
            "Bussiness",
            _text("BussinessDocType", "0" if recall is None else "1"),
            _text("BussinessDocReason", "Văn bản mới" if recall is None else recall, _MAX_VALUE),
            _text("Paper", "1" if paper else "0"),
        ),
    )
    references = "".join(
        _element("Reference", _text("ContentId", f"cid:{content_id}"), _text("AttachmentName", name, 200))
        for content_id, name in header.files
    )
    manifest = f'<edXML:edXMLManifest version="1.0">{references}</edXML:edXMLManifest>' if references else ""
    return _package(_element("edXMLHeader", message, trace), _element("edXMLBody", manifest))


def read_package(data: bytes) -> Package | None:
    """Read a package; None if it is none: XML with just any StatusCode must say what it answers (ResponseFor)."""
    values, files, answering = _values(data)
    if "statuscode" in values and answering:
        return Package(
            "status",
            _sender(values),
            status=values["statuscode"][:2],
            answers=values.get("responsefor/code", "")[:100],
            description=values.get("description", ""),
        )
    kind = _KINDS.get(values.get("bussinessdoctype", "0") or "0")
    if kind is None or "code/codenumber" not in values or "from/organid" not in values:
        return None
    header = Header(
        number=values["code/codenumber"],
        symbol=values.get("code/codenotation", ""),
        day=_iso(values.get("promulgationinfo/promulgationdate", "")),
        place=values.get("promulgationinfo/place", ""),
        doc_type=values.get("documenttype/typename", ""),
        subject=values.get("subject", ""),
        authority=values.get("signerinfo/competence", ""),
        signer_title=values.get("signerinfo/position", ""),
        signer_name=values.get("signerinfo/fullname", ""),
        urgency={code: word for word, code in _PRIORITIES.items()}.get(values.get("priority", ""), ""),
        files=tuple(files),
    )
    return Package(
        kind,
        _sender(values),
        header,
        description=values.get("bussinessdocreason", ""),
        carries=bool(values.keys() & {"contenttransferencoded", "contenttransferencoding"}),
    )


def _sender(values: dict[str, str]) -> Party:
    return Party(values.get("from/organid", ""), values.get("from/organname", ""), values.get("from/email", ""))


def _values(data: bytes) -> tuple[dict[str, str], list[tuple[str, str]], bool]:
    """Return texts by local name and by "parent/name", files that are referred to, and whether anything is answered."""
    from lxml import etree

    values, files, answering = dict[str, str](), list[tuple[str, str]](), False
    if len(data) > _MAX_BYTES:
        return values, files, answering
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return values, files, answering
    for element in _elements(root):
        name = _local(element)
        answering = answering or name == "responsefor"
        if name == "reference" and len(files) < _MAX_FILES:
            said = {_local(each): _said(each) for each in _elements(element)}
            files.append((said.get("contentid", "").removeprefix("cid:"), said.get("attachmentname", "")))
        if text := _said(element):
            parent = element.getparent()
            values.setdefault(name, text)
            if parent is not None and isinstance(parent.tag, str):
                values.setdefault(f"{_local(parent)}/{name}", text)
    return values, files, answering


def _elements(root: "etree._Element") -> "Iterator[etree._Element]":
    return (element for element in root.iter() if isinstance(element.tag, str))


def _local(element: "etree._Element") -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _said(element: "etree._Element") -> str:
    return shown(" ".join((element.text or "").split()))[:_MAX_VALUE]


def _iso(day: str) -> str:
    """Return an ISO day of yyyy/MM/dd, or of dd/MM/yyyy as other builders write; empty if it is none."""
    found = re.fullmatch(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?: .*)?", day)
    turned = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: .*)?", day)
    parts = found.groups() if found else turned.groups()[::-1] if turned else ()
    try:
        return date(*map(int, parts)).isoformat() if parts else ""
    except ValueError:
        return ""
