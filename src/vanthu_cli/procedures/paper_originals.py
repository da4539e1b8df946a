"""Paper beside the electronic document: originals printed from it, envelopes given to the post, kept copies lent (NĐ 30/2020 Đ18.5, Đ19)."""

from pathlib import Path

from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.entry import secret
from vanthu_cli.procedures.make import exists
from vanthu_cli.register import keeping
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.deadlines import today
from vanthu_cli.rules.secrecy import written_mark

_ISSUED = frozenset({"sealed", "queued", "sent"})


def printed(desk: Desk, document: Document, copies: int, place: str, out: Path | None, *, dry_run: bool) -> int:
    """Count printed originals, and write the file to be printed; return how many there are in all.

    `ForbiddenError` "print.not_issued" for what is not signed and numbered here yet.
    """
    if document.direction != "out" or document.state not in _ISSUED or document.sha256 is None:
        raise ForbiddenError(
            "print.not_issued",
            _("{name} is no electronic original of this office: paper originals are made of such only.").format(
                name=document.name
            ),
        )
    if out is not None and out.exists():
        raise exists(out)
    before: int = sum(row["copies"] for row in keeping.printings(desk.book, document.id))
    if not dry_run:
        if out is not None:
            write_durably(out.absolute(), desk.cabinet.get(document.sha256))
        with desk.lock(), desk.book.step():
            keeping.printed(desk.book, document.id, copies, place or None)
    return before + copies


def posted(
    desk: Desk, document: Document, place: str, *, envelopes: int, day: str | None, note: str, dry_run: bool
) -> str:
    """Enter envelopes given to the post; return the day."""
    if document.direction != "out" or document.number is None or document.state == "voided":
        raise ForbiddenError("post.not_ours", _("{name} was not issued here.").format(name=document.name))
    _check(place, note)
    day = day or today(desk.now).isoformat()
    if day > today(desk.now).isoformat():
        raise MisuseError(
            "register.future", _("The document cannot be of {day}: that is still to come.").format(day=day)
        )
    if not dry_run:
        with desk.lock(), desk.book.step():
            keeping.posted(desk.book, document.id, place=place, envelopes=envelopes, day=day, note=note or None)
    return day


def lent(desk: Desk, document: Document, borrower: str, permitted: str, note: str, *, dry_run: bool) -> None:
    """Enter a loan; `ForbiddenError` "lend.out" if the copy is out already."""
    if not borrower.strip() or not permitted.strip():
        raise MisuseError("lend.who", _("Say who uses it and who has permitted it: --to “…” --permitted-by “…”"))
    if (document.number is None and document.arrival_number is None) or document.state == "voided":
        raise ForbiddenError("lend.not_registered", _("{name} is not in the register.").format(name=document.name))
    _check(borrower, permitted, note)
    if any(row["returned"] is None for row in keeping.of_document(desk.book, "loan", document.id)):
        raise ForbiddenError(
            "lend.out",
            _("{name} is lent already.").format(name=document.name),
            _("When it is back: vanthu register lend {id} --returned").format(id=document.id),
        )
    if not dry_run:
        with desk.lock(), desk.book.step():
            day = today(desk.now).isoformat()
            keeping.lent(desk.book, document.id, day=day, borrower=borrower, permitted=permitted, note=note or None)


def came_back(desk: Desk, document: Document, *, dry_run: bool) -> None:
    if all(row["returned"] for row in keeping.of_document(desk.book, "loan", document.id)):
        raise MisuseError("lend.not_out", _("{name} is not lent.").format(name=document.name))
    if not dry_run:
        with desk.lock(), desk.book.step():
            keeping.returned(desk.book, document.id, today(desk.now).isoformat())


def _check(*texts: str) -> None:
    for text in texts:
        if mark := written_mark(text):
            raise secret(text[:40], mark)
