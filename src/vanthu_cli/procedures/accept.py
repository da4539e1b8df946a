"""What a person does with a document that waits: accept, refuse, quarantine (NĐ 30/2020 Đ21, Đ22)."""

from collections.abc import Mapping

from vanthu_cli.document.life import move
from vanthu_cli.errors import InvalidSignatureError, MisuseError, UndecidedError
from vanthu_cli.locale import _
from vanthu_cli.procedures.answers import answer_now, queue_answer, tell_progress
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import documents, keeping, messages, numbers
from vanthu_cli.register.book import scrub
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.register.documents import Document
from vanthu_cli.reports.words import flag_words, verdict_word
from vanthu_cli.rules.deadlines import today
from vanthu_cli.rules.numbering import arrival_series


def enter(desk: Desk, identity: int, *, reason: str | None = None) -> None:
    """Give a waiting document its arrival number and queue the answer, inside a step (Đ22.2: one sequence a year).

    A letter that holds none is only taken note of: no number, no answer.
    """
    if documents.get(desk.book, identity).sha256 is None:  # a letter without a document: taken note of
        documents.update(desk.book, identity, reason=reason)
        documents.advance(desk.book, identity, "accept", {"reason": reason})
        return
    number = numbers.take(desk.book, "den", arrival_series(today(desk.now)), identity)
    documents.update(desk.book, identity, arrival_number=number, reason=reason)
    document = documents.get(desk.book, identity)
    documents.advance(
        desk.book,
        identity,
        "accept",
        {"arrival_number": number, "sha256": document.sha256, "verdict": document.verdict, "reason": reason},
    )
    queue_answer(desk, identity, "accepted")


def accept(desk: Desk, identity: int, *, reason: str | None, corrections: Mapping[str, object]) -> Document:
    """Accept a waiting document. `reason` is needed where the verdict is not valid; `corrections` overwrite fields read.

    `InvalidSignatureError` for an invalid one, always; `UndecidedError` for an unsigned or unknown one without a reason.
    """
    check_acceptable(documents.get(desk.book, identity), reason)
    with desk.lock():
        with desk.book.step():
            if corrections:
                keeping.amend(desk.book, documents.get(desk.book, identity), corrections, reason)
            enter(desk, identity, reason=reason)
            tell_progress(desk, identity, corrections)
        answer_now(desk, identity)
    return documents.get(desk.book, identity)


def check_acceptable(document: Document, reason: str | None) -> Document:
    """Refuse what must not, or not without a person's reason, be registered; return the document otherwise."""
    if document.verdict == "invalid":
        raise InvalidSignatureError(
            "accept.invalid",
            _("{name} was changed after it was signed, or its signature is false: it must not be accepted.").format(
                name=document.name
            ),
            _("Return it: vanthu inbox refuse {id} --reason “…”  (NĐ 30/2020 Art. 21.2.b)").format(id=document.id),
        )
    if document.sha256 is None:
        move(document.state, "accept")
        return document
    doubtful = {"sender-mismatch", "same-number"} & set(document.flags)
    if doubtful and not reason:
        raise UndecidedError(
            "accept.doubtful",
            _("{name}: {why}. A person must decide.").format(name=document.name, why=flag_words(sorted(doubtful))),
            _("If you are sure, say why: vanthu inbox accept {id} --reason “…”").format(id=document.id),
        )
    if document.verdict != "valid" and not reason:
        raise UndecidedError(
            "accept.undecided",
            _("{name} is {verdict}: a person must decide.").format(
                name=document.name, verdict=verdict_word(document.verdict)
            ),
            _("If you are sure, say why: vanthu inbox accept {id} --reason “…”").format(id=document.id),
        )
    move(document.state, "accept")
    return document


def refuse(desk: Desk, identity: int, *, reason: str) -> Document:
    """Return a document to its sender with the reason (Đ21.2.b)."""
    check_returnable(documents.get(desk.book, identity), reason)
    with desk.lock():
        with desk.book.step():
            documents.update(desk.book, identity, reason=reason)
            documents.advance(desk.book, identity, "refuse", {"reason": reason})
            queue_answer(desk, identity, "refused")
        answer_now(desk, identity)
    return documents.get(desk.book, identity)


def check_returnable(document: Document, reason: str) -> Document:
    """Refuse what cannot be returned, or not without a reason; return the document otherwise."""
    if not reason.strip():
        raise MisuseError("refuse.reason", _("Say why the document is returned: --reason “…”"))
    move(document.state, "refuse")
    return document


def quarantine(desk: Desk, identity: int) -> bool:
    """Take a waiting document that turns out to be secret out of cabinet and register, into `quarantine/` (domain.md 6).

    False: another run is reading the register, so its log still holds the words until that run ends.
    """
    with desk.lock():
        document = documents.get(desk.book, identity)
        move(document.state, "quarantine")
        arrivals = messages.of_document(desk.book, identity)
        files = {document.sha256, *documents.renewals(desk.book, identity)}
        files |= {sha256 for sha256, _name in documents.attachments(desk.book, identity)}
        for row in arrivals:
            if row["sha256"]:
                write_durably(desk.cabinet.root / "quarantine" / f"{row['id']}.eml", desk.cabinet.get(row["sha256"]))
                files.add(row["sha256"])
        with desk.book.step():
            documents.advance(desk.book, identity, "quarantine")
            documents.blank(desk.book, identity)
            for row in arrivals:
                messages.quarantine(desk.book, row["id"], "secret-mark")
        clean = scrub(desk.book)
        for sha256 in files:
            if sha256 and not documents.file_users(desk.book, sha256):
                desk.cabinet.remove(sha256)
        return clean


def note_destroyed(desk: Desk, message: int) -> None:
    """Note that a quarantined secret was dealt with: its file here is gone, by a person's hand or now by ours."""
    row = messages.get(desk.book, message)
    if row is None or row["state"] != "quarantined":
        raise MisuseError("quarantine.unknown", _("There is no quarantined message {id}.").format(id=message))
    with desk.lock():
        (desk.cabinet.root / "quarantine" / f"{message}.eml").unlink(missing_ok=True)
        with desk.book.step():
            messages.destroyed(desk.book, message)
