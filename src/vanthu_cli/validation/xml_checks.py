"""The cryptography of signatures within XML, edXML packages above all: what they cover, and whether they hold.

The recipe (XML Signature 1.1, 3.2; TS 101 903): 1. Refuse what is dangerous before it is parsed. 2. Per ds:Signature: its
form, then every reference, then the value over SignedInfo. 3. The certificate that the signed properties name. 4. What
is covered: all, or which parts are not. Whether signer and time are to be trusted is for others to judge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from asn1crypto import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree

from vanthu_cli.validation.cms_checks import Examined, Token, aware, weak_of
from vanthu_cli.validation.findings import Covers
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.xml_digests import (
    DS,
    Fetch,
    Fetched,
    Outcome,
    check_reference,
    decoded,
    method_of,
    text_of,
    verifies,
    weak_among,
)
from vanthu_cli.validation.xml_edxml import attachments, is_edxml, uncovered
from vanthu_cli.validation.xml_parsing import Element, Parsed, XmlRefused, form_of, instructed, parse, write_canonical
from vanthu_cli.validation.xml_xades import (
    claimed_time,
    is_named,
    names_certificate,
    qualified,
    stray,
    tokens,
    weak_names,
)

__all__ = ["XmlRefused", "XmlSignature", "examine_signature", "examine_xml", "signatures_in"]

_MOST_SIGNATURES = 16
_MOST_REFERENCES = 5000
_MOST_WITHIN = 16
"""References into the same document: each may canonicalise all of it."""
_MOST_CERTIFICATES = 16


@dataclass(frozen=True, slots=True)
class XmlSignature:
    """A signature as its bytes say: `tokens` are its time stamps, None for one that cannot be read.

    `xades`: its signed properties are bound to it and name the certificate.
    """

    id: str
    examined: Examined
    tokens: tuple[Token | None, ...]
    xades: bool


Coverage = Callable[[Element, Sequence[Outcome]], tuple[Covers, tuple[Reason, ...]]]


def examine_xml(data: bytes | Path) -> tuple[Literal["xml", "edxml"], tuple[XmlSignature, ...]]:
    """Examine every signature in an XML file. Raises `XmlRefused`; OSError for a path that cannot be read."""
    parsed = parse(data, leaving=True)
    edxml = is_edxml(parsed.root)
    fetch = attachments(parsed.root, parsed.aside) if edxml else _nothing_outside
    found = tuple(
        examine_signature(parsed, signature, number, fetch, lambda one, outcomes: _coverage(parsed, one, outcomes))[0]
        for number, signature in enumerate(signatures_in(parsed), 1)
    )
    return "edxml" if edxml else "xml", found


def signatures_in(parsed: Parsed) -> tuple[Element, ...]:
    """Return all that is, or looks like, a signature, wherever it stands. Raises `XmlRefused` for too many."""
    found = [
        element
        for element in parsed.root.iter("{*}Signature")
        if element.tag == f"{DS}Signature" or element.find("{*}SignedInfo") is not None
    ]
    if len(found) > _MOST_SIGNATURES:
        raise XmlRefused(Reason("too-many-signatures", str(len(found))))
    return tuple(found)


def examine_signature(
    parsed: Parsed, signature: Element, number: int, fetch: Fetch, coverage: Coverage
) -> tuple[XmlSignature, tuple[Outcome, ...]]:
    """Examine one ds:Signature; whatever its structure makes a parser raise concerns this one alone."""
    name = str(signature.get("Id") or f"Signature {number}")
    try:
        return _examine(parsed, signature, name, fetch, coverage)
    except Exception as error:  # noqa: BLE001  hostile bytes: whatever a parser raises, it is a signature not read
        code = "unsupported-signature" if isinstance(error, UnsupportedAlgorithm) else "unreadable-signature"
        return _unread(name, Reason(code, f"{name} {str(error)[:100]}")), ()


def _unread(name: str, reason: Reason) -> XmlSignature:
    return XmlSignature(name, Examined(None, (), None, "partial", None, (), (reason,)), (), xades=False)


def _nothing_outside(uri: str, _transforms: object, _sink: object) -> Fetched:
    return Fetched(Reason("unsupported-signature", uri))  # an address in a signature is a stranger's: never fetched


def _examine(
    parsed: Parsed, signature: Element, name: str, fetch: Fetch, coverage: Coverage
) -> tuple[XmlSignature, tuple[Outcome, ...]]:
    if signature.tag != f"{DS}Signature" or any(one.tag == f"{DS}Signature" for one in signature.iterancestors()):
        return _unread(name, Reason("unsupported-signature", f"{name} {etree.QName(signature).namespace}")), ()
    information, value, references = _form(signature)
    method, form = method_of(information), form_of(information.find(f"{DS}CanonicalizationMethod"))
    canonical = BytesIO()
    if method is None or form is None or not write_canonical(information, form, canonical):
        algorithms = " ".join(str(child.get("Algorithm")) for child in information.iterchildren("*"))
        return _unread(name, Reason("unsupported-signature", f"{name} {algorithms[:200]}")), ()
    outcomes = _outcomes(references, signature, parsed, fetch)
    bound = qualified(signature, outcomes)
    certificates = _certificates(signature)
    genuine = [leaf for leaf in certificates if verifies(leaf, method, value, canonical.getvalue())]
    leaf, notes = _signer(genuine or certificates, bound.properties)
    covers, gaps = coverage(signature, outcomes)
    names = weak_names(bound.properties) if bound.properties is not None else set()
    weak = weak_of({method[1]} | weak_among(outcomes) | names, leaf)
    checked = [outcome.holds for outcome in outcomes] + ([bool(genuine)] if leaf else [None])
    reasons = (
        *(Reason("hash-mismatch", outcome.uri) for outcome in outcomes if outcome.holds is False),
        *([Reason("signature-broken")] if leaf and not genuine else []),
        *(outcome.problem for outcome in outcomes if outcome.problem),
        *notes,
        *bound.reasons,
        *gaps,
        *([Reason("weak-algorithm", ", ".join(weak))] if weak else []),
    )
    examined = Examined(
        leaf,
        tuple(one for one in certificates if one is not leaf),
        False if False in checked else None if None in checked else True,
        covers,
        aware(claimed_time(bound.properties)),
        weak,
        reasons,
    )
    xades = bound.properties is not None and names_certificate(bound.properties)
    return XmlSignature(name, examined, tokens(signature), xades), outcomes


def _form(signature: Element) -> tuple[Element, bytes, list[Element]]:
    """Demand the parts in the order of the schema, each once: two of them are read differently by different readers."""
    names = [child.tag for child in signature.iterchildren("*")]
    if names[:2] != [f"{DS}SignedInfo", f"{DS}SignatureValue"] or any(
        name not in {f"{DS}KeyInfo", f"{DS}Object"} or (name == f"{DS}KeyInfo" and place)
        for place, name in enumerate(names[2:])
    ):
        raise ValueError("malformed Signature")
    information, value = list(signature.iterchildren("*"))[:2]
    method, algorithm, *references = information.iterchildren("*")
    if [method.tag, algorithm.tag] != [f"{DS}CanonicalizationMethod", f"{DS}SignatureMethod"] or not references:
        raise ValueError("malformed SignedInfo")
    return information, decoded(text_of(value)), references


def _outcomes(references: list[Element], signature: Element, parsed: Parsed, fetch: Fetch) -> tuple[Outcome, ...]:
    """Check the references, and those of each manifest that is signed (XML Signature 1.1, 5.1)."""
    _refuse_others(references)
    checked = [check_reference(reference, signature, parsed, fetch) for reference in references]
    signed = [outcome.target for outcome in checked if outcome.inside and outcome.target is not None]
    manifests = {id(manifest): manifest for target in signed for manifest in target.iter(f"{DS}Manifest")}
    listed = [reference for manifest in manifests.values() for reference in manifest.iterchildren("*")]
    _refuse_others([*references, *listed])
    return (*checked, *(check_reference(reference, signature, parsed, fetch) for reference in listed))


def _refuse_others(references: list[Element]) -> None:
    if any(reference.tag != f"{DS}Reference" for reference in references):
        raise ValueError("malformed Reference")
    within = [one for one in references if not one.get("URI") or str(one.get("URI")).startswith("#")]
    if len(references) > _MOST_REFERENCES or len(within) > _MOST_WITHIN:
        raise ValueError("too many references")


def _certificates(signature: Element) -> list[x509.Certificate]:
    """Return what KeyInfo carries; keys without a certificate, and where to fetch one, are nobody's word."""
    found = signature.findall(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate")[:_MOST_CERTIFICATES]
    certificates = [x509.Certificate.load(decoded(text_of(one)), strict=True) for one in found]
    for certificate in certificates:
        certificate.native  # noqa: B018  parsed lazily: what is malformed raises here
    return certificates


def _signer(
    candidates: list[x509.Certificate], properties: Element | None
) -> tuple[x509.Certificate | None, tuple[Reason, ...]]:
    """Choose the certificate that the signed properties name: another may have been issued for the same key."""
    if not candidates:
        return None, (Reason("no-signing-certificate"),)
    if properties is None or not names_certificate(properties):
        return candidates[0], ()
    named = [candidate for candidate in candidates if is_named(properties, candidate)]
    return (named[0], ()) if named else (candidates[0], (Reason("certificate-not-named"),))


def _coverage(parsed: Parsed, signature: Element, outcomes: Sequence[Outcome]) -> tuple[Covers, tuple[Reason, ...]]:
    """Whole only if one reference names all, the others nothing but the signature's own parts, and readers agree."""
    whole = [outcome for outcome in outcomes if outcome.document]
    others = [outcome.uri for outcome in outcomes if not (outcome.document or outcome.inside)]
    if len(whole) != 1:
        return "partial", (Reason("signed-in-part", uncovered(parsed.root, outcomes)),)
    if others:
        return "partial", (Reason("signed-in-part", others[0]),)
    if whole[0].uri and instructed(parsed.root):
        return "partial", (Reason("signed-in-part", "processing instruction"),)
    unsigned = stray(signature, outcomes)
    if unsigned:
        return "partial", (Reason("signed-in-part", unsigned),)
    doubt = parsed.cut or _misplaced(signature, parsed)
    return ("partial", (Reason("xml-ambiguous", doubt),)) if doubt else ("whole-file", ())


def _misplaced(signature: Element, parsed: Parsed) -> str | None:
    """Return where the signature stands amid text, which it would cut for a reader, or off its place in edXML."""
    parent = signature.getparent()
    if parent is None:
        return "Signature"
    local = etree.QName(parent).localname
    if any((text or "").strip() for text in (parent.text, *(child.tail for child in parent))):
        return local
    if is_edxml(parsed.root) and parent is not parsed.root and local.lower() != "edxmlheader":
        return local
    return None
