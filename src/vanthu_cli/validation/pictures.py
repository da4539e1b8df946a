"""A second, independent pair of eyes: pages as pdfium draws them from a signed revision and from the file as it is today.

The analysis of objects is pyHanko's; whatever escapes it must still not show. What differs outside the marks of later
signatures is never valid. The same pictures, framed, go into the report.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageDraw

from vanthu_cli.validation.afterwards import Judged, Opened, issuers
from vanthu_cli.validation.findings import PERMITTED_AFTER, Comparison
from vanthu_cli.validation.marks import Mark, marks
from vanthu_cli.validation.proof import with_reasons
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.stretch import Stretch

_SCALE = 1.5
"""Pixels a point: 108 dpi."""
_MANY, _COARSE = 40, 0.5
"""From how many pages on the further ones are drawn smaller: a letter still has six pixels."""
_MOST_PAGES = 6_000
_MOST_PIXELS = 4_000_000
_STEP = 8
"""Steps of 255 in a colour that count as different: the same objects are drawn the same to the last bit."""
_INK, _PAPER = 160, 215
"""Grey up to which something is printed, and from which on it is gone."""
_MARGIN = 2
"""Pixels by which a mark's softened edge may reach beyond its box."""
_CELL = 16
_MOST_SHOWN = 6
"""Pages shown in a report for one signature."""

Frame = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Page:
    """A drawn page; `area` converts a mark's box to pixels."""

    picture: Image.Image
    turned: Any

    def area(self, mark: Mark) -> Frame:
        corners = [self.turned.to_bitmap(*corner) for corner in (mark.box[:2], mark.box[2:])]
        (left, right), (top, bottom) = (sorted(axis) for axis in zip(*corners, strict=True))
        return left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN


def compared(opened: Opened, judged: Sequence[Judged]) -> tuple[list[Judged], tuple[Reason, ...]]:
    """(Recipe, step 10.) Compare what each signed revision shows with the next one, and the last with the file.

    Only signatures that the analysis of objects lets pass: of the others it is known already.
    """
    whole = [item for item in judged if item.finding.signed_bytes and item.finding.integrity]
    alive = [item for item in whole if not item.finding.failed and item.finding.changes_after in PERMITTED_AFTER]
    first = min((item.finding.signed_bytes or 0 for item in alive), default=len(opened.pdf))
    ends = sorted({item.finding.signed_bytes or 0 for item in whole} | {len(opened.pdf)})
    ends = [end for end in ends if end >= first]
    if len(ends) == 1:
        return list(judged), ()
    try:
        changed = _differing(opened, {end: _marks_of(opened, whole, end) for end in ends}, _receivers(judged))
    except Exception as error:  # noqa: BLE001  pdfium refuses what pyHanko read: no positive evidence that nothing changed
        return list(judged), (Reason("pages-not-compared", str(error) or type(error).__name__),)
    return [_noted(item, changed) if item in alive else item for item in judged], ()


def _noted(item: Judged, changed: Mapping[int, Sequence[int]]) -> Judged:
    """Add the pages that were drawn differently in any revision after the signed one."""
    pages = {page for end, pages in changed.items() if end > (item.finding.signed_bytes or 0) for page in pages}
    if not pages:
        return item
    places = ", ".join(f"p. {page + 1}" for page in sorted(pages))
    reasons = (*item.finding.reasons, Reason("shown-otherwise", places))
    return replace(item, finding=with_reasons(item.finding, reasons, changes_after="other"))


def _receivers(judged: Sequence[Judged]) -> frozenset[str]:
    """Name the signatures made after the issuing organisation's last: their marks must hide nothing."""
    seals = issuers(judged)
    names = [item.finding.id for item in judged]
    return frozenset(names[names.index(seals[-1]) + 1 :]) if seals else frozenset()


def _marks_of(opened: Opened, whole: Sequence[Judged], end: int) -> list[Mark]:
    """Return where on the pages the signatures stand that end at `end`."""
    made = [item for item in whole if item.finding.signed_bytes == end and item.embedded]
    return [
        mark
        for item in made
        if item.embedded
        for mark in marks(opened.reader.get_historical_resolver(int(item.embedded.signed_revision))).values()
        if mark.signed and mark.name == item.finding.id
    ]


def _differing(
    opened: Opened, allowed: Mapping[int, Sequence[Mark]], receivers: frozenset[str]
) -> dict[int, list[int]]:
    """Return, by revision (its end in bytes), the pages drawn otherwise than in the one before, outside the marks allowed.

    Within a receiver's mark nothing printed may become paper: it must not hide what stood there.
    """
    found: dict[int, list[int]] = {end: [] for end in allowed}
    with ExitStack() as stack:
        documents = [stack.enter_context(_document(opened, end)) for end in allowed]
        count = len(documents[0])
        if count > _MOST_PAGES or any(len(each) != count for each in documents):
            raise ValueError(" / ".join(str(len(each)) for each in documents))
        for page in range(count):
            before = None
            for document, (end, marked) in zip(documents, allowed.items(), strict=True):
                now = _drawn(document, page, _SCALE if page < _MANY else _COARSE)
                own = [mark for mark in marked if mark.page == page]
                hiding = [mark for mark in own if mark.name in receivers]
                if before is not None and (_changed(before, now, own) or _hidden(before, now, hiding)):
                    found[end].append(page)
                before = now
    return found


