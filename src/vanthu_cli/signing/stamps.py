"""What a signature shows on the page: text, lines and pictures at given places, as its widget's appearance.

Units: points from the lower left corner of the widget as the reader sees it (page rotation already applied).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, UnidentifiedImageError
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import ResourceType
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.stamp import BaseStampStyle
from pyhanko.stamp.base import BaseStamp

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.signing import fonts
from vanthu_cli.signing.fonts import Face

Colour = tuple[float, float, float]
"""Red, green, blue, 0..1."""

BLACK: Colour = (0, 0, 0)
_FINEST = 600 / 72
"""Pixels a point beyond which a picture only makes the file larger (600 dpi)."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; `x`, `y` is the start of its baseline."""

    x: float
    y: float
    size: float
    text: str
    face: Face = "Regular"
    colour: Colour = BLACK


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line, `weight` points thick."""

    x0: float
    y0: float
    x1: float
    y1: float
    weight: float
    colour: Colour = BLACK


@dataclass(frozen=True, slots=True)
class Picture:
    """An RGBA image in the rectangle with lower left corner `x`, `y`."""

    x: float
    y: float
    width: float
    height: float
    image: Image.Image


Item = Text | Line | Picture


@dataclass(frozen=True)
class PlacedStyle(BaseStampStyle):
    """pyHanko stamp style that draws exactly the items, without border, margin or scaling of its own.

    `size` is the widget's width and height as the reader sees them, `rotate` the page's /Rotate: the form is turned
    back so that it reads upright.
    """

    items: Sequence[Item] = ()
    size: tuple[float, float] = (0, 0)
    border_width: int = 0
    rotate: int = 0

    def create_stamp(self, writer: Any, box: BoxConstraints, text_params: dict[str, Any]) -> BaseStamp:  # noqa: ARG002  pyHanko's signature
        return _PlacedStamp(writer=writer, style=self, box=box)


class _PlacedStamp(BaseStamp):
    style: PlacedStyle

    def _render_inner_content(self) -> list[bytes]:
        engines: dict[Face, Any] = {}
        drawn = [self._draw(item, engines) for item in self.style.items]
        for engine in engines.values():
            engine.prepare_write()  # after the last shape(): subsetting is destructive
        return drawn

    def _draw(self, item: Item, engines: dict[Face, Any]) -> bytes:
        if isinstance(item, Text):
            return self._draw_text(item, engines)
        if isinstance(item, Line):
            path = (_operator("m", item.x0, item.y0), _operator("l", item.x1, item.y1), b"S")
            return b" ".join((b"q", _operator("w", item.weight), _operator("RG", *item.colour), *path, b"Q"))
        picture = PdfImage(item.image, writer=self.writer, box=BoxConstraints(width=1, height=1))
        content = picture.render()
        self.import_resources(picture.resources)
        place = _operator("cm", item.width, 0, 0, item.height, item.x, item.y)
        return b" ".join((b"q", place, content, b"Q"))

    def _draw_text(self, item: Text, engines: dict[Face, Any]) -> bytes:
        if item.face not in engines:
            engines[item.face] = fonts.Typeface(item.face).create_font_engine(self.writer)
            self.set_resource(ResourceType.FONT, pdf_name("/" + item.face), engines[item.face].as_resource())
        engine = engines[item.face]
        engine.font_size = item.size
        shown = engine.shape(fonts.nfc(item.text)).graphics_ops
        font = b"/%s %s" % (item.face.encode(), _operator("Tf", item.size))
        return b" ".join((b"BT", font, _operator("rg", *item.colour), _operator("Td", item.x, item.y), shown, b"ET"))

    def as_form_xobject(self) -> generic.StreamObject:
        form = super().as_form_xobject()
        # pyHanko cuts the box to whole points: the seal would be stretched, a frame lose its right edge.
        form[pdf_name("/BBox")] = _numbers(0, 0, *self.style.size)
        if self.style.rotate:
            angle = math.radians(self.style.rotate)
            sine, cosine = round(math.sin(angle)), round(math.cos(angle))
            form[pdf_name("/Matrix")] = _numbers(cosine, sine, -sine, cosine, 0, 0)
        return form


def _operator(name: str, *operands: float) -> bytes:
    """Never in exponent form, which %g writes for small numbers and PDF does not know."""
    return b" ".join([*(f"{operand:.4f}".encode() for operand in operands), name.encode()])


def _numbers(*values: float) -> generic.ArrayObject:
    return generic.ArrayObject(map(generic.FloatObject, (f"{value:.4f}" for value in values)))


def picture(png: bytes, width: float, height: float) -> Picture:
    """Return the PNG without its transparent rim, centred and as large as `width` × `height` points allow.

    `MisuseError` `signing.image_unreadable`, `signing.image_opaque` (NĐ 30/2020 Phụ lục I II.7.d and II.8.a: PNG with
    transparent background; an opaque seal would hide a third of the leader's signature).
    """
    try:
        # RGBA always: pyHanko drops the transparency of a palette PNG and refuses 1-bit and 16-bit ones.
        image = Image.open(BytesIO(png)).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise MisuseError(
            "signing.image_unreadable",
            _("The picture of the signature or seal cannot be read."),
            _("It must be a PNG file; save it again from the program that made it."),
        ) from error
    alpha = image.getchannel("A")
    visible = alpha.getbbox()
    if visible is None or alpha.getextrema()[0] == 255:  # noqa: PLR2004  fully opaque
        raise MisuseError(
            "signing.image_opaque",
            _("The picture of the signature or seal has no transparent background, or shows nothing."),
            _("NĐ 30/2020 (Phụ lục I) asks for a PNG with transparent background: remove the white paper around it."),
        )
    image = image.crop(visible)
    scale = min(width / image.width, height / image.height)
    wide, high = image.width * scale, image.height * scale
    image.thumbnail((max(1, math.ceil(wide * _FINEST)), max(1, math.ceil(high * _FINEST))))
    return Picture((width - wide) / 2, (height - high) / 2, wide, high, image)
