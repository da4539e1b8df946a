"""`vanthu sign --as copy`: which copies there are, their numbers, what stands on them (NĐ 30/2020 Đ25, Đ26; 36-HD/VPTW)."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from tests.cli import assets
from tests.cli.commands import Clerk

from vanthu_cli.sandbox.office import OWN, PASSWORD, PracticeOffice


@pytest.fixture(scope="module")
def papers() -> dict[str, bytes]:
    """Two scans of paper documents, colour, 200 dpi."""
    return {"giay-1.pdf": assets.scan(words="một"), "giay-2.pdf": assets.scan(words="hai")}


@pytest.fixture
def clerk(
    template: PracticeOffice, tmp_path: Path, capsys: pytest.CaptureFixture[str], papers: dict[str, bytes]
) -> Clerk:
    """A clerk with two paper documents scanned."""
    office = assets.quiet(template, tmp_path / "office")
    for name, data in papers.items():
        (office.papers / name).write_bytes(data)
    return Clerk(office, capsys)


def copied(clerk: Clerk, name: str, form: str) -> str:
    """Copy a file; return the number that the copy got."""
    out = clerk.office.papers / f"{name}.{form}.pdf"
    code, answer = clerk.asks(
        "sign", str(clerk.office.papers / name), "--as", "copy", "--form", form, "--out", str(out)
    )
    assert code == 0, answer
    assert out.exists()
    return str(answer["files"][0]["number"])


def taken(clerk: Clerk) -> list[int]:
    return sorted(each["number"] for each in clerk.asks("register", "list", "--book", "di")[1]["documents"])


def test_state_copies_of_all_forms_share_one_sequence(clerk: Clerk) -> None:
    assets.state(clerk.office)
    names = [
        copied(clerk, "giay-1.pdf", "sao-y"),
        copied(clerk, "giay-2.pdf", "sao-luc"),
        copied(clerk, "giay-1.pdf", "trich-sao"),
    ]
    assert names == ["01/SY-SNV", "02/SL-SNV", "03/TrS-SNV"]


def test_party_copies_are_numbered_bs_through_the_term(clerk: Clerk) -> None:
    assert [copied(clerk, "giay-1.pdf", "sao-y"), copied(clerk, "giay-2.pdf", "sao-luc")] == ["01-BS/TU", "02-BS/TU"]


def test_a_copy_says_its_form_agency_and_time_at_the_top_right_and_only_the_office_signs(clerk: Clerk) -> None:
    copied(clerk, "giay-1.pdf", "sao-y")
    out = clerk.office.papers / "giay-1.pdf.sao-y.pdf"
    box = assets.field_box(out, "BanSao")
    assert (box.page, box.x0 > assets.A4[0] / 2, box.y1 > assets.A4[1] - 72) == (0, True, True)
    lines = assets.text_in(out, (box.x0 - 2, box.y0 - 2, box.x1 + 2, box.y1 + 2)).splitlines()
    assert lines[:2] == ["SAO Y", "Văn phòng Tỉnh ủy"]
    assert re.fullmatch(assets.ISO_TIME, lines[2])
    assert out.read_bytes().startswith((clerk.office.papers / "giay-1.pdf").read_bytes())
    assert assets.pdfsig(out) == ["Signature is Valid."]
    found = clerk.asks("verify", str(out))[1]["files"][0]
    assert [each["role"] for each in found["signatures"]] == ["organisation"]


def test_the_same_command_again_gives_the_same_number_and_the_same_bytes(clerk: Clerk) -> None:
    assert copied(clerk, "giay-1.pdf", "sao-y") == "01-BS/TU"
    out = clerk.office.papers / "giay-1.pdf.sao-y.pdf"
    first = out.read_bytes()
    words = ("sign", str(clerk.office.papers / "giay-1.pdf"), "--as", "copy", "--form", "sao-y", "--out", str(out))
    code, answer = clerk.asks(*words)
    assert (code, answer["files"][0]["signed_before"]) == (0, True)
    out.unlink()  # the clerk has lost it
    assert copied(clerk, "giay-1.pdf", "sao-y") == "01-BS/TU"
    assert out.read_bytes() == first
    assert copied(clerk, "giay-2.pdf", "sao-y") == "02-BS/TU"
    assert taken(clerk) == [1, 2]


@pytest.mark.parametrize("form", ["sao-y", "sao-luc"])
@pytest.mark.parametrize("signed", [True, False])
def test_there_is_no_copy_of_an_electronic_document_into_another(form: str, signed: bool, clerk: Clerk) -> None:
    source = clerk.signed_draft() if signed else clerk.draft()
    secret, asked = assets.asking(clerk.office, PASSWORD)
    key = {"role": "organisation", "kind": "pkcs12", "path": f"pki/keys/{OWN}-organisation.p12", "secret": secret}
    assets.change(clerk.office, {"keys.office": key})
    before = sorted(each.name for each in clerk.office.papers.iterdir())
    code, answer = clerk.asks("sign", str(source), "--as", "copy", "--form", form)
    assert (code, answer["error"]["code"]) == (5, "copy.electronic")
    assert "25" in answer["error"]["message"]
    assert "trich-sao" in answer["error"]["hint"]
    assert assets.times(asked) == 0
    assert sorted(each.name for each in clerk.office.papers.iterdir()) == before
    assert taken(clerk) == []


def test_a_signed_scan_is_an_electronic_document(clerk: Clerk) -> None:
    sealed = clerk.office.papers / "so-hoa.pdf"
    source = str(clerk.office.papers / "giay-1.pdf")
    assert clerk.types("sign", source, "--as", "annex", "--of", "1-CV/TU", "--out", str(sealed)) == 0, clerk.said
    code, answer = clerk.asks("sign", str(sealed), "--as", "copy", "--form", "sao-y", "--again")
    assert (code, answer["error"]["code"]) == (5, "copy.electronic")


def test_an_extract_of_an_electronic_document_is_allowed(clerk: Clerk) -> None:
    clerk.draft("trich.pdf")
    assert copied(clerk, "trich.pdf", "trich-sao") == "01-BS/TU"


@pytest.mark.parametrize(
    ("dpi", "mode", "codes"),
    [
        (200, "RGB", []),
        (150, "RGB", ["scan-too-coarse"]),
        (200, "L", ["scan-not-coloured"]),
        (100, "L", ["scan-too-coarse", "scan-not-coloured"]),
    ],
)
def test_a_scan_below_the_decree_s_quality_is_warned_of(dpi: int, mode: str, codes: list[str], clerk: Clerk) -> None:
    file = clerk.office.papers / "quet.pdf"
    file.write_bytes(assets.scan(dpi, mode))
    code, answer = clerk.asks("sign", str(file), "--as", "copy", "--form", "sao-y", "--dry-run")
    assert (code, [each["code"] for each in answer["files"][0]["warnings"]]) == (0, codes)
    assert taken(clerk) == []


def test_a_preview_of_a_copy_takes_no_number_and_asks_for_no_secret(clerk: Clerk) -> None:
    secret, asked = assets.asking(clerk.office, PASSWORD)
    key = {"role": "organisation", "kind": "pkcs12", "path": f"pki/keys/{OWN}-organisation.p12", "secret": secret}
    assets.change(clerk.office, {"keys.office": key})
    picture = clerk.office.papers / "xem.png"
    words = ("sign", str(clerk.office.papers / "giay-1.pdf"), "--as", "copy", "--form", "sao-y")
    assert clerk.types(*words, "--preview", str(picture)) == 0, clerk.said
    assert (assets.times(asked), taken(clerk)) == (0, [])
    with Image.open(io.BytesIO(picture.read_bytes())) as shown:
        top = shown.convert("RGB").crop((shown.width // 2, 0, shown.width, shown.height // 10))
    assert min(top.convert("L").tobytes()) < 100  # black letters on the paper's own tone


def test_a_copy_that_must_fail_takes_no_number(clerk: Clerk) -> None:
    (clerk.office.folder / "secrets" / "password").write_text("sai\n", "utf-8")
    words = [str(clerk.office.papers / name) for name in ("giay-1.pdf", "giay-2.pdf")]
    code, answer = clerk.asks("sign", *words, "--as", "copy", "--form", "sao-y")
    assert (code, answer["error"]["code"]) == (2, "signing.passphrase")
    assert len(answer["not_reached"]) == 1
    assert taken(clerk) == []
    assert not list(clerk.office.papers.glob("*.copy.pdf"))


def test_many_copies_ask_for_one_secret_and_are_numbered_in_their_order(clerk: Clerk) -> None:
    secret, asked = assets.asking(clerk.office, PASSWORD)
    key = {"role": "organisation", "kind": "pkcs12", "path": f"pki/keys/{OWN}-organisation.p12", "secret": secret}
    assets.change(clerk.office, {"keys.office": key})
    words = [str(clerk.office.papers / name) for name in ("giay-2.pdf", "giay-1.pdf")]
    code, answer = clerk.asks("sign", *words, "--as", "copy", "--form", "sao-y")
    assert code == 0, answer
    assert [(Path(each["file"]).name, each["number"]) for each in answer["files"]] == [
        ("giay-2.pdf", "01-BS/TU"),
        ("giay-1.pdf", "02-BS/TU"),
    ]
    assert assets.times(asked) == 1
