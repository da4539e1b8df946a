"""The language of the sentences: Vietnamese first, English second (GNU gettext).

Lowest floor, imports nothing. English sentences in the code are the keys; `vi.po` beside this file holds
the Vietnamese, `vi.mo` is its compiled form (a test compares them). JSON keys and error codes are never translated.
"""

import gettext
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_current: gettext.NullTranslations = gettext.NullTranslations()


def use(language: str) -> None:
    """Choose "vi" or "en" for every sentence from now on."""
    global _current  # noqa: PLW0603  one language a run, like the C locale; chosen once in main()
    _current = _vietnamese() if language == "vi" else gettext.NullTranslations()


@cache
def _vietnamese() -> gettext.GNUTranslations:
    """Read the catalogue once: it takes 10 ms, and each letter speaks Vietnamese for a moment."""
    with (_HERE / "vi.mo").open("rb") as catalogue:
        return gettext.GNUTranslations(catalogue)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak another language for a while: letters are Vietnamese, whatever the clerk's screen says."""
    global _current  # noqa: PLW0603  as in use()
    before = _current
    use(language)
    try:
        yield
    finally:
        _current = before


def language() -> str:
    """Return the language in use: "vi" or "en"."""
    return "vi" if isinstance(_current, gettext.GNUTranslations) else "en"


def wanted(arguments: list[str]) -> str:
    """Return the language of this run: `--lang`, then VANTHU_LANG, then Vietnamese."""
    chosen = os.environ.get("VANTHU_LANG", "vi")
    for position, argument in enumerate(arguments):
        if argument == "--lang" and position + 1 < len(arguments):
            chosen = arguments[position + 1]
        elif argument.startswith("--lang="):
            chosen = argument.removeprefix("--lang=")
    return "en" if chosen == "en" else "vi"


def _(sentence: str) -> str:
    return _current.gettext(sentence)
