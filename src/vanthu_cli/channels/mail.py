"""A mailbox on one network: IMAP4rev1 (RFC 3501) in, SMTP submission (RFC 5321, 6409) out, TLS always.

Login is tried once in a run: accounts lock. Messages are read by BODY.PEEK[] under EXAMINE, in pieces when large, and
marked only when told. Measured facts behind the odd lines: mail.md 3.5 and 4.
"""

import contextlib
import imaplib
import smtplib
import socket
import ssl
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any, TypeVar

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from vanthu_cli.channels.channel import Answered, Waiting
from vanthu_cli.channels.letter import Letter
from vanthu_cli.config import Channel, Server
from vanthu_cli.errors import MisuseError, UnreachableError, VanthuError
from vanthu_cli.locale import _

_T = TypeVar("_T")
_CONNECT, _READ = 15.0, 60.0
_SLICE = 1 << 20
_WHOLE = 8 << 20
_CHUNK = 200
_DONE = b"$VanThuDone"
_DONE_FOLDER = "Đã xử lý"
_TEMPORARY = 400, 500


class _NamedContext(ssl.SSLContext):
    """TLS towards a server whose certificate bears another name than the one we connect to (Party WAN: no DNS)."""

    tls_name: str = ""

    def wrap_socket(self, sock: socket.socket, *args: Any, **named: Any) -> ssl.SSLSocket:
        if self.tls_name:
            named["server_hostname"] = self.tls_name
        return super().wrap_socket(sock, *args, **named)


def tls_context(server: Server, ca: Path | None) -> ssl.SSLContext:
    """Verify always: against the channel's own CA file when it has one, else the system's."""
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.tls_name = server.tls_name
    try:
        if ca is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(ca)
    except (OSError, ssl.SSLError) as error:
        raise MisuseError(
            "mail.ca", _("The CA file {path} of {host} cannot be read.").format(path=ca, host=server.host)
        ) from error
    return context


