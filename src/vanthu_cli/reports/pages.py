"""What all PDFs to be printed share: the typeface, which letters it has, and pages that say how many there are (reportlab)."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

import vanthu_cli

REGULAR, BOLD, ITALIC = (f"LiberationSerif-{style}" for style in ("Regular", "Bold", "Italic"))
_FONTS = Path(vanthu_cli.__file__).parent / "fonts"


@lru_cache(maxsize=1)
def load_fonts() -> None:
    """Make the typeface known to reportlab, before anything is measured or drawn."""
    for name in (REGULAR, BOLD, ITALIC):
        pdfmetrics.registerFont(TTFont(name, str(_FONTS / f"{name}.ttf")))


def drawable(text: str, instead: Callable[[str], str] = lambda _letter: "□") -> str:
    """Return the text with a box, or what `instead` makes of them, for letters that the typeface lacks."""
    known = pdfmetrics.getFont(REGULAR).face.charToGlyph
    return "".join(each if ord(each) in known else instead(each) for each in text)


def counted(foot: Callable[[Any, str], None]) -> type:
    """Return a canvas class that has `foot` draw on each page "3/12": of a paper, no sheet must be missing unseen.

    Its pages are held back until it is known how many there are.
    """

    class Counted(Canvas):  # type: ignore[misc]  # reportlab ships no types
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._held: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802  reportlab's name
            self._held.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, state in enumerate(held := self._held, 1):
                self.__dict__.update(state)
                self.setFont(REGULAR, 9)
                foot(self, f"{number}/{len(held)}")
                super().showPage()
            super().save()

    return Counted
