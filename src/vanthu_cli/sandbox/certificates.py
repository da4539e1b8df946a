"""How a practice certificate is made: key, subject, extensions, signature. Knows no files and no authorities."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KeyKind = Literal["rsa-2048", "p-256"]
Extension = tuple[x509.ExtensionType, bool]
"""An extension and whether it is critical."""


def new_key(kind: KeyKind) -> Key:
    if kind == "p-256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def subject(common_name: str, organisation: str) -> x509.Name:
    parts = (
        (NameOID.COMMON_NAME, common_name),
        (NameOID.ORGANIZATION_NAME, organisation),
        (NameOID.COUNTRY_NAME, "VN"),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def authority_extensions(path_length: int | None) -> list[Extension]:
    return [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_usage(key_cert_sign=True, crl_sign=True), True),
    ]


def signer_extensions(*, content_commitment: bool) -> list[Extension]:
    """Return what a signer's certificate says; content commitment is what nonRepudiation is called since 2000."""
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True, content_commitment=content_commitment), True),
    ]


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def make_certificate(
    holder: x509.Name,
    public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    issuer: x509.Certificate | None,
    issuer_key: Key,
    *,
    validity: tuple[datetime, datetime],
    extensions: Iterable[Extension],
) -> x509.Certificate:
    """Return a certificate signed by `issuer_key`; without an issuer it is its own."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(holder)
        .issuer_name(issuer.subject if issuer else holder)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0].astimezone(UTC))
        .not_valid_after(validity[1].astimezone(UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())
