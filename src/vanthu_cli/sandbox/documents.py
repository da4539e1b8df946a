"""Practice documents laid out like the official page: NĐ 30/2020 Phụ lục I for the State, 36-HD/VPTW for the Party.

A4, margins 20/20/30/15 mm (top, bottom, left, right), Liberation Serif, the metric twin of Times New Roman.
The page is what a clerk gets from the drafting unit: a searchable PDF, number and date printed or left blank.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

from vanthu_cli.document.places import MM
from vanthu_cli.document.symbol import DocumentNumber, Kind

BLANK = 32.0
"""Width left for a number or a day, in points: four digits at 14 pt."""
SIGNATURE_GAP = 84.0
"""From the baseline of the signer's title to that of the name, in points."""

_FONTS = Path(__file__).parent.parent / "fonts"
_REGULAR, _BOLD, _ITALIC, _BOLD_ITALIC = (f"LiberationSerif-{s}" for s in ("Regular", "Bold", "Italic", "BoldItalic"))
_TOP, _BOTTOM, _LEFT, _RIGHT = 20 * MM, 20 * MM, 30 * MM, 15 * MM
_WIDTH = A4[0] - _LEFT - _RIGHT
_LEFT_COLUMN = 0.41 * _WIDTH
_BODY = {"fontName": _REGULAR, "fontSize": 14, "leading": 18.5}
_LEADING = 1.22
_RED = (0.84, 0.1, 0.13)


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on an official document, by the elements of form (thể thức).

    `number` None leaves a blank before the symbol; `day` None leaves blanks for day and month, `year` is printed.
    A công văn (`doc_type` "Công văn") carries its subject under the number, all other types under their name.
    `addressees` follow "Kính gửi", `recipients` "Nơi nhận". `secrecy` and `urgency` are printed in red frames.
    """

    kind: Kind
    agency: str
    symbol: str
    place: str
    subject: str
    body: tuple[str, ...]
    signer: str
    title: str
    number: int | None = None
    day: date | None = None
    year: int | None = None
    parent: str = ""
    doc_type: str = "Công văn"
    authority: str = ""
    addressees: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    secrecy: str | None = None
    urgency: str | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """One centred line of a column; `rule` draws a line of that share of its width below it."""

    text: str
    font: str = _REGULAR
    size: float = 14
    rule: float = 0


def make_pdf(page: Page) -> bytes:
    """Return the document as PDF, on as many pages as its body needs; the same page gives the same bytes."""
    _register_fonts()
    out = io.BytesIO()
    template = SimpleDocTemplate(
        out, pagesize=A4, topMargin=_TOP - 6, bottomMargin=_BOTTOM - 6, leftMargin=_LEFT - 6, rightMargin=_RIGHT - 6,
        title=page.subject, author=page.agency, invariant=1,
    )  # fmt: skip  # a frame has 6 pt of padding of its own
    template.build([_Header(page), *_middle(page), _Footer(page)], onLaterPages=_number_page)
    return out.getvalue()


def make_docx(text: str) -> bytes:
    """Return a Word document of plain paragraphs, one a line: what arrives and is no PDF."""
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    schemas = "http://schemas.openxmlformats.org"
    paragraphs = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in text.splitlines())
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{schemas}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{schemas}/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{schemas}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{schemas}/wordprocessingml/2006/main">'
        f"<w:body>{paragraphs}</w:body></w:document>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(zipfile.ZipInfo(name), '<?xml version="1.0" encoding="UTF-8"?>\n' + content)
    return out.getvalue()


@cache
def _register_fonts() -> None:
    for name in (_REGULAR, _BOLD, _ITALIC, _BOLD_ITALIC):
        registerFont(TTFont(name, _FONTS / f"{name}.ttf"))
    registerFontFamily(_REGULAR, _REGULAR, _BOLD, _ITALIC, _BOLD_ITALIC)


def _gap(font: str, size: float) -> str:
    """Return as many spaces as make the blank: drafting units leave spaces, not lines."""
    spaces: int = round(BLANK / stringWidth(" ", font, size))
    return " " * spaces


def _text_size(page: Page) -> float:
    return 14 if page.kind == "party" else 13


def _number_line(page: Page) -> str:
    colon, joint = ("", "-") if page.kind == "party" else (":", "/")
    if page.number is None:
        return f"Số{colon}{_gap(_REGULAR, _text_size(page))}{joint}{page.symbol}"
    return f"Số{colon} {DocumentNumber(page.number, page.symbol)}"


def _date_line(page: Page) -> str:
    """Day below 10 and months 1 and 2 with a nought before them (NĐ 30/2020 Phụ lục I, II.4.b)."""
    year = page.day.year if page.day else page.year or ""
    if page.day is None:
        gap = _gap(_ITALIC, _text_size(page))
        return f"{page.place}, ngày{gap}tháng{gap}năm {year}"
    month = f"{page.day.month:02d}" if page.day.month <= 2 else str(page.day.month)  # noqa: PLR2004  January, February
    return f"{page.place}, ngày {page.day.day:02d} tháng {month} năm {year}"


def _is_letter(page: Page) -> bool:
    return page.doc_type.casefold() == "công văn"


def _agency_lines(page: Page) -> list[_Line]:
    size, width = _text_size(page), _LEFT_COLUMN - 8
    lines = [_Line(text, _REGULAR, size) for text in simpleSplit(page.parent.upper(), _REGULAR, size, width)]
    lines += [_Line(text, _BOLD, size) for text in simpleSplit(page.agency.upper(), _BOLD, size, width)]
    if page.kind == "party":
        return [*lines, _Line("*")]
    return [*lines[:-1], replace(lines[-1], rule=0.4)]


def _heading_lines(page: Page) -> list[_Line]:
    if page.kind == "party":
        return [_Line("ĐẢNG CỘNG SẢN VIỆT NAM", _BOLD, 15, rule=1)]
    return [
        _Line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", _BOLD, 12.5),
        _Line("Độc lập - Tự do - Hạnh phúc", _BOLD, 13.5, rule=1),
    ]


def _columns(page: Page) -> tuple[list[_Line], list[_Line]]:
    """Return both columns of the header; number and date stand on one line (NĐ 30/2020 Phụ lục I, III.3)."""
    left, right, size = _agency_lines(page), _heading_lines(page), _text_size(page)
    row = 2 + max(sum(map(_leading, left)), sum(map(_leading, right)))
    for column in (left, right):
        column.append(_Line("", size=(row - sum(map(_leading, column))) / _LEADING))
    left.append(_Line(_number_line(page), _REGULAR, size))
    right.append(_Line(_date_line(page), _ITALIC, size))
    if _is_letter(page):
        font = _ITALIC if page.kind == "party" else _REGULAR
        left += [_Line(text, font, 12) for text in simpleSplit(f"V/v {page.subject}", font, 12, _LEFT_COLUMN - 8)]
    return left, right


class _Header(Flowable):  # type: ignore[misc]  # reportlab has no types
    """The two columns above the text, and the red marks under the left one."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._columns = _columns(page)
        self._marks = [mark for mark in (page.secrecy, page.urgency) if mark]

    def wrap(self, *_available: float) -> tuple[float, float]:
        self.height = (
            max(sum(_leading(line) for line in column) for column in self._columns) + 30 * len(self._marks) + 14
        )
        return _WIDTH, self.height

    def draw(self) -> None:
        bottom = _draw_column(self.canv, self._columns[0], _LEFT_COLUMN / 2, self.height)
        _draw_column(self.canv, self._columns[1], (_LEFT_COLUMN + _WIDTH) / 2, self.height)
        for mark in self._marks:
            bottom -= 30
            _draw_mark(self.canv, mark, _LEFT_COLUMN / 2, bottom)


