"""A page's letters through pdfium: each with its box and baseline in the upright view, put together to pieces.

pdfium hands out characters in drawing order, folds a run of blanks into one space and keeps decomposed letters, so
pieces are built from the characters' boxes, a letter with its combining marks being one (NFC).
"""

import ctypes
import math
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from pypdfium2 import raw

from vanthu_cli.reading.legacy import encoding_of
from vanthu_cli.reading.lines import Font, Piece, Rect

MAX_CHARACTERS = 200_000
"""Characters looked at on one page."""
PRINTED = -1
"""The layer of what the page itself draws; the others are appearances of annotations."""

Turn = Callable[[float, float], tuple[float, float]]
TURNS: Mapping[int, Turn] = {
    0: lambda x, y: (x, y),
    90: lambda x, y: (y, -x),
    180: lambda x, y: (-x, -y),
    270: lambda x, y: (-y, x),
}
"""From default user space to the upright view of a page with that /Rotate."""

_LINE_END_HYPHENS = {0x0002: "\u00ad", 0xFFFE: "\u00ad"}
"""As pdfium tells a hyphen, or a soft one (ư in TCVN3), at the end of a line."""
_FIRST_INK, _LAST_INK, _DEL = 0x21, 0x7E, 0x7F
_FIRST_MARK = 0x00C0
"""Combining marks, and those of VNI, are not below that."""
_WORD_GAP = 0.24
"""In letters' widths (em)."""
_SLOPE = 0.3
_ITALIC, _FORCE_BOLD = 1 << 6, 1 << 18
_MAX_DEPTH = 8
_NEAR = 0.01


def turned(rect: Rect, turn: Turn) -> Rect:
    (xa, ya), (xb, yb) = turn(rect[0], rect[1]), turn(rect[2], rect[3])
    return min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)


def stamp_texts(page: Any) -> dict[int, int]:
    """Return, by the address of a text object, which appearance it belongs to, on a page just flattened.

    pdfium put every appearance, a form, into one form that is drawn last.
    """
    last = raw.FPDFPage_GetObject(page, raw.FPDFPage_CountObjects(page) - 1)
    if not last or raw.FPDFPageObj_GetType(last) != raw.FPDF_PAGEOBJ_FORM:
        return {}
    return {
        address: stamp
        for stamp in range(raw.FPDFFormObj_CountObjects(last))
        for address in _texts_in(raw.FPDFFormObj_GetObject(last, stamp), depth=0)
    }


def _texts_in(drawn: Any, depth: int) -> Iterator[int]:
    kind = raw.FPDFPageObj_GetType(drawn)
    if kind == raw.FPDF_PAGEOBJ_TEXT:
        yield _address(drawn)
    elif kind == raw.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
        for index in range(raw.FPDFFormObj_CountObjects(drawn)):
            yield from _texts_in(raw.FPDFFormObj_GetObject(drawn, index), depth + 1)


def _address(drawn: Any) -> int:
    return ctypes.cast(drawn, ctypes.c_void_p).value or 0


def pieces_of(
    text_page: Any, turn: Turn, stamps: Mapping[int, int], *, forms: bool, by_font: bool = False
) -> dict[int, list[Piece]]:
    """Return the pieces of the printed page (`PRINTED`) and of each stamp. `forms`: form XObjects are drawn on it.

    `by_font`: the font of every letter is asked for, which takes time; it is done where old fonts are met. Text that
    does not run along the lines (a watermark across the page, a file name up its margin) is left out.
    """
    printed: list[Piece] = []
    layers = {PRINTED: printed}
    pieces, piece = printed, None
    after_space = False
    ruler = _Ruler(text_page, turn, forms=forms)
    code_of, measure = raw.FPDFText_GetUnicode, ruler.measure
    for index in range(min(raw.FPDFText_CountChars(text_page), MAX_CHARACTERS)):
        code = code_of(text_page, index)
        char = _LINE_END_HYPHENS.get(code) or chr(code)
        if not _FIRST_INK <= code <= _LAST_INK and _shows_nothing(char):
            after_space = after_space or char.isspace()
            continue
        address, box, baseline = measure(index)
        if stamps:
            layer = layers.setdefault(stamps.get(address, PRINTED), [])
            if layer is not pieces:
                pieces, piece = layer, None
        font = _font(text_page, index, turn) if by_font else None
        if piece is not None and (font is None or font.encoding == piece.font.encoding):
            if code >= _FIRST_MARK and piece.joins(char, box):
                continue
            if piece.goes_on(box[0], baseline):
                # Into a wide gap something may be drawn later, a letter from another font perhaps; a thin 1 leaves none.
                gap, digits = box[0] - piece.edges[-1][1], char.isdecimal() and piece.chars[-1].isdecimal()
                if digits or gap <= _WORD_GAP * piece.size:
                    piece.add(char, box, blank=after_space)
                    after_space = False
                    continue
                font = font or piece.font
        piece = Piece(baseline, font or _font(text_page, index, turn))
        pieces.append(piece)
        piece.add(char, box)
        after_space = False
    if not by_font and any(one.font.encoding for pieces in layers.values() for one in pieces):
        return pieces_of(text_page, turn, stamps, forms=forms, by_font=True)
    return {layer: [one for one in pieces if one.font.along] for layer, pieces in layers.items()}


