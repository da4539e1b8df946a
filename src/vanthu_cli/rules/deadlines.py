"""Working days: the same day, at the latest the next working day (NĐ 30/2020 Đ4.2.c); receipts the same day (Đ21.2.c)."""

from collections.abc import Collection
from datetime import date, datetime, timedelta, timezone

from vanthu_cli.config.settings import Holidays

VIETNAM = timezone(timedelta(hours=7))
"""Vietnam has had no other offset since 1975; a fixed zone needs no time zone database."""

_SATURDAY = 5
# Fixed by the Labour Code, Art. 112; Tết, Hùng Vương and swapped days stand in [holidays] of the configuration.
_FIXED: Collection[tuple[int, int]] = {(1, 1), (30, 4), (1, 5), (2, 9)}


def today(now: datetime) -> date:
    """Return the day in Viet Nam at `now`."""
    return now.astimezone(VIETNAM).date()


def is_working_day(day: date, holidays: Holidays) -> bool:
    if day in holidays.work:
        return True
    return day.weekday() < _SATURDAY and (day.day, day.month) not in _FIXED and day not in holidays.off


def next_working_day(day: date, holidays: Holidays) -> date:
    following = day + timedelta(days=1)
    while not is_working_day(following, holidays):
        following += timedelta(days=1)
    return following
