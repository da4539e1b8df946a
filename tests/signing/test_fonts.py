"""The embedded typeface, read back by fontTools, pdfium and the eye."""

import re
import string
import unicodedata
import zlib
from io import BytesIO
from typing import Any, get_args

import pypdfium2 as pdfium
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from reportlab.pdfgen.canvas import Canvas
from tests.signing import practice

from vanthu_cli.signing import fonts
from vanthu_cli.signing.fonts import Face

FACES = pytest.mark.parametrize("face", get_args(Face))
VOWELS = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵ"
LETTERS = VOWELS + VOWELS.upper() + "đĐ" + string.ascii_letters + string.digits
words = st.lists(st.text(LETTERS, min_size=1, max_size=9), min_size=1, max_size=5).map(" ".join)
TEXT = "Tỉnh ủy Hải Dương, ngày 28/4/2026: Đặng Thị Ngọc Ẩn (Ưỡn Ộ ữ)"


Placed = tuple[float, float, str]


def page(face: Face, *texts: str | Placed, size: float = 12, also: str = "") -> bytes:
    """A page of 400 × 160 points with the texts as our signatures write them; the letters of `also` are in the font only."""
    placed = [text if isinstance(text, tuple) else (10, 15, text) for text in texts]
    writer = PdfFileWriter(stream_xrefs=False)
    cut = fonts.typeface(face, [also, *(text for _x, _y, text in placed)])
    drawn = (b"BT /F1 %g Tf %g %g Td %s Tj ET" % (size, x, y, cut.shown(text)) for x, y, text in placed)
    content = generic.StreamObject(stream_data=b"\n".join(drawn))
    resources = generic.DictionaryObject(
        {pdf_name("/Font"): generic.DictionaryObject({pdf_name("/F1"): fonts.embed(writer, cut)})}
    )
    sheet = PageObject(contents=writer.add_object(content), media_box=(0, 0, 400, 160), resources=resources)
    writer.insert_page(sheet)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def by_another(face: Face, *texts: Placed, size: float = 12) -> bytes:
    """The same page from reportlab, which embeds in its own way and keeps the hints."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=(400, 160))
    canvas.setFont(face, size)
    for x, y, text in texts:
        canvas.drawString(x, y, text)
    canvas.save()
    return out.getvalue()


def embedded(pdf: bytes) -> tuple[Any, Any, Any]:
    """Return the font, its descendant and its descriptor."""
    reader = PdfFileReader(BytesIO(pdf))
    font = reader.root["/Pages"]["/Kids"][0]["/Resources"]["/Font"]["/F1"]
    descendant = font["/DescendantFonts"][0]
    return font, descendant, descendant["/FontDescriptor"]


def extracted(pdf: bytes) -> str:
    with pdfium.PdfDocument(pdf) as document:
        return str(document[0].get_textpage().get_text_range()).strip()


@FACES
@settings(max_examples=25, deadline=None)
@given(text=words)
def test_the_text_can_be_copied_out_again_composed(face: Face, text: str) -> None:
    assert extracted(page(face, text)) == text
    assert extracted(page(face, unicodedata.normalize("NFD", text))) == text


@FACES
def test_every_letter_looks_as_when_another_program_embeds_the_font(face: Face) -> None:
    letters = [(10 + 12 * (place % 32), 140 - 20 * (place // 32), letter) for place, letter in enumerate(LETTERS)]
    loose = [(x, y, unicodedata.normalize("NFD", letter)) for x, y, letter in letters]
    ours = soft(page(face, *letters))
    assert practice.differing(ours, soft(by_another(face, *letters))) == 0
    assert practice.differing(ours, soft(page(face, *loose))) == 0
    bare = [(x, y, fold(letter)) for x, y, letter in letters]
    assert practice.differing(ours, soft(page(face, *bare))) > len(LETTERS)


def soft(pdf: bytes) -> Image.Image:
    """Draw the page without the edge of a pixel that hints move."""
    return practice.render(pdf).filter(ImageFilter.GaussianBlur(1.5))


def fold(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[0]


@FACES
@settings(max_examples=25, deadline=None)
@given(text=words)
def test_widths_are_those_of_the_program_in_thousandths_of_an_em(face: Face, text: str) -> None:
    _font, descendant, descriptor = embedded(page(face, text))
    program = TTFont(BytesIO(descriptor["/FontFile2"].data))
    scale = 1000 / program["head"].unitsPerEm
    advances = [program["hmtx"][glyph][0] * scale for glyph in program.getGlyphOrder()]
    first, widths = descendant["/W"]
    assert first == 0
    assert [int(width) for width in widths] == pytest.approx(advances, abs=0.5)
    assert descendant["/DW"] == widths[0]
    shown = re.findall("....", fonts.typeface(face, [text]).shown(text).decode().strip("<>"))
    drawn = sum(int(widths[int(glyph, 16)]) for glyph in shown) * 12 / 1000
    assert fonts.width(text, 12, face) == pytest.approx(drawn)


def test_digits_are_half_an_em_wide() -> None:
    assert fonts.width("2026", 14, "Regular") == fonts.width("2026", 14, "Italic") == 28


@FACES
@given(text=words)
def test_the_width_of_loose_letters_is_that_of_composed_ones(face: Face, text: str) -> None:
    assert fonts.width(unicodedata.normalize("NFD", text), 10, face) == fonts.width(text, 10, face)


@FACES
def test_every_vietnamese_letter_is_in_the_font(face: Face) -> None:
    cut = fonts.typeface(face, [LETTERS + TEXT])
    assert set(LETTERS + TEXT) <= set(cut.glyphs)
    assert 0 not in cut.glyphs.values()


@FACES
def test_the_font_is_embedded_as_pdf_a_asks(face: Face) -> None:
    """ISO 19005-1 6.3.3, 6.3.5, 6.3.6; ISO 32000-1 9.7, 9.8, 9.9."""
    font, descendant, descriptor = embedded(page(face, TEXT))
    program = descriptor["/FontFile2"]
    glyphs = TTFont(BytesIO(program.data))["maxp"].numGlyphs
    assert program["/Length1"] == len(program.data)
    bits = "".join(f"{byte:08b}" for byte in descriptor["/CIDSet"].data)
    assert bits == "1" * glyphs + "0" * (-glyphs % 8)
    names = {font["/BaseFont"], descendant["/BaseFont"], descriptor["/FontName"]}
    assert len(names) == 1
    assert re.fullmatch(rf"/[A-Z]{{6}}\+LiberationSerif-{face}", names.pop())
    assert (font["/Subtype"], descendant["/Subtype"]) == ("/Type0", "/CIDFontType2")
    assert (font["/Encoding"], descendant["/CIDToGIDMap"]) == ("/Identity-H", "/Identity")
    system = descendant["/CIDSystemInfo"]
    assert (system["/Registry"], system["/Ordering"]) == ("Adobe", "Identity")
    assert "/ToUnicode" in font


@FACES
def test_only_what_is_written_goes_into_the_file(face: Face) -> None:
    _font, _descendant, descriptor = embedded(page(face, "Hải Dương"))
    program = TTFont(BytesIO(descriptor["/FontFile2"].data))
    assert set(map(chr, program.getBestCmap())) == set("Hải Dương")
    assert len(zlib.compress(descriptor["/FontFile2"].data)) < 6000


def test_the_moments_of_a_batch_share_one_subset() -> None:
    one, other = (f"Ngày ký: 2026-04-28T09:{minute}:00+07:00" for minute in ("30", "41"))
    assert fonts.typeface("Regular", [one]) is fonts.typeface("Regular", [other])
    assert fonts.typeface("Regular", ["Hải"]) is not fonts.typeface("Regular", ["Hả"])


@settings(max_examples=50, deadline=None)
@given(text=st.text(max_size=20))
def test_strange_letters_show_as_empty_boxes_and_break_nothing(text: str) -> None:
    cut = fonts.typeface("Regular", [text])
    composed = unicodedata.normalize("NFC", text)
    assert len(cut.shown(text)) == 4 * len(composed) + 2
    assert fonts.width(text, 10, "Regular") >= 0
    strange = [letter for letter in composed if letter not in cut.glyphs]
    assert cut.shown("".join(strange)) == b"<%s>" % (b"0000" * len(strange))


def test_more_than_a_hundred_letters_can_be_copied_out() -> None:
    """A block of a CMap holds 100 (Adobe technical note 5014)."""
    for start in range(0, len(LETTERS), 40):
        text = LETTERS[start : start + 40]
        assert extracted(page("Regular", text, also=LETTERS, size=9)) == text
