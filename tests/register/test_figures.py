"""The statistics' count beside a slow recount: plain Python over every row, day by day in Viet Nam's time."""

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import pytest

from vanthu_cli.config.settings import Holidays
from vanthu_cli.document.life import DeliveryState
from vanthu_cli.procedures.statistics import weighed
from vanthu_cli.register import deliveries, documents, figures, keeping, messages, recalls
from vanthu_cli.register.book import Book, open_book, stored
from vanthu_cli.register.figures import Key, Period, Tally, Terms
from vanthu_cli.register.messages import Origin
from vanthu_cli.reports.statistics import Received, Sent
from vanthu_cli.rules.deadlines import VIETNAM, is_working_day, next_working_day

NOW = datetime(2026, 11, 26, 10, tzinfo=VIETNAM)
FIRST = date(2026, 10, 20)
HOLIDAYS = Holidays(off=(date(2026, 11, 5), date(2026, 11, 6)), work=(date(2026, 11, 14),))
TERMS = Terms(HOLIDAYS, "VPTU", {"wan": "wan", "wan-2": "wan", "mail": "internet"})
CHANNELS = ("wan", "wan-2", "mail", "folder")
BORDERS = (
    time(0), time(0, 0, 0, 1), time(6, 59, 59, 999_999), time(7), time(16, 59, 59), time(17), time(23, 59, 59),
    time(23, 59, 59, 999_999),
)  # fmt: skip
PERIODS = [
    Period(date(2026, 11, 1), date(2026, 11, 26)),
    Period(date(2026, 10, 1), date(2026, 10, 31)),
    Period(date(2026, 11, 7), date(2026, 11, 7)),
    Period(date(2026, 1, 1), date(2026, 11, 26)),
]


# -- a register by chance, written by the functions that write it in earnest ---------------------------------------


