"""Every forgery is seen, every honest update is not taken for one: the registry of `forgeries` before our judge."""

import pytest
from tests.validation.conftest import NOW, Pki
from tests.validation.forgeries import VARIANTS
from tests.validation.forgeries.kinds import BASES, Base, Variant, good

from vanthu_cli.procedures.examine import Examiner, Question
from vanthu_cli.validation.pdf import judge_pdf


@pytest.mark.parametrize("base", BASES)
def test_what_attacks_start_from_is_valid(base: Base, pki: Pki) -> None:
    assert judge_pdf(good(pki, base), pki.trust(), pki.signatories, now=NOW).verdict == "valid"


SIGNED = [variant for variant in VARIANTS if "signed" in variant.family or "stamped" in variant.family]


@pytest.mark.parametrize("variant", SIGNED, ids=[variant.id for variant in SIGNED])
def test_nobody_needs_to_be_known_to_see_what_a_later_signer_covers(variant: Variant, pki: Pki) -> None:
    judgement = judge_pdf(variant.file(pki), pki.trust(), None, now=NOW)
    assert judgement.verdict != "valid" or "valid" in variant.allowed


@pytest.mark.parametrize("variant", VARIANTS, ids=[variant.id for variant in VARIANTS])
def test_forgeries_are_seen_and_honest_updates_are_not_accused(variant: Variant, pki: Pki) -> None:
    pdf = variant.file(pki)
    assert pdf != good(pki, variant.base, variant.plant)
    judgement = judge_pdf(pdf, pki.trust(), pki.signatories, now=NOW)
    assert judgement.verdict in variant.allowed
    if judgement.verdict == "unknown":
        assert judgement.reasons or any(found.reasons for found in judgement.signatures)


def test_every_variant_has_a_name_of_its_own() -> None:
    names = [variant.id for variant in VARIANTS]
    assert len(set(names)) == len(names)


def test_what_is_said_of_them_reaches_another_process(pki: Pki) -> None:
    """A finding is plain values: a string of the PDF library would drag the open file along."""
    examiner = Examiner("en")
    try:
        for variant in VARIANTS[::12]:
            asked = Question("x.pdf", variant.file(pki), frozenset({"judge"}), pki.trust(), pki.signatories, NOW)
            found = examiner(asked)
            assert (found.fault, found.judgement is None) == (None, False), variant.id
    finally:
        examiner.close()
