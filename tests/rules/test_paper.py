import unicodedata

import pytest

from vanthu_cli.config.settings import Paper
from vanthu_cli.rules.paper import PaperCopy, owed

LIST = Paper(session_to="VPTU", exceptions=("tổ chức cán bộ", "khiếu nại", "tố cáo", "thuỷ sản", "  "))


def reasons(subject: str, doc_type: str = "Công văn", paper: Paper = LIST) -> list[str]:
    return [each.reason for each in owed(paper, session=False, subject=subject, doc_type=doc_type, agencies=["SNV"])]


def test_a_session_paper_owes_exactly_one_original() -> None:
    copies = owed(LIST, session=True, subject="chuẩn bị kỳ họp", doc_type="Báo cáo", agencies=["A", "B"])
    assert copies == (PaperCopy("VPTU", 1, "session"),)


def test_a_session_paper_of_an_exception_class_owes_both_and_the_session_address_one() -> None:
    copies = owed(LIST, session=True, subject="khiếu nại", doc_type="Báo cáo", agencies=["A", "VPTU"])
    assert set(copies) == {PaperCopy("A", 1, "exception"), PaperCopy("VPTU", 1, "session")}


def test_an_exception_owes_one_original_to_each_recipient_once() -> None:
    copies = owed(
        LIST, session=False, subject="V/v giải quyết khiếu nại", doc_type="Công văn", agencies=["A", "B", "A"]
    )
    assert copies == (PaperCopy("A", 1, "exception"), PaperCopy("B", 1, "exception"))


@pytest.mark.parametrize(
    "subject",
    [
        "V/v đơn TỐ CÁO của công dân",
        "Khiếu nại, tố cáo",
        "công tác tổ chức, cán bộ",
        "phát triển thủy sản",
        unicodedata.normalize("NFD", "giải quyết tố cáo"),
        "giải quyết\n tố  cáo",
    ],
)
def test_capitals_spaces_spelling_and_composition_do_not_matter(subject: str) -> None:
    assert reasons(subject) == ["exception"]


@pytest.mark.parametrize(
    "subject", ["V/v gửi, nhận văn bản", "mua mô tô cao tốc", "to cao", "tờ cáo phó", "", "khiếu nạiđơn"]
)
def test_other_words_owe_no_paper(subject: str) -> None:
    assert reasons(subject) == []


def test_the_type_counts_too() -> None:
    assert reasons("về việc riêng", doc_type="Quyết định", paper=Paper(exceptions=("quyết định",))) == ["exception"]


def test_without_a_list_nothing_is_owed() -> None:
    assert reasons("khiếu nại", paper=Paper()) == []