@dataclass(slots=True)
class MailChannel:
    """An open mailbox; connections are made when first needed and kept for the run."""

    name: str
    settings: Channel
    imap_tls: ssl.SSLContext
    smtp_tls: ssl.SSLContext
    password: Callable[[], str]
    _imap: IMAPClient | None = field(default=None, init=False)
    _smtp: smtplib.SMTP | None = field(default=None, init=False)
    _failed: dict[str, VanthuError] = field(default_factory=dict, init=False)

    @property
    def address(self) -> str:
        return self.settings.address

    # -- in ----------------------------------------------------------------------------------------------------

    def waiting(self, known: Collection[str]) -> Iterator[Waiting]:
        client = self._reader()
        with _named(self.settings.imap, "IMAP"):
            epoch = int(client.select_folder("INBOX", readonly=True)[b"UIDVALIDITY"])
            new = [uid for uid in sorted(client.search(["ALL"])) if f"{epoch}.{uid}" not in known]
        for start in range(0, len(new), _CHUNK):
            chunk = new[start : start + _CHUNK]
            with _named(self.settings.imap, "IMAP"):
                facts = client.fetch(chunk, ["RFC822.SIZE", "INTERNALDATE"])
            for uid in chunk:
                if uid in facts:  # else expunged under us: nothing to take
                    size = int(facts[uid][b"RFC822.SIZE"])
                    received = facts[uid][b"INTERNALDATE"].astimezone(UTC).isoformat(timespec="seconds")
                    yield Waiting(f"{epoch}.{uid}", received, size, _fetcher(self, uid, size))

    def fetch(self, uid: int, size: int) -> bytes:
        """Return the message byte for byte; large ones in slices, so that memory stays flat."""
        client = self._reader()
        with _named(self.settings.imap, "IMAP"):
            if size <= _WHOLE:
                return _body(client.fetch([uid], ["BODY.PEEK[]"]), uid)
            pieces = bytearray()
            while True:
                piece = _body(client.fetch([uid], [f"BODY.PEEK[]<{len(pieces)}.{_SLICE}>"]), uid)
                pieces += piece
                if len(piece) < _SLICE:
                    return bytes(pieces)

    def acknowledge(self, identities: Sequence[str]) -> None:
        if self.settings.after == "leave" or not identities:
            return
        client = self._reader()
        with _named(self.settings.imap, "IMAP"):
            epoch = int(client.select_folder("INBOX")[b"UIDVALIDITY"])
            present = set(client.search(["ALL"]))
            uids = [int(uid) for at, uid in (each.split(".") for each in identities) if int(at) == epoch]
            uids = [uid for uid in uids if uid in present]
            if uids:
                client.add_flags(uids, [b"\\Seen", _DONE], silent=True)
            # Without MOVE (RFC 6851) a copy, delete and expunge could take other mail along: then it stays flagged.
            if uids and self.settings.after == "move" and client.has_capability("MOVE"):
                if not client.folder_exists(_DONE_FOLDER):
                    client.create_folder(_DONE_FOLDER)
                client.move(uids, _DONE_FOLDER)

    def trace(self, message_id: str) -> bool | None:
        """Look for our copy in Sent. Its absence proves nothing: the copy is made after the server took the letter."""
        client = self._reader()
        with _named(self.settings.imap, "IMAP"):
            folder = client.find_special_folder(b"\\Sent") or "Sent"
            if not client.folder_exists(folder):
                return None
            client.select_folder(folder, readonly=True)
            return True if client.search(["HEADER", "Message-ID", message_id]) else None

    def _reader(self) -> IMAPClient:
        if self._imap is None:
            self._imap = self._once("imap", self._open_imap)
        return self._imap

    def _open_imap(self) -> IMAPClient:
        server = self.settings.imap
        with _named(server, "IMAP"):
            implicit = server.tls == "implicit"
            client = IMAPClient(
                server.host,
                port=server.port,
                ssl=implicit,
                ssl_context=self.imap_tls if implicit else None,
                timeout=SocketTimeout(_CONNECT, _READ),
            )
            client._imap.debug = 0  # noqa: SLF001  imapclient formats every literal into a discarded string: 75 % of CPU
            client.normalise_times = False
            if not implicit:
                client.starttls(self.imap_tls)
            client.login(server.user, self.password())
            return client

    # -- out ---------------------------------------------------------------------------------------------------

    def hand_over(self, letter: Letter, about_to: Callable[[], None]) -> Answered:
        smtp = self._writer()
        impossible = _impossible(smtp, letter)
        if impossible:
            return impossible
        try:
            refusal = self._envelope(smtp, letter)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self._smtp = None
            return Answered("later", str(error))
        if refusal:
            return refusal
        about_to()
        try:
            code, words = smtp.data(letter.raw)
        except smtplib.SMTPDataError as error:  # the DATA command itself was refused: nothing was taken
            code, words = (
                error.smtp_code,
                error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode(),
            )
        except (smtplib.SMTPException, OSError) as error:
            self._smtp = None
            return Answered("unsure", str(error) or type(error).__name__)
        said = f"{code} {words.decode('utf-8', 'replace')}".strip()
        if not str(code).startswith("2"):
            return Answered("later" if _TEMPORARY[0] <= code < _TEMPORARY[1] else "refused", said)
        self._keep_copy(letter)
        return Answered("handed-over", said)

    def _envelope(self, smtp: smtplib.SMTP, letter: Letter) -> Answered | None:
        notify = smtp.has_extn("dsn")
        options = [f"SIZE={len(letter.raw)}"] if smtp.has_extn("size") else []
        if notify:  # RFC 3461: ask for delivery reports that carry our identity back
            options += ["RET=HDRS", f"ENVID={letter.message_id.strip('<>')}"]
        code, words = smtp.mail(letter.sender, options)
        if str(code).startswith("2"):
            code, words = smtp.rcpt(letter.recipient, ["NOTIFY=SUCCESS,FAILURE,DELAY"] if notify else [])
        if str(code).startswith("2"):
            return None
        with contextlib.suppress(smtplib.SMTPException, OSError):
            smtp.rset()
        said = f"{code} {words.decode('utf-8', 'replace')}"
        return Answered("later" if _TEMPORARY[0] <= code < _TEMPORARY[1] else "refused", said)

    def _keep_copy(self, letter: Letter) -> None:
        """Put a copy into Sent: evidence after a crash. That it fails changes nothing about the letter."""
        with contextlib.suppress(VanthuError, IMAPClientError, imaplib.IMAP4.error, OSError):
            client = self._reader()
            folder = client.find_special_folder(b"\\Sent") or "Sent"
            if not client.folder_exists(folder):
                client.create_folder(folder)
            client.append(folder, letter.raw, flags=[b"\\Seen"])

    def _writer(self) -> smtplib.SMTP:
        if self._smtp is None:
            self._smtp = self._once("smtp", self._open_smtp)
        return self._smtp

    def _open_smtp(self) -> smtplib.SMTP:
        server = self.settings.smtp
        name = self.address.rpartition("@")[2]
        with _named(server, "SMTP"):
            if server.tls == "implicit":
                smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, local_hostname=name, timeout=_READ, context=self.smtp_tls
                )
            else:
                smtp = smtplib.SMTP(server.host, server.port, local_hostname=name, timeout=_READ)
                smtp.starttls(context=self.smtp_tls)
            if smtp.sock is not None:  # Nagle and delayed ACK together cost 40 ms a letter
                smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            smtp.ehlo()
            smtp.login(server.user, self.password())
            return smtp

    # -- both --------------------------------------------------------------------------------------------------

    def _once(self, way: str, open_it: Callable[[], _T]) -> _T:
        """Open a connection; a refusal is remembered, so that a wrong password is tried once in a run."""
        if way in self._failed:
            raise self._failed[way]
        try:
            return open_it()
        except VanthuError as error:
            self._failed[way] = error
            raise

    def check(self) -> None:
        self._reader()
        self._writer()

    def close(self) -> None:
        with contextlib.suppress(Exception):
            if self._imap is not None:
                self._imap.logout()
        with contextlib.suppress(Exception):
            if self._smtp is not None:
                self._smtp.quit()
        self._imap = self._smtp = None


