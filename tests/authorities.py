"""Certification authorities as a real one has them, on loopback: certomancer's TSA, OCSP responder, CRLs and CA certificates.

Root -> intermediate -> leaf. Every leaf names its OCSP responder, its CRL and its issuer's certificate at this server;
the intermediate names the root's CRL. OCSP answers live 10 minutes and bear a responder's own certificate; a CRL is
12 hours old and good for 12 more. All answers give whole seconds, as most authorities do.

One in a session is enough (about a second to make). Each service can be told to misbehave for the length of a block, and
counts what it was asked:

    with authorities.stamping.fails_first(2):
        ...
    assert authorities.stamping.asked == 3
"""

import dataclasses
import functools
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from certomancer.integrations.animator import Animator, AnimatorArchStore
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig, PKIArchitecture
from certomancer.registry.issued.general import RevocationStatus
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

PASSPHRASE = "mật khẩu 1"
DAY = timedelta(days=1)
KeyKind = Literal["rsa-2048", "rsa-3072", "p-256"]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_PKI = ArchLabel("vn")
_OFFICE = "Văn phòng Tỉnh ủy"
_OTHER = "Sở Nội vụ"
_SUBJECTS = {
    "root": {"common-name": "Gốc của phép thử", "organization-name": "Cơ quan chứng thực của phép thử"},
    "intermediate": {"common-name": "CA của phép thử", "organization-name": "Cơ quan chứng thực của phép thử"},
    "responder": {"common-name": "OCSP của phép thử", "organization-name": "Cơ quan chứng thực của phép thử"},
    "tsa": {"common-name": "TSA của phép thử", "organization-name": "Cơ quan chứng thực của phép thử"},
    "leader": {"common-name": "Nguyễn Văn Mẫu", "organization-name": _OFFICE},
    "office": {"common-name": _OFFICE, "organization-name": _OFFICE},
    "other": {"common-name": _OTHER, "organization-name": _OTHER},
}


@dataclass(frozen=True, slots=True)
class _Leaf:
    """What a certificate says. `days`: valid from and to, counted from now; `revoked`: days ago."""

    subject: str
    key: KeyKind = "rsa-2048"
    days: tuple[int, int] = (-730, 1000)
    usage: tuple[str, ...] = ("digital_signature", "non_repudiation")
    revoked: int | None = None


LEAVES = {
    "leader": _Leaf("leader"),
    "office": _Leaf("office"),
    "other": _Leaf("other"),
    "revoked": _Leaf("leader", revoked=20),
    "expired": _Leaf("leader", days=(-730, -30)),
    "future": _Leaf("leader", days=(30, 1000)),
    "encrypting": _Leaf("leader", usage=("key_encipherment", "data_encipherment")),
    "leader_ec": _Leaf("leader", "p-256"),
    "office_3072": _Leaf("office", "rsa-3072"),
}

_KINDS: dict[str, KeyKind] = {
    "root": "p-256",
    "intermediate": "p-256",
    "responder": "p-256",
    "tsa": "rsa-2048",
    **{name: leaf.key for name, leaf in LEAVES.items()},
}

Answer = tuple[int, bytes]
"""HTTP status and body."""

Ask = Callable[[bytes], Answer]
"""From the body of a request to what the true service answers."""


@dataclass(slots=True)
class Front:
    """What stands before one service. `asked`: requests since the last block of misbehaviour began, or since 0 was written there."""

    asked: int = 0
    _mood: Callable[[bytes, Ask], Answer] | None = None

    def answer(self, query: bytes, ask: Ask) -> Answer:
        self.asked += 1
        return self._mood(query, ask) if self._mood else ask(query)

    @contextmanager
    def _in(self, mood: Callable[[bytes, Ask], Answer]) -> Iterator[None]:
        self.asked, self._mood = 0, mood
        try:
            yield
        finally:
            self._mood = None

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Accept connections and requests and never answer; who still waits at the end of the block is hung up on."""
        over = threading.Event()

        def wait(_query: bytes, _ask: Ask) -> Answer:
            over.wait()
            raise ConnectionResetError

        with self._in(wait):
            try:
                yield
            finally:
                over.set()

    def slow(self, seconds: float) -> AbstractContextManager[None]:
        """Answer rightly after so many seconds."""

        def late(query: bytes, ask: Ask) -> Answer:
            time.sleep(seconds)
            return ask(query)

        return self._in(late)

    def garbage(self) -> AbstractContextManager[None]:
        """Answer 200 and a page of HTML, as a hotel's Wi-Fi does."""
        return self._in(lambda _query, _ask: (200, b"<html>Xin ch\xc3\xa0o</html>"))

    def fails_first(self, times: int) -> AbstractContextManager[None]:
        """Answer 503 so many times, then rightly."""
        numbers = itertools.count(1)
        return self._in(lambda query, ask: (503, b"busy") if next(numbers) <= times else ask(query))


