"""Mailboxes on disk, Maildir-like: one file a message, delivered by rename, read by the practice IMAP server.

    FOLDER/mail/vanthu@tuhaiduong/INBOX/{tmp,new,cur}/  and  index.json

`deliver` may run in any process: it writes to `tmp` and renames into `new`. Everything else belongs to the one
server process: it moves messages from `new` to `cur/UID` and keeps UIDVALIDITY, the next UID and the flags in
`index.json`, which is replaced as a whole. Message bytes are never touched, so line ends arrive as they were sent.
"""

import json
import os
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

INBOX = "INBOX"
SENT = "Sent"


def deliver(folder: Path, address: str, raw: bytes) -> None:
    """Drop a message into a practice mailbox, as the mail server of a correspondent would."""
    _drop(folder / "mail" / address / INBOX, raw)


def mailbox(folder: Path, address: str) -> list[bytes]:
    """Return the messages of an inbox, oldest first, byte for byte; a mailbox that got nothing yet is empty."""
    inbox = folder / "mail" / address / INBOX
    seen = sorted((inbox / "cur").glob("*"), key=lambda path: int(path.name))
    return [path.read_bytes() for path in [*seen, *sorted((inbox / "new").glob("*"))]]


def _drop(path: Path, raw: bytes) -> None:
    for part in ("tmp", "new", "cur"):
        (path / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{time.time_ns():020d}.{uuid.uuid4().hex}"
    (path / "tmp" / name).write_bytes(raw)
    (path / "tmp" / name).rename(path / "new" / name)


@dataclass(slots=True)
class Box:
    """One mailbox as the server sees it. UIDs grow and are never used twice, also across restarts."""

    path: Path
    uidvalidity: int = 0
    uidnext: int = 1
    flags: dict[int, frozenset[str]] = field(default_factory=dict)
    """One entry per message that is there; the keys are its UIDs."""

    @classmethod
    def open(cls, path: Path) -> "Box":
        box = cls(path, uidvalidity=int(time.time()))
        for part in ("tmp", "new", "cur"):
            (path / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        if (path / "index.json").exists():
            index = json.loads((path / "index.json").read_text())
            box.uidvalidity, box.uidnext = index["uidvalidity"], index["uidnext"]
            box.flags = {int(uid): frozenset(flags) for uid, flags in index["flags"].items()}
        present = {int(file.name) for file in (path / "cur").iterdir()}
        box.flags = {uid: box.flags.get(uid, frozenset()) for uid in sorted(present)}
        box.uidnext = max(box.uidnext, *(uid + 1 for uid in present), 1)
        box.save()
        return box

    def file(self, uid: int) -> Path:
        return self.path / "cur" / str(uid)

    def uids(self) -> list[int]:
        """Return all UIDs in order, after taking in what was delivered since."""
        arrived = sorted((self.path / "new").iterdir())
        for file in arrived:
            self.flags[self.uidnext] = frozenset()
            file.rename(self.file(self.uidnext))
            self.uidnext += 1
        if arrived:
            self.save()
        return list(self.flags)

    def add(self, raw: bytes, flags: Iterable[str], when: float | None = None) -> int:
        """Store a message (APPEND, COPY) and return its UID; `when` is its INTERNALDATE in seconds since 1970."""
        uid, part = self.uidnext, self.path / "tmp" / uuid.uuid4().hex
        part.write_bytes(raw)
        if when is not None:
            os.utime(part, (when, when))
        part.rename(self.file(uid))
        self.uidnext += 1
        self.flags[uid] = frozenset(flags)
        self.save()
        return uid

    def remove(self, uids: Iterable[int]) -> None:
        for uid in uids:
            if self.flags.pop(uid, None) is not None:
                self.file(uid).unlink(missing_ok=True)
        self.save()

    def save(self) -> None:
        index = {
            "uidvalidity": self.uidvalidity,
            "uidnext": self.uidnext,
            "flags": {uid: sorted(flags) for uid, flags in self.flags.items()},
        }
        fresh = self.path / "index.tmp"
        fresh.write_text(json.dumps(index))
        fresh.replace(self.path / "index.json")
