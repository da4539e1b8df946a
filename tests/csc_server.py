"""A remote signing service of the Cloud Signature Consortium, on loopback, that keeps keys of tests/authorities.

    with csc_server(authorities, ["leader"], pin="123456") as service:
        ...                                    # {service.url}/csc/v1/…, credential "leader", bearer token service.token
    assert service.tries == 1

It speaks CSC API 1.0.4 (2019) under /csc/v1 and 2.0 (2023) under /csc/v2, as far as a signer with PIN, and OTP perhaps,
needs it: info, credentials/list, credentials/info, credentials/authorize, signatures/signHash, each by POST of a JSON
object. It reads what its version defines and nothing else: `hash`, `hashAlgo`, `PIN` and `OTP` in v1, `hashes`,
`hashAlgorithmOID` and `authData` in v2. Refusals are the specification's own: 400 with `error` and `error_description`,
401 without the token. A SAD belongs to one credential, to `numSignatures` signatures and, when hashes were sent, to these.

A wrong PIN (v1: `invalid_pin`, v2: `invalid_authentication_data`) counts; the third in a row locks the credential
(`invalid_request`, "PIN locked", in v2 "Credential locked").
"""

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from asn1crypto.algos import DigestAlgorithmId, SignedDigestAlgorithm, SignedDigestAlgorithmId
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from tests.authorities import Authorities, PrivateKey, served
from werkzeug.wrappers import Request, Response

Version = Literal["v1", "v2"]
Json = dict[str, Any]

_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_MECHANISMS = {
    "rsa": ("rsassa_pkcs1v15", "sha256_rsa", "sha384_rsa", "sha512_rsa"),
    "ec": ("sha256_ecdsa", "sha384_ecdsa", "sha512_ecdsa"),
}
_P256 = "1.2.840.10045.3.1.7"
_METHODS = ["info", "credentials/list", "credentials/info", "credentials/authorize", "signatures/signHash"]
_TRIES = 3


@dataclass(slots=True)
class Credential:
    """A key and its certificates (DER, its own first). `wrong`: PINs in a row that were wrong."""

    key: PrivateKey
    certificates: tuple[bytes, ...]
    wrong: int = 0

    @property
    def mechanisms(self) -> tuple[str, ...]:
        return _MECHANISMS["rsa" if isinstance(self.key, rsa.RSAPrivateKey) else "ec"]


@dataclass(slots=True)
class _Sad:
    """What was authorised. `hashes`: the only digests allowed, or None; `until`: by time.monotonic()."""

    credential: str
    left: int
    hashes: frozenset[bytes] | None
    until: float


