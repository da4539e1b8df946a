"""`vanthu help`: topics that no single command's `--help` holds, and the help of a command by its words."""

import sys
from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

import vanthu_cli
from vanthu_cli.cli.manual import manual
from vanthu_cli.cli.run import run_of
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _


def _offered(ctx: Any, incomplete: str) -> list[tuple[str, str]]:
    """Offer topics and commands at Tab."""
    root = ctx.find_root()
    topics = {name: about for name, (about, _text) in _topics().items()} | {"man": ""}
    commands = dict.fromkeys(_names(root.command, root), "")
    return [(name, about) for name, about in (commands | topics).items() if name.startswith(incomplete)]


def command(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar=_("[TOPIC|COMMAND...]"), autocompletion=_offered)] = None,
) -> int:
    run, root = run_of(context), context.find_root()
    topics, asked = _topics(), words or []
    if not asked:
        lines = [f"  {name:<14}{about}" for name, (about, _text) in topics.items()]
        lines.append(f"  {'man':<14}" + _("the manual page: vanthu help man | man -l -"))
        return run.answer({"topics": list(topics)}, [_("vanthu help TOPIC, or vanthu help COMMAND:"), "", *lines])
    if asked == ["man"]:
        text = manual(root.command, root, _exit_codes(), _files())
    elif len(asked) == 1 and asked[0] in topics:
        text = topics[asked[0]][1]().rstrip("\n")
        if asked[0] in _names(root.command, root):  # a topic with a command's name
            text += "\n\n" + _of_command(context, asked)
    else:
        text = _of_command(context, asked)
    if run.json:
        return run.answer({"topic": " ".join(asked), "text": text}, [])
    sys.stdout.write(text + "\n")
    return 0


def _of_command(context: typer.Context, words: list[str]) -> str:
    """Return what `vanthu WORDS --help` shows."""
    found: Any
    where: Any
    found, where = context.find_root().command, context.find_root()
    for word in words:
        known = getattr(found, "get_command", lambda *_asked: None)(where, word)
        if known is None:
            near = get_close_matches(word, [*(_topics() if where.parent is None else ()), *_names(found, where)])
            hint = _("Did you mean {words}?").format(words=", ".join(near)) if near else ""
            raise MisuseError(
                "help.unknown",
                _("There is no help on “{word}”.").format(word=word),
                hint or _("“vanthu help” lists the topics, “vanthu --help” the commands."),
            )
        found, where = known, typer.Context(known, info_name=word, parent=where)
    return str(where.get_help())


def _names(group: Any, context: Any) -> list[str]:
    found: list[str] = getattr(group, "list_commands", lambda _where: [])(context)
    return found


def _topics() -> dict[str, tuple[str, Callable[[], str]]]:
    """Topics with a line about each, and what makes the text."""
    return {
        "exit-codes": (_("what the number means with which a command ends"), _exit_codes),
        "config": (_("every key of config.toml, with an example"), partial(_shipped, "config.example.toml")),
        "procedures": (_("the clerk's tasks in the order of the day, with their commands"), _procedures),
        "huong-dan": (_("the clerk's guide, whole, in Vietnamese"), partial(_shipped, "docs/huong-dan.md")),
        "batch": (_("how to have it run by itself"), _batch),
        "axis": (_("the national document axis: what to set, what to expect"), _axis),
        "files": (_("what lies where, what to back up, what never to delete"), _files),
        "completion": (_("have the shell complete commands, numbers and agencies"), _completion),
    }


def _exit_codes() -> str:
    return _(
        "0    done\n"
        "1    a bug; the place of its record is shown\n"
        "2    wrong command or configuration: correct it\n"
        "3    done, but some items failed; or numbered and not yet sent: read the list\n"
        "4    a signature is INVALID: do not accept the document\n"
        "5    forbidden by a rule or the document's state: look at the document\n"
        "6    unreachable (server, time stamp authority, token, disk): nothing was changed, run again\n"
        "7    a person must look: unsigned, trust unknown, delivery unsure\n"
        "8    another run is working for this office: wait (--wait SECONDS)\n"
        "130  interrupted: the same command goes on where it stopped\n"
        "\n"
        "Several files: the worst of them, in the order 1, 4, 5, 2, 6, 7, 3. With --json “ok” is true exactly for 0."
    )


def _shipped(name: str) -> str:
    """Return a text that lies in the package once installed (pyproject.toml), and in the project's folder before."""
    package = Path(vanthu_cli.__file__).parent
    places = (package / Path(name).name, package.parents[1] / name)
    return next(place for place in places if place.is_file()).read_text("utf-8")


