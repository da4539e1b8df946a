"""Lives of an office whose runs are killed at random moments while it exchanges mail with real Dovecot and Postfix.

    python -m tests.exchange.soak --lives 300 --seed 7
    python -m tests.exchange.soak --only 7000012

Each life starts from copies of the same office and the same mailboxes. Whole `vanthu` processes, workers included, are ended by
SIGKILL or robbed of their servers, and run again; then everything is compared with a life that nothing befell. A seed fixes
what happens and at which share of an unharmed run's time, not the instruction that it hits. Exits 1 on any violation.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from tests import offices, realservers
from tests.channels.proxy import Fault as Break
from tests.channels.proxy import proxy
from tests.exchange import post_office
from tests.exchange.aftermath import BOUNCING, OWN, Deviation, Picture, deviations, picture
from tests.exchange.post_office import PostOffice, digest, message_id
from tests.offices import NOW
from tests.procedures.killer import prepare_fetch

import vanthu_cli
from vanthu_cli import locale
from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.documents import make_pdf
from vanthu_cli.sandbox.mailboxes import deliver, mailbox
from vanthu_cli.sandbox.office import AGENCIES, BOUNCES, PASSWORD, WAN, PracticeOffice

Work = Literal["fetch", "issue", "send"]
Fault = Literal["kill", "kill twice", "restart", "cut", "together", "renumber", "expunge"]

_SOURCE = Path(vanthu_cli.__file__).parents[1]
_LIMIT = 120.0
"""Seconds that a run may take before it counts as hanging."""
_PER_SEED = 1_000_000
_RUNS = 3
_ENDS = {0, 7}
"""Exit codes of a run that leaves nothing to be done by another run: done, or a person must look."""
_TWICE = b"chilinh@tuhaiduong"
"""Whose letters come a second time, by another way."""
_FAULTS: Mapping[Work, Sequence[Fault]] = {
    "fetch": ("kill", "kill", "kill", "kill twice", "restart", "cut", "together", "renumber", "expunge"),
    "issue": ("kill", "kill", "kill", "kill twice", "restart", "cut", "together"),
    "send": ("kill", "kill", "kill twice", "restart", "cut", "together"),
}
_WORKS: Sequence[Work] = ("fetch", "fetch", "fetch", "issue", "send")
_TO = ("BTCTU", "TUCL", "SNV", "STC")
_TALK: Mapping[str, int] = {"imap": 3_400, "smtp": 2_300}
"""About how many bytes a server says on a connection beside the messages themselves, TLS included (counted)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What befalls a life. `first` and `second` are moments, as shares of an unharmed run's time; `cut` is one of bytes."""

    seed: int
    work: Work
    fault: Fault
    first: float
    second: float
    way: Literal["imap", "smtp"]
    broken: Break
    cut: float
    victim: int


def plan_of(seed: int) -> Plan:
    chance = random.Random(seed)  # noqa: S311  to be repeated, not to be secret
    work = chance.choice(_WORKS)
    return Plan(
        seed,
        work,
        chance.choice(_FAULTS[work]),
        chance.random(),
        chance.random(),
        chance.choice(("imap", "smtp")),
        chance.choice(("close", "reset")),
        chance.random(),
        chance.randrange(1000),
    )


@dataclass(frozen=True, slots=True)
class Start:
    """Where lives of one kind of work begin, the command, and how an unharmed one ends."""

    office: PracticeOffice
    store: Path
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unharmed:
    """An unharmed life: how the office looks after it, and how many seconds its run took."""

    picture: Picture
    seconds: float


@dataclass(frozen=True, slots=True)
class Town:
    """The servers, where lives begin, and a folder for the one that is being lived."""

    folder: Path
    post: PostOffice
    starts: Mapping[Work, Start]
    origin: frozenset[str]
    """SHA-256 of the morning's messages."""
    message_ids: Mapping[str, tuple[str, str]]
    """By SHA-256 of a message of the morning: its address and Message-ID."""


# -- running the program -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Running:
    """A `vanthu` that was started, and the file that takes what it says."""

    process: subprocess.Popen[bytes]
    out: Path
    started: float


def start(office: PracticeOffice, *words: str) -> Running:
    """Start a command in a process group of its own, which its workers share."""
    out = office.folder / f"said-{time.monotonic_ns()}"
    command = [sys.executable, "-m", "vanthu_cli", *words, "--json", "--config", str(office.config), "--lang", "en"]
    with out.open("wb") as said, out.with_suffix(".err").open("wb") as told:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=told,
            env=os.environ | {"PYTHONPATH": str(_SOURCE)},
            start_new_session=True,
        )
    return Running(process, out, time.monotonic())


