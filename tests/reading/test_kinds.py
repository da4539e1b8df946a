import base64
import gzip
import io
import struct
import tarfile
import zipfile

import pytest
from asn1crypto import cms
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.reading.pages import dispatch_145, make_pdf

from vanthu_cli.reading.kinds import DANGEROUS, KINDS, der_of, kind_of

PDF = make_pdf(*dispatch_145())
TYPES = '<?xml version="1.0"?><Types><Default Extension="bin" ContentType="application/{}"/></Types>'
WORD_MACROS = "vnd.ms-office.vbaProject"
LETTER = b"Received: from a by b\r\nSubject: 145-CV/TU\r\n\r\nKinh gui\r\n"
EDXML = (
    '<?xml version="1.0"?><edXML:edXMLEnvelope xmlns:edXML="http://a"><Body>Mẫu</Body></edXML:edXMLEnvelope>'.encode()
)
LNK = b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46" + bytes(60)
EXE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(200)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def zipped(*members: tuple[str, str | bytes], comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
        archive.comment = comment
    return out.getvalue()


def office(part: str, *more: tuple[str, str | bytes], types: str = "xml", encoding: str = "utf-8") -> bytes:
    return zipped(("[Content_Types].xml", TYPES.format(types).encode(encoding)), (part, "<d/>"), *more)


def open_document(kind: str, *more: tuple[str, str | bytes]) -> bytes:
    declared = f"application/vnd.oasis.opendocument.{kind}"
    return zipped(("mimetype", declared), ("content.xml", "<office:d/>"), *more)


def compound(*streams: str, clsid: bytes = bytes(16)) -> bytes:
    """A compound file (MS-CFB) of 512-byte sectors: one of the FAT, then the directory; the streams are empty."""
    entries = [("Root Entry", 5, clsid), *((name, 2, bytes(16)) for name in streams)]
    directory = b""
    for name, sort, own in entries:
        text = f"{name}\0".encode("utf-16-le")
        directory += struct.pack("<64sHBB3I16s", text, len(text), sort, 1, *[0xFFFFFFFF] * 3, own) + bytes(36)
    directory += bytes(-len(directory) % 512)
    sectors = len(directory) // 512
    chain = [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    fat = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H6x4I", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0)
    head += struct.pack("<6I", 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    return head.ljust(512, b"\xff") + fat + directory


def picture(form: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, form)
    return out.getvalue()


def tar(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def signed(content: bytes) -> bytes:
    """CMS signed-data around some content, without a signer (RFC 5652 5.1 permits none)."""
    inside = {"content_type": "data", "content": content}
    data = {"version": "v1", "digest_algorithms": [], "encap_content_info": inside, "signer_infos": []}
    return cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()  # type: ignore[no-any-return]


def armoured(der: bytes, label: str = "PKCS7") -> bytes:
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label.encode(), base64.encodebytes(der), label.encode())


P7M = signed(b"Content-Type: text/plain\r\n\r\nMau\r\n" * 20)
SCRIPTS = ["bat", "cmd", "ps1", "vbs", "js", "jse", "wsf", "hta", "scr", "exe", "msi", "lnk", "url"]
INSTALLER = bytes.fromhex("84100c0000000000c000000000000046")

PLAIN = [
    ("145.pdf", PDF, "pdf"),
    ("145.txt", PDF, "pdf"),
    ("a.pdf", b"\n\n%PDF-1.4 broken", "pdf"),
    ("a.docx", office("word/document.xml"), "word"),
    ("a.docx", office("word/document2.xml"), "word"),
    ("a.xlsx", office("xl/workbook.xml"), "sheet"),
    ("a.pptx", office("ppt/presentation.xml"), "slides"),
    ("a.odt", open_document("text"), "word"),
    ("a.ott", open_document("text-template"), "word"),
    ("a.ods", open_document("spreadsheet"), "sheet"),
    ("a.odp", open_document("presentation"), "slides"),
    ("a.doc", compound("1Table", "WordDocument"), "word"),
    ("a.xls", compound("Workbook"), "sheet"),
    ("a.ppt", compound("Current User", "PowerPoint Document"), "slides"),
    ("a.docx", compound("EncryptionInfo", "EncryptedPackage"), "ole"),
    ("a.rtf", rb"{\rtf1\ansi Mau}", "rtf"),
    ("a.txt", "Kính gửi: Tỉnh ủy\nSố 145-CV/TU".encode(), "text"),
    ("a.txt", "Kính gửi".encode("utf-16"), "text"),
    ("a.txt", "Kính gửi".encode("cp1258", "replace"), "text"),
    ("a.txt", b"Tr\xada thi h\xb5nh, TCVN3 \xae\xb7\n", "text"),
    ("a.txt", b"a < b\nBM is no picture, II neither", "text"),
    ("a.xml", EDXML, "xml"),
    ("a.xml", b"\xef\xbb\xbf" + EDXML.partition(b"?>")[2], "xml"),
    ("a.xml", EDXML.decode().encode("utf-16"), "xml"),
    ("a.png", picture("PNG"), "image"),
    ("a.jpg", picture("JPEG"), "image"),
    ("a.tif", picture("TIFF"), "image"),
    ("a.gif", picture("GIF"), "image"),
    ("a.bmp", picture("BMP"), "image"),
    ("a.webp", picture("WEBP"), "image"),
    ("a.zip", zipped(("145.pdf", PDF)), "zip"),
    ("a.zip", zipped(), "zip"),
    ("a.zip", b"PK\x03\x04 broken", "zip"),
    ("a.asice", zipped(("mimetype", "application/vnd.etsi.asic-e+zip"), ("145.pdf", PDF)), "zip"),
    ("a.zip", zipped(("META-INF/manifest.xml", "<m/>"), ("META-INF/signatures.xml", "<s/>")), "zip"),
    ("a.rar", b"Rar!\x1a\x07\x01\0" + bytes(30), "archive"),
    ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(30), "archive"),
    ("a.gz", gzip.compress(PDF), "archive"),
    ("a.tar", tar(("145.pdf", PDF)), "archive"),
    ("a.cab", b"MSCF" + bytes(40), "archive"),
    ("a.iso", bytes(32769) + b"CD001" + bytes(3000), "archive"),
    ("a.p7m", P7M, "signature"),
    ("a.p7s", armoured(P7M), "signature"),
    ("a.p7s", armoured(P7M, "CMS"), "signature"),
    ("a.p7s", base64.encodebytes(P7M), "signature"),
    ("a.eml", LETTER, "mail"),
    ("a.eml", b"From a@b Mon Jan  1\n" + LETTER, "mail"),
    ("smime.eml", b"Content-Type: text/plain\r\n\r\nMau", "mail"),
    ("winmail.dat", b"\x78\x9f\x3e\x22\x01\x00" + bytes(40), "tnef"),
    ("a.bin", bytes(range(256)), "unknown"),
    ("a.bat", b"", "empty"),
]
PROGRAMS = [
    ("a.exe", EXE),
    ("a.pdf", b"\x7fELF\x02\x01\x01" + bytes(60)),
    ("a.pdf", b"\xcf\xfa\xed\xfe" + bytes(60)),
    ("A.class", b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(60)),
    ("a.pdf", LNK),
    ("a.pdf", b"ITSF\x03\0\0\0" + bytes(60)),
    ("a.zip", zipped(("META-INF/MANIFEST.MF", "Main-Class: A"), ("A.class", b"\xca\xfe\xba\xbe"))),
    ("a.zip", zipped(("AndroidManifest.xml", b"\3\0"), ("classes.dex", b"dex\n"))),
    ("a.doc", compound("Property", clsid=INSTALLER)),
    ("a.txt", b"#!/bin/sh\nrm -r /\n"),
    ("a.txt", b"; saved\r\n[InternetShortcut]\r\nURL=file://a/b.exe\r\n"),
    ("a.txt", b"[Desktop Entry]\nExec=sh\n"),
    ("a.docx", office("word/document.xml", ("word/145.pdf.exe", EXE))),
    *((f"145.pdf.{suffix}", b"echo Mau\r\n") for suffix in SCRIPTS),
    ("145.BAT", b"echo"),
    ("145.bat. .", b"echo"),
    ("145.bat\0.pdf", b"echo"),
    ("145.pdf\0.bat", b"echo"),
    ("145\u202efdp.hta", b"<p>"),
    ("145.bat\u200b", b"echo"),
    ("145.scr", PDF),
]
MACROS = [
    ("a.docx", office("word/document.xml", ("word/vbaProject.bin", b"\xd0\xcf"))),
    ("a.docx", office("word/document.xml", ("word\\VBAPROJECT.BIN", b"\xd0\xcf"))),
    ("a.docx", office("word/document.xml", ("word/picture1.png", b"\xd0\xcf"), types=WORD_MACROS)),
    ("a.docx", office("word/document.xml", types=WORD_MACROS, encoding="utf-16")),
    ("a.docx", office("word/document.xml", types="vnd.ms-office.vba&#80;roject")),
    ("a.xlsx", office("xl/workbook.xml", ("xl/macrosheets/sheet1.xml", "<m/>"))),
    ("a.docx", office("word/document.xml", ("word/activeX/activeX1.bin", b"\xd0"))),
    ("a.odt", open_document("text", ("Basic/Standard/Module1.xml", "<s/>"))),
    ("a.odt", open_document("text", ("Scripts/python/a.py.txt", "x"))),
    ("a.doc", compound("WordDocument", "Macros", "VBA", "_VBA_PROJECT")),
    ("a.doc", compound("WordDocument", "_vba_project")),
    ("a.docm", office("word/document.xml")),
]
PAGES = [
    ("a.html", b"<p>Mau</p>"),
    ("a.txt", b"\n<!-- x --><!DOCTYPE html><title>x</title>"),
    ("a.xml", b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>'),
    ("a.xml", b'<?xml version="1.0"?><a><x:img xmlns:x="http://www.w3.org/1999/xhtml" onerror="a()"/></a>'),
    ("a.xml", b'<?xml version="1.0"?><svg:svg xmlns:svg="urn:x"/>'.decode().encode("utf-16")),
    ("a.png", SVG),
    ("a.svg", SVG),
    ("a.mht", LETTER),
    ("a.txt", "<html>Mẫu</html>".encode("utf-16")),
]
POLYGLOTS = [
    ("a.pdf", EXE[:500] + PDF, "program"),
    ("a.pdf", b"#!/bin/sh\n" + PDF, "program"),
    ("a.pdf", PDF + zipped(("b.txt", "x")), "zip"),
    ("a.pdf", PDF + zipped(("b.txt", "x"), comment=b"Mau"), "zip"),
    ("a.zip", PDF + zipped(("b.txt", "x")) + b"\n%%EOF", "zip"),
    ("a.pdf", PDF + zipped(("META-INF/MANIFEST.MF", ""), ("A.class", "x")), "program"),
    ("a.pdf", PDF + office("word/document.xml", ("word/vbaProject.bin", "x")), "macros"),
    ("a.png", picture("PNG") + zipped(("b.txt", "x")), "zip"),
    ("a.pdf", picture("GIF") + PDF, "pdf"),
    ("a.pdf", b"<html><!-- " + PDF + b" -->", "html"),
    ("a.pdf", LETTER + PDF, "mail"),
    ("a.pdf", signed(PDF), "signature"),
    ("a.pdf", tar(("145.pdf", PDF)), "archive"),
]


@pytest.mark.parametrize(("name", "data", "kind"), PLAIN)
def test_a_file_is_what_its_content_says(name: str, data: bytes, kind: str) -> None:
    assert kind_of(name, data) == kind


@pytest.mark.parametrize(("name", "data"), PROGRAMS)
def test_what_runs_is_a_program(name: str, data: bytes) -> None:
    assert kind_of(name, data) == "program"


@pytest.mark.parametrize(("name", "data"), MACROS)
def test_macros_are_seen_however_they_are_called(name: str, data: bytes) -> None:
    assert kind_of(name, data) == "macros"


@pytest.mark.parametrize(("name", "data"), PAGES)
def test_what_a_browser_runs_is_html(name: str, data: bytes) -> None:
    assert kind_of(name, data) == "html"


@pytest.mark.parametrize(("name", "data", "kind"), POLYGLOTS)
def test_of_two_things_at_once_the_more_dangerous_counts(name: str, data: bytes, kind: str) -> None:
    assert kind_of(name, data) == kind


def test_a_zip_that_begins_with_a_pdf_is_a_zip() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("145.pdf", PDF)
    assert b"%PDF-" in out.getvalue()[:1024]
    assert kind_of("a.pdf", out.getvalue()) == "zip"


def test_a_pdf_or_letter_with_something_inside_stays_what_it_is() -> None:
    inside = office("word/document.xml")
    assert kind_of("a.pdf", PDF[:-6] + inside + b"\nendstream\n%%EOF\n") == "pdf"
    assert kind_of("a.eml", b"Content-Type: text/html\r\n\r\n<html>\r\n[autorun]\r\n") == "mail"
    assert kind_of("winmail.dat", b"\x78\x9f\x3e\x22\x01<html>\n[autorun]") == "tnef"
    assert kind_of("a.eml", LETTER + inside + b"\r\n--b--\r\n") == "mail"
    assert kind_of("winmail.dat", b"\x78\x9f\x3e\x22" + inside + b"\1\2") == "tnef"


def test_an_office_list_of_types_does_not_make_an_archive_an_office_file() -> None:
    assert kind_of("a.docx", zipped(("[Content_Types].xml", "<Types/>"), ("145.pdf", PDF))) == "zip"


def test_what_no_office_program_unpacks_is_no_office_file() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("[Content_Types].xml", TYPES.format("xml"))
        archive.writestr("word/document.xml", "<d/>")
    assert kind_of("a.docx", out.getvalue()) == "zip"


def test_a_list_of_members_that_is_too_long_is_not_read() -> None:
    assert kind_of("a.docx", office("word/document.xml") + b"PK\x01\x02" * 100_001) == "zip"


def test_the_dangerous_kinds_come_first() -> None:
    assert frozenset(KINDS[: len(DANGEROUS)]) == DANGEROUS


@pytest.mark.parametrize("wrap", [bytes, armoured, base64.encodebytes, lambda der: b"Mau\n" + armoured(der, "CMS")])
def test_cms_is_unwrapped(wrap: object) -> None:
    assert callable(wrap)
    assert der_of(wrap(P7M)) == P7M


@pytest.mark.parametrize("data", [b"", b"0\x03\x02\x01\x01", b"M" * 100, armoured(b"no CMS"), b"MIIC" + b"A" * 81])
def test_what_is_no_cms_is_not_taken_for_it(data: bytes) -> None:
    assert der_of(data) is None


WHOLE = [data for _name, data, _kind in PLAIN + POLYGLOTS] + [data for _name, data in PROGRAMS + MACROS + PAGES]


@given(st.text(max_size=12), st.sampled_from(WHOLE), st.integers(0, 2000), st.binary(max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_bytes_make_it_raise(name: str, start: bytes, cut: int, more: bytes) -> None:
    assert kind_of(name, start[:cut] + more + start[cut:]) in KINDS
    assert kind_of(name, start[:cut] + more) in KINDS


@given(st.sampled_from(WHOLE), st.text(max_size=6), st.sampled_from(["exe", "docm", "html", "pdf", "zip", ""]))
@settings(max_examples=100, deadline=None)
def test_a_name_never_makes_a_file_milder(data: bytes, stem: str, suffix: str) -> None:
    assert KINDS.index(kind_of(f"{stem}.{suffix}", data)) <= KINDS.index(kind_of("", data))
