"""Signing files outside the issuing procedure: first everything is looked at, then, after one PIN, everything is signed.

`plan` looks at one file and decides what would be put where; whatever can refuse refuses there, and warnings of form are
gathered, so that the clerk has read them before typing a PIN. `press` then has the signatures made; `record` enters each.
A batch that was interrupted is run again: what is signed already is recognised and left alone.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from vanthu_cli.document.places import Box
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.examine import Examination, Question, Task
from vanthu_cli.procedures.inputs import XML, is_pdf, refuse_secret, refuse_unexamined, refuse_unreadable
from vanthu_cli.procedures.keys import check_key, find_key, key_image, only_key, open_card, seal_of
from vanthu_cli.procedures.leader import check_leader, is_hybrid
from vanthu_cli.procedures.make import Job, Made, exists, is_signature_by, sweep
from vanthu_cli.procedures.spots import (
    SAMPLE_TIME,
    Order,
    Role,
    annex_number,
    lines_of,
    named_place,
    printed_signer,
    seal_place,
    signed_place,
)
from vanthu_cli.register import documents
from vanthu_cli.register.book import history
from vanthu_cli.rules.deadlines import today
from vanthu_cli.rules.form import form_faults
from vanthu_cli.rules.numbering import check_symbol
from vanthu_cli.signing import marks, pades
from vanthu_cli.validation.pdf import signed_by

_TASKS: dict[Role, tuple[Task, ...]] = {
    "person": ("mark", "read", "places", "signers"),
    "organisation": ("mark", "read", "places", "signers", "judge"),
    "annex": ("mark", "signers"),
    "copy": ("mark", "signers", "scan"),
    "arrival": ("mark", "signers"),
}


@dataclass(frozen=True, slots=True)
class Planned:
    """A file and what will be done with it. `warnings` are (code, detail) of `rules.form`.

    `done`: it was, by an earlier run; then `unnoted` is what that run made and died before noting.
    """

    file: Path
    job: Job
    warnings: tuple[tuple[str, str], ...] = ()
    signers: tuple[str, ...] = ()
    done: bool = False
    unnoted: Made | None = None
    copy: "Copy | None" = None


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy is in the register: the SHA-256 of its source, and the row if its number is taken already."""

    source_sha256: str
    made: documents.Document | None


@dataclass(frozen=True, slots=True)
class Signed:
    """One file signed: where it is, at which level, whether a trusted time is in it, and the number of a copy."""

    source: Path
    output: Path
    role: Role
    level: str
    time_stamped: bool
    repaired: bool
    number: str = ""


def order(desk: Desk, role: Role, key_name: str, **wishes: object) -> Order:
    """Choose the key and judge its certificate; a secret is asked for only where nothing else shows the certificate."""
    key_role = "person" if role == "person" else "organisation"
    card = find_key(desk, key_name or only_key(desk, key_role), key_role)
    check_key(desk, card)
    if card.x509 is None:
        key = open_card(desk, card)
        card = replace(card, x509=key.x509, chain=key.chain)
    if role == "annex" and not wishes.get("detached"):
        annex_number(str(wishes.get("annex_of") or ""))
    return Order(role, card, **wishes)  # type: ignore[arg-type]  # the fields of Order, checked by the command's own types


def question(desk: Desk, order: Order, file: Path) -> Question:
    """Return what must be known of a PDF before this kind of signature."""
    tasks = _TASKS[order.role]
    return replace(
        desk.question(file.name, file, *tasks),
        room=(marks.ARRIVAL_WIDTH, marks.ARRIVAL_HEIGHT) if order.role == "arrival" and order.at is None else None,
        corner=marks.text_size(lines_of(desk, order, SAMPLE_TIME))
        if order.role in {"annex", "copy"} and order.at is None
        else None,
        place=named_place(desk, order),
        password=order.password,
    )


