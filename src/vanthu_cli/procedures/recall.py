"""Taking a document back: ours from those who have it, and one that its issuer asks of us (NĐ 30/2020 Đ18.4.b, Phụ lục VI III.8).

Ours: what has not left yet does not leave any more; to everybody else goes a notice, signed by the office, that edXML knows as
13/15/16. Of us: a person decides. Whoever agrees has document and data destroyed here; what stays is the recall itself: SHA-256,
number, date, agency, reason, and the notice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Row

from vanthu_cli.channels.edxml import Party, document_xml
from vanthu_cli.channels.letter import Attached, Letter, address, entity, new_message_id
from vanthu_cli.document.life import move
from vanthu_cli.errors import ForbiddenError, MisuseError, VanthuError
from vanthu_cli.locale import _, speaking
from vanthu_cli.procedures.answers import queue_answer
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.keys import only_key, open_key, proof
from vanthu_cli.procedures.packages import header_of, own_party, recall_letter
from vanthu_cli.procedures.post import post, settle
from vanthu_cli.procedures.routes import Recipient
from vanthu_cli.procedures.send import keep_bodies, queue_letters
from vanthu_cli.register import deliveries, directory, documents, messages, recalls
from vanthu_cli.register.book import copies_of, scrub
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.words import day_shown
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.signing.xades import sign_xml

_MOST_WORDS = 1000
"""Letters of a reason (domain.md 5.2)."""
_OUT = frozenset({"sending", "handed-over", "delivered", "acknowledged", "unsure", "bounced"})
"""States in which somebody may have the document; a bounce may have been one of several copies."""
_KEPT = ("sha256", "number", "symbol", "day", "agency", "agency_code")


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What giving a document back has destroyed, and what may still hold it: messages (ids) and copies of the register."""

    document: Document
    files: tuple[str, ...]
    messages: tuple[int, ...]
    copies: tuple[Path, ...]
    failed: tuple[VanthuError, ...]


def check_recall(desk: Desk, identity: int, reason: str) -> tuple[Document, list[Delivery], list[Delivery]]:
    """Return the document, the letters that will not leave, and those whose receivers are asked; refuse what cannot be done."""
    document = documents.get(desk.book, identity)
    if document.direction != "out":
        raise ForbiddenError(
            "recall.not_ours",
            _("{name} was not issued here: only its issuer can recall it.").format(name=document.name),
            _("Return it instead: vanthu inbox refuse {id} --reason “…”").format(id=identity),
        )
    if not reason.strip() or len(reason) > _MOST_WORDS:
        raise MisuseError("recall.reason", _("Say why, in at most 1,000 letters: --reason “…”"))
    if document.state != "recalled":
        move(document.state, "recall")
    letters = deliveries.of_document(desk.book, identity)
    return (
        document,
        [each for each in letters if each.state == "queued"],
        [each for each in letters if each.state in _OUT],
    )


def recall(desk: Desk, identity: int, *, reason: str, key: str = "") -> tuple[Document, list[VanthuError]]:
    """Recall a document of ours; asked again, go on sending the notices. Return it and why some could not be sent."""
    with desk.lock():
        failed = settle(desk)
        document, unsent, sent = check_recall(desk, identity, reason)
        if document.state != "recalled":
            notices = _notices(desk, document, sent, reason, key) if sent else []
            keep_bodies(desk, [letter for _agency, _channel, letter in notices])
            with desk.book.step():
                for each in unsent:
                    deliveries.record(desk.book, each.id, "recalled")
                queue_letters(desk, document, "recall", notices)
                recalls.ask(desk.book, identity, reason)
                documents.advance(desk.book, identity, "recall", {"reason": reason, "asked": len(notices)})
        waiting = deliveries.of_document(desk.book, identity, "recall")
        failed += post(desk, [each for each in waiting if each.state == "queued"])
        return documents.get(desk.book, identity), failed


