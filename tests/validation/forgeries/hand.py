"""PDF written by hand: a page to sign, and revisions that a decent library would refuse to write."""

# mypy: allow-untyped-calls
# (pyHanko leaves the constructors of PDF objects untyped.)

import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
PACK = 30
"""The object stream of the packed page."""
NEW = 901
"""The first object number that attacks use for what they add."""


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def look(text: bytes, width: int = 140, height: int = 20, *, ground: bool = True) -> bytes:
    """A form XObject: white ground (or none) and text upon it."""
    paint = b"1 g 0 0 %d %d re f 0 g " % (width, height) if ground else b""
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 %d %d] /Resources << /Font << /F1 %s >> >>"
    return stream(paint + b"BT /F1 12 Tf 4 4 Td (" + text + b") Tj ET", entries % (width, height, HELVETICA))


CONTENT = (
    b"BT /F1 12 Tf 60 725 Td (So        -CV/TU) Tj ET\nBT /F1 12 Tf 60 600 Td (Noi dung cong van so 12) Tj ET\n"
    b"q 40 0 0 40 450 700 cm /Im1 Do Q\nq 1 0 0 1 60 540 cm /Fm1 Do Q\n"
    b"/OC /OC1 BDC BT /F1 12 Tf 60 520 Td (Khong dong y) Tj ET EMC"
)
OBJECTS: dict[int, bytes] = {
    1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm 9 0 R /Outlines 15 0 R /Metadata 16 0 R /ViewerPreferences << /DisplayDocTitle "
    b"true >> /OCProperties << /OCGs [12 0 R] /D << /Order [12 0 R] /ON [12 0 R] >> >> >>",
    2: b"<< /Type /Pages /Kids [3 0 R 7 0 R] /Count 2 >>",
    3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [10 0 R 13 0 R 20 0 R] /Resources << /Font << /F1 "
    b"5 0 R >> /XObject << /Im1 6 0 R /Fm1 18 0 R >> /Properties << /OC1 12 0 R >> >> >>",
    4: stream(CONTENT),
    5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding 19 0 R >>",
    6: stream(b"\x80\x00\x00" * 4, b"/Type /XObject /Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8 /ColorSpace /DeviceRGB"),
    7: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 8 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    8: stream(b"BT /F1 12 Tf 60 700 Td (Trang hai) Tj ET"),
    9: b"<< /Fields [10 0 R 20 0 R] /DR << /Font << /Helv 5 0 R >> >> /DA (/Helv 12 Tf 0 g) >>",
    10: b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (ghichu) /V (12 dong) /DA (/Helv 12 Tf 0 g) /Rect [60 450 200 470] /F 4 "
    b"/P 3 0 R >>",
    11: look(b"12 dong", ground=False),
    12: b"<< /Type /OCG /Name (Lop) >>",
    13: b"<< /Type /Annot /Subtype /FreeText /Contents (Ghi chu cu) /DA (/Helv 12 Tf 0 g) /Rect [60 420 200 440] /F 4 /P 3 0 R "
    b"/AP << /N 14 0 R >> >>",
    14: look(b"Ghi chu cu", ground=False),
    15: b"<< /Type /Outlines /Count 0 >>",
    16: stream(
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/></x:xmpmeta>",
        b"/Type /Metadata /Subtype /XML",
    ),
    17: b"<< /Title (Cong van) >>",
    18: look(b"Kinh gui: Huyen uy", ground=False),
    19: b"<< /Type /Encoding /Differences [1 /a] >>",
    20: b"<< /Type /Annot /Subtype /Widget /FT /Btn /T (dongy) /V /Off /AS /Off /Rect [60 390 80 410] /F 4 /P 3 0 R /AP << /N << "
    b"/Yes 21 0 R /Off 22 0 R >> >> >>",
    21: look(b"X", 20, 20, ground=False),
    22: look(b"", 20, 20, ground=False),
}  # fmt: skip
"""A page with what office software writes. Object 11, a look for the text field, is used by none unless planted."""
PAGES, PAGE, CONTENTS, FONT, IMAGE, SECOND, FORM, FIELD = 2, 3, 4, 5, 6, 7, 9, 10
LOOK, LAYER, NOTE, NOTE_LOOK, DRAWN, ENCODING, BOX = 11, 12, 13, 14, 18, 19, 20


def written(objects: Mapping[int, bytes] = OBJECTS, *, before: Mapping[int, bytes] | None = None) -> bytes:
    """A whole file. `before` are objects whose numbers come again later: the table knows only the later ones."""
    out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    for number, body in (before or {}).items():
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    offsets = {}
    for number, body in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    size = max(objects) + 1
    rows = [
        b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 00001 f \n"
        for number in range(size)
    ]
    rows[0] = b"0000000000 65535 f \n"
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info 17 0 R /ID [<01234567> <01234567>] >>\nstartxref\n%d\n%%%%EOF\n"
    return out + b"xref\n0 %d\n" % size + b"".join(rows) + trailer % (size, len(out))


def written_packed(objects: Mapping[int, bytes] = OBJECTS) -> bytes:
    """The same file with everything that is no stream packed in one object stream, number 30."""
    out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    rows: dict[int, tuple[int, int, bytes]] = {0: (0, 65535, b"f")}
    inside = {number: body for number, body in objects.items() if b"endstream" not in body}
    for number, body in {**objects, PACK: pack(inside)}.items():
        if number not in inside:
            rows[number] = (len(out), 0, b"n")
            out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows |= {number: (PACK, index, b"c") for index, number in enumerate(inside)}
    trailer = b"/Size 1 /Root 1 0 R /Info 17 0 R /ID [<01234567> <01234567>]"
    return out + packed_table(rows, trailer, len(out), PACK + 1)


