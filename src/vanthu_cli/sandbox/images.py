"""Practice images: a round red seal and a blue hand signature, both marked so that nobody takes them for real ones.

Transparent PNG in one flat colour (NĐ 30/2020 Phụ lục I, II.7d and II.8a: blue, red, actual size).
"""

import hashlib
import io
import math
from functools import cache
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont

MARK = "THỰC HÀNH"
DPI = 300
SEAL_MM = 36
_FONTS = Path(__file__).parent.parent / "fonts"
_RED, _BLUE = (214, 24, 32), (24, 44, 148)
_FINE = 3
"""Drawn so many times larger, then reduced: smooth edges."""


@cache
def seal_png(text: str) -> bytes:
    """Return the seal of an office: 36 mm at 300 dpi, its name on the arc, a star, and the mark THỰC HÀNH below."""
    side = round(SEAL_MM / 25.4 * DPI) * _FINE
    centre, radius = side / 2, side / 2 - 4 * _FINE
    mask = Image.new("L", (side, side))
    draw = ImageDraw.Draw(mask)
    for share, width in ((1.0, 0.035), (0.93, 0.012), (0.6, 0.012)):
        edge = radius * share
        draw.ellipse(
            [centre - edge, centre - edge, centre + edge, centre + edge], outline=255, width=round(radius * width)
        )
    _arc(mask, text.upper(), radius * 0.765, top=True, degrees=250, height=radius * 0.24)
    _arc(mask, MARK, radius * 0.765, top=False, degrees=90, height=radius * 0.19)
    tips = [(0.34 if index % 2 == 0 else 0.13, math.pi * index / 5) for index in range(10)]
    draw.polygon(
        [(centre + radius * r * math.sin(a), centre - radius * (0.14 + r * math.cos(a))) for r, a in tips], fill=255
    )
    draw.text((centre, centre + radius * 0.34), MARK, font=_font("Bold", round(radius * 0.15)), fill=255, anchor="mm")
    return _png(mask, _RED)


@cache
def signature_png(name: str) -> bytes:
    """Return strokes as of a pen, always the same for one name, with a small mark under them."""
    width, height = 900 * _FINE, 400 * _FINE
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    chance = [byte / 255 for byte in hashlib.sha512(name.encode()).digest()]
    pins = [
        (width * (0.08 + 0.84 * index / 15 + 0.05 * (chance[index] - 0.5)),
         height * (0.45 + (0.34 * chance[16 + index] + 0.04) * (-1 if index % 2 else 1) * (1 - index / 24)))
        for index in range(16)
    ]  # fmt: skip
    points = _curve([*pins, (width * 0.55, height * 0.72), (width * 0.2, height * 0.7), (width * 0.93, height * 0.6)])
    for index, (x, y) in enumerate(points):
        pen = _FINE * (3.2 + 2.4 * math.sin(index / 17 + 6 * chance[40]))
        draw.ellipse([x - pen, y - pen, x + pen, y + pen], fill=255)
    draw.text((width / 2, height * 0.92), MARK, font=_font("Italic", 34 * _FINE), fill=150, anchor="mm")
    return _png(mask, _BLUE)


def _curve(pins: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a fine Catmull-Rom spline through the pins."""
    points = []
    for p0, p1, p2, p3 in zip(pins, pins[1:], pins[2:], pins[3:], strict=False):
        for step in range(200):
            t = step / 200
            points.append((_spline(t, p0[0], p1[0], p2[0], p3[0]), _spline(t, p0[1], p1[1], p2[1], p3[1])))
    return points


def _spline(t: float, a: float, b: float, c: float, d: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def _arc(mask: Image.Image, text: str, radius: float, *, top: bool, degrees: float, height: float) -> None:
    """Write text along a circle round the middle, upright at its top or bottom, on at most so many degrees."""
    size = round(height)
    while size > 1 and _font("Bold", size).getlength(text) > radius * math.radians(degrees):
        size -= 1
    font = _font("Bold", size)
    angle = -font.getlength(text) / radius / 2
    for letter in text:
        step = font.getlength(letter) / radius
        turn = angle + step / 2
        side = 3 * size
        tile = Image.new("L", (side, side))
        ImageDraw.Draw(tile).text((side / 2, side / 2 + size * 0.34), letter, font=font, fill=255, anchor="ms")
        tile = tile.rotate(-math.degrees(turn) if top else math.degrees(turn), Image.Resampling.BICUBIC)
        up = -1 if top else 1
        x = mask.width / 2 + radius * math.sin(turn) - side / 2
        y = mask.height / 2 + up * radius * math.cos(turn) - side / 2
        place = (round(x), round(y), round(x) + tile.width, round(y) + tile.height)
        mask.paste(ImageChops.lighter(mask.crop(place), tile), place)
        angle += step


@cache
def _font(style: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONTS / f"LiberationSerif-{style}.ttf", size)


def _png(mask: Image.Image, colour: tuple[int, int, int]) -> bytes:
    small = mask.resize((mask.width // _FINE, mask.height // _FINE), Image.Resampling.LANCZOS)
    image = Image.new("RGB", small.size, colour)
    image.putalpha(small)
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(DPI, DPI))
    return out.getvalue()
