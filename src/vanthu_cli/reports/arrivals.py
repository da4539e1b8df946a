"""What arrived, as JSON (contract.md, `fetch`) and as lines for a person."""

from collections.abc import Mapping, Sequence
from sqlite3 import Row
from typing import Any

from vanthu_cli.locale import _
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.tables import table
from vanthu_cli.reports.words import moment_shown, reason_word, sender_shown, state_word, verdict_word, why


def document_json(document: Document, *, message_id: str | None = None) -> dict[str, Any]:
    """Return an incoming document; nothing that could tell a secret's content."""
    secret = document.state == "quarantined"
    return {
        "id": str(document.id),
        "message_id": None if secret else message_id,
        "from": document.sender,
        "file": None if secret else document.file,
        "sha256": None if secret else document.sha256,
        "verdict": None if secret else document.verdict,
        "state": document.state,
        "arrival_number": document.arrival_number,
        "fields": None if secret else _fields(document),
        "flags": list(document.flags),
        "arrived_at": document.arrived_at,
    }


def _fields(document: Document) -> Mapping[str, Any]:
    read = dict(document.fields.get("fields") or {})
    # What a person has corrected is what counts.
    corrected = {
        "number": document.number,
        "symbol": document.symbol,
        "date": document.day,
        "agency": document.agency,
        "doc_type": document.doc_type,
        "subject": document.subject,
    }
    return {**read, **corrected}


def quarantined_json(identity: int, sender: str | None, reason: str | None) -> dict[str, Any]:
    """Return a quarantined message: an opaque id and its envelope."""
    flags = ["secret-mark"] if reason == "secret-mark" else []
    empty = dict.fromkeys(("message_id", "file", "sha256", "verdict", "arrival_number", "fields"))
    return {"id": f"q{identity}", "from": sender, "state": "quarantined", "flags": flags, "reason": reason, **empty}


def quarantined_line(row: Row) -> str:
    """Say why a message is in quarantine, and what settles it."""
    secret = row["reason"] == "secret-mark"
    if (row["reason"] or "").startswith("package-"):
        return _(
            "q{id}: a package from {sender} lies in quarantine ({at}): {why}. Ask for it to be sent again. Then: vanthu inbox"
            " quarantine q{id} --destroyed"
        ).format(
            id=row["id"],
            sender=row["sender"] or "?",
            at=moment_shown(row["received_at"]),
            why=reason_word(row["reason"]),
        )
    sentence = (
        _(
            "a secret from {sender} lies in quarantine ({size} KB, {at}). Report it to the officer in charge of secret documents"
        )
        if secret
        else _(
            "a message from {sender} could not be examined safely ({size} KB, {at}). The administrator looks at"
            " data/quarantine/{id}.eml; it may hold a document: do not destroy it unseen"
        )
    ).format(
        sender=row["sender"] or "?", size=max(1, row["size"] >> 10), at=moment_shown(row["received_at"]), id=row["id"]
    )
    return _("q{id}: {sentence}. When that is done: vanthu inbox quarantine q{id} --destroyed").format(
        id=row["id"], sentence=sentence
    )


def arrival_rows(documents: Sequence[Document]) -> list[list[str]]:
    return [
        [
            str(each.id),
            str(each.arrival_number or ""),
            each.name,
            sender_shown(each),
            verdict_word(each.verdict),
            state_word(each.state),
            why(each),
        ]
        for each in documents
    ]


def arrival_table(documents: Sequence[Document]) -> list[str]:
    headings = [_("Id"), _("Arrival no."), _("Document"), _("From"), _("Signatures"), _("State"), _("Why")]
    return table(headings, arrival_rows(documents))
