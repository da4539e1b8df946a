"""What the program says of itself: topics, help of commands, near misses, and what the shell offers at Tab."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.commands import Clerk
from tests.cli.test_incoming import morning

from vanthu_cli.__main__ import main
from vanthu_cli.register.lock import SOMEBODY, holding
from vanthu_cli.reports import tables

TOPICS = ("exit-codes", "config", "procedures", "huong-dan", "batch", "axis", "files", "completion")


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("topic", TOPICS)
def test_each_topic_has_a_text(topic: str, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", language, "help", topic]) == 0
    said = capsys.readouterr().out
    assert len(said) > 300
    assert topic in _said(capsys, "help")


def _said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    main(["--lang", "en", *words])
    out, err = capsys.readouterr()
    return out + err


def test_help_of_a_command_is_that_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert _said(capsys, "help", "register", "add") == _said(capsys, "register", "add", "--help")
    assert "no help on “nothing”" in _said(capsys, "help", "nothing")
    assert "no help on “x”" in _said(capsys, "help", "fetch", "x")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["fecth"], "'fetch'"),
        (["inbox", "shwo"], "'show'"),
        (["register", "serch"], "'search'"),
        (["fetch", "--chanel", "x"], "'--channel'"),
    ],
)
def test_a_slip_of_the_pen_is_answered_once_with_what_was_meant(
    typed: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _said(capsys, *typed)
    assert meant in said
    assert said.lower().count("did you mean") == 1


def offered(clerk: Clerk, *words: str) -> list[str]:
    """Ask as bash does at Tab; return the values that it is offered."""
    environment = os.environ | {
        "_VANTHU_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("vanthu", "--config", str(clerk.office.config), *words)),
        "COMP_CWORD": str(len(words) + 2),
    }
    done = subprocess.run(
        [Path(sys.executable).with_name("vanthu")], env=environment, capture_output=True, text=True, check=True
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_the_shell_is_offered_what_the_office_knows(clerk: Clerk) -> None:
    morning(clerk)
    listed = [each["id"] for each in clerk.asks("inbox", "list")[1]["documents"]]
    waiting = [each for each in listed if each.isdecimal()]
    assert clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--yes")[0] == 0
    assert set(offered(clerk, "inbox", "accept", "")) == set(waiting)
    assert offered(clerk, "register", "show", "01") == ["01-CV/TU"]
    assert offered(clerk, "sign-send", "x", "--to", "SN") == ["SNV"]
    assert offered(clerk, "fetch", "--channel", "") == ["wan", "internet"]
    assert offered(clerk, "sign", "--key", "l") == ["leader"]
    assert offered(clerk, "reg") == ["register"]
    assert offered(clerk, "register", "list", "--book", "d") == ["den", "di"]
    assert offered(clerk, "sign", "x.pdf", "--as", "o") == ["organisation"]
    assert offered(clerk, "help", "ex") == ["exit-codes"]
    assert offered(clerk, "paper", "done", "") == []


def test_a_tab_without_an_office_offers_nothing_and_says_nothing(clerk: Clerk) -> None:
    clerk.office.config.write_text("[office", "utf-8")
    assert offered(clerk, "register", "show", "") == []


def test_plain_tables_have_tabs_and_nothing_drawn_or_cut(clerk: Clerk) -> None:
    long = "Về việc " + "rất dài " * 40
    assert clerk.types("register", "add", "--book", "den", "--agency", "SNV", "--subject", long.strip()) == 0
    assert clerk.types("register", "list", "--plain") == 0
    heading, row = (line.split("\t") for line in clerk.said.splitlines())
    assert len(heading) == len(row)
    assert row[heading.index("Subject")] == long.strip()
    assert not set(clerk.said) & set("─│┌…")
    assert clerk.types("register", "list") == 0
    assert "─" in clerk.said


def test_the_manual_page_holds_every_command_and_only_macros_of_man(capsys: pytest.CaptureFixture[str]) -> None:
    page = _said(capsys, "help", "man")
    for command in ("vanthu fetch", r"vanthu register close\-day", "vanthu dossier hand", r"\-\-max\-runtime"):
        assert command in page
    macros = {line.split()[0] for line in page.splitlines() if line.startswith(".")}
    assert macros <= {".TH", ".SH", ".SS", ".B", ".TP", ".nf", ".fi"}
    assert not [line for line in page.splitlines() if line.startswith("'")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
@pytest.mark.parametrize("words", [["--json", "help"], ["help"], ["--json", "help", "man"]])
def test_an_output_that_takes_nothing_is_said_without_a_traceback(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [Path(sys.executable).with_name("vanthu"), "--lang", "en", *words], stdout=full, stderr=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode == 6
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_placeholder_is_english_in_vietnamese(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "vi", "help", "man"]) == 0
    pages = capsys.readouterr().out.replace("\\-", "-")
    options = [line for line in pages.splitlines() if line.startswith(r"\fB--")]
    assert len(options) > 100
    assert not [line for line in options if re.search("TEXT|PATH|INTEGER|FLOAT|RANGE", line)]


def test_a_table_too_narrow_for_columns_is_told_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "terminal_width", lambda: 40)
    rows = [[str(row), "145-CV/TU", "28/04/2021", "Văn phòng Tỉnh ủy", ""] for row in range(2)]
    lines = tables.table(["Id", "Document", "Date", "Agency", "Answer"], rows)
    assert lines[:5] == ["Id: 0", "Document: 145-CV/TU", "Date: 28/04/2021", "Agency: Văn phòng Tỉnh ủy", ""]
    assert len(lines) == 9


def test_a_run_that_is_told_to_end_says_so_in_the_journal(clerk: Clerk) -> None:
    command = [sys.executable, "-m", "vanthu_cli", "--config", str(clerk.office.config), "fetch", "--wait", "300"]
    data = clerk.office.folder / "data"
    log = data / "log"
    with holding(data / "lock", SOMEBODY):
        before = b"".join(file.read_bytes() for file in log.glob("*"))
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        limit = time.monotonic() + 60
        while b"".join(file.read_bytes() for file in log.glob("*")) == before and time.monotonic() < limit:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
    last = json.loads(b"".join(file.read_bytes() for file in sorted(log.glob("*"))).splitlines()[-1])
    assert (last["kind"], last["code"], last["error"]) == ("end", 130, "interrupted")
