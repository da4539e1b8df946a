"""PAdES signatures on an outgoing, arriving or copied document: bytes in, bytes out, always an incremental update.

The order on an issued document: `prepare` adds empty signature fields, the leader signs his as an approval signature,
the office signs the strip (number and date are that signature's appearance), last the seal. So number and date cannot
be changed without a key, and no signature is broken by a later one, the receiver's arrival stamp included. A document
that was not prepared gets the same signatures in new fields.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from io import BytesIO
from typing import Any, NamedTuple

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError

from vanthu_cli.document.places import Blank, Box, Places
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.signing import marks
from vanthu_cli.signing.check import check_result
from vanthu_cli.signing.files import Opened, Spot, open_pdf
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.stamps import Item, PlacedStyle, picture
from vanthu_cli.signing.timestamps import open_time_stamper, probe, silent

__all__ = [
    "FIELDS",
    "arrival_stamp",
    "check_result",
    "number_and_date",
    "open_time_stamper",
    "preflight",
    "prepare",
    "probe",
    "seal",
    "sign_person",
    "text_mark",
]


class _Fields(NamedTuple):
    """Names of the signature fields, in the order of signing; name_2, name_3 and so on if one is taken."""

    person: str = "LanhDao"
    strip: str = "SoVaNgay"
    seal: str = "ConDau"
    arrival: str = "Den"


FIELDS = _Fields()

_VIETNAM = timezone(timedelta(hours=7))  # no daylight saving since 1975
# Hexadecimal digits set aside for the CMS: leaf, sub-CA and, with a time stamp, its token and chain (≈ 4–6 kB each).
# Fixed, because pyHanko's own estimate has been too small for a live authority's answer (pyHanko issue 515).
_RESERVED, _RESERVED_WITH_STAMP = 16_384, 32_768


def prepare(pdf: bytes, places: Places) -> bytes:
    """Add the empty signature fields for leader, number and date, and seal, to an unsigned document.

    `ForbiddenError` `signing.already_signed`; `MisuseError` `signing.already_prepared`, `signing.place_not_found`.
    """
    opened = open_pdf(pdf)
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
    wanted = [(FIELDS.person, _place(places.signer)), (FIELDS.strip, places.strip), (FIELDS.seal, _place(places.seal))]
    writer = opened.writer()
    for name, box in wanted:
        if box is not None:
            append_signature_field(writer, _specification(opened.new_spot(name, box)))
    out = BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]  # pyHanko leaves it unannotated
    return out.getvalue()


def preflight(pdf: bytes, places: Places | None = None) -> None:
    """Refuse, before a number is taken, a document on which number, date and seal could not be signed.

    Without `places` both strip and seal are expected. `ForbiddenError` `signing.locked`; `MisuseError`
    `signing.encrypted`, `signing.unreadable`, `signing.place_not_found`, `signing.page_rotated`.
    """
    opened = open_pdf(pdf)
    expected = [FIELDS.seal] if places and places.strip is None else [FIELDS.strip, FIELDS.seal]
    for name in expected:
        opened.refuse_if_locked(name, new=name not in opened.prepared)
    if places is not None:
        _spot(opened, FIELDS.seal, places.seal)
        if places.strip is not None:
            _strip(opened, places)


def sign_person(
    pdf: bytes, key: SigningKey, *, image: bytes | None, box: Box | None, time_stamper: TimeStamper | None = None
) -> bytes:
    """Put the authorised person's approval signature into the prepared field, or into a new one in `box`.

    `image` is the PNG of the signature on paper (NĐ 30/2020 Phụ lục I II.7.d); without it, name and time are shown.
    """
    opened = open_pdf(pdf)
    spot = _spot(opened, FIELDS.person, box)
    return _sign(opened, spot, key, _portrait(spot, key, image), time_stamper)


def number_and_date(pdf: bytes, key: SigningKey, *, number: int, day: date, places: Places) -> bytes:
    """Put the organisation's signature on the strip of page 1; it shows the number and what is blank of the date.

    B-B level: the seal's time stamp comes later and covers it. `MisuseError` `signing.number_too_wide`,
    `signing.field_misplaced`, `signing.page_rotated`, `signing.place_not_found`.
    """
    opened = open_pdf(pdf)
    spot = _strip(opened, places)
    return _sign(opened, spot, key, marks.number_and_date(number, day, places, spot.box), None)


def seal(
    pdf: bytes, key: SigningKey, *, image: bytes | None, places: Places, time_stamper: TimeStamper | None = None
) -> bytes:
    """Put the organisation's signature with the seal, real size, over the left third of the leader's (Phụ lục I II.8).

    B-T with a time stamper, whose silence is `UnreachableError` `signing.tsa_silent`.
    """
    opened = open_pdf(pdf)
    spot = _spot(opened, FIELDS.seal, places.seal)
    return _sign(opened, spot, key, _portrait(spot, key, image), time_stamper)


def arrival_stamp(
    pdf: bytes,
    key: SigningKey,
    *,
    agency: str,
    number: int,
    day: date,
    passed_to: str = "",
    file_code: str = "",
    box: Box | None = None,
) -> bytes:
    """Put the mark “ĐẾN” (NĐ 30/2020 Phụ lục IV) on an incoming document, as a signature of the receiving organisation.

    Without `box` it goes where page 1 is free; in a `box`, 50 mm × 35 mm from its upper left corner.
    """
    opened = open_pdf(pdf)
    if box is None:
        box = marks.free_place(opened, pdf)
    else:
        page = opened.page(box.page)
        left, top, _right, _bottom = page.seen(box.x0, box.y0, box.x1, box.y1)
        box = Box(box.page, *page.box(left, top, marks.ARRIVAL_WIDTH, marks.ARRIVAL_HEIGHT))
    spot = opened.new_spot(FIELDS.arrival, box)
    return _sign(opened, spot, key, marks.arrival(agency, number, day, passed_to, file_code), None)


def text_mark(pdf: bytes, key: SigningKey, *, lines: Sequence[str], field: str) -> bytes:
    """Put the organisation's signature on an annex or a copy: text only, 10 pt black, upper right corner of page 1.

    NĐ 30/2020 Phụ lục I II.8.b (annex: number and symbol, time) and Phần II.I.3 (copy: form, agency, time).
    """
    opened = open_pdf(pdf)
    spot = opened.new_spot(field, marks.top_right(opened.page(0), lines))
    return _sign(opened, spot, key, marks.lines_of_text(lines, *spot.size), None)


def _sign(
    opened: Opened, spot: Spot, key: SigningKey, items: Sequence[Item], time_stamper: TimeStamper | None
) -> bytes:
    opened.refuse_if_locked(spot.field, new=not spot.prepared)
    signer = PdfSigner(
        PdfSignatureMetadata(field_name=spot.field, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256"),
        signer=key.signer,
        timestamper=time_stamper,
        stamp_style=PlacedStyle(items=items, size=spot.size, rotate=spot.rotate),
        new_field_spec=None if spot.prepared else _specification(spot),
    )
    try:
        out = signer.sign_pdf(
            opened.writer(),
            existing_fields_only=spot.prepared,
            bytes_reserved=_RESERVED_WITH_STAMP if time_stamper else _RESERVED,
        )
    except TimestampRequestError as error:
        raise silent() from error
    except (SigningError, PdfError) as error:
        raise ForbiddenError(
            "signing.refused",
            _("The document's own rules do not allow this signature: {reason}").format(reason=error),
            _("Export the document to PDF again, prepare it with `vanthu prepare` and have it signed again."),
        ) from error
    return bytes(out.getbuffer())


def _specification(spot: Spot) -> SigFieldSpec:
    box = spot.box
    corners: Any = (box.x0, box.y0, box.x1, box.y1)  # declared as int by pyHanko, which writes floats as well
    return SigFieldSpec(spot.field, on_page=box.page, box=corners)


def _portrait(spot: Spot, key: SigningKey, image: bytes | None) -> Sequence[Item]:
    if image is not None:
        return [picture(image, *spot.size)]
    moment = datetime.now(_VIETNAM).isoformat(timespec="seconds")  # Phụ lục I: time of signing in ISO 8601
    return marks.lines_of_text([key.subject, moment], *spot.size)


def _strip(opened: Opened, places: Places) -> Spot:
    """Return the place for number and date, once sure that they will be seen there."""
    spot = _spot(opened, FIELDS.strip, places.strip)
    if spot.rotate:
        raise MisuseError(
            "signing.page_rotated",
            _("The first page is stored turned by {angle} degrees; number and date cannot be placed on it.").format(
                angle=spot.rotate
            ),
            _("Export the document to PDF again with upright pages."),
        )
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
    return box.x0 - 1 <= blank.x0 and blank.x1 <= box.x1 + 1 and box.y0 <= blank.baseline <= box.y1


def _spot(opened: Opened, name: str, box: Box | None) -> Spot:
    found = opened.spot(name, box)
    return found if found is not None else opened.new_spot(name, _place(box))


def _place(box: Box | None) -> Box:
    """Return the box, or explain that the reader has not found where this mark belongs."""
    if box is not None:
        return box
    raise MisuseError(
        "signing.place_not_found",
        _("The document does not show where the signature, the number and date, or the seal go."),
        _("Say it with --at PAGE:X,Y; or check that page and signer's name can be selected as text in the PDF."),
    )
