"""Hard PDFs: encrypted, compressed, damaged, with forms, archival (PDF/A)."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pikepdf import Encryption, Permissions
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from reportlab.pdfgen.canvas import Canvas
from tests.signing import practice
from tests.signing.practice import SEAL, SIGNER, check, done, refused

from vanthu_cli.document.places import Box, Places
from vanthu_cli.signing import marks, pades
from vanthu_cli.signing.damage import claims_signature, repaired
from vanthu_cli.signing.files import open_pdf
from vanthu_cli.signing.keys import SigningKey, asn1

PASSWORD = "mật khẩu"
HANDLERS: Mapping[str, Mapping[str, Any]] = {
    "RC4-128": {"R": 3, "aes": False, "metadata": False},
    "AES-128": {"R": 4, "aes": True},
    "AES-256": {"R": 6, "aes": True},
}
READ_ONLY = Permissions(extract=False, modify_form=False, modify_other=False, modify_annotation=False)


def saved(pdf: bytes, **options: Any) -> bytes:
    """Write the file anew as another program would."""
    out = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as opened:
        opened.save(out, **options)
    return out.getvalue()


def encrypted(pdf: bytes, handler: str, *, user: str = "matkhau", owner: str = "chu", **more: Any) -> bytes:
    return saved(pdf, encryption=Encryption(user=user, owner=owner, **HANDLERS[handler], **more))


def qpdf_passes(pdf: bytes, folder: Path, password: str = "") -> bool:
    if shutil.which("qpdf") is None:
        practice.left_out("qpdf is not installed: no second opinion on the structure of our files")
    (folder / "checked.pdf").write_bytes(pdf)
    command = ["qpdf", f"--password={password}", "--check", str(folder / "checked.pdf")]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    return finished.returncode == 0 and "warning" not in (finished.stdout + finished.stderr).lower()


def signed(pdf: bytes, key: SigningKey, password: str = "") -> bytes:
    return done(pades.sign_person, pdf, key, image=practice.signature_png(), box=SIGNER, password=password)


def sealed(pdf: bytes, key: SigningKey, password: str = "") -> bytes:
    image = practice.seal_png()
    return done(pades.seal, pdf, key, image=image, size=marks.seal_size(image, 36), box=SEAL, password=password)


@pytest.mark.parametrize("handler", HANDLERS)
def test_an_encrypted_file_is_signed_with_its_password_and_stays_encrypted(
    handler: str, draft: tuple[bytes, Places], leader: SigningKey, office: SigningKey, tmp_path: Path
) -> None:
    pdf = encrypted(draft[0], handler)
    ready = done(pades.prepare, pdf, draft[1], sealed_at=SEAL, password="matkhau")
    one = done(pades.sign_person, ready, leader, image=practice.signature_png(), box=None, password="matkhau")
    two = sealed(one, office, password="matkhau")
    assert check(pdf, two, 2, "matkhau") == ("LanhDao", "ConDau")
    assert practice.pdfsig_says(two, tmp_path, "-upw", "matkhau") == ["Signature is Valid."] * 2
    assert qpdf_passes(two, tmp_path, "matkhau")
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(BytesIO(two))
    with pikepdf.open(BytesIO(two), password="matkhau") as opened:
        assert HANDLERS[handler]["R"] == opened.encryption.R
    plain, lookalike = (
        practice.render(sealed(signed(draft[0], leader), office)),
        practice.render(two, password="matkhau"),
    )
    assert practice.differing(plain, lookalike) == 0


@pytest.mark.parametrize("handler", HANDLERS)
def test_the_owners_password_opens_as_well(handler: str, draft: tuple[bytes, Places], leader: SigningKey) -> None:
    pdf = encrypted(draft[0], handler)
    check(pdf, signed(pdf, leader, "chu"), 1, "matkhau")


@pytest.mark.parametrize("handler", HANDLERS)
def test_an_absent_and_a_wrong_password_are_told_apart(
    handler: str, draft: tuple[bytes, Places], leader: SigningKey
) -> None:
    pdf = encrypted(draft[0], handler)
    absent = refused("signing.encrypted", pades.sign_person, pdf, leader, image=None, box=SIGNER)
    wrong = refused("signing.password", pades.sign_person, pdf, leader, image=None, box=SIGNER, password="khác")
    assert "--password-from" in absent.hint
    assert "khác" not in wrong.message + wrong.hint
    refused("signing.encrypted", pades.preflight, pdf, draft[1], sealed_at=SEAL)


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_file_only_protected_against_changes_needs_no_password(
    handler: str, draft: tuple[bytes, Places], leader: SigningKey, office: SigningKey, tmp_path: Path
) -> None:
    pdf = encrypted(draft[0], handler, user="", allow=READ_ONLY)
    one = signed(pdf, leader)
    pades.preflight(BytesIO(one), draft[1], sealed_at=SEAL)
    two = done(pades.number_and_date, one, office, number=5, day=practice.NOW.date(), places=draft[1])
    three = sealed(two, office)
    check(pdf, three, 3)
    assert practice.pdfsig_says(three, tmp_path) == ["Signature is Valid."] * 3


def test_a_vietnamese_password_of_a_modern_file_opens_it(draft: tuple[bytes, Places], leader: SigningKey) -> None:
    pdf = encrypted(draft[0], "AES-256", user=PASSWORD)
    check(pdf, signed(pdf, leader, PASSWORD), 1, PASSWORD)


def test_a_file_encrypted_for_certain_persons_is_refused(
    draft: tuple[bytes, Places], root: practice.Identity, leader: SigningKey
) -> None:
    reader = practice.issue("Người nhận", root, key=practice.rsa_key(), usage=practice.ENCRYPTION_ONLY)
    writer = copy_into_new_writer(PdfFileReader(BytesIO(draft[0])))
    writer.encrypt_pubkey([asn1(reader.certificate)])
    out = BytesIO()
    writer.write(out)
    for password in ("", PASSWORD):
        error = refused(
            "signing.encrypted", pades.sign_person, out.getvalue(), leader, image=None, box=SIGNER, password=password
        )
        assert "certain persons" in error.message


def test_object_streams_are_signed_and_appended_to(
    draft: tuple[bytes, Places], leader: SigningKey, office: SigningKey, tmp_path: Path
) -> None:
    pdf = saved(draft[0], object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"/ObjStm" in pdf
    assert b"\ntrailer" not in pdf
    two = sealed(signed(pdf, leader), office)
    check(pdf, two, 2)
    assert practice.pdfsig_says(two, tmp_path) == ["Signature is Valid."] * 2
    assert qpdf_passes(two, tmp_path)


def with_form(**names: str) -> bytes:
    """A page with a text field."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=(595, 842), invariant=True)
    canvas.drawString(100, 700, "Phiếu trình")
    for name, value in names.items():
        canvas.acroForm.textfield(name=name, value=value, x=100, y=600, width=200, height=20)
    canvas.save()
    return out.getvalue()


