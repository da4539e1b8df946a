"""What was read, drawn on the pages it was read from: boxes in colours with the names of the fields."""

from collections.abc import Mapping
from importlib.resources import files
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from vanthu_cli.document.fields import Reading
from vanthu_cli.document.places import Box
from vanthu_cli.reading.page import Sheets

_DPI = 110
_MOST_PIXELS = 12_000_000
_TOLD, _DOUBTFUL = (0, 110, 60), (200, 60, 0)
"""Green: told as the field's value. Orange: a candidate that a person has to choose or to drop."""
_FONT, _FONT_SIZE = "LiberationSerif-Bold.ttf", 11
_AIR = 3


def drawn(sheets: Sheets, reading: Reading) -> bytes:
    """Return a PNG of every page that something was read from, one under the other; page 1 is always there."""
    marks = _marks(reading)
    pictures = [_page(sheets, index, marks) for index in sorted({0, *(box.page for box in marks)})]
    whole = Image.new("RGB", (max(one.width for one in pictures), sum(one.height for one in pictures)), "white")
    top = 0
    for picture in pictures:
        whole.paste(picture, (0, top))
        top += picture.height
    out = BytesIO()
    whole.save(out, "PNG")
    return out.getvalue()


def _marks(reading: Reading) -> Mapping[Box, Mapping[str, bool]]:
    """Return for every place what was read there, and whether it is told as the field's value."""
    marks: dict[Box, dict[str, bool]] = {}
    for name, candidates in reading.candidates.items():
        told = getattr(reading.fields, name)
        for one in candidates:
            if one.place is not None:
                said = f"{name} {one.confidence:.0%}"
                marks.setdefault(one.place, {})[said] = told not in {None, ()} and one.value == told
    return marks


def _page(sheets: Sheets, index: int, marks: Mapping[Box, Mapping[str, bool]]) -> Image.Image:
    leaf, page = sheets.leaf(index), sheets.page(index)
    wide, high = page.x1 - page.x0, page.y1 - page.y0
    scale = min(_DPI / 72, (_MOST_PIXELS / max(wide * high, 1)) ** 0.5)
    picture: Image.Image = leaf.handle.render(scale=scale).to_pil().convert("RGB")
    pen = ImageDraw.Draw(picture)
    font = ImageFont.truetype(BytesIO((files("vanthu_cli") / "fonts" / _FONT).read_bytes()), _FONT_SIZE)
    for box, said in marks.items():
        if box.page != index:
            continue
        x0, y0, x1, y1 = page.seen(box)
        left, upper = (x0 - page.x0) * scale - _AIR, (page.y1 - y1) * scale - _AIR
        right, lower = (x1 - page.x0) * scale + _AIR, (page.y1 - y0) * scale + _AIR
        pen.rectangle((left, upper, right, lower), outline=_TOLD if all(said.values()) else _DOUBTFUL, width=2)
        # The names stand left of the box, where pages have their margin and their gap between columns.
        at = max(0, left - _AIR - max(pen.textlength(one, font) for one in said)), upper
        for row, (one, told) in enumerate(said.items()):
            pen.text((at[0], at[1] + row * (_FONT_SIZE - 1)), one, fill=_TOLD if told else _DOUBTFUL, font=font)
    return picture
