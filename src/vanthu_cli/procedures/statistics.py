"""Statistics of a period: which one and which before it, the register's count, and what the law calls each thing (domain.md 8).

The Party's period is the calendar month, quarter or year, though its numbers run through a term.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple, TypeVar

from vanthu_cli.document.agency import name_key
from vanthu_cli.document.text import fold, sort_key
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import directory, figures
from vanthu_cli.register.figures import By, Counted, In, Key, Letter, Out, Period, Tally, Terms
from vanthu_cli.reports.statistics import Figures, Group, Received, Sent, Statistics, group_word

_EARLIEST = 1945
_NETWORKS = ("wan", "internet", "paper")
_T = TypeVar("_T", Sent, Received)


class Stretch(NamedTuple):
    """A period, and the one before it of the same length."""

    now: Period
    before: Period


def calendar_unit(first: date, months: int, day: date) -> Stretch:
    """Return the month, quarter or year (1, 3, 12 `months`) that begins on `first`, beside the one before.

    If it is not over on `day`, both go only as far as it has come.
    """
    _check(first, day)
    before, end = _months_later(first, -months), _months_later(first, months) - timedelta(days=1)
    if end <= day:
        return Stretch(Period(first, end), Period(before, first - timedelta(days=1)))
    return Stretch(Period(first, day), Period(before, min(before + (day - first), first - timedelta(days=1))))


def from_to(first: date, last: date, day: date) -> Stretch:
    """Return these days, as far as they have come on `day`, beside as many before them."""
    _check(first, day)
    if last < first:
        raise MisuseError("report.period", _("The period ends before it begins."))
    last = min(last, day)
    return Stretch(Period(first, last), Period(first - (last - first) - timedelta(days=1), first - timedelta(days=1)))


def _check(first: date, day: date) -> None:
    if first > day:
        raise MisuseError(
            "report.future", _("The period begins on {day}: that is still to come.").format(day=f"{first:%d/%m/%Y}")
        )
    if first.year < _EARLIEST:
        raise MisuseError("report.period", _("A period begins in {year} at the earliest.").format(year=_EARLIEST))


def _months_later(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def statistics(desk: Desk, stretch: Stretch, by: Collection[By]) -> Statistics:
    """Count both periods; nothing is written."""
    networks = {
        name: "axis" if channel.kind == "axis" else channel.network for name, channel in desk.config.channels.items()
    }
    terms = Terms(desk.config.holidays, desk.config.office.code, networks)
    now = figures.count(desk.book, stretch.now, terms, by)
    before = figures.count(desk.book, stretch.before, terms)
    names = {each.code: each.name for each in directory.agencies(desk.book)}
    groups = {each: _groups(each, counted, names, stretch.now) for each, counted in now.groups.items()}
    return Statistics(desk.config.office.name, _figures(stretch.now, now), _figures(stretch.before, before), groups)


def _figures(period: Period, counted: Counted) -> Figures:
    return Figures(period, *weighed(counted.whole), counted.reasons, counted.reserved)


def weighed(tally: Tally) -> tuple[Sent, Received]:
    """Return what the documents and letters of a tally come to."""
    sent = [(_document(fact), count) for fact, count in tally.outgoing.items()]
    sent += [(_letter(fact), count) for fact, count in tally.letters.items()]
    return _added(Sent, sent), _added(Received, [(_arrival(fact), count) for fact, count in tally.incoming.items()])


def _added(kind: type[_T], found: Iterable[tuple[_T, int]]) -> _T:
    totals = [0] * len(kind._fields)
    for values, count in found:
        totals = [total + value * count for total, value in zip(totals, values, strict=True)]
    return kind(*totals)


def _document(fact: Out) -> Sent:
    if fact.state == "voided":
        return Sent(voided=1)
    electronic, sealed = int(fact.medium == "electronic"), int(fact.signed is not None)
    not_sent = int(electronic and not fact.reached and not fact.papered)
    return Sent(
        total=1,
        electronic=electronic,
        paper=1 - electronic,
        copies=fact.copy,
        dispatched=1 - not_sent,
        without_paper=int(electronic and fact.reached and not fact.papered),
        with_paper=fact.papered,
        not_sent=not_sent,
        sealed=sealed,
        signed_person=int(fact.signed in {"both", "person"}),
        signed_organisation=int(fact.signed in {"both", "organisation"}),
        signed_both=int(fact.signed == "both"),
        signed_none=int(fact.signed in {"none", "stranger"}),
        recalled=int(fact.state == "recalled"),
        corrected=fact.corrected,
        replaced=fact.replaced,
    )


def _letter(fact: Letter) -> Sent:
    return Sent(
        letters=1,
        acknowledged=int(fact.state == "acknowledged"),
        unanswered=int(fact.state in {"handed-over", "delivered"}),
        refused=int(fact.state == "refused"),
        bounced=int(fact.state == "bounced"),
        unsure=int(fact.state == "unsure"),
        queued=int(fact.state in {"queued", "sending"}),
        acknowledgement_due=int(fact.acknowledged is not None),
        acknowledged_same_day=int(fact.acknowledged == "in-time"),
    )


def _arrival(fact: In) -> Received:
    if fact.state == "voided":
        return Received(voided=1)
    electronic = int(fact.medium == "electronic")
    return Received(
        total=1,
        electronic=electronic,
        paper=1 - electronic,
        judged=int(fact.verdict is not None),
        valid=int(fact.verdict == "valid"),
        invalid=int(fact.verdict == "invalid"),
        unknown=int(fact.verdict == "unknown"),
        unsigned=int(fact.verdict == "unsigned"),
        signed_person=int(fact.signed in {"both", "person"}),
        signed_organisation=int(fact.signed in {"both", "organisation"}),
        signed_both=int(fact.signed == "both"),
        signed_stranger=int(fact.signed == "stranger"),
        signed_none=int(fact.signed == "none"),
        waiting=int(fact.state == "waiting"),
        registered=int(fact.state == "accepted"),
        refused=int(fact.state == "refused"),
        recalled=int(fact.state == "recalled"),
        acknowledgement_due=int(fact.told is not None),
        acknowledged_same_day=int(fact.told == "in-time"),
        registration_due=int(fact.registered is not None),
        registered_on_time=int(fact.registered == "in-time"),
        with_due=int(fact.done is not None),
        done_in_time=int(fact.done == "in-time"),
        done_late=int(fact.done == "late"),
        overdue=int(fact.done == "overdue"),
    )


def _groups(by: By, counted: Mapping[Key, Tally], names: Mapping[str, str], period: Period) -> list[Group]:
    """Return the groups in the order in which they are shown; spellings of one name are one group."""
    codes = _codes(names)
    alike = defaultdict[tuple[str | None, str], list[Group]](list)
    for (code, words), tally in counted.items():
        key, name, spelling = code, None, ""
        if by == "agency":
            key = code or codes.get(name_key(words or ""))
            name, spelling = names.get(key or "", words), "" if key else name_key(words or "")
        elif by == "type":
            key, name, spelling = None, code, fold(" ".join((code or "").split()))
        alike[key, spelling].append(Group(key, name, *weighed(tally)))
    groups = [_together(by, found) for found in alike.values()]
    if by == "month":
        return _every_month({group.key or "": group for group in groups}, period.last)
    return sorted(groups, key=lambda group: _order(by, group))


def _codes(names: Mapping[str, str]) -> dict[str, str]:
    """Return the codes of the agencies whose name, however it is spelt, no other one bears."""
    spelt = Counter(name_key(name) for name in names.values())
    return {key: code for code, name in names.items() if spelt[key := name_key(name)] == 1}


def _together(by: By, found: Sequence[Group]) -> Group:
    """Make one group of the spellings of a name, under the most usual one."""
    usual = max(found, key=lambda group: (group.sent.total + group.received.total, group.name or ""))
    return Group(
        usual.name if by == "type" else usual.key,
        usual.name,
        _added(Sent, [(each.sent, 1) for each in found]),
        _added(Received, [(each.received, 1) for each in found]),
    )


def _order(by: By, group: Group) -> tuple[object, ...]:
    if by == "network":
        known = _NETWORKS.index(group.key) if group.key in _NETWORKS else len(_NETWORKS)
        return group.key is None, known, group.key or ""
    return group.key is None and group.name is None, sort_key(group_word(by, group))


def _every_month(groups: Mapping[str, Group], last: date) -> list[Group]:
    """Return the months from the first one with a figure, those without one too."""
    found, first = list[Group](), date.fromisoformat(f"{min(groups)}-01") if groups else None
    while first is not None and first <= last:
        key = f"{first:%Y-%m}"
        found.append(groups.get(key, Group(key, None, Sent(), Received())))
        first = _months_later(first, 1)
    return found
