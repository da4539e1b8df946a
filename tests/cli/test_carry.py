"""Two machines, one register: letters carried on a stick, and mail that comes as files (145-CV/TU: one PC joins one network)."""

import json
import re
import shutil
from pathlib import Path

import pytest
from tests.cli.commands import Clerk
from tests.offices import NOW

from vanthu_cli.channels.mime import read_mail
from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.mailboxes import mailbox
from vanthu_cli.sandbox.office import INTERNET, PracticeOffice

SNV = "vanthu.snv@haiduong.gov.vn"


@pytest.fixture
def stick(clerk: Clerk, tmp_path: Path) -> Path:
    """Give a stick; the office reaches the Internet by it only."""
    (tmp_path / "stick").mkdir()
    text = clerk.office.config.read_text("utf-8")
    mail = re.search(r"\n\[channels\.internet\].*?smtp = [^\n]*\n", text, re.DOTALL)
    assert mail
    folder = f'\n[channels.internet]\nkind = "folder"\nnetwork = "internet"\naddress = "{INTERNET}"\npath = "{tmp_path / "stick"}"\n'
    clerk.office.config.write_text(text.replace(mail[0], folder), "utf-8")
    return tmp_path / "stick"


@pytest.fixture
def courier(clerk: Clerk, stick: Path, capsys: pytest.CaptureFixture[str]) -> Clerk:
    """Give the machine on the Internet: it has no register."""
    text = clerk.office.config.read_text("utf-8")
    servers = re.findall(r"^(?:imap|smtp|secret) = .*$", text, re.MULTILINE)
    channel = f'[channels.internet]\nkind = "mail"\nnetwork = "internet"\naddress = "{INTERNET}"\n' + "\n".join(
        line.replace("vanthu@tuhaiduong", INTERNET) for line in servers if "keys" not in line
    )
    office = text[: text.index("\n[channels.wan]")].replace('data_dir = "data"', 'data_dir = "other-machine"')
    config = clerk.office.folder / "other.toml"
    secret = 'secret = "file:secrets/password"\n'
    lines = list(dict.fromkeys(f"{office}\n{channel}\n".splitlines()))
    config.write_text("\n".join(lines) + "\n", "utf-8")
    assert secret.strip() in lines
    assert stick.is_dir()

    class Other(Clerk):
        def asks(self, *words: str) -> tuple[int, dict[str, object]]:
            from vanthu_cli.__main__ import main

            capsys.readouterr()
            code = main([*words, "--json", "--config", str(config), "--lang", "en"])
            return code, json.loads(capsys.readouterr().out)

    return Other(PracticeOffice(clerk.office.folder), capsys)


def test_a_letter_is_carried_sent_once_and_its_answer_comes_back(clerk: Clerk, courier: Clerk, stick: Path) -> None:
    code, answer = clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "SNV", "--to", "BTCTU", "--yes")
    states = {each["agency"]: each["state"] for each in answer["deliveries"]}
    assert (code, states) == (3, {"SNV": "queued", "BTCTU": "handed-over"})
    assert mailbox(clerk.office.folder, SNV) == []
    (letter,) = (stick / "out").glob("*.eml")
    carried = letter.read_bytes()
    code, done = courier.asks("carry", "send", "--folder", str(stick))
    assert (code, done["letters"][0]["state"]) == (0, "handed-over")
    (arrived,) = mailbox(clerk.office.folder, SNV)
    assert arrived.endswith(carried)
    for _time in range(2):
        assert courier.asks("carry", "send", "--folder", str(stick))[1]["letters"] == []
    code, answer = clerk.asks("send", answer["document"]["id"])
    assert (code, {each["state"] for each in answer["deliveries"]}) == (0, {"handed-over"})
    assert answer["deliveries"][0]["answer"].startswith("250")
    assert len(mailbox(clerk.office.folder, SNV)) == 1


def test_a_copy_of_the_stick_without_the_answers_sends_nothing_twice(clerk: Clerk, courier: Clerk, stick: Path) -> None:
    clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "SNV", "--yes")
    shutil.copytree(stick, stick.with_name("copy"))
    courier.asks("carry", "send", "--folder", str(stick))
    shutil.rmtree(stick / "answers")
    for place in (stick, stick.with_name("copy")):
        code, done = courier.asks("carry", "send", "--folder", str(place))
        assert (code, [each["state"] for each in done["letters"]]) == (0, ["handed-over"])
    assert len(mailbox(clerk.office.folder, SNV)) == 1


