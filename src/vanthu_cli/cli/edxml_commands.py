"""`vanthu edxml show / check / make`: packages of the national axis by hand (QCVN 102:2016/BTTTT)."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.run import run_of
from vanthu_cli.errors import PartlyDoneError, UndecidedError, worst
from vanthu_cli.locale import _
from vanthu_cli.procedures.package_files import Seen, check_makeable, look, make
from vanthu_cli.register import deliveries, documents
from vanthu_cli.reports.packages import fault_words, kind_word, note_words, package_lines
from vanthu_cli.reports.words import verdict_sentence, verdict_word

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@group.command(help=_("Show what a package says, from whom and to whom, and which files are inside."))
def show(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help=_("Write the files inside there."))] = None,
) -> int:
    run = run_of(context)
    seen = look(file, out)
    code, error = _judged([seen])
    return run.answer(_json(seen), list(_lines(seen)), code=code, error=error)


@group.command(help=_("Check packages: form, files inside, signatures."))
def check(context: typer.Context, files: Annotated[list[Path], typer.Argument(metavar="FILE...")]) -> int:
    from vanthu_cli.cli.verify_command import CODES, details
    from vanthu_cli.procedures.verify import Wish, bench_of, verify

    run = run_of(context)
    seen = [look(each) for each in files]
    code, error = _judged(seen)
    bench = bench_of(run.config_or_none(), (), run.now)
    judged = {each.file: each for each in verify(bench, files, Wish(run.now, run.language))}
    answers, lines, codes = list[dict[str, Any]](), list[str](), [code]
    for each in seen:
        judgement = judged[each.file].judgement
        answers.append(_json(each) | {"verdict": judgement.verdict})
        lines += [f"{each.file}: {_verdict(each)}", *(f"  ! {fault_words(fault)}" for fault in each.faults)]
        lines += [f"  • {note_words(note)}" for note in each.notes]
        if each.package is None:  # whatever else it is: a signature does not make it one
            continue
        lines.append("  " + _("Signature of the package: {verdict}").format(verdict=verdict_word(judgement.verdict)))
        if (
            judgement.verdict != "unsigned"
        ):  # the documents inside may be signed: they are judged when they are taken in
            lines += [f"  {line}" for line in list(details(judged[each.file]))[1:]]
        if judgement.verdict == "invalid" or not each.faults:
            codes.append(CODES.get(judgement.verdict, UndecidedError.exit_code))
        if judgement.verdict != "valid" and error is None:
            error = (f"verify.{judgement.verdict}", verdict_sentence(judgement), "")
    return run.answer({"files": answers}, lines, code=worst(codes), error=error)


@group.command("make", help=_("Write the package of an issued document, signed, to be carried or mailed by hand."))
def make_(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="ID", autocompletion=completing.documents)],
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to", autocompletion=completing.agencies, help=_("Code of an agency; left out: all its recipients.")
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=_("Where to; left out: here, by its number."))
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))] = False,
) -> int:
    run = run_of(context)
    with run.desk() as desk:
        found = documents.find(desk.book, document)
        target = out or Path(f"{found.name.replace('/', '-')}.edxml")
        check_makeable(found, target)
        recipients = [each.agency for each in deliveries.of_document(desk.book, found.id) if each.agency]
        codes = to or recipients
        if not dry_run:
            make(desk, found, codes, target)
    lines = [_("{name} to {agencies}: {path}").format(name=found.name, agencies=", ".join(codes) or "–", path=target)]
    lines += [
        _("! {agency} is not among those to whom {name} was issued.").format(agency=each, name=found.name)
        for each in codes
        if each.upper() not in {known.upper() for known in recipients}
    ]
    return run.answer({"dry_run": dry_run, "document": str(found.id), "to": codes, "file": str(target)}, lines)


def _judged(seen: list[Seen]) -> tuple[int, tuple[str, str, str] | None]:
    faulty = next((each for each in seen if each.faults), None)
    if faulty is None:
        return 0, None
    return PartlyDoneError.exit_code, ("edxml.faulty", fault_words(faulty.faults[0]), "")


def _verdict(seen: Seen) -> str:
    if seen.package is None:
        return _("no edXML package")
    return f"{kind_word(seen.package.kind)}: " + (
        _("its form is not in order") if seen.faults else _("its form is in order")
    )


def _lines(seen: Seen) -> Iterator[str]:
    if seen.package is not None:
        yield from package_lines(seen.package)
    for each in seen.inside:
        name = each.named.name or each.named.content_id or "?"
        yield _("File: {name}, {size} bytes, SHA-256 {sha256}").format(name=name, size=each.size, sha256=each.sha256)
        if each.saved is not None:
            yield "  " + _("Saved: {path}").format(path=each.saved)
        elif each.withheld:
            yield "  " + _("It could do harm ({kind}): --out leaves it out.").format(kind=each.withheld)
    yield from (f"! {fault_words(fault)}" for fault in seen.faults)
    yield from (f"• {note_words(note)}" for note in seen.notes)


def _json(seen: Seen) -> dict[str, Any]:
    package = asdict(seen.package) if seen.package is not None else None
    return {
        "file": str(seen.file),
        "package": package,
        "attachments": [
            {
                "name": each.named.name or None,
                "content_id": each.named.content_id or None,
                "content_type": each.named.kind or None,
                "size": each.size,
                "sha256": each.sha256,
                "saved": str(each.saved) if each.saved else None,
                "withheld": each.withheld or None,
            }
            for each in seen.inside
        ],
        "faults": list(seen.faults),
        "notes": list(seen.notes),
    }
