"""The forms of the books, word for word (NĐ 30/2020 Phụ lục IV I, III, IV, VI, VIII)."""

from dataclasses import replace
from datetime import date

import pytest

from vanthu_cli.config.settings import Config, Office
from vanthu_cli.rules.profiles import Form, profile_of, shipped

OFFICE = Office("Sở Nội vụ", "SNV", "SNV", "state", "Hải Dương", "data")

DECREE = {
    "di": (
        "SỔ ĐĂNG KÝ VĂN BẢN ĐI",
        (
            "Số, ký hiệu văn bản|Ngày tháng văn bản|Tên loại và trích yếu nội dung văn bản|Người ký|Nơi nhận văn bản|"
            "Đơn vị, người nhận bản lưu|Số lượng bản|Ngày chuyển|Ký nhận|Ghi chú"
        ),
    ),
    "buu-dien": (
        "SỔ GỬI VĂN BẢN ĐI BƯU ĐIỆN",
        "Ngày chuyển|Số, ký hiệu văn bản|Nơi nhận văn bản|Số lượng bì|Ký nhận và dấu bưu điện|Ghi chú",
    ),
    "ban-luu": (
        "SỔ SỬ DỤNG BẢN LƯU",
        (
            "Ngày tháng|Họ tên người sử dụng|Số, ký hiệu ngày tháng văn bản|Tên loại và trích yếu nội dung văn bản|Số và ký hiệu HS|"
            "Ký nhận|Ngày trả|Người cho phép sử dụng|Ghi chú"
        ),
    ),
    "den": (
        "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN",
        (
            "Ngày đến|Số đến|Tác giả|Số, ký hiệu văn bản|Ngày tháng văn bản|Tên loại và trích yếu nội dung văn bản|"
            "Đơn vị hoặc người nhận|Ngày chuyển|Ký nhận|Ghi chú"
        ),
    ),
    "theo-doi": (
        "SỔ THEO DÕI GIẢI QUYẾT VĂN BẢN ĐẾN",
        (
            "Số đến|Tên loại, số, ký hiệu, ngày, tháng và tên cơ quan, tổ chức ban hành văn bản|Đơn vị hoặc người nhận|"
            "Thời hạn giải quyết|Tiến độ giải quyết|Số, ký hiệu văn bản trả lời|Ghi chú"
        ),
    ),
}


def forms(name: str) -> dict[str, Form]:
    term = date(2025, 10, 15)
    kind = replace(OFFICE, kind="party", term_start=term) if name.startswith("party") else OFFICE
    return dict(profile_of(Config(replace(kind, rules=name)), date(2026, 5, 1)).registers)  # type: ignore[arg-type]  # a profile's name


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_profile_has_the_five_books_word_for_word(name: str) -> None:
    found = {
        book: (form.title, "|".join(column.heading for column in form.columns)) for book, form in forms(name).items()
    }
    assert found == DECREE


@pytest.mark.parametrize("name", sorted(shipped()))
def test_what_stands_in_a_column_is_something_the_program_fills(name: str) -> None:
    filled = {
        "name", "day", "about", "signer", "places", "keeper", "copies", "passed_on", "signed_for", "note", "arrived", "arrival",
        "agency", "posted", "place", "envelopes", "lent", "borrower", "name_and_day", "dossiers", "returned", "permitted", "whole",
        "due", "progress", "answers",
    }  # fmt: skip
    assert {column.field for form in forms(name).values() for column in form.columns} <= filled