def _procedures() -> str:
    return _(
        "In the morning     vanthu batch            fetch, remind, close yesterday (cron runs it: vanthu help batch)\n"
        "                   vanthu status           what waits, most urgent first; vanthu alone does the same\n"
        "What arrived       vanthu inbox list       vanthu inbox show ID\n"
        "                   vanthu inbox accept ID  into the register; the sender gets a receipt\n"
        "                   vanthu inbox refuse ID --reason “…”\n"
        "On paper           vanthu register add --book den …\n"
        "Outgoing           vanthu prepare cong-van.docx          the copy that the leader signs\n"
        "                   vanthu sign-send cong-van.pdf --to SNV   number, seal, register, send\n"
        "                   vanthu send ID          send on what still waits; --remind\n"
        "Taken back         vanthu recall ID, correct ID, replace ID\n"
        "Session papers     vanthu sign-send … --session KH05; vanthu paper list\n"
        "Books              vanthu register search, export, close-day, audit\n"
        "Dossiers           vanthu dossier new, add, show, export, hand-over\n"
        "Once a week        vanthu backup --out FOLDER; vanthu doctor\n"
        "Each quarter       vanthu report --quarter 2026-4 --out bao-cao.xlsx; vanthu archive check"
    )


def _batch() -> str:
    return _(
        "vanthu batch does what needs no person: it fetches, accepts by rule if [accept] automatic says so, sends what a person has\n"
        "sealed, answers, reminds, closes the days that are past, and reads a part of the cabinet again. It signs nothing with a\n"
        "person's or the office's key and asks nothing. When nothing happened it says nothing; otherwise failures first.\n"
        "\n"
        "vanthu batch --print-cron       the line for crontab\n"
        "vanthu batch --print-systemd    service and timer\n"
        "vanthu batch --print-schtasks   the command for Windows' Task Scheduler\n"
        "\n"
        "With --mail-report ADDRESS the summary is mailed, without subjects. “vanthu status” and “vanthu doctor” tell when the last run\n"
        "failed or is more than a day ago."
    )


def _axis() -> str:
    return _(
        "In config.toml, with what the administrator of the axis (LGSP, VDXP) gave you:\n"
        "  [channels.axis]\n"
        '  kind = "axis"\n'
        '  network = "internet"\n'
        '  address = "H23.01"              the office\'s own identifier\n'
        '  url = "https://…"               the adapter; http only within the office\'s own network\n'
        '  system = "…"                    the system id\n'
        '  secret = "keyring:vanthu/axis"  where its secret is\n'
        "\n"
        "Who is reached there: vanthu directory add CODE --axis IDENTIFIER. Then vanthu doctor.\n"
        "fetch, sign-send, send, recall and batch go there as they go to mailboxes; send to one by its code.\n"
        "Packages by hand: vanthu edxml show, check, make; vanthu fetch --folder DIR takes .edxml files.\n"
        "\n"
        "A package that is not in order lies in quarantine, and the axis is told that it failed: ask for it again.\n"
        "To see it work, with a simulator of the axis: vanthu demo truc --axis"
    )


def _files() -> str:
    return _(
        "data/register.sqlite      the books; never delete the -wal and -shm files beside it\n"
        "data/cabinet/             every document and message, named by its SHA-256, never changed\n"
        "data/quarantine/          messages with secrecy marks, for the officer in charge\n"
        "data/intake/              what was brought and not yet taken in; the next run does that\n"
        "data/closings/            signed files of closed days: keep copies on another machine\n"
        "data/register-key.p12     the register's own key: guard it as the register\n"
        "data/log/                 a file a month, kept twelve months: which command ran when and how it ended\n"
        "data/machine              the machine that this office works on (vanthu init --move-here)\n"
        "data/cache/               may be deleted\n"
        "trust/                    the CA certificates that this office believes\n"
        "\n"
        "vanthu backup saves all of it in one file, but not the quarantine and not the keys of persons and office."
    )


def _completion() -> str:
    return _(
        "Bash: add this line to ~/.bashrc\n"
        '    eval "$(_VANTHU_COMPLETE=bash_source vanthu)"\n'
        "Zsh, ~/.zshrc:\n"
        '    eval "$(_VANTHU_COMPLETE=zsh_source vanthu)"\n'
        "Fish, ~/.config/fish/completions/vanthu.fish:\n"
        "    _VANTHU_COMPLETE=fish_source vanthu | source\n"
        "\n"
        "Tab then offers commands and options, numbers of documents, codes of agencies, names of channels and keys."
    )
