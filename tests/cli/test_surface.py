"""The surface that scripts rely on (contract.md): options anywhere, JSON always JSON, exit codes, no traceback."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.commands import Clerk
from tests.offices import NOW

from vanthu_cli import __version__
from vanthu_cli.__main__ import main
from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.documents import make_docx, make_pdf
from vanthu_cli.sandbox.office import PracticeOffice


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main([*words, "--json", "--lang", "en"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Stand in an empty folder, with no configuration anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("VANTHU_CONFIG", raising=False)
    return tmp_path


def test_without_a_configuration_commands_say_what_to_do(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = asked(capsys, "status")
    assert (code, answer["ok"], answer["error"]["code"], answer["command"]) == (2, False, "config.missing", "status")
    assert "vanthu init" in answer["error"]["hint"]
    assert answer["vanthu"] == __version__
    assert list(nowhere.iterdir()) == []


@pytest.mark.parametrize(
    "words", [["no-such-command"], ["verify"], ["register", "list", "--nonsense"], ["register", "list", "--book", "x"]]
)
def test_a_usage_error_is_exit_2_and_json_too(
    nowhere: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    _unused = nowhere
    code, answer = asked(capsys, *words)
    assert code == 2
    assert answer["error"]["message"]


def test_verify_works_without_any_configuration(
    nowhere: Path, capsys: pytest.CaptureFixture[str], template: PracticeOffice
) -> None:
    page = correspondents.party_page("TUCL", "Phạm Văn Mẫu", number=1, symbol="CV/TUCL", day=today(NOW), subject="Thử")
    (nowhere / "good.pdf").write_bytes(correspondents.signed(template, page, "TUCL"))
    (nowhere / "bad.pdf").write_bytes(correspondents.altered((nowhere / "good.pdf").read_bytes()))
    (nowhere / "plain.pdf").write_bytes(make_pdf(page))
    (nowhere / "word.docx").write_bytes(make_docx("x"))
    (nowhere / "no.pdf").write_bytes(b"not a pdf")
    trust = str(template.pki.trust)
    code, answer = asked(capsys, "verify", "good.pdf", "--trust", trust)
    found = answer["files"][0]
    assert (code, found["verdict"], found["person_signed"], found["organisation_signed"]) == (0, "valid", None, None)
    assert {each["role"] for each in found["signatures"]} == {"unknown"}
    assert set(found) == {
        "file",
        "sha256",
        "format",
        "verdict",
        "person_signed",
        "organisation_signed",
        "signatures",
        "reasons",
    }
    keys = (
        "id role signer issuer indication sub_indication level claimed_time timestamp integrity covers changes_after trust "
        "revocation weak reasons"
    )
    assert set(found["signatures"][0]) == set(keys.split())
    code, answer = asked(capsys, "verify", "good.pdf")
    assert (code, answer["files"][0]["verdict"]) == (7, "unknown")
    everything = ["good.pdf", "bad.pdf", "plain.pdf", "word.docx", "no.pdf", "missing.pdf"]
    code, answer = asked(capsys, "verify", *everything, "--trust", trust, "--offline")
    verdicts = [each["verdict"] for each in answer["files"]]
    assert (code, verdicts) == (4, ["valid", "invalid", "unsigned", "unsigned", "unknown", "unknown"])
    assert asked(capsys, "verify", "plain.pdf", "--trust", trust)[0] == 7


def test_verify_at_a_time_judges_as_of_then(
    nowhere: Path, capsys: pytest.CaptureFixture[str], template: PracticeOffice
) -> None:
    page = correspondents.party_page("TUCL", "Phạm Văn Mẫu", number=1, symbol="CV/TUCL", day=today(NOW), subject="Thử")
    (nowhere / "good.pdf").write_bytes(correspondents.signed(template, page, "TUCL"))
    trust = str(template.pki.trust)
    assert asked(capsys, "verify", "good.pdf", "--trust", trust, "--at", "2090-01-01")[0] == 7
    assert asked(capsys, "verify", "good.pdf", "--trust", trust, "--at", "gestern")[0] == 2
    person = str(template.pki.folder / "keys" / "TUCL-person.crt")
    assert asked(capsys, "verify", "good.pdf", "--trust", person)[1]["files"][0]["verdict"] == "unknown"


def test_options_may_stand_before_or_after_the_command(clerk: Clerk) -> None:
    config = ["--config", str(clerk.office.config)]
    assert (
        main([*config, "--json", "status"])
        == main(["status", *config, "--json"])
        == main(["status", f"--config={config[1]}"])
        == 0
    )


def test_a_broken_configuration_names_file_key_and_line(clerk: Clerk) -> None:
    text = clerk.office.config.read_text("utf-8").replace('kind = "party"', 'kind = "parti"')
    clerk.office.config.write_text(text, "utf-8")
    code, answer = clerk.asks("status")
    assert code == 2
    assert re.search(r"line \d+, office\.kind", answer["error"]["message"])
    assert "config.toml" in answer["error"]["message"]


def test_a_bug_is_exit_1_with_the_place_of_its_record_and_no_traceback(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    import vanthu_cli.procedures.status as room

    def broken(_desk: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(room, "status", broken)
    monkeypatch.setattr("vanthu_cli.cli.status_command.status", broken)
    assert clerk.types("status") == 1
    assert "Traceback" not in clerk.said
    record = Path(re.search(r"\S*vanthu-bug-\S+\.txt", clerk.said)[0])  # type: ignore[index]  # None fails the test
    assert "ZeroDivisionError" in record.read_text("utf-8")
    record.unlink()


def test_what_came_from_outside_cannot_drive_the_terminal(clerk: Clerk) -> None:
    assert clerk.types("directory", "add", "X", "--name", "Sở \x1b[31mđỏ\u202eđen\x07") == 0
    assert clerk.types("directory", "list") == 0
    assert "\x1b" not in clerk.said
    assert "\u202e" not in clerk.said
    assert "\x07" not in clerk.said


def test_numbers_are_gapless_when_several_commands_issue_at_once(clerk: Clerk) -> None:
    drafts = [clerk.draft(f"n{position}.pdf", subject=f"Văn bản thứ {position}") for position in range(4)]
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "vanthu_cli", "--config", str(clerk.office.config), "sign-send", str(draft),
             "--person", "leader", "--to", "BTCTU", "--yes", "--json"],
            stdout=subprocess.PIPE, text=True,
        )
        for draft in drafts
    ]  # fmt: skip
    answers = [json.loads(run.communicate(timeout=120)[0]) for run in runs]
    assert all(answer["ok"] for answer in answers)
    assert sorted(answer["document"]["number"] for answer in answers) == [1, 2, 3, 4]


def test_init_from_a_finished_file_makes_a_working_office(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = nowhere / "config.toml"
    file.write_text(
        '[office]\nname = "Sở Nội vụ"\ncode = "SNV"\nsymbol = "SNV"\nkind = "state"\nplace = "Hải Dương"\ndata_dir = "data"\n',
        "utf-8",
    )
    assert asked(capsys, "init", "--from", str(file))[0] == 0
    assert asked(capsys, "register", "list")[1]["documents"] == []
    assert [each["code"] for each in asked(capsys, "directory", "list")[1]["agencies"]] == ["SNV"]
    assert asked(capsys, "init", "--from", str(file))[0] == 0
    assert asked(capsys, "fetch")[1]["error"]["code"] == "fetch.no_channel"
    code, answer = asked(capsys, "doctor")
    assert (code, [each["grade"] for each in answer["checks"] if each["name"] == "trust"]) == (3, ["bad"])


def test_init_without_a_terminal_and_without_a_file_names_the_option(
    nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _unused = nowhere
    code, answer = asked(capsys, "init")
    assert (code, answer["error"]["code"]) == (2, "init.no_terminal")
    assert "--from" in answer["error"]["hint"]


def test_the_directory_goes_to_a_file_and_comes_back(clerk: Clerk, tmp_path: Path) -> None:
    file = tmp_path / "danh-ba.csv"
    assert clerk.asks("directory", "export", str(file))[1]["exported"] == 12
    assert clerk.types("directory", "export", str(file)) == 2
    assert clerk.asks("directory", "import", str(file))[1]["imported"] == 12
    file.write_text("code,name,wan\nA,Cơ quan A,không phải địa chỉ\n", "utf-8")
    code, answer = clerk.asks("directory", "import", str(file))
    assert (code, answer["error"]["code"]) == (2, "directory.address")


def test_search_finds_without_diacritics_and_by_number(clerk: Clerk) -> None:
    draft = clerk.draft(subject="Triệu tập hội nghị giao ban")
    assert clerk.types("sign-send", str(draft), "--person", "leader", "--to", "BTCTU", "--yes") == 0
    for words in (["hoi", "nghi"], ["HỘI NGHỊ"], ["01-CV/TU"], ["tinh uy hai duong"]):
        assert len(clerk.asks("register", "search", *words)[1]["documents"]) == 1
    assert clerk.asks("register", "search", "khong co dau")[1]["documents"] == []


def test_doctor_finds_nothing_wrong_in_a_good_office_and_names_each_fault_with_its_cure(clerk: Clerk) -> None:
    code, answer = clerk.asks("doctor")
    assert code == 0
    assert {each["grade"] for each in answer["checks"]} <= {"good", "doubtful"}
    (clerk.office.folder / "pki" / "keys" / "VPTU-organisation.p12").unlink()
    code, answer = clerk.asks("doctor")
    bad = [each for each in answer["checks"] if each["grade"] == "bad"]
    assert (code, [each["name"] for each in bad]) == (3, ["key office"])
    assert bad[0]["cure"]


def test_the_version_is_shown_and_vanthu_alone_shows_what_it_can_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTHU_LANG", "en")
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"vanthu {__version__}\n"
    assert main([]) == 2
    assert "sign-send" in capsys.readouterr().out


def test_what_is_no_file_is_a_slip_of_the_command(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(capsys, "verify", str(nowhere))[0] == 2
    assert asked(capsys, "verify", "/dev/zero")[0] == 2


def test_an_address_or_certificate_of_one_agency_is_not_taken_by_another(clerk: Clerk) -> None:
    code, answer = clerk.asks("directory", "add", "SNV", "--internet", "vanthu.stc@haiduong.gov.vn")
    assert (code, answer["error"]["code"]) == (5, "directory.taken")
    person = str(clerk.office.folder / "pki" / "keys" / "SNV-person.crt")
    code, answer = clerk.asks("directory", "add", "MOI", "--name", "Mới", "--certificate", person, "--role", "person")
    assert (code, answer["error"]["code"]) == (5, "directory.taken")
