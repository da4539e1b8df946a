"""A PDF's pages through pdfium: lines in reading order, however they were drawn, text, pictures.

Units: PDF points, y upwards. Lines and rectangles of a page are those of the upright view, as its reader sees it; on a
page with /Rotate that is not the default user space of /Rect, and `Page.box` and `Page.seen` lead from one to the other.

What annotations and signature fields show (their appearances) is kept apart from what is printed: it may fill a blank,
but it never becomes part of a printed line.

pdfium itself may crash on hostile bytes: the caller isolates. It is not thread-safe.
"""

import ctypes
import math
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from vanthu_cli.document.places import Box
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.reading.letters import MAX_CHARACTERS, PRINTED, TURNS, pieces_of, stamp_texts, turned
from vanthu_cli.reading.lines import Line, Rect, lines_of

MAX_PAGES = 200
"""Pages looked at from the beginning of one file; a longer one has annexes that no clerk reads on screen."""
LAST_PAGES = 5
"""Pages looked at at the end of a file, however long: the signer's block and its marks may stand there."""
MAX_ANNOTATIONS = 10_000

# pdfium keeps what it has read of a file, pictures too, until the file is closed: that is done after so many pages.
_PAGES_AT_ONCE, _PAGES_AT_ONCE_IF_LARGE = 16, 2
_LARGE = 24_000_000

