"""The words of an IMAP command (RFC 3501 section 9): atoms, strings, literals, lists, sets of numbers, flags."""

import re
from collections import deque
from collections.abc import Sequence

from vanthu_cli.sandbox.mailboxes import INBOX

SYSTEM_FLAGS = {flag.lower(): flag for flag in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft")}
# A quoted string; a literal, NUL standing for it; a parenthesis; or an atom, which may hold a [section with blanks].
_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\0)|([()])|((?:[^\s()"\0\[\]]|\[[^\]]*\])+)')

Word = bytes | list["Word"]


class RefusedError(Exception):
    """The command is answered "NO …" or "BAD …"."""


def words(line: bytes, literals: deque[bytes]) -> list[Word]:
    """Cut a command line into words; each NUL in it is the next of the literals."""
    stack: list[list[Word]] = [[]]
    for quoted, literal, parenthesis, atom in _WORD.findall(line):
        if parenthesis == b"(":
            stack.append([])
        elif parenthesis:
            inner = stack.pop()
            if not stack:
                raise RefusedError("BAD a parenthesis too many")
            stack[-1].append(inner)
        elif literal:
            stack[-1].append(literals.popleft())
        else:
            stack[-1].append(atom or re.sub(rb"\\(.)", rb"\1", quoted))
    if len(stack) > 1:
        raise RefusedError("BAD a parenthesis is open")
    return stack[0]


def text(word: Word) -> str:
    if isinstance(word, list):
        raise RefusedError("BAD a list stands where a word should")
    return word.decode(errors="replace")


def flags(word: Word) -> frozenset[str]:
    names = [text(flag) for flag in (word if isinstance(word, list) else [word])]
    return frozenset(SYSTEM_FLAGS.get(name.lower(), name) for name in names)


def folder_name(word: Word) -> str:
    """Return the mailbox's name as it came (modified UTF-7, so ASCII); it names a directory too."""
    name = text(word)
    if name.upper() == INBOX:
        return INBOX
    if not re.fullmatch(r"[^./\0][^/\0]*", name):
        raise RefusedError("NO [CANNOT] such a mailbox name is not possible here")
    return name


def chosen(word: Word, view: Sequence[int], *, by_uid: bool) -> list[int]:
    """Return the UIDs of a set such as `1,4:7,9:*` among those in view; numbers that are not there are left out."""
    numbers = view if by_uid else range(1, len(view) + 1)
    last = numbers[-1] if numbers else 0
    single, ranges = set[int](), list[tuple[int, int]]()
    for part in text(word).split(","):
        ends = [last if end == "*" else int(end) for end in part.split(":")]
        if len(ends) == 1:
            single.add(ends[0])
        else:
            ranges.append((min(ends), max(ends)))
    return [
        uid
        for number, uid in zip(numbers, view, strict=True)
        if number in single or any(low <= number <= high for low, high in ranges)
    ]
