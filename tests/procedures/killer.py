"""Ends a procedure by SIGKILL at each of its steps, runs it again, and reports what is there then (mbsync's idea).

Run as a program of its own, because it forks and must have no threads: `python -m tests.procedures.killer fetch FOLDER`.
Every door to the world is wrapped here, not in the program: after each call a counter ticks, and at the chosen tick the
process ends (before a call is after the one before it). Prints one JSON list: what the office looks like after kill and second run, for each tick.
"""

import importlib
import json
import os
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests import offices, on_axis
from tests.cli import assets

from vanthu_cli import locale
from vanthu_cli.channels import submission
from vanthu_cli.channels.axis import Adapter
from vanthu_cli.channels.edxml import Header
from vanthu_cli.channels.mail import MailChannel
from vanthu_cli.config.load import load
from vanthu_cli.errors import ForbiddenError, UndecidedError
from vanthu_cli.procedures.audit import audit_folder
from vanthu_cli.procedures.batch import batch
from vanthu_cli.procedures.carry import carry_fetch, carry_send
from vanthu_cli.procedures.close_day import close_day
from vanthu_cli.procedures.entry import Entry, enter
from vanthu_cli.procedures.fetch import fetch
from vanthu_cli.procedures.import_book import import_book
from vanthu_cli.procedures.issue import issue
from vanthu_cli.procedures.plan import Request, plan_issue
from vanthu_cli.procedures.press import copy_all, look_at, sign_all
from vanthu_cli.procedures.recall import give_back, recall
from vanthu_cli.procedures.sign import order
from vanthu_cli.procedures.spots import Role
from vanthu_cli.procedures.workers import _PRELOADED
from vanthu_cli.register import deliveries, documents, finding, messages, numbers, recalls
from vanthu_cli.register.book import Book, check_chain, history
from vanthu_cli.register.finding import Filter
from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.axis import Axis, Lying
from vanthu_cli.sandbox.documents import make_docx, make_pdf
from vanthu_cli.sandbox.mailboxes import mailbox
from vanthu_cli.sandbox.office import AGENCIES, INTERNET, WAN, PracticeOffice

Action = Callable[[PracticeOffice], None]


class Clockwork:
    """Counts ticks; at the chosen one the process ends as by a power cut."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.ticks = 0

    def tick(self) -> None:
        self.ticks += 1
        if self.ticks == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, door: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **named: Any) -> Any:
            result = door(*args, **named)
            self.tick()
            return result

        return wrapped

    def install(self) -> None:
        """Wrap the doors: disk, register, servers."""
        os.fsync, os.link = self.around(os.fsync), self.around(os.link)
        for owner, names in (
            (Path, ("replace", "unlink")),
            (Book, ("event",)),
            (MailChannel, ("_read", "acknowledge", "_keep_copy")),
            (submission, ("_data",)),
            (Adapter, ("ask", "download", "upload")),
        ):
            for name in names:
                setattr(owner, name, self.around(getattr(owner, name)))
        step = Book.step

        @contextmanager
        def ticking(book: Book, *, kept: bool = True) -> Iterator[Any]:
            with step(book, kept=kept) as connection:
                yield connection
                self.tick()
            self.tick()

        setattr(Book, "step", ticking)  # noqa: B010  the door is wrapped from outside on purpose


def prepare_fetch(office: PracticeOffice) -> None:
    """One to be registered by rule, on both networks; one unsigned; one secret; one Word file."""
    day = today(offices.NOW)
    report = correspondents.party_page(
        "TUCL", "Phạm Văn Mẫu", number=28, symbol="CV/TUCL", day=day, subject="Lịch làm việc"
    )
    data = correspondents.signed(office, report, "TUCL")
    correspondents.send(office, "TUCL", "Lịch làm việc", [("28.pdf", data)], offices.NOW, network="wan")
    correspondents.send(office, "TUCL", "Lịch làm việc", [("28.pdf", data)], offices.NOW, network="internet")
    unsigned = correspondents.party_page(
        "BTGTU", "Vũ Văn Mẫu", number=7, symbol="CV/BTGTU", day=day, subject="Tuyên truyền"
    )
    correspondents.send(office, "BTGTU", "Tuyên truyền", [("07.pdf", make_pdf(unsigned))], offices.NOW)
    correspondents.send(office, "BNCTU", "MẬT", [("x.docx", make_docx("không"))], offices.NOW)
    correspondents.send(office, "UBKTTU", "Góp ý", [("gop-y.docx", make_docx("Góp ý"))], offices.NOW)


def prepare_issue(office: PracticeOffice) -> None:
    page = correspondents.own_page(subject="Gửi, nhận văn bản", year=offices.NOW.year)
    (office.papers / "cv.pdf").write_bytes(make_pdf(page))


def act_fetch(office: PracticeOffice) -> None:
    with offices.desk_of(office) as desk:
        fetch(desk)


def act_issue(office: PracticeOffice) -> None:
    with offices.desk_of(office) as desk:
        request = Request(file=office.papers / "cv.pdf", to=("BTCTU", "SNV"), person="leader", session="Kỳ họp")
        issue(desk, plan_issue(desk, request))


def with_stick(office: PracticeOffice) -> str:
    """Make the Internet a stick, and write the configuration of the machine that carries; return that file's name."""
    text = office.config.read_text("utf-8")
    table, wan = text.split("\n[channels.wan]", 1)
    servers = wan.split("\n[", 1)[0].replace(WAN, INTERNET).replace('"wan"', '"internet"')
    (office.folder / "other.toml").write_text(table.replace('"data"', '"other"') + "\n[channels.internet]" + servers)
    mailbox_of = re.search(r"\n\[channels\.internet\].*?\nsmtp = [^\n]*\n", text, re.DOTALL)
    if mailbox_of is not None:
        stick = (
            f'\n[channels.internet]\nkind = "folder"\nnetwork = "internet"\naddress = "{INTERNET}"\npath = "stick"\n'
        )
        office.config.write_text(text.replace(mailbox_of[0], stick), "utf-8")
    return "other.toml"


