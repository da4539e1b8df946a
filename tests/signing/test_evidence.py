"""Revocation data: who is asked for it, who is not, and what is taken for an answer."""

import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from tests.authorities import Authorities, served
from tests.signing import practice
from werkzeug.wrappers import Request, Response

from vanthu_cli.errors import MisuseError
from vanthu_cli.signing import evidence
from vanthu_cli.signing.evidence import Evidence, Witness, demand

LEADER, MIDDLE = "CN=Nguyễn Văn Mẫu", "CN=CA của phép thử"


def certificates(pki: Authorities, *names: str) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(pki.certificate(name)) for name in names]


def witness(pki: Authorities, *hosts: str, crls: Sequence[bytes] = ()) -> Witness:
    return Witness(frozenset(hosts), (pki.certificate("root"),), tuple(crls))


def now() -> datetime:
    return datetime.now(UTC)


def lists(pki: Authorities) -> tuple[bytes, ...]:
    """Return the CRLs of the root and the intermediate, DER."""
    with pki.ocsp.garbage():
        found, missing = witness(pki, pki.host).evidence(certificates(pki, "leader", "intermediate"), now())
    assert not missing
    return found.crls


@pytest.fixture
def idle(pki: Authorities) -> Authorities:
    """Give the authorities with their counters at 0."""
    for front in (pki.ocsp, pki.crls, pki.issuers, pki.stamping):
        front.asked = 0
    return pki


def asked(pki: Authorities) -> tuple[int, int, int]:
    return pki.ocsp.asked, pki.crls.asked, pki.issuers.asked


@pytest.mark.parametrize("port", [True, False])
def test_the_signer_is_spoken_for_by_ocsp_and_the_authority_by_a_list(port: bool, idle: Authorities) -> None:
    leader, middle = certificates(idle, "leader", "intermediate")
    ask = witness(idle, idle.host if port else "127.0.0.1")
    found = demand(ask, [leader, middle], now())
    assert asked(idle) == (1, 1, 0)
    (answer,), (crl,) = map(ocsp.load_der_ocsp_response, found.ocsps), map(x509.load_der_x509_crl, found.crls)
    assert answer.serial_number == leader.serial_number
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert crl.issuer == middle.issuer
    assert set(found.certificates) == {idle.certificate(name) for name in ("leader", "intermediate", "root")}


@pytest.mark.parametrize("hosts", [(), ("ocsp.ca.gov.vn",), ("127.0.0.1:1",), ("localhost",), ("",), ("127.0.0",)])
def test_a_host_that_is_not_allowed_is_never_asked_and_named(hosts: tuple[str, ...], idle: Authorities) -> None:
    with pytest.raises(MisuseError) as caught:
        demand(witness(idle, *hosts), certificates(idle, "leader", "intermediate"), now())
    assert asked(idle) == (0, 0, 0)
    assert caught.value.code == "signing.no_revocation"
    for word in (LEADER, MIDDLE, idle.host, "may not be asked"):
        assert word in caught.value.message
    assert "[trust] hosts" in caught.value.hint


def test_an_answer_is_kept_until_it_is_out_of_date(idle: Authorities) -> None:
    ask, wanted, start = witness(idle, idle.host), certificates(idle, "leader", "intermediate"), now()
    first = demand(ask, wanted, start)
    assert demand(ask, wanted, start + timedelta(minutes=9)) == first
    assert asked(idle) == (1, 1, 0)
    listed = demand(ask, wanted, start + timedelta(minutes=11))
    assert asked(idle)[0] == 2  # asked again; the servers' clock stands at `start`, so their answer is outdated by then
    assert listed.crls  # and the revocation list, which lives longer, speaks instead
    with pytest.raises(MisuseError) as caught:
        demand(ask, wanted, start + timedelta(days=60))
    assert caught.value.code == "signing.no_revocation"
    before = asked(idle)
    demand(witness(idle, idle.host), wanted, start)
    assert asked(idle) != before  # another run knows nothing of this one's answers


def test_one_answer_serves_everybody_it_speaks_for(idle: Authorities) -> None:
    wanted = certificates(idle, "leader", "intermediate", "office", "leader")
    found = demand(witness(idle, idle.host), wanted, now())
    assert (len(found.ocsps), len(found.crls), len(found.certificates)) == (2, 1, 4)


def unauthorised(pki: Authorities) -> Any:
    return pki.ocsp._in(lambda _query, _ask: (200, bytes.fromhex("30030a0106")))  # RFC 6960 2.3, unsigned


