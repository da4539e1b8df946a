"""Open a PDF: pyHanko's reader, taught to spare memory, to bear undefined references and to look into encrypted objects."""

import logging
import re
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import AuthStatus, StandardSecurityHandler
from pyhanko.pdf_utils.crypt.api import PdfMacStatus
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader

from vanthu_cli.mended import encoding, hexstrings, names  # noqa: F401  imported for their effect
from vanthu_cli.mended.objects import PAYLOAD_END, read_indirect
from vanthu_cli.mended.packs import Pack, pack_of
from vanthu_cli.mended.pinned import KNOWN
from vanthu_cli.mended.sections import Sections
from vanthu_cli.validation.graph import Key, Names, copied, entry_of, leading_to, names_in, reachable
from vanthu_cli.validation.large_streams import LargeStream, usable
from vanthu_cli.validation.stretch import SparingStream, Stretch

if TYPE_CHECKING:
    from vanthu_cli.validation.marks import Mark

# Every oddity of a hostile file is a log line with a traceback in pyHanko; here it becomes a reason.
for _noisy in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_noisy).setLevel(logging.CRITICAL + 1)

_SPARED = 1024
"""From how many bytes on a PDF stream of a large file stays on the disk."""
_WINDOWS = (1 << 11, 1 << 16)
"""Bytes within which an object must end to be read fast: first these, which most do, then those."""
_BEHIND = 64
"""Bytes behind a stream within which `endstream` and `endobj` must stand."""
_MANY_PAGES = 50
_PER_PAGE = 100_000
"""Bytes that are searched for a name in the time a look at one page takes."""
_NAME_SIG, _LONGEST = re.compile(rb"/(?:S|#53)(?:i|#69)(?:g|#67)"), 10
"""The name /Sig, however it is written (ISO 32000-1, 7.3.5), and any that begins so."""


_NOTHING = generic.NullObject()


class LockedError(Exception):
    """The PDF is encrypted, and not with the password given."""


class Resolver(HistoricalResolver):
    """A revision in which a reference that no revision defines is the null object (ISO 32000-1, 7.3.10)."""

    marks: "dict[Any, Mark] | None" = None
    """What stands on its pages, once somebody has looked."""
    _asked: set[Key] | None = None
    """Whose paths are known; None for all."""
    _entered: set[Key] | None = None
    """Which objects are looked into while paths are walked; None for all."""

    @cached_property
    def named_but_undefined(self) -> frozenset[Key]:
        """References reachable from /Root over all keys (/Parent too) that this revision does not define."""
        if not self._plain:
            return frozenset(key for key, value in reachable(self, self.root).items() if value is None)
        return frozenset(key for key, named in self._graph.items() if named is None)

    @cached_property
    def _graph(self) -> dict[Key, Names | None]:
        """Every reference reachable from /Root over all keys, and what its object names."""
        return self._extended({}, names_in(self.root)[0])

    @property
    def _plain(self) -> bool:
        return KNOWN and not cast("Reader", self.reader).ciphered

    def _extended(self, found: dict[Key, Names | None], start: Iterable[Key]) -> dict[Key, Names | None]:
        """Add to `found` every reference reachable from `start` with what its object names; objects are read, not copied."""
        look_up = cast("Reader", self.reader).names
        stack = list(start)
        while stack:
            key = stack.pop()
            if key not in found:
                named = found[key] = look_up(key, self.revision)
                if named:
                    stack.extend(named[0])
        return found

    def _load_reverse_xref_cache(self) -> None:
        """Let pyHanko walk all paths, but only into objects from which one can get to what will be asked for."""
        if self._indirect_object_access_cache is None and self._plain:
            try:
                self._asked = self._to_be_asked()
                self._entered = self._leading_to(self._asked)
            except Exception:  # noqa: BLE001  pyHanko, walking everything, raises what it raises
                self._asked = self._entered = None
        try:
            super()._load_reverse_xref_cache()  # type: ignore[no-untyped-call]  # pyHanko's
        finally:
            self._entered = None

    def _to_be_asked(self) -> set[Key]:
        """Return what later revisions write, and the form: other paths pyHanko's rules do not look at."""
        form = reachable(self, entry_of(self.root, "/AcroForm"), frozenset({"/Parent", "/P"}))
        return set(form) | cast("Reader", self.reader).written_after(self.revision)

    def _leading_to(self, targets: set[Key]) -> set[Key]:
        """Return the objects on any path to a target; an error where this revision names what it does not define."""
        graph = self._extended(dict(self._graph), names_in(self._owned(self.trailer_view))[0])
        edges = {key: named[1] for key, named in graph.items() if named is not None}
        if len(edges) != len(graph):
            raise PdfReadError("undefined")
        return leading_to(targets, edges)

    def _owned(self, trailer: Any) -> Any:
        trailer.container_ref = trailer.container_ref or generic.TrailerReference(self)
        return trailer

    def __call__(self, ref: generic.Reference) -> Any:
        if self._entered is not None and (ref.idnum, ref.generation) not in self._entered:
            return _NOTHING
        return self.get_object(ref)

    def _get_usages_of_ref(self, ref: generic.Reference) -> Any:
        if self._asked is not None and (ref.idnum, ref.generation) not in self._asked:
            self._asked = self._indirect_object_access_cache = None
            super()._load_reverse_xref_cache()  # type: ignore[no-untyped-call]  # pyHanko's
        return super()._get_usages_of_ref(ref)

    def _collect_indirect_references(self, obj: Any, seen: Any, since_revision: int | None = None) -> None:
        if isinstance(obj, generic.IndirectObject) and since_revision is not None:
            try:
                self.reader.xrefs.get_introducing_revision(obj.reference)
            except KeyError:
                return
        super()._collect_indirect_references(obj, seen, since_revision)  # type: ignore[no-untyped-call]  # pyHanko's

    def get_object(self, ref: generic.Reference, as_metadata_stream: bool = False) -> Any:
        found = super().get_object(ref, as_metadata_stream)
        if cast("Reader", self.reader).ciphered:
            _lay_open(found)
        return found

    def _subsume_object(self, obj: Any) -> Any:
        if self._plain:
            return self._copied(obj)
        found = super()._subsume_object(obj)  # type: ignore[no-untyped-call]  # pyHanko's
        return usable(found) if type(found) is generic.StreamObject else found

    def _copied(self, obj: Any) -> Any:
        """Do what `_subsume_object` does: the same object, its references led to this revision."""
        owner = obj.get_container_ref()
        return copied(obj, generic.Reference(owner.idnum, owner.generation, self), self._references)

    @cached_property
    def _references(self) -> dict[Key, generic.Reference]:
        return {}


