"""One clock: what is due and by when, how that was counted, and what is to be said of it on a given day (CAL-3 … CAL-6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

import msgspec

from domain.guidance import Within
from domain.working_days import SHIPPED, BeyondCalendar, Calendar, Day, months_after

Verdict = Literal["running", "overdue", "on-time", "late", "cancelled", "superseded", "elapsed"]
State = Literal["live", "superseded", "cancelled"]


class Replacement(msgspec.Struct, frozen=True, omit_defaults=True):
    """The clock that took the place of another."""

    clock: str
    about: str | None = None
    since: date | None = msgspec.field(default=None, name="from")
    due: date | None = None


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """One clock: what is due, counted from `since`, by when, when it was done, by whom it is owed, on whose authority.

    `key` tells the triggers of one clock apart, `version` what was replaced from what replaced it. `set_for` is a date that was set,
    or that is counted back from. `places` are the events it rests on, `calendar` the edition it was counted in. Live clocks
    are judged when asked; `why` says what superseded or cancelled the others.
    """

    clock: str
    key: str
    version: int = 1
    about: str | None = None
    since: date | None = None
    set_for: date | None = None
    due: date | None = None
    done: date | None = None
    within: Within
    owed_by: str
    rule: str
    source: str
    procedure: tuple[str, ...]
    calendar: str
    places: tuple[int, ...]
    state: State = "live"
    replaced_by: Replacement | None = None
    why: str | None = None

    @property
    def id(self) -> str:
        """What this clock is called within its case; it stays the same while the clock does."""
        return f"{self.clock}/{self.key}/{self.version}"

    @property
    def open(self) -> bool:
        """Whether it still waits for what stops it."""
        return self.state == "live" and self.done is None

    @property
    def counted(self) -> tuple[object, ...]:
        """What it counts: a change in this makes another clock of it."""
        return self.since, self.set_for, self.about, self.within


# --- counting


def due_date(within: Within, on: date | None, due: date | None, calendar: Calendar) -> tuple[date | None, str | None]:
    """The due date; or none, and why, where the calendar does not reach."""
    day = due or on
    if day is None or within.unit == "none":
        return None, None
    try:
        if within.unit == "working-days":
            return calendar.add(day, within.n), None
        if within.unit == "working-days-before":
            return calendar.before(day, within.n), None
    except BeyondCalendar as beyond:
        return None, str(beyond)
    return (months_after(day, within.n) if within.unit == "months" else day), None


# --- judged when asked


class Judged(NamedTuple):
    """What is to be said of a clock on a day. Working days for clocks in working days and set dates, calendar days for months."""

    verdict: Verdict
    late_by: int | None = None
    overdue_by: int | None = None


def judge(clock: Clock, today: date, calendars: Mapping[str, Calendar] = SHIPPED) -> Judged:
    """The verdict on a clock as of a day. Nothing here reads a clock on the wall (CAL-6)."""
    if clock.state != "live":
        return Judged(clock.state)
    if clock.due is None:
        return Judged("elapsed")
    if clock.within.runs_out:
        return Judged("elapsed" if today > clock.due else "running")
    if clock.done is not None:
        return Judged("on-time") if clock.done <= clock.due else Judged("late", late_by=_days(clock, clock.done, calendars))
    return Judged("running") if today <= clock.due else Judged("overdue", overdue_by=_days(clock, today, calendars))


def _days(clock: Clock, until: date, calendars: Mapping[str, Calendar]) -> int | None:
    """How far past its due date; none where the calendar does not reach."""
    if clock.due is None:
        return None
    if not clock.within.in_working_days:
        return (until - clock.due).days
    try:
        return _known(clock, calendars).working_days_between(clock.due, until)
    except BeyondCalendar:
        return None


def took(clock: Clock, calendars: Mapping[str, Calendar] = SHIPPED) -> dict[str, int]:
    """How many working days it took (QA-1), or how many working days ahead it was done, where it counts back (QA-13)."""
    unit, done = clock.within.unit, clock.done
    try:
        if done and unit == "working-days-before" and clock.set_for:
            return {"ahead_by": _known(clock, calendars).working_days_between(done, clock.set_for)}
        if done and unit == "working-days" and clock.since:
            return {"took": _known(clock, calendars).working_days_between(clock.since, done)}
    except BeyondCalendar:
        pass
    return {}


def arithmetic(clock: Clock, calendars: Mapping[str, Calendar] = SHIPPED) -> tuple[Day, ...]:
    """How the due date was counted, day by day, or month by month; nothing for a date that was set."""
    day, n = clock.set_for or clock.since, clock.within.n
    if day is None:
        return ()
    try:
        match clock.within.unit:
            case "working-days":
                return _known(clock, calendars).arithmetic(day, n)
            case "working-days-before":
                return _known(clock, calendars).arithmetic(day, -n)
            case "months":
                return tuple(Day(months_after(day, i), count=i) for i in range(1, n + 1))
            case "same-day":
                return (Day(day, count=0),)
            case _:
                return ()
    except BeyondCalendar:
        return ()


def _known(clock: Clock, calendars: Mapping[str, Calendar]) -> Calendar:
    return calendars.get(clock.calendar) or SHIPPED[clock.calendar]


def clock_item(clock: Clock, today: date, calendars: Mapping[str, Calendar] = SHIPPED) -> dict[str, Any]:
    """A clock as it is told to others, judged as of a day; what is absent is left out."""
    judged = judge(clock, today, calendars)
    item = {
        "clock": clock.clock,
        "about": clock.about,
        "from": clock.since,
        "due": clock.due,
        "done": clock.done,
        **judged._asdict(),
        **took(clock, calendars),
        "owed_by": clock.owed_by,
        "rule": clock.rule,
        "source": clock.source,
        "procedure": [*clock.procedure],
        "calendar": clock.calendar,
        "events": [*clock.places],
        "arithmetic": [*arithmetic(clock, calendars)] or None,
        "replaced_by": clock.replaced_by,
        "why": clock.why,
    }
    return {name: msgspec.to_builtins(value) for name, value in item.items() if value is not None}
