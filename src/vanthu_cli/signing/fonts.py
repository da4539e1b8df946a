"""The embedded typeface of our marks: Liberation Serif, metric twin of the Times New Roman that NĐ 30/2020 asks for.

A subset is made once for a set of letters and then embedded as it is in every file of a batch. pyHanko's own embedding is
not used: 0.38 writes glyph widths in font units where PDF wants thousandths of an em, and subsets anew for each file.
"""

import functools
import unicodedata
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

Face = Literal["Regular", "Bold", "Italic"]

_FOLDER = Path(__file__).parent.parent / "fonts"
_EM = 1000
_CLOCK = frozenset("0123456789-:T+")
"""Letters that change from file to file in a batch: with all of them in, one subset serves every file."""
_SYMBOLIC = 4


@dataclass(frozen=True, slots=True)
class Typeface:
    """A subset ready for embedding; `glyphs` maps letters to glyph numbers, `widths` those to thousandths of an em."""

    name: str
    program: bytes
    length: int
    glyphs: Mapping[str, int]
    widths: tuple[int, ...]
    box: tuple[int, int, int, int]
    ascent: int
    descent: int
    angle: float

    def shown(self, text: str) -> bytes:
        """Return the operand of Tj: two bytes a letter (Identity-H); what the face lacks shows as an empty box."""
        return b"<%s>" % "".join(f"{self.glyphs.get(letter, 0):04x}" for letter in nfc(text)).encode()


def width(text: str, size: float, face: Face) -> float:
    """Return the advance of the NFC text in points; exact, because nothing is kerned."""
    advances = _advances(face)
    return sum(advances.get(ord(letter), advances[0]) for letter in nfc(text)) * size / _EM


def nfc(text: str) -> str:
    """Return composed letters: the subset places no combining marks."""
    return unicodedata.normalize("NFC", text)


def typeface(face: Face, texts: Iterable[str]) -> Typeface:
    """Return the face with the letters of the texts."""
    letters = frozenset("".join(nfc(text) for text in texts))
    return _subset(face, letters | _CLOCK if letters & _CLOCK else letters)


def embed(writer: Any, face: Typeface) -> generic.IndirectObject:
    """Put the font into a PDF (ISO 32000-1 9.7, CIDFontType2 with Identity-H) and return its reference.

    With what PDF/A asks for: program embedded with its length, widths as in the program, /CIDSet, /ToUnicode, subset prefix.
    """
    add = writer.add_object
    program = _stream(face.program, {"/Length1": generic.NumberObject(face.length)})
    every_glyph = zlib.compress(_all_bits(len(face.widths)))
    descriptor = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/FontDescriptor"),
            pdf_name("/FontName"): pdf_name(f"/{face.name}"),
            pdf_name("/Flags"): generic.NumberObject(_SYMBOLIC),
            pdf_name("/FontBBox"): _numbers(face.box),
            pdf_name("/ItalicAngle"): generic.FloatObject(f"{face.angle:.2f}"),
            pdf_name("/Ascent"): generic.NumberObject(face.ascent),
            pdf_name("/Descent"): generic.NumberObject(face.descent),
            pdf_name("/CapHeight"): generic.NumberObject(face.ascent),
            pdf_name("/StemV"): generic.NumberObject(80),
            pdf_name("/FontFile2"): add(program),
            pdf_name("/CIDSet"): add(_stream(every_glyph)),
        }
    )
    descendant = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Font"),
            pdf_name("/Subtype"): pdf_name("/CIDFontType2"),
            pdf_name("/BaseFont"): pdf_name(f"/{face.name}"),
            pdf_name("/CIDSystemInfo"): generic.DictionaryObject(
                {
                    pdf_name("/Registry"): generic.pdf_string("Adobe"),
                    pdf_name("/Ordering"): generic.pdf_string("Identity"),
                    pdf_name("/Supplement"): generic.NumberObject(0),
                }
            ),
            pdf_name("/FontDescriptor"): add(descriptor),
            pdf_name("/CIDToGIDMap"): pdf_name("/Identity"),
            pdf_name("/DW"): generic.NumberObject(face.widths[0]),
            pdf_name("/W"): generic.ArrayObject([generic.NumberObject(0), _numbers(face.widths)]),
        }
    )
    font = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Font"),
            pdf_name("/Subtype"): pdf_name("/Type0"),
            pdf_name("/BaseFont"): pdf_name(f"/{face.name}"),
            pdf_name("/Encoding"): pdf_name("/Identity-H"),
            pdf_name("/DescendantFonts"): generic.ArrayObject([add(descendant)]),
            pdf_name("/ToUnicode"): add(_stream(zlib.compress(_to_unicode(face)))),
        }
    )
    reference: generic.IndirectObject = add(font)
    return reference


