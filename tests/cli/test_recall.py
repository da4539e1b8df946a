"""Taking back: ours from others, and what others ask of us (NĐ 30/2020 Đ18.4.b, Phụ lục VI III.8)."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.commands import Clerk
from tests.cli.test_incoming import by_file, morning
from tests.offices import NOW

from vanthu_cli.channels.edxml import Header
from vanthu_cli.channels.mime import Mail, read_mail
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.documents import make_docx
from vanthu_cli.sandbox.mailboxes import deliver, mailbox
from vanthu_cli.sandbox.office import INTERNET

LOCAL = NOW.astimezone(VIETNAM)
SNV_15 = Header("15", "SNV-VP", LOCAL.date().isoformat())


def letters(clerk: Clerk, address: str) -> list[Mail]:
    return [read_mail(raw) for raw in mailbox(clerk.office.folder, address)]


def issued(clerk: Clerk) -> str:
    code, answer = clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--to", "SNV", "--yes")
    assert code == 0
    return str(answer["document"]["id"])


# -- ours ------------------------------------------------------------------------------------------------------------


def test_an_issued_document_is_recalled_by_a_signed_notice_that_each_receiver_answers(clerk: Clerk) -> None:
    identity = issued(clerk)
    code, answer = clerk.asks("recall", identity, "--reason", "Sai số liệu", "--yes")
    assert (code, answer["document"]["state"]) == (0, "recalled")
    assert {each["to"] for each in answer["notices"]} == {"tochuc@tuhaiduong", "vanthu.snv@haiduong.gov.vn"}
    notice = letters(clerk, "tochuc@tuhaiduong")[-1]
    (package,) = notice.packages
    assert (package.kind, package.description, package.header.number) == ("recall", "Sai số liệu", "1")
    file = clerk.office.papers / "thu-hoi.edxml"
    file.write_bytes(notice.files[0].read())
    judged = clerk.asks("verify", str(file))[1]["files"][0]
    assert (judged["verdict"], judged["organisation_signed"]) == ("valid", True)
    correspondents.answer(clerk.office, "BTCTU", LOCAL, status="15")
    correspondents.answer(clerk.office, "SNV", LOCAL, status="16")
    assert clerk.asks("fetch")[0] == 0
    again = clerk.asks("recall", identity, "--reason", "Sai số liệu", "--yes")[1]
    assert {each["agency"]: each["state"] for each in again["notices"]} == {"BTCTU": "acknowledged", "SNV": "refused"}
    assert len(letters(clerk, "tochuc@tuhaiduong")) == 2


def test_what_has_not_left_yet_does_not_leave_any_more(clerk: Clerk) -> None:
    text = clerk.office.config.read_text("utf-8")
    port = text.split('smtp = { host = "127.0.0.1", port = ')[1].split(",")[0]
    clerk.office.config.write_text(text.replace(f"port = {port}", "port = 1"), "utf-8")
    answer = clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--yes")[1]
    identity = answer["document"]["id"]
    assert answer["deliveries"][0]["state"] == "queued"
    code, answer = clerk.asks("recall", identity, "--reason", "Chưa cần", "--yes")
    assert (code, answer["notices"], answer["deliveries"][0]["state"]) == (0, [], "recalled")
    clerk.office.config.write_text(text, "utf-8")
    assert clerk.asks("send", identity)[0] == 0
    assert letters(clerk, "tochuc@tuhaiduong") == []
    assert clerk.asks("status")[1]["to_send"] == []


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_a_recall_says_why(clerk: Clerk, reason: str) -> None:
    identity = issued(clerk)
    assert clerk.asks("recall", identity, "--reason", reason, "--yes")[1]["error"]["code"] == "recall.reason"
    assert clerk.asks("register", "show", identity)[1]["document"]["state"] == "sent"


def test_a_recall_asks_once_and_changes_nothing_without_a_yes(clerk: Clerk) -> None:
    identity = issued(clerk)
    code, answer = clerk.asks("recall", identity, "--reason", "Sai", "--dry-run")
    assert (code, len(answer["asked"])) == (0, 2)
    assert clerk.asks("recall", identity, "--reason", "Sai")[1]["error"]["code"] == "prompt.no_terminal"
    assert clerk.asks("register", "show", identity)[1]["document"]["state"] == "sent"
    assert len(letters(clerk, "tochuc@tuhaiduong")) == 1


# -- asked of us -------------------------------------------------------------------------------------------------------


def test_a_recalled_document_is_destroyed_after_a_person_agreed_and_is_not_missing(clerk: Clerk) -> None:
    found = by_file(morning(clerk))["15-SNV-VP.pdf"]
    before = clerk.asks("register", "show", found["id"])[1]
    correspondents.recall(clerk.office, "SNV", SNV_15, "Ban hành nhầm", LOCAL)
    code, answer = clerk.asks("fetch")
    assert (code, [each["reason"] for each in answer["other"]]) == (0, ["recall"])
    waiting = clerk.asks("inbox", "list")[1]["recalls"]
    assert [(each["document"], each["reason"]) for each in waiting] == [(found["id"], "Ban hành nhầm")]
    recall = waiting[0]["id"]
    assert clerk.asks("status")[1]["recalls"][0]["id"] == recall
    assert clerk.types("inbox", "show", recall) == 0
    assert Path(before["document"]["path"]).exists()
    assert clerk.asks("inbox", "accept", recall)[1]["error"]["code"] == "prompt.no_terminal"
    code, answer = clerk.asks("inbox", "accept", recall, "--yes")
    assert code == 0
    assert before["document"]["sha256"] in answer["destroyed"]
    assert not Path(before["document"]["path"]).exists()
    after = clerk.asks("register", "show", found["id"])[1]
    assert (after["document"]["state"], after["document"]["subject"]) == ("recalled", None)
    assert (after["document"]["sha256"], after["document"]["arrival_number"]) == (
        found["sha256"],
        found["arrival_number"],
    )
    content = before["document"]["subject"].encode()
    for file in (clerk.office.folder / "data").rglob("*"):
        assert not file.is_file() or content not in file.read_bytes(), file
    clerk.types("doctor")
    assert "every registered file is there" in clerk.said
    told = letters(clerk, "vanthu.snv@haiduong.gov.vn")[-1].answer
    assert told is not None
    assert told.code == "15"
    assert clerk.asks("inbox", "list")[1]["recalls"] == []


def test_the_event_of_a_recall_keeps_what_was_destroyed_and_why(clerk: Clerk) -> None:
    from tests.offices import desk_of

    from vanthu_cli.register.book import check_chain, history

    found = by_file(morning(clerk))["15-SNV-VP.pdf"]
    correspondents.recall(clerk.office, "SNV", SNV_15, "Ban hành nhầm", LOCAL)
    clerk.asks("fetch")
    clerk.asks("inbox", "accept", clerk.asks("inbox", "list")[1]["recalls"][0]["id"], "--yes")
    with desk_of(clerk.office) as desk:
        event = next(row for row in history(desk.book, f"document:{found['id']}") if row["kind"] == "recall")
        said = json.loads(event["data"])
        assert (said["sha256"], said["reason"]) == (found["sha256"], "Ban hành nhầm")
        assert desk.cabinet.path(said["notice"]).exists()
        assert check_chain(desk.book) is None


def test_what_was_destroyed_and_comes_again_stays_destroyed(clerk: Clerk) -> None:
    morning(clerk)
    sent = correspondents.signed(
        clerk.office,
        correspondents.state_page("SNV", "Lê Thị Mẫu", number=16, symbol="SNV-VP", day=LOCAL.date(), subject="Bổ sung"),
        "SNV",
    )
    for _time in range(2):
        correspondents.send(clerk.office, "SNV", "Bổ sung", [("16.pdf", sent)], NOW)
    clerk.asks("fetch")
    correspondents.recall(clerk.office, "SNV", replace(SNV_15, number="16"), "Nhầm", LOCAL)
    clerk.asks("fetch")
    code, answer = clerk.asks("inbox", "accept", clerk.asks("inbox", "list")[1]["recalls"][0]["id"], "--yes")
    assert (code, answer["still_in_messages"]) == (0, [])
    correspondents.send(clerk.office, "SNV", "Bổ sung lần nữa", [("16.pdf", sent)], NOW)
    correspondents.send(clerk.office, "SNV", "Hai tệp", [("16.pdf", sent), ("ghi-chu.docx", make_docx("mới"))], NOW)
    code, answer = clerk.asks("fetch")
    assert [each["reason"] for each in answer["other"]] == ["recalled"]
    assert [each["file"] for each in answer["documents"]] == ["ghi-chu.docx"]
    cabinet = b"".join(
        file.read_bytes() for file in (clerk.office.folder / "data" / "cabinet").rglob("*") if file.is_file()
    )
    assert sent[-400:] not in cabinet


@pytest.mark.parametrize("signer", [None, "TUCL"])
def test_only_the_issuer_s_own_signature_makes_a_recall(clerk: Clerk, signer: str | None) -> None:
    found = by_file(morning(clerk))["15-SNV-VP.pdf"]
    correspondents.recall(clerk.office, "SNV", SNV_15, "Giả", LOCAL, signer=signer)
    code, answer = clerk.asks("fetch")
    reasons = [each["reason"] for each in answer["other"]]
    assert (code, reasons) == (0, ["recall-not-signed"])
    assert clerk.asks("inbox", "list")[1]["recalls"] == []
    assert clerk.asks("register", "show", found["id"])[1]["document"]["state"] == "accepted"


def test_every_copy_of_the_letter_goes_however_often_it_came(clerk: Clerk, tmp_path: Path) -> None:
    found = by_file(morning(clerk))["15-SNV-VP.pdf"]
    raw = next(raw for raw in mailbox(clerk.office.folder, INTERNET) if b"15-SNV-VP.pdf" in raw)
    deliver(clerk.office.folder, INTERNET, raw)  # the server shows it again under another number …
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "1.eml").write_bytes(raw)
    (tmp_path / "box" / "2.eml").write_bytes(b"Received: from elsewhere\r\n" + raw)
    for words in ((), ("--folder", str(tmp_path / "box"))):  # … and somebody brings it as a file, twice
        assert clerk.asks("fetch", *words)[0] == 0
    correspondents.recall(clerk.office, "SNV", SNV_15, "Nhầm", LOCAL)
    clerk.asks("fetch")
    assert clerk.asks("inbox", "accept", clerk.asks("inbox", "list")[1]["recalls"][0]["id"], "--yes")[0] == 0
    attached = base64.b64encode(b"%PDF-")[:6]
    for file in (clerk.office.folder / "data").rglob("*"):
        assert not file.is_file() or b"15-SNV-VP.pdf" not in file.read_bytes() or attached not in file.read_bytes(), (
            file
        )
    shown = clerk.asks("register", "show", found["id"])[1]
    assert [(each["state"], each["reason"]) for each in shown["recalls"]] == [("agreed", "Nhầm")]
    assert shown["path"] is None if "path" in shown else shown["document"]["path"] is None


def test_a_notice_changed_after_it_was_signed_is_not_obeyed(clerk: Clerk) -> None:
    morning(clerk)
    correspondents.recall(clerk.office, "SNV", replace(SNV_15, number="99"), "Nhầm", LOCAL)
    for place in (clerk.office.folder / "mail" / "vanthuvptu@haiduong.gov.vn").rglob("*"):
        if place.is_file() and b"thu-hoi.edxml" in (raw := place.read_bytes()):
            part = re.search(rb"filename\*=utf-8''thu-hoi.edxml\r\n\r\n([A-Za-z0-9+/=\r\n]+)", raw)
            assert part
            forged = base64.b64decode(part[1]).replace(b"CodeNumber>99<", b"CodeNumber>15<")
            place.write_bytes(raw.replace(part[1], base64.encodebytes(forged).replace(b"\n", b"\r\n")))
    assert [each["reason"] for each in clerk.asks("fetch")[1]["other"]] == ["recall-not-signed"]


def test_a_recall_can_be_declined_with_a_reason(clerk: Clerk) -> None:
    found = by_file(morning(clerk))["15-SNV-VP.pdf"]
    correspondents.recall(clerk.office, "SNV", SNV_15, "Ban hành nhầm", LOCAL)
    clerk.asks("fetch")
    recall = clerk.asks("inbox", "list")[1]["recalls"][0]["id"]
    assert clerk.asks("inbox", "refuse", recall, "--reason", " ")[0] == 2
    assert clerk.asks("inbox", "refuse", recall, "--reason", "Đã thi hành")[0] == 0
    told = letters(clerk, "vanthu.snv@haiduong.gov.vn")[-1]
    assert told.answer is not None
    assert (told.answer.code, "Đã thi hành" in told.text) == ("16", True)
    assert clerk.asks("register", "show", found["id"])[1]["document"]["state"] == "accepted"
    assert clerk.asks("inbox", "accept", recall, "--yes")[0] == 2


def test_what_was_recalled_is_not_sent_again_by_the_same_command(clerk: Clerk) -> None:
    draft = str(clerk.signed_draft())
    identity = clerk.asks("sign-send", draft, "--to", "BTCTU", "--yes")[1]["document"]["id"]
    assert clerk.asks("recall", identity, "--reason", "Sai", "--yes")[0] == 0
    code, answer = clerk.asks("sign-send", draft, "--to", "BTCTU", "--yes")
    assert (code, answer["error"]["code"]) == (5, "issue.over")
