"""Keys in a USB token or another PKCS#11 device: found by their certificate, opened by one login, used for a whole batch.

A PIN is tried once: tokens lock after three wrong ones (domain.md 4.4). Certificates are public objects, so that they can be
judged before anybody is asked for a PIN.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import Certificate
from pkcs11 import Attribute, Mechanism, ObjectClass, TokenFlag
from pyhanko.sign.pkcs11 import select_pkcs11_signing_params
from pyhanko.sign.signers.pdf_cms import Signer

from vanthu_cli.errors import ForbiddenError, MisuseError, UnreachableError
from vanthu_cli.locale import _
from vanthu_cli.signing.keys import SigningKey, asn1, registry

_LARGEST_SIGNATURE = 512
_IN_TOKEN = {"sha256": Mechanism.ECDSA_SHA256, "sha384": Mechanism.ECDSA_SHA384, "sha512": Mechanism.ECDSA_SHA512}


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A certificate in a token; `key` is the CKA_ID it shares with its private key, `tries` what the token says of PINs."""

    module: str
    token: str
    serial: str
    key: bytes
    x509: Certificate
    tries: str = ""

    @property
    def fingerprint(self) -> str:
        return self.x509.fingerprint(hashes.SHA256()).hex()


def token_keys(module: str) -> list[TokenKey]:
    """Return the signers' certificates in every token that the driver `module` sees; nobody logs in.

    `UnreachableError` `signing.token_driver`: the driver cannot be loaded; an empty list: no token is plugged in.
    """
    found: list[TokenKey] = []
    for token in _tokens(module):
        with _session(token, None) as session:
            found += [
                TokenKey(
                    module, token.label.strip(), _serial(token), bytes(one[Attribute.ID]), certificate, _tries(token)
                )
                for one in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})
                if (certificate := _certificate(one)) is not None and not _is_ca(certificate)
            ]
    return found


@contextmanager
def open_token(key: TokenKey, pin: str, others: Sequence[x509.Certificate] = ()) -> Iterator[SigningKey]:
    """Log in once and give the key; the session ends with the block.

    `MisuseError` `signing.pin`, `ForbiddenError` `signing.pin_locked`, `UnreachableError` `signing.token_gone`.
    """
    token = next((each for each in _tokens(key.module) if _serial(each) == key.serial), None)
    if token is None:
        raise _gone()
    with _session(token, pin) as session:
        try:
            (handle,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: key.key})
        except (ValueError, pkcs11.PKCS11Error) as error:
            raise MisuseError(
                "signing.token_key",
                _("The token “{token}” holds the certificate of {name}, but not its private key.").format(
                    token=key.token, name=_name(key.x509)
                ),
                _("Ask who issued the token; the certificate may have been renewed on another one."),
            ) from error
        yield SigningKey(_TokenSigner(token, handle, key.x509, others), key.x509, tuple(others))


class _TokenSigner(Signer):
    """Signs with a private key that never leaves its token."""

    def __init__(
        self, token: Any, handle: Any, certificate: x509.Certificate, chain: Sequence[x509.Certificate]
    ) -> None:
        super().__init__(signing_cert=asn1(certificate), cert_registry=registry(chain), embed_roots=False)
        self._handle = handle
        self._mechanisms = set(token.slot.get_mechanisms())

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(_LARGEST_SIGNATURE)
        curve = self.signing_cert is not None and self.signing_cert.public_key.algorithm == "ec"
        how = select_pkcs11_signing_params(
            self.get_signature_mechanism_for_digest(digest_algorithm),
            digest_algorithm,
            use_raw_mechanism=curve and _IN_TOKEN.get(digest_algorithm) not in self._mechanisms,
            sign_kwargs={},
        )
        try:
            signature = self._handle.sign(
                how.pre_sign_transform(data) if how.pre_sign_transform else data, **how.sign_kwargs
            )
        except pkcs11.PKCS11Error as error:
            raise _gone() from error
        return bytes(how.post_sign_transform(signature) if how.post_sign_transform else signature)


def _tokens(module: str) -> list[Any]:
    try:
        slots = pkcs11.lib(module).get_slots(token_present=True)
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise UnreachableError(
            "signing.token_driver",
            _("The driver {module} of the token cannot be used.").format(module=module),
            _("Install the token's driver, and name its file (PKCS#11: .so or .dll) as “module” in the configuration."),
        ) from error
    found = []
    for slot in slots:
        with suppress(pkcs11.PKCS11Error):  # a reader with a foreign or broken card must not hide the others
            found.append(slot.get_token())
    return [token for token in found if token.flags & TokenFlag.TOKEN_INITIALIZED]


@contextmanager
def _session(token: Any, pin: str | None) -> Iterator[Any]:
    try:
        session = token.open(user_pin=pin)
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as error:
        raise MisuseError(
            "signing.pin",
            _("The PIN of the token “{token}” is wrong. {tries}").format(
                token=token.label.strip(), tries=_again(token)
            ),
            _("It is not tried again by itself: a token locks after a few wrong PINs. Make sure of the PIN first."),
        ) from error
    except (pkcs11.PinLocked, pkcs11.PinExpired) as error:
        raise ForbiddenError(
            "signing.pin_locked",
            _("The token “{token}” is locked: too many wrong PINs were tried, or its PIN has expired.").format(
                token=token.label.strip()
            ),
            _("Take it to who issued it; only there it can be unlocked."),
        ) from error
    except pkcs11.PKCS11Error as error:
        raise _gone() from error
    try:
        yield session
    finally:
        with suppress(pkcs11.PKCS11Error):
            session.close()


def _again(token: Any) -> str:
    """Ask the token anew, after a failure, what it says of the tries left."""
    with suppress(pkcs11.PKCS11Error):
        return _tries(token.slot.get_token()) or _("The token does not say how many tries are left.")
    return ""


def _tries(token: Any) -> str:
    """Return what the token's flags say (PKCS#11 v2.40, CK_TOKEN_INFO); tokens tell no number."""
    if token.flags & TokenFlag.USER_PIN_LOCKED:
        return _("The token is locked.")
    if token.flags & TokenFlag.USER_PIN_FINAL_TRY:
        return _("ONE try is left before the token locks.")
    if token.flags & TokenFlag.USER_PIN_COUNT_LOW:
        return _("A wrong PIN was entered before; few tries are left.")
    return ""


def _certificate(found: Any) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(bytes(found[Attribute.VALUE]))
    except (ValueError, pkcs11.PKCS11Error):
        return None


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _serial(token: Any) -> str:
    return bytes(token.serial).decode("latin-1").strip()


def _name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _gone() -> UnreachableError:
    return UnreachableError(
        "signing.token_gone",
        _("The token does not answer."),
        _("Plug it in firmly and run the same command again; what is signed already is not signed twice."),
    )
