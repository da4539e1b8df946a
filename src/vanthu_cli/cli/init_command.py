"""`vanthu init`: a wizard on a terminal, a finished configuration without one."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vanthu_cli.cli import wizard_end
from vanthu_cli.cli.doctor_command import check_lines
from vanthu_cli.cli.run import Run, ask_secret, run_of
from vanthu_cli.config.load import default_file, load
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import office_folder
from vanthu_cli.procedures.doctor import doctor
from vanthu_cli.procedures.setup import register_fingerprint, set_up
from vanthu_cli.register.lock import claim


def command(
    context: typer.Context,
    source: Annotated[Path | None, typer.Option("--from", help=_("A finished configuration file."))] = None,
    move_here: Annotated[
        bool,
        typer.Option("--move-here", help=_("The office has moved to this machine: from now on it works here only.")),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only check the configuration."))] = False,
) -> int:
    run = run_of(context)
    if move_here:
        return _moved(run, dry_run=dry_run)
    file, asked = (source, False) if dry_run and source else _place(run, source)
    loaded = load(file)
    if asked:
        wizard_end.keep_passwords(loaded)
    failed = [] if dry_run else set_up(loaded, now=run.now, prompt=ask_secret, language=run.language)
    said = (
        _("The configuration of {name} is in order; nothing was made in {path}.")
        if dry_run
        else _("The office {name} is set up in {path}.")
    )
    lines = [said.format(name=loaded.office.name, path=loaded.data_dir)]
    lines += [
        _("The key {name} could not be read: {why}").format(name=name, why=error.message) for name, error in failed
    ]
    fingerprint = None if dry_run else register_fingerprint(loaded)
    if fingerprint:
        lines.append(
            _(
                "Certificate of the register (it signs closed days); write its fingerprint down, on paper: SHA-256 {fingerprint}"
            ).format(fingerprint=fingerprint)
        )
    named = "" if file == default_file() or file.absolute() == Path("config.toml").absolute() else f" --config {file}"
    lines.append(_("Configuration: {path}. Next: vanthu{named} doctor").format(path=file, named=named))
    if asked:
        lines += _finished(replace(run, config_file=file))
    payload = {
        "config": str(file),
        "data_dir": str(loaded.data_dir),
        "dry_run": dry_run,
        "keys_unread": [name for name, _e in failed],
        "register_certificate": fingerprint,
    }
    return run.answer(payload, lines)


def _finished(run: Run) -> list[str]:
    """Go on with the person until the office works; return what `doctor` says at the end."""
    wizard_end.believe(run)
    wizard_end.try_mailboxes(run)
    with run.desk() as desk:
        return ["", *check_lines(doctor(desk))]


def _moved(run: Run, *, dry_run: bool) -> int:
    folder = office_folder(run.config())
    if not dry_run:
        claim(folder)
    return run.answer(
        {"dry_run": dry_run, "data_dir": str(folder)},
        [] if dry_run else [_("The office in {path} now works on this machine, and on no other.").format(path=folder)],
    )


def _place(run: Run, source: Path | None) -> tuple[Path, bool]:
    """Return the configuration to set up (the file given, where it stands, or its copy where --config says), and whether it was asked for."""
    if source is None:
        there = run.config_file or default_file()
        if there.is_file():  # on a terminal: take up what an interrupted conversation has left open
            return there, run.interactive
        if not run.interactive:
            raise MisuseError(
                "init.no_terminal",
                _("Without a terminal init needs a finished configuration."),
                _("vanthu init --from config.toml (config.example.toml shows every key)"),
            )
        from vanthu_cli.cli.wizard import write_config

        return write_config(run.config_file or default_file()), True
    if not source.is_file():
        raise MisuseError("config.missing", _("There is no configuration file {path}.").format(path=source))
    if run.config_file is None or run.config_file.resolve() == source.resolve():
        return source, False
    if run.config_file.exists() and run.config_file.read_bytes() != source.read_bytes():
        raise MisuseError(
            "init.exists", _("{path} exists already and is another configuration.").format(path=run.config_file)
        )
    run.config_file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, run.config_file)
    return run.config_file, False
