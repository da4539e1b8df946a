"""For benchmarks/exchange.py: the practice office's mail on real servers, and the peers' settings to fetch it.

Everything is kept under one folder, so that the next run need not sign again: the office with its keys, the messages.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

import pikepdf
from pikepdf import Name
from tests.realservers import KEEPER, RealServers, real_servers

from vanthu_cli.channels.channel import Answered
from vanthu_cli.channels.letter import Letter, compose
from vanthu_cli.reading.places import find_places
from vanthu_cli.sandbox.correspondents import party_page
from vanthu_cli.sandbox.documents import Page, make_pdf
from vanthu_cli.sandbox.images import seal_png, signature_png
from vanthu_cli.sandbox.office import INTERNET, PASSWORD, WAN, PracticeOffice, agency_of, build, configure, furnish
from vanthu_cli.sandbox.servers import Ports, Servers
from vanthu_cli.signing.keys import open_pkcs12
from vanthu_cli.signing.marks import seal_size
from vanthu_cli.signing.pades import seal, sign_person

SENDER = "TUCL"
_SINCE = 1_790_000_000
"""Seconds since 1970 of the first message's arrival; the others follow a second apart."""
_MARK = 55_000
"""Bytes that a signature with its picture adds to a file."""

_open_key, _seal, _signature = cache(open_pkcs12), cache(seal_png), cache(signature_png)


@dataclass(frozen=True, slots=True)
class Scene:
    """Servers, and the office that is copied for each run. `count` of messages, `turns` of which the median is taken."""

    cache: Path
    servers: RealServers
    count: int
    turns: int
    signatures: int

    def office(self) -> PracticeOffice:
        """Return the practice office as it was before anything was fetched."""
        shutil.rmtree(self.cache / "desk", ignore_errors=True)
        shutil.copytree(self.cache / "office", self.cache / "desk")
        return PracticeOffice(self.cache / "desk")

    def maildir(self, address: str) -> Path:
        name, _at, domain = address.partition("@")
        return self.cache / "run" / "mail" / domain / name / "Maildir"


@contextmanager
def served(cache: Path, turns: int, signatures: int) -> Iterator[Scene]:
    office, now = PracticeOffice(cache / "office"), datetime.now(UTC)
    if not office.config.exists():
        build(office.folder, now)
    shutil.rmtree(cache / "run", ignore_errors=True)
    users = dict.fromkeys([WAN, INTERNET, agency_of(SENDER).wan or ""], PASSWORD)
    with real_servers(cache / "run", users, office.pki) as servers:
        ports = Ports(servers.imap, servers.imaps, servers.submission)
        configure(office, Servers(servers.host, ports, ""), now.date() - timedelta(days=400))
        if not (office.folder / "data").exists():
            furnish(office, now=now - timedelta(hours=1), language="en")
        yield Scene(cache, servers, 0, turns, signatures)


def padded(page: Page, size: int) -> bytes:
    """Lay a page out with a picture in a corner that cannot be compressed, so that the file has about `size` bytes."""
    pdf, out = make_pdf(page), BytesIO()
    side = max(1, int((max(0, size - len(pdf)) / 3) ** 0.5))
    with pikepdf.open(BytesIO(pdf)) as opened:
        kind = {"Type": Name.XObject, "Subtype": Name.Image, "ColorSpace": Name.DeviceRGB}
        facts = kind | {"Width": side, "Height": side, "BitsPerComponent": 8}
        picture = opened.make_stream(os.urandom(side * side * 3), **facts)
        name = opened.pages[0].add_resource(picture, Name.XObject)
        opened.pages[0].contents_add(f"q 60 0 0 60 60 60 cm {name} Do Q".encode())
        opened.save(out)
    return out.getvalue()


def signed(office: PracticeOffice, page: Page, code: str, size: int, *, person: bool, organisation: bool) -> bytes:
    """Return the page as a PDF of about `size` bytes, signed by the agency's person, sealed, or both."""
    pdf = padded(page, size - _MARK * (person + organisation))
    paper, place = BytesIO(pdf), find_places(pdf, page.signer).signers[0]
    if person:
        key = _open_key(office.key(code, "person"), PASSWORD)
        sign_person(paper, key, image=_signature(page.signer), box=place.box)
    if organisation:
        image, key = _seal(agency_of(code).name), _open_key(office.key(code, "organisation"), PASSWORD)
        seal(paper, key, image=image, size=seal_size(image, 0), box=place.seal)
    return paper.getvalue()


