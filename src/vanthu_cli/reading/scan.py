"""Whether a file is a scan of paper: `scan_of(sheets)`. It decides whether a “sao y” of it is legal.

NĐ 30/2020 Đ25.1 knows sao y from paper to electronic, not from electronic to electronic, so both errors cost: a document
born digital must not pass for a scan, a scan whose text was recognised (OCR) must not be refused. A page is a scan when it
looks the same with its pictures alone, and those cover it. A page of paper photographed or printed to a picture can't be
told from a scan. Annotations and signatures are not counted: they were put on the scan afterwards.
"""

import ctypes
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from PIL import ImageChops
from pypdfium2 import raw

from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.ink import whole
from vanthu_cli.reading.page import MAX_PAGES, Leaf, Sheets

COVERED = 0.8
"""Share of the visible page that pictures must cover."""

_GRID = 24
_MAX_DEPTH = 8
_MAX_OBJECTS = 20_000
"""Things drawn on one page; no scanner draws so many, with a letter of recognised text each."""
_UNSEEN_TEXT = frozenset({raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP})
_DIFFERENT = 32
_FEW_LETTERS = 0.0006
"""Share of the page by which it may look different without its text: ten letters of 14 pt on A4, a page number."""
_COLOUR_BITS = 24

_Matrix = tuple[float, float, float, float, float, float]
_AS_IS: _Matrix = (1, 0, 0, 1, 0, 0)


@dataclass(frozen=True, slots=True)
class Scan:
    """`dpi` is the lowest resolution of the pages' pictures, `colour` whether all of them hold colours; None if no scan.

    NĐ 30/2020 Phụ lục I Phần II.I.2: PDF of at least version 1.4, in colour, at least 200 dpi, at 100 %.
    """

    scan: bool
    dpi: int | None = None
    colour: bool | None = None


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Something drawn on the page itself, and the matrix that leads from its own coordinates to the page's."""

    handle: Any
    kind: int
    matrix: _Matrix


def scan_of(sheets: Sheets) -> Scan:
    """Judge the first `MAX_PAGES` pages; one that is no scan, or cannot be loaded, makes the whole file none."""
    finest: list[float] = []
    colours: list[bool] = []
    for index in range(min(len(sheets), MAX_PAGES)):
        try:
            leaf = sheets.leaf(index)
        except MisuseError:
            return Scan(scan=False)
        drawn = list(islice(_drawn(leaf), _MAX_OBJECTS + 1))
        pictures = [one for one in drawn if one.kind == raw.FPDF_PAGEOBJ_IMAGE]
        covered = _covered(leaf, pictures)
        few = len(drawn) <= _MAX_OBJECTS
        if not few or len(covered) < COVERED * _GRID**2 or not _is_pictures_only(leaf, drawn):
            return Scan(scan=False)
        finest.append(min(covered.values()))
        colours.append(any(_is_coloured(leaf, one) for one in pictures))
    return Scan(scan=True, dpi=round(min(finest)), colour=all(colours))


def _drawn(leaf: Leaf) -> Iterator[_Drawn]:
    """Yield what the page draws, forms opened; without the appearances of annotations, which are in its last form."""
    for index in range(raw.FPDFPage_CountObjects(leaf.handle) - leaf.flat):
        yield from _opened(raw.FPDFPage_GetObject(leaf.handle, index), _AS_IS, depth=0)


def _opened(handle: Any, outer: _Matrix, depth: int) -> Iterator[_Drawn]:
    own = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(handle, own)
    kind = raw.FPDFPageObj_GetType(handle)
    matrix = _after((own.a, own.b, own.c, own.d, own.e, own.f), outer)
    if kind != raw.FPDF_PAGEOBJ_FORM or depth >= _MAX_DEPTH:
        yield _Drawn(handle, kind, matrix)
        return
    for index in range(raw.FPDFFormObj_CountObjects(handle)):
        yield from _opened(raw.FPDFFormObj_GetObject(handle, index), matrix, depth + 1)


def _after(first: _Matrix, then: _Matrix) -> _Matrix:
    """Return the product of two transformations (ISO 32000-2 8.3.4)."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _covered(leaf: Leaf, pictures: list[_Drawn]) -> dict[tuple[int, int], float]:
    """Return the cells of a grid over the visible page that pictures cover, with the finest resolution there in dpi."""
    x0, y0, x1, y1 = leaf.sheet
    wide, high = (x1 - x0) / _GRID, (y1 - y0) / _GRID
    cells: dict[tuple[int, int], float] = {}
    for picture in pictures:
        a, b, c, d, e, f = picture.matrix
        left, bottom, right, top = leaf.upright(
            (e + min(a, 0) + min(c, 0), f + min(b, 0) + min(d, 0), e + max(a, 0) + max(c, 0), f + max(b, 0) + max(d, 0))
        )
        columns = [cell for cell in range(_GRID) if left <= x0 + (cell + 0.5) * wide <= right]
        rows = [cell for cell in range(_GRID) if bottom <= y0 + (cell + 0.5) * high <= top]
        dpi = _dpi(picture) if columns and rows else 0.0
        for cell in ((column, row) for column in columns for row in rows):
            cells[cell] = max(cells.get(cell, 0.0), dpi)
    return cells


def _dpi(picture: _Drawn) -> float:
    """Return the lower of the two resolutions at which a picture stands on the page."""
    wide, high = ctypes.c_uint(), ctypes.c_uint()
    raw.FPDFImageObj_GetImagePixelSize(picture.handle, wide, high)
    a, b, c, d, _e, _f = picture.matrix
    across, up = math.hypot(a, b) / 72, math.hypot(c, d) / 72
    return min(wide.value / across, high.value / up) if across and up else 0.0


def _is_coloured(leaf: Leaf, picture: _Drawn) -> bool:
    said = raw.FPDF_IMAGEOBJ_METADATA()
    raw.FPDFImageObj_GetImageMetadata(picture.handle, leaf.handle, said)
    return bool(said.bits_per_pixel >= _COLOUR_BITS or said.colorspace == raw.FPDF_COLORSPACE_INDEXED)


def _is_pictures_only(leaf: Leaf, drawn: list[_Drawn]) -> bool:
    """Tell whether nothing but pictures is seen: text of mode 3, under a picture or as white as its ground is not."""
    others = [one.handle for one in drawn if _may_show(one)]
    if not others:
        return True
    seen, _scale = whole(leaf)
    for handle in others:
        raw.FPDFPageObj_SetIsActive(handle, False)
    alone, _scale = whole(leaf)
    for handle in others:
        raw.FPDFPageObj_SetIsActive(handle, True)
    levels = ImageChops.difference(seen, alone).histogram()
    return sum(levels[_DIFFERENT:]) <= _FEW_LETTERS * seen.width * seen.height


def _may_show(one: _Drawn) -> bool:
    if one.kind == raw.FPDF_PAGEOBJ_TEXT:
        return raw.FPDFTextObj_GetTextRenderMode(one.handle) not in _UNSEEN_TEXT
    return bool(one.kind != raw.FPDF_PAGEOBJ_IMAGE)
