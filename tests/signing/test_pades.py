import contextlib
import datetime as dt
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from tests.signing import practice
from tests.signing.practice import SEAL, SIGNER, check, done, refused

from vanthu_cli.document.places import Box, Places, SignerPlace
from vanthu_cli.errors import ForbiddenError, VanthuError
from vanthu_cli.signing import marks, pades
from vanthu_cli.signing.files import open_pdf
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.stamps import PlacedStyle, Text

DAY = dt.date(2026, 4, 28)


SIZE = marks.seal_size(practice.seal_png(), 36)
MARGIN = Box(0, 420, 60, 562, 160)
"""Room for the arrival mark at the foot of the dispatch."""


@pytest.fixture(scope="module")
def prepared(draft: tuple[bytes, Places]) -> bytes:
    return done(pades.prepare, *draft, sealed_at=SEAL)


@pytest.fixture(scope="module")
def signed(prepared: bytes, leader: SigningKey) -> bytes:
    """The prepared dispatch with the leader's signature."""
    return done(pades.sign_person, prepared, leader, image=practice.signature_png(), box=None)


@pytest.fixture(scope="module")
def issued(signed: bytes, draft: tuple[bytes, Places], office: SigningKey) -> bytes:
    pades.preflight(BytesIO(signed), draft[1], sealed_at=None)
    numbered = done(pades.number_and_date, signed, office, number=145, day=DAY, places=draft[1])
    return sealed(numbered, office, box=None)


@pytest.fixture(scope="module")
def arrived(issued: bytes, receiver: SigningKey) -> bytes:
    return stamped(issued, receiver)


def sealed(pdf: bytes, key: SigningKey, box: Box | None) -> bytes:
    return done(pades.seal, pdf, key, image=practice.seal_png(), size=SIZE, box=box)


def stamped(pdf: bytes, key: SigningKey) -> bytes:
    return done(pades.arrival_stamp, pdf, key, agency="Đảng ủy xã Thanh Miện", number=7, day=DAY, box=MARGIN)


def names(pdf: bytes) -> list[str]:
    return [signature.field_name for signature in open_pdf(pdf).signatures]


def test_leader_number_seal_and_arrival_stamp_all_stand(
    draft: tuple[bytes, Places], signed: bytes, issued: bytes, arrived: bytes
) -> None:
    assert names(arrived) == ["LanhDao", "SoVaNgay", "ConDau", "Den"]
    check(draft[0], signed, 1)
    check(signed, issued, 2)
    check(issued, arrived, 1)
    for signature in open_pdf(arrived).signatures[:3]:
        signature.compute_integrity_info()
        assert isinstance(signature.diff_result, DiffResult)
        assert signature.diff_result.modification_level is ModificationLevel.FORM_FILLING


def test_each_signature_says_where_it_is_shown(
    draft: tuple[bytes, Places], signed: bytes, leader: SigningKey, office: SigningKey
) -> None:
    stream = BytesIO(draft[0])
    pades.prepare(stream, draft[1], sealed_at=SEAL)
    fields = open_pdf(stream).prepared
    assert list(fields) == ["LanhDao", "SoVaNgay", "ConDau"]
    assert pades.sign_person(stream, leader, image=None, box=None) == fields["LanhDao"].box
    pades.number_and_date(stream, office, number=1, day=DAY, places=draft[1])
    assert pades.seal(stream, office, image=practice.seal_png(), size=SIZE, box=None) == fields["ConDau"].box
    assert pades.text_mark(stream, office, lines=["SAO Y"], field="BanSao", box=MARGIN) == MARGIN
    place = pades.arrival_stamp(BytesIO(signed), office, agency="Xã", number=7, day=DAY, box=MARGIN)
    corner = (MARGIN.x0, MARGIN.y1 - marks.ARRIVAL_HEIGHT, MARGIN.x0 + marks.ARRIVAL_WIDTH, MARGIN.y1)
    assert (place.x0, place.y0, place.x1, place.y1) == pytest.approx(corner)


