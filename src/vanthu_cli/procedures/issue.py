"""Issuing a document: `sign-send` (NĐ 30/2020 Đ13.7, Đ15, Đ17, Đ18, Đ32.2; 145-CV/TU).

First everything that can refuse is asked, and nothing is written: marks, the leader's signature, the routes, the key, the
time stamp authority. Then the point of no return: the number, in one transaction with the document. Then number and date
and seal, then letters queued, then sent. Each step is durable; the same command goes on where a run died, by the SHA-256 of
the file, with the same number.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pyhanko.sign.timestamps import TimeStamper

from vanthu_cli.channels.letter import Letter, compose, new_message_id
from vanthu_cli.document.fields import Fields
from vanthu_cli.document.places import Places
from vanthu_cli.document.symbol import DocumentNumber, parse_symbol
from vanthu_cli.document.text import safe_name
from vanthu_cli.errors import (
    ForbiddenError,
    InvalidSignatureError,
    MisuseError,
    PartlyDoneError,
    UndecidedError,
    VanthuError,
    os_words,
)
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.keys import key_image, only_key, open_key, time_stamper
from vanthu_cli.procedures.leader import check_leader
from vanthu_cli.procedures.post import post, settle
from vanthu_cli.procedures.routes import Recipient, route
from vanthu_cli.procedures.sign import person_signature
from vanthu_cli.register import deliveries, documents
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.rules.numbering import check_symbol, outgoing_series
from vanthu_cli.rules.paper import PaperCopy, owed
from vanthu_cli.rules.secrecy import secret_mark
from vanthu_cli.signing import marks
from vanthu_cli.signing.check import check_result
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.pades import number_and_date, preflight, seal
from vanthu_cli.signing.timestamps import probe
from vanthu_cli.validation.findings import as_json


@dataclass(frozen=True, slots=True)
class Request:
    """What the clerk asks for; empty means: as read from the page."""

    file: Path
    to: tuple[str, ...] = ()
    symbol: str = ""
    subject: str = ""
    attachments: tuple[Path, ...] = ()
    session: str = ""
    urgency: str = ""
    person: str = ""
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What issuing will do, to be shown before it is done. `issued` is the document when its number is taken already."""

    request: Request
    source: bytes
    signed: bytes
    fields: Fields
    places: Places
    symbol: str
    day: date
    recipients: tuple[Recipient, ...]
    papers: tuple[PaperCopy, ...]
    attachments: tuple[tuple[str, bytes], ...]
    organisation: str
    issued: Document | None

    @property
    def source_sha256(self) -> str:
        return hashlib.sha256(self.source).hexdigest()


def plan_issue(desk: Desk, request: Request) -> Plan:
    """Ask everything that can refuse; write nothing. The refusals are those of the modules asked, and of the law."""
    source = _read(request.file)
    digest = hashlib.sha256(source).hexdigest()
    issued = documents.by_source(desk.book, digest)
    attachments = tuple((safe_name(path.name), _read(path)) for path in request.attachments)
    signed = (
        desk.cabinet.get(issued.signed_sha256) if issued and issued.signed_sha256 else _by_person(desk, request, source)
    )
    found = desk.examine(request.file.name, signed, "mark", "read", "judge", "places")
    _refuse_secret(desk, request, found.mark, attachments)
    if found.reading is None or found.judgement is None or found.places is None:
        raise MisuseError(
            "issue.unreadable",
            _("{file} cannot be read: {why}").format(file=request.file.name, why=found.fault or _("it is not a PDF")),
            _("Give the PDF that the leader signed."),
        )
    if issued is None:
        check_leader(found.judgement, desk.config.office.code, request.file.name)
    day = date.fromisoformat(issued.day) if issued and issued.day else today(desk.now)
    fields = _fields(found.reading.fields, request)
    symbol = _symbol(desk, fields, request, issued)
    if issued is None:
        _check_blanks(fields, found.places, request.file.name)
        _check_date(found.printed, day, request.file.name)
    recipients = route(desk, request.to, fields.recipients, day=day, session=bool(request.session))
    _same_recipients(desk, recipients, issued)
    papers = owed(
        desk.config.paper,
        session=bool(request.session),
        subject=fields.subject or "",
        doc_type=fields.doc_type or "",
        agencies=[each.agency.code for each in recipients],
    )
    organisation = request.organisation or only_key(desk, "organisation")
    return Plan(
        request,
        source,
        signed,
        fields,
        found.places,
        symbol,
        day,
        recipients,
        papers,
        attachments,
        organisation,
        issued,
    )


def issue(desk: Desk, plan: Plan) -> tuple[Document, list[VanthuError]]:
    """Carry the plan out, or on. Return the document and why some letters could not be sent."""
    with desk.lock():
        document = documents.by_source(desk.book, plan.source_sha256)
        if document is None or document.state == "numbered":
            key = open_key(desk, plan.organisation)
            stamper = time_stamper(desk)
            preflight(plan.signed, plan.places)
            if stamper is not None:
                probe(stamper)
            if document is None:
                _check_room(desk, plan)
                document = _number(desk, plan)
            document = _seal(desk, plan, document, key, stamper)
        if document.state == "sealed":
            document = _queue(desk, plan, document)
        failed = settle(desk)
        waiting = [each for each in deliveries.of_document(desk.book, document.id) if each.state == "queued"]
        failed += post(desk, waiting)
        return documents.get(desk.book, document.id), failed


