"""Where a careful clerk puts a message that is no secret: the rules, in the order in which they are asked.

Seen before: counted and left. A recall: before a person, if who issued the document has signed it. An answer about something
we sent: to that delivery. A document: registered when every rule for it is met, else waiting for a person with the reasons.
Bytes that we have already: a second arrival of the same document. Everything here happens inside one step of the register.
"""

import re
from dataclasses import replace

from vanthu_cli.channels.edxml import Package
from vanthu_cli.channels.mime import Mail
from vanthu_cli.document.text import mailbox_key
from vanthu_cli.procedures.answers import queue_answer
from vanthu_cli.procedures.arrive import Came, Looked, Taken, enter_documents, is_document
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.manifest import number_and_symbol
from vanthu_cli.register import deliveries, directory, documents, messages, recalls
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.exchange import follows

_OF_RECALLS = frozenset({"15", "16"})


def sort(desk: Desk, came: Came) -> Taken:
    """Enter a message, inside a step."""
    for rule in (_seen, _recall, _with_documents, _answer, _own_come_back, _left_over):
        taken = rule(desk, came)
        if taken is not None:
            return taken
    return enter_documents(desk, came, _strange(desk, came), _add(desk, came, "document"))


def _add(desk: Desk, came: Came, state: messages.MessageState, reason: str | None = None) -> int:
    return messages.add(
        desk.book,
        came.origin,
        state,
        sender=came.sender,
        message_id=came.mail.message_id,
        sha256=came.sha256,
        reason=reason or ("automatic" if state == "document" and came.mail.automatic else None),
        content=came.mail.content,
    )


def _other(desk: Desk, came: Came, reason: str, *, duplicate: bool = False) -> Taken:
    message = _add(desk, came, "other", reason)
    return Taken(message, came.mail.message_id, came.sender, duplicate=duplicate, reason=reason)


def _ours(desk: Desk, came: Came) -> dict[str, Document]:
    """Return the documents of our own among the files, by SHA-256."""
    found = ((each.sha256, documents.by_bytes(desk.book, each.sha256, "out")) for each in came.looked)
    return {sha256: document for sha256, document in found if document is not None}


def _strange(desk: Desk, came: Came) -> list[Looked]:
    """Return the files that may be documents new to us, or go with one."""
    known = {*_ours(desk, came), *came.packages, *came.gone}
    return [each for each in came.looked if each.sha256 not in known]


def _seen(desk: Desk, came: Came) -> Taken | None:
    """UIDVALIDITY changed, or the server repeats itself."""
    if came.sha256 is not None and messages.same_content(desk.book, came.origin.channel, came.sha256):
        # It names no file: the first message does, and only that must let go of it when it is to be destroyed.
        return _other(desk, replace(came, sha256=None), "duplicate", duplicate=True)
    return None


def _recall(desk: Desk, came: Came) -> Taken | None:
    """Put a recall before a person, if the agency that issued the document has signed it (NĐ 30/2020 Đ18.4.b)."""
    notice = next((each for each in came.mail.packages if each.kind == "recall"), None)
    if notice is None:
        return None
    signers = _signers(came, notice)
    header = notice.header
    named = [each for code in signers for each in documents.named(desk.book, header.number, header.symbol, code)]
    asked = next((each for each in named if header.day in {"", each.day}), None)
    if asked is None:
        here = documents.named(desk.book, header.number, header.symbol)
        return _other(desk, came, "recall-not-signed" if here or not signers else "recall-for-nothing-known")
    message = _add(desk, came, "other", "recall")
    recall = None
    if asked.state == "recalled":  # they ask again: they are told again
        queue_answer(desk, asked.id, "recall-agreed", message=message)
    else:
        recall = recalls.ask(desk.book, asked.id, notice.description, message=message)
    return Taken(message, came.mail.message_id, came.sender, reason="recall", recall=recall)


def _signers(came: Came, notice: Package) -> set[str]:
    """Return the agencies whose organisation signature stands on a package and is valid."""
    judgement = next((each.found.judgement for each in came.looked if each.sha256 == notice.sha256), None)
    if judgement is None or judgement.verdict != "valid":
        return set()
    return {each.agency for each in judgement.signatures if each.role == "organisation" and each.agency}


def _with_documents(desk: Desk, came: Came) -> Taken | None:
    """Documents always enter, whatever travels with them: our own letter quoted, a status package, a read receipt."""
    arrived = _strange(desk, came)
    if not any(is_document(each) for each in arrived):
        return None
    message = _add(desk, came, "document")
    receipt = _receive(desk, came.mail, _answered(desk, came.mail), message)
    return replace(enter_documents(desk, came, arrived, message), receipt=receipt)


