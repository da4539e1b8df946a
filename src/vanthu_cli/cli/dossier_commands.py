"""`vanthu dossier new / add / remove / show / list / close / export / hand-over`: hồ sơ (NĐ 30/2020 Đ28-31)."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from vanthu_cli.cli.parse import day_option
from vanthu_cli.cli.progress import progress
from vanthu_cli.cli.run import Run, run_of, tell
from vanthu_cli.errors import MisuseError, PartlyDoneError, VanthuError, worst
from vanthu_cli.locale import _
from vanthu_cli.procedures import dossier as filing
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.dossier import FOREVER, Filed, Wish
from vanthu_cli.register import directory, documents, dossiers
from vanthu_cli.register.book import history
from vanthu_cli.register.documents import Document
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports.details import local
from vanthu_cli.reports.dossier import Line, alert, deadline, index, title
from vanthu_cli.reports.tables import table
from vanthu_cli.reports.words import day_shown
from vanthu_cli.rules.deadlines import today

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Code = Annotated[str, typer.Argument(metavar="CODE")]
DryRun = Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))]
Reason = Annotated[str, typer.Option("--reason", help=_("Why."))]


@group.command(help=_("Open a dossier: number and symbol as in the office's list of dossiers, and what it is about."))
def new(
    context: typer.Context,
    code: Code,
    title: Annotated[str, typer.Option("--title", help=_("What it is about."))] = "",
    year: Annotated[int | None, typer.Option("--year", help=_("Its year; left out: this year."))] = None,
    retention: Annotated[
        str, typer.Option("--retention", help=_("How long it is kept: “20 năm”, or “Vĩnh viễn” (for ever)."))
    ] = FOREVER,
    rights: Annotated[str, typer.Option("--rights", help=_("Who may use it."))] = "",
    creator: Annotated[str, typer.Option("--creator", help=_("Who keeps it."))] = "",
    language: Annotated[str, typer.Option("--language", help=_("Language of its documents."))] = "",
    keywords: Annotated[str, typer.Option("--keywords", help=_("Words to find it by."))] = "",
    session: Annotated[
        bool, typer.Option("--session", help=_("Papers of a session: exactly one paper original of each is due."))
    ] = False,
    note: Annotated[str, typer.Option("--note", help=_("Remarks."))] = "",
    dry_run: DryRun = False,
) -> int:
    run = run_of(context)
    wish = Wish(code, title, year, retention, rights, creator, language, keywords, session, note)
    with run.desk() as desk:
        made = filing.new(desk, wish, dry_run=dry_run)
    lines = [_("Dossier {code} of {year}: {title}").format(code=made.code, year=made.year, title=made.title)]
    return run.answer({"dry_run": dry_run, "dossier": _json(made, run)}, [*lines, *_changed(dry_run)])


@group.command(help=_("File registered documents; one may lie in several dossiers."))
def add(
    context: typer.Context,
    code: Code,
    ids: Annotated[list[str], typer.Argument(metavar="ID...")],
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
    return run.answer(
        {"dry_run": dry_run, "dossier": _json(found, run), "documents": [_filed_json(each) for each in done]},
        [*(line for each in done for line in _filed_lines(each)), *_changed(dry_run)],
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
        text = (
            _("  One paper original is owed to {agency}.") if out else _("  One paper original is due from {agency}.")
        )
        lines.append(text.format(agency=filed.paper))
    if filed.unknown_paper:
        lines.append(
            _("  A paper original is owed, but to nobody: set session_to under [paper].")
            if out
            else _(
                "  A paper original is due, but its issuer is not known: vanthu register amend {id} --agency …"
            ).format(id=filed.document.id)
        )
    return lines


@group.command(help=_("Take a document out of a dossier; it stays in the register."))
def remove(
    context: typer.Context,
    code: Code,
    document: Annotated[str, typer.Argument(metavar="ID")],
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
    payload = {"dry_run": dry_run, "dossier": _json(found, run), "document": str(named.id), "paper_withdrawn": agency}
    return run.answer(payload, [*lines, *_changed(dry_run)])


@group.command("list", help=_("Show all dossiers, and which are due for the archive."))
def list_(context: typer.Context) -> int:
    run = run_of(context)
    with run.desk() as desk:
        found = dossiers.listing(desk.book)
    rows = [
        [
            each.dossier.code,
            str(each.dossier.year),
            each.dossier.title,
            _state(each.dossier),
            str(each.documents),
            local(each.changed_at) if each.changed_at else "",
            _due(each.dossier, run),
        ]
        for each in found
    ]
    headings = [_("Code"), _("Year"), _("Title"), _("State"), _("Documents"), _("Last change"), _("To the archive by")]
    payload = [
        {**_json(each.dossier, run), "documents": each.documents, "pages": each.pages, "changed_at": each.changed_at}
        for each in found
    ]
    return run.answer({"dossiers": payload}, table(headings, rows) or [_("There is no dossier yet.")])


@group.command(help=_("Show one dossier: index of its documents, paper originals, links, history."))
def show(context: typer.Context, code: Code) -> int:
    run = run_of(context)
    with run.desk() as desk:
        found = dossiers.find(desk.book, code)
        contents = dossiers.contents(desk.book, found.id)
        lines = index(contents)
        papers, paper_lines = _papers(desk, found, contents)
        links, link_lines = _links(desk, found)
        events = history(desk.book, found.subject)
    payload = {
        "dossier": _json(found, run),
        "documents": [_line_json(each) for each in lines],
        "paper": papers,
        "links": links,
        "events": [{"at": row["at"], "who": row["who"], "kind": row["kind"]} for row in events],
    }
    headings = [_("Ordinal"), _("Number"), _("Date"), _("Type and subject"), _("Author"), _("Pages"), _("Remarks")]
    shown = [
        *_head(found, run),
        "",
        *(table(headings, [each.cells for each in lines]) or [_("It holds no document yet.")]),
        *_secret(len(contents) - len(lines)),
        *paper_lines,
        *link_lines,
        "",
        _("History:"),
        *(f"  {local(row['at'])}  {_event(row['kind'])}  {row['who']}" for row in events),
    ]
    return run.answer(payload, shown)


def _head(found: Dossier, run: Run) -> list[str]:
    pairs = [
        (_("Dossier"), f"{found.code} ({found.year})"),
        (_("Title"), found.title),
        (_("State"), _state(found)),
        (_("Session"), _("yes") if found.session else ""),
        (_("Kept"), found.retention),
        (_("Rights"), found.rights),
        (_("Creator"), found.creator),
        (_("Language"), found.language),
        (_("Keywords"), found.keywords),
        (_("Begun"), day_shown(found.started)),
        (_("Ended"), day_shown(found.ended)),
        (_("To the archive by"), _due(found, run)),
        (_("Remarks"), found.note),
    ]
    return [f"{label + ':':<20} {value}" for label, value in pairs if value]


def _papers(desk: Desk, found: Dossier, contents: Sequence[Document]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the paper originals of both sides: owed by us, due from whom, and when they were handed over."""
    names = {each.code: each.name for each in directory.agencies(desk.book)}
    called = {each.id: each.name for each in contents}
    items, lines = list[dict[str, Any]](), list[str]()
    for row in dossiers.papers(desk.book, found.id):
        out, settled = row["direction"] == "out", row["settled_at"]
        items.append(
            {
                "document": str(row["document"]),
                "side": "owed" if out else "due",
                "agency": row["agency"],
                "copies": row["copies"],
                "settled_at": settled,
            }
        )
        if out:
            text = _("  {name}: given to {agency} on {day}") if settled else _("  {name}: owed by us to {agency}")
        else:
            text = _("  {name}: received from {agency} on {day}") if settled else _("  {name}: due from {agency}")
        agency = names.get(row["agency"], row["agency"])
        day = local(settled)[:10] if settled else ""
        lines.append(text.format(name=called[row["document"]], agency=agency, day=day))
    return items, ["", _("Paper originals:"), *lines] if lines else []


