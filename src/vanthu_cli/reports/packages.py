"""What a package of the national axis says, as lines for a person."""

from collections.abc import Iterator

from vanthu_cli.channels.edxml import Package, Party
from vanthu_cli.locale import _
from vanthu_cli.reports.words import day_shown, reason_word
from vanthu_cli.rules.exchange import statuses


def kind_word(kind: str) -> str:
    return {
        "status": _("status"),
        "new": _("new document"),
        "recall": _("recall"),
        "update": _("update"),
        "replacement": _("replacement"),
    }.get(kind, kind)


def fault_words(fault: str) -> str:
    return reason_word(f"package-{fault}")


def note_words(note: str) -> str:
    return {
        "no-receiver": _("it names no receiver"),
        "no-date": _("it gives no date of the document"),
        "no-subject": _("it gives no subject"),
        "no-symbol": _("it gives no symbol"),
        "no-document-id": _("it gives no DocumentId, by which others answer"),
        "no-type": _("it gives no type of document"),
        "no-files": _("no file is inside: the files must travel beside it"),
        "no-prefix": _("its elements lack the prefix edXML:, which some systems demand"),
        "other-namespace": _("its namespace is not that of QCVN 102:2016"),
        "not-signed": _("the package itself is not signed (its documents may be)"),
    }.get(note, note)


def package_lines(package: Package) -> Iterator[str]:
    """Yield what it says, a line each; what it doesn't say is left out."""
    header = package.header
    status = statuses().get(package.status)
    pairs = (
        (_("Kind"), kind_word(package.kind)),
        (_("From"), _named(package.sender)),
        (_("To"), "; ".join(map(_named, package.to))),
        (_("Status"), f"{package.status} {status.name if status else ''}".strip()),
        (_("Answers"), package.answers),
        (_("Number, symbol"), f"{header.number}-{header.symbol}".strip("-")),
        (_("Date"), day_shown(header.day)),
        (_("Type"), header.doc_type),
        (_("Subject"), header.subject),
        (_("Signed by"), ", ".join(filter(None, (header.signer_title, header.signer_name)))),
        (_("Due"), day_shown(header.due)),
        ("DocumentId", header.document_id or package.about),
        (_("About"), package.about if header.document_id and package.about != header.document_id else ""),
        (_("Reason"), package.description),
        (_("Time"), package.moment),
    )
    yield from (f"{label + ':':<18} {value}" for label, value in pairs if value)


def _named(party: Party) -> str:
    return f"{party.identifier} {party.name}".strip()
