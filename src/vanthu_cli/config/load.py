"""Finding, reading and judging `config.toml`.

The file is judged by pydantic (every fault with its dotted key, line and what is expected) when it is not the last one
found good; otherwise it is read in a few milliseconds without pydantic, because every command pays for it.
"""

import contextlib
import json
import os
import re
import sys
import tomllib
import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from vanthu_cli.config.settings import Config
from vanthu_cli.errors import MisuseError, os_words
from vanthu_cli.locale import _


def find(explicit: Path | None) -> Path:
    """Return the configuration file: `--config`, VANTHU_CONFIG, `./config.toml`, then the user's own.

    `MisuseError` "config.missing" if there is none.
    """
    named = explicit or (Path(os.environ["VANTHU_CONFIG"]) if os.environ.get("VANTHU_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise MisuseError("config.missing", _("There is no configuration file {path}.").format(path=named), _hint())
        return named
    places = [Path("config.toml"), default_file()]
    for place in places:
        if place.is_file():
            return place
    raise MisuseError("config.missing", _("This office has not been set up yet: no configuration file found."), _hint())


def _hint() -> str:
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
    good = raw + b"\n# " + Path(__file__).with_name("settings.py").read_bytes()
    stamp = _stamp(file, table)
    if stamp is None or _read_or_empty(stamp) != good:
        _judge(file, text, table)
        if stamp is not None and stamp.parent.is_dir():
            with contextlib.suppress(OSError):  # a full or read-only disk costs the next run 0.1 s, no more
                stamp.write_bytes(good)
    known: Config = _build(Config, {**table, "file": file})
    return known


def _stamp(file: Path, table: Mapping[str, Any]) -> Path | None:
    """Return where a copy of the last file found good is kept: in the data_dir, once there is one."""
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
