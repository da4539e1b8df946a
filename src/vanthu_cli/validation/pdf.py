"""Judge the signatures of a PDF: bytes in, `Judgement` out; never raises for bad input, never opens a socket.

The recipe: 1. parse strictly, else leniently (then never valid). 2. List the signature fields one by one.
3. Per signature: bytes, cryptography, proven time, chain and revocation at that time, changes after it.
4. For the whole file: what came after the organisation's last signature. 5. `findings.judge`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, cast

from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from vanthu_cli.validation import certificates
from vanthu_cli.validation.certificates import Evidence
from vanthu_cli.validation.changes import after_seal, review
from vanthu_cli.validation.cms_checks import (
    Examined,
    examine,
    frames_its_contents,
)
from vanthu_cli.validation.findings import Changes, Judgement, Level, SignatureFinding, judge
from vanthu_cli.validation.marks import boxes_of
from vanthu_cli.validation.proof import (
    VIETNAM,
    Case,
    Proof,
    document_time_stamps,
    own_stamp,
    proven_time,
    signer_certificate,
)
from vanthu_cli.validation.reasons import Reason, worst
from vanthu_cli.validation.signed_pdf import (
    PADES_KIND,
    SIGNATURE_KINDS,
    TIMESTAMP_KIND,
    Entry,
    Reader,
    array,
    entries,
    entry_of,
    open_pdf,
    validation_data,
)
from vanthu_cli.validation.suspicions import describe, nothing_shown, only_numbered
from vanthu_cli.validation.trust import Signatory, Trust

_MOST_SIGNATURES = 64
_ABOUT = timedelta(minutes=10)

_CHANGES: dict[ModificationLevel, Changes] = {
    ModificationLevel.NONE: "none",
    ModificationLevel.LTA_UPDATES: "ltv",
    ModificationLevel.FORM_FILLING: "form-filling",
    ModificationLevel.ANNOTATIONS: "annotations",
    ModificationLevel.OTHER: "other",
}


@dataclass(frozen=True, slots=True)
class _Judged:
    """A finding together with what later steps need of the signature."""

    finding: SignatureFinding
    embedded: EmbeddedPdfSignature | None = None
    difference: DiffResult | None = None


def judge_pdf(
    pdf: bytes,
    trust: Trust,
    signatories: Mapping[str, Signatory] | None,
    *,
    now: datetime,
    at: datetime | None = None,
    known_since: datetime | None = None,
) -> Judgement:
    """Judge every signature of `pdf` at `at`, or `now`; all times aware.

    `signatories` maps the SHA-256 (hex) of a certificate to its role and agency: a certificate that is not in it
    counts for neither role; None (nothing configured) leaves person_signed and organisation_signed open.
    `known_since` is when our own register first held exactly these bytes: a proof that they existed then.
    Any failure is a verdict "unknown" with a reason. Not to be called inside a running event loop.
    """
    if b"%PDF-" not in pdf:
        return _without_signatures("unknown", Reason("not-a-pdf"), signatories)
    known = None if signatories is None else {_plain(key): value for key, value in signatories.items()}
    try:
        reader, notes = _open(pdf)
        if reader.encrypted:
            return _without_signatures("pdf", Reason("encrypted"), signatories)
        stored = validation_data(reader)
        own = certificates.evidence_of(trust)
        evidence = Evidence(own.anchors, (*own.others, *stored[0][:32]), (*own.crls, *stored[1]), tuple(stored[2]))
        return _judge(Case(pdf, reader, evidence, trust, known, at or now, known_since), notes)
    except Exception as error:  # noqa: BLE001  hostile bytes: whatever a parser raises, the answer is "unknown"
        return _without_signatures("pdf", Reason("unparseable", type(error).__name__), signatories)


def _plain(fingerprint: str) -> str:
    return fingerprint.replace(":", "").lower()


def _without_signatures(
    kind: Literal["pdf", "unknown"],
    reason: Reason,
    signatories: Mapping[str, Signatory] | None,
) -> Judgement:
    counted = None if signatories is None else False
    return Judgement(kind, judge((), (reason,)), counted, counted, (), (reason,))


def _open(pdf: bytes) -> tuple[Reader, tuple[Reason, ...]]:
    try:
        reader = open_pdf(pdf, strict=True)
        if not reader.encrypted:
            entries(reader)
    except Exception:  # noqa: BLE001  seen besides PdfReadError: ValueError, KeyError, AssertionError, RecursionError
        return open_pdf(pdf, strict=False), (Reason("read-leniently"),)
    return reader, ()


def _judge(case: Case, notes: tuple[Reason, ...]) -> Judgement:
    listed = entries(case.reader)
    if len(listed) > _MOST_SIGNATURES:
        return _without_signatures("pdf", Reason("too-many-signatures", str(len(listed))), case.signatories)
    proofs, notes_on_stamps = document_time_stamps(case, listed)
    judged = [_signature(case, entry, proofs) for entry in listed if not (entry.is_timestamp and entry.embedded)]
    judged = [_soften(case, item, judged) for item in judged]
    reasons = (*notes, *notes_on_stamps, *_whole_file(case, listed, judged))
    found = tuple(item.finding for item in judged)
    roles = {item.role for item in found if item.passed}
    counts = case.signatories is not None
    return Judgement(
        "pdf",
        judge(found, reasons),
        "person" in roles if counts else None,
        "organisation" in roles if counts else None,
        found,
        reasons,
    )


def _signature(case: Case, entry: Entry, proofs: tuple[Proof, ...]) -> _Judged:
    """Judge one signature; whatever its bytes make a parser raise concerns this one alone."""
    if entry.embedded is None:
        return _Judged(_unreadable(entry))
    try:
        return _readable(case, entry, entry.embedded, proofs)
    except Exception as error:  # noqa: BLE001  see above
        return _Judged(_unreadable(replace(entry, embedded=None, problem=type(error).__name__)))


def _readable(case: Case, entry: Entry, embedded: EmbeddedPdfSignature, proofs: tuple[Proof, ...]) -> _Judged:
    examined = examine(embedded, case.pdf)
    revision = int(embedded.signed_revision)
    stamp, stamp_reasons = own_stamp(case, embedded, proofs)
    times = [time for time in (stamp, proven_time(case, revision, proofs)) if time]
    chain, revocation, chain_reasons = signer_certificate(case, examined, min(times, default=None))
    changes, difference, change_reasons = _changes(case, embedded, examined)
    reasons = (*examined.reasons, *chain_reasons, *change_reasons, *stamp_reasons)
    if stamp and examined.claimed_time and abs(examined.claimed_time - stamp - VIETNAM) < _ABOUT:
        reasons = (*reasons, Reason("local-time-labelled-utc"))
    leaf = examined.certificate
    fingerprint = leaf.sha256.hex() if leaf else None
    signatory = (case.signatories or {}).get(fingerprint or "")
    stamped = stamp or min((time for covered, time in proofs if covered >= revision), default=None)
    indication, sub_indication = worst(reasons)
    finding = SignatureFinding(
        id=entry.name,
        role=signatory.role if signatory else "unknown",
        signer=certificates.subject(leaf) if leaf else None,
        issuer=certificates.subject(leaf, issuer=True) if leaf else None,
        indication=indication,
        sub_indication=sub_indication,
        level=_level(case, entry, stamped, proofs),
        claimed_time=examined.claimed_time,
        timestamp=stamped,
        integrity=examined.integrity,
        covers=examined.covers,
        changes_after=changes,
        trust=chain.trust,
        revocation=revocation,
        weak=tuple(sorted({*examined.weak, *certificates.weak_hashes(chain.path)})),
        reasons=reasons,
        fingerprint=fingerprint,
        agency=signatory.agency if signatory else None,
        visible=_visible(entry),
    )
    return _Judged(finding, embedded, difference)


def _unreadable(entry: Entry) -> SignatureFinding:
    unsupported = entry.kind is not None and entry.kind not in SIGNATURE_KINDS and entry.kind != TIMESTAMP_KIND
    code = "unsupported-signature" if unsupported else "unreadable-signature"
    if entry.problem == "outside":
        code = "signature-outside-form"
    reason = Reason(code, f"{entry.name} {entry.problem}".strip())
    indication, sub_indication = worst((reason,))
    return SignatureFinding(
        id=entry.name,
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
        reasons=(reason,),
        fingerprint=None,
        agency=None,
        visible=_visible(entry),
    )


def _visible(entry: Entry) -> bool:
    try:
        return bool(boxes_of(entry.field))
    except Exception:  # noqa: BLE001  a field too broken to say where it is
        return False


def _changes(
    case: Case,
    embedded: EmbeddedPdfSignature,
    examined: Examined,
) -> tuple[Changes, DiffResult | None, tuple[Reason, ...]]:
    """Say what came after the signature; an analysis that fails leaves the cryptographic findings as they are."""
    if examined.covers == "partial":
        return "other", None, ()
    try:
        result = review(embedded)
        if isinstance(result, DiffResult):
            permitted = embedded.docmdp_level
            if permitted is None or result.modification_level.value <= permitted.value:
                return _CHANGES[result.modification_level], result, ()
    except Exception as error:  # noqa: BLE001  RecursionError and KeyError are known on long and on LTV files
        return "other", None, (Reason("modification-check-failed", type(error).__name__),)
    try:
        detail = describe(case.reader, embedded.signed_revision)
    except Exception:  # noqa: BLE001  that it was changed is established; only what cannot be told
        detail = ""
    return "other", None, (Reason("changed-after-signing", detail),)


def _soften(case: Case, item: _Judged, judged: list[_Judged]) -> _Judged:
    """Turn "changed" into "numbered" or "not explained" where that is positively the case (contract.md, unknown)."""
    changed = next((reason for reason in item.finding.reasons if reason.code == "changed-after-signing"), None)
    if changed is None or item.embedded is None:
        return item
    revision = int(item.embedded.signed_revision)
    later = [
        other
        for other in judged
        if other.finding.passed and other.embedded and other.embedded.signed_revision > revision
    ]
    passed = frozenset(other.finding.id for other in later)
    try:
        if any(_numbered(case, item.embedded, other, passed) for other in later):
            code, after = "numbered-after-signing", "annotations"
        elif nothing_shown(case.reader, revision, passed):
            code, after = "changes-not-explained", "other"
        else:
            return item
    except Exception:  # noqa: BLE001  no positive evidence: it stays "changed"
        return item
    reasons = tuple(Reason(code, changed.detail) if reason is changed else reason for reason in item.finding.reasons)
    indication, sub_indication = worst(reasons)
    finding = replace(
        item.finding,
        reasons=reasons,
        indication=indication,
        sub_indication=sub_indication,
        changes_after=cast("Changes", after),
    )
    return replace(item, finding=finding)


def _numbered(case: Case, embedded: EmbeddedPdfSignature, seal: _Judged, passed: frozenset[str]) -> bool:
    """Tell whether `seal` is an organisation's, over a revision that only adds number and date."""
    if seal.embedded is None or (case.signatories is not None and seal.finding.role != "organisation"):
        return False
    return only_numbered(
        case.reader,
        case.pdf,
        (embedded.signed_revision, _end(embedded)),
        (seal.embedded.signed_revision, _end(seal.embedded)),
        passed,
    )


