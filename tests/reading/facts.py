"""Documents as facts, and their pages by three producers: what `read` finds can be counted against what is true.

Producers: reportlab's page layout (the practice office's own), text drawn word by word on a canvas (decomposed,
scrambled), LibreOffice Writer. Numbers and dates in subjects and bodies are there to be mistaken for the document's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import cycle

from tests.reading.pages import (
    LEFT_COLUMN,
    MARGIN_LEFT,
    MIDDLE,
    RIGHT_COLUMN,
    Text,
    centred,
    paragraphs,
    signer,
    width,
)
from tests.reading.pages import make_pdf as draw
from tests.reading.writer import BLANKS, Written

from vanthu_cli.document.fields import Reading
from vanthu_cli.document.symbol import DocumentNumber
from vanthu_cli.sandbox.documents import Page

FIELDS = (
    "number",
    "symbol",
    "date",
    "place",
    "agency",
    "parent_agency",
    "doc_type",
    "subject",
    "signer_name",
    "signer_title",
)
UBND = "UBND TỈNH HẢI DƯƠNG"
RESOLUTION = "thực hiện Nghị quyết số 18-NQ/TW, ngày 25 tháng 10 năm 2017 của Ban Chấp hành Trung ương khóa XII"
BODY = (
    "Thực hiện Công văn số 12-CV/TU, ngày 05 tháng 3 năm 2020 và Quyết định số 77/QĐ-UBND ngày 01 tháng 01 năm 2019.",
    "Đề nghị các đơn vị gửi báo cáo trước ngày 30 tháng 4 năm 2026.",
    "Số 99-BC/VPTU, ngày 02 tháng 02 năm 2022 không còn hiệu lực.",
)

_PARTY = (
    ("TỈNH ỦY HẢI DƯƠNG", "", 145, "CV/TU", "Công văn", "gửi, nhận văn bản trên mạng thông tin diện rộng của Đảng"),
    ("BAN TUYÊN GIÁO TỈNH ỦY", "", 7, "CV/BTGTU", "Công văn", "tuyên truyền ngày 30/4 và 01/5"),
    ("BAN TUYÊN GIÁO TỈNH ỦY", "TỈNH ỦY HẢI DƯƠNG", 8, "KH/BTGTU", "Kế hoạch", RESOLUTION),
    ("VĂN PHÒNG TỈNH ỦY", "TỈNH ỦY HẢI DƯƠNG", 24, "TB/VPTU", "Thông báo", "Lịch họp từ ngày 05 đến ngày 09 tháng 01"),
    ("ỦY BAN KIỂM TRA TỈNH ỦY", "", 31, "KL/UBKTTU", "Kết luận", "kiểm tra theo Quyết định số 12-QĐ/UBKTTU"),
    ("BAN CHẤP HÀNH ĐẢNG BỘ TỈNH", "", 5, "NQ/TU", "Nghị quyết", "về chuyển đổi số đến năm 2030"),
    ("ĐẢNG ỦY XÃ THANH MIỆN", "ĐẢNG BỘ THÀNH PHỐ HẢI PHÒNG", 12, "CTr/ĐU", "Chương trình", "công tác năm 2026"),
    ("HUYỆN ỦY NINH GIANG", "", 1145, "QĐ/HU", "Quy định", "về quản lý, sử dụng chữ ký số"),
    ("ĐẢNG ỦY CÁC CƠ QUAN ĐẢNG TỈNH", "TỈNH ỦY HẢI DƯƠNG", 9, "BC/ĐU", "Báo cáo", "kết quả quý I năm 2026"),
    ("BAN TỔ CHỨC TỈNH ỦY", "TỈNH ỦY HẢI DƯƠNG", 3, "HD/BTCTU", "Hướng dẫn", "một số nội dung Quy định số 22-QĐ/TW"),
    ("BAN THƯỜNG VỤ TỈNH ỦY", "", 2, "CT/TU", "Chỉ thị", "về bảo vệ bí mật nhà nước"),
    ("THÀNH ỦY CHÍ LINH", "", 29, "CV/TUCL", "Công văn", "cử đại biểu dự họp ngày 12 tháng 02 năm 2026 tại Hà Nội"),
)
_STATE = (
    ("SỞ NỘI VỤ", UBND, 15, "SNV-VP", "Công văn", "triển khai Nghị định số 30/2020/NĐ-CP ngày 05/3/2020"),
    ("ỦY BAN NHÂN DÂN TỈNH HẢI DƯƠNG", "", 20, "QĐ-UBND", "Quyết định", "Về việc sửa đổi Quyết định số 12/QĐ-UBND"),
    ("ỦY BAN NHÂN DÂN THÀNH PHỐ HẢI PHÒNG", "", 41, "2026/QĐ-UBND", "Quyết định", "Ban hành Quy chế công tác văn thư"),
    ("SỞ GIÁO DỤC VÀ ĐÀO TẠO", UBND, 66, "KH-SGDĐT", "Kế hoạch", "Tuyển sinh lớp 10 năm học 2026 - 2027"),
    ("CỤC VĂN THƯ VÀ LƯU TRỮ NHÀ NƯỚC", "BỘ NỘI VỤ", 700, "VTLTNN-NVĐP", "Công văn", "kiểm tra ngày 03/02/2026"),
    ("BỘ NỘI VỤ", "", 4, "CT-BNV", "Chỉ thị", "Về tăng cường công tác lưu trữ"),
    ("TRUNG TÂM Y TẾ HUYỆN NINH GIANG", "SỞ Y TẾ HẢI DƯƠNG", 88, "BC-TTYT", "Báo cáo", "Công tác phòng, chống dịch"),
    ("CHI CỤC KIỂM LÂM", "SỞ NÔNG NGHIỆP VÀ PHÁT TRIỂN NÔNG THÔN", 6, "TTr-CCKL", "Tờ trình", "Xin cấp kinh phí"),
    ("HỘI ĐỒNG NHÂN DÂN XÃ THANH MIỆN", "", 10, "NQ-HĐND", "Nghị quyết", "Về dự toán ngân sách năm 2026"),
    ("VĂN PHÒNG", UBND, 55, "TB-VP", "Thông báo", "Kết luận của Chủ tịch tại cuộc họp ngày 08/01/2026"),
    ("CỤC THUẾ TỈNH HẢI DƯƠNG", "TỔNG CỤC THUẾ", 123, "CT-TTHT", "Công văn", "hoàn thuế quý IV năm 2025"),
    ("TRƯỜNG CHÍNH TRỊ TỈNH HẢI DƯƠNG", "", 17, "GM-TCT", "Giấy mời", "Dự khai giảng lớp cao cấp"),
    # Mass organisations write in the State's form, or the Party's.
    ("BAN THƯỜNG TRỰC", "ỦY BAN MTTQ VIỆT NAM TỈNH HẢI DƯƠNG", 8, "KH-MTTQ-BTT", "Kế hoạch", "Tổ chức Ngày hội"),
    ("LIÊN ĐOÀN LAO ĐỘNG TỈNH HẢI DƯƠNG", "TỔNG LIÊN ĐOÀN LAO ĐỘNG VIỆT NAM", 33, "HD-LĐLĐ", "Hướng dẫn", "Đại hội"),
    ("HỘI LIÊN HIỆP PHỤ NỮ TỈNH HẢI DƯƠNG", "HỘI LIÊN HIỆP PHỤ NỮ VIỆT NAM", 19, "BTV-TC", "Công văn", "nhân sự"),
)
DAYS = (date(2026, 1, 5), date(2026, 2, 28), date(2025, 12, 31), date(2021, 4, 28), date(2026, 11, 3))


@dataclass(frozen=True)
class Case:
    """A page to be made, and what is true of it."""

    name: str
    written: Written

    @property
    def truth(self) -> dict[str, object]:
        page = self.written.page
        return {
            "number": page.number,
            "symbol": page.symbol,
            "date": page.day,
            "place": page.place,
            "agency": page.agency,
            "parent_agency": page.parent or None,
            "doc_type": page.doc_type,
            "subject": f"V/v {page.subject}" if page.doc_type == "Công văn" else page.subject,
            "signer_name": page.signer,
            "signer_title": page.title,
        }

    def judge(self, reading: Reading) -> dict[str, str]:
        """Return "right", "empty" or "wrong" per field."""
        found = {name: getattr(reading.fields, name) for name in FIELDS}
        return {
            name: "right" if found[name] == true else "empty" if found[name] is None else "wrong"
            for name, true in self.truth.items()
        }


def pages() -> Iterator[Page]:
    """Yield the finished documents."""
    days = cycle(DAYS)
    for kind, rows in (("party", _PARTY), ("state", _STATE)):
        for agency, parent, number, symbol, doc_type, subject in rows:
            yield Page(
                kind="party" if kind == "party" else "state",
                agency=agency,
                parent=parent,
                symbol=symbol,
                number=number,
                day=next(days),
                doc_type=doc_type,
                subject=subject,
                place="Hải Dương" if number % 2 else "Thành phố Hải Dương",
                body=BODY,
                authority="T/M BAN THƯỜNG VỤ" if kind == "party" else "KT. GIÁM ĐỐC",
                title="PHÓ BÍ THƯ" if kind == "party" else "PHÓ GIÁM ĐỐC",
                signer="Nguyễn Thị Mẫu Ánh" if number % 3 else "Lê Văn Hiệu",
                addressees=("Văn phòng Tỉnh ủy", "Sở Nội vụ") if number % 2 else ("Văn phòng Tỉnh ủy",),
                recipients=("Như trên", "Lưu: VT"),
                urgency="KHẨN" if number % 5 == 0 else None,
                secrecy="MẬT" if number % 11 == 0 else None,
            )


def draft(page: Page) -> Page:
    """Return the page as it goes to the leader: number, day and month blank."""
    return replace(page, number=None, day=None, year=2026)


def written_cases() -> list[Case]:
    """Return the pages that soffice is to make: finished ones, and drafts with every kind of blank."""
    cases = []
    blanks = cycle(BLANKS)
    for index, page in enumerate(pages()):
        whole = Written(page, decomposed=index % 2 == 1, rows=index % 3 != 0, pages=1 + index % 3)
        cases.append(Case(f"writer-{index}", whole))
        if index % 2:
            month = 11 if index % 4 == 1 else None
            blank = replace(whole, page=draft(page), blank=next(blanks), month=month)
            cases.append(Case(f"writer-draft-{index}", blank))
    joint = Written(draft(page), pages=2, partner=("CHỦ TỊCH LIÊN ĐOÀN LAO ĐỘNG", "Trần Văn Bình"))
    cases.append(Case("writer-joint", joint))
    return cases


def drawn(page: Page, *, weight: str | None = None, nfd: bool = False, scrambled: bool = False) -> bytes:
    """Draw the page word by word; `weight` gives agency and parent one look ("b" bold, "" plain)."""
    party = page.kind == "party"
    names = [(line, weight if weight is not None else "") for line in _wrapped(page.parent, 13)]
    names += [(line, weight if weight is not None else "b") for line in _wrapped(page.agency, 13, "b")]
    lines = [centred(LEFT_COLUMN, 60 + 16 * row, text, face, 13) for row, (text, face) in enumerate(names)]
    level = max(60 + 16 * len(names) + 14, 100)
    lines += [centred(LEFT_COLUMN, level - 14, "*" if party else "_________")]
    lines += [centred(LEFT_COLUMN, level, _number(page), "", 13), centred(RIGHT_COLUMN, level, _day(page), "i", 13)]
    lines += [
        centred(RIGHT_COLUMN, 60, "ĐẢNG CỘNG SẢN VIỆT NAM" if party else "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "b", 12)
    ]
    lines += [] if party else [centred(RIGHT_COLUMN, 76, "Độc lập - Tự do - Hạnh phúc", "b", 13)]
    top = level + 16
    if page.doc_type == "Công văn":
        for line in _wrapped(f"V/v {page.subject}", 12, "i" if party else ""):
            lines.append(centred(LEFT_COLUMN, top, line, "i" if party else "", 12))
            top += 14
    else:
        top += 24
        lines.append(centred(MIDDLE, top, page.doc_type.upper(), "b"))
        for line in _wrapped(page.subject, 14, "b", 380):
            top += 18
            lines.append(centred(MIDDLE, top, line, "b"))
    lines.append(Text(MARGIN_LEFT + 80, top + 40, f"Kính gửi: {page.addressees[0]}"))
    lines += paragraphs(top + 70, "\n".join(page.body))
    lines += signer(
        600,
        upper=(page.authority, page.title),
        name=page.signer,
        recipients=tuple(f"- {one};" for one in page.recipients),
    )
    return draw(lines, nfd=nfd, scrambled=scrambled)


def _number(page: Page) -> str:
    colon, joint = ("", "-") if page.kind == "party" else (":", "/")
    if page.number is None:
        return f"Số{colon}{' ' * 9}{joint}{page.symbol}"
    return f"Số{colon} {DocumentNumber(page.number, page.symbol)}"


def _day(page: Page) -> str:
    if page.day is None:
        return f"{page.place}, ngày{' ' * 8}tháng{' ' * 8}năm {page.year}"
    return f"{page.place}, ngày {page.day.day:02d} tháng {page.day.month} năm {page.day.year}"


def _wrapped(text: str, size: float, face: str = "", room: float = 185) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size, face) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
