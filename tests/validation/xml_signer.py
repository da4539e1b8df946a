"""Signs XML in every form that a test wants, good or bad; shares no code with the verifier."""

import asyncio
import base64
import copy
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from tests.validation.conftest import Holder

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
ENVELOPED = f"{DS}enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
INCLUSIVE_11 = "http://www.w3.org/2006/12/xml-c14n11"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
DIGESTS = {
    "sha1": f"{DS}sha1",
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha384": f"{MORE}sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
}
HASHES: dict[str, Any] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


@dataclass(frozen=True)
class Ref:
    """A reference to make; `raw` is digested in place of what the URI names."""

    uri: str = ""
    transforms: tuple[str, ...] = (ENVELOPED, EXCLUSIVE)
    kind: str = ""
    raw: bytes | None = None
    inside: str = ""


WHOLE = Ref()


def method_uri(holder: Holder, digest: str, *, pss: bool = False) -> str:
    if pss:
        return f"http://www.w3.org/2007/05/xmldsig-more#{digest}-rsa-MGF1"
    if isinstance(holder.key, rsa.RSAPrivateKey):
        return f"{DS}rsa-sha1" if digest == "sha1" else f"{MORE}rsa-{digest}"
    return f"{MORE}ecdsa-{digest}"


def sign(
    xml: bytes,
    holder: Holder,
    *references: Ref,
    place: str = ".",
    c14n: str = EXCLUSIVE,
    digest: str = "sha256",
    pss: bool = False,
    xades: bool = True,
    named: Holder | None = None,
    certificates: Iterable[Holder] | None = None,
    key_info: str | None = None,
    objects: str = "",
    name: str = "S1",
    stamper: DummyTimeStamper | None = None,
    prefixes: str = "",
) -> bytes:
    """Return the document with a ds:Signature last in the element at `place`; `Ref()` alone signs all of it."""
    carried = [holder] if certificates is None else list(certificates)
    information = key_info or "".join(f"<ds:X509Certificate>{b64(one.der)}</ds:X509Certificate>" for one in carried)
    if not key_info:
        information = f"<ds:X509Data>{information}</ds:X509Data>"
    listed = [*(references or (WHOLE,))]
    if xades:
        listed.append(Ref(f"#{name}-properties", (EXCLUSIVE,), PROPERTIES))
        objects += qualifying(named or holder, name)
    inclusive = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="{prefixes}"/>' if prefixes else ""
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}" Id="{name}"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{c14n}">{inclusive}</ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{method_uri(holder, digest, pss=pss)}"/>'
        + "".join(reference(one, digest) for one in listed)
        + f"</ds:SignedInfo><ds:SignatureValue></ds:SignatureValue><ds:KeyInfo>{information}</ds:KeyInfo>{objects}"
        "</ds:Signature>",
        etree.XMLParser(strip_cdata=False),
    )
    tree = etree.fromstring(xml, etree.XMLParser(huge_tree=True)).getroottree()
    parent: Any = tree.getroot() if place == "." else tree.getroot().find(place)
    parent.append(signature)
    fill(tree, signature, listed, digest)
    seal(signature, holder, c14n, digest, pss=pss, prefixes=prefixes)
    if stamper:
        stamp(signature, stamper)
    return etree.tostring(tree, encoding="UTF-8", xml_declaration=True)


def reference(one: Ref, digest: str) -> str:
    transforms = "".join(f'<ds:Transform Algorithm="{each}">{one.inside}</ds:Transform>' for each in one.transforms)
    kind = f' Type="{one.kind}"' if one.kind else ""
    return (
        f'<ds:Reference URI="{one.uri}"{kind}>'
        + (f"<ds:Transforms>{transforms}</ds:Transforms>" if transforms else "")
        + f'<ds:DigestMethod Algorithm="{DIGESTS[digest]}"/><ds:DigestValue></ds:DigestValue></ds:Reference>'
    )


