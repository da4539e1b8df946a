"""Proof that certificates were not revoked: OCSP answers and revocation lists, fetched where the office allows it.

Addresses stand in certificates, and certificates come from strangers: only the hosts of `[trust] hosts` are ever asked, no
redirection is followed, an answer has a size. Who believes an answer is decided elsewhere (validation).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from vanthu_cli.errors import ForbiddenError, MisuseError, UnreachableError
from vanthu_cli.locale import _

_PATIENCE = 10
"""Seconds for one answer."""
_LARGEST = 20 << 20
"""Bytes of a revocation list at most; the largest public ones have 10 MB."""
LARGEST_IMPORT = 50 << 20
"""The same when a person asks for one list and waits for it."""
_LONGEST_CHAIN = 8
_MOST_ADDRESSES = 3
_DAY = timedelta(days=1)
"""How long an answer counts that does not say until when it is in force."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a signature takes along into later years: certificates, OCSP answers and lists, all DER."""

    certificates: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """Where evidence comes from: hosts that may be asked ("ocsp.ca.gov.vn", "127.0.0.1:9000"), certificates and lists at hand.

    Answers are kept for the run and asked for again only when they are out of date.
    """

    hosts: frozenset[str] = frozenset()
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    _known: dict[bytes, tuple[str, bytes, datetime]] = field(default_factory=dict)
    _silent: set[str] = field(default_factory=set)

    def evidence(self, wanted: Iterable[x509.Certificate], now: datetime) -> tuple[Evidence, tuple[str, ...]]:
        """Return what can be had for the certificates and their issuers, and the sentences why something cannot."""
        pool = {each.fingerprint(hashes.SHA256()): each for each in wanted}
        every = [*pool.values(), *_loaded(self.certificates)]
        chain: dict[bytes, None] = {}
        found: dict[str, dict[bytes, None]] = {"ocsp": {}, "crl": {}}
        missing = []
        for certificate, issuer in _links(list(pool.values()), every):
            der = certificate.public_bytes(Encoding.DER)
            trusted, name = der in self.certificates, certificate.subject.rfc4514_string()
            if certificate.subject == certificate.issuer:
                # The root goes along too: pyHanko's past validation looks for the issuer of its list among these.
                chain |= {der: None} if trusted else {}
                continue
            chain[der] = None
            if issuer is None:
                missing += [] if trusted else [_("{name}: its issuer is not known").format(name=name)]
                continue
            kind, answer, why = self._answer(certificate, issuer, now)
            if answer:
                found[kind][answer] = None
            elif not _excused(certificate):
                missing.append(why)
        return Evidence(tuple(chain), tuple(found["ocsp"]), tuple(found["crl"])), tuple(missing)

    def _answer(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> tuple[str, bytes, str]:
        """Return ("ocsp" or "crl", DER, "") or ("", b"", why not)."""
        known = self._known.get(certificate.fingerprint(hashes.SHA256()))
        if known and now < known[2]:
            return known[0], known[1], ""
        refused = []
        for kind, url in _addresses(certificate):
            host = urlsplit(url)
            if not self._allowed(url):
                refused.append(host.netloc)
                continue
            fetched = self._ocsp(url, certificate, issuer) if kind == "ocsp" else self._crl(url, issuer)
            if fetched is not None and now < fetched[1]:  # an outdated answer proves nothing of today
                self._known[certificate.fingerprint(hashes.SHA256())] = (kind, *fetched)
                return kind, fetched[0], ""
        for der in self.crls:
            if _speaks_for(der, certificate, now):
                return "crl", der, ""
        name = certificate.subject.rfc4514_string()
        if refused:
            return "", b"", _("{name}: {host} may not be asked").format(name=name, host=", ".join(sorted(set(refused))))
        return "", b"", _("{name}: no server answers, and no list in the trust folder speaks for it").format(name=name)

    def issuers(self, certificates: Iterable[x509.Certificate]) -> list[x509.Certificate]:
        """Fetch the certificates that the given ones name as their issuers' (caIssuers, RFC 5280 4.2.2.1), upwards."""
        every = [*certificates, *_loaded(self.certificates)]
        found: list[x509.Certificate] = []
        front = list(certificates)
        for _step in range(_LONGEST_CHAIN):
            missing = [each for each in front if not any(_issued(each, one) for one in (*every, *found))]
            front = [one for each in missing for url in _issuer_addresses(each) for one in self._certificates(url)]
            found += front
        return found

    def _certificates(self, url: str) -> list[x509.Certificate]:
        body = self._fetched("GET", url, b"", "") if self._allowed(url) else b""
        try:
            if body.startswith(b"-----"):
                return x509.load_pem_x509_certificates(body)[:_LONGEST_CHAIN]
            return [x509.load_der_x509_certificate(body)]
        except ValueError:
            pass
        try:
            return pkcs7.load_der_pkcs7_certificates(body)[:_LONGEST_CHAIN]
        except ValueError:
            return []

    def _allowed(self, url: str) -> bool:
        return _may_ask(url, self.hosts)

    def _ocsp(self, url: str, certificate: x509.Certificate, issuer: x509.Certificate) -> tuple[bytes, datetime] | None:
        request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1()).build()  # noqa: S303  RFC 6960: the key of the look-up
        body = self._fetched("POST", url, request.public_bytes(Encoding.DER), "application/ocsp-request")
        try:
            answer = ocsp.load_der_ocsp_response(body)
            if (
                answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
                and answer.serial_number == certificate.serial_number
            ):
                return body, answer.next_update_utc or answer.this_update_utc + _DAY
        except ValueError:
            pass
        return None

    def _crl(self, url: str, issuer: x509.Certificate) -> tuple[bytes, datetime] | None:
        body = self._fetched("GET", url, b"", "")
        try:
            found = x509.load_pem_x509_crl(body) if body.startswith(b"-----") else x509.load_der_x509_crl(body)
            if found.issuer == issuer.subject:
                return found.public_bytes(Encoding.DER), found.next_update_utc or found.last_update_utc + _DAY
        except ValueError:
            pass
        return None

    def _fetched(self, method: str, url: str, body: bytes, kind: str) -> bytes:
        """Return the answer, nothing if there is none; what was silent once is not waited for again."""
        if url in self._silent:
            return b""
        try:
            return fetched(method, url, body, kind)
        except OSError:  # requests' own errors are
            self._silent.add(url)
            return b""


