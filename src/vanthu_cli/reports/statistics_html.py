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
    the_most,
    title,
    told,
)
from vanthu_cli.rules.deadlines import VIETNAM

_STYLE = """
body { font: 11pt/1.4 "Liberation Serif", "Times New Roman", serif; color: #111; margin: 10mm auto; max-width: 190mm; padding: 0 4mm }
h1, h2, p, td, th, figcaption, text { unicode-bidi: bidi-override; direction: ltr; overflow-wrap: anywhere }
h1 { font-size: 16pt; text-align: center; margin-bottom: 2mm } h2 { font-size: 13pt; margin: 8mm 0 2mm } p { margin: 1mm 0 }
.small { font-size: 9.5pt; color: #333 } table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: 9pt }
td, th { border: 1px solid #777; padding: 1mm 1.2mm; text-align: left; vertical-align: top } td.n, th.n { text-align: right }
th { overflow-wrap: normal } th.mid { text-align: center } th svg { display: inline; width: 5mm; vertical-align: baseline } col.name { width: 62mm } col.share { width: 36mm } .groups { font-size: 8.5pt } .groups col.name { width: 46mm }
.groups col.count { width: 11mm } figure { margin: 2mm 0 3mm } svg { display: block; width: 100%; height: auto }
td svg { margin-top: .8mm } text { font: 11px "Liberation Serif", "Times New Roman", serif; fill: #111 }
@page { size: A4; margin: 14mm 14mm 17mm; @bottom-center { content: counter(page) " / " counter(pages) } }
@media print {
  body { margin: 0; max-width: none; padding: 0 } * { print-color-adjust: exact } tr, figure, .whole { break-inside: avoid }
  h2, figure { break-after: avoid } thead { display: table-header-group }
}
"""
"""Letters of scripts that run from right to left stay where they stand in the text: nothing may turn a sentence round."""

_MOST_BARS = 15
_WIDTH, _LABEL, _LINE = 700, 230, 34
_LONGEST_LABEL = 38
"""Letters of a name beside its bars; the table has all of it."""
_FULL, _HATCHED = 'fill="#1d4f91"', 'fill="url(#hatched)" stroke="#333" stroke-width="0.8"'
"""Bars that a black and white print tells apart."""
_HATCH = (
    '<svg width="0" height="0" style="position: absolute" aria-hidden="true"><defs><pattern id="hatched" width="5" height="5"'
    ' patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" fill="#fff"/>'
    '<rect width="1.8" height="5" fill="#555"/></pattern></defs></svg>'
)


def statistics_page(statistics: Statistics, now: datetime) -> str:
    """Return the page; whatever stands in names is text there."""
    heading = escape(title(statistics))
    made = _("Counted on {moment}.").format(moment=f"{now.astimezone(VIETNAM):%d/%m/%Y %H:%M}")
    parts = [_HATCH, f"<h1>{heading}</h1>", f"<p>{escape(compared(statistics))} {escape(made)}</p>"]
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
    """Return a table in which every share is drawn beside its figures, this period over the one before."""
    body = "".join(
        f'<tr><td>{escape(row.label)}</td><td class="n">{_figure(row.now)}</td><td>{_share(row)}</td>'
        f'<td class="n">{_figure(row.before)}</td></tr>\n'
        for row in rows
    )
    now, before = (
        f'<th class="n"><svg viewBox="0 0 16 9" aria-hidden="true"><rect width="16" height="9" {fill}/></svg> {escape(days(each.period))}</th>'
        for each, fill in ((statistics.now, _FULL), (statistics.before, _HATCHED))
    )
    return (
        f'<section class="whole"><h2>{escape(name)}</h2>\n'
        '<table><colgroup><col class="name"><col><col class="share"><col></colgroup>'
        f"<thead><tr><th></th>{now}<th></th>{before}</tr></thead><tbody>\n{body}</tbody></table></section>"
    )


def _figure(share: tuple[int, int | None]) -> str:
    """Return a figure that is broken over lines before its per cent only."""
    return escape(
        told(*share).replace(" / ", "\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}").replace(" %", "\N{NO-BREAK SPACE}%")
    )


def _share(row: Row) -> str:
    """Draw two shares as bars in a frame: their lengths say it without colour."""
    drawn = [
        f'<rect x="1" y="{y}" width="{120 * part / whole:.1f}" height="{height}" {fill}/>'
        for (part, whole), y, height, fill in ((row.now, 1, 8, _FULL), (row.before, 10, 4, _HATCHED))
        if whole
    ]
    if not drawn:
        return ""
    frame = '<rect x="1" y="1" width="120" height="13" fill="none" stroke="#777" stroke-width="0.7"/>'
    return f'<svg viewBox="0 0 122 15" aria-hidden="true">{"".join(drawn)}{frame}</svg>'


def _grouped(by: By, groups: Sequence[Group]) -> str:
    sides = columns("sent"), columns("received")
    chosen = [*sides[0], *sides[1]]
    widths = "".join("<col>" if each.item.whole else '<col class="count">' for each in chosen)
    over = "".join(
        f'<th class="mid" colspan="{len(side)}">{escape(name)}</th>'
        for side, name in zip(sides, (_("Documents sent"), _("Documents received")), strict=True)
    )
    head = "".join(f'<th class="n">{escape(each.heading)}</th>' for each in chosen)
    body = "".join(
        f"<tr><td>{escape(group_word(by, group))}</td>"
        + "".join(f'<td class="n">{_figure(each.item.of(group))}</td>' for each in chosen)
        + "</tr>\n"
        for group in groups
    )
    return (
        f"<section><h2>{escape(cut_word(by))}</h2>\n{_bars(by, groups)}\n"
        f'<table class="groups"><colgroup><col class="name">{widths}</colgroup>'
        f'<thead><tr><th rowspan="2"></th>{over}</tr><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></section>'
    )


def _bars(by: By, groups: Sequence[Group]) -> str:
    """Draw what was sent and received, two bars for each group; of many, those with the most."""
    shown = the_most(groups, _MOST_BARS)
    most = max([1, *(max(group.sent.total, group.received.total) for group in shown)])
    drawn = [_key(_LABEL, _FULL, _("Sent")), _key(_LABEL + 90, _HATCHED, _("Received"))]
    for place, group in enumerate(shown):
        top = 26 + place * _LINE
        drawn.append(_text(_LABEL - 6, top + 17, _short(group_word(by, group)), ' text-anchor="end"'))
        for count, y, fill in ((group.sent.total, top, _FULL), (group.received.total, top + 13, _HATCHED)):
            length = (_WIDTH - _LABEL - 60) * count / most
            drawn.append(f'<rect x="{_LABEL}" y="{y}" width="{length:.1f}" height="11" {fill}/>' if count else "")
            drawn.append(_text(_LABEL + length + 5, y + 10, number(count)))
    hidden = len(groups) - len(shown)
    words = _("The {shown} largest; {hidden} more stand in the table.").format(shown=len(shown), hidden=hidden)
    more = f'<figcaption class="small">{escape(words)}</figcaption>' if hidden else ""
    size = f'viewBox="0 0 {_WIDTH} {30 + len(shown) * _LINE}"'
    return f'<figure><svg {size} role="img" aria-label="{escape(cut_word(by))}">{"".join(drawn)}</svg>{more}</figure>'


def _key(x: int, fill: str, word: str) -> str:
    return f'<rect x="{x}" y="4" width="16" height="11" {fill}/>{_text(x + 21, 14, word)}'


def _text(x: float, y: int, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y}"{more}>{escape(text)}</text>'


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"
