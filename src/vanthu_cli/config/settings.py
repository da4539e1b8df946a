"""The tables and keys of `config.toml` (README; config.example.toml explains each). Relative paths count from its folder."""

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal

from vanthu_cli.document.text import is_mailbox
from vanthu_cli.locale import _

Network = Literal["wan", "internet"]
_STRICT: dict[str, Any] = {"extra": "forbid"}
_MAX_PORT = 65_535
_LARGEST_SEAL = 60
SECRET_KINDS = ("keyring", "env", "file", "command", "prompt")
# Every command pays for making these classes: nobody compares or prints settings, and that is a third of the cost.


@dataclass(frozen=True, eq=False, repr=False)
class Office:
    """This office. `symbol` is the agency part of its symbols ("TU"), `term_start` and `term_end` the days of the term.

    `rules`: always this profile; left out, the one in force on the day. `rules_file`: where the office has rules of its own.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    name: str
    code: str
    symbol: str
    kind: Literal["party", "state"]
    place: str
    data_dir: str
    parent: str = ""
    other_symbols: tuple[str, ...] = ()
    rules: Literal["party-2018", "party-2026", "state-nd30", ""] = ""
    term_start: date | None = None
    term_end: date | None = None
    rules_file: str = ""

    def __post_init__(self) -> None:
        _filled(self, "name", "code", "symbol", "place", "data_dir")
        if "@" in self.code or any(c.isspace() for c in self.code):
            raise ValueError(_("code is one word without @, such as VPTU"))
        if self.rules and not self.rules.startswith(self.kind):
            raise ValueError(
                _("rules {rules} are not those of an office of the kind {kind}").format(
                    rules=self.rules, kind=self.kind
                )
            )
        if self.kind == "party" and self.term_start is None:
            raise ValueError(_("a Party office needs term_start: numbers run through the term of the committee"))


@dataclass(frozen=True, eq=False, repr=False)
class Server:
    """One mail server. `tls_name` is the name its certificate must bear when it is not `host`; `ca` a PEM file."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    host: str
    port: int
    user: str
    tls: Literal["implicit", "starttls"] = "implicit"
    tls_name: str = ""
    ca: str = ""

    def __post_init__(self) -> None:
        _filled(self, "host", "user")
        if not 0 < self.port <= _MAX_PORT:
            raise ValueError(_("a port is a number from 1 to 65535"))


@dataclass(frozen=True, eq=False, repr=False)
class Channel:
    """A way of the office into one network.

    mail: a mailbox, `imap`, `smtp`, `secret`; `after` says what becomes of a message there once it is ours. folder: `path` of
    a folder that is carried to a machine on that network and back. `smime` names the key that signs outgoing letters
    (S/MIME); empty: the letter itself is not signed, only the document. axis: the national document axis through the adapter at
    `url`, `address` our identifier there, `system` and `secret` the adapter's login, `ca` a PEM file for its certificate, `key`
    the key that signs packages (empty: the office's only one).
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    kind: Literal["mail", "folder", "axis"]
    network: Network
    address: str
    imap: Server | None = None
    smtp: Server | None = None
    secret: str = ""
    after: Literal["flag", "move", "leave"] = "flag"
    smime: str = ""
    path: str = ""
    url: str = ""
    system: str = ""
    ca: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        if self.kind == "axis":
            _filled(self, "url", "system", "secret")
            check_identifier(self.address)
            check_adapter(self.url)
            check_reference(self.secret)
            return
        if not is_mailbox(self.address):
            raise ValueError(_("an address looks like vanthu@tuhaiduong (a domain without a dot is fine)"))
        if self.kind == "folder":
            _filled(self, "path")
            return
        if self.imap is None or self.smtp is None:
            raise ValueError(_("a channel of the kind “mail” needs imap and smtp"))
        check_reference(self.secret)


@dataclass(frozen=True, eq=False, repr=False)
class Key:
    """A signing key, and the PNG of the signature or seal; `size_mm` is the seal's real diameter (0: from the PNG, else 36).

    pkcs12: `path`. pkcs11 (a USB token): `module` is the driver's file, `certificate` tells which one (a file, or the SHA-256
    of the certificate), `token` its label if that is wanted too. csc (remote signing service): `url`, `credential`,
    `access` says where its OAuth token is. `secret` says where passphrase or PIN is.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    role: Literal["person", "organisation"]
    kind: Literal["pkcs12", "pkcs11", "csc"]
    secret: str
    path: str = ""
    image: str = ""
    size_mm: float = 0.0
    certificate: str = ""
    module: str = ""
    token: str = ""
    url: str = ""
    credential: str = ""
    access: str = ""
    api: Literal["v1", "v2"] = "v1"

    def __post_init__(self) -> None:
        _filled(self, *{"pkcs12": ("path",), "pkcs11": ("module",), "csc": ("url", "credential")}[self.kind])
        check_reference(self.secret)
        if self.access:
            check_reference(self.access)
        if not 0 <= self.size_mm <= _LARGEST_SEAL:
            raise ValueError(_("size_mm is the seal's diameter in millimetres, such as 36"))


