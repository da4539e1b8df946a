"""A document's fields with how sure the reader is: `read(pdf)`.

Rules of form: NĐ 30/2020 Phụ lục I and 36-HD/VPTW. A wrong value is worse than none: what is not where the form puts
it, or is there twice, stays None, and a person chooses among the candidates. Text that a viewer does not show (an
invisible OCR layer) is read like any other.

What a form check wants to know: a number line or date line that is there with its blank still empty gives `symbol` or
`place` and no `number` or `date`; where the line is missing, they are missing too. A joint document has no one
`signer_name`: its signers are candidates, and those of `Places`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from vanthu_cli.document.fields import LEAST, Candidate, Fields, Reading
from vanthu_cli.document.places import Box
from vanthu_cli.document.symbol import parse_number, parse_symbol
from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.agencies import agency_and_parent
from vanthu_cli.reading.header import Header, date_parts, find_header
from vanthu_cli.reading.lines import Line, stacked
from vanthu_cli.reading.page import Page, Sheets, open_pdf
from vanthu_cli.reading.signer import SignerBlock, find_signers, recipients_heading, signing_pages, without_rank
from vanthu_cli.reading.subject import Printed, type_and_subject
from vanthu_cli.rules.secrecy import secret_mark, urgency_mark

_AHEAD = 0.2
"""By how much it must be surer than any other."""

_MIN_LETTERS = 50
"""Fewer letters than that on page 1 are the text of a signature on a scan."""
_NUMBER_SHAPE = re.compile(r"^S[ốỐ]\s*:?\s*\d+[a-zđ]?\s*[-/]")
_BLANK_NUMBER = re.compile(r"^S[ốỐ]\s*:?[\s.…_]*[-/]\s*(?P<symbol>\S.*)$")
# Without its hyphen: "Số 217 QĐ/TW".
_UNJOINED = re.compile(r"^(S[ốỐ]\s*:?\s*\d{1,5})\s+(?=[A-ZĐ][A-Za-zĐđ]{0,3}/)")
# The National Assembly's way: "Nghị quyết số: 202/2025/QH15".
_TYPE_BEFORE = re.compile(r"^(?:Nghị quyết|Luật|Pháp lệnh|Lệnh)\s+(?=số)")
_HOUR = re.compile(r"\s*,?\s*(?:hồi|lúc)\s+\d.*$")
# An arrival mark that became part of the page names another agency, perhaps among the words of the head.
_ARRIVAL = "ĐẾN"
_NEAR_A_STAMP = ("agency", "parent_agency", "subject")
_DOUBT = 0.5
_RIVAL, _UNTOLD = 0.4, 0.3
_LEFT_EDGE = 45.0
_ITEM_STEP = 2.6
_MAX_RECIPIENTS = 60
_BULLET = re.compile(r"[-+•*–]\s*|\d{1,2}[.)]\s+")
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
    found = _Found()
    found.notices += sorted(first.old_fonts)
    _marks(found, sheets, first)
    if sum(char.isalpha() for line in first.lines for char in line.text) < _MIN_LETTERS:
        return found.reading(needs_ocr=True)
    header = find_header(first)
    _number(found, first, header)
    _date(found, first, header)
    _agency(found, first, header)
    for each in type_and_subject(first, header, found.value("symbol")):
        found.put(each, first)
    if any(line.text == _ARRIVAL for line in first.lines):
        found.doubt(_NEAR_A_STAMP, _DOUBT)
    if header.number is None and header.title is None and not header.rivals:
        found.notices.append("no-head")
    pages = signing_pages(sheets)
    blocks = find_signers(pages)
    _signers(found, pages, blocks)
    _recipients(found, pages, blocks[0] if blocks else None)
    return found.reading()


class _Found:
    """What has been found so far, field by field."""

    def __init__(self) -> None:
        self._all: dict[str, list[Candidate]] = {}
        self.notices: list[str] = []

    def add(self, name: str, value: Any, sure: float, place: Box | None) -> None:
        self._all.setdefault(name, []).append(Candidate(value, sure, place))

    def put(self, printed: Printed, page: Page) -> None:
        self.add(printed.field, printed.value, printed.sure, box_of(page, printed.lines))

    def doubt(self, names: Iterable[str], most: float) -> None:
        for name in names:
            self._all[name] = [replace(one, confidence=min(one.confidence, most)) for one in self._all.get(name, ())]

    def value(self, name: str) -> Any:
        """Return the value that counts as the field's: sure enough, and surer than any other."""
        best = self._best(name)
        return best.value if best else None

    def _best(self, name: str) -> Candidate | None:
        ranked = sorted(self._all.get(name, ()), key=lambda one: -one.confidence)
        rival = next((one.confidence for one in ranked if one.value != ranked[0].value), 0.0)
        return ranked[0] if ranked and ranked[0].confidence >= max(LEAST, rival + _AHEAD) else None

    def reading(self, *, needs_ocr: bool = False) -> Reading:
        best = {name: one for name in self._all if (one := self._best(name))}
        values: Mapping[str, Any] = {name: one.value for name, one in best.items()}
        return Reading(
            Fields(**values),
            {name: one.confidence for name, one in best.items()},
            needs_ocr,
            {name: tuple(sorted(all_, key=lambda one: -one.confidence)) for name, all_ in self._all.items() if all_},
            tuple(self.notices),
        )


def box_of(page: Page, lines: Sequence[Line]) -> Box | None:
    """Return the box that encloses the lines of a page."""
    if not lines:
        return None
    lefts, bottoms, rights, tops = zip(*((line.x0, line.y0, line.x1, line.y1) for line in lines), strict=True)
    return page.box((min(lefts), min(bottoms), max(rights), max(tops)))


