"""Is everything in order? Each check: good, doubtful or bad, with the cure. Mailboxes are logged into once."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256
from reportlab.pdfbase.ttfonts import TTFError

from vanthu_cli.config.settings import Config
from vanthu_cli.errors import UnreachableError, VanthuError, os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.close_day import missing_files
from vanthu_cli.procedures.convert import find_office
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.keys import check_key, days_left, find_key, open_key, tokens_of
from vanthu_cli.procedures.trust import concerns, store
from vanthu_cli.procedures.ways import account_of
from vanthu_cli.register import directory, documents, logins
from vanthu_cli.register.book import check_chain, integrity, last_event
from vanthu_cli.register.heartbeat import heartbeat
from vanthu_cli.reports.pages import load_fonts
from vanthu_cli.reports.words import moment_shown
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.signing.keys import common_name
from vanthu_cli.signing.timestamps import open_time_stamper, probe

Grade = Literal["good", "doubtful", "bad"]
_WARN_DAYS = 60
_LOW_DISK = 1 << 30
_NO_DISK = 100 << 20
_BACKUP_DAYS = 8


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
        ("closings", _closings),
        ("disk", _disk),
        ("backup", _backup),
        ("batch", _batch),
        ("clock", _clock),
        ("fonts", _fonts),
        ("directory", _directory),
        ("trust", _trust),
        ("tsa", _tsa),
    ):
        yield _tried(name, check, desk)
    if any(key.kind == "pkcs11" for key in desk.config.keys.values()):
        yield _tried("tokens", _tokens, desk)
    for name in desk.config.keys:
        yield _tried(f"key {name}", partial(_key, name=name), desk)
    for name in desk.config.channels:
        yield _tried(f"channel {name}", partial(_channel, name=name), desk)


def without_register(config: Config, error: VanthuError) -> Iterator[Check]:
    """What can be said where the register cannot be opened: why, and how the disk is."""
    yield Check("config", "good", str(config.file))
    yield Check("register", "bad", error.message, error.hint)
    yield Check("disk", *_room(config.data_dir))


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
    return "good", _("the file and its chain of events are whole (every row: vanthu register audit)"), ""


def _cabinet(desk: Desk) -> tuple[Grade, str, str]:
    missing = [sha256 for sha256 in documents.files(desk.book) if not desk.cabinet.path(sha256).is_file()]
    if missing:
        return "bad", _("{count} files are missing").format(count=len(missing)), _("Restore them from the backup.")
    return "good", _("every registered file is there"), ""


def _closings(desk: Desk) -> tuple[Grade, str, str]:
    missing = missing_files(desk)
    if missing:
        found = _("{count} files are missing, the first is {name}").format(count=len(missing), name=missing[0].name)
        return "bad", found, _("Restore them from the backup. What else was changed: vanthu register audit")
    return "good", _("every closed day's file is there"), ""


def _disk(desk: Desk) -> tuple[Grade, str, str]:
    return _room(desk.config.data_dir)


def _room(folder: Path) -> tuple[Grade, str, str]:
    try:
        free = shutil.disk_usage(folder).free
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(1 << 16))
    except OSError as error:
        found = _("{path} cannot be written to: {why}").format(path=folder, why=os_words(error))
        return "bad", found, _("Is the disk connected, writable and not full?")
    found = _("{size} MB free").format(size=free >> 20)
    grade: Grade = "bad" if free < _NO_DISK else "doubtful" if free < _LOW_DISK else "good"
    return (
        grade,
        found,
        "" if grade == "good" else _("Free space on the disk of {path}.").format(path=folder),
    )


def _backup(desk: Desk) -> tuple[Grade, str, str]:
    cure = _("Make one on another disk: vanthu backup --out FOLDER")
    last = last_event(desk.book, "backup")
    if last is None:
        return "doubtful", _("none was ever made"), cure
    days = (desk.now - last).days
    found = _("the last one is of {day}").format(day=f"{last.astimezone(VIETNAM):%d/%m/%Y}")
    return ("good", found, "") if days < _BACKUP_DAYS else ("doubtful", found, cure)


def _batch(desk: Desk) -> tuple[Grade, str, str]:
    """The run without a person: has it gone well lately? An office that never had one fetches by hand."""
    beat = heartbeat(desk.config.data_dir)
    if beat is None:
        found = _("it never ran here: somebody must fetch by hand, every day")
        return (
            "doubtful",
            found,
            _("Have it run by itself: vanthu batch --print-cron (or --print-systemd, --print-schtasks)"),
        )
    good = _("the last run without a failure was {time}").format(
        time=moment_shown(beat.good) if beat.good else _("never")
    )
    if beat.late(desk.now):
        return "bad", good, _("See why: vanthu batch")
    if beat.code:
        found = _("the last run, {time}, had failures: {codes}").format(
            time=moment_shown(beat.began), codes=", ".join(dict.fromkeys(beat.failures)) or "–"
        )
        return "doubtful", found, _("See why: vanthu batch")
    return "good", good, ""


def _fonts(_desk: Desk) -> tuple[Grade, str, str]:
    """The typeface of number, date and printed books comes with the program; LibreOffice makes PDFs of drafts."""
    try:
        load_fonts()
    except (OSError, TTFError) as error:
        return "bad", _("the typeface cannot be read: {why}").format(why=error), _("Install vanthu again.")
    if find_office() is None:
        return "doubtful", _("LibreOffice is not installed"), _("Only needed to make PDFs of DOCX and ODT drafts.")
    return "good", _("typeface and LibreOffice are there"), ""


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
            _("Add the CA certificates, fingerprints compared: vanthu trust add FILE (they go into {path}).").format(
                path=desk.config.path(desk.config.trust.dir)
            ),
        )
    found = _("{anchors} CA certificates, {crls} CRLs").format(anchors=len(trust.anchors), crls=len(trust.crls))
    entries = store(desk.config.path(desk.config.trust.dir))
    doubts = [
        f"{entry.subject}: {each.sentence}"
        for entry, of_entry in zip(entries, concerns(entries, desk.now), strict=True)
        for each in of_entry
    ]
    if doubts:
        return "doubtful", "; ".join([found, *doubts]), _("See “vanthu trust list”.")
    return "good", found, ""


def _tsa(desk: Desk) -> tuple[Grade, str, str]:
    if not desk.config.tsa.url:
        return "doubtful", _("none configured: signatures carry no trusted time"), _("Set url under [tsa].")
    try:
        probe(open_time_stamper(desk.config.tsa.url))
    except UnreachableError as error:
        return (
            "bad",
            error.message,
            _("Is the network there, and the address under [tsa] right? Until then signatures carry no trusted time."),
        )
    return "good", desk.config.tsa.url, ""


def _tokens(desk: Desk) -> tuple[Grade, str, str]:
    """Show what is plugged in; nobody logs in. A token that says that few PIN tries are left is not in order."""
    found = [each for keys in tokens_of(desk.config).values() for each in keys]
    if not found:
        return "bad", _("no token is plugged in"), _("Plug it in; if it is, install its driver anew.")
    listed = "; ".join(
        _("{token}: {name}, {days} days left, SHA-256 {fingerprint}").format(
            token=each.token,
            name=common_name(each.x509.subject),
            days=days_left(each.x509, desk.now),
            fingerprint=each.fingerprint,
        )
        + (f" ({each.tries})" if each.tries else "")
        for each in found
    )
    grade: Grade = "doubtful" if any(each.tries for each in found) else "good"
    return grade, listed, _("Make sure of the PIN before the next try.") if grade == "doubtful" else ""


def _key(desk: Desk, name: str) -> tuple[Grade, str, str]:
    """Judge the certificate as before signing. A key file is opened, for its passphrase may be wrong; a PIN is never spent here."""
    role = desk.config.keys[name].role
    card = find_key(desk, name, role)
    certificate = card.x509 or open_key(desk, name, role, ours=False).x509
    check_key(desk, card, ours=False)
    if card.settings.kind == "pkcs12" and not card.settings.secret.startswith("prompt"):
        open_key(desk, name, role, ours=False)
    left = days_left(certificate, desk.now)
    found = _("{subject}, {days} days left").format(subject=common_name(certificate.subject), days=left)
    known = {each.fingerprint for each in directory.certificates(desk.book, desk.config.office.code)}
    if certificate.fingerprint(SHA256()).hex() not in known:
        return "doubtful", found, _("Its certificate is not in the directory: vanthu directory add … --certificate")
    return (
        ("doubtful" if left < _WARN_DAYS else "good"),
        found,
        _("Ask for a new certificate now.") if left < _WARN_DAYS else "",
    )


def _channel(desk: Desk, name: str) -> tuple[Grade, str, str]:
    """Log in, once: also where a refused password has the mailbox left alone for a while, for now a person looks."""
    settings = desk.config.channels[name]
    account = account_of(name, settings)
    if account is not None:
        with desk.book.step():
            logins.forget(desk.book, account)
    channel = desk.channels[name]
    channel.check()
    known = desk.own.axis or desk.own.identifier
    if settings.kind == "axis" and known and known != channel.address:
        return (
            "doubtful",
            _("{address}; the directory says {known}").format(address=channel.address, known=known),
            _("Packages from another identifier than the registered one are refused: make both the same."),
        )
    return "good", channel.address, ""
