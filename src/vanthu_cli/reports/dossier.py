"""A dossier as values: the lines of its index (NĐ 30/2020 Phụ lục V form IV), its data as XML (Phụ lục VI Phần II), its deadlines.

Index and XML are forms of law: their words are Vietnamese and their names those of the decree, whatever the program speaks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from mimetypes import MimeTypes
from pathlib import PurePath
from sqlite3 import Row
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from vanthu_cli import __version__
from vanthu_cli.register.documents import Document
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports.books import plain
from vanthu_cli.reports.words import day_shown
from vanthu_cli.rules.deadlines import today

if TYPE_CHECKING:
    from lxml.etree import _Element

HEADINGS = (
    "STT", "Số, ký hiệu văn bản", "Ngày tháng năm văn bản", "Tên loại và trích yếu nội dung văn bản", "Tác giả văn bản",
    "Tờ số/ Trang số", "Ghi chú",
)  # fmt: skip
WIDTHS = (6, 14, 12, 32, 15, 9, 12)
"""Of the columns, in hundredths of the table."""
MOST_DOCUMENTS = 999
"""DocOrdinal has three digits."""
_ALERT = timedelta(days=30)
_PRIORITIES = {"KHẨN": 1, "THƯỢNG KHẨN": 2, "HỎA TỐC": 3}
"""As edXML counts them (domain.md 5.4); secret documents are not kept here."""
_LINKS = {
    "answers": ("Trả lời {}", "Được trả lời bằng {}"),
    "corrects": ("Đính chính {}", "Được đính chính bằng {}"),
    "replaces": ("Thay thế {}", "Được thay thế bằng {}"),
    "annex-of": ("Phụ lục của {}", "Có phụ lục {}"),
}
_STATES = {"recalled": "Đã thu hồi", "voided": "Đã hủy"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the index. `first`: the page of the dossier on which the document begins; None where its pages are not known."""

    ordinal: int
    document: Document
    pages: int | None
    first: int | None
    remarks: tuple[str, ...]

    @property
    def note(self) -> str:
        own = [_STATES.get(self.document.state, ""), "Văn bản giấy" if self.document.medium == "paper" else ""]
        return "; ".join(filter(None, [*own, *self.remarks, self.document.note or ""]))

    @property
    def where(self) -> str:
        if self.first is None or not self.pages:
            return ""
        return str(self.first) if self.pages == 1 else f"{self.first}–{self.first + self.pages - 1}"

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts of the seven columns, one line each, as every form can carry them."""
        each = self.document
        texts = (
            str(self.ordinal), _number(each), day_shown(each.day), title(each), each.agency or "", self.where, self.note
        )  # fmt: skip
        return tuple(map(plain, texts))


def _number(document: Document) -> str:
    return document.name if document.number is not None and document.symbol else ""


def title(document: Document) -> str:
    """Return type and subject as one phrase: "Công văn về việc gửi, nhận văn bản"."""
    kind, subject = document.doc_type or "", document.subject or ""
    for beginning in ("Về việc", "V/v"):
        if kind and subject.startswith(beginning):
            subject = subject[0].lower() + subject[1:]
    return " ".join(filter(None, [kind, subject])) or document.file or ""


def index(
    contents: Sequence[Document],
    *,
    counted: Mapping[int, int | None] | None = None,
    links: Sequence[Row] = (),
    names: Mapping[int, str] | None = None,
) -> tuple[Line, ...]:
    """Return the index of documents that stand in order. `counted`: their pages, where not those of the register count.

    A document that was found secret is not listed. `names`: what documents are called to which `links` lead.
    """
    lines, page = list[Line](), 1
    for document in contents:
        if document.state == "quarantined":
            continue
        pages = document.pages if counted is None else counted.get(document.id)
        remarks = tuple(_remarks(document.id, links, names or {}))
        lines.append(Line(len(lines) + 1, document, pages, page if pages else None, remarks))
        page += pages or 0
    return tuple(lines)


def _remarks(document: int, links: Sequence[Row], names: Mapping[int, str]) -> list[str]:
    forth, back = 0, 1
    return [
        _LINKS[row["kind"]][way].format(names.get(other, f"#{other}"))
        for row in links
        for way, this, other in ((forth, row["document"], row["other"]), (back, row["other"], row["document"]))
        if this == document
    ]


def headline(dossier: Dossier) -> tuple[str, str, str]:
    """Return the head of the form, line by line."""
    return "MỤC LỤC VĂN BẢN, TÀI LIỆU", f"Số, ký hiệu hồ sơ: {dossier.code}", f"Năm {dossier.year}"


def deadline(dossier: Dossier) -> date | None:
    """Return until when a closed dossier goes to the archive: one year after the work ended (Đ30.2.b)."""
    if dossier.state != "closed" or dossier.ended is None:
        return None
    ended = date.fromisoformat(dossier.ended)
    try:
        return ended.replace(year=ended.year + 1)
    except ValueError:  # the 29th of February
        return date(ended.year + 1, 2, 28)


def alert(dossier: Dossier, day: date) -> Literal["soon", "overdue"] | None:
    """Tell whether the archive's deadline is near, 30 days before it (Phụ lục VI III.5.b), or past."""
    until = deadline(dossier)
    if until is None or day < until - _ALERT:
        return None
    return "overdue" if day > until else "soon"


