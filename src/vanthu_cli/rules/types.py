"""Names of document types and the abbreviations that stand for them in a symbol.

Party: Quy định 399-QĐ/TW (names), 36-HD/VPTW and 05-HD/VPTW as far as known (abbreviations; real numbers confirm
most). State: NĐ 30/2020/NĐ-CP Điều 7 and Phụ lục III, with the copies SY, TrS and SL; a công văn has no abbreviation
there. Legal documents (văn bản quy phạm pháp luật) have the year before the abbreviation and types of their own.
"""

import re

from vanthu_cli.document.symbol import kind_of

# QĐ stands for Quyết định and Quy định alike (32-QĐ/TU is a Quy định): only the printed line tells.
_PARTY: dict[str, tuple[str, ...]] = {
    "NQ": ("Nghị quyết",),
    "QĐ": ("Quyết định", "Quy định"),
    "CT": ("Chỉ thị",),
    "KL": ("Kết luận",),
    "QC": ("Quy chế",),
    "TT": ("Thông tri",),
    "HD": ("Hướng dẫn",),
    "TB": ("Thông báo",),
    "TC": ("Thông cáo",),
    "BC": ("Báo cáo",),
    "KH": ("Kế hoạch",),
    "QH": ("Quy hoạch",),
    "CTr": ("Chương trình",),
    "ĐA": ("Đề án",),
    "PA": ("Phương án",),
    "DA": ("Dự án",),
    "TTr": ("Tờ trình",),
    "CV": ("Công văn",),
    "BB": ("Biên bản",),
    "GGT": ("Giấy giới thiệu",),
    "GM": ("Giấy mời",),
    "PC": ("Phiếu chuyển",),
    "PG": ("Phiếu gửi",),
    "BS": ("Bản sao",),
}
_STATE: dict[str, tuple[str, ...]] = {
    "NQ": ("Nghị quyết",),
    "QĐ": ("Quyết định",),
    "CT": ("Chỉ thị",),
    "QC": ("Quy chế",),
    "QyĐ": ("Quy định",),
    "TC": ("Thông cáo",),
    "TB": ("Thông báo",),
    "HD": ("Hướng dẫn",),
    "CTr": ("Chương trình",),
    "KH": ("Kế hoạch",),
    "PA": ("Phương án",),
    "ĐA": ("Đề án",),
    "DA": ("Dự án",),
    "BC": ("Báo cáo",),
    "BB": ("Biên bản",),
    "TTr": ("Tờ trình",),
    "HĐ": ("Hợp đồng",),
    "CĐ": ("Công điện",),
    "BGN": ("Bản ghi nhớ",),
    "BTT": ("Bản thỏa thuận",),
    "GUQ": ("Giấy ủy quyền",),
    "GM": ("Giấy mời",),
    "GGT": ("Giấy giới thiệu",),
    "GNP": ("Giấy nghỉ phép",),
    "PG": ("Phiếu gửi",),
    "PC": ("Phiếu chuyển",),
    "PB": ("Phiếu báo",),
    "SY": ("Bản sao y",),
    "TrS": ("Bản trích sao",),
    "SL": ("Bản sao lục",),
}
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
