"""The signers' blocks: authority, title, room for the signature, name (NĐ 30/2020 Phụ lục I, ô 7a to 7c).

The body may repeat title and name, so the name must be a whole line under capitals that name an office. A joint
document (văn bản liên tịch) has several blocks, side by side or one under the other with nothing between them. Where
title and name stand on different pages nothing is found: a guess would sign for someone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from vanthu_cli.document.symbol import tidy
from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.lines import Line
from vanthu_cli.reading.page import LAST_PAGES, Page, Sheets

_AUTHORITY = re.compile(r"^(?:T/M|K/T|T/L|T/U|(?:T\.?M|K\.?T|T\.?L|T\.?U\.?Q)(?:\.|(?=\s)))\s?", re.IGNORECASE)
_OFFICES = (
    "PHÓ", "BÍ THƯ", "CHỦ TỊCH", "GIÁM ĐỐC", "CHÁNH", "TRƯỞNG", "CỤC TRƯỞNG", "VỤ TRƯỞNG", "HIỆU", "VIỆN", "BỘ TRƯỞNG",
    "THỨ TRƯỞNG", "CHỦ NHIỆM", "THỦ TRƯỞNG", "THỦ TƯỚNG", "[ỦU][YỶ] VIÊN", "TỔNG", "CHỈ HUY", "CHÍNH [ỦU][YỶ]", "THƯ KÝ",
    "THƯỜNG TRỰC", "ĐỘI TRƯỞNG", "CHỦ TRÌ", "CHỦ T(?:ỌA|OẠ)", "THỐNG ĐỐC", "THẨM PHÁN", "CHẤP HÀNH VIÊN", "KIỂM SÁT VIÊN",
    "TƯ LỆNH", "HẠT TRƯỞNG", "TRẠM TRƯỞNG", "ĐỒN TRƯỞNG", "QUẢN ĐỐC", "KẾ TOÁN", "TRỢ LÝ", "THANH TRA", "ĐẠI DIỆN",
    "TỔ TRƯỞNG", "TỔ PHÓ", "HỘI TRƯỞNG",
)  # fmt: skip
_OFFICE = re.compile(rf"^(?:Q\.\s?|QUYỀN )?(?:CHI |CỤC |VỤ |TỔNG )*(?:{'|'.join(_OFFICES)})")
_RANK = re.compile(
    r"^(?:(?:(?:Đại|Thượng|Trung|Thiếu) (?:tướng|tá|[úu]y)|(?:PGS|GS|TSKH|TS|Th\.?S|BS|DS|KS|CN|CK[I1]{0,2})\b|[A-ZĐ][A-Za-z.]*\.)"
    r"[.,]?\s*)+"
)
_APOSTROPHES = re.compile("['’]")
_RECIPIENTS = re.compile(r"^Nơi (?:nhận|gửi)\s*(?::|$)", re.IGNORECASE)

_RECIPIENTS_WORDS = ("nơi nhận", "nơi gửi")

REACH = 260.0
"""Points from the name up to the topmost line of authority."""
_SIDEWAYS = 45.0
_SIGNATURE_ROOM = 170.0
_STEP = 2.3
_BESIDE = 30.0
_WORDS = range(2, 7)
_BETWEEN_COLUMNS = 0.7
"""A blank wider than that, in letters' widths (em), parts two columns; Word's table cells leave 0.77 em at 14 pt."""


@dataclass(frozen=True, slots=True)
class SignerBlock:
    """`capitals` are the lines of authority and title, top down; the last one is (the end of) the title."""

    page: int
    capitals: tuple[Line, ...]
    name: Line

    @property
    def top(self) -> float:
        return self.capitals[0].y1

    @property
    def left(self) -> float:
        return min(line.x0 for line in (*self.capitals, self.name))

    @property
    def right(self) -> float:
        return max(line.x1 for line in (*self.capitals, self.name))

    @property
    def halves(self) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """Return the lines of authority ("T/M BAN THƯỜNG VỤ"), none if the signer signs in his own right, and of the title."""
        return self.capitals[: self._split()], self.capitals[self._split() :]

    @property
    def authority(self) -> str | None:
        return " ".join(line.text for line in self.halves[0]) or None

    @property
    def title(self) -> str | None:
        return " ".join(line.text for line in self.halves[1]) or None

    def _split(self) -> int:
        """Return where the title begins: after the last line of authority and its second half, if it was wrapped."""
        last = max((index for index, line in enumerate(self.capitals) if _AUTHORITY.match(line.text)), default=-1)
        if last < 0:
            return 0
        offices = (index for index in range(last + 1, len(self.capitals)) if _OFFICE.match(self.capitals[index].text))
        return next(offices, min(last + 1, len(self.capitals)))


def signing_pages(sheets: Sheets) -> list[Page]:
    """Return, in order, the pages that may bear a signer's block: page 1, those that list recipients and the last few.

    A page that cannot be loaded is left out, but page 1 must not be: `MisuseError` "reading.unreadable".
    """
    pages = [sheets.page(0)]
    for index in sheets.looked_at[1:]:
        if index >= len(sheets) - LAST_PAGES or any(
            word in sheets.text(index).casefold() for word in _RECIPIENTS_WORDS
        ):
            with suppress(MisuseError):
                pages.append(sheets.page(index))
    return pages


def find_signers(pages: Iterable[Page], name: str | None = None) -> tuple[SignerBlock, ...]:
    """Find the blocks in reading order: on the first page that also lists the recipients, else on the last that has any.

    With `name` only that name counts, whatever the office is called, and where it stands several times the lowest.
    """
    last: tuple[SignerBlock, ...] = ()
    for page in pages:
        found = _on_page(page, tidy(name).casefold() if name else None)
        if found and recipients_heading(page):
            return found
        last = found or last
    return last


def recipients_heading(page: Page) -> Line | None:
    """Return the line "Nơi nhận:" of a page."""
    return next((line for line in page.lines if _RECIPIENTS.match(line.text)), None)


def _on_page(page: Page, name: str | None) -> tuple[SignerBlock, ...]:
    lines = [part for line in page.lines for part in _columns(line)]
    blocks = list(_blocks(page, lines, name))
    known = [one for one in blocks if name or one.name.centre > page.middle - _SIDEWAYS]
    if not known:
        return ()
    lowest = min(known, key=lambda block: block.name.baseline)
    if name:
        return (lowest,)
    row, rows = _row(blocks, lowest), []
    while row:
        rows.append(row)
        over = [one for one in known if one.name.baseline > max(below.top for below in row)]
        nearest = min(over, key=lambda block: block.name.baseline, default=None)
        row = _row(blocks, nearest) if nearest and _follow(nearest, row, lines) else []
    return tuple(block for row in reversed(rows) for block in row)


def _blocks(page: Page, lines: Sequence[Line], name: str | None) -> Iterator[SignerBlock]:
    heading = recipients_heading(page)
    for line in lines:
        if line.text.casefold() == name if name else _is_name(line.text):
            capitals = _capitals(lines, line)
            known = any(_AUTHORITY.match(one.text) or _OFFICE.match(one.text) for one in capitals)
            # Offices have many names ("THẨM PHÁN"): beside the list of recipients any will do.
            beside = heading and capitals and abs(capitals[0].baseline - heading.baseline) < _BESIDE
            known = known or bool(beside and line.bold and line.centre > page.middle)
            if capitals and (name or known):
                yield SignerBlock(page.index, capitals, line)


def _columns(line: Line) -> Iterator[Line]:
    """Cut a line where two columns came so close that they were read as one: the long titles of a joint document."""
    start, blank = 0, line.text.find(" ")
    while blank >= 0:
        if line.edges[blank][1] - line.edges[blank][0] > _BETWEEN_COLUMNS * line.size:
            yield line.cut(start, blank)
            start = blank + 1
        blank = line.text.find(" ", blank + 1)
    yield line.cut(start, len(line.text)) if start else line


def _row(blocks: Iterable[SignerBlock], one: SignerBlock) -> list[SignerBlock]:
    """Return the blocks that stand side by side with `one`, itself included, from left to right."""
    row = [one]
    for block in sorted(blocks, key=lambda block: -block.right):
        level = block.name.y0 < one.top and one.name.y0 < block.top
        apart = all(block.right <= other.left or other.right <= block.left for other in row)
        if level and apart and all(block.name.text != other.name.text for other in row):
            row.append(block)
    return sorted(row, key=lambda block: block.left)


def _follow(upper: SignerBlock, row: Sequence[SignerBlock], lines: Iterable[Line]) -> bool:
    """Tell whether the blocks of `row` stand directly under `upper`: whatever is printed between is no joint document."""
    left, right = min(block.left for block in row), max(block.right for block in row)
    top = max(block.top for block in row)
    between = (line for line in lines if top <= line.baseline < upper.name.baseline - 1)
    return not any(line.x0 < max(right, upper.right) and line.x1 > min(left, upper.left) for line in between)


def _capitals(lines: Iterable[Line], name: Line) -> tuple[Line, ...]:
    """Return the lines in capitals over the name, from the nearest one up as long as they follow closely."""
    over = [
        line
        for line in lines
        if 0 < line.baseline - name.baseline <= REACH
        and abs(line.centre - name.centre) <= _SIDEWAYS
        and line.text.isupper()
    ]
    stack: list[Line] = []
    for line in sorted(over, key=lambda one: one.baseline):
        if stack and line.baseline - stack[0].baseline > _STEP * line.size:
            break
        if not stack and line.baseline - name.baseline > _SIGNATURE_ROOM:
            break
        stack.insert(0, line)
    return tuple(stack)


def _is_name(text: str) -> bool:
    """Tell a person's name ("Lê Văn Hiệu", "Đại tá Nguyễn Văn A") from other short lines."""
    words = without_rank(text).split()
    parts = [part for word in words for part in _APOSTROPHES.split(word) if part]  # "H'Nga"
    return len(parts) in _WORDS and all(
        part.isalpha() and part[0].isupper() and (len(part) == 1 or part[1:].islower()) for part in parts
    )


def without_rank(name: str) -> str:
    """Return a name without the rank or degree before it ("Đại tá …", "PGS. TS. …")."""
    return _RANK.sub("", name)
