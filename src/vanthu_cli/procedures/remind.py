"""Reminding agencies that have not acknowledged a document on the day they should have (NĐ 30/2020 Đ21.2.c)."""

from collections import Counter
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime

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


def overdue(desk: Desk, document: Document, *, most: int | None = None, every: int = 1) -> list[Delivery]:
    """Return the letters whose receivers should have answered before today and were not reminded in the last `every` days.

    `most`: nor that often yet.
    """
    said = deliveries.of_document(desk.book, document.id, "reminder")
    lately = today(desk.now) - timedelta(days=every)
    reminded = {each.agency for each in said if _written(each) > lately}
    if most is not None:
        counted = Counter(each.agency for each in said)
        reminded |= {agency for agency, count in counted.items() if count >= most}
    return [
        each
        for each in deliveries.of_document(desk.book, document.id)
        if each.state in {"handed-over", "delivered"}
        and "@" in each.address  # the axis has no words for a reminder
        and each.agency not in {*reminded, desk.config.office.code}
        and due_day(desk, each) < today(desk.now)
    ]


def _written(reminder: Delivery) -> date:
    """Return the day on which a reminder was written: its own Date, for what is known of it since bears later times."""
    return today(parsedate_to_datetime(message_from_bytes(reminder.head)["Date"]))


def remind(
    desk: Desk, identity: int, *, most: int | None = None, every: int = 1
) -> tuple[Document, int, list[VanthuError]]:
    """Send a reminder to each agency that owes an acknowledgement; return the document, to how many, and what failed.

    Once a day at most; `most` and `every` are those of `overdue`.
    """
    with desk.lock():
        document, failed = documents.get(desk.book, identity), settle(desk)
        owing = overdue(desk, document, most=most, every=every)
        with speaking("vi"):
            letters = [(each.agency or "", each.channel, _reminder(desk, document, each)) for each in owing]
        keep_bodies(desk, [letter for _agency, _channel, letter in letters])
        with desk.book.step():
            queue_letters(desk, document, "reminder", letters)
        waiting = deliveries.of_document(desk.book, identity, "reminder")
        failed += post(desk, [each for each in waiting if each.state == "queued"])
        return document, len(letters), failed


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