def about_another(pki: Authorities) -> Any:
    other, issuer = certificates(pki, "other", "intermediate")
    query = ocsp.OCSPRequestBuilder().add_certificate(other, issuer, hashes.SHA1()).build()  # noqa: S303  RFC 6960
    return pki.ocsp._in(lambda _query, ask: ask(query.public_bytes(Encoding.DER)))


@pytest.mark.parametrize(
    "mood",
    [
        lambda pki: pki.ocsp.garbage(),
        lambda pki: pki.ocsp.fails_first(9),
        lambda pki: pki.ocsp.silent(),
        unauthorised,
        about_another,
    ],
    ids=["garbage", "busy", "silent", "unauthorised", "about_another"],
)
def test_where_ocsp_fails_the_list_is_fetched(
    mood: Callable[[Authorities], Any], idle: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert evidence._PATIENCE == 10
    monkeypatch.setattr(evidence, "_PATIENCE", 0.3)
    with mood(idle):
        found = demand(witness(idle, idle.host), certificates(idle, "leader", "intermediate"), now())
        assert idle.ocsp.asked == 1
    assert found.ocsps == ()
    assert {x509.load_der_x509_crl(der).issuer.rfc4514_string().split(",")[0] for der in found.crls} == {
        MIDDLE,
        "CN=Gốc của phép thử",
    }


def test_where_no_server_answers_the_lists_of_the_trust_folder_speak(idle: Authorities) -> None:
    kept = lists(idle)
    wanted = certificates(idle, "leader", "intermediate")
    with idle.ocsp.garbage(), idle.crls.garbage():
        found = demand(witness(idle, idle.host, crls=kept), wanted, now())
    assert set(found.crls) == set(kept)
    idle.ocsp.asked = idle.crls.asked = 0
    assert set(demand(witness(idle, crls=kept), wanted, now()).crls) == set(kept)
    assert asked(idle) == (0, 0, 0)


def test_a_list_out_of_date_or_of_somebody_else_does_not_speak(idle: Authorities) -> None:
    kept = lists(idle)
    wanted = certificates(idle, "leader", "intermediate")
    with pytest.raises(MisuseError) as caught:
        demand(witness(idle, crls=kept), wanted, now() + timedelta(hours=13))
    assert LEADER in caught.value.message
    roots = [der for der in kept if x509.load_der_x509_crl(der).issuer == wanted[1].issuer]
    with pytest.raises(MisuseError) as caught:
        demand(witness(idle, crls=roots), wanted, now())
    assert LEADER in caught.value.message
    assert MIDDLE not in caught.value.message


def test_a_list_fetched_for_somebody_else_does_not_speak(idle: Authorities) -> None:
    (roots,) = [der for der in lists(idle) if x509.load_der_x509_crl(der).issuer.rfc4514_string().startswith("CN=Gốc")]
    with idle.ocsp.garbage(), idle.crls._in(lambda _query, _ask: (200, roots)):
        found, missing = witness(idle, idle.host).evidence(certificates(idle, "leader", "intermediate"), now())
    assert found.crls == (roots,)
    (why,) = missing
    assert LEADER in why
    assert "no server answers" in why


def test_a_list_in_pem_is_taken_as_der(idle: Authorities) -> None:
    def wrap(query: bytes, ask: Any) -> tuple[int, bytes]:
        status, body = ask(query)
        return status, x509.load_der_x509_crl(body).public_bytes(Encoding.PEM)

    with idle.crls._in(wrap):
        found = demand(witness(idle, idle.host), certificates(idle, "intermediate"), now())
    assert x509.load_der_x509_crl(found.crls[0]).issuer.rfc4514_string().startswith("CN=Gốc")


def test_nobody_need_ask_for_a_responder_that_says_so(idle: Authorities) -> None:
    found, missing = witness(idle, idle.host).evidence(certificates(idle, "responder", "intermediate"), now())
    assert missing == ()
    assert idle.ocsp.asked == 0
    assert idle.certificate("responder") in found.certificates


def test_a_certificate_whose_issuer_nobody_knows_is_missing_something(idle: Authorities) -> None:
    alone = Witness(frozenset({idle.host}))
    found, missing = alone.evidence(certificates(idle, "leader"), now())
    assert found == Evidence((idle.certificate("leader"),))
    (why,) = missing
    assert LEADER in why
    strange = Witness(frozenset({idle.host})).evidence(certificates(idle, "root"), now())
    assert strange == (Evidence(), ())  # a root that nobody here trusts proves nothing
    anchored = Witness(frozenset({idle.host}), (idle.certificate("intermediate"),))
    assert anchored.evidence(certificates(idle, "leader"), now())[1] == ()


@dataclass(slots=True)
class Stranger:
    """A server that a certificate names; `answer` is what it says, `heard` the paths it was asked for."""

    answer: Callable[[Request], Response] = lambda _request: Response(b"")
    heard: list[str] = field(default_factory=list)
    host: str = ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.heard.append(request.path)
        return self.answer(request)(environ, start_response)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    running = Stranger()
    with served(running) as running.host:
        yield running


def naming(issuer: practice.Identity, *urls: str, crl: str = "") -> x509.Certificate:
    """Issue a certificate that names these OCSP responders and this list."""
    access = [
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url)) for url in urls
    ]
    extensions: list[x509.ExtensionType] = [x509.AuthorityInformationAccess(access)] if access else []
    if crl:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl)], None, None, None)
        extensions.append(x509.CRLDistributionPoints([point]))
    return practice.issue("Người lạ", issuer, more=extensions).certificate


