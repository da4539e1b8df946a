"""Dossiers for a person, and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from sqlite3 import Row
from typing import Any

from vanthu_cli.locale import _
from vanthu_cli.register.dossiers import Dossier, Listed
from vanthu_cli.reports.amendments import link_word
from vanthu_cli.reports.dossier import Line, alert, deadline, title
from vanthu_cli.reports.dossier_xml import Cut
from vanthu_cli.reports.tables import table
from vanthu_cli.reports.words import day_shown, event_word, moment_shown


def dossier_json(dossier: Dossier, day: date) -> dict[str, Any]:
    """Return a dossier as it stands on a day."""
    until = deadline(dossier)
    values = {name: value for name, value in asdict(dossier).items() if name != "id"}
    return {**values, "deadline": until.isoformat() if until else None, "alert": alert(dossier, day)}


def listed_json(listed: Listed, day: date) -> dict[str, Any]:
    more = {"documents": listed.documents, "pages": listed.pages, "changed_at": listed.changed_at}
    return {**dossier_json(listed.dossier, day), **more}


def line_json(line: Line) -> dict[str, Any]:
    each = line.document
    return {
        "ordinal": line.ordinal,
        "document": str(each.id),
        "name": each.name,
        "date": each.day,
        "doc_type": each.doc_type,
        "subject": each.subject,
        "title": title(each),
        "agency": each.agency,
        "pages": line.pages,
        "first_page": line.first,
        "note": line.note or None,
        "state": each.state,
        "sha256": each.sha256,
    }


def paper_json(row: Row) -> dict[str, Any]:
    return {
        "document": str(row["document"]),
        "side": "owed" if row["direction"] == "out" else "due",
        "agency": row["agency"],
        "copies": row["copies"],
        "settled_at": row["settled_at"],
    }


def link_json(row: Row) -> dict[str, str]:
    return {"document": str(row["document"]), "kind": row["kind"], "other": str(row["other"])}


def cut_json(cut: Sequence[Cut]) -> list[dict[str, str | None]]:
    return [{"document": None if document is None else str(document), "field": name} for document, name in cut]


def listed_lines(listed: Sequence[Listed], day: date) -> list[str]:
    headings = [_("Code"), _("Year"), _("Title"), _("State"), _("Documents"), _("Last change"), _("To the archive by")]
    rows = [
        [
            each.dossier.code,
            str(each.dossier.year),
            each.dossier.title,
            _state(each.dossier),
            str(each.documents),
            moment_shown(each.changed_at) if each.changed_at else "",
            _due(each.dossier, day),
        ]
        for each in listed
    ]
    return table(headings, rows) or [_("There is no dossier yet.")]


def head_lines(dossier: Dossier, day: date) -> list[str]:
    """Return what is known of a dossier itself."""
    pairs = [
        (_("Dossier"), f"{dossier.code} ({dossier.year})"),
        (_("Title"), dossier.title),
        (_("State"), _state(dossier)),
        (_("Session"), _("yes") if dossier.session else ""),
        (_("Kept"), dossier.retention),
        (_("Rights"), dossier.rights),
        (_("Creator"), dossier.creator),
        (_("Language"), dossier.language),
        (_("Keywords"), dossier.keywords),
        (_("Begun"), day_shown(dossier.started)),
        (_("Ended"), day_shown(dossier.ended)),
        (_("To the archive by"), _due(dossier, day)),
        (_("Remarks"), dossier.note),
    ]
    return [f"{label + ':':<20} {value}" for label, value in pairs if value]


def index_lines(lines: Sequence[Line]) -> list[str]:
    headings = [_("Ordinal"), _("Number"), _("Date"), _("Type and subject"), _("Author"), _("Pages"), _("Remarks")]
    return table(headings, [each.cells for each in lines]) or [_("It holds no document yet.")]


def paper_lines(rows: Sequence[Row], names: Mapping[int, str], agencies: Mapping[str, str]) -> list[str]:
    """Return the paper originals of both sides: owed by us, due from whom, and when they were handed over."""
    lines = []
    for row in rows:
        settled = row["settled_at"]
        if row["direction"] == "out":
            text = _("  {name}: given to {agency} on {day}") if settled else _("  {name}: owed by us to {agency}")
        else:
            text = _("  {name}: received from {agency} on {day}") if settled else _("  {name}: due from {agency}")
        agency = agencies.get(row["agency"], row["agency"])
        lines.append(
            text.format(name=names[row["document"]], agency=agency, day=moment_shown(settled)[:10] if settled else "")
        )
    return ["", _("Paper originals:"), *lines] if lines else []


def links_lines(rows: Sequence[Row], names: Mapping[int, str]) -> list[str]:
    lines = [f"  {names[row['document']]} {link_word(row['kind'])} {names[row['other']]}" for row in rows]
    return ["", _("Linked:"), *lines] if lines else []


def events_lines(events: Sequence[Row]) -> list[str]:
    return [
        "",
        _("History:"),
        *(f"  {moment_shown(row['at'])}  {event_word(row['kind'])}  {row['who']}" for row in events),
    ]


def amended_lines(dossier: Dossier, differing: Mapping[str, tuple[str | None, str | None]]) -> list[str]:
    if not differing:
        return [_("{name}: nothing differs from what is there.").format(name=dossier.code)]
    words = {
        "title": _("Title"),
        "retention": _("Kept"),
        "rights": _("Rights"),
        "keywords": _("Keywords"),
        "note": _("Remarks"),
    }
    lines = [f"  {words[name]}: {before or '–'} → {after or '–'}" for name, (before, after) in differing.items()]
    return [_("{name}:").format(name=dossier.code), *lines]


def cut_lines(cut: Sequence[Cut]) -> list[str]:
    return [
        _("  {document}: {field} is longer than the decree allows, and was cut.").format(
            document=_("dossier") if document is None else f"#{document}", field=name
        )
        for document, name in cut
    ]


def secret_lines(count: int) -> list[str]:
    return [_("{count} turned out to be secret and are not listed.").format(count=count)] if count else []


def fault_word(fault: str) -> str:
    """Say why a file is not in the reading copy."""
    return {
        "no-file": _("it has no electronic file"),
        "not-pdf": _("no PDF, only listed"),
        "locked": _("it needs a password"),
        "broken": _("it cannot be read"),
        "too-slow": _("it took too long"),
        "too-long": _("it has too many pages"),
        "missing": _("it is missing from the cabinet"),
    }[fault]


def _state(dossier: Dossier) -> str:
    return {"open": _("open"), "closed": _("closed"), "handed-over": _("handed over")}[dossier.state]


def _due(dossier: Dossier, day: date) -> str:
    until, near = deadline(dossier), alert(dossier, day)
    words = {None: "", "soon": " " + _("soon"), "overdue": " " + _("OVERDUE")}
    return f"{until:%d/%m/%Y}{words[near]}" if until else ""
