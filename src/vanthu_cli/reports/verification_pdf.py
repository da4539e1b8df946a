"""The verification report as a PDF (reportlab), to be printed and filed; the same Report gives the same bytes."""

import io
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Image, KeepTogether, ListFlowable, PageBreak, SimpleDocTemplate, Spacer
from reportlab.platypus import Paragraph as Lines
from reportlab.platypus import Table as Grid

import vanthu_cli
from vanthu_cli.locale import _
from vanthu_cli.reports.verification import Block, Box, Heading, Items, Paragraph, Pictures, Report, Table, story

_FONTS = Path(vanthu_cli.__file__).parent / "fonts"
_WIDTH = A4[0] - 36 * mm
_COLOURS = {"valid": "#0a5c1e", "invalid": "#9c0000", "unknown": "#7a4b00", "unsigned": "#7a4b00"}
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
    _fonts()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=15 * mm,
        bottomMargin=17 * mm,
        title=_("Verification of electronic signatures"),
        author=f"vanthu {report.version}",
        invariant=1,
    )
    blocks = list(story(report))
    flow = [part for place, block in enumerate(blocks) for part in _block(block, first=place == 0)]
    document.build(flow, onFirstPage=_number, onLaterPages=_number)
    return out.getvalue()


@lru_cache(maxsize=1)
def _fonts() -> None:
    for face in ("Regular", "Bold", "Italic", "BoldItalic"):
        pdfmetrics.registerFont(TTFont(f"Report-{face}", str(_FONTS / f"LiberationSerif-{face}.ttf")))


def _style(size: float, *, bold: bool = False, **more: Any) -> ParagraphStyle:
    face = "Report-Bold" if bold else "Report-Regular"
    # splitLongWords and CJK wrapping break what has no spaces: hashes, and names made to overflow.
    return ParagraphStyle(
        f"{face}-{size}-{sorted(more)}", fontName=face, fontSize=size, leading=size * 1.3, splitLongWords=1, **more
    )


def _lines(text: str, style: ParagraphStyle) -> Lines:
    return Lines(escape(unicodedata.normalize("NFC", text)), style)


def _block(block: Block, *, first: bool) -> Iterator[Any]:
    match block:
        case Heading(level, text):
            if level == 1 and not first:
                yield PageBreak()
            size = {1: 17, 2: 14, 3: 12}[level]
            yield _lines(text, _style(size, bold=True, spaceBefore=10, spaceAfter=6, keepWithNext=1))
        case Box(verdict, word, text):
            yield _box(_COLOURS[verdict], word, text)
        case Paragraph(text, small):
            yield _lines(text, _style(9 if small else 11, spaceBefore=4, spaceAfter=4))
        case Items(texts):
            style = _style(10.5)
            yield ListFlowable([_lines(each, style) for each in texts], bulletType="bullet", start="•", leftIndent=12)
        case Table(headings, rows):
            yield _table(headings, rows)
        case Pictures():
            yield _pictures(block)


def _box(colour: str, word: str, text: str) -> Grid:
    ink = colors.HexColor(colour)
    cells = [[_lines(word, _style(18, bold=True, textColor=ink))], [_lines(text, _style(11, textColor=ink))]]
    return Grid(cells, colWidths=[_WIDTH], style=[("BOX", (0, 0), (-1, -1), 1.5, ink)], spaceBefore=6, spaceAfter=8)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Grid:
    plain, bold = _style(9.5), _style(9.5, bold=True)
    if not headings:
        cells = [[_lines(name, bold), _lines(value, plain)] for name, value in rows]
        return Grid(
            cells, colWidths=[0.32 * _WIDTH, 0.68 * _WIDTH], style=_GRID, spaceBefore=4, spaceAfter=6, splitInRow=1
        )
    cells = [[_lines(each, bold) for each in headings], *([_lines(cell, plain) for cell in row] for row in rows)]
    widths = [_WIDTH / len(headings)] * len(headings)
    return Grid(cells, colWidths=widths, style=_GRID, repeatRows=1, spaceBefore=4, spaceAfter=6, splitInRow=1)


def _pictures(pair: Pictures) -> KeepTogether:
    wide = (_WIDTH - 4 * mm) / 2
    images = []
    for png in (pair.left, pair.right):
        image = Image(io.BytesIO(png))
        scale = min(wide / image.imageWidth, 200 * mm / image.imageHeight)
        image.drawWidth, image.drawHeight = image.imageWidth * scale, image.imageHeight * scale
        images.append(image)
    captions = [_lines(each, _style(9)) for each in pair.captions]
    edge = colors.HexColor("#cc0000" if pair.alarming else "#888888")
    grid = Grid([images, captions], colWidths=[wide + 2 * mm] * 2, style=[("BOX", (0, 0), (-1, 0), 0.6, edge)])
    return KeepTogether([Spacer(1, 6), grid])


def _number(canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFont("Report-Regular", 9)
    canvas.drawCentredString(A4[0] / 2, 9 * mm, str(document.page))
    canvas.restoreState()
