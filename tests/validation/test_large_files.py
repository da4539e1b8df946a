"""A large file is judged where it lies: the same verdicts, and next to no memory."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from reportlab.pdfgen.canvas import Canvas
from tests.validation import attacks
from tests.validation.conftest import (
    LEADER_BOX,
    NOW,
    SEAL_BOX,
    Holder,
    Pki,
    revocation_list,
    sign,
    update,
)

from vanthu_cli.validation import reader, stretch
from vanthu_cli.validation.files import judge_file
from vanthu_cli.validation.findings import Judgement
from vanthu_cli.validation.pdf import judge_pdf

IMAGE = 119_000_000
MOST = 60 << 20


@pytest.fixture
def spared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file count as large, and nearly every PDF stream."""
    monkeypatch.setattr(stretch, "_SMALL", 0)
    monkeypatch.setattr(reader, "_SPARED", 4)


def judged(pdf: bytes | Path, pki: Pki, *, password: str | None = None) -> Judgement:
    trust = pki.trust("when-available", (revocation_list(pki.sub, {}),))
    return judge_pdf(pdf, trust, pki.signatories, now=NOW, password=password)


def packed(page: bytes) -> bytes:
    """The same page with a cross-reference stream and an object stream: these are decoded, not only passed."""
    out = BytesIO()
    copy_into_new_writer(PdfFileReader(BytesIO(page)), writer_kwargs={"stream_xrefs": True}).write(out)

    def edit(writer: IncrementalPdfFileWriter) -> None:
        note = generic.DictionaryObject({generic.pdf_name("/A"): generic.pdf_string("x" * 50)})
        writer.root["/PieceInfo"] = writer.add_object(note, obj_stream=writer.prepare_object_stream())
        writer.update_root()

    return update(out.getvalue(), edit)


def archived(pdf: bytes, pki: Pki) -> bytes:
    stamper = PdfTimeStamper(pki.stamper(NOW))
    return bytes(stamper.timestamp_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), "sha256", None).getbuffer())


@pytest.mark.parametrize(
    "change",
    [
        lambda pdf: pdf,
        attacks.change_a_signed_byte,
        attacks.append_page_content,
        attacks.draw_unsigned_field,
        attacks.copy_signature,
        attacks.signature_of_rubbish,
        attacks.break_the_rules,
        lambda pdf: attacks.rewrite_byte_range(pdf, b"0 100 50 100"),
        lambda pdf: pdf + b"\n% something",
        lambda pdf: pdf[: len(pdf) // 2],
        lambda _pdf: b"",
    ],
)
def test_in_slices_from_the_disk_the_judgement_is_the_same(
    change: Callable[[bytes], bytes], issued: bytes, pki: Pki, tmp_path: Path, spared: None
) -> None:
    del spared
    file = tmp_path / "a.pdf"
    file.write_bytes(change(issued))
    in_slices = judged(file, pki)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretch, "_SMALL", 1 << 20)
        assert in_slices == judged(file.read_bytes(), pki) == judged(file, pki)


def test_numbering_is_recognised_in_slices_too(page: bytes, pki: Pki, tmp_path: Path, spared: None) -> None:
    del spared
    numbered = attacks.add_annotation(sign(page, pki.leader, "LanhDao", LEADER_BOX), (85, 722, 110, 740))
    file = tmp_path / "a.pdf"
    file.write_bytes(sign(numbered, pki.office, "ConDau", SEAL_BOX))
    codes = [reason.code for found in judged(file, pki).signatures for reason in found.reasons]
    assert codes == ["numbered-after-signing"]


def test_what_must_be_decoded_is(page: bytes, pki: Pki, tmp_path: Path, spared: None) -> None:
    del spared
    file = tmp_path / "a.pdf"
    file.write_bytes(archived(sign(packed(page), pki.office, "ConDau", SEAL_BOX), pki))
    judgement = judged(file, pki)
    assert (judgement.verdict, judgement.signatures[0].timestamp) == ("valid", NOW)
    file.write_bytes(attacks.swap_appearance(file.read_bytes(), "ConDau"))
    assert judged(file, pki).verdict == "invalid"


def many_pages(count: int) -> bytes:
    buffer = BytesIO()
    canvas = Canvas(buffer, pageCompression=0)
    for number in range(count):
        canvas.drawString(60, 700, f"trang {number}")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@pytest.mark.parametrize("name", [b"/Sig", b"/S#69g"])
