"""`vanthu restore`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vanthu_cli.cli.backup_command import archive_json, archive_lines, passphrase_of
from vanthu_cli.cli.progress import counting
from vanthu_cli.cli.run import Run, run_of
from vanthu_cli.config.settings import Config
from vanthu_cli.errors import MisuseError, PartlyDoneError
from vanthu_cli.locale import _
from vanthu_cli.reports.words import moment_shown

if TYPE_CHECKING:
    from vanthu_cli.procedures.restore import Restored


def command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", help=_("A new folder. Left out: data_dir of the configuration.")),
    ] = None,
    passphrase_from: Annotated[
        str,
        typer.Option(
            "--passphrase-from", metavar="REF", help=_("Where the passphrase is: keyring:…, env:…, file:…, command:….")
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))] = False,
) -> int:
    from vanthu_cli.procedures.archive_file import read_archive
    from vanthu_cli.procedures.restore import check_target, restore

    run = run_of(context)
    config = run.config_or_none()
    used = config if to is None else None
    target = _target(config, to)

    def passphrase() -> str:
        return passphrase_of(config, passphrase_from)

    if dry_run:
        check_target(target)
        with counting(run, _("check")) as tick:
            archive = read_archive(file, passphrase, tick)
        lines = [_("Would be restored to {path}:").format(path=target), *archive_lines(archive)]
        return run.answer({"folder": str(target), "dry_run": True, **archive_json(archive)}, lines)
    code = used.office.code if used is not None else ""
    with counting(run, _("restore")) as tick:
        done = restore(file, target, passphrase, code=code, now=run.now, tick=tick)
    return _answer(run, done, _lines(done, used))


def _target(config: Config | None, to: Path | None) -> Path:
    folder = to or (config.data_dir if config is not None else None)
    if folder is None:
        raise MisuseError(
            "restore.where",
            _("Without a configuration nobody knows where the office belongs."),
            _("Name a new folder: --to FOLDER"),
        )
    return folder.absolute()


def _answer(run: Run, done: "Restored", lines: list[str]) -> int:
    """Give the result; exit 3 if the backup says of itself that it lacks something."""
    lacking = done.archive.manifest.lacking
    payload = {
        "folder": str(done.folder),
        "dry_run": False,
        "config": str(done.folder / "config.toml"),
        "config_adapted": done.at_home,
        "letters_to_trace": done.letters,
        **archive_json(done.archive),
    }
    error = (
        "restore.incomplete",
        _("{count} things are missing or damaged in this backup.").format(count=len(lacking)),
        _("Look for them in an older backup; “vanthu doctor” names them."),
    )
    code = PartlyDoneError.exit_code if lacking else 0
    return run.answer(payload, lines, code=code, error=error if lacking else None)


def _lines(done: "Restored", used: Config | None) -> list[str]:
    """Say what is there now, and what the clerk does next, in that order. `used`: the configuration that named the folder."""
    manifest, own = done.archive.manifest, done.folder / "config.toml"
    lines = [_("Restored: {path}").format(path=done.folder), *archive_lines(done.archive)]
    if used is not None:
        lines.append(_("The configuration stays {path}; that of the backup is {own}.").format(path=used.file, own=own))
        trust = used.path(used.trust.dir)
        if not trust.exists():
            lines.append(_("Copy {source} to {target}.").format(source=done.folder / "trust", target=trust))
    elif done.at_home:
        lines.append(_("{path} names this folder and the trust folder in it.").format(path=own))
    else:
        lines.append(_("Write data_dir and [trust] dir into {path} by hand: they could not be set.").format(path=own))
    if done.letters:
        lines.append(
            _("{count} letters were waiting to be sent: the next run looks which of them have left.").format(
                count=done.letters
            )
        )
    config = used.file if used is not None else own
    return [
        *lines,
        _("What was numbered, received or sent after {moment} is not in it.").format(
            moment=moment_shown(manifest.made_at)
        ),
        "  → "
        + _("1. Put keys, passwords and certificates of mail servers back, where {path} says.").format(path=config),
        "  → " + _("2. Look that all is in order: vanthu --config {path} doctor").format(path=config),
        "  → "
        + _("3. Before anything is issued compare the last numbers of the books with the papers: no number twice."),
        "  → " + _("4. Fetch what has come since: vanthu --config {path} fetch").format(path=config),
    ]
