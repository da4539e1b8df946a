"""One message that has arrived: where does a careful clerk put it?

A secret: quarantine, unseen. An answer about something we sent: to that delivery. A document: registered when every rule
for it is met, else waiting for a person with the reasons. Bytes that we have already: a second arrival of the same document.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any

from vanthu_cli.channels.mime import File, Mail, read_mail
from vanthu_cli.document.fields import Reading
from vanthu_cli.procedures.accept import enter
from vanthu_cli.procedures.answers import queue_answer
from vanthu_cli.procedures.certificates import sighted
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.examine import FATAL, Examination
from vanthu_cli.register import deliveries, directory, documents, messages
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.directory import Agency
from vanthu_cli.register.documents import Document
from vanthu_cli.register.messages import Origin
from vanthu_cli.rules.secrecy import secret_mark
from vanthu_cli.validation.findings import Judgement, SignatureFinding, as_json
from vanthu_cli.validation.reasons import NOTES

_UNREAD = {"too-many-parts", "too-deep"}
_NEEDED = ("number", "symbol", "date", "agency", "subject")
_DOCUMENT_SUFFIXES = (
    ".pdf",
    ".docx",
    ".doc",
    ".odt",
    ".rtf",
    ".xlsx",
    ".xls",
    ".ods",
    ".pptx",
    ".zip",
    ".edxml",
    ".p7m",
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message: documents (new or known), a receipt (for what, of whom, kind, state), or else the reason."""

    message: int
    message_id: str | None
    sender: str | None
    documents: tuple[Document, ...] = ()
    duplicate: bool = False
    quarantined: bool = False
    receipt: tuple[str, str, str, str] | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """A file of the message, examined."""

    file: File
    sha256: str
    found: Examination


def take_in(desk: Desk, origin: Origin, place: Path) -> Taken:
    """Put one message where it belongs; `place` is its intake file, gone afterwards."""
    raw = place.read_bytes()
    mail = read_mail(raw)
    sender = mail.sender or None
    looked = [_look(desk, file) for file in mail.files]
    if _is_secret(mail, looked):
        return _quarantine(desk, origin, place, sender, "secret-mark")
    # What killed the reader, or was never reached by it: nobody knows whether it bears a mark.
    if any(each.found.fault in FATAL for each in looked) or _UNREAD & set(mail.faults):
        return _quarantine(desk, origin, place, sender, "could-not-examine")
    sha256 = desk.cabinet.put(raw)
    for each in looked:
        desk.cabinet.put(each.file.data)
    with desk.book.step():
        taken = _enter(desk, origin, mail, looked, sha256)
    place.unlink()
    return taken


def _look(desk: Desk, file: File) -> Looked:
    sha256 = hashlib.sha256(file.data).hexdigest()
    known = documents.by_bytes(desk.book, sha256, "in")
    found = (
        desk.examine(file.name, file.data, "mark")
        if known
        else desk.examine(file.name, file.data, "mark", "read", "judge")
    )
    return Looked(file, sha256, found)


def _is_secret(mail: Mail, looked: Sequence[Looked]) -> bool:
    texts = [mail.subject, *mail.text.splitlines(), *(each.file.name for each in looked)]
    return any(secret_mark(text) for text in texts) or any(each.found.mark for each in looked)


def _quarantine(desk: Desk, origin: Origin, place: Path, sender: str | None, reason: str) -> Taken:
    """Row first, then the file moves: a run that dies between finds the file in intake and its row known by envelope."""
    if any(desk.cabinet.is_quarantined(place, str(known)) for known in messages.same_secret(desk.book, origin, sender)):
        place.unlink()  # the very same bytes lie in quarantine already: the server shows the message a second time
        with desk.book.step():
            message = messages.add(
                desk.book, origin, "other", sender=sender, message_id=None, sha256=None, reason="duplicate"
            )
        return Taken(message, None, sender, duplicate=True, reason="duplicate")
    with desk.book.step():
        message = messages.add(
            desk.book, origin, "quarantined", sender=sender, message_id=None, sha256=None, reason=reason
        )
    desk.cabinet.quarantine(place, str(message))
    return Taken(message, None, sender, quarantined=True, reason=reason)


def finish(desk: Desk, origin: Origin, place: Path) -> bool:
    """Clear an intake file whose message is ours already: its run died after the commit. False if it is not ours yet."""
    row = messages.by_origin(desk.book, origin)
    if row is None:
        return False
    if row["state"] == "quarantined":  # the only copy: it moves, it is never deleted by us
        desk.cabinet.quarantine(place, str(row["id"]))
    else:
        place.unlink()
    return True


