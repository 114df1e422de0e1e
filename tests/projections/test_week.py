"""The week on the board: counts by day and by clock, judged on the day that is asked about."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from projections.deadlines import VIEW
from projections.owing import owing
from projections.paging import NotMade
from projections.view import Connection
from projections.week import Counted, Week, week, week_of
from tests.projections.telling import ToldLog, acknowledged, anything, asked, asks_agency, aware, following, opened, received
from tests.projections.test_deadlines import MONDAY, shown


def counted(database: str, of: date = MONDAY, today: date = MONDAY, **which: Any) -> Week:
    return asked(database, lambda connection: week(connection, of, today=today, **which))


def test_a_week_is_monday_to_sunday():
    assert {week_of(date(2025, 3, day)) for day in range(3, 10)} == {(MONDAY, date(2025, 3, 9))}


def test_what_is_due_done_and_overdue_by_day_and_clock(connection: Connection, database: str):
    log = ToldLog()
    log.on("one", opened("Infant A"), received(), on=MONDAY)
    log.on("one", acknowledged(), on=date(2025, 3, 6))
    log.on("two", opened("Infant B"), asks_agency("gp", date(2025, 3, 7)), asks_agency("school", date(2025, 2, 28)), on=MONDAY)
    following(VIEW, log, connection).catch_up()

    found = counted(database, today=date(2025, 3, 5))

    # the copy to partners was due on Tuesday, the school's report the week before, the practice's is due on Friday
    assert found.counts == Counted(due=2, overdue=2, on_time=0, late=1)
    assert found.days[date(2025, 3, 4)] == Counted(due=1, overdue=1)
    assert found.days[date(2025, 3, 6)] == Counted(late=1)
    assert found.days[date(2025, 3, 7)] == Counted(due=1)
    assert found.clocks["agency-report"] == Counted(due=1, overdue=1)
    assert found.item()["days"][0]["date"] == "2025-03-03"
    assert counted(database, today=MONDAY).counts.overdue == 1


def test_the_counts_are_those_of_the_rows(connection: Connection, database: str):
    log = anything(cases=8, events=200, seed=3)
    following(VIEW, log, connection)
    today = log.now.date()
    for which in ({}, {"partnership": "bury"}, {"falls_to": owing("agency-author")}, {"text": "infant 0001"}):
        rows = shown(database, today, log=log, limit=500, **which).items
        found = counted(database, today, today, **which)
        assert found.counts.overdue == sum(row.judged.verdict == "overdue" for row in rows)
        assert found.counts.due == sum(row.clock.open and row.clock.due is not None and not row.clock.within.runs_out
                                       and found.first <= row.clock.due <= found.last for row in rows)  # fmt: skip
        for name in ("on_time", "late"):
            verdict = name.replace("_", "-")
            done = [row for row in rows if row.judged.verdict == verdict and row.clock.done and found.first <= row.clock.done <= found.last]
            assert getattr(found.counts, name) == len(done)


def test_what_falls_to_a_role_is_filtered(connection: Connection, database: str):
    log = ToldLog()
    log.on("one", opened("Infant A"), received(), aware(), asks_agency("gp", date(2025, 3, 7)), on=MONDAY)
    following(VIEW, log, connection).catch_up()

    def clocks(role: str, organisation: str | None = None) -> set[str]:
        return {row.clock.clock for row in shown(database, falls_to=owing(role, organisation)).items}

    assert clocks("agency-author") == clocks("agency-author", "gp") == {"agency-report"}
    assert clocks("agency-author", "school") == set()
    assert clocks("business-manager") == clocks("partnership-officer") == {"acknowledgement", "copy-to-partners"}
    assert clocks("named-portal-user") == {"serious-incident-notification"}
    assert clocks("theme-analyst") == set()


def test_a_view_that_was_never_made_says_so(database: str):
    with pytest.raises(NotMade):
        counted(database)


def test_the_sums_say_what_the_rows_say(connection: Connection, database: str):
    """Also of weeks long past and to come; asked for every case by its text, the same is counted from the rows."""
    log = anything(cases=8, events=200, seed=5)
    following(VIEW, log, connection, page=13)
    today = log.now.date()
    for of in (today, date(2025, 3, 3), date(2025, 12, 25), today.replace(year=today.year + 2)):
        for on in (today, MONDAY, date(2027, 1, 1)):
            for which in ({}, {"partnership": "bolton"}, {"partnerships": ["bury", "bolton"]}):
                summed, from_rows = counted(database, of, on, **which), counted(database, of, on, text="infant", **which)
                assert summed.item() == from_rows.item(), (of, on, which)


def test_nothing_is_told_of_a_partnership_that_one_may_not_know_of(connection: Connection, database: str):
    following(VIEW, anything(cases=8, events=200, seed=5), connection)
    assert counted(database, MONDAY, MONDAY, partnership="bury", partnerships=["bolton"]).counts == Counted()
