"""A correspondent's S/MIME letter: right by openssl, and read by our intake."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from vanthu_cli.channels.letter import compose
from vanthu_cli.channels.mime import read_mail
from vanthu_cli.sandbox.pki import PracticePki, build_pki, issue
from vanthu_cli.sandbox.smime import sign_letter


def test_openssl_verifies_the_letter_and_the_document_inside_is_found(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    pki = build_pki(tmp_path, now, key="p-256")
    key = issue(pki, ca="state", name="Sở Nội vụ", organisation="Sở Nội vụ", file="snv", passphrase="1")
    letter = compose(
        message_id="<1@snv>", sender=("Sở Nội vụ", "snv@x"), recipient=("Văn phòng", "v@y"), subject="Báo cáo", body="Kính gửi",
        date=now, files=[("bao-cao.pdf", b"%PDF-1.7 x")],
    )  # fmt: skip
    signed = tmp_path / "signed.eml"
    signed.write_bytes(sign_letter(letter.raw, key, "1"))
    mail = read_mail(signed.read_bytes())
    assert (mail.message_id, mail.subject, [(file.name, file.data) for file in mail.files]) == (
        "<1@snv>", "Báo cáo", [("bao-cao.pdf", b"%PDF-1.7 x")],
    )  # fmt: skip
    assert openssl_accepts(signed, pki)
    signed.write_bytes(signed.read_bytes().replace(b"bao-cao.pdf", b"bao-cao.PDF"))
    assert not openssl_accepts(signed, pki)


def openssl_accepts(letter: Path, pki: PracticePki) -> bool:
    command = f"openssl cms -verify -in {letter.name} -CAfile trust/root.crt -purpose any -out out"
    return subprocess.run(command.split(), cwd=pki.folder, capture_output=True, check=False).returncode == 0
