"""Pieces of text with boxes to the lines a reader sees: rows of one baseline, parted where columns part.

A piece is what was drawn in one go; producers break lines into pieces as they like and in any order, so a line is put
together from left to right by geometry alone. Units: PDF points, y upwards.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from statistics import median

from vanthu_cli.document.symbol import tidy
from vanthu_cli.reading.legacy import Encoding, letter, marked

# All in letters' widths (em), measured on LibreOffice and reportlab pages (number-and-seal, section B).
_WORD_GAP = 0.17
_PIECE_GAP = 0.6
_COLUMN_GAP = 3.0
_STYLE_GAP = 1.2  # where the type changes as well: the agency in bold, beside it the date in italics
_BLANK_GAP = 10.0
_SAME_ROW = 0.3
_MARK_OVER = 0.8  # marks of VNI fonts stand over letters, or beside them
_OPEN_LINES = 8
_STAMP_LETTERS, _STAMP_STEP, _STAMP_NEAR = 12, 1.8, 30
_SIZES = 1.4
"""Letters of one line differ in size at most by that: small capitals have 0.8 of it, a stamp beside the line less."""
# Recognised text (OCR) is often set in a font without shapes: its letters have a width and no height.
_FLAT, _DESCENT, _ASCENT = 0.01, 0.2, 0.7

# A blank left for the clerk may be wider than the gap between two columns: "Số          -CV/TU".
_BLANKS = (
    (re.compile(r"(?:^|\s)S[ốỐ]\s*:?[\s.…_]*$"), re.compile(r"[-–—/.…_\d]")),
    (re.compile(r"ngày[\s.…_]*$"), re.compile(r"tháng|[.…_\d]")),
    (re.compile(r"tháng[\s.…_]*$"), re.compile(r"năm|[.…_\d]")),
)


Rect = tuple[float, float, float, float]
"""x0, y0, x1, y1."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of one column. `edges` are the left and right edge of every character of `text`, blanks included."""

    text: str
    edges: tuple[tuple[float, float], ...]
    y0: float
    y1: float
    baseline: float
    size: float
    bold: bool
    italic: bool

    @property
    def x0(self) -> float:
        return self.edges[0][0]

    @property
    def x1(self) -> float:
        return self.edges[-1][1]

    @property
    def centre(self) -> float:
        return (self.x0 + self.x1) / 2

    def cut(self, start: int, end: int) -> "Line":
        """Return the part `text[start:end]` without the blanks round it."""
        part = self.text[start:end]
        start += len(part) - len(part.lstrip())
        end = start + len(part.strip())
        return Line(
            self.text[start:end],
            self.edges[start:end],
            self.y0,
            self.y1,
            self.baseline,
            self.size,
            self.bold,
            self.italic,
        )


@dataclass(frozen=True, slots=True)
class Font:
    """How letters are set: size in points as drawn, style, how the font writes them, whether they run along the lines."""

    size: float
    bold: bool
    italic: bool
    encoding: Encoding = ""
    along: bool = True


@dataclass(slots=True)
class Piece:
    """Characters drawn one after another on one baseline without a gap; those of old fonts in Unicode already."""

    baseline: float
    font: Font
    chars: list[str] = field(default_factory=list)
    edges: list[tuple[float, float]] = field(default_factory=list)
    y0: float = float("inf")
    y1: float = float("-inf")
    size: float = field(init=False)

    def __post_init__(self) -> None:
        self.size = self.font.size  # asked for with every character

    @property
    def text(self) -> str:
        return "".join(self.chars)

    def add(self, char: str, box: Rect, *, blank: bool = False) -> None:
        x0, y0, x1, y1 = box
        if blank:
            self.chars.append(" ")
            self.edges.append((self.edges[-1][1], x0))
        self.chars.append(letter(self.font.encoding, char) if self.font.encoding else char)
        self.edges.append((x0, x1))
        # This runs for every character of a page; min() and max() cost three times as much.
        if y0 < self.y0:  # noqa: PLR1730
            self.y0 = y0
        if y1 > self.y1:  # noqa: PLR1730
            self.y1 = y1

    def joins(self, mark: str, box: Rect) -> bool:
        """Put a mark on the last letter, if it is one; the box of a combining one counts for the height only."""
        whole, (left, right) = None, self.edges[-1]
        if unicodedata.combining(mark):
            whole = unicodedata.normalize("NFC", self.chars[-1] + mark)
        elif self.font.encoding == "vni" and (whole := marked(self.chars[-1], mark)):
            self.edges[-1] = left, max(right, box[2])  # in these fonts some marks take room of their own
        if whole is None:
            return False
        self.chars[-1] = whole
        self.y1 = max(self.y1, box[3])
        return True

    def goes_on(self, x0: float, baseline: float) -> bool:
        """Tell whether a character that begins at `x0` was drawn right after this piece."""
        gap = x0 - self.edges[-1][1]
        same_row = abs(baseline - self.baseline) <= _SAME_ROW * self.size
        back = _MARK_OVER if self.font.encoding == "vni" else _SAME_ROW
        return same_row and -back * self.size <= gap <= _PIECE_GAP * self.size


