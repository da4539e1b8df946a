"""What a verification report says of each signature: nothing that was not established, and all that was, in both forms."""

import io
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pypdfium2 as pdfium
import pytest
from lxml import html
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from tests.reports.specimens import EXHIBIT, FOUND, JUDGEMENT, NOW, REPORT, alike, html_text, pdf_text
from tests.validation.conftest import ARRIVAL_BOX, Pki, practice_pki, prepare, sign, update
from tests.validation.conftest import NOW as TODAY

from vanthu_cli import locale
from vanthu_cli.reports.verification import Box, Exhibit, Heading, Items, Paragraph, Pictures, Report, Table, story
from vanthu_cli.reports.verification_html import as_html
from vanthu_cli.reports.verification_pdf import as_pdf
from vanthu_cli.validation.findings import Change, Judgement, SignatureFinding
from vanthu_cli.validation.pdf import judge_pdf
from vanthu_cli.validation.proof import unjudged
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.trust import described


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with locale.speaking("en"):
        yield


def of(*found: SignatureFinding, reasons: tuple[Reason, ...] = ()) -> Report:
    judgement = replace(JUDGEMENT, signatures=found, reasons=reasons)
    return replace(REPORT, exhibits=(replace(EXHIBIT, judgement=judgement, comparisons=()),))


def both(report: Report) -> list[str]:
    return [html_text(report), pdf_text(as_pdf(report))]


def said(report: Report, words: str) -> bool:
    return all(alike(words) in alike(text) for text in both(report))


def found_in(report: Report, path: str) -> Any:
    """Find in the page what the XPath says."""
    return html.fromstring(as_html(report).encode()).xpath(path)


def told(report: Report) -> list[str]:
    """Every text of the story, in order."""
    found: list[str] = []
    for block in story(report):
        match block:
            case Heading(_, text) | Paragraph(text, _):
                found.append(text)
            case Box(_, word, text):
                found += [word, text]
            case Items(texts) | Pictures(_, _, texts, _):
                found += texts
            case Table(headings, rows, _, _):
                found += [*headings, *(cell for row in rows for cell in row)]
    return found


@pytest.mark.parametrize("language", ["vi", "en"])
def test_both_forms_say_every_text_of_the_story(language: str) -> None:
    with locale.speaking(language):
        report = replace(REPORT, exhibits=(EXHIBIT, replace(EXHIBIT, file="146.pdf")))
        page, paper = map(alike, both(report))
        texts = [alike(unicodedata.normalize("NFC", text)) for text in told(report)]
    assert len(texts) > 100
    assert [text for text in texts if text not in page] == []
    assert [text for text in texts if text not in paper] == []


def test_what_could_not_be_told_is_never_nothing() -> None:
    unread = of(unjudged("Signature1", Reason("unreadable-signature", "Signature1")))
    unchecked = of(replace(FOUND, changes=(), changes_after="other", reasons=(Reason("modification-check-failed"),)))
    for report in (unread, unchecked):
        assert said(report, "What came after it could not be established.")
        assert not any("Nothing came after" in text for text in both(report))
    assert said(of(replace(FOUND, covers="whole-file", changes=(), changes_after="none")), "Nothing came after it.")


def test_the_signers_certificate_is_named_where_no_chain_was_found() -> None:
    assert said(of(replace(FOUND, chain=(), trust="untrusted")), "ab" * 32)


def test_the_signed_version_can_be_cut_out_of_the_file() -> None:
    assert said(of(FOUND), "head -c 1000 FILE")


def test_times_say_whose_word_they_are() -> None:
    assert said(of(FOUND), "time stamped")
    assert said(of(replace(FOUND, timestamp=None)), "by the signer's clock")


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (NOW, "26/11/2026 08:02:03 (+07:00)"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "31/12/9999 23:59:59 (+00:00)"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9))), "00:00:00 (+09:00)"),
    ],
)
def test_no_time_is_beyond_the_calendar(time: datetime, words: str) -> None:
    link = replace(FOUND.chain[0], not_before=time, not_after=time)
    assert said(of(replace(FOUND, claimed_time=time, timestamp=None, chain=(link,))), words)


def test_it_can_be_judged_again_at_the_time_that_is_written() -> None:
    assert said(of(FOUND), "vanthu verify --at 2026-11-26T08:02:03+07:00 FILE")


def test_revocation_is_as_old_as_the_oldest_word_on_it() -> None:
    first, second = FOUND.chain
    chain = (first, replace(second, revocation="ocsp", as_of=NOW - timedelta(days=2)))
    assert said(of(replace(FOUND, chain=chain)), "with revocation data of 24/11/2026 08:02:03")


