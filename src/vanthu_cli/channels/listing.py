"""What an IMAP mailbox holds: listed, told apart from what is ours, and read in groups (RFC 3501).

Numbers (UID) mean something only within an epoch (UIDVALIDITY), and even there a restored backup gives them twice.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from imapclient import IMAPClient

from vanthu_cli.channels.channel import Known

WHOLE = 4 << 20
"""Bytes that are read by one command: of several messages together, or of one before it is read in slices."""
_SLICE = 1 << 20
_CHUNK = 200
_GROUP = 32
_COMPARED = 50
_MESSAGE_ID = re.compile(rb"<[!-;=?-~]{1,900}>")
_SEARCHED = 50_000
"""Messages one SEARCH asks for: its answer is one line, and imaplib takes lines of a million bytes."""


def all_uids(client: IMAPClient, exists: int) -> list[int]:
    found = list[int]()
    for first in range(1, exists + 1, _SEARCHED):
        last = first + _SEARCHED - 1
        found += client.search([f"{first}:{last if last < exists else '*'}"])
    return sorted(set(found))


def chunks(uids: Sequence[int]) -> Iterator[list[int]]:
    """Servers take command lines of some thousand bytes (Dovecot 64 KiB)."""
    for start in range(0, len(uids), _CHUNK):
        yield list(uids[start : start + _CHUNK])


def _received(moment: datetime | None) -> str:
    """Return the server's time of arrival as ISO UTC; a server that cannot say when has it since now at the latest."""
    return (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server says of a message before it is read."""

    uid: int
    identity: str
    received_at: str
    size: int
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Messages that are read by one command: a round trip for each takes longer than the bytes (mail.md 4.1)."""

    facts: tuple[Facts, ...]
    read: dict[int, bytes | None] = field(default_factory=dict)


def groups(found: Sequence[Facts]) -> Iterator[Group]:
    group, size = list[Facts](), 0
    for each in found:
        if group and (len(group) == _GROUP or size + each.size > WHOLE):
            yield Group(tuple(group))
            group, size = [], 0
        group.append(each)
        size += each.size
    if group:
        yield Group(tuple(group))


def facts_of(client: IMAPClient, epoch: int, uids: Sequence[int], *, named: bool) -> list[Facts]:
    """Ask for size and time of arrival, and with `named` for the Message-ID: the server opens each message for that."""
    asked = ["RFC822.SIZE", "INTERNALDATE", *(["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"] if named else [])]
    found = []
    for chunk in chunks(uids):
        answer = client.fetch(chunk, asked)
        for uid in (uid for uid in chunk if uid in answer):  # else expunged under us: nothing to take
            said = answer[uid]
            header = next((value for key, value in said.items() if key.startswith(b"BODY[HEADER")), None)
            message_id = _MESSAGE_ID.search(header) if isinstance(header, bytes) else None
            found.append(
                Facts(
                    uid,
                    f"{epoch}.{uid}",
                    _received(said.get(b"INTERNALDATE")),
                    int(said.get(b"RFC822.SIZE", 0)),
                    message_id[0].decode() if message_id else None,
                )
            )
    return found


def replaced(client: IMAPClient, epoch: int, uids: Sequence[int], known: Known) -> list[Facts]:
    """Return messages that stand under numbers of others that are ours: a server restored from a backup gives numbers twice.

    The newest are compared by time of arrival in each run, all of them when one differs (mail.md F4).
    """
    ours = [uid for uid in uids if f"{epoch}.{uid}" in known]
    for checked in (ours[-_COMPARED:], ours):
        differing = []
        for chunk in chunks(checked):
            answer = client.fetch(chunk, ["INTERNALDATE"])
            moments = {uid: answer.get(uid, {}).get(b"INTERNALDATE") for uid in chunk}
            differing += [
                uid for uid, moment in moments.items() if moment and _received(moment) != known[f"{epoch}.{uid}"]
            ]
        if not differing:
            return []
    again = (replace(each, identity=_again(each)) for each in facts_of(client, epoch, differing, named=False))
    return [each for each in again if each.identity not in known]


def _again(facts: Facts) -> str:
    epoch, _dot, uid = facts.identity.partition(".")
    return f"{epoch}~{int(datetime.fromisoformat(facts.received_at).timestamp())}.{uid}"


def bodies(client: IMAPClient, uids: Sequence[int]) -> dict[int, bytes | None]:
    answer = client.fetch(uids, ["BODY.PEEK[]"])
    return {uid: _body(answer, uid) for uid in uids}


def in_slices(client: IMAPClient, uid: int, size: int) -> bytes | None:
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
