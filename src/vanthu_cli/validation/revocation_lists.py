"""One revocation list (CRL, RFC 5280, section 5): who signed it, whom it names, whether its silence means anything.

A large list is costly to verify (90 ms for 2 MB) and to search, so each answer is remembered: the office's own lists
are asked the same for file after file.
"""

from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID


@dataclass(frozen=True, slots=True, eq=False)
class RevocationList:
    """A list as cryptography reads it, with the answers it gave: by issuer (SHA-256) and by serial number."""

    loaded: x509.CertificateRevocationList
    _issuers: dict[bytes, bool] = field(default_factory=dict)
    _named: dict[int, x509.RevokedCertificate | None] = field(default_factory=dict)

    @property
    def made(self) -> datetime:
        return self.loaded.last_update_utc

    def named(self, serial: int) -> x509.RevokedCertificate | None:
        """Return the list's entry for a serial number, None if it has none."""
        if serial not in self._named:
            self._named[serial] = self.loaded.get_revoked_certificate_by_serial_number(serial)
        return self._named[serial]

    def is_by(self, issuer: asn1.Certificate) -> bool:
        """Tell whether the certificate's own issuer signed the list (indirect lists are not supported)."""
        key = issuer.sha256
        if key not in self._issuers:
            self._issuers[key] = self._verifies(issuer)
        return self._issuers[key]

    def _verifies(self, issuer: asn1.Certificate) -> bool:
        usage = issuer.key_usage_value
        if usage is not None and "crl_sign" not in usage.native:
            return False
        try:
            certificate = x509.load_der_x509_certificate(issuer.dump())
            return self.loaded.issuer == certificate.subject and self.loaded.is_signature_valid(
                certificate.public_key()  # type: ignore[arg-type]  # key kinds it cannot use raise TypeError
            )
        except (ValueError, TypeError):
            return False

    def covers(self, leaf: asn1.Certificate, issuer: asn1.Certificate, at: datetime) -> bool:
        """Tell whether the list speaks for the certificate at `at`; lists drop certificates that have expired."""
        next_update = self.loaded.next_update_utc
        return (
            next_update is not None
            and at <= next_update
            and self.made <= leaf.not_valid_after
            and self.is_by(issuer)
            and self.is_complete_for(leaf)
        )

    def is_complete_for(self, leaf: asn1.Certificate) -> bool:
        """Tell whether absence from the list means anything: no delta, not partial, for this kind of certificate."""
        try:
            extensions = {extension.oid: extension.value for extension in self.loaded.extensions}
        except ValueError:
            return False
        if ExtensionOID.DELTA_CRL_INDICATOR in extensions:
            return False
        scope = extensions.get(ExtensionOID.ISSUING_DISTRIBUTION_POINT)
        if not isinstance(scope, x509.IssuingDistributionPoint):
            return scope is None
        wrong_kind = scope.only_contains_user_certs if leaf.ca else scope.only_contains_ca_certs
        return not (wrong_kind or scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs)


def is_hold(entry: x509.RevokedCertificate) -> bool:
    """Tell whether the entry suspends the certificate for a time only (reason certificateHold)."""
    try:
        value = entry.extensions.get_extension_for_oid(CRLEntryExtensionOID.CRL_REASON).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return isinstance(value, x509.CRLReason) and value.reason is x509.ReasonFlags.certificate_hold


def read_list(der: bytes) -> RevocationList:
    """Parse a list; ValueError on rubbish."""
    return RevocationList(x509.load_der_x509_crl(der))
