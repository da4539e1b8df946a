"""Keys of a remote signing service, in both versions of its language."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.authorities import Authorities, served
from tests.csc_server import CscServer, csc_server
from tests.signing import practice
from tests.signing.practice import SIGNER, check, done, refused
from werkzeug.wrappers import Request, Response

from vanthu_cli.document.places import Places
from vanthu_cli.errors import MisuseError, UnreachableError
from vanthu_cli.signing import pades, remote
from vanthu_cli.signing.files import open_pdf
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.remote import Api, RemoteKey, find_remote, open_remote

PIN = "271828"
APIS = pytest.mark.parametrize("api", ["v1", "v2"])


@pytest.fixture
def service(pki: Authorities) -> Iterator[CscServer]:
    with csc_server(pki, pin=PIN) as running:
        yield running


def found(service: CscServer, api: Api, name: str = "leader_ec") -> RemoteKey:
    return find_remote(service.url, name, service.token, api)


def signed(pdf: bytes, key: SigningKey) -> bytes:
    return done(pades.sign_person, pdf, key, image=None, box=SIGNER)


def asked(service: CscServer) -> list[str]:
    return [endpoint for endpoint, _body in service.calls]


def bodies(service: CscServer, endpoint: str) -> list[Any]:
    return [body for called, body in service.calls if called == endpoint]


@pytest.mark.parametrize(
    ("api", "name"), [("v1", "leader"), ("v1", "leader_ec"), ("v2", "leader"), ("v2", "leader_ec")]
)
def test_each_kind_of_key_signs_what_poppler_calls_valid(
    api: Api, name: str, pki: Authorities, draft: tuple[bytes, Places], tmp_path: Path
) -> None:
    with csc_server(pki, pin=PIN) as service:
        key = found(service, api, name)
        assert key.x509.public_bytes(Encoding.DER) == pki.certificate(name)
        assert [one.public_bytes(Encoding.DER) for one in key.chain] == [pki.certificate("intermediate")]  # no root
        assert service.tries == 0
        pdf = signed(draft[0], open_remote(key, PIN))
        assert asked(service) == ["credentials/info", "credentials/authorize", "signatures/signHash"]
        assert service.tries == 1
    assert practice.pdfsig_says(pdf, tmp_path) == ["Signature is Valid."]
    check(draft[0], pdf, 1)
    (signature,) = open_pdf(pdf).signatures
    assert [one.dump() for one in signature.other_embedded_certs] == [pki.certificate("intermediate")]


@APIS
@pytest.mark.parametrize("scal", [1, 2])
def test_every_signature_of_a_batch_is_authorised_for_its_own_digest(
    api: Api, scal: Literal[1, 2], pki: Authorities, draft: tuple[bytes, Places]
) -> None:
    with csc_server(pki, ["leader_ec"], pin=PIN, scal=scal, multisign=1) as service:
        key = open_remote(found(service, api), PIN)
        for pdf in [signed(draft[0], key) for _number in range(3)]:
            check(draft[0], pdf, 1)
    said = [body["hash" if api == "v1" else "hashes"] for body in bodies(service, "credentials/authorize")]
    assert [len(digests) for digests in said] == [1, 1, 1]
    assert len({digest for digests in said for digest in digests}) == 3


@APIS
def test_only_a_digest_leaves_this_machine(api: Api, service: CscServer, draft: tuple[bytes, Places]) -> None:
    signed(draft[0], open_remote(found(service, api), PIN))
    assert max(len(str(body)) for _endpoint, body in service.calls) < 400
    assert PIN not in str(bodies(service, "signatures/signHash"))


@APIS
def test_a_wrong_pin_is_sent_once_and_nothing_is_signed(
    api: Api, service: CscServer, draft: tuple[bytes, Places]
) -> None:
    key = open_remote(found(service, api), "314159")
    error = refused("signing.pin", pades.sign_person, draft[0], key, image=None, box=SIGNER)
    assert isinstance(error, MisuseError)
    assert "invalid" in error.message
    assert "314159" not in error.message
    assert service.tries == 1
    assert asked(service) == ["credentials/info", "credentials/authorize"]


@APIS
def test_a_locked_pin_is_said_to_be_locked(api: Api, service: CscServer, draft: tuple[bytes, Places]) -> None:
    service.credentials["leader_ec"].wrong = 3
    key = open_remote(found(service, api), PIN)
    assert "locked" in refused("signing.pin", pades.sign_person, draft[0], key, image=None, box=SIGNER).message
    assert service.tries == 0
    assert asked(service) == ["credentials/info", "credentials/authorize"]


@APIS
def test_an_authorisation_that_has_expired_is_a_refusal_and_not_silence(
    api: Api, service: CscServer, draft: tuple[bytes, Places]
) -> None:
    service.lifetime = 0
    key = open_remote(found(service, api), PIN)
    error = refused("signing.remote_refused", pades.sign_person, draft[0], key, image=None, box=SIGNER)
    assert "SAD expired" in error.message
    assert service.tries == 1


@APIS
def test_an_unknown_credential_or_an_old_access_token_is_refused(
    api: Api, service: CscServer, draft: tuple[bytes, Places]
) -> None:
    refused("signing.remote_refused", find_remote, service.url, "nobody", service.token, api)
    refused("signing.remote_refused", find_remote, service.url, "leader_ec", "old", api)
    key = open_remote(found(service, api), PIN)
    service.token = "new"
    error = refused("signing.remote_refused", pades.sign_person, draft[0], key, image=None, box=SIGNER)
    assert "expired" in error.message
    assert service.tries == 0


@APIS
@pytest.mark.parametrize("endpoint", ["credentials/info", "credentials/authorize", "signatures/signHash"])
def test_a_service_that_never_answers_is_silent(
    api: Api, endpoint: str, service: CscServer, draft: tuple[bytes, Places], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert remote._PATIENCE == 30
    with service.silent(endpoint), monkeypatch.context() as hurried:
        hurried.setattr(remote, "_PATIENCE", 0.3)
        error = refused("signing.remote_silent", lambda: signed(draft[0], open_remote(found(service, api), PIN)))
    assert isinstance(error, UnreachableError)
    assert asked(service)[-1] == endpoint
    assert service.tries == (endpoint == "signatures/signHash")


def test_nobody_listening_is_silent() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        refused("signing.remote_silent", find_remote, url, "leader", "token", "v1")


@contextmanager
def spoilt(service: CscServer, endpoint: str, spoil: Callable[[], Response]) -> Iterator[str]:
    """Serve the service, but give another answer at one endpoint; yield the address."""

    def application(environ: Any, start_response: Any) -> Any:
        wanted = Request(environ).path.endswith(endpoint)
        return (spoil() if wanted else service)(environ, start_response)

    with served(application) as host:
        yield f"http://{host}"


@APIS
@pytest.mark.parametrize("endpoint", ["credentials/info", "credentials/authorize", "signatures/signHash"])
def test_nonsense_and_a_server_out_of_order_are_silence(
    api: Api, endpoint: str, service: CscServer, draft: tuple[bytes, Places]
) -> None:
    answers = [(200, "<html>Xin chào</html>"), (200, "{}"), (200, "[]"), (503, "busy"), (500, '{"error": "x"}')]
    left = iter(answers)

    def spoil() -> Response:
        status, body = next(left)
        return Response(body, status, mimetype="application/json")

    with spoilt(service, endpoint, spoil) as url:
        for _answer in answers:
            refused(
                "signing.remote_silent",
                lambda: signed(draft[0], open_remote(find_remote(url, "leader_ec", service.token, api), PIN)),
            )
    assert next(left, None) is None


@APIS
@pytest.mark.parametrize("endpoint", ["credentials/info", "credentials/authorize", "signatures/signHash"])
def test_neither_pin_nor_authorisation_follow_a_redirection(
    api: Api, endpoint: str, service: CscServer, draft: tuple[bytes, Places]
) -> None:
    heard: list[bytes] = []

    def elsewhere(environ: Any, start_response: Any) -> Any:
        heard.append(Request(environ).get_data())
        return Response("{}", mimetype="application/json")(environ, start_response)

    failing = pytest.raises((MisuseError, UnreachableError))
    with served(elsewhere) as host, spoilt(service, endpoint, lambda: moved(host)) as url, failing:
        signed(draft[0], open_remote(find_remote(url, "leader_ec", service.token, api), PIN))
    assert not [body for body in heard if PIN.encode() in body or b"SAD" in body]


def moved(host: str) -> Response:
    return Response(status=307, headers={"Location": f"http://{host}/"})


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ky.example.vn",
        "http://ky.example.vn",
        "http://ky.example.vn:443/csc",
        "http://127.0.0.1.example.vn",
        "http://localhost@ky.example.vn",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
    ],
)
def test_an_address_without_encryption_is_refused_before_anything_is_sent(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def talk(*_: object, **__: object) -> None:
        raise AssertionError("somebody is asked")

    monkeypatch.setattr(socket, "socket", talk)
    monkeypatch.setattr(asyncio, "run", talk)
    error = refused("signing.remote_url", find_remote, url, "leader", "token", "v1")
    assert "https://" in error.hint