class Reader(PdfFileReader):
    """pyHanko's reader, whose earlier revisions bear undefined references, and which leaves large streams unread."""

    ciphered = True  # until the trailer is read and says otherwise

    def __init__(self, pdf: Stretch, *, strict: bool) -> None:
        self.pdf = pdf
        self._packs: dict[int, Pack | None] = {}
        self._named: dict[Key, Names] = {}
        stream = pdf.stream()
        super().__init__(stream, strict=strict)
        if isinstance(stream, SparingStream):
            stream.spare(_SPARED)  # not before: the constructor reads cross-reference streams past `_read_object`
        self.ciphered = bool(self.encrypted)
        if KNOWN:
            self.xrefs: Sections = Sections(self, self.xrefs._xref_sections)  # noqa: SLF001  there is no other way to them

    def _read_object(
        self,
        ref: generic.Reference,
        marker: Any,
        never_decrypt: bool = False,
        as_metadata_stream: bool = False,
    ) -> Any:
        if KNOWN and type(marker) is int and not self.ciphered and not as_metadata_stream:
            found = self._read_fast(generic.Reference(ref.idnum, ref.generation, self), marker)
            if found is not None:
                return found
        return usable(super()._read_object(ref, marker, never_decrypt, as_metadata_stream))

    def _read_fast(self, owner: generic.Reference, start: int) -> Any:
        """Return the object that begins at `start`, None if pyHanko has to read it."""
        for size in _WINDOWS:
            found = read_indirect(bytes(self.pdf[start : start + size]), owner)
            if found is not None:
                break
            if start + size >= len(self.pdf):
                return None
        else:
            return None
        entries, payload = found
        return entries if payload is None else self._with_payload(entries, start + payload)

    def _with_payload(self, entries: generic.DictionaryObject, start: int) -> Any:
        """Return the stream whose bytes begin at `start`; they are left unread where `stream` would leave them."""
        length = entries.raw_get("/Length") if "/Length" in entries else None
        if isinstance(length, generic.IndirectObject):
            length = self.get_object(length)  # type: ignore[no-untyped-call]  # as pyHanko: in the last revision
        if type(length) is not generic.NumberObject or not 0 <= length <= len(self.pdf) - start:
            return None
        if not PAYLOAD_END.match(bytes(self.pdf[start + length : start + length + _BEHIND])):
            return None
        content = self.pdf[start : start + length]
        if isinstance(self.stream, SparingStream) and length >= _SPARED:
            stream: generic.StreamObject = LargeStream(entries, encoded_data=cast("Any", content))
        else:
            stream = generic.StreamObject(entries, encoded_data=bytes(content))
        stream.container_ref = entries.container_ref
        return stream

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> Any:
        pack = self._pack(stmnum) if KNOWN and not self.ciphered else None
        found = pack.read(idx, generic.Reference(idnum, 0, self)) if pack else None
        return super()._get_object_from_stream(idnum, stmnum, idx) if found is None else found  # type: ignore[no-untyped-call]  # pyHanko's

    def _pack(self, number: int) -> Pack | None:
        if number not in self._packs:
            try:
                self._packs[number] = pack_of(generic.Reference(number, 0, self).get_object())
            except Exception:  # noqa: BLE001  pyHanko, asked then, raises what it raises
                self._packs[number] = None
        return self._packs[number]

    def get_historical_resolver(self, revision: int) -> Resolver:
        cache = cast("dict[int, Resolver]", self._historical_resolver_cache)
        if revision not in cache:
            cache[revision] = Resolver(self, revision)
        return cache[revision]

    def names(self, key: Key, revision: int) -> Names | None:
        """Return what an object names as of a revision, None if the revision does not define it."""
        found = self._named.get(key)
        if found is not None and self.xrefs.only_in_first(key[0]):
            return found
        ref = generic.Reference(*key, pdf=self)
        if self.xrefs.get_historical_ref(ref, revision) is None:
            return None
        if self.xrefs.get_last_change(ref) > revision:
            return names_in(self.get_object(ref, revision, transparent_decrypt=False))  # type: ignore[no-untyped-call]  # pyHanko's
        if found is None:
            found = self._named[key] = names_in(self.get_object(ref, transparent_decrypt=False))  # type: ignore[no-untyped-call]  # the same
        return found

    def written_after(self, revision: int) -> set[Key]:
        later = range(revision + 1, self.last_revision + 1)
        refs = (ref for each in later for ref in self.xrefs.explicit_refs_in_revision(each))
        return {(ref.idnum, ref.generation) for ref in refs}

    @property
    def last_revision(self) -> int:
        return int(self.xrefs.total_revisions) - 1

    @property
    def names_no_signature(self) -> bool:
        """True for a file of many pages in which the name /Sig stands nowhere, and no object is packed in a stream."""
        count = entry_of(entry_of(self.root, "/Pages"), "/Count")
        return (
            isinstance(count, int)
            and count >= _MANY_PAGES
            and len(self.pdf) <= count * _PER_PAGE
            and not self.has_xref_stream
            and not self.xrefs.hybrid_xrefs_present
            and not self.pdf.holds(_NAME_SIG, _LONGEST)
        )


