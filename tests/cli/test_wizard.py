"""`vanthu init` on a terminal: a conversation that ends with a working office."""

import os
import select
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests import on_axis

from vanthu_cli.config.load import load
from vanthu_cli.sandbox.axis import serve_axis
from vanthu_cli.sandbox.office import PASSWORD, WAN, PracticeOffice

pty = pytest.importorskip("pty", reason="terminals of this kind are POSIX only")


def converse(words: Sequence[str], turns: Sequence[tuple[str, str]], folder: Path) -> tuple[int, str]:
    """Run a command on a terminal; wait for each question, type its answer. Return exit code and all that was shown."""
    leader, follower = pty.openpty()
    environment = os.environ | {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "TERM": "dumb"}
    process = subprocess.Popen(
        [Path(sys.executable).with_name("vanthu"), "--lang", "en", *words],
        stdin=follower, stdout=follower, stderr=follower, cwd=folder, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    seen, place = "", 0
    for question, answer in [*turns, ("", "")]:
        end = time.monotonic() + 30
        while question and question not in seen[place:]:
            assert time.monotonic() < end, f"{question!r} was not asked:\n{seen[place:]}"
            seen += _read(leader)
        if not question:
            break
        place = seen.index(question, place) + len(question)
        os.write(leader, f"{answer}\n".encode())
    while chunk := _read(leader, wait=30):
        seen += chunk
    os.close(leader)
    return process.wait(30), seen


def _read(descriptor: int, wait: float = 1) -> str:
    if not select.select([descriptor], [], [], wait)[0]:
        return "" if wait > 1 else "\0"
    try:
        return os.read(descriptor, 65536).decode("utf-8", "replace")
    except OSError:  # Linux: the other side is closed
        return ""


def test_the_wizard_ends_with_a_working_office(office: PracticeOffice, tmp_path: Path) -> None:
    known = load(office.config).channels["wan"]
    assert known.imap
    assert known.smtp
    turns = [
        ("Party office or State office?", "huyện"),
        ("Party office or State office?", "Đảng"),
        ("Name of the office", "Văn phòng Thử"),
        ("Its code", "VP T"),
        ("Its code", "VPT"),
        ("Agency part", "T U/x"),
        ("Agency part", "TU"),
        ("Place printed", "Hải Dương"),
        ("First day of the term", "hôm qua"),
        ("First day of the term", "15/10/2099"),
        ("First day of the term", "15/10/2025"),
        ("Folder for register", ""),
        ("Which? (1/2/3)", "1"),
        ("Its address", "không phải"),
        ("Its address", WAN),
        ("IMAP server", f"127.0.0.1:{known.imap.port}"),
        ("SMTP server", f"127.0.0.1:{known.smtp.port}"),
        ("CA file", "không có"),
        ("CA file", str(office.folder / known.imap.ca)),
        ("Login name", ""),
        ("Which? (1/2/3)", "3"),
        ("Address of the adapter", ""),
        ("Which? (1/2/3)", "2"),
        ("Path of the file", str(office.key("VPTU", "person"))),
        ("Picture of", ""),
        ("Which? (1/2/3)", "3"),
        ("time stamp authority", "tsa.vn"),
        ("time stamp authority", ""),
        ("Password of the mailbox", "sai"),
        ("Passphrase of the key", PASSWORD),
        ("folder of CA certificates", str(tmp_path / "config.toml")),
        ("folder of CA certificates", str(office.folder / "pki" / "trust")),
        ("Have you compared", "y"),
        ("folder of CA certificates", ""),
        ("Type the password again?", "y"),
        ("Password of the mailbox", PASSWORD),
    ]
    code, seen = converse(["--config", "config.toml", "init"], turns, tmp_path)
    assert code == 0, seen
    assert "✓ wan: logged in to IMAP and SMTP." in seen
    assert "✓ channel wan" in seen
    written = tomllib.loads((tmp_path / "config.toml").read_text("utf-8"))
    assert written["office"]["name"] == "Văn phòng Thử"
    assert written["channels"]["wan"]["secret"] == "file:secrets/wan"
    assert "# " in (tmp_path / "config.toml").read_text("utf-8").splitlines()[3]
    assert (tmp_path / "secrets" / "wan").stat().st_mode & 0o077 == 0
    assert "sai" not in seen.replace("sai\r", "")
    assert PASSWORD not in (tmp_path / "config.toml").read_text("utf-8")


def test_the_wizard_asks_for_the_national_axis_and_tries_it(office: PracticeOffice, tmp_path: Path) -> None:
    with serve_axis(tmp_path / "axis", on_axis.members()) as axis:
        turns = [
            ("Party office or State office?", "state"),
            ("Name of the office", "Sở Thử"),
            ("Its code", "ST"),
            ("Agency part", "ST"),
            ("Place printed", "Hải Dương"),
            ("Folder for register", ""),
            ("Which? (1/2/3)", "3"),
            ("Which? (1/2/3)", "3"),
            ("Address of the adapter", "http://lgsp.haiduong.gov.vn"),
            ("Address of the adapter", axis.url),
            ("identifier there", "vanthu@so"),
            ("identifier there", "H23.01"),
            ("System id", "HT.VPTU"),
            ("CA file", ""),
            ("Which? (1/2/3)", "3"),
            ("Which? (1/2/3)", "2"),
            ("Path of the file", str(office.key("VPTU", "organisation"))),
            ("Picture of", ""),
            ("time stamp authority", ""),
            ("Secret of H23.01", "bi-mat-VPTU"),
            ("Passphrase of the key", PASSWORD),
            ("folder of CA certificates", ""),
        ]
        code, seen = converse(["--config", "config.toml", "init"], turns, tmp_path)
    assert code == 0, seen
    assert "✓ axis" in seen
    channel = load(tmp_path / "config.toml").channels["axis"]
    assert (channel.kind, channel.address, channel.system, channel.secret) == (
        "axis",
        "H23.01",
        "HT.VPTU",
        "file:secrets/axis",
    )
    assert "bi-mat-VPTU" not in seen + (tmp_path / "config.toml").read_text("utf-8")
