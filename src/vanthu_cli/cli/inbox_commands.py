"""`vanthu inbox list / show / accept / refuse / quarantine`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.full import full
from vanthu_cli.cli.inbox_recalls import agree, decline, recall_id, recall_json, recall_line, show_recall
from vanthu_cli.cli.inbox_steps import corrections_of, still_holding, untold
from vanthu_cli.cli.parse import quarantine_id
from vanthu_cli.cli.run import Run, run_of, tell
from vanthu_cli.errors import MisuseError, VanthuError, worst
from vanthu_cli.locale import _
from vanthu_cli.procedures.accept import (
    accept,
    check_acceptable,
    check_returnable,
    note_destroyed,
    quarantine,
    refuse,
)
from vanthu_cli.register import documents, finding, messages, recalls
from vanthu_cli.register.documents import Document
from vanthu_cli.register.finding import Filter
from vanthu_cli.register.snapshot import in_backups
from vanthu_cli.reports.arrivals import arrival_table, document_json, quarantined_json, quarantined_line

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

DryRun = Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))]


@group.command("list", help=_("Show what waits, and why."))
def list_(context: typer.Context) -> int:
    run = run_of(context)
    with run.desk() as desk:
        waiting = finding.listing(desk.book, Filter(direction="in", states=["waiting"]))
        secret = [row for row in messages.in_state(desk.book, "quarantined") if row["reason"] != "destroyed"]
        asked = [(row, documents.get(desk.book, row["document"])) for row in recalls.waiting(desk.book)]
    lines = arrival_table(waiting) or ([] if asked else [_("Nothing waits.")])
    lines += [recall_line(row, document) for row, document in asked]
    lines += [quarantined_line(row) for row in secret]
    if waiting:
        lines += ["", _("Decide: vanthu inbox show ID, then accept ID, or refuse ID --reason “…”")]
    payload = [document_json(each) for each in waiting] + [
        quarantined_json(row["id"], row["sender"], row["reason"]) for row in secret
    ]
    return run.answer({"documents": payload, "recalls": [recall_json(*each) for each in asked]}, lines)


@group.command(help=_("Show one document with its signatures and where it lies."))
def show(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="ID", autocompletion=completing.waiting)],
    out: Annotated[
        Path | None, typer.Option("--out", help=_("Save the document and its attachments into this folder."))
    ] = None,
) -> int:
    run = run_of(context)
    with run.desk() as desk:
        if document.startswith("q"):
            return _show_quarantined(run, messages.get(desk.book, quarantine_id(document)))
        if recall_id(document) is not None:
            return show_recall(run, desk, document)
        found = documents.find(desk.book, document)
        payload, lines = full(desk, found, out)
    return run.answer({"document": document_json(found) | {"judgement": found.judgement}, **payload}, lines)


def _show_quarantined(run: Run, row: Any) -> int:
    """Show the envelope: nothing more is known here of a secret, and nothing more may be."""
    if row is None or row["state"] != "quarantined":
        raise MisuseError("quarantine.unknown", _("There is no such quarantined message."))
    line = quarantined_line(row)
    return run.answer({"document": quarantined_json(row["id"], row["sender"], row["reason"])}, [line])


@group.command("accept", help=_("Register documents: each gets its arrival number, the sender a receipt."))
def accept_(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", autocompletion=completing.waiting)],
    reason: Annotated[str, typer.Option(help=_("Why, when the signatures are not valid."))] = "",
    number: Annotated[str, typer.Option(help=_("Correct number and symbol, as 145-CV/TU."))] = "",
    date: Annotated[str, typer.Option(help=_("Correct date, as 2026-11-22."))] = "",
    agency: Annotated[str, typer.Option(help=_("Correct issuing agency: its code or name."))] = "",
    subject: Annotated[str, typer.Option(help=_("Correct subject."))] = "",
    passed_to: Annotated[str, typer.Option("--to", help=_("The unit or person that gets it."))] = "",
    due: Annotated[str, typer.Option("--due", help=_("Day by which it must be dealt with."))] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help=_("Don't ask before a recalled document (rID) is destroyed."))
    ] = False,
    dry_run: DryRun = False,
) -> int:
    run = run_of(context)
    with run.desk() as desk:
        if recall_id(ids[0]) is not None:
            return agree(run, desk, ids, yes=yes, dry_run=dry_run)
        typed = {"number": number, "date": date, "agency": agency, "subject": subject, "to": passed_to, "due": due}
        corrections = corrections_of(desk, typed)
        if corrections and len(ids) > 1:
            raise MisuseError("inbox.one", _("Corrections are for one document: name one ID."))

        def one(identity: int) -> Document:
            if dry_run:
                return check_acceptable(documents.get(desk.book, identity), reason or None)
            return accept(desk, identity, reason=reason or None, corrections=corrections)

        return _each(run, desk, ids, one, dry_run=dry_run)


@group.command("refuse", help=_("Return documents to their senders, with the reason."))
def refuse_(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", autocompletion=completing.waiting)],
    reason: Annotated[str, typer.Option(help=_("What the sender is told."))],
    dry_run: DryRun = False,
) -> int:
    run = run_of(context)
    with run.desk() as desk:
        if recall_id(ids[0]) is not None:
            return decline(run, desk, ids, reason=reason, dry_run=dry_run)

        def one(identity: int) -> Document:
            if dry_run:
                return check_returnable(documents.get(desk.book, identity), reason)
            done = refuse(desk, identity, reason=reason)
            for line in untold(desk, done):
                tell(line)
            return done

        return _each(run, desk, ids, one, dry_run=dry_run)


@group.command(
    "quarantine", help=_("Put a document that turns out to be secret out of reach; or note that it was dealt with.")
)
def quarantine_(
    context: typer.Context,
    identity: Annotated[str, typer.Argument(metavar="ID", autocompletion=completing.waiting)],
    destroyed: Annotated[
        bool, typer.Option("--destroyed", help=_("The secret qID was dealt with: forget its file."))
    ] = False,
    dry_run: DryRun = False,
) -> int:
    run = run_of(context)
    clean, copied = True, False
    with run.desk() as desk:
        if destroyed:
            message = quarantine_id(identity)
            if not dry_run:
                note_destroyed(desk, message)
        else:
            found = documents.find(desk.book, identity)
            copied = in_backups(desk.book, found.id)
            clean = dry_run or quarantine(desk, found.id)
    lines = [_("Would be done.") if dry_run else _("Done."), *still_holding(clean=clean, copied=copied)]
    return run.answer({"id": identity, "dry_run": dry_run}, lines)


def _each(run: Run, desk: Any, ids: list[str], one: Any, *, dry_run: bool) -> int:
    done, failed = list[Document](), list[VanthuError]()
    for text in ids:
        try:
            done.append(one(documents.find(desk.book, text).id))
        except VanthuError as error:
            failed.append(error)
            if not run.json:
                tell(error.message + (f"\n  → {error.hint}" if error.hint else ""))
    payload = {"dry_run": dry_run, "documents": [document_json(each) for each in done]}
    first = failed[0] if failed else None
    return run.answer(
        payload,
        arrival_table(done),
        code=worst(error.exit_code for error in failed),
        error=(first.code, first.message, first.hint) if first else None,
    )