@dataclass(slots=True)
class Stamping(Front):
    """What stands before the time stamp authority: it can also lie in its own language (RFC 3161)."""

    def wrong_imprint(self) -> AbstractContextManager[None]:
        """Stamp other bytes than were sent, with the nonce that was sent."""

        def lie(query: bytes, ask: Ask) -> Answer:
            other = tsp.TimeStampReq.load(query)
            other["message_imprint"]["hashed_message"] = bytes(len(other["message_imprint"]["hashed_message"].native))
            return ask(other.dump())

        return self._in(lie)

    def rejects(self) -> AbstractContextManager[None]:
        """Answer 200 with the status `rejection`, as for an unknown policy or customer."""
        # PKIStatusInfo with status 2 and no token, which asn1crypto cannot write.
        return self._in(lambda _query, _ask: (200, bytes.fromhex("30053003020102")))

    def large(self) -> AbstractContextManager[None]:
        """Give true tokens of more than 16 kB: dozens of certificates that have nothing to do with them."""

        def pad(query: bytes, ask: Ask) -> Answer:
            status, body = ask(query)
            response = tsp.TimeStampResp.load(body)
            certificates = response["time_stamp_token"]["content"]["certificates"]
            for stranger in _strangers():
                certificates.append(cms.CertificateChoices("certificate", asn1_x509.Certificate.load(stranger)))
            return status, response.dump(force=True)

        return self._in(pad)


@dataclass(frozen=True, slots=True)
class Authorities:
    """A running PKI. `names` of certificates are the keys of LEAVES; `host` is 127.0.0.1:PORT.

    `trust` is a folder with the root's certificate (PEM) and nothing else. A .p12 holds its certificate's issuer too.
    """

    folder: Path
    host: str
    stamping: Stamping
    ocsp: Front
    crls: Front
    issuers: Front
    _architecture: PKIArchitecture
    passphrase: str = PASSPHRASE

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def tsa(self) -> str:
        """Where time stamps are asked for."""
        return f"{self.url}/{_PKI}/tsa/tsa"

    @property
    def trust(self) -> Path:
        return self.folder / "trust"

    def p12(self, name: str) -> Path:
        return self.folder / "p12" / f"{name}.p12"

    def key(self, name: str) -> Path:
        """The private key, PEM in PKCS#8, not encrypted."""
        return self.folder / "keys" / f"{name}.pem"

    def private_key(self, name: str) -> PrivateKey:
        """The same, parsed and checked already."""
        return _new_key(name, _KINDS[name])

    def certificate(self, name: str) -> bytes:
        """Return DER; besides LEAVES there are root, intermediate, responder and tsa."""
        der: bytes = self._architecture.get_cert(CertLabel(name)).dump()
        return der

    @contextmanager
    def revoked(self, name: str, since: datetime | None = None) -> Iterator[None]:
        """Let OCSP and CRL call a certificate revoked inside the block.

        `since` is two days ago when nothing is said. A later time than the CRL's (12 hours ago) shows only in OCSP.
        """
        specs, label = self._architecture._cert_specs, CertLabel(name)
        sound = specs[label]
        specs[label] = dataclasses.replace(sound, revocation=RevocationStatus(since or _now() - 2 * DAY))
        try:
            yield
        finally:
            specs[label] = sound


@contextmanager
def authorities(folder: Path) -> Iterator[Authorities]:
    """Make the PKI in `folder` and serve it from threads of this process until the block is left."""
    stamping, ocsp, crls, issuers = Stamping(), Front(), Front(), Front()
    desk = _Desk({"tsa": stamping, "ocsp": ocsp, "crls": crls, "certs": issuers})
    with served(desk) as host:
        architecture = _architecture(folder, f"http://{host}")
        desk.services = Client(Animator(AnimatorArchStore({_PKI: architecture}), with_web_ui=False))
        made = Authorities(folder, host, stamping, ocsp, crls, issuers, architecture)
        _write_out(made)
        yield made


@contextmanager
def served(application: Any) -> Iterator[str]:
    """Serve a WSGI application from threads until the block is left; give 127.0.0.1:PORT."""
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(slots=True)
class _Desk:
    """The WSGI application: /vn/SERVICE/… goes to certomancer past the front of that service."""

    fronts: dict[str, Front]
    services: Client = field(init=False)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        service = request.path.split("/")[2:3]
        front = self.fronts.get(service[0] if service else "")
        if front is None:
            return Response(status=404)(environ, start_response)

        def ask(query: bytes) -> Answer:
            clock = {"X-Certomancer-Fake-Time": _now().isoformat()}
            said = self.services.open(request.path, method=request.method, data=query, headers=clock)
            return said.status_code, said.data

        status, body = front.answer(request.get_data(), ask)
        return Response(body, status, mimetype=_TYPES[service[0]])(environ, start_response)


