"""`vanthu doctor`."""

from collections.abc import Iterable

import typer

from vanthu_cli.cli.run import run_of
from vanthu_cli.errors import VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.doctor import Check, doctor, without_register
from vanthu_cli.reports.words import check_word

_SIGNS = {"good": "✓", "doubtful": "!", "bad": "✗"}


def check_lines(checks: Iterable[Check]) -> list[str]:
    """Return a line a check, and a second one with the cure."""
    lines = []
    for check in checks:
        lines.append(f"{_SIGNS[check.grade]} {check_word(check.name)}: {check.found}")
        if check.cure:
            lines.append(f"    → {check.cure}")
    return lines


def command(context: typer.Context) -> int:
    run = run_of(context)
    try:
        with run.desk() as desk:
            checks = list(doctor(desk))
    except VanthuError as refusal:
        config = run.config()
        if not config.data_dir.is_dir():
            raise
        checks = list(without_register(config, refusal))
    lines = check_lines(checks)
    bad = [check for check in checks if check.grade == "bad"]
    error = ("doctor.bad", _("{count} things are wrong.").format(count=len(bad)), bad[0].cure) if bad else None
    payload = {
        "checks": [
            {"name": each.name, "grade": each.grade, "found": each.found, "cure": each.cure or None} for each in checks
        ]
    }
    return run.answer(payload, lines, code=3 if bad else 0, error=error)
