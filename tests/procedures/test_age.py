"""What is locked with a passphrase is age's format in both directions, and holds against every change."""

import io
import os
from pathlib import Path

import pyrage
import pytest
from tests.procedures.backups import PASSPHRASE, check, put_back, save, told

from vanthu_cli.errors import MisuseError
from vanthu_cli.procedures import age
from vanthu_cli.sandbox.office import PracticeOffice

pytestmark = pytest.mark.usefixtures("quick")


def test_other_programs_open_what_is_encrypted_and_it_opens_theirs(
    filled: PracticeOffice, saved: Path, tmp_path: Path
) -> None:
    done = save(filled, tmp_path / "b.tar.age", passphrase=PASSPHRASE)
    assert done.archive.encrypted
    plain = tmp_path / "plain.tar"
    plain.write_bytes(pyrage.passphrase.decrypt(done.file.read_bytes(), PASSPHRASE))
    assert check(plain).manifest == check(done.file, PASSPHRASE).manifest
    theirs = tmp_path / "theirs.age"
    theirs.write_bytes(pyrage.passphrase.encrypt(saved.read_bytes(), PASSPHRASE))
    assert check(theirs, PASSPHRASE).manifest == check(saved).manifest


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 131071, 131072, 131073])
def test_chunks_end_where_age_wants_them(size: int) -> None:
    data, out = os.urandom(size), io.BytesIO()
    with age.locked(out, PASSPHRASE) as locked:
        locked.write(data[: size // 3])
        locked.write(data[size // 3 :])
    assert pyrage.passphrase.decrypt(out.getvalue(), PASSPHRASE) == data
    opened = age.unlocked(io.BytesIO(out.getvalue()), PASSPHRASE)
    assert b"".join(iter(lambda: opened.read(1000), b"")) == data


def test_a_wrong_passphrase_opens_nothing(filled: PracticeOffice, tmp_path: Path) -> None:
    save(filled, tmp_path / "b.tar.age", passphrase=PASSPHRASE)
    with pytest.raises(MisuseError) as refused:
        put_back(tmp_path / "b.tar.age", tmp_path / "back", "another one")
    assert told(refused) == "backup.passphrase"
    assert [each.name for each in tmp_path.iterdir()] == ["b.tar.age"]


def test_an_encrypted_backup_holds_against_every_change(filled: PracticeOffice, tmp_path: Path) -> None:
    whole = save(filled, tmp_path / "b.tar.age", passphrase=PASSPHRASE).file.read_bytes()
    header = whole.index(b"\n", whole.index(b"---")) + 1
    places = [*range(header), header, header + 15, header + 16, header + 70_000, len(whole) - 1]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1
        (tmp_path / "c").write_bytes(changed)
        with pytest.raises(MisuseError):
            check(tmp_path / "c", PASSPHRASE)
    chunk = 65536 + 16
    for end in (0, 10, header, header + 16, header + 16 + chunk, header + 16 + 2 * chunk, len(whole) - 1):
        (tmp_path / "c").write_bytes(whole[:end])
        with pytest.raises(MisuseError):
            check(tmp_path / "c", PASSPHRASE)
    (tmp_path / "c").write_bytes(whole + b"x")
    with pytest.raises(MisuseError):
        check(tmp_path / "c", PASSPHRASE)


def test_a_header_that_asks_for_days_of_work_is_refused_at_once(tmp_path: Path) -> None:
    head = b"age-encryption.org/v1\n-> scrypt " + b"A" * 22 + b" 40\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n"
    (tmp_path / "b.age").write_bytes(head + bytes(1000))
    with pytest.raises(MisuseError) as refused:
        check(tmp_path / "b.age", PASSPHRASE)
    assert told(refused) == "backup.damaged"
