"""A number belongs to one document for ever: no gap, no double, whoever runs at once and whoever is killed."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from tests.register.entries import NOW, SERIES, arrive, number

from vanthu_cli.errors import ForbiddenError
from vanthu_cli.register import documents, finding, numbers
from vanthu_cli.register.book import Book, check_chain, open_book
from vanthu_cli.register.cabinet import open_cabinet
from vanthu_cli.register.finding import Filter


def start(folder: Path, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.register.entries", str(folder), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def check(folder: Path, printed: list[int]) -> int:
    """Hold the register to what it promised; return how many numbers it has given."""
    book = open_book(folder / "register.sqlite", who="auditor", now=NOW)
    taken = [row[0] for row in book.connection.execute("SELECT value FROM number ORDER BY value")]
    entered = [each.number for each in finding.listing(book, Filter(direction="out"))]
    assert taken == list(range(1, len(taken) + 1))
    assert sorted(each or 0 for each in entered) == taken
    assert len(set(printed)) == len(printed)
    assert set(printed) <= set(taken)
    assert check_chain(book) is None
    assert book.connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert book.connection.execute("PRAGMA foreign_key_check").fetchall() == []
    cabinet = open_cabinet(folder)
    assert all(cabinet.get(name) for name in documents.files(book))
    book.connection.close()
    return len(taken)


def test_eight_clerks_at_once_on_a_new_register_leave_no_gap_and_no_double(tmp_path: Path) -> None:
    clerks = [start(tmp_path, 25) for _clerk in range(8)]
    printed = [int(line) for clerk in clerks for line in clerk.communicate(timeout=60)[0].split()]
    assert [clerk.returncode for clerk in clerks] == [0] * 8
    assert len(printed) == 200
    assert check(tmp_path, printed) == 200


def test_clerks_killed_at_any_moment_leave_no_gap_and_no_double(tmp_path: Path) -> None:
    chance = random.Random(145)  # noqa: S311  a seeded test
    printed: list[int] = []
    for _round in range(6):
        clerks = [start(tmp_path, 10_000) for _clerk in range(3)]
        for clerk in clerks:
            assert clerk.stdout is not None
            printed.append(int(clerk.stdout.readline()))
        time.sleep(chance.uniform(0, 0.15))
        for clerk in clerks:
            clerk.send_signal(signal.SIGKILL)
            time.sleep(chance.uniform(0, 0.01))
        printed += [
            int(line)
            for clerk in clerks
            for line in clerk.communicate()[0].splitlines(keepends=True)
            if line[-1] == "\n"
        ]
        assert check(tmp_path, printed) >= len(printed)
    assert len(printed) > 50


def test_a_step_that_fails_gives_its_number_to_the_next(book: Book) -> None:
    with book.step():
        number(book, "a")
    with pytest.raises(TypeError), book.step():
        documents.update(book, number(book, "b"), no_such_column=1)
    with book.step():
        third = number(book, "c")
    assert documents.get(book, third).number == 2
    assert len(finding.listing(book)) == 2
    assert check_chain(book) is None


def test_asked_again_the_same_document_keeps_its_number(book: Book) -> None:
    with book.step():
        identity = number(book, "a")
        number(book, "b")
        assert numbers.take(book, "di", SERIES, identity) == 1
        assert numbers.take(book, "di", "another series", identity) == 1
        assert numbers.upcoming(book, "di", SERIES) == 3


def test_every_sequence_of_every_book_begins_with_one(book: Book) -> None:
    with book.step():
        outgoing = [documents.get(book, number(book, name, series=name)).number for name in ("CV", "QĐ")]
        incoming = numbers.take(book, "den", "CV", arrive(book, "x"))
        assert numbers.upcoming(book, "den", "CV") == 2
        assert numbers.upcoming(book, "den", "2027") == 1
    assert [*outgoing, incoming] == [1, 1, 1]


@pytest.mark.parametrize(
    "statement", ["DELETE FROM number", "UPDATE number SET value = 9", "UPDATE number SET document = 2"]
)
def test_a_number_is_never_given_back(book: Book, statement: str) -> None:
    with book.step():
        number(book, "a")
    with pytest.raises(sqlite3.IntegrityError, match="a number taken stays"):
        book.connection.execute(statement)


def test_two_documents_never_share_a_number(book: Book) -> None:
    with book.step():
        number(book, "a")
        second = arrive(book, "b")
    with pytest.raises(sqlite3.IntegrityError), book.step():
        book.connection.execute("INSERT INTO number VALUES ('di', ?, 1, ?)", (SERIES, second))


def test_the_same_source_is_not_numbered_twice(book: Book) -> None:
    with book.step():
        number(book, "a")
    with pytest.raises(sqlite3.IntegrityError), book.step():
        number(book, "a")
    assert len(finding.listing(book)) == 1


def test_a_clock_that_went_back_a_day_takes_no_number(file: Path, book: Book) -> None:
    with book.step():
        number(book, "a")
    earlier = open_book(file, who="x", now=NOW - timedelta(days=1))
    with pytest.raises(ForbiddenError) as refused, earlier.step():
        number(earlier, "b", series="another")
    earlier.connection.close()
    assert refused.value.code == "register.clock"
    assert "22/11/2026" in refused.value.message
    assert len(finding.listing(book)) == 1


def test_a_clock_a_few_minutes_off_is_no_matter(file: Path, book: Book) -> None:
    with book.step():
        number(book, "a")
    earlier = open_book(file, who="x", now=NOW - timedelta(minutes=30))
    with earlier.step():
        number(earlier, "b")
    earlier.connection.close()
    assert len(finding.listing(book)) == 2
