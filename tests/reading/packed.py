"""PDF files put together byte by byte, as no writer at hand makes them: Word's kind, and one too large to be read whole."""

import io
from collections.abc import Iterator
from pathlib import Path

from pypdf import PdfReader
from pypdf.generic import IndirectObject, StreamObject


def like_word(pdf: bytes) -> bytes:
    """Store a PDF as Word does: a classic table for streams, a second one, in a stream, for what is packed in streams.

    ISO 32000-2 7.5.8.4 (hybrid-reference files); here every dictionary but the catalogue is packed, pages and fonts too.
    """
    reader = PdfReader(io.BytesIO(pdf))
    objects = {number: reader.get_object(IndirectObject(number, 0, reader)) for number in reader.xref[0]}
    root = reader.trailer.raw_get("/Root").idnum
    packed = [number for number, one in objects.items() if not isinstance(one, StreamObject) and number != root]
    out, offsets = io.BytesIO(b"%PDF-1.7\n%\xb5\xb5\xb5\xb5\n"), {}
    out.seek(0, io.SEEK_END)
    for number, one in objects.items():
        if number not in packed:
            offsets[number] = out.tell()
            out.write(b"%d 0 obj\n%s\nendobj\n" % (number, _written(one)))
    holder, table = max(objects) + 1, max(objects) + 2
    bodies = [_written(objects[number]) for number in packed]
    starts = [sum(len(body) + 1 for body in bodies[:index]) for index in range(len(bodies))]
    index = b" ".join(b"%d %d" % pair for pair in zip(packed, starts, strict=True)) + b"\n"
    offsets[holder] = out.tell()
    content = index + b"\n".join(bodies)
    out.write(
        b"%d 0 obj\n<</Type/ObjStm/N %d/First %d/Length %d>>\nstream\n%s\nendstream\nendobj\n"
        % (holder, len(packed), len(index), len(content), content)
    )
    rows = b"".join(b"\x02" + holder.to_bytes(4, "big") + place.to_bytes(2, "big") for place in range(len(packed)))
    ranges = b" ".join(b"%d 1" % number for number in packed)
    offsets[table] = out.tell()
    out.write(
        b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 2]/Index[%s]/Root %d 0 R/Length %d>>\nstream\n%s\nendstream\nendobj\n"
        % (table, table + 1, ranges, root, len(rows), rows)
    )
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (table + 1))
    for number in range(1, table + 1):
        out.write(b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 00000 f \n")
    out.write(
        b"trailer\n<</Size %d/Root %d 0 R/XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (table + 1, root, offsets[table], start)
    )
    return out.getvalue()


def _written(one: object) -> bytes:
    stream = io.BytesIO()
    one.write_to_stream(stream)  # type: ignore[attr-defined]  # every object of pypdf has it
    return stream.getvalue()


def write_large(path: Path, pages: int, pictures: int, side: int) -> None:
    """Write a file of many pages, the first `pictures` of them with a grey picture of side × side bytes of its own.

    Every page says its number; the last one bears a mark of secrecy that stands alone.
    """
    offsets = {}
    with path.open("wb") as out:
        out.write(b"%PDF-1.4\n")
        for number, body in _objects(pages, pictures, side):
            offsets[number] = out.tell()
            out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        start, size = out.tell(), len(offsets) + 1
        out.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        out.write(b"".join(b"%010d 00000 n \n" % offsets[number] for number in range(1, size)))
        out.write(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start))


def _objects(pages: int, pictures: int, side: int) -> Iterator[tuple[int, bytes]]:
    yield 1, b"<</Type/Catalog/Pages 2 0 R>>"
    yield (
        2,
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b" ".join(b"%d 0 R" % (4 + 3 * one) for one in range(pages))),
    )
    yield 3, b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    for one in range(pages):
        number = 4 + 3 * one
        picture = one < pictures
        words = b"(MAT)" if one == pages - 1 else b"(%d)" % (one + 1)
        content = b"BT /F 12 Tf 90 700 Td %s Tj ET" % words + (b" 400 0 0 400 90 90 cm /P Do" if picture else b"")
        yield (
            number,
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
            b"/Resources<</Font<</F 3 0 R>>/XObject<</P %d 0 R>>>>>>" % (number + 1, number + 2),
        )
        yield number + 1, b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content)
        data = bytes([one % 251]) * (side * side) if picture else b""
        yield (
            number + 2,
            b"<</Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Length %d>>\nstream\n%s\nendstream"
            % (side, side, len(data), data),
        )
