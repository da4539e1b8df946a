"""`vanthu replace`: an issued document is replaced by another one of its kind (NĐ 30/2020 Đ18.3)."""

from typing import Annotated

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.correct_command import linked
from vanthu_cli.cli.run import run_of
from vanthu_cli.locale import _


def command(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="ID", autocompletion=completing.documents)],
    by: Annotated[str, typer.Option("--by", help=_("The document that replaces it; issue it first, by sign-send."))],
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))] = False,
) -> int:
    return linked(run_of(context), document, by, "replaces", dry_run=dry_run)
