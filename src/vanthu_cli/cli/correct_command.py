"""`vanthu correct`: an issued document is corrected (đính chính) by a công văn of ours (NĐ 30/2020 Đ18.3)."""

from typing import Annotated

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.run import Run, run_of
from vanthu_cli.locale import _
from vanthu_cli.register import documents
from vanthu_cli.register.keeping import LinkKind


def command(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="ID", autocompletion=completing.documents)],
    by: Annotated[str, typer.Option("--by", help=_("The công văn that corrects it; issue it first, by sign-send."))],
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))] = False,
) -> int:
    return linked(run_of(context), document, by, "corrects", dry_run=dry_run)


def linked(run: Run, document: str, by: str, kind: LinkKind, *, dry_run: bool) -> int:
    """Note in the register, with both documents, that one corrects or replaces the other."""
    from vanthu_cli.procedures.letters import holders
    from vanthu_cli.procedures.links import link

    with run.desk() as desk:
        old, new = documents.find(desk.book, document), documents.find(desk.book, by)
        link(desk, new, old, kind, dry_run=dry_run)
        missed = [agency for agency in holders(desk, old) if agency not in holders(desk, new)]
    said = {
        "corrects": _("{new} corrects {old}: noted with both."),
        "replaces": _("{new} replaces {old}: noted with both."),
    }[kind]
    lines = [said.format(new=new.name, old=old.name)]
    if missed:
        lines.append(
            _("Not among the recipients of {new}, but have {old}: {agencies}").format(
                new=new.name, old=old.name, agencies=", ".join(missed)
            )
        )
    payload = {"dry_run": dry_run, "kind": kind, "document": str(old.id), "by": str(new.id), "not_told": missed}
    return run.answer(payload, lines)
