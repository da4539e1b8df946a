"""Keys kept by a remote signing service that speaks the Cloud Signature Consortium's API (CSC 1.0.4, and 2.0 over the same calls).

Only digests leave this machine. The service's certificate and answers are judged like anybody's; the PIN is sent once for each
signature, and a refusal ends the batch.
"""

import asyncio
import base64
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import aiohttp
from asn1crypto import algos
from cryptography import x509
from cryptography.x509 import Certificate
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.csc_signer import (
    CSCAuthorizationInfo,
    CSCAuthorizationManager,
    CSCCredentialInfo,
    CSCServiceSessionInfo,
    CSCSigner,
    base64_digest,
    fetch_certs_in_csc_credential,
)
from pyhanko.sign.signers.pdf_cms import Signer

from vanthu_cli.errors import MisuseError, UnreachableError
from vanthu_cli.locale import _
from vanthu_cli.signing.keys import SigningKey, asn1, registry

Api = Literal["v1", "v2"]

_LARGEST_SIGNATURE = 512
_PATIENCE = 30
"""Seconds for one answer."""
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_DONE = 200
_PIN_REFUSED = {"invalid_pin", "invalid_otp", "invalid_authentication_data"}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RemoteKey:
    """A credential of a service, its certificate and issuers fetched; nothing is authorised yet."""

    session: CSCServiceSessionInfo
    credential: CSCCredentialInfo
    x509: Certificate
    chain: tuple[Certificate, ...]


