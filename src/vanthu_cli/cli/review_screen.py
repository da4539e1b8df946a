"""The screen of `vanthu review` (Textual): two lists, beside them what is known of the chosen row, at the foot the keys.

A desk is open only for as long as something is read or done, each in the thread that does it: SQLite's connections belong to one
thread, and the office's lock is held by procedures alone, so that `vanthu batch` works beside an open screen. Reading the lists is
quick and done at once; what may take time (letters, pages, every action) is done in a thread, one action at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from vanthu_cli.cli.review_actions import ACTIONS, Outcome, bring
from vanthu_cli.cli.review_dialogs import Page, Secret
from vanthu_cli.cli.review_keys import Key, keys
from vanthu_cli.cli.review_listed import Row, filtered, lists
from vanthu_cli.cli.review_shown import Part, first_parts, more_parts, plain, plain_page
from vanthu_cli.cli.run import Run, clock
from vanthu_cli.errors import VanthuError, refused_by_system
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.examine import Examination, Examiners, Question
from vanthu_cli.procedures.status import status
from vanthu_cli.procedures.workers import warm
from vanthu_cli.reports.tables import width
from vanthu_cli.rules.deadlines import VIETNAM, today

_EVERY = 60
"""Seconds after which the lists are read again by themselves: cron may have fetched."""
_PAUSE = 0.2
"""Seconds that a row must stay chosen before its letter and pages are read."""
_LOOKERS = 2


def review(run: Run) -> None:
    """Show the screen until the clerk leaves. What is a bug is raised after the terminal is itself again."""
    with run.desk() as desk:  # an office that cannot be opened is said in the usual way
        status(desk)
    with TemporaryDirectory(prefix="vanthu-") as pictures:
        screen = Review(run, Path(pictures))
        screen.run()
        if screen.bug is not None:
            raise screen.bug


class Review(App[None]):
    """The screen. `pictures` is a folder for drawn pages, whose end is its owner's business."""

    ENABLE_COMMAND_PALETTE = False  # it speaks English
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012  mypy misreads how Textual annotates it
    CSS = """
    #head, #foot { height: auto; background: $panel; padding: 0 1; }
    #said { height: auto; max-height: 7; padding: 0 1; border-top: solid $primary; display: none; overflow-y: auto; }
    #words { display: none; }
    #list { height: 1fr; border: none; padding: 0; scrollbar-size-vertical: 1; }
    #list > .option-list--option { padding: 0 1; }
    #list > .option-list--option-highlighted { text-style: bold reverse; }
    #page { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    #page:focus { background-tint: $foreground 5%; }
    .-wide #desk { layout: horizontal; }
    .-wide #list { width: 42%; height: 100%; }
    .-wide #page { width: 1fr; height: 100%; border-left: solid $primary; }
    .-narrow #list { height: 2fr; text-wrap: nowrap; text-overflow: ellipsis; }
    .-narrow #page { height: 3fr; border-top: solid $primary; }
    .-narrow .reading #list { display: none; }
    ModalScreen { align: center middle; }
    .dialog { width: 90%; max-width: 90; height: auto; max-height: 95%; border: round $primary; padding: 0 1; background: $surface; }
    .title { text-style: bold; margin-bottom: 1; }
    .lines { height: auto; max-height: 12; }
    .field, .buttons { height: auto; margin-top: 1; }
    .field { margin-top: 0; }
    .label { width: 20; }
    .field Input { width: 1fr; }
    .field Input:focus, .dialog > Input { background: $boost; }
    .legend { width: 1fr; margin-left: 2; color: $text-muted; }
    Button { margin-right: 2; }
    Button:focus { text-style: bold reverse; }
    """

    class Looked(Message):
        """What more is known of a row has been read."""

        def __init__(self, row: Row, parts: Sequence[Part]) -> None:
            super().__init__()
            self.row, self.parts = row, parts

    class Going(Message):
        """How far an action has come."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Ended(Message):
        """An action is over, well or not."""

        def __init__(self, outcome: Outcome) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self, run: Run, pictures: Path) -> None:
        super().__init__()
        warm()  # before Textual takes the terminal: workers are forked from a server that needs a real stderr
        self.pictures, self.language = pictures, run.language
        self.leaving = False
        self._run_of, self._keys = run, keys()
        self._lookers = Examiners(run.language, _LOOKERS)
        self._lists: dict[str, list[Row]] = {"in": [], "out": []}
        self._shown: list[Row] = []
        self._chosen: Row | None = None
        self._box, self._doing = "in", ""
        self._parts: tuple[list[Part], Sequence[Part]] = ([], ())
        self._timer: Timer | None = None
        for key in self._keys:
            self.bind(key.keys, key.does, description=key.label)

    @property
    def bug(self) -> Exception | None:
        """What has ended the screen, if it was not the clerk."""
        return self._exception

    def _fatal_error(self) -> None:
        """End without Textual's traceback, which shows the values of variables: they may hold a document's content."""
        self._close_messages_no_wait()

    # What stands there

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="head")
        yield Input(placeholder=_("Words to look for. Enter: to the list, Esc: show all"), id="words", compact=True)
        with Container(id="desk"):
            yield OptionList(id="list", markup=False)
            with VerticalScroll(id="page"):
                yield Static(markup=False, id="text")
        yield Static(markup=False, id="said")
        yield Static(markup=False, id="foot")

    def on_mount(self) -> None:
        self.query_one("#list").focus()
        self.renew()
        self.set_interval(_EVERY, self._renew_by_itself)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_list)  # by then Textual knows whether it is wide

    def on_unmount(self) -> None:
        for each in self._lookers.all:  # a slow file keeps nobody from leaving
            each.close()

    def renew(self) -> None:
        """Read the lists again; what was chosen stays chosen, or else what stands in its place."""
        try:
            with self.desk() as desk:
                found, now = status(desk), today(desk.now)
        except (VanthuError, OSError) as error:
            self._tell_failures([error])
            return
        self._lists = dict(lists(found, now))
        self._show_list()

    def _renew_by_itself(self) -> None:
        if not self._doing:
            self.renew()

    def _show_list(self) -> None:
        self._shown = filtered(self._lists[self._box], self.query_one("#words", Input).value)
        options, keys_there = self.query_one("#list", OptionList), [row.key for row in self._shown]
        place = options.highlighted or 0
        if self._chosen and self._chosen.key in keys_there:
            place = keys_there.index(self._chosen.key)
        wide = self.screen.has_class("-wide")
        with self.prevent(OptionList.OptionHighlighted):
            options.set_options(Option(_option(row, wide=wide), id=row.key) for row in self._shown)
            options.highlighted = min(place, len(self._shown) - 1) if self._shown else None
        self._choose(options.highlighted)
        self._show_head()

    def _show_head(self) -> None:
        titles = {"in": _("Inbox"), "out": _("Outbox")}
        boxes = [
            f"{'▸' if name == self._box else ' '}{number} {titles[name]} ({len(self._lists[name])})"
            for number, name in enumerate(titles, start=1)
        ]
        self.query_one("#head", Static).update(f"{'   '.join(boxes)}   {clock().astimezone(VIETNAM):%H:%M %d/%m/%Y}")

    def _choose(self, place: int | None) -> None:
        row = self._shown[place] if place is not None and place < len(self._shown) else None
        if row == self._chosen and row is not None:
            self._show_foot()
            return
        self._chosen = row
        if self._timer is not None:
            self._timer.stop()
        first = list(first_parts(row)) if row else [Part("", [self._nothing()])]
        self._show_parts(first, [Part("", ["…"])] if row and row.document else ())
        self.query_one("#page").scroll_home(animate=False)
        if row and row.document:
            self._timer = self.set_timer(_PAUSE, partial(self._look, row))
        self._show_foot()

    def _nothing(self) -> str:
        if self.query_one("#words", Input).value:
            return _("Nothing here has these words.")
        return _("Nothing waits.") if self._box == "in" else _("Everything is settled.")

    def _show_parts(self, first: list[Part], more: Sequence[Part]) -> None:
        self._parts = (first, more)
        self.query_one("#text", Static).update(_page([*first, *more]))

    def _show_foot(self) -> None:
        there = [key for key in self._keys if key.foot and self._possible(key)]
        self.query_one("#foot", Static).update(_foot(there, self.size.width - 2))

    def _possible(self, key: Key) -> bool:
        return not key.action or (self._chosen is not None and key.action in self._chosen.can)

    # Reading, in a thread

    def _look(self, row: Row) -> None:
        self.run_worker(partial(self._read, row), thread=True, group="look", exclusive=True)

    def _read(self, row: Row) -> None:
        try:
            with self.desk() as desk:
                parts = list(more_parts(desk, row, self._examined))
        except (VanthuError, OSError) as error:
            parts = [Part("", [_refusal(error).message])]
        self.post_message(self.Looked(row, parts))

    def _examined(self, question: Question) -> Examination:
        with self._lookers.one() as examiner:
            return examiner(question)

    def on_review_looked(self, message: Looked) -> None:
        if message.row == self._chosen:
            self._show_parts(self._parts[0], message.parts)

    # Doing, in a thread

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """Open the office for one piece of work, at today's time."""
        with replace(self._run_of, now=clock()).desk(prompt=self._ask_secret) as desk:
            yield desk

    def work(self, what: str, work: Callable[[Desk], Outcome]) -> None:
        """Have something done in a thread; one thing at a time."""
        if self._doing:
            self.tell([_("Wait: “{what}” is not done yet.").format(what=self._doing)])
            return
        self._doing = what
        self.tell([f"… {what}"])
        self.run_worker(partial(self._do, work), thread=True, group="work")

    def _do(self, work: Callable[[Desk], Outcome]) -> None:
        try:
            with self.desk() as desk:
                outcome = work(desk)
        except (VanthuError, OSError) as error:
            outcome = Outcome((), [_refusal(error)])
        self.post_message(self.Ended(outcome))

    def progress(self, text: str) -> None:
        """Say how far it is; may be called from any thread."""
        self.post_message(self.Going(text))

    def on_review_going(self, message: Going) -> None:
        self.tell([f"… {self._doing}: {message.text}"])

    def on_review_ended(self, message: Ended) -> None:
        self._doing = ""
        if self.leaving:
            self.exit()
            return
        self.renew()
        self._tell_failures(message.outcome.failures, [f"✓ {line}" for line in message.outcome.lines])

    def _ask_secret(self, what: str) -> str | None:
        """Ask for a password on the screen, from the thread that needs it."""
        answer: Future[str | None] = Future()
        self.call_from_thread(self.push_screen, Secret(what), answer.set_result)
        return answer.result()

    def tell(self, lines: Sequence[str]) -> None:
        """Show something above the keys; nothing is taken away until there is something else to say."""
        said = self.screen_stack[0].query_one("#said", Static)
        said.display = bool(lines)
        said.update("\n".join(map(plain, lines)))

    def _tell_failures(self, failures: Sequence[VanthuError | OSError], lines: Sequence[str] = ()) -> None:
        said = list(lines)
        for error in map(_refusal, failures):
            said += [f"✗ {error.message}", *([f"  → {error.hint}"] if error.hint else [])]
        self.tell(said)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Tell Textual that a key is none while the chosen row cannot be so treated."""
        if action != "treat":
            return True
        return self._chosen is not None and parameters[0] in self._chosen.can

    def action_treat(self, name: str) -> None:
        if self._chosen is None:
            return
        if self._doing:
            self.tell([_("Wait: “{what}” is not done yet.").format(what=self._doing)])
            return
        self.tell([])
        try:
            ACTIONS[name](self, self._chosen)
        except (VanthuError, OSError) as error:
            self._tell_failures([error])

    def action_fetch(self) -> None:
        bring(self)

    def action_box(self, name: str) -> None:
        self._box, self._chosen = name, None
        self.query_one("#list", OptionList).highlighted = None
        self._read_on(reading=False)
        self._show_list()

    def action_filter(self) -> None:
        words = self.query_one("#words", Input)
        words.display = True
        words.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "words":
            self._show_list()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "words":
            event.input.display = bool(event.value)
            self.query_one("#list").focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._choose(event.option_index)

    def on_option_list_option_selected(self) -> None:
        self._read_on(reading=True)

    def _read_on(self, *, reading: bool) -> None:
        """Go into the text, which on a narrow screen takes the list's room, or back to the list."""
        self.query_one("#desk").set_class(reading, "reading")
        self.query_one("#page" if reading else "#list").focus()

    def action_step_back(self) -> None:
        words = self.query_one("#words", Input)
        if self.query_one("#page").has_focus:
            self._read_on(reading=False)
        elif words.display:
            words.value, words.display = "", False
            self.query_one("#list").focus()
        else:
            self.action_leave()

    def action_leave(self) -> None:
        if self._doing:
            self.leaving = True
            self.tell([_("“{what}” is finished first, then the screen closes.").format(what=self._doing)])
        else:
            self.exit()

    def action_help(self) -> None:
        lines = [f"{key.cap:>7}  {key.label}: {key.help}" for key in self._keys]
        lines += ["", _("In front of a row: ! look at it, ✗ invalid, ✓ nothing speaks against it, • in its time.")]
        lines += [_("? in front of a field: read with doubt, look at the page.")]
        self.push_screen(Page(_("Keys"), "\n".join(lines)))


def _refusal(error: VanthuError | OSError) -> VanthuError:
    return refused_by_system(error) if isinstance(error, OSError) else error


def _option(row: Row, *, wide: bool) -> str:
    head = f"{row.mark} {row.name}  {row.whom}"
    if wide:
        return f"{plain(head)}\n  {plain(row.about or (row.said[0] if row.said else ''))}"
    return plain(f"{head}  {row.about}")


def _foot(there: Sequence[Key], room: int) -> Text:
    """Lay the keys out in as few lines as they need; a key and its word stay together."""
    text, used = Text(), 0
    for key in there:
        cap, label = f" {key.cap} ", f" {key.label}  "
        if used and used + width(cap + label.rstrip()) > room:
            text.append("\n")
            used = 0
        text.append(cap, "reverse").append(label)
        used += width(cap + label)
    return text


def _page(parts: Sequence[Part]) -> Text:
    """Lay the parts out; headings are bold, and nothing that strangers wrote is a mark-up."""
    text = Text()
    for part in parts:
        if part.title:
            text.append(f"\n{plain(part.title)}\n", "bold")
        for line in part.lines:
            text.append(f"{plain_page(line)}\n")
    return text
