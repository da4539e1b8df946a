"""The index of words: what of a document can be found, and the questions that a clerk's words become (SQLite FTS5).

The one room for what only SQLite's full-text search knows. Words are folded (no diacritics, đ = d), for FTS5 folds no đ. Beside them
stand keys that begin with a letter of the private use area, which nobody types: each beginning of a number ("145" is found by "14"), the whole
of number and symbol, the whole name of the agency, and each two words that stand together: Vietnamese words are syllables, of which
one says little and is everywhere, so that only pairs are quick to find among a million. A document's entry is made anew at the end of each step that changed it.
"""

import re
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise

from vanthu_cli.document.agency import name_key
from vanthu_cli.document.symbol import tidy
from vanthu_cli.document.text import fold

_HALF, _WHOLE, _CODE, _NAME, _PAIR = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
_NUMBERED = r"(?:so\s*:?\s*)?0*([0-9]{1,9})\s*[-/]\s*(\S.*)"
_APART = "\x1e"
_FIELDS = (
    "doc_type", "subject", "signer", "signer_title", "sender", "day", "file", "session", "places", "keeper", "note", "progress",
    "urgency",
)  # fmt: skip
_LONGEST = 200_000
"""Letters of a document's text that are indexed."""


def entry_of(row: sqlite3.Row) -> str:
    """Return what of a document's row is indexed: name, agency and the other fields, as `folded` keeps it."""
    number, symbol = row["number"], row["symbol"] or ""
    keys = [*_beginnings(number), *_beginnings(row["arrival_number"])]
    if number is not None and symbol:
        keys.append(_whole(number, symbol))
    named, issuer = words_of(symbol), words_of(row["agency"] or "")
    plain = [str(each) for each in (number, row["arrival_number"]) if each is not None]
    name = [*plain, *named, *keys, *_pairs(named)]
    agency = [*issuer, *_pairs(issuer), *_codes(row["agency_code"])]
    if issuer:
        agency.append(_named(issuer))
    field = list[str]()
    for each in _FIELDS:
        if row[each]:
            said = words_of(str(row[each]))
            field += [*said, *_pairs(said)]
    return _APART.join(" ".join(part) for part in (name, agency, field))


def _pairs(words: Sequence[str]) -> list[str]:
    return [f"{_PAIR}{one}\ue00f{two}" for one, two in pairwise(words)]


def _named(words: Sequence[str]) -> str:
    """Return the key of an agency's whole name, abbreviations written out."""
    return f"{_NAME}{name_key(' '.join(words)).replace(' ', '')}"


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are indexed: letters and digits, folded."""
    return re.findall(r"[^\W_]+", fold(text))


def reindex(connection: sqlite3.Connection, identities: Collection[int]) -> None:
    """Make the entries of documents anew where they differ from what is indexed."""
    for identity in identities:
        row = connection.execute("SELECT * FROM document WHERE id = ?", (identity,)).fetchone()
        entry = entry_of(row)
        if entry == row["folded"]:
            continue
        text = _text(connection, identity)
        if row["folded"]:
            _remove(connection, identity, row["folded"], text)
        _insert(connection, identity, entry, text)
        connection.execute("UPDATE document SET folded = ? WHERE id = ?", (entry, identity))


def set_text(connection: sqlite3.Connection, identity: int, text: str) -> None:
    """Keep and index the text of a document's pages, or take it away ("")."""
    row = connection.execute("SELECT * FROM document WHERE id = ?", (identity,)).fetchone()
    before, after, entry = _text(connection, identity), " ".join(words_of(text[:_LONGEST])), entry_of(row)
    if row["folded"]:
        _remove(connection, identity, row["folded"], before)
    connection.execute("DELETE FROM body WHERE document = ?", (identity,))
    if after:
        packed = zlib.compress(after.encode())
        connection.execute("INSERT INTO body (document, text) VALUES (?, ?)", (identity, packed))
    _insert(connection, identity, entry, after)
    connection.execute("UPDATE document SET folded = ? WHERE id = ?", (entry, identity))


def purge(connection: sqlite3.Connection) -> None:
    """Make what was taken out of the index vanish from it: FTS5 only marks it as gone until its parts are merged."""
    connection.execute("INSERT INTO words (words) VALUES ('optimize')")


def _text(connection: sqlite3.Connection, identity: int) -> str:
    row = connection.execute("SELECT text FROM body WHERE document = ?", (identity,)).fetchone()
    return zlib.decompress(row[0]).decode() if row else ""


