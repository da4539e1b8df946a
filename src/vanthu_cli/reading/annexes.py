"""Annexes that a document's body mentions: “Phụ lục I”, “(Có danh sách kèm theo)”, “đính kèm dự thảo”.

A form check warns when a document speaks of an annex and none goes with it. What belongs to another document is left
out: “Phụ lục I Nghị định số 30/2020/NĐ-CP”, “(Kèm theo Công văn số 12 …)” at the head of an annex, “không gửi kèm”.
"""

import re

MAX_ANNEXES = 50
_LONGEST = 100
_MOST_TEXT = 1_000_000

_KINDS = (
    r"(?:Nghị định|Nghị quyết|Thông tư|Luật|Quyết định|Quy định|Quy chế|Hướng dẫn|Công văn|Kế hoạch|Kết luận|Thông báo|Chỉ thị"
    r"|Báo cáo|Tờ trình|Chương trình|Đề án|Phương án|Giấy mời|Thông tri|Công điện|Văn bản)"
)
_OTHERS = re.compile(rf"[^.;()]{{0,60}}?\b{_KINDS}\s+(?:số\s*[\d.…:]|\d)", re.IGNORECASE)
_NAMED = r"Phụ lục (?:số )?(?:[IVX]{1,6}|\d{1,3}|[A-HK])(?!\w)"
_ENCLOSED = r"(?:kèm theo|đính kèm|gửi kèm)"
_MENTION = re.compile(
    rf"(?P<bracket>\([^()]{{0,80}}?{_ENCLOSED}[^()]{{0,120}}\))"
    rf"|(?P<named>{_NAMED})"
    rf"|(?P<this>(?:ban hành |gửi )?kèm theo {_KINDS} này\b)"
    r"|(?P<enclosed>\b(?:đính kèm|gửi kèm)(?: theo)?\b[^.;:()]{0,80})",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:không|chưa|thay cho|trừ)\s*(?:phải )?$", re.IGNORECASE)
_ENCLOSED_TO = re.compile(_ENCLOSED, re.IGNORECASE)


def annexes_in(text: str) -> tuple[str, ...]:
    """Return the phrases that name annexes or say that something is enclosed, as printed, each once, in reading order."""
    plain = " ".join(text[:_MOST_TEXT].split())
    phrases: dict[str, None] = {}
    for found in _MENTION.finditer(plain):
        phrase = found[0].strip(" ,")
        start = found.end()
        if found["bracket"] and (word := _ENCLOSED_TO.search(plain, found.start())):
            start = word.end()
        foreign = (found["bracket"] or found["named"]) and _OTHERS.match(plain, start)
        if foreign or _NOT.search(plain, max(found.start() - 20, 0), found.start()):
            continue
        phrases[phrase if len(phrase) <= _LONGEST else f"{phrase[:_LONGEST]}…"] = None
    return tuple(phrases)[:MAX_ANNEXES]
