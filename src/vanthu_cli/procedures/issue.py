"""Issuing a document: `sign-send` (NĐ 30/2020 Đ13.7, Đ15, Đ17, Đ18, Đ32.2; 145-CV/TU).

What could refuse was asked in `plan`; key, time stamp authority and room for the number are asked last. Then the point of no
return: the number, in one transaction with the document. Then number, date and seal, then letters queued, then sent. Each step
is durable; the same command goes on where a run died, by the SHA-256 of the file, with the same number.
"""

from io import BytesIO

from vanthu_cli.document.text import fold, safe_name
from vanthu_cli.errors import InvalidSignatureError, PartlyDoneError, UndecidedError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.dossier import file_issued
from vanthu_cli.procedures.keys import open_key, proof, seal_of, sealed_with
from vanthu_cli.procedures.make import moment
from vanthu_cli.procedures.plan import Attachment, Plan
from vanthu_cli.procedures.post import post, settle
from vanthu_cli.procedures.send import compose_letters, keep_bodies, queue_letters
from vanthu_cli.register import deliveries, documents, keeping, numbers
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.numbering import outgoing_series
from vanthu_cli.signing import marks, pades
from vanthu_cli.signing.check import check_result
from vanthu_cli.signing.cms import sign_detached
from vanthu_cli.signing.files import open_pdf
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.levels import Proof
from vanthu_cli.signing.timestamps import probe
from vanthu_cli.validation.findings import as_json


def issue(desk: Desk, plan: Plan) -> tuple[Document, list[VanthuError]]:
    """Carry the plan out, or on. Return the document and why some letters could not be sent."""
    with desk.lock():
        document = documents.by_source(desk.book, plan.source_sha256)
        if document is None or document.state == "numbered":
            key = open_key(desk, plan.organisation)
            with_what = proof(desk, bare=plan.request.bare)
            pades.preflight(BytesIO(plan.signed), plan.places, sealed_at=plan.sealed_at)
            if with_what.time_stamper is not None:
                probe(with_what.time_stamper)
            if document is None:
                _check_room(desk, plan)
                document = _number(desk, plan)
            document = _seal(desk, plan, document, key, with_what)
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


def _check_room(desk: Desk, plan: Plan) -> None:
    """Ask whether the next number fits its blank while nothing is taken yet; `MisuseError` if it doesn't."""
    series = outgoing_series(desk.config, plan.symbol, plan.day)
    if plan.places.strip is not None:
        number = numbers.upcoming(desk.book, "di", series)
        page = open_pdf(plan.signed).page(plan.places.strip.page)
        marks.number_and_date(number, plan.day, plan.places, page, plan.places.strip)


def _number(desk: Desk, plan: Plan) -> Document:
    source_sha256, signed_sha256 = desk.cabinet.put(plan.source), desk.cabinet.put(plan.signed)
    attached = [(desk.cabinet.put(each.data), each.name) for each in plan.attachments]
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
            signer_title=plan.fields.signer_title,
            pages=plan.pages or None,
            places=_places(plan),
            fields={"fields": plan.fields.as_json()},
        )
        series = outgoing_series(desk.config, plan.symbol, plan.day)
        number = numbers.take(desk.book, "di", series, identity)
        documents.update(desk.book, identity, number=number)
        documents.set_text(desk.book, identity, plan.text)
        documents.attach(desk.book, identity, attached)
        file_issued(desk.book, plan.request.session, identity)
        for kind, other in plan.links:
            keeping.link(desk.book, identity, kind, other.id)
        desk.book.event(
            "number",
            f"document:{identity}",
            {"number": number, "symbol": plan.symbol, "series": series, "signed": signed_sha256},
        )
    return documents.get(desk.book, identity)


def _places(plan: Plan) -> str:
    """Return nơi nhận for the book: as printed, with the agencies in the place of “Như trên”."""
    addressed = [each.agency.name for each in plan.recipients]
    printed = [each for each in plan.fields.recipients if not fold(each).startswith("nhu tren")]
    return "; ".join(printed if len(printed) == len(plan.fields.recipients) and printed else [*addressed, *printed])


def _seal(desk: Desk, plan: Plan, document: Document, key: SigningKey, with_what: Proof) -> Document:
    if document.number is None:
        raise UndecidedError("issue.no_number", _("Document {id} holds no number.").format(id=document.id))
    image, size = seal_of(desk, plan.organisation)
    paper = BytesIO(plan.signed)
    pades.number_and_date(paper, key, number=document.number, day=plan.day, places=plan.places, proof=with_what)
    pades.seal(paper, key, image=image, size=size, box=plan.sealed_at, proof=with_what)
    check_result(BytesIO(plan.signed), paper, added=2)
    sealed = paper.getvalue()
    judged = desk.examine(plan.request.file.name, sealed, "judge").judgement
    if judged is None or judged.verdict == "invalid":
        raise InvalidSignatureError(
            "issue.seal_failed",
            _("The sealed document does not stand up to verification; it was not stored."),
            _("Report this: the leader's file may have been made with an unusual tool."),
        )
    sha256 = desk.cabinet.put(sealed)
    annexes = [(each, desk.cabinet.put(_annex(each, document, key, with_what))) for each in plan.attachments]
    with desk.book.step():
        for each, signed in annexes:
            if each.corner is None:
                documents.attach(desk.book, document.id, [(signed, f"{each.name}.p7s")], source=each.sha256)
            else:
                documents.exchange_attachment(desk.book, document.id, each.sha256, signed)
        documents.update(desk.book, document.id, sha256=sha256, verdict=judged.verdict, judgement=as_json(judged))
        documents.advance(
            desk.book,
            document.id,
            "seal",
            sealed_with(sha256, key, with_what, bare=plan.request.bare)
            | {"annexes": [signed for _each, signed in annexes]},
        )
    return documents.get(desk.book, document.id)


def _annex(each: Attachment, document: Document, key: SigningKey, with_what: Proof) -> bytes:
    """Sign a file that goes along (Phụ lục I II.8.b): a mark on an unsigned PDF, a signature beside anything else."""
    if each.corner is None:
        return sign_detached(BytesIO(each.data), key, time_stamper=with_what.time_stamper)
    paper = BytesIO(each.data)
    lines = [document.name, moment()]
    pades.text_mark(paper, key, lines=lines, field=pades.FIELDS.annex, box=each.corner, proof=with_what)
    check_result(BytesIO(each.data), paper, added=1)
    return paper.getvalue()


def _queue(desk: Desk, plan: Plan, document: Document) -> Document:
    """Write one letter for each agency, keep their bytes, enter them: Message-IDs and bytes are fixed from here on."""
    letters = compose_letters(desk, document, plan.recipients, {each.agency for each in plan.papers})
    keep_bodies(desk, letters)
    with desk.book.step():
        addressed = zip(plan.recipients, letters, strict=True)
        queue_letters(desk, document, "document", [(to.agency.code, to.channel, letter) for to, letter in addressed])
        for paper in plan.papers:
            deliveries.owe_paper(desk.book, document.id, paper.agency, paper.copies, paper.reason)
        documents.advance(desk.book, document.id, "queue", {"letters": len(letters)})
    return documents.get(desk.book, document.id)
