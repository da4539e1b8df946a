"""Mail servers that the contract of a mail channel is tried on: the practice servers, and real Dovecot and Postfix.

Every test takes accounts of its own from a pool: the servers start once. What happened is looked at by another client.
"""

import itertools
import json
import os
import re
import shutil
import ssl
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from imapclient import IMAPClient, SocketTimeout
from tests.realservers import KEEPER, real_servers

from vanthu_cli.channels.mail import MailChannel, tls_context
from vanthu_cli.config.settings import Channel, Server
from vanthu_cli.sandbox.mailboxes import deliver
from vanthu_cli.sandbox.pki import PracticePki
from vanthu_cli.sandbox.servers import start_servers

After = Literal["flag", "move", "leave"]
HOST = "127.0.0.1"
DOTLESS, DOTTED = "tuhaiduong", "haiduong.gov.vn"
PASSWORD = 'Intra "net" \\1'
_POOL = 80


class Watched(dict[str, str]):
    """Users with passwords; counts how often a server looked one up to compare it."""

    def __init__(self, users: Mapping[str, str]) -> None:
        super().__init__(users)
        self.asked: dict[str, int] = {}

    def _note(self, user: str) -> None:
        self.asked[user] = self.asked.get(user, 0) + 1

    def __getitem__(self, user: str) -> str:
        self._note(user)
        return super().__getitem__(user)

    def get(self, user: str, default: Any = None) -> Any:
        self._note(user)
        return super().get(user, default)


@dataclass(slots=True)
class Bench:
    """Running servers and how to look at them from outside."""

    imap: int
    imaps: int
    smtp: int
    pki: PracticePki
    drop: Callable[[str, bytes], None]
    """Put a message into an inbox without going through a mail server."""
    logins: Callable[[str], int]
    """How many logins of an account the servers have judged (practice) or refused (real) so far."""
    renumber: Callable[[str], None]
    """Give an inbox another UIDVALIDITY."""
    _accounts: dict[str, Iterator[str]] = field(init=False)

    def __post_init__(self) -> None:
        self._accounts = {domain: iter(pool(domain)) for domain in (DOTLESS, DOTTED)}

    def account(self, domain: str = DOTLESS) -> str:
        """Return an address whose mailbox nobody has used."""
        return next(self._accounts[domain])

    def channel(
        self,
        address: str,
        *,
        after: After = "flag",
        tls: Literal["implicit", "starttls"] = "starttls",
        tls_name: str = "",
        password: str = PASSWORD,
        host: str = HOST,
    ) -> MailChannel:
        imap = Server(host, self.imaps if tls == "implicit" else self.imap, address, tls, tls_name)
        smtp = Server(host, self.smtp, address, "starttls", tls_name)
        settings = Channel("mail", "wan", address, imap, smtp, "file:none", after)
        imap_tls, smtp_tls = tls_context(imap, self.pki.tls_ca), tls_context(smtp, self.pki.tls_ca)
        return MailChannel(
            "wan", settings, imap, smtp, imap_tls, smtp_tls, lambda: password, connect_timeout=5, read_timeout=20
        )

    @contextmanager
    def look(self, address: str, folder: str = "INBOX", *, readonly: bool = True) -> Iterator[Any]:
        """Yield another client, logged in, with the folder open."""
        with IMAPClient(HOST, self.imap, ssl=False, timeout=SocketTimeout(5, 20)) as client:
            client.starttls(ssl.create_default_context(cafile=str(self.pki.tls_ca)))
            client.login(address, PASSWORD)
            client.select_folder(folder, readonly=readonly)
            yield client

    def messages(self, address: str, folder: str = "INBOX") -> list[tuple[bytes, set[bytes]]]:
        """Return the messages of a folder with their flags, oldest first."""
        with self.look(address, folder) as client:
            found = client.fetch(client.search(), ["BODY.PEEK[]", "FLAGS"]) if client.search() else {}
            return [(found[uid][b"BODY[]"], set(found[uid][b"FLAGS"]) - {b"\\Recent"}) for uid in sorted(found)]

    def arrived(self, address: str, count: int = 1) -> list[bytes]:
        """Wait until so many messages are in an inbox."""
        end = time.monotonic() + 20
        while len(found := self.messages(address)) < count and time.monotonic() < end:
            time.sleep(0.05)
        assert len(found) == count
        return [raw for raw, _flags in found]


