"""The register at 10,000, 100,000 and 1,000,000 documents: searching, numbering, auditing, printing. Generated data, one run.

Asked (issue 7): a search's p95 at most 10 ms at a million, growing less than 2 x from 100,000; taking a number and registering
within 1.5 x of the fsyncs that the laws of effects demand; 20,000 events a second audited; 10,000 rows to XLSX in 5 s and to PDF in 30 s
within 200 MB.

    python benchmarks/register.py [--sizes 10000,100000,1000000] [--body WORDS] [--keep FOLDER]
"""

import argparse
import json
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from vanthu_cli.procedures.audit import audit_folder
from vanthu_cli.register import documents, finding, indexing, numbers
from vanthu_cli.register.book import Book, open_book, stored
from vanthu_cli.register.cabinet import open_cabinet

NOW = datetime(2026, 11, 26, 2, tzinfo=UTC)
SYLLABLES = [
    f"{first}{middle}{last}"
    for first in (
        "",
        "b",
        "c",
        "ch",
        "d",
        "đ",
        "g",
        "h",
        "kh",
        "l",
        "m",
        "n",
        "ng",
        "nh",
        "ph",
        "qu",
        "s",
        "t",
        "th",
        "tr",
        "v",
        "x",
    )
    for middle in ("a", "á", "à", "ạ", "ă", "â", "e", "ê", "ế", "i", "o", "ô", "ộ", "ơ", "u", "ư", "ươ", "iệ")
    for last in ("", "n", "ng", "t", "c", "m")
]
TYPES = ("CV", "QĐ", "TB", "BC", "KH", "TTr", "NQ", "KL", "HD", "CTr")
GROUP = 5000


class World:
    """Agencies, words and symbols as unevenly spread as real ones (Zipf)."""

    def __init__(self, seed: int = 7) -> None:
        self.chance = random.Random(seed)
        words = SYLLABLES[:]
        self.chance.shuffle(words)
        self.words, self.weights = words, list(accumulate(1 / (place + 8) for place in range(len(words))))
        self.agencies = [
            (f"CQ{place:04d}", f"{kind} {self.say(3)}")
            for place, kind in enumerate(
                self.chance.choices(("Ủy ban nhân dân xã", "Đảng ủy phường", "Sở", "Ban", "Chi cục"), k=1500)
            )
        ]
        self.spread = list(accumulate(1 / (place + 3) for place in range(1500)))

    def say(self, count: int) -> str:
        return " ".join(self.chance.choices(self.words, cum_weights=self.weights, k=count))

    def rows(self, count: int) -> Iterator[dict[str, object]]:
        start = NOW - timedelta(days=3650)
        for turn in range(1, count + 1):
            code, name = self.chance.choices(self.agencies, cum_weights=self.spread)[0]
            kind = self.chance.choices(TYPES, (40, 15, 12, 10, 8, 6, 3, 2, 2, 2))[0]
            at = start + timedelta(seconds=turn * 3650 * 86400 / (count + 1))
            yield {
                "direction": "in", "state": "accepted", "file": f"{turn}.pdf", "number": self.chance.randint(1, 6000),
                "symbol": f"{kind}/{code}", "day": at.date().isoformat(), "agency": name, "agency_code": code,
                "doc_type": "Công văn", "subject": f"V/v {self.say(self.chance.randint(8, 24))}",
                "signer": self.say(3), "arrival": turn, "at": stored(at), "verdict": "valid",
                "fields": json.dumps({"fields": {"subject": "x" * 300}}), "judgement": json.dumps({"reasons": ["x" * 400]}),
            }  # fmt: skip


