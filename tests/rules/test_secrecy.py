import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanthu_cli.rules.secrecy import secret_mark, secret_mark_in_name, urgency_mark

MARKED = [
    ("MẬT", "MẬT"),
    ("TỐI MẬT", "TỐI MẬT"),
    ("TUYỆT MẬT", "TUYỆT MẬT"),
    ("  MẬT  ", "MẬT"),
    ("Mật", "MẬT"),
    ("Tối mật", "TỐI MẬT"),
    ("Tuyệt Mật", "TUYỆT MẬT"),
    ("M Ậ T", "MẬT"),
    ("T Ố I   M Ậ T", "TỐI MẬT"),
    ("TỐIMẬT", "TỐI MẬT"),
    ("[MẬT]", "MẬT"),
    ("(MẬT)", "MẬT"),
    ("*** TUYỆT MẬT ***", "TUYỆT MẬT"),
    ("--- MẬT ---", "MẬT"),
    ("MẬT.", "MẬT"),
    ("ĐỘ MẬT: TỐI MẬT", "TỐI MẬT"),
    ("Độ mật: mật", "MẬT"),
    ("Mức độ mật: Tuyệt mật", "TUYỆT MẬT"),
    ("Độ mật: Tối mật; độ khẩn: Hỏa tốc", "TỐI MẬT"),
    ("[MẬT] Báo cáo tình hình an ninh quý I", "MẬT"),
    ("(Tối mật) Kế hoạch diễn tập", "TỐI MẬT"),
    ("MẬT - V/v báo cáo tình hình", "MẬT"),
    ("Kế hoạch phòng thủ năm 2026 - TỐI MẬT", "TỐI MẬT"),
    ("MẬT: công văn số 12", "MẬT"),
    ("MẬT Báo cáo tình hình", "MẬT"),
    ("MẬT V/v báo cáo tình hình", "MẬT"),
    ("MẬT Hải Dương, ngày 28 tháng 4 năm 2021", "MẬT"),
    ("Số 145-CV/TU MẬT", "MẬT"),
    ("Số:      /QĐ-SNV TỐI MẬT", "TỐI MẬT"),
    ("MẬT\t\tSố 12-CV/TU", "MẬT"),
    ("MẬT          ĐẢNG CỘNG SẢN VIỆT NAM", "MẬT"),
    ("MẬT KHẨN", "MẬT"),
    ("TỐI MẬT - HỎA TỐC", "TỐI MẬT"),
    ("TÀI LIỆU MẬT", "MẬT"),
    ("VĂN BẢN TỐI MẬT", "TỐI MẬT"),
    ("MAT", "MẬT"),
    ("TUYET MAT", "TUYỆT MẬT"),
    ("Báo cáo (MAT)", "MẬT"),
    ("Báo cáo\nTỐI MẬT\nMẬT", "TỐI MẬT"),
    ("MAÄT", "MẬT"),
    ("TUYÖT MËT", "TUYỆT MẬT"),
    ("12-CV-TU (MAT).pdf", "MẬT"),
    ("12-CV-TU (Mật).pdf", "MẬT"),
    ("mat_12.pdf", "MẬT"),
    ("MAT.docx", "MẬT"),
    ("mật.pdf", "MẬT"),
    ("12-CV-TU-MAT.signed.pdf", "MẬT"),
    ("12-CV-TU-MAT-signed.pdf", "MẬT"),
    ("bao-cao-mat.docx", "MẬT"),
    ("cong_van_mat.pdf", "MẬT"),
    ("Báo cáo MẬT.pdf", "MẬT"),
    ("145_CV_TU_TOI_MAT.pdf", "TỐI MẬT"),
    ("tuyetmat-01.zip", "TUYỆT MẬT"),
    ("Kế hoạch tối mật.docx", "TỐI MẬT"),
    ("ho so/12-CV-TU (MAT).pdf", "MẬT"),
    ("C:\\van ban\\TOI MAT 3.PDF", "TỐI MẬT"),
]
FREE = [
    "",
    "bảo mật",
    "bí mật nhà nước",
    "mật khẩu",
    "mật",
    "BẢO MẬT THÔNG TIN",
    "MẬT KHẨU",
    "MẬT MÃ",
    "MẬT NHÀ NƯỚC",
    "TÀI LIỆU HƯỚNG DẪN BẢO VỆ BÍ MẬT NHÀ NƯỚC",
    "BÍ MẬT",
    "Bảo mật",
    "CƠ YẾU - BẢO MẬT",
    "TĂNG CƯỜNG BẢO MẬT",
    "V/v đổi mật khẩu hộp thư công vụ",
    "V/v tăng cường công tác bảo vệ bí mật nhà nước",
    "không gửi kèm theo văn bản giấy (trừ các văn bản MẬT và các văn bản đã được quy định)",
    "MẬT và các văn bản đã được quy định tại Điều 8",
    "thu hồi toàn bộ các văn bản MẬT",
    "MẬT, TỐI MẬT và TUYỆT MẬT",
    "các độ mật (MẬT, TỐI MẬT, TUYỆT MẬT)",
    "Độ mật: Thường",
    "Độ mật:",
    "Dấu chỉ độ mật",
    "Mặt",
    "MẤT",
    "Mat",
    "The mat",
    "Automat",
    "MẬT ĐỘ DÂN SỐ",
    "ỦY BAN MẶT TRẬN TỔ QUỐC",
    "bao-mat-thong-tin.pdf",
    "doi-mat-khau.docx",
    "bao-ve-bi-mat-nha-nuoc.pdf",
    "giai-phong-mat-bang.pdf",
    "MAT TRAN TO QUOC.pdf",
    "GAP MAT DAU XUAN.pdf",
    "le ra mat.docx",
    "Danh sách vắng mặt.xlsx",
    "BẢO MẬT THÔNG TIN.pdf",
    "Quy chế bảo vệ bí mật nhà nước.pdf",
    "Hướng dẫn đổi mật khẩu.pdf",
    "12-CV-TU.pdf",
    "mật độ dân số.xlsx",
    "format.pdf",
]


