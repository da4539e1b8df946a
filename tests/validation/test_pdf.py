import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfTimeStamper
from reportlab.pdfgen.canvas import Canvas
from tests.validation import attacks
from tests.validation.conftest import (
    ARRIVAL_BOX,
    DAY,
    LEADER_BOX,
    NOW,
    NUMBER_BOX,
    SEAL_BOX,
    Holder,
    Pki,
    issue,
    prepare,
    sign,
)

from vanthu_cli.validation.findings import Judgement, SignatureFinding
from vanthu_cli.validation.pdf import judge_pdf
from vanthu_cli.validation.trust import Trust

UPPER_LEFT = (85, 722, 110, 740)


def judged(
    pdf: bytes,
    pki: Pki,
    *,
    at: datetime | None = None,
    known_since: datetime | None = None,
    trust: Trust | None = None,
) -> Judgement:
    return judge_pdf(pdf, trust or pki.trust(), pki.signatories, now=NOW, at=at, known_since=known_since)


def codes(judgement: Judgement) -> set[str]:
    of_signatures = {reason.code for found in judgement.signatures for reason in found.reasons}
    return of_signatures | {reason.code for reason in judgement.reasons}


def named(judgement: Judgement, name: str) -> SignatureFinding:
    return next(found for found in judgement.signatures if found.id == name)


def stamped(pdf: bytes, pki: Pki, moment: datetime = NOW) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    stamper = PdfTimeStamper(pki.stamper(moment))
    return bytes(stamper.timestamp_pdf(writer, "sha256", None).getbuffer())


def test_leader_number_and_seal_are_valid(issued: bytes, pki: Pki) -> None:
    judgement = judged(issued, pki)
    assert (judgement.format, judgement.verdict) == ("pdf", "valid")
    assert (judgement.person_signed, judgement.organisation_signed) == (True, True)
    assert [found.id for found in judgement.signatures] == ["LanhDao", "SoVaNgay", "ConDau"]
    seal = judgement.signatures[-1]
    assert (seal.role, seal.agency, seal.signer) == ("organisation", "Tỉnh ủy", "CN=Tỉnh ủy,C=VN")
    assert (seal.indication, seal.covers, seal.changes_after) == ("TOTAL-PASSED", "whole-file", "none")
    assert (seal.trust, seal.level, seal.visible, seal.integrity) == ("trusted", "B-B", True, True)
    assert judgement.signatures[0].changes_after == "form-filling"
    assert seal.fingerprint == pki.office.fingerprint


def test_the_receivers_arrival_stamp_leaves_everything_valid(issued: bytes, pki: Pki) -> None:
    judgement = judged(sign(issued, pki.receiver, "DEN", ARRIVAL_BOX), pki)
    assert judgement.verdict == "valid"
    assert [found.indication for found in judgement.signatures] == ["TOTAL-PASSED"] * 4


def test_fields_made_on_the_fly_are_valid_after_an_approval_signature(page: bytes, pki: Pki) -> None:
    pdf = sign(page, pki.leader, "LanhDao", LEADER_BOX)
    pdf = sign(pdf, pki.office, "SoVaNgay", NUMBER_BOX)
    assert judged(sign(pdf, pki.office, "ConDau", SEAL_BOX), pki).verdict == "valid"


def test_without_configuration_roles_stay_open(issued: bytes, pki: Pki) -> None:
    judgement = judge_pdf(issued, pki.trust(), None, now=NOW)
    assert (judgement.verdict, judgement.person_signed, judgement.organisation_signed) == ("valid", None, None)
    assert {found.role for found in judgement.signatures} == {"unknown"}


def test_a_certificate_that_is_not_in_the_map_counts_for_no_role(issued: bytes, pki: Pki) -> None:
    judgement = judge_pdf(issued, pki.trust(), {}, now=NOW)
    assert (judgement.person_signed, judgement.organisation_signed) == (False, False)