class Chance:
    """Writes a register as chance will have it; every row says when, in Viet Nam's time and at its borders."""

    def __init__(self, book: Book, seed: int) -> None:
        self.book, self.random, self.count = book, random.Random(seed), 0  # noqa: S311  no secret

    def name(self) -> str:
        self.count += 1
        return f"{self.count}"

    def maybe(self, share: float) -> bool:
        return self.random.random() < share

    def moment(self, after: datetime | None = None) -> datetime:
        day = after.astimezone(VIETNAM).date() if after else FIRST
        days = self.random.choice((0, 0, 0, 1, 2, 3, 5)) if after else self.random.randrange(38)
        clock = self.random.choice((*BORDERS, time(self.random.randrange(24), self.random.randrange(60))))
        found = datetime.combine(day + timedelta(days=days), clock, VIETNAM)
        return min(max(found, after), NOW) if after else min(found, NOW)

    def at(self, moment: datetime) -> Book:
        return replace(self.book, now=moment.astimezone(UTC))

    def message(self, channel: str, moment: datetime) -> int:
        received = moment.astimezone(UTC).isoformat(timespec=self.random.choice(("seconds", "microseconds")))
        origin = Origin(channel, f"1.{self.name()}", received, 100)
        return messages.add(self.at(moment), origin, "document", sender="a@b", message_id=None, sha256=None)

    def judgement(self) -> dict[str, object]:
        signatures = [
            {"signer": '"person_signed": true', "indication": self.random.choice(("TOTAL-PASSED", "INDETERMINATE"))}
            for _each in range(self.random.randrange(3))
        ]
        known = {
            each: self.random.choice((True, True, False, None)) for each in ("person_signed", "organisation_signed")
        }
        found: tuple[dict[str, object], ...] = ({}, {"reasons": ["crashed"]}, {**known, "signatures": signatures})
        return self.random.choice(found)

    def letter(self, purpose: deliveries.Purpose, document: int, begin: datetime, **values: Any) -> None:
        given = {
            "agency": self.random.choice(("SNV", "BTCTU", "VPTU", "XX", None)),
            "channel": self.random.choice(CHANNELS),
            "address": self.random.choice(("a@b", "c@d")),
        }
        name = f"<{self.name()}>"
        identity = deliveries.queue(
            self.at(begin), purpose, document, message_id=name, head=b"", letter="", **{**given, **values}
        )
        if self.maybe(0.05):
            deliveries.record(self.at(begin), identity, "recalled")
        elif self.maybe(0.95):
            self.deliver(identity, name, begin)

    def deliver(self, identity: int, name: str, begin: datetime) -> None:
        """Let a letter leave, perhaps more than once, and be answered."""
        moment = self.moment(begin)
        deliveries.record(self.at(moment), identity, "sending")
        slow = self.random.choice((timedelta(minutes=5), timedelta(days=2)))  # a carrier's clock
        said = stored(moment - slow) if self.maybe(0.1) else None
        state: Any = self.random.choice(("handed-over",) * 12 + ("refused", "unsure", "sending"))
        if state == "sending":
            return
        deliveries.record(self.at(moment), identity, state, "250 ok", at=said)
        if state in {"handed-over", "unsure"}:
            self.answered(identity, name, moment)
        if self.maybe(0.05):
            deliveries.record(self.at(moment), identity, "queued", "sent-again")
            self.deliver(identity, name, moment)

    def answered(self, identity: int, name: str, moment: datetime) -> None:
        answers: tuple[tuple[DeliveryState, ...], ...] = (
            (), (), ("delivered",), ("acknowledged",), ("delivered", "acknowledged", "acknowledged"), ("bounced",), ("refused",),
            ("acknowledged", "refused"),
        )  # fmt: skip
        for state in self.random.choice(answers):
            answer = self.moment(moment)
            message = self.message("wan", answer)
            fetched = self.at(self.moment(answer))
            letter = deliveries.by_message_id(self.book, name)
            assert letter is not None
            deliveries.receive(fetched, letter, message, kind="status", state=state, detail=None)
        if self.maybe(0.05):
            deliveries.record(self.at(self.moment(moment)), identity, "acknowledged", "told-by-person")

    def out(self) -> None:
        moment = self.moment()
        paper = self.maybe(0.15)
        copy = self.maybe(0.1) and not paper
        identity = documents.add(
            self.at(moment),
            "out",
            "issue-on-paper" if paper else "number",
            arrived_at=moment.isoformat(),
            source_sha256=self.name(),
            doc_type=self.random.choice(("Công văn", "Báo cáo", "CÔNG VĂN", None)),
            medium="paper" if paper else "electronic",
            copy="sao-y" if copy else None,
            sha256=self.name() if self.maybe(0.9) else None,
            judgement={} if copy else self.judgement(),
        )
        if not paper and not copy and self.maybe(0.9):
            documents.advance(self.at(moment), identity, "seal")
            documents.advance(self.at(moment), identity, "queue")
            for _each in range(self.random.choice((0, 1, 1, 2, 4))):
                self.letter("document", identity, moment)
            self.letter("reminder", identity, moment)
            if self.maybe(0.1):
                recalls.ask(self.at(moment), identity, "sai")
                documents.advance(self.at(moment), identity, "recall")
            elif self.maybe(0.05):
                documents.advance(self.at(moment), identity, "send")
                documents.advance(self.at(moment), identity, "void")
        elif self.maybe(0.3):
            documents.advance(self.at(moment), identity, "void")
        self.papers(identity)

    def papers(self, identity: int) -> None:
        for reason in ("session", "exception"):
            if self.maybe(0.1):
                deliveries.owe_paper(self.book, identity, reason, 1, reason)
        for _each in range(self.random.choice((0, 0, 0, 0, 0, 0, 1, 2))):
            keeping.printed(self.book, identity, 1, None)
        if self.maybe(0.1):
            keeping.posted(self.book, identity, place="x", envelopes=1, day="2026-11-02", note=None)
        if self.maybe(0.4) and identity > 1:
            kind: Any = self.random.choice(("corrects", "replaces", "answers"))
            keeping.link(self.book, identity, kind, self.random.randrange(1, identity))

    def came(self) -> None:
        moment = self.moment()
        paper = self.maybe(0.15)
        identity = documents.add(
            self.at(moment),
            "in",
            "enter" if paper else "arrive",
            arrived_at=moment.isoformat(),
            agency_code=self.random.choice(("SNV", "XX", None)),
            agency=self.random.choice(("SỞ NỘI VỤ", "Sở Nội vụ", "UBND phường Lê Lợi", None)),
            doc_type=self.random.choice(("Công văn", "Báo cáo", None)),
            medium="paper" if paper else "electronic",
            sha256=self.name(),
            verdict=None if paper else self.random.choice(("valid", "valid", "invalid", "unknown", "unsigned", None)),
            judgement={} if paper else self.judgement(),
            flags=self.random.choice(([],) * 9 + (["no-document"],)),
            due=self.random.choice((None, "2026-11-10", "2026-11-25", "2026-11-26", "2026-12-01")),
            done_on=self.random.choice((None, None, "2026-11-09", "2026-11-10", "2026-11-11")),
        )
        if paper:
            if self.maybe(0.5):  # else from an older book
                self.at(self.moment(moment)).event("accept", f"document:{identity}", {"medium": "paper"})
            return
        for channel in self.random.sample(CHANNELS, self.random.choice((1, 1, 1, 2))):
            messages.arrive(self.book, identity, self.message(channel, moment))
        steps: Any = (("accept",),) * 6 + (
            ("refuse",),
            ("accept", "recall"),
            ("quarantine",),
            ("accept", "void"),
            (),
            (),
        )
        for step in self.random.choice(steps):
            documents.advance(self.at(self.moment(moment)), identity, step)
        for code in self.random.choice(((), ("01",), ("01", "03"), ("03", "03"), ("02",), ("15",), (None,))):
            self.letter("answer", identity, moment, code=code)

    def reserve(self) -> None:
        value = int(self.name())
        self.book.connection.execute("INSERT INTO number VALUES ('di', 'x', ?, NULL)", (value,))
        self.at(self.moment()).event("reserve", "", {"book": "di", "series": "x", "number": value})


