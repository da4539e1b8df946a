"""Exchange against its peers on real Dovecot and Postfix on loopback, in one run (root; isync, getmail6, poppler-utils).

python benchmarks/exchange.py [--cache FOLDER] [--messages N] [--runs N] [--signatures 1|2] [SECTION...]

download     2,000 messages with a 200 KB signed PDF: mbsync with `FSync yes` against all of them durably in intake/
intake       the same mailbox: getmail into a Maildir and one `pdfsig -nocert` a file against the whole `vanthu fetch`.
             One signature: every document is judged and registered, and waits for a person, as the rules ask.
             With `--signatures 2`: each is accepted too, gets its arrival number, and its receipt is sent.
memory       200 messages with a PDF of 3.6 MB: the most that the process of `vanthu fetch` held, its workers apart
nothing-new  10,000 small messages, all known: `vanthu fetch` less `vanthu status`, which only starts up; beside it mbsync
axis         1,000 documents of 730 KB, packages of 1 MB, through the simulated national axis (a process of its own), signed once
             more as packages: `vanthu fetch` there against `vanthu fetch` of the same documents by IMAP
send         one document to 300 agencies, against smtplib with a connection (STARTTLS, AUTH) a message, same bytes:
             the transport alone, and `vanthu send` with its commits and copies in Sent. Postfix throws the letters away.

Medians by the clock; both sides take turns, what they brought in is removed in between, the first turn is not counted
(intake is run once, after a download). Times of ours and of the peers' programs hold their start-up.
`--cache` keeps the practice office and its signed mail for the next run (for 30 days: then the revocation lists end).
"""

import argparse
import os
import shutil
import smtplib
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent.parent)]

from benchmarks.mailroom import SENDER, Listener, Scene, deliver, getmail, mbsync, served, signed, stock  # noqa: E402  found by the line above
from benchmarks.signing import watch  # noqa: E402
from tests import on_axis  # noqa: E402
from tests.realservers import DISCARDED, missing  # noqa: E402

from vanthu_cli.channels.edxml import Header  # noqa: E402
from vanthu_cli.channels.letter import Letter  # noqa: E402
from vanthu_cli.channels.mime import read_mail  # noqa: E402
from vanthu_cli.config.load import load  # noqa: E402
from vanthu_cli.procedures.desk import Desk, open_desk  # noqa: E402
from vanthu_cli.procedures.post import post  # noqa: E402
from vanthu_cli.register import deliveries, directory, finding, messages  # noqa: E402
from vanthu_cli.register.finding import Filter  # noqa: E402
from vanthu_cli.register.messages import Origin  # noqa: E402
from vanthu_cli.sandbox.axis import Axis  # noqa: E402
from vanthu_cli.sandbox.correspondents import own_page  # noqa: E402
from vanthu_cli.sandbox.office import INTERNET, OWN, PASSWORD, PracticeOffice, agency_of  # noqa: E402

_FULL = {"download": 2_000, "intake": 2_000, "memory": 200, "nothing-new": 10_000, "axis": 1_000, "send": 300}
_SMALL_PDF, _LARGE_PDF, _PACKED_PDF = 200_000, 3_600_000, 730_000


def clock(work: Callable[[], object]) -> float:
    os.sync()  # what was written before is not paid for now
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(turns: int, *works: tuple[Callable[[], object], Callable[[], object]]) -> list[float]:
    """Return the median seconds of each work, done after its preparation; the first turn only warms what can be warm."""
    rows = [[(prepare(), clock(work))[1] for prepare, work in works] for _turn in range(turns + 1)][1:]
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def show(what: str, peer: str, ours: str, ratio: str, asked: str) -> None:
    print(f"{what:<62} {peer:>9} {ours:>9} {ratio:>8}  {asked}", flush=True)


def compare(what: str, peer: float, ours: float, asked: str) -> None:
    show(what, f"{peer:.2f} s", f"{ours:.2f} s", f"{peer / ours:.2f} x", asked)


def vanthu(office: PracticeOffice, *words: str) -> list[str]:
    return [sys.executable, "-m", "vanthu_cli", "--config", str(office.config), "--lang", "en", *words]


