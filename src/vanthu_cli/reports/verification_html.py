"""The verification report as one HTML page: no script, no address, nothing loaded; pictures stand in it as data."""

import base64
from collections.abc import Sequence
from html import escape
from itertools import zip_longest

from vanthu_cli.locale import language
from vanthu_cli.reports.verification import Block, Box, Heading, Items, Paragraph, Pictures, Report, Table, story, title
from vanthu_cli.validation.findings import Verdict

_STYLE = """
body { font: 11pt/1.45 "Liberation Serif", "Times New Roman", serif; color: #111; max-width: 190mm; margin: 10mm auto; padding: 0 5mm }
h1, h2, h3, h4, p, li, td, th, b, figcaption, .box { unicode-bidi: bidi-override; direction: ltr; overflow-wrap: anywhere }
h1 { font-size: 17pt } h2 { font-size: 14pt } h3 { font-size: 12pt; margin-top: 2em; border-top: 1px solid #999; padding-top: .6em }
.box { border: 2px solid; border-radius: 4px; padding: .6em 1em; margin: 1em 0 } .box b { font-size: 18pt; display: block }
.valid { color: #0a5c1e } .invalid { color: #9c0000 } .unknown, .unsigned { color: #7a4b00 }
.box.valid { background: #f0f8f0 } .box.invalid { background: #fdf0f0 } .box.unknown, .box.unsigned { background: #fdf7e8 }
table { border-collapse: collapse; width: 100%; margin: .8em 0; table-layout: fixed }
td, th { border: 1px solid #bbb; padding: .25em .5em; text-align: left; vertical-align: top; font-size: 10pt }
td.valid, td.invalid, td.unknown, td.unsigned { font-weight: bold } th { background: #f0f0f0 }
ul { padding-left: 1.3em } li { margin: .2em 0 } h4 { font-size: 11pt; margin: 1.2em 0 .2em } h4 + p, h4 + ul, p + ul { margin-top: .2em }
.pair { display: flex; gap: 4mm; margin: 1em 0 } figure { margin: 0; flex: 1; min-width: 0 }
img { box-sizing: border-box; max-width: 100%; max-height: 230mm; border: 1px solid #888 } .alarming img { border-color: #c00 }
figcaption { font-size: 9.5pt } .small { font-size: 9.5pt; color: #444 }
@page { size: A4; margin: 15mm 15mm 18mm; @bottom-center { content: counter(page) " / " counter(pages) } }
@media print {
  body { margin: 0; max-width: none; padding: 0 } * { print-color-adjust: exact } .section { break-before: page }
  h1, h2, h3, h4 { break-after: avoid } tr, li, .box, .pair, figure { break-inside: avoid }
}
"""
"""Letters of scripts that run from right to left stay where they stand in the text: nothing may turn a sentence round."""


def as_html(report: Report) -> str:
    """Return the page, in UTF-8 when encoded."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    blocks = list(story(report))
    body = "\n".join(_block(each, first=place == 0) for place, each in enumerate(blocks))
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language())}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title())}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _block(block: Block, *, first: bool) -> str:
    match block:
        case Heading(level, text):
            section = ' class="section"' if level == 1 and not first else ""
            return f"<h{level}{section}>{escape(text)}</h{level}>"
        case Box(verdict, word, text):
            return f'<div class="box {verdict}"><b>{escape(word)}</b>{escape(text)}</div>'
        case Paragraph(text, small):
            return f'<p class="small">{escape(text)}</p>' if small else f"<p>{escape(text)}</p>"
        case Items(texts):
            return "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in texts) + "</ul>"
        case Table():
            return _table(block)
        case Pictures():
            return _pictures(block)


def _table(table: Table) -> str:
    columns = "".join(f'<col style="width: {share}%">' for share in table.widths)
    if not table.headings:
        lines = (f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in table.rows)
        return f"<table><colgroup>{columns}</colgroup><tbody>{''.join(lines)}</tbody></table>"
    head = "".join(f"<th>{escape(each)}</th>" for each in table.headings)
    body = "".join(f"<tr>{_cells(row, tone)}</tr>" for row, tone in zip_longest(table.rows, table.tones))
    return f"<table><colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Sequence[str], tone: Verdict | None) -> str:
    first = f'<td class="{tone}">' if tone else "<td>"
    return f"{first}{escape(row[0])}</td>" + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])


def _pictures(pair: Pictures) -> str:
    kind = "pair alarming" if pair.alarming else "pair"
    figures = "".join(
        f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for png, caption in zip((pair.left, pair.right), pair.captions, strict=True)
    )
    return f'<div class="{kind}">{figures}</div>'
