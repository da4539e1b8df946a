"""`vanthu backup` and `vanthu restore` as a clerk types them."""

import os
import re
import shutil
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from tests import offices
from tests.cli.commands import Clerk

from vanthu_cli.__main__ import main
from vanthu_cli.cli import backup_command
from vanthu_cli.procedures import age
from vanthu_cli.register import documents
from vanthu_cli.register.book import history
from vanthu_cli.sandbox.office import PracticeOffice

PAPER = b"%PDF-1.7 paper"
PASSPHRASE = "bốn từ không ai ghép"
NAME = re.compile(r"vanthu-VPTU-\d{4}-\d\d-\d\d-\d{4}\.tar")


@pytest.fixture
def clerk(template: PracticeOffice, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Clerk:
    """Give a clerk whose office needs no servers for this, with one paper in the cabinet."""
    office = offices.copy(template, tmp_path / "office")
    with offices.desk_of(office) as desk:
        name = desk.cabinet.put(PAPER)
        with desk.book.step():
            documents.add(desk.book, "in", "arrive", arrived_at=desk.book.at, file="a.pdf", sha256=name)
    return Clerk(office, capsys)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spend no second on each passphrase."""
    monkeypatch.setattr(age, "_WORK", 10)
    monkeypatch.delenv(backup_command.VARIABLE, raising=False)


def typing(*answers: str | None) -> Callable[[str], str | None]:
    """Stand for a person at the terminal."""
    waiting = list(answers)
    return lambda _what: waiting.pop(0)


def test_a_backup_gets_its_name_by_itself_and_answers_as_promised(
    clerk: Clerk, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stick)
    code, answer = clerk.asks("backup")
    assert code == 0
    file = Path(answer["file"])
    assert (file.parent, bool(NAME.fullmatch(file.name))) == (stick, True)
    with tarfile.open(file) as tar:
        assert answer["files"] == len(tar.getnames()) - 1  # but for the manifest
    assert answer["bytes"] == file.stat().st_size
    assert answer["office"] == {"code": "VPTU", "name": "Văn phòng Tỉnh ủy"}
    assert (answer["encrypted"], answer["dry_run"], answer["lacking"], answer["removed"]) == (False, False, [], [])
    assert "quarantine/" in answer["left_out"]
    code, checked = clerk.asks("backup", "--check", str(file))
    assert code == 0
    assert {key: checked[key] for key in ("sha256", "bytes", "files", "office", "made_at")} == {
        key: answer[key] for key in ("sha256", "bytes", "files", "office", "made_at")
    }
    with offices.desk_of(clerk.office) as desk:
        assert [row["kind"] for row in history(desk.book, "office")][-1] == "backup"


def test_a_person_reads_what_is_not_in_it_and_what_to_beware_of(clerk: Clerk, stick: Path) -> None:
    assert clerk.types("backup", "--out", str(stick)) == 0
    for words in ("Backed up and read back", "SHA-256: ", "passwords and PINs", "not encrypted", "same disk"):
        assert words in clerk.said
    assert clerk.types("backup", "--out", str(stick)) == 0  # the second within a minute has a name of its own
    assert len(list(stick.glob("*.tar"))) == 2


def test_what_becomes_secret_later_is_still_in_older_backups(clerk: Clerk, stick: Path) -> None:
    with offices.desk_of(clerk.office) as desk, desk.book.step():
        ids = [documents.add(desk.book, "in", "arrive", arrived_at=desk.book.at) for _each in range(2)]
        desk.book.event("arrive", f"document:{ids[0]}", {})
    assert clerk.types("backup", "--out", str(stick)) == 0
    with offices.desk_of(clerk.office) as desk, desk.book.step():
        desk.book.event("arrive", f"document:{ids[1]}", {})
    for identity, told in zip(ids, (True, False), strict=True):
        assert clerk.types("inbox", "quarantine", str(identity)) == 0, clerk.said
        assert ("Backups made since it came still hold it" in clerk.said) is told


def test_a_dry_run_writes_nothing(clerk: Clerk, stick: Path) -> None:
    before = assets_of(clerk.office.folder)
    code, answer = clerk.asks("backup", "--out", str(stick), "--dry-run", "--encrypt")
    assert (code, answer["dry_run"], answer["files"] > 5, answer["encrypted"]) == (0, True, True, True)
    assert list(stick.iterdir()) == []
    assert assets_of(clerk.office.folder) == before


def assets_of(folder: Path) -> dict[str, bytes]:
    """Return the office's files, but for those that tell of runs and not of documents."""
    beside = ("config.good", "register.sqlite-", "machine")
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and not file.name.startswith(beside) and file.parent.name != "log"
    }


