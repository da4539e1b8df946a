"""Where number, date, signature and seal go on a page: `find_places(pdf, signer_name)`.

NĐ 30/2020 Phụ lục I: number and date stand in the blanks left for them (ô 3, 4), the leader's signature midway between
title and name (ô 7c), the seal over about the left third of the signature (ô 8). Blanks are measured between the inner
edges of their neighbours, for the text layer folds them. Only upright pages; a blank that is not there is None.
"""

import re
from collections.abc import Sequence

from vanthu_cli.document.places import MM, Blank, Box, Places
from vanthu_cli.reading.header import Header, date_parts, find_header
from vanthu_cli.reading.lines import Line
from vanthu_cli.reading.page import Page, load_page, open_pdf, raw_texts
from vanthu_cli.reading.signer import SignerBlock, find_signer, signing_pages

SEAL_SIDE = 36 * MM
"""A round seal of 36 mm in its square."""
SIGNATURE_WIDTH, SIGNATURE_HEIGHT = 140.0, 60.0
"""The largest signature image, in points."""

_NUMBER_BLANK = re.compile(r"^S[ốỐ](?:\s*:)?(?P<blank>[\s.…_]*)[-/]")
_NOTHING_YET = re.compile(r"[\s.…_]*")
_ROOM_FOR_A_DIGIT = 8.0
"""A gap narrower than that is the space between two words, not a blank."""
_AIR = 12.0
_LEAST_SIGNATURE = 20.0
_YEAR_WIDTH = 2.4
_NO_BLANKS = (None, None, None, None)
_NOWHERE = Places(number=None, day=None, month=None, year=None, strip=None, signer=None, seal=None)


def find_places(pdf: bytes, signer_name: str | None = None) -> Places:
    """Find the blanks on page 1 and the rooms for signature and seal on the page of the signer's block.

    The signer is `signer_name`, or whoever the page names. Digits that signatures or annotations show in a blank count
    as printed, so a number is never written twice; and either every blank of number and date can be filled or none is
    offered. `MisuseError` as in `read`.
    """
    with open_pdf(pdf) as document:
        first = load_page(document, 0)
        pages = signing_pages(document, raw_texts(document, stamps=False), first)
    if first.rotation:
        return _NOWHERE
    number, day, month, year = _blanks(find_header(first), first)
    signer, seal = None, None
    block = find_signer(pages, signer_name)
    page = next((one for one in pages if block and one.index == block.page), None)
    if block and page and not page.rotation:
        signer, seal = _rooms(block, page)
    return Places(number, day, month, year, _strip([number, day, month, year]), signer, seal)


def printed_month_year(pdf: bytes) -> tuple[int | None, int | None]:
    """Return month and year as printed in the date line of page 1, if its day is still blank.

    None where it is blank, not found, or the day is there already. A number begun and left open ("năm 20…") is
    returned as it stands (20): it is not today's year either. `MisuseError` as in `read`.
    """
    with open_pdf(pdf) as document:
        header = find_header(load_page(document, 0))
    parts = date_parts(header.date) if header.date else None
    if parts is None or not _NOTHING_YET.fullmatch(parts["day"]):
        return None, None
    month, year = (re.search(r"\d{1,5}", parts[name]) for name in ("month", "year"))
    return int(month[0]) if month else None, int(year[0]) if year else None


def _blanks(header: Header, page: Page) -> Sequence[Blank | None]:
    """Return the blanks of number, day, month and year.

    All of them or none: where one could not be written (no room, half written already, no date line, something stamped
    over it), a document would go out with a number and without its date.
    """
    parts = date_parts(header.date) if header.date else None
    if header.date is None or parts is None:
        return _NO_BLANKS
    number = _NUMBER_BLANK.match(header.number.text) if header.number else None
    spans = [(header.number, *number.span("blank")) if header.number and number else None]
    for name in ("day", "month", "year"):
        open_yet = _NOTHING_YET.fullmatch(parts[name])
        if not open_yet and not parts[name].strip().isdecimal():
            return _NO_BLANKS
        spans.append((header.date, *parts.span(name)) if open_yet else None)
    blanks = [_blank(*span, page) if span else None for span in spans]
    unwritable = any(span and not blank for span, blank in zip(spans, blanks, strict=True))
    return _NO_BLANKS if unwritable else blanks


def _blank(line: Line, start: int, end: int, page: Page) -> Blank | None:
    """Return the gap between the characters round `text[start:end]`; at the line's end as much as a year needs."""
    x0 = line.edges[start - 1][1]
    if end < len(line.edges):
        x1 = line.edges[end][0]
    else:
        x1 = max(line.x1, x0 + _YEAR_WIDTH * line.size)
        if x1 > page.x1 or any(_stands_in(other, line, x0 + 1, x1) for other in page.lines):
            return None
    stamped = (other for stamp in page.stamps for other in stamp)
    if x1 - x0 < _ROOM_FOR_A_DIGIT or any(_covers(other, line, x0, x1) for other in stamped):
        return None
    return Blank(x0, x1, line.baseline, line.size, line.italic)


def _covers(other: Line, line: Line, x0: float, x1: float) -> bool:
    return other.x0 < x1 and other.x1 > x0 and other.y0 < line.baseline + line.size and other.y1 > line.baseline


def _stands_in(other: Line, line: Line, x0: float, x1: float) -> bool:
    same_row = abs(other.baseline - line.baseline) < line.size / 2
    return same_row and other.x0 < x1 and other.x1 > x0 and other.x0 > line.x0


def _strip(blanks: Sequence[Blank | None]) -> Box | None:
    """Return the box round all blanks, with room for descenders and accents."""
    there = [blank for blank in blanks if blank]
    if not there:
        return None
    return Box(
        0,
        min(blank.x0 for blank in there),
        min(blank.baseline - 0.25 * blank.size for blank in there),
        max(blank.x1 for blank in there),
        max(blank.baseline + 0.95 * blank.size for blank in there),
    )


def _rooms(block: SignerBlock, page: Page) -> tuple[Box | None, Box | None]:
    """Return the box for the signature and the square for the seal."""
    title, name = block.capitals[-1], block.name
    middle, level = (title.centre + name.centre) / 2, (title.y0 + name.y1) / 2
    height = min(title.y0 - name.y1 - _AIR, SIGNATURE_HEIGHT)
    if height < _LEAST_SIGNATURE:
        return None, None
    left, right = middle - SIGNATURE_WIDTH / 2, middle + SIGNATURE_WIDTH / 2
    signer = Box(page.index, left, level - height / 2, right, level + height / 2)
    edge = left + SIGNATURE_WIDTH / 3
    seal = Box(page.index, edge - SEAL_SIDE, level - SEAL_SIDE / 2, edge, level + SEAL_SIDE / 2)
    written = any(
        line.x0 < signer.x1 and line.x1 > signer.x0 and line.y0 < signer.y1 and line.y1 > signer.y0
        for line in page.lines
    )
    return (None if written or not _on_paper(signer, page) else signer), (seal if _on_paper(seal, page) else None)


def _on_paper(box: Box, page: Page) -> bool:
    return page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1