def _insert(connection: sqlite3.Connection, identity: int, entry: str, text: str) -> None:
    values = (identity, *entry.split(_APART), text)
    connection.execute("INSERT INTO words (rowid, name, agency, field, body) VALUES (?, ?, ?, ?, ?)", values)


def _remove(connection: sqlite3.Connection, identity: int, entry: str, text: str) -> None:
    values = (identity, *entry.split(_APART), text)
    connection.execute(
        "INSERT INTO words (words, rowid, name, agency, field, body) VALUES ('delete', ?, ?, ?, ?, ?)", values
    )


def _beginnings(number: int | None) -> list[str]:
    digits = "" if number is None else str(number)
    return [f"{_HALF}{digits[:end]}" for end in range(1, len(digits) + 1)]


def _plain(text: str) -> str:
    return "".join(c for c in fold(text) if c.isalnum())


def _whole(number: int, symbol: str) -> str:
    return f"{_WHOLE}{number}{_plain(symbol)}"


def _codes(code: str | None) -> list[str]:
    return [f"{_CODE}{_plain(code)}"] if code else []


def questions(
    text: str, known: Callable[[str], bool], *, agency: str = "", column: str = "", apart: bool = False
) -> Iterator[tuple[str, bool]]:
    """Yield the FTS5 expressions to ask, one after the other until one finds something, and whether words stand together in it.

    "145-CV/TU" is that number; "14" is every number, arrival number or word that begins so. Words are looked for together, as typed; then with
    one gap, for a clerk writes one thing after the other; then anywhere. Words that are an agency's whole name are that agency;
    `known` tells whether the index has a term. `agency` is a code, or words of the agency's name; `column` narrows the words to one
    column; `apart` looks for them anywhere at once.
    """
    of = [f"agency : ({_of_agency(agency, known)})"] if agency else []
    numbered = re.fullmatch(_NUMBERED, tidy(fold(text)).strip())
    if numbered and any(c.isalpha() for c in numbered[2]):
        key = _quoted(_whole(int(numbered[1]), numbered[2]))
        yield _all([key, *of]), True
        yield _all([f"{key} *", *of]), True
    words = words_of(text)
    narrow = f"{column} : " if column else ""
    if len(words) > 1 and not apart:
        issuer, rest = _issuer(words, known)
        for terms in _together(rest):
            yield _all([*(f"{narrow}({_quoted(term)})" for term in terms), *issuer, *of]), True
    anywhere = [f"{narrow}({_word(word)})" for word in words]
    if anywhere or of:
        yield _all([*anywhere, *of]), False
    if words and len(words[-1]) > 1:
        yield _all([*anywhere[:-1], f"{narrow}{_quoted(words[-1])} *", *of]), False


def _issuer(words: list[str], known: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """Part off the words that are an agency's whole name, at the beginning or the end; return its term and the rest."""
    for length in range(len(words), 1, -1):
        for some, rest in ((words[:length], words[length:]), (words[-length:], words[:-length])):
            key = _quoted(_named(some))
            if known(key):
                return [key], rest
    return [], words


def _together(words: list[str]) -> Iterator[list[str]]:
    """Yield the terms of words that stand together: all of them, then with a gap in each place."""
    pairs = _pairs(words)
    yield pairs or words
    for gap in range(len(pairs)) if len(pairs) > 1 else ():
        # What stands alone between the gap and an end must be asked for itself.
        alone = [words[0]] if gap == 0 else []
        alone += [words[-1]] if gap == len(pairs) - 1 else []
        yield [*pairs[:gap], *pairs[gap + 1 :], *alone]


def _all(parts: Sequence[str]) -> str:
    return " AND ".join(f"({part})" for part in parts)


def _of_agency(agency: str, known: Callable[[str], bool]) -> str:
    """Return the term of an agency that is named by its code or its whole name, else its words: an OR would be slow."""
    words = name_key(agency).split()
    for key in (_quoted(_CODE + _plain(agency)), _quoted(_named(words))):
        if known(key):
            return key
    return " AND ".join(_quoted(word) for word in words) or _quoted(_CODE)


def _word(word: str) -> str:
    if not (word.isascii() and word.isdecimal()):
        return _quoted(word)
    number = word.lstrip("0") or word
    return " OR ".join(_quoted(each) for each in dict.fromkeys([f"{_HALF}{number}", word]))


def _quoted(word: str) -> str:
    return f'"{word}"'  # words hold letters and digits, keys what _plain leaves
