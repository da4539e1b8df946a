"""The screen (`vanthu review`), driven by keys: it shows the desk and does what the commands do."""

import asyncio
import sys
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests import offices
from tests.cli.commands import Clerk
from tests.offices import NOW, desk_of
from textual.pilot import Pilot
from textual.widgets import Button, Input
from textual.worker import WorkerFailed

from vanthu_cli import locale
from vanthu_cli.channels.edxml import Header
from vanthu_cli.cli.review_screen import Review
from vanthu_cli.cli.review_work import Outcome
from vanthu_cli.cli.run import Run, clock
from vanthu_cli.procedures.accept import accept
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import documents
from vanthu_cli.register.journal import Journal
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.mailboxes import deliver, mailbox
from vanthu_cli.sandbox.office import WAN, PracticeOffice

Drive = Callable[[Review, Pilot[None]], Awaitable[None]]
LATEST = 30
NARROW, WIDE = (80, 24), (120, 40)


def run_of(office: PracticeOffice, *, wait: int = 60) -> Run:
    return Run(
        office.config, "en", json=False, quiet=False, verbose=False, command="review", now=clock(), journal=Journal(), wait=wait
    )  # fmt: skip


def sit(office: PracticeOffice, drive: Drive, *, size: tuple[int, int] = WIDE, wait: int = 60) -> Review:
    """Open the screen on an office and press keys; return it as it was left."""
    pictures = office.folder / "pictures"
    pictures.mkdir(exist_ok=True)
    screen = Review(run_of(office, wait=wait), pictures)

    async def live() -> None:
        async with screen.run_test(size=size) as pilot:
            await pilot.pause()
            await drive(screen, pilot)

    asyncio.run(live())
    return screen


