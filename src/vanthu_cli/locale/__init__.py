"""The language of the sentences: Vietnamese first, English second (GNU gettext).

Lowest floor, imports nothing. English sentences in the code are the keys; `vi.po` beside this file holds
the Vietnamese, `vi.mo` is its compiled form (a test compares them). JSON keys and error codes are never translated.
"""

import gettext
from pathlib import Path

_HERE = Path(__file__).parent
_current: gettext.NullTranslations = gettext.NullTranslations()


def use(language: str) -> None:
    """Choose "vi" or "en" for every sentence from now on."""
    global _current  # noqa: PLW0603  one language a run, like the C locale; chosen once in main()
    if language == "vi":
        with (_HERE / "vi.mo").open("rb") as catalogue:
            _current = gettext.GNUTranslations(catalogue)
    else:
        _current = gettext.NullTranslations()


def _(sentence: str) -> str:
    return _current.gettext(sentence)
