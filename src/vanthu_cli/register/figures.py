"""What the statistics count, told by the register: the documents and letters of a period, equal ones together.

A document belongs to the day in Viet Nam on which it arrived or was numbered (domain.md 8: calendar months and years, though numbers run
through a term); with it is told whatever became of it since. Left out are what turned out to be a state secret, and letters that held no
document. A letter carries one document to one agency; those to ourselves and those that were stopped before they left are not counted.

One pass over the period, by the index of `arrived_at`. Times are compared as text: the end of a day is written without a fraction, so
that it sorts right among stored times with and without one.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from vanthu_cli.config.settings import Holidays
from vanthu_cli.register.book import Book, explaining
from vanthu_cli.rules.deadlines import VIETNAM, is_working_day, next_working_day, today

By = Literal["agency", "type", "network", "month"]
Key = tuple[str | None, str | None]
"""What a group is known by: a code, or else a stranger's words."""

Punctual = Literal["in-time", "late", "overdue", "open"] | None
"""None: nothing was due, or not yet."""


Signed = Literal["both", "person", "organisation", "stranger", "none"] | None
"""Whose signatures passed; of a stranger's nobody here has said whose certificate it is."""


class Period(NamedTuple):
    """First and last day in Viet Nam."""

    first: date
    last: date


class Out(NamedTuple):
    """What counts of a document that went out; yes and no are 1 and 0.

    `papered`: a paper original of an electronic one was owed, printed or posted; `signed`: None where we have not signed it (yet), or
    on paper; `corrected`, `replaced`: by another document; `reached`: a letter with it has reached somebody, if only to be returned.
    """

    state: str
    medium: str
    copy: int
    signed: Signed
    papered: int
    corrected: int
    replaced: int
    reached: int


class Letter(NamedTuple):
    """What counts of a letter. `state` is that of its delivery, but what no server took is "bounced", not "refused".

    `acknowledged`: by the receiver, by the end of the day of sending (NĐ 30/2020 Đ21.2.c); for a day off that is the next working day.
    """

    state: str
    acknowledged: Punctual


class In(NamedTuple):
    """What counts of a document that came in. `verdict` and `signed`: None where nothing was judged, as on paper.

    `told`: that it has arrived, by us to its sender, as in `Letter`. `registered`: by the end of the next working day (Đ22, Đ4.2.c); None
    also of what was returned, or entered from an older book. `done`: by the day by which it was to be dealt with.
    """

    state: str
    medium: str
    verdict: str | None
    signed: Signed
    told: Punctual
    registered: Punctual
    done: Punctual


class Tally(NamedTuple):
    """How many of each."""

    outgoing: Counter[Out]
    letters: Counter[Letter]
    incoming: Counter[In]


@dataclass(frozen=True, slots=True)
class Counted:
    """A period counted. `reasons`: electronic documents that paper went along with, by why. `reserved`: numbers of which nothing else is known.

    A document that went to several agencies, or networks, stands in the group of each.
    """

    whole: Tally
    groups: Mapping[By, Mapping[Key, Tally]]
    reasons: Mapping[str, int]
    reserved: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What the register does not know by itself: days off, our own code, and the network ("wan") of each channel."""

    holidays: Holidays
    own: str
    networks: Mapping[str, str]


# `since`: begin of a day. `same`, `next`: when what came or went on it must be acknowledged, and registered.
_CALENDAR = "CREATE TEMP TABLE calendar (since TEXT PRIMARY KEY, month TEXT, same TEXT, next TEXT)"
_WAY = "CREATE TEMP TABLE way (channel TEXT PRIMARY KEY, network TEXT)"
_DAY = "(SELECT c.since FROM calendar c WHERE c.since <= {} ORDER BY c.since DESC LIMIT 1)"
# json_extract and json_each are SQLite's own. Of copies the register keeps no judgement: the organisation alone signs them (NĐ 30/2020 Đ25).
_SIGNED = """
CASE WHEN d.medium = 'paper' OR (d.direction = 'out' AND d.sha256 IS NULL) OR (d.direction = 'in' AND d.verdict IS NULL) THEN NULL
  WHEN d.copy IS NOT NULL THEN 'organisation'
  ELSE CASE COALESCE(2 * json_extract(d.judgement, '$.person_signed'), 0) + COALESCE(json_extract(d.judgement, '$.organisation_signed'), 0)
    WHEN 3 THEN 'both' WHEN 2 THEN 'person' WHEN 1 THEN 'organisation'
    ELSE CASE WHEN EXISTS (SELECT 1 FROM json_each(d.judgement, '$.signatures') f
      WHERE json_extract(f.value, '$.indication') = 'TOTAL-PASSED') THEN 'stranger' ELSE 'none' END END END
