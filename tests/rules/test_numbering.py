from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from vanthu_cli.config.settings import Config, Office
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.rules.numbering import arrival_series, check_symbol, outgoing_series
from vanthu_cli.rules.profiles import profile_of

PARTY = Office("Văn phòng Tỉnh ủy", "VPTU", "TU", "party", "Hải Dương", "data", term_start=date(2025, 10, 15))
STATE = Office("Sở Nội vụ", "SNV", "SNV", "state", "Hải Dương", "data")


def test_a_party_sequence_runs_through_the_whole_term() -> None:
    days = [date(2025, 10, 15), date(2025, 12, 31), date(2026, 1, 1), date(2030, 9, 30)]
    assert {outgoing_series(Config(PARTY), "CV/TU", day) for day in days} == {"2025-10-15/CV/TU"}


def test_a_new_term_begins_a_new_sequence() -> None:
    next_term = replace(PARTY, term_start=date(2030, 10, 20))
    day = date(2030, 10, 20)
    assert outgoing_series(Config(next_term), "CV/TU", day) != outgoing_series(Config(PARTY), "CV/TU", day)


def test_before_the_term_nothing_is_numbered() -> None:
    with pytest.raises(MisuseError) as refused:
        outgoing_series(Config(PARTY), "CV/TU", date(2025, 10, 14))
    assert refused.value.code == "numbering.term"


def test_a_state_sequence_runs_through_the_calendar_year() -> None:
    assert outgoing_series(Config(STATE), "QĐ-SNV", date(2026, 1, 1)) == outgoing_series(
        Config(STATE), "QĐ-SNV", date(2026, 12, 31)
    )
    assert outgoing_series(Config(STATE), "QĐ-SNV", date(2026, 12, 31)) != outgoing_series(
        Config(STATE), "QĐ-SNV", date(2027, 1, 1)
    )


@pytest.mark.parametrize("office", [PARTY, STATE])
def test_each_symbol_has_its_own_sequence(office: Office) -> None:
    day = date(2026, 11, 22)
    assert len({outgoing_series(Config(office), symbol, day) for symbol in ("CV/TU", "QĐ/TU", "CV/VPTU")}) == 3


def test_a_legal_document_bears_the_year_it_is_numbered_in() -> None:
    assert outgoing_series(Config(STATE), "2026/QĐ-SNV", date(2026, 12, 31)) == "2026/2026/QĐ-SNV"
    with pytest.raises(ForbiddenError) as refused:
        outgoing_series(Config(STATE), "2026/QĐ-SNV", date(2027, 1, 1))
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


# -- profiles and what an office changes of them ----------------------------------------------------------------


def test_a_congress_numbers_all_its_documents_in_one_sequence() -> None:
    office, day = Config(replace(PARTY, other_symbols=("ĐH",))), date(2025, 10, 20)
    congress = {outgoing_series(office, symbol, day) for symbol in ("NQ/ĐH", "BC/ĐH", "CTr/ĐH")}
    assert congress == {"2025-10-15/ĐH"}
    assert outgoing_series(office, "NQ/TU", day) not in congress


def test_when_the_term_is_over_nothing_is_numbered() -> None:
    office = Config(replace(PARTY, term_end=date(2030, 10, 19)))
    assert outgoing_series(office, "CV/TU", date(2030, 10, 19))
    with pytest.raises(MisuseError) as refused:
        outgoing_series(office, "CV/TU", date(2030, 10, 20))
    assert refused.value.code == "numbering.term_over"


@pytest.mark.parametrize(
    ("key", "together"), [("symbol", {"QĐ-SNV"}), ("type", {"QĐ-SNV", "QĐ-VP"}), ("all", {"QĐ-SNV", "QĐ-VP", "TB-SNV"})]
)
def test_the_head_of_the_agency_decides_what_is_counted_together(tmp_path: Path, key: str, together: set[str]) -> None:
    (tmp_path / "rules.toml").write_text(f'[numbering]\nkey = "{key}"\n')
    office = Config(replace(STATE, rules_file="rules.toml"), file=tmp_path / "config.toml")
    wanted = outgoing_series(office, "QĐ-SNV", date(2026, 5, 1))
    found = {
        each
        for each in ("QĐ-SNV", "QĐ-VP", "TB-SNV", "2026/QĐ-SNV")
        if outgoing_series(office, each, date(2026, 5, 1)) == wanted
    }
    assert found == together


@pytest.mark.parametrize(
    "text",
    [
        "[numbering]\nkeys = 1\n",
        "[numbering]\nkey = 'word'\n",
        "[",
        "[registers.di]\ncolumns = [1]\n",
        "numbering = 3\n",
    ],
)
def test_own_rules_that_mean_nothing_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "rules.toml").write_text(text)
    office = Config(replace(STATE, rules_file="rules.toml"), file=tmp_path / "config.toml")
    with pytest.raises(MisuseError) as refused:
        outgoing_series(office, "QĐ-SNV", date(2026, 5, 1))
    assert refused.value.code == "rules.file"
    assert "rules.toml" in refused.value.message


def test_a_document_is_judged_by_the_rules_of_its_day() -> None:
    office = Config(PARTY)
    assert [profile_of(office, day).name for day in (date(2021, 4, 28), date(2026, 1, 8), date(2026, 1, 9))] == [
        "party-2018",
        "party-2018",
        "party-2026",
    ]
    assert profile_of(Config(replace(PARTY, rules="party-2018")), date(2026, 5, 1)).name == "party-2018"