def fill(folder: Path, count: int, body: int) -> Book:
    folder.mkdir(parents=True, exist_ok=True)
    book, world = open_book(folder / "register.sqlite", who="x", now=NOW), World()
    rows = world.rows(count)
    start = time.perf_counter()
    while group := [row for _each, row in zip(range(GROUP), rows, strict=False)]:
        with book.step() as connection:
            first = connection.execute("SELECT COALESCE(MAX(id), 0) FROM document").fetchone()[0]
            connection.executemany(
                "INSERT INTO document (direction, state, file, number, symbol, day, agency, agency_code, doc_type, subject, signer,"
                " arrival_number, arrived_at, verdict, fields, judgement, salt) VALUES (:direction, :state, :file, :number, :symbol, :day,"
                " :agency, :agency_code, :doc_type, :subject, :signer, :arrival, :at, :verdict, :fields, :judgement, 'x')",
                group,
            )
            connection.executemany(
                "INSERT INTO number (book, series, value, document) VALUES ('den', '2026', ?, ?)",
                [(row["arrival"], first + place) for place, row in enumerate(group, 1)],
            )
            for place, row in enumerate(group, 1):
                book.event("arrive", f"document:{first + place}", {})
                book.event("accept", f"document:{first + place}", {"arrival_number": row["arrival"]})
                if body:
                    indexing.set_text(connection, first + place, world.say(body))
    print(
        f"  made {count:,} in {time.perf_counter() - start:.0f} s, {(folder / 'register.sqlite').stat().st_size >> 20} MB"
    )
    return book


def questions(book: Book, count: int) -> dict[str, list[Callable[[], object]]]:
    """What clerks look for, about documents that are there."""
    chance, last = random.Random(3), book.connection.execute("SELECT MAX(id) FROM document").fetchone()[0]
    picked = [documents.get(book, chance.randint(1, last)) for _each in range(count)]

    def words(text: str, *, of: int) -> str:
        syllables = text.split()[1:]
        place = chance.randint(0, max(0, len(syllables) - of))
        return " ".join(syllables[place : place + of])

    asked: dict[str, list[Callable[[], object]]] = {
        "number (half, 1 to 3 digits)": [], "number with symbol": [], "symbol": [], "agency (code) + 2 words": [],
        "agency + 2 words, typed": [], "3 words": [],
    }  # fmt: skip
    for each in picked:
        number, symbol, subject, agency = each.number or 0, each.symbol or "", each.subject or "", each.agency or ""
        two, three = words(subject, of=2), words(subject, of=3)
        half = str(number)[: chance.randint(1, 3)]
        for name, text, code in (
            ("number (half, 1 to 3 digits)", half, ""),
            ("number with symbol", f"{number}-{symbol}", ""),
            ("symbol", symbol, ""),
            ("agency (code) + 2 words", two, each.agency_code or ""),
            ("agency + 2 words, typed", f"{agency} {two}", ""),
            ("3 words", three, ""),
        ):
            asked[name].append(lambda text=text, code=code: finding.search(book, text, agency=code, limit=50).documents)
    return asked


def search(book: Book, count: int = 300) -> dict[str, tuple[float, float]]:
    found = {}
    for name, asks in questions(book, count).items():
        spent = []
        for ask in asks:
            start = time.perf_counter()
            assert ask(), name
            spent.append((time.perf_counter() - start) * 1000)
        found[name] = (statistics.median(spent), statistics.quantiles(spent, n=20)[18])
    return found


def number(folder: Path, book: Book) -> None:
    """Take a number, keep a file and register; against what the laws of effects demand of the disk, in turns.

    That is law 1 for the file (temporary name, fsync, rename, fsync of its folder) and one transaction of SQLite with
    synchronous=FULL, of one row; beside it the same with an append to a plain file instead of SQLite.
    """
    cabinet, spent, bare, plain = open_cabinet(folder), [], [], []
    probe = folder / "probe"
    with closing(sqlite3.connect(folder / "bare.sqlite", isolation_level=None)) as smallest:
        smallest.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)"
        )
        for turn in range(300):
            data = os.urandom(20_000)
            start = time.perf_counter()
            sha256 = cabinet.put(data)
            with book.step():
                identity = documents.add(
                    book, "out", "number", arrived_at=book.at, source_sha256=sha256, symbol="CV/TU", day="2026-11-26",
                    subject="V/v gửi, nhận văn bản", agency="Tỉnh ủy",
                )  # fmt: skip
                value = numbers.take(book, "di", "2025-10-15/CV/TU", identity)
                documents.update(book, identity, number=value)
                book.event("number", f"document:{identity}", {"number": value})
            spent.append(time.perf_counter() - start)
            start = time.perf_counter()
            _keep(folder / "cabinet" / f"p{turn % 256}", str(turn), data)
            kept = time.perf_counter() - start
            start = time.perf_counter()
            smallest.execute("BEGIN IMMEDIATE")
            smallest.execute("INSERT INTO t (b) VALUES (?)", ("x" * 500,))
            smallest.execute("COMMIT")
            bare.append(kept + time.perf_counter() - start)
            start = time.perf_counter()
            with probe.open("ab") as log:
                log.write(bytes(500))
                log.flush()
                os.fsync(log.fileno())
            plain.append(kept + time.perf_counter() - start)
    ours, demanded, least = (statistics.median(each) * 1000 for each in (spent, bare, plain))
    print(
        f"  taking a number and registering {ours:.2f} ms; what the laws demand {demanded:.2f} ms: {ours / demanded:.2f} x (asked 1.5);"
        f" with a plain log instead of SQLite {least:.2f} ms: {ours / least:.2f} x"
    )


