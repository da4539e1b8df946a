"""A State office: numbers run through the calendar year, symbols are written with a slash (NĐ 30/2020 Đ15, Phụ lục I)."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.commands import Clerk
from tests.offices import NOW

from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.documents import make_pdf


@pytest.fixture
def state(clerk: Clerk) -> Clerk:
    """Turn the practice office into a State one."""
    text = clerk.office.config.read_text("utf-8")
    text = re.sub(r'(?m)^kind = "party"$', 'kind = "state"', text, count=1)
    text = re.sub(r"(?m)^symbol = .*$", 'symbol = "SNV"', text)
    text = re.sub(r"(?m)^(term_start|rules|other_symbols) = .*\n", "", text)
    clerk.office.config.write_text(text, "utf-8")
    return clerk


def letter(clerk: Clerk, name: str, **changes: object) -> Path:
    page = correspondents.state_page(
        "SNV", "Nguyễn Văn Mẫu", number=1, symbol="SNV-VP", day=today(NOW), subject="Báo cáo công tác tháng"
    )
    path = clerk.office.papers / name
    path.write_bytes(make_pdf(replace(page, number=None, day=None, year=today(NOW).year, **changes)))  # type: ignore[arg-type]  # a page's own fields
    return path


def test_symbols_are_numbered_apart_in_the_calendar_year(state: Clerk) -> None:
    decision = {"symbol": "QĐ-SNV", "doc_type": "Quyết định", "subject": "Về việc thành lập tổ công tác"}
    names = []
    for name, changes in (("a.pdf", {}), ("b.pdf", decision), ("c.pdf", {"subject": "Báo cáo công tác quý"})):
        code, answer = state.asks(
            "sign-send", str(letter(state, name, **changes)), "--person", "leader", "--to", "STC", "--yes"
        )
        assert code == 0, answer
        names.append((answer["document"]["number"], answer["document"]["symbol"]))
    assert names == [(1, "SNV-VP"), (1, "QĐ-SNV"), (2, "SNV-VP")]
    assert state.asks("register", "show", "02/SNV-VP")[1]["document"]["name"] == "02/SNV-VP"


def test_a_party_symbol_is_not_a_state_office_s(state: Clerk) -> None:
    draft = state.draft()
    code, answer = state.asks("sign-send", str(draft), "--person", "leader", "--to", "STC", "--yes")
    assert (code, answer["error"]["code"]) == (5, "numbering.kind")
