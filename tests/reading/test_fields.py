from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reading.pages import (
    MARGIN_LEFT,
    MIDDLE,
    RIGHT_COLUMN,
    Text,
    centred,
    dispatch_145,
    make_pdf,
    paragraphs,
    party_header,
    scan,
    signer,
    state_header,
    width,
)

from vanthu_cli.document.fields import Fields
from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.fields import read

LEGAL_BASIS = paragraphs(
    270,
    "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05/3/2020 của Chính phủ về công tác văn thư;\n"
    "Căn cứ Quyết định số 12/QĐ-UBND ngày 03 tháng 02 năm 2020 của Ủy ban nhân dân tỉnh;\n"
    "Theo đề nghị của Chánh Văn phòng tại Tờ trình số 99/TTr-VP, ngày 01 tháng 01 năm 2020.",
)
STATE_SIGNER = signer(
    480,
    upper=("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"),
    name="Nguyễn Thị Hoa",
    recipients=("- Như Điều 3;", "- UBND tỉnh (để báo cáo);", "- Lưu: VT, VP."),
)
DECISION = [
    centred(MIDDLE, 170, "QUYẾT ĐỊNH", "b"),
    centred(MIDDLE, 188, "Về việc ban hành Quy chế công tác văn thư", "b"),
    centred(MIDDLE, 206, "của Sở Nội vụ", "b"),
    centred(MIDDLE, 240, "GIÁM ĐỐC SỞ NỘI VỤ", "b"),
    *LEGAL_BASIS,
    centred(MIDDLE, 410, "QUYẾT ĐỊNH:", "b"),
    *STATE_SIGNER,
]
DISPATCH_145 = Fields(
    number=145,
    number_text="Số 145 - CV/TU",
    symbol="CV/TU",
    date=date(2021, 4, 28),
    place="Hải Dương",
    agency="TỈNH ỦY HẢI DƯƠNG",
    doc_type="Công văn",
    subject="V/v gửi, nhận văn bản trên mạng thông tin điện rộng của Đảng",
    signer_name="Lê Văn Hiệu",
    signer_title="PHÓ BÍ THƯ THƯỜNG TRỰC",
    authority="T/M BAN THƯỜNG VỤ",
    recipients=("Như kính gửi", "Ban Thường vụ Tỉnh ủy", "Các đồng chí Tỉnh ủy viên", "Lưu Văn phòng Tỉnh ủy"),
)


@pytest.mark.parametrize(("nfd", "scrambled"), [(False, False), (True, False), (False, True), (True, True)])
def test_dispatch_145_reads_completely(nfd: bool, scrambled: bool) -> None:
    reading = read(make_pdf(*dispatch_145(), nfd=nfd, scrambled=scrambled))
    assert reading.fields == DISPATCH_145
    assert not reading.needs_ocr
    assert reading.confidence["number"] > 0.9
    assert set(reading.confidence) == {
        name for name in Fields.__slots__ if getattr(reading.fields, name) not in {None, ()}
    }


def test_a_draft_has_symbol_and_place_but_neither_number_nor_date() -> None:
    pages = dispatch_145("Số         -CV/TU", "Hải Dương, ngày        tháng 4 năm 2021")
    fields = read(make_pdf(*pages, nfd=True)).fields
    assert (fields.number, fields.date) == (None, None)
    assert (fields.symbol, fields.place, fields.doc_type) == ("CV/TU", "Hải Dương", "Công văn")
    assert fields.subject == DISPATCH_145.subject


def test_a_number_that_a_signature_shows_in_the_blank_is_read() -> None:
    header = party_header("Số         -CV/TU")
    assert read(make_pdf(header, fields=[(137, 96, "145")])).fields.number == 145


@pytest.mark.parametrize("number", ["Số         -CV/TU", "Số ............ -CV/TU"])
def test_digits_that_another_tool_drew_a_little_off_the_line_fill_the_blanks(number: str) -> None:
    stamped = [Text(147, 92, "145", size=11), Text(407, 99, "28", size=12)]
    header = party_header(number, "Hải Dương, ngày        tháng 4 năm 2021")
    fields = read(make_pdf(header + stamped)).fields
    assert (fields.number, fields.symbol, fields.date) == (145, "CV/TU", date(2021, 4, 28))


