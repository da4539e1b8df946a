"""Passwords and passphrases: from keyring, environment, file with mode 600, command or prompt; never from arguments or logs."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vanthu_cli.config.settings import Config, check_reference
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _

_UNSAFE = "keyrings.alt"
"""What it offers may be plain text on disk, or wait for a terminal that isn't there."""


def secret(config: Config, reference: str, prompt: Callable[[str], str | None]) -> str:
    """Return the password or passphrase that `reference` names.

    "keyring:SERVICE/USER", "env:NAME", "file:PATH" (first line, mode 600), "command:PROGRAM ARGS" (first line of its
    output) or "prompt". `prompt(what)` asks on a terminal and returns None without one. `MisuseError` when it cannot be
    had; no message ever shows a secret, nor a reference that may be one.
    """
    try:
        check_reference(reference)
    except ValueError as error:
        raise MisuseError("secret.kind", f"{error}.") from None
    kind, _colon, rest = reference.partition(":")
    sources: dict[str, Callable[[], str]] = {
        "keyring": lambda: _from_keyring(rest),
        "env": lambda: _from_environment(rest),
        "file": lambda: _from_file(config.path(rest)),
        "command": lambda: _from_command(rest),
        "prompt": lambda: _from_terminal(config, rest, prompt),
    }
    value = sources[kind]()
    if not value:
        raise MisuseError("secret.empty", _("The secret named by {kind}:… is empty.").format(kind=kind))
    return value


def _from_terminal(config: Config, what: str, prompt: Callable[[str], str | None]) -> str:
    answer = prompt(_("Password for {what}").format(what=what or config.office.name))
    if answer is None:
        raise MisuseError(
            "secret.no_terminal",
            _("A password must be asked for, but there is no terminal."),
            _("Put it into the keyring, or a file with mode 600, and name that as “secret” in {path}.").format(
                path=config.file
            ),
        )
    return answer


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise MisuseError("secret.missing", _("The environment variable {name} is not set.").format(name=name))
    return value


def _from_keyring(name: str) -> str:
    service, _slash, user = name.partition("/")
    backend = _backend()
    if backend.startswith(_UNSAFE):
        raise MisuseError("secret.keyring", _("The keyring of this machine ({name}) is not safe.").format(name=backend))
    value = _in_keyring(lambda keyring: keyring.get_password(service, user))
    if value is None:
        raise MisuseError(
            "secret.missing",
            _("The keyring has no entry {name}.").format(name=name),
            _("Add it with: keyring set {service} {user}").format(service=service, user=user),
        )
    return str(value)


def has_keyring() -> bool:
    """Tell whether this machine has a keyring that is safe and keeps what it is given."""
    return not _backend().startswith((_UNSAFE, "keyring.backends.fail", "keyring.backends.null"))


def _backend() -> str:
    return str(_in_keyring(lambda keyring: type(keyring.get_keyring()).__module__))


def _in_keyring(work: Callable[[Any], Any]) -> Any:
    try:
        import keyring

        return work(keyring)
    except Exception as error:
        raise MisuseError(
            "secret.keyring",
            _("The keyring of this machine cannot be used ({why}).").format(why=type(error).__name__),
            _("On a machine without a keyring write file:PATH, a file with mode 600."),
        ) from error


def is_kept(config: Config, reference: str) -> bool:
    """Tell whether the place that a reference names holds something; of places that we do not write to, that is taken for granted."""
    kind, _colon, rest = reference.partition(":")
    if kind == "file":
        return config.path(rest).exists()
    if kind == "keyring":
        return _in_keyring(lambda keyring: keyring.get_password(*rest.split("/", 1))) is not None
    return True


def keep(config: Config, reference: str, value: str) -> None:
    """Put a secret where its reference says: into the keyring, or a new file with mode 600."""
    kind, _colon, rest = reference.partition(":")
    if kind == "keyring":
        _in_keyring(lambda keyring: keyring.set_password(*rest.split("/", 1), value))
        return
    file = config.path(rest)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(value + "\n")


def drop(config: Config, reference: str) -> None:
    """Take a secret away that turned out to be wrong."""
    kind, _colon, rest = reference.partition(":")
    if kind == "file":
        config.path(rest).unlink(missing_ok=True)
    elif kind == "keyring":
        _in_keyring(lambda keyring: keyring.delete_password(*rest.split("/", 1)))


def _from_command(line: str) -> str:
    import shlex
    import subprocess

    why = _("it says nothing")
    try:
        # Windows programs cut their line themselves; shlex would eat the backslashes of its paths. There is no shell in either.
        command = line if sys.platform == "win32" else shlex.split(line)
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=60, check=True
        )
    except subprocess.CalledProcessError as error:  # its text repeats the command, which may hold a secret
        why = _("exit code {code}").format(code=error.returncode)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        why = type(error).__name__
    else:
        if done.stdout.strip():
            return done.stdout.splitlines()[0]
    raise MisuseError("secret.command", _("The command for a secret failed: {why}").format(why=why))


def _from_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MisuseError(
            "secret.missing",
            _("The secret file {path} cannot be read.").format(path=path),
            _("Write the password into it, one line, mode 600; or run “vanthu init” on a terminal: it asks."),
        ) from error
    if sys.platform != "win32" and mode & 0o077:
        raise MisuseError(
            "secret.mode",
            _("The secret file {path} can be read by others.").format(path=path),
            _("Run: chmod 600 {path}").format(path=path),
        )
    return text.partition("\n")[0]
