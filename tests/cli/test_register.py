"""The books by hand: entering, amending, voiding, reserving, bringing in, printing (NĐ 30/2020 Đ15-Đ24, Phụ lục IV, VI)."""

import csv
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from openpyxl import Workbook, load_workbook
from tests import offices
from tests.cli import assets
from tests.cli.commands import Clerk
from tests.offices import NOW, desk_of

from vanthu_cli.register.book import history
from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox.documents import make_pdf
from vanthu_cli.sandbox.office import PracticeOffice

TODAY = today(NOW)
DEN = ("--book", "den", "--agency", "UBND tỉnh Hải Dương", "--subject", "Về việc phê duyệt kế hoạch")


@pytest.fixture
def office(template: PracticeOffice, tmp_path: Path) -> PracticeOffice:
    """Give an office without servers: nothing here is sent."""
    made = offices.copy(template, tmp_path / "office")
    assets.change(made, {"tsa": None})
    return made


def entered(clerk: Clerk, *words: str) -> dict[str, object]:
    code, answer = clerk.asks("register", "add", *words)
    assert code == 0, answer
    return answer


def shown(clerk: Clerk, name: object) -> dict[str, Any]:
    code, answer = clerk.asks("register", "show", str(name))
    assert code == 0, answer
    found: dict[str, Any] = answer
    return found


# -- entering --------------------------------------------------------------------------------------------------


def test_paper_that_came_gets_the_next_arrival_number_and_stands_in_the_book(clerk: Clerk) -> None:
    first = entered(
        clerk, *DEN, "--number", "12/QĐ-UBND", "--date", "01/11/2026", "--type", "Quyết định", "--to", "Phòng A"
    )
    second = entered(clerk, "--book", "den", "--agency", "TUCL", "--subject", "Lịch họp")
    assert (first["number"], second["number"]) == (1, 2)
    _code, listed = clerk.asks("register", "list", "--book", "den")
    newest, older = listed["documents"]
    assert (older["name"], older["medium"], older["recipients"], older["state"]) == (
        "12/QĐ-UBND",
        "paper",
        "Phòng A",
        "accepted",
    )
    assert newest["agency"] == "Thành ủy Chí Linh"  # a code stands for its name


def test_paper_of_ours_takes_the_number_of_its_sequence_and_todays_date(clerk: Clerk) -> None:
    answer = entered(
        clerk, "--book", "di", "--symbol", "QĐ/TU", "--type", "Quyết định", "--subject", "Bổ nhiệm", "--copies", "3"
    )
    assert (answer["number"], answer["symbol"]) == (1, "QĐ/TU")
    document = shown(clerk, "01-QĐ/TU")["document"]
    assert isinstance(document, dict)
    assert (document["date"], document["state"]) == (TODAY.isoformat(), "sent")
    code, refused = clerk.asks(
        "register", "add", "--book", "di", "--symbol", "QĐ/TU", "--subject", "x", "--date", "2026-01-02"
    )
    assert (code, refused["error"]["code"]) == (5, "register.back_dated")


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("--book", "den", "--agency", "A", "--subject", "MẬT"), 5, "register.secret"),
        (("--book", "den", "--agency", "A", "--subject", "x", "--note", "Độ mật: tối mật"), 5, "register.secret"),
        (("--book", "den", "--agency", "A"), 2, "register.missing"),
        (("--book", "den", "--agency", "A", "--subject", "x" * 501), 2, "register.too_long"),
        (("--book", "den", "--agency", "A", "--subject", "x", "--date", "2099-01-01"), 2, "register.future"),
        (("--book", "den", "--agency", "A", "--subject", "x", "--number", "mười hai"), 2, "document.number"),
        (("--book", "dì", "--subject", "x"), 2, "register.book"),
        (("--book", "di", "--symbol", "CV/TW", "--subject", "x"), 5, "numbering.foreign_symbol"),
        (("--book", "di", "--symbol", "CV/TU"), 2, "register.subject"),
    ],
)
def test_what_cannot_be_entered_takes_no_number(clerk: Clerk, words: tuple[str, ...], code: int, error: str) -> None:
    found, answer = clerk.asks("register", "add", *words)
    assert (found, answer["error"]["code"]) == (code, error)
    _code, listed = clerk.asks("register", "list")
    assert listed["documents"] == []
    assert entered(clerk, *DEN)["number"] == 1


