"""A change that pyHanko does not permit: was something shown altered, or were only number and date added?

pyHanko answers yes or no; the contract wants three answers. Everything here can only soften "invalid" to
"unknown", and only on positive evidence that nothing shown was altered.
"""

from typing import Any

import pypdfium2 as pdfium
from PIL import ImageChops
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver

from vanthu_cli.validation.findings import Change
from vanthu_cli.validation.graph import Key, entry_of, reachable, value_of
from vanthu_cli.validation.marks import Mark, Rectangle, marks
from vanthu_cli.validation.reader import Reader, Resolver
from vanthu_cli.validation.signed_pdf import pages
from vanthu_cli.validation.stretch import Stretch

_UNSHOWN = frozenset({"/StructTreeRoot", "/Metadata", "/MarkInfo", "/DSS", "/Extensions", "/PieceInfo"})
"""Catalog entries that draw nothing."""
_ROOT_MAY_CHANGE = _UNSHOWN | {"/AcroForm", "/Version"}
_FORM_MAY_CHANGE = frozenset({"/Fields", "/SigFlags", "/DR", "/DA", "/NeedAppearances", "/Q"})
_SIGNING_MAY_CHANGE = frozenset({"/V", "/AP", "/F", "/Ff", "/Type"})
_NEVER_NAMED = frozenset({"/XRef", "/ObjStm", "/Metadata"})
"""Streams that belong to the file's own structure, or that writers leave behind when they write a newer one."""
_NUMBER_KINDS = frozenset({"FreeText", "Stamp", "Widget"})
_NUMBER_AREA = 0.6
"""Number and date stand in the upper 40 % of page 1 (NĐ 30/2020 Phụ lục I, ô 3 and 4)."""
_NUMBER_HEIGHT = 60.0
_LIGHTER = 24
"""Steps of grey (of 255) that count as something being covered; below is anti-aliasing."""
_SCALE = 2.0


def differences(reader: Reader, revision: int) -> tuple[Change, ...]:
    """List what differs between the signed revision and the last one, in no language."""
    old, new = _both(reader, revision, reader.last_revision)
    changed = altered(reader, revision, reader.last_revision)
    before, now = marks(old), marks(new)
    drawn = pages(old) if changed else ()  # most often nothing is: then no page need be looked through
    found = [Change("content", "content", number) for page, number in drawn if changed & _drawn_by(old, page)]
    found += [Change("removed", mark.title, mark.page) for key, mark in before.items() if key not in now]
    found += [
        Change("altered", mark.title, mark.page) for key, mark in before.items() if changed & drawn_by_mark(old, key)
    ]
    for key, mark in now.items():
        if key not in before or (mark.signed and not before[key].signed):
            found.append(Change("signed" if mark.signed else "added", mark.title, mark.page))
    if not found and changed:
        found.append(Change("other", f"{len(changed)} objects", None))
    return tuple(found)


def nothing_shown(reader: Reader, revision: int, passed: frozenset[str], *, notes: bool = False) -> bool:
    """Tell whether all that is altered since `revision` lies where nothing is drawn (structure tree, metadata).

    `passed` names the fields of later signatures that passed: a field may also claim another's signature as its own.
    `notes`: annotations that a reader makes may have been added.
    """
    old, new = _both(reader, revision, reader.last_revision)
    shown = {_key(old.root_ref), *reachable(old, old.root, _UNSHOWN)}
    before, now = marks(old), marks(new)
    changed = altered(reader, revision, reader.last_revision)
    return (
        _key(old.root_ref) == _key(new.root_ref)
        and not changed & shown
        and not any(_packs(value_of(old, key)) for key in changed)
        and not old.named_but_undefined & set(reachable(new, new.root))
        and before.keys() <= now.keys()
        and all(mark.name in passed or (notes and mark.note) for key, mark in now.items() if key not in before)
    )


def only_numbered(
    reader: Reader,
    pdf: Stretch,
    signed: tuple[int, int],
    sealed: tuple[int, int],
    passed: frozenset[str],
    *,
    password: str | None,
) -> bool:
    """Tell whether between two revisions only marks in the number and date area came, hiding and altering nothing.

    `signed` and `sealed` are revision number and end (bytes) of the earlier signature and of the organisation's;
    `passed` as above; `password` opens an encrypted file.
    """
    old, new = _both(reader, signed[0], sealed[0])
    if altered(reader, signed[0], sealed[0]) or old.named_but_undefined & set(reachable(new, new.root)):
        return False
    before, now = marks(old), marks(new)
    if any(key not in now or now[key].box != mark.box for key, mark in before.items()):
        return False
    added = [mark for key, mark in now.items() if key not in before and mark.name not in passed]
    old_boxes = [mark for mark in before.values() if mark.area]
    return (
        bool(added)
        and all(_is_number(mark) and not any(mark.overlaps(other) for other in old_boxes) for mark in added)
        and _hides_nothing((pdf[: signed[1]], pdf[: sealed[1]]), [mark.box for mark in added], password)
    )


