"""Sending what is queued: intent before effect, answer after (house.md, law 3).

queued -> (about to be accepted: sending) -> handed-over | refused | queued again | unsure.
After a crash a letter found in `sending` is traced: our copy in Sent says it left; otherwise nobody can tell, and it is
UNSURE: a person looks, it is never sent again by itself.
"""

from collections.abc import Iterable, Sequence

from vanthu_cli.channels.letter import Letter
from vanthu_cli.document.life import DeliveryState
from vanthu_cli.errors import VanthuError
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import deliveries, documents
from vanthu_cli.register.deliveries import Delivery


def post(desk: Desk, queued: Sequence[Delivery]) -> list[VanthuError]:
    """Send letters, one connection a channel. Return why channels could not be reached; their letters stay queued."""
    failed: dict[str, VanthuError] = {}
    for delivery in queued:
        if delivery.channel in failed:
            continue
        try:
            _hand_over(desk, delivery)
        except VanthuError as error:
            failed[delivery.channel] = error
    close_documents(desk, {delivery.document for delivery in queued})
    return list(failed.values())


def _hand_over(desk: Desk, delivery: Delivery) -> None:
    channel = desk.channels[delivery.channel]
    raw = desk.cabinet.get(delivery.letter)

    # Reports of delivery are evidence for documents; for our answers they would only fill the mailbox.
    letter = Letter(delivery.message_id, channel.address, delivery.address, raw, reports=delivery.purpose == "document")

    def about_to() -> None:
        with desk.book.step():
            deliveries.record(desk.book, delivery.id, "sending")

    answered = channel.hand_over(letter, about_to)
    state: DeliveryState = "queued" if answered.state == "later" else answered.state
    with desk.book.step():
        deliveries.record(desk.book, delivery.id, state, answered.words)


def settle(desk: Desk) -> list[VanthuError]:
    """Decide what became of letters that a run was sending when it died."""
    failed = list[VanthuError]()
    for delivery in deliveries.in_states(desk.book, "sending"):
        try:
            left = desk.channels[delivery.channel].trace(delivery.message_id)
        except VanthuError as error:
            failed.append(error)
            continue
        with desk.book.step():
            if left:
                deliveries.record(desk.book, delivery.id, "handed-over", "traced-in-sent")
            else:
                deliveries.record(desk.book, delivery.id, "unsure")
    # A run may also have died between the last answer and this.
    close_documents(desk, (document.id for document in documents.listing(desk.book, states=["queued"])))
    return failed


def close_documents(desk: Desk, identities: Iterable[int]) -> None:
    """A document is sent when nothing of it waits any more."""
    for identity in identities:
        document = documents.get(desk.book, identity)
        waiting = [each for each in deliveries.of_document(desk.book, identity) if each.state in {"queued", "sending"}]
        if document.state == "queued" and not waiting:
            with desk.book.step():
                documents.advance(desk.book, identity, "send")
