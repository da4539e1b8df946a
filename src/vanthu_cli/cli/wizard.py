"""The questions of `vanthu init` on a terminal, and the commented configuration that comes of the answers."""

import json
from pathlib import Path

import typer

from vanthu_cli.cli.parse import day_option
from vanthu_cli.cli.run import ask
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _


def write_config(file: Path) -> Path:
    """Ask, then write the file (never over an existing one)."""
    if file.exists():
        raise MisuseError(
            "init.exists",
            _("{path} exists already.").format(path=file),
            _("Change it, then run: vanthu init --from {path}").format(path=file),
        )
    lines = ["# " + _("Written by vanthu init. config.example.toml explains every key."), "[office]"]
    kind = _choice(_("Party office or State office? (party/state)"), ("party", "state"))
    lines.append(f"kind = {_text(kind)}")
    for key, question in (
        ("name", _("Name of the office")),
        ("code", _("Its code in the directory (short, such as VPTU)")),
        ("symbol", _("Agency part of its symbols (such as TU)")),
        ("place", _("Place printed before the date")),
    ):
        lines.append(f"{key} = {_text(typer.prompt(question))}")
    if kind == "party":
        first_day = typer.prompt(_("First day of the term (such as 2025-10-15)"))
        lines.append(f"term_start = {day_option(first_day).isoformat()}")
    lines += ['data_dir = "data"', ""]
    for network in ("wan", "internet"):
        if ask(_("Has the office a mailbox on this network: {network}?").format(network=network)):
            lines += _channel(network)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def _channel(network: str) -> list[str]:
    address = typer.prompt(_("Its address"))
    imap = typer.prompt(_("IMAP server"))
    smtp = typer.prompt(_("SMTP server"), default=imap)
    ca = typer.prompt(_("CA file of these servers (empty: the system's)"), default="", show_default=False)
    extra = f", ca = {_text(ca)}" if ca else ""
    return [
        f"[channels.{network}]",
        'kind = "mail"',
        f"network = {_text(network)}",
        f"address = {_text(address)}",
        f"secret = {_text(f'keyring:vanthu/{address}')}",
        f"imap = {{ host = {_text(imap)}, port = 993, user = {_text(address)}{extra} }}",
        f"smtp = {{ host = {_text(smtp)}, port = 465, user = {_text(address)}{extra} }}",
        "",
    ]


def _choice(question: str, values: tuple[str, ...]) -> str:
    while True:
        answer = str(typer.prompt(question)).strip().lower()
        if answer in values:
            return answer


def _text(value: object) -> str:
    """Write a TOML string: JSON's escapes are a subset of TOML's."""
    return json.dumps(str(value), ensure_ascii=False)
