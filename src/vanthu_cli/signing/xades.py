"""Enveloped XAdES signatures of XML, edXML packages above all: BES, or T with a time stamper (ETSI TS 101 903)."""

import asyncio
import base64
import hashlib
import secrets
from datetime import UTC, datetime
from typing import Any
from xml.parsers import expat

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from pyhanko.sign.timestamps import TimeStamper

from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.signing.cms import stamp_stands
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.timestamps import FAILURES, silent

MAX_BYTES = 100 << 20

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
_EDXML = "{http://www.mic.gov.vn/TBT/QCVN_102_2016}"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
_SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"


def sign_xml(xml: bytes, key: SigningKey, *, time_stamper: TimeStamper | None = None) -> bytes:
    """Return the document, in UTF-8, with a signature over all of it but comments.

    It stands last in the edXMLHeader of an edXML package (QCVN 102:2016/BTTTT), else last in the root element. The result
    is read back and checked: `RuntimeError` if it does not stand. `MisuseError` `xades.no_xml`, `xades.dtd`,
    `xades.too_large`; `ForbiddenError` `xades.again`, `xades.signed`; `UnreachableError` `signing.tsa_silent`.
    """
    tree = _parse(xml)
    _refuse_second(tree, key)
    signature, value = _signature(_digest(tree), key)
    if time_stamper is not None:
        _stamp(signature, _canonical(value), time_stamper)
    _place(tree).append(signature)
    signed = etree.tostring(tree, encoding="UTF-8", xml_declaration=True)
    _check(signed, key)
    return signed


def package_signature(digest: bytes, key: SigningKey, *, time_stamper: TimeStamper | None = None) -> bytes:
    """Return a signature to stand in the edXMLHeader of a package, over all of it: `digest` is the SHA-256 of its canonical form.

    Written without a prefix, as the SDK does. `RuntimeError` if it does not stand; `UnreachableError` `signing.tsa_silent`.
    """
    from lxml.builder import ElementMaker

    makers = (
        ElementMaker(namespace=_DS[1:-1], nsmap={None: _DS[1:-1]}),
        ElementMaker(namespace=_XADES[1:-1], nsmap={"xades": _XADES[1:-1]}),
    )
    signature, value = _signature(_base64(digest), key, makers)
    if time_stamper is not None:
        _stamp(signature, _canonical(value), time_stamper)
    written = _canonical(signature)
    again = etree.fromstring(written)
    digests = [one.text for one in again[0].iter(f"{_DS}DigestValue")]
    if digests != [_base64(digest), _digest(next(again.iter(f"{_XADES}SignedProperties")))] or not _verifies(
        key, base64.b64decode(again[1].text or ""), _canonical(again[0])
    ):
        raise RuntimeError("after signing, the signature does not stand")
    return written


