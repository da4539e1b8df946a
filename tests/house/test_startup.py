"""Every command pays for what it imports (house.md, Start-up): modules are watched, not milliseconds."""

import subprocess
import sys
from pathlib import Path

import pytest

from vanthu_cli.sandbox.office import PracticeOffice

HEAVY = {
    "pyhanko",
    "endesive",
    "cryptography",
    "pydantic",
    "imapclient",
    "lxml",
    "pypdfium2",
    "rich",
    "PIL",
    "asyncio",
    "smtplib",
}


def imported(arguments: list[str]) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "vanthu_cli", *arguments], capture_output=True, text=True, check=True
    )
    names = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize(
    "command", [["--help"], ["status"], ["register", "list"], ["register", "search", "hội", "nghị"], ["inbox", "list"]]
)
def test_everyday_commands_import_nothing_heavy(command: list[str], template: PracticeOffice, tmp_path: Path) -> None:
    _unused = tmp_path
    arguments = ["--config", str(template.config), *command]
    imported(arguments)  # the first run judges the configuration file
    assert imported(arguments) & HEAVY == set()
