"""Official documents typed up for the tests of this room: positions and fonts as the two form guides want them."""

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import pypdfium2 as pdfium
from PIL import Image, ImageChops
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

WIDTH, HEIGHT = A4
LEFT_COLUMN, RIGHT_COLUMN, MIDDLE = 170.0, 420.0, 318.0
MARGIN_LEFT, MARGIN_RIGHT = 85.0, 552.0
_FACES = {"": "Regular", "b": "Bold", "i": "Italic", "bi": "BoldItalic"}
_FONTS = files("vanthu_cli") / "fonts"
for _face in _FACES.values():
    pdfmetrics.registerFont(TTFont(f"Serif{_face}", io.BytesIO((_FONTS / f"LiberationSerif-{_face}.ttf").read_bytes())))


@dataclass(frozen=True)
class Text:
    """`y` counts down from the top edge; `x` is the left edge, or the centre when `centred`."""

    x: float
    y: float
    text: str
    face: str = ""
    size: float = 14
    centred: bool = False
    turned: float = 0

    @property
    def font(self) -> str:
        return f"Serif{_FACES[self.face]}"


def width(text: str, size: float = 14, face: str = "") -> float:
    return float(pdfmetrics.stringWidth(text, f"Serif{_FACES[face]}", size))


def centred(x: float, y: float, text: str, face: str = "", size: float = 14) -> Text:
    return Text(x, y, text, face, size, centred=True)


def make_pdf(
    *pages: list[Text],
    nfd: bool = False,
    scrambled: bool = False,
    rotate: int = 0,
    size: tuple[float, float] = A4,
    origin: tuple[float, float] = (0, 0),
    margin: float = 0,
    title: str | None = None,
    password: str | None = None,
    fields: Sequence[tuple[float, float, str]] = (),
    boxes: Sequence[tuple[float, float, float, float]] = (),
    grey: float = 0,
) -> bytes:
    """Draw pages of `size`; `fields` puts annotations with appearances of their own on page 1, as signature tools do.

    `rotate`: the page is stored turned and a viewer turns it back. `origin`: where its lower left corner lies. `margin`:
    the MediaBox is larger than what is seen by that much on each side. `boxes`: filled rectangles (x, y, width, height) in
    a tone of `grey` (0 black, 1 white).
    """
    out = io.BytesIO()
    paper = canvas.Canvas(out, encrypt=password, invariant=True)
    if title:
        paper.setTitle(title)
    for texts in pages or ([],):
        _put_up(paper, rotate, size, (origin[0] + margin, origin[1] + margin), margin)
        for x, y, value in fields:
            paper.acroForm.textfield(
                value=value, x=x, y=HEIGHT - y - 3, width=26, height=15, borderWidth=0, fontSize=12, forceBorder=False
            )
        fields = ()
        paper.setFillGray(grey)
        for x, y, wide, high in boxes:
            paper.rect(x, size[1] - y - high, wide, high, stroke=0, fill=1)
        paper.setFillGray(0)
        drawn = sorted(texts, key=lambda text: text.text[::-1]) if scrambled else texts
        for text in drawn:
            _draw(paper, text, size[1], nfd=nfd)
        paper.showPage()
    paper.save()
    return out.getvalue()


def _put_up(
    paper: canvas.Canvas, rotate: int, size: tuple[float, float], origin: tuple[float, float], margin: float
) -> None:
    """Begin a page so that what is drawn upright on `size` is stored turned, moved and cut."""
    wide, high = size
    stored = (high, wide) if rotate in (90, 270) else size
    whole = origin[0] + stored[0] + margin, origin[1] + stored[1] + margin
    paper.setPageSize(whole[::-1] if rotate in (90, 270) else whole)  # reportlab turns it round for such pages
    paper.setPageRotation(rotate)
    if origin != (0, 0):
        paper.setCropBox((*origin, origin[0] + stored[0], origin[1] + stored[1]))
        paper.translate(*origin)
    turns = {90: (0, 1, -1, 0, high, 0), 180: (-1, 0, 0, -1, wide, high), 270: (0, -1, 1, 0, 0, wide)}
    if rotate:
        paper.transform(*turns[rotate])


