"""What the tests of backups share: an office with papers, saving it, reading and restoring what was saved."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from tests import offices

from vanthu_cli.errors import VanthuError
from vanthu_cli.procedures.archive_file import Archive, read_archive
from vanthu_cli.procedures.backup import Backup, back_up
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.restore import Restored, restore
from vanthu_cli.register import deliveries, documents
from vanthu_cli.sandbox.office import PracticeOffice

PASSPHRASE = "sổ đăng ký của văn phòng"
SECRET = b"noi dung MAT"
PAPERS = [b"", b"%PDF-1.7 a", os.urandom(3000), os.urandom(200_000)]


def silent(_what: str, _count: int) -> None:
    """Nobody watches."""


def nobody() -> str:
    raise AssertionError("a passphrase was asked for")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def enter(desk: Desk, data: bytes) -> int:
    desk.cabinet.put(data)
    with desk.book.step():
        identity = documents.add(desk.book, "in", "arrive", arrived_at=desk.book.at, file="a.pdf", sha256=sha(data))
        desk.book.event("arrive", f"document:{identity}", {})
    return identity


def fill(office: PracticeOffice) -> PracticeOffice:
    """Give an office papers, a closed day, letters on their way, and things that belong in no backup."""
    with offices.desk_of(office) as desk:
        identities = [enter(desk, data) for data in PAPERS]
        body = desk.cabinet.put(b"letter")
        with desk.book.step():
            for channel in ("wan", "internet"):
                deliveries.queue(
                    desk.book, "document", identities[0], agency="BTCTU", channel=channel, address="a@b",
                    message_id=f"<{channel}@b>", head=b"", letter=body,
                )  # fmt: skip
    data = office.folder / "data"
    (data / "quarantine" / "1.eml").write_bytes(SECRET)
    (data / "intake" / "2.eml").write_bytes(SECRET)
    (data / "register.before-5").write_bytes(b"old")
    removed = office.folder / "pki" / "trust" / ".removed"
    removed.mkdir()
    (removed / "2026-01-01-cũ.crt").write_bytes(b"old certificate")
    return office


def save(office: PracticeOffice, output: Path, **wishes: Any) -> Backup:
    with offices.desk_of(office) as desk:
        return back_up(desk, output, silent, **wishes)


def check(file: Path, passphrase: str = "") -> Archive:
    return read_archive(file, (lambda: passphrase) if passphrase else nobody, silent)


def put_back(file: Path, target: Path, passphrase: str = "") -> Restored:
    asked = (lambda: passphrase) if passphrase else nobody
    return restore(file, target, asked, code="", now=offices.NOW, tick=silent)


def told(error: pytest.ExceptionInfo[VanthuError]) -> str:
    return error.value.code


def tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