_PASSWORD = 4
_MOST_DRAWN = 110_000_000
"""Bytes; an A4 page scanned at 600 dpi and kept as JPEG takes 104 million."""
_SMALL_FILTERS = {b"DCTDecode", b"JPXDecode", b"CCITTFaxDecode", b"JBIG2Decode"}
_WHITE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Page:
    """Printed lines of one page, top down and left to right; the box is what a viewer shows (CropBox within MediaBox).

    `stamps` are the lines that each annotation or signature field shows, in the order they are drawn. `annotations` are
    the rectangles of all of them, shown or not; `signed` those of signature fields that bear a signature already.
    `old_fonts`: "tcvn3", "vni" where letters of such fonts were converted.
    """

    index: int
    rotation: int
    x0: float
    y0: float
    x1: float
    y1: float
    lines: tuple[Line, ...]
    stamps: tuple[tuple[Line, ...], ...] = ()
    annotations: tuple[Rect, ...] = ()
    signed: tuple[Rect, ...] = ()
    old_fonts: frozenset[str] = frozenset()

    @property
    def shown(self) -> list[Line]:
        """Return every line that a viewer shows, printed or stamped."""
        return [*self.lines, *(line for stamp in self.stamps for line in stamp)]

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2

    @property
    def sheet(self) -> Rect:
        """Return what a viewer shows of the page."""
        return self.x0, self.y0, self.x1, self.y1

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return a point of the upright view in default user space."""
        return TURNS[-self.rotation % 360](x, y)

    def box(self, rect: Rect) -> Box:
        """Return a rectangle of the upright view in default user space."""
        return Box(self.index, *turned(rect, TURNS[-self.rotation % 360]))

    def seen(self, box: Box) -> Rect:
        """Return a box of default user space as the upright view shows it: the opposite of `box`."""
        return turned((box.x0, box.y0, box.x1, box.y1), TURNS[self.rotation])


class Leaf:
    """One page of an open PDF; its text, its lines and its picture are made when first asked for.

    The appearances of annotations and signature fields are made part of the page here (never in the file): the number
    of a document issued electronically stands in one. `MisuseError` "reading.unreadable" if pdfium cannot load it.
    """

    def __init__(self, document: Any, index: int) -> None:
        try:
            page, self.flat = _visible(document, index), False
            self.index, self.rotation = index, int(page.get_rotation())
            self._turn = TURNS[self.rotation]
            self.sheet = turned(page.get_bbox(), self._turn)
            annotations = list(_annotations(page))
            if annotations:
                self.flat = raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS
                page.close()
                page = document[index]
            self.handle = page
            self._text_page = page.get_textpage()
        except pdfium.PdfiumError as error:
            raise _unreadable() from error
        self._annotations = tuple(turned(rect, self._turn) for rect, _signed in annotations)
        self._signed = tuple(turned(rect, self._turn) for rect, signed in annotations if signed)

    @property
    def text_page(self) -> Any:
        return self._text_page.raw

    @cached_property
    def text(self) -> str:
        """Return the text as pdfium strings it together, NFC: quick, order not assured."""
        count = min(self._text_page.count_chars(), MAX_CHARACTERS)
        return unicodedata.normalize("NFC", self._text_page.get_text_range(0, count)) if count > 0 else ""

    @cached_property
    def page(self) -> Page:
        """Return the lines of the page."""
        x0, y0, x1, y1 = self.sheet
        objects = range(raw.FPDFPage_CountObjects(self.handle))
        drawn = (raw.FPDFPage_GetObject(self.handle, index) for index in objects)
        forms = self.flat or any(raw.FPDFPageObj_GetType(one) == raw.FPDF_PAGEOBJ_FORM for one in drawn)
        layers = pieces_of(self.text_page, self._turn, stamp_texts(self.handle) if self.flat else {}, forms=forms)
        lines = {
            layer: tuple(lines_of(one for one in pieces if x0 <= one.edges[0][0] <= x1 and y0 <= one.y1 <= y1))
            for layer, pieces in layers.items()
        }
        printed = lines.pop(PRINTED, ())
        stamps = tuple(lines[stamp] for stamp in sorted(lines))
        old_fonts = frozenset(one.font.encoding.partition("-")[0] for one in chain(*layers.values())) - {""}
        sheet, marks = (x0, y0, x1, y1), (stamps, self._annotations, self._signed)
        return Page(self.index, self.rotation, *sheet, printed, *marks, old_fonts)

    def upright(self, rect: Rect) -> Rect:
        """Return a rectangle of default user space in the upright view."""
        return turned(rect, self._turn)

    @cached_property
    def _heavy(self) -> tuple[tuple[Any, Rect], ...]:
        """Return the pictures of the page that would cost too much memory to draw, and where they stand."""
        objects = (
            raw.FPDFPage_GetObject(self.handle, index) for index in range(raw.FPDFPage_CountObjects(self.handle))
        )
        pictures = (one for one in objects if raw.FPDFPageObj_GetType(one) == raw.FPDF_PAGEOBJ_IMAGE)
        return tuple((one, turned(_bounds(one), self._turn)) for one in pictures if _cost(one) > _MOST_DRAWN)

    def picture(self, rect: Rect | None = None, scale: float = 1) -> Image.Image:
        """Return what a viewer shows in `rect` of the upright view (None: the whole page), `scale` pixels a point, grey.

        A picture that would take more than a hundred megabytes of memory is not drawn; its place is black.
        """
        left, bottom, right, top = self.sheet
        x0, y0, x1, y1 = rect or self.sheet
        wide, high = max(math.ceil((x1 - x0) * scale), 1), max(math.ceil((y1 - y0) * scale), 1)
        bitmap = pdfium.PdfBitmap.new_native(wide, high, raw.FPDFBitmap_Gray)
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, wide, high, _WHITE)
        whole = math.ceil((right - left) * scale), math.ceil((top - bottom) * scale)
        start = math.floor((left - x0) * scale), math.floor((y1 - top) * scale)
        flags = raw.FPDF_GRAYSCALE | raw.FPDF_RENDER_LIMITEDIMAGECACHE
        for handle, _place in self._heavy:
            raw.FPDFPageObj_SetIsActive(handle, False)
        raw.FPDF_RenderPageBitmap(bitmap, self.handle, *start, *whole, 0, flags)
        picture: Image.Image = bitmap.to_pil().convert("L")
        for handle, (left, bottom, right, top) in self._heavy:
            raw.FPDFPageObj_SetIsActive(handle, True)
            upper_left = math.floor((left - x0) * scale), math.floor((y1 - top) * scale)
            picture.paste(0, (*upper_left, math.ceil((right - x0) * scale), math.ceil((y1 - bottom) * scale)))
        return picture

    def close(self) -> None:
        self.handle.close()


def _cost(picture: Any) -> int:
    """Return the bytes that drawing a picture takes: its pixels, and once more its data where they are not a JPEG's."""
    wide, high, name = ctypes.c_uint(), ctypes.c_uint(), ctypes.create_string_buffer(32)
    raw.FPDFImageObj_GetImagePixelSize(picture, wide, high)
    raw.FPDFImageObj_GetImageFilter(picture, 0, name, 32)
    return int(wide.value * high.value * (3 if name.value in _SMALL_FILTERS else 6))


def _bounds(drawn: Any) -> Rect:
    edges = [ctypes.c_float() for _edge in range(4)]
    raw.FPDFPageObj_GetBounds(drawn, *edges)
    left, bottom, right, top = (edge.value for edge in edges)
    return left, bottom, right, top


