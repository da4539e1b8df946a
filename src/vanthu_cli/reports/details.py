"""One document in full, for a person."""

from collections.abc import Iterable, Sequence
from sqlite3 import Row

from vanthu_cli.locale import _
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.directory import Sighting
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.reading import field_words, notice_sentence
from vanthu_cli.reports.tables import table
from vanthu_cli.reports.words import (
    answer_word,
    day_shown,
    delivery_word,
    event_word,
    indication_word,
    moment_shown,
    reason_word,
    state_of,
    verdict_word,
    why,
)
from vanthu_cli.validation.reasons import Reason, sentence


def document_lines(
    document: Document,
    *,
    place: str | None = None,
    deliveries: Sequence[Delivery] = (),
    papers: Sequence[Row] = (),
    arrivals: Sequence[Row] = (),
    attachments: Sequence[str] = (),
    events: Sequence[Row] = (),
    text: str = "",
) -> list[str]:
    """Return what is known of a document, line by line."""
    pairs = [
        (_("Id"), str(document.id)),
        (_("Number") if document.number is not None else _("Document"), document.name),
        (_("Date"), day_shown(document.day)),
        (_("Arrival number"), str(document.arrival_number or "")),
        (_("Type"), document.doc_type),
        (_("Subject"), document.subject),
        (_("Issued by"), document.agency),
        (_("Signer"), ", ".join(each for each in (document.signer_title, document.signer) if each)),
        (_("Recipients") if document.direction == "out" else _("Passed on to"), document.places),
        (_("Passed on"), day_shown(document.passed_on)),
        (_("Keeper of the copy"), document.keeper),
        (_("Copies"), str(document.copies or "")),
        (_("Due"), day_shown(document.due)),
        (_("Progress"), document.progress),
        (_("Done"), day_shown(document.done_on)),
        (_("Remarks"), document.note),
        (_("Urgency"), document.urgency),
        (_("From"), document.sender),
        (_("State"), state_of(document)),
        (_("Signatures"), verdict_word(document.verdict) if document.verdict else ""),
        (_("Why"), why(document)),
        (_("Reason given"), document.reason),
        (_("File"), document.file),
        ("SHA-256", document.sha256),
        (_("Lies at"), place),
    ]
    lines = [f"{label + ':':<18} {value}" for label, value in pairs if value]
    label = _("With it") + ":"
    lines += [f"{label:<18} {name}" for name in attachments]
    lines += judged_lines(document)
    lines += doubts_of(document) if document.state == "waiting" else []
    if arrivals:
        lines += ["", _("Arrived:")]
        lines += [f"  {moment_shown(row['received_at'])}  {row['channel']}  {row['sender'] or '?'}" for row in arrivals]
    if text:
        lines += ["", _("The sender wrote:"), *(f"  {line}" for line in text.splitlines())]
    if deliveries:
        lines += ["", _("Sent to:"), *_letters(deliveries)]
    if papers:
        lines += ["", _("Paper originals due from:") if document.direction == "in" else _("Paper originals owed:")]
        lines += [f"  {row['copies']} × {row['agency']} ({reason_word(row['reason'])})" for row in papers]
    if events:
        lines += ["", _("History:")]
        lines += [f"  {moment_shown(row['at'])}  {event_word(row['kind'])}  {row['who']}" for row in events]
    return lines


def receipt_lines(said: Sequence[tuple[Delivery, Row]]) -> list[str]:
    """Return what came back about letters, message by message, with the words of whoever wrote."""
    kinds = {"status": _("status"), "dsn": _("server"), "mdn": _("read receipt"), "reply": _("reply")}
    rows = [
        [
            each.agency or each.address,
            kinds.get(row["kind"], row["kind"]),
            "" if row["kind"] == "reply" else delivery_word(row["state"]),
            moment_shown(row["received_at"]),
            answer_word(row["detail"]),
        ]
        for each, row in said
    ]
    headings = [_("Agency"), _("Kind"), _("State"), _("When"), _("Words")]
    return ["", _("What came back:"), *table(headings, rows)] if rows else []


