import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from asn1crypto import tsp
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError
from tests.authorities import Authorities
from tests.signing.practice import SEAL, check, done

from vanthu_cli.document.places import Places
from vanthu_cli.errors import MisuseError, UnreachableError
from vanthu_cli.signing import pades, timestamps
from vanthu_cli.signing.files import open_pdf, stamps_of
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.levels import Proof
from vanthu_cli.signing.timestamps import open_time_stamper, probe


def sealed(pdf: bytes, key: SigningKey, proof: Proof) -> bytes:
    return done(pades.seal, pdf, key, image=None, size=None, box=SEAL, proof=proof)


def stamps(pdf: bytes) -> int:
    return len(stamps_of(open_pdf(pdf).signatures[-1]))


@contextmanager
def unreachable() -> Iterator[None]:
    with pytest.raises(UnreachableError) as caught:
        yield
    assert caught.value.code == "signing.tsa_silent"


def test_a_time_stamp_comes_with_the_level_and_not_without(
    draft: tuple[bytes, Places], office: SigningKey, pki: Authorities
) -> None:
    stamper = open_time_stamper(pki.tsa)
    stamped = sealed(draft[0], office, Proof("B-T", stamper))
    assert stamps(stamped) == 1
    check(draft[0], stamped, 1)
    pki.stamping.asked = 0
    assert stamps(sealed(draft[0], office, Proof("B-B", stamper))) == 0
    assert pki.stamping.asked == 0


def test_a_moody_server_is_asked_three_times(draft: tuple[bytes, Places], office: SigningKey, pki: Authorities) -> None:
    stamper = open_time_stamper(pki.tsa)
    with pki.stamping.fails_first(2):
        probe(stamper)
        assert pki.stamping.asked == 3
    with pki.stamping.fails_first(2):
        check(draft[0], sealed(draft[0], office, Proof("B-T", stamper)), 1)
        assert pki.stamping.asked == 3  # how large an answer is was known since the probe


@pytest.mark.parametrize("mood", ["garbage", "wrong_imprint", "rejects"])
def test_a_server_that_never_answers_right_is_unreachable_after_three_tries(
    mood: str, draft: tuple[bytes, Places], office: SigningKey, pki: Authorities
) -> None:
    known = open_time_stamper(pki.tsa)
    probe(known)
    with getattr(pki.stamping, mood)():
        with unreachable():
            probe(open_time_stamper(pki.tsa))
        assert pki.stamping.asked == 3
        with unreachable():
            sealed(draft[0], office, Proof("B-T", open_time_stamper(pki.tsa)))
        with unreachable():
            sealed(draft[0], office, Proof("B-T", known))
        assert pki.stamping.asked == 9


def test_a_silent_server_is_unreachable_after_three_tries(
    draft: tuple[bytes, Places], office: SigningKey, pki: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timestamps._PATIENCE == 30
    monkeypatch.setattr(timestamps, "_PATIENCE", 0.2)
    with pki.stamping.silent():
        with unreachable():
            sealed(draft[0], office, Proof("B-T", open_time_stamper(pki.tsa)))
        assert pki.stamping.asked == 3


def test_a_slow_server_is_waited_for(draft: tuple[bytes, Places], office: SigningKey, pki: Authorities) -> None:
    with pki.stamping.slow(0.5):
        assert stamps(sealed(draft[0], office, Proof("B-T", open_time_stamper(pki.tsa)))) == 1


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with unreachable():
            probe(open_time_stamper(f"http://127.0.0.1:{deaf.getsockname()[1]}/"))


def test_silence_of_any_time_stamper_while_sealing_is_unreachable(
    draft: tuple[bytes, Places], office: SigningKey
) -> None:
    class Silent(TimeStamper):
        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            raise TimestampRequestError(str(req["version"].native))

    silent = Silent()  # type: ignore[no-untyped-call]  # pyHanko leaves it unannotated
    with unreachable():
        sealed(draft[0], office, Proof("B-T", silent))


@pytest.mark.parametrize("url", ["", "tsa.example", "file:///etc/passwd", "http://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(MisuseError) as caught:
        open_time_stamper(url)
    assert caught.value.code == "signing.tsa_url"
