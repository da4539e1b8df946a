"""A changed object passed off as something that may be added: validation data, metadata, a look, a font of the form."""

from collections.abc import Callable

from tests.validation.conftest import ARRIVAL_BOX, Pki, sign
from tests.validation.forgeries.annotations import unsigned, with_field
from tests.validation.forgeries.coverage import EVIL
from tests.validation.forgeries.forms import looking
from tests.validation.forgeries.hand import (
    BOX,
    CONTENTS,
    FIELD,
    FONT,
    FORM,
    IMAGE,
    NEW,
    field_number,
    longer,
    look,
    packed_table,
    read,
    revise,
    rewrite,
    root_of,
    stream,
)
from tests.validation.forgeries.honest import empty_field
from tests.validation.forgeries.kinds import Change, Variant, keyed, keyless

_DRAWING = b"BT /F1 12 Tf 60 600 Td (Noi dung cong van so 92) Tj ET"
_SYMBOL = b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"


def in_catalog(key: str, value: bytes, body: bytes = EVIL, number: int = CONTENTS) -> Change:
    return lambda pdf: rewrite(pdf, root_of(pdf), {key: value}, {number: body})


def as_object_stream(pdf: bytes) -> bytes:
    """The page's content becomes an object stream; behind its objects stand drawing operators."""
    header = b"%d 0 " % NEW
    body = stream(header + b"(x) " + _DRAWING, b"/Type /ObjStm /N 1 /First %d" % len(header))
    return revise(pdf, {CONTENTS: body}, entries={NEW: (CONTENTS, 0, b"c")}, table=False)


def as_table(pdf: bytes) -> bytes:
    """The page's content becomes the cross-reference stream of the update."""
    reader_rows = {NEW: (len(pdf), 0, b"n")}
    out = pdf + b"%d 0 obj\n(x)\nendobj\n" % NEW
    prev = int(pdf.rsplit(b"startxref", 1)[1].split()[0])
    trailer = b"/Size %d /Root %d 0 R /Prev %d" % (NEW + 1, root_of(pdf), prev)
    section = packed_table(reader_rows, trailer, len(out), CONTENTS)
    return out + section.replace(b"/Size %d" % (CONTENTS + 1), b"/Size %d" % (NEW + 1))


def look_naming(number: int, body: bytes) -> Change:
    """A new unsigned signature field; its look uses an object of the page, which changes."""

    def change(pdf: bytes) -> bytes:
        names = b"/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X %d 0 R >> /Font << /F %d 0 R >> >>"
        field = (
            b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Moi) /P 3 0 R /F 4 /Rect [0 0 0 0] /AP << /N %d 0 R >> >>"
            % (NEW + 1)
        )
        return with_field(pdf, field, {NEW + 1: stream(b"", names % (number, number)), number: body})

    return change


def value_naming(number: int, body: bytes) -> Change:
    return lambda pdf: rewrite(pdf, FIELD, {"/V": b"%d 0 R" % number}, {number: body})


def field_look_naming(number: int, body: bytes) -> Change:
    names = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X %d 0 R >> /Font << /F %d 0 R >> >>"
        % (number, number)
    )
    return lambda pdf: rewrite(pdf, FIELD, {"/AP": b"<< /N %d 0 R >>" % NEW}, {NEW: stream(b"", names), number: body})