def _answer(desk: Desk, came: Came) -> Taken | None:
    delivery = _answered(desk, came.mail)
    if delivery is None:
        return None
    message = _add(desk, came, "receipt")
    receipt = _receive(desk, came.mail, delivery, message)
    return Taken(message, came.mail.message_id, came.sender, receipt=receipt)


def _own_come_back(desk: Desk, came: Came) -> Taken | None:
    """A session paper goes to the office's own address too: what comes back is evidence."""
    ours = _ours(desk, came)
    if not ours:
        return None
    message = _add(desk, came, "receipt", "own-document")
    for own in (letter for document in ours.values() for letter in deliveries.of_document(desk.book, document.id)):
        if own.message_id == came.mail.message_id:
            deliveries.receive(desk.book, own, message, kind="reply", state="delivered", detail="own-document")
    return Taken(message, came.mail.message_id, came.sender, reason="own-document")


def _left_over(desk: Desk, came: Came) -> Taken | None:
    """What holds nothing that a clerk could do something with."""
    if any(each.sha256 in came.gone for each in came.looked):
        return _other(desk, came, "recalled")
    if came.mail.alone and came.mail.answer is not None and came.mail.answer.state == "delivered":
        return _other(desk, came, "duplicate", duplicate=True)  # a status has said more already
    if came.mail.answer is not None and came.mail.answer.kind in {"dsn", "mdn", "status"}:
        return _other(desk, came, "receipt-for-nothing-known")
    if messages.with_content(desk.book, came.mail.content):  # once more, with other lines of the servers on the way
        return _other(desk, came, "duplicate", duplicate=True)
    return None


def _receive(desk: Desk, mail: Mail, delivery: Delivery | None, message: int) -> tuple[str, str, str, str] | None:
    """Enter what a message says about a letter of ours; (for what, of whom, kind, state)."""
    if mail.answer is None or delivery is None:
        return None
    state = mail.answer.state or delivery.state
    if mail.answer.recipients and mailbox_key(delivery.address) not in mail.answer.recipients:
        state = delivery.state  # a report about somebody else proves nothing about this recipient, but is kept
    earlier = [row["detail"][:2] for row in deliveries.receipts(desk.book, delivery.id) if row["kind"] == "status"]
    if mail.answer.kind == "status" and not follows(earlier, mail.answer.code, desk.config.exchange.transitions):
        state = delivery.state  # a status that cannot come now is kept, and moves nothing
    words = mail.answer.detail or " ".join(mail.text.split())[:200] or mail.subject
    deliveries.receive(desk.book, delivery, message, kind=mail.answer.kind, state=state, detail=words)
    return documents.get(desk.book, delivery.document).name, delivery.address, mail.answer.kind, state


def _answered(desk: Desk, mail: Mail) -> Delivery | None:
    """Find the delivery that a message answers; only its recipient, or a mail server, can answer for it."""
    if mail.answer is None:
        return None
    for message_id in mail.answer.message_ids:
        delivery = deliveries.by_message_id(desk.book, message_id)
        if delivery is None or not _same_number(mail.answer.number, documents.get(desk.book, delivery.document).name):
            continue
        agency = directory.by_address(desk.book, mail.sender)
        if (
            mail.answer.kind == "dsn"
            or mail.sender == mailbox_key(delivery.address)
            or (agency and agency.code == delivery.agency)
        ):
            return delivery
    if mail.answer.kind == "dsn" and mail.alone:
        return deliveries.by_answer(desk.book, mail.answer.code)
    return _by_number(desk, mail) if mail.answer.kind == "status" and not mail.answer.message_ids else None


def _by_number(desk: Desk, mail: Mail) -> Delivery | None:
    """Find what a status answers that names no message, as on the axis: by number, and by whom it comes from.

    15 and 16 answer a recall, all others the document.
    """
    agency = directory.by_address(desk.book, mail.sender)
    if mail.answer is None or agency is None:
        return None
    about = next((each.about for each in mail.packages if each.kind == "status"), "")
    for said in (mail.answer.number, about.rpartition(",")[2]):
        for document in documents.issued(desk.book, *number_and_symbol(said)):
            letters = deliveries.of_document(
                desk.book, document.id, "recall" if mail.answer.code in _OF_RECALLS else "document"
            )
            found = next((each for each in letters if each.agency == agency.code), None)
            if found is not None:
                return found
    return None


def _same_number(said: str, name: str) -> bool:
    """Compare what a status package says it answers ("145/CV/TU", "145-CV/TU") with our number; empty says nothing."""
    return not said or re.sub(r"[\W_]", "", said).lstrip("0") == re.sub(r"[\W_]", "", name).lstrip("0")
