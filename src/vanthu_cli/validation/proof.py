"""What proves that a signature existed at a time, and what its certificate is worth then (recipe, steps 5 to 8).

Time comes from trusted time stamps and from our own register; the signer's clock proves nothing (ETSI EN 319 102-1,
"proof of existence").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, datetime, timedelta
from itertools import chain as every
from typing import Any, Literal

from asn1crypto import ocsp, x509

from vanthu_cli.validation import chains
from vanthu_cli.validation.chains import Chain, Evidence
from vanthu_cli.validation.cms_checks import Examined, Token
from vanthu_cli.validation.findings import Changes, Level, Link, SignatureFinding
from vanthu_cli.validation.reasons import Reason, worst
from vanthu_cli.validation.revocation import Voucher, known_good, revoked_at, vouchers
from vanthu_cli.validation.revocation_lists import RevocationList
from vanthu_cli.validation.trust import Signatory, Trust

SKEW = timedelta(minutes=5)
"""By how much our clock may run behind the authority's: a stamp of a moment ago is no stamp from the future."""

VIETNAM = timedelta(hours=7)
"""Some tools label Vietnamese time as UTC."""
_ABOUT = timedelta(minutes=10)
_OUT_OF_FORCE = frozenset({"certificate-expired-no-time", "certificate-not-yet-valid"})

Revocation = Literal["good", "revoked", "unknown"]


@dataclass(frozen=True, slots=True)
class Case:
    """One file before the judge: the moment of judging and everything that can be evidence (recipe, step 1)."""

    evidence: Evidence
    trust: Trust
    signatories: Mapping[str, Signatory] | None
    moment: datetime
    known_since: datetime | None


def with_evidence(case: Case, lists: Sequence[RevocationList], answers: Sequence[ocsp.OCSPResponse]) -> Case:
    """Return the case with revocation data that came with a signature."""
    known = case.evidence
    return replace(case, evidence=replace(known, crls=(*known.crls, *lists), ocsps=(*known.ocsps, *answers)))


@dataclass(frozen=True, slots=True)
class Standing:
    """What a signature is worth by its own time stamp and its certificate; `at` is the moment it was judged for."""

    examined: Examined
    stamp: datetime | None
    at: datetime
    chain: Chain
    links: tuple[Link, ...]
    revocation: Revocation
    reasons: tuple[Reason, ...]


def earliest(case: Case, times: Iterable[datetime]) -> datetime | None:
    """Return the earliest of the times, and of our own register's, that is not in the future; None if nothing proves any."""
    known = () if case.known_since is None else (case.known_since,)
    return min((time for time in every(times, known) if time <= case.moment + SKEW), default=None)


def distrust(case: Case, token: Token, proven: datetime | None, name: str) -> Reason | None:
    """Say why a time stamp proves nothing, None if it proves its time.

    The authority's certificate is judged at the time its stamp is itself proven for: expired stamps prove nothing.
    """
    if not token.usable or token.time > case.moment + SKEW:
        return Reason("timestamp-untrusted", name)
    at = proven or case.moment
    chain = chains.find_chain(token.certificate, token.embedded_certificates, case.evidence, at)
    if chain.path is None:
        expired = chain.reason is not None and chain.reason.code in _OUT_OF_FORCE
        return Reason("timestamp-expired" if expired else "timestamp-untrusted", name)
    if case.trust.revocation == "ignore":
        return None
    known = case.trust.revocation != "require" or known_good(chain.path, case.evidence, at)
    if known and revoked_at(chain.path, case.evidence, at) is None:
        return None
    return Reason("timestamp-untrusted", name)


