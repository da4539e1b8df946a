"""A PDF opened for one more incremental update: its signatures, its fields, and whether they allow it.

pyHanko reads strictly. A file that only a lenient parser accepts is never signed: what one viewer shows and another
doesn't is not a document. The one exception are Word's hybrid cross-references, whole but refused by strict mode.
Files are streams, read where it is needed and written at their end: 120 MB are never in memory.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

from asn1crypto import cms
from pyhanko.pdf_utils.crypt import AuthStatus, StandardSecurityHandler
from pyhanko.pdf_utils.form_tools import get_single_field_annot
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm, enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from vanthu_cli.document.places import Box
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.mended import encoding, hexstrings, names  # noqa: F401  imported for their effect
from vanthu_cli.signing.damage import refusing_damage
from vanthu_cli.signing.pages import Page, corners, entry, page_number, page_object, page_of, page_refs

_DRAWN_AT = re.compile(rb"([-\d.]+) 0(?:\.0+)? 0(?:\.0+)? ([-\d.]+) ([-\d.]+) ([-\d.]+) cm /\w+ Do")
_PDF_A = re.compile(rb"pdfaid:part(?:\s*=\s*[\"']|>)\s*(\d)")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a signature goes: the field's name, its rectangle, and whether the field is there already, empty."""

    field: str
    box: Box
    rotate: int
    prepared: bool

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as the reader sees them."""
        wide, high = self.box.width, self.box.height
        return (high, wide) if self.rotate in (90, 270) else (wide, high)

    def inside(self, page: "Page") -> bool:
        """Whether the reader sees all of it: no part lies off the page, a point's rounding left aside."""
        box = self.box
        return page.x0 - 1 <= box.x0 and page.y0 - 1 <= box.y0 and box.x1 <= page.x1 + 1 and box.y1 <= page.y1 + 1


