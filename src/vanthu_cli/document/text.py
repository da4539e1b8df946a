"""Vietnamese text: folding for search, names that are safe on every system, text that is safe on a terminal."""

import re
import unicodedata

_SPELLINGS = str.maketrans({"đ": "d", "Đ": "D"})
_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_MAX_NAME_BYTES = 200


def fold(text: str) -> str:
    """Return lower case without diacritics: "Quyết định" and "QUYET DINH" become "quyet dinh" (đ too)."""
    decomposed = unicodedata.normalize("NFD", text.translate(_SPELLINGS))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower()


def safe_name(name: str) -> str:
    """Return a file name that Windows and Linux both take: no separators, control or reserved names, at most 200 bytes."""
    plain = "".join(
        c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co"}
    )
    plain = _FORBIDDEN.sub("-", plain).strip(" .-") or "file"
    if _RESERVED.match(plain):
        plain = "_" + plain
    stem, dot, suffix = plain.rpartition(".")
    if not dot:
        stem, suffix = plain, ""
    tail = f"{dot}{suffix}".encode()
    while len(stem.encode()) + len(tail) > _MAX_NAME_BYTES and stem:
        stem = stem[:-1]
    return stem + tail.decode() or "file"


def shown(text: str) -> str:
    """Return text as it may go to a terminal: no control characters, no escape sequences, no bidi overrides."""
    return "".join(c if unicodedata.category(c) not in {"Cc", "Cf", "Cs"} or c == "\u200d" else "�" for c in text)
