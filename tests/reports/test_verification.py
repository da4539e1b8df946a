"""The verification report: both forms say the same, whatever hostile text they are given."""

import hashlib
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from PIL import Image
from tests.reports.specimens import EXHIBIT, FOUND, JUDGEMENT, PAGES, REPORT, alike, html_text, pdf_text

from vanthu_cli import locale
from vanthu_cli.reports.verification import Exhibit, Report
from vanthu_cli.reports.verification_html import as_html
from vanthu_cli.reports.verification_pdf import as_pdf
from vanthu_cli.validation.findings import Change, Judgement
from vanthu_cli.validation.reasons import Reason

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src="http://x.vn/a" onerror="alert(1)">',
    "tên \u202efdp.exe",
    "a\x00b\x1b[31m",
    "<b>đậm</b> & <para> <a href='http://x.vn'>x</a>",
    "&lt;&#0;",
    "W" * 10_000,
)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_both_forms_say_all_of_it(language: str) -> None:
    with locale.speaking(language):
        texts = [html_text(REPORT), pdf_text(as_pdf(REPORT))]
    said = [
        "Văn phòng Tỉnh ủy",
        "145-CV-TU.pdf",
        "ef" * 32,
        "cd" * 32,
        "26/11/2026 08:02:03",
        "05:02:03",
        "TOTAL-PASSED",
    ]
    said += [
        "CN=Gốc",
        "sha1",
        "DenSo",
        "SoVaNgay",
        "local-time-labelled-utc",
        "trailing-bytes",
        "when-available",
        "248304",
    ]
    said += (
        ["HỢP LỆ"] if language == "vi" else ["VALID", "CONTENT OF THE PAGE CHANGED, page 3", "Page 1 as it was signed"]
    )
    for text in texts:
        assert [each for each in said if alike(each) not in alike(text)] == []


def test_several_files_begin_with_an_overview_and_each_with_a_page_of_its_own() -> None:
    others = tuple(replace(EXHIBIT, file=f"{number}.pdf", comparisons=()) for number in range(3))
    report = replace(REPORT, exhibits=others)
    assert as_html(report).count('class="section"') == 3
    assert all(f"{number}.pdf" in html_text(report) for number in range(3))
    with pdfium.PdfDocument(as_pdf(report)) as document:
        assert len(document) > 3


def test_what_could_not_be_read_or_was_not_signed_has_a_report_too() -> None:
    nothing = Judgement("unknown", "unknown", None, None, (), (Reason("file-unreadable", "x"),))
    report = replace(REPORT, office=None, trust=(), exhibits=(Exhibit("x", None, None, nothing),))
    assert "file-unreadable" in html_text(report)
    assert "file-unreadable" in alike(pdf_text(as_pdf(report))).replace("fileunreadable", "file-unreadable")


def harmless(report: Report, said: str) -> None:
    page = as_html(report)
    tree: Any = html.fromstring(page.encode())
    assert not tree.xpath("//script | //*[@onerror] | //*[@onload] | //a | //link | //iframe | //form")
    sources = tree.xpath("//@src | //@href | //@action")
    assert all(each.startswith("data:image/png;base64,") for each in sources)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", page)
    assert "url(" not in page
    assert said in tree.text_content() or len(said) > 100


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_does_nothing(hostile: str) -> None:
    found = replace(
        FOUND,
        id=hostile,
        signer=hostile,
        issuer=hostile,
        agency=hostile,
        reasons=(Reason("changed-after-signing", hostile),),
        changes=(Change("added", hostile, 0),),
        chain=(replace(FOUND.chain[0], subject=hostile),),
    )
    judgement = replace(JUDGEMENT, signatures=(found,), reasons=(Reason("no-such-code", hostile),))
    exhibits = (
        replace(EXHIBIT, file=hostile, judgement=judgement, comparisons=(replace(PAGES[0], signature=hostile),)),
    )
    report = replace(REPORT, office=hostile, trust=(hostile,), exhibits=exhibits)
    harmless(report, "alert(1)" if "alert" in hostile else "")
    assert pdf_text(as_pdf(report))


@settings(max_examples=15, deadline=None)
@given(hostile=st.text(max_size=80))
def test_any_text_does_nothing(hostile: str) -> None:
    report = replace(REPORT, office=hostile, exhibits=(replace(EXHIBIT, file=hostile, comparisons=()),))
    harmless(report, "")
    assert as_pdf(report).startswith(b"%PDF")


def test_the_same_report_is_the_same_bytes() -> None:
    digests = {hashlib.sha256(as_pdf(REPORT)).hexdigest() for _time in range(2)}
    assert len(digests) == 1
    assert as_html(REPORT) == as_html(REPORT)


def _may_leave_the_network() -> bool:
    """Containers often forbid a user to make namespaces."""
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([unshare, "-rn", "true"], check=False).returncode == 0


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed: apt-get install chromium")
def test_a_browser_shows_it_without_a_network(tmp_path: Path) -> None:
    (tmp_path / "r.html").write_text(as_html(REPORT), "utf-8")
    shot = tmp_path / "r.png"
    command = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--screenshot={shot}",
        "--window-size=900,2600",
    ]
    offline = ["unshare", "-rn"] if _may_leave_the_network() else []
    subprocess.run([*offline, *command, str(tmp_path / "r.html")], check=True, capture_output=True, timeout=90)
    colours = {colour for _count, colour in Image.open(shot).convert("RGB").getcolors(1 << 24) or ()}
    assert {(0, 128, 0), (255, 0, 0)} <= colours  # both pages of today
