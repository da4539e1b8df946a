"""Coming in: fetch, inbox, receipts, secrets (contract.md, `fetch`; NĐ 30/2020 Đ21)."""

import os
import re
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.cli.commands import Clerk
from tests.offices import NOW

from vanthu_cli.channels.letter import compose
from vanthu_cli.channels.mime import read_mail
from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.documents import make_docx, make_pdf
from vanthu_cli.sandbox.mailboxes import deliver, mailbox
from vanthu_cli.sandbox.office import WAN


def morning(clerk: Clerk) -> dict[str, Any]:
    correspondents.arrivals(clerk.office, NOW.astimezone(VIETNAM), today(NOW))
    code, answer = clerk.asks("fetch")
    assert code == 0
    return answer


def by_file(answer: dict[str, Any]) -> dict[str | None, dict[str, Any]]:
    return {each["file"]: each for each in answer["documents"]}


def test_each_arrival_ends_where_a_careful_clerk_would_put_it(clerk: Clerk) -> None:
    answer = morning(clerk)
    found = by_file(answer)
    states = {name: (each["verdict"], each["state"], set(each["flags"])) for name, each in found.items() if name}
    assert states["15-SNV-VP.pdf"] == ("valid", "accepted", set())
    assert states["28-CV-TUCL.pdf"] == ("valid", "accepted", {"duplicate"})
    assert states["29-CV-TUCL.pdf"] == ("valid", "waiting", set())
    assert states["07-CV-BTGTU.pdf"] == ("unsigned", "waiting", {"unsigned"})
    assert states["88-STC-NS.pdf"][:2] == ("invalid", "waiting")
    assert states["41-CV-BTCTU.pdf"] == ("valid", "waiting", {"sender-mismatch"})
    assert states["gop-y.docx"][:2] == ("unsigned", "waiting")
    assert [
        set(each["flags"]) for each in answer["documents"] if each["state"] == "waiting" and not each["sha256"]
    ] == [{"no-document"}]
    channels = {each["channel"]: (each["messages"], each["duplicates"]) for each in answer["channels"]}
    assert channels == {"wan": (6, 0), "internet": (4, 1)}
    numbers = sorted({each["arrival_number"] for each in answer["documents"] if each["arrival_number"]})
    assert numbers == [1, 2]


def test_again_an_hour_later_only_what_is_new(clerk: Clerk) -> None:
    morning(clerk)
    code, answer = clerk.asks("fetch")
    assert code == 0
    assert answer["documents"] == []
    assert [each["messages"] for each in answer["channels"]] == [0, 0]


def test_an_agency_whose_document_is_registered_gets_a_receipt_once_for_each_arrival(clerk: Clerk) -> None:
    morning(clerk)
    assert len(mailbox(clerk.office.folder, "vanthu.snv@haiduong.gov.vn")) == 1
    receipt = mailbox(clerk.office.folder, "vanthu.snv@haiduong.gov.vn")[0]
    assert b"Auto-Submitted: auto-replied" in receipt
    assert b"status.edxml" in receipt
    assert mailbox(clerk.office.folder, "vanthu.mttq@haiduong.gov.vn") == []


def test_an_invalid_document_is_never_accepted_and_can_be_returned(clerk: Clerk) -> None:
    identity = by_file(morning(clerk))["88-STC-NS.pdf"]["id"]
    code, answer = clerk.asks("inbox", "accept", identity, "--reason", "thôi cứ nhận")
    assert (code, answer["error"]["code"]) == (4, "accept.invalid")
    code, answer = clerk.asks("inbox", "refuse", identity, "--reason", "bị sửa sau khi ký")
    assert (code, answer["documents"][0]["state"]) == (0, "refused")
    told = [read_mail(raw) for raw in mailbox(clerk.office.folder, "vanthu.stc@haiduong.gov.vn")]
    assert [mail.answer and (mail.answer.kind, mail.answer.code) for mail in told] == [
        ("status", "01"),
        ("status", "02"),
    ]
    assert "bị sửa sau khi ký" in told[1].text
    assert clerk.asks("inbox", "accept", identity, "--reason", "x")[0] == 4


