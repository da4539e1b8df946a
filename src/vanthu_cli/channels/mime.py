"""Reading letters: raw bytes of a message to values. Never raises: whatever cannot be read is missing, and said so.

RFC 5322/2045 (MIME), RFC 2047/2231 (names), RFC 3464 (DSN), RFC 8098 (MDN), RFC 3834 (automatic answers),
edXML status packages (QCVN 102:2016).
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from email.utils import getaddresses
from pathlib import Path
from typing import Literal, cast

from vanthu_cli.channels.edxml import Package
from vanthu_cli.channels.edxml_reading import read_package
from vanthu_cli.channels.parts import Part, Parts, cut
from vanthu_cli.document.text import is_mailbox, mailbox_key, safe_name, shown
from vanthu_cli.rules.exchange import statuses

_MAX_XML = 1 << 20
_MAX_REPORT = 64 << 10
_MAX_DETAIL = 1000
_MAX_ADDRESS = 500
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_FOLD = re.compile(r"\r?\n[ \t]+")
_SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
_DELIVERY_REPORTS = {"message/delivery-status", "message/global-delivery-status"}
_RECEIPTS = {"message/disposition-notification", "message/global-disposition-notification"}
_TEXTS = {"text/plain", "text/html", "text/rfc822-headers", *_DELIVERY_REPORTS, *_RECEIPTS}
_MACHINES = {"mailer-daemon", "postmaster", "no-reply", "noreply", "donotreply", "do-not-reply"}
_FAILED = re.compile(
    r"undeliver|could not be delivered|delivery .{0,20}fail|fail.{0,20} delivery|returned to sender|permanent(?:ly)? (?:error|fail)"
    r"|user unknown|no such user|mailbox (?:unavailable|not found)|không (?:gửi|chuyển|phân phát) được",
    re.IGNORECASE,
)
"""What servers write that report in plain words (qmail, old Exchange and Domino) of a letter that did not arrive."""


Proven = Literal["delivered", "acknowledged", "refused", "bounced"]


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a message; `name` is safe on every system, `kind` the declared type (not believed).

    `content_id` is how other parts name it (RFC 2392), without brackets. `data` may lie in a file, if there is much of it.
    """

    name: str
    kind: str
    data: bytes | Path
    content_id: str = ""

    def read(self) -> bytes:
        """Return all of it, at once."""
        return self.data if isinstance(self.data, bytes) else self.data.read_bytes()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer about something we sent: which message and number it answers, what it says, in whose words."""

    kind: Literal["status", "dsn", "mdn", "reply"]
    message_ids: tuple[str, ...]
    state: Proven | None
    detail: str = ""
    number: str = ""
    code: str = ""
    """The edXML status (01 arrived, 02 refused …); of a report by the axis, its docId; empty of other kinds."""
    recipients: tuple[str, ...] = ()
    """Whom a delivery report speaks of, as addresses are compared; empty: it doesn't say."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message, read. `automatic` says that it must not be answered; `faults` what could not be read.

    `content` is one value (SHA-256, hex) for what it says, whatever the servers on the way have written on it. `alone`: it is no
    letter but a package (channels/packaged.py).
    """

    message_id: str | None
    sender: str
    subject: str
    automatic: bool
    files: tuple[File, ...]
    text: str
    answer: Answer | None
    packages: tuple[Package, ...]
    faults: tuple[str, ...]
    content: str
    alone: bool = False


UNREADABLE = Mail(
    None, "", "", automatic=True, files=(), text="", answer=None, packages=(), faults=("unreadable",), content=""
)
"""What is known of a message that cannot be read at all."""


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
            content_id = part.header("Content-ID").strip("<>")
            files.append(File(safe_name(name or f"part-{position}"), part.kind, part.data(faults), content_id))
    packages = tuple(_packages(parts))
    message_id, sender = next(iter(_ids(top.header("Message-ID"))), None), _sender(top)
    return Mail(
        message_id=message_id,
        sender=sender,
        subject=shown(top.header("Subject")),
        automatic=_is_automatic(top),
        files=tuple(files),
        text="\n".join(texts),
        answer=_answer(parts, packages),
        packages=packages,
        faults=tuple(dict.fromkeys(faults)),
        content=_content([message_id or "", sender, top.header("Subject"), *texts], files),
    )


def _content(words: Sequence[str], files: Sequence[File]) -> str:
    digest = hashlib.sha256()
    contents = (each.data for each in files if isinstance(each.data, bytes))
    for piece in (*(word.encode("utf-8", "replace") for word in words), *contents):
        digest.update(hashlib.sha256(piece).digest())
    return digest.hexdigest()


def _ids(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(text)))


def _sender(top: Part) -> str:
    """Return the address in From; a name in encoded words is not looked at, it may read like another address."""
    try:
        authors = {mailbox_key(address) for _name, address in getaddresses([top.addresses("From")]) if address}
    except (RecursionError, ValueError, LookupError):  # comments within comments
        return ""
    # Several authors (RFC 5322 3.6.2) are none: each could speak in the other's name.
    address = authors.pop() if len(authors) == 1 else ""
    return address if len(address) <= _MAX_ADDRESS and is_mailbox(address) else ""


def _is_automatic(top: Part) -> bool:
    """RFC 3834 section 2: what was sent by no person must not be answered."""
    return (
        top.header("Auto-Submitted").partition(";")[0].strip().lower() not in {"", "no"}
        or top.header("Return-Path") == "<>"
        or top.header("Precedence").lower() in {"bulk", "list", "junk", "auto_reply"}
        or bool(top.header("List-Id") or top.header("List-Unsubscribe"))
        or top.kind == "multipart/report"
        or _sender(top).partition("@")[0] in _MACHINES
    )


def _packages(parts: Parts) -> Iterator[Package]:
    """Read the edXML packages among a message's own parts; one in a forwarded message is somebody else's."""
    for part in parts.leaves:
        if not part.inside and part.name().lower().endswith((".edxml", ".xml")) and len(part.body) <= 2 * _MAX_XML:
            data = part.data([])
            package = read_package(data)
            if package:
                yield replace(package, sha256=hashlib.sha256(data).hexdigest())


def _answer(parts: Parts, packages: Sequence[Package]) -> Answer | None:
    """Find out what a message answers. Only its own parts count: a report in a forwarded message is somebody else's."""
    ids = _ids(parts.top.header("In-Reply-To") + " " + parts.top.header("References"))
    own = [part for part in parts.leaves if not part.inside]
    for part in own:
        if part.kind in _DELIVERY_REPORTS:
            return _delivery_report(parts, _report(part))
        if part.kind in _RECEIPTS:
            return _receipt(_report(part), ids)
    if _sender(parts.top).partition("@")[0] in _MACHINES or parts.top.header("Return-Path") == "<>":
        plain = _plain_report(parts)
        if plain is not None:
            return plain
    for package in packages:
        if package.kind == "status":
            return status_answer(package, ids)
    return Answer("reply", ids, None) if ids and not any(map(_is_file, parts.leaves)) else None


