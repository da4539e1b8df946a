"""The practice office's outgoing mail server: submission with STARTTLS and AUTH, delivery into practice mailboxes.

Knows no host but itself. Strangers get 550 5.1.1, addresses with a set answer get that, "bouncing" addresses are
accepted and then reported undeliverable, as a server further on would do it. Offers DSN (RFC 3461): who asks for
NOTIFY=SUCCESS gets a report of each delivery too.
"""

import ssl
import uuid
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from vanthu_cli.sandbox.mailboxes import deliver

SIZE_LIMIT = 30 * 2**20
HOST = "mail.haiduong.gov.vn"
_NOBODY = f"nobody@{HOST}"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a delivery ended and what the sender had to wish (NOTIFY) to be told."""

    wish: str
    subject: str
    sentence: str
    fields: str


_SUCCESS = _Outcome(
    wish="SUCCESS",
    subject="Successful Mail Delivery Report",
    sentence="delivered to the mailbox",
    fields="Action: delivered\nStatus: 2.0.0",
)
_FAILURE = _Outcome(
    wish="FAILURE",
    subject="Undelivered Mail Returned to Sender",
    sentence="No such user here (in reply to RCPT TO command)",
    fields="Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.remote.test\n"
    "Diagnostic-Code: smtp; 550 5.1.1 No such user here",
)
_DSN_AT_MAIL = ("ENVID=", "RET=")
_DSN_AT_RCPT = ("NOTIFY=", "ORCPT=")


@dataclass  # without slots: aiosmtpd asks for every attribute, and in Debian 12's Python 3.11.2 such a class has one that fails
class Postbox:
    """What the server does with a letter; one for all connections."""

    folder: Path
    users: Mapping[str, str]
    answers: Mapping[str, str] = field(default_factory=dict)
    """Recipient to reply at RCPT: `{"greylist@haiduong.gov.vn": "450 4.2.0 try again later"}`."""
    bounces: AbstractSet[str] = frozenset()

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
        if not isinstance(login, LoginPassword):
            return AuthResult(success=False, handled=False)
        right = self.users.get(login.login.decode(errors="replace")) == login.password.decode(errors="replace")
        return AuthResult(success=right, handled=False, auth_data=login)

    async def handle_EHLO(  # noqa: N802  aiosmtpd finds its hooks by name
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-DSN", responses[-1]]

    async def handle_RCPT(  # noqa: N802  aiosmtpd finds its hooks by name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        if address not in self.users and address not in self.bounces:
            return f"550 5.1.1 <{address}>: Recipient address rejected: User unknown"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd finds its hooks by name
        message_id = make_msgid(domain=HOST)
        sender = envelope.mail_from.replace(_NOBODY, "")
        trace = (
            f"Return-Path: <{sender}>\r\n"
            f"Received: from {session.host_name} by {HOST} with ESMTPSA id {message_id}; {formatdate(localtime=True)}\r\n"
        )
        for address in envelope.rcpt_tos:
            outcome = _FAILURE if address in self.bounces else _SUCCESS
            if outcome is _SUCCESS:
                deliver(self.folder, address, trace.encode() + envelope.content)
            if sender in self.users and outcome.wish in envelope.notify[address]:
                report = _report(outcome, address, sender, envelope.content, envelope.envelope_id)
                deliver(self.folder, sender, report)
        return f"250 2.0.0 Ok: queued as {message_id}"


class Submission(SMTP):  # type: ignore[misc]  # aiosmtpd has no types
    """One connection to the practice server: aiosmtpd with the parameters of RFC 3461 (DSN), which it doesn't know."""

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802  aiosmtpd finds its commands by name
        rest, taken = _without(arg, _DSN_AT_MAIL)
        if rest:  # receipts and reports have no sender (RFC 8098, 2.1), which aiosmtpd refuses
            rest = rest.replace("<>", f"<{_NOBODY}>", 1)
        await super().smtp_MAIL(rest)
        self.envelope.envelope_id = next((value[6:] for value in taken if value.upper().startswith("ENVID=")), None)
        self.envelope.notify = {}

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802  aiosmtpd finds its commands by name
        rest, taken = _without(arg, _DSN_AT_RCPT)
        known = len(self.envelope.rcpt_tos)
        await super().smtp_RCPT(rest)
        for address in self.envelope.rcpt_tos[known:]:
            wishes = [value[7:].upper() for value in taken if value.upper().startswith("NOTIFY=")]
            self.envelope.notify[address] = set((wishes or ["FAILURE"])[0].split(","))


def submission(postbox: Postbox, tls: ssl.SSLContext) -> Submission:
    """Return the protocol object of one new connection."""
    return Submission(
        postbox,
        hostname=HOST,
        ident="practice",
        data_size_limit=SIZE_LIMIT,
        tls_context=tls,
        require_starttls=True,
        auth_required=True,
        authenticator=postbox.authenticate,
    )


def _without(arg: str | None, prefixes: tuple[str, ...]) -> tuple[str | None, list[str]]:
    if arg is None:
        return None, []
    words = arg.split()
    taken = [word for word in words[1:] if word.upper().startswith(prefixes)]
    return " ".join(word for word in words if word not in taken), taken


def _report(outcome: _Outcome, recipient: str, sender: str, raw: bytes, envelope_id: str | None) -> bytes:
    """Return the delivery status notification (RFC 3462, RFC 3464) as it comes by mail."""
    now, boundary = formatdate(localtime=True), uuid.uuid4().hex
    envelope = f"Original-Envelope-Id: {envelope_id}\n" if envelope_id else ""
    report = f"""\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@{HOST}>
To: {sender}
Subject: {outcome.subject}
Date: {now}
Message-ID: {make_msgid(domain=HOST)}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset=us-ascii

<{recipient}>: {outcome.sentence}

--{boundary}
Content-Type: message/delivery-status

{envelope}Reporting-MTA: dns; {HOST}
Arrival-Date: {now}

Final-Recipient: rfc822; {recipient}
{outcome.fields}

--{boundary}
Content-Type: text/rfc822-headers

"""
    head = raw.partition(b"\r\n\r\n")[0]
    return report.replace("\n", "\r\n").encode() + head + f"\r\n\r\n--{boundary}--\r\n".encode()
