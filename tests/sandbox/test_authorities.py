"""The real parts of the signing tests (tests/authorities, tests/tokens, tests/csc_server) are what they say, by pyHanko and OpenSSL."""

import asyncio
import base64
import hashlib
import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pkcs11
import pytest
from asn1crypto import tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509 import load_der_x509_certificate
from pkcs11 import Attribute, Mechanism, ObjectClass, TokenFlag
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.pkcs11 import PKCS11Signer
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer, SimpleSigner
from pyhanko.sign.signers.csc_signer import (
    CSCAuthorizationInfo,
    CSCAuthorizationManager,
    CSCServiceSessionInfo,
    CSCSigner,
    fetch_certs_in_csc_credential,
)
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.validation import ades, validate_pdf_signature
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.errors import RevokedError
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pypdf import PdfWriter
from tests.authorities import LEAVES, Authorities, authorities
from tests.csc_server import CscServer, csc_server
from tests.tokens import PIN, Calls, SoftTokens, missing, soft_tokens, watched, watched_vanthu

USAGE = {"digital_signature", "non_repudiation"}


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authorities]:
    with authorities(tmp_path_factory.mktemp("pki") / "authorities") as running:
        yield running


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory, pki: Authorities) -> Iterator[SoftTokens]:
    if why := missing():
        assert os.environ.get("CI") != "true", why
        pytest.skip(why)

    def entry(label: str, name: str) -> tuple[str, Path, str]:
        return label, pki.p12(name), pki.passphrase

    contents = {
        "Lãnh đạo": [entry("ký", "leader"), entry("ký P-256", "leader_ec")],
        "Con dấu": [entry("dấu", "office_3072")],
    }
    with soft_tokens(tmp_path_factory.mktemp("tokens") / "soft", contents) as plugged:
        yield plugged


def blank() -> bytes:
    writer, out = PdfWriter(), BytesIO()
    writer.add_blank_page(595, 842)
    writer.write(out)
    return out.getvalue()


def context(pki: Authorities) -> ValidationContext:
    """Trust the root and ask the authorities for everything else."""
    root = x509.Certificate.load(pki.certificate("root"))
    # The other backend, aiohttp, leaves its session open.
    ask = RequestsFetcherBackend()
    return ValidationContext(trust_roots=[root], allow_fetching=True, fetcher_backend=ask, revocation_mode="require")


def judge(pki: Authorities, name: str) -> None:
    """Judge a certificate strictly; raises what is wrong with it."""
    own = x509.Certificate.load(pki.certificate(name))
    validator = CertificateValidator(own, validation_context=context(pki))
    asyncio.run(validator.async_validate_usage(USAGE))


def sign(signer: Signer, time_stamper: HTTPTimeStamper | None = None, **more: Any) -> bytes:
    out, meta = BytesIO(), PdfSignatureMetadata(field_name="Ký", subfilter=SigSeedSubFilter.PADES, **more)
    writer = IncrementalPdfFileWriter(BytesIO(blank()))
    PdfSigner(meta, signer, timestamper=time_stamper).sign_pdf(writer, output=out)
    return out.getvalue()


def is_valid(pki: Authorities, pdf: bytes, name: str) -> bool:
    signature = PdfFileReader(BytesIO(pdf)).embedded_signatures[0]
    assert signature.signer_cert.dump() == pki.certificate(name)
    return bool(validate_pdf_signature(signature, context(pki)).bottom_line)


def held(pki: Authorities, name: str) -> SimpleSigner:
    signer = SimpleSigner.load_pkcs12(pki.p12(name), passphrase=pki.passphrase.encode())
    assert isinstance(signer, SimpleSigner)
    return signer


def sign_lta(pki: Authorities, name: str) -> bytes:
    stamper = HTTPTimeStamper(pki.tsa, timeout=5)
    lasting = {"embed_validation_info": True, "use_pades_lta": True, "validation_context": context(pki)}
    return sign(held(pki, name), stamper, **lasting)


# Certificates, OCSP, CRL


