"""`vanthu sign`: many files, one kind of signature, one PIN."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from vanthu_cli.cli.parse import expanded, place_option
from vanthu_cli.cli.run import Run, run_of, tell
from vanthu_cli.errors import MisuseError, VanthuError, worst
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.inputs import output_name
from vanthu_cli.procedures.press import Outcome, copy_all, jobs_for, look_at, sign_all
from vanthu_cli.procedures.preview import preview
from vanthu_cli.procedures.sign import Planned, order
from vanthu_cli.procedures.spots import ROLES, Order
from vanthu_cli.reports.tables import table
from vanthu_cli.reports.words import form_sentence, form_word
from vanthu_cli.rules.copies import FORMS

_FEW = 4
"""Files up to which each is told on a line of its own; a table says more of many."""


def command(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...")],
    role: Annotated[str, typer.Option("--as", help=_("person, organisation, annex, copy or arrival."))],
    key: Annotated[str, typer.Option("--key", help=_("Name of the key in the configuration."))] = "",
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
    run = run_of(context)
    chosen = next((each for each in ROLES if each == role), None)
    if chosen is None:
        raise MisuseError("sign.role", _("--as takes one of {roles}.").format(roles=", ".join(ROLES)))
    if (chosen == "copy") != (form in FORMS):
        raise MisuseError(
            "sign.form", _("A copy needs --form, one of {forms}; nothing else does.").format(forms=", ".join(FORMS))
        )
    files = expanded(paths)
    if (out is not None and len(files) > 1 and not out.is_dir()) or (picture is not None and len(files) > 1):
        raise MisuseError(
            "sign.out", _("For several files --out must be a folder that exists, and --preview takes one file.")
        )
    with run.desk() as desk:
        wish = order(
            desk,
            chosen,
            key,
            at=place_option(at),
            again=again,
            password=_password(desk, password_from),
            annex_of=annex_of,
            form=form,
            passed_to=passed_to,
            file_code=file_code,
            detached=detached,
        )
        pairs = [(path, _output(path, out, wish)) for path in files]
        processes = jobs_for(wish, len(pairs), jobs)
        with _progress(run, len(pairs), _("looking")) as tick:
            batch = look_at(desk, wish, pairs, jobs=processes, language=run.language, tick=tick)
        try:
            _warn(run, batch.planned)
            if picture is not None:
                return _show(run, desk, batch.planned, batch.refused, picture, wish.card.subject)
            if dry_run:
                outcomes = [*batch.refused, *(Outcome(each.file, each) for each in batch.planned)]
                return _answer(run, wish, outcomes, dry_run=True)
            done = (
                copy_all(desk, batch, bare=without_timestamp)
                if chosen == "copy"
                else sign_all(desk, batch, bare=without_timestamp, jobs=processes, language=run.language)
            )
            return _answer(run, wish, [*batch.refused, *_carried_out(run, done, batch.planned)], dry_run=False)
        finally:
            batch.close()


def _password(desk: Desk, reference: str) -> str:
    from vanthu_cli.config.secrets import secret

    return secret(desk.config, reference, lambda _what: desk.prompt(_("the PDF file"))) if reference else ""


def _output(path: Path, out: Path | None, wish: Order) -> Path:
    name = output_name(wish.role, path, detached=wish.detached)
    if out is None:
        return path.with_name(name)
    return out / name if out.is_dir() else out


def _warn(run: Run, planned: Sequence[Planned]) -> None:
    """Say before the PIN what the page lacks: the clerk may still stop."""
    if run.json:
        return
    for each in planned:
        for code, detail in each.warnings:
            tell(f"! {each.file}: {form_sentence(code, detail)}")


def _show(
    run: Run, desk: Desk, planned: Sequence[Planned], refused: Sequence[Outcome], picture: Path, subject: str
) -> int:
    if refused and refused[0].error:
        raise refused[0].error
    page = preview(desk, planned[0], picture, subject)
    line = _("Page {page} as it would be: {path}").format(page=page + 1, path=picture)
    return run.answer(
        {"preview": str(picture), "page": page + 1, "files": [_planned_json(planned[0])], "failed": []}, [line]
    )


def _carried_out(run: Run, outcomes: Iterator[Outcome], planned: Sequence[Planned]) -> list[Outcome]:
    """Collect what is done; whatever stops the batch concerns each file that was not reached."""
    done: list[Outcome] = []
    try:
        with _progress(run, len(planned), _("signing")) as tick:
            for each in outcomes:
                done.append(each)
                tick()
    except VanthuError as error:
        done += [
            Outcome(each.file, each, error=error) for each in planned if each.file not in {one.file for one in done}
        ][:1]
    reached = {each.file for each in done}
    return done + [Outcome(each.file, each) for each in planned if each.file not in reached]


def _answer(run: Run, wish: Order, outcomes: Sequence[Outcome], *, dry_run: bool) -> int:
    failed = [(each.file, each.error) for each in outcomes if each.error is not None]
    if not run.json:
        for path, error in failed:
            tell(f"{path}: {error.message}" + (f"\n  → {error.hint}" if error.hint else ""))
    signed = [each for each in outcomes if each.signed is not None]
    before = [each for each in outcomes if each.planned is not None and each.planned.done]
    unreached = [each for each in outcomes if each.error is None and each.signed is None and each not in before]
    payload = {
        "dry_run": dry_run,
        "files": [_signed_json(each) for each in (*signed, *before)]
        + [_planned_json(each.planned) for each in unreached if dry_run and each.planned],
        "failed": [{"file": str(path), "error": error.code} for path, error in failed],
        "not_reached": [] if dry_run else [str(each.file) for each in unreached],
    }
    code = worst(error.exit_code for _path, error in failed)
    if unreached and not dry_run and code == 0:
        code = 3
    first = failed[0][1] if failed else None
    return run.answer(
        payload,
        _lines(wish, outcomes, signed, dry_run=dry_run),
        code=code,
        error=(first.code, first.message, first.hint) if first else None,
    )


def _lines(wish: Order, outcomes: Sequence[Outcome], signed: Sequence[Outcome], *, dry_run: bool) -> list[str]:
    if len(outcomes) <= _FEW:
        lines = [line for each in outcomes if (line := _line(each, dry_run=dry_run))]
    else:
        rows = [
            (
                each.file.name,
                _state(each, dry_run=dry_run),
                each.planned.job.output.name if each.planned else "",
                _remarks(each),
            )
            for each in outcomes
        ]
        lines = table((_("File"), _("State"), _("Result"), _("Remarks")), rows)
    if signed and not signed[0].signed.time_stamped:  # type: ignore[union-attr]  # chosen for being signed
        lines.append(_("Without a trusted time stamp: level B-B."))
    if any(each.signed and each.signed.repaired for each in signed):
        lines.append(_("A damaged file was written anew before it was signed: look at the result before you send it."))
    if len(outcomes) > _FEW:
        states = Counter(
            _state(each, dry_run=dry_run).removesuffix(f" {each.signed.level}" if each.signed else "")
            for each in outcomes
        )
        lines.append(", ".join(f"{count} {word}" for word, count in states.items()))
    if wish.role == "person" and signed:
        lines.append(_("Next: vanthu sign-send FILE --to … (number, seal, register, send)."))
    return lines


def _line(each: Outcome, *, dry_run: bool) -> str:
    if each.planned is None or each.error is not None:
        return ""
    path = each.planned.job.output
    if each.planned.done:
        return _("Signed before, left as it is: {path}").format(path=path)
    if dry_run:
        return _("Would be signed: {path}").format(path=path)
    if each.signed is None:
        return _("Not reached: {path}").format(path=each.file)
    number = f" ({each.signed.number})" if each.signed.number else ""
    return _("Signed: {path}").format(path=path) + number


def _state(each: Outcome, *, dry_run: bool) -> str:
    if each.error is not None:
        return _("refused")
    if each.planned is not None and each.planned.done:
        return _("signed before")
    if dry_run:
        return _("would be signed")
    return f"{_('signed')} {each.signed.level}" if each.signed else _("not reached")


def _remarks(each: Outcome) -> str:
    if each.error is not None:
        return each.error.message
    return ", ".join(form_word(code) for code, _detail in each.planned.warnings) if each.planned else ""


def _signed_json(each: Outcome) -> dict[str, Any]:
    done = each.signed
    known = _planned_json(each.planned) if each.planned else {}
    return known | {
        "level": done.level if done else None,
        "time_stamped": done.time_stamped if done else None,
        "repaired": done.repaired if done else False,
        "number": (done.number or None) if done else None,
    }


def _planned_json(planned: Planned) -> dict[str, Any]:
    return {
        "file": str(planned.file),
        "output": str(planned.job.output),
        "role": planned.job.work,
        "signed_before": planned.done,
        "warnings": [{"code": code, "detail": detail or None} for code, detail in planned.warnings],
    }


@contextmanager
def _progress(run: Run, count: int, what: str) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr, on a terminal only, and only where there is something to wait for."""
    if not run.interactive or run.quiet or count <= _FEW:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=count)
        yield lambda: bar.advance(task)
