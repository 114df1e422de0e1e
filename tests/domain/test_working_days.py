"""Counting in working days and months (CAL-1 … CAL-6)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.working_days import NEWEST, SHIPPED, BeyondCalendar, Calendar, Day, london_date, months_after

DAYS = st.dates(date(2015, 1, 1), date(2034, 12, 31))
COUNTS = st.integers(1, 60)
BEFORE_THE_FUNERAL = SHIPPED["england-2020-11"]


def with_holiday(day: date) -> Calendar:
    return Calendar("with one more", "a test", {**NEWEST.holidays, day: "One more"}, NEWEST.first, NEWEST.last)


@pytest.mark.parametrize(
    ("day", "n", "due"),
    [
        (date(2022, 12, 22), 5, date(2023, 1, 3)),
        (date(2022, 12, 23), 15, date(2023, 1, 18)),
        (date(2023, 12, 23), 1, date(2023, 12, 27)),
        (date(2022, 4, 13), 1, date(2022, 4, 14)),
        (date(2022, 4, 14), 1, date(2022, 4, 19)),
        (date(2022, 9, 16), 2, date(2022, 9, 21)),
        (date(2022, 6, 1), 5, date(2022, 6, 10)),
        (date(2021, 4, 1), 5, date(2021, 4, 12)),
    ],
)
def test_within_so_many_working_days(day: date, n: int, due: date):
    assert NEWEST.add(day, n) == due
    assert NEWEST.working_days_between(day, due) == n


def test_so_many_working_days_before():
    assert NEWEST.before(date(2026, 1, 8), 7) == date(2025, 12, 29)


@pytest.mark.parametrize(
    ("day", "months", "due"),
    [
        (date(2022, 8, 30), 6, date(2023, 2, 28)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2023, 11, 30), 3, date(2024, 2, 29)),
        (date(2024, 8, 30), 6, date(2025, 2, 28)),
        (date(2024, 12, 31), 12, date(2025, 12, 31)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
    ],
)
def test_months_go_to_the_corresponding_date_and_never_roll(day: date, months: int, due: date):
    assert months_after(day, months) == due


@given(DAYS, st.integers(0, 36))
def test_months_agree_with_dateutil(day: date, n: int):
    from dateutil.relativedelta import relativedelta

    assert months_after(day, n) == day + relativedelta(months=n)


def test_closing_days_of_a_council_are_working_days_and_scottish_holidays_too():
    assert NEWEST.is_working_day(date(2024, 12, 24))
    assert NEWEST.is_working_day(date(2024, 12, 30))
    assert NEWEST.is_working_day(date(2024, 1, 2))


def test_an_evening_message_in_summer_arrives_the_next_day():
    assert london_date(datetime(2024, 8, 7, 23, 20, tzinfo=UTC)) == date(2024, 8, 8)
    assert london_date(datetime(2024, 12, 7, 23, 20, tzinfo=UTC)) == date(2024, 12, 7)
    with pytest.raises(ValueError, match="offset"):
        london_date(datetime(2024, 8, 7, 23, 20))  # noqa: DTZ001  # without an offset on purpose


def test_the_arithmetic_names_each_day_skipped():
    assert NEWEST.arithmetic(date(2022, 9, 16), 2) == (
        Day(date(2022, 9, 17), skipped="Saturday"),
        Day(date(2022, 9, 18), skipped="Sunday"),
        Day(date(2022, 9, 19), skipped="State Funeral of Queen Elizabeth II"),
        Day(date(2022, 9, 20), count=1),
        Day(date(2022, 9, 21), count=2),
    )
    assert NEWEST.arithmetic(date(2022, 9, 16), 0) == (Day(date(2022, 9, 16), count=0),)
    backward = NEWEST.arithmetic(date(2026, 1, 8), -7)
    assert [day.skipped for day in backward if day.skipped] == ["Sunday", "Saturday", "New Year's Day"]


def test_a_calendar_that_did_not_yet_know_counts_otherwise():
    assert BEFORE_THE_FUNERAL.add(date(2022, 9, 16), 2) == date(2022, 9, 20)


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(2036, 1, 1)])
def test_past_the_covered_years_it_says_so(day: date):
    for ask in (NEWEST.is_working_day, lambda day: NEWEST.add(day, 1), lambda day: NEWEST.before(day + timedelta(1), 1)):
        with pytest.raises(BeyondCalendar, match=r"england-2026 covers 2000 to 2035; it does not say whether .* is a working day"):
            ask(day)


def test_a_count_that_would_leave_the_calendar_says_so():
    with pytest.raises(BeyondCalendar, match="does not reach 5 working days after Sunday 30 December 2035"):
        NEWEST.add(date(2035, 12, 30), 5)
    with pytest.raises(BeyondCalendar, match="does not reach 7 working days before Wednesday 5 January 2000"):
        NEWEST.before(date(2000, 1, 5), 7)


@given(DAYS, COUNTS)
def test_counted_forward_the_due_date_is_a_working_day_and_so_many_days_on(day: date, n: int):
    due = NEWEST.add(day, n)
    assert NEWEST.is_working_day(due)
    assert due > day
    assert NEWEST.working_days_between(day, due) == n
    counted = NEWEST.arithmetic(day, n)
    assert counted[-1] == Day(due, count=n)
    assert [entry.date for entry in counted] == [day + timedelta(i) for i in range(1, (due - day).days + 1)]


@given(DAYS, COUNTS, st.integers(-30, 120))
def test_one_more_holiday_never_makes_it_earlier(day: date, n: int, distance: int):
    extra = with_holiday(day + timedelta(distance))
    assert extra.add(day, n) >= NEWEST.add(day, n)


@given(DAYS.filter(lambda day: day.year > 2015), COUNTS, st.integers(-120, 30))
def test_counted_backward_one_more_holiday_never_makes_it_later(day: date, n: int, distance: int):
    extra = with_holiday(day + timedelta(distance))
    due = NEWEST.before(day, n)
    assert extra.before(day, n) <= due
    assert NEWEST.is_working_day(due)
    assert due < day
    assert NEWEST.arithmetic(day, -n)[-1] == Day(due, count=n)


@given(DAYS, COUNTS)
def test_forward_and_back_meet(day: date, n: int):
    working = NEWEST.add(day, 1)
    assert NEWEST.before(NEWEST.add(working, n), n) == working