def prepare_carry(office: PracticeOffice) -> None:
    """A letter waits on the stick, and mail in the mailbox of the machine that carries."""
    prepare_fetch(office)
    (office.folder / "stick").mkdir()
    with_stick(office)
    prepare_issue(office)
    with offices.desk_of(office) as desk:
        request = Request(file=office.papers / "cv.pdf", to=("SNV",), person="leader", bare=True)
        issue(desk, plan_issue(desk, request))


def act_carry(office: PracticeOffice) -> None:
    """Carry both ways, on the machine without a register, and take in what is on the stick, until nothing is under way."""
    other, stick = load(office.folder / with_stick(office)), office.folder / "stick"
    for _round in range(3):
        sent = carry_send(other, stick, prompt=lambda _what: None)
        saved = carry_fetch(other, stick, prompt=lambda _what: None)
        for error in (*sent.errors, *saved.errors):
            raise error
        act_fetch(office)


def prepare_recall(office: PracticeOffice) -> None:
    """A document of ours that two agencies have, and one of theirs that is asked back."""
    assets.change(office, {"tsa": None})
    day = today(offices.NOW)
    report = correspondents.party_page(
        "TUCL", "Phạm Văn Mẫu", number=28, symbol="CV/TUCL", day=day, subject="Lịch làm việc"
    )
    correspondents.send(
        office, "TUCL", "Lịch", [("28.pdf", correspondents.signed(office, report, "TUCL"))], offices.NOW
    )
    with offices.served(office):
        act_fetch(office)
        correspondents.recall(office, "TUCL", Header("28", "CV/TUCL", day.isoformat()), "Nhầm", offices.NOW)
        act_fetch(office)
        prepare_issue(office)
        with offices.desk_of(office) as desk:
            request = Request(file=office.papers / "cv.pdf", to=("BTCTU", "SNV"), person="leader")
            issue(desk, plan_issue(desk, request))


def act_recall(office: PracticeOffice) -> None:
    with offices.desk_of(office) as desk:
        for row in recalls.waiting(desk.book):
            give_back(desk, row["id"])
        for document in finding.listing(desk.book, Filter(direction="out")):
            recall(desk, document.id, reason="Sai số liệu")
        fetch(desk)


def prepare_batch(office: PracticeOffice) -> None:
    """A document that two agencies have not acknowledged, and a day that is not closed."""
    assets.change(office, {"tsa": None})
    with offices.served(office):
        prepare_issue(office)
        with offices.desk_of(office) as desk:
            issue(desk, plan_issue(desk, Request(file=office.papers / "cv.pdf", to=("BTCTU", "SNV"), person="leader")))
        act_fetch(office)


def act_batch(office: PracticeOffice) -> None:
    """The morning five days later, and the one after it, which sends what a killed one has left queued."""
    now = offices.NOW + timedelta(days=5)
    for _time in range(2):
        with offices.desk_of(office, now) as desk:
            batch(desk, clock=lambda: now)


def prepare_sign(office: PracticeOffice) -> None:
    """Two drafts, and a table that gets its signature beside it."""
    assets.change(office, {"tsa": None})
    assets.drafts(office.papers, 2)
    (office.papers / "bang.xlsx").write_bytes(b"PK\x05\x06" + bytes(18))


