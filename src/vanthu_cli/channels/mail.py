"""A mailbox on one network: IMAP4rev1 (RFC 3501) in, SMTP submission (RFC 5321, 6409) out, TLS always.

Login is tried once in a run: accounts lock. Messages are read by BODY.PEEK[] under EXAMINE, in pieces when large, and
marked only when told. A connection that broke is forgotten, and made again when the next verb needs it.
Measured facts behind the odd lines: mail.md 3.5 and 4.
"""

import contextlib
import re
import smtplib
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from vanthu_cli.channels.channel import Answered, Known, Waiting
from vanthu_cli.channels.letter import Letter
from vanthu_cli.channels.servers import hang_up, open_imap, open_smtp, reaching, tls_context
from vanthu_cli.channels.submission import ready, submit
from vanthu_cli.config.settings import Channel, Server
from vanthu_cli.errors import UnreachableError, VanthuError
from vanthu_cli.locale import _

__all__ = ["MailChannel", "tls_context"]

_T = TypeVar("_T")
_INBOX = "INBOX"
_SLICE = 1 << 20
_WHOLE = 4 << 20
"""Bytes that are read by one command: of several messages together, or of one before it is read in slices."""
_COPIES = 4
"""Copies for Sent that may be under way."""
_FRESH = 15
"""Seconds for which a connection that has answered is not asked again before a copy is put into Sent."""
_CHUNK = 200
_GROUP = 32
_COMPARED = 50
_MESSAGE_ID = re.compile(rb"<[!-;=?-~]{1,900}>")
_SEARCHED = 50_000
"""Messages one SEARCH asks for: its answer is one line, and imaplib takes lines of a million bytes."""
_DONE = b"$VanThuDone"
_DONE_FOLDER = "Đã xử lý"


@dataclass(slots=True)
class MailChannel:
    """An open mailbox on the servers `imap` and `smtp`; connections are made when first needed and kept for the run. Timeouts are seconds."""

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
            uids = _all_uids(client, int(facts[b"EXISTS"]))
            new = [uid for uid in uids if f"{epoch}.{uid}" not in known]
            anew = bool(known) and not any(identity.startswith((f"{epoch}.", f"{epoch}~")) for identity in known)
            found = _facts(client, epoch, new, named=anew) + _replaced(client, epoch, uids, known)
        for group in _groups(sorted(found, key=lambda each: (each.received_at, each.uid))):
            for each in group.facts:
                read = partial(self._read, epoch, each, group)
                yield Waiting(each.identity, each.received_at, each.size, read, each.message_id)

    def _read(self, epoch: int, wanted: "_Facts", group: "_Group") -> bytes:
        """Return the message byte for byte, its whole group being read at once; a large one in slices: memory stays flat."""
        if wanted.uid not in group.read:
            with self._talk(in_use=self._examined == epoch) as client:
                if self._examined is None:
                    self._select(client, _INBOX)
                if self._examined == epoch and wanted.size > _WHOLE:
                    group.read[wanted.uid] = _in_slices(client, wanted.uid, wanted.size)
                elif self._examined == epoch:
                    group.read.update(_bodies(client, [each.uid for each in group.facts if each.size <= _WHOLE]))
        raw = group.read.pop(wanted.uid, None)
        if raw is None:
            raise UnreachableError(
                "mail.expunged",
                _("A message vanished from the server while it was being read."),
                _("If somebody else reads this mailbox, ask them; nothing else is affected."),
            )
        return raw

    def acknowledge(self, identities: Sequence[str]) -> None:
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
                if client.has_capability(
                    "MULTIAPPEND"
                ):  # append() looks for line ends to mend: as long as the rest together
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


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the server says of a message before it is read."""

    uid: int
    identity: str
    received_at: str
    size: int
    message_id: str | None


@dataclass(frozen=True, slots=True)
class _Group:
    """Messages that are read by one command: a round trip for each takes longer than the bytes (mail.md 4.1)."""

    facts: tuple[_Facts, ...]
    read: dict[int, bytes | None] = field(default_factory=dict)


def _groups(found: Sequence[_Facts]) -> Iterator[_Group]:
    group, size = list[_Facts](), 0
    for each in found:
        if group and (len(group) == _GROUP or size + each.size > _WHOLE):
            yield _Group(tuple(group))
            group, size = [], 0
        group.append(each)
        size += each.size
    if group:
        yield _Group(tuple(group))


def _facts(client: IMAPClient, epoch: int, uids: Sequence[int], *, named: bool) -> list[_Facts]:
    """Ask for size and time of arrival, and with `named` for the Message-ID: the server opens each message for that."""
    asked = ["RFC822.SIZE", "INTERNALDATE", *(["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"] if named else [])]
    found = []
    for chunk in _chunks(uids):
        answer = client.fetch(chunk, asked)
        for uid in (uid for uid in chunk if uid in answer):  # else expunged under us: nothing to take
            said = answer[uid]
            header = next((value for key, value in said.items() if key.startswith(b"BODY[HEADER")), None)
            message_id = _MESSAGE_ID.search(header) if isinstance(header, bytes) else None
            found.append(
                _Facts(
                    uid,
                    f"{epoch}.{uid}",
                    _received(said.get(b"INTERNALDATE")),
                    int(said.get(b"RFC822.SIZE", 0)),
                    message_id[0].decode() if message_id else None,
                )
            )
    return found


def _replaced(client: IMAPClient, epoch: int, uids: Sequence[int], known: Known) -> list[_Facts]:
    """Return messages that stand under numbers of others that are ours: a server restored from a backup gives numbers twice.

    The newest are compared by time of arrival in each run, all of them when one differs (mail.md F4).
    """
    ours = [uid for uid in uids if f"{epoch}.{uid}" in known]
    for checked in (ours[-_COMPARED:], ours):
        differing = []
        for chunk in _chunks(checked):
            answer = client.fetch(chunk, ["INTERNALDATE"])
            moments = {uid: answer.get(uid, {}).get(b"INTERNALDATE") for uid in chunk}
            differing += [
                uid for uid, moment in moments.items() if moment and _received(moment) != known[f"{epoch}.{uid}"]
            ]
        if not differing:
            return []
    again = (replace(each, identity=_again(each)) for each in _facts(client, epoch, differing, named=False))
    return [each for each in again if each.identity not in known]


def _again(facts: _Facts) -> str:
    epoch, _dot, uid = facts.identity.partition(".")
    return f"{epoch}~{int(datetime.fromisoformat(facts.received_at).timestamp())}.{uid}"


def _bodies(client: IMAPClient, uids: Sequence[int]) -> dict[int, bytes | None]:
    answer = client.fetch(uids, ["BODY.PEEK[]"])
    return {uid: _body(answer, uid) for uid in uids}


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
