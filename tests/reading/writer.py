"""Official documents as LibreOffice Writer makes them: a flat ODT by own code, to PDF by one soffice for all files.

The form of NĐ 30/2020 Phụ lục I and 36-HD/VPTW as drafting units build it: the head is a table of two columns without
borders, the signer's block another one, the marks are paragraphs with a frame.
"""

import os
import shutil
import subprocess
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from xml.sax.saxutils import escape

from vanthu_cli.document.symbol import DocumentNumber
from vanthu_cli.sandbox.documents import Page

SOFFICE = shutil.which("soffice")
_SECONDS = 180

_SPACES = ("office", "text", "table", "style")
_NAMESPACES = " ".join(
    [f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in _SPACES]
    + [
        'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"',
        'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"',
    ]
)
BLANKS = {
    "spaces": "\u00a0" * 9,
    "tab": "\t",
    "dots": "........",
    "ellipsis": "……",
}


@dataclass(frozen=True)
class Written:
    """A page and how it was typed. `rows`: number and date in a table row of their own; `pages`: at least so many.

    `partner`: title and name of who signs beside the signer, on the left (a joint document).
    """

    page: Page
    blank: str = "spaces"
    month: int | None = None
    decomposed: bool = False
    rows: bool = True
    pages: int = 1
    partner: tuple[str, str] | None = None


def flat_odt(written: Written) -> str:
    page = written.page
    body = [_head(written), *_marks(page), *_middle(page), *_filler(written.pages), _foot(page, written.partner)]
    text = _DOCUMENT.format(namespaces=_NAMESPACES, styles=_STYLES, body="".join(body))
    return unicodedata.normalize("NFD", text) if written.decomposed else text


def convert(sources: Mapping[str, Written], folder: Path) -> dict[str, bytes]:
    """Return the PDFs by name."""
    return exported({f"{name}.fodt": flat_odt(written).encode() for name, written in sources.items()}, folder)


def exported(sources: Mapping[str, bytes], folder: Path) -> dict[str, bytes]:
    """Return the PDFs of files, by their names without suffix, made by one soffice with a profile of its own and no fonts but
    the shipped ones.
    """
    assert SOFFICE, "soffice (libreoffice-writer-nogui) is needed"
    fonts = folder / "fonts.conf"
    fonts.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{files('vanthu_cli') / 'fonts'}</dir><cachedir>{folder / 'cache'}</cachedir></fontconfig>",
        "utf-8",
    )
    for name, data in sources.items():
        (folder / name).write_bytes(data)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    subprocess.run(
        [SOFFICE, profile, "--headless", "--norestore", "--convert-to", "pdf", "--outdir", str(folder)]
        + [str(folder / name) for name in sources],
        env={**os.environ, "FONTCONFIG_FILE": str(fonts), "HOME": str(folder)},
        check=True,
        capture_output=True,
        timeout=_SECONDS,
    )
    return {Path(name).stem: (folder / name).with_suffix(".pdf").read_bytes() for name in sources}


def _head(written: Written) -> str:
    page = written.page
    party, small = page.kind == "party", page.doc_type != "Công văn"
    left = [_line("plain", page.parent)] if page.parent else []
    left += [_line("agency", page.agency), _line("plain", "*") if party else _line("rule", "")]
    right = [_line("title", "ĐẢNG CỘNG SẢN VIỆT NAM" if party else "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")]
    right += [] if party else [_line("motto", "Độc lập - Tự do - Hạnh phúc")]
    right.append(_line("rule", ""))
    under = [] if small else [_line("party-about" if party else "about", f"V/v {page.subject}")]
    tabbed = written.blank == "tab" and page.number is None
    number = [_line("tabbed-number" if tabbed else "plain", _number(written)), *under]
    day = [_line("tabbed-date" if tabbed else "date", _date(written))]
    rows = [(left, right), (number, day)] if written.rows else [(left + number, right + day)]
    return _table(rows)


def _number(written: Written) -> str:
    page = written.page
    colon, joint = ("", "-") if page.kind == "party" else (":", "/")
    if page.number is None:
        return f"Số{colon}{BLANKS[written.blank]}{joint}{page.symbol}"
    return f"Số{colon} {DocumentNumber(page.number, page.symbol)}"


def _date(written: Written) -> str:
    page, blank = written.page, BLANKS[written.blank]
    if page.day is None:
        month = f" {written.month} " if written.month else blank
        return f"{page.place}, ngày{blank}tháng{month}năm {page.year or ''}"
    month = f"{page.day.month:02d}" if page.day.month < 3 else str(page.day.month)
    return f"{page.place}, ngày {page.day.day:02d} tháng {month} năm {page.day.year}"


def _marks(page: Page) -> list[str]:
    return [_line("mark", mark) for mark in (page.secrecy, page.urgency) if mark]


def _middle(page: Page) -> list[str]:
    lines = []
    if page.doc_type != "Công văn":
        lines += [_line("type", page.doc_type.upper()), _line("subject", page.subject), _line("rule", "")]
    if len(page.addressees) == 1:
        lines.append(_line("address", f"Kính gửi: {page.addressees[0]}"))
    elif page.addressees:
        lines += [_line("address", "Kính gửi:"), *(_line("address", f"- {one};") for one in page.addressees)]
    return [*lines, *(_line("body", paragraph) for paragraph in page.body)]


