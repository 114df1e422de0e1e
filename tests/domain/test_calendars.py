"""Editions of the calendar: what they list, and what adopting one changes (CAL-1, CAL-7)."""

from __future__ import annotations

from datetime import date

import holidays
import pytest

from domain.working_days import NEWEST, SHIPPED, BadCalendar, BeyondCalendar, adopted, read_calendar, weekend_days

FUNERAL = date(2022, 9, 19)
CORONATION = date(2023, 5, 8)
VE_DAY, EARLY_MAY_2020 = date(2020, 5, 8), date(2020, 5, 4)
JUBILEE, SPRING_2022 = (date(2022, 6, 2), date(2022, 6, 3)), date(2022, 5, 30)


def test_the_newest_lists_every_bank_holiday_of_england():
    """Compared with the holidays library: always with the subdivision, without which Easter Monday would be missing."""
    known = holidays.country_holidays("GB", subdiv="ENG", years=range(NEWEST.first, NEWEST.last + 1))
    assert set(NEWEST.holidays) == {day for day in known if day.weekday() < 5}


@pytest.mark.parametrize(
    ("edition", "not_yet_known", "moved_since"),
    [
        ("england-2018-06", {VE_DAY, *JUBILEE, FUNERAL, CORONATION}, {EARLY_MAY_2020, SPRING_2022}),
        ("england-2019-06", {*JUBILEE, FUNERAL, CORONATION}, {SPRING_2022}),
        ("england-2020-11", {FUNERAL, CORONATION}, set()),
        ("england-2022-09", {CORONATION}, set()),
        ("england-2022-11", set(), set()),
        ("england-2026", set(), set()),
    ],
)
def test_each_edition_knows_what_was_proclaimed_by_then(edition: str, not_yet_known: set[date], moved_since: set[date]):
    listed = set(SHIPPED[edition].holidays)
    assert set(NEWEST.holidays) - listed == not_yet_known
    assert listed - set(NEWEST.holidays) == moved_since


def test_every_edition_says_where_it_is_from_and_from_when_it_is_computed_by_rule():
    assert [*SHIPPED][-1] == NEWEST.edition
    for calendar in SHIPPED.values():
        assert "GOV.UK" in calendar.source
        assert (calendar.first, calendar.last) == (2000, 2035)
        assert calendar.proclaimed_to is not None
        assert calendar.known_on is not None
        assert calendar.known_on.year < calendar.proclaimed_to < calendar.last


def test_a_substitute_day_is_named_as_one():
    assert NEWEST.holidays[date(2022, 12, 27)] == "Christmas Day (substitute day)"
    assert NEWEST.holidays[date(2022, 12, 26)] == "Boxing Day"
    assert NEWEST.holidays[date(2023, 4, 7)] == "Good Friday"


# --- adopting


def test_a_single_day_proclaimed_late_is_adopted_alone():
    before = SHIPPED["england-2020-11"]
    after = adopted("state-funeral", "proclamation of 10 September 2022", [FUNERAL], before)
    assert set(after.holidays) - set(before.holidays) == {FUNERAL}
    assert after.holidays[FUNERAL] == "State Funeral of Queen Elizabeth II"
    assert (after.first, after.last) == (before.first, before.last)


def test_a_year_listed_in_full_takes_the_place_of_that_year():
    before = SHIPPED["england-2018-06"]
    dates = [day for day in NEWEST.holidays if day.year == 2020]
    after = adopted("ve-day", "announcement of 7 June 2019", dates, before)
    assert EARLY_MAY_2020 not in after.holidays
    assert VE_DAY in after.holidays
    assert {day for day in after.holidays if day.year != 2020} == {day for day in before.holidays if day.year != 2020}


def test_the_next_year_in_full_extends_what_is_covered():
    years = [(2036, 1, 1), (2036, 4, 11), (2036, 4, 14), (2036, 5, 5), (2036, 5, 26), (2036, 8, 25), (2036, 12, 25), (2036, 12, 26)]
    after = adopted("with-2036", "GOV.UK", [date(*day) for day in years], NEWEST)
    assert after.last == 2036
    assert after.add(date(2036, 4, 10), 1) == date(2036, 4, 15)
    assert adopted("in-part", "GOV.UK", [date(2036, 1, 1)], NEWEST).last == 2035


def test_the_first_calendar_of_a_store_needs_a_year_in_full():
    assert set(adopted(NEWEST.edition, NEWEST.source, NEWEST.holidays).holidays) == set(NEWEST.holidays)
    with pytest.raises(BeyondCalendar, match="at least one year in full"):
        adopted("too-little", "somewhere", [FUNERAL])


def test_a_date_on_a_weekend_is_told():
    assert weekend_days([FUNERAL]) == ()
    assert weekend_days([date(2027, 12, 25), FUNERAL]) == (
        "Saturday 25 December 2027 is on a weekend: the weekday given in its place is the bank holiday (CAL-1).",
    )


# --- files with errors


def file(**changes: str) -> str:
    """A small calendar file, with some of its lines changed."""
    lines = {
        "edition": 'edition = "small"',
        "source": 'source = "a test"',
        "known_on": "known_on = 2026-01-01",
        "proclaimed_to": "proclaimed_to = 2026",
        "customary": 'customary = ["1 January", "Good Friday", "Easter Monday", "May", "Spring", "Summer", "Christmas Day", "Boxing Day"]',
        "years": "[years]",
        "2026": "2026 = [2026-01-01, 2026-04-03, 2026-04-06, 2026-05-04, 2026-05-25, 2026-08-31, 2026-12-25, 2026-12-28]",
        "besides": "[besides]",
        **changes,
    }
    return "\n".join(lines.values())


def test_a_sound_file_is_read():
    assert read_calendar("small.toml", file()).add(date(2026, 4, 2), 1) == date(2026, 4, 7)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"edition": "edition = "}, "small.toml is no TOML"),
        ({"source": ""}, "small.toml, source: Field required"),
        ({"2026": "2026 = [2026-01-01]"}, "small.toml, years, 2026"),
        ({"besides": "[besides]\n2026-06-06 = 'A Saturday'"}, "Saturday 6 June 2026 is on a weekend"),
        ({"besides": "[besides]\n2026-05-04 = 'Twice'"}, "a day of row 2026 is named twice"),
        (
            {"2026": "2025 = [2026-01-01, 2026-04-03, 2026-04-06, 2026-05-04, 2026-05-25, 2026-08-31, 2026-12-25, 2026-12-28]"},
            "row 2025 holds Thursday 1 January 2026",
        ),
    ],
)
def test_a_file_with_an_error_is_refused_with_its_row_and_the_reason(changes: dict[str, str], told: str):
    with pytest.raises(BadCalendar) as refused:
        read_calendar("small.toml", file(**changes))
    assert told in str(refused.value)
