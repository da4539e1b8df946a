"""A signing key with its certificate: opened once, then used for as many signatures as the run needs."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asn1crypto import pkcs12 as asn1_pkcs12
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509 import Certificate
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from vanthu_cli.errors import ForbiddenError, MisuseError, os_words
from vanthu_cli.locale import _

_LARGEST_SIGNATURE = 512
"""Bytes of an RSA-4096 signature, the longest we make."""


class _HeldKey(Signer):
    """Keeps the private key parsed.

    pyHanko's SimpleSigner parses it twice a signature, consistency check included: 80 to 90 % of the time.
    Root certificates stay out of the CMS: a validator believes its own copy or none.
    """

    def __init__(
        self,
        key: RSAPrivateKey | EllipticCurvePrivateKey,
        certificate: x509.Certificate,
        chain: Iterable[x509.Certificate],
    ) -> None:
        super().__init__(signing_cert=asn1(certificate), cert_registry=registry(chain), embed_roots=False)
        self._key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(_LARGEST_SIGNATURE)
        digest = get_pyca_cryptography_hash(digest_algorithm)
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(data, PKCS1v15(), digest)
        return self._key.sign(data, ECDSA(digest))


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A pyHanko signer and its certificate. `str` properties are for people, bytes and times for programs."""

    signer: Signer
    x509: Certificate
    chain: tuple[Certificate, ...] = ()

    def sign(self, data: bytes) -> bytes:
        """Return the bare signature over the SHA-256 of `data`: RSA PKCS#1 v1.5, or ECDSA in DER (RFC 3279)."""
        return asyncio.run(self.signer.async_sign_raw(data, "sha256"))

    @property
    def certificate(self) -> bytes:
        """The certificate, DER."""
        return self.x509.public_bytes(Encoding.DER)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, lower-case hex."""
        return self.x509.fingerprint(hashes.SHA256()).hex()

    @property
    def subject(self) -> str:
        """Whose certificate it is: the common name, or the whole name where there is none."""
        return common_name(self.x509.subject)

    @property
    def issuer(self) -> str:
        return common_name(self.x509.issuer)

    @property
    def not_before(self) -> datetime:
        return self.x509.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        return self.x509.not_valid_after_utc


def open_pkcs12(path: Path, passphrase: str, *, others: Sequence[bytes] = ()) -> SigningKey:
    """Open a .p12/.pfx file. `others` are DER certificates from which the chain is completed.

    `MisuseError`: `signing.key_missing`, `signing.passphrase`, `signing.key_unreadable`.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise MisuseError(
            "signing.key_missing",
            _("The key file {path} is not there.").format(path=path),
            _("Check the path of this key in the configuration; is the USB stick plugged in?"),
        ) from None
    except OSError as error:
        raise _unreadable(path, os_words(error)) from error
    try:
        key, certificate, enclosed = pkcs12.load_key_and_certificates(data, passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _passphrase_or_damage(path, data) from error
    if certificate is None or not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise _unreadable(path, _("it holds no RSA or elliptic curve key together with its certificate"))
    try:
        candidates = [*enclosed, *(x509.load_der_x509_certificate(der) for der in others)]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unreadable(path, _("a certificate that belongs to it cannot be read")) from error
    return held(key, certificate, _chain(certificate, candidates))


def held(
    key: RSAPrivateKey | EllipticCurvePrivateKey, certificate: Certificate, chain: Sequence[Certificate] = ()
) -> SigningKey:
    """Return a key that this process holds itself."""
    issuers = tuple(one for one in chain if one.subject != one.issuer)
    return SigningKey(_HeldKey(key, certificate, issuers), certificate, issuers)


def check_usable(certificate: Certificate, now: datetime) -> None:
    """Refuse a certificate that is not valid at `now` (aware) or is not meant for signatures (RFC 5280 4.2.1.3)."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    facts = {"subject": common_name(certificate.subject), "from": f"{start:%d/%m/%Y}", "until": f"{end:%d/%m/%Y}"}
    if now > end:
        raise ForbiddenError(
            "signing.certificate_expired",
            _("The certificate of {subject} expired on {until}.").format(**facts),
            _("Ask the certificate authority for a new one; until then nothing can be signed with this key."),
        )
    if now < start:
        raise ForbiddenError(
            "signing.certificate_not_yet_valid",
            _("The certificate of {subject} is valid only from {from}.").format(**facts),
            _("Check the clock of this machine."),
        )
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not (usage.digital_signature or usage.content_commitment):
        raise ForbiddenError(
            "signing.certificate_usage",
            _("The certificate of {subject} is not meant for signatures.").format(**facts),
            _("Choose the key for signing; this one is for encryption or another purpose."),
        )


def _chain(leaf: x509.Certificate, candidates: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Return the issuers of `leaf` in order, as far as the candidates reach; strangers are left out."""
    chain = [leaf]
    while len(chain) <= len(candidates):
        issuer = next((one for one in candidates if one not in chain and _issued(chain[-1], by=one)), None)
        if issuer is None:
            break
        chain.append(issuer)
    return chain[1:]


def _issued(certificate: x509.Certificate, *, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _passphrase_or_damage(path: Path, data: bytes) -> MisuseError:
    """Tell apart what cryptography reports alike: a sound PKCS#12 envelope that won't open has another passphrase."""
    try:
        sound = asn1_pkcs12.Pfx.load(data)["auth_safe"]["content_type"].native in ("data", "signed_data")
    except (ValueError, TypeError, KeyError):
        sound = False
    if not sound:
        return _unreadable(path, _("not a PKCS#12 file, or damaged"))
    return MisuseError(
        "signing.passphrase",
        _("The passphrase of the key file {path} is wrong.").format(path=path),
        _("It is not tried again by itself. Run the command again with the right passphrase."),
    )


def _unreadable(path: Path, reason: str) -> MisuseError:
    return MisuseError(
        "signing.key_unreadable",
        _("The key file {path} cannot be used: {reason}.").format(path=path, reason=reason),
        _("Take a fresh copy of the .p12 or .pfx file, or ask who issued it."),
    )


def common_name(name: x509.Name) -> str:
    """Return the common name, or the whole name where there is none."""
    found = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def registry(chain: Iterable[x509.Certificate]) -> SimpleCertificateStore:
    """Return what pyHanko takes the issuers from that go into a signature."""
    store = SimpleCertificateStore()
    store.register_multiple([asn1(link) for link in chain])
    return store
