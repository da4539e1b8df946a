"""When a paper original goes along with the electronic document (145-CV/TU points 3 and 4)."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from vanthu_cli.config.settings import Paper

Reason = Literal["session", "exception"]
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


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
    found = {paper.session_to: PaperCopy(paper.session_to, 1, "session")} if session else dict[str, PaperCopy]()
    text = _words(f"{doc_type} {subject}")
    if any(_words(phrase) in text for phrase in paper.exceptions if phrase.strip()):
        found = {agency: PaperCopy(agency, 1, "exception") for agency in agencies} | found
    return tuple(found.values())


def _words(text: str) -> str:
    """Return the words between blanks. Diacritics count (“mật” is not “mặt”), the place of the tone doesn't (hoà, hòa)."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).lower())
    return "".join(f" {_tone_last(word)}" for word in words) + " "


def _tone_last(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    return "".join(sorted(letters, key=_TONES.__contains__))