def pack(objects: Mapping[int, bytes]) -> bytes:
    """An object stream."""
    header, body = b"", b""
    for number, value in objects.items():
        header += b"%d %d " % (number, len(body))
        body += value + b"\n"
    return stream(header + body, b"/Type /ObjStm /N %d /First %d" % (len(objects), len(header)))


def revise(
    pdf: bytes,
    objects: Mapping[int, bytes],
    *,
    entries: Mapping[int, tuple[int, int, bytes]] | None = None,
    free: Iterable[int] = (),
    generation: int = 0,
    root: int | None = None,
    prev: int | None = None,
    size: int | None = None,
    extra: bytes = b"",
    table: bool | None = None,
) -> bytes:
    """Append a revision. `entries` are (offset, generation, "n" or "f") to be written without an object behind them.

    Objects are written with `generation`. `table` asks for a classic table, None for what the file has so far.
    """
    reader = PdfFileReader(BytesIO(pdf), strict=False)
    out = pdf if pdf.endswith(b"\n") else pdf + b"\n"
    rows: dict[int, tuple[int, int, bytes]] = dict.fromkeys(free, (0, 1, b"f"))
    for number, body in objects.items():
        rows[number] = (len(out), generation, b"n")
        out += b"%d %d obj\n%s\nendobj\n" % (number, generation, body)
    rows |= entries or {}
    size = size or max(*rows, int(reader.trailer["/Size"]) - 1) + 1
    root = root or reader.root_ref.idnum
    trailer = b"/Size %d /Root %d 0 R /Prev %d %s" % (size, root, prev or reader.last_startxref or 0, extra)
    if "/ID" in reader.trailer.flatten():
        trailer += b" /ID [<01234567> <76543210>]"
    if not (reader.has_xref_stream if table is None else not table):
        lines = b"".join(b"%d 1\n%010d %05d %s \n" % (number, *row) for number, row in sorted(rows.items()))
        return out + b"xref\n" + lines + b"trailer\n<< " + trailer + b" >>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + packed_table(rows, trailer, len(out), size)


def packed_table(rows: dict[int, tuple[int, int, bytes]], trailer: bytes, start: int, number: int) -> bytes:
    """A cross-reference stream as object `number` at offset `start`; a row's kind may also be "c": in a stream."""
    rows = rows | {number: (start, 0, b"n")}
    trailer = re.sub(rb"/Size \d+", b"/Size %d" % (number + 1), trailer)
    kinds = {b"f": b"\x00", b"n": b"\x01", b"c": b"\x02"}
    data = b"".join(
        kinds[kind] + place.to_bytes(4, "big") + generation.to_bytes(2, "big")
        for _number, (place, generation, kind) in sorted(rows.items())
    )
    index = b" ".join(b"%d 1" % row for row in sorted(rows))
    body = stream(data, b"/Type /XRef /W [1 4 2] /Index [" + index + b"] " + trailer)
    return b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (number, body, start)


def raw(value: Any) -> bytes:
    out = BytesIO()
    value.write_to_stream(out, None, None)
    return out.getvalue()


def read(pdf: bytes, number: int) -> Any:
    reader = PdfFileReader(BytesIO(pdf), strict=False)
    return reader.get_object(generic.Reference(number, 0, reader))


def body_of(pdf: bytes, number: int) -> bytes:
    return raw(read(pdf, number))


def with_entries(dictionary: Any, entries: Mapping[str, bytes | None]) -> bytes:
    """A dictionary or stream with other entries; None takes one away."""
    values = {str(key): raw(value) for key, value in dictionary.items() if key not in ("/Length", *entries)}
    values |= {key: value for key, value in entries.items() if value is not None}
    text = b" ".join(key.encode("latin-1") + b" " + value for key, value in values.items())
    if isinstance(dictionary, generic.StreamObject):
        return stream(dictionary.encoded_data, text)
    return b"<< " + text + b" >>"


def rewrite(
    pdf: bytes,
    number: int,
    entries: Mapping[str, bytes | None],
    more: Mapping[int, bytes] | None = None,
    **options: Any,
) -> bytes:
    """Append a revision in which one dictionary has other entries, and in which `more` objects stand."""
    return revise(pdf, {number: with_entries(read(pdf, number), entries), **(more or {})}, **options)


def root_of(pdf: bytes) -> int:
    return int(PdfFileReader(BytesIO(pdf), strict=False).root_ref.idnum)


def field_number(pdf: bytes, name: str) -> int:
    """The object number of a top-level form field."""
    fields = PdfFileReader(BytesIO(pdf), strict=False).root["/AcroForm"]["/Fields"]
    found = (fields.raw_get(index) for index in range(len(fields)))
    return next(int(reference.idnum) for reference in found if reference.get_object()["/T"] == name)


def signature_number(pdf: bytes, name: str) -> int:
    return int(read(pdf, field_number(pdf, name)).raw_get("/V").idnum)


def longer(values: Any, *more: bytes) -> bytes:
    """An array with more elements, given as PDF."""
    return b"[" + b" ".join([*map(raw, values), *more]) + b"]"
