"""What the office writes can be read by anybody and says exactly what was meant; nothing gets into it from outside."""

import base64
import email
import re
import unicodedata
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import PureWindowsPath
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vanthu_cli.channels.edxml import Header, Party, status_xml
from vanthu_cli.channels.letter import Letter, compose, new_message_id
from vanthu_cli.channels.mime import read_mail

NOW = datetime(2026, 4, 28, 9, 30, tzinfo=UTC)
OWN = ("Văn phòng Tỉnh ủy", "vanthu@tuhaiduong")
OTHER = ("Sở Nội vụ", "vanthu@snv.haiduong.gov.vn")
WORDS = [
    *("Về", "việc", "gửi", "nhận", "văn", "bản", "điện", "tử", "giữa", "các", "cơ", "quan", "trong", "hệ", "thống"),
    *("chính", "trị", "tỉnh", "Hải", "Dương", "ĐẢNG", "Ủy", "Nghị", "quyết", "145-CV/TU", "“khẩn”", "(lần", "2)"),
    *("=?utf-8?q?x?=", "a@b.vn", "<tag>", ";", ",", "\\", '"', "'", "100%", "…", "–", "№", "🇻🇳", "Ⓐ", "ffi"),
]
vietnamese = st.lists(st.sampled_from(WORDS), max_size=250).map(" ".join)
text = st.one_of(vietnamese, st.text(max_size=400))


def write(**changes: Any) -> Letter:
    usual: dict[str, Any] = {
        "message_id": "<1@vanthu.tuhaiduong>",
        "sender": OWN,
        "recipient": OTHER,
        "subject": "145-CV/TU",
        "body": "Kính gửi",
        "date": NOW,
    }
    return compose(**(usual | changes))


def expected(value: str) -> str:
    """Return a line as it must come back: blanks single, control and lone surrogate characters marked."""
    kept = " ".join(value.split())
    marked = "".join(
        c if unicodedata.category(c) not in {"Cc", "Cf", "Cs"} or c == "\u200d" else "\N{REPLACEMENT CHARACTER}"
        for c in kept
    )
    return unicodedata.normalize("NFC", " ".join(marked.split()))


def parsed(letter: Letter) -> EmailMessage:
    """Read it with the standard library's modern parser, as a stranger's program would."""
    return email.message_from_bytes(letter.raw, policy=policy.default)


@settings(deadline=None)
@given(text)
def test_a_subject_comes_back_as_it_was_written(subject: str) -> None:
    assert read_mail(write(subject=subject).raw).subject == expected(subject)


@pytest.mark.parametrize("length", [60, 75, 76, 77, 200, 998, 1500])
def test_a_long_subject_is_the_same_to_us_and_to_strangers(length: int) -> None:
    subject = ("Nghị quyết về đổi mới " * 100)[:length].strip()
    letter = write(subject=subject)
    assert read_mail(letter.raw).subject == subject
    raw = email.message_from_bytes(letter.raw)["Subject"]
    assert str(make_header(decode_header(raw))) == subject


