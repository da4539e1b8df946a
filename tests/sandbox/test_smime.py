"""A correspondent's S/MIME letter: right by openssl, and read by our intake."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.offices import NOW

from vanthu_cli.channels.letter import compose
from vanthu_cli.channels.mime import read_mail
from vanthu_cli.sandbox.office import PASSWORD, PracticeOffice
from vanthu_cli.sandbox.smime import sign_letter


def test_openssl_verifies_the_letter_and_the_document_inside_is_found(template: PracticeOffice, tmp_path: Path) -> None:
    letter = compose(
        message_id="<1@snv>", sender=("Sở Nội vụ", "snv@x"), recipient=("Văn phòng", "v@y"), subject="Báo cáo", body="Kính gửi",
        date=NOW, files=[("bao-cao.pdf", b"%PDF-1.7 x")],
    )  # fmt: skip
    signed = tmp_path / "signed.eml"
    signed.write_bytes(sign_letter(letter.raw, template.key("SNV", "organisation"), PASSWORD))
    mail = read_mail(signed.read_bytes())
    assert (mail.message_id, mail.subject, [(file.name, file.data) for file in mail.files]) == (
        "<1@snv>", "Báo cáo", [("bao-cao.pdf", b"%PDF-1.7 x")],
    )  # fmt: skip
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    root = template.pki.trust / "root.crt"
    command = [
        openssl,
        "cms",
        "-verify",
        "-in",
        str(signed),
        "-CAfile",
        str(root),
        "-purpose",
        "any",
        "-out",
        str(tmp_path / "out"),
    ]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    signed.write_bytes(signed.read_bytes().replace(b"bao-cao.pdf", b"bao-cao.PDF"))
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