def test_a_long_detail_does_not_push_out_what_to_do() -> None:
    report = of(replace(FOUND, reasons=(Reason("changed-after-signing", "x" * 10_000),)))
    assert said(report, "Do not accept it; ask the sender for the original file. [changed-after-signing]")


def test_thousands_of_changes_are_counted_not_listed() -> None:
    report = of(replace(FOUND, changes=tuple(Change("added", f"N{number}", 0) for number in range(5_000))))
    assert said(report, "and 4940 more")


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        (r"CN=A\, B\+C,O=X", "A, B+C"),
        ("CN=Lê Văn A+OU=Y,C=VN", "Lê Văn A"),
        ("O=không tên", "O=không tên"),
        ("CN=x\u202ey", "x�y"),
        ("CN=" + "a" * 10_000 + "b", "a" * 50 + "…" + "a" * 49 + "b"),
        ("CN=a" + "\u0323" * 500, "a\u0323\u0323" + "�" * 47 + "…" + "\u0323\u0323" + "�" * 48),
    ],
)
def test_the_name_of_a_signer(subject: str, name: str) -> None:
    several = replace(REPORT, exhibits=(replace(EXHIBIT, judgement=_signed_by(subject)), EXHIBIT))
    cells = found_in(several, "//table[1]//td[3]")
    assert cells[0].text_content() == name


def _signed_by(subject: str) -> Judgement:
    return replace(JUDGEMENT, signatures=(replace(FOUND, signer=subject),))


def test_letters_that_the_typeface_lacks_are_named() -> None:
    assert "[U+4E2D]" in pdf_text(as_pdf(of(replace(FOUND, agency="\u4e2d"))))


def test_results_have_the_colour_of_their_verdict() -> None:
    found = (FOUND, replace(FOUND, integrity=False), replace(FOUND, indication="INDETERMINATE"))
    cells = found_in(of(*found), "//table[2]//td[@class]/@class")
    assert cells == ["valid", "invalid", "unknown"]


@pytest.mark.parametrize("letter", ["W", "i", "ậ"])
def test_nothing_runs_off_the_paper(letter: str) -> None:
    long = letter * 10_000
    found = replace(FOUND, id=long, signer=f"CN={long}", agency=long, chain=(replace(FOUND.chain[0], subject=long),))
    report = replace(of(found, reasons=(Reason("changed-after-signing", long),)), office=long, trust=(long,))
    with pdfium.PdfDocument(as_pdf(report)) as document:
        for number, page in enumerate(document, 1):
            text = page.get_textpage()
            boxes = [text.get_charbox(place) for place in range(text.count_chars())]
            assert all(left > 40 and right < 555 and bottom > 20 and top < 820 for left, bottom, right, top in boxes)
            assert f"{number}/{len(document)}" in text.get_text_range()


@pytest.fixture(scope="module")
def pki() -> Pki:
    return practice_pki()


@pytest.fixture(scope="module")
def issued(pki: Pki) -> bytes:
    blank = io.BytesIO()
    canvas = Canvas(blank, pagesize=A4)
    canvas.drawString(60, 725, "So        -CV/TU")
    canvas.save()
    pdf = sign(prepare(blank.getvalue()), pki.leader, "LanhDao")
    return sign(pdf, pki.office, "ConDau")


def really(pdf: bytes, pki: Pki) -> Report:
    judgement = judge_pdf(pdf, pki.trust(), pki.signatories, now=TODAY, pictures=True)
    exhibit = Exhibit("145.pdf", "ef" * 32, len(pdf), judgement, judgement.comparisons)
    return Report("VP", TODAY, None, described(pki.trust().anchors), "when-available", True, (exhibit,), "0.1.0")


def test_a_real_document_with_an_arrival_stamp(issued: bytes, pki: Pki) -> None:
    report = really(sign(issued, pki.receiver, "DEN", ARRIVAL_BOX), pki)
    assert report.exhibits[0].judgement.verdict == "valid"
    assert said(report, "a later signature or time stamp: DEN, page 1")
    assert said(report, "What came after it, it permits")
    assert len(found_in(report, "//div[@class='pair']//img")) == 4  # as the leader signed it, as the office did
    assert not found_in(report, "//div[@class='pair alarming']")


def _overwrite(writer: IncrementalPdfFileWriter) -> None:
    drawing = generic.StreamObject(stream_data=b"q 1 0 0 rg 60 500 200 20 re f Q")
    writer.add_stream_to_page(0, writer.add_object(drawing))


def test_a_real_document_whose_page_was_changed(issued: bytes, pki: Pki) -> None:
    report = really(update(issued, _overwrite), pki)
    assert report.exhibits[0].judgement.verdict == "invalid"
    assert said(report, "CONTENT OF THE PAGE CHANGED, page 1")
    assert found_in(report, "//div[@class='pair alarming']//img")
