"""Reading letters: raw bytes of a message to values. Never raises: whatever cannot be read is missing, and said so.

RFC 5322/2045 (MIME), RFC 2047/2231 (names), RFC 3464 (DSN), RFC 8098 (MDN), RFC 3834 (automatic answers),
edXML status packages (QCVN 102:2016).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Literal

from vanthu_cli.channels.parts import Part, Parts, cut
from vanthu_cli.document.text import safe_name, shown

_MAX_XML = 1 << 20
_MAX_REPORT = 64 << 10
_MAX_DETAIL = 1000
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_ADDRESS = re.compile(r"[!-~]{1,250}@[!-~]{1,250}")
_FOLD = re.compile(r"\r?\n[ \t]+")
_SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
_DELIVERY_REPORTS = {"message/delivery-status", "message/global-delivery-status"}
_RECEIPTS = {"message/disposition-notification", "message/global-disposition-notification"}
_TEXTS = {"text/plain", "text/html", "text/rfc822-headers", *_DELIVERY_REPORTS, *_RECEIPTS}
_STATES: dict[str, Literal["delivered", "acknowledged", "refused"]] = {
    "01": "delivered",
    "02": "refused",
    "03": "acknowledged",
    "04": "acknowledged",
    "05": "acknowledged",
    "06": "acknowledged",
}
"""edXML status codes (domain.md 5.2): 01 arrived, 02 refused, 03 accepted, 04-06 being worked on."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a message; `name` is safe on every system, `kind` the declared type (not believed)."""

    name: str
    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer about something we sent: which message and number it answers, what it says, in whose words."""

    kind: Literal["status", "dsn", "mdn", "reply"]
    message_ids: tuple[str, ...]
    state: Literal["delivered", "acknowledged", "refused", "bounced"] | None
    detail: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message, read. `automatic` says that it must not be answered; `faults` what could not be read."""

    message_id: str | None
    sender: str
    subject: str
    automatic: bool
    files: tuple[File, ...]
    text: str
    answer: Answer | None
    faults: tuple[str, ...]


def read_mail(raw: bytes) -> Mail:
    """Read a message, however broken."""
    faults: list[str] = []
    parts = cut(raw, faults)
    top = parts.top
    files, texts = list[File](), list[str]()
    for position, part in enumerate(parts.leaves, 1):
        name = part.name()
        if not name and (part.kind in _TEXTS or part.kind.startswith("multipart/")):
            texts.append(part.text(faults))
        elif part.kind not in _SIGNATURES:
            files.append(File(safe_name(name or f"part-{position}"), part.kind, part.data(faults)))
    return Mail(
        message_id=next(iter(_ids(top.header("Message-ID"))), None),
        sender=_sender(top),
        subject=shown(top.header("Subject")),
        automatic=_is_automatic(top),
        files=tuple(files),
        text="\n".join(texts),
        answer=_answer(parts),
        faults=tuple(dict.fromkeys(faults)),
    )


def _ids(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(text)))


def _sender(top: Part) -> str:
    """Return the address in From; a name in encoded words is not looked at, it may read like another address."""
    try:
        authors = {address.lower() for _name, address in getaddresses([top.addresses("From")]) if address}
    except (RecursionError, ValueError, LookupError):  # comments within comments
        return ""
    # Several authors (RFC 5322 3.6.2) are none: each could speak in the other's name.
    address = authors.pop() if len(authors) == 1 else ""
    return address if _ADDRESS.fullmatch(address) else ""


def _is_automatic(top: Part) -> bool:
    """RFC 3834 section 2: what was sent by no person must not be answered."""
    return (
        top.header("Auto-Submitted").partition(";")[0].strip().lower() not in {"", "no"}
        or top.header("Return-Path") == "<>"
        or top.header("Precedence").lower() in {"bulk", "list", "junk", "auto_reply"}
        or top.kind == "multipart/report"
    )


def _answer(parts: Parts) -> Answer | None:
    """Find out what a message answers. Only its own parts count: a report in a forwarded message is somebody else's."""
    ids = _ids(parts.top.header("In-Reply-To") + " " + parts.top.header("References"))
    own = [part for part in parts.leaves if not part.inside]
    for part in own:
        if part.kind in _DELIVERY_REPORTS:
            return _delivery_report(parts, _report(part))
        if part.kind in _RECEIPTS:
            return _receipt(_report(part), ids)
    for part in own:
        if part.name().lower().endswith((".edxml", ".xml")) and len(part.body) <= 2 * _MAX_XML:
            status = _status(part.data([]))
            if status:
                code, description, number = status
                return Answer("status", ids, _STATES.get(code), f"{code} {description}".strip(), number)
    return Answer("reply", ids, None) if ids and not any(map(_is_file, parts.leaves)) else None


def _is_file(part: Part) -> bool:
    """Tell whether a part is more than text: not a signature, not a picture that belongs to the text."""
    picture = part.kind.startswith("image/") and bool(part.header("Content-ID"))
    return not picture and part.kind not in _SIGNATURES and (bool(part.name()) or not part.kind.startswith("text/"))


def _report(part: Part) -> str:
    """Return the fields of a report, each on one line."""
    return _FOLD.sub(" ", part.text([])[:_MAX_REPORT])


def _fields(report: str, name: str) -> list[str]:
    return [value.strip() for value in re.findall(rf"(?im)^{name}:(.*)$", report)]


def _delivery_report(parts: Parts, report: str) -> Answer:
    """Read a delivery status notification: the worst action of all groups, and the returned message's identity."""
    returned = [part.header("Message-ID") for part in parts.attached]
    returned += [
        value
        for part in parts.leaves
        if part.kind in {"text/rfc822-headers", "text/plain"}
        for value in _fields(_report(part), "Message-ID")
    ]
    envelope = [f"<{each.strip('<>')}>" for each in _fields(report, "Original-Envelope-Id")]
    ids = _ids(" ".join(envelope + returned))
    actions = {value.lower() for value in _fields(report, "Action")}
    state: Literal["bounced", "delivered"] | None = None
    if "failed" in actions:
        state = "bounced"
    elif actions & {"delivered", "relayed", "expanded"}:
        state = "delivered"
    said = [*_fields(report, "Action")[:1], *_fields(report, "Status")[:1], *_fields(report, "Diagnostic-Code")[:1]]
    return Answer("dsn", ids, state, _detail(said))


def _receipt(report: str, ids: tuple[str, ...]) -> Answer:
    """Read a disposition notification (RFC 8098). Whatever a person did with the message, it was in the mailbox."""
    dispositions = [value.rpartition(";")[2].strip() for value in _fields(report, "Disposition")]
    original = _ids(" ".join(_fields(report, "Original-Message-ID")))
    return Answer("mdn", original or ids, "delivered", _detail(["MDN", *dispositions[:1]]))


def _detail(said: Sequence[str]) -> str:
    return shown(" ".join(said))[:_MAX_DETAIL]


def _status(data: bytes) -> tuple[str, str, str] | None:
    """Return (code, description, number answered) of an edXML status package; no DTD, entities or network.

    By local names; but XML that has just any StatusCode is no package: it must say what it answers (ResponseFor).
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    found: dict[str, str] = {}
    for element in root.iter():
        if isinstance(element.tag, str) and element.text:
            found.setdefault(etree.QName(element).localname.lower(), element.text.strip())
    names = {etree.QName(element).localname.lower() for element in root.iter() if isinstance(element.tag, str)}
    code = found.get("statuscode")
    if code is None or "responsefor" not in names:
        return None
    return code[:2], _detail(found.get("description", "").split()), found.get("code", "")[:100]