def _filler(pages: int) -> list[str]:
    prose = (
        "Công văn số 12-CV/TU, ngày 05 tháng 3 năm 2020 và Quyết định số 77/QĐ-UBND ngày 01 tháng 01 năm 2019 đã nêu rõ"
        " trách nhiệm của từng cơ quan trong việc gửi, nhận văn bản điện tử."
    )
    return [_line("body", prose)] * 16 * (pages - 1)


def _foot(page: Page, partner: tuple[str, str] | None) -> str:
    recipients = [_line("recipients", "Nơi nhận:"), *(_line("list", f"- {item};") for item in page.recipients)]
    above = [_line("office", text.upper()) for text in (page.authority, page.title) if text]
    signer = [*above, *[_line("office", "")] * 4, _line("office", page.signer)]
    if partner is None:
        return _table([(recipients, signer)])
    beside = [_line("office", partner[0]), *[_line("office", "")] * 4, _line("office", partner[1])]
    return _table([(beside, signer)]) + "".join(recipients)


def _line(style: str, text: str) -> str:
    marked = escape(text).replace("\t", "<text:tab/>")
    return f'<text:p text:style-name="{style}">{marked}</text:p>'


def _table(rows: list[tuple[list[str], list[str]]]) -> str:
    cells = "".join(
        "<table:table-row>"
        + "".join(f'<table:table-cell office:value-type="string">{"".join(cell)}</table:table-cell>' for cell in row)
        + "</table:table-row>"
        for row in rows
    )
    columns = '<table:table-column table:style-name="left"/><table:table-column table:style-name="right"/>'
    return f'<table:table table:style-name="whole">{columns}{cells}</table:table><text:p text:style-name="gap"/>'


def _style(name: str, text: str, paragraph: str = "", stops: Sequence[str] = ()) -> str:
    tabs = "".join(f'<style:tab-stop style:position="{stop}"/>' for stop in stops)
    return (
        f'<style:style style:name="{name}" style:family="paragraph"><style:paragraph-properties {paragraph}>'
        f"<style:tab-stops>{tabs}</style:tab-stops></style:paragraph-properties>"
        f'<style:text-properties style:font-name="Liberation Serif" {text}/></style:style>'
    )


_CENTRE, _BOLD, _ITALIC = 'fo:text-align="center"', 'fo:font-weight="bold"', 'fo:font-style="italic"'
_STYLES = "".join(
    [
        _style("plain", 'fo:font-size="13pt"', _CENTRE),
        _style("agency", f'fo:font-size="13pt" {_BOLD}', _CENTRE),
        _style("title", f'fo:font-size="12pt" {_BOLD}', _CENTRE),
        _style("motto", f'fo:font-size="13pt" {_BOLD}', _CENTRE),
        _style("rule", 'fo:font-size="4pt"', 'fo:border-top="0.5pt solid #000000" fo:margin-left="2cm" fo:margin-right="2cm"'),
        _style("date", f'fo:font-size="13pt" {_ITALIC}', _CENTRE),
        _style("tabbed-number", 'fo:font-size="13pt"', 'fo:margin-left="1cm"', stops=("2.4cm",)),
        _style("tabbed-date", f'fo:font-size="13pt" {_ITALIC}', 'fo:margin-left="0.3cm"', stops=("4.9cm", "7.4cm")),
        _style("about", 'fo:font-size="12pt"', _CENTRE),
        _style("party-about", f'fo:font-size="12pt" {_ITALIC}', _CENTRE),
        _style("type", f'fo:font-size="14pt" {_BOLD}', f'{_CENTRE} fo:margin-top="0.4cm"'),
        _style("subject", f'fo:font-size="14pt" {_BOLD}', _CENTRE),
        _style("address", 'fo:font-size="14pt"', 'fo:margin-left="3cm"'),
        _style(
            "body",
            'fo:font-size="14pt"',
            'fo:text-align="justify" fo:text-indent="1.27cm" fo:margin-top="0.2cm" fo:line-height="115%"',
        ),
        _style("recipients", f'fo:font-size="12pt" {_BOLD} {_ITALIC}'),
        _style("list", 'fo:font-size="11pt"'),
        _style("office", f'fo:font-size="14pt" {_BOLD}', f'{_CENTRE} fo:keep-with-next="always"'),
        _style(
            "mark",
            f'fo:font-size="14pt" {_BOLD} fo:color="#d0021b"',
            f'{_CENTRE} fo:border="1pt solid #d0021b" fo:margin-left="1.5cm" fo:margin-right="12cm" fo:margin-top="0.2cm"',
        ),
        _style("gap", 'fo:font-size="6pt"'),
    ]
)  # fmt: skip
_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document {namespaces} office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text">
<office:font-face-decls><style:font-face style:name="Liberation Serif" svg:font-family="'Liberation Serif'"/>
</office:font-face-decls>
<office:automatic-styles>
<style:page-layout style:name="A4"><style:page-layout-properties fo:page-width="21cm" fo:page-height="29.7cm"
 fo:margin-top="2cm" fo:margin-bottom="2cm" fo:margin-left="3cm" fo:margin-right="1.5cm"/></style:page-layout>
<style:style style:name="whole" style:family="table"><style:table-properties style:width="16.5cm"/></style:style>
<style:style style:name="left" style:family="table-column">
<style:table-column-properties style:column-width="6.9cm"/></style:style>
<style:style style:name="right" style:family="table-column">
<style:table-column-properties style:column-width="9.6cm"/></style:style>
{styles}</office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="A4"><style:header>
<text:p text:style-name="plain"><text:page-number text:select-page="current"/></text:p></style:header>
</style:master-page></office:master-styles>
<office:body><office:text>{body}</office:text></office:body></office:document>
"""
