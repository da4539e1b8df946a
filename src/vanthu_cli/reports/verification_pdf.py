"""The verification report as a PDF (reportlab), to be printed and filed; the same Report gives the same bytes."""

import io
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Image, KeepTogether, ListFlowable, PageBreak, SimpleDocTemplate, Spacer
from reportlab.platypus import Paragraph as Lines
from reportlab.platypus import Table as Grid

from vanthu_cli.locale import language
from vanthu_cli.reports.pages import BOLD, REGULAR, counted, drawable, load_fonts
from vanthu_cli.reports.verification import Block, Box, Heading, Items, Paragraph, Pictures, Report, Table, story, title

_MARGIN = 18 * mm
_PADDING = 6
"""Points that reportlab's frame keeps within the margins."""
_WIDTH = A4[0] - 2 * _MARGIN - 2 * _PADDING
_GAP = 4 * mm
_TALLEST = 200 * mm
_TOGETHER = 12
"""Rows up to which a table is not parted, if a page holds it."""
_COLOURS = {"valid": "#0a5c1e", "invalid": "#9c0000", "unknown": "#7a4b00", "unsigned": "#7a4b00"}
_GREY = colors.HexColor("#f0f0f0")
_GRID = [
    ("GRID", (0, 0), (-1, -1), 0.4, colors.HexColor("#bbbbbb")),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 4),
    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]


def as_pdf(report: Report) -> bytes:
    """Return the document, A4."""
    load_fonts()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=15 * mm,
        bottomMargin=17 * mm,
        title=title(),
        author=f"vanthu {report.version}",
        lang=language(),
        invariant=1,
    )
    blocks = list(story(report))
    flow = [part for place, block in enumerate(blocks) for part in _block(block, first=place == 0)]
    document.build(flow, canvasmaker=counted(_foot))
    return out.getvalue()


def _foot(canvas: Any, page: str) -> None:
    canvas.drawCentredString(A4[0] / 2, 9 * mm, page)


def _style(size: float, *, bold: bool = False, **more: Any) -> ParagraphStyle:
    face = BOLD if bold else REGULAR
    # splitLongWords breaks what has no spaces: hashes, and names made to overflow.
    return ParagraphStyle("", fontName=face, fontSize=size, leading=size * 1.3, splitLongWords=1, **more)


def _lines(text: str, style: ParagraphStyle) -> Lines:
    return Lines(escape(drawable(unicodedata.normalize("NFC", text), _named)), style)


def _named(letter: str) -> str:
    """Name a letter that the typeface lacks: an empty box would hide which it is."""
    return "[?]" if letter == "\ufffd" else f"[U+{ord(letter):04X}]"


def _block(block: Block, *, first: bool) -> Iterator[Any]:
    match block:
        case Heading(level, text):
            if level == 1 and not first:
                yield PageBreak()
            size, room = {1: (17, 12), 2: (14, 12), 3: (12, 12), 4: (11, 6)}[level]
            yield _lines(text, _style(size, bold=True, spaceBefore=room, spaceAfter=room / 2, keepWithNext=1))
        case Box(verdict, word, text):
            yield _box(colors.HexColor(_COLOURS[verdict]), word, text)
        case Paragraph(text, small):
            yield _lines(text, _style(9 if small else 11, spaceBefore=4, spaceAfter=4))
        case Items(texts):
            style = _style(10.5)
            yield ListFlowable([_lines(each, style) for each in texts], bulletType="bullet", start="•", leftIndent=12)
        case Table():
            yield _table(block)
        case Pictures():
            yield _pictures(block)


def _box(ink: Any, word: str, text: str) -> Grid:
    cells = [[_lines(word, _style(18, bold=True, textColor=ink))], [_lines(text, _style(11, textColor=ink))]]
    edge = [("BOX", (0, 0), (-1, -1), 1.5, ink), ("BOTTOMPADDING", (0, 1), (-1, 1), 8)]
    return Grid(cells, colWidths=[_WIDTH], style=edge, spaceBefore=6, spaceAfter=8)


def _table(table: Table) -> Any:
    plain, bold = _style(9.5), _style(9.5, bold=True)
    style = [*_GRID, ("BACKGROUND", (0, 0), (-1, 0) if table.headings else (0, -1), _GREY)]
    cells = [[_lines(each, bold) for each in table.headings]] if table.headings else []
    for row, tone in zip_longest(table.rows, table.tones):
        first = _style(9.5, bold=True, textColor=colors.HexColor(_COLOURS[tone])) if tone else plain
        cells.append([_lines(row[0], first if table.headings else bold), *(_lines(cell, plain) for cell in row[1:])])
    grid = Grid(
        cells,
        colWidths=_shares(table.widths),
        style=style,
        repeatRows=1 if table.headings else 0,
        spaceBefore=4,
        spaceAfter=6,
        splitInRow=1,
    )
    return grid if len(table.rows) > _TOGETHER else KeepTogether([grid])


def _shares(widths: Sequence[int]) -> list[float]:
    return [_WIDTH * share / sum(widths) for share in widths]


def _pictures(pair: Pictures) -> KeepTogether:
    wide = (_WIDTH - _GAP) / 2
    images = []
    for png in (pair.left, pair.right):
        image = Image(io.BytesIO(png))
        scale = min(wide / image.imageWidth, _TALLEST / image.imageHeight)
        image.drawWidth, image.drawHeight = image.imageWidth * scale, image.imageHeight * scale
        images.append(image)
    (left, right), edge = images, colors.HexColor("#cc0000" if pair.alarming else "#888888")
    before, after = (_lines(each, _style(9)) for each in pair.captions)
    style: list[tuple[Any, ...]] = [("BOX", (column, 0), (column, 0), 0.6, edge) for column in (0, 2)]
    style += [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP")]
    style += [("BOTTOMPADDING", (0, 0), (-1, 0), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    grid = Grid([[left, "", right], [before, "", after]], colWidths=[wide, _GAP, wide], style=style)
    return KeepTogether([Spacer(1, 6), grid])
