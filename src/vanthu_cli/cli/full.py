"""One document in full, for `inbox show` and `register show`: what it is, what came with it, who got it, and its copy."""

from pathlib import Path
from typing import Any

from vanthu_cli.document.text import apart
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.letters import letter_text
from vanthu_cli.register import deliveries, directory, documents, dossiers, keeping, messages, recalls
from vanthu_cli.register.book import history
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.amendments import history_lines, link_lines
from vanthu_cli.reports.details import (
    delivery_json,
    document_lines,
    notice_lines,
    paper_json,
    recall_lines,
    receipt_lines,
    sighting_lines,
)


def full(desk: Desk, found: Document, out: Path | None) -> tuple[dict[str, Any], list[str]]:
    """Return JSON parts and lines; with `out`, save document and attachments into that folder under their own names."""
    from vanthu_cli.reading.kinds import DANGEROUS

    letters = deliveries.of_document(desk.book, found.id)
    notices = deliveries.of_document(desk.book, found.id, "answer", "recall", "reminder")
    papers = deliveries.paper_owed(desk.book, found.id)
    arrivals = messages.of_document(desk.book, found.id)
    attached = documents.attachments(desk.book, found.id)
    events = history(desk.book, f"document:{found.id}")
    place = str(desk.cabinet.path(found.sha256)) if found.sha256 and not _is_destroyed(found) else None
    text = letter_text(desk, arrivals)
    renewals = documents.renewals(desk.book, found.id)
    renewal = str(desk.cabinet.path(renewals[-1])) if renewals else None
    lines = document_lines(
        found,
        place=place,
        deliveries=letters,
        papers=papers,
        arrivals=arrivals,
        attachments=[name for _sha256, name in attached],
        events=events,
        text=text,
    )
    said = [(each, row) for each in (*letters, *notices) for row in deliveries.receipts(desk.book, each.id)]
    asked_back = recalls.of_document(desk.book, found.id)
    lines += [*receipt_lines(said), *notice_lines(notices), *recall_lines(asked_back)]
    lines += [_("Copy with a later archive time stamp: {path}").format(path=renewal)] if renewal else []
    linked, amended = keeping.links(desk.book, found.id), keeping.amendments(desk.book, found.id)
    others = {each for row in linked for each in (row["document"], row["other"])} - {found.id}
    lines += link_lines(found.id, linked, {each: documents.get(desk.book, each).name for each in others})
    lines += history_lines(amended)
    filed = dossiers.of_document(desk.book, found.id)
    lines += ["", _("In dossiers:"), *(f"  {each.code} ({each.year}) {each.title}" for each in filed)] if filed else []
    lines += _strangers(desk, found)
    kinds = documents.attachment_kinds(desk.book, found.id)
    shut = [(name, kinds[sha256]) for sha256, name in attached if kinds.get(sha256) in DANGEROUS]
    saved = _save(desk, found, [each for each in attached if kinds.get(each[0]) not in DANGEROUS], out) if out else []
    lines += [_("Saved: {path}").format(path=path) for path in saved]
    lines += [
        _("Not saved, it could do harm: {file} ({kind})").format(file=name, kind=kind) for name, kind in shut if out
    ]
    payload = {
        "path": place,
        "renewal": renewal,
        "attachments": [{"file": name, "sha256": sha256, "kind": kinds.get(sha256)} for sha256, name in attached],
        "text": text or None,
        "deliveries": [delivery_json(each) for each in letters],
        "notices": [delivery_json(each) | {"purpose": each.purpose, "status": each.code} for each in notices],
        "receipts": [
            {
                "agency": each.agency,
                "kind": row["kind"],
                "state": row["state"],
                "at": row["received_at"],
                "from": row["sender"],
                "words": row["detail"],
            }
            for each, row in said
        ],
        "recalls": [
            {"id": f"r{row['id']}", "state": row["state"], "reason": row["reason"], "at": row["at"]}
            for row in asked_back
        ],
        "paper": [paper_json(row) | {"side": row["side"]} for row in papers],
        "dossiers": [{"code": each.code, "year": each.year, "title": each.title} for each in filed],
        "arrivals": [{"channel": row["channel"], "from": row["sender"], "at": row["received_at"]} for row in arrivals],
        "links": [
            {"kind": row["kind"], "document": str(row["document"]), "other": str(row["other"])} for row in linked
        ],
        "amendments": [
            {name: row[name] for name in ("field", "before", "after", "reason", "at", "who")} for row in amended
        ],
        "events": [{"at": row["at"], "who": row["who"], "kind": row["kind"]} for row in events],
        "saved": [str(path) for path in saved],
    }
    return payload, lines


def _is_destroyed(found: Document) -> bool:
    return found.direction == "in" and found.state == "recalled"


def _strangers(desk: Desk, found: Document) -> list[str]:
    """Say how to note whose the certificates are that signed the document and that nobody has named yet."""
    lines = sighting_lines([each for each in directory.sightings(desk.book) if each.document == found.id])
    heading = _(
        "Signers seen for the first time; compare the fingerprint with what the agency tells you, then confirm:"
    )
    return ["", heading, *lines] if lines else []


def _save(desk: Desk, found: Document, attached: list[tuple[str, str]], folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise MisuseError("show.no_folder", _("There is no folder {path}.").format(path=folder))
    own = f"{found.name.replace('/', '-')}.pdf" if found.direction == "out" else found.file or f"{found.id}"
    files = ([(found.sha256, own)] if found.sha256 and not _is_destroyed(found) else []) + attached
    names = apart([name for _sha256, name in files])
    targets = [(folder.absolute() / name, sha256) for (sha256, _name), name in zip(files, names, strict=True)]
    taken = next((path for path, _sha256 in targets if path.exists()), None)
    if taken is not None:
        raise MisuseError("show.exists", _("{path} exists already.").format(path=taken))
    for path, sha256 in targets:
        write_durably(path, desk.cabinet.get(sha256))
    return [path for path, _sha256 in targets]