@pytest.mark.parametrize("name", ["leader", "leader_ec"])
def test_a_b_lta_signature_is_valid_without_the_network(pki: Authorities, name: str) -> None:
    pdf = sign_lta(pki, name)
    root = x509.Certificate.load(pki.certificate("root"))
    policy = CertValidationPolicySpec(SimpleTrustManager.build([root]), CertRevTrustPolicy(REQUIRE_REVINFO))
    local = RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY)
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(policy, revinfo_gathering_policy=local))
    before = (pki.ocsp.asked, pki.crls.asked)
    signature = PdfFileReader(BytesIO(pdf)).embedded_signatures[0]
    result = asyncio.run(ades.ades_lta_validation(signature, spec))
    assert result.ades_subindic == AdESPassed.OK
    assert (pki.ocsp.asked, pki.crls.asked) == before


def test_every_leaf_has_its_file_and_the_trust_folder_only_the_root(pki: Authorities) -> None:
    assert {path.stem for path in (pki.folder / "p12").iterdir()} == set(LEAVES)
    assert [path.name for path in pki.trust.iterdir()] == ["root.crt"]
    certificate = held(pki, "office_3072").signing_cert
    assert certificate is not None
    assert certificate.dump() == pki.certificate("office_3072")


def test_a_chain_is_completed_by_the_address_in_the_certificate(pki: Authorities) -> None:
    pki.issuers.asked = 0
    judge(pki, "other")
    assert pki.issuers.asked == 1


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("revoked", "OCSP response indicates the end-entity certificate was revoked"),
        ("expired", "expired"),
        ("future", "is not valid until"),
        ("encrypting", "not valid for the purpose"),
    ],
)
def test_bad_certificates_are_bad_for_their_reason(pki: Authorities, name: str, why: str) -> None:
    with pytest.raises(Exception, match=re.escape(why)):
        judge(pki, name)


def test_the_crl_says_what_ocsp_says(pki: Authorities) -> None:
    with pki.ocsp.garbage():
        judge(pki, "leader")
        with pytest.raises(RevokedError, match="CRL"):
            judge(pki, "revoked")
    with pki.ocsp.garbage(), pki.crls.garbage(), pytest.raises(Exception, match="revocation"):
        judge(pki, "leader")


def test_a_certificate_can_be_revoked_for_a_while(pki: Authorities) -> None:
    with pki.revoked("leader"):
        with pytest.raises(RevokedError, match="OCSP"):
            judge(pki, "leader")
        with pki.ocsp.garbage(), pytest.raises(RevokedError, match="CRL"):
            judge(pki, "leader")
        judge(pki, "office")
    judge(pki, "leader")


def test_what_was_revoked_this_hour_is_not_in_the_crl_yet(pki: Authorities) -> None:
    with pki.revoked("leader", datetime.now(UTC) - timedelta(hours=1)):
        with pytest.raises(RevokedError, match="OCSP"):
            judge(pki, "leader")
        with pki.ocsp.garbage():
            judge(pki, "leader")


# Time stamps


def ask_stamp(pki: Authorities, timeout: float = 5) -> bytes:
    """Ask for a stamp as bare as can be."""
    query = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"\xab" * 32},
            "nonce": 77,
            "cert_req": True,
        }
    )
    request = urllib.request.Request(pki.tsa, query.dump(), {"Content-Type": "application/timestamp-query"})  # noqa: S310  loopback
    with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
        body: bytes = answer.read()
        return body


def stamp(pki: Authorities, timeout: float = 5) -> tsp.TimeStampResp:
    return tsp.TimeStampResp.load(ask_stamp(pki, timeout))


def content(response: tsp.TimeStampResp) -> Any:
    return response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed


def openssl(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *words], input=given, capture_output=True, check=False)  # noqa: S607  Debian's


def openssl_accepts(pki: Authorities, folder: Path, response: tsp.TimeStampResp) -> bool:
    answer, middle, root = folder / "answer.tsr", folder / "intermediate.pem", pki.trust / "root.crt"
    answer.write_bytes(response.dump())
    middle.write_bytes(openssl("x509", "-inform", "der", given=pki.certificate("intermediate")).stdout)
    expected = ["-digest", "ab" * 32, "-CAfile", str(root), "-untrusted", str(middle)]
    return openssl("ts", "-verify", "-in", str(answer), *expected).returncode == 0


def test_a_stamp_is_right_for_openssl(pki: Authorities, tmp_path: Path) -> None:
    response = stamp(pki)
    assert content(response)["nonce"].native == 77
    assert openssl_accepts(pki, tmp_path, response)


