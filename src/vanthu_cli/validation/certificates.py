"""Whether a certificate is fit for signing right now, asked before the PIN: what a receiver would object to later.

Seen from the office's own trust, with the same path validation and revocation checks as for judging (RFC 5280).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from asn1crypto import x509
from cryptography import x509 as pyca
from pyhanko_certvalidator.path import ValidationPath

from vanthu_cli.validation.chains import (
    HOSTILE,
    Evidence,
    evidence_of,
    find_chain,
    read_answer,
    read_certificate,
    readable,
    subject,
    usage_problem,
)
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.revocation import known_good, revoked_at
from vanthu_cli.validation.revocation_lists import read_list
from vanthu_cli.validation.trust import Trust


def certificate_problem(
    certificate: bytes,
    chain: Sequence[bytes],
    trust: Trust,
    *,
    now: datetime,
    answers: Sequence[bytes] = (),
) -> Reason | None:
    """Return why nobody should sign with the certificate at `now` (aware), None if nothing speaks against it.

    `chain` are certificates that came with it, `answers` OCSP answers and revocation lists just fetched; all DER, and
    what of them cannot be read counts for nothing. Without any anchor in `trust` only dates and purpose are judged,
    with `trust.revocation` "ignore" no revocation; with "require" it must be known for each certificate of the path.
    """
    try:
        leaf = _read(certificate)
        problem = _out_of_date(leaf, now) or _wrong_purpose(leaf)
    except HOSTILE as error:
        return Reason("signing-certificate-unreadable", type(error).__name__)
    if problem or not trust.anchors:
        return problem
    evidence = _with_answers(evidence_of(trust), answers)
    found = find_chain(leaf, readable(chain, _read), evidence, now)
    if found.path is None or trust.revocation == "ignore":
        return found.reason
    return _revocation_problem(found.path, evidence, now, known=trust.revocation == "require")


def _read(der: bytes) -> x509.Certificate:
    """Read a certificate that both our libraries can read."""
    pyca.load_der_x509_certificate(der)
    return read_certificate(der)


def _out_of_date(leaf: x509.Certificate, now: datetime) -> Reason | None:
    if now < leaf.not_valid_before:
        return Reason("signing-certificate-not-yet-valid", leaf.not_valid_before.isoformat())
    if now > leaf.not_valid_after:
        return Reason("signing-certificate-expired", leaf.not_valid_after.isoformat())
    return None


def _wrong_purpose(leaf: x509.Certificate) -> Reason | None:
    """Demand a key usage for signatures, no CA, and, where extended usages are listed, one that is not for machines."""
    if leaf.ca:
        return Reason("signing-certificate-wrong-purpose", "CA")
    problem = usage_problem(leaf)
    return Reason("signing-certificate-wrong-purpose", problem.detail) if problem else None


def _revocation_problem(path: ValidationPath, evidence: Evidence, now: datetime, *, known: bool) -> Reason | None:
    revoked = revoked_at(path, evidence, now)
    if revoked:
        return Reason("signing-certificate-revoked", revoked.isoformat())
    if known and not known_good(path, evidence, now):
        return Reason("signing-certificate-revocation-unknown", subject(path.leaf, issuer=True))
    return None


def _with_answers(evidence: Evidence, answers: Sequence[bytes]) -> Evidence:
    lists, statements = readable(answers, read_list), readable(answers, read_answer)
    return replace(evidence, crls=(*evidence.crls, *lists), ocsps=(*evidence.ocsps, *statements))
