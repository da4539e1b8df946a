"""What came after a signature, weighed: for each signature by itself, by the light of later ones, and for the file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile

from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from vanthu_cli.validation.changes import after_seal, filled_between, review
from vanthu_cli.validation.findings import Change, Changes, Covers, SignatureFinding
from vanthu_cli.validation.pdf_checks import end, frames_its_contents
from vanthu_cli.validation.proof import Standing, with_reasons
from vanthu_cli.validation.reader import Reader
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.signed_pdf import Entry
from vanthu_cli.validation.stretch import Stretch
from vanthu_cli.validation.suspicions import differences, nothing_shown, only_numbered, unused

_CHANGES: dict[ModificationLevel, Changes] = {
    ModificationLevel.NONE: "none",
    ModificationLevel.LTA_UPDATES: "ltv",
    ModificationLevel.FORM_FILLING: "form-filling",
    ModificationLevel.ANNOTATIONS: "annotations",
    ModificationLevel.OTHER: "other",
}


_ISSUING = 2
_ANY, _MOST = 0.0, 0.8
"""Share of an earlier signature's mark that a later one may cover: a receiver's nothing; a seal some of its leader's name."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A PDF as it is read: its bytes, the password that opened it, pyHanko's reader."""

    pdf: Stretch
    password: str | None
    reader: Reader


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding together with what later steps need of the signature."""

    finding: SignatureFinding
    embedded: EmbeddedPdfSignature | None = None
    difference: DiffResult | None = None
    standing: Standing | None = None


def changes_after(
    opened: Opened, embedded: EmbeddedPdfSignature, covers: Covers
) -> tuple[Changes, DiffResult | None, tuple[Reason, ...]]:
    """(Recipe, step 9.) Say what came after the signature; an analysis that fails leaves the cryptographic findings as they are."""
    if covers == "partial":
        return "other", None, ()
    try:
        result = review(embedded)
        if isinstance(result, DiffResult):
            permitted = embedded.docmdp_level
            if permitted is None or result.modification_level.value <= permitted.value:
                changes = _CHANGES[result.modification_level]
                return changes, result, (Reason("annotated-after-signing"),) if changes == "annotations" else ()
    except Exception as error:  # noqa: BLE001  RecursionError and KeyError are known on long and on LTV files
        return "other", None, (Reason("modification-check-failed", type(error).__name__),)
    every = listed(opened, embedded)
    detail = ", ".join(each.brief for each in every if each.kind != "signed") or ", ".join(each.brief for each in every)
    return "other", None, (Reason("changed-after-signing", detail),)


def listed(opened: Opened, embedded: EmbeddedPdfSignature) -> tuple[Change, ...]:
    """List what came after the signature, for a person; empty where it cannot be told."""
    if embedded.signed_revision == opened.reader.last_revision:
        return ()
    try:
        return differences(opened.reader, int(embedded.signed_revision))
    except Exception:  # noqa: BLE001  whether it was changed is established elsewhere; only what cannot be told
        return ()


def with_changes(opened: Opened, item: Judged) -> Judged:
    """Return the same with what came after the signature, which only a report shows."""
    if item.embedded is None:
        return item
    return replace(item, finding=replace(item.finding, changes=listed(opened, item.embedded)))


def soften(opened: Opened, item: Judged, judged: list[Judged], *, roles_known: bool) -> Judged:
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
        seals = [other for other in later if not roles_known or other.finding.role == "organisation"]
        if any(_numbered(opened, item.embedded, other, passed) for other in seals):
            code, after = "numbered-after-signing", "annotations"
        elif item.embedded.docmdp_level is MDPPerm.ANNOTATE and nothing_shown(
            opened.reader, revision, passed, notes=True
        ):
            code, after = "annotated-after-signing", "annotations"
        elif nothing_shown(opened.reader, revision, passed):
            code, after = "changes-not-explained", "other"
        else:
            return item
    except Exception:  # noqa: BLE001  no positive evidence: it stays "changed"
        return item
    reasons = tuple(Reason(code, changed.detail) if reason is changed else reason for reason in item.finding.reasons)
    return replace(item, finding=with_reasons(item.finding, reasons, changes_after=after))


