"""A document that has arrived: which files of a letter it is, what speaks for and against it, and whether it needs a person.

Registered when every rule for it is met, else waiting with the reasons; bytes that we have already are a second arrival.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import islice

from vanthu_cli.channels.edxml import Package
from vanthu_cli.channels.mime import File, Mail
from vanthu_cli.document.fields import DOUBTFUL, Reading
from vanthu_cli.procedures.accept import enter
from vanthu_cli.procedures.answers import queue_answer
from vanthu_cli.procedures.certificates import sighted
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.examine import Examination
from vanthu_cli.procedures.manifest import agreed, number_and_symbol, package_about
from vanthu_cli.register import directory, documents, keeping, messages
from vanthu_cli.register.directory import Agency
from vanthu_cli.register.documents import Document
from vanthu_cli.register.keeping import LinkKind
from vanthu_cli.register.messages import Origin
from vanthu_cli.validation.findings import Judgement, SignatureFinding, as_json
from vanthu_cli.validation.reasons import NOTES

_LINKS: Mapping[str, LinkKind] = {"replacement": "replaces", "update": "corrects"}
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
        return {each.sha256 for each in self.mail.packages if self.mail.alone or not each.carries}


def is_document(looked: Looked) -> bool:
    return looked.found.kind in _DOCUMENT_KINDS or looked.file.name.lower().endswith((".edxml", ".p7m"))


def enter_documents(desk: Desk, came: Came, looked: Sequence[Looked], message: int) -> Taken:
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
    rest = [each for each in looked if is_document(each) and each.outer is None]
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
    printed = directory.by_printed(desk.book, fields.agency, fields.parent_agency) if fields.agency else []
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
        fields={
            "fields": fields.as_json(),
            "confidence": dict(reading.confidence),
            "needs_ocr": reading.needs_ocr,
            "doubtful": _doubtful(reading),
            "notices": list(reading.notices),
            **(
                {"document_id": package.header.document_id}
                if package is not None and package.header.document_id
                else {}
            ),
        },
        judgement=as_json(judgement) if judgement else {"reasons": [looked.found.fault or "not-judged"]},
        flags=sorted(flags),
        signer_title=fields.signer_title,
        pages=looked.found.pages or None,
    )
    if package is not None:
        _link(desk, identity, package, code)
    documents.set_text(desk.book, identity, looked.found.text)
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


def _link(desk: Desk, identity: int, package: Package, agency: str | None) -> None:
    """Link a document to the one that its package says it answers, replaces or corrects: ours, or one of the same agency's."""
    number, symbol = number_and_symbol(package.answers)
    for ours in documents.issued(desk.book, number, symbol)[:1]:
        keeping.link(desk.book, identity, "answers", ours.id)
    kind = _LINKS.get(package.kind)
    number, symbol = number_and_symbol(package.about.rpartition(",")[2])
    if kind is not None and agency is not None:
        others = (each for each in documents.named(desk.book, number, symbol, agency) if each.id != identity)
        for theirs in islice(others, 1):
            keeping.link(desk.book, identity, kind, theirs.id)


def _doubtful(reading: Reading) -> dict[str, list[object]]:
    """Return the fields that a person should look at, with all values that were found for them."""
    return {
        name: [one.as_json()["value"] for one in found]
        for name, found in reading.candidates.items()
        if reading.confidence.get(name, 0) < DOUBTFUL
    }


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
