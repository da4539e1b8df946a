"""What our marks look like: number and date, the arrival stamp “ĐẾN”, the text of annex and copy signatures."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from io import BytesIO

from PIL import Image

from vanthu_cli.document.places import MM, Blank, Box, Places
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.signing import fonts
from vanthu_cli.signing.files import Spot
from vanthu_cli.signing.fonts import Face
from vanthu_cli.signing.pages import Page
from vanthu_cli.signing.stamps import Colour, Item, Line, Picture, Text, picture

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

SEAL_SIDE = 36 * MM
"""Points; a province's seal, where neither configuration nor picture says how large the office's is."""

_SMALLEST_SEAL, _LARGEST_SEAL = 15 * MM, 60 * MM
"""A picture whose resolution makes the seal smaller or larger than that says nothing true of it."""


def number_and_date(number: int, day: date, places: Places, page: Page, field: Box) -> list[Item]:
    """Return only what is still blank, relative to the corner of `field` that its reader sees at the lower left.

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
    left, _top, _right, bottom = page.seen(field.x0, field.y0, field.x1, field.y1)
    return [_in_blank(blank, text, page, (left, bottom)) for blank, text in texts if blank is not None]


def _in_blank(blank: Blank, text: str, page: Page, corner: tuple[float, float]) -> Text:
    face: Face = "Italic" if blank.italic else "Regular"
    room = blank.room - 2 * _CLEARANCE
    size = min(blank.size, blank.size * room / fonts.width(text, blank.size, face))
    if size < min(_SMALLEST, blank.size):
        raise MisuseError(
            "signing.number_too_wide",
            _("“{text}” does not fit into the blank left for it on the first page.").format(text=text),
            _("Leave more room there in the document, export it to PDF again and have it signed again."),
        )
    (start, down), (end, _down) = page.seen_point(blank.x0, blank.y0), page.seen_point(blank.x1, blank.y1)
    x = (start + end - fonts.width(text, size, face)) / 2
    return Text(x - corner[0], corner[1] - down, size, text, face)


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


def seal_size(png: bytes, millimetres: float) -> tuple[float, float]:
    """Return the seal's real width and height in points (Phụ lục I II.8.a: as large as the seal itself).

    As configured (the longer side, 0: not), else from the picture's own resolution, else 36 mm.
    """
    with Image.open(BytesIO(png)) as image:  # `picture` has read it before, or will say what is wrong with it
        box = image.convert("RGBA").getchannel("A").getbbox() or (0, 0, *image.size)
        wide, high = box[2] - box[0], box[3] - box[1]
        dpi = float(image.info.get("dpi", (0, 0))[0])
    longer = millimetres * MM or (max(wide, high) / dpi * 72 if dpi else 0)
    if not millimetres and not _SMALLEST_SEAL <= longer <= _LARGEST_SEAL:
        longer = SEAL_SIDE
    return longer * wide / max(wide, high), longer * high / max(wide, high)


def seal(png: bytes, size: tuple[float, float] | None, spot: Spot, signature: Box | None) -> Picture:
    """Return the seal within its field: in real size, its right edge at a third of the leader's picture if the field reaches.

    `MisuseError` `signing.seal_too_large` when the field, prepared for a smaller one, would cut it off.
    """
    wide, high = spot.size
    if size is None:
        return picture(png, wide, high)
    if size[0] > wide + 1 or size[1] > high + 1:
        raise MisuseError(
            "signing.seal_too_large",
            _("The seal is {size:.0f} mm, but the field prepared for it only {room:.0f} mm.").format(
                size=max(size) / MM, room=min(wide, high) / MM
            ),
            _("Prepare the document again with `vanthu prepare`, or correct size_mm of the seal in the configuration."),
        )
    drawn = picture(png, *size)
    x, y = wide - size[0], (high - size[1]) / 2
    if signature is not None and not spot.rotate:
        x = signature.x0 + signature.width / 3 - size[0] - spot.box.x0
        y = (signature.y0 + signature.y1) / 2 - size[1] / 2 - spot.box.y0
    return replace(drawn, x=min(max(x, 0), wide - size[0]) + drawn.x, y=min(max(y, 0), high - size[1]) + drawn.y)
