"""What the README names, the program has: every command and option in it is known."""

import re
from pathlib import Path

import pytest

from vanthu_cli.__main__ import main

TEXT = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
GROUPS = {"inbox", "register", "directory", "trust", "archive", "carry", "paper", "dossier", "edxml"}
LINES = re.findall(r"(?:`|^    (?:\S*/)?)vanthu (?:--config \S+ )?([a-z][a-z-]+)([^`\n]*)", TEXT, re.MULTILINE)


def named() -> set[tuple[str, ...]]:
    """Return each command with the options that the README shows for it."""
    found = set()
    for name, rest in LINES:
        sub = re.match(r" ([a-z-]+)", rest) if name in GROUPS else None
        words = [name, sub[1]] if sub else [name]
        options = re.findall(r"(?<=[ \[])--[a-z-]+", rest.split("#")[0])
        found.add((" ".join(words), *options))
    return found


@pytest.mark.parametrize("wanted", sorted(named()), ids=" ".join)
def test_every_command_and_option_of_the_readme_exists(
    wanted: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    command, *options = wanted
    assert main([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert [option for option in options if option not in shown] == []


def test_the_readme_names_the_commands_of_a_day() -> None:
    assert {"fetch", "inbox list", "sign-send", "status", "verify", "doctor", "demo"} <= {
        command for command, *_options in named()
    }
