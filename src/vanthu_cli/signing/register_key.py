"""The register's own key: software, beside the register, so that days can be closed without a person. It is nobody's seal.

What it signs says "this office's register stood so"; what makes that worth something later is the time stamp, and copies of the
closing files that are kept elsewhere. The certificate is self-signed: its fingerprint is to be written down on paper.
"""

from datetime import datetime, timedelta
from io import BytesIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID

_YEARS = 30
_LONGEST_NAME = 64
"""Letters of a common name (RFC 5280 Appendix A.1)."""


def make(office: str, code: str, now: datetime) -> tuple[bytes, bytes]:
    """Return a new key as PKCS#12 without a passphrase, and its certificate as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Sổ đăng ký {office}"[:_LONGEST_NAME]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, code[:_LONGEST_NAME]),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
                key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    packed = serialize_key_and_certificates(b"register", key, certificate, None, NoEncryption())
    return packed, certificate.public_bytes(Encoding.PEM)


def fingerprint(pem: bytes) -> str:
    """Return the SHA-256 (hex) of a certificate; `ValueError` if it is none."""
    return x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex()


def signed_by(text: bytes, signature: bytes, pem: bytes) -> tuple[bool, bool]:
    """Tell whether a detached CMS signature over `text` stands and is by this certificate, and whether it bears a time stamp.

    The time stamp is checked against the signature; whose it is, is for whoever trusts that authority to say (`vanthu verify`).
    """
    from asn1crypto import cms
    from pyhanko.sign.general import extract_signer_info
    from pyhanko.sign.validation.generic_cms import extract_certs_for_validation

    from vanthu_cli.signing.cms import verify_detached

    try:
        verify_detached(BytesIO(text), signature)
        signed = cms.ContentInfo.load(signature)["content"]
        leaf = extract_certs_for_validation(signed).signer_cert.dump()
        own = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
        stamps = extract_signer_info(signed)["unsigned_attrs"]
    except (RuntimeError, ValueError, TypeError, KeyError):
        return False, False
    return leaf == own, bool(stamps)
