"""Going out: prepare, sign, sign-send, send (contract.md, `sign-send`; NĐ 30/2020 Đ32.2)."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.cli.commands import Clerk
from tests.offices import NOW

from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox.correspondents import altered
from vanthu_cli.sandbox.mailboxes import mailbox
from vanthu_cli.sandbox.office import BOUNCES


def pdfsig(path: str) -> str:
    if shutil.which("pdfsig") is None:
        assert os.environ.get("CI") != "true", "pdfsig is missing in CI"
        pytest.skip("pdfsig (poppler-utils) is not installed")
    return subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False).stdout  # noqa: S607  Debian's


def numbers(clerk: Clerk) -> list[int]:
    return sorted(each["number"] for each in clerk.asks("register", "list", "--book", "di")[1]["documents"])


def test_a_document_is_numbered_sealed_registered_and_sent_and_stands_up_to_two_judges(clerk: Clerk) -> None:
    signed = clerk.signed_draft()
    code, answer = clerk.asks("sign-send", str(signed), "--to", "BTCTU", "--to", "vanthu.snv@haiduong.gov.vn", "--yes")
    assert code == 0
    document = answer["document"]
    assert (document["number"], document["symbol"], document["state"]) == (1, "CV/TU", "sent")
    assert document["date"] == today(NOW).isoformat()
    assert [(each["to"], each["channel"], each["state"]) for each in answer["deliveries"]] == [
        ("tochuc@tuhaiduong", "wan", "handed-over"),
        ("vanthu.snv@haiduong.gov.vn", "internet", "handed-over"),
    ]
    assert answer["paper"] == []
    code, verified = clerk.asks("verify", document["file"])
    assert code == 0
    found = verified["files"][0]
    assert (found["verdict"], found["person_signed"], found["organisation_signed"]) == ("valid", True, True)
    assert [each["level"] for each in found["signatures"]] == ["B-T", "B-B", "B-T"]
    said = pdfsig(document["file"])
    assert said.count("Signature is Valid") == 3
    assert len(mailbox(clerk.office.folder, "tochuc@tuhaiduong")) == 1


def test_the_same_command_again_does_nothing_twice(clerk: Clerk) -> None:
    signed = clerk.signed_draft()
    command = ("sign-send", str(signed), "--to", "BTCTU", "--yes")
    first, second = clerk.asks(*command), clerk.asks(*command)
    assert first == second
    assert len(mailbox(clerk.office.folder, "tochuc@tuhaiduong")) == 1
    code, answer = clerk.asks("sign-send", str(signed), "--to", "SNV", "--yes")
    assert (code, answer["error"]["code"]) == (5, "issue.other_recipients")


def test_a_later_arrival_stamp_breaks_nothing_and_the_number_cannot_be_changed(clerk: Clerk) -> None:
    _code, answer = clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--yes")
    sealed = Path(answer["document"]["file"])
    forged = clerk.office.papers / "forged.pdf"
    forged.write_bytes(altered(sealed.read_bytes()))
    code, verified = clerk.asks("verify", str(forged))
    assert (code, verified["files"][0]["verdict"]) == (4, "invalid")
    assert verified["error"]["code"] == "verify.invalid"


@pytest.mark.parametrize(("mark", "code", "reason"), [("TỐI MẬT", 5, "issue.secret"), ("MẬT", 5, "issue.secret")])
def test_a_document_with_a_secrecy_mark_is_refused_and_leaves_nothing(
    clerk: Clerk, mark: str, code: int, reason: str
) -> None:
    draft = clerk.draft(secrecy=mark)
    assert clerk.types("sign-send", str(draft), "--to", "BTCTU", "--person", "leader", "--yes") == code
    assert "117/2025" in clerk.said
    assert clerk.asks("sign-send", str(draft), "--to", "BTCTU", "--yes")[1]["error"]["code"] == reason
    assert numbers(clerk) == []


def test_the_office_seals_nothing_that_no_authorised_person_has_signed(clerk: Clerk) -> None:
    code, answer = clerk.asks("sign-send", str(clerk.draft()), "--to", "BTCTU", "--yes")
    assert (code, answer["error"]["code"]) == (5, "leader.unsigned")
    assert "32.2.d" in answer["error"]["message"]
    sealed_only = clerk.office.papers / "x.pdf"
    code, answer = clerk.asks("sign", str(clerk.draft("y.pdf")), "--as", "organisation", "--out", str(sealed_only))
    assert (code, answer["error"]["code"]) == (5, "leader.unsigned")
    assert not sealed_only.exists()
    assert numbers(clerk) == []


def test_a_stranger_s_signature_is_not_the_leader_s(clerk: Clerk) -> None:
    from vanthu_cli.sandbox.correspondents import own_page, signed

    stranger = clerk.office.papers / "stranger.pdf"
    stranger.write_bytes(signed(clerk.office, own_page(subject="Giả danh", year=NOW.year), "TUCL", organisation=None))
    code, answer = clerk.asks("sign-send", str(stranger), "--to", "BTCTU", "--yes")
    assert (code, answer["error"]["code"]) == (5, "leader.not_authorised")


def test_what_was_changed_after_the_leader_signed_is_refused_as_invalid(clerk: Clerk) -> None:
    signed = clerk.signed_draft()
    signed.write_bytes(altered(signed.read_bytes()))
    assert clerk.asks("sign-send", str(signed), "--to", "BTCTU", "--yes")[0] == 4
    assert numbers(clerk) == []


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("XYZ", "route.unknown_agency"),
        ("ai-do@gmail.com", "route.unknown_address"),
        ("HUNG", "route.not_in_force"),
    ],
)
def test_unknown_and_abolished_agencies_are_refused_with_a_hint_and_no_number_is_taken(
    clerk: Clerk, to: str, reason: str
) -> None:
    code, answer = clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--to", to, "--yes")
    assert (code, answer["error"]["code"]) == (5, reason)
    assert answer["error"]["hint"]
    assert numbers(clerk) == []


def test_a_page_that_bears_a_number_already_is_refused(clerk: Clerk) -> None:
    code, answer = clerk.asks("sign-send", str(clerk.draft(number=99)), "--person", "leader", "--to", "BTCTU", "--yes")
    assert (code, answer["error"]["code"]) == (5, "issue.already_numbered")


def test_a_page_that_prints_another_year_than_today_s_is_refused(clerk: Clerk) -> None:
    code, answer = clerk.asks(
        "sign-send", str(clerk.draft(year=NOW.year - 1)), "--person", "leader", "--to", "BTCTU", "--yes"
    )
    assert (code, answer["error"]["code"]) == (5, "issue.other_date")


def test_without_a_terminal_and_without_yes_nothing_happens_and_the_option_is_named(clerk: Clerk) -> None:
    code, answer = clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU")
    assert (code, answer["error"]["code"]) == (2, "prompt.no_terminal")
    assert "--yes" in answer["error"]["hint"]
    assert numbers(clerk) == []


def test_dry_run_says_what_would_be_done_and_takes_no_number(clerk: Clerk) -> None:
    code, answer = clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "TUCL", "--dry-run")
    assert (code, answer["document"]["symbol"], answer["deliveries"][0]["to"]) == (0, "CV/TU", "chilinh@tuhaiduong")
    assert numbers(clerk) == []


def test_a_session_paper_goes_to_the_session_address_and_leaves_one_paper_original_owed(clerk: Clerk) -> None:
    draft = clerk.draft()
    code, answer = clerk.asks(
        "sign-send", str(draft), "--person", "leader", "--session", "Kỳ họp 5", "--to", "TUCL", "--yes"
    )
    assert code == 0
    assert {each["to"] for each in answer["deliveries"]} == {"chilinh@tuhaiduong", "vanthu@tuhaiduong"}
    assert answer["paper"] == [{"agency": "VPTU", "copies": 1, "reason": "session"}]
    assert clerk.asks("status")[1]["paper_owed"][0]["copies"] == 1


def test_an_exception_class_leaves_paper_owed_to_every_recipient(clerk: Clerk) -> None:
    draft = clerk.draft(subject="Công tác tổ chức cán bộ")
    _code, answer = clerk.asks("sign-send", str(draft), "--person", "leader", "--to", "TUCL", "--to", "SNV", "--yes")
    assert {(each["agency"], each["reason"]) for each in answer["paper"]} == {
        ("TUCL", "exception"),
        ("SNV", "exception"),
    }


def silence(clerk: Clerk, pattern: str) -> str:
    """Point an address of the configuration to a port where nobody listens; return the configuration as it was."""
    text = clerk.office.config.read_text("utf-8")
    clerk.office.config.write_text(re.sub(pattern, r"\g<1>1", text), "utf-8")
    return text


def test_a_silent_mail_server_after_the_number_leaves_it_numbered_and_the_same_command_goes_on(clerk: Clerk) -> None:
    signed = clerk.signed_draft()
    before = silence(clerk, r"(smtp = \{ host = \"127.0.0.1\", port = )\d+")
    code, answer = clerk.asks("sign-send", str(signed), "--to", "BTCTU", "--yes")
    assert (code, answer["document"]["number"], answer["deliveries"][0]["state"]) == (3, 1, "queued")
    clerk.office.config.write_text(before, "utf-8")
    code, answer = clerk.asks("sign-send", str(signed), "--to", "BTCTU", "--yes")
    assert (code, answer["document"]["number"], answer["deliveries"][0]["state"]) == (0, 1, "handed-over")
    assert numbers(clerk) == [1]


def test_a_silent_time_stamp_authority_is_noticed_before_a_number_is_taken(clerk: Clerk) -> None:
    signed = clerk.signed_draft()
    silence(clerk, r"(url = \"http://127.0.0.1:)\d+")
    code, answer = clerk.asks("sign-send", str(signed), "--to", "BTCTU", "--yes")
    assert (code, answer["error"]["code"]) == (6, "signing.tsa_silent")
    assert numbers(clerk) == []


def test_a_wrong_passphrase_is_tried_once_and_leaves_nothing(clerk: Clerk) -> None:
    signed = clerk.signed_draft()
    (clerk.office.folder / "secrets" / "password").write_text("sai\n", "utf-8")
    code, answer = clerk.asks("sign-send", str(signed), "--to", "BTCTU", "--yes")
    assert (code, answer["error"]["code"]) == (2, "signing.passphrase")
    out = clerk.office.papers / "out.pdf"
    assert clerk.types("sign", str(clerk.draft("z.pdf")), "--as", "person", "--out", str(out)) == 2
    assert not out.exists()
    assert "sai" not in clerk.said.replace("said", "")


def test_a_key_that_the_directory_does_not_list_for_the_office_signs_nothing(clerk: Clerk) -> None:
    signed = clerk.signed_draft()
    keys = clerk.office.folder / "pki" / "keys"
    (keys / "VPTU-organisation.p12").write_bytes((keys / "TUCL-organisation.p12").read_bytes())
    code, answer = clerk.asks("sign-send", str(signed), "--to", "BTCTU", "--yes")
    assert (code, answer["error"]["code"]) == (5, "key.not_ours")
    assert numbers(clerk) == []


def test_a_bounced_letter_is_sent_again_to_the_corrected_address(clerk: Clerk) -> None:
    _code, answer = clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "SXD", "--yes")
    identity = answer["document"]["id"]
    assert clerk.asks("fetch")[0] == 0
    shown = clerk.asks("status")[1]["to_send"]
    assert [(each["to"], each["state"]) for each in shown] == [(BOUNCES, "bounced")]
    assert (
        clerk.types("directory", "add", "SXD", "--internet", "vanthu.stc@haiduong.gov.vn") == 5
    )  # it is another agency's
    assert clerk.types("directory", "add", "STC", "--internet", "moi@haiduong.gov.vn") == 0
    assert clerk.types("directory", "add", "SXD", "--internet", "vanthu.stc@haiduong.gov.vn") == 0
    code, answer = clerk.asks("send", identity, "--again")
    assert (code, answer["deliveries"][0]["to"], answer["deliveries"][0]["state"]) == (
        0,
        "vanthu.stc@haiduong.gov.vn",
        "handed-over",
    )
    assert len(mailbox(clerk.office.folder, "vanthu.stc@haiduong.gov.vn")) == 1


def test_documents_are_numbered_one_after_the_other_and_inputs_are_never_overwritten(clerk: Clerk) -> None:
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        draft = clerk.draft(name, subject=f"Văn bản {name}")
        before = draft.read_bytes()
        assert clerk.types("sign-send", str(draft), "--person", "leader", "--to", "BTCTU", "--yes") == 0, clerk.said
        assert draft.read_bytes() == before
    assert numbers(clerk) == [1, 2, 3]
    draft = clerk.draft("d.pdf")
    assert clerk.types("prepare", str(draft), "--out", str(draft)) == 2
    assert "exists" in clerk.said