@pytest.fixture(scope="module", params=range(4))
def book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    opened = open_book(tmp_path_factory.mktemp("book") / "register.sqlite", who="x", now=NOW)
    chance = Chance(opened, request.param)
    with opened.step():
        for _each in range(220):
            chance.out()
            chance.came()
            if chance.maybe(0.1):
                chance.reserve()
    yield opened
    opened.connection.close()


# -- the recount ----------------------------------------------------------------------------------------------------


class Everything(NamedTuple):
    """All rows of the tables that count, as dictionaries."""

    document: list[dict[str, Any]]
    delivery: list[dict[str, Any]]
    receipt: list[dict[str, Any]]
    message: list[dict[str, Any]]
    arrival: list[dict[str, Any]]
    event: list[dict[str, Any]]
    paper: list[dict[str, Any]]
    printing: list[dict[str, Any]]
    posting: list[dict[str, Any]]
    link: list[dict[str, Any]]
    number: list[dict[str, Any]]


def everything(book: Book) -> Everything:
    rows = Everything(
        *([dict(row) for row in book.connection.execute(f"SELECT * FROM {name}")] for name in Everything._fields)
    )
    for event in rows.event:
        data = json.loads(event["data"])
        event |= {"delivery": data.get("delivery"), "said": data.get("at")}
    return rows


def day_of(text: str) -> date:
    return datetime.fromisoformat(text).astimezone(VIETNAM).date()


def limit_same(day: date) -> date:
    return day if is_working_day(day, HOLIDAYS) else next_working_day(day, HOLIDAYS)


