"""What an administrator installs so that `vanthu batch` runs by itself: text to be copied, nothing is changed by printing it."""

import shutil
import sys
from pathlib import Path, PureWindowsPath

from vanthu_cli.locale import _

_AT = "07:00"


def program() -> list[str]:
    """Return how this program is started: the installed command, else the interpreter with the module."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    beside = Path(sys.executable).with_name("vanthu.exe" if sys.platform == "win32" else "vanthu")
    found = str(beside) if beside.exists() else shutil.which("vanthu")
    return [found] if found else [sys.executable, "-m", "vanthu_cli"]


def cron(words: list[str]) -> str:
    """Return lines for `crontab -e` (crontab(5): a % ends the command there)."""
    import shlex

    hour, minute = _AT.split(":")
    return "\n".join(
        [
            "# "
            + _(
                "Add with: crontab -e. What it prints is mailed by cron to MAILTO; it is silent when nothing happened."
            ),
            "# " + _("No passwords are asked for there: secret must be file:, env: or command: in the configuration."),
            f"{int(minute)} {int(hour)} * * * " + shlex.join(words).replace("%", r"\%"),
        ]
    )


def systemd(words: list[str]) -> str:
    """Return a service and a timer for the user's systemd (systemd.service(5), systemd.timer(5))."""
    line = " ".join(
        '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") + '"'
        for word in words
    )
    return "\n".join(
        [
            "# "
            + _("The two files, then: {command}").format(command="systemctl --user enable --now vanthu-batch.timer"),
            "# "
            + _("So that it also runs while nobody is logged in: {command}").format(command="loginctl enable-linger"),
            "# ~/.config/systemd/user/vanthu-batch.service",
            "[Unit]",
            "Description=vanthu batch",
            "",
            "[Service]",
            "Type=oneshot",
            f"ExecStart={line}",
            "",
            "# ~/.config/systemd/user/vanthu-batch.timer",
            "[Unit]",
            "Description=vanthu batch",
            "",
            "[Timer]",
            f"OnCalendar=*-*-* {_AT}:00",
            "Persistent=true",
            "",
            "[Install]",
            "WantedBy=timers.target",
        ]
    )


def schtasks(words: list[str]) -> str:
    """Return the command that makes a task of the Windows Task Scheduler; its own quotes stand escaped there."""
    line = " ".join(r"\"" + word + r"\"" if " " in word or PureWindowsPath(word).drive else word for word in words)
    return f'schtasks /Create /F /SC DAILY /ST {_AT} /TN "vanthu batch" /TR "{line}"'


SCHEDULES = {"--print-cron": cron, "--print-systemd": systemd, "--print-schtasks": schtasks}