def test_an_unsigned_document_needs_a_person_s_reason(clerk: Clerk) -> None:
    identity = by_file(morning(clerk))["07-CV-BTGTU.pdf"]["id"]
    code, answer = clerk.asks("inbox", "accept", identity)
    assert (code, answer["error"]["code"]) == (7, "accept.undecided")
    code, answer = clerk.asks("inbox", "accept", identity, "--reason", "đã gọi điện", "--subject", "Tuyên truyền")
    assert (code, answer["documents"][0]["state"], answer["documents"][0]["arrival_number"]) == (0, "accepted", 3)
    assert answer["documents"][0]["fields"]["subject"] == "Tuyên truyền"
    assert clerk.asks("inbox", "accept", identity, "--reason", "lần nữa")[0] == 5


def test_receipts_and_bounces_find_their_documents(clerk: Clerk) -> None:
    command = ("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--to", "SXD", "--to", "SNV", "--yes")
    assert clerk.asks(*command)[0] == 0
    correspondents.answer(clerk.office, "BTCTU", NOW.astimezone(VIETNAM))
    correspondents.answer(clerk.office, "SNV", NOW.astimezone(VIETNAM), status="02")
    code, answer = clerk.asks("fetch")
    assert code == 0
    assert {(each["for"], each["kind"], each["state"]) for each in answer["receipts"]} >= {
        ("01-CV/TU", "status", "acknowledged"),
        ("01-CV/TU", "status", "refused"),
        ("01-CV/TU", "dsn", "bounced"),
    }
    shown = clerk.asks("register", "show", "01-CV/TU")[1]
    assert {each["agency"]: each["state"] for each in shown["deliveries"]} == {
        "BTCTU": "acknowledged",
        "SXD": "bounced",
        "SNV": "refused",
    }
    assert clerk.asks("status")[1]["unacknowledged"] == []


def test_nobody_else_can_acknowledge_for_an_agency(clerk: Clerk) -> None:
    clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--yes")
    letter = mailbox(clerk.office.folder, "tochuc@tuhaiduong")[0]
    correspondents.answer(clerk.office, "BTCTU", NOW.astimezone(VIETNAM))
    genuine = mailbox(clerk.office.folder, WAN)
    forged = [raw.replace(b"tochuc@tuhaiduong", b"tochuc@lua-dao.vn") for raw in genuine if b"status.edxml" in raw]
    assert letter
    assert len(forged) == 1
    for place in (clerk.office.folder / "mail" / WAN).rglob("*"):
        if place.is_file() and b"status.edxml" in place.read_bytes():
            place.write_bytes(forged[0])
    clerk.asks("fetch")
    assert [each["state"] for each in clerk.asks("register", "show", "01-CV/TU")[1]["deliveries"]] != ["acknowledged"]