@pytest.mark.parametrize(
    ("attack", "verdict", "code"),
    [
        (attacks.change_a_signed_byte, "invalid", "hash-mismatch"),
        (attacks.append_page_content, "invalid", "changed-after-signing"),
        (lambda pdf: attacks.add_annotation(pdf, NUMBER_BOX), "invalid", "changed-after-signing"),
        (lambda pdf: attacks.add_annotation(pdf, attacks.ELSEWHERE), "invalid", "changed-after-signing"),
        (lambda pdf: attacks.swap_appearance(pdf, "SoVaNgay"), "invalid", "changed-after-signing"),
        (lambda pdf: attacks.swap_appearance(pdf, "ConDau"), "invalid", "changed-after-signing"),
        (attacks.draw_unsigned_field, "unknown", "unsigned-field-over-mark"),
        (lambda pdf: attacks.draw_unsigned_field(pdf, attacks.ELSEWHERE), "unknown", "unsigned-field-added"),
        (lambda pdf: attacks.draw_unsigned_field(pdf, indirect_box=True), "invalid", "changed-after-signing"),
        (lambda pdf: pdf + b"\n% something", "unknown", "trailing-bytes"),
        (lambda pdf: attacks.rewrite_byte_range(pdf, b"0 0 0 0"), "invalid", "partial-coverage"),
        (lambda pdf: attacks.rewrite_byte_range(pdf, b""), "invalid", "partial-coverage"),
        (lambda pdf: attacks.rewrite_byte_range(pdf, b"0 -1 5 5"), "invalid", "partial-coverage"),
        (lambda pdf: attacks.rewrite_byte_range(pdf, b"0 100 50 100"), "invalid", "partial-coverage"),
        (lambda pdf: attacks.rewrite_byte_range(pdf, b"0 1 2 3 4 5"), "invalid", "partial-coverage"),
        (attacks.lose_byte_range, "unknown", "unreadable-signature"),
        (attacks.reuse_signature, "invalid", "changed-after-signing"),
        (attacks.copy_signature, "invalid", "partial-coverage"),
    ],
)
def test_tampering_with_an_issued_document_is_seen(
    attack: Callable[[bytes], bytes],
    verdict: str,
    code: str,
    issued: bytes,
    pki: Pki,
) -> None:
    judgement = judged(attack(issued), pki)
    assert (judgement.verdict, code in codes(judgement)) == (verdict, True), (judgement.verdict, codes(judgement))


def test_an_unsigned_field_stays_seen_under_a_later_arrival_stamp(issued: bytes, pki: Pki) -> None:
    judgement = judged(sign(attacks.draw_unsigned_field(issued), pki.leader, "DEN", ARRIVAL_BOX), pki)
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"unsigned-field-over-mark"})


def test_an_unsigned_field_after_the_last_signature_is_seen_without_roles(issued: bytes, pki: Pki) -> None:
    judgement = judge_pdf(attacks.draw_unsigned_field(issued), pki.trust(), None, now=NOW)
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"unsigned-field-over-mark", "unused-objects"})


def test_a_real_signature_over_the_number_is_listed(issued: bytes, pki: Pki) -> None:
    judgement = judged(sign(issued, pki.leader, "DEN", NUMBER_BOX), pki)
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"mark-covered"})


def test_a_mark_large_enough_to_hide_text_is_listed(issued: bytes, pki: Pki) -> None:
    judgement = judged(sign(issued, pki.leader, "DEN", (60, 400, 500, 620)), pki)
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"large-mark-added"})


def test_a_parent_that_is_defined_after_signing_is_refused(page: bytes, pki: Pki) -> None:
    signed = sign(attacks.name_what_is_not_there(page), pki.office, "ConDau", SEAL_BOX)
    judgement = judged(attacks.define_what_was_named(signed), pki)
    assert judgement.verdict == "invalid"
    assert named(judgement, "ConDau").changes_after == "other"


def test_rubbish_does_not_hide_good_signatures(page: bytes, pki: Pki) -> None:
    pdf = sign(attacks.signature_of_rubbish(prepare(page)), pki.leader, "LanhDao")
    judgement = judged(sign(pdf, pki.office, "ConDau"), pki)
    assert [(found.id, found.indication) for found in judgement.signatures] == [
        ("LanhDao", "TOTAL-PASSED"),
        ("ConDau", "TOTAL-PASSED"),
        ("Rac", "INDETERMINATE"),
    ]
    assert judgement.verdict == "unknown"
    assert named(judgement, "Rac").integrity is None


