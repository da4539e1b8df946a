from typing import Any

from asn1crypto.x509 import Name, NameTypeAndValue
from hypothesis import given
from hypothesis import strategies as st

from vanthu_cli.mended import names


def outcome(prepare: Any, text: str) -> tuple[Any, ...]:
    try:
        return "prepared", prepare(NameTypeAndValue(), text)
    except ValueError as error:
        return "refused", str(error)


@given(st.text(max_size=20))
def test_a_name_is_prepared_as_the_original_prepares_it_the_first_time_and_later(text: str) -> None:
    first = outcome(NameTypeAndValue._ldap_string_prep, text)
    assert first == outcome(names._original, text)
    assert first == outcome(NameTypeAndValue._ldap_string_prep, text)


def test_names_still_compare_without_regard_to_case_and_blanks() -> None:
    one, other = Name.build({"common_name": "Tỉnh ủy  Hải Dương"}), Name.build({"common_name": "tỉnh ủy hải dương"})
    assert one == other
    assert one != Name.build({"common_name": "Tỉnh ủy Hải Phòng"})