def _impossible(smtp: smtplib.SMTP, letter: Letter) -> Answered | None:
    """Say what this server would refuse anyway, before anything is sent to it."""
    if not (letter.sender + letter.recipient).isascii():
        return Answered("refused", _("the address has letters that this server does not take"))
    limit = smtp.esmtp_features.get("size", "")
    if limit.isdecimal() and 0 < int(limit) < len(letter.raw):
        said = _("too large for this server: {size} > {limit} bytes").format(size=len(letter.raw), limit=limit)
        return Answered("refused", said)
    return None


def _fetcher(channel: MailChannel, uid: int, size: int) -> Callable[[], bytes]:
    return lambda: channel.fetch(uid, size)


def _body(answer: Any, uid: int) -> bytes:
    found = answer.get(uid, {})
    for key, value in found.items():
        if key.startswith(b"BODY[]") and isinstance(value, bytes):
            return value
    raise UnreachableError("mail.expunged", _("A message vanished from the server while it was being read."))


@contextlib.contextmanager
def _named(server: Server, protocol: str) -> Iterator[None]:
    """Turn what libraries raise into one sentence that says which server, what, and the next step."""
    where = {"protocol": protocol, "host": server.host, "port": server.port}
    try:
        yield
    except (LoginError, smtplib.SMTPAuthenticationError) as error:
        raise MisuseError(
            "mail.login",
            _("{protocol} server {host}:{port} refuses the user name or password of {user}.").format(
                **where, user=server.user
            ),
            _("Correct the password where the configuration keeps it. It was tried once only: accounts lock."),
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise UnreachableError(
            "mail.certificate",
            _("{protocol} server {host}:{port} shows a certificate that cannot be believed: {why}.").format(
                **where, why=error.verify_message
            ),
            _(
                "Nothing was sent to it. Ask the server's administrator; set “ca” or “tls_name” if the office has its own CA."
            ),
        ) from error
    except (smtplib.SMTPException, IMAPClientError, imaplib.IMAP4.error, OSError) as error:
        raise UnreachableError(
            "mail.unreachable",
            _("{protocol} server {host}:{port} does not answer as it should: {why}").format(**where, why=error),
            _("Check the network, then run the same command again."),
        ) from error