def message(office: PracticeOffice, number: int, size: int, signatures: int) -> bytes:
    """Write message `number`: with a document of its own of about `size` bytes, or a few words if that is 0."""
    agency, files, day = agency_of(SENDER), [], datetime.now(UTC).date()
    if size:
        page = party_page(SENDER, "Phạm Văn Mẫu", number=number, symbol="CV/TUCL", day=day, subject="Báo cáo công tác")
        pdf = signed(office, page, SENDER, size, person=signatures > 1, organisation=True)
        files = [(f"{number}-CV-TUCL.pdf", pdf)]
    return compose(
        message_id=f"<{number}.{size}.{signatures}@vanthu.tuhaiduong>",
        sender=(agency.name, agency.wan or ""),
        recipient=("Văn phòng Tỉnh ủy", WAN),
        subject=f"Báo cáo số {number}",
        body=f"{agency.name} gửi báo cáo số {number}.\n",
        date=datetime.fromtimestamp(_SINCE + number, UTC),
        files=files,
    ).raw


def stock(scene: Scene, size: int) -> list[Path]:
    """Return files with `scene.count` messages as Dovecot's LMTP keeps them (LF); those not in the cache are made."""
    folder = scene.cache / f"mail-{size}-{scene.signatures if size else 0}"
    folder.mkdir(exist_ok=True)
    files = [folder / f"{number:05d}" for number in range(1, scene.count + 1)]
    for number, file in enumerate(files, 1):
        if not file.exists():
            raw = message(PracticeOffice(scene.cache / "office"), number, size, scene.signatures)
            part = file.with_suffix(".part")
            part.write_bytes(raw.replace(b"\r\n", b"\n"))
            part.rename(file)
    return files


def deliver(scene: Scene, files: list[Path]) -> None:
    """Make the inbox hold these messages and nothing else, as they came by LMTP."""
    place = scene.maildir(WAN)
    shutil.rmtree(place, ignore_errors=True)
    for part in ("cur", "new", "tmp"):
        (place / part).mkdir(parents=True)
    for number, file in enumerate(files, 1):
        raw = file.read_bytes()
        name = f"{_SINCE + number}.M{number}P1.bench,S={len(raw)},W={len(raw) + raw.count(10)}:2,"
        os.link(file, place / "cur" / name)
        shutil.chown(file, KEEPER, "nogroup")
    for path in (place.parent.parent, place.parent, place, *place.iterdir()):
        shutil.chown(path, KEEPER, "nogroup")


def mbsync(scene: Scene) -> tuple[list[str], Path]:
    """Return the command that brings the inbox into a Maildir, and the folder of all that it keeps."""
    folder = scene.cache / "mbsync"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    settings = scene.cache / "mbsyncrc"
    settings.write_text(f"""\
FSync yes

IMAPAccount bench
Host localhost
Port {scene.servers.imaps}
User {WAN}
Pass {PASSWORD}
SSLType IMAPS
CertificateFile {scene.cache}/office/pki/tls/ca.crt

IMAPStore far
Account bench

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX

Channel bench
Far :far:
Near :near:
Sync Pull
Create Near
SyncState *
""")
    return ["mbsync", "-q", "-c", str(settings), "bench"], folder


def getmail(scene: Scene) -> tuple[float, int]:
    """Bring the inbox into a Maildir, as a user because getmail refuses root; seconds, and how many messages came.

    It may miss the end of one of its own children, wait for it and give up (getmail6 issue 226): the wait is not counted.
    """
    folder = scene.cache / "getmail"
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("cur", "new", "tmp"):
        (folder / "Maildir" / part).mkdir(parents=True)
    shutil.copy(scene.cache / "office" / "pki" / "tls" / "ca.crt", folder)
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, KEEPER, "nogroup")
    (folder / "getmailrc").write_text(f"""\
[retriever]
type = SimpleIMAPSSLRetriever
server = localhost
port = {scene.servers.imaps}
username = {WAN}
password = {PASSWORD}
timeout = 20
ca_certs = {folder}/ca.crt
[destination]
type = Maildir
path = {folder}/Maildir/
[options]
read_all = true
delete = false
verbose = 0
""")
    new, start = folder / "Maildir" / "new", time.time()
    command = ["getmail", "--getmaildir", str(folder), "--rcfile", "getmailrc"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, user=KEEPER, group="nogroup")
    took = time.time() - start
    if done.returncode and "timed out" not in done.stdout + done.stderr:
        raise RuntimeError(done.stdout + done.stderr)
    return max(each.stat().st_mtime for each in new.iterdir()) - start if done.returncode else took, len(
        list(new.iterdir())
    )


@dataclass(slots=True)
class Listener:
    """A channel that keeps what it should send."""

    address: str
    letters: list[Letter] = field(default_factory=list)

    def hand_over(self, letter: Letter, _about_to: Callable[[], None]) -> Answered:
        self.letters.append(letter)
        return Answered("later", "")
