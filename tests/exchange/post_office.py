"""Dovecot and Postfix for many lives of one office: mail stores that are put in place whole, and what may befall servers.

A store is the folder of all mailboxes with Dovecot's own files (UIDs, flags); it is exchanged while nobody is logged in.
"""

import hashlib
import itertools
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path

from imapclient import IMAPClient, SocketTimeout
from tests import realservers
from tests.realservers import KEEPER, LOOPBACK, RealServers

from vanthu_cli.sandbox.office import PASSWORD

_PATIENCE = 60.0
_QUEUES = ("maildrop", "incoming", "active", "deferred", "hold")
_EPOCH = 1_700_000_000
_counter = itertools.count()


@dataclass(frozen=True, slots=True)
class PostOffice:
    """Running servers, the folder they live in, and the CA of their certificate."""

    folder: Path
    servers: RealServers
    ca: Path

    def maildir(self, address: str) -> Path:
        name, _at, domain = address.partition("@")
        return self.folder / "mail" / domain / name / "Maildir"

    def client(self, address: str) -> IMAPClient:
        client = IMAPClient(LOOPBACK, self.servers.imap, ssl=False, timeout=SocketTimeout(5, 20))
        client.starttls(ssl.create_default_context(cafile=str(self.ca)))
        client.login(address, PASSWORD)
        return client


def drop(post: PostOffice, address: str, raw: bytes) -> None:
    """Put a message into an inbox without going through a mail server."""
    place = post.maildir(address)
    for part in ("tmp", "new", "cur"):
        (place / part).mkdir(parents=True, exist_ok=True)
    name = f"{int(time.time())}.M{next(_counter):06d}.soak"
    (place / "tmp" / name).write_bytes(raw)
    (place / "tmp" / name).rename(place / "new" / name)
    _to_keeper(post.folder / "mail")


def _to_keeper(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, KEEPER, "nogroup")


def index(post: PostOffice, address: str) -> None:
    """Have Dovecot number what was dropped."""
    with post.client(address) as client:
        client.select_folder("INBOX")


def inbox(post: PostOffice, address: str) -> list[tuple[bytes, frozenset[str]]]:
    """Return the messages of an inbox as IMAP gives them (CRLF), oldest first, with the letters of their flags.

    Maildir's letters: "S" seen, "T" to be deleted.
    """
    place = post.maildir(address)
    files = sorted((*place.glob("new/*"), *place.glob("cur/*")), key=lambda file: file.name)
    return [(re.sub(rb"\r?\n", b"\r\n", file.read_bytes()), frozenset(file.name.partition(":2,")[2])) for file in files]


def message_id(raw: bytes) -> str:
    return str(BytesHeaderParser().parsebytes(raw)["Message-ID"]).strip()


def handed_over(raw: bytes) -> str:
    """Return the queue id under which Postfix took a message from its sender; empty if it never did.

    Postfix delivers a second time under the same id when Dovecot dies before it has said that the message is stored.
    """
    found = re.search(rb"\(Postfix\)\s+with\s+\w+\s+id\s+(\w+)", raw)
    return found[1].decode() if found else ""


def digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def keep(post: PostOffice, store: Path) -> None:
    """Copy all mailboxes into a store."""
    quiet(post)
    _copy(post.folder / "mail", store)


def put_in_place(post: PostOffice, store: Path) -> None:
    """Have the servers serve a copy of the store."""
    drained(post)
    quiet(post)
    shutil.rmtree(post.folder / "mail")
    _copy(store, post.folder / "mail")


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["/bin/cp", "-a", str(source), str(target)], check=True)  # owners and times too


def _until(what: str, true: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def quiet(post: PostOffice) -> None:
    """Wait until nobody is logged in: a killed client's session ends a moment after it."""
    command = ["/usr/bin/doveadm", "-c", str(post.folder / "etc" / "dovecot.conf"), "who", "-1"]

    def nobody() -> bool:
        return len(subprocess.run(command, check=True, capture_output=True).stdout.splitlines()) <= 1

    _until("somebody stays logged in", nobody)


def drained(post: PostOffice) -> None:
    """Wait until Postfix has nothing left; what it has put off it tries again now."""
    folders = [post.folder / "spool" / name for name in _QUEUES]
    beginning = time.monotonic()

    def empty() -> bool:
        nonlocal beginning
        waiting = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
        if any("deferred" in file.parts for file in waiting) and time.monotonic() - beginning > 1:
            flush(post)
            beginning = time.monotonic()
        return not waiting

    _until("the queue of Postfix does not empty", empty)


def flush(post: PostOffice) -> None:
    subprocess.run(["/usr/sbin/postqueue", "-c", str(post.folder / "etc"), "-f"], check=True, capture_output=True)


def restart(post: PostOffice) -> None:
    """Stop Dovecot, whoever is logged in, and start it again."""
    realservers._stop(post.folder / "run" / "master.pid")
    realservers._run(
        [realservers._DOVECOT, "-c", str(post.folder / "etc" / "dovecot.conf")], post.folder / "log" / "start.log"
    )
    for port in (post.servers.imap, post.servers.imaps):
        realservers._wait_for(port)


def renumber(post: PostOffice, address: str) -> None:
    """Give an inbox another UIDVALIDITY, as a server does that was set up anew."""
    quiet(post)
    place = post.maildir(address)
    for path in place.glob("dovecot*"):
        path.unlink()
    (place / "dovecot-uidlist").write_text(f"3 V{_EPOCH} N1\n")
    shutil.chown(place / "dovecot-uidlist", KEEPER, "nogroup")


def expunge(post: PostOffice, address: str, wanted: str) -> None:
    """Delete a message for good, by its Message-ID, as a colleague with a mail program would."""
    with post.client(address) as client:
        client.select_folder("INBOX")
        found = client.search(["HEADER", "Message-ID", wanted])
        client.delete_messages(found)
        client.expunge(found)
