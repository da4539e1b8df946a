"""`vanthu recall`."""

from typing import Annotated

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.issued import issued_json
from vanthu_cli.cli.run import confirm, run_of, tell
from vanthu_cli.errors import PartlyDoneError
from vanthu_cli.locale import _
from vanthu_cli.procedures.recall import check_recall, recall
from vanthu_cli.register import deliveries, documents
from vanthu_cli.reports.details import delivery_json
from vanthu_cli.reports.words import delivery_word


def command(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="ID", autocompletion=completing.documents)],
    reason: Annotated[str, typer.Option(help=_("What the receivers are told."))],
    organisation: Annotated[
        str, typer.Option("--organisation", help=_("The office's key that signs the notice."))
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help=_("Don't ask."))] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))] = False,
) -> int:
    run = run_of(context)
    with run.desk() as desk:
        found = documents.find(desk.book, document)
        _document, unsent, sent = check_recall(desk, found.id, reason)
        lines = [_("{address}: not sent yet, will not be").format(address=each.address) for each in unsent]
        lines += [_("{address}: asked to destroy it").format(address=each.address) for each in sent]
        if dry_run:
            would = {
                "dry_run": True,
                "cancelled": [each.address for each in unsent],
                "asked": [each.address for each in sent],
            }
            return run.answer(issued_json(desk, found) | would, lines)
        if found.state != "recalled" and not yes:
            tell("\n".join(lines))
            question = _("Recall {name}? Its number stays taken.").format(name=found.name)
            if not confirm(run, question, "--yes"):
                return run.answer({"document": None}, [_("Nothing was changed.")])
        done, failed = recall(desk, found.id, reason=reason, key=organisation)
        notices = deliveries.of_document(desk.book, done.id, "recall")
        payload = issued_json(desk, done) | {"notices": [delivery_json(each) for each in notices]}
    for each in failed if not run.json else ():
        tell(each.message + (f"\n  → {each.hint}" if each.hint else ""))
    waiting = any(each.state not in {"handed-over", "delivered", "acknowledged"} for each in notices)
    error = (
        (
            "recall.incomplete",
            _("{name} is recalled, but not every receiver could be told yet.").format(name=done.name),
            _("Run the same command again later."),
        )
        if waiting or failed
        else None
    )
    lines = [_("{name} is recalled.").format(name=done.name)]
    lines += [f"{each.address}: {delivery_word(each.state)}" for each in notices]
    return run.answer(payload, lines, code=PartlyDoneError.exit_code if error else 0, error=error)
