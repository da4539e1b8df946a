import contextlib
import datetime as dt
import os
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

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

from vanthu_cli.document.places import Box, Places
from vanthu_cli.errors import ForbiddenError, VanthuError
from vanthu_cli.signing import pades
from vanthu_cli.signing.files import open_pdf
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.stamps import PlacedStyle, Text

DAY = dt.date(2026, 4, 28)


@pytest.fixture(scope="module")
def signed(draft: tuple[bytes, Places], leader: SigningKey) -> bytes:
    """The prepared dispatch with the leader's signature."""
    prepared = pades.prepare(*draft)
    return pades.sign_person(prepared, leader, image=practice.signature_png(), box=None)


@pytest.fixture(scope="module")
def issued(signed: bytes, draft: tuple[bytes, Places], office: SigningKey) -> bytes:
    pades.preflight(signed, draft[1])
    numbered = pades.number_and_date(signed, office, number=145, day=DAY, places=draft[1])
    return pades.seal(numbered, office, image=practice.seal_png(), places=draft[1])


@pytest.fixture(scope="module")
def arrived(issued: bytes, receiver: SigningKey) -> bytes:
    return pades.arrival_stamp(issued, receiver, agency="Đảng ủy xã Thanh Miện", number=7, day=DAY)


def refused(code: str, work: Any, *arguments: Any, **named: Any) -> VanthuError:
    with pytest.raises(VanthuError) as caught:
        work(*arguments, **named)
    assert caught.value.code == code
    return caught.value


def names(pdf: bytes) -> list[str]:
    return [signature.field_name for signature in open_pdf(pdf).signatures]


def test_leader_number_seal_and_arrival_stamp_all_stand(
    draft: tuple[bytes, Places], signed: bytes, issued: bytes, arrived: bytes
) -> None:
    assert names(arrived) == ["LanhDao", "SoVaNgay", "ConDau", "Den"]
    pades.check_result(draft[0], signed, 1)
    pades.check_result(signed, issued, 2)
    pades.check_result(issued, arrived, 1)
    for signature in open_pdf(arrived).signatures[:3]:
        signature.compute_integrity_info()  # type: ignore[no-untyped-call]  # pyHanko leaves it unannotated
        assert isinstance(signature.diff_result, DiffResult)
        assert signature.diff_result.modification_level is ModificationLevel.FORM_FILLING


def test_a_document_not_prepared_takes_the_same_signatures_in_new_fields(
    draft: tuple[bytes, Places], leader: SigningKey, office: SigningKey, receiver: SigningKey
) -> None:
    pdf, places = draft
    one = pades.sign_person(pdf, leader, image=None, box=places.signer)
    two = pades.number_and_date(one, office, number=5, day=DAY, places=places)
    three = pades.seal(two, office, image=practice.seal_png(), places=places)
    four = pades.arrival_stamp(three, receiver, agency="Xã", number=7, day=DAY, box=Box(0, 20, 20, 30, 300))
    assert names(four) == ["LanhDao", "SoVaNgay", "ConDau", "Den"]
    pades.check_result(pdf, four, 4)


def test_poppler_finds_every_signature_valid(arrived: bytes, tmp_path: Path) -> None:
    if shutil.which("pdfsig") is None:
        assert os.environ.get("CI") != "true", "pdfsig (poppler-utils) must be there in CI"
        pytest.skip("pdfsig (poppler-utils) is not installed: no second opinion on our signatures")
    path = tmp_path / "arrived.pdf"
    path.write_bytes(arrived)
    answer = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=True).stdout  # noqa: S607  found on PATH above
    assert re.findall(r"Signature Validation: (.*)", answer) == ["Signature is Valid."] * 4
    assert answer.count("ETSI.CAdES.detached") == 4


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
    writer.write(out)  # type: ignore[no-untyped-call]  # pyHanko leaves it unannotated
    with pytest.raises(RuntimeError, match="ConDau, SoVaNgay"):
        pades.check_result(issued, out.getvalue(), 0)


def test_a_result_that_lost_or_gained_signatures_or_its_input_is_a_bug(signed: bytes, issued: bytes) -> None:
    with pytest.raises(RuntimeError, match=r"1 signatures and 1 new ones became 3"):
        pades.check_result(signed, issued, 1)
    with pytest.raises(RuntimeError, match="incremental"):
        pades.check_result(issued, signed, 0)
    damaged = signed + issued[len(signed) :].replace(b"/BBox [ 0 0 102.", b"/BBox [ 0 0 902.")
    assert damaged != issued
    with pytest.raises(RuntimeError, match=r"do not stand: ConDau$"):
        pades.check_result(signed, damaged, 2)


def test_a_second_signer_gets_his_own_field(signed: bytes, office: SigningKey) -> None:
    twice = pades.sign_person(signed, office, image=None, box=Box(0, 90, 250, 230, 310))
    assert names(twice) == ["LanhDao", "LanhDao_2"]
    pades.check_result(signed, twice, 1)
    refused("signing.place_not_found", pades.sign_person, signed, office, image=None, box=None)


