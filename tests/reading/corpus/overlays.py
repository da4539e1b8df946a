"""What is printed over a finished page: arrival stamps, signature tools' texts, watermarks, codes, footers."""

import io
from collections.abc import Sequence

from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen import canvas
from tests.reading.pages import HEIGHT

OVERLAYS = (
    "arrival-right",
    "arrival-top",
    "arrival-left",
    "signed-by",
    "signer-mail",
    "signed-en",
    "watermark",
    "code",
)
_ARRIVAL = ("VĂN PHÒNG TỈNH ỦY", "ĐẾN", "Số: 310", "Ngày: 05/3/2026", "Chuyển: ................")
_SIGNED = {
    "signed-by": (330.0, 22.0, ("Ký bởi: Nguyễn Văn An", "Cơ quan: Văn phòng", "Ngày ký: 03/03/2026 08:15:02")),
    "signer-mail": (
        400.0,
        14.0,
        (
            "Người ký: Văn thư Cơ quan",
            "Email: vanthu@example.gov.vn",
            "Cơ quan: Tỉnh Phú Yên",
            "Thời gian ký: 05.03.2026 10:22:33 +07:00",
        ),
    ),
    "signed-en": (60.0, 14.0, ("Signed by: Tran Van Binh, OU=Office, C=VN", "Date: 2026.03.04 09:00:11 +07:00")),
}


def print_over(pdf: bytes, names: Sequence[str]) -> bytes:
    """Return the PDF with the overlays `names` on page 1, drawn after everything else."""
    if not names:
        return pdf
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    for name in names:
        writer.pages[0].merge_page(PdfReader(io.BytesIO(_drawn(name))).pages[0])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _drawn(name: str) -> bytes:
    out = io.BytesIO()
    paper = canvas.Canvas(out, invariant=True)
    if name.startswith("arrival"):
        x, y = {"arrival-right": (455.0, 128.0), "arrival-top": (244.0, 8.0), "arrival-left": (22.0, 178.0)}[name]
        _arrival(paper, x, y, 50 if name == "arrival-top" else 66)
    elif name in _SIGNED:
        x, y, lines = _SIGNED[name]
        paper.setFont("SerifRegular", 7.5)
        for index, line in enumerate(lines):
            paper.drawString(x, HEIGHT - y - 9 * index, line)
    elif name == "watermark":
        paper.setFillGray(0.8)
        paper.translate(300, 420)
        paper.rotate(50)
        paper.setFont("SerifBold", 40)
        paper.drawCentredString(0, 0, "vanthu_tinh - 05/3/2026")
    else:
        for index in range(40):
            paper.rect(40 + 2.2 * index, 30, 0.6 + index % 3 * 0.4, 18, stroke=0, fill=1)
        paper.setFont("SerifRegular", 8)
        paper.drawString(40, 20, "vbdt-20260305-000310")
        paper.drawRightString(550, 20, "Trang 1/1")
    paper.showPage()
    paper.save()
    return out.getvalue()


def _arrival(paper: canvas.Canvas, x: float, y: float, high: float) -> None:
    paper.setFillColorRGB(0.8, 0, 0.1)
    paper.setStrokeColorRGB(0.8, 0, 0.1)
    paper.rect(x, HEIGHT - y - high, 106, high)
    step = high / (len(_ARRIVAL) + 0.5)
    for index, line in enumerate(_ARRIVAL):
        paper.setFont("SerifBold" if index < 2 else "SerifRegular", 9 if high > 60 else 8)
        baseline = HEIGHT - y - step * (index + 1)
        if index < 2:
            paper.drawCentredString(x + 53, baseline, line)
        else:
            paper.drawString(x + 5, baseline, line)
