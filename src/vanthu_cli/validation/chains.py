"""Whether a certificate leads to an authority this office trusts at a given time; revocation is left aside.

Path validation (RFC 5280) is pyHanko's; finding the path is ours: certificates inside a
document are hostile, and looking for paths by name alone takes factorial time on cross-signed ones.
Never opens a socket.
"""

from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, TypeVar

from asn1crypto import ocsp, x509
from cryptography import x509 as pyca
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    NotYetValidError,
    PathError,
    ValidationError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    DisallowWeakAlgorithmsPolicy,
    FreshnessReqType,
    RevocationCheckingPolicy,
)
from pyhanko_certvalidator.revinfo.archival import OCSPContainer
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator
from pyhanko_certvalidator.validate import async_validate_path

from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.revocation_lists import RevocationList, read_list
from vanthu_cli.validation.trust import Trust

_MOST_CERTIFICATES = 64
"""How many certificates of a document are looked at; an honest chain has three."""
_MOST_PATHS = 8
_OTHER_PURPOSES = frozenset({"server_auth", "time_stamping", "ocsp_signing"})
"""Extended key usages (RFC 5280, 4.2.1.12) that have nothing to do with signing documents."""

_Result = TypeVar("_Result")

# A certificate signed with SHA-1 stays verifiable (VGCA G1 still signs with it) and is listed as weak; MD5 never.
_ALGORITHMS = DisallowWeakAlgorithmsPolicy(frozenset({"md2", "md5"}))
HOSTILE = (
    *(ValueError, TypeError, KeyError, LookupError, AttributeError, AssertionError, NotImplementedError),
    *(pyca.InvalidVersion, UnsupportedAlgorithm),
)
"""What asn1crypto, cryptography and pyHanko are seen to raise on hostile structures, besides their own errors."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Certificates, revocation lists and OCSP answers at hand: our own and those in the document."""

    anchors: tuple[x509.Certificate, ...]
    others: tuple[x509.Certificate, ...]
    crls: tuple[RevocationList, ...] = ()
    ocsps: tuple[ocsp.OCSPResponse, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """What is known of a certificate at a time. `path` leads from the anchor (first) to the certificate (last)."""

    trust: Literal["trusted", "untrusted", "unknown"]
    reason: Reason | None = None
    path: ValidationPath | None = None


@lru_cache(maxsize=4)
def evidence_of(trust: Trust) -> Evidence:
    """Parse the DER bytes of the office's own trust, once for many files; a fetched answer that is none counts for nothing."""
    return Evidence(
        tuple(x509.Certificate.load(der) for der in trust.anchors),
        tuple(x509.Certificate.load(der) for der in trust.others),
        tuple(readable(trust.crls, read_list)),
        tuple(readable(trust.ocsps, read_answer)),
    )


def readable(ders: Iterable[bytes], read: Callable[[bytes], _Result]) -> Iterator[_Result]:
    """Yield what can be read."""
    for der in ders:
        try:
            yield read(der)
        except HOSTILE:
            continue


def read_certificate(der: bytes) -> x509.Certificate:
    """Parse through a certificate, which asn1crypto alone does lazily; ValueError and others on rubbish."""
    loaded = x509.Certificate.load(der)
    loaded.native  # noqa: B018  parses it through
    return loaded


def read_answer(der: bytes) -> ocsp.OCSPResponse:
    """Parse through an OCSP answer; ValueError and others on rubbish, and on one that says nothing ("try later")."""
    loaded = ocsp.OCSPResponse.load(der)
    loaded.native  # noqa: B018  parses it through
    if not OCSPContainer.load_multi(loaded):
        raise ValueError("no answer")
    return loaded


def answer_until(answer: ocsp.OCSPResponse) -> datetime | None:
    """Return until when an OCSP answer is in force; None if it does not say."""
    until: datetime | None = answer.response_data["responses"][0]["next_update"].native
    return until


def answered(answer: ocsp.OCSPResponse) -> set[int]:
    """Return the serial numbers that an OCSP answer is about."""
    return {each["cert_id"]["serial_number"].native for each in answer.response_data["responses"]}


def find_chain(leaf: x509.Certificate, embedded: Iterable[x509.Certificate], evidence: Evidence, at: datetime) -> Chain:
    """(Recipe, step 6.) Look for a path from an anchor to `leaf` that holds at `at`; nothing embedded ever becomes an anchor."""
    failure: Reason | None = None
    pool = (*tuple(embedded)[:_MOST_CERTIFICATES], *evidence.others)
    try:
        for count, path in enumerate(_paths(leaf, pool, evidence.anchors)):
            problem = _problem(path, evidence, at)
            if problem is None:
                return Chain("trusted", path=path)
            failure = failure or problem
            if count >= _MOST_PATHS:
                break
    except HOSTILE as error:
        failure = failure or Reason("certificate-chain-failure", type(error).__name__)
    if failure is None:
        return Chain("untrusted", Reason("certificate-untrusted", subject(leaf, issuer=True)))
    return Chain("unknown", failure)


def _paths(
    leaf: x509.Certificate,
    pool: tuple[x509.Certificate, ...],
    anchors: tuple[x509.Certificate, ...],
) -> Iterator[ValidationPath]:
    """Walk upwards, breadth first, along real signatures only; every certificate is passed once at most."""
    seen = {leaf.sha256}
    rows: list[list[x509.Certificate]] = [[leaf]]
    while rows:
        row = rows.pop(0)
        for anchor in anchors:
            if _issued(anchor, row[0]):
                yield ValidationPath(CertTrustAnchor(anchor), row[:-1], row[-1])
        for issuer in pool:
            if issuer.sha256 not in seen and _issued(issuer, row[0]):
                seen.add(issuer.sha256)
                rows.append([issuer, *row])


def _issued(issuer: x509.Certificate, child: x509.Certificate) -> bool:
    if issuer.subject != child.issuer or issuer.sha256 == child.sha256:
        return False
    try:
        DefaultSignatureValidator().validate_signature(
            child["signature_value"].native,
            child["tbs_certificate"].dump(),
            issuer.public_key,
            child["signature_algorithm"],
        )
    except Exception:  # noqa: BLE001  any failure to verify a hostile certificate means: not issued by this one
        return False
    return True


def finish(check: Coroutine[Any, Any, _Result]) -> _Result:
    """Run one of pyHanko's coroutines to its end: without fetching they wait for nothing and need no event loop."""
    try:
        check.send(None)
    except StopIteration as end:
        result: _Result = end.value
        return result
    check.close()
    raise AssertionError("a check without network has waited for something")


def context(
    evidence: Evidence,
    at: datetime,
    checking: RevocationCheckingPolicy,
    path: ValidationPath,
    *,
    stale_too: bool = False,
) -> ValidationContext:
    """Make a validation context that sees the path's own certificates only, so that its size is ours to bound."""
    policy = CertRevTrustPolicy(checking, retroactive_revinfo=True)
    if stale_too:
        policy = CertRevTrustPolicy(
            checking,
            freshness=timedelta(days=36_500),
            freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
        )
    asked = checking is REQUIRE_REVINFO  # then the signers of answers are looked for among all our certificates
    return ValidationContext(
        trust_roots=list(evidence.anchors) if asked else [path.trust_anchor],  # None would be the system's trust list
        other_certs=[*path.iter_certs(include_root=False), *(evidence.others if asked else ())],
        moment=at,
        allow_fetching=False,
        crls=(),
        ocsps=evidence.ocsps if asked else (),
        revinfo_policy=policy,
        algorithm_usage_policy=_ALGORITHMS,
    )


def _problem(path: ValidationPath, evidence: Evidence, at: datetime) -> Reason | None:
    """Return why the path does not hold at `at`, revocation left aside."""
    certificates = list(path.iter_certs(include_root=True))
    longest = certificates[0].max_path_length  # pyHanko asks no anchor; a pinned sub-CA's limit still stands
    if longest is not None and len(certificates) - 2 > longest:
        return Reason("certificate-chain-failure", "path length")
    try:
        finish(async_validate_path(context(evidence, at, NO_REVOCATION, path), path))
    except ExpiredError as error:
        code = "certificate-expired-no-time" if error.is_ee_cert else "certificate-chain-failure"
        return Reason(code, error.expired_dt.isoformat())
    except NotYetValidError as error:
        code = "certificate-not-yet-valid" if error.is_ee_cert else "certificate-chain-failure"
        return Reason(code, error.valid_from.isoformat())
    except DisallowedAlgorithmError:
        return Reason("certificate-chain-failure", "weak algorithm")
    except (ValidationError, PathError) as error:
        return Reason("certificate-chain-failure", type(error).__name__)
    return None


def usage_problem(leaf: x509.Certificate) -> Reason | None:
    """(Recipe, step 8.) Return why the certificate is not one for signing documents. No keyUsage at all permits all (RFC 5280)."""
    usage = leaf.key_usage_value
    if usage is not None and not {"digital_signature", "non_repudiation"} & set(usage.native):
        return Reason("certificate-wrong-purpose", ", ".join(sorted(usage.native)))
    purposes = set(leaf.extended_key_usage_value.native) if leaf.extended_key_usage_value else set()
    if purposes and purposes <= _OTHER_PURPOSES:
        return Reason("certificate-wrong-purpose", ", ".join(sorted(purposes)))
    return None


def is_time_stamping(leaf: x509.Certificate) -> bool:
    """Tell whether the certificate is a time stamping authority's (RFC 3161, 2.3)."""
    purposes = leaf.extended_key_usage_value
    return purposes is not None and "time_stamping" in purposes.native


def weak_hashes(path: ValidationPath | None) -> tuple[str, ...]:
    """Return the weak digests that certificates below the anchor were signed with."""
    found = set()
    for certificate in path.iter_certs(include_root=False) if path else ():
        try:
            found.add(certificate["signature_algorithm"].hash_algo)
        except ValueError:
            continue  # Ed25519 and the like name no digest
    return tuple(sorted(found & WEAK))


WEAK = frozenset({"md2", "md5", "sha1"})


def subject(certificate: x509.Certificate, *, issuer: bool = False) -> str:
    """Return the name as "CN=…,O=…,C=VN", common name first; as asn1crypto shows it where it is malformed."""
    try:
        loaded = pyca.load_der_x509_certificate(certificate.dump())
        parts = [part.rfc4514_string() for part in (loaded.issuer if issuer else loaded.subject)]
    except (ValueError, TypeError):
        return str((certificate.issuer if issuer else certificate.subject).human_friendly)
    return ",".join(sorted(parts, key=lambda part: not part.startswith("CN=")))
