"""What was found about each signature, and the one pure rule that makes a verdict of it (contract.md, `verify`).

Standard library only: the register and the command line read findings without loading a PDF library.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vanthu_cli.validation.reasons import Indication, Reason, sentence, weigh

__all__ = ["Judgement", "Reason", "SignatureFinding", "Verdict", "as_json", "judge", "sentence"]

Format = Literal["pdf", "cms", "smime", "xml", "edxml", "ooxml", "unknown"]
Verdict = Literal["valid", "invalid", "unknown", "unsigned"]
Role = Literal["person", "organisation", "unknown"]
Level = Literal["B-B", "B-T", "B-LT", "B-LTA", "legacy"]
Covers = Literal["whole-file", "revision", "partial"]
Changes = Literal["none", "form-filling", "annotations", "ltv", "other"]

PERMITTED_AFTER: frozenset[Changes] = frozenset({"none", "ltv", "form-filling"})
_NOTHING_AFTER: frozenset[Changes] = frozenset({"none", "ltv"})


@dataclass(frozen=True, slots=True)
class Link:
    """A certificate of a chain. `revocation` says what vouches for it at the time judged, "" nothing; `as_of`, of when that is."""

    subject: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    revocation: Literal["crl", "ocsp", "anchor", ""]
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that came after a signature: its kind, a name in no language, the page from 0 (None: on no page)."""

    kind: Literal["added", "altered", "removed", "signed", "content", "other"]
    what: str
    page: int | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "what", str(self.what))  # plain, as in Reason

    @property
    def brief(self) -> str:
        """Return page, name and kind in no language: "p. 1 ConDau removed", "p. 1 content"."""
        place = "" if self.page is None else f"p. {self.page + 1}"
        kind = "" if self.kind in {"content", "other"} else self.kind
        return " ".join(part for part in (place, self.what, kind) if part)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A page as drawn from the revision that `signature` signed and as drawn from the whole file; PNG bytes.

    `changed`: rectangles in pixels from the upper left corner (left, top, right, bottom) where they differ. `permitted`: all
    of it lies within the marks of later signatures that passed.
    """

    signature: str
    page: int
    signed: bytes
    today: bytes
    changed: tuple[tuple[int, int, int, int], ...]
    permitted: bool


@dataclass(frozen=True, slots=True)
class SignatureFinding:
    """One signature as found; the keys of the contract's JSON, and some of our own for the report.

    `id` is the field's full name; `integrity` is None where it could not be checked; `timestamp` is a proven time
    (signature or document time stamp by a trusted authority), `claimed_time` only the signer's word; both aware.
    `fingerprint` is the SHA-256 (hex) of the signer's certificate; `agency` comes from our own map of signatories;
    `visible` tells whether the field shows on a page. `chain` leads from the signer to the anchor; `judged_for` is the moment
    at which it was judged; `signed_bytes` is how far the signed revision of the file reaches; `changes`: what came after.
    """

    id: str
    role: Role
    signer: str | None
    issuer: str | None
    indication: Indication
    sub_indication: str | None
    level: Level
    claimed_time: datetime | None
    timestamp: datetime | None
    integrity: bool | None
    covers: Covers
    changes_after: Changes
    trust: Literal["trusted", "untrusted", "unknown"]
    revocation: Literal["good", "revoked", "unknown"]
    weak: tuple[str, ...]
    reasons: tuple[Reason, ...]
    fingerprint: str | None
    agency: str | None
    visible: bool
    chain: tuple[Link, ...] = ()
    judged_for: datetime | None = None
    signed_bytes: int | None = None
    changes: tuple[Change, ...] = ()

    @property
    def failed(self) -> bool:
        return self.indication == "TOTAL-FAILED" or self.integrity is False

    @property
    def passed(self) -> bool:
        """Positive evidence on every count; anything not established is not passed."""
        return (
            self.indication == "TOTAL-PASSED"
            and self.integrity is True
            and self.covers != "partial"
            and self.changes_after in PERMITTED_AFTER
            and self.trust == "trusted"
            and self.revocation != "revoked"
        )

    @property
    def closes(self) -> bool:
        """Nothing but validation data follows this signature."""
        return self.covers == "whole-file" or self.changes_after in _NOTHING_AFTER


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict of a file. `reasons` concern the file as a whole; those of a signature are in its finding.

    `person_signed` and `organisation_signed` count passed signatures only; None without configured signatories.
    `stamps`: document time stamps that proved something, latest first. `turning_points`: moments at which a certificate or
    a list used here begins or ends to be in force; between two of them the verdict stays what it is. `wanting`: certificates
    (DER) of whose revocation nothing is known, or whose issuer is not. `comparisons` are there if pictures were asked for.
    """

    format: Format
    verdict: Verdict
    person_signed: bool | None
    organisation_signed: bool | None
    signatures: tuple[SignatureFinding, ...]
    reasons: tuple[Reason, ...]
    stamps: tuple[datetime, ...] = ()
    turning_points: tuple[datetime, ...] = ()
    wanting: tuple[bytes, ...] = ()
    comparisons: tuple[Comparison, ...] = ()


def judge(signatures: Sequence[SignatureFinding], reasons: Iterable[Reason] = ()) -> Verdict:
    """(Recipe, step 12.) Return the verdict: the worst of all findings and of the reasons that concern the whole file.

    VALID needs positive evidence: at least one signature, all passed, and one after which nothing but validation
    data follows. Adding a finding that is not passed never improves a verdict.
    """
    indications = {weigh(reason)[0] for reason in reasons}
    if "TOTAL-FAILED" in indications or any(found.failed for found in signatures):
        return "invalid"
    if "INDETERMINATE" in indications:
        return "unknown"
    if not signatures:
        return "unsigned"
    if all(found.passed for found in signatures) and any(found.closes for found in signatures):
        return "valid"
    return "unknown"


def as_json(judgement: Judgement) -> dict[str, object]:
    """Return one entry of the contract's `files`, without "file" and "sha256"; times in ISO 8601 with offset."""
    return {
        "format": judgement.format,
        "verdict": judgement.verdict,
        "person_signed": judgement.person_signed,
        "organisation_signed": judgement.organisation_signed,
        "signatures": [_signature_json(found) for found in judgement.signatures],
        "reasons": [str(reason) for reason in judgement.reasons],
    }


def _signature_json(found: SignatureFinding) -> dict[str, object]:
    return {
        "id": found.id,
        "role": found.role,
        "signer": found.signer,
        "issuer": found.issuer,
        "indication": found.indication,
        "sub_indication": found.sub_indication,
        "level": found.level,
        "claimed_time": found.claimed_time.isoformat() if found.claimed_time else None,
        "timestamp": found.timestamp.isoformat() if found.timestamp else None,
        "integrity": found.integrity,
        "covers": found.covers,
        "changes_after": found.changes_after,
        "trust": found.trust,
        "revocation": found.revocation,
        "weak": list(found.weak),
        "reasons": [str(reason) for reason in found.reasons],
    }
