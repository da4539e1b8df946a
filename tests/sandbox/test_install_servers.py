"""`make test` says loudly what it leaves out, and fails instead where nobody would read it."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "install-servers.sh"


def _run(tmp_path: Path, *packages: str, ci: str) -> subprocess.CompletedProcess[str]:
    """Run the script as somebody who is not root on a machine where no package is installed."""
    for name, answer in (("id", "echo 1000"), ("dpkg-query", "exit 1"), ("apt-get", "exit 99")):
        command = tmp_path / name
        command.write_text(f"#!/bin/sh\n{answer}\n")
        command.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CI": ci}
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), *packages], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_without_root_it_names_what_is_missing(tmp_path: Path, ci: str, code: int) -> None:
    result = _run(tmp_path, "dovecot-imapd", "postfix", ci=ci)
    assert result.returncode == code
    assert "LEFT OUT" in result.stderr
    assert "sudo sh tests/install-servers.sh dovecot-imapd postfix" in result.stderr


def test_with_everything_installed_it_is_silent(tmp_path: Path) -> None:
    result = _run(tmp_path, ci="true")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
