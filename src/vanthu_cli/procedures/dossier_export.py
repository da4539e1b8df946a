"""Writing a dossier out for reading: one PDF of all its documents, its data as XML, its index as Excel, or a folder with everything.

Phụ lục VI III.4.g. The documents came by mail, so each is made plain in a process of its own (merged.py). Originals are never changed.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from vanthu_cli.document.text import safe_name
from vanthu_cli.procedures.aside import Aside
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.dossier_contents import File, archive_name, files_of, lines_of, xml_of
from vanthu_cli.procedures.examine import sha256_of
from vanthu_cli.procedures.inputs import is_pdf
from vanthu_cli.procedures.make import appearing
from vanthu_cli.procedures.merged import Bookmark, Plain, bind, make_plain
from vanthu_cli.procedures.workshop import check_new, publish, workshop
from vanthu_cli.register import dossiers
from vanthu_cli.register.documents import Document
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports.books import plain
from vanthu_cli.reports.dossier import Line, index_xlsx
from vanthu_cli.reports.dossier_xml import Cut
from vanthu_cli.rules.deadlines import today

Form = Literal["pdf", "xml", "xlsx", "folder"]
Tick = Callable[[], None]

_FORMS: Mapping[str, Form] = {".pdf": "pdf", ".xml": "xml", ".xlsx": "xlsx"}
_MOST_PAGES = 2_000
"""Pages of one file that are merged."""
_MOST_TOTAL = 9_999
"""Pages of a dossier: PageTotal has four digits (Phụ lục VI Phần II)."""
_HARMLESS = frozenset({"", "not-pdf", "no-file"})
"""Reasons for which a file is listed only, as it must be; any other is a failure that a person must know of."""


@dataclass(frozen=True, slots=True)
class Part:
    """What became of a file in a reading copy: its pages, or why it is not there ("locked", "broken" …).

    `layers`: what it keeps hidden can be seen there.
    """

    file: File
    pages: int = 0
    fault: str = ""
    layers: bool = False

    @property
    def failed(self) -> bool:
        return self.fault not in _HARMLESS


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
    return _FORMS.get(out.suffix.lower(), "folder")


def export(desk: Desk, dossier: Dossier, out: Path, *, tick: Tick = lambda: None) -> Exported:
    """Write the dossier out, whole or not at all, never over anything; then record it."""
    out = out.absolute()
    check_new(out)
    contents = dossiers.contents(desk.book, dossier.id)
    lines = lines_of(desk, dossier, contents)
    form, cut = form_of(out), tuple[Cut, ...]()
    if form == "pdf":
        done = _pdf(desk, dossier, contents, out, tick)
    elif form == "folder":
        done = _folder(desk, dossier, contents, out, tick)
    else:
        with appearing(out) as file:
            if form == "xml":
                data, cut = xml_of(desk, dossier, lines)
                file.write(data)
            else:
                index_xlsx(dossier, lines, file)
        done = Exported(form, sha256_of(out), len(lines), cut=cut)
    with desk.lock(), desk.book.step():
        dossiers.exported(desk.book, dossier, form, done.sha256)
    return replace(done, secret=len(contents) - len(lines))


def _pdf(desk: Desk, dossier: Dossier, contents: Sequence[Document], out: Path, tick: Tick) -> Exported:
    with workshop(out) as folder:
        parts, files = _made_plain(desk, contents, folder, tick)
        counted = dict[int, int | None]()
        for each in parts:
            counted[each.file.document.id] = (counted.get(each.file.document.id) or 0) + each.pages
        lines = lines_of(desk, dossier, contents, counted)
        first = folder / "index.pdf"
        _write_index(desk, dossier, lines, parts, first)
        with appearing(out) as file:
            title = f"Hồ sơ {dossier.code} năm {dossier.year}: {plain(dossier.title)}"
            bind([first, *files], file, folder / "whole.pdf", title=title, bookmarks=_bookmarks(lines, parts))
    return Exported("pdf", sha256_of(out), len(lines), sum(each.pages for each in parts), tuple(parts))


def _made_plain(desk: Desk, contents: Sequence[Document], folder: Path, tick: Tick) -> tuple[list[Part], list[Path]]:
    """Make a plain copy of every PDF in the folder, in order; a file that cannot be read costs nothing but itself."""
    parts, files, total = list[Part](), list[Path](), 0
    with contextlib.closing(Aside(make_plain)) as aside:
        for document in contents:
            for each in files_of(desk, document) if document.state != "quarantined" else ():
                target = folder / f"{len(parts):05d}.pdf"
                parts.append(_part(desk, each, target, aside, _MOST_TOTAL - total))
                total += parts[-1].pages
                files += [target] if parts[-1].pages else []
            tick()
    return parts, files


def _part(desk: Desk, file: File, target: Path, aside: Aside, room: int) -> Part:
    if not file.sha256:
        return Part(file, fault="no-file")
    source = desk.cabinet.path(file.sha256)
    if not source.is_file():
        return Part(file, fault="missing")
    if not is_pdf(source):
        return Part(file, fault="not-pdf")
    answer: Plain | str = aside(source, target, min(room, _MOST_PAGES))
    return Part(file, fault=answer) if isinstance(answer, str) else Part(file, answer.pages, layers=answer.layers)


def _write_index(desk: Desk, dossier: Dossier, lines: Sequence[Line], parts: Sequence[Part], file: Path) -> None:
    from vanthu_cli.reports.dossier_pdf import Original, reading_index_pdf

    ordinals = {line.document.id: line.ordinal for line in lines}
    originals, page = list[Original](), 1
    for each in parts:
        of, first = each.file.document, page if each.pages else None
        name = of.name if each.file.own else f"{of.name}: {each.file.name}"
        originals.append(Original(ordinals[of.id], name, each.file.sha256, first, each.fault, each.layers))
        page += each.pages
    with file.open("wb") as opened:
        reading_index_pdf(dossier, lines, originals, opened, office=desk.config.office.name, day=today(desk.now))


def _bookmarks(lines: Sequence[Line], parts: Sequence[Part]) -> list[Bookmark]:
    """Return one for each document that has pages; what came with it is under it."""
    titles = {
        line.document.id: " – ".join(filter(None, (line.cells[0], line.cells[1], line.cells[3]))) for line in lines
    }
    found, page, last = list[Bookmark](), 0, None
    for each in parts:
        identity = each.file.document.id
        if each.pages and identity != last:
            found.append(Bookmark(titles[identity][:300], page))
            last = identity
        if each.pages and not each.file.own:
            found.append(Bookmark(plain(each.file.name)[:200], page, inner=True))
        page += each.pages
    return found


def _folder(desk: Desk, dossier: Dossier, contents: Sequence[Document], out: Path, tick: Tick) -> Exported:
    """Write everything into a new folder: the three forms, and the originals byte for byte, with a list of their SHA-256."""
    stem = safe_name(f"ho-so-{dossier.code}-{dossier.year}")
    with workshop(out) as folder:
        target = folder / "whole"
        (target / "van-ban").mkdir(parents=True)
        done = _pdf(desk, dossier, contents, target / f"{stem}.pdf", tick)
        lines = lines_of(desk, dossier, contents)
        data, cut = xml_of(desk, dossier, lines)
        (target / f"{stem}.xml").write_bytes(data)
        with (target / f"{stem}.xlsx").open("w+b") as workbook:
            index_xlsx(dossier, lines, workbook)
        for line in lines:
            for place, each in enumerate(files_of(desk, line.document)):
                if each.sha256 and (source := desk.cabinet.path(each.sha256)).is_file():
                    shutil.copyfile(source, target / "van-ban" / archive_name(line.ordinal, place, each))
        files = sorted(each for each in target.rglob("*") if each.is_file())
        sums = "".join(f"{sha256_of(each)}  {each.relative_to(target).as_posix()}\n" for each in files).encode()
        (target / "SHA256SUMS").write_bytes(sums)
        for made in [*files, target / "SHA256SUMS"]:
            with made.open("rb+") as opened:
                os.fsync(opened.fileno())
        publish(target, out)
    return replace(done, form="folder", sha256=hashlib.sha256(sums).hexdigest(), cut=cut)