@dataclass(slots=True)
class CscServer:
    """A running service; what is not marked private may be changed while it runs.

    `calls` are the endpoints (without version) and bodies of all requests with the right token, `tries` counts the PINs
    that were judged. `lifetime` of a SAD in seconds: 0 makes SADs that have expired. `scal` 2 demands hashes with
    authorisation. An empty `pin` or `otp` is not demanded.
    """

    credentials: Mapping[str, Credential]
    pin: str
    otp: str
    scal: Literal[1, 2]
    multisign: int
    lifetime: int = 300
    url: str = ""
    token: str = field(default_factory=secrets.token_urlsafe)
    calls: list[tuple[str, Json]] = field(default_factory=list)
    tries: int = 0
    _sads: dict[str, _Sad] = field(default_factory=dict)
    _silent: dict[str, threading.Event] = field(default_factory=dict)

    @contextmanager
    def silent(self, *endpoints: str) -> Iterator[None]:
        """Take requests and never answer, at these endpoints or at all; who still waits at the end is hung up on."""
        over = threading.Event()
        self._silent = dict.fromkeys(endpoints or _METHODS, over)
        try:
            yield
        finally:
            self._silent = {}
            over.set()

    def __call__(self, environ: Json, start_response: Any) -> Any:
        request = Request(environ)
        try:
            response = self._answer(request)
        except _RefusalError as refusal:
            said = {"error": refusal.error, "error_description": refusal.description}
            response = _json(said, refusal.status)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        match request.path.strip("/").split("/"):
            case ["csc", "v1" | "v2" as version, *words] if "/".join(words) in _METHODS and request.method == "POST":
                endpoint = "/".join(words)
            case _:
                return Response(status=404)
        if endpoint != "info" and request.headers.get("Authorization") != f"Bearer {self.token}":
            raise _RefusalError("invalid_token", "The access or refresh token is expired or has been revoked", 401)
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise _RefusalError("invalid_request", "The request is malformed")
        self.calls.append((endpoint, body))
        if over := self._silent.get(endpoint):
            over.wait()
            raise ConnectionResetError
        match endpoint:
            case "info":
                return _json(self._info(version))
            case "credentials/list":
                return _json({"credentialIDs": list(self.credentials)})
            case "credentials/info":
                return _json(self._credential_info(version, body))
            case "credentials/authorize":
                return _json(self._authorise(version, body))
        return _json(self._sign(version, body))

    def _info(self, version: str) -> Json:
        """1.0.4, 11.1."""
        return {
            "specs": {"v1": "1.0.4.0", "v2": "2.0.0.2"}[version],
            "name": "Dịch vụ ký số từ xa của phép thử",
            "logo": f"{self.url}/logo.png",
            "region": "VN",
            "lang": "vi-VN",
            "description": "Dịch vụ ký số từ xa của phép thử",
            "authType": ["oauth2client"],
            "methods": _METHODS,
        } | ({"signAlgorithms": {"algos": sorted({*_oids("rsa"), *_oids("ec")})}} if version == "v2" else {})

    def _credential_info(self, version: str, body: Json) -> Json:
        """1.0.4, 11.5; what says how to authorise differs in 2.0, and is there in either only when asked for."""
        _name, credential = self._credential(body)
        wanted = body.get("certificates", "single")
        if wanted not in ("none", "single", "chain"):
            raise _invalid("certificates")
        own = x509.load_der_x509_certificate(credential.certificates[0])
        given = {"none": (), "single": credential.certificates[:1], "chain": credential.certificates}[wanted]
        cert: Json = {"status": "valid"}
        if given:
            cert["certificates"] = [base64.b64encode(each).decode() for each in given]
        if body.get("certInfo"):
            cert["issuerDN"], cert["subjectDN"] = own.issuer.rfc4514_string(), own.subject.rfc4514_string()
            cert["serialNumber"] = f"{own.serial_number:X}"
            cert["validFrom"], cert["validTo"] = (
                f"{each:%Y%m%d%H%M%S}Z" for each in (own.not_valid_before_utc, own.not_valid_after_utc)
            )
        curve = {"curve": _P256} if isinstance(credential.key, ec.EllipticCurvePrivateKey) else {}
        algorithms = [SignedDigestAlgorithmId(name).dotted for name in credential.mechanisms]
        key = {"status": "enabled", "algo": algorithms, "len": credential.key.key_size, **curve}
        return {"key": key, "cert": cert, "SCAL": str(self.scal), "multisign": self.multisign} | (
            self._how(version, asked=bool(body.get("authInfo")))
        )

    def _how(self, version: str, *, asked: bool) -> Json:
        demanded = {name: value for name, value in (("PIN", self.pin), ("OTP", self.otp)) if value}
        if version == "v2":
            objects = [{"type": "Password", "id": name, "format": "N", "label": name} for name in demanded]
            return {
                "auth": {"mode": "explicit"}
                | ({"expression": " AND ".join(demanded), "objects": objects} if asked else {})
            }
        groups: Json = {
            name: {"presence": str(name in demanded).lower()}
            | ({"format": "N", "label": name} if name in demanded else {})
            for name in ("PIN", "OTP")
        }
        if self.otp:
            groups["OTP"] |= {"type": "offline", "ID": "MB01", "provider": "totp"}
        return {"authMode": "explicit"} | (groups if asked else {})

    def _authorise(self, version: str, body: Json) -> Json:
        """1.0.4, 11.6; 2.0, 11.6."""
        name, credential = self._credential(body)
        number = body.get("numSignatures")
        if not isinstance(number, int) or isinstance(number, bool):
            raise _missing("numSignatures", "integer")
        if number < 1:
            raise _RefusalError("invalid_request", "Invalid value for parameter numSignatures")
        if number > self.multisign:
            raise _RefusalError("invalid_request", "Numbers of signatures is too high")
        pinned = self._pinned(version, body)
        if pinned is not None and len(pinned) > number:
            raise _RefusalError("invalid_request", "Invalid value for parameter numSignatures")
        self._identify(version, credential, _proofs(version, body))
        sad = secrets.token_urlsafe()
        self._sads[sad] = _Sad(name, number, pinned, time.monotonic() + self.lifetime)
        return {"SAD": sad, "expiresIn": self.lifetime}

    def _pinned(self, version: str, body: Json) -> frozenset[bytes] | None:
        parameter = _HASHES[version]
        if parameter not in body and self.scal == 1:
            return None
        digests = _digests(parameter, body)
        if version == "v2":
            _digest_name("hashAlgorithmOID", body)
        return frozenset(digests)

    def _identify(self, version: str, credential: Credential, proofs: Mapping[str, Any]) -> None:
        if credential.wrong >= _TRIES:
            raise _RefusalError("invalid_request", {"v1": "PIN locked", "v2": "Credential locked"}[version])
        for kind, secret in (("PIN", self.pin), ("OTP", self.otp)):
            if not secret:
                continue
            given = proofs.get(kind)
            if not isinstance(given, str):
                raise _missing(kind if version == "v1" else "authData", "string" if version == "v1" else "array")
            self.tries += kind == "PIN"
            if given != secret:
                credential.wrong += kind == "PIN"
                if version == "v2":
                    raise _RefusalError("invalid_authentication_data", "The authentication data is invalid")
                raise _RefusalError(f"invalid_{kind.lower()}", f"The {kind} is invalid")
        credential.wrong = 0

    def _sign(self, version: str, body: Json) -> Json:
        """1.0.4, 11.9; 2.0, 11.10."""
        name, credential = self._credential(body)
        said = body.get("SAD")
        if not isinstance(said, str):
            raise _missing("SAD")
        sad = self._sads.get(said)
        if sad is None or sad.credential != name:
            raise _invalid("SAD")
        if time.monotonic() >= sad.until:
            raise _RefusalError("invalid_request", "SAD expired")
        digests = _digests(_HASHES[version], body)
        digest = _mechanism(version, credential, body)
        if any(len(each) != _DIGESTS[digest].digest_size for each in digests):
            raise _RefusalError("invalid_request", "Invalid digest value length")
        if sad.hashes is not None and not sad.hashes.issuperset(digests):
            raise _RefusalError("invalid_request", "Hash is not authorized by the SAD")
        if version == "v2" and body.get("operationMode", "S") != "S":
            raise _invalid("operationMode")
        if len(digests) > sad.left:
            raise _RefusalError("invalid_request", "Numbers of signatures is too high")
        sad.left -= len(digests)
        if not sad.left:
            del self._sads[said]
        signatures = [_signed(credential.key, each, _DIGESTS[digest]) for each in digests]
        return {"signatures": [base64.b64encode(each).decode() for each in signatures]}

    def _credential(self, body: Json) -> tuple[str, Credential]:
        name = body.get("credentialID")
        if not isinstance(name, str):
            raise _missing("credentialID")
        if name not in self.credentials:
            raise _invalid("credentialID")
        return name, self.credentials[name]


