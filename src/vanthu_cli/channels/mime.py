"""Reading letters: raw bytes of a message to values. Never raises: whatever cannot be read is missing, and said so.

RFC 5322/2045 (MIME), RFC 2047/2231 (names), RFC 3464 (DSN), RFC 8098 (MDN), RFC 3834 (automatic answers),
edXML status packages (QCVN 102:2016).
"""

import email
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr
from typing import Literal

from vanthu_cli.document.text import safe_name

_MAX_PARTS = 1000
_MAX_DEPTH = 20
_MAX_HEADER = 8192
_MAX_XML = 1 << 20
_CHARSETS = ("utf-8", "windows-1258", "latin-1")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a message; `name` is safe on every system, `kind` the declared type (not believed)."""

    name: str
    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer about something we sent: which message it answers, what it says, in whose words."""

    kind: Literal["status", "dsn", "mdn", "reply"]
    message_ids: tuple[str, ...]
    state: Literal["delivered", "acknowledged", "refused", "bounced"] | None
    detail: str = ""


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
    try:
        message = email.message_from_bytes(raw)
        parts = list(_leaves(message, 0, faults))
    except (RecursionError, ValueError, LookupError, AssertionError, TypeError, AttributeError) as error:
        return Mail(None, "", "", automatic=True, files=(), text="", answer=None, faults=(type(error).__name__,))
    files, texts = list[File](), list[str]()
    for position, part in enumerate(parts):
        data = _payload(part, faults)
        name = _name(part)
        if name is None and part.get_content_type() in {"text/plain", "text/html"}:
            texts.append(_decoded(data, _charset(part)))
        elif part.get_content_type() not in {"application/pkcs7-signature", "application/x-pkcs7-signature"}:
            files.append(File(safe_name(name or f"part-{position + 1}"), part.get_content_type(), data))
    ids = tuple(_MESSAGE_ID.findall(_header(message, "In-Reply-To") + " " + _header(message, "References")))
    sent_by = _header(message, "Auto-Submitted").lower()
    automatic = bool(sent_by and sent_by != "no") or _header(message, "Return-Path").strip() == "<>"
    automatic = automatic or _header(message, "Precedence").lower() in {"bulk", "list", "junk"}
    return Mail(
        message_id=next(iter(_MESSAGE_ID.findall(_header(message, "Message-ID"))), None),
        sender=parseaddr(_header(message, "From"))[1].lower(),
        subject=_header(message, "Subject"),
        automatic=automatic,
        files=tuple(files),
        text="\n".join(texts),
        answer=_answer(message, parts, files, ids),
        faults=tuple(faults),
    )


def _leaves(message: Message, depth: int, faults: list[str]) -> Iterator[Message]:
    """Yield the leaf parts; an attached message is descended into, its own parts count."""
    stack = [(message, depth)]
    seen = 0
    while stack:
        part, level = stack.pop()
        children = part.get_payload() if part.is_multipart() else None
        if isinstance(children, list) and part.get_content_type() != "message/delivery-status":
            if level >= _MAX_DEPTH:
                faults.append("too-deep")
                continue
            stack.extend((child, level + 1) for child in reversed(children) if isinstance(child, Message))
            continue
        seen += 1
        if seen > _MAX_PARTS:
            faults.append("too-many-parts")
            return
        yield part


def _payload(part: Message, faults: list[str]) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError) as error:
        faults.append(type(error).__name__)
        payload = None
    return payload if isinstance(payload, bytes) else b""


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset() or ""
    except (LookupError, ValueError, UnicodeError):
        return ""


def _decoded(data: bytes, declared: str) -> str:
    for charset in (declared, *_CHARSETS):
        try:
            return unicodedata.normalize("NFC", data.decode(charset))
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1")


def _header(message: Message, name: str) -> str:
    """Return a header as text: RFC 2047 words, raw 8-bit, folded or not."""
    try:
        value = str(message.get(name) or "")[:_MAX_HEADER]
        raw = value.encode("utf-8", "surrogateescape")
        if "=?" not in value:
            return " ".join(_decoded(raw, "").split())
        pieces = [
            _decoded(text, charset or "") if isinstance(text, bytes) else text for text, charset in decode_header(value)
        ]
    except (ValueError, LookupError, UnicodeError, AttributeError, TypeError):
        return ""
    return " ".join("".join(pieces).split())


def _name(part: Message) -> str | None:
    """Return the file name: RFC 2231, then RFC 2047 words inside quotes (illegal and common), then raw bytes."""
    try:
        name = part.get_filename()
    except (ValueError, LookupError, UnicodeError, TypeError):
        name = None
    if not name:
        return None
    if "=?" in name:
        shell = Message()
        shell["X"] = name.replace("\r", "").replace("\n", "")
        name = _header(shell, "X")
    return _decoded(name.encode("utf-8", "surrogateescape"), "")


def _answer(message: Message, parts: list[Message], files: list[File], ids: tuple[str, ...]) -> Answer | None:
    for part in parts:
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            return _bounce(message, part)
        if kind == "message/disposition-notification":
            text = _decoded(_payload(part, []), "")
            original = _MESSAGE_ID.findall(" ".join(re.findall(r"(?im)^Original-Message-ID:(.*)$", text)))
            return Answer("mdn", tuple(original) or ids, "delivered", "MDN")
    for file in files:
        if file.name.lower().endswith((".edxml", ".xml")) and len(file.data) <= _MAX_XML:
            status = _status(file.data)
            if status:
                code, description = status
                state = _STATES.get(code)
                return Answer("status", ids, state, f"{code} {description}".strip())
    if ids and not files:
        return Answer("reply", ids, None)
    return None


_STATES: dict[str, Literal["delivered", "acknowledged", "refused"]] = {
    "01": "delivered",
    "02": "refused",
    "03": "acknowledged",
    "04": "acknowledged",
    "05": "acknowledged",
    "06": "acknowledged",
}
"""edXML status codes (domain.md 5.2): 01 arrived, 02 refused, 03 accepted, 04-06 being worked on."""


def _bounce(message: Message, part: Message) -> Answer:
    """Read a delivery status notification: the worst action of all groups, and the returned message's identity."""
    groups = part.get_payload()
    texts = [str(group) for group in groups] if isinstance(groups, list) else [str(groups)]
    text = "\n".join(texts)
    actions = {action.lower() for action in re.findall(r"(?im)^Action:\s*(\w+)", text)}
    words = re.findall(r"(?im)^(?:Diagnostic-Code|Status):\s*(.+)$", text)
    ids = _MESSAGE_ID.findall("\n".join(re.findall(r"(?im)^Message-ID:(.*)$", message.as_string())))
    own = set(_MESSAGE_ID.findall(str(message.get("Message-ID") or "")))
    envelope = re.findall(r"(?im)^Original-Envelope-Id:\s*(\S+)", text)
    state: Literal["bounced", "delivered"] | None = None
    if "failed" in actions:
        state = "bounced"
    elif actions & {"delivered", "relayed", "expanded"}:
        state = "delivered"
    found = [each for each in ids if each not in own] + [f"<{each.strip('<>')}>" for each in envelope]
    return Answer("dsn", tuple(dict.fromkeys(found)), state, " ".join(words[:2]).strip())


def _status(data: bytes) -> tuple[str, str] | None:
    """Return (code, description) of an edXML status package, by local names; no DTD, entities or network."""
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
    code = found.get("statuscode")
    return (code[:2], found.get("description", "")[:1000]) if code else None
