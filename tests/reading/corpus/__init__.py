"""A measuring set for the reader: documents of known truth as many programs would have made their PDFs.

Half of the cases ("tune") may be looked at while the reader is worked on; the other half ("held") only measures.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

from tests.reading.corpus.draw import draw
from tests.reading.corpus.facts import Doc, Truth, documents
from tests.reading.corpus.layouts import sheets
from tests.reading.corpus.overlays import OVERLAYS, print_over
from tests.reading.corpus.writer import WRITTEN, convert

_SECOND = ("placed", "words", "glyphs", "nfd", "ligatures", "words-nfd")
_THIRD = ("tcvn3", "rotated-90", "vni", "scan", "rotated-270", "tcvn3", "vni", "scan", "rotated-180")
_SCANNED: Truth = {"recipients": ()}


@dataclass(frozen=True)
class CorpusCase:
    """`truth`: what is to be read (None: absent); a page without text (`needs_ocr`) has only Nones in it."""

    name: str
    layout: str
    part: Literal["tune", "held"]
    truth: Truth
    needs_ocr: bool
    overlays: tuple[str, ...]
    make: Callable[[], bytes]


@cache
def cases() -> list[CorpusCase]:
    found = []
    for index, doc in enumerate(documents()):
        layouts = [list(WRITTEN)[index % len(WRITTEN)], _SECOND[index % len(_SECOND)]]
        if index % 2 == 0:
            layouts.append(_THIRD[index // 2 % len(_THIRD)])
        found += [
            _case(doc, layout, number) for layout, number in zip(layouts, (index, index + 5, index), strict=False)
        ]
    return found


def _case(doc: Doc, layout: str, turn: int) -> CorpusCase:
    name = f"{doc.key}-{layout}"
    # Legacy pages are older than signature tools, a scan's stamp is on the paper already.
    over = (OVERLAYS[turn // 2 % len(OVERLAYS)],) if turn % 2 and layout not in {"tcvn3", "vni", "scan"} else ()
    if layout.startswith("rotated"):
        over = ()  # drawn upright on a page that is stored turned, an overlay would lie on its side
    scan = layout == "scan"
    truth = doc.truth if not scan else dict.fromkeys(doc.truth) | _SCANNED
    part: Literal["tune", "held"] = "tune" if sha256(name.encode()).digest()[0] % 2 else "held"
    return CorpusCase(name, layout, part, truth, scan, over, lambda: print_over(_plain(doc, layout, name), over))


def _plain(doc: Doc, layout: str, name: str) -> bytes:
    return _converted()[name] if layout in WRITTEN else draw(sheets(doc), layout, name)


@cache
def _converted() -> dict[str, bytes]:
    by_key = {doc.key: doc for doc in documents()}
    wanted = {
        case.name: (by_key[case.name.removesuffix(f"-{case.layout}")], case.layout)
        for case in cases()
        if case.layout in WRITTEN
    }
    with tempfile.TemporaryDirectory() as folder:
        return convert(wanted, Path(folder))
