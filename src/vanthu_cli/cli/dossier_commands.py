"""`vanthu dossier new / amend / add / remove / show / list / close / export / hand-over`: hồ sơ (NĐ 30/2020 Đ28-31)."""

from pathlib import Path
from typing import Annotated, Any

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.progress import progress
from vanthu_cli.cli.run import Run, confirm, run_of, tell
from vanthu_cli.document.day import parse_day
from vanthu_cli.errors import MisuseError, PartlyDoneError, VanthuError, worst
from vanthu_cli.locale import _
from vanthu_cli.procedures import dossier as filing
from vanthu_cli.procedures.dossier import FOREVER, Filed, Wish
from vanthu_cli.register import directory, documents, dossiers
from vanthu_cli.register.book import history
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports import dossier_shown as shown
from vanthu_cli.reports.dossier import deadline, index
from vanthu_cli.rules.deadlines import today

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Code = Annotated[str, typer.Argument(metavar="CODE")]
DryRun = Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))]
Reason = Annotated[str, typer.Option("--reason", help=_("Why."))]
_TITLE, _RIGHTS = _("What it is about."), _("Who may use it.")
_RETENTION = _("How long it is kept: “20 năm”, or “Vĩnh viễn” (for ever).")
_KEYWORDS, _NOTE = _("Words to find it by."), _("Remarks.")


@group.command(help=_("Open a dossier: number and symbol as in the office's list of dossiers, and what it is about."))
def new(
    context: typer.Context,
    code: Code,
    title: Annotated[str, typer.Option("--title", help=_TITLE)] = "",
    year: Annotated[int | None, typer.Option("--year", help=_("Its year; left out: this year."))] = None,
    retention: Annotated[str, typer.Option("--retention", help=_RETENTION)] = FOREVER,
    rights: Annotated[str, typer.Option("--rights", help=_RIGHTS)] = "",
    creator: Annotated[str, typer.Option("--creator", help=_("Who keeps it."))] = "",
    language: Annotated[str, typer.Option("--language", help=_("Language of its documents."))] = "",
    keywords: Annotated[str, typer.Option("--keywords", help=_KEYWORDS)] = "",
    session: Annotated[
        bool, typer.Option("--session", help=_("Papers of a session: exactly one paper original of each is due."))
    ] = False,
    note: Annotated[str, typer.Option("--note", help=_NOTE)] = "",
    dry_run: DryRun = False,
) -> int:
    run = run_of(context)
    wish = Wish(code, title, year, retention, rights, creator, language, keywords, session, note)
    with run.desk() as desk:
        made = filing.new(desk, wish, dry_run=dry_run)
    lines = [_("Dossier {code} of {year}: {title}").format(code=made.code, year=made.year, title=made.title)]
    return _answer(run, made, {}, lines, dry_run=dry_run)


@group.command(
    help=_("Amend what a dossier is called and how long it is kept; what stood there is kept in its remarks.")
)
def amend(
    context: typer.Context,
    code: Code,
    title: Annotated[str | None, typer.Option("--title", help=_TITLE)] = None,
    retention: Annotated[str | None, typer.Option("--retention", help=_RETENTION)] = None,
    rights: Annotated[str | None, typer.Option("--rights", help=_RIGHTS)] = None,
    keywords: Annotated[str | None, typer.Option("--keywords", help=_KEYWORDS)] = None,
    note: Annotated[str | None, typer.Option("--note", help=_NOTE)] = None,
    reason: Reason = "",
    dry_run: DryRun = False,
) -> int:
    run = run_of(context)
    given = {"title": title, "retention": retention, "rights": rights, "keywords": keywords, "note": note}
    typed = {name: text for name, text in given.items() if text is not None}
    if not typed:
        raise MisuseError("amend.nothing", _("Say what is to be amended, for example --title “…”."))
    with run.desk() as desk:
        found, differing = filing.amend(desk, dossiers.find(desk.book, code), typed, reason, dry_run=dry_run)
    amended = {name: {"before": before, "after": after} for name, (before, after) in differing.items()}
    return _answer(run, found, {"amended": amended}, shown.amended_lines(found, differing), dry_run=dry_run)


@group.command(help=_("File registered documents; one may lie in several dossiers."))
def add(
    context: typer.Context,
    code: Code,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", autocompletion=completing.documents)],
    paper_due: Annotated[
        bool, typer.Option("--paper-due", help=_("A paper original is due, though it is no session."))
    ] = False,
    dry_run: DryRun = False,
) -> int:
    run = run_of(context)
    done, failed = list[Filed](), list[VanthuError]()
    with run.desk() as desk:
        found = dossiers.find(desk.book, code)
        filing.check_open(found)
        for text in ids:
            try:
                document = documents.find(desk.book, text)
                done.append(filing.add(desk, found, document, paper_due=paper_due, dry_run=dry_run))
            except VanthuError as error:
                failed.append(error)
                if not run.json:
                    tell(error.message + (f"\n  → {error.hint}" if error.hint else ""))
    first = failed[0] if failed else None
    return _answer(
        run,
        found,
        {"documents": [_filed_json(each) for each in done]},
        [line for each in done for line in _filed_lines(each)],
        dry_run=dry_run,
        code=worst(error.exit_code for error in failed),
        error=(first.code, first.message, first.hint) if first else None,
    )