def test_the_same_number_of_the_same_agency_is_asked_about(clerk: Clerk) -> None:
    entered(clerk, *DEN, "--number", "12/QĐ-UBND", "--date", "2026-11-01")
    again = (*DEN, "--number", "12/QĐ-UBND", "--date", "2026-11-01")
    code, answer = clerk.asks("register", "add", *again)
    assert (code, answer["error"]["code"]) == (7, "register.same_number")
    assert entered(clerk, *again, "--reason", "Bản thứ hai, có phụ lục khác")["number"] == 2
    assert (
        entered(clerk, "--book", "den", "--agency", "Sở khác", "--subject", "x", "--number", "12/QĐ-UBND")["number"]
        == 3
    )


def test_a_scan_fills_what_was_not_typed_and_is_kept(clerk: Clerk) -> None:
    scan = clerk.draft("den.pdf")
    answer = entered(clerk, "--book", "den", "--agency", "SNV", "--scan", str(scan))
    document = shown(clerk, answer["id"])
    assert "mạng" in str(document["document"])
    with desk_of(clerk.office) as desk:
        assert desk.cabinet.get(str(document["document"]["sha256"])) == scan.read_bytes()
    _code, found = clerk.asks("register", "search", "gửi nhận văn bản trên mạng")
    assert [each["id"] for each in found["documents"]] == [answer["id"]]


def test_a_secret_scan_is_refused_and_nothing_of_it_kept(clerk: Clerk) -> None:
    page = clerk.draft("x.pdf")
    secret = page.with_name("mat.pdf")
    from dataclasses import replace

    from vanthu_cli.sandbox import correspondents

    own = correspondents.own_page(subject="Gửi", year=NOW.year)
    secret.write_bytes(make_pdf(replace(own, subject="[MẬT] Báo cáo")))
    code, answer = clerk.asks("register", "add", *DEN, "--scan", str(secret))
    assert (code, answer["error"]["code"]) == (5, "register.secret")
    assert_nothing_entered(clerk, secret.read_bytes())