def everything_under(*folders: Path) -> bytes:
    return b"\0".join(path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_secret_is_quarantined_unseen_and_leaves_no_trace_of_its_content(
    clerk: Clerk, tmp_path: Path, monkeypatch: Any
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    answer = morning(clerk)
    secret = next(each for each in answer["documents"] if each["state"] == "quarantined")
    assert [secret[key] for key in ("file", "sha256", "fields", "verdict", "message_id")] == [None] * 5
    data = clerk.office.folder / "data"
    kept = list((data / "quarantine").iterdir())
    assert len(kept) == 1
    assert kept[0].stat().st_mode & 0o777 == 0o600
    clerk.types("-v", "status")
    said = clerk.said
    clerk.types("inbox", "list")
    raw = kept[0].read_bytes()
    elsewhere = everything_under(data / "cabinet", data / "intake", temporary)
    secret_pdf = read_mail(raw).files[0].read()
    identity = re.search(rb"/ID\s*\[<(\w+)>", secret_pdf)
    assert identity
    for piece in (raw[-120:], identity[1], b"Sao Mai"):
        assert piece not in elsewhere
    register = b"".join(path.read_bytes() for path in data.glob("register.sqlite*"))
    for word in (correspondents.SECRET_WORDS, "Sao Mai", "van-ban.pdf", "diễn tập", "dien tap"):
        assert word.encode() not in register
        assert word not in said + clerk.said + str(answer)
    assert clerk.asks("status")[1]["quarantined"][0]["id"] == secret["id"]
    assert clerk.types("inbox", "quarantine", secret["id"], "--destroyed") == 0
    assert clerk.asks("status")[1]["quarantined"] == []
    assert list((data / "quarantine").iterdir()) == []


def test_a_document_found_secret_later_is_taken_out_of_register_and_cabinet(clerk: Clerk) -> None:
    identity = by_file(morning(clerk))["07-CV-BTGTU.pdf"]["id"]
    assert clerk.types("inbox", "quarantine", identity) == 0
    data = clerk.office.folder / "data"
    register = b"".join(path.read_bytes() for path in data.glob("register.sqlite*"))
    assert "Tuyên truyền ngày lễ".encode() not in register
    assert b"tuyen truyen ngay le" not in register
    shown = clerk.asks("inbox", "show", identity)[1]["document"]
    assert (shown["state"], shown["file"], shown["fields"]) == ("quarantined", None, None)
    assert clerk.types("doctor") in {0, 3}
    assert "every registered file is there" in clerk.said


def test_the_arrival_stamp_takes_its_number_from_the_register_and_breaks_nothing(clerk: Clerk, tmp_path: Path) -> None:
    found = by_file(morning(clerk))["15-SNV-VP.pdf"]
    shown = clerk.asks("register", "show", found["id"])[1]["document"]
    stamped = tmp_path / "stamped.pdf"
    original = tmp_path / "15-SNV-VP.pdf"
    original.write_bytes(Path(shown["path"]).read_bytes())
    assert clerk.types("sign", str(original), "--as", "arrival", "--out", str(stamped)) == 0, clerk.said
    code, verified = clerk.asks("verify", str(stamped))
    assert (code, len(verified["files"][0]["signatures"])) == (0, 3)
    strange = clerk.draft("khac.pdf")
    code, answer = clerk.asks("sign", str(strange), "--as", "arrival")
    assert (code, answer["error"]["code"]) == (5, "sign.not_registered")


def test_one_unreachable_channel_of_two_is_3_all_of_them_is_6_and_a_wrong_password_is_2(clerk: Clerk) -> None:
    text = clerk.office.config.read_text("utf-8")
    ports = re.findall(r"imap = \{ host = \"127.0.0.1\", port = (\d+)", text)
    clerk.office.config.write_text(text.replace(f"port = {ports[0]}", "port = 1", 1), "utf-8")
    code, answer = clerk.asks("fetch")
    assert (code, answer["error"]["code"]) == (3, "mail.unreachable")
    clerk.office.config.write_text(text.replace(f"port = {ports[0]}", "port = 1"), "utf-8")
    assert clerk.asks("fetch")[0] == 6
    clerk.office.config.write_text(text, "utf-8")
    (clerk.office.folder / "secrets" / "password").write_text("sai\n", "utf-8")
    code, answer = clerk.asks("fetch")
    assert (code, answer["error"]["code"]) == (2, "mail.login")


def test_a_broken_message_does_not_stop_the_others(clerk: Clerk) -> None:
    for raw in (
        b"",
        b"\x00\xff" * 50,
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        b"From: a@b\r\n\r\n%PDF-1.4 broken",
    ):
        deliver(clerk.office.folder, WAN, raw)
    broken_pdf = make_pdf(correspondents.own_page(subject="x", year=2026))[:3000]
    correspondents.send(clerk.office, "TUCL", "hỏng", [("hong.pdf", broken_pdf)], NOW)
    answer = morning(clerk)
    assert by_file(answer)["hong.pdf"]["state"] == "waiting"
    assert by_file(answer)["15-SNV-VP.pdf"]["state"] == "accepted"
    assert list((clerk.office.folder / "data" / "intake").iterdir()) == []


def test_dry_run_counts_and_takes_nothing(clerk: Clerk) -> None:
    correspondents.arrivals(clerk.office, NOW.astimezone(VIETNAM), today(NOW))
    code, answer = clerk.asks("fetch", "--dry-run")
    assert (code, [each["waiting"] for each in answer["channels"]]) == (0, [6, 4])
    assert clerk.asks("inbox", "list")[1]["documents"] == []


def new_report(clerk: Clerk, number: int = 16) -> bytes:
    page = correspondents.state_page(
        "SNV", "Lê Thị Mẫu", number=number, symbol="SNV-VP", day=today(NOW), subject="Báo cáo bổ sung"
    )
    return correspondents.signed(clerk.office, page, "SNV")


def test_a_signed_document_enters_whatever_travels_with_it(clerk: Clerk) -> None:
    _code, answer = clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "SNV", "--yes")
    ours = Path(answer["document"]["file"]).read_bytes()
    files = [("01-CV-TU.pdf", ours), ("16-SNV-VP.pdf", new_report(clerk))]
    correspondents.send(clerk.office, "SNV", "Trả lời", files, NOW)
    other = b"<r><StatusCode>200</StatusCode></r>"
    correspondents.send(
        clerk.office, "SNV", "Số liệu", [("17.pdf", new_report(clerk, 17)), ("so-lieu.xml", other)], NOW
    )
    code, answer = clerk.asks("fetch")
    assert code == 0
    assert {(each["fields"]["number"], each["state"]) for each in answer["documents"]} == {
        (16, "accepted"),
        (17, "accepted"),
    }


def test_two_secrets_of_one_size_and_second_are_two(clerk: Clerk) -> None:
    for word in ("alpha", "bravo"):
        raw = f"From: noichinh@tuhaiduong\r\nSubject: =?utf-8?b?TeG6rFQ=?=\r\n\r\n{word}\r\n".encode()
        deliver(clerk.office.folder, WAN, raw)
    for place in sorted((clerk.office.folder / "mail" / WAN).rglob("*")):
        if place.is_file() and b"noichinh" in place.read_bytes():
            os.utime(place, (NOW.timestamp(), NOW.timestamp()))
    code, answer = clerk.asks("fetch")
    assert (code, len(answer["documents"])) == (0, 2)
    assert len(list((clerk.office.folder / "data" / "quarantine").iterdir())) == 2


def test_a_secret_inside_an_archive_is_found_and_a_locked_one_does_not_leave(clerk: Clerk) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("tai-lieu.docx", make_docx("TUYỆT MẬT\nnội dung"))
    correspondents.send(clerk.office, "UBKTTU", "Tài liệu", [("tai-lieu.zip", packed.getvalue())], NOW)
    assert [each["state"] for each in clerk.asks("fetch")[1]["documents"]] == ["quarantined"]
    annex = clerk.office.papers / "phu-luc.zip"
    annex.write_bytes(packed.getvalue())
    command = ("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--attach", str(annex), "--dry-run")
    assert clerk.asks(*command)[1]["error"]["code"] == "issue.secret"
    locked = bytearray(packed.getvalue())
    for place in (locked.index(b"PK\x03\x04") + 6, locked.rindex(b"PK\x01\x02") + 8):
        locked[place] |= 1  # the flag of a member that a password keeps closed
    annex.write_bytes(locked)
    assert clerk.asks(*command)[1]["error"]["code"] == "issue.attachment_unreadable"


def test_a_secret_noticed_after_registration_is_taken_out_too(clerk: Clerk) -> None:
    found = by_file(morning(clerk))["15-SNV-VP.pdf"]
    assert clerk.types("inbox", "quarantine", found["id"]) == 0
    shown = clerk.asks("inbox", "show", found["id"])[1]["document"]
    assert (shown["state"], shown["file"], shown["arrival_number"]) == ("quarantined", None, found["arrival_number"])
    before = len(list((clerk.office.folder / "data" / "quarantine").iterdir()))
    assert clerk.types("inbox", "quarantine", found["id"]) == 5
    assert len(list((clerk.office.folder / "data" / "quarantine").iterdir())) == before


def test_attachments_and_the_sender_s_words_are_shown_and_saved(clerk: Clerk, tmp_path: Path) -> None:
    files = [("16-SNV-VP.pdf", new_report(clerk)), ("phụ lục.xlsx", b"PK\x03\x04 bang tinh")]
    correspondents.send(clerk.office, "SNV", "Báo cáo", files, NOW)
    identity = clerk.asks("fetch")[1]["documents"][0]["id"]
    assert clerk.types("inbox", "show", identity, "--out", str(tmp_path)) == 0
    assert "phụ lục.xlsx" in clerk.said
    assert "Sở Nội vụ gửi: Báo cáo" in clerk.said
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"16-SNV-VP.pdf", "phụ lục.xlsx"}
    assert clerk.types("register", "show", identity, "--out", str(tmp_path)) == 2


