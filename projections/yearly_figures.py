"""The yearly figures: against every clock the median and the worst time, and which were late (QA-14).

A clock is of the year in which it was due; one that has no day, of the year that it counts from. What was superseded or cancelled is
not counted, nor what only runs out. The local and the national fifteen days of a rapid review are two clocks, and stay apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from statistics import median
from typing import Any, NamedTuple

import msgspec

from domain.clock import Clock
from domain.guidance import EDITIONS
from domain.working_days import SHIPPED, BeyondCalendar, Calendar
from projections import paging
from projections.board import BoardRow, board_page, chosen
from projections.paging import AsyncConnection, Page
from projections.view import Fault

MEASURED = {
    "working-days": "working days from the day counted from",
    "working-days-before": "working days ahead of the day counted back from",
    "set-date": "working days past the date set, below nought before it",
    "months": "days from the day counted from",
    "same-day": "days from the day counted from",
    "none": "days from the day counted from; no time is set",
}
"""What the time of a clock is, by its unit."""

_FULLEST_FIRST = sorted(EDITIONS.values(), key=lambda edition: -len(edition.clocks))
ORDER = {name: n for n, name in enumerate(dict.fromkeys(row.due for edition in _FULLEST_FIRST for row in edition.clocks))}
"""The order in which clocks are told: that of the procedure that has most of them."""


class Figures(msgspec.Struct, frozen=True):
    """One clock in a year: how many there were, how they ended, and how long they took. `worst` is of those that were done."""

    clock: str
    measured: str
    clocks: int
    on_time: int
    late: int
    overdue: int
    running: int
    no_time_set: int
    median: float | None
    worst: int | None


class Year(NamedTuple):
    """The figures of a year, and the clocks that were late or are overdue. `position` is the place in the log it is true at."""

    figures: list[Figures]
    late: list[BoardRow]
    position: int
    fault: Fault | None


def time_of(clock: Clock, calendars: Mapping[str, Calendar]) -> int | None:
    """How long it took, as `MEASURED` says; None where it is not done, or the calendar does not reach."""
    start, done = clock.set_for or clock.since, clock.done
    if done is None or start is None:
        return None
    calendar = calendars.get(clock.calendar) or SHIPPED.get(clock.calendar)
    try:
        match clock.within.unit:
            case "working-days":
                return calendar.working_days_between(start, done) if calendar else None
            case "working-days-before":
                return calendar.working_days_between(done, start) if calendar else None
            case "set-date":
                past = calendar.working_days_between(start, done) if calendar else None
                return past if not calendar or done >= start else -calendar.working_days_between(done, start)
            case _:
                return (done - start).days
    except BeyondCalendar:
        return None


def figures_of(rows: Iterable[BoardRow], calendars: Mapping[str, Calendar]) -> list[Figures]:
    """The figures of these clocks, in the order of the procedures."""
    by_clock: dict[str, list[BoardRow]] = {}
    for row in rows:
        by_clock.setdefault(row.clock.clock, []).append(row)
    return [_figures(name, by_clock[name], calendars) for name in sorted(by_clock, key=lambda name: (ORDER.get(name, len(ORDER)), name))]


def _figures(name: str, rows: Sequence[BoardRow], calendars: Mapping[str, Calendar]) -> Figures:
    verdicts = [row.judged.verdict for row in rows]
    times = [time for row in rows if (time := time_of(row.clock, calendars)) is not None]
    unit = rows[0].clock.within.unit
    worst = min if unit == "working-days-before" else max
    return Figures(
        clock=name,
        measured=MEASURED[unit],
        clocks=len(rows),
        on_time=verdicts.count("on-time"),
        late=verdicts.count("late"),
        overdue=verdicts.count("overdue"),
        running=verdicts.count("running"),
        no_time_set=verdicts.count("elapsed"),
        median=float(median(times)) if times else None,
        worst=worst(times) if times else None,
    )


async def yearly_figures(
    connection: AsyncConnection,
    year: int,
    *,
    today: date,
    calendars: Mapping[str, Calendar],
    partnership: str | None = None,
    as_of: datetime | None = None,
) -> Year:
    """The figures of a year, as known now or `as_of` an instant, judged on `today`; of one partnership, or of all.

    Raises:
        NotMade.
    """
    asked: dict[str, Any] = {"today": today, "calendars": calendars, "partnership": partnership, "as_of": as_of}
    found = await rows_of_year(connection, year, cursor=None, limit=paging.MOST, **asked)
    rows = found.items
    while found.next is not None:
        found = await rows_of_year(connection, year, cursor=found.next, limit=paging.MOST, **asked)
        rows += found.items
    return year_of(rows, year, calendars, found.position, found.fault)


async def rows_of_year(
    connection: AsyncConnection, year: int, *, today: date, calendars: Mapping[str, Calendar], cursor: str | None, limit: int, **which: Any
) -> Page[BoardRow]:
    """A page of the clocks that may be of a year, for whoever counts only some of them. `which`: as `chosen` takes it."""
    where = chosen(**which)
    where.conditions.append("rank < 3")
    where.also("(due IS NULL OR due BETWEEN %(first)s AND %(last)s)", first=date(year, 1, 1), last=date(year, 12, 31))
    return await board_page(connection, where, where.digest(), cursor, limit, today, calendars)


def year_of(rows: Iterable[BoardRow], year: int, calendars: Mapping[str, Calendar], position: int, fault: Fault | None) -> Year:
    """The figures of a year, of these clocks."""
    counted = [row for row in rows if _of(row.clock, year)]
    late = [row for row in counted if row.judged.verdict in ("late", "overdue")]
    late.sort(key=lambda row: (ORDER.get(row.clock.clock, len(ORDER)), row.clock.due or date.max, row.case))
    return Year(figures_of(counted, calendars), late, position, fault)


def _of(clock: Clock, year: int) -> bool:
    day = clock.due or clock.set_for or clock.since
    return day is not None and day.year == year and not clock.within.runs_out


# --- small numbers


PARTS = ("on_time", "late", "overdue", "running", "no_time_set")


class Protected(msgspec.Struct, frozen=True, omit_defaults=True):
    """What those are told of one clock in a year who see totals only: nothing, how many, or also how they ended."""

    clock: str
    measured: str
    clocks: int | None = None
    parts: dict[str, int] | None = None
    median: float | None = None


def protected(whole: Figures, by_partnership: Iterable[Figures], below: int) -> Protected:
    """The figures of a clock with nothing in them that counts one to four (R-23), be it by subtracting one answer from another.

    `by_partnership` are the figures that `whole` adds up, each of which may be asked for by itself; of one partnership, itself alone.
    What is told: how many, where there are five and in no partnership one to four; how they ended, where no part is one to four
    either; the median, where that is told and five were done. The worst is one case, and never told.
    """
    apart = [figures for figures in by_partnership if figures.clocks]
    told = Protected(whole.clock, whole.measured)
    if whole.clocks < below or any(figures.clocks < below for figures in apart):
        return told
    if any(0 < getattr(figures, part) < below for figures in (*apart, whole) for part in PARTS):
        return Protected(whole.clock, whole.measured, whole.clocks)
    done = whole.on_time + whole.late
    return Protected(
        whole.clock, whole.measured, whole.clocks, {part: getattr(whole, part) for part in PARTS}, whole.median if done >= below else None
    )
