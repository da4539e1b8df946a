"""A PDF's pages through pdfium: characters with their boxes to lines, in reading order, however they were drawn.

pdfium hands out characters in drawing order, folds a run of blanks into one space and keeps decomposed letters, so
lines are built from the characters' boxes (`lines.py`), a letter with its combining marks being one (NFC).
Units: PDF points of default user space, y upwards; on a page with /Rotate the coordinates are those of the upright view.

What annotations and signature fields show (their appearances) is kept apart from what is printed: it may fill a blank,
but it never becomes part of a printed line.

pdfium itself may crash on hostile bytes: the caller isolates. It is not thread-safe.
"""

import ctypes
import math
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.reading.lines import Line, Piece, Rect, lines_of

MAX_PAGES = 200
"""Pages looked at in one file; a longer one is an annex that no clerk reads on screen."""
MAX_CHARACTERS = 200_000
"""Characters looked at on one page."""

_LINE_END_HYPHENS = {0x0002, 0xFFFE}
_DEL = 0x7F
_FIRST_MARK = 0x0300
_ITALIC, _FORCE_BOLD = 1 << 6, 1 << 18
_PASSWORD = 4
_PRINTED = -1
_MAX_DEPTH = 8
_NEAR = 0.01
Turn = Callable[[float, float], tuple[float, float]]
_TURNS: dict[int, Turn] = {
    0: lambda x, y: (x, y),
    90: lambda x, y: (y, -x),
    180: lambda x, y: (-x, -y),
    270: lambda x, y: (-y, x),
}


@dataclass(frozen=True, slots=True)
class Page:
    """Printed lines of one page, top down and left to right; the box is what a viewer shows (CropBox).

    `stamps` are the lines that each annotation or signature field shows, in the order they are drawn.
    """

    index: int
    rotation: int
    x0: float
    y0: float
    x1: float
    y1: float
    lines: tuple[Line, ...]
    stamps: tuple[tuple[Line, ...], ...] = ()

    @property
    def shown(self) -> list[Line]:
        """Return every line that a viewer shows, printed or stamped."""
        return [*self.lines, *(line for stamp in self.stamps for line in stamp)]

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2


@contextmanager
def open_pdf(data: bytes) -> Iterator[Any]:
    """Open a PDF; `MisuseError` "reading.encrypted" if it asks for a password, "reading.unreadable" if it is none."""
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD:
            raise MisuseError(
                "reading.encrypted",
                _("The file is locked with a password and cannot be read."),
                _("Ask the sender for a copy without a password."),
            ) from error
        raise _unreadable() from error
    try:
        if len(document) == 0:
            raise _unreadable()
        yield document
    finally:
        document.close()


def raw_texts(document: Any, *, stamps: bool = True) -> list[str]:
    """Return the text of the first `MAX_PAGES` pages as pdfium strings it together, NFC: quick, order not assured.

    A page that pdfium cannot load gives "".
    """
    texts = []
    for index in range(min(len(document), MAX_PAGES)):
        try:
            with _text_page(document, index, stamps=stamps) as (_page, text_page, _flat):
                count = min(text_page.count_chars(), MAX_CHARACTERS)
                texts.append(unicodedata.normalize("NFC", text_page.get_text_range(0, count)) if count > 0 else "")
        except MisuseError:
            texts.append("")
    return texts


def load_page(document: Any, index: int, *, stamps: bool = True) -> Page:
    """Return the lines of page `index` (from 0).

    With `stamps` the appearances of annotations and signature fields are read too: the number of a document issued
    electronically stands in one. Such a page stays changed in `document` (never in the file).
    """
    with _text_page(document, index, stamps=stamps) as (page, text_page, flat):
        rotation = page.get_rotation()
        turn = _TURNS[rotation]
        left, bottom, right, top = page.get_cropbox()
        (xa, ya), (xb, yb) = turn(left, bottom), turn(right, top)
        x0, x1, y0, y1 = min(xa, xb), max(xa, xb), min(ya, yb), max(ya, yb)
        layers = _pieces(text_page, turn, _stamp_texts(page) if flat else {})
    lines = {
        layer: tuple(lines_of(one for one in pieces if x0 <= one.edges[0][0] <= x1 and y0 <= one.y1 <= y1))
        for layer, pieces in layers.items()
    }
    printed = lines.pop(_PRINTED, ())
    return Page(index, rotation, x0, y0, x1, y1, printed, tuple(lines[stamp] for stamp in sorted(lines)))


def _unreadable() -> MisuseError:
    return MisuseError(
        "reading.unreadable",
        _("The file cannot be opened as a PDF."),
        _("Open it in a PDF viewer; if that fails too, ask the sender to send it again."),
    )


