"""Files named by what they hold: whole or not there, checked when read."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.register.entries import sha

from vanthu_cli.errors import MisuseError, UnreachableError
from vanthu_cli.register.cabinet import Cabinet, open_cabinet, write_durably


@pytest.fixture
def cabinet(tmp_path: Path) -> Cabinet:
    return open_cabinet(tmp_path)


def files(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())


def test_what_is_put_in_comes_out(cabinet: Cabinet) -> None:
    name = cabinet.put("Công văn".encode())
    assert name == sha("Công văn")
    assert cabinet.get(name) == "Công văn".encode()
    assert cabinet.path(name).name == name
    assert cabinet.put(b"") == sha("")


def test_the_same_bytes_are_one_file_that_is_never_written_again(cabinet: Cabinet) -> None:
    name = cabinet.put(b"x")
    before = cabinet.path(name).stat()
    assert cabinet.put(b"x") == name
    assert cabinet.path(name).stat().st_ino == before.st_ino
    assert files(cabinet.root) == [cabinet.path(name)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_only_the_office_can_look_into_it(cabinet: Cabinet) -> None:
    name = cabinet.put(b"x")
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (cabinet.path(name), *cabinet.path(name).parents[:2])]
    assert modes == [0o600, 0o700, 0o700]


@pytest.mark.parametrize("content", [b"X", b"", b"longer"])
def test_a_file_that_was_changed_is_never_handed_out_and_is_mended_by_the_same_bytes(
    cabinet: Cabinet, content: bytes
) -> None:
    name = cabinet.put(b"x")
    cabinet.path(name).write_bytes(content)
    with pytest.raises(MisuseError) as refused:
        cabinet.get(name)
    assert refused.value.code == "cabinet.damaged"
    cabinet.put(b"x")
    assert cabinet.get(name) == b"x"


def test_a_missing_file_is_told(cabinet: Cabinet) -> None:
    with pytest.raises(MisuseError) as refused:
        cabinet.get(sha("x"))
    assert refused.value.code == "cabinet.missing"


def test_what_is_removed_is_gone_and_may_be_gone_already(cabinet: Cabinet) -> None:
    name = cabinet.put(b"x")
    cabinet.remove(name)
    cabinet.remove(name)
    assert files(cabinet.root) == []


def test_opening_again_changes_nothing(cabinet: Cabinet) -> None:
    name = cabinet.put(b"x")
    assert open_cabinet(cabinet.root).get(name) == b"x"


def test_a_cabinet_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cabinet").write_bytes(b"")
    with pytest.raises(UnreachableError) as refused:
        open_cabinet(tmp_path)
    assert refused.value.code == "disk.refused"


def test_intake_is_taken_up_oldest_first(cabinet: Cabinet) -> None:
    for age, name in ((5, "b.eml"), (9, "c.eml"), (1, "a.eml")):
        write_durably(cabinet.intake(name), b"")
        os.utime(cabinet.intake(name), (1e9 - age, 1e9 - age))
    write_durably(cabinet.intake("d.eml.77.tmp"), b"")
    assert [each.name for each in cabinet.waiting_intake()] == ["c.eml", "b.eml", "a.eml"]


def test_a_secret_moves_to_quarantine_and_was_never_in_the_cabinet(cabinet: Cabinet) -> None:
    place = cabinet.intake("1.eml")
    write_durably(place, b"secret")
    cabinet.quarantine(place, "12")
    target = cabinet.root / "quarantine" / "12.eml"
    assert files(cabinet.root) == [target]
    assert target.read_bytes() == b"secret"


# -- whole or not at all ---------------------------------------------------------------------------------------


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"
    write_durably(target, b"old")
    write_durably(target, b"new")
    assert target.read_bytes() == b"new"
    assert files(tmp_path) == [target]


def test_what_an_earlier_process_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / f"a.{os.getpid()}.tmp").write_bytes(b"half")
    write_durably(tmp_path / "a", b"whole")
    assert files(tmp_path) == [tmp_path / "a"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_in_our_place_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / f"a.{os.getpid()}.tmp").symlink_to(tmp_path / "victim")
    write_durably(tmp_path / "a", b"new")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert not (tmp_path / "a").is_symlink()


def test_a_folder_in_the_way_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(UnreachableError):
        write_durably(tmp_path / "a", b"x")
    with pytest.raises(UnreachableError):
        write_durably(tmp_path / ("x" * 300), b"x")
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("failure", "refusal"),
    [(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), UnreachableError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_nothing_is_left_when_the_last_moment_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException, refusal: type[BaseException]
) -> None:
    def fail(_descriptor: int) -> None:
        raise failure

    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(refusal):
        write_durably(tmp_path / "a", b"new")
    assert files(tmp_path) == [tmp_path / "a"]
    assert (tmp_path / "a").read_bytes() == b"old"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits of that kind")
def test_a_disk_that_is_full_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from vanthu_cli.errors import UnreachableError
from vanthu_cli.register.cabinet import open_cabinet
cabinet = open_cabinet(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
kept = cabinet.put(b"k" * 1000)
try:
    cabinet.put(b"x" * 5000)
except UnreachableError as error:
    print(error.code, len(cabinet.get(kept)))
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["disk.refused", "1000"]
    assert [each.stat().st_size for each in files(tmp_path)] == [1000]