def period(dossier: Dossier, contents: Sequence[Document]) -> tuple[str, str | None]:
    """Return the first day of a dossier, which is not later than its first document, and its last; ISO."""
    days = [each.day for each in contents if each.day]
    return min([dossier.started, *days, *filter(None, [dossier.ended])]), dossier.ended


_Field = tuple[str, Any]
"""A name, and kind and length ("s500": String; "n3": Number; "d10": Date; "t": LongText) or the fields inside."""
_FILE_CODE: _Field = ("FileCode", (("OrganId", "s13"), ("FileCatalog", "n4"), ("FileNotation", "s20")))
_SIGNER: _Field = ("SignerInfo", (("Position", "s100"), ("FullName", "s50")))
_COMMON: tuple[_Field, ...] = (
    _FILE_CODE, ("DocOrdinal", "n3"), ("TypeName", "s100"), ("CodeNumber", "s11"), ("CodeNotation", "s30"), ("IssuedDate", "d10"),
    ("OrganName", "s200"), ("Subject", "s500"), ("Language", "s30"), ("PageAmount", "n3"), ("Description", "s500"),
)  # fmt: skip
_OUTGOING: tuple[_Field, ...] = (
    _SIGNER, ("To", (("OrganId", "s13"), ("OrganName", "s200"))), ("Priority", "n1"), ("IssuedAmount", "n3"), ("DueDate", "d10"),
)  # fmt: skip
_INCOMING: tuple[_Field, ...] = (
    ("ArrivalDate", "d10"), ("ArrivalNumber", "n10"), _SIGNER, ("Priority", "n1"), ("ToPlaces", "s1000"), ("TraceHeaderList", "t"),
    ("DueDate", "d10"),
)  # fmt: skip
_DOSSIER: tuple[_Field, ...] = (
    _FILE_CODE, ("Title", "s500"), ("Maintenance", "s30"), ("Rights", "s30"), ("Creator", "s30"), ("Language", "s50"),
    ("StartDate", "d10"), ("EndDate", "d10"), ("DocTotal", "n4"), ("PageTotal", "n4"), ("Description", "s500"),
)  # fmt: skip
DOSSIER_LENGTHS = {
    name: int(form[1:]) for name, form in (*_DOSSIER, *_FILE_CODE[1]) if isinstance(form, str) and len(form) > 1
}
"""Letters and digits of a dossier's own fields (Phụ lục VI Phần II, III)."""
_ALWAYS = frozenset(
    {"FileCode", "OrganId", "FileCatalog", "FileNotation", "DocOrdinal", "Title", "Maintenance", "StartDate"}
)
_ALWAYS |= {"DocTotal", "ArrivalDate", "Priority"}