@contextmanager
def _text_page(document: Any, index: int, *, stamps: bool) -> Iterator[tuple[Any, Any, bool]]:
    """Give the page, its text and whether appearances were just made part of it."""
    try:
        page, flat = document[index], False
        if stamps and raw.FPDFPage_GetAnnotCount(page) > 0:
            flat = raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS
            page.close()
            page = document[index]
        text_page = page.get_textpage()
    except pdfium.PdfiumError as error:
        raise _unreadable() from error
    try:
        yield page, text_page, flat
    finally:
        text_page.close()
        page.close()


def _stamp_texts(page: Any) -> dict[int, int]:
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


def _pieces(text_page: Any, turn: Turn, stamps: Mapping[int, int]) -> dict[int, list[Piece]]:
    """Return the pieces of the printed page (`_PRINTED`) and of each stamp."""
    layers: dict[int, list[Piece]] = {}
    pieces: list[Piece] = []
    piece: Piece | None = None
    after_space = False
    ruler = _Ruler(text_page, turn)
    for index in range(min(text_page.count_chars(), MAX_CHARACTERS)):
        code = raw.FPDFText_GetUnicode(text_page, index)
        char = "-" if code in _LINE_END_HYPHENS else chr(code)
        if char.isspace():
            after_space = True
            continue
        # Controls, zero-width characters and halves of surrogate pairs are nothing that a reader sees.
        if code <= _DEL and not char.isprintable():
            continue
        if code > _DEL and unicodedata.category(char) in {"Cc", "Cf", "Cs"} and code != 0x00AD:  # noqa: PLR2004  soft hyphen
            continue
        address, box, baseline = ruler.measure(index)
        layer = layers.setdefault(stamps.get(address, _PRINTED), [])
        if layer is not pieces:
            pieces, piece = layer, None
        if code >= _FIRST_MARK and piece is not None and unicodedata.combining(char):
            piece.join_mark(char, box)
            continue
        if piece is None or not piece.goes_on(box[0], baseline):
            piece = Piece(baseline, *_font(text_page, index))
            pieces.append(piece)
        elif after_space:
            piece.add(" ", (piece.edges[-1][1], piece.y0, box[0], piece.y1))
        piece.add(char, box)
        after_space = False
    return layers


class _Ruler:
    """Measures characters; the C doubles are made once, for a page has thousands of characters."""

    def __init__(self, text_page: Any, turn: Turn) -> None:
        self._text_page, self._turn = text_page, turn
        self._left, self._right, self._bottom, self._top, self._x, self._y = (ctypes.c_double() for _ in range(6))
        self._own, self._seen = raw.FS_MATRIX(), raw.FS_MATRIX()
        self._moved: dict[int, Turn | None] = {}

    def measure(self, index: int) -> tuple[int, Rect, float]:
        """Return the address of a character's text object, its box (x0, y0, x1, y1) and baseline, seen upright."""
        drawn = raw.FPDFText_GetTextObject(self._text_page, index)
        address = _address(drawn)
        raw.FPDFText_GetCharBox(self._text_page, index, self._left, self._right, self._bottom, self._top)
        raw.FPDFText_GetCharOrigin(self._text_page, index, self._x, self._y)
        if address not in self._moved:
            self._moved[address] = self._move(drawn, index)
        move, (x, y) = self._moved[address], (self._x.value, self._y.value)
        corners = (self._left.value, self._bottom.value), (self._right.value, self._top.value)
        if move:
            (x, y), corners = move(x, y), (move(*corners[0]), move(*corners[1]))
        (xa, ya), (xb, yb) = self._turn(*corners[0]), self._turn(*corners[1])
        return address, (min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)), self._turn(x, y)[1]

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


def _font(text_page: Any, index: int) -> tuple[float, bool, bool]:
    """Return size in points as drawn (the text matrix counts), bold, italic."""
    matrix = raw.FS_MATRIX()
    scale = 1.0
    if raw.FPDFText_GetMatrix(text_page, index, matrix):
        scale = (matrix.a**2 + matrix.b**2) ** 0.5 or 1.0
    size = raw.FPDFText_GetFontSize(text_page, index) * scale
    name, flags = ctypes.create_string_buffer(256), ctypes.c_int()
    raw.FPDFText_GetFontInfo(text_page, index, name, 256, flags)
    said = name.value.lower()
    bold = b"bold" in said or bool(flags.value & _FORCE_BOLD)
    italic = b"italic" in said or b"oblique" in said or bool(flags.value & _ITALIC)
    return max(size, 1.0), bold, italic
