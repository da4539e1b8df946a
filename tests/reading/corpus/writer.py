"""Flat ODT and OOXML documents, and their PDFs by one run of LibreOffice for all."""

from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from tests.reading.corpus.facts import Doc
from tests.reading.corpus.flow import EXTRA, Block, Frame, Para, Style, Table, blocks, styles
from tests.reading.corpus.ooxml import docx
from tests.reading.writer import exported

_SPACES = ("office", "text", "table", "style", "drawing")
_NAMESPACES = " ".join(
    f'xmlns:{"draw" if name == "drawing" else name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in _SPACES
) + "".join(
    f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{long}-compatible:1.0"'
    for name, long in (("fo", "xsl-fo"), ("svg", "svg"))
)
WRITTEN = {
    "odt-table": "table",
    "odt-rows": "rows",
    "odt-narrow": "narrow",
    "odt-tabs": "tabs",
    "odt-frame": "frame",
    "docx-table": "rows",
    "docx-narrow": "narrow",
    "docx-tabs": "tabs",
    "docx-frame": "frame",
}
"""Layout by name: the form of its head; the name says in which format it goes to LibreOffice."""


def convert(sources: Mapping[str, tuple[Doc, str]], folder: Path) -> dict[str, bytes]:
    """Return the PDFs of (document, layout) by name."""
    typed = {}
    for name, (doc, layout) in sources.items():
        word, form = layout.startswith("docx"), WRITTEN[layout]
        typed[f"{name}.{'docx' if word else 'fodt'}"] = docx(doc, form) if word else flat_odt(doc, form).encode()
    return exported(typed, folder)


def flat_odt(doc: Doc, form: str) -> str:
    parts = blocks(doc, form)
    known = styles(doc) | EXTRA
    tables = [part for part in parts if isinstance(part, Table)]
    columns = "".join(
        f'<style:style style:name="w{width:g}" style:family="table-column">'
        f'<style:table-column-properties style:column-width="{width}mm"/></style:style>'
        for width in sorted({width for table in tables for width in table.widths})
    )
    made = "".join(_style(name, style) for name, style in known.items())
    return _DOCUMENT.format(namespaces=_NAMESPACES, styles=made + columns, body="".join(map(_block, parts)))


def _block(part: Block) -> str:
    if isinstance(part, Para):
        return _para(part)
    if isinstance(part, Frame):
        inside = "".join(map(_para, part.paras))
        return (
            '<text:p text:style-name="gap"><draw:frame text:anchor-type="paragraph" '
            f'draw:style-name="{"boxed" if part.boxed else "bare"}" svg:x="{part.x}mm" svg:y="{part.y}mm" '
            f'svg:width="{part.wide}mm" svg:height="{part.high}mm"><draw:text-box>{inside}</draw:text-box>'
            "</draw:frame></text:p>"
        )
    columns = "".join(f'<table:table-column table:style-name="w{width:g}"/>' for width in part.widths)
    rows = "".join(
        "<table:table-row>"
        + "".join(f'<table:table-cell office:value-type="string">{_cell(cell)}</table:table-cell>' for cell in row)
        + "</table:table-row>"
        for row in part.rows
    )
    return f'<table:table table:style-name="whole">{columns}{rows}</table:table>'


def _cell(paras: tuple[Para, ...]) -> str:
    return "".join(map(_para, paras)) or '<text:p text:style-name="gap"/>'


def _para(one: Para) -> str:
    spans = "".join(f'<text:span text:style-name="t-{style}">{_marked(text)}</text:span>' for style, text in one.spans)
    return f'<text:p text:style-name="{one.style}">{spans}</text:p>'


def _marked(text: str) -> str:
    return escape(text).replace("  ", " <text:s/>").replace("  ", " <text:s/>").replace("\t", "<text:tab/>")


def _style(name: str, style: Style) -> str:
    letters = f'style:font-name="Liberation Serif" fo:font-size="{style.size}pt"'
    letters += ' fo:font-weight="bold"' if style.bold else ""
    letters += ' fo:font-style="italic"' if style.italic else ""
    letters += ' fo:font-variant="small-caps"' if style.small else ""
    stops = "".join(
        f'<style:tab-stop style:position="{abs(stop)}mm" style:type="{"left" if stop < 0 else "center"}"/>'
        for stop in style.stops
    )
    room = f'fo:text-align="{style.align}" fo:text-indent="{style.indent}mm" fo:margin-left="{style.left}mm"'
    room += f' fo:margin-right="{style.right}mm" fo:margin-top="{style.before}mm"'
    room += ' fo:border="1pt solid #c00000"' if style.boxed else ""
    room += ' fo:break-before="page"' if style.new_page else ""
    return (
        f'<style:style style:name="{name}" style:family="paragraph"><style:paragraph-properties {room}>'
        f"<style:tab-stops>{stops}</style:tab-stops></style:paragraph-properties>"
        f"<style:text-properties {letters}/></style:style>"
        f'<style:style style:name="t-{name}" style:family="text"><style:text-properties {letters}/></style:style>'
    )


_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document {namespaces} office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text">
<office:font-face-decls><style:font-face style:name="Liberation Serif" svg:font-family="'Liberation Serif'"/>
</office:font-face-decls>
<office:automatic-styles>
<style:page-layout style:name="A4"><style:page-layout-properties fo:page-width="210mm" fo:page-height="297mm"
 fo:margin-top="20mm" fo:margin-bottom="20mm" fo:margin-left="30mm" fo:margin-right="15mm"/></style:page-layout>
<style:style style:name="whole" style:family="table"><style:table-properties style:width="165mm"/></style:style>
<style:style style:name="bare" style:family="graphic"><style:graphic-properties style:wrap="run-through" draw:fill="none"
 fo:border="none" draw:stroke="none" style:horizontal-pos="from-left" style:vertical-pos="from-top"/></style:style>
<style:style style:name="boxed" style:family="graphic"><style:graphic-properties style:wrap="run-through" draw:fill="none"
 fo:border="1pt solid #c00000" style:horizontal-pos="from-left" style:vertical-pos="from-top"/></style:style>
{styles}</office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="A4"/></office:master-styles>
<office:body><office:text>{body}</office:text></office:body></office:document>
"""