def standing(
    case: Case, examined: Examined, tokens: Iterable[Token | None], name: str, proven: datetime | None
) -> Standing:
    """Judge a signature's stamp and certificate; `proven` is when it is proven to have existed by what is outside it."""
    stamp, notes = _own_stamp(case, name, tokens, proven)
    at = min((time for time in (stamp, proven) if time), default=None)
    chain, revocation, reasons = _signer_certificate(case, examined, at)
    notes = (*reasons, *notes)
    if stamp and examined.claimed_time and abs(examined.claimed_time - stamp - VIETNAM) < _ABOUT:
        notes = (*notes, Reason("local-time-labelled-utc"))
    if examined.certificate is not None and _implausible(case, examined.certificate, examined.claimed_time):
        notes = (*notes, Reason("claimed-time-implausible", f"{examined.claimed_time:%Y-%m-%d %H:%M}"))
    moment = at or case.moment
    return Standing(examined, stamp, moment, chain, _links(case, chain, moment), revocation, notes)


def _implausible(case: Case, leaf: x509.Certificate, claimed: datetime | None) -> bool:
    """Tell whether the signer's clock names a time before its certificate, after it, or still to come."""
    if claimed is None:
        return False
    latest = min(case.moment + SKEW, leaf.not_valid_after) + VIETNAM
    return not leaf.not_valid_before - VIETNAM <= claimed <= latest


def _own_stamp(
    case: Case, name: str, tokens: Iterable[Token | None], proven: datetime | None
) -> tuple[datetime | None, tuple[Reason, ...]]:
    """Return the time of the signature's own trusted time stamp. An untrusted one counts as none, with a note."""
    reasons: list[Reason] = []
    for token in tokens:
        if token is None or not token.sound:
            reasons.append(Reason("timestamp-broken", name))
        elif problem := distrust(case, token, proven, chains.subject(token.certificate)):
            reasons.append(problem)
        else:
            return token.time, tuple(reasons)
    return None, tuple(reasons)


def _signer_certificate(
    case: Case, examined: Examined, proven: datetime | None
) -> tuple[Chain, Revocation, tuple[Reason, ...]]:
    """Judge the signer's certificate at the proven time, or at the moment of judging where nothing is proven."""
    if examined.certificate is None:
        return Chain("unknown"), "unknown", ()
    at = proven or case.moment
    chain = chains.find_chain(examined.certificate, examined.embedded_certificates, case.evidence, at)
    reasons = [reason for reason in (chain.reason, chains.usage_problem(examined.certificate)) if reason]
    if chain.path is None or case.trust.revocation == "ignore":
        return chain, "unknown", tuple(reasons)
    revoked = revoked_at(chain.path, case.evidence, at)
    if revoked is not None:
        # Nothing proven is older than the revocation. By the signer's own word it was signed afterwards: invalid.
        # By that word before: a thief would say so too, but an honest signer as well, so a person must look. Seven
        # hours are granted because some tools label Vietnamese time as UTC (domain.md 4.2).
        after = examined.claimed_time is not None and examined.claimed_time - VIETNAM >= revoked
        reasons.append(Reason("revoked-before-signing" if after else "revoked-no-time", revoked.isoformat()))
        return chain, "revoked", tuple(reasons)
    if known_good(chain.path, case.evidence, at):
        return chain, "good", tuple(reasons)
    if case.trust.revocation == "require":
        reasons.append(Reason("revocation-unknown", chains.subject(examined.certificate, issuer=True)))
    return chain, "unknown", tuple(reasons)


def _links(case: Case, chain: Chain, at: datetime) -> tuple[Link, ...]:
    """Return the certificates of the path with what vouches for each, the signer's first."""
    if chain.path is None:
        return ()
    anchor, *below = chain.path.iter_certs(include_root=True)
    asked = case.trust.revocation != "ignore"
    words: list[tuple[Voucher, datetime | None]] = [("", None)] * len(below)
    if asked:
        words = list(vouchers(chain.path, case.evidence, at))
    links = [
        Link(chains.subject(each), each.sha256.hex(), each.not_valid_before, each.not_valid_after, kind, as_of)
        for each, (kind, as_of) in zip(below, words, strict=True)
    ]
    top = Link(
        chains.subject(anchor), anchor.sha256.hex(), anchor.not_valid_before, anchor.not_valid_after, "anchor", None
    )
    return (*reversed(links), top)


