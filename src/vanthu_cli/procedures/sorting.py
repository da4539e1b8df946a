"""Where a careful clerk puts a message that is no secret: the rules, in the order in which they are asked.

Seen before: counted and left. A recall: before a person, if who issued the document has signed it. An answer about something
we sent: to that delivery. A document: registered when every rule for it is met, else waiting for a person with the reasons.
Bytes that we have already: a second arrival of the same document. Everything here happens inside one step of the register.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC

from vanthu_cli.channels.edxml import Package
from vanthu_cli.channels.mime import File, Mail
from vanthu_cli.document.fields import Reading
from vanthu_cli.document.text import mailbox_key
from vanthu_cli.procedures.accept import enter
from vanthu_cli.procedures.answers import queue_answer
from vanthu_cli.procedures.certificates import sighted
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.examine import Examination
from vanthu_cli.procedures.manifest import agreed, package_about
from vanthu_cli.register import deliveries, directory, documents, messages, recalls
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.directory import Agency
from vanthu_cli.register.documents import Document
from vanthu_cli.register.messages import Origin
from vanthu_cli.validation.findings import Judgement, SignatureFinding, as_json
from vanthu_cli.validation.reasons import NOTES

_NEEDED = ("number", "symbol", "date", "agency", "subject")
_DOCUMENT_KINDS = frozenset({"pdf", "word", "sheet", "slides", "ole", "rtf", "zip", "archive", "macros"})


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message: documents (new or known), a receipt (for what, of whom, kind, state), or else the reason.

    `recall` is the id of a request to give a document back.
    """

    message: int
    message_id: str | None
    sender: str | None
    documents: tuple[Document, ...] = ()
    duplicate: bool = False
    quarantined: bool = False
    receipt: tuple[str, str, str, str] | None = None
    reason: str | None = None
    recall: int | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """A file of the message, examined. `outer` is the attachment that it lay in, None if it is one itself."""

    file: File
    sha256: str
    found: Examination
    outer: str | None = None


@dataclass(frozen=True, slots=True)
class Came:
    """A message that has arrived, with its files looked at.

    `sha256` is that of its bytes in the cabinet, None if they are not kept. `gone`: files that were destroyed on request; if they
    come again they stay destroyed.
    """

    origin: Origin
    mail: Mail
    looked: tuple[Looked, ...]
    sha256: str | None
    gone: frozenset[str]

    @property
    def sender(self) -> str | None:
        return self.mail.sender or None

    @property
    def packages(self) -> set[str]:
        """The files that only speak of documents."""
        return {each.sha256 for each in self.mail.packages if not each.carries}


def sort(desk: Desk, came: Came) -> Taken:
    """Enter a message, inside a step."""
    for rule in (_seen, _recall, _with_documents, _answer, _own_come_back, _left_over):
        taken = rule(desk, came)
        if taken is not None:
            return taken
    return _documents(desk, came, _strange(desk, came), _add(desk, came, "document"))


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
        return _other(desk, came, "duplicate", duplicate=True)
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
        return _other(desk, came, "recall-for-nothing-known" if signers else "recall-not-signed")
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
    if not any(_is_document(each) for each in arrived):
        return None
    message = _add(desk, came, "document")
    receipt = _receive(desk, came.mail, _answered(desk, came.mail), message)
    return replace(_documents(desk, came, arrived, message), receipt=receipt)


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
    if came.mail.answer is not None and came.mail.answer.kind in {"dsn", "mdn", "status"}:
        return _other(desk, came, "receipt-for-nothing-known")
    if messages.with_content(desk.book, came.mail.content):  # once more, with other lines of the servers on the way
        return _other(desk, came, "duplicate", duplicate=True)
    return None


def _is_document(looked: Looked) -> bool:
    return looked.found.kind in _DOCUMENT_KINDS or looked.file.name.lower().endswith((".edxml", ".p7m"))


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
            or mail.sender == mailbox_key(delivery.address)
            or (agency and agency.code == delivery.agency)
        ):
            return delivery
    return None


