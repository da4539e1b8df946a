"""Bytes of mail to text: charsets that are named wrongly, encoded words that are broken. Nothing here raises."""

import codecs
import html
import re
import unicodedata
from binascii import a2b_base64, a2b_qp

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NO_BASE64 = bytes(set(range(256)) - set(_BASE64))
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
"""An encoded word (RFC 2047), leniently: some programs leave blanks in it."""
_TAG = re.compile(r"<[^<>]*>")
_NAME = re.compile(r"[\w.:-]{1,40}", re.ASCII)
_GUESSES = ("utf-8", "windows-1258", "latin-1")
_MISNAMED = {"ascii", "iso8859-1", "cp1252", "cp1258"}
"""Charsets whose names stand over text that is UTF-8, often."""
_NO_CHARSETS = {"punycode", "idna", "undefined", "unicode-escape", "raw-unicode-escape"}
"""Python codecs that are no charsets of mail; punycode takes quadratic time."""
_PIECE = re.compile(r"(?s).{1,200}(?=\s|\Z)|.{1,200}")
"""Normalisation takes quadratic time on runs of combining marks (16,000: 1 s)."""


def decode(data: bytes, declared: str) -> str:
    """Return text as what it is declared to be, if it can be that; else UTF-8, windows-1258, latin-1. NFC, no surrogates."""
    for charset in _candidates(declared):
        try:
            text = data.decode(charset)
        except (ValueError, LookupError):
            continue
        return _composed(text.encode("utf-8", "replace").decode())
    return ""


def _candidates(declared: str) -> tuple[str, ...]:
    try:
        name = codecs.lookup(declared).name if _NAME.fullmatch(declared) else ""
    except LookupError:
        name = ""
    if not name or name in _NO_CHARSETS:
        return _GUESSES
    return ("utf-8", name, *_GUESSES) if name in _MISNAMED else (name, *_GUESSES)


def _composed(text: str) -> str:
    if text.isascii():
        return text
    return "".join(unicodedata.normalize("NFC", piece) for piece in _PIECE.findall(text))


def decode_words(value: str) -> str:
    """Return a header's value as one line of text. 8-bit bytes in `value` are surrogates (PEP 383).

    Words of one charset that follow each other are decoded together: programs cut them in the middle of a letter.
    """
    pieces = list[tuple[bytes, str]]()
    end, charset = 0, ""
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        if between.strip() or not pieces:
            pieces.append((between.encode("utf-8", "surrogateescape"), ""))
        charset = word[1].partition("*")[0].lower()  # charset*language: RFC 2231 section 5
        text = word[3].encode("utf-8", "surrogateescape")
        data = base64_bytes(text) if word[2] in "bB" else a2b_qp(text, header=True)
        if pieces[-1][1] == charset:
            data = pieces.pop()[0] + data
        pieces.append((data, charset))
        end = word.end()
    pieces.append((value[end:].encode("utf-8", "surrogateescape"), ""))
    return " ".join("".join(decode(data, charset) for data, charset in pieces).split())


def base64_bytes(text: bytes) -> bytes:
    """Undo base64 up to its padding, whatever else stands in it: mailing lists append lines of their own."""
    clean = text.partition(b"=")[0].translate(None, delete=_NO_BASE64)
    whole = clean[: len(clean) - (len(clean) % 4 == 1)]
    return a2b_base64(whole + b"=" * (-len(whole) % 4))


def without_tags(text: str) -> str:
    """Return what a reader sees of HTML, roughly; styles and scripts stay as text."""
    plain = _TAG.sub(" ", text)
    try:
        return html.unescape(plain)
    except ValueError:  # &#99999…; with more digits than Python reads
        return plain
