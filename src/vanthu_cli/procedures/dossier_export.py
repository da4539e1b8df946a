"""Writing a dossier out for reading: one PDF of all its documents, its data as XML, its index as Excel, or a folder with everything.

Phụ lục VI III.4.g. The documents came by mail, so each is looked at and made plain in a process of its own, with limits of time and
memory: what remains are pages, with what signatures and stamps show drawn on them; no scripts, no actions, no files inside. The
merging itself copies from disk to disk: a dossier may be larger than the memory. Originals are read and never changed.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from vanthu_cli.document.text import fold, safe_name
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.make import appearing, exists
from vanthu_cli.procedures.workers import Worker, calmly, until_closed
from vanthu_cli.register import deliveries, directory, documents, dossiers
from vanthu_cli.register.cabinet import sync_folder
from vanthu_cli.register.documents import Document
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports.books import plain
from vanthu_cli.reports.dossier import Cut, Line, Recipients, dossier_xml, index, index_xlsx
from vanthu_cli.rules.deadlines import today

Form = Literal["pdf", "xml", "xlsx", "folder"]
FORMS: Mapping[str, Form] = {".pdf": "pdf", ".xml": "xml", ".xlsx": "xlsx"}

_SECONDS = 60
_BYTES = 3 << 30
_MOST_PAGES = 2_000
"""Pages of one file that are merged."""
_MOST_TOTAL = 9_999
"""Pages of a dossier: PageTotal has four digits (Phụ lục VI Phần II)."""
_MOST_OBJECTS = 300_000
_HARMLESS = frozenset({"not-pdf", "no-file"})
"""Reasons for which a file is listed only, as it must be; any other is a failure that a person must know of."""
# What a page is drawn by (ISO 32000-2, table 31); everything else a page may carry goes: actions, annotations, files, scripts.
_PAGE = {
    "/Type", "/Parent", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/Rotate", "/UserUnit", "/Group",
    "/Resources", "/Contents",
}  # fmt: skip
_IN_STREAMS = {
    "/F", "/FFilter", "/FDecodeParms", "/Ref", "/OPI", "/AF", "/Metadata", "/PieceInfo", "/Alternates", "/Measure", "/PtData",
    "/StructParent", "/StructParents",
}  # fmt: skip
_ARMED = {
    "/Filespec", "/Action",
    "/JavaScript", "/Launch", "/URI", "/GoTo", "/GoToR", "/GoToE", "/GoToDp", "/SubmitForm", "/ResetForm", "/ImportData", "/Rendition",
    "/Movie", "/Sound", "/Hide", "/Named", "/SetOCGState", "/Trans", "/GoTo3DView", "/RichMediaExecute", "/Thread",
}  # fmt: skip
_DEEPEST = 60
Tick = Callable[[], None]


@dataclass(frozen=True, slots=True)
class File:
    """A file of a document: the document's own, or one that came with it; `sha256` None: there is none."""

    document: Document
    name: str
    sha256: str | None
    own: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What became of a file in a reading copy: its pages, or why it is not there ("locked", "broken" …)."""

    file: File
    pages: int = 0
    fault: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.fault) and self.fault not in _HARMLESS


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: its form, its SHA-256 (of a folder, that of its list of files), pages merged, what is missing or cut."""

    form: Form
    sha256: str
    documents: int
    pages: int | None = None
    parts: tuple[Part, ...] = ()
    cut: tuple[Cut, ...] = ()
    secret: int = 0


def form_of(out: Path) -> Form:
    """Return what a name asks for; without one of the three endings it is a folder."""
    return FORMS.get(out.suffix.lower(), "folder")


def check_new(out: Path) -> None:
    """Refuse a name that is taken, or whose folder is not there."""
    if os.path.lexists(out):
        raise exists(out)
    if not out.absolute().parent.is_dir():
        raise MisuseError("dossier.no_folder", _("There is no folder {path}.").format(path=out.absolute().parent))


def export(desk: Desk, dossier: Dossier, out: Path, *, tick: Tick = lambda: None) -> Exported:
    """Write the dossier out, whole or not at all, never over anything; then record it."""
    out = out.absolute()
    check_new(out)
    form = form_of(out)
    contents = dossiers.contents(desk.book, dossier.id)
    if form == "pdf":
        done = _pdf(desk, dossier, contents, out, tick)
    elif form == "folder":
        done = _folder(desk, dossier, contents, out, tick)
    else:
        lines = lines_of(desk, dossier, contents)
        with appearing(out) as file:
            if form == "xml":
                data, cut = xml_of(desk, dossier, lines)
                file.write(data)
            else:
                index_xlsx(dossier, lines, file)
                cut = ()
        done = Exported(form, _sha256(out), len(lines), cut=cut)
    with desk.lock(), desk.book.step():
        dossiers.exported(desk.book, dossier, form, done.sha256)
    return replace(done, secret=len(contents) - done.documents)