def test_an_unsupported_kind_is_named_and_not_taken_for_no_signature(page: bytes, pki: Pki) -> None:
    alone = judged(attacks.signature_of_rubbish(page, "/adbe.pkcs7.sha1"), pki)
    assert alone.verdict == "unknown"
    assert [str(reason) for reason in alone.signatures[0].reasons] == ["unsupported-signature: Rac /adbe.pkcs7.sha1"]


def test_a_signature_that_only_a_page_shows_is_found(page: bytes, pki: Pki) -> None:
    judgement = judged(sign(attacks.signature_on_the_page_only(page), pki.office, "ConDau", SEAL_BOX), pki)
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"signature-outside-form"})


@pytest.mark.parametrize(
    ("before", "verdict", "code"), [("145", "invalid", "field-altered"), ("", "unknown", "field-filled")]
)
def test_a_text_field_written_after_the_seal_is_listed(
    before: str, verdict: str, code: str, page: bytes, pki: Pki
) -> None:
    sealed = sign(attacks.add_text_field(page, before), pki.office, "ConDau", SEAL_BOX)
    assert judged(sealed, pki).verdict == "valid"
    judgement = judged(attacks.fill_text_field(sealed, "999"), pki)
    assert (judgement.verdict, codes(judgement)) == (verdict, {code})


@pytest.mark.parametrize(
    "number",
    [
        lambda pdf: attacks.add_annotation(pdf, UPPER_LEFT),
        lambda pdf: attacks.add_annotation(pdf, UPPER_LEFT, subtype="/Stamp"),
        lambda pdf: attacks.add_text_field(pdf, "145", UPPER_LEFT),
    ],
)
def test_numbering_after_the_leader_under_a_seal_is_unknown(
    number: Callable[[bytes], bytes], page: bytes, pki: Pki
) -> None:
    numbered = number(sign(page, pki.leader, "LanhDao", LEADER_BOX))
    assert judged(numbered, pki).verdict == "invalid"
    judgement = judged(sign(numbered, pki.office, "ConDau", SEAL_BOX), pki)
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"numbered-after-signing"})
    assert judgement.organisation_signed is True


@pytest.mark.parametrize(
    "edit",
    [
        lambda pdf: attacks.add_annotation(pdf, attacks.ELSEWHERE),
        lambda pdf: attacks.add_annotation(pdf, NUMBER_BOX, text=""),
        lambda pdf: attacks.append_page_content(attacks.add_annotation(pdf, UPPER_LEFT)),
        attacks.append_page_content,
    ],
    ids=["elsewhere on the page", "white over the printed line", "number and page content", "page content"],
)
def test_more_than_a_number_stays_invalid_under_a_seal(edit: Callable[[bytes], bytes], page: bytes, pki: Pki) -> None:
    changed = edit(sign(page, pki.leader, "LanhDao", LEADER_BOX))
    assert judged(sign(changed, pki.office, "ConDau", SEAL_BOX), pki).verdict == "invalid"


def test_a_number_under_a_persons_signature_only_stays_invalid(page: bytes, pki: Pki) -> None:
    numbered = attacks.add_annotation(sign(page, pki.leader, "LanhDao", LEADER_BOX), UPPER_LEFT)
    assert judged(sign(numbered, pki.leader, "Khac", SEAL_BOX), pki).verdict == "invalid"


def test_a_change_that_shows_nowhere_is_unknown(page: bytes, pki: Pki) -> None:
    signed = sign(attacks.add_structure_tree(page), pki.office, "ConDau", SEAL_BOX)
    judgement = judged(attacks.change_structure_tree(signed), pki)
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"changes-not-explained"})


def test_an_arrival_stamp_on_a_certified_document_is_disputed(page: bytes, pki: Pki) -> None:
    certified = sign(page, pki.office, "ConDau", SEAL_BOX, certify=True)
    judgement = judged(sign(certified, pki.receiver, "DEN", ARRIVAL_BOX), pki)
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"changes-not-explained"})


