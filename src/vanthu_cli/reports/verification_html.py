"""The verification report as one HTML page: no script, no address, nothing loaded; pictures stand in it as data."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

from vanthu_cli.locale import _, language
from vanthu_cli.reports.verification import Block, Box, Heading, Items, Paragraph, Pictures, Report, Table, story

_STYLE = """
body { font: 11pt/1.45 "Liberation Serif", "Times New Roman", serif; color: #111; max-width: 190mm; margin: 10mm auto; padding: 0 5mm }
h1 { font-size: 17pt; overflow-wrap: anywhere } h2 { font-size: 14pt; overflow-wrap: anywhere } h3 { font-size: 12pt; margin-top: 2em; border-top: 1px solid #999; padding-top: .6em }
.box { border: 2px solid; border-radius: 4px; padding: .6em 1em; margin: 1em 0; break-inside: avoid }
.box b { font-size: 18pt; display: block } .valid { color: #0a5c1e; background: #f0f8f0 } .invalid { color: #9c0000; background: #fdf0f0 }
.unknown, .unsigned { color: #7a4b00; background: #fdf7e8 }
table { border-collapse: collapse; width: 100%; margin: .8em 0; table-layout: fixed } tr { break-inside: avoid }
td, th { border: 1px solid #bbb; padding: .25em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere; font-size: 10pt }
th { background: #f0f0f0 } .facts th { width: 32% } ul { padding-left: 1.3em } li { overflow-wrap: anywhere; margin: .2em 0 }
.pair { display: flex; gap: 4mm; break-inside: avoid; margin: 1em 0 } figure { margin: 0; flex: 1; min-width: 0 }
img { width: 100%; border: 1px solid #888 } .alarming img { border-color: #c00 } figcaption { font-size: 9.5pt } .small { font-size: 9.5pt; color: #444 }
@page { size: A4; margin: 15mm } @media print { body { margin: 0; max-width: none; padding: 0 } .section { break-before: page } }
"""


def as_html(report: Report) -> str:
    """Return the page, in UTF-8 when encoded."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    title = escape(_("Verification of electronic signatures"))
    blocks = list(story(report))
    body = "\n".join(_block(each, first=place == 0) for place, each in enumerate(blocks))
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language())}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _block(block: Block, *, first: bool) -> str:
    match block:
        case Heading(level, text):
            section = ' class="section"' if level == 1 and not first else ""
            return f"<h{level}{section}>{escape(text)}</h{level}>"
        case Box(verdict, word, text):
            return f'<div class="box {verdict}"><b>{escape(word)}</b>{escape(text)}</div>'
        case Paragraph(text, small):
            return f"<p>{escape(text)}</p>" if not small else f'<p class="small">{escape(text)}</p>'
        case Items(texts):
            return "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in texts) + "</ul>"
        case Table(headings, rows):
            return _table(headings, rows)
        case Pictures():
            return _pictures(block)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    if not headings:
        lines = [f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows]
        return f'<table class="facts">{"".join(lines)}</table>'
    head = "".join(f"<th>{escape(each)}</th>" for each in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _pictures(pair: Pictures) -> str:
    kind = "pair alarming" if pair.alarming else "pair"
    figures = "".join(
        f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for png, caption in zip((pair.left, pair.right), pair.captions, strict=True)
    )
    return f'<div class="{kind}">{figures}</div>'