def test_a_state_decision_reads_completely() -> None:
    fields = read(make_pdf(state_header() + DECISION)).fields
    assert fields == Fields(
        number=15,
        number_text="Số: 15/QĐ-SNV",
        symbol="QĐ-SNV",
        date=date(2026, 2, 5),
        place="Hải Dương",
        agency="SỞ NỘI VỤ",
        parent_agency="UBND TỈNH HẢI DƯƠNG",
        doc_type="Quyết định",
        subject="Về việc ban hành Quy chế công tác văn thư của Sở Nội vụ",
        signer_name="Nguyễn Thị Hoa",
        signer_title="PHÓ GIÁM ĐỐC",
        authority="KT. GIÁM ĐỐC",
        recipients=("Như Điều 3", "UBND tỉnh (để báo cáo)", "Lưu: VT, VP"),
    )


def test_a_state_letter_is_known_by_its_form_and_its_blank_number_gives_the_symbol() -> None:
    header = state_header(
        "Số:          /SNV-VP", "Hải Dương, ngày      tháng      năm 2026", ("V/v cử cán bộ tập huấn",)
    )
    fields = read(make_pdf([*header, Text(150, 220, "Kính gửi: Ủy ban nhân dân các huyện")])).fields
    assert (fields.doc_type, fields.number, fields.symbol) == ("Công văn", None, "SNV-VP")
    assert (fields.subject, fields.date) == ("V/v cử cán bộ tập huấn", None)


def test_a_letter_of_an_agency_whose_symbol_looks_like_a_type_is_a_letter() -> None:
    header = state_header(
        "Số: 123/CT-TTHT", subject=("V/v hoàn thuế",), agency=("CỤC THUẾ",), parent=("TỔNG CỤC THUẾ",)
    )
    assert read(make_pdf([*header, Text(150, 220, "Kính gửi: Công ty A")])).fields.doc_type == "Công văn"


def test_a_mass_organisation_with_a_wrapped_name_reads() -> None:
    header = state_header(
        "Số: 08/KH-MTTQ-BTT",
        agency=("BAN THƯỜNG TRỰC",),
        parent=("ỦY BAN MTTQ VIỆT NAM", "TỈNH HẢI DƯƠNG"),
    )
    body = [
        centred(MIDDLE, 180, "KẾ HOẠCH", "b"),
        centred(MIDDLE, 198, "Tổ chức Ngày hội Đại đoàn kết", "b"),
        *paragraphs(240, "Thực hiện Chương trình số 05/CTr-MTTQ ngày 02 tháng 3 năm 2026, Ban Thường trực xây dựng kế hoạch."),
        *signer(420, upper=("TM. BAN THƯỜNG TRỰC", "CHỦ TỊCH"), name="Trần Văn Bình"),
    ]  # fmt: skip
    fields = read(make_pdf(header + body)).fields
    assert fields.agency == "BAN THƯỜNG TRỰC"
    assert fields.parent_agency == "ỦY BAN MTTQ VIỆT NAM TỈNH HẢI DƯƠNG"
    assert (fields.number, fields.doc_type) == (8, "Kế hoạch")
    assert fields.subject == "Tổ chức Ngày hội Đại đoàn kết"
    assert (fields.authority, fields.signer_title) == ("TM. BAN THƯỜNG TRỰC", "CHỦ TỊCH")


def test_one_name_over_two_lines_is_one_agency() -> None:
    header = state_header("Số: 20/QĐ-UBND", agency=("ỦY BAN NHÂN DÂN", "TỈNH HẢI DƯƠNG"), parent=())
    fields = read(make_pdf(header)).fields
    assert (fields.agency, fields.parent_agency) == ("ỦY BAN NHÂN DÂN TỈNH HẢI DƯƠNG", None)