def seen(screen: Review) -> str:
    """Return what stands on the terminal, line by line."""
    strips = screen.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def until(screen: Review, pilot: Pilot[None], *words: str) -> str:
    """Wait until the words stand on the screen, and nothing is under way; return all that stands there."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LATEST
    while loop.time() < end:
        await pilot.pause(0.05)
        text = seen(screen)
        if not screen.doing and all(word in text for word in words):
            return text
    raise AssertionError(f"never seen: {words}\n{seen(screen)}")


async def go_to(screen: Review, pilot: Pilot[None], name: str) -> None:
    keys = [row.key for row in screen._shown if row.name == name]
    assert keys, [row.name for row in screen._shown]
    while screen._chosen is None or screen._chosen.key != keys[0]:
        await pilot.press("down")


async def fill(pilot: Pilot[None], **texts: str) -> None:
    for name, text in texts.items():
        pilot.app.screen.query_one(f"#{name}", Input).value = text
    await pilot.pause()
    pilot.app.screen.query_one("#yes", Button).press()
    await pilot.pause()


def morning(office: PracticeOffice) -> None:
    correspondents.arrivals(office, NOW.astimezone(VIETNAM), NOW.astimezone(VIETNAM).date())


def rows(office: PracticeOffice, *names: str) -> list[dict[str, Any]]:
    """Return what the register holds of documents, but for what differs between any two offices."""
    with desk_of(office) as desk:
        found = [documents.find(desk.book, name) for name in names]
        kept = [
            "state",
            "number",
            "symbol",
            "day",
            "agency",
            "subject",
            "arrival_number",
            "reason",
            "places",
            "passed_on",
            "due",
            "verdict",
        ]
        said = desk.book.connection.execute("SELECT purpose, document, agency, address, state, code FROM delivery")
        letters = [dict(row) for row in said]
        kinds = [row[0] for row in desk.book.connection.execute("SELECT kind FROM event ORDER BY id")]
        return [*({name: getattr(each, name) for name in kept} for each in found), *letters, {"events": kinds}]


def events(office: PracticeOffice) -> int:
    with desk_of(office) as desk:
        return int(desk.book.connection.execute("SELECT COUNT(*) FROM event").fetchone()[0])


def test_accepting_writes_what_the_command_writes(clerk: Clerk, template: PracticeOffice, tmp_path: Path) -> None:
    morning(clerk.office)
    clerk.types("fetch")
    clerk.types("inbox", "accept", "29-CV/TUCL", "--to", "Phòng Tổng hợp", "--due", "2099-12-30")
    clerk.types("inbox", "accept", "07-CV/BTGTU", "--reason", "đã gọi điện", "--subject", "Tuyên truyền ngày lễ")

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        await pilot.press("f")
        await until(screen, pilot, "wan: 6 messages")
        await go_to(screen, pilot, "29-CV/TUCL")
        await pilot.press("a")
        await fill(pilot, to="Phòng Tổng hợp", due="30/12/2099")
        await until(screen, pilot, "29-CV/TUCL is registered under arrival number 3.")
        await go_to(screen, pilot, "07-CV/BTGTU")
        await pilot.press("c")
        assert "07-CV/BTGTU is UNSIGNED: a person must decide." in seen(screen)
        await fill(pilot, subject="Tuyên truyền ngày lễ", reason="đã gọi điện")
        await until(screen, pilot, "07-CV/BTGTU is registered under arrival number 4.")

    with offices.served(offices.copy(template, tmp_path / "other")) as other:
        morning(other)
        sit(other, drive)
        assert rows(other, "29-CV/TUCL", "07-CV/BTGTU") == rows(clerk.office, "29-CV/TUCL", "07-CV/BTGTU")


def test_nothing_is_returned_without_a_reason_and_with_one_the_sender_is_told(clerk: Clerk) -> None:
    morning(clerk.office)
    clerk.types("fetch")
    before = events(clerk.office)

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        await go_to(screen, pilot, "88-STC-NS.pdf" if "88-STC-NS.pdf" in seen(screen) else "88/STC-NS")
        await pilot.press("r", "enter", "enter")
        assert "Still missing: Reason" in seen(screen)
        await pilot.press("escape")
        assert events(clerk.office) == before
        await pilot.press("r")
        await fill(pilot, reason="bị sửa sau khi ký")
        await until(screen, pilot, "is returned.")

    sit(clerk.office, drive)
    assert events(clerk.office) > before
    told = mailbox(clerk.office.folder, "vanthu.stc@haiduong.gov.vn")
    assert len(told) == 2


def test_what_must_not_be_accepted_is_refused_with_message_and_hint(clerk: Clerk) -> None:
    morning(clerk.office)
    clerk.types("fetch")
    before = events(clerk.office)

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        await go_to(screen, pilot, "88/STC-NS")
        await pilot.press("a")
        text = await until(screen, pilot, "must not be accepted", "Return it: vanthu inbox refuse")
        assert "✗" in text

    sit(clerk.office, drive)
    assert events(clerk.office) == before


def test_an_office_that_another_run_holds_is_said_and_nothing_is_lost(clerk: Clerk) -> None:
    morning(clerk.office)
    clerk.types("fetch")

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        await go_to(screen, pilot, "29-CV/TUCL")
        with desk_of(clerk.office) as other, other.lock():  # the open screen itself holds nothing
            before = events(clerk.office)
            await pilot.press("a")
            await fill(pilot)
            await until(screen, pilot, "✗", "working for")
            assert events(clerk.office) == before
        await pilot.press("a")
        await fill(pilot)
        await until(screen, pilot, "29-CV/TUCL is registered")

    sit(clerk.office, drive, wait=0)


def test_what_was_decided_elsewhere_meanwhile_is_refused_within_the_form(clerk: Clerk) -> None:
    morning(clerk.office)
    clerk.types("fetch")

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        await go_to(screen, pilot, "29-CV/TUCL")
        await pilot.press("a")
        with desk_of(clerk.office) as desk:
            accept(desk, documents.find(desk.book, "29-CV/TUCL").id, reason=None, corrections={})
        before = events(clerk.office)
        await fill(pilot, due="31/31/2026")
        assert "is not a date" in seen(screen)
        await fill(pilot, due="31/12/2026")
        await until(screen, pilot, "this cannot be done with it")
        await pilot.press("escape")
        assert events(clerk.office) == before
        screen.renew()
        assert "29-CV/TUCL" not in {row.name for row in screen._shown}

    sit(clerk.office, drive)


HOSTILE = "[red]x[/red] [@click=app.exit]y[/] \x1b[2J\x1b]0;z\x07 \u202eđen"


def test_what_strangers_wrote_is_shown_and_never_obeyed(clerk: Clerk) -> None:
    head = f"From: mttq@tuhaiduong\r\nSubject: =?utf-8?b?{b64encode(HOSTILE.encode()).decode()}?=\r\n"
    body = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    deliver(clerk.office.folder, WAN, (head + body + f"{HOSTILE}\r\nTrân trọng\r\n").encode())
    clerk.types("fetch")

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        text = await until(screen, pilot, "Trân trọng")
        assert text.count("[red]x[/red]") >= 2
        await pilot.press("r")
        assert "Return" in seen(screen)
        await pilot.press("escape", "slash", *"[red]")
        text += await until(screen, pilot, "[red]x[/red]")
        assert not {"\x1b", "\x07", "\u202e"} & set(text)

    sit(clerk.office, drive)


def test_a_narrow_screen_shows_the_essentials_and_gives_the_text_all_its_room(clerk: Clerk) -> None:
    morning(clerk.office)
    clerk.types("fetch")

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        await go_to(screen, pilot, "41-CV/BTCTU")
        text = await until(screen, pilot, "Inbox (7)", "Outbox (0)", "V/v Rà soát hồ sơ", "BAN TỔ CHỨC TỈNH ỦY")
        for word in ("VALID", "signer and sender are not the same known agency", "Accept", "Return", "Help", "Leave"):
            assert word in text
        assert "It may be accepted" not in text
        assert {len(line) for line in text.splitlines()} == {80}
        await pilot.press("enter")
        text = await until(screen, pilot, "Text of the pages:", "The sender wrote:")
        assert "07-CV/BTGTU" not in text
        await pilot.press("escape")
        assert "07-CV/BTGTU" in seen(screen)

    sit(clerk.office, drive, size=NARROW)


def test_of_a_secret_there_is_its_envelope_and_one_key(clerk: Clerk) -> None:
    morning(clerk.office)
    clerk.types("fetch")

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        secret = next(row for row in screen._shown if row.key.startswith("q"))
        await go_to(screen, pilot, secret.name)
        text = await until(screen, pilot, "lies in quarantine", "Dealt with")
        assert correspondents.SECRET_WORDS not in text
        for key in ("a", "c", "r", "q", "p", "d", "n"):
            await pilot.press(key)
        assert any(row.key == secret.key for row in screen._shown)
        await pilot.press("d", "y")
        await until(screen, pilot, "Done.")
        assert all(row.key != secret.key for row in screen._shown)

    sit(clerk.office, drive)
    assert list((clerk.office.folder / "data" / "quarantine").iterdir()) == []


def test_quarantine_asks_once_and_leaves_no_picture(clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    morning(clerk.office)
    clerk.types("fetch")
    pictures = clerk.office.folder / "pictures"

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        await go_to(screen, pilot, "07-CV/BTGTU")
        await pilot.press("p")
        await until(screen, pilot, "07-CV-BTGTU.png")
        assert (pictures / "07-CV-BTGTU.png").read_bytes().startswith(b"\x89PNG")
        await pilot.press("q", "enter")
        assert any(row.name == "07-CV/BTGTU" for row in screen._shown)
        await pilot.press("q", "y")
        await until(screen, pilot, "✓ Done.")
        assert "Tuyên truyền" not in seen(screen)

    sit(clerk.office, drive)
    assert list(pictures.iterdir()) == []
    assert clerk.asks("inbox", "show", "07-CV/BTGTU")[0] == 2


def test_the_outbox_sends_again_reminds_and_refuses_as_the_command_does(clerk: Clerk) -> None:
    command = ("sign-send", str(clerk.signed_draft()), "--to", "BTCTU", "--to", "SXD", "--yes")
    assert clerk.asks(*command)[0] == 0
    clerk.types("fetch")
    clerk.types("directory", "add", "STC", "--internet", "cu@haiduong.gov.vn")
    assert clerk.types("directory", "add", "SXD", "--internet", "vanthu.stc@haiduong.gov.vn") == 0

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        await pilot.press("2")
        await until(screen, pilot, "01-CV/TU", "SXD: undeliverable", "BTCTU: no answer yet")
        await pilot.press("m")
        await until(screen, pilot, "Reminders go out after the day")
        before = events(clerk.office)
        await pilot.press("s")
        assert "SXD: undeliverable" in seen(screen)
        await pilot.press("escape")
        assert events(clerk.office) == before
        await pilot.press("s", "y")
        await until(screen, pilot, "✓ 01-CV/TU has left to every recipient.", "SXD: no answer yet")

    sit(clerk.office, drive)
    shown = clerk.asks("register", "show", "01-CV/TU")[1]
    assert {each["agency"]: (each["to"], each["state"]) for each in shown["deliveries"]}["SXD"] == (
        "vanthu.stc@haiduong.gov.vn",
        "handed-over",
    )


def test_the_filter_finds_without_diacritics_and_a_picture_of_the_screen_can_be_kept(clerk: Clerk) -> None:
    morning(clerk.office)
    clerk.types("fetch")

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"ra soat")
        assert [row.name for row in screen._shown] == ["41-CV/BTCTU"]
        await pilot.press(*" xyz")
        assert "Nothing here has these words." in await until(screen, pilot, "Nothing here")
        await pilot.press("escape")
        assert len(screen._shown) == 7
        assert "<svg" in screen.export_screenshot()
        await pilot.press("question_mark")
        assert "Register it: it gets its arrival number" in seen(screen)

    sit(clerk.office, drive)


def test_it_speaks_vietnamese(clerk: Clerk) -> None:
    morning(clerk.office)
    clerk.types("fetch")
    locale.use("vi")

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        await go_to(screen, pilot, "41-CV/BTCTU")
        await until(
            screen, pilot, "Tiếp nhận", "Trả lại", "Cách ly", "Nhận về", "Lọc", "Trợ giúp", "Thoát", "Trích yếu"
        )

    sit(clerk.office, drive, size=NARROW)


def test_a_bug_ends_the_screen_and_is_told_as_what_it_is(clerk: Clerk) -> None:
    def broken(_desk: Desk) -> Outcome:
        raise ZeroDivisionError

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        screen.work("breaking", broken)
        await pilot.pause(1)

    screens = list[Review]()

    async def live() -> None:
        screens.append(Review(run_of(clerk.office), clerk.office.folder))
        async with screens[0].run_test() as pilot:
            await drive(screens[0], pilot)

    with pytest.raises(WorkerFailed):
        asyncio.run(live())
    assert isinstance(screens[0].bug, ZeroDivisionError)
    assert screens[0]._exit_renderables == []  # no traceback with the values of variables


def test_who_leaves_while_something_is_done_leaves_when_it_is_done(clerk: Clerk) -> None:
    morning(clerk.office)

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        await pilot.press("f", "ctrl+q")
        assert screen.leaving or not screen.doing
        await pilot.pause()

    sit(clerk.office, drive)
    with desk_of(clerk.office) as desk, desk.lock():
        pass
    clerk.types("fetch")
    assert len(clerk.asks("inbox", "list")[1]["documents"]) == 7


def test_a_recall_asked_of_us_is_kept_or_agreed_to_after_one_question(clerk: Clerk) -> None:
    morning(clerk.office)
    clerk.types("fetch")
    asked = Header("15", "SNV-VP", NOW.astimezone(VIETNAM).date().isoformat())
    correspondents.recall(clerk.office, "SNV", asked, "Ban hành nhầm", NOW.astimezone(VIETNAM))
    clerk.types("fetch")
    with desk_of(clerk.office) as desk:
        identity = documents.find(desk.book, "15/SNV-VP").id

    def state() -> str:
        with desk_of(clerk.office) as desk:
            return documents.get(desk.book, identity).state

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        await pilot.press("down")
        await until(screen, pilot, "recalls 15/SNV-VP", "Ban hành nhầm")
        (screen.pictures / "15-SNV-VP.png").write_bytes(b"drawn before")
        await pilot.press("a", "enter")  # “No” has the focus
        assert state() == "accepted"
        await pilot.press("a", "y")
        await until(screen, pilot, "15/SNV-VP is destroyed here")
        assert list(screen.pictures.iterdir()) == []

    sit(clerk.office, drive)
    assert state() == "recalled"


def test_a_password_is_asked_for_on_the_screen_and_never_shown(clerk: Clerk) -> None:
    got = list[str | None]()

    def asking(desk: Desk) -> Outcome:
        got.append(desk.prompt("Password for practice"))
        return Outcome(["told"])

    async def drive(screen: Review, pilot: Pilot[None]) -> None:
        for keys in (["s", "e", "c", "r", "e", "t", "enter"], ["escape"]):
            screen.work("asking", asking)
            end = asyncio.get_running_loop().time() + LATEST
            while "Password for practice" not in seen(screen):
                assert asyncio.get_running_loop().time() < end
                await pilot.pause(0.05)
            await pilot.press(*keys[:-1])
            assert "secret" not in seen(screen)
            await pilot.press(keys[-1])
            await until(screen, pilot, "✓ told")

    sit(clerk.office, drive)
    assert got == ["secret", None]


def test_without_a_terminal_or_textual_it_says_what_to_do(clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    for code, answer in (clerk.asks("review"),):
        assert (code, answer["error"]["code"]) == (2, "review.no_terminal")
        assert "vanthu inbox list" in answer["error"]["hint"]
    assert clerk.types("review") == 2
    monkeypatch.setattr("vanthu_cli.cli.run.Run.interactive", property(lambda _run: True))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "textual", None)
    assert clerk.types("review") == 2
    assert "pip install 'vanthu-cli[tui]'" in clerk.said


def test_the_clock_of_an_action_is_not_that_of_the_opening(clerk: Clerk) -> None:
    async def drive(screen: Review, _pilot: Pilot[None]) -> None:
        screen._run_of = replace(screen._run_of, now=NOW.replace(year=2001))
        with screen.desk() as desk:
            assert desk.now >= NOW

    sit(clerk.office, drive)