def _lay_open(holder: Any) -> None:
    """Put decrypted dictionaries and arrays where an object of an encrypted file holds them ciphered; no strings.

    pyHanko's difference analysis does not look into ciphered ones: a use of an object in there would count as none.
    """
    stack = [holder]
    while stack:
        item = stack.pop()
        if isinstance(item, generic.DictionaryObject):
            places: Any = list(item.items())
        elif isinstance(item, generic.ArrayObject):
            places = list(enumerate(item))
        else:
            continue
        for place, value in places:
            inner = value
            if isinstance(value, generic.DecryptedObjectProxy) and isinstance(value.raw_object, dict | list):
                inner = item[place] = value.decrypted
            if isinstance(inner, dict | list):
                stack.append(inner)


_LONGEST_TAIL = 64 << 10
"""Bytes from the end within which the last %%EOF must stand; other readers look for it in the last 1,024."""


def open_pdf(pdf: Stretch, *, strict: bool, password: str | None = None) -> Reader:
    """Open the file; PdfReadError (or worse) if it cannot be done.

    Only leniently: hybrid cross-references; an encrypted file whose authentication code (ISO/TS 32004) is not its own.
    `LockedError` if it is encrypted and `password`, the user's or the owner's, does not open it.
    """
    if b"%%EOF" not in bytes(pdf[max(len(pdf) - _LONGEST_TAIL, 0) :]):
        raise PdfReadError(
            "no end"
        )  # pyHanko would look for it byte by byte: a minute for two megabytes of anything else
    reader = Reader(pdf, strict=strict)
    if strict and reader.xrefs.hybrid_xrefs_present:
        raise PdfReadError("hybrid cross-references")
    if reader.encrypted and _unlock(reader, password) is PdfMacStatus.FAILED and strict:
        raise PdfReadError("authentication code")
    if not isinstance(entry_of(reader.root, "/Pages"), generic.DictionaryObject):
        raise PdfReadError("no pages")
    return reader


def _unlock(reader: Reader, password: str | None) -> PdfMacStatus:
    """Let the reader decipher from now on, and tell what became of the file's authentication code, if it has one."""
    if password is None or not isinstance(reader.security_handler, StandardSecurityHandler):
        raise LockedError
    try:
        result = reader.decrypt(password)
    except ValueError as error:  # a password that cannot be put into the file's encoding is not the right one
        raise LockedError from error
    if result.status is AuthStatus.FAILED and result.mac_status is not PdfMacStatus.FAILED:
        raise LockedError
    return result.mac_status
