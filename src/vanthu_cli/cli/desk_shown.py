"""What waits for a person, as lines (each with the command that settles it) and as JSON: for `status`, `batch` and `vanthu` alone."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from vanthu_cli.locale import _
from vanthu_cli.procedures.status import Status
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.arrivals import quarantined_line
from vanthu_cli.reports.words import (
    answer_word,
    day_shown,
    delivery_word,
    moment_shown,
    reason_word,
    sender_shown,
    verdict_word,
    why,
)


def desk_lines(found: Status, now: date, *, brief: bool = False) -> Iterator[str]:
    """Yield them, most urgent first. `brief`: without subjects, names of files and strangers' words, for what leaves the office by mail."""
    yield from sorted(_all_lines(found, now, brief=brief), key=lambda line: not line.startswith("!"))


def _all_lines(found: Status, now: date, *, brief: bool) -> Iterator[str]:
    for row in found.quarantined:
        yield f"! {quarantined_line(row)}"
    for row, document in found.recalls:
        yield _("! {name} is asked back by who issued it: vanthu inbox show r{id}").format(
            name=document.name, id=row["id"]
        )
    if found.run:
        yield _("! The run without a person has not gone well since {time}. See why: vanthu batch").format(
            time=moment_shown(found.run.good or found.run.first)
        )
    for document in found.unfinished:
        yield _("! {name} is numbered but not sealed: run the same sign-send command again.").format(name=document.name)
    yield from (_trouble(*each) for each in found.troubled)
    for document in found.waiting:
        yield _("• {name} from {sender} waits: {why}. vanthu inbox show {id}").format(
            name=_named(document, brief=brief),
            sender=sender_shown(document),
            why=why(document) or verdict_word(document.verdict),
            id=document.id,
        )
    for (identity, name, due), agencies in _silent(found).items():
        late = due < now
        owing = late and any((identity, each) not in found.reminded for each in agencies)
        shown = f"vanthu register show {identity}" + (" " + _("(reminded today)") if late else "")
        yield _("{mark} {name}: no answer yet from {agencies} (due {due}). {command}").format(
            mark="!" if late else "•",
            name=name,
            agencies=", ".join(agencies),
            due=f"{due:%d/%m/%Y}",
            command=f"vanthu send {identity} --remind" if owing else shown,
        )
    for document in found.due:
        yield _("{mark} {name} must be dealt with by {due}: {subject}. vanthu register amend {id} --done DAY").format(
            mark="!" if (document.due or "") < now.isoformat() else "•",
            name=_named(document, brief=brief),
            due=day_shown(document.due),
            subject="…" if brief else document.subject or "–",
            id=document.id,
        )
    yield from _in_their_time(found, brief=brief)


def _trouble(document: Document, letter: Delivery) -> str:
    """Say of a letter that has not arrived, or was refused, how that is settled."""
    said = {
        "name": document.name,
        "address": letter.address,
        "state": delivery_word(letter.state),
        "answer": answer_word(letter.answer) or "–",
        "id": document.id,
    }
    if letter.purpose == "recall" and letter.state in {"bounced", "refused"}:
        return _(
            "! {name}: {address} does not confirm the recall: {state} ({answer}). Settle it with them, then: "
            "vanthu send {id} --received {agency}"
        ).format(agency=letter.agency or letter.address, **said)
    settle = "--again" if letter.state in {"unsure", "bounced", "refused"} else ""
    if letter.state in {"bounced", "refused"}:
        settle += " " + _(
            "(first correct the address: vanthu directory add {code} --internet ADDRESS, --wan or --axis)"
        ).format(code=letter.agency or "…")
    return (
        _("! {name} to {address}: {state} ({answer}). vanthu send {id} {option}").format(option=settle, **said).rstrip()
    )


def _named(document: Document, *, brief: bool) -> str:
    """Return number and symbol; of a document without, in brief, its id: a file's name may tell what it is about."""
    return f"#{document.id}" if brief and document.number is None else document.name


def _in_their_time(found: Status, *, brief: bool) -> Iterator[str]:
    """Say what waits for somebody and is not pressing."""
    for document, letter, words in found.replied:
        yield _("• {name}: {agency} wrote: “{words}”. If that settles it: vanthu send {id} --received {agency}").format(
            name=document.name, agency=letter.agency or letter.address, words="…" if brief else words, id=document.id
        )
    for row in found.paper:
        said = (
            _("• Paper original due: {copies} × from {agency} ({reason}). When it is here: vanthu paper done {id}")
            if row["side"] == "due"
            else _("• Paper original owed: {copies} × to {agency} ({reason}). vanthu paper done {id}")
        )
        yield said.format(
            copies=row["copies"], agency=row["agency"], reason=reason_word(row["reason"]), id=row["document"]
        )
    for certificate in found.expiring:
        yield _("• The certificate of {name} ends on {day}: ask for a new one now.").format(
            name=certificate.name, day=day_shown(certificate.not_after[:10])
        )


def _silent(found: Status) -> dict[tuple[int, str, date], list[str]]:
    """Gather who has not answered, by document and day: one line each."""
    gathered: dict[tuple[int, str, date], list[str]] = {}
    for document, letter, due in found.unanswered:
        gathered.setdefault((document.id, document.name, due), []).append(letter.agency or letter.address)
    return gathered


def desk_json(found: Status) -> dict[str, Any]:
    return {
        "quarantined": [
            {"id": f"q{row['id']}", "from": row["sender"], "at": row["received_at"], "reason": row["reason"]}
            for row in found.quarantined
        ],
        "recalls": [
            {"id": f"r{row['id']}", "document": str(each.id), "name": each.name} for row, each in found.recalls
        ],
        "to_accept": [
            {
                "id": str(each.id),
                "name": each.name,
                "from": each.sender,
                "verdict": each.verdict,
                "flags": list(each.flags),
            }
            for each in found.waiting
        ],
        "unfinished": [{"id": str(each.id), "name": each.name, "state": each.state} for each in found.unfinished],
        "to_send": [
            {
                "id": str(document.id),
                "name": document.name,
                "to": letter.address,
                "state": letter.state,
                "answer": letter.answer,
            }
            for document, letter in found.troubled
        ],
        "unacknowledged": [
            {
                "id": str(document.id),
                "name": document.name,
                "agency": letter.agency,
                "to": letter.address,
                "state": letter.state,
                "due": due.isoformat(),
            }
            for document, letter, due in found.unanswered
        ],
        "replied": [
            {
                "id": str(document.id),
                "name": document.name,
                "agency": letter.agency,
                "to": letter.address,
                "words": words,
            }
            for document, letter, words in found.replied
        ],
        "due": [{"id": str(each.id), "name": each.name, "due": each.due, "with": each.places} for each in found.due],
        "paper_owed": [
            {
                "document": str(row["document"]),
                "agency": row["agency"],
                "copies": row["copies"],
                "reason": row["reason"],
                "side": row["side"],
            }
            for row in found.paper
        ],
        "last_run": {
            "began": found.run.began,
            "good": found.run.good or None,
            "code": found.run.code,
            "failures": list(found.run.failures),
        }
        if found.run
        else None,
        "certificates": [{"name": each.name, "not_after": each.not_after} for each in found.expiring],
    }
