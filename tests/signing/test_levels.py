"""PAdES levels: what was signed while the authorities answered is judged by pyHanko when nobody answers any more."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509 import ocsp as crypto_ocsp
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import (
    ades_basic_validation,
    ades_lta_validation,
    ades_with_time_validation,
    simulate_future_ades_lta_validation,
)
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer
from tests.authorities import Authorities, authorities
from tests.signing import practice
from tests.signing.practice import SEAL, SIGNER, check, done, refused

from vanthu_cli.document.places import Places
from vanthu_cli.errors import MisuseError, UnreachableError
from vanthu_cli.signing import pades
from vanthu_cli.signing.evidence import Witness
from vanthu_cli.signing.files import open_pdf, stamps_of
from vanthu_cli.signing.keys import SigningKey, common_name, held
from vanthu_cli.signing.levels import Level, Proof
from vanthu_cli.signing.timestamps import open_time_stamper

LEVELS: tuple[Level, ...] = ("B-B", "B-T", "B-LT", "B-LTA")
OFFICE_DAY = datetime(2026, 4, 28, tzinfo=UTC).date()


def key(pki: Authorities, name: str) -> SigningKey:
    own, middle = (x509.load_der_x509_certificate(pki.certificate(one)) for one in (name, "intermediate"))
    return held(pki.private_key(name), own, [middle])


def proof(pki: Authorities, level: Level) -> Proof:
    return Proof(level, open_time_stamper(pki.tsa), Witness(frozenset({pki.host}), (pki.certificate("root"),)))


@dataclass(frozen=True)
class Archive:
    """What was signed, by level and number of signatures, and the certificates; the servers are gone."""

    drafts: Mapping[int, bytes]
    signed: Mapping[tuple[Level, int], bytes]
    der: Mapping[str, bytes]
    until: datetime


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    pdf, places = practice.dispatch()
    prepared = done(pades.prepare, pdf, places, sealed_at=SEAL)
    signed: dict[tuple[Level, int], bytes] = {}
    with authorities(tmp_path_factory.mktemp("levels") / "vn") as pki:
        leader, office = key(pki, "leader"), key(pki, "office")
        for level in LEVELS:
            how = proof(pki, level)
            signed[level, 1] = done(pades.sign_person, pdf, leader, image=None, box=SIGNER, proof=how)
            first = replace(how, level="B-LT") if level == "B-LTA" else how
            one = done(pades.sign_person, prepared, leader, image=None, box=None, proof=first)
            two = done(pades.number_and_date, one, office, number=145, day=OFFICE_DAY, places=places)
            signed[level, 2] = done(pades.seal, two, office, image=None, size=None, box=None, proof=how)
        der = {name: pki.certificate(name) for name in ("root", "intermediate", "responder", "leader", "office", "tsa")}
        until = x509.load_der_x509_certificate(der["leader"]).not_valid_after_utc
    return Archive({1: pdf, 2: prepared}, signed, der, until)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Let nobody reach anybody; give whom they tried to reach."""
    tried: list[object] = []

    def connect(_self: socket.socket, address: object) -> None:
        tried.append(address)
        raise OSError(address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    yield tried
    assert not tried


def rules(archive: Archive, *, revocation: bool = True) -> SignatureValidationSpec:
    """Trust the root alone, look at nothing but the file (signing.md 6 b)."""
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build([asn1_x509.Certificate.load(archive.der["root"])]),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO if revocation else NO_REVOCATION),
    )
    local = RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY)
    return SignatureValidationSpec(policy, revinfo_gathering_policy=local)


def verdicts(pdf: bytes, archive: Archive) -> list[Any]:
    """Return the verdict on each signature from what the file's security store holds."""
    spec = replace(rules(archive), local_knowledge=knowledge(pdf))
    found = []
    for each in open_pdf(pdf).reader.embedded_regular_signatures:
        # Number and date have no time stamp of their own, which pyHanko demands in the judgement with time.
        judge = ades_with_time_validation if stamps_of(each) else ades_basic_validation
        found.append(asyncio.run(judge(each.signed_data, spec, raw_digest=each.compute_digest())).ades_subindic)
    return found


