"""A minimal OOXML document, as Word writes one: direct formatting, tables, tabs, VML text boxes."""

import io
import zipfile
from xml.sax.saxutils import escape

from tests.reading.corpus.facts import Doc
from tests.reading.corpus.flow import EXTRA, Block, Frame, Para, Style, Table, blocks, styles

_TWIPS = 56.7
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
    "</Relationships>"
)
_DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8"?><w:document '
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:o="urn:schemas-microsoft-com:office:office"><w:body>{body}<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>'
    '<w:pgMar w:top="1134" w:bottom="1134" w:left="1701" w:right="851" w:header="567" w:footer="567" w:gutter="0"/>'
    "</w:sectPr></w:body></w:document>"
)


def docx(doc: Doc, form: str) -> bytes:
    known = styles(doc) | EXTRA
    body = "".join(_block(part, known) for part in blocks(doc, form))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", _TYPES)
        packed.writestr("_rels/.rels", _RELATIONS)
        packed.writestr("word/document.xml", _DOCUMENT.format(body=body))
    return out.getvalue()


def _block(part: Block, known: dict[str, Style]) -> str:
    if isinstance(part, Para):
        return _para(part, known)
    if isinstance(part, Frame):
        return _frame(part, known)
    return _table(part, known)


def _frame(part: Frame, known: dict[str, Style]) -> str:
    inside = "".join(_para(one, known) for one in part.paras)
    stroke = 'stroked="t" strokecolor="#c00000"' if part.boxed else 'stroked="f"'
    place = f"position:absolute;margin-left:{part.x}mm;margin-top:{part.y}mm;width:{part.wide}mm;height:{part.high}mm"
    return (
        '<w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="120" w:lineRule="exact"/></w:pPr><w:r><w:pict>'
        f'<v:rect style="{place};z-index:1" filled="f" {stroke}><v:textbox inset="0,0,0,0"><w:txbxContent>{inside}'
        "</w:txbxContent></v:textbox></v:rect></w:pict></w:r></w:p>"
    )


def _table(part: Table, known: dict[str, Style]) -> str:
    grid = "".join(f'<w:gridCol w:w="{width * _TWIPS:.0f}"/>' for width in part.widths)
    rows = ""
    for row in part.rows:
        cells = ""
        for width, cell in zip(part.widths, row, strict=True):
            inside = "".join(_para(one, known) for one in cell) or "<w:p/>"
            cells += f'<w:tc><w:tcPr><w:tcW w:w="{width * _TWIPS:.0f}" w:type="dxa"/></w:tcPr>{inside}</w:tc>'
        rows += f"<w:tr>{cells}</w:tr>"
    layout = '<w:tblPr><w:tblW w:w="9356" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr>'
    return f"<w:tbl>{layout}<w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"


def _para(one: Para, known: dict[str, Style]) -> str:
    style = known[one.style]
    align = "both" if style.align == "justify" else style.align
    stops = "".join(
        f'<w:tab w:val="{"left" if stop < 0 else "center"}" w:pos="{abs(stop) * _TWIPS:.0f}"/>' for stop in style.stops
    )
    side = '<w:{} w:val="single" w:sz="8" w:space="1" w:color="C00000"/>'
    box = "".join(side.format(name) for name in ("top", "left", "bottom", "right")) if style.boxed else ""
    properties = (
        ("<w:pageBreakBefore/>" if style.new_page else "")
        + (f"<w:pBdr>{box}</w:pBdr>" if box else "")
        + (f"<w:tabs>{stops}</w:tabs>" if stops else "")
        + f'<w:spacing w:before="{style.before * _TWIPS:.0f}" w:after="0"/>'
        f'<w:ind w:left="{style.left * _TWIPS:.0f}" w:right="{style.right * _TWIPS:.0f}"'
        f' w:firstLine="{style.indent * _TWIPS:.0f}"/><w:jc w:val="{align}"/>'
    )
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(_run(known[name], text) for name, text in one.spans)}</w:p>"


def _run(style: Style, text: str) -> str:
    look = '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman"/>'
    look += "<w:b/>" if style.bold else ""
    look += "<w:i/>" if style.italic else ""
    look += "<w:smallCaps/>" if style.small else ""
    look += f'<w:sz w:val="{style.size * 2:.0f}"/>'
    words = escape(text).replace("\t", '</w:t><w:tab/><w:t xml:space="preserve">')
    return f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{words}</w:t></w:r>'
