"""Documents of word processors to PDF, by the real LibreOffice."""

import os
import shutil
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from vanthu_cli.errors import MisuseError
from vanthu_cli.procedures.convert import to_pdf

TEXT = "Tỉnh ủy Hải Dương"
ODF = "urn:oasis:names:tc:opendocument:xmlns:"
OPEN_XML = "http://schemas.openxmlformats.org"

needs_office = pytest.mark.skipif(
    not (shutil.which("soffice") or shutil.which("libreoffice")),
    reason="soffice (libreoffice-writer-nogui) is not installed: nothing is converted to PDF",
)


def odt(
    path: Path, body: str = f"<text:p>{TEXT}</text:p>", script: str = "", parts: dict[str, str] | None = None
) -> Path:
    content = (
        f'<office:document-content xmlns:office="{ODF}office:1.0" xmlns:text="{ODF}text:1.0" xmlns:draw="{ODF}drawing:1.0" '
        f'xmlns:svg="{ODF}svg-compatible:1.0" xmlns:script="{ODF}script:1.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'xmlns:dom="http://www.w3.org/2001/xml-events" xmlns:ooo="http://openoffice.org/2004/office" office:version="1.3">'
        f"{script}<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    whole = {"content.xml": content, **(parts or {})}
    listed = "".join(
        f'<m:file-entry m:full-path="{name}" m:media-type="{kind}"/>'
        for name, kind in [("/", "application/vnd.oasis.opendocument.text"), *((name, "text/xml") for name in whole)]
    )
    whole["META-INF/manifest.xml"] = f'<m:manifest xmlns:m="{ODF}manifest:1.0" m:version="1.3">{listed}</m:manifest>'
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        for name, text in whole.items():
            file.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return path


def docx(path: Path) -> Path:
    main = f"{OPEN_XML}/wordprocessingml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    relation = f"{OPEN_XML}/officeDocument/2006/relationships/officeDocument"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{OPEN_XML}/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{OPEN_XML}/package/2006/relationships">'
        f'<Relationship Id="a" Type="{relation}" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{main}"><w:body><w:p><w:r><w:t>{TEXT}</w:t></w:r></w:p></w:body></w:document>',
    }
    with zipfile.ZipFile(path, "w") as file:
        for name, text in parts.items():
            file.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return path


def rtf(path: Path) -> Path:
    text = "".join(letter if letter.isascii() else f"\\u{ord(letter)}?" for letter in TEXT)
    path.write_text("{\\rtf1\\ansi " + text + "\\par}")
    return path