def asks(hosts: set[str], issuer: practice.Identity, certificate: x509.Certificate) -> tuple[str, ...]:
    """Return what is missing after asking."""
    return Witness(frozenset(hosts), (issuer.der,)).evidence([certificate], now())[1]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirection_is_followed(status: int, root: practice.Identity, stranger: Stranger) -> None:
    stranger.answer = lambda _request: Response(status=status, headers={"Location": f"http://{stranger.host}/inside"})
    certificate = naming(root, f"http://{stranger.host}/ocsp", crl=f"http://{stranger.host}/crl")
    assert asks({stranger.host}, root, certificate)
    assert stranger.heard == ["/ocsp", "/crl"]


def test_an_address_that_only_looks_allowed_is_not_asked(root: practice.Identity, stranger: Stranger) -> None:
    certificate = naming(
        root,
        f"http://ocsp.ca.gov.vn@{stranger.host}/",
        f"http://ocsp.ca.gov.vn:80@{stranger.host}/",
        f"http://{stranger.host}/?ocsp.ca.gov.vn",
        f"http://{stranger.host}#ocsp.ca.gov.vn",
        f"ldap://{stranger.host}/ocsp.ca.gov.vn",
        "http://",
    )
    (why,) = asks({"ocsp.ca.gov.vn", "ocsp.ca.gov.vn:80"}, root, certificate)
    assert "may not be asked" in why
    assert stranger.heard == []


@contextmanager
def largest(monkeypatch: pytest.MonkeyPatch, size: int) -> Iterator[None]:
    with monkeypatch.context() as narrow:
        narrow.setattr(evidence, "_LARGEST", size)
        yield


def test_an_answer_larger_than_any_list_is_dropped(idle: Authorities, monkeypatch: pytest.MonkeyPatch) -> None:
    assert evidence._LARGEST == 20 << 20
    leader = certificates(idle, "leader", "intermediate")
    (answer,) = demand(witness(idle, idle.host), leader, now()).ocsps
    kept = lists(idle)
    with largest(monkeypatch, len(answer) + 8):  # an ECDSA signature is not always as long
        assert demand(witness(idle, idle.host, crls=kept), leader, now()).ocsps
    with largest(monkeypatch, 100):
        assert demand(witness(idle, idle.host, crls=kept), leader, now()).ocsps == ()


def test_an_endless_answer_is_read_no_further_than_the_limit(
    root: practice.Identity, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [0]

    def endless() -> Iterator[bytes]:
        while sent[0] < 64 << 20:
            sent[0] += 1 << 16
            yield bytes(1 << 16)

    stranger.answer = lambda _request: Response(endless())
    with largest(monkeypatch, 1 << 20):
        assert asks({stranger.host}, root, naming(root, crl=f"http://{stranger.host}/crl"))
    assert sent[0] < 32 << 20  # what fits into the buffers of the sockets between


def test_a_small_answer_that_unpacks_to_a_large_one_is_dropped(
    root: practice.Identity, stranger: Stranger, idle: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = gzip.compress(bytes(3 << 20))
    stranger.answer = lambda _request: Response(packed, headers={"Content-Encoding": "gzip"})
    with largest(monkeypatch, 1 << 20):
        assert asks({stranger.host}, root, naming(root, crl=f"http://{stranger.host}/crl"))
    whole = lists(idle)[0]
    stranger.answer = lambda _request: Response(gzip.compress(whole), headers={"Content-Encoding": "gzip"})
    with largest(monkeypatch, len(whole)):
        assert evidence.fetched("GET", f"http://{stranger.host}/crl", b"", "") == whole
    with largest(monkeypatch, len(whole) - 1):
        assert evidence.fetched("GET", f"http://{stranger.host}/crl", b"", "") == b""


def test_a_proxy_of_the_environment_hears_nothing(
    idle: Authorities, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{stranger.host}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert demand(witness(idle, idle.host), certificates(idle, "leader", "intermediate"), now()).ocsps
    assert stranger.heard == []
