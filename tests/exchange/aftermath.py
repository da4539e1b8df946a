"""What an office and its correspondents look like after a life, and how that may differ from a life that nothing befell."""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from tests import offices
from tests.exchange import post_office
from tests.exchange.post_office import PostOffice, digest, handed_over, message_id

from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import deliveries, documents, finding, messages, numbers
from vanthu_cli.register.book import check_chain, history, integrity
from vanthu_cli.sandbox.office import AGENCIES, INTERNET, WAN, PracticeOffice

OWN = {WAN: "wan", INTERNET: "internet"}
BOUNCING = "bounce@haiduong.gov.vn"
_SAME = {"duplicate", "renumbered", "secret-again"}
"""Reasons that say: this message is ours already, the server shows it under another UID."""
Sort = Literal["lost", "doubled", "other"]


class Entry(NamedTuple):
    """A document of the register. `key`: what it was before any signature of ours; `brought_by`: the messages' SHA-256."""

    key: str
    direction: str
    state: str
    number: int | None
    verdict: str | None
    flags: tuple[str, ...]
    brought_by: tuple[str, ...]


class Message(NamedTuple):
    """A message of the register; `sha256` is None for what lies in quarantine."""

    channel: str
    sha256: str | None
    state: str
    reason: str | None


class Sent(NamedTuple):
    """A letter of ours and how many copies of it its recipient has; what Postfix itself delivers again counts as one."""

    purpose: str
    key: str
    address: str
    state: str
    copies: int


@dataclass(frozen=True, slots=True)
class Picture:
    """An office after a life."""

    entries: tuple[Entry, ...]
    arrival_numbers: tuple[int, ...]
    messages: tuple[Message, ...]
    sent: tuple[Sent, ...]
    strays: tuple[str, ...]
    """Message-IDs that recipients have and the register does not name."""
    once_unsure: int
    """Letters of which a run did not know whether they had left."""
    next_numbers: tuple[int, ...]
    sound: tuple[object, ...]
    """SQLite's word, the first broken link of the chain, files that the cabinet should have, what is left in intake."""
    quarantine: tuple[str, ...]
    rest: tuple[object, ...]
    """Paper owed and the papers on the desk."""
    server: tuple[tuple[str, str, str], ...]
    """Address, SHA-256 and whether seen ("S") or to be deleted ("T"), for each message of our inboxes."""


class Deviation(NamedTuple):
    sort: Sort
    text: str


def picture(office: PracticeOffice, post: PostOffice, origin: Container[str]) -> Picture:
    """Look at the office and at every mailbox; nothing may be on its way any more.

    `origin`: SHA-256 of the messages that were there before; what mail servers report about a life's letters differs each time.
    """
    boxes = {
        address: Counter(
            name
            for name, _id in {(message_id(raw), handed_over(raw)) for raw, _flags in post_office.inbox(post, address)}
        )
        for address in {each for agency in AGENCIES for each in (agency.wan, agency.internet) if each} - OWN.keys()
    }
    with offices.desk_of(office) as desk:
        book = desk.book
        keys = {each.id: _key(desk, each) for each in finding.listing(book)}
        letters = [
            each
            for identity in keys
            for purpose in ("document", "answer")
            for each in deliveries.of_document(book, identity, purpose)
        ]
        known = {(each.address, each.message_id) for each in letters}
        return Picture(
            entries=tuple(sorted((_entry(desk, each, keys[each.id]) for each in finding.listing(book)), key=str)),
            arrival_numbers=tuple(
                sorted(each.arrival_number for each in finding.listing(book) if each.arrival_number is not None)
            ),
            messages=tuple(
                Message(row["channel"], row["sha256"], row["state"], row["reason"])
                for state in ("document", "receipt", "other", "quarantined")
                for row in messages.in_state(book, state)
                if state != "receipt" or row["sha256"] in origin
            ),
            sent=tuple(
                Sent(
                    each.purpose,
                    keys[each.document],
                    each.address,
                    each.state,
                    boxes.get(each.address, Counter())[each.message_id],
                )
                for each in letters
            ),
            strays=tuple(
                f"{name} at {address}" for address, box in boxes.items() for name in box if (address, name) not in known
            ),
            once_unsure=sum(
                row["kind"] == "delivery-unsure" for identity in keys for row in history(book, f"document:{identity}")
            ),
            next_numbers=tuple(
                numbers.upcoming(book, "di", f"{offices.TERM.isoformat()}/{each}/TU") for each in ("CV", "BS")
            ),
            sound=(
                integrity(book),
                check_chain(book),
                tuple(name for name in documents.files(book) if not _whole(desk, name)),
                tuple(sorted(place.name for place in (desk.cabinet.root / "intake").iterdir())),
            ),
            quarantine=tuple(
                sorted(digest(place.read_bytes()) for place in (desk.cabinet.root / "quarantine").iterdir())
            ),
            rest=(len(deliveries.paper_owed(book)), tuple(sorted(each.name for each in office.papers.iterdir()))),
            server=tuple(
                sorted(
                    (address, digest(raw), "".join(sorted(flags & {"S", "T"})))
                    for address in OWN
                    for raw, flags in post_office.inbox(post, address)
                    if digest(raw) in origin
                )
            ),
        )