def test_only_an_unsigned_unprepared_document_with_known_places_is_prepared(
    draft: tuple[bytes, Places], signed: bytes
) -> None:
    pdf, places = draft
    assert isinstance(refused("signing.already_signed", pades.prepare, signed, places), ForbiddenError)
    refused("signing.already_prepared", pades.prepare, pades.prepare(pdf, places), places)
    lost = Places(places.number, places.day, places.month, None, places.strip, None, places.seal)
    assert refused("signing.place_not_found", pades.prepare, pdf, lost).hint
    away = Places(None, None, None, None, None, Box(7, 0, 0, 9, 9), places.seal)
    refused("signing.no_such_page", pades.prepare, pdf, away)


@pytest.mark.parametrize("permission", [MDPPerm.NO_CHANGES, MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_certified_document_without_our_fields_is_refused_before_a_number_is_taken(
    draft: tuple[bytes, Places], leader: SigningKey, office: SigningKey, permission: MDPPerm
) -> None:
    pdf = certified(draft[0], leader, permission)
    assert isinstance(refused("signing.locked", pades.preflight, pdf), ForbiddenError)
    refused("signing.locked", pades.number_and_date, pdf, office, number=1, day=DAY, places=draft[1])
    refused("signing.locked", pades.arrival_stamp, pdf, office, agency="Xã", number=1, day=DAY)


def test_a_document_certified_for_form_filling_is_sealed_in_prepared_fields(
    draft: tuple[bytes, Places], leader: SigningKey, office: SigningKey
) -> None:
    prepared = pades.prepare(*draft)
    pdf = certified(prepared, leader, MDPPerm.FILL_FORMS)
    pades.preflight(pdf, draft[1])
    numbered = pades.number_and_date(pdf, office, number=1, day=DAY, places=draft[1])
    sealed = pades.seal(numbered, office, image=None, places=draft[1])
    pades.check_result(pdf, sealed, 2)
    refused("signing.locked", pades.preflight, certified(prepared, leader, MDPPerm.NO_CHANGES))


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
        pades.preflight(pdf, draft[1])
    else:
        refused("signing.locked", pades.preflight, pdf)


def certified(pdf: bytes, key: SigningKey, permission: MDPPerm) -> bytes:
    meta = PdfSignatureMetadata(field_name="LanhDao", certify=True, docmdp_permissions=permission)
    return foreign(IncrementalPdfFileWriter(BytesIO(pdf)), key, meta)


def foreign(writer: IncrementalPdfFileWriter, key: SigningKey, meta: PdfSignatureMetadata) -> bytes:
    """Sign as another program would."""
    return bytes(PdfSigner(meta, signer=key.signer).sign_pdf(writer).getbuffer())


def test_encrypted_and_damaged_files_are_refused_and_never_repaired(draft: tuple[bytes, Places], signed: bytes) -> None:
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out, encrypt="mật khẩu")
    canvas.drawString(100, 100, "x")
    canvas.save()
    refused("signing.encrypted", pades.preflight, out.getvalue())
    for broken in (b"", b"%PDF-1.7", draft[0][:-600], signed[: len(signed) // 2], signed.replace(b"xref", b"xrxf")):
        refused("signing.unreadable", pades.preflight, broken)
    empty = signed.replace(b"/Contents <30", b"/Contents <00")
    assert empty != signed
    refused("signing.unreadable", pades.preflight, empty)


def test_words_hybrid_cross_references_are_signed(leader: SigningKey) -> None:
    pdf = hybrid()
    one = pades.sign_person(pdf, leader, image=None, box=Box(0, 10, 10, 150, 60))
    two = pades.sign_person(one, leader, image=None, box=Box(0, 10, 80, 150, 130))
    pades.check_result(pdf, two, 2)


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
    moved = Places(places.number, places.day, places.month, None, Box(0, 90, 400, 560, 420), places.signer, places.seal)
    refused(
        "signing.field_misplaced",
        pades.number_and_date,
        pades.prepare(pdf, moved),
        office,
        number=1,
        day=DAY,
        places=places,
    )


def test_number_and_date_are_not_put_on_a_turned_page(office: SigningKey) -> None:
    pdf, places = practice.dispatch(rotate=90)
    refused("signing.page_rotated", pades.preflight, pdf, places)
    refused("signing.page_rotated", pades.number_and_date, pdf, office, number=1, day=DAY, places=places)


def test_a_signature_field_nobody_sees_is_not_used(draft: tuple[bytes, Places], leader: SigningKey) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(draft[0]))
    append_signature_field(writer, SigFieldSpec("LanhDao", box=(0, 0, 0, 0)))
    out = BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]  # pyHanko leaves it unannotated
    shown = pades.sign_person(out.getvalue(), leader, image=None, box=draft[1].signer)
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
        pades.preflight(bytes(pdf), draft[1])


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
    refused("signing.unreadable", pades.prepare, draft[0].replace(old, new), draft[1])