def _links(desk: Desk, found: Dossier) -> tuple[list[dict[str, str]], list[str]]:
    texts = {
        "answers": _("  {name} answers {other}"),
        "corrects": _("  {name} corrects {other}"),
        "replaces": _("  {name} replaces {other}"),
        "annex-of": _("  {name} is an annex of {other}"),
    }
    items, lines = list[dict[str, str]](), list[str]()
    for row in dossiers.links(desk.book, found.id):
        items.append({"document": str(row["document"]), "kind": row["kind"], "other": str(row["other"])})
        ends = (documents.get(desk.book, row[side]).name for side in ("document", "other"))
        lines.append(texts[row["kind"]].format(**dict(zip(("name", "other"), ends, strict=True))))
    return items, ["", _("Links:"), *lines] if lines else []


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
            lines = [_("Dossier {code} is open again.").format(code=done.code)]
        else:
            done = filing.close(desk, found, day_option(ended) if ended else None, dry_run=dry_run)
            open_papers = [row for row in dossiers.papers(desk.book, found.id) if not row["settled_at"]]
            lines = [_("Dossier {code} is closed.").format(code=done.code)]
            if until := deadline(done):
                lines.append(_("It goes to the archive by {day}.").format(day=f"{until:%d/%m/%Y}"))
            if open_papers:
                lines.append(
                    _("{count} paper originals are still on their way: vanthu dossier show {code}").format(
                        count=len(open_papers), code=done.code
                    )
                )
    return run.answer({"dry_run": dry_run, "dossier": _json(done, run)}, [*lines, *_changed(dry_run)])


