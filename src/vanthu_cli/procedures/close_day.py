"""Closing a day: a small file says how the register stood, signed with the register's own key and time-stamped where that is possible.

The file holds the head of the chain, and which numbers were taken that day; each names the one before it. Files first, then row and event: a
file that nobody's row names is made anew. `register audit` compares them with the register; copies kept elsewhere are what counts.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path

from vanthu_cli import __version__
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import closings, documents
from vanthu_cli.register.book import GENESIS, stored
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.register.closings import Closing
from vanthu_cli.rules.deadlines import VIETNAM, today

FOLDER = "closings"
KEY, CERTIFICATE = "register-key.p12", "register.crt"


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed day, its file, what that says, and whether a time stamp is on its signature."""

    closing: Closing
    file: Path
    said: dict[str, object]
    stamped: bool


def own_key(desk: Desk) -> bool:
    """Make the register's key where there is none; tell whether one was made.

    Never a second one: closings that the lost one has signed would count as forged. `MisuseError` "closing.key_lost".
    """
    file = desk.config.data_dir / KEY
    if file.exists():
        return False
    if closings.all_of(desk.book.connection):
        raise key_lost()
    from vanthu_cli.signing.register_key import make

    packed, certificate = make(desk.config.office.name, desk.config.office.code, desk.now)
    write_durably(desk.config.data_dir / CERTIFICATE, certificate)
    write_durably(file, packed)
    return True


def key_lost() -> MisuseError:
    return MisuseError(
        "closing.key_lost",
        _("The register's own key ({file}), which has signed the closed days, is not there.").format(file=KEY),
        _(
            "Take it from the last backup (vanthu restore … --to another folder); with a new one the old closings would count as forged."
        ),
    )


def missing_files(desk: Desk) -> list[Path]:
    """Return the files of closed days that are not there, with the register's key and certificate if a day was closed."""
    folder, before = desk.config.data_dir, closings.all_of(desk.book.connection)
    wanted = [folder / KEY, folder / CERTIFICATE] if before else []
    for each in before:
        name = f"{each.id:05d}-{each.day}.json"
        wanted += [folder / FOLDER / name, folder / FOLDER / f"{name}.p7s"]
    return [each for each in wanted if not each.is_file()]


def close_day(desk: Desk, day: date, *, bare: bool = False, dry_run: bool = False) -> Closed:
    """Close a day, with all days before it that are open; `bare`: without a time stamp.

    `ForbiddenError` "closing.closed" if it is, or a later one; `MisuseError` "closing.future"; `UnreachableError` of the authority.
    """
    with desk.lock():
        before = closings.all_of(desk.book.connection)
        _check_closable(desk, day, before)
        number, last, said = _said(desk, day, before)
        text = json.dumps(said, ensure_ascii=False, indent=1).encode()
        file = desk.config.data_dir / FOLDER / f"{number:05d}-{day.isoformat()}.json"
        sha256 = desk.cabinet.digest(text)
        if not dry_run:
            _sign(desk, file, text, bare=bare)
            with desk.book.step():
                closings.enter(desk.book, day=day.isoformat(), last_event=last[0], head=last[1], sha256=sha256)
            closing = closings.all_of(desk.book.connection)[-1]
        else:
            closing = Closing(number, day.isoformat(), 0, "", sha256, desk.book.at, None)
    return Closed(closing, file, said, bool(desk.config.tsa.url) and not bare)


def _check_closable(desk: Desk, day: date, before: list[Closing]) -> None:
    if day > today(desk.now):
        raise MisuseError("closing.future", _("{day} has not come yet.").format(day=f"{day:%d/%m/%Y}"))
    closed = [each.day for each in before if each.reopened_at is None and each.day >= day.isoformat()]
    if closed:
        raise ForbiddenError(
            "closing.closed",
            _("{day} is closed already.").format(day=f"{date.fromisoformat(closed[-1]):%d/%m/%Y}"),
            _("To enter something more today: vanthu register close-day --reopen --reason “…”")
            if closed[-1] == today(desk.now).isoformat()
            else _("The days before it are closed with it: there is nothing to do."),
        )


def _said(desk: Desk, day: date, before: list[Closing]) -> tuple[int, tuple[int, str], dict[str, object]]:
    """Return number of the next closing, the last event (id, hash) that it covers, and its content."""
    start = datetime.combine(day, time(), VIETNAM)
    end = start + timedelta(days=1)
    last = closings.last_before(desk.book.connection, stored(end))
    last = last or (0, GENESIS)
    number = len(before) + 1
    return (
        number,
        last,
        {
            "office": {"code": desk.config.office.code, "name": desk.config.office.name},
            "closing": number,
            "day": day.isoformat(),
            "closed_at": desk.now.astimezone(VIETNAM).isoformat(timespec="seconds"),
            "previous": before[-1].sha256 if before else None,
            "events": {"last": last[0], "head": last[1]},
            "numbers": [
                {
                    "book": row["book"],
                    "series": row["series"],
                    "first": row["first"],
                    "last": row["last"],
                    "count": row["count"],
                }
                for row in closings.numbers_between(desk.book.connection, stored(start), stored(end))
            ],
            "reserved": closings.reserved(desk.book.connection),
            "files": len(documents.files(desk.book)),
            "vanthu": __version__,
        },
    )


def _sign(desk: Desk, file: Path, text: bytes, *, bare: bool) -> None:
    from vanthu_cli.signing.cms import sign_detached
    from vanthu_cli.signing.keys import open_pkcs12
    from vanthu_cli.signing.timestamps import open_time_stamper

    own_key(desk)
    for stale in file.parent.glob(f"{file.name[:5]}-*"):  # of a run that died before its row was there
        stale.unlink()
    url = desk.config.tsa.url
    key = open_pkcs12(desk.config.data_dir / KEY, "")
    signature = sign_detached(BytesIO(text), key, time_stamper=open_time_stamper(url) if url and not bare else None)
    write_durably(file.with_name(f"{file.name}.p7s"), signature)
    write_durably(file, text)


def reopen_day(desk: Desk, *, reason: str, dry_run: bool = False) -> Closing:
    """Open the day that was closed last, if it is today, for numbers that cannot wait until tomorrow."""
    if not reason.strip():
        raise MisuseError("closing.reason", _("Say why the day is opened again: --reason “…”"))
    with desk.lock():
        day = today(desk.now).isoformat()
        closed = [
            each for each in closings.all_of(desk.book.connection) if each.day == day and each.reopened_at is None
        ]
        if not closed:
            raise MisuseError("closing.open", _("Today is not closed."))
        if not dry_run:
            with desk.book.step():
                closings.reopen(desk.book, closed[-1], reason)
    return closed[-1]


def is_closed(desk: Desk, day: date) -> bool:
    """Tell whether a day, or a later one, is closed."""
    before = closings.all_of(desk.book.connection)
    return any(each.reopened_at is None and each.day >= day.isoformat() for each in before)


def owns_key(desk: Desk) -> bool:
    return (desk.config.data_dir / KEY).exists()


def fingerprint_of(desk: Desk) -> str:
    """Return the SHA-256 (hex) of the register's certificate."""
    from vanthu_cli.signing.register_key import fingerprint as of

    return of((desk.config.data_dir / CERTIFICATE).read_bytes())


def copied(closed: Closed, folder: Path) -> list[Path]:
    """Write the closing's two files into another folder, where whoever changes the register cannot change them."""
    files = [closed.file, closed.file.with_name(f"{closed.file.name}.p7s")]
    for file in files:
        write_durably(folder.absolute() / file.name, file.read_bytes())
    return [folder / file.name for file in files]