@contextmanager
def csc_server(
    authorities: Authorities,
    names: Sequence[str] = ("leader", "leader_ec", "office"),
    *,
    pin: str = "123456",
    otp: str = "",
    scal: Literal[1, 2] = 2,
    multisign: int = 10,
) -> Iterator[CscServer]:
    """Serve these certificates of `authorities` as credentials of the same names until the block is left."""
    issuers = tuple(authorities.certificate(name) for name in ("intermediate", "root"))
    credentials = {
        name: Credential(authorities.private_key(name), (authorities.certificate(name), *issuers)) for name in names
    }
    service = CscServer(credentials, pin, otp, scal, multisign)
    with served(service) as host:
        service.url = f"http://{host}"
        yield service


class _RefusalError(Exception):
    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


_HASHES = {"v1": "hash", "v2": "hashes"}


def _missing(parameter: str, kind: str = "string") -> _RefusalError:
    return _RefusalError("invalid_request", f"Missing (or invalid type) {kind} parameter {parameter}")


def _invalid(parameter: str) -> _RefusalError:
    return _RefusalError("invalid_request", f"Invalid parameter {parameter}")


def _json(said: Json, status: int = 200) -> Response:
    return Response(json.dumps(said), status, mimetype="application/json")


def _oids(kind: str) -> list[str]:
    return [SignedDigestAlgorithmId(name).dotted for name in _MECHANISMS[kind]]


def _proofs(version: str, body: Json) -> Mapping[str, Any]:
    if version == "v1":
        return body
    given = body.get("authData")
    entries = given if isinstance(given, list) else []
    return {str(each.get("id")): each.get("value") for each in entries if isinstance(each, dict)}


def _digests(parameter: str, body: Json) -> list[bytes]:
    given = body.get(parameter)
    if not isinstance(given, list):
        raise _missing(parameter, "array")
    if not given:
        raise _RefusalError("invalid_request", "Empty hash array")
    try:
        return [base64.b64decode(each, validate=True) for each in given]
    except (TypeError, ValueError):
        raise _RefusalError("invalid_request", "Invalid Base64 hash string parameter") from None


def _mechanism(version: str, credential: Credential, body: Json) -> str:
    """Return the name of the digest: the mechanism's own, or beside plain RSA (1.2.840.113549.1.1.1) the parameter's."""
    said = body.get("signAlgo")
    if not isinstance(said, str):
        raise _missing("signAlgo")
    names = {SignedDigestAlgorithmId(name).dotted: name for name in credential.mechanisms}
    if said not in names:
        raise _invalid("signAlgo")
    if names[said] == "rsassa_pkcs1v15":
        return _digest_name({"v1": "hashAlgo", "v2": "hashAlgorithmOID"}[version], body)
    name: str = SignedDigestAlgorithm({"algorithm": names[said]}).hash_algo
    return name


def _digest_name(parameter: str, body: Json) -> str:
    said = body.get(parameter)
    if not isinstance(said, str):
        raise _missing(parameter)
    names = {DigestAlgorithmId(name).dotted: name for name in _DIGESTS}
    if said not in names:
        raise _invalid(parameter)
    return names[said]


def _signed(key: PrivateKey, digest: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    """Return PKCS#1 v1.5, or ECDSA in DER."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(digest, PKCS1v15(), Prehashed(algorithm))
    return key.sign(digest, ec.ECDSA(Prehashed(algorithm)))