def prepare_copy(office: PracticeOffice) -> None:
    assets.change(office, {"tsa": None})
    for number in (1, 2):
        (office.papers / f"giay-{number}.pdf").write_bytes(assets.scan(40, "L", words=str(number)))


def act_sign(office: PracticeOffice, role: Role = "person", form: str = "") -> None:
    with offices.desk_of(office) as desk:
        wish = order(desk, role, "", form=form)
        files = sorted({*office.papers.glob("*.pdf"), *office.papers.glob("*.xlsx")} - set(results(office)))
        pairs = [
            (file, file.with_name(f"{file.name}.p7s" if file.suffix == ".xlsx" else f"{file.stem}.signed.pdf"))
            for file in files
        ]
        batch = look_at(desk, wish, pairs, jobs=1, language="en", tick=lambda: None)
        try:
            done = (
                copy_all(desk, batch, bare=False) if form else sign_all(desk, batch, bare=False, jobs=1, language="en")
            )
            failed = [each.error for each in (*batch.refused, *done) if each.error is not None]
        finally:
            batch.close()
    if failed:
        raise failed[0]


def act_copy(office: PracticeOffice) -> None:
    act_sign(office, "copy", "sao-y")


def results(office: PracticeOffice) -> list[Path]:
    return sorted({*office.papers.glob("*.signed.pdf"), *office.papers.glob("*.p7s")})


def prepare_books(office: PracticeOffice) -> None:
    """A scan of paper that came, and an older book."""
    (office.papers / "den.pdf").write_bytes(assets.scan(40, "L", words="Den"))
    rows = ["Số, ký hiệu văn bản;Ngày tháng văn bản;Trích yếu", *(f"{n}-BC/TU;01/10/2026;Báo cáo {n}" for n in (1, 2))]
    (office.papers / "so-cu.csv").write_text("\n".join(rows).replace("2026", str(offices.TERM.year + 1)), "utf-8")


def act_books(office: PracticeOffice) -> None:
    """Enter the paper, bring the older book in, close the day; what is done already is refused or passed over."""
    with offices.desk_of(office) as desk:
        values = {"agency": "Sở khác", "subject": "Lịch họp", "number": 5, "symbol": "SK-VP"}
        with suppress(UndecidedError):
            enter(desk, Entry("den", values, office.papers / "den.pdf"))
        with suppress(ForbiddenError):  # on a closed day nothing more is entered: it was all there before
            import_book(desk, office.papers / "so-cu.csv", "di")
            close_day(desk, today(desk.now), bare=True)


def prepare_axis(office: PracticeOffice) -> None:
    """Two packages on the axis, one of them cut off, a status that answers nothing, and a document to be issued."""
    on_axis.join(office)
    axis = Axis("", office.folder / "axis", on_axis.members())
    day = today(offices.NOW)
    page = correspondents.state_page("SNV", "Lê Thị Mẫu", number=15, symbol="SNV-VP", day=day, subject="Báo cáo")
    peer = on_axis.peer_of(office, "SNV", axis)
    header = Header("15", "SNV-VP", day.isoformat(), doc_type="Công văn", subject="Báo cáo")
    files = [("15.pdf", correspondents.signed(office, page, "SNV")), ("bieu.xlsx", b"PK")]
    whole = b"".join(peer.package(on_axis.OFFICE, header, files, offices.NOW))
    for data in (whole, whole[:5000]):
        axis.put("H23.20", "H23.01", data)
    prepare_issue(office)


def act_axis(office: PracticeOffice) -> None:
    with offices.desk_of(office) as desk:
        fetch(desk)
        request = Request(file=office.papers / "cv.pdf", to=("SNV", "STC"), person="leader")
        issue(desk, plan_issue(desk, request))
        fetch(desk)


ACTIONS: dict[str, tuple[Action, Action, str]] = {
    "fetch": (prepare_fetch, act_fetch, "mail"),
    "issue": (prepare_issue, act_issue, "mail"),
    "carry": (prepare_carry, act_carry, "mail"),
    "recall": (prepare_recall, act_recall, "mail"),
    "sign": (prepare_sign, act_sign, ""),
    "copy": (prepare_copy, act_copy, ""),
    "batch": (prepare_batch, act_batch, "mail"),
    "books": (prepare_books, act_books, ""),
    "axis": (prepare_axis, act_axis, "axis"),
}
"""What makes the office ready, what is done in it, and which servers that needs."""


