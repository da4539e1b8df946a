"""A document as a word processor's paragraphs, tables and frames: what writer.py and ooxml.py put into their formats."""

import textwrap
from dataclasses import dataclass
from itertools import zip_longest

from tests.reading.corpus.facts import Doc, Signer
from tests.reading.corpus.prose import basis, behind, body, operative


@dataclass(frozen=True)
class Style:
    """Sizes in points, distances in millimetres; `stops`: centred tab stops."""

    size: float = 13
    bold: bool = False
    italic: bool = False
    align: str = "left"
    indent: float = 0
    left: float = 0
    right: float = 0
    before: float = 0
    boxed: bool = False
    small: bool = False
    new_page: bool = False
    stops: tuple[float, ...] = ()


@dataclass(frozen=True)
class Para:
    """`spans`: (style of the letters, words); a tab stands in the words."""

    style: str
    spans: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """Columns of the `widths` in millimetres, no borders."""

    widths: tuple[float, float]
    rows: tuple[tuple[tuple[Para, ...], tuple[Para, ...]], ...]


@dataclass(frozen=True)
class Frame:
    """A text frame at x, y (from the paragraph it hangs on), in millimetres."""

    x: float
    y: float
    wide: float
    high: float
    paras: tuple[Para, ...]
    boxed: bool = False


Block = Para | Table | Frame
_STOPS = (34.0, 118.0)


def styles(doc: Doc) -> dict[str, Style]:
    size = 13 if len(doc.key) % 2 else 14
    found = {
        "plain": Style(13, align="center"),
        "agency": Style(13, bold=True, align="center"),
        "title": Style(12, bold=True, align="center"),
        "motto": Style(13, bold=True, align="center"),
        "date": Style(13, italic=True, align="center"),
        "about": Style(12, align="center", italic=doc.kind == "party"),
        "tabbed": Style(13, stops=_STOPS),
        "type": Style(15, bold=True, align="center", before=4, small="smallcaps" in doc.flags),
        "subject": Style(14, bold=True, align="center"),
        "operative": Style(14, bold=True, align="center", before=2),
        "address": Style(size, left=25),
        "basis": Style(size, italic=True, align="justify", indent=12.7, before=1),
        "body": Style(size, align="justify", indent=12.7, before=2),
        "mark": Style(13, bold=True, align="center", left=8, right=118, before=2, boxed=True),
        "draft": Style(12, italic=True),
        "office": Style(13, bold=True, align="center"),
        "heading": Style(12, bold=True, italic=True),
        "item": Style(11, stops=(8.0,)),
        "gap": Style(6),
        "new-page": Style(13, bold=True, align="center", new_page=True),
        "line": Style(12),
        "italic": Style(13, italic=True, align="center"),
        "centre": Style(13, bold=True, align="center"),
    }
    if {"no-bold", "all-bold"} & doc.flags:
        bold = "all-bold" in doc.flags
        found = {name: Style(**{**style.__dict__, "bold": bold}) for name, style in found.items()}
    return found


def blocks(doc: Doc, form: str) -> list[Block]:
    """Return the document with a head of the `form` table, rows, narrow, tabs or frame."""
    middle = [*_marks(doc, form), *_middle(doc)]
    return [*_head(doc, form), *middle, *_foot(doc, form), *_behind(doc)]


def para(style: str, text: str) -> Para:
    return Para(style, ((style, text),))


def _head(doc: Doc, form: str) -> list[Block]:
    broken = form in {"tabs", "frame"}
    agency = doc.agency if form != "narrow" else (" ".join(doc.agency),)
    names = [para("plain", part) for line in doc.parent for part in _broken(line, broken)]
    names += [para("agency", part) for line in agency for part in _broken(line, broken)]
    names.append(para("plain", "*" if doc.kind == "party" else "_______"))
    number = [para("plain", doc.number_line)]
    if doc.letter and doc.subject:
        number += [para("about", part) for part in _broken(doc.subject, broken, 30)]
    top = [para("motto" if index else "title", line) for index, line in enumerate(doc.title)]
    top += [para("plain", "_" * 18)] if doc.title else []
    day = [para("date", doc.at)]
    widths = (52.0, 113.0) if form == "narrow" else (70.0, 95.0)
    if form == "rows":
        return [Table(widths, ((tuple(names), tuple(top)), (tuple(number), tuple(day))))]
    filled = [para("plain", "")] * (len(names) - len(top))
    left, right = [*names, *number], [*top, *filled, *day]
    if form == "tabs":
        return [_pair(one, other) for one, other in zip_longest(left, right)]
    if form == "frame":
        wanted = len(left) - len(right)
        beside = [Para("beside", line.spans) for line in right] + [para("beside", "")] * max(wanted + 1, 1)
        return [Frame(0, 0, 68, 6.2 * len(left) + 8, tuple(left)), *beside]
    return [Table(widths, ((tuple(left), tuple(right)),))]


