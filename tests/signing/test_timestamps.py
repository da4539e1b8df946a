import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from asn1crypto import keys, tsp, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.sign.timestamps import DummyTimeStamper, TimeStamper, TimestampRequestError
from tests.signing import practice

from vanthu_cli.document.places import Places
from vanthu_cli.errors import MisuseError, UnreachableError
from vanthu_cli.signing import pades
from vanthu_cli.signing.files import open_pdf
from vanthu_cli.signing.keys import SigningKey


@pytest.fixture(scope="module")
def authority(root: practice.Identity) -> DummyTimeStamper:
    identity = practice.issue("TSA thực hành", root, key=practice.rsa_key(), time_stamping=True)
    key = identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return DummyTimeStamper(x509.Certificate.load(identity.der), keys.PrivateKeyInfo.load(key))


class Server(ThreadingHTTPServer):
    """A time stamp server on loopback that answers wrongly `moods` times before it answers right."""

    authority: DummyTimeStamper
    moods: list[str]
    asked = 0


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.asked += 1
        mood = self.server.moods.pop(0) if self.server.moods else "well"
        query = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
        if mood == "other":
            query["message_imprint"]["hashed_message"] = bytes(32)
        body = b"\x30\x00" if mood == "nonsense" else self.server.authority.request_tsa_response(query).dump()
        self.send_response(503 if mood == "busy" else 200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(authority: DummyTimeStamper) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.authority, server.moods = authority, []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def client(server: Server) -> TimeStamper:
    return pades.open_time_stamper(f"http://127.0.0.1:{server.server_port}/")


def has_stamp(pdf: bytes) -> bool:
    attributes = open_pdf(pdf).signatures[-1].signer_info["unsigned_attrs"]
    return any(one["type"].native == "signature_time_stamp_token" for one in attributes or ())


def test_a_seal_with_a_time_stamper_is_b_t(
    draft: tuple[bytes, Places], office: SigningKey, authority: DummyTimeStamper
) -> None:
    pdf, places = draft
    sealed = pades.seal(pdf, office, image=None, places=places, time_stamper=authority)
    assert has_stamp(sealed)
    pades.check_result(pdf, sealed, 1)


def test_a_seal_without_one_is_b_b(draft: tuple[bytes, Places], office: SigningKey) -> None:
    assert not has_stamp(pades.seal(draft[0], office, image=None, places=draft[1]))


def test_a_moody_server_is_asked_three_times(draft: tuple[bytes, Places], office: SigningKey, server: Server) -> None:
    stamper = client(server)
    server.moods = ["busy", "nonsense"]
    pades.probe(stamper)
    assert server.asked == 3
    server.moods = ["other"]
    sealed = pades.seal(draft[0], office, image=None, places=draft[1], time_stamper=stamper)
    pades.check_result(draft[0], sealed, 1)
    assert server.asked == 5


@pytest.mark.parametrize("mood", ["busy", "nonsense", "other"])
def test_a_server_that_never_answers_right_is_unreachable(
    draft: tuple[bytes, Places], office: SigningKey, server: Server, mood: str
) -> None:
    server.moods = [mood] * 6
    with pytest.raises(UnreachableError) as caught:
        pades.probe(client(server))
    assert caught.value.code == "signing.tsa_silent"
    with pytest.raises(UnreachableError):
        pades.seal(draft[0], office, image=None, places=draft[1], time_stamper=client(server))


def test_nobody_listening_is_unreachable(server: Server) -> None:
    stamper = client(server)
    server.server_close()
    with pytest.raises(UnreachableError):
        pades.probe(stamper)


def test_silence_of_any_time_stamper_while_sealing_is_unreachable(
    draft: tuple[bytes, Places], office: SigningKey
) -> None:
    class Silent(TimeStamper):
        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            raise TimestampRequestError(str(req["version"].native))

    silent = Silent()  # type: ignore[no-untyped-call]  # pyHanko leaves it unannotated
    with pytest.raises(UnreachableError) as caught:
        pades.seal(draft[0], office, image=None, places=draft[1], time_stamper=silent)
    assert caught.value.code == "signing.tsa_silent"


@pytest.mark.parametrize("url", ["", "tsa.example", "file:///etc/passwd", "http://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(MisuseError) as caught:
        pades.open_time_stamper(url)
    assert caught.value.code == "signing.tsa_url"
