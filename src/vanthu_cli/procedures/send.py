"""Sending what is issued: the letter to each agency, and sending on (or again) what has not reached everybody."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from vanthu_cli.channels.letter import Letter, compose, new_message_id
from vanthu_cli.document.symbol import DocumentNumber
from vanthu_cli.errors import ForbiddenError, VanthuError
from vanthu_cli.locale import _, speaking
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.post import post, settle
from vanthu_cli.procedures.routes import Recipient, route
from vanthu_cli.register import deliveries, documents
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.deadlines import VIETNAM, today


def send(desk: Desk, identity: int, *, again: bool) -> tuple[Document, list[VanthuError]]:
    """Send what of a document (or, for one that came, of the answers about it) is still queued.

    `again`: a person has decided to send again what is unsure, undeliverable or refused.
    """
    with desk.lock():
        document = documents.get(desk.book, identity)
        if document.direction == "out" and document.state not in {"queued", "sent"}:
            raise ForbiddenError(
                "send.not_sealed",
                _("{name} cannot be sent: it is not sealed and addressed yet.").format(name=document.name),
                _("Run the same sign-send command again; it goes on where it stopped."),
            )
        failed = settle(desk)
        if again:
            _again(desk, document)
        failed += post(desk, [each for each in letters_of(desk, document) if each.state == "queued"])
        return documents.get(desk.book, identity), failed


def letters_of(desk: Desk, document: Document) -> list[Delivery]:
    """Return the letters that carry an outgoing document, or that answer about an incoming one."""
    return deliveries.of_document(desk.book, document.id, "document" if document.direction == "out" else "answer")


def _again(desk: Desk, document: Document) -> None:
    """Queue anew what a person has decided to send again.

    Unsure: the same bytes under the same Message-ID, so that the receiver can drop a second copy. Undeliverable or refused:
    a new letter to the address that the directory gives today.
    """
    for letter in letters_of(desk, document):
        if letter.state == "unsure":
            with desk.book.step():
                deliveries.record(desk.book, letter.id, "queued", "sent-again")
        elif letter.state in {"bounced", "refused"} and letter.agency and letter.purpose == "document":
            recipient = route(desk, [letter.agency], (), day=today(desk.now), session=False)[0]
            fresh = compose_letter(desk, document, recipient, paper=bool(deliveries.paper_owed(desk.book, document.id)))
            kept = desk.cabinet.put(fresh.raw)
            with desk.book.step():
                deliveries.readdress(
                    desk.book,
                    letter.id,
                    channel=recipient.channel,
                    address=recipient.address,
                    message_id=fresh.message_id,
                    letter=kept,
                )
                if documents.get(desk.book, document.id).state == "sent":
                    documents.advance(desk.book, document.id, "queue", {"letters": 1})


def compose_letter(desk: Desk, document: Document, recipient: Recipient, *, paper: bool) -> Letter:
    files = [(f"{document.name.replace('/', '-')}.pdf", desk.cabinet.get(document.sha256 or ""))]
    files += [(name, desk.cabinet.get(sha256)) for sha256, name in documents.attachments(desk.book, document.id)]
    address = desk.config.channels[recipient.channel].address
    with speaking("vi"):
        body = _body(desk, document, files, paper=paper)
    letter = compose(
        message_id=new_message_id(address),
        sender=(desk.config.office.name, address),
        recipient=(recipient.agency.name, recipient.address),
        subject=f"{document.name}: {document.subject or document.doc_type or ''}",
        body=body,
        date=desk.now.astimezone(VIETNAM),
        files=files,
    )
    return _signed(desk, letter, desk.config.channels[recipient.channel].smime)


def _signed(desk: Desk, letter: Letter, key_name: str) -> Letter:
    """Sign the letter itself (S/MIME), where the channel's configuration names a key for that."""
    if not key_name:
        return letter
    from vanthu_cli.procedures.keys import open_key
    from vanthu_cli.signing.smime import sign_letter

    key = open_key(desk, key_name, desk.config.keys[key_name].role)
    return replace(letter, raw=sign_letter(letter.raw, key))


def _body(desk: Desk, document: Document, files: Sequence[tuple[str, bytes]], *, paper: bool) -> str:
    """Write what a person with any mail program reads."""
    listed = "\n".join(
        f"- {name} ({len(data)} byte)\n  SHA-256: {hashlib.sha256(data).hexdigest()}" for name, data in files
    )
    number = DocumentNumber(document.number or 0, document.symbol or "")
    return _(
        "{office} sends you document {number} of {day}: {subject}\n\n{files}\n\n"
        "The document is digitally signed and has legal value as it is. {paper}\n"
        "Please acknowledge receipt the same day (Decree 30/2020, Art. 21.2.c).\n"
    ).format(
        office=desk.config.office.name,
        number=number,
        day=date.fromisoformat(document.day or "").strftime("%d/%m/%Y"),
        subject=document.subject or "",
        files=listed,
        paper=_("One paper original follows.") if paper else _("No paper copy follows."),
    )