def _enter(desk: Desk, origin: Origin, mail: Mail, looked: Sequence[Looked], sha256: str) -> Taken:
    """Enter a message that is not secret, inside a step."""
    book, sender = desk.book, mail.sender or None

    def add(state: messages.MessageState, reason: str | None = None) -> int:
        return messages.add(
            book, origin, state, sender=sender, message_id=mail.message_id, sha256=sha256, reason=reason
        )

    if messages.same_content(book, origin.channel, sha256):  # UIDVALIDITY changed, or the server repeats itself
        return Taken(add("other", "duplicate"), mail.message_id, sender, duplicate=True, reason="duplicate")
    ours = {each.sha256: known for each in looked if (known := documents.by_bytes(book, each.sha256, "out"))}
    arrived = [each for each in looked if each.sha256 not in ours and not _is_status(mail, each)]
    delivery = _answered(desk, mail)
    # Documents always enter, whatever travels with them: our own letter quoted, a status package, a read receipt.
    if any(_is_document(each) for each in arrived):
        message = add("document", "automatic" if mail.automatic else None)
        receipt = _receive(desk, mail, delivery, message)
        return replace(_documents(desk, origin, mail, arrived, message), receipt=receipt)
    if delivery:
        message = add("receipt")
        return Taken(message, mail.message_id, sender, receipt=_receive(desk, mail, delivery, message))
    if ours:  # a session paper goes to the office's own address too: what comes back is evidence
        message = add("receipt", "own-document")
        for own in (letter for document in ours.values() for letter in deliveries.of_document(book, document.id)):
            if own.message_id == mail.message_id:
                deliveries.receive(book, own, message, kind="reply", state="delivered", detail="own-document")
        return Taken(message, mail.message_id, sender, reason="own-document")
    if mail.answer and mail.answer.kind in {"dsn", "mdn", "status"}:
        reason = "receipt-for-nothing-known"
        return Taken(add("other", reason), mail.message_id, sender, reason=reason)
    message = add("document", "automatic" if mail.automatic else None)
    return _documents(desk, origin, mail, arrived, message)


def _is_status(mail: Mail, looked: Looked) -> bool:
    return (
        mail.answer is not None
        and mail.answer.kind == "status"
        and looked.file.name.lower().endswith((".edxml", ".xml"))
    )


def _is_document(looked: Looked) -> bool:
    return b"%PDF-" in looked.file.data[:1024] or looked.file.name.lower().endswith(_DOCUMENT_SUFFIXES)


def _receive(desk: Desk, mail: Mail, delivery: Delivery | None, message: int) -> tuple[str, str, str, str] | None:
    """Enter what a message says about a letter of ours; (for what, of whom, kind, state)."""
    if mail.answer is None or delivery is None:
        return None
    state = mail.answer.state or delivery.state
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
            or mail.sender == delivery.address.lower()
            or (agency and agency.code == delivery.agency)
        ):
            return delivery
    return None


def _same_number(said: str, name: str) -> bool:
    """Compare what a status package says it answers ("145/CV/TU", "145-CV/TU") with our number; empty says nothing."""
    return not said or re.sub(r"[\W_]", "", said).lstrip("0") == re.sub(r"[\W_]", "", name).lstrip("0")


def _documents(desk: Desk, origin: Origin, mail: Mail, looked: Sequence[Looked], message: int) -> Taken:
    sender = mail.sender or None
    main = _main(looked)
    if not main:
        identity = documents.add(
            desk.book,
            "in",
            "arrive",
            arrived_at=origin.received_at,
            sender=sender,
            subject=mail.subject,
            flags=["no-document"],
        )
        messages.arrive(desk.book, identity, message)
        documents.attach(desk.book, identity, [(each.sha256, each.file.name) for each in looked])
        return Taken(message, mail.message_id, sender, documents=(documents.get(desk.book, identity),))
    others = [(each.sha256, each.file.name) for each in looked if each not in main]
    entered, again = list[Document](), 0
    for each in main:
        known = documents.by_bytes(desk.book, each.sha256, "in")
        if known:
            again += 1
            messages.arrive(desk.book, known.id, message)
            documents.update(desk.book, known.id, flags=sorted({*known.flags, "duplicate"}))
            if known.state == "accepted":  # a sender who asks twice is told twice; registered it is once
                queue_answer(desk, known.id, "accepted", message=message)
            entered.append(documents.get(desk.book, known.id))
        else:
            entered.append(_new(desk, origin, mail, each, message=message, others=others))
    return Taken(message, mail.message_id, sender, documents=tuple(entered), duplicate=again == len(main))


