"""Reaching a mail server: TLS always, one login, and for every failure one sentence that a clerk understands."""

import contextlib
import imaplib
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from vanthu_cli.config.settings import Server
from vanthu_cli.document.text import shown
from vanthu_cli.errors import MisuseError, UnreachableError, VanthuError
from vanthu_cli.locale import _

_LATER = re.compile(rb"\[(UNAVAILABLE|LIMIT|INUSE|SERVERBUG)\]", re.IGNORECASE)
"""Response codes by which an IMAP server says that a failed login is not the password's fault (RFC 5530)."""
_ODD = (
    OSError,
    IMAPClientError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    MemoryError,
)
_MAX_WORDS = 500
_PERMANENT = 5


class _NamedContext(ssl.SSLContext):
    """TLS towards a server whose certificate bears another name than the one we connect to (Party WAN: no DNS)."""

    tls_name: str = ""

    def wrap_socket(self, sock: socket.socket, *args: Any, **named: Any) -> ssl.SSLSocket:
        if self.tls_name:
            named["server_hostname"] = self.tls_name
        return super().wrap_socket(sock, *args, **named)


def tls_context(server: Server, ca: Path | None) -> ssl.SSLContext:
    """Verify always: against the channel's own file when it has one (its CA, or the server's certificate), else the system's."""
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.tls_name = server.tls_name
    try:
        if ca is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(ca)
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the file may pin the server's own certificate
    except (OSError, ssl.SSLError) as error:
        raise MisuseError(
            "mail.ca", _("The CA file {path} of {host} cannot be read.").format(path=ca, host=server.host)
        ) from error
    return context


def open_imap(server: Server, tls: ssl.SSLContext, password: str, timeouts: tuple[float, float]) -> IMAPClient:
    """Connect and log in; `timeouts` are those for connecting and for each answer, in seconds."""
    _check_password(server, password)
    with reaching(server, "IMAP"), contextlib.ExitStack() as undo:
        implicit = server.tls == "implicit"
        client = IMAPClient(
            server.host,
            port=server.port,
            ssl=implicit,
            ssl_context=tls if implicit else None,
            timeout=SocketTimeout(*timeouts),
        )
        undo.callback(hang_up, client)
        client._imap.debug = 0  # noqa: SLF001  imapclient formats every literal into a discarded string: 75 % of CPU
        client.normalise_times = False
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # see open_smtp
        if not implicit:
            if not client.has_capability("STARTTLS"):
                raise _no_encryption(server, "IMAP")
            client.starttls(tls)
        client.login(server.user, password)
        undo.pop_all()
        return client


def open_smtp(server: Server, tls: ssl.SSLContext, password: str, *, name: str, timeout: float) -> smtplib.SMTP:
    """Connect and log in; `name` is what we call ourselves in EHLO, `timeout` seconds are waited for each answer."""
    _check_password(server, password)
    with reaching(server, "SMTP"), contextlib.ExitStack() as undo:
        if server.tls == "implicit":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, local_hostname=name, timeout=timeout, context=tls
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, local_hostname=name, timeout=timeout)
        undo.callback(smtp.close)
        smtp.ehlo()
        if server.tls != "implicit":
            if not smtp.has_extn("starttls"):
                raise _no_encryption(server, "SMTP")
            smtp.starttls(context=tls)
            smtp.ehlo()
        if smtp.sock is not None:  # Nagle and delayed ACK together cost 40 ms a letter
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _log_in(smtp, server, password)
        undo.pop_all()
        return smtp


def hang_up(client: IMAPClient) -> None:
    """Close a connection without a word: it may be broken, or closed already."""
    with contextlib.suppress(OSError, IMAPClientError):
        client.shutdown()


def _log_in(smtp: smtplib.SMTP, server: Server, password: str) -> None:
    """Log in by one mechanism only: smtplib's own login tries each that is offered, and accounts lock."""
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    smtp.user, smtp.password = server.user, password
    if "PLAIN" in offered:
        smtp.auth("PLAIN", smtp.auth_plain)
    elif "LOGIN" in offered:
        smtp.auth("LOGIN", smtp.auth_login)
    else:
        raise UnreachableError(
            "mail.no_login",
            _("SMTP server {host}:{port} offers no way of logging in that this program knows.").format(
                host=server.host, port=server.port
            ),
            _("Ask its administrator for the port for mail programs (submission, usually 465 or 587)."),
        )


