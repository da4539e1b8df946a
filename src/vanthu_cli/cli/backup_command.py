"""`vanthu backup`."""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vanthu_cli.cli.progress import counting
from vanthu_cli.cli.run import Run, ask_secret, run_of
from vanthu_cli.config.settings import Config, Office
from vanthu_cli.errors import MisuseError, PartlyDoneError
from vanthu_cli.locale import _
from vanthu_cli.reports.words import moment_shown

if TYPE_CHECKING:
    from vanthu_cli.procedures.archive_file import Archive, Lack
    from vanthu_cli.procedures.backup import Backup

VARIABLE = "VANTHU_BACKUP_PASSPHRASE"
_SHORTEST = 8
_SHOWN = 10


def command(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", help=_("A new file, or a folder: best on another disk. Left out: here."))
    ] = None,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help=_("Lock it with a passphrase (age opens it too)."))
    ] = False,
    passphrase_from: Annotated[
        str,
        typer.Option(
            "--passphrase-from", metavar="REF", help=_("Where the passphrase is: keyring:…, env:…, file:…, command:….")
        ),
    ] = "",
    keep: Annotated[
        int | None,
        typer.Option("--keep", min=1, help=_("Remove the oldest backups of this office there beyond so many.")),
    ] = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help=_("Write one even if files of the office are missing or damaged."))
    ] = False,
    check: Annotated[
        Path | None, typer.Option("--check", metavar="FILE", help=_("Make none, but read this one from end to end."))
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))] = False,
) -> int:
    run = run_of(context)
    if check is not None:
        return _check(run, check, passphrase_from, alone=not (out or encrypt or keep or incomplete or dry_run))
    from vanthu_cli.procedures.backup import back_up, output_of

    if keep is not None and out is not None and not out.is_dir():
        raise MisuseError("backup.keep", _("--keep goes with backups that vanthu names: give a folder with --out."))
    encrypted = encrypt or bool(passphrase_from)
    with run.desk() as desk:
        output = output_of(desk.config, out, run.now, encrypted=encrypted)
        if dry_run:
            return _would(run, desk, output, encrypted=encrypted)
        word = passphrase_of(desk.config, passphrase_from, anew=True) if encrypted else ""
        with counting(run, _("backup")) as tick:
            done = back_up(desk, output, tick, passphrase=word, incomplete=incomplete, keep=keep)
    payload = {"file": str(done.file), "dry_run": False, **archive_json(done.archive)}
    payload |= {"same_disk": done.same_disk, "removed": [str(each) for each in done.removed]}
    return _answer(run, payload, done.archive, _lines(done))


def _check(run: Run, file: Path, reference: str, *, alone: bool) -> int:
    from vanthu_cli.procedures.archive_file import read_archive

    if not alone:
        raise MisuseError("backup.check", _("--check goes with no option but --passphrase-from."))
    config = run.config_or_none()
    with counting(run, _("check")) as tick:
        archive = read_archive(file, lambda: passphrase_of(config, reference), tick)
    lines = [_("The backup is whole and unchanged: {path}").format(path=file), *archive_lines(archive)]
    return _answer(run, {"file": str(file), "dry_run": False, **archive_json(archive)}, archive, lines)


def _would(run: Run, desk: Any, output: Path, *, encrypted: bool) -> int:
    from vanthu_cli.procedures.backup import contents, left_out

    planned = contents(desk)
    lines = [
        _("Would be written: {path}, {count} files, {size}.").format(
            path=output, count=len(planned.sources), size=size_word(planned.size)
        ),
        *lacking_lines(planned.lacking),
        _left_out_line(left_out(desk.config)),
    ]
    payload = {
        "file": str(output),
        "dry_run": True,
        "bytes": planned.size,
        "files": len(planned.sources),
        "encrypted": encrypted,
        "lacking": [{"name": each.name, "why": each.why} for each in planned.lacking],
        "left_out": left_out(desk.config),
    }
    return run.answer(payload, lines)


