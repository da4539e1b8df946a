"""Paper originals owed: as rows, and as a page to print on which receivers sign (145-CV/TU points 3 and 4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from sqlite3 import Row

from vanthu_cli.locale import _, language
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.words import day_shown, reason_word
from vanthu_cli.rules.deadlines import VIETNAM

_STYLE = """
body { font: 12pt/1.4 "Liberation Serif", "Times New Roman", serif; color: #111; margin: 12mm }
h1 { font-size: 15pt; text-align: center } table { border-collapse: collapse; width: 100% }
td, th { border: 1px solid #333; padding: 2mm; text-align: left; vertical-align: top; overflow-wrap: anywhere; unicode-bidi: bidi-override }
@page { size: A4; margin: 15mm } tr { break-inside: avoid }
"""


def paper_rows(owed: Sequence[tuple[Document, Row]], names: Mapping[str, str]) -> list[list[str]]:
    """Return id, document, date, agency, copies and reason of each original; `names` are agencies by code."""
    return [
        [
            str(document.id),
            document.name,
            day_shown(document.day),
            f"{names.get(row['agency'], row['agency'])} ({row['agency']})",
            str(row["copies"]),
            reason_word(row["reason"]),
        ]
        for document, row in owed
    ]


def paper_page(rows: Sequence[Sequence[str]], office: str, now: datetime) -> str:
    """Return a page without scripts or addresses, with a column to sign in."""
    headings = [_("Id"), _("Document"), _("Date"), _("To"), _("Copies"), _("Reason"), _("Received: date, signature")]
    head = "".join(f"<th>{escape(each)}</th>" for each in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(each)}</td>" for each in [*row, ""]) + "</tr>\n" for row in rows)
    title = _("{office}: paper originals owed on {day}").format(
        office=office, day=f"{now.astimezone(VIETNAM):%d/%m/%Y}"
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language())}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>\n</body>\n</html>\n"
    )
