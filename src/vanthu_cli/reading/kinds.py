"""What a file IS, by its content and never by its suffix: `kind_of(name, data)`. Here is the whole vocabulary.

    program    runs when it is opened: PE, ELF, Mach-O, Java, Android, MSI, shortcuts, HTML help; scripts, by "#!" or name
    macros     an office file that bears macros (VBA, Excel 4.0, ActiveX, Basic), or is named as one that may
    html       what a browser draws and runs: HTML, XHTML, SVG; web archives, by name
    archive    packed files that nothing here looks into: RAR, 7z, gzip, tar, CAB, disk images
    zip        a ZIP that is no office file; ASiC packages too
    tnef       Outlook's winmail.dat
    mail       a message or MIME entity (RFC 5322, RFC 2045)
    signature  CMS (RFC 5652) as DER, PEM or bare base64: p7s, p7m, encrypted too
    ole        a compound file of another sort: an office file locked by a password, an Outlook message
    rtf, slides, sheet, word, pdf, xml, image, text
    unknown    none of these
    empty      no bytes at all

What is two things at once is called by the more dangerous, the order of `KINDS`. A name makes a file stricter, never
milder. Nothing here raises.
"""

import os
import re
import zipfile
from binascii import a2b_base64
from collections.abc import Iterator
from pathlib import Path

from vanthu_cli.reading.marks import MAX_MEMBERS, OLE_BEGINNING, is_pdf, open_zip

KINDS = (
    *("program", "macros", "html", "archive", "zip", "tnef", "mail", "signature", "ole", "rtf"),
    *("slides", "sheet", "word", "pdf", "xml", "image", "text", "unknown", "empty"),
)
DANGEROUS = frozenset({"program", "macros", "html"})
"""What runs somebody else's code when a clerk opens it; HTML with a browser's powers, and no official document is HTML."""

_NAMED = {
    "program": re.compile(
        r"ade|adp|appref-ms|appx(?:bundle)?|application|apk|bat|bash|chm|cmd|com|command|cpl|csh|desktop|dll|drv|exe|gadget"
        r"|hlp|hta|inf|ins|isp|jar|jnlp|jse?|ksh|library-ms|lnk|mjs|ms[chipt]|msix|ocx|pif|pl|ps1(?:xml)?|psc1|psd1|psm1"
        r"|py[cwz]?|reg|scf|scr|sct|search-ms|settingcontent-ms|sh[bs]?|url|vb[es]|website|workflow|ws[cfh]?|xbap|xll|zsh"
    ),
    "macros": re.compile(r"do[ct]m|xl[st]m|xlam?|p[op]tm|pp[as]m|sldm|md[be]|accd[be]|iqy|slk"),
    "html": re.compile(r"s?html?|xht(?:ml)?|mht(?:ml)?|svgz?|xslt?"),
}

_HEAD = 4096
_ENDS = 1 << 20
"""Bytes in which a text must say what it is."""
_STARTS = {
    "program": rb"MZ|\x7fELF|\xca\xfe\xba[\xbe\xbf]|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|ITSF|dex\n"
    rb"|L\0\0\0\x01\x14\x02\0{5}\xc0\0{6}F",
    "archive": rb"Rar!\x1a\x07|7z\xbc\xaf'\x1c|\x1f\x8b|BZh[1-9]|\xfd7zXZ\0|\x28\xb5\x2f\xfd|MSCF|xar!|!<arch>\n"
    rb"|conectix|vhdxfile|.{2}-l[hz].-|.{7}\*\*ACE\*\*|.{257}ustar|.{32769}(?:CD001|BEA01)",
    "tnef": rb"\x78\x9f\x3e\x22",
    "rtf": rb"\s*\{\\rt",
    "image": rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|II[*+]\0|MM\0[*+]|GIF8[79]a|RIFF.{4}WEBP"
    rb"|BM.{4}\0{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}",
}
_MAGIC = {kind: re.compile(start, re.DOTALL) for kind, start in _STARTS.items()}

