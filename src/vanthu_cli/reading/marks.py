"""The secrecy mark of a file of any kind, before anything else is done with it: `secret_mark_in_file(name, data)`.

Whatever came by mail is hostile: sizes are counted while unpacking, XML knows no entities and no network, and no
input raises. What cannot be read bears no mark that a program could see; the clerk is asked anyway, for a stamp may be
in a picture. A file is given by its bytes or by its path; of a large one no more is read than is looked at.
"""

import html
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lxml import etree

from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.lines import stacked
from vanthu_cli.reading.page import Sheets, open_pdf
from vanthu_cli.rules.secrecy import secret_mark, secret_mark_in_name

MAX_UNPACKED = 50_000_000
"""Bytes unpacked from one archive, all members together."""
MAX_TEXT = 20_000_000
"""Bytes looked at in a file that is plain text, HTML or RTF."""
MAX_MEMBERS = 10_000
MAX_DEPTH = 2
_SIGNATURE_WITHIN = 1024

# Where office formats keep what is printed: body, headers and footers, notes, cells, slides.
_OFFICE_PARTS = re.compile(
    r"(?:word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)|xl/(?:sharedStrings|worksheets/\w+)"
    r"|xl/drawings/\w+|ppt/slides/\w+|content|styles|docProps/core|meta)\.xml"
)
_PARAGRAPHS = frozenset({"p", "h", "si", "is", "title", "subject", "keywords", "oddHeader", "oddFooter"})
_BREAKS = frozenset({"br", "cr", "tab", "line-break"})
_SILENT = frozenset({"instrText", "delText", "posOffset", "align"})

# In a worksheet's header: "&C&\"Times New Roman\"&14MẬT".
_SHEET_CODES = re.compile(r'&(?:"[^"]{0,100}"|\d{1,3}|[A-Z])')

_BLOCK_TAG = re.compile(r"<(?:/?(?:p|div|t[dhr]|table|h\d|li|title|body)|br|hr)\b[^<>]{0,2000}>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]{0,2000}>")
_RTF_BREAK = re.compile(r"\\(?:pard|par|line|cell|row|tab|sect|page)\b ?")
_RTF_UNICODE = re.compile(r"\\u(-?\d{1,6}) ?(?:\\'[0-9a-fA-F]{2}|\?)?")
_RTF_BYTE = re.compile(r"\\'([0-9a-fA-F]{2})")
_RTF_WORD = re.compile(r"\\[a-zA-Z]{1,32}-?\d{0,10} ?|\\\*|[{}\r\n]")
OLE_BEGINNING = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_BREAKS = re.compile("[\x00-\x1f]+")

# An entry of a ZIP's list of members up to its name; groups: upper byte of the flags, length of the name, where it is.
_ENTRY = re.compile(rb"PK\x01\x02.{5}(.).{18}(..).{12}(.{4})", re.DOTALL)
_MEMBER = b"PK\x03\x04"
_MEMBER_FLAGS = 7
_NAME_IS_UTF8 = 8


def secret_mark_in_file(name: str, data: bytes | Path, *, password: str | None = None) -> str | None:
    """Return the highest secrecy mark that a file bears in its name or, if not there, in its content; never raises.

    Content: PDF (pages, annotations, title, names of embedded files), OOXML and ODF by paragraphs, old Word files, text,
    HTML, RTF; of other archives the members' names and content, two archives deep. Nothing readable: None. `password`
    opens a PDF that asks for one.
    """
    try:
        return secret_mark_in_name(name) or _in_content(data, password=password)
    except Exception:  # noqa: BLE001  hostile bytes find ever new ways to upset a parser; unreadable is None
        return None


def secret_mark_in_pdf(sheets: Sheets) -> str | None:
    """Return the highest mark on the pages of `Sheets.looked_at`, in what the file says of itself, or in embedded names.

    Neither a broken first page nor broken metadata hides the marks of the rest.
    """
    lines: list[str] = []
    with suppress(MisuseError):
        shown = sheets.page(0).shown
        lines += [*(line.text for line in shown), *stacked(shown)]
    lines += map(sheets.text, sheets.looked_at)
    with suppress(Exception):
        lines += sheets.document.get_metadata_dict(skip_empty=True).values()
    names: list[str] = []
    for index in range(min(sheets.document.count_attachments(), MAX_MEMBERS)):
        with suppress(Exception):
            names.append(sheets.document.get_attachment(index).get_name())
    return secret_mark("\n".join(lines)) or next(filter(None, map(secret_mark_in_name, names)), None)


def is_pdf(data: bytes | Path) -> bool:
    """Tell a PDF by its signature, which viewers accept anywhere in the first kilobyte. `OSError` if it can't be read."""
    return b"%PDF-" in _beginning(data, _SIGNATURE_WITHIN)


def is_zip(data: bytes | Path) -> bool:
    """Tell an archive by how it begins; one whose first member is a PDF, not packed, has the signature of that as well."""
    return _beginning(data, 2) == b"PK"


def _beginning(data: bytes | Path, size: int) -> bytes:
    if isinstance(data, bytes):
        return data[:size]
    with data.open("rb") as stream:
        return stream.read(size)