def _draw(paper: canvas.Canvas, text: Text, high: float, *, nfd: bool, mode: int = 0) -> None:
    words = unicodedata.normalize("NFD", text.text) if nfd else text.text
    x = text.x - pdfmetrics.stringWidth(text.text, text.font, text.size) / 2 if text.centred else text.x
    paper.saveState()
    paper.translate(x, high - text.y)
    paper.rotate(text.turned)
    line = paper.beginText(0, 0)
    line.setFont(text.font, text.size)
    line.setTextRenderMode(mode)
    line.textOut(words)
    paper.drawText(line)
    paper.restoreState()


def scan() -> bytes:
    """Make a page without any text, as a scanner leaves it."""
    out = io.BytesIO()
    paper = canvas.Canvas(out, pagesize=A4, invariant=True)
    paper.rect(60, 60, 400, 600, fill=1)
    paper.showPage()
    paper.save()
    return out.getvalue()


Layer = Literal["none", "hidden", "under", "seen"]
"""The text of a scan: not recognised, invisible (mode 3), drawn under the picture, printed over it."""


def photograph(pdf: bytes, dpi: float, mode: str = "RGB", paper: int = 236, grain: int = 6) -> list[Image.Image]:
    """Return the pages of a PDF as a scanner sees them: on paper that is not quite white, with grain and specks."""
    pictures = []
    with pdfium.PdfDocument(pdf) as document:
        for page in document:
            plain = page.render(scale=dpi / 72, grayscale=True).to_pil()
            toned = plain.point([level * paper // 255 for level in range(256)])
            noise = Image.effect_noise(toned.size, grain)
            specks = Image.effect_noise(toned.size, 30).point([0 if level > 23 else 255 for level in range(256)])
            seen = ImageChops.add(toned, noise, 1, -128)
            seen.paste(40, mask=specks)
            pictures.append(seen.convert(mode))
    return pictures


def scanned(
    *pages: list[Text],
    layer: Layer = "hidden",
    dpi: float = 80,
    mode: str = "RGB",
    written: Sequence[Text] = (),
    rotate: int = 0,
    strips: int = 1,
    share: float = 1,
) -> bytes:
    """Make the scan of a document; `written` is on the paper (page 1) but was not recognised as text.

    `strips`: the picture is stored in so many pieces; `share`: the part of the page's height that it covers.
    """
    shots = photograph(
        make_pdf(*[[*page, *(written if not index else ())] for index, page in enumerate(pages)]), dpi, mode
    )
    out = io.BytesIO()
    paper = canvas.Canvas(out, invariant=True)
    for texts, shot in zip(pages, shots, strict=True):
        _put_up(paper, rotate, A4, (0, 0), 0)
        under, over = {"none": (None, None), "hidden": (None, 3), "under": (0, None)}.get(layer, (None, 0))
        for text in texts if under is not None else ():
            _draw(paper, text, HEIGHT, nfd=False, mode=under or 0)
        step = -(-shot.height // strips)
        for top in range(0, shot.height, step):
            part = shot.crop((0, top, shot.width, min(top + step, shot.height)))
            bottom = HEIGHT - share * HEIGHT * min(top + step, shot.height) / shot.height
            paper.drawImage(jpeg(part), 0, bottom, WIDTH, share * HEIGHT * part.height / shot.height)
        for text in texts if over is not None else ():
            _draw(paper, text, HEIGHT, nfd=False, mode=over or 0)
        paper.showPage()
    paper.save()
    return out.getvalue()


def jpeg(picture: Image.Image) -> ImageReader:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return ImageReader(out)


def with_annotation(pdf: bytes, rect: tuple[float, float, float, float], **entries: Any) -> bytes:
    """Put an annotation without an appearance on page 1; `rect` in default user space, `entries` as in the dictionary."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    values = {
        NameObject(f"/{key}"): NameObject(value) if isinstance(value, str) else value for key, value in entries.items()
    }
    annotation = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Rect"): ArrayObject([FloatObject(value) for value in rect]),
            **values,
        }
    )
    page = writer.pages[0]
    annotations = page.setdefault(NameObject("/Annots"), ArrayObject()).get_object()
    annotations.append(writer._add_object(annotation))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def paragraphs(y: float, text: str, size: float = 14) -> list[Text]:
    """Wrap `text` as body paragraphs (one a line of `text`), the first line of each indented by 28 pt."""
    lines: list[Text] = []
    for paragraph in text.strip().splitlines():
        x, words, current = MARGIN_LEFT + 28, paragraph.split(), ""
        for word in words:
            longer = f"{current} {word}".strip()
            if x + width(longer, size) > MARGIN_RIGHT:
                lines.append(Text(x, y, current, size=size))
                x, y, current = MARGIN_LEFT, y + 18, word
            else:
                current = longer
        lines.append(Text(x, y, current, size=size))
        y += 22
    return lines


PARTY_DATE = "Hải Dương, ngày 28 tháng 4 năm 2021"
STATE_DATE = "Hải Dương, ngày 05 tháng 02 năm 2026"


def party_header(
    number: str = "Số 145 - CV/TU",
    date: str = PARTY_DATE,
    subject: tuple[str, ...] = ("V/v gửi, nhận văn bản trên mạng", "thông tin điện rộng của Đảng"),
    agency: str = "TỈNH ỦY HẢI DƯƠNG",
    parent: str | None = None,
) -> list[Text]:
    top = [centred(LEFT_COLUMN, 62, parent)] if parent else []
    y = 80 if parent else 62
    return [
        *top,
        centred(LEFT_COLUMN, y, agency, "b"),
        centred(LEFT_COLUMN, y + 16, "*"),
        centred(LEFT_COLUMN, y + 34, number),
        *(centred(LEFT_COLUMN, y + 52 + 14 * i, line, "i", 12) for i, line in enumerate(subject)),
        centred(RIGHT_COLUMN, 62, "ĐẢNG CỘNG SẢN VIỆT NAM", "b", 15),
        centred(RIGHT_COLUMN, 96, date, "i"),
    ]


def state_header(
    number: str = "Số: 15/QĐ-SNV",
    date: str = STATE_DATE,
    subject: tuple[str, ...] = (),
    agency: tuple[str, ...] = ("SỞ NỘI VỤ",),
    parent: tuple[str, ...] = ("UBND TỈNH HẢI DƯƠNG",),
) -> list[Text]:
    column = 165.0
    names = [(line, "") for line in parent] + [(line, "b") for line in agency]
    y = 62 + 16 * len(names) + 14
    return [
        *(centred(column, 62 + 16 * i, line, face, 13) for i, (line, face) in enumerate(names)),
        centred(column, y, number, "", 13),
        *(centred(column, y + 16 + 14 * i, line, "", 12) for i, line in enumerate(subject)),
        centred(435, 62, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "b", 12),
        centred(435, 78, "Độc lập - Tự do - Hạnh phúc", "b", 13),
        centred(435, y, date, "i", 13),
    ]


def signer(
    y: float,
    *,
    upper: tuple[str, ...] = ("T/M BAN THƯỜNG VỤ", "PHÓ BÍ THƯ THƯỜNG TRỰC"),
    name: str = "Lê Văn Hiệu",
    gap: float = 96,
    recipients: tuple[str, ...] = (
        "- Như kính gửi,",
        "- Ban Thường vụ Tỉnh ủy,",
        "- Các đồng chí Tỉnh ủy viên,",
        "- Lưu Văn phòng Tỉnh ủy.",
    ),
    heading: str = "Nơi nhận:",
) -> list[Text]:
    last = y + 17 * (len(upper) - 1)
    return [
        Text(MARGIN_LEFT, y, heading, "bi", 12),
        *(Text(MARGIN_LEFT, y + 16 + 14 * i, item, "", 11) for i, item in enumerate(recipients)),
        *(centred(RIGHT_COLUMN, y + 17 * i, line, "b") for i, line in enumerate(upper)),
        centred(RIGHT_COLUMN, last + gap, name, "b"),
    ]


def dispatch_145(number: str = "Số 145 - CV/TU", date: str = PARTY_DATE) -> list[list[Text]]:
    """Return the two pages of 145-CV/TU, the dispatch this program was asked for."""
    greeting = [
        Text(150, 190, "Kính gửi:"),
        Text(215, 190, "- Các huyện ủy, thị ủy, thành ủy, đảng ủy trực thuộc,"),
        Text(215, 208, "- Các ban xây dựng Đảng Tỉnh ủy,"),
        Text(215, 226, "- Các sở, ngành, đoàn thể tỉnh,"),
    ]
    first = paragraphs(
        256,
        "Ngày 03/12/2020, Ban Thường vụ Tỉnh ủy đã ban hành Quy định số 32-QĐ/TU về việc gửi, nhận văn bản điện tử"
        " trên mạng thông tin điện rộng của Đảng và trên mạng Internet. Từ đó đến nay, nhìn chung các cơ quan, đơn vị"
        " đã tăng cường sử dụng và tích cực thực hiện gửi, nhận văn bản trên mạng, góp phần nâng cao hiệu quả công"
        " tác. Tuy nhiên, việc trao đổi thông tin, thực hiện gửi nhận văn bản trên mạng giữa các cơ quan chưa đạt yêu"
        " cầu, chưa thực hiện ký số nên không bảo đảm tính pháp lý theo quy định.\n"
        "Để tăng cường, sử dụng hiệu quả các thiết bị công nghệ thông tin đã trang bị và thực hiện nghiêm túc việc"
        " gửi, nhận văn bản theo tinh thần Nghị quyết số 26-NQ/TU, ngày 26/3/2021 của Ban Chấp hành Đảng bộ tỉnh, từ"
        " tháng 5 năm 2021, Ban Thường vụ Tỉnh ủy yêu cầu:\n"
        "1- Các ban xây dựng Đảng Tỉnh ủy và các huyện ủy, thị ủy, thành ủy, đảng ủy trực thuộc phải thực hiện nghiêm"
        " túc việc gửi, nhận văn bản giữa các cơ quan đảng trên mạng theo Quy định số 32-QĐ/TU.\n"
        "2- Đối với các sở, ngành, đoàn thể tỉnh, trước mắt, thực hiện tiếp nhận, xử lý các văn bản của các cơ quan"
        " đảng gửi đến qua hệ thống thư điện tử công vụ trên mạng internet.",
    )
    second = paragraphs(
        90,
        "3- Văn phòng Tỉnh ủy triển khai, thực hiện nghiêm túc, triệt để việc gửi, nhận văn bản điện tử theo Quy định"
        " số 32-QĐ/TU, không gửi kèm theo văn bản giấy (trừ các văn bản MẬT và các văn bản đã được quy định tại Điều"
        " 8, Quy định số 32-QĐ/TU).\n"
        "4- Các cơ quan, đơn vị gửi văn bản điện tử về Văn phòng Tỉnh ủy theo địa chỉ vanthu@tuhaiduong trên mạng"
        " thông tin diện rộng của Đảng hoặc vanthuvptu@haiduong.gov.vn trên Internet. Đồng thời, gửi 01 bản giấy.\n"
        "Đề nghị các cơ quan, đơn vị nghiêm túc triển khai, thực hiện.",
    )
    return [
        party_header(number, date) + greeting + first,
        [centred(MIDDLE, 40, "2"), *second, *signer(340)],
    ]