class _Footer(Flowable):  # type: ignore[misc]  # reportlab has no types
    """Recipients on the left, who signs on the right: never torn apart by the end of a page."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        size = 14 if page.kind == "party" else 13.5
        self._above = [_Line(text, _BOLD, size) for text in (page.authority.upper(), page.title.upper()) if text]
        self._name = _Line(page.signer, _BOLD, 14)
        self._list = [f"- {item}" for item in page.recipients]
        self._heading = (_REGULAR, 14) if page.kind == "party" else (_BOLD_ITALIC, 12)

    def wrap(self, *_available: float) -> tuple[float, float]:
        self.height = 12 + max(sum(map(_leading, self._above)) + SIGNATURE_GAP + 6, 20 + 15 * len(self._list))
        return _WIDTH, self.height

    def draw(self) -> None:
        centre, top = 0.72 * _WIDTH, self.height - 12
        bottom = _draw_column(self.canv, self._above, centre, top)
        title_baseline = bottom + _leading(self._above[-1]) - self._above[-1].size
        self.canv.setFont(self._name.font, self._name.size)
        self.canv.drawCentredString(centre, title_baseline - SIGNATURE_GAP, self._name.text)
        if self._list:
            self.canv.setFont(*self._heading)
            self.canv.drawString(0, top - 14, "Nơi nhận:")
            self.canv.setFont(_REGULAR, 12)
            for index, item in enumerate(self._list, 1):
                self.canv.drawString(0, top - 14 - 15 * index, item)


def _leading(line: _Line) -> float:
    return line.size * _LEADING + (5 if line.rule else 0)


def _draw_column(canvas: Any, lines: Sequence[_Line], centre: float, top: float) -> float:
    """Draw centred lines downwards; return where the next would begin."""
    for line in lines:
        baseline = top - line.size
        canvas.setFont(line.font, line.size)
        canvas.drawCentredString(centre, baseline, line.text)
        if line.rule:
            half = stringWidth(line.text, line.font, line.size) * line.rule / 2
            canvas.setLineWidth(0.7)
            canvas.line(centre - half, baseline - 4.5, centre + half, baseline - 4.5)
        top -= _leading(line)
    return top


def _draw_mark(canvas: Any, mark: str, centre: float, bottom: float) -> None:
    """Draw a secrecy or urgency mark in a red frame 8 mm high (NĐ 30/2020 Phụ lục I, III.2)."""
    half = stringWidth(mark, _BOLD, 14) / 2 + 8
    canvas.saveState()
    canvas.setStrokeColorRGB(*_RED)
    canvas.setFillColorRGB(*_RED)
    canvas.setLineWidth(1.2)
    canvas.rect(centre - half, bottom, 2 * half, 8 * MM)
    canvas.setFont(_BOLD, 14)
    canvas.drawCentredString(centre, bottom + 6.5, mark)
    canvas.restoreState()


def _middle(page: Page) -> list[Flowable]:
    centred = ParagraphStyle("centred", fontName=_BOLD, fontSize=14, leading=18.5, alignment=TA_CENTER)
    heading = ParagraphStyle("heading", parent=centred, fontSize=15 if page.kind == "party" else 14, spaceBefore=8)
    subject = ParagraphStyle("subject", parent=centred, spaceAfter=12)
    address = ParagraphStyle("address", leftIndent=150, spaceAfter=2, **_BODY)
    text = ParagraphStyle("text", alignment=TA_JUSTIFY, firstLineIndent=12.7 * MM, spaceAfter=6, **_BODY)
    flow: list[Flowable] = []
    if not _is_letter(page):
        flow += [Paragraph(escape(page.doc_type.upper()), heading), Paragraph(escape(page.subject), subject)]
    for index, addressee in enumerate(page.addressees):
        first = ParagraphStyle("first", parent=address, firstLineIndent=-60)
        flow.append(
            Paragraph(("Kính gửi: " if index == 0 else "") + f"- {escape(addressee)}", address if index else first)
        )
    if page.addressees:
        flow.append(Spacer(0, 8))
    return [*flow, *(Paragraph(escape(paragraph), text) for paragraph in page.body)]


def _number_page(canvas: Any, template: Any) -> None:
    """Number the second page and those after it, centred in the upper margin."""
    canvas.setFont(_REGULAR, 13)
    canvas.drawCentredString(_LEFT + _WIDTH / 2, A4[1] - 13 * MM, str(template.page))