def test_a_second_carrier_finds_in_sent_what_the_first_has_sent(clerk: Clerk, courier: Clerk, stick: Path) -> None:
    clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "SNV", "--yes")
    shutil.copytree(stick, stick.with_name("copy"))
    courier.asks("carry", "send", "--folder", str(stick))
    shutil.rmtree(clerk.office.folder / "other-machine")  # another PC, or one that has lost its memory
    code, done = courier.asks("carry", "send", "--folder", str(stick.with_name("copy")))
    assert (code, done["letters"][0]["state"], done["letters"][0]["answer"]) == (0, "handed-over", "traced-in-sent")
    assert len(mailbox(clerk.office.folder, SNV)) == 1


def test_an_envelope_of_another_letter_is_not_believed(clerk: Clerk, courier: Clerk, stick: Path) -> None:
    clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "SNV", "--yes")
    (side,) = (stick / "out").glob("*.json")
    side.write_text(side.read_text().replace(SNV, "vanthu.stc@haiduong.gov.vn"))
    assert courier.asks("carry", "send", "--folder", str(stick))[1]["error"]["code"] == "carry.damaged"
    assert mailbox(clerk.office.folder, "vanthu.stc@haiduong.gov.vn") == []


def test_a_message_that_was_cut_off_on_the_stick_is_said_and_saved_again(
    clerk: Clerk, courier: Clerk, stick: Path
) -> None:
    correspondents.arrivals(clerk.office, NOW.astimezone(VIETNAM), today(NOW))
    courier.asks("carry", "fetch", "--folder", str(stick))
    cut = max((stick / "in").glob("*.eml"), key=lambda file: file.stat().st_size)
    cut.write_bytes(cut.read_bytes()[:9000])
    code, answer = clerk.asks("fetch", "--channel", "internet")
    assert (code, answer["error"]["code"], answer["channels"][0]["messages"]) == (3, "folder.damaged", 3)
    assert cut.exists()
    assert courier.asks("carry", "fetch", "--folder", str(stick), "--all")[0] == 0
    code, answer = clerk.asks("fetch", "--channel", "internet")
    assert (code, answer["channels"][0]["new"]) == (0, 1)


def test_a_link_leads_nowhere(clerk: Clerk, tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "a.eml").symlink_to(clerk.office.folder / "secrets" / "password")
    assert clerk.asks("fetch", "--folder", str(tmp_path / "box"))[1]["channels"][0]["messages"] == 0


def test_a_letter_that_was_half_written_is_not_sent(clerk: Clerk, courier: Clerk, stick: Path) -> None:
    clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "SNV", "--yes")
    (letter,) = (stick / "out").glob("*.eml")
    letter.write_bytes(letter.read_bytes()[:-100])
    code, done = courier.asks("carry", "send", "--folder", str(stick))
    assert (code, done["error"]["code"]) == (3, "carry.damaged")
    assert mailbox(clerk.office.folder, SNV) == []
    assert clerk.asks("send", "01-CV/TU")[0] == 3  # written anew
    assert courier.asks("carry", "send", "--folder", str(stick))[0] == 0


def test_a_carrier_that_died_while_sending_never_sends_again_by_itself(
    clerk: Clerk, courier: Clerk, stick: Path
) -> None:
    clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "SNV", "--yes")
    (letter,) = (stick / "out").glob("*.eml")
    journal = clerk.office.folder / "other-machine" / "carried" / "answers"
    journal.mkdir(parents=True)
    (journal / f"{letter.stem}.json").write_text('{"state": "later", "words": "sending"}')
    code, done = courier.asks("carry", "send", "--folder", str(stick))
    assert (code, done["letters"][0]["state"]) == (7, "unsure")
    assert mailbox(clerk.office.folder, SNV) == []
    code, answer = clerk.asks("send", "01-CV/TU")
    assert (code, answer["deliveries"][0]["state"]) == (7, "unsure")
    code, answer = clerk.asks("send", "01-CV/TU", "--again")
    assert (code, answer["deliveries"][0]["state"]) == (3, "queued")
    assert courier.asks("carry", "send", "--folder", str(stick))[0] == 0
    assert len(mailbox(clerk.office.folder, SNV)) == 1