@pytest.mark.parametrize("harm", [lambda pdf: assets.encrypted(pdf, "x"), lambda pdf: pdf[: len(pdf) // 3]])
def test_a_scan_of_which_nobody_knows_whether_it_is_secret_is_refused(
    clerk: Clerk, harm: Callable[[bytes], bytes]
) -> None:
    scan = clerk.draft("den.pdf")
    scan.write_bytes(harm(scan.read_bytes()))
    code, answer = clerk.asks("register", "add", *DEN, "--scan", str(scan))
    assert (code, answer["error"]["code"]) == (5, "register.scan_unreadable")
    assert_nothing_entered(clerk, scan.read_bytes())


def assert_nothing_entered(clerk: Clerk, scan: bytes) -> None:
    assert clerk.asks("register", "list")[1]["documents"] == []
    with desk_of(clerk.office) as desk:
        assert not desk.cabinet.path(desk.cabinet.digest(scan)).exists()


def test_a_dry_run_takes_nothing(clerk: Clerk) -> None:
    answer = entered(clerk, *DEN, "--dry-run")
    assert (answer["number"], answer["id"]) == (1, None)
    assert clerk.asks("register", "list")[1]["documents"] == []


# -- amending --------------------------------------------------------------------------------------------------


def test_amending_needs_a_reason_and_keeps_what_stood_there(clerk: Clerk) -> None:
    identity = str(entered(clerk, *DEN, "--number", "12/QĐ-UBND")["id"])
    code, answer = clerk.asks("register", "amend", identity, "--subject", "Về việc khác")
    assert (code, answer["error"]["code"]) == (2, "amend.reason")
    code, answer = clerk.asks("register", "amend", identity, "--subject", "Về việc khác", "--reason", "ghi nhầm")
    assert answer["amended"]["subject"] == {"before": "Về việc phê duyệt kế hoạch", "after": "Về việc khác"}
    document = shown(clerk, identity)
    kept = document["amendments"][0]
    assert (kept["before"], kept["after"], kept["reason"]) == ("Về việc phê duyệt kế hoạch", "Về việc khác", "ghi nhầm")
    assert [each["id"] for each in clerk.asks("register", "search", "phê duyệt")[1]["documents"]] == []
    with desk_of(clerk.office) as desk:  # the chain itself holds no words
        assert "khác" not in str([row["data"] for row in history(desk.book, f"document:{identity}")])


def test_what_is_empty_is_filled_without_a_reason(clerk: Clerk) -> None:
    identity = str(entered(clerk, *DEN)["id"])
    code, answer = clerk.asks("register", "amend", identity, "--to", "Phòng Tổng hợp", "--within", "3")
    assert code == 0
    assert set(answer["amended"]) == {"places", "due"}
    assert clerk.types("register", "amend", identity, "--to", "Phòng Tổng hợp") == 0
    assert "nothing differs" in clerk.said


def test_what_was_not_dealt_with_after_all_is_open_again(clerk: Clerk) -> None:
    identity = str(entered(clerk, *DEN, "--due", TODAY.isoformat())["id"])
    assert clerk.types("register", "amend", identity, "--done", TODAY.isoformat()) == 0
    assert clerk.asks("register", "amend", identity, "--done", "-")[1]["error"]["code"] == "amend.reason"
    code, answer = clerk.asks("register", "amend", identity, "--done", "-", "--reason", "Chưa trả lời")
    assert (code, answer["amended"]) == (0, {"done_on": {"before": TODAY.isoformat(), "after": None}})
    assert (
        clerk.types("register", "amend", identity, "--done", TODAY.isoformat()) == 0
    )  # it is empty: no reason is asked


def test_what_is_void_is_amended_no_more_and_told_so(clerk: Clerk) -> None:
    entered(clerk, "--book", "di", "--symbol", "QĐ/TU", "--subject", "x")
    assert clerk.types("register", "void", "01-QĐ/TU", "--reason", "Ghi nhầm loại") == 0
    assert clerk.types("register", "amend", "01-QĐ/TU", "--note", "x") == 5
    assert "not amended any more: it is void." in clerk.said


def test_number_and_date_of_our_own_stand_as_they_were_given(clerk: Clerk) -> None:
    entered(clerk, "--book", "di", "--symbol", "QĐ/TU", "--subject", "x")
    for option in (("--number", "02-QĐ/TU"), ("--date", "2026-01-01"), ("--agency", "TUCL")):
        code, answer = clerk.asks("register", "amend", "01-QĐ/TU", *option, "--reason", "x")
        assert (code, answer["error"]["code"]) == (5, "amend.fixed")


def test_an_answer_and_its_question_know_each_other(clerk: Clerk) -> None:
    question = str(entered(clerk, *DEN, "--number", "12/QĐ-UBND", "--due", TODAY.isoformat())["id"])
    answer = str(entered(clerk, "--book", "di", "--symbol", "CV/TU", "--subject", "Trả lời")["id"])
    assert clerk.types("register", "amend", answer, "--answers", question) == 0
    assert clerk.types("register", "show", question) == 0
    assert "answered by 01-CV/TU" in clerk.said
    assert clerk.types("register", "show", answer) == 0
    assert "answers 12/QĐ-UBND" in clerk.said


# -- numbers ---------------------------------------------------------------------------------------------------


def test_a_void_number_stays_in_the_book_and_is_never_used_again(clerk: Clerk) -> None:
    entered(clerk, "--book", "di", "--symbol", "QĐ/TU", "--subject", "x")
    assert clerk.asks("register", "void", "01-QĐ/TU")[1]["error"]["code"] == "void.reason"
    code, answer = clerk.asks("register", "void", "01-QĐ/TU", "--reason", "Ghi nhầm loại")
    assert (code, answer["state"]) == (0, "voided")
    assert entered(clerk, "--book", "di", "--symbol", "QĐ/TU", "--subject", "y")["number"] == 2
    assert clerk.asks("register", "list", "--book", "di")[1]["documents"][1]["state"] == "voided"
    assert clerk.asks("register", "void", "01-QĐ/TU", "--reason", "x")[1]["error"]["code"] == "document.state"


def test_a_reserved_number_is_a_number_and_nothing_else(clerk: Clerk) -> None:
    entered(clerk, "--book", "di", "--symbol", "CV/TU", "--subject", "x")
    code, answer = clerk.asks("register", "reserve", "--book", "di", "--symbol", "CV/TU")
    assert (code, answer["number"]) == (0, 2)
    assert entered(clerk, "--book", "di", "--symbol", "CV/TU", "--subject", "y")["number"] == 3
    with desk_of(clerk.office) as desk:
        (row,) = desk.book.connection.execute("SELECT * FROM number WHERE document IS NULL").fetchall()
        assert dict(row) == {"book": "di", "series": f"{offices.TERM}/CV/TU", "value": 2, "document": None}
    assert clerk.asks("register", "audit")[1]["faults"] == []


def test_an_office_begins_in_mid_term(clerk: Clerk) -> None:
    code, answer = clerk.asks("register", "import", "--book", "di", "--symbol", "CV/TU", "--start-at", "146")
    assert (code, answer["next"]) == (0, 146)
    assert entered(clerk, "--book", "di", "--symbol", "CV/TU", "--subject", "x")["number"] == 146
    code, answer = clerk.asks("register", "import", "--book", "di", "--symbol", "CV/TU", "--start-at", "120")
    assert (code, answer["error"]["code"]) == (5, "register.begun")
    assert clerk.asks("register", "audit")[1]["faults"] == []  # what stands in the older book is no gap


def older_book(file: Path, rows: list[list[object]]) -> Path:
    headings = [
        "Số, ký hiệu văn bản",
        "Ngày tháng văn bản",
        "Tên loại và trích yếu nội dung văn bản",
        "Người ký",
        "Nơi nhận văn bản",
    ]
    if file.suffix == ".xlsx":
        book = Workbook()
        for row in [["SỔ ĐĂNG KÝ VĂN BẢN ĐI"], [], headings, ["(1)", "(2)", "(3)", "(4)", "(5)"], *rows]:
            book.active.append(row)
        book.save(file)
    else:
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            csv.writer(out, delimiter=";").writerows([headings, *rows])
    return file


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_an_older_book_is_brought_in_row_by_row(clerk: Clerk, tmp_path: Path, suffix: str) -> None:
    day = (TODAY - timedelta(days=30)).strftime("%d/%m/%Y")
    rows: list[list[object]] = [
        ["144-CV/TU", day, "Công văn V/v họp giao ban", "Lê A", "Như trên"],
        ["145-CV/TU", day, "Công văn về việc gửi, nhận văn bản", "Lê A", "Các ban"],
        ["145-CV/TU", day, "Công văn khác cùng số", "", ""],
        ["07-QĐ/TU", "32/13/2026", "Quyết định x", "", ""],
        ["08-QĐ/TU", day, "TỐI MẬT", "", ""],
        ["=1+1", day, "y", "", ""],
    ]
    file = older_book(tmp_path / f"so-cu{suffix}", rows)
    code, answer = clerk.asks("register", "import", str(file), "--book", "di", "--dry-run")
    assert (code, answer["count"], len(answer["failed"])) == (3, 2, 4), answer
    assert clerk.asks("register", "list")[1]["documents"] == []
    code, answer = clerk.asks("register", "import", str(file), "--book", "di")
    assert (code, answer["count"], answer["known"]) == (3, 2, 0)
    assert "date" in answer["failed"][1]["message"]
    found = shown(clerk, "145-CV/TU")["document"]
    assert isinstance(found, dict)
    assert (found["doc_type"], found["subject"], found["recipients"]) == (
        "Công văn",
        "về việc gửi, nhận văn bản",
        "Các ban",
    )
    code, answer = clerk.asks("register", "import", str(file), "--book", "di")
    assert (answer["count"], answer["known"]) == (0, 2)
    assert entered(clerk, "--book", "di", "--symbol", "CV/TU", "--subject", "x")["number"] == 146
    assert clerk.asks("register", "audit")[1]["faults"] == []


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"PK\x03\x04 no workbook"])
def test_what_is_no_table_is_refused_whole(clerk: Clerk, tmp_path: Path, content: bytes) -> None:
    for name in ("x.csv", "x.xlsx"):
        file = tmp_path / name
        file.write_bytes(content)
        code, answer = clerk.asks("register", "import", str(file), "--book", "di")
        assert (code, answer["ok"]) == (2, False)


# -- corrected, replaced ---------------------------------------------------------------------------------------


def test_a_correction_and_a_replacement_stand_with_both_documents(clerk: Clerk) -> None:
    for kind, symbol in (("Quyết định", "QĐ/TU"), ("Quyết định", "QĐ/TU"), ("Công văn", "CV/TU")):
        entered(clerk, "--book", "di", "--symbol", symbol, "--type", kind, "--subject", "x")
    assert clerk.asks("correct", "01-QĐ/TU", "--by", "02-QĐ/TU")[1]["error"]["code"] == "correct.by_letter"
    assert clerk.asks("replace", "01-QĐ/TU", "--by", "01-CV/TU")[1]["error"]["code"] == "replace.same_kind"
    assert clerk.asks("replace", "02-QĐ/TU", "--by", "01-QĐ/TU")[1]["error"]["code"] == "link.order"
    assert clerk.types("correct", "01-QĐ/TU", "--by", "01-CV/TU") == 0
    assert clerk.types("replace", "01-QĐ/TU", "--by", "02-QĐ/TU") == 0
    assert clerk.types("register", "show", "01-QĐ/TU") == 0
    assert "corrected by 01-CV/TU" in clerk.said
    assert "replaced by 02-QĐ/TU" in clerk.said


# -- the printed books -----------------------------------------------------------------------------------------


def a_day(clerk: Clerk) -> None:
    """Fill every one of the five books."""
    entered(
        clerk,
        *DEN,
        "--number",
        "12/QĐ-UBND",
        "--date",
        "2026-11-01",
        "--type",
        "Quyết định",
        "--to",
        "Phòng A",
        "--due",
        TODAY.isoformat(),
    )
    entered(
        clerk,
        "--book",
        "di",
        "--symbol",
        "QĐ/TU",
        "--type",
        "Quyết định",
        "--subject",
        "=HYPERLINK(1)",
        "--keeper",
        "Văn thư",
    )
    clerk.asks("register", "reserve", "--book", "di", "--symbol", "QĐ/TU")
    entered(clerk, "--book", "di", "--symbol", "QĐ/TU", "--type", "Quyết định", "--subject", "Nhầm")
    clerk.asks("register", "void", "03-QĐ/TU", "--reason", "trùng")
    assert clerk.types("register", "post", "01-QĐ/TU", "--to", "Sở Nội vụ", "--envelopes", "2") == 0
    assert clerk.types("register", "lend", "01-QĐ/TU", "--to", "Trần B", "--permitted-by", "Chánh Văn phòng") == 0


def exported(clerk: Clerk, folder: Path, book: str, *more: str) -> list[list[str]]:
    out = folder / f"{book}.json"
    code, answer = clerk.asks("register", "export", "--book", book, "--out", str(out), *more)
    assert code == 0, answer
    return [row for volume in json.loads(out.read_text("utf-8"))["volumes"] for row in volume["rows"]]


def test_the_five_books_hold_what_the_decree_asks(clerk: Clerk, tmp_path: Path) -> None:
    a_day(clerk)
    today_, year = TODAY.strftime("%d/%m/%Y"), TODAY.year
    rows = exported(clerk, tmp_path, "di")
    assert [row[0] for row in rows] == ["01-QĐ/TU", "02-QĐ/TU", "03-QĐ/TU"]
    assert rows[0][:3] == ["01-QĐ/TU", today_, "Quyết định =HYPERLINK(1)"]
    assert rows[1] == ["02-QĐ/TU", *[""] * 8, "Số dành riêng"]
    assert rows[2][9] == "Hủy số: trùng"
    (row,) = exported(clerk, tmp_path, "den")
    assert row[:7] == [
        today_, "1", "UBND tỉnh Hải Dương", "12/QĐ-UBND", "01/11/2026", "Quyết định Về việc phê duyệt kế hoạch", "Phòng A",
    ]  # fmt: skip
    assert exported(clerk, tmp_path, "buu-dien") == [[today_, "01-QĐ/TU", "Sở Nội vụ", "2", "", ""]]
    (row,) = exported(clerk, tmp_path, "ban-luu")
    assert (row[1], row[7]) == ("Trần B", "Chánh Văn phòng")
    (row,) = exported(clerk, tmp_path, "theo-doi")
    assert row[1] == "Quyết định, số 12/QĐ-UBND ngày 01/11/2026, UBND tỉnh Hải Dương"
    covers = json.loads((tmp_path / "di.json").read_text("utf-8"))["volumes"][0]["cover"]
    assert (covers["title"], covers["year"], covers["first_number"], covers["last_number"]) == (
        "SỔ ĐĂNG KÝ VĂN BẢN ĐI", str(year), "01-QĐ/TU", "03-QĐ/TU",
    )  # fmt: skip


def test_the_books_are_written_in_every_form_and_parted_into_volumes(clerk: Clerk, tmp_path: Path) -> None:
    a_day(clerk)
    outs = [tmp_path / f"so.{suffix}" for suffix in ("pdf", "xlsx", "csv")]
    words = [word for out in outs for word in ("--out", str(out))]
    code, answer = clerk.asks("register", "export", "--book", "di", "--per-volume", "2", "--volume", "4", *words)
    assert (code, [each["volume"] for each in answer["volumes"]]) == (0, ["04", "05"])
    pages = pypdfium2.PdfDocument(outs[0])
    text = "".join(page.get_textpage().get_text_bounded() for page in pages)
    assert "SỔ ĐĂNG KÝ VĂN BẢN ĐI" in text
    assert "Từ số 01-QĐ/TU đến số 02-QĐ/TU" in text
    cells = [cell for sheet in load_workbook(outs[1]) for row in sheet.iter_rows() for cell in row if cell.value]
    assert [cell.data_type for cell in cells if str(cell.value).endswith("=HYPERLINK(1)")] == ["s"]
    assert clerk.asks("register", "export", "--book", "di", "--out", str(outs[0]))[0] != 0  # never over another file
    assert (
        clerk.asks("register", "export", "--book", "di", "--out", str(tmp_path / "a.doc"))[1]["error"]["code"]
        == "books.form"
    )


# -- closing and auditing --------------------------------------------------------------------------------------


def test_on_a_closed_day_no_number_is_taken_until_it_is_opened_again(clerk: Clerk, tmp_path: Path) -> None:
    entered(clerk, *DEN)
    code, answer = clerk.asks("register", "close-day", "--copy", str(tmp_path))
    assert code == 0
    said = json.loads((tmp_path / Path(answer["file"]).name).read_text("utf-8"))
    assert said["numbers"] == [{"book": "den", "series": str(TODAY.year), "first": 1, "last": 1, "count": 1}]
    for words in (("add", *DEN), ("reserve", "--book", "di", "--symbol", "CV/TU")):
        code, answer = clerk.asks("register", *words)
        assert (code, answer["error"]["code"]) == (5, "register.day_closed")
    assert clerk.asks("register", "close-day")[1]["error"]["code"] == "closing.closed"
    assert clerk.asks("register", "close-day", "--reopen")[1]["error"]["code"] == "closing.reason"
    assert clerk.types("register", "close-day", "--reopen", "--reason", "văn bản khẩn", "--dry-run") == 0
    assert "Nothing was changed" in clerk.said
    assert "open again" not in clerk.said
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    assert "--reopen" in clerk.asks("register", "close-day", "--day", yesterday)[1]["error"]["hint"]
    assert clerk.types("register", "close-day", "--reopen", "--reason", "văn bản khẩn") == 0
    assert entered(clerk, *DEN, "--reason", "khác")["number"] == 2
    assert clerk.asks("register", "close-day")[0] == 0
    code, answer = clerk.asks("register", "audit")
    assert (code, answer["verdict"], answer["closings"], answer["faults"]) == (0, "whole", 2, [])
    assert clerk.asks("register", "close-day", "--day", "2099-01-01")[1]["error"]["code"] == "closing.future"


@pytest.fixture
def closed(clerk: Clerk, tmp_path: Path) -> Path:
    """Give the data folder of an office with two documents, a scan, and two closed days; the closings are kept elsewhere too."""
    entered(clerk, *DEN, "--scan", str(clerk.draft("a.pdf")))
    entered(clerk, "--book", "di", "--symbol", "QĐ/TU", "--subject", "x")
    (tmp_path / "kept").mkdir()
    assert clerk.asks("register", "close-day", "--day", (TODAY - timedelta(days=1)).isoformat())[0] == 0
    assert clerk.asks("register", "close-day", "--copy", str(tmp_path / "kept"))[0] == 0
    assert clerk.types("register", "show", "1") == 0  # an event after the last closing
    return clerk.office.folder / "data"


def audited(clerk: Clerk, *words: str) -> list[tuple[str, str]]:
    code, answer = clerk.asks("register", "audit", *words)
    assert code == (4 if answer["faults"] else 0)
    return [(each["code"], each["where"]) for each in answer["faults"]]


def behind(folder: Path, *statements: str) -> None:
    """Change the register as somebody with any SQLite program and some knowledge would."""
    with closing(sqlite3.connect(folder / "register.sqlite", isolation_level=None)) as raw:
        raw.create_function("touched", 3, lambda *_told: None)
        guards = raw.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_no_%'"
        ).fetchall()
        for name, _sql in guards:
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)
        for _name, sql in guards:
            raw.execute(sql)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE document SET subject = 'Về việc phê duyệt kế hoacH' WHERE id = 1", ("row-changed", "document/1")),
        ("UPDATE agency SET internet = 'kẻ@khác' WHERE code = 'SNV'", ("row-changed", "agency/SNV")),
        ("DELETE FROM paper", None),
        (
            "INSERT INTO paper (document, agency, copies, reason) VALUES (1, 'SNV', 1, 'session')",
            ("row-added", "paper/1"),
        ),
        ("DELETE FROM certificate WHERE rowid = 1", ("row-removed", "certificate/")),
        ("UPDATE event SET who = 'khác' WHERE id = 5", ("event-changed", "event 5")),
        ("UPDATE event SET data = replace(data, 'di', 'do') WHERE kind = 'number'", ("event-changed", "event ")),
        ("DELETE FROM event WHERE id = 7", ("event-missing", "event 7")),
        ("DELETE FROM event WHERE id = (SELECT MAX(id) FROM event)", ("event-missing", "event ")),
        ("DELETE FROM closing WHERE id = 2", ("row-removed", "closing/2")),
        ("UPDATE document SET folded = 'x' WHERE id = 1", ("row-changed", "document/1")),
        ("DELETE FROM words_docsize", ("index-differs", "document/1")),
        ("DROP TRIGGER paper_u", ("schema-changed", "paper_u")),
        ("CREATE TABLE more (x)", ("schema-changed", "more")),
    ],
)
def test_what_is_changed_behind_the_programs_back_is_found_and_named(
    clerk: Clerk, closed: Path, statement: str, fault: tuple[str, str] | None
) -> None:
    assert audited(clerk) == []
    behind(closed, statement)
    found = audited(clerk)
    assert bool(found) == (fault is not None)
    if fault is not None:
        assert any(code == fault[0] and where.startswith(fault[1]) for code, where in found), found


