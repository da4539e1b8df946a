import datetime as dt
import hashlib
from pathlib import Path

import pytest
from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from tests.signing import practice

from vanthu_cli.document.places import Box, Places
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.signing import pades
from vanthu_cli.signing.files import open_pdf
from vanthu_cli.signing.keys import SigningKey, check_usable, open_pkcs12

CORNER = Box(0, 400, 800, 580, 830)


def test_an_opened_key_tells_whose_certificate_it_has(leader: SigningKey) -> None:
    assert leader.subject == "Lê Văn Hiệu"
    assert leader.issuer == "CA phục vụ thực hành"
    assert leader.fingerprint == hashlib.sha256(leader.certificate).hexdigest()
    assert leader.not_before < practice.NOW < leader.not_after
    assert leader.not_after.utcoffset() == dt.timedelta(0)


def test_a_wrong_passphrase_is_named_and_not_mistaken_for_a_damaged_file(tmp_path: Path) -> None:
    path = practice.p12(practice.issue("Văn thư"), tmp_path / "k.p12", "đúng")
    with pytest.raises(MisuseError) as caught:
        open_pkcs12(path, "sai")
    assert caught.value.code == "signing.passphrase"


@pytest.mark.parametrize("content", [b"", b"not a key", b"\x30\x03\x02\x01\x03", bytes(range(256)) * 8])
def test_a_damaged_key_file_is_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "k.p12"
    path.write_bytes(content)
    with pytest.raises(MisuseError) as caught:
        open_pkcs12(path, "x")
    assert caught.value.code == "signing.key_unreadable"


def test_a_missing_key_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MisuseError) as caught:
        open_pkcs12(tmp_path / "none.p12", "x")
    assert caught.value.code == "signing.key_missing"


def test_a_certificate_without_its_private_key_is_refused(tmp_path: Path) -> None:
    one = practice.issue("Một", key=practice.rsa_key())
    other = practice.issue("Một", key=rsa.generate_private_key(65537, 2048))
    while len(other.der) != len(one.der):  # serial numbers differ in length
        other = practice.issue("Một", key=other.key)
    path = practice.p12(one, tmp_path / "k.p12", "")
    envelope = asn1_pkcs12.Pfx.load(path.read_bytes().replace(one.der, other.der))
    unprotected = asn1_pkcs12.Pfx({"version": "v3", "auth_safe": envelope["auth_safe"]})
    path.write_bytes(unprotected.dump())
    with pytest.raises(MisuseError) as caught:
        open_pkcs12(path, "")
    assert "together with its certificate" in caught.value.message
    assert caught.value.code == "signing.key_unreadable"


def test_the_private_key_is_parsed_once_however_often_it_signs(
    draft: tuple[bytes, Places], receiver: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(*_: object, **__: object) -> None:
        raise AssertionError("the private key is parsed again")

    monkeypatch.setattr("cryptography.hazmat.primitives.serialization.load_der_private_key", parse)
    signed = practice.done(pades.text_mark, draft[0], receiver, lines=["145-CV/TU"], field="PhuLuc", box=CORNER)
    signed = practice.done(pades.text_mark, signed, receiver, lines=["145-CV/TU"], field="PhuLuc", box=CORNER)
    practice.check(draft[0], signed, 2)


def test_the_signature_carries_the_intermediate_but_neither_the_root_nor_a_stranger(
    tmp_path: Path, draft: tuple[bytes, Places], root: practice.Identity, middle: practice.Identity
) -> None:
    path = practice.p12(practice.issue("Văn phòng Tỉnh ủy", middle), tmp_path / "k.p12", "x", root)
    stranger = practice.issue("CA lạ")
    key = open_pkcs12(path, "x", others=[stranger.der, middle.der])
    assert key.chain == (middle.certificate,)
    signed = practice.done(pades.text_mark, draft[0], key, lines=["SAO Y"], field="BanSao", box=CORNER)
    (signature,) = open_pdf(signed).signatures
    assert {one.dump() for one in signature.other_embedded_certs} == {middle.der}
    assert signature.signer_cert.dump() == key.certificate


def test_certificates_out_of_their_time_or_purpose_are_refused(root: practice.Identity) -> None:
    def certificate(**facts: object) -> x509.Certificate:
        return practice.issue("Văn thư", root, **facts).certificate  # type: ignore[arg-type]  # the facts of each case

    day = practice.DAY
    cases = {
        "signing.certificate_expired": certificate(start=practice.NOW - 9 * day, end=practice.NOW - day),
        "signing.certificate_not_yet_valid": certificate(start=practice.NOW + day),
        "signing.certificate_usage": certificate(usage=practice.ENCRYPTION_ONLY),
    }
    for code, refused in cases.items():
        with pytest.raises(ForbiddenError) as caught:
            check_usable(refused, practice.NOW)
        assert caught.value.code == code
        assert "Văn thư" in caught.value.message
    check_usable(certificate(), practice.NOW)
    check_usable(certificate(usage=practice.COMMITMENT_ONLY), practice.NOW)
    check_usable(certificate(usage=None), practice.NOW)


@pytest.mark.parametrize("kind", ["rsa", "p-256"])
def test_a_bare_signature_is_what_its_certificate_verifies(kind: str, receiver: SigningKey, office: SigningKey) -> None:
    key = receiver if kind == "rsa" else office
    signature, public = key.sign(b"145-CV/TU"), key.x509.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, b"145-CV/TU", ec.ECDSA(hashes.SHA256()))
    else:
        assert isinstance(public, rsa.RSAPublicKey)
        public.verify(signature, b"145-CV/TU", PKCS1v15(), hashes.SHA256())
