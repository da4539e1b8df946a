"""Statistics as they are told: shares, periods, groups, and what a stranger's words can do to a page or a table (nothing)."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from openpyxl import load_workbook

from vanthu_cli import locale
from vanthu_cli.errors import MisuseError
from vanthu_cli.procedures.statistics import _groups, calendar_unit, from_to
from vanthu_cli.register.figures import By, In, Key, Out, Period, Tally, _tally
from vanthu_cli.reports.statistics import (
    Figures,
    Group,
    Received,
    Sent,
    Statistics,
    group_word,
    items,
    lines,
    sections,
    the_most,
    told,
)
from vanthu_cli.reports.statistics_html import statistics_page
from vanthu_cli.reports.statistics_xlsx import statistics_csv, statistics_xlsx

NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 26))
OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 26))
SENT = Sent(total=20, dispatched=18, without_paper=12, acknowledgement_due=25, acknowledged_same_day=18, with_paper=6)
RECEIVED = Received(total=1234, electronic=1200, judged=1200, valid=1199, registration_due=3)
HOSTILE = '=cmd|"/c calc"!A0 <script>alert(1)</script>\x1b[31m\u202e\u200f\ufffe & \'"'


def statistics(*groups: Group, by: By = "agency") -> Statistics:
    now = Figures(NOVEMBER, SENT, RECEIVED, {"session": 4, HOSTILE: 2}, 3)
    return Statistics("Văn phòng <Tỉnh ủy>", now, Figures(OCTOBER, Sent(), Received(), {}, 0), {by: groups})


def group(name: str | None, sent: int = 0, received: int = 0, key: str | None = None) -> Group:
    return Group(key, name, Sent(total=sent), Received(total=received))


# -- shares ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (18, 25, "18 / 25 (72 %)"),
        (0, 0, "–"),
        (0, 7, "0 / 7 (0 %)"),
        (7, 7, "7 / 7 (100 %)"),
        (2, 3, "2 / 3 (66.7 %)"),
        (1999, 2000, "1,999 / 2,000 (99.9 %)"),
        (1, 5000, "1 / 5,000 (0.1 %)"),
        (1234, None, "1,234"),
    ],
)
def test_a_share_is_told_with_its_whole(part: int, whole: int | None, words: str) -> None:
    assert told(part, whole) == words


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_all_and_none_are_told_of_nothing_else(one: int, other: int) -> None:
    part, whole = sorted((one, other))
    words = told(part, whole)
    assert ("(100 %)" in words) is (part == whole > 0)
    assert ("(0 %)" in words) is (part == 0 < whole)
    shown = re.search(r"\((.+) %\)", words)
    assert whole == 0 or (shown is not None and abs(float(shown[1]) - 100 * part / whole) <= 0.1)


def test_numbers_are_written_as_in_vietnamese() -> None:
    with locale.speaking("vi"):
        assert told(2000, 3000) == "2.000 / 3.000 (66,7 %)"


# -- periods --------------------------------------------------------------------------------------------------------


def periods(first: tuple[int, int, int], months: int, day: date) -> list[tuple[str, str]]:
    return [(str(each.first), str(each.last)) for each in calendar_unit(date(*first), months, day)]


def test_a_month_stands_beside_the_month_before() -> None:
    day = date(2026, 11, 26)
    assert periods((2026, 10, 1), 1, day) == [("2026-10-01", "2026-10-31"), ("2026-09-01", "2026-09-30")]
    assert periods((2026, 1, 1), 1, day) == [("2026-01-01", "2026-01-31"), ("2025-12-01", "2025-12-31")]
    assert periods((2026, 7, 1), 3, day) == [("2026-07-01", "2026-09-30"), ("2026-04-01", "2026-06-30")]
    assert periods((2024, 1, 1), 12, day) == [("2024-01-01", "2024-12-31"), ("2023-01-01", "2023-12-31")]


def test_what_is_not_over_stands_beside_as_much_of_what_was_before() -> None:
    assert periods((2026, 11, 1), 1, date(2026, 11, 26)) == [("2026-11-01", "2026-11-26"), ("2026-10-01", "2026-10-26")]
    assert periods((2026, 3, 1), 1, date(2026, 3, 30)) == [("2026-03-01", "2026-03-30"), ("2026-02-01", "2026-02-28")]
    assert periods((2026, 1, 1), 12, date(2026, 1, 1)) == [("2026-01-01", "2026-01-01"), ("2025-01-01", "2025-01-01")]


@given(st.dates(date(1945, 1, 1), date(2030, 1, 1)), st.integers(0, 800), st.integers(0, 800))
def test_days_stand_beside_as_many_days_right_before(first: date, length: int, later: int) -> None:
    day = first + timedelta(days=later)
    now, before = from_to(first, first + timedelta(days=length), day)
    assert now == Period(first, min(first + timedelta(days=length), day))
    assert before.last + timedelta(days=1) == now.first
    assert before.last - before.first == now.last - now.first


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ((2026, 11, 27), (2026, 12, 1)),
        ((2026, 11, 2), (2026, 11, 1)),
        ((1, 1, 1), (2026, 1, 1)),
        ((9999, 12, 31), (9999, 12, 31)),
    ],
)
def test_a_period_that_cannot_be_is_refused(first: tuple[int, int, int], last: tuple[int, int, int]) -> None:
    with pytest.raises(MisuseError):
        from_to(date(*first), date(*last), date(2026, 11, 26))


# -- groups ---------------------------------------------------------------------------------------------------------


def tally(sent: int = 0, received: int = 0) -> Tally:
    found = _tally()
    found.outgoing[Out("sent", "paper", 0, None, 0, 0, 0, 0)] += sent
    found.incoming[In("accepted", "paper", None, None, None, None, None)] += received
    return found


def grouped(by: By, counted: dict[Key, Tally], **names: str) -> list[tuple[str | None, str | None, int, int]]:
    found = _groups(by, counted, names, NOVEMBER)
    return [(each.key, each.name, each.sent.total, each.received.total) for each in found]


def test_agencies_stand_in_the_order_of_the_alphabet_each_once() -> None:
    counted: dict[Key, Tally] = {
        (None, None): tally(sent=1),
        (None, "UBND phường Lê Lợi"): tally(received=1),
        (None, "ỦY BAN NHÂN DÂN PHƯỜNG LÊ LỢI"): tally(received=2),
        (None, "SỞ NỘI VỤ"): tally(received=4),
        ("SNV", None): tally(sent=8),
        ("DU", None): tally(sent=16),
        ("BAN", None): tally(sent=32),
        ("GONE", None): tally(sent=64),
        (None, "Ăn Thi"): tally(received=1),
    }
    assert grouped("agency", counted, SNV="Sở Nội vụ", DU="Đảng ủy", BAN="Ban Tổ chức") == [
        (None, "Ăn Thi", 0, 1),
        ("BAN", "Ban Tổ chức", 32, 0),
        ("DU", "Đảng ủy", 16, 0),
        ("GONE", None, 64, 0),
        ("SNV", "Sở Nội vụ", 8, 4),
        (None, "ỦY BAN NHÂN DÂN PHƯỜNG LÊ LỢI", 0, 3),
        (None, None, 1, 0),
    ]


def test_a_name_that_two_agencies_bear_is_neither_of_them() -> None:
    counted: dict[Key, Tally] = {
        ("A", None): tally(sent=1),
        ("B", None): tally(sent=2),
        (None, "Văn phòng"): tally(received=4),
    }
    assert sorted(each[2:] for each in grouped("agency", counted, A="Văn phòng", B="VĂN PHÒNG")) == [
        (0, 4),
        (1, 0),
        (2, 0),
    ]


def test_types_networks_and_months_are_in_order() -> None:
    types: dict[Key, Tally] = {
        (None, None): tally(1),
        ("Quyết định", None): tally(2),
        ("Công văn", None): tally(4),
        ("CÔNG VĂN", None): tally(1),
    }
    assert grouped("type", types) == [
        ("Công văn", "Công văn", 5, 0),
        ("Quyết định", "Quyết định", 2, 0),
        (None, None, 1, 0),
    ]
    networks: dict[Key, Tally] = {(key, None): tally(1) for key in (None, "paper", "folder", "internet", "wan")}
    assert [each[0] for each in grouped("network", networks)] == ["wan", "internet", "paper", "folder", None]
    months: dict[Key, Tally] = {("2026-09", None): tally(1), ("2026-07", None): tally(2)}
    assert [each[::2] for each in grouped("month", months)] == [
        ("2026-07", 2), ("2026-08", 0), ("2026-09", 1), ("2026-10", 0), ("2026-11", 0),
    ]  # fmt: skip
    assert grouped("month", {}) == []


def test_of_many_groups_those_with_the_most_are_drawn_in_their_order() -> None:
    groups = [group("a", 1), group("b", 5), group("b", 5), group("c", 2, 2)]
    assert the_most(groups, 3) == groups[1:]


# -- what is told ---------------------------------------------------------------------------------------------------


def test_every_figure_is_told_and_every_whole_is_one() -> None:
    chosen = [item for every in items().values() for item in every]
    wholes = {("sent", "dispatched"), ("sent", "sealed"), ("sent", "acknowledgement_due")}
    wholes |= {("received", "acknowledgement_due"), ("received", "registration_due")}
    every = {("sent", name) for name in Sent._fields} | {("received", name) for name in Received._fields}
    assert {(item.side, item.field) for item in chosen} == every - wholes
    assert {(item.side, item.whole) for item in chosen if item.whole} <= every


def test_the_summary_leaves_out_what_is_nothing_and_keeps_what_is_asked_for() -> None:
    text = "\n".join(lines(statistics(group("Sở", 2)), groups=False))
    assert "12 / 18 (66.7 %)" in text
    assert "1,199 / 1,200 (99.9 %)" in text
    assert "26/10/2026" in text
    assert "void" not in text
    assert "Sở" not in text
    assert "Sở" in "\n".join(lines(statistics(group("Sở", 2)), groups=True))


def test_reasons_of_both_periods_are_told() -> None:
    found = statistics()
    found = replace(found, before=replace(found.before, reasons={"printed": 1}))
    rows = {row.label: (row.now[0], row.before[0]) for every in sections(found).values() for row in every}
    assert (rows["– session paper"], rows["– printed and sealed (Art. 18.5)"]) == ((4, 0), (0, 1))


# -- hostile words --------------------------------------------------------------------------------------------------


def test_a_stranger_s_words_are_one_line_of_printable_letters() -> None:
    word = group_word("agency", group(HOSTILE))
    assert word.isprintable()
    assert "\ufffe" not in word
    assert len(group_word("type", group("x" * 10_000))) == 200
    assert group_word("network", group(None, key="fol\nder")) == "fol der"
    assert group_word("agency", group(None)).startswith("(")


def test_the_page_shows_hostile_words_and_runs_nothing() -> None:
    text = statistics_page(statistics(group(HOSTILE, 3, 1)), NOW)
    tree: Any = html.fromstring(text)
    assert not tree.xpath("//script | //img | //link | //iframe | //foreignObject | //@href | //@src")
    assert not re.search(r"\son\w+=", text)
    assert "default-src 'none'" in text
    assert not set(text) & set("\x1b\u202e\u200f\ufffe")
    assert "<script>alert(1)</script>" in "".join(tree.xpath("//td//text()"))
    assert "Văn phòng <Tỉnh ủy>" in "".join(tree.xpath("//h1//text()"))


def test_beside_every_drawing_stand_its_figures() -> None:
    many = [group(f"Cơ quan {place}", place, 2 * place) for place in range(40)]
    tree: Any = html.fromstring(statistics_page(statistics(*many), NOW))
    for drawing in tree.xpath("//td/*[local-name()='svg']"):
        assert "%" in "".join(drawing.getparent().getparent().xpath("td//text()"))
    assert len(tree.xpath("//figure//*[local-name()='rect']")) == 2 + 2 * 15
    table = tree.xpath("//figure/following-sibling::table")[0]
    assert {f"Cơ quan {place}" for place in range(40)} <= set(table.xpath(".//td[1]/text()"))


def test_a_bar_is_as_long_as_its_figure() -> None:
    tree: Any = html.fromstring(statistics_page(statistics(group("a", 10, 40), group("b", 20)), NOW))
    widths = [float(each.get("width")) for each in tree.xpath("//figure//*[local-name()='rect']")[2:]]
    assert [round(width / max(widths), 2) for width in widths] == [0.25, 1, 0.5]


def test_the_workbook_holds_strings_and_numbers_only() -> None:
    data = statistics_xlsx(statistics(group(HOSTILE, 3, 1), *(group(f"{place}", place) for place in range(30))))
    book = load_workbook(io.BytesIO(data))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert not any(cell.hyperlink for cell in cells)
    chart: Any = load_workbook(io.BytesIO(data)).worksheets[1]._charts
    assert len(chart) == 1
    assert data == statistics_xlsx(statistics(group(HOSTILE, 3, 1), *(group(f"{place}", place) for place in range(30))))


def test_the_csv_begins_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(statistics_csv(statistics(group(HOSTILE, 3, 1))).decode("utf-8-sig"))))
    assert not [cell for row in rows for cell in row if re.match(r"[\s'\"]*[=+@-]", cell) and not cell.startswith("'")]
    assert any("alert(1)" in cell for row in rows for cell in row)
