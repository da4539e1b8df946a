"""`vanthu dossier`: what a clerk types, and what the answers say (contract.md; NĐ 30/2020 Đ28-31; 145-CV/TU point 4)."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from tests import offices
from tests.cli import assets
from tests.cli.commands import Clerk
from tests.cli.test_incoming import morning
from tests.procedures.test_hand_over import locked_pdf, page, registered

from vanthu_cli.procedures.dossier import check_session, file_issued
from vanthu_cli.register import deliveries, documents, dossiers
from vanthu_cli.register.book import history
from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox.documents import make_pdf
from vanthu_cli.sandbox.office import PracticeOffice

NEW = ("dossier", "new", "01.TCCB", "--title", "Hội nghị lần thứ 15")


@pytest.fixture
def desk_clerk(template: PracticeOffice, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Clerk:
    """Give a clerk of an office that asks nobody, with two registered documents: den/1 (id 1) and one that waits (id 2)."""
    office = assets.quiet(template, tmp_path / "office")
    with offices.desk_of(office) as desk:
        registered(desk, 28, make_pdf(page(28)), arrival_number=1, pages=2)
        with desk.book.step():
            documents.add(desk.book, "in", "arrive", arrived_at=desk.book.at, file="wait.pdf")
    return Clerk(office, capsys)


def code_of(clerk: Clerk, *words: str) -> tuple[int, str]:
    code, answer = clerk.asks(*words)
    return code, answer["error"]["code"]


def events(clerk: Clerk) -> list[str]:
    with offices.desk_of(clerk.office) as desk:
        return [row["kind"] for row in history(desk.book, "dossier:1")]


def test_a_dossier_from_opening_to_the_archive(desk_clerk: Clerk, tmp_path: Path) -> None:
    clerk = desk_clerk
    code, answer = clerk.asks(*NEW, "--retention", "20", "--creator", "Nguyễn Văn A", "--keywords", "hội nghị")
    assert code == 0
    made = answer["dossier"]
    assert (made["code"], made["retention"], made["state"], made["session"]) == ("01.TCCB", "20 năm", "open", False)
    code, answer = clerk.asks("dossier", "add", "01.TCCB", "den/1")
    assert (code, answer["documents"]) == (
        0, [{"document": "1", "name": "28-CV/TUCL", "added": True, "paper": None}],
    )  # fmt: skip
    assert clerk.asks("dossier", "add", "01.TCCB", "1")[1]["documents"][0]["added"] is False
    shown = clerk.asks("dossier", "show", "01.TCCB")[1]
    assert [(each["ordinal"], each["name"], each["first_page"]) for each in shown["documents"]] == [
        (1, "28-CV/TUCL", 1)
    ]
    assert code_of(clerk, "dossier", "hand-over", "01.TCCB", "--out", str(tmp_path / "x")) == (5, "dossier.not_closed")
    ended = today(offices.NOW) - timedelta(days=340)
    # Not before what lies in it; one that has ended long ago is made so by the passing of time.
    assert code_of(clerk, "dossier", "close", "01.TCCB", "--ended", ended.isoformat()) == (2, "dossier.ended_before")
    assert clerk.types("dossier", "close", "01.TCCB") == 0
    with offices.desk_of(clerk.office) as desk, desk.book.step() as connection:
        connection.execute("UPDATE dossier SET ended = ?", (ended.isoformat(),))
    assert code_of(clerk, "dossier", "add", "01.TCCB", "den/1") == (5, "dossier.closed")
    listed = clerk.asks("dossier", "list")[1]["dossiers"][0]
    assert (listed["documents"], listed["pages"], listed["alert"]) == (1, 2, "soon")
    assert listed["deadline"] == ended.replace(year=ended.year + 1).isoformat()
    code, answer = clerk.asks("dossier", "hand-over", "01.TCCB", "--out", str(tmp_path / "nop.zip"))
    assert (code, answer["dossier"]["state"], answer["verdicts"]) == (0, "handed-over", {"unsigned": 1})
    for words in (
        ("add", "01.TCCB", "1"),
        ("close", "01.TCCB", "--reopen", "--reason", "x"),
        ("remove", "01.TCCB", "1", "--reason", "x"),
        ("amend", "01.TCCB", "--title", "x", "--reason", "x"),
    ):
        assert code_of(clerk, "dossier", *words) == (5, "dossier.handed_over")
    assert code_of(clerk, "dossier", "hand-over", "01.TCCB", "--out", str(tmp_path / "y")) == (5, "dossier.handed_over")
    assert [kind.removeprefix("dossier-") for kind in events(clerk)] == ["new", "add", "close", "hand-over"]
    assert clerk.types("dossier", "show", "01.TCCB") == 0
    assert "handed over to the archive" in clerk.said


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("01.TCCB",), 2, "dossier.title"),
        (("số 1?", "--title", "x"), 2, "dossier.code"),
        (("x" * 21, "--title", "x"), 2, "dossier.too_long"),
        (("01.X", "--title", "x" * 501), 2, "dossier.too_long"),
        (("01.X", "--title", "x", "--creator", "y" * 31), 2, "dossier.too_long"),
        (("01.X", "--title", "x", "--rights", "y" * 31), 2, "dossier.too_long"),
        (("01.X", "--title", "x", "--language", "y" * 51), 2, "dossier.too_long"),
        (("01.X", "--title", "a\x1b[31mb"), 2, "dossier.unprintable"),
        (("01.X", "--title", "x", "--retention", "mãi"), 2, "dossier.retention"),
        (("01.X", "--title", "x", "--retention", "0"), 2, "dossier.retention"),
        (("01.X", "--title", "x", "--year", "26"), 2, "dossier.year"),
        (("01.X", "--title", "[MẬT] Họp"), 5, "dossier.secret"),
        (("01.X", "--title", "x", "--note", "Độ mật: tối mật"), 5, "dossier.secret"),
    ],
)
def test_what_the_decree_does_not_take_is_refused(
    desk_clerk: Clerk, words: tuple[str, ...], code: int, error: str
) -> None:
    assert code_of(desk_clerk, "dossier", "new", *words) == (code, error)
    assert desk_clerk.asks("dossier", "list")[1]["dossiers"] == []


def test_texts_of_full_length_are_taken(desk_clerk: Clerk) -> None:
    words = ("ă" * 500, "--creator", "c" * 30, "--rights", "r" * 30, "--language", "l" * 50, "--note", "n" * 500)
    assert desk_clerk.types("dossier", "new", "a" * 20, "--title", *words) == 0, desk_clerk.said
    assert (
        desk_clerk.asks("dossier", "new", "02.X", "--title", "x", "--retention", "vinh vien")[1]["dossier"]["retention"]
        == "Vĩnh viễn"
    )


def test_one_bad_document_stops_no_other(desk_clerk: Clerk) -> None:
    clerk = desk_clerk
    assert clerk.types(*NEW) == 0
    code, answer = clerk.asks("dossier", "add", "01.TCCB", "2", "99", "den/1")
    assert (code, [each["document"] for each in answer["documents"]]) == (5, ["1"])
    assert answer["error"]["code"] == "dossier.not_registered"
    assert code_of(clerk, "dossier", "add", "09.X", "1") == (2, "dossier.unknown")
    assert code_of(clerk, *NEW) == (2, "dossier.exists")


def test_dry_run_changes_nothing(desk_clerk: Clerk, tmp_path: Path) -> None:
    clerk = desk_clerk
    assert clerk.asks(*NEW, "--dry-run")[1]["dry_run"] is True
    assert clerk.asks("dossier", "list")[1]["dossiers"] == []
    assert clerk.types(*NEW, "--session") == 0
    assert code_of(clerk, *NEW, "--dry-run") == (2, "dossier.exists")
    assert clerk.asks("dossier", "add", "01.TCCB", "1", "--dry-run")[1]["documents"][0]["paper"] == {
        "agency": "TUCL", "side": "due",
    }  # fmt: skip
    assert clerk.types("dossier", "add", "01.TCCB", "1") == 0
    before = events(clerk)
    assert clerk.asks("dossier", "remove", "01.TCCB", "1", "--reason", "x", "--dry-run")[1]["paper_withdrawn"] == "TUCL"
    assert clerk.types("dossier", "close", "01.TCCB", "--dry-run") == 0
    assert clerk.types("dossier", "export", "01.TCCB", "--out", str(tmp_path / "a.pdf"), "--dry-run") == 0
    assert events(clerk) == before
    assert clerk.types("dossier", "close", "01.TCCB") == 0
    assert clerk.types("dossier", "hand-over", "01.TCCB", "--out", str(tmp_path / "a"), "--dry-run") == 0
    assert clerk.types("dossier", "close", "01.TCCB", "--reopen", "--reason", "x", "--dry-run") == 0
    assert events(clerk) == [*before, "dossier-close"]
    assert not list(tmp_path.glob("a*"))


def test_a_closed_dossier_is_opened_again_only_with_a_reason_that_stays(desk_clerk: Clerk) -> None:
    clerk = desk_clerk
    assert clerk.types(*NEW, "--note", "hồ sơ gốc") == 0
    assert code_of(clerk, "dossier", "close", "01.TCCB", "--reopen", "--reason", "x") == (5, "dossier.open")
    tomorrow = (today(offices.NOW) + timedelta(days=1)).isoformat()
    assert code_of(clerk, "dossier", "close", "01.TCCB", "--ended", tomorrow) == (2, "dossier.future")
    assert clerk.types("dossier", "close", "01.TCCB") == 0
    assert code_of(clerk, "dossier", "close", "01.TCCB", "--reopen") == (2, "dossier.reason")
    assert code_of(clerk, "dossier", "close", "01.TCCB", "--reopen", "--ended", tomorrow) == (2, "dossier.options")
    code, answer = clerk.asks("dossier", "close", "01.TCCB", "--reopen", "--reason", "còn thiếu biên bản")
    assert (code, answer["dossier"]["state"], answer["dossier"]["ended"]) == (0, "open", None)
    assert answer["dossier"]["note"].startswith("hồ sơ gốc; Mở lại ngày")
    assert answer["dossier"]["note"].endswith("còn thiếu biên bản")


def test_title_and_retention_are_amended_and_what_stood_there_stays_known(desk_clerk: Clerk) -> None:
    clerk = desk_clerk
    assert clerk.types(*NEW, "--note", "hồ sơ gốc") == 0
    assert clerk.types("dossier", "close", "01.TCCB") == 0
    amend = ("dossier", "amend", "01.TCCB")
    assert code_of(clerk, *amend, "--title", "x") == (2, "dossier.reason")
    assert code_of(clerk, *amend, "--reason", "x") == (2, "amend.nothing")
    assert code_of(clerk, *amend, "--title", "", "--reason", "x") == (2, "dossier.title")
    assert code_of(clerk, *amend, "--retention", "mãi", "--reason", "x") == (2, "dossier.retention")
    assert code_of(clerk, *amend, "--title", "[MẬT] Họp", "--reason", "x") == (5, "dossier.secret")
    wanted = (*amend, "--title", "Hội nghị {15}", "--retention", "20", "--rights", "nội bộ", "--reason", "rà soát {x}")
    assert clerk.asks(*wanted, "--dry-run")[1]["dossier"]["title"] == "Hội nghị {15}"
    assert events(clerk) == ["dossier-new", "dossier-close"]
    code, answer = clerk.asks(*wanted)
    assert code == 0
    assert answer["amended"] == {
        "title": {"before": "Hội nghị lần thứ 15", "after": "Hội nghị {15}"},
        "retention": {"before": "Vĩnh viễn", "after": "20 năm"},
        "rights": {"before": None, "after": "nội bộ"},
    }
    now = clerk.asks("dossier", "show", "01.TCCB")[1]["dossier"]
    assert (now["title"], now["retention"], now["rights"], now["state"]) == (
        "Hội nghị {15}", "20 năm", "nội bộ", "closed",
    )  # fmt: skip
    assert now == answer["dossier"]
    assert now["note"].startswith("hồ sơ gốc; Sửa ngày ")
    assert now["note"].endswith(
        ", trước đây: tiêu đề “Hội nghị lần thứ 15”, thời hạn bảo quản “Vĩnh viễn”, chế độ sử dụng chưa có, lý do: rà soát {x}"
    )
    assert clerk.asks(*wanted)[1]["amended"] == {}
    assert events(clerk) == ["dossier-new", "dossier-close", "dossier-amend"]
    assert clerk.asks(*amend, "--note", "mới", "--reason", "y")[1]["dossier"]["note"].startswith("mới; Sửa ngày ")
    assert "ghi chú “hồ sơ gốc; Sửa" in clerk.asks("dossier", "show", "01.TCCB")[1]["dossier"]["note"]


def test_of_each_session_paper_exactly_one_original_is_due(clerk: Clerk) -> None:
    morning(clerk)
    assert clerk.types("dossier", "new", "01.KH", "--title", "Kỳ họp thứ 15", "--session") == 0
    assert clerk.types("dossier", "new", "02.KH", "--title", "Kỳ họp thứ 16", "--session") == 0
    assert clerk.asks("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--yes")[0] == 0
    code, answer = clerk.asks("dossier", "add", "01.KH", "15/SNV-VP", "01-CV/TU")
    assert code == 0
    assert [each["paper"] for each in answer["documents"]] == [
        {"agency": "SNV", "side": "due"}, {"agency": "VPTU", "side": "owed"},
    ]  # fmt: skip
    again = clerk.asks("dossier", "add", "02.KH", "15/SNV-VP", "01-CV/TU")[1]
    assert [each["paper"] for each in again["documents"]] == [None, None]
    assert clerk.types("dossier", "show", "01.KH") == 0
    assert "15/SNV-VP: due from Sở Nội vụ" in clerk.said
    assert "01-CV/TU: owed by us to Văn phòng Tỉnh ủy" in clerk.said
    assert clerk.types("paper", "done", "15/SNV-VP") == 0
    shown = clerk.asks("dossier", "show", "02.KH")[1]["paper"]
    assert [(each["side"], each["copies"], each["settled_at"] is None) for each in shown] == [
        ("due", 1, False), ("owed", 1, True),
    ]  # fmt: skip
    assert clerk.types("dossier", "show", "01.KH") == 0
    assert "15/SNV-VP: received from Sở Nội vụ on" in clerk.said
    # Still a paper of the other session: its original stays due.
    assert clerk.asks("dossier", "remove", "01.KH", "01-CV/TU", "--reason", "lạc đề")[1]["paper_withdrawn"] is None
    assert len(clerk.asks("dossier", "show", "02.KH")[1]["paper"]) == 2


def test_taken_out_again_no_original_is_expected_any_more(desk_clerk: Clerk) -> None:
    clerk = desk_clerk
    assert clerk.types(*NEW) == 0
    assert clerk.asks("dossier", "add", "01.TCCB", "1", "--paper-due")[1]["documents"][0]["paper"]["agency"] == "TUCL"
    assert code_of(clerk, "dossier", "remove", "01.TCCB", "1") == (2, "dossier.reason")
    assert clerk.asks("dossier", "remove", "01.TCCB", "1", "--reason", "trùng")[1]["paper_withdrawn"] == "TUCL"
    assert code_of(clerk, "dossier", "remove", "01.TCCB", "1", "--reason", "trùng") == (2, "dossier.not_in")
    with offices.desk_of(clerk.office) as desk:
        assert deliveries.paper_owed(desk.book) == []
        assert documents.get(desk.book, 1).state == "accepted"


def test_nobody_knows_whose_original_is_due(desk_clerk: Clerk) -> None:
    clerk = desk_clerk
    assert clerk.types(*NEW, "--session") == 0
    with offices.desk_of(clerk.office) as desk, desk.book.step():
        documents.update(desk.book, 1, agency=None, agency_code=None)
    assert clerk.types("dossier", "add", "01.TCCB", "1") == 0
    assert "its issuer is not known" in clerk.said


def test_paper_documents_owe_no_paper(desk_clerk: Clerk) -> None:
    clerk = desk_clerk
    assert clerk.types(*NEW, "--session") == 0
    with offices.desk_of(clerk.office) as desk, desk.book.step():
        documents.update(desk.book, 1, medium="paper")
    assert clerk.asks("dossier", "add", "01.TCCB", "1")[1]["documents"][0]["paper"] is None
    assert "Văn bản giấy" in clerk.asks("dossier", "show", "01.TCCB")[1]["documents"][0]["note"]


def test_links_between_the_documents_are_shown(desk_clerk: Clerk) -> None:
    clerk = desk_clerk
    with offices.desk_of(clerk.office) as desk:
        other = registered(desk, 30, make_pdf(page(30)))
        with desk.book.step():
            desk.book.connection.execute("INSERT INTO link VALUES (?, 'answers', 1, ?)", (other, desk.book.at))
    assert clerk.types(*NEW) == 0
    assert clerk.types("dossier", "add", "01.TCCB", "1") == 0
    shown = clerk.asks("dossier", "show", "01.TCCB")[1]
    assert shown["links"] == [{"document": str(other), "kind": "answers", "other": "1"}]
    assert clerk.types("dossier", "show", "01.TCCB") == 0
    assert "30-CV/TUCL answers 28-CV/TUCL" in clerk.said


def test_reading_out_tells_what_is_missing_and_what_was_cut(desk_clerk: Clerk, tmp_path: Path) -> None:
    clerk = desk_clerk
    with offices.desk_of(clerk.office) as desk:
        locked = registered(desk, 30, locked_pdf(), note="x" * 600)
    assert clerk.types(*NEW) == 0
    assert clerk.types("dossier", "add", "01.TCCB", "1", str(locked)) == 0
    code, answer = clerk.asks("dossier", "export", "01.TCCB", "--out", str(tmp_path / "a.pdf"))
    assert (code, answer["error"]["code"], answer["pages"]) == (3, "dossier.not_merged", 1)
    assert answer["left_out"] == [{"document": str(locked), "file": "30.pdf", "why": "locked"}]
    assert (tmp_path / "a.pdf").is_file()
    code, answer = clerk.asks("dossier", "export", "01.TCCB", "--out", str(tmp_path / "a.xml"))
    assert (code, answer["cut"]) == (0, [{"document": str(locked), "field": "Description"}])
    assert clerk.types("dossier", "export", "01.TCCB", "--out", str(tmp_path / "a.xlsx")) == 0
    assert clerk.types("dossier", "export", "01.TCCB", "--out", str(tmp_path / "a.pdf")) == 2
    assert code_of(clerk, "dossier", "export", "01.TCCB", "--out", str(tmp_path / "no" / "a.pdf")) == (
        2,
        "dossier.no_folder",
    )
    assert events(clerk)[-3:] == ["dossier-export"] * 3


def test_a_document_issued_for_a_session_is_filed_where_it_is_numbered(desk_clerk: Clerk) -> None:
    clerk = desk_clerk
    assert clerk.types(*NEW, "--session") == 0
    with offices.desk_of(clerk.office) as desk:
        check_session(desk.book, "01.TCCB")
        check_session(desk.book, "Kỳ họp không có hồ sơ")
        with desk.book.step():
            file_issued(desk.book, "01.TCCB", 1)
            file_issued(desk.book, "Kỳ họp không có hồ sơ", 1)
        found = dossiers.find(desk.book, "01.TCCB")
        assert [each.id for each in dossiers.contents(desk.book, found.id)] == [1]
    assert clerk.types("dossier", "close", "01.TCCB") == 0
    with offices.desk_of(clerk.office) as desk:
        with pytest.raises(Exception, match="was closed"):
            check_session(desk.book, "01.TCCB")
        with desk.book.step():
            file_issued(desk.book, "01.TCCB", 2)
        assert len(dossiers.contents(desk.book, found.id)) == 1


def test_no_words_of_a_dossier_stand_in_the_events(desk_clerk: Clerk) -> None:
    clerk = desk_clerk
    assert clerk.types("dossier", "new", "01.X", "--title", "Chuyện riêng", "--note", "ghi riêng") == 0
    assert clerk.types("dossier", "add", "01.X", "1") == 0
    assert clerk.types("dossier", "remove", "01.X", "1", "--reason", "vì riêng") == 0
    assert clerk.types("dossier", "amend", "01.X", "--title", "Cũng riêng", "--reason", "vì riêng") == 0
    with offices.desk_of(clerk.office) as desk:
        rows = desk.book.connection.execute("SELECT data FROM event WHERE subject = 'dossier:1' OR kind = 'rows'")
        assert "riêng" not in json.dumps([row["data"] for row in rows], ensure_ascii=False)
