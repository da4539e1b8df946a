"""`vanthu inspect`: what a clerk sees of a page, and what a script gets."""

import io
import os
from datetime import date
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PIL import Image
from tests.cli.commands import Clerk
from tests.offices import NOW
from tests.reading.pages import centred, dispatch_145, make_pdf, party_header, scan

from vanthu_cli.__main__ import main
from vanthu_cli.config.load import load
from vanthu_cli.procedures.desk import open_desk
from vanthu_cli.procedures.recognise import available
from vanthu_cli.register import directory
from vanthu_cli.register.directory import Agency


@pytest.fixture
def dispatch(tmp_path: Path) -> Path:
    path = tmp_path / "145.pdf"
    path.write_bytes(make_pdf(*dispatch_145()))
    return path


def test_fields_with_confidence_and_where_they_stand(clerk: Clerk, dispatch: Path) -> None:
    code, answer = clerk.asks("inspect", str(dispatch))
    (found,) = answer["files"]
    assert code == 0
    assert (found["fields"]["number"], found["fields"]["symbol"], found["fields"]["date"]) == (
        145,
        "CV/TU",
        "2021-04-28",
    )
    assert found["fields"]["signer_name"] == "Lê Văn Hiệu"
    assert found["confidence"]["number"] == 0.99
    (number,) = found["candidates"]["number"]
    assert (number["value"], number["page"]) == (145, 1)
    x0, y0, x1, y1 = number["box"]
    assert 0 < x0 < x1 < 300
    assert 600 < y0 < y1 < 842
    assert found["needs_ocr"] is False


def test_it_works_without_an_office(
    dispatch: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("VANTHU_CONFIG", raising=False)
    assert main(["inspect", str(dispatch), "--lang", "vi"]) == 0
    said = capsys.readouterr().out
    assert "TỈNH ỦY HẢI DƯƠNG" in said
    assert "28/04/2021" in said


def test_two_number_lines_are_two_candidates_and_no_number(clerk: Clerk, tmp_path: Path) -> None:
    page = [*party_header(subject=()), centred(170, 130, "Số 146-CV/TU", "", 13)]
    page += [centred(300, 300 + 20 * row, "Nội dung của văn bản này có nhiều chữ") for row in range(4)]
    (tmp_path / "two.pdf").write_bytes(make_pdf(page))
    _code, answer = clerk.asks("inspect", str(tmp_path / "two.pdf"))
    (found,) = answer["files"]
    assert found["fields"]["number"] is None
    assert {one["value"] for one in found["candidates"]["number"]} == {145, 146}
    clerk.types("inspect", str(tmp_path / "two.pdf"))
    assert "146" in clerk.said
    assert "Look at the page" in clerk.said


def test_the_preview_is_a_picture_and_overwrites_nothing(clerk: Clerk, dispatch: Path, tmp_path: Path) -> None:
    out = tmp_path / "seen.png"
    assert clerk.types("inspect", str(dispatch), "--preview", str(out)) == 0
    picture = Image.open(io.BytesIO(out.read_bytes()))
    green = [1 for _count, colour in picture.getcolors(1 << 24) or [] if colour == (0, 110, 60)]
    assert green
    assert clerk.types("inspect", str(dispatch), "--preview", str(out)) == 5
    assert clerk.types("inspect", str(dispatch), str(tmp_path / "other.pdf"), "--preview", str(tmp_path / "b.png")) == 2


def test_one_bad_file_does_not_stop_the_others(clerk: Clerk, dispatch: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 nothing")
    (tmp_path / "none.pdf").write_bytes(b"")
    (tmp_path / "word.docx").write_bytes(b"PK\x03\x04")
    names = [str(tmp_path / "bad.pdf"), str(dispatch), str(tmp_path / "gone.pdf"), str(tmp_path / "word.docx")]
    names.append(str(tmp_path / "none.pdf"))
    code, answer = clerk.asks("inspect", *names)
    assert code == 2
    codes = [each["error"] and each["error"]["code"] for each in answer["files"]]
    assert codes == ["inspect.unreadable", None, "file.unreadable", "inspect.not_pdf", "file.unreadable"]
    assert answer["files"][1]["fields"]["number"] == 145
    assert clerk.types("inspect", *names) == 2
    assert "145" in clerk.said
    assert "gone.pdf" in clerk.said


def test_a_scan_is_said_to_be_one_and_nothing_is_invented(clerk: Clerk, tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(scan())
    code, answer = clerk.asks("inspect", str(tmp_path / "scan.pdf"), "--no-ocr")
    (found,) = answer["files"]
    assert (code, found["needs_ocr"], found["confidence"]) == (0, True, {})


def test_the_agency_is_found_in_the_directory_whatever_its_spelling_with_its_successor(
    clerk: Clerk, tmp_path: Path
) -> None:
    page = party_header(agency="UỶ BAN NHÂN DÂN XÃ CŨ")
    page += [centred(300, 300 + 20 * row, "Nội dung của văn bản này có nhiều chữ") for row in range(4)]
    (tmp_path / "old.pdf").write_bytes(make_pdf(page))
    config = load(clerk.office.config)
    with open_desk(config, now=NOW, prompt=lambda _what: None, language="en") as desk, desk.book.step():
        directory.put(desk.book, Agency("MOI", "UBND xã Mới"))
        directory.put(desk.book, Agency("CU", "UBND xã Cũ", valid_to=date(2025, 6, 30).isoformat(), successor="MOI"))
    _code, answer = clerk.asks("inspect", str(tmp_path / "old.pdf"))
    assert answer["files"][0]["directory"] == {"code": "CU", "name": "UBND xã Cũ", "successor": "MOI"}


def test_the_text_of_a_scan_is_recognised_and_told_as_doubtful(clerk: Clerk, tmp_path: Path) -> None:
    if not available():
        assert os.environ.get("CI") != "true", "ocrmypdf and tesseract-ocr-vie must be there in CI"
        pytest.skip("ocrmypdf or tesseract-ocr-vie is not installed: no scan is recognised")
    # Without a scanner's noise: it is made by chance, and so would be what is recognised.
    with pdfium.PdfDocument(make_pdf(*dispatch_145())) as document:
        paper = [page.render(scale=200 / 72, grayscale=True).to_pil() for page in document]
    paper[0].save(tmp_path / "scan.pdf", "PDF", resolution=200, save_all=True, append_images=paper[1:])
    before = (tmp_path / "scan.pdf").read_bytes()
    code, answer = clerk.asks("inspect", str(tmp_path / "scan.pdf"))
    (found,) = answer["files"]
    assert (code, found["needs_ocr"]) == (0, True)
    assert "ocr" in found["notices"]
    assert (found["fields"]["number"], found["fields"]["date"]) == (145, "2021-04-28"), found
    assert found["fields"]["signer_name"] == "Lê Văn Hiệu"  # on the last page
    assert max(found["confidence"].values()) < 0.8
    assert (tmp_path / "scan.pdf").read_bytes() == before
    assert clerk.types("inspect", str(tmp_path / "scan.pdf")) == 0
    assert "recognised" in clerk.said