def _is_number(mark: Mark) -> bool:
    height = mark.sheet[3] - mark.sheet[1]
    return (
        mark.page == 0
        and mark.subtype in _NUMBER_KINDS
        and mark.kind in (None, "/Tx")
        and mark.box[1] >= mark.sheet[1] + _NUMBER_AREA * height
        and mark.box[3] - mark.box[1] <= _NUMBER_HEIGHT
    )


def _hides_nothing(revisions: tuple[Stretch, Stretch], boxes: list[Rectangle], password: str | None) -> bool:
    """Compare page 1 as drawn in both revisions: inside the boxes no pixel may have become lighter."""
    shots = []
    for revision in revisions:
        with pdfium.PdfDocument(revision.stream(), password) as document:
            document.init_forms()
            page = document[0]
            if page.get_rotation():
                return False
            left, _bottom, _right, top = page.get_cropbox()
            shots.append(page.render(scale=_SCALE).to_pil().convert("L"))
    for x0, y0, x1, y1 in boxes:
        corner = [(x0 - left) * _SCALE - 1, (top - y1) * _SCALE - 1, (x1 - left) * _SCALE + 1, (top - y0) * _SCALE + 1]
        window = (round(corner[0]), round(corner[1]), round(corner[2]), round(corner[3]))
        lighter = ImageChops.subtract(shots[1].crop(window), shots[0].crop(window))
        if any(lighter.histogram()[_LIGHTER:]):
            return False
    return True


def _both(reader: Reader, first: int, last: int) -> tuple[Resolver, Resolver]:
    return reader.get_historical_resolver(first), reader.get_historical_resolver(last)


def _drawn_by(old: HistoricalResolver, page: generic.DictionaryObject) -> set[Key]:
    return {_key(page.container_ref), *reachable(old, page, frozenset({"/Parent", "/Annots", "/B"}))}


def drawn_by_mark(old: HistoricalResolver, key: Any) -> set[Key]:
    """Return the objects that draw a mark, by its key among `marks`."""
    if key[0] == "direct":
        return set()
    own = key[:2]
    return {own, *reachable(old, value_of(old, own), frozenset({"/Parent", "/P", "/V", "/Popup", "/A"}))}


def touched(reader: Reader, first: int, last: int) -> set[Key]:
    """Return the objects that the revisions after `first` write or free."""
    found: set[Key] = set()
    for revision in range(first + 1, last + 1):
        step = reader.get_historical_resolver(revision)
        refs = step.explicit_refs_in_revision() | step.refs_freed_in_revision()  # type: ignore[no-untyped-call]  # pyHanko's
        found |= {(ref.idnum, ref.generation) for ref in refs}
    return found


def altered(reader: Reader, first: int, last: int) -> set[Key]:
    """Return objects of revision `first` that later revisions rewrite or free, unless the change only adds.

    Only adding are: annotations to a page, fields to the form, a signature to an empty signature field, validation
    data and metadata to the catalog.
    """
    old, new = _both(reader, first, last)
    additive = _additive_places(old)
    return {
        key
        for key in touched(reader, first, last)
        if (before := value_of(old, key)) is not None
        and key not in additive.get("free", ())
        and not _only_adds(before, value_of(new, key), additive, key)
    }


def _additive_places(old: HistoricalResolver) -> dict[str, set[Key]]:
    """Return which objects of the old revision are what: they may grow in their own ways only."""
    places: dict[str, set[Key]] = {"root": {_key(old.root_ref)}, "lists": set(), "form": set(), "free": set()}
    trailer = old.trailer_view
    for holder, name, kind in (
        (trailer, "/Info", "free"),
        (old.root, "/Metadata", "free"),
        (old.root, "/AcroForm", "form"),
    ):
        _note(places[kind], holder, name)
    _note(places["lists"], entry_of(old.root, "/AcroForm"), "/Fields")
    for page, _number in pages(old):
        _note(places["lists"], page, "/Annots")
    return places


def _note(keys: set[Key], holder: Any, name: str) -> None:
    raw = holder.get(name) if isinstance(holder, generic.DictionaryObject) else None
    if isinstance(raw, generic.IndirectObject):
        keys.add(_key(raw))


def _key(reference: Any) -> Key:
    return int(reference.idnum), int(reference.generation)


