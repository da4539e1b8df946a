"""The practice servers do what a clerk's mail channel and signer ask of real ones."""

import asyncio
import email
import smtplib
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError
from pyhanko.sign.timestamps import HTTPTimeStamper

from vanthu_cli.sandbox.mailboxes import deliver, mailbox
from vanthu_cli.sandbox.pki import PracticePki, build_pki
from vanthu_cli.sandbox.servers import Servers, start_servers

CLERK, OFFICE = "vanthu@tuhaiduong", "ubnd@haiduong.gov.vn"
USERS = {CLERK: 'Intra "net" \\1', OFFICE: "Internet-1"}
LETTER = b"Message-ID: <thu-1@tuhaiduong>\r\nSubject: thu\r\n\r\nxin ch\xc3\xa0o\r\n.\r\n..\r\n"
MARK = "$VanThuDone"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> PracticePki:
    return build_pki(tmp_path_factory.mktemp("pki"), datetime.now(UTC), key="p-256")


@pytest.fixture
def servers(tmp_path: Path, pki: PracticePki) -> Iterator[Servers]:
    answers = {"greylist@haiduong.gov.vn": "450 4.2.0 try again later", "blocked@tuhaiduong": "550 5.7.1 no"}
    with start_servers(tmp_path, USERS, pki, answers=answers, bounces={"bounce@haiduong.gov.vn"}) as running:
        yield running


def _trust(pki: PracticePki) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pki.tls_ca))


def _imap(
    servers: Servers, pki: PracticePki, user: str = CLERK, folder: str = "INBOX", *, readonly: bool = False
) -> Any:
    client = IMAPClient("localhost", servers.ports.imap, ssl=False, timeout=SocketTimeout(5, 20))
    client.starttls(_trust(pki))
    client.login(user, USERS[user])
    client.select_folder(folder, readonly=readonly)
    return client


def _smtp(servers: Servers, pki: PracticePki) -> smtplib.SMTP:
    client = smtplib.SMTP("localhost", servers.ports.smtp, timeout=10)
    client.starttls(context=_trust(pki))
    client.login(CLERK, USERS[CLERK])
    return client


def test_a_delivered_message_is_fetched_byte_for_byte(servers: Servers, pki: PracticePki, tmp_path: Path) -> None:
    odd = b"Subject: line feed only\n\nno end \xff\x00 bare\rreturn\r\n\r\n."
    for raw in (LETTER, odd):
        deliver(tmp_path, CLERK, raw)
    with _imap(servers, pki, readonly=True) as client:
        found = client.fetch(client.search("ALL"), ["BODY.PEEK[]", "RFC822.SIZE", "INTERNALDATE", "FLAGS"])
    assert [found[uid][b"BODY[]"] for uid in (1, 2)] == [LETTER, odd]
    assert [found[uid][b"RFC822.SIZE"] for uid in (1, 2)] == [len(LETTER), len(odd)]
    assert abs((found[1][b"INTERNALDATE"] - datetime.now()).total_seconds()) < 60  # noqa: DTZ005  IMAPClient's own way
    assert found[1][b"FLAGS"] == ()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000))
def test_any_bytes_are_fetched_unchanged(servers: Servers, pki: PracticePki, tmp_path: Path, raw: bytes) -> None:
    deliver(tmp_path, CLERK, raw)  # not by APPEND: Python's imaplib rewrites line ends on the way
    with _imap(servers, pki, readonly=True) as client:
        uid = client.search("ALL")[-1]
        assert client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"] == raw


def test_a_large_message_is_appended_and_fetched(servers: Servers, pki: PracticePki) -> None:
    raw = b"Subject: PDF\r\n\r\n" + b"QUJD" * 19 * 2**16 + b"\r\n"
    with _imap(servers, pki, folder="Sent") as client:
        client.append("Sent", raw, ["\\Seen"], datetime(2026, 4, 28, 9, 30, tzinfo=UTC))
        found = client.fetch([1], ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])[1]
    assert found[b"BODY[]"] == raw
    assert found[b"FLAGS"] == (b"\\Seen",)
    assert found[b"INTERNALDATE"].astimezone(UTC) == datetime(2026, 4, 28, 9, 30, tzinfo=UTC)


def test_slices_and_headers_are_parts_of_the_same_bytes(servers: Servers, pki: PracticePki, tmp_path: Path) -> None:
    deliver(tmp_path, CLERK, LETTER)
    with _imap(servers, pki, readonly=True) as client:
        found = client.fetch([1], ["BODY.PEEK[]<3.10>", "BODY.PEEK[HEADER]", "BODY.PEEK[HEADER.FIELDS (SUBJECT)]"])[1]
    assert found[b"BODY[]<3>"] == LETTER[3:13]
    assert found[b"BODY[HEADER]"] == LETTER[: LETTER.index(b"\r\n\r\n") + 4]
    assert found[b"BODY[HEADER.FIELDS (SUBJECT)]"] == b"Subject: thu\r\n\r\n"


