"""Recalls asked of us, in `vanthu inbox`: rID is shown, accepted (the document is destroyed) or refused."""

from collections.abc import Sequence
from sqlite3 import Row
from typing import TYPE_CHECKING, Any

from vanthu_cli.cli.run import Run, confirm, tell
from vanthu_cli.errors import MisuseError, PartlyDoneError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import documents
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.details import document_lines
from vanthu_cli.reports.words import moment_shown

if TYPE_CHECKING:
    from vanthu_cli.procedures.recall import Destroyed

# What a recall needs (signing, letters) is loaded by the commands that settle one: `inbox list` stays quick.


def recall_id(text: str) -> int | None:
    """Read the id of a recall, r5; None if it is another kind of id."""
    return int(text[1:]) if text.startswith("r") and text[1:].isascii() and text[1:].isdecimal() else None


def recall_line(row: Row, document: Document) -> str:
    return _("r{id}: {agency} recalls {name} ({at}): {reason}").format(
        id=row["id"],
        agency=document.agency or document.agency_code or "?",
        name=document.name,
        at=moment_shown(row["at"]),
        reason=row["reason"],
    )


def recall_json(row: Row, document: Document) -> dict[str, Any]:
    return {
        "id": f"r{row['id']}",
        "document": str(document.id),
        "name": document.name,
        "agency": document.agency_code,
        "reason": row["reason"],
        "at": row["at"],
    }


def show_recall(run: Run, desk: Desk, text: str) -> int:
    from vanthu_cli.procedures.recall import asked

    row = asked(desk, _only([text]))
    document = documents.get(desk.book, row["document"])
    lines = [recall_line(row, document), *document_lines(document), ""]
    lines.append(
        _("Destroy it: vanthu inbox accept {id}. Keep it: vanthu inbox refuse {id} --reason “…”").format(id=text)
    )
    return run.answer({"recall": recall_json(row, document)}, lines)


def agree(run: Run, desk: Desk, ids: Sequence[str], *, yes: bool, dry_run: bool) -> int:
    from vanthu_cli.procedures.recall import asked, give_back

    identity = _only(ids)
    row = asked(desk, identity)
    document = documents.get(desk.book, row["document"])
    if dry_run:
        return run.answer({"dry_run": True, "recall": recall_json(row, document)}, [recall_line(row, document)])
    question = _("Destroy {name} here, with everything that came only for it?").format(name=document.name)
    if not yes and not confirm(run, question, "--yes"):
        return run.answer({"recall": recall_json(row, document)}, [_("Nothing was changed.")])
    done = give_back(desk, identity)
    payload = {
        "recall": recall_json(row, document) | {"state": "agreed"},
        "destroyed": list(done.files),
        "still_in_messages": list(done.messages),
        "still_in_copies": [str(path) for path in done.copies],
    }
    return _answered(run, payload, destroyed_lines(document, done), done.failed)


def destroyed_lines(document: Document, done: "Destroyed") -> list[str]:
    lines = [_("{name} is destroyed here ({count} files).").format(name=document.name, count=len(done.files))]
    if done.messages:
        listed = ", ".join(map(str, done.messages))
        lines.append(_("Messages that also brought other documents still hold it: {ids}").format(ids=listed))
    lines += [_("This copy of the register still tells of it: {path}").format(path=path) for path in done.copies]
    lines.append(_("Backups that were made elsewhere may hold it too: destroy it there, or note that they do."))
    return lines


def decline(run: Run, desk: Desk, ids: Sequence[str], *, reason: str, dry_run: bool) -> int:
    from vanthu_cli.procedures.recall import asked, keep

    identity = _only(ids)
    row = asked(desk, identity)
    document, failed = documents.get(desk.book, row["document"]), list[VanthuError]()
    if not dry_run:
        document, failed = keep(desk, identity, reason=reason)
    payload = {"dry_run": dry_run, "recall": recall_json(row, document) | {"state": "asked" if dry_run else "declined"}}
    lines = [] if dry_run else [_("{name} stays.").format(name=document.name)]
    return _answered(run, payload, lines, failed)


def _answered(run: Run, payload: dict[str, Any], lines: list[str], failed: Sequence[VanthuError]) -> int:
    """Answer; that the issuer could not be told now changes nothing here, the next fetch tells it."""
    for error in failed if not run.json else ():
        tell(error.message + (f"\n  → {error.hint}" if error.hint else ""))
    first = failed[0] if failed else None
    return run.answer(
        payload,
        lines,
        code=PartlyDoneError.exit_code if failed else 0,
        error=(first.code, first.message, first.hint) if first else None,
    )


def _only(ids: Sequence[str]) -> int:
    found = [recall_id(each) for each in ids]
    if len(found) != 1 or found[0] is None:
        raise MisuseError("recall.one", _("Decide recalls one by one: name one rID."))
    return found[0]