def text_of(pdf: Path) -> str:
    with pdfium.PdfDocument(pdf) as document:
        return str(document[0].get_textpage().get_text_range()).strip()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder for results; all temporary files go beside it."""
    for name in ("results", "scratch", "documents"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return tmp_path / "results"


@needs_office
@pytest.mark.parametrize(("make", "name"), [(odt, "145 CV-TU.odt"), (docx, "Công văn.DOCX"), (rtf, "-n.doc")])
def test_a_document_becomes_a_pdf_and_stays_as_it_is(folder: Path, make: Callable[[Path], Path], name: str) -> None:
    file = make(folder.parent / "documents" / name)
    file.chmod(0o400)
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    pdf = to_pdf(file, folder)
    assert pdf == folder / f"{file.stem}.pdf"
    assert text_of(pdf) == TEXT
    assert b"/MarkInfo" not in pdf.read_bytes()  # not tagged
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert list(file.parent.iterdir()) == [file]
    assert list(folder.iterdir()) == [pdf]
    assert list((folder.parent / "scratch").iterdir()) == []


class Listener(ThreadingHTTPServer):
    asked: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_error(404)

    def do_OPTIONS(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@needs_office
def test_a_document_runs_no_macro_and_calls_nobody(folder: Path, listener: Listener) -> None:
    """Opened by hand in a profile that trusts everything, this document writes the file and asks for the picture."""
    ran = folder.parent / "ran"
    listen = (
        '<office:scripts><office:event-listeners><script:event-listener script:language="ooo:script" '
        'script:event-name="dom:load" xlink:href="vnd.sun.star.script:Standard.Module1.Main?language=Basic&amp;'
        'location=document" xlink:type="simple"/></office:event-listeners></office:scripts>'
    )
    library, oo = "http://openoffice.org/2000/library", "http://openoffice.org/2000/script"
    parts = {
        "Basic/script-lc.xml": f'<l:libraries xmlns:l="{library}"><l:library l:name="Standard" l:link="false"/></l:libraries>',
        "Basic/Standard/script-lb.xml": f'<l:library xmlns:l="{library}" l:name="Standard" l:readonly="false" '
        'l:passwordprotected="false"><l:element l:name="Module1"/></l:library>',
        "Basic/Standard/Module1.xml": f'<s:module xmlns:s="{oo}" s:name="Module1" s:language="StarBasic">Sub Main\n'
        f"Open &quot;{ran}&quot; For Output As #1\nPrint #1, &quot;ran&quot;\nClose #1\nEnd Sub</s:module>",
    }
    picture = (
        f'<text:p>{TEXT}<draw:frame svg:width="3cm" svg:height="3cm"><draw:image '
        f'xlink:href="http://127.0.0.1:{listener.server_port}/x.png" xlink:type="simple" xlink:show="embed" '
        'xlink:actuate="onLoad"/></draw:frame></text:p>'
    )
    file = odt(folder.parent / "documents" / "bad.odt", picture, listen, parts)
    assert TEXT in text_of(to_pdf(file, folder))
    assert not ran.exists()
    assert listener.asked == []


@needs_office
def test_what_is_too_slow_is_ended_with_all_its_processes(folder: Path) -> None:
    with pytest.raises(MisuseError) as caught:
        to_pdf(odt(folder.parent / "documents" / "a.odt"), folder, seconds=0.3)
    assert caught.value.code == "convert.too_slow"
    assert list(folder.iterdir()) == []
    deadline = time.monotonic() + 10
    while left := processes_of(folder.parent / "scratch"):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def processes_of(folder: Path) -> list[bytes]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in command:
            found.append(command)
    return found


@needs_office
def test_what_libreoffice_cannot_read_is_refused(folder: Path) -> None:
    file = folder.parent / "documents" / "empty.odt"
    file.write_bytes(b"PK\x05\x06" + bytes(18))  # a whole ZIP archive with nothing in it
    with pytest.raises(MisuseError) as caught:
        to_pdf(file, folder)
    assert caught.value.code == "convert.failed"
    assert list(folder.iterdir()) == []


@needs_office
@pytest.mark.parametrize(
    ("name", "data"), [("a.docx", b"text"), ("a.xlsx", b"PK\x03\x04"), ("a", b"{\\rtf1 x}"), ("a.doc", b"")]
)
def test_what_is_no_document_is_refused(folder: Path, name: str, data: bytes) -> None:
    file = folder.parent / "documents" / name
    file.write_bytes(data)
    with pytest.raises(MisuseError) as caught:
        to_pdf(file, folder)
    assert caught.value.code == "convert.kind"


@needs_office
def test_a_pdf_that_is_there_is_not_overwritten(folder: Path) -> None:
    (folder / "a.pdf").write_bytes(b"%PDF-1.7 mine")
    with pytest.raises(MisuseError) as caught:
        to_pdf(odt(folder.parent / "documents" / "a.odt"), folder)
    assert caught.value.code == "convert.exists"
    assert (folder / "a.pdf").read_bytes() == b"%PDF-1.7 mine"


@needs_office
def test_a_file_that_is_not_there_is_misuse(folder: Path) -> None:
    with pytest.raises(MisuseError) as caught:
        to_pdf(folder.parent / "documents" / "a.odt", folder)
    assert caught.value.code == "file.unreadable"


def test_without_libreoffice_the_clerk_is_told_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = odt(folder.parent / "documents" / "a.odt")
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(MisuseError) as caught:
        to_pdf(file, folder)
    assert caught.value.code == "convert.no_office"
    assert "Export the document to PDF yourself" in caught.value.hint
