"""Codes of the national document axis: types, statuses, and which status may follow which (rules/edxml.toml)."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from vanthu_cli.document.text import fold


@dataclass(frozen=True, slots=True)
class Status:
    """A status code: its name, the delivery state that it proves ("": none), and the codes that may follow it."""

    code: str
    name: str
    state: str
    then: tuple[str, ...]


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads((files("vanthu_cli.rules") / "edxml.toml").read_text("utf-8"))


@cache
def statuses() -> Mapping[str, Status]:
    return {
        code: Status(code, each["name"], each["state"], tuple(each["then"]))
        for code, each in _table()["status"].items()
    }


@cache
def type_detail(doc_type: str) -> int | None:
    """Return the TypeDetail of an administrative document's type, None for one that goes by its name alone."""
    wanted = fold(doc_type)
    return next((detail for name, detail in _table()["types"].items() if fold(name) == wanted), None)


def follows(earlier: Sequence[str], code: str, transitions: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether a status may come after those that came; the first of all, and one said again, always may.

    `transitions` are the office's own rows of the table (config.toml). Codes that the table doesn't know follow nothing.
    """
    if code not in statuses():
        return False
    known = [each for each in earlier if each in statuses()]
    if not known or code in known:
        return True
    last = known[-1]
    return code in transitions.get(last, statuses()[last].then)
