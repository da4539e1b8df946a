"""Whole runs of the program while line, disk or server fail: what came stays, what did not come comes with the next run."""

import os
import re
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.channels.proxy import proxy
from tests.cli.commands import Clerk
from tests.offices import NOW

from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.documents import make_pdf
from vanthu_cli.sandbox.mailboxes import deliver, mailbox
from vanthu_cli.sandbox.office import WAN, PracticeOffice


@pytest.fixture
def clerk(office: PracticeOffice, capsys: pytest.CaptureFixture[str]) -> Clerk:
    return Clerk(office, capsys)


def letters(clerk: Clerk, count: int, size: int) -> None:
    """Drop so many letters with a draft and ballast into the office's mailbox."""
    page = correspondents.party_page(
        "BTGTU", "Vũ Văn Mẫu", number=7, symbol="CV/BTGTU", day=today(NOW), subject="Tuyên truyền"
    )
    there = len(mailbox(clerk.office.folder, WAN))
    for number in range(there, there + count):
        files = [
            ("07.pdf", make_pdf(replace(page, number=number + 7))),
            ("so-lieu.txt", os.urandom(size).hex().encode()),
        ]
        correspondents.send(clerk.office, "BTGTU", f"Thư {number}", files, NOW)


def through(clerk: Clerk, port: int) -> str:
    """Point the WAN mailbox at another port; return the configuration as it was."""
    text = clerk.office.config.read_text("utf-8")
    clerk.office.config.write_text(
        re.sub(r'(imap = \{ host = "127.0.0.1", port = )\d+', rf"\g<1>{port}", text, count=1)
    )
    return text


def imap_port(clerk: Clerk) -> int:
    found = re.search(r'imap = \{ host = "127.0.0.1", port = (\d+)', clerk.office.config.read_text("utf-8"))
    assert found
    return int(found[1])


def test_a_line_that_breaks_again_and_again_is_taken_up_as_long_as_each_try_brings_something(clerk: Clerk) -> None:
    letters(clerk, 12, 600_000)
    with proxy(imap_port(clerk), "close", 8_000_000) as between:
        before = through(clerk, between.port)
        code, answer = clerk.asks("fetch", "--channel", "wan")
    assert (code, answer["channels"][0]["messages"]) == (0, 12)
    clerk.office.config.write_text(before, "utf-8")
    assert clerk.asks("fetch")[1]["channels"][0]["messages"] == 0


def test_a_line_that_brings_nothing_is_given_up_and_the_next_run_loses_nothing(clerk: Clerk) -> None:
    letters(clerk, 3, 200_000)
    with proxy(imap_port(clerk), "close", 60_000) as between:
        before = through(clerk, between.port)
        code, answer = clerk.asks("fetch", "--channel", "wan")
    assert (code, answer["error"]["code"]) == (6, "mail.unreachable")
    clerk.office.config.write_text(before, "utf-8")
    assert clerk.asks("fetch", "--channel", "wan")[1]["channels"][0]["messages"] == 3


