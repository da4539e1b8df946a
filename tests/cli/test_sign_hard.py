"""Hard PDFs through the command: Word's, packed, locked, certified, with forms, damaged, archival, very long, very large."""

import io
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from tests.cli import assets
from tests.cli.commands import Clerk
from tests.reading.packed import write_large

from vanthu_cli.sandbox.documents import make_pdf
from vanthu_cli.sandbox.office import OWN, PASSWORD, PracticeOffice

MOST = 200 << 10
"""Kilobytes."""


@pytest.fixture
def clerk(template: PracticeOffice, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Clerk:
    return Clerk(assets.quiet(template, tmp_path / "office"), capsys)


@pytest.fixture(scope="module")
def draft() -> bytes:
    return make_pdf(assets.page())


def put(clerk: Clerk, data: bytes, name: str = "kho.pdf") -> Path:
    path = clerk.office.papers / name
    path.write_bytes(data)
    return path


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def whole(path: Path, password: str = "") -> bool:
    command = [assets.tool("qpdf", "no second opinion on the structure of files"), f"--password={password}", "--check"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    return done.returncode == 0 and "warning" not in (done.stdout + done.stderr).lower()


KINDS: Mapping[str, Callable[[bytes], bytes]] = {
    "hybrid": assets.like_word,
    "packed": lambda pdf: assets.saved(pdf, object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "form": assets.with_form,
}


@pytest.mark.parametrize("kind", ["hybrid", "packed", "form"])
def test_prepared_signed_and_sealed_it_is_the_same_file_with_two_valid_signatures(
    kind: str, clerk: Clerk, draft: bytes
) -> None:
    source = put(clerk, KINDS[kind](draft))
    prepared, signed, sealed = (clerk.office.papers / f"{step}.pdf" for step in ("cho-ky", "da-ky", "dong-dau"))
    assert clerk.types("prepare", str(source), "--out", str(prepared)) == 0, clerk.said
    assert clerk.types("sign", str(prepared), "--as", "person", "--out", str(signed)) == 0, clerk.said
    assert clerk.types("sign", str(signed), "--as", "organisation", "--out", str(sealed)) == 0, clerk.said
    assert sealed.read_bytes().startswith(source.read_bytes())
    assert assets.pdfsig(sealed) == ["Signature is Valid."] * 2
    assert whole(sealed)
    if kind == "form":
        with pikepdf.open(sealed) as opened:
            assert str(opened.Root.AcroForm.Fields[0].V) == "nguyên vẹn"


def test_a_locked_file_is_signed_with_its_password_and_stays_locked(
    clerk: Clerk, draft: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = put(clerk, assets.encrypted(draft, "mở ra"))
    secret, asked = assets.asking(clerk.office, PASSWORD)
    leader = {"role": "person", "kind": "pkcs12", "path": f"pki/keys/{OWN}-person.p12", "secret": secret}
    assets.change(clerk.office, {"keys.leader": leader})
    words = ("sign", str(source), "--as", "person")
    monkeypatch.setenv("MAT_KHAU", "mở ra")
    monkeypatch.setenv("SAI", "nhầm rồi")
    code, answer = clerk.asks(*words)
    assert (code, answer["error"]["code"]) == (2, "signing.encrypted")
    assert "--password-from" in answer["error"]["hint"]
    code, answer = clerk.asks(*words, "--password-from", "env:SAI")
    assert (code, answer["error"]["code"]) == (2, "signing.password")
    assert "nhầm" not in str(answer)
    code, answer = clerk.asks(*words, "--password-from", "env:KHONG_CO")
    assert (code, answer["error"]["code"]) == (2, "secret.missing")
    assert assets.times(asked) == 0  # whose passphrase is not asked for a file that cannot be opened
    assert names(clerk.office.papers) == {"kho.pdf"}
    code, answer = clerk.asks(*words, "--password-from", "env:MAT_KHAU")
    assert code == 0, answer
    assert answer["files"][0]["warnings"] == []
    signed = source.with_suffix(".signed.pdf")
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(signed)
    assert assets.signatures(signed, "mở ra") == 1
    assert assets.pdfsig(signed, "-upw", "mở ra") == ["Signature is Valid."]


def test_a_certified_file_is_refused_with_the_reason(clerk: Clerk, draft: bytes) -> None:
    signer = SimpleSigner.load_pkcs12(str(clerk.office.key(OWN, "person")), passphrase=PASSWORD.encode())
    assert signer is not None
    meta = PdfSignatureMetadata(field_name="Sig1", certify=True, docmdp_permissions=MDPPerm.NO_CHANGES)
    made = PdfSigner(meta, signer, new_field_spec=SigFieldSpec("Sig1")).sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(draft))
    )
    source = put(clerk, bytes(made.getbuffer()))
    code, answer = clerk.asks("sign", str(source), "--as", "organisation", "--at", "1:100,60")
    assert (code, answer["error"]["code"]) == (5, "signing.locked")
    assert answer["error"]["hint"]
    assert names(clerk.office.papers) == {"kho.pdf"}


DAMAGES: Mapping[str, Callable[[bytes], bytes]] = {
    "no end": lambda pdf: pdf[: pdf.rindex(b"startxref")],
    "table moved": lambda pdf: pdf.replace(b"%PDF-1.4", b"%PDF-1.4\n%xxxxxxxxxxxxxx", 1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_written_anew_only_if_it_bears_no_signature(damage: str, clerk: Clerk, draft: bytes) -> None:
    broken = DAMAGES[damage](draft)
    assert broken != draft
    source = put(clerk, broken)
    code, answer = clerk.asks("sign", str(source), "--as", "person", "--at", "1:330,100")
    assert code == 0, answer
    assert answer["files"][0]["repaired"] is True
    signed = source.with_suffix(".signed.pdf")
    assert assets.pdfsig(signed) == ["Signature is Valid."]
    assert whole(signed)
    assert source.read_bytes() == broken
    twice = put(clerk, DAMAGES[damage](signed.read_bytes().replace(b"%PDF-1.7", b"%PDF-1.4", 1)), "hong.pdf")
    code, answer = clerk.asks("sign", str(twice), "--as", "organisation", "--at", "1:100,60")
    assert code in {2, 4, 5, 7}, answer
    assert not (clerk.office.papers / "hong.signed.pdf").exists()


def test_an_archival_file_stays_one_as_far_as_can_be_seen(clerk: Clerk, written: Mapping[str, bytes]) -> None:
    source = put(clerk, written["pdf"])
    code, answer = clerk.asks("sign", str(source), "--as", "person")
    assert code == 0, answer
    signed = source.with_suffix(".signed.pdf")
    with pikepdf.open(source) as before, pikepdf.open(signed) as after:
        assert before.open_metadata().get("pdfaid:part") == "2"
        assert after.open_metadata().get("pdfaid:part") == "2"
        assert after.Root.Metadata.read_bytes() == before.Root.Metadata.read_bytes()
        for widget in after.pages[0].Annots:
            assert int(widget.F) & 4  # printed
    assert whole(signed)


def test_two_thousand_pages_are_signed(clerk: Clerk) -> None:
    source = clerk.office.papers / "dai.pdf"
    write_large(source, 2000, 0, 0)
    words = ("sign", str(source), "--as", "person", "--at", "2000:100,100")
    code, answer = clerk.asks(*words)
    assert (code, answer["error"]["code"]) == (5, "sign.secret")  # a mark stands alone on the last page
    assert names(clerk.office.papers) == {"dai.pdf"}
    source.write_bytes(source.read_bytes().replace(b"(MAT)", b"(XYZ)"))
    code, answer = clerk.asks(*words)
    assert code == 0, answer
    signed = source.with_suffix(".signed.pdf")
    assert assets.field_box(signed, "LanhDao").page == 1999
    with signed.open("rb") as opened:
        assert opened.read(source.stat().st_size) == source.read_bytes()


def peaks(process: "subprocess.Popen[str]") -> tuple[dict[int, int], int]:
    """Follow a process and all below it to its end; return each one's largest memory, and the most of all together, in kB."""
    most: dict[int, int] = {}
    together = 0
    while process.poll() is None:
        family, shares = [process.pid], 0
        while family:
            pid = family.pop()
            try:
                for task in Path(f"/proc/{pid}/task").iterdir():
                    family += map(int, (task / "children").read_text().split())
                peak = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in line)
                rolled = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except (OSError, StopIteration):
                continue
            most[pid] = max(most.get(pid, 0), int(peak.split()[1]))
            shares += next(int(line.split()[1]) for line in rolled if line.startswith("Pss:"))
        together = max(together, shares)
        time.sleep(0.02)
    return most, together


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read from /proc: Linux only")
def test_a_file_of_120_mb_takes_less_than_200_mb_of_memory(clerk: Clerk, draft: bytes) -> None:
    source = put(clerk, assets.padded(draft, 120 << 20), "lon.pdf")
    process = assets.vanthu(clerk.office, "sign", str(source), "--as", "person", "--json")
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.append(process.stdout.read() if process.stdout else ""))
    reader.start()
    most, together = peaks(process)
    reader.join()
    assert process.returncode == 0, said
    assert max(most.values()) < MOST, most
    assert together < MOST, together
    signed = source.with_suffix(".signed.pdf")
    assert signed.stat().st_size > source.stat().st_size > 120 << 20
    assert assets.pdfsig(signed) == ["Signature is Valid."]
    os.truncate(source, 0)  # not kept in the folders of past tests
    os.truncate(signed, 0)


def test_a_word_document_s_pdf_is_signed_by_the_leader(clerk: Clerk, draft: bytes) -> None:
    source = put(clerk, assets.like_word(draft))
    prepared, signed = source.with_name("cho-ky.pdf"), source.with_name("da-ky.pdf")
    assert clerk.types("prepare", str(source), "--out", str(prepared)) == 0, clerk.said
    assert clerk.types("sign", str(prepared), "--as", "person", "--out", str(signed)) == 0, clerk.said
    assert assets.field_box(signed, "LanhDao").page == 0
    assert signed.read_bytes().startswith(source.read_bytes())
    assert assets.pdfsig(signed) == ["Signature is Valid."]


def test_a_word_document_s_pdf_is_issued(clerk: Clerk, draft: bytes) -> None:
    """Word writes hybrid cross-references: what most offices send."""
    source = put(clerk, assets.like_word(draft))
    words = ("sign-send", str(source), "--person", "leader", "--to", "BTCTU", "--yes", "--dry-run")
    code, answer = clerk.asks(*words)
    assert code == 0, answer
