"""Opening, migrating, refusing; and the chain of events."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.register.entries import NOW, number

from vanthu_cli.errors import BusyError, MisuseError, UnreachableError
from vanthu_cli.register import book as module
from vanthu_cli.register import documents, finding
from vanthu_cli.register.book import (
    Book,
    check_chain,
    explaining,
    history,
    integrity,
    last_event,
    link,
    open_book,
    scrub,
    stored,
)
from vanthu_cli.register.drive import file_system_of, on_network_drive

MOUNT, UMOUNT = shutil.which("mount") or "", shutil.which("umount") or ""
root_only = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not MOUNT, reason="mounting needs root"
)


def reopen(file: Path, *, make: bool = True) -> Book:
    return open_book(file, who="x", now=NOW, make=make)


def raw(file: Path) -> "closing[sqlite3.Connection]":
    """The register as somebody with any SQLite program has it."""
    return closing(sqlite3.connect(file, isolation_level=None))


# -- steps -----------------------------------------------------------------------------------------------------


def interrupted(book: Book) -> None:
    with book.step():
        book.event("b", "x:1", {})
        raise KeyboardInterrupt


def nested(book: Book) -> None:
    with book.step():
        book.event("a", "x:1", {})
        with book.step():
            pass


def fill(book: Book) -> None:
    for turn in range(10_000):
        with book.step():
            documents.update(book, number(book, str(turn)), subject="x" * 20_000)


def test_a_step_is_there_wholly_or_not_at_all(book: Book) -> None:
    with book.step():
        book.event("a", "x:1", {})
    with pytest.raises(KeyboardInterrupt):
        interrupted(book)
    assert [row["kind"] for row in history(book, "x:1")] == ["a"]
    with book.step():
        book.event("c", "x:1", {})
    assert check_chain(book) is None


def test_a_step_inside_a_step_is_a_bug_and_leaves_nothing(book: Book) -> None:
    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        nested(book)
    assert history(book, "x:1") == []


def test_a_wrong_statement_is_a_bug_and_not_the_clerks_disk(book: Book) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"), explaining():
        book.connection.execute("SELECT * FROM nowhere")


def test_a_register_in_use_is_said_to_be(file: Path, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.05)
    other = reopen(file)
    with pytest.raises(BusyError) as refused, book.step(), other.step():
        pass
    other.connection.close()
    assert refused.value.code == "register.locked"


def test_a_reader_disturbs_nobody(file: Path, book: Book) -> None:
    other = reopen(file)
    with book.step():
        book.event("a", "x:1", {})
        assert history(other, "x:1") == []
    assert len(history(other, "x:1")) == 1
    other.connection.close()


# -- opening ---------------------------------------------------------------------------------------------------


def test_opening_again_changes_nothing(file: Path, book: Book) -> None:
    with book.step():
        book.event("a", "x:1", {"b": "Tỉnh ủy"})
    reopen(file).connection.close()
    assert [(row["at"], row["who"], row["data"]) for row in history(book, "x:1")] == [
        (stored(NOW), "văn thư@máy", '{"b":"Tỉnh ủy"}')
    ]
    assert last_event(book) == NOW


def test_writing_is_durable_and_deleting_overwrites(book: Book) -> None:
    def pragma(name: str) -> object:
        return book.connection.execute(f"PRAGMA {name}").fetchone()[0]

    found = [pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")]
    assert found == ["wal", 2, 1, 1]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError) as refused:
        reopen(tmp_path / "disk" / "register.sqlite")
    assert refused.value.code == "register.disk"
    assert "connected" in refused.value.hint


def test_a_register_that_is_gone_is_not_begun_anew(tmp_path: Path) -> None:
    with pytest.raises(MisuseError) as refused:
        reopen(tmp_path / "register.sqlite", make=False)
    assert refused.value.code == "register.gone"
    (tmp_path / "cabinet" / "ab").mkdir(parents=True)
    with pytest.raises(MisuseError):
        reopen(tmp_path / "register.sqlite")
    assert not (tmp_path / "register.sqlite").exists()


@pytest.mark.parametrize("content", [b"x" * 5000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_register_is_refused_and_left_alone(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(MisuseError) as refused:
        reopen(file)
    assert refused.value.code == "register.damaged"
    assert file.read_bytes() == content


def test_a_damaged_register_is_told(file: Path) -> None:
    book = reopen(file)
    with book.step():
        for turn in range(200):
            number(book, str(turn))
    assert integrity(book) == "ok"
    book.connection.close()
    data = bytearray(file.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = b"\x55" * 3000
    file.write_bytes(data)
    damaged = reopen(file)
    assert integrity(damaged) != "ok"
    damaged.connection.close()


@contextmanager
def mounted(place: Path, options: str) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    command = [MOUNT, "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        yield place
    finally:
        subprocess.run([UMOUNT, "-l", str(place)], check=True)


@root_only
def test_a_read_only_disk_is_refused_clearly(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=4m") as disk:
        known = reopen(disk / "register.sqlite")
        with known.step():
            known.event("a", "x:1", {})
        known.connection.close()
        subprocess.run([MOUNT, "-o", "remount,ro", str(disk)], check=True)
        for name in ("register.sqlite", "new.sqlite"):
            with pytest.raises(UnreachableError) as refused:
                reopen(disk / name)
            assert refused.value.code == "register.disk"


@root_only
def test_a_full_disk_takes_nothing_and_loses_nothing(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=1m") as disk:
        (disk / "something else").write_bytes(bytes(200_000))
        book = reopen(disk / "register.sqlite")
        with book.step():
            number(book, "before")
        with pytest.raises(UnreachableError) as refused:
            fill(book)
        assert refused.value.code == "register.disk"
        book.connection.close()
        (disk / "something else").unlink()
        again = reopen(disk / "register.sqlite")
        taken = [row[0] for row in again.connection.execute("SELECT value FROM number ORDER BY value")]
        assert taken == list(range(1, len(taken) + 1))
        assert check_chain(again) is None
        assert integrity(again) == "ok"
        again.connection.close()


def test_a_limit_on_file_size_is_a_full_disk_too(file: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from tests.register.entries import NOW, number
from vanthu_cli.errors import UnreachableError
from vanthu_cli.register import finding, documents
from vanthu_cli.register.book import open_book
book = open_book(Path(sys.argv[1]), who="x", now=NOW)
resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, 900_000))
try:
    for turn in range(1000):
        with book.step():
            documents.update(book, number(book, str(turn)), subject="x" * 20_000)
except UnreachableError as error:
    print(error.code, len(finding.listing(book)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    refusal, entered = done.stdout.split()
    assert refusal == "register.disk"
    book = reopen(file)
    assert len(finding.listing(book)) == int(entered) > 0
    assert check_chain(book) is None
    book.connection.close()


# -- network drives --------------------------------------------------------------------------------------------

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export /mnt/share nfs4 rw 0 0
//server/văn\\040thư /mnt/văn\\040thư cifs rw 0 0
/dev/sdb1 /mnt/share/local ext4 rw 0 0
tmpfs /mnt/hidden nfs rw 0 0
tmpfs /mnt/hidden tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/home/a/register.sqlite", "ext4"),
        ("/mnt/share/a/register.sqlite", "nfs4"),
        ("/mnt/shared/register.sqlite", "ext4"),
        ("/mnt/văn thư/register.sqlite", "cifs"),
        ("/mnt/share/local/register.sqlite", "ext4"),
        ("/mnt/hidden/register.sqlite", "tmpfs"),
    ],
)
def test_the_deepest_mount_tells_the_file_system(file: str, kind: str) -> None:
    assert file_system_of(Path(file), MOUNTS) == kind


def test_a_register_on_a_network_drive_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not on_network_drive(file)
    monkeypatch.setattr(module, "on_network_drive", lambda _file: True)
    with pytest.raises(MisuseError) as refused:
        reopen(file)
    assert refused.value.code == "register.network"
    assert not file.exists()


# -- migrations ------------------------------------------------------------------------------------------------


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of migrations to which a test adds the next one."""
    folder = tmp_path / "migrations"
    shutil.copytree(module.MIGRATIONS, folder)
    monkeypatch.setattr(module, "MIGRATIONS", folder)
    return folder


