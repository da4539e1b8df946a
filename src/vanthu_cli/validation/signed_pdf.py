"""List the signatures of a PDF one by one, so that an unreadable one does not hide the others.

pyHanko's own list is all or nothing, and drops kinds it does not support with no more than a log line.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from asn1crypto import ocsp, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.form_tools import enumerate_fields_in
from pyhanko.pdf_utils.rw_common import PdfHandler
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from vanthu_cli.validation.chains import read_answer, read_certificate
from vanthu_cli.validation.graph import array, entry_of
from vanthu_cli.validation.reader import Reader
from vanthu_cli.validation.revocation_lists import RevocationList, read_list

PADES_KIND = "/ETSI.CAdES.detached"
SIGNATURE_KINDS = frozenset({PADES_KIND, "/adbe.pkcs7.detached"})
TIMESTAMP_KIND = "/ETSI.RFC3161"
_MOST_PAGES = 20_000
_MOST_VALIDATION_DATA = 64
_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True, slots=True)
class Entry:
    """A signature field that is filled: readable (`embedded`), or why not (`problem`, in pyHanko's words)."""

    name: str
    field: generic.DictionaryObject | None
    kind: str | None
    embedded: EmbeddedPdfSignature | None
    problem: str = ""

    @property
    def is_timestamp(self) -> bool:
        return self.kind == TIMESTAMP_KIND


def entries(reader: Reader) -> list[Entry]:
    """Return all filled signature fields in signing order; unreadable ones last, as they have no place in it."""
    found, seen = _in_form(reader)
    return _in_order(reader, [*found, *_outside_form(reader, seen)])


def form_entries(reader: Reader) -> list[Entry]:
    """Return those that the form lists, in the same order: nearly all there ever are, without a look at each page."""
    return _in_order(reader, _in_form(reader)[0])


def _in_form(reader: Reader) -> tuple[list[Entry], set[Any]]:
    """Return the form's entries and the references of their fields."""
    found: list[Entry] = []
    seen: set[Any] = set()
    for name, value, reference in _filled_fields(reader):
        if isinstance(reference, generic.IndirectObject):
            if reference.reference in seen:
                continue
            seen.add(reference.reference)
        found.append(_entry(reader, name, value, reference))
    return found, seen


def _in_order(reader: Reader, found: list[Entry]) -> list[Entry]:
    return sorted(
        found, key=lambda entry: entry.embedded.signed_revision if entry.embedded else reader.last_revision + 1
    )


def _filled_fields(reader: Reader) -> Iterator[tuple[str, Any, Any]]:
    """Walk every top-level entry of the form on its own: a broken or circular subtree costs only itself."""
    tops = array(entry_of(reader.root, "/AcroForm"), "/Fields")
    for number in range(len(tops)):
        try:
            yield from enumerate_fields_in(
                generic.ArrayObject([tops.raw_get(number)]),
                filled_status=True,
                refs_seen=set(),
                target_field_type="/Sig",
            )
        except (Exception, RecursionError) as error:  # noqa: BLE001  hostile structure; seen: ValueError, AssertionError, KeyError
            yield f"/Fields[{number}]", error, None


def _entry(reader: Reader, name: str, value: Any, reference: Any) -> Entry:
    if isinstance(value, Exception):
        return Entry(name, None, None, None, type(value).__name__)
    field = kind = None
    try:
        field = reference.get_object()
        kind = str(entry_of(value.get_object(), "/SubFilter"))
        if kind not in SIGNATURE_KINDS and kind != TIMESTAMP_KIND:
            return Entry(name, field, kind, None, kind)
        return Entry(name, field, kind, EmbeddedPdfSignature(reader, reference, name))
    except Exception as error:  # noqa: BLE001  seen: ValueError, CMSExtractionError, AssertionError, SignatureValidationError
        return Entry(name, field, kind, None, type(error).__name__)


def _outside_form(reader: Reader, listed: set[Any]) -> Iterator[Entry]:
    """Find signatures that a page shows as annotations but the form does not list: nothing vouches for them."""
    if not listed and reader.names_no_signature:
        return
    for page, number in pages(reader):
        for annotation, reference in annotations(page):
            field = annotation
            if reference in listed or "/FT" not in annotation:
                parent = annotation.raw_get("/Parent") if "/Parent" in annotation else None
                if reference in listed or getattr(parent, "reference", None) in listed or parent is None:
                    continue
                field = parent.get_object()
            if isinstance(field, generic.DictionaryObject) and entry_of(field, "/FT") == "/Sig" and "/V" in field:
                yield Entry(f"page {number + 1}", annotation, None, None, "outside")


def pages(handler: PdfHandler) -> Iterator[tuple[generic.DictionaryObject, int]]:
    """Yield pages with their numbers from 0, in order; a circular or endless tree ends silently."""
    stack: list[Any] = [handler.root.get("/Pages")]
    seen: set[Any] = set()
    number = 0
    while stack and number < _MOST_PAGES:
        node = stack.pop()
        if isinstance(node, generic.IndirectObject):
            if node.reference in seen:
                continue
            seen.add(node.reference)
            node = node.get_object()
        if not isinstance(node, generic.DictionaryObject):
            continue
        if "/Kids" in node:
            kids = array(node, "/Kids")
            stack.extend(kids.raw_get(index) for index in reversed(range(len(kids))))
        else:
            yield node, number
            number += 1


def annotations(page: generic.DictionaryObject) -> Iterator[tuple[generic.DictionaryObject, Any]]:
    """Yield a page's annotations, each with its reference (None where it stands in the array itself)."""
    listed = array(page, "/Annots")
    for index in range(len(listed)):
        raw = listed.raw_get(index)
        annotation = raw.get_object()
        if isinstance(annotation, generic.DictionaryObject):
            yield annotation, raw.reference if isinstance(raw, generic.IndirectObject) else None


def validation_data(
    reader: Reader,
) -> tuple[list[x509.Certificate], list[RevocationList], list[ocsp.OCSPResponse]]:
    """Return what the document security store (DSS) carries; entries that do not parse are left out."""
    store = entry_of(reader.root, "/DSS")
    return (
        _parsed(array(store, "/Certs"), read_certificate),
        _parsed(array(store, "/CRLs"), read_list),
        _parsed(array(store, "/OCSPs"), read_answer),
    )


def _parsed(streams: generic.ArrayObject, load: Callable[[bytes], _Parsed]) -> list[_Parsed]:
    found = []
    for index in range(min(len(streams), _MOST_VALIDATION_DATA)):
        try:
            found.append(load(streams[index].data))
        except Exception:  # noqa: BLE001, S112  one broken entry must not cost the others
            continue
    return found
