"""One way of tampering per function: a good file in, what an attacker makes of it out. No keys, own code only."""

# mypy: allow-untyped-calls
# (pyHanko leaves the constructors of PDF objects untyped.)

import re
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from tests.validation.conftest import NUMBER_BOX, update

Box = tuple[int, int, int, int]
ELSEWHERE: Box = (60, 100, 200, 140)


def change_a_signed_byte(pdf: bytes) -> bytes:
    assert pdf.count(b"van so 12") == 1
    return pdf.replace(b"van so 12", b"van so 92")


def drawing(
    writer: IncrementalPdfFileWriter, text: str, width: float = 140, height: float = 20
) -> generic.IndirectObject:
    """A form XObject that paints white and writes text upon it."""
    content = f"1 g 0 0 {width} {height} re f 0 g BT /F1 12 Tf 4 4 Td ({text}) Tj ET".encode()
    font = {pdf_name("/Type"): pdf_name("/Font"), pdf_name("/Subtype"): pdf_name("/Type1")}
    font[pdf_name("/BaseFont")] = pdf_name("/Helvetica")
    fonts = generic.DictionaryObject({pdf_name("/F1"): generic.DictionaryObject(font)})
    return writer.add_object(
        generic.StreamObject(
            {
                pdf_name("/Type"): pdf_name("/XObject"),
                pdf_name("/Subtype"): pdf_name("/Form"),
                pdf_name("/BBox"): generic.ArrayObject(map(generic.FloatObject, (0, 0, width, height))),
                pdf_name("/Resources"): generic.DictionaryObject({pdf_name("/Font"): fonts}),
            },
            stream_data=content,
        ),
    )


def append_page_content(pdf: bytes) -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        stream = generic.StreamObject(stream_data=b"q 1 0 0 rg 60 500 200 50 re f Q")
        writer.add_stream_to_page(0, writer.add_object(stream))

    return update(pdf, edit)


def add_annotation(pdf: bytes, box: Box, text: str = "145", subtype: str = "/FreeText") -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        look = drawing(writer, text, box[2] - box[0], box[3] - box[1])
        if text:
            look.get_object()._data = f"BT /F1 12 Tf 4 4 Td ({text}) Tj ET".encode()
        annotation = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name(subtype),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.FloatObject, box)),
                pdf_name("/Contents"): pdf_string(text),
                pdf_name("/DA"): pdf_string("/Helv 12 Tf 0 g"),
                pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): look}),
            },
        )
        writer.register_annotation(writer.root["/Pages"]["/Kids"].raw_get(0).reference, writer.add_object(annotation))

    return update(pdf, edit)


def draw_unsigned_field(pdf: bytes, box: Box = NUMBER_BOX, *, indirect_box: bool = False) -> bytes:
    """A field "to be signed" with an appearance of its own; pyHanko alone calls all signatures valid (A5)."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        append_signature_field(writer, SigFieldSpec("Extra", box=box))
        field = field_of(writer, "Extra")
        field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): drawing(writer, "999")})
        if indirect_box:
            numbers = (writer.add_object(generic.FloatObject(number)) for number in box)
            field[pdf_name("/Rect")] = generic.ArrayObject(numbers)

    return update(pdf, edit)


def field_of(writer: IncrementalPdfFileWriter, name: str) -> generic.DictionaryObject:
    fields = writer.root["/AcroForm"]["/Fields"]
    found: generic.DictionaryObject = next(fields[index] for index in range(len(fields)) if fields[index]["/T"] == name)
    return found


def swap_appearance(pdf: bytes, name: str) -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        field = field_of(writer, name)
        field["/AP"] = generic.DictionaryObject({pdf_name("/N"): drawing(writer, "999")})
        writer.update_container(field)

    return update(pdf, edit)


def append_objects(pdf: bytes, objects: dict[int, bytes]) -> bytes:
    """A revision written by hand: classic cross-reference table, any object number."""
    reader = PdfFileReader(BytesIO(pdf))
    out = pdf + (b"" if pdf.endswith(b"\n") else b"\n")
    table = b"xref\n"
    for number, body in sorted(objects.items()):
        table += b"%d 1\n%010d 00000 n \n" % (number, len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    trailer = b"trailer\n<< /Size %d /Root %d 0 R /Prev %d >>\n" % (
        max(*objects, reader.trailer["/Size"] - 1) + 1,
        reader.root_ref.idnum,
        reader.last_startxref or 0,
    )
    return out + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(out)


def name_what_is_not_there(pdf: bytes, number: int = 500) -> bytes:
    """The malicious author's half of the trick: the page's parent does not exist yet when the file is signed."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        kid = writer.root["/Pages"]["/Kids"].raw_get(0)
        page = kid.get_object()
        page[pdf_name("/Parent")] = generic.IndirectObject(number, 0, writer)
        writer.mark_update(kid.reference)

    return update(pdf, edit)


