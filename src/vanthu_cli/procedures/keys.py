"""The office's keys: chosen by their certificate, judged before anybody is asked for a secret, opened once in a run.

A passphrase or PIN is tried once. Where the certificate can be seen without it (in a token, at a remote service, in the register
for a key file), an expired, revoked, foreign or unusable one is refused before the question.
"""

import json
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from vanthu_cli.config.secrets import secret
from vanthu_cli.config.settings import Config, Key
from vanthu_cli.errors import ForbiddenError, MisuseError, os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import directory
from vanthu_cli.register.book import history
from vanthu_cli.signing.evidence import Witness
from vanthu_cli.signing.keys import SigningKey, check_usable, common_name, open_pkcs12
from vanthu_cli.signing.levels import Level, Proof
from vanthu_cli.signing.marks import seal_size
from vanthu_cli.signing.timestamps import open_time_stamper
from vanthu_cli.signing.tokens import TokenKey, open_token, token_keys
from vanthu_cli.validation.certificates import certificate_problem
from vanthu_cli.validation.reasons import Reason, sentence


@dataclass(frozen=True, slots=True)
class Card:
    """A key as far as it is known before it is opened. `found` is where token or service keep it."""

    name: str
    settings: Key
    x509: Certificate | None
    chain: tuple[Certificate, ...] = ()
    found: object = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, or nothing if only the secret shows it."""
        return self.x509.fingerprint(hashes.SHA256()).hex() if self.x509 else ""

    @property
    def subject(self) -> str:
        return common_name(self.x509.subject) if self.x509 else ""


@dataclass(slots=True)
class KeyRing:
    """The keys opened in this run; a token's session ends when the ring is closed."""

    config: Config
    prompt: Callable[[str], str | None]
    opened: dict[str, SigningKey] = field(default_factory=dict)
    witness: Witness | None = None
    seals: dict[str, tuple[bytes | None, tuple[float, float] | None]] = field(default_factory=dict)
    _secrets: dict[str, str] = field(default_factory=dict, repr=False)
    _open: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        self._open.close()

    def open(self, card: Card) -> SigningKey:
        """Ask for the secret and open the key; the same one again without a question."""
        if card.name not in self.opened:
            self.opened[card.name] = self._opened(card)
        return self.opened[card.name]

    def secret_of(self, card: Card) -> str:
        """Return passphrase or PIN of a key; a person is asked once in a run."""
        if card.name not in self._secrets:
            self._secrets[card.name] = secret(self.config, card.settings.secret, self._asking(card))
        return self._secrets[card.name]

    def _opened(self, card: Card) -> SigningKey:
        known = self.secret_of(card)
        if isinstance(card.found, TokenKey):
            return self._open.enter_context(open_token(card.found, known, card.chain))
        if card.settings.kind == "csc":
            from vanthu_cli.signing.remote import RemoteKey, open_remote

            if isinstance(card.found, RemoteKey):
                return open_remote(card.found, known)
        others = [link.public_bytes(Encoding.DER) for link in card.chain]
        return open_pkcs12(self.config.path(card.settings.path), known, others=others)

    def _asking(self, card: Card) -> Callable[[str], str | None]:
        """Say whose key it is, and what the token says of tries left, where the secret is typed."""
        tries = card.found.tries if isinstance(card.found, TokenKey) else ""
        kind = _("Passphrase of the key of {whose}") if card.settings.kind == "pkcs12" else _("PIN of {whose}")
        said = kind.format(whose=card.subject or card.name)
        return lambda _what: self.prompt(f"{said}. {tries}" if tries else said)


def find_key(desk: Desk, name: str, role: str) -> Card:
    """Find the key of the configuration and its certificate; no secret is asked for.

    `MisuseError` if it isn't there, has the other role, or if it cannot be told which certificate is meant.
    """
    settings = desk.config.keys.get(name)
    if settings is None or settings.role != role:
        names = ", ".join(each for each, known in desk.config.keys.items() if known.role == role) or "–"
        raise MisuseError(
            "key.unknown",
            _("There is no key “{name}” for the role {role} in the configuration.").format(name=name, role=role),
            _("Known: {names}").format(names=names),
        )
    if settings.kind == "pkcs11":
        found = _in_token(desk, name, settings)
        return Card(name, settings, found.x509, _chain(desk, found.x509), found)
    if settings.kind == "csc":
        from vanthu_cli.signing.remote import find_remote

        access = secret(desk.config, settings.access, desk.prompt) if settings.access else ""
        remote = find_remote(settings.url, settings.credential, access, settings.api)
        return Card(name, settings, remote.x509, remote.chain or _chain(desk, remote.x509), remote)
    certificate = _of_key_file(desk, name, settings)
    return Card(name, settings, certificate, tuple(_known(desk)))


