"""TCVN3 (.VnTime) and VNI (VNI-Times): text in the codes of before Unicode, in fonts that show them as Vietnamese.

The fonts are the shipped ones with another character map and another name, so that a page looks right and its text layer
holds the old codes, as in files printed from old documents. A .VnTimeH font shows small letters as capitals.
"""

import io
import unicodedata
from functools import cache
from importlib.resources import files

from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont as Outlines
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

_FACES = {"": "Regular", "b": "Bold", "i": "Italic", "bi": "BoldItalic"}
_SUFFIXES = {"": "", "b": ",Bold", "i": ",Italic", "bi": ",BoldItalic"}
_PLAIN = (
    "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵĂÂĐÊÔƠƯ",
    "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\u00adõøö÷ùúýûüþ¡¢§£¤¥¦",
)
TCVN3 = dict(zip(*_PLAIN, strict=True))

_TONES = {"\u0301": "ù", "\u0300": "ø", "\u0309": "û", "\u0303": "õ", "\u0323": "ï"}
_HAT = {"": "â", "\u0301": "á", "\u0300": "à", "\u0309": "å", "\u0303": "ã", "\u0323": "ä"}
_BREVE = {"": "ê", "\u0301": "é", "\u0300": "è", "\u0309": "ú", "\u0303": "ü", "\u0323": "ë"}
_SINGLE = {"đ": "ñ", "ơ": "ô", "ư": "ö", "ì": "ì", "í": "í", "ỉ": "æ", "ĩ": "ó", "ị": "ò", "ỵ": "î"}


def tcvn3(text: str) -> list[tuple[bool, str]]:
    """Return runs of (in the font of capitals, codes)."""
    if text.upper() == text and any(letter.lower() in TCVN3 for letter in text):
        return [(True, "".join(TCVN3.get(letter, letter) for letter in text.lower()))]
    runs: list[tuple[bool, str]] = []
    for word in text.split(" "):
        shouted = word.upper() == word and any(letter not in TCVN3 and ord(letter) > 0x7F for letter in word)
        for letter in f"{word} ":
            capital = letter.lower() in TCVN3 and letter not in TCVN3
            upper = shouted or capital
            code = TCVN3.get(letter.lower(), letter.lower()) if upper else TCVN3.get(letter, letter)
            if runs and runs[-1][0] == upper:
                runs[-1] = (upper, runs[-1][1] + code)
            else:
                runs.append((upper, code))
    return [*runs[:-1], (runs[-1][0], runs[-1][1][:-1])]


def vni(text: str) -> str:
    """Return the codes: a letter and, behind it, the mark it bears."""
    return "".join(_vni(letter) for letter in text)


def _vni(letter: str) -> str:
    small = letter.lower()
    if small in _SINGLE:
        code = _SINGLE[small]
    else:
        parts = unicodedata.normalize("NFD", small)
        base, marks = parts[0], parts[1:]
        tone = next((mark for mark in marks if mark in _TONES), "")
        if "\u0302" in marks:
            code = base + _HAT[tone]
        elif "\u0306" in marks:
            code = base + _BREVE[tone]
        elif "\u031b" in marks:
            code = {"o": "ô", "u": "ö"}[base] + _TONES[tone]
        elif tone:
            code = base + _TONES[tone]
        else:
            return letter
    return code if letter == small else code.upper()


@cache
def font(encoding: str, face: str) -> str:
    """Register and name a font for "tcvn3", "tcvn3-capitals" or "vni"."""
    family = {"tcvn3": ".VnTime", "tcvn3-capitals": ".VnTimeH", "vni": "VNI-Times"}[encoding]
    name = f"{family}{_SUFFIXES[face]}"
    source = files("vanthu_cli") / "fonts" / f"LiberationSerif-{_FACES[face]}.ttf"
    outlines = Outlines(io.BytesIO(source.read_bytes()))
    glyphs = dict(outlines.getBestCmap())
    shown = _vni_glyphs(outlines, glyphs) if encoding == "vni" else _tcvn3_glyphs(glyphs, encoding != "tcvn3")
    for table in outlines["cmap"].tables:
        table.cmap = {code: glyph for code, glyph in (glyphs | shown).items() if code < 0x10000}
    outlines["cmap"].tables = [table for table in outlines["cmap"].tables if table.format == 4]
    for record in outlines["name"].names:
        if record.nameID in {1, 4, 6, 16}:
            record.string = name
    out = io.BytesIO()
    outlines.save(out)
    pdfmetrics.registerFont(TTFont(name, io.BytesIO(out.getvalue())))
    return name


def _tcvn3_glyphs(glyphs: dict[int, str], capitals: bool) -> dict[int, str]:
    shown = {ord(code): glyphs[ord(letter)] for letter, code in TCVN3.items()}
    if not capitals:
        return shown
    letters = {code: letter for letter, code in TCVN3.items() if letter.islower()}
    ascii_letters = {chr(code): chr(code) for code in range(ord("a"), ord("z") + 1)}
    return shown | {ord(code): glyphs[ord(letter.upper())] for code, letter in (letters | ascii_letters).items()}


def _vni_glyphs(outlines: Outlines, glyphs: dict[int, str]) -> dict[int, str]:
    shown: dict[int, str] = {}
    for letter, code in _SINGLE.items():
        shown[ord(code)] = glyphs[ord(letter)]
        shown[ord(code.upper())] = glyphs[ord(letter.upper())]
    stacks = {code: (0x0302, tone) for tone, code in _HAT.items()} | {
        code: (0x0306, tone) for tone, code in _BREVE.items()
    }
    singles: dict[str, tuple[int, ...]] = {code: (ord(tone),) for tone, code in _TONES.items()}
    marks = singles | {code: (first, *map(ord, tone)) for code, (first, tone) in stacks.items()}
    for code, parts in marks.items():
        for letter, rise in ((code, 0), (code.upper(), 420)):
            shown[ord(letter)] = _mark(outlines, f"vni{ord(letter):02x}", [glyphs[part] for part in parts], rise)
    return shown


def _mark(outlines: Outlines, name: str, parts: list[str], rise: int) -> str:
    """Add a glyph of no width that sits on the letter before it: above (raised on capitals) or, a dot, below."""
    pen, table = TTGlyphPen(outlines.getGlyphSet()), outlines["glyf"]
    for index, part in enumerate(parts):
        below = table[part].yMax < 0
        shift = -470 - (table[part].xMin + table[part].xMax) // 2
        pen.addComponent(part, (1, 0, 0, 1, shift, 0 if below else rise + 300 * index))
    glyph = pen.glyph()
    outlines["glyf"][name] = glyph
    outlines["hmtx"][name] = (0, 0)
    outlines.setGlyphOrder(table.glyphOrder)
    return name
