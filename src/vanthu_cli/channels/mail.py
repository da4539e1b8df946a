"""A mailbox on one network: IMAP4rev1 (RFC 3501) in, SMTP submission (RFC 5321, 6409) out, TLS always.

Login is tried once in a run: accounts lock. Messages are read by BODY.PEEK[] under EXAMINE, in pieces when large, and
marked only when told. A connection that broke is forgotten, and made again when the next verb needs it.
Measured facts behind the odd lines: mail.md 3.5 and 4.
"""

import contextlib
import smtplib
import ssl
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from vanthu_cli.channels.channel import Answered, Waiting
from vanthu_cli.channels.letter import Letter
from vanthu_cli.channels.servers import hang_up, open_imap, open_smtp, reaching, tls_context
from vanthu_cli.channels.submission import ready, submit
from vanthu_cli.config.settings import Channel, Server
from vanthu_cli.errors import MisuseError, UnreachableError, VanthuError
from vanthu_cli.locale import _

__all__ = ["MailChannel", "tls_context"]

_T = TypeVar("_T")
_INBOX = "INBOX"
_SLICE = 1 << 20
_WHOLE = 8 << 20
_CHUNK = 200
_SEARCHED = 50_000
"""Messages one SEARCH asks for: its answer is one line, and imaplib takes lines of a million bytes."""
_DONE = b"$VanThuDone"
_DONE_FOLDER = "Đã xử lý"


@dataclass(slots=True)
class MailChannel:
    """An open mailbox; connections are made when first needed and kept for the run. Timeouts are seconds."""

    name: str
    settings: Channel
    imap_tls: ssl.SSLContext
    smtp_tls: ssl.SSLContext
    password: Callable[[], str]
    connect_timeout: float = 15.0
    read_timeout: float = 60.0
    _imap: IMAPClient | None = field(default=None, init=False)
    _examined: int | None = field(default=None, init=False)
    """UIDVALIDITY of the inbox while it is what the connection looks at."""
    _smtp: smtplib.SMTP | None = field(default=None, init=False)
    _failed: dict[str, VanthuError] = field(default_factory=dict, init=False)

    @property
    def address(self) -> str:
        return self.settings.address

    # -- in ----------------------------------------------------------------------------------------------------

    def waiting(self, known: Collection[str]) -> Iterator[Waiting]:
        with self._talk() as client:
            facts = self._select(client, _INBOX)
            epoch = int(facts[b"UIDVALIDITY"])
            new = [uid for uid in _all_uids(client, int(facts[b"EXISTS"])) if f"{epoch}.{uid}" not in known]
            found = []
            for chunk in _chunks(new):
                answer = client.fetch(chunk, ["RFC822.SIZE", "INTERNALDATE"])
                present = [uid for uid in chunk if uid in answer]  # else expunged under us: nothing to take
                found += [
                    (_received(answer[uid].get(b"INTERNALDATE")), uid, int(answer[uid].get(b"RFC822.SIZE", 0)))
                    for uid in present
                ]
        for moment, uid, size in sorted(found):
            yield Waiting(f"{epoch}.{uid}", moment, size, partial(self.fetch, epoch, uid, size))

    def fetch(self, epoch: int, uid: int, size: int) -> bytes:
        """Return the message byte for byte; large ones in slices, so that memory stays flat."""
        with self._talk(in_use=self._examined == epoch) as client:
            if self._examined is None:
                self._select(client, _INBOX)
            if self._examined == epoch:
                raw = _whole(client, uid) if size <= _WHOLE else _in_slices(client, uid, size)
                if raw is not None:
                    return raw
        raise UnreachableError(
            "mail.expunged",
            _("A message vanished from the server while it was being read."),
            _("If somebody else reads this mailbox, ask them; nothing else is affected."),
        )

    def acknowledge(self, identities: Sequence[str]) -> None:
        if self.settings.after == "leave" or not identities:
            return
        with self._talk() as client:
            facts = self._select(client, _INBOX, readonly=False)
            epoch = int(facts[b"UIDVALIDITY"])
            uids = [int(uid) for at, uid in (each.split(".") for each in identities) if int(at) == epoch]
            kept = facts.get(b"PERMANENTFLAGS", ())
            # A keyword that the server does not keep may make it refuse the whole STORE.
            flags = [b"\\Seen", _DONE] if b"\\*" in kept or _DONE in kept else [b"\\Seen"]
            # Without MOVE (RFC 6851) a copy, delete and expunge could take other mail along: then it stays flagged.
            move = self.settings.after == "move" and client.has_capability("MOVE")
            for chunk in _chunks(uids):
                present = client.search(["UID", ",".join(map(str, chunk))])
                if present:
                    client.add_flags(present, flags, silent=True)
                if present and move:
                    _make_folder(client, _DONE_FOLDER)
                    client.move(present, _DONE_FOLDER)

    def trace(self, message_id: str) -> bool | None:
        """Look for our copy in Sent. Its absence proves nothing: the copy is made after the server took the letter."""
        with self._talk() as client:
            folder = client.find_special_folder(b"\\Sent") or "Sent"
            if not client.folder_exists(folder):
                return None
            self._select(client, folder)
            return True if client.search(["HEADER", "Message-ID", message_id]) else None

    def _select(self, client: IMAPClient, folder: str, *, readonly: bool = True) -> dict[bytes, Any]:
        self._examined = None
        facts: dict[bytes, Any] = client.select_folder(folder, readonly=readonly)
        if folder == _INBOX and readonly:
            self._examined = int(facts[b"UIDVALIDITY"])
        return facts

    @contextlib.contextmanager
    def _talk(self, *, in_use: bool = False) -> Iterator[IMAPClient]:
        """Yield a connection that answers: an idle one may have been closed by the server (RFC 3501 5.4)."""
        if self._imap is not None and not in_use and not _answers(self._imap):
            self._drop_imap()
        if self._imap is None:
            server = self.settings.imap
            timeouts = (self.connect_timeout, self.read_timeout)
            self._imap = self._once("imap", server, lambda: open_imap(server, self.imap_tls, self.password(), timeouts))
        try:
            with reaching(self.settings.imap, "IMAP"):
                yield self._imap
        except VanthuError:
            self._drop_imap()
            raise

    def _drop_imap(self) -> None:
        if self._imap is not None:
            hang_up(self._imap)
        self._imap, self._examined = None, None

    # -- out ---------------------------------------------------------------------------------------------------

    def hand_over(self, letter: Letter, about_to: Callable[[], None]) -> Answered:
        answered = submit(self._writer(), letter, about_to)
        if answered.state == "handed-over":
            self._keep_copy(letter)
        return answered

    def _keep_copy(self, letter: Letter) -> None:
        """Put a copy into Sent: evidence after a crash. That it fails changes nothing about the letter."""
        with contextlib.suppress(VanthuError), self._talk() as client:
            folder = client.find_special_folder(b"\\Sent") or "Sent"
            _make_folder(client, folder)
            client.append(folder, letter.raw, flags=[b"\\Seen"])

    def _writer(self) -> smtplib.SMTP:
        if self._smtp is not None and not ready(self._smtp):
            self._smtp.close()
            self._smtp = None
        if self._smtp is None:
            server, name = self.settings.smtp, self.address.rpartition("@")[2]
            self._smtp = self._once(
                "smtp",
                server,
                lambda: open_smtp(server, self.smtp_tls, self.password(), name=name, timeout=self.read_timeout),
            )
        return self._smtp

    # -- both --------------------------------------------------------------------------------------------------

    def _once(self, way: str, server: Server, open_it: Callable[[], _T]) -> _T:
        """Open a connection; a failure is remembered for the run, so that nothing is waited for or tried twice.

        A wrong password is wrong both ways: there is one account, and it locks.
        """
        account = f"login {server.user}"
        failure = self._failed.get(way) or self._failed.get(account)
        if failure:
            raise failure
        try:
            return open_it()
        except VanthuError as error:
            wrong = isinstance(error, MisuseError) and error.code == "mail.login"
            self._failed[account if wrong else way] = error
            raise

    def check(self) -> None:
        with self._talk():
            pass
        self._writer()

    def close(self) -> None:
        with contextlib.suppress(OSError, IMAPClientError):
            if self._imap is not None:
                self._imap.logout()
        with contextlib.suppress(OSError):
            if self._smtp is not None:
                self._smtp.quit()
        self._drop_imap()
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None