def test_mail_is_saved_raw_carried_and_taken_in_once(clerk: Clerk, courier: Clerk, stick: Path) -> None:
    correspondents.arrivals(clerk.office, NOW.astimezone(VIETNAM), today(NOW))
    code, done = courier.asks("carry", "fetch", "--folder", str(stick))
    assert (code, done["messages"]) == (0, 4)
    assert {file.read_bytes() for file in (stick / "in").glob("*.eml")} == set(mailbox(clerk.office.folder, INTERNET))
    assert courier.asks("carry", "fetch", "--folder", str(stick))[1]["messages"] == 0
    code, answer = clerk.asks("fetch")
    assert code == 0
    channels = {each["channel"]: each["messages"] for each in answer["channels"]}
    assert channels == {"wan": 6, "internet": 4}
    assert "15-SNV-VP.pdf" in {each["file"] for each in answer["documents"]}
    assert list((stick / "in").glob("*.eml")) == []
    assert len(list((stick / "in" / "taken").glob("*.eml"))) == 4
    for file in (stick / "in" / "taken").iterdir():
        shutil.copy(file, stick / "in")
    assert [each["messages"] for each in clerk.asks("fetch")[1]["channels"]] == [0, 0]
    # The receipt for what came from the Internet goes back by the same stick.
    assert courier.asks("carry", "send", "--folder", str(stick))[0] == 0
    told = [read_mail(raw).answer for raw in mailbox(clerk.office.folder, SNV)]
    assert [each and each.code for each in told] == ["03"]


def test_a_stick_that_is_not_there_is_said_and_costs_the_other_network_nothing(clerk: Clerk, stick: Path) -> None:
    stick.rmdir()
    correspondents.arrivals(clerk.office, NOW.astimezone(VIETNAM), today(NOW))
    code, answer = clerk.asks("fetch")
    assert (code, answer["error"]["code"]) == (3, "folder.missing")
    assert {each["channel"]: each["messages"] for each in answer["channels"]} == {"wan": 6, "internet": 0}


def test_the_carrier_sends_only_for_its_own_mailbox_and_network(clerk: Clerk, courier: Clerk, stick: Path) -> None:
    clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "SNV", "--yes")
    (side,) = (stick / "out").glob("*.json")
    side.write_text(side.read_text().replace('"internet"', '"wan"'))
    code, done = courier.asks("carry", "send", "--folder", str(stick))
    assert (code, done["error"]["code"]) == (2, "carry.no_channel")
    assert mailbox(clerk.office.folder, SNV) == []


@pytest.mark.parametrize("form", ["files", "maildir", "one"])
def test_fetch_takes_eml_files_and_a_maildir_and_leaves_them_as_they_are(
    clerk: Clerk, tmp_path: Path, form: str
) -> None:
    correspondents.arrivals(clerk.office, NOW.astimezone(VIETNAM), today(NOW))
    raws = mailbox(clerk.office.folder, INTERNET)
    place = tmp_path / "box"
    (place / "new").mkdir(parents=True)
    (place / "cur").mkdir()
    for number, raw in enumerate(raws):
        if form == "maildir":
            (place / ("cur" if number % 2 else "new") / f"1700000000.{number}.x").write_bytes(raw)
        else:
            (place / f"{number}.EML").write_bytes(raw)
    if form != "maildir":
        (place / "new").rmdir()
        (place / "cur").rmdir()
    if form == "one":
        place = next(place.glob("0.EML"))
    before = sorted((tmp_path / "box").rglob("*"))
    code, answer = clerk.asks("fetch", "--folder", str(place), "--dry-run")
    assert (code, answer["channels"][0]["waiting"]) == (0, 1 if form == "one" else 4)
    code, answer = clerk.asks("fetch", "--folder", str(place))
    assert (code, answer["channels"][0]["new"]) == (0, 1 if form == "one" else 4)
    assert [each["channel"] for each in answer["channels"]] == ["folder"]
    assert sorted((tmp_path / "box").rglob("*")) == before
    assert clerk.asks("fetch", "--folder", str(place))[1]["channels"][0]["messages"] == 0
    if form != "one":  # the sender is answered on the network that it wrote from
        assert len(mailbox(clerk.office.folder, SNV)) == 1
        # The same letters, now from the mailbox itself: documents that are known, a second time.
        again = clerk.asks("fetch", "--channel", "internet")[1]["documents"]
        known = {each["id"] for each in answer["documents"]}
        assert {each["id"] for each in again} == {each["id"] for each in again if each["sha256"]} & known
        assert all("duplicate" in each["flags"] for each in again)


def test_a_folder_that_is_not_there_is_a_clear_refusal(clerk: Clerk, tmp_path: Path) -> None:
    code, answer = clerk.asks("fetch", "--folder", str(tmp_path / "nothing"))
    assert (code, answer["error"]["code"]) == (6, "folder.missing")
    assert clerk.asks("carry", "send", "--folder", str(tmp_path / "nothing"))[0] == 6
