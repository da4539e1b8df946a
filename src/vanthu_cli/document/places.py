"""Where marks go on a page. Units: PDF points in default user space (origin and y upwards as in /Rect)."""

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
    """A gap left on a line for the clerk: between `x0` and `x1`, text stands on `baseline`, letters `size` pt high."""

    x0: float
    x1: float
    baseline: float
    size: float
    italic: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """Where an outgoing document takes its marks (NĐ 30/2020 Phụ lục I, ô 3, 4, 7c and 8).

    `number`, `day`, `month`, `year` are blanks on page 1, None where the page prints the value already or leaves no
    blank; `strip` encloses all of them. `signer` is the room for the leader's signature between title and name;
    `seal` is a 36 mm square over its left third.
    """

    number: Blank | None
    day: Blank | None
    month: Blank | None
    year: Blank | None
    strip: Box | None
    signer: Box | None
    seal: Box | None