def test_the_fields_of_a_form_stay_as_they_are(leader: SigningKey, office: SigningKey, tmp_path: Path) -> None:
    pdf = with_form(noi_dung="Kính trình")
    two = sealed(signed(pdf, leader), office)
    check(pdf, two, 2)
    with pikepdf.open(BytesIO(two)) as opened:
        form = opened.Root.AcroForm
        assert [str(field.T) for field in form.Fields] == ["noi_dung", "LanhDao", "ConDau"]
        assert str(form.Fields[0].V) == "Kính trình"
        assert form.SigFlags == 3  # SignaturesExist, AppendOnly (ISO 32000-1 12.7.2)
        assert len(opened.pages[0].Annots) == 3
    assert qpdf_passes(two, tmp_path)
    assert practice.pdfsig_says(two, tmp_path) == ["Signature is Valid."] * 2


def test_a_text_field_of_the_same_name_is_not_mistaken_for_ours(leader: SigningKey) -> None:
    pdf = signed(with_form(LanhDao="x"), leader)
    assert [one.field_name for one in open_pdf(pdf).signatures] == ["LanhDao_2"]


DAMAGES: Mapping[str, Callable[[bytes], bytes]] = {
    "wrong offsets": lambda pdf: re.sub(rb"(\d{10}) 00000 n", lambda row: b"%010d 00000 n" % (int(row[1]) + 3), pdf),
    "wrong startxref": lambda pdf: re.sub(rb"startxref\s+\d+", b"startxref\n7", pdf),
    "without its last line": lambda pdf: pdf[: pdf.rindex(b"startxref")],
    "after a letter's head": lambda pdf: b"From: vanthu@tuhaiduong\n\n" * 60 + pdf,
}
DAMAGED = pytest.mark.parametrize("damage", DAMAGES)