class Sheets:
    """An open PDF, page by page: a page's text and lines are read once, the pages themselves are not kept for long.

    A `Leaf` is good until another one is asked for.
    """

    def __init__(self, source: bytes | Path, password: str | None) -> None:
        self._source, self._password = source, password
        self._leaves: dict[int, Leaf] = {}
        self._texts: dict[int, str] = {}
        self._pages: dict[int, Page] = {}
        self.document = _opened(source, password)
        self._count = len(self.document)
        size = source.stat().st_size if isinstance(source, Path) else len(source)
        self._at_once = _PAGES_AT_ONCE if size < _LARGE else _PAGES_AT_ONCE_IF_LARGE

    def __len__(self) -> int:
        return self._count

    @property
    def looked_at(self) -> list[int]:
        """Return the pages whose text is looked at: the first `MAX_PAGES` and the last `LAST_PAGES`."""
        first = min(self._count, MAX_PAGES)
        return [*range(first), *range(max(first, self._count - LAST_PAGES), self._count)]

    def leaf(self, index: int) -> Leaf:
        """Return page `index` (from 0), open."""
        if index not in self._leaves:
            if len(self._leaves) >= self._at_once:
                self.close()
                self.document = _opened(self._source, self._password)
            self._leaves[index] = Leaf(self.document, index)
        return self._leaves[index]

    def text(self, index: int) -> str:
        """Return the plain text of page `index`, "" if pdfium cannot load it."""
        if index not in self._texts:
            try:
                self._texts[index] = self.leaf(index).text
            except MisuseError:
                self._texts[index] = ""
        return self._texts[index]

    def page(self, index: int) -> Page:
        """Return the lines of page `index`."""
        if index not in self._pages:
            self._pages[index] = self.leaf(index).page
        return self._pages[index]

    def close(self) -> None:
        for leaf in self._leaves.values():
            leaf.close()
        self._leaves.clear()
        self.document.close()


@contextmanager
def open_pdf(source: bytes | Path, password: str | None = None) -> Iterator[Sheets]:
    """Open a PDF; a file at a path is read as far as its pages are asked for, never as a whole.

    `MisuseError` "reading.encrypted" if it asks for a password or for another one, "reading.unreadable" if it is none.
    """
    sheets = Sheets(source, password)
    try:
        if len(sheets) == 0:
            raise _unreadable()
        yield sheets
    finally:
        sheets.close()


def _opened(source: bytes | Path, password: str | None) -> Any:
    try:
        return pdfium.PdfDocument(source, password=password)
    except OSError as error:
        raise _unreadable() from error
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) != _PASSWORD:
            raise _unreadable() from error
        if password:
            raise MisuseError(
                "reading.encrypted",
                _("The password does not open the PDF file."),
                _("Ask who made the file; or export the document to PDF again without a password."),
            ) from error
        raise MisuseError(
            "reading.encrypted",
            _("The file is locked with a password and cannot be read."),
            _("Ask the sender for a copy without a password."),
        ) from error


def _unreadable() -> MisuseError:
    return MisuseError(
        "reading.unreadable",
        _("The file cannot be opened as a PDF."),
        _("Open it in a PDF viewer; if that fails too, ask the sender to send it again."),
    )


def _visible(document: Any, index: int) -> Any:
    """Return a page, open; viewers do without a CropBox that leaves nothing of it."""
    page = document[index]
    left, bottom, right, top = page.get_bbox()
    if left < right and bottom < top:
        return page
    page.set_cropbox(*page.get_mediabox())
    page.close()
    return document[index]


def _annotations(page: Any) -> Iterator[tuple[Rect, bool]]:
    """Yield the rectangle of every annotation that has a size, and whether it is a signed signature field."""
    place = raw.FS_RECTF()
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), MAX_ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        if raw.FPDFAnnot_GetSubtype(annotation) != raw.FPDF_ANNOT_POPUP and raw.FPDFAnnot_GetRect(annotation, place):
            x0, x1 = sorted((place.left, place.right))
            y0, y1 = sorted((place.bottom, place.top))
            if x0 < x1 and y0 < y1:
                yield (x0, y0, x1, y1), _is_signed(annotation)
        raw.FPDFPage_CloseAnnot(annotation)


def _is_signed(annotation: Any) -> bool:
    """Tell a signature field with its signature (/V is a dictionary; other fields hold text or names).

    A widget apart from its field does not say what it is, and pdfium gives no way to the field: it may be signed.
    """
    if raw.FPDFAnnot_GetSubtype(annotation) != raw.FPDF_ANNOT_WIDGET:
        return False
    value = raw.FPDFAnnot_GetValueType(annotation, b"V")
    return value in {raw.FPDF_OBJECT_DICTIONARY, raw.FPDF_OBJECT_REFERENCE} or not raw.FPDFAnnot_HasKey(
        annotation, b"FT"
    )