def _numbered(opened: Opened, embedded: EmbeddedPdfSignature, seal: Judged, passed: frozenset[str]) -> bool:
    """Tell whether `seal` is over a revision that only adds number and date."""
    return seal.embedded is not None and only_numbered(
        opened.reader,
        opened.pdf,
        (embedded.signed_revision, end(embedded)),
        (seal.embedded.signed_revision, end(seal.embedded)),
        passed,
        password=opened.password,
    )


def whole_file(opened: Opened, entries: list[Entry], judged: list[Judged]) -> tuple[Reason, ...]:
    """List what concerns the file: marks after the last seal, and bytes after the last signature."""
    reasons: list[Reason] = []
    if trailing := _trailing(opened, entries):
        reasons.append(Reason("trailing-bytes", str(trailing)))
    analysed = [item for item in judged if item.difference]
    issuing = issuers(judged)
    seals = [item for item in analysed if item.finding.id in issuing]
    known = any(item.finding.role == "organisation" for item in seals)
    try:
        if seals and seals[-1].embedded and seals[-1].difference:
            share, sealed = (_ANY if known else _MOST), int(seals[-1].embedded.signed_revision)
            reasons += after_seal(opened.reader, sealed, seals[-1].difference, share, sealed=known)
        signed = [entry.embedded.signed_revision for entry in entries if entry.embedded]
        if signed and (count := unused(opened.reader, max(signed))):
            reasons.append(Reason("unused-objects", str(count)))
    except Exception as error:  # noqa: BLE001  what cannot be listed is not known to be harmless
        reasons.append(Reason("modification-check-failed", type(error).__name__))
    return tuple(reasons)


def filled(opened: Opened, judged: Sequence[Judged], signatures: frozenset[str]) -> list[Judged]:
    """Note at each signature the form fields filled before the last one: permitted, but nobody's who signed here.

    `signatures` names the signature fields.
    """
    found = []
    revisions = sorted(
        {int(item.embedded.signed_revision) for item in judged if item.embedded and item.finding.integrity}
    )
    for item in judged:
        later = [each for each in revisions if item.embedded and each > item.embedded.signed_revision]
        if not later or item.embedded is None or item.difference is None or item.finding.failed:
            found.append(item)
            continue
        try:
            names = set(map(str, item.difference.changed_form_fields)) - signatures
            more = filled_between(opened.reader, (int(item.embedded.signed_revision), later[-1]), names)
        except Exception as error:  # noqa: BLE001  what cannot be listed is not known to be harmless
            more = (Reason("modification-check-failed", type(error).__name__),)
        reasons = (*item.finding.reasons, *more)
        found.append(replace(item, finding=with_reasons(item.finding, reasons)) if more else item)
    return found


def issuers(judged: Sequence[Judged]) -> list[str]:
    """Name the signatures of the issuing side; those after its last are receivers' stamps.

    It is the organisation that signed first, where our directory tells; else the first two signers, each as long as no other
    signs in between: a leader and the agency.
    """
    found = [item.finding for item in judged if item.finding.fingerprint]
    seals = [each for each in found if each.role == "organisation"]
    if seals:
        return [each.id for each in seals if each.agency == seals[0].agency]
    signers = list(dict.fromkeys(each.fingerprint for each in found))[:_ISSUING]
    return [each.id for each in takewhile(lambda each: each.fingerprint in signers, _in_runs(found))]


def _in_runs(found: Sequence[SignatureFinding]) -> Iterator[SignatureFinding]:
    """Yield signatures up to where one who has signed before comes again after another."""
    ended: set[str | None] = set()
    for before, each in pairwise([None, *found]):
        if each is None or each.fingerprint in ended:
            return
        yield each
        if before is not None and before.fingerprint != each.fingerprint:
            ended.add(before.fingerprint)


def _trailing(opened: Opened, entries: list[Entry]) -> int:
    """Return how many bytes follow the last revision: a file that was cut off, or something glued to it."""
    framed = [entry.embedded for entry in entries if entry.embedded and frames_its_contents(entry.embedded, opened.pdf)]
    last = max(framed, key=end, default=None)
    if last is not None and (end(last) == len(opened.pdf) or last.signed_revision == opened.reader.last_revision):
        return len(opened.pdf) - end(last)
    return len(bytes(opened.pdf[opened.pdf.rfind(b"%%EOF") + len(b"%%EOF") :]).strip())
