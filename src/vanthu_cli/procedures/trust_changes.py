"""What is put into the trust folder and taken out of it. A person has compared fingerprints; nothing gets in by itself.

Files are written under a hidden name, which nobody reads, and then renamed: a run that judges signatures at this moment finds
the whole file or none. What is removed stays in `.removed`, out of sight.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asn1crypto import pem
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from vanthu_cli.document.text import fold, safe_name
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.trust import Entry, day_of, extension, store
from vanthu_cli.procedures.trust_files import certificates_in, unreadable
from vanthu_cli.register.book import Book
from vanthu_cli.register.cabinet import sync_folder, write_durably
from vanthu_cli.rules.deadlines import VIETNAM

_LONGEST_SLUG = 60
_REMOVED = ".removed"


@dataclass(frozen=True, slots=True)
class Addition:
    """What would be added; what is there already; end-entity certificates that came along and are left out."""

    new: tuple[Entry, ...]
    present: tuple[Entry, ...]
    left_out: tuple[Entry, ...]


def plan_addition(folder: Path, files: Sequence[Path], now: datetime, *, expired: bool) -> Addition:
    """Look at all files before anything is written. Refused as a whole: a private key, rubbish, an expired CA.

    Bundles often hold the signer's certificate under its CAs': it is left out; a file of nothing else is refused.
    """
    held = {entry.der for entry in store(folder)}
    new: dict[bytes, Entry] = {}
    present: dict[bytes, Entry] = {}
    left_out: list[Entry] = []
    for file in files:
        found = [Entry(file, kind, der) for kind, der in certificates_in(file)]
        if not any(entry.kind == "anchor" for entry in found):
            raise _no_authority(file, found)
        for entry in found:
            if entry.kind != "anchor":
                left_out.append(entry)
            elif entry.der in held:
                present[entry.der] = entry
            else:
                _judge(entry, now, expired=expired)
                new[entry.der] = entry
    return Addition(tuple(new.values()), tuple(present.values()), tuple(left_out))


def check_fingerprints(addition: Addition, given: Iterable[str]) -> None:
    """Compare with what a person has been told: each new certificate is named, and nothing is named that is not there."""
    named = {text.replace(":", "").replace(" ", "").lower() for text in given}
    part = next((text for text in named if not re.fullmatch("[0-9a-f]{64}", text)), None)
    if part is not None:
        raise MisuseError(
            "trust.fingerprint_part",
            _("“{text}” is not a whole SHA-256 fingerprint.").format(text=part),
            _("Give it whole: 64 hexadecimal digits, colons allowed."),
        )
    for entry in addition.new:
        if entry.sha256 not in named:
            raise ForbiddenError(
                "trust.fingerprint",
                _("{name} has the SHA-256 fingerprint {fingerprint}: it is not the one given.").format(
                    name=entry.subject, fingerprint=entry.sha256
                ),
                _("Do not add it. Have the fingerprint told once more by its owner, and fetch the file again."),
            )
    over = sorted(named - {entry.sha256 for entry in (*addition.new, *addition.present)})
    if over:
        raise MisuseError(
            "trust.fingerprint_unused",
            _("No CA certificate in these files has the SHA-256 fingerprint {fingerprint}.").format(
                fingerprint=over[0]
            ),
            _("Is it of another file? Nothing was added."),
        )


def add(folder: Path, entries: Iterable[Entry], book: Book | None) -> list[Path]:
    """Write each CA certificate into a file of its own, named by its subject."""
    written = []
    for entry in entries:
        file = folder / f"{slug(entry.subject)}-{entry.sha256[:8]}.crt"
        if file.exists():  # eight digits can be made to fall together: nothing believed is written over
            file = file.with_stem(f"{slug(entry.subject)}-{entry.sha256}")
        write(file, pem.armor("CERTIFICATE", entry.der))
        note(book, "add", entry, file)
        written.append(file)
    return written


def remove(folder: Path, entries: Iterable[Entry], now: datetime, book: Book | None) -> list[Path]:
    """Take out what was found; return where it lies now. A file that holds more is written anew without it."""
    moved = []
    for file in dict.fromkeys(entry.file for entry in entries):
        out = [entry for entry in entries if entry.file == file]
        rest = [entry for entry in store(folder) if entry.file == file and entry.der not in {each.der for each in out}]
        target = _put_away(folder, file, now)
        if rest:
            write_durably(target, file.read_bytes())
            write(
                file,
                b"".join(pem.armor("X509 CRL" if each.kind == "crl" else "CERTIFICATE", each.der) for each in rest),
            )
        else:
            file.rename(target)
            sync_folder(file.parent)
        for entry in out:
            note(book, "remove", entry, file)
        moved.append(target)
    return moved


def _no_authority(file: Path, found: Sequence[Entry]) -> Exception:
    if not found:
        return unreadable(file)
    purposes = extension(found[0].certificate, x509.ExtendedKeyUsage) if found[0].certificate else None
    if purposes and ExtendedKeyUsageOID.TIME_STAMPING in purposes:
        return ForbiddenError(
            "trust.not_ca",
            _("{path} is a time stamp authority's certificate ({name}), not a CA's.").format(
                path=file, name=found[0].subject
            ),
            _("Add the certificate of the CA that has issued it."),
        )
    return ForbiddenError(
        "trust.not_ca",
        _("{path} is a signer's certificate ({name}), not a CA's.").format(path=file, name=found[0].subject),
        _("Note whose it is: vanthu directory add CODE --certificate {path} --role person").format(path=file),
    )


def _judge(entry: Entry, now: datetime, *, expired: bool) -> None:
    if entry.certificate is None:
        raise unreadable(entry.file)
    if now > entry.certificate.not_valid_after_utc and not expired:
        raise ForbiddenError(
            "trust.expired",
            _("{name} expired on {day}.").format(name=entry.subject, day=day_of(entry.certificate.not_valid_after_utc)),
            _("Old documents of an archive need it: then give --expired."),
        )


def write(file: Path, data: bytes) -> None:
    """Write a file that everybody on this machine may read, as root may have put it there for the clerks."""
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    hidden = file.with_name(f".{file.name}")
    write_durably(hidden, data)
    hidden.chmod(0o644)
    hidden.replace(file)
    sync_folder(file.parent)


def _put_away(folder: Path, file: Path, now: datetime) -> Path:
    """Return a free name in the folder of what was removed."""
    away = folder / _REMOVED
    away.mkdir(mode=0o755, exist_ok=True)
    stem = f"{now.astimezone(VIETNAM):%Y-%m-%d}-{file.name}"
    names = (stem if not count else f"{stem}.{count}" for count in range(1 << 16))
    return next(path for name in names if not (path := away / name).exists())


def note(book: Book | None, change: str, entry: Entry, file: Path) -> None:
    if book is None:
        return
    with book.step():
        book.event(
            "trust",
            f"trust:{entry.sha256}",
            {"change": change, "kind": entry.kind, "name": entry.subject, "file": file.name},
        )


def slug(name: str) -> str:
    """Return a name in plain letters for a file: "CA phục vụ các cơ quan Đảng G2" gives ca-phuc-vu-cac-co-quan-dang-g2."""
    plain = "".join(c if c.isascii() and c.isalnum() else " " for c in fold(name))
    return safe_name("-".join(plain.split())[:_LONGEST_SLUG].strip("-") or "ca")
