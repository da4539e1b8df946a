"""Answering the sender of a document, the same day: arrived (01), received (03), refused with the reason (02); recalls (15, 16).

And on the axis: being dealt with (05), done (06).

NĐ 30/2020 Đ21.2, Đ18.4.b; codes of domain.md 5.2.

A human sentence for any mail program and an edXML status package for another `vanthu` or document system. Never answered:
automatic messages, strangers, ourselves, and answers themselves (RFC 3834; domain.md 9); a sender who seems to run in a
circle gets no more than a hundred answers a day.
"""

from collections.abc import Collection
from datetime import datetime, time
from sqlite3 import Row
from typing import Literal

from vanthu_cli.channels.edxml import status_xml
from vanthu_cli.channels.letter import compose, new_message_id
from vanthu_cli.document.text import mailbox_key
from vanthu_cli.errors import VanthuError
from vanthu_cli.locale import _, speaking
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.packages import answered_by, own_party, status_letter
from vanthu_cli.procedures.post import post
from vanthu_cli.procedures.routes import axis_channel
from vanthu_cli.procedures.send import keep_bodies, queue_letters
from vanthu_cli.register import deliveries, directory, documents, messages
from vanthu_cli.register.book import stored
from vanthu_cli.register.directory import Agency
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.deadlines import VIETNAM, today

Said = Literal["arrived", "refused", "accepted", "assigned", "done", "recall-agreed", "recall-declined"]
_CODES: dict[Said, str] = {
    "arrived": "01",
    "refused": "02",
    "accepted": "03",
    "assigned": "05",
    "done": "06",
    "recall-agreed": "15",
    "recall-declined": "16",
}
_ON_THE_AXIS = frozenset({"assigned", "done"})
"""Told where document systems expect it; in a mailbox such letters would only be in the way."""
_MOST_A_DAY = 100


def queue_answer(desk: Desk, identity: int, said: Said, *, message: int | None = None, reason: str = "") -> None:
    """Compose and queue the answer for a document's arrival (its last one unless told), inside a step.

    Nothing is queued when the sender is not an agency of the directory, or wrote automatically. Always in Vietnamese.
    """
    document = documents.get(desk.book, identity)
    row = messages.get(desk.book, message) if message is not None else None
    arrivals = messages.of_document(desk.book, identity)
    row = row or (arrivals[-1] if arrivals else None)
    if row is None or not row["sender"] or not row["message_id"] or row["reason"] == "automatic":
        return
    agency = directory.by_address(desk.book, row["sender"])
    channel = _road(desk, row, agency) if agency is not None else None
    if said in _ON_THE_AXIS and (channel is None or desk.config.channels[channel].kind != "axis"):
        return
    if agency is not None and channel is not None and not _circling(desk, row["sender"]):
        with speaking("vi"):
            _queue(
                desk, document, said, row=row, agency=agency, channel=channel, reason=reason or document.reason or ""
            )


def tell_progress(desk: Desk, identity: int, changes: Collection[str]) -> None:
    """Queue for the sender, where he expects it, that his document is being dealt with, or was, inside a step."""
    document = documents.get(desk.book, identity)
    if document.direction == "in" and document.state == "accepted":
        if "passed_on" in changes and not document.done_on:
            queue_answer(desk, identity, "assigned")
        if "done_on" in changes and document.done_on:
            queue_answer(desk, identity, "done")


def answer_now(desk: Desk, identity: int) -> list[VanthuError]:
    """Send the answer while we are at it; a silent server changes nothing, the next fetch or send takes it along."""
    return post(
        desk, [each for each in deliveries.of_document(desk.book, identity, "answer") if each.state == "queued"]
    )


def _road(desk: Desk, row: Row, agency: Agency) -> str | None:
    """Return the channel by which an answer goes: the one that the message came by, else one on the sender's network."""
    ours = {mailbox_key(each.address) for each in desk.config.channels.values()}
    if mailbox_key(row["sender"]) in ours:
        return None
    if row["channel"] in desk.config.channels:
        return str(row["channel"])
    if "@" not in row["sender"]:
        return axis_channel(desk)
    network = "wan" if agency.wan and mailbox_key(agency.wan) == mailbox_key(row["sender"]) else "internet"
    return next(
        (name for name, each in desk.config.channels.items() if each.network == network and each.kind != "axis"), None
    )


def _circling(desk: Desk, sender: str) -> bool:
    midnight = stored(datetime.combine(today(desk.now), time(), VIETNAM))
    return deliveries.answers_since(desk.book, sender, midnight) >= _MOST_A_DAY


def _queue(desk: Desk, document: Document, said: Said, *, row: Row, agency: Agency, channel: str, reason: str) -> None:
    own, address = desk.own, desk.config.channels[channel].address
    local = desk.now.astimezone(VIETNAM)
    subject, sentence = _words(document, own.name, said, reason)
    if desk.config.channels[channel].kind == "axis":
        to, answered = agency.axis or agency.identifier or row["sender"], answered_by(document)
        package = status_letter(desk, channel, to, code=_CODES[said], description=reason or sentence, answered=answered)
        keep_bodies(desk, [package])
        queue_letters(desk, document, "answer", [(agency.code, channel, package)], code=_CODES[said])
        return
    status = status_xml(
        code=_CODES[said],
        description=sentence,
        answered=answered_by(document),
        office=own_party(desk),
        asked_by=agency.identifier or agency.code,
        moment=local,
    )
    letter = compose(
        message_id=new_message_id(address),
        sender=(own.name, address),
        recipient=(agency.name, row["sender"]),
        subject=subject,
        body=sentence + "\n",
        date=local,
        files=[("status.edxml", status)],
        answers=row["message_id"],
        automatic=True,
    )
    keep_bodies(desk, [letter])
    queue_letters(desk, document, "answer", [(agency.code, channel, letter)], code=_CODES[said])


def _words(document: Document, office: str, said: Said, reason: str) -> tuple[str, str]:
    """Return subject and sentence."""
    name = document.name
    if said == "arrived":
        return _("Arrived: {name}").format(name=name), _(
            "Document {name} has arrived at {office}. Whether it is accepted will be told in another letter."
        ).format(name=name, office=office)
    if said == "accepted":
        return _("Receipt: {name}").format(name=name), _(
            "{office} has received document {name} and registered it under arrival number {number}."
        ).format(office=office, name=name, number=document.arrival_number)
    if said in _ON_THE_AXIS:
        being, done = _("{office} is dealing with document {name}."), _("{office} has dealt with document {name}.")
        return name, (done if said == "done" else being).format(office=office, name=name)
    if said == "refused":
        return _("Returned: {name}").format(name=name), _("{office} returns document {name}: {reason}").format(
            office=office, name=name, reason=reason
        )
    if said == "recall-agreed":
        return _("Recall done: {name}").format(name=name), _(
            "{office} has destroyed document {name} as you asked (Decree 30/2020, Art. 18.4.b)."
        ).format(office=office, name=name)
    return _("Recall declined: {name}").format(name=name), _("{office} keeps document {name}: {reason}").format(
        office=office, name=name, reason=reason
    )
