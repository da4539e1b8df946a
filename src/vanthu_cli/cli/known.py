"""What click's groups and commands lack: groups whose commands are known before they are imported, and our language."""

from typing import Any

import click
from typer.core import TyperGroup

from vanthu_cli.locale import _


class Known(TyperGroup):
    """It answers a slip of the pen with the nearest names, in our language: click knows only commands that are imported."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            if ctx.resilient_parsing:
                return None, None, args[1:]
            raise click.exceptions.NoSuchCommand(args[0], possibilities=self.list_commands(ctx), ctx=ctx)
        return super().resolve_command(ctx, args)

    def _main_shell_completion(self, ctx_args: Any, prog_name: str, complete_var: str | None = None) -> None:
        """Speak click's own dialect, in which the shells' scripts are written that it prints: typer reads another."""
        click.Command._main_shell_completion(self, ctx_args, prog_name, complete_var)  # noqa: SLF001


def in_our_words(command: Any) -> Any:
    """Name in our language what click names in English whatever the language: the placeholders of usage and options."""
    words = {"text": _("TEXT"), "path": _("PATH"), "file": _("PATH"), "integer": _("NUMBER"), "float": _("NUMBER")}
    command.options_metavar = _("[OPTIONS]")
    if hasattr(command, "subcommand_metavar"):
        command.subcommand_metavar = _("COMMAND [ARGS]...")
    for each in command.params:
        if each.metavar is None and not getattr(each, "is_flag", False):
            each.metavar = words.get(each.type.name.removesuffix(" range"))
    for each in getattr(command, "commands", {}).values():
        in_our_words(each)
    return command