def test_a_last_event_cut_off_with_its_trace_is_found_by_the_closing_that_covers_it(
    clerk: Clerk, closed: Path, tmp_path: Path
) -> None:
    """Whoever knows the file's insides leaves no trace at its end, unless the day was closed: here, and in the copy kept elsewhere."""
    behind(
        closed,
        "DELETE FROM event WHERE id > 20",
        "UPDATE sqlite_sequence SET seq = 20 WHERE name = 'event'",
    )
    assert ("closing-differs", "closing 2") in audited(clerk)
    behind_again = "DELETE FROM closing"
    with closing(sqlite3.connect(closed / "register.sqlite", isolation_level=None)) as raw:
        raw.create_function("touched", 3, lambda *_told: None)
        raw.execute(behind_again)
    kept = next((tmp_path / "kept").glob("*.json"))
    assert ("closing-removed", kept.name) in audited(clerk, "--closing", str(kept))


def test_a_byte_in_the_cabinet_or_a_missing_file_is_found(clerk: Clerk, closed: Path) -> None:
    file = next(each for each in (closed / "cabinet").glob("*/*") if each.read_bytes().startswith(b"%PDF"))
    data = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    where = f"cabinet/{file.parent.name}/{file.name}"
    assert audited(clerk) == [("file-changed", where)]
    assert audited(clerk, "--quick") == []
    file.unlink()
    assert audited(clerk, "--quick") == [("file-missing", where)]


