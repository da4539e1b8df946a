"""Signatures that stand in a file of their own."""

from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, crl
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.validation import envelopes
from tests.validation.conftest import DAY, NOW, Pki, issue, revocation_list
from tests.validation.envelopes import DOCUMENT, attached, detached

from vanthu_cli.validation.files import judge_file
from vanthu_cli.validation.findings import Judgement
from vanthu_cli.validation.trust import Trust


def judged(
    info: cms.ContentInfo | bytes, pki: Pki, content: bytes | Path | None = DOCUMENT, **how: object
) -> Judgement:
    data = info if isinstance(info, bytes) else info.dump()
    trust = how.pop("trust", pki.trust())
    assert isinstance(trust, Trust)
    return judge_file(data, trust, pki.signatories, now=NOW, content=content, **how)  # type: ignore[arg-type]


def codes(judgement: Judgement) -> set[str]:
    every = [judgement.reasons, *(each.reasons for each in judgement.signatures)]
    return {reason.code for reasons in every for reason in reasons}


def test_a_detached_signature_over_the_file_beside_it_is_valid(pki: Pki) -> None:
    judgement = judged(detached(DOCUMENT, pki.office), pki)
    (found,) = judgement.signatures
    assert (judgement.format, judgement.verdict, judgement.organisation_signed) == ("cms", "valid", True)
    assert (found.level, found.covers, found.integrity, found.agency) == ("B-B", "whole-file", True, "Tỉnh ủy")
    assert found.claimed_time == NOW


def test_from_the_disk_in_slices_too(pki: Pki, tmp_path: Path) -> None:
    file = tmp_path / "so-lieu.xlsx"
    file.write_bytes(DOCUMENT * 10_000)
    assert judged(detached(DOCUMENT * 10_000, pki.office), pki, file).verdict == "valid"
    file.write_bytes(DOCUMENT * 10_000 + b" ")
    assert judged(detached(DOCUMENT * 10_000, pki.office), pki, file).verdict == "invalid"


def test_with_its_content_inside_and_as_pem_it_is_the_same(pki: Pki) -> None:
    assert judged(attached(DOCUMENT, pki.office), pki, None).verdict == "valid"
    assert judged(attached(DOCUMENT, pki.office), pki, DOCUMENT).verdict == "valid"
    assert judged(envelopes.pem(detached(DOCUMENT, pki.office)), pki).verdict == "valid"


def test_a_time_stamp_raises_the_level_and_proves_the_time(pki: Pki) -> None:
    then = NOW - 200 * DAY
    judgement = judged(detached(DOCUMENT, pki.expired, stamper=pki.stamper(then)), pki)
    assert (judgement.verdict, judgement.signatures[0].level) == ("valid", "B-T")
    assert judgement.signatures[0].judged_for == then
    without = judged(detached(DOCUMENT, pki.expired), pki)
    assert (without.verdict, codes(without)) == (
        "unknown",
        {"certificate-expired-no-time", "claimed-time-implausible"},
    )
    assert judged(detached(DOCUMENT, pki.expired), pki, known_since=then).verdict == "valid"


def test_every_signer_is_judged_and_the_worst_decides(pki: Pki) -> None:
    both = envelopes.signers_of(detached(DOCUMENT, pki.leader), detached(DOCUMENT, pki.office))
    judgement = judged(both, pki)
    assert (judgement.verdict, judgement.person_signed, judgement.organisation_signed) == ("valid", True, True)
    assert [each.id for each in judgement.signatures] == ["Signer 1", "Signer 2"]
    worse = judged(envelopes.signers_of(detached(DOCUMENT, pki.leader), detached(DOCUMENT, pki.stranger)), pki)
    assert worse.verdict == "unknown"
    assert {each.indication for each in worse.signatures} == {"TOTAL-PASSED", "INDETERMINATE"}
    worst = judged(envelopes.signers_of(detached(DOCUMENT, pki.leader), detached(b"other", pki.office)), pki)
    assert (worst.verdict, codes(worst)) == ("invalid", {"hash-mismatch"})


def test_revocation_data_within_the_signature_counts(pki: Pki) -> None:
    lists = [
        crl.CertificateList.load(der)
        for der in (revocation_list(pki.sub, {pki.office.certificate.serial_number: NOW - DAY}),)
    ]
    info = envelopes.changed(
        detached(DOCUMENT, pki.office), lambda signed: signed.__setitem__("crls", cms.RevocationInfoChoices(lists))
    )
    assert codes(judged(info, pki)) == {"revoked-before-signing"}


@pytest.mark.parametrize("seal", ["encrypted", "digested", "certificates"])
def test_other_kinds_of_cms_are_no_signature_and_said_so(pki: Pki, seal: str) -> None:
    info = {
        "encrypted": cms.ContentInfo({"content_type": "enveloped_data"}),
        "digested": cms.ContentInfo({"content_type": "digested_data"}),
        "certificates": envelopes.no_signer(detached(DOCUMENT, pki.office)),
    }[seal]
    judgement = judged(info, pki)
    expected = {"encrypted": {"encrypted"}, "digested": {"format-not-judged"}, "certificates": {"no-signer"}}[seal]
    assert (judgement.verdict, codes(judgement)) == ("unknown", expected)


