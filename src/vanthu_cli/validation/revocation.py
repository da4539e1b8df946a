"""Was a certificate of a path revoked before a time, and is that known at all?

Revocation lists are checked here and not by pyHanko: its check of a list fails where the anchor is a pinned sub-CA
(it looks for a path to the list's issuer above the anchor), and it disregards outdated lists that name the
certificate. OCSP answers are checked by pyHanko. Never opens a socket.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Literal

from asn1crypto import x509 as asn1
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import OCSPValidationError, PathError, RevokedError, ValidationError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response

from vanthu_cli.validation.chains import HOSTILE, Evidence, answered, context, finish
from vanthu_cli.validation.revocation_lists import RevocationList, is_hold

Voucher = Literal["crl", "ocsp", ""]


def revoked_at(path: ValidationPath, evidence: Evidence, at: datetime) -> datetime | None:
    """(Recipe, step 7.) Return when a certificate of the path was revoked, if that was before `at`; None if nothing says so.

    Outdated lists count too: a revocation is not undone by the list's growing old.
    """
    moments = [moment for issuer, leaf in _links(path) for moment in _listed(leaf, issuer, evidence.crls)]
    # One by one: an answer that calls the certificate good must not hide another that calls it revoked.
    for answer in _about(path, evidence).ocsps:
        asked = context(replace(evidence, ocsps=(answer,)), at, REQUIRE_REVINFO, path, stale_too=True)
        for _issuer, leaf in _links(path):
            try:
                _answered(leaf, path, asked)
            except RevokedError as error:
                moments.append(error.revocation_dt)
    return min((moment for moment in moments if moment < at), default=None)


def known_good(path: ValidationPath, evidence: Evidence, at: datetime) -> bool:
    """Tell whether lists or answers in force at `at`, or later ones, cover every certificate below the anchor."""
    return all(kind for kind, _as_of in vouchers(path, evidence, at))


def vouchers(path: ValidationPath, evidence: Evidence, at: datetime) -> Iterator[tuple[Voucher, datetime | None]]:
    """Yield for each certificate below the anchor, from the top, what calls it good at `at`, and when that was made."""
    evidence = _about(path, evidence)
    answers = context(evidence, at, REQUIRE_REVINFO, path) if evidence.ocsps else None
    for issuer, leaf in _links(path):
        made = [each.made for each in evidence.crls if each.covers(leaf, issuer, at)]
        if made:
            yield "crl", max(made)
        elif _good(leaf, path, answers):
            yield "ocsp", None
        else:
            yield "", None


def _about(path: ValidationPath, evidence: Evidence) -> Evidence:
    """Leave out OCSP answers about other certificates: an office keeps hundreds, and each is costly to verify."""
    serials = {each.serial_number for each in path.iter_certs(include_root=False)}
    return replace(evidence, ocsps=tuple(each for each in evidence.ocsps if serials & answered(each)))


def _links(path: ValidationPath) -> Iterable[tuple[asn1.Certificate, asn1.Certificate]]:
    return pairwise(path.iter_certs(include_root=True))


def _good(leaf: asn1.Certificate, path: ValidationPath, answers: ValidationContext | None) -> bool:
    try:
        return _answered(leaf, path, answers)
    except RevokedError:
        return False


def _answered(leaf: asn1.Certificate, path: ValidationPath, answers: ValidationContext | None) -> bool:
    """Tell whether an OCSP answer calls the certificate good; `RevokedError` if one calls it revoked."""
    if answers is None:
        return False
    try:
        finish(verify_ocsp_response(leaf, path, answers))
    except RevokedError:
        raise
    except (OCSPValidationError, ValidationError, PathError, *HOSTILE):
        return False
    return True


def _listed(leaf: asn1.Certificate, issuer: asn1.Certificate, lists: Iterable[RevocationList]) -> list[datetime]:
    """Return the dates under which the issuer's lists name the certificate; a hold that was lifted counts no more."""
    moments: list[datetime] = []
    lifted = False
    for revocations in sorted(lists, key=lambda each: each.made, reverse=True):
        if not revocations.is_by(issuer):
            continue
        entry = revocations.named(leaf.serial_number)
        if entry is None:
            lifted = lifted or revocations.is_complete_for(leaf)
        elif not (lifted and is_hold(entry)):
            moments.append(entry.revocation_date_utc)
    return moments
