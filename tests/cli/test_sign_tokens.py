"""`vanthu sign` and `doctor` with USB tokens (SoftHSM) and a remote signing service: one login, one try of a PIN."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.authorities import Authorities
from tests.cli import assets
from tests.cli.commands import Clerk
from tests.csc_server import CscServer, csc_server
from tests.signing.practice import left_out
from tests.tokens import PIN, Calls, SoftTokens, missing, soft_tokens, watched, watched_vanthu

from vanthu_cli.sandbox.office import OWN, PracticeOffice

LEADER, OFFICE, CURVE = "lãnh đạo", "văn phòng", "P-256"


@pytest.fixture(scope="module")
def tokens(vn: Authorities, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftTokens]:
    if missing():
        left_out(missing())
    keys = {
        LEADER: [("ký", vn.p12("leader"), vn.passphrase)],
        OFFICE: [("dấu", vn.p12("office_3072"), vn.passphrase), ("bị thu hồi", vn.p12("revoked"), vn.passphrase)],
        CURVE: [("cong", vn.p12("leader_ec"), vn.passphrase)],
    }
    with soft_tokens(tmp_path_factory.mktemp("tokens"), keys) as plugged:
        yield plugged


def token_key(tokens: SoftTokens, role: str, secret: str, **more: str) -> assets.Table:
    image = "signature" if role == "person" else "seal"
    known = {"role": role, "kind": "pkcs11", "module": tokens.module, "secret": secret}
    return {**known, "image": f"pki/keys/{image}.png", **more}


@pytest.fixture
def clerk(
    template: PracticeOffice, tmp_path: Path, capsys: pytest.CaptureFixture[str], vn: Authorities, tokens: SoftTokens
) -> Clerk:
    """A clerk whose leader has a token; the office's own key is in another one."""
    office = assets.quiet(template, tmp_path / "office")
    assets.sworn(office, vn)
    pin = office.folder / "secrets" / "pin"
    pin.write_text(PIN, "utf-8")
    pin.chmod(0o600)
    certificate = office.folder / "office_3072.crt"
    certificate.write_bytes(vn.certificate("office_3072"))
    assets.change(
        office,
        {
            "keys.leader": token_key(tokens, "person", "file:secrets/pin", token=LEADER),
            "keys.office": token_key(tokens, "organisation", "file:secrets/pin", certificate=str(certificate)),
        },
    )
    assert assets.note(office) == []
    return Clerk(office, capsys)


def results(clerk: Clerk) -> list[str]:
    return sorted(each.name for each in clerk.office.papers.glob("*.signed.pdf"))


def spoil(clerk: Clerk) -> None:
    (clerk.office.folder / "secrets" / "pin").write_text("999999", "utf-8")


