"""`vanthu status`, and `vanthu` alone: the desk now, most urgent first, each line with the command that settles it."""

import typer

from vanthu_cli.cli.desk_shown import desk_json, desk_lines
from vanthu_cli.cli.run import run_of
from vanthu_cli.locale import _
from vanthu_cli.procedures.status import status
from vanthu_cli.rules.deadlines import today


def command(context: typer.Context) -> int:
    run = run_of(context)
    with run.desk() as desk:
        found = status(desk)
    return run.answer(desk_json(found), list(desk_lines(found, today(run.now))) or [_("The desk is clear.")])
