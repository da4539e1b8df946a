"""The real servers of the tests work: a message goes through Postfix to Dovecot and is fetched again."""

import os
import smtplib
import ssl
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient, SocketTimeout
from tests.realservers import RealServers, missing, real_servers

from vanthu_cli.sandbox.pki import PracticePki, build_pki

pytestmark = pytest.mark.realserver

CLERK, OFFICE = "vanthu@tuhaiduong", "ubnd@haiduong.gov.vn"
USERS = {CLERK: "Intranet-1", OFFICE: "Internet-1"}
LETTER = (
    b"Message-ID: <thu-1@tuhaiduong>\r\nFrom: vanthu@tuhaiduong\r\nSubject: Th=E1=BB=AD\r\n\r\nxin ch\xc3\xa0o\r\n.\r\n"
)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[RealServers, PracticePki]]:
    reason = missing()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="vanthu-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # Dovecot and Postfix enter it as users of their own
        pki = build_pki(folder / "pki", datetime.now(UTC), key="p-256")
        with real_servers(folder, USERS, pki) as running:
            yield running, pki


def _submission(running: RealServers, pki: PracticePki) -> smtplib.SMTP:
    client = smtplib.SMTP("localhost", running.submission, timeout=10)
    client.starttls(context=ssl.create_default_context(cafile=str(pki.tls_ca)))
    client.login(CLERK, USERS[CLERK])
    return client


def _inbox(running: RealServers, pki: PracticePki, user: str) -> Any:
    client = IMAPClient("localhost", running.imap, ssl=False, timeout=SocketTimeout(5, 10))
    client.starttls(ssl.create_default_context(cafile=str(pki.tls_ca)))
    client.login(user, USERS[user])
    client.select_folder("INBOX", readonly=True)
    return client


def _wait_for_mail(client: Any, criteria: list[str]) -> bytes:
    end = time.monotonic() + 15
    while time.monotonic() < end:
        if uids := client.search(criteria):
            raw: bytes = client.fetch(uids[-1:], ["BODY.PEEK[]"])[uids[-1]][b"BODY[]"]
            return raw
        time.sleep(0.1)
        client.noop()
    pytest.fail("no mail came")


def test_a_letter_from_the_dotless_domain_arrives_unchanged(servers: tuple[RealServers, PracticePki]) -> None:
    with _submission(*servers) as smtp:
        assert smtp.sendmail(CLERK, [OFFICE], LETTER) == {}
    with _inbox(*servers, OFFICE) as imap:
        raw = _wait_for_mail(imap, ["HEADER", "Message-ID", "thu-1@tuhaiduong"])
    assert raw.endswith(LETTER)


def test_refused_recipients_get_the_answers_of_the_bench(servers: tuple[RealServers, PracticePki]) -> None:
    wrong = ["greylist@tuhaiduong", "blocked@haiduong.gov.vn", "nobody-here@tuhaiduong"]
    with _submission(*servers) as smtp:
        refused = smtp.sendmail(CLERK, [OFFICE, *wrong], LETTER)
    assert [refused[address][0] for address in wrong] == [450, 550, 550]
    assert [refused[address][1][:5] for address in wrong] == [b"4.2.0", b"5.7.1", b"5.1.1"]


def test_an_accepted_letter_may_come_back_as_a_delivery_report(servers: tuple[RealServers, PracticePki]) -> None:
    with _submission(*servers) as smtp:
        assert smtp.sendmail(CLERK, ["bounce@haiduong.gov.vn"], LETTER, ["ENVID=thu-7"]) == {}
    with _inbox(*servers, CLERK) as imap:
        raw = _wait_for_mail(imap, ["FROM", "MAILER-DAEMON"])
    assert b"Original-Envelope-Id: thu-7" in raw
    assert b"Final-Recipient: rfc822; bounce@haiduong.gov.vn" in raw
    assert b"Status: 5.1.1" in raw
