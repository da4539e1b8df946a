"""The clerk's guide (docs/huong-dan.md): each of its commands is run, in its order, in a practice office like the reader's."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vanthu_cli.__main__ import main

GUIDE = Path(__file__).parents[2] / "docs" / "huong-dan.md"
COMMANDS = [line[6:] for line in GUIDE.read_text("utf-8").splitlines() if line.startswith("    $ ")]
SERVE = "vanthu demo . --serve"


@pytest.fixture
def servers() -> Iterator[list["subprocess.Popen[str]"]]:
    running: list[subprocess.Popen[str]] = []
    yield running
    for each in running:
        each.terminate()
        each.wait(30)


def test_each_command_of_the_guide_does_what_it_promises(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    servers: list["subprocess.Popen[str]"],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(COMMANDS) > 30
    for command in COMMANDS:
        program, *words = shlex.split(command, comments=True)
        if program == "cd":
            monkeypatch.chdir(Path.cwd() / words[0])
        elif program == "mkdir":
            Path(words[0]).mkdir()
        elif command == SERVE:
            vanthu = Path(sys.executable).with_name("vanthu")
            servers.append(
                subprocess.Popen([vanthu, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            )
            assert servers[-1].stdout
            assert servers[-1].stdout.readline()
        else:
            assert program == "vanthu", command
            code = main(words)
            assert code == (7 if "# mã 7" in command else 0), f"{command}\n{''.join(capsys.readouterr())}"
    assert {each.name for each in Path.cwd().glob("so-den.*")} == {"so-den.pdf", "so-den.xlsx"}
