"""Text around the facts: legal bases, bodies, annexes and copies, full of other documents' numbers, dates and names."""

from zlib import crc32

from tests.reading.corpus.facts import Doc

_BASES = {
    "party": (
        "- Căn cứ Điều lệ Đảng Cộng sản Việt Nam;",
        "- Căn cứ Quy định số 24-QĐ/TW, ngày 30 tháng 7 năm 2021 của Ban Chấp hành Trung ương về thi hành Điều lệ Đảng;",
        "- Xét đề nghị của Văn phòng tại Tờ trình số 31-TTr/VP, ngày 02/02/2021,",
    ),
    "state": (
        "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015;",
        "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư;",
        "Theo đề nghị của Chánh Văn phòng tại Tờ trình số 128/TTr-VP ngày 14 tháng 10 năm 2020.",
    ),
}
_ARTICLES = (
    "Điều 1. Ban hành kèm theo văn bản này các nội dung đã nêu, thay thế Quyết định số 511/QĐ-UBND ngày 03 tháng 4 năm 2017.",
    "Điều 2. Văn bản này có hiệu lực thi hành kể từ ngày 01 tháng 12 năm 2024.",
    "Điều 3. Văn phòng, các cơ quan, đơn vị và cá nhân có liên quan chịu trách nhiệm thi hành.",
)
_BODIES = (
    (
        "Thực hiện Công văn số 77-CV/TU, ngày 12 tháng 5 năm 2019 và Kế hoạch số 1150/KH-UBND ngày 12/5/2020, cơ quan yêu cầu:",
        "1. Rà soát các văn bản đã ban hành từ ngày 01 tháng 01 năm 2020 đến nay, lập danh sách theo mẫu.",
        "2. Gửi kết quả về Văn phòng trước ngày 30 tháng 9, qua địa chỉ vanphong@example.vn.",
    ),
    (
        "Ngày 14 tháng 3 năm 2018, cơ quan có Báo cáo số 45/BC-VP về nội dung trên. Đến nay, một số việc còn chậm.",
        "Theo Thông báo số 09/TB-VP, các đồng chí được phân công chủ động phối hợp; Nơi nhận báo cáo là bộ phận tổng hợp.",
        "Đề nghị các đơn vị nghiêm túc thực hiện./.",
    ),
    (
        "I. MỤC ĐÍCH, YÊU CẦU",
        "- Bảo đảm thiết thực, hiệu quả, tiết kiệm, đúng Quy định số 08-QĐ/TW, ngày 25 tháng 10 năm 2018.",
        "II. NỘI DUNG",
        "1- Thời gian: 07 giờ 30, ngày 18 tháng 11 (thứ Bảy). Địa điểm: Hội trường tầng 2, số 06 đường Hùng Vương.",
    ),
)
_SECRECY = (
    "Việc gửi, nhận phải tuân thủ Luật Bảo vệ bí mật nhà nước; không gửi văn bản có độ mật qua mạng Internet.",
    "Độ mật: Thường. Độ khẩn: Thường.",
)
_FILLER = (
    "Công văn số 12-CV/TU, ngày 05 tháng 3 năm 2020 và Quyết định số 77/QĐ-UBND ngày 01 tháng 01 năm 2019 đã nêu rõ trách"
    " nhiệm của từng cơ quan trong việc gửi, nhận văn bản điện tử; các đơn vị tiếp tục thực hiện cho đến khi có văn bản thay"
    " thế."
)
_PER_PAGE = 12


def basis(doc: Doc) -> tuple[str, ...]:
    """Return the lines that stand before the operative words, none for most documents."""
    return _BASES["party" if doc.kind == "party" else "state"] if doc.legal else ()


def body(doc: Doc) -> list[str]:
    """Return the paragraphs of the text proper, `doc.pages` pages of it."""
    plain = list(_ARTICLES if doc.legal else _BODIES[crc32(doc.key.encode()) % len(_BODIES)])
    extra = list(_SECRECY) if "secret-prose" in doc.flags else []
    return plain + extra + [_FILLER] * (_PER_PAGE * (doc.pages - 1))


def operative(doc: Doc) -> str | None:
    """Return the line in capitals between the legal basis and Điều 1."""
    if not doc.legal or doc.doc_type not in {"Quyết định", "Nghị quyết"}:
        return None
    return f"{doc.doc_type.upper()}:"


def annex() -> list[tuple[str, str]]:
    """Return (style, line) of an annex page: a heading, a table's cells typed as lines, names that sign nothing."""
    return [
        ("centre", "Phụ lục I"),
        ("centre", "DANH MỤC VĂN BẢN"),
        ("italic", "(Kèm theo Quyết định số 77/QĐ-UBND ngày 01 tháng 01 năm 2019)"),
        ("line", "STT     Số, ký hiệu          Ngày tháng       Trích yếu                 Người ký"),
        ("line", "1       15/QĐ-SNV            05/01/2018       Về việc nâng lương        Trần Văn Bình"),
        ("line", "2       Số: 22-CV/HU         17/02/2018       V/v báo cáo quý I         Lê Thị Mai"),
        ("line", "3       101/BC-UBND          30/6/2018        Báo cáo 6 tháng           Phạm Quang Hà"),
        ("centre", "KẾ HOẠCH"),
        ("line", "Nội dung chi tiết do các đơn vị tự xây dựng. Độ mật: Thường."),
    ]


def copied() -> list[tuple[str, str]]:
    """Return (style, line) of another document attached behind, a copy with its own head, signer and mark of copying."""
    return [
        ("pair", "ỦY BAN NHÂN DÂN|CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        ("pair", "TỈNH BẮC GIANG|Độc lập - Tự do - Hạnh phúc"),
        ("pair", "Số: 119/QĐ-UBND|Bắc Giang, ngày 23 tháng 11 năm 2009"),
        ("centre", "QUYẾT ĐỊNH"),
        ("centre", "Về việc bổ sung thủ tục hành chính"),
        ("line", "Căn cứ Luật Tổ chức HĐND và UBND ngày 26 tháng 11 năm 2003;"),
        ("line", "Điều 1. Bổ sung 04 thủ tục hành chính vào Bộ thủ tục hành chính."),
        ("pair", "Nơi nhận:|KT. CHỦ TỊCH"),
        ("pair", "- Như Điều 3;|PHÓ CHỦ TỊCH"),
        ("pair", "- Lưu: VT.|"),
        ("pair", "|Bùi Văn Hải"),
        ("pair", "Số: 24/SY-VP|SAO Y"),
        ("pair", "|Bắc Giang, ngày 02 tháng 12 năm 2009"),
        ("pair", "|TL. CHỦ TỊCH"),
        ("pair", "|CHÁNH VĂN PHÒNG"),
        ("pair", "|Nguyễn Văn Thi"),
    ]


def behind(doc: Doc) -> list[tuple[str, str]]:
    """Return the lines of the page after the document's last, if it has one."""
    return annex() if "annex" in doc.flags else copied() if "copy" in doc.flags else []
