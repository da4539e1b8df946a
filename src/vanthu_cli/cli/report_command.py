"""`vanthu report`: statistics of electronic exchange."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from vanthu_cli.cli.run import run_of
from vanthu_cli.document.day import parse_day
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.statistics import Stretch, calendar_unit, from_to, statistics
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.register.figures import By
from vanthu_cli.reports.statistics import Figures, Group, Statistics, lines
from vanthu_cli.rules.deadlines import today

_CUTS: tuple[By, ...] = get_args(By)
_MONTHS, _QUARTERS = 12, 4
_FORMS = (".xlsx", ".html", ".csv")


def command(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", help=_("First day, as 2026-11-22."))] = "",
    until: Annotated[str, typer.Option("--to", help=_("Last day."))] = "",
    month: Annotated[str, typer.Option("--month", help=_("A month, as 2026-11."))] = "",
    quarter: Annotated[str, typer.Option("--quarter", help=_("A quarter, as 2026-4."))] = "",
    year: Annotated[str, typer.Option("--year", help=_("A year, as 2026."))] = "",
    by: Annotated[str, typer.Option("--by", help=_("Also for each agency, type, network or month."))] = "",
    out: Annotated[Path | None, typer.Option("--out", help=_("Write it to this file: .xlsx, .html or .csv."))] = None,
) -> int:
    """Count documents sent and received; without a period, this month so far."""
    run = run_of(context)
    if by and by not in _CUTS:
        raise MisuseError("report.by", _("--by takes agency, type, network or month."))
    if out is not None:
        _check_output(out)
    stretch = _stretch(today(run.now), since, until, month=month, quarter=quarter, year=year)
    cuts: tuple[By, ...] = (by,) if by else _CUTS if run.json or out is not None else ()
    with run.desk() as desk:
        found = statistics(desk, stretch, cuts)
    shown = lines(found, groups=bool(by))
    if out is not None:
        write_durably(out.absolute(), _file(found, out.suffix, run.now))
        shown.append(_("Saved: {path}").format(path=out))
    return run.answer(payload(found) | {"saved": str(out) if out else None}, shown)


def _check_output(out: Path) -> None:
    if out.suffix.lower() not in _FORMS:
        raise MisuseError("report.form", _("{path}: the file must end in .xlsx, .html or .csv.").format(path=out.name))
    if out.exists():
        from vanthu_cli.procedures.make import exists

        raise exists(out)


def _file(found: Statistics, suffix: str, now: datetime) -> bytes:
    if suffix.lower() == ".html":
        from vanthu_cli.reports.statistics_html import statistics_page

        return statistics_page(found, now).encode()
    from vanthu_cli.reports.statistics_xlsx import statistics_csv, statistics_xlsx

    return statistics_csv(found) if suffix.lower() == ".csv" else statistics_xlsx(found)


def _stretch(day: date, since: str, until: str, *, month: str, quarter: str, year: str) -> Stretch:
    """Return the period that was asked for, and the one before it."""
    if sum(map(bool, (since or until, month, quarter, year))) > 1:
        raise MisuseError("report.period", _("Name one period: --from and --to, --month, --quarter or --year."))
    if since or until:
        last = parse_day(until) if until else day
        return from_to(parse_day(since) if since else last.replace(day=1), last, day)
    if quarter:
        number, place = _part(quarter, _QUARTERS, _("“{text}” is not a quarter such as 2026-4."))
        return calendar_unit(date(number, 3 * place - 2, 1), 3, day)
    if year:
        number, _place = _part(f"{year}-1", 1, _("“{text}” is not a year such as 2026."), shown=year)
        return calendar_unit(date(number, 1, 1), _MONTHS, day)
    if month:
        number, place = _part(month, _MONTHS, _("“{text}” is not a month such as 2026-11."))
        return calendar_unit(date(number, place, 1), 1, day)
    return calendar_unit(day.replace(day=1), 1, day)


def _part(text: str, most: int, otherwise: str, *, shown: str = "") -> tuple[int, int]:
    """Read a year and the place of a part in it: 2026-11, or 11/2026 as it is written in Viet Nam."""
    found = re.fullmatch(r"([1-9]\d{3})-(\d{1,2})", text.strip(), re.ASCII)
    turned = re.fullmatch(r"(\d{1,2})/([1-9]\d{3})", text.strip(), re.ASCII)
    year, place = (found[1], found[2]) if found else (turned[2], turned[1]) if turned else ("0", "0")
    if not 0 < int(place) <= most:
        raise MisuseError("option.period", otherwise.format(text=shown or text))
    return int(year), int(place)


def payload(found: Statistics) -> dict[str, Any]:
    groups = [
        {"by": by, "key": group.key, "name": group.name, **_json(group)}
        for by, every in found.groups.items()
        for group in every
    ]
    return {
        "period": _days(found.now),
        "previous": _days(found.before) | _json(found.before) | {"reserved": found.before.reserved},
        **_json(found.now),
        "reserved": found.now.reserved,
        "groups": groups,
    }


def _days(figures: Figures) -> dict[str, Any]:
    return {"from": figures.period.first.isoformat(), "to": figures.period.last.isoformat()}


def _json(figures: Figures | Group) -> dict[str, Any]:
    sent: dict[str, Any] = figures.sent._asdict()
    if isinstance(figures, Figures):
        sent["paper_reasons"] = dict(figures.reasons)
    received: dict[str, Any] = figures.received._asdict()
    received["signature"] = {name: received.pop(name) for name in ("valid", "invalid", "unknown", "unsigned")}
    return {"sent": sent, "received": received}
