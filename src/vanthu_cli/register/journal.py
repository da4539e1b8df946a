"""What runs of the program leave behind for an administrator: the journal of an office.

It is JSON, a line each, in UTC, a file a month, kept twelve months (QCVN 12:2026). It tells when which command ran, how it ended and
which events of the register are its own: ids, codes and counts, never a subject, a file's name or a secret.
"""

import contextlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FOLDER = "log"
_MONTHS = 12


@dataclass(slots=True, eq=False, repr=False)
class Journal:
    """The lines of one run, each with its id; `words` is its command. Nothing is written before it is known to which office the run belongs."""

    run: str = ""
    words: str = ""
    folder: Path | None = None

    def begin(self, data_dir: Path, **facts: object) -> None:
        """Open the journal of an office, once, and say what begins."""
        if self.folder is None:
            self.folder = data_dir / FOLDER
            self.note("begin", pid=os.getpid(), **facts)

    def note(self, kind: str, **facts: object) -> None:
        """Append a line. A disk that takes none keeps nobody from working."""
        if self.folder is None:
            return
        at = datetime.now(UTC)
        line = {"at": at.isoformat(timespec="milliseconds"), "run": self.run, "kind": kind, **facts}
        file = self.folder / f"{at:%Y-%m}.jsonl"
        with contextlib.suppress(OSError):
            if not file.exists():
                self.folder.mkdir(mode=0o700, exist_ok=True)
                _sweep(self.folder, at)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab") as opened:  # one write: runs side by side don't mix their lines
                opened.write(json.dumps(line, ensure_ascii=False, default=str).encode() + b"\n")


def _sweep(folder: Path, now: datetime) -> None:
    """Remove the months before the last twelve."""
    months = now.year * 12 + now.month - 1 - _MONTHS
    oldest = f"{months // 12:04d}-{months % 12 + 1:02d}.jsonl"
    for file in folder.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9].jsonl"):
        if file.name < oldest:
            file.unlink()
