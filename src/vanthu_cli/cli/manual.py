"""The manual page, man(7): all commands and options as `--help` shows them, exit codes and files."""

from collections.abc import Iterator
from typing import Any

from vanthu_cli import __version__
from vanthu_cli.locale import _


def manual(root: Any, context: Any, exit_codes: str, files: str) -> str:
    """Return the page in roff; `root` is the program's group, `context` its click context."""
    lines = [
        f'.TH VANTHU 1 "" "vanthu {__version__}"',
        ".SH " + _("NAME"),
        r"vanthu \- " + _plain(root.help or ""),
        ".SH " + _("SYNOPSIS"),
        ".B vanthu",
        _plain(" ".join(root.collect_usage_pieces(context))),
        ".SH " + _("OPTIONS"),
        *_options(root, context),
        ".SH " + _("COMMANDS"),
        *_commands(root, context, ""),
        ".SH " + _("EXIT STATUS"),
        *_verbatim(exit_codes),
        ".SH " + _("FILES"),
        *_verbatim(files),
        ".SH " + _("ENVIRONMENT"),
        *_item("VANTHU_CONFIG", _("The office's configuration file.")),
        *_item("VANTHU_LANG", _("Language: vi or en.")),
        *_item("NO_COLOR", _("No colours.")),
    ]
    return "\n".join(lines)


def _commands(group: Any, context: Any, before: str) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = type(context)(command, info_name=name, parent=context)
        words = f"{before}{name}"
        if hasattr(command, "list_commands"):
            yield from _commands(command, inner, f"{words} ")
            continue
        usage = " ".join(command.collect_usage_pieces(inner))
        yield f'.SS "{_plain(f"vanthu {words} {usage}")}"'
        yield _plain(command.help or "")
        yield from _options(command, inner)


def _options(command: Any, context: Any) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record and "--help" not in parameter.opts:
            yield from _item(*record)


def _item(term: str, text: str) -> list[str]:
    return [".TP", rf"\fB{_plain(term)}\fR", _plain(text)]


def _verbatim(text: str) -> list[str]:
    return [".nf", *(_plain(line) for line in text.split("\n")), ".fi"]


def _plain(text: str) -> str:
    """Escape what roff would take for its own (groff(7)): backslashes, hyphens, quotes, a leading dot."""
    line = text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    return "\n".join(rf"\&{part}" if part.startswith((".", "'")) else part for part in line.split("\n"))
