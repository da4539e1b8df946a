"""The questions of `vanthu review`: yes or no, a form, a secret, and a page to read. Esc always means: nothing was done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from vanthu_cli.cli.review_shown import plain
from vanthu_cli.errors import VanthuError
from vanthu_cli.locale import _


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form. `needed`: the form is not taken without it."""

    name: str
    label: str
    value: str = ""
    needed: bool = False
    example: str = ""


def _line(text: str, classes: str = "") -> Static:
    return Static(plain(text), markup=False, classes=classes)


class Ask(ModalScreen[bool]):
    """Asks once before something leaves the office or is destroyed. “No” has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,N,k,K", "answer(False)", show=False),
        Binding("y,Y,c,C", "answer(True)", show=False),
        Binding("left,right,up,down", "app.focus_next", show=False),
    ]

    def __init__(self, question: str, lines: Sequence[str] = ()) -> None:
        super().__init__()
        self._question, self._lines = question, lines

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield _line(self._question, "title")
            with VerticalScroll(classes="lines", can_focus=False):
                for line in self._lines:
                    yield _line(line)
            with Horizontal(classes="buttons"):
                yield Button(_("No (n)"), id="no", compact=True)
                yield Button(_("Yes (y)"), id="yes", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class Form(ModalScreen[dict[str, str] | None]):
    """Asks for some lines of text and gives back those that were changed. Enter leads on, at the end to the button.

    `check` may refuse what was typed: then its words are shown and nothing that was typed is lost.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        fields: Sequence[Field],
        *,
        button: str,
        check: Callable[[Mapping[str, str]], None] = lambda _typed: None,
    ) -> None:
        super().__init__()
        self._title, self._lines, self._fields, self._button, self._check = title, lines, fields, button, check

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", can_focus=False):
            yield _line(self._title, "title")
            for line in self._lines:
                yield _line(line)
            for field in self._fields:
                with Horizontal(classes="field"):
                    yield _line(f"{'*' if field.needed else ' '} {field.label}", "label")
                    yield Input(plain(field.value), placeholder=field.example, id=field.name, compact=True)
            yield Static("", markup=False, id="refused")
            with Horizontal(classes="buttons"):
                yield Button(self._button, id="yes", compact=True)
                yield _line(_("Enter: next, at the button: done.  Esc: nothing is done."), "legend")

    def on_mount(self) -> None:
        needed = next((field.name for field in self._fields if field.needed or field.value), "yes")
        self.query_one(f"#{needed}").focus()

    def on_input_changed(self) -> None:
        self.query_one("#refused", Static).update("")

    def on_input_submitted(self) -> None:
        self.focus_next()

    def on_button_pressed(self) -> None:
        texts = {field.name: self.query_one(f"#{field.name}", Input).value.strip() for field in self._fields}
        typed = {field.name: texts[field.name] for field in self._fields if texts[field.name] != plain(field.value)}
        missing = [field for field in self._fields if field.needed and not texts[field.name]]
        if missing:
            self._refuse(_("Still missing: {options}").format(options=missing[0].label), missing[0].name)
            return
        try:
            self._check(typed)
        except VanthuError as error:
            self._refuse(error.message, self._fields[0].name)
        else:
            self.dismiss(typed)

    def _refuse(self, words: str, name: str) -> None:
        self.query_one("#refused", Static).update(f"✗ {plain(words)}")
        self.query_one(f"#{name}").focus()


class Secret(ModalScreen[str | None]):
    """Asks for a password or PIN without showing it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", show=False)]

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield _line(f"{self._what}:", "title")
            yield Input(password=True, compact=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class Page(ModalScreen[None]):
    """Something to read; any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q,f1,question_mark", "dismiss(None)", show=False)]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog"):
            yield _line(self._title, "title")
            yield Static(self._text, markup=False)
            yield _line(_("Esc: back"), "legend")