@group.command(help=_("Write a dossier out for reading: one PDF, its data, its index, or a folder with everything."))
def export(
    context: typer.Context,
    code: Code,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.pdf|.xml|.xlsx|FOLDER", help=_("What is written."))],
    dry_run: DryRun = False,
) -> int:
    from vanthu_cli.procedures.dossier_export import check_new, form_of
    from vanthu_cli.procedures.dossier_export import export as write

    run = run_of(context)
    with run.desk() as desk:
        found = dossiers.find(desk.book, code)
        contents = dossiers.contents(desk.book, found.id)
        if dry_run:
            check_new(out)
            payload = {"dry_run": True, "dossier": _json(found, run), "form": form_of(out), "documents": len(contents)}
            text = _("{count} documents would be written to {path}.").format(count=len(contents), path=out)
            return run.answer(payload, [text, *_changed(dry_run)])
        with progress(run, len(contents), _("writing")) as tick:
            done = write(desk, found, out, tick=tick)
    left_out = [each for each in done.parts if each.fault]
    failed = [each for each in left_out if each.failed]
    payload = {
        "dry_run": False,
        "dossier": _json(found, run),
        "form": done.form,
        "path": str(out),
        "sha256": done.sha256,
        "documents": done.documents,
        "pages": done.pages,
        "left_out": [
            {"document": str(each.file.document.id), "file": each.file.name, "why": each.fault} for each in left_out
        ],
        "cut": _cut_json(done.cut),
    }
    lines = [_("Saved: {path}").format(path=out)]
    lines += [f"  {each.file.document.name}: {each.file.name}: {_fault(each.fault)}" for each in left_out]
    lines += [*_cut_lines(done.cut), *_secret(done.secret)]
    error = ("dossier.not_merged", _("Some files could not be merged; they are listed in the copy."), "")
    return run.answer(payload, lines, code=PartlyDoneError.exit_code if failed else 0, error=error if failed else None)


