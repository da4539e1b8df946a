"""`vanthu fetch`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vanthu_cli.channels.packaged import FAULTS
from vanthu_cli.cli import completing
from vanthu_cli.cli.progress import counting
from vanthu_cli.cli.run import Run, run_of, tell
from vanthu_cli.locale import _
from vanthu_cli.procedures.arrive import Taken
from vanthu_cli.procedures.fetch import Fetched, exit_code, fetch, peek
from vanthu_cli.reports.arrivals import arrival_table, document_json, quarantined_json
from vanthu_cli.reports.words import delivery_word, reason_word


def command(
    context: typer.Context,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", autocompletion=completing.channels, help=_("Only this channel (repeatable).")),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help=_("Instead from here: an exchange folder, a Maildir, or .eml files.")),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what waits on the servers."))] = False,
) -> int:
    run = run_of(context)
    with run.desk() as desk:
        if dry_run:
            return peeked(run, peek(desk, channel or (), folder=folder))
        with counting(run, _("fetching")) as tick:
            result = fetch(desk, channel or (), folder=folder, tick=tick)
    return _show(run, result)


def peeked(run: Run, waiting: Mapping[str, int]) -> int:
    """Answer a dry run: how many messages wait on each channel."""
    payload = {"dry_run": True, "channels": [{"channel": name, "waiting": count} for name, count in waiting.items()]}
    return run.answer(
        payload,
        [
            _("{channel}: {count} messages would be fetched.").format(channel=name, count=count)
            for name, count in waiting.items()
        ],
    )


def _show(run: Run, result: Fetched) -> int:
    code = exit_code(result)
    failures = [error for outcome in result.channels for error in outcome.errors] + result.unsent
    if not run.json:
        for error in failures:
            tell(error.message + (f"\n  → {error.hint}" if error.hint else ""))
    first = failures[0] if failures and code else None
    return run.answer(
        fetched_json(result),
        list(_lines(result)),
        code=code,
        error=(first.code, first.message, first.hint) if first else None,
    )


def fetched_json(result: Fetched) -> dict[str, Any]:
    channels = [
        {
            "channel": each.channel,
            "messages": each.messages,
            "new": each.new,
            "duplicates": each.duplicates,
            "errors": [f"{error.code}: {error.message}" for error in each.errors],
        }
        for each in result.channels
    ]
    arrived = [document_json(each, message_id=taken.message_id) for taken in result.taken for each in taken.documents]
    arrived += [
        quarantined_json(taken.message, taken.sender, taken.reason) for taken in result.taken if taken.quarantined
    ]
    receipts = [
        {"for": name, "to": whom, "kind": kind, "state": state}
        for name, whom, kind, state in (taken.receipt for taken in result.taken if taken.receipt)
    ]
    other = [
        {"message_id": taken.message_id, "reason": taken.reason}
        | ({"recall": f"r{taken.recall}"} if taken.recall is not None else {})
        for taken in result.taken
        if taken.reason and not taken.quarantined
    ]
    return {"channels": channels, "documents": arrived, "receipts": receipts, "other": other}


def channel_lines(result: Fetched) -> list[str]:
    """Say how many messages each channel brought."""
    return [
        _("{channel}: {messages} messages, {new} new, {duplicates} known already.").format(
            channel=each.channel, messages=each.messages, new=each.new, duplicates=each.duplicates
        )
        for each in result.channels
        if each.messages or not each.errors
    ]


def _lines(result: Fetched) -> Iterator[str]:
    yield from channel_lines(result)
    arrived = [document for taken in result.taken for document in taken.documents]
    if arrived:
        yield ""
        yield from arrival_table(arrived)
    yield from filter(None, map(_taken_line, result.taken))
    if any(document.state == "waiting" for document in arrived) or any(taken.recall for taken in result.taken):
        yield ""
        yield _("What waits for you: vanthu inbox list")


def _taken_line(taken: Taken) -> str:
    """Say what became of a message that brought no document to be listed."""
    if taken.quarantined:
        return _quarantined_line(taken)
    if taken.recall is not None:
        return _(
            "r{id}: {sender} recalls a document and has signed for it. A person decides: vanthu inbox show r{id}"
        ).format(id=taken.recall, sender=taken.sender or "?")
    if taken.receipt:
        name, whom, _kind, state = taken.receipt
        return _("{name} to {whom}: {state}.").format(name=name, whom=whom, state=delivery_word(state))
    if taken.reason:
        return _("Message from {sender}: {reason}.").format(
            sender=taken.sender or "?", reason=reason_word(taken.reason)
        )
    return ""


def _quarantined_line(taken: Taken) -> str:
    if taken.reason == "secret-mark":
        return _(
            "q{id}: a message from {sender} bears a secrecy mark. It lies in quarantine, unread; report it to the officer in "
            "charge of secret documents."
        ).format(id=taken.message, sender=taken.sender or "?")
    if (taken.reason or "").startswith(FAULTS):
        return _(
            "q{id}: a package from {sender} was not taken in: {why}. It lies in quarantine; if it came by the axis, that is told "
            "that it failed."
        ).format(id=taken.message, sender=taken.sender or "?", why=reason_word(taken.reason))
    return _(
        "q{id}: a message from {sender} holds a file that could not be examined safely. It lies in quarantine; tell the "
        "administrator."
    ).format(id=taken.message, sender=taken.sender or "?")
