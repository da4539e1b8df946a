"""Planning an issue: everything that can refuse is asked here, and nothing is written (contract.md, `sign-send`).

Marks, the leader's signature, symbol, blanks, date, recipients, paper (NĐ 30/2020 Đ32.2.c-d; 145-CV/TU points 3 and 4).
"""

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO
from pathlib import Path

from vanthu_cli.document.fields import Fields
from vanthu_cli.document.places import Box, Places
from vanthu_cli.document.symbol import parse_symbol
from vanthu_cli.document.text import safe_name
from vanthu_cli.errors import (
    ForbiddenError,
    MisuseError,
    os_words,
)
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.dossier import check_session
from vanthu_cli.procedures.inputs import as_pdf
from vanthu_cli.procedures.keys import check_key, find_key, key_image, only_key, open_key, proof
from vanthu_cli.procedures.leader import check_leader, is_hybrid
from vanthu_cli.procedures.links import check_pair
from vanthu_cli.procedures.packages import check_package_keys
from vanthu_cli.procedures.routes import Recipient, route
from vanthu_cli.procedures.send import check_size
from vanthu_cli.procedures.sign import names_of
from vanthu_cli.procedures.spots import own_signer, printed_signer, seal_place, signed_place, signer_name
from vanthu_cli.register import deliveries, documents
from vanthu_cli.register.documents import Document
from vanthu_cli.register.keeping import LinkKind
from vanthu_cli.rules.deadlines import today
from vanthu_cli.rules.form import form_faults
from vanthu_cli.rules.numbering import check_symbol
from vanthu_cli.rules.paper import PaperCopy, owed
from vanthu_cli.rules.secrecy import secret_mark
from vanthu_cli.signing import marks, pades
from vanthu_cli.signing.files import open_pdf
from vanthu_cli.validation.findings import Judgement

