"""Whose certificates an office believes: nothing gets in by itself, nothing old stays unnoticed."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)
from hypothesis import given
from hypothesis import strategies as st
from tests.authorities import served
from tests.validation.conftest import Holder, issue

from vanthu_cli.__main__ import main
from vanthu_cli.cli.run import clock
from vanthu_cli.errors import MisuseError
from vanthu_cli.procedures.trust import Entry, concerns, find, store
from vanthu_cli.validation.trust import load_trust

NOW = clock().replace(microsecond=0)
DAY = timedelta(days=1)
ROOT = issue("RootCA thực hành G2", None, ca=True)
PARTY = issue("CA phục vụ các cơ quan Đảng", ROOT, ca=True)
STATE = issue("CA phục vụ các cơ quan Nhà nước", ROOT, ca=True)
LEADER = issue("Nguyễn Văn Mẫu", PARTY)
GONE = issue("CA đã hết hạn", None, ca=True, since=NOW - 900 * DAY, until=NOW - DAY)
CONFIG = """
[office]
name = "Sở Nội vụ"
code = "SNV"
symbol = "SNV"
kind = "state"
place = "Hải Dương"
data_dir = "data"
[trust]
dir = "trust"
"""


class Administrator:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.config, self.capsys = folder, folder / "config.toml", capsys
        self.config.write_text(CONFIG, "utf-8")
        self.trust = folder / "trust"

    def asks(self, *words: object) -> tuple[int, Any]:
        self.capsys.readouterr()
        code = main(["--config", str(self.config), "--lang", "en", "--json", "trust", *map(str, words)])
        return code, json.loads(self.capsys.readouterr().out)

    def refused(self, *words: object) -> tuple[int, str]:
        before = self.files
        code, answer = self.asks(*words)
        assert self.files == before
        assert answer["error"]["message"]
        return code, answer["error"]["code"]

    def says(self, *words: object) -> str:
        self.capsys.readouterr()
        assert main(["--config", str(self.config), "--lang", "en", "trust", *map(str, words)]) == 0
        return self.capsys.readouterr().out

    def file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    @property
    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.trust)): path.read_bytes() for path in self.trust.rglob("*") if path.is_file()
        }

    @property
    def believed(self) -> set[bytes]:
        return set(load_trust([self.trust] if self.trust.is_dir() else [], "ignore").anchors)

    @property
    def lists(self) -> set[bytes]:
        return set(load_trust([self.trust], "ignore").crls)

    def warnings(self) -> set[str]:
        return {each["code"] for entry in self.asks("list")[1]["entries"] for each in entry["warnings"]}


@pytest.fixture
def admin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Administrator:
    return Administrator(tmp_path, capsys)


def armored(*holders: Holder) -> bytes:
    return b"".join(pem.armor("CERTIFICATE", holder.der) for holder in holders)


def revocations(
    issuer: Holder,
    made: float = -1,
    due: float | None = 1,
    number: int = 1,
    *extensions: x509.ExtensionType,
    key: Any = None,
) -> bytes:
    """Return a list made and due so many days from now."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(NOW + made * DAY)
        .next_update(NOW + (due or 0) * DAY)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for each in extensions:
        builder = builder.add_extension(each, critical=True)
    return builder.sign(key or issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def point(name: str | None, *, indirect: bool = False) -> x509.IssuingDistributionPoint:
    where = [x509.UniformResourceIdentifier(name)] if name else None
    return x509.IssuingDistributionPoint(where, None, False, False, None, indirect, False)


def test_an_office_believes_nobody_until_a_person_has_compared_and_added(admin: Administrator) -> None:
    assert "every signature will be unknown" in admin.says("list")
    file = admin.file("dang.cer", PARTY.der)
    told = ":".join(PARTY.fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    code, answer = admin.asks("add", file, "--fingerprint", told)
    assert (code, [each["sha256"] for each in answer["added"]]) == (0, [PARTY.fingerprint])
    name = f"ca-phuc-vu-cac-co-quan-dang-{PARTY.fingerprint[:8]}.crt"
    assert list(admin.files) == [name]
    assert stat.S_IMODE((admin.trust / name).stat().st_mode) == 0o644
    assert admin.believed == {PARTY.der}
    (entry,) = admin.asks("list")[1]["entries"]
    assert (entry["kind"], entry["subject"], entry["issuer_in_store"]) == (
        "anchor",
        "CA phục vụ các cơ quan Đảng",
        None,
    )
    assert "not in the trust folder" in admin.says("list")


def test_what_is_there_already_is_said_and_nothing_is_written_twice(admin: Administrator) -> None:
    file = admin.file("goc.pem", armored(ROOT))
    assert admin.asks("add", file, "--yes")[0] == 0
    before = admin.files
    code, answer = admin.asks("add", file, file)
    assert (code, answer["added"], answer["present"]) == (0, [], [ROOT.fingerprint])
    assert admin.files == before


def test_what_is_believed_is_never_written_over(admin: Administrator) -> None:
    admin.trust.mkdir()
    theirs = admin.trust / f"ca-phuc-vu-cac-co-quan-dang-{PARTY.fingerprint[:8]}.crt"
    theirs.write_bytes(armored(ROOT))
    assert admin.asks("add", admin.file("dang.cer", PARTY.der), "--yes")[0] == 0
    assert admin.believed == {ROOT.der, PARTY.der}


def test_without_a_terminal_a_fingerprint_or_a_yes_is_needed_and_it_must_be_the_right_one(admin: Administrator) -> None:
    file = admin.file("dang.cer", PARTY.der)
    assert admin.refused("add", file) == (2, "prompt.no_terminal")
    assert admin.refused("add", file, "--fingerprint", STATE.fingerprint) == (5, "trust.fingerprint")
    assert admin.refused("add", file, "--fingerprint", PARTY.fingerprint[:16]) == (2, "trust.fingerprint_part")
    both = ("--fingerprint", PARTY.fingerprint, "--fingerprint", STATE.fingerprint)
    assert admin.refused("add", file, *both) == (2, "trust.fingerprint_unused")
    bundle = admin.file("hai.pem", armored(PARTY, STATE))
    assert admin.refused("add", bundle, "--fingerprint", PARTY.fingerprint) == (5, "trust.fingerprint")
    assert admin.asks("add", bundle, *both)[0] == 0
    assert admin.believed == {PARTY.der, STATE.der}


def test_a_dry_run_writes_nothing(admin: Administrator) -> None:
    code, answer = admin.asks("add", admin.file("dang.cer", PARTY.der), "--dry-run")
    assert (code, len(answer["added"]), answer["files"]) == (0, 1, [])
    assert not admin.trust.exists()
    admin.asks("add", admin.folder / "dang.cer", "--yes")
    before = admin.files
    assert admin.asks("remove", PARTY.fingerprint[:8], "--dry-run")[0] == 0
    source = admin.file("a.crl", revocations(PARTY))
    assert admin.asks("import-crl", source, "--dry-run")[0] == 0
    assert admin.files == before


def _key(encoding: Encoding, shape: PrivateFormat, password: bytes = b"") -> bytes:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return PARTY.key.private_bytes(encoding, shape, lock)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (lambda: LEADER.der, (5, "trust.not_ca")),
        (lambda: GONE.der, (5, "trust.expired")),
        (lambda: armored(PARTY) + _key(Encoding.PEM, PrivateFormat.PKCS8), (5, "trust.private_key")),
        (lambda: _key(Encoding.PEM, PrivateFormat.TraditionalOpenSSL), (5, "trust.private_key")),
        (lambda: _key(Encoding.DER, PrivateFormat.PKCS8), (5, "trust.private_key")),
        (lambda: _key(Encoding.DER, PrivateFormat.PKCS8, b"x"), (5, "trust.private_key")),
        (
            lambda: pkcs12.serialize_key_and_certificates(b"", PARTY.key, PARTY.certificate, None, NoEncryption()),
            (5, "trust.private_key"),
        ),
        (lambda: revocations(ROOT), (2, "trust.is_list")),
        (lambda: b"", (2, "trust.unreadable")),
        (lambda: b"<html>Xin ch\xc3\xa0o</html>", (2, "trust.unreadable")),
        (lambda: ROOT.der[:-1], (2, "trust.unreadable")),
        (lambda: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", (2, "trust.unreadable")),
        (lambda: armored(ROOT) + b"x" * (1 << 20), (2, "trust.too_large")),
    ],
)  # fmt: skip
def test_what_does_not_belong_there_keeps_the_whole_command_from_writing(
    data: Callable[[], bytes], refusal: tuple[int, str], admin: Administrator
) -> None:
    good = admin.file("goc.crt", ROOT.der)
    assert admin.refused("add", good, admin.file("la.crt", data()), "--yes") == refusal
    assert not admin.trust.exists()


def test_a_missing_file_and_an_archive_s_expired_authority(admin: Administrator) -> None:
    assert admin.refused("add", admin.folder / "none.crt", "--yes") == (2, "trust.file")
    assert admin.asks("add", admin.file("cu.crt", GONE.der), "--expired", "--yes")[0] == 0
    assert admin.warnings() == {"expired"}


def test_a_bundle_gives_its_authorities_and_leaves_the_signer_out(admin: Administrator) -> None:
    chain = [each.certificate for each in (LEADER, PARTY, ROOT)]
    for name, encoding in (("der.p7b", Encoding.DER), ("pem.p7b", Encoding.PEM)):
        bundle = admin.file(name, pkcs7.serialize_certificates(chain, encoding))
        code, answer = admin.asks("add", bundle, "--yes", "--dry-run")
        assert (code, {each["sha256"] for each in answer["added"]}) == (0, {PARTY.fingerprint, ROOT.fingerprint})
        assert answer["left_out"] == [LEADER.fingerprint]
    assert admin.asks("add", bundle, "--yes")[0] == 0
    assert admin.believed == {PARTY.der, ROOT.der}


def test_one_of_several_in_a_file_can_be_removed_and_the_file_as_it_was_is_kept(admin: Administrator) -> None:
    admin.trust.mkdir()
    whole = b"# the administrator's own file\n" + armored(ROOT, PARTY, STATE)
    (admin.trust / "tat-ca.pem").write_bytes(whole)
    assert admin.refused("remove", "nhà nước") == (2, "prompt.no_terminal")
    code, answer = admin.asks("remove", "nhà nước", "--yes")
    assert (code, [each["sha256"] for each in answer["removed"]]) == (0, [STATE.fingerprint])
    assert admin.believed == {ROOT.der, PARTY.der}
    assert Path(answer["kept_in"][0]).read_bytes() == whole
    code, answer = admin.asks("remove", "tat-ca.pem", "--yes")
    assert (code, len(answer["removed"])) == (0, 2)
    assert admin.believed == set()
    assert len({*admin.files}) == 2, "the second file removed does not overwrite the first"


def test_removing_says_what_hangs_on_it_and_that_nothing_is_left(admin: Administrator) -> None:
    admin.asks("add", admin.file("hai.pem", armored(ROOT, PARTY)), "--yes")
    assert "CA phục vụ các cơ quan Đảng" in admin.says("remove", ROOT.fingerprint, "--yes").split("Issued by it", 1)[1]
    assert "every signature will be unknown" in admin.says("remove", "đảng", "--yes")


def test_show_gives_what_is_compared_on_the_phone_and_asks_no_address(admin: Administrator) -> None:
    leaf = issue("Phạm Thị Thử", PARTY, ocsp_at="http://127.0.0.1:1/ocsp")
    admin.trust.mkdir()
    (admin.trust / "tat-ca.pem").write_bytes(armored(ROOT, PARTY, leaf))
    shown = admin.says("show", "RootCA")
    whole = ":".join(ROOT.certificate.fingerprint(hashes.SHA1()).hex()[at : at + 2] for at in range(0, 40, 2)).upper()  # noqa: S303  as shown
    assert whole in shown
    (entry,) = admin.asks("show", PARTY.fingerprint[:6])[1]["entries"]
    assert (entry["key"], entry["usage"]) == ("EC secp256r1", ["key cert sign", "crl sign"])
    assert [each["subject"] for each in entry["issued"]] == ["Phạm Thị Thử"]
    assert admin.asks("show", "phạm thị thử")[1]["entries"][0]["urls"] == ["http://127.0.0.1:1/ocsp"]


ENTRIES = [Entry(Path("tat-ca.pem"), "anchor", each.der) for each in (ROOT, PARTY, STATE)]


@given(st.sampled_from(ENTRIES), st.integers(12, 64), st.sampled_from(["", ":", " "]), st.booleans())
def test_the_beginning_of_a_fingerprint_is_enough_however_it_is_written(
    entry: Entry, digits: int, between: str, upper: bool
) -> None:
    begun = entry.sha256[:digits]
    typed = between.join(begun[at : at + 2] for at in range(0, digits, 2))
    assert find(ENTRIES, typed.upper() if upper else typed) == [entry]


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("ca phuc vu", "trust.ambiguous"),
        ("khong co", "trust.unknown"),
        ("", "trust.unknown"),
        ("00000", "trust.unknown"),
    ],
)
def test_what_is_not_clear_is_refused(typed: str, refusal: str) -> None:
    with pytest.raises(MisuseError) as caught:
        find(ENTRIES, typed)
    assert caught.value.code == refusal
    assert caught.value.hint


