"""`vanthu register add / amend / void / reserve / import / print / post / lend`: what a clerk writes into the books by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.run import run_of
from vanthu_cli.document.day import parse_day
from vanthu_cli.document.symbol import DocumentNumber, parse_symbol
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register import documents, keeping
from vanthu_cli.register.numbers import BookName

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
_BookOption = Annotated[
    str,
    typer.Option("--book", autocompletion=completing.one_of("den", "di"), help=_("den (incoming) or di (outgoing).")),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))]
_Reason = Annotated[str, typer.Option("--reason", help=_("Why; it stays in the history."))]
_Id = Annotated[str, typer.Argument(metavar="ID", autocompletion=completing.documents)]

# What may be written of a document: add and amend take the same.
_Agency = Annotated[str, typer.Option("--agency", help=_("Who issued it: code in the directory, or name."))]
_Type = Annotated[str, typer.Option("--type", help=_("Type, such as “Quyết định”."))]
_Subject = Annotated[str, typer.Option("--subject", help=_("What it is about (trích yếu)."))]
_Signer = Annotated[str, typer.Option("--signer", help=_("Who signed it."))]
_SignerTitle = Annotated[str, typer.Option("--signer-title", help=_("The signer's position."))]
_Places = Annotated[
    list[str] | None,
    typer.Option("--to", help=_("Going out: recipients. Incoming: the unit or person that gets it.")),
]
_Keeper = Annotated[str, typer.Option("--keeper", help=_("Who keeps the office's own copy."))]
_Copies = Annotated[int, typer.Option("--copies", min=0, max=99_999, help=_("How many paper copies."))]
_Pages = Annotated[int, typer.Option("--pages", min=0, max=99_999, help=_("How many pages."))]
_Urgency = Annotated[str, typer.Option("--urgency", help=_("khan, thuong-khan or hoa-toc."))]
_PassedOn = Annotated[str, typer.Option("--passed-on", help=_("Day on which it was passed on (ngày chuyển)."))]
_Due = Annotated[str, typer.Option("--due", help=_("Day by which it must be dealt with; “-” for none."))]
_Within = Annotated[int, typer.Option("--within", min=0, max=3650, help=_("The same in working days from today."))]
_Note = Annotated[str, typer.Option("--note", help=_("Remarks (ghi chú)."))]


@group.command(
    help=_("Enter a paper document: one that came (--book den) or one of ours that is issued on paper (--book di).")
)
def add(
    context: typer.Context,
    book: _BookOption,
    number: Annotated[
        str, typer.Option("--number", help=_("Number and symbol of what came, such as 12/QĐ-UBND."))
    ] = "",
    symbol: Annotated[
        str, typer.Option("--symbol", help=_("Symbol of ours, such as QĐ/TU: the number is taken now."))
    ] = "",
    date: Annotated[str, typer.Option("--date", help=_("The date on what came."))] = "",
    agency: _Agency = "",
    doc_type: _Type = "",
    subject: _Subject = "",
    signer: _Signer = "",
    signer_title: _SignerTitle = "",
    places: _Places = None,
    keeper: _Keeper = "",
    copies: _Copies = 0,
    pages: _Pages = 0,
    urgency: _Urgency = "",
    passed_on: _PassedOn = "",
    due: _Due = "",
    within: _Within = 0,
    note: _Note = "",
    scan: Annotated[Path | None, typer.Option("--scan", help=_("Its scan; fields left out are read from it."))] = None,
    reason: _Reason = "",
    dry_run: _DryRun = False,
) -> int:
    from vanthu_cli.procedures.entry import Entry, enter, number_of

    run = run_of(context)
    values = _texts(
        agency=agency, doc_type=doc_type, subject=subject, signer=signer, signer_title=signer_title, symbol=symbol,
        places="; ".join(places or ()), keeper=keeper, note=note, urgency=_urgency(urgency),
    )  # fmt: skip
    values |= _days(day=date, passed_on=passed_on, due=due) | _counts(copies=copies, pages=pages) | number_of(number)
    with run.desk() as desk:
        values |= _within(desk, within)
        found, taken, named = enter(desk, Entry(_book(book), values, scan), reason=reason, dry_run=dry_run)
    what = str(DocumentNumber(taken, named)) if named and book == "di" else str(taken)
    lines = [
        (_("It would get the number {number}.") if dry_run else _("Entered under the number {number}.")).format(
            number=what
        )
    ]
    payload = {
        "dry_run": dry_run,
        "id": str(found.id) if found else None,
        "book": book,
        "number": taken,
        "symbol": named or None,
    }
    return run.answer(payload, lines)


@group.command(
    help=_(
        "Write fields of a document over, or fill empty ones; what stood there stays in the history. Link an answer to its question."
    )
)
def amend(
    context: typer.Context,
    document: _Id,
    number: Annotated[str, typer.Option("--number", help=_("Number and symbol of what came."))] = "",
    date: Annotated[str, typer.Option("--date", help=_("The date on what came."))] = "",
    agency: _Agency = "",
    doc_type: _Type = "",
    subject: _Subject = "",
    signer: _Signer = "",
    signer_title: _SignerTitle = "",
    places: _Places = None,
    keeper: _Keeper = "",
    copies: _Copies = 0,
    pages: _Pages = 0,
    urgency: _Urgency = "",
    passed_on: _PassedOn = "",
    due: _Due = "",
    within: _Within = 0,
    progress: Annotated[str, typer.Option("--progress", help=_("How far it is (tiến độ giải quyết)."))] = "",
    done: Annotated[
        str, typer.Option("--done", help=_("Day on which it was dealt with; “-” if it was not, after all."))
    ] = "",
    note: _Note = "",
    answers: Annotated[str, typer.Option("--answers", help=_("The document that this one answers."))] = "",
    annex_of: Annotated[str, typer.Option("--annex-of", help=_("The document that this one is an annex of."))] = "",
    reason: _Reason = "",
    dry_run: _DryRun = False,
) -> int:
    from vanthu_cli.procedures.amend import amend as write_over
    from vanthu_cli.procedures.entry import number_of
    from vanthu_cli.procedures.links import link
    from vanthu_cli.reports.amendments import amendment_lines

    run = run_of(context)
    changes = _texts(
        agency=agency, doc_type=doc_type, subject=subject, signer=signer, signer_title=signer_title,
        places="; ".join(places or ()), keeper=keeper, note=note, urgency=_urgency(urgency), progress=progress,
    )  # fmt: skip
    changes |= _days(day=date, passed_on=passed_on, due=due, done_on=done)
    changes |= _counts(copies=copies, pages=pages) | number_of(number)
    with run.desk() as desk:
        found = documents.find(desk.book, document)
        changes |= _within(desk, within)
        links = [
            (kind, documents.find(desk.book, other))
            for kind, other in (("answers", answers), ("annex-of", annex_of))
            if other
        ]
        if not changes and not links:
            raise MisuseError("amend.nothing", _("Say what is to be amended, for example --subject “…”."))
        found, differing = write_over(desk, found, changes, reason=reason, dry_run=dry_run)
        for kind, other in links:
            link(desk, found, other, cast("keeping.LinkKind", kind), dry_run=dry_run)
    lines = amendment_lines(found, differing, [(kind, other.name) for kind, other in links])
    payload = {
        "dry_run": dry_run,
        "id": str(found.id),
        "amended": {name: {"before": before, "after": after} for name, (before, after) in differing.items()},
        "links": [{"kind": kind, "id": str(other.id)} for kind, other in links],
    }
    return run.answer(payload, lines)


@group.command(
    help=_("Void a number that was given by mistake: it stays in the book with the reason and is never used again.")
)
def void(context: typer.Context, document: _Id, reason: _Reason = "", dry_run: _DryRun = False) -> int:
    from vanthu_cli.procedures import amend as amending

    run = run_of(context)
    with run.desk() as desk:
        found = amending.void(desk, documents.find(desk.book, document), reason=reason, dry_run=dry_run)
    payload = {"dry_run": dry_run, "id": str(found.id), "state": found.state}
    return run.answer(payload, [_("{name} is void.").format(name=found.name)])


@group.command(help=_("Take the next number for a secret document, of which nothing else is written here."))
def reserve(
    context: typer.Context,
    book: _BookOption,
    symbol: Annotated[str, typer.Option("--symbol", help=_("Symbol of the sequence, such as CV/TU (book di)."))] = "",
    dry_run: _DryRun = False,
) -> int:
    from vanthu_cli.procedures import entry

    run = run_of(context)
    name = _book(book)
    if name == "di" and not symbol:
        raise MisuseError("reserve.symbol", _("Say in which sequence: --symbol CV/TU"))
    with run.desk() as desk:
        number = entry.reserve(desk, name, symbol, dry_run=dry_run)
    what = str(DocumentNumber(number, parse_symbol(symbol))) if name == "di" else str(number)
    lines = [
        _(
            "The number {number} is reserved; write it and everything else into the book of secret documents, on paper."
        ).format(number=what)
    ]
    return run.answer({"dry_run": dry_run, "book": name, "number": number, "symbol": symbol or None}, lines)


@group.command(
    "import", help=_("Bring an older book in (.xlsx, .csv), and say with which number this register goes on.")
)
def import_(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]")] = None,
    book: _BookOption = "di",
    symbol: Annotated[str, typer.Option("--symbol", help=_("The sequence that --start-at is about (book di)."))] = "",
    start_at: Annotated[
        int,
        typer.Option(
            "--start-at", min=0, max=99_999, help=_("The next number: those before it stand in the older book.")
        ),
    ] = 0,
    dry_run: _DryRun = False,
) -> int:
    from vanthu_cli.procedures import import_book

    run, name = run_of(context), _book(book)
    if file is None and not start_at:
        raise MisuseError("import.nothing", _("Name a file, or the next number: --start-at 146"))
    if start_at and name == "di" and not symbol:
        raise MisuseError(
            "import.symbol", _("Say in which sequence: --symbol CV/TU --start-at {number}").format(number=start_at)
        )
    lines, payload = list[str](), dict[str, Any]()
    with run.desk() as desk:
        done = import_book.import_book(desk, file, name, dry_run=dry_run) if file else None
        following = import_book.start_at(desk, name, symbol, start_at, dry_run=dry_run) if start_at else None
    if done is not None:
        lines.append(_("{count} entered, {known} were there already, {failed} could not be entered.").format(
            count=len(done.entered), known=done.known, failed=len(done.failed)
        ))  # fmt: skip
        lines += [_("Row {line}: {why}").format(line=line, why=why) for line, why in done.failed]
        payload = {
            "entered": [str(each) for each in done.entered] if not dry_run else [],
            "count": len(done.entered),
            "known": done.known,
            "failed": [{"row": line, "message": why} for line, why in done.failed],
        }
    if following is not None:
        lines.append(_("The next number is {number}.").format(number=following))
        payload["next"] = following
    code = 3 if done is not None and done.failed else 0
    return run.answer({"dry_run": dry_run, "book": name, **payload}, lines, code=code)


@group.command(
    "print",
    help=_(
        "Count paper originals printed from an electronic one (to be sealed by hand), and save what is to be printed."
    ),
)
def print_(
    context: typer.Context,
    document: _Id,
    copies: Annotated[int, typer.Option("--copies", min=1, max=99_999, help=_("How many paper copies."))] = 1,
    place: Annotated[str, typer.Option("--to", help=_("For whom."))] = "",
    out: Annotated[Path | None, typer.Option("--out", help=_("Save the file to be printed here."))] = None,
    dry_run: _DryRun = False,
) -> int:
    from vanthu_cli.procedures import paper_originals

    run = run_of(context)
    with run.desk() as desk:
        found = documents.find(desk.book, document)
        total = paper_originals.printed(desk, found, copies, place, out, dry_run=dry_run)
    lines = [_("{name}: {copies} printed, {total} in all.").format(name=found.name, copies=copies, total=total)]
    payload = {
        "dry_run": dry_run,
        "id": str(found.id),
        "copies": copies,
        "total": total,
        "file": str(out) if out else None,
    }
    return run.answer(payload, lines)


@group.command(help=_("Note that a document was given to the post (sổ gửi văn bản đi bưu điện)."))
def post(
    context: typer.Context,
    document: _Id,
    place: Annotated[str, typer.Option("--to", help=_("Recipient as written on the envelope."))],
    envelopes: Annotated[int, typer.Option("--envelopes", min=1, max=99_999, help=_("How many envelopes."))] = 1,
    date: Annotated[str, typer.Option("--date", help=_("The day; left out: today."))] = "",
    note: Annotated[str, typer.Option("--note", help=_("Remarks (ghi chú)."))] = "",
    dry_run: _DryRun = False,
) -> int:
    from vanthu_cli.procedures import paper_originals

    run = run_of(context)
    with run.desk() as desk:
        found = documents.find(desk.book, document)
        day = paper_originals.posted(
            desk,
            found,
            place,
            envelopes=envelopes,
            day=parse_day(date).isoformat() if date else None,
            note=note,
            dry_run=dry_run,
        )
    lines = [_("{name}: given to the post for {place}.").format(name=found.name, place=place)]
    payload = {"dry_run": dry_run, "id": str(found.id), "to": place, "envelopes": envelopes, "date": day}
    return run.answer(payload, lines)


@group.command(help=_("Lend the office's own copy of a document, or take it back (sổ sử dụng bản lưu)."))
def lend(
    context: typer.Context,
    document: _Id,
    borrower: Annotated[str, typer.Option("--to", help=_("Who uses it."))] = "",
    permitted: Annotated[str, typer.Option("--permitted-by", help=_("Who has permitted it."))] = "",
    returned: Annotated[bool, typer.Option("--returned", help=_("It came back today."))] = False,
    note: Annotated[str, typer.Option("--note", help=_("Remarks (ghi chú)."))] = "",
    dry_run: _DryRun = False,
) -> int:
    from vanthu_cli.procedures import paper_originals

    run = run_of(context)
    with run.desk() as desk:
        found = documents.find(desk.book, document)
        if returned:
            paper_originals.came_back(desk, found, dry_run=dry_run)
            said = _("{name} is back.").format(name=found.name)
        else:
            paper_originals.lent(desk, found, borrower, permitted, note, dry_run=dry_run)
            said = _("{name} is lent to {borrower}.").format(name=found.name, borrower=borrower)
    payload = {"dry_run": dry_run, "id": str(found.id), "to": borrower or None, "returned": returned}
    return run.answer(payload, [said])


def _book(text: str) -> BookName:
    if text not in {"den", "di"}:
        raise MisuseError("register.book", _("--book takes den or di."))
    return cast("BookName", text)


def _texts(**given: str) -> dict[str, object]:
    """Return the texts that were given, blanks joined."""
    return {name: " ".join(text.split()) for name, text in given.items() if text.strip()}


def _days(**given: str) -> dict[str, object]:
    """Return the days that were given, ISO; None for "-": no day any more."""
    return {name: None if text == "-" else parse_day(text).isoformat() for name, text in given.items() if text}


def _counts(**given: int) -> dict[str, object]:
    return {name: count for name, count in given.items() if count}


def _urgency(text: str) -> str:
    known = {"": "", "khan": "KHẨN", "thuong-khan": "THƯỢNG KHẨN", "hoa-toc": "HỎA TỐC"}
    if text not in known:
        raise MisuseError("option.urgency", _("--urgency takes khan, thuong-khan or hoa-toc."))
    return known[text]


def _within(desk: Any, days: int) -> Mapping[str, object]:
    """Return the day that is so many working days from today."""
    if not days:
        return {}
    from vanthu_cli.rules.deadlines import today, working_days_after

    return {"due": working_days_after(today(desk.now), days, desk.config.holidays).isoformat()}
