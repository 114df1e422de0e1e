"""The week on the deadline board: how many clocks are due on each of its days, what was done in it, and what is overdue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, LiteralString, NamedTuple

import msgspec
import psycopg
from psycopg import sql

from domain.working_days import Calendar
from projections.board import BoardRow, board_page, chosen
from projections.deadline_sums import EVERYWHERE, OF_A_WEEK, asked_of
from projections.paging import AsyncConnection, NotMade, Page
from projections.view import Fault

WEEK: LiteralString = """
SELECT b.position,
       CASE WHEN b.fault_position IS NOT NULL THEN json_build_array(b.fault_position, b.fault, b.fault_since)::text END,
       r.clock, r.waits, r.due, r.done, r.clocks
  FROM projections.builds b
  LEFT JOIN LATERAL (
      SELECT clock, rank = 0 AS waits, CASE WHEN next_on >= least(%(first)s, %(today)s) THEN next_on END AS due, done,
             count(*)::int AS clocks
        FROM projections.deadlines
       WHERE {conditions}
         AND {in_the_week}
       GROUP BY 1, 2, 3, 4
  ) r ON true
 WHERE b.live AND b.view = 'deadlines'
"""
"""Clocks that wait and are due by the end of the week or overdue, and those done or due in it: so many of each, by their days."""

IN_THE_WEEK: LiteralString = (
    "(rank = 0 AND next_on <= greatest(%(last)s, %(today)s)"
    " OR rank = 2 AND due IS NOT NULL AND (done BETWEEN %(first)s AND %(last)s OR due BETWEEN %(first)s AND %(last)s))"
)

SUMS_ASKED: LiteralString = """
SELECT b.position,
       CASE WHEN b.fault_position IS NOT NULL THEN json_build_array(b.fault_position, b.fault, b.fault_since)::text END,
       r.what, r.day, r.clock, r.clocks
  FROM projections.builds b LEFT JOIN LATERAL ({sums}) r ON true
 WHERE b.live AND b.view = 'deadlines'
"""
"""The same from the sums that are kept."""


class Counted(msgspec.Struct, omit_defaults=False):
    """How many: `due` in the week and still waited for, `overdue` on the day that is asked about, done `on_time` and `late` in it.

    What was due earlier in the week and is still waited for is both due in it and overdue.
    """

    due: int = 0
    overdue: int = 0
    on_time: int = 0
    late: int = 0


class Week(NamedTuple):
    """The counts of a week, Monday to Sunday: altogether, by day and by clock. `position` is the place in the log it is true at."""

    first: date
    last: date
    today: date
    counts: Counted
    days: dict[date, Counted]
    clocks: dict[str, Counted]
    position: int
    fault: Fault | None

    def item(self) -> dict[str, Any]:
        """As it is told to others."""
        days = [{"date": day.isoformat(), **msgspec.to_builtins(counted)} for day, counted in self.days.items()]
        clocks = [{"clock": clock, **msgspec.to_builtins(counted)} for clock, counted in sorted(self.clocks.items())]
        told = {"from": self.first.isoformat(), "until": self.last.isoformat(), "today": self.today.isoformat()}
        return {**told, **msgspec.to_builtins(self.counts), "days": days, "clocks": clocks}


def week_of(day: date) -> tuple[date, date]:
    """Monday and Sunday of the week of a day."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=min(6, (date.max - monday).days))


SUMMED = SUMS_ASKED.replace("{sums}", OF_A_WEEK)


@lru_cache(maxsize=200)
def _asked(conditions: tuple[LiteralString, ...]) -> bytes:
    asked = sql.SQL(WEEK).format(conditions=sql.SQL(" AND ").join(map(sql.SQL, conditions)), in_the_week=sql.SQL(IN_THE_WEEK))
    return asked.as_bytes(None)


