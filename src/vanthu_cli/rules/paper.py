"""When a paper original goes along with the electronic document (145-CV/TU points 3 and 4)."""

from dataclasses import dataclass
from typing import Literal

from vanthu_cli.config import Paper
from vanthu_cli.document.text import fold

Reason = Literal["session", "exception"]


@dataclass(frozen=True, slots=True)
class PaperCopy:
    """Paper originals owed to an agency, and why."""

    agency: str
    copies: int
    reason: Reason


def owed(paper: Paper, *, session: bool, subject: str, doc_type: str, agencies: list[str]) -> tuple[PaperCopy, ...]:
    """Return the paper copies that issuing leaves owed.

    Session papers: exactly one original, for the dossier and the archive (145-CV/TU point 4). Exception classes: one
    to each recipient, when a word of the office's own list stands in type or subject (its "Điều 8" list, point 3).
    """
    if session:
        return (PaperCopy(paper.session_to, 1, "session"),)
    text = fold(f"{doc_type} {subject}")
    if any(fold(words) in text for words in paper.exceptions if words.strip()):
        return tuple(PaperCopy(agency, 1, "exception") for agency in agencies)
    return ()
