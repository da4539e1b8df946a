"""The end of `vanthu init` on a terminal: passwords put away and tried, CA certificates compared, everything looked at once."""

from pathlib import Path

import typer

from vanthu_cli.cli.parse import expanded
from vanthu_cli.cli.run import Run, ask, ask_secret, tell
from vanthu_cli.config import secrets
from vanthu_cli.config.settings import Config
from vanthu_cli.errors import VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.ways import account_of
from vanthu_cli.register import logins

_CERTIFICATES = {".crt", ".cer", ".pem", ".der", ".p7b"}


def keep_passwords(config: Config) -> None:
    """Ask for the password of each mailbox that has none yet, and put it where the configuration says."""
    for name, channel in config.channels.items():
        if channel.kind != "folder" and not secrets.is_kept(config, channel.secret):
            mailbox, axis = _("Password of the mailbox {address}"), _("Secret of {address} on the national axis")
            typed = ask_secret((axis if channel.kind == "axis" else mailbox).format(address=channel.address))
            secrets.keep(config, channel.secret, typed or "")
            tell(_("Password of {name}: {place}").format(name=name, place=channel.secret))


def try_mailboxes(run: Run) -> None:
    """Log in to each mailbox; a password that is refused may be typed again by the person, as often as that person wants."""
    for name in run.config().channels:
        while True:
            again = False
            with run.desk() as desk:
                try:
                    desk.channels[name].check()
                except VanthuError as error:
                    tell(f"✗ {name}: {error.message}" + (f"\n    → {error.hint}" if error.hint else ""))
                    again = error.code in {"mail.login", "axis.login"} and ask(
                        _("Type the password again? (accounts lock after a few tries)")
                    )
                else:
                    axis = desk.config.channels[name].kind == "axis"
                    good = _("✓ {name}: the adapter answers.") if axis else _("✓ {name}: logged in to IMAP and SMTP.")
                    tell(good.format(name=name))
                    break
            if not again:
                break
            _forget(run, name)
            keep_passwords(run.config())


def _forget(run: Run, name: str) -> None:
    """Take a refused password away, also from the register's memory of refused ones."""
    with run.desk() as desk:
        channel = desk.config.channels[name]
        secrets.drop(desk.config, channel.secret)
        account = account_of(name, channel)
        if account is not None:
            with desk.book.step():
                logins.forget(desk.book, account)


def believe(run: Run) -> None:
    """Ask for files or folders of CA certificates, show each fingerprint, and believe what the person has compared."""
    from vanthu_cli.cli.trust_shown import brief
    from vanthu_cli.procedures.trust import concerns, store
    from vanthu_cli.procedures.trust_changes import add, plan_addition

    config = run.config()
    folder = config.path(config.trust.dir)
    while True:
        typed = str(
            typer.prompt(
                _("File or folder of CA certificates to believe (empty: no more)"), default="", show_default=False
            )
        )
        if not typed:
            return
        try:
            addition = plan_addition(folder, _files(Path(typed).expanduser()), run.now, expired=False)
        except VanthuError as error:
            tell(f"✗ {error.message}")
            continue
        everything = [*store(folder), *addition.new]
        doubts = concerns(everything, run.now)[len(everything) - len(addition.new) :]
        for entry, each in zip(addition.new, doubts, strict=True):
            tell("\n".join(brief(entry, each)))
        if not addition.new:
            tell(_("They are there already."))
        elif ask(_("Have you compared each fingerprint with its owner's, through an official channel?")):
            with run.desk() as desk:
                add(folder, addition.new, desk.book)


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        return sorted(each for each in place.iterdir() if each.suffix.lower() in _CERTIFICATES)
    return expanded([place])