def test_a_stranger_s_document_says_so_and_needs_a_reason(clerk: Clerk) -> None:
    letter = compose(
        message_id="<x@evil.example>", sender=("Sở Nội vụ", "hacker@evil.example"), recipient=("Văn phòng", WAN), subject="Gửi",
        body="x", date=NOW, files=[("16.pdf", new_report(clerk))],
    )  # fmt: skip
    deliver(clerk.office.folder, WAN, letter.raw)
    found = clerk.asks("fetch")[1]["documents"][0]
    assert (found["state"], found["flags"]) == ("waiting", ["sender-mismatch"])
    assert clerk.asks("inbox", "accept", found["id"])[1]["error"]["code"] == "accept.doubtful"
    assert clerk.types("inbox", "refuse", found["id"], "--reason", "không rõ nơi gửi") == 0
    assert "nobody was told" in clerk.said


def test_a_receipt_for_another_number_or_by_two_authors_counts_for_nothing(clerk: Clerk) -> None:
    clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--yes")
    correspondents.answer(clerk.office, "BTCTU", NOW.astimezone(VIETNAM))
    raw = next(raw for raw in mailbox(clerk.office.folder, WAN) if b"status.edxml" in raw)
    for place in (clerk.office.folder / "mail" / WAN).rglob("*"):
        if place.is_file() and b"status.edxml" in place.read_bytes():
            place.write_bytes(raw.replace(b"<tochuc@tuhaiduong>", b"<tochuc@tuhaiduong>, <hacker@evil.example>", 1))
    clerk.asks("fetch")
    assert [each["state"] for each in clerk.asks("register", "show", "01-CV/TU")[1]["deliveries"]] != ["acknowledged"]


