"""A word processor's document to the PDF that is signed, by the LibreOffice of this machine."""

import json
import os
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from xml.sax.saxutils import escape

from vanthu_cli.errors import MisuseError, os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.programs import ends
from vanthu_cli.register.cabinet import write_durably

_ZIP, _OLE, _RTF = b"PK", bytes.fromhex("D0CF11E0A1B11AE1"), b"{\\rtf"
_FILTERS = {
    ".docx": {_ZIP: "MS Word 2007 XML"},
    ".odt": {_ZIP: "writer8"},
    ".rtf": {_RTF: "Rich Text Format"},
    ".doc": {_OLE: "MS Word 97", _RTF: "Rich Text Format"},  # Word also names RTF so
}
"""What a file of each kind begins with, and LibreOffice's filter for it: left to guess, it prints anything as text."""

KINDS = frozenset(_FILTERS)

_PLACES = (
    Path("C:/Program Files/LibreOffice/program/soffice.com"),
    Path("C:/Program Files (x86)/LibreOffice/program/soffice.com"),
    Path("/Applications/LibreOffice.app/Contents/MacOS/soffice"),
)
"""Where the installers for Windows and macOS put it; neither adds it to the PATH."""

_EXPORT = {
    "SelectPdfVersion": 17,  # PDF 1.7; LibreOffice 7.4 writes its highest, 1.6
    "EmbedStandardFonts": True,  # looks the same everywhere, and may become PDF/A
    "ReduceImageResolution": False,
    "UseTaggedPDF": False,
    "ExportFormFields": False,  # a form filled in after the signature would break it
    "ExportNotes": False,
}
_SAFE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop>
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop>
</item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update">
<prop oor:name="Link" oor:op="fuse"><value>0</value></prop>
</item>
</oor:items>
"""
"""A profile that runs no macro, fetches nothing that the document links to, and asks nothing."""

_TYPEFACES = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{folder}</dir></fontconfig>
"""
"""The machine's typefaces and ours: without Times New Roman or its metric twin, lines would break elsewhere than in Word."""


def to_pdf(file: Path, folder: Path, *, seconds: float = 120) -> Path:
    """Convert a DOCX, DOC, ODT or RTF file; return the PDF, in `folder` under the same name, there whole or not at all.

    LibreOffice sees only a copy, in a profile of its own, and is ended with all its processes after `seconds`.
    `MisuseError` `convert.no_office`, `convert.failed`, `convert.too_slow`, `convert.kind`, `convert.exists`,
    `file.unreadable`.
    """
    office = _office()
    data, reader = _document(file)
    target = folder / f"{file.stem}.pdf"
    if target.exists():
        raise MisuseError(
            "convert.exists",
            _("{path} exists already.").format(path=target),
            _("Sign that PDF, or remove it first."),
        )
    with tempfile.TemporaryDirectory(prefix="vanthu-", ignore_cleanup_errors=True) as name:
        pdf = _converted([office, f"--infilter={reader}"], data, Path(name), file, seconds)
    write_durably(target, pdf)
    return target


def find_office() -> str | None:
    """Return LibreOffice's program, None where it is not installed."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    return found or next((str(place) for place in _PLACES if place.is_file()), None)


def _office() -> str:
    found = find_office()
    if found is None:
        raise MisuseError(
            "convert.no_office",
            _("LibreOffice, which turns documents into PDF, is not installed on this machine."),
            _("Export the document to PDF yourself in Word or LibreOffice, and sign the PDF."),
        )
    return found


def _document(file: Path) -> tuple[bytes, str]:
    """Return what is in the file, and the filter that reads it."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise MisuseError(
            "file.unreadable", _("{path} cannot be read: {why}").format(path=file, why=os_words(error))
        ) from error
    for beginning, reader in _FILTERS.get(file.suffix.lower(), {}).items():
        if data.startswith(beginning):
            return data, reader
    raise MisuseError(
        "convert.kind",
        _("{file} is no document that can be turned into PDF (DOCX, DOC, ODT, RTF).").format(file=file.name),
        _("Export it to PDF in the program that it was made with, and sign the PDF."),
    )


def _converted(office: list[str], data: bytes, scratch: Path, file: Path, seconds: float) -> bytes:
    """Let LibreOffice work in `scratch`; return the PDF."""
    source = scratch / f"document{file.suffix.lower()}"
    source.write_bytes(data)
    profile = scratch / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_SAFE, encoding="utf-8")
    typefaces = scratch / "fonts.conf"
    typefaces.write_text(_TYPEFACES.format(folder=escape(str(files("vanthu_cli") / "fonts"))), encoding="utf-8")
    command = [*office, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--nolockcheck"]
    command += ["--convert-to", f"pdf:writer_pdf_Export:{_options()}", "--outdir", str(scratch), str(source)]
    if not ends(command, seconds, {**os.environ, "FONTCONFIG_FILE": str(typefaces)}):
        raise MisuseError(
            "convert.too_slow",
            _("LibreOffice has not turned {file} into PDF within {seconds:.0f} seconds.").format(
                file=file.name, seconds=seconds
            ),
            _("Open the document in Word or LibreOffice, export it to PDF yourself, and sign the PDF."),
        )
    result = source.with_suffix(".pdf")
    pdf = result.read_bytes() if result.is_file() else b""
    if not pdf.startswith(b"%PDF-") or b"%%EOF" not in pdf[-1024:]:
        raise MisuseError(
            "convert.failed",
            _("LibreOffice cannot turn {file} into PDF: it is damaged, or locked with a password.").format(
                file=file.name
            ),
            _("Open the document in Word or LibreOffice, export it to PDF yourself, and sign the PDF."),
        )
    return pdf


def _options() -> str:
    """Write the export options in the form of LibreOffice 7.4 and later; earlier ones export by their defaults."""
    kinds = {bool: "boolean", int: "long"}
    return json.dumps(
        {name: {"type": kinds[type(value)], "value": str(value).lower()} for name, value in _EXPORT.items()}
    )
