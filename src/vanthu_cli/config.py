"""`config.toml` to frozen dataclasses. Nothing else in the program reads the environment.

The file is judged by pydantic (every fault with its dotted key, line and what is expected) when its SHA-256 is not the
last one found good; otherwise it is read in a few milliseconds without pydantic, because every command pays for it.
Relative paths count from the folder of the file.
"""

import hashlib
import os
import sys
import tomllib
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _

Network = Literal["wan", "internet"]
_STRICT: dict[str, Any] = {"extra": "forbid"}
_MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Office:
    """This office. `symbol` is the agency part of its symbols ("TU"), `term_start` the first day of the term."""

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

    def __post_init__(self) -> None:
        if self.kind == "party" and self.term_start is None:
            raise ValueError(_("a Party office needs term_start: numbers run through the term of the committee"))


@dataclass(frozen=True, slots=True)
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
        if not 0 < self.port <= _MAX_PORT:
            raise ValueError(_("a port is a number from 1 to 65535"))


@dataclass(frozen=True, slots=True)
class Channel:
    """A mailbox of the office on one network; `after` says what becomes of a message there once it is ours."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    kind: Literal["mail"]
    network: Network
    address: str
    imap: Server
    smtp: Server
    secret: str
    after: Literal["flag", "move", "leave"] = "flag"

    def __post_init__(self) -> None:
        local, at, domain = self.address.rpartition("@")
        if not (local and at and domain) or any(c.isspace() for c in self.address):
            raise ValueError(_("an address looks like vanthu@tuhaiduong (a domain without a dot is fine)"))


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key: PKCS#12 file, where its passphrase is found, and the PNG of the signature or seal."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    role: Literal["person", "organisation"]
    kind: Literal["pkcs12"]
    path: str
    secret: str
    image: str = ""


@dataclass(frozen=True, slots=True)
class TrustSettings:
    """Folder of CA certificates and CRLs this office believes; how strict to be about revocation.

    `hosts`: addresses that may be asked for revocation. None may, in this version.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    dir: str = "trust"
    revocation: Literal["ignore", "when-available", "require"] = "when-available"
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.hosts:
            raise ValueError(_("this version fetches nothing by itself: leave hosts empty and put CRL files into dir"))


@dataclass(frozen=True, slots=True)
class Tsa:
    """RFC 3161 time stamp authority; empty: signatures carry no trusted time, and say so."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    url: str = ""


@dataclass(frozen=True, slots=True)
class Accept:
    """What may enter the register without a person. Off: everything waits for the clerk."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    automatic: bool = False
    confidence: float = 0.9
    numbered_after_signing: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """When paper goes along: `session_to` receives session papers; `exceptions` are words of the office's own list."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    session_to: str = ""
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holidays:
    """Days off and make-up working days beside Saturdays and Sundays (Government notice, each year)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    off: tuple[date, ...] = ()
    work: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file; `file` is where it stands."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    office: Office
    channels: dict[str, Channel] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    trust: TrustSettings = TrustSettings()
    tsa: Tsa = Tsa()
    accept: Accept = Accept()
    paper: Paper = Paper()
    holidays: Holidays = Holidays()
    file: Path = Path("config.toml")

    def __post_init__(self) -> None:
        if not all(name.replace("-", "").replace("_", "").isalnum() and name.isascii() for name in self.channels):
            raise ValueError(_("a channel is named by plain letters, digits, - and _"))

    def path(self, name: str) -> Path:
        """Resolve a path written in the file."""
        return self.file.parent / Path(name).expanduser()

    @property
    def data_dir(self) -> Path:
        return self.path(self.office.data_dir)


def language(arguments: list[str]) -> Literal["vi", "en"]:
    """Return the language of this run: `--lang`, then VANTHU_LANG, then Vietnamese."""
    chosen = os.environ.get("VANTHU_LANG", "vi")
    for position, argument in enumerate(arguments):
        if argument == "--lang" and position + 1 < len(arguments):
            chosen = arguments[position + 1]
        elif argument.startswith("--lang="):
            chosen = argument.removeprefix("--lang=")
    return "en" if chosen == "en" else "vi"


