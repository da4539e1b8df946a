"""Signing files outside the issuing procedure: first everything is looked at, then, after one PIN, everything is signed.

`plan` looks at one file and decides what would be put where; whatever can refuse refuses there, and warnings of form are
gathered, so that the clerk has read them before typing a PIN. `carry_out` makes one signature and records it in the register.
A batch that was interrupted is run again: what is signed already is recognised and left alone.
"""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from vanthu_cli.document.places import MM, Box, Places
from vanthu_cli.document.symbol import parse_number
from vanthu_cli.errors import ForbiddenError, MisuseError, os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.examine import FATAL, Examination, Question, Task
from vanthu_cli.procedures.keys import Card, check_key, find_key, key_image, only_key, seal_of
from vanthu_cli.procedures.leader import check_leader
from vanthu_cli.procedures.make import Job, Made, exists, is_signature_by, sweep
from vanthu_cli.register import documents
from vanthu_cli.register.book import history
from vanthu_cli.rules.copies import FORMS
from vanthu_cli.rules.deadlines import today
from vanthu_cli.rules.form import form_faults
from vanthu_cli.signing import marks
from vanthu_cli.signing.damage import claims_signature
from vanthu_cli.signing.files import open_pdf
from vanthu_cli.signing.pades import over_left_third
from vanthu_cli.validation.pdf import signed_by

Role = Literal["person", "organisation", "annex", "copy", "arrival"]
ROLES: tuple[Role, ...] = ("person", "organisation", "annex", "copy", "arrival")