def find_remote(url: str, credential: str, token: str, api: Api) -> RemoteKey:
    """Ask the service for the certificate of a credential; `token` is the OAuth bearer token it was given for.

    `MisuseError` `signing.remote_url`, `signing.remote_refused`; `UnreachableError` `signing.remote_silent`.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise MisuseError(
            "signing.remote_url",
            _("“{url}” is not the address of a remote signing service.").format(url=url),
            _("It begins with https://; correct “url” of this key in the configuration."),
        )
    session = CSCServiceSessionInfo(url.rstrip("/"), credential, oauth_token=token or None, api_ver=api)

    async def ask() -> CSCCredentialInfo:
        async with aiohttp.ClientSession() as client:
            return await fetch_certs_in_csc_credential(client, session, timeout=_PATIENCE)

    found = _answered(ask)
    own, *issuers = (x509.load_der_x509_certificate(one.dump()) for one in (found.signing_cert, *found.chain))
    return RemoteKey(session, found, own, tuple(one for one in issuers if one.subject != one.issuer))


def open_remote(key: RemoteKey, pin: str) -> SigningKey:
    """Return the key; the service hears of the PIN when the first signature is made."""
    return SigningKey(_RemoteSigner(key, pin), key.x509, key.chain)


class _RemoteSigner(Signer):
    """Has each digest signed by the service: one authorisation, one signature."""

    def __init__(self, key: RemoteKey, pin: str) -> None:
        super().__init__(signing_cert=asn1(key.x509), cert_registry=registry(key.chain), embed_roots=False)
        self._key, self._pin = key, pin

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(_LARGEST_SIGNATURE)
        kind = _SignerV2 if self._key.session.api_ver == "v2" else _HonestSigner
        async with aiohttp.ClientSession() as client:
            manager = _Authorisation(client, self._key, self._pin, digest_algorithm)
            signer = kind(client, manager, sign_timeout=_PATIENCE, est_raw_signature_size=_LARGEST_SIGNATURE)
            try:
                return await signer.async_sign_raw(data, digest_algorithm)
            except (SigningError, *_SILENCE) as error:
                raise _explained(error) from error


class _HonestSigner(CSCSigner):
    """Asks for each signature by itself. pyHanko's own client loses the service's answer when it is a refusal."""

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(_LARGEST_SIGNATURE)
        session = self.auth_manager.csc_session_info
        request = await self.format_csc_signing_req([base64_digest(data, digest_algorithm)], digest_algorithm)
        patience = aiohttp.ClientTimeout(total=_PATIENCE)
        url, headers = session.endpoint_url("signatures/signHash"), self.auth_manager.auth_headers
        async with self.session.post(
            url, headers=headers, json=request, timeout=patience, allow_redirects=False
        ) as response:
            answer = await response.json(content_type=None)
            if response.status != _DONE:
                raise _refused(response.status, answer)
        (signature,) = answer["signatures"]
        return base64.b64decode(signature)


class _SignerV2(_HonestSigner):
    """CSC 2.0, 11.10: `hashes` and `hashAlgorithmOID` where 1.0.4 has `hash` and `hashAlgo`; pyHanko writes the latter."""

    async def format_csc_signing_req(self, tbs_hashes: list[str], digest_algorithm: str) -> dict[str, Any]:
        request: dict[str, Any] = await super().format_csc_signing_req(tbs_hashes, digest_algorithm)
        request["hashes"] = request.pop("hash")
        request.pop("hashAlgo", None)
        request["hashAlgorithmOID"] = _oid(digest_algorithm)
        return request


class _Authorisation(CSCAuthorizationManager):
    """Asks the service for the right to sign exactly these digests (credentials/authorize), with the PIN, once."""

    def __init__(self, client: aiohttp.ClientSession, key: RemoteKey, pin: str, digest_algorithm: str) -> None:
        super().__init__(key.session, key.credential)
        self._client, self._pin, self._digest = client, pin, digest_algorithm

    async def authorize_signature(self, hash_b64s: list[str]) -> CSCAuthorizationInfo:
        request = self.format_csc_auth_request(pin=self._pin or None, hash_b64s=hash_b64s)
        if self.csc_session_info.api_ver == "v2":
            request["hashes"] = request.pop("hash")
            request["hashAlgorithmOID"] = _oid(self._digest)
            if pin := request.pop("PIN", None):
                request["authData"] = [{"id": "PIN", "value": pin}]
        url = self.csc_session_info.endpoint_url("credentials/authorize")
        patience = aiohttp.ClientTimeout(total=_PATIENCE)
        # A redirection, to http: perhaps, would take the PIN along.
        async with self._client.post(
            url, headers=self.auth_headers, json=request, timeout=patience, allow_redirects=False
        ) as response:
            answer = await response.json(content_type=None)
            if response.status != _DONE:
                raise _refused(response.status, answer)
        authorised: CSCAuthorizationInfo = self.parse_csc_auth_response(answer)
        return authorised


_SILENCE = (OSError, ValueError, TypeError, KeyError, AttributeError, aiohttp.ClientError, asyncio.TimeoutError)


def _answered(ask: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    try:
        return asyncio.run(ask())
    except (SigningError, *_SILENCE) as error:
        raise _explained(error) from error


def _explained(error: Exception) -> MisuseError | UnreachableError:
    """Tell a service that refuses from one that is silent or talks nonsense."""
    cause = error.__cause__ or error
    return _refused(cause.status, None) if isinstance(cause, aiohttp.ClientResponseError) else _silent()


def _refused(status: int, answer: Any) -> MisuseError | UnreachableError:
    """Return what the service's refusal means: of the PIN (CSC 11.6: invalid_pin and the like), of something else, or it is out of order."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # RFC 9110 15.6: the server's fault
        return _silent()
    said = answer if isinstance(answer, dict) else {}
    kind, words = str(said.get("error")), str(said.get("error_description") or said.get("error") or status)[:200]
    if kind in _PIN_REFUSED or "locked" in words.lower():
        return MisuseError(
            "signing.pin",
            _("The remote signing service refuses the PIN: {words}").format(words=words),
            _("It is not tried again by itself. Make sure of the PIN first; a service locks after a few wrong ones."),
        )
    return MisuseError(
        "signing.remote_refused",
        _("The remote signing service refuses: {words}").format(words=words),
        _("Check credential and access token of this key in the configuration; the token may have expired."),
    )


def _silent() -> UnreachableError:
    return UnreachableError(
        "signing.remote_silent",
        _("The remote signing service does not answer, or answers nonsense."),
        _("Try again later; what is signed already is not signed twice."),
    )


def _oid(digest_algorithm: str) -> str:
    oid: str = algos.DigestAlgorithmId(digest_algorithm).dotted
    return oid
