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


@contextmanager
def counting(run: Run, what: str) -> Iterator[Callable[[str, int], None]]:
    """Show on stderr how many are done where nobody knows how many will come; on a terminal only."""
    if not run.interactive or run.quiet:
        yield lambda _name, _count: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda name, count: bar.update(task, description=f"{what} {name}: {count}")