def test_a_party_office_has_its_committee_above_it() -> None:
    header = party_header("Số 24-BC/VPTU", agency="VĂN PHÒNG TỈNH ỦY", parent="TỈNH ỦY HẢI DƯƠNG", subject=())
    fields = read(make_pdf(header)).fields
    assert (fields.agency, fields.parent_agency) == ("VĂN PHÒNG TỈNH ỦY", "TỈNH ỦY HẢI DƯƠNG")
    assert fields.doc_type == "Báo cáo"


@pytest.mark.parametrize("printed", ["QUYẾT ĐỊNH", "QUY ĐỊNH"])
def test_the_party_symbol_of_two_types_needs_the_printed_line(printed: str) -> None:
    header = party_header("Số 32-QĐ/TU", subject=())
    assert read(make_pdf(header)).fields.doc_type is None
    fields = read(make_pdf([*header, centred(MIDDLE, 170, printed, "b")])).fields
    assert fields.doc_type == printed.capitalize()


def test_numbers_and_dates_of_the_body_never_count() -> None:
    body = paragraphs(
        250,
        "Công văn\nSố 12-CV/TU\nHải Phòng, ngày 01 tháng 01 năm 2020\nSố: 77/QĐ-UBND\nHà Nội, ngày 02 tháng 3 năm 2021",
    )
    fields = read(make_pdf(party_header("Số         -CV/TU", "Hải Dương, ngày      tháng 4 năm 2021") + body)).fields
    assert (fields.number, fields.date, fields.place) == (None, None, "Hải Dương")
    assert read(make_pdf(body)).fields == Fields()


def test_two_number_lines_in_the_head_give_none() -> None:
    fields = read(make_pdf([*party_header(subject=()), centred(170, 125, "Số 146-CV/TU")])).fields
    assert (fields.number, fields.symbol) == (None, None)


@pytest.mark.parametrize("day", ["31 tháng 4", "0 tháng 4", "5 tháng 13", "... tháng 4"])
def test_an_impossible_date_is_no_date(day: str) -> None:
    assert read(make_pdf(party_header(date=f"Hải Dương, ngày {day} năm 2021"))).fields.date is None


def test_a_legal_document_has_its_year_in_the_symbol() -> None:
    fields = read(make_pdf(state_header("Số: 12/2024/QĐ-UBND") + DECISION)).fields
    assert (fields.number, fields.symbol, fields.doc_type) == (12, "2024/QĐ-UBND", "Quyết định")


def test_a_number_with_a_letter_is_shown_but_not_guessed() -> None:
    fields = read(make_pdf(party_header("Số 12a-CV/TU"))).fields
    assert (fields.number, fields.number_text, fields.symbol) == (None, "Số 12a-CV/TU", None)
    assert fields.agency == "TỈNH ỦY HẢI DƯƠNG"


def test_two_numbers_over_one_blank_are_no_number() -> None:
    twice = make_pdf(party_header("Số         -CV/TU"), fields=[(137, 96, "145"), (137, 96, "999")])
    reading = read(twice)
    assert (reading.fields.number, reading.fields.symbol) == (None, None)
    same = make_pdf(party_header("Số         -CV/TU"), fields=[(137, 96, "145"), (137, 96, "145")])
    assert read(same).fields.number == 145


def test_an_annotation_that_shows_words_fills_no_blank() -> None:
    assert read(make_pdf(party_header("Số         -CV/TU"), fields=[(137, 96, "9a")])).fields.number is None


def test_a_date_at_the_height_of_the_agency_does_not_swallow_it() -> None:
    texts = [
        centred(150, 62, "TỈNH ỦY HẢI DƯƠNG"),
        centred(150, 78, "BAN TUYÊN GIÁO VÀ DÂN VẬN", "b"),
        centred(150, 94, "*"),
        centred(150, 112, "Số 7-KH/BTGDVTU"),
        centred(420, 62, "ĐẢNG CỘNG SẢN VIỆT NAM", "b", 15),
        Text(284, 78, "Thành phố Hải Dương, ngày 05 tháng 02 năm 2026", "i"),
    ]
    fields = read(make_pdf(texts)).fields
    assert (fields.agency, fields.parent_agency) == ("BAN TUYÊN GIÁO VÀ DÂN VẬN", "TỈNH ỦY HẢI DƯƠNG")
    assert (fields.place, fields.date) == ("Thành phố Hải Dương", date(2026, 2, 5))


