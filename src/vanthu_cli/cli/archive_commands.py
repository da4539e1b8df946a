"""`vanthu archive check / renew`."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from vanthu_cli.cli.progress import progress
from vanthu_cli.cli.run import Run, confirm, run_of
from vanthu_cli.errors import PartlyDoneError, UndecidedError
from vanthu_cli.locale import _
from vanthu_cli.procedures.archive import Held, Renewed, check, kept, renew
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.reports.tables import table
from vanthu_cli.reports.words import verdict_word
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.validation.reasons import NOTES, sentence

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Within = Annotated[int, typer.Option("--within", min=0, help=_("Due: what ends within so many days."))]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...")]
_HALF_A_YEAR = 180


@group.command("check", help=_("Say until when each registered document can be proved, and which are due for renewal."))
def check_(context: typer.Context, ids: Ids = None, within: Within = _HALF_A_YEAR) -> int:
    run = run_of(context)
    with run.desk() as desk:
        held = _checked(run, desk, ids)
    due = [each for each in held if _is_due(run, each, within)]
    lost = [each for each in held if each.until is None]
    lines = _table(run, held)
    if due:
        lines += ["", _("{count} due within {days} days: vanthu archive renew").format(count=len(due), days=within)]
    if lost:
        lines += ["", _("{count} cannot be proved now:").format(count=len(lost))]
        lines += [f"  {each.document.name}: {_why(each)}" for each in lost]
    code = UndecidedError.exit_code if lost else 0
    error = ("archive.lost", _("Some documents cannot be proved now."), "") if lost else None
    return run.answer(
        {"documents": [_json(each) for each in held]},
        lines or [_("Nothing is registered yet.")],
        code=code,
        error=error,
    )


@group.command("renew", help=_("Add archive time stamps to the documents named, or to all that are due."))
def renew_(
    context: typer.Context,
    ids: Ids = None,
    within: Within = _HALF_A_YEAR,
    yes: Annotated[bool, typer.Option("--yes", help=_("Don't ask."))] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))] = False,
) -> int:
    run = run_of(context)
    with run.desk() as desk:
        held = _checked(run, desk, ids)
        due = held if ids else [each for each in held if _is_due(run, each, within)]
        lines = _table(run, due)
        if dry_run or not due:
            lines = lines or [_("Nothing is due within {days} days.").format(days=within)]
            return run.answer({"dry_run": dry_run, "renewed": [], "due": [_json(each) for each in due]}, lines)
        question = _("Add an archive time stamp to {count} documents?").format(count=len(due))
        if not yes and not confirm(run, question, "--yes"):
            lines = [_("Nothing was changed.")]
            return run.answer({"dry_run": False, "renewed": [], "due": [_json(each) for each in due]}, lines)
        done = list[Renewed]()
        with desk.lock(), progress(run, len(due), _("renewing")) as tick:
            for each in renew(desk, due):
                done.append(each)
                tick()
    return _answer(run, done)


def _answer(run: Run, done: list[Renewed]) -> int:
    lines = []
    for each in done:
        if each.refused:
            lines.append(f"✗ {each.document.name}: {each.refused}")
        else:
            lines.append(_("✓ {name}: provable until {day}").format(name=each.document.name, day=_day(each)))
            lines += [f"    {note}" for note in each.notes]
    failed = sum(1 for each in done if each.refused)
    lines.append(_("{done} renewed, {failed} not.").format(done=len(done) - failed, failed=failed))
    renewed = [
        {
            "document": str(each.document.id),
            "name": each.document.name,
            "until": each.until.isoformat() if each.until else None,
            "notes": list(each.notes),
            "refused": each.refused or None,
        }
        for each in done
    ]
    error = ("archive.partly", _("Some documents were not renewed."), "") if failed else None
    code = PartlyDoneError.exit_code if failed else 0
    return run.answer({"dry_run": False, "renewed": renewed}, lines, code=code, error=error)


def _checked(run: Run, desk: Desk, ids: list[str] | None) -> list[Held]:
    listed, held = kept(desk, ids or ()), list[Held]()
    with progress(run, len(listed), _("checking")) as tick:
        for each in check(desk, listed):
            held.append(each)
            tick()
    return sorted(held, key=lambda each: (each.until is not None, each.until or run.now))


def _is_due(run: Run, held: Held, within: int) -> bool:
    return held.until is not None and held.until <= run.now + timedelta(days=within)


def _day(held: Held | Renewed) -> str:
    return f"{held.until.astimezone(VIETNAM):%d/%m/%Y}" if held.until else "–"


def _table(run: Run, held: list[Held]) -> list[str]:
    headings = [_("Document"), _("Level"), _("Provable until"), _("Verdict"), ""]
    return table(headings, [_row(run, each) for each in held])


def _row(run: Run, held: Held) -> list[str]:
    left = _("{days} days").format(days=(held.until - run.now).days) if held.until else ""
    verdict = verdict_word(held.judgement.verdict if held.judgement else "unknown")
    return [held.document.name, held.level, _day(held), verdict, left]


def _why(held: Held) -> str:
    if held.judgement is None:
        return held.fault or "?"
    every = [*held.judgement.reasons, *(reason for each in held.judgement.signatures for reason in each.reasons)]
    weighty = [reason for reason in every if reason.code not in NOTES]
    return sentence(weighty[0]) if weighty else verdict_word(held.judgement.verdict)


def _json(held: Held) -> dict[str, Any]:
    return {
        "document": str(held.document.id),
        "name": held.document.name,
        "sha256": held.sha256,
        "level": held.level or None,
        "verdict": held.judgement.verdict if held.judgement else "unknown",
        "until": held.until.isoformat() if held.until else None,
    }
