"""What the sender wrote in the letter that brought a document: kept raw in the cabinet, read again when a person looks."""

from collections.abc import Sequence
from sqlite3 import Row

from vanthu_cli.channels.mime import read_mail
from vanthu_cli.channels.packaged import is_package
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import deliveries
from vanthu_cli.register.documents import Document

_LINES, _LETTERS = 40, 4000


def letter_text(desk: Desk, arrivals: Sequence[Row]) -> str:
    """Return the beginning of the first letter's text; empty if there is none, or the letter is quarantined."""
    raw = next((row["sha256"] for row in arrivals if row["sha256"]), None)
    if raw is None:
        return ""
    if is_package(desk.cabinet.path(raw)):  # carried here by hand
        return ""
    text = read_mail(desk.cabinet.get(raw)).text.strip()
    return "\n".join(line.rstrip() for line in text.splitlines()[:_LINES])[:_LETTERS]


def holders(desk: Desk, document: Document) -> list[str]:
    """Return the agencies (codes, or addresses of strangers) that a document was sent to."""
    return list(dict.fromkeys(each.agency or each.address for each in deliveries.of_document(desk.book, document.id)))
