"""What our marks look like: number and date, the arrival stamp “ĐẾN”, the text of annex and copy signatures."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import pypdfium2 as pdfium
from PIL import Image

from vanthu_cli.document.places import MM, Blank, Box, Places
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.signing import fonts
from vanthu_cli.signing.files import Opened, Page
from vanthu_cli.signing.fonts import Face
from vanthu_cli.signing.stamps import Colour, Item, Line, Text

TEXT_SIZE = 10
"""NĐ 30/2020 Phụ lục I II.8.b: Times New Roman, upright, size 10, black."""

_LEADING = 12
_SMALLEST = 11.0
"""Points below which a number or date no longer looks like part of its line."""

_CLEARANCE = 0.5
_MONTHS_WITH_ZERO = 2

ARRIVAL_WIDTH, ARRIVAL_HEIGHT = 50 * MM, 35 * MM
"""NĐ 30/2020 Phụ lục IV: the mark “ĐẾN” is 35 mm × 50 mm."""

_INK: Colour = (0.78, 0.06, 0.06)

_PAD = 4.0

_RIM = 5 * MM
_AIR = 2.0
_LARGEST_SEARCHED = 1700.0
"""Points; on sheets larger than A3 the mark goes to the upper left corner unsearched."""

_DRAWN, _WIDGET = 1, 255


def number_and_date(number: int, day: date, places: Places, corner: Box) -> list[Item]:
    """Return only what is still blank, relative to the lower left corner of `corner`.

    NĐ 30/2020 Phụ lục I II.3.d and II.4: numbers and days below 10, and months 1 and 2, with a zero in front.
    `MisuseError` `signing.number_too_wide`.
    """
    month = f"{day.month:02d}" if day.month <= _MONTHS_WITH_ZERO else f"{day.month}"
    texts = [
        (places.number, f"{number:02d}"),
        (places.day, f"{day.day:02d}"),
        (places.month, month),
        (places.year, f"{day.year}"),
    ]
    return [_in_blank(blank, text, corner) for blank, text in texts if blank is not None]


def _in_blank(blank: Blank, text: str, corner: Box) -> Text:
    face: Face = "Italic" if blank.italic else "Regular"
    room = blank.x1 - blank.x0 - 2 * _CLEARANCE
    size = min(blank.size, blank.size * room / fonts.width(text, blank.size, face))
    if size < min(_SMALLEST, blank.size):
        raise MisuseError(
            "signing.number_too_wide",
            _("“{text}” does not fit into the blank left for it on the first page.").format(text=text),
            _("Leave more room there in the document, export it to PDF again and have it signed again."),
        )
    x = (blank.x0 + blank.x1 - fonts.width(text, size, face)) / 2
    return Text(x - corner.x0, blank.baseline - corner.y0, size, text, face)


def lines_of_text(lines: Sequence[str], width: float, height: float) -> list[Item]:
    """Return the lines from the top left, 10 pt black; smaller only if they would not fit."""
    widest = max(fonts.width(line, TEXT_SIZE, "Regular") for line in lines)
    scale = min(1.0, width / widest if widest else 1.0, height / (_LEADING * len(lines)))
    return [Text(0, height - _LEADING * scale * (row + 0.8), TEXT_SIZE * scale, line) for row, line in enumerate(lines)]


def text_size(lines: Sequence[str]) -> tuple[float, float]:
    """Return the width and height in points that the lines want."""
    return max(fonts.width(line, TEXT_SIZE, "Regular") for line in lines) + 1, float(_LEADING * len(lines))


def arrival(agency: str, number: int, day: date, passed_to: str, file_code: str) -> list[Item]:
    """Return the mark of NĐ 30/2020 Phụ lục IV: agency, ĐẾN, Số, Ngày, Chuyển, Số và ký hiệu HS; 50 mm × 35 mm."""
    wide, high = ARRIVAL_WIDTH, ARRIVAL_HEIGHT
    under_agency, under_den, under_passed = high - 10 * MM, high - 23 * MM, high - 29 * MM
    middle = 16 * MM
    edge, right, top = 0.6, wide - 0.6, high - 0.6
    frame = [(edge, y, right, y) for y in (edge, under_passed, under_den, under_agency, top)]
    frame += [(x, edge, x, top) for x in (edge, right)] + [(middle, under_den, middle, under_agency)]
    items: list[Item] = [Line(*place, weight=0.8, colour=_INK) for place in frame]
    names = _two_lines(agency.upper(), wide - 2 * _PAD)
    first = under_agency + 5 * MM - 3 + 5 * (len(names) - 1)
    items += [_centred(_ink_text(name, first - 10 * row, 9, "Bold"), 0, wide) for row, name in enumerate(names)]
    items.append(_centred(_ink_text("ĐẾN", (under_agency + under_den) / 2 - 4.5, 13, "Bold"), 0, middle))
    cells = [
        (_ink_text(f"Số: {number:02d}", under_agency - 14, 11), middle),
        (_ink_text(f"Ngày: {day:%d/%m/%Y}", under_den + 6, 11), middle),
        (_ink_text(f"Chuyển: {passed_to or '…' * 9}", under_passed + 5, 10), 0),
        (_ink_text(f"Số và ký hiệu HS: {file_code or '…' * 5}", 5.5, 10), 0),
    ]
    return items + [replace(_fitted(text, wide - left - 2 * _PAD), x=left + _PAD) for text, left in cells]


def _ink_text(text: str, y: float, size: float, face: Face = "Regular") -> Text:
    return Text(0, y, size, text, face, _INK)


def _two_lines(text: str, width: float) -> list[str]:
    """Break a name that is too long for one line at the blank that leaves the halves most equal."""
    words = text.split()
    breaks = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
    if not breaks or fonts.width(text, 9, "Bold") <= width:
        return [text]
    return list(min(breaks, key=lambda halves: max(fonts.width(half, 9, "Bold") for half in halves)))


def _fitted(text: Text, room: float) -> Text:
    """Return the text, smaller if it is wider than `room` points."""
    width = fonts.width(text.text, text.size, text.face)
    return replace(text, size=text.size * min(1.0, room / width)) if width else text


def _centred(text: Text, x0: float, x1: float) -> Text:
    fitted = _fitted(text, x1 - x0 - 2 * _PAD)
    return replace(fitted, x=(x0 + x1 - fonts.width(fitted.text, fitted.size, fitted.face)) / 2)


def top_right(page: Page, lines: Sequence[str]) -> Box:
    """Return the corner for an annex or copy signature on page 1: right margin of 15 mm, within the upper margin."""
    width, height = text_size(lines)
    seen = page.size[0]
    width = max(1.0, min(width, seen - 20 * MM))
    return Box(0, *page.box(seen - 15 * MM - width, 5 * MM, width, height))


def free_place(opened: Opened, pdf: bytes) -> Box:
    """Return a place for the mark “ĐẾN” on page 1: where there is least ink, the upper left first, never over a widget.

    A mark over a signature's widget looks like tampering to a verifier, blank paper or not. `MisuseError`
    `signing.no_room`.
    """
    page = opened.page(0)
    wide, high = page.size
    if max(wide, high) > _LARGEST_SEARCHED:
        return Box(0, *page.box(_RIM, _RIM, ARRIVAL_WIDTH, ARRIVAL_HEIGHT))
    ink = _ink(pdf, round(wide), round(high))
    for rect in opened.widgets(0):
        ink.paste(_WIDGET, _pixels(*rect))
    best: tuple[int, float, float] | None = None
    for top in _steps(high - ARRIVAL_HEIGHT - _RIM):
        for left in _steps(wide - ARRIVAL_WIDTH - _RIM):
            window = _pixels(left - _AIR, top - _AIR, left + ARRIVAL_WIDTH + _AIR, top + ARRIVAL_HEIGHT + _AIR)
            _blank, covered, *_rest, taken = ink.crop(window).histogram()
            if not taken and (best is None or covered < best[0]):
                best = (covered, top, left)
        if best and best[0] == 0:
            break
    if best is None:
        raise MisuseError(
            "signing.no_room",
            _("There is no room on the first page for the mark ĐẾN."),
            _("Say where it shall go with --at PAGE:X,Y."),
        )
    return Box(0, *page.box(best[2], best[1], ARRIVAL_WIDTH, ARRIVAL_HEIGHT))


def _pixels(left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int]:
    return math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)


def _steps(last: float) -> Iterator[float]:
    place = _RIM
    while place <= last:
        yield place
        place += 3 * MM


def _ink(pdf: bytes, wide: int, high: int) -> Image.Image:
    """Return page 1 as its reader sees it, a pixel a point: 0 where there is nothing, _DRAWN where there is something."""
    try:
        with pdfium.PdfDocument(pdf) as document:
            document.init_forms()  # before the page is loaded, or signature widgets are not drawn
            drawn: Image.Image = document[0].render(scale=1, grayscale=True).to_pil()
    except pdfium.PdfiumError:
        return Image.new("L", (wide, high))
    return drawn.convert("L").resize((wide, high)).point([_DRAWN] * 250 + [0] * 6)