def finish(running: Running) -> int:
    """Wait for the end; return the exit code, -9 when killed. `Violation` for a bug, a hanging run, or an answer that is no JSON."""
    try:
        code = running.process.wait(_LIMIT)
    except subprocess.TimeoutExpired:
        kill(running)
        raise Violation("a run hangs") from None
    told = running.out.with_suffix(".err").read_text("utf-8", "replace")
    if code == 1 or (code < 0 and code != -signal.SIGKILL) or "Traceback" in told:
        raise Violation(f"exit {code}: {told[-2000:]}")
    if code >= 0:
        json.loads(running.out.read_bytes())
    return code


class Violation(Exception):  # noqa: N818  a finding about the product, not an error of the soak
    """What may not happen to any run, whatever befalls it."""


def kill(running: Running) -> None:
    if running.process.poll() is None:
        os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait()


def asks(office: PracticeOffice, *words: str) -> dict[str, Any]:
    """Run a command that makes the origin; return its answer."""
    running = start(office, *words)
    code = finish(running)
    answer: dict[str, Any] = json.loads(running.out.read_bytes())
    if code not in {0, 3}:
        raise RuntimeError(answer)
    return answer


def befall(running: Running, events: Sequence[tuple[float, Callable[[], None]]]) -> None:
    """Let events happen at their moments (seconds after the start), whether or not the run has ended by then."""
    for moment, event in sorted(events, key=lambda each: each[0]):
        time.sleep(max(0.0, running.started + moment - time.monotonic()))
        event()


# -- the town ------------------------------------------------------------------------------------------------------


@contextmanager
def town(folder: Path, *, full: bool) -> Iterator[Town]:
    """Build an office, its correspondents' servers, and the three beginnings. `full`: more kinds of mail in the morning."""
    folder.chmod(0o755)
    office = offices.template(folder / "office")
    users = {
        address: PASSWORD
        for each in AGENCIES
        for address in (each.wan, each.internet)
        if address and address != BOUNCES
    }
    with realservers.real_servers(folder / "servers", users, office.pki) as servers, offices.served(office):
        post = PostOffice(folder / "servers", servers, office.pki.tls_ca)
        point(office, servers.imaps, servers.submission)
        asks(office, "directory", "add", "N", "--name", "Cơ quan N", "--internet", BOUNCING)
        first = draft(office, "first")
        asks(office, "sign-send", str(first), "--person", "leader", "--to", "BTCTU", "--to", "N", "--yes")
        post_office.drained(post)
        second = signed(office, draft(office, "second"))
        post_office.keep(post, folder / "evening")
        morning(office, post, full=full)
        post_office.keep(post, folder / "morning")
        came = {
            digest(raw): (address, message_id(raw))
            for address in OWN
            for raw, _flags in post_office.inbox(post, address)
        }
        # The evening's own inboxes are empty: what is reported there is about the letters of a life.
        for address in OWN:
            name, _at, domain = address.partition("@")
            shutil.rmtree(folder / "evening" / domain / name, ignore_errors=True)
        to = [word for each in _TO for word in ("--to", each)]
        issuing = ("sign-send", str(second), *to, "--yes")
        unsent = offices.copy(office, folder / "unsent")
        point(unsent, servers.imaps, 1)
        identity = asks(unsent, *issuing)["document"]["id"]
        point(unsent, servers.imaps, servers.submission)
        yield Town(
            folder,
            post,
            {
                "fetch": Start(office, folder / "morning", ("fetch",)),
                "issue": Start(office, folder / "evening", issuing),
                "send": Start(unsent, folder / "evening", ("send", identity)),
            },
            frozenset(came),
            came,
        )


def point(office: PracticeOffice, imaps: int, submission: int) -> None:
    """Have the office's channels use these ports; the time stamp authority stays."""
    text = office.config.read_text("utf-8")
    text = re.sub(r'(imap = \{ host = "127.0.0.1", port = )\d+', rf"\g<1>{imaps}", text)
    text = re.sub(r'(smtp = \{ host = "127.0.0.1", port = )\d+', rf"\g<1>{submission}", text)
    office.config.write_text(text, "utf-8")


def draft(office: PracticeOffice, name: str) -> Path:
    """Write a công văn, number and date blank."""
    paper = office.papers / f"{name}.pdf"
    paper.write_bytes(make_pdf(correspondents.own_page(subject=f"Gửi, nhận văn bản ({name})", year=NOW.year)))
    return paper


