"""Signing files one by one, outside the issuing procedure: the leader's copy, the leader, the seal, copies, the arrival mark.

An input is never overwritten; an output appears whole or not at all.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vanthu_cli.document.places import MM, Box, Places
from vanthu_cli.errors import ForbiddenError, MisuseError, os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.keys import key_image, only_key, open_key, time_stamper
from vanthu_cli.procedures.leader import check_leader
from vanthu_cli.register import documents
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.signing import pades
from vanthu_cli.signing.check import check_result
from vanthu_cli.signing.keys import SigningKey

Role = Literal["person", "organisation", "annex", "arrival"]
ROLES: tuple[Role, ...] = ("person", "organisation", "annex", "arrival")


@dataclass(frozen=True, slots=True)
class Signed:
    """One file signed: where it is, and whether a trusted time is in it."""

    source: Path
    output: Path
    role: Role
    time_stamped: bool


def prepare(desk: Desk, file: Path, output: Path, *, dry_run: bool = False) -> None:
    """Make the copy that the leader signs: empty fields for leader, number and date, seal."""
    data = _input(file, output)
    found = desk.examine(file.name, data, "mark", "read", "places")
    _refuse_secret(file.name, found.mark)
    if found.places is None or found.places.signer is None or found.places.strip is None:
        raise MisuseError(
            "prepare.no_place",
            _("The places for signature, number and date were not found on the page of {file}.").format(file=file.name),
            found.fault
            or _(
                "The page needs “Số      -CV/TU”, “ngày      tháng      năm …”, and the signer's title and name in the decree's form."
            ),
        )
    prepared = pades.prepare(data, found.places)
    if not dry_run:
        write_durably(output, prepared)


def sign(
    desk: Desk,
    file: Path,
    output: Path,
    *,
    role: Role,
    key_name: str,
    at: tuple[int, float, float] | None,
    again: bool,
    dry_run: bool = False,
) -> Signed:
    """Put one kind of signature on one file. `at` is (page from 1, x, y) of the mark's lower left corner in points."""
    data = _input(file, output)
    found = desk.examine(file.name, data, "mark", "judge")
    _refuse_secret(file.name, found.mark)
    if role == "organisation" and found.judgement is not None:
        check_leader(found.judgement, desk.config.office.code, file.name)
    key_role = "person" if role == "person" else "organisation"
    name = key_name or only_key(desk, key_role)
    key = open_key(desk, name, key_role)
    if (
        not again
        and found.judgement
        and any(each.fingerprint == key.fingerprint for each in found.judgement.signatures)
    ):
        raise ForbiddenError(
            "sign.again",
            _("{file} bears a signature by this key already.").format(file=file.name),
            _("If it shall really sign once more, add --again."),
        )
    signed = Signed(file, output, role, time_stamped=bool(desk.config.tsa.url) and role in {"person", "organisation"})
    if dry_run:
        return signed
    match role:
        case "person":
            result = person_signature(
                desk, file.name, data, key, image=key_image(desk, name), box=_box(at, 50 * MM, 20 * MM)
            )
        case "organisation":
            result = pades.seal(
                data,
                key,
                image=key_image(desk, name),
                places=_seal_place(desk, data, at),
                time_stamper=time_stamper(desk),
            )
        case "annex" if at is not None:
            raise MisuseError(
                "sign.fixed_place",
                _("The signature of an annex has its place by law: page 1, upper right."),
                _("Leave --at out."),
            )
        case "annex":  # text only, top right of page 1 (NĐ 30/2020 Phụ lục I II.8.b)
            lines = [key.subject, desk.now.astimezone(VIETNAM).isoformat(timespec="seconds")]
            result = pades.text_mark(data, key, lines=lines, field="PhuLuc")
        case "arrival":  # its number comes from the register, never from the command line
            result = pades.arrival_stamp(
                data,
                key,
                agency=desk.config.office.name,
                number=_arrival_number(desk, data),
                day=today(desk.now),
                box=_box(at, 50 * MM, 35 * MM),
            )
    check_result(data, result, added=1)
    write_durably(output, result)
    return signed


def person_signature(
    desk: Desk, name: str, data: bytes, key: SigningKey, *, image: bytes | None, box: Box | None
) -> bytes:
    """Return the document signed by a person, in the prepared field or where the page has room."""
    if box is None:
        found = desk.examine(name, data, "mark", "read", "places")
        _refuse_secret(name, found.mark)
        if found.places is not None:
            data = _prepared(data, found.places)
            box = found.places.signer
    return pades.sign_person(data, key, image=image, box=box, time_stamper=time_stamper(desk))


def _prepared(data: bytes, places: Places) -> bytes:
    """Prepare the fields first where nobody did: later marks in prepared fields are the least disputed (number-and-seal)."""
    try:
        return pades.prepare(data, places)
    except (MisuseError, ForbiddenError):  # prepared or signed already
        return data


def _seal_place(desk: Desk, data: bytes, at: tuple[int, float, float] | None) -> Places:
    box = _box(at, 36 * MM, 36 * MM)
    if box is not None:
        return Places(None, None, None, None, None, None, box)
    places = desk.examine("", data, "places").places
    if places is None:
        raise MisuseError("sign.no_place", _("The place for the seal was not found."), _("Name it: --at PAGE:X,Y"))
    return places


def _arrival_number(desk: Desk, data: bytes) -> int:
    document = documents.by_bytes(desk.book, hashlib.sha256(data).hexdigest(), "in")
    if document is None or document.arrival_number is None:
        raise ForbiddenError(
            "sign.not_registered",
            _("This file has no arrival number: it is not in the register of incoming documents."),
            _("Accept it first: vanthu inbox list, vanthu inbox accept ID"),
        )
    return document.arrival_number


def _box(at: tuple[int, float, float] | None, width: float, height: float) -> Box | None:
    if at is None:
        return None
    page, x, y = at
    return Box(page - 1, x, y, x + width, y + height)


def _input(file: Path, output: Path) -> bytes:
    if output.exists():
        raise MisuseError(
            "sign.output_exists", _("{path} exists already.").format(path=output), _("Name another output with --out.")
        )
    if not output.absolute().parent.is_dir():
        raise MisuseError("sign.no_folder", _("There is no folder {path}.").format(path=output.absolute().parent))
    try:
        return file.read_bytes()
    except OSError as error:
        raise MisuseError(
            "file.unreadable", _("{path} cannot be read: {why}").format(path=file, why=os_words(error))
        ) from error


def _refuse_secret(name: str, mark: str | None) -> None:
    if mark:
        raise ForbiddenError(
            "sign.secret",
            _("{file} bears the mark {mark}: it must not be signed with this program.").format(file=name, mark=mark),
            _("Hand it to the officer in charge of secret documents (Law 117/2025/QH15)."),
        )