@pytest.mark.parametrize("suffix", ["", ".p7s"])
def test_a_closing_file_that_is_changed_or_removed_is_found(clerk: Clerk, closed: Path, suffix: str) -> None:
    file = next((closed / "closings").glob(f"00002-*.json{suffix}"))
    data = file.read_bytes()
    file.write_bytes(data.replace(b'"last"', b'"lost"') if not suffix else data[:-2] + b"xx")
    assert audited(clerk)[0][0] in {"closing-changed", "closing-signature"}
    file.unlink()
    assert audited(clerk)[0][0] == ("closing-unsigned" if suffix else "closing-removed")


def test_a_closing_signed_anew_with_another_key_is_found_by_the_fingerprint_on_paper(
    clerk: Clerk, closed: Path
) -> None:
    written_down = clerk.asks("register", "audit")[1]["certificate"]
    assert audited(clerk, "--certificate", written_down.upper()) == []
    from vanthu_cli.signing.register_key import make

    packed, certificate = make("Văn phòng", "VPTU", NOW)
    (closed / "register-key.p12").write_bytes(packed)
    (closed / "register.crt").write_bytes(certificate)
    found = audited(clerk, "--certificate", written_down)
    assert ("other-certificate", "register.crt") in found
    assert any(code == "closing-signature" for code, _where in found)