def test_a_large_stamp_is_right_too(pki: Authorities, tmp_path: Path) -> None:
    with pki.stamping.large():
        response = stamp(pki)
    assert len(response["time_stamp_token"].dump()) > 16_384
    assert openssl_accepts(pki, tmp_path, response)
    assert len(stamp(pki).dump()) < 4_096


def test_a_wrong_imprint_has_the_right_nonce_and_openssl_sees_it(pki: Authorities, tmp_path: Path) -> None:
    with pki.stamping.wrong_imprint():
        response = stamp(pki)
    assert content(response)["nonce"].native == 77
    assert content(response)["message_imprint"]["hashed_message"].native == bytes(32)
    assert not openssl_accepts(pki, tmp_path, response)


def test_rejection_garbage_and_failures(pki: Authorities, tmp_path: Path) -> None:
    with pki.stamping.rejects():
        (tmp_path / "answer.tsr").write_bytes(ask_stamp(pki))
    assert b"Status: Rejected." in openssl("ts", "-reply", "-text", "-in", str(tmp_path / "answer.tsr")).stdout
    with pki.stamping.garbage():
        assert ask_stamp(pki).startswith(b"<html>")
    with pki.stamping.fails_first(2):
        for _attempt in range(2):
            with pytest.raises(urllib.error.HTTPError, match="503"):
                stamp(pki)
        assert stamp(pki)["status"]["status"].native == "granted"
    assert pki.stamping.asked == 3


def test_silence_and_slowness_end_with_the_block(pki: Authorities) -> None:
    with pki.stamping.silent():
        for _attempt in range(2):
            with pytest.raises(TimeoutError):
                stamp(pki, timeout=0.2)
        assert pki.stamping.asked == 2
    with pki.stamping.slow(0.5):
        with pytest.raises(TimeoutError):
            stamp(pki, timeout=0.1)
        assert content(stamp(pki))["nonce"].native == 77
    assert content(stamp(pki, timeout=5))["nonce"].native == 77


def test_misbehaving_services_reach_a_signer(pki: Authorities) -> None:
    with pki.stamping.garbage(), pytest.raises(ValueError, match="Insufficient data"):
        sign_lta(pki, "leader")
    with pki.revoked("leader"), pytest.raises(SigningError, match="could not be validated"):
        sign_lta(pki, "leader")
    with pki.stamping.large():
        assert is_valid(pki, sign_lta(pki, "leader"), "leader")


# Tokens


def library(tokens: SoftTokens) -> Any:
    return pkcs11.lib(tokens.module)


@pytest.mark.parametrize(
    ("token", "label", "name", "raw"),
    [
        ("Lãnh đạo", "ký", "leader", False),
        ("Lãnh đạo", "ký P-256", "leader_ec", True),
        ("Con dấu", "dấu", "office_3072", False),
    ],
)
def test_a_token_signs(pki: Authorities, tokens: SoftTokens, token: str, label: str, name: str, *, raw: bool) -> None:
    with library(tokens).get_token(token_label=token).open(user_pin=PIN) as session:
        pdf = sign(PKCS11Signer(session, cert_label=label, use_raw_mechanism=raw))
    assert is_valid(pki, pdf, name)


def test_an_elliptic_key_needs_the_raw_mechanism(tokens: SoftTokens) -> None:
    with library(tokens).get_token(token_label="Lãnh đạo").open(user_pin=PIN) as session:
        (key,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: b"\x02"})
        with pytest.raises(pkcs11.MechanismInvalid):
            key.sign(b"x", mechanism=Mechanism.ECDSA_SHA256)


def test_before_login_the_certificates_are_seen_and_the_keys_are_not(pki: Authorities, tokens: SoftTokens) -> None:
    assert sorted(slot.get_token().label for slot in library(tokens).get_slots()) == ["", "Con dấu", "Lãnh đạo"]
    with library(tokens).get_token(token_label="Lãnh đạo").open() as session:
        seen = list(session.get_objects())
        by_id = {one[Attribute.ID]: one[Attribute.VALUE] for one in seen if one.object_class is ObjectClass.CERTIFICATE}
    names = {b"\x01": "leader", b"\x02": "leader_ec", b"": "intermediate"}
    assert by_id == {identity: pki.certificate(name) for identity, name in names.items()}
    assert not [one for one in seen if one.object_class is ObjectClass.PRIVATE_KEY]