def _answers(client: IMAPClient) -> bool:
    try:
        client.noop()
    except (IMAPClientError, OSError, ValueError):
        return False
    return True


def _all_uids(client: IMAPClient, exists: int) -> list[int]:
    found = list[int]()
    for first in range(1, exists + 1, _SEARCHED):
        last = first + _SEARCHED - 1
        found += client.search([f"{first}:{last if last < exists else '*'}"])
    return sorted(set(found))


def _chunks(uids: Sequence[int]) -> Iterator[list[int]]:
    """Servers take command lines of some thousand bytes (Dovecot 64 KiB)."""
    for start in range(0, len(uids), _CHUNK):
        yield list(uids[start : start + _CHUNK])


def _received(moment: datetime | None) -> str:
    """Return the server's time of arrival as ISO UTC; a server that cannot say when has it since now at the latest."""
    return (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")


def _whole(client: IMAPClient, uid: int) -> bytes | None:
    return _body(client.fetch([uid], ["BODY.PEEK[]"]), uid)


def _in_slices(client: IMAPClient, uid: int, size: int) -> bytes | None:
    """Read until a slice is short. The size is only what the server says: it may be a little wrong (Exchange)."""
    raw = bytearray()
    while len(raw) <= 2 * size:
        piece = _body(client.fetch([uid], [f"BODY.PEEK[]<{len(raw)}.{_SLICE}>"]), uid)
        if piece is None and len(raw) < size:
            return None
        raw += piece or b""
        if piece is None or len(piece) < _SLICE:
            return bytes(raw)
    raise ValueError(f"{size} bytes were announced, there are more than {len(raw)}")


def _body(answer: dict[int, dict[bytes, Any]], uid: int) -> bytes | None:
    """Return the text of a message; None when it is gone: no answer, or NIL (Dovecot), while the server says OK."""
    for key, value in answer.get(uid, {}).items():
        if isinstance(key, bytes) and key.startswith(b"BODY[]"):
            return value if isinstance(value, bytes) else None
    return None


def _make_folder(client: IMAPClient, name: str) -> None:
    """Make a folder that is not there; subscribed, else webmail does not show it."""
    if not client.folder_exists(name):
        client.create_folder(name)
        client.subscribe_folder(name)
