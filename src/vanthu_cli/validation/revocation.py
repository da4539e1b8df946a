"""Was a certificate of a path revoked before a time, and is that known at all?

Revocation lists are checked here and not by pyHanko: its check of a list fails where the anchor is a pinned sub-CA
(it looks for a path to the list's issuer above the anchor), and it disregards outdated lists that name the
certificate. OCSP answers are checked by pyHanko. Never opens a socket.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import OCSPValidationError, PathError, RevokedError, ValidationError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response

from vanthu_cli.validation.certificates import HOSTILE, Evidence, context


def revoked_at(path: ValidationPath, evidence: Evidence, at: datetime) -> datetime | None:
    """Return when a certificate of the path was revoked, if that was before `at`; None if nothing says so.

    Outdated lists count too: a revocation is not undone by the list's growing old.
    """
    moments = [moment for issuer, leaf in _links(path) for moment in _listed(leaf, issuer, evidence.crls)]
    answers = context(evidence, at, REQUIRE_REVINFO, path, stale_too=True)
    for _issuer, leaf in _links(path):
        try:
            asyncio.run(verify_ocsp_response(leaf, path, answers))
        except RevokedError as error:
            moments.append(error.revocation_dt)
        except (OCSPValidationError, ValidationError, PathError, *HOSTILE):
            continue
    return min((moment for moment in moments if moment < at), default=None)


def known_good(path: ValidationPath, evidence: Evidence, at: datetime) -> bool:
    """Tell whether lists or answers in force at `at`, or later ones, cover every certificate below the anchor."""
    answers = context(evidence, at, REQUIRE_REVINFO, path)
    return all(
        any(_covers(revocations, leaf, issuer, at) for revocations in evidence.crls) or _answered(leaf, path, answers)
        for issuer, leaf in _links(path)
    )


def _links(path: ValidationPath) -> Iterable[tuple[asn1.Certificate, asn1.Certificate]]:
    return pairwise(path.iter_certs(include_root=True))


def _answered(leaf: asn1.Certificate, path: ValidationPath, answers: ValidationContext) -> bool:
    try:
        asyncio.run(verify_ocsp_response(leaf, path, answers))
    except (OCSPValidationError, ValidationError, PathError, *HOSTILE):
        return False
    return True


def _listed(
    leaf: asn1.Certificate,
    issuer: asn1.Certificate,
    lists: Iterable[x509.CertificateRevocationList],
) -> list[datetime]:
    """Return the dates under which the issuer's lists name the certificate; a hold that was lifted counts no more."""
    moments: list[datetime] = []
    lifted = False
    for revocations in sorted(lists, key=lambda each: each.last_update_utc, reverse=True):
        if not _authentic(revocations, issuer):
            continue
        entry = revocations.get_revoked_certificate_by_serial_number(leaf.serial_number)
        if entry is None:
            lifted = lifted or _complete(revocations, leaf)
        elif not (lifted and _why(entry) == x509.ReasonFlags.certificate_hold):
            moments.append(entry.revocation_date_utc)
    return moments


def _why(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        value = entry.extensions.get_extension_for_oid(CRLEntryExtensionOID.CRL_REASON).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    return value.reason if isinstance(value, x509.CRLReason) else None


def _covers(
    revocations: x509.CertificateRevocationList,
    leaf: asn1.Certificate,
    issuer: asn1.Certificate,
    at: datetime,
) -> bool:
    """Tell whether the list speaks for the certificate at `at`; lists drop certificates that have expired."""
    next_update = revocations.next_update_utc
    return (
        next_update is not None
        and at <= next_update
        and revocations.last_update_utc <= leaf.not_valid_after
        and _authentic(revocations, issuer)
        and _complete(revocations, leaf)
    )


def _complete(revocations: x509.CertificateRevocationList, leaf: asn1.Certificate) -> bool:
    """Tell whether absence from the list means anything: no delta, not partial, made for this kind of certificate."""
    try:
        extensions = {extension.oid: extension.value for extension in revocations.extensions}
    except ValueError:
        return False
    if ExtensionOID.DELTA_CRL_INDICATOR in extensions:
        return False
    scope = extensions.get(ExtensionOID.ISSUING_DISTRIBUTION_POINT)
    if not isinstance(scope, x509.IssuingDistributionPoint):
        return scope is None
    wrong_kind = scope.only_contains_user_certs if leaf.ca else scope.only_contains_ca_certs
    return not (wrong_kind or scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs)


def _authentic(revocations: x509.CertificateRevocationList, issuer: asn1.Certificate) -> bool:
    """Tell whether the certificate's own issuer signed the list (indirect lists are not supported)."""
    usage = issuer.key_usage_value
    if usage is not None and "crl_sign" not in usage.native:
        return False
    try:
        loaded = x509.load_der_x509_certificate(issuer.dump())
        return revocations.issuer == loaded.subject and revocations.is_signature_valid(loaded.public_key())  # type: ignore[arg-type]  # key kinds it cannot use raise TypeError
    except (ValueError, TypeError):
        return False
