"""The names over the number: issuing agency and the body above it, each on one line or several.

NĐ 30/2020 Phụ lục I II.2 and 36-HD/VPTW: the body above in plain type, the agency below it in bold. Where a page keeps
to that, type alone tells. Where all lines look alike, words tell: which begin a name ("SỞ …", "BAN …"), which only go on
with one ("TỈNH HẢI DƯƠNG", "ỦY"), and what belongs to what ("VĂN PHÒNG" / "TỈNH ỦY" is one name, "TỈNH ỦY …" /
"VĂN PHÒNG" are two). What neither tells stays unread: a wrong agency is worse than none.
"""

import re
from collections.abc import Sequence
from itertools import groupby

from vanthu_cli.reading.lines import Line

_UY = "[ỦU][YỶ]"
# Bodies that have others under them; a name over the agency's begins so.
_BODY = re.compile(
    rf"^(?:TỈNH {_UY}|THÀNH {_UY}|HUYỆN {_UY}|QUẬN {_UY}|THỊ {_UY}|ĐẢNG {_UY}|ĐẢNG BỘ|CHI BỘ|TRUNG ƯƠNG|BAN CHẤP HÀNH|BCH"
    rf"|(?:VĂN PHÒNG )?(?:ỦY|UỶ) BAN (?:NHÂN DÂN|MẶT TRẬN|MTTQ)|UBND|HĐND|UBMTTQ|HỘI ĐỒNG NHÂN DÂN|MẶT TRẬN|CHÍNH PHỦ"
    r"|SỞ|BỘ|TỔNG CỤC|CỤC|CHI CỤC|TỔNG LIÊN ĐOÀN|LIÊN ĐOÀN|TỔNG CÔNG TY|TẬP ĐOÀN|ĐẠI HỌC|TRƯỜNG|CÔNG AN|QUÂN KHU|TỈNH ĐOÀN"
    r"|THÀNH ĐOÀN|HUYỆN ĐOÀN|TRUNG ƯƠNG ĐOÀN|TÒA ÁN|VIỆN KIỂM SÁT)\b"
)
# Organs of such bodies; a committee's own ("BAN CHẤP HÀNH") counts as both.
_ORGAN = re.compile(
    r"^(?:BAN|VĂN PHÒNG|(?:ỦY|UỶ) BAN(?: KIỂM TRA)?|CƠ QUAN|HỘI ĐỒNG|TIỂU BAN|TỔ|PHÒNG|TRUNG TÂM|THƯỜNG TRỰC|THANH TRA"
    r"|HỘI|ĐOÀN|VIỆN|BỆNH VIỆN|BẢO HIỂM|KHO BẠC|HỌC VIỆN|BÁO|ĐÀI|TẠP CHÍ|CÔNG ĐOÀN|NGÂN HÀNG|CÔNG TY|XÍ NGHIỆP)\b"
)
_NOT_A_NAME = re.compile(
    r"^(?:PHÒNG,? CHỐNG|PHÒNG (?:KHÔNG|THỦ|CHÁY)|BỘ MÔN|BÁO (?:CÁO|CHÍ)|HỘI NHẬP|TỔ QUỐC|CÔNG AN NHÂN DÂN)\b"
)
# The next line completes these words, though it may look like a name: "CHI" / "CỤC THUẾ", "SỞ KẾ HOẠCH VÀ" / "…".
_NEEDS_MORE = re.compile(
    r"(?:^|[ -])(?:VÀ|VÀ XÃ|HỘI ĐỒNG|(?<!MÔI )(?<!THỊ )TRƯỜNG|CỦA|VỀ|CÁC|KHỐI|CẤP|TỔNG|CHI|LIÊN|VĂN|ĐẢNG|CÁN|CÔNG|HẢI|BAN|BỘ|SỞ|CỤC|-|–)$|[,(-]$"
)
# A line that is no more than that, with another below it, may begin a name: "CHI" / "CỤC KIỂM LÂM".
_FIRST_WORDS = frozenset(
    ["CHI", "CÔNG", "ĐẢNG", "HUYỆN", "KHO", "LIÊN", "THÀNH", "TỈNH", "TÒA", "TỔNG", "TRUNG", "VĂN"]
)
# Not yet a whole name: whose committee, whose party organisation?
_BARE = re.compile(
    rf"^(?:ĐẢNG {_UY}|ĐẢNG BỘ|CHI BỘ|BAN CHẤP HÀNH|BCH|BAN THƯỜNG VỤ|BTV|BAN CHỈ ĐẠO|BAN CHỈ HUY|HỘI ĐỒNG|{_UY} BAN"
    r"|BỘ|SỞ|BAN|CỤC|VĂN PHÒNG|CÔNG AN|HỘI|ĐOÀN|CƠ QUAN)$"
)