_TYPES = {
    "tsa": "application/timestamp-reply",
    "ocsp": "application/ocsp-response",
    "crls": "application/pkix-crl",
    "certs": "application/pkix-cert",
}


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing: a test that fails shows its own words."""


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _architecture(folder: Path, url: str) -> PKIArchitecture:
    keys = folder / "keys"
    keys.mkdir(parents=True)
    # OpenSSL checks an RSA key for 60 ms whenever it is loaded, and certomancer loads one for each signature: the
    # authorities sign with P-256, and of the leaves it gets only the public half.
    entries: dict[str, dict[str, Any]] = {}
    for name, kind in _KINDS.items():
        key = _new_key(name, kind)
        (keys / f"{name}.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        entries[name] = {"path": f"{name}.pem"}
        if name in LEAVES:
            public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            (keys / f"{name}.pub").write_bytes(public)
            entries[name] = {"path": f"{name}.pub", "public-only": True}
    configuration = {
        "keysets": {"keys": {"path-prefix": "keys", "keys": entries}},
        "pki-architectures": {
            str(_PKI): {
                "keyset": "keys",
                "entity-defaults": {"country-name": "VN"},
                "entities": _SUBJECTS,
                "certs": _certificates(_now()),
                "services": _SERVICES,
            }
        },
    }
    return CertomancerConfig(configuration, key_search_dir=str(folder), external_url_prefix=url).get_pki_arch(_PKI)


_SERVICES = {
    "ocsp": {"intermediate": {"for-issuer": "intermediate", "responder-cert": "responder"}},
    "crl-repo": {
        issuer: {"for-issuer": issuer, "signing-key": issuer, "simulated-update-schedule": "P1D"}
        for issuer in ("root", "intermediate")
    },
    "cert-repo": {"intermediate": {"for-issuer": "intermediate"}},
    "time-stamping": {"tsa": {"signing-cert": "tsa"}},
}


def _certificates(now: datetime) -> dict[str, Any]:
    # The CRL's clock starts with its issuer's certificate: half a day off, so that none runs out while the tests run.
    start = now - 1095.5 * DAY

    def spec(issuer: str, begin: datetime, end: datetime, **more: Any) -> dict[str, Any]:
        validity = {"valid-from": begin.isoformat(), "valid-to": end.isoformat()}
        return {"issuer": issuer, "validity": validity, **more}

    def authority(issuer: str, **services: str) -> dict[str, Any]:
        return spec(issuer, start, now + 3650 * DAY, profiles=[{"id": "simple-ca", "params": services}])

    stamping = [
        _key_usage("digital_signature"),
        {"id": "extended_key_usage", "critical": True, "value": ["time_stamping"]},
    ]
    certificates = {
        "root": authority("root", **{"crl-repo": "root"}),
        "intermediate": authority("root", **{"crl-repo": "intermediate"}),
        "responder": spec("intermediate", start, now + 1000 * DAY, profiles=["ocsp-responder"]),
        "tsa": spec("intermediate", start, now + 2000 * DAY, extensions=[*stamping, _WHERE]),
    }
    for name, leaf in LEAVES.items():
        begin, end = leaf.days
        more: dict[str, Any] = {"subject": leaf.subject, "subject-key": name}
        if leaf.revoked is not None:
            since = now - leaf.revoked * DAY
            more["revocation"] = {"revoked-since": since.isoformat(), "reason": "key_compromise"}
        extensions = [_key_usage(*leaf.usage), _WHERE]
        certificates[name] = spec("intermediate", now + begin * DAY, now + end * DAY, extensions=extensions, **more)
    return certificates


_WHERE = {
    "id": "authority_information_access",
    "smart-value": {
        "schema": "aia-urls",
        "params": {"ocsp-responder-names": ["intermediate"], "ca-issuer-links": [{"repo": "intermediate"}]},
    },
}


def _key_usage(*usages: str) -> dict[str, Any]:
    return {"id": "key_usage", "critical": True, "smart-value": {"schema": "key-usage", "params": list(usages)}}


def _write_out(made: Authorities) -> None:
    made.trust.mkdir()
    (made.trust / "root.crt").write_bytes(_load(made, "root").public_bytes(Encoding.PEM))
    (made.folder / "p12").mkdir()
    lock, issuer = BestAvailableEncryption(PASSPHRASE.encode()), _load(made, "intermediate")
    for name, leaf in LEAVES.items():
        key = _new_key(name, leaf.key)
        packed = pkcs12.serialize_key_and_certificates(name.encode(), key, _load(made, name), [issuer], lock)
        made.p12(name).write_bytes(packed)


def _load(made: Authorities, name: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(made.certificate(name))


@functools.cache
def _new_key(_name: str, kind: KeyKind) -> PrivateKey:
    """Make a key once a process, however many PKIs it makes."""
    if kind == "p-256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, int(kind.removeprefix("rsa-")))


@functools.cache
def _strangers() -> tuple[bytes, ...]:
    """Sixty certificates, DER, together more than 16 kB."""
    key, now = ec.generate_private_key(ec.SECP256R1()), _now()

    def one(number: int) -> bytes:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Người lạ số {number}")])
        builder = x509.CertificateBuilder(name, name, key.public_key(), number + 1, now - DAY, now + DAY)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    return tuple(map(one, range(60)))
