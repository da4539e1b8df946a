"""Names of document types and the abbreviations that stand for them in a symbol.

Party: Quy định 399-QĐ/TW (names), 36-HD/VPTW and 05-HD/VPTW as far as known (abbreviations; real numbers confirm
most). State: NĐ 30/2020/NĐ-CP Điều 7 and Phụ lục III, with the copies SY, TrS and SL; a công văn has no abbreviation
there. Legal documents (văn bản quy phạm pháp luật) have the year before the abbreviation and types of their own.
"""

import re

from vanthu_cli.document.symbol import kind_of
from vanthu_cli.rules.profiles import shipped


def _names(kind: str) -> dict[str, tuple[str, ...]]:
    """Return the type names by abbreviation of every profile of a kind: what arrives may be of any year."""
    found = dict[str, tuple[str, ...]]()
    for table in shipped().values():
        if table["kind"] == kind:
            for abbreviation, names in table["types"].items():
                found[abbreviation] = tuple(dict.fromkeys([*found.get(abbreviation, ()), *names]))
    return found


_PARTY, _STATE = _names("party"), _names("state")
_WITHOUT_ABBREVIATION = (
    "Thư công",
    "Thư mời",
    "Phiếu trình",
    "Tuyên bố",
    "Lời kêu gọi",
    "Giấy chứng nhận",
    "Giấy đi đường",
    "Nghị quyết liên tịch",
    "Nghị định",
    "Thông tư",
    "Thông tư liên tịch",
    "Luật",
    "Pháp lệnh",
    "Lệnh",
)

TYPE_NAMES: tuple[str, ...] = tuple(
    dict.fromkeys(
        [name for table in (_PARTY, _STATE) for names in table.values() for name in names] + [*_WITHOUT_ABBREVIATION]
    )
)
"""Every type name known, written as in a sentence ("Quyết định")."""

_BY_KIND = {
    "party": {abbreviation.casefold(): names for abbreviation, names in _PARTY.items()},
    "state": {abbreviation.casefold(): names for abbreviation, names in _STATE.items()},
}


def types_of(symbol: str) -> tuple[str, ...]:
    """Return the type names that a canonical symbol may stand for; () if its abbreviation is not in the tables.

    `CV/TU` gives ("Công văn",), `QĐ/TU` two names, `QĐ-SNV` and `2024/QĐ-UBND` one, `SNV-VP` (a State công văn) none.
    """
    kind = kind_of(symbol)
    abbreviation = re.sub(r"^\d{4}/", "", symbol).partition("/" if kind == "party" else "-")[0]
    return _BY_KIND[kind].get(abbreviation.casefold(), ())
