"""`vanthu batch`: the morning in one run, for cron; silent when nothing happened, failures first, at most 40 lines."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf, isfinite
from typing import Annotated, Any

import typer

from vanthu_cli.cli.desk_shown import desk_json, desk_lines
from vanthu_cli.cli.fetch_command import fetched_json, peeked
from vanthu_cli.cli.progress import counting
from vanthu_cli.cli.run import Run, clock, run_of, say
from vanthu_cli.cli.schedules import SCHEDULES, program
from vanthu_cli.config.load import find
from vanthu_cli.document.text import is_mailbox
from vanthu_cli.errors import MisuseError, PartlyDoneError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.batch import Morning, batch, mail_report
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.fetch import peek
from vanthu_cli.reports.words import day_shown, step_word
from vanthu_cli.rules.deadlines import VIETNAM, today

_MOST_LINES = 40
_MINUTES = 60
_MOST_FAULTS = 8
_MOST_NAMES = 10


def command(
    context: typer.Context,
    mail_report_to: Annotated[
        str, typer.Option("--mail-report", metavar=_("ADDRESS"), help=_("Mail the summary there, when there is one."))
    ] = "",
    max_runtime: Annotated[
        float,
        typer.Option(
            "--max-runtime",
            min=0,
            help=_("Minutes after which nothing more is begun; the next run goes on. 0: no limit."),
        ),
    ] = _MINUTES,
    print_cron: Annotated[
        bool, typer.Option("--print-cron", help=_("Print the line for cron, and do nothing."))
    ] = False,
    print_systemd: Annotated[
        bool, typer.Option("--print-systemd", help=_("Print the files for systemd, and do nothing."))
    ] = False,
    print_schtasks: Annotated[
        bool, typer.Option("--print-schtasks", help=_("Print the command for Windows' Task Scheduler, and do nothing."))
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what waits on the servers."))] = False,
) -> int:
    run = run_of(context)
    if mail_report_to and not is_mailbox(mail_report_to):
        raise MisuseError("batch.address", _("“{address}” is no mail address.").format(address=mail_report_to))
    asked = [
        name for name, wanted in zip(SCHEDULES, (print_cron, print_systemd, print_schtasks), strict=True) if wanted
    ]
    if asked:
        return _printed(run, asked, mail_report_to, max_runtime)
    if dry_run:
        with run.desk(unattended=True) as desk:
            return peeked(run, peek(desk) if desk.config.channels else {})
    with run.desk(unattended=True) as desk, counting(run, _("fetching")) as tick:
        timed = replace(desk, in_time=_limit(max_runtime))
        done = batch(timed, clock=clock, tick=tick)
        lines = summary(done, run)
        _noted(run, done)
        mailed = None
        if mail_report_to and lines:
            mailed = _mailed(desk, done, mail_report_to, lines)
            lines = summary(done, run)
    failures = [each for _step, each in done.faults]
    first = failures[0] if failures and done.code else None
    return run.answer(
        _json(done) | {"mailed": mailed},
        lines,
        code=done.code,
        error=(first.code, first.message, first.hint) if first else None,
    )


def _limit(minutes: float) -> Callable[[], None]:
    if not isfinite(minutes):
        raise MisuseError("batch.minutes", _("--max-runtime is a number of minutes."))
    end = time.monotonic() + minutes * 60 if minutes else inf

    def in_time() -> None:
        if time.monotonic() > end:
            raise PartlyDoneError(
                "batch.time",
                _("The time for this run is over (--max-runtime)."),
                _("Nothing is lost: the next run goes on where this one stopped."),
            )

    return in_time


def _mailed(desk: Desk, done: Morning, address: str, lines: list[str]) -> bool:
    """Mail the summary. That it could not be mailed is a failure like others, told where the summary is printed."""
    day = f"{desk.now.astimezone(VIETNAM):%d/%m/%Y %H:%M}"
    subject = _("vanthu: {office}, {day}").format(office=desk.config.office.code, day=day)
    if done.faults:
        subject = _("vanthu: {office}, {day}: {count} failures").format(
            office=desk.config.office.code, day=day, count=len(done.faults)
        )
    try:
        mail_report(desk, address, subject, lines)
    except VanthuError as error:
        done.faults.append(("report", error))
        return False
    return True


def summary(done: Morning, run: Run) -> list[str]:
    """Return the summary: failures, what was done, what waits. Nothing when nothing happened and nothing is to be said."""
    lines = [*_faults(done), *_happened(done)]
    waits = list(desk_lines(done.desk, today(run.now), brief=True)) if done.desk else []
    room = _MOST_LINES - len(lines) - 2
    left = [_("… and {count} more: vanthu status").format(count=len(waits) - room)] if len(waits) > room else []
    return [*lines, *([""] if lines and waits else []), *waits[:room], *left]


def _faults(done: Morning) -> Iterator[str]:
    unique = list({each.message: (step, each) for step, each in reversed(done.faults)}.values())[::-1]
    for step, each in unique[:_MOST_FAULTS]:
        yield _("✗ {step}: {what}").format(step=step_word(step), what=" ".join(each.message.split()))
        if each.hint:
            yield f"    → {' '.join(each.hint.split())}"
    if len(unique) > _MOST_FAULTS:
        yield _("✗ … and {count} more failures: vanthu batch --json tells all.").format(
            count=len(unique) - _MOST_FAULTS
        )


def _happened(done: Morning) -> Iterator[str]:
    taken = done.fetched.taken if done.fetched else []
    arrived = [document for each in taken for document in each.documents if not each.duplicate]
    counts = {
        _("registered"): sum(each.state == "accepted" for each in arrived),
        _("waiting for a person"): sum(each.state == "waiting" for each in arrived),
        _("refused"): sum(each.state == "refused" for each in arrived),
        _("in quarantine"): sum(each.quarantined for each in taken),
        _("answers"): sum(each.receipt is not None for each in taken),
    }
    fresh = sum(not each.duplicate for each in taken)
    if fresh:
        said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        yield _("{count} new messages: {said}.").format(count=fresh, said=said or _("no document in them"))
    sent, acknowledged = done.kinds.get("delivery-handed-over", 0), done.kinds.get("delivery-acknowledged", 0)
    if sent or acknowledged:
        yield _("{sent} letters and receipts sent, {acknowledged} documents acknowledged by their receivers.").format(
            sent=sent, acknowledged=acknowledged
        )
    if done.reminded:
        names = ", ".join(f"{name} ({count})" for name, count in done.reminded[:_MOST_NAMES])
        yield _("Reminders sent: {names}{more}.").format(
            names=names, more=" …" if len(done.reminded) > _MOST_NAMES else ""
        )
    if done.closed:
        yield (
            _("The register of {day} is closed, with a time stamp.")
            if done.closed.stamped
            else _("The register of {day} is closed, without a time stamp.")
        ).format(day=day_shown(done.closed.closing.day))
    for certificate, left in done.warned:
        yield _("The certificate of {name} ends in {days} days: ask for a new one now.").format(
            name=certificate.name, days=left
        )


def _json(done: Morning) -> dict[str, Any]:
    return {
        "fetch": fetched_json(done.fetched) if done.fetched else None,
        "reminded": [{"name": name, "agencies": count} for name, count in done.reminded],
        "closed": {"day": done.closed.closing.day, "stamped": done.closed.stamped, "file": str(done.closed.file)} if done.closed else None,
        "checked": done.checked,
        "failures": [{"step": step, "code": each.code, "message": each.message, "hint": each.hint or None} for step, each in done.faults],
        "events": done.kinds,
        "certificates": [{"name": each.name, "days": left} for each, left in done.warned],
        "status": desk_json(done.desk) if done.desk else None,
    }  # fmt: skip


def _noted(run: Run, done: Morning) -> None:
    """Tell the journal: counts and codes."""
    for each in done.fetched.channels if done.fetched else ():
        run.journal.note(
            "fetch", channel=each.channel, messages=each.messages, new=each.new, duplicates=each.duplicates,
            errors=[error.code for error in each.errors],
        )  # fmt: skip
    run.journal.note(
        "batch", checked=done.checked, reminded=len(done.reminded), closed=done.closed.closing.id if done.closed else None,
        failures=[f"{step}: {each.code}" for step, each in done.faults], events=done.kinds,
    )  # fmt: skip


def _printed(run: Run, asked: list[str], mail_report_to: str, max_runtime: float) -> int:
    language = ["--lang", run.language] if run.language != "vi" else []
    words = [*program(), "--config", str(find(run.config_file).absolute()), *language, "batch"]
    words += ["--mail-report", mail_report_to] if mail_report_to else []
    words += ["--max-runtime", f"{max_runtime:g}"] if max_runtime != _MINUTES else []
    texts = {name: SCHEDULES[name](words) for name in asked}
    if run.json:
        return run.answer({name.removeprefix("--print-"): text for name, text in texts.items()}, [])
    for text in texts.values():
        say(text)
    return 0
