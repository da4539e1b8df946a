"""A practice certification authority: the tree of the Government's Cipher Committee (VGCA) in small, with its own names.

Root, one CA for Party bodies and one for State bodies (domain.md 4.1), a time stamp authority, and apart from them a
CA for the practice servers' TLS. Everything lives in one folder:

    trust/{root,party,state}.crt .crl   what an office believes: ready to be `[trust] dir`
    private/                            keys of the authorities, mode 600
    tls/{ca,server}.crt, server.key     for the practice servers
    keys/NAME.p12, NAME.crt             persons and organisations, see `issue`

No certificate names a CRL, OCSP or issuer address: nothing here may make a program ask the network.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from vanthu_cli.sandbox.certificates import (
    Extension,
    Key,
    KeyKind,
    authority_extensions,
    make_certificate,
    new_key,
    signer_extensions,
    subject,
)

ROOT = "RootCA thực hành"
PARTY = "CA thực hành phục vụ các cơ quan Đảng"
STATE = "CA thực hành phục vụ các cơ quan Nhà nước"
TSA = "Dịch vụ cấp dấu thời gian thực hành"
AUTHORITY = "Cơ quan chứng thực thực hành"
SERVER_NAMES = ("localhost", "tuhaiduong", "mail.tuhaiduong", "haiduong.gov.vn", "mail.haiduong.gov.vn")

_DAY = timedelta(days=1)
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class PracticePki:
    """Where the practice authorities are; the folder holds everything, so one can be opened again by its path."""

    folder: Path

    @property
    def trust(self) -> Path:
        return self.folder / "trust"

    @property
    def root(self) -> Path:
        return self.trust / "root.crt"

    @property
    def party(self) -> Path:
        return self.trust / "party.crt"

    @property
    def state(self) -> Path:
        return self.trust / "state.crt"

    @property
    def tsa_certificate(self) -> Path:
        return self.folder / "private" / "tsa.crt"

    @property
    def tsa_key(self) -> Path:
        return self.folder / "private" / "tsa.key"

    @property
    def tls_ca(self) -> Path:
        return self.folder / "tls" / "ca.crt"

    @property
    def tls_certificate(self) -> Path:
        return self.folder / "tls" / "server.crt"

    @property
    def tls_key(self) -> Path:
        return self.folder / "tls" / "server.key"


def build_pki(folder: Path, now: datetime, *, key: KeyKind = "rsa-2048") -> PracticePki:
    """Make the practice authorities; their certificates are valid from two years before `now` to ten after.

    `key` is the kind of the authorities' keys, "p-256" saves a second; time stamping is RSA always (pyHanko's
    practice stamper signs with nothing else). A folder that holds a practice PKI already gets a new one.
    """
    pki = PracticePki(folder)
    for part in (folder, pki.trust, folder / "private", folder / "tls", folder / "keys"):
        part.mkdir(mode=0o700, parents=True, exist_ok=True)
    start, end = now - 2 * _YEAR, now + 10 * _YEAR
    root_key = new_key(key)
    root = make_certificate(
        subject(ROOT, AUTHORITY),
        root_key.public_key(),
        None,
        root_key,
        validity=(start, end),
        extensions=authority_extensions(None),
    )
    _write_authority(pki, "root", root, root_key, now)
    for file, name in (("party", PARTY), ("state", STATE)):
        own_key = new_key(key)
        own = make_certificate(
            subject(name, AUTHORITY),
            own_key.public_key(),
            root,
            root_key,
            validity=(start, end),
            extensions=authority_extensions(0),
        )
        _write_authority(pki, file, own, own_key, now)
    tsa_key = new_key("rsa-2048")
    state, state_key = _read_authority(pki, "state")
    stamps = [
        *signer_extensions(content_commitment=False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
    ]
    tsa = make_certificate(
        subject(TSA, AUTHORITY), tsa_key.public_key(), state, state_key, validity=(start, end), extensions=stamps
    )
    _write(pki.tsa_certificate, tsa.public_bytes(Encoding.PEM))
    _write(pki.tsa_key, _pem(tsa_key))
    _build_tls(pki, (start, end))
    return pki


def issue(
    pki: PracticePki,
    *,
    ca: Literal["party", "state"],
    name: str,
    organisation: str,
    file: str,
    passphrase: str,
    revoked: bool = False,
    not_after: datetime | None = None,
    key: KeyKind = "rsa-2048",
) -> Path:
    """Write `keys/FILE.p12` (with the issuing CA's certificate) and `keys/FILE.crt`; return the path of the .p12.

    Valid from nearly two years before the PKI's birthday to three after, or to `not_after`. A revoked certificate
    stands in the CA's list since the day before that list. An organisation's certificate has its name twice.
    """
    authority, authority_key = _read_authority(pki, ca)
    start = authority.not_valid_before_utc + _DAY
    own_key = new_key(key)
    extensions = signer_extensions(content_commitment=True)
    validity = (start, not_after or start + 5 * _YEAR)
    own = make_certificate(
        subject(name, organisation),
        own_key.public_key(),
        authority,
        authority_key,
        validity=validity,
        extensions=extensions,
    )
    if revoked:
        _revoke(pki, ca, own.serial_number)
    path = pki.folder / "keys" / f"{file}.p12"
    secret = BestAvailableEncryption(passphrase.encode())
    _write(path, pkcs12.serialize_key_and_certificates(name.encode(), own_key, own, [authority], secret))
    _write(path.with_suffix(".crt"), own.public_bytes(Encoding.PEM))
    return path


def fingerprint(certificate: Path) -> str:
    """Return the SHA-256 fingerprint of a PEM certificate, in capitals without colons."""
    return x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(hashes.SHA256()).hex().upper()


def _build_tls(pki: PracticePki, validity: tuple[datetime, datetime]) -> None:
    ca_key, key = new_key("p-256"), new_key("p-256")
    ca = make_certificate(
        subject("TLS thực hành", AUTHORITY),
        ca_key.public_key(),
        None,
        ca_key,
        validity=validity,
        extensions=authority_extensions(0),
    )
    names = [*map(x509.DNSName, SERVER_NAMES), x509.IPAddress(IPv4Address("127.0.0.1"))]
    serves: list[Extension] = [
        *signer_extensions(content_commitment=False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName(names), False),
    ]
    server = make_certificate(
        subject("localhost", AUTHORITY), key.public_key(), ca, ca_key, validity=validity, extensions=serves
    )
    _write(pki.tls_ca, ca.public_bytes(Encoding.PEM))
    _write(pki.tls_certificate, server.public_bytes(Encoding.PEM))
    _write(pki.tls_key, _pem(key))


def _write_authority(pki: PracticePki, file: str, certificate: x509.Certificate, key: Key, now: datetime) -> None:
    _write(pki.trust / f"{file}.crt", certificate.public_bytes(Encoding.PEM))
    _write(pki.folder / "private" / f"{file}.key", _pem(key))
    moment = now.astimezone(UTC)
    empty = x509.CertificateRevocationListBuilder().last_update(moment - _DAY / 24).next_update(moment + 30 * _DAY)
    _write_crl(pki, file, empty, 1)


def _revoke(pki: PracticePki, ca: str, serial: int) -> None:
    """Put one more certificate on the CA's list, which keeps its dates: the practice office has one day."""
    old = x509.load_der_x509_crl((pki.trust / f"{ca}.crl").read_bytes())
    before, until = old.last_update_utc, old.next_update_utc
    if until is None:
        raise ValueError("a CRL without nextUpdate is not ours")
    builder = x509.CertificateRevocationListBuilder().last_update(before).next_update(until)
    for earlier in old:
        builder = builder.add_revoked_certificate(earlier)
    entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(before - _DAY)
    reason = x509.CRLReason(x509.ReasonFlags.cessation_of_operation)
    builder = builder.add_revoked_certificate(entry.add_extension(reason, critical=False).build())
    _write_crl(pki, ca, builder, len(old) + 2)


def _write_crl(pki: PracticePki, file: str, builder: x509.CertificateRevocationListBuilder, number: int) -> None:
    authority, key = _read_authority(pki, file)
    crl = (
        builder.issuer_name(authority.subject)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(pki.trust / f"{file}.crl", crl.public_bytes(Encoding.DER))


def _read_authority(pki: PracticePki, file: str) -> tuple[x509.Certificate, Key]:
    key = load_pem_private_key((pki.folder / "private" / f"{file}.key").read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError(file)
    return x509.load_pem_x509_certificate((pki.trust / f"{file}.crt").read_bytes()), key


def _pem(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    """Write a file nobody else may read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