def lines_of(
    desk: Desk, dossier: Dossier, contents: Sequence[Document], counted: Mapping[int, int | None] | None = None
) -> tuple[Line, ...]:
    """Return the index, with what links the documents to others in its remarks."""
    links = dossiers.links(desk.book, dossier.id)
    ends = {row[side] for row in links for side in ("document", "other")}
    names = {each: documents.get(desk.book, each).name for each in ends}
    return index(contents, counted=counted, links=links, names=names)


def xml_of(desk: Desk, dossier: Dossier, lines: Sequence[Line]) -> tuple[bytes, tuple[Cut, ...]]:
    own = desk.own
    return dossier_xml(dossier, lines, organ=own.identifier or own.code, recipients=_recipients(desk, lines))


def _recipients(desk: Desk, lines: Sequence[Line]) -> Recipients:
    agencies = {each.code: each for each in directory.agencies(desk.book)}
    found = {}
    for line in lines:
        sent = deliveries.of_document(desk.book, line.document.id) if line.document.direction == "out" else ()
        known = dict.fromkeys(each.agency for each in sent if each.agency in agencies and each.state != "recalled")
        found[line.document.id] = [(agencies[code].identifier or code, agencies[code].name) for code in known if code]
    return found


def files_of(desk: Desk, document: Document) -> list[File]:
    """Return a document's own file, then what came with it. Of one that was recalled by its issuer nothing is left."""
    gone = document.direction == "in" and document.state == "recalled"
    own = File(document, document.file or document.name, None if gone else document.sha256, own=True)
    attached = () if gone else documents.attachments(desk.book, document.id)
    return [own, *(File(document, name, sha256, own=False) for sha256, name in attached)]


def archive_name(ordinal: int, place: int, file: File) -> str:
    """Return a name that every system takes, whatever a stranger has called the file: "001-145-cv-tu.pdf", "001-02-phu-luc.xlsx".

    Plain letters; the number before it keeps names apart and away from those that Windows reserves.
    """
    stem, _dot, suffix = safe_name(file.name).rpartition(".")
    if file.own and file.document.number is not None:
        stem = file.document.name
    stem = "".join(c if c.isascii() and c.isalnum() else "-" for c in fold(stem or suffix))
    stem = "-".join(filter(None, stem.split("-")))[:60]
    ending = "".join(c for c in fold(suffix) if c.isascii() and c.isalnum())[:8]
    number = f"{ordinal:03d}" if file.own else f"{ordinal:03d}-{place:02d}"
    return f"{number}-{stem}.{ending}" if ending and _dot else f"{number}-{stem or 'tep'}"


def _pdf(desk: Desk, dossier: Dossier, contents: Sequence[Document], out: Path, tick: Tick) -> Exported:
    with workshop(out) as folder:
        parts, plain_files = made_plain(desk, contents, folder, tick)
        lines = lines_of(desk, dossier, contents, _counted(parts))
        first = folder / "index.pdf"
        _write_index(desk, dossier, lines, parts, first)
        whole = folder / "whole.pdf"
        _join([first, *plain_files], whole)
        with appearing(out) as file:
            _finish(whole, file, dossier, lines, parts)
        return Exported("pdf", _sha256(out), len(lines), sum(each.pages for each in parts), tuple(parts))


def _counted(parts: Sequence[Part]) -> dict[int, int | None]:
    """Return the merged pages of each document with all that came with it."""
    pages = dict[int, int | None]()
    for each in parts:
        pages[each.file.document.id] = (pages.get(each.file.document.id) or 0) + each.pages
    return pages


def _write_index(desk: Desk, dossier: Dossier, lines: Sequence[Line], parts: Sequence[Part], file: Path) -> None:
    from vanthu_cli.reports.dossier_pdf import Original, reading_index_pdf

    ordinals = {line.document.id: line.ordinal for line in lines}
    originals, page = list[Original](), 1
    for each in parts:
        name = each.file.document.name if each.file.own else f"{each.file.document.name}: {each.file.name}"
        first = page if each.pages else None
        originals.append(Original(ordinals[each.file.document.id], name, each.file.sha256, first, each.fault))
        page += each.pages
    with file.open("wb") as opened:
        reading_index_pdf(dossier, lines, originals, opened, office=desk.config.office.name, day=today(desk.now))


