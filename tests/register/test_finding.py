"""What a clerk's words find: together first, agencies by name, half numbers, periods; compared with a plain walk through all rows."""

import random
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.register.entries import NOW, arrive

from vanthu_cli.document.text import fold
from vanthu_cli.register import documents, finding
from vanthu_cli.register.book import Book, open_book, stored
from vanthu_cli.register.finding import Filter
from vanthu_cli.register.indexing import words_of


def found(book: Book, text: str, **more: object) -> list[int]:
    return [each.id for each in finding.search(book, text, **more).documents]  # type: ignore[arg-type]  # any of its options


@pytest.fixture
def shelf(book: Book) -> Book:
    with book.step():
        arrive(
            book,
            "a",
            number=145,
            symbol="CV/TU",
            agency="TỈNH ỦY HẢI DƯƠNG",
            agency_code="TU",
            subject="Kế hoạch họp giao ban",
        )
        arrive(
            book,
            "b",
            number=1450,
            symbol="QĐ-UBND",
            agency="Ủy ban nhân dân tỉnh",
            agency_code="UBND",
            subject="Giao kế hoạch đầu tư",
        )
        arrive(
            book,
            "c",
            number=14,
            symbol="CV/TU",
            agency="Uỷ ban nhân dân xã An Phú",
            subject="Ban hành quy chế giao tiếp",
            arrival_number=7,
        )
        arrive(book, "d", number=9, symbol="QyĐ-SNV", agency="Sở Nội vụ", subject="Hoạch định nhân sự, kế toán")
    return book


def test_words_that_stand_together_go_before_words_that_stand_apart(shelf: Book) -> None:
    assert found(shelf, "kế hoạch") == [2, 1]  # not the planning of accountants
    assert finding.search(shelf, "kế hoạch").together
    assert found(shelf, "kế hoạch", apart=True) == [4, 2, 1]
    assert found(shelf, "giao ban") == [1]
    assert not finding.search(shelf, "nhân sự quy chế").documents
    apart = finding.search(shelf, "định kế")
    assert ([each.id for each in apart.documents], apart.together) == ([4], False)


def test_one_thing_after_another_is_found_with_one_gap(shelf: Book) -> None:
    assert found(shelf, "họp giao ban tỉnh ủy") == [1]
    assert found(shelf, "sở nội vụ hoạch định") == [4]


@pytest.mark.parametrize("name", ["ủy ban nhân dân tỉnh", "UBND TỈNH", "uy ban nhan dan tinh", "UBND"])
def test_an_agency_is_found_by_its_name_its_abbreviation_or_its_code(shelf: Book, name: str) -> None:
    assert found(shelf, "kế hoạch", agency=name) == [2]
    assert found(shelf, f"{name} kế hoạch")[:1] == [2]


def test_half_a_number_finds_those_that_begin_so(shelf: Book) -> None:
    assert found(shelf, "14") == [3, 2, 1]
    assert found(shelf, "145") == [2, 1]
    assert found(shelf, "145-CV/TU") == [1]
    assert found(shelf, "145-cv") == [1]
    assert found(shelf, "7") == [3]
    assert found(shelf, "09") == found(shelf, "9") == [4]
    assert found(shelf, "số 145 - CV/TU") == [1]


def test_symbol_type_book_and_period_narrow_what_is_found(shelf: Book) -> None:
    later = open_book(
        Path(shelf.connection.execute("PRAGMA database_list").fetchone()[2]), who="x", now=NOW + timedelta(days=2)
    )
    with later.step():
        arrive(later, "e", subject="Kế hoạch khác", symbol="KH/TU", number=1)
    later.connection.close()
    border = stored(NOW + timedelta(days=1))
    assert found(shelf, "kế hoạch", wanted=Filter(since=border)) == [5]
    assert found(shelf, "kế hoạch", wanted=Filter(until=border)) == [2, 1]
    assert found(shelf, "kế hoạch", wanted=Filter(symbol="CV/TU")) == [1]
    assert found(shelf, "kế hoạch", wanted=Filter(direction="out")) == []
    assert found(shelf, "", wanted=Filter(symbol="CV/TU")) == [3, 1]
    assert set(found(shelf, "kế hoạch", relevance=True)) == {1, 2, 5}


def test_the_text_of_the_pages_is_found_and_vanishes_with_the_document(shelf: Book) -> None:
    with shelf.step():
        documents.set_text(shelf, 1, "Điều 1. Thành lập tổ công tác liên ngành về chuyển đổi số.")
    assert found(shelf, "to cong tac lien nganh") == [1]
    with shelf.step():
        documents.update(shelf, 1, subject="Khác")  # the text stays when a field changes
    assert found(shelf, "liên ngành") == [1]
    with shelf.step():
        documents.blank(shelf, 1)
    assert found(shelf, "liên ngành") == []


SYLLABLES = ["kế", "hoạch", "họp", "giao", "ban", "ủy", "tỉnh", "145", "14", "cv", "tu", "đảng", "Đảng", "uỷ"]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Book:
    chance = random.Random(5)  # noqa: S311  test data
    book = open_book(tmp_path_factory.mktemp("many") / "register.sqlite", who="x", now=NOW)
    with book.step():
        for turn in range(300):
            arrive(book, str(turn), subject=" ".join(chance.choices(SYLLABLES, k=6)), signer=chance.choice(SYLLABLES))
    return book


@given(st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=4))
def test_apart_finds_exactly_what_a_walk_through_all_rows_finds(many: Book, words: list[str]) -> None:
    wanted = {fold(word) for word in words}
    expected = []
    for each in reversed(range(1, 301)):
        document = documents.get(many, each)
        there = set(words_of(f"{document.subject} {document.signer} {document.file}"))
        digits = {part for part in wanted if part.isdecimal()}
        if wanted - digits <= there and digits <= there:
            expected.append(each)
    assert found(many, " ".join(words), apart=True) == expected or not expected


@given(st.lists(st.sampled_from(SYLLABLES), min_size=2, max_size=3))
def test_what_stands_together_is_found_whole_and_newest_first(many: Book, words: list[str]) -> None:
    phrase = " ".join(fold(word) for word in words)
    expected = [
        each
        for each in reversed(range(1, 301))
        if f" {phrase} " in f" {' '.join(words_of(documents.get(many, each).subject or ''))} "
    ]
    if expected:
        answer = finding.search(many, " ".join(words))
        assert answer.together
        assert set(expected) <= {each.id for each in answer.documents}
        assert [each.id for each in answer.documents] == sorted((each.id for each in answer.documents), reverse=True)
