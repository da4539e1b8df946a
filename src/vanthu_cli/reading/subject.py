"""Type and subject of a document: printed in the middle under the head, or, of a công văn, under the number.

NĐ 30/2020 Phụ lục I Mục IV, ô 5a and 5b; 36-HD/VPTW alike. What the symbol says of the type confirms what is printed, or
stands in for it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from vanthu_cli.document.symbol import kind_of
from vanthu_cli.reading.header import Header
from vanthu_cli.reading.lines import Line, stacked
from vanthu_cli.reading.page import Page
from vanthu_cli.rules.secrecy import secret_mark, urgency_mark
from vanthu_cli.rules.types import TYPE_NAMES, types_of

_ABOUT = re.compile(r"^[“\"']?(?:V/v|Vv|Về việc)\b", re.IGNORECASE)
_BODY = re.compile(
    r"^(?:Kính gửi|Căn cứ|Thực hiện|Theo đề nghị|Xét đề nghị|Điều \d|\((?:Ban hành|[Kk]èm|[Đđ]ính|Trích)|I\.|1\.|1-|-{3,}|_{3,})"
)
_AFTER_ABOUT = re.compile(r"^(?:Kính gửi|Căn cứ|Địa chỉ|Điện thoại|ĐT\b|E-?mail|Website|Fax|MST|Mã số|-{3,}|_{3,})")
_NUMBER_BELOW = re.compile(r"^S[ốỐ]\s*:")
_WORDY = re.compile(r"[^\W\d_IVXLC]{2}")
_BROKEN = re.compile(r"(\d\S*[/-]) (?=[A-ZĐ])")
_LETTER = "Công văn"
_TYPES = {name.upper(): name for name in sorted(TYPE_NAMES, key=len, reverse=True)}
_TYPE_REACH = 220.0
_OFF_CENTRE = 45.0
_SAME_CENTRE = 10.0
_STEP = 2.0
_FIRST_STEP = 2.8
_ALIKE = 1.15
_MAX_LINES = 8
_CONTRADICTED = 0.3


@dataclass(frozen=True, slots=True)
class Printed:
    """A field's value as it follows from lines of page 1 (none: from the symbol alone)."""

    field: str
    value: str
    sure: float
    lines: Sequence[Line] = ()


def type_and_subject(page: Page, header: Header, symbol: str | None) -> Iterator[Printed]:
    """Yield what may be the type and the subject."""
    about = _about(header)
    names = types_of(symbol) if symbol else ()
    printed = _printed_type(page, header)
    if printed and not about:
        line, name, rest = printed
        agreed = not symbol or name.removesuffix(" liên tịch") in names
        yield Printed("doc_type", name, 0.98 if agreed and symbol else 0.7, [line])
        if not agreed:
            yield from (Printed("doc_type", one, _CONTRADICTED) for one in names)
        subject, lines = _subject_under(page, line, rest)
        if subject:
            yield Printed("subject", subject, 0.9, lines)
        return
    if about:
        yield Printed("subject", joined(line.text for line in about), 0.95, about)
    greeted = any(line.text.startswith("Kính gửi") for line in page.lines)
    if names == (_LETTER,) or (about and (greeted or (symbol and kind_of(symbol) == "state"))):
        # A State công văn has no type abbreviation, and its agency's may look like one: "123/CT-TTHT" of a Cục Thuế.
        yield Printed("doc_type", _LETTER, 0.97 if about else 0.85)
    elif len(names) == 1:
        yield Printed("doc_type", names[0], 0.75)
    elif symbol and kind_of(symbol) == "state" and not names and greeted and not _headed(page, header):
        yield Printed("doc_type", _LETTER, 0.8)


def _headed(page: Page, header: Header) -> bool:
    """Tell whether something in bold capitals stands in the middle before the greeting: a type of a name not known here."""
    for line in page.lines:
        if line.text.startswith("Kính gửi"):
            return False
        under = header.bottom is not None and line.baseline < header.bottom - 1
        if under and line.bold and line.text.isupper() and abs(line.centre - page.middle) <= _OFF_CENTRE:
            return True
    return False


def _about(header: Header) -> list[Line]:
    """Return the lines of the subject under the number of a công văn ("V/v …")."""
    taken: list[Line] = []
    for line, below in zip_longest(header.below, header.below[1:]):
        if not taken and not _ABOUT.match(line.text):
            continue
        stamped = _is_mark(line.text) or bool(below and any(map(_is_mark, stacked([line, below]))))
        # Smaller print under it is the agency's address.
        if stamped or _AFTER_ABOUT.match(line.text) or (taken and line.size < taken[0].size - 1):
            break
        taken.append(line)
    return taken


def _is_mark(text: str) -> bool:
    return bool(secret_mark(text) or urgency_mark(text))


def _printed_type(page: Page, header: Header) -> tuple[Line, str, str] | None:
    """Return the line that names the type, the name, and what else the line says ("THÔNG BÁO KẾT LUẬN …")."""
    bottom = header.bottom
    if bottom is None:
        return None
    for line in page.lines:
        if line.baseline >= bottom - 1:
            continue
        if _BODY.match(line.text) or bottom - line.baseline > _TYPE_REACH:
            return None
        if abs(line.centre - page.middle) <= _OFF_CENTRE and (found := _named(line)):
            return found
    return None


def _named(line: Line) -> tuple[Line, str, str] | None:
    """Find a type's name at the beginning of a line in capitals; in other letters only as the whole of a bold line."""
    text = line.text.upper()
    for capitals, name in _TYPES.items():
        if text == capitals and (line.bold or line.text.isupper()):
            return line, name, ""
        if line.text.isupper() and text.startswith(f"{capitals} "):
            rest = text[len(capitals) :].strip()
            joint = re.match(r"LIÊN TỊCH\b", rest)
            return line, f"{name} liên tịch" if joint else name, rest[joint.end() :].strip() if joint else rest
    return None


def _subject_under(page: Page, type_line: Line, rest: str) -> tuple[str, list[Line]]:
    """Return the lines centred under the type line in one style, up to a gap, a rule or the first words of the body."""
    texts, lines = ([rest], [type_line]) if rest else (list[str](), list[Line]())
    before, first, reach = type_line, None, _FIRST_STEP
    for line in (one for one in page.lines if one.baseline < type_line.baseline - 1):
        if line.x0 > type_line.centre or line.x1 < type_line.centre:
            continue  # a stamp beside it
        first = first or line
        step = (before.baseline - line.baseline) / max(before.size, line.size)
        close = step <= reach
        reach = max(_STEP, min(reach, _ALIKE * step))
        alike = line.text.isupper() == first.text.isupper() or not _WORDY.search(line.text)
        styled = alike and (line.bold, line.italic) == (first.bold, first.italic)
        centred = abs(line.centre - type_line.centre) <= _SAME_CENTRE
        body = (_BODY.match(line.text) and not line.bold) or _NUMBER_BELOW.match(line.text)
        if not (close and styled and centred) or body or len(texts) >= _MAX_LINES:
            break
        if any(char.isalnum() for char in line.text):
            texts.append(line.text)
            lines.append(line)
        before = line
    return joined(texts), lines


def joined(texts: Iterable[str]) -> str:
    """Join the lines of a subject; a symbol broken at its hyphen ("1150/KH-" / "UBND") is closed up."""
    return _BROKEN.sub(r"\1", " ".join(texts))
