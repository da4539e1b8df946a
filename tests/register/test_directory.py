"""Agencies and their addresses; the CSV form that Excel reads and writes."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanthu_cli.errors import MisuseError
from vanthu_cli.register import directory
from vanthu_cli.register.book import Book, history
from vanthu_cli.register.directory import COLUMNS, Agency, Certificate, from_csv, to_csv

SNV = Agency("SNV", "Sở Nội vụ", "UBND tỉnh", "SNV", "H23.20", "noivu@tuhaiduong", "vanthu.snv@haiduong.gov.vn")
HEADER = ",".join(COLUMNS)
TEXT = (
    st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters='",;\n'), min_size=1, max_size=12)
    .map(lambda text: text.replace("\r", "").strip())
    .filter(bool)
)
AGENCIES = st.builds(
    Agency,
    st.from_regex("[A-ZĐ][A-ZĐ0-9]{0,8}", fullmatch=True),
    TEXT,
    st.none() | TEXT,
    st.none() | TEXT,
    st.none() | TEXT,
    st.none() | st.just("vanthu@tuhaiduong"),
    st.none() | st.just("a.b@c.vn"),
    st.none() | st.dates().map(date.isoformat),
    st.none() | st.dates().map(date.isoformat),
    st.none() | TEXT,
)


def refusal(text: str) -> MisuseError:
    with pytest.raises(MisuseError) as refused:
        from_csv(text)
    return refused.value


@given(st.lists(AGENCIES, max_size=5, unique_by=lambda each: each.code))
def test_what_is_exported_is_imported_again(listed: list[Agency]) -> None:
    assert from_csv(to_csv(listed)) == listed
    assert from_csv("\ufeff" + to_csv(listed)) == listed


@pytest.mark.parametrize(
    "text",
    [
        "code,name,wan\nSNV,Sở Nội vụ,a@b\n",
        "code;name;wan\r\nSNV;Sở Nội vụ;a@b\r\n",
        "\ufeffcode;name;wan\r\nSNV;Sở Nội vụ;a@b",
        '\r\n"name","wan","code"\r\n" Sở Nội vụ ","a@b","SNV"\r\n',
        "code,name,wan\nSNV,Sở Nội vụ,a@b\n\n,,\n , ,\n",
    ],
)
def test_whatever_form_excel_writes_is_read(text: str) -> None:
    assert from_csv(text) == [Agency("SNV", "Sở Nội vụ", wan="a@b")]


def test_an_empty_cell_is_no_value() -> None:
    assert from_csv(f"{HEADER}\nSNV,Sở Nội vụ{',' * 8}\n") == [Agency("SNV", "Sở Nội vụ")]


@pytest.mark.parametrize(
    ("lines", "code", "line"),
    [
        ("SNV,\n", "directory.line", 2),
        ("A,a\n,Sở Nội vụ\n", "directory.line", 3),
        ("A,a\nS NV,Sở\n", "directory.code", 3),
        ("a@b,Sở\n", "directory.code", 2),
        ('A,"a\nb"\nSNV,Sở Nội vụ,,,,a b@c\n', "directory.address", 4),
        ("A,a,,,,,vanthu\n", "directory.address", 2),
        ('A,a,,,,"a@b, c@d"\n', "directory.address", 2),
        ("A,a,,,,,,01/07/2025\n", "directory.day", 2),
        ("A,a,,,,,,,20250701\n", "directory.day", 2),
        ("A,a,,,,,,,2025-02-30\n", "directory.day", 2),
        ("A,Ban, Sở,,,,,,,,,a@b\n", "directory.cells", 2),
        ("A,a\nB,b\nA,c\n", "directory.twice", 4),
        ('A,"a\n', "directory.csv", 2),
        ('A,"a"b\n', "directory.csv", 2),
    ],
)
def test_the_line_that_is_wrong_is_named(lines: str, code: str, line: int) -> None:
    error = refusal(f"{HEADER}\n{lines}")
    assert error.code == code
    assert f"Line {line}" in error.message


@pytest.mark.parametrize("header", ["", "code", "name", "code,name,email", "code,name,name", "code name", "\x00"])
def test_columns_that_are_missing_unknown_or_double_are_named(header: str) -> None:
    error = refusal(f"{header}\nSNV,Sở Nội vụ,x\n")
    assert error.code == "directory.columns"
    assert "valid_from" in error.message


def test_an_agency_is_added_and_changed(book: Book) -> None:
    with book.step():
        directory.put(book, SNV)
        directory.put(book, replace(SNV, wan=None))
        directory.put(book, replace(SNV, wan=None))
    assert directory.agencies(book) == [replace(SNV, wan=None)]
    assert directory.agency(book, "SNV") == replace(SNV, wan=None)
    assert directory.agency(book, "snv") is None
    assert len(history(book, "agency:SNV")) == 2


@pytest.mark.parametrize("code", ["", "a b", "a@b"])
def test_a_code_is_one_word(book: Book, code: str) -> None:
    with pytest.raises(MisuseError), book.step():
        directory.put(book, replace(SNV, code=code))


def test_an_address_is_known_whatever_its_capitals(book: Book) -> None:
    with book.step():
        directory.put(book, replace(SNV, wan="NoiVu@TuHaiDuong"))
    for address in ("noivu@tuhaiduong", "NOIVU@TUHAIDUONG", "Vanthu.SNV@haiduong.gov.vn"):
        assert directory.by_address(book, address) == directory.agency(book, "SNV")
    assert directory.by_address(book, "noivu@tuhaiduong.vn") is directory.by_address(book, "") is None


def test_of_two_agencies_with_one_address_the_living_one_counts(book: Book) -> None:
    with book.step():
        directory.put(book, Agency("A", "Huyện ủy", wan="x@y", valid_to="2025-06-30", successor="B"))
        directory.put(book, Agency("B", "Đảng ủy xã", wan="x@y"))
    found = directory.by_address(book, "x@y")
    assert found is not None
    assert found.code == "B"


def test_a_printed_name_finds_its_agency(book: Book) -> None:
    with book.step():
        directory.put(book, SNV)
    assert directory.by_name(book, "SỞ NỘI VỤ") == [SNV]
    assert directory.by_name(book, "Sở Nội") == []


@pytest.mark.parametrize(
    ("start", "end", "day", "in_force"),
    [
        (None, None, "2026-01-01", True),
        ("2025-07-01", None, "2025-06-30", False),
        ("2025-07-01", None, "2025-07-01", True),
        (None, "2025-06-30", "2025-06-30", True),
        (None, "2025-06-30", "2025-07-01", False),
    ],
)
def test_an_agency_is_in_force_from_its_first_to_its_last_day(
    start: str | None, end: str | None, day: str, *, in_force: bool
) -> None:
    assert replace(SNV, valid_from=start, valid_to=end).in_force(date.fromisoformat(day)) is in_force


def test_a_certificate_belongs_to_one_agency(book: Book) -> None:
    own = Certificate("ab" * 32, "SNV", "person", "CN=Lê Thị Mẫu", "2027-01-01T00:00:00+00:00")
    with book.step():
        directory.put(book, SNV)
        directory.put(book, replace(SNV, code="STC"))
        directory.put_certificate(book, replace(own, agency="STC"))
        directory.put_certificate(book, own)
    assert directory.certificates(book) == directory.certificates(book, "SNV") == [own]
    assert directory.certificates(book, "STC") == []


@pytest.mark.parametrize(
    ("printed", "parent", "name"),
    [
        ("UỶ BAN NHÂN DÂN TỈNH HẢI DƯƠNG", None, "UBND tỉnh Hải Dương"),
        ("UBND TP. HẢI DƯƠNG", None, "Ủy ban nhân dân thành phố Hải Dương"),
        ("VĂN PHÒNG", "TỈNH ỦY HẢI DƯƠNG", "Văn phòng Tỉnh ủy Hải Dương"),
        ("BCH ĐOÀN TỈNH", None, "Ban Chấp hành Đoàn tỉnh"),
        ("VĂN PHÒNG", "UBND TỈNH", None),
    ],
)
def test_a_printed_name_means_the_same_agency_however_it_is_spelt(
    book: Book, printed: str, parent: str | None, name: str | None
) -> None:
    with book.step():
        directory.put(book, Agency("A", name or "Văn phòng Tỉnh ủy Hải Dương"))
        directory.put(book, SNV)
    assert [each.name for each in directory.by_printed(book, printed, parent)] == ([name] if name else [])