def numbered_already(document: Document, error: VanthuError) -> PartlyDoneError:
    """Say that the point of no return is behind: the document keeps its number, whatever failed after it."""
    return PartlyDoneError(
        "issue.numbered",
        _("Numbered {name}, not yet sent: {why}").format(name=document.name, why=error.message),
        error.hint or _("Run the same command again; it goes on with the same number."),
    )


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
            fresh = _letter(desk, document, recipient, paper=bool(deliveries.paper_owed(desk.book, document.id)))
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


# -- before the point of no return -----------------------------------------------------------------------------


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MisuseError(
            "file.unreadable", _("{path} cannot be read: {why}").format(path=path, why=os_words(error))
        ) from error


def _by_person(desk: Desk, request: Request, source: bytes) -> bytes:
    if not request.person:
        return source
    key = open_key(desk, request.person, "person")
    image = key_image(desk, request.person)
    return person_signature(desk, request.file.name, source, key, image=image, box=None)


def _refuse_secret(desk: Desk, request: Request, mark: str | None, attachments: Sequence[tuple[str, bytes]]) -> None:
    marks = [mark, secret_mark(request.subject), secret_mark(request.session)]
    marks += [desk.examine(name, data, "mark").mark for name, data in attachments]
    found = next((each for each in marks if each), None)
    if found:
        raise ForbiddenError(
            "issue.secret",
            _("The document bears the mark {mark}: it must not be signed or sent with this program.").format(
                mark=found
            ),
            _(
                "State secrets travel only by cipher channels or on paper (Law 117/2025/QH15; 145-CV/TU point 3). "
                "Hand it to the officer in charge of secret documents; the networks are not allowed for it."
            ),
        )


def _fields(read: Fields, request: Request) -> Fields:
    return replace(
        read,
        subject=" ".join(request.subject.split()) or read.subject,
        urgency=request.urgency or read.urgency,
    )


def _symbol(desk: Desk, fields: Fields, request: Request, issued: Document | None) -> str:
    if issued and issued.symbol:
        return issued.symbol
    symbol = fields.symbol or ""
    if request.symbol:
        whole = "/" in request.symbol or "-" in request.symbol
        asked = parse_symbol(request.symbol if whole else _typed(desk, request.symbol))
        if symbol and symbol != asked:
            raise ForbiddenError(
                "issue.symbol_differs",
                _("The page bears the symbol {page}, not {asked}.").format(page=symbol, asked=asked),
                _("The page is what the leader signed: leave --type out, or have it signed anew."),
            )
        symbol = asked
    if not symbol:
        raise MisuseError(
            "issue.no_symbol",
            _("The symbol could not be read from the page."),
            _("Name the type, for example --type CV."),
        )
    check_symbol(desk.config.office, symbol)
    return symbol


def _typed(desk: Desk, kind: str) -> str:
    office = desk.config.office
    return f"{kind}/{office.symbol}" if office.kind == "party" else f"{kind}-{office.symbol}"


def _check_blanks(fields: Fields, places: Places, name: str) -> None:
    if fields.number is not None:
        raise ForbiddenError(
            "issue.already_numbered",
            _("{file} bears a number already ({number}).").format(
                file=name, number=fields.number_text or fields.number
            ),
            _("The register gives the number: have the page made with the number left blank, and signed so."),
        )
    if places.number is None or places.strip is None or places.seal is None:
        raise MisuseError(
            "issue.no_place",
            _("The place for number, date or seal was not found on the page of {file}.").format(file=name),
            _(
                "The page needs “Số      -CV/TU”, “ngày      tháng      năm …”, and the signer's title and name in the decree's form."
            ),
        )


def _check_date(printed: tuple[int | None, int | None], day: date, name: str) -> None:
    """Refuse a page that prints another month or year beside its blank day: back-dating is not the register's business."""
    month, year = printed
    if month not in {None, day.month} or year not in {None, day.year}:
        raise ForbiddenError(
            "issue.other_date",
            _("{file} prints month {month} and year {year}, but today is {day}.").format(
                file=name, month=month or "…", year=year or "…", day=f"{day:%d/%m/%Y}"
            ),
            _(
                "A document bears the date it is numbered on: have the page made with today's month and year, or blanks."
            ),
        )


def _same_recipients(desk: Desk, recipients: Sequence[Recipient], document: Document | None) -> None:
    """A document in the post keeps its recipients: more of them are a new decision, not a retry."""
    if document is None or document.state not in {"queued", "sent"}:
        return
    addressed = {each.address for each in deliveries.of_document(desk.book, document.id)}
    strangers = [each.address for each in recipients if each.address not in addressed]
    if strangers:
        raise ForbiddenError(
            "issue.other_recipients",
            _("{name} was issued already, to other recipients: {address} was not among them.").format(
                name=document.name, address=", ".join(strangers)
            ),
            _("“vanthu register show {id}” lists where it went.").format(id=document.id),
        )


