"""Register books as a PDF (reportlab): A4 landscape, to be printed, signed and bound; the same book gives the same bytes.

Rows are drawn straight on the canvas: platypus makes 100,000 objects of a year's book before it draws the first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any, BinaryIO

from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from vanthu_cli.reports.books import (
    NOTHING,
    PLACE_AND_DAY,
    SIGN_HERE,
    SIGNERS,
    Cover,
    Volume,
    closing,
    cover_lines,
    is_signed,
    plain,
    running_title,
    shares,
)
from vanthu_cli.reports.pages import BOLD, REGULAR, load_fonts

_PAGE_WIDTH, _PAGE_HEIGHT = landscape(A4)
_LEFT: float = 25 * mm
"""Wider than the right margin: here the book is bound."""
_RIGHT: float = _PAGE_WIDTH - 12 * mm
_TOP: float = _PAGE_HEIGHT - 15 * mm
_BOTTOM: float = 17 * mm
_FOOT = 10 * mm
_SIZE, _LEADING, _PADDING = 10, 12.5, 3.0
_NUMBERS = _LEADING + 2
"""Height of the row "(1) (2) …" below the headings."""
_TO_SIGN = 11 * mm
"""Height that a row has at least where somebody signs in it."""
_CLOSING = 48 * mm
_GOES_ON = "(tiếp)"
_COVER_LINES = 4
"""Lines that one text of the cover may take, so that a name out of all bounds doesn't push the others off the paper."""

_Row = Sequence[Sequence[str]]
"""Lines of each cell."""


def book_pdf(volumes: Iterable[Volume], out: BinaryIO) -> None:
    """Write each volume, at least one: the cover, the first page that repeats it, the table with page numbers of its own."""
    load_fonts()
    canvas = Canvas(out, pagesize=(_PAGE_WIDTH, _PAGE_HEIGHT), lang="vi", invariant=1)
    for volume in volumes:
        canvas.setTitle(plain(volume.cover.title))
        canvas.setAuthor(plain(volume.cover.office))
        for _copy in ("cover", "first page"):
            _draw_cover(canvas, volume.cover)
            canvas.showPage()
        _draw_table(canvas, volume)
    canvas.save()


def _draw_cover(canvas: Canvas, cover: Cover) -> None:
    wide, high = _RIGHT - _LEFT, _TOP - _BOTTOM
    for inset, ink in ((0, 2), (4, 0.5)):
        canvas.setLineWidth(ink)
        canvas.rect(_LEFT + inset, _BOTTOM + inset, wide - 2 * inset, high - 2 * inset)
    y = _TOP - 20 * mm
    for line in cover_lines(cover):
        y -= line.gap
        face = BOLD if line.bold else REGULAR
        canvas.setFont(face, line.size)
        for part in wrapped(line.text, wide - 30 * mm, face, line.size)[:_COVER_LINES]:
            y -= line.size * 1.3
            canvas.drawCentredString((_LEFT + _RIGHT) / 2, y, part)


@dataclass(frozen=True, slots=True)
class _Grid:
    """The table's columns on the paper, in points."""

    edges: tuple[float, ...]
    headings: _Row
    least: float
    """Height that a row has at least."""

    def height(self, row: _Row) -> float:
        lines = max(len(cell) for cell in row)
        return max(self.least, lines * _LEADING + 2 * _PADDING)

    @property
    def body(self) -> float:
        """Height that a page has for rows."""
        return _TOP - _BOTTOM - self.height(self.headings) - _NUMBERS


def _grid(volume: Volume) -> _Grid:
    wide = _RIGHT - _LEFT
    edges = tuple(accumulate((share * wide for share in shares(volume.columns)), initial=_LEFT))
    headings = _laid([column.heading for column in volume.columns], edges, BOLD)
    return _Grid(edges, headings, _TO_SIGN if is_signed(volume.columns) else _LEADING + 2 * _PADDING)


def _laid(texts: Sequence[str], edges: Sequence[float], face: str) -> _Row:
    return [
        wrapped(plain(text), right - left - 2 * _PADDING, face, _SIZE)
        for text, (left, right) in zip(texts, pairwise(edges), strict=True)
    ]


def _pages(volume: Volume, grid: _Grid) -> Iterator[list[_Row]]:
    """Yield the rows of each page; one is parted between its lines only if a whole page can't hold it."""
    page: list[_Row] = []
    room = grid.body
    for place, texts in enumerate(volume.rows, 1):
        # Signatures alone on a sheet would vouch for nothing: the last row stays with them.
        kept = _CLOSING if place == len(volume.rows) else 0
        row = _laid(texts, grid.edges, REGULAR)
        lines = int((grid.body - kept - 2 * _PADDING) / _LEADING)
        for first in range(0, max(map(len, row)) or 1, lines):
            part = [cell[first : first + lines] for cell in row]
            if first:
                part[0] = part[0] or [_GOES_ON]
            high = grid.height(part)
            if page and high + kept > room:
                yield page
                page, room = [], grid.body
            page.append(part)
            room -= high
    yield page


