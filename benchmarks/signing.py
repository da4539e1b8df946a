"""Signing against pyHanko as it comes, in one run: medians, and the ratio that issue B asks for beside each.

core     one signature in process, invisible, B-B, RSA-2048 from a key file, 100 KB: stock SimpleSigner against ours
batch    `vanthu sign --as organisation` on 100 files with all its checks against one `pyhanko sign addsig` a file
two      the same command with two processes against one, on 1,000 files, less what starting costs
large    peak memory of the command on a file of 120 MB, of its largest process and of all together
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from reportlab import rl_config
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from vanthu_cli import locale
from vanthu_cli.document.places import Box
from vanthu_cli.sandbox.correspondents import own_page, signed
from vanthu_cli.sandbox.office import OWN, PASSWORD, PracticeOffice, build, configure, furnish
from vanthu_cli.sandbox.servers import Ports, Servers
from vanthu_cli.signing import levels, pades
from vanthu_cli.signing.files import Spot, open_pdf
from vanthu_cli.signing.keys import open_pkcs12

_BIN = Path(sys.executable).parent
_CLI_SAMPLE = 20
"""Processes of pyhanko-cli that are timed; a hundred would only take longer."""


def office_in(folder: Path) -> PracticeOffice:
    """Make a practice office without servers: no time stamps on either side."""
    now = datetime.now(UTC)
    office = build(folder, now)
    configure(office, Servers("127.0.0.1", Ports(1, 1, 1, 1), "http://127.0.0.1:1/"), now.date() - timedelta(days=400))
    furnish(office, now=now - timedelta(hours=1), language="en")
    text = office.config.read_text("utf-8").replace('url = "http://127.0.0.1:1/"', 'url = ""')
    office.config.write_text(text, "utf-8")
    return office


def picture_pdf(size: int) -> bytes:
    """Return a PDF of about `size` bytes: one picture that cannot be compressed."""
    rl_config.useA85 = 0
    side = max(1, int((size / 3) ** 0.5))
    out = BytesIO()
    canvas = Canvas(out, pageCompression=0)
    noise = Image.frombytes("RGB", (side, side), os.urandom(side * side * 3))
    canvas.drawImage(ImageReader(noise), 50, 50, 400, 400)
    canvas.save()
    return out.getvalue()


def median_ms(work: Callable[[], Any], runs: int) -> float:
    work()
    times = []
    for _run in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def core(office: PracticeOffice) -> None:
    path, pdf = office.key(OWN, "organisation"), picture_pdf(98_000)
    stock = signers.SimpleSigner.load_pkcs12(str(path), passphrase=PASSWORD.encode())
    meta = signers.PdfSignatureMetadata(field_name="Sig", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    key = open_pkcs12(path, PASSWORD)
    spot = Spot("Sig", Box(0, 0, 0, 0, 0), 0, prepared=False)

    def peer() -> None:
        signers.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), meta, signer=stock, output=BytesIO())

    def ours() -> None:
        pades._sign(open_pdf(BytesIO(pdf)), spot, key, [], levels.BARE)  # noqa: SLF001  the core alone, without a place to be found

    theirs, own = median_ms(peer, 15), median_ms(ours, 15)
    show(f"core, {len(pdf) // 1000} KB: stock pyHanko {theirs:.1f} ms, vanthu {own:.1f} ms", theirs / own, 6)


def run(*command: object) -> float:
    start = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def vanthu(office: PracticeOffice, files: Sequence[Path], *options: str) -> float:
    """Sign files into a fresh folder; return seconds."""
    out = office.folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    return run(_BIN / "vanthu", "--config", office.config, "sign", *files, "--out", out, *options)


def leader_signed(office: PracticeOffice, count: int) -> list[Path]:
    folder = office.folder / "in"
    folder.mkdir(exist_ok=True)
    day = datetime.now(UTC)
    pdf = signed(office, own_page(subject="Đo tốc độ ký", year=day.year), OWN, organisation=None)
    files = [folder / f"{number:04d}.pdf" for number in range(count)]
    for file in files:
        file.write_bytes(pdf)
    return files


def batch(office: PracticeOffice, files: list[Path]) -> None:
    secret = office.folder / "secrets" / "password"
    peer = [_BIN / "pyhanko", "sign", "addsig", "--use-pades", "--field", "1/50,50,250,120/Sig", "pkcs12"]
    times = []
    for number in range(_CLI_SAMPLE):
        out = office.folder / f"peer{number}.pdf"
        times.append(run(*peer, "--passfile", secret, files[number], out, office.key(OWN, "organisation")))
    theirs, own = 100 * statistics.median(times), vanthu(office, files[:100], "--as", "organisation")
    show(f"100 files: pyhanko-cli {theirs:.0f} s (median of {_CLI_SAMPLE} x 100), vanthu {own:.1f} s", theirs / own, 15)


def two(office: PracticeOffice, files: list[Path]) -> None:
    def slope(jobs: str) -> float:
        start = vanthu(office, files[:2], "--as", "organisation", "--jobs", jobs)
        return vanthu(office, files, "--as", "organisation", "--jobs", jobs) - start

    one, both = slope("1"), slope("2")
    show(f"{len(files)} files after start-up: one process {one:.0f} s, two {both:.0f} s", one / both, 1.6)


def large(office: PracticeOffice) -> None:
    file = office.folder / "large.pdf"
    file.write_bytes(picture_pdf(120_000_000))
    out = office.folder / "large.signed.pdf"
    command = [
        _BIN / "vanthu",
        "--config",
        office.config,
        "sign",
        file,
        "--as",
        "person",
        "--at",
        "1:60,60",
        "--out",
        out,
    ]
    peaks: dict[int, int] = {}
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watcher = threading.Thread(target=watch, args=(process, peaks))
    watcher.start()
    process.wait()
    watcher.join()
    largest = max(peaks.values()) / 1024
    print(
        f"{file.stat().st_size / 1e6:.0f} MB file: largest process {largest:.0f} MB (law: below 200), exit {process.returncode}"
    )


def watch(process: "subprocess.Popen[bytes]", peaks: dict[int, int]) -> None:
    """Note the high-water mark (VmHWM, kB) of the process and of everything it starts."""
    while process.poll() is None:
        family = {process.pid}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    status = (entry / "status").read_text("ascii", "replace")
                except OSError:
                    continue
                facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
                if int(entry.name) in family or int(facts.get("PPid", "0")) in family:
                    family.add(int(entry.name))
                    peaks[int(entry.name)] = max(
                        peaks.get(int(entry.name), 0), int(facts.get("VmHWM", "0 kB").split()[0])
                    )
        time.sleep(0.05)


def show(what: str, ratio: float, law: float) -> None:
    print(f"{what}: {ratio:.1f} x (law: at least {law} x)", flush=True)


def main() -> None:
    locale.use("en")
    wanted = sys.argv[1:] or ["core", "batch", "two", "large"]
    with tempfile.TemporaryDirectory() as name:
        office = office_in(Path(name) / "office")
        if "core" in wanted:
            core(office)
        files = leader_signed(office, 1000 if "two" in wanted else 100)
        if "batch" in wanted:
            batch(office, files)
        if "two" in wanted:
            two(office, files)
        if "large" in wanted:
            large(office)


if __name__ == "__main__":
    main()
