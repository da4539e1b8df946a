"""Every refusal, sorted by who can do something about it.

The exit codes are public interface (README, "Exit codes"). A verdict is a value; an error is a failure
to do the work. The library raises, `cli/app.py` has the only `except` that turns an error into an exit.
"""

import errno
from collections.abc import Iterable
from typing import ClassVar

from vanthu_cli.locale import _

BUG = 1
"""A defect of the program itself: anything that is not a `VanthuError`."""

# What several outcomes together exit with: the first of these that occurred (contract.md, "Exit codes").
_WORST_FIRST = (BUG, 4, 5, 2, 6, 7, 3, 8)


class VanthuError(Exception):
    """Base of all refusals.

    `code` is stable and language-free ("register.number_taken"), `message` is a sentence in the clerk's language,
    `hint` says the next step, or is empty.
    """

    exit_code: ClassVar[int] = BUG

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type["VanthuError"], tuple[str, str, str]]:
        """Travel whole from a worker process to ours."""
        return type(self), (self.code, self.message, self.hint)


class MisuseError(VanthuError):
    """The command or the configuration is wrong: the clerk or administrator corrects it."""

    exit_code = 2


class PartlyDoneError(VanthuError):
    """Done, but some items failed, or a numbered document is not yet sent."""

    exit_code = 3


class InvalidSignatureError(VanthuError):
    """A signature is INVALID: the document must not be accepted or issued."""

    exit_code = 4


class ForbiddenError(VanthuError):
    """A rule of law or the document's state refuses; the message names the rule."""

    exit_code = 5


class UnreachableError(VanthuError):
    """Server, token or time stamp authority silent; nothing was changed by this command."""

    exit_code = 6


class UndecidedError(VanthuError):
    """A person must look: unsigned, trust unknown, delivery unsure."""

    exit_code = 7


class BusyError(VanthuError):
    """Another run holds the lock."""

    exit_code = 8


def os_words(error: OSError) -> str:
    """Return the clerk's words for what the system said; its own when there are none."""
    return (
        {
            errno.ENOENT: _("it is not there"),
            errno.EACCES: _("access is not allowed"),
            errno.EPERM: _("access is not allowed"),
            errno.EISDIR: _("it is a folder"),
            errno.ENOSPC: _("the disk is full"),
            errno.EDQUOT: _("the disk is full"),
            errno.EFBIG: _("it is larger than this machine allows"),
            errno.EROFS: _("the disk cannot be written to"),
            errno.EIO: _("the disk is damaged"),
            errno.ECONNREFUSED: _("nobody answers there"),
            errno.ETIMEDOUT: _("it does not answer in time"),
            errno.ENETUNREACH: _("the network is not reachable"),
            errno.EHOSTUNREACH: _("the network is not reachable"),
        }.get(error.errno or 0)
        or error.strerror
        or str(error)
        or type(error).__name__
    )


def refused_by_system(error: OSError) -> UnreachableError:
    """Return the refusal that stands for what the system would not do: a full disk, a folder that cannot be written to."""
    hint = _("Free space on the disk, or write the result elsewhere, and run the same command again.")
    return UnreachableError("output.refused", os_words(error), hint)


def worst(codes: Iterable[int]) -> int:
    """Return what a command over several items exits with; 0 when all went well."""
    seen = set(codes) - {0}
    return next((code for code in _WORST_FIRST if code in seen), 0)
