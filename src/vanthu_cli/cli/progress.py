"""A bar that says how far a long run has come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vanthu_cli.cli.run import Run

_FEW = 4


@contextmanager
def progress(run: Run, count: int, what: str) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr, on a terminal only, and only where there is something to wait for."""
    if not run.interactive or run.quiet or count <= _FEW:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=count)
        yield lambda: bar.advance(task)
