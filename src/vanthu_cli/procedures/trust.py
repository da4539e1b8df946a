"""What lies in the trust folder, what is doubtful about it, and who is meant by a part of a fingerprint or name."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from vanthu_cli.document.text import fold
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.validation.trust import objects_in, trust_files

Kind = Literal["anchor", "other", "crl", "unreadable"]
"""A CA certificate, an end-entity one, a revocation list, and a file that keeps every signature from being judged."""
Thing = x509.Certificate | x509.CertificateRevocationList

_T = TypeVar("_T", bound=x509.ExtensionType)
_SOON = (7, 30, 60)
"""Days before the end of a certificate from which on it is spoken of, each time louder."""
_LEAST_RSA = 2048
_LEAST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Concern:
    """What is doubtful: a stable code ("expired") and a sentence."""

    code: str
    sentence: str


@dataclass(frozen=True)
class Entry:
    """One certificate or list of one file; `subject` of a list is its issuer. Without slots: what is parsed is kept."""

    file: Path
    kind: Kind
    der: bytes = field(repr=False)

    @cached_property
    def thing(self) -> Thing | None:
        """The certificate or list, None if it cannot be read in full."""
        try:
            if self.kind == "crl":
                found: Thing = x509.load_der_x509_crl(self.der)
            else:
                found = x509.load_der_x509_certificate(self.der)
            list(found.extensions)
        except ValueError:
            return None
        return found

    @property
    def certificate(self) -> x509.Certificate | None:
        return self.thing if isinstance(self.thing, x509.Certificate) else None

    @property
    def revocations(self) -> x509.CertificateRevocationList | None:
        """The list. Ask `is None`: a list that revokes nothing is false."""
        return self.thing if isinstance(self.thing, x509.CertificateRevocationList) else None

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest() if self.der else ""

    @property
    def subject(self) -> str:
        if self.thing is None:
            return self.file.name
        return name_of(
            self.thing.issuer if isinstance(self.thing, x509.CertificateRevocationList) else self.thing.subject
        )

    @property
    def issuer(self) -> str:
        return name_of(self.thing.issuer) if self.thing is not None else ""

    @property
    def own_issuer(self) -> bool:
        """Whether it is a root: nobody else stands above it."""
        return self.certificate is not None and self.certificate.subject == self.certificate.issuer

    @property
    def begins(self) -> datetime | None:
        """Valid from; of a list, when it was made."""
        if isinstance(self.thing, x509.Certificate):
            return self.thing.not_valid_before_utc
        return self.thing.last_update_utc if self.thing is not None else None

    @property
    def ends(self) -> datetime | None:
        """Valid until; of a list, when the next one is due."""
        if isinstance(self.thing, x509.Certificate):
            return self.thing.not_valid_after_utc
        return self.thing.next_update_utc if self.thing is not None else None


def store(folder: Path) -> list[Entry]:
    """Return what lies in the trust folder, in the order in which it is read; nothing where there is no folder."""
    found: list[Entry] = []
    for file in trust_files([folder] if folder.is_dir() else []):
        try:
            found += [Entry(file, kind, der) for kind, der in objects_in(file)]
        except MisuseError:
            found.append(Entry(file, "unreadable", b""))
    return found


def issuer_of(entry: Entry, entries: Iterable[Entry]) -> Entry | None:
    """Return the CA certificate of the folder that has signed this one, by its signature and not by its name alone."""
    if entry.thing is None:
        return None
    return next(
        (
            each
            for each in entries
            for authority in _authorities(entry.thing, [each])
            if signed_by(entry.thing, authority)
        ),
        None,
    )


def issued_by(entry: Entry, entries: Iterable[Entry]) -> list[Entry]:
    """Return the certificates and lists of the folder that a CA has signed."""
    authority = entry.certificate
    return [
        each
        for each in entries
        if authority is not None and each.thing is not None and each.der != entry.der
        if each.thing.issuer == authority.subject and signed_by(each.thing, authority)
    ]


def signed_by(thing: Thing, authority: x509.Certificate) -> bool:
    try:
        if isinstance(thing, x509.CertificateRevocationList):
            return thing.is_signature_valid(authority.public_key())  # type: ignore[arg-type]  # the others: TypeError
        thing.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def scope(revocations: x509.CertificateRevocationList) -> tuple[bytes, ...]:
    """Return what two lists have in common of which the newer replaces the older: issuer, its key, distribution point.

    A CA that changes its key keeps its name, and one that partitions its list gives several that are valid at once.
    """
    key = extension(revocations, x509.AuthorityKeyIdentifier)
    point = extension(revocations, x509.IssuingDistributionPoint)
    return (
        revocations.issuer.public_bytes(),
        (key.key_identifier or b"") if key else b"",
        point.public_bytes() if point else b"",
    )


def age(revocations: x509.CertificateRevocationList) -> tuple[datetime, int]:
    """Return what orders the lists of one scope: when it was made, then its number."""
    number = extension(revocations, x509.CRLNumber)
    return revocations.last_update_utc, number.crl_number if number else 0


def concerns(entries: Sequence[Entry], now: datetime) -> list[tuple[Concern, ...]]:
    """Return for each entry what is doubtful about it."""
    seen: dict[str, Entry] = {}
    found = []
    for entry in entries:
        twin = seen.setdefault(entry.sha256, entry) if entry.der else entry
        doubts = [] if twin is entry else [Concern("duplicate", _("it is also in {file}").format(file=twin.file.name))]
        if entry.certificate:
            doubts += _of_certificate(entry.certificate, now)
        elif entry.revocations is not None:
            doubts += _of_list(entry.revocations, entries, now)
        else:
            doubts.append(
                Concern(
                    "unreadable",
                    _("it cannot be read, and as long as it lies there no signature can be judged: move it away"),
                )
            )
        found.append(tuple(doubts))
    return found


def _of_certificate(certificate: x509.Certificate, now: datetime) -> Iterator[Concern]:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    left = (ends - now).days
    if now > ends:
        yield Concern("expired", _("expired on {day}").format(day=day_of(ends)))
    elif now < begins:
        yield Concern("not-yet-valid", _("not valid before {day}").format(day=day_of(begins)))
    else:
        within = next((limit for limit in _SOON if ends - now <= timedelta(days=limit)), None)
        if within:
            yield Concern(
                f"expires-within-{within}", _("expires on {day}, in {days} days").format(day=day_of(ends), days=left)
            )
    if certificate.subject != certificate.issuer and _weak_hash(certificate):  # nobody relies on a root's own signature
        yield Concern(
            "sha1", _("its issuer has signed it with SHA-1, which can be forged: rely on its fingerprint only")
        )
    key = _key(certificate)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA:
        yield Concern("weak-key", _("its key is weak: RSA with {bits} bits").format(bits=key.key_size))


def _of_list(revocations: x509.CertificateRevocationList, entries: Sequence[Entry], now: datetime) -> Iterator[Concern]:
    made, due = revocations.last_update_utc, revocations.next_update_utc
    if made > now:
        yield Concern("not-yet-valid", _("made on {day}, after today: is the clock right?").format(day=day_of(made)))
    elif due is None:
        yield Concern(
            "no-next-update", _("says not until when it counts; it is {days} days old").format(days=(now - made).days)
        )
    elif due < now:
        yield Concern(
            "outdated",
            _("outdated since {day}; it is {days} days old: import the newest").format(
                day=day_of(due), days=(now - made).days
            ),
        )
    authorities = _authorities(revocations, entries)
    if not authorities:
        yield Concern("issuer-missing", _("its issuer is not in the trust folder: it counts for nothing"))
    elif not any(signed_by(revocations, each) for each in authorities):
        yield Concern(
            "false-signature", _("no CA certificate of the trust folder has signed it: it counts for nothing")
        )
    if _weak_hash(revocations):
        yield Concern("sha1", _("signed with SHA-1, which can be forged"))
    for other in entries:
        if (
            other.revocations is not None
            and scope(other.revocations) == scope(revocations)
            and age(other.revocations) > age(revocations)
        ):
            yield Concern("superseded", _("{file} is newer").format(file=other.file.name))
            return


def _authorities(thing: Thing, entries: Iterable[Entry]) -> list[x509.Certificate]:
    return [
        each.certificate
        for each in entries
        if each.kind == "anchor" and each.certificate and each.certificate.subject == thing.issuer
    ]


def _weak_hash(thing: Thing) -> bool:
    try:
        made_with = thing.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return False
    return made_with is not None and made_with.name in {"sha1", "md5"}


def _key(certificate: x509.Certificate) -> object:
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def find(entries: Sequence[Entry], wanted: str) -> list[Entry]:
    """Return what is meant: by file name, the beginning of its SHA-256 fingerprint, or a part of its subject.

    Several only when they lie in the file named or are the same bytes. `MisuseError` when nothing or more than one is meant.
    """
    digits = re.sub(r"[:\s]", "", wanted).lower()
    is_fingerprint = len(digits) >= _LEAST_DIGITS and re.fullmatch("[0-9a-f]+", digits)
    ways: list[Callable[[Entry], bool]] = [
        lambda entry: wanted in {entry.file.name, str(entry.file)},
        lambda entry: bool(is_fingerprint) and entry.sha256.startswith(digits),
        lambda entry: fold(wanted) == fold(entry.subject),
        lambda entry: fold(wanted) in fold(entry.subject),
    ]
    for position, way in enumerate(ways):
        found = [entry for entry in entries if way(entry)] if wanted.strip() else []
        if len({entry.sha256 for entry in found}) > 1 and position:
            raise MisuseError(
                "trust.ambiguous",
                _("“{id}” may mean: {names}").format(
                    id=wanted, names="; ".join(f"{entry.subject} ({entry.sha256[:16]})" for entry in found)
                ),
                _("Give more digits of the fingerprint."),
            )
        if found:
            return found
    raise MisuseError(
        "trust.unknown",
        _("Nothing in the trust folder is called “{id}”.").format(id=wanted),
        _(
            "Give at least six digits of the SHA-256 fingerprint, the file's name or a part of the subject: vanthu trust list"
        ),
    )


def name_of(name: x509.Name) -> str:
    """Return the common name, or the whole name where there is none (`signing.keys` has it too, with 0.5 s of imports)."""
    found = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def extension(thing: Thing, kind: type[_T]) -> _T | None:
    try:
        return thing.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def day_of(moment: datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y}"
