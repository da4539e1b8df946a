"""The index of words: what of a document can be found, and the questions that a clerk's words become (SQLite FTS5).

The one room for what only SQLite's full-text search knows. Words are folded (no diacritics, đ = d), for FTS5 folds no đ. Beside them
stand keys that begin with a letter of the private use area, which nobody types: each beginning of a number ("145" is found by "14"), and the whole
of number and symbol. A document's entry is made anew at the end of each step that changed it.
"""

import re
import sqlite3
import zlib
from collections.abc import Collection

from vanthu_cli.document.text import fold

_HALF, _WHOLE, _CODE = "\ue000", "\ue001", "\ue002"
_NUMBERED = re.compile(r"0*([0-9]{1,9})\s*[-/]\s*(\S.*)")
_APART = "\x1e"
_FIELDS = (
    "doc_type", "subject", "signer", "signer_title", "sender", "day", "file", "session", "places", "keeper", "note", "progress",
    "urgency",
)  # fmt: skip
_COLUMNS = ("name", "agency", "field", "body")
_LONGEST = 200_000
"""Letters of a document's text that are indexed."""


def entry_of(row: sqlite3.Row) -> str:
    """Return what of a document's row is indexed: name, agency and the other fields, as `folded` keeps it."""
    number, symbol = row["number"], row["symbol"] or ""
    keys = [*_beginnings(number), *_beginnings(row["arrival_number"])]
    if number is not None and symbol:
        keys.append(_whole(number, symbol))
    name = " ".join([*words_of(f"{number or ''} {symbol} {row['arrival_number'] or ''}"), *keys])
    agency = " ".join([*words_of(row["agency"] or ""), *_codes(row["agency_code"])])
    field = " ".join(words_of(" ".join(str(row[each]) for each in _FIELDS if row[each])))
    return _APART.join([name, agency, field])


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


def questions(text: str, *, agency: str = "", column: str = "") -> list[str]:
    """Return the FTS5 expressions to ask, one after the other until one finds something: exact, then with words half typed.

    "145-CV/TU" is that number; "14" is every number, arrival number or word that begins so; other words stand anywhere.
    `agency` is a code, or words of the agency's name; `column` narrows the words to one column.
    """
    ways, words = list[list[str]](), words_of(text)
    numbered = _NUMBERED.fullmatch(text.strip())
    if numbered and any(c.isalpha() for c in numbered[2]):
        key = _quoted(_whole(int(numbered[1]), numbered[2]))
        ways += [[key], [f"{key} *"]]
    narrow = f"{column} : " if column else ""
    exact = [f"{narrow}({_word(word)})" for word in words]
    ways.append(exact)
    if words and len(words[-1]) > 1:
        ways.append([*exact[:-1], f"{narrow}{_quoted(words[-1])} *"])
    of = [f"agency : ({_agency_words(agency)})"] if agency else []
    return list(dict.fromkeys(" AND ".join(f"({part})" for part in [*way, *of]) for way in ways if [*way, *of]))


def _agency_words(agency: str) -> str:
    words = " AND ".join(_quoted(word) for word in words_of(agency))
    return f"{_quoted(_CODE + _plain(agency))}" + (f" OR ({words})" if words else "")


def _word(word: str) -> str:
    if not (word.isascii() and word.isdecimal()):
        return _quoted(word)
    number = word.lstrip("0") or word
    return " OR ".join(_quoted(each) for each in dict.fromkeys([f"{_HALF}{number}", word]))


def _quoted(word: str) -> str:
    return f'"{word}"'  # words hold letters and digits, keys what _plain leaves