async def week(connection: AsyncConnection, of: date, *, today: date, **which: Any) -> Week:
    """The week of the day `of`, judged on the day `today`. `which`: as `chosen` takes it.

    Raises:
        NotMade.
    """
    first, last = week_of(of)
    whose = _whose(**which)
    if whose is None:
        where = chosen(**which)
        query, parameters = _asked(tuple(where.conditions)), {**where.parameters, "first": first, "last": last, "today": today}
    else:
        query, parameters = SUMMED.encode(), asked_of(first, last, today, whose)
    try:
        cursor = await connection.cursor(binary=True).execute(query, parameters, prepare=True)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise NotMade("deadlines") from None
    found = await cursor.fetchall()
    if not found:
        raise NotMade("deadlines")
    position, stale = found[0][:2]
    days = {first + timedelta(days=n): Counted() for n in range((last - first).days + 1)}
    made = Week(
        first, last, today, Counted(), days, {}, position,
        Fault(*msgspec.json.decode(stale, type=tuple[int, str, datetime])) if stale else None,
    )  # fmt: skip
    for row in found:
        if row[2] is not None:
            (_count if whose is None else _add)(made, *row[2:])
    return made


async def rows_of_week(
    connection: AsyncConnection, of: date, *, today: date, calendars: Mapping[str, Calendar], cursor: str | None, limit: int, **which: Any
) -> Page[BoardRow]:
    """The clocks that a week counts, row by row, for whoever counts only some of them."""
    first, last = week_of(of)
    where = chosen(**which)
    where.conditions.append(IN_THE_WEEK)
    where.parameters |= {"first": first, "last": last}
    digest = where.digest()
    where.parameters["today"] = today
    return await board_page(connection, where, digest, cursor, limit, today, calendars)


def counted(rows: Iterable[BoardRow], of: date, today: date, position: int, fault: Fault | None) -> Week:
    """The week of these clocks."""
    first, last = week_of(of)
    days = {first + timedelta(days=n): Counted() for n in range((last - first).days + 1)}
    made = Week(first, last, today, Counted(), days, {}, position, fault)
    for row in rows:
        _count(made, row.clock.clock, row.clock.open, row.clock.due, row.clock.done, 1)
    return made


def _whose(**which: Any) -> Sequence[str] | None:
    """Whose sums answer this; none where it is asked about some clocks only, or as of an earlier instant."""
    said = {name: value for name, value in which.items() if value is not None and value != () and value != []}
    if not said.keys() <= {"partnership", "partnerships"}:
        return None
    one, several = said.get("partnership"), which.get("partnerships")
    if one is not None:
        return [one] if several is None or one in several else []
    return [EVERYWHERE] if several is None else [*dict.fromkeys(several)]


def _add(week: Week, what: str, day: date | None, clock: str, n: int) -> None:
    """Add so many clocks, as the sums tell of them, to the week, to their day and to their name."""
    by_clock = week.clocks.setdefault(clock, Counted())
    every = (week.counts, by_clock) if day is None else (week.counts, by_clock, week.days[day])
    for counted in every:
        if what == "overdue":
            counted.overdue += n
        elif what == "waits":
            counted.due += n
        elif what == "late":
            counted.late += n
        else:
            counted.on_time += n
    if what == "waits" and day is not None and day < week.today:
        week.days[day].overdue += n


def _count(week: Week, clock: str, waits: bool, due: date | None, done: date | None, n: int) -> None:
    """Add so many clocks to the week, to the days they belong to and to their name."""
    by_clock = week.clocks.setdefault(clock, Counted())
    if waits and (due is None or due < week.today):
        for counted in (week.counts, by_clock, *([week.days[due]] if due in week.days else [])):
            counted.overdue += n
    if waits and due in week.days:
        for counted in (week.counts, by_clock, week.days[due]):
            counted.due += n
    if done in week.days and not waits:
        for counted in (week.counts, by_clock, week.days[done]):
            # a due date before the window was not told: what was done in the week was then done late
            if due is None or done > due:
                counted.late += n
            else:
                counted.on_time += n
    if by_clock == Counted():
        del week.clocks[clock]