def find(explicit: Path | None) -> Path:
    """Return the configuration file: `--config`, VANTHU_CONFIG, `./config.toml`, then the user's own.

    `MisuseError` "config.missing" if there is none.
    """
    named = explicit or (Path(os.environ["VANTHU_CONFIG"]) if os.environ.get("VANTHU_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise MisuseError("config.missing", _("There is no configuration file {path}.").format(path=named), _HINT())
        return named
    places = [Path("config.toml"), default_file()]
    for place in places:
        if place.is_file():
            return place
    raise MisuseError("config.missing", _("This office has not been set up yet: no configuration file found."), _HINT())


def _HINT() -> str:  # noqa: N802  a sentence that must be translated late
    return _("Run “vanthu init”, or “vanthu demo” for a practice office, or name the file with --config.")


def default_file() -> Path:
    """Return the user's own configuration file: $XDG_CONFIG_HOME or %APPDATA%."""
    if sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA", str(Path.home())))
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return folder / "vanthu" / "config.toml"


def load(file: Path) -> Config:
    """Read and, when it changed, judge the file. `MisuseError` lists every fault with key and line."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise MisuseError(
            "config.unreadable", _("{path} cannot be read: {why}").format(path=file, why=error)
        ) from error
    table = _table(file, raw)
    digest = hashlib.sha256(raw).hexdigest()
    # Defaults and types may differ between versions of the program: its own bytes belong to the stamp.
    stamp_text = f"{digest} {hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}\n"
    office = table.get("office")
    data_dir = office.get("data_dir") if isinstance(office, dict) else None
    stamp = file.parent / Path(data_dir).expanduser() / "config.good" if isinstance(data_dir, str) else None
    if stamp is not None and stamp.is_file() and stamp.read_text("utf-8") == stamp_text:
        known: Config = _build(Config, {**table, "file": file})
        return known
    config = _judge(file, raw.decode("utf-8"), table)
    if stamp is not None and stamp.parent.is_dir():
        stamp.write_text(stamp_text, "utf-8")
    return config


def _table(file: Path, raw: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise MisuseError(
            "config.encoding", _("{path} is not UTF-8 text (byte {at}).").format(path=file, at=error.start)
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise MisuseError("config.syntax", _("{path} is not valid TOML: {why}").format(path=file, why=error)) from error


def _judge(file: Path, text: str, table: dict[str, Any]) -> Config:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Config).validate_python({**table, "file": file})
    except ValidationError as error:
        faults = [
            _fault(text, fault["loc"], fault["type"], fault["msg"], fault.get("ctx", {})) for fault in error.errors()
        ]
    raise MisuseError(
        "config.invalid",
        _("{path} has {count} fault(s):").format(path=file, count=len(faults)) + "\n" + "\n".join(faults),
        _("config.example.toml shows every key with an example."),
    )


def _fault(text: str, loc: tuple[int | str, ...], kind: str, message: str, context: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in loc)
    expected = {
        "missing": _("is missing"),
        "extra_forbidden": _("is not a key that vanthu knows (a slip of the pen?)"),
        "unexpected_keyword_argument": _("is not a key that vanthu knows (a slip of the pen?)"),
        "literal_error": _("must be one of {values}").format(values=context.get("expected", "")),
        "int_type": _("must be a whole number"),
        "int_parsing": _("must be a whole number"),
        "string_type": _("must be text in quotes"),
        "date_type": _("must be a date such as 2025-10-15"),
        "date_from_datetime_parsing": _("must be a date such as 2025-10-15"),
    }.get(kind, message.removeprefix("Value error, "))
    line = line_of(text, loc)
    where = _("line {line}, {key}").format(line=line, key=key) if line else key
    return f"  {where}: {expected}"


def line_of(text: str, loc: tuple[int | str, ...]) -> int | None:
    """Return the line (from 1) where the key at `loc` stands, or the nearest table or inline table that holds it."""
    wanted = [str(part) for part in loc]
    table: list[str] = []
    best: tuple[int, int] | None = None  # (how many parts matched, line)
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            table = [part.strip().strip("\"'") for part in stripped.strip("[]").split("]")[0].split(".")]
            path = table
        elif "=" in stripped and not stripped.startswith("#"):
            path = table + [part.strip().strip("\"'") for part in stripped.split("=", 1)[0].split(".")]
        else:
            continue
        if wanted[: len(path)] == path and (best is None or len(path) > best[0]):
            best = (len(path), number)
    return best[1] if best else None


def _build(wanted: Any, value: Any) -> Any:
    """Make the dataclass from a table already found good (no checks: `_judge` made them)."""
    if is_dataclass(wanted) and isinstance(wanted, type):
        hints = get_type_hints(wanted)
        return wanted(**{f.name: _build(hints[f.name], value[f.name]) for f in fields(wanted) if f.name in value})
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin is dict:
        return {name: _build(arguments[1], item) for name, item in value.items()}
    if origin is tuple:
        return tuple(_build(arguments[0], item) for item in value)
    if origin in (Union, types.UnionType):
        return _build(arguments[0], value)
    return float(value) if wanted is float else value


def secret(config: Config, reference: str, prompt: Callable[[str], str | None]) -> str:
    """Return the password or passphrase that `reference` names.

    "keyring:SERVICE/USER", "env:NAME", "file:PATH" (mode 600), "command:PROGRAM ARGS" (first line of its output) or
    "prompt". `prompt(what)` asks on a terminal and returns None without one. `MisuseError` when it cannot be had.
    """
    kind, _colon, rest = reference.partition(":")
    if kind == "prompt":
        answer = prompt(rest)
        if answer is None:
            raise MisuseError(
                "secret.no_terminal",
                _("A password must be asked for, but there is no terminal."),
                _("Put it into the keyring, or a file with mode 600, and name that as “secret” in {path}.").format(
                    path=config.file
                ),
            )
        return answer
    source = {"keyring": _from_keyring, "env": _from_environment, "command": _from_command}.get(kind)
    if source is not None:
        return source(rest)
    if kind == "file":
        return _from_file(config.path(rest))
    raise MisuseError(
        "secret.kind",
        _("“{kind}” is not a place for a secret.").format(kind=kind),
        _("Write keyring:…, env:…, file:…, command:… or prompt."),
    )


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise MisuseError("secret.missing", _("The environment variable {name} is not set.").format(name=name))
    return value


def _from_keyring(name: str) -> str:
    import keyring

    service, _slash, user = name.partition("/")
    backend = type(keyring.get_keyring()).__module__
    if backend.startswith("keyrings.alt"):  # may be plain text on disk, or wait for a terminal that isn't there
        raise MisuseError("secret.keyring", _("The keyring of this machine ({name}) is not safe.").format(name=backend))
    try:
        value: str | None = keyring.get_password(service, user)
    except Exception as error:
        raise MisuseError("secret.keyring", _("The keyring does not answer: {why}").format(why=error)) from error
    if value is None:
        raise MisuseError(
            "secret.missing",
            _("The keyring has no entry {name}.").format(name=name),
            _("Add it with: keyring set {service} {user}").format(service=service, user=user),
        )
    return value


def _from_command(line: str) -> str:
    import shlex
    import subprocess

    try:
        done = subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise MisuseError(
            "secret.command", _("The command for a secret failed: {why}").format(why=type(error).__name__)
        ) from error
    return done.stdout.splitlines()[0] if done.stdout else ""


def _from_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MisuseError("secret.missing", _("The secret file {path} cannot be read.").format(path=path)) from error
    if sys.platform != "win32" and mode & 0o077:
        raise ForbiddenError(
            "secret.mode",
            _("The secret file {path} can be read by others.").format(path=path),
            _("Run: chmod 600 {path}").format(path=path),
        )
    return text.removesuffix("\n")