def _check_password(server: Server, password: str) -> None:
    """LOGIN and AUTH take printable ASCII; a line break in a password would be a second command."""
    if not (password.isascii() and password.isprintable() and server.user.isascii() and server.user.isprintable()):
        raise MisuseError(
            "mail.password_letters",
            _("The user name or password of {user} at {host} has letters that mail servers do not take.").format(
                user=server.user, host=server.host
            ),
            _("Choose a password of letters without diacritics, digits and signs."),
        )


def _no_encryption(server: Server, protocol: str) -> UnreachableError:
    return UnreachableError(
        "mail.no_tls",
        _("{protocol} server {host}:{port} does not offer encryption (STARTTLS).").format(
            protocol=protocol, host=server.host, port=server.port
        ),
        _("No password was sent. Ask its administrator; somebody on the way may have removed the offer."),
    )


@contextlib.contextmanager
def reaching(server: Server, protocol: Literal["IMAP", "SMTP"]) -> Iterator[None]:
    """Turn what the mail libraries raise into one sentence that says which server, what, and the next step.

    A server may answer anything at all, and the libraries trip over it in their own ways: LookupError, ValueError …
    """
    try:
        yield
    except VanthuError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise UnreachableError(
            "mail.certificate",
            _("{protocol} server {host}:{port} shows a certificate that cannot be believed: {why}").format(
                protocol=protocol, host=server.host, port=server.port, why=_disbelief(error)
            ),
            _("No password was sent. Ask its administrator; set “ca” or “tls_name” if the office has its own CA."),
        ) from error
    except _ODD as error:
        if _rejected(error):
            raise _wrong_password(server, protocol) from error
        raise UnreachableError(
            "mail.unreachable",
            _("{protocol} server {host}:{port} does not answer as it should: {why}").format(
                protocol=protocol, host=server.host, port=server.port, why=why(error)
            ),
            _("Check the network, then run the same command again."),
        ) from error


def _rejected(error: Exception) -> bool:
    """Tell whether the server refused this login for good.

    IMAPClient raises LoginError for whatever goes wrong meanwhile; imaplib gives only the server's own words as bytes.
    """
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return error.smtp_code // 100 == _PERMANENT
    cause = error.__context__ if isinstance(error, LoginError) else None
    said = cause.args[0] if cause is not None and cause.args else None
    return isinstance(said, bytes) and not _LATER.search(said)


def _wrong_password(server: Server, protocol: str) -> MisuseError:
    return MisuseError(
        "mail.login",
        _("{protocol} server {host}:{port} refuses the user name or password of {user}.").format(
            protocol=protocol, host=server.host, port=server.port, user=server.user
        ),
        _("Correct the password where the configuration keeps it. It was tried once only: accounts lock."),
    )


def why(error: Exception) -> str:
    """Say in the clerk's language what the usual network errors mean; the rest in the words they came with."""
    if isinstance(error, LoginError) and isinstance(error.__context__, imaplib.IMAP4.error):
        error = error.__context__
    if isinstance(error, ConnectionRefusedError):
        return _("nothing listens there.")
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return _("no answer came in time.")
    if isinstance(error, socket.gaierror):
        return _("nobody knows this server name.")
    if isinstance(error, ConnectionError | imaplib.IMAP4.abort | smtplib.SMTPServerDisconnected | ssl.SSLEOFError):
        return _("the connection was cut.")
    return words(str(error)) or type(error).__name__


def words(said: str | bytes) -> str:
    """Return a server's words as one line that is safe on a terminal."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return shown(" ".join(text.split()))[:_MAX_WORDS]


def _disbelief(error: ssl.SSLCertVerificationError) -> str:
    """Say what is wrong with a certificate; the numbers are OpenSSL's X509_V_ERR_*."""
    known = {
        9: _("it is not valid yet."),
        10: _("it has expired."),
        18: _("it vouches for itself only."),
        19: _("its issuer is not one that this office believes."),
        20: _("its issuer is not one that this office believes."),
        21: _("its issuer is not one that this office believes."),
        62: _("it is made out to another server name."),
        64: _("it is made out to another server name."),
    }
    return known.get(error.verify_code) or words(error.verify_message)
