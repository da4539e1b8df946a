"""A group whose commands are known by name before their modules are imported."""

from typing import Any

import click
from typer.core import TyperGroup


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