@settings(deadline=None, max_examples=40)
@given(
    st.tuples(text, text, text, text), st.lists(st.tuples(st.text(max_size=60), st.binary(max_size=300)), max_size=3)
)
def test_every_letter_is_seven_bit_with_short_lines_and_line_ends_of_two_bytes(
    texts: tuple[str, str, str, str], files: list[tuple[str, bytes]]
) -> None:
    subject, body, ours, theirs = texts
    raw = write(subject=subject, body=body, sender=(ours, OWN[1]), recipient=(theirs, OTHER[1]), files=files).raw
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert raw.endswith(b"\r\n")
    head, _blank, rest = raw.partition(b"\r\n\r\n")
    lines = raw.split(b"\r\n")
    assert all(len(line) <= 998 for line in lines)
    assert all(len(line) <= 78 for line in lines if b"filename*=" not in line)
    assert {line.split(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" "} == {
        b"Content-Type",
        b"MIME-Version",
        b"From",
        b"To",
        b"Subject",
        b"Date",
        b"Message-ID",
        b"Disposition-Notification-To",
    }
    assert rest.count(b"Content-Transfer-Encoding: base64") == 1 + len(files)


@settings(deadline=None)
@given(text)
def test_encoded_words_are_no_longer_than_the_standard_allows(name: str) -> None:
    raw = write(sender=(name, OWN[1]), subject=name).raw
    words = re.findall(rb"=\?utf-8\?[bq]\?[^?]*\?=", raw.partition(b"\r\n\r\n")[0])
    assert all(len(word) <= 75 for word in words)


@settings(deadline=None)
@given(text)
def test_a_body_comes_back_with_its_lines(body: str) -> None:
    found = read_mail(write(body=body).raw).text
    wanted = unicodedata.normalize("NFC", body.encode("utf-8", "replace").decode())
    assert found == "\r\n".join(wanted.splitlines()) + "\r\n"


INJECTIONS = [
    "x\r\nBcc: spy@evil.vn",
    "x\nBcc: spy@evil.vn",
    "x\rBcc: spy@evil.vn",
    "x\r\n\r\n<html>",
    "x\x0bBcc: spy@evil.vn",
    "x\u2028Bcc: spy@evil.vn",
    "x\x00Bcc: spy@evil.vn",
    "x\x85Bcc: spy@evil.vn",
    "=?utf-8?q?x=0D=0ABcc:_spy@evil.vn?=",
]


@pytest.mark.parametrize("poison", INJECTIONS)
def test_nothing_can_be_smuggled_into_the_headers(poison: str) -> None:
    letter = write(
        subject=poison,
        sender=(poison, OWN[1]),
        recipient=(poison, f"{poison}@b.vn"),
        answers=f"<{poison}@b>",
        files=[(poison, b"x"), (f"{poison}.pdf", b"y")],
    )
    for message in (email.message_from_bytes(letter.raw), parsed(letter)):
        for part in message.walk():
            assert {name.lower() for name in part} <= {
                *("content-type", "mime-version", "from", "to", "subject", "date", "message-id"),
                *("disposition-notification-to", "content-transfer-encoding", "content-disposition"),
                *("in-reply-to", "references"),
            }
    assert len(list(parsed(letter).walk())) == 4


def test_an_answer_names_what_it_answers_and_wants_no_answer() -> None:
    letter = write(answers="<2@snv.haiduong.gov.vn>", automatic=True)
    message = parsed(letter)
    assert message["In-Reply-To"] == message["References"] == "<2@snv.haiduong.gov.vn>"
    assert message["Auto-Submitted"] == "auto-replied"
    assert "Disposition-Notification-To" not in message
    assert letter.reports is False
    assert write().reports is True
    assert read_mail(letter.raw).automatic


def test_names_and_addresses_are_read_by_strangers() -> None:
    long = "Văn phòng Đoàn đại biểu Quốc hội và Hội đồng nhân dân tỉnh Hải Dương (Phòng Hành chính, Tổ chức, Quản trị)"
    for name in (long, "Sở Nội vụ", 'Office "A", (B) <c>', "", "X" * 150, "=?utf-8?q?x?="):
        letter = write(recipient=(name, OTHER[1]))
        (address,) = parsed(letter)["To"].addresses
        assert address.addr_spec == OTHER[1]
        assert letter.recipient == OTHER[1]
        shown = " ".join(address.display_name.split())  # Python's parser puts a blank between words cut in two
        assert shown == name or shown.replace(" ", "") == "X" * 150 or name.startswith("=?")


NAMES = [
    "145-CV-TU.pdf",
    "Đề án số 5.pdf",
    "Bản chính (2) – đã ký.pdf",
    'nói "khẽ".pdf',
    "o'brien; x=1.pdf",
    "100%25.pdf",
    "Tờ trình.tar.gz",
    "thư.eml",
    "a.xyz",
    "không đuôi",
    "x" * 300 + ".pdf",
    "Đ" * 300 + ".pdf",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_keeps_its_bytes_and_a_safe_form_of_its_name(name: str) -> None:
    data = bytes(range(256)) * 20
    letter = write(files=[(name, data)])
    (mine,) = read_mail(letter.raw).files
    (theirs,) = parsed(letter).iter_attachments()
    assert mine.data == data
    assert base64.b64decode(theirs.get_payload()) == data  # type: ignore[arg-type]  # a leaf's payload is text
    assert mine.name == theirs.get_filename()
    assert len(mine.name.encode()) <= 200
    if len(name) < 200 and '"' not in name:
        assert mine.name == name
    assert mine.name.rpartition(".")[2] == name.rpartition(".")[2]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "C:\\Windows\\x.pdf",
        "NUL",
        "con.pdf",
        "a\u202efdp.exe",
        "a\r\nb.pdf",
        "a\x00b",
        " . ",
        "",
        "x. ",
    ],
)
def test_a_hostile_file_name_is_harmless(name: str) -> None:
    (file,) = read_mail(write(files=[(name, b"x")]).raw).files
    assert file.name == PureWindowsPath(file.name).name
    assert not re.search(r'[\\/:*?"<>|\x00-\x1f\u202e]', file.name)
    assert not PureWindowsPath(file.name).is_reserved()
    assert file.name == file.name.strip(" .") != ""


