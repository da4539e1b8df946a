"""A document's fields with how sure the reader is: `read(pdf)`.

Rules of form: NĐ 30/2020 Phụ lục I and 36-HD/VPTW. A wrong value is worse than none: what is not where the form puts
it, or is there twice, stays None. Text that a viewer does not show (an invisible OCR layer) is read like any other.

What a form check wants to know: a number line or date line that is there with its blank still empty gives `symbol` or
`place` and no `number` or `date`; where the line is missing, they are missing too. A joint document has no one
`signer_name`: its signers are those of `Places`.
"""

import re
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from vanthu_cli.document.fields import Fields, Reading
from vanthu_cli.document.symbol import kind_of, parse_number, parse_symbol
from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.agencies import agency_and_parent
from vanthu_cli.reading.header import Header, date_parts, find_header
from vanthu_cli.reading.lines import Line
from vanthu_cli.reading.page import Page, Sheets, open_pdf
from vanthu_cli.reading.signer import SignerBlock, find_signers, recipients_heading, signing_pages
from vanthu_cli.rules.secrecy import secret_mark, urgency_mark
from vanthu_cli.rules.types import TYPE_NAMES, types_of

Found = dict[str, tuple[Any, float]]
"""Field name to value and confidence; a field that was not read is not in it."""

_MIN_LETTERS = 50
"""Fewer letters than that on page 1 are the text of a signature on a scan."""
_NUMBER_SHAPE = re.compile(r"^S[ốỐ]\s*:?\s*\d+[a-zđ]?\s*[-/]")
_BLANK_NUMBER = re.compile(r"^S[ốỐ]\s*:?[\s.…_]*[-/]\s*(?P<symbol>\S.*)$")
_ABOUT = re.compile(r"^(?:V/v|Về việc)\b", re.IGNORECASE)
_BODY = re.compile(r"^(?:Kính gửi|Căn cứ|Thực hiện|Theo đề nghị|Xét đề nghị|Điều \d|\(|I\.|1\.|1-|-{3,}|_{3,})")
_AFTER_ABOUT = re.compile(r"^(?:Kính gửi|Căn cứ|-{3,}|_{3,})")
# An arrival mark that became part of the page names another agency, perhaps among the words of the head.
_ARRIVAL = "ĐẾN"
_NEAR_A_STAMP = frozenset({"agency", "parent_agency", "subject"})
_DOUBT = 0.5
_TYPES = {name.upper(): name for name in sorted(TYPE_NAMES, key=len, reverse=True)}
_TYPE_REACH = 220.0
_OFF_CENTRE = 45.0
_SAME_CENTRE = 10.0
_SUBJECT_STEP = 2.0
_MAX_SUBJECT_LINES = 8
_MAX_RECIPIENTS = 60
_FIRST_YEAR = 1930


def read(pdf: bytes | Path, *, password: str | None = None) -> Reading:
    """Read the fields of an official document.

    `MisuseError` "reading.encrypted" or "reading.unreadable" if there is no page to read. A scan without text gives
    `needs_ocr` and at most the secrecy mark. Only the pages of `Sheets.looked_at` are looked at for marks.
    """
    with open_pdf(pdf, password) as sheets:
        return reading_of(sheets)


def reading_of(sheets: Sheets) -> Reading:
    """Read the fields of a file that is open."""
    first = sheets.page(0)
    shown = "\n".join(line.text for line in first.shown)
    found: Found = {}
    if secrecy := secret_mark("\n".join([shown, *map(sheets.text, sheets.looked_at)])):
        found["secrecy"] = (secrecy, 0.95)
    if sum(char.isalpha() for line in first.lines for char in line.text) < _MIN_LETTERS:
        return _reading(found, needs_ocr=True)
    if urgency := urgency_mark(shown):
        found["urgency"] = (urgency, 0.95)
    header = find_header(first)
    found |= _number(header) | _date(header) | _agency(header)
    found |= _type_and_subject(first, header, found.get("symbol", (None, 0))[0])
    if any(line.text == _ARRIVAL for line in first.lines):
        found |= {name: (found[name][0], min(found[name][1], _DOUBT)) for name in _NEAR_A_STAMP & found.keys()}
    pages = signing_pages(sheets)
    blocks = find_signers(pages)
    if len(blocks) == 1:
        found |= _signer(blocks[0])
    found |= _recipients(pages, blocks[0] if blocks else None)
    return _reading(found)


def _reading(found: Found, *, needs_ocr: bool = False) -> Reading:
    values: dict[str, Any] = {name: value for name, (value, _sure) in found.items()}
    return Reading(Fields(**values), {name: sure for name, (_value, sure) in found.items()}, needs_ocr)


def _number(header: Header) -> Found:
    line = header.number
    if line is None:
        return {}
    sure = 0.99 if header.title else 0.7
    with suppress(MisuseError):
        number = parse_number(line.text)
        return {"number": (number.value, sure), "number_text": (line.text, sure), "symbol": (number.symbol, sure)}
    blank = _BLANK_NUMBER.match(line.text)
    if blank:
        with suppress(MisuseError):
            return {"number_text": (line.text, sure), "symbol": (parse_symbol(blank["symbol"]), sure - 0.04)}
    # A number with a letter ("12a-CV/TU"), two numbers over one blank: shown as printed, left to the clerk.
    return {"number_text": (line.text, 0.5)} if _NUMBER_SHAPE.match(line.text) else {}


