"""Writing letters: the MIME form of what the office sends, composed once, then kept and sent unchanged.

base64 for every part and CRLF line ends, so that no server re-encodes what was signed (mail.md S13); headers in encoded
words of our own, because Python 3.11 loses spaces in Vietnamese ones (`email.policy.SMTP`, mail.md S12).
"""

import base64
import mimetypes
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Any

from vanthu_cli.document.text import is_mailbox, safe_name, shown, wire_address

_WIRE = policy.compat32.clone(linesep="\r\n")
_KINDS = mimetypes.MimeTypes()
"""Python's own table: what the machine has registered would make the same letter differ from office to office."""
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+>")
_MAX_NAME = 200
_SLICE = 1 << 20
_MAX_PLAIN = 60
_MAX_ENCODED = 39
"""Bytes in an encoded word: 64 characters, so that the line is not over 78 after "Subject: "."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What the channel carries: envelope, identity chosen beforehand, and the exact bytes, `head` and `body` one after the other.

    Letters to many agencies differ in the head only. `reports`: ask the servers on the way to report the delivery too, not
    only its failure (RFC 3461). `copied`: a copy goes into the mailbox's Sent folder. `file` holds the body of a package for the
    axis, which may be too large for memory.
    """

    message_id: str
    sender: str
    recipient: str
    head: bytes
    body: bytes
    reports: bool = True
    copied: bool = True
    file: Path | None = None

    @property
    def raw(self) -> bytes:
        return self.head + self.body

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes, a slice at a time."""
        yield self.head
        if self.file is None:
            yield from (self.body[start : start + _SLICE] for start in range(0, len(self.body), _SLICE))
            return
        with self.file.open("rb") as opened:
            while piece := opened.read(_SLICE):
                yield piece


def new_message_id(address: str) -> str:
    """Choose a Message-ID (RFC 5322 3.6.4). A domain without a dot gets a label before it: some gateways mark it down."""
    domain = address.rpartition("@")[2]
    return f"<{secrets.token_hex(16)}@{domain if '.' in domain else f'vanthu.{domain}'}>"


def entity(body: str, files: Sequence["Attached"] = ()) -> bytes:
    """Write what a letter holds, a MIME entity (RFC 2045 2.4): its own header fields, then text and files."""
    message = MIMEMultipart("mixed", boundary=f"=_{secrets.token_hex(16)}")  # "=_" never stands in base64
    text = "\r\n".join(body.encode("utf-8", "replace").decode().splitlines()) + "\r\n"  # canonical form: RFC 2046 4.1.1
    message.attach(MIMEText(text, "plain", "utf-8"))
    for each in files:
        message.attach(_attachment(each))
    return message.as_bytes(policy=_WIRE)


def address(
    content: bytes,
    *,
    message_id: str,
    sender: tuple[str, str],
    recipient: tuple[str, str],
    subject: str,
    date: datetime,
    answers: str | None = None,
    automatic: bool = False,
) -> Letter:
    """Make a letter of an entity. `sender` and `recipient` are (name, address); `answers` the Message-ID that it answers.

    `automatic` marks it as one that must not be answered (RFC 3834 5); no delivery reports are asked for it.
    """
    about, _blank, body = content.partition(b"\r\n\r\n")
    head = Message()
    head["From"] = _mailbox(sender)
    head["To"] = _mailbox(recipient)
    head["Subject"] = _words(subject)
    head["Date"] = format_datetime(date)
    head["Message-ID"] = message_id
    if answers and _MESSAGE_ID.fullmatch(answers):
        head["In-Reply-To"] = head["References"] = answers
    if automatic:
        head["Auto-Submitted"] = "auto-replied" if answers else "auto-generated"
    else:
        head["Disposition-Notification-To"] = _mailbox(("", sender[1]))
    fields = "".join(f"{name}: {value}\n" for name, value in head.items()).replace("\n", "\r\n").encode()
    return Letter(
        message_id,
        sender[1],
        recipient[1],
        fields + about + b"\r\n\r\n",
        body,
        reports=not automatic,
        copied=not automatic,
    )


def compose(*, body: str, files: Sequence[tuple[str, bytes]] = (), **envelope: Any) -> Letter:
    """Write a letter to one recipient; the rest of the arguments is that of `address`."""
    return address(entity(body, [Attached(name, data) for name, data in files]), **envelope)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that goes with a letter; `content_id` names it to other parts (RFC 2392), where they speak of it."""

    name: str
    data: bytes
    content_id: str = ""


def _attachment(each: Attached) -> MIMEApplication:
    part = MIMEApplication(each.data, _subtype="octet-stream")
    name = safe_name(each.name)
    kind = _KINDS.guess_type(name)[0] or ""
    if kind.startswith(
        ("application/", "image/")
    ):  # message/* in base64 is forbidden (RFC 2046 5.2.1), text/* rewritten
        part.replace_header("Content-Type", kind)
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
    if each.content_id:
        part["Content-ID"] = f"<{each.content_id}>"
    return part


def _words(text: str) -> str:
    """Return a header's text, whatever came in, folded: as it is if that is safe, else in encoded words (RFC 2047).

    Each is at most 75 characters and ends after a blank or, failing that, any letter; `email.header` gets this wrong.
    """
    line = shown(" ".join(text.split()))
    if line.isascii() and len(line) <= _MAX_PLAIN and "=?" not in line:
        return line
    pieces, piece = list[str](), ""
    for word in re.findall(r"\S{1,9} ?", line):
        if len((piece + word).encode()) > _MAX_ENCODED:
            pieces.append(piece)
            piece = ""
        piece += word
    encoded = (base64.b64encode(each.encode()).decode() for each in [*pieces, piece])
    return "\n ".join(f"=?utf-8?b?{each}?=" for each in encoded)


def _mailbox(mailbox: tuple[str, str]) -> str:
    """Return `name <address>`. An address that is none is written harmlessly: the channel refuses it, with the reason."""
    name, address = shown(" ".join(mailbox[0].split()))[:_MAX_NAME], wire_address(mailbox[1])
    plain = address if is_mailbox(address) else re.sub(r"[^!-~]|[<>(),;:\"\[\]\\]", "", address)
    if name.isascii() and len(name) <= _MAX_PLAIN and "=?" not in name:
        return f"{formataddr((name, 'x'))[:-3]}<{plain}>" if name else plain
    return f"{_words(name)}\n <{plain}>"
