"""The printed forms of a dossier (NĐ 30/2020 Phụ lục V): index of its documents (IV), minutes of handing it over (V). A4.

Forms of law: their words are Vietnamese whatever the program speaks. The same values give the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.platypus import CondPageBreak, KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports.books import plain
from vanthu_cli.reports.dossier import HEADINGS, WIDTHS, Line, headline
from vanthu_cli.reports.pages import BOLD, ITALIC, REGULAR, counted, drawable, load_fonts

_LEFT: float = 25 * mm
"""Wider than the right margin: here the dossier is bound."""
_RIGHT: float = 15 * mm
_WIDTH: float = A4[0] - _LEFT - _RIGHT
_GRID = [
    ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]
_NOT_IN_COPY = {
    "no-file": "không có tệp điện tử",
    "not-pdf": "không ghép: không phải tệp PDF",
    "locked": "KHÔNG ghép được: tệp có mật khẩu",
    "broken": "KHÔNG ghép được: tệp hỏng",
    "too-slow": "KHÔNG ghép được: xử lý quá lâu",
    "too-long": "KHÔNG ghép được: quá nhiều trang",
    "missing": "KHÔNG ghép được: thiếu tệp trong kho",
}


@dataclass(frozen=True, slots=True)
class Office:
    """Who prints: the office, the body above it, the place, and whether it is one of the Party."""

    name: str
    parent: str
    place: str
    party: bool


@dataclass(frozen=True, slots=True)
class Original:
    """A file of the register: its document's place in the index, its name, SHA-256, and where it is in the copy.

    `first` is the page on which it begins there; None: it is not there, and `fate` says why. `layers`: hidden ones can be seen there.
    """

    ordinal: int
    name: str
    sha256: str
    first: int | None
    fate: str = ""
    layers: bool = False

    @property
    def where(self) -> str:
        if self.first is None:
            return _NOT_IN_COPY[self.fate]
        return f"từ trang {self.first}" + ("; tệp có lớp ẩn, bản ghép hiện cả lớp đó" if self.layers else "")


@dataclass(frozen=True, slots=True)
class Transfer:
    """What the minutes say: days and files of the dossier, the package's name and the SHA-256 of its list, state of signatures."""

    first_day: str
    last_day: str
    files: int
    name: str
    manifest: str
    condition: str


def index_pdf(dossier: Dossier, lines: Sequence[Line], out: BinaryIO) -> None:
    """Write the index (form IV)."""
    _build(_index(dossier, lines), out, dossier, "Mục lục văn bản")


def reading_index_pdf(
    dossier: Dossier, lines: Sequence[Line], originals: Sequence[Original], out: BinaryIO, *, office: str, day: date
) -> None:
    """Write the index of a copy for reading: what it is not, and by what the originals are found."""
    told = (
        f"Bản ghép để đọc, do {office} kết xuất ngày {day:%d/%m/%Y}. Chữ ký số không còn trong bản ghép: chúng nằm trong các văn bản gốc, "
        "được giữ nguyên vẹn trong sổ đăng ký với mã SHA-256 ghi ở danh sách sau mục lục."
    )
    head, *rest = _index(dossier, lines)
    flow = [head, _text(told, _style(10, face=ITALIC, spaceAfter=6, alignment=TA_JUSTIFY)), *rest]
    flow += [CondPageBreak(40 * mm), Spacer(1, 5 * mm), _text("Văn bản gốc", _style(12, face=BOLD, spaceAfter=3))]
    small, tiny = _style(9), _style(7)
    rows = [[_text(each, _style(9, face=BOLD)) for each in ("STT", "Tệp", "SHA-256", "Trong bản ghép")]]
    rows += [
        [
            _text(str(each.ordinal), small),
            _text(each.name, small),
            _text(each.sha256 or "–", tiny),
            _text(each.where, small),
        ]
        for each in originals
    ]
    flow.append(_grid(rows, (6, 26, 49, 19), headings=1))
    _build(flow, out, dossier, "Mục lục văn bản")


def _index(dossier: Dossier, lines: Sequence[Line]) -> list[Any]:
    first, *others = headline(dossier)
    head = [_text(first, _style(14, face=BOLD, alignment=TA_CENTER))]
    head += [_text(each, _style(13, face=BOLD, alignment=TA_CENTER)) for each in others]
    bold, text, centred = _style(10, face=BOLD, alignment=TA_CENTER), _style(10), _style(10, alignment=TA_CENTER)
    rows = [[_text(each, bold) for each in HEADINGS]]
    rows += [[_text(f"({place})", centred) for place in range(1, len(HEADINGS) + 1)]]
    middle = {0, 2, 5}
    rows += [
        [_text(cell, centred if place in middle else text) for place, cell in enumerate(each.cells)] for each in lines
    ]
    return [KeepTogether([*head, Spacer(1, 4 * mm)]), _grid(rows, WIDTHS, headings=2)]


