"""A mailbox on one network: IMAP4rev1 (RFC 3501) in, SMTP submission (RFC 5321, 6409) out, TLS always.

Login is tried once in a run: accounts lock. Messages are read by BODY.PEEK[] under EXAMINE, in pieces when large, and
marked only when told. A connection that broke is forgotten, and made again when the next verb needs it.
Measured facts behind the odd lines: mail.md 3.5 and 4.
"""

import contextlib
import smtplib
import ssl
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from vanthu_cli.channels.channel import Answered, Known, Waiting
from vanthu_cli.channels.letter import Letter
from vanthu_cli.channels.listing import (
    WHOLE,
    Facts,
    Group,
    all_uids,
    bodies,
    chunks,
    facts_of,
    groups,
    in_slices,
    replaced,
)
from vanthu_cli.channels.servers import hang_up, open_imap, open_smtp, reaching, tls_context
from vanthu_cli.channels.submission import ready, submit
from vanthu_cli.config.settings import Channel, Server
from vanthu_cli.errors import UnreachableError, VanthuError
from vanthu_cli.locale import _

__all__ = ["MailChannel", "tls_context"]

_T = TypeVar("_T")
_INBOX = "INBOX"
_COPIES = 4
"""Copies for Sent that may be under way."""
_FRESH = 15
"""Seconds for which a connection that has answered is not asked again before a copy is put into Sent."""
_DONE = b"$VanThuDone"
_DONE_FOLDER = "Đã xử lý"