def test_attachments_are_declared_as_what_mail_may_carry_in_base64() -> None:
    files = [(name, b"x") for name in ("a.pdf", "b.eml", "c.html", "d.edxml", "e.png", "f.mht")]
    kinds = [part.get_content_type() for part in parsed(write(files=files)).iter_attachments()]
    assert kinds[0] == "application/pdf"
    assert kinds[4] == "image/png"
    assert {kinds[1], kinds[2], kinds[3], kinds[5]} == {"application/octet-stream"}


def test_an_address_that_is_none_makes_no_other_one() -> None:
    for wrong in ("văn thư@tuhaiduong", "a@b, c@d", "a@b> <c@d", "<>", "", "a b@c"):
        letter = write(recipient=("Sở", wrong))
        assert letter.recipient == wrong  # the channel refuses it with the reason
        assert letter.raw.isascii()
        assert b"c@d" not in re.findall(rb"^To: .*<(.*)>\r$", letter.raw, re.MULTILINE)


@given(st.lists(st.sampled_from(["a.vn", "tuhaiduong"]), min_size=1, max_size=1))
def test_identities_are_new_and_have_a_dotted_domain(domains: list[str]) -> None:
    first, second = (new_message_id(f"vanthu@{domains[0]}") for _each in range(2))
    assert first != second
    assert re.fullmatch(r"<[0-9a-f]{32}@[a-z]+\.[a-z]+>", first)


@settings(deadline=None)
@given(text, text)
def test_a_status_is_well_formed_whatever_it_says_and_is_understood(description: str, number: str) -> None:
    package = status_xml(
        code="03",
        description=description,
        answered=Header(number, "CV/TU", "2026-04-28"),
        office=Party("000.01", "Tỉnh ủy <&>"),
        asked_by="x",
        moment=NOW,
    )
    ET.fromstring(package)  # noqa: S314  our own
    letter = write(files=[("status.edxml", package)], answers="<7@tuhaiduong>", automatic=True)
    answer = read_mail(letter.raw).answer
    assert answer is not None
    assert (answer.kind, answer.state, answer.message_ids) == ("status", "acknowledged", ("<7@tuhaiduong>",))
    assert answer.detail.startswith("03")


def test_a_large_letter_is_composed_and_read_in_seconds() -> None:
    data = bytes(range(256)) * (30 * 2**12)
    letter = write(files=[("a.pdf", data)])
    (file,) = read_mail(letter.raw).files
    assert file.data == data
