"""The morning without a person: what it does, what it says, and what it never does (contract.md, `batch`)."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from tests import offices
from tests.cli import assets
from tests.cli.commands import Clerk
from tests.cli.test_exchange import BTCTU, letters
from tests.cli.test_incoming import morning
from tests.offices import NOW

from vanthu_cli.cli.schedules import cron, schtasks, systemd
from vanthu_cli.config.settings import Batch
from vanthu_cli.errors import ForbiddenError
from vanthu_cli.procedures.batch import Morning, batch
from vanthu_cli.procedures.desk import Kept
from vanthu_cli.register import documents
from vanthu_cli.register.heartbeat import heartbeat
from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox import correspondents


def later(clerk: Clerk, days: int) -> Morning:
    """Run the morning as if days had passed."""
    now = NOW + timedelta(days=days)
    with offices.desk_of(clerk.office, now) as desk:
        return batch(desk, clock=lambda: now)


@contextmanager
def without_servers(clerk: Clerk) -> Iterator[None]:
    text = clerk.office.config.read_text("utf-8")
    clerk.office.config.write_text(re.sub(r"port = \d+", "port = 1", text), "utf-8")
    yield
    clerk.office.config.write_text(text, "utf-8")


def test_a_morning_is_told_in_a_few_lines_and_the_next_run_is_silent(clerk: Clerk) -> None:
    correspondents.arrivals(clerk.office, NOW, today(NOW))
    assert clerk.types("batch") == 0
    lines = clerk.said.splitlines()
    assert lines[0] == "9 new messages: 2 registered, 6 waiting for a person, 1 in quarantine."
    assert len(lines) <= 40
    assert any(line.startswith("! q") for line in lines)
    assert clerk.types("batch") == 0
    assert clerk.said == ""
    beat = heartbeat(clerk.office.folder / "data")
    assert beat is not None
    assert beat.good


def test_what_one_step_cannot_do_keeps_the_next_from_nothing(clerk: Clerk) -> None:
    with without_servers(clerk):
        code, answer = clerk.asks("batch")
        assert (code, answer["error"]["code"]) == (6, "mail.unreachable")
        assert {each["step"] for each in answer["failures"]} == {"fetch"}
        assert answer["checked"] == len(_files(clerk))
        assert clerk.types("batch") == 6
        assert clerk.said.startswith("✗ fetching mail: ")
        assert "→" in clerk.said
    assert clerk.types("status") == 0
    assert "has not gone well since" in clerk.said
    clerk.types("doctor")
    assert "had failures: mail.unreachable" in clerk.said
    clerk.types("batch")
    clerk.types("status")
    assert "has not gone well" not in clerk.said


def _files(clerk: Clerk) -> list[str]:
    with offices.desk_of(clerk.office) as desk:
        return documents.files(desk.book)


def test_a_run_that_failed_for_more_than_a_day_is_bad(clerk: Clerk) -> None:
    assert clerk.types("batch") == 0
    with offices.desk_of(clerk.office, NOW + timedelta(days=2)) as desk:
        beat = heartbeat(desk.config.data_dir)
    assert beat is not None
    assert beat.late(NOW + timedelta(days=2))
    assert not beat.late(NOW + timedelta(hours=25))


def test_no_key_of_a_person_or_of_the_office_is_opened(clerk: Clerk) -> None:
    with offices.desk_of(clerk.office) as desk:
        unattended = replace(desk, kept=Kept(desk.config, desk.prompt, unattended=True))
        with pytest.raises(ForbiddenError, match="no key"):
            _ = unattended.keys


def test_the_days_that_are_past_are_closed_once(clerk: Clerk) -> None:
    morning(clerk)
    yesterday = today(NOW)
    done = later(clerk, 1)
    assert done.closed is not None
    assert (done.closed.closing.day, done.closed.stamped) == (yesterday.isoformat(), True)
    assert later(clerk, 1).closed is None
    assert later(clerk, 2).closed is None  # nothing but the closing was entered
    assert clerk.types("register", "audit") == 0, clerk.said


def test_a_day_is_closed_without_its_stamp_where_the_authority_is_silent(clerk: Clerk) -> None:
    morning(clerk)
    assets.change(clerk.office, {"tsa": {"url": "http://127.0.0.1:1/"}})
    done = later(clerk, 1)
    assert done.closed is not None
    assert not done.closed.stamped
    assert [(step, each.code) for step, each in done.faults] == [("close-day", "signing.tsa_silent")]
    assert done.code == 3


def test_silent_agencies_are_reminded_not_too_often_and_three_times(clerk: Clerk) -> None:
    assert clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--yes")[0] == 0
    told = []
    for day in range(14):
        done = later(clerk, day)
        told += [day] if done.reminded else []
    assert len(told) == 3
    assert [after - before for before, after in pairwise(told)] == [3, 3]
    assert len(letters(clerk, BTCTU)) == 4


def test_an_office_may_want_no_reminders(clerk: Clerk) -> None:
    assert clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--yes")[0] == 0
    assets.change(clerk.office, {"batch": {"reminders": 0}})
    assert later(clerk, 9).reminded == []


def test_the_whole_cabinet_is_read_again_in_four_weeks_and_damage_is_named(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    morning(clerk)
    monkeypatch.setattr("vanthu_cli.procedures.batch._LEAST", 1)
    files = _files(clerk)
    with offices.desk_of(clerk.office) as desk:
        victim = desk.cabinet.path(files[len(files) // 2])
    victim.chmod(0o600)
    victim.write_bytes(victim.read_bytes()[:-1] + b"?")
    runs = [later(clerk, day) for day in range(1, 29)]
    assert sum(each.checked for each in runs) >= len(files)
    damaged = [[each for step, each in done.faults if step == "check"] for done in runs]
    first = next(place for place, found in enumerate(damaged) if found)
    assert all(
        [each.code for each in found] == ["cabinet.damaged"] for found in damaged[first:]
    )  # told until it is whole
    assert victim.name[:12] in damaged[first][0].message


def test_what_vouches_for_closed_days_is_missed_and_never_made_anew(clerk: Clerk) -> None:
    morning(clerk)
    assert clerk.types("register", "close-day", "--without-timestamp") == 0
    key = clerk.office.folder / "data" / "register-key.p12"
    kept = key.read_bytes()
    key.unlink()
    done = later(clerk, 2)
    assert "closing.missing" in {each.code for _step, each in done.faults}
    assert clerk.asks("register", "close-day", "--reopen", "--reason", "thử")[0] == 0
    assert clerk.asks("register", "close-day", "--without-timestamp")[1]["error"]["code"] == "closing.key_lost"
    assert clerk.asks("doctor")[0] == 3
    key.write_bytes(kept)
    assert clerk.types("register", "audit") == 0
    (closing,) = (clerk.office.folder / "data" / "closings").glob("*.json")
    closing.unlink()
    assert [each.code for _step, each in later(clerk, 3).faults] == ["closing.missing"]
    clerk.types("doctor")
    assert "✗ closed days" in clerk.said


def test_the_summary_goes_by_mail_and_tells_no_subject(clerk: Clerk) -> None:
    morning(clerk)
    with offices.desk_of(clerk.office) as desk:
        desk.book.connection.execute(
            "UPDATE document SET due = ?, state = 'accepted' WHERE subject IS NOT NULL", ("2020-01-01",)
        )
    code, answer = clerk.asks("batch", "--mail-report", BTCTU)
    assert (code, answer["mailed"]) == (0, True)
    (mail,) = letters(clerk, BTCTU)[-1:]
    assert mail.automatic
    assert mail.subject.startswith("vanthu: VPTU, ")
    assert "must be dealt with by 01/01/2020: …" in mail.text
    assert ".docx" not in mail.text
    assert clerk.asks("batch", "--mail-report", BTCTU)[1]["mailed"] is None  # nothing happened: no mail


def test_a_report_that_cannot_be_mailed_is_a_failure_that_is_told(clerk: Clerk) -> None:
    correspondents.arrivals(clerk.office, NOW, today(NOW))
    code, answer = clerk.asks("batch", "--mail-report", "nobody")
    assert (code, answer["error"]["code"]) == (2, "batch.address")
    text = clerk.office.config.read_text("utf-8")
    head, internet = text.split("\n[channels.internet]", 1)
    clerk.office.config.write_text(head + "\n[" + internet.split("\n[", 1)[1], "utf-8")
    code, answer = clerk.asks("batch", "--mail-report", "admin@example.vn")
    assert (code, answer["mailed"]) == (3, False)
    assert [each["code"] for each in answer["failures"]] == ["route.no_channel"]


def test_when_the_time_is_over_nothing_more_is_begun_and_the_next_run_goes_on(clerk: Clerk) -> None:
    correspondents.arrivals(clerk.office, NOW, today(NOW))
    code, answer = clerk.asks("batch", "--max-runtime", "0.000001")
    assert (code, answer["error"]["code"]) == (3, "batch.time")
    assert clerk.asks("batch")[0] == 0
    assert len(clerk.asks("register", "list", "--book", "den")[1]["documents"]) >= 1


def test_certificates_that_end_are_told_at_60_30_and_7_days(clerk: Clerk) -> None:
    with offices.desk_of(clerk.office) as desk:
        (certificate, *_rest) = [
            row[0] for row in desk.book.connection.execute("SELECT fingerprint FROM certificate WHERE agency = 'VPTU'")
        ]
        ends = NOW + timedelta(days=70)
        desk.book.connection.execute(
            "UPDATE certificate SET not_after = ? WHERE fingerprint = ?", (ends.isoformat(), certificate)
        )
    assert [day for day in range(72) if later(clerk, day).warned] == [11, 40, 63]


def test_the_journal_holds_ids_and_codes_and_nothing_of_a_document(clerk: Clerk) -> None:
    code, answer = 0, clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--yes")[1]
    morning(clerk)
    clerk.asks("batch")
    clerk.types("register", "show", "99999")
    (file,) = (clerk.office.folder / "data" / "log").glob("*.jsonl")
    text = file.read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    runs = {each["run"] for each in lines}
    for run in runs:
        kinds = [each["kind"] for each in lines if each["run"] == run]
        assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert lines[-1]["code"] != 0
    assert lines[-1]["error"]
    assert all(datetime.fromisoformat(each["at"]).utcoffset() == timedelta(0) for each in lines)
    said = [
        each
        for row in clerk.asks("register", "list")[1]["documents"]
        for each in (row["subject"], row["agency"])
        if each
    ]
    assert len(said) > 3
    assert code == 0
    assert answer["document"]["number"] == 1
    for each in (*said, "vanthu-thuc-hanh", "CV/TU"):
        assert each not in text
    assert file.stat().st_mode & 0o077 == 0


def test_the_journal_keeps_twelve_months(clerk: Clerk) -> None:
    folder = clerk.office.folder / "data" / "log"
    clerk.types("status")
    for file in folder.glob("*.jsonl"):
        file.unlink()
    this = datetime.now(UTC)
    months = [this.year * 12 + this.month - 1 - back for back in range(20)]
    for each in months[1:]:
        (folder / f"{each // 12:04d}-{each % 12 + 1:02d}.jsonl").write_text("{}\n")
    clerk.types("status")
    left = sorted(file.stem for file in folder.glob("*.jsonl"))
    assert len(left) == 13
    assert left[-1] == f"{this:%Y-%m}"


def test_what_is_printed_for_schedulers_holds_every_word() -> None:
    words = ["/opt/văn thư/vanthu", "--config", '/srv/50% "x" $HOME/config.toml', "batch"]
    line = cron(words).splitlines()[-1]
    assert line.startswith("0 7 * * * ")
    assert shlex.split(line.removeprefix("0 7 * * * ").replace(r"\%", "%")) == words
    unit = next(line for line in systemd(words).splitlines() if line.startswith("ExecStart="))
    written = unit.removeprefix("ExecStart=").replace("%%", "%").replace("$$", "$")
    assert shlex.split(written) == words
    assert r"\"C:\Program Files\vanthu.exe\" --config" in schtasks([r"C:\Program Files\vanthu.exe", "--config", "x"])


def test_printing_a_schedule_does_nothing(clerk: Clerk) -> None:
    assert clerk.types("batch", "--print-cron", "--mail-report", "a@b.vn") == 0
    assert clerk.said.splitlines()[-1].endswith("--lang en batch --mail-report a@b.vn")
    assert clerk.types("batch", "--print-cron", "--max-runtime", "30") == 0
    assert clerk.said.splitlines()[-1].endswith("batch --max-runtime 30")
    assert clerk.asks("batch", "--max-runtime", "nan")[0] == 2
    assert not (clerk.office.folder / "data" / "heartbeat.json").exists()
    assert set(clerk.asks("batch", "--print-systemd", "--print-schtasks")[1]) >= {"systemd", "schtasks"}


def test_vanthu_alone_shows_the_desk(clerk: Clerk) -> None:
    assert clerk.types() == 0
    assert clerk.said.strip() == "The desk is clear."
    assert clerk.asks()[1]["command"] == "status"


def test_the_configuration_example_names_the_key() -> None:
    example = tomllib.loads((Path(__file__).parents[2] / "config.example.toml").read_text("utf-8"))
    assert example["batch"] == asdict(Batch())