def check_key(desk: Desk, card: Card, *, ours: bool = True) -> None:
    """Refuse a certificate that must not sign now: not this office's, not trusted, expired, revoked, for something else.

    A certificate that only the secret shows is judged after it (`open_key`).
    """
    if card.x509 is None:
        return
    check_usable(card.x509, desk.now)
    trust = desk.trust()
    answers: list[bytes] = []
    if desk.config.trust.hosts and trust.revocation != "ignore":
        evidence, _missing = witness(desk).evidence([card.x509, *_issuers(card)], desk.now)
        answers = [*evidence.ocsps, *evidence.crls]
    chain = [link.public_bytes(Encoding.DER) for link in _issuers(card)]
    problem = certificate_problem(card.x509.public_bytes(Encoding.DER), chain, trust, now=desk.now, answers=answers)
    if problem is not None:
        raise _refusal(problem, card)
    if ours:
        check_ours(desk, card.x509, card.settings.role)


def open_key(desk: Desk, name: str, role: str = "organisation", *, ours: bool = True) -> SigningKey:
    """Open a key whose certificate stands; `ours` demands that the directory lists it for this office in this role."""
    if name in desk.keys.opened:
        return desk.keys.opened[name]
    card = find_key(desk, name, role)
    check_key(desk, card, ours=ours)
    return open_card(desk, card, ours=ours)


def open_card(desk: Desk, card: Card, *, ours: bool = True) -> SigningKey:
    """Open a key that was judged; a key file may hold another certificate than the one noted of it, which is judged then."""
    key = desk.keys.open(card)
    if key.x509 != card.x509:
        check_key(desk, Card(card.name, card.settings, key.x509, key.chain), ours=ours)
    return key


def check_ours(desk: Desk, certificate: Certificate, role: str) -> None:
    """Refuse a certificate that the directory does not list for this office in this role.

    What it signed would not count as ours, here or at the receivers'.
    """
    own = directory.certificates(desk.book, desk.config.office.code)
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    if not any(each.fingerprint == fingerprint and each.role == role for each in own):
        raise ForbiddenError(
            "key.not_ours",
            _("The directory does not list the certificate of {name} for this office.").format(
                name=common_name(certificate.subject)
            ),
            _(
                "If it is right (a renewed certificate), run “vanthu init” once more: it notes the certificates of all keys."
            ),
        )


def proof(desk: Desk, *, bare: bool = False, person: bool = False) -> Proof:
    """Return how provable signatures are to be made: `[signing] level`, else B-T with a time stamp authority, else B-B.

    `bare`: the clerk has decided to do without time stamps. The person's is at most B-LT: the seal's time stamp covers it.
    """
    settings = desk.config
    level: Level = settings.signing.level or ("B-T" if settings.tsa.url else "B-B")
    if bare or level == "B-B":
        return Proof()
    if person and level == "B-LTA":
        level = "B-LT"
    return Proof(level, open_time_stamper(settings.tsa.url), witness(desk))


def sealed_with(sha256: str, key: SigningKey, made_with: Proof, *, bare: bool) -> dict[str, object]:
    """Return what the event of a seal tells: the bytes, the key, how provable, and whether the clerk did without time stamps."""
    return {
        "sha256": sha256,
        "key": key.fingerprint,
        "level": made_with.level,
        "time_stamp": made_with.level != "B-B",
        "without_time_stamp": bare,
    }


def witness(desk: Desk) -> Witness:
    """Return who may be asked for revocation data, the same for the whole run: answers are kept."""
    if desk.keys.witness is None:
        trust = desk.trust()
        desk.keys.witness = Witness(frozenset(desk.config.trust.hosts), (*trust.anchors, *trust.others), trust.crls)
    return desk.keys.witness


def only_key(desk: Desk, role: str) -> str:
    """Return the name of the office's one key of a role; `MisuseError` if there are several, or none."""
    names = [name for name, key in desk.config.keys.items() if key.role == role]
    if len(names) != 1:
        raise MisuseError(
            "key.which",
            _("Which key? The configuration has {count} for the role {role}.").format(count=len(names), role=role),
            _("Name it with --key, or --person and --organisation."),
        )
    return names[0]


def key_image(desk: Desk, name: str) -> bytes | None:
    image = desk.config.keys[name].image
    if not image:
        return None
    try:
        return desk.config.path(image).read_bytes()
    except OSError as error:
        raise MisuseError("key.image", _("The picture {path} of the key cannot be read.").format(path=image)) from error


def seal_of(desk: Desk, name: str) -> tuple[bytes | None, tuple[float, float] | None]:
    """Return the picture of the seal and its real size in points; read once in a run."""
    seals = desk.keys.seals
    if name not in seals:
        image = key_image(desk, name)
        seals[name] = image, seal_size(image, desk.config.keys[name].size_mm) if image else None
    return seals[name]


def tokens_of(config: Config) -> dict[str, list[TokenKey]]:
    """Return, for each driver of the configuration, the signers' certificates in its tokens."""
    modules = {str(config.path(key.module)) for key in config.keys.values() if key.kind == "pkcs11"}
    return {module: token_keys(module) for module in sorted(modules)}


