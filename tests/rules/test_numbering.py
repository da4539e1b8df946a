from dataclasses import replace
from datetime import date

import pytest

from vanthu_cli.config.settings import Office
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.rules.numbering import arrival_series, check_symbol, outgoing_series

PARTY = Office("Văn phòng Tỉnh ủy", "VPTU", "TU", "party", "Hải Dương", "data", term_start=date(2025, 10, 15))
STATE = Office("Sở Nội vụ", "SNV", "SNV", "state", "Hải Dương", "data")


def test_a_party_sequence_runs_through_the_whole_term() -> None:
    days = [date(2025, 10, 15), date(2025, 12, 31), date(2026, 1, 1), date(2030, 9, 30)]
    assert {outgoing_series(PARTY, "CV/TU", day) for day in days} == {"2025-10-15/CV/TU"}


def test_a_new_term_begins_a_new_sequence() -> None:
    next_term = replace(PARTY, term_start=date(2030, 10, 20))
    day = date(2030, 10, 20)
    assert outgoing_series(next_term, "CV/TU", day) != outgoing_series(PARTY, "CV/TU", day)


def test_before_the_term_nothing_is_numbered() -> None:
    with pytest.raises(MisuseError) as refused:
        outgoing_series(PARTY, "CV/TU", date(2025, 10, 14))
    assert refused.value.code == "numbering.term"


def test_a_state_sequence_runs_through_the_calendar_year() -> None:
    assert outgoing_series(STATE, "QĐ-SNV", date(2026, 1, 1)) == outgoing_series(STATE, "QĐ-SNV", date(2026, 12, 31))
    assert outgoing_series(STATE, "QĐ-SNV", date(2026, 12, 31)) != outgoing_series(STATE, "QĐ-SNV", date(2027, 1, 1))


@pytest.mark.parametrize("office", [PARTY, STATE])
def test_each_symbol_has_its_own_sequence(office: Office) -> None:
    day = date(2026, 11, 22)
    assert len({outgoing_series(office, symbol, day) for symbol in ("CV/TU", "QĐ/TU", "CV/VPTU")}) == 3


def test_a_legal_document_bears_the_year_it_is_numbered_in() -> None:
    assert outgoing_series(STATE, "2026/QĐ-SNV", date(2026, 12, 31)) == "2026/2026/QĐ-SNV"
    with pytest.raises(ForbiddenError) as refused:
        outgoing_series(STATE, "2026/QĐ-SNV", date(2027, 1, 1))
    assert refused.value.code == "numbering.year"


def test_arrival_numbers_are_one_sequence_a_year() -> None:
    assert arrival_series(date(2026, 1, 1)) == arrival_series(date(2026, 12, 31)) != arrival_series(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("office", "symbol"),
    [
        (PARTY, "CV/TU"),
        (replace(PARTY, other_symbols=("VPTU",)), "CV/VPTU"),
        (STATE, "QĐ-SNV"),
        (STATE, "SNV-VP"),
        (STATE, "2026/QĐ-SNV"),
        (replace(STATE, symbol="BCĐ-CĐS"), "KH-BCĐ-CĐS"),
        (replace(STATE, symbol="UBND", other_symbols=("HĐND",)), "NQ-HĐND"),
    ],
)
def test_an_office_numbers_its_own_symbols(office: Office, symbol: str) -> None:
    check_symbol(office, symbol)


@pytest.mark.parametrize(
    ("office", "symbol", "code"),
    [
        (PARTY, "CV/VPTU", "numbering.foreign_symbol"),
        (PARTY, "CV/TW", "numbering.foreign_symbol"),
        (PARTY, "LĐTBXH/TT", "numbering.foreign_symbol"),
        (PARTY, "QĐ-TU", "numbering.kind"),
        (PARTY, "2026/QĐ-TU", "numbering.kind"),
        (STATE, "QĐ-STC", "numbering.foreign_symbol"),
        (STATE, "STC-VP", "numbering.foreign_symbol"),
        (STATE, "CV/SNV", "numbering.kind"),
    ],
)
def test_nobody_elses_symbol_is_numbered(office: Office, symbol: str, code: str) -> None:
    with pytest.raises(ForbiddenError) as refused:
        check_symbol(office, symbol)
    assert refused.value.code == code
