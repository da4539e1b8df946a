"""`vanthu register`: the books. Its commands stand in three files, by what a clerk does, of which only the one asked for is imported."""

from importlib import import_module
from typing import Any

from typer.main import get_group

from vanthu_cli.cli.known import Known, in_our_words

_PARTS = {
    "register_lists": ("list", "show", "search"),
    "register_entries": ("add", "amend", "void", "reserve", "import", "print", "post", "lend"),
    "register_books": ("export", "close-day", "audit"),
}


class Books(Known):
    """The commands of all three files; help needs them all, a command only its own."""

    def list_commands(self, ctx: Any) -> list[str]:
        _unused = ctx
        return [name for names in _PARTS.values() for name in names]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        _unused = ctx
        for module, names in _PARTS.items():
            if cmd_name in names:
                return in_our_words(get_group(import_module(f"vanthu_cli.cli.{module}").group).commands[cmd_name])
        return None


def made() -> Books:
    """Return the group as click has it."""
    return Books(name="register", commands={}, no_args_is_help=True, rich_markup_mode=None)
