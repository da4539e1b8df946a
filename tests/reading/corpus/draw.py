"""Ways to put the same lines into a PDF: whole, word by word in any order, glyph by glyph, turned, scanned, legacy."""

import io
import unicodedata
from collections.abc import Callable
from hashlib import sha256

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen import canvas
from tests.reading.corpus.layouts import Sheet
from tests.reading.corpus.legacy import font, tcvn3, vni
from tests.reading.pages import HEIGHT, WIDTH, Text, _put_up, jpeg, photograph

Run = tuple[float, float, str, str, float]
"""x and y of the baseline from the lower left, words, font, size."""
_FACES = {"": "Regular", "b": "Bold", "i": "Italic", "bi": "BoldItalic"}


def draw(sheets: list[Sheet], layout: str, name: str) -> bytes:
    """Make the PDF of one of DRAWN; `name` seeds what is left to chance."""
    if layout == "scan":
        return _scan(sheets)
    rotate = {"rotated-90": 90, "rotated-180": 180, "rotated-270": 270}.get(layout, 0)
    out = io.BytesIO()
    paper = canvas.Canvas(out, invariant=True)
    for sheet in sheets:
        _put_up(paper, rotate, A4, (0, 0), 0)
        runs = [run for text in sheet.texts for run in _SPLITS.get(layout, _whole)(text)]
        if layout in {"words", "words-nfd"}:
            runs.sort(key=lambda run: sha256(f"{name} {run}".encode()).digest())  # in any order, the same each time
        for x, y, words, face, size in runs:
            paper.setFont(face, size)
            paper.drawString(x, y, words)
        paper.setLineWidth(0.7)
        for x, y, wide, high in sheet.boxes:
            paper.rect(x, HEIGHT - y - high, wide, high)
        paper.showPage()
    paper.save()
    return out.getvalue()


def _whole(text: Text) -> list[Run]:
    face = f"Serif{_FACES[text.face]}"
    wide = pdfmetrics.stringWidth(text.text, face, text.size)
    return [(text.x - wide / 2 if text.centred else text.x, HEIGHT - text.y, text.text, face, text.size)]


def _decomposed(text: Text) -> list[Run]:
    return [(x, y, unicodedata.normalize("NFD", words), face, size) for x, y, words, face, size in _whole(text)]


def _words(text: Text) -> list[Run]:
    ((x, y, line, face, size),) = _whole(text)
    runs = []
    for word in line.split(" "):
        if word:
            runs.append((x, y, word, face, size))
        x += pdfmetrics.stringWidth(f"{word} ", face, size)
    return runs


def _decomposed_words(text: Text) -> list[Run]:
    return [(x, y, unicodedata.normalize("NFD", words), face, size) for x, y, words, face, size in _words(text)]


def _glyphs(text: Text) -> list[Run]:
    """Place every glyph by itself, a little closer after some letters; spaces are gaps."""
    ((x, y, line, face, size),) = _whole(text)
    runs = []
    for letter in line:
        if letter != " ":
            runs.append((x, y, letter, face, size))
        x += pdfmetrics.stringWidth(letter, face, size) - (0.04 * size if letter in "AVTYPvytr" else 0)
    return runs


def _ligatures(text: Text) -> list[Run]:
    return [(x, y, words.replace("fi", "ﬁ").replace("fl", "ﬂ"), face, size) for x, y, words, face, size in _whole(text)]


def _tcvn3(text: Text) -> list[Run]:
    parts = [(font("tcvn3-capitals" if capital else "tcvn3", text.face), codes) for capital, codes in tcvn3(text.text)]
    x = text.x
    if text.centred:
        x -= sum(pdfmetrics.stringWidth(codes, face, text.size) for face, codes in parts) / 2
    runs = []
    for face, codes in parts:
        runs.append((x, HEIGHT - text.y, codes, face, text.size))
        x += pdfmetrics.stringWidth(codes, face, text.size)
    return runs


def _vni(text: Text) -> list[Run]:
    codes, face = vni(text.text), font("vni", text.face)
    wide = pdfmetrics.stringWidth(codes, face, text.size)
    return [(text.x - wide / 2 if text.centred else text.x, HEIGHT - text.y, codes, face, text.size)]


_SPLITS: dict[str, Callable[[Text], list[Run]]] = {
    "nfd": _decomposed,
    "words": _words,
    "words-nfd": _decomposed_words,
    "glyphs": _glyphs,
    "ligatures": _ligatures,
    "tcvn3": _tcvn3,
    "vni": _vni,
}
DRAWN = ("placed", "rotated-90", "rotated-180", "rotated-270", "scan", *_SPLITS)


def _scan(sheets: list[Sheet]) -> bytes:
    out = io.BytesIO()
    paper = canvas.Canvas(out, invariant=True)
    for picture in photograph(draw(sheets, "placed", ""), 80, "L"):
        paper.drawImage(jpeg(picture), 0, 0, WIDTH, HEIGHT)
        paper.showPage()
    paper.save()
    return out.getvalue()
