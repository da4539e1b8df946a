"""What the commands of `vanthu inbox` and the screen of `vanthu review` share: typed words to values, what is left to say after a step."""

from collections.abc import Mapping

from vanthu_cli.document.day import parse_day
from vanthu_cli.document.symbol import parse_number
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import deliveries, directory
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.deadlines import today


def corrections_of(desk: Desk, typed: Mapping[str, str]) -> dict[str, object]:
    """Return what is to be written of a document that is accepted: number, date, agency, subject, to, due. Empty: as read."""
    values: dict[str, object] = {}
    if number := typed.get("number"):
        parsed = parse_number(number)
        values |= {"number": parsed.value, "symbol": parsed.symbol}
    if date := typed.get("date"):
        values["day"] = parse_day(date).isoformat()
    if agency := typed.get("agency"):
        known = directory.agency(desk.book, agency) or next(iter(directory.by_name(desk.book, agency)), None)
        values |= {"agency": known.name if known else agency, "agency_code": known.code if known else None}
    if subject := typed.get("subject"):
        values["subject"] = " ".join(subject.split())
    if passed_to := typed.get("to"):
        values |= {"places": passed_to, "passed_on": today(desk.now).isoformat()}
    if due := typed.get("due"):
        values["due"] = parse_day(due).isoformat()
    if values:
        from vanthu_cli.procedures.entry import check_values  # heavy, and most documents are accepted as they were read

        check_values(values, today(desk.now))
    return values


def untold(desk: Desk, document: Document) -> list[str]:
    """Say that nobody was told of a refusal, where nobody could be."""
    if deliveries.of_document(desk.book, document.id, "answer"):
        return []
    said = _("{name}: its sender is not in the directory, so nobody was told. Tell them yourself.")
    return [said.format(name=document.name)]


def still_holding(*, clean: bool, copied: bool) -> list[str]:
    """Say what still holds a document that went into quarantine: the register's log, and backups."""
    lines = []
    if not clean:
        lines.append(
            _(
                "Another run is using the register: close it, then run “vanthu status”, so that its log forgets the words too."
            )
        )
    if copied:
        lines.append(_("Backups made since it came still hold it: make a new one, then destroy those."))
    return lines
