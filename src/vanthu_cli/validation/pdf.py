"""Judge the signatures of a PDF: a file in, `Judgement` out; never raises for bad input, never opens a socket.

The recipe: 1. parse strictly, else leniently (then never valid). 2. List the signature fields one by one.
3. Per signature: bytes, cryptography, proven time, chain and revocation at that time, changes after it.
4. For the whole file: what came after the organisation's last signature. 5. `findings.judge`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from vanthu_cli.validation import chains
from vanthu_cli.validation.afterwards import Judged, changes_after, soften, whole_file
from vanthu_cli.validation.chains import Evidence
from vanthu_cli.validation.cms_checks import examine
from vanthu_cli.validation.findings import Judgement, Level, SignatureFinding, judge
from vanthu_cli.validation.graph import array, entry_of
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
from vanthu_cli.validation.reader import LockedError, Reader, open_pdf
from vanthu_cli.validation.reasons import Reason, worst
from vanthu_cli.validation.signed_pdf import (
    PADES_KIND,
    SIGNATURE_KINDS,
    TIMESTAMP_KIND,
    Entry,
    entries,
    form_entries,
    validation_data,
)
from vanthu_cli.validation.stretch import Stretch, open_stretch
from vanthu_cli.validation.trust import Signatory, Trust

_HEADER = 1024
"""Bytes within which a PDF's header stands (ISO 32000-1, Annex H, implementation note 13)."""
_MOST_SIGNATURES = 64
_MOST_EMBEDDED = 32
_ABOUT = timedelta(minutes=10)


def judge_pdf(
    pdf: bytes | Path,
    trust: Trust,
    signatories: Mapping[str, Signatory] | None,
    *,
    now: datetime,
    at: datetime | None = None,
    known_since: datetime | None = None,
    password: str | None = None,
) -> Judgement:
    """Judge every signature of `pdf` at `at`, or `now`; all times aware. A path is read in slices, never as a whole.

    `signatories` maps the SHA-256 (hex) of a certificate to its role and agency: a certificate that is not in it
    counts for neither role; None (nothing configured) leaves person_signed and organisation_signed open.
    `known_since` is when our own register first held exactly these bytes: a proof that they existed then.
    `password`, the user's or the owner's, opens an encrypted file; None leaves it closed, even if "" would open it.
    Any failure is a verdict "unknown" with a reason.
    """
    try:
        with open_stretch(pdf) as stretch:
            if b"%PDF-" not in bytes(stretch[:_HEADER]):
                return _without_signatures("unknown", Reason("not-a-pdf"), signatories)
            return _judge(stretch, trust, signatories, (at or now, known_since), password)
    except LockedError:
        return _without_signatures("pdf", Reason("encrypted"), signatories)
    except OSError as error:
        return _without_signatures("unknown", Reason("file-unreadable", error.strerror or ""), signatories)
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


def _open(pdf: Stretch, password: str | None) -> tuple[Reader, list[Entry], tuple[Reason, ...]]:
    try:
        reader = open_pdf(pdf, strict=True, password=password)
        return reader, entries(reader), ()
    except LockedError:
        raise
    except Exception:  # noqa: BLE001  seen besides PdfReadError: ValueError, KeyError, AssertionError, RecursionError
        reader = open_pdf(pdf, strict=False, password=password)
        hybrid = reader.xrefs.hybrid_xrefs_present
        return reader, entries(reader), (Reason("hybrid-references" if hybrid else "read-leniently"),)


def _judge(
    pdf: Stretch,
    trust: Trust,
    signatories: Mapping[str, Signatory] | None,
    times: tuple[datetime, datetime | None],
    password: str | None,
) -> Judgement:
    """Judge an open file at the first of `times`; the second is when our own register first held it."""
    reader, listed, notes = _open(pdf, password)
    if len(listed) > _MOST_SIGNATURES:
        return _without_signatures("pdf", Reason("too-many-signatures", str(len(listed))), signatories)
    known = None if signatories is None else {_plain(key): value for key, value in signatories.items()}
    evidence = _evidence(trust, reader) if listed else chains.Evidence((), ())
    case = Case(pdf, password, reader, evidence, trust, known, *times)
    proofs, notes_on_stamps = document_time_stamps(case, listed)
    judged = [_signature(case, entry, proofs) for entry in listed if not (entry.is_timestamp and entry.embedded)]
    judged = [soften(case, item, judged) for item in judged]
    reasons = (*notes, *notes_on_stamps, *whole_file(case, listed, judged))
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