def test_sixty_files_are_signed_with_one_login(clerk: Clerk, tmp_path: Path) -> None:
    paths = assets.drafts(clerk.office.papers, 60)
    with watched(tmp_path / "calls") as calls:
        assert clerk.types("sign", *map(str, paths), "--as", "person") == 0, clerk.said
    assert calls.count("C_Login") == 1
    assert calls.count("C_Sign") >= 60
    rows = [line for line in clerk.said.splitlines() if ".signed.pdf" in line]
    assert len(rows) == 60
    assert all("signed B-B" in row for row in rows)
    assert "60 signed" in clerk.said.splitlines()
    assert [assets.signatures(each.with_suffix(".signed.pdf")) for each in paths] == [1] * 60
    assert assets.pdfsig(paths[-1].with_suffix(".signed.pdf")) == ["Signature is Valid."]


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="kills by signal: POSIX only")
def test_a_batch_that_was_killed_goes_on_with_one_login_more(
    clerk: Clerk, tokens: SoftTokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = assets.drafts(clerk.office.papers, 24)
    words = ("sign", *map(str, paths), "--as", "person")
    for name, value in tokens.environment.items():
        monkeypatch.setenv(name, value)
    process = assets.vanthu(clerk.office, *words, command=watched_vanthu(tmp_path / "first"))
    done = assets.killed_at(process, clerk.office.papers, "*.signed.pdf", 4)
    assert 4 <= done < 24
    assert Calls(tmp_path / "first").count("C_Login") == 1
    kept = {each: each.read_bytes() for each in clerk.office.papers.glob("*.signed.pdf")}
    with watched(tmp_path / "second") as calls:
        code, answer = clerk.asks(*words)
    assert code == 0, answer
    assert calls.count("C_Login") == 1
    assert sum(each["signed_before"] for each in answer["files"]) == done
    assert {each: each.read_bytes() for each in kept} == kept
    assert [assets.signatures(each.with_suffix(".signed.pdf")) for each in paths] == [1] * 24
    assert assets.leftovers(clerk.office.papers) == []
    with watched(tmp_path / "third") as calls:
        assert clerk.types(*words) == 0
    assert calls.count("C_Login") == 0


@pytest.mark.parametrize(
    ("wrong", "says"), [(0, "few tries are left"), (1, "ONE try is left"), (2, "The token is locked.")]
)
def test_a_wrong_pin_stops_the_batch_after_one_login(wrong: int, says: str, clerk: Clerk, tmp_path: Path) -> None:
    paths = assets.drafts(clerk.office.papers, 5)
    spoil(clerk)
    with watched(tmp_path / "calls", wrong=wrong, limit=3) as calls:
        code, answer = clerk.asks("sign", *map(str, paths), "--as", "person")
    assert (code, answer["error"]["code"]) == (2, "signing.pin")
    assert (calls.count("C_Login"), calls.count("C_Sign")) == (1, 0)
    assert says in answer["error"]["message"]
    assert "999999" not in str(answer)
    assert len(answer["not_reached"]) == 4
    assert results(clerk) == []


def test_a_locked_token_is_sent_to_who_issued_it(clerk: Clerk, tmp_path: Path) -> None:
    with watched(tmp_path / "calls", wrong=3, limit=3) as calls:
        code, answer = clerk.asks("sign", str(clerk.draft()), "--as", "person")
    assert (code, answer["error"]["code"]) == (5, "signing.pin_locked")
    assert answer["error"]["hint"]
    assert calls.count("C_Login") == 1
    assert results(clerk) == []


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [({"token": "đã rút ra"}, 2, "key.no_token"), ({"module": "khong-co.so"}, 6, "signing.token_driver")],
)
def test_an_absent_token_or_driver_is_named(
    change: dict[str, str], code: int, reason: str, clerk: Clerk, tokens: SoftTokens
) -> None:
    secret, asked = assets.asking(clerk.office, PIN)
    assets.change(clerk.office, {"keys.leader": {**token_key(tokens, "person", secret, token=LEADER), **change}})
    found, answer = clerk.asks("sign", str(clerk.draft()), "--as", "person")
    assert (found, answer["error"]["code"]) == (code, reason)
    assert answer["error"]["hint"]
    assert assets.times(asked) == 0
    assert results(clerk) == []


def test_a_token_pulled_out_stops_the_batch_and_the_next_run_goes_on(clerk: Clerk, tmp_path: Path) -> None:
    paths = assets.drafts(clerk.office.papers, 5)
    words = ("sign", *map(str, paths), "--as", "person")
    with watched(tmp_path / "calls", signatures=2):
        code, answer = clerk.asks(*words)
    assert (code, answer["error"]["code"]) == (6, "signing.token_gone")
    assert (len(answer["files"]), len(answer["not_reached"])) == (2, 2)
    assert results(clerk) == ["cv-00.signed.pdf", "cv-01.signed.pdf"]
    assert assets.leftovers(clerk.office.papers) == []
    code, answer = clerk.asks(*words)
    assert code == 0, answer
    assert sum(each["signed_before"] for each in answer["files"]) == 2


def test_a_certificate_in_a_token_is_judged_before_the_pin(
    clerk: Clerk, vn: Authorities, tokens: SoftTokens, tmp_path: Path
) -> None:
    secret, asked = assets.asking(clerk.office, PIN)
    certificate = clerk.office.folder / "revoked.crt"
    certificate.write_bytes(vn.certificate("revoked"))
    (clerk.office.folder / "pki" / "trust" / "vn.crl").write_bytes(assets.revocation_list(vn))
    assert clerk.types("directory", "add", OWN, "--certificate", str(certificate), "--role", "person") == 0
    assets.change(clerk.office, {"keys.leader": token_key(tokens, "person", secret, certificate=str(certificate))})
    with watched(tmp_path / "calls") as calls:
        code, answer = clerk.asks("sign", str(clerk.draft()), "--as", "person")
    assert (code, answer["error"]["code"]) == (5, "key.certificate_revoked")
    assert (calls.count("C_Login"), assets.times(asked)) == (0, 0)


def test_the_key_is_chosen_by_its_certificate_never_by_the_slot(clerk: Clerk, tokens: SoftTokens) -> None:
    assets.change(clerk.office, {"keys.leader": token_key(tokens, "person", "file:secrets/pin")})
    draft = clerk.draft()
    assert clerk.types("sign", str(draft), "--as", "person") == 0, clerk.said  # the only one noted as the leader's
    stranger = token_key(tokens, "person", "file:secrets/pin", certificate="ab" * 32)
    assets.change(clerk.office, {"keys.leader": stranger})
    code, answer = clerk.asks("sign", str(clerk.draft("b.pdf")), "--as", "person")
    assert (code, answer["error"]["code"]) == (2, "key.which_certificate")
    assert "Nguyễn Văn Mẫu" in answer["error"]["message"]