def _only_adds(before: Any, after: Any, places: dict[str, set[Key]], key: Key) -> bool:
    plain = isinstance(before, generic.DictionaryObject) and isinstance(after, generic.DictionaryObject)
    if isinstance(before, generic.StreamObject) or not plain:
        grown = key in places["lists"] and isinstance(before, generic.ArrayObject) and _grown(before, after)
        return grown or _identical(before, after)
    may_change, growing = frozenset[str](), ""
    if key in places["root"]:
        may_change = _ROOT_MAY_CHANGE
    elif key in places["form"]:
        may_change, growing = _FORM_MAY_CHANGE, "/Fields"
    elif before.get("/Type") == "/Page":
        may_change, growing = frozenset({"/Annots"}), "/Annots"
    elif before.get("/FT") == "/Sig" and "/V" not in before and "/V" in after:
        may_change = _SIGNING_MAY_CHANGE
    return _same(before, after, may_change) and _list_grew(before, after, growing) and _form_grew(before, after)


def _packs(before: Any) -> bool:
    """Tell whether an object is a stream of other objects (ISO 32000-1, 7.5.7), which nothing names."""
    return isinstance(before, generic.StreamObject) and before.get("/Type") == "/ObjStm"


def form_looks_otherwise(reader: Reader, revision: int, later: int) -> bool:
    """Tell whether a form with fields to be filled is drawn by other rules than in the signed revision.

    Viewers draw fields anew by /NeedAppearances, /DA, /Q and the fonts in /DR; more fonts beside the old ones do nothing.
    """
    old, new = (entry_of(one.root, "/AcroForm") for one in _both(reader, revision, later))
    if not isinstance(old, generic.DictionaryObject) or not isinstance(new, generic.DictionaryObject):
        return False
    same = all(entry_of(old, key) == entry_of(new, key) for key in ("/NeedAppearances", "/DA", "/Q"))
    if same and _kept(entry_of(old, "/DR"), entry_of(new, "/DR")):
        return False
    return any(mark.kind not in (None, "/Sig") for mark in marks(reader.get_historical_resolver(revision)).values())


def _kept(before: Any, after: Any) -> bool:
    """Tell whether nested dictionaries still have all their entries."""
    if not isinstance(before, generic.DictionaryObject):
        return before is None or before == after
    if not isinstance(after, generic.DictionaryObject):
        return False
    for key in before:
        if key not in after:
            return False
        raw, later = before.raw_get(key), after.raw_get(key)
        if raw != later and not (isinstance(raw, dict) and _kept(raw, later)):
            return False
    return True


def unused(reader: Reader, revision: int) -> int:
    """Return how many objects the revisions after `revision` define without using them."""
    found = 0
    for later in range(revision + 1, reader.last_revision + 1):
        step = reader.get_historical_resolver(later)
        trailer = step.trailer_view
        used = set(reachable(step, step.root)) | {_key(step.root_ref)}
        for name in ("/Info", "/Encrypt"):
            used |= set(reachable(step, trailer.raw_get(name) if name in trailer else None))
        found += sum(1 for key in touched(reader, later - 1, later) - used if not _serves(value_of(step, key)))
    return found


def _serves(value: Any) -> bool:
    """Tell whether an object is none, or one of the file's own structure (cross-references, packed objects)."""
    return value is None or (isinstance(value, generic.StreamObject) and value.get("/Type") in _NEVER_NAMED)


def _identical(before: Any, after: Any) -> bool:
    if isinstance(before, generic.StreamObject) and isinstance(after, generic.StreamObject):
        return bool(before.encoded_data == after.encoded_data) and _same(before, after, frozenset())
    return type(before) is type(after) and bool(before == after)


def _form_grew(before: generic.DictionaryObject, after: generic.DictionaryObject) -> bool:
    """Check the form that stands inside the catalog itself; as an object of its own it is looked at as such."""
    if "/AcroForm" not in before:
        return True
    form, later = before.raw_get("/AcroForm"), after.raw_get("/AcroForm") if "/AcroForm" in after else None
    if not isinstance(form, generic.DictionaryObject) or not isinstance(later, generic.DictionaryObject):
        return bool(form == later)
    return _same(form, later, _FORM_MAY_CHANGE) and _list_grew(form, later, "/Fields")


def _list_grew(before: generic.DictionaryObject, after: generic.DictionaryObject, name: str) -> bool:
    return name not in before or (name in after and _grown(before[name], after[name]))


def _grown(before: Any, after: Any) -> bool:
    """Tell whether an array still begins with all it had, in the same order."""
    return isinstance(after, generic.ArrayObject) and list(after)[: len(before)] == list(before)


def _same(before: generic.DictionaryObject, after: generic.DictionaryObject, leaving_out: frozenset[str]) -> bool:
    keys = before.keys() - leaving_out
    return keys == after.keys() - leaving_out and all(before.raw_get(name) == after.raw_get(name) for name in keys)
