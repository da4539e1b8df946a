"""Statistics of electronic exchange (NĐ 30/2020 Phụ lục VI V; domain.md 8): their values, the words for them, and lines for a person.

Every share is told as a part of a whole that is itself a figure here; of nothing there is no share.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from vanthu_cli.locale import _, language
from vanthu_cli.register.figures import By, Period
from vanthu_cli.reports.books import plain
from vanthu_cli.reports.tables import table
from vanthu_cli.reports.words import reason_word

_LONGEST_NAME = 200
"""Letters of an agency's name (NĐ 30/2020 Phụ lục VI Phần II); what a stranger printed may be longer."""


class Sent(NamedTuple):
    """What went out, in documents; from `letters` on in letters, one for each document and agency but ourselves.

    `total` = `paper` + `without_paper` + `with_paper` + `not_sent`: on paper only; electronic and nothing else; electronic, and a paper
    original owed, printed or posted; numbered, but (still) with nobody. `dispatched`: all but the last. `copies`: sao y, sao lục, trích
    sao. `sealed`: those that bear our signatures, of which `signed_person` and `signed_organisation` both count `signed_both`. `letters` =
    `acknowledged` + `unanswered` + `refused` (by the receiver) + `bounced` (no server took it) + `unsure` + `queued`; of those acknowledged or
    overdue (`acknowledgement_due`), `acknowledged_same_day` were on the day of sending, for a day off the next working day (Đ21.2.c).
    `voided` counts in no other figure.
    """

    total: int = 0
    electronic: int = 0
    paper: int = 0
    copies: int = 0
    dispatched: int = 0
    without_paper: int = 0
    with_paper: int = 0
    not_sent: int = 0
    sealed: int = 0
    signed_person: int = 0
    signed_organisation: int = 0
    signed_both: int = 0
    signed_none: int = 0
    recalled: int = 0
    corrected: int = 0
    replaced: int = 0
    voided: int = 0
    letters: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    refused: int = 0
    bounced: int = 0
    unsure: int = 0
    queued: int = 0
    acknowledgement_due: int = 0
    acknowledged_same_day: int = 0


class Received(NamedTuple):
    """What came in, in documents.

    `total` = `waiting` + `registered` + `refused` (by us) + `recalled`. `judged` = `valid` + `invalid` + `unknown` + `unsigned`: electronic
    ones whose verdict is known; of these `signed_stranger` passed, though nobody here has said whose certificate it is. Of those told of or
    overdue (`acknowledgement_due`), `acknowledged_same_day` were told of as `Sent` says. Of those registered or overdue (`registration_due`),
    `registered_on_time` were by the end of the next working day (Đ22, Đ4.2.c). Of those with a day by which to be dealt with
    (`with_due`): `done_in_time`, `done_late`, `overdue`, and the rest has time. `voided` counts in no other figure.
    """

    total: int = 0
    electronic: int = 0
    paper: int = 0
    judged: int = 0
    valid: int = 0
    invalid: int = 0
    unknown: int = 0
    unsigned: int = 0
    signed_person: int = 0
    signed_organisation: int = 0
    signed_both: int = 0
    signed_stranger: int = 0
    signed_none: int = 0
    waiting: int = 0
    registered: int = 0
    refused: int = 0
    recalled: int = 0
    voided: int = 0
    acknowledgement_due: int = 0
    acknowledged_same_day: int = 0
    registration_due: int = 0
    registered_on_time: int = 0
    with_due: int = 0
    done_in_time: int = 0
    done_late: int = 0
    overdue: int = 0


class Group(NamedTuple):
    """What concerns one agency, type, network ("wan", "internet", "paper", else a channel's name) or month ("2026-11").

    `key` is None for an agency that the directory knows neither by its code nor, beyond doubt, by its name. What went to several agencies
    or networks counts in each group. `name` may be as printed, in anybody's words.
    """

    key: str | None
    name: str | None
    sent: Sent
    received: Received


@dataclass(frozen=True, slots=True)
class Figures:
    """A period. `reasons`: electronic documents that paper went along with, by why. `reserved`: numbers of which nothing else is known."""

    period: Period
    sent: Sent
    received: Received
    reasons: Mapping[str, int]
    reserved: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """A period beside the one before it, and the groups that were asked for, in the order in which they are shown."""

    office: str
    now: Figures
    before: Figures
    groups: Mapping[By, Sequence[Group]]


class Item(NamedTuple):
    """A figure as it is shown: which one, and of which whole it is a part ("": of none)."""

    side: Literal["sent", "received"]
    field: str
    whole: str
    label: str

    def of(self, figures: Figures | Group) -> tuple[int, int | None]:
        """Return the figure and its whole."""
        values = figures.sent if self.side == "sent" else figures.received
        return getattr(values, self.field), getattr(values, self.whole) if self.whole else None


class Row(NamedTuple):
    """A line of a table: a part and its whole (None: it is no part), now and before. `minor`: not worth a line where it is 0."""

    label: str
    now: tuple[int, int | None]
    before: tuple[int, int | None]
    minor: bool


