"""`config.toml` to frozen dataclasses. Nothing else in the program reads the environment (but locale, for its language).

The file is judged by pydantic (every fault with its dotted key, line and what is expected) when its SHA-256 is not the
last one found good; otherwise it is read in a few milliseconds without pydantic, because every command pays for it.
Relative paths count from the folder of the file.
"""

import contextlib
import hashlib
import json
import os
import re
import sys
import tomllib
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal, Union, get_args, get_origin

from vanthu_cli.document.text import is_mailbox
from vanthu_cli.errors import MisuseError, os_words
from vanthu_cli.locale import _

Network = Literal["wan", "internet"]
_STRICT: dict[str, Any] = {"extra": "forbid"}
_MAX_PORT = 65_535
_SECRET_KINDS = ("keyring", "env", "file", "command", "prompt")
# Every command pays for making these classes: nobody compares or prints settings, and that is a third of the cost.


@dataclass(frozen=True, eq=False, repr=False)
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
        _filled(self, "name", "code", "symbol", "place", "data_dir")
        if "@" in self.code or any(c.isspace() for c in self.code):
            raise ValueError(_("code is one word without @, such as VPTU"))
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
        if not is_mailbox(self.address):
            raise ValueError(_("an address looks like vanthu@tuhaiduong (a domain without a dot is fine)"))
        _check_reference(self.secret)


@dataclass(frozen=True, eq=False, repr=False)
class Key:
    """A signing key: PKCS#12 file, where its passphrase is found, and the PNG of the signature or seal."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    role: Literal["person", "organisation"]
    kind: Literal["pkcs12"]
    path: str
    secret: str
    image: str = ""

    def __post_init__(self) -> None:
        _filled(self, "path")
        _check_reference(self.secret)


@dataclass(frozen=True, eq=False, repr=False)
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


@dataclass(frozen=True, eq=False, repr=False)
class Tsa:
    """RFC 3161 time stamp authority; empty: signatures carry no trusted time, and say so."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    url: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Accept:
    """What may enter the register without a person. Off: everything waits for the clerk."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    automatic: bool = False
    confidence: float = 0.9
    numbered_after_signing: bool = False

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
    """Days off and make-up working days beside Saturdays and Sundays (Government notice, each year)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    off: tuple[date, ...] = ()
    work: tuple[date, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
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
        for name in self.channels:
            if not re.fullmatch("[A-Za-z0-9_-]+", name):
                raise ValueError(
                    _("channels.{name}: a channel is named by plain letters, digits, - and _").format(name=name)
                )

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


def _check_reference(reference: str) -> None:
    """Refuse what is no reference without showing it: somebody may have put the password itself there."""
    if reference.partition(":")[0] not in _SECRET_KINDS:
        raise ValueError(_("secret says where the password is: keyring:…, env:…, file:…, command:… or prompt"))


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
            "config.unreadable", _("{path} cannot be read: {why}").format(path=file, why=os_words(error))
        ) from error
    text, table = _table(file, raw)
    # Defaults and types may differ between versions of the program: its own bytes belong to the stamp.
    versions = (raw, Path(__file__).read_bytes())
    good = " ".join(hashlib.sha256(data).hexdigest() for data in versions).encode()
    stamp = _stamp(file, table)
    if stamp is None or _read_or_empty(stamp) != good:
        _judge(file, text, table)
        if stamp is not None and stamp.parent.is_dir():
            with contextlib.suppress(OSError):  # a full or read-only disk costs the next run 0.1 s, no more
                stamp.write_bytes(good)
    known: Config = _build(Config, {**table, "file": file})
    return known


def _stamp(file: Path, table: Mapping[str, Any]) -> Path | None:
    """Return where the hash of the last file found good is kept: in the data_dir, once there is one."""
    office = table.get("office")
    data_dir = office.get("data_dir") if isinstance(office, dict) else None
    if not isinstance(data_dir, str):
        return None
    with contextlib.suppress(RuntimeError):  # "~nobody/…"
        return file.parent / Path(data_dir).expanduser() / "config.good"
    return None


