"""`vanthu register`: the books. Its commands stand in three files, by what a clerk does: look, write, hand over to an inspector."""

import typer

from vanthu_cli.cli import register_books, register_entries, register_lists

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
for part in (register_lists, register_entries, register_books):
    group.registered_commands += part.group.registered_commands
