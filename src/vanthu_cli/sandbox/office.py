"""The practice office: a folder that holds everything, and the correspondents around it. All names are invented."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from vanthu_cli.config.load import load
from vanthu_cli.errors import BusyError, MisuseError, os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.certificates import read_certificate
from vanthu_cli.procedures.desk import open_desk
from vanthu_cli.procedures.setup import set_up
from vanthu_cli.register import directory
from vanthu_cli.register.directory import Agency
from vanthu_cli.sandbox.images import seal_png, signature_png
from vanthu_cli.sandbox.pki import PracticePki, build_pki, issue
from vanthu_cli.sandbox.servers import Ports, Servers, start_servers

PASSWORD = "thuc-hanh"
"""Of every practice mailbox and key."""
LEADER = "Nguyễn Văn Mẫu"
OWN = "VPTU"
WAN, INTERNET = "vanthu@tuhaiduong", "vanthuvptu@haiduong.gov.vn"
BOUNCES = "vanthu.sxd@haiduong.gov.vn"

AGENCIES = (
    Agency(OWN, "Văn phòng Tỉnh ủy", "Tỉnh ủy Hải Dương", "VPTU", "H23.01", WAN, INTERNET),
    Agency("BTCTU", "Ban Tổ chức Tỉnh ủy", "Tỉnh ủy Hải Dương", "BTCTU", wan="tochuc@tuhaiduong"),
    Agency("BTGTU", "Ban Tuyên giáo Tỉnh ủy", "Tỉnh ủy Hải Dương", "BTGTU", wan="tuyengiao@tuhaiduong"),
    Agency("BNCTU", "Ban Nội chính Tỉnh ủy", "Tỉnh ủy Hải Dương", "BNCTU", wan="noichinh@tuhaiduong"),
    Agency("UBKTTU", "Ủy ban Kiểm tra Tỉnh ủy", "Tỉnh ủy Hải Dương", "UBKTTU", wan="kiemtra@tuhaiduong"),
    Agency("TUCL", "Thành ủy Chí Linh", None, "TUCL", wan="chilinh@tuhaiduong", internet="vanthu.chilinh@haiduong.gov.vn"),
    Agency("HUNG", "Huyện ủy Ninh Giang", None, "HUNG", wan="ninhgiang@tuhaiduong", valid_to="2025-06-30", successor="DUNG"),
    Agency("DUNG", "Đảng ủy xã Ninh Giang", None, "DUNG", wan="xaninhgiang@tuhaiduong", valid_from="2025-07-01"),
    Agency("SNV", "Sở Nội vụ", "UBND tỉnh Hải Dương", "SNV", "H23.20", internet="vanthu.snv@haiduong.gov.vn"),
    Agency("STC", "Sở Tài chính", "UBND tỉnh Hải Dương", "STC", "H23.21", internet="vanthu.stc@haiduong.gov.vn"),
    Agency("SXD", "Sở Xây dựng", "UBND tỉnh Hải Dương", "SXD", "H23.22", internet=BOUNCES),
    Agency("MTTQ", "Ủy ban Mặt trận Tổ quốc tỉnh", None, "MTTQ", internet="vanthu.mttq@haiduong.gov.vn"),
)  # fmt: skip

_PERSONS = {"BTCTU": "Trần Thị Mẫu", "TUCL": "Phạm Văn Mẫu", "SNV": "Lê Thị Mẫu", "STC": "Hoàng Văn Mẫu"}
"""Correspondents that sign: one person each, and the organisation."""


@dataclass(frozen=True, slots=True)
class PracticeOffice:
    """Where things are in the folder."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def papers(self) -> Path:
        return self.folder / "papers"

    @property
    def pki(self) -> PracticePki:
        return PracticePki(self.folder / "pki")

    def key(self, agency: str, role: Literal["person", "organisation"]) -> Path:
        return self.folder / "pki" / "keys" / f"{agency}-{role}.p12"


def agency_of(code: str) -> Agency:
    return next(each for each in AGENCIES if each.code == code)