@lru_cache(maxsize=4096)
def _shows_nothing(char: str) -> bool:
    """Tell blanks, controls, zero-width characters and halves of surrogate pairs: nothing that a reader sees."""
    if char.isspace() or ord(char) <= _DEL:
        return char.isspace() or not char.isprintable()
    return char != "\u00ad" and unicodedata.category(char) in {"Cc", "Cf", "Cs"}  # a soft hyphen shows at a line's end


class _Ruler:
    """Measures characters; the C doubles are made once, for a page has thousands of characters."""

    def __init__(self, text_page: Any, turn: Turn, *, forms: bool) -> None:
        self._text_page, self._turn, self._forms = text_page, turn, forms
        self._plain = not forms and turn is TURNS[0]
        self._left, self._right, self._bottom, self._top, self._x, self._y = (ctypes.c_double() for _ in range(6))
        self._own, self._seen = raw.FS_MATRIX(), raw.FS_MATRIX()
        self._moved: dict[int, Turn | None] = {}

    def measure(self, index: int) -> tuple[int, Rect, float]:
        """Return the address of a character's text object, its box (x0, y0, x1, y1) and baseline, seen upright.

        The address is 0 where all text is drawn by the page itself.
        """
        raw.FPDFText_GetCharBox(self._text_page, index, self._left, self._right, self._bottom, self._top)
        raw.FPDFText_GetCharOrigin(self._text_page, index, self._x, self._y)
        box = self._left.value, self._bottom.value, self._right.value, self._top.value
        x, y, address = self._x.value, self._y.value, 0
        if self._plain:
            return address, box, y
        if self._forms:
            drawn = raw.FPDFText_GetTextObject(self._text_page, index)
            address = _address(drawn)
            if address not in self._moved:
                self._moved[address] = self._move(drawn, index)
            if move := self._moved[address]:
                (x, y), box = move(x, y), (*move(box[0], box[1]), *move(box[2], box[3]))
        return address, turned(box, self._turn), self._turn(x, y)[1]

    def _move(self, drawn: Any, index: int) -> Turn | None:
        """Return how to put text right that pdfium left in the coordinates of its form; None if it is right.

        Text with /ActualText (every mark that pyHanko draws) gets the origin of its text object as it stands in the
        form; other text gets it as it stands on the page (measured: pdfium 8149).
        """
        own, seen = self._own, self._seen
        if not drawn or not raw.FPDFPageObj_GetMatrix(drawn, own):
            return None
        raw.FPDFText_GetMatrix(self._text_page, index, seen)
        at_own = math.isclose(self._x.value, own.e, abs_tol=_NEAR) and math.isclose(self._y.value, own.f, abs_tol=_NEAR)
        determinant = own.a * own.d - own.b * own.c
        if not at_own or not determinant or max(abs(seen.e - own.e), abs(seen.f - own.f)) < _NEAR:
            return None
        a = (seen.a * own.d - seen.c * own.b) / determinant
        c = (seen.c * own.a - seen.a * own.c) / determinant
        b = (seen.b * own.d - seen.d * own.b) / determinant
        d = (seen.d * own.a - seen.b * own.c) / determinant
        e, f = own.e, own.f
        to_x, to_y = seen.e, seen.f
        return lambda x, y: (to_x + a * (x - e) + c * (y - f), to_y + b * (x - e) + d * (y - f))


def _font(text_page: Any, index: int, turn: Turn) -> Font:
    """Return how a letter is set. Letters may be set narrower (Tz), so the matrix counts upwards."""
    matrix = raw.FS_MATRIX()
    scale, along = 1.0, True
    if raw.FPDFText_GetMatrix(text_page, index, matrix):
        scale = math.hypot(matrix.c, matrix.d) or 1.0
        run, rise = turn(matrix.a, matrix.b)
        along = abs(rise) <= _SLOPE * abs(run)
    size = raw.FPDFText_GetFontSize(text_page, index) * scale
    name, flags = ctypes.create_string_buffer(256), ctypes.c_int()
    raw.FPDFText_GetFontInfo(text_page, index, name, 256, flags)
    said = name.value.lower()
    bold = b"bold" in said or bool(flags.value & _FORCE_BOLD)
    italic = b"italic" in said or b"oblique" in said or bool(flags.value & _ITALIC)
    return Font(max(size, 1.0), bold, italic, encoding_of(name.value.decode("latin-1")), along)
