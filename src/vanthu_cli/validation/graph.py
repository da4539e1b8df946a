"""Objects of one revision of a PDF and what they refer to. Iterative throughout: a long chain is no recursion."""

from collections.abc import Iterable, Mapping
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver

from vanthu_cli.validation.large_streams import LargeStream
from vanthu_cli.validation.stretch import Stretch

Key = tuple[int, int]
"""Number and generation of an object."""


_PLAIN = frozenset(
    {
        generic.NameObject,
        generic.NumberObject,
        generic.FloatObject,
        generic.TextStringObject,
        generic.ByteStringObject,
        generic.BooleanObject,
        generic.NullObject,
    }
)
"""What holds nothing."""
Names = tuple[tuple[Key, ...], tuple[Key, ...]]
"""The references in an object, in order: all, and those that do not stand under /Parent."""


def names_in(item: Any) -> Names:
    """Return what an object refers to. Raises as pyHanko does for an object that belongs to nothing."""
    item.get_container_ref()
    everything: list[Key] = []
    own: list[Key] = []
    stack = [(item, False)]
    while stack:
        value, under_parent = stack.pop()
        if isinstance(value, generic.IndirectObject):
            key = (value.reference.idnum, value.reference.generation)
            everything.append(key)
            if not under_parent:
                own.append(key)
        elif isinstance(value, generic.DictionaryObject):
            for name, entry in value.items():
                if type(entry) not in _PLAIN:
                    stack.append((entry, under_parent or name == "/Parent"))
        elif isinstance(value, generic.ArrayObject):
            stack.extend((entry, under_parent) for entry in value if type(entry) not in _PLAIN)
    everything.reverse()
    named = tuple(everything)
    return named, named if len(own) == len(everything) else tuple(own)


def leading_to(targets: Iterable[Key], edges: Mapping[Key, Iterable[Key]]) -> set[Key]:
    """Return the targets and every object from which one of them can be reached."""
    back: dict[Key, list[Key]] = {}
    for key, named in edges.items():
        for other in named:
            back.setdefault(other, []).append(key)
    found, stack = set[Key](), list(targets)
    while stack:
        key = stack.pop()
        if key not in found:
            found.add(key)
            stack.extend(back.get(key, ()))
    return found


def reachable(resolver: HistoricalResolver, start: Any, leaving_out: frozenset[str] = frozenset()) -> dict[Key, Any]:
    """Map every reference reachable from `start` to its object, None where the revision does not define it."""
    found: dict[Key, Any] = {}
    stack = [start]
    while stack:
        item = stack.pop()
        if isinstance(item, generic.IndirectObject):
            key = (item.idnum, item.generation)
            if key in found:
                continue
            item = found[key] = value_of(resolver, key)
        if isinstance(item, generic.DictionaryObject):  # items() decrypts nothing: no /Contents of a signature can be
            stack.extend(value for name, value in item.items() if name not in leaving_out)
        elif isinstance(item, generic.ArrayObject):
            stack.extend(item)
    return found


def value_of(resolver: HistoricalResolver, key: Key) -> Any:
    """Return the object as of this revision, None if the revision does not define it."""
    reference = generic.Reference(*key, pdf=resolver)
    if resolver.reader.xrefs.get_historical_ref(reference, resolver.revision) is None:
        return None
    return resolver.get_object(reference)


def entry_of(holder: Any, key: str) -> Any:
    """Return what stands under `key`, references followed (`get` does not), None where there is nothing."""
    return holder[key] if isinstance(holder, generic.DictionaryObject) and key in holder else None


def array(holder: Any, key: str) -> generic.ArrayObject:
    """Return the array under `key`, or an empty one for whatever else a hostile file has there."""
    value = entry_of(holder, key)
    return value if isinstance(value, generic.ArrayObject) else generic.ArrayObject()


def copied(item: Any, owner: generic.Reference, references: dict[Key, generic.Reference]) -> Any:
    """Return an object of the last revision as one of the revision that `owner` belongs to: what pyHanko calls to subsume.

    `references` are those of that revision, of each one. Numbers, names and strings are the same objects.
    """
    kind = type(item)
    if kind in _PLAIN:
        return item
    if kind is generic.DictionaryObject:
        copy: Any = generic.DictionaryObject()
        dict.update(copy, {name: copied(value, owner, references) for name, value in item.items()})
    elif kind is generic.ArrayObject:
        copy = generic.ArrayObject([copied(value, owner, references) for value in item])
    elif kind is generic.IndirectObject:
        known = item.reference
        key = (known.idnum, known.generation)
        reference = references.get(key)
        if reference is None:
            reference = references[key] = generic.Reference(*key, pdf=owner.pdf)
        copy = generic.IndirectObject.__new__(generic.IndirectObject)
        copy.reference = reference
        return copy
    elif isinstance(item, generic.StreamObject):
        entries = {name: copied(value, owner, references) for name, value in item.items()}
        data: Any = item.encoded_data
        made = LargeStream if isinstance(data, Stretch) else generic.StreamObject
        copy = made(entries, encoded_data=data)
    else:
        return item
    copy.container_ref = owner
    return copy