def lines_of(pieces: Iterable[Piece]) -> list[Line]:
    """Return the lines that pieces in any order make, top down and left to right."""
    lines = [_line(chain) for row in _rows(pieces) for chain in _chains(row)]
    return sorted(lines, key=lambda line: (-line.baseline, line.x0))


def stacked(lines: Iterable[Line]) -> Iterator[str]:
    """Yield what short lines say together that stand closely one over the other: a stamp may be wrapped ("TUYỆT" / "MẬT").

    `lines` from the top down; of a row with a great many only the next few are looked at.
    """
    short = [line for line in lines if len(line.text) <= _STAMP_LETTERS]
    for upper, lower in ((one, other) for at, one in enumerate(short) for other in short[at + 1 : at + _STAMP_NEAR]):
        step = upper.baseline - lower.baseline
        if 0 < step < _STAMP_STEP * lower.size and abs(upper.centre - lower.centre) < lower.size:
            yield f"{upper.text} {lower.text}"


def _rows(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Group pieces of one baseline; a number stamped by another program may sit a little off."""
    row: list[Piece] = []
    for piece in sorted(pieces, key=lambda one: -one.baseline):
        if row and row[0].baseline - piece.baseline > _SAME_ROW * min(row[0].size, piece.size):
            yield row
            row = []
        row.append(piece)
    if row:
        yield row


def _chains(row: list[Piece]) -> list[list[Piece]]:
    """Chain a row's pieces from left to right into lines; text printed over other text becomes a line of its own."""
    chains: list[list[Piece]] = []
    for piece in sorted(row, key=lambda one: one.edges[0][0]):
        for chain in reversed(chains[-_OPEN_LINES:]):
            last = chain[-1]
            gap = piece.edges[0][0] - last.edges[-1][1]
            if max(piece.size, last.size) > _SIZES * min(piece.size, last.size):
                continue
            if abs(piece.edges[0][0] - last.edges[0][0]) < _SAME_ROW * last.size and piece.chars == last.chars:
                break  # drawn twice for a bolder look
            near = -_SAME_ROW * last.size <= gap
            if near and (gap <= _STYLE_GAP * last.size or gap <= _reach(last, piece) * last.size):
                chain.append(piece)
                break
        else:
            chains.append([piece])
    return chains


def _reach(before: Piece, after: Piece) -> float:
    if any(left.search(before.text) and right.match(after.text) for left, right in _BLANKS):
        return _BLANK_GAP
    alike = (before.font.bold, before.font.italic) == (after.font.bold, after.font.italic)
    return _COLUMN_GAP if alike else _STYLE_GAP


def _line(chain: list[Piece]) -> Line:
    chars: list[str] = []
    edges: list[tuple[float, float]] = []
    for piece in chain:
        if edges and piece.edges[0][0] - edges[-1][1] > _WORD_GAP * piece.size:
            chars.append(" ")
            edges.append((edges[-1][1], piece.edges[0][0]))
        for char, edge in zip(piece.chars, piece.edges, strict=True):
            # A cluster that NFC cannot make one character still gets an edge for each of them.
            plain = char if char == " " else _plain(char)
            chars.extend(plain)
            edges.extend([edge] * len(plain))
    first = chain[0]
    y0, y1 = min(piece.y0 for piece in chain), max(piece.y1 for piece in chain)
    if y1 - y0 < _FLAT * first.size:
        y0, y1 = first.baseline - _DESCENT * first.size, first.baseline + _ASCENT * first.size
    text, spread = _close_up("".join(chars), edges)
    return Line(
        text,
        tuple(spread),
        y0,
        y1,
        first.baseline,
        first.size,
        first.font.bold,
        first.font.italic,
    )


_plain = lru_cache(maxsize=4096)(tidy)


def _close_up(text: str, edges: list[tuple[float, float]]) -> tuple[str, list[tuple[float, float]]]:
    """Close up letter-spaced words ("T Ố I   M Ậ T" to "TỐI MẬT"): a blank stays only where the gap is a wide one."""
    words = text.split(" ")
    if len(words) < 3 or not all(len(word) == 1 and word.isalpha() for word in words):  # noqa: PLR2004  "M Ậ T"
        return text, edges
    letters = edges[::2]
    gaps = [right[0] - left[1] for left, right in pairwise(letters)]
    wide = 1.6 * median(gaps)
    closed, spread = [words[0]], [letters[0]]
    for gap, word, before, edge in zip(gaps, words[1:], letters, letters[1:], strict=False):
        if gap > wide:
            closed.append(" ")
            spread.append((before[1], edge[0]))
        closed.append(word)
        spread.append(edge)
    return "".join(closed), spread