@DAMAGED
def test_a_damaged_unsigned_file_is_written_anew_and_then_signed(
    damage: str, draft: tuple[bytes, Places], leader: SigningKey, tmp_path: Path
) -> None:
    pdf = DAMAGES[damage](draft[0])
    refused("signing.unreadable", pades.sign_person, pdf, leader, image=None, box=SIGNER)
    assert not claims_signature(BytesIO(pdf))
    target = BytesIO(b"left over from before" * 9999)
    repaired(BytesIO(pdf), target)
    whole = target.getvalue()
    assert practice.differing(practice.render(whole), practice.render(draft[0])) == 0
    result = signed(whole, leader)
    check(whole, result, 1)
    assert qpdf_passes(result, tmp_path)
    assert practice.pdfsig_says(result, tmp_path) == ["Signature is Valid."]


def contents(pdf: bytes) -> int:
    """Return where the page's text begins."""
    found = re.search(rb"/Contents (\d+) 0 R", pdf)
    assert found
    return pdf.index(b"\n%s 0 obj" % found[1])


@pytest.mark.parametrize(
    "lose",
    [
        lambda pdf: pdf[: contents(pdf) + 200],
        lambda pdf: pdf[: pdf.rindex(b"xref\n0")],
        lambda pdf: pdf[: contents(pdf)] + b"\nx" + pdf[contents(pdf) + 2 :],
    ],
    ids=["cut off in its text", "cut off behind it", "overwritten"],
)
def test_a_damaged_file_whose_page_would_come_out_empty_is_not_repaired(
    lose: Callable[[bytes], bytes], draft: tuple[bytes, Places]
) -> None:
    refused("signing.unreadable", repaired, lose(draft[0]), BytesIO())


@pytest.mark.parametrize("junk", [b"", b"Kinh gui", b"%PDF-1.7\n%%EOF\n", b"PK\x03\x04" + bytes(500)])
def test_what_is_no_pdf_is_not_repaired(junk: bytes) -> None:
    refused("signing.unreadable", repaired, junk, BytesIO())


@DAMAGED
def test_a_damaged_signed_file_is_never_repaired(damage: str, draft: tuple[bytes, Places], leader: SigningKey) -> None:
    pdf = DAMAGES[damage](signed(draft[0], leader))
    refused("signing.unreadable", pades.sign_person, pdf, leader, image=None, box=SIGNER)
    assert claims_signature(BytesIO(pdf))
    refused("signing.unreadable", repaired, pdf, BytesIO())


def test_a_signature_hidden_in_a_compressed_object_is_not_repaired_away(
    draft: tuple[bytes, Places], leader: SigningKey
) -> None:
    out = BytesIO()
    with pikepdf.open(BytesIO(signed(draft[0], leader))) as opened:
        del opened.Root.AcroForm.Fields[0].V.Type  # optional (ISO 32000-1 12.8.1), and why others leave it uncompressed
        opened.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    damaged = DAMAGES["after a letter's head"]
    hidden = damaged(out.getvalue())
    assert not claims_signature(BytesIO(hidden))
    refused("signing.unreadable", pades.sign_person, hidden, leader, image=None, box=SIGNER)
    refused("signing.unreadable", repaired, hidden, BytesIO())
    with pikepdf.open(out) as opened:  # without it, the same damage is mended
        del opened.Root.AcroForm
        del opened.pages[0].Annots
        opened.save(bare := BytesIO(), object_stream_mode=pikepdf.ObjectStreamMode.generate)
    repaired(BytesIO(damaged(bare.getvalue())), BytesIO())


@given(
    place=st.integers(0, 40), word=st.sampled_from([b"/ByteRange", b"/ETSI.CAdES.detached", b"/adbe.pkcs7", b"/Sig "])
)
def test_a_signature_is_seen_wherever_it_lies_between_what_is_read_at_once(place: int, word: bytes) -> None:
    pdf = BytesIO(bytes((1 << 20) - place) + word + bytes(50))
    pdf.seek(7)
    assert claims_signature(pdf)


