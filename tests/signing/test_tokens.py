"""Keys in tokens, as SoftHSM has them; `watched` writes down what a token was asked and can lock or unplug it."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute
from pkcs11.util.x509 import decode_x509_certificate
from tests.authorities import Authorities
from tests.signing import practice
from tests.signing.practice import SIGNER, check, done
from tests.tokens import PIN, SoftTokens, missing, soft_tokens, watched

from vanthu_cli.document.places import Box, Places
from vanthu_cli.errors import ForbiddenError, MisuseError, UnreachableError, VanthuError
from vanthu_cli.signing import pades
from vanthu_cli.signing.files import open_pdf
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.tokens import TokenKey, open_token, token_keys

NAMES = ["leader", "leader_ec", "office_3072"]


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory, pki: Authorities) -> Iterator[SoftTokens]:
    """Plug in the leader's token with an RSA and an elliptic curve key, and the clerk's with the office's of 3072 bits.

    For this module only: another room may have plugged in its own.
    """
    if why := missing():
        practice.left_out(why)
    keys = {
        "Lãnh đạo": [("ký", pki.p12("leader"), pki.passphrase), ("ký nhanh", pki.p12("leader_ec"), pki.passphrase)],
        "Văn thư": [("dấu", pki.p12("office_3072"), pki.passphrase)],
    }
    with soft_tokens(tmp_path_factory.mktemp("tokens") / "soft", keys) as plugged:
        yield plugged


def issuers(pki: Authorities) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(pki.certificate("intermediate"))]


def found(tokens: SoftTokens, pki: Authorities, name: str) -> TokenKey:
    """Return the key of that certificate, wherever it is."""
    certificate = x509.load_der_x509_certificate(pki.certificate(name))
    return next(key for key in token_keys(tokens.module) if key.x509 == certificate)


def signed(pdf: bytes, key: SigningKey) -> bytes:
    return done(pades.sign_person, pdf, key, image=None, box=SIGNER)


@contextmanager
def refused(kind: type[VanthuError], code: str) -> Iterator[pytest.ExceptionInfo[VanthuError]]:
    with pytest.raises(kind) as caught:
        yield caught
    assert caught.value.code == code


def test_the_signers_certificates_of_all_tokens_are_seen_before_any_login(
    tokens: SoftTokens, pki: Authorities, tmp_path: Path
) -> None:
    with watched(tmp_path / "calls") as calls:
        keys = token_keys(tokens.module)
    assert calls.count("C_Login") == 0
    assert calls.count("C_OpenSession") == calls.count("C_CloseSession") == 2
    assert {(key.token, key.x509.public_bytes(Encoding.DER)) for key in keys} == {
        ("Lãnh đạo", pki.certificate("leader")),
        ("Lãnh đạo", pki.certificate("leader_ec")),
        ("Văn thư", pki.certificate("office_3072")),
    }
    assert {key.fingerprint for key in keys} == {key.x509.fingerprint(hashes.SHA256()).hex() for key in keys}
    assert {key.tries for key in keys} == {""}


@pytest.mark.parametrize("name", NAMES)
def test_each_kind_of_key_signs_what_poppler_calls_valid(
    name: str, tokens: SoftTokens, pki: Authorities, draft: tuple[bytes, Places], tmp_path: Path
) -> None:
    with open_token(found(tokens, pki, name), PIN, issuers(pki)) as key:
        pdf = signed(draft[0], key)
    assert practice.pdfsig_says(pdf, tmp_path) == ["Signature is Valid."]
    check(draft[0], pdf, 1)
    (signature,) = open_pdf(pdf).signatures
    assert signature.signer_cert.dump() == pki.certificate(name)
    assert [one.dump() for one in signature.other_embedded_certs] == [pki.certificate("intermediate")]


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_signature_is_what_its_certificate_verifies(name: str, tokens: SoftTokens, pki: Authorities) -> None:
    with open_token(found(tokens, pki, name), PIN) as key:
        signature = key.sign(b"145-CV/TU")
    public = key.x509.public_key()
    if isinstance(public, EllipticCurvePublicKey):
        public.verify(signature, b"145-CV/TU", ECDSA(hashes.SHA256()))
    else:
        assert isinstance(public, RSAPublicKey)
        public.verify(signature, b"145-CV/TU", PKCS1v15(), hashes.SHA256())


def test_a_batch_needs_one_login_and_two_sessions(
    tokens: SoftTokens, pki: Authorities, draft: tuple[bytes, Places], tmp_path: Path
) -> None:
    key = found(tokens, pki, "office_3072")
    with watched(tmp_path / "calls") as calls:
        (same,) = [each for each in token_keys(tokens.module) if each.token == key.token]
        looked = calls.count("C_OpenSession")
        with open_token(same, PIN, issuers(pki)) as opened:
            batch = [signed(draft[0], opened) for _number in range(5)]
    assert looked == 2  # one look into each token that is plugged in
    assert calls.count("C_OpenSession") == looked + 1
    assert calls.count("C_Login") == 1
    assert calls.count("C_CloseSession") == calls.count("C_OpenSession")
    for pdf in batch:
        check(draft[0], pdf, 1)


def test_a_wrong_pin_is_tried_once_and_the_token_is_asked_what_is_left(
    tokens: SoftTokens, pki: Authorities, tmp_path: Path
) -> None:
    key = found(tokens, pki, "leader")
    with watched(tmp_path / "calls", limit=3) as calls:
        with refused(MisuseError, "signing.pin") as first, open_token(key, "000000"):
            pytest.fail("logged in with a wrong PIN")
        assert calls.count("C_Login") == 1
        assert "few tries are left" in first.value.message
        with refused(MisuseError, "signing.pin") as second, open_token(key, "000000"):
            pytest.fail("logged in with a wrong PIN")
        assert "ONE try is left" in second.value.message
        assert "not tried again" in second.value.hint
        assert {each.tries for each in token_keys(tokens.module) if each.token == key.token} == {
            "ONE try is left before the token locks."
        }
        with open_token(key, PIN):
            pass
        assert calls.count("C_Login") == 3
        assert found(tokens, pki, "leader").tries == ""


@pytest.mark.parametrize("pin", ["", "1", "123456789" * 40])
def test_a_pin_of_a_senseless_length_is_a_wrong_pin(
    pin: str, tokens: SoftTokens, pki: Authorities, tmp_path: Path
) -> None:
    key = found(tokens, pki, "leader")
    with watched(tmp_path / "calls") as calls:
        with refused(MisuseError, "signing.pin"), open_token(key, pin):
            pytest.fail("logged in with a wrong PIN")
        assert calls.count("C_Login") == 1
        with open_token(key, PIN):
            pass


def test_a_token_that_tells_nothing_of_tries_is_said_to_tell_nothing(
    tokens: SoftTokens, pki: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = found(tokens, pki, "office_3072")
    monkeypatch.setattr("vanthu_cli.signing.tokens._tries", lambda _token: "")
    with refused(MisuseError, "signing.pin") as caught, open_token(key, "000000"):
        pytest.fail("logged in with a wrong PIN")
    assert "does not say how many tries are left" in caught.value.message
    with open_token(key, PIN):
        pass


def test_a_locked_token_is_forbidden_ground_even_for_the_right_pin(
    tokens: SoftTokens, pki: Authorities, tmp_path: Path
) -> None:
    key = found(tokens, pki, "leader")
    with watched(tmp_path / "calls", wrong=3, limit=3) as calls:
        assert found(tokens, pki, "leader").tries == "The token is locked."
        with refused(ForbiddenError, "signing.pin_locked") as caught, open_token(key, PIN):
            pytest.fail("logged in to a locked token")
        assert calls.count("C_Login") == 1
    assert "Lãnh đạo" in caught.value.message


def test_the_wrong_pin_that_locks_the_token_is_followed_by_no_other(
    tokens: SoftTokens, pki: Authorities, tmp_path: Path
) -> None:
    key = found(tokens, pki, "leader")
    with watched(tmp_path / "calls", wrong=2, limit=3) as calls:
        with refused(MisuseError, "signing.pin") as caught, open_token(key, "000000"):
            pytest.fail("logged in with a wrong PIN")
        assert "The token is locked." in caught.value.message
        assert calls.count("C_Login") == 1
    with open_token(key, PIN):
        pass


def test_a_token_pulled_out_in_a_batch_is_gone_and_what_was_signed_stands(
    tokens: SoftTokens, pki: Authorities, draft: tuple[bytes, Places], tmp_path: Path
) -> None:
    key = found(tokens, pki, "leader")
    batch = []
    gone = refused(UnreachableError, "signing.token_gone")
    with watched(tmp_path / "calls", signatures=2), gone, open_token(key, PIN, issuers(pki)) as opened:
        for _number in range(5):
            batch.append(signed(draft[0], opened))  # noqa: PERF401  what is there when it fails is the point
    assert len(batch) == 2
    for pdf in batch:
        check(draft[0], pdf, 1)


def test_a_token_that_is_not_plugged_in_any_more_is_gone(tokens: SoftTokens, pki: Authorities, tmp_path: Path) -> None:
    key = found(tokens, pki, "leader")
    other = TokenKey(key.module, key.token, "0123456789abcdef", key.key, key.x509)
    with watched(tmp_path / "calls") as calls:
        with refused(UnreachableError, "signing.token_gone"), open_token(other, PIN):
            pytest.fail("opened another token of the same name")
        assert calls.count("C_Login") == 0


@pytest.mark.parametrize("content", [None, b"", b"\x7fELF no driver"])
def test_a_driver_that_is_missing_or_none_is_named(content: bytes | None, tmp_path: Path) -> None:
    driver = tmp_path / "etoken.so"
    if content is not None:
        driver.write_bytes(content)
    with refused(UnreachableError, "signing.token_driver") as caught:
        token_keys(str(driver))
    assert str(driver) in caught.value.message


def test_a_library_that_is_no_driver_is_named() -> None:
    with refused(UnreachableError, "signing.token_driver"):
        token_keys("libm.so.6")


def test_a_certificate_without_its_private_key_is_told_before_anything_is_signed(
    tokens: SoftTokens, pki: Authorities
) -> None:
    stray = {Attribute.TOKEN: True, Attribute.PRIVATE: False, Attribute.LABEL: "cũ", Attribute.ID: b"\x77"}
    with pkcs11.lib(tokens.module).get_token(token_label="Văn thư").open(rw=True) as session:
        certificate = session.create_object({**decode_x509_certificate(pki.certificate("other")), **stray})
        try:
            key = found(tokens, pki, "other")
            with refused(MisuseError, "signing.token_key") as caught, open_token(key, PIN):
                pytest.fail("there is no such key")
        finally:
            certificate.destroy()
    assert key.key == b"\x77"
    assert "Sở Nội vụ" in caught.value.message


def test_with_another_box_the_same_key_signs_again(
    tokens: SoftTokens, pki: Authorities, draft: tuple[bytes, Places]
) -> None:
    """The key survives a document that refuses its signature."""
    with open_token(found(tokens, pki, "leader_ec"), PIN, issuers(pki)) as key:
        with pytest.raises(MisuseError):
            pades.sign_person(BytesIO(draft[0]), key, image=None, box=Box(9, 0, 0, 9, 9))
        check(draft[0], signed(draft[0], key), 1)