_SIGNATURE = (50 * MM, 20 * MM)
_WRITER = {".docx", ".doc", ".odt", ".rtf"}
_XML = {".xml", ".edxml"}
_SAMPLE_TIME = "2026-11-25T09:30:15+07:00"
_TASKS: dict[Role, tuple[Task, ...]] = {
    "person": ("mark", "read", "places", "signers"),
    "organisation": ("mark", "read", "places", "signers", "judge"),
    "annex": ("mark", "signers"),
    "copy": ("mark", "signers", "scan"),
    "arrival": ("mark", "signers"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What the clerk wants of every file of a batch. `at` is (page from 1, x, y) of the mark's lower left corner in points.

    `annex_of` is the number of the document whose annex a file is ("145-CV/TU"), `form` the form of a copy (`rules.copies`);
    `detached` asks for a .p7s of any file.
    """

    role: Role
    card: Card
    at: tuple[int, float, float] | None = None
    again: bool = False
    password: str = ""
    annex_of: str = ""
    form: str = ""
    passed_to: str = ""
    file_code: str = ""
    detached: bool = False


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
    """Choose the key and judge its certificate; no secret is asked for."""
    key_role = "person" if role == "person" else "organisation"
    card = find_key(desk, key_name or only_key(desk, key_role), key_role)
    check_key(desk, card)
    if role == "annex" and not wishes.get("detached"):
        _annex_of(str(wishes.get("annex_of") or ""))
    return Order(role, card, **wishes)  # type: ignore[arg-type]  # the fields of Order, checked by the command's own types


def question(desk: Desk, order: Order, file: Path) -> Question:
    """Return what must be known of a PDF before this kind of signature."""
    tasks = _TASKS[order.role]
    return replace(
        desk.question(file.name, file, *tasks),
        room=(marks.ARRIVAL_WIDTH, marks.ARRIVAL_HEIGHT) if order.role == "arrival" and order.at is None else None,
        corner=marks.text_size(_lines(desk, order, _SAMPLE_TIME))
        if order.role in {"annex", "copy"} and order.at is None
        else None,
        place=_named_place(desk, order),
        password=order.password,
    )


def plan(desk: Desk, order: Order, file: Path, output: Path, found: Examination | None) -> Planned:
    """Decide what goes where, refuse what must not be signed. `found` answers `question`; None for what is no PDF."""
    if found is None:
        return _plan_other(desk, order, file, output)
    refuse_secret(file.name, found.mark)
    if output.exists():
        return _done(desk, order, file, output)
    _refuse_unreadable(file, found.fault, order.password)
    _refuse_again(order, file, found.signers)
    warnings = tuple(
        form_faults(
            found.reading.fields if found.reading else None,
            signer=order.card.subject,
            own_names=names_of(desk),
            signers=found.places.signers if found.places else (),
        )
    )
    if found.covered:
        warnings += (("covers-text", ""),)
    match order.role:
        case "person":
            return Planned(file, _person(desk, order, file, output, found), warnings)
        case "organisation":
            if found.judgement is not None:
                check_leader(found.judgement, desk.config.office.code, file.name)
            others = tuple(each for each in warnings if each[0] != "other-name")
            return Planned(file, _seal(desk, order, file, output, found), others)
        case "annex" | "copy":
            job = _job(desk, order, file, output, found.corner)
            return Planned(file, replace(job, lines=_lines(desk, order, "")[:-1]))
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
            f"file:{made.source_sha256}",
            {
                "as": order.role,
                "key": order.card.fingerprint,
                "sha256": made.sha256,
                "level": level,
                "without_time_stamp": bare,
                "repaired": made.repaired,
                "warnings": [code for code, _detail in planned.warnings],
            },
        )
    return Signed(planned.file, planned.job.output, order.role, level, level != "B-B", made.repaired)


def check_input(file: Path, output: Path) -> None:
    """`MisuseError` for a file that is not there or a folder that the output cannot go to."""
    if not output.absolute().parent.is_dir():
        raise MisuseError("sign.no_folder", _("There is no folder {path}.").format(path=output.absolute().parent))
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise MisuseError(
            "file.unreadable", _("{path} cannot be read: {why}").format(path=file, why=os_words(error))
        ) from error


def _refuse_unreadable(file: Path, fault: str | None, password: str) -> None:
    """Refuse before the secret what could not be signed after it; damage that can be repaired is not refused."""
    _refuse_unexamined(file, fault)
    if not fault:
        return
    with file.open("rb") as source:
        try:
            open_pdf(source, password)
        except MisuseError as error:
            if error.code != "signing.unreadable" or claims_signature(source):
                raise


def _refuse_unexamined(file: Path, fault: str | None) -> None:
    """Refuse a file of which nothing is known, not even whether it bears a mark of secrecy."""
    if fault in FATAL:
        raise MisuseError("sign.unreadable", _("{file} could not be examined: {why}").format(file=file.name, why=fault))


def is_pdf(file: Path) -> bool:
    with file.open("rb") as opened:
        return b"%PDF-" in opened.read(1024)


def output_name(order_role: Role, file: Path, *, detached: bool) -> str:
    """Return the name of the result: a PDF for what is or becomes one, XML for XML, else a signature beside the file."""
    suffix = file.suffix.lower()
    if detached or suffix not in {".pdf", *_WRITER, *_XML}:
        return f"{file.name}.p7s"
    if order_role == "copy":
        return f"{file.stem}.copy.pdf"
    return f"{file.stem}.signed{file.suffix if suffix in _XML else '.pdf'}"


@contextlib.contextmanager
def as_pdf(file: Path, *, detached: bool) -> Iterator[Path]:
    """Give the file itself, or the PDF that LibreOffice makes of a Word or Writer file; that one goes with the block."""
    if detached or file.suffix.lower() not in _WRITER:
        yield file
        return
    from vanthu_cli.procedures.convert import to_pdf

    with tempfile.TemporaryDirectory(prefix="vanthu-") as folder:
        yield to_pdf(file, Path(folder))


def _plan_other(desk: Desk, order: Order, file: Path, output: Path) -> Planned:
    """Plan for what is no PDF: XML gets an XAdES signature inside, anything else a CMS beside it (.p7s)."""
    found = desk.examine(file.name, file, "mark")
    refuse_secret(file.name, found.mark)
    _refuse_unexamined(file, found.fault)
    if order.role not in {"person", "organisation", "annex"}:
        raise MisuseError(
            "sign.only_pdf",
            _("{file} is no PDF: a copy or an arrival mark can only be put on a PDF.").format(file=file.name),
            _("Sign it as person, organisation or annex: the signature goes into a file of its own (.p7s)."),
        )
    if output.exists():
        return _done(desk, order, file, output)
    xml = file.suffix.lower() in _XML and not order.detached
    return Planned(file, Job("xml" if xml else "detached", file, output))


def _person(desk: Desk, order: Order, file: Path, output: Path, found: Examination) -> Job:
    """Find the signer's place by name; prepare the fields first where nobody did: later marks in them are the least disputed."""
    image = key_image(desk, order.card.name)
    job = replace(_job(desk, order, file, output, None), image=image)
    places = found.places
    if order.at is not None or places is None or not places.signers:
        return job
    index = places.of(order.card.subject) if order.card.subject else None
    if index is None and len(places.signers) > 1:
        raise MisuseError(
            "sign.which_signer",
            _("{file} names several signers ({names}), and none of them is {subject}.").format(
                file=file.name, names=", ".join(each.name for each in places.signers), subject=order.card.subject or "?"
            ),
            _("Say where the signature goes: --at PAGE:X,Y; or choose the key of the right person with --key.")
            if order.card.subject
            else _("Name the certificate of this key in the configuration: certificate = FILE; or say --at PAGE:X,Y."),
        )
    index = index or 0
    box = places.signers[index].box
    if found.signers or places.strip is None or any(each.box is None for each in places.signers):
        return replace(job, box=box, index=index)
    return replace(job, box=box, index=index, prepare=places, sealed_at=seal_place(desk, places, index))


def seal_place(desk: Desk, places: Places, index: int) -> Box | None:
    """Return where the seal of this office goes over signer `index`: its real size, over the left third of the signature's room."""
    if index >= len(places.signers):
        return None
    signer = places.signers[index]
    names = [name for name, key in desk.config.keys.items() if key.role == "organisation"]
    size = seal_of(desk, names[0])[1] if len(names) == 1 else None
    if signer.box is None or size is None:
        return signer.seal
    return over_left_third(signer.box, size)


def _seal(desk: Desk, order: Order, file: Path, output: Path, found: Examination) -> Job:
    image, size = seal_of(desk, order.card.name)
    job = replace(_job(desk, order, file, output, None), image=image, size=size)
    if order.at is not None or found.places is None:
        return job
    return replace(job, box=seal_place(desk, found.places, signed_place(desk, found)))


def signed_place(desk: Desk, found: Examination) -> int:
    """Return which of the printed signers has signed for this office: the seal belongs over that signature."""
    office = desk.config.office.code
    for each in found.judgement.signatures if found.judgement else ():
        if each.role == "person" and each.agency == office and found.places is not None and each.signer:
            index = found.places.of(each.signer.removeprefix("CN=").partition(",")[0])
            if index is not None:
                return index
    return 0


def _job(desk: Desk, order: Order, file: Path, output: Path, box: Box | None) -> Job:
    named = _named_place(desk, order)
    return Job(order.role, file, output, password=order.password, box=named or box, anew=named is not None)


def _named_place(desk: Desk, order: Order) -> Box | None:
    if order.at is None:
        return None
    page, x, y = order.at
    if order.role in {"annex", "copy"}:
        width, height = marks.text_size(_lines(desk, order, _SAMPLE_TIME))
    elif order.role == "arrival":
        width, height = marks.ARRIVAL_WIDTH, marks.ARRIVAL_HEIGHT
    elif order.role == "organisation":
        width, height = seal_of(desk, order.card.name)[1] or (marks.SEAL_SIDE, marks.SEAL_SIDE)
    else:
        width, height = _SIGNATURE
    return Box(page - 1, x, y, x + width, y + height)


def _lines(desk: Desk, order: Order, moment: str) -> tuple[str, ...]:
    """Return the text of the mark on an annex (number and symbol, time) or a copy (form, agency, time)."""
    if order.role == "annex":
        return _annex_of(order.annex_of), moment
    return FORMS[order.form].words, desk.config.office.name, moment


def _annex_of(text: str) -> str:
    if not text:
        raise MisuseError(
            "sign.annex_of",
            _("The mark on an annex shows the number of its document (NĐ 30/2020, Phụ lục I II.8.b)."),
            _("Name it: --of 145-CV/TU. What goes along with sign-send --attach is signed by itself."),
        )
    return str(parse_number(text))


def names_of(desk: Desk) -> tuple[str, ...]:
    """Return the names by which this office may stand as issuer: its own, and its committee's (145-CV/TU)."""
    office = desk.config.office
    return tuple(name for name in (office.name, office.parent) if name)


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
    noted = any(each["sha256"] == result and each["as"] == order.role for each in known)
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


def refuse_secret(name: str, mark: str | None) -> None:
    if mark:
        raise ForbiddenError(
            "sign.secret",
            _("{file} bears the mark {mark}: it must not be signed with this program.").format(file=name, mark=mark),
            _("Hand it to the officer in charge of secret documents (Law 117/2025/QH15)."),
        )
