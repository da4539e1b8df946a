"""Writing letters: the MIME form of what the office sends, composed once, then kept and sent unchanged.

base64 for every part and CRLF line ends, so that no server re-encodes what was signed (mail.md S13); headers in encoded
words of our own, because Python 3.11 loses spaces in Vietnamese ones (`email.policy.SMTP`, mail.md S12).
"""

import base64
import mimetypes
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from xml.sax.saxutils import escape

from vanthu_cli.document.text import safe_name, shown

_WIRE = policy.compat32.clone(linesep="\r\n")
_EDXML = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
_KINDS = mimetypes.MimeTypes()
"""Python's own table: what the machine has registered would make the same letter differ from office to office."""
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+>")
_MAX_NAME = 200
_MAX_PLAIN = 60
_MAX_ENCODED = 39
"""Bytes in an encoded word: 64 characters, so that the line is not over 78 after "Subject: "."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What the channel carries: envelope, identity chosen beforehand, and the exact bytes.

    `reports`: ask the servers on the way to report the delivery too, not only its failure (RFC 3461).
    """

    message_id: str
    sender: str
    recipient: str
    raw: bytes
    reports: bool = True


def new_message_id(address: str) -> str:
    """Choose a Message-ID (RFC 5322 3.6.4). A domain without a dot gets a label before it: some gateways mark it down."""
    domain = address.rpartition("@")[2]
    return f"<{secrets.token_hex(16)}@{domain if '.' in domain else f'vanthu.{domain}'}>"


def compose(
    *,
    message_id: str,
    sender: tuple[str, str],
    recipient: tuple[str, str],
    subject: str,
    body: str,
    date: datetime,
    files: Sequence[tuple[str, bytes]] = (),
    answers: str | None = None,
    automatic: bool = False,
) -> Letter:
    """Compose a message. `sender` and `recipient` are (name, address); `answers` the Message-ID that it answers.

    `automatic` marks it as an answer that must not be answered (RFC 3834); no delivery reports are asked for it.
    """
    message = MIMEMultipart("mixed", boundary=f"=_{secrets.token_hex(16)}")  # "=_" never stands in base64
    message["From"] = _mailbox(sender)
    message["To"] = _mailbox(recipient)
    message["Subject"] = _words(subject)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    if answers and _MESSAGE_ID.fullmatch(answers):
        message["In-Reply-To"] = message["References"] = answers
    if automatic:
        message["Auto-Submitted"] = "auto-replied"
    else:
        message["Disposition-Notification-To"] = _mailbox(("", sender[1]))
    text = "\r\n".join(body.encode("utf-8", "replace").decode().splitlines()) + "\r\n"  # canonical form: RFC 2046 4.1.1
    message.attach(MIMEText(text, "plain", "utf-8"))
    for name, data in files:
        message.attach(_attachment(safe_name(name), data))
    return Letter(message_id, sender[1], recipient[1], message.as_bytes(policy=_WIRE), reports=not automatic)


def _attachment(name: str, data: bytes) -> MIMEApplication:
    part = MIMEApplication(data, _subtype="octet-stream")
    kind = _KINDS.guess_type(name)[0] or ""
    if kind.startswith(
        ("application/", "image/")
    ):  # message/* in base64 is forbidden (RFC 2046 5.2.1), text/* rewritten
        part.replace_header("Content-Type", kind)
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
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
    name, address = shown(" ".join(mailbox[0].split()))[:_MAX_NAME], mailbox[1]
    plain = re.sub(r"[^!-~]|[<>(),;:\"\[\]\\]", "", address)
    if name.isascii() and len(name) <= _MAX_PLAIN and "=?" not in name:
        return formataddr((name, plain))
    return f"{_words(name)}\n <{plain}>"


def status_xml(
    *, code: str, description: str, number: str, day: str, office: tuple[str, str], asked_by: str, moment: datetime
) -> bytes:
    """Write an edXML status package (QCVN 102:2016/BTTTT; form of the government's SDK, domain.md 5.3).

    `code` 01 arrived, 02 refused, 03 accepted; `number` as "145-CV/TU"; `day` ISO; `office` is (identifier, name) of us.
    """

    def element(name: str, text: str) -> str:
        return f"<edXML:{name}>{escape(shown(text))}</edXML:{name}>" if text else ""

    answered = (
        element("OrganId", asked_by) + element("Code", number) + element("PromulgationDate", day.replace("-", "/"))
    )
    header = (
        f"<edXML:From>{element('OrganId', office[0])}{element('OrganName', office[1])}</edXML:From>"
        f"<edXML:ResponseFor>{answered}</edXML:ResponseFor>"
        + element("StatusCode", code)
        + element("Description", description)
        + element("Timestamp", f"{moment:%Y/%m/%d %H:%M:%S}")
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{_EDXML}" xmlns:edXML="{_EDXML}"><edXML:edXMLEnvelope>'
        f"<edXML:edXMLHeader><edXML:MessageHeader>{header}</edXML:MessageHeader></edXML:edXMLHeader>"
        "</edXML:edXMLEnvelope></edXML>\n"
    ).encode()
