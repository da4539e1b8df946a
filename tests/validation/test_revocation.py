# mypy: allow-untyped-calls
# (pyHanko leaves the constructors of PDF objects untyped.)

from datetime import datetime, timedelta
from io import BytesIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko_certvalidator import ValidationContext
from tests.validation.conftest import DAY, NOW, SEAL_BOX, Holder, Pki, issue, revocation_list, sign, update

from vanthu_cli.validation.findings import SignatureFinding, Verdict
from vanthu_cli.validation.pdf import judge_pdf
from vanthu_cli.validation.trust import Revocation

LATER = NOW + 4 * DAY


def verdict(
    pdf: bytes,
    pki: Pki,
    *lists: bytes,
    mode: Revocation = "when-available",
    now: datetime = NOW,
    known_since: datetime | None = None,
) -> tuple[Verdict, SignatureFinding]:
    judgement = judge_pdf(pdf, pki.trust(mode, lists), pki.signatories, now=now, known_since=known_since)
    return judgement.verdict, judgement.signatures[0]


@pytest.fixture(scope="module")
def signed(pki: Pki, page: bytes) -> bytes:
    return sign(page, pki.office, "X", SEAL_BOX)


def revoked(pki: Pki, moment: datetime, *, since: datetime = NOW - DAY, until: datetime = NOW + DAY) -> bytes:
    return revocation_list(pki.sub, {pki.office.certificate.serial_number: moment}, since=since, until=until)


def test_a_current_list_without_the_certificate_is_good(signed: bytes, pki: Pki) -> None:
    for mode in ("when-available", "require"):
        outcome, found = verdict(signed, pki, revocation_list(pki.sub, {}), mode=mode)
        assert (outcome, found.revocation) == ("valid", "good")


def test_without_a_list_only_require_makes_it_unknown(signed: bytes, pki: Pki) -> None:
    assert verdict(signed, pki)[0] == "valid"
    outcome, found = verdict(signed, pki, mode="require")
    assert (outcome, found.revocation, found.sub_indication) == ("unknown", "unknown", "TRY_LATER")


def test_an_outdated_list_does_not_make_it_good(signed: bytes, pki: Pki) -> None:
    old = revocation_list(pki.sub, {}, since=NOW - 10 * DAY, until=NOW - 9 * DAY)
    assert verdict(signed, pki, old)[1].revocation == "unknown"
    assert verdict(signed, pki, old, mode="require")[0] == "unknown"


def test_revoked_before_the_claimed_time_is_invalid_even_by_an_outdated_list(signed: bytes, pki: Pki) -> None:
    current = revoked(pki, NOW - 15 * DAY)
    old = revoked(pki, NOW - 15 * DAY, since=NOW - 10 * DAY, until=NOW - 9 * DAY)
    for revocations in (current, old):
        outcome, found = verdict(signed, pki, revocations)
        assert (outcome, found.revocation, found.sub_indication) == ("invalid", "revoked", "REVOKED")
        assert found.reasons[0].code == "revoked-before-signing"


def test_revoked_after_the_claimed_time_without_proof_is_unknown(signed: bytes, pki: Pki) -> None:
    outcome, found = verdict(signed, pki, revoked(pki, NOW + DAY, until=LATER + DAY), now=LATER)
    assert (outcome, found.sub_indication) == ("unknown", "REVOKED_NO_POE")


def test_seven_hours_are_granted_to_clocks_labelled_utc(signed: bytes, pki: Pki) -> None:
    outcome, _found = verdict(signed, pki, revoked(pki, NOW - timedelta(hours=6)))
    assert outcome == "unknown"


def test_revoked_after_a_proven_time_is_valid(signed: bytes, page: bytes, pki: Pki) -> None:
    revocations = revoked(pki, NOW + DAY, until=LATER + DAY)
    stamped = sign(page, pki.office, "X", SEAL_BOX, stamper=pki.stamper(NOW))
    assert verdict(stamped, pki, revocations, now=LATER)[0] == "valid"
    assert verdict(signed, pki, revocations, now=LATER, known_since=NOW)[0] == "valid"
    assert verdict(signed, pki, revocations, now=LATER, known_since=NOW + 2 * DAY)[0] == "unknown"


def test_ignore_ignores(signed: bytes, pki: Pki) -> None:
    outcome, found = verdict(signed, pki, revoked(pki, NOW - 5 * DAY), mode="ignore")
    assert (outcome, found.revocation) == ("valid", "unknown")


def test_a_list_that_another_key_signed_counts_for_nothing(signed: bytes, pki: Pki) -> None:
    forged = revocation_list(
        Holder(pki.sub.certificate, pki.stranger.key),
        {pki.office.certificate.serial_number: NOW - 5 * DAY},
    )
    assert verdict(signed, pki, forged)[0] == "valid"
    assert verdict(signed, pki, forged, mode="require")[0] == "unknown"


def test_a_revoked_authority_revokes_what_it_issued(page: bytes, pki: Pki) -> None:
    between = issue("CA giữa", pki.root, ca=True)
    leaf = issue("Ai đó", between)
    pdf = sign(page, leaf, "X", SEAL_BOX, chain=(between,))
    assert verdict(pdf, pki)[0] == "valid"
    lists = revocation_list(pki.root, {between.certificate.serial_number: NOW - 5 * DAY})
    assert verdict(pdf, pki, lists)[0] == "invalid"