_MAJOR = {"total", "electronic", "without_paper", "signed_organisation", "signed_person", "letters", "acknowledged_same_day",
          "registered_on_time", "judged", "valid"}  # fmt: skip


def sections(statistics: Statistics) -> dict[str, list[Row]]:
    """Return every figure, by the heading that it stands under."""
    found = {}
    for heading, every in items().items():
        rows = found[heading] = list[Row]()
        for item in every:
            minor = item.field not in _MAJOR
            rows.append(Row(item.label, item.of(statistics.now), item.of(statistics.before), minor))
            if item.field == "with_paper":
                rows += _reasons(statistics)
        if every[0].side == "sent" and every[0].field == "total":
            reserved = statistics.now.reserved, statistics.before.reserved
            rows.append(
                Row(_("numbers reserved (of nothing else known)"), (reserved[0], None), (reserved[1], None), minor=True)
            )
    return found


def _reasons(statistics: Statistics) -> Iterator[Row]:
    """Yield why paper went along; a document may have several reasons."""
    now, before = statistics.now, statistics.before
    words = {"printed": _("printed and sealed (Art. 18.5)"), "posted": _("sent by post as well")}
    for reason in dict.fromkeys([*now.reasons, *before.reasons]):
        yield Row(
            f"– {plain(words.get(reason) or reason_word(reason))}",
            (now.reasons.get(reason, 0), now.sent.with_paper),
            (before.reasons.get(reason, 0), before.sent.with_paper),
            minor=True,
        )


def items() -> dict[str, list[Item]]:
    """Return every figure of a document or letter, by the heading that it stands under."""
    return {
        _("Documents sent"): [Item("sent", *each) for each in _of_sent()],
        _("Letters sent, one for each document and agency"): [Item("sent", *each) for each in _of_letters()],
        _("Documents received"): [Item("received", *each) for each in _of_received()],
        _("Digital signatures of what was received"): [Item("received", *each) for each in _of_signatures()],
        _("Dealing with what was received"): [Item("received", *each) for each in _of_due()],
    }


def _of_sent() -> list[tuple[str, str, str]]:
    return [
        ("total", "", _("documents sent")),
        ("electronic", "total", _("electronic documents")),
        ("paper", "total", _("issued on paper only")),
        ("copies", "total", _("copies (sao y, sao lục, trích sao)")),
        ("without_paper", "dispatched", _("sent electronically, without paper")),
        ("with_paper", "dispatched", _("sent electronically, paper as well")),
        ("not_sent", "total", _("not sent to anybody")),
        ("signed_organisation", "sealed", _("signed by the organisation")),
        ("signed_person", "sealed", _("signed by a person")),
        ("signed_both", "sealed", _("signed by both")),
        ("signed_none", "sealed", _("signed by neither")),
        ("recalled", "total", _("recalled")),
        ("corrected", "total", _("corrected by another document")),
        ("replaced", "total", _("replaced by another document")),
        ("voided", "", _("numbers that are void")),
    ]


def _of_letters() -> list[tuple[str, str, str]]:
    return [
        ("letters", "", _("letters sent")),
        ("acknowledged_same_day", "acknowledgement_due", _("acknowledged the same day")),
        ("acknowledged", "letters", _("acknowledged, that day or later")),
        ("unanswered", "letters", _("not acknowledged")),
        ("refused", "letters", _("returned by the receiver")),
        ("bounced", "letters", _("undeliverable")),
        ("unsure", "letters", _("UNSURE whether it left")),
        ("queued", "letters", _("waiting to be sent")),
    ]


def _of_received() -> list[tuple[str, str, str]]:
    return [
        ("total", "", _("documents received")),
        ("electronic", "total", _("electronic documents")),
        ("paper", "total", _("received on paper")),
        ("acknowledged_same_day", "acknowledgement_due", _("acknowledged to the sender the same day")),
        ("registered_on_time", "registration_due", _("registered on time")),
        ("registered", "total", _("registered, on time or later")),
        ("waiting", "total", _("waiting for a person")),
        ("refused", "total", _("returned to the sender")),
        ("recalled", "total", _("recalled by the issuer")),
        ("voided", "", _("numbers that are void")),
    ]


def _of_signatures() -> list[tuple[str, str, str]]:
    return [
        ("judged", "electronic", _("signatures examined")),
        ("valid", "judged", _("signatures valid")),
        ("unknown", "judged", _("signatures that cannot be established")),
        ("unsigned", "judged", _("not signed")),
        ("invalid", "judged", _("signatures invalid")),
        ("signed_organisation", "judged", _("signed by the organisation")),
        ("signed_person", "judged", _("signed by a person")),
        ("signed_both", "judged", _("signed by both")),
        ("signed_stranger", "judged", _("signed by somebody not confirmed here")),
        ("signed_none", "judged", _("no signature that passed")),
    ]