class Recount:
    """Counts by walking through all rows for each question."""

    def __init__(self, rows: Everything, period: Period) -> None:
        self.rows, self.period, self.today = rows, period, NOW.date()
        self.groups: dict[tuple[str, Key], tuple[dict[str, int], dict[str, int]]] = defaultdict(
            lambda: (defaultdict(int), defaultdict(int))
        )
        self.reasons: dict[str, int] = defaultdict(int)
        self.kept: dict[tuple[str, str], dict[Any, list[dict[str, Any]]]] = {}

    def of(self, table: str, **wanted: object) -> list[dict[str, Any]]:
        """Return the rows of a table with these values; those with the first of them are remembered."""
        name, value = next(iter(wanted.items()))
        if (table, name) not in self.kept:
            self.kept[table, name] = defaultdict(list)
            for row in getattr(self.rows, table):
                self.kept[table, name][row[name]].append(row)
        rows = self.kept[table, name][value]
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    def handed(self, delivery: int) -> date | None:
        said = self.of("event", delivery=delivery, kind="delivery-handed-over")
        return max((day_of(each["said"] or each["at"]) for each in said), default=None)

    def run(self) -> "Recount":
        for row in self.rows.document:
            inside = self.period.first <= day_of(row["arrived_at"]) <= self.period.last
            if inside and row["state"] != "quarantined" and "no-document" not in json.loads(row["flags"]):
                (self.out if row["direction"] == "out" else self.came)(row)
        return self

    def add(self, side: int, keys: Sequence[tuple[str, Key]], facts: dict[str, bool]) -> None:
        for key in [("whole", (None, None)), *dict.fromkeys(keys)]:
            for name, true in facts.items():
                self.groups[key][side][name] += true

    def places(self, row: dict[str, Any]) -> list[tuple[str, Key]]:
        return [("type", (row["doc_type"], None)), ("month", (f"{day_of(row['arrived_at']):%Y-%m}", None))]

    def network(self, channel: str) -> str:
        return TERMS.networks.get(channel, channel)

    def out(self, row: dict[str, Any]) -> None:
        letters = [
            each for each in self.of("delivery", document=row["id"], purpose="document") if each["state"] != "recalled"
        ]
        void, electronic = row["state"] == "voided", row["medium"] == "electronic"
        if void:
            letters = []
        reached = False
        for each in letters:
            outcome = self.letter(row, each)
            reached |= outcome in {"handed-over", "delivered", "acknowledged", "refused"}
        to: list[tuple[str, Key]] = [
            ("agency", (each["agency"] or each["address"], None)) for each in letters if each["agency"] != "VPTU"
        ]
        over: list[tuple[str, Key]] = [("network", (self.network(each["channel"]), None)) for each in letters]
        if not electronic:
            over = [("network", ("paper", None))]
        keys = [*self.places(row), *(to or [("agency", (None, None))]), *(over or [("network", (None, None))])]
        if void:
            self.add(0, keys, {"voided": True})
            return
        reasons = {each["reason"] for each in self.of("paper", document=row["id"])}
        reasons |= {"printed"} if self.of("printing", document=row["id"]) else set()
        reasons |= {"posted"} if self.of("posting", document=row["id"]) else set()
        for reason in reasons if electronic else ():
            self.reasons[reason] += 1
        sealed = electronic and row["sha256"] is not None
        judgement = json.loads(row["judgement"])
        person = sealed and judgement.get("person_signed") is True and not row["copy"]
        organisation = sealed and (judgement.get("organisation_signed") is True or bool(row["copy"]))
        linked = {each["kind"] for each in self.of("link", other=row["id"])}
        facts = {
            "total": True,
            "electronic": electronic,
            "paper": not electronic,
            "copies": row["copy"] is not None,
            "dispatched": not electronic or reached or bool(reasons),
            "without_paper": electronic and reached and not reasons,
            "with_paper": electronic and bool(reasons),
            "not_sent": electronic and not reached and not reasons,
            "sealed": sealed,
            "signed_person": person,
            "signed_organisation": organisation,
            "signed_both": person and organisation,
            "signed_none": sealed and not person and not organisation,
            "recalled": row["state"] == "recalled",
            "corrected": "corrects" in linked,
            "replaced": "replaces" in linked,
        }
        self.add(0, keys, facts)

    def letter(self, row: dict[str, Any], letter: dict[str, Any]) -> str:
        state = letter["state"]
        receipts = self.of("receipt", delivery=letter["id"])
        if state == "refused" and "refused" not in {each["state"] for each in receipts}:
            state = "bounced"
        if letter["agency"] == "VPTU":
            return str(state)
        numbered = day_of(row["arrived_at"])
        limit = limit_same(max(self.handed(letter["id"]) or numbered, numbered))
        acks = [self.of("message", id=each["message"])[0] for each in receipts if each["state"] == "acknowledged"]
        answered = min((day_of(each["received_at"]) for each in acks), default=day_of(letter["at"]))
        silent = state in {"handed-over", "delivered"}
        facts = {
            "letters": True,
            "acknowledged": state == "acknowledged",
            "unanswered": silent,
            "refused": state == "refused",
            "bounced": state == "bounced",
            "unsure": state == "unsure",
            "queued": state in {"queued", "sending"},
            "acknowledgement_due": state == "acknowledged" or (silent and limit < self.today),
            "acknowledged_same_day": state == "acknowledged" and answered <= limit,
        }
        keys = [
            ("agency", (letter["agency"] or letter["address"], None)),
            ("network", (self.network(letter["channel"]), None)),
        ]
        self.add(0, [*self.places(row), *keys], facts)
        return str(state)

    def came(self, row: dict[str, Any]) -> None:
        electronic = row["medium"] == "electronic"
        arrivals = sorted(self.of("arrival", document=row["id"]), key=lambda each: int(each["message"]))
        network = self.network(self.of("message", id=arrivals[0]["message"])[0]["channel"]) if arrivals else None
        code = row["agency_code"]
        keys: list[tuple[str, Key]] = [
            *self.places(row),
            ("agency", (code, None if code else row["agency"])),
            ("network", (network if electronic else "paper", None)),
        ]
        if row["state"] == "voided":
            self.add(1, keys, {"voided": True})
            return
        verdict = row["verdict"] if electronic else None
        judgement = json.loads(row["judgement"])
        judged = verdict is not None
        person, organisation = (
            judged and judgement.get(name) is True for name in ("person_signed", "organisation_signed")
        )
        passed = any(each["indication"] == "TOTAL-PASSED" for each in judgement.get("signatures", ()))
        facts = {
            "total": True,
            "electronic": electronic,
            "paper": not electronic,
            "judged": judged,
            **{each: verdict == each for each in ("valid", "invalid", "unknown", "unsigned")},
            "signed_person": person,
            "signed_organisation": organisation,
            "signed_both": person and organisation,
            "signed_stranger": judged and not person and not organisation and passed,
            "signed_none": judged and not person and not organisation and not passed,
            "waiting": row["state"] == "waiting",
            "registered": row["state"] == "accepted",
            "refused": row["state"] == "refused",
            "recalled": row["state"] == "recalled",
        }
        self.add(1, keys, facts | self.in_time(row) | self.dealt_with(row))

    def in_time(self, row: dict[str, Any]) -> dict[str, bool]:
        arrived = day_of(row["arrived_at"])
        answers = [
            each
            for each in self.of("delivery", document=row["id"], purpose="answer")
            if each["code"] in {None, "01", "02", "03"}
            and each["state"] in {"handed-over", "delivered", "acknowledged"}
        ]
        told = [day for day in (self.handed(each["id"]) for each in answers) if day is not None]
        registered = [day_of(each["at"]) for each in self.of("event", kind="accept", subject=f"document:{row['id']}")]
        electronic, next_day = row["medium"] == "electronic", next_working_day(arrived, HOLIDAYS)
        return {
            "acknowledgement_due": electronic and (bool(told) or limit_same(arrived) < self.today),
            "acknowledged_same_day": electronic and bool(told) and min(told) <= limit_same(arrived),
            "registration_due": bool(registered) or (row["state"] == "waiting" and next_day < self.today),
            "registered_on_time": bool(registered) and min(registered) <= next_day,
        }

    def dealt_with(self, row: dict[str, Any]) -> dict[str, bool]:
        due, done = (date.fromisoformat(row[name]) if row[name] else None for name in ("due", "done_on"))
        return {
            "with_due": due is not None,
            "done_in_time": due is not None and done is not None and done <= due,
            "done_late": due is not None and done is not None and done > due,
            "overdue": due is not None and done is None and due < self.today,
        }

    def reserved(self) -> int:
        return sum(
            self.period.first <= day_of(row["at"]) <= self.period.last for row in self.of("event", kind="reserve")
        )