"""
_SPAN = f"""
CREATE TEMP TABLE span AS SELECT d.id, d.direction, d.state, d.medium, d.copy IS NOT NULL AS copy, d.agency_code, d.agency, d.doc_type,
  d.verdict, {_SIGNED} AS signed, d.due, d.done_on, {_DAY.format("d.arrived_at")} AS day
FROM document d WHERE d.arrived_at >= :since AND d.arrived_at < :until AND d.state <> 'quarantined' AND d.flags NOT LIKE '%"no-document"%'
"""
# When each letter was last handed over; and when each document was registered, by its id with a minus.
_SAID = "CREATE TEMP TABLE said (id INTEGER PRIMARY KEY, at TEXT)"
_SAID_ROWS = """
INSERT INTO said SELECT COALESCE(json_extract(e.data, '$.delivery'), -s.id), COALESCE(json_extract(e.data, '$.at'), e.at)
FROM span s CROSS JOIN event e WHERE e.subject = 'document:' || s.id AND e.kind IN ('accept', 'delivery-handed-over')
ON CONFLICT (id) DO UPDATE SET at = excluded.at WHERE excluded.at > said.at
"""


def _punctual(moment: str, end: str) -> str:
    """Return the SQL of `Punctual`: what happened is judged, what did not once its time is over. Each term is asked once a row."""
    late = f"CASE WHEN {end} <= :now THEN 'overdue' END"
    return f"CASE {moment} < {end} WHEN TRUE THEN 'in-time' WHEN FALSE THEN 'late' ELSE {late} END"


# Every row: id, agency, its words, network, type, month, and then the fact. CROSS JOIN: SQLite asks in this order.
_ACKNOWLEDGED = """
CASE WHEN v.state = 'acknowledged' THEN COALESCE((SELECT MIN(m.received_at) FROM receipt r CROSS JOIN message m
  WHERE m.id = r.message AND r.delivery = v.id AND r.state = 'acknowledged'), v.at) END
"""
# Another machine's clock may be wrong: no letter leaves before the day on which its document was numbered.
_SAME = """
(SELECT c.same FROM calendar c WHERE c.since <= CASE WHEN h.at > s.day THEN h.at ELSE s.day END ORDER BY c.since DESC LIMIT 1)
"""
_LETTERS = f"""
SELECT s.id, CASE WHEN v.agency = :own THEN NULL ELSE COALESCE(v.agency, v.address) END, NULL, COALESCE(w.network, v.channel),
  s.doc_type, k.month,
  CASE WHEN v.state <> 'refused' OR EXISTS (SELECT 1 FROM receipt r WHERE r.delivery = v.id AND r.state = 'refused')
    THEN v.state ELSE 'bounced' END,
  CASE WHEN v.state IN ('handed-over', 'delivered', 'acknowledged') THEN {_punctual(_ACKNOWLEDGED, _SAME)} END
FROM span s CROSS JOIN calendar k CROSS JOIN delivery v LEFT JOIN said h ON h.id = v.id LEFT JOIN way w ON w.channel = v.channel
WHERE s.direction = 'out' AND s.state <> 'voided' AND k.since = s.day
  AND v.document = s.id AND v.purpose = 'document' AND v.state <> 'recalled'
"""
_OUTGOING = """
SELECT s.id, NULL, NULL, CASE WHEN s.medium = 'paper' THEN 'paper' END, s.doc_type, c.month,
  s.state, s.medium, s.copy, s.signed, s.medium = 'electronic' AND (EXISTS (SELECT 1 FROM paper x WHERE x.document = s.id)
    OR EXISTS (SELECT 1 FROM printing x WHERE x.document = s.id) OR EXISTS (SELECT 1 FROM posting x WHERE x.document = s.id)),
  EXISTS (SELECT 1 FROM link x WHERE x.other = s.id AND x.kind = 'corrects'),
  EXISTS (SELECT 1 FROM link x WHERE x.other = s.id AND x.kind = 'replaces')