Recipients = Mapping[int, Sequence[tuple[str, str]]]
"""Identifier and name of the agencies to which each outgoing document went."""
Cut = tuple[int | None, str]
"""The document (None: the dossier itself) and the field whose value did not fit: a text is shortened, a number left out."""


def dossier_xml(
    dossier: Dossier, lines: Sequence[Line], *, organ: str, recipients: Recipients
) -> tuple[bytes, tuple[Cut, ...]]:
    """Return the dossier's data, and what had to be cut to the lengths of the decree. What is not known has no element.

    `organ`: the identifier of the office.
    """
    from lxml import etree

    cut = list[Cut]()
    code = {"OrganId": organ, "FileCatalog": dossier.year, "FileNotation": dossier.code}
    started, ended = period(dossier, [each.document for each in lines])
    root = etree.Element("File")
    values = {
        "FileCode": code, "Title": dossier.title, "Maintenance": dossier.retention, "Rights": dossier.rights,
        "Creator": dossier.creator, "Language": dossier.language, "StartDate": started, "EndDate": ended,
        "DocTotal": len(lines), "PageTotal": sum(each.pages or 0 for each in lines) or None,
        "Description": "; ".join(filter(None, [dossier.keywords, dossier.note])),
    }  # fmt: skip
    _fill(root, _DOSSIER, values, None, cut)
    listed = etree.SubElement(root, "Documents")
    for line in lines:
        incoming = line.document.direction == "in"
        fields = (*_COMMON, *(_INCOMING if incoming else _OUTGOING))
        said = _document(line) | (_came(line.document) if incoming else _went(line.document, recipients))
        _fill(etree.SubElement(listed, "Document"), fields, {"FileCode": code, **said}, line.document.id, cut)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True), tuple(cut)


def _document(line: Line) -> dict[str, object]:
    each = line.document
    return {
        "DocOrdinal": line.ordinal, "TypeName": each.doc_type, "CodeNumber": each.number and f"{each.number:02d}",
        "CodeNotation": each.symbol, "IssuedDate": each.day, "OrganName": each.agency, "Subject": each.subject,
        "Language": each.language, "PageAmount": line.pages or None, "Description": line.note,
        "SignerInfo": {"Position": each.signer_title, "FullName": each.signer}, "DueDate": each.due,
        "Priority": _PRIORITIES.get(each.urgency or "", 0),
    }  # fmt: skip


def _came(each: Document) -> dict[str, object]:
    done = f"hoàn thành ngày {day_shown(each.done_on)}" if each.done_on else ""
    return {
        "ArrivalDate": today(datetime.fromisoformat(each.arrived_at)).isoformat(),
        "ArrivalNumber": each.arrival_number,
        "ToPlaces": each.places,
        "TraceHeaderList": "; ".join(filter(None, [each.progress, done])),
    }


def _went(each: Document, recipients: Recipients) -> dict[str, object]:
    to = [{"OrganId": identifier, "OrganName": name} for identifier, name in recipients.get(each.id, ())]
    return {"To": to or ({"OrganName": each.places} if each.places else None), "IssuedAmount": each.copies}


def _fill(
    parent: "_Element", fields: Sequence[_Field], values: Mapping[str, Any], document: int | None, cut: list[Cut]
) -> None:
    from lxml import etree

    for name, form in fields:
        value = values.get(name)
        if not isinstance(form, str):
            for each in value if isinstance(value, list) else [value or {}]:
                if any(each.values()):
                    _fill(etree.SubElement(parent, name), form, each, document, cut)
            continue
        text = "" if value is None else day_shown(value) if form[0] == "d" else plain(str(value))
        if form != "t" and len(text) > (most := int(form[1:])):
            cut.append((document, name))
            text = f"{text[: most - 1]}…" if form[0] == "s" else ""
        if text:
            etree.SubElement(parent, name).text = text


def dossier_xsd() -> bytes:
    """Return the schema that every `dossier_xml` keeps, for whoever takes the file over."""
    came, went = (f"<xs:sequence>{_elements(fields)}</xs:sequence>" for fields in (_INCOMING, _OUTGOING))
    document = f"{_elements(_COMMON)}<xs:choice>{came}{went}</xs:choice>"
    listed = _complex("Documents", _complex("Document", document, 'minOccurs="0" maxOccurs="unbounded"'), "")
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        f"{_complex('File', _elements(_DOSSIER) + listed, '')}</xs:schema>\n"
    )
    return text.replace("><xs:element", ">\n<xs:element").encode()


