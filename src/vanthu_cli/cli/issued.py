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


def issued_answer(run: Run, desk: Desk, document: Document, failed: Sequence[VanthuError]) -> int:
    """Answer with the document as it stands now; 3 while something waits or failed, 7 when something is unsure."""
    letters = letters_of(desk, document)
    states = {each.state for each in letters}
    code, error = 0, None
    if states & {"queued", "sending", "refused", "bounced"} or failed:
        code = PartlyDoneError.exit_code
        error = (
            "send.incomplete",
            _("{name} is numbered, sealed and registered, but not yet with every recipient.").format(
                name=document.name
            ),
            _("Carry the drive to the machine that sends (vanthu carry send), then run “vanthu fetch” here.")
            if _waits_on_a_drive(desk, letters)
            else _("Run “vanthu send {id}” again later; what is refused for good needs another address.").format(
                id=document.id
            ),
        )
    elif "unsure" in states:
        code = UndecidedError.exit_code
        error = (
            "send.unsure",
            _("It is unsure whether {name} left to every recipient.").format(name=document.name),
            _("Ask the recipient. If it did not arrive: vanthu send {id} --again").format(id=document.id),
        )
    lines = document_lines(
        document,
        place=str(desk.cabinet.path(document.sha256)) if document.sha256 else None,
        deliveries=letters,
        papers=deliveries.paper_owed(desk.book, document.id),
    )
    if not run.json:
        for each in failed:
            tell(each.message + (f"\n  → {each.hint}" if each.hint else ""))
        if error:
            tell(f"{error[1]}\n  → {error[2]}")
    return run.answer(issued_json(desk, document), lines, code=code, error=error)


def _waits_on_a_drive(desk: Desk, letters: Sequence[Delivery]) -> bool:
    """Tell whether all that keeps a document from being sent is that nobody has carried it yet."""
    waiting = [each for each in letters if each.state in {"queued", "sending", "refused", "bounced"}]
    folders = {name for name, each in desk.config.channels.items() if each.kind == "folder"}
    return bool(waiting) and all(each.state == "queued" and each.channel in folders for each in waiting)
