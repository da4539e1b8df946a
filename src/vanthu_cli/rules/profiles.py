"""The rules that an office keeps, as dated profiles (profiles/*.toml): types, numbering, copies, deadlines, the forms of its books.

An office's own file ([office] rules_file) has the same tables; what stands there replaces what the profile says.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from vanthu_cli.config.settings import Config, Office
from vanthu_cli.errors import MisuseError, os_words
from vanthu_cli.locale import _

_FOLDER = Path(__file__).parent / "profiles"


@dataclass(frozen=True, slots=True)
class Numbering:
    """`scope`: what a sequence lasts for; `key`: what is counted together; `congress`: agency parts that share one sequence.

    `classified`: "same" if secret documents take numbers from the same sequences, "separate" if nothing of them stands here.
    """

    scope: Literal["term", "year"]
    key: Literal["symbol", "type", "all"]
    congress: tuple[str, ...]
    classified: Literal["same", "separate"]


@dataclass(frozen=True, slots=True)
class Copies:
    """How copies (sao y, sao lục, trích sao) are named; `series` "": numbered by symbol like anything else."""

    symbol: str
    series: str


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Working days within which is registered, sent, and acknowledged; 0 is the same day."""

    register: int
    send: int
    acknowledge: int


_T = TypeVar("_T", Numbering, Copies, Deadlines)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a printed book: what stands in it, its relative width, its heading."""

    field: str
    width: float
    heading: str


@dataclass(frozen=True, slots=True)
class Form:
    """A printed book; `numbered`: its cover says from which number to which."""

    title: str
    numbered: bool
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules of one kind of office in one time. `types`: names by abbreviation; `registers`: forms by book."""

    name: str
    kind: str
    since: date
    until: date | None
    types: Mapping[str, tuple[str, ...]]
    numbering: Numbering
    copies: Copies
    deadlines: Deadlines
    registers: Mapping[str, Form]


def profile_of(config: Config, day: date) -> Profile:
    """Return the rules of an office on a day; `MisuseError` "rules.file" if its own file cannot be used."""
    table = _shipped(config.office, day)
    if not config.office.rules_file:
        return _profile(table)
    path = config.path(config.office.rules_file)
    try:
        own = tomllib.loads(path.read_text("utf-8"))
        return _profile(_merged(table, own))
    except (OSError, ValueError, TypeError, KeyError) as error:
        why = os_words(error) if isinstance(error, OSError) else str(error)
        raise MisuseError(
            "rules.file",
            _("The office's own rules {path} cannot be used: {why}").format(path=path, why=why),
            _("The profiles of the program show every table and key (rules/profiles)."),
        ) from error


def _shipped(office: Office, day: date) -> Mapping[str, Any]:
    """Return the profile that the office names, or else the one of its kind that is in force on that day."""
    tables = shipped()
    if office.rules:
        return tables[office.rules]
    ours = sorted((each for each in tables.values() if each["kind"] == office.kind), key=lambda each: each["since"])
    return [each for each in ours if each["since"] <= day or each is ours[0]][-1]


@cache
def shipped() -> Mapping[str, Mapping[str, Any]]:
    """Return every profile of the program as it stands in its file, by name."""
    tables = (tomllib.loads(file.read_text("utf-8")) for file in sorted(_FOLDER.glob("*.toml")))
    return {table["name"]: table for table in tables}


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in own.items():
        inner = merged.get(name)
        merged[name] = _merged(inner, value) if isinstance(value, dict) and isinstance(inner, dict) else value
    return merged


def _profile(table: Mapping[str, Any]) -> Profile:
    return Profile(
        table["name"],
        table["kind"],
        table["since"],
        table.get("until"),
        {abbreviation: tuple(names) for abbreviation, names in table["types"].items()},
        _of(Numbering, table["numbering"] | {"congress": tuple(table["numbering"]["congress"])}),
        _of(Copies, table["copies"]),
        _of(Deadlines, table["deadlines"]),
        {name: _form(form) for name, form in table["registers"].items()},
    )


def _form(table: Mapping[str, Any]) -> Form:
    columns = tuple(Column(str(field), float(width), str(heading)) for field, width, heading in table["columns"])
    return Form(str(table["title"]), bool(table["numbered"]), columns)


def _of(kind: type[_T], table: Mapping[str, Any]) -> _T:
    """Make a value of a table; a key that means nothing is an error, not a comment."""
    unknown = set(table) - {each.name for each in fields(kind)}
    if unknown:
        raise ValueError(_("unknown keys: {names}").format(names=", ".join(sorted(unknown))))
    choices = {"scope": {"term", "year"}, "key": {"symbol", "type", "all"}, "classified": {"same", "separate"}}
    for name, allowed in choices.items():
        if name in table and table[name] not in allowed:
            raise ValueError(_("{name} takes {choices}").format(name=name, choices=", ".join(sorted(allowed))))
    return kind(**table)