def long_term_verdicts(pdf: bytes, archive: Archive, *, at: datetime | None = None) -> list[Any]:
    """Return the verdict on each stamped signature under the document's time stamps; of `at`, if they are kept up till then."""
    spec = PdfSignatureValidationSpec(rules(archive))
    signatures = [each for each in open_pdf(pdf).reader.embedded_regular_signatures if stamps_of(each)]
    judge = (
        ades_lta_validation if at is None else partial(simulate_future_ades_lta_validation, future_validation_time=at)
    )
    return [asyncio.run(judge(each, spec)).ades_subindic for each in signatures]


def knowledge(pdf: bytes) -> LocalKnowledge:
    reader = PdfFileReader(BytesIO(pdf))
    if "/DSS" not in reader.root:
        return LocalKnowledge()
    store = DocumentSecurityStore.read_dss(reader)
    answers = [asn1_ocsp.OCSPResponse.load(each.get_object().data) for each in store.ocsps]
    return LocalKnowledge(
        known_ocsps=[one for answer in answers for one in OCSPContainer.load_multi(answer)],
        known_crls=[CRLContainer(asn1_crl.CertificateList.load(each.get_object().data)) for each in store.crls],
        known_certs=list(store.load_certs()),
    )


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("level", LEVELS)
def test_every_level_stands_by_our_own_check_and_by_poppler(
    level: Level, count: int, archive: Archive, tmp_path: Path
) -> None:
    pdf = archive.signed[level, count]
    signatures = {1: ("LanhDao",), 2: ("LanhDao", "SoVaNgay", "ConDau")}[count]
    assert check(archive.drafts[count], pdf, len(signatures)) == signatures
    assert practice.pdfsig_says(pdf, tmp_path)[: len(signatures)] == ["Signature is Valid."] * len(signatures)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("level", LEVELS)
def test_every_level_is_sound_and_trusted_when_nobody_asks_for_revocation(
    level: Level, count: int, archive: Archive
) -> None:
    for signature in open_pdf(archive.signed[level, count]).reader.embedded_regular_signatures:
        digest, spec = signature.compute_digest(), rules(archive, revocation=False)
        basic = asyncio.run(ades_basic_validation(signature.signed_data, spec, raw_digest=digest))
        assert basic.ades_subindic is AdESPassed.OK


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_from_b_t_the_time_is_the_authoritys(level: Level, archive: Archive) -> None:
    (signature,) = open_pdf(archive.signed[level, 1]).reader.embedded_regular_signatures
    digest, spec = signature.compute_digest(), rules(archive, revocation=False)
    timed = asyncio.run(ades_with_time_validation(signature.signed_data, spec, raw_digest=digest))
    (token,) = stamps_of(signature)
    assert timed.ades_subindic is AdESPassed.OK
    assert timed.best_signature_time == token["content"]["encap_content_info"]["content"].parsed["gen_time"].native


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("level", ["B-LT", "B-LTA"])
def test_from_b_lt_the_file_alone_proves_every_signature(level: Level, count: int, archive: Archive) -> None:
    assert verdicts(archive.signed[level, count], archive) == [AdESPassed.OK] * (1 if count == 1 else 3)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("level", ["B-B", "B-T"])
def test_below_b_lt_the_file_alone_proves_nothing(level: Level, archive: Archive) -> None:
    assert AdESPassed.OK not in verdicts(archive.signed[level, 2], archive)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("count", [1, 2])
def test_a_b_lta_document_is_proved_by_its_own_time_stamp_and_can_be_kept_beyond_the_certificates(
    count: int, archive: Archive
) -> None:
    every = [AdESPassed.OK] * count
    later = archive.until + timedelta(days=300)
    assert long_term_verdicts(archive.signed["B-LTA", count], archive) == every
    assert long_term_verdicts(archive.signed["B-LTA", count], archive, at=later) == every
    assert AdESPassed.OK not in long_term_verdicts(archive.signed["B-T", count], archive, at=later)


def kept(pdf: bytes) -> tuple[set[bytes], set[int], set[str]]:
    """Return the certificates in the DSS, the serial numbers its OCSP answers and the issuers its lists speak for."""
    store = DocumentSecurityStore.read_dss(PdfFileReader(BytesIO(pdf)))
    answers = [crypto_ocsp.load_der_ocsp_response(each.get_object().data) for each in store.ocsps]
    lists = [x509.load_der_x509_crl(each.get_object().data) for each in store.crls]
    return (
        {each.dump() for each in store.load_certs()},
        {each.serial_number for each in answers},
        {common_name(each.issuer) for each in lists},
    )