def define_what_was_named(pdf: bytes, number: int = 500) -> bytes:
    return append_objects(pdf, {number: b"<< /Type /Pages /Resources << /Font << >> >> /Rotate 90 >>"})


def rewrite_byte_range(pdf: bytes, numbers: bytes) -> bytes:
    """Universal signature forgery: let the last signature cover nothing, or something odd."""
    last = list(re.finditer(rb"/ByteRange \[[^\]]*\]", pdf))[-1]
    new = b"/ByteRange [" + numbers + b"]"
    return pdf[: last.start()] + new.ljust(last.end() - last.start()) + pdf[last.end() :]


def signature_of_rubbish(pdf: bytes, kind: str = "/ETSI.CAdES.detached", box: Box = ELSEWHERE) -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        append_signature_field(writer, SigFieldSpec("Rac", box=box))
        field = field_of(writer, "Rac")
        field[pdf_name("/V")] = writer.add_object(rubbish(kind))

    return update(pdf, edit)


def rubbish(kind: str) -> generic.DictionaryObject:
    return generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Sig"),
            pdf_name("/Filter"): pdf_name("/Adobe.PPKLite"),
            pdf_name("/SubFilter"): pdf_name(kind),
            pdf_name("/ByteRange"): generic.ArrayObject(map(generic.NumberObject, (0, 10, 20, 30))),
            pdf_name("/Contents"): generic.ByteStringObject(b"not a CMS at all"),
        },
    )


def signature_on_the_page_only(pdf: bytes) -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        annotation = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/FT"): pdf_name("/Sig"),
                pdf_name("/T"): pdf_string("An"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.FloatObject, ELSEWHERE)),
                pdf_name("/V"): writer.add_object(rubbish("/ETSI.CAdES.detached")),
            },
        )
        writer.register_annotation(writer.root["/Pages"]["/Kids"].raw_get(0).reference, writer.add_object(annotation))

    return update(pdf, edit)


def add_text_field(pdf: bytes, value: str, box: Box = NUMBER_BOX) -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        field = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/T"): pdf_string("so"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.FloatObject, box)),
                pdf_name("/DA"): pdf_string("/Helv 12 Tf 0 g"),
            },
        )
        if value:
            field[pdf_name("/V")] = pdf_string(value)
        reference = writer.add_object(field)
        if "/AcroForm" not in writer.root:
            form = generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject()})
            writer.root[pdf_name("/AcroForm")] = writer.add_object(form)
            writer.update_root()
        fields = writer.root["/AcroForm"]["/Fields"]
        fields.append(reference)
        writer.update_container(fields)
        writer.register_annotation(writer.root["/Pages"]["/Kids"].raw_get(0).reference, reference)

    return update(pdf, edit)


def fill_text_field(pdf: bytes, value: str) -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        field = field_of(writer, "so")
        field[pdf_name("/V")] = pdf_string(value)
        writer.update_container(field)

    return update(pdf, edit)


def change_structure_tree(pdf: bytes) -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        tree = writer.root["/StructTreeRoot"]
        tree[pdf_name("/Note")] = pdf_string("changed")
        writer.update_container(tree)

    return update(pdf, edit)


def add_structure_tree(pdf: bytes) -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        tree = generic.DictionaryObject({pdf_name("/Type"): pdf_name("/StructTreeRoot")})
        writer.root[pdf_name("/StructTreeRoot")] = writer.add_object(tree)
        writer.update_root()

    return update(pdf, edit)


def lose_byte_range(pdf: bytes) -> bytes:
    head, tail = pdf.rsplit(b"/ByteRange", 1)
    return head + b"/ByteRangX" + tail


def _clone_field(pdf: bytes, *, same_value: bool) -> bytes:
    """A new field over the number that claims the seal's genuine signature as its own."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        value = field_of(writer, "ConDau").raw_get("/V")
        append_signature_field(writer, SigFieldSpec("Extra", box=NUMBER_BOX))
        field = field_of(writer, "Extra")
        copied = generic.DictionaryObject({key: value.get_object().raw_get(key) for key in value.get_object()})
        copied[pdf_name("/Contents")] = generic.ByteStringObject(value.get_object().raw_get("/Contents").original_bytes)
        field[pdf_name("/V")] = value if same_value else writer.add_object(copied)
        field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): drawing(writer, "999")})

    return update(pdf, edit)


def reuse_signature(pdf: bytes) -> bytes:
    return _clone_field(pdf, same_value=True)


def copy_signature(pdf: bytes) -> bytes:
    return _clone_field(pdf, same_value=False)


def break_the_rules(pdf: bytes) -> bytes:
    """Give the file a defect that viewers forgive: the last update's table is missing its end-of-line convention."""
    return append_objects(pdf, {900: b"<< >>"}).replace(b"900 1\n", b"901 1\n")
