"""Whose signatures are there, in signing order, whatever they are worth."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.signers import PdfTimeStamper
from tests.validation import attacks
from tests.validation.conftest import ARRIVAL_BOX, NOW, Pki, prepare, sign, writing

from vanthu_cli.validation.pdf import signed_by


def test_signers_come_in_signing_order_one_for_each_signature(issued: bytes, pki: Pki, tmp_path: Path) -> None:
    arrived = sign(issued, pki.receiver, "A", ARRIVAL_BOX)  # alphabetically first, signed last
    expected = (pki.leader.fingerprint, pki.office.fingerprint, pki.office.fingerprint, pki.receiver.fingerprint)
    (tmp_path / "a.pdf").write_bytes(arrived)
    assert signed_by(arrived) == signed_by(tmp_path / "a.pdf") == expected
    assert signed_by(issued) == expected[:3]


def test_nobody_has_signed_what_is_unsigned_or_no_pdf(page: bytes, tmp_path: Path) -> None:
    for pdf in (page, prepare(page), b"", b"PK\x03\x04", b"%PDF-1.7\n%%EOF", tmp_path, tmp_path / "nowhere.pdf"):
        assert signed_by(pdf) == ()


def test_strangers_and_broken_signatures_count_but_not_unreadable_ones_or_time_stamps(page: bytes, pki: Pki) -> None:
    pdf = sign(attacks.signature_of_rubbish(prepare(page)), pki.stranger, "LanhDao")
    stamped = PdfTimeStamper(pki.stamper(NOW)).timestamp_pdf(writing(pdf, None), "sha256", None)
    expected = (pki.stranger.fingerprint,)
    assert signed_by(bytes(stamped.getbuffer())) == expected
    assert signed_by(attacks.change_a_signed_byte(pdf)) == expected
    assert signed_by(attacks.break_the_rules(pdf)) == expected


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 50_000), flip=st.integers(0, 255))
def test_damage_never_raises_and_never_invents_a_signer(place: int, flip: int, issued: bytes, pki: Pki) -> None:
    place %= len(issued)
    known = {pki.leader.fingerprint, pki.office.fingerprint}
    flipped = issued[:place] + bytes([issued[place] ^ flip]) + issued[place + 1 :]
    assert len(signed_by(flipped)) <= 3
    assert set(signed_by(issued[:place])) <= known