def _keep(place: Path, name: str, data: bytes) -> None:
    """Law 1, with nothing around it."""
    place.mkdir(exist_ok=True)
    temporary = place / f"{name}.tmp"
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(place / name)
    descriptor = os.open(place, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def audit(folder: Path) -> None:
    start = time.perf_counter()
    found = audit_folder(folder, hashing=False)
    spent = time.perf_counter() - start
    print(f"  audit: {found.events:,} events and {found.rows:,} rows in {spent:.1f} s: {found.events / spent:,.0f} events a second (asked 20,000)"
          + (f"; FAULTS {found.faults[:3]}" if found.faults else ""))  # fmt: skip


EXPORT = """
import resource, sys, time
from datetime import date
from pathlib import Path
from vanthu_cli.reports.books import Column, Cover, Volume
from vanthu_cli.reports.books_{form} import book_{form}
sys.path.insert(0, {here!r})
from benchmarks.register import World
world = World()
rows = [[row["day"], str(row["arrival"]), row["agency"], f"{{row['number']}}-{{row['symbol']}}", row["day"], f"Công văn {{row['subject']}}", "", "", "", ""]
        for row in world.rows(10_000)]
columns = tuple(Column(str(place), width) for place, width in enumerate((20, 14, 36, 24, 20, 62, 30, 20, 24, 24)))
cover = Cover("TỈNH ỦY", "VĂN PHÒNG", "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN", "2026", "01/01/2026", "31/12/2026", "1", "10000", "01")
start = time.perf_counter()
with open({out!r}, "wb") as file:
    book_{form}([Volume(cover, columns, rows)], file)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""


def export(folder: Path) -> None:
    for form, asked in (("xlsx", 5), ("pdf", 30)):
        code = EXPORT.format(form=form, out=str(folder / f"book.{form}"), here=str(Path(__file__).parents[1]))
        seconds, megabytes = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout.split()
        print(f"  10,000 rows to {form}: {float(seconds):.1f} s (asked {asked}), {megabytes} MB (asked 200)")


def startup(folder: Path) -> None:
    """The whole process of one search, against `python -c pass`, user and system time; compiled, as it is once installed."""
    compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    config = folder / "config.toml"
    config.write_text(
        '[office]\nname = "A"\ncode = "A"\nsymbol = "TU"\nkind = "party"\nplace = "H"\nterm_start = 2025-10-15\ndata_dir = "."\n'
    )

    def cpu(command: list[str]) -> float:
        spent = []
        for _try in range(7):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, check=True, capture_output=True, env=compiled)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return min(spent) * 1000

    ours = cpu(
        [str(Path(sys.executable).parent / "vanthu"), "--config", str(config), "register", "search", "145-CV/CQ0001"]
    )
    bare = cpu([sys.executable, "-c", "pass"])
    print(
        f"  register search, whole process: {ours:.0f} ms, python -c pass {bare:.0f} ms: {ours / bare:.1f} x (asked 10)"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--body", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    before: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for size in (int(each) for each in chosen.sizes.split(",")):
            folder = (chosen.keep or Path(temporary)) / str(size)
            print(f"{size:,} documents")
            made = (folder / "register.sqlite").exists()
            book = open_book(folder / "register.sqlite", who="x", now=NOW) if made else fill(folder, size, chosen.body)
            book.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            search(book, 30)
            found = search(book)
            for name, (median, p95) in found.items():
                growth = f", {p95 / before[name][1]:.1f} x of before" if name in before else ""
                print(f"  {name:<30} median {median:6.2f} ms, p95 {p95:6.2f} ms (asked 10){growth}")
            before = found
            startup(folder)
            if not made:
                number(folder, book)
            book.connection.close()
            audit(folder)
        export(Path(temporary))


if __name__ == "__main__":
    main()
