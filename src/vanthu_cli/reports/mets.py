"""The METS of an E-ARK submission package (CSIP and SIP 2.1): what lies in it, of which size and SHA-256."""

from collections.abc import Mapping
from dataclasses import dataclass
from mimetypes import MimeTypes
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from vanthu_cli import __version__
from vanthu_cli.reports.books import plain

if TYPE_CHECKING:
    from lxml.etree import _Element

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
    """Return it for a package of that code and title; `organ` is the identifier of the office."""
    from lxml import etree

    uses = {"documentation": "Documentation", "schemas": "Schemas", "representations": "Representations"}
    groups = [_group(contents, folder, use) for folder, use in uses.items()]
    groups = [each for each in groups if len(each)]
    divisions = [
        _node(
            "div",
            {"ID": f"div-{each.get('ID')}", "LABEL": str(each.get("USE"))},
            _node("fptr", {"FILEID": str(each.get("ID"))}),
        )
        for each in groups
    ]
    kind = {"MDTYPE": "OTHER", "OTHERMDTYPE": "ND30-2020-PL6"}
    reference = {**_link(contents, _DESCRIBED), **_facts(contents, _DESCRIBED), **kind}
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


def _facts(contents: Contents, name: str) -> dict[str, str]:
    kind = _MIME.get(PurePath(name).suffix) or MimeTypes().guess_type(name)[0] or "application/octet-stream"
    sha256, size = contents.entries[name]
    return {
        "MIMETYPE": kind, "SIZE": str(size), "CREATED": contents.made, "CHECKSUM": sha256, "CHECKSUMTYPE": "SHA-256"
    }  # fmt: skip


def _link(contents: Contents, name: str) -> dict[str, str]:
    called = {f"{{{_XLINK}}}title": plain(contents.names[name])} if name in contents.names else {}
    return {"LOCTYPE": "URL", f"{{{_XLINK}}}type": "simple", f"{{{_XLINK}}}href": name, **called}
