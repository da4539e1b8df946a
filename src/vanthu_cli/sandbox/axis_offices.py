"""Practice offices on the simulated axis: two that are run with the commands, and a ministry that speaks to the axis by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TypedDict, Unpack
from uuid import uuid4

from vanthu_cli.channels.axis import Adapter, AxisChannel, letter_id
from vanthu_cli.channels.channel import Answered
from vanthu_cli.channels.edxml import (
    ALONE,
    Enclosed,
    Header,
    Kind,
    Party,
    digest,
    document_head,
    document_tail,
    status_xml,
    with_signature,
)
from vanthu_cli.channels.edxml_reading import open_file
from vanthu_cli.channels.letter import Letter
from vanthu_cli.config.load import load
from vanthu_cli.procedures.certificates import read_certificate
from vanthu_cli.procedures.desk import open_desk
from vanthu_cli.procedures.setup import set_up
from vanthu_cli.reading.places import find_places
from vanthu_cli.register import directory
from vanthu_cli.register.directory import Agency
from vanthu_cli.sandbox.axis import Member
from vanthu_cli.sandbox.documents import Page, make_pdf
from vanthu_cli.sandbox.images import seal_png, signature_png
from vanthu_cli.sandbox.office import LEADER, OWN, PASSWORD, PracticeOffice
from vanthu_cli.sandbox.pki import PracticePki, build_pki, issue
from vanthu_cli.signing.keys import open_pkcs12
from vanthu_cli.signing.marks import seal_size
from vanthu_cli.signing.pades import seal, sign_person
from vanthu_cli.signing.xades import package_signature

PARTY = Agency(OWN, "Văn phòng Tỉnh ủy", "Tỉnh ủy Hải Dương", "VPTU", "H23.01", axis="H23.01")
DEPARTMENT = Agency("SNV", "Sở Nội vụ", "UBND tỉnh Hải Dương", "SNV", "H23.20", axis="H23.20")
MINISTRY = Agency("BNV", "Bộ Nội vụ", None, "BNV", "000.00.00.G10", axis="000.00.00.G10")
"""Identifiers of the new form and of the old one (domain.md 5.5); who has which is invented."""
AGENCIES = (PARTY, DEPARTMENT, MINISTRY)
_PERSONS = {OWN: LEADER, "SNV": "Lê Thị Mẫu", "BNV": "Đỗ Văn Mẫu"}
SECRETS = {each.code: f"bi-mat-{each.code.lower()}" for each in AGENCIES}


def members() -> Mapping[str, Member]:
    return {each.axis or "": Member(each.axis or "", f"HT.{each.code}", SECRETS[each.code]) for each in AGENCIES}


def build_pki_of_three(folder: Path, now: datetime) -> PracticePki:
    """Make the certificates, keys and pictures of all three."""
    pki = build_pki(folder / "pki", now)
    for agency in AGENCIES:
        for role, name in (("person", _PERSONS[agency.code]), ("organisation", agency.name)):
            issue(
                pki,
                ca="party" if agency is PARTY else "state",
                name=name,
                organisation=agency.name,
                file=f"{agency.code}-{role}",
                passphrase=PASSWORD,
            )
        (folder / "pki" / "keys" / f"{agency.code}.png").write_bytes(signature_png(_PERSONS[agency.code]))
        (folder / "pki" / "keys" / f"{agency.code}-seal.png").write_bytes(seal_png(agency.name))
    return pki


def furnish(folder: Path, agency: Agency, url: str, *, now: datetime, language: str) -> PracticeOffice:
    """Set up the office of an agency in `folder`/CODE: its configuration, its register, and whom it knows."""
    office = PracticeOffice(folder / agency.code)
    for part in ("papers", "secrets"):
        (office.folder / part).mkdir(mode=0o700, parents=True)
    for name, value in (("password", PASSWORD), ("axis", SECRETS[agency.code])):
        file = office.folder / "secrets" / name
        file.write_text(value + "\n", "utf-8")
        file.chmod(0o600)
    write_config(office, agency, url, term_start=now.date() - timedelta(days=400))
    config = load(office.config)
    set_up(config, now=now, prompt=lambda _what: None, language=language)
    with open_desk(config, now=now, prompt=lambda _what: None, language=language) as desk, desk.book.step():
        for each in AGENCIES:
            directory.put(desk.book, each)
            for role in ("person", "organisation"):
                file = folder / "pki" / "keys" / f"{each.code}-{role}.crt"
                directory.put_certificate(desk.book, read_certificate(file, role=role, agency=each.code))
    return office


def write_config(office: PracticeOffice, agency: Agency, url: str, *, term_start: date) -> None:
    """Write the configuration of a practice office on the axis."""
    party = agency is PARTY
    office.config.write_text(
        f"""\
# A practice office on the simulated axis, made by `vanthu demo --axis`. Nothing here is real.
[office]
name = "{agency.name}"
parent = "{agency.parent or ""}"
code = "{agency.code}"
symbol = "{"TU" if party else agency.symbol}"
other_symbols = ["{agency.symbol}"]
kind = "{"party" if party else "state"}"
rules = "{"party-2026" if party else "state-nd30"}"
place = "{"Hải Dương" if agency is not MINISTRY else "Hà Nội"}"
term_start = {term_start.isoformat()}
data_dir = "data"

