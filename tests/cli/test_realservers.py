"""The same commands against Dovecot and Postfix, with TLS: nothing is made for the practice servers only."""

import email
import email.policy
import os
import re
import shutil
import smtplib
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from imapclient import IMAPClient
from tests import offices, realservers
from tests.cli.commands import Clerk
from tests.offices import NOW

from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.mailboxes import mailbox
from vanthu_cli.sandbox.office import AGENCIES, BOUNCES, INTERNET, PASSWORD, WAN, PracticeOffice

pytestmark = pytest.mark.realserver


def inject(servers: realservers.RealServers, sender: str, recipient: str, raw: bytes) -> None:
    with smtplib.SMTP(servers.host, servers.mx, timeout=30) as smtp:
        smtp.sendmail(sender, [recipient], raw)


@pytest.fixture
def real(
    template: PracticeOffice, capsys: pytest.CaptureFixture[str]
) -> Iterator[tuple[Clerk, realservers.RealServers]]:
    """Give a clerk whose mailboxes are on Dovecot and Postfix; the practice servers only stamp the time."""
    reason = realservers.missing()
    if reason:
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    users = {
        address: PASSWORD
        for each in AGENCIES
        for address in (each.wan, each.internet)
        if address and address != BOUNCES
    }
    with TemporaryDirectory(prefix="vanthu-real-") as name:
        Path(name).chmod(0o755)
        office = offices.copy(template, Path(name) / "office")
        with realservers.real_servers(Path(name) / "servers", users, office.pki) as servers, offices.served(office):
            text = office.config.read_text("utf-8")
            text = re.sub(r'(imap = \{ host = "127.0.0.1", port = )\d+', rf"\g<1>{servers.imaps}", text)
            text = re.sub(r'(smtp = \{ host = "127.0.0.1", port = )\d+', rf"\g<1>{servers.submission}", text)
            office.config.write_text(text, "utf-8")
            yield Clerk(office, capsys), servers


def test_a_day_runs_on_dovecot_and_postfix(real: tuple[Clerk, realservers.RealServers]) -> None:
    clerk, servers = real
    correspondents.arrivals(clerk.office, NOW.astimezone(VIETNAM), today(NOW))
    for address in (WAN, INTERNET):
        for raw in mailbox(clerk.office.folder, address):
            inject(servers, "doi-tac@haiduong.gov.vn", address, raw)
    states: dict[str, tuple[str, str]] = {}
    deadline = time.monotonic() + 30
    while len(states) < 9 and time.monotonic() < deadline:
        code, answer = clerk.asks("fetch")
        assert code == 0, answer
        states |= {each["id"]: (each["verdict"], each["state"]) for each in answer["documents"]}
        time.sleep(0.3)
    assert sorted(states.values(), key=str) == sorted(
        [
            ("invalid", "waiting"), ("unsigned", "waiting"), ("unsigned", "waiting"), ("valid", "accepted"), ("valid", "accepted"),
            ("valid", "waiting"), ("valid", "waiting"), (None, "quarantined"), (None, "waiting"),
        ],
        key=str,
    )  # fmt: skip
    code, answer = clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--to", "SNV", "--yes")
    assert (code, [each["state"] for each in answer["deliveries"]]) == (0, ["handed-over", "handed-over"])
    assert answer["deliveries"][0]["answer"].startswith("250 ")
    clerk.types("doctor")
    assert "✗" not in clerk.said
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert clerk.asks("fetch")[0] == 0
        letters = clerk.asks("register", "show", "01-CV/TU")[1]["deliveries"]
        if {each["state"] for each in letters} == {"delivered"}:
            return
        time.sleep(0.3)
    raise AssertionError(letters)


def test_answers_of_postfix_are_told_apart_for_each_recipient(real: tuple[Clerk, realservers.RealServers]) -> None:
    clerk, _servers = real
    for agency, address in (
        ("G", "greylist@haiduong.gov.vn"),
        ("B", "blocked@haiduong.gov.vn"),
        ("K", "khong-co@haiduong.gov.vn"),
        ("N", "bounce@haiduong.gov.vn"),
    ):
        assert clerk.types("directory", "add", agency, "--name", f"Cơ quan {agency}", "--internet", address) == 0
    to = [word for each in ("BTCTU", "G", "B", "K", "N") for word in ("--to", each)]
    code, answer = clerk.asks("sign-send", str(clerk.signed_draft()), *to, "--yes")
    assert code == 3
    assert {each["agency"]: (each["state"], (each["answer"] or "")[:3]) for each in answer["deliveries"]} == {
        "BTCTU": ("handed-over", "250"), "G": ("queued", "450"), "B": ("refused", "550"), "K": ("refused", "550"), "N": ("handed-over", "250"),
    }  # fmt: skip
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        clerk.asks("fetch")
        letters = {
            each["agency"]: each["state"] for each in clerk.asks("register", "show", "01-CV/TU")[1]["deliveries"]
        }
        if letters["N"] == "bounced":
            break
        time.sleep(0.5)
    assert letters["N"] == "bounced"
    assert letters["BTCTU"] in {"handed-over", "delivered"}


