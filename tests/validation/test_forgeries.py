"""Every forgery is seen, every honest update is not taken for one: the registry of `forgeries` before our judge."""

import pytest
from tests.validation.conftest import NOW, Pki
from tests.validation.forgeries import HOLES, VARIANTS
from tests.validation.forgeries.kinds import BASES, Base, Variant, good

from vanthu_cli.validation.pdf import judge_pdf


def _case(variant: Variant) -> object:
    marks = [pytest.mark.xfail(reason=HOLES[variant.id], strict=True)] if variant.id in HOLES else []
    return pytest.param(variant, id=variant.id, marks=marks)


@pytest.mark.parametrize("base", BASES)
def test_what_attacks_start_from_is_valid(base: Base, pki: Pki) -> None:
    assert judge_pdf(good(pki, base), pki.trust(), pki.signatories, now=NOW).verdict == "valid"


@pytest.mark.parametrize("variant", [_case(variant) for variant in VARIANTS])
def test_forgeries_are_seen_and_honest_updates_are_not_accused(variant: Variant, pki: Pki) -> None:
    pdf = variant.file(pki)
    assert pdf != good(pki, variant.base, variant.plant)
    judgement = judge_pdf(pdf, pki.trust(), pki.signatories, now=NOW)
    assert judgement.verdict in variant.allowed
    if judgement.verdict == "unknown":
        assert judgement.reasons or any(found.reasons for found in judgement.signatures)


def test_every_variant_has_a_name_of_its_own_and_every_hole_a_variant() -> None:
    names = [variant.id for variant in VARIANTS]
    assert len(set(names)) == len(names)
    assert set(names) >= HOLES.keys()
