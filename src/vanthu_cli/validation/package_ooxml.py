"""Signatures of Word and Excel files (ECMA-376 part 2, 13): parts and relationships against their digests."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import unquote

from lxml import etree

from vanthu_cli.validation.findings import Covers
from vanthu_cli.validation.package_members import Members, not_covered
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.xml_aside import Sink
from vanthu_cli.validation.xml_checks import XmlSignature, examine_signature, signatures_in
from vanthu_cli.validation.xml_digests import Fetched, Outcome, text_of
from vanthu_cli.validation.xml_parsing import Element, XmlRefused, form_of, write_canonical
from vanthu_cli.validation.xml_xades import moment

CONTENT_TYPES = "[Content_Types].xml"
SIGNATURES = "_xmlsignatures/"
_SIGNATURE_TYPE = "application/vnd.openxmlformats-package.digital-signature-xmlsignature+xml"
_TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
_RELATIONSHIPS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_SIGNING = "{http://schemas.openxmlformats.org/package/2006/digital-signature}"
_TRANSFORM = "http://schemas.openxmlformats.org/package/2006/RelationshipTransform"


def examine_ooxml(members: Members) -> tuple[bool, tuple[XmlSignature, ...], tuple[Reason, ...]]:
    """Return whether anything looks signed, the signatures, and what could not be read."""
    try:
        types = _content_types(members)
    except XmlRefused as refused:
        return bool(_signature_parts(members, {})), (), (refused.reason,)
    parts = _signature_parts(members, types)
    found: list[XmlSignature] = []
    reasons: list[Reason] = []
    for name in parts:
        try:
            found.extend(_in_part(members, name, types))
        except XmlRefused as refused:
            reasons.append(refused.reason)
    signed = bool(parts) or any(name.lower().startswith(SIGNATURES) for name in members.names)
    return signed, tuple(found), tuple(reasons)


def _content_types(members: Members) -> dict[str, str]:
    """Map part names in small letters, and ".ext", to their content types."""
    types = {}
    for entry in members.xml(CONTENT_TYPES).root.iterchildren("*"):
        name = f".{entry.get('Extension')}" if entry.tag == f"{_TYPES}Default" else str(entry.get("PartName"))
        types[name.lower()] = str(entry.get("ContentType"))
    return types


def _type_of(part: str, types: dict[str, str]) -> str:
    extension = part.rpartition(".")[2]
    return types.get(f"/{part}".lower(), types.get(f".{extension}".lower(), ""))


def _signature_parts(members: Members, types: dict[str, str]) -> list[str]:
    return [
        name
        for name in members.names
        if _type_of(name, types) == _SIGNATURE_TYPE
        or (name.lower().startswith(SIGNATURES) and name.lower().endswith(".xml"))
    ]


def _in_part(members: Members, name: str, types: dict[str, str]) -> list[XmlSignature]:
    parsed = members.xml(name)
    left_out: set[str] = set()
    fetch = _fetcher(members, types, left_out)

    def coverage(_signature: Element, outcomes: Sequence[Outcome]) -> tuple[Covers, tuple[Reason, ...]]:
        covered = {_part(outcome.uri)[0].lower() for outcome in outcomes if outcome.holds}
        apart = {CONTENT_TYPES, *_signature_parts(members, types)}
        left = [
            part
            for part in members.names
            if part.lower() not in covered and part not in apart and not part.lower().startswith(SIGNATURES)
        ]
        return "partial", not_covered([*left, *sorted(left_out)])

    found = []
    for number, signature in enumerate(signatures_in(parsed), 1):
        one, outcomes = examine_signature(parsed, signature, number, fetch, coverage)
        # Office gives every signature the same Id; the part's name is its own.
        own = replace(one, id=name if number == 1 else f"{name}#{number}")
        found.append(_with_time(own, outcomes))
    return found


def _part(uri: str) -> tuple[str, str]:
    """Split "/word/document.xml?ContentType=…" into the member's name and the content type."""
    path, _, query = uri.partition("?")
    return unquote(path).removeprefix("/"), unquote(query).removeprefix("ContentType=")


def _fetcher(
    members: Members, types: dict[str, str], left_out: set[str]
) -> Callable[[str, Sequence[Element], Sink], Fetched]:
    there = {name.lower(): name for name in members.names}

    def fetch(uri: str, transforms: Sequence[Element], sink: Sink) -> Fetched:
        path, stated = _part(uri)
        name = there.get(path.lower())
        if not uri.startswith("/") or name is None:
            return Fetched(Reason("signed-data-missing", uri))
        if stated.lower() != _type_of(name, types).lower():
            return Fetched(Reason("changed-after-signing", f"ContentType {name}"))
        if transforms and transforms[0].get("Algorithm") == _TRANSFORM:
            try:
                return _relationships(members, name, transforms, sink, left_out)
            except XmlRefused as refused:
                return Fetched(refused.reason)
        return members.fetch(name, tuple(transforms), sink)

    return fetch


def _relationships(
    members: Members, name: str, transforms: Sequence[Element], sink: Sink, left_out: set[str]
) -> Fetched:
    """Digest the relationships that the transform selects, sorted by Id (13.2.4.24); remember those that it does not."""
    form = form_of(transforms[1] if len(transforms) > 1 else None)
    if form is None or len(transforms) > 2:  # noqa: PLR2004  the selection, then a canonical form
        return Fetched(Reason("unsupported-signature", name))
    ids = {one.get("SourceId") for one in transforms[0].iterchildren(f"{_SIGNING}RelationshipReference")}
    kinds = {one.get("SourceType") for one in transforms[0].iterchildren(f"{_SIGNING}RelationshipsGroupReference")}
    chosen = etree.Element(f"{_RELATIONSHIPS}Relationships", nsmap={None: _RELATIONSHIPS[1:-1]})  # type: ignore[dict-item]  # lxml's stubs know no default namespace
    there = [one for one in members.xml(name).root.iterchildren("*") if one.tag == f"{_RELATIONSHIPS}Relationship"]
    for one in sorted(there, key=lambda each: str(each.get("Id"))):
        if one.get("Id") in ids or one.get("Type") in kinds:
            attributes = {"TargetMode": "Internal", **{str(key): str(value) for key, value in one.attrib.items()}}
            etree.SubElement(chosen, one.tag, attributes)
        elif not str(one.get("Type")).endswith("/digital-signature/origin"):
            left_out.add(f"{name}#{one.get('Id')}")
    return Fetched(None if write_canonical(chosen.getroottree(), form, sink) else Reason("unsupported-signature", name))


def _with_time(found: XmlSignature, outcomes: Sequence[Outcome]) -> XmlSignature:
    """Take the time that Office writes, where XAdES gives none and the signature covers it."""
    if found.examined.claimed_time is not None:
        return found
    for outcome in outcomes:
        if not (outcome.inside and outcome.holds and outcome.target is not None):
            continue
        value = outcome.target.find(f".//{_SIGNING}SignatureTime/{_SIGNING}Value")
        try:
            return replace(found, examined=replace(found.examined, claimed_time=moment(text_of(value))))
        except ValueError:
            continue
    return found
