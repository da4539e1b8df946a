"""The form check of a page, and the decree's demands on a scan (NĐ 30/2020 Đ8, Phụ lục I)."""

import unicodedata
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanthu_cli.document.fields import Fields
from vanthu_cli.reports.words import form_sentence, form_word
from vanthu_cli.rules.form import LEAST_DPI, form_faults, scan_faults

WHOLE = Fields(
    symbol="CV/TU",
    place="Hải Dương",
    date=date(2026, 11, 25),
    agency="TỈNH ỦY HẢI DƯƠNG",
    signer_name="Nguyễn Văn Mẫu",
    signer_title="PHÓ BÍ THƯ THƯỜNG TRỰC",
)
OURS = ("Văn phòng Tỉnh ủy", "Tỉnh ủy Hải Dương")
NAMES = st.text(
    "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịốồổỗộớờởỡợứừửữựýỳỷỹỵ", min_size=1, max_size=8
)


def codes(fields: Fields | None, **known: Any) -> list[str]:
    return [code for code, _detail in form_faults(fields, **known)]


def test_a_page_in_form_has_no_faults() -> None:
    assert codes(WHOLE, signer="Nguyễn Văn Mẫu", own_names=OURS, annexes=("Phụ lục I",), attached=1) == []


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ({"symbol": None}, "no-number-line"),
        ({"place": None, "date": None}, "no-date"),
        ({"agency": None}, "no-agency"),
        ({"signer_title": None}, "no-title"),
        ({"signer_name": None}, "no-name"),
    ],
)
def test_each_missing_element_is_named(missing: dict[str, Any], code: str) -> None:
    assert codes(replace(WHOLE, **missing), signer="Nguyễn Văn Mẫu", own_names=OURS) == [code]


def test_a_blank_day_is_no_fault_and_a_date_without_a_place_neither() -> None:
    assert codes(replace(WHOLE, date=None)) == []
    assert codes(replace(WHOLE, place=None)) == []


def test_a_page_without_text_has_that_one_fault() -> None:
    assert codes(None, signer="Ai", own_names=OURS, annexes=("Phụ lục",), attached=0) == ["no-text"]


@pytest.mark.parametrize(
    ("printed", "signer", "fits"),
    [
        ("Nguyễn Văn Mẫu", "Nguyễn Văn Mẫu", True),
        ("NGUYỄN VĂN MẪU", "Nguyễn Văn Mẫu", True),
        (unicodedata.normalize("NFD", "Nguyễn Văn Mẫu"), "Nguyễn  Văn Mẫu", True),
        ("TS. Nguyễn Văn Mẫu", "Nguyễn Văn Mẫu", True),
        ("Đại tá Nguyễn Văn Mẫu", "Nguyễn Văn Mẫu", True),
        ("Trần Thị Khác", "Nguyễn Văn Mẫu", False),
        ("Nguyễn Văn Mẫu Hai", "Nguyễn Văn Mẫu", False),
        ("Nguyễn Văn Mẫu", "Văn Mẫu Nguyễn", False),
        ("Nguyễn Văn Mẫu", "guyễn Văn Mẫu", False),
    ],
)
def test_the_name_on_the_page_is_compared_with_the_certificate_s(printed: str, signer: str, fits: bool) -> None:
    found = form_faults(replace(WHOLE, signer_name=printed), signer=signer)
    assert found == ([] if fits else [("other-name", f"{printed} / {signer}")])


def test_names_that_are_not_known_are_not_compared() -> None:
    assert codes(WHOLE, signer="", own_names=()) == []


@pytest.mark.parametrize(
    ("agency", "fits"), [("VĂN PHÒNG TỈNH ỦY", True), ("tỉnh ủy  hải dương", True), ("SỞ XÂY DỰNG", False)]
)
def test_the_agency_must_be_this_office_or_its_committee(agency: str, fits: bool) -> None:
    found = form_faults(replace(WHOLE, agency=agency), own_names=OURS)
    assert found == ([] if fits else [("other-agency", agency)])


@pytest.mark.parametrize(("attached", "expected"), [(0, ["annex-not-attached"]), (1, []), (None, [])])
def test_annexes_that_the_page_names_must_be_attached_where_that_is_known(
    attached: int | None, expected: list[str]
) -> None:
    assert codes(WHOLE, annexes=("Phụ lục I",), attached=attached) == expected
    assert codes(WHOLE, annexes=(), attached=attached) == []


@given(st.lists(NAMES, min_size=1, max_size=4), st.sampled_from(["", "TS.", "BS. CKII", "Thượng tá"]))
def test_a_name_always_fits_itself_whatever_stands_before_it(parts: list[str], title: str) -> None:
    name = " ".join(parts)
    assert codes(replace(WHOLE, signer_name=f"{title} {name}".strip().upper()), signer=name.title()) == []


@given(st.integers(0, 1200), st.sampled_from([True, False, None]))
def test_a_scan_is_measured_by_resolution_and_colour(dpi: int, colour: bool | None) -> None:
    found = dict(scan_faults(dpi, colour=colour))
    assert ("scan-too-coarse" in found) == (dpi < LEAST_DPI)
    assert ("scan-not-coloured" in found) == (colour is False)
    assert found.get("scan-too-coarse", str(dpi)) == str(dpi)


def test_what_is_not_known_of_a_scan_is_no_fault() -> None:
    assert scan_faults(None, colour=None) == []
    assert LEAST_DPI == 200


def test_every_fault_has_a_sentence_and_a_word() -> None:
    nothing = replace(WHOLE, symbol=None, place=None, date=None, agency=None, signer_title=None, signer_name=None)
    faults = [
        *form_faults(None),
        *form_faults(nothing, annexes=("Phụ lục",), attached=0),
        *form_faults(WHOLE, signer="Khác", own_names=("Khác",)),
        *scan_faults(72, colour=False),
        ("covers-text", ""),
    ]
    assert len({code for code, _detail in faults}) == 12
    for code, detail in faults:
        assert detail in form_sentence(code, detail)
        assert form_word(code)
