"""`vanthu carry send / fetch`: on the machine of the other network, which has no register."""

from pathlib import Path
from typing import Annotated

import typer

from vanthu_cli.cli.run import Run, ask_secret, run_of, tell
from vanthu_cli.errors import PartlyDoneError, UndecidedError
from vanthu_cli.locale import _
from vanthu_cli.procedures.carry import Errand, carry_fetch, carry_send
from vanthu_cli.reports.words import answer_word, delivery_word

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Folder = Annotated[Path, typer.Option("--folder", help=_("The folder that is carried between the two machines."))]


@group.command(help=_("Send the letters in the folder, and write the server's answers beside them."))
def send(context: typer.Context, folder: Folder) -> int:
    run = run_of(context)
    done = carry_send(run.config(), folder, prompt=ask_secret, turn=run.turn)
    lines = [
        f"{each.recipient}: {delivery_word(each.state)} {answer_word(each.words)}".rstrip() for each in done.letters
    ]
    return _answer(run, done, lines or ([] if done.errors else [_("Nothing to send.")]))


@group.command(help=_("Save what waits in the mailboxes into the folder."))
def fetch(
    context: typer.Context,
    folder: Folder,
    channel: Annotated[list[str] | None, typer.Option("--channel", help=_("Only this channel (repeatable)."))] = None,
    everything: Annotated[
        bool, typer.Option("--all", help=_("What was saved before too: the folder may have been lost."))
    ] = False,
) -> int:
    run = run_of(context)
    done = carry_fetch(run.config(), folder, channel or (), prompt=ask_secret, everything=everything, turn=run.turn)
    return _answer(run, done, [_("{count} messages saved.").format(count=done.messages)])


def _answer(run: Run, done: Errand, lines: list[str]) -> int:
    """Answer; 3 when something failed or is still to be sent, 7 when a letter is unsure, and what failed where nothing was done."""
    states = {each.state for each in done.letters}
    code = UndecidedError.exit_code if "unsure" in states else 0
    if done.errors or states & {"queued", "refused"}:
        code = PartlyDoneError.exit_code
    if done.errors and not done.letters and not done.messages:
        code = done.errors[0].exit_code
    for error in done.errors if not run.json else ():
        tell(error.message + (f"\n  → {error.hint}" if error.hint else ""))
    payload = {
        "letters": [{"to": each.recipient, "state": each.state, "answer": each.words} for each in done.letters],
        "messages": done.messages,
        "errors": [f"{error.code}: {error.message}" for error in done.errors],
    }
    first = done.errors[0] if done.errors else None
    return run.answer(payload, lines, code=code, error=(first.code, first.message, first.hint) if first else None)
