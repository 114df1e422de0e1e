"""Deadlines as a calendar that people subscribe to (RFC 5545): when something is due and of which case, and not a word of the case.

The same deadlines give the same bytes on any day, so that a calendar that did not change is not sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from projections.board import BoardRow

ICS = "text/calendar"

MOST_EVENTS = 2_000
"""Deadlines in one calendar, the next first."""

AGAIN = timedelta(hours=6)
"""How often a calendar program is asked to look."""


def deadlines_as_calendar(rows: Iterable[BoardRow], name: str) -> bytes:
    """Each clock that is waited for and has a day, as an event of that whole day."""
    calendar = Calendar()
    calendar.add("prodid", "-//Casetrail//Deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", AGAIN, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", AGAIN)
    for row in rows:
        if row.clock.due is not None and row.clock.open and not row.clock.within.runs_out:
            calendar.add_component(_event(row))
    return bytes(calendar.to_ical())


def _event(row: BoardRow) -> Event:
    clock = row.clock
    event = Event()
    # the same in every version of the clock: a deadline that moves is moved, not added
    event.add("uid", f"{hashlib.sha256(f'{row.case}/{clock.clock}/{clock.key}'.encode()).hexdigest()[:40]}@casetrail")
    event.add("sequence", clock.version - 1)
    known = datetime.fromtimestamp(int(row.known_from.timestamp()), UTC)
    event.add("dtstamp", known)
    event.add("last-modified", known)
    event.add("dtstart", clock.due)
    event.add("dtend", (clock.due or known.date()) + timedelta(days=1))
    event.add("summary", f"{clock.clock.replace('-', ' ').capitalize()} due, case {row.case[:8]}")
    event.add(
        "description", f"{clock.rule} ({clock.source})\nCase {row.case}, {row.partnership.capitalize()}.\nCounted in {clock.calendar}."
    )
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")
    return event
