"""CMS signatures and letters, made by own code: right ones, and each way of tampering with them."""

import asyncio
import base64
from collections.abc import Callable
from datetime import datetime
from io import BytesIO

from asn1crypto import algos, cms
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from tests.validation.conftest import NOW, Holder

DOCUMENT = "Công văn số 145-CV/TU\r\n".encode() * 20


def detached(
    content: bytes,
    holder: Holder,
    *,
    stamper: DummyTimeStamper | None = None,
    digest: str = "sha256",
    when: datetime = NOW,
) -> cms.ContentInfo:
    made = holder.signer().async_sign_general_data(
        BytesIO(content),
        digest,
        use_cades=True,
        timestamper=stamper,
        signed_attr_settings=PdfCMSSignedAttributes(signing_time=when),
    )
    return asyncio.run(made)


def attached(content: bytes, holder: Holder) -> cms.ContentInfo:
    return with_content(detached(content, holder), content)


def with_content(info: cms.ContentInfo, content: bytes) -> cms.ContentInfo:
    return changed(
        info, lambda signed: signed.__setitem__("encap_content_info", {"content_type": "data", "content": content})
    )


def changed(info: cms.ContentInfo, edit: Callable[[cms.SignedData], None]) -> cms.ContentInfo:
    copy = cms.ContentInfo.load(info.dump(force=True))
    edit(copy["content"])
    return cms.ContentInfo.load(copy.dump(force=True))


def no_signer(info: cms.ContentInfo) -> cms.ContentInfo:
    return changed(info, lambda signed: signed.__setitem__("signer_infos", []))


def signers_of(*infos: cms.ContentInfo) -> cms.ContentInfo:
    """All signers in one CMS, as a parallel signature has them."""

    def edit(signed: cms.SignedData) -> None:
        signed["signer_infos"] = [each["content"]["signer_infos"][0] for each in infos]
        signed["certificates"] = [one for each in infos for one in each["content"]["certificates"]]

    return changed(infos[0], edit)


def other_content_type(info: cms.ContentInfo) -> cms.ContentInfo:
    return changed(info, lambda signed: signed.__setitem__("encap_content_info", {"content_type": "tst_info"}))


def other_digest_name(info: cms.ContentInfo, name: str) -> cms.ContentInfo:
    """Algorithm confusion: the digest is said to be another one than was used."""

    def edit(signed: cms.SignedData) -> None:
        signed["signer_infos"][0]["digest_algorithm"] = algos.DigestAlgorithm({"algorithm": name})

    return changed(info, edit)


def other_signature_name(info: cms.ContentInfo, name: str) -> cms.ContentInfo:
    def edit(signed: cms.SignedData) -> None:
        signed["signer_infos"][0]["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": name})

    return changed(info, edit)


def other_certificate(info: cms.ContentInfo, holder: Holder) -> cms.ContentInfo:
    """The signer is said to be somebody else: identifier and certificate are exchanged, the signature stays."""

    def edit(signed: cms.SignedData) -> None:
        signed["certificates"] = [holder.asn1]
        signed["signer_infos"][0]["sid"] = cms.SignerIdentifier(
            "issuer_and_serial_number",
            cms.IssuerAndSerialNumber({"issuer": holder.asn1.issuer, "serial_number": holder.asn1.serial_number}),
        )

    return changed(info, edit)


def no_certificate(info: cms.ContentInfo) -> cms.ContentInfo:
    return changed(info, lambda signed: signed.__setitem__("certificates", []))


def without_attributes(content: bytes, holder: Holder) -> cms.ContentInfo:
    """A signature right over the content (RFC 5652, 5.4), and with it the trick of signing what looks like attributes."""
    assert isinstance(holder.key, ec.EllipticCurvePrivateKey)
    value = holder.key.sign(content, ec.ECDSA(hashes.SHA256()))

    def edit(signed: cms.SignedData) -> None:
        bare(signed, signature=value)

    return changed(detached(content, holder), edit)


def attributes_as_content(info: cms.ContentInfo) -> tuple[cms.ContentInfo, bytes]:
    """The bytes that were really signed, the attributes, passed off as content of a signature without attributes."""
    signed = info["content"]["signer_infos"][0]["signed_attrs"].untag().dump()
    return changed(info, bare), signed


def bare(signed: cms.SignedData, **other: object) -> None:
    """Take the signed attributes out of the only signer."""
    signer = signed["signer_infos"][0]
    kept = {name: signer[name] for name in ("version", "sid", "digest_algorithm", "signature_algorithm", "signature")}
    signed["signer_infos"] = [cms.SignerInfo(kept | other)]


def pem(info: cms.ContentInfo) -> bytes:
    return b"-----BEGIN PKCS7-----\n" + base64.encodebytes(info.dump()) + b"-----END PKCS7-----\n"


# --- letters ------------------------------------------------------------------------------------------------------------

SENDER = "vanthu@tuhaiduong"
ENTITY = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nK\xc3\xadnh g\xe1\xbb\xadi: S\xe1\xbb\x9f N\xe1\xbb\x99i v\xe1\xbb\xa5\r\n"


def header(sender: str = SENDER) -> bytes:
    return f"From: =?utf-8?q?V=C4=83n_th=C6=B0?= <{sender}>\r\nTo: snv@x.vn\r\nSubject: 145\r\nMIME-Version: 1.0\r\n".encode()


def signature_part(info: cms.ContentInfo) -> bytes:
    return (
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + base64.encodebytes(info.dump()).replace(b"\n", b"\r\n")
    )


def multipart(kind: bytes, *parts: bytes, boundary: bytes = b"ranh-gioi", after: bytes = b"") -> bytes:
    lines = b"".join(b"\r\n--%s\r\n%s" % (boundary, part) for part in parts)
    return b"Content-Type: %s; boundary=%s\r\n\r\n%s\r\n--%s--\r\n%s" % (kind, boundary, lines[2:], boundary, after)


def signed_entity(entity: bytes, info: cms.ContentInfo, boundary: bytes = b"ranh-gioi", after: bytes = b"") -> bytes:
    kind = b'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256'
    return multipart(kind, entity, signature_part(info), boundary=boundary, after=after)


def opaque_entity(info: cms.ContentInfo) -> bytes:
    return (
        b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(info.dump()).replace(b"\n", b"\r\n")
    )