def _draw_table(canvas: Canvas, volume: Volume) -> None:
    grid = _grid(volume)
    # Laid out twice: cheaper than to hold a year's lines until it is known how many pages there are.
    total = sum(1 for _page in _pages(volume, grid))
    foot = wrapped(running_title(volume.cover), (_RIGHT - _LEFT) * 0.8, REGULAR, 9)[0]
    for number, page in enumerate(_pages(volume, grid), 1):
        y = _draw_headings(canvas, grid)
        y = _draw_rows(canvas, grid, page, y) if page else _draw_nothing(canvas, y)
        if number == total:
            _draw_closing(canvas, closing(str(total), len(volume.rows)), y)
        canvas.setFont(REGULAR, 9)
        canvas.drawString(_LEFT, _FOOT, foot)
        canvas.drawRightString(_RIGHT, _FOOT, f"Trang {number}/{total}")
        canvas.showPage()


def _draw_headings(canvas: Canvas, grid: _Grid) -> float:
    """Draw both rows of the head; return where the next one begins."""
    high = grid.height(grid.headings)
    middles = [(left + right) / 2 for left, right in pairwise(grid.edges)]
    canvas.setFont(BOLD, _SIZE)
    for lines, x in zip(grid.headings, middles, strict=True):
        above = (high - len(lines) * _LEADING) / 2
        for place, line in enumerate(lines):
            canvas.drawCentredString(x, _baseline(_TOP - above, place), line)
    canvas.setFont(REGULAR, _SIZE)
    below = _TOP - high
    for place, x in enumerate(middles, 1):
        canvas.drawCentredString(x, _baseline(below, 0), f"({place})")
    return _draw_lines(canvas, grid.edges, (_TOP, below, below - _NUMBERS))


def _draw_rows(canvas: Canvas, grid: _Grid, page: Iterable[_Row], top: float) -> float:
    text = canvas.beginText()
    text.setFont(REGULAR, _SIZE)
    levels = [top]
    for row in page:
        y = levels[-1]
        for cell, left in zip(row, grid.edges, strict=False):
            for place, line in enumerate(cell):
                text.setTextOrigin(left + _PADDING, _baseline(y - _PADDING, place))
                text.textOut(line)
        levels.append(y - grid.height(row))
    canvas.drawText(text)
    return _draw_lines(canvas, grid.edges, levels)


def _draw_nothing(canvas: Canvas, top: float) -> float:
    canvas.setFont(REGULAR, _SIZE + 1)
    canvas.drawCentredString((_LEFT + _RIGHT) / 2, top - _TO_SIGN / 2 - 3, NOTHING)
    return _draw_lines(canvas, (_LEFT, _RIGHT), (top, top - _TO_SIGN))


def _draw_lines(canvas: Canvas, edges: Sequence[float], levels: Sequence[float]) -> float:
    """Draw the grid between edges and levels; return the lowest level."""
    canvas.setLineWidth(0.5)
    canvas.grid(edges, levels)
    return levels[-1]


def _draw_closing(canvas: Canvas, sentence: str, top: float) -> None:
    canvas.setFont(REGULAR, 12)
    canvas.drawString(_LEFT, top - 8 * mm, sentence)
    left, right = (_LEFT + (_RIGHT - _LEFT) * share for share in (0.2, 0.8))
    canvas.drawCentredString(right, top - 14 * mm, PLACE_AND_DAY)
    for x, signer in zip((left, right), SIGNERS, strict=True):
        canvas.setFont(BOLD, 12)
        canvas.drawCentredString(x, top - 20 * mm, signer)
        canvas.setFont(REGULAR, 11)
        canvas.drawCentredString(x, top - 25 * mm, SIGN_HERE)


def _baseline(top: float, place: int) -> float:
    return top - place * _LEADING - _SIZE


def wrapped(text: str, room: float, face: str, size: float) -> list[str]:
    """Return the lines of a text in so many points of room, nothing for an empty one; a word longer than a line is parted."""
    widths = _widths(face, size)
    text = _drawable(text, widths)
    if sum(map(widths.__getitem__, text)) <= room:
        return [text] if text else []
    lines: list[str] = []
    line, used = "", 0.0
    for word in text.split():
        wide = sum(map(widths.__getitem__, word))
        if line and used + widths[" "] + wide <= room:
            line, used = f"{line} {word}", used + widths[" "] + wide
            continue
        if line:
            lines.append(line)
        line, used = word, wide
        if wide > room:
            *parts, line = _parted(word, room, widths)
            lines += parts
            used = sum(map(widths.__getitem__, line))
    return [*lines, line]


def _parted(word: str, room: float, widths: dict[str, float]) -> Iterator[str]:
    """Yield the pieces of a word, each but the last as long as a line; after a stroke if one is near (số, ký hiệu)."""
    begin, used = 0, 0.0
    for place, letter in enumerate(word):
        while used + widths[letter] > room and place > begin:
            stroke = max(word.rfind(each, begin, place) for each in "/-") + 1
            end = stroke if stroke > (begin + place) / 2 else place
            yield word[begin:end]
            begin, used = end, sum(map(widths.__getitem__, word[end:place]))
        used += widths[letter]
    yield word[begin:]


def _drawable(text: str, known: dict[str, Any]) -> str:
    return text if known.keys() >= set(text) else "".join(each if each in known else "□" for each in text)


@lru_cache(maxsize=8)
def _widths(face: str, size: float) -> dict[str, float]:
    """Return the width in points of every letter that the typeface has."""
    load_fonts()
    font = pdfmetrics.getFont(face).face
    return {chr(code): font.charWidths.get(code, font.defaultWidth) * size / 1000 for code in font.charToGlyph}