@pytest.mark.parametrize(
    ("left", "expected"),
    [(timedelta(hours=5), "expires-within-7"), (8 * DAY, "expires-within-30"), (31 * DAY, "expires-within-60"),
     (61 * DAY, None), (-DAY, "expired")],
)  # fmt: skip
def test_the_end_of_a_certificate_is_announced(left: timedelta, expected: str | None) -> None:
    entry = Entry(Path("a.crt"), "anchor", issue("CA", None, ca=True, until=NOW + left).der)
    assert [each.code for each in concerns([entry], NOW)[0]] == ([expected] if expected else [])


def test_weak_and_doubtful_things_are_listed_and_doctor_says_so_too(
    admin: Administrator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(admin.config), "init", "--from", str(admin.config)]) == 0
    weak = issue("CA yếu", ROOT, ca=True, key=rsa.generate_private_key(65537, 1024))  # noqa: S505  the point
    admin.trust.mkdir(exist_ok=True)
    (admin.trust / "a.pem").write_bytes(armored(ROOT, weak))
    (admin.trust / "b.crt").write_bytes(ROOT.der)
    (admin.trust / "c.crl").write_bytes(revocations(PARTY))
    (admin.trust / "d.crl").write_bytes(revocations(ROOT, -9, -2))
    (admin.trust / "e.crl").write_bytes(revocations(ROOT, -8, -1))
    (admin.trust / "f.crl").write_bytes(revocations(ROOT, key=PARTY.key))
    doubts = {
        (each["file"], warning["code"]) for each in admin.asks("list")[1]["entries"] for warning in each["warnings"]
    }
    assert doubts == {
        ("a.pem", "weak-key"), ("b.crt", "duplicate"), ("c.crl", "issuer-missing"), ("d.crl", "outdated"),
        ("d.crl", "superseded"), ("e.crl", "outdated"), ("e.crl", "superseded"), ("f.crl", "false-signature"),
    }  # fmt: skip
    capsys.readouterr()
    main(["--config", str(admin.config), "--lang", "en", "--json", "doctor"])
    (check,) = [each for each in json.loads(capsys.readouterr().out)["checks"] if each["name"] == "trust"]
    assert check["grade"] == "doubtful"
    assert "weak" in check["found"]


