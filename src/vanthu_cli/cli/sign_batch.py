"""Carrying out `vanthu sign`: the files looked at, the warnings told, the secret asked for, the table of what became of each."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vanthu_cli.cli.parse import expanded, place_option
from vanthu_cli.cli.progress import progress
from vanthu_cli.cli.run import Run, tell
from vanthu_cli.errors import MisuseError, VanthuError, worst
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.inputs import output_name
from vanthu_cli.procedures.press import Batch, Outcome, copy_all, jobs_for, look_at, sign_all
from vanthu_cli.procedures.preview import preview
from vanthu_cli.procedures.sign import Planned, order
from vanthu_cli.procedures.spots import ROLES, Order, Role
from vanthu_cli.reports.tables import table
from vanthu_cli.reports.words import form_sentence, form_word
from vanthu_cli.rules.copies import FORMS

_FEW = 4
"""Files up to which each is told on a line of its own; a table says more of many."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of the command, as they were typed."""

    role: str
    key: str
    form: str
    annex_of: str
    at: str
    picture: Path | None
    out: Path | None
    again: bool
    detached: bool
    bare: bool
    passed_to: str
    file_code: str
    password_from: str
    jobs: int
    dry_run: bool


def sign_batch(run: Run, paths: Sequence[Path], wishes: Wishes) -> int:
    """Do what the command line asks; return the exit code."""
    role, files = _role(wishes), expanded(paths)
    single = wishes.picture is not None or (wishes.out is not None and not wishes.out.is_dir())
    if single and len(files) > 1:
        raise MisuseError(
            "sign.out", _("For several files --out must be a folder that exists, and --preview takes one file.")
        )
    with run.desk() as desk:
        wish = order(
            desk,
            role,
            wishes.key,
            at=place_option(wishes.at),
            again=wishes.again,
            password=_password(desk, wishes.password_from),
            annex_of=wishes.annex_of,
            form=wishes.form,
            passed_to=wishes.passed_to,
            file_code=wishes.file_code,
            detached=wishes.detached,
        )
        pairs = _without_results([(path, _output(path, wishes.out, wish)) for path in files])
        processes = jobs_for(wish, len(pairs), wishes.jobs)
        with progress(run, len(pairs), _("looking")) as tick:
            batch = look_at(desk, wish, pairs, jobs=processes, language=run.language, tick=tick)
        try:
            return _go_on(run, desk, batch, wishes, processes)
        finally:
            batch.close()


def _role(wishes: Wishes) -> Role:
    chosen = next((each for each in ROLES if each == wishes.role), None)
    if chosen is None:
        raise MisuseError("sign.role", _("--as takes one of {roles}.").format(roles=", ".join(ROLES)))
    if (chosen == "copy") != (wishes.form in FORMS):
        raise MisuseError(
            "sign.form", _("A copy needs --form, one of {forms}; nothing else does.").format(forms=", ".join(FORMS))
        )
    return chosen


def _go_on(run: Run, desk: Desk, batch: Batch, wishes: Wishes, processes: int) -> int:
    """Tell the warnings; then draw, or say what would be done, or do it."""
    _warn(run, batch.planned)
    if wishes.picture is not None:
        return _show(run, desk, batch.planned, batch.refused, wishes.picture, batch.order.card.subject)
    if wishes.dry_run:
        outcomes = [*batch.refused, *(Outcome(each.file, each) for each in batch.planned)]
        return _answer(run, batch.order, outcomes, dry_run=True)
    done = (
        copy_all(desk, batch, bare=wishes.bare)
        if batch.order.role == "copy"
        else sign_all(desk, batch, bare=wishes.bare, jobs=processes, language=run.language)
    )
    return _answer(run, batch.order, [*batch.refused, *_carried_out(run, done, batch.planned)], dry_run=False)


def _without_results(pairs: Sequence[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    """Leave out what is the result of another file of the batch: `papers/*.pdf` names both when it is run again."""
    made_of = {output: file for file, output in pairs}
    return [(file, output) for file, output in pairs if made_of.get(file, file) == file]


def _password(desk: Desk, reference: str) -> str:
    from vanthu_cli.config.secrets import secret

    return secret(desk.config, reference, lambda _what: desk.prompt(_("Password of the PDF file"))) if reference else ""


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
        with progress(run, len(planned), _("signing")) as tick:
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
                each.planned.job.output.name if each.planned and each.error is None else "",
                _remarks(each),
            )
            for each in outcomes
        ]
        lines = table((_("File"), _("State"), _("Result"), _("Remarks")), rows)
    if any(each.signed and each.signed.level == "B-B" for each in signed):
        lines.append(_("Without a trusted time stamp: level B-B."))
    mended = [each.file.name for each in signed if each.signed and each.signed.repaired]
    if mended:
        lines.append(
            _(
                "Not written as the PDF standard asks, so written anew before signing: {names}. Look at the result first."
            ).format(names=", ".join(mended))
        )
    if len(outcomes) > _FEW:
        states = Counter(
            _state(each, dry_run=dry_run).removesuffix(f" {each.signed.level}" if each.signed else "")
            for each in outcomes
        )
        lines.append(", ".join(f"{count} {word}" for word, count in states.items()))
    if wish.role == "person" and any(each.planned and each.planned.job.output.suffix == ".pdf" for each in signed):
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
    remarks = [form_word(code) for code, _detail in each.planned.warnings] if each.planned else []
    return ", ".join([*remarks, _("written anew")] if each.signed and each.signed.repaired else remarks)


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
