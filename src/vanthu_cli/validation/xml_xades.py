"""What an XML signature says of itself by XAdES: its certificate, its time, its time stamps (ETSI TS 101 903)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

from asn1crypto import cms, x509
from lxml import etree

from vanthu_cli.validation.chains import WEAK
from vanthu_cli.validation.cms_checks import Token, token_of
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.xml_digests import DS, Outcome, decoded, digest_name, text_of
from vanthu_cli.validation.xml_parsing import Element, form_of, write_canonical

XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
XADES_141 = "{http://uri.etsi.org/01903/v1.4.1#}"
_SIGNED = "http://uri.etsi.org/01903#SignedProperties"
_MOST_TOKENS = 4

_HARMLESS_DS = """KeyInfo X509Data X509Certificate X509IssuerSerial X509IssuerName X509SerialNumber X509SubjectName X509SKI
 X509CRL KeyName KeyValue RSAKeyValue Modulus Exponent Object CanonicalizationMethod DigestMethod DigestValue"""
_HARMLESS_XADES = """QualifyingProperties UnsignedProperties UnsignedSignatureProperties SignatureTimeStamp
 EncapsulatedTimeStamp CertificateValues EncapsulatedX509Certificate RevocationValues CRLValues EncapsulatedCRLValue
 OCSPValues EncapsulatedOCSPValue CompleteCertificateRefs CertRefs Cert CertDigest IssuerSerial CompleteRevocationRefs
 CRLRefs CRLRef CRLIdentifier Issuer IssueTime Number OCSPRefs OCSPRef OCSPIdentifier ResponderID ByName ByKey ProducedAt
 DigestAlgAndValue SigAndRefsTimeStamp RefsOnlyTimeStamp ArchiveTimeStamp TimeStampValidationData"""
_HARMLESS = {
    *(f"{DS}{name}" for name in _HARMLESS_DS.split()),
    *(f"{space}{name}" for name in _HARMLESS_XADES.split() for space in (XADES, XADES_141)),
    "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces",
}


@dataclass(frozen=True, slots=True)
class Qualified:
    """The properties bound to a signature: `properties` None where there are none, or not by the signature's own word."""

    properties: Element | None
    reasons: tuple[Reason, ...]


def qualified(signature: Element, outcomes: Sequence[Outcome]) -> Qualified:
    """Return this signature's SignedProperties, if exactly one typed reference names exactly these (6.3.1)."""
    containers = list(signature.iter(f"{XADES}QualifyingProperties"))
    typed = [outcome for outcome in outcomes if outcome.kind == _SIGNED]
    if not containers and not typed:
        return Qualified(None, ())
    here = signature.findall(f"{DS}Object/{XADES}QualifyingProperties/{XADES}SignedProperties")
    targets = {container.get("Target") for container in containers}
    bound = (
        len(containers) == len(here) == len(typed) == 1
        and typed[0].target is here[0]
        and typed[0].holds is True
        and targets == {f"#{signature.get('Id')}"}
    )
    return Qualified(here[0], ()) if bound else Qualified(None, (Reason("signed-properties-unbound"),))


def claimed_time(properties: Element | None) -> datetime | None:
    """Return SigningTime, the signer's word; without an offset it is taken for UTC."""
    if properties is None:
        return None
    try:
        return moment(text_of(properties.find(f"{XADES}SignedSignatureProperties/{XADES}SigningTime")))
    except ValueError:
        return None


def moment(text: str) -> datetime:
    claimed = datetime.fromisoformat(text.strip())
    return claimed if claimed.tzinfo else claimed.replace(tzinfo=UTC)


def names_certificate(properties: Element) -> bool:
    return bool(_named(properties))


def is_named(properties: Element, certificate: x509.Certificate) -> bool:
    """Tell whether SigningCertificate, of either version, is about this certificate. ValueError for a malformed one."""
    der = certificate.dump()
    for cert in _named(properties):
        digest = cert.find(f"{XADES}CertDigest")
        name = None if digest is None else digest_name(digest.find(f"{DS}DigestMethod"))
        if digest is None or name is None:
            continue
        serial = cert.find(f"{XADES}IssuerSerial/{DS}X509SerialNumber")
        same = hashlib.new(name, der, usedforsecurity=False).digest() == decoded(
            text_of(digest.find(f"{DS}DigestValue"))
        )
        if same and (serial is None or int(text_of(serial)) == certificate.serial_number):
            return True
    return False


def weak_names(properties: Element) -> set[str]:
    """Return the weak digests by which SigningCertificate names its certificate: another may be made to fit."""
    methods = (cert.find(f"{XADES}CertDigest/{DS}DigestMethod") for cert in _named(properties))
    return {name for method in methods if (name := digest_name(method)) in WEAK and name}


def _named(properties: Element) -> list[Element]:
    path = f"{XADES}SignedSignatureProperties/{XADES}SigningCertificate"
    return [*properties.findall(f"{path}/{XADES}Cert"), *properties.findall(f"{path}V2/{XADES}Cert")]


def tokens(signature: Element) -> tuple[Token | None, ...]:
    """Return the time stamps over this signature's value (7.3); None for one that cannot be read."""
    path = f"{DS}Object/{XADES}QualifyingProperties/{XADES}UnsignedProperties/{XADES}UnsignedSignatureProperties"
    stamps = signature.findall(f"{path}/{XADES}SignatureTimeStamp")[:_MOST_TOKENS]
    return tuple(_token(stamp, signature) for stamp in stamps)


def _token(stamp: Element, signature: Element) -> Token | None:
    form = form_of(stamp.find(f"{DS}CanonicalizationMethod"))
    value = signature.find(f"{DS}SignatureValue")
    canonical = BytesIO()
    if form is None or value is None or not write_canonical(value, form, canonical):
        return None
    try:
        encapsulated = stamp.findall(f"{XADES}EncapsulatedTimeStamp")
        if len(encapsulated) != 1:
            return None
        content = cms.ContentInfo.load(decoded(text_of(encapsulated[0])))["content"]
    except ValueError:
        return None
    return token_of(content, lambda name: hashlib.new(name, canonical.getvalue(), usedforsecurity=False).digest())


def stray(signature: Element, outcomes: Sequence[Outcome]) -> str | None:
    """Return the name of an element within the signature that nobody signed and that a reader could take for content."""
    if _loose_text(signature):
        return "Signature"
    signed = {id(outcome.target) for outcome in outcomes if outcome.inside and outcome.holds}
    waiting = list(signature.iterchildren("*"))[2:]
    while waiting:
        element = waiting.pop()
        if id(element) in signed:
            continue
        structural = len(element) or element.tag == f"{DS}Object"
        if element.tag not in _HARMLESS or (structural and _loose_text(element)):
            return etree.QName(element).localname
        waiting.extend(element.iterchildren("*"))
    return None


def _loose_text(element: Element) -> bool:
    return any((text or "").strip() for text in (element.text, *(child.tail for child in element)))