def _pair(left: Para | None, right: Para | None) -> Para:
    spans: list[tuple[str, str]] = [("plain", "\t")]
    if left:
        spans += [(style, text.replace("\t", " " * 8)) for style, text in left.spans]
    if right:
        spans += [("plain", "\t"), *right.spans]
    return Para("tabbed", tuple(spans))


def _broken(text: str, wanted: bool, limit: int = 22) -> list[str]:
    return textwrap.wrap(text, limit, break_on_hyphens=False) if wanted else [text]


def _marks(doc: Doc, form: str) -> list[Block]:
    found: list[Block] = []
    for mark in (doc.secrecy, doc.urgency):
        if mark and form == "frame":
            found += [Frame(10, 0, 10 + 3.4 * len(mark), 7, (para("agency", mark),), boxed=True), para("plain", "")]
        elif mark:
            found.append(para("mark", mark))
    if "draft" in doc.flags:
        found.append(para("draft", "Dự thảo lần 2"))
    return [*found, para("gap", "")]


def _middle(doc: Doc) -> list[Block]:
    found: list[Block] = []
    if not doc.letter:
        found += [para("type", doc.typed_type), para("subject", doc.subject), para("plain", "_______")]
        found += [para("operative", line) for line in doc.issuer]
    if len(doc.to) == 1:
        found.append(para("address", f"Kính gửi: {doc.to[0]}"))
    elif doc.to:
        found += [para("address", "Kính gửi:"), *(para("address", f"- {one};") for one in doc.to)]
    found += [para("basis", line) for line in basis(doc)]
    words = operative(doc)
    if words:
        found.append(para("operative", words))
    return [*found, *(para("body", line) for line in body(doc)), para("gap", "")]


def _foot(doc: Doc, form: str) -> list[Block]:
    signer = _signer(doc.signer)
    if doc.partner or "two-columns" in doc.flags:
        beside = _signer(doc.partner) if doc.partner else ()
        return [Table((82, 83), ((beside, signer),)), *_recipients(doc)]
    if form == "tabs":
        lines = [part for line in _recipients(doc) for part in _item_lines(line)]
        return [_foot_line(one, other) for one, other in zip_longest(lines, signer)]
    return [Table((75, 90), ((tuple(_recipients(doc)), signer),))]


def _item_lines(line: Para) -> list[Para]:
    return [Para(line.style, ((line.style, part),)) for part in textwrap.wrap(line.spans[0][1], 38)]


def _foot_line(left: Para | None, right: Para | None) -> Para:
    spans = list(left.spans) if left else []
    if right and right.spans[0][1]:
        spans += [("plain", "\t"), *right.spans]
    return Para("signed", tuple(spans))


def _signer(signer: Signer) -> tuple[Para, ...]:
    return (
        *(para("office", line) for line in signer.lines),
        *[para("office", "")] * 4,
        para("office", signer.printed),
    )


def _recipients(doc: Doc) -> list[Para]:
    items = list(doc.listed)
    if "two-columns" in doc.flags:
        half = (len(items) + 1) // 2
        rows = zip_longest(items[:half], items[half:], fillvalue="")
        return [para("heading", "Nơi nhận:"), *(para("columns", "\t".join(row).rstrip()) for row in rows)]
    return [para("heading", "Nơi nhận:"), *(para("item", item) for item in items)]


def _behind(doc: Doc) -> list[Block]:
    found: list[Block] = []
    for index, (style, line) in enumerate(behind(doc)):
        if style == "pair":
            left, right = line.split("|")
            rows = (((para("plain", left),), (para("agency", right),)),)
            found += [para("new-page", "")] if not index else []
            found.append(Table((70, 95), rows))
        else:
            found.append(para("new-page" if not index else style, line))
    return found


EXTRA = {
    "beside": Style(13, align="center", left=70),
    "signed": Style(13, stops=(120.0,)),
    "columns": Style(11, stops=(-85.0,)),
}
"""Styles that no document changes; a negative stop is aligned left."""
