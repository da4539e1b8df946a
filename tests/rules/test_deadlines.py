from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanthu_cli.config.settings import Holidays
from vanthu_cli.rules.deadlines import is_working_day, next_working_day, today, working_days_after

NONE = Holidays()
FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 11, 20) + timedelta(days=n) for n in range(4))
DAYS = st.dates(date(2020, 1, 1), date(2040, 1, 1))
CALENDARS = st.builds(Holidays, st.lists(DAYS, max_size=20).map(tuple), st.lists(DAYS, max_size=20).map(tuple))


def test_saturday_and_sunday_are_no_working_days() -> None:
    assert [is_working_day(day, NONE) for day in (FRIDAY, SATURDAY, SUNDAY, MONDAY)] == [True, False, False, True]
    assert next_working_day(FRIDAY, NONE) == MONDAY


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 4, 30), date(2026, 5, 1), date(2026, 9, 2)])
def test_the_fixed_holidays_come_every_year(day: date) -> None:
    assert day.weekday() < 5
    assert not is_working_day(day, NONE)


def test_the_two_holidays_of_spring_and_the_weekend_are_passed_over() -> None:
    assert next_working_day(date(2026, 4, 29), NONE) == date(2026, 5, 4)


def test_days_off_and_days_worked_stand_in_the_configuration() -> None:
    tet = Holidays(off=tuple(date(2026, 2, 16) + timedelta(days=n) for n in range(5)), work=(date(2026, 2, 28),))
    assert next_working_day(date(2026, 2, 13), tet) == date(2026, 2, 23)
    assert is_working_day(date(2026, 2, 28), tet)
    assert next_working_day(date(2026, 2, 27), tet) == date(2026, 2, 28)


def test_a_make_up_day_wins_over_a_day_off() -> None:
    assert is_working_day(SATURDAY, Holidays(off=(SATURDAY,), work=(SATURDAY,)))


@given(DAYS, CALENDARS)
def test_the_next_working_day_is_the_first_one_after(day: date, holidays: Holidays) -> None:
    following = next_working_day(day, holidays)
    assert following > day
    assert is_working_day(following, holidays)
    between = [day + timedelta(days=n) for n in range(1, (following - day).days)]
    assert not any(is_working_day(each, holidays) for each in between)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 22, 16, 59, 59, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 22, 17, 0, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 22, 20, 0, tzinfo=timezone(timedelta(hours=-5))), date(2026, 11, 23)),
    ],
)
def test_the_day_is_that_of_viet_nam_wherever_the_machine_stands(moment: datetime, day: date) -> None:
    assert today(moment) == day


def test_the_table_knows_tet_and_swapped_days_and_the_office_goes_before_it() -> None:
    assert next_working_day(date(2026, 2, 13), NONE) == date(2026, 2, 23)
    assert is_working_day(date(2026, 8, 22), NONE)  # worked for 31/8
    assert not is_working_day(date(2026, 8, 31), NONE)
    assert is_working_day(date(2026, 8, 31), Holidays(work=(date(2026, 8, 31),)))
    assert not is_working_day(date(2026, 8, 22), Holidays(off=(date(2026, 8, 22),)))


def test_five_working_days_are_counted_over_holidays() -> None:
    assert working_days_after(date(2026, 4, 24), 5, NONE) == date(2026, 5, 6)
    assert working_days_after(date(2026, 4, 26), 0, NONE) == date(2026, 4, 26)