def test_a_sha1_signature_is_pointed_out_on_an_intermediate_and_not_on_a_root() -> None:
    sha256, sha1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
    root = issue("RootCA G1", None, ca=True, key=rsa.generate_private_key(65537, 2048))
    ders = [each.der.replace(sha256, sha1) for each in (root, issue("CA G1", root, ca=True))]
    found = concerns([Entry(Path("g1.pem"), "anchor", der) for der in ders], NOW)
    assert [[each.code for each in doubts] for doubts in found] == [[], ["sha1"]]


def test_a_file_that_stops_every_judgement_is_listed_and_can_be_removed(admin: Administrator) -> None:
    admin.trust.mkdir()
    (admin.trust / "ghi-chu.txt").write_text("đừng xóa", "utf-8")
    assert admin.warnings() == {"unreadable"}
    assert admin.asks("show", "ghi-chu.txt")[0] == 0
    assert admin.asks("remove", "ghi-chu.txt", "--yes")[0] == 0
    assert admin.believed == set()


@pytest.fixture
def party(admin: Administrator) -> Administrator:
    admin.asks("add", admin.file("ca.pem", armored(ROOT, PARTY)), "--yes")
    return admin


def test_a_newer_list_replaces_the_older_one_and_never_the_other_way_round(party: Administrator) -> None:
    old, new = revocations(PARTY, -3), pem.armor("X509 CRL", revocations(PARTY, -1))
    assert party.asks("import-crl", party.file("1.crl", old))[0] == 0
    assert party.asks("import-crl", party.file("1.crl", old))[1]["present"] is True
    assert party.asks("import-crl", party.file("2.crl", new))[0] == 0
    assert party.lists == {pem.unarmor(new)[2]}
    assert party.refused("import-crl", party.file("1.crl", old)) == (5, "trust.list_older")
    (party.trust / "tay.crl").write_bytes(revocations(PARTY, -0.5))
    newest = revocations(PARTY, -0.1)
    code, answer = party.asks("import-crl", party.file("3.crl", newest))
    assert (code, len(answer["replaces"])) == (0, 2)
    assert party.lists == {newest}


