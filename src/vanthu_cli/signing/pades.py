"""PAdES signatures on an outgoing, arriving or copied document: always an incremental update, written at the file's end.

The order on an issued document: `prepare` adds empty signature fields, the leader signs his as an approval signature,
the office signs the strip (number and date are that signature's appearance), last the seal. So number and date cannot
be changed without a key, and no signature is broken by a later one, the receiver's arrival stamp included. A document
that was not prepared, or that the leader signed with another tool, gets the same signatures in new fields: pyHanko, poppler
and Adobe's rules for signed documents all permit a new signature field after an approval signature, and none of them permits
page content, annotations or text fields (number-and-seal: techniques 3, 4, 5).

Every function takes a stream open for reading and writing that is the caller's own copy, and leaves it half written if it fails.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, BinaryIO, NamedTuple

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.timestamps import TimestampRequestError

from vanthu_cli.document.places import Blank, Box, Places
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.signing import marks
from vanthu_cli.signing.files import Opened, Spot, open_pdf
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.levels import BARE, Proof, in_room, keep_provable
from vanthu_cli.signing.stamps import Item, PlacedStyle, picture
from vanthu_cli.signing.timestamps import silent


class _Fields(NamedTuple):
    """Names of the signature fields, in the order of signing; name_2, name_3 and so on if one is taken."""

    person: str = "LanhDao"
    strip: str = "SoVaNgay"
    seal: str = "ConDau"
    arrival: str = "Den"
    annex: str = "PhuLuc"
    copy: str = "BanSao"


FIELDS = _Fields()


def prepare(pdf: BinaryIO, places: Places, *, sealed_at: Box | None, password: str = "") -> None:
    """Add the empty signature fields for each signer, for number and date, and for the seal, to an unsigned document.

    `ForbiddenError` `signing.already_signed`; `MisuseError` `signing.already_prepared`, `signing.place_not_found`.
    """
    opened = open_pdf(pdf, password)
    if opened.signatures:
        raise ForbiddenError(
            "signing.already_signed",
            _("The document is signed already; fields for signatures can only be added before."),
            _("Prepare the unsigned PDF."),
        )
    if not opened.names.isdisjoint(FIELDS[:3]):
        raise MisuseError(
            "signing.already_prepared",
            _("The document is prepared already."),
            _("Have the leader sign it."),
        )
    if not places.signers:
        raise _no_place()
    wanted: list[tuple[str, Box | None]] = [
        (person_field(index), _place(each.box)) for index, each in enumerate(places.signers)
    ]
    wanted += [(FIELDS.strip, places.strip), (FIELDS.seal, _place(sealed_at))]
    writer = opened.writer()
    for name, box in wanted:
        if box is not None:
            append_signature_field(writer, _specification(opened.new_spot(name, box)))
    writer.write_in_place()


def person_field(index: int) -> str:
    """Return the name of the field of signer `index`, counted from 0 in reading order."""
    return FIELDS.person if index == 0 else f"{FIELDS.person}_{index + 1}"


def preflight(pdf: BinaryIO, places: Places, *, sealed_at: Box | None) -> None:
    """Refuse, before a number is taken, a document on which number, date and seal could not be signed.

    `ForbiddenError` `signing.locked`; `MisuseError` `signing.encrypted`, `signing.unreadable`, `signing.place_not_found`,
    `signing.field_misplaced`.
    """
    opened = open_pdf(pdf)
    expected = [FIELDS.seal] if places.strip is None else [FIELDS.strip, FIELDS.seal]
    for name in expected:
        opened.refuse_if_locked(name, new=name not in opened.prepared)
    _spot(opened, FIELDS.seal, sealed_at)
    if places.strip is not None:
        _strip(opened, places)


def refuse_place(pdf: BinaryIO, field: str, box: Box | None, *, anew: bool = False, password: str = "") -> None:
    """Refuse what `sign_person` and `seal` would refuse for its place: none, off the page, or locked by an earlier signature."""
    opened = open_pdf(pdf, password)
    _check(opened, _spot(opened, field, box, anew=anew))


def sign_person(
    pdf: BinaryIO,
    key: SigningKey,
    *,
    image: bytes | None,
    box: Box | None,
    index: int = 0,
    anew: bool = False,
    proof: Proof = BARE,
    password: str = "",
) -> Box:
    """Put the authorised person's approval signature into the prepared field of signer `index`, or into a new one in `box`.

    `anew`: into a new one, whatever is prepared. Returns where the signature is shown.
    `image` is the PNG of the signature on paper (NĐ 30/2020 Phụ lục I II.7.d); without it, name and time are shown.
    """
    opened = open_pdf(pdf, password)
    spot = _spot(opened, person_field(index), box, anew=anew)
    return _sign(opened, spot, key, _portrait(spot, key, image), proof)


def number_and_date(
    pdf: BinaryIO, key: SigningKey, *, number: int, day: date, places: Places, proof: Proof = BARE
) -> None:
    """Put the organisation's signature on the strip of page 1; it shows the number and what is blank of the date.

    B-B where the seal is B-B or B-T: the seal's time stamp covers it. For long-term levels it carries a time stamp of its own,
    without which validators that know no other proof of its time say SIG_CONSTRAINTS_FAILURE. `MisuseError` `signing.number_too_wide`,
    `signing.field_misplaced`, `signing.place_not_found`.
    """
    opened = open_pdf(pdf)
    spot = _strip(opened, places)
    page = opened.page(spot.box.page)
    stamped = Proof("B-T", proof.time_stamper) if proof.level in {"B-LT", "B-LTA"} else BARE
    _sign(opened, spot, key, marks.number_and_date(number, day, places, page, spot.box), stamped)


def seal(
    pdf: BinaryIO,
    key: SigningKey,
    *,
    image: bytes | None,
    size: tuple[float, float] | None,
    box: Box | None,
    anew: bool = False,
    proof: Proof = BARE,
    password: str = "",
) -> Box:
    """Put the organisation's signature with the seal over about the left third of the leader's (Phụ lục I II.8).

    The seal is drawn in its real `size` (points; None: as large as its square allows), its right edge at a third of the
    leader's picture, which is looked for on the page: it is often narrower than the room it was given.
    """
    opened = open_pdf(pdf, password)
    spot = _spot(opened, FIELDS.seal, box, anew=anew)
    if image is None:
        items = _portrait(spot, key, None)
    else:
        signature = opened.drawn(spot.box.page, spot.box)
        if not spot.prepared and not anew and signature is not None and size is not None:
            spot = opened.new_spot(FIELDS.seal, over_left_third(signature, size, spot.rotate))
        items = [marks.seal(image, size, spot, None if anew else signature)]
    return _sign(opened, spot, key, items, proof)


def over_left_third(signature: Box, size: tuple[float, float], rotate: int) -> Box:
    """Return where a seal of that size lies that covers the left third of a signature, at the same height, as its reader sees it.

    On a page with /Rotate the reader's left is another side of the box in user space.
    """
    along, across = (signature.height, signature.width) if rotate in {90, 270} else (signature.width, signature.height)
    start, level = {
        0: (signature.x0, signature.y0),
        90: (signature.y0, signature.x0),
        180: (-signature.x1, signature.y0),
        270: (-signature.y1, signature.x0),
    }[rotate]
    edge, middle = start + along / 3, level + across / 2
    first, last = sorted((edge, edge - size[0]) if rotate in {0, 90} else (-edge, size[0] - edge))
    low, high = middle - size[1] / 2, middle + size[1] / 2
    if rotate in {90, 270}:
        return Box(signature.page, low, first, high, last)
    return Box(signature.page, first, low, last, high)


def arrival_stamp(
    pdf: BinaryIO,
    key: SigningKey,
    *,
    agency: str,
    number: int,
    day: date,
    box: Box,
    passed_to: str = "",
    file_code: str = "",
    proof: Proof = BARE,
    password: str = "",
) -> Box:
    """Put the mark “ĐẾN” (NĐ 30/2020 Phụ lục IV), 50 mm × 35 mm from the upper left corner of `box`, on an incoming document.

    A signature of the receiving organisation: a later annotation or stamp would break the sender's.
    """
    opened = open_pdf(pdf, password)
    page = opened.page(box.page)
    left, top, _right, _bottom = page.seen(box.x0, box.y0, box.x1, box.y1)
    place = Box(box.page, *page.box(left, top, marks.ARRIVAL_WIDTH, marks.ARRIVAL_HEIGHT))
    spot = opened.new_spot(FIELDS.arrival, place)
    return _sign(opened, spot, key, marks.arrival(agency, number, day, passed_to, file_code), proof)


def text_mark(
    pdf: BinaryIO,
    key: SigningKey,
    *,
    lines: Sequence[str],
    field: str,
    box: Box,
    proof: Proof = BARE,
    password: str = "",
) -> Box:
    """Put the organisation's signature on an annex or a copy: text only, 10 pt black.

    NĐ 30/2020 Phụ lục I II.8.b (annex: number and symbol, time) and Phần II.I.3 (copy: form, agency, time).
    """
    opened = open_pdf(pdf, password)
    spot = opened.new_spot(field, box)
    return _sign(opened, spot, key, marks.lines_of_text(lines, *spot.size), proof)


def _sign(opened: Opened, spot: Spot, key: SigningKey, items: Sequence[Item], proof: Proof) -> Box:
    _check(opened, spot)
    stamper = proof.time_stamper if proof.level != "B-B" else None
    signer = PdfSigner(
        PdfSignatureMetadata(field_name=spot.field, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256"),
        signer=key.signer,
        timestamper=stamper,
        stamp_style=PlacedStyle(items=items, size=spot.size, rotate=spot.rotate, opaque=opened.opaque),
        new_field_spec=None if spot.prepared else _specification(spot),
    )
    try:
        in_room(
            opened.stream,
            stamper,
            lambda room: signer.sign_pdf(
                opened.writer(), existing_fields_only=spot.prepared, bytes_reserved=room, in_place=True
            ),
        )
        if proof.level in {"B-LT", "B-LTA"} and stamper is not None:
            keep_provable(opened, key, proof, stamper)
    except TimestampRequestError as error:
        raise silent() from error
    except (SigningError, PdfError) as error:
        raise ForbiddenError(
            "signing.refused",
            _("The document's own rules do not allow this signature: {reason}").format(reason=error),
            _("Export the document to PDF again, prepare it with `vanthu prepare` and have it signed again."),
        ) from error
    return spot.box


def _check(opened: Opened, spot: Spot) -> None:
    opened.refuse_if_locked(spot.field, new=not spot.prepared)
    if not spot.inside(opened.page(spot.box.page)):
        raise MisuseError(
            "signing.off_page",
            _("The mark would lie outside page {page}.").format(page=spot.box.page + 1),
            _("Name another place with --at PAGE:X,Y (points from the lower left corner of the page)."),
        )


def _specification(spot: Spot) -> SigFieldSpec:
    box = spot.box
    corners: Any = (box.x0, box.y0, box.x1, box.y1)  # declared as int by pyHanko, which writes floats as well
    return SigFieldSpec(spot.field, on_page=box.page, box=corners)


def _portrait(spot: Spot, key: SigningKey, image: bytes | None) -> Sequence[Item]:
    if image is not None:
        return [picture(image, *spot.size)]
    moment = datetime.now(VIETNAM).isoformat(timespec="seconds")  # Phụ lục I: time of signing in ISO 8601
    return marks.lines_of_text([key.subject, moment], *spot.size)


def _strip(opened: Opened, places: Places) -> Spot:
    """Return the place for number and date, once sure that they will be seen there."""
    spot = _spot(opened, FIELDS.strip, places.strip)
    if spot.box.page != 0 or not all(_inside(blank, spot.box) for blank in _blanks(places)):
        raise MisuseError(
            "signing.field_misplaced",
            _("The prepared field for number and date does not lie over the blanks of the first page."),
            _("Prepare the document again with `vanthu prepare` and have it signed again."),
        )
    return spot


def _blanks(places: Places) -> Iterable[Blank]:
    return (blank for blank in (places.number, places.day, places.month, places.year) if blank is not None)


def _inside(blank: Blank, box: Box) -> bool:
    ends = ((blank.x0, blank.y0), (blank.x1, blank.y1))
    return all(box.x0 - 1 <= x <= box.x1 + 1 and box.y0 - 1 <= y <= box.y1 + 1 for x, y in ends)


def _spot(opened: Opened, name: str, box: Box | None, *, anew: bool = False) -> Spot:
    found = None if anew else opened.spot(name, box)
    return found if found is not None else opened.new_spot(name, _place(box))


def _place(box: Box | None) -> Box:
    """Return the box, or explain that the reader has not found where this mark belongs."""
    if box is not None:
        return box
    raise _no_place()


def _no_place() -> MisuseError:
    return MisuseError(
        "signing.place_not_found",
        _("The document does not show where the signature, the number and date, or the seal go."),
        _("Say it with --at PAGE:X,Y; or check that page and signer's name can be selected as text in the PDF."),
    )
