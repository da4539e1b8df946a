"""The embedded typeface of our marks: Liberation Serif, metric twin of the Times New Roman that NĐ 30/2020 asks for."""

import functools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem
from pyhanko.pdf_utils.font.api import FontEngine, FontEngineFactory
from pyhanko.pdf_utils.font.opentype import GlyphAccumulator

Face = Literal["Regular", "Bold", "Italic"]

_FOLDER = Path(__file__).parent.parent / "fonts"
_EM = 1000
# Latin with every Vietnamese letter, combining marks, typographic punctuation, the đồng sign.
_LETTERS = (*range(0x20, 0x1B1), *range(0x300, 0x324), *range(0x1EA0, 0x1F00), *range(0x2010, 0x2045), 0x20AB)


@dataclass(frozen=True)
class Typeface(FontEngineFactory):
    """One face for pyHanko; every engine made from it embeds its own subset."""

    face: Face

    def create_font_engine(self, writer: Any, obj_stream: Any = None) -> FontEngine:
        return GlyphAccumulator(writer, BytesIO(_scaled(self.face)), font_size=10, obj_stream=obj_stream)


def width(text: str, size: float, face: Face) -> float:
    """Return the advance of the NFC text in points; exact, because kerning is left out of the scaled font."""
    advances = _advances(face)
    return sum(advances.get(ord(letter), advances[0]) for letter in nfc(text)) * size / _EM


def nfc(text: str) -> str:
    """Return composed letters: mark positioning (GPOS) is left out of the scaled font."""
    return unicodedata.normalize("NFC", text)


@functools.cache
def _scaled(face: Face) -> bytes:
    """Return the face scaled to 1000 units per em, without hints, kerning and letters no Vietnamese document has.

    pyHanko 0.38 writes glyph widths in font units where PDF wants thousandths of an em: with Liberation's 2048 units
    the text is spread twofold in every viewer. Scaled in memory, since the OFL reserves the name of a changed file.
    """
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True)
    options.drop_tables += ["GPOS", "GSUB", "GDEF", "kern", "hdmx", "VDMX", "LTSH", "FFTM", "gasp"]
    font = TTFont(_FOLDER / f"LiberationSerif-{face}.ttf")
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=_LETTERS)
    cutter.subset(font)
    scale_upem(font, _EM)
    out = BytesIO()
    font.save(out)
    return out.getvalue()


@functools.cache
def _advances(face: Face) -> Mapping[int, int]:
    """Width of each code point in thousandths of an em; 0 stands for a letter that is not there."""
    font = TTFont(BytesIO(_scaled(face)))
    metrics = font["hmtx"]
    return {0: metrics[".notdef"][0]} | {code: metrics[glyph][0] for code, glyph in font.getBestCmap().items()}
