"""The pages of a PDF: what the reader sees of one, turned as its /Rotate says, and how pages and entries are found."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader

_FARTHEST = 1e6
"""Points; the largest page of ISO 32000 is 14 400."""

_DEEPEST = 64
"""Levels of /Parent that a page tree may have; more is a loop or an attack."""


@dataclass(frozen=True, slots=True)
class Page:
    """`x0`..`y1` is what the reader sees of the page, in default user space; `rotate` is 0, 90, 180 or 270."""

    x0: float
    y0: float
    x1: float
    y1: float
    rotate: int

    def box(self, left: float, top: float, width: float, height: float) -> tuple[float, float, float, float]:
        """Return in user space what lies `left` and `top` points from the upper left corner as seen by the reader."""
        (ax, ay), (bx, by) = self._user(left, top), self._user(left + width, top + height)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as the reader sees them."""
        width, height = self.x1 - self.x0, self.y1 - self.y0
        return (height, width) if self.rotate in (90, 270) else (width, height)

    def seen(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom as the reader sees them: the opposite of `box`."""
        (ax, ay), (bx, by) = self.seen_point(x0, y0), self.seen_point(x1, y1)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    def seen_point(self, x: float, y: float) -> tuple[float, float]:
        """Return how far right and down of the upper left corner the reader sees a point of user space."""
        return {
            0: (x - self.x0, self.y1 - y),
            90: (y - self.y0, x - self.x0),
            180: (self.x1 - x, y - self.y0),
            270: (self.y1 - y, self.x1 - x),
        }[self.rotate]

    def _user(self, right: float, down: float) -> tuple[float, float]:
        return {
            0: (self.x0 + right, self.y1 - down),
            90: (self.x0 + down, self.y0 + right),
            180: (self.x1 - right, self.y0 + down),
            270: (self.x1 - down, self.y1 - right),
        }[self.rotate]


def page_of(page: Any) -> Page:
    media = corners(_inherited(page, "/MediaBox"))
    crop = _inherited(page, "/CropBox")
    x0, y0, x1, y1 = media
    if crop is not None:
        left, low, right, high = corners(crop)
        x0, y0, x1, y1 = max(x0, left), max(y0, low), min(x1, right), min(y1, high)
    if x0 >= x1 or y0 >= y1:
        x0, y0, x1, y1 = media
    return Page(x0, y0, x1, y1, int(_inherited(page, "/Rotate") or 0) // 90 * 90 % 360)


def page_object(reader: Any, number: int) -> Any:
    return reader.find_page_for_modification(number)[0].get_object()


def page_refs(root: Any) -> Iterator[Any]:
    """Yield the references of all pages in order."""
    waiting, known = [root], set()
    while waiting:
        node = waiting.pop()
        if node.reference in known:
            raise ValueError("the page tree is no tree")
        known.add(node.reference)
        inner = node.get_object()
        if "/Kids" in inner:
            waiting.extend(reversed(inner["/Kids"]))
        else:
            yield node.reference


def page_number(reader: PdfFileReader, reference: Any) -> int | None:
    refs = page_refs(reader.root.raw_get("/Pages"))
    return next((number for number, ref in enumerate(refs) if ref == reference), None)


def corners(box: Any) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(value) for value in box)
    if max(map(abs, (x0, y0, x1, y1))) > _FARTHEST:
        raise ValueError("a rectangle out of this world")
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def entry(dictionary: Any, key: str) -> Any:
    """Return the value or None; pyHanko's own `get` hands out unresolved references."""
    return dictionary[key] if key in dictionary else None  # noqa: SIM401  see above


def _inherited(page: Any, key: str) -> Any:
    node = page
    for _level in range(_DEEPEST):
        if key in node:
            return node[key]
        if "/Parent" not in node:
            return None
        node = node["/Parent"]
    raise ValueError("page tree too deep")