def test_a_copy_is_audited_without_configuration_or_key(clerk: Clerk, closed: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(closed, copy)
    (copy / "register-key.p12").unlink()
    clerk.office.config.rename(clerk.office.config.with_suffix(".gone"))
    for each in copy.rglob("*"):
        each.chmod(0o500 if each.is_dir() else 0o400)
    from vanthu_cli.__main__ import main

    clerk.capsys.readouterr()
    assert main(["register", "audit", str(copy), "--json", "--lang", "en"]) == 0
    answer = json.loads(clerk.capsys.readouterr().out)
    assert (answer["verdict"], answer["faults"]) == ("whole", [])


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + bytes(5000), b"x" * 5000])
def test_what_is_no_register_is_not_audited(clerk: Clerk, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "register.sqlite").write_bytes(content)
    code, answer = clerk.asks("register", "audit", str(tmp_path))
    assert (code, answer["ok"]) == (2, False)


# -- what clerks tried -----------------------------------------------------------------------------------------


def test_an_older_book_with_gaps_is_no_fault_and_later_gaps_are(clerk: Clerk, tmp_path: Path) -> None:
    day = (TODAY - timedelta(days=30)).strftime("%d/%m/%Y")
    file = older_book(
        tmp_path / "cu.csv", [["03-CV/TU", day, "a"], ["04-CV/TU", day, "Tài liệu MẬT"], ["07-CV/TU", day, "b"]]
    )
    code, answer = clerk.asks("register", "import", str(file), "--book", "di")
    assert (code, answer["count"], len(answer["failed"])) == (3, 2, 1)
    entered(clerk, "--book", "di", "--symbol", "CV/TU", "--subject", "x")
    assert audited(clerk) == []
    behind(clerk.office.folder / "data", "UPDATE number SET value = 9 WHERE value = 8")
    assert ("number-missing", f"di/{offices.TERM}/CV/TU") in audited(clerk)


