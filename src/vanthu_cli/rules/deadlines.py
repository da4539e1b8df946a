"""Working days: the same day, at the latest the next working day (NĐ 30/2020 Đ4.2.c); receipts the same day (Đ21.2.c).

Tết and the other days that move stand in holidays.toml, which the configuration's [holidays] changes.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from vanthu_cli.config.settings import Holidays

VIETNAM = timezone(timedelta(hours=7))
"""Vietnam has had no other offset since 1975; a fixed zone needs no time zone database."""

_SATURDAY = 5
# Labour Code, Art. 112; what moves from year to year stands in the table.
_FIXED: Collection[tuple[int, int]] = {(1, 1), (30, 4), (1, 5), (2, 9)}


@cache
def _table() -> Mapping[str, frozenset[date]]:
    import tomllib  # commands that only look at the clock need not pay for it

    text = (Path(__file__).parent / "holidays.toml").read_text("utf-8")
    years = tomllib.loads(text).values()
    return {name: frozenset(day for year in years for day in year.get(name, ())) for name in ("off", "work")}


def today(now: datetime) -> date:
    """Return the day in Viet Nam at `now`."""
    return now.astimezone(VIETNAM).date()


def is_working_day(day: date, holidays: Holidays) -> bool:
    """Tell whether a day is worked. The configuration goes before the table, a make-up day before a day off."""
    if day in holidays.work:
        return True
    if day in holidays.off:
        return False
    if day in _table()["work"]:
        return True
    return day.weekday() < _SATURDAY and (day.day, day.month) not in _FIXED and day not in _table()["off"]


def next_working_day(day: date, holidays: Holidays) -> date:
    return working_days_after(day, 1, holidays)


def working_days_after(day: date, count: int, holidays: Holidays) -> date:
    """Return the day that is `count` working days after a day; 0 is the day itself."""
    for _each in range(count):
        day += timedelta(days=1)
        while not is_working_day(day, holidays):
            day += timedelta(days=1)
    return day
