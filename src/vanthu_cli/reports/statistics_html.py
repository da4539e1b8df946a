"""Statistics as one page that opens offline and prints on A4: charts are SVG drawn here, each with its figures beside it; no scripts."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from vanthu_cli.locale import _, language
from vanthu_cli.register.figures import By
from vanthu_cli.reports.statistics import (
    Group,
    Row,
    Statistics,
    columns,
    compared,
    cut_word,
    days,
    explained,
    group_word,
    number,
    sections,
    title,
    told,
)
from vanthu_cli.rules.deadlines import VIETNAM

_STYLE = """
body { font: 11pt/1.45 "Liberation Serif", "Times New Roman", serif; color: #111; margin: 12mm auto; max-width: 186mm; padding: 0 4mm }
h1 { font-size: 16pt; text-align: center; margin-bottom: 2mm } h2 { font-size: 13pt; margin: 8mm 0 2mm } p { margin: 1mm 0 }
.small { font-size: 9.5pt; color: #333 } table { border-collapse: collapse; width: 100%; font-size: 9pt }
td, th { border: 1px solid #777; padding: 1mm 1.5mm; text-align: left; vertical-align: top } td:first-child { overflow-wrap: anywhere }
td.n, th.n { text-align: right } td.n { white-space: nowrap } td:first-child { min-width: 46mm } tr { break-inside: avoid } section { break-inside: auto } h2, figure { break-after: avoid }
figure { margin: 2mm 0 } svg { width: 100%; height: auto } text { font: 11px "Liberation Serif", "Times New Roman", serif; fill: #111 }
.share { width: 34mm } @page { size: A4; margin: 14mm }
"""
_MOST_BARS = 15
_WIDTH, _LABEL, _LINE = 700, 230, 34
_SENT, _RECEIVED = "#1d4f91", "#b8860b"
_LONGEST_LABEL = 38
"""Letters of a name beside its bars."""


def statistics_page(statistics: Statistics, now: datetime) -> str:
    """Return the page; whatever stands in names is text there."""
    heading = escape(title(statistics))
    made = _("Counted on {moment}.").format(moment=f"{now.astimezone(VIETNAM):%d/%m/%Y %H:%M}")
    parts = [f"<h1>{heading}</h1>", f"<p>{escape(compared(statistics))} {escape(made)}</p>"]
    for name, rows in sections(statistics).items():
        shown = [row for row in rows if not row.minor or row.now[0] or row.before[0]]
        if shown:
            parts.append(_section(name, shown, statistics))
    for by, groups in statistics.groups.items():
        if groups:
            parts.append(_grouped(by, groups))
    parts += [f'<p class="small">{escape(each)}</p>' for each in explained()]
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language())}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{heading}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def _section(name: str, rows: Sequence[Row], statistics: Statistics) -> str:
    body = "".join(
        f'<tr><td>{escape(row.label)}</td><td class="n">{escape(told(*row.now))}</td><td class="share">{_share(*row.now)}</td>'
        f'<td class="n">{escape(told(*row.before))}</td></tr>\n'
        for row in rows
    )
    head = "".join(
        f'<th class="n">{escape(each)}</th>' if each else "<th></th>"
        for each in ("", days(statistics.now.period), "", days(statistics.before.period))
    )
    return f"<section><h2>{escape(name)}</h2>\n<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></section>"


def _share(part: int, whole: int | None) -> str:
    """Draw a share as a bar in a frame: its length says it without colour."""
    if not whole:
        return ""
    filled = 120 * part / whole
    return (
        '<svg viewBox="0 0 122 12" role="img" aria-hidden="true"><rect x="1" y="1" width="120" height="10" fill="none" stroke="#777"/>'
        f'<rect x="1" y="1" width="{filled:.1f}" height="10" fill="{_SENT}"/></svg>'
    )


def _grouped(by: By, groups: Sequence[Group]) -> str:
    chosen = [*columns("sent"), *columns("received")]
    head = "<th></th>" + "".join(f'<th class="n">{escape(each.heading)}</th>' for each in chosen)
    body = "".join(
        f"<tr><td>{escape(group_word(by, group))}</td>"
        + "".join(f'<td class="n">{escape(told(*each.item.of(group)))}</td>' for each in chosen)
        + "</tr>\n"
        for group in groups
    )
    chart = _bars(by, groups)
    return f"<section><h2>{escape(cut_word(by))}</h2>\n{chart}\n<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></section>"


def _bars(by: By, groups: Sequence[Group]) -> str:
    """Draw what was sent and received, two bars for each group; of many agencies the largest."""
    largest = sorted(groups, key=lambda group: -(group.sent.total + group.received.total))[:_MOST_BARS]
    shown = [group for group in groups if group in largest]
    most = max([1, *(max(group.sent.total, group.received.total) for group in shown)])
    room = _WIDTH - _LABEL - 60
    drawn = []
    for place, group in enumerate(shown):
        top = 26 + place * _LINE
        drawn.append(
            f'<text x="{_LABEL - 6}" y="{top + 17}" text-anchor="end">{escape(_short(group_word(by, group)))}</text>'
        )
        for count, offset, colour, dashes in (
            (group.sent.total, 0, _SENT, ""),
            (group.received.total, 13, _RECEIVED, ' stroke="#111" stroke-width="0.8"'),
        ):
            length = room * count / most
            drawn.append(
                f'<rect x="{_LABEL}" y="{top + offset}" width="{length:.1f}" height="11" fill="{colour}"{dashes}/>'
            )
            drawn.append(f'<text x="{_LABEL + length + 5:.1f}" y="{top + offset + 10}">{number(count)}</text>')
    height = 30 + len(shown) * _LINE
    legend = (
        f'<rect x="{_LABEL}" y="4" width="11" height="11" fill="{_SENT}"/><text x="{_LABEL + 16}" y="14">{escape(_("Sent"))}</text>'
        f'<rect x="{_LABEL + 90}" y="4" width="11" height="11" fill="{_RECEIVED}" stroke="#111" stroke-width="0.8"/>'
        f'<text x="{_LABEL + 106}" y="14">{escape(_("Received"))}</text>'
    )
    hidden = len(groups) - len(shown)
    more = (
        f'<figcaption class="small">{escape(_("The {shown} largest; {hidden} more stand in the table.").format(shown=len(shown), hidden=hidden))}</figcaption>'
        if hidden
        else ""
    )
    return f'<figure><svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(cut_word(by))}">{legend}{"".join(drawn)}</svg>{more}</figure>'


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"
