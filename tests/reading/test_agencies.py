import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reading import facts
from tests.reading.pages import make_pdf, state_header

from vanthu_cli.reading.agencies import agency_and_parent
from vanthu_cli.reading.fields import read
from vanthu_cli.reading.lines import Line
from vanthu_cli.sandbox.correspondents import party_page
from vanthu_cli.sandbox.documents import make_pdf as make_practice_pdf

SURE = 0.9
NAMES = [(page.agency, page.parent) for page in facts.pages()]


def lines(*names: tuple[str, bool]) -> list[Line]:
    return [Line(text, ((0, 1),) * len(text), 0, 1, 0, 13, bold, italic=False) for text, bold in names]


@pytest.mark.parametrize(
    ("parent", "agency"),
    [
        ((), ("BAN TUYÊN GIÁO TỈNH", "ỦY")),
        ((), ("BAN TUYÊN GIÁO", "TỈNH ỦY")),
        ((), ("VĂN PHÒNG", "UBND TỈNH HẢI DƯƠNG")),
        ((), ("ỦY BAN NHÂN DÂN", "THÀNH PHỐ HẢI", "PHÒNG")),
        ((), ("SỞ LAO ĐỘNG - THƯƠNG BINH VÀ", "XÃ HỘI")),
        ((), ("ĐẢNG ỦY", "CÔNG AN TỈNH HẢI DƯƠNG")),
        (("TỈNH ỦY HẢI DƯƠNG",), ("BAN TUYÊN GIÁO TỈNH", "ỦY")),
        (("ỦY BAN NHÂN DÂN", "TỈNH HẢI DƯƠNG"), ("SỞ GIÁO DỤC VÀ", "ĐÀO TẠO")),
        (("BỘ NÔNG NGHIỆP VÀ", "PHÁT TRIỂN NÔNG THÔN"), ("CỤC KIỂM LÂM",)),
    ],
)
def test_names_over_several_lines_are_joined(parent: tuple[str, ...], agency: tuple[str, ...]) -> None:
    found, above = agency_and_parent(lines(*((text, False) for text in parent), *((text, True) for text in agency)))
    assert found
    assert found[0] == " ".join(agency)
    assert found[1] >= SURE
    assert (above and above[0]) == (" ".join(parent) or None)


@pytest.mark.parametrize("bold", [True, False])
@pytest.mark.parametrize(
    ("parent", "agency"),
    [
        ("TỈNH ỦY HẢI DƯƠNG", "VĂN PHÒNG"),
        ("UBND TỈNH HẢI DƯƠNG", "SỞ NỘI VỤ"),
        ("TỔNG CỤC THUẾ", "CỤC THUẾ TỈNH HẢI DƯƠNG"),
    ],
)
def test_names_of_one_look_are_told_apart_by_words_and_never_surely(parent: str, agency: str, bold: bool) -> None:
    found, above = agency_and_parent(lines((parent, bold), (agency, bold)))
    assert found
    assert above
    assert (found[0], above[0]) == (agency, parent)
    assert max(found[1], above[1]) < SURE


@pytest.mark.parametrize(
    "names",
    [
        [("BAN QUẢN LÝ DỰ ÁN", True), ("TRUNG TÂM HỘI NGHỊ", True)],
        [("SỞ Y TẾ", True), ("UBND TỈNH", False)],
        [("UBND TỈNH", False), ("SỞ Y TẾ", True), ("BỆNH VIỆN ĐA KHOA", True)],
        [],
    ],
)
def test_what_neither_type_nor_words_tell_stays_unread(names: list[tuple[str, bool]]) -> None:
    assert agency_and_parent(lines(*names))[0] is None


@given(st.sampled_from(NAMES), st.sampled_from([True, False, None]), st.data())
@settings(max_examples=300, deadline=None)
def test_however_names_are_wrapped_no_wrong_agency_is_sure(
    names: tuple[str, str], bold: bool | None, data: st.DataObject
) -> None:
    agency, parent = names

    def wrapped(name: str, heavy: bool) -> list[tuple[str, bool]]:
        words = name.split()
        cut = data.draw(st.integers(1, len(words))) if words else 0
        return [(part, heavy) for part in (" ".join(words[:cut]), " ".join(words[cut:])) if part]

    above = wrapped(parent, bool(bold))
    found, _above = agency_and_parent(lines(*above, *wrapped(agency, bold is not False)))
    assert found is None or found[0] == agency or found[1] < SURE


def test_the_practice_page_whose_agency_takes_two_lines() -> None:
    page = party_page("BTGTU", "Vũ Văn Mẫu", number=7, symbol="CV/BTGTU", day=facts.DAYS[0], subject="Tuyên truyền")
    reading = read(make_practice_pdf(page))
    assert (reading.fields.agency, reading.fields.parent_agency) == ("BAN TUYÊN GIÁO TỈNH ỦY", None)


def test_the_names_of_the_page_itself() -> None:
    header = state_header(agency=("SỞ GIÁO DỤC", "VÀ ĐÀO TẠO"), parent=("ỦY BAN NHÂN DÂN", "TỈNH HẢI DƯƠNG"))
    fields = read(make_pdf(header)).fields
    assert fields.agency == "SỞ GIÁO DỤC VÀ ĐÀO TẠO"
    assert fields.parent_agency == "ỦY BAN NHÂN DÂN TỈNH HẢI DƯƠNG"
