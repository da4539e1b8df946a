"""What IMAP can ask about the messages of a mailbox: search keys (RFC 3501, 6.4.4) and fetch items (6.4.5)."""

import re
import time
from collections import deque
from collections.abc import Sequence
from datetime import date
from email.parser import BytesHeaderParser
from imaplib import Time2Internaldate
from pathlib import Path

from vanthu_cli.sandbox.imap_words import SYSTEM_FLAGS, RefusedError, Word, chosen, text
from vanthu_cli.sandbox.mailboxes import Box

BODY = re.compile(r"(BODY|BODY\.PEEK)\[(.*)\](?:<(\d+)\.(\d+)>)?$", re.IGNORECASE)
_MACROS = {"FAST": ["FLAGS", "INTERNALDATE", "RFC822.SIZE"]}


def search(criteria: deque[Word], box: Box, view: Sequence[int]) -> set[int]:
    """Take all keys off the queue; return the UIDs that all of them fit."""
    found = {uid for uid in view if uid in box.flags}
    while criteria:
        found &= _one_key(criteria, box, view)
    return found


def _one_key(criteria: deque[Word], box: Box, view: Sequence[int]) -> set[int]:  # noqa: PLR0911  one return per key
    everything = {uid for uid in view if uid in box.flags}
    key = criteria.popleft()
    name = "" if isinstance(key, list) else text(key).upper()
    if isinstance(key, list):
        return search(deque(key), box, view)
    if name == "NOT":
        return everything - _one_key(criteria, box, view)
    if name == "OR":
        return _one_key(criteria, box, view) | _one_key(criteria, box, view)
    if name == "UID":
        return everything.intersection(chosen(criteria.popleft(), view, by_uid=True))
    if name in {"HEADER", "SUBJECT", "FROM", "TO"}:
        header = text(criteria.popleft()) if name == "HEADER" else name
        wanted = text(criteria.popleft()).casefold()
        return {uid for uid in everything if _header_has(box.file(uid), header, wanted)}
    if name in {"SINCE", "BEFORE"}:
        day = date(*time.strptime(text(criteria.popleft()), "%d-%b-%Y")[:3])
        return {uid for uid in everything if (_day(box.file(uid)) >= day) == (name == "SINCE")}
    if name == "ALL":
        return everything
    if re.fullmatch(r"[\d:,*]+", name):
        return everything.intersection(chosen(key, view, by_uid=False))
    flag = (
        text(criteria.popleft()) if name.endswith("KEYWORD") else SYSTEM_FLAGS["\\" + name.removeprefix("UN").lower()]
    )
    flagged = {uid for uid in everything if flag in box.flags[uid]}
    return everything - flagged if name.startswith("UN") else flagged


def _header_has(path: Path, header: str, wanted: str) -> bool:
    with path.open("rb") as file:
        values = BytesHeaderParser().parse(file).get_all(header, [])
    return any(wanted in str(value).casefold() for value in values)


def _day(path: Path) -> date:
    return date.fromtimestamp(path.stat().st_mtime)  # noqa: DTZ012  INTERNALDATE is searched by the server's own day


def items(word: Word) -> list[str]:
    """Return the names of what a FETCH asks for."""
    if isinstance(word, list):
        return [text(item) for item in word]
    return _MACROS.get(text(word).upper(), [text(word)])


def item(name: str, box: Box, uid: int) -> bytes:
    """Return one fetch item with its value, as it stands in the answer."""
    plain = name.upper()
    path = box.file(uid)
    if plain == "UID":
        return b"UID %d" % uid
    if plain == "FLAGS":
        return f"FLAGS ({' '.join(sorted(box.flags[uid]))})".encode()
    if plain == "RFC822.SIZE":
        return b"RFC822.SIZE %d" % path.stat().st_size
    if plain == "INTERNALDATE":
        return f"INTERNALDATE {Time2Internaldate(path.stat().st_mtime)}".encode()
    if body := BODY.fullmatch(name):
        part, origin = _section(path.read_bytes(), body[2]), b""
        if body[3]:
            part, origin = part[int(body[3]) :][: int(body[4])], f"<{body[3]}>".encode()
        return b"BODY[%s]%s {%d}\r\n%s" % (body[2].encode(), origin, len(part), part)
    raise RefusedError(f"BAD {plain} is not practised here")


def _section(raw: bytes, section: str) -> bytes:
    """Return the part of a message that `BODY[section]` means; sections of MIME parts are not practised."""
    end = re.search(rb"\r?\n\r?\n", raw)
    head = raw[: end.end()] if end else raw
    plain = section.upper()
    if not plain:
        return raw
    if plain == "HEADER":
        return head
    if plain == "TEXT":
        return raw[len(head) :]
    if fields := re.fullmatch(r"HEADER\.FIELDS \((.*)\)", plain):
        wanted = fields[1].replace('"', "").encode().lower().split()
        lines = re.findall(rb"^[^\s:]+:.*(?:\n[ \t].*)*\n?", head, re.MULTILINE)
        return b"".join(line for line in lines if line.split(b":")[0].lower() in wanted) + b"\r\n"
    raise RefusedError(f"BAD BODY[{plain}] is not practised here")
