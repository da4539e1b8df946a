"""One run at a time, on one machine (contract.md: exit 8; mail.md F17)."""

import subprocess
import sys
from pathlib import Path

import pytest

from vanthu_cli.__main__ import main
from vanthu_cli.errors import BusyError, MisuseError
from vanthu_cli.register.lock import PATIENCE, Turn, check_machine, claim, holding

HOLDER = """
import sys, time
from pathlib import Path
from vanthu_cli.register.lock import Turn, holding
with holding(Path(sys.argv[1]), Turn("an@pc1", "fetch", "2026-11-26T00:00:00+00:00")):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_who_must_wait_is_told_for_whom(tmp_path: Path, holder: "subprocess.Popen[str]") -> None:
    with pytest.raises(BusyError) as refused, holding(tmp_path / "lock", Turn(wait=0.1)):
        pytest.fail("two at once")
    for each in ("an@pc1", "07:00 26/11/2026", "vanthu fetch", str(holder.pid)):
        assert each in refused.value.message
    holder.kill()
    holder.wait()
    with holding(tmp_path / "lock", Turn(wait=5)):  # a dead holder holds nothing, whatever it left behind
        assert "an@pc1" not in (tmp_path / "lock.holder").read_text()
    assert not (tmp_path / "lock.holder").exists()


@pytest.mark.parametrize(
    "said", ["", "{", "[]", '{"since": "x"}', '{"since": "2026-11-26T00:00:00+00:00", "pid": "x"}']
)
def test_a_holder_that_says_nonsense_is_somebody(tmp_path: Path, holder: "subprocess.Popen[str]", said: str) -> None:
    (tmp_path / "lock.holder").write_text(said)
    with pytest.raises(BusyError, match="Another vanthu"), holding(tmp_path / "lock", Turn(wait=0.1)):
        pytest.fail("two at once")
    holder.kill()
    holder.wait()


def test_a_folder_belongs_to_the_machine_that_opened_it_first(tmp_path: Path) -> None:
    check_machine(tmp_path)
    check_machine(tmp_path)
    known = (tmp_path / "machine").read_text()
    (tmp_path / "machine").write_text("may-khac\nanother identity")
    with pytest.raises(MisuseError, match="may-khac") as refused:
        check_machine(tmp_path)
    assert refused.value.code == "office.other_machine"
    claim(tmp_path)
    check_machine(tmp_path)
    assert (tmp_path / "machine").read_text() == known


def test_a_machine_that_was_renamed_is_the_same(tmp_path: Path) -> None:
    check_machine(tmp_path)
    name, _newline, identity = (tmp_path / "machine").read_text().partition("\n")
    if not identity:
        pytest.skip("this machine has no identity but its name")
    (tmp_path / "machine").write_text(f"old-{name}\n{identity}")
    check_machine(tmp_path)


def test_how_long_a_run_waits_stands_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "en", "--help"]) == 0
    assert f"[default: {PATIENCE:g};" in " ".join(capsys.readouterr().out.split())
