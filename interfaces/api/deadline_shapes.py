"""What the answers about deadlines across cases look like: the week, the calendars that people subscribe to, the yearly figures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from interfaces.api.shapes import BoardItem, Page, Shape, Stale


class DayCounted(Shape):
    """How many on one day: due and still waited for, overdue, done on time, done late."""

    date: date
    due: int
    overdue: int
    on_time: int
    late: int


class ClockCounted(Shape):
    """How many of one clock in the week."""

    clock: str
    due: int
    overdue: int
    on_time: int
    late: int


class WeekCounts(Shape):
    """The week in numbers. What was due earlier in it and is still waited for is both due and overdue."""

    from_: date = Field(alias="from")
    until: date
    today: date
    due: int
    overdue: int
    on_time: int
    late: int
    days: list[DayCounted]
    clocks: list[ClockCounted]
    stale: Stale | None = None


class FeedListed(Shape):
    """A calendar somebody subscribes to: of what falls to them, or of a whole partnership."""

    id: str
    of: Literal["person", "partnership"]
    role: str
    partnership: str
    made_at: datetime
    withdrawn_at: datetime | None


class FeedMade(FeedListed):
    """A new calendar. `path` holds its token, which is told this once: whoever has it reads the calendar until it is withdrawn."""

    path: str


class Feeds(Page):
    items: list[FeedListed]


class ClockFigures(Shape):
    """One clock in a year. In totals: how many, where that is told, and how they ended in `parts`."""

    clock: str
    measured: str = Field(description="What median and worst are counted in.")
    clocks: int
    on_time: int = 0
    late: int = 0
    overdue: int = 0
    running: int = 0
    no_time_set: int = 0
    median: float | None = None
    worst: int | None = None
    parts: dict[str, int] = {}


class Reason(Shape):
    """What somebody gave as a reason, and where it stands."""

    place: int
    name: str
    on: date
    because: str


class LateClock(BoardItem):
    """A clock that was late or is overdue, and the reasons that were recorded."""

    reasons: list[Reason]


class YearlyFigures(Page):
    """The figures of a year, clock by clock. `protected`: totals, as known at `known_by`, without small numbers and without cases."""

    year: int
    protected: bool
    items: list[ClockFigures]
    late: list[LateClock] = []
    explained: int = Field(default=0, description="Of so many of `late`, from the first, the reasons were looked up.")
    known_by: datetime | None = None
    stale: Stale | None = None
