"""A dossier's data as XML (NĐ 30/2020 Phụ lục VI Phần II), and the schema it keeps; the names are those of the decree."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vanthu_cli.register.documents import Document
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports.books import plain
from vanthu_cli.reports.dossier import Line, period
from vanthu_cli.reports.words import day_shown
from vanthu_cli.rules.deadlines import today

if TYPE_CHECKING:
    from lxml.etree import _Element

MOST_DOCUMENTS = 999
"""DocOrdinal has three digits."""
_PRIORITIES = {"KHẨN": 1, "THƯỢNG KHẨN": 2, "HỎA TỐC": 3}
"""As edXML counts them (domain.md 5.4); secret documents are not kept here."""

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
