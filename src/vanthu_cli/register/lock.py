"""One run at a time, and one machine, works in an office's folder: who does is written beside the lock, for whoever must wait."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from vanthu_cli.errors import BusyError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.rules.deadlines import VIETNAM

PATIENCE = 60.0
"""Seconds that a run waits for another one, unless it is told otherwise."""
_MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Turn:
    """A run that wants its turn: login, command and beginning (stored time), and how many seconds it would wait."""

    who: str = "?"
    command: str = "?"
    since: str = ""
    wait: float = PATIENCE


SOMEBODY = Turn()


@contextlib.contextmanager
def holding(file: Path, turn: Turn) -> Iterator[None]:
    """Hold a lock; `BusyError` "office.locked" names who has it. The kernel frees it when a run dies."""
    from filelock import FileLock, Timeout

    held, holder = FileLock(file, timeout=turn.wait), file.with_name(f"{file.name}.holder")
    try:
        held.acquire()
    except Timeout:
        raise _busy(holder) from None
    try:
        # Only what is said of the holder rests on this: a disk that refuses it keeps nobody from working.
        with contextlib.suppress(OSError):
            holder.write_text(json.dumps(asdict(turn) | {"pid": os.getpid()}), "utf-8")
        yield
    finally:
        with contextlib.suppress(OSError):
            holder.unlink(missing_ok=True)
        held.release()


def _busy(holder: Path) -> BusyError:
    hint = _("Wait until it is done, then run again; or let the command wait: --wait SECONDS")
    try:
        said = json.loads(holder.read_bytes())
        since = datetime.fromisoformat(said["since"]).astimezone(VIETNAM)
        message = _("{who} is working for this office since {time}: vanthu {command} (process {pid}).").format(
            who=said["who"], time=f"{since:%H:%M %d/%m/%Y}", command=said["command"], pid=int(said["pid"])
        )
    except (OSError, ValueError, KeyError, TypeError):  # it is just beginning, or just done
        message = _("Another vanthu is working for this office.")
    return BusyError("office.locked", message, hint)


def check_machine(folder: Path) -> None:
    """Refuse an office's folder that another machine works in: copied or synchronised, its register would part in two.

    `MisuseError` "office.other_machine". The first machine to open a folder is the one.
    """
    try:
        name, _newline, known = (folder / _MACHINE).read_text("utf-8").partition("\n")
    except FileNotFoundError:
        name, known = "", ""
    except (OSError, UnicodeDecodeError):
        name, known = "?", ""
    if not name:  # new, or empty since a disk was full
        claim(folder)
        return
    ours, identity = _this_machine()
    known = known.strip()
    same = known == identity if known and identity else name == ours
    if not same:
        raise MisuseError(
            "office.other_machine",
            _("The office in {path} belongs to the machine {name}; this one is {ours}.").format(
                path=folder, name=name, ours=ours
            ),
            _(
                "Two machines on one folder would number twice. If the office has moved here for good, and nobody works there"
                " any more: vanthu init --move-here"
            ),
        )


def claim(folder: Path) -> None:
    """Write down that this machine works in an office's folder."""
    write_durably(folder / _MACHINE, "\n".join(_this_machine()).encode())


def _this_machine() -> tuple[str, str]:
    """Return name and identity ("" where the system gives none)."""
    if sys.platform != "win32":
        return os.uname().nodename or "?", _machine_id()
    import platform
    import winreg

    identity = ""
    where = r"SOFTWARE\Microsoft\Cryptography"
    with contextlib.suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, where) as key:
        identity = str(winreg.QueryValueEx(key, "MachineGuid")[0])
    return platform.node() or "?", identity


def _machine_id() -> str:
    for file in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")):
        with contextlib.suppress(OSError):
            if found := file.read_text("ascii", "replace").strip():
                return found
    return ""