def test_a_counterpart_with_an_ordinary_mail_program_sends_receives_and_replies(
    real: tuple[Clerk, realservers.RealServers], tmp_path: Path
) -> None:
    """swaks sends us a signed document, we send one, the counterpart opens it and answers in words by mutt."""
    missing = [name for name in ("swaks", "mutt") if shutil.which(name) is None]
    if missing:
        assert os.environ.get("CI") != "true", missing
        pytest.skip(f"not installed: {missing}")
    clerk, servers = real
    snv, sender = tmp_path / "16-SNV-VP.pdf", "vanthu.snv@haiduong.gov.vn"
    page = correspondents.state_page(
        "SNV", "Lê Thị Mẫu", number=16, symbol="SNV-VP", day=NOW.astimezone(VIETNAM).date(), subject="Báo cáo bổ sung"
    )
    snv.write_bytes(correspondents.signed(clerk.office, page, "SNV"))
    sent = ["swaks", "--server", servers.host, "--port", str(servers.mx), "--from", sender, "--to", INTERNET]
    told = [*sent, "--header", "Subject: Bao cao", "--body", "Kinh gui", "--attach-type", "application/pdf"]
    subprocess.run([*told, "--attach-name", snv.name, "--attach", f"@{snv}"], check=True, capture_output=True)
    found = until(clerk, lambda answer: answer["documents"])
    assert [(each["verdict"], each["state"], each["from"]) for each in found] == [("valid", "accepted", sender)]

    identity = clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "SNV", "--yes")[1]["document"]["id"]
    letter = email.message_from_bytes(arrived(servers, clerk, sender, "01-CV/TU"), policy=email.policy.default)
    files = {part.get_filename(): part.get_content() for part in letter.iter_attachments()}
    assert set(files) == {"01-CV-TU.pdf", "01-CV-TU.edxml"}
    opened = tmp_path / "nhan.pdf"
    opened.write_bytes(files["01-CV-TU.pdf"])
    assert clerk.asks("verify", str(opened))[1]["files"][0]["verdict"] == "valid"
    text = letter.get_body()
    assert text is not None
    assert "đề nghị xác nhận" in text.get_content().lower()

    settings = [
        f'set smtp_url="smtp://{servers.host}:{servers.mx}/"',
        f'set from="{sender}"',
        f'set ssl_ca_certificates_file="{clerk.office.pki.tls_ca}"',
    ]
    commands = [word for each in [*settings, f"my_hdr In-Reply-To: {letter['Message-ID']}"] for word in ("-e", each)]
    answer = ["mutt", "-n", "-F", "/dev/null", *commands, "-s", "Re: 01-CV/TU", "--", INTERNET]
    done = subprocess.run(
        answer, input="Da nhan duoc, xin cam on.\n", text=True, capture_output=True, check=False,
        env=os.environ | {"HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    until(clerk, lambda answer: [each for each in answer["receipts"] if each["kind"] == "reply"])
    assert [each["words"] for each in clerk.asks("status")[1]["replied"]] == ["Da nhan duoc, xin cam on."]
    assert clerk.asks("send", identity, "--received", "SNV")[0] == 0
    assert clerk.asks("status")[1]["unacknowledged"] == []


def until(clerk: Clerk, wanted: Callable[[dict[str, Any]], list[Any]]) -> list[Any]:
    """Fetch until something wanted has come."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        code, answer = clerk.asks("fetch")
        assert code == 0, answer
        if found := wanted(answer):
            return found
        time.sleep(0.3)
    raise AssertionError(answer)


def arrived(servers: realservers.RealServers, clerk: Clerk, address: str, subject: str) -> bytes:
    """Return the letter with that subject from a counterpart's mailbox."""
    deadline = time.monotonic() + 30
    tls = ssl.create_default_context(cafile=str(clerk.office.pki.tls_ca))
    while time.monotonic() < deadline:
        with IMAPClient(servers.host, servers.imaps, ssl_context=tls) as client:
            client.login(address, PASSWORD)
            client.select_folder("INBOX", readonly=True)
            for uid in client.search(["SUBJECT", subject]):
                raw: bytes = client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
                return raw
        time.sleep(0.3)
    raise AssertionError(subject)
