"""The PC of an office without Internet: vanthu comes from the wheelhouse, is upgraded with its data, and goes (`make try-offline`)."""

import hashlib
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.install

ROOT = Path(__file__).parents[2]
MIGRATIONS = "src/vanthu_cli/register/migrations"


@pytest.fixture(scope="module", autouse=True)
def alone() -> None:
    if [name for _index, name in socket.if_nameindex()] != ["lo"]:
        pytest.skip("LEFT OUT: there is a network here. As root, or where users may make namespaces: make try-offline")


@pytest.fixture(scope="module")
def house() -> Path:
    (found,) = (ROOT / "dist").glob("wheelhouse-linux_*")
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def program(house: Path, home: Path) -> Path:
    """Give the folder of the installed program."""
    place = home / "chương trình"
    assert "Đã cài" in run(["sh", str(house / "cai-dat.sh"), str(place)], home)
    return place


def run(command: list[str], home: Path, *, code: int = 0) -> str:
    """Run a command as a person of that machine, who has no settings of ours; return what it printed."""
    environment = {"HOME": str(home), "PATH": os.defpath, "LANG": "C.UTF-8"}
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def pip(program: Path, home: Path, *arguments: str) -> str:
    return run([str(program / "bin" / "python"), "-m", "pip", "--isolated", *arguments], home)


def files(folder: Path) -> Mapping[str, str]:
    return {
        str(each.relative_to(folder)): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }


def older(folder: Path) -> Path:
    """Build the version before the register's last migration, under a lower number; return its wheel."""
    git = ["git", "-C", str(ROOT)]
    last = [*git, "log", "-1", "--diff-filter=A", "--format=%H", "--", MIGRATIONS]
    before = subprocess.run(last, capture_output=True, text=True, check=True).stdout.strip() + "^"
    archive = subprocess.run([*git, "archive", before], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    changes = [
        ("pyproject.toml", r'^version = "[^"]+"', 'version = "0.0.9"'),
        ("src/vanthu_cli/__init__.py", r'^__version__ = "[^"]+"', '__version__ = "0.0.9"'),
        # Its practice mail server did not run under Debian 12's Python 3.11.2.
        ("src/vanthu_cli/sandbox/smtp.py", r"^@dataclass\(slots=True\)\nclass Postbox", "@dataclass\nclass Postbox"),
    ]
    for name, old, new in changes:
        file = folder / name
        file.write_text(re.sub(old, new, file.read_text("utf-8"), flags=re.MULTILINE), "utf-8")
    build = ["wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder), str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True)
    return folder / "vanthu_cli-0.0.9-py3-none-any.whl"


def test_a_wheelhouse_that_was_changed_installs_nothing(house: Path, home: Path) -> None:
    copy = home / "usb"
    shutil.copytree(house, copy)
    with next(copy.glob("typer-*.whl")).open("ab") as wheel:
        wheel.write(b"\n")
    run(["sh", str(copy / "cai-dat.sh"), str(home / "nothing")], home, code=1)
    assert not (home / "nothing").exists()


def test_a_folder_with_other_files_in_it_is_left_alone(house: Path, home: Path) -> None:
    (home / "giấy tờ").mkdir()
    (home / "giấy tờ" / "thư.txt").write_text("của tôi", "utf-8")
    run(["sh", str(house / "cai-dat.sh"), str(home / "giấy tờ")], home, code=1)
    assert [each.name for each in (home / "giấy tờ").iterdir()] == ["thư.txt"]


def test_the_installed_program_lives_a_whole_day(program: Path, home: Path) -> None:
    vanthu = str(program / "bin" / "vanthu")
    assert run([vanthu, "--version"], home).startswith("vanthu ")
    assert "[office]" in run([vanthu, "help", "config"], home)
    assert "02-CV/TU" in run([vanthu, "demo", "office"], home)
    config = ["--config", str(home / "office" / "config.toml")]
    assert "02-CV/TU" in run([vanthu, *config, "status"], home)
    with subprocess.Popen([vanthu, "demo", "office", "--serve"], cwd=home, stderr=subprocess.PIPE) as servers:
        assert servers.stderr is not None
        servers.stderr.readline()  # they say so when they are running
        try:
            assert "✗" not in run([vanthu, *config, "doctor"], home)
        finally:
            servers.terminate()


def test_a_new_version_takes_over_the_office_of_the_old_one(
    program: Path, house: Path, home: Path, tmp_path: Path
) -> None:
    vanthu = str(program / "bin" / "vanthu")
    pip(program, home, "install", "-q", "--no-index", "--no-deps", "--force-reinstall", str(older(tmp_path)))
    assert run([vanthu, "--version"], home) == "vanthu 0.0.9\n"
    run([vanthu, "demo", "old"], home)
    config = ["--config", str(home / "old" / "config.toml")]
    listed = run([vanthu, *config, "register", "list"], home)
    assert "02-CV/TU" in listed
    run(["sh", str(house / "cai-dat.sh"), str(program)], home)
    assert run([vanthu, "--version"], home) != "vanthu 0.0.9\n"
    assert run([vanthu, *config, "register", "list"], home) == listed
    run([vanthu, *config, "register", "audit"], home)
    assert list(
        (home / "old" / "data").glob("register.before-*")
    )  # the register's tables were really brought up to date


def test_uninstalling_leaves_the_office_byte_for_byte(program: Path, home: Path) -> None:
    # The last test here: the program is gone after it.
    office = home / "office"
    before = files(office)
    assert before
    pip(program, home, "uninstall", "-q", "-y", "vanthu-cli")
    assert not (program / "bin" / "vanthu").exists()
    assert files(office) == before