def test_what_could_not_be_read_to_the_end_is_kept_apart_for_a_person(clerk: Clerk) -> None:
    parts = "".join(f"--x\r\nContent-Type: text/plain\r\n\r\n{number}\r\n" for number in range(1200))
    raw = f"From: tochuc@tuhaiduong\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n{parts}--x--\r\n"
    deliver(clerk.office.folder, WAN, raw.encode())
    code, answer = clerk.asks("fetch")
    assert (code, [(each["state"], each["flags"]) for each in answer["documents"]]) == (0, [("quarantined", [])])


def test_a_bounce_that_brings_our_whole_letter_back_is_a_bounce(clerk: Clerk) -> None:
    clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--yes")
    letter = mailbox(clerk.office.folder, "tochuc@tuhaiduong")[0]
    report = (
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; tochuc@tuhaiduong\r\n"
        b"Action: failed\r\nStatus: 5.1.1\r\n"
    )
    head = b"From: mailer-daemon@mx\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=qq\r\n"
    parts = b"\r\n--qq\r\n".join([b"", report, b"Content-Type: message/rfc822\r\n\r\n" + letter])
    deliver(clerk.office.folder, WAN, head + parts + b"\r\n--qq--\r\n")
    receipts = clerk.asks("fetch")[1]["receipts"]
    assert ("dsn", "bounced") in {(each["kind"], each["state"]) for each in receipts}
