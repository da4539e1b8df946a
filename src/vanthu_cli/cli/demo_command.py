"""`vanthu demo`: a whole practice office on this machine, one full day, then left there to play with."""

import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vanthu_cli.cli.run import Run, run_of, say, tell
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _

if TYPE_CHECKING:
    from vanthu_cli.sandbox.office import PracticeOffice


def command(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path("vanthu-demo"),
    serve: Annotated[
        bool, typer.Option("--serve", help=_("Run the servers of the practice office in DIR until Ctrl-C."))
    ] = False,
    axis: Annotated[
        bool,
        typer.Option("--axis", help=_("Live a day on the national document axis instead, with a simulator of it.")),
    ] = False,
) -> int:
    run = run_of(context)
    try:
        from vanthu_cli.sandbox import axis_day, day
    except ModuleNotFoundError as error:
        raise MisuseError(
            "demo.not_installed",
            _("The practice office needs more libraries ({name}).").format(name=error.name),
            _("Install them: pip install 'vanthu-cli[demo]'"),
        ) from error
    if run.json:
        raise MisuseError("demo.json", _("The demo tells a story; it has no JSON form."))
    if serve:
        return _serve(folder.absolute())
    if axis:
        place = folder.absolute()
        axis_day.live(
            place,
            now=run.now,
            language=run.language,
            vanthu=_on_the_axis(run, place),
            say=lambda text: say(f"\n{text}"),
        )
        say(_("\nAll of it lies in {path}. Its simulator again: vanthu demo {path} --serve").format(path=place))
        say(_("Try next, while the simulator runs in another window:"))
        say(f"  cd {shlex.quote(str(place / 'VPTU'))}")
        say("  vanthu doctor")
        say("  vanthu sign-send papers/thuc-hanh-1.pdf --person leader --to SNV")
        say("  vanthu --config ../SNV/config.toml fetch")
        say("  vanthu fetch")
        say("  vanthu edxml make 02-CV/TU --to SNV --out goi.edxml")
        return 0
    started = time.monotonic()
    live = day.live(
        folder, now=run.now, language=run.language, vanthu=_as_typed(run, folder), say=lambda text: say(f"\n{text}")
    )
    _where(live.folder, time.monotonic() - started)
    return 0


def _as_typed(run: Run, folder: Path) -> Callable[[list[str]], int]:
    """Run a command line and show it, as the clerk would type it in the practice office."""
    return lambda arguments: _typed(run, folder.absolute(), folder.absolute() / "config.toml", arguments)


def _on_the_axis(run: Run, folder: Path) -> "Callable[[PracticeOffice, list[str]], int]":
    """Run it in one of several offices, and show in which."""
    return lambda office, arguments: _typed(run, folder, office.config, arguments, where=f"{office.folder.name} ")


def _typed(run: Run, folder: Path, config: Path, arguments: list[str], *, where: str = "") -> int:
    from vanthu_cli.cli.app import run as run_command

    shown = [argument.replace(f"{folder}{os.sep}", "") for argument in arguments]
    say(f"\n{where}$ vanthu {shlex.join(shown)}")
    sys.stdout.flush()
    code = run_command(["--config", str(config), "--lang", run.language, *arguments])
    if code:
        say(_("(exit code {code})").format(code=code))
    return code


def _serve(folder: Path) -> int:
    from vanthu_cli.sandbox.axis_day import serve_again
    from vanthu_cli.sandbox.office import PracticeOffice, serve

    office, on_axis = PracticeOffice(folder), (folder / "axis").is_dir()
    if on_axis:
        with serve_again(folder):
            return _until_interrupted()
    if not office.config.is_file():
        raise MisuseError("demo.nothing_there", _("There is no practice office in {path}.").format(path=office.folder))
    with serve(office):
        return _until_interrupted()


def _until_interrupted() -> int:
    tell(_("The servers of the practice office are running. Ctrl-C ends them."))
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return 0


def _where(folder: Path, seconds: float) -> None:
    say("")
    say(
        _("The day took {seconds:.0f} seconds. The practice office stays in {path}:").format(
            seconds=seconds, path=folder
        )
    )
    say(_("  config.toml  its configuration     data/  register, cabinet, quarantine     papers/  documents to try"))
    say(_("Try next:"))
    say(f"  cd {shlex.quote(str(folder))}")
    say("  vanthu status")
    say("  vanthu register list")
    say("  vanthu register show 02-CV/TU")
    say("  vanthu inbox list")
    say(_("and with the servers running in another window (vanthu demo . --serve):"))
    say("  vanthu doctor")
    say("  vanthu fetch")
    say("  vanthu sign-send papers/thuc-hanh-1.pdf --person leader --to SNV --to BTCTU")
