"""The program as a folder of its own (`make onedir`), where no Python is."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.install

PROGRAM = Path(__file__).parents[2] / "dist" / "vanthu" / ("vanthu.exe" if sys.platform == "win32" else "vanthu")


def vanthu(folder: Path, *arguments: str) -> str:
    """Run it as from a menu: no PATH, no language; return what it printed."""
    bare = {"HOME": str(folder), "PATH": ""}
    environment = {**os.environ, "PATH": ""} if sys.platform == "win32" else bare
    done = subprocess.run([str(PROGRAM), *arguments], cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout.decode("utf-8")


def answer(folder: Path, *arguments: str) -> Any:
    return json.loads(vanthu(folder, "--json", *arguments))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("máy của văn thư")
    assert "Ngày làm việc mẫu diễn ra trong" in vanthu(folder, "demo", "office")
    return folder / "office"


def test_it_starts_and_speaks_vietnamese(tmp_path: Path) -> None:
    assert vanthu(tmp_path, "--version").startswith("vanthu ")
    assert "Cách dùng" in vanthu(tmp_path, "--help")
    assert "[office]" in vanthu(tmp_path, "help", "config")


def test_its_workers_judge_what_the_office_sealed(office: Path) -> None:
    vanthu(office, "register", "show", "02-CV/TU", "--out", ".")
    (judged,) = answer(office, "verify", "02-CV-TU.pdf", "--report", "report.pdf")["files"]
    assert judged["verdict"] == "valid"
    assert (office / "report.pdf").read_bytes().startswith(b"%PDF")
    assert "V/v" in vanthu(office, "inspect", "02-CV-TU.pdf", "--preview", "page.png")


def test_it_signs_with_a_key_file(office: Path) -> None:
    vanthu(office, "sign", "papers/thuc-hanh-1.pdf", "--as", "person", "--without-timestamp")
    assert vanthu(office, "verify", "papers/thuc-hanh-1.signed.pdf")


def test_it_prints_books_and_audits_them(office: Path) -> None:
    vanthu(office, "register", "export", "--book", "di", "--out", "x.pdf", "--out", "x.xlsx")
    assert (office / "x.pdf").read_bytes().startswith(b"%PDF")
    assert (office / "x.xlsx").read_bytes().startswith(b"PK")
    vanthu(office, "register", "audit")
    vanthu(office, "backup", "--out", ".")
    assert str(PROGRAM) in vanthu(office, "batch", "--print-cron")