def test_curve_and_larger_keys_of_tokens_sign_as_well(clerk: Clerk, vn: Authorities, tokens: SoftTokens) -> None:
    certificate = clerk.office.folder / "curve.crt"
    certificate.write_bytes(vn.certificate("leader_ec"))
    assert clerk.types("directory", "add", OWN, "--certificate", str(certificate), "--role", "person") == 0
    curve = token_key(tokens, "person", "file:secrets/pin", certificate=str(certificate))
    assets.change(clerk.office, {"keys.leader": curve})
    signed = clerk.signed_draft()
    sealed = clerk.office.papers / "dau.pdf"
    assert clerk.types("sign", str(signed), "--as", "organisation", "--out", str(sealed)) == 0, clerk.said
    assert assets.pdfsig(sealed) == ["Signature is Valid."] * 2
    assert clerk.asks("verify", str(sealed))[1]["files"][0]["verdict"] == "valid"


def test_doctor_shows_tokens_and_days_left_and_never_logs_in(clerk: Clerk, tmp_path: Path) -> None:
    with watched(tmp_path / "calls") as calls:
        _code, answer = clerk.asks("doctor")
    assert (calls.count("C_Login"), calls.count("C_Sign")) == (0, 0)
    assert calls.count("C_OpenSession") > 0
    checks = {each["name"]: each for each in answer["checks"]}
    assert checks["tokens"]["grade"] == "good"
    for said in (f"{LEADER}: Nguyễn Văn Mẫu, 999 days left", f"{OFFICE}: ", "SHA-256 "):
        assert said in checks["tokens"]["found"]
    assert checks["key leader"]["found"] == "Nguyễn Văn Mẫu, 999 days left"


def test_doctor_warns_of_a_token_whose_pin_was_wrong_before(clerk: Clerk, tmp_path: Path) -> None:
    with watched(tmp_path / "calls", wrong=2, limit=3) as calls:
        _code, answer = clerk.asks("doctor")
    check = next(each for each in answer["checks"] if each["name"] == "tokens")
    assert check["grade"] == "doubtful"
    assert "ONE try is left" in check["found"]
    assert check["cure"]
    assert calls.count("C_Login") == 0


@pytest.fixture
def remote(vn: Authorities) -> Iterator[CscServer]:
    with csc_server(vn, ["leader"]) as service:
        yield service


def through(clerk: Clerk, remote: CscServer, pin: str) -> None:
    """Let the leader sign through the remote service."""
    for name, value in (("csc-token", remote.token), ("csc-pin", pin)):
        path = clerk.office.folder / "secrets" / name
        path.write_text(value, "utf-8")
        path.chmod(0o600)
    known = {"role": "person", "kind": "csc", "url": remote.url, "credential": "leader"}
    secrets = {"access": "file:secrets/csc-token", "secret": "file:secrets/csc-pin"}
    assets.change(clerk.office, {"keys.leader": {**known, **secrets}})


def test_a_remote_service_signs_a_batch(clerk: Clerk, remote: CscServer) -> None:
    through(clerk, remote, remote.pin)
    paths = assets.drafts(clerk.office.papers, 3)
    assert clerk.types("sign", *map(str, paths), "--as", "person") == 0, clerk.said
    assert [assets.pdfsig(each.with_suffix(".signed.pdf")) for each in paths] == [["Signature is Valid."]] * 3


def test_a_wrong_pin_at_a_remote_service_is_tried_once(clerk: Clerk, remote: CscServer) -> None:
    through(clerk, remote, "000000")
    paths = assets.drafts(clerk.office.papers, 3)
    code, answer = clerk.asks("sign", *map(str, paths), "--as", "person")
    assert (code, remote.tries) == (2, 1), answer
    assert results(clerk) == []


def test_an_access_token_that_has_expired_is_said_to_be_so_before_the_pin(clerk: Clerk, remote: CscServer) -> None:
    through(clerk, remote, remote.pin)
    remote.token = "another"  # what this office holds has expired
    code, answer = clerk.asks("sign", str(clerk.draft()), "--as", "person")
    assert (code, answer["error"]["code"], remote.tries) == (2, "signing.remote_refused", 0)
    assert "expired" in answer["error"]["hint"]
    assert results(clerk) == []
