"""PDF files as no writer at hand makes them: Word's kind, Tesseract's, one too large to be read whole, one with any box."""

import io
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)
from tests.reading.pages import HEIGHT, Text, width


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


def recognised(scan: bytes, texts: Sequence[Text]) -> bytes:
    """Put text over the scan of one page as Tesseract does: invisible, word by word, in a font whose letters have no shape.

    Every letter is half an em wide, and the words are drawn out or drawn in (Tz) to the width they have on paper.
    """
    writer = PdfWriter(clone_from=io.BytesIO(scan))

    def add(content: bytes | None = None, **entries: object) -> IndirectObject:
        values = {NameObject(f"/{key}"): value for key, value in entries.items()}
        one = DictionaryObject(values) if content is None else StreamObject()
        if isinstance(one, StreamObject):
            one.update(values)
            one._data = content or b""
        return writer._add_object(one)

    name, number = NameObject, NumberObject
    font = (files("vanthu_cli") / "fonts" / "LiberationSerif-Regular.ttf").read_bytes()
    descriptor = add(
        Type=name("/FontDescriptor"), FontName=name("/GlyphLessFont"), Flags=number(5), ItalicAngle=number(0),
        FontBBox=ArrayObject(map(number, (0, 0, 500, 1000))), Ascent=number(1000), Descent=number(-1),
        CapHeight=number(1000), StemV=number(80), FontFile2=add(font, Length1=number(len(font))),
    )  # fmt: skip
    system = DictionaryObject({
        name("/Registry"): TextStringObject("Adobe"),
        name("/Ordering"): TextStringObject("Identity"),
        name("/Supplement"): number(0),
    })  # fmt: skip
    blank = b"\x00\x03" * 65536  # every letter is drawn as the font's space
    cid = add(
        Type=name("/Font"), Subtype=name("/CIDFontType2"), BaseFont=name("/GlyphLessFont"), CIDToGIDMap=add(blank),
        CIDSystemInfo=system, DW=number(500), FontDescriptor=descriptor,
    )  # fmt: skip
    unicode = add(
        b"begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange"
        b" 1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap"
    )
    composite = add(
        Type=name("/Font"), Subtype=name("/Type0"), BaseFont=name("/GlyphLessFont"), Encoding=name("/Identity-H"),
        DescendantFonts=ArrayObject([cid]), ToUnicode=unicode,
    )  # fmt: skip
    page = writer.pages[0]
    page["/Resources"][name("/Font")] = DictionaryObject({name("/Unseen"): composite})  # type: ignore[index]
    words = b"\nBT 3 Tr %s ET\n" % b"".join(_unseen(text) for text in texts)
    page[name("/Contents")] = ArrayObject([page.raw_get("/Contents"), add(words)])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _unseen(text: Text) -> bytes:
    left = text.x - width(text.text, text.size, text.face) / 2 if text.centred else text.x
    drawn = b""
    for word in text.text.split(" "):
        if word:
            narrower = 100 * width(word, text.size, text.face) / (len(word) * 0.5 * text.size)
            drawn += b"1 0 0 1 %.2f %.2f Tm /Unseen %d Tf %.3f Tz <%s> Tj\n" % (
                left,
                HEIGHT - text.y,
                text.size,
                narrower,
                f"{word} ".encode("utf-16-be").hex().encode(),
            )
        left += width(f"{word} ", text.size, text.face)
    return drawn


def with_boxes(media: str, entries: str = "") -> bytes:
    """Return one page with that MediaBox and further entries, and the word "x" at (10, 10)."""
    content = b"BT /F 12 Tf 10 10 Td (x) Tj ET"
    return _numbered(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[{media}]{entries}/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>".encode(),
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )


def _numbered(*bodies: bytes) -> bytes:
    out = io.BytesIO()
    _write(out, enumerate(bodies, 1))
    return out.getvalue()


def _write(out: BinaryIO, objects: Iterable[tuple[int, bytes]]) -> None:
    """Write a whole file of objects numbered without a gap, number 1 the catalogue."""
    offsets = {}
    out.write(b"%PDF-1.4\n")
    for number, body in objects:
        offsets[number] = out.tell()
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start, size = out.tell(), len(offsets) + 1
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
    out.write(b"".join(b"%010d 00000 n \n" % offsets[number] for number in range(1, size)))
    out.write(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start))


def write_large(path: Path, pages: int, pictures: int, side: int) -> None:
    """Write a file of many pages, the first `pictures` of them with a grey picture of side × side bytes of its own.

    Every page says its number; the last one bears a mark of secrecy that stands alone.
    """
    with path.open("wb") as out:
        _write(out, _objects(pages, pictures, side))


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