def signed(office: PracticeOffice, paper: Path) -> Path:
    """Have the leader sign a draft."""
    prepared, done = paper.with_suffix(".prepared.pdf"), paper.with_suffix(".signed.pdf")
    asks(office, "prepare", str(paper), "--out", str(prepared))
    asks(office, "sign", str(prepared), "--as", "person", "--out", str(done))
    return done


def morning(office: PracticeOffice, post: PostOffice, *, full: bool) -> None:
    """Fill our two inboxes: document, stranger's file, secret, acknowledgement; one over both networks and once more.

    The bounce and the report about the first document are there already, from Postfix itself.
    """
    recipient = "tochuc@tuhaiduong"
    for raw, _flags in post_office.inbox(post, recipient):
        deliver(office.folder, recipient, raw)
    correspondents.answer(office, "BTCTU", NOW.astimezone(VIETNAM))
    if full:
        correspondents.arrivals(office, NOW.astimezone(VIETNAM), today(NOW))
    else:
        prepare_fetch(office)
    for address in OWN:
        for raw in mailbox(office.folder, address):
            post_office.drop(post, address, raw)
            if _TWICE in raw and address == WAN:
                again = b"Received: from mail.tuhaiduong by mx2.tuhaiduong; Mon, 2 Mar 2026 08:00:00 +0700\r\n"
                post_office.drop(post, address, again + raw)
        post_office.index(post, address)
    shutil.rmtree(office.folder / "mail")


# -- a life --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Life:
    """What became of a life: exit codes of its runs in order (-9: killed), and what is wrong after it."""

    codes: tuple[int, ...]
    seconds: float
    """How long its unharmed runs at the end took."""
    picture: Picture | None
    wrong: tuple[Deviation, ...]


def unharmed(place: Town, work: Work) -> Unharmed:
    """Live once without a fault."""
    life = live(place, work, lambda _office: ())
    if life.picture is None or life.codes != (0,):
        raise RuntimeError(life)
    return Unharmed(life.picture, life.seconds)


def live(place: Town, work: Work, harmed: Callable[[PracticeOffice], Sequence[int]]) -> Life:
    """Begin, suffer the harmed runs, run to the end, wait for the mail, look."""
    begin = place.starts[work]
    folder = place.folder / "life"
    shutil.rmtree(folder, ignore_errors=True)
    post_office.put_in_place(place.post, begin.store)
    office = offices.copy(begin.office, folder)
    codes = list[int]()
    try:
        codes += harmed(office)
        beginning = time.monotonic()
        codes += to_the_end(office, begin.words)
        seconds = time.monotonic() - beginning
        post_office.drained(place.post)
        if work != "fetch":  # what the mail servers reported about the letters
            finish(start(office, "fetch"))
            post_office.drained(place.post)
        post_office.quiet(place.post)
    except Violation as found:
        return Life(tuple(codes), 0.0, None, (Deviation("other", str(found)),))
    return Life(tuple(codes), seconds, picture(office, place.post, place.origin), ())


def to_the_end(office: PracticeOffice, words: Sequence[str]) -> list[int]:
    """Run unharmed until nothing is left to do; return the exit codes."""
    codes = list[int]()
    while not codes or codes[-1] not in _ENDS:
        running = start(office, *words)
        codes.append(finish(running))
        if len(codes) == _RUNS and codes[-1] not in _ENDS:
            raise Violation(f"does not come to an end: {running.out.read_text('utf-8')[-2000:]}")
    return codes


def suffer(place: Town, office: PracticeOffice, plan: Plan, seconds: float, gone: str) -> list[int]:
    """Do the runs that a plan harms; return their exit codes."""
    words = place.starts[plan.work].words
    first, second = plan.first * seconds, plan.second * seconds

    def one(*events: tuple[float, Callable[[], None]], until: float | None = None) -> int:
        running = start(office, *words)
        befall(running, [*events, *([] if until is None else [(until, lambda: kill(running))])])
        return finish(running)

    codes = list[int]()
    match plan.fault:
        case "kill":
            codes = [one(until=first)]
        case "kill twice":
            codes = [one(until=first), one(until=second)]
        case "restart":
            codes = [one((first, lambda: post_office.restart(place.post)), until=2 * second + 1)]
        case "cut":
            codes = [through_a_cut_line(place, office, plan, one), one(until=second)]
        case "together":
            rival = start(office, *words)
            codes = [one(until=2 * second), finish(rival)]
        case "renumber":
            codes = [one(until=first)]
            for address in OWN:
                post_office.renumber(place.post, address)
        case "expunge":
            codes = [one((first, lambda: post_office.expunge(place.post, *place.message_ids[gone])), until=2 * second)]
    return codes