FROM span s CROSS JOIN calendar c WHERE s.direction = 'out' AND c.since = s.day
"""
_TOLD = """
(SELECT MIN(h.at) FROM delivery v CROSS JOIN said h WHERE v.document = s.id AND h.id = v.id AND v.purpose = 'answer'
  AND COALESCE(v.code, '03') IN ('01', '02', '03') AND v.state IN ('handed-over', 'delivered', 'acknowledged'))
"""
_INCOMING = f"""
SELECT s.id, s.agency_code, CASE WHEN s.agency_code IS NULL THEN s.agency END,
  CASE WHEN s.medium = 'paper' THEN 'paper' ELSE (
    SELECT COALESCE(w.network, m.channel) FROM arrival n CROSS JOIN message m LEFT JOIN way w ON w.channel = m.channel
    WHERE n.document = s.id AND m.id = n.message ORDER BY n.message LIMIT 1) END,
  s.doc_type, c.month, s.state, s.medium, CASE WHEN s.medium = 'electronic' THEN s.verdict END, s.signed,
  CASE WHEN s.medium = 'electronic' THEN {_punctual(_TOLD, "c.same")} END,
  CASE WHEN e.at IS NOT NULL OR s.state = 'waiting' THEN {_punctual("e.at", "c.next")} END,
  CASE WHEN s.due IS NULL THEN NULL WHEN s.done_on <= s.due THEN 'in-time' WHEN s.done_on IS NOT NULL THEN 'late'
    WHEN s.due < :today THEN 'overdue' ELSE 'open' END