def _main(looked: Sequence[Looked]) -> list[Looked]:
    """Which files are documents and which go with them: PDFs that bear a number; else the first PDF; else the first file."""
    pdfs = [each for each in looked if each.found.judgement is None or each.found.judgement.format == "pdf"]
    pdfs = [each for each in pdfs if each.file.data[:1024].find(b"%PDF-") >= 0]
    numbered = [each for each in pdfs if each.found.reading and each.found.reading.fields.number is not None]
    rest = [each for each in looked if _is_document(each)]
    return numbered or pdfs[:1] or rest[:1]


def _new(
    desk: Desk, origin: Origin, mail: Mail, looked: Looked, *, message: int, others: Sequence[tuple[str, str]]
) -> Document:
    reading = looked.found.reading or Reading()
    fields, judgement = reading.fields, looked.found.judgement
    agency = directory.by_address(desk.book, mail.sender)
    printed = directory.by_name(desk.book, fields.agency) if fields.agency else []
    code = printed[0].code if len(printed) == 1 else (agency.code if agency else None)
    day = fields.date.isoformat() if fields.date else None
    flags = _flags(desk, reading, judgement, agency, printed)
    if (
        fields.number is not None
        and fields.symbol
        and documents.same_number(desk.book, number=fields.number, symbol=fields.symbol, agency_code=code, day=day)
    ):
        flags.add("same-number")
    identity = documents.add(
        desk.book,
        "in",
        "arrive",
        arrived_at=origin.received_at,
        file=looked.file.name,
        sha256=looked.sha256,
        number=fields.number,
        symbol=fields.symbol,
        day=day,
        agency=fields.agency,
        agency_code=code,
        doc_type=fields.doc_type,
        subject=fields.subject or mail.subject,
        signer=fields.signer_name,
        urgency=fields.urgency,
        sender=mail.sender or None,
        verdict=judgement.verdict if judgement else "unknown",
        fields={"fields": fields_json(reading), "confidence": dict(reading.confidence), "needs_ocr": reading.needs_ocr},
        judgement=as_json(judgement) if judgement else {"reasons": [looked.found.fault or "not-judged"]},
        flags=sorted(flags),
    )
    messages.arrive(desk.book, identity, message)
    documents.attach(desk.book, identity, others)
    desk.book.event("arrive", f"document:{identity}", {"message": message, "flags": sorted(flags)})
    for found in judgement.signatures if judgement else ():
        seen = sighted(
            found,
            agency=agency.code if agency else None,
            document=identity,
            seen_at=desk.now.astimezone(UTC).isoformat(),
        )
        if seen is not None:
            directory.see(desk.book, seen)
    if _by_rule(desk, judgement, agency, flags):
        enter(desk, identity)
    return documents.get(desk.book, identity)


def _flags(
    desk: Desk, reading: Reading, judgement: Judgement | None, sender: Agency | None, printed: Sequence[Agency]
) -> set[str]:
    flags = set[str]()
    if judgement is not None and judgement.verdict == "unsigned":
        flags.add("unsigned")
    signers = {each.agency for each in judgement.signatures if each.agency} if judgement else set()
    codes = {sender.code if sender else None, *(each.code for each in printed)}
    if sender is None or signers - codes or (sender and printed and sender.code not in {each.code for each in printed}):
        flags.add("sender-mismatch")
    least = desk.config.accept.confidence
    values = {name: getattr(reading.fields, name) for name in _NEEDED}
    if any(value is None or reading.confidence.get(name, 0) < least for name, value in values.items()):
        flags.add("low-confidence")
    return flags


def _by_rule(desk: Desk, judgement: Judgement | None, sender: Agency | None, flags: set[str]) -> bool:
    """Registered without a person only when nothing at all is doubtful and the office's rules say so."""
    rules = desk.config.accept
    if not rules.automatic or judgement is None or sender is None or flags:
        return False
    good = [each for each in judgement.signatures if each.passed or (rules.numbered_after_signing and _numbered(each))]
    roles = {(each.role, each.agency) for each in good}
    return (
        len(good) == len(judgement.signatures)
        and ("organisation", sender.code) in roles
        and any(role == "person" for role, _agency in roles)
        and (judgement.verdict == "valid" or (judgement.verdict == "unknown" and not judgement.reasons))
    )


def _numbered(found: SignatureFinding) -> bool:
    """Tell whether all that speaks against a signature is that the document was numbered after it (contract.md)."""
    return {each.code for each in found.reasons} - NOTES == {"numbered-after-signing"} and found.trust == "trusted"


def fields_json(reading: Reading) -> dict[str, Any]:
    """Return the fields as contract.md writes them."""
    values = asdict(reading.fields)
    values["date"] = reading.fields.date.isoformat() if reading.fields.date else None
    values["recipients"] = list(reading.fields.recipients)
    return values
