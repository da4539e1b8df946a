"""The desk now, in order of urgency: what a clerk looks at first in the morning."""

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import deliveries, directory, documents, finding, messages, recalls
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.documents import Document
from vanthu_cli.register.finding import Filter
from vanthu_cli.register.heartbeat import Heartbeat, heartbeat
from vanthu_cli.rules.deadlines import is_working_day, next_working_day, today

_WARN_DAYS = 60
_DUE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that waits for somebody.

    `unanswered`: letters without an answer yet, with the day it is due; `reminded`: (document, agency) of those reminded today. `run`: how the last run without a person went, if it did not go well or is too long ago. `due`: documents that came and must be dealt with within a week. `replied`: letters to which somebody has written something that only a person can understand.
    """

    quarantined: tuple[sqlite3.Row, ...]
    recalls: tuple[tuple[sqlite3.Row, Document], ...]
    waiting: tuple[Document, ...]
    unfinished: tuple[Document, ...]
    troubled: tuple[tuple[Document, Delivery], ...]
    unanswered: tuple[tuple[Document, Delivery, date], ...]
    reminded: frozenset[tuple[int, str | None]]
    replied: tuple[tuple[Document, Delivery, str], ...]
    due: tuple[Document, ...]
    paper: tuple[sqlite3.Row, ...]
    run: Heartbeat | None
    expiring: tuple[directory.Certificate, ...]


def status(desk: Desk) -> Status:
    """Read the register; nothing else is opened or asked."""
    book = desk.book
    letters = deliveries.in_states(book, "unsure", "bounced", "refused", "queued", "sending")
    silent = deliveries.in_states(book, "handed-over", "delivered", purpose="document")
    replies = deliveries.replies(book)
    horizon = (desk.now + timedelta(days=_WARN_DAYS)).isoformat()
    own = desk.config.office.code
    return Status(
        quarantined=tuple(row for row in messages.in_state(book, "quarantined") if row["reason"] != "destroyed"),
        recalls=tuple((row, documents.get(book, row["document"])) for row in recalls.waiting(book)),
        waiting=tuple(finding.listing(book, Filter(direction="in", states=["waiting"]))),
        unfinished=tuple(
            each
            for each in finding.listing(book, Filter(direction="out", states=["numbered", "sealed"]))
            if each.state == "numbered" or each.copy is None  # a copy, once signed, is finished
        ),
        troubled=tuple(
            (document, each)
            for document, each in ((documents.get(book, each.document), each) for each in letters)
            if document.state != "recalled" or each.purpose != "document"  # it goes to nobody any more
        ),
        unanswered=tuple(
            (document, each, due_day(desk, each))
            for document, each in ((documents.get(book, each.document), each) for each in silent if each.agency != own)
            if document.state != "recalled"
        ),
        reminded=frozenset(
            (each.document, each.agency)
            for each in deliveries.in_states(book, "queued", "handed-over", "delivered", purpose="reminder")
            if today(datetime.fromisoformat(each.at)) == today(desk.now)
        ),
        replied=tuple(
            (documents.get(book, each.document), each, replies[each.id]) for each in silent if each.id in replies
        ),
        due=tuple(finding.due(book, (today(desk.now) + timedelta(days=_DUE_DAYS)).isoformat())),
        paper=tuple(deliveries.paper_owed(book)),
        run=beat if (beat := heartbeat(desk.config.data_dir)) and (beat.code or beat.late(desk.now)) else None,
        expiring=tuple(each for each in directory.certificates(book, own) if each.not_after < horizon),
    )


def due_day(desk: Desk, delivery: Delivery) -> date:
    """Return by when the receiver must have answered: the same day, or the next working day (NĐ 30/2020 Đ21.2.c, Đ4.2.c)."""
    day = today(datetime.fromisoformat(delivery.at))
    holidays = desk.config.holidays
    return day if is_working_day(day, holidays) else next_working_day(day, holidays)
