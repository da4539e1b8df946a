"""What the shell offers at Tab: documents, agencies, channels and keys of the office, read without opening anything for writing.

Whatever goes wrong here offers nothing: a Tab is no place for an error.
"""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vanthu_cli.config.load import find, load
from vanthu_cli.config.settings import Config
from vanthu_cli.document.text import shown

_MOST = 30

Offered = list[tuple[str, str]]


def _offering(offer: Callable[[Config, str], Iterator[tuple[str, str]]]) -> Callable[[Any, str], Offered]:
    def offered(ctx: Any, incomplete: str) -> Offered:
        with contextlib.suppress(Exception):
            named = ctx.find_root().params.get("config_file")
            config = load(find(Path(named) if named else None))
            return [(name, shown(about)) for name, about in offer(config, incomplete)]
        return []

    return offered


@contextlib.contextmanager
def _book(config: Config) -> Iterator[Any]:
    from vanthu_cli.procedures.desk import register_file
    from vanthu_cli.register.audit import opened
    from vanthu_cli.register.book import Book

    with opened(register_file(config)) as connection:
        yield Book(connection, "", datetime.now(UTC))


@_offering
def documents(config: Config, incomplete: str) -> Iterator[tuple[str, str]]:
    """Offer numbers that begin so, the newest first; nothing typed: the newest documents of all."""
    from vanthu_cli.register import finding

    with _book(config) as book:
        for each in finding.search(book, incomplete.lstrip("0"), limit=_MOST).documents:
            name = each.name if each.direction == "out" else str(each.id)
            if name.startswith(incomplete):
                yield name, f"{each.name} {each.subject or ''}"


@_offering
def waiting(config: Config, incomplete: str) -> Iterator[tuple[str, str]]:
    """Offer what is in the inbox."""
    from vanthu_cli.register import finding
    from vanthu_cli.register.finding import Filter

    with _book(config) as book:
        for each in finding.listing(book, Filter(direction="in", states=["waiting"]), limit=_MOST):
            if str(each.id).startswith(incomplete):
                yield str(each.id), f"{each.name} {each.agency or each.sender or ''}"


@_offering
def agencies(config: Config, incomplete: str) -> Iterator[tuple[str, str]]:
    from vanthu_cli.register import directory

    with _book(config) as book:
        for each in directory.agencies(book):
            if each.code.lower().startswith(incomplete.lower()):
                yield each.code, each.name


@_offering
def owed(config: Config, incomplete: str) -> Iterator[tuple[str, str]]:
    """Offer the documents whose paper originals are owed or due."""
    from vanthu_cli.register import deliveries
    from vanthu_cli.register import documents as register

    with _book(config) as book:
        for identity in dict.fromkeys(row["document"] for row in deliveries.paper_owed(book)):
            each = register.get(book, identity)
            if str(identity).startswith(incomplete):
                yield str(identity), f"{each.name} {each.subject or ''}"


def one_of(*words: str) -> Callable[[str], Offered]:
    """Offer fixed words."""
    return lambda incomplete: [(word, "") for word in words if word.startswith(incomplete)]


@_offering
def channels(config: Config, incomplete: str) -> Iterator[tuple[str, str]]:
    yield from ((name, each.address) for name, each in config.channels.items() if name.startswith(incomplete))


@_offering
def keys(config: Config, incomplete: str) -> Iterator[tuple[str, str]]:
    yield from ((name, each.role) for name, each in config.keys.items() if name.startswith(incomplete))