def status_answer(package: Package, ids: tuple[str, ...] = ()) -> Answer:
    """Return what a status package answers (rules/edxml.toml)."""
    known = statuses().get(package.status)
    state = cast("Proven", known.state) if known is not None and known.state else None
    return Answer(
        "status", ids, state, f"{package.status} {package.description}".strip(), package.answers, package.status
    )


def _is_file(part: Part) -> bool:
    """Tell whether a part is more than text: not a signature, not a picture that belongs to the text."""
    picture = part.kind.startswith("image/") and bool(part.header("Content-ID"))
    return not picture and part.kind not in _SIGNATURES and (bool(part.name()) or not part.kind.startswith("text/"))


def _report(part: Part) -> str:
    """Return the fields of a report, each on one line."""
    return _FOLD.sub(" ", part.text([])[:_MAX_REPORT])


def _fields(report: str, name: str) -> list[str]:
    return [value.strip() for value in re.findall(rf"(?im)^{name}:(.*)$", report)]


def _returned(parts: Parts) -> list[str]:
    """Return the Message-IDs of the message that came back: attached, as its headers alone, or quoted in the text."""
    quoted = (part for part in parts.leaves if part.kind in {"text/rfc822-headers", "text/plain"})
    found = [part.header("Message-ID") for part in parts.attached]
    return found + [value for part in quoted for value in _fields(_report(part), "[> ]*Message-ID")]


def _plain_report(parts: Parts) -> Answer | None:
    """Read a bounce that is no report in form (RFC 3464), only in words; None if it names no message or no failure."""
    ids = _ids(" ".join(_returned(parts)))
    texts = [
        part.text([])[:_MAX_REPORT]
        for part in parts.leaves
        if not part.inside and part.kind in {"text/plain", "text/html"}
    ]
    words = " ".join([parts.top.header("Subject"), *texts])
    failure = _FAILED.search(words)
    said = words[failure.start() :].partition("---")[0][:200] if failure else ""
    return Answer("dsn", ids, "bounced", _detail(said.split())) if ids and failure else None


def _delivery_report(parts: Parts, report: str) -> Answer:
    """Read a delivery status notification: the worst action of all groups, and the returned message's identity."""
    returned = _returned(parts)
    envelope = [f"<{each.strip('<>')}>" for each in _fields(report, "Original-Envelope-Id")]
    ids = _ids(" ".join(envelope + returned))
    actions = {value.lower() for value in _fields(report, "Action")}
    state: Literal["bounced", "delivered"] | None = None
    if "failed" in actions:
        state = "bounced"
    elif actions & {"delivered", "relayed", "expanded"}:
        state = "delivered"
    said = [*_fields(report, "Action")[:1], *_fields(report, "Status")[:1], *_fields(report, "Diagnostic-Code")[:1]]
    told = [*_fields(report, "Original-Recipient"), *_fields(report, "Final-Recipient")]  # "rfc822; address"
    recipients = tuple(mailbox_key(each.rpartition(";")[2].strip().strip("<>")) for each in told)
    return Answer("dsn", ids, state, _detail(said), recipients=recipients)


def _receipt(report: str, ids: tuple[str, ...]) -> Answer:
    """Read a disposition notification (RFC 8098). Whatever a person did with the message, it was in the mailbox."""
    dispositions = [value.rpartition(";")[2].strip() for value in _fields(report, "Disposition")]
    original = _ids(" ".join(_fields(report, "Original-Message-ID")))
    return Answer("mdn", original or ids, "delivered", _detail(["MDN", *dispositions[:1]]))


def _detail(said: Sequence[str]) -> str:
    return shown(" ".join(said))[:_MAX_DETAIL]