def fetch_process(clerk: Clerk, largest_file: int | None = None) -> "subprocess.Popen[str]":
    def limit() -> None:
        if largest_file is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.Popen(
        [sys.executable, "-m", "vanthu_cli", "--config", str(clerk.office.config), "--lang", "en", "fetch", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        preexec_fn=limit,  # noqa: PLW1509  no threads run in this test
    )


def test_a_disk_that_takes_no_more_costs_nothing_but_the_run(clerk: Clerk) -> None:
    letters(clerk, 1, 10)
    letters(clerk, 1, 3_000_000)  # does not fit
    letters(clerk, 1, 10)
    run = fetch_process(clerk, largest_file=4 << 20)
    out, _err = run.communicate(timeout=120)
    assert run.returncode in {3, 6}, out
    assert "disk.refused" in out
    assert {file.suffix for file in (clerk.office.folder / "data" / "intake").iterdir()} <= {".eml"}
    code, answer = clerk.asks("fetch")
    assert code == 0
    entered = clerk.asks("inbox", "list")[1]["documents"]
    assert len(entered) == 3, answer
    clerk.types("doctor")
    assert "every registered file is there" in clerk.said


def test_two_runs_at_once_number_each_document_once(clerk: Clerk) -> None:
    correspondents.arrivals(clerk.office, NOW.astimezone(VIETNAM), today(NOW))
    runs = [fetch_process(clerk) for _run in range(2)]
    codes = [(run.communicate(timeout=120), run.returncode)[1] for run in runs]
    assert set(codes) <= {0, 8}
    assert 0 in codes
    listed = clerk.asks("register", "list", "--book", "den")[1]["documents"]
    assert sorted(each["arrival_number"] for each in listed) == [1, 2]
    assert len(mailbox(clerk.office.folder, "vanthu.snv@haiduong.gov.vn")) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"From: a@b\r\nX: " + b"x" * 3_000_000 + b"\r\n",
        b"".join(b"X-%d: y\r\n" % number for number in range(30_000)),
        b"From: " + b"(" * 5_000 + b"a@b\r\n",
        b"Content-Type: multipart/mixed; boundary=" + b"b" * 3_000 + b"\r\n",
        b"Subject: =?utf-8?b?" + b"QUJD" * 200_000 + b"?=\r\n",
        b"Date: 99 Foo 0000\r\nMessage-ID: <" + b"x" * 100_000 + b">\r\n",
        b"From: =?utf-8?q?=00=1b[31m?= <a@b>\r\nSubject: \xe2\x80\xae\x00\r\n",
    ],
    ids=["long", "many", "comments", "boundary", "word", "date", "control"],
)
def test_no_header_stops_the_mail_behind_it(clerk: Clerk, head: bytes) -> None:
    deliver(clerk.office.folder, WAN, head + b"\r\nxin chao\r\n")
    letters(clerk, 1, 10)
    code, answer = clerk.asks("fetch")
    assert (code, answer["channels"][0]["messages"]) == (0, 2)
    assert "07.pdf" in {each["file"] for each in answer["documents"]}


def test_a_thousand_attachments_are_one_message(clerk: Clerk) -> None:
    parts = b"".join(
        b'--x\r\nContent-Type: text/plain; name="CON.txt"\r\nContent-Disposition: attachment; filename="../a/CON.txt"\r\n\r\n%d\r\n'
        % number
        for number in range(1000)
    )
    head = b"From: tuyengiao@tuhaiduong\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    deliver(clerk.office.folder, WAN, head + parts + b"--x--\r\n")
    code, answer = clerk.asks("fetch")
    assert (code, [each["state"] for each in answer["documents"]]) == (0, ["waiting"])
    shown = clerk.asks("inbox", "show", answer["documents"][0]["id"])[1]
    assert len(shown["attachments"]) == 1000
    assert {"/", "\\"}.isdisjoint("".join(each["file"] for each in shown["attachments"]))


def test_attachments_of_one_name_are_saved_beside_each_other(clerk: Clerk, tmp_path: Path) -> None:
    files = [("a.txt", b"1"), ("A.TXT", b"2"), ("a.txt", b"3")]
    correspondents.send(clerk.office, "BTGTU", "Ba tệp", files, NOW)
    identity = clerk.asks("fetch")[1]["documents"][0]["id"]
    code, shown = clerk.asks("inbox", "show", identity, "--out", str(tmp_path))
    assert code == 0
    assert {Path(path).read_bytes() for path in shown["saved"]} == {b"1", b"2", b"3"}
    assert len({Path(path).name.lower() for path in shown["saved"]}) == 3


def test_a_dangerous_attachment_is_not_written_to_the_clerk_s_disk(clerk: Clerk, tmp_path: Path) -> None:
    program = b"MZ" + bytes(58) + b"\x40\0\0\0" + b"PE\0\0" + bytes(200)
    correspondents.send(clerk.office, "BTGTU", "Tệp", [("bang.xlsx", program), ("b.txt", b"x")], NOW)
    identity = clerk.asks("fetch")[1]["documents"][0]["id"]
    assert clerk.types("inbox", "show", identity, "--out", str(tmp_path)) == 0
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["b.txt"]
    assert "bang.xlsx" in clerk.said