def test_an_outdated_list_is_taken_with_a_warning_for_it_still_proves_revocations(party: Administrator) -> None:
    code, answer = party.asks("import-crl", party.file("cu.crl", revocations(PARTY, -40, -10)))
    assert (code, [each["code"] for each in answer["list"]["warnings"]]) == (0, ["outdated"])
    assert party.warnings() == {"outdated"}


def test_lists_of_other_distribution_points_are_kept_apart(party: Administrator) -> None:
    parts = [revocations(PARTY, -1 - at, 1, 1, point(f"http://127.0.0.1:1/{at}.crl")) for at in range(3)]
    for position, data in enumerate(parts):
        assert party.asks("import-crl", party.file(f"{position}.crl", data))[0] == 0
    assert party.lists == set(parts)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (lambda: revocations(STATE), (5, "trust.list_issuer")),
        (lambda: revocations(PARTY, key=STATE.key), (5, "trust.list_false")),
        (lambda: revocations(PARTY, -1, 1, 2, x509.DeltaCRLIndicator(1)), (5, "trust.part_of_list")),
        (lambda: revocations(PARTY, -1, 1, 2, point(None, indirect=True)), (5, "trust.part_of_list")),
        (lambda: revocations(PARTY, 3, 5), (5, "trust.list_of_tomorrow")),
        (lambda: PARTY.der, (2, "trust.no_list")),
        (lambda: b"<html>", (2, "trust.no_list")),
        (lambda: revocations(PARTY)[:-1] + b"\0", (5, "trust.list_false")),
    ],
)
def test_a_list_that_proves_nothing_is_refused(
    data: Callable[[], bytes], refusal: tuple[int, str], party: Administrator
) -> None:
    assert party.refused("import-crl", party.file("la.crl", data())) == refusal
    assert party.lists == set()