_SEAL = 256 << 10
"""Bytes by which number, seal and proofs make a file larger, at most."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the clerk asks for; empty means: as read from the page. `bare`: without time stamps, this once.

    `links`: documents that it answers, corrects or replaces, by kind.
    """

    file: Path
    to: tuple[str, ...] = ()
    symbol: str = ""
    subject: str = ""
    attachments: tuple[Path, ...] = ()
    session: str = ""
    urgency: str = ""
    person: str = ""
    organisation: str = ""
    bare: bool = False
    links: tuple[tuple[LinkKind, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along; `corner` is where the annex's mark goes on its first page, None: it gets a signature beside it."""

    name: str
    data: bytes
    corner: Box | None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Plan:
    """What issuing will do, to be shown before it is done. `issued` is the document when its number is taken already.

    `sealed_at` is where the seal goes when no field was prepared for it; `pages` and `text` are the file's; `warnings` are those of
    `rules.form`.
    """

    request: Request
    source: bytes
    signed: bytes
    fields: Fields
    places: Places
    symbol: str
    day: date
    recipients: tuple[Recipient, ...]
    papers: tuple[PaperCopy, ...]
    attachments: tuple[Attachment, ...]
    organisation: str
    issued: Document | None
    sealed_at: Box | None = None
    pages: int = 0
    text: str = ""
    links: tuple[tuple[LinkKind, Document], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()

    @property
    def source_sha256(self) -> str:
        return hashlib.sha256(self.source).hexdigest()


def plan_issue(desk: Desk, request: Request) -> Plan:
    """Ask everything that can refuse; write nothing. The refusals are those of the modules asked, and of the law."""
    source = _read(request.file)
    digest = hashlib.sha256(source).hexdigest()
    issued = documents.by_source(desk.book, digest)
    if issued and issued.state in {"recalled", "voided"}:
        raise ForbiddenError(
            "issue.over",
            _("{name} was issued and then taken back or voided: nothing is sent.").format(name=issued.name),
            _("What replaces it is a document of its own, with a number of its own: have it made and signed anew."),
        )
    attached = tuple((safe_name(path.name), _read(path)) for path in request.attachments)
    if issued and issued.signed_sha256:
        signed = desk.cabinet.get(issued.signed_sha256)
    else:
        with as_pdf(request.file, detached=False) as readable:
            signed = _by_person(desk, request, source if readable == request.file else _read(readable))
    found = desk.examine(request.file.name, signed, "mark", "read", "judge", "places", "text")
    _refuse_secret(request, found.mark)
    if issued is None:
        check_session(desk.book, request.session)
    attachments = tuple(_attachment(desk, name, data) for name, data in attached)
    _refuse_twice(attachments)
    if found.reading is None or found.judgement is None or found.places is None:
        raise MisuseError(
            "issue.unreadable",
            _("{file} cannot be read: {why}").format(file=request.file.name, why=found.fault or _("it is not a PDF")),
            _("Give the PDF that the leader signed."),
        )
    if issued is None:
        check_leader(found.judgement, desk.config.office.code, request.file.name)
        _check_all_signed(found.judgement, found.places, request.file.name)
        _check_unsealed(found.judgement, desk.config.office.code, request.file.name)
    day = date.fromisoformat(issued.day) if issued and issued.day else today(desk.now)
    fields = _fields(found.reading.fields, found.places, signed_place(desk, found), request)
    symbol = _symbol(desk, fields, request, issued)
    if issued is None:
        _check_blanks(fields, found.places, request.file.name)
        _check_date(found.printed, day, request.file.name)
    recipients = route(desk, request.to, fields.recipients, day=day, session=bool(request.session))
    _same_recipients(desk, recipients, issued)
    _same_wishes(desk, request, attachments, issued)
    papers = owed(
        desk.config.paper,
        session=bool(request.session),
        subject=fields.subject or "",
        doc_type=fields.doc_type or "",
        agencies=[each.agency.code for each in recipients],
    )
    organisation = request.organisation or only_key(desk, "organisation")
    if issued is None:
        check_package_keys(desk, recipients)
        check_size(desk, recipients, len(signed) + _SEAL + sum(len(each.data) for each in attachments))
        check_key(desk, find_key(desk, organisation, "organisation"))
    warnings = form_faults(
        found.reading.fields,
        signer=own_signer(desk, found.judgement),
        own_names=names_of(desk),
        annexes=found.annexes,
        attached=len(attachments),
        signers=found.places.signers,
    )
    if is_hybrid(found.judgement):
        warnings.append(("hybrid", ""))
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
        seal_place(desk, found.places, signed_place(desk, found)),
        found.pages,
        found.text,
        _linked(desk, request, fields),
        tuple(warnings),
    )


def _linked(desk: Desk, request: Request, fields: Fields) -> tuple[tuple[LinkKind, Document], ...]:
    """Return the documents that this one answers, corrects or replaces; refuse what the decree does not know (Đ18.3)."""
    links = []
    for kind, name in request.links:
        other = documents.find(desk.book, name)
        if kind == "answers" and other.direction != "in":
            raise MisuseError("link.no_question", _("{name} did not come from outside.").format(name=other.name))
        if kind != "answers":
            check_pair(kind, other, name=request.file.name, doc_type=fields.doc_type)
        links.append((kind, other))
    return tuple(links)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MisuseError(
            "file.unreadable", _("{path} cannot be read: {why}").format(path=path, why=os_words(error))
        ) from error


def _by_person(desk: Desk, request: Request, source: bytes) -> bytes:
    """Have the leader sign here, with a key of the configuration, in fields prepared for it."""
    if not request.person:
        return source
    name = request.file.name
    card = find_key(desk, request.person, "person")
    check_key(desk, card)
    found = desk.examine(name, source, "mark", "read", "places", "signers")
    _refuse_secret(request, found.mark)
    key = open_key(desk, request.person, "person")
    if key.fingerprint in found.signers:
        raise ForbiddenError(
            "sign.again",
            _("{file} bears a signature by this key already.").format(file=name),
            _("Leave --person out: the leader has signed."),
        )
    places = found.places or Places()
    index = printed_signer(places, key.subject, name)
    paper = BytesIO(source)
    with contextlib.suppress(MisuseError, ForbiddenError):  # prepared or signed already, or no place for a field
        pades.prepare(paper, places, sealed_at=seal_place(desk, places, index))
    box = places.signers[index].box if places.signers else None
    with_what = proof(desk, bare=request.bare, person=True)
    pades.sign_person(paper, key, image=key_image(desk, request.person), box=box, index=index, proof=with_what)
    return paper.getvalue()


def _attachment(desk: Desk, name: str, data: bytes) -> Attachment:
    """Look at a file that goes along: for secrecy marks, and for the place of the annex's mark if it is an unsigned PDF."""
    wanted = marks.text_size(["99999-TTr/UBKTTU", "2026-11-25T09:30:15+07:00"])
    looked = desk.examine(name, data, "mark", "signers", corner=wanted)
    _refuse_mark(name, looked.mark)
    if looked.fault:
        raise ForbiddenError(
            "issue.attachment_unreadable",
            _("The attachment {name} cannot be examined, so nobody can tell whether it is secret.").format(name=name),
            _("Send it in another form: unlocked, not packed, not damaged."),
        )
    return Attachment(name, data, looked.corner if not looked.signers and _signable(data) else None)


def _refuse_twice(attachments: Sequence[Attachment]) -> None:
    names: dict[str, str] = {}
    for each in attachments:
        if each.sha256 in names:
            raise MisuseError(
                "issue.attached_twice",
                _("{first} and {second} are the same file.").format(first=names[each.sha256], second=each.name),
                _("Attach it once."),
            )
        names[each.sha256] = each.name


def _signable(data: bytes) -> bool:
    try:
        return not open_pdf(data).signatures
    except MisuseError:
        return False


def _refuse_secret(request: Request, mark: str | None) -> None:
    _refuse_mark(request.file.name, mark)
    _refuse_mark("--subject", secret_mark(request.subject))
    _refuse_mark("--session", secret_mark(request.session))


def _refuse_mark(where: str, mark: str | None) -> None:
    if mark:
        raise ForbiddenError(
            "issue.secret",
            _("{where} bears the mark {mark}: it must not be signed or sent with this program.").format(
                where=where, mark=mark
            ),
            _(
                "State secrets travel only by cipher channels or on paper (Law 117/2025/QH15; 145-CV/TU point 3). "
                "Hand it to the officer in charge of secret documents; the networks are not allowed for it."
            ),
        )


def _fields(read: Fields, places: Places, ours: int, request: Request) -> Fields:
    """Of several signers the page's fields name none: the register takes this office's own."""
    several = len(places.signers) > ours and not read.signer_name
    return replace(
        read,
        signer_name=places.signers[ours].name if several else read.signer_name,
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


def _check_unsealed(judgement: Judgement, office: str, name: str) -> None:
    if any(each.role == "organisation" and each.agency == office for each in judgement.signatures):
        raise ForbiddenError(
            "issue.sealed_already",
            _("{file} bears the office's seal already.").format(file=name),
            _("Give the file as the leader signed it: sign-send puts number, date and seal on it."),
        )


def _check_all_signed(judgement: Judgement, places: Places, name: str) -> None:
    """Refuse a joint document on which somebody's signature is still missing: numbered, it could not be added any more."""
    signed = [signer_name(each.signer) for each in judgement.signatures]
    missing = [
        each.name for index, each in enumerate(places.signers) if not any(places.of(other) == index for other in signed)
    ]
    if len(places.signers) > 1 and missing:
        raise ForbiddenError(
            "issue.signature_missing",
            _("{file} is not signed yet by {names}.").format(file=name, names=", ".join(missing)),
            _("Have everybody sign who is printed as a signer; then number and seal it."),
        )


def _check_blanks(fields: Fields, places: Places, name: str) -> None:
    if fields.number is not None:
        raise ForbiddenError(
            "issue.already_numbered",
            _("{file} bears a number already ({number}).").format(
                file=name, number=fields.number_text or fields.number
            ),
            _("The register gives the number: have the page made with the number left blank, and signed so."),
        )
    if places.number is None or places.strip is None or not places.signers:
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


def _same_wishes(desk: Desk, request: Request, attachments: Sequence[Attachment], document: Document | None) -> None:
    """Say of an issued document that what is asked in addition will not happen, instead of seeming to do it."""
    if document is None:
        return
    kept = documents.attachment_sources(desk.book, document.id)
    added = [each.name for each in attachments if each.sha256 not in kept]
    subject, urgency = " ".join(request.subject.split()), request.urgency
    if added or (subject and subject != document.subject) or (urgency and urgency != document.urgency):
        raise ForbiddenError(
            "issue.other_wishes",
            _("{name} was numbered already; attachments, subject and urgency cannot be changed any more.").format(
                name=document.name
            ),
            _("“vanthu register show {id}” shows what was issued.").format(id=document.id),
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