def test_soft_tokens_say_little_about_wrong_pins_and_never_lock(tokens: SoftTokens, tmp_path: Path) -> None:
    def flags() -> TokenFlag:
        token = library(tokens).get_token(token_label="Con dấu")
        return TokenFlag(token.flags)

    low, worse = TokenFlag.USER_PIN_COUNT_LOW, TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_LOCKED
    assert not flags() & low
    token = library(tokens).get_token(token_label="Con dấu")
    with watched(tmp_path / "calls") as calls:
        for wrong in ("000000", "", "0" * 300, "0000"):
            with pytest.raises(pkcs11.PinIncorrect):
                token.open(user_pin=wrong)
            assert flags() & low
            assert not flags() & worse
    assert (calls.count("C_OpenSession"), calls.count("C_Login"), calls.count("C_CloseSession")) == (4, 4, 0)
    with token.open(user_pin=PIN), pytest.raises(pkcs11.UserAlreadyLoggedIn):
        token.open(user_pin="wrong")
    assert not flags() & low
    assert calls.count("C_Login") == 4


def test_watched_tokens_lock_as_real_ones_do(tokens: SoftTokens, tmp_path: Path) -> None:
    def says(label: str) -> list[bool]:
        flags = library(tokens).get_token(token_label=label).flags
        states = (TokenFlag.USER_PIN_COUNT_LOW, TokenFlag.USER_PIN_FINAL_TRY, TokenFlag.USER_PIN_LOCKED)
        return [bool(flags & state) for state in states]

    token = library(tokens).get_token(token_label="Con dấu")
    with watched(tmp_path / "calls", limit=3) as calls:
        told = [says("Con dấu")]
        for _attempt in range(2):
            with pytest.raises(pkcs11.PinIncorrect):
                token.open(user_pin="000000")
            told.append(says("Con dấu"))
        assert told == [[False, False, False], [True, False, False], [True, True, False]]
        token.open(user_pin=PIN).close()
        assert says("Con dấu") == [False, False, False]
    with watched(tmp_path / "calls", wrong=2, limit=3):
        assert says("Con dấu") == [True, True, False]
        with pytest.raises(pkcs11.PinIncorrect):
            token.open(user_pin="000000")
        assert says("Con dấu")[2]
        with pytest.raises(pkcs11.PinLocked):
            token.open(user_pin=PIN)
        library(tokens).get_token(token_label="Lãnh đạo").open(user_pin=PIN).close()
    assert calls.count("C_Login") == 6
    token.open(user_pin=PIN).close()