def test_other_words_are_no_signature() -> None:
    assert not claims_signature(BytesIO(b"/Signature /SigFlags /Byte Range (adbe.) /BYTERANGE"))


def test_where_a_signature_is_drawn_is_told_to_the_point(draft: tuple[bytes, Places], leader: SigningKey) -> None:
    pdf = signed(draft[0], leader)
    seen = practice.added(draft[0], pdf, 300, 200, 500, 340)
    drawn = open_pdf(pdf).drawn(0, SEAL)
    assert drawn is not None
    assert (drawn.x0, drawn.y0, drawn.x1, drawn.y1) == pytest.approx(seen, abs=0.6)
    assert open_pdf(pdf).drawn(0, Box(0, 20, 20, 120, 120)) is None
    assert open_pdf(pdf).drawn(1, SEAL) is None
    texts = done(pades.sign_person, draft[0], leader, image=None, box=SIGNER)
    assert open_pdf(texts).drawn(0, SEAL) == SIGNER


# PDF/A


def odt() -> str:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "meta")
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document {spaces} office:version="1.3" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" office:mimetype="application/vnd.oasis.opendocument.text">'
        "<office:meta><dc:title>Công văn về lưu trữ</dc:title><dc:creator>Văn phòng</dc:creator></office:meta>"
        "<office:body><office:text><text:p>Kính gửi: Trung tâm Lưu trữ</text:p></office:text></office:body>"
        "</office:document>"
    )


