"""`vanthu register list / show / search`."""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.run import run_of
from vanthu_cli.document.day import parse_day
from vanthu_cli.document.symbol import parse_symbol
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register import documents, finding
from vanthu_cli.register.book import stored
from vanthu_cli.register.documents import Direction, Document
from vanthu_cli.register.finding import Filter
from vanthu_cli.register.indexing import words_of
from vanthu_cli.reports.tables import table
from vanthu_cli.reports.words import day_shown, state_of, verdict_word
from vanthu_cli.rules.deadlines import VIETNAM

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
_DIRECTIONS: dict[str, Direction | None] = {"den": "in", "di": "out", "": None}
_IN_THE_BOOKS = ("accepted", "numbered", "sealed", "queued", "sent", "recalled", "voided")
_PAGE = 50


@group.command("list", help=_("Show the books, newest first."))
def list_(
    context: typer.Context,
    book: Annotated[
        str,
        typer.Option(
            "--book", autocompletion=completing.one_of("den", "di"), help=_("den (incoming) or di (outgoing).")
        ),
    ] = "",
    since: Annotated[str, typer.Option("--from", help=_("First day, as 2026-11-22."))] = "",
    until: Annotated[str, typer.Option("--to", help=_("Last day."))] = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help=_("How many at most; 0 shows all."))] = _PAGE,
) -> int:
    run = run_of(context)
    with run.desk() as desk:
        wanted = _filter(book, since, until, states=_IN_THE_BOOKS, booked=True)
        found = finding.listing(desk.book, wanted, limit=limit or -1)
    return run.answer(
        {"documents": [register_json(each) for each in found]}, _rows(found) or [_("The register is empty.")]
    )


@group.command(help=_("Show one document: fields, where it lies, who got it, its history."))
def show(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="ID", autocompletion=completing.documents)],
    out: Annotated[
        Path | None, typer.Option("--out", help=_("Save the document and its attachments into this folder."))
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help=_("Write everything that proves who got it into this ZIP."))
    ] = None,
    key: Annotated[str, typer.Option("--key", help=_("The key that signs the evidence."))] = "",
) -> int:
    from vanthu_cli.cli.full import full

    run = run_of(context)
    with run.desk() as desk:
        found = documents.find(desk.book, document)
        payload, lines = full(desk, found, out)
        if evidence is not None:
            from vanthu_cli.procedures.evidence import write_evidence

            payload["evidence"] = write_evidence(desk, found, evidence, key=key)
            lines.append(_("Evidence: {path}").format(path=evidence))
        documents.viewed(desk.book, found, saved=out is not None or evidence is not None)
    return run.answer({"document": register_json(found) | {"path": payload.pop("path")}, **payload}, lines)


@group.command(
    help=_(
        "Find documents by any words, or half a number: 145-CV/TU, 14, hội nghị; diacritics don't matter. Newest first."
    )
)
def search(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="[WORDS]...")] = None,
    book: Annotated[
        str,
        typer.Option(
            "--book", autocompletion=completing.one_of("den", "di"), help=_("den (incoming) or di (outgoing).")
        ),
    ] = "",
    agency: Annotated[
        str, typer.Option("--agency", help=_("The issuing agency: its code, or words of its name."))
    ] = "",
    symbol: Annotated[str, typer.Option("--symbol", help=_("Only this symbol, such as CV/TU."))] = "",
    doc_type: Annotated[str, typer.Option("--type", help=_("Only this type, such as “Quyết định”."))] = "",
    since: Annotated[str, typer.Option("--from", help=_("First day, as 2026-11-22."))] = "",
    until: Annotated[str, typer.Option("--to", help=_("Last day."))] = "",
    apart: Annotated[
        bool, typer.Option("--apart", help=_("The words may stand apart, in any fields and in the text."))
    ] = False,
    relevance: Annotated[bool, typer.Option("--relevance", help=_("The most relevant first, not the newest."))] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, help=_("How many at most; 0 shows all."))] = _PAGE,
) -> int:
    run = run_of(context)
    if not (words or agency or symbol or doc_type or since or until):
        raise MisuseError(
            "search.nothing", _("Say what to look for."), _("For example: vanthu register search hội nghị")
        )
    with run.desk() as desk:
        wanted = _filter(book, since, until, symbol=parse_symbol(symbol) if symbol else "", doc_type=doc_type)
        found = finding.search(
            desk.book, " ".join(words or ()), wanted, agency=agency, apart=apart, limit=limit or -1, relevance=relevance
        )
    lines = _rows(found.documents) or [_("Nothing found.")]
    if found.together and len(words_of(" ".join(words or ()))) > 1:
        lines.append(_("Where these words stand together; --apart finds them wherever they stand."))
    payload = {"documents": [register_json(each) for each in found.documents], "together": found.together}
    return run.answer(payload, lines)


def _filter(book: str, since: str, until: str, **more: Any) -> Filter:
    if book not in _DIRECTIONS:
        raise MisuseError("register.book", _("--book takes den or di."))
    start, end = (_start(since) if since else None), (_start(until, days=1) if until else None)
    if start and end and end <= start:
        raise MisuseError(
            "register.range", _("The last day lies before the first: {first} – {last}.").format(first=since, last=until)
        )
    return Filter(direction=_DIRECTIONS[book], since=start, until=end, **more)


def register_json(document: Document) -> dict[str, Any]:
    return {
        "id": str(document.id),
        "book": "den" if document.direction == "in" else "di",
        "arrival_number": document.arrival_number,
        "number": document.number,
        "symbol": document.symbol,
        "name": document.name,
        "date": document.day,
        "agency": document.agency,
        "doc_type": document.doc_type,
        "subject": document.subject,
        "signer_name": document.signer,
        "state": document.state,
        "verdict": document.verdict,
        "sha256": document.sha256,
        "at": document.arrived_at,
        "medium": document.medium,
        "recipients": document.places,
        "due": document.due,
        "note": document.note,
    }


def _rows(found: list[Document]) -> list[str]:
    headings = [
        _("Id"),
        _("Book"),
        _("Arrival no."),
        _("Number"),
        _("Date"),
        _("Agency"),
        _("Subject"),
        _("Signatures"),
        _("State"),
    ]
    rows = [
        [
            str(each.id),
            _("in") if each.direction == "in" else _("out"),
            str(each.arrival_number or ""),
            each.name,
            day_shown(each.day),
            each.agency or "",
            each.subject or "",
            verdict_word(each.verdict),
            state_of(each),
        ]
        for each in found
    ]
    return table(headings, rows)


def _start(text: str, *, days: int = 0) -> str:
    """Return when a day begins in Viet Nam, as times are stored."""
    return stored(datetime.combine(parse_day(text) + timedelta(days=days), time(), VIETNAM))