def run(command: list[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(
            f"{command[0]} … {command[-1]}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.stdout


@contextmanager
def desk_of(office: PracticeOffice) -> Iterator[Desk]:
    with open_desk(load(office.config), now=datetime.now(UTC), prompt=lambda _what: None, language="en") as desk:
        yield desk


def expect(found: int, wanted: int, what: str) -> None:
    if found != wanted:
        raise RuntimeError(f"{found} {what} instead of {wanted}")


_BRING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from vanthu_cli.config.load import load
from vanthu_cli.procedures.desk import open_desk

def by_fetch(desk, channel):
    from vanthu_cli.procedures.fetch import _file_name
    from vanthu_cli.register.cabinet import write_durably
    from vanthu_cli.register.messages import Origin, known
    for each in channel.waiting(known(desk.book, channel.name)):
        origin = Origin(channel.name, each.identity, each.received_at, each.size)
        write_durably(desk.cabinet.intake(_file_name(origin)), each.fetch())
        yield [each]

try:
    from vanthu_cli.procedures.bring import bring
except ImportError:
    bring = by_fetch
with open_desk(load(Path(sys.argv[1])), now=datetime.now(UTC), prompt=lambda _what: None, language="en") as desk:
    for _group in bring(desk, desk.channels["wan"]):
        pass
print(bring.__name__)
"""
"""Brings everything durably into intake, in a process of its own that has imported nothing else."""


def download(scene: Scene) -> None:
    deliver(scene, stock(scene, _SMALL_PDF))
    office, (peer, folder) = scene.office(), mbsync(scene)
    intake, said = office.folder / "data" / "intake", set[str]()

    def theirs() -> None:
        run(peer)
        expect(len(list((folder / "INBOX").glob("[cn]*/*"))), scene.count, "messages by mbsync")

    def ours() -> None:
        said.add(run([sys.executable, "-c", _BRING, str(office.config)]).strip())
        expect(len(list(intake.glob("*.eml"))), scene.count, "messages by vanthu")

    def emptied() -> None:
        for place in (folder, intake):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(mode=0o700)

    peers, own = in_turn(scene.turns, (emptied, theirs), (emptied, ours))
    compare(f"download, {scene.count} x 200 KB ({', '.join(said)}), mbsync", peers, own, "at least 1 x")


def intake(scene: Scene) -> None:
    files = stock(scene, _SMALL_PDF)
    pdfs = scene.cache / "pdfs"
    shutil.rmtree(pdfs, ignore_errors=True)
    pdfs.mkdir()
    for file in files:
        (pdfs / f"{file.name}.pdf").write_bytes(read_mail(file.read_bytes()).files[0].data)
    deliver(scene, files)
    office = scene.office()
    os.sync()
    fetched, count = getmail(scene)
    fetched *= scene.count / count
    checked = clock(lambda: [run(["pdfsig", "-nocert", str(pdf)]) for pdf in sorted(pdfs.iterdir())])
    own = clock(lambda: run(vanthu(office, "fetch", "--channel", "wan")))
    with desk_of(office) as desk:
        found = finding.listing(
            desk.book, Filter(direction="in", states=["accepted" if scene.signatures > 1 else "waiting"])
        )
        expect(sum(each.verdict == "valid" for each in found), scene.count, "valid documents in the register")
        answers = deliveries.in_states(desk.book, "handed-over", purpose="answer")
    what = f"intake, {scene.count} x 200 KB, {scene.signatures} signed, {len(answers)} receipts"
    said = "" if count == scene.count else f" (hung after {count}, extrapolated)"
    compare(f"{what}, getmail {fetched:.1f} s{said} + pdfsig", fetched + checked, own, "at least 1 x")


def memory(scene: Scene) -> None:
    deliver(scene, stock(scene, _LARGE_PDF))
    office, peaks = scene.office(), dict[int, int]()
    process = subprocess.Popen(vanthu(office, "fetch", "--channel", "wan"), stdout=subprocess.DEVNULL)
    watcher = threading.Thread(target=watch, args=(process, peaks))
    watcher.start()
    expect(process.wait(), 0, "as exit code of fetch")
    watcher.join()
    own = peaks.pop(process.pid) / 1024
    workers = ", ".join(f"{peak / 1024:.0f}" for peak in sorted(peaks.values(), reverse=True))
    what = f"memory, {scene.count} x 5 MB, process of fetch (others {workers} MB)"
    show(what, "", f"{own:.0f} MB", "", "under 120 MB")


def nothing_new(scene: Scene) -> None:
    deliver(scene, stock(scene, 0))
    office, (peer, _folder) = scene.office(), mbsync(scene)
    with desk_of(office) as desk, desk.book.step():
        found = list(desk.channels["wan"].waiting(messages.known(desk.book, "wan")))
        for each in found:
            origin = Origin("wan", each.identity, each.received_at, each.size)
            messages.add(desk.book, origin, "other", sender=agency_of(SENDER).wan, message_id=None, sha256=None)
        messages.marked(desk.book, "wan", [each.identity for each in found])
    run(peer)
    time.sleep(2)  # mbsync waits until a Maildir is a second old
    commands = (peer, vanthu(office, "fetch", "--channel", "wan"), vanthu(office, "status"))
    theirs, own, floor = in_turn(5, *((lambda: None, partial(run, each)) for each in commands))
    what = f"nothing new in {scene.count}: fetch {own:.2f} s - status {floor:.2f} s, mbsync"
    show(what, f"{theirs:.2f} s", f"{own - floor:.2f} s", "", "under 0.5 s")


_AXIS = """
import sys, time
from pathlib import Path
from tests.on_axis import members
from vanthu_cli.sandbox.axis import serve_axis
with serve_axis(Path(sys.argv[1]), members()) as axis:
    print(axis.url, flush=True)
    sys.stdin.read()
"""
"""The simulator, apart from what is timed."""


def axis(scene: Scene) -> None:
    files = stock(scene, _PACKED_PDF)
    deliver(scene, files)
    packed = scene.cache / f"axis-{scene.signatures}"
    _pack(scene, files, packed)
    simulators = list["subprocess.Popen[str]"]()

    def by_mail() -> None:
        scene.office()

    def by_axis() -> None:
        """Lay the packages there again, and have the office go there."""
        for each in simulators:
            each.kill()
        shutil.rmtree(scene.cache / "axis", ignore_errors=True)
        shutil.copytree(packed, scene.cache / "axis")
        command = [sys.executable, "-c", _AXIS, str(scene.cache / "axis")]
        simulators[:] = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)]
        url = simulators[0].stdout.readline().strip() if simulators[0].stdout else ""
        office = scene.office()
        on_axis.join(office)
        secret = office.folder / "secrets" / "axis"
        secret.write_text("bi-mat-VPTU\n", "utf-8")
        secret.chmod(0o600)
        with office.config.open("a", encoding="utf-8") as file:
            file.write(
                f'\n[channels.axis]\nkind = "axis"\nnetwork = "internet"\naddress = "H23.01"\nurl = "{url}"\n'
                'system = "HT.VPTU"\nsecret = "file:secrets/axis"\n'
            )

    def fetched(name: str) -> None:
        office = PracticeOffice(scene.cache / "desk")
        run(vanthu(office, "fetch", "--channel", name))
        with desk_of(office) as desk:
            found = finding.listing(
                desk.book, Filter(direction="in", states=["accepted" if scene.signatures > 1 else "waiting"])
            )
            expect(sum(each.verdict == "valid" for each in found), scene.count, "valid documents in the register")

    try:
        peer, own = in_turn(scene.turns, (by_mail, partial(fetched, "wan")), (by_axis, partial(fetched, "axis")))
    finally:
        for each in simulators:
            each.kill()
    compare(f"axis, {scene.count} packages of 1 MB, the same by IMAP", peer, own, "at least 1 x")


def _pack(scene: Scene, files: list[Path], folder: Path) -> None:
    """Write the documents of these messages as signed packages."""
    if folder.exists():
        return
    office, running = PracticeOffice(scene.cache / "office"), Axis("", folder.with_suffix(".part"), {})
    peer = on_axis.peer_of(office, SENDER, running)
    for number, file in enumerate(files, 1):
        (document,) = read_mail(file.read_bytes()).files
        day = datetime.now(UTC).date().isoformat()
        header = Header(str(number), "CV/TUCL", day, doc_type="Công văn", subject="Báo cáo công tác")
        package = peer.package(on_axis.OFFICE, header, [(document.name, document.read())], datetime.now(UTC))
        running.put(on_axis.IDS[SENDER], "H23.01", b"".join(package))
    running.folder.rename(folder)


def queued(scene: Scene) -> tuple[PracticeOffice, list[Letter]]:
    """Have an office issue a document to all agencies while its SMTP server is away; return it with the queued letters."""
    office = scene.office()
    page = own_page(subject="Gửi, nhận văn bản trên mạng", year=datetime.now(UTC).year)
    agencies = [f"N{number}" for number in range(scene.count)]
    with desk_of(office) as desk, desk.book.step():
        for code in agencies:
            agency = directory.Agency(code, f"Cơ quan {code}", internet=f"{code.lower()}@{DISCARDED}")
            directory.put(desk.book, agency)
    paper = office.papers / "cong-van.pdf"
    paper.write_bytes(signed(office, page, OWN, 110_000, person=True, organisation=False))
    settings = office.config.read_text("utf-8")
    office.config.write_text(settings.replace(f"port = {scene.servers.submission}", "port = 1"), "utf-8")
    to = [word for code in agencies for word in ("--to", code)]
    subprocess.run(vanthu(office, "sign-send", str(paper), *to, "--yes"), check=False, capture_output=True)
    office.config.write_text(settings, "utf-8")
    before, listener = PracticeOffice(scene.cache / "queued"), Listener(INTERNET)
    shutil.rmtree(before.folder, ignore_errors=True)
    shutil.copytree(office.folder, before.folder)
    with desk_of(office) as desk:
        listening: Any = {"internet": listener}
        post(replace(desk, channels=listening), deliveries.in_states(desk.book, "queued"))
    expect(len(listener.letters), scene.count, "queued letters")
    return before, listener.letters


def send(scene: Scene) -> None:
    before, letters = queued(scene)
    office, tls = PracticeOffice(scene.cache / "desk"), ssl.create_default_context(cafile=str(before.pki.tls_ca))

    def quiet() -> None:
        """Wait until Postfix has thrown everything away; empty Sent, and queue the letters again."""
        spool = scene.cache / "run" / "spool"
        while any(each.is_file() for part in ("incoming", "active") for each in (spool / part).rglob("*")):
            time.sleep(0.1)
        shutil.rmtree(scene.maildir(INTERNET).parent, ignore_errors=True)
        shutil.rmtree(office.folder)
        shutil.copytree(before.folder, office.folder)

    def theirs() -> None:
        for letter in letters:
            with smtplib.SMTP(scene.servers.host, scene.servers.submission, local_hostname="haiduong.gov.vn") as smtp:
                smtp.starttls(context=tls)
                smtp.login(INTERNET, PASSWORD)
                smtp.sendmail(letter.sender, [letter.recipient], letter.raw)

    def transport() -> None:
        with desk_of(office) as desk:
            channel = desk.channels["internet"]
            states = [channel.hand_over(replace(letter, copied=False), lambda: None).state for letter in letters]
        expect(states.count("handed-over"), scene.count, "letters handed over")

    def durable() -> None:
        run(vanthu(office, "send", "1"))
        with desk_of(office) as desk:
            expect(len(deliveries.in_states(desk.book, "handed-over")), scene.count, "letters handed over")

    peer, alone, whole = in_turn(scene.turns, (quiet, theirs), (quiet, transport), (quiet, durable))
    what = f"send, {scene.count} x {len(letters[0].raw) / 1000:.0f} KB"
    compare(f"{what}, transport, smtplib a connection each", peer, alone, "at least 2.5 x")
    compare(f"{what}, durable, the same smtplib", peer, whole, "at least 1.5 x")


_SECTIONS = {
    "download": download,
    "intake": intake,
    "memory": memory,
    "nothing-new": nothing_new,
    "axis": axis,
    "send": send,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(_SECTIONS))
    parser.add_argument("--cache", type=Path, help="folder for the office and its mail")
    parser.add_argument("--messages", type=int, default=max(_FULL.values()), help="at most so many, for trials")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--signatures", type=int, choices=(1, 2), default=1)
    asked = parser.parse_args()
    if missing():
        sys.exit(missing())
    with tempfile.TemporaryDirectory(prefix="vanthu-") as temporary:
        cache = (asked.cache or Path(temporary)).absolute()
        cache.mkdir(parents=True, exist_ok=True)
        cache.chmod(0o755)  # Dovecot and Postfix enter it as users of their own
        show("what, and the peer", "peer", "ours", "ratio", "asked")
        with served(cache, asked.runs, asked.signatures) as scene:
            for name in asked.sections or _SECTIONS:
                _SECTIONS[name](replace(scene, count=min(asked.messages, _FULL[name])))


if __name__ == "__main__":
    main()