def test_a_signature_on_the_last_of_many_pages_is_found(name: bytes, pki: Pki) -> None:
    pdf = many_pages(80)
    assert judged(pdf, pki).verdict == "unsigned"
    kids = PdfFileReader(BytesIO(pdf)).root["/Pages"]["/Kids"]
    page = (
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Annots [900 0 R] >>"
        % kids[79].raw_get("/Parent").idnum
    )
    field = b"<< /Type /Annot /Subtype /Widget /Rect [9 9 99 99] /FT %s /T (An) /V (x) >>" % name
    hidden = attacks.append_objects(pdf, {kids.raw_get(79).idnum: page, 900: field})
    judgement = judged(hidden, pki)
    assert [found.reasons[0].code for found in judgement.signatures] == ["signature-outside-form"]


def large_pdf(file: Path) -> None:
    """One page with one image of zeros that take no room on the disk."""
    image = f"<< /Type /XObject /Subtype /Image /Width 7000 /Height {IMAGE // 7000} /ColorSpace /DeviceGray"
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /Im 5 0 R >> >> >>",
        b"<< /Length 31 >>\nstream\nq 500 0 0 700 40 60 cm /Im Do Q\nendstream",
        f"{image} /BitsPerComponent 8 /Length {IMAGE} >>\nstream\n".encode(),
    ]
    with file.open("wb") as out:
        out.write(b"%PDF-1.7\n")
        places = []
        for number, body in enumerate(bodies, 1):
            places.append(out.tell())
            out.write(b"%d 0 obj\n%s" % (number, body))
            if number == len(bodies):
                out.seek(IMAGE, os.SEEK_CUR)
                out.write(b"\nendstream")
            out.write(b"\nendobj\n")
        start = out.tell()
        rows = b"".join(b"%010d 00000 n \n" % place for place in places)
        out.write(b"xref\n0 6\n0000000000 65535 f \n" + rows)
        out.write(b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start)


def sign_in_place(file: Path, holder: Holder, field: str, box: tuple[int, int, int, int]) -> None:
    with file.open("r+b") as opened:
        PdfSigner(
            PdfSignatureMetadata(field_name=field), holder.signer(), new_field_spec=SigFieldSpec(field, box=box)
        ).sign_pdf(IncrementalPdfFileWriter(opened), in_place=True)


PEAK = """
import pickle, sys
from pathlib import Path
from vanthu_cli.validation.files import judge_file

def peak():  # of this program alone: ru_maxrss would count that of the one that started it
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) << 10

arguments, now = pickle.load(open(sys.argv[1], "rb"))
before = peak()
for file in sys.argv[2:]:
    print(judge_file(Path(file), *arguments, now=now).verdict, peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_120_megabytes_are_judged_in_less_than_60(pki: Pki, tmp_path: Path) -> None:
    plain, signed, arguments = tmp_path / "plain.pdf", tmp_path / "signed.pdf", tmp_path / "arguments"
    large_pdf(plain)
    large_pdf(signed)
    sign_in_place(signed, pki.leader, "LanhDao", LEADER_BOX)
    arguments.write_bytes(pickle.dumps(((pki.trust(), pki.signatories), NOW)))
    run = subprocess.run(
        [sys.executable, "-c", PEAK, arguments, plain, signed], capture_output=True, text=True, check=True
    )
    outcomes = [line.split() for line in run.stdout.splitlines()]
    assert [verdict for verdict, _peak in outcomes] == ["unsigned", "valid"]
    assert all(int(peak) < MOST for _verdict, peak in outcomes), outcomes


def test_a_package_is_judged_where_it_lies(tmp_path: Path, pki: Pki) -> None:
    from vanthu_cli.sandbox.documents import make_docx

    file = tmp_path / "a.docx"
    file.write_bytes(make_docx("văn bản"))
    assert judge_file(file, pki.trust(), None, now=NOW).verdict == "unsigned"


def test_what_cannot_be_opened_is_unknown_and_says_so(tmp_path: Path, pki: Pki) -> None:
    for path in (tmp_path, tmp_path / "nowhere.pdf"):
        judgement = judge_file(path, pki.trust(), None, now=NOW)
        assert (judgement.verdict, judgement.reasons[0].code) == ("unknown", "file-unreadable")
        assert judgement.reasons[0].detail


@pytest.mark.parametrize(("before", "code"), [(1000, "unparseable"), (1020, "not-a-pdf")])
def test_the_header_is_looked_for_in_the_first_kilobyte(before: int, code: str, issued: bytes, pki: Pki) -> None:
    judgement = judged(b" " * before + issued, pki)
    assert (judgement.verdict, [reason.code for reason in judgement.reasons]) == ("unknown", [code])


def test_judging_needs_no_event_loop_of_its_own(issued: bytes, pki: Pki) -> None:
    import asyncio

    async def within(moment: datetime) -> str:
        return judge_pdf(issued, pki.trust(), None, now=moment).verdict

    assert asyncio.run(within(NOW)) == "valid"
