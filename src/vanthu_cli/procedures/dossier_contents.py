"""What a dossier is written out from: its index, its data, its files and what they are called outside the cabinet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vanthu_cli.document.text import fold, safe_name
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import deliveries, directory, documents, dossiers
from vanthu_cli.register.documents import Document
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports.dossier import Line, index
from vanthu_cli.reports.dossier_xml import Cut, dossier_xml


@dataclass(frozen=True, slots=True)
class File:
    """A file of a document: the document's own, or one that came with it; an empty `sha256`: there is none."""

    document: Document
    name: str
    sha256: str
    own: bool


def files_of(desk: Desk, document: Document) -> list[File]:
    """Return a document's own file, then what came with it. Of one that was recalled by its issuer nothing is left."""
    gone = document.direction == "in" and document.state == "recalled"
    own = File(document, document.file or document.name, "" if gone else document.sha256 or "", own=True)
    attached = () if gone else documents.attachments(desk.book, document.id)
    return [own, *(File(document, name, sha256, own=False) for sha256, name in attached)]


def archive_name(ordinal: int, place: int, file: File) -> str:
    """Return a name that every system takes, whatever a stranger has called the file: "001-145-cv-tu.pdf", "001-02-phu-luc.xlsx".

    Plain letters; the number before it keeps names apart and away from those that Windows reserves.
    """
    stem, dot, suffix = safe_name(file.name).rpartition(".")
    stem = file.document.name if file.own and file.document.number is not None else stem or suffix
    stem = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in fold(stem)).split())[:60]
    ending = "".join(c for c in fold(suffix) if c.isascii() and c.isalnum())[:8]
    number = f"{ordinal:03d}" if file.own else f"{ordinal:03d}-{place:02d}"
    return f"{number}-{stem}.{ending}" if ending and dot else f"{number}-{stem or 'tep'}"


def lines_of(
    desk: Desk, dossier: Dossier, contents: Sequence[Document], counted: Mapping[int, int | None] | None = None
) -> tuple[Line, ...]:
    """Return the index, with what links the documents to others in its remarks; `counted`: pages that are not the register's."""
    links = dossiers.links(desk.book, dossier.id)
    ends = {row[side] for row in links for side in ("document", "other")}
    names = {each: documents.get(desk.book, each).name for each in ends}
    return index(contents, counted=counted, links=links, names=names)


def xml_of(desk: Desk, dossier: Dossier, lines: Sequence[Line]) -> tuple[bytes, tuple[Cut, ...]]:
    """Return the dossier's data, and what had to be cut."""
    agencies = {each.code: each for each in directory.agencies(desk.book)}
    recipients = dict[int, list[tuple[str, str]]]()
    for line in lines:
        sent = deliveries.of_document(desk.book, line.document.id) if line.document.direction == "out" else ()
        known = dict.fromkeys(each.agency for each in sent if each.agency in agencies and each.state != "recalled")
        recipients[line.document.id] = [
            (agencies[each].identifier or each, agencies[each].name) for each in known if each
        ]
    return dossier_xml(dossier, lines, organ=desk.own.identifier or desk.own.code, recipients=recipients)
