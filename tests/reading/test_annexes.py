import pytest

from vanthu_cli.reading.annexes import MAX_ANNEXES, annexes_in


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("theo Phụ lục I, Phụ lục\nsố 2 và phụ lục III.", ("Phụ lục I", "Phụ lục số 2", "phụ lục III")),
        ("(Có danh sách kèm theo).", ("(Có danh sách kèm theo)",)),
        ("dự thảo Kế hoạch (xin gửi kèm theo Công văn này)", ("(xin gửi kèm theo Công văn này)",)),
        ("Đính kèm: 01 báo cáo; 02 biểu mẫu.", ("Đính kèm",)),
        ("và đính kèm dự thảo Quy chế để góp ý.", ("đính kèm dự thảo Quy chế để góp ý",)),
        ("Ban hành kèm theo Quyết định này Quy chế làm việc.", ("Ban hành kèm theo Quyết định này",)),
        ("(Phụ lục I kèm theo Quyết định này)", ("(Phụ lục I kèm theo Quyết định này)",)),
        ("Phụ lục I. Phụ lục I. Phụ lục I.", ("Phụ lục I",)),
    ],
)
def test_what_goes_with_the_document_is_named_as_printed(text: str, phrases: tuple[str, ...]) -> None:
    assert annexes_in(text) == phrases


@pytest.mark.parametrize(
    "text",
    [
        "theo mẫu tại Phụ lục I Nghị định số 30/2020/NĐ-CP ngày 05/3/2020",
        "Phụ lục II ban hành kèm theo Thông tư số 01/2011/TT-BNV",
        "(Kèm theo Công văn số 12/SNV-VP ngày 03 tháng 02 năm 2026)",
        "(Ban hành kèm theo Quyết định số …/QĐ-UBND ngày … tháng … năm …)",
        "không gửi kèm theo văn bản giấy (trừ các văn bản MẬT)",
        "Phụ lục Internet và phụ lục này",
        "Kính gửi: Sở Nội vụ",
        "",
    ],
)
def test_what_belongs_to_another_document_or_is_none_is_left_out(text: str) -> None:
    assert annexes_in(text) == ()


def test_hostile_length_costs_little_and_gives_few() -> None:
    assert len(annexes_in(" ".join(f"Phụ lục {number}." for number in range(999)))) == MAX_ANNEXES
    assert annexes_in("(" * 100_000 + "kèm theo") == ()
    assert all(len(phrase) <= 101 for phrase in annexes_in(f"(kèm theo {'x' * 110})"))