def an_old_register(file: Path) -> int:
    """Make a register in today's form; return the number of its version."""
    book = reopen(file)
    with book.step():
        number(book, "kept")
    version = int(book.connection.execute("PRAGMA user_version").fetchone()[0])
    book.connection.close()
    return version


def test_a_newer_register_is_refused_and_left_alone(file: Path) -> None:
    version = an_old_register(file)
    with raw(file) as other:
        other.execute(f"PRAGMA user_version = {version + 1}")
    before = file.read_bytes()
    with pytest.raises(MisuseError) as refused:
        reopen(file)
    assert refused.value.code == "register.newer"
    assert file.read_bytes() == before


def test_an_old_register_is_brought_up_and_its_copy_kept(file: Path, migrations: Path) -> None:
    version = an_old_register(file)
    (migrations / "900.sql").write_text(
        f"BEGIN IMMEDIATE; ALTER TABLE event ADD COLUMN more TEXT; PRAGMA user_version = {version + 1}; COMMIT;"
    )
    book = reopen(file)
    assert book.connection.execute("SELECT more FROM event").fetchone()[0] is None
    assert [each.number for each in finding.listing(book)] == [1]
    book.connection.close()
    with raw(file.with_suffix(f".before-{version + 1}")) as copy:
        assert copy.execute("PRAGMA user_version").fetchone()[0] == version
        assert copy.execute("SELECT number FROM document").fetchone()[0] == 1
        assert copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_migration_that_fails_leaves_the_old_register_usable(
    file: Path, migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = an_old_register(file)
    (migrations / "900.sql").write_text(
        "BEGIN IMMEDIATE; CREATE TABLE half (a TEXT); DELETE FROM attachment; ALTER TABLE nowhere ADD COLUMN b TEXT;"
        f" PRAGMA user_version = {version + 1}; COMMIT;"
    )
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        reopen(file)
    monkeypatch.undo()
    book = reopen(file)
    assert book.connection.execute("PRAGMA user_version").fetchone()[0] == version
    assert book.connection.execute("SELECT name FROM sqlite_schema WHERE name = 'half'").fetchall() == []
    with book.step():
        assert documents.get(book, number(book, "next")).number == 2
    assert check_chain(book) is None
    book.connection.close()


# -- the chain of events ---------------------------------------------------------------------------------------


@pytest.fixture
def chained(book: Book) -> Book:
    with book.step():
        for turn in range(6):
            book.event("accept", f"document:{turn}", {"arrival_number": turn, "lý do": "đúng"})
    return book


@pytest.mark.parametrize(
    "statement", ["UPDATE event SET data = '{}'", "DELETE FROM event", "DELETE FROM event WHERE id = 6"]
)
def test_events_are_only_ever_added(chained: Book, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="events are never"):
        chained.connection.execute(statement)


def without_triggers(book: Book) -> sqlite3.Connection:
    """What somebody has who may write to the file: rolled back after each try."""
    book.connection.execute("BEGIN")
    for trigger in ("event_no_update", "event_no_delete"):
        book.connection.execute(f"DROP TRIGGER {trigger}")
    return book.connection


@pytest.mark.parametrize("column", ["at", "who", "kind", "subject", "data", "prev", "hash"])
def test_any_changed_byte_of_any_event_is_found(chained: Book, column: str) -> None:
    for event in range(1, 7):
        length = len(chained.connection.execute(f"SELECT {column} FROM event WHERE id = ?", (event,)).fetchone()[0])
        for place in range(1, length + 1):
            connection = without_triggers(chained)
            connection.execute(
                f"UPDATE event SET {column} = substr({column}, 1, :p - 1) || '~' || substr({column}, :p + 1) WHERE id = :e",
                {"p": place, "e": event},
            )
            assert check_chain(chained) == event
            connection.execute("ROLLBACK")
    assert check_chain(chained) is None


@pytest.mark.parametrize("event", [1, 2, 3, 4, 5])
def test_an_event_that_was_taken_out_is_found(chained: Book, event: int) -> None:
    without_triggers(chained).execute("DELETE FROM event WHERE id = ?", (event,))
    assert check_chain(chained) == event + 1


def test_events_in_another_order_are_found(chained: Book) -> None:
    connection = without_triggers(chained)
    for old, new in ((2, 99), (3, 2), (99, 3)):
        connection.execute("UPDATE event SET id = ? WHERE id = ?", (new, old))
    assert check_chain(chained) == 2


def test_an_event_slipped_in_is_found(chained: Book) -> None:
    connection = without_triggers(chained)
    connection.execute("UPDATE event SET id = id + 100 WHERE id > 3")
    prev = connection.execute("SELECT hash FROM event WHERE id = 3").fetchone()[0]
    row = (chained.at, "x", "accept", "document:9", "{}", prev)
    connection.execute(
        "INSERT INTO event (id, at, who, kind, subject, data, prev, hash) VALUES (50, ?, ?, ?, ?, ?, ?, ?)",
        (*row, link(row)),
    )
    assert check_chain(chained) == 104


def test_that_the_newest_event_was_cut_off_is_not_seen_yet(chained: Book) -> None:
    """A known limit: nothing outside the file remembers the last hash. Printing it daily (close-day) would."""
    without_triggers(chained).execute("DELETE FROM event WHERE id = 6")
    assert check_chain(chained) is None


def test_anybody_can_recompute_the_chain(chained: Book) -> None:
    import hashlib
    import json

    first = chained.connection.execute(
        "SELECT at, who, kind, subject, data, prev, hash FROM event WHERE id = 1"
    ).fetchone()
    text = json.dumps(list(first)[:6], ensure_ascii=False).encode()
    assert first["hash"] == hashlib.sha256(text).hexdigest()
    assert first["prev"] == "0" * 64


def test_half_characters_of_broken_mail_are_no_reason_to_fail(book: Book) -> None:
    with book.step():
        book.event("a", "x:1", {"answer": "550 \ud800\x00 no"})
    assert check_chain(book) is None
    assert "�" in history(book, "x:1")[0]["data"]


def test_the_log_is_not_scrubbed_while_somebody_reads(file: Path, book: Book) -> None:
    book.connection.execute("PRAGMA busy_timeout = 50")
    reader = reopen(file)
    reader.connection.execute("BEGIN")
    history(reader, "x:1")
    with book.step():
        book.event("a", "x:1", {})
    assert not scrub(book)
    reader.connection.execute("COMMIT")
    assert scrub(book)
    reader.connection.close()