@pytest.mark.parametrize(("count", "signers"), [(1, ["leader"]), (2, ["leader", "office"])])
@pytest.mark.parametrize("level", ["B-LT", "B-LTA"])
def test_the_store_holds_what_speaks_for_signers_and_time_stamp_authority(
    level: Level, count: int, signers: list[str], archive: Archive
) -> None:
    pdf = archive.signed[level, count]
    certificates, answered, listed = kept(pdf)
    leaves = [archive.der[name] for name in (*signers, "tsa")]
    assert certificates == {*leaves, *(archive.der[name] for name in ("intermediate", "root", "responder"))}
    assert answered == {x509.load_der_x509_certificate(der).serial_number for der in leaves}
    assert listed == {"Gốc của phép thử"}
    assert "/VRI" not in PdfFileReader(BytesIO(pdf)).root["/DSS"]


@pytest.mark.parametrize("level", ["B-B", "B-T"])
def test_below_b_lt_there_is_no_store(level: Level, archive: Archive) -> None:
    assert "/DSS" not in PdfFileReader(BytesIO(archive.signed[level, 2])).root


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("level", LEVELS)
def test_only_b_lta_stamps_the_whole_document_and_last(level: Level, count: int, archive: Archive) -> None:
    reader = PdfFileReader(BytesIO(archive.signed[level, count]))
    assert len(reader.embedded_timestamp_signatures) == (level == "B-LTA")
    if level == "B-LTA":
        last = reader.embedded_signatures[-1]
        assert last.sig_object_type == "/DocTimeStamp"
        assert last.byte_range[2] + last.byte_range[3] == len(archive.signed[level, count])


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_an_answer_of_more_than_16_kb_finds_room(
    level: Level, pki: Authorities, draft: tuple[bytes, Places], tmp_path: Path
) -> None:
    with pki.stamping.large():
        pdf = done(pades.sign_person, draft[0], key(pki, "leader"), image=None, box=SIGNER, proof=proof(pki, level))
    check(draft[0], pdf, 1)
    assert practice.pdfsig_says(pdf, tmp_path)[0] == "Signature is Valid."
    (token,) = stamps_of(open_pdf(pdf).signatures[0])
    assert len(token.dump()) > 16 << 10


@pytest.mark.parametrize("mood", ["garbage", "wrong_imprint", "rejects"])
@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_without_a_right_stamp_no_level_is_reached(
    level: Level, mood: str, pki: Authorities, draft: tuple[bytes, Places]
) -> None:
    with getattr(pki.stamping, mood)():
        how = proof(pki, level)
        signer = key(pki, "leader")
        error = refused("signing.tsa_silent", pades.sign_person, draft[0], signer, image=None, box=SIGNER, proof=how)
        assert pki.stamping.asked == 3
    assert isinstance(error, UnreachableError)


def test_without_revocation_data_b_lt_is_refused_and_b_t_is_not(pki: Authorities, draft: tuple[bytes, Places]) -> None:
    how = replace(proof(pki, "B-LT"), witness=Witness(frozenset(), (pki.certificate("root"),)))
    signer = key(pki, "leader")
    error = refused("signing.no_revocation", pades.sign_person, draft[0], signer, image=None, box=SIGNER, proof=how)
    assert isinstance(error, MisuseError)
    assert pki.host in error.message
    assert "TSA của phép thử" in error.message
    done(pades.sign_person, draft[0], signer, image=None, box=SIGNER, proof=replace(how, level="B-T"))


def test_revocation_data_are_asked_for_once_in_a_batch(pki: Authorities, draft: tuple[bytes, Places]) -> None:
    how, signer = proof(pki, "B-LTA"), key(pki, "leader")
    pki.ocsp.asked = pki.crls.asked = pki.stamping.asked = 0
    for _number in range(3):
        done(pades.sign_person, draft[0], signer, image=None, box=SIGNER, proof=how)
    assert (pki.ocsp.asked, pki.crls.asked) == (2, 1)  # signer and time stamp authority, and who issued both
    assert pki.stamping.asked == 1 + 2 * 3  # one to see how large an answer is