def plan(
    desk: Desk, order: Order, file: Path, output: Path, found: Examination | None, *, given: Path | None = None
) -> Planned:
    """Decide what goes where, refuse what must not be signed. `found` answers `question`; None for what is no PDF.

    `given` is the file that the clerk named, where `file` is the PDF made of it.
    """
    if found is None:
        return _plan_other(desk, order, file, output)
    refuse_secret(file.name, found.mark)
    if output.exists():
        return _done(desk, order, given or file, output)
    refuse_unreadable(file, found.fault, order.password)
    _refuse_again(order, file, found.signers)
    warnings = _warnings(desk, order, found)
    match order.role:
        case "person":
            warnings += _later_refused(desk, found)
            job = _person(desk, order, file, output, found)
            _refuse_placeless(job, pades.person_field(job.index), found)
            return Planned(file, job, warnings)
        case "organisation":
            if found.judgement is not None:
                check_leader(found.judgement, desk.config.office.code, file.name)
            job = _seal(desk, order, file, output, found)
            _refuse_placeless(job, pades.FIELDS.seal, found)
            blank = found.places is not None and found.places.number is not None
            warnings += (("not-numbered", ""),) if blank else ()
            return Planned(file, job, tuple(each for each in warnings if each[0] != "other-name"))
        case "annex" | "copy":
            job = _job(desk, order, file, output, found.corner)
            unknown = order.role == "annex" and not _is_registered(desk, order.annex_of)
            told = (("unknown-number", order.annex_of),) if unknown else ()
            return Planned(file, replace(job, lines=lines_of(desk, order, "")[:-1]), told)
        case "arrival":  # its number comes from the register, never from the command line
            job = _job(desk, order, file, output, found.room)
            return Planned(
                file,
                replace(
                    job,
                    agency=desk.config.office.name,
                    number=_arrival_number(desk, file),
                    day=today(desk.now),
                    passed_to=order.passed_to,
                    file_code=order.file_code,
                ),
            )


def record(desk: Desk, order: Order, planned: Planned, made: Made, *, level: str, bare: bool) -> Signed:
    """Enter the signature among the events: which key signed which bytes when, and whether the clerk did without time stamps.

    `level` is empty for what an earlier run has made: the signature itself tells.
    """
    with desk.book.step():
        desk.book.event(
            "sign",
            f"file:{_named(desk, planned, made)}",
            {
                "as": order.role,
                "of": order.annex_of or None,
                "key": order.card.fingerprint,
                "sha256": made.sha256,
                "level": level,
                "without_time_stamp": bare,
                "repaired": made.repaired,
                "warnings": [code for code, _detail in planned.warnings],
            },
        )
    return Signed(planned.file, planned.job.output, order.role, level, level != "B-B", made.repaired)


def _plan_other(desk: Desk, order: Order, file: Path, output: Path) -> Planned:
    """Plan for what is no PDF: XML gets an XAdES signature inside, anything else a CMS beside it (.p7s)."""
    found = desk.examine(file.name, file, "mark")
    refuse_secret(file.name, found.mark)
    refuse_unexamined(file, found.fault)
    if order.role not in {"person", "organisation", "annex"}:
        raise MisuseError(
            "sign.only_pdf",
            _("{file} is no PDF: a copy or an arrival mark can only be put on a PDF.").format(file=file.name),
            _("Sign it as person, organisation or annex: the signature goes into a file of its own (.p7s)."),
        )
    if output.exists():
        return _done(desk, order, file, output)
    xml = file.suffix.lower() in XML and not order.detached
    return Planned(file, Job("xml" if xml else "detached", file, output))


def _person(desk: Desk, order: Order, file: Path, output: Path, found: Examination) -> Job:
    """Find the signer's place by name; prepare the fields first where nobody did: later marks in them are the least disputed."""
    image = key_image(desk, order.card.name)
    job = replace(_job(desk, order, file, output, None), image=image)
    places = found.places
    if order.at is not None or places is None or not places.signers:
        return job
    index = printed_signer(places, order.card.subject, file.name)
    box = places.signers[index].box
    if found.signers or places.strip is None or any(each.box is None for each in places.signers):
        return replace(job, box=box, index=index)
    return replace(job, box=box, index=index, prepare=places, sealed_at=seal_place(desk, places, index))


def _seal(desk: Desk, order: Order, file: Path, output: Path, found: Examination) -> Job:
    image, size = seal_of(desk, order.card.name)
    job = replace(_job(desk, order, file, output, None), image=image, size=size)
    if order.at is not None or found.places is None:
        return job
    return replace(job, box=seal_place(desk, found.places, signed_place(desk, found)))


def _job(desk: Desk, order: Order, file: Path, output: Path, box: Box | None) -> Job:
    named = named_place(desk, order)
    return Job(order.role, file, output, password=order.password, box=named or box, anew=named is not None)


def _warnings(desk: Desk, order: Order, found: Examination) -> tuple[tuple[str, str], ...]:
    """Return what the page lacks, and what else a clerk should know before the signature."""
    faults = form_faults(
        found.reading.fields if found.reading else None,
        signer=order.card.subject,
        own_names=names_of(desk),
        signers=found.places.signers if found.places else (),
    )
    if found.covered:
        faults.append(("covers-text", ""))
    if found.judgement and is_hybrid(found.judgement):
        faults.append(("hybrid", ""))
    return tuple(faults)


