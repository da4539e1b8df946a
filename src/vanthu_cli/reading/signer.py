"""The signer's block: authority, title, room for the signature, name (NĐ 30/2020 Phụ lục I, ô 7a to 7c).

The body may repeat title and name, so the name must be a whole line under capitals that name an office. Where title
and name stand on different pages, or two signers stand side by side, nothing is found: a guess would sign for someone.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from vanthu_cli.document.symbol import tidy
from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.lines import Line
from vanthu_cli.reading.page import Page, load_page

_AUTHORITY = re.compile(r"^(?:T/M|K/T|T/L|T/U|TM\.|KT\.|TL\.|TUQ\.)\s?", re.IGNORECASE)
_OFFICE = re.compile(
    r"^(?:Q\.\s?|QUYỀN )?(?:CHI |CỤC |VỤ |TỔNG )*(?:PHÓ|BÍ THƯ|CHỦ TỊCH|GIÁM ĐỐC|CHÁNH|TRƯỞNG|CỤC TRƯỞNG|VỤ TRƯỞNG|HIỆU|VIỆN|"
    r"BỘ TRƯỞNG|THỨ TRƯỞNG|CHỦ NHIỆM|THỦ TRƯỞNG|THỦ TƯỚNG|[ỦU][YỶ] VIÊN|TỔNG|CHỈ HUY|CHÍNH [ỦU][YỶ]|THƯ KÝ|THƯỜNG TRỰC|ĐỘI TRƯỞNG)"
)
_RANK = re.compile(r"^(?:(?:Đại|Thượng|Trung|Thiếu) (?:tướng|tá)|(?:[A-ZĐ][A-Za-z.]*\.\s?)+)\s?")
_RECIPIENTS = re.compile(r"^Nơi nhận\s*:?", re.IGNORECASE)

REACH = 260.0
"""Points from the name up to the topmost line of authority."""
_SIDEWAYS = 45.0
_SIGNATURE_ROOM = 170.0
_STEP = 2.3
_WORDS = range(2, 7)
_LAST_PAGES = 5


@dataclass(frozen=True, slots=True)
class SignerBlock:
    """`capitals` are the lines of authority and title, top down; the last one is (the end of) the title."""

    page: int
    capitals: tuple[Line, ...]
    name: Line

    @property
    def authority(self) -> str | None:
        """Return the lines of authority ("T/M BAN THƯỜNG VỤ"), None if the signer signs in his own right."""
        return " ".join(line.text for line in self.capitals[: self._split()]) or None

    @property
    def title(self) -> str | None:
        return " ".join(line.text for line in self.capitals[self._split() :]) or None

    def _split(self) -> int:
        """Return where the title begins: after the last line of authority and its second half, if it was wrapped."""
        last = max((index for index, line in enumerate(self.capitals) if _AUTHORITY.match(line.text)), default=-1)
        if last < 0:
            return 0
        offices = (index for index in range(last + 1, len(self.capitals)) if _OFFICE.match(self.capitals[index].text))
        return next(offices, min(last + 1, len(self.capitals)))


def signing_pages(document: Any, texts: list[str], first: Page) -> list[Page]:
    """Load, in order, the pages that may bear a signer's block: those that list recipients and the last few.

    `texts` are the pages' plain texts, `first` is page 1. A page that cannot be loaded is left out.
    """
    pages = []
    for index, text in enumerate(texts):
        if index >= len(texts) - _LAST_PAGES or "nơi nhận" in text.casefold():
            with suppress(MisuseError):
                pages.append(load_page(document, index, stamps=False) if index else first)
    return pages


def find_signer(pages: Iterable[Page], name: str | None = None) -> SignerBlock | None:
    """Find the block: on the first page that also lists the recipients, else on the last page that has one.

    With `name` only that name counts, whatever the office is called.
    """
    last: SignerBlock | None = None
    for page in pages:
        found = _on_page(page, tidy(name).casefold() if name else None)
        if found and any(_RECIPIENTS.match(line.text) for line in page.lines):
            return found
        last = found or last
    return last


def recipients_heading(page: Page) -> Line | None:
    """Return the line "Nơi nhận:" of a page."""
    return next((line for line in page.lines if _RECIPIENTS.match(line.text)), None)


def _on_page(page: Page, name: str | None) -> SignerBlock | None:
    blocks = []
    for line in page.lines:
        if line.text.casefold() == name if name else _is_name(line.text) and line.centre > page.middle - _SIDEWAYS:
            capitals = _capitals(page, line)
            known = any(_AUTHORITY.match(one.text) or _OFFICE.match(one.text) for one in capitals)
            if capitals and (name or known):
                blocks.append(SignerBlock(page.index, capitals, line))
    if not blocks:
        return None
    lowest = min(blocks, key=lambda block: block.name.baseline)
    beside = [one for one in blocks if abs(one.name.baseline - lowest.name.baseline) < 2 * one.name.size]
    return lowest if len({one.name.text for one in beside}) == 1 else None


def _capitals(page: Page, name: Line) -> tuple[Line, ...]:
    """Return the lines in capitals over the name, from the nearest one up as long as they follow closely."""
    over = [
        line
        for line in page.lines
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
    words = _RANK.sub("", text).split()
    return len(words) in _WORDS and all(
        word[0].isupper() and word.isalpha() and (len(word) == 1 or word[1:].islower()) for word in words
    )