def made_plain(desk: Desk, contents: Sequence[Document], folder: Path, tick: Tick) -> tuple[list[Part], list[Path]]:
    """Make a plain copy of every PDF in the folder, in order; a file that cannot be read costs nothing but itself."""
    parts, files, total = list[Part](), list[Path](), 0
    with contextlib.closing(Aside(make_plain)) as aside:
        for document in contents:
            for each in files_of(desk, document) if document.state != "quarantined" else ():
                target = folder / f"{len(parts):05d}.pdf"
                part = _plain_part(desk, each, target, aside, _MOST_TOTAL - total)
                parts.append(part)
                total += part.pages
                files += [target] if part.pages else []
            tick()
    return parts, files


def _plain_part(desk: Desk, file: File, target: Path, aside: "Aside", room: int) -> Part:
    if file.sha256 is None:
        return Part(file, fault="no-file")
    source = desk.cabinet.path(file.sha256)
    try:
        with source.open("rb") as opened:
            start = opened.read(1024)
    except OSError:
        return Part(file, fault="missing")
    if b"%PDF-" not in start:
        return Part(file, fault="not-pdf")
    answer = aside(source, target, min(room, _MOST_PAGES))
    return Part(file, pages=answer) if isinstance(answer, int) else Part(file, fault=answer)


@dataclass(slots=True)
class Aside:
    """A process that does one work on strangers' files: started when first needed, replaced when it dies or is too slow."""

    work: Callable[..., Any]
    seconds: float = _SECONDS
    _worker: Worker | None = field(default=None, init=False)

    def __call__(self, *asked: object) -> Any:
        """Return what the work returns, or why it could not be done: "broken", "too-slow"."""
        self._worker = self._worker or Worker(_serve, (self.work,))
        try:
            self._worker.pipe.send(asked)
            if self._worker.pipe.poll(self.seconds):
                return self._worker.pipe.recv()
            fault = "too-slow"
        except (EOFError, OSError):
            fault = "broken"
        self.close()
        return fault

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None


def _serve(pipe: Connection, work: Callable[..., Any]) -> None:
    with contextlib.suppress(ImportError):  # Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    calmly()
    until_closed(pipe, lambda asked: work(*asked), lambda _error: "broken")


def make_plain(source: Path, target: Path, most: int) -> int | str:
    """Write a PDF's pages and nothing else; return how many, or "locked", "broken", "too-long".

    What annotations and signature fields show (number, date, seal) is drawn into the page first, as a viewer would show it.
    """
    import pikepdf

    try:
        with pikepdf.open(source, suppress_warnings=True) as pdf:
            if len(pdf.pages) > most or len(pdf.objects) > _MOST_OBJECTS:
                return "too-long"
            _flatten(pdf)
            _only(pdf.Root, {"/Type", "/Pages"})
            del pdf.docinfo
            for page in pdf.pages:
                _only(page, _PAGE)
            for each in pdf.objects:
                _disarm(each, 0)
            pdf.save(target, encryption=False, fix_metadata_version=False)
            return len(pdf.pages) or "broken"
    except pikepdf.PasswordError:
        return "locked"
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, RecursionError):
        return "broken"


def _only(holder: Any, keys: set[str]) -> None:
    for key in holder.keys() - keys:
        del holder[key]


def _flatten(pdf: Any) -> None:
    form = pdf.Root.get("/AcroForm")
    if (
        form is not None and "/NeedAppearances" in form
    ):  # else what fields show would be left to the viewer, and lost here
        del form["/NeedAppearances"]
    pdf.flatten_annotations("all")


def _disarm(item: Any, depth: int) -> None:
    """Take out of an object, and what lies directly in it, whatever acts, loads from elsewhere, or holds a file."""
    import pikepdf

    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(item, pikepdf.Stream):
        for key in item.keys() & _IN_STREAMS:
            del item[key]
    inside: list[tuple[Any, Any]] = []
    if isinstance(item, pikepdf.Array):
        inside = list(enumerate(item))
    elif isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
        inside = list(item.items())
    for key, each in inside:
        if _is_armed(each):
            item[key] = pikepdf.Dictionary()
        elif not getattr(each, "is_indirect", False):  # the others are visited by themselves
            _disarm(each, depth + 1)


def _is_armed(item: Any) -> bool:
    """Tell an action or a file specification by what it is: keys alone say little, for fonts and glyphs may be named "JS" or "F"."""
    import pikepdf

    if not isinstance(item, pikepdf.Dictionary):
        return False
    named = [str(each) for each in (item.get("/Type"), item.get("/S")) if isinstance(each, pikepdf.Name)]
    return not _ARMED.isdisjoint(named)