def _in_content(data: bytes | Path, depth: int = 0, password: str | None = None) -> str | None:
    if is_zip(data) and depth <= MAX_DEPTH and (mark := _in_zip(data, depth)):
        return mark
    if is_pdf(data):
        with open_pdf(data, password) as sheets:
            return secret_mark_in_pdf(sheets)
    if is_zip(data):
        return None
    start = _beginning(data, len(OLE_BEGINNING))
    text = _beginning(data, MAX_TEXT)
    if start == OLE_BEGINNING:
        # Word 97 keeps its text as UTF-16 runs between records; noise does not look like a mark.
        return secret_mark(_OLE_BREAKS.sub("\n", text.decode("utf-16-le", "ignore")))
    return secret_mark(plain_text(text))


def open_zip(data: bytes | Path) -> zipfile.ZipFile:
    """Open an archive; what is broken raises BadZipFile, ValueError, OSError, NotImplementedError and others.

    One name that is declared to be UTF-8 and is not makes the library refuse all members: in bytes that is put right.
    """
    if not isinstance(data, bytes):
        return zipfile.ZipFile(data)
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except UnicodeDecodeError:
        return zipfile.ZipFile(io.BytesIO(_declared_right(data)))


def _declared_right(data: bytes) -> bytes:
    """Take the flag "name is UTF-8" (APPNOTE 4.4.4, bit 11) from members whose name is something else."""
    right = bytearray(data)
    for entry in _ENTRY.finditer(data):
        name = data[entry.end() : entry.end() + int.from_bytes(entry[2], "little")]
        if name.decode("utf-8", "replace").encode() != name:
            right[entry.start(1)] &= ~_NAME_IS_UTF8
            at = int.from_bytes(entry[3], "little")
            if data.startswith(_MEMBER, at) and at + _MEMBER_FLAGS < len(data):
                right[at + _MEMBER_FLAGS] &= ~_NAME_IS_UTF8
    return bytes(right)


def _in_zip(data: bytes | Path, depth: int) -> str | None:
    """Look into an archive: the parts of an office file; of any other, every member as a file of its own, two levels down."""
    with open_zip(data) as archive:
        members = archive.infolist()[:MAX_MEMBERS]
        for member in members:
            if mark := secret_mark_in_name(member.filename):
                return mark
        office = any(member.filename in {"[Content_Types].xml", "mimetype"} for member in members)
        left, marks = MAX_UNPACKED, []
        for member in members:
            if left <= 0 or member.is_dir() or (office and not _OFFICE_PARTS.fullmatch(member.filename)):
                continue
            with suppress(Exception):  # one broken or locked member must not hide the mark in the next one
                with archive.open(member) as stream:
                    content = stream.read(left)
                left -= len(content)
                marks.append(_in_xml(content) if office else _in_content(content, depth + 1))
    return secret_mark("\n".join(mark for mark in marks if mark))


def is_locked(data: bytes | Path, *, password: str | None = None) -> bool:
    """Tell whether a password keeps us from looking inside (a PDF or an archive): nobody knows then what marks it bears."""
    if is_pdf(data) and not is_zip(data):
        try:
            with open_pdf(data, password):
                return False
        except MisuseError as error:
            return error.code == "reading.encrypted"
    if is_zip(data):
        with suppress(zipfile.BadZipFile, ValueError, OSError, NotImplementedError), open_zip(data) as archive:
            return any(member.flag_bits & 1 for member in archive.infolist())
    return False


def _in_xml(content: bytes) -> str | None:
    lines: list[str] = []
    with suppress(etree.XMLSyntaxError):  # what came before the fault still counts
        lines.extend(_paragraphs(content))
    return secret_mark("\n".join(lines))


def _paragraphs(content: bytes) -> Iterator[str]:
    """Yield the paragraphs of an office format's part; those inside a text box come before the one it hangs on."""
    events = etree.iterparse(
        io.BytesIO(content), events=("end",), resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False
    )
    for _event, element in events:
        if isinstance(element.tag, str) and etree.QName(element).localname in _PARAGRAPHS:
            yield _SHEET_CODES.sub("|", "".join(_words(element)))
            element.clear(keep_tail=True)


def _words(paragraph: "etree._Element") -> Iterator[str]:
    for node in paragraph.iter():
        local = etree.QName(node).localname if isinstance(node.tag, str) else ""
        if local in _BREAKS:
            yield "\n"
        if local and local not in _SILENT:
            yield node.text or ""
        if node is not paragraph:
            yield node.tail or ""


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return unicodedata.normalize("NFC", data.decode("cp1258", "replace"))


def plain_text(data: bytes) -> str:
    """Return what a reader sees of plain text, HTML or RTF, a paragraph a line."""
    text = _decoded(data)
    start = text[:1000].lstrip().lower()
    if start.startswith("{\\rtf"):
        broken = _RTF_BREAK.sub("\x00", text.replace("\r", "").replace("\n", ""))
        spelt = _RTF_UNICODE.sub(lambda code: chr(int(code[1]) % 0x10000), broken)
        spelt = _RTF_BYTE.sub(lambda code: bytes([int(code[1], 16)]).decode("cp1258", "replace"), spelt)
        return _RTF_WORD.sub("", spelt).replace("\x00", "\n")
    if "<" in start and re.search(r"<(?:!doctype|html|head|body|p|div|table|meta)\b", start):
        return html.unescape(_ANY_TAG.sub("", _BLOCK_TAG.sub("\n", text.replace("\n", " "))))
    return text