def _lines(done: "Backup") -> list[str]:
    archive = done.archive
    lines = [_("Backed up and read back: {path}").format(path=done.file), *archive_lines(archive)]
    if archive.encrypted:
        lines.append(_("Nobody opens it without the passphrase: keep that somewhere else, on paper in the safe."))
    else:
        lines.append(
            _("It is not encrypted: whoever has the file reads everything and has the register's key (--encrypt).")
        )
    if done.same_disk:
        lines.append(_("! It lies on the same disk as the office: copy it to another one."))
    return lines + [_("Removed: {path}").format(path=each) for each in done.removed]


def _answer(run: Run, payload: dict[str, Any], archive: "Archive", lines: Sequence[str]) -> int:
    """Give the result; exit 3 if the backup says of itself that it lacks something."""
    lacking = archive.manifest.lacking
    error = (
        "backup.incomplete",
        _("{count} things are missing or damaged in this backup.").format(count=len(lacking)),
        _("Restore them from an older backup, then make a new one."),
    )
    return run.answer(
        payload, lines, code=PartlyDoneError.exit_code if lacking else 0, error=error if lacking else None
    )


def archive_json(archive: "Archive") -> dict[str, Any]:
    manifest = archive.manifest
    return {
        "office": {"code": manifest.code, "name": manifest.name},
        "made_at": manifest.made_at,
        "made_with": manifest.vanthu,
        "sha256": archive.sha256,
        "bytes": archive.size,
        "files": len(manifest.members),
        "encrypted": archive.encrypted,
        "lacking": [{"name": each.name, "why": each.why} for each in manifest.lacking],
        "left_out": list(manifest.left_out),
    }


def archive_lines(archive: "Archive") -> list[str]:
    """Say what a backup holds, what it lacks, and what is never in one."""
    manifest = archive.manifest
    held = _("{office} as of {moment}: {count} files, {size}").format(
        office=manifest.name,
        moment=moment_shown(manifest.made_at),
        count=len(manifest.members),
        size=size_word(archive.size),
    )
    return [held, f"SHA-256: {archive.sha256}", *lacking_lines(manifest.lacking), _left_out_line(manifest.left_out)]


def lacking_lines(lacking: "Sequence[Lack]") -> list[str]:
    words = {
        "missing": _("missing"),
        "damaged": _("damaged"),
        "unreadable": _("not readable"),
        "chain": _("the chain of events breaks here"),
    }
    lines = [f"! {each.name}: {words[each.why]}" for each in lacking[:_SHOWN]]
    return lines + ([f"! … ({len(lacking)})"] if len(lacking) > _SHOWN else [])


def _left_out_line(names: Sequence[str]) -> str:
    return _("Not in it, keep them apart: passwords and PINs; {names}").format(names=", ".join(names))


def size_word(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def passphrase_of(config: Config | None, reference: str, *, anew: bool = False) -> str:
    """Return the passphrase of a backup: where `reference` says, else from the environment, else from a person.

    `anew`: it is being chosen, so a person types it twice, and it may not be short. Composed letters (NFC) are what other
    programs will get from a keyboard.
    """
    if not reference and os.environ.get(VARIABLE):
        reference = f"env:{VARIABLE}"
    if reference and not reference.startswith("prompt"):
        from vanthu_cli.config.secrets import secret

        # On a new machine there is no configuration yet: files count from where the clerk stands.
        here = Config(Office("vanthu", "vanthu", "-", "state", "-", "."), file=Path("config.toml"))
        word = secret(config or here, reference, lambda _what: None)
    else:
        word = _asked(anew=anew)
    word = unicodedata.normalize("NFC", word)
    if anew and len(word) < _SHORTEST:
        raise MisuseError(
            "backup.passphrase_short",
            _("A passphrase of fewer than {count} letters is soon guessed.").format(count=_SHORTEST),
            _("Take four or five words that nobody else would put together."),
        )
    return word


def _asked(*, anew: bool) -> str:
    word = ask_secret(_("Passphrase of the backup"))
    if word is None:
        raise MisuseError(
            "backup.no_passphrase",
            _("The passphrase must be asked for, but there is no terminal."),
            _("Put it into {name}, or say where it is: --passphrase-from file:PATH").format(name=VARIABLE),
        )
    if anew and ask_secret(_("Passphrase of the backup, once more")) != word:
        raise MisuseError("backup.passphrase_differs", _("The two passphrases are not the same. Nothing was written."))
    return word
