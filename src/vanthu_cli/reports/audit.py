"""What an audit of the register has found, for a person and as JSON."""

from collections.abc import Sequence
from typing import Any

from vanthu_cli.locale import _
from vanthu_cli.register.audit import Audited, Fault
from vanthu_cli.reports.words import day_shown

_MOST = 40


def audit_json(found: Audited) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "events": found.events,
        "rows": found.rows,
        "files": found.files,
        "closings": found.closings,
        "stamped": found.stamped,
        "last_closed": found.last_closed,
        "certificate": found.fingerprint,
        "faults": _listed(found.faults),
        "notes": _listed(found.notes),
    }


def _listed(faults: Sequence[Fault]) -> list[dict[str, str | None]]:
    return [{"code": each.code, "where": each.where, "detail": each.detail or None} for each in faults]


def audit_lines(found: Audited) -> list[str]:
    """Return the verdict first, then exactly where something is wrong."""
    verdict = {
        "broken": _("NOT AS IT WAS WRITTEN: something in this register was changed, or is missing."),
        "whole": _("WHOLE: nothing was changed since it was written."),
        "open": _(
            "Nothing contradicts itself; but no day was closed yet, so nothing outside the register vouches for it."
        ),
    }[found.verdict]
    lines = [verdict]
    lines += [f"  ✗ {fault_sentence(each)}" for each in found.faults[:_MOST]]
    if len(found.faults) > _MOST:
        lines.append(_("  … and {count} more (--json lists all).").format(count=len(found.faults) - _MOST))
    lines.append(
        _(
            "Gone through: {events} events, {rows} rows, {files} files, {closings} closed days ({stamped} time-stamped)."
        ).format(
            events=found.events, rows=found.rows, files=found.files, closings=found.closings, stamped=found.stamped
        )
    )
    if found.last_closed:
        lines.append(_("Closed up to {day}.").format(day=day_shown(found.last_closed)))
    if found.fingerprint:
        lines.append(
            _("Certificate of the register, to be compared with what was written down: SHA-256 {fingerprint}").format(
                fingerprint=found.fingerprint
            )
        )
    unnamed = [each for each in found.notes if each.code == "file-unnamed"]
    if unnamed:
        lines.append(
            _(
                "{count} files in the cabinet belong to no entry (a run that died leaves such; nothing is lost): {first}"
            ).format(count=len(unnamed), first=unnamed[0].where)
        )
    if any(each.code == "no-cabinet" for each in found.notes):
        lines.append(_("There is no cabinet beside it: its files were not looked at."))
    return lines


def fault_sentence(fault: Fault) -> str:
    """Say what a fault is and where."""
    words = {
        "file-damaged": _("the database file is damaged: {detail}"),
        "unreadable": _("it cannot be read further: {detail}"),
        "event-missing": _("{where} is missing from the chain {detail}"),
        "event-changed": _("{where} was changed"),
        "chain-broken": _("{where} does not follow the one before it: something was taken out or put in"),
        "row-changed": _("{where}: its content was changed behind the program's back"),
        "row-added": _("{where} was put in behind the program's back"),
        "row-removed": _("{where} was removed behind the program's back"),
        "number-missing": _("{where}: number {detail} is held by nothing"),
        "number-differs": _("{where}: its number is not the one that was taken for it"),
        "file-missing": _("{where} is missing"),
        "file-changed": _("{where} was changed: its content is not what its name says"),
        "file-not-destroyed": _("{where} should have been destroyed on recall, and is there"),
        "closing-removed": _("{where}: the closing, or its file, was removed"),
        "closing-unsigned": _("{where}: its signature file (.p7s) is missing"),
        "schema-changed": _("{where}: the form of the register was changed (a table, an index or a trigger)"),
        "index-differs": _("{where}: the search index does not hold its words"),
        "closing-changed": _("{where} was changed"),
        "closing-differs": _("{where} tells of another register than this one {detail}"),
        "closing-unentered": _("{where} is not in the chain"),
        "closing-signature": _("{where}: its signature does not stand, or is not the register's"),
        "other-certificate": _("{where} is not the certificate whose fingerprint was written down; it is {detail}"),
    }
    return words[fault.code].format(where=_place(fault.where), detail=_place(fault.detail)).strip()


def _place(where: str) -> str:
    """Name a place for a person; tables beside the usual ones keep their own names."""
    words = {
        "event ": _("event {id}"),
        "closing ": _("closing {id}"),
        "document/": _("document {id}"),
        "number/": _("number {id}"),
        "delivery/": _("letter {id}"),
        "message/": _("message {id}"),
        "agency/": _("agency {id}"),
        "dossier/": _("dossier {id}"),
        "body/": _("text of document {id}"),
    }
    found = next((prefix for prefix in words if where.startswith(prefix)), None)
    return words[found].format(id=where.removeprefix(found)) if found else where
