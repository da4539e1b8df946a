"""Statistics as an Excel file (figures as numbers, a chart for each grouping) and as CSV. Names are strings there, never formulas."""

import codecs
import csv
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from vanthu_cli.locale import _
from vanthu_cli.register.figures import By
from vanthu_cli.reports.books import inert
from vanthu_cli.reports.statistics import (
    Group,
    Statistics,
    columns,
    compared,
    cut_word,
    days,
    explained,
    group_word,
    sections,
    the_most,
    title,
)
from vanthu_cli.reports.workbook import workbook

_MOST_BARS = 15
_FORBIDDEN = str.maketrans("[]:*?/\\", "-------")


def statistics_xlsx(statistics: Statistics) -> bytes:
    """Return the workbook: a sheet with every figure, one for each grouping."""
    out = BytesIO()
    book = workbook(out, by_rows=False)
    forms = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "bold": book.add_format({"bold": True, "border": 1, "text_wrap": True, "valign": "top"}),
        "text": book.add_format({"border": 1, "text_wrap": True, "valign": "top"}),
        "count": book.add_format({"border": 1, "num_format": "#,##0"}),
        "share": book.add_format({"border": 1, "num_format": "0.0%"}),
    }
    _summary(book, forms, statistics)
    for by, groups in statistics.groups.items():
        _sheet(book, forms, by, groups)
    book.close()
    return out.getvalue()


def _summary(book: Any, forms: dict[str, Any], statistics: Statistics) -> None:
    sheet = book.add_worksheet(_name(_("Summary")))
    sheet.set_column(0, 0, 52)
    sheet.set_column(1, 6, 14)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, title(statistics), forms["title"])
    sheet.write_string(1, 0, compared(statistics))
    line = 3
    for heading, rows in sections(statistics).items():
        now, before = days(statistics.now.period), days(statistics.before.period)
        for place, text in enumerate((heading, now, _("of"), _("share"), before, _("of"), _("share"))):
            sheet.write_string(line, place, text, forms["bold"])
        for row in rows:
            line += 1
            sheet.write_string(line, 0, row.label, forms["text"])
            for place, (part, whole) in ((1, row.now), (4, row.before)):
                sheet.write_number(line, place, part, forms["count"])
                if whole is not None:
                    sheet.write_number(line, place + 1, whole, forms["count"])
                if whole:
                    sheet.write_number(line, place + 2, part / whole, forms["share"])
        line += 2
    for text in explained():
        sheet.write_string(line, 0, text)
        line += 1


def _sheet(book: Any, forms: dict[str, Any], by: By, groups: Sequence[Group]) -> None:
    name = _name(cut_word(by))
    sheet, chosen = book.add_worksheet(name), [*columns("sent"), *columns("received")]
    sheet.set_column(0, 0, 48)
    sheet.set_column(1, 2 * len(chosen), 13)
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.freeze_panes(1, 1)
    sheet.write_string(0, 0, cut_word(by), forms["bold"])
    place = 1
    for column in chosen:
        sheet.write_string(0, place, column.heading, forms["bold"])
        if column.item.whole:
            sheet.write_string(0, place + 1, _("of"), forms["bold"])
        for line, group in enumerate(groups, 1):
            part, whole = column.item.of(group)
            sheet.write_number(line, place, part, forms["count"])
            if whole is not None:
                sheet.write_number(line, place + 1, whole, forms["count"])
        place += 2 if column.item.whole else 1
    for line, group in enumerate(groups, 1):
        sheet.write_string(line, 0, group_word(by, group), forms["text"])
    if groups:
        _chart(book, forms, sheet, by, groups)


def _chart(book: Any, forms: dict[str, Any], sheet: Any, by: By, groups: Sequence[Group]) -> None:
    """Draw the groups with the most documents under the table of all, beside their figures."""
    drawn, top = the_most(groups, _MOST_BARS), len(groups) + 3
    last = top + len(drawn)
    sheet.write_string(top, 0, cut_word(by), forms["bold"])
    for line, group in enumerate(drawn, top + 1):
        sheet.write_string(line, 0, group_word(by, group), forms["text"])
    chart = book.add_chart({"type": "bar"})
    sides = ((_("Sent"), "dark_upward_diagonal", [each.sent.total for each in drawn]),
             (_("Received"), "percent_20", [each.received.total for each in drawn]))  # fmt: skip
    for column, (word, pattern, totals) in enumerate(sides, 1):
        sheet.write_string(top, column, word, forms["bold"])
        sheet.write_column(top + 1, column, totals, forms["count"])
        chart.add_series(
            {
                "name": [sheet.name, top, column],
                "categories": [sheet.name, top + 1, 0, last, 0],
                "values": [sheet.name, top + 1, column, last, column],
                "pattern": {"pattern": pattern, "fg_color": "#1d4f91", "bg_color": "#ffffff"},
                "border": {"color": "#1d4f91"},
                "data_labels": {"value": True},
            }
        )
    chart.set_y_axis({"reverse": True})
    chart.set_legend({"position": "top"})
    chart.set_size({"width": 760, "height": 120 + 34 * len(drawn)})
    sheet.insert_chart(top, 4, chart)


def _name(text: str) -> str:
    """Return a name that Excel takes for a sheet: 31 letters, none of the signs that it forbids there."""
    return text.translate(_FORBIDDEN)[:31]


def statistics_csv(statistics: Statistics) -> bytes:
    """Return every figure as a line: grouping, group, figure, part, whole, and both of the period before."""
    out = BytesIO()
    lines = csv.writer(codecs.getwriter("utf-8-sig")(out), quoting=csv.QUOTE_ALL)
    now, before = days(statistics.now.period), days(statistics.before.period)
    lines.writerow([_("Grouping"), _("Group"), _("Figure"), now, _("of"), before, _("of")])
    for heading, rows in sections(statistics).items():
        for row in rows:
            lines.writerow(["", inert(heading), inert(row.label), *_pair(row.now), *_pair(row.before)])
    for by, groups in statistics.groups.items():
        for group in groups:
            for column in (*columns("sent"), *columns("received")):
                name = inert(group_word(by, group))
                lines.writerow([cut_word(by), name, column.item.label, *_pair(column.item.of(group)), "", ""])
    return out.getvalue()


def _pair(figure: tuple[int, int | None]) -> tuple[str, str]:
    part, whole = figure
    return str(part), "" if whole is None else str(whole)
