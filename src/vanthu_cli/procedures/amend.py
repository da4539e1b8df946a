"""Fields of a document written over or filled, and numbers voided; what stood there stays in the history (NĐ 30/2020 Đ15, Đ22)."""

from collections.abc import Mapping

from vanthu_cli.document.life import state_word
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.answers import answer_now, tell_progress
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.entry import LENGTHS, check_texts, check_values, named_agency
from vanthu_cli.register import deliveries, documents, keeping
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.amendments import field_word
from vanthu_cli.rules.deadlines import today

_DAYS = ("passed_on", "due", "done_on")
_AMENDABLE = frozenset({*LENGTHS, *_DAYS, "urgency", "copies", "pages"})
_READ = frozenset({"number", "symbol", "day", "agency_code"})
"""What was read from a document that came, or typed: the office's own numbers and days stand as they were given."""


def amend(
    desk: Desk, document: Document, changes: Mapping[str, object], *, reason: str, dry_run: bool = False
) -> tuple[Document, dict[str, tuple[object, object]]]:
    """Write fields over; return the document and what each was and became. What was empty may be filled without a reason."""
    allowed = _AMENDABLE | (_READ if document.direction == "in" else frozenset())
    wanted = named_agency(desk, str(changes["agency"])) if changes.get("agency") else {}
    changes = {**changes, **wanted}
    foreign = sorted(set(changes) - allowed)
    if foreign:
        raise ForbiddenError(
            "amend.fixed",
            _("{fields} of {name} cannot be amended: they stand on the document as issued.").format(
                fields=", ".join(map(field_word, foreign)), name=document.name
            ),
            _("A mistake in what was issued is put right by another document: vanthu correct, vanthu replace."),
        )
    if document.state not in {"waiting", "accepted", "numbered", "sealed", "queued", "sent"}:
        raise ForbiddenError(
            "amend.state",
            _("{name} is not amended any more: it is {state}.").format(
                name=document.name, state=state_word(document.state)
            ),
        )
    check_texts(changes, None)
    check_values(changes, today(desk.now))
    differing = {
        name: (getattr(document, name), value) for name, value in changes.items() if getattr(document, name) != value
    }
    if any(before not in {None, ""} for before, _after in differing.values()) and not reason.strip():
        raise MisuseError("amend.reason", _("Say why it is amended: --reason “…”"))
    if differing and not dry_run:
        with desk.lock():
            with desk.book.step():
                after = {name: new for name, (_old, new) in differing.items()}
                keeping.amend(desk.book, document, after, reason or None)
                tell_progress(desk, document.id, differing)
            answer_now(desk, document.id)
    return documents.get(desk.book, document.id), differing


def void(desk: Desk, document: Document, *, reason: str, dry_run: bool = False) -> Document:
    """Void a number: it stays taken, the book says why. What has left this office is recalled instead."""
    if not reason.strip():
        raise MisuseError("void.reason", _("Say why the number is void: --reason “…”"))
    posted = bool(keeping.of_document(desk.book, "posting", document.id))
    left = posted or any(each.state != "recalled" for each in deliveries.of_document(desk.book, document.id))
    if document.direction == "out" and left:
        raise ForbiddenError(
            "void.sent",
            _("{name} was sent: a number that others have seen is not voided.").format(name=document.name),
            _("Take the document back: vanthu recall {id} --reason “…”").format(id=document.id),
        )
    if not dry_run:
        with desk.lock(), desk.book.step():
            documents.update(desk.book, document.id, reason=reason)
            documents.advance(desk.book, document.id, "void", {"reason": reason})
    return documents.get(desk.book, document.id)