def minutes_pdf(dossier: Dossier, transfer: Transfer, office: Office, out: BinaryIO) -> None:
    """Write the minutes (form V); what only the two sides know is left to be filled in by hand."""
    text, bold = _style(12.5, spaceAfter=3, alignment=TA_JUSTIFY), _style(12.5, face=BOLD, spaceAfter=3)
    title = _style(14, face=BOLD, alignment=TA_CENTER)
    who = ["Ông (bà):", "Chức vụ công tác:"]
    flow: list[Any] = [_letterhead(office), Spacer(1, 5 * mm), _text("BIÊN BẢN", title)]
    flow += [_text("Giao nhận hồ sơ, tài liệu", title), Spacer(1, 5 * mm)]
    if not office.party:
        decree = "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư;"
        flow.append(_text(decree, text))
    flow += [_text(f"Căn cứ Danh mục hồ sơ năm {dossier.year},", text), _text("Chúng tôi gồm:", text)]
    for side in (f"BÊN GIAO: {office.name}", "BÊN NHẬN: (Lưu trữ cơ quan)"):
        flow += [_text(side, bold), *(_blank(each) for each in who)]
    said = (
        "Thống nhất lập biên bản giao nhận tài liệu với những nội dung như sau:",
        f"1. Tên khối tài liệu giao nộp: Hồ sơ số {dossier.code} năm {dossier.year}: {dossier.title}",
        f"2. Thời gian của hồ sơ, tài liệu: từ ngày {transfer.first_day} đến ngày {transfer.last_day}",
        "3. Số lượng tài liệu:",
        "a) Đối với hồ sơ, tài liệu giấy",
        "- Tổng số hộp (cặp): ……………………",
        "- Tổng số hồ sơ (đơn vị bảo quản): …………… Quy ra mét giá: …………… mét.",
        "b) Đối với hồ sơ, tài liệu điện tử",
        "- Tổng số hồ sơ: 01",
        f"- Tổng số tệp tin trong hồ sơ: {transfer.files:02d}",
        f"4. Tình trạng tài liệu giao nộp: {transfer.condition} Gói hồ sơ “{transfer.name}”, mã SHA-256 của manifest-sha256.txt:",
    )
    flow += [_text(each, text) for each in said]
    flow.append(_text(transfer.manifest, _style(10.5, alignment=TA_CENTER, spaceAfter=4)))
    flow.append(_text("5. Mục lục hồ sơ, tài liệu nộp lưu kèm theo.", text))
    end = "Biên bản này được lập thành hai bản; bên giao giữ một bản, bên nhận giữ một bản./."
    # Signatures alone on a sheet would vouch for nothing.
    flow.append(KeepTogether([_text(end, text), Spacer(1, 4 * mm), _signatures()]))
    _build(flow, out, dossier, "Biên bản giao nhận")


def _blank(label: str) -> Grid:
    """Return a line to be filled in by hand."""
    style = _style(12.5)
    wide = pdfmetrics.stringWidth(label, REGULAR, 12.5) + 6
    dotted = [("LINEBELOW", (1, 0), (1, 0), 0.7, colors.black, "round", (0.5, 2.5))]
    flat = [(f"{side}PADDING", (0, 0), (-1, -1), 1) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
    return Grid([[_text(label, style), ""]], colWidths=[wide, _WIDTH - wide], style=[*flat, *dotted], spaceAfter=3)


def _letterhead(office: Office) -> Grid:
    centred, bold = _style(12, alignment=TA_CENTER), _style(12, face=BOLD, alignment=TA_CENTER)
    left = [
        _text(office.parent.upper(), centred),
        _text(office.name.upper(), bold),
        _text("*" if office.party else "_" * 10, centred),
    ]
    right = (
        [_text("ĐẢNG CỘNG SẢN VIỆT NAM", bold), _text("", centred)]
        if office.party
        else [
            _text("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", bold),
            _text("Độc lập - Tự do - Hạnh phúc", bold),
            _text("_" * 26, centred),
        ]
    )
    place = _style(12, face=ITALIC, alignment=TA_CENTER, spaceBefore=6)
    right.append(_text(f"{office.place}, ngày …… tháng …… năm ………", place))
    return Grid([[left, right]], colWidths=[_WIDTH * 0.42, _WIDTH * 0.58], style=[("VALIGN", (0, 0), (-1, -1), "TOP")])


def _signatures() -> Grid:
    bold, text = _style(12.5, face=BOLD, alignment=TA_CENTER), _style(12, face=ITALIC, alignment=TA_CENTER)
    cells = [
        [_text(each, bold) for each in ("ĐẠI DIỆN BÊN GIAO", "ĐẠI DIỆN BÊN NHẬN")],
        [_text("(Ký và ghi rõ họ và tên)", text)] * 2,
        [Spacer(1, 20 * mm)] * 2,
    ]
    return Grid(cells, colWidths=[_WIDTH / 2] * 2)


def _grid(rows: Sequence[Sequence[Any]], widths: Sequence[int], *, headings: int) -> Grid:
    shares = [_WIDTH * each / sum(widths) for each in widths]
    return Grid(rows, colWidths=shares, style=_GRID, repeatRows=headings, splitInRow=1)


def _build(flow: Sequence[Any], out: BinaryIO, dossier: Dossier, what: str) -> None:
    name = f"{what} – Hồ sơ {dossier.code} năm {dossier.year}"

    def foot(canvas: Any, page: str) -> None:
        canvas.drawString(_LEFT, 9 * mm, drawable(plain(name)))
        canvas.drawRightString(A4[0] - _RIGHT, 9 * mm, page)

    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=_LEFT - 6, rightMargin=_RIGHT - 6, topMargin=18 * mm, bottomMargin=17 * mm,
        title=plain(name), author="vanthu", lang="vi", invariant=1,
    )  # fmt: skip
    document.build(list(flow), canvasmaker=counted(foot))


def _style(size: float, *, face: str = REGULAR, **more: Any) -> ParagraphStyle:
    load_fonts()
    # splitLongWords breaks what has no spaces: hashes, and names made to overflow.
    return ParagraphStyle("", fontName=face, fontSize=size, leading=size * 1.25, splitLongWords=1, **more)


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(drawable(plain(text))), style)