def test_a_document_not_prepared_takes_the_same_signatures_in_new_fields(
    draft: tuple[bytes, Places], leader: SigningKey, office: SigningKey, receiver: SigningKey
) -> None:
    pdf, places = draft
    one = done(pades.sign_person, pdf, leader, image=None, box=SIGNER)
    pades.preflight(BytesIO(one), places, sealed_at=SEAL)
    two = done(pades.number_and_date, one, office, number=5, day=DAY, places=places)
    four = stamped(sealed(two, office, SEAL), receiver)
    assert names(four) == ["LanhDao", "SoVaNgay", "ConDau", "Den"]
    check(pdf, four, 4)


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_document_stored_turned_is_issued_like_any_other(rotate: int, leader: SigningKey, office: SigningKey) -> None:
    pdf, places = practice.dispatch(rotate=rotate)
    ready = done(pades.prepare, pdf, places, sealed_at=places.signers[0].seal)
    one = done(pades.sign_person, ready, leader, image=practice.signature_png(), box=None)
    pades.preflight(BytesIO(one), places, sealed_at=None)
    two = done(pades.number_and_date, one, office, number=145, day=DAY, places=places)
    assert check(pdf, sealed(two, office, None), 3) == ("LanhDao", "SoVaNgay", "ConDau")


def test_two_signers_of_a_joint_document_each_have_a_field(
    draft: tuple[bytes, Places], leader: SigningKey, receiver: SigningKey, office: SigningKey
) -> None:
    pdf, places = draft
    left = SignerPlace("Trần Thị B", "CHỦ TỊCH", Box(0, 90, 250, 230, 310), None)
    ready = done(pades.prepare, pdf, replace(places, signers=(left, *places.signers)), sealed_at=SEAL)
    assert list(open_pdf(ready).prepared) == ["LanhDao", "LanhDao_2", "SoVaNgay", "ConDau"]
    stream = BytesIO(ready)
    assert pades.sign_person(stream, leader, image=None, box=None, index=1).x0 == pytest.approx(SIGNER.x0)
    assert pades.sign_person(stream, receiver, image=None, box=None).x0 == pytest.approx(90)
    assert names(stream.getvalue()) == ["LanhDao_2", "LanhDao"]
    numbered = done(pades.number_and_date, stream.getvalue(), office, number=5, day=DAY, places=places)
    check(ready, sealed(numbered, office, None), 4)


def test_a_place_the_clerk_names_goes_before_the_prepared_field(
    prepared: bytes, leader: SigningKey, office: SigningKey
) -> None:
    stream = BytesIO(prepared)
    there = Box(0, 100, 100, 240, 160)
    assert pades.sign_person(stream, leader, image=None, box=there, anew=True) == there
    assert pades.seal(stream, office, image=practice.seal_png(), size=SIZE, box=SEAL, anew=True) == SEAL
    assert names(stream.getvalue()) == ["LanhDao_2", "ConDau_2"]
    assert set(open_pdf(stream).prepared) == {"LanhDao", "SoVaNgay", "ConDau"}


def test_poppler_finds_every_signature_valid(arrived: bytes, tmp_path: Path) -> None:
    assert practice.pdfsig_says(arrived, tmp_path) == ["Signature is Valid."] * 4
    assert [one.sig_object["/SubFilter"] for one in open_pdf(arrived).signatures] == ["/ETSI.CAdES.detached"] * 4


def test_a_number_changed_after_the_seal_is_noticed(issued: bytes) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(issued))
    field = next(
        one.get_object() for one in writer.root["/AcroForm"]["/Fields"] if one.get_object()["/T"] == "SoVaNgay"
    )
    style = PlacedStyle(items=[Text(24, 5, 14, "999")], size=(475, 20))
    forged = style.create_stamp(writer, BoxConstraints(width=475, height=20), {})
    field["/AP"][pdf_name("/N")] = forged.register()
    writer.update_container(field)
    out = BytesIO()
    writer.write(out)
    with pytest.raises(RuntimeError, match="ConDau, SoVaNgay"):
        check(issued, out.getvalue(), 0)


def test_a_result_that_lost_or_gained_signatures_or_its_input_is_a_bug(signed: bytes, issued: bytes) -> None:
    with pytest.raises(RuntimeError, match=r"1 signatures and 1 new ones became 3"):
        check(signed, issued, 1)
    with pytest.raises(RuntimeError, match="incremental"):
        check(issued, signed, 0)
    damaged = signed + issued[len(signed) :].replace(b"/BBox [ 0 0 102.", b"/BBox [ 0 0 902.")
    assert damaged != issued
    with pytest.raises(RuntimeError, match=r"do not stand: ConDau$"):
        check(signed, damaged, 2)


def test_a_signature_that_was_broken_before_may_stay_so(signed: bytes, office: SigningKey) -> None:
    broken = signed.replace(b"ReportLab", b"ReportLob")
    assert broken != signed
    assert check(broken, sealed(broken, office, SEAL), 1) == ("ConDau",)