@dataclass(slots=True)
class MailChannel:
    """A mailbox on the servers `imap` and `smtp`; connections are made when first needed and kept for the run.

    Timeouts are seconds.
    """

    name: str
    settings: Channel
    imap: Server
    smtp: Server
    imap_tls: ssl.SSLContext
    smtp_tls: ssl.SSLContext
    password: Callable[[], str]
    told: Callable[[bool], None] = lambda _good: None
    """Called with whether a login was let in; not called when the server never got so far."""
    connect_timeout: float = 15.0
    read_timeout: float = 60.0
    _imap: IMAPClient | None = field(default=None, init=False)
    _examined: int | None = field(default=None, init=False)
    """UIDVALIDITY of the inbox while it is what the connection looks at."""
    _heard: float = field(default=0.0, init=False)
    """When the IMAP server last answered (monotonic)."""
    _sent: str | None = field(default=None, init=False)
    _smtp: smtplib.SMTP | None = field(default=None, init=False)
    _copier: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), init=False)
    _copies: deque[Future[None]] = field(default_factory=deque, init=False)
    _failed: dict[str, VanthuError] = field(default_factory=dict, init=False)

    @property
    def address(self) -> str:
        return self.settings.address

    # -- in ----------------------------------------------------------------------------------------------------

    def waiting(self, known: Known) -> Iterator[Waiting]:
        with self._talk() as client:
            facts = self._select(client, _INBOX)
            epoch = int(facts[b"UIDVALIDITY"])
            uids = all_uids(client, int(facts[b"EXISTS"]))
            new = [uid for uid in uids if f"{epoch}.{uid}" not in known]
            anew = bool(known) and not any(identity.startswith((f"{epoch}.", f"{epoch}~")) for identity in known)
            found = facts_of(client, epoch, new, named=anew) + replaced(client, epoch, uids, known)
        for group in groups(sorted(found, key=lambda each: (each.received_at, each.uid))):
            for each in group.facts:
                read = partial(self._read, epoch, each, group)
                yield Waiting(each.identity, each.received_at, each.size, read, each.message_id)

    def _read(self, epoch: int, wanted: Facts, group: Group) -> bytes:
        """Return the message byte for byte, its whole group being read at once; a large one in slices: memory stays flat."""
        if wanted.uid not in group.read:
            with self._talk(in_use=self._examined == epoch) as client:
                if self._examined is None:
                    self._select(client, _INBOX)
                if self._examined == epoch and wanted.size > WHOLE:
                    group.read[wanted.uid] = in_slices(client, wanted.uid, wanted.size)
                elif self._examined == epoch:
                    group.read.update(bodies(client, [each.uid for each in group.facts if each.size <= WHOLE]))
        raw = group.read.pop(wanted.uid, None)
        if raw is None:
            raise UnreachableError(
                "mail.expunged",
                _("A message vanished from the server while it was being read."),
                _("If somebody else reads this mailbox, ask them; nothing else is affected."),
            )
        return raw

    def acknowledge(self, identities: Sequence[str], broken: Collection[str] = ()) -> None:
        del broken  # a mailbox has no word for it
        if self.settings.after == "leave" or not identities:
            return
        with self._talk() as client:
            facts = self._select(client, _INBOX, readonly=False)
            epoch = int(facts[b"UIDVALIDITY"])
            named = (each.split(".") for each in identities)
            uids = [int(uid) for at, uid in named if at.partition("~")[0] == str(epoch)]
            kept = facts.get(b"PERMANENTFLAGS", ())
            # A keyword that the server does not keep may make it refuse the whole STORE.
            flags = [b"\\Seen", _DONE] if b"\\*" in kept or _DONE in kept else [b"\\Seen"]
            # Without MOVE (RFC 6851) a copy, delete and expunge could take other mail along: then it stays flagged.
            move = self.settings.after == "move" and client.has_capability("MOVE")
            for chunk in chunks(uids):
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
        self._copied()
        if self._imap is not None and not in_use and not _answers(self._imap):
            self._drop_imap()
        if self._imap is None:
            server = self.imap
            timeouts = (self.connect_timeout, self.read_timeout)
            self._imap = self._once("imap", server, lambda: open_imap(server, self.imap_tls, self.password(), timeouts))
        try:
            with reaching(self.imap, "IMAP"):
                yield self._imap
                self._heard = time.monotonic()
        except VanthuError:
            self._drop_imap()
            raise

    def _drop_imap(self) -> None:
        if self._imap is not None:
            hang_up(self._imap)
        self._imap, self._examined, self._sent = None, None, None

    # -- out ---------------------------------------------------------------------------------------------------

    def hand_over(self, letter: Letter, about_to: Callable[[], None]) -> Answered:
        answered = submit(self._writer(), letter, about_to)
        if answered.state == "handed-over" and letter.copied:
            self._keep_copy(letter)
        return answered

    def largest(self) -> int | None:
        limit = self._writer().esmtp_features.get("size", "")
        return int(limit) if limit.isdecimal() and int(limit) > 0 else None

    def _keep_copy(self, letter: Letter) -> None:
        """Put a copy into Sent: evidence after a crash. That it fails changes nothing about the letter.

        It goes its own way while the next letter is being handed over; every other use of the mailbox waits for it.
        """
        if len(self._copies) == _COPIES:
            self._copies.popleft().result()
        if self._imap is None or time.monotonic() - self._heard > _FRESH or self._sent is None:
            with contextlib.suppress(VanthuError), self._talk() as client:
                self._sent = client.find_special_folder(b"\\Sent") or "Sent"
                _make_folder(client, self._sent)
        if self._imap is not None and self._sent is not None:
            self._copies.append(self._copier.submit(self._append, self._imap, self._sent, letter.raw))

    def _append(self, client: IMAPClient, folder: str, raw: bytes) -> None:
        try:
            with reaching(self.imap, "IMAP"):
                if client.has_capability("MULTIAPPEND"):
                    # append() looks for line ends to mend: as long as the rest together
                    client.multiappend(folder, [{"msg": raw, "flags": [b"\\Seen"]}])
                else:
                    client.append(folder, raw, flags=[b"\\Seen"])
            self._heard = time.monotonic()
        except VanthuError:
            self._drop_imap()

    def _copied(self) -> None:
        """Wait until every copy is in Sent, or could not be put there."""
        while self._copies:
            self._copies.popleft().result()

    def _writer(self) -> smtplib.SMTP:
        if self._smtp is not None and not ready(self._smtp):
            self._smtp.close()
            self._smtp = None
        if self._smtp is None:
            server, name = self.smtp, self.address.rpartition("@")[2]
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
            opened = open_it()
        except VanthuError as error:
            wrong = error.code == "mail.login"
            self._failed[account if wrong else way] = error
            if wrong:
                self.told(False)
            raise
        self.told(True)
        return opened

    def check(self) -> None:
        with self._talk():
            pass
        self._writer()

    def close(self) -> None:
        self._copied()
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


def _make_folder(client: IMAPClient, name: str) -> None:
    """Make a folder that is not there; subscribed, else webmail does not show it."""
    if not client.folder_exists(name):
        client.create_folder(name)
        client.subscribe_folder(name)