def recall_lines(asked: Sequence[Row]) -> list[str]:
    """Return when a document was asked back, why, and what became of that."""
    words = {"asked": _("not decided yet"), "agreed": _("agreed, destroyed"), "declined": _("declined")}
    lines = [
        f"  {moment_shown(row['at'])}  {row['reason']}"
        + (f"  ({words[row['state']]})" if row["message"] is not None else "")
        for row in asked
    ]
    return ["", _("Recalled, and why:"), *lines] if lines else []


def notice_lines(notices: Sequence[Delivery]) -> list[str]:
    """Return the letters that were written about a document beside those that carry it, kind by kind."""
    headings = {"recall": _("Recall notices:"), "reminder": _("Reminders:"), "answer": _("Answered:")}
    lines = []
    for purpose, heading in headings.items():
        letters = [each for each in notices if each.purpose == purpose]
        lines += ["", heading, *_letters(letters)] if letters else []
    return lines


def _letters(letters: Sequence[Delivery]) -> list[str]:
    rows = [
        [
            each.agency or "",
            each.address,
            each.channel,
            delivery_word(each.state),
            moment_shown(each.at),
            answer_word(each.answer),
        ]
        for each in letters
    ]
    return table([_("Agency"), _("Address"), _("Channel"), _("State"), _("When"), _("Answer")], rows)


def judged_lines(document: Document) -> list[str]:
    """Say what was found about each signature when the document came, in the words of `verify`."""
    lines = []
    for signature in document.judgement.get("signatures", []):
        lines.append(f"  • {signature.get('signer') or '?'}: {indication_word(signature.get('indication'))}")
        lines += [f"      {reason_sentence(text)}" for text in signature.get("reasons", [])]
    return lines + [f"  – {reason_sentence(text)}" for text in document.judgement.get("reasons", [])]


def reason_sentence(text: str) -> str:
    """Return the clerk's sentence for a reason as it is stored: "code" or "code: detail"."""
    code, _colon, detail = text.partition(": ")
    return sentence(Reason(code, detail))


def sighting_lines(seen: Iterable[Sighting]) -> list[str]:
    """Show certificates that nobody has named yet, each with the command that says whose it is."""
    lines = []
    for each in seen:
        confirm = (
            f"vanthu directory confirm {each.fingerprint[:16]} --agency {each.agency or 'CODE'} --role {each.role}"
        )
        lines += [f"  {each.subject}, SHA-256 {each.fingerprint}", f"    {confirm}"]
    return lines


def delivery_json(delivery: Delivery) -> dict[str, object]:
    """Return one recipient as contract.md writes it."""
    return {
        "to": delivery.address,
        "agency": delivery.agency,
        "channel": delivery.channel,
        "state": delivery.state,
        "at": delivery.at,
        "answer": delivery.answer,
    }


def paper_json(row: Row) -> dict[str, object]:
    return {"agency": row["agency"], "copies": row["copies"], "reason": row["reason"]}


def doubts_of(document: Document) -> list[str]:
    """Say which fields were read with doubt, and what else was found for them: a person looks at the page."""
    read = document.fields or {}
    words, told, lines = field_words(), read.get("fields", {}), list[str]()
    for name, values in read.get("doubtful", {}).items():
        label, value = words.get(name, name), told.get(name)
        others = [str(one) for one in values if one != value]
        said = (
            _("{field}: {value}?").format(field=label, value=value)
            if value
            else _("{field}: not sure").format(field=label)
        )
        lines.append(f"  {said}" + (" " + _("or {values}").format(values=" / ".join(others)) if others else ""))
    lines += [f"  {notice_sentence(each)}" for each in read.get("notices", ())]
    return ["", _("Read with doubt, look at the page:"), *lines] if lines else []
