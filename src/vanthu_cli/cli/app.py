"""The program's surface: commands gathered, options common to all, and the only `except` that turns errors into exits."""

import contextlib
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from vanthu_cli import __version__, errors, locale
from vanthu_cli.errors import VanthuError
from vanthu_cli.locale import _

if TYPE_CHECKING:
    from vanthu_cli.register.journal import Journal

_FLAGS = {"--json", "--plain", "--quiet", "-q", "--verbose", "-v", "--debug"}
_WITH_VALUE = {"--config", "--lang", "--wait"}
_INTERRUPTED = 130


def hoist(arguments: list[str]) -> list[str]:
    """Put global options first, wherever they were written: `vanthu verify a.pdf --json` is what people type."""
    front, rest, position = list[str](), list[str](), 0
    while position < len(arguments):
        argument = arguments[position]
        if argument == "--":
            rest += arguments[position:]
            break
        if argument in _FLAGS or (argument.partition("=")[0] in _WITH_VALUE and "=" in argument):
            front.append(argument)
        elif argument in _WITH_VALUE and position + 1 < len(arguments):
            front += arguments[position : position + 2]
            position += 1
        else:
            rest.append(argument)
        position += 1
    return front + rest


def run(arguments: list[str]) -> int:
    """Run one command line; return the exit code. Nothing escapes: a bug is exit 1 with the place of its record."""
    arguments = hoist(arguments)
    _speak(locale.wanted(arguments))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    begun: list[Journal] = []
    code, error = _ended(arguments, begun)
    for journal in begun:
        journal.note("end", code=code, error=error or None)
    return code