def _date(header: Header) -> Found:
    parts = date_parts(header.date) if header.date else None
    if parts is None:
        return {}
    sure = 0.99 if header.title and header.number else 0.8
    found: Found = {"place": (parts["place"].strip(" ,"), sure)}
    day, month, year = (parts[name].strip() for name in ("day", "month", "year"))
    if day.isdecimal() and month.isdecimal() and year.isdecimal() and int(year) >= _FIRST_YEAR:
        with suppress(ValueError):
            found["date"] = (date(int(year), int(month), int(day)), sure)
    return found


def _agency(header: Header) -> Found:
    agency, parent = agency_and_parent(header.above)
    return ({"agency": agency} if agency else {}) | ({"parent_agency": parent} if parent else {})


def _type_and_subject(page: Page, header: Header, symbol: str | None) -> Found:
    about = _about(header)
    names = types_of(symbol) if symbol else ()
    printed = _printed_type(page, header)
    if printed and not about:
        line, name, rest = printed
        agreed = not symbol or name in names
        found: Found = {"doc_type": (name, 0.98 if agreed and symbol else 0.7)}
        if subject := _subject_under(page, line, rest):
            found["subject"] = (subject, 0.9)
        return found
    found = {"subject": (about, 0.95)} if about else {}
    greeted = any(line.text.startswith("Kính gửi") for line in page.lines)
    if names == ("Công văn",) or (about and (greeted or (symbol and kind_of(symbol) == "state"))):
        # A State công văn has no type abbreviation, and its agency's may look like one: "123/CT-TTHT" of a Cục Thuế.
        return found | {"doc_type": ("Công văn", 0.97 if about else 0.85)}
    if len(names) == 1:
        return found | {"doc_type": (names[0], 0.75)}
    if symbol and kind_of(symbol) == "state" and not names and greeted:
        return found | {"doc_type": ("Công văn", 0.8)}
    return found


def _about(header: Header) -> str | None:
    """Return the subject under the number of a công văn, its lines joined, as printed ("V/v …")."""
    taken: list[str] = []
    for line in header.below:
        if not taken and not _ABOUT.match(line.text):
            continue
        if _AFTER_ABOUT.match(line.text) or secret_mark(line.text) or urgency_mark(line.text):
            break
        taken.append(line.text)
    return " ".join(taken) or None


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
        if line.text.isupper() and abs(line.centre - page.middle) <= _OFF_CENTRE:
            for capitals, name in _TYPES.items():
                if line.text == capitals or line.text.startswith(f"{capitals} "):
                    return line, name, line.text[len(capitals) :].strip()
    return None


def _subject_under(page: Page, type_line: Line, rest: str) -> str | None:
    """Return the lines centred under the type line in one style, up to a gap, a rule or the first words of the body."""
    taken = [rest] if rest else []
    before, first = type_line, None
    for line in (one for one in page.lines if one.baseline < type_line.baseline - 1):
        first = first or line
        close = before.baseline - line.baseline <= _SUBJECT_STEP * max(before.size, line.size)
        styled = (line.bold, line.italic, line.text.isupper()) == (first.bold, first.italic, first.text.isupper())
        centred = abs(line.centre - type_line.centre) <= _SAME_CENTRE
        body = _BODY.match(line.text) and not line.bold
        if not (close and styled and centred) or body or len(taken) >= _MAX_SUBJECT_LINES:
            break
        if any(char.isalpha() for char in line.text):
            taken.append(line.text)
        before = line
    return " ".join(taken) or None


def _signer(block: SignerBlock) -> Found:
    found: Found = {"signer_name": (block.name.text, 0.95)}
    if block.title:
        found["signer_title"] = (block.title, 0.93)
    if block.authority:
        found["authority"] = (block.authority, 0.93)
    return found


def _recipients(pages: list[Page], block: SignerBlock | None) -> Found:
    """Read the items of "Nơi nhận:" in the left column, from "- " to "- ", up to the item "Lưu …"."""
    for page in pages:
        heading = recipients_heading(page)
        if heading is None or (block and page.index != block.page):
            continue
        items: list[str] = []
        before = heading
        for line in page.lines:
            if line.baseline >= heading.baseline - 1 or line.x0 > page.middle or line.x0 < heading.x0 - _OFF_CENTRE:
                continue
            if before.baseline - line.baseline > _SUBJECT_STEP * before.size or len(items) >= _MAX_RECIPIENTS:
                break
            if line.text[0] in "-+•":
                items.append(line.text.lstrip("-+• "))
            elif items and line.x1 < page.middle:
                items[-1] += f" {line.text}"
            before = line
        values = tuple(item.strip(" ,;.") for item in items if item.strip(" ,;."))
        return {"recipients": (values, 0.85)} if values else {}
    return {}