def test_a_list_comes_from_an_allowed_server_and_from_no_other(party: Administrator) -> None:
    data, asked = revocations(PARTY), list[str]()

    def answer(environ: dict[str, Any], start: Any) -> list[bytes]:
        asked.append(environ["PATH_INFO"])
        found = environ["PATH_INFO"] == "/dang.crl"
        start("200 OK" if found else "404 Not Found", [("Content-Type", "application/pkix-crl")])
        return [data if found else b""]

    with served(answer) as host:
        assert party.refused("import-crl", f"http://{host}/dang.crl") == (5, "trust.host")
        assert party.refused("import-crl", f"HTTP://127.0.0.1.example@{host}/dang.crl") == (5, "trust.host")
        assert asked == []
        party.config.write_text(CONFIG + f'hosts = ["{host}"]\n', "utf-8")
        assert party.refused("import-crl", f"http://{host}/khong-co.crl") == (6, "trust.silent")
        assert party.asks("import-crl", f"http://{host}/dang.crl")[0] == 0
    assert party.lists == {data}
    assert party.refused("import-crl", f"http://{host}/dang.crl") == (6, "trust.silent")


def test_every_change_stands_in_the_register(admin: Administrator) -> None:
    assert main(["--config", str(admin.config), "init", "--from", str(admin.config)]) == 0
    admin.asks("add", admin.file("dang.cer", PARTY.der), "--fingerprint", PARTY.fingerprint)
    admin.asks("import-crl", admin.file("dang.crl", revocations(PARTY)))
    admin.asks("remove", PARTY.fingerprint, "--yes")
    admin.asks("add", admin.folder / "dang.cer", "--dry-run")
    with sqlite3.connect(admin.folder / "data" / "register.sqlite") as book:
        rows = [json.loads(row[0]) for row in book.execute("SELECT data FROM event WHERE kind = 'trust' ORDER BY id")]
    book.close()
    assert [row["change"] for row in rows] == ["add", "import-crl", "remove"]
    assert rows[0]["name"] == "CA phục vụ các cơ quan Đảng"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="a terminal of this system can't be played")