def forked(action: Callable[[], None]) -> int:
    """Run in a child; return its wait status."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException as error:  # noqa: BLE001  the child reports and ends, whatever happened
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


@contextmanager
def serving(office: PracticeOffice, servers: str) -> Iterator[None]:
    """Serve the office from a child process, so that this one keeps a single thread."""
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        with on_axis.on_axis(office) if servers == "axis" else offices.served(office):
            os.write(tell, b"!")
            signal.pause()
    os.read(ready, 1)
    os.close(ready)
    os.close(tell)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def picture(office: PracticeOffice) -> dict[str, Any]:
    """Return what may not differ between a killed and a never-killed day."""
    with offices.desk_of(office) as desk:
        book = desk.book
        listed = sorted(finding.listing(book), key=lambda each: each.sha256 or "")
        letters = [
            each
            for document in listed
            for purpose in ("document", "answer", "recall", "reminder")
            for each in deliveries.of_document(book, document.id, purpose)
        ]
        return {
            "documents": sorted(  # a signature's bytes, and so its name, are never the same
                (
                    [each.direction, each.state, each.number, each.arrival_number, each.verdict, list(each.flags)]
                    for each in listed
                ),
                key=str,
            ),
            "messages": sorted(
                row["state"]
                for state in ("document", "receipt", "other", "quarantined")
                for row in messages.in_state(book, state)
            ),
            "letters": sorted([each.purpose, each.address, each.state] for each in letters),
            "next": [numbers.upcoming(book, "di", f"{offices.TERM.isoformat()}/{each}/TU") for each in ("CV", "BS")],
            "papers": sorted(each.name for each in office.papers.iterdir()),
            "signatures": [
                assets.signatures(each) if each.suffix == ".pdf" else 1 for each in sorted(office.papers.iterdir())
            ],
            "signed": [
                [row["kind"] for row in history(book, f"file:{desk.cabinet.name_of(each)}")]
                for each in sorted(office.papers.iterdir())
            ],
            "chain": check_chain(book),
            "audit": _audited(desk.config.data_dir),
            "left": [name for name in recalls.destroyed(book) if desk.cabinet.path(name).exists()],
            "missing": [name for name in documents.files(book) if not desk.cabinet.path(name).is_file()],
            "intake": [place.name for place in (desk.cabinet.root / "intake").iterdir()],
            "quarantine": len(list((desk.cabinet.root / "quarantine").glob("*.eml"))),
            "paper": len(deliveries.paper_owed(book)),
            "axis": sorted(
                [each.kind, each.sender, each.status] for each in on_the_axis(office) if each.to == "H23.01"
            ),
            "inboxes": Counter(each.to for each in on_the_axis(office) if each.to != "H23.01")
            | {
                address: len(mailbox(office.folder, address))
                for agency in AGENCIES
                for address in (agency.wan, agency.internet)
                if address and agency.code not in {"VPTU", "SXD"}
            },
        }


def on_the_axis(office: PracticeOffice) -> list[Lying]:
    folder = office.folder / "axis"
    return Axis("", folder, {}).lying() if folder.is_dir() else []


def _audited(folder: Path) -> list[object]:
    """Return what an inspector finds; a file that no row names is no fault, only a trace of the kill."""
    found = audit_folder(folder)
    return [[each.code for each in found.faults], found.closings]


def one_life(
    origin: PracticeOffice, folder: Path, action: Action, last: int, *, servers: str
) -> tuple[dict[str, Any], int, bool]:
    """Live with a kill at tick `last` (0: never) and a second run. Return the picture, the ticks, whether it was killed."""
    office = offices.copy(origin, folder)
    counter = folder / "ticks"

    def act() -> None:
        clockwork = Clockwork(last)
        clockwork.install()
        action(office)
        counter.write_text(str(clockwork.ticks))

    with serving(office, servers) if servers else nullcontext():
        status = forked(act)
        again = forked(lambda: action(office))
        if again != 0:
            raise RuntimeError(f"the second run after a kill at {last} failed")
        found = picture(office)
    ticks = int(counter.read_text()) if counter.exists() else 0
    shutil.rmtree(folder)
    return found, ticks, os.WIFSIGNALED(status)


def main() -> None:
    """Live once unharmed, then once for each chosen tick."""
    locale.use("en")
    for module in _PRELOADED:  # once, not in each child
        importlib.import_module(module)
    name, folder, stride = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    prepare, action, servers = ACTIONS[name]
    origin = offices.template(folder / "template")
    prepare(origin)
    whole, ticks, _killed = one_life(origin, folder / "whole", action, 0, servers=servers)
    lives = []
    for last in range(1, ticks + 1, stride):
        found, _ticks, killed = one_life(origin, folder / f"life-{last}", action, last, servers=servers)
        lives.append({"tick": last, "killed": killed, "picture": found})
    json.dump({"whole": whole, "ticks": ticks, "lives": lives}, sys.stdout)


if __name__ == "__main__":
    main()
