"""Reminding agencies that have not acknowledged a document on the day they should have (NĐ 30/2020 Đ21.2.c)."""

from datetime import datetime

from vanthu_cli.channels.letter import Letter, compose, new_message_id
from vanthu_cli.errors import VanthuError
from vanthu_cli.locale import _, speaking
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.post import post, settle
from vanthu_cli.procedures.send import keep_bodies, queue_letters
from vanthu_cli.procedures.status import due_day
from vanthu_cli.register import deliveries, directory, documents
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.deadlines import VIETNAM, today


def overdue(desk: Desk, document: Document) -> list[Delivery]:
    """Return the letters whose receivers should have answered before today and were not reminded today."""
    reminded = {
        each.agency
        for each in deliveries.of_document(desk.book, document.id, "reminder")
        if today(datetime.fromisoformat(each.at)) == today(desk.now)
    }
    return [
        each
        for each in deliveries.of_document(desk.book, document.id)
        if each.state in {"handed-over", "delivered"}
        and each.agency not in {*reminded, desk.config.office.code}
        and due_day(desk, each) < today(desk.now)
    ]


def remind(desk: Desk, identity: int) -> tuple[Document, list[VanthuError]]:
    """Send a reminder to each agency that owes an acknowledgement, once a day at most."""
    with desk.lock():
        document, failed = documents.get(desk.book, identity), settle(desk)
        with speaking("vi"):
            letters = [
                (each.agency or "", each.channel, _reminder(desk, document, each)) for each in overdue(desk, document)
            ]
        keep_bodies(desk, [letter for _agency, _channel, letter in letters])
        with desk.book.step():
            queue_letters(desk, document, "reminder", letters)
        waiting = deliveries.of_document(desk.book, identity, "reminder")
        failed += post(desk, [each for each in waiting if each.state == "queued"])
        return document, failed


def _reminder(desk: Desk, document: Document, letter: Delivery) -> Letter:
    own = desk.config.channels[letter.channel].address
    agency = directory.agency(desk.book, letter.agency or "")
    sent = datetime.fromisoformat(letter.at).astimezone(VIETNAM)
    return compose(
        message_id=new_message_id(own),
        sender=(desk.config.office.name, own),
        recipient=(agency.name if agency else "", letter.address),
        subject=_("Reminder: {name}").format(name=document.name),
        body=_(
            "{office} sent you document {name} on {day} and has no acknowledgement of it yet.\n"
            "Please acknowledge receipt (Decree 30/2020, Art. 21.2.c), or tell us if it did not arrive.\n"
        ).format(office=desk.config.office.name, name=document.name, day=f"{sent:%d/%m/%Y}"),
        date=desk.now.astimezone(VIETNAM),
        answers=letter.message_id,
    )