def test_our_own_book_can_be_brought_into_another_office(clerk: Clerk, tmp_path: Path) -> None:
    a_day(clerk)
    for suffix in ("xlsx", "csv"):
        out = tmp_path / f"so.{suffix}"
        assert clerk.types("register", "export", "--book", "di", "--out", str(out)) == 0
    other = Clerk(offices.copy(clerk.office, tmp_path / "other"), clerk.capsys)
    data = other.office.folder / "data"
    data.rename(data.with_name("away"))
    assert other.types("init", "--from", str(other.office.config)) == 0, other.said
    code, answer = other.asks("register", "import", str(tmp_path / "so.xlsx"), "--book", "di")
    assert (code, answer["count"]) == (0, 2), answer["failed"]
    _code, listed = other.asks("register", "list", "--book", "di")
    assert [each["state"] for each in listed["documents"]] == ["voided", "sent"]
    assert entered(other, "--book", "di", "--symbol", "QĐ/TU", "--subject", "x")["number"] == 4
    assert audited(other) == []


def test_a_failed_look_is_not_in_the_history(clerk: Clerk) -> None:
    identity = str(entered(clerk, *DEN)["id"])
    assert clerk.types("register", "show", identity, "--out", "không có") == 2
    with desk_of(clerk.office) as desk:
        assert "save" not in [row["kind"] for row in history(desk.book, f"document:{identity}")]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", *DEN, "--within", "100000000"), 2),
        (("add", *DEN, "--within", "-3"), 2),
        (("add", *DEN, "--copies", "99999999999999999999"), 2),
        (("add", *DEN, "--date", "20/11/1026"), 2),
        (("import", "--book", "di", "--symbol", "CV/TU", "--start-at", "99999999999999999999"), 2),
        (("list", "--limit", "-1"), 2),
        (("add", "--book", "den", "--agency", "A", "--subject", "MẬT về việc"), 5),
        (("add", "--book", "den", "--agency", "A", "--subject", "Tài liệu MẬT của UBND"), 5),
        (("add", "--book", "den", "--agency", "A", "--subject", "Về tài liệu mật"), 0),
    ],
)
def test_nonsense_is_refused_and_prose_is_not(clerk: Clerk, words: tuple[str, ...], code: int) -> None:
    assert clerk.types("register", *words) == code, clerk.said


