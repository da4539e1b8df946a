"""Files that are no PDF."""

import zipfile
from datetime import UTC, datetime
from io import BytesIO

import pytest

from vanthu_cli.sandbox.documents import make_docx
from vanthu_cli.validation.files import judge_file
from vanthu_cli.validation.trust import Trust

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TRUST = Trust((), (), (), "ignore")


def signed_docx() -> bytes:
    out = BytesIO(make_docx("văn bản"))
    with zipfile.ZipFile(out, "a") as package:
        package.writestr("_xmlsignatures/sig1.xml", "<Signature/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "verdict", "kind"),
    [
        (make_docx("văn bản"), "unsigned", "ooxml"),
        (signed_docx(), "unknown", "ooxml"),
        (b"PK\x03\x04 broken", "unknown", "unknown"),
        (b"plain text", "unknown", "unknown"),
        (b"", "unknown", "unknown"),
    ],
)
def test_what_is_no_pdf_is_never_valid_and_a_signature_is_never_overlooked(
    data: bytes, verdict: str, kind: str
) -> None:
    judgement = judge_file(data, TRUST, None, now=NOW)
    assert (judgement.verdict, judgement.format) == (verdict, kind)