# ContentInfo: SEQUENCE { contentType OBJECT IDENTIFIER pkcs7 1..6, or id-ct-compressedData / authEnvelopedData.
_CMS = re.compile(
    rb"\x30(?:[\x01-\x80]|\x81.|\x82..|\x83.{3}|\x84.{4})"
    rb"\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01-\x06]|\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01[\x09\x17])",
    re.DOTALL,
)
_PEM = re.compile(rb"^-----BEGIN (?:PKCS7|CMS|PKCS #7 SIGNED DATA)-----\s", re.MULTILINE)
_BARE = re.compile(rb"\s*M[A-Za-z0-9+/\s]{40}")
_CMS_START = 64
"""Characters of base64 that show whether it is CMS."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_ZIP_ENTRY = b"PK\x01\x02"
_ZIP_END = b"PK\x05\x06"
_ZIP_END_SIZE = 22
_LONGEST_COMMENT = 0xFFFF
_MOST_ENTRIES = 10 * MAX_MEMBERS
"""Entries of a list of members that are still read: the library takes half a kilobyte of memory for each."""
_CONTENT_TYPES = "[content_types].xml"
_MOST_TYPES = 1 << 20
_OFFICE_PACKING = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""What office programs read; of the others the library unpacks all at once."""
_MAIN_PARTS = {
    "word": re.compile(r"word/document\d*\.xml"),
    "sheet": re.compile(r"xl/workbook\d*\.(?:xml|bin)"),
    "slides": re.compile(r"ppt/presentation\d*\.xml"),
}
_OPEN_DOCUMENTS = {
    b"application/vnd.oasis.opendocument.text": "word",
    b"application/vnd.oasis.opendocument.spreadsheet": "sheet",
    b"application/vnd.oasis.opendocument.presentation": "slides",
}
_MACRO_MEMBERS = re.compile(r"(?:.*/)?vbaproject[^/]*\.bin|\w+/(?:macrosheets|activex)/.+|(?:basic|scripts)/.+")
# Parts may bear any name, their types may not; no honest list of types spells letters as numbers.
_MACRO_TYPES = re.compile(rb"vbaproject|macroenabled|macrosheet|activex|&#|<!entity")

# Names of streams stand in a compound file's directory as UTF-16; the file compares them without regard to case.
_OLE_STREAMS = {
    "WORDDOCUMENT".encode("utf-16-le"): "word",
    "WORKBOOK\0".encode("utf-16-le"): "sheet",
    "BOOK\0".encode("utf-16-le"): "sheet",
    "POWERPOINT DOCUMENT".encode("utf-16-le"): "slides",
}
_OLE_MACROS = "_VBA_PROJECT".encode("utf-16-le")
_INSTALLERS = tuple(
    bytes((last, 0x10, 0x0C, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46)) for last in (0x82, 0x84, 0x86)
)
"""CLSIDs of MSI transforms, packages and patches."""

# At the beginning of anything, and anywhere in the head of plain text.
_RUNS = re.compile(rb"#!|\[(?:internetshortcut|desktop entry|autorun)\]")
_RUNS_LATER = re.compile(rb"\n\s*\[(?:internetshortcut|desktop entry|autorun)\]")
_PAGE = re.compile(
    rb"<(?:!doctype\s+html|html|script|iframe|svg|head|body|p|div|table|br|a|img|h[1-6]|font|style|title|b|center|form|meta"
    rb"|link)[\s>/]"
)
_PAGE_LATER = re.compile(rb"<(?:!doctype\s+html|html|script|iframe|svg)\b")
_XML = re.compile(rb"<\?xml\s|<!doctype\s|<!--|<[a-z_][\w.-]*(?::[\w.-]+)?[\s/>]")
_DRAWN = re.compile(rb"<(?:[\w.-]{1,60}:)?(?:script|html|svg)\b|www\.w3\.org/(?:1999/xhtml|2000/svg)", re.IGNORECASE)
_FIELDS = re.compile(rb"(?:from [^\n]*\n)?((?:[!-9;-~]{1,80}:[^\n]*\n(?:[ \t][^\n]*\n)*+)++)")
_OF_MAIL = re.compile(rb"^(?:content-type|mime-version|received|message-id|return-path|from):", re.MULTILINE)
_NO_TEXT = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a")) + b"\x7f"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def kind_of(name: str, data: bytes) -> str:
    """Return one of `KINDS`."""
    if not data:
        return "empty"
    found = {*_by_name(name), *_by_content(name, data)}
    return min(found, key=KINDS.index, default="unknown")


def is_only_pdf(name: str, file: Path) -> bool:
    """Tell whether a large file is a PDF and nothing else, by its ends: that is what nothing is taken out of."""
    with file.open("rb") as stream:
        head = stream.read(_ENDS)
        stream.seek(-min(_ENDS, file.stat().st_size), os.SEEK_END)
        return kind_of(name, head + stream.read()) == "pdf"


def der_of(data: bytes) -> bytes | None:
    """Return CMS as it stands in DER or BER, unwrapped from PEM (RFC 7468) or bare base64; None for what is no CMS."""
    if _CMS.match(data):
        return data
    armour = _PEM.search(data, 0, _HEAD)
    if armour is None and not _BARE.match(data):
        return None
    text = data[armour.end() if armour else 0 :]
    try:
        if _CMS.match(a2b_base64(b"".join(text[: 2 * _CMS_START].split())[:_CMS_START])):
            return a2b_base64(text.partition(b"-----END")[0])
    except ValueError:
        pass
    return None


def _suffix(name: str) -> str:
    """Return the suffix by which Windows chooses a program: it drops dots and blanks at the end, and all after a NUL."""
    seen = "".join(c for c in name.partition("\0")[0] if c.isprintable()).rstrip(" .")
    return seen.rpartition(".")[2].lower() if "." in seen else ""


