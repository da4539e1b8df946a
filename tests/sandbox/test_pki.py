"""The practice authorities behave like the real ones where a verifier looks."""

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import ExpiredError, RevokedError

from vanthu_cli.sandbox.pki import PARTY, ROOT, STATE, PracticePki, build_pki, fingerprint, issue

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> PracticePki:
    return build_pki(tmp_path_factory.mktemp("pki"), NOW, key="p-256")


def _person(pki: PracticePki, file: str, *, revoked: bool = False, not_after: datetime | None = None) -> Path:
    return issue(
        pki, ca="party", name="Lê Văn Hiệu", organisation="Tỉnh ủy Hải Dương", file=file, passphrase="bí mật 1",
        revoked=revoked, not_after=not_after, key="p-256",
    )  # fmt: skip


def _load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _validate(pki: PracticePki, certificate: Path) -> None:
    """Judge a signer's certificate as a strict verifier: chain, dates and revocation of every link, no network."""
    (own,) = load_certs_from_pemder_data(certificate.read_bytes())
    chain = [next(iter(load_certs_from_pemder_data(path.read_bytes()))) for path in (pki.root, pki.party, pki.state)]
    context = ValidationContext(
        trust_roots=chain[:1],
        other_certs=chain[1:],
        crls=[path.read_bytes() for path in pki.trust.glob("*.crl")],
        revocation_mode="require",
        moment=NOW,
    )
    usage = {"digital_signature", "non_repudiation"}
    validator = CertificateValidator(own, validation_context=context)
    asyncio.run(validator.async_validate_usage(usage))


def test_names_say_practice_and_both_authorities_stand_under_one_root(pki: PracticePki) -> None:
    root, party, state = _load(pki.root), _load(pki.party), _load(pki.state)
    names = [each.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value for each in (root, party, state)]
    assert names == [ROOT, PARTY, STATE]
    assert all("thực hành" in name for name in names)
    party.verify_directly_issued_by(root)
    state.verify_directly_issued_by(root)


def test_a_person_is_valid_to_a_strict_verifier(pki: PracticePki) -> None:
    _validate(pki, _person(pki, "hieu").with_suffix(".crt"))


def test_a_revoked_person_is_refused_and_the_list_keeps_the_earlier_ones(pki: PracticePki) -> None:
    first, second = _person(pki, "first", revoked=True), _person(pki, "second", revoked=True)
    for path in (first, second):
        with pytest.raises(RevokedError):
            _validate(pki, path.with_suffix(".crt"))


def test_an_expired_person_is_refused(pki: PracticePki) -> None:
    path = _person(pki, "old", not_after=NOW - timedelta(days=3))
    with pytest.raises(ExpiredError):
        _validate(pki, path.with_suffix(".crt"))


def test_the_key_file_opens_with_its_passphrase_only(pki: PracticePki) -> None:
    path = _person(pki, "pass")
    key, own, others = pkcs12.load_key_and_certificates(path.read_bytes(), "bí mật 1".encode())
    assert key is not None
    assert own == _load(path.with_suffix(".crt"))
    assert others == [_load(pki.party)]
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_key_and_certificates(path.read_bytes(), b"wrong")


def test_nothing_in_the_folder_can_be_read_by_others(pki: PracticePki) -> None:
    _person(pki, "modes")
    files = [path for path in pki.folder.rglob("*") if path.is_file()]
    assert len(files) > 12
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_no_certificate_names_an_address_to_ask(pki: PracticePki) -> None:
    _person(pki, "silent")
    for path in pki.folder.rglob("*.crt"):
        assert b"http" not in path.read_bytes()
        oids = {extension.oid for extension in _load(path).extensions}
        assert not oids & {x509.OID_AUTHORITY_INFORMATION_ACCESS, x509.OID_CRL_DISTRIBUTION_POINTS}


def test_time_stamping_is_the_only_and_critical_purpose_of_the_tsa(pki: PracticePki) -> None:
    extension = _load(pki.tsa_certificate).extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert extension.critical
    assert list(extension.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def test_a_fingerprint_is_that_of_the_certificate(pki: PracticePki) -> None:
    marks = {fingerprint(path) for path in (pki.root, pki.party, pki.state)}
    assert len(marks) == 3
    assert all(len(mark) == 64 and mark == mark.upper() for mark in marks)


def test_rsa_is_what_the_office_gets_when_nothing_is_said(tmp_path: Path) -> None:
    pki = build_pki(tmp_path, NOW)
    path = issue(pki, ca="state", name="Sở Nội vụ", organisation="Sở Nội vụ", file="snv", passphrase="x")
    assert _load(path.with_suffix(".crt")).public_key_algorithm_oid._name == "rsaEncryption"
    _validate(pki, path.with_suffix(".crt"))
