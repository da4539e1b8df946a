"""`vanthu sign-send`: the outgoing procedure in one command, resumable."""

from pathlib import Path
from typing import Annotated

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.issued import issued_answer, issued_json
from vanthu_cli.cli.run import Run, confirm, run_of, tell
from vanthu_cli.errors import MisuseError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.issue import issue, numbered_already
from vanthu_cli.procedures.plan import Plan, Request, plan_issue
from vanthu_cli.register import documents
from vanthu_cli.register.keeping import LinkKind
from vanthu_cli.reports.amendments import link_word
from vanthu_cli.reports.words import form_sentence, reason_word

_URGENCY = {"": "", "khan": "KHẨN", "thuong-khan": "THƯỢNG KHẨN", "hoa-toc": "HỎA TỐC"}


def command(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH")],
    to: Annotated[
        list[str] | None,
        typer.Option("--to", autocompletion=completing.agencies, help=_("Agency code or address (repeatable).")),
    ] = None,
    kind: Annotated[str, typer.Option("--type", help=_("Type, such as CV, when the page does not tell."))] = "",
    subject: Annotated[str, typer.Option("--subject", help=_("Subject, instead of the one on the page."))] = "",
    attach: Annotated[list[Path] | None, typer.Option("--attach", help=_("File that goes along (repeatable)."))] = None,
    session: Annotated[str, typer.Option("--session", help=_("Session (kỳ họp) the paper is for."))] = "",
    urgency: Annotated[str, typer.Option("--urgency", help=_("Urgency: khan, thuong-khan or hoa-toc."))] = "",
    person: Annotated[
        str,
        typer.Option(
            "--person", autocompletion=completing.keys, help=_("Key of the leader, if the leader signs here.")
        ),
    ] = "",
    organisation: Annotated[
        str, typer.Option("--organisation", autocompletion=completing.keys, help=_("Key of the office."))
    ] = "",
    answers: Annotated[str, typer.Option("--answers", help=_("The document that came which this one answers."))] = "",
    corrects: Annotated[
        str, typer.Option("--corrects", help=_("The issued document that this công văn corrects (đính chính)."))
    ] = "",
    replaces: Annotated[str, typer.Option("--replaces", help=_("The issued document that this one replaces."))] = "",
    without_timestamp: Annotated[
        bool, typer.Option("--without-timestamp", help=_("Do without time stamps this once; it is recorded."))
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help=_("Don't ask before sending."))] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))] = False,
) -> int:
    run = run_of(context)
    if urgency not in _URGENCY:
        raise MisuseError("option.urgency", _("--urgency takes khan, thuong-khan or hoa-toc."))
    request = Request(
        file=path,
        to=tuple(to or ()),
        symbol=kind,
        subject=subject,
        attachments=tuple(attach or ()),
        session=session,
        urgency=_URGENCY[urgency],
        person=person,
        organisation=organisation,
        bare=without_timestamp,
        links=_links(answers, corrects, replaces),
    )
    with run.desk() as desk:
        plan = plan_issue(desk, request)
        if not run.json:
            for code, detail in plan.warnings:
                tell(f"! {path}: {form_sentence(code, detail)}")
        if dry_run:
            return run.answer(_plan_json(plan), _plan_lines(plan))
        if not yes:
            _ask(run, plan)
        return _carry_out(run, desk, plan)


def _links(answers: str, corrects: str, replaces: str) -> tuple[tuple[LinkKind, str], ...]:
    asked: tuple[tuple[LinkKind, str], ...] = (("answers", answers), ("corrects", corrects), ("replaces", replaces))
    return tuple((kind, other) for kind, other in asked if other)


def _ask(run: Run, plan: Plan) -> None:
    tell("\n".join(_plan_lines(plan)))
    if not confirm(run, _("Number, seal and send it now?"), "--yes"):
        raise MisuseError("issue.declined", _("Nothing was done, no number was taken."))


def _carry_out(run: Run, desk: Desk, plan: Plan) -> int:
    try:
        document, failed = issue(desk, plan)
    except VanthuError as error:
        numbered = documents.by_source(desk.book, plan.source_sha256)
        if numbered is None:  # before the point of no return: nothing was taken, nothing is there
            raise
        partly = numbered_already(numbered, error)
        if not run.json:
            tell(f"{partly.message}\n  → {partly.hint}")
        return run.answer(
            issued_json(desk, numbered), [], code=partly.exit_code, error=(partly.code, partly.message, partly.hint)
        )
    return issued_answer(run, desk, document, failed)


def _plan_lines(plan: Plan) -> list[str]:
    number = plan.issued.name if plan.issued else _("the next number of {symbol}").format(symbol=plan.symbol)
    pairs = [
        (_("Number"), number),
        (_("Date"), f"{plan.day:%d/%m/%Y}"),
        (_("Type"), plan.fields.doc_type or "?"),
        (_("Subject"), plan.fields.subject or "?"),
        (_("Signer"), plan.fields.signer_name or "?"),
    ]
    to, with_it, owed = _("To"), _("With it"), _("Paper original owed")
    pairs += [(to, f"{each.agency.name} <{each.address}> ({each.channel})") for each in plan.recipients]
    pairs += [(with_it, each.name if each.corner else f"{each.name}, {each.name}.p7s") for each in plan.attachments]
    pairs += [(link_word(kind), other.name) for kind, other in plan.links]
    pairs += [(owed, f"{each.copies} × {each.agency} ({reason_word(each.reason)})") for each in plan.papers]
    return [f"{label}: {value}" for label, value in pairs]


def _plan_json(plan: Plan) -> dict[str, object]:
    return {
        "dry_run": True,
        "document": {
            "number": plan.issued.number if plan.issued else None,
            "symbol": plan.symbol,
            "date": plan.day.isoformat(),
        },
        "deliveries": [
            {"to": each.address, "agency": each.agency.code, "channel": each.channel} for each in plan.recipients
        ],
        "paper": [{"agency": each.agency, "copies": each.copies, "reason": each.reason} for each in plan.papers],
        "links": [{"kind": kind, "id": str(other.id)} for kind, other in plan.links],
        "warnings": [{"code": code, "detail": detail or None} for code, detail in plan.warnings],
    }