def _end(embedded: EmbeddedPdfSignature) -> int:
    return int(embedded.byte_range[2]) + int(embedded.byte_range[3])


def _whole_file(case: Case, listed: list[Entry], judged: list[_Judged]) -> tuple[Reason, ...]:
    """List what concerns the file: marks after the last seal, and bytes after the last signature."""
    reasons: list[Reason] = []
    if trailing := _trailing(case, listed):
        reasons.append(Reason("trailing-bytes", str(trailing)))
    analysed = [item for item in judged if item.difference]
    seals = [item for item in analysed if item.finding.role == "organisation"]
    seals = seals or [item for item in analysed if item.finding.passed]
    if seals and seals[-1].embedded and seals[-1].difference:
        try:
            reasons += after_seal(case.reader, seals[-1].embedded.signed_revision, seals[-1].difference)
        except Exception as error:  # noqa: BLE001  what cannot be listed is not known to be harmless
            reasons.append(Reason("modification-check-failed", type(error).__name__))
    return tuple(reasons)


def _trailing(case: Case, listed: list[Entry]) -> int:
    """Return how many bytes follow the last revision: a file that was cut off, or something glued to it."""
    framed = [entry.embedded for entry in listed if entry.embedded and frames_its_contents(entry.embedded, case.pdf)]
    last = max(framed, key=_end, default=None)
    if last is not None and (_end(last) == len(case.pdf) or last.signed_revision == case.reader.last_revision):
        return len(case.pdf) - _end(last)
    return len(case.pdf[case.pdf.rfind(b"%%EOF") + len(b"%%EOF") :].strip())


def _level(case: Case, entry: Entry, stamped: datetime | None, proofs: tuple[Proof, ...]) -> Level:
    """Name the PAdES baseline level (ETSI EN 319 142-1) by what is there; adbe.pkcs7 signatures are "legacy"."""
    if entry.kind != PADES_KIND:
        return "legacy"
    if stamped is None:
        return "B-B"
    store = entry_of(case.reader.root, "/DSS")
    if not any(array(store, key) for key in ("/CRLs", "/OCSPs")):
        return "B-T"
    written = case.reader.xrefs.get_last_change(store.container_ref)
    return "B-LTA" if any(revision >= written for revision, _time in proofs) else "B-LT"
