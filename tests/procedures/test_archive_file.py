"""An archive is what vanthu wrote, to the bit, or it is refused and nothing of it is anywhere."""

import io
import json
import tarfile
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.procedures.backups import check, put_back, sha, told

from vanthu_cli.errors import MisuseError

Parts = list[tuple[tarfile.TarInfo, bytes]]


def parts_of(archive: bytes) -> Parts:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return [(member, file.read()) for member in tar if (file := tar.extractfile(member))]


def packed(parts: Parts, *, told: bool = True) -> bytes:
    """Write an archive as a forger can: with a manifest that fits (`told`), or the one that was there."""
    text = max((data for info, data in parts if info.name == "manifest.json"), key=len, default=b"")
    if told:
        manifest = json.loads(text)
        manifest["members"] = {
            info.name: {"size": len(data), "sha256": sha(data)}
            for info, data in parts
            if info.name != "manifest.json" and info.isreg()
        }
        parts = [(info, json.dumps(manifest).encode() if data == text else data) for info, data in parts]
    out = b""
    for info, data in parts:
        if info.isreg():
            info.size = len(data)
        out += info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)
    return out + bytes(1024)


def member(
    name: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(data)
    return info, data


def with_manifest(parts: Parts, **changes: object) -> bytes:
    manifest = json.loads(parts[-1][1]) | changes
    return packed([*parts[:-1], member("manifest.json", json.dumps(manifest).encode())], told=False)


def with_register(parts: Parts, statement: str, folder: Path) -> bytes:
    """Change the register in an archive as somebody would who knows SQL."""
    import sqlite3

    file = folder / "forged.sqlite"
    file.write_bytes(next(data for info, data in parts if info.name == "register.sqlite"))
    connection = sqlite3.connect(file)
    connection.executescript(f"PRAGMA journal_mode = DELETE; {statement}")
    connection.close()
    return packed([member(i.name, file.read_bytes()) if i.name == "register.sqlite" else (i, d) for i, d in parts])


FOREIGN = {
    "upwards": member("../evil"),
    "upwards inside": member("trust/../../evil"),
    "absolute": member("/etc/evil"),
    "drive": member("trust/C:evil"),
    "backslash": member("trust/..\\evil"),
    "hidden": member("trust/.evil"),
    "reserved": member("trust/NUL.crt"),
    "unknown": member("evil.py"),
    "log of the register": member("register.sqlite-wal"),
    "another drawer": member(f"cabinet/00/{'ab' * 32}"),
    "symbolic link": member("trust/evil.crt", b"", tarfile.SYMTYPE, "/etc/passwd"),
    "hard link": member("trust/evil.crt", b"", tarfile.LNKTYPE, "/etc/passwd"),
    "device": member("trust/evil.crt", b"", tarfile.CHRTYPE),
    "pipe": member("trust/evil.crt", b"", tarfile.FIFOTYPE),
    "folder": member("trust", b"", tarfile.DIRTYPE),
    "sparse": member("trust/evil.crt", b"", tarfile.GNUTYPE_SPARSE),
    "extended": member("trust/evil.crt", b"20 path=../evil.crt\n", tarfile.XHDTYPE),
    "long name of a link": member("././@LongLink", b"../evil\0", tarfile.GNUTYPE_LONGLINK),
    "long name upwards": member("././@LongLink", b"../evil\0", tarfile.GNUTYPE_LONGNAME),
    "no letters": member("trust/\udcff.crt"),
    "twice": member("config.toml"),
    "manifest twice": member("manifest.json"),
}


@pytest.mark.parametrize("attack", FOREIGN)
def test_what_no_backup_holds_refuses_the_whole(attack: str, saved: Path, tmp_path: Path) -> None:
    parts = parts_of(saved.read_bytes())
    for place in (0, 2, len(parts) - 1, len(parts)):
        refuses(packed([*parts[:place], FOREIGN[attack], *parts[place:]]), tmp_path)


def refuses(data: bytes, folder: Path, code: str = "") -> None:
    """See that neither check nor restore takes an archive, and that nothing of it is anywhere."""
    file = folder / "forged.tar"
    file.write_bytes(data)
    before = set(folder.rglob("*"))
    with pytest.raises(MisuseError) as refused:
        put_back(file, folder / "back")
    assert told(refused) in ({code} if code else {"backup.foreign", "backup.damaged"})
    assert set(folder.rglob("*")) == before
    file.unlink()


def test_files_other_than_the_manifest_says_are_refused(saved: Path, tmp_path: Path) -> None:
    parts = parts_of(saved.read_bytes())
    names = [info.name for info, _data in parts]
    kept = next(place for place, name in enumerate(names) if name.startswith("cabinet/"))
    config = names.index("config.toml")
    for forged in (
        packed([*parts[:kept], *parts[kept + 1 :]], told=False),
        packed([*parts[:kept], *parts[kept + 1 :]]),  # the register still names it
        packed([*parts[:config], member("config.toml", b"[office]"), *parts[config + 1 :]], told=False),
        packed([*parts[:kept], member(names[kept], b"other"), *parts[kept + 1 :]]),  # under another's name
        packed([*parts[:-1], member("trust/new.crt"), parts[-1]], told=False),
        packed([part for part in parts if part[0].name != "register.sqlite"]),
        packed([member("register.sqlite", b"no database" * 100), *parts[1:]]),
        packed([*parts[:-1], member("manifest.json", b"{}")], told=False),
        packed([*parts[:-1], member("manifest.json", b"[" * 100_000)], told=False),
        packed(parts)[: -1024 - len(parts[-1][1]) // 512 * 512 - 1024] + bytes(1024),  # without manifest
        packed(parts) + bytes(512),
        with_manifest(parts, made_at="0001-01-01T00:00:00+14:00"),
        b"",
        bytes(1024),
        b"not a backup at all",
    ):
        refuses(forged, tmp_path, "register.damaged" if b"no database" in forged else "")


def test_sizes_that_lie_cost_nothing(saved: Path, tmp_path: Path) -> None:
    parts = parts_of(saved.read_bytes())
    for name, size in product(("trust/bomb.crt", "manifest.json"), (1 << 40, 1 << 62, -1)):
        bomb = member(name, b"")
        bomb[0].size = size
        head = bomb[0].tobuf(tarfile.GNU_FORMAT)
        refuses(head + packed(parts), tmp_path)
    longest = member("././@LongLink", b"", tarfile.GNUTYPE_LONGNAME)
    longest[0].size = 1 << 40
    refuses(longest[0].tobuf(tarfile.GNU_FORMAT) + packed(parts), tmp_path)


def test_a_register_that_was_changed_or_is_too_new_is_refused(saved: Path, tmp_path: Path) -> None:
    parts = parts_of(saved.read_bytes())
    forged = tmp_path / "forged"
    forged.mkdir()
    change = "DROP TRIGGER event_no_update; UPDATE event SET who = 'somebody else' WHERE id = 2;"
    refuses(with_register(parts, change, forged), tmp_path, "backup.damaged")
    refuses(with_register(parts, "PRAGMA user_version = 999;", forged), tmp_path, "register.newer")
    refuses(with_manifest(parts, format=2), tmp_path, "backup.newer")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_every_changed_bit_is_seen(place: float, bit: int, saved: Path, tmp_path: Path) -> None:
    data = bytearray(saved.read_bytes())
    data[int(place * len(data))] ^= 1 << bit
    (tmp_path / "b.tar").write_bytes(data)
    with pytest.raises(MisuseError):
        check(tmp_path / "b.tar")


def test_every_bit_of_heads_and_ends_counts(saved: Path, tmp_path: Path) -> None:
    whole = saved.read_bytes()
    last = whole.index(b"manifest.json\0")
    for place in (155, *range(0, 512, 3), *range(last, last + 512, 3), *range(len(whole) - 1024, len(whole), 9)):
        data = bytearray(whole)
        data[place] ^= 1
        (tmp_path / "b.tar").write_bytes(data)
        with pytest.raises(MisuseError):
            check(tmp_path / "b.tar")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(part=st.floats(0, 1, exclude_max=True))
def test_every_missing_end_is_seen(part: float, saved: Path, tmp_path: Path) -> None:
    data = saved.read_bytes()
    (tmp_path / "b.tar").write_bytes(data[: int(part * len(data))])
    with pytest.raises(MisuseError):
        check(tmp_path / "b.tar")