def test_a_second_signer_gets_his_own_field(signed: bytes, office: SigningKey) -> None:
    twice = done(pades.sign_person, signed, office, image=None, box=Box(0, 90, 250, 230, 310))
    assert names(twice) == ["LanhDao", "LanhDao_2"]
    check(signed, twice, 1)
    refused("signing.place_not_found", pades.sign_person, signed, office, image=None, box=None)


def test_only_an_unsigned_unprepared_document_with_known_places_is_prepared(
    draft: tuple[bytes, Places], prepared: bytes, signed: bytes
) -> None:
    pdf, places = draft
    assert isinstance(refused("signing.already_signed", pades.prepare, signed, places, sealed_at=SEAL), ForbiddenError)
    refused("signing.already_prepared", pades.prepare, prepared, places, sealed_at=SEAL)
    nobody = replace(places, signers=())
    roomless = replace(places, signers=(replace(places.signers[0], box=None),))
    for lost in (nobody, roomless):
        assert refused("signing.place_not_found", pades.prepare, pdf, lost, sealed_at=SEAL).hint
    refused("signing.place_not_found", pades.prepare, pdf, places, sealed_at=None)
    away = replace(places, signers=(replace(places.signers[0], box=Box(7, 0, 0, 9, 9)),))
    refused("signing.no_such_page", pades.prepare, pdf, away, sealed_at=SEAL)


def test_a_document_whose_number_is_printed_gets_no_field_for_it(
    draft: tuple[bytes, Places], office: SigningKey
) -> None:
    printed = Places(signers=draft[1].signers)
    ready = done(pades.prepare, draft[0], printed, sealed_at=SEAL)
    assert set(open_pdf(ready).prepared) == {"LanhDao", "ConDau"}
    pades.preflight(BytesIO(ready), printed, sealed_at=None)
    refused("signing.place_not_found", pades.number_and_date, ready, office, number=1, day=DAY, places=printed)


def test_without_a_place_for_the_seal_no_number_is_taken(draft: tuple[bytes, Places], signed: bytes) -> None:
    refused("signing.place_not_found", pades.preflight, draft[0], draft[1], sealed_at=None)
    pades.preflight(BytesIO(signed), draft[1], sealed_at=None)


