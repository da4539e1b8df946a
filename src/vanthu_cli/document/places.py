"""Where marks go on a page. Units: PDF points in default user space (origin and y upwards as in /Rect)."""

import math
import unicodedata
from dataclasses import dataclass

MM = 72 / 25.4
"""Points in a millimetre."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page; `page` counts from 0."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0


@dataclass(frozen=True, slots=True)
class Blank:
    """A gap left on a line for the clerk: text runs along the baseline from (x0, y0) to (x1, y1), letters `size` pt high.

    Both points are in default user space, in reading direction: on an upright page y0 = y1, on a page stored turned by
    90 degrees (/Rotate) the line runs upwards and x0 = x1.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    italic: bool = False

    @property
    def room(self) -> float:
        """Points between the two ends."""
        return math.hypot(self.x1 - self.x0, self.y1 - self.y0)


@dataclass(frozen=True, slots=True)
class SignerPlace:
    """One signer's block: the name and title printed there, the room for the signature between them, the seal's square.

    `box` is centred between title and name (NĐ 30/2020 Phụ lục I, ô 7c); `seal` lies over its left third (ô 8). Either is
    None where there is no free room on the page. `rotate` is the page's /Rotate, by which the reader's left is told.
    """

    name: str
    title: str | None
    box: Box | None
    seal: Box | None
    rotate: int = 0


@dataclass(frozen=True, slots=True)
class Places:
    """Where an outgoing document takes its marks (NĐ 30/2020 Phụ lục I, ô 3, 4, 7c and 8).

    `number`, `day`, `month`, `year` are blanks on page 1, None where the page prints the value already or leaves no
    blank; `strip` encloses all of them. `signers` in reading order: two on a joint document, the organisation's own being
    the one whose agency is printed as authority.
    """

    number: Blank | None = None
    day: Blank | None = None
    month: Blank | None = None
    year: Blank | None = None
    strip: Box | None = None
    signers: tuple[SignerPlace, ...] = ()

    def of(self, name: str) -> int | None:
        """Return the index of the signer printed with that name, a rank perhaps before it; None if there is none, or two."""
        wanted = f" {_folded(name)}"
        found = [index for index, each in enumerate(self.signers) if f" {_folded(each.name)}".endswith(wanted)]
        return found[0] if len(found) == 1 else None


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
