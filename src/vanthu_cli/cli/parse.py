"""What people type, parsed into values at the door."""

from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path

from vanthu_cli.document.day import parse_day
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.rules.deadlines import VIETNAM

_AT_PARTS = 2


def moment_option(text: str) -> datetime:
    """Read an ISO 8601 time; without an offset it is Viet Nam's."""
    if "/" in text:
        return datetime.combine(parse_day(text), time(), VIETNAM)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise MisuseError(
            "option.time", _("“{text}” is not a time such as 2026-11-22T09:30:00+07:00.").format(text=text)
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


def place_option(text: str) -> tuple[int, float, float] | None:
    """Read PAGE:X,Y (page from 1; points from the lower left corner)."""
    if not text:
        return None
    page, _colon, rest = text.partition(":")
    numbers = rest.split(",")
    try:
        place = int(page), float(numbers[0]), float(numbers[1])
        if len(numbers) == _AT_PARTS and place[0] > 0:
            return place
    except (ValueError, IndexError):
        pass
    raise MisuseError("option.at", _("“{text}” is not a place such as 1:120,300 (page:x,y).").format(text=text))


def quarantine_id(text: str) -> int:
    """Read the opaque id of a quarantined message: q12."""
    if text.startswith("q") and text[1:].isdecimal():
        return int(text[1:])
    raise MisuseError(
        "option.quarantine", _("“{text}” is not the id of a quarantined message, such as q12.").format(text=text)
    )


def output_of(file: Path, out: Path | None, suffix: str) -> Path:
    """Return where the result goes: `<stem>.<suffix>.pdf` beside the input, in a folder, or the file named."""
    name = f"{file.stem}.{suffix}.pdf"
    if out is None:
        return file.with_name(name)
    return out / name if out.is_dir() else out


def expanded(paths: Sequence[Path]) -> list[Path]:
    """Return each file once, patterns such as `papers/*.pdf` expanded where the shell has not done it (Windows)."""
    found: list[Path] = []
    for path in paths:
        pattern = any(c in path.name for c in "*?[") and not path.exists()
        found += sorted(path.parent.glob(path.name)) or [path] if pattern else [path]
    return list(dict.fromkeys(found))


def within(paths: Sequence[Path]) -> list[Path]:
    """Take a folder for all files in it, at any depth, but hidden ones."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else ()
        files = [each for each in inside if each.is_file() and not _hidden(each.relative_to(path))]
        found += files or [path]
    return found


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
