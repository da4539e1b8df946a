"""`vanthu send`."""

from typing import Annotated

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.issued import issued_answer, issued_json
from vanthu_cli.cli.run import run_of, tell
from vanthu_cli.errors import MisuseError, worst
from vanthu_cli.locale import _
from vanthu_cli.procedures.remind import overdue
from vanthu_cli.procedures.remind import remind as reminded
from vanthu_cli.procedures.send import letters_of, note_received, send
from vanthu_cli.register import documents
from vanthu_cli.reports.words import delivery_word


def command(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", autocompletion=completing.documents)],
    again: Annotated[
        bool,
        typer.Option(
            "--again", help=_("Also send again what is unsure, undeliverable or refused: a person has decided.")
        ),
    ] = False,
    remind: Annotated[
        bool, typer.Option("--remind", help=_("Remind the agencies that should have acknowledged it by now."))
    ] = False,
    received: Annotated[
        list[str] | None,
        typer.Option(
            "--received", help=_("This agency has it, a person knows that (repeatable): note it as acknowledged.")
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be sent."))] = False,
) -> int:
    run = run_of(context)
    if run.json and len(ids) > 1:
        raise MisuseError("send.one", _("With --json, name one document."))
    codes = []
    with run.desk() as desk:
        for text in ids:
            document = documents.find(desk.book, text)
            if dry_run:
                letters = overdue(desk, document) if remind else letters_of(desk, document)
                lines = [f"{each.address}: {delivery_word(each.state)}" for each in letters]
                codes.append(run.answer(issued_json(desk, document) | {"dry_run": True}, lines))
                continue
            if received:
                note_received(desk, document.id, received)
                codes.append(issued_answer(run, desk, documents.get(desk.book, document.id), ()))
                continue
            if remind:
                done, count, failed = reminded(desk, document.id)
                if not run.json:
                    tell(_("{name}: {count} agencies reminded.").format(name=document.name, count=count))
                    if not count:
                        tell(_("Reminders go out after the day on which the answer is due, once a day to each agency."))
                codes.append(issued_answer(run, desk, done, failed))
                continue
            codes.append(issued_answer(run, desk, *send(desk, document.id, again=again)))
    return worst(codes)