def qualifying(holder: Holder, name: str, at: datetime | None = None) -> str:
    moment = f"{at or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return (
        f'<ds:Object><x:QualifyingProperties xmlns:x="{XADES}" Target="#{name}"><x:SignedProperties '
        f'Id="{name}-properties"><x:SignedSignatureProperties><x:SigningTime>{moment}</x:SigningTime>'
        f'<x:SigningCertificateV2><x:Cert><x:CertDigest><ds:DigestMethod Algorithm="{DIGESTS["sha256"]}"/>'
        f"<ds:DigestValue>{b64(hashlib.sha256(holder.der).digest())}</ds:DigestValue></x:CertDigest></x:Cert>"
        "</x:SigningCertificateV2></x:SignedSignatureProperties></x:SignedProperties></x:QualifyingProperties></ds:Object>"
    )


def fill(tree: "etree._ElementTree", signature: "etree._Element", listed: list[Ref], digest: str) -> None:
    """Write the digests, each of what its reference names in the document as it stands."""
    values = signature.iterfind(f"{{{DS}}}SignedInfo/{{{DS}}}Reference/{{{DS}}}DigestValue")
    for one, value in zip(listed, values, strict=True):
        data = one.raw if one.raw is not None else octets(tree, signature, one)
        value.text = b64(hashlib.new(digest, data).digest())


def octets(tree: "etree._ElementTree", signature: "etree._Element", one: Ref) -> bytes:
    whole = copy.deepcopy(tree)
    if ENVELOPED in one.transforms:
        away: Any = whole.find(f".//{{{DS}}}Signature[@Id='{signature.get('Id')}']")
        away.getparent().remove(away)
    form = next((each for each in one.transforms if each != ENVELOPED), INCLUSIVE).removesuffix("WithComments")
    there = iter(whole.iterfind(f".//*[@Id='{one.uri[1:]}']"))
    node: Any = whole if not one.uri else next(there, copy.deepcopy(whole.getroot()))  # the root, nothing beside it
    return canonical(node, form)


def canonical(node: Any, form: str, prefixes: str = "") -> bytes:
    return etree.tostring(
        node,
        method="c14n",
        exclusive=form.startswith(EXCLUSIVE),
        with_comments=form.endswith("WithComments"),
        inclusive_ns_prefixes=prefixes.split() or None,
    )


def seal(
    signature: "etree._Element", holder: Holder, c14n: str, digest: str, *, pss: bool = False, prefixes: str = ""
) -> None:
    """Sign SignedInfo as it stands."""
    data, made = canonical(signature[0], c14n, prefixes), HASHES[digest]()
    if isinstance(holder.key, ec.EllipticCurvePrivateKey):
        size = (holder.key.key_size + 7) // 8
        numbers = decode_dss_signature(holder.key.sign(data, ec.ECDSA(made)))
        value = b"".join(number.to_bytes(size, "big") for number in numbers)
    else:
        scheme: Any = padding.PSS(padding.MGF1(made), made.digest_size) if pss else padding.PKCS1v15()
        value = holder.key.sign(data, scheme, made)
    signature[1].text = b64(value)


def stamp(signature: "etree._Element", stamper: DummyTimeStamper) -> None:
    """Add a time stamp over the signature's value."""
    digest = hashlib.sha256(canonical(signature[1], EXCLUSIVE)).digest()
    token = asyncio.run(stamper.async_timestamp(digest, "sha256"))
    properties = etree.fromstring(
        f'<x:UnsignedProperties xmlns:x="{XADES}"><x:UnsignedSignatureProperties><x:SignatureTimeStamp>'
        f'<ds:CanonicalizationMethod xmlns:ds="{DS}" Algorithm="{EXCLUSIVE}"/>'
        f"<x:EncapsulatedTimeStamp>{b64(token.dump())}</x:EncapsulatedTimeStamp></x:SignatureTimeStamp>"
        "</x:UnsignedSignatureProperties></x:UnsignedProperties>"
    )
    container: Any = signature.find(f"{{{DS}}}Object/{{{XADES}}}QualifyingProperties")
    container.append(properties)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def edited(signed: bytes, edits: Mapping[str, str]) -> bytes:
    """Replace texts that stand there exactly once."""
    text = signed.decode()
    for old, new in edits.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text.encode()
