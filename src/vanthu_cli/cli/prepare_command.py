"""`vanthu prepare`."""

from pathlib import Path
from typing import Annotated

import typer

from vanthu_cli.cli.parse import output_of
from vanthu_cli.cli.run import run_of, tell
from vanthu_cli.locale import _
from vanthu_cli.procedures.prepare import prepare
from vanthu_cli.reports.words import form_sentence


def command(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH")],
    out: Annotated[Path | None, typer.Option("--out", help=_("File or folder of the result."))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))] = False,
) -> int:
    run = run_of(context)
    output = output_of(path, out, "prepared")
    with run.desk() as desk:
        warnings = prepare(desk, path, output, dry_run=dry_run)
    if not run.json:
        for code, detail in warnings:
            tell(f"! {path}: {form_sentence(code, detail)}")
    lines = [
        _("Prepared: {path}").format(path=output),
        _("Next: the leader signs this copy, here or with another tool."),
    ]
    found = [{"code": code, "detail": detail or None} for code, detail in warnings]
    return run.answer({"file": str(path), "output": str(output), "dry_run": dry_run, "warnings": found}, lines)
