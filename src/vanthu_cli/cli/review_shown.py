"""What stands beside the list of `vanthu review`: fields, verdict and reasons at once; letters and the page's text when they have been read."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from unicodedata import normalize

from vanthu_cli.cli.review_listed import Row
from vanthu_cli.document.text import shown
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.examine import FATAL, Examination, Question, fault_words
from vanthu_cli.procedures.letters import letter_text
from vanthu_cli.register import deliveries, directory, documents, messages
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.details import doubts_of, judged_lines, receipt_lines, sighting_lines
from vanthu_cli.reports.words import (
    answer_word,
    day_shown,
    delivery_word,
    moment_shown,
    state_of,
    stored_sentence,
    verdict_word,
    why,
)

_MOST_TEXT = 20_000
"""Letters of the page that are shown: more would make the screen slow, and nobody decides by page 12."""


class Part(NamedTuple):
    """Lines under a heading; "" is no heading."""

    title: str
    lines: Sequence[str]


def plain(text: str) -> str:
    """Return what strangers wrote as one line that a terminal only shows: nothing in it is a command or a mark-up."""
    return normalize("NFC", shown(" ".join(text.split())))


def plain_page(text: str) -> str:
    """The same of a line whose gaps mean something."""
    return normalize("NFC", shown(text.expandtabs(4)))


def first_parts(row: Row) -> Iterator[Part]:
    """Yield what the list itself knows: this stands there at once."""
    document, coming = row.document, "quarantine" in row.can
    if not coming:
        yield Part("", row.said)
    if document is None:
        return
    yield Part("", [*(_verdict(document) if coming else ()), *_fields(document)])
    if not coming:
        return
    yield Part("", list(_judged(document)))
    doubts = doubts_of(document)[1:]
    if doubts:
        yield Part(doubts[0], [line.strip() for line in doubts[1:]])


def _fields(document: Document) -> Iterator[str]:
    doubtful = set(document.fields.get("doubtful", ())) if document.state == "waiting" else set()
    pairs = (
        (_("Number"), document.name, {"number", "symbol"}),
        (_("Date"), day_shown(document.day), {"date"}),
        (_("Agency"), document.agency, {"agency"}),
        (_("Type"), document.doc_type, {"doc_type"}),
        (_("Subject"), document.subject, {"subject"}),
        (_("Signer"), ", ".join(filter(None, (document.signer_title, document.signer))), {"signer_name"}),
        (_("Urgency"), document.urgency, set[str]()),
        (_("State"), "" if document.state == "waiting" else state_of(document), set[str]()),
        (_("From"), document.sender, set[str]()),
        (_("File"), document.file, set[str]()),
    )
    for label, value, names in pairs:
        mark = "?" if names & doubtful else " "
        if value or names & doubtful:
            yield f"{mark} {label + ':':<16} {value or '–'}"


def _verdict(document: Document) -> Iterator[str]:
    reasons = why(document)
    if document.verdict:
        mark = {"valid": "✓", "invalid": "✗"}.get(document.verdict, "!")
        yield f"{mark} {verdict_word(document.verdict)}"
    if reasons:
        yield f"! {reasons}"


def _judged(document: Document) -> Iterator[str]:
    # Of a flagged document nobody should read "it may be accepted".
    if document.verdict and not (document.verdict == "valid" and document.flags):
        yield stored_sentence({**document.judgement, "verdict": document.verdict})
    yield from (line.strip() for line in judged_lines(document))


def more_parts(desk: Desk, row: Row, examined: Callable[[Question], Examination]) -> Iterator[Part]:
    """Yield what must be read first: attachments, the sender's letter, letters of ours, the page. For a thread of its own."""
    document = row.document
    if document is None:
        return
    with_it = [name for _sha256, name in documents.attachments(desk.book, document.id)]
    if with_it:
        yield Part(_("With it:"), with_it)
    strangers = sighting_lines([each for each in directory.sightings(desk.book) if each.document == document.id])
    if strangers:
        heading = _(
            "Signers seen for the first time; compare the fingerprint with what the agency tells you, then confirm:"
        )
        yield Part(heading, [line.strip() for line in strangers])
    if document.direction == "in" and (text := letter_text(desk, messages.of_document(desk.book, document.id))):
        yield Part(_("The sender wrote:"), text.splitlines())
    yield from _letters(desk, document)
    if document.sha256:
        yield _page(desk, document, examined)


def _letters(desk: Desk, document: Document) -> Iterator[Part]:
    letters = deliveries.of_document(desk.book, document.id, "document", "answer", "recall", "reminder")
    sent = [each for each in letters if each.purpose == "document"]
    if sent:
        yield Part(_("Sent to:"), [_letter(each) for each in sent])
    reminders = [each for each in letters if each.purpose == "reminder"]
    if reminders:
        yield Part(_("Reminders:"), [_letter(each) for each in reminders])
    back = receipt_lines([(each, row) for each in letters for row in deliveries.receipts(desk.book, each.id)])[1:]
    if back:
        yield Part(back[0], back[3:])


def _letter(letter: deliveries.Delivery) -> str:
    answer = f" ({answer_word(letter.answer)})" if letter.answer else ""
    whom = f"{letter.agency} <{letter.address}>" if letter.agency else letter.address
    return f"{whom}: {delivery_word(letter.state)}{answer}, {moment_shown(letter.at)}"


def _page(desk: Desk, document: Document, examined: Callable[[Question], Examination]) -> Part:
    title = _("Text of the pages:")
    place = desk.cabinet.path(document.sha256 or "")
    # Its name may be a mark, and marks are looked for again: today's rules may know more than those of the day it came.
    found = examined(desk.question(document.file or place.name, place, "mark", "text"))
    if found.mark:
        return Part(title, [_("It bears the mark {mark}: put it into quarantine.").format(mark=found.mark)])
    if found.fault:
        why_not = fault_words(found.fault) if found.fault in FATAL else found.fault
        return Part(title, [_("It could not be read: {why}").format(why=why_not)])
    if not found.text.strip():
        said = _("No text to show: a scan, or no PDF. To save the file: vanthu inbox show {id} --out FOLDER")
        return Part(title, [said.format(id=document.id)])
    lines = [line.rstrip() for line in found.text[:_MOST_TEXT].splitlines()]
    return Part(title, lines + (["…"] if len(found.text) > _MOST_TEXT else []))