def _notices(
    desk: Desk, document: Document, sent: Sequence[Delivery], reason: str, key: str
) -> list[tuple[str, str, Letter]]:
    opened_name = key or only_key(desk, "organisation")
    opened = open_key(desk, opened_name)
    local = desk.now.astimezone(VIETNAM)
    agencies = {each.code: each for each in directory.agencies(desk.book)}
    everybody = [
        Party(agency.identifier or agency.code, agency.name, each.address)
        for each in sent
        if (agency := agencies.get(each.agency or "")) is not None
    ]
    notice = document_xml(
        header_of(desk, document), office=own_party(desk), to=everybody, moment=local, kind="recall", reason=reason
    )
    signed = sign_xml(notice, opened, time_stamper=proof(desk).time_stamper)
    with speaking("vi"):
        subject = _("Recall: {name}").format(name=document.name)
        text = _(
            "{office} recalls document {name} of {day}: {reason}\n\n"
            "Please destroy it and tell us (Decree 30/2020, Art. 18.4.b). The file .edxml is the signed notice.\n"
        ).format(office=desk.config.office.name, name=document.name, day=day_shown(document.day), reason=reason)
    content = entity(text, [Attached(f"thu-hoi-{document.name.replace('/', '-')}.edxml", signed)])
    notices = []
    for each in sent:
        if desk.config.channels[each.channel].kind == "axis" and each.agency in agencies:
            to = Recipient(agencies[each.agency], each.channel, each.address)
            notices.append((each.agency, each.channel, recall_letter(desk, document, to, reason, opened_name)))
            continue
        own, agency = desk.config.channels[each.channel].address, agencies.get(each.agency or "")
        letter = address(
            content,
            message_id=new_message_id(own),
            sender=(desk.config.office.name, own),
            recipient=(agency.name if agency else "", each.address),
            subject=subject,
            date=local,
            answers=each.message_id,
        )
        notices.append((each.agency or "", each.channel, letter))
    return notices


def asked(desk: Desk, identity: int) -> Row:
    """Return a recall asked of us that nobody has decided yet; `MisuseError` if there is none of that id."""
    row = recalls.get(desk.book, identity)
    if row is None or row["message"] is None or row["state"] != "asked":
        raise MisuseError("recall.unknown", _("No recall r{id} waits here.").format(id=identity))
    return row


def give_back(desk: Desk, identity: int) -> Destroyed:
    """Agree to a recall: destroy the document, its data, and every raw message that carried only it; tell the issuer (15)."""
    with desk.lock():
        row = asked(desk, identity)
        document = documents.get(desk.book, row["document"])
        arrivals = messages.of_document(desk.book, document.id)
        alone = [each for each in arrivals if messages.documents_of(desk.book, each["id"]) == [document.id]]
        candidates = {document.sha256, *documents.renewals(desk.book, document.id)}
        candidates |= {sha256 for sha256, _name in documents.attachments(desk.book, document.id)}
        candidates |= {each["sha256"] for each in alone}
        notice = messages.get(desk.book, row["message"])
        with desk.book.step():
            recalls.settle(desk.book, identity, agreed=True)
            documents.blank(desk.book, document.id, flags=["recalled"], kept=_KEPT)
            for each in alone:
                messages.recalled(desk.book, each["id"])
            files = [each for each in sorted(filter(None, candidates)) if _free(desk, each, document)]
            recalls.destroy(desk.book, document.id, files)
            documents.advance(
                desk.book,
                document.id,
                "recall",
                {
                    "sha256": document.sha256,
                    "files": files,
                    "reason": row["reason"],
                    "notice": notice["sha256"] if notice else None,
                },
            )
            queue_answer(desk, document.id, "recall-agreed", message=row["message"])
        scrub(desk.book)
        recalls.clear(desk.book, desk.cabinet)
        failed = post(desk, [each for each in deliveries.due(desk.book, "answer") if each.document == document.id])
        return Destroyed(
            documents.get(desk.book, document.id),
            tuple(files),
            tuple(each["id"] for each in arrivals if each not in alone),
            tuple(copies_of(desk.config.data_dir, document.sha256 or "")),
            tuple(failed),
        )


def _free(desk: Desk, sha256: str, document: Document) -> bool:
    """Tell whether nothing but the document's own row names a file any more."""
    return documents.file_users(desk.book, sha256) <= (sha256 == document.sha256)


def keep(desk: Desk, identity: int, *, reason: str) -> tuple[Document, list[VanthuError]]:
    """Decline a recall with the reason, which the issuer is told (16)."""
    if not reason.strip():
        raise MisuseError("recall.reason", _("Say why, in at most 1,000 letters: --reason “…”"))
    with desk.lock():
        row = asked(desk, identity)
        with desk.book.step():
            recalls.settle(desk.book, identity, agreed=False)
            queue_answer(desk, row["document"], "recall-declined", message=row["message"], reason=reason)
        failed = post(desk, [each for each in deliveries.due(desk.book, "answer") if each.document == row["document"]])
        return documents.get(desk.book, row["document"]), failed
