"""Plain aligned tables: no colour to depend on, readable in a pipe, cheap to start (rich costs 45 ms a command)."""

import os
import unicodedata
from collections.abc import Sequence

from vanthu_cli.document.text import shown

_GAP = "  "
_LEAST = 10
"""Columns: a date stays whole."""
_PAGE = 160
_style = {"plain": False}


def use_plain(*, wanted: bool) -> None:
    """Write tables as headings and rows with tabs between, nothing drawn or cut: for screen readers and other programs."""
    _style["plain"] = wanted


def width(text: str) -> int:
    """Return columns on a terminal: combining marks take none."""
    return sum(not unicodedata.combining(c) for c in text)


def terminal_width() -> int:
    """Return the columns of the terminal; without one, wide enough for a page (shutil's way costs 2 ms of imports)."""
    try:
        return os.get_terminal_size(1).columns
    except (OSError, ValueError):
        return _PAGE


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table; the widest column gives way when the terminal is narrow.

    When it is too narrow for columns, each row is a paragraph, a line for each cell that is not empty.
    """
    if not rows:
        return []
    cells = [[unicodedata.normalize("NFC", shown(" ".join(cell.split()))) for cell in row] for row in (headings, *rows)]
    if _style["plain"]:
        return ["\t".join(row) for row in cells]
    widths = [max(width(row[column]) for row in cells) for column in range(len(headings))]
    room = terminal_width() - len(_GAP) * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _LEAST:
        widths[widths.index(max(widths))] -= 1
    if sum(widths) > room:
        named = (zip(cells[0], row, strict=True) for row in cells[1:])
        return [line for row in named for line in ["", *(f"{name}: {cell}" for name, cell in row if cell)]][1:]
    lines = [_GAP.join(_fit(cell, at) for cell, at in zip(row, widths, strict=True)).rstrip() for row in cells]
    return [lines[0], _GAP.join("─" * at for at in widths), *lines[1:]]


def _fit(cell: str, room: int) -> str:
    if width(cell) > room:
        cell = cell[: room - 1] + "…"
    return cell + " " * (room - width(cell))