def pool(domain: str) -> list[str]:
    return [f"vanthu{number}@{domain}" for number in range(_POOL)]


def users() -> dict[str, str]:
    return dict.fromkeys([*pool(DOTLESS), *pool(DOTTED)], PASSWORD)


@contextmanager
def practice_bench(folder: Path, pki: PracticePki) -> Iterator[Bench]:
    watched = Watched(users())
    answers = {
        f"{name}@{domain}": text
        for domain in (DOTLESS, DOTTED)
        for name, text in (("greylist", "450 4.2.0 Greylisted"), ("blocked", "550 5.7.1 Message refused by policy"))
    }
    bounces = {f"bounce@{domain}" for domain in (DOTLESS, DOTTED)}
    with ExitStack() as stack:
        ports = stack.enter_context(start_servers(folder, watched, pki, answers=answers, bounces=bounces)).ports

        def renumber(address: str) -> None:
            stack.close()
            index = folder / "mail" / address / "INBOX" / "index.json"
            index.write_text(json.dumps(json.loads(index.read_text()) | {"uidvalidity": 7}))
            stack.enter_context(start_servers(folder, watched, pki, ports, answers=answers, bounces=bounces))

        yield Bench(
            ports.imap,
            ports.imaps,
            ports.smtp,
            pki,
            drop=lambda address, raw: deliver(folder, address, raw),
            logins=lambda address: watched.asked.get(address, 0),
            renumber=renumber,
        )


@contextmanager
def real_bench(folder: Path, pki: PracticePki) -> Iterator[Bench]:
    folder.chmod(0o755)  # Dovecot and Postfix enter it as users of their own
    counter = itertools.count()

    def maildir(address: str) -> Path:
        name, _at, domain = address.partition("@")
        return folder / "mail" / domain / name / "Maildir"

    def drop(address: str, raw: bytes) -> None:
        place = maildir(address)
        for part in ("tmp", "new", "cur"):
            (place / part).mkdir(parents=True, exist_ok=True)
        for path in (place, *place.parents[:2], *(place / part for part in ("tmp", "new", "cur"))):
            shutil.chown(path, KEEPER, "nogroup")
        name = f"{int(time.time())}.M{next(counter):06d}P{os.getpid()}.{uuid.uuid4().hex}"
        (place / "tmp" / name).write_bytes(raw)
        shutil.chown(place / "tmp" / name, KEEPER, "nogroup")
        (place / "tmp" / name).rename(place / "new" / name)

    def logins(address: str) -> int:
        """Count in the logs; the auth process writes them a moment later."""
        time.sleep(0.3)
        dovecot = (folder / "log" / "dovecot.log").read_text(errors="replace")
        refused = re.findall(rf"auth failed, (\d+) attempts[^\n]*user=<{re.escape(address)}>", dovecot)
        postfix = (folder / "log" / "postfix.log").read_text(errors="replace")
        return sum(map(int, refused)) + len(re.findall("SASL [A-Z]+ authentication failed", postfix))

    def renumber(address: str) -> None:
        for path in maildir(address).glob("dovecot*"):
            path.unlink()
        (maildir(address) / "dovecot-uidlist").write_text("3 V1700000000 N1\n")
        shutil.chown(maildir(address) / "dovecot-uidlist", KEEPER, "nogroup")

    with real_servers(folder, users(), pki) as running:
        yield Bench(running.imap, running.imaps, running.submission, pki, drop=drop, logins=logins, renumber=renumber)