def _marks(found: _Found, sheets: Sheets, first: Page) -> None:
    for name, mark_of, others in (
        ("secrecy", secret_mark, [sheets.text(index) for index in sheets.looked_at]),
        ("urgency", urgency_mark, []),
    ):
        mark = mark_of("\n".join([*(line.text for line in first.shown), *stacked(first.shown), *others]))
        if mark:
            lines = [line for line in first.shown if mark_of(line.text) == mark]
            found.add(name, mark, 0.95, box_of(first, lines[:1]))


def _number(found: _Found, page: Page, header: Header) -> None:
    for one in header.rivals:
        with suppress(MisuseError):
            rival = parse_number(one.text)
            for name, value in (("number", rival.value), ("number_text", one.text), ("symbol", rival.symbol)):
                found.add(name, value, _RIVAL, box_of(page, [one]))
    if header.number is None:
        return
    line = header.number
    sure, place = 0.99 if header.title else 0.7, box_of(page, [line])
    blank = _BLANK_NUMBER.match(line.text)
    with suppress(MisuseError):
        number = parse_number(_UNJOINED.sub(r"\1-", _TYPE_BEFORE.sub("", line.text)))
        for name, value in (("number", number.value), ("number_text", line.text), ("symbol", number.symbol)):
            found.add(name, value, sure, place)
        return
    if blank:
        found.notices.append("number-blank")
        with suppress(MisuseError):
            symbol = parse_symbol(blank["symbol"])
            found.add("number_text", line.text, sure, place)
            found.add("symbol", symbol, sure - 0.04, place)
    elif _NUMBER_SHAPE.match(line.text):
        # A number with a letter ("12a-CV/TU"), two numbers over one blank: shown as printed, left to the clerk.
        found.add("number_text", line.text, LEAST, place)


def _date(found: _Found, page: Page, header: Header) -> None:
    parts = date_parts(header.date) if header.date else None
    if parts is None or header.date is None:
        return
    sure, place = 0.99 if header.title and header.number else 0.8, box_of(page, [header.date])
    if parts["place"]:
        found.add("place", _HOUR.sub("", parts["place"]).strip(" ,"), sure, place)
    day, month, year = (parts[name].strip() for name in ("day", "month", "year"))
    if day.isdecimal() and month.isdecimal() and year.isdecimal() and int(year) >= _FIRST_YEAR:
        with suppress(ValueError):
            found.add("date", date(int(year), int(month), int(day)), sure, place)
    elif not day.strip(" .…_"):
        found.notices.append("date-blank")


def _agency(found: _Found, page: Page, header: Header) -> None:
    texts = [line.text for line in header.above]
    agency, parent = agency_and_parent(header.above)
    for name, said in (("agency", agency), ("parent_agency", parent)):
        if said is not None:
            found.add(name, *said, box_of(page, _lines_saying(said[0], header.above)))
    if agency is None and texts:
        for value in dict.fromkeys([" ".join(texts), texts[-1]]):
            found.add("agency", value, _UNTOLD, box_of(page, _lines_saying(value, header.above)))


def _lines_saying(value: str, lines: Sequence[Line]) -> Sequence[Line]:
    spans = ((start, end) for end in range(len(lines), 0, -1) for start in range(end))
    return next(
        (lines[start:end] for start, end in spans if " ".join(line.text for line in lines[start:end]) == value), ()
    )


def _signers(found: _Found, pages: Sequence[Page], blocks: Sequence[SignerBlock]) -> None:
    if len(blocks) > 1:
        found.notices.append("several-signers")
    alone = len(blocks) == 1
    for block in blocks:
        page = next(page for page in pages if page.index == block.page)
        authority, title = block.halves
        for name, lines, sure in (
            ("signer_name", [block.name], 0.95),
            ("signer_title", title, 0.93),
            ("authority", authority, 0.93),
        ):
            if lines:
                value = (
                    without_rank(block.name.text) if name == "signer_name" else " ".join(line.text for line in lines)
                )
                found.add(name, value, sure if alone else _RIVAL, box_of(page, lines))


def _recipients(found: _Found, pages: Sequence[Page], block: SignerBlock | None) -> None:
    """Read the items of "Nơi nhận:" in the left column, from "- " to "- ", up to the item "Lưu …"."""
    for page in pages:
        heading = recipients_heading(page)
        if heading is None or (block and page.index != block.page):
            continue
        under = [
            line for line in page.lines if heading.x0 - _LEFT_EDGE <= line.x0 and line.baseline < heading.baseline - 1
        ]
        items, lines = _items(heading, [line for line in under if line.x0 <= page.middle], page.middle)
        beside = [line for line in under if line.x0 > page.middle and line.baseline >= lines[-1].baseline - 1]
        if any(_BULLET.match(line.text) for line in beside):  # a second column; else it is the signer's block
            more, those = _items(heading, beside, page.x1)
            items, lines = items + more, lines + those
        values = tuple(item.strip(" ,;.") for item in items if item.strip(" ,;."))
        if values:
            found.add("recipients", values, 0.85, box_of(page, lines))
        return


def _items(heading: Line, under: Sequence[Line], right: float) -> tuple[list[str], list[Line]]:
    """Return what is listed in the lines, and those lines with the heading, up to the first gap."""
    items, lines = list[str](), [heading]
    bulleted = any(_BULLET.match(line.text) for line in under)
    for line in under:
        if lines[-1].baseline - line.baseline > _ITEM_STEP * lines[-1].size or len(items) >= _MAX_RECIPIENTS:
            break
        bullet = _BULLET.match(line.text)
        if bullet or (not bulleted and (not items or items[-1][-1] in ";.,")):
            items.append(line.text[bullet.end() if bullet else 0 :])
        elif items and line.x1 < right:
            items[-1] += f" {line.text}"
        lines.append(line)
    return items, lines
