"""What was amended, for a person: field, before, after."""

from collections.abc import Mapping, Sequence
from sqlite3 import Row

from vanthu_cli.locale import _
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.reading import field_words
from vanthu_cli.reports.words import day_shown, moment_shown


def field_word(field: str) -> str:
    more = {
        "agency_code": _("code of the agency"),
        "day": _("date"),
        "signer": _("signer"),
        "signer_title": _("position"),
        "places": _("recipients"),
        "keeper": _("keeper of the copy"),
        "copies": _("copies"),
        "pages": _("pages"),
        "passed_on": _("passed on"),
        "due": _("due"),
        "progress": _("progress"),
        "done_on": _("done"),
        "note": _("remarks"),
        "urgency": _("urgency"),
        "language": _("language"),
    }
    return more.get(field) or field_words().get(field, field)


def _shown(field: str, value: object) -> str:
    text = str(value or "–")
    return day_shown(text) if field in {"day", "passed_on", "due", "done_on"} else text


def link_word(kind: str, *, back: bool = False) -> str:
    """Name a link from a document to another one, or (`back`) from the other one to it."""
    words = {
        "answers": (_("answers"), _("answered by")),
        "corrects": (_("corrects"), _("corrected by")),
        "replaces": (_("replaces"), _("replaced by")),
        "annex-of": (_("annex of"), _("has the annex")),
    }
    return words[kind][back]


def amendment_lines(
    document: Document, differing: Mapping[str, tuple[object, object]], links: Sequence[tuple[str, str]]
) -> list[str]:
    if not differing and not links:
        return [_("{name}: nothing differs from what is there.").format(name=document.name)]
    lines = [_("{name}:").format(name=document.name)]
    lines += [
        f"  {field_word(name)}: {_shown(name, before)} → {_shown(name, after)}"
        for name, (before, after) in differing.items()
    ]
    return lines + [f"  {link_word(kind)} {other}" for kind, other in links]


def history_lines(amendments: Sequence[Row]) -> list[str]:
    """Return what was amended of a document, when, by whom and why."""
    lines = [
        f"  {moment_shown(row['at'])}  {field_word(row['field'])}: {_shown(row['field'], row['before'])} → {_shown(row['field'], row['after'])}"
        + (f"  ({row['reason']})" if row["reason"] else "")
        + f"  {row['who']}"
        for row in amendments
    ]
    return ["", _("Amended:"), *lines] if lines else []


def link_lines(document: int, links: Sequence[Row], names: Mapping[int, str]) -> list[str]:
    lines = []
    for row in links:
        back = row["other"] == document
        other = row["document"] if back else row["other"]
        lines.append(f"  {link_word(row['kind'], back=back)} {names.get(other, other)} (#{other})")
    return ["", _("Linked:"), *lines] if lines else []