def test_no_signature_is_unsigned(page: bytes, pki: Pki) -> None:
    judgement = judged(page, pki)
    assert (judgement.verdict, judgement.signatures, judgement.person_signed) == ("unsigned", (), False)
    assert judged(prepare(page), pki).verdict == "unsigned"


def test_what_is_no_pdf_is_unknown(pki: Pki) -> None:
    judgement = judged(b"PK\x03\x04 a letter", pki)
    assert (judgement.format, judgement.verdict) == ("unknown", "unknown")
    assert [str(reason) for reason in judgement.reasons] == ["not-a-pdf"]


def test_an_encrypted_file_is_unknown(pki: Pki) -> None:
    buffer = BytesIO()
    canvas = Canvas(buffer, encrypt="secret")
    canvas.drawString(60, 700, "text")
    canvas.save()
    judgement = judged(buffer.getvalue(), pki)
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"encrypted"})


def test_a_file_cut_off_anywhere_is_never_valid_and_never_a_crash(issued: bytes, pki: Pki) -> None:
    # Cut exactly at the end of an earlier revision it is that revision, whole: see the next test.
    whole = {match.end() for match in re.finditer(rb"%%EOF\n", issued)}
    lengths = {*range(0, len(issued), len(issued) // 40), *(end - 1 for end in whole), *(end + 1 for end in whole)}
    for length in sorted(lengths - whole - {len(issued) + 1}):
        assert judged(issued[:length], pki).verdict != "valid", length


def test_a_document_rolled_back_to_an_earlier_signature_is_what_it_was_then(issued: bytes, pki: Pki) -> None:
    end = [match.end() for match in re.finditer(rb"%%EOF\n", issued)][2]
    judgement = judged(issued[:end], pki)
    assert (judgement.verdict, judgement.person_signed, judgement.organisation_signed) == ("valid", True, False)


def test_a_flipped_byte_anywhere_is_never_valid(issued: bytes, pki: Pki) -> None:
    for place in range(3, len(issued), len(issued) // 40):
        flipped = issued[:place] + bytes([issued[place] ^ 0x15]) + issued[place + 1 :]
        assert judged(flipped, pki).verdict != "valid", place


def test_what_only_a_lenient_parser_reads_is_unknown(issued: bytes, pki: Pki) -> None:
    judgement = judged(attacks.break_the_rules(issued), pki)
    assert "read-leniently" in codes(judgement)
    assert judgement.verdict in {"unknown", "invalid"}


def test_a_stranger_is_untrusted_even_with_his_own_root_inside(page: bytes, pki: Pki) -> None:
    pdf = sign(page, pki.stranger, "X", SEAL_BOX, chain=(pki.stranger_root,))
    judgement = judged(pdf, pki)
    assert judgement.verdict == "unknown"
    found = judgement.signatures[0]
    assert (found.trust, found.sub_indication, found.integrity) == ("untrusted", "NO_CERTIFICATE_CHAIN_FOUND", True)


def test_no_anchor_at_all_trusts_nobody(issued: bytes, pki: Pki) -> None:
    judgement = judged(issued, pki, trust=Trust((), (), (), "when-available"))
    assert judgement.verdict == "unknown"
    assert {found.trust for found in judgement.signatures} == {"untrusted"}


def test_a_pinned_sub_authority_needs_no_root(issued: bytes, pki: Pki) -> None:
    assert judged(issued, pki, trust=Trust((pki.sub.der,), (), (), "when-available")).verdict == "valid"


def test_the_intermediate_may_come_from_our_store_or_from_the_signature(page: bytes, pki: Pki) -> None:
    root_only = Trust((pki.root.der,), (), (), "when-available")
    bare = sign(page, pki.office, "X", SEAL_BOX)
    assert judged(bare, pki, trust=root_only).verdict == "unknown"
    assert judged(bare, pki, trust=Trust((pki.root.der,), (pki.sub.der,), (), "when-available")).verdict == "valid"
    carrying = sign(page, pki.office, "X", SEAL_BOX, chain=(pki.sub,))
    assert judged(carrying, pki, trust=root_only).verdict == "valid"


def test_a_certificate_issued_by_an_end_entity_is_not_trusted(page: bytes, pki: Pki) -> None:
    forged = issue("Giả", pki.leader)
    judgement = judged(sign(page, forged, "X", SEAL_BOX, chain=(pki.leader, pki.sub)), pki)
    assert judgement.verdict == "unknown"
    assert codes(judgement) == {"certificate-chain-failure"}


def test_an_authority_that_signs_documents_itself_is_not_accepted(page: bytes, pki: Pki) -> None:
    authority = issue("CA", pki.root, ca=True)
    judgement = judged(sign(page, authority, "X", SEAL_BOX), pki)
    assert codes(judgement) == {"certificate-wrong-purpose"}
    assert judgement.verdict == "unknown"


def test_sha1_as_digest_is_weak_and_unknown(page: bytes, pki: Pki) -> None:
    judgement = judged(sign(page, pki.office, "X", SEAL_BOX, digest="sha1"), pki)
    assert (judgement.verdict, judgement.signatures[0].weak) == ("unknown", ("sha1",))


def test_an_older_kind_of_signature_is_valid_and_called_legacy(page: bytes, pki: Pki) -> None:
    pdf = sign(page, pki.office, "X", SEAL_BOX, kind=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    judgement = judged(pdf, pki)
    assert (judgement.verdict, judgement.signatures[0].level) == ("valid", "legacy")


class TestExpired:
    @pytest.fixture
    def signed(self, page: bytes, pki: Pki) -> bytes:
        return sign(page, pki.expired, "X", SEAL_BOX)

    def test_without_proof_of_time_it_is_unknown(self, signed: bytes, pki: Pki) -> None:
        judgement = judged(signed, pki)
        assert (judgement.verdict, judgement.signatures[0].sub_indication) == ("unknown", "OUT_OF_BOUNDS_NO_POE")

    def test_an_earlier_arrival_in_our_register_proves_it(self, signed: bytes, pki: Pki) -> None:
        assert judged(signed, pki, known_since=NOW - 200 * DAY).verdict == "valid"
        assert judged(signed, pki, known_since=NOW - 50 * DAY).verdict == "unknown"

    def test_it_can_be_judged_at_an_earlier_time(self, signed: bytes, pki: Pki) -> None:
        assert judged(signed, pki, at=NOW - 200 * DAY).verdict == "valid"

    def test_a_trusted_time_stamp_proves_it(self, page: bytes, pki: Pki) -> None:
        moment = NOW - 200 * DAY
        judgement = judged(sign(page, pki.expired, "X", SEAL_BOX, stamper=pki.stamper(moment)), pki)
        assert (judgement.verdict, judgement.signatures[0].level) == ("valid", "B-T")
        assert judgement.signatures[0].timestamp == moment

    def test_a_strangers_time_stamp_proves_nothing(self, page: bytes, pki: Pki) -> None:
        tsa = issue("TSA lạ", pki.stranger_root, time_stamping=True, key=pki.tsa.key)
        judgement = judged(sign(page, pki.expired, "X", SEAL_BOX, stamper=pki.stamper(NOW - 200 * DAY, tsa)), pki)
        assert judgement.verdict == "unknown"
        assert "timestamp-untrusted" in codes(judgement)

    def test_a_stamp_by_a_certificate_for_other_purposes_proves_nothing(self, page: bytes, pki: Pki) -> None:
        tsa = issue("Không phải TSA", pki.sub, key=pki.tsa.key)
        judgement = judged(sign(page, pki.expired, "X", SEAL_BOX, stamper=pki.stamper(NOW - 200 * DAY, tsa)), pki)
        assert judgement.verdict == "unknown"

    def test_an_expired_time_stamping_authority_proves_nothing_by_itself(self, page: bytes, pki: Pki) -> None:
        tsa = issue("TSA cũ", pki.root, time_stamping=True, key=pki.tsa.key, until=NOW - 50 * DAY)
        pdf = sign(page, pki.expired, "X", SEAL_BOX, stamper=pki.stamper(NOW - 200 * DAY, tsa))
        assert judged(pdf, pki).verdict == "unknown"
        renewed = stamped(pdf, pki, NOW - 60 * DAY)
        assert judged(renewed, pki).verdict == "valid"

    def test_a_document_time_stamp_proves_it(self, signed: bytes, pki: Pki) -> None:
        assert judged(stamped(signed, pki, NOW - 200 * DAY), pki).verdict == "valid"


def test_a_document_time_stamp_covers_and_is_no_signer(issued: bytes, page: bytes, pki: Pki) -> None:
    judgement = judged(stamped(issued, pki), pki)
    assert judgement.verdict == "valid"
    assert len(judgement.signatures) == 3
    assert judgement.signatures[-1].changes_after == "ltv"
    assert judgement.signatures[-1].timestamp == NOW
    assert judged(stamped(page, pki), pki).verdict == "unsigned"


def test_a_document_time_stamp_over_changed_bytes_is_invalid(page: bytes, pki: Pki) -> None:
    broken = attacks.change_a_signed_byte(stamped(page, pki))
    judgement = judged(broken, pki)
    assert (judgement.verdict, codes(judgement)) == ("invalid", {"document-timestamp-broken"})


def test_an_unsigned_field_after_a_document_time_stamp_is_seen(issued: bytes, pki: Pki) -> None:
    assert judged(attacks.draw_unsigned_field(stamped(issued, pki)), pki).verdict == "unknown"


def test_vietnamese_time_labelled_utc_is_a_note_only(page: bytes, pki: Pki) -> None:
    pdf = sign(page, pki.office, "X", SEAL_BOX, stamper=pki.stamper(datetime.now(UTC) - timedelta(hours=7)))
    judgement = judged(pdf, pki)
    assert (judgement.verdict, codes(judgement)) == ("valid", {"local-time-labelled-utc"})


def test_a_hundred_cross_signed_certificates_do_not_hang(page: bytes, pki: Pki) -> None:
    key = pki.stranger.key
    crowd: list[Holder] = [issue("Đông", None, ca=True, key=key) for _number in range(30)]
    leaf = issue("Ai đó", crowd[0])
    judgement = judged(sign(page, leaf, "X", SEAL_BOX, chain=tuple(crowd)), pki)
    assert judgement.signatures[0].trust == "untrusted"


def test_a_field_changed_between_leader_and_seal_is_told(page: bytes, pki: Pki) -> None:
    """pyHanko permits it, and where only the value changes no picture shows it."""
    signed = sign(attacks.add_text_field(page, "100"), pki.leader, "LanhDao", LEADER_BOX)
    sealed = sign(attacks.fill_text_field(signed, "555"), pki.office, "ConDau", SEAL_BOX)
    judgement = judged(sealed, pki)
    assert judgement.verdict == "unknown"
    assert "filled-between" in codes(judgement)
    untouched = sign(signed, pki.office, "ConDau", SEAL_BOX)
    assert judged(untouched, pki).verdict == "valid"


@pytest.mark.parametrize("before", ["", "145"])
def test_filling_after_a_person_alone_is_unsigned_and_no_forgery(before: str, page: bytes, pki: Pki) -> None:
    signed = sign(attacks.add_text_field(page, before), pki.leader, "LanhDao", LEADER_BOX)
    judgement = judged(attacks.fill_text_field(signed, "999"), pki)
    assert (judgement.verdict, codes(judgement)) == ("unknown", {"field-filled"})


def test_a_page_as_large_as_a_field_costs_no_memory(pki: Pki) -> None:
    huge = sign(page_of(14_000, 14_000), pki.leader, "LanhDao", LEADER_BOX)
    assert judged(sign(huge, pki.office, "ConDau", SEAL_BOX), pki).verdict == "valid"


def page_of(width: int, height: int) -> bytes:
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=(width, height))
    canvas.drawString(60, 600, "Ban do")
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@pytest.mark.parametrize("date", [b"99991231235959Z", b"00010101000000Z"])
def test_a_date_at_the_end_of_the_calendar_is_no_date(date: bytes, page: bytes, pki: Pki) -> None:
    signed = sign(page, pki.stranger, "X", SEAL_BOX)
    forged = re.sub(rb"(/M \(D\\072)\d{14}Z", lambda found: found[1] + date, signed)
    assert forged != signed
    assert judged(forged, pki).signatures[0].claimed_time is None