@functools.lru_cache(maxsize=64)
def _subset(face: Face, letters: frozenset[str]) -> Typeface:
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, recalc_bounds=True)
    options.drop_tables += [
        "GPOS",
        "GSUB",
        "GDEF",
        "kern",
        "hdmx",
        "VDMX",
        "LTSH",
        "FFTM",
        "gasp",
        "OS/2",
        "post",
        "name",
    ]
    font = TTFont(BytesIO(_whole(face)), lazy=True)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=map(ord, letters))
    cutter.subset(font)
    scale = _EM / font["head"].unitsPerEm
    out = BytesIO()
    font.save(out, reorderTables=None)
    program = out.getvalue()
    order, metrics, head = font.getGlyphOrder(), font["hmtx"], font["head"]
    numbers = {glyph: number for number, glyph in enumerate(order)}
    known = font.getBestCmap() or {}  # none of the letters is in the face
    tag = "".join(chr(ord("A") + byte % 26) for byte in sha256(program).digest()[:6])
    return Typeface(
        name=f"{tag}+LiberationSerif-{face}",
        program=zlib.compress(program, 9),
        length=len(program),
        glyphs={letter: numbers[known[ord(letter)]] for letter in letters if ord(letter) in known},
        widths=tuple(round(metrics[glyph][0] * scale) for glyph in order),
        box=(round(head.xMin * scale), round(head.yMin * scale), round(head.xMax * scale), round(head.yMax * scale)),
        ascent=round(font["hhea"].ascent * scale),
        descent=round(font["hhea"].descent * scale),
        angle=-15.5 if face == "Italic" else 0.0,
    )


@functools.cache
def _whole(face: Face) -> bytes:
    return (_FOLDER / f"LiberationSerif-{face}.ttf").read_bytes()


@functools.cache
def _advances(face: Face) -> Mapping[int, int]:
    """Width of each code point in thousandths of an em; 0 stands for a letter that is not there."""
    from fontTools.ttLib import TTFont

    font = TTFont(BytesIO(_whole(face)), lazy=True)
    metrics, scale = font["hmtx"], _EM / font["head"].unitsPerEm
    known = font.getBestCmap().items()
    return {0: round(metrics[".notdef"][0] * scale)} | {code: round(metrics[glyph][0] * scale) for code, glyph in known}


def _to_unicode(face: Typeface) -> bytes:
    """Return the CMap from glyph numbers back to letters (ISO 32000-1 9.10.3)."""
    pairs = [f"<{glyph:04x}> <{ord(letter):04x}>" for letter, glyph in sorted(face.glyphs.items())]
    blocks = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n{body}\n"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()


def _all_bits(count: int) -> bytes:
    """Return `count` bits set, from the highest of the first byte."""
    return (((1 << count) - 1) << (-count % 8)).to_bytes((count + 7) // 8, "big")


def _stream(compressed: bytes, entries: Mapping[str, Any] | None = None) -> generic.StreamObject:
    dictionary = {pdf_name("/Filter"): pdf_name("/FlateDecode")}
    dictionary |= {pdf_name(key): value for key, value in (entries or {}).items()}
    return generic.StreamObject(dictionary, encoded_data=compressed)


def _numbers(values: Iterable[int]) -> generic.ArrayObject:
    return generic.ArrayObject(map(generic.NumberObject, values))