def demand(witness: Witness, wanted: Iterable[x509.Certificate], now: datetime) -> Evidence:
    """Return evidence for every certificate; `MisuseError` `signing.no_revocation` names what is missing and the cure."""
    evidence, missing = witness.evidence(wanted, now)
    if missing:
        raise MisuseError(
            "signing.no_revocation",
            _("For this level of signature revocation data is missing. {why}").format(why="; ".join(missing)),
            _(
                "Allow the server under [trust] hosts, put the CA's list (.crl) into the trust folder, or choose level B-T."
            ),
        )
    return evidence


def download(url: str, hosts: frozenset[str]) -> bytes:
    """Return what lies at an http(s) address, at most 50 MB.

    `ForbiddenError` for a host that may not be asked, `UnreachableError` when it gives nothing of that size.
    """
    if not _may_ask(url, hosts):
        raise ForbiddenError(
            "trust.host",
            _("{url} may not be asked: its server is not among [trust] hosts.").format(url=url),
            _("Add the server to [trust] hosts, or fetch the file another way and give its name."),
        )
    try:
        body = fetched("GET", url, largest=LARGEST_IMPORT)
    except OSError:  # requests' own errors are
        body = b""
    if not body:
        raise UnreachableError(
            "trust.silent",
            _("{url} gives no revocation list.").format(url=url),
            _("Try again later, or fetch the file another way and give its name."),
        )
    return body


def _may_ask(url: str, hosts: frozenset[str]) -> bool:
    try:
        host = urlsplit(url)
    except ValueError:  # "http://[" is no address
        return False
    return bool({host.hostname, host.netloc} & hosts)


def _links(
    leaves: Sequence[x509.Certificate], pool: Sequence[x509.Certificate]
) -> Iterator[tuple[x509.Certificate, x509.Certificate | None]]:
    """Yield each leaf and each certificate above it with its issuer, each once."""
    seen: set[bytes] = set()
    for leaf in leaves:
        certificate: x509.Certificate | None = leaf
        for _step in range(_LONGEST_CHAIN):
            if certificate is None or certificate.fingerprint(hashes.SHA256()) in seen:
                break
            seen.add(certificate.fingerprint(hashes.SHA256()))
            issuer = next((each for each in pool if each != certificate and _issued(certificate, each)), None)
            yield certificate, issuer
            certificate = issuer


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # noqa: BLE001  whatever a strange certificate raises: not issued by this one
        return False
    return True


def _loaded(ders: Iterable[bytes]) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(der) for der in ders]


def _excused(certificate: x509.Certificate) -> bool:
    """An OCSP responder's certificate may say that nobody need ask for it (RFC 6960 4.2.2.2.1)."""
    try:
        certificate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return True


def _issuer_addresses(certificate: x509.Certificate) -> list[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    named = [each for each in access if each.access_method == AuthorityInformationAccessOID.CA_ISSUERS]
    urls = [str(each.access_location.value) for each in named[:_MOST_ADDRESSES]]
    return [url for url in urls if url.startswith(("http://", "https://"))]


def _addresses(certificate: x509.Certificate) -> list[tuple[str, str]]:
    """Return the http addresses in a certificate: OCSP first, then lists."""
    found: list[tuple[str, str]] = []
    try:
        extensions: Mapping[Any, Any] = {type(each.value): each.value for each in certificate.extensions}
    except ValueError:
        return []
    found += [
        ("ocsp", str(access.access_location.value))
        for access in extensions.get(x509.AuthorityInformationAccess) or ()
        if access.access_method == AuthorityInformationAccessOID.OCSP
    ]
    points = extensions.get(x509.CRLDistributionPoints) or ()
    found += [("crl", str(name.value)) for point in points for name in point.full_name or ()]
    return [(kind, url) for kind, url in found if url.startswith(("http://", "https://"))]


def fetched(method: str, url: str, body: bytes = b"", kind: str = "", *, largest: int | None = None) -> bytes:
    """Return what the server answers, nothing if it refuses or says too much (20 MB or `largest`); OSError if it is silent."""
    import requests
    from urllib3.exceptions import HTTPError

    session = requests.Session()
    session.trust_env = False  # nothing but the configuration decides where we go
    try:
        with session.request(
            method, url, data=body or None, headers={"Content-Type": kind} if kind else {}, timeout=_PATIENCE,
            allow_redirects=False, stream=True,
        ) as answer:  # fmt: skip
            if answer.status_code != HTTPStatus.OK:
                return b""
            most = largest or _LARGEST
            taken = answer.raw.read(most + 1, decode_content=True)
            return bytes(taken) if len(taken) <= most else b""
    except (ValueError, HTTPError):  # an address that is none, a compression that is none, a body cut off
        return b""


def _speaks_for(der: bytes, certificate: x509.Certificate, now: datetime) -> bool:
    """Tell whether a list is of the certificate's issuer and in force."""
    found = x509.load_der_x509_crl(der)
    until = found.next_update_utc
    return found.issuer == certificate.issuer and until is not None and now <= until
