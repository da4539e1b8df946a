"""`vanthu sign`: many files, one kind of signature, one PIN."""

from pathlib import Path
from typing import Annotated

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.run import run_of
from vanthu_cli.locale import _
from vanthu_cli.procedures.workers import warm


def command(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", readable=False)],
    role: Annotated[
        str,
        typer.Option(
            "--as",
            autocompletion=completing.one_of("person", "organisation", "annex", "copy", "arrival"),
            help=_("person, organisation, annex, copy or arrival."),
        ),
    ],
    key: Annotated[
        str, typer.Option("--key", autocompletion=completing.keys, help=_("Name of the key in the configuration."))
    ] = "",
    form: Annotated[str, typer.Option("--form", help=_("Form of a copy: sao-y, sao-luc or trich-sao."))] = "",
    annex_of: Annotated[
        str, typer.Option("--of", help=_("Number of the document an annex belongs to: 145-CV/TU."))
    ] = "",
    at: Annotated[str, typer.Option("--at", help=_("Where the mark goes: PAGE:X,Y in points."))] = "",
    picture: Annotated[
        Path | None, typer.Option("--preview", help=_("Only draw the page with the mark into this PNG."))
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help=_("File or folder of the result."))] = None,
    again: Annotated[bool, typer.Option("--again", help=_("Sign although this key has signed already."))] = False,
    detached: Annotated[
        bool, typer.Option("--detached", help=_("Sign any file as it is; the signature stands beside it (.p7s)."))
    ] = False,
    without_timestamp: Annotated[
        bool, typer.Option("--without-timestamp", help=_("Do without time stamps this once; it is recorded."))
    ] = False,
    passed_to: Annotated[str, typer.Option("--passed-to", help=_("Arrival mark: who gets it (Chuyển)."))] = "",
    file_code: Annotated[
        str, typer.Option("--file-code", help=_("Arrival mark: number and symbol of the dossier."))
    ] = "",
    password_from: Annotated[
        str,
        typer.Option("--password-from", help=_("Where a PDF's password is: prompt, env:NAME, file:PATH, keyring:…")),
    ] = "",
    jobs: Annotated[int, typer.Option("--jobs", min=0, max=8, help=_("Processes for a key file; 0: as it pays."))] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))] = False,
) -> int:
    warm()  # the workers' libraries are loaded while ours are
    from vanthu_cli.cli.sign_batch import Wishes, sign_batch

    wishes = Wishes(
        role, key, form, annex_of, at, picture, out, again, detached, without_timestamp, passed_to, file_code,
        password_from, jobs, dry_run,
    )  # fmt: skip
    return sign_batch(run_of(context), paths, wishes)
