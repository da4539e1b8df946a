"""Letters signed and encrypted as S/MIME (RFC 8551), cryptography by endesive. Bytes of a message in, bytes of one out."""

import base64
import importlib.util
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_string
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.signing.cms import verify_detached
from vanthu_cli.signing.keys import SigningKey

_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*")
_LONGEST = 998
"""Octets of a line without its CRLF (RFC 5322 2.1.1)."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message cut in two: header fields as they came, and the MIME entity with the header fields about itself."""

    outside: bytes
    entity: bytes


def sign_letter(raw: bytes, key: SigningKey) -> bytes:
    """Return the message as multipart/signed: its own MIME entity, and a detached CMS with the key's chain.

    `raw` is complete (RFC 5322), with CRLF and no byte over 127 in its content: a server that re-encoded it would break
    the signature (RFC 8551 3.1.2), so anything else is `ValueError`. Header fields stay outside, unsigned, byte for byte.
    """
    letter = _cut(raw)
    signature = _signature(letter.entity, key)
    verify_detached(BytesIO(letter.entity), signature)
    boundary = f"=_{secrets.token_hex(16)}".encode()  # 128 bits of chance: it cannot stand in the entity
    # endesive.email.sign writes the same envelope, but for RSA keys in memory only, with the experimental type
    # x-pkcs7-signature, and with one boundary for all letters, on which a signed letter within a signed one breaks.
    return (
        letter.outside
        + b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
        + b' micalg=sha-256; boundary="%s"\r\n\r\n' % boundary
        + b"--%s\r\n%s\r\n--%s\r\n" % (boundary, letter.entity, boundary)
        + b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
        + b"Content-Transfer-Encoding: base64\r\n"
        + b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
        + _base64(signature)
        + b"--%s--\r\n" % boundary
    )


def encrypt_letter(raw: bytes, certificates: Sequence[bytes]) -> bytes:
    """Return the message as enveloped-data (AES-256-CBC) that any of the `certificates` (DER, RSA) opens.

    `raw` as in `sign_letter`, whose result it may be; the header fields, Subject among them, stay readable. Whether the
    certificates are valid and the recipients' own is for the caller to judge. `MisuseError` `smime.recipient`.
    """
    letter = _cut(raw)
    recipients = [_recipient(certificate) for certificate in certificates]
    if not recipients:
        raise ValueError("an encrypted letter needs recipients")
    # PKCS#1 v1.5 key transport is what every mail program and token reads (RFC 8551 2.3); endesive's OAEP is of SHA-512,
    # which is not. Nobody but the recipient's own program learns whether a key was padded right.
    made = message_from_string(_encryption().encrypt(letter.entity, recipients, "aes256_cbc", oaep=False))
    enveloped = made.get_payload(decode=True)
    if not isinstance(enveloped, bytes):
        raise TypeError("endesive returned no CMS")
    return (
        letter.outside
        + b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n'
        + b"Content-Transfer-Encoding: base64\r\n"
        + b'Content-Disposition: attachment; filename="smime.p7m"\r\n\r\n'
        + _base64(enveloped)
    )


def _cut(raw: bytes) -> _Letter:
    """Part a message's header: what is about the content (RFC 2045 9) goes with it, the rest stays outside."""
    outside, own = b"", b""
    position = 0
    while field := _FIELD.match(raw, position):
        if field[0].lower().startswith(b"content-"):
            own += field[0]
        else:
            outside += field[0]
        position = field.end()
    entity = own + raw[position:]
    if not raw.startswith(b"\r\n", position):
        raise ValueError("a message is header fields, an empty line and a body")
    if re.search(rb"(?<!\r)\n|\r(?!\n)", raw) or not entity.isascii():
        raise ValueError("a letter to sign has CRLF line ends and 7-bit content")
    if max(map(len, entity.split(b"\r\n"))) > _LONGEST:
        raise ValueError("a letter to sign has no line over 998 characters")
    if not re.search(rb"(?im)^mime-version[ \t]*:", outside):
        outside += b"MIME-Version: 1.0\r\n"
    return _Letter(outside, entity)


def _base64(der: bytes) -> bytes:
    return base64.encodebytes(der).replace(b"\n", b"\r\n")


class _Token:
    """What endesive takes for a hardware token: any of our keys, wherever its private half lives."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def certificate(self) -> tuple[None, bytes]:
        return None, self._key.certificate

    def sign(self, _handle: None, data: bytes, _digest: str) -> bytes:
        return self._key.sign(data)


def _signature(entity: bytes, key: SigningKey) -> bytes:
    """Return the CMS (DER) over the entity, with signing time and ESS signing-certificate-v2 (RFC 8551 2.5)."""
    from endesive import signer

    def attributes(digest: bytes) -> list[cms.CMSAttribute]:
        certificate = tsp.ESSCertIDv2({"cert_hash": key.x509.fingerprint(hashes.SHA256())})
        return [
            _attribute("content_type", "data"),
            _attribute("message_digest", digest),
            _attribute("signing_time", cms.Time({"utc_time": core.UTCTime(datetime.now(UTC))})),
            _attribute("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [certificate]})),
        ]

    made: bytes = signer.sign(entity, None, None, list(key.chain), "sha256", attrs=attributes, hsm=_Token(key))
    signed = cms.ContentInfo.load(made)
    if not isinstance(key.x509.public_key(), RSAPublicKey):
        # endesive calls every signature an RSA one. The algorithm's name is not among what was signed.
        signed["content"]["signer_infos"][0]["signature_algorithm"] = {"algorithm": "sha256_ecdsa"}
    return bytes(signed.dump())


def _attribute(kind: str, value: Any) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": [value]})


def _recipient(der: bytes) -> x509.Certificate:
    """Read a certificate and make sure that a letter can be encrypted for it (RFC 8550 4.4.2)."""
    certificate = x509.load_der_x509_certificate(der)
    usage = asn1_x509.Certificate.load(der).key_usage_value
    if isinstance(certificate.public_key(), RSAPublicKey) and (usage is None or "key_encipherment" in usage.native):
        return certificate
    raise MisuseError(
        "smime.recipient",
        _("The certificate of {subject} cannot be used for encryption.").format(
            subject=certificate.subject.rfc4514_string()
        ),
        _("Ask the recipient for an RSA certificate for encryption, or send the letter signed but not encrypted."),
    )


def _encryption() -> ModuleType:
    """Load endesive's encryption without the rest of its package `email`.

    The package also imports its verification, which must not be used, and with it certvalidator and oscrypto 1.3.0,
    which does not load beside OpenSSL 3.0.10 and later (wbond/oscrypto 75, 78; fixed in 2023, never released).
    """
    import endesive

    spec = importlib.util.spec_from_file_location(
        "endesive_encryption", Path(endesive.__file__).parent / "email" / "encrypt.py"
    )
    if spec is None or spec.loader is None:
        raise ImportError("endesive.email.encrypt")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
