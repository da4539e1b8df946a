"""Noting whose certificate is whose."""

import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register.directory import Certificate


def read_certificate(file: Path, *, role: str, agency: str) -> Certificate:
    """Read a signer's certificate (PEM or DER). A CA certificate is refused: it belongs into the trust folder."""
    try:
        data = file.read_bytes()
        found = x509.load_pem_x509_certificate(data) if b"-----BEGIN" in data else x509.load_der_x509_certificate(data)
    except (OSError, ValueError) as error:
        raise MisuseError("certificate.unreadable", _("{path} is not a certificate.").format(path=file)) from error
    try:
        is_ca = found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_ca = False
    if is_ca:
        raise ForbiddenError(
            "certificate.ca",
            _("{path} is a CA's certificate, not a signer's.").format(path=file),
            _("CA certificates belong into the trust folder, their fingerprints compared first."),
        )
    names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else found.subject.rfc4514_string()
    fingerprint = hashlib.sha256(found.public_bytes(Encoding.DER)).hexdigest()
    return Certificate(fingerprint, agency, role, name, found.not_valid_after_utc.isoformat())