def _later_refused(desk: Desk, found: Examination) -> tuple[tuple[str, str], ...]:
    """Say now, while the page can still be made anew, what `sign-send` will refuse after the leader has signed."""
    fields = found.reading.fields if found.reading else None
    if fields is None:
        return ()
    faults = [("numbered-already", fields.number_text or str(fields.number))] if fields.number is not None else []
    if fields.symbol:
        try:
            check_symbol(desk.config.office, fields.symbol)
        except ForbiddenError:
            faults.append(("foreign-symbol", fields.symbol))
    return tuple(faults)


def _is_registered(desk: Desk, number: str) -> bool:
    try:
        documents.find(desk.book, number)
    except MisuseError as error:
        return error.code == "register.ambiguous"
    return True


def _refuse_placeless(job: Job, field: str, found: Examination) -> None:
    """Refuse before the secret what has no place, lies off the page, or would break an earlier signature; only where it may be so."""
    if found.signers or job.box is None or job.anew:
        with job.source.open("rb") as source:
            try:
                pades.refuse_place(source, field, job.box, anew=job.anew, password=job.password)
            except MisuseError as error:
                if error.code == "signing.place_not_found" and found.places and found.places.signers:
                    raise _no_room(job.source) from error
                if error.code != "signing.unreadable" or found.signers:  # it may be repaired yet
                    raise


def _no_room(file: Path) -> MisuseError:
    return MisuseError(
        "sign.no_room",
        _("On {file} there is not enough free room between the signer's title and name.").format(file=file.name),
        _("Leave more room there in the document (four blank lines) and export it again, or say --at PAGE:X,Y."),
    )


def names_of(desk: Desk) -> tuple[str, ...]:
    """Return the names by which this office may stand as issuer: its own, and its committee's (145-CV/TU)."""
    office = desk.config.office
    return tuple(name for name in (office.name, office.parent) if name)


def _named(desk: Desk, planned: Planned, made: Made) -> str:
    """Return the SHA-256 of the file as the clerk gave it: of a Word file, not of the PDF that was made of it."""
    return made.source_sha256 if planned.job.source == planned.file else desk.cabinet.name_of(planned.file)


def _refuse_again(order: Order, file: Path, signers: tuple[str, ...]) -> None:
    if not order.again and order.card.fingerprint in signers:
        raise ForbiddenError(
            "sign.again",
            _("{file} bears a signature by this key already.").format(file=file.name),
            _("If it shall really sign once more, add --again."),
        )


def _done(desk: Desk, order: Order, file: Path, output: Path) -> Planned:
    """Recognise what an earlier run has signed; any other file of that name is somebody's and stays."""
    source, result = desk.cabinet.name_of(file), desk.cabinet.name_of(output)
    known = [json.loads(row["data"]) for row in history(desk.book, f"file:{source}") if row["kind"] == "sign"]
    noted = any(
        (each["sha256"], each["as"], each["of"] or "") == (result, order.role, order.annex_of) for each in known
    )
    if noted or (order.card.fingerprint and _made_by(file, output, order.card.fingerprint)):
        sweep(output)
        job = Job(order.role if is_pdf(file) else "detached", file, output)
        return Planned(file, job, done=True, unnoted=None if noted else Made(source, result, None))
    raise exists(output)


def _made_by(file: Path, output: Path, fingerprint: str) -> bool:
    """Tell whether the output is this key's signature on the file: the run that made it died before noting it."""
    if output.suffix == ".p7s":
        return is_signature_by(file, output, fingerprint)
    return _continues(file, output, fingerprint)


def _continues(file: Path, output: Path, fingerprint: str) -> bool:
    """Tell whether the output is the file with one more signature by this key."""
    size = file.stat().st_size
    with file.open("rb") as source, output.open("rb") as result:
        while chunk := source.read(1 << 20):
            if result.read(len(chunk)) != chunk:
                return False
    if output.stat().st_size <= size:
        return False
    return fingerprint in signed_by(output)[len(signed_by(file)) :]


def _arrival_number(desk: Desk, file: Path) -> int:
    document = documents.by_bytes(desk.book, desk.cabinet.name_of(file), "in")
    if document is None or document.arrival_number is None:
        raise ForbiddenError(
            "sign.not_registered",
            _("This file has no arrival number: it is not in the register of incoming documents."),
            _("Accept it first: vanthu inbox list, vanthu inbox accept ID"),
        )
    return document.arrival_number
