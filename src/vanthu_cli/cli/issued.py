"""What `sign-send` and `send` answer: the document, each recipient, the paper owed (contract.md, `sign-send`)."""

from collections.abc import Sequence

from vanthu_cli.cli.run import Run, tell
from vanthu_cli.errors import PartlyDoneError, UndecidedError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.send import letters_of
from vanthu_cli.register import deliveries
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.details import delivery_json, document_lines, paper_json


def issued_json(desk: Desk, document: Document) -> dict[str, object]:
    return {
        "document": {
            "id": str(document.id),
            "number": document.number,
            "symbol": document.symbol,
            "date": document.day,
            "state": document.state,
            "file": str(desk.cabinet.path(document.sha256)) if document.sha256 else None,
            "sha256": document.sha256,
        },
        "deliveries": [delivery_json(each) for each in letters_of(desk, document)],
        "paper": [paper_json(row) for row in deliveries.paper_owed(desk.book, document.id)],
    }


def still_open(desk: Desk, document: Document, failed: Sequence[VanthuError]) -> VanthuError | None:
    """Say what of a document still waits, failed or is unsure; None when every letter has left."""
    recalled = document.direction == "out" and document.state == "recalled"
    letters = deliveries.of_document(desk.book, document.id, "recall") if recalled else letters_of(desk, document)
    states = {each.state for each in letters}
    if states & {"queued", "sending", "refused", "bounced"} or failed:
        return PartlyDoneError("send.incomplete", *_incomplete(desk, document, letters))
    if "unsure" in states:
        return UndecidedError(
            "send.unsure",
            _("It is unsure whether {name} left to every recipient.").format(name=document.name),
            _("Ask the recipient. If it did not arrive: vanthu send {id} --again").format(id=document.id),
        )
    return None


def _incomplete(desk: Desk, document: Document, letters: Sequence[Delivery]) -> tuple[str, str]:
    """Say what of a document has not reached everybody, and the next step."""
    if document.direction == "in":
        said = _("What was answered about {name} has not left yet, or was refused.")
        cure = _("Run “vanthu send {id}” again later.")
    elif document.state == "recalled":
        said = _("{name} is recalled, but not every recipient is told or agrees.")
        cure = _("“vanthu status” says with whom it must be settled.")
    else:
        said = _("{name} is numbered, sealed and registered, but not yet with every recipient.")
        cure = _("Run “vanthu send {id}” again later; what is refused for good needs another address.")
    if _waits_on_a_drive(desk, letters):
        cure = _("Carry the drive to the machine that sends (vanthu carry send), then run “vanthu fetch” here.")
    return said.format(name=document.name), cure.format(id=document.id)


def issued_answer(run: Run, desk: Desk, document: Document, failed: Sequence[VanthuError]) -> int:
    """Answer with the document as it stands now; 3 while something waits or failed, 7 when something is unsure."""
    letters, left = letters_of(desk, document), still_open(desk, document, failed)
    lines = document_lines(
        document,
        place=str(desk.cabinet.path(document.sha256)) if document.sha256 else None,
        deliveries=letters,
        papers=deliveries.paper_owed(desk.book, document.id),
    )
    if not run.json:
        for each in failed:
            tell(each.message + (f"\n  → {each.hint}" if each.hint else ""))
        if left:
            tell(f"{left.message}\n  → {left.hint}")
    return run.answer(
        issued_json(desk, document),
        lines,
        code=left.exit_code if left else 0,
        error=(left.code, left.message, left.hint) if left else None,
    )


def _waits_on_a_drive(desk: Desk, letters: Sequence[Delivery]) -> bool:
    """Tell whether all that keeps a document from being sent is that nobody has carried it yet."""
    waiting = [each for each in letters if each.state in {"queued", "sending", "refused", "bounced"}]
    folders = {name for name, each in desk.config.channels.items() if each.kind == "folder"}
    return bool(waiting) and all(each.state == "queued" and each.channel in folders for each in waiting)
