"""Start-up of the everyday commands against a bare interpreter, in one run (CPU time of the child, median of several).

The law (house.md): --help, status and register list with 5,000 documents within 8 times `python -c pass`, search within 10.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from vanthu_cli.register import documents
from vanthu_cli.register.book import open_book

RUNS = 15
DOCUMENTS = 5_000
# Compiled once, as an installed program is; some machines forbid it for working copies.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
CONFIG = """[office]
name = "Văn phòng"
code = "VPTU"
symbol = "TU"
kind = "party"
place = "Hải Dương"
term_start = 2025-10-15
data_dir = "data"
"""


def cpu(command: list[str]) -> float:
    """Return the CPU milliseconds of one run: user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=_ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def fill(folder: Path) -> None:
    book = open_book(folder / "data" / "register.sqlite", who="bench", now=datetime.now(UTC), make=True)
    with book.step():
        for number in range(1, DOCUMENTS + 1):
            documents.add(
                book, "in", "arrive", arrived_at=book.at, number=number, symbol="CV/TU", day="2026-11-22",
                agency="Tỉnh ủy Hải Dương", subject=f"Triệu tập hội nghị giao ban tháng {number}", verdict="valid",
            )  # fmt: skip
        book.connection.execute("UPDATE document SET state = 'accepted', arrival_number = id")
    book.connection.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _ENVIRONMENT["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        (folder / "config.toml").write_text(CONFIG, "utf-8")
        (folder / "data").mkdir()
        fill(folder)
        vanthu = [str(Path(sys.executable).with_name("vanthu")), "--config", str(folder / "config.toml")]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "vanthu --help": [*vanthu, "--help"],
            "vanthu status": [*vanthu, "status"],
            "vanthu register list": [*vanthu, "register", "list"],
            "vanthu register search": [*vanthu, "register", "search", "hoi", "nghi", "4999"],
        }
        times: dict[str, list[float]] = {label: [] for label in commands}
        for command in commands.values():
            cpu(command)
        for _round in range(RUNS):
            for label, command in commands.items():
                times[label].append(cpu(command))
    bare = statistics.median(times["python -c pass"])
    print(f"{DOCUMENTS} documents, CPU time, median of {RUNS}")
    for label, values in times.items():
        median = statistics.median(values)
        print(f"{label:<24} {median:7.1f} ms  {median / bare:5.1f} x")


if __name__ == "__main__":
    main()