def test_searches_find_what_they_name(servers: Servers, pki: PracticePki, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        deliver(tmp_path, CLERK, LETTER.replace(b"thu-1@", b"thu-%d@" % number))
    with _imap(servers, pki) as client:
        client.add_flags([2], [MARK])
        assert client.search(["UID", "2:*"]) == [2, 3]
        assert client.search(["UID", "9:*"]) == [3]  # `*` is the last message: RFC 3501, 6.4.8
        assert client.search(["HEADER", "Message-ID", "<thu-2@tuhaiduong>"]) == [2]
        assert client.search(["UNKEYWORD", MARK]) == [1, 3]
        assert client.search(["KEYWORD", MARK, "UNSEEN"]) == [2]
        assert client.search(["NOT", "KEYWORD", MARK]) == [1, 3]
        assert client.search(["OR", "UID", "1", "KEYWORD", MARK]) == [1, 2]
        assert client.search(["SINCE", datetime.now(UTC).date().replace(year=2000)]) == [1, 2, 3]
        assert client.search(["BEFORE", datetime.now(UTC).date().replace(year=2000)]) == []


def test_looking_changes_nothing_but_reading_marks_as_seen(servers: Servers, pki: PracticePki, tmp_path: Path) -> None:
    deliver(tmp_path, CLERK, LETTER)
    with _imap(servers, pki, readonly=True) as client:
        client.fetch([1], ["BODY[]"])
        with pytest.raises(IMAPClientError, match="READ-ONLY"):
            client.add_flags([1], [MARK])
    with _imap(servers, pki) as client:
        client.fetch([1], ["BODY.PEEK[]"])
        assert client.get_flags([1]) == {1: ()}
        client.fetch([1], ["BODY[]"])
        assert client.get_flags([1]) == {1: (b"\\Seen",)}


def test_a_message_moves_to_a_vietnamese_folder_with_its_flags(
    servers: Servers, pki: PracticePki, tmp_path: Path
) -> None:
    deliver(tmp_path, CLERK, LETTER)
    with _imap(servers, pki) as client:
        with pytest.raises(IMAPClientError, match="TRYCREATE"):
            client.move([1], "Đã xử lý")
        client.create_folder("Đã xử lý")
        client.add_flags([1], [MARK])
        client.move([1], "Đã xử lý")
        assert client.search("ALL") == []
        client.select_folder("Đã xử lý")
        assert client.get_flags([1]) == {1: (MARK.encode(),)}
        assert client.fetch([1], ["BODY.PEEK[]"])[1][b"BODY[]"] == LETTER
        assert {folder[2] for folder in client.list_folders()} == {"INBOX", "Sent", "Đã xử lý"}
        assert client.find_special_folder(b"\\Sent") == "Sent"


def test_another_sessions_changes_are_told(servers: Servers, pki: PracticePki, tmp_path: Path) -> None:
    deliver(tmp_path, CLERK, LETTER)
    with _imap(servers, pki) as one, _imap(servers, pki) as two:
        two.delete_messages([1])
        two.expunge([1])
        deliver(tmp_path, CLERK, LETTER)
        assert one.noop()[1] == [(1, b"EXPUNGE"), (1, b"EXISTS")]
        assert one.search("ALL") == [2]


def test_servers_started_again_on_their_ports_go_on(tmp_path: Path, pki: PracticePki) -> None:
    with start_servers(tmp_path, USERS, pki) as first:
        deliver(tmp_path, CLERK, LETTER)
        client = _imap(first, pki)
        client.add_flags([1], [MARK])
        validity = client.folder_status("INBOX")[b"UIDVALIDITY"]
        with pytest.raises(OSError, match="in use"), start_servers(tmp_path, USERS, pki, first.ports):
            pass
    with pytest.raises((OSError, IMAPClientError)):
        client.noop()
    client.shutdown()
    deliver(tmp_path, CLERK, LETTER)
    with start_servers(tmp_path, USERS, pki, first.ports) as second:
        assert second == first
        with _imap(second, pki) as client:
            assert client.folder_status("INBOX")[b"UIDVALIDITY"] == validity
            assert client.get_flags([1, 2]) == {1: (MARK.encode(),), 2: ()}
    assert not [thread for thread in threading.enumerate() if thread.name == "practice mail"]


def test_no_password_is_taken_without_tls(servers: Servers, pki: PracticePki) -> None:
    with IMAPClient("localhost", servers.ports.imap, ssl=False, timeout=SocketTimeout(5, 5)) as client:
        assert b"LOGINDISABLED" in client.capabilities()
        with pytest.raises(LoginError, match="PRIVACYREQUIRED"):
            client.login(CLERK, USERS[CLERK])
    with smtplib.SMTP("localhost", servers.ports.smtp, timeout=5) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("auth")
        assert smtp.mail(CLERK)[0] == 530
    with pytest.raises(ssl.SSLCertVerificationError):
        IMAPClient("localhost", servers.ports.imaps, timeout=SocketTimeout(5, 5))
    with IMAPClient("localhost", servers.ports.imaps, ssl_context=_trust(pki), timeout=SocketTimeout(5, 5)) as client:
        with pytest.raises(LoginError, match="AUTHENTICATIONFAILED"):
            client.login(CLERK, "wrong")
        client.login(CLERK, USERS[CLERK])


def test_a_hostile_client_only_loses_its_own_connection(servers: Servers, pki: PracticePki) -> None:
    for talk in (b"\xff\x00\r\n", b"a LOGIN {9999999999}\r\n", b"a (((\r\n", b"a UID\r\n", b"x" * 3_000_000):
        with IMAPClient("localhost", servers.ports.imap, ssl=False, timeout=SocketTimeout(5, 5)) as client:
            try:
                client.socket().sendall(talk)
                client.noop()
            except (OSError, IMAPClientError):
                continue
    with _imap(servers, pki) as client:
        assert client.search("ALL") == []


def test_letters_reach_users_and_refusals_name_their_reason(servers: Servers, pki: PracticePki, tmp_path: Path) -> None:
    wrong = ["greylist@haiduong.gov.vn", "blocked@tuhaiduong", "stranger@tuhaiduong"]
    with _smtp(servers, pki) as smtp:
        refused = smtp.sendmail(CLERK, [OFFICE, *wrong], LETTER)
    assert [(refused[address][0], refused[address][1][:5]) for address in wrong] == [
        (450, b"4.2.0"),
        (550, b"5.7.1"),
        (550, b"5.1.1"),
    ]
    (received,) = mailbox(tmp_path, OFFICE)
    assert received.startswith(b"Return-Path: <vanthu@tuhaiduong>\r\nReceived: ")
    assert received.endswith(b"\r\n" + LETTER)
    assert mailbox(tmp_path, CLERK) == []


def test_a_bouncing_address_is_accepted_and_reported_back(servers: Servers, pki: PracticePki, tmp_path: Path) -> None:
    with _smtp(servers, pki) as smtp:
        assert smtp.has_extn("dsn")
        options = ["ENVID=thu-7", "RET=HDRS"]
        assert smtp.sendmail(CLERK, ["bounce@haiduong.gov.vn"], LETTER, options, ["NOTIFY=FAILURE"]) == {}
        assert smtp.sendmail("", ["bounce@haiduong.gov.vn", OFFICE], LETTER) == {}  # a receipt: never reported back
    (raw,) = mailbox(tmp_path, CLERK)
    report = email.message_from_bytes(raw)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    _whole, _human, _status, about_message, about_recipient, original = report.walk()
    assert about_message["Original-Envelope-Id"] == "thu-7"
    assert about_recipient["Final-Recipient"] == "rfc822; bounce@haiduong.gov.vn"
    assert (about_recipient["Action"], about_recipient["Status"]) == ("failed", "5.1.1")
    assert "<thu-1@tuhaiduong>" in str(original.get_payload())
    assert mailbox(tmp_path, OFFICE)[0].startswith(b"Return-Path: <>\r\n")


def test_a_delivery_is_reported_to_who_asked_for_it(servers: Servers, pki: PracticePki, tmp_path: Path) -> None:
    with _smtp(servers, pki) as smtp:
        for wish in ("NOTIFY=FAILURE", "NOTIFY=NEVER", "NOTIFY=SUCCESS,FAILURE,DELAY"):
            smtp.sendmail(CLERK, [OFFICE, "bounce@haiduong.gov.vn"], LETTER, rcpt_options=[wish])
    reports = [email.message_from_bytes(raw) for raw in mailbox(tmp_path, CLERK)]
    actions = [part["Action"] for report in reports for part in report.walk() if part["Action"]]
    assert actions == ["failed", "delivered", "failed"]
    assert len(mailbox(tmp_path, OFFICE)) == 3


def test_a_letter_of_more_than_30_mib_is_refused_before_it_is_sent(servers: Servers, pki: PracticePki) -> None:
    with _smtp(servers, pki) as smtp:
        assert smtp.esmtp_features["size"] == str(30 * 2**20)
        assert smtp.mail(CLERK, [f"SIZE={30 * 2**20 + 1}"])[0] == 552


def test_the_time_stamp_authority_answers_a_real_client(servers: Servers) -> None:
    stamper = HTTPTimeStamper(servers.tsa_url)
    token = asyncio.run(stamper.async_timestamp(b"\x01" * 32, "sha256"))
    stamped = token["content"]["encap_content_info"]["content"].parsed
    assert stamped["message_imprint"]["hashed_message"].native == b"\x01" * 32
    assert abs((stamped["gen_time"].native - datetime.now(UTC)).total_seconds()) < 60
    assert len(token["content"]["certificates"]) == 2
