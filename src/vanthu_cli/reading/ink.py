"""What a page shows where a mark is to go: ink of any kind, in the picture of the page as its reader sees it.

Printed text is not all that a mark must not hide: scans have no text, or a text layer apart from the picture; seals and
signatures are pictures. So the region is drawn, by pdfium and in grey, and looked at.
"""

from PIL import Image

from vanthu_cli.reading.lines import Rect
from vanthu_cli.reading.page import Leaf, Page

NOISE = 0.005
"""Share of a region that may be dark and yet be blank: specks of a scan."""

_DARKER = 40
"""Grey levels (of 255) below the paper's own tone from which on it is ink; grain and JPEG noise stay within."""
_LARGEST_DRAWN = 1700.0
_PAPER = 160
"""The darkest paper; a region mostly darker than that is a photograph, or a mark from edge to edge."""


def whole(leaf: Leaf) -> tuple[Image.Image, float]:
    """Return the picture of a whole page and its scale: a pixel a point, less on sheets larger than A3."""
    left, bottom, right, top = leaf.sheet
    scale = min(1.0, _LARGEST_DRAWN / max(right - left, top - bottom))
    return leaf.picture(scale=scale), scale


def ink(picture: Image.Image) -> Image.Image:
    """Return a picture of the same size, 255 where there is ink and 0 where there is paper, whatever the paper's tone."""
    levels = picture.histogram()
    brighter, tone = 0, len(levels)
    while brighter < picture.width * picture.height / 4:  # a quarter of any page, however dense, is paper
        tone -= 1
        brighter += levels[tone]
    darkest = max(tone, _PAPER) - _DARKER
    return picture.point([255 if level < darkest else 0 for level in range(256)])


def inked(leaf: Leaf, rect: Rect, scale: float = 1) -> float:
    """Return the share (0..1) of a rectangle of the upright view that shows ink."""
    picture = ink(leaf.picture(rect, scale))
    return picture.histogram()[255] / (picture.width * picture.height)


def lies_on_text(page: Page, rect: Rect) -> bool:
    """Tell whether a line is printed or stamped in the rectangle, even one that is not shown (the text of a scan)."""
    return any(overlap(rect, (line.x0, line.y0, line.x1, line.y1)) > 0 for line in page.shown)


def overlap(one: Rect, other: Rect) -> float:
    """Return the area, in square points, that two rectangles have in common."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def on_paper(page: Page, rect: Rect) -> bool:
    """Tell whether the rectangle lies on the visible page as a whole."""
    return page.x0 <= rect[0] and rect[2] <= page.x1 and page.y0 <= rect[1] and rect[3] <= page.y1
