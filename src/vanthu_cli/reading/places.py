"""Where number, date, signature and seal go on a page: `find_places(pdf, signer_name)`.

NĐ 30/2020 Phụ lục I: number and date stand in the blanks left for them (ô 3, 4), the leader's signature midway between
title and name (ô 7c), the seal over about the left third of the signature (ô 8). Blanks are measured between the inner
edges of their neighbours, for the text layer folds them. A blank that is not there, or not blank, is None.

All is found in the upright view and returned in default user space: the page may be stored turned, cut or off the origin.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from vanthu_cli.document.places import MM, Blank, Places, SignerPlace
from vanthu_cli.reading.header import Header, date_parts, find_header
from vanthu_cli.reading.ink import NOISE, ink, inked, lies_on_text, on_paper, overlap
from vanthu_cli.reading.lines import Line, Rect
from vanthu_cli.reading.page import Leaf, Page, Sheets, open_pdf
from vanthu_cli.reading.signer import SignerBlock, find_signers, signing_pages

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
_HIDDEN = 0.5
"""The seal may touch title, name and recipients, but not hide more than that of a line."""
# A dotted blank has ink on its baseline; what a pen wrote there reaches into the upper half of the small letters.
_WRITTEN_FROM, _WRITTEN_TO = 0.3, 0.7
_WRITTEN = 0.03
_WRITTEN_SCALE = 2.0

_Span = tuple[Line, int, int]


def find_places(pdf: bytes | Path, signer_name: str | None = None, *, password: str | None = None) -> Places:
    """Find the blanks on page 1, and the rooms for signature and seal in every signer's block.

    The signer is `signer_name`, or whoever the page names. Digits that signatures or annotations show in a blank count
    as printed, so a number is never written twice; and either every blank of number and date can be filled or none is
    offered. `MisuseError` as in `read`.
    """
    with open_pdf(pdf, password) as sheets:
        return places_of(sheets, signer_name)


def places_of(sheets: Sheets, signer_name: str | None) -> Places:
    """Find the places in a file that is open."""
    blanks = _blanks(sheets)
    blocks = find_signers(signing_pages(sheets), signer_name)
    signers = (_place(block, sheets.page(block.page), sheets.leaf(block.page)) for block in blocks)
    return replace(blanks, signers=tuple(signers))


def printed_month_year(pdf: bytes | Path, *, password: str | None = None) -> tuple[int | None, int | None]:
    """Return month and year as printed in the date line of page 1, if its day is still blank.

    None where it is blank, not found, or the day is there already. A number begun and left open ("năm 20…") is
    returned as it stands (20): it is not today's year either. `MisuseError` as in `read`.
    """
    with open_pdf(pdf, password) as sheets:
        return month_year_of(sheets)


def month_year_of(sheets: Sheets) -> tuple[int | None, int | None]:
    """Return month and year as printed in a file that is open."""
    header = find_header(sheets.page(0))
    parts = date_parts(header.date) if header.date else None
    if parts is None or not _NOTHING_YET.fullmatch(parts["day"]):
        return None, None
    month, year = (re.search(r"\d{1,5}", parts[name]) for name in ("month", "year"))
    return int(month[0]) if month else None, int(year[0]) if year else None


@dataclass(frozen=True, slots=True)
class _Gap:
    """A blank in the upright view: from `x0` to `x1` on a baseline."""

    x0: float
    x1: float
    baseline: float
    size: float
    italic: bool

    def blank(self, page: Page) -> Blank:
        start, end = page.point(self.x0, self.baseline), page.point(self.x1, self.baseline)
        return Blank(*start, *end, self.size, self.italic)

    @property
    def room(self) -> Rect:
        """Return the rectangle that text takes, descenders and accents included."""
        return self.x0, self.baseline - 0.25 * self.size, self.x1, self.baseline + 0.95 * self.size

    @property
    def heart(self) -> Rect:
        """Return the part of it that only writing reaches."""
        bottom, top = self.baseline + _WRITTEN_FROM * self.size, self.baseline + _WRITTEN_TO * self.size
        return self.x0 + 1, bottom, self.x1 - 1, top


def _blanks(sheets: Sheets) -> Places:
    """Return number, day, month and year with their strip.

    All of them or none: where one could not be written (no room, half written already, no date line, something stamped
    or drawn there), a document would go out with a number and without its date.
    """
    page = sheets.page(0)
    spans = _spans(find_header(page))
    gaps = [_gap(*span, page) if span else None for span in spans]
    there = [gap for gap in gaps if gap]
    unwritable = any(span and not gap for span, gap in zip(spans, gaps, strict=True))
    if not there or unwritable:
        return Places()
    rooms = [gap.room for gap in there]
    lefts, bottoms, rights, tops = zip(*rooms, strict=True)
    strip = min(lefts), min(bottoms), max(rights), max(tops)
    if _is_written(there, strip, sheets.leaf(0)):
        return Places()
    number, day, month, year = (gap.blank(page) if gap else None for gap in gaps)
    return Places(number, day, month, year, page.box(strip))


def _spans(header: Header) -> list[_Span | None]:
    """Return line, start and end of the blanks of number, day, month and year; none at all if one is half filled."""
    parts = date_parts(header.date) if header.date else None
    if header.date is None or parts is None:
        return []
    number = _NUMBER_BLANK.match(header.number.text) if header.number else None
    spans: list[_Span | None] = [(header.number, *number.span("blank")) if header.number and number else None]
    for name in ("day", "month", "year"):
        open_yet = _NOTHING_YET.fullmatch(parts[name])
        if not open_yet and not parts[name].strip().isdecimal():
            return []
        spans.append((header.date, *parts.span(name)) if open_yet else None)
    return spans


def _gap(line: Line, start: int, end: int, page: Page) -> _Gap | None:
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
    return _Gap(x0, x1, line.baseline, line.size, line.italic)


def _covers(other: Line, line: Line, x0: float, x1: float) -> bool:
    return other.x0 < x1 and other.x1 > x0 and other.y0 < line.baseline + line.size and other.y1 > line.baseline


def _stands_in(other: Line, line: Line, x0: float, x1: float) -> bool:
    same_row = abs(other.baseline - line.baseline) < line.size / 2
    return same_row and other.x0 < x1 and other.x1 > x0 and other.x0 > line.x0


def _is_written(gaps: Iterable[_Gap], strip: Rect, leaf: Leaf) -> bool:
    """Tell whether a gap shows writing that is no text: by hand on a scan, by a picture, by strokes."""
    left, _bottom, _right, top = strip
    shown = ink(leaf.picture(strip, _WRITTEN_SCALE))
    for gap in gaps:
        x0, y0, x1, y1 = gap.heart
        part = shown.crop(
            (
                round((x0 - left) * _WRITTEN_SCALE),
                round((top - y1) * _WRITTEN_SCALE),
                round((x1 - left) * _WRITTEN_SCALE),
                round((top - y0) * _WRITTEN_SCALE),
            )
        )
        if part.histogram()[255] > _WRITTEN * part.width * part.height:
            return True
    return False


def _place(block: SignerBlock, page: Page, leaf: Leaf) -> SignerPlace:
    """Return where a signer signs: the box for the signature and the square for the seal."""
    title, name = block.capitals[-1], block.name
    middle, level = (title.centre + name.centre) / 2, (title.y0 + name.y1) / 2
    height = min(title.y0 - name.y1 - _AIR, SIGNATURE_HEIGHT)
    if height < _LEAST_SIGNATURE:
        return SignerPlace(name.text, block.title, None, None, page.rotation)
    left, right = middle - SIGNATURE_WIDTH / 2, middle + SIGNATURE_WIDTH / 2
    box = left, level - height / 2, right, level + height / 2
    edge = left + SIGNATURE_WIDTH / 3
    seal = edge - SEAL_SIDE, level - SEAL_SIDE / 2, edge, level + SEAL_SIDE / 2
    return SignerPlace(
        name.text,
        block.title,
        page.box(box) if _is_free(box, page, leaf) else None,
        page.box(seal) if on_paper(page, seal) and not _hides_a_line(seal, page) else None,
        page.rotation,
    )


def _is_free(box: Rect, page: Page, leaf: Leaf) -> bool:
    signed = any(overlap(box, other) > 0 for other in page.signed)
    return on_paper(page, box) and not signed and not lies_on_text(page, box) and inked(leaf, box) < NOISE


def _hides_a_line(seal: Rect, page: Page) -> bool:
    lines = ((line.x0, line.y0, line.x1, line.y1) for line in page.lines)
    return any(overlap(seal, line) > _HIDDEN * overlap(line, line) for line in lines)
