"""Sending what is queued: intent before effect, answer after (house.md, law 3).

queued -> (about to be accepted: sending) -> handed-over | refused | queued again, later | unsure.
After a crash a letter found in `sending` is traced: our copy in Sent says it left; otherwise nobody can tell, and it is
UNSURE: a person looks, it is never sent again by itself. The axis lists what it has of us: what is not there after a while is queued again.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from vanthu_cli.channels.channel import Answered
from vanthu_cli.channels.letter import Letter
from vanthu_cli.document.life import DeliveryState
from vanthu_cli.errors import MisuseError, VanthuError
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import deliveries, documents, finding
from vanthu_cli.register.book import stored
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.finding import Filter

_SETTLED = timedelta(minutes=10)
"""After which the axis has on its list what it took, and what is not there was not taken."""
_PATIENCE = (5, 15, 60, 240, 1440)
"""Minutes until the next try after a server said “later” (4xx): greylisting first, then as mail servers do (RFC 5321 4.5.4.1)."""


def post(desk: Desk, queued: Sequence[Delivery]) -> list[VanthuError]:
    """Send letters, one connection a channel. Return why channels could not be reached; their letters stay queued."""
    failed: dict[str, VanthuError] = {}
    body: tuple[str, bytes | Path] = ("", b"")
    answers = list[tuple[Delivery, Answered]]()
    try:
        for delivery in queued:
            if delivery.channel in failed:
                continue
            try:
                desk.in_time()
                if delivery.letter != body[0]:  # letters to many agencies share it
                    body = (delivery.letter, _body(desk, delivery))
                _hand_over(desk, delivery, body[1], answers)
            except VanthuError as error:
                failed[delivery.channel] = error
    finally:
        _write_down(desk, answers)
    close_documents(desk, {delivery.document for delivery in queued})
    return list(failed.values())


def _body(desk: Desk, delivery: Delivery) -> bytes | Path:
    """Return a letter's body, checked; for the axis where it lies: there is room for more there than in memory."""
    if desk.config.channels[delivery.channel].kind != "axis":
        return desk.cabinet.get(delivery.letter)
    desk.cabinet.check(delivery.letter)
    return desk.cabinet.path(delivery.letter)


def _hand_over(desk: Desk, delivery: Delivery, body: bytes | Path, answers: list[tuple[Delivery, Answered]]) -> None:
    """Hand a letter over and note the answer in `answers`; those from before are written down with the next intent.

    One transaction a letter instead of two: what dies in between is UNSURE for lack of its answer, no more than before.
    """
    channel = desk.channels[delivery.channel]
    # Reports of delivery and copies are evidence for documents; for our answers they would only fill the mailbox.
    weighty = delivery.purpose != "answer"
    letter = Letter(
        delivery.message_id,
        channel.address,
        delivery.address,
        delivery.head,
        body if isinstance(body, bytes) else b"",
        reports=weighty,
        copied=weighty,
        file=body if isinstance(body, Path) else None,
    )

    begun = list[bool]()

    def about_to() -> None:
        _write_down(desk, answers, sending=delivery)
        begun.append(True)

    try:
        answers.append((delivery, channel.hand_over(letter, about_to)))
    except MisuseError as error:  # of our configuration: it was not taken, and may be tried again
        if begun:
            answers.append((delivery, Answered("later", error.message)))
        raise


def _write_down(desk: Desk, answers: list[tuple[Delivery, Answered]], *, sending: Delivery | None = None) -> None:
    """Record the answers to letters, and which one is about to be accepted, in one step."""
    if not answers and sending is None:
        return
    with desk.book.step():
        for delivery, answered in answers:
            if answered.state == "later":
                deliveries.attempted(desk.book, delivery.id, answer=answered.words, due=_next_try(desk, delivery))
            elif answered.state == "carried":
                deliveries.carried(desk.book, delivery.id, answered.words)
            else:
                deliveries.record(desk.book, delivery.id, answered.state, answered.words, at=answered.at)
        if sending is not None:
            deliveries.record(desk.book, sending.id, "sending")
    answers.clear()


def _next_try(desk: Desk, delivery: Delivery) -> str:
    """Return when a letter may be tried again by itself; a little apart, so that not all come at the same minute."""
    minutes = _PATIENCE[min(delivery.attempts, len(_PATIENCE) - 1)]
    return stored(desk.now + timedelta(minutes=minutes * random.uniform(0.9, 1.1)))  # noqa: S311  no secret


def settle(desk: Desk) -> list[VanthuError]:
    """Decide what became of letters that a run was sending when it died."""
    failed = list[VanthuError]()
    for delivery in deliveries.in_states(desk.book, "sending", "unsure"):
        channel = desk.config.channels.get(delivery.channel)
        if delivery.state == "unsure" and (channel is None or channel.kind != "axis"):
            continue  # it was looked for already; only the axis keeps a list of what it has of us
        try:
            left = desk.channels[delivery.channel].trace(delivery.message_id)
        except VanthuError as error:
            failed.append(error)
            continue
        certain = left is False and datetime.fromisoformat(delivery.at) <= desk.now - _SETTLED
        state: DeliveryState = "handed-over" if left else "queued" if certain else "unsure"
        if state != delivery.state:
            with desk.book.step():
                deliveries.record(
                    desk.book, delivery.id, state, {"handed-over": "traced-in-sent", "queued": "not-there"}.get(state)
                )
    # A run may also have died between the last answer and this.
    close_documents(desk, (document.id for document in finding.listing(desk.book, Filter(states=["queued"]))))
    return failed


def close_documents(desk: Desk, identities: Iterable[int]) -> None:
    """A document is sent when nothing of it waits any more."""
    for identity in identities:
        document = documents.get(desk.book, identity)
        waiting = [each for each in deliveries.of_document(desk.book, identity) if each.state in {"queued", "sending"}]
        if document.state == "queued" and not waiting:
            with desk.book.step():
                documents.advance(desk.book, identity, "send")