@dataclass(frozen=True, eq=False, repr=False)
class TrustSettings:
    """Folder of CA certificates and CRLs this office believes; how strict to be about revocation.

    `hosts`: the only addresses that may be asked for revocation data ("ocsp.ca.gov.vn"), before signing and for B-LT.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    dir: str = "trust"
    revocation: Literal["ignore", "when-available", "require"] = "when-available"
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any("/" in host or not host.strip() for host in self.hosts):
            raise ValueError(_("hosts are names such as ocsp.ca.gov.vn, without http:// and without a path"))


@dataclass(frozen=True, eq=False, repr=False)
class Tsa:
    """RFC 3161 time stamp authority; empty: signatures carry no trusted time, and say so."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    url: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Signing:
    """How provable this office's signatures are made (PAdES levels). Left out: B-T with a time stamp authority, else B-B."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    level: Literal["B-B", "B-T", "B-LT", "B-LTA", ""] = ""


@dataclass(frozen=True, eq=False, repr=False)
class Accept:
    """What may enter the register without a person. Off: everything waits for the clerk.

    `attachments` are the kinds of files that this office takes, told by content (reading/kinds.py); others wait for a person.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    automatic: bool = False
    confidence: float = 0.9
    numbered_after_signing: bool = False
    attachments: tuple[str, ...] = (
        "pdf", "word", "sheet", "slides", "ole", "rtf", "text", "xml", "image", "zip", "signature", "mail", "tnef",
    )  # fmt: skip

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise ValueError(_("confidence is a number from 0 to 1"))


@dataclass(frozen=True, eq=False, repr=False)
class Paper:
    """When paper goes along: `session_to` receives session papers; `exceptions` are words of the office's own list."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    session_to: str = ""
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Holidays:
    """Days off and make-up working days that are not in the program's table, or other than there (Government notice, each year)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    off: tuple[date, ...] = ()
    work: tuple[date, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Batch:
    """What the run without a person does: how often an agency that does not acknowledge is reminded of a document (0: never)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    reminders: int = 3

    def __post_init__(self) -> None:
        if self.reminders < 0:
            raise ValueError(_("reminders is a count, such as 3"))


@dataclass(frozen=True, eq=False, repr=False)
class Exchange:
    """Of the axis's status codes, which may follow which, where this office knows better than rules/edxml.toml: "03" = ["05"]."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    transitions: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for code in (*self.transitions, *(each for then in self.transitions.values() for each in then)):
            if not re.fullmatch("[0-9]{2}", code):
                raise ValueError(_("exchange.transitions: a status is two digits, such as 03"))


@dataclass(frozen=True, eq=False, repr=False)
class Config:
    """The whole file; `file` is where it stands."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    office: Office
    channels: dict[str, Channel] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    trust: TrustSettings = TrustSettings()
    tsa: Tsa = Tsa()
    signing: Signing = Signing()
    accept: Accept = Accept()
    paper: Paper = Paper()
    holidays: Holidays = Holidays()
    batch: Batch = Batch()
    exchange: Exchange = Exchange()
    file: Path = Path("config.toml")

    def __post_init__(self) -> None:
        for name in self.channels:
            if not re.fullmatch("[A-Za-z0-9_-]+", name):
                raise ValueError(
                    _("channels.{name}: a channel is named by plain letters, digits, - and _").format(name=name)
                )

        if self.signing.level not in {"", "B-B"} and not self.tsa.url:
            raise ValueError(
                _("signing.level {level} needs a time stamp authority: url under [tsa]").format(
                    level=self.signing.level
                )
            )
        for name in (channel.smime for channel in self.channels.values() if channel.smime):
            if name not in self.keys:
                raise ValueError(_("smime names no key of this file: {name}").format(name=name))
        for name in (channel.key for channel in self.channels.values() if channel.key):
            if name not in self.keys or self.keys[name].role != "organisation":
                raise ValueError(_("key of the axis names no key of the office in this file: {name}").format(name=name))

    def path(self, name: str) -> Path:
        """Resolve a path written in the file."""
        return self.file.parent / Path(name).expanduser()

    @property
    def data_dir(self) -> Path:
        return self.path(self.office.data_dir)


def _filled(table: object, *names: str) -> None:
    empty = [name for name in names if not getattr(table, name).strip()]
    if empty:
        raise ValueError(_("{names} must not be empty").format(names=", ".join(empty)))


def check_identifier(value: str) -> None:
    """Refuse what is no organisation identifier (QĐ 20/2020/QĐ-TTg): H23.01.02, or the older 000.00.01.H23."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,34}", value):
        raise ValueError(_("on the axis an office's address is its identifier, such as H23.01.02"))


def check_adapter(url: str) -> None:
    """Refuse an address that is none, and one that would carry packages in the clear out of the office's own network."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(_("url is the axis adapter's address, such as https://lgsp.haiduong.gov.vn/vdxp"))
    if parts.scheme == "http" and not _own_network(parts.hostname):
        raise ValueError(
            _("url of the axis adapter must begin with https unless it is an address of the office's own network")
        )


def _own_network(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return host == "localhost" or ip_address(host).is_private
    except ValueError:
        return False


def check_reference(reference: str) -> None:
    """Refuse what is no reference without showing it: somebody may have put the password itself there."""
    if reference.partition(":")[0] not in SECRET_KINDS:
        raise ValueError(_("secret says where the password is: keyring:…, env:…, file:…, command:… or prompt"))
