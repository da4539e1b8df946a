"""Number and symbol of a document: `145-CV/TU` (Party), `15/QĐ-UBND` (State). Canonical out, tolerant in.

Sources: 36-HD/VPTW II.1.3 (Party: `Số 145-CV/TU`), NĐ 30/2020 Phụ lục I II.3 (State: `Số: 15/QĐ-BNV`);
numbers below 10 are written with two digits in both.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _

Kind = Literal["party", "state"]

_HYPHENS = dict.fromkeys(map(ord, "\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
_MAX_NUMBER = 99_999
# ICELANDIC ETH and AFRICAN D look like Đ and are typed for it; NFC does not join them.
_LOOKALIKES = {0x00D0: "Đ", 0x0189: "Đ", 0x00F0: "đ", 0x2044: "/", 0x2215: "/", 0xFF0F: "/"}
_PREFIX = re.compile(r"^\s*Số\s*:?\s*", re.IGNORECASE)
_PARTY = re.compile(r"^(\d{1,5})\s*-\s*([^\W\d_]+)\s*/\s*([^\W_][\w.]*(?:-[\w.]+)*)$")
_STATE = re.compile(r"^(\d{1,5})\s*/\s*([^\W_][\w.]*(?:\s*-\s*[\w.&]+)*)$")
_PARTY_SYMBOL = re.compile(r"^([^\W\d_]+)/([^\W_][\w.]*(?:-[\w.]+)*)$")
_STATE_SYMBOL = re.compile(r"^[^\W_][\w.]*(?:-[\w.&]+)*$")


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """A number together with its symbol ("CV/TU" or "QĐ-UBND"); the shape of the symbol tells the kind."""

    value: int
    symbol: str

    @property
    def kind(self) -> Kind:
        return kind_of(self.symbol)

    def __str__(self) -> str:
        """Return the canonical form `145-CV/TU` or `15/QĐ-UBND`, zero-padded below 10."""
        joint = "-" if self.kind == "party" else "/"
        return f"{self.value:02d}{joint}{self.symbol}"


def kind_of(symbol: str) -> Kind:
    """Tell a Party symbol (TYPE/AGENCY) from a State one (TYPE-AGENCY)."""
    return "party" if "/" in symbol else "state"


def tidy(text: str) -> str:
    """Return text in NFC with plain hyphens, slashes and spaces, and the look-alikes of Đ put right."""
    plain = unicodedata.normalize("NFC", text).translate(_HYPHENS).translate(_LOOKALIKES)
    return " ".join(plain.split())


def parse_symbol(text: str) -> str:
    """Return the canonical symbol of what a person typed; `MisuseError` if it cannot be one."""
    plain = re.sub(r"\s*([-/])\s*", r"\1", tidy(text))
    if _PARTY_SYMBOL.match(plain) or _STATE_SYMBOL.match(plain):
        return plain
    raise MisuseError(
        "document.symbol",
        _("“{text}” is not a symbol such as CV/TU or QĐ-UBND.").format(text=text),
    )


def parse_number(text: str) -> DocumentNumber:
    """Read `Số 145 - CV/TU`, `số: 15/QĐ–UBND`, decomposed letters and Unicode hyphens included.

    `MisuseError` if the text is not one number with its symbol.
    """
    plain = _PREFIX.sub("", tidy(text))
    party = _PARTY.match(plain)
    if party and 0 < int(party[1]) <= _MAX_NUMBER:
        return DocumentNumber(int(party[1]), f"{party[2]}/{party[3]}")
    state = _STATE.match(plain)
    if state and 0 < int(state[1]) <= _MAX_NUMBER:
        return DocumentNumber(int(state[1]), re.sub(r"\s*-\s*", "-", state[2]))
    raise MisuseError(
        "document.number",
        _("“{text}” is not a number with its symbol, such as 145-CV/TU or 15/QĐ-UBND.").format(text=text),
    )
