"""`vanthu register export / close-day / audit`: what is handed to an inspector, and what tells that nothing was changed."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.run import run_of
from vanthu_cli.document.day import parse_day
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
_DryRun = Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))]


@group.command(
    help=_(
        "Write a book in the decree's form, ready to print, sign and bind (.pdf, .xlsx), or for machines (.csv, .json)."
    )
)
def export(
    context: typer.Context,
    book: Annotated[
        str,
        typer.Option(
            "--book",
            autocompletion=completing.one_of("den", "di", "buu-dien", "ban-luu", "theo-doi"),
            help=_("den, di, buu-dien (post), ban-luu (lent copies) or theo-doi (what is to be dealt with)."),
        ),
    ],
    out: Annotated[
        list[Path],
        typer.Option(
            "--out", help=_("Where to; the suffix tells the form: .pdf, .xlsx, .csv, .json. May be given again.")
        ),
    ],
    since: Annotated[str, typer.Option("--from", help=_("First day; left out: 1 January."))] = "",
    until: Annotated[str, typer.Option("--to", help=_("Last day; left out: today."))] = "",
    symbol: Annotated[str, typer.Option("--symbol", help=_("Only this symbol, such as CV/TU."))] = "",
    size: Annotated[int, typer.Option("--per-volume", min=0, help=_("Rows in one volume; 0: all in one."))] = 0,
    volume: Annotated[int, typer.Option("--volume", min=1, help=_("Number of the first volume."))] = 1,
) -> int:
    from vanthu_cli.document.symbol import parse_symbol
    from vanthu_cli.procedures.make import appearing
    from vanthu_cli.procedures.printed_books import KINDS, volumes
    from vanthu_cli.rules.deadlines import today

    run = run_of(context)
    if book not in KINDS:
        raise MisuseError("register.book", _("--book takes {choices}.").format(choices=", ".join(KINDS)))
    writers = [(path, _writer(path)) for path in out]
    with run.desk() as desk:
        last = parse_day(until) if until else today(desk.now)
        first = parse_day(since) if since else date(last.year, 1, 1)
        made = volumes(
            desk, book, first, last,
            symbol=parse_symbol(symbol) if symbol else "", size=size, volume=volume,
        )  # fmt: skip
    for path, write in writers:
        with appearing(path) as file:
            write(made, file)
    rows = sum(len(each.rows) for each in made)
    payload = {
        "book": book,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "volumes": [
            {
                "volume": each.cover.volume,
                "first": each.cover.first_number,
                "last": each.cover.last_number,
                "rows": len(each.rows),
            }
            for each in made
        ],
        "rows": rows,
        "saved": [str(path) for path in out],
    }
    lines = [_("{rows} entries in {volumes} volumes.").format(rows=rows, volumes=len(made))]
    return run.answer(payload, [*lines, *(_("Saved: {path}").format(path=path) for path in out)])


def _writer(path: Path) -> Any:
    """Return what writes a book in the form that the suffix names."""
    from vanthu_cli.procedures.make import exists

    if path.exists():
        raise exists(path)
    suffix = path.suffix.lower()
    if suffix == ".pdf":
        from vanthu_cli.reports.books_pdf import book_pdf

        return book_pdf
    if suffix == ".xlsx":
        from vanthu_cli.reports.books_xlsx import book_xlsx

        return book_xlsx
    if suffix == ".csv":
        from vanthu_cli.reports.books import book_csv

        return book_csv
    if suffix == ".json":
        from vanthu_cli.reports.books import book_json

        return book_json
    raise MisuseError(
        "books.form", _("{path}: the suffix tells the form: .pdf, .xlsx, .csv or .json.").format(path=path.name)
    )


@group.command("close-day", help=_("Close the register of a day: a small signed file says how it stood."))
def close_day_(
    context: typer.Context,
    day: Annotated[str, typer.Option("--day", help=_("The day; left out: today."))] = "",
    yesterday: Annotated[
        bool, typer.Option("--yesterday", help=_("The day before today; nothing if it is closed."))
    ] = False,
    reopen: Annotated[bool, typer.Option("--reopen", help=_("Open today again."))] = False,
    reason: Annotated[str, typer.Option("--reason", help=_("Why; it stays in the history."))] = "",
    copy: Annotated[
        Path | None, typer.Option("--copy", help=_("Write a copy of the file and its signature into this folder too."))
    ] = None,
    bare: Annotated[bool, typer.Option("--without-timestamp", help=_("Do without a time stamp, this once."))] = False,
    dry_run: _DryRun = False,
) -> int:
    from vanthu_cli.procedures import close_day
    from vanthu_cli.rules.deadlines import today

    run = run_of(context)
    if copy is not None and not copy.is_dir():
        raise MisuseError("show.no_folder", _("There is no folder {path}.").format(path=copy))
    with run.desk() as desk:
        if reopen:
            opened = close_day.reopen_day(desk, reason=reason, dry_run=dry_run)
            return run.answer(
                {"dry_run": dry_run, "day": opened.day, "reopened": True},
                [] if dry_run else [_("Today is open again.")],
            )
        asked = parse_day(day) if day else today(desk.now) - timedelta(days=1 if yesterday else 0)
        if yesterday and close_day.is_closed(desk, asked):
            return run.answer({"dry_run": dry_run, "day": asked.isoformat(), "closed": False}, [])
        made = close_day.owns_key(desk)
        closed = close_day.close_day(desk, asked, bare=bare, dry_run=dry_run)
        copies = close_day.copied(closed, copy) if copy is not None and not dry_run else []
        fingerprint = close_day.fingerprint_of(desk) if not dry_run else None
    return run.answer(
        _closed_json(closed, copies, fingerprint, dry_run=dry_run),
        [_("It would be closed: {file}").format(file=closed.file)]
        if dry_run
        else _closed_lines(closed, copies, fingerprint, known=made),
    )


def _closed_json(closed: Any, copies: list[Path], fingerprint: str | None, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "day": closed.closing.day,
        "closed": not dry_run,
        "file": str(closed.file),
        "sha256": closed.closing.sha256,
        "stamped": closed.stamped,
        "certificate": fingerprint,
        "copies": [str(each) for each in copies],
        "closing": closed.said,
    }


def _closed_lines(closed: Any, copies: list[Path], fingerprint: str | None, *, known: bool) -> list[str]:
    from vanthu_cli.reports.words import day_shown

    lines = [_("The register of {day} is closed: {file}").format(day=day_shown(closed.closing.day), file=closed.file)]
    for each in closed.said["numbers"]:
        sequence = each["series"].partition("/")[2] or _("arrival numbers")
        lines.append(
            _("  {sequence}: {first}–{last}, {count} numbers").format(
                sequence=sequence, first=each["first"], last=each["last"], count=each["count"]
            )
        )
    if not closed.stamped:
        lines.append(_("Without a time stamp: only copies kept elsewhere prove when it was made."))
    lines += [_("Saved: {path}").format(path=path) for path in copies]
    if fingerprint and not known:
        lines.append(
            _(
                "The register's key was made. Write down the fingerprint of its certificate, on paper: SHA-256 {fingerprint}"
            ).format(fingerprint=fingerprint)
        )
    return lines


@group.command(
    help=_("Check that nothing was changed: chain, rows, numbers, files and closed days, of this office or of a copy.")
)
def audit(
    context: typer.Context,
    place: Annotated[Path | None, typer.Argument(metavar="[FOLDER|FILE]")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help=_("Don't read the files of the cabinet, only see whether they are there."))
    ] = False,
    kept: Annotated[
        list[Path] | None,
        typer.Option("--closing", help=_("A closing file (.json) that was kept elsewhere. May be given again.")),
    ] = None,
    certificate: Annotated[
        str,
        typer.Option("--certificate", help=_("Fingerprint (SHA-256) of the register's certificate, as written down.")),
    ] = "",
) -> int:
    from vanthu_cli.procedures.audit import audit_folder
    from vanthu_cli.procedures.desk import office_folder
    from vanthu_cli.reports.audit import audit_json, audit_lines

    run = run_of(context)
    found = audit_folder(
        place or office_folder(run.config()), hashing=not quick, kept_closings=kept or (), certificate=certificate
    )
    code = {"broken": 4, "open": 0, "whole": 0}[found.verdict]
    return run.answer(audit_json(found), audit_lines(found), code=code)
