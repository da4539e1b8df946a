"""Vietnamese text: folding for search, names that are safe on every system, text that is safe on a terminal or in a row."""

import re
import unicodedata
from collections.abc import Sequence
from typing import TypeVar, cast

_T = TypeVar("_T")

# Đ has no decomposition; Ð (Icelandic) and Ɖ (African) look the same and are typed for it.
_SPELLINGS = str.maketrans({"đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ɖ": "d", "Ɖ": "D"})
_MARKS = dict.fromkeys(range(0x300, 0x370))
"""Combining diacritical marks (Unicode, category Mn)."""
_FORBIDDEN = r'[\\/:*?"<>|]+'
# Windows: devices keep their names whatever suffix follows; its superscript digits count as digits.
_RESERVED = r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)"
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_MAX_NAME_BYTES = 200
_MAX_SUFFIX_BYTES = 20
_NOT_IN_MAILBOXES = set('<>()[],;:"\\@')
_UNSTORABLE = "[\0\ud800-\udfff]"


def fold(text: str) -> str:
    """Return lower case without diacritics: "Quyết định" and "QUYET DINH" become "quyet dinh" (đ too)."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", text.translate(_SPELLINGS).lower()).translate(_MARKS)
    if decomposed.isascii():  # all of Vietnamese is by now
        return decomposed
    return "".join(c for c in decomposed if unicodedata.category(c) not in {"Mn", "Cf"})


_LETTERS = {
    letter: place
    for place, letter in enumerate("0123456789aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")
}  # fmt: skip
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}


def sort_key(text: str) -> tuple[list[int], list[int], str]:
    """Return what Vietnamese text is sorted by: letters a ă â b c d đ e ê …; then tones: none, huyền, hỏi, ngã, sắc, nặng.

    ủy and uỷ, composed and decomposed stand together.
    """
    letters, tones = list[int](), list[int]()
    for word in unicodedata.normalize("NFC", text).lower().split():
        tone = 0
        for c in word:
            parts = unicodedata.normalize("NFD", c)
            tone = max([tone, *(_TONES.get(each, 0) for each in parts)])
            bare = unicodedata.normalize("NFC", "".join(each for each in parts if each not in _TONES))
            letters.append(_LETTERS.get(bare, len(_LETTERS) + ord(c)))
        letters.append(-1)
        tones.append(tone)
    return letters, tones, text


def safe_name(name: str) -> str:
    """Return a file name that Windows and Linux both take: no separators, control or reserved names, at most 200 bytes."""
    seen = "".join(c for c in name if unicodedata.category(c) not in _UNSEEN)
    plain = re.sub(_FORBIDDEN, "-", unicodedata.normalize("NFC", " ".join(seen.split()))).strip(" .-") or "file"
    if len(plain.encode()) > _MAX_NAME_BYTES:
        plain = _cut(plain)
    return f"_{plain}" if re.match(_RESERVED, plain) else plain


def apart(names: Sequence[str]) -> list[str]:
    """Return names that no file system takes for one another: capitals aside, the second of a name is “name (2).pdf”."""
    taken, found = set[str](), list[str]()
    for name in names:
        stem, dot, suffix = name.rpartition(".") if "." in name[1:] else (name, "", "")
        fresh, count = name, 1
        while fold(fresh) in taken:
            count += 1
            fresh = f"{stem} ({count}){dot}{suffix}"
        taken.add(fold(fresh))
        found.append(fresh)
    return found


def _cut(name: str) -> str:
    """Shorten a name, keeping what looks like its suffix."""
    stem, dot, suffix = name.rpartition(".")
    if len(suffix.encode()) > _MAX_SUFFIX_BYTES:
        stem, dot, suffix = name, "", ""
    room = _MAX_NAME_BYTES - len(f"{dot}{suffix}".encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .-") + dot + suffix


def shown(text: str) -> str:
    """Return text as it may go to a terminal: no control characters, no escape sequences, no bidi overrides."""
    if text.isprintable():  # nearly always, and then nothing is to be replaced
        return text
    return "".join(c if unicodedata.category(c) not in _UNSEEN - {"Co"} or c == "\u200d" else "�" for c in text)


def storable(value: _T) -> _T:
    """Return a value as a database takes it: text of broken mail and PDFs holds half characters (surrogates) and NULs."""
    return cast("_T", re.sub(_UNSTORABLE, "�", value)) if isinstance(value, str) else value


def is_mailbox(text: str) -> bool:
    """Tell whether text is one plain mail address; a domain without a dot is fine (145-CV/TU point 4)."""
    local, _at, domain = text.rpartition("@")
    return bool(local and domain) and not any(
        c.isspace() or c in _NOT_IN_MAILBOXES or unicodedata.category(c) in _UNSEEN for c in local + domain
    )


def wire_address(address: str) -> str:
    """Return an address as it travels: the domain in A-labels (RFC 5890), what stands before the @ as it is (RFC 6531)."""
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode()}" if not domain.isascii() else address
    except UnicodeError:
        return address


def mailbox_key(address: str) -> str:
    """Return an address as addresses are compared: capitals, composition and the way a domain is written don't count."""
    local, at, domain = wire_address(unicodedata.normalize("NFC", address)).rpartition("@")
    return f"{local.lower()}{at}{domain.lower()}"
