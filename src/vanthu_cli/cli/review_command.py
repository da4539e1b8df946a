"""`vanthu review`: inbox and outbox as a screen, for clerks who don't like commands (extra `tui`)."""

import sys
from importlib.util import find_spec

import typer

from vanthu_cli.cli.run import run_of
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _


def command(context: typer.Context) -> int:
    run = run_of(context)
    if not (run.interactive and sys.stdout.isatty()):
        raise MisuseError(
            "review.no_terminal",
            _("The screen needs a terminal and a person at it."),
            _("The same as lines, or with --json: vanthu inbox list, vanthu status"),
        )
    if find_spec("textual") is None:
        raise MisuseError(
            "review.no_textual",
            _("The screen needs one more library (Textual), which is not installed."),
            _("Install it: pip install 'vanthu-cli[tui]'. Without it: vanthu inbox list"),
        )
    from vanthu_cli.cli.review_screen import review

    review(run)
    return 0