def test_an_encrypted_backup_brings_the_office_back(clerk: Clerk, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(backup_command.VARIABLE, PASSPHRASE)
    code, answer = clerk.asks("backup", "--out", str(stick), "--encrypt")
    assert code == 0
    assert answer["file"].endswith(".tar.age")
    assert PASSPHRASE not in str(answer)
    data = clerk.office.folder / "data"
    original = assets_of(data / "cabinet")
    shutil.rmtree(data)
    monkeypatch.setenv(backup_command.VARIABLE, "another passphrase")
    assert clerk.asks("restore", answer["file"])[1]["error"]["code"] == "backup.passphrase"
    assert not data.exists()
    secret = clerk.office.folder / "secrets" / "backup"
    secret.write_text(PASSPHRASE, "utf-8")
    secret.chmod(0o600)
    code, back = clerk.asks("restore", answer["file"], "--passphrase-from", "file:secrets/backup")
    assert (code, back["folder"], back["files"]) == (0, str(data), answer["files"])
    assert assets_of(data / "cabinet") == original
    assert clerk.asks("register", "list")[0] == 0
    assert clerk.types("restore", answer["file"]) == 2
    assert "nothing is restored over an office" in clerk.said


def test_after_a_restore_a_person_reads_what_to_do_next(clerk: Clerk, stick: Path, tmp_path: Path) -> None:
    assert clerk.types("backup", "--out", str(stick / "b.tar")) == 0
    assert clerk.types("restore", str(stick / "b.tar"), "--to", str(tmp_path / "back")) == 0
    config = tmp_path / "back" / "config.toml"
    for words in (f"vanthu --config {config} doctor", "no number twice", "is not in it", "fetch"):
        assert words in clerk.said
    assert main(["--config", str(config), "--lang", "en", "register", "list"]) == 0
    shutil.rmtree(clerk.office.folder / "data")
    shutil.rmtree(clerk.office.folder / "pki" / "trust")
    assert clerk.types("restore", str(stick / "b.tar")) == 0
    assert f"The configuration stays {clerk.office.config}" in clerk.said
    assert f"to {clerk.office.folder / 'pki' / 'trust'}" in clerk.said


def test_on_a_new_machine_a_backup_is_enough(
    clerk: Clerk, stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stick / "secret").write_text(PASSPHRASE, "utf-8")
    (stick / "secret").chmod(0o600)
    saved = clerk.types("backup", "--out", str(stick / "b.age"), "--passphrase-from", f"file:{stick / 'secret'}")
    assert saved == 0, clerk.said
    monkeypatch.chdir(stick)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nothing"))
    assert main(["--lang", "en", "restore", "b.age", "--passphrase-from", "file:secret"]) == 2
    assert "--to FOLDER" in clerk.capsys.readouterr().err
    assert main(["--lang", "en", "restore", "b.age", "--passphrase-from", "file:secret", "--to", "office"]) == 0
    assert (stick / "office" / "register.sqlite").is_file()
    assert main(["--lang", "en", "backup", "--check", "b.age", "--passphrase-from", "file:secret"]) == 0


def test_a_dry_run_of_restore_reads_everything_and_writes_nothing(clerk: Clerk, stick: Path, tmp_path: Path) -> None:
    assert clerk.types("backup", "--out", str(stick / "b.tar")) == 0
    code, answer = clerk.asks("restore", str(stick / "b.tar"), "--to", str(tmp_path / "back"), "--dry-run")
    assert (code, answer["dry_run"], answer["files"] > 5) == (0, True, True)
    assert not (tmp_path / "back").exists()
    assert clerk.types("restore", str(stick / "b.tar"), "--dry-run") == 2


def test_the_backup_of_another_office_does_not_take_its_place(clerk: Clerk, stick: Path, tmp_path: Path) -> None:
    assert clerk.types("backup", "--out", str(stick / "b.tar")) == 0
    shutil.move(clerk.office.folder / "data", tmp_path / "away")
    text = clerk.office.config.read_text("utf-8").replace('code = "VPTU"', 'code = "BTCTU"')
    clerk.office.config.write_text(text, "utf-8")
    code, answer = clerk.asks("restore", str(stick / "b.tar"))
    assert (code, answer["error"]["code"]) == (2, "restore.other_office")
    assert not (clerk.office.folder / "data").exists()


def test_an_office_that_is_not_whole_is_told_until_it_is(clerk: Clerk, stick: Path, tmp_path: Path) -> None:
    kept = next((clerk.office.folder / "data" / "cabinet").rglob(sha256(PAPER).hexdigest()))
    kept.unlink()
    code, answer = clerk.asks("backup", "--out", str(stick / "b.tar"))
    assert (code, answer["error"]["code"]) == (2, "backup.not_whole")
    assert kept.name in answer["error"]["message"]
    lacking = [{"name": f"cabinet/{kept.parent.name}/{kept.name}", "why": "missing"}]
    for words in (
        ("backup", "--out", str(stick / "b.tar"), "--incomplete"),
        ("backup", "--check", str(stick / "b.tar")),
        ("restore", str(stick / "b.tar"), "--to", str(tmp_path / "back")),
    ):
        code, answer = clerk.asks(*words)
        assert (code, answer["lacking"]) == (3, lacking)
    assert clerk.types("backup", "--check", str(stick / "b.tar")) == 3
    assert kept.name in clerk.said


def test_older_backups_go_when_asked(clerk: Clerk, stick: Path) -> None:
    old = [stick / f"vanthu-VPTU-202{year}-01-01-0730.tar" for year in range(4)]
    for file in old:
        file.write_bytes(b"old")
    code, answer = clerk.asks("backup", "--out", str(stick), "--keep", "2")
    assert code == 0
    assert sorted(answer["removed"]) == [str(file) for file in old[:3]]
    assert {*stick.iterdir()} == {old[3], Path(answer["file"])}
    for words in (("--out", str(stick / "b.tar"), "--keep", "2"), ("--out", str(stick), "--keep", "0")):
        assert clerk.types("backup", *words) == 2


def test_a_passphrase_is_typed_twice_and_not_short(clerk: Clerk, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for answers, code in {
        (None,): "backup.no_passphrase",
        ("mot hai ba bon", "mot hai ba nam"): "backup.passphrase_differs",
        ("ngắn", "ngắn"): "backup.passphrase_short",
    }.items():
        monkeypatch.setattr(backup_command, "ask_secret", typing(*answers))
        exit_code, answer = clerk.asks("backup", "--out", str(stick), "--encrypt")
        assert (exit_code, answer["error"]["code"]) == (2, code)
    assert list(stick.iterdir()) == []
    # Typed with combining accents, opened with composed letters: keyboards differ.
    decomposed = "mo\u0323\u0302t hai ba bo\u0302\u0301n"
    monkeypatch.setattr(backup_command, "ask_secret", typing(decomposed, decomposed))
    assert clerk.types("backup", "--out", str(stick / "b.age"), "--encrypt") == 0
    monkeypatch.setenv(backup_command.VARIABLE, "một hai ba bốn")
    assert clerk.types("backup", "--check", str(stick / "b.age")) == 0


def test_misuse_is_told(clerk: Clerk, stick: Path) -> None:
    (stick / "text").write_text("no backup")
    for words, code in {
        ("backup", "--out", str(stick / "missing" / "b.tar")): "backup.no_folder",
        ("backup", "--check", str(stick / "text"), "--encrypt"): "backup.check",
        ("backup", "--check", str(stick / "text")): "backup.damaged",
        ("backup", "--check", str(stick / "missing")): "backup.unreadable",
        ("restore", str(stick / "missing"), "--to", str(stick / "back")): "backup.unreadable",
        ("restore", str(stick), "--to", str(stick / "back")): "backup.unreadable",
    }.items():
        exit_code, answer = clerk.asks(*words)
        assert (exit_code, answer["error"]["code"]) == (2, code), words
    assert [each.name for each in stick.iterdir()] == ["text"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes: POSIX only")
def test_a_secret_file_that_others_can_read_is_no_secret(clerk: Clerk, stick: Path) -> None:
    (stick / "secret").write_text(PASSPHRASE, "utf-8")
    (stick / "secret").chmod(0o644)
    code, answer = clerk.asks("backup", "--out", str(stick), "--passphrase-from", f"file:{stick / 'secret'}")
    assert (code, answer["error"]["code"]) == (2, "secret.mode")