def _of_due() -> list[tuple[str, str, str]]:
    return [
        ("with_due", "total", _("with a day by which to be dealt with")),
        ("done_in_time", "with_due", _("dealt with in time")),
        ("done_late", "with_due", _("dealt with late")),
        ("overdue", "with_due", _("overdue")),
    ]


def told(part: int, whole: int | None = None) -> str:
    """Return a figure, or a share: "18 / 25 (72 %)"; of nothing "–". What is not all is never told as 100 %, nor as 0 % what is not none."""
    if whole is None:
        return number(part)
    if not whole:
        return "–"
    return f"{number(part)} / {number(whole)} ({percent(part, whole)} %)"


def percent(part: int, whole: int) -> str:
    tenths = (2000 * part + whole) // (2 * whole)
    if 0 < part < whole:
        tenths = min(max(tenths, 1), 999)
    text = f"{tenths / 10:.1f}".removesuffix(".0")
    return text.replace(".", ",") if language() == "vi" else text


def number(count: int) -> str:
    return f"{count:,}".replace(",", ".") if language() == "vi" else f"{count:,}"


def days(period: Period) -> str:
    return f"{period.first:%d/%m/%Y} – {period.last:%d/%m/%Y}"


def title(statistics: Statistics) -> str:
    return _("{office}: documents sent and received, {days}").format(
        office=plain(statistics.office), days=days(statistics.now.period)
    )


def compared(statistics: Statistics) -> str:
    return _("Compared with the period before: {days}.").format(days=days(statistics.before.period))


def explained() -> list[str]:
    """Say how was counted."""
    return [
        _(
            "A document belongs to the day on which it arrived or was numbered, in Viet Nam's time; whatever became of it since is counted with it."
        ),
        _(
            "The same day: by midnight of the day of sending or arrival, on a day off by that of the next working day (Decree 30/2020, Art. 21.2.c). On time: by the end of the next working day (Art. 4.2.c, 22)."
        ),
        _(
            "What went to several agencies or networks counts in the group of each. State secrets are in no figure but that of reserved numbers."
        ),
    ]


def cut_word(by: By) -> str:
    return {
        "agency": _("By agency"),
        "type": _("By type of document"),
        "network": _("By network"),
        "month": _("By month"),
    }[by]


def group_word(by: By, group: Group) -> str:
    """Return a group's name as it can be shown anywhere: a stranger's words are one line of printable letters."""
    known = {
        ("network", "wan"): _("Party WAN"),
        ("network", "internet"): _("Internet"),
        ("network", "axis"): _("National axis"),
        ("network", "paper"): _("paper"),
        ("agency", None): _("(no agency recorded)"),
        ("network", None): _("(sent over no network)"),
        ("type", None): _("(no type recorded)"),
    }
    if by == "month" and group.key:
        return "/".join(reversed(group.key.split("-")))
    name = plain(group.name or "")
    if not name:
        return known.get((by, group.key)) or plain(group.key or "") or "?"
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def the_most(groups: Sequence[Group], count: int) -> list[Group]:
    """Return the groups with the most documents, in the order in which all are shown."""
    places = sorted(range(len(groups)), key=lambda place: -(groups[place].sent.total + groups[place].received.total))
    return [groups[place] for place in sorted(places[:count])]


class Column(NamedTuple):
    """A column of a table of groups."""

    heading: str
    item: Item


def columns(side: Literal["sent", "received"]) -> list[Column]:
    """Return what is told of each group at a glance."""
    chosen = {
        "sent": {
            "total": _("Sent"),
            "without_paper": _("Without paper"),
            "acknowledged_same_day": _("Acknowledged that day"),
            "refused": _("Returned"),
        },
        "received": {
            "total": _("Received"),
            "valid": _("Valid signatures"),
            "acknowledged_same_day": _("Acknowledged by us that day"),
            "registered_on_time": _("Registered on time"),
        },
    }[side]
    every = {item.field: item for group in items().values() for item in group if item.side == side}
    return [Column(heading, every[field]) for field, heading in chosen.items()]


def lines(statistics: Statistics, *, groups: bool) -> list[str]:
    """Return the summary, and with `groups` a table for each grouping; what is 0 and of no weight is left out."""
    headings = ["", days(statistics.now.period), days(statistics.before.period)]
    shown = [title(statistics), compared(statistics)]
    for heading, rows in sections(statistics).items():
        told_rows = [
            [row.label, told(*row.now), told(*row.before)]
            for row in rows
            if not row.minor or row.now[0] or row.before[0]
        ]
        if told_rows:
            shown += ["", heading, *table(headings, told_rows)]
    for by, every in statistics.groups.items() if groups else ():
        chosen = [*columns("sent"), *columns("received")]
        cells = [[group_word(by, each), *(told(*column.item.of(each)) for column in chosen)] for each in every]
        shown += ["", cut_word(by), *table(["", *(column.heading for column in chosen)], cells)]
    return shown