def _filed_json(filed: Filed) -> dict[str, Any]:
    side = "owed" if filed.document.direction == "out" else "due"
    return {
        "document": str(filed.document.id),
        "name": filed.document.name,
        "added": filed.fresh,
        "paper": {"agency": filed.paper, "side": side} if filed.paper else None,
    }


def _filed_lines(filed: Filed) -> list[str]:
    name, out = filed.document.name, filed.document.direction == "out"
    lines = [(_("{name}: filed.") if filed.fresh else _("{name}: lies there already.")).format(name=name)]
    if filed.paper:
        due, owed = _("  One paper original is due from {agency}."), _("  One paper original is owed to {agency}.")
        lines.append((owed if out else due).format(agency=filed.paper))
    if filed.unknown_paper and out:
        lines.append(_("  A paper original is owed, but to nobody: set session_to under [paper]."))
    elif filed.unknown_paper:
        text = _("  A paper original is due, but its issuer is not known: vanthu register amend {id} --agency …")
        lines.append(text.format(id=filed.document.id))
    return lines


@group.command(help=_("Take a document out of a dossier; it stays in the register."))
def remove(
    context: typer.Context,
    code: Code,
    document: Annotated[str, typer.Argument(metavar="ID", autocompletion=completing.documents)],
    reason: Reason = "",
    dry_run: DryRun = False,
) -> int:
    run = run_of(context)
    with run.desk() as desk:
        found, named = dossiers.find(desk.book, code), documents.find(desk.book, document)
        agency = filing.remove(desk, found, named, reason, dry_run=dry_run)
    lines = [_("{name}: taken out of {code}.").format(name=named.name, code=found.code)]
    if agency:
        lines.append(_("  Its paper original is no longer expected ({agency}).").format(agency=agency))
    return _answer(run, found, {"document": str(named.id), "paper_withdrawn": agency}, lines, dry_run=dry_run)


@group.command("list", help=_("Show all dossiers, and which are due for the archive."))
def list_(context: typer.Context) -> int:
    run = run_of(context)
    day = today(run.now)
    with run.desk() as desk:
        found = dossiers.listing(desk.book)
    return run.answer({"dossiers": [shown.listed_json(each, day) for each in found]}, shown.listed_lines(found, day))


@group.command(help=_("Show one dossier: index of its documents, paper originals, links, history."))
def show(context: typer.Context, code: Code) -> int:
    run = run_of(context)
    day = today(run.now)
    with run.desk() as desk:
        found = dossiers.find(desk.book, code)
        contents, papers = dossiers.contents(desk.book, found.id), dossiers.papers(desk.book, found.id)
        links, events = dossiers.links(desk.book, found.id), history(desk.book, found.subject)
        ends = {row[side] for row in links for side in ("document", "other")}
        names = {each: documents.get(desk.book, each).name for each in ends | {each.id for each in contents}}
        agencies = {each.code: each.name for each in directory.agencies(desk.book)}
    lines = index(contents)
    payload = {
        "dossier": shown.dossier_json(found, day),
        "documents": [shown.line_json(each) for each in lines],
        "paper": [shown.paper_json(row) for row in papers],
        "links": [shown.link_json(row) for row in links],
        "events": [{"at": row["at"], "who": row["who"], "kind": row["kind"]} for row in events],
    }
    told = [*shown.head_lines(found, day), "", *shown.index_lines(lines)]
    told += [*shown.secret_lines(len(contents) - len(lines)), *shown.paper_lines(papers, names, agencies)]
    return run.answer(payload, [*told, *shown.links_lines(links, names), *shown.events_lines(events)])


@group.command(help=_("Close a dossier: the work has ended, no document comes or goes. Or open it again."))
def close(
    context: typer.Context,
    code: Code,
    ended: Annotated[str, typer.Option("--ended", help=_("The day on which the work ended; left out: today."))] = "",
    reopen: Annotated[bool, typer.Option("--reopen", help=_("Open a closed dossier again."))] = False,
    reason: Reason = "",
    dry_run: DryRun = False,
) -> int:
    run = run_of(context)
    if reopen and ended:
        raise MisuseError("dossier.options", _("--reopen and --ended exclude one another."))
    with run.desk() as desk:
        found = dossiers.find(desk.book, code)
        if reopen:
            done = filing.reopen(desk, found, reason, dry_run=dry_run)
            return _answer(run, done, {}, [_("Dossier {code} is open again.").format(code=done.code)], dry_run=dry_run)
        done = filing.close(desk, found, parse_day(ended) if ended else None, dry_run=dry_run)
        on_their_way = sum(not row["settled_at"] for row in dossiers.papers(desk.book, found.id))
    lines = [_("Dossier {code} is closed.").format(code=done.code)]
    if until := deadline(done):
        lines.append(_("It goes to the archive by {day}.").format(day=f"{until:%d/%m/%Y}"))
    if on_their_way:
        lines.append(_owed(on_their_way, done.code))
    return _answer(run, done, {}, lines, dry_run=dry_run)