class _Writer(IncrementalPdfFileWriter):
    """Leaves /Info and XMP as they are: pyHanko 0.38 names itself in both, differently, which PDF/A forbids (ISO 19005-1 6.7.3)."""

    def _update_meta(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A readable, unlocked PDF. `prepared` are its empty, visible signature fields, `names` those of all fields."""

    stream: BinaryIO
    password: str
    reader: PdfFileReader
    signatures: Sequence[EmbeddedPdfSignature]
    prepared: Mapping[str, Spot]
    names: frozenset[str]

    def writer(self) -> IncrementalPdfFileWriter:
        return _Writer.from_reader(self.reader)

    def page(self, number: int) -> Page:
        """Return page `number`, counted from 0; `MisuseError` `signing.no_such_page`."""
        with refusing_damage():
            count = int(self.reader.root["/Pages"]["/Count"])
            if 0 <= number < count:
                return page_of(page_object(self.reader, number))
        raise MisuseError(
            "signing.no_such_page",
            _("Page {page} does not exist; the document has {pages}.").format(page=number + 1, pages=count),
        )

    @property
    def opaque(self) -> bool:
        """Whether the document claims PDF/A-1, which allows no transparency (ISO 19005-1 6.4)."""
        with refusing_damage():
            metadata = entry(self.reader.root, "/Metadata")
            claim = _PDF_A.search(metadata.data) if isinstance(metadata, StreamObject) else None
        return claim is not None and claim[1] == b"1"

    def drawn(self, page: int, near: Box) -> Box | None:
        """Return where the picture of a person's signature stands that meets `near`: its own edges if we drew it."""
        with refusing_damage():
            for signature in reversed(self.signatures):
                widget = get_single_field_annot(signature.sig_field)
                if "/P" not in widget or page_number(self.reader, widget.raw_get("/P").reference) != page:
                    continue
                x0, y0, x1, y1 = corners(entry(widget, "/Rect") or (0, 0, 0, 0))
                if x0 < near.x1 and x1 > near.x0 and y0 < near.y1 and y1 > near.y0:
                    return _ink_in(widget, Box(page, x0, y0, x1, y1))
        return None

    def new_spot(self, name: str, box: Box) -> Spot:
        """Return a place for a new field, called `name`, or name_2, name_3 and so on if that is taken."""
        field, count = name, 1
        while field in self.names:
            count += 1
            field = f"{name}_{count}"
        return Spot(field, box, self.page(box.page).rotate, prepared=False)

    def spot(self, name: str, box: Box | None) -> Spot | None:
        """Return the prepared, empty field `name`, else a new one in `box`, else None."""
        if name in self.prepared:
            return self.prepared[name]
        return None if box is None else self.new_spot(name, box)

    def refuse_if_locked(self, field: str, *, new: bool) -> None:
        """`ForbiddenError` `signing.locked` if signing this field would break a signature that is there.

        ISO 32000-2 12.8.2.2 and 12.8.2.4. pyHanko's signer stops only at a certification without any change; it
        signs happily behind a FieldMDP lock or, in a new field, behind a certification, and breaks the earlier one.
        """
        for signature in self.signatures:
            level, lock = signature.docmdp_level, signature.fieldmdp
            certified = level is not None and (new or level is MDPPerm.NO_CHANGES)
            if certified or (lock is not None and lock.is_locked(field)):
                raise ForbiddenError(
                    "signing.locked",
                    _(
                        "The signature “{name}” on this document locks it: nothing more can be signed without breaking it."
                    ).format(name=signature.field_name),
                    _(
                        "Make a new copy with `vanthu prepare` and have it signed again, as an ordinary (approval) signature."
                    ),
                )


def open_pdf(pdf: bytes | BinaryIO, password: str = "") -> Opened:
    """Read everything that signing will touch, so that a hostile or damaged file is refused before anything is done.

    `MisuseError`: `signing.encrypted`, `signing.password`, `signing.unreadable`.
    """
    stream = BytesIO(pdf) if isinstance(pdf, bytes) else pdf
    with refusing_damage():
        reader = _reader(stream)
        if reader.encrypted:
            _unlock(reader, password)
        return _read(stream, password, reader)


def _reader(stream: BinaryIO) -> PdfFileReader:
    """Read strictly; a hybrid file is read leniently, and nothing else is."""
    try:
        reader = PdfFileReader(stream)
    except PdfReadError:
        lenient = PdfFileReader(stream, strict=False)
        if lenient.xrefs.hybrid_xrefs_present:
            return lenient
        raise
    return PdfFileReader(stream, strict=False) if reader.xrefs.hybrid_xrefs_present else reader


def _unlock(reader: PdfFileReader, password: str) -> None:
    if not isinstance(reader.security_handler, StandardSecurityHandler):
        raise MisuseError(
            "signing.encrypted",
            _("The PDF file is encrypted for certain persons; such a file is not signed."),
            _("Export the document to PDF again without protection."),
        )
    # The empty password opens files that are only protected against changes; many office programs make those.
    if reader.decrypt(password).status != AuthStatus.FAILED:
        return
    if not password:
        raise MisuseError(
            "signing.encrypted",
            _("The PDF file is protected by a password."),
            _("Say where its password is: --password-from prompt (or env:NAME, file:PATH, keyring:SERVICE/USER)."),
        )
    raise MisuseError(
        "signing.password",
        _("The password does not open the PDF file."),
        _("Ask who made the file; or export the document to PDF again without a password."),
    )


def stamps_of(signature: EmbeddedPdfSignature) -> list[cms.ContentInfo]:
    """Return the time stamp tokens that a signature carries (RFC 3161 Appendix A): none or one."""
    known = signature.signer_info["unsigned_attrs"] or ()
    return [each["values"][0] for each in known if each["type"].native == "signature_time_stamp_token"]


def _read(stream: BinaryIO, password: str, reader: PdfFileReader) -> Opened:
    signatures = list(reader.embedded_signatures)
    if not all(_locks_readable(signature) for signature in signatures):
        raise ValueError("a signature's permissions contradict its type")
    page_of(page_object(reader, 0))
    fields = {str(name): (value, field.get_object()) for name, value, field in enumerate_sig_fields(reader)}
    empty = {name: field for name, (value, field) in fields.items() if value is None}
    numbers = {ref: number for number, ref in enumerate(page_refs(reader.root.raw_get("/Pages")))} if empty else {}
    spots = (_prepared(name, field, numbers) for name, field in empty.items())
    return Opened(
        stream=stream,
        password=password,
        reader=reader,
        signatures=signatures,
        prepared={spot.field: spot for spot in spots if spot is not None},
        names=frozenset(fields) | _top_names(reader),
    )


def _locks_readable(signature: EmbeddedPdfSignature) -> bool:
    """Read what pyHanko reads lazily, and may raise on."""
    return isinstance(signature.docmdp_level, MDPPerm | None) and isinstance(signature.fieldmdp, FieldMDPSpec | None)


def _prepared(name: str, field: Any, numbers: Mapping[Any, int]) -> Spot | None:
    """Return where an empty field is; None if it has no size or is on no page: a mark in it would never be seen."""
    widget = get_single_field_annot(field)
    if "/P" not in widget or "/Rect" not in widget:
        return None
    number = numbers.get(widget.raw_get("/P").reference)
    x0, y0, x1, y1 = corners(widget["/Rect"])
    if number is None or x0 == x1 or y0 == y1:
        return None
    return Spot(name, Box(number, x0, y0, x1, y1), page_of(widget["/P"]).rotate, prepared=True)


def _top_names(reader: PdfFileReader) -> frozenset[str]:
    """Return the names of all fields of the form's first level, whatever their type."""
    form = entry(reader.root, "/AcroForm") or {}
    return frozenset(str(entry(field.get_object(), "/T")) for field in entry(form, "/Fields") or ())


def _ink_in(widget: Any, box: Box) -> Box:
    """Return the edges of the picture in a signature's appearance, if it is drawn as we draw it; else the whole widget."""
    shown = entry(entry(widget, "/AP") or {}, "/N")
    found = _DRAWN_AT.search(shown.data) if isinstance(shown, StreamObject) and "/Matrix" not in shown else None
    if found is None:
        return box
    width, height, x, y = map(float, found.groups())
    return Box(box.page, box.x0 + x, box.y0 + y, box.x0 + x + width, box.y0 + y + height)
