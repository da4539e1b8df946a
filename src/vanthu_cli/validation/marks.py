"""What stands on the pages as an annotation: where, of which field, signed or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic

from vanthu_cli.validation.graph import array, entry_of
from vanthu_cli.validation.reader import Resolver
from vanthu_cli.validation.signed_pdf import annotations, pages

_DEEPEST = 32
_NOTES = frozenset(
    {"Text", "Popup", "Highlight", "Underline", "Squiggly", "StrikeOut", "Caret", "Ink", "Line", "Square", "Circle"}
)
_TOUCHING = 0.5
"""Points by which neighbours may overlap: rounding of coordinates."""
_A4 = (0.0, 0.0, 595.0, 842.0)

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """An annotation: page from 0, box in default user space, `kind` the field type (/Sig, /Tx) or None.

    `name` is the field's full name, empty for what is no field; `signed` and `filled` tell whether it has a value.
    """

    page: int
    box: Rectangle
    sheet: Rectangle
    subtype: str
    kind: str | None
    name: str
    filled: bool

    @property
    def signed(self) -> bool:
        return self.kind == "/Sig" and self.filled

    @property
    def note(self) -> bool:
        """Whether it is what readers put on a document (ISO 32000-1, 12.5.6): no field, no picture stamped on it."""
        return self.kind is None and self.subtype in _NOTES

    @property
    def area(self) -> float:
        return _area(self.box)

    @property
    def page_area(self) -> float:
        return _area(self.sheet)

    def overlaps(self, other: "Mark") -> bool:
        """Tell whether the boxes share more than an edge."""
        return (
            self.page == other.page
            and self.box[0] + _TOUCHING < other.box[2]
            and other.box[0] + _TOUCHING < self.box[2]
            and self.box[1] + _TOUCHING < other.box[3]
            and other.box[1] + _TOUCHING < self.box[3]
        )

    def covers(self, other: "Mark") -> float:
        """Return which share of the other's box, on the same page, lies under this one's."""
        width = min(self.box[2], other.box[2]) - max(self.box[0], other.box[0])
        height = min(self.box[3], other.box[3]) - max(self.box[1], other.box[1])
        return max(width, 0.0) * max(height, 0.0) / other.area if other.area else 0.0

    @property
    def title(self) -> str:
        """The field's name, or the kind of annotation."""
        return self.name or self.subtype

    def describe(self) -> str:
        """Return page and title, in no language."""
        return f"p. {self.page + 1} {self.title}"


def marks(resolver: Resolver) -> Mapping[Any, Mark]:
    """Return all annotations of a revision, looked for once: by (number, generation, page), or by place without a reference.

    By page too: the same annotation shown on one page more is one more mark.
    """
    if resolver.marks is None:
        resolver.marks = _marks(resolver)
    return resolver.marks


def _marks(resolver: Resolver) -> dict[Any, Mark]:
    found: dict[Any, Mark] = {}
    for page, number in pages(resolver):
        sheet = rectangle(_inherited(page, "/MediaBox")) or _A4
        for index, (annotation, reference) in enumerate(annotations(page)):
            key = ("direct", number, index) if reference is None else (reference.idnum, reference.generation, number)
            found[key] = Mark(
                number,
                rectangle(entry_of(annotation, "/Rect")) or (0.0, 0.0, 0.0, 0.0),
                sheet,
                str(entry_of(annotation, "/Subtype") or "").lstrip("/"),
                str(_inherited(annotation, "/FT")) if _inherited(annotation, "/FT") is not None else None,
                _full_name(annotation),
                _inherited(annotation, "/V") not in (None, "", "/Off"),
            )
    return found


def rectangle(value: Any) -> Rectangle | None:
    """Return a PDF rectangle with its corners in order, None if it is none."""
    corners = 4
    if not isinstance(value, generic.ArrayObject) or len(value) != corners:
        return None
    try:
        x0, y0, x1, y1 = (float(value[index]) for index in range(corners))  # by index: follows references
    except (TypeError, ValueError):
        return None
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _area(box: Rectangle) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _ancestry(node: generic.DictionaryObject) -> list[generic.DictionaryObject]:
    line = [node]
    while len(line) < _DEEPEST and isinstance(parent := entry_of(line[-1], "/Parent"), generic.DictionaryObject):
        line.append(parent)
    return line


def _inherited(node: generic.DictionaryObject, key: str) -> Any:
    return next((holder[key] for holder in _ancestry(node) if key in holder), None)


def _full_name(annotation: generic.DictionaryObject) -> str:
    return ".".join(str(holder["/T"]) for holder in reversed(_ancestry(annotation)) if "/T" in holder)


def boxes_of(field: generic.DictionaryObject | None) -> list[Rectangle]:
    """Return the boxes of a field's widgets: its own and its children's."""
    kids = array(field, "/Kids")
    found = [rectangle(entry_of(widget, "/Rect")) for widget in (field, *(kids[index] for index in range(len(kids))))]
    return [box for box in found if box is not None and _area(box) > 0]