@group.command(help=_("Write a dossier out for reading: one PDF, its data, its index, or a folder with everything."))
def export(
    context: typer.Context,
    code: Code,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.pdf|.xml|.xlsx|FOLDER", help=_("What is written."))],
    dry_run: DryRun = False,
) -> int:
    from vanthu_cli.procedures.dossier_export import export as write
    from vanthu_cli.procedures.dossier_export import form_of
    from vanthu_cli.procedures.workshop import check_new

    run = run_of(context)
    with run.desk() as desk:
        found = dossiers.find(desk.book, code)
        count = len(dossiers.contents(desk.book, found.id))
        if dry_run:
            check_new(out)
            text = _("{count} documents would be written to {path}.").format(count=count, path=out)
            return _answer(run, found, {"form": form_of(out), "documents": count}, [text], dry_run=True)
        with progress(run, count, _("writing")) as tick:
            done = write(desk, found, out, tick=tick)
    left_out = [each for each in done.parts if each.fault]
    layers = [each for each in done.parts if each.layers]
    payload = {
        "form": done.form,
        "path": str(out),
        "sha256": done.sha256,
        "documents": done.documents,
        "pages": done.pages,
        "left_out": [
            {"document": str(each.file.document.id), "file": each.file.name, "why": each.fault} for each in left_out
        ],
        "hidden_layers": [{"document": str(each.file.document.id), "file": each.file.name} for each in layers],
        "cut": shown.cut_json(done.cut),
    }
    lines = [_("Saved: {path}").format(path=out)]
    for each in [*left_out, *layers]:
        why = shown.fault_word(each.fault) if each.fault else _("it has hidden layers, which the copy shows")
        lines.append(f"  {each.file.document.name}: {each.file.name}: {why}")
    lines += [*shown.cut_lines(done.cut), *shown.secret_lines(done.secret)]
    failed = any(each.failed for each in left_out)
    error = ("dossier.not_merged", _("Some files could not be merged; they are listed in the copy."), "")
    return _answer(
        run, found, payload, lines, code=PartlyDoneError.exit_code if failed else 0, error=error if failed else None
    )


@group.command(
    "hand-over", help=_("Make the package for the archive of a closed dossier: originals, proofs, index, minutes.")
)
def hand_over_(
    context: typer.Context,
    code: Code,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER|FILE.zip", help=_("What is written."))],
    yes: Annotated[
        bool, typer.Option("--yes", help=_("Although paper originals are still on their way, without asking."))
    ] = False,
    dry_run: DryRun = False,
) -> int:
    from vanthu_cli.procedures.hand_over import check_ready, hand_over
    from vanthu_cli.procedures.workshop import check_new

    run = run_of(context)
    with run.desk() as desk:
        found = dossiers.find(desk.book, code)
        count = len(check_ready(desk, found))
        owed = sum(not row["settled_at"] for row in dossiers.papers(desk.book, found.id))
        if owed:
            tell(_owed(owed, found.code))
        if dry_run:
            check_new(out)
            text = _("{count} documents would be handed over in {path}.").format(count=count, path=out)
            return _answer(run, found, {"documents": count}, [text], dry_run=True)
        if (
            owed
            and not yes
            and not confirm(run, _("Hand the dossier over without them? It cannot be changed afterwards."), "--yes")
        ):
            return run.answer({"dossier": shown.dossier_json(found, today(run.now))}, [_("Nothing was done.")], code=2)
        with progress(run, count, _("packing")) as tick:
            done = hand_over(desk, found, out, tick=tick)
        found = dossiers.get(desk.book, found.id)
    payload = {
        "path": str(out),
        "manifest_sha256": done.manifest,
        "files": done.files,
        "bytes": done.size,
        "verdicts": dict(done.verdicts),
        "cut": shown.cut_json(done.cut),
        "found": done.found,
    }
    lines = [_("Package: {path} ({count} files)").format(path=out, count=done.files)]
    if done.found:
        lines.append(_("It lay there whole already; the register knows of it now."))
    lines.append(_("SHA-256 of its manifest: {sha256}").format(sha256=done.manifest))
    lines.append(_("Have both sides sign the minutes, which lie in the package: bien-ban-giao-nhan.pdf"))
    return _answer(run, found, payload, [*lines, *shown.cut_lines(done.cut)])


def _owed(count: int, code: str) -> str:
    return _("{count} paper originals are still on their way: vanthu dossier show {code}").format(
        count=count, code=code
    )


def _answer(
    run: Run, dossier: Dossier, more: dict[str, Any], lines: list[str], *, dry_run: bool = False, **failed: Any
) -> int:
    payload = {"dry_run": dry_run, "dossier": shown.dossier_json(dossier, today(run.now)), **more}
    return run.answer(payload, lines, **failed)