def _in_token(desk: Desk, name: str, settings: Key) -> TokenKey:
    """Choose by certificate, never "the first slot": a clerk's PC often holds two tokens (domain.md 4.4)."""
    found = [each for each in token_keys(str(desk.config.path(settings.module))) if settings.token in {"", each.token}]
    if not found:
        raise MisuseError(
            "key.no_token",
            _("The token of the key “{name}” is not there.").format(name=name),
            _("Plug it in and run the same command again. “vanthu doctor” shows which tokens are seen."),
        )
    wanted = _wanted(desk, settings)
    own = {
        each.fingerprint
        for each in directory.certificates(desk.book, desk.config.office.code)
        if each.role == settings.role
    }
    matching = [each for each in found if (each.fingerprint == wanted if wanted else each.fingerprint in own)]
    if not matching and not wanted and len(found) == 1:
        matching = found  # the first time, before `init` has noted it
    if len(matching) != 1:
        listed = ", ".join(f"{common_name(each.x509.subject)} ({each.fingerprint[:16]}…)" for each in found)
        raise MisuseError(
            "key.which_certificate",
            _("Which certificate is the key “{name}”? The tokens hold: {names}.").format(name=name, names=listed),
            _("Name it in the configuration: certificate = the file of the certificate, or its SHA-256."),
        )
    return matching[0]


def _wanted(desk: Desk, settings: Key) -> str:
    """Return the fingerprint that `certificate` names: by itself, or by a file that holds the certificate."""
    if not settings.certificate:
        return ""
    return (
        _as_fingerprint(settings.certificate)
        or _read_certificate(desk.config.path(settings.certificate)).fingerprint(hashes.SHA256()).hex()
    )


def _of_key_file(desk: Desk, name: str, settings: Key) -> Certificate | None:
    """Return the certificate of a key file if it is known without its passphrase: named, or noted by `init`."""
    if settings.certificate and not _as_fingerprint(settings.certificate):
        return _read_certificate(desk.config.path(settings.certificate))
    noted = _wanted(desk, settings) or noted_key(desk, name)
    if not noted or not desk.cabinet.path(noted).is_file():
        return None
    return x509.load_der_x509_certificate(desk.cabinet.get(noted))


def note_key(desk: Desk, name: str, fingerprint: str) -> None:
    """Remember which certificate a key of the configuration has, so that it is known before its secret."""
    if noted_key(desk, name) != fingerprint:
        with desk.book.step():
            desk.book.event("key", f"key:{name}", {"certificate": fingerprint})


def noted_key(desk: Desk, name: str) -> str:
    """Return the fingerprint noted last, or nothing."""
    noted = history(desk.book, f"key:{name}")
    return str(json.loads(noted[-1]["data"])["certificate"]) if noted else ""


def _as_fingerprint(text: str) -> str:
    """Return a SHA-256 in plain hexadecimal digits, however a viewer of certificates has spaced it; nothing for a path."""
    plain = text.replace(":", "").replace(" ", "").lower()
    return plain if re.fullmatch("[0-9a-f]{64}", plain) else ""


def _read_certificate(path: Path) -> Certificate:
    try:
        data = path.read_bytes()
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except OSError as error:
        raise MisuseError(
            "certificate.unreadable", _("{path} cannot be read: {why}").format(path=path, why=os_words(error))
        ) from error
    except ValueError as error:
        raise MisuseError("certificate.unreadable", _("{path} is not a certificate.").format(path=path)) from error


def _known(desk: Desk) -> list[Certificate]:
    trust = desk.trust()
    return [x509.load_der_x509_certificate(der) for der in (*trust.anchors, *trust.others)]


def _chain(desk: Desk, leaf: Certificate) -> tuple[Certificate, ...]:
    """Return the issuers of a certificate that this office knows, the root left out: they go into the signature."""
    chain: list[Certificate] = []
    known = _known(desk)
    child = leaf
    for _link in known:
        issuer = next((each for each in known if each.subject == child.issuer and each not in chain), None)
        if issuer is None or issuer.subject == issuer.issuer:
            break
        chain.append(issuer)
        child = issuer
    return tuple(chain)


def _issuers(card: Card) -> Sequence[Certificate]:
    return [link for link in card.chain if link != card.x509]


def _refusal(problem: Reason, card: Card) -> ForbiddenError:
    return ForbiddenError(
        f"key.{problem.code.removeprefix('signing-')}".replace("-", "_"),
        _("The certificate of {name} must not sign: {why}").format(name=card.subject, why=sentence(problem)),
        _("“vanthu doctor” shows all keys. Ask the certificate authority, or choose another key."),
    )


def days_left(certificate: Certificate, now: datetime) -> int:
    """Return whole days until the certificate expires; negative afterwards."""
    return (certificate.not_valid_after_utc - now).days