def _check_room(desk: Desk, plan: Plan) -> None:
    """Ask whether the next number fits its blank while nothing is taken yet; `MisuseError` if it doesn't."""
    series = outgoing_series(desk.config.office, plan.symbol, plan.day)
    if plan.places.strip is not None:
        marks.number_and_date(documents.next_number(desk.book, "di", series), plan.day, plan.places, plan.places.strip)


# -- from here on only forward ---------------------------------------------------------------------------------


def _number(desk: Desk, plan: Plan) -> Document:
    source_sha256, signed_sha256 = desk.cabinet.put(plan.source), desk.cabinet.put(plan.signed)
    attached = [(desk.cabinet.put(data), name) for name, data in plan.attachments]
    with desk.book.step():
        identity = documents.add(
            desk.book,
            "out",
            "number",
            arrived_at=desk.book.at,
            file=safe_name(plan.request.file.name),
            source_sha256=source_sha256,
            signed_sha256=signed_sha256,
            symbol=plan.symbol,
            day=plan.day.isoformat(),
            agency=plan.fields.agency or desk.config.office.name,
            agency_code=desk.config.office.code,
            doc_type=plan.fields.doc_type,
            subject=plan.fields.subject,
            signer=plan.fields.signer_name,
            urgency=plan.fields.urgency,
            session=plan.request.session or None,
        )
        series = outgoing_series(desk.config.office, plan.symbol, plan.day)
        number = documents.take_number(desk.book, "di", series, identity)
        documents.update(desk.book, identity, number=number)
        documents.attach(desk.book, identity, attached)
        desk.book.event(
            "number",
            f"document:{identity}",
            {"number": number, "symbol": plan.symbol, "series": series, "signed": signed_sha256},
        )
    return documents.get(desk.book, identity)


def _seal(desk: Desk, plan: Plan, document: Document, key: SigningKey, stamper: TimeStamper | None) -> Document:
    if document.number is None:
        raise UndecidedError("issue.no_number", _("Document {id} holds no number.").format(id=document.id))
    numbered = number_and_date(plan.signed, key, number=document.number, day=plan.day, places=plan.places)
    sealed = seal(numbered, key, image=key_image(desk, plan.organisation), places=plan.places, time_stamper=stamper)
    check_result(plan.signed, sealed, added=2)
    judged = desk.examine(plan.request.file.name, sealed, "judge").judgement
    if judged is None or judged.verdict == "invalid":
        raise InvalidSignatureError(
            "issue.seal_failed",
            _("The sealed document does not stand up to verification; it was not stored."),
            _("Report this: the leader's file may have been made with an unusual tool."),
        )
    sha256 = desk.cabinet.put(sealed)
    with desk.book.step():
        documents.update(desk.book, document.id, sha256=sha256, verdict=judged.verdict, judgement=as_json(judged))
        documents.advance(
            desk.book,
            document.id,
            "seal",
            {"sha256": sha256, "key": key.fingerprint, "time_stamp": stamper is not None},
        )
    return documents.get(desk.book, document.id)


def _queue(desk: Desk, plan: Plan, document: Document) -> Document:
    """Compose one letter for each agency, keep its bytes, enter it: Message-ID and bytes are fixed from here on."""
    with_paper = {each.agency for each in plan.papers}
    letters = [(each, _letter(desk, document, each, paper=each.agency.code in with_paper)) for each in plan.recipients]
    kept = [(recipient, letter.message_id, desk.cabinet.put(letter.raw)) for recipient, letter in letters]
    with desk.book.step():
        for recipient, message_id, sha256 in kept:
            deliveries.queue(
                desk.book,
                "document",
                document.id,
                agency=recipient.agency.code,
                channel=recipient.channel,
                address=recipient.address,
                message_id=message_id,
                letter=sha256,
            )
        for paper in plan.papers:
            deliveries.owe_paper(desk.book, document.id, paper.agency, paper.copies, paper.reason)
        documents.advance(desk.book, document.id, "queue", {"letters": len(letters)})
    return documents.get(desk.book, document.id)


def _letter(desk: Desk, document: Document, recipient: Recipient, *, paper: bool) -> Letter:
    files = [(f"{document.name.replace('/', '-')}.pdf", desk.cabinet.get(document.sha256 or ""))]
    files += [(name, desk.cabinet.get(sha256)) for sha256, name in documents.attachments(desk.book, document.id)]
    address = desk.config.channels[recipient.channel].address
    return compose(
        message_id=new_message_id(address),
        sender=(desk.config.office.name, address),
        recipient=(recipient.agency.name, recipient.address),
        subject=f"{document.name}: {document.subject or document.doc_type or ''}",
        body=_body(desk, document, files, paper=paper),
        date=desk.now.astimezone(VIETNAM),
        files=files,
    )


def _body(desk: Desk, document: Document, files: Sequence[tuple[str, bytes]], *, paper: bool) -> str:
    """Write what a person with any mail program reads. Always Vietnamese or the run's language, plain text."""
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