def _parse(xml: bytes) -> etree._ElementTree:
    """Parse without DTD, entities and network."""
    if len(xml) > MAX_BYTES:
        raise MisuseError(
            "xades.too_large",
            _("The XML file has more than {limit} MB.").format(limit=MAX_BYTES >> 20),
            _("Sign it as a file of its own (.p7s), or send its attachments separately."),
        )
    # huge_tree lets attachments of more than 10 MB in, and entities multiply without bounds: so no DTD comes near it.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, strip_cdata=False)
    try:
        _look_before_the_root(xml)
        return etree.fromstring(xml, parser).getroottree()
    except (expat.ExpatError, etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise MisuseError(
            "xades.no_xml",
            _("The file is no XML: {reason}").format(reason=error),
            _("Choose the XML file (edXML) that shall be signed; any other file is signed as .p7s."),
        ) from error


def _look_before_the_root(xml: bytes) -> None:
    """Refuse a document type declaration, with a parser that reads no further than the first tag's neighbourhood."""
    root_seen: list[bool] = []
    prolog = expat.ParserCreate()
    prolog.StartDoctypeDeclHandler = _refuse_dtd
    prolog.StartElementHandler = lambda *_: root_seen.append(True)
    for start in range(0, len(xml), 4096):
        prolog.Parse(xml[start : start + 4096], False)
        if root_seen:
            return


def _refuse_dtd(*_declaration: object) -> None:
    raise MisuseError(
        "xades.dtd",
        _("The XML file has a document type declaration (DOCTYPE): what it means could be changed from outside."),
        _("Export the file again without it."),
    )


def _refuse_second(tree: etree._ElementTree, key: SigningKey) -> None:
    """Demand that nobody has signed: by the rules of enveloped signatures a second one breaks the first."""
    if next(tree.iter(f"{_DS}Signature"), None) is None:
        return
    known = (base64.b64decode(one.text or "") for one in tree.iter(f"{_DS}X509Certificate"))
    if key.certificate in known:
        raise ForbiddenError(
            "xades.again",
            _("The XML file bears a signature by {subject} already.").format(subject=key.subject),
            _("Send it as it is, or sign the file that it was made from."),
        )
    raise ForbiddenError(
        "xades.signed",
        _("The XML file bears another's signature, which a second one within the file would break."),
        _("Sign it as a file of its own (.p7s)."),
    )


def _place(tree: etree._ElementTree) -> etree._Element:
    root = tree.getroot()
    header = next(root.iter(f"{_EDXML}edXMLHeader"), None) if root.tag == f"{_EDXML}edXML" else None
    return root if header is None else header


def _signature(
    whole: str, key: SigningKey, makers: tuple[Any, Any] | None = None
) -> tuple[etree._Element, etree._Element]:
    """Return ds:Signature, not yet in its place, and its SignatureValue. `whole` is the document's digest.

    Of endesive's XAdES only the element names are of use. Its enveloped form has an XPath transform in place of the
    enveloped-signature transform that every verifier knows, canonicalises inclusively and thus not as the signature will
    stand in edXML with its many namespaces, says the file is of a Polish kind, and asks for a time stamp over the digest of
    the signed properties in base64, which no authority accepts and no verifier expects.
    """
    from endesive.xades import bes

    ds, xades = makers or (bes.DS, bes.XADES)
    name = f"S-{secrets.token_hex(16)}"
    properties = _signed_properties(ds, xades, name, key)
    information = ds.SignedInfo(
        ds.CanonicalizationMethod(Algorithm=_EXCLUSIVE),
        ds.SignatureMethod(Algorithm=_ECDSA_SHA256 if _is_elliptic(key) else _RSA_SHA256),
        _reference(ds, whole, _ENVELOPED, _EXCLUSIVE, Id=f"{name}-document", URI=""),
        _reference(ds, _digest(properties), _EXCLUSIVE, Type=_SIGNED_PROPERTIES, URI=f"#{name}-properties"),
    )
    value = ds.SignatureValue(_base64(_value(key, _canonical(information))), Id=f"{name}-value")
    certificates = [key.certificate, *(one.public_bytes(Encoding.DER) for one in key.chain)]
    signature = ds.Signature(
        information,
        value,
        ds.KeyInfo(ds.X509Data(*(ds.X509Certificate(_base64(one)) for one in certificates))),
        ds.Object(xades.QualifyingProperties(properties, Target=f"#{name}")),
        Id=name,
    )
    return signature, value


def _signed_properties(ds: Any, xades: Any, name: str, key: SigningKey) -> etree._Element:
    """Write what XAdES signs beside the document: when, by which certificate, that the document is XML."""
    certificate = xades.Cert(
        xades.CertDigest(
            ds.DigestMethod(Algorithm=_SHA256), ds.DigestValue(_base64(hashlib.sha256(key.certificate).digest()))
        ),
        xades.IssuerSerial(
            ds.X509IssuerName(key.x509.issuer.rfc4514_string()), ds.X509SerialNumber(str(key.x509.serial_number))
        ),
    )
    properties: etree._Element = xades.SignedProperties(
        xades.SignedSignatureProperties(
            xades.SigningTime(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"), xades.SigningCertificate(certificate)
        ),
        xades.SignedDataObjectProperties(
            xades.DataObjectFormat(xades.MimeType("text/xml"), ObjectReference=f"#{name}-document")
        ),
        Id=f"{name}-properties",
    )
    return properties


def _reference(ds: Any, digest: str, *transforms: str, **attributes: str) -> etree._Element:
    reference: etree._Element = ds.Reference(
        ds.Transforms(*(ds.Transform(Algorithm=each) for each in transforms)),
        ds.DigestMethod(Algorithm=_SHA256),
        ds.DigestValue(digest),
        **attributes,
    )
    return reference


def _stamp(signature: etree._Element, stamped: bytes, time_stamper: TimeStamper) -> None:
    """Add the SignatureTimeStamp, over the canonical SignatureValue element (TS 101 903 7.3)."""
    from endesive.xades.bes import DS, XADES

    try:
        token = asyncio.run(time_stamper.async_timestamp(hashlib.sha256(stamped).digest(), "sha256"))
        if not stamp_stands(token, stamped):
            raise ValueError("token for another digest")
    except FAILURES as error:
        raise silent() from error
    stamp = XADES.SignatureTimeStamp(
        DS.CanonicalizationMethod(Algorithm=_EXCLUSIVE), XADES.EncapsulatedTimeStamp(_base64(token.dump()))
    )
    qualifying = signature[-1][0]
    qualifying.append(XADES.UnsignedProperties(XADES.UnsignedSignatureProperties(stamp)))


def _is_elliptic(key: SigningKey) -> bool:
    return isinstance(key.x509.public_key(), EllipticCurvePublicKey)


def _value(key: SigningKey, data: bytes) -> bytes:
    """Sign; an ECDSA value is r and s side by side in XML, not DER (XML Signature 1.1, 6.4.3)."""
    made = key.sign(data)
    public = key.x509.public_key()
    if not isinstance(public, EllipticCurvePublicKey):
        return made
    size = (public.key_size + 7) // 8
    return b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(made))


def _check(signed: bytes, key: SigningKey) -> None:
    """Read what was written as a receiver will: both digests and the signature must stand."""
    tree = _parse(signed)
    signature = next(tree.iter(f"{_DS}Signature"))
    information, value = signature[0], signature[1]
    claimed = [one.text for one in information.iter(f"{_DS}DigestValue")]
    found = [_digest(next(signature.iter(f"{_XADES}SignedProperties")))]
    stands = _verifies(key, base64.b64decode(value.text or ""), _canonical(information))
    next(signature.iterancestors()).remove(signature)
    if not stands or claimed != [_digest(tree), *found]:
        raise RuntimeError("after signing, the signature does not stand")


def _verifies(key: SigningKey, value: bytes, data: bytes) -> bool:
    public = key.x509.public_key()
    try:
        if isinstance(public, EllipticCurvePublicKey):
            half = len(value) // 2
            numbers = (int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))
            public.verify(encode_dss_signature(*numbers), data, ECDSA(SHA256()))
        elif isinstance(public, RSAPublicKey):
            public.verify(value, data, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return isinstance(public, EllipticCurvePublicKey | RSAPublicKey)


def _canonical(node: etree._Element | etree._ElementTree) -> bytes:
    return etree.tostring(node, method="c14n", exclusive=True, with_comments=False)


def _digest(node: etree._Element | etree._ElementTree) -> str:
    return _base64(hashlib.sha256(_canonical(node)).digest())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