def through_a_cut_line(place: Town, office: PracticeOffice, plan: Plan, one: Callable[[], int]) -> int:
    """Run once over a line that breaks after so many of the server's bytes on each connection."""
    servers = place.post.servers
    said = _TALK[plan.way]
    if plan.way == "imap" and plan.work == "fetch":
        said += max(sum(len(raw) for raw, _flags in post_office.inbox(place.post, address)) for address in OWN)
    target = servers.imaps if plan.way == "imap" else servers.submission
    with proxy(target, plan.broken, int(plan.cut * said)) as line:
        point(
            office,
            line.port if plan.way == "imap" else servers.imaps,
            line.port if plan.way == "smtp" else servers.submission,
        )
        code = one()
    point(office, servers.imaps, servers.submission)
    return code


def lived(place: Town, plan: Plan, whole: Unharmed) -> Life:
    """Live as planned and judge it."""
    lone = sorted(each.brought_by[0] for each in whole.picture.entries if len(each.brought_by) == 1)
    gone = lone[plan.victim % len(lone)] if plan.fault == "expunge" else ""
    life = live(place, plan.work, lambda office: suffer(place, office, plan, whole.seconds, gone))
    if life.picture is None:
        return life
    wrong = deviations(life.picture, whole.picture, renumbered=plan.fault == "renumber", gone=gone)
    return replace(life, wrong=tuple(wrong))


# -- the program ---------------------------------------------------------------------------------------------------


def line(plan: Plan, life: Life, whole: Unharmed) -> str:
    """Say what happened in one line: moments in milliseconds, of an unharmed run's."""
    moments = f"{plan.first * whole.seconds * 1000:5.0f} {plan.second * whole.seconds * 1000:5.0f}"
    what = f"{plan.fault}{f' {plan.way} {plan.broken} {plan.cut:.3f}' if plan.fault == 'cut' else ''}"
    unsure = f", {life.picture.once_unsure} unsure" if life.picture and life.picture.once_unsure else ""
    said = "; ".join(f"{each.sort}: {each.text}" for each in life.wrong) or "as if nothing had happened"
    return f"{plan.seed:>9} {plan.work:<5} {what:<24} {moments} ms of {whole.seconds * 1000:.0f}  exits {life.codes}{unsure}: {said}\n"


def table(counted: Mapping[str, Counter[str]]) -> str:
    columns = ("lives", "lost", "doubled", "unsure", "other")
    rows = [f"{'':<12}{''.join(f'{name:>9}' for name in columns)}\n"]
    total = Counter[str]()
    for fault in (*sorted(counted), "all"):
        total.update(counted.get(fault, {}))
        here = total if fault == "all" else counted[fault]
        rows.append(f"{fault:<12}{''.join(f'{here[name]:>9}' for name in columns)}\n")
    return "".join(rows)


def soak(seeds: Sequence[int], *, full: bool) -> bool:
    """Live all these lives; say so; return whether nothing was wrong."""
    counted = dict[str, Counter[str]]()
    bad = list[int]()
    with TemporaryDirectory(prefix="vanthu-soak-") as name, town(Path(name), full=full) as place:
        plans = [plan_of(seed) for seed in seeds]
        whole = {work: unharmed(place, work) for work in sorted({plan.work for plan in plans})}
        beginning = time.monotonic()
        for plan in plans:
            life = lived(place, plan, whole[plan.work])
            sys.stdout.write(line(plan, life, whole[plan.work]))
            sys.stdout.flush()
            unsure = life.picture.once_unsure if life.picture else 0
            count = counted.setdefault(plan.fault, Counter())
            count.update({"lives": 1, "unsure": unsure})
            count.update({each.sort for each in life.wrong})
            bad += [plan.seed] if life.wrong else []
        minutes = (time.monotonic() - beginning) / 60
    sys.stdout.write(f"\n{table(counted)}{len(plans) / minutes:.1f} lives a minute\n")
    for seed in bad:
        sys.stdout.write(f"again: python -m tests.exchange.soak --only {seed}{' --full' if full else ''}\n")
    return not bad


def main() -> int:
    locale.use("en")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lives", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="the lives are SEED * 1000000 and following")
    parser.add_argument("--only", type=int, metavar="SEED", help="the one life of this seed")
    parser.add_argument("--full", action="store_true", help="more kinds of mail in the morning; slower")
    wanted = parser.parse_args()
    reason = realservers.missing()
    if reason:
        sys.stderr.write(f"{reason}\n")
        return 2
    first = wanted.seed * _PER_SEED
    seeds = [wanted.only] if wanted.only is not None else range(first, first + wanted.lives)
    return 0 if soak(seeds, full=wanted.full) else 1


if __name__ == "__main__":
    sys.exit(main())
