"""`vanthu verify` as a clerk, a script and an archive use it: many kinds of files, many at once, with and without a network."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from tests.authorities import Authorities, authorities
from tests.cli import assets
from tests.cli.commands import Clerk
from tests.offices import NOW
from tests.validation import attacks

from vanthu_cli.channels.letter import compose
from vanthu_cli.reading.places import find_places
from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.documents import make_docx, make_pdf
from vanthu_cli.sandbox.images import seal_png, signature_png
from vanthu_cli.sandbox.office import PASSWORD, PracticeOffice
from vanthu_cli.sandbox.smime import sign_letter
from vanthu_cli.signing.keys import open_pkcs12
from vanthu_cli.signing.marks import seal_size
from vanthu_cli.signing.pades import seal, sign_person

WATCH = """
import os, sys

def watch(event, arguments):
    if event == "socket.connect" and arguments[0].family.name in {"AF_INET", "AF_INET6"} or event == "socket.getaddrinfo":
        with open(os.environ["WATCHED"], "a") as file:
            print(event, arguments[1:], file=file)

sys.addaudithook(watch)
"""


@pytest.fixture
def quiet(template: PracticeOffice, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Clerk:
    return Clerk(assets.quiet(template, tmp_path / "quiet"), capsys)


def verified(clerk: Clerk, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    code, answer = clerk.asks("verify", *words)
    return code, {Path(each["file"]).name: each for each in answer["files"]}


def letter() -> bytes:
    return compose(
        message_id="<1@x.vn>",
        sender=("Sở Nội vụ", "vanthu.snv@haiduong.gov.vn"),
        recipient=("Văn phòng", "vanthuvptu@haiduong.gov.vn"),
        subject="15/SNV-VP",
        body="Kính gửi\n",
        date=NOW,
        files=[],
        answers=None,
        automatic=False,
    ).raw


@pytest.fixture
def mixed(quiet: Clerk) -> Path:
    """A folder as an office has it: signed and not, of every kind, and what is broken or hostile."""
    folder = quiet.office.papers / "mixed"
    folder.mkdir()
    shutil.move(quiet.signed_draft(), folder / "1.pdf")
    (folder / "2.pdf").write_bytes(correspondents.altered((folder / "1.pdf").read_bytes()))
    (folder / "3.docx").write_bytes(make_docx("văn bản"))
    (folder / "4.xlsx").write_bytes(b"PK\x03\x04 so lieu")
    (folder / "5.xml").write_bytes("<bảng><dòng>1</dòng></bảng>".encode())
    (folder / "6.pdf").write_bytes(b"%PDF-1.7\n" + b"<<" * 100_000)
    (folder / "7.txt").write_bytes(b"ghi ch\xc3\xba")
    (folder / "8.xml").write_bytes(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')
    key = quiet.office.folder / "pki" / "keys" / "SNV-organisation.p12"
    (folder / "9.eml").write_bytes(sign_letter(letter(), key, PASSWORD))
    for name in ("4.xlsx", "5.xml"):
        assert quiet.types("sign", str(folder / name), "--as", "organisation") == 0, quiet.said
    return folder


def test_a_folder_of_everything_is_judged_file_by_file(quiet: Clerk, mixed: Path) -> None:
    code, found = verified(quiet, str(mixed / "*"))
    assert {name: (each["format"], each["verdict"]) for name, each in found.items()} == {
        "1.pdf": ("pdf", "valid"),
        "2.pdf": ("pdf", "invalid"),
        "3.docx": ("ooxml", "unsigned"),
        "4.xlsx": ("unknown", "unknown"),
        "4.xlsx.p7s": ("cms", "valid"),
        "5.signed.xml": ("xml", "valid"),
        "5.xml": ("xml", "unsigned"),
        "6.pdf": ("pdf", "unknown"),
        "7.txt": ("unknown", "unknown"),
        "8.xml": ("xml", "unknown"),
        "9.eml": ("smime", "valid"),
    }
    assert code == 4
    assert quiet.types("verify", str(mixed / "*"), "--jobs", "2") == 4
    lines = quiet.said.splitlines()
    assert lines[0].split()[:2] == ["Verdict", "File"]
    assert all(any(f"/{name}" in line for line in lines) for name in found)
    assert "INVALID 1, UNKNOWN 4, UNSIGNED 2, VALID 4" in lines[-1]
    assert "Traceback" not in quiet.said


def test_a_detached_signature_needs_its_file(quiet: Clerk, mixed: Path) -> None:
    signature = mixed / "4.xlsx.p7s"
    (mixed / "4.xlsx").rename(mixed / "khac.xlsx")
    code, found = verified(quiet, str(signature))
    assert (code, found["4.xlsx.p7s"]["signatures"][0]["reasons"]) == (7, ["content-missing"])
    assert verified(quiet, str(signature), "--content", str(mixed / "khac.xlsx"))[0] == 0
    assert verified(quiet, str(signature), "--content", str(mixed / "1.pdf"))[0] == 4
    assert (
        quiet.asks("verify", str(signature), str(mixed / "1.pdf"), "--content", "x")[1]["error"]["code"]
        == "verify.content"
    )


def test_a_verdict_is_kept_for_the_day_and_never_across_a_change_of_trust(quiet: Clerk, tmp_path: Path) -> None:
    signed = quiet.signed_draft()
    cache = quiet.office.folder / "data" / "cache" / "verdicts.sqlite"
    assert verified(quiet, str(signed))[0] == 0
    with sqlite3.connect(cache) as opened:
        assert opened.execute("SELECT COUNT(*) FROM verdict").fetchone()[0] == 1
        opened.execute("UPDATE verdict SET judgement = replace(judgement, '\"valid\"', '\"unsigned\"')")
    assert verified(quiet, str(signed))[1][signed.name]["verdict"] == "unsigned"  # it is really read
    trust = quiet.office.folder / "pki" / "trust"
    away = tmp_path / "away.crt"
    (trust / "party.crt").rename(away)
    assert verified(quiet, str(signed))[1][signed.name]["verdict"] != "unsigned"
    away.rename(trust / "party.crt")
    cache.write_bytes(b"no database")
    assert verified(quiet, str(signed))[0] == 0


@pytest.mark.parametrize("hosts", [True, False])
def test_revocation_is_asked_for_only_where_the_configuration_allows_it(
    hosts: bool, quiet: Clerk, tmp_path: Path
) -> None:
    with authorities(tmp_path / "pki") as servers:
        assets.sworn(quiet.office, servers, level="B-B")
        signed = quiet.signed_draft()
        assets.change(quiet.office, {"trust": {"dir": "pki/trust", "hosts": [servers.host] if hosts else []}})
        before = servers.ocsp.asked
        found = verified(quiet, str(signed))[1][signed.name]["signatures"][0]
        assert (found["revocation"], servers.ocsp.asked > before) == ("good" if hosts else "unknown", hosts)
        asked = servers.ocsp.asked
        verified(quiet, str(signed))
        assert servers.ocsp.asked == asked  # the answer is kept
    # The authority is unreachable now: what was answered before still counts, and else it is said to be unknown.
    assert (
        verified(quiet, str(signed), "--offline")[1][signed.name]["signatures"][0]["revocation"] == found["revocation"]
    )
    assert quiet.types("verify", str(signed)) == 0
    assert ("not revoked" if hosts else "revocation unknown") in quiet.said


def test_offline_opens_no_socket_in_any_process(quiet: Clerk, vn: Authorities, tmp_path: Path) -> None:
    assets.sworn(quiet.office, vn, level="B-B")
    signed = quiet.signed_draft()
    assets.change(quiet.office, {"trust": {"dir": "pki/trust", "hosts": [vn.host]}})
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH)
    watched = tmp_path / "watched"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "watch"), *sys.path]),
        "WATCHED": str(watched),
    }

    def run(*words: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "vanthu_cli", "--config", str(quiet.office.config), "--json", "verify"]
        done = subprocess.run(
            [*command, str(signed), *words], env=environment, capture_output=True, text=True, check=False
        )
        answer: dict[str, Any] = json.loads(done.stdout)["files"][0]
        return answer

    assert run("--offline")["signatures"][0]["revocation"] == "unknown"
    assert not watched.exists()
    assert run()["signatures"][0]["revocation"] == "good"
    assert watched.exists()


def test_a_signer_is_learned_on_first_sight_and_counts_when_confirmed(clerk: Clerk) -> None:
    assert clerk.types("directory", "signers") == 0
    before = clerk.said
    database = clerk.office.folder / "data" / "register.sqlite"
    with sqlite3.connect(database) as opened:
        opened.create_function("touched", 3, lambda *_told: None)
        opened.execute("DELETE FROM certificate WHERE agency = 'SNV'")
    correspondents.arrivals(clerk.office, NOW.astimezone(VIETNAM), today(NOW))
    assert clerk.types("fetch") == 0
    seen = clerk.asks("directory", "signers")[1]["seen"]
    guesses = {(each["agency"], each["role"], each["name"]) for each in seen}
    assert ("SNV", "organisation", "Sở Nội vụ") in guesses
    assert ("SNV", "person", "Lê Thị Mẫu") in guesses
    office = next(each for each in seen if each["name"] == "Sở Nội vụ")
    document = str(office["document"])
    assert clerk.types("inbox", "show", document) == 0
    assert f"vanthu directory confirm {office['fingerprint'][:16]} --agency SNV --role organisation" in clerk.said
    assert clerk.asks("directory", "confirm", "abc", "--role", "person")[1]["error"]["code"] == "directory.sighting"
    shown = clerk.asks("inbox", "show", document)[1]
    assert verified(clerk, shown["path"])[1].popitem()[1]["organisation_signed"] is False
    assert clerk.types("directory", "confirm", office["fingerprint"][:12], "--role", "organisation") == 0
    assert verified(clerk, shown["path"])[1].popitem()[1]["organisation_signed"] is True
    assert office["fingerprint"][:16] in before


def numbered_afterwards(office: PracticeOffice) -> bytes:
    """What other tools make: the leader signs without a number, somebody writes it as a note, the office seals all of it."""
    page = correspondents.state_page("SNV", "Lê Thị Mẫu", number=61, symbol="SNV-VP", day=today(NOW), subject="Báo cáo")
    pdf = make_pdf(replace(page, number=None))
    places = find_places(pdf, page.signer)
    paper = BytesIO(pdf)
    person = open_pkcs12(office.key("SNV", "person"), PASSWORD)
    sign_person(paper, person, image=signature_png(page.signer), box=places.signers[0].box)
    blank = places.number
    assert blank is not None
    box = (round(blank.x0), round(blank.y0) - 2, round(blank.x1), round(blank.y0) + 14)
    paper = BytesIO(attacks.add_annotation(paper.getvalue(), box, text="61"))
    key = open_pkcs12(office.key("SNV", "organisation"), PASSWORD)
    image = seal_png("Sở Nội vụ")
    seal(paper, key, image=image, size=seal_size(image, 0), box=places.signers[0].seal)
    return paper.getvalue()


@pytest.mark.parametrize("allowed", [True, False])
def test_what_was_numbered_after_the_leader_is_accepted_by_rule_only(allowed: bool, clerk: Clerk) -> None:
    if allowed:
        text = clerk.office.config.read_text()
        clerk.office.config.write_text(
            text.replace("automatic = true", "automatic = true\nnumbered_after_signing = true")
        )
    pdf = numbered_afterwards(clerk.office)
    correspondents.send(clerk.office, "SNV", "61/SNV-VP", [("61-SNV-VP.pdf", pdf)], NOW)
    code, answer = clerk.asks("fetch")
    (found,) = answer["documents"]
    assert (code, found["verdict"]) == (0, "unknown")
    reasons = {
        text
        for each in clerk.asks("inbox", "show", found["id"])[1]["document"]["judgement"]["signatures"]
        for text in each["reasons"]
    }
    assert {each.partition(":")[0] for each in reasons} == {"numbered-after-signing"}
    assert (found["state"], found["flags"]) == ("accepted" if allowed else "waiting", [])


def test_a_folder_is_judged_whole(quiet: Clerk, mixed: Path) -> None:
    (mixed / "sâu").mkdir()
    shutil.copy(mixed / "1.pdf", mixed / "sâu" / "1.pdf")
    (mixed / ".ẩn").write_bytes(b"x")
    code, answer = quiet.asks("verify", str(mixed))
    assert (code, len(answer["files"])) == (4, 12)
