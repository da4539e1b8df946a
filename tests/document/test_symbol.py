import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vanthu_cli.document.symbol import DocumentNumber, kind_of, parse_number, parse_symbol, tidy
from vanthu_cli.errors import MisuseError

LETTERS = "ABCDEGHIKLMNOPQRSTUVXYĐÂĂÊÔƠƯabcdeghiklmnopqrstuvxyđăâêôơư"
LETTER = st.sampled_from(LETTERS)
PART = st.from_regex(rf"[{LETTERS}][{LETTERS}0-9]{{0,6}}(\.[{LETTERS}0-9]{{1,3}})?", fullmatch=True)
TYPE = st.text(LETTER, min_size=1, max_size=5)
PARTY = st.builds("{}/{}".format, TYPE, st.lists(PART, min_size=1, max_size=3).map("-".join))
STATE = st.lists(PART, min_size=1, max_size=4).map("-".join)
LEGAL = st.builds("{}/{}".format, st.integers(1946, 2099), STATE)
NUMBERS = st.builds(DocumentNumber, st.integers(1, 99_999), st.one_of(PARTY, STATE, LEGAL))


@given(NUMBERS)
@example(DocumentNumber(5, "NQ/TW"))
@example(DocumentNumber(12, "2024/QĐ-UBND"))
def test_what_is_written_is_read_back(number: DocumentNumber) -> None:
    assert parse_number(str(number)) == number
    assert parse_number(f"Số {number}") == parse_number(f"Số: {number}") == number
    assert parse_symbol(number.symbol) == number.symbol


@given(
    NUMBERS,
    st.sampled_from("\u00ad\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"),
    st.sampled_from(" \u00a0\u3000\t"),
)
def test_spaces_other_hyphens_and_decomposed_letters_change_nothing(
    number: DocumentNumber, hyphen: str, space: str
) -> None:
    spread = str(number).replace("-", f"{space}{hyphen}{space}").replace("/", f"{space}/{space}")
    assert parse_number(unicodedata.normalize("NFD", f"{space}SỐ{space}:{space}{spread}{space}")) == number


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("Số 145 - CV/TU", "145-CV/TU"),
        ("số145-CV/TU", "145-CV/TU"),
        ("Số: 145 – CV / TU", "145-CV/TU"),
        ("145-CV/TU.", "145-CV/TU"),
        ("Số 12-CTr/TU", "12-CTr/TU"),
        ("Số 24-BS/UBKTTU", "24-BS/UBKTTU"),
        ("5-NQ/TW", "05-NQ/TW"),
        ("05-NQ/TW", "05-NQ/TW"),
        ("00005-NQ/TW", "05-NQ/TW"),
        ("123-CV/VPTU - TH", "123-CV/VPTU-TH"),
        ("Số: 15/QĐ-BNV", "15/QĐ-BNV"),
        ("Số: 5/BNV-VP", "05/BNV-VP"),
        ("345/UBND-VP.KT", "345/UBND-VP.KT"),
        ("15/QÐ-UBND", "15/QĐ-UBND"),  # ICELANDIC ETH
        ("15/QƉ-UBND", "15/QĐ-UBND"),  # AFRICAN D
        ("12/2024/QĐ-UBND", "12/2024/QĐ-UBND"),
        ("Số: 01 / 2024 / TT-BNV", "01/2024/TT-BNV"),
        ("117/2025/QH15", "117/2025/QH15"),
        ("11-LĐTBXH/TT", "11-LĐTBXH/TT"),
        ("145\u2044CV-TU", "145/CV-TU"),
        ("145-CV\u200b/TU\ufeff", "145-CV/TU"),
    ],
)
def test_what_clerks_and_pages_write_is_understood(typed: str, canonical: str) -> None:
    assert str(parse_number(typed)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Số",
        "145",
        "CV/TU",
        "-CV/TU",
        "0-CV/TU",
        "00000-CV/TU",
        "123456-CV/TU",
        "145 CV/TU",
        "145-CV",
        "145-CV/",
        "145-CV//TU",
        "145--CV/TU",
        "145-CV/TU và 146-CV/TU",
        "145-CV/TU/2024",
        "12a-CV/TU",  # a number with a letter is another document than 12
        "12a/QĐ-UBND",
        "12/2024",  # a date, a fraction
        "28/4/2021",
        "12/24/QĐ-UBND",
        "12/1024/QĐ-UBND",
        "12-2024/QĐ-UBND",
        "145-CV/ТU",  # CYRILLIC TE
        "١٤٥-CV/TU",  # ARABIC-INDIC DIGITS
        "1²-CV/TU",
        "145-C×V/TU",
        "145-CV_TU",
        "145-CV/TU\x00",
        "Số ngày 145-CV/TU",
    ],
)
def test_what_is_not_one_number_with_its_symbol_is_refused(text: str) -> None:
    with pytest.raises(MisuseError) as refused:
        parse_number(text)
    assert refused.value.code == "document.number"


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_and_never_read_as_something_else(text: str) -> None:
    try:
        number = parse_number(text)
    except MisuseError:
        return
    assert parse_number(str(number)) == number
    assert str(number.value) in tidy(text)


@pytest.mark.parametrize(
    "text", ["", "145", "2024", "2024/", "CV/", "/TU", "CV TU", "CV/TU/X", "1CV/TU", "QĐ--UBND", "QĐ-", "С/TU"]
)
def test_what_cannot_be_a_symbol_is_refused(text: str) -> None:
    with pytest.raises(MisuseError) as refused:
        parse_symbol(text)
    assert refused.value.code == "document.symbol"


@pytest.mark.parametrize(
    ("symbol", "kind"), [("CV/TU", "party"), ("QĐ-UBND", "state"), ("SNV", "state"), ("2024/QĐ-UBND", "state")]
)
def test_the_shape_of_a_symbol_tells_who_writes_so(symbol: str, kind: str) -> None:
    assert kind_of(symbol) == DocumentNumber(1, symbol).kind == kind


@given(st.text(max_size=30))
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)