def _changed(before: _Page, now: _Page, allowed: Sequence[Mark]) -> bool:
    difference = _difference(before.picture, now.picture)
    if difference is None:
        return True
    if difference.getbbox() is None:
        return False
    for mark in allowed:
        difference.paste(0, now.area(mark))
    return difference.getbbox() is not None


def _hidden(before: _Page, now: _Page, marked: Sequence[Mark]) -> bool:
    """Tell whether anything printed has become paper under a mark."""
    for mark in marked:
        area = now.area(mark)
        then, today = (page.picture.crop(area).convert("L") for page in (before, now))
        ink, paper = then.point(lambda grey: 255 * (grey <= _INK)), today.point(lambda grey: 255 * (grey >= _PAPER))
        if ImageChops.multiply(ink, paper).getbbox() is not None:
            return True
    return False


def _difference(before: Image.Image, now: Image.Image) -> Image.Image | None:
    """Return white where two pictures differ, None where they have not the same size."""
    if before.size != now.size:
        return None
    channels = ImageChops.difference(before, now).split()
    return reduce(ImageChops.lighter, channels).point(lambda step: 255 * (step >= _STEP))


@contextmanager
def _document(opened: Opened, end: int) -> Iterator[pdfium.PdfDocument]:
    part: Stretch = opened.pdf[:end]
    with pdfium.PdfDocument(part.stream(), opened.password) as document:
        document.init_forms()
        yield document


def _drawn(document: pdfium.PdfDocument, number: int, scale: float) -> _Page:
    page = document[number]
    width, height = page.get_size()
    scale = min(scale, (_MOST_PIXELS / max(width * height, 1)) ** 0.5)
    bitmap = page.render(scale=scale, may_draw_forms=True)
    return _Page(bitmap.to_pil().convert("RGB"), bitmap.get_posconv(page))


def comparisons(opened: Opened, judged: Sequence[Judged]) -> Iterator[Comparison]:
    """Show, for each signature after which something came, the pages as signed and as today where they differ."""
    for item in judged:
        end = item.finding.signed_bytes
        if not end or end == len(opened.pdf):
            continue
        later = [other for other in judged if (other.finding.signed_bytes or 0) > end]
        allowed = [
            mark
            for other in later
            if other.finding.integrity and not other.finding.failed
            for mark in _marks_of(opened, [other], other.finding.signed_bytes or 0)
        ]
        try:
            yield from _shown(opened, item.finding.id, end, allowed)
        except Exception:  # noqa: BLE001, S112  what cannot be drawn cannot be shown; the verdict stands without
            continue


def _shown(opened: Opened, name: str, end: int, allowed: Sequence[Mark]) -> Iterator[Comparison]:
    with _document(opened, end) as old, _document(opened, len(opened.pdf)) as new:
        shown = 0
        for number in range(min(len(old), len(new), _MOST_PAGES)):
            if shown == _MOST_SHOWN:
                break
            scale = _SCALE if number < _MANY else _COARSE
            before, now = _drawn(old, number, scale), _drawn(new, number, scale)
            difference = _difference(before.picture, now.picture)
            if difference is not None and difference.getbbox() is None:
                continue
            areas = [now.area(mark) for mark in allowed if mark.page == number]
            frames = _frames(difference) if difference else ((0, 0, *now.picture.size),)
            permitted = difference is not None and all(any(_within(frame, area) for area in areas) for frame in frames)
            yield Comparison(
                name, number, _png(before.picture), _png(_framed(now.picture, frames, areas)), frames, permitted
            )
            shown += 1


def _within(frame: Frame, area: Frame) -> bool:
    """Tell whether a frame, which is rounded up to cells, lies in an area."""
    return (
        frame[0] >= area[0] - _CELL
        and frame[1] >= area[1] - _CELL
        and frame[2] <= area[2] + _CELL
        and frame[3] <= area[3] + _CELL
    )


def _frames(difference: Image.Image) -> tuple[Frame, ...]:
    """Return boxes around what differs, neighbouring cells together."""
    width, height = (-(-side // _CELL) for side in difference.size)
    cells = {
        (x, y)
        for y in range(height)
        for x in range(width)
        if difference.crop((x * _CELL, y * _CELL, (x + 1) * _CELL, (y + 1) * _CELL)).getbbox()
    }
    found = []
    while cells:
        group, front = set(), [cells.pop()]
        while front:
            x, y = front.pop()
            group.add((x, y))
            near = {(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)} & cells
            cells -= near
            front += near
        columns, rows = ([place[axis] for place in group] for axis in (0, 1))
        found.append((min(columns) * _CELL, min(rows) * _CELL, (max(columns) + 1) * _CELL, (max(rows) + 1) * _CELL))
    return tuple(sorted(found, key=lambda frame: (frame[1], frame[0])))


def _framed(picture: Image.Image, frames: Sequence[Frame], areas: Sequence[Frame]) -> Image.Image:
    """Draw a frame around each change: green within a later signature's mark, red elsewhere."""
    copy = picture.copy()
    pen = ImageDraw.Draw(copy)
    for frame in frames:
        colour = (0, 128, 0) if any(_within(frame, area) for area in areas) else (200, 0, 0)
        pen.rectangle(frame, outline=colour, width=3)
    return copy


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()
