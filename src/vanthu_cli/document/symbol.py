"""Number and symbol of a document: `145-CV/TU` (Party), `15/QĐ-UBND` (State). Canonical out, tolerant in.

Sources: 36-HD/VPTW II.1.3 (Party: `Số 145-CV/TU`), NĐ 30/2020 Phụ lục I II.3 (State: `Số: 15/QĐ-BNV`); numbers below 10
are written with two digits in both. Legal documents (văn bản quy phạm pháp luật) carry the year before the type:
`12/2024/QĐ-UBND` is number 12 with the symbol `2024/QĐ-UBND`. `11-LĐTBXH/TT`, the State's form until the 1990s, is kept
as printed. A number with a letter (`12a-CV/TU`) is refused: read as 12 it would be another document.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _

Kind = Literal["party", "state"]

_HYPHENS = dict.fromkeys(map(ord, "\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_MAX_NUMBER = 99_999
# ICELANDIC ETH and AFRICAN D look like Đ and are typed for it; NFC does not join them.
_LOOKALIKES = {0x00D0: "Đ", 0x0189: "Đ", 0x00F0: "đ", 0x2044: "/", 0x2215: "/", 0xFF0F: "/"}
# Patterns are compiled when first used (re keeps them): every command imports this module, few read a number.
_PREFIX = r"(?i)^Số\s*:?\s*"
# Latin letters only: a Cyrillic С in “СV/TU” looks the same, and would be another symbol that nobody ever finds.
_LETTER = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
_PART = rf"[{_LETTER}][{_LETTER}0-9]*(?:\.[{_LETTER}0-9]+)*"
_TAIL = rf"(?:-[{_LETTER}0-9&+]+(?:\.[{_LETTER}0-9]+)*)*"
_PARTY_SYMBOL = rf"[{_LETTER}]+/{_PART}{_TAIL}"
_STATE_SYMBOL = rf"(?:(?:19|20)[0-9]{{2}}/)?{_PART}{_TAIL}"
_SYMBOL = rf"{_PARTY_SYMBOL}|{_STATE_SYMBOL}"
_NUMBER = rf"([0-9]{{1,5}})(?:-({_PARTY_SYMBOL})|/({_STATE_SYMBOL}))"


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """A number together with its symbol ("CV/TU", "QĐ-UBND", "2024/QĐ-UBND"); its shape tells the kind."""

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
    """Tell a Party symbol (TYPE/AGENCY) from a State one (TYPE-AGENCY, YEAR/TYPE-AGENCY)."""
    return "party" if "/" in symbol and not symbol[0].isdecimal() else "state"


def tidy(text: str) -> str:
    """Return text in NFC with plain hyphens, slashes and spaces, the look-alikes of Đ put right, nothing unseen."""
    plain = unicodedata.normalize("NFC", text.translate(_UNSEEN)).translate(_HYPHENS).translate(_LOOKALIKES)
    return " ".join(plain.split())


def parse_symbol(text: str) -> str:
    """Return the canonical symbol of what a person typed; `MisuseError` if it cannot be one."""
    plain = _joined(text)
    if re.fullmatch(_SYMBOL, plain):
        return plain
    raise MisuseError(
        "document.symbol",
        _("“{text}” is not a symbol such as CV/TU or QĐ-UBND.").format(text=text),
    )


def parse_number(text: str) -> DocumentNumber:
    """Read `Số 145 - CV/TU`, `số: 15/QĐ–UBND`, decomposed letters and Unicode hyphens included.

    `MisuseError` if the text is not one number with its symbol.
    """
    found = re.fullmatch(_NUMBER, re.sub(_PREFIX, "", _joined(text)))
    if found and 0 < int(found[1]) <= _MAX_NUMBER:
        return DocumentNumber(int(found[1]), found[2] or found[3])
    raise MisuseError(
        "document.number",
        _("“{text}” is not a number with its symbol, such as 145-CV/TU or 15/QĐ-UBND.").format(text=text),
    )


def _joined(text: str) -> str:
    """Return tidy text without the spaces around - and /, and without the stop of a sentence at its end."""
    return re.sub(r"\s*([-/])\s*", r"\1", tidy(text)).rstrip(" .,;")
