"""Programs that are not ours, run for one job (LibreOffice, ocrmypdf): with a limit of time, and none of their processes left behind."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping


def ends(command: list[str], seconds: float, environment: Mapping[str, str]) -> bool:
    """Run a command; tell whether it ended in time. None of its processes is left behind, whatever happens."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True, env=environment
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            _kill_all(process)
    return True


def _kill_all(process: subprocess.Popen[bytes]) -> None:
    """End what it started too: LibreOffice is a script that starts a starter that starts the program, and waits for none."""
    if sys.platform == "win32":
        command = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True, check=False)
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