def _evidence(trust: Trust, reader: Reader) -> Evidence:
    """Put together our own trust and what the document carries."""
    own = chains.evidence_of(trust)
    embedded, crls, ocsps = validation_data(reader)
    return Evidence(own.anchors, (*own.others, *embedded[:_MOST_EMBEDDED]), (*own.crls, *crls), tuple(ocsps))


def _signature(case: Case, entry: Entry, proofs: tuple[Proof, ...]) -> Judged:
    """Judge one signature; whatever its bytes make a parser raise concerns this one alone."""
    if entry.embedded is None:
        return Judged(_unreadable(entry))
    try:
        return _readable(case, entry, entry.embedded, proofs)
    except Exception as error:  # noqa: BLE001  see above
        return Judged(_unreadable(replace(entry, embedded=None, problem=type(error).__name__)))


def _readable(case: Case, entry: Entry, embedded: EmbeddedPdfSignature, proofs: tuple[Proof, ...]) -> Judged:
    examined = examine(embedded, case.pdf)
    revision = int(embedded.signed_revision)
    stamp, stamp_reasons = own_stamp(case, embedded, proofs)
    times = [time for time in (stamp, proven_time(case, revision, proofs)) if time]
    chain, revocation, chain_reasons = signer_certificate(case, examined, min(times, default=None))
    changes, difference, change_reasons = changes_after(case, embedded, examined)
    reasons = (*examined.reasons, *chain_reasons, *change_reasons, *stamp_reasons)
    if stamp and examined.claimed_time and abs(examined.claimed_time - stamp - VIETNAM) < _ABOUT:
        reasons = (*reasons, Reason("local-time-labelled-utc"))
    leaf = examined.certificate
    fingerprint = leaf.sha256.hex() if leaf else None
    signatory = (case.signatories or {}).get(fingerprint or "")
    stamped = stamp or min((time for covered, time in proofs if covered >= revision), default=None)
    indication, sub_indication = worst(reasons)
    finding = SignatureFinding(
        id=str(entry.name),  # a plain str: the PDF object would drag the whole reader along to another process
        role=signatory.role if signatory else "unknown",
        signer=chains.subject(leaf) if leaf else None,
        issuer=chains.subject(leaf, issuer=True) if leaf else None,
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
        weak=tuple(sorted({*examined.weak, *chains.weak_hashes(chain.path)})),
        reasons=reasons,
        fingerprint=fingerprint,
        agency=signatory.agency if signatory else None,
        visible=_visible(entry),
    )
    return Judged(finding, embedded, difference)


def _unreadable(entry: Entry) -> SignatureFinding:
    unsupported = entry.kind is not None and entry.kind not in SIGNATURE_KINDS and entry.kind != TIMESTAMP_KIND
    code = "unsupported-signature" if unsupported else "unreadable-signature"
    if entry.problem == "outside":
        code = "signature-outside-form"
    reason = Reason(code, f"{entry.name} {entry.problem}".strip())
    indication, sub_indication = worst((reason,))
    return SignatureFinding(
        id=str(entry.name),  # a plain str: the PDF object would drag the whole reader along to another process
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


def signed_by(pdf: bytes | Path, password: str | None = None) -> tuple[str, ...]:
    """Return the SHA-256 (hex) of the signers' certificates in signing order, one for each signature.

    Nothing is verified. Time stamps and what cannot be read (signature, file, password) are left out, never an error.
    """
    try:
        with open_stretch(pdf) as stretch:
            listed = form_entries(open_pdf(stretch, strict=False, password=password))
            return tuple(fingerprint for entry in listed if (fingerprint := _fingerprint(entry)))
    except Exception:  # noqa: BLE001  hostile bytes: whatever a parser raises, no signer is known
        return ()


def _fingerprint(entry: Entry) -> str | None:
    if entry.embedded is None or entry.is_timestamp:
        return None
    try:
        return str(entry.embedded.signer_cert.sha256.hex())
    except Exception:  # noqa: BLE001  no certificate, or not the one the signature names
        return None
