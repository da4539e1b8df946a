"""Which copies exist, and in which sequence they are numbered (NĐ 30/2020 Đ25; 36-HD/VPTW)."""

from dataclasses import replace
from datetime import date

import pytest

from vanthu_cli.config.settings import Config, Office
from vanthu_cli.document.symbol import parse_symbol
from vanthu_cli.errors import ForbiddenError
from vanthu_cli.rules.copies import FORMS, check_source, copy_series, copy_symbol
from vanthu_cli.rules.numbering import check_symbol, outgoing_series

DAY = date(2026, 11, 25)
PARTY = Office("Văn phòng Tỉnh ủy", "VPTU", "TU", "party", "Hải Dương", "data", term_start=date(2025, 10, 1))
STATE = Office("Sở Nội vụ", "SNV", "SNV", "state", "Hải Dương", "data")


@pytest.mark.parametrize("form", FORMS)
def test_of_paper_every_copy_may_be_made(form: str) -> None:
    check_source(form, "a.pdf", electronic=False)


@pytest.mark.parametrize("form", ["sao-y", "sao-luc"])
def test_of_an_electronic_document_there_is_only_an_extract(form: str) -> None:
    with pytest.raises(ForbiddenError) as refused:
        check_source(form, "cong-van.pdf", electronic=True)
    assert refused.value.code == "copy.electronic"
    assert "cong-van.pdf" in refused.value.message
    assert FORMS[form].words in refused.value.message
    check_source("trich-sao", "cong-van.pdf", electronic=True)


@pytest.mark.parametrize(("form", "symbol"), [("sao-y", "SY-SNV"), ("sao-luc", "SL-SNV"), ("trich-sao", "TrS-SNV")])
def test_state_symbols_name_the_form(form: str, symbol: str) -> None:
    assert copy_symbol(Config(STATE), form, DAY) == symbol


@pytest.mark.parametrize("form", FORMS)
def test_party_symbols_are_bs_whatever_the_form(form: str) -> None:
    assert copy_symbol(Config(PARTY), form, DAY) == "BS/TU"


@pytest.mark.parametrize("office", [PARTY, STATE])
@pytest.mark.parametrize("form", FORMS)
def test_a_copy_s_symbol_is_one_of_the_office_s_own(office: Office, form: str) -> None:
    symbol = copy_symbol(Config(office), form, DAY)
    assert parse_symbol(symbol) == symbol
    check_symbol(office, symbol)


def test_state_copies_share_one_sequence_a_calendar_year() -> None:
    (series,) = {copy_series(Config(STATE), form, DAY) for form in FORMS}
    assert series == copy_series(Config(STATE), "sao-y", date(2026, 1, 1))
    assert series != copy_series(Config(STATE), "sao-y", date(2027, 1, 1))
    assert series not in {outgoing_series(Config(STATE), symbol, DAY) for symbol in ("SY-SNV", "SNV-VP", "QĐ-SNV")}


def test_party_copies_are_numbered_through_the_term() -> None:
    (series,) = {copy_series(Config(PARTY), form, DAY) for form in FORMS}
    assert series == copy_series(Config(PARTY), "sao-y", date(2027, 3, 1))
    assert series != copy_series(Config(replace(PARTY, term_start=date(2026, 1, 1))), "sao-y", DAY)
    assert series != outgoing_series(Config(PARTY), "CV/TU", DAY)
