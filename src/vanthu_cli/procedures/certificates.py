"""Noting whose certificate is whose."""

import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register import directory
from vanthu_cli.register.book import Book
from vanthu_cli.register.directory import Certificate, Sighting
from vanthu_cli.validation.findings import SignatureFinding

_LEAST_DIGITS = 8


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


def sighted(found: SignatureFinding, *, agency: str | None, document: int, seen_at: str) -> Sighting | None:
    """Return what a good signature under a trusted authority shows of its signer; None where there is nothing to learn.

    Whose it is, is guessed: the sender's; an organisation's if its common name is its organisation's name.
    """
    if found.fingerprint is None or found.integrity is not True or found.trust != "trusted" or not found.chain:
        return None
    names = _names(found.signer or "")
    common = names.get(NameOID.COMMON_NAME, found.signer or "?")
    role = "organisation" if common == names.get(NameOID.ORGANIZATION_NAME) else "person"
    return Sighting(
        found.fingerprint,
        common,
        found.signer or "?",
        found.issuer or "?",
        found.chain[0].not_after.isoformat(),
        agency,
        role,
        document,
        seen_at,
    )


def _names(subject: str) -> dict[x509.ObjectIdentifier, str]:
    try:
        return {each.oid: str(each.value) for each in x509.Name.from_rfc4514_string(subject)}
    except ValueError:
        return {}


def confirmed(book: Book, fingerprint: str, *, agency: str, role: str) -> Certificate:
    """Return the certificate that a clerk means by (the beginning of) a fingerprint, as the clerk says whose it is.

    `MisuseError` if it is not exactly one, or if nothing tells the agency.
    """
    digits = fingerprint.replace(":", "").replace(" ", "").lower()
    found = [each for each in directory.sightings(book) if each.fingerprint.startswith(digits)]
    if len(digits) < _LEAST_DIGITS or len(found) != 1:
        raise MisuseError(
            "directory.sighting",
            _("No certificate, or more than one, waits here whose fingerprint begins with “{text}”.").format(
                text=fingerprint
            ),
            _("“vanthu directory signers” lists them; give at least eight digits."),
        )
    code = agency or found[0].agency or ""
    if directory.agency(book, code) is None:
        raise MisuseError(
            "directory.unknown",
            _("The directory knows no agency {code}.").format(code=code or "?"),
            _("Name it with --agency; add it first if it is new: vanthu directory add"),
        )
    return Certificate(found[0].fingerprint, code, role, found[0].name, found[0].not_after)
