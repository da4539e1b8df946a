"""Revocation lists brought in by hand, or from a server that the office allows."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.trust import Entry, age, day_of, extension, scope, signed_by, store
from vanthu_cli.procedures.trust_changes import note, remove, slug, write
from vanthu_cli.procedures.trust_files import read_limited
from vanthu_cli.register.book import Book
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.signing.evidence import LARGEST_IMPORT, download
from vanthu_cli.validation.trust import objects_of

_CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Import:
    """A revocation list to take, and the file it goes to; `replaces` are the older ones of its scope.

    `present` if these very bytes are held already.
    """

    entry: Entry
    file: Path
    replaces: tuple[Entry, ...]
    present: bool


def plan_import(folder: Path, source: str, hosts: Iterable[str], now: datetime) -> Import:
    """Judge a list from a file or an allowed server before it is taken: whole, signed by a CA of the folder, the newest.

    An outdated one is taken: it still proves what was revoked before.
    """
    entry = _entry(source, hosts)
    revocations, held = entry.revocations, store(folder)
    if revocations is None:
        raise MisuseError(
            "trust.no_list",
            _("{source} is not a revocation list.").format(source=source),
            _(
                "A revocation list (.crl) comes from the CA that has issued the certificates; CA certificates: vanthu trust add"
            ),
        )
    _refuse_part(revocations)
    _check_signature(revocations, entry.subject, held)
    if revocations.last_update_utc > now + _CLOCKS_DIFFER:
        raise ForbiddenError(
            "trust.list_of_tomorrow",
            _("The list was made on {day}, which is still to come.").format(day=day_of(revocations.last_update_utc)),
            _("Set the clock of this machine."),
        )
    of_scope = hashlib.sha256(b"".join(scope(revocations))).hexdigest()
    file = folder / f"{slug(entry.subject)}-{of_scope[:8]}.crl"
    same = [each for each in held if each.revocations is not None and scope(each.revocations) == scope(revocations)]
    if any(each.der == entry.der for each in same):
        return Import(entry, file, (), present=True)
    for each in same:
        if each.revocations is not None and age(each.revocations) >= age(revocations):
            raise ForbiddenError(
                "trust.list_older",
                _("{file} is newer: made on {held}, this one on {given}.").format(
                    file=each.file.name, held=_minute(each.revocations), given=_minute(revocations)
                ),
                _("The newer list stays. Nothing is to be done."),
            )
    return Import(entry, file, tuple(same), present=False)


def import_list(folder: Path, wanted: Import, now: datetime, book: Book | None) -> None:
    """Write the list and drop those that it replaces: our own file is written over, others are put away."""
    write(wanted.file, wanted.entry.der)
    note(book, "import-crl", wanted.entry, wanted.file)
    remove(folder, [each for each in wanted.replaces if each.file != wanted.file], now, book)


def _entry(source: str, hosts: Iterable[str]) -> Entry:
    if source.lower().startswith(("http://", "https://")):
        data = download(source, frozenset(hosts))
    else:
        data = read_limited(Path(source), LARGEST_IMPORT)
    try:
        found = objects_of(data)
    except (ValueError, TypeError, KeyError):
        found = []
    # Anything else than one list is an entry that holds none: `plan_import` says so.
    return Entry(Path(source), "crl", found[0][1] if [kind for kind, _der in found] == ["crl"] else b"")


def _refuse_part(revocations: x509.CertificateRevocationList) -> None:
    point = extension(revocations, x509.IssuingDistributionPoint)
    if extension(revocations, x509.DeltaCRLIndicator) or (point and point.indirect_crl):
        raise ForbiddenError(
            "trust.part_of_list",
            _("This is only a part of a revocation list (delta) or one that speaks for several CAs (indirect)."),
            _("Import the complete list of the CA itself."),
        )


def _check_signature(revocations: x509.CertificateRevocationList, name: str, held: Sequence[Entry]) -> None:
    authorities = [each.certificate for each in held if each.kind == "anchor" and each.certificate]
    named = [each for each in authorities if each.subject == revocations.issuer]
    if not named:
        raise ForbiddenError(
            "trust.list_issuer",
            _("The list is of {name}, whose certificate is not in the trust folder.").format(name=name),
            _("Add the CA's certificate first: vanthu trust add FILE"),
        )
    if not any(signed_by(revocations, each) for each in named):
        raise ForbiddenError(
            "trust.list_false",
            _("The list names {name}, but that CA has not signed it.").format(name=name),
            _("Do not use it. If the CA has a new key, add its new certificate first; otherwise fetch the list again."),
        )


def _minute(revocations: x509.CertificateRevocationList) -> str:
    return f"{revocations.last_update_utc.astimezone(VIETNAM):%d/%m/%Y %H:%M}"