@pytest.mark.parametrize(("typed", "code", "added"), [("n\n", 2, set()), ("có\n", 0, {PARTY.der})])
def test_at_a_terminal_one_question_is_asked(typed: str, code: int, added: set[bytes], admin: Administrator) -> None:
    file = admin.file("dang.cer", PARTY.der)
    ours, theirs = os.openpty()
    os.write(ours, typed.encode())
    words = ["--config", str(admin.config), "--lang", "en", "trust", "add", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "vanthu_cli", *words], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, check=False
    )
    said = os.read(ours, 1 << 16).decode()
    os.close(ours)
    os.close(theirs)
    assert done.returncode == code
    assert "through an official channel" in said
    assert ":".join(PARTY.fingerprint[at : at + 2] for at in range(0, 64, 2)).upper() in said
    assert admin.believed == added


def test_what_the_administrator_put_there_by_hand_is_seen(admin: Administrator) -> None:
    (admin.trust / "cu").mkdir(parents=True)
    (admin.trust / "cu" / "goc.pem").write_bytes(armored(ROOT, LEADER))
    (admin.trust / ".an").write_bytes(b"hidden")
    assert [(entry.kind, entry.subject) for entry in store(admin.trust)] == [
        ("anchor", "RootCA thực hành G2"),
        ("other", "Nguyễn Văn Mẫu"),
    ]
    assert {each["file"] for each in admin.asks("list")[1]["entries"]} == {str(Path("cu") / "goc.pem")}
