"""What the keys of `vanthu review` do to the chosen row: ask what must be asked, then have the procedure of the command do it.

No rule stands here. Whether a reason is needed, what may be corrected and what is refused is told by the procedures, before
(`check_…`) and when they are run.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vanthu_cli.cli.fetch_command import channel_lines
from vanthu_cli.cli.inbox_recalls import destroyed_lines
from vanthu_cli.cli.inbox_steps import corrections_of, still_holding, untold
from vanthu_cli.cli.issued import still_open
from vanthu_cli.cli.review_dialogs import Ask, Field, Form
from vanthu_cli.cli.review_listed import Row
from vanthu_cli.cli.review_work import Outcome
from vanthu_cli.document.text import safe_name
from vanthu_cli.errors import MisuseError, PartlyDoneError, UndecidedError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.accept import (
    accept,
    check_acceptable,
    check_returnable,
    note_destroyed,
    quarantine,
    refuse,
)
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.fetch import fetch
from vanthu_cli.procedures.inspect import Wish, inspect
from vanthu_cli.procedures.recall import give_back, keep
from vanthu_cli.procedures.remind import overdue, remind
from vanthu_cli.procedures.send import AGAIN, letters_of, send
from vanthu_cli.register import documents
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.register.documents import Document
from vanthu_cli.register.snapshot import in_backups
from vanthu_cli.reports.words import day_shown, delivery_word

if TYPE_CHECKING:
    from vanthu_cli.cli.review_screen import Review


def _accept(screen: "Review", row: Row) -> None:
    if row.recall:
        question = _("Destroy {name} here, with everything that came only for it?").format(name=row.name)
        _asked(screen, question, row.said, lambda desk: _given_back(screen, desk, row))
    else:
        _form(screen, row, (), _("Accept {name}").format(name=row.name), _("Accept"))


def _correct(screen: "Review", row: Row) -> None:
    document = _document(row)
    numbered = document.number is not None and document.symbol is not None
    fields = (
        Field("number", _("Number"), document.name if numbered else "", example="145-CV/TU"),
        Field("date", _("Date"), day_shown(document.day), example="22/11/2026"),
        Field("agency", _("Agency"), document.agency or "", example=_("its code or name")),
        Field("subject", _("Subject"), document.subject or ""),
    )
    _form(screen, row, fields, _("Correct {name}, and accept it so").format(name=row.name), _("Correct and accept"))


def _form(screen: "Review", row: Row, corrected: Sequence[Field], title: str, button: str) -> None:
    doubt = ""
    try:
        check_acceptable(_document(row), None)
    except UndecidedError as error:
        doubt = error.message
    why = (Field("reason", _("Reason"), needed=True, example=_("why it is accepted all the same")),) if doubt else ()
    last = (
        Field("to", _("Passed on to"), example=_("may stay empty")),
        Field("due", _("Due"), example=_("22/11/2026; may stay empty")),
    )
    lines = [doubt] if doubt else []
    lines += [_("What is left as it is, or emptied, stays as it was read.")] if corrected else []

    def check(typed: Mapping[str, str]) -> None:
        with screen.desk() as desk:
            corrections_of(desk, typed)
            check_acceptable(documents.get(desk.book, row.number), typed.get("reason"))

    def go(typed: dict[str, str] | None) -> None:
        if typed is not None:
            screen.work(title, lambda desk: _accepted(desk, row, typed))

    screen.push_screen(Form(title, lines, (*corrected, *why, *last), button=button, check=check), go)


def _accepted(desk: Desk, row: Row, typed: Mapping[str, str]) -> Outcome:
    corrections = corrections_of(desk, typed)
    done = accept(desk, row.number, reason=typed.get("reason"), corrections=corrections)
    if done.arrival_number is None:
        return Outcome([_("{name}: taken note of, without a number.").format(name=done.name)])
    said = _("{name} is registered under arrival number {number}.")
    return Outcome([said.format(name=done.name, number=done.arrival_number)])


def _given_back(screen: "Review", desk: Desk, row: Row) -> Outcome:
    done = give_back(desk, row.number)
    _forget_pictures(screen)
    return Outcome(destroyed_lines(_document(row), done), done.failed)


def _refuse(screen: "Review", row: Row) -> None:
    title = (_("Keep {name}, against the recall") if row.recall else _("Return {name}")).format(name=row.name)
    reason = Field("reason", _("Reason"), needed=True, example=_("what the sender is told"))

    def check(typed: Mapping[str, str]) -> None:
        if not row.recall:
            with screen.desk() as desk:
                check_returnable(documents.get(desk.book, row.number), typed.get("reason", ""))

    def go(typed: dict[str, str] | None) -> None:
        if typed is not None:
            screen.work(title, lambda desk: _refused(desk, row, typed.get("reason", "")))

    lines = row.said if row.recall else ()
    screen.push_screen(Form(title, lines, [reason], button=_("Keep") if row.recall else _("Return"), check=check), go)


def _refused(desk: Desk, row: Row, reason: str) -> Outcome:
    if row.recall:
        kept, failed = keep(desk, row.number, reason=reason)
        return Outcome([_("{name} stays.").format(name=kept.name)], failed)
    done = refuse(desk, row.number, reason=reason)
    return Outcome([_("{name} is returned.").format(name=done.name), *untold(desk, done)])


def _quarantine(screen: "Review", row: Row) -> None:
    question = _("Put {name} into quarantine?").format(name=row.name)
    lines = [_("Only for a document that turns out to be secret. Its words leave the register; this cannot be undone.")]

    def work(desk: Desk) -> Outcome:
        copied = in_backups(desk.book, row.number)
        clean = quarantine(desk, row.number)
        _forget_pictures(screen)
        return Outcome([_("Done."), *still_holding(clean=clean, copied=copied)])

    _asked(screen, question, lines, work)


def _settle(screen: "Review", row: Row) -> None:
    question = _("Was {name} dealt with? Its file here is destroyed.").format(name=row.name)

    def work(desk: Desk) -> Outcome:
        note_destroyed(desk, row.number)
        return Outcome([_("Done.")])

    _asked(screen, question, row.said, work)


def _send(screen: "Review", row: Row) -> None:
    with screen.desk() as desk:
        letters = [each for each in letters_of(desk, _document(row)) if each.state in {"queued", *AGAIN}]
    question = _("Send {name} again to those who have not got it?").format(name=row.name)

    def work(desk: Desk) -> Outcome:
        return _sent(desk, *send(desk, row.number, again=True))

    if not letters:  # nothing will leave: the procedure says why
        screen.work(question, work)
        return
    lines = [f"{each.agency or each.address}: {delivery_word(each.state)}" for each in letters]
    lines.append(_("Look first whether the address is right, and whether it has not arrived after all."))
    _asked(screen, question, lines, work)


def _remind(screen: "Review", row: Row) -> None:
    with screen.desk() as desk:
        owing = overdue(desk, _document(row))
    if not owing:
        screen.tell([_("Reminders go out after the day on which the answer is due, once a day to each agency.")])
        return
    question = _("Remind {agencies} of {name}?").format(
        agencies=", ".join(each.agency or each.address for each in owing), name=row.name
    )

    def work(desk: Desk) -> Outcome:
        document, count, failed = remind(desk, row.number)
        said = _("{name}: {count} agencies reminded.").format(name=document.name, count=count)
        return Outcome([said], failed)

    _asked(screen, question, (), work)


def _sent(desk: Desk, document: Document, failed: Sequence[VanthuError]) -> Outcome:
    left = still_open(desk, document, failed)
    said = [] if left else [_("{name} has left to every recipient.").format(name=document.name)]
    return Outcome(said, [*failed, *([left] if left else [])])


def _asked(screen: "Review", question: str, lines: Sequence[str], work: Callable[[Desk], Outcome]) -> None:
    screen.push_screen(Ask(question, lines), lambda yes: screen.work(question.rstrip("?"), work) if yes else None)


def bring(screen: "Review") -> None:
    """Fetch from all channels. It stops between two messages when the clerk leaves; the next fetch goes on there."""

    def in_time() -> None:
        if screen.leaving:
            hint = _("Nothing is lost: the next run goes on where this one stopped.")
            raise PartlyDoneError("review.left", _("Fetching was stopped."), hint)

    def work(desk: Desk) -> Outcome:
        done = fetch(replace(desk, in_time=in_time), tick=lambda name, count: screen.progress(f"{name}: {count}"))
        failures = [error for channel in done.channels for error in channel.errors] + done.unsent
        return Outcome(channel_lines(done), failures)

    screen.work(_("Fetching"), work)


def _picture(screen: "Review", row: Row) -> None:
    document = _document(row)

    def work(desk: Desk) -> Outcome:
        file = desk.cabinet.path(document.sha256 or "")
        wish = Wish(desk.now, screen.language, jobs=1, picture=True, scans=False)
        found = next(iter(inspect(desk.config, [file], wish)))
        if found.error:  # which speaks of the cabinet's file, whose name tells a clerk nothing
            error = found.error
            raise type(error)(error.code, error.message.replace(str(file), document.file or row.name), error.hint)
        if found.picture is None:
            raise MisuseError("review.no_picture", _("No picture of {name} could be drawn.").format(name=row.name))
        place = screen.pictures / f"{safe_name(row.name)}.png"
        write_durably(place, found.picture)
        opened = _("Shown by the system's viewer.") if _shown_by_system(place) else ""
        said = _("Picture, until this screen is closed: {path}").format(path=place)
        return Outcome([said, *([opened] if opened else [])])

    screen.work(_("Drawing {name}").format(name=row.name), work)


def _shown_by_system(picture: Path) -> bool:
    """Hand a picture of ours to the system's viewer, where there is one and a display."""
    if sys.platform == "win32":
        os.startfile(picture)  # noqa: S606  a PNG that we have drawn
        return True
    viewer = shutil.which("xdg-open")
    if viewer is None or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    none = subprocess.DEVNULL
    subprocess.Popen([viewer, str(picture)], stdin=none, stdout=none, stderr=none, start_new_session=True)
    return True


def _forget_pictures(screen: "Review") -> None:
    """Take away what was drawn: a document that must be gone must not be left as a picture."""
    for picture in screen.pictures.iterdir():
        picture.unlink()


def _document(row: Row) -> Document:
    if row.document is None:
        raise TypeError(f"{row.key} is no document")
    return row.document


ACTIONS: Mapping[str, Callable[["Review", Row], None]] = {
    "accept": _accept,
    "correct": _correct,
    "refuse": _refuse,
    "quarantine": _quarantine,
    "settle": _settle,
    "send": _send,
    "remind": _remind,
    "picture": _picture,
}