@pytest.mark.parametrize(("text", "mark"), MARKED)
def test_a_stand_alone_mark_is_seen_composed_and_decomposed(text: str, mark: str) -> None:
    assert secret_mark(text) == mark
    assert secret_mark(unicodedata.normalize("NFD", text)) == mark


@pytest.mark.parametrize("text", FREE)
def test_words_that_only_contain_the_letters_are_no_mark(text: str) -> None:
    assert secret_mark(text) is None
    assert secret_mark(unicodedata.normalize("NFD", text)) is None


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("KHẨN", "KHẨN"),
        ("Khẩn", "KHẨN"),
        ("[THƯỢNG KHẨN]", "THƯỢNG KHẨN"),
        ("HỎA TỐC", "HỎA TỐC"),
        ("HOẢ TỐC", "HỎA TỐC"),
        ("HỎA TỐC HẸN GIỜ", "HỎA TỐC"),
        ("H Ỏ A T Ố C", "HỎA TỐC"),
        ("Độ khẩn: hỏa tốc", "HỎA TỐC"),
        ("MẬT KHẨN", "KHẨN"),
        ("HỎA TỐC - V/v phòng chống bão", "HỎA TỐC"),
        ("12-CV-TU (KHAN).pdf", "KHẨN"),
        ("hoa-toc-12.pdf", "HỎA TỐC"),
    ],
)
def test_an_urgency_mark_is_seen(text: str, mark: str) -> None:
    assert urgency_mark(text) == mark
    assert urgency_mark(unicodedata.normalize("NFD", text)) == mark


@pytest.mark.parametrize(
    "text",
    ["KHẨN TRƯƠNG", "KHẨN CẤP", "V/v khẩn trương triển khai", "khẩn", "TÌNH TRẠNG KHẨN CẤP", "khan-hiem.pdf",
     "Khẩn trương.pdf", "MẬT", ""],
)  # fmt: skip
def test_urgent_wording_is_no_urgency_mark(text: str) -> None:
    assert urgency_mark(text) is None


def test_a_name_without_a_known_extension_is_judged_as_a_name_too() -> None:
    assert secret_mark_in_name("12-CV-TU-mat") == "MẬT"
    assert secret_mark_in_name("mat_12.bin") == "MẬT"
    assert secret_mark_in_name("bao-mat") is None
    assert secret_mark_in_name("MẬT/danh sách.pdf") is None


@given(st.text(max_size=80))
def test_any_text_gets_an_answer(text: str) -> None:
    assert secret_mark(text) in {None, "MẬT", "TỐI MẬT", "TUYỆT MẬT"}
    assert secret_mark_in_name(text) in {None, "MẬT", "TỐI MẬT", "TUYỆT MẬT"}
    assert urgency_mark(text) in {None, "KHẨN", "THƯỢNG KHẨN", "HỎA TỐC"}


@given(st.text("abcđê ,;\n", max_size=40), st.text("abcđê ,;\n", max_size=40))
def test_a_line_of_its_own_shows_the_mark_whatever_stands_round_it(above: str, below: str) -> None:
    assert secret_mark(f"{above}\nTỐI MẬT\n{below}") == "TỐI MẬT"


def test_a_long_line_of_blanks_does_not_hold_the_reader_up() -> None:
    assert secret_mark("MẬT và" + " " * 300_000 + "- x" * 100_000) in {None, "MẬT"}
