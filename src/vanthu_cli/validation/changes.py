"""What was changed after a signature: pyHanko's difference analysis with our guards, and our own look at marks.

difference-analysis.md section 3 and number-and-seal.md A5 have the attacks that pyHanko 0.38 alone lets through.
"""

from typing import Any, cast

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    DiffResult,
    StandardDiffPolicy,
    SuspiciousModification,
)
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from vanthu_cli.validation.graph import Key, entry_of, value_of
from vanthu_cli.validation.marks import Mark, marks
from vanthu_cli.validation.reader import Reader, Resolver
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.suspicions import drawn_by_mark, form_looks_otherwise, touched

_DEEPEST = 32
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


def after_seal(reader: Reader, revision: int, result: DiffResult, share: float, *, sealed: bool) -> tuple[Reason, ...]:
    """List what was put on or filled in after the signature of `revision`, the last of the issuing side.

    A new unsigned field, a mark over an earlier signature's mark, one large enough to hide text, a form field with a
    new value: pyHanko permits them all (number-and-seal.md A5; contract.md, "after the last organisation signature").
    Later signatures may cover less than `share` of an earlier one's mark. `sealed`: it is known to be an organisation's.
    """
    if revision == reader.last_revision:
        return ()
    old, new = reader.get_historical_resolver(revision), reader.get_historical_resolver(reader.last_revision)
    before, now = marks(old), marks(new)
    protected = [mark for mark in before.values() if mark.signed]
    reasons = [
        Reason(code, mark.describe())
        for key, mark in now.items()
        if (key not in before or before[key].signed != mark.signed) and (code := _offence(mark, protected, share))
    ]
    fields = {mark.name: mark for mark in before.values()}
    for name in refilled(reader, (revision, reader.last_revision), set(map(str, result.changed_form_fields))):
        altered = sealed and name in fields and fields[name].filled
        reasons.append(Reason("field-altered" if altered else "field-filled", name))
    if form_looks_otherwise(reader, revision, reader.last_revision):
        reasons.append(Reason("form-look-altered"))
    return tuple(reasons)


def filled_between(reader: Reader, revisions: tuple[int, int], fields: set[str]) -> tuple[Reason, ...]:
    """List form fields that came to look or say otherwise between two signatures, though the later one is over it."""
    names = refilled(reader, revisions, fields)
    if not names and form_looks_otherwise(reader, *revisions):
        names = ["/AcroForm"]
    return (Reason("filled-between", ", ".join(names)),) if names else ()


def refilled(reader: Reader, revisions: tuple[int, int], fields: set[str]) -> list[str]:
    """Return those fields that have another value or look than in the first revision: pyHanko also names untouched ones."""
    if not fields:
        return []
    written = touched(reader, *revisions)
    old, new = (reader.get_historical_resolver(revision) for revision in revisions)
    now = marks(new)
    keys = {mark.name: key for key, mark in now.items()}
    signatures = {mark.name for mark in (*marks(old).values(), *now.values()) if mark.kind == "/Sig"}
    found = []
    for name in sorted(fields - signatures):
        key = keys.get(name)
        if key is None and revisions[1] != reader.last_revision:
            continue  # it came later
        direct = key is None or key[0] == "direct"
        if written and (direct or written & drawn_by_mark(new, key) or _value_touched(new, key, written)):
            found.append(name)
    return found


def _value_touched(new: Resolver, key: Any, written: set[Key]) -> bool:
    """Tell whether the value of a field, its own or its parent's, was written later."""
    field, steps = value_of(new, key[:2]), 0
    while isinstance(field, generic.DictionaryObject) and steps < _DEEPEST:
        raws = [field.raw_get(name) for name in ("/Parent", "/V") if name in field]
        named = [each for each in raws if isinstance(each, generic.IndirectObject)]
        if any((each.idnum, each.generation) in written for each in named):
            return True
        field, steps = entry_of(field, "/Parent"), steps + 1
    return False


def _offence(mark: Mark, protected: list[Mark], share: float) -> str | None:
    over = any(mark.overlaps(other) for other in protected)
    if mark.area == 0:
        return None
    if mark.kind == "/Sig" and not mark.signed:
        return "unsigned-field-over-mark" if over else "unsigned-field-added"
    if any(mark.overlaps(other) and mark.covers(other) >= share for other in protected):
        return "mark-covered"
    return "large-mark-added" if mark.area > _LARGE * mark.page_area else None
