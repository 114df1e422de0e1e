"""Calendars of England as versioned evidence, and counting in them, forward and back (CAL-1 … CAL-10)."""

from __future__ import annotations

import calendar as months
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from importlib import resources
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from domain.toml_files import BadToml, read_toml

LONDON = ZoneInfo("Europe/London")
CUSTOMARY_DAYS = 8
"""How many bank holidays England has in an ordinary year: with so many, a year is listed in full."""

ONE_DAY = timedelta(days=1)


class BeyondCalendar(LookupError):
    """A day outside the years a calendar covers. It says so, rather than guess whether somebody worked on it (CAL-7)."""


class BadCalendar(ValueError):
    """A calendar file that cannot be used: the sentence names the file, the row and the reason."""


class Day(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a clock's arithmetic: the day counted as the n-th, or skipped and why."""

    date: date
    count: int | None = None
    skipped: str | None = None


@dataclass(frozen=True, eq=False)
class Calendar:
    """The bank holidays of England as one edition knows them, by date and name. Covers whole years, `first` to `last`.

    A working day is Monday to Friday and no bank holiday; a council's own closing days are working days (CAL-1).
    """

    edition: str
    source: str
    holidays: Mapping[date, str]
    first: int
    last: int
    proclaimed_to: int | None = None
    known_on: date | None = None

    def is_working_day(self, day: date) -> bool:
        """Whether the day counts."""
        self._covered(day)
        return day.weekday() < 5 and day not in self.holidays

    def add(self, day: date, n: int) -> date:
        """The n-th working day after `day`: `day` is day 0 whatever it is, so 0 is the day itself (CAL-3, CAL-9)."""
        if n == 0:
            return day
        return self._nth(self._upto(day) + n, day, n)

    def before(self, day: date, n: int) -> date:
        """The n-th working day before `day`, `day` itself not counted (CAL-5)."""
        if n == 0:
            return day
        eve = day - ONE_DAY if day > date.min else day
        return self._nth(self._upto(eve) - n + 1, day, -n)

    def working_days_between(self, after: date, until: date) -> int:
        """How many working days lie after the one day, up to and including the other (CAL-6)."""
        return max(0, self._upto(until) - self._upto(after)) if until > after else 0

    def arithmetic(self, day: date, n: int) -> tuple[Day, ...]:
        """How `add` (n > 0) or `before` (n < 0) counted, day by day, for somebody who wants to check it."""
        if n == 0:
            return (Day(day, count=0),)
        step = ONE_DAY if n > 0 else -ONE_DAY
        end = self.add(day, n) if n > 0 else self.before(day, -n)
        return tuple(self._counted(day, end, step))

    def _counted(self, day: date, end: date, step: timedelta) -> Iterator[Day]:
        count = 0
        while day != end:
            day += step
            if self.is_working_day(day):
                count += 1
                yield Day(day, count=count)
            else:
                yield Day(day, skipped=self.holidays.get(day) or f"{day:%A}")

    @cached_property
    def _working(self) -> list[date]:
        """Every working day of the covered years, in order: counting is looking up a place in it."""
        start, end = date(self.first, 1, 1), date(self.last, 12, 31)
        days = (start + timedelta(days=i) for i in range((end - start).days + 1))
        return [day for day in days if day.weekday() < 5 and day not in self.holidays]

    def _upto(self, day: date) -> int:
        self._covered(day)
        return bisect_right(self._working, day)

    def _nth(self, n: int, day: date, distance: int) -> date:
        if not 1 <= n <= len(self._working):
            towards = "after" if distance > 0 else "before"
            raise BeyondCalendar(
                f"The calendar {self.edition} covers {self.first} to {self.last}, "
                f"which does not reach {abs(distance)} working days {towards} {said(day)} (CAL-7)."
            )
        return self._working[n - 1]

    def _covered(self, day: date) -> None:
        if not self.first <= day.year <= self.last:
            raise BeyondCalendar(
                f"The calendar {self.edition} covers {self.first} to {self.last}; "
                f"it does not say whether {said(day)} is a working day (CAL-7)."
            )


def said(day: date) -> str:
    """`Monday 19 September 2022`."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def london_date(at: datetime) -> date:
    """The day it was in London at that instant: what is sent at 23:20 UTC in August arrives the next day (CAL-2)."""
    if at.tzinfo is None:
        raise ValueError("An instant needs its offset from UTC: without it nobody can say which day it was in London (CAL-2).")
    return at.astimezone(LONDON).date()


def months_after(day: date, n: int) -> date:
    """The corresponding date n months on, or the last day of that month where it has none; never rolled (CAL-4)."""
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


# --- adopting an edition


def adopted(edition: str, source: str, dates: Iterable[date], before: Calendar | None = None) -> Calendar:
    """The calendar once an edition is adopted on top of the one in force before it.

    A year that the new edition lists in full (eight days or more) is replaced by it. A year it lists only in part adds to
    what was in force, so that a single day proclaimed late can be adopted alone. A year it leaves out stays as it was.
    Years listed in full next to those covered extend what is covered.
    """
    listed: dict[int, set[date]] = {}
    for day in dates:
        listed.setdefault(day.year, set()).add(day)
    full = {year for year, days in listed.items() if len(days) >= CUSTOMARY_DAYS}
    kept = {day: name for day, name in before.holidays.items() if day.year not in full} if before else {}
    named = {day: _name(day, before) for days in listed.values() for day in days}
    first, last = (before.first, before.last) if before else _longest_run(full)
    while first - 1 in full:
        first -= 1
    while last + 1 in full:
        last += 1
    return Calendar(edition, source, dict(sorted((kept | named).items())), first, last)


def weekend_days(dates: Iterable[date]) -> tuple[str, ...]:
    """Sentences on dates that no bank holiday can have: on a weekend its substitute day is the holiday."""
    return tuple(
        f"{said(day)} is on a weekend: the weekday given in its place is the bank holiday (CAL-1)."
        for day in sorted(set(dates))
        if day.weekday() > 4
    )


def _longest_run(years: set[int]) -> tuple[int, int]:
    if not years:
        raise BeyondCalendar("The first calendar of a store lists at least one year in full: eight bank holidays or more (CAL-7).")
    runs = ((year, next(last for last in range(year, max(years) + 1) if last + 1 not in years)) for year in years if year - 1 not in years)
    return max(runs, key=lambda run: (run[1] - run[0], run[1]))


def _name(day: date, before: Calendar | None) -> str:
    """The name under which a calendar here knows the day; an edition in the store lists dates alone."""
    known = [*([before] if before else []), *[*SHIPPED.values()][::-1]]
    return next((calendar.holidays[day] for calendar in known if day in calendar.holidays), "Bank holiday")


# --- the editions that come with this software


class _File(BaseModel):
    """The rows of `calendars/*.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    edition: str
    source: str
    known_on: date
    proclaimed_to: int
    customary: Annotated[tuple[str, ...], Field(min_length=CUSTOMARY_DAYS, max_length=CUSTOMARY_DAYS)]
    years: dict[int, Annotated[tuple[date, ...], Field(min_length=CUSTOMARY_DAYS, max_length=CUSTOMARY_DAYS)]]
    besides: dict[date, str]

    @model_validator(mode="after")
    def _days_stand_where_they_belong(self) -> _File:
        if weekend := weekend_days([*self.besides, *(day for days in self.years.values() for day in days)]):
            raise ValueError(" ".join(weekend))
        for year, days in self.years.items():
            if strangers := [day for day in days if day.year != year]:
                raise ValueError(f"row {year} holds {said(strangers[0])}, a day of another year")
            if len({*days}) < len(days) or {*days} & {*self.besides}:
                raise ValueError(f"a day of row {year} is named twice")
        if sorted(self.years) != list(range(min(self.years), max(self.years) + 1)):
            raise ValueError("a year between the first and the last is missing")
        return self

    def calendar(self) -> Calendar:
        holidays = dict(self.besides)
        for days in self.years.values():
            for day, name in zip(days, self.customary, strict=True):
                holidays[day] = f"{name} (substitute day)" if _substituted(day, name) else name
        first, last = min(self.years), max(self.years)
        return Calendar(self.edition, self.source, dict(sorted(holidays.items())), first, last, self.proclaimed_to, self.known_on)


FIXED = {"New Year's Day": (1, 1), "Christmas Day": (12, 25), "Boxing Day": (12, 26)}


def _substituted(day: date, name: str) -> bool:
    return name in FIXED and (day.month, day.day) != FIXED[name]


def read_calendar(name: str, content: str) -> Calendar:
    """A calendar from the text of its file.

    Raises:
        BadCalendar: with the file, the row and the reason.
    """
    try:
        return _File.model_validate(read_toml(content)).calendar()
    except BadToml as error:
        raise BadCalendar(f"{name} is no TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        row = ", ".join(str(part) for part in first["loc"]) or "the file as a whole"
        raise BadCalendar(f"{name}, {row}: {first['msg']}.") from error


def _shipped() -> dict[str, Calendar]:
    files = sorted((file for file in resources.files("domain").joinpath("calendars").iterdir() if file.name.endswith(".toml")), key=str)
    calendars = [read_calendar(file.name, file.read_text("utf-8")) for file in files]
    return {calendar.edition: calendar for calendar in sorted(calendars, key=lambda calendar: calendar.known_on or date.min)}


SHIPPED: Mapping[str, Calendar] = _shipped()
"""The calendars that come with this software, by edition, oldest first. Read once, when the program starts."""

NEWEST: Calendar = [*SHIPPED.values()][-1]
"""The calendar a new store adopts."""
