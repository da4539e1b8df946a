"""Is everything in order? Each check: good, doubtful or bad, with the cure. Mailboxes are logged into once."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Literal

from vanthu_cli.errors import VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.keys import open_key, time_stamper
from vanthu_cli.register import directory, documents
from vanthu_cli.register.book import check_chain, integrity, last_event
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.signing.keys import days_left
from vanthu_cli.signing.timestamps import probe

Grade = Literal["good", "doubtful", "bad"]
_WARN_DAYS = 60
_LOW_DISK = 1 << 30
_NO_DISK = 100 << 20


@dataclass(frozen=True, slots=True)
class Check:
    """One check: a stable name, its grade, what was found, and what to do about it."""

    name: str
    grade: Grade
    found: str
    cure: str = ""


def doctor(desk: Desk) -> Iterator[Check]:
    """Run every check; one that fails does not keep the others from running."""
    yield Check("config", "good", str(desk.config.file))
    for name, check in (
        ("register", _register),
        ("cabinet", _cabinet),
        ("disk", _disk),
        ("clock", _clock),
        ("directory", _directory),
        ("trust", _trust),
        ("tsa", _tsa),
    ):
        yield _tried(name, check, desk)
    for name in desk.config.keys:
        yield _tried(f"key {name}", partial(_key, name=name), desk)
    for name in desk.config.channels:
        yield _tried(f"channel {name}", partial(_channel, name=name), desk)


def _tried(name: str, check: Callable[[Desk], tuple[Grade, str, str]], desk: Desk) -> Check:
    try:
        return Check(name, *check(desk))
    except VanthuError as error:
        return Check(name, "bad", error.message, error.hint)


def _register(desk: Desk) -> tuple[Grade, str, str]:
    verdict, broken = integrity(desk.book), check_chain(desk.book)
    if verdict != "ok" or broken is not None:
        found = _("the register is damaged: {what}").format(
            what=verdict if verdict != "ok" else _("event {number}").format(number=broken)
        )
        return "bad", found, _("Don't work on. Keep the file and ask the administrator for the last backup.")
    return "good", _("register and its chain of events are whole"), ""


def _cabinet(desk: Desk) -> tuple[Grade, str, str]:
    missing = [sha256 for sha256 in documents.files(desk.book) if not desk.cabinet.path(sha256).is_file()]
    if missing:
        return "bad", _("{count} files are missing").format(count=len(missing)), _("Restore them from the backup.")
    return "good", _("every registered file is there"), ""


def _disk(desk: Desk) -> tuple[Grade, str, str]:
    free = shutil.disk_usage(desk.config.data_dir).free
    found = _("{size} MB free").format(size=free >> 20)
    grade: Grade = "bad" if free < _NO_DISK else "doubtful" if free < _LOW_DISK else "good"
    return (
        grade,
        found,
        "" if grade == "good" else _("Free space on the disk of {path}.").format(path=desk.config.data_dir),
    )


def _clock(desk: Desk) -> tuple[Grade, str, str]:
    """Compare with the newest event: a clock that went back gives documents wrong dates."""
    last = last_event(desk.book)
    if last and last > desk.now + timedelta(minutes=5):
        return "bad", _("the clock is behind the last entry of the register"), _("Set the clock of this machine.")
    return "good", f"{desk.now.astimezone(VIETNAM):%d/%m/%Y %H:%M}", ""


def _directory(desk: Desk) -> tuple[Grade, str, str]:
    known = directory.agencies(desk.book)
    own = directory.certificates(desk.book, desk.config.office.code)
    if not any(each.role == "person" for each in own):
        return (
            "doubtful",
            _("nobody is listed as authorised to sign for this office"),
            _("Add the leader's certificate: vanthu directory add {code} --certificate FILE --role person").format(
                code=desk.config.office.code
            ),
        )
    session_to = desk.config.paper.session_to
    if session_to and not any(each.code == session_to for each in known):
        return (
            "bad",
            _("session_to names no agency: {code}").format(code=session_to),
            _("Correct [paper] in the configuration."),
        )
    return "good", _("{count} agencies").format(count=len(known)), ""


def _trust(desk: Desk) -> tuple[Grade, str, str]:
    trust = desk.trust()
    if not trust.anchors:
        return (
            "bad",
            _("no CA certificate is trusted: every signature will be unknown"),
            _("Put the CA certificates, fingerprints compared, into {path}.").format(
                path=desk.config.path(desk.config.trust.dir)
            ),
        )
    found = _("{anchors} CA certificates, {crls} CRLs").format(anchors=len(trust.anchors), crls=len(trust.crls))
    return "good", found, ""


def _tsa(desk: Desk) -> tuple[Grade, str, str]:
    stamper = time_stamper(desk)
    if stamper is None:
        return "doubtful", _("none configured: signatures carry no trusted time"), _("Set url under [tsa].")
    probe(stamper)
    return "good", desk.config.tsa.url, ""


def _key(desk: Desk, name: str) -> tuple[Grade, str, str]:
    key = open_key(desk, name, desk.config.keys[name].role)
    left = days_left(key, desk.now)
    found = _("{subject}, {days} days left").format(subject=key.subject, days=left)
    known = {each.fingerprint for each in directory.certificates(desk.book, desk.config.office.code)}
    if key.fingerprint not in known:
        return "doubtful", found, _("Its certificate is not in the directory: vanthu directory add … --certificate")
    return (
        ("doubtful" if left < _WARN_DAYS else "good"),
        found,
        _("Ask for a new certificate now.") if left < _WARN_DAYS else "",
    )


def _channel(desk: Desk, name: str) -> tuple[Grade, str, str]:
    channel = desk.channels[name]
    channel.check()
    return "good", channel.address, ""
