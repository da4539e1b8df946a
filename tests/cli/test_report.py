"""`vanthu report`: one page that opens offline, an Excel file of numbers, a summary (domain.md 8)."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from openpyxl import load_workbook
from tests import offices
from tests.cli import assets
from tests.cli.commands import Clerk
from tests.offices import NOW

from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox.office import PracticeOffice

TODAY = today(NOW)
HOSTILE = "<script>alert(1)</script> =HYPERLINK(“x”) \u202e"


@pytest.fixture
def office(template: PracticeOffice, tmp_path: Path) -> PracticeOffice:
    made = offices.copy(template, tmp_path / "office")
    assets.change(made, {"tsa": None})
    return made


def a_day(clerk: Clerk) -> None:
    for subject, agency in (("Lịch họp", "SNV"), ("Khác", HOSTILE), ("Nữa", "SNV")):
        assert clerk.types("register", "add", "--book", "den", "--agency", agency, "--subject", subject) == 0, (
            clerk.said
        )
    assert (
        clerk.types("register", "add", "--book", "di", "--symbol", "QĐ/TU", "--type", "Quyết định", "--subject", "x")
        == 0
    )
    assert clerk.types("register", "reserve", "--book", "di", "--symbol", "QĐ/TU") == 0


def test_the_figures_are_told_with_their_whole(clerk: Clerk) -> None:
    a_day(clerk)
    code, answer = clerk.asks("report", "--by", "agency")
    assert code == 0
    assert (answer["sent"]["total"], answer["sent"]["paper"], answer["received"]["total"], answer["reserved"]) == (
        1,
        1,
        3,
        1,
    )
    assert answer["received"]["registered_on_time"] == answer["received"]["registration_due"] == 3
    came = {
        each["name"] if each["key"] is None else each["key"]: each["received"]["total"] for each in answer["groups"]
    }
    assert came["SNV"] == 2
    assert sorted(came.values()) == [0, 1, 2]
    assert clerk.types("report") == 0
    assert "3 / 3 (100 %)" in clerk.said


def test_the_page_asks_for_nothing_from_outside_and_runs_nothing(clerk: Clerk, tmp_path: Path) -> None:
    a_day(clerk)
    page = tmp_path / "r.html"
    assert clerk.types("report", "--year", str(TODAY.year), "--out", str(page)) == 0, clerk.said
    text = page.read_text("utf-8")
    tree: Any = html.fromstring(text)
    assert not tree.xpath("//script | //img | //link | //iframe | //@href | //@src")
    assert "default-src 'none'" in text
    assert len(tree.xpath("//figure/*[local-name()='svg']")) == 4  # by agency, type, network and month
    assert "\u202e" not in text
    assert any("alert(1)" in (cell.text or "") for cell in tree.xpath("//td"))  # as text
    assert clerk.types("report", "--out", str(page)) == 2  # never over another file


def test_the_workbook_holds_numbers_and_names_that_are_no_formulas(clerk: Clerk, tmp_path: Path) -> None:
    a_day(clerk)
    outs = [tmp_path / "r.xlsx", tmp_path / "s.xlsx"]
    for out in outs:
        assert clerk.types("report", "--out", str(out)) == 0, clerk.said
    assert outs[0].read_bytes() == outs[1].read_bytes()
    book = load_workbook(outs[0])
    assert len(book.sheetnames) == 5
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type in {"s", "n"} for cell in cells)
    assert any("HYPERLINK" in str(cell.value) for cell in cells)
    assert 3 in [cell.value for cell in cells]


def test_the_csv_is_safe_and_whole(clerk: Clerk, tmp_path: Path) -> None:
    a_day(clerk)
    out = tmp_path / "r.csv"
    assert clerk.types("report", "--out", str(out)) == 0
    rows = list(csv.reader(io.StringIO(out.read_text("utf-8-sig"))))
    assert not [cell for row in rows for cell in row if re.match(r"\s*[=+@-]", cell) and cell != "-"]
    assert len({len(row) for row in rows}) == 1


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--by", "color"), "report.by"),
        (("--month", "2026-13"), "option.period"),
        (("--month", "2026-11", "--year", "2026"), "report.period"),
        (("--out", "r.doc"), "report.form"),
        (("--from", "2099-01-01", "--to", "2099-02-01"), None),
        (("--from", "2026-02-01", "--to", "2026-01-01"), None),
    ],
)
def test_a_period_that_is_none_is_refused(clerk: Clerk, words: tuple[str, ...], error: str | None) -> None:
    code, answer = clerk.asks("report", *words)
    assert code == 2
    assert error in {None, answer["error"]["code"]}


def test_what_the_office_has_sealed_bears_both_signatures(clerk: Clerk) -> None:
    """Its letters wait, for no server is there."""
    draft = clerk.signed_draft()
    clerk.types("sign-send", str(draft), "--to", "BTCTU", "--to", "SNV", "--yes")
    sent = clerk.asks("report")[1]["sent"]
    told = ("total", "electronic", "sealed", "signed_both", "letters", "queued", "not_sent", "without_paper")
    assert [sent[name] for name in told] == [1, 1, 1, 1, 2, 2, 1, 0]


def test_periods_are_typed_as_people_write_them(clerk: Clerk) -> None:
    first = TODAY.replace(day=1)
    shapes = [
        (),
        ("--month", f"{first:%Y-%m}"),
        ("--month", f"{first.month}/{first.year}"),
        ("--from", first.isoformat()),
        ("--from", f"{first:%d/%m/%Y}", "--to", TODAY.isoformat()),
    ]
    answers = [clerk.asks("report", *shape)[1] for shape in shapes]
    assert [each["period"] for each in answers] == [{"from": first.isoformat(), "to": TODAY.isoformat()}] * len(shapes)
    assert answers[0]["previous"]["to"] < first.isoformat()
    quarter = clerk.asks("report", "--quarter", f"{TODAY.year - 1}-4")[1]
    assert quarter["period"] == {"from": f"{TODAY.year - 1}-10-01", "to": f"{TODAY.year - 1}-12-31"}
    assert (quarter["previous"]["from"], quarter["groups"]) == (f"{TODAY.year - 1}-07-01", [])