def finding(
    case: Case,
    name: str,
    found: Standing,
    *,
    level: Level,
    stamped: datetime | None,
    changes_after: Changes = "none",
    reasons: tuple[Reason, ...] = (),
    visible: bool = False,
    signed_bytes: int | None = None,
) -> SignatureFinding:
    """Put together what is known of a signature; `stamped` is its proven time, `reasons` what its surroundings add."""
    examined, leaf = found.examined, found.examined.certificate
    fingerprint = leaf.sha256.hex() if leaf else None
    signatory = (case.signatories or {}).get(fingerprint or "")
    every_reason = (*examined.reasons, *reasons, *found.reasons)
    indication, sub_indication = worst(every_reason)
    return SignatureFinding(
        id=str(name),  # a plain str: a PDF object would drag the whole reader along to another process
        role=signatory.role if signatory else "unknown",
        signer=chains.subject(leaf) if leaf else None,
        issuer=chains.subject(leaf, issuer=True) if leaf else None,
        indication=indication,
        sub_indication=sub_indication,
        level=level,
        claimed_time=examined.claimed_time,
        timestamp=stamped,
        integrity=examined.integrity,
        covers=examined.covers,
        changes_after=changes_after,
        trust=found.chain.trust,
        revocation=found.revocation,
        weak=tuple(sorted({*examined.weak, *chains.weak_hashes(found.chain.path)})),
        reasons=every_reason,
        fingerprint=fingerprint,
        agency=signatory.agency if signatory else None,
        visible=visible,
        chain=found.links,
        judged_for=found.at,
        signed_bytes=signed_bytes,
    )


def with_reasons(found: SignatureFinding, reasons: tuple[Reason, ...], **changes: Any) -> SignatureFinding:
    """Return the finding with these reasons, weighed anew, and with other `changes` of its fields."""
    indication, sub_indication = worst(reasons)
    return replace(found, reasons=reasons, indication=indication, sub_indication=sub_indication, **changes)


def unjudged(name: str, *reasons: Reason, visible: bool = False) -> SignatureFinding:
    """Return a finding about a signature of which nothing can be said but why."""
    indication, sub_indication = worst(reasons)
    return SignatureFinding(
        id=str(name),
        role="unknown",
        signer=None,
        issuer=None,
        indication=indication,
        sub_indication=sub_indication,
        level="legacy",
        claimed_time=None,
        timestamp=None,
        integrity=None,
        covers="partial",
        changes_after="other",
        trust="unknown",
        revocation="unknown",
        weak=(),
        reasons=reasons,
        fingerprint=None,
        agency=None,
        visible=visible,
    )


def wanting(found: Iterable[Standing]) -> tuple[bytes, ...]:
    """Return the certificates (DER) that somebody should ask an authority about: revocation not known, issuer not known."""
    wanted: dict[bytes, None] = {}
    for each in found:
        leaf = each.examined.certificate
        if leaf is not None and (each.chain.path is None or each.revocation == "unknown"):
            path = each.chain.path.iter_certs(include_root=False) if each.chain.path else ()
            wanted |= dict.fromkeys(one.dump() for one in (leaf, *each.examined.embedded_certificates[:8], *path))
    return tuple(wanted)


def turning_points(case: Case, certificates: Iterable[x509.Certificate]) -> tuple[datetime, ...]:
    """Return the moments at which a certificate, list or answer in sight begins or ends to be in force, in order."""
    points: set[datetime] = set()
    for each in every(certificates, case.evidence.anchors, case.evidence.others):
        points |= {each.not_valid_before, each.not_valid_after}
    points |= {until for each in case.evidence.crls if (until := each.loaded.next_update_utc)}
    points |= {until for each in case.evidence.ocsps if (until := chains.answer_until(each))}
    return tuple(sorted(point for point in points if point.year < MAXYEAR))  # 9999: no end (RFC 5280, 4.1.2.5)
