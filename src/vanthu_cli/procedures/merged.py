"""Strangers' PDFs made plain, and joined into one to read.

What remains of them are pages, with what signatures and stamps show drawn on them; no scripts, no actions, no files inside, no
layers. The joining copies from disk to disk: a dossier may be larger than the memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

_MOST_OBJECTS = 300_000
# What a page is drawn by (ISO 32000-2, table 31); everything else a page may carry goes: actions, annotations, files, scripts.
_PAGE = {
    "/Type", "/Parent", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/Rotate", "/UserUnit", "/Group",
    "/Resources", "/Contents",
}  # fmt: skip
_IN_STREAMS = {
    "/F", "/FFilter", "/FDecodeParms", "/Ref", "/OPI", "/AF", "/Metadata", "/PieceInfo", "/Alternates", "/Measure", "/PtData",
    "/StructParent", "/StructParents",
}  # fmt: skip
# Actions, file specifications and layers are known by what they are: keys say little, for fonts and glyphs may be named "JS" or "F".
_ARMED = {
    "/Filespec", "/Action", "/OCG", "/OCMD",
    "/JavaScript", "/Launch", "/URI", "/GoTo", "/GoToR", "/GoToE", "/GoToDp", "/SubmitForm", "/ResetForm", "/ImportData", "/Rendition",
    "/Movie", "/Sound", "/Hide", "/Named", "/SetOCGState", "/Trans", "/GoTo3DView", "/RichMediaExecute", "/Thread",
}  # fmt: skip
# By what layers are not shown (ISO 32000-2, 8.11): the state they begin with, their usage, the policy of several together.
_HIDING = {"/BaseState": {"/OFF"}, "/ViewState": {"/OFF"}, "/PrintState": {"/OFF"}, "/P": {"/AllOff", "/AnyOff"}}


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain copy: its pages, and whether layers that were hidden can be seen in it."""

    pages: int
    layers: bool = False


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A bookmark, and the page it leads to, 0 being the first after the index; `inner`: under the last one that is not."""

    title: str
    page: int
    inner: bool = False


def make_plain(source: Path, target: Path, most: int) -> Plain | str:
    """Write a PDF's pages and nothing else; return what became of it, or "locked", "broken", "too-long".

    What annotations and signature fields show (number, date, seal) is drawn into the page first, as a viewer would show it.
    """
    import pikepdf

    try:
        with pikepdf.open(source, suppress_warnings=True) as pdf:
            if len(pdf.pages) > most or len(pdf.objects) > _MOST_OBJECTS:
                return "too-long"
            layers = "/OCProperties" in pdf.Root and any(map(_hides, _dictionaries(pdf)))
            if "/NeedAppearances" in pdf.Root.get("/AcroForm", {}):  # what fields show would be left to the viewer
                del pdf.Root.AcroForm.NeedAppearances
            pdf.flatten_annotations("all")
            _only(pdf.Root, {"/Type", "/Pages"})
            del pdf.docinfo
            for page in pdf.pages:
                _only(page, _PAGE)
            for each in _dictionaries(pdf):
                _disarm(each)
            pdf.save(target, encryption=False, fix_metadata_version=False)
            return Plain(len(pdf.pages), layers) if pdf.pages else "broken"
    except pikepdf.PasswordError:
        return "locked"
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError):
        return "broken"


def _only(holder: Any, keys: set[str]) -> None:
    for key in holder.keys() - keys:
        del holder[key]


def _dictionaries(pdf: Any) -> Iterator[Any]:
    """Yield every dictionary and stream of a file. One that is changed by whoever gets it is not looked into before that."""
    for each in pdf.objects:
        yield from _inside(each)


def _inside(item: Any) -> Iterator[Any]:
    import pikepdf

    values: Any = ()
    if isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
        yield item
        values = (value for _key, value in item.items())
    elif isinstance(item, pikepdf.Array):
        values = item
    for each in values:
        if not getattr(each, "is_indirect", False):  # the others are visited by themselves
            yield from _inside(each)


def _hides(item: Any) -> bool:
    from pikepdf import Array

    off = item.get("/OFF")
    return (
        "/VE" in item
        or (isinstance(off, Array) and len(off) > 0)
        or any(_name(item, key) in states for key, states in _HIDING.items())
    )


def _disarm(item: Any) -> None:
    """Empty what acts, names a file or is a layer; take out of a stream what loads from elsewhere, or comes with it."""
    from pikepdf import Stream

    if isinstance(item, Stream):
        for key in item.keys() & _IN_STREAMS:
            del item[key]
    elif _name(item, "/Type") in _ARMED or _name(item, "/S") in _ARMED:
        _only(item, set())


def _name(item: Any, key: str) -> str:
    from pikepdf import Name

    found = item.get(key)
    return str(found) if isinstance(found, Name) else ""


def bind(files: Sequence[Path], out: BinaryIO, whole: Path, *, title: str, bookmarks: Sequence[Bookmark]) -> None:
    """Join files; the first is the index: its pages are i, ii …, those after it 1, 2 …. `whole` is where it is joined."""
    import pikepdf

    # qpdf's own job copies from disk to disk; through pikepdf's pages all would be in memory.
    pikepdf.Job(["pikepdf", "--empty", "--pages", *map(str, files), "--", str(whole)]).run()
    with pikepdf.open(files[0]) as pdf:
        ahead = len(pdf.pages)
    with pikepdf.open(whole) as pdf:
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Mục lục văn bản", 0))
            for each in bookmarks:
                inside = outline.root[-1].children if each.inner else outline.root
                inside.append(pikepdf.OutlineItem(each.title, ahead + each.page))
        labels = [0, pikepdf.Dictionary(S=pikepdf.Name.r), ahead, pikepdf.Dictionary(S=pikepdf.Name.D)]
        pdf.Root.PageLabels = pikepdf.Dictionary(Nums=pikepdf.Array(labels))
        pdf.docinfo["/Title"] = title
        pdf.save(out, deterministic_id=True)