def test_attacks_on_the_envelope_are_never_valid(pki: Pki) -> None:
    right, office = detached(DOCUMENT, pki.office), pki.office
    passed_off, attributes = envelopes.attributes_as_content(right)
    forged = {
        "content changed": judged(right, pki, DOCUMENT + b" "),
        "content absent": judged(right, pki, None),
        "two contents": judged(attached(DOCUMENT, office), pki, b"another"),
        "wrong content inside": judged(envelopes.with_content(right, b"another"), pki, None),
        "no signer": judged(envelopes.no_signer(right), pki),
        "no certificate": judged(envelopes.no_certificate(right), pki),
        "another's certificate": judged(envelopes.other_certificate(right, pki.leader), pki),
        "content type": judged(envelopes.other_content_type(right), pki),
        "digest confusion": judged(envelopes.other_digest_name(right, "sha1"), pki),
        "digest confusion 2": judged(envelopes.other_digest_name(right, "sha512"), pki),
        "signature confusion": judged(envelopes.other_signature_name(right, "rsassa_pkcs1v15"), pki),
        "signature confusion 2": judged(envelopes.other_signature_name(right, "sha512_ecdsa"), pki),
        "signature confusion 3": judged(envelopes.other_signature_name(right, "ed25519"), pki),
        "without attributes": judged(envelopes.without_attributes(DOCUMENT, office), pki),
        "attributes as content": judged(passed_off, pki, attributes),
        "a stranger": judged(detached(DOCUMENT, pki.stranger), pki),
        "a stranger more": judged(
            envelopes.signers_of(right, envelopes.other_certificate(detached(DOCUMENT, pki.stranger), office)), pki
        ),
        "sha1": judged(detached(DOCUMENT, office, digest="sha1"), pki),
    }
    assert {name: each.verdict for name, each in forged.items() if each.verdict == "valid"} == {}
    failed = {"content changed", "wrong content inside"}
    assert {forged[name].verdict for name in failed} == {"invalid"}


def test_a_short_key_is_weak(pki: Pki) -> None:
    short = issue("Khóa ngắn", pki.sub, key=rsa.generate_private_key(65537, 1024))  # noqa: S505  that is the point
    judgement = judged(detached(DOCUMENT, short), pki)
    assert (judgement.verdict, codes(judgement), judgement.signatures[0].weak) == (
        "unknown",
        {"weak-algorithm"},
        ("rsa1024",),
    )


@settings(max_examples=120, deadline=None)
@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_flipped_byte_anywhere_is_never_valid_but_in_what_is_not_signed(place: int, flip: int, pki: Pki) -> None:
    """What a flip may touch and leave valid: encodings of the certificate list and of unsigned parts; never signer or content."""
    info = bytearray(_right(pki))
    info[place % len(info)] ^= flip
    judgement = judged(bytes(info), pki)
    if judgement.verdict == "valid":
        assert [each.fingerprint for each in judgement.signatures] == [pki.office.fingerprint]
    content = bytearray(DOCUMENT)
    content[place % len(content)] ^= flip
    assert judged(_right(pki), pki, bytes(content)).verdict == "invalid"


_MADE: dict[str, bytes] = {}


def _right(pki: Pki) -> bytes:
    return _MADE.setdefault(pki.office.fingerprint, detached(DOCUMENT, pki.office).dump())


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400))
def test_rubbish_is_never_valid_and_never_an_error(data: bytes, pki: Pki) -> None:
    assert judged(b"\x30" + data, pki).verdict == "unknown"


def test_what_stands_behind_the_signature_is_noticed(pki: Pki) -> None:
    judgement = judged(detached(DOCUMENT, pki.office).dump() + b"more", pki)
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"trailing-bytes"})
    assert judged(b"", pki).reasons[0].code == "file-empty"


def test_the_path_length_of_a_pinned_authority_stands(pki: Pki) -> None:
    """RFC 5280, 4.2.1.9; the Party's and the Government's CAs say 0."""
    short = issue("CA cuối", pki.root, ca=True, below=0)
    under = issue("CA dưới", short, ca=True)
    signer = issue("Kẻ dưới", under)
    made = envelopes.changed(
        detached(DOCUMENT, signer), lambda signed: signed.__setitem__("certificates", [signer.asn1, under.asn1])
    )
    judgement = judged(made, pki, trust=Trust((short.der,), (), (), "when-available"))
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"certificate-chain-failure"})
    direct = issue("Người", short)
    assert (
        judged(detached(DOCUMENT, direct), pki, trust=Trust((short.der,), (), (), "when-available")).verdict == "valid"
    )


def test_a_certificate_for_machines_signs_no_document(pki: Pki) -> None:
    server = issue("may-chu.vn", pki.sub, purposes=(ExtendedKeyUsageOID.SERVER_AUTH,))
    judgement = judged(detached(DOCUMENT, server), pki)
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"certificate-wrong-purpose"})


@pytest.mark.parametrize("away", [-3000 * DAY, 300 * DAY])
def test_an_impossible_claim_of_time_is_noted_and_proves_nothing(away: timedelta, pki: Pki) -> None:
    judgement = judged(detached(DOCUMENT, pki.office, when=NOW + away), pki)
    assert (judgement.verdict, codes(judgement)) == ("valid", {"claimed-time-implausible"})
    assert judgement.signatures[0].timestamp is None