def _elements(fields: Sequence[_Field]) -> str:
    return "".join(_element(name, form) for name, form in fields)


def _element(name: str, form: Any) -> str:
    least = "" if name in _ALWAYS else 'minOccurs="0"'
    if not isinstance(form, str):
        return _complex(name, _elements(form), f'{least} maxOccurs="{"unbounded" if name == "To" else 1}"')
    base, limit = {
        "s": ("string", f'<xs:minLength value="1"/><xs:maxLength value="{form[1:]}"/>'),
        "n": ("nonNegativeInteger", f'<xs:totalDigits value="{form[1:]}"/>'),
        "d": ("string", '<xs:pattern value="[0-9]{2}/[0-9]{2}/[0-9]{4}"/>'),
        "t": ("string", ""),
    }[form[0]]
    kind = f'<xs:simpleType><xs:restriction base="xs:{base}">{limit}</xs:restriction></xs:simpleType>'
    return f'<xs:element name="{name}" {least}>{kind}</xs:element>'


def _complex(name: str, inside: str, occurs: str) -> str:
    return f'<xs:element name="{name}" {occurs}><xs:complexType><xs:sequence>{inside}</xs:sequence></xs:complexType></xs:element>'


def index_xlsx(dossier: Dossier, lines: Sequence[Line], out: BinaryIO) -> None:
    """Write the index as an Excel file, ready to print. Strings stay strings: nothing that came by mail becomes a formula."""
    from xlsxwriter import Workbook

    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "default_format_properties": {"font_name": "Times New Roman", "font_size": 11},
    }  # fmt: skip
    with Workbook(out, options) as workbook:
        workbook.set_properties({"created": datetime(2020, 3, 5)})  # noqa: DTZ001  any fixed time: the same index, the same bytes
        sheet = workbook.add_worksheet("Mục lục")
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(4, 5)
        head = workbook.add_format({"bold": True, "align": "center", "text_wrap": True, "font_size": 13})
        grid = {"border": 1, "text_wrap": True, "valign": "top"}
        box, bold = workbook.add_format(grid), workbook.add_format(grid | {"bold": True, "align": "center"})
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width)
        for row, text in enumerate(headline(dossier)):
            sheet.merge_range(row, 0, row, len(HEADINGS) - 1, plain(text), head)
        for column, heading in enumerate(HEADINGS):
            sheet.write_string(4, column, heading, bold)
        for column in range(len(HEADINGS)):
            sheet.write_string(5, column, f"({column + 1})", bold)
        for row, line in enumerate(lines, 6):
            for column, text in enumerate(line.cells):
                sheet.write_string(row, column, text[:32_000], box)


