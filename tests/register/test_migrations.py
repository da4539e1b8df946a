"""A register of every earlier version, with rows in its tables, becomes one of today: nothing lost, everything found, audited whole."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.register.entries import NOW, sha

from vanthu_cli.procedures.audit import audit_folder
from vanthu_cli.register import deliveries, documents, finding, numbers
from vanthu_cli.register.book import GENESIS, MIGRATIONS, Book, link, open_book, stored

VERSIONS = [1, 2, 3, 4]
AT = stored(NOW)


def old(file: Path, version: int) -> None:
    """Write a register as the program of that version did: two documents, their numbers, letters, agencies, events."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for script in sorted(MIGRATIONS.glob("*.sql"))[:version]:
            connection.executescript(script.read_text("utf-8"))
        row = "INSERT INTO {} ({}) VALUES ({})"

        def put(table: str, **values: object) -> None:
            connection.execute(
                row.format(table, ", ".join(values), ", ".join("?" * len(values))), list(values.values())
            )

        put("document", id=1, direction="in", state="accepted", file="a.pdf", sha256=sha("a"), number=12, symbol="QĐ-UBND",
            day="2026-11-01", agency="ỦY BAN NHÂN DÂN TỈNH", agency_code="UBND", subject="V/v phê duyệt kế hoạch", arrival_number=1,
            arrived_at=AT, flags="[]", folded="cu")  # fmt: skip
        put("document", id=2, direction="out", state="sent", source_sha256=sha("b"), sha256=sha("c"), number=1, symbol="CV/TU",
            day="2026-11-22", subject="Gửi, nhận văn bản", arrived_at=AT)  # fmt: skip
        put("number", book="den", series="2026", value=1, document=1)
        put("number", book="di", series="2025-10-15/CV/TU", value=1, document=2)
        put("attachment", document=2, sha256=sha("d"), file="d.pdf")
        put("message", id=1, channel="wan", origin="1.1", state="document", received_at=AT, size=5, sha256=sha("m"))
        put("arrival", document=1, message=1)
        letter = {"head": b""} if version > 3 else {}
        put("delivery", id=1, purpose="document", document=2, channel="wan", address="a@b", message_id="<1@b>", letter=sha("l"),
            state="acknowledged", at=AT, **letter)  # fmt: skip
        put("receipt", delivery=1, message=1, kind="status", state="acknowledged")
        put("paper", document=2, agency="TUCL", copies=1, reason="session")
        put("agency", code="TUCL", name="Thành ủy Chí Linh", folded="thanh uy chi linh")
        put("certificate", fingerprint="f" * 64, agency="TUCL", role="person", name="A", not_after=AT)
        prev = GENESIS
        for subject, kind in (("document:1", "accept"), ("document:2", "number")):
            event = (AT, "x@y", kind, subject, "{}", prev)
            prev = link(event)
            put("event", at=AT, who="x@y", kind=kind, subject=subject, data="{}", prev=event[5], hash=prev)


def opened(file: Path) -> Book:
    return open_book(file, who="x", now=NOW)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_register_of_an_earlier_version_is_brought_up_whole(tmp_path: Path, version: int) -> None:
    file = tmp_path / "register.sqlite"
    old(file, version)
    book = opened(file)
    assert [each.id for each in finding.search(book, "phe duyet ke hoach").documents] == [1]
    assert [each.id for each in finding.search(book, "12/QĐ-UBND").documents] == [1]
    assert numbers.upcoming(book, "di", "2025-10-15/CV/TU") == 2
    assert [each.state for each in deliveries.of_document(book, 2)] == ["acknowledged"]
    assert len(deliveries.paper_owed(book)) == 1
    assert documents.get(book, 1).medium == "electronic"
    book.connection.close()
    opened(file).connection.close()  # again changes nothing
    found = audit_folder(file)
    assert found.faults == []
    assert found.rows >= 12


@pytest.mark.parametrize("version", VERSIONS)
def test_after_it_what_is_changed_behind_the_programs_back_is_found(tmp_path: Path, version: int) -> None:
    file = tmp_path / "register.sqlite"
    old(file, version)
    opened(file).connection.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        raw.create_function("touched", 3, lambda *_told: None)
        raw.execute("UPDATE document SET subject = 'khác' WHERE id = 1")
    assert [(each.code, each.where) for each in audit_folder(file).faults] == [("row-changed", "document/1")]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_migration_that_dies_leaves_the_old_register(
    tmp_path: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "register.sqlite"
    old(file, version)

    def dies(_book: Book) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Book, "finish", dies)
        with pytest.raises(KeyboardInterrupt):
            opened(file)
    with closing(sqlite3.connect(file)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone()[0] == 4
        assert raw.execute("SELECT subject FROM document WHERE id = 1").fetchone()[0] == "V/v phê duyệt kế hoạch"
        assert json.loads(raw.execute("SELECT data FROM event WHERE id = 1").fetchone()[0]) == {}
    book = opened(file)
    assert documents.get(book, 1).number == 12
    book.connection.close()
    assert audit_folder(file).faults == []
