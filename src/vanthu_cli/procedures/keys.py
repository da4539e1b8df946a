"""Opening the office's keys: named in the configuration, checked before use, a passphrase tried once."""

from pyhanko.sign.timestamps import TimeStamper

from vanthu_cli.config.secrets import secret
from vanthu_cli.config.settings import Key
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import directory
from vanthu_cli.signing.keys import SigningKey, check_usable, open_pkcs12
from vanthu_cli.signing.timestamps import open_time_stamper


def settings(desk: Desk, name: str, role: str) -> Key:
    """Return the configuration of a key; `MisuseError` if it isn't there or has the other role."""
    key = desk.config.keys.get(name)
    if key is None or key.role != role:
        names = ", ".join(each for each, known in desk.config.keys.items() if known.role == role) or "–"
        raise MisuseError(
            "key.unknown",
            _("There is no key “{name}” for the role {role} in the configuration.").format(name=name, role=role),
            _("Known: {names}").format(names=names),
        )
    return key


def open_key(desk: Desk, name: str, role: str = "organisation") -> SigningKey:
    """Open a key and refuse an expired or unusable certificate before anything is signed with it."""
    found = settings(desk, name, role)
    passphrase = secret(desk.config, found.secret, desk.prompt)
    trust = desk.trust()
    key = open_pkcs12(desk.config.path(found.path), passphrase, others=(*trust.anchors, *trust.others))
    check_usable(key, desk.now)
    return key


def check_ours(desk: Desk, key: SigningKey, role: str) -> None:
    """Refuse a key whose certificate the directory does not list for this office in this role.

    What it signed would not count as ours, here or at the receivers'.
    """
    own = directory.certificates(desk.book, desk.config.office.code)
    if not any(each.fingerprint == key.fingerprint and each.role == role for each in own):
        raise ForbiddenError(
            "key.not_ours",
            _("The directory does not list the certificate of {name} for this office.").format(name=key.subject),
            _(
                "If it is right (a renewed certificate), run “vanthu init” once more: it notes the certificates of all keys."
            ),
        )


def time_stamper(desk: Desk) -> TimeStamper | None:
    """Return the time stamp authority of the configuration; None: signatures carry no trusted time (PAdES B-B)."""
    return open_time_stamper(desk.config.tsa.url) if desk.config.tsa.url else None


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
