"""Answering the sender of a document: received (03) or refused with the reason (02), the same day (NĐ 30/2020 Đ21.2).

A human sentence for any mail program and an edXML status package for another `vanthu` or document system. Never answered:
automatic messages, strangers, and answers themselves (RFC 3834; domain.md 9).
"""

from typing import Literal

from vanthu_cli.channels.letter import compose, new_message_id, status_xml
from vanthu_cli.locale import _, speaking
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import deliveries, directory, documents, messages
from vanthu_cli.rules.deadlines import VIETNAM

_CODES = {"accepted": "03", "refused": "02"}


def queue_answer(
    desk: Desk, identity: int, said: Literal["accepted", "refused"], *, message: int | None = None
) -> None:
    """Compose and queue the answer for a document's arrival (its last one unless told), inside a step.

    Nothing is queued when the sender is not an agency of the directory, or wrote automatically. Always in Vietnamese.
    """
    with speaking("vi"):
        _queue(desk, identity, said, message)


def _queue(desk: Desk, identity: int, said: Literal["accepted", "refused"], message: int | None) -> None:
    document = documents.get(desk.book, identity)
    arrivals = [row for row in messages.of_document(desk.book, identity) if message is None or row["id"] == message]
    row = arrivals[-1] if arrivals else None
    if row is None or not row["sender"] or not row["message_id"] or row["reason"] == "automatic":
        return
    agency = directory.by_address(desk.book, row["sender"])
    if agency is None or row["channel"] not in desk.config.channels:
        return
    own, address = desk.own, desk.config.channels[row["channel"]].address
    local = desk.now.astimezone(VIETNAM)
    if said == "accepted":
        sentence = _("{office} has received document {name} and registered it under arrival number {number}.").format(
            office=own.name, name=document.name, number=document.arrival_number
        )
    else:
        sentence = _("{office} returns document {name}: {reason}").format(
            office=own.name, name=document.name, reason=document.reason or ""
        )
    status = status_xml(
        code=_CODES[said],
        description=sentence,
        number=document.name,
        day=document.day or "",
        office=(own.identifier or own.code, own.name),
        asked_by=agency.identifier or agency.code,
        moment=local,
    )
    letter = compose(
        message_id=new_message_id(address),
        sender=(own.name, address),
        recipient=(agency.name, row["sender"]),
        subject=_("Receipt: {name}").format(name=document.name)
        if said == "accepted"
        else _("Returned: {name}").format(name=document.name),
        body=sentence + "\n",
        date=local,
        files=[("status.edxml", status)],
        answers=row["message_id"],
        automatic=True,
    )
    deliveries.queue(
        desk.book,
        "answer",
        identity,
        agency=agency.code,
        channel=row["channel"],
        address=row["sender"],
        message_id=letter.message_id,
        letter=desk.cabinet.put(letter.raw),
    )