def _key(desk: Desk, document: documents.Document) -> str:
    first = next((row["sha256"] for row in messages.of_document(desk.book, document.id)), None)
    return document.source_sha256 or document.sha256 or first or document.name


def _entry(desk: Desk, document: documents.Document, key: str) -> Entry:
    brought = sorted(row["sha256"] or "" for row in messages.of_document(desk.book, document.id))
    return Entry(
        key, document.direction, document.state, document.number, document.verdict, document.flags, tuple(brought)
    )


def _whole(desk: Desk, sha256: str) -> bool:
    place = desk.cabinet.path(sha256)
    return place.is_file() and desk.cabinet.name_of(place) == sha256


def without(whole: Picture, gone: str) -> Picture:
    """Return what the office looks like when the only message of a document was deleted before anybody had read it."""
    keys = {each.key for each in whole.entries if each.brought_by == (gone,)}
    left = tuple(each for each in whole.entries if each.key not in keys)
    accepted = sum(each.state == "accepted" for each in left)
    return replace(
        whole,
        entries=left,
        arrival_numbers=tuple(range(1, accepted + 1)),
        messages=tuple(each for each in whole.messages if each.sha256 != gone),
        sent=tuple(each for each in whole.sent if each.key not in keys),
    )


def deviations(seen: Picture, whole: Picture, *, renumbered: bool = False, gone: str = "") -> Iterator[Deviation]:
    """Compare with an unharmed life. `renumbered`: the server gave new UIDs; `gone`: SHA-256 of a message deleted under us."""
    if gone and all(each.sha256 != gone for each in seen.messages):
        whole = without(whole, gone)
    yield from _of_messages(seen, whole, renumbered=renumbered)
    yield from _of_entries(seen, whole)
    yield from _of_numbers(seen, whole)
    yield from _of_letters(seen.sent, whole.sent)
    for each in seen.strays:
        yield Deviation("doubled", f"a letter that the register does not know: {each}")
    for name in ("sound", "quarantine", "rest"):
        if getattr(seen, name) != getattr(whole, name):
            yield Deviation("other", f"{name}: {getattr(seen, name)} instead of {getattr(whole, name)}")
    there = Counter(each for each in seen.server if each[1] != gone)
    wanted = Counter(each for each in whole.server if each[1] != gone)
    if there != wanted:
        yield Deviation("other", f"on the server {dict(there - wanted)} instead of {dict(wanted - there)}")


def _of_messages(seen: Picture, whole: Picture, *, renumbered: bool) -> Iterator[Deviation]:
    for each in (Counter(whole.messages) - Counter(seen.messages)).elements():
        yield Deviation("lost", f"message {each}")
    for each in (Counter(seen.messages) - Counter(whole.messages)).elements():
        if renumbered and each.state == "other" and each.reason in _SAME:
            continue
        yield Deviation("doubled", f"message {each}")


def _of_entries(seen: Picture, whole: Picture) -> Iterator[Deviation]:
    more, fewer = Counter(seen.entries) - Counter(whole.entries), Counter(whole.entries) - Counter(seen.entries)
    for key in sorted({each.key for each in (*more, *fewer)}):
        here, there = [each for each in seen.entries if each.key == key], [e for e in whole.entries if e.key == key]
        sort: Sort = "lost" if len(here) < len(there) else "doubled" if len(here) > len(there) else "other"
        yield Deviation(sort, f"document {here} instead of {there}")


def _of_numbers(seen: Picture, whole: Picture) -> Iterator[Deviation]:
    if len(set(seen.arrival_numbers)) < len(seen.arrival_numbers):
        yield Deviation("doubled", f"arrival numbers {seen.arrival_numbers}")
    elif seen.arrival_numbers != tuple(range(1, len(whole.arrival_numbers) + 1)):
        yield Deviation("other", f"arrival numbers {seen.arrival_numbers}, not 1 to {len(whole.arrival_numbers)}")
    if seen.next_numbers != whole.next_numbers:
        yield Deviation("other", f"the next numbers are {seen.next_numbers}, not {whole.next_numbers}")


def _of_letters(seen: Sequence[Sent], whole: Sequence[Sent]) -> Iterator[Deviation]:
    def names(sent: Sequence[Sent]) -> Counter[tuple[str, str, str]]:
        return Counter((each.purpose, each.key, each.address) for each in sent)

    for name in (names(whole) - names(seen)).elements():
        yield Deviation("lost", f"letter {name}")
    for name in (names(seen) - names(whole)).elements():
        yield Deviation("doubled", f"letter {name}")
    states = {each[:3]: each.state for each in whole}
    for each in seen:
        if each.copies > 1:
            yield Deviation("doubled", f"{each.copies} copies of {each}")
        elif each.state == "unsure" and each.purpose == "document" and each.copies:
            yield Deviation("other", f"its delivery was reported, and yet unsure: {each}")
        elif each.state == "unsure":
            continue
        elif each.copies == 0 and each.address != BOUNCING:
            yield Deviation("lost", f"no copy of {each}")
        elif each.state != states.get(each[:3], each.state):
            yield Deviation("other", f"{each} should be {states[each[:3]]}")
