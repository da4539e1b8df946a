"""Is a certificate fit for signing now?"""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from tests.validation.conftest import DAY, NOW, Holder, Pki, issue, revocation_list

from vanthu_cli.validation.certificates import certificate_problem
from vanthu_cli.validation.reasons import CODES, Reason
from vanthu_cli.validation.trust import Trust

NOBODY = Trust((), (), (), "require")
LATER = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(
    serialization.Encoding.DER
)
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""RFC 9336."""


def problem(holder: Holder, trust: Trust, *, chain: tuple[Holder, ...] = (), now: datetime = NOW) -> str | None:
    found = certificate_problem(holder.der, [each.der for each in chain], trust, now=now)
    return found.code if found else None


def answer(leaf: Holder, issuer: Holder, revoked: datetime | None = None, *, signer: Holder | None = None) -> bytes:
    """An OCSP answer about `leaf`."""
    by = signer or issuer
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=leaf.certificate,
        issuer=issuer.certificate,
        algorithm=hashes.SHA256(),
        cert_status=status,
        this_update=NOW - DAY,
        next_update=NOW + DAY,
        revocation_time=revoked,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate).certificates([by.certificate])
    return builder.sign(by.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_a_good_certificate_has_no_problem(pki: Pki) -> None:
    assert problem(pki.office, pki.trust()) is None
    assert problem(pki.office, NOBODY) is None


@given(days=st.integers(-3000, 3000), trusted=st.booleans())
def test_only_its_own_time_is_a_time_to_sign(days: int, trusted: bool, pki: Pki) -> None:
    for holder, since, until in ((pki.office, -1000, 1000), (pki.expired, -1000, -100)):
        trust = pki.trust() if trusted else NOBODY
        # The authority lives as long as the office: on no other day is it the authority that has expired.
        expected = "not-yet-valid" if days < since else "expired" if days > until else None
        found = certificate_problem(holder.der, [], trust, now=NOW + timedelta(days=days))
        assert found == (expected and Reason(f"signing-certificate-{expected}", found.detail if found else ""))


def test_the_day_is_named(pki: Pki) -> None:
    found = certificate_problem(pki.expired.der, [], pki.trust(), now=NOW)
    assert found
    assert datetime.fromisoformat(found.detail) == NOW - 100 * DAY


def test_an_expired_authority_is_not_the_certificates_own_fault(pki: Pki) -> None:
    between = issue("CA cũ", pki.root, ca=True, until=NOW - DAY)
    assert problem(issue("Ai đó", between), pki.trust(), chain=(between,)) == "certificate-chain-failure"


@pytest.mark.parametrize(
    ("purposes", "fits"),
    [
        ((), True),
        ((ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH), True),
        ((ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH), True),
        ((ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,), True),
        ((DOCUMENT_SIGNING,), True),
        ((ExtendedKeyUsageOID.TIME_STAMPING,), False),
        ((ExtendedKeyUsageOID.SERVER_AUTH,), False),
        ((ExtendedKeyUsageOID.OCSP_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH), False),
    ],
)
def test_extended_usages_that_have_nothing_to_do_with_signing_exclude_it(
    purposes: tuple[x509.ObjectIdentifier, ...], fits: bool, pki: Pki
) -> None:
    holder = issue("Ai đó", pki.sub, purposes=purposes)
    for trust in (pki.trust(), NOBODY):
        assert problem(holder, trust) == (None if fits else "signing-certificate-wrong-purpose")


def test_a_certificate_for_encryption_or_of_an_authority_is_none_for_signing(pki: Pki) -> None:
    for holder in (issue("Mã hóa", pki.sub, signs=False), pki.sub, pki.tsa):
        assert problem(holder, pki.trust()) == "signing-certificate-wrong-purpose"


def test_a_strangers_certificate_is_untrusted_only_where_anybody_is_trusted(pki: Pki) -> None:
    assert problem(pki.stranger, pki.trust(), chain=(pki.stranger_root,)) == "certificate-untrusted"
    assert problem(pki.stranger, NOBODY) is None


def test_the_chain_that_came_with_it_leads_to_the_anchor(pki: Pki) -> None:
    root_only = Trust((pki.root.der,), (), (), "ignore")
    assert problem(pki.office, root_only) == "certificate-untrusted"
    assert problem(pki.office, root_only, chain=(pki.sub,)) is None


class TestRevocation:
    revoked = "signing-certificate-revoked"

    def listed(self, pki: Pki, *, until: datetime = NOW + DAY) -> bytes:
        return revocation_list(pki.sub, {pki.office.certificate.serial_number: NOW - 5 * DAY}, until=until)

    def test_by_a_list_of_ours_or_one_just_fetched(self, pki: Pki) -> None:
        for until in (NOW + DAY, NOW - timedelta(hours=1)):  # an outdated list revokes too
            crl = self.listed(pki, until=until)
            found = certificate_problem(pki.office.der, [], pki.trust(crls=(crl,)), now=NOW)
            assert found == Reason(self.revoked, (NOW - 5 * DAY).isoformat())
            assert certificate_problem(pki.office.der, [], pki.trust(), now=NOW, answers=[crl]) == found
        assert problem(pki.leader, pki.trust("require", (self.listed(pki),))) is None

    def test_ignore_ignores(self, pki: Pki) -> None:
        assert problem(pki.office, pki.trust("ignore", (self.listed(pki),))) is None

    def test_a_strangers_list_counts_for_nothing(self, pki: Pki) -> None:
        serial = pki.office.certificate.serial_number
        forged = revocation_list(Holder(pki.sub.certificate, pki.stranger.key), {serial: NOW - DAY})
        assert problem(pki.office, pki.trust(crls=(forged,))) is None

    def test_by_its_authority(self, pki: Pki) -> None:
        crl = revocation_list(pki.root, {pki.sub.certificate.serial_number: NOW - 5 * DAY})
        trust = Trust((pki.root.der,), (), (crl,), "when-available")
        assert problem(pki.office, trust, chain=(pki.sub,)) == self.revoked

    def test_require_wants_to_know(self, pki: Pki) -> None:
        unknown = "signing-certificate-revocation-unknown"
        old = revocation_list(pki.sub, {}, since=NOW - 9 * DAY, until=NOW - 8 * DAY)
        assert problem(pki.office, pki.trust("require")) == unknown
        assert problem(pki.office, pki.trust("require", (old,))) == unknown
        assert problem(pki.office, pki.trust("require", (revocation_list(pki.sub, {}),))) is None

    @pytest.mark.parametrize("delegated", [False, True])
    def test_by_an_answer_just_fetched(self, pki: Pki, delegated: bool) -> None:
        leaf = issue("Ai đó", pki.sub, ocsp_at="http://127.0.0.1:9/")
        responder = issue("OCSP", pki.sub, answers_ocsp=True) if delegated else None
        good = answer(leaf, pki.sub, signer=responder)
        bad = answer(leaf, pki.sub, NOW - 5 * DAY, signer=responder)
        trust = pki.trust("require")
        assert certificate_problem(leaf.der, [], trust, now=NOW, answers=[good]) is None
        for answers in ([bad], [good, bad], [bad, good]):
            found = certificate_problem(leaf.der, [], trust, now=NOW, answers=answers)
            assert found == Reason(self.revoked, (NOW - 5 * DAY).isoformat())

    def test_an_answer_by_a_stranger_or_about_another_or_that_says_nothing_counts_for_nothing(self, pki: Pki) -> None:
        leaf = issue("Ai đó", pki.sub, ocsp_at="http://127.0.0.1:9/")
        for given_answer in (
            answer(leaf, pki.sub, NOW - DAY, signer=pki.stranger_root),
            answer(pki.leader, pki.sub, NOW - DAY),
            LATER,
        ):
            assert certificate_problem(leaf.der, [], pki.trust(), now=NOW, answers=[given_answer]) is None
            found = certificate_problem(leaf.der, [], pki.trust("require"), now=NOW, answers=[given_answer])
            assert found
            assert found.code == "signing-certificate-revocation-unknown"


@given(rubbish=st.binary(max_size=60), data=st.data())
def test_rubbish_is_no_certificate_and_no_error(rubbish: bytes, data: st.DataObject, pki: Pki) -> None:
    found = certificate_problem(rubbish, [], pki.trust(), now=NOW)
    assert found
    assert found.code == "signing-certificate-unreadable"
    assert certificate_problem(pki.office.der, [rubbish], pki.trust(), now=NOW, answers=[rubbish]) is None
    place = data.draw(st.integers(0, len(pki.office.der) - 1))
    changed = pki.office.der[:place] + bytes([pki.office.der[place] ^ 1]) + pki.office.der[place + 1 :]
    found = certificate_problem(changed, [], pki.trust(), now=NOW)
    assert found is None or found.code in CODES  # asn1crypto forgives a bit that means nothing
