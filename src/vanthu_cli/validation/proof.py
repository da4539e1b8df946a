"""What proves that a signature existed at a time, and what its certificate is worth then.

Time comes from trusted time stamps and from our own register; the signer's clock proves nothing (ETSI EN 319 102-1,
"proof of existence"). Stamps are judged from the latest to the earliest, as each vouches for those before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from vanthu_cli.validation import chains
from vanthu_cli.validation.chains import Chain, Evidence
from vanthu_cli.validation.cms_checks import Examined, Token, document_token, frames_its_contents, signature_tokens
from vanthu_cli.validation.reader import Reader
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.revocation import known_good, revoked_at
from vanthu_cli.validation.signed_pdf import Entry
from vanthu_cli.validation.stretch import Stretch
from vanthu_cli.validation.trust import Signatory, Trust

_SKEW = timedelta(minutes=5)
"""By how much our clock may run behind the authority's: a stamp of a moment ago is no stamp from the future."""

VIETNAM = timedelta(hours=7)
"""Some tools label Vietnamese time as UTC."""

Proof = tuple[int, datetime]
"""A revision and a time at which a trusted document time stamp proves it to have existed."""

Revocation = Literal["good", "revoked", "unknown"]


@dataclass(frozen=True, slots=True)
class Case:
    """One file before the judge: the moment of judging and everything that can be evidence."""

    pdf: Stretch
    password: str | None
    reader: Reader
    evidence: Evidence
    trust: Trust
    signatories: Mapping[str, Signatory] | None
    moment: datetime
    known_since: datetime | None


def document_time_stamps(case: Case, listed: list[Entry]) -> tuple[tuple[Proof, ...], tuple[Reason, ...]]:
    """Return which revisions are proven to have existed when; the latest stamp first, as it vouches for the others."""
    proofs: list[Proof] = []
    reasons: list[Reason] = []
    for entry in reversed(listed):
        if not (entry.is_timestamp and entry.embedded):
            continue
        revision = int(entry.embedded.signed_revision)
        token = document_token(entry.embedded) if frames_its_contents(entry.embedded, case.pdf) else None
        if token is None:
            reasons.append(Reason("timestamp-broken", entry.name))
        elif not token.sound:
            reasons.append(Reason("document-timestamp-broken", entry.name))
        elif not _token_trusted(case, token, proven_time(case, revision, tuple(proofs))):
            reasons.append(Reason("timestamp-untrusted", entry.name))
        else:
            proofs.append((revision, token.time))
    return tuple(proofs), tuple(reasons)


def proven_time(case: Case, revision: int, proofs: tuple[Proof, ...]) -> datetime | None:
    """Return the earliest time at which `revision` is proven to have existed, None if nothing proves it."""
    times = [time for covered, time in proofs if covered >= revision]
    if case.known_since is not None:
        times.append(case.known_since)
    return min((time for time in times if time <= case.moment + _SKEW), default=None)


def _token_trusted(case: Case, token: Token, proven: datetime | None) -> bool:
    """Judge the authority's certificate at the time its stamp is itself proven for: expired stamps prove nothing."""
    if not token.usable or token.time > case.moment + _SKEW:
        return False
    at = proven or case.moment
    chain = chains.find_chain(token.certificate, token.embedded_certificates, case.evidence, at)
    if chain.path is None:
        return False
    if case.trust.revocation == "ignore":
        return True
    if revoked_at(chain.path, case.evidence, at) is not None:
        return False
    return case.trust.revocation != "require" or known_good(chain.path, case.evidence, at)


def own_stamp(
    case: Case,
    embedded: EmbeddedPdfSignature,
    proofs: tuple[Proof, ...],
) -> tuple[datetime | None, tuple[Reason, ...]]:
    """Return the time of the signature's own trusted time stamp. An untrusted one counts as none, with a note."""
    reasons: list[Reason] = []
    proven = proven_time(case, embedded.signed_revision, proofs)
    for token in signature_tokens(embedded):
        if token is None or not token.sound:
            reasons.append(Reason("timestamp-broken", embedded.fq_name))
        elif _token_trusted(case, token, proven):
            return token.time, tuple(reasons)
        else:
            reasons.append(Reason("timestamp-untrusted", chains.subject(token.certificate)))
    return None, tuple(reasons)


def signer_certificate(
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