def _read_or_empty(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _table(file: Path, raw: bytes) -> tuple[str, dict[str, Any]]:
    try:
        text = raw.decode("utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise MisuseError(
            "config.encoding",
            _("{path}, line {line}: this is not UTF-8 text.").format(
                path=file, line=raw[: error.start].count(b"\n") + 1
            ),
            _("Save it as “UTF-8” in the editor."),
        ) from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (place[1], place[2]) if place else (str(len(text.splitlines()) or 1), "1")
        raise MisuseError(
            "config.syntax",
            _("{path}, line {line}, column {column}: this is not valid TOML ({why}).").format(
                path=file, line=line, column=column, why=str(error).partition(" (at ")[0]
            ),
            _("Text stands in quotes; a Windows path in single ones: 'C:\\vanthu'."),
        ) from error
    for key, value in _texts(table):
        if any(ord(c) < ord(" ") for c in value):
            raise MisuseError(
                "config.control", _("{path}: {key} holds a line break or control character.").format(path=file, key=key)
            )
    return text, table


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a table with its dotted key."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict | list):
        for part, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(item, f"{key}.{part}".lstrip("."))


def _judge(file: Path, text: str, table: dict[str, Any]) -> None:
    """Raise `MisuseError` "config.invalid" with every fault.

    Strictly, and through JSON: there lists may be tuples and tables dataclasses, but "993" is no number.
    """
    from pydantic import TypeAdapter, ValidationError

    faults = [_fault(text, ("file",), "extra_forbidden", "", {})] if "file" in table else []
    raw = json.dumps({**table, "file": str(file)}, default=_json)
    try:
        TypeAdapter(Config).validate_json(raw, strict=True)
    except ValidationError as error:
        faults += [
            _fault(text, fault["loc"], fault["type"], fault["msg"], fault.get("ctx", {})) for fault in error.errors()
        ]
    if faults:
        raise MisuseError(
            "config.invalid",
            _("{path} has {count} fault(s):").format(path=file, count=len(faults)) + "\n" + "\n".join(faults),
            _("config.example.toml shows every key with an example."),
        )


def _json(value: object) -> str:
    """Write a date; any other TOML time is spoilt, so that it is refused where a date must stand."""
    return value.isoformat() if type(value) is date else f"{value} is not a date"


def _fault(text: str, loc: tuple[int | str, ...], kind: str, message: str, context: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in loc)
    values = context.get("expected", "")
    date_wanted = _("must be a date without quotes, such as 2025-10-15")
    number_wanted = _("must be a whole number without quotes")
    table_wanted = _("must be a table of keys")
    expected = {
        "missing": _("is missing"),
        "unexpected_keyword_argument": _("is not a key that vanthu knows (a slip of the pen?)"),
        "extra_forbidden": _("is not a key that vanthu knows (a slip of the pen?)"),
        "literal_error": _("must be one of {values}").format(values=values),
        "int_type": number_wanted,
        "int_from_float": number_wanted,
        "float_type": _("must be a number without quotes"),
        "bool_type": _("must be true or false, without quotes"),
        "string_type": _("must be text in quotes"),
        "date_type": date_wanted,
        "date_parsing": date_wanted,
        "tuple_type": _("must be a list in square brackets"),
        "dict_type": table_wanted,
        "dataclass_type": table_wanted,
    }.get(kind, message.removeprefix("Value error, "))
    line = line_of(text, loc)
    where = _("line {line}, {key}").format(line=line, key=key) if line else key
    return f"  {where}: {expected}" if where else f"  {expected}"


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
        return wanted(**{f.name: _build(f.type, value[f.name]) for f in fields(wanted) if f.name in value})
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin is dict:
        return {name: _build(arguments[1], item) for name, item in value.items()}
    if origin is tuple:
        return tuple(_build(arguments[0], item) for item in value)
    if origin in (Union, types.UnionType):
        return _build(arguments[0], value)
    if wanted is date and isinstance(value, str):  # quoted by habit; `_judge` saw that it is one
        return date.fromisoformat(value)
    return float(value) if wanted is float else value


def secret(config: Config, reference: str, prompt: Callable[[str], str | None]) -> str:
    """Return the password or passphrase that `reference` names.

    "keyring:SERVICE/USER", "env:NAME", "file:PATH" (first line, mode 600), "command:PROGRAM ARGS" (first line of its
    output) or "prompt". `prompt(what)` asks on a terminal and returns None without one. `MisuseError` when it cannot be
    had; no message ever shows a secret, nor a reference that may be one.
    """
    try:
        _check_reference(reference)
    except ValueError as error:
        raise MisuseError("secret.kind", f"{error}.") from None
    kind, _colon, rest = reference.partition(":")
    sources: dict[str, Callable[[], str]] = {
        "keyring": lambda: _from_keyring(rest),
        "env": lambda: _from_environment(rest),
        "file": lambda: _from_file(config.path(rest)),
        "command": lambda: _from_command(rest),
        "prompt": lambda: _from_terminal(config, rest, prompt),
    }
    value = sources[kind]()
    if not value:
        raise MisuseError("secret.empty", _("The secret named by {kind}:… is empty.").format(kind=kind))
    return value


def _from_terminal(config: Config, what: str, prompt: Callable[[str], str | None]) -> str:
    answer = prompt(what or config.office.name)
    if answer is None:
        raise MisuseError(
            "secret.no_terminal",
            _("A password must be asked for, but there is no terminal."),
            _("Put it into the keyring, or a file with mode 600, and name that as “secret” in {path}.").format(
                path=config.file
            ),
        )
    return answer


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise MisuseError("secret.missing", _("The environment variable {name} is not set.").format(name=name))
    return value


def _from_keyring(name: str) -> str:
    service, _slash, user = name.partition("/")
    try:
        import keyring

        backend = type(keyring.get_keyring()).__module__
        # What keyrings.alt offers may be plain text on disk, or wait for a terminal that isn't there.
        value: str | None = None if backend.startswith("keyrings.alt") else keyring.get_password(service, user)
    except Exception as error:
        raise MisuseError(
            "secret.keyring",
            _("The keyring of this machine cannot be used ({why}).").format(why=type(error).__name__),
            _("On a machine without a keyring write file:PATH, a file with mode 600."),
        ) from error
    if backend.startswith("keyrings.alt"):
        raise MisuseError("secret.keyring", _("The keyring of this machine ({name}) is not safe.").format(name=backend))
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

    why = _("it says nothing")
    try:
        done = subprocess.run(
            shlex.split(line), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=60, check=True
        )
    except subprocess.CalledProcessError as error:  # its text repeats the command, which may hold a secret
        why = _("exit code {code}").format(code=error.returncode)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        why = type(error).__name__
    else:
        if done.stdout.strip():
            return done.stdout.splitlines()[0]
    raise MisuseError("secret.command", _("The command for a secret failed: {why}").format(why=why))


def _from_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MisuseError("secret.missing", _("The secret file {path} cannot be read.").format(path=path)) from error
    if sys.platform != "win32" and mode & 0o077:
        raise MisuseError(
            "secret.mode",
            _("The secret file {path} can be read by others.").format(path=path),
            _("Run: chmod 600 {path}").format(path=path),
        )
    return text.partition("\n")[0]
