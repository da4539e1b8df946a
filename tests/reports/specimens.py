"""A judgement made by hand, with all a report can say, and what its two forms say."""

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pypdfium2 as pdfium
from lxml import html
from PIL import Image

from vanthu_cli.reports.verification import Exhibit, Report
from vanthu_cli.reports.verification_html import as_html
from vanthu_cli.validation.findings import Change, Comparison, Judgement, Link, SignatureFinding
from vanthu_cli.validation.reasons import Reason

NOW = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 80), colour).save(out, "PNG")
    return out.getvalue()


FOUND = SignatureFinding(
    id="ConDau",
    role="organisation",
    signer="CN=Văn phòng Tỉnh ủy,O=Tỉnh ủy Hải Dương,C=VN",
    issuer="CN=CA phục vụ các cơ quan Đảng",
    indication="TOTAL-PASSED",
    sub_indication=None,
    level="B-T",
    claimed_time=NOW,
    timestamp=NOW,
    integrity=True,
    covers="revision",
    changes_after="form-filling",
    trust="trusted",
    revocation="good",
    weak=("sha1",),
    reasons=(Reason("local-time-labelled-utc"),),
    fingerprint="ab" * 32,
    agency="VPTU",
    visible=True,
    chain=(
        Link("CN=Văn phòng Tỉnh ủy", "ab" * 32, NOW, NOW + timedelta(days=900), "crl", NOW - timedelta(hours=3)),
        Link("CN=CA", "cd" * 32, NOW, NOW + timedelta(days=900), "anchor"),
    ),
    judged_for=NOW,
    signed_bytes=1000,
    changes=(Change("signed", "DenSo", 0), Change("altered", "SoVaNgay", 0), Change("content", "content", 2)),
)
JUDGEMENT = Judgement("pdf", "valid", True, None, (FOUND,), (Reason("trailing-bytes", "12"),), stamps=(NOW,))
PAGES = (
    Comparison("ConDau", 0, picture("white"), picture("green"), ((1, 2, 3, 4),), True),
    Comparison("ConDau", 2, picture("white"), picture("red"), ((1, 2, 3, 4),), False),
)
EXHIBIT = Exhibit("145-CV-TU.pdf", "ef" * 32, 248_304, JUDGEMENT, PAGES)
REPORT = Report("Văn phòng Tỉnh ủy", NOW, None, ("CN=Gốc, SHA-256 AA BB",), "when-available", True, (EXHIBIT,), "0.1.0")


def html_text(report: Report) -> str:
    tree: Any = html.fromstring(as_html(report).encode())
    return " ".join(tree.text_content().split())


def pdf_text(data: bytes) -> str:
    with pdfium.PdfDocument(data) as document:
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())


def alike(text: str) -> str:
    return re.sub(r"\W", "", text)
