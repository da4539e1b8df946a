import subprocess
import sys
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from vanthu_cli.validation import reasons as reasons_module
from vanthu_cli.validation.findings import Judgement, Reason, SignatureFinding, Verdict, as_json, judge, sentence
from vanthu_cli.validation.reasons import CODES, NOTES, weigh, worst

HANOI = timezone(timedelta(hours=7))

GOOD = SignatureFinding(
    id="ConDau",
    role="organisation",
    signer="CN=Tỉnh ủy",
    issuer="CN=CA",
    indication="TOTAL-PASSED",
    sub_indication=None,
    level="B-T",
    claimed_time=datetime(2026, 11, 22, 9, 30, tzinfo=HANOI),
    timestamp=None,
    integrity=True,
    covers="whole-file",
    changes_after="none",
    trust="trusted",
    revocation="good",
    weak=(),
    reasons=(),
    fingerprint="ab" * 32,
    agency="Tỉnh ủy",
    visible=True,
)

RANK: dict[Verdict, int] = {"invalid": 0, "unknown": 1, "unsigned": 1, "valid": 2}

findings = st.builds(
    replace,
    st.just(GOOD),
    indication=st.sampled_from(["TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"]),
    integrity=st.sampled_from([True, False, None]),
    covers=st.sampled_from(["whole-file", "revision", "partial"]),
    changes_after=st.sampled_from(["none", "form-filling", "annotations", "ltv", "other"]),
    trust=st.sampled_from(["trusted", "untrusted", "unknown"]),
    revocation=st.sampled_from(["good", "revoked", "unknown"]),
)
file_reasons = st.lists(st.builds(Reason, st.sampled_from(sorted(CODES)), st.text(max_size=5)), max_size=3)


def test_one_good_signature_over_the_whole_file_is_valid() -> None:
    assert judge([GOOD]) == "valid"


def test_nothing_found_is_unsigned_and_never_valid() -> None:
    assert judge([]) == "unsigned"
    assert judge([], [Reason("not-a-pdf")]) == "unknown"


def test_a_signature_after_which_fields_were_filled_does_not_close_the_file() -> None:
    opened = replace(GOOD, covers="revision", changes_after="form-filling")
    assert judge([opened]) == "unknown"
    assert judge([opened, GOOD]) == "valid"


@given(st.lists(findings, max_size=4), file_reasons, findings, st.integers(0, 4))
def test_adding_a_finding_that_is_not_passed_never_improves_a_verdict(
    found: list[SignatureFinding],
    reasons: list[Reason],
    extra: SignatureFinding,
    place: int,
) -> None:
    if extra.passed and not extra.failed:
        extra = replace(extra, trust="untrusted")
    more = [*found[:place], extra, *found[place:]]
    assert RANK[judge(more, reasons)] <= RANK[judge(found, reasons)]
    assert judge(more, reasons) != "valid"


@given(st.lists(findings, max_size=4), file_reasons, st.sampled_from(sorted(CODES)))
def test_adding_a_reason_never_improves_a_verdict(
    found: list[SignatureFinding], reasons: list[Reason], code: str
) -> None:
    assert RANK[judge(found, [*reasons, Reason(code)])] <= RANK[judge(found, reasons)]


@given(st.lists(findings, max_size=4), file_reasons)
def test_valid_means_every_signature_gave_positive_evidence(
    found: list[SignatureFinding], reasons: list[Reason]
) -> None:
    if judge(found, reasons) == "valid":
        assert found
        assert all(each.integrity and each.trust == "trusted" and each.covers != "partial" for each in found)
        assert not {weigh(reason)[0] for reason in reasons} - {"TOTAL-PASSED"}


def test_the_worst_reason_gives_the_indication() -> None:
    assert worst(()) == ("TOTAL-PASSED", None)
    assert worst((Reason("timestamp-untrusted"),)) == ("TOTAL-PASSED", None)
    assert worst((Reason("certificate-untrusted"), Reason("hash-mismatch"))) == ("TOTAL-FAILED", "HASH_FAILURE")
    assert worst((Reason("certificate-untrusted"), Reason("weak-algorithm"))) == (
        "INDETERMINATE",
        "NO_CERTIFICATE_CHAIN_FOUND",
    )
    assert weigh(Reason("something-new"))[0] == "INDETERMINATE"


def test_every_code_has_its_sentence_and_every_sentence_its_code() -> None:
    assert set(reasons_module._sentences()) == CODES
    for code in CODES:
        text = sentence(Reason(code, "p. 1 {x}"))
        assert len(text) > 20
        assert "{detail}" not in text
    assert NOTES < CODES


def test_a_reason_prints_as_code_and_detail() -> None:
    assert str(Reason("encrypted")) == "encrypted"
    assert str(Reason("field-filled", "so")) == "field-filled: so"
    assert sentence(Reason("unheard-of", "x")) == "unheard-of: x"


def test_json_has_exactly_the_keys_of_the_contract() -> None:
    judgement = Judgement(
        "pdf", "valid", True, None, (replace(GOOD, reasons=(Reason("timestamp-untrusted", "CN=X"),)),), ()
    )
    answer = as_json(judgement)
    assert list(answer) == ["format", "verdict", "person_signed", "organisation_signed", "signatures", "reasons"]
    signatures = answer["signatures"]
    assert isinstance(signatures, list)
    own = {"fingerprint", "agency", "visible", "chain", "judged_for", "signed_bytes", "changes"}
    assert list(signatures[0]) == [field.name for field in fields(SignatureFinding) if field.name not in own]
    assert signatures[0]["claimed_time"] == "2026-11-22T09:30:00+07:00"
    assert signatures[0]["timestamp"] is None
    assert signatures[0]["reasons"] == ["timestamp-untrusted: CN=X"]


def test_findings_are_light_to_import() -> None:
    script = "import sys, vanthu_cli.validation.findings; print([m for m in ('pyhanko', 'cryptography', 'asn1crypto') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
