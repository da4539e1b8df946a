"""Practice documents have the layout of official ones, as a reader of PDF sees it."""

import io
import re
import zipfile
from dataclasses import replace
from datetime import date
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vanthu_cli.sandbox.documents import Page, make_docx, make_pdf

LETTER = Page(
    kind="party", agency="Tỉnh ủy Hải Dương", symbol="CV/TU", number=145, day=date(2021, 4, 28), place="Hải Dương",
    subject="gửi, nhận văn bản trên mạng thông tin diện rộng của Đảng",
    body=("Ngày 03/12/2020, Ban Thường vụ Tỉnh ủy đã ban hành Quy định số 32-QĐ/TU.",),
    authority="T/M Ban Thường vụ", title="Phó Bí thư Thường trực", signer="Lê Văn Hiệu",
    addressees=("Các huyện ủy, thị ủy,", "Các sở, ngành,"), recipients=("Như kính gửi,", "Lưu Văn phòng Tỉnh ủy."),
)  # fmt: skip
DECISION = Page(
    kind="state", agency="Sở Nội vụ", parent="Ủy ban nhân dân tỉnh", symbol="QĐ-SNV", number=5, day=date(2026, 2, 3),
    place="Hải Dương", doc_type="Quyết định", subject="Về việc ban hành Quy chế công tác văn thư",
    body=("Căn cứ Nghị định số 30/2020/NĐ-CP;",), title="Giám đốc", signer="Nguyễn Thị Hoa", recipients=("Lưu: VT.",),
)  # fmt: skip


class Letter(NamedTuple):
    """One character of a page with its box, in points from the lower left corner."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


def _letters(pdf: bytes, page: int = 0) -> list[Letter]:
    text = pypdfium2.PdfDocument(pdf)[page].get_textpage()
    return [Letter(text.get_text_range(index, 1), *text.get_charbox(index)) for index in range(text.count_chars())]


def _text(pdf: bytes, page: int = 0) -> str:
    return "".join(letter.text for letter in _letters(pdf, page)).replace("\r\n", "\n")


def _blank_after(pdf: bytes, word: str) -> float:
    """Return the width of the gap after the first occurrence of a word."""
    letters = _letters(pdf)
    start = "".join(letter.text for letter in letters).index(word) + len(word)
    following = next(letter for letter in letters[start:] if letter.text.strip())
    return following.left - letters[start - 1].right


def test_a_party_letter_reads_as_the_dispatch_does() -> None:
    lines = _text(make_pdf(LETTER)).split("\n")
    for line in ("TỈNH ỦY HẢI DƯƠNG", "*", "Số 145-CV/TU", "V/v gửi, nhận văn bản trên mạng", "ĐẢNG CỘNG SẢN VIỆT NAM",
                 "Hải Dương, ngày 28 tháng 4 năm 2021", "T/M BAN THƯỜNG VỤ", "PHÓ BÍ THƯ THƯỜNG TRỰC", "Lê Văn Hiệu",
                 "Nơi nhận:", "- Lưu Văn phòng Tỉnh ủy."):  # fmt: skip
        assert line in lines


def test_a_state_decision_has_colon_slash_motto_and_padded_date() -> None:
    lines = _text(make_pdf(DECISION)).split("\n")
    for line in ("ỦY BAN NHÂN DÂN TỈNH", "SỞ NỘI VỤ", "Số: 05/QĐ-SNV", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
                 "Độc lập - Tự do - Hạnh phúc", "Hải Dương, ngày 03 tháng 02 năm 2026", "QUYẾT ĐỊNH", DECISION.subject):  # fmt: skip
        assert line in lines


@pytest.mark.parametrize("page", [LETTER, DECISION])
def test_blanks_are_wide_enough_for_four_digits(page: Page) -> None:
    pdf = make_pdf(replace(page, number=None, day=None, year=2026))
    assert re.search(r"Số:? ?[-/]", _text(pdf))
    assert "năm 2026" in _text(pdf)
    blanks = [_blank_after(pdf, word) for word in ("Số:" if page.kind == "state" else "Số", "ngày", "tháng")]
    assert all(30 <= width <= 38 for width in blanks)


@pytest.mark.parametrize("page", [LETTER, DECISION])
def test_number_and_date_share_one_baseline(page: Page) -> None:
    letters = _letters(make_pdf(page))
    text = "".join(letter.text for letter in letters)
    number, day = letters[text.index("Số")], letters[text.index("Hải Dương, ngày")]
    assert abs(number.bottom - day.bottom) < 1


@pytest.mark.parametrize("page", [LETTER, DECISION])
def test_margins_are_those_of_the_decree(page: Page) -> None:
    mm = 72 / 25.4
    inked = [letter for letter in _letters(make_pdf(page)) if letter.text.strip()]
    assert min(letter.left for letter in inked) >= 30 * mm - 1
    assert max(letter.right for letter in inked) <= (210 - 15) * mm + 1
    assert max(letter.top for letter in inked) <= (297 - 20) * mm + 1


def test_there_is_room_for_a_signature_between_title_and_name() -> None:
    letters = _letters(make_pdf(LETTER))
    text = "".join(letter.text for letter in letters)
    title, name = letters[text.index("PHÓ BÍ THƯ")], letters[text.rindex("Lê Văn Hiệu")]
    assert 60 <= title.bottom - name.top <= 100


def test_a_long_text_takes_more_pages_and_keeps_the_signer_block_whole() -> None:
    pdf = make_pdf(replace(DECISION, body=DECISION.body * 60))
    pages = len(pypdfium2.PdfDocument(pdf))
    assert pages > 1
    last = _text(pdf, pages - 1)
    assert "GIÁM ĐỐC" in last
    assert DECISION.signer in last
    assert "2" in _text(pdf, 1).split("\n")


def test_marks_stand_in_red_frames() -> None:
    def red(page: Page) -> int:
        image = pypdfium2.PdfDocument(make_pdf(page))[0].render(scale=1).to_pil().convert("RGB")
        return sum(r > 150 and g < 120 for r, g, _b in image.get_flattened_data())

    plain, secret = red(LETTER), red(replace(LETTER, secrecy="MẬT"))
    assert plain == 0
    assert 100 < secret < red(replace(LETTER, secrecy="MẬT", urgency="HỎA TỐC"))
    assert "MẬT" in _text(make_pdf(replace(LETTER, secrecy="MẬT"))).split("\n")


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_any_text_makes_a_page_and_the_same_page_the_same_bytes(text: str) -> None:
    page = replace(LETTER, body=(text, f"<b>&{text}"), subject=text)
    assert make_pdf(page) == make_pdf(page)


def test_a_word_document_holds_its_text() -> None:
    with zipfile.ZipFile(io.BytesIO(make_docx("Dự thảo\nVăn thư <&> Lưu trữ"))) as package:
        assert package.testzip() is None
        for name in package.namelist():
            ET.fromstring(package.read(name))  # noqa: S314  our own output
        root = ET.fromstring(package.read("word/document.xml"))  # noqa: S314  our own output
    assert [node.text for node in root.iter() if node.tag.endswith("}t")] == ["Dự thảo", "Văn thư <&> Lưu trữ"]