@group.command(
    "hand-over", help=_("Make the package for the archive of a closed dossier: originals, proofs, index, minutes.")
)
def hand_over_(
    context: typer.Context,
    code: Code,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER|FILE.zip", help=_("What is written."))],
    dry_run: DryRun = False,
) -> int:
    from vanthu_cli.procedures.dossier_export import check_new
    from vanthu_cli.procedures.hand_over import check_ready, hand_over

    run = run_of(context)
    with run.desk() as desk:
        found = dossiers.find(desk.book, code)
        contents = check_ready(desk, found)
        if dry_run:
            check_new(out)
            payload = {"dry_run": True, "dossier": _json(found, run), "documents": len(contents)}
            text = _("{count} documents would be handed over in {path}.").format(count=len(contents), path=out)
            return run.answer(payload, [text, *_changed(dry_run)])
        with progress(run, len(contents), _("packing")) as tick:
            done = hand_over(desk, found, out, tick=tick)
        found = dossiers.get(desk.book, found.id)
    payload = {
        "dry_run": False,
        "dossier": _json(found, run),
        "path": str(out),
        "manifest_sha256": done.manifest,
        "files": done.files,
        "bytes": done.size,
        "verdicts": dict(done.verdicts),
        "cut": _cut_json(done.cut),
        "found": done.found,
    }
    lines = [_("Package: {path} ({count} files)").format(path=out, count=done.files)]
    if done.found:
        lines.append(_("It lay there whole already; the register knows of it now."))
    lines += [
        _("SHA-256 of its manifest: {sha256}").format(sha256=done.manifest),
        _("Have both sides sign the minutes: bien-ban-giao-nhan.pdf"),
        *_cut_lines(done.cut),
    ]
    return run.answer(payload, lines)


def _json(dossier: Dossier, run: Run) -> dict[str, Any]:
    until = deadline(dossier)
    values = {name: value for name, value in asdict(dossier).items() if name != "id"}
    return {
        **values,
        "deadline": until.isoformat() if until else None,
        "alert": alert(dossier, today(run.now)),
    }


def _line_json(line: Line) -> dict[str, Any]:
    each = line.document
    return {
        "ordinal": line.ordinal,
        "document": str(each.id),
        "name": each.name,
        "date": each.day,
        "doc_type": each.doc_type,
        "subject": each.subject,
        "title": title(each),
        "agency": each.agency,
        "pages": line.pages,
        "first_page": line.first,
        "note": line.note or None,
        "state": each.state,
        "sha256": each.sha256,
    }


def _cut_json(cut: Sequence[tuple[int | None, str]]) -> list[dict[str, str | None]]:
    return [{"document": None if document is None else str(document), "field": name} for document, name in cut]


def _cut_lines(cut: Sequence[tuple[int | None, str]]) -> list[str]:
    return [
        _("  {document}: {field} is longer than the decree allows, and was cut.").format(
            document=_("dossier") if document is None else f"#{document}", field=name
        )
        for document, name in cut
    ]


def _secret(count: int) -> list[str]:
    return [_("{count} turned out to be secret and are not listed.").format(count=count)] if count else []


def _changed(dry_run: bool) -> list[str]:
    return [_("Nothing was changed: --dry-run.")] if dry_run else []


def _state(dossier: Dossier) -> str:
    return {"open": _("open"), "closed": _("closed"), "handed-over": _("handed over")}[dossier.state]


def _due(dossier: Dossier, run: Run) -> str:
    until = deadline(dossier)
    if until is None:
        return ""
    words = {"soon": _("soon"), "overdue": _("OVERDUE")}
    near = alert(dossier, today(run.now))
    return f"{until:%d/%m/%Y}" + (f" {words[near]}" if near else "")


def _event(kind: str) -> str:
    return {
        "dossier-new": _("opened"),
        "dossier-add": _("document filed"),
        "dossier-remove": _("document taken out"),
        "dossier-close": _("closed"),
        "dossier-reopen": _("opened again"),
        "dossier-export": _("written out"),
        "dossier-hand-over": _("handed over to the archive"),
    }.get(kind, kind)


def _fault(fault: str) -> str:
    return {
        "no-file": _("it has no electronic file"),
        "not-pdf": _("no PDF, only listed"),
        "locked": _("it needs a password"),
        "broken": _("it cannot be read"),
        "too-slow": _("it took too long"),
        "too-long": _("it has too many pages"),
        "missing": _("it is missing from the cabinet"),
    }[fault]