def _ended(arguments: list[str], begun: "list[Journal]") -> tuple[int, str]:
    """Run it; return exit code and the code of the error that ended it, if one did. The run's journal is put into `begun`."""
    import click

    try:
        code = _application(arguments, begun)(args=arguments, prog_name="vanthu", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stdout.write(error.format_message() + "\n")
        return 2, "usage"
    except (click.Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away: nothing more to say to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0, ""
    except Exception as error:  # noqa: BLE001  the one place where everything ends
        if "--debug" in arguments:
            import traceback

            sys.stderr.write(traceback.format_exc())
        exit_code, told = _told(error, begun)
        _refused(arguments, exit_code, told)
        return exit_code, told[0]
    if code == _INTERRUPTED:  # raised, or made an exit of by typer
        from vanthu_cli.cli.run import tell

        tell(_("Interrupted. Run the same command again: it goes on where it stopped."))
        return code, "interrupted"
    return (code if isinstance(code, int) else 0), ""


def _told(error: Exception, begun: "list[Journal]") -> tuple[int, tuple[str, str, str]]:
    """Return exit code and (code, message, hint) of an error; what is not ours is a bug, recorded."""
    import click

    if isinstance(error, OSError):
        error = errors.refused_by_system(error)
    if isinstance(error, VanthuError):
        return error.exit_code, (error.code, error.message, error.hint)
    if isinstance(error, click.ClickException):
        hint = _("“vanthu --help” and “vanthu COMMAND --help” show what is possible.")
        return 2, ("usage", error.format_message(), hint)
    hint = _("Report it with the file {path}.").format(path=_record_bug(begun))
    return errors.BUG, ("bug", _("vanthu itself has failed."), hint)


def _speak(language: str) -> None:
    """Choose the language of our sentences and of click's own (usage, option errors), before typer is imported."""
    import gettext

    locale.use(language)
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain("messages", str(Path(locale.__file__).parent / "click"))


def _refused(arguments: list[str], exit_code: int, error: tuple[str, str, str]) -> None:
    """Tell what was refused: `error` is (code, message, hint)."""
    from vanthu_cli.cli.run import dump, tell

    _code, message, hint = error
    if "--json" in arguments:
        with contextlib.suppress(OSError):  # stdout itself may be what takes nothing
            dump(_command(arguments), {}, exit_code, error)
            return
    tell(_("Not done: {message}").format(message=message) + (f"\n  → {hint}" if hint else ""))


def _command(arguments: list[str]) -> str:
    """Return the command's name: the first word that is no option and no option's value (the options stand first)."""
    words = iter(arguments)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def _words(command: str, arguments: list[str]) -> str:
    """Return the command as the journal has it: of a group both words, of others the first, for the second may be a file's name."""
    groups = {name for name, module, _help in _commands() if module.endswith("_commands")}
    following = arguments[arguments.index(command) + 1 :] if command in groups and command in arguments else []
    return f"{command} {following[0]}" if following and re.fullmatch("[a-z-]+", following[0]) else command


def _record_bug(begun: "list[Journal]") -> Path:
    """Write the traceback where an administrator finds it (no local values: they could hold a document's content)."""
    import tempfile
    import traceback

    place = next((each.folder for each in begun if each.folder and each.folder.is_dir()), None)
    descriptor, name = tempfile.mkstemp(prefix="vanthu-bug-", suffix=".txt", dir=place)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"vanthu {__version__}, Python {sys.version}\n\n{traceback.format_exc()}")
    return Path(name)


def _application(arguments: list[str], begun: "list[Journal]") -> Any:
    import typer

    from vanthu_cli.cli.known import Known, in_our_words

    class Commands(Known):
        """Commands known by name and one line of help; a command's module is imported when it is asked for."""

        def list_commands(self, ctx: Any) -> list[str]:
            _unused = ctx
            return [name for name, _module, _help in _commands()]

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            _unused = ctx
            for name, module, sentence in _commands():
                if name == cmd_name:
                    return _load(name, module, sentence)
            return None

        def format_commands(self, ctx: Any, formatter: Any) -> None:
            _unused = ctx
            with formatter.section(_("Commands")):
                formatter.write_dl([(name, sentence) for name, _module, sentence in _commands()])

    app = typer.Typer(
        cls=Commands,
        help=_("Sign, verify, send, fetch and register official documents."),
        epilog=_(
            "Exit codes: 0 done, 1 bug, 2 wrong command or configuration, 3 done but items failed, 4 signature INVALID, "
            "5 forbidden, 6 unreachable, 7 a person must look, 8 another run is working, 130 interrupted."
        ),
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        invoke_without_command=True,
    )

    @app.callback()
    def options(
        context: typer.Context,
        *,
        config_file: Annotated[
            Path | None, typer.Option("--config", help=_("The office's configuration file."))
        ] = None,
        lang: Annotated[str, typer.Option("--lang", help=_("Language: vi or en."))] = "",
        as_json: Annotated[bool, typer.Option("--json", help=_("Answer with one JSON document."))] = False,
        plain: Annotated[
            bool, typer.Option("--plain", help=_("Tables with tabs, nothing drawn or cut: for screen readers."))
        ] = False,
        quiet: Annotated[bool, typer.Option("--quiet", "-q", help=_("Say nothing when all went well."))] = False,
        verbose: Annotated[bool, typer.Option("--verbose", "-v", help=_("Say more."))] = False,
        wait: Annotated[
            int, typer.Option("--wait", min=0, help=_("Seconds to wait for another run of this office to end."))
        ] = 60,
        debug: Annotated[bool, typer.Option("--debug", help=_("Show where in the program an error arose."))] = False,
        version: Annotated[
            bool, typer.Option("--version", is_eager=True, callback=_show_version, help=_("Show the version."))
        ] = False,
    ) -> int | None:
        from vanthu_cli.cli.run import Run, clock
        from vanthu_cli.register.journal import Journal
        from vanthu_cli.reports.tables import use_plain

        _unused = version, debug
        use_plain(wanted=plain)
        if lang not in {"", "vi", "en"}:
            raise typer.BadParameter(_("--lang takes vi or en."))
        language = lang or locale.wanted([])
        command = context.invoked_subcommand or ""
        journal = Journal(os.urandom(4).hex(), _words(command, arguments))
        begun.append(journal)
        context.obj = Run(config_file, language, as_json, quiet, verbose, command, clock(), journal, wait)
        return None if command else _alone(context)

    return in_our_words(typer.main.get_group(app))


def _alone(context: Any) -> int:
    """`vanthu` without a command: the desk, or where there is no office yet, the help."""
    from vanthu_cli.cli import status_command

    run = context.obj = replace(context.obj, command="status")
    try:
        run.config()
    except VanthuError as error:
        if error.code != "config.missing" or run.json or run.config_file:
            raise
        sys.stdout.write(context.get_help() + "\n")
        return 2
    return status_command.command(context)


def _show_version(asked: bool) -> None:
    import typer

    if asked:
        sys.stdout.write(f"vanthu {__version__}\n")
        raise typer.Exit


def _commands() -> list[tuple[str, str, str]]:
    """Name, module and one line of help, in the order of a clerk's day."""
    return [
        ("init", "init_command", _("Set up this office.")),
        ("demo", "demo_command", _("Build a whole practice office on this machine and live one day in it.")),
        ("status", "status_command", _("The desk now: what waits, in order of urgency.")),
        ("fetch", "fetch_command", _("Bring in what has arrived. Run it every morning.")),
        (
            "inbox",
            "inbox_commands",
            _("What has arrived and waits for a person: list, show, accept, refuse, quarantine."),
        ),
        ("review", "review_command", _("Inbox and outbox as a screen, worked by single keys (extra “tui”).")),
        ("inspect", "inspect_command", _("Read number, date, agency, type, subject, signer and marks from documents.")),
        ("verify", "verify_command", _("Judge the signatures of files.")),
        ("prepare", "prepare_command", _("Make the copy that the leader signs.")),
        ("sign", "sign_command", _("Put one kind of signature on files.")),
        ("sign-send", "sign_send_command", _("Number, seal, register and send a document the leader has signed.")),
        ("send", "send_command", _("Send on what is still waiting to be sent; remind who has not answered.")),
        ("recall", "recall_command", _("Take an issued document back.")),
        ("carry", "carry_commands", _("On a machine without the register: carry letters between two networks.")),
        ("paper", "paper_commands", _("Paper originals owed beside what was sent: list, done.")),
        ("correct", "correct_command", _("Note that an issued document is corrected by a công văn.")),
        ("replace", "replace_command", _("Note that an issued document is replaced by another one.")),
        (
            "register",
            "register_commands",
            _(
                "The books: list, show, search, add, amend, void, reserve, import, print, post, lend, export, close-day, audit."
            ),
        ),
        (
            "directory",
            "directory_commands",
            _("Agencies, addresses, signers: list, show, add, signers, confirm, import, export."),
        ),
        (
            "trust",
            "trust_commands",
            _("Whose certificates this office believes: list, show, add, remove, import-crl."),
        ),
        (
            "archive",
            "archive_commands",
            _("Until when documents can be proved; renew their time stamps: check, renew."),
        ),
        (
            "dossier",
            "dossier_commands",
            _("The documents of one matter or session: new, amend, add, remove, show, list, close, export, hand-over."),
        ),
        ("edxml", "edxml_commands", _("Packages of the national axis by hand: show, check, make.")),
        ("report", "report_command", _("Statistics of electronic exchange, for a period.")),
        ("backup", "backup_command", _("Save the whole office into one file, and check that file.")),
        ("restore", "restore_command", _("Set an office up again from such a file.")),
        (
            "batch",
            "batch_command",
            _("The whole morning in one run, for cron: fetch, remind, close the day, check, report."),
        ),
        ("doctor", "doctor_command", _("Is everything in order? Each fault with its cure.")),
        ("help", "help_command", _("Exit codes, configuration, the clerk's day, running by itself, completion.")),
    ]


def _load(name: str, module: str, sentence: str) -> Any:
    import gc
    import importlib

    import typer

    from vanthu_cli.cli.known import in_our_words

    loaded = importlib.import_module(f"vanthu_cli.cli.{module}")
    group = getattr(loaded, "group", None)
    if hasattr(loaded, "made"):
        command: Any = loaded.made()
        command.help = sentence
    elif group is None:
        group = typer.Typer(rich_markup_mode=None, add_completion=False)
        group.command(name=name, help=sentence)(loaded.command)
        command = typer.main.get_command(group)
    else:
        command = typer.main.get_group(group)
        command.suggest_commands = False  # click does that itself, and in our language
        command.help = sentence
    command.name = name
    gc.freeze()  # what is loaded stays
    gc.enable()  # it was off while the program was being loaded
    return in_our_words(command)