def _join(files: Sequence[Path], target: Path) -> None:
    """Put files one after the other. qpdf's own job copies from disk to disk; through pikepdf's pages all would be in memory."""
    import pikepdf

    pikepdf.Job(["pikepdf", "--empty", "--pages", *(str(each) for each in files), "--", str(target)]).run()


def _finish(whole: Path, out: Any, dossier: Dossier, lines: Sequence[Line], parts: Sequence[Part]) -> None:
    """Add bookmarks, page labels (i, ii … for the index, then 1, 2 …) and a title."""
    import pikepdf

    titles = {line.document.id: line for line in lines}
    with pikepdf.open(whole) as pdf:
        page = ahead = len(pdf.pages) - sum(each.pages for each in parts)
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Mục lục văn bản", 0))
            item, last = None, None
            for part in parts:
                if not part.pages:
                    continue
                if part.file.document.id != last:
                    cells, last = titles[part.file.document.id].cells, part.file.document.id
                    item = pikepdf.OutlineItem(" – ".join(filter(None, (cells[0], cells[1], cells[3])))[:300], page)
                    outline.root.append(item)
                if not part.file.own and item is not None:
                    item.children.append(pikepdf.OutlineItem(plain(part.file.name)[:200], page))
                page += part.pages
        labels = [0, pikepdf.Dictionary(S=pikepdf.Name.r)]
        labels += [ahead, pikepdf.Dictionary(S=pikepdf.Name.D)]
        pdf.Root.PageLabels = pikepdf.Dictionary(Nums=pikepdf.Array(labels))
        pdf.docinfo["/Title"] = f"Hồ sơ {dossier.code} năm {dossier.year}: {plain(dossier.title)}"
        pdf.save(out, deterministic_id=True)


def _folder(desk: Desk, dossier: Dossier, contents: Sequence[Document], out: Path, tick: Tick) -> Exported:
    """Write everything into a new folder: the three forms, and the originals byte for byte, with a list of their SHA-256."""
    stem = safe_name(f"ho-so-{dossier.code}-{dossier.year}")
    with workshop(out) as folder:
        target = folder / "whole"
        target.mkdir()
        done = _pdf(desk, dossier, contents, target / f"{stem}.pdf", tick)
        lines = lines_of(desk, dossier, contents)
        data, cut = xml_of(desk, dossier, lines)
        (target / f"{stem}.xml").write_bytes(data)
        with (target / f"{stem}.xlsx").open("w+b") as workbook:
            index_xlsx(dossier, lines, workbook)
        (target / "van-ban").mkdir()
        for line in lines:
            for place, each in enumerate(files_of(desk, line.document)):
                source = desk.cabinet.path(each.sha256) if each.sha256 else None
                if source is not None and source.is_file():
                    shutil.copyfile(source, target / "van-ban" / archive_name(line.ordinal, place, each))
        files = sorted(each for each in target.rglob("*") if each.is_file())
        sums = "".join(f"{_sha256(each)}  {each.relative_to(target).as_posix()}\n" for each in files)
        (target / "SHA256SUMS").write_bytes(sums.encode())
        for made in [*files, target / "SHA256SUMS"]:
            _sync(made)
        publish_folder(target, out)
    return Exported("folder", hashlib.sha256(sums.encode()).hexdigest(), len(lines), done.pages, done.parts, cut)


@contextlib.contextmanager
def workshop(out: Path) -> Iterator[Path]:
    """Yield a folder beside an output, on the same disk; it is gone afterwards, and so is what runs that died have left."""
    sweep(out)
    folder = Path(tempfile.mkdtemp(prefix=_prefix(out), suffix=".dir", dir=out.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(out: Path) -> None:
    """Remove the folders that runs that died have left beside an output."""
    for stale in out.parent.iterdir():
        if stale.name.startswith(_prefix(out)) and stale.name.endswith(".dir") and stale.is_dir():
            shutil.rmtree(stale, ignore_errors=True)


def _prefix(out: Path) -> str:
    return f".{out.name[:60]}."


def publish_folder(folder: Path, out: Path) -> None:
    """Give a whole folder its name, durably. A file of that name refuses the rename; so does a folder that is not empty."""
    for each in (folder, *(inside for inside in folder.rglob("*") if inside.is_dir())):
        sync_folder(each)
    check_new(out)
    folder.chmod(0o755)
    folder.rename(out)
    sync_folder(out.parent)


def _sync(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