@pytest.fixture(scope="module")
def archival(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """Return a PDF/A-1b and a PDF/A-2b as LibreOffice makes them."""
    soffice = shutil.which("soffice")
    if soffice is None:
        practice.left_out("soffice (LibreOffice) is not installed: PDF/A is not looked at")
    folder = tmp_path_factory.mktemp("archival")
    (folder / "cv.fodt").write_text(odt(), "utf-8")
    made = {}
    for version in "12":
        wish = json.dumps({"SelectPdfVersion": {"type": "long", "value": version}})
        subprocess.run(
            [str(soffice), f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore",
             "--convert-to", f"pdf:writer_pdf_Export:{wish}", "--outdir", str(folder / version), str(folder / "cv.fodt")],
            env={**os.environ, "HOME": str(folder)}, check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        made[version] = (folder / version / "cv.pdf").read_bytes()
    return made


@pytest.fixture(scope="module")
def kept(archival: Mapping[str, bytes], leader: SigningKey, office: SigningKey) -> Mapping[str, bytes]:
    """The same, prepared, signed with a picture, numbered in words, and sealed."""

    def issue(pdf: bytes) -> bytes:
        one = signed(pdf, leader)
        two = done(
            pades.text_mark, one, office, lines=["SAO Y", "12-SY"], field="BanSao", box=Box(0, 400, 760, 560, 800)
        )
        return sealed(two, office)

    return {version: issue(pdf) for version, pdf in archival.items()}


VERSIONS = pytest.mark.parametrize("version", ["1", "2"])


def xmp(pdf: pikepdf.Pdf) -> Mapping[str, str]:
    """Return the simple properties of the XMP packet, by their names' last part."""
    stream = pdf.Root.Metadata
    assert "/Filter" not in stream  # ISO 19005-1 6.7.2
    tree = etree.fromstring(stream.read_bytes())
    found = {etree.QName(each).localname: (each.text or "").strip() for each in tree.iter("{*}*")}
    for each in tree.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"):
        found |= {etree.QName(name).localname: str(value) for name, value in each.attrib.items()}
    # Title and author are lists of one.
    return found | {
        each: said.text or "" for each in ("title", "creator") for said in tree.iterfind(f".//{{*}}{each}//{{*}}li")
    }


def instant(said: str) -> str:
    """Return the digits of a moment, of `D:20261125…` or `2026-11-25T…`, to the second, without its zone."""
    return re.sub(r"\D", "", said)[:14]


@VERSIONS
def test_a_pdf_a_keeps_its_claim_and_says_the_same_in_both_places(
    version: str, archival: Mapping[str, bytes], kept: Mapping[str, bytes]
) -> None:
    with pikepdf.open(BytesIO(archival[version])) as opened:
        claim = xmp(opened)["conformance"]
    with pikepdf.open(BytesIO(kept[version])) as opened:
        said = xmp(opened)
        assert (said["part"], said["conformance"]) == (version, claim)
        info = {str(key): str(value) for key, value in opened.docinfo.items()}  # ISO 19005-1 6.7.3
        for key, name in (
            ("/Title", "title"),
            ("/Author", "creator"),
            ("/Creator", "CreatorTool"),
            ("/Producer", "Producer"),
        ):
            assert info.get(key, said.get(name)) == said.get(name)
        for key, name in (("/CreationDate", "CreateDate"), ("/ModDate", "ModifyDate")):
            if key in info:
                assert instant(info[key]) == instant(said[name])
        assert opened.trailer.ID


@VERSIONS
def test_a_pdf_a_gets_nothing_that_its_standard_forbids(version: str, kept: Mapping[str, bytes]) -> None:
    with pikepdf.open(BytesIO(kept[version])) as opened:
        dictionaries = [each for each in opened.objects if isinstance(each, pikepdf.Dictionary | pikepdf.Stream)]
        fonts = [each for each in dictionaries if each.get("/Type") == "/FontDescriptor"]
        assert len(fonts) >= 2
        assert all("/FontFile2" in font or "/FontFile" in font or "/FontFile3" in font for font in fonts)
        assert not [each for each in dictionaries if "/JS" in each or each.get("/S") == "/JavaScript"]
        assert not [each for each in dictionaries if "/LZWDecode" in str(each.get("/Filter", ""))]
        assert "/NeedAppearances" not in opened.Root.AcroForm
        if version == "1":
            assert not [each for each in dictionaries if "/SMask" in each or "/ca" in each or "/CA" in each]
            assert not [each for each in dictionaries if each.get("/S") == "/Transparency"]
            assert not [each for each in dictionaries if each.get("/Type") in {"/ObjStm", "/XRef"}]
            masked = [each for each in dictionaries if "/Mask" in each]
            assert len(masked) == 2
            assert all(each.Mask.ImageMask and each.Mask.BitsPerComponent == 1 for each in masked)
        else:
            assert len([each for each in dictionaries if "/SMask" in each]) == 2


@VERSIONS
def test_the_widgets_of_signatures_print_and_have_an_appearance(version: str, kept: Mapping[str, bytes]) -> None:
    with pikepdf.open(BytesIO(kept[version])) as opened:
        widgets = list(opened.pages[0].Annots)
        assert len(widgets) == 3
        for widget in widgets:
            assert int(widget.F) & 4  # Print
            assert not int(widget.F) & (1 | 2 | 32)  # Invisible, Hidden, NoView: ISO 19005-1 6.5.3
            assert set(widget.AP.keys()) == {"/N"}
            assert "/A" not in widget
            assert "/AA" not in widget


@VERSIONS
def test_a_signed_pdf_a_is_whole_and_its_signatures_stand(
    version: str, archival: Mapping[str, bytes], kept: Mapping[str, bytes], tmp_path: Path
) -> None:
    assert check(archival[version], kept[version], 3) == ("LanhDao", "BanSao", "ConDau")
    assert qpdf_passes(kept[version], tmp_path)
    assert practice.pdfsig_says(kept[version], tmp_path) == ["Signature is Valid."] * 3


def test_without_transparency_a_seal_still_leaves_the_paper_between_its_lines_white(
    archival: Mapping[str, bytes], kept: Mapping[str, bytes]
) -> None:
    for version in "12":
        assert open_pdf(archival[version]).opaque is (version == "1")
        image = practice.render(kept[version])
        row = image.crop(
            (int(SEAL.x0 * 4), int((practice.HEIGHT - 280) * 4), int(SEAL.x1 * 4), int((practice.HEIGHT - 279) * 4))
        )
        colours = {colour for _count, colour in row.getcolors(99999) or ()}
        assert (255, 255, 255) in colours
        assert any(colour[0] > 180 and colour[1] < 60 for colour in colours if isinstance(colour, tuple))
