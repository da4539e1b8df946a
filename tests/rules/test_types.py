import pytest

from vanthu_cli.rules.types import TYPE_NAMES, types_of


@pytest.mark.parametrize(
    ("symbol", "names"),
    [
        ("CV/TU", ("Công văn",)),
        ("QĐ/TU", ("Quyết định", "Quy định")),
        ("QĐ-SNV", ("Quyết định",)),
        ("QyĐ-UBND", ("Quy định",)),
        ("CTr/TU", ("Chương trình",)),
        ("ctr/TU", ("Chương trình",)),
        ("BS/UBKTTU", ("Bản sao",)),
        ("SNV-VP", ()),
        ("TrS-UBND", ("Bản trích sao",)),
    ],
)
def test_a_symbol_names_the_types_it_may_stand_for(symbol: str, names: tuple[str, ...]) -> None:
    assert types_of(symbol) == names


def test_every_type_of_the_decree_is_known_by_name() -> None:
    assert {"Nghị quyết", "Quyết định", "Công văn", "Thư công", "Phiếu báo", "Giấy ủy quyền"} <= set(TYPE_NAMES)


def test_the_year_of_a_legal_document_is_not_part_of_its_type() -> None:
    assert types_of("2024/QĐ-UBND") == ("Quyết định",)
    assert types_of("2026/NQ-HĐND") == ("Nghị quyết",)