def _by_name(name: str) -> Iterator[str]:
    for suffix in {_suffix(name), _suffix(name.replace("\0", ""))}:
        yield from (kind for kind, suffixes in _NAMED.items() if suffixes.fullmatch(suffix))


def _by_content(name: str, data: bytes) -> Iterator[str]:
    yield from (kind for kind, start in _MAGIC.items() if start.match(data))
    if is_pdf(data):
        yield "pdf"
    if data.startswith(OLE_BEGINNING):
        yield _of_ole(data.upper())
    if der_of(data) is not None:
        yield "signature"
    if data.startswith(_ZIP):
        yield _of_zip(data) or "zip"
    elif _ends_as_zip(data, exactly=_suffix(name) != "zip") and (kind := _of_zip(data)):
        yield kind
    yield from _of_text(data)


def _of_ole(shouted: bytes) -> str:
    if any(clsid in shouted for clsid in _INSTALLERS):
        return "program"
    if _OLE_MACROS in shouted:
        return "macros"
    return next((kind for stream, kind in _OLE_STREAMS.items() if stream in shouted), "ole")


def _ends_as_zip(data: bytes, *, exactly: bool) -> bool:
    """Tell whether programs find a ZIP at the end of something else.

    Exactly: the ZIP's comment is the end of the file. Else a PDF or a letter with an office file inside would count.
    """
    at = data.rfind(_ZIP_END, max(0, len(data) - _LONGEST_COMMENT - _ZIP_END_SIZE))
    comment = int.from_bytes(data[at + 20 : at + _ZIP_END_SIZE], "little")
    return 0 <= at <= len(data) - _ZIP_END_SIZE and (not exactly or at + _ZIP_END_SIZE + comment == len(data))


def may_be_listed(data: bytes) -> bool:
    """Tell whether a ZIP's list of members is short enough to be read at all."""
    return data.count(_ZIP_ENTRY) <= _MOST_ENTRIES


def _of_zip(data: bytes) -> str | None:
    """Return what a ZIP is; None for one that can't be opened."""
    if not may_be_listed(data):
        return "zip"
    try:
        with open_zip(data) as archive:
            members = {member.filename.replace("\\", "/").lower(): member for member in archive.infolist()}
            return _of_members(archive, members)
    except Exception:  # noqa: BLE001  hostile bytes find ever new ways to upset the library
        return None


def _of_members(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> str:
    if "meta-inf/manifest.mf" in members and any(name.endswith(".class") for name in members):
        return "program"
    if {"androidmanifest.xml", "appxmanifest.xml"} & members.keys():
        return "program"
    kind = _office_kind(archive, members)
    if kind is None:
        return "zip"
    # Nobody looks into an office file: a program packed beside its parts would pass unseen.
    if any("program" in _by_name(name) for name in members):
        return "program"
    if any(map(_MACRO_MEMBERS.fullmatch, members)):
        return "macros"
    types = _start_of(archive, members.get(_CONTENT_TYPES), _MOST_TYPES).replace(b"\0", b"").lower()
    return "macros" if _MACRO_TYPES.search(types) else kind


def _office_kind(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> str | None:
    types = members.get(_CONTENT_TYPES)
    if types is not None and types.compress_type in _OFFICE_PACKING:
        return next((kind for kind, part in _MAIN_PARTS.items() if any(map(part.fullmatch, members))), None)
    declared = _start_of(archive, members.get("mimetype"), 200).strip()
    return _OPEN_DOCUMENTS.get(declared.removesuffix(b"-template")) if "content.xml" in members else None


def _start_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo | None, size: int) -> bytes:
    if member is None or member.compress_type not in _OFFICE_PACKING:
        return b""
    with archive.open(member) as stream:
        return stream.read(size)


def _of_text(data: bytes) -> Iterator[str]:
    wide = data.startswith(_UTF16)
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe").replace(b"\0", b"").lstrip().lower()
    declared = head.startswith(b"<?xml")
    if declared or (_XML.match(head) and data.rstrip(b"\0\r\n\t ").endswith(b">")):
        yield "html" if _DRAWN.search(data.replace(b"\0", b"") if wide else data) else "xml"
    fields = _FIELDS.match(head)
    mail = fields is not None and _OF_MAIL.search(fields[1]) is not None
    if mail:
        yield "mail"
    plain = _is_text(data, wide=wide)
    if plain:
        yield "text"
    free = plain and not mail  # a letter may have pages for its parts
    if _RUNS.match(head) or (free and _RUNS_LATER.search(head)):
        yield "program"
    if not declared and (_PAGE.match(head) or (free and _PAGE_LATER.search(head))):
        yield "html"


def _is_text(data: bytes, *, wide: bool) -> bool:
    if not wide:
        return len(data.translate(None, delete=_NO_TEXT)) == len(data)
    try:
        return _is_text(data.decode("utf-16").encode(), wide=False)
    except UnicodeError:
        return False
