"""A day as people write it: 2026-11-22, or as documents have it, 22/11/2026."""

import re
from datetime import date

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _

_ISO = r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?: 00:00:00)?"  # with a time: a day in Excel
_WRITTEN = r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})"


def parse_day(text: str) -> date:
    """Return the day that is written; `MisuseError` "option.date" if it is none."""
    found = re.fullmatch(_ISO, text.strip())
    written = re.fullmatch(_WRITTEN, text.strip())
    parts = found.groups() if found else written.groups()[::-1] if written else ()
    try:
        year, month, day = map(int, parts)
        return date(year, month, day)
    except ValueError:
        raise MisuseError(
            "option.date", _("“{text}” is not a date such as 2026-11-22 or 22/11/2026.").format(text=text[:40])
        ) from None
