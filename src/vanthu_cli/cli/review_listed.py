"""What the two lists of `vanthu review` hold: the desk of `vanthu status`, a row for each thing that a clerk decides about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from vanthu_cli.cli.inbox_recalls import recall_line
from vanthu_cli.document.text import fold
from vanthu_cli.locale import _
from vanthu_cli.procedures.status import Status
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.arrivals import quarantined_line
from vanthu_cli.reports.words import answer_word, day_shown, delivery_word, sender_shown, state_of, verdict_word, why

_WAITING = frozenset({"accept", "correct", "refuse", "quarantine"})
_SENT = frozenset({"send", "remind", "picture"})


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that waits. `key` names it as commands do: 5, q3, r2; `said`: why it stands here; `can`: what may be done with it.

    `mark` tells without colour how it stands: ! look, ✗ invalid, ✓ nothing speaks against it, • in its time.
    """

    key: str
    mark: str
    name: str
    whom: str
    about: str
    said: tuple[str, ...]
    can: frozenset[str]
    document: Document | None = None

    @property
    def number(self) -> int:
        """The id that procedures know it by."""
        return int(self.key.lstrip("qr"))

    @property
    def recall(self) -> bool:
        return self.key.startswith("r")

    def holds(self, words: str) -> bool:
        """Tell whether all the words typed into the filter stand in it."""
        text = fold(" ".join((self.key, self.name, self.whom, self.about, *self.said)))
        return all(word in text for word in fold(words).split())


def inbox_rows(found: Status) -> list[Row]:
    """Return what came and waits, most urgent first. Of a message in quarantine there is its envelope and nothing else."""
    rows = [
        Row(f"q{row['id']}", "!", f"q{row['id']}", row["sender"] or "?", _("in quarantine"), (quarantined_line(row),),
            frozenset({"settle"}))
        for row in found.quarantined
    ]  # fmt: skip
    rows += [
        Row(f"r{row['id']}", "!", each.name, each.agency or each.agency_code or "?", _("asks it back"),
            (recall_line(row, each),), frozenset({"accept", "refuse", "picture"}), each)
        for row, each in found.recalls
    ]  # fmt: skip
    return rows + [_waiting(each) for each in found.waiting]


def _waiting(document: Document) -> Row:
    reasons = why(document)
    marks = {"invalid": "✗", "valid": "!" if reasons else "✓"}
    return Row(
        str(document.id),
        marks.get(document.verdict or "", "!" if document.sha256 else "•"),
        document.name,
        sender_shown(document),
        document.subject or "",
        (reasons or verdict_word(document.verdict),),
        _WAITING | ({"picture"} if document.sha256 else set()),
        document,
    )


def outbox_rows(found: Status, now: date) -> list[Row]:
    """Return what went out, or should, and is not settled: a row a document, with what is to be said of each letter."""
    said: dict[int, list[tuple[str, str, str]]] = {}
    known: dict[int, Document] = {}

    def note(document: Document, mark: str, whom: str, text: str) -> None:
        known[document.id] = document
        said.setdefault(document.id, []).append((mark, whom, text))

    for document in found.unfinished:
        note(document, "!", "", state_of(document))
    for document, letter in found.troubled:
        answer = f" ({answer_word(letter.answer)})" if letter.answer else ""
        mark = "•" if letter.state in {"queued", "sending"} else "!"
        whom = letter.agency or letter.address
        note(document, mark, whom, f"{whom}: {delivery_word(letter.state)}{answer}")
    for document, letter, words in found.replied:
        whom = letter.agency or letter.address
        note(document, "•", whom, _("{agency} wrote: “{words}”").format(agency=whom, words=words))
    for document, letter, due in found.unanswered:
        whom = letter.agency or letter.address
        text = _("{agency}: no answer yet (due {day})").format(agency=whom, day=day_shown(due.isoformat()))
        note(document, "!" if due < now else "•", whom, text)
    return _urgent_first(_going(known[identity], lines) for identity, lines in said.items())


def _going(document: Document, lines: Sequence[tuple[str, str, str]]) -> Row:
    mark = "!" if any(mark == "!" for mark, _whom, _text in lines) else "•"
    said = tuple(f"{mark} {text}" for mark, _whom, text in lines)
    whom = ", ".join(dict.fromkeys(whom for _mark, whom, _text in lines))
    return Row(str(document.id), mark, document.name, whom, document.subject or "", said, _SENT, document)


def _urgent_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.mark != "!")


def filtered(rows: Sequence[Row], words: str) -> list[Row]:
    return [row for row in rows if row.holds(words)]


def lists(found: Status, now: date) -> Mapping[str, list[Row]]:
    return {"in": inbox_rows(found), "out": outbox_rows(found, now)}