_LAUNDERED: dict[str, Change] = {
    "content as a certificate": in_catalog("/DSS", b"<< /Certs [4 0 R] >>"),
    "content as a revocation list": in_catalog("/DSS", b"<< /CRLs [4 0 R] >>"),
    "content as an OCSP answer": in_catalog("/DSS", b"<< /OCSPs [4 0 R] >>"),
    "content as validation data of a signature": in_catalog("/DSS", b"<< /VRI << /ABCD << /Cert [4 0 R] >> >> >>"),
    "content as a time stamp of validation data": in_catalog("/DSS", b"<< /VRI << /ABCD << /TS 4 0 R >> >> >>"),
    "font as the store of validation data": in_catalog("/DSS", b"5 0 R", _SYMBOL, FONT),
    "page as the store of validation data": lambda pdf: rewrite(
        rewrite(pdf, 3, {"/Contents": b"%d 0 R" % NEW}, {NEW: EVIL}), root_of(pdf), {"/DSS": b"3 0 R"}
    ),
    "content as metadata": in_catalog("/Metadata", b"4 0 R"),
    "image as metadata": in_catalog("/Metadata", b"6 0 R", stream(b"", b"/Type /Metadata /Subtype /XML"), IMAGE),
    "font as information": lambda pdf: revise(pdf, {FONT: _SYMBOL}).replace(
        b"/Root 1 0 R /Prev", b"/Root 1 0 R /Info 5 0 R /Prev"
    ),
    "content as information": lambda pdf: revise(pdf, {CONTENTS: EVIL}, extra=b"/Info 4 0 R"),
    "page as information": lambda pdf: rewrite(
        pdf, 3, {"/Contents": b"%d 0 R" % NEW}, {NEW: EVIL}, extra=b"/Info 3 0 R"
    ),
    "font as information of the trailer": lambda pdf: revise(pdf, {FONT: _SYMBOL}, extra=b"/Info 5 0 R"),
    "content as extensions": in_catalog("/Extensions", b"<< /ADBE 4 0 R >>"),
    "content as an object stream": as_object_stream,
    "content as a cross-reference stream": as_table,
    "content in the form's resources": lambda pdf: rewrite(
        pdf, FORM, {"/DR": b"<< /XObject << /X 4 0 R >> /Font << /Helv 5 0 R >> >>"}, {CONTENTS: EVIL}
    ),
    "font in the form's resources": lambda pdf: rewrite(
        pdf, FORM, {"/DR": b"<< /Font << /Helv 5 0 R /X 5 0 R >> >>"}, {FONT: _SYMBOL}
    ),
    "encoding in the form's resources": lambda pdf: rewrite(
        pdf,
        FORM,
        {"/DR": b"<< /Encoding << /E 19 0 R >> /Font << /Helv 5 0 R >> >>"},
        {19: b"<< /Differences [49 /nine /two] >>"},
    ),
    "page in the form's resources": lambda pdf: rewrite(
        rewrite(pdf, 3, {"/Contents": b"%d 0 R" % NEW}, {NEW: EVIL}), FORM, {"/DR": b"<< /X 3 0 R >>"}
    ),
    "content in a new field's look": look_naming(CONTENTS, EVIL),
    "font in a new field's look": look_naming(FONT, _SYMBOL),
    "image in a new field's look": look_naming(
        IMAGE,
        stream(
            b"\x00" * 12,
            b"/Type /XObject /Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8 /ColorSpace /DeviceRGB",
        ),
    ),
    "content in the text field's look": field_look_naming(CONTENTS, EVIL),
    "font in the text field's look": field_look_naming(FONT, _SYMBOL),
    "content as the text field's value": value_naming(CONTENTS, EVIL),
    "font as the text field's value": value_naming(FONT, _SYMBOL),
    "look of the note as the text field's look": lambda pdf: rewrite(
        pdf, FIELD, {"/AP": b"<< /N 14 0 R >>"}, {14: look(b"Khac")}
    ),
    "drawn object as the text field's look": lambda pdf: rewrite(
        pdf, FIELD, {"/AP": b"<< /N 18 0 R >>"}, {18: look(b"Kinh gui: Khac")}
    ),
    "the page as a field": lambda pdf: rewrite(
        rewrite(pdf, 3, {"/FT": b"/Tx", "/T": b"(trang)", "/Contents": b"%d 0 R" % NEW}, {NEW: EVIL}),
        FORM,
        {"/Fields": _fields_and(pdf, b"3 0 R")},
    ),
    "the note as a field": lambda pdf: rewrite(
        rewrite(pdf, 13, {"/FT": b"/Sig", "/T": b"(ghichucu)", "/Subtype": b"/Widget"}),
        FORM,
        {"/Fields": _fields_and(pdf, b"13 0 R")},
    ),
}
_DRAWN_EMPTY: dict[str, Change] = {
    "prepared field drawn": lambda pdf: rewrite(
        pdf, _empty(pdf), {"/AP": b"<< /N %d 0 R >>" % NEW}, {NEW: look(b"999")}
    ),
    "prepared field moved": lambda pdf: rewrite(
        pdf, _empty(pdf), {"/Rect": b"[60 720 200 740]", "/AP": b"<< /N %d 0 R >>" % NEW}, {NEW: look(b"999")}
    ),
    "prepared field made a text field": lambda pdf: rewrite(
        pdf, _empty(pdf), {"/FT": b"/Tx", "/V": b"(999)", "/DA": b"(/Helv 12 Tf 0 g)"}
    ),
    "prepared field signed by a text": lambda pdf: rewrite(pdf, _empty(pdf), {"/V": b"(999)"}),
    "prepared field's background": lambda pdf: rewrite(pdf, _empty(pdf), {"/MK": b"<< /BG [0 0 0] /CA (999) >>"}),
}


def _empty(pdf: bytes) -> int:
    return field_number(pdf, "Trong")


def _fields_and(pdf: bytes, more: bytes) -> bytes:
    return longer(read(pdf, FORM)["/Fields"], more)


def _by(change: Change, holder: str) -> Callable[[bytes, Pki], bytes]:
    return lambda pdf, pki: sign(change(pdf), getattr(pki, holder), "DEN", ARRIVAL_BOX)


def _looking_and_empty(pdf: bytes) -> bytes:
    return looking(empty_field(pdf))


def filled(pdf: bytes) -> bytes:
    return rewrite(pdf, FIELD, {"/V": b"(99 dong)"})


def redrawn(pdf: bytes) -> bytes:
    return rewrite(pdf, FIELD, {"/V": b"(99 dong)", "/AP": b"<< /N %d 0 R >>" % NEW}, {NEW: look(b"99 dong")})


def ticked(pdf: bytes) -> bytes:
    return rewrite(pdf, BOX, {"/V": b"/Yes", "/AS": b"/Yes"})


def other_font(pdf: bytes) -> bytes:
    return rewrite(pdf, FORM, {"/DR": b"<< /Font << /Helv " + _SYMBOL + b" >> >>"})


VARIANTS: tuple[Variant, ...] = (
    *keyless("laundering", _LAUNDERED, base="approval"),
    *keyless(
        "laundering, object streams",
        {
            name: _LAUNDERED[name]
            for name in (
                "content as an object stream",
                "content as a cross-reference stream",
                "content in the form's resources",
            )
        },
        base="packed",
    ),
    *keyless("prepared field", _DRAWN_EMPTY, base="approval", plant=empty_field),
    *keyed(
        "changed, then stamped by the receiver",
        {
            "field's value": _by(filled, "receiver"),
            "box ticked": _by(ticked, "receiver"),
            "font of the form": _by(other_font, "receiver"),
            "unsigned field over the number": _by(unsigned(b"/Rect [60 720 200 740]"), "receiver"),
            "field's value, by the leader": _by(filled, "leader"),
            "field's value, by a stranger": _by(filled, "stranger"),
        },
    ),
    *keyed(
        "changed, then stamped by the receiver",
        {
            "field's value and look": _by(redrawn, "receiver"),
            "prepared field drawn": _by(_DRAWN_EMPTY["prepared field drawn"], "receiver"),
        },
        base="approval",
        plant=_looking_and_empty,
    ),
)
