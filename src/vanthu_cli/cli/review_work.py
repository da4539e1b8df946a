"""How the screen of `vanthu review` works: a desk for each piece of work, actions in a thread, what is said of them, bugs, leaving.

A desk is open only for as long as something is read or done, each in the thread that does it: SQLite's connections belong to one
thread, and the office's lock is held by procedures alone, so that `vanthu batch` works beside an open screen.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

from textual.app import App
from textual.message import Message
from textual.widgets import Static
from textual.worker import WorkerFailed

from vanthu_cli.cli.review_dialogs import Secret
from vanthu_cli.cli.review_shown import plain
from vanthu_cli.cli.run import Run, clock
from vanthu_cli.errors import VanthuError, refused_by_system
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is said when something was done; `failures`: what of it could not be done."""

    lines: Sequence[str] = ()
    failures: Sequence[VanthuError] = ()


class Working(App[None]):
    """A screen on which one thing at a time is done. It has a line `#said`; who shows lists reads them again at each `Ended`."""

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

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.leaving = False
        self.doing = ""
        self._run_of = run
        self._asking: Future[str | None] | None = None

    def on_mount(self) -> None:
        if sys.platform != "win32":  # a window that is simply closed must leave no picture of a page behind
            for each in (signal.SIGHUP, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(each, self._sent_away)

    def on_unmount(self) -> None:
        if self._asking is not None and not self._asking.done():
            self._asking.set_result(None)

    def _sent_away(self) -> None:
        self.leaving = True
        self.exit()

    async def action_quit(self) -> None:
        """Ctrl+Q, which Textual binds before all else, within dialogs too."""
        self.action_leave()

    def action_help_quit(self) -> None:
        """Ctrl+C, where Textual would say in English that it is Ctrl+Q."""
        self.action_leave()

    def action_leave(self) -> None:
        if self.doing:
            self.leaving = True
            self.tell([_("“{what}” is finished first, then the screen closes.").format(what=self.doing)])
        else:
            self.exit()

    @property
    def bug(self) -> BaseException | None:
        """What has ended the screen, if it was not the clerk."""
        error = self._exception
        return error.error if isinstance(error, WorkerFailed) else error

    def _fatal_error(self) -> None:
        """End without Textual's traceback, which shows the values of variables: they may hold a document's content."""
        self._close_messages_no_wait()

    @contextlib.contextmanager
    def desk(self) -> Iterator[Desk]:
        """Open the office for one piece of work, at today's time."""
        with replace(self._run_of, now=clock()).desk(prompt=self._ask_secret) as desk:
            yield desk

    def work(self, what: str, work: Callable[[Desk], Outcome]) -> None:
        """Have something done in a thread; one thing at a time."""
        if self.doing:
            self.tell([_("Wait: “{what}” is not done yet.").format(what=self.doing)])
            return
        self.doing = what
        self.tell([f"… {what}"])
        self.run_worker(partial(self._do, work), thread=True, group="work")

    def _do(self, work: Callable[[Desk], Outcome]) -> None:
        try:
            with self.desk() as desk:
                outcome = work(desk)
        except (VanthuError, OSError) as error:
            outcome = Outcome((), [refusal(error)])
        self.post_message(self.Ended(outcome))

    def progress(self, text: str) -> None:
        """Say how far it is; may be called from any thread."""
        self.post_message(self.Going(text))

    def on_working_going(self, message: Going) -> None:
        self.tell([f"… {self.doing}: {message.text}"])

    def on_working_ended(self, message: Ended) -> None:
        self.doing = ""
        if self.leaving:
            self.exit()
            return
        self.tell_failures(message.outcome.failures, [f"✓ {line}" for line in message.outcome.lines])

    def _ask_secret(self, what: str) -> str | None:
        """Ask for a password on the screen, from the thread that needs it."""
        answer = self._asking = Future[str | None]()
        self.call_from_thread(self.push_screen, Secret(what), answer.set_result)
        return answer.result()

    def tell(self, lines: Sequence[str]) -> None:
        """Show something above the keys, until there is something else to say or the clerk goes on."""
        said = self.screen_stack[0].query_one("#said", Static)
        said.display = bool(lines)
        said.update("\n".join(map(plain, lines)))

    def quiet(self) -> None:
        if not self.doing:
            self.tell([])

    def tell_failures(self, failures: Sequence[VanthuError | OSError], lines: Sequence[str] = ()) -> None:
        said = list(lines)
        for error in map(refusal, failures):
            said += [f"✗ {error.message}", *([f"  → {error.hint}"] if error.hint else [])]
        self.tell(said)


def refusal(error: VanthuError | OSError) -> VanthuError:
    return refused_by_system(error) if isinstance(error, OSError) else error