def test_a_token_can_be_pulled_out(tokens: SoftTokens, tmp_path: Path) -> None:
    token = library(tokens).get_token(token_label="Con dấu")
    with watched(tmp_path / "calls", signatures=2), token.open(user_pin=PIN) as session:
        (key,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        assert key.sign(b"one") != key.sign(b"two")
        with pytest.raises(pkcs11.DeviceRemoved):
            key.sign(b"three")


def test_another_process_is_watched_too(tokens: SoftTokens, tmp_path: Path) -> None:
    script = (
        "import sys, pkcs11, vanthu_cli.__main__ as program\n"
        "def main(words):\n"
        "    pkcs11.lib(words[0]).get_token(token_label='Con dấu').open(user_pin=words[1]).close()\n"
        "program.main = main\n"
    )
    (tmp_path / "sitecustomize.py").write_text(script, "utf-8")
    environment = os.environ | dict(tokens.environment)
    environment["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{environment['PYTHONPATH']}"
    command = [*watched_vanthu(tmp_path / "calls", wrong=2, limit=3), tokens.module, PIN]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    calls = Calls(tmp_path / "calls")
    assert (calls.count("C_OpenSession"), calls.count("C_Login"), calls.count("C_CloseSession")) == (1, 1, 1)


def test_tokens_can_be_exchanged_for_others(pki: Authorities, tokens: SoftTokens, tmp_path: Path) -> None:
    with soft_tokens(tmp_path / "soft", {"Khác": [("ký", pki.p12("other"), pki.passphrase)]}, pin="abc123") as others:
        assert {slot.get_token().label for slot in library(others).get_slots()} == {"", "Khác"}
        library(others).get_token(token_label="Khác").open(user_pin="abc123").close()
    assert {slot.get_token().label for slot in library(tokens).get_slots()} == {"", "Con dấu", "Lãnh đạo"}


# The remote service


@pytest.fixture
def service(pki: Authorities) -> Iterator[CscServer]:
    with csc_server(pki) as running:
        yield running


class Authorisation(CSCAuthorizationManager):
    """Asks the service each time, as pyHanko's documentation shows."""

    client: aiohttp.ClientSession
    pin: str

    async def authorize_signature(self, hash_b64s: list[str]) -> CSCAuthorizationInfo:
        request = self.format_csc_auth_request(pin=self.pin, hash_b64s=hash_b64s)
        url = self.csc_session_info.endpoint_url("credentials/authorize")
        async with self.client.post(url, headers=self.auth_headers, json=request, raise_for_status=True) as response:
            answer: CSCAuthorizationInfo = self.parse_csc_auth_response(await response.json())
            return answer


def sign_remotely(service: CscServer, name: str, pin: str) -> bytes:
    async def work() -> bytes:
        where = CSCServiceSessionInfo(service.url, name, oauth_token=service.token)
        async with aiohttp.ClientSession() as client:
            manager = Authorisation(where, await fetch_certs_in_csc_credential(client, where))
            manager.client, manager.pin = client, pin
            out, meta = BytesIO(), PdfSignatureMetadata(field_name="Ký", subfilter=SigSeedSubFilter.PADES)
            signer = PdfSigner(meta, CSCSigner(client, manager))
            await signer.async_sign_pdf(IncrementalPdfFileWriter(BytesIO(blank())), output=out)
            return out.getvalue()

    return asyncio.run(work())


def ask(
    service: CscServer, endpoint: str, body: Any, *, token: str | None = None, timeout: float = 5
) -> tuple[int, Any]:
    """Post JSON to VERSION/ENDPOINT; return the status and what was answered."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token or service.token}"}
    request = urllib.request.Request(f"{service.url}/csc/{endpoint}", json.dumps(body).encode(), headers)  # noqa: S310  loopback
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        said = error.read()
        return error.code, json.loads(said) if said else None


DIGESTS = [base64.b64encode(hashlib.sha256(text).digest()).decode() for text in (b"one", b"two", b"three")]
SHA256 = "2.16.840.1.101.3.4.2.1"
SHA256_RSA = "1.2.840.113549.1.1.11"
PLAIN_RSA = "1.2.840.113549.1.1.1"


def authorise(
    service: CscServer, version: str, digests: list[str] | None, number: int = 1, pin: str = PIN
) -> tuple[int, Any]:
    body: dict[str, Any] = {"credentialID": "leader", "numSignatures": number}
    if version == "v1":
        body |= {"PIN": pin} | ({"hash": digests} if digests is not None else {})
    else:
        pinned = {"hashes": digests, "hashAlgorithmOID": SHA256} if digests is not None else {}
        body |= {"authData": [{"id": "PIN", "value": pin}]} | pinned
    return ask(service, f"{version}/credentials/authorize", body)


def sign_hashes(service: CscServer, version: str, sad: str, digests: list[str], **more: str) -> tuple[int, Any]:
    parameter = {"v1": "hash", "v2": "hashes"}[version]
    body = {"credentialID": "leader", "SAD": sad, "signAlgo": SHA256_RSA, parameter: digests} | more
    return ask(service, f"{version}/signatures/signHash", body)


@pytest.mark.parametrize("name", ["leader", "leader_ec"])
def test_pyhanko_signs_with_the_service(pki: Authorities, service: CscServer, name: str) -> None:
    assert is_valid(pki, sign_remotely(service, name, PIN), name)
    assert [endpoint for endpoint, _body in service.calls] == [
        "credentials/info",
        "credentials/authorize",
        "signatures/signHash",
    ]
    assert service.calls[1][1]["hash"] == service.calls[2][1]["hash"]
    assert service.tries == 1


def test_a_wrong_pin_is_one_try_and_three_lock(service: CscServer) -> None:
    with pytest.raises(SigningError, match="No signing results"):
        sign_remotely(service, "leader", "000000")
    assert service.tries == 1
    assert "signatures/signHash" not in [endpoint for endpoint, _body in service.calls]
    assert authorise(service, "v1", DIGESTS[:1], pin="1")[1]["error"] == "invalid_pin"
    assert authorise(service, "v2", DIGESTS[:1], pin="2")[1]["error"] == "invalid_authentication_data"
    status, said = authorise(service, "v1", DIGESTS[:1])
    assert (status, said["error"], said["error_description"]) == (400, "invalid_request", "PIN locked")
    assert authorise(service, "v2", DIGESTS[:1])[1]["error_description"] == "Credential locked"
    assert service.tries == 3


def test_the_right_pin_forgives_the_wrong_ones_before(service: CscServer) -> None:
    for pin in ("1", "2", PIN, "3", "4"):
        authorise(service, "v1", DIGESTS[:1], pin=pin)
    assert authorise(service, "v1", DIGESTS[:1])[0] == 200


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_sad_is_good_for_its_hashes_and_its_number_only(pki: Authorities, service: CscServer, version: str) -> None:
    sad = authorise(service, version, DIGESTS[:2], number=2)[1]["SAD"]
    refused = sign_hashes(service, version, sad, DIGESTS[2:])
    assert refused == (400, {"error": "invalid_request", "error_description": "Hash is not authorized by the SAD"})
    assert sign_hashes(service, version, "other", DIGESTS[:1])[1]["error_description"] == "Invalid parameter SAD"
    status, said = sign_hashes(service, version, sad, DIGESTS[:1])
    assert status == 200
    key = load_der_x509_certificate(pki.certificate("leader")).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(said["signatures"][0]), b"one", PKCS1v15(), hashes.SHA256())
    assert "too high" in sign_hashes(service, version, sad, DIGESTS[:2])[1]["error_description"]
    assert sign_hashes(service, version, sad, DIGESTS[1:2])[0] == 200
    assert sign_hashes(service, version, sad, DIGESTS[1:2])[1]["error_description"] == "Invalid parameter SAD"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_sad_expires(service: CscServer, version: str) -> None:
    service.lifetime = 0
    sad = authorise(service, version, DIGESTS[:1])[1]
    assert sad["expiresIn"] == 0
    assert sign_hashes(service, version, sad["SAD"], DIGESTS[:1])[1]["error_description"] == "SAD expired"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_scal_2_demands_hashes_and_scal_1_does_not(service: CscServer, version: str) -> None:
    assert "array parameter hash" in authorise(service, version, None)[1]["error_description"]
    assert service.tries == 0
    service.scal = 1
    sad = authorise(service, version, None, number=10)[1]["SAD"]
    assert len(sign_hashes(service, version, sad, DIGESTS)[1]["signatures"]) == 3
    assert "too high" in authorise(service, version, None, number=11)[1]["error_description"]


def test_the_second_version_does_not_read_what_the_first_one_says(service: CscServer) -> None:
    first = {"credentialID": "leader", "numSignatures": 1, "PIN": PIN, "hash": DIGESTS[:1]}
    assert "array parameter hashes" in ask(service, "v2/credentials/authorize", first)[1]["error_description"]
    second = {"credentialID": "leader", "numSignatures": 1, "PIN": PIN, "hashes": DIGESTS[:1]}
    assert "hashAlgorithmOID" in ask(service, "v2/credentials/authorize", second)[1]["error_description"]
    second["hashAlgorithmOID"] = SHA256
    assert "authData" in ask(service, "v2/credentials/authorize", second)[1]["error_description"]
    assert service.tries == 0
    sad = authorise(service, "v2", DIGESTS[:1])[1]["SAD"]
    plain = sign_hashes(service, "v2", sad, DIGESTS[:1], signAlgo=PLAIN_RSA, hashAlgo=SHA256)
    assert "string parameter hashAlgorithmOID" in plain[1]["error_description"]
    assert sign_hashes(service, "v2", sad, DIGESTS[:1], signAlgo=PLAIN_RSA, hashAlgorithmOID=SHA256)[0] == 200


def test_the_service_says_how_it_wants_to_be_asked(pki: Authorities, service: CscServer) -> None:
    service.otp = "55"
    assert ask(service, "v1/info", {})[1]["specs"].startswith("1.0.4")
    assert ask(service, "v2/info", {})[1]["specs"].startswith("2.0")
    assert ask(service, "v1/credentials/list", {})[1]["credentialIDs"] == ["leader", "leader_ec", "office"]
    query = {"credentialID": "leader_ec", "certificates": "chain", "authInfo": True, "certInfo": True}
    first, second = (ask(service, f"{version}/credentials/info", query)[1] for version in ("v1", "v2"))
    chain = [base64.b64encode(pki.certificate(name)).decode() for name in ("leader_ec", "intermediate", "root")]
    assert first["cert"]["certificates"] == second["cert"]["certificates"] == chain
    assert (first["authMode"], first["PIN"]["presence"], first["OTP"]["presence"]) == ("explicit", "true", "true")
    assert (second["auth"]["mode"], second["auth"]["expression"]) == ("explicit", "PIN AND OTP")
    assert (first["SCAL"], first["multisign"], first["key"]["len"]) == ("2", 10, 256)
    less = ask(service, "v1/credentials/info", {"credentialID": "leader", "certificates": "none"})[1]
    assert "certificates" not in less["cert"]
    assert "PIN" not in less
    assert authorise(service, "v1", DIGESTS[:1])[1]["error_description"].endswith("parameter OTP")


def test_without_the_token_nothing_is_told(service: CscServer) -> None:
    status, said = ask(service, "v1/credentials/info", {"credentialID": "leader"}, token="stolen")
    assert (status, said["error"]) == (401, "invalid_token")
    assert service.calls == []


def test_a_silent_service_is_silent_where_it_was_told(service: CscServer) -> None:
    with service.silent("signatures/signHash"):
        sad = authorise(service, "v1", DIGESTS[:1])[1]["SAD"]
        with pytest.raises(TimeoutError):
            ask(service, "v1/signatures/signHash", {"credentialID": "leader"}, timeout=0.2)
    assert sign_hashes(service, "v1", sad, DIGESTS[:1])[0] == 200
    with service.silent(), pytest.raises(TimeoutError):
        ask(service, "v1/info", {}, timeout=0.2)


@pytest.mark.parametrize(
    ("endpoint", "body", "why"),
    [
        ("v1/credentials/info", {}, "string parameter credentialID"),
        ("v1/credentials/info", {"credentialID": "nobody"}, "Invalid parameter credentialID"),
        ("v1/credentials/info", {"credentialID": "leader", "certificates": "all"}, "Invalid parameter certificates"),
        ("v1/credentials/info", [], "malformed"),
        ("v1/credentials/authorize", {"credentialID": "leader"}, "integer parameter numSignatures"),
        ("v1/credentials/authorize", {"credentialID": "leader", "numSignatures": 0}, "Invalid value"),
        ("v1/credentials/authorize", {"credentialID": "leader", "numSignatures": 1, "hash": []}, "Empty hash array"),
        ("v1/credentials/authorize", {"credentialID": "leader", "numSignatures": 1, "hash": ["#"]}, "Invalid Base64"),
        ("v1/credentials/authorize", {"credentialID": "leader", "numSignatures": 1, "hash": DIGESTS}, "Invalid value"),
        ("v1/signatures/signHash", {"credentialID": "leader"}, "string parameter SAD"),
    ],
)
def test_malformed_requests_are_refused_in_the_words_of_the_specification(
    service: CscServer, endpoint: str, body: Any, why: str
) -> None:
    status, said = ask(service, endpoint, body)
    assert (status, said["error"]) == (400, "invalid_request")
    assert why in said["error_description"]


@pytest.mark.parametrize(
    ("digest", "more", "why"),
    [
        ("AAAA", {}, "Invalid digest value length"),
        (DIGESTS[0], {"signAlgo": "1.2.840.10045.4.3.2"}, "Invalid parameter signAlgo"),
        (DIGESTS[0], {"signAlgo": PLAIN_RSA}, "string parameter hashAlgo"),
        (DIGESTS[0], {"signAlgo": PLAIN_RSA, "hashAlgo": "1.2.3"}, "Invalid parameter hashAlgo"),
    ],
)
def test_what_the_key_cannot_sign_is_refused(service: CscServer, digest: str, more: dict[str, str], why: str) -> None:
    service.scal = 1
    sad = authorise(service, "v1", None)[1]["SAD"]
    assert why in sign_hashes(service, "v1", sad, [digest], **more)[1]["error_description"]
    assert sign_hashes(service, "v1", sad, DIGESTS[:1])[0] == 200