FROM span s CROSS JOIN calendar c LEFT JOIN said e ON e.id = -s.id WHERE s.direction = 'in' AND c.since = s.day
"""
_REASONS = """
SELECT x.reason, COUNT(DISTINCT x.document) FROM span s CROSS JOIN (
  SELECT document, reason FROM paper UNION ALL SELECT document, 'printed' FROM printing UNION ALL SELECT document, 'posted' FROM posting
) x WHERE s.direction = 'out' AND s.medium = 'electronic' AND s.state <> 'voided' AND x.document = s.id GROUP BY x.reason ORDER BY x.reason
"""


_Row = tuple[Any, ...]
_KEYS: Mapping[By | None, Callable[[_Row], Any]] = {
    None: lambda _row: None,
    "agency": itemgetter(1, 2),
    "network": itemgetter(3),
    "type": itemgetter(4),
    "month": itemgetter(5),
}
_FACT = 6
_BATCH = 5000
_REACHED = frozenset({"handed-over", "delivered", "acknowledged", "refused"})


def count(book: Book, period: Period, terms: Terms, by: Collection[By] = ()) -> Counted:
    """Count a period, all of it and in the groups asked for; the register stays as it is."""
    values = {"now": book.at, "today": today(book.now).isoformat(), "own": terms.own}
    outgoing, letters, incoming, roads = _Counts(by), _Counts(by), _Counts(by), _Roads(by)
    with explaining(), _looked_up(book, period, terms):
        for batch in _batches(book, _LETTERS, values):
            roads.learn(batch)
            letters.add([row for row in batch if row[1] is not None])
        for batch in _batches(book, _OUTGOING, {}):
            outgoing.add([(*row, int(row[0] in roads.reached)) for row in batch], roads)
        for batch in _batches(book, _INCOMING, values):
            incoming.add(batch)
        reasons = {reason: documents for batch in _batches(book, _REASONS, {}) for reason, documents in batch}
        reserved = _reserved(book, period)
    tallies = {each: _tallies(each, outgoing, letters, incoming) for each in (None, *by)}
    whole = tallies[None].get((None, None), _tally())
    return Counted(whole, {each: tallies[each] for each in by}, reasons, reserved)


@contextmanager
def _looked_up(book: Book, period: Period, terms: Terms) -> Iterator[None]:
    """Look up what belongs to the period, all at one moment of the register; the tables vanish with the transaction."""
    connection = book.connection
    connection.execute("BEGIN")
    try:
        for table in (_CALENDAR, _WAY, _SAID):
            connection.execute(table)
        connection.executemany("INSERT INTO calendar VALUES (?, ?, ?, ?)", _days(book, period, terms.holidays))
        connection.executemany("INSERT INTO way VALUES (?, ?)", terms.networks.items())
        connection.execute(_SPAN, _bounds(period))
        connection.execute(_SAID_ROWS)
        yield
    finally:
        connection.execute("ROLLBACK")


def _days(book: Book, period: Period, holidays: Holidays) -> Iterator[tuple[str, str, str, str]]:
    """Yield the days from the first one until today: letters may have left after the period."""
    day, last = period.first, max(period.last, today(book.now))
    while day <= last:
        following = next_working_day(day, holidays)
        same = day if is_working_day(day, holidays) else following
        yield _start(day), f"{day:%Y-%m}", _start(same + timedelta(days=1)), _start(following + timedelta(days=1))
        day += timedelta(days=1)


def _start(day: date) -> str:
    """Return when a day begins in Viet Nam, to be compared with stored times."""
    return f"{datetime.combine(day, time(), VIETNAM).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def _bounds(period: Period) -> dict[str, str]:
    return {"since": _start(period.first), "until": _start(period.last + timedelta(days=1))}


def _batches(book: Book, statement: str, values: Mapping[str, object]) -> Iterator[list[_Row]]:
    """Yield rows as plain tuples, some thousands at a time."""
    cursor = book.connection.cursor()
    cursor.row_factory = None
    cursor.execute(statement, values)
    while batch := cursor.fetchmany(_BATCH):
        yield batch


class _Roads:
    """By which roads documents went, as their letters tell; agencies and networks only if they are asked for."""

    def __init__(self, by: Collection[By]) -> None:
        self.reached = set[int]()
        self._known: dict[By, defaultdict[int, set[Any]]] = {
            each: defaultdict(set) for each in by if each in {"agency", "network"}
        }

    def learn(self, letters: Iterable[_Row]) -> None:
        self.reached.update(row[0] for row in letters if row[_FACT] in _REACHED)
        for by, known in self._known.items():
            for row in letters:
                if row[1] is not None or by == "network":  # a letter to ourselves is of a network, but of no agency
                    known[row[0]].add(_KEYS[by](row))

    def keys(self, by: By | None) -> Callable[[_Row], Iterable[Any]]:
        """Return what tells in which groups a document stands: in all to which it went."""
        alone = _KEYS[by]
        known = self._known.get(by) if by else None
        if known is None:
            return lambda row: (alone(row),)
        return lambda row: known.get(row[0]) or (alone(row),)


class _Counts:
    """Equal facts of equal groups counted together, in C: there may be hundreds of thousands."""

    def __init__(self, by: Collection[By]) -> None:
        self._facts: dict[_Row, int] = {}
        self._counters: dict[By | None, Counter[tuple[Any, int]]] = {each: Counter() for each in (None, *by)}

    def add(self, rows: Sequence[_Row], roads: _Roads | None = None) -> None:
        facts = [self._facts.setdefault(row[_FACT:], len(self._facts)) for row in rows]
        for by, counter in self._counters.items():
            if roads is None:
                counter.update(zip(map(_KEYS[by], rows), facts, strict=True))
            else:
                keys = roads.keys(by)
                counter.update((key, fact) for row, fact in zip(rows, facts, strict=True) for key in keys(row))

    def of(self, by: By | None) -> Iterator[tuple[Key, _Row, int]]:
        """Yield group, fact and how many."""
        facts = list(self._facts)
        for (key, fact), number in self._counters[by].items():
            yield key if by == "agency" else (key, None), facts[fact], number


def _tallies(by: By | None, outgoing: _Counts, letters: _Counts, incoming: _Counts) -> dict[Key, Tally]:
    found: dict[Key, Tally] = {}
    for key, fact, number in outgoing.of(by):
        found.setdefault(key, _tally()).outgoing[Out(*fact)] += number
    for key, fact, number in letters.of(by):
        found.setdefault(key, _tally()).letters[Letter(*fact)] += number
    for key, fact, number in incoming.of(by):
        found.setdefault(key, _tally()).incoming[In(*fact)] += number
    return found


def _tally() -> Tally:
    return Tally(Counter(), Counter(), Counter())


def _reserved(book: Book, period: Period) -> int:
    """Count the numbers reserved in the period: the event says when, the number itself keeps not even that."""
    if not book.connection.execute("SELECT 1 FROM number WHERE document IS NULL LIMIT 1").fetchone():
        return 0
    statement = "SELECT COUNT(*) FROM event WHERE subject = '' AND kind = 'reserve' AND at >= :since AND at < :until"
    return int(book.connection.execute(statement, _bounds(period)).fetchone()[0])
