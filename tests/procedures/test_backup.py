"""A backup is whole, true and the office's own, or there is none; what is restored is what was saved, or nothing is there.

Run as a program it kills: `python -m tests.procedures.test_backup FOLDER` ends backup and restore after each of their steps.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import offices
from tests.procedures.backups import (
    PAPERS,
    PASSPHRASE,
    SECRET,
    check,
    enter,
    fill,
    put_back,
    save,
    sha,
    silent,
    told,
    tree,
)  # fmt: skip
from tests.procedures.killer import Clockwork, forked

from vanthu_cli import locale
from vanthu_cli.errors import BusyError, MisuseError, UnreachableError, VanthuError
from vanthu_cli.procedures import archive_file, restore
from vanthu_cli.procedures import backup as module
from vanthu_cli.procedures.backup import back_up, output_of
from vanthu_cli.register import deliveries, documents, snapshot
from vanthu_cli.register.book import check_chain, history, open_book
from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox.office import PracticeOffice

ROOT = Path(__file__).parents[2]


# What is saved and put back.


def test_what_is_restored_is_what_was_saved(own: PracticeOffice, tmp_path: Path) -> None:
    done = save(own, tmp_path / "backup.tar")
    back = put_back(done.file, tmp_path / "back")
    assert back.archive == done.archive == check(done.file)
    assert back.archive.sha256 == sha(done.file.read_bytes())
    office = PracticeOffice(tmp_path / "back")
    assert back.at_home
    with offices.desk_of(office) as restored, offices.desk_of(own) as original:
        assert check_chain(restored.book) is None
        names = documents.files(restored.book)
        assert names == documents.files(original.book)
        assert [restored.cabinet.get(name) for name in names] == [original.cabinet.get(name) for name in names]
        assert documents.get(restored.book, 1) == documents.get(original.book, 1)
        event = json.loads(history(original.book, "office")[-1]["data"])
        assert event["sha256"] == done.archive.sha256
        assert event["files"] == len(done.archive.manifest.members)
        assert history(restored.book, "office")[-1]["kind"] == "restore"
        trust = tree(own.folder / "pki" / "trust")
        assert trust
        assert tree(restored.config.path(restored.config.trust.dir)) == trust


def test_what_belongs_in_no_backup_is_in_none(saved: Path) -> None:
    with tarfile.open(saved) as tar:  # any program can read it
        names = tar.getnames()
        assert all(member.isreg() and member.mode == 0o600 for member in tar)
    tops = {name.partition("/")[0] for name in names}
    assert tops - {"register-key.p12", "register.crt"} == {
        "cabinet", "config.toml", "manifest.json", "register.sqlite", "trust",
    }  # fmt: skip
    assert SECRET not in saved.read_bytes()
    manifest = check(saved).manifest
    assert {"quarantine/", "intake/", "pki/keys/VPTU-person.p12", "secrets/password"} <= set(manifest.left_out)
    assert sorted([*manifest.members, "manifest.json"]) == sorted(names)


def test_only_the_owner_can_read_it_and_nothing_lies_beside_it(own: PracticeOffice, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    stale = folder / ".vanthu-VPTU-2026-01-31-0730.tar.age.k3_x9.part"
    others = [folder / ".vanthu-VPTU-X-2026-01-31-0730.tar.k3_x9.part", folder / ".vanthu-VPTU.k3_x9.part"]
    for file in (stale, *others):
        file.write_bytes(b"half")
    done = save(own, folder / "b.tar")
    assert done.file.stat().st_mode & 0o777 == 0o600
    assert sorted(folder.iterdir()) == sorted([done.file, *others])
    assert not list((own.folder / "data").glob("register.before-backup*"))


def test_closed_days_are_saved_with_the_register_that_knows_them(own: PracticeOffice, tmp_path: Path) -> None:
    from vanthu_cli.procedures.close_day import close_day

    with offices.desk_of(own) as desk:
        close_day(desk, today(offices.NOW), bare=True)
    data = own.folder / "data"
    (data / "closings" / "00002-2026-01-01.json").write_bytes(b"{}")  # of a run that died, or is at work
    done = save(own, tmp_path / "b.tar")
    closed = f"closings/00001-{today(offices.NOW).isoformat()}.json"
    members = done.archive.manifest.members
    assert {closed, f"{closed}.p7s", "register-key.p12", "register.crt"} <= members.keys()
    assert "closings/00002-2026-01-01.json" not in members
    put_back(done.file, tmp_path / "back")
    assert (tmp_path / "back" / closed).read_bytes() == (data / closed).read_bytes()
    (data / closed).write_bytes(b"{}")
    with pytest.raises(MisuseError) as refused:
        save(own, tmp_path / "c.tar")
    assert (told(refused), closed in refused.value.message) == ("backup.not_whole", True)


def test_trust_files_keep_their_place_under_names_that_every_system_takes(own: PracticeOffice, tmp_path: Path) -> None:
    trust = own.folder / "pki" / "trust"
    named = trust / f"{'Cục Chứng thực số và Bảo mật thông tin ' * 3}.crt"
    (trust / "party.crt").rename(named)
    (trust / "sub").mkdir()
    (trust / "sub" / "a:b.crt").write_bytes((trust / "state.crt").read_bytes())
    (trust / "Root.crt").write_bytes((trust / "root.crt").read_bytes())
    for stem in ("", "a", "aa"):  # wherever the short form of a long name ends, within a letter too
        (trust / f"{stem}{'ứ' * 60}.crt").write_bytes((trust / "root.crt").read_bytes())
    (trust / ".being-written.crt").write_bytes(b"half")
    members = check(save(own, tmp_path / "b.tar").file).manifest.members
    names = {name for name in members if name.startswith("trust/")}
    assert {"trust/sub/a-b.crt", "trust/.removed/2026-01-01-cũ.crt"} <= names
    assert len({name.lower() for name in names}) == len(names)
    assert not any("being-written" in name for name in names)
    put_back(tmp_path / "b.tar", tmp_path / "back")
    with offices.desk_of(PracticeOffice(tmp_path / "back")) as desk:
        assert len(desk.trust().anchors) == 3


def test_letters_that_may_have_left_since_are_not_sent_again_by_themselves(own: PracticeOffice, tmp_path: Path) -> None:
    text = own.config.read_text("utf-8")
    table, rest = text.split("\n[channels.internet]", 1)
    after = rest.split("\n[", 1)[1]
    folder = '\n[channels.internet]\nkind = "folder"\nnetwork = "internet"\naddress = "a@b"\npath = "stick"\n'
    own.config.write_text(f"{table}{folder}[{after}", "utf-8")
    back = put_back(save(own, tmp_path / "b.tar").file, tmp_path / "back")
    assert back.letters == 1
    with offices.desk_of(PracticeOffice(tmp_path / "back")) as desk:
        found = {each.channel: each.state for each in deliveries.of_document(desk.book, 1)}
    assert found == {"wan": "sending", "internet": "queued"}


def test_a_configuration_that_cannot_be_changed_with_certainty_is_left_as_it_was(
    own: PracticeOffice, tmp_path: Path
) -> None:
    text = own.config.read_text("utf-8").replace('data_dir = "data"', 'data_dir = """data"""')
    own.config.write_text(text, "utf-8")
    back = put_back(save(own, tmp_path / "b.tar").file, tmp_path / "back")
    assert not back.at_home
    assert (tmp_path / "back" / "config.toml").read_text("utf-8") == text


def test_rules_of_the_office_go_along(own: PracticeOffice, tmp_path: Path) -> None:
    (own.folder / "own-rules.toml").write_text("", "utf-8")
    text = own.config.read_text("utf-8").replace("[office]", '[office]\nrules_file = "own-rules.toml"')
    own.config.write_text(text, "utf-8")
    put_back(save(own, tmp_path / "b.tar").file, tmp_path / "back")
    assert 'rules_file = "rules.toml"' in (tmp_path / "back" / "config.toml").read_text("utf-8")
    assert (tmp_path / "back" / "rules.toml").is_file()


@pytest.mark.usefixtures("quick")
def test_memory_does_not_grow_with_the_files(own: PracticeOffice, tmp_path: Path) -> None:
    with offices.desk_of(own) as desk:
        enter(desk, os.urandom(64 << 20))
        tracemalloc.start()
        back_up(desk, tmp_path / "b.tar.age", silent, passphrase=PASSPHRASE)
        put_back(tmp_path / "b.tar.age", tmp_path / "back", PASSPHRASE)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 24 << 20


def test_while_others_write_every_backup_is_one_moment_of_the_register(own: PracticeOffice, tmp_path: Path) -> None:
    data = own.folder / "data"
    clerk = subprocess.Popen(
        [sys.executable, "-m", "tests.register.entries", str(data), "5000"], stdout=subprocess.PIPE, cwd=ROOT
    )
    counts = []
    try:
        assert clerk.stdout is not None
        clerk.stdout.readline()  # it has begun
        for turn in range(4):
            file = save(own, tmp_path / f"{turn}.tar").file
            put_back(file, tmp_path / f"back-{turn}")
            with offices.desk_of(PracticeOffice(tmp_path / f"back-{turn}")) as desk:
                counts.append(len(documents.files(desk.book)))
        assert clerk.poll() is None, "the clerk was done too early for this test"
    finally:
        clerk.kill()
        clerk.communicate()
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


# What is refused when saving.


def test_missing_and_damaged_files_are_named_and_saved_around_only_when_asked(
    own: PracticeOffice, tmp_path: Path
) -> None:
    with offices.desk_of(own) as desk:
        blocked, gone, changed = (desk.cabinet.path(sha(each)) for each in PAPERS[:3])
    gone.unlink()
    changed.write_bytes(b"x" * 3000)
    folder = tmp_path / "stick"
    folder.mkdir()
    with pytest.raises(MisuseError) as refused:
        save(own, folder / "b.tar")
    assert told(refused) == "backup.not_whole"
    assert gone.name in refused.value.message
    gone.write_bytes(PAPERS[1])
    with pytest.raises(MisuseError) as refused:
        save(own, folder / "b.tar")
    assert changed.name in refused.value.message
    assert list(folder.iterdir()) == []
    gone.unlink()
    blocked.unlink()
    blocked.mkdir()  # stands for what a disk refuses to open
    done = save(own, folder / "b.tar", incomplete=True)
    lacking = {(Path(each.name).name, each.why) for each in done.archive.manifest.lacking}
    assert lacking == {(gone.name, "missing"), (changed.name, "damaged"), (blocked.name, "unreadable")}
    put_back(done.file, tmp_path / "back")
    with offices.desk_of(PracticeOffice(tmp_path / "back")) as desk:
        assert not desk.cabinet.path(gone.name).exists()
        assert desk.cabinet.path(changed.name).read_bytes() == b"x" * 3000  # perhaps still legible
        assert desk.cabinet.get(sha(PAPERS[3])) == PAPERS[3]


def test_a_broken_chain_is_told_and_goes_along_only_when_asked(own: PracticeOffice, tmp_path: Path) -> None:
    with offices.desk_of(own) as desk:
        desk.book.connection.execute("DROP TRIGGER event_no_update")
        desk.book.connection.execute("UPDATE event SET data = '{}' WHERE id = 3")
    with pytest.raises(MisuseError) as refused:
        save(own, tmp_path / "b.tar")
    assert told(refused) == "backup.not_whole"
    done = save(own, tmp_path / "b.tar", incomplete=True)
    assert [(each.name, each.why) for each in done.archive.manifest.lacking] == [("event:3", "chain")]
    put_back(done.file, tmp_path / "back")


def test_a_register_that_is_damaged_is_not_saved(own: PracticeOffice, tmp_path: Path) -> None:
    with offices.desk_of(own) as desk:
        desk.book.connection.execute("PRAGMA ignore_check_constraints = ON")
        desk.book.connection.execute("UPDATE document SET direction = 'sideways' WHERE id = 1")
    with pytest.raises(MisuseError) as refused:
        save(own, tmp_path / "b.tar", incomplete=True)
    assert told(refused) == "register.damaged"
    assert [each.name for each in tmp_path.iterdir()] == ["own"]
    assert not list((own.folder / "data").glob("register.before-backup*"))


def test_what_is_destroyed_meanwhile_does_not_live_on_in_a_backup(own: PracticeOffice, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    with offices.desk_of(own) as desk, offices.desk_of(own) as other:

        def destroy(what: str, _count: int) -> None:
            if what == "MB written" and other.cabinet.path(sha(PAPERS[3])).exists():
                with other.book.step():
                    documents.blank(other.book, 4)
                other.cabinet.remove(sha(PAPERS[3]))

        with pytest.raises(BusyError) as refused:
            back_up(desk, folder / "b.tar", destroy)
    assert told(refused) == "backup.changed"
    assert list(folder.iterdir()) == []
    assert not list((own.folder / "data").glob("register.before-backup*"))
    save(own, folder / "b.tar")


def test_nothing_is_written_over_not_even_by_two_at_once(own: PracticeOffice, tmp_path: Path) -> None:
    output = tmp_path / "b.tar"
    output.write_bytes(b"mine")
    with offices.desk_of(own) as desk:
        with pytest.raises(MisuseError) as refused:
            output_of(desk.config, output, offices.NOW, encrypted=False)
        assert told(refused) == "sign.output_exists"
        with pytest.raises(MisuseError) as refused:
            back_up(desk, output, silent)
    assert told(refused) == "sign.output_exists"
    assert output.read_bytes() == b"mine"


def test_a_disk_that_is_full_lies_or_refuses_leaves_nothing(
    own: PracticeOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()

    def refused(code: str) -> None:
        with pytest.raises(UnreachableError) as error:
            save(own, folder / "b.tar")
        assert told(error) == code
        assert list(folder.iterdir()) == []

    with monkeypatch.context() as patched:
        usage = shutil.disk_usage(folder)
        patched.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=1000))
        refused("backup.no_room")
    with monkeypatch.context() as patched:
        patched.setattr(module, "_pack", failing(OSError(28, "No space left on device")))
        refused("disk.refused")
    with monkeypatch.context() as patched:
        patched.setattr(os, "link", failing(OSError(1, "Operation not permitted")))
        patched.setattr(Path, "rename", failing(OSError(5, "Input/output error")))
        refused("disk.refused")

    def spoil(descriptor: int, *_advice: int) -> None:
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        data = bytearray(place.read_bytes())
        data[len(data) // 2] ^= 1
        place.write_bytes(data)

    if hasattr(os, "posix_fadvise"):
        monkeypatch.setattr(os, "posix_fadvise", spoil)
        refused("backup.bad_disk")


def failing(error: OSError) -> Callable[..., Any]:
    def door(*_args: Any, **_named: Any) -> Any:
        raise error

    return door


def test_a_disk_without_hard_links_takes_a_backup_too(
    own: PracticeOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", failing(OSError(1, "Operation not permitted")))
    assert check(save(own, tmp_path / "b.tar").file)


def test_older_backups_go_only_when_a_whole_new_one_is_there(own: PracticeOffice, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    old = [
        folder / f"vanthu-VPTU-20{year}-01-01-0730.tar{suffix}"
        for year, suffix in ((20, ""), (21, ".age"), (22, ""), (99, ""))  # a clock may have been wrong
    ]
    other = [
        folder / name
        for name in ("vanthu-VPTU-X-2020-01-01-0730.tar", "vanthu-VPTU-2020.tar", "vanthu-VPTU-2020-01-01-0730.tar.gz")
    ]
    for file in (*old, *other):
        file.write_bytes(b"old")
    with offices.desk_of(own) as desk:
        output = output_of(desk.config, folder, offices.NOW, encrypted=False)
        kept = desk.cabinet.path(sha(PAPERS[1]))
        kept.unlink()
        assert back_up(desk, output, silent, incomplete=True, keep=1).removed == ()
        output.unlink()
        kept.write_bytes(PAPERS[1])
        done = back_up(desk, output, silent, keep=3)
    assert done.removed == (old[1], old[0])
    assert set(folder.iterdir()) == {output, old[2], old[3], *other}


# What is refused when restoring.


def test_nothing_is_restored_over_an_office(
    saved: Path, own: PracticeOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = own.folder / "data"
    before = tree(data)
    with pytest.raises(MisuseError) as refused:
        put_back(saved, data)
    assert told(refused) == "restore.exists"
    assert tree(data) == before
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("file", "dangling"):
        with pytest.raises(MisuseError):
            put_back(saved, tmp_path / name)
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "config.good").write_bytes(b"what reading the configuration leaves behind")
    assert put_back(saved, empty).folder == empty
    monkeypatch.setattr(os.path, "ismount", lambda _path: True)
    with pytest.raises(MisuseError) as refused:
        put_back(saved, tmp_path / "disk")
    assert told(refused) == "restore.mount"


# Killed at each step.


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by signal: POSIX only")
def test_killed_at_every_step_nothing_is_half_done(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.procedures.test_backup", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=600, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lives = json.loads(done.stdout)
    assert len([each for each in lives if each["what"] == "backup"]) > 20
    assert len([each for each in lives if each["what"] == "restore"]) > 25
    for each in lives:
        assert each["killed"], each
        assert each["half"] == [], each
        assert each["left"] == [], each
    # At the last steps the work was there already, before them not.
    assert {each["there"] for each in lives} == {True, False}


def doors(clock: Clockwork) -> None:
    """Let the clock tick at what backup and restore do to the disk, beside the doors that all procedures have."""
    clock.install()
    for owner, names in (
        (Path, ("rename", "rmdir", "mkdir")),
        (snapshot, ("snapshot_of", "_forget")),
        (module, ("_pack", "_read_back")),
        (archive_file, ("_taken",)),
        (restore, ("at_home", "open_book")),
        (shutil, ("rmtree",)),
    ):
        for name in names:
            setattr(owner, name, clock.around(getattr(owner, name)))


def lives(
    folder: Path, what: str, act: Callable[[], None], look: Callable[[], tuple[bool, list[str]]]
) -> Iterator[Any]:
    """Live once for every second step, killed there; look; then again unharmed, and look what was left lying about."""
    tick, killed = -1, True
    while killed:
        tick += 2

        def dying(last: int = tick) -> None:
            doors(Clockwork(last))
            act()

        killed = os.WIFSIGNALED(forked(dying))
        there, half = look()
        if killed:
            if not there and forked(act) != 0:
                half.append("the second run failed")
            left = [str(each) for each in folder.rglob("*") if is_scrap(each)] if not there else []
            yield {"what": what, "tick": tick, "killed": killed, "there": there, "half": half, "left": left}
        shutil.rmtree(folder / "stick")
        (folder / "stick").mkdir()


def is_scrap(file: Path) -> bool:
    return file.name.endswith((".part", ".restoring", ".tmp")) or file.name.startswith("register.before-backup")


def main() -> None:
    locale.use("en")
    folder = Path(sys.argv[1])
    office = fill(offices.template(folder / "office"))
    stick = folder / "stick"
    stick.mkdir()
    output, target = stick / "b.tar", stick / "back"

    def looked_at_backup() -> tuple[bool, list[str]]:
        faults = []
        if output.exists():
            try:
                check(output)
            except VanthuError as error:
                faults.append(error.message)
        with offices.desk_of(office) as desk:
            if check_chain(desk.book) is not None:
                faults.append("chain")
        return output.exists(), faults

    def looked_at_office() -> tuple[bool, list[str]]:
        faults = []
        if target.exists():
            book = open_book(target / "register.sqlite", who="?", now=offices.NOW, make=False)
            if check_chain(book) is not None or len(documents.files(book)) != len(PAPERS) + 1:
                faults.append("register")
            faults += [name for name in documents.files(book) if not (target / "cabinet" / name[:2] / name).is_file()]
            faults += [name for name in ("config.toml", "trust") if not (target / name).exists()]
            book.connection.close()
        return target.exists(), faults

    found = list(lives(folder, "backup", lambda: void(save(office, output)), looked_at_backup))
    kept = save(office, folder / "kept.tar").file
    found += lives(folder, "restore", lambda: void(put_back(kept, target)), looked_at_office)
    json.dump(found, sys.stdout)


def void(_result: object) -> None:
    """Forget a result."""


if __name__ == "__main__":
    main()
