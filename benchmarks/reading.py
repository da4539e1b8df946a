"""Reading documents: what one takes in this process, what two workers gain, whether memory stays flat.

python benchmarks/reading.py [--files N]

one page     a full page of print (some 2,600 letters), fields and marks read in this process, after start-up: milliseconds
workers      N such files through `vanthu inspect` with one process and with two: how many times faster
memory       the most that the process of `vanthu inspect` and its workers held over N files, less that over N/10
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent)]

from benchmarks.signing import watch  # noqa: E402  found by the line above

from vanthu_cli.reading.fields import read  # noqa: E402
from vanthu_cli.sandbox.correspondents import party_page  # noqa: E402
from vanthu_cli.sandbox.documents import make_pdf  # noqa: E402

_PROSE = (
    "Thực hiện Công văn số 12-CV/TU, ngày 05 tháng 3 năm 2020 và Quyết định số 77/QĐ-UBND ngày 01 tháng 01 năm 2019, đề nghị các "
    "cơ quan, đơn vị gửi, nhận văn bản điện tử có chữ ký số hằng ngày, không gửi kèm bản giấy, trừ văn bản mật."
)


def page(number: int) -> bytes:
    from dataclasses import replace

    made = party_page(
        "TUCL", "Phạm Văn Mẫu", number=number, symbol="CV/TUCL", day=date(2026, 11, 26), subject="gửi, nhận văn bản"
    )
    return make_pdf(replace(made, body=(_PROSE,) * 7))


def inspected(files: list[str], jobs: int) -> tuple[float, int]:
    """Return seconds and the peak of all processes together, in KiB."""
    peaks = dict[int, int]()
    start = time.perf_counter()
    command = [str(Path(sys.executable).parent / "vanthu"), "inspect", *files, "--jobs", str(jobs), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    watcher = threading.Thread(target=watch, args=(process, peaks))
    watcher.start()
    if process.wait():
        raise RuntimeError("inspect failed")
    took = time.perf_counter() - start
    watcher.join()
    return took, sum(peaks.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5_000)
    count = parser.parse_args().files
    pdfs = [page(number) for number in range(1, 41)]
    times = list[float]()
    for pdf in [*pdfs[:5], *pdfs]:
        start = time.perf_counter()
        if read(pdf).fields.symbol != "CV/TUCL":
            raise RuntimeError("read wrongly")
        times.append(time.perf_counter() - start)
    print(f"one page            {1000 * statistics.median(times[5:]):6.1f} ms   (asked: at most 25)")
    with tempfile.TemporaryDirectory(prefix="vanthu-") as folder:
        names = []
        for number in range(count):
            file = Path(folder) / f"{number}.pdf"
            file.write_bytes(pdfs[number % len(pdfs)])
            names.append(str(file))
        few = names[: max(count // 10, 40)]
        start_up = min(inspected(names[:1], 1)[0] for _run in range(3))
        one, two = (min(inspected(few, jobs)[0] for _run in range(3)) - start_up for jobs in (1, 2))
        print(
            f"workers             {one / two:6.2f} x    (asked: at least 1.6; {len(few)} files, {one:.1f} s and {two:.1f} s)"
        )
        _took, little = inspected(few, 2)
        took, much = inspected(names, 2)
        print(
            f"memory              {(much - little) / 1024:+6.1f} MB   ({len(few)} files {little / 1024:.0f} MB, "
            f"{count} files {much / 1024:.0f} MB in {took:.0f} s)"
        )


if __name__ == "__main__":
    main()
