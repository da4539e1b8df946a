"""`vanthu sign`: many files, one kind of signature, one passphrase."""

from pathlib import Path
from typing import Annotated

import typer

from vanthu_cli.cli.parse import output_of, place_option
from vanthu_cli.cli.run import run_of, tell
from vanthu_cli.errors import MisuseError, VanthuError, worst
from vanthu_cli.locale import _
from vanthu_cli.procedures.sign import ROLES, Signed, sign

# After these nothing else of the batch would go better: a passphrase is tried once.
_STOPS = {"signing.passphrase", "secret.no_terminal", "secret.missing", "key.unknown", "key.which"}


def command(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...")],
    role: Annotated[str, typer.Option("--as", help=_("person, organisation, annex or arrival."))],
    key: Annotated[str, typer.Option("--key", help=_("Name of the key in the configuration."))] = "",
    at: Annotated[str, typer.Option("--at", help=_("Where the mark goes: PAGE:X,Y in points."))] = "",
    out: Annotated[Path | None, typer.Option("--out", help=_("File or folder of the result."))] = None,
    again: Annotated[bool, typer.Option("--again", help=_("Sign although this key has signed already."))] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))] = False,
) -> int:
    run = run_of(context)
    chosen = next((each for each in ROLES if each == role), None)
    if chosen is None:
        raise MisuseError("sign.role", _("--as takes one of {roles}.").format(roles=", ".join(ROLES)))
    if out is not None and len(paths) > 1 and not out.is_dir():
        raise MisuseError("sign.out", _("For several files --out must be a folder that exists."))
    done, failed = list[Signed](), list[tuple[Path, VanthuError]]()
    with run.desk() as desk:
        for path in paths:
            try:
                output = output_of(path, out, "signed")
                place = place_option(at)
                done.append(sign(desk, path, output, role=chosen, key_name=key, at=place, again=again, dry_run=dry_run))
            except VanthuError as error:
                failed.append((path, error))
                if not run.json:
                    tell(f"{path}: {error.message}" + (f"\n  → {error.hint}" if error.hint else ""))
                if error.code in _STOPS:
                    break
    said = _("Would be signed: {path}") if dry_run else _("Signed: {path}")
    lines = [said.format(path=each.output) for each in done]
    if done and chosen in {"person", "organisation"} and not done[0].time_stamped:
        lines.append(_("Without a trusted time stamp (no time stamp authority is configured): level B-B."))
    payload = {
        "dry_run": dry_run,
        "files": [
            {"file": str(each.source), "output": str(each.output), "role": each.role, "time_stamped": each.time_stamped}
            for each in done
        ],
        "failed": [{"file": str(path), "error": error.code} for path, error in failed],
    }
    first = failed[0][1] if failed else None
    return run.answer(
        payload,
        lines,
        code=worst(error.exit_code for _path, error in failed),
        error=(first.code, first.message, first.hint) if first else None,
    )
