"""Everything that is asked of one file, in one go: `look(name, pdf, wish)` opens it once and reads no page twice.

The answers stop at a secrecy mark: nothing more is read of a secret file. Hostile bytes may crash pdfium: the caller
isolates.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from vanthu_cli.document.fields import Reading
from vanthu_cli.document.places import Box, Places
from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.annexes import annexes_in
from vanthu_cli.reading.drawn import drawn
from vanthu_cli.reading.fields import reading_of
from vanthu_cli.reading.marks import is_locked, is_pdf, is_zip, secret_mark_in_file, secret_mark_in_pdf
from vanthu_cli.reading.page import Sheets, open_pdf
from vanthu_cli.reading.paper import copy_of_paper
from vanthu_cli.reading.places import month_year_of, places_of
from vanthu_cli.reading.room import Ground, covers_text, free_room, upper_corner
from vanthu_cli.reading.scan import scan_of
from vanthu_cli.reading.signer import find_signers, signing_pages
from vanthu_cli.rules.secrecy import secret_mark_in_name

_MOST_TEXT = 200_000
"""Letters of a document's text that are told."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked. `mark`: the secrecy mark; `read`: fields and annexes; `places`: blanks and signers' rooms; `scan`.

    `picture`: the pages, with what was read marked on them; `paper`: a copy for text recognition, if there is no text;
    both only together with `read`. `text`: the words of its pages.
    `signer_name` restricts the places to that name. `room` and `corner` are width and height in points as seen by the
    reader of page 1: free room anywhere (the arrival mark), and at the top right (the text of an annex or copy). `at` is
    a box that the clerk named.
    """

    mark: bool = False
    read: bool = False
    places: bool = False
    scan: bool = False
    picture: bool = False
    paper: bool = False
    text: bool = False
    signer_name: str | None = None
    room: tuple[float, float] | None = None
    corner: tuple[float, float] | None = None
    at: Box | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The answers; None, empty or False where not asked, not a PDF, or the file bears a secrecy mark (`mark`).

    `printed`: month and year beside a day that is still blank. `scan`: every page is a picture of paper; then `dpi` is
    their lowest resolution and `colour` whether all hold colours. `annexes`: what the body says is annexed, as printed.
    `room` and `corner` are None if there is none; `covers_text`: `at` lies on text or ink, or off the page. `picture` is a PNG, `paper` a PDF. `text` is that of its pages. `pages` is
    0 if the file is no PDF or cannot be opened; `fault` says why ("locked" for an archive with a password).
    """

    mark: str | None = None
    reading: Reading | None = None
    places: Places | None = None
    printed: tuple[int | None, int | None] = (None, None)
    scan: bool | None = None
    annexes: tuple[str, ...] = ()
    room: Box | None = None
    corner: Box | None = None
    covers_text: bool = False
    picture: bytes | None = None
    paper: bytes | None = None
    dpi: int | None = None
    colour: bool | None = None
    text: str = ""
    pages: int = 0
    fault: str | None = None


def look(name: str, pdf: bytes | Path, wish: Wish, *, password: str | None = None) -> Look:
    """Look at a file of any kind; of what is no PDF only the mark is told. A file that cannot be opened is a `fault`.

    `name` is the file's own (a mark may stand in it). `OSError` if there is nothing to be read at the path.
    """
    if not is_pdf(pdf) or is_zip(pdf):  # what is both is looked into as the archive, a person does the rest
        if not wish.mark:
            return Look()
        mark = secret_mark_in_file(name, pdf)
        return Look(mark=mark, fault="locked" if not mark and is_locked(pdf) else None)
    mark = secret_mark_in_name(name) if wish.mark else None
    if mark:
        return Look(mark=mark)
    try:
        with open_pdf(pdf, password) as sheets:
            return _answers(sheets, wish)
    except MisuseError as error:
        return Look(fault=error.message)


def _answers(sheets: Sheets, wish: Wish) -> Look:
    found = Look(pages=len(sheets))
    if wish.mark and (mark := secret_mark_in_pdf(sheets)):
        return replace(found, mark=mark)
    found = replace(found, text=_words(sheets) if wish.text else "")
    try:
        if wish.read:
            found = replace(found, reading=reading_of(sheets), annexes=_annexes(sheets))
        if wish.picture and found.reading:
            found = replace(found, picture=drawn(sheets, found.reading))
        if wish.paper and found.reading and found.reading.needs_ocr:
            found = replace(found, paper=copy_of_paper(sheets))
        if wish.places:
            found = replace(found, places=places_of(sheets, wish.signer_name), printed=month_year_of(sheets))
        if wish.scan:
            scan = scan_of(sheets)
            found = replace(found, scan=scan.scan, dpi=scan.dpi, colour=scan.colour)
        if wish.room or wish.corner:
            ground = Ground(sheets)
            room = free_room(ground, wish.room) if wish.room else None
            corner = upper_corner(ground, wish.corner) if wish.corner else None
            found = replace(found, room=room, corner=corner)
        if wish.at:
            found = replace(found, covers_text=covers_text(sheets, wish.at))
    except MisuseError as error:  # a page cannot be loaded; what was found before stays
        return replace(found, fault=error.message)
    return found


def _words(sheets: Sheets) -> str:
    try:
        return "\n".join(map(sheets.text, sheets.looked_at))[:_MOST_TEXT]
    except MisuseError:  # a page cannot be loaded: its words cannot be looked for, that is all
        return ""


def _annexes(sheets: Sheets) -> tuple[str, ...]:
    """Look from page 1 to the signer's block: what follows are the annexes themselves."""
    blocks = find_signers(signing_pages(sheets))
    pages = [index for index in sheets.looked_at if not blocks or index <= blocks[-1].page]
    return annexes_in("\n".join(map(sheets.text, pages)))