def test_a_strange_line_among_the_names_leaves_the_agency_unread() -> None:
    header = party_header(agency="BAN TỔ CHỨC", parent="TỈNH ỦY HẢI DƯƠNG")
    strange = [Text(text.x, text.y, "Ban Tổ chức", "b", centred=True) if text.y == 80 else text for text in header]
    fields = read(make_pdf(strange)).fields
    assert (fields.agency, fields.number) == (None, 145)


@pytest.mark.parametrize("subject", ["Thực hiện Nghị quyết số 18-NQ/TW", "(giai đoạn 2026 - 2030)"])
def test_a_subject_may_begin_like_a_body(subject: str) -> None:
    lines = [centred(MIDDLE, 170, "KẾ HOẠCH", "b"), centred(MIDDLE, 188, subject, "b")]
    fields = read(make_pdf([*party_header("Số 7-KH/TU", subject=()), *lines, *LEGAL_BASIS])).fields
    assert (fields.doc_type, fields.subject) == ("Kế hoạch", subject)


def test_the_subject_of_a_letter_goes_on_with_any_word() -> None:
    about = ("V/v báo cáo kết quả", "thực hiện Nghị quyết số 18-NQ/TW", "(giai đoạn 2026 - 2030)")
    assert read(make_pdf(party_header(subject=about))).fields.subject == " ".join(about)


def test_an_arrival_mark_that_became_part_of_the_page_lowers_the_confidence() -> None:
    plain, stamped = read(make_pdf(party_header())), read(make_pdf([*party_header(), Text(80, 300, "ĐẾN", "b")]))
    assert stamped.fields == plain.fields
    assert stamped.confidence["agency"] < 0.6 < plain.confidence["agency"]


def test_columns_that_nearly_touch_are_still_two() -> None:
    texts = [
        Text(60, 62, "ỦY BAN NHÂN DÂN TỈNH HẢI DƯƠNG", "b", 13),
        Text(60, 96, "Số: 15/QĐ-UBND", "", 13),
        Text(312, 62, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "b", 12),
        Text(182, 96, "Thành phố Hải Dương, ngày 05 tháng 02 năm 2026", "i", 13),
    ]
    fields = read(make_pdf(texts)).fields
    assert (fields.agency, fields.number) == ("ỦY BAN NHÂN DÂN TỈNH HẢI DƯƠNG", 15)
    assert read(make_pdf(texts, scrambled=True)).fields == fields


def test_the_signer_is_found_on_the_page_with_the_recipients_though_annexes_follow() -> None:
    annex = [centred(MIDDLE, 80, "PHỤ LỤC", "b"), *paragraphs(120, "Danh mục số 1, ngày 01 tháng 01 năm 2020.")]
    fields = read(make_pdf(party_header(), signer(300), annex)).fields
    assert fields.signer_name == "Lê Văn Hiệu"


def test_two_signers_side_by_side_give_none() -> None:
    titles = [centred(290, 400, "GIÁM ĐỐC", "b"), centred(RIGHT_COLUMN, 400, "CHỦ TỊCH", "b")]
    names = [centred(290, 480, "Lê Văn A", "b"), centred(RIGHT_COLUMN, 480, "Lê Văn B", "b")]
    assert read(make_pdf(party_header() + titles + names)).fields.signer_name is None


def test_title_and_name_on_different_pages_give_none() -> None:
    block = signer(780)
    fields = read(make_pdf(party_header() + block[:-1], [centred(RIGHT_COLUMN, 60, "Lê Văn Hiệu", "b")])).fields
    assert (fields.signer_name, fields.signer_title, fields.authority) == (None, None, None)