@pytest.mark.parametrize("permission", [MDPPerm.NO_CHANGES, MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_certified_document_without_our_fields_is_refused_before_a_number_is_taken(
    draft: tuple[bytes, Places], leader: SigningKey, office: SigningKey, permission: MDPPerm
) -> None:
    pdf = certified(draft[0], leader, permission)
    assert isinstance(refused("signing.locked", pades.preflight, pdf, draft[1], sealed_at=SEAL), ForbiddenError)
    refused("signing.locked", pades.number_and_date, pdf, office, number=1, day=DAY, places=draft[1])
    refused("signing.locked", pades.arrival_stamp, pdf, office, agency="Xã", number=1, day=DAY, box=MARGIN)


def test_a_document_certified_for_form_filling_is_sealed_in_prepared_fields(
    draft: tuple[bytes, Places], prepared: bytes, leader: SigningKey, office: SigningKey
) -> None:
    pdf = certified(prepared, leader, MDPPerm.FILL_FORMS)
    pades.preflight(BytesIO(pdf), draft[1], sealed_at=None)
    numbered = done(pades.number_and_date, pdf, office, number=1, day=DAY, places=draft[1])
    check(pdf, sealed(numbered, office, None), 2)
    refused("signing.locked", pades.seal, numbered, office, image=None, size=None, box=SEAL, anew=True)
    closed = certified(prepared, leader, MDPPerm.NO_CHANGES)
    refused("signing.locked", pades.preflight, closed, draft[1], sealed_at=None)


@pytest.mark.parametrize(
    ("lock", "free"),
    [
        (FieldMDPSpec(FieldMDPAction.ALL), False),
        (FieldMDPSpec(FieldMDPAction.INCLUDE, ["SoVaNgay"]), False),
        (FieldMDPSpec(FieldMDPAction.INCLUDE, ["HoTen"]), True),
        (FieldMDPSpec(FieldMDPAction.EXCLUDE, ["SoVaNgay"]), False),
    ],
)
def test_a_field_lock_is_respected(
    draft: tuple[bytes, Places], leader: SigningKey, lock: FieldMDPSpec, free: bool
) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(draft[0]))
    append_signature_field(writer, SigFieldSpec("KyTruoc", box=(300, 250, 400, 300), field_mdp_spec=lock))
    pdf = foreign(writer, leader, PdfSignatureMetadata(field_name="KyTruoc"))
    if free:
        pades.preflight(BytesIO(pdf), draft[1], sealed_at=SEAL)
    else:
        refused("signing.locked", pades.preflight, pdf, draft[1], sealed_at=SEAL)


def certified(pdf: bytes, key: SigningKey, permission: MDPPerm) -> bytes:
    meta = PdfSignatureMetadata(field_name="LanhDao", certify=True, docmdp_permissions=permission)
    return foreign(IncrementalPdfFileWriter(BytesIO(pdf)), key, meta)


def foreign(writer: IncrementalPdfFileWriter, key: SigningKey, meta: PdfSignatureMetadata) -> bytes:
    """Sign as another program would."""
    return bytes(PdfSigner(meta, signer=key.signer).sign_pdf(writer).getbuffer())


def test_damaged_files_are_refused(draft: tuple[bytes, Places], signed: bytes) -> None:
    pdf, places = draft
    for broken in (b"", b"%PDF-1.7", pdf[:-600], signed[: len(signed) // 2], signed.replace(b"xref", b"xrxf")):
        refused("signing.unreadable", pades.preflight, broken, places, sealed_at=SEAL)
    empty = signed.replace(b"/Contents <30", b"/Contents <00")
    assert empty != signed
    refused("signing.unreadable", pades.preflight, empty, places, sealed_at=SEAL)


def test_words_hybrid_cross_references_are_signed(leader: SigningKey) -> None:
    pdf = hybrid()
    one = done(pades.sign_person, pdf, leader, image=None, box=Box(0, 10, 10, 150, 60))
    two = done(pades.sign_person, one, leader, image=None, box=Box(0, 10, 80, 150, 130))
    check(pdf, two, 2)


def hybrid() -> bytes:
    """A file as Word writes it: a classic table, and a stream with the entries only newer readers know."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Resources<<>>>>",
    ]
    out, offsets = b"%PDF-1.5\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    hidden = len(out)
    out += b"5 0 obj\n(only newer readers)\nendobj\n"
    stream = len(out)
    entries = b"\x01" + hidden.to_bytes(2, "big") + b"\x00"
    out += (
        b"4 0 obj\n<</Type/XRef/Size 6/W[1 2 1]/Index[5 1]/Root 1 0 R/Length 4>>\nstream\n%s\nendstream\nendobj\n"
        % entries
    )
    table = len(out)
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in [*offsets, stream])
    out += b"xref\n0 5\n0000000000 65535 f \n%s5 1\n0000000000 00000 f \n" % rows
    return out + b"trailer\n<</Size 6/Root 1 0 R/XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n" % (stream, table)


def test_a_prepared_field_elsewhere_does_not_take_number_and_date(
    draft: tuple[bytes, Places], office: SigningKey
) -> None:
    pdf, places = draft
    moved = done(pades.prepare, pdf, replace(places, strip=Box(0, 90, 400, 560, 420)), sealed_at=SEAL)
    refused("signing.field_misplaced", pades.number_and_date, moved, office, number=1, day=DAY, places=places)
    refused("signing.field_misplaced", pades.preflight, moved, places, sealed_at=SEAL)


def test_a_signature_field_nobody_sees_is_not_used(draft: tuple[bytes, Places], leader: SigningKey) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(draft[0]))
    append_signature_field(writer, SigFieldSpec("LanhDao", box=(0, 0, 0, 0)))
    out = BytesIO()
    writer.write(out)
    shown = done(pades.sign_person, out.getvalue(), leader, image=None, box=SIGNER)
    assert names(shown) == ["LanhDao_2"]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_hostile_file_is_refused_or_checked_but_never_crashes_us(
    data: st.DataObject, draft: tuple[bytes, Places], signed: bytes
) -> None:
    pdf = bytearray(signed)
    for _change in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(len(draft[0]) - 1500, len(pdf) - 1))
        pdf[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(VanthuError):
        pades.preflight(BytesIO(pdf), draft[1], sealed_at=SEAL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/Kids [ 3 0 R ]", b"/Kids [18 0 R ]"),
        (b"/MediaBox [ 0 0 595.276 841.89 ]", b"/MediaBox [ 0 0 9999999 9999.8 ]"),
        (b"/MediaBox [ 0 0 595.276 841.89 ]", b"/MediaBox [ 0 0 595.276 /A  /B ]"),
        (b"/Count 1", b"/Count A"),
    ],
)
def test_a_senseless_page_tree_is_refused(draft: tuple[bytes, Places], old: bytes, new: bytes) -> None:
    assert old in draft[0]
    refused("signing.unreadable", pades.prepare, draft[0].replace(old, new), draft[1], sealed_at=SEAL)