def _same_number(said: str, name: str) -> bool:
    """Compare what a status package says it answers ("145/CV/TU", "145-CV/TU") with our number; empty says nothing."""
    return not said or re.sub(r"[\W_]", "", said).lstrip("0") == re.sub(r"[\W_]", "", name).lstrip("0")


def _documents(desk: Desk, came: Came, looked: Sequence[Looked], message: int) -> Taken:
    main = _main(looked)
    others = [each for each in looked if each not in main and each.outer is None]
    doubts = _attachment_flags(desk, looked)
    if not main:
        identity = documents.add(
            desk.book,
            "in",
            "arrive",
            arrived_at=came.origin.received_at,
            sender=came.sender,
            subject=came.mail.subject,
            flags=sorted({"no-document", *doubts}),
        )
        messages.arrive(desk.book, identity, message)
        _attach(desk, identity, others)
        return Taken(message, came.mail.message_id, came.sender, documents=(documents.get(desk.book, identity),))
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
            entered.append(_new(desk, came, each, message=message, others=others, doubts=doubts))
    return Taken(message, came.mail.message_id, came.sender, documents=tuple(entered), duplicate=again == len(main))


def _main(looked: Sequence[Looked]) -> list[Looked]:
    """Which files are documents and which go with them: PDFs that bear a number; else the first PDF; else the first file."""
    pdfs = [each for each in looked if each.found.kind == "pdf"]
    numbered = [each for each in pdfs if each.found.reading and each.found.reading.fields.number is not None]
    rest = [each for each in looked if _is_document(each) and each.outer is None]
    return numbered or pdfs[:1] or rest[:1]


def _attach(desk: Desk, identity: int, others: Sequence[Looked]) -> None:
    files = [(each.sha256, each.file.name) for each in others]
    documents.attach(desk.book, identity, files, kinds=[each.found.kind or "unknown" for each in others])


def _attachment_flags(desk: Desk, looked: Iterable[Looked]) -> set[str]:
    """Say whether something came that this office does not take, by what it is and not by its name (QCVN 12:2026/BCA).

    Or something that could not be opened wholly: encrypted, broken, larger than it said.
    """
    allowed, files = set(desk.config.accept.attachments), list(looked)
    flags = {"attachment-type"} if any((each.found.kind or "unknown") not in allowed for each in files) else set()
    return flags | ({"attachment-shut"} if any(each.found.shut for each in files) else set())


def _new(
    desk: Desk, came: Came, looked: Looked, *, message: int, others: Sequence[Looked], doubts: set[str]
) -> Document:
    mail = came.mail
    read, judgement = looked.found.reading or Reading(), looked.found.judgement
    package = package_about(mail, looked.file)
    reading, mismatch = agreed(read, package.header) if package is not None else (read, False)
    fields = reading.fields
    agency = directory.by_address(desk.book, mail.sender)
    printed = directory.by_name(desk.book, fields.agency) if fields.agency else []
    code = printed[0].code if len(printed) == 1 else (agency.code if agency else None)
    day = fields.date.isoformat() if fields.date else None
    flags = _flags(desk, reading, judgement, agency, printed) | doubts
    flags |= {"manifest-mismatch"} if mismatch else set()
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
        arrived_at=came.origin.received_at,
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
        sender=came.sender,
        verdict=judgement.verdict if judgement else "unknown",
        fields={"fields": fields.as_json(), "confidence": dict(reading.confidence), "needs_ocr": reading.needs_ocr},
        judgement=as_json(judgement) if judgement else {"reasons": [looked.found.fault or "not-judged"]},
        flags=sorted(flags),
    )
    messages.arrive(desk.book, identity, message)
    _attach(desk, identity, others)
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
    else:
        queue_answer(desk, identity, "arrived")
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