def differing(one: Sent | Received, other: dict[str, int]) -> dict[str, tuple[int, int]]:
    return {name: (value, other.get(name, 0)) for name, value in one._asdict().items() if value != other.get(name, 0)}


@pytest.mark.parametrize("period", PERIODS, ids=lambda period: f"{period.first}..{period.last}")
def test_the_count_is_that_of_a_slow_recount(book: Book, period: Period) -> None:
    counted = figures.count(book, period, TERMS, ["agency", "type", "network", "month"])
    recount = Recount(everything(book), period).run()
    tallies: dict[tuple[str, Key], Tally] = {("whole", (None, None)): counted.whole}
    tallies |= {(by, key): tally for by, groups in counted.groups.items() for key, tally in groups.items()}
    assert set(tallies) == set(recount.groups) | {("whole", (None, None))}
    for key, tally in tallies.items():
        sent, received = weighed(tally)
        assert (key, differing(sent, recount.groups[key][0])) == (key, {})
        assert (key, differing(received, recount.groups[key][1])) == (key, {})
    assert dict(counted.reasons) == dict(recount.reasons)
    assert counted.reserved == recount.reserved()


@pytest.mark.parametrize("period", PERIODS, ids=lambda period: f"{period.first}..{period.last}")
def test_the_parts_make_up_their_wholes(book: Book, period: Period) -> None:
    sent, received = weighed(figures.count(book, period, TERMS).whole)
    assert (
        sent.total
        == sent.paper + sent.without_paper + sent.with_paper + sent.not_sent
        == sent.dispatched + sent.not_sent
    )
    assert sent.sealed == sent.signed_person + sent.signed_organisation - sent.signed_both + sent.signed_none
    assert sent.letters == (
        sent.acknowledged + sent.unanswered + sent.refused + sent.bounced + sent.unsure + sent.queued
    )
    assert received.total == received.electronic + received.paper
    assert received.total == received.waiting + received.registered + received.refused + received.recalled
    assert received.judged == received.valid + received.invalid + received.unknown + received.unsigned
    known = received.signed_person + received.signed_organisation - received.signed_both
    assert received.judged == known + received.signed_stranger + received.signed_none