# One name whose halves are set unlike: "ỦY BAN NHÂN DÂN" / "TỈNH BẮC NINH".
_IN_HALVES = re.compile(
    r"(?:(?:ỦY|UỶ) BAN NHÂN DÂN|UBND|HỘI ĐỒNG NHÂN DÂN|HĐND|CÔNG AN|TÒA ÁN NHÂN DÂN|VIỆN KIỂM SÁT NHÂN DÂN|BỘ CHỈ HUY QUÂN SỰ"
    r"|(?:ỦY|UỶ) BAN MẶT TRẬN TỔ QUỐC(?: VIỆT NAM)?)"
    r" / (?:TỈNH|THÀNH PHỐ|TP\.?|HUYỆN|QUẬN|THỊ XÃ|XÃ|PHƯỜNG|THỊ TRẤN|ĐẶC KHU) (?!ỦY|UỶ|ĐOÀN)[^/]+"
)

Name = tuple[str, float]
"""A name and how sure it is."""

_SURE, _PARENT, _BY_WORDS = 0.95, 0.9, 0.6


def agency_and_parent(lines: Sequence[Line]) -> tuple[Name | None, Name | None]:
    """Return the issuing agency and the body above it, each with how sure that is; None where the page leaves a doubt.

    `lines` are the lines over the number, top down.
    """
    styles = [(bold, [line.text for line in group]) for bold, group in groupby(lines, key=lambda line: line.bold)]
    if len(styles) == 1:
        return _alike(*styles[0])
    if len(styles) == 2 and styles[1][0]:  # noqa: PLR2004  plain, then bold: the form
        if _IN_HALVES.fullmatch(" / ".join(line.text for line in lines)):
            return (" ".join(line.text for line in lines), _PARENT), None
        parents, agencies = _names(styles[0][1]), _names(styles[1][1])
        parent = (parents[-1], _PARENT if len(parents) == 1 else _BY_WORDS) if parents else None
        if agencies is None:
            return (" ".join(styles[1][1]), _BY_WORDS), parent
        return ((agencies[0], _SURE) if len(agencies) == 1 else None), parent
    return None, None


def _alike(bold: bool, texts: list[str]) -> tuple[Name | None, Name | None]:
    """Tell names of one look apart. All bold is, by the form, one name; if words agree, that is sure."""
    names = _names(texts)
    if not names:
        return None, None
    if len(names) == 1:
        return (names[0], _SURE if bold or len(texts) == 1 else _BY_WORDS), None
    return (names[-1], _BY_WORDS), (names[-2], _BY_WORDS)


def _names(texts: list[str]) -> list[str] | None:
    """Join the lines to names; None if it cannot be told whether a line begins one."""
    names: list[str] = []
    for text, more in zip(texts, [*texts[1:], None], strict=True):
        if names and more and text in _FIRST_WORDS and _BODY.match(names[-1]):
            return None
        begins = _begins(names[-1], text) if names else True
        if begins is None:
            return None
        if begins:
            names.append(text)
        else:
            names[-1] += f" {text}"
    return names


def _begins(name: str, text: str) -> bool | None:
    """Tell whether `text` begins a name of its own under `name` or goes on with it; None if words don't tell."""
    body, organ = _BODY.match(text), _ORGAN.match(text)
    if not (body or organ) or _NOT_A_NAME.match(text) or _NEEDS_MORE.search(name) or _BARE.match(name):
        return False
    if " " not in text:
        return None
    if _BODY.match(name):
        return True
    if _ORGAN.match(name) and body:
        return False
    return None
