"""`vanthu trust list / show / add / remove / import-crl`: whose certificates this office believes.

The libraries that read certificates (0.1 s) are imported inside the commands.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from vanthu_cli.cli.parse import expanded
from vanthu_cli.cli.run import Run, confirm, run_of, tell
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import register_file
from vanthu_cli.register import directory
from vanthu_cli.register.book import Book

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
DryRun = Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))]
Yes = Annotated[bool, typer.Option("--yes", help=_("Don't ask for confirmation."))]
Wanted = Annotated[str, typer.Argument(metavar="ID", help=_("Fingerprint (6 digits or more), file name or subject."))]


@group.command("list", help=_("Show what this office believes: CA certificates and revocation lists, with warnings."))
def list_(context: typer.Context) -> int:
    from vanthu_cli.cli.trust_shown import entry_json, overview
    from vanthu_cli.procedures.trust import concerns, store

    run = run_of(context)
    folder = _folder(run)
    entries = store(folder)
    doubts = concerns(entries, run.now)
    lines = overview(entries, doubts, folder)
    if not any(entry.kind == "anchor" for entry in entries):
        lines.append(_("No CA certificate is trusted: every signature will be unknown. See “vanthu trust add --help”."))
    found = [entry_json(entry, each, entries, folder) for entry, each in zip(entries, doubts, strict=True)]
    return run.answer({"folder": str(folder), "entries": found}, lines)


@group.command(help=_("Show everything about one certificate or list, with fingerprints to compare on the phone."))
def show(context: typer.Context, wanted: Wanted) -> int:
    from vanthu_cli.cli.trust_shown import details, entry_json, full_json
    from vanthu_cli.procedures.trust import concerns, find, store

    run = run_of(context)
    folder = _folder(run)
    entries = store(folder)
    doubts = dict(zip(map(id, entries), concerns(entries, run.now), strict=True))
    found = find(entries, wanted)
    with _book(run) as book:
        agencies = {each.fingerprint: each.agency for each in directory.certificates(book)} if book else {}
    payload: list[dict[str, Any]] = []
    lines: list[str] = []
    for entry in found:
        pairs = [(label, value) for label, value in details(entry, entries, agencies) if value]
        lines += [f"{label + ':':<22} {value}" for label, value in pairs]
        lines += [f"! {each.sentence}" for each in doubts[id(entry)]] + [""]
        payload.append(entry_json(entry, doubts[id(entry)], entries, folder) | full_json(entry, entries, agencies))
    return run.answer({"entries": payload}, lines[:-1])


@group.command(help=_("Believe CA certificates (PEM, DER or .p7b), after their fingerprints have been compared."))
def add(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    fingerprint: Annotated[
        list[str] | None,
        typer.Option("--fingerprint", help=_("SHA-256 of each CA certificate, whole, as its owner has told it.")),
    ] = None,
    expired: Annotated[bool, typer.Option("--expired", help=_("Also an expired CA, for old documents."))] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    from vanthu_cli.cli.trust_shown import brief, entry_json
    from vanthu_cli.procedures.trust import concerns, store
    from vanthu_cli.procedures.trust_changes import add as write
    from vanthu_cli.procedures.trust_changes import check_fingerprints, plan_addition

    run = run_of(context)
    folder = _folder(run)
    addition = plan_addition(folder, expanded(files), run.now, expired=expired)
    if fingerprint:
        check_fingerprints(addition, fingerprint)
    everything = [*store(folder), *addition.new]
    doubts = concerns(everything, run.now)[len(everything) - len(addition.new) :]
    lines = [line for entry, each in zip(addition.new, doubts, strict=True) for line in brief(entry, each)]
    notes = [_("{name} is there already.").format(name=entry.subject) for entry in addition.present]
    notes += [
        _("{name} is a signer's certificate and is left out: vanthu directory add CODE --certificate FILE").format(
            name=entry.subject
        )
        for entry in addition.left_out
    ]
    written: list[Path] = []
    if addition.new and not dry_run:
        if not (yes or fingerprint):
            tell("\n".join([*lines, *notes]))
            lines, notes = [], []
            question = _("Have you compared each fingerprint with its owner's, through an official channel?")
            _agree(run, question, "--fingerprint SHA256, --yes")
        with _book(run) as book:
            written = write(folder, addition.new, book)
    payload = {
        "dry_run": dry_run,
        "added": [
            entry_json(entry, each, everything, folder) for entry, each in zip(addition.new, doubts, strict=True)
        ],
        "present": [entry.sha256 for entry in addition.present],
        "left_out": [entry.sha256 for entry in addition.left_out],
        "files": [str(path) for path in written],
    }
    return run.answer(payload, [*lines, *notes, *(_("Added: {path}").format(path=path) for path in written)])


@group.command(help=_("Believe a certificate no longer, or drop a list; the file is kept in the folder .removed."))
def remove(context: typer.Context, wanted: Wanted, yes: Yes = False, dry_run: DryRun = False) -> int:
    from vanthu_cli.cli.trust_shown import brief, entry_json
    from vanthu_cli.procedures.trust import find, issued_by, store
    from vanthu_cli.procedures.trust_changes import remove as take_out

    run = run_of(context)
    folder = _folder(run)
    entries = store(folder)
    found = find(entries, wanted)
    lines = [line for entry in found for line in (brief(entry, ()) if entry.thing is not None else [entry.subject])]
    below = [each for entry in found for each in issued_by(entry, entries) if each not in found]
    if below:
        lines.append(
            _("Issued by it and still in the folder: {names}").format(names=", ".join(each.subject for each in below))
        )
    anchors = {entry.sha256 for entry in entries if entry.kind == "anchor"}
    if anchors and anchors <= {entry.sha256 for entry in found}:
        lines.append(_("Without it no CA certificate is trusted: every signature will be unknown."))
    moved: list[Path] = []
    if not dry_run:
        if not yes:
            tell("\n".join(lines))
            lines = []
            _agree(run, _("Remove it from the trust folder?"), "--yes")
        with _book(run) as book:
            moved = take_out(folder, found, run.now, book)
    payload = {
        "dry_run": dry_run,
        "removed": [entry_json(entry, (), entries, folder) for entry in found],
        "left_below": [each.sha256 for each in below],
        "kept_in": [str(path) for path in moved],
    }
    return run.answer(payload, [*lines, *(_("Kept in {path}").format(path=path) for path in moved)])


@group.command("import-crl", help=_("Take a CA's revocation list from a file, or from a server of [trust] hosts."))
def import_crl(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FILE|URL")],
    dry_run: DryRun = False,
) -> int:
    from vanthu_cli.cli.trust_shown import brief, entry_json
    from vanthu_cli.procedures.trust import concerns, store
    from vanthu_cli.procedures.trust_lists import import_list, plan_import

    run = run_of(context)
    folder = _folder(run)
    wanted = plan_import(folder, source, run.config().trust.hosts, run.now)
    everything = [*(each for each in store(folder) if each.der != wanted.entry.der), wanted.entry]
    doubts = concerns(everything, run.now)[-1]
    lines = brief(wanted.entry, doubts)
    if wanted.present:
        lines.append(_("{name} is there already.").format(name=wanted.entry.subject))
    elif not dry_run:
        with _book(run) as book:
            import_list(folder, wanted, run.now, book)
        lines.append(_("Added: {path}").format(path=wanted.file))
    payload = {
        "dry_run": dry_run,
        "present": wanted.present,
        "list": entry_json(wanted.entry, doubts, everything, folder),
        "file": None if wanted.present else str(wanted.file),
        "replaces": [str(each.file) for each in wanted.replaces],
    }
    return run.answer(payload, lines)


def _folder(run: Run) -> Path:
    config = run.config()
    return config.path(config.trust.dir)


@contextmanager
def _book(run: Run) -> Iterator[Book | None]:
    """Give the register for the event; an administrator may fill the folder before `vanthu init`."""
    if not register_file(run.config()).is_file():
        yield None
        return
    with run.desk() as desk:
        yield desk.book


def _agree(run: Run, question: str, option: str) -> None:
    if not confirm(run, question, option):
        raise MisuseError("trust.declined", _("Nothing was changed."))
