"""What a signature shows on the page: text, lines and pictures at given places, as its widget's appearance.

Units: points from the lower left corner of the widget as the reader sees it (page rotation already applied).
Fonts and pictures are compressed once and embedded as they are in every file of a batch.
"""

import functools
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, UnidentifiedImageError
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import ResourceType
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.stamp import BaseStampStyle
from pyhanko.stamp.base import BaseStamp

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.signing import fonts
from vanthu_cli.signing.fonts import Face, Typeface

Colour = tuple[float, float, float]
"""Red, green, blue, 0..1."""

BLACK: Colour = (0, 0, 0)
_FINEST = 600 / 72
"""Pixels a point beyond which a picture only makes the file larger (600 dpi)."""
_OPAQUE = 255
_HALF = 128


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
class Ink:
    """A picture with transparent background, compressed for embedding; `width`, `height` in pixels.

    `alpha` has a byte a pixel for /SMask; `mask` a bit a pixel for /Mask, where a document may hold no transparency (PDF/A-1).
    """

    width: int
    height: int
    colours: bytes
    alpha: bytes
    mask: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """Ink in the rectangle with lower left corner `x`, `y`."""

    x: float
    y: float
    width: float
    height: float
    ink: "Ink"


Item = Text | Line | Picture


@dataclass(frozen=True)
class PlacedStyle(BaseStampStyle):
    """pyHanko stamp style that draws exactly the items, without border, margin or scaling of its own.

    `size` is the widget's width and height as the reader sees them, `rotate` the page's /Rotate: the form is turned
    back so that it reads upright. `opaque`: the document may hold no transparency (PDF/A-1).
    """

    items: Sequence[Item] = ()
    size: tuple[float, float] = (0, 0)
    border_width: int = 0
    rotate: int = 0
    opaque: bool = False

    def create_stamp(self, writer: Any, box: BoxConstraints, text_params: dict[str, Any]) -> BaseStamp:  # noqa: ARG002  pyHanko's signature
        return _PlacedStamp(writer=writer, style=self, box=box)


class _PlacedStamp(BaseStamp):
    style: PlacedStyle

    def _render_inner_content(self) -> list[bytes]:
        texts: dict[Face, list[str]] = {}
        for item in self.style.items:
            if isinstance(item, Text):
                texts.setdefault(item.face, []).append(item.text)
        faces = {face: fonts.typeface(face, said) for face, said in texts.items()}
        for face, typeface in faces.items():
            self.set_resource(ResourceType.FONT, pdf_name("/" + face), fonts.embed(self.writer, typeface))
        return [self._draw(number, item, faces) for number, item in enumerate(self.style.items)]

    def _draw(self, number: int, item: Item, faces: dict[Face, Typeface]) -> bytes:
        if isinstance(item, Text):
            font = b"/%s %s" % (item.face.encode(), _operator("Tf", item.size))
            shown = faces[item.face].shown(item.text) + b" Tj"
            return b" ".join(
                (b"BT", font, _operator("rg", *item.colour), _operator("Td", item.x, item.y), shown, b"ET")
            )
        if isinstance(item, Line):
            path = (_operator("m", item.x0, item.y0), _operator("l", item.x1, item.y1), b"S")
            return b" ".join((b"q", _operator("w", item.weight), _operator("RG", *item.colour), *path, b"Q"))
        name = f"/Im{number}"
        self.set_resource(ResourceType.XOBJECT, pdf_name(name), _image(self.writer, item.ink, opaque=self.style.opaque))
        place = _operator("cm", item.width, 0, 0, item.height, item.x, item.y)
        return b" ".join((b"q", place, name.encode(), b"Do", b"Q"))

    def as_form_xobject(self) -> generic.StreamObject:
        form = super().as_form_xobject()
        # pyHanko cuts the box to whole points: the seal would be stretched, a frame lose its right edge.
        form[pdf_name("/BBox")] = _numbers(0, 0, *self.style.size)
        if self.style.rotate:
            angle = math.radians(self.style.rotate)
            sine, cosine = round(math.sin(angle)), round(math.cos(angle))
            form[pdf_name("/Matrix")] = _numbers(cosine, sine, -sine, cosine, 0, 0)
        return form


def _image(writer: Any, ink: Ink, *, opaque: bool) -> generic.IndirectObject:
    """Put the picture into the file (ISO 32000-1 8.9.5): colours with a soft mask, or with a stencil where none is allowed."""
    entries: dict[str, Any] = {"/ColorSpace": pdf_name("/DeviceRGB"), "/BitsPerComponent": generic.NumberObject(8)}
    stencil: dict[str, Any] = {"/ImageMask": generic.BooleanObject(True), "/BitsPerComponent": generic.NumberObject(1)}
    grey: dict[str, Any] = {"/ColorSpace": pdf_name("/DeviceGray"), "/BitsPerComponent": generic.NumberObject(8)}
    if opaque:
        entries["/Mask"] = writer.add_object(_pixels(ink, ink.mask, stencil))
    else:
        entries["/SMask"] = writer.add_object(_pixels(ink, ink.alpha, grey))
    reference: generic.IndirectObject = writer.add_object(_pixels(ink, ink.colours, entries))
    return reference


def _pixels(ink: Ink, compressed: bytes, entries: dict[str, Any]) -> generic.StreamObject:
    known = {
        "/Type": pdf_name("/XObject"),
        "/Subtype": pdf_name("/Image"),
        "/Width": generic.NumberObject(ink.width),
        "/Height": generic.NumberObject(ink.height),
        "/Filter": pdf_name("/FlateDecode"),
    }
    dictionary = {pdf_name(key): value for key, value in (known | entries).items()}
    return generic.StreamObject(dictionary, encoded_data=compressed)


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
    return _picture(png, round(width, 3), round(height, 3))


@functools.lru_cache(maxsize=16)
def _picture(png: bytes, width: float, height: float) -> Picture:
    try:
        # RGBA always: a palette PNG keeps its transparency only so.
        image = Image.open(BytesIO(png)).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise MisuseError(
            "signing.image_unreadable",
            _("The picture of the signature or seal cannot be read."),
            _("It must be a PNG file; save it again from the program that made it."),
        ) from error
    alpha = image.getchannel("A")
    visible = alpha.getbbox()
    if visible is None or alpha.getextrema()[0] == _OPAQUE:
        raise MisuseError(
            "signing.image_opaque",
            _("The picture of the signature or seal has no transparent background, or shows nothing."),
            _("NĐ 30/2020 (Phụ lục I) asks for a PNG with transparent background: remove the white paper around it."),
        )
    image = image.crop(visible)
    scale = min(width / image.width, height / image.height)
    wide, high = image.width * scale, image.height * scale
    image.thumbnail((max(1, math.ceil(wide * _FINEST)), max(1, math.ceil(high * _FINEST))))
    return Picture((width - wide) / 2, (height - high) / 2, wide, high, _ink(image))


def _ink(image: Image.Image) -> Ink:
    alpha = image.getchannel("A")
    # What is fully transparent has a colour too, left over from drawing: without it the stream compresses to a tenth.
    seen = Image.composite(image.convert("RGB"), Image.new("RGB", image.size), alpha.point([0] + [255] * 255))
    stencil = alpha.point([0 if value >= _HALF else 255 for value in range(256)]).convert("1")  # 1 = masked out
    streams = (zlib.compress(each.tobytes(), 9) for each in (seen, alpha, stencil))
    return Ink(image.width, image.height, *streams)
