"""The screen of `vanthu review` (Textual): two lists, beside them what is known of the chosen row, at the foot the keys.

Reading the lists is quick and done at once; what may take time (letters, pages, every action) is done in a thread.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from vanthu_cli.cli.review_actions import ACTIONS, bring
from vanthu_cli.cli.review_dialogs import Page
from vanthu_cli.cli.review_keys import Key, keys
from vanthu_cli.cli.review_layout import CSS, foot_text, option_text, page_text
from vanthu_cli.cli.review_listed import Row, filtered, lists
from vanthu_cli.cli.review_shown import Part, first_parts, more_parts
from vanthu_cli.cli.review_work import Working, refusal
from vanthu_cli.cli.run import Run, clock
from vanthu_cli.errors import VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.examine import Examination, Examiners, Question
from vanthu_cli.procedures.status import status
from vanthu_cli.procedures.workers import warm
from vanthu_cli.rules.deadlines import VIETNAM, today

_EVERY = 60
"""Seconds after which the lists are read again by themselves: cron may have fetched."""
_PAUSE = 0.2
"""Seconds that a row must stay chosen before its letter and pages are read."""
_LOOKERS = 2
_WIDTHS = [(0, "-narrow"), (100, "-wide")]


def review(run: Run) -> None:
    """Show the screen until the clerk leaves. What is a bug is raised after the terminal is itself again."""
    with run.desk() as desk:  # an office that cannot be opened is said in the usual way
        status(desk)
    with TemporaryDirectory(prefix="vanthu-") as pictures:
        screen = Review(run, Path(pictures))
        screen.run()
        if screen.bug is not None:
            raise screen.bug


class Review(Working):
    """The screen. `pictures` is a folder for drawn pages, whose end is its owner's business."""

    ENABLE_COMMAND_PALETTE = False  # it speaks English
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    CSS = CSS

    class Looked(Message):
        """What more is known of a row has been read."""

        def __init__(self, row: Row, parts: Sequence[Part]) -> None:
            super().__init__()
            self.row, self.parts = row, parts

    def __init__(self, run: Run, pictures: Path) -> None:
        super().__init__(run)
        warm()  # before Textual takes the terminal: workers are forked from a server that needs a real stderr
        self.pictures, self.language = pictures, run.language
        self._keys = keys()
        self._lookers = Examiners(run.language, _LOOKERS)
        self._lists: dict[str, list[Row]] = {"in": [], "out": []}
        self._shown: list[Row] = []
        self._chosen: Row | None = None
        self._box = "in"
        self._parts: tuple[list[Part], Sequence[Part]] = ([], ())
        self._timer: Timer | None = None
        for key in filter(lambda key: key.keys, self._keys):
            self.bind(key.keys, key.does, description=key.label)

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
            self.tell_failures([error])
            return
        self._lists = dict(lists(found, now))
        self._show_list()

    def _renew_by_itself(self) -> None:
        if not self.doing:
            self.renew()

    def _show_list(self) -> None:
        self._shown = filtered(self._lists[self._box], self.query_one("#words", Input).value)
        options, keys_there = self.query_one("#list", OptionList), [row.key for row in self._shown]
        place = options.highlighted or 0
        if self._chosen and self._chosen.key in keys_there:
            place = keys_there.index(self._chosen.key)
        wide = self.screen.has_class("-wide")
        with self.prevent(OptionList.OptionHighlighted):
            options.set_options(Option(option_text(row, wide=wide), id=row.key) for row in self._shown)
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
        self.query_one("#text", Static).update(page_text([*first, *more]))

    def _show_foot(self) -> None:
        there = [key for key in self._keys if key.foot and self._possible(key)]
        self.query_one("#foot", Static).update(foot_text(there, self.size.width - 2))

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
            parts = [Part("", [refusal(error).message])]
        self.post_message(self.Looked(row, parts))

    def _examined(self, question: Question) -> Examination:
        with self._lookers.one() as examiner:
            return examiner(question)

    def on_working_ended(self, message: Working.Ended) -> None:
        """Read the lists again; then Textual has `Working`, which handles this too, say how it went."""
        del message
        if not self.leaving:
            self.renew()

    def on_review_looked(self, message: Looked) -> None:
        if message.row == self._chosen:
            self._show_parts(self._parts[0], message.parts)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Tell Textual that a key is none while the chosen row cannot be so treated."""
        if action != "treat":
            return True
        return self._chosen is not None and parameters[0] in self._chosen.can

    def action_treat(self, name: str) -> None:
        if self._chosen is None:
            return
        if self.doing:
            self.tell([_("Wait: “{what}” is not done yet.").format(what=self.doing)])
            return
        self.tell([])
        try:
            ACTIONS[name](self, self._chosen)
        except (VanthuError, OSError) as error:
            self.tell_failures([error])

    def action_fetch(self) -> None:
        bring(self)

    def action_box(self, name: str) -> None:
        self._box, self._chosen = name, None
        self.quiet()
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
        self.quiet()
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

    def action_help(self) -> None:
        lines = [f"{key.cap:>7}  {key.label}: {key.help}" for key in self._keys]
        lines += ["", _("In front of a row: ! look at it, ✗ invalid, ✓ nothing speaks against it, • in its time.")]
        lines += [_("? in front of a field: read with doubt, look at the page.")]
        self.push_screen(Page(_("Keys"), "\n".join(lines)))