_METS = "http://www.loc.gov/METS/"
_XLINK = "http://www.w3.org/1999/xlink"
_CSIP = "https://DILCIS.eu/XML/METS/CSIPExtensionMETS"
_MIXED = {f"{{{_CSIP}}}CONTENTINFORMATIONTYPE": "MIXED"}
_MIME = {
    ".cer": "application/pkix-cert", ".crl": "application/pkix-crl", ".ocsp": "application/ocsp-response", ".jsonl": "text/plain",
    ".xsd": "application/xml", ".xml": "application/xml",
}  # fmt: skip
_DESCRIBED = "metadata/descriptive/dossier.xml"


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a package: SHA-256 and size of each, what those of strangers were called, when all were made (ISO, offset)."""

    entries: Mapping[str, tuple[str, int]]
    names: Mapping[str, str]
    made: str


def mets_xml(code: str, title: str, contents: Contents, *, organ: str, office: str) -> bytes:
    """Return the METS of an E-ARK submission package (CSIP and SIP 2.1); `organ` is the identifier of the office."""
    from lxml import etree

    uses = {"documentation": "Documentation", "schemas": "Schemas", "representations": "Representations"}
    groups = [_group(contents, folder, use) for folder, use in uses.items()]
    groups = [each for each in groups if len(each)]
    divisions = [
        _node("div", {"ID": f"div-{each.get('ID')}", "LABEL": str(each.get("USE"))}, _pointer(each)) for each in groups
    ]
    reference = {
        **_link(contents, _DESCRIBED),
        **_facts(contents, _DESCRIBED),
        "MDTYPE": "OTHER",
        "OTHERMDTYPE": "ND30-2020-PL6",
    }
    metadata = _node("div", {"ID": "div-metadata", "LABEL": "Metadata", "DMDID": "dmd-dossier"})
    profile = {"TYPE": "Mixed", "PROFILE": "https://earksip.dilcis.eu/profile/E-ARK-SIP.xml"}
    root = _node(
        "mets",
        {"OBJID": code, "LABEL": plain(title), **profile, **_MIXED},
        _node(
            "metsHdr",
            {"CREATEDATE": contents.made, "RECORDSTATUS": "NEW", f"{{{_CSIP}}}OAISPACKAGETYPE": "SIP"},
            _agent("vanthu", __version__, "SOFTWARE VERSION", ROLE="CREATOR", TYPE="OTHER", OTHERTYPE="SOFTWARE"),
            _agent(office, organ, "IDENTIFICATIONCODE", ROLE="CREATOR", TYPE="ORGANIZATION"),
            _agent(office, organ, "IDENTIFICATIONCODE", ROLE="ARCHIVIST", TYPE="ORGANIZATION"),
        ),
        _node(
            "dmdSec", {"ID": "dmd-dossier", "CREATED": contents.made, "STATUS": "CURRENT"}, _node("mdRef", reference)
        ),
        _node("fileSec", {"ID": "files"}, *groups),
        _node(
            "structMap",
            {"ID": "structure", "TYPE": "PHYSICAL", "LABEL": "CSIP"},
            _node("div", {"ID": "div-package", "LABEL": code}, metadata, *divisions),
        ),
    )
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _node(name: str, attributes: Mapping[str, str], *inside: "_Element", text: str | None = None) -> "_Element":
    from lxml import etree

    prefixes: Any = {None: _METS, "xlink": _XLINK, "csip": _CSIP}  # the stubs know no default namespace
    node = etree.Element(f"{{{_METS}}}{name}", dict(attributes), nsmap=prefixes)
    node.text = text
    node.extend(inside)
    return node


def _agent(name: str, note: str, note_type: str, **what: str) -> "_Element":
    said = _node("note", {f"{{{_CSIP}}}NOTETYPE": note_type}, text=note)
    return _node("agent", what, _node("name", {}, text=plain(name)), said)


def _group(contents: Contents, folder: str, use: str) -> "_Element":
    listed = sorted(name for name in contents.entries if name.startswith(f"{folder}/"))
    files = [
        _node("file", {"ID": f"{folder}-{place}", **_facts(contents, name)}, _node("FLocat", _link(contents, name)))
        for place, name in enumerate(listed, 1)
    ]
    return _node("fileGrp", {"ID": folder, "USE": use, **(_MIXED if folder == "representations" else {})}, *files)


def _pointer(group: "_Element") -> "_Element":
    return _node("fptr", {"FILEID": str(group.get("ID"))})


def _facts(contents: Contents, name: str) -> dict[str, str]:
    kind = _MIME.get(PurePath(name).suffix) or MimeTypes().guess_type(name)[0] or "application/octet-stream"
    sha256, size = contents.entries[name]
    return {
        "MIMETYPE": kind, "SIZE": str(size), "CREATED": contents.made, "CHECKSUM": sha256, "CHECKSUMTYPE": "SHA-256"
    }  # fmt: skip


def _link(contents: Contents, name: str) -> dict[str, str]:
    called = {f"{{{_XLINK}}}title": plain(contents.names[name])} if name in contents.names else {}
    return {"LOCTYPE": "URL", f"{{{_XLINK}}}type": "simple", f"{{{_XLINK}}}href": name, **called}
