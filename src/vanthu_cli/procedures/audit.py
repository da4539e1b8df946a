"""Is the register what it was when it was written? Chain, rows, numbers, cabinet and closed days of an office's folder or of a copy of it.

Everything is read as a stranger would: no configuration, no key of ours. What makes the answer worth something comes from outside: the
fingerprint of the register's certificate on paper, closing files kept elsewhere, the time stamps on them.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.close_day import CERTIFICATE, FOLDER
from vanthu_cli.procedures.desk import REGISTER
from vanthu_cli.procedures.examine import sha256_of
from vanthu_cli.register import audit, documents
from vanthu_cli.register.audit import Audited, Fault
from vanthu_cli.register.closings import Closing

_MOST_FAULTS = 1000
_LARGEST_CLOSING = 16 << 20


def audit_folder(
    place: Path,
    *,
    hashing: bool = True,
    kept_closings: Sequence[Path] = (),
    certificate: str = "",
    tick: Callable[[], None] = lambda: None,
) -> Audited:
    """Audit an office's data folder, or a copy of it or of the register alone.

    `hashing`: read every file of the cabinet, not only look whether it is there. `kept_closings`: closing files from elsewhere.
    `certificate`: the fingerprint (SHA-256) that the office wrote down when its register was made.
    """
    file = place / REGISTER if place.is_dir() else place
    found = Audited()
    with audit.opened(file) as connection, contextlib.closing(audit.Entered()) as entered:
        broken = list(audit.integrity(connection))
        found.faults += broken
        with _readable(found):
            found.faults += audit.schema(connection)
        with _readable(found):
            found.events = audit.events(connection)
            found.faults += audit.chain(connection, entered.note)
        with _readable(found):
            _add(found, audit.compared(connection, entered))
            found.rows = audit.counted(entered)
            _add(found, audit.sequences(connection))
        with _readable(found):
            _add(found, audit.index(connection))
        with _readable(found):
            _closings(found, connection, file.parent, certificate)
            for each in kept_closings:
                found.faults += _kept(connection, each, file.parent / CERTIFICATE)
        with _readable(found):
            _cabinet(found, connection, file.parent / "cabinet", hashing=hashing, tick=tick)
    return found


@contextlib.contextmanager
def _readable(found: Audited) -> Iterator[None]:
    """Go on with the next part when the file is too damaged for this one: its fault is told once."""
    try:
        yield
    except (sqlite3.DatabaseError, ValueError, TypeError, KeyError) as error:
        found.faults.append(Fault("unreadable", REGISTER, str(error)))


def _add(found: Audited, faults: Iterator[Fault]) -> None:
    for fault in faults:
        if len(found.faults) >= _MOST_FAULTS:
            return
        found.faults.append(fault)


def _cabinet(
    found: Audited, connection: sqlite3.Connection, cabinet: Path, *, hashing: bool, tick: Callable[[], None]
) -> None:
    """Look at every file that the register names; files that it does not name are only noted (a run died, nothing is lost)."""
    if not cabinet.is_dir():
        found.notes.append(Fault("no-cabinet", str(cabinet)))
        return
    named = set(documents.files_of(connection))
    for name in sorted(named):
        tick()
        place = cabinet / name[:2] / name
        found.files += 1
        if not place.is_file():
            found.faults.append(Fault("file-missing", f"cabinet/{name[:2]}/{name}"))
        elif hashing and sha256_of(place) != name:
            found.faults.append(Fault("file-changed", f"cabinet/{name[:2]}/{name}"))
    known = named | audit.certificates(
        connection
    )  # kept so that a key can be judged before its passphrase is asked for
    strangers = [each for each in cabinet.glob("*/*") if each.is_file() and each.name not in known]
    gone = {row[0] for row in connection.execute("SELECT sha256 FROM destroyed")}
    found.faults += [
        Fault("file-not-destroyed", f"cabinet/{each.parent.name}/{each.name}")
        for each in strangers
        if each.name in gone
    ]
    found.notes += [
        Fault("file-unnamed", f"cabinet/{each.parent.name}/{each.name}")
        for each in sorted(strangers)
        if each.name not in gone
    ]


def _closings(found: Audited, connection: sqlite3.Connection, folder: Path, certificate: str) -> None:
    own = _certificate(found, folder, certificate)
    there, previous = set[str](), None
    for closing, faults in audit.closings_against(connection):
        found.faults += faults
        if not closing.day:
            continue
        name = f"{closing.id:05d}-{closing.day}.json"
        there |= {name, f"{name}.p7s"}
        more, stamped = _file_of(closing, folder / FOLDER / name, own, previous)
        found.faults += more
        found.closings += 1
        found.stamped += stamped
        found.last_closed, previous = closing.day, closing.sha256
    if (folder / FOLDER).is_dir():
        for file in sorted(each for each in (folder / FOLDER).iterdir() if each.name not in there):
            _unentered(found, connection, file)


def _unentered(found: Audited, connection: sqlite3.Connection, file: Path) -> None:
    """Weigh a closing file that no row names: left by a run that died if the chain holds what it says, else a sign that it was cut."""
    if file.suffix != ".json" or file.stat().st_size > _LARGEST_CLOSING:
        return
    events = _json(file.read_bytes()).get("events") or {}
    where = f"{FOLDER}/{file.name}"
    if isinstance(events, dict) and audit.event_hash(connection, events.get("last")) == events.get("head"):
        found.notes.append(Fault("closing-unentered", where))
    else:
        found.faults.append(Fault("closing-differs", where))


def _certificate(found: Audited, folder: Path, wanted: str) -> bytes | None:
    """Return the certificate (PEM) beside the register; a fault if it is not the one whose fingerprint was written down."""
    file = folder / CERTIFICATE
    if not file.is_file():
        return None
    from vanthu_cli.signing.register_key import fingerprint

    pem = file.read_bytes()
    with contextlib.suppress(ValueError):
        found.fingerprint = fingerprint(pem)
    plain = wanted.replace(":", "").replace(" ", "").lower()
    if plain and plain != found.fingerprint:
        found.faults.append(Fault("other-certificate", CERTIFICATE, found.fingerprint or ""))
    return pem


def _file_of(closing: Closing, file: Path, certificate: bytes | None, previous: str | None) -> tuple[list[Fault], bool]:
    """Compare a closing's file with its row, and look at its signature. Return the faults, and whether it bears a time stamp."""
    where = f"{FOLDER}/{file.name}"
    beside = file.with_name(f"{file.name}.p7s")
    if not file.is_file() or file.stat().st_size > _LARGEST_CLOSING:
        return [Fault("closing-removed", where)], False
    if not beside.is_file():
        return [Fault("closing-unsigned", where)], False
    text = file.read_bytes()
    if hashlib.sha256(text).hexdigest() != closing.sha256:
        return [Fault("closing-changed", where)], False
    said = _json(text)
    events = said.get("events") or {}
    as_entered = (said.get("day"), events.get("last"), events.get("head"), said.get("previous"))
    faults = (
        []
        if as_entered == (closing.day, closing.last_event, closing.head, previous)
        else [Fault("closing-differs", where)]
    )
    from vanthu_cli.signing.register_key import signed_by

    standing, stamped = signed_by(text, beside.read_bytes(), certificate) if certificate else (False, False)
    return faults + ([] if standing else [Fault("closing-signature", where)]), stamped


def _kept(connection: sqlite3.Connection, file: Path, certificate: Path) -> list[Fault]:
    """Compare a closing file that was kept elsewhere: the register must still hold what it vouches for."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise MisuseError("file.unreadable", _("{path} cannot be read.").format(path=file)) from error
    said = _json(text)
    events = said.get("events")
    if not isinstance(events, dict) or not isinstance(events.get("last"), int):
        raise MisuseError("audit.no_closing", _("{path} is no closing file.").format(path=file))
    beside = file.with_name(f"{file.name}.p7s")
    if beside.is_file() and certificate.is_file():
        from vanthu_cli.signing.register_key import signed_by

        if not signed_by(text, beside.read_bytes(), certificate.read_bytes())[
            0
        ]:  # then the file says nothing of the register
            return [Fault("closing-signature", file.name)]
    known = {row[0] for row in connection.execute("SELECT sha256 FROM closing")}
    faults = [] if hashlib.sha256(text).hexdigest() in known else [Fault("closing-removed", file.name)]
    if audit.event_hash(connection, events["last"]) != events.get("head") and events["last"]:
        faults.append(Fault("closing-differs", file.name, f"event {events['last']}"))
    return faults


def _json(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
