"""Judge the signatures of a PDF: a file in, `Judgement` out; never raises for bad input, never opens a socket.

By the recipe of files.py, after: strict parsing, else lenient (then never valid); signature fields listed one by one, so that an
unreadable one hides no other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from asn1crypto import x509
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from vanthu_cli.validation import chains
from vanthu_cli.validation.afterwards import Judged, Opened, changes_after, filled, soften, whole_file, with_changes
from vanthu_cli.validation.chains import Evidence
from vanthu_cli.validation.cms_checks import Examined, enclosed
from vanthu_cli.validation.findings import Judgement, Level, SignatureFinding, judge
from vanthu_cli.validation.graph import array, entry_of
from vanthu_cli.validation.marks import boxes_of
from vanthu_cli.validation.pdf_checks import end
from vanthu_cli.validation.pdf_times import Proof, Times, times_of
from vanthu_cli.validation.pictures import compared, comparisons
from vanthu_cli.validation.proof import Case, Standing, finding, turning_points, unjudged, wanting
from vanthu_cli.validation.reader import LockedError, Reader, open_pdf
from vanthu_cli.validation.reasons import Reason
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


def judge_pdf(
    pdf: bytes | Path,
    trust: Trust,
    signatories: Mapping[str, Signatory] | None,
    *,
    now: datetime,
    at: datetime | None = None,
    known_since: datetime | None = None,
    password: str | None = None,
    pictures: bool = False,
) -> Judgement:
    """Judge every signature of `pdf` at `at`, or `now`; all times aware. A path is read in slices, never as a whole.

    `signatories` maps the SHA-256 (hex) of a certificate to its role and agency: a certificate that is not in it
    counts for neither role; None (nothing configured) leaves person_signed and organisation_signed open.
    `known_since` is when our own register first held exactly these bytes: a proof that they existed then.
    `password`, the user's or the owner's, opens an encrypted file; None leaves it closed, even if "" would open it.
    `pictures` asks for pages as signed and as today, for a report. Any failure is a verdict "unknown" with a reason.
    """
    try:
        with open_stretch(pdf) as stretch:
            if b"%PDF-" not in bytes(stretch[:_HEADER]):
                return _without_signatures("unknown", Reason("not-a-pdf"), signatories)
            return _judge(stretch, trust, signatories, (at or now, known_since), password, pictures=pictures)
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
    *,
    pictures: bool,
) -> Judgement:
    """Judge an open file at the first of `times`; the second is when our own register first held it."""
    reader, listed, notes = _open(pdf, password)
    if len(listed) > _MOST_SIGNATURES:
        return _without_signatures("pdf", Reason("too-many-signatures", str(len(listed))), signatories)
    known = None if signatories is None else {_plain(key): value for key, value in signatories.items()}
    opened = Opened(pdf, password, reader)
    case = Case(_evidence(trust, reader, listed), trust, known, *times)
    proven = times_of(case, pdf, listed)
    judged = [
        _signature(case, opened, entry, proven, place)
        for place, entry in enumerate(listed)
        if not (entry.is_timestamp and entry.embedded)
    ]
    judged = [soften(opened, item, judged, roles_known=known is not None) for item in judged]
    if pictures:
        judged = [with_changes(opened, item) for item in judged]
    judged = filled(opened, judged, frozenset(entry.name for entry in listed))
    reasons = (*notes, *proven.reasons, *whole_file(opened, listed, judged))
    if judge((), reasons) == "unsigned":  # nothing speaks against the file as a whole
        judged, looked = compared(opened, judged)
        reasons = (*reasons, *looked)
    found = tuple(item.finding for item in judged)
    if judge(found, reasons) == "unknown" and not any((reasons, *(each.reasons for each in found))):
        reasons = (Reason("filled-after-signing"),)
    roles = {item.role for item in found if item.passed}
    standings = [item.standing for item in judged if item.standing]
    held = [each for one in standings for each in _certificates(one.examined)]
    held += [each for token in proven.tokens for each in (token.certificate, *token.embedded_certificates)]
    return Judgement(
        "pdf",
        judge(found, reasons),
        "person" in roles if known is not None else None,
        "organisation" in roles if known is not None else None,
        found,
        reasons,
        stamps=tuple(time for _revision, time in proven.document),
        turning_points=turning_points(case, held) if listed else (),
        wanting=wanting(standings),
        comparisons=tuple(comparisons(opened, judged)) if pictures else (),
    )


def _certificates(examined: Examined) -> Iterator[x509.Certificate]:
    if examined.certificate is not None:
        yield examined.certificate
    yield from examined.embedded_certificates


def _evidence(trust: Trust, reader: Reader, listed: Sequence[Entry]) -> Evidence:
    """Put together our own trust and what the document carries."""
    own = chains.evidence_of(trust)
    if not listed:
        return own
    embedded, crls, ocsps = validation_data(reader)
    inside = [enclosed(entry.embedded.signed_data) for entry in listed if entry.embedded]
    crls += [each for lists, _answers in inside for each in lists]
    ocsps += [each for _lists, answers in inside for each in answers]
    return Evidence(own.anchors, (*own.others, *embedded[:_MOST_EMBEDDED]), (*own.crls, *crls), (*own.ocsps, *ocsps))


def _signature(case: Case, opened: Opened, entry: Entry, times: Times, place: int) -> Judged:
    """Judge one signature; whatever its bytes make a parser raise concerns this one alone."""
    if entry.embedded is None:
        return Judged(_unreadable(entry))
    found: Standing | Exception = times.standings[place]
    if isinstance(found, Standing):
        try:
            return _readable(case, opened, (entry, entry.embedded), found, times)
        except Exception as error:  # noqa: BLE001  see above
            found = error
    return Judged(_unreadable(replace(entry, embedded=None, problem=type(found).__name__)))


def _readable(
    case: Case, opened: Opened, signature: tuple[Entry, EmbeddedPdfSignature], stood: Standing, times: Times
) -> Judged:
    entry, embedded = signature
    covers = stood.examined.covers
    changes, difference, reasons = changes_after(opened, embedded, covers)
    stamped = stood.stamp or times.stamped(int(embedded.signed_revision))
    found = finding(
        case,
        entry.name,
        stood,
        level=_level(opened.reader, entry, stamped, times.document),
        stamped=stamped,
        changes_after=changes,
        reasons=reasons,
        visible=_visible(entry),
        signed_bytes=None if covers == "partial" else end(embedded),
    )
    return Judged(found, embedded, difference, stood)


def _unreadable(entry: Entry) -> SignatureFinding:
    unsupported = entry.kind is not None and entry.kind not in SIGNATURE_KINDS and entry.kind != TIMESTAMP_KIND
    code = "unsupported-signature" if unsupported else "unreadable-signature"
    if entry.problem == "outside":
        code = "signature-outside-form"
    return unjudged(entry.name, Reason(code, f"{entry.name} {entry.problem}".strip()), visible=_visible(entry))


def _visible(entry: Entry) -> bool:
    try:
        return bool(boxes_of(entry.field))
    except Exception:  # noqa: BLE001  a field too broken to say where it is
        return False


def _level(reader: Reader, entry: Entry, stamped: datetime | None, proofs: Sequence[Proof]) -> Level:
    """Name the PAdES baseline level (ETSI EN 319 142-1) by what is there; adbe.pkcs7 signatures are "legacy"."""
    if entry.kind != PADES_KIND:
        return "legacy"
    if stamped is None:
        return "B-B"
    store = entry_of(reader.root, "/DSS")
    if not any(array(store, key) for key in ("/CRLs", "/OCSPs")):
        return "B-T"
    written = reader.xrefs.get_last_change(store.container_ref)
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