[channels.axis]
kind = "axis"
network = "internet"
address = "{agency.axis}"
url = "{url}"
system = "HT.{agency.code}"
secret = "file:secrets/axis"

[keys.leader]
role = "person"
kind = "pkcs12"
path = "../pki/keys/{agency.code}-person.p12"
secret = "file:secrets/password"
image = "../pki/keys/{agency.code}.png"

[keys.office]
role = "organisation"
kind = "pkcs12"
path = "../pki/keys/{agency.code}-organisation.p12"
secret = "file:secrets/password"
image = "../pki/keys/{agency.code}-seal.png"

[trust]
dir = "../pki/trust"
revocation = "when-available"

[accept]
automatic = true
""",
        "utf-8",
    )


class How(TypedDict, total=False):
    """What a package is for; left out: a new document, signed."""

    kind: Kind
    reason: str
    about: str
    signed: bool


@dataclass(frozen=True, slots=True)
class Peer:
    """A correspondent without our program's procedures: it writes packages, signed with `key`, and hands them to the adapter."""

    agency: Agency
    key: Path
    channel: AxisChannel

    def send(
        self,
        to: Agency,
        header: Header,
        files: Sequence[tuple[str, bytes]],
        now: datetime,
        **how: Unpack[How],
    ) -> Answered:
        """Send a package about a document, with its files."""
        return self.hand_over(to.axis or "", *self.package(to, header, files, now, **how))

    def package(
        self,
        to: Agency,
        header: Header,
        files: Sequence[tuple[str, bytes]],
        now: datetime,
        **how: Unpack[How],
    ) -> tuple[bytes, bytes]:
        """Return a package as it would be sent, parted where the envelope ends."""
        inside = [Enclosed(name, data, str(uuid4())) for name, data in files]
        tail = b"".join(document_tail(inside)) if inside else ALONE
        head = document_head(
            header,
            kind=how.get("kind", "new"),
            office=Party(self.agency.axis or "", self.agency.name),
            to=[Party(to.axis or "", to.name)],
            moment=now,
            letter_id=str(uuid4()),
            reason=how.get("reason", ""),
            about=how.get("about", ""),
            files=inside,
        )
        if how.get("signed", True):
            key = open_pkcs12(self.key, PASSWORD)
            head = with_signature(head, package_signature(digest(head, iter([tail])), key))
        return head, tail

    def answer(self, code: str, words: str, now: datetime) -> list[Answered]:
        """Answer every document that waits with a status."""
        answers = []
        for waiting in self.channel.waiting({}):
            came = waiting.fetch()
            package = None
            if isinstance(came, Path):
                package = open_file(came, lambda _position: _Nowhere())[0].package
                came.unlink()
            self.channel.acknowledge([waiting.identity])
            if package is None or package.kind == "status":
                continue
            status = status_xml(
                code=code,
                description=words,
                answered=package.header,
                office=Party(self.agency.axis or "", self.agency.name),
                asked_by=package.sender.identifier,
                moment=now,
            )
            answers.append(self.hand_over(package.sender.identifier, status.removesuffix(ALONE), ALONE))
        return answers

    def hand_over(self, to: str, head: bytes, tail: bytes) -> Answered:
        letter = Letter(letter_id(sha256(head + tail).hexdigest(), to), self.channel.address, to, head, tail)
        return self.channel.hand_over(letter, lambda: None)


def signed_by_ministry(ministry_: Peer, page: Page) -> bytes:
    """Return a page signed by the ministry's person and sealed by the ministry."""
    keys = ministry_.key.parent
    pdf = make_pdf(page)
    block = find_places(pdf, page.signer).signers[0]
    paper = BytesIO(pdf)
    person, image = open_pkcs12(keys / "BNV-person.p12", PASSWORD), (keys / "BNV.png").read_bytes()
    sign_person(paper, person, image=image, box=block.box)
    image = (keys / "BNV-seal.png").read_bytes()
    office = open_pkcs12(keys / "BNV-organisation.p12", PASSWORD)
    seal(paper, office, image=image, size=seal_size(image, 0), box=block.seal)
    return paper.getvalue()


class _Nowhere:
    def write(self, data: bytes, /) -> object:
        del data
        return None


def peer(agency: Agency, key: Path, url: str, scratch: Path, member: Member) -> Peer:
    """Return a correspondent who comes to the adapter as that member; what it downloads lies in `scratch`."""
    scratch.mkdir(exist_ok=True)
    adapter = Adapter(url, member.system, lambda: member.secret, lambda _good: None)
    return Peer(agency, key, AxisChannel("axis", agency.axis or "", adapter, scratch))


def ministry(folder: Path, url: str) -> Peer:
    keys = folder / "pki" / "keys"
    return peer(MINISTRY, keys / "BNV-organisation.p12", url, folder / "BNV", members()[MINISTRY.axis or ""])