def test_require_wants_every_certificate_below_the_anchor_covered(page: bytes, pki: Pki) -> None:
    between = issue("CA giữa", pki.root, ca=True)
    pdf = sign(page, issue("Ai đó", between), "X", SEAL_BOX, chain=(between,))
    lower, upper = revocation_list(between, {}), revocation_list(pki.root, {})
    assert verdict(pdf, pki, lower, mode="require")[0] == "unknown"
    assert verdict(pdf, pki, lower, upper, mode="require")[0] == "valid"


def test_a_lifted_hold_counts_no_more(signed: bytes, pki: Pki) -> None:
    serial = pki.office.certificate.serial_number
    entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - 9 * DAY)
    entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.certificate_hold), critical=False)
    builder = x509.CertificateRevocationListBuilder().issuer_name(pki.sub.certificate.subject)
    builder = builder.last_update(NOW - 8 * DAY).next_update(NOW - 7 * DAY).add_revoked_certificate(entry.build())
    held = builder.sign(pki.sub.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    assert verdict(signed, pki, held)[0] == "invalid"
    assert verdict(signed, pki, held, revocation_list(pki.sub, {}))[0] == "valid"


def with_store(pdf: bytes, **streams: bytes) -> bytes:
    """Append a document security store, as a later B-LT update does."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        store = generic.DictionaryObject({pdf_name("/Type"): pdf_name("/DSS")})
        for name, data in streams.items():
            reference = writer.add_object(generic.StreamObject(stream_data=data))
            store[pdf_name(f"/{name}")] = generic.ArrayObject([reference])
        writer.root[pdf_name("/DSS")] = writer.add_object(store)
        writer.update_root()

    return update(pdf, edit)


def test_lists_inside_the_document_count_and_raise_the_level(page: bytes, pki: Pki) -> None:
    pdf = sign(page, pki.office, "X", SEAL_BOX, stamper=pki.stamper(NOW))
    stored = with_store(pdf, CRLs=revocation_list(pki.sub, {}))
    outcome, found = verdict(stored, pki)
    assert (outcome, found.revocation, found.level, found.changes_after) == ("valid", "good", "B-LT", "ltv")
    writer = IncrementalPdfFileWriter(BytesIO(stored))
    archived = PdfTimeStamper(pki.stamper(NOW)).timestamp_pdf(writer, "sha256", None)
    assert verdict(bytes(archived.getbuffer()), pki)[1].level == "B-LTA"


def test_rubbish_in_the_store_costs_nothing_else(signed: bytes, pki: Pki) -> None:
    later = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    for answer in (b"rubbish", later.public_bytes(serialization.Encoding.DER)):
        stored = with_store(signed, CRLs=b"rubbish", Certs=b"rubbish", OCSPs=answer)
        assert verdict(stored, pki)[0] == "valid"


@pytest.mark.parametrize("delegated", [False, True])
@pytest.mark.parametrize("status", [ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED])
def test_an_ocsp_answer_in_the_document_counts(
    status: ocsp.OCSPCertStatus,
    delegated: bool,
    page: bytes,
    pki: Pki,
) -> None:
    leaf = issue("Ai đó", pki.sub, ocsp_at="http://127.0.0.1:9/")
    responder = issue("OCSP", pki.sub, answers_ocsp=True) if delegated else pki.sub
    is_revoked = status is ocsp.OCSPCertStatus.REVOKED
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=leaf.certificate,
            issuer=pki.sub.certificate,
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=NOW - DAY,
            next_update=NOW + DAY,
            revocation_time=NOW - 5 * DAY if is_revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if is_revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
        .certificates([responder.certificate])
        .sign(responder.key, hashes.SHA256())
    )
    pdf = with_store(
        sign(page, leaf, "X", SEAL_BOX),
        OCSPs=answer.public_bytes(serialization.Encoding.DER),
    )
    outcome, found = verdict(pdf, pki, mode="require")
    assert (outcome, found.revocation) == (("invalid", "revoked") if is_revoked else ("valid", "good"))


def with_adobe_evidence(page: bytes, pki: Pki, crl: bytes) -> bytes:
    """Sign as Acrobat does: revocation data in a signed attribute (adbe-revocationInfoArchival)."""
    context = ValidationContext(
        trust_roots=[pki.root.asn1],
        other_certs=[pki.sub.asn1],
        crls=[crl, revocation_list(pki.root, {})],
        allow_fetching=False,
        revocation_mode="soft-fail",
    )
    metadata = PdfSignatureMetadata(
        field_name="X",
        subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        embed_validation_info=True,
        validation_context=context,
    )
    signer = PdfSigner(metadata, pki.office.signer((pki.sub,)), new_field_spec=SigFieldSpec("X", box=SEAL_BOX))
    return bytes(signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(page)), bytes_reserved=16_384).getbuffer())


def test_evidence_in_the_signature_as_acrobat_puts_it_counts(page: bytes, pki: Pki) -> None:
    signed = with_adobe_evidence(page, pki, revocation_list(pki.sub, {}))
    outcome, found = verdict(signed, pki, mode="require")
    assert (outcome, found.revocation, found.level) == ("valid", "good", "legacy")
    assert verdict(sign(page, pki.office, "X", SEAL_BOX), pki, mode="require")[0] == "unknown"


def test_a_good_answer_does_not_hide_a_later_list_or_answer(page: bytes, pki: Pki) -> None:
    """Between what an authority said first and last, the revocation counts."""
    signed = with_adobe_evidence(page, pki, revocation_list(pki.sub, {}, since=NOW - 3 * DAY, until=NOW - 2 * DAY))
    assert verdict(signed, pki, revoked(pki, NOW - DAY))[0] == "invalid"