def test_chance_leaves_no_figure_out(book: Book) -> None:
    sent, received = weighed(figures.count(book, PERIODS[-1], TERMS).whole)
    values = [*sent._asdict().items(), *received._asdict().items()]
    assert [name for name, value in values if not value] == []


def test_nothing_is_asked_that_grows_with_the_years(book: Book) -> None:
    """Documents are found by the day they came, all else by their ids; walked through are the question's own tables, and papers."""
    asked = [figures._SPAN[figures._SPAN.index("SELECT") :], figures._SAID_ROWS, figures._LETTERS, figures._OUTGOING]
    values = {**figures._bounds(PERIODS[0]), "now": book.at, "today": "", "own": ""}
    with figures._looked_up(book, PERIODS[0], TERMS):
        plans = [
            row["detail"]
            for statement in [*asked, figures._INCOMING, figures._REASONS]
            for row in book.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert "SEARCH d USING INDEX document_arrived (arrived_at>? AND arrived_at<?)" in plans
    walked = {detail.split()[1] for detail in plans if detail.startswith("SCAN")}
    assert walked <= {"s", "x", "f", "paper", "printing", "posting"}


def test_a_count_leaves_nothing_behind(book: Book) -> None:
    before = list(book.connection.iterdump())
    figures.count(book, PERIODS[0], TERMS, ["agency"])
    assert list(book.connection.iterdump()) == before
    assert book.connection.execute("SELECT COUNT(*) FROM sqlite_temp_master").fetchone()[0] == 0
    assert not book.touched
