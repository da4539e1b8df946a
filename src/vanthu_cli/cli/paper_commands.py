"""`vanthu paper list / done`: originals on paper beside the electronic document, owed by us or to us (145-CV/TU points 3 and 4)."""

from pathlib import Path
from typing import Annotated

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.run import run_of
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.make import exists
from vanthu_cli.register import deliveries, directory, documents
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.reports.paper import paper_page, paper_rows
from vanthu_cli.reports.tables import table

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@group.command(
    "list",
    help=_(
        "Show what is owed on paper, by us and to us, and why; or write the list of ours to be printed and signed for."
    ),
)
def list_(
    context: typer.Context,
    report: Annotated[Path | None, typer.Option("--report", help=_("Write a page to print (.html)."))] = None,
) -> int:
    run = run_of(context)
    if report is not None and report.exists():
        raise exists(report)
    with run.desk() as desk:
        owed = deliveries.paper_owed(desk.book)
        names = {each.code: each.name for each in directory.agencies(desk.book)}
        both = [(documents.get(desk.book, row["document"]), row) for row in owed]
        rows = paper_rows([(document, row) for document, row in both if row["side"] == "owed"], names)
        due = paper_rows([(document, row) for document, row in both if row["side"] == "due"], names)
        if report is not None:
            write_durably(report.absolute(), paper_page(rows, desk.config.office.name, run.now).encode())
    payload = {
        "paper": [
            {
                "document": str(row["document"]),
                "agency": row["agency"],
                "copies": row["copies"],
                "reason": row["reason"],
                "side": row["side"],
            }
            for row in owed
        ],
        "report": str(report) if report else None,
    }
    headings = [_("Id"), _("Document"), _("Date"), _("To"), _("Copies"), _("Reason")]
    lines = table(headings, rows) if rows else [_("No paper is owed.")]
    if due:
        headings[3] = _("From")
        lines += ["", _("Due from others, not here yet:"), *table(headings, due)]
    return run.answer(payload, [*lines, *([_("Saved: {path}").format(path=report)] if report else [])])


@group.command(help=_("Tick off originals that were handed over, or that have come."))
def done(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="ID", autocompletion=completing.owed)],
    agency: Annotated[str, typer.Option("--agency", help=_("Which agency; left out: all of them."))] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))] = False,
) -> int:
    run = run_of(context)
    with run.desk() as desk:
        found = documents.find(desk.book, document)
        owed = [row["agency"] for row in deliveries.paper_owed(desk.book, found.id)]
        settled = [each for each in owed if agency in {"", each}]
        if not settled:
            raise MisuseError(
                "paper.nothing",
                _("No paper original of {name} is owed or due ({agency}).").format(
                    name=found.name, agency=agency or "–"
                ),
                _("“vanthu paper list” shows what is."),
            )
        if not dry_run:
            with desk.lock(), desk.book.step():
                for each in settled:
                    deliveries.settle_paper(desk.book, found.id, each)
    said = (
        _("{name}: original received from {agency}.")
        if found.direction == "in"
        else _("{name}: original handed over to {agency}.")
    )
    lines = [said.format(name=found.name, agency=each) for each in settled]
    return run.answer(
        {"dry_run": dry_run, "document": str(found.id), "settled": settled},
        lines,
    )