def build(folder: Path, now: datetime) -> PracticeOffice:
    """Make the PKI, the keys and the pictures. `MisuseError` if the folder holds something already."""
    if folder.exists() and any(folder.iterdir()):
        raise MisuseError(
            "demo.exists",
            _("The folder {path} is not empty.").format(path=folder),
            _("Name another folder, or serve the practice office that is there: vanthu demo {path} --serve").format(
                path=folder
            ),
        )
    office = PracticeOffice(folder.absolute())
    for part in ("papers", "secrets"):
        (office.folder / part).mkdir(mode=0o700, parents=True)
    secret = office.folder / "secrets" / "password"
    secret.write_text(PASSWORD + "\n", "utf-8")
    secret.chmod(0o600)
    pki = build_pki(office.folder / "pki", now)
    for code, person in {OWN: LEADER, **_PERSONS}.items():
        agency = agency_of(code)
        ca: Literal["party", "state"] = "state" if code in {"SNV", "STC"} else "party"
        for role, name in (("person", person), ("organisation", agency.name)):
            issue(pki, ca=ca, name=name, organisation=agency.name, file=f"{code}-{role}", passphrase=PASSWORD)
    (office.folder / "pki" / "keys" / "signature.png").write_bytes(signature_png(LEADER))
    (office.folder / "pki" / "keys" / "seal.png").write_bytes(seal_png("Văn phòng Tỉnh ủy"))
    return office


@contextmanager
def serve(office: PracticeOffice) -> Iterator[Servers]:
    """Run the mail servers and the time stamp authority, on the ports of the office's configuration if it has one."""
    users = {
        address: PASSWORD
        for each in AGENCIES
        for address in (each.wan, each.internet)
        if address and address != BOUNCES
    }
    try:
        with start_servers(office.folder, users, office.pki, _ports(office), bounces={BOUNCES}) as servers:
            yield servers
    except OSError as error:
        raise ports_taken(error) from error


def ports_taken(error: OSError) -> BusyError:
    return BusyError(
        "demo.ports",
        _("The servers of the practice office cannot start: {why}").format(why=os_words(error)),
        _("Is it being served already in another window?"),
    )


def _ports(office: PracticeOffice) -> Ports | None:
    if not office.config.is_file():
        return None
    settings = load(office.config)
    wan = settings.channels["wan"]
    if wan.imap is None or wan.smtp is None:
        return None
    return Ports(imaps=wan.imap.port, smtp=wan.smtp.port, tsa=int(settings.tsa.url.rstrip("/").rpartition(":")[2]))


def configure(office: PracticeOffice, servers: Servers, term_start: date) -> None:
    """Write the configuration that a real office would have, towards these servers."""
    channels = "".join(_channel(name, network, address, servers) for name, network, address in (
        ("wan", "wan", WAN), ("internet", "internet", INTERNET)
    ))  # fmt: skip
    office.config.write_text(
        f"""\
# A practice office, made by `vanthu demo`. Nothing here is real: keys, seal, addresses and names are invented.
[office]
name = "Văn phòng Tỉnh ủy"
parent = "Tỉnh ủy Hải Dương"
code = "{OWN}"
symbol = "TU"
other_symbols = ["VPTU"]
kind = "party"
rules = "party-2026"
place = "Hải Dương"
term_start = {term_start.isoformat()}
data_dir = "data"
{channels}
[keys.leader]
role = "person"
kind = "pkcs12"
path = "pki/keys/{OWN}-person.p12"
secret = "file:secrets/password"
image = "pki/keys/signature.png"

[keys.office]
role = "organisation"
kind = "pkcs12"
path = "pki/keys/{OWN}-organisation.p12"
secret = "file:secrets/password"
image = "pki/keys/seal.png"

[trust]
dir = "pki/trust"
revocation = "when-available"

[tsa]
url = "{servers.tsa_url}"

[accept]
automatic = true

[paper]
session_to = "{OWN}"
exceptions = ["tổ chức cán bộ", "khiếu nại", "tố cáo"]
""",
        "utf-8",
    )


def _channel(name: str, network: str, address: str, servers: Servers) -> str:
    imap = f'host = "{servers.host}", port = {servers.ports.imaps}, user = "{address}", ca = "pki/tls/ca.crt"'
    smtp = f'host = "{servers.host}", port = {servers.ports.smtp}, tls = "starttls", user = "{address}", ca = "pki/tls/ca.crt"'
    return f"""
[channels.{name}]
kind = "mail"
network = "{network}"
address = "{address}"
secret = "file:secrets/password"
imap = {{ {imap} }}
smtp = {{ {smtp} }}
"""


def furnish(office: PracticeOffice, *, now: datetime, language: str) -> None:
    """Set the office up as `vanthu init` does, then fill its directory: agencies, and whose certificate is whose."""
    nobody: Callable[[str], str | None] = lambda _what: None  # noqa: E731  one expression, typed
    settings = load(office.config)
    set_up(settings, now=now, prompt=nobody, language=language)
    with open_desk(settings, now=now, prompt=nobody, language=language) as desk, desk.book.step():
        for agency in AGENCIES:
            directory.put(desk.book, agency)
        for code in _PERSONS:
            for role in ("person", "organisation"):
                file = office.folder / "pki" / "keys" / f"{code}-{role}.crt"
                directory.put_certificate(desk.book, read_certificate(file, role=role, agency=code))
