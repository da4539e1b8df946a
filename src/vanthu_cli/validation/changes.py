"""What was changed after a signature: pyHanko's difference analysis with our guards, and our own look at marks.

difference-analysis.md section 3 and number-and-seal.md A5 have the attacks that pyHanko 0.38 alone lets through.
"""

from typing import cast

from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    DiffResult,
    StandardDiffPolicy,
    SuspiciousModification,
)
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from vanthu_cli.validation.marks import Mark, marks
from vanthu_cli.validation.reader import Reader, Resolver
from vanthu_cli.validation.reasons import Reason

_LARGE = 0.1
"""Share of a page above which an added mark may hide text: an arrival stamp takes some 3 %."""


class _GuardedPolicy(StandardDiffPolicy):
    """pyHanko's rules, and one more: a later revision defines nothing that the signed one names but leaves undefined.

    Without it a page whose /Parent or /Contents names an object that comes only after signing passes as unchanged.
    """

    def apply(
        self,
        old: HistoricalResolver,
        new: HistoricalResolver,
        field_mdp_spec: FieldMDPSpec | None = None,
        doc_mdp: MDPPerm | None = None,
    ) -> DiffResult:
        written = {(ref.idnum, ref.generation) for ref in new.explicit_refs_in_revision()}
        late = written & cast("Resolver", old).named_but_undefined
        if late:
            raise SuspiciousModification(f"objects {sorted(late)} were named before and defined after signing")
        return super().apply(old, new, field_mdp_spec, doc_mdp)


_POLICY = _GuardedPolicy(DEFAULT_DIFF_POLICY.global_rules, DEFAULT_DIFF_POLICY.form_rule)


def review(embedded: EmbeddedPdfSignature) -> DiffResult | SuspiciousModification:
    """Compare every later revision with the signed one; whatever pyHanko raises on hostile files is passed on."""
    embedded.coverage = embedded.evaluate_signature_coverage()  # type: ignore[assignment]  # pyHanko declares None
    return embedded.evaluate_modifications(_POLICY)


def after_seal(reader: Reader, revision: int, result: DiffResult) -> tuple[Reason, ...]:
    """List what was put on or filled in after the signature of `revision`, the last of an organisation.

    A new unsigned field, a mark over an earlier signature's mark, one large enough to hide text, a form field with a
    new value: pyHanko permits them all (number-and-seal.md A5; contract.md, "after the last organisation signature").
    """
    if revision == reader.last_revision:
        return ()
    old, new = reader.get_historical_resolver(revision), reader.get_historical_resolver(reader.last_revision)
    before, now = marks(old), marks(new)
    protected = [mark for mark in before.values() if mark.signed]
    reasons = [
        Reason(code, mark.describe())
        for key, mark in now.items()
        if (key not in before or before[key].signed != mark.signed) and (code := _offence(mark, protected))
    ]
    fields = {mark.name: mark for mark in before.values()}
    for name in sorted(map(str, result.changed_form_fields)):
        field = fields.get(name)
        if field is None or field.kind != "/Sig":
            reasons.append(Reason("field-altered" if field and field.filled else "field-filled", name))
    signature_fields = {mark.name for mark in now.values() if mark.kind == "/Sig"}
    return tuple(
        reason for reason in reasons if not (reason.code == "field-filled" and reason.detail in signature_fields)
    )


def _offence(mark: Mark, protected: list[Mark]) -> str | None:
    over = any(mark.overlaps(other) for other in protected)
    if mark.area == 0:
        return None
    if mark.kind == "/Sig" and not mark.signed:
        return "unsigned-field-over-mark" if over else "unsigned-field-added"
    if over:
        return "mark-covered"
    return "large-mark-added" if mark.area > _LARGE * mark.page_area else None
