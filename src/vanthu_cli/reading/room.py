"""Free room on a page for marks that have no place of their own: the arrival mark, the text in the upper corner.

All is measured in the upright view and returned in default user space.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import accumulate
from operator import add

from PIL import Image

from vanthu_cli.document.places import MM, Box
from vanthu_cli.reading.ink import NOISE, ink, inked, lies_on_text, on_paper, whole
from vanthu_cli.reading.lines import Rect
from vanthu_cli.reading.page import Sheets

_RIM = 5 * MM
_STEP = 3 * MM
_MOST_STEPS = 200
_AIR = 2.0
_RIGHT_MARGIN = 15 * MM
_UPPER_MARGIN = 20 * MM
_CELL = 3
"""Pixels; ink is counted in cells of that side."""
_FULL = 255


class Ground:
    """Page 1 with what is on it: ink and text, counted in cells, and the rectangles of annotations and fields."""

    def __init__(self, sheets: Sheets) -> None:
        self._page = page = sheets.page(0)
        self.wide, self.high = page.x1 - page.x0, page.y1 - page.y0
        picture, scale = whole(sheets.leaf(0))
        self._cell = _CELL / scale
        cells = ink(picture).reduce(_CELL)
        for line in page.shown:
            cells.paste(_FULL, self._window(line.edges[0][0], line.y0, line.x1, line.y1))
        self._ink = _sums(cells)
        over = Image.new("L", cells.size)
        for rect in page.annotations:
            over.paste(_FULL, self._window(*rect))
        self._over = _sums(over)

    def rect(self, left: float, top: float, size: tuple[float, float]) -> Rect:
        """Return the rectangle whose upper left corner lies `left` and `top` points from the page's."""
        x0, y1 = self._page.x0 + left, self._page.y1 - top
        return x0, y1 - size[1], x0 + size[0], y1

    def ink(self, rect: Rect) -> float:
        """Return the share (0..1) of the rectangle that is taken by ink or text; specks of a scan are none."""
        share = _in(self._ink, self._window(*rect))
        return share if share >= NOISE else 0.0

    def is_taken(self, rect: Rect) -> bool:
        """Tell whether an annotation or a field is there, shown or not, or the page's edge.

        A mark over a signature's field would look like tampering.
        """
        return not on_paper(self._page, rect) or _in(self._over, self._window(*rect)) > 0

    def box(self, rect: Rect) -> Box:
        return self._page.box(rect)

    def _window(self, x0: float, y0: float, x1: float, y1: float) -> tuple[int, int, int, int]:
        """Return the cells (left, upper, right, lower) that a rectangle touches."""
        left, upper = (x0 - self._page.x0) / self._cell, (self._page.y1 - y1) / self._cell
        right, lower = (x1 - self._page.x0) / self._cell, (self._page.y1 - y0) / self._cell
        return max(math.floor(left), 0), max(math.floor(upper), 0), max(math.ceil(right), 0), max(math.ceil(lower), 0)


def free_room(ground: Ground, size: tuple[float, float]) -> Box | None:
    """Return a place of that width and height in points where there is least ink, the upper left first.

    None if every place lies over an annotation or a field, or the page is too small. NĐ 30/2020 Đ22 wants the arrival
    mark in the blank space below number, subject or date.
    """
    best: tuple[float, Rect] | None = None
    step = max(_STEP, max(ground.wide, ground.high) / _MOST_STEPS)
    for top in _steps(_RIM, ground.high - size[1] - _RIM, step):
        for left in _steps(_RIM, ground.wide - size[0] - _RIM, step):
            rect = ground.rect(left, top, size)
            around = rect[0] - _AIR, rect[1] - _AIR, rect[2] + _AIR, rect[3] + _AIR
            if ground.is_taken(around):
                continue
            covered = ground.ink(around)
            if not covered:
                return ground.box(rect)
            if best is None or covered < best[0]:
                best = covered, rect
    return ground.box(best[1]) if best else None


def upper_corner(ground: Ground, size: tuple[float, float]) -> Box | None:
    """Return a blank place of that size at the top right, for the text of an annex or copy (NĐ 30/2020 Phụ lục I, ô 14).

    The right margin is 15 mm, the top 5 mm; where something is printed or signed there it goes down within the upper
    20 mm, then leftwards to the middle of the page. None if nothing is free.
    """
    home = ground.wide - _RIGHT_MARGIN - size[0]
    if home < _RIM:
        return None
    lefts = (home, *(home - step for step in _steps(_STEP, min(home - ground.wide / 2, _MOST_STEPS * _STEP))))
    for left in lefts:
        for top in (_RIM, *_steps(_RIM + MM, _UPPER_MARGIN - size[1], MM)):
            rect = ground.rect(left, top, size)
            if not ground.is_taken(rect) and not ground.ink(rect):
                return ground.box(rect)
    return None


def covers_text(sheets: Sheets, at: Box) -> bool:
    """Tell whether a box lies on printed text or ink, or not wholly on a page that is there."""
    if not 0 <= at.page < len(sheets):
        return True
    page = sheets.page(at.page)
    rect = page.seen(at)
    return not on_paper(page, rect) or lies_on_text(page, rect) or inked(sheets.leaf(at.page), rect) >= NOISE


def _steps(first: float, last: float, step: float = _STEP) -> Iterator[float]:
    while first <= last:
        yield first
        first += step


def _sums(cells: Image.Image) -> list[list[int]]:
    """Return, for every corner between cells, the sum of all cells above and to the left."""
    wide, high = cells.size
    data = cells.tobytes()
    sums = [[0] * (wide + 1)]
    for row in range(high):
        along: Iterable[int] = accumulate(data[row * wide : (row + 1) * wide], initial=0)
        sums.append(list(map(add, sums[-1], along)))
    return sums


def _in(sums: list[list[int]], window: tuple[int, int, int, int]) -> float:
    """Return the mean (0..1) of the cells in a window, cut to the page."""
    left, upper = min(window[0], len(sums[0]) - 1), min(window[1], len(sums) - 1)
    right, lower = min(window[2], len(sums[0]) - 1), min(window[3], len(sums) - 1)
    total = sums[lower][right] - sums[upper][right] - sums[lower][left] + sums[upper][left]
    return total / (_FULL * max((right - left) * (lower - upper), 1))
