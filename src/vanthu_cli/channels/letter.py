"""Writing letters: the MIME form of what the office sends, composed once, then kept and sent unchanged.

base64 for every part and CRLF line ends, so that no server re-encodes what was signed (mail.md S13); subjects through
`email.header.Header`, because `email.policy.SMTP` of Python 3.11 loses spaces in Vietnamese ones (mail.md S12).
"""

import mimetypes
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from xml.sax.saxutils import escape

from vanthu_cli.document.text import safe_name, shown

_WIRE = policy.compat32.clone(linesep="\r\n")
_EDXML = "http://www.mic.gov.vn/TBT/QCVN_102_2016"


@dataclass(frozen=True, slots=True)
class Letter:
    """What the channel carries: envelope, identity chosen beforehand, and the exact bytes."""

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

    `automatic` marks it as an answer that must not be answered (RFC 3834).
    """
    message = MIMEMultipart("mixed")
    message["From"] = _mailbox(sender)
    message["To"] = _mailbox(recipient)
    message["Subject"] = Header(_line(subject), "utf-8").encode()
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    if answers:
        message["In-Reply-To"] = message["References"] = _line(answers)
    if automatic:
        message["Auto-Submitted"] = "auto-replied"
    else:
        message["Disposition-Notification-To"] = _mailbox(sender)
    message.attach(MIMEText(body.replace("\r\n", "\n"), "plain", "utf-8"))
    for name, data in files:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        part = MIMEApplication(data, _subtype="octet-stream")
        part.replace_header("Content-Type", kind)
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", safe_name(name)))
        message.attach(part)
    return Letter(message_id, sender[1], recipient[1], message.as_bytes(policy=_WIRE))


def _line(text: str) -> str:
    """Return one line: what a header may hold, whatever came in."""
    return shown(" ".join(text.split()))


def _mailbox(mailbox: tuple[str, str]) -> str:
    name, address = mailbox
    return formataddr((_line(name), re.sub(r"\s", "", address)))


def status_xml(
    *, code: str, description: str, number: str, day: str, office: tuple[str, str], asked_by: str, moment: datetime
) -> bytes:
    """Write an edXML status package (QCVN 102:2016/BTTTT; form of the government's SDK, domain.md 5.3).

    `code` 01 arrived, 02 refused, 03 accepted; `number` as "145-CV/TU"; `day` ISO; `office` is (identifier, name) of us.
    """

    def element(name: str, text: str) -> str:
        return f"<edXML:{name}>{escape(text)}</edXML:{name}>" if text else ""

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