@pytest.mark.parametrize(
    ("capitals", "authority", "title"),
    [
        (("BÍ THƯ",), None, "BÍ THƯ"),
        (("Q. GIÁM ĐỐC",), None, "Q. GIÁM ĐỐC"),
        (("T/L BAN THƯỜNG VỤ", "CHÁNH VĂN PHÒNG"), "T/L BAN THƯỜNG VỤ", "CHÁNH VĂN PHÒNG"),
        (("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), "TM. ỦY BAN NHÂN DÂN KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
        (("T/M BAN CHẤP HÀNH", "ĐẢNG BỘ TỈNH", "BÍ THƯ"), "T/M BAN CHẤP HÀNH ĐẢNG BỘ TỈNH", "BÍ THƯ"),
        (("PHÓ BÍ THƯ", "KIÊM CHỦ NHIỆM"), None, "PHÓ BÍ THƯ KIÊM CHỦ NHIỆM"),
    ],
)
def test_authority_and_title_are_told_apart(capitals: tuple[str, ...], authority: str | None, title: str) -> None:
    fields = read(make_pdf(party_header() + signer(400, upper=capitals))).fields
    assert (fields.authority, fields.signer_title, fields.signer_name) == (authority, title, "Lê Văn Hiệu")


def test_marks_of_secrecy_count_on_every_page_and_urgency_on_the_first() -> None:
    stamped = [*party_header(), centred(110, 140, "KHẨN", "b")]
    fields = read(make_pdf(stamped, [], [Text(300, 400, "TỐI MẬT", "b", 30, turned=30)])).fields
    assert (fields.secrecy, fields.urgency) == ("TỐI MẬT", "KHẨN")
    assert fields.subject == DISPATCH_145.subject


def test_prose_about_secrets_is_no_mark() -> None:
    assert read(make_pdf(*dispatch_145())).fields.secrecy is None


def test_a_scan_needs_ocr_and_nothing_is_invented() -> None:
    reading = read(scan())
    assert (reading.needs_ocr, reading.fields, dict(reading.confidence)) == (True, Fields(), {})


def test_a_scan_with_a_signature_text_on_it_still_needs_ocr() -> None:
    reading = read(make_pdf([Text(300, 700, "Lê Văn Hiệu 2021-04-28T09:30:15+07:00", size=10)]))
    assert reading.needs_ocr
    assert reading.fields == Fields()


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_random_bytes_only_ever_meet_a_refusal(data: bytes) -> None:
    for start in (b"", b"%PDF-1.7\n"):
        with pytest.raises(MisuseError):
            read(start + data)


WHOLE = make_pdf(*dispatch_145())


@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_is_read_or_refused(at: int, noise: bytes) -> None:
    for damaged in (WHOLE[:at], WHOLE[:at] + noise + WHOLE[at + len(noise) :]):
        try:
            read(damaged)
        except MisuseError as refused:
            assert refused.code in {"reading.unreadable", "reading.encrypted"}  # noqa: PT017  reading it is fine too


BODY = [Text(113, 400 + 18 * row, "Nội dung của văn bản này có nhiều chữ, gửi các cơ quan.") for row in range(4)]


@pytest.mark.parametrize(
    ("number", "value", "symbol"),
    [
        ("Số 217 QĐ/TW", 217, "QĐ/TW"),
        ("Nghị quyết số: 202/2025/QH15", 202, "2025/QH15"),
        ("Số: 12 /QĐ–UBND", 12, "QĐ-UBND"),
        ("Số: 31/EVNCPC-KT+AT", 31, "EVNCPC-KT+AT"),
        ("Số: 5/2026/NQ-HĐND", 5, "2026/NQ-HĐND"),
    ],
)
def test_number_lines_seen_in_the_wild(number: str, value: int, symbol: str) -> None:
    fields = read(make_pdf([*state_header(number=number), *BODY])).fields
    assert (fields.number, fields.symbol) == (value, symbol)


def test_a_symbol_wrapped_at_its_hyphen_is_whole() -> None:
    page = [*state_header(number="Số: 2086/KHLT-"), centred(170, 116, "SLĐTBXH-LĐLĐ", "", 13), *BODY]
    assert read(make_pdf(page)).fields.symbol == "KHLT-SLĐTBXH-LĐLĐ"


@pytest.mark.parametrize(
    ("printed", "place"),
    [
        ("Hải Phòng, 09/6/2026", "Hải Phòng"),
        ("Đà Nẵng, ngày 9/06/2026", "Đà Nẵng"),
        ("Ngày 09 tháng 6 năm 2026", None),
        ("Quảng Trị, hồi 16 giờ 00, ngày 9 tháng 06 năm 2026", "Quảng Trị"),
    ],
)
def test_date_lines_seen_in_the_wild(printed: str, place: str | None) -> None:
    fields = read(make_pdf([*state_header(date=printed), *BODY])).fields
    assert (fields.date, fields.place) == (date(2026, 6, 9), place)


def test_a_date_line_wrapped_before_its_year_is_whole() -> None:
    page = [
        *state_header(date="TP. Hồ Chí Minh, ngày 18 tháng 5"),
        centred(RIGHT_COLUMN, 116, "năm 2026", "i", 13),
        *BODY,
    ]
    assert read(make_pdf(page)).fields.date == date(2026, 5, 18)


def test_a_title_wrapped_in_a_narrow_cell_is_no_agency() -> None:
    page = [line for line in state_header() if "CỘNG" not in line.text and "Độc lập" not in line.text]
    page += [
        centred(RIGHT_COLUMN, 62, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT", "b", 13),
        centred(RIGHT_COLUMN, 78, "NAM", "b", 13),
    ]
    fields = read(make_pdf([*page, *BODY])).fields
    assert fields.agency == read(make_pdf([*state_header(), *BODY])).fields.agency
    assert fields.number


@pytest.mark.parametrize(
    ("lines", "secrecy", "urgency"),
    [
        (("TUYỆT", "MẬT"), "TUYỆT MẬT", None),
        (("THƯỢNG", "KHẨN"), None, "THƯỢNG KHẨN"),
        (("HỎA", "TỐC"), None, "HỎA TỐC"),
    ],
)
def test_a_mark_wrapped_in_its_frame_keeps_its_level(
    lines: tuple[str, str], secrecy: str | None, urgency: str | None
) -> None:
    about = centred(170, 116, "V/v tăng cường phòng cháy", "", 12)
    stamp = [centred(170, 134, lines[0], "b", 13), centred(170, 149, lines[1], "b", 13)]
    fields = read(make_pdf([*state_header(), about, *stamp, *BODY])).fields
    assert (fields.secrecy, fields.urgency) == (secrecy, urgency)
    assert fields.subject == "V/v tăng cường phòng cháy"


def test_an_arrival_stamp_beside_the_subject_and_a_file_name_up_the_margin_change_nothing() -> None:
    stamp = [
        centred(510, 172 + 12 * row, text, "b", 8) for row, text in enumerate(("VĂN PHÒNG TỈNH ỦY", "ĐẾN", "Số: 310"))
    ]
    margin = Text(30, 500, "vbdt-310_van thu.pdf", "", 8, turned=90)
    plain, stamped = (
        read(make_pdf(page)).fields
        for page in ([*state_header(), *DECISION], [*state_header(), *DECISION, *stamp, margin])
    )
    assert stamped == plain


def test_a_letter_from_another_font_drawn_later_stands_in_its_gap() -> None:
    whole = centred(170, 62, "TỈNH ỦY NINH BÌNH", "b", 13)
    left = 170 - width("TỈNH ỦY NINH BÌNH", 13, "b") / 2
    after = left + width("TỈ", 13, "b")
    parts = [
        Text(left, 62, "T", "b", 13),
        Text(after, 62, "NH ỦY NINH BÌNH", "b", 13),
        Text(left + width("T", 13, "b"), 62, "Ỉ", "b", 13),
    ]
    rest = [line for line in party_header() if line.text != "TỈNH ỦY HẢI DƯƠNG"]
    assert read(make_pdf([whole, *rest, *BODY])).fields.agency == "TỈNH ỦY NINH BÌNH"
    assert read(make_pdf([*parts, *rest, *BODY])).fields.agency == "TỈNH ỦY NINH BÌNH"


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("Th.S Ngô Thị Kim Ngân", "Ngô Thị Kim Ngân"),
        ("Đại tá, TS. Nguyễn Văn Sơn", "Nguyễn Văn Sơn"),
        ("Rơ Châm H'Nga", "Rơ Châm H'Nga"),
        ("K’Brôih", "K’Brôih"),
    ],
)
def test_names_without_rank_and_with_apostrophes(printed: str, name: str) -> None:
    block = signer(
        500, upper=("T.M BAN CHẤP HÀNH", "CHỦ TỊCH"), name=printed, recipients=("1. Như trên;", "2. Lưu: VT.")
    )
    fields = read(make_pdf([*state_header(), *BODY, *block])).fields
    assert (fields.authority, fields.signer_title, fields.signer_name) == ("T.M BAN CHẤP HÀNH", "CHỦ TỊCH", name)
    assert fields.recipients == ("Như trên", "Lưu: VT")


def test_an_unknown_type_over_the_greeting_is_not_taken_for_a_letter() -> None:
    page = [
        *state_header(number="Số: 12/ABC-VP"),
        centred(MIDDLE, 170, "PHIẾU XIN Ý KIẾN", "b"),
        Text(180, 200, "Kính gửi: Lãnh đạo Sở"),
        *BODY,
    ]
    assert read(make_pdf(page)).fields.doc_type is None


def test_a_head_with_the_number_on_the_right_under_the_title() -> None:
    page = [
        centred(165, 62, "UBND THÀNH PHỐ HUẾ", "", 13),
        centred(RIGHT_COLUMN, 62, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "b", 12),
        centred(165, 78, "VĂN PHÒNG", "b", 13),
        centred(RIGHT_COLUMN, 78, "Độc lập - Tự do - Hạnh phúc", "b", 13),
        centred(500, 108, "Số: 305/GM-VP", "", 13),
        centred(470, 123, "Huế, ngày 01 tháng 12 năm 2026", "i", 13),
        centred(MIDDLE, 160, "GIẤY MỜI", "b"),
        *BODY,
    ]
    fields = read(make_pdf(page)).fields
    assert (fields.number, fields.symbol, fields.date, fields.place) == (305, "GM-VP", date(2026, 12, 1), "Huế")
    assert (fields.agency, fields.parent_agency, fields.doc_type) == ("VĂN PHÒNG", "UBND THÀNH PHỐ HUẾ", "Giấy mời")


def test_a_head_of_one_column() -> None:
    page = [
        centred(MIDDLE, 62, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "b", 12),
        centred(MIDDLE, 78, "Độc lập - Tự do - Hạnh phúc", "b", 13),
        centred(MIDDLE, 110, "HỘI ĐỒNG NHÂN DÂN", "b", 13),
        centred(MIDDLE, 126, "PHƯỜNG HOÀN KIẾM", "b", 13),
        Text(MARGIN_LEFT, 156, "Số: 5/2026/NQ-HĐND", "", 13),
        centred(440, 156, "Hoàn Kiếm, ngày 10 tháng 7 năm 2026", "i", 13),
        centred(MIDDLE, 178, "NGHỊ QUYẾT", "b"),
        *BODY,
    ]
    fields = read(make_pdf(page)).fields
    assert (fields.number, fields.symbol, fields.date) == (5, "2026/NQ-HĐND", date(2026, 7, 10))
    assert (fields.agency, fields.doc_type) == ("HỘI ĐỒNG NHÂN DÂN PHƯỜNG HOÀN KIẾM", "Nghị quyết")