def test_what_went_to_the_post_is_not_void_and_what_is_void_goes_nowhere(clerk: Clerk) -> None:
    for _each in range(2):
        entered(clerk, "--book", "di", "--symbol", "QĐ/TU", "--subject", "x", "--to", "SNV", "--to", "Lưu VT")
    _code, listed = clerk.asks("register", "list", "--book", "di")
    assert listed["documents"][0]["recipients"] == "SNV; Lưu VT"
    assert clerk.types("register", "post", "01-QĐ/TU", "--to", "SNV") == 0
    assert clerk.asks("register", "void", "01-QĐ/TU", "--reason", "x")[1]["error"]["code"] == "void.sent"
    assert clerk.types("register", "void", "02-QĐ/TU", "--reason", "x") == 0
    assert clerk.asks("register", "post", "02-QĐ/TU", "--to", "x")[0] == 5
    assert clerk.asks("register", "lend", "02-QĐ/TU", "--to", "x", "--permitted-by", "y")[0] == 5


def test_a_reserved_number_is_said_to_be_reserved(clerk: Clerk) -> None:
    assert clerk.asks("register", "reserve", "--book", "di", "--symbol", "CV/TU")[0] == 0
    code, answer = clerk.asks("register", "show", "01-CV/TU")
    assert (code, answer["error"]["code"]) == (2, "register.not_found")
    assert "reserved for a secret document" in answer["error"]["hint"]
    assert clerk.asks("register", "show", "02-CV/TU")[1]["error"]["hint"] is None


def test_a_range_that_ends_before_it_begins_is_refused_and_days_alone_are_enough(clerk: Clerk) -> None:
    entered(clerk, *DEN)
    for command in ("list", "search"):
        words = ("register", command, "--from", "02/01/2026", "--to", "01/01/2026")
        assert clerk.asks(*words)[1]["error"]["code"] == "register.range"
    assert len(clerk.asks("register", "search", "--from", TODAY.isoformat())[1]["documents"]) == 1
