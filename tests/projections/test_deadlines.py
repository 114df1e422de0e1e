"""The deadline board: every clock of every case as of any instant, judged on the day that is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from domain.clock import clock_item
from domain.clocks import calendars_adopted, clocks, fold_clocks
from domain.working_days import SHIPPED, Calendar, london_date
from projections.board import VERDICTS, BoardRow, board, due_between
from projections.deadlines import VIEW
from projections.paging import BadCursor, Page
from projections.view import Connection
from tests.projections.telling import (
    ToldLog,
    acknowledged,
    adopting,
    anything,
    asked,
    asks_agency,
    aware,
    corrected,
    following,
    notified,
    opened,
    received,
    rows,
)

MONDAY = date(2025, 3, 3)


def shown(database: str, today: date = MONDAY, *, log: ToldLog | None = None, **filters: Any) -> Page[BoardRow]:
    return asked(database, lambda connection: board(connection, today=today, calendars=calendars(log), **filters))


def told(database: str, today: date = MONDAY, **filters: Any) -> list[tuple[str, str]]:
    return [(row.clock.clock, row.judged.verdict) for row in shown(database, today, **filters).items]


def calendars(log: ToldLog | None) -> Mapping[str, Calendar]:
    """The editions of the calendar by name: those shipped, and what the log adopts."""
    adopted = calendars_adopted(recorded for recorded in log.recorded if recorded.stream == "calendar/england") if log else ()
    return {**SHIPPED, **{adoption.calendar.edition: adoption.calendar for adoption in adopted}}


@pytest.mark.parametrize("seed", range(3))
def test_the_board_is_the_clocks_of_the_cases_as_of_any_instant(connection: Connection, database: str, seed: int):
    log = anything(cases=4, events=100, seed=seed)
    following(VIEW, log, connection)
    for instant in sorted({recorded.at for recorded in log.recorded})[::3]:
        known = [recorded for recorded in log.recorded if recorded.at <= instant]
        adoptions = [recorded for recorded in known if recorded.stream == "calendar/england"]
        today = london_date(instant)
        found = shown(database, today, log=log, as_of=instant, limit=500).items
        for case in sorted({row.case for row in found}):
            history = [recorded for recorded in known if recorded.stream == f"case/{case}"]
            truth = {clock.id: clock_item(clock, today, calendars(log)) for clock in fold_clocks(history, adoptions).clocks}
            assert {row.clock.id: clock_item(row.clock, today, calendars(log)) for row in found if row.case == case} == truth
        assert sum(len(fold_clocks([r for r in known if r.stream == s], adoptions).clocks) for s in log.places) == len(found)


def test_verdicts_in_sql_are_those_of_the_domain(connection: Connection, database: str):
    log = anything(cases=6, events=200, seed=1)
    following(VIEW, log, connection)
    seen = set()
    for days in (-5, 0, 1, 2, 5, 30, 100, 400):
        today = MONDAY + timedelta(days=days)
        judged = [row.judged.verdict for row in shown(database, today, log=log, limit=500).items]
        for verdict in VERDICTS:
            found = [row.judged.verdict for row in shown(database, today, log=log, verdict=verdict, limit=500).items]
            assert found == [verdict] * judged.count(verdict), (today, verdict)
        seen |= set(judged)
    assert seen >= {"running", "overdue", "on-time", "late", "superseded", "elapsed"}


def test_nothing_is_written_at_midnight(connection: Connection, database: str):
    log = ToldLog()
    log.on("one", opened("Infant A"), received())
    build = following(VIEW, log, connection).build
    before = rows(connection, build)
    clock = "acknowledgement"
    assert told(database, date(2025, 3, 3), clock=clock) == told(database, date(2025, 3, 4), clock=clock) == [(clock, "running")]
    assert told(database, date(2025, 3, 5), clock=clock) == [(clock, "overdue")]
    (row,) = shown(database, date(2025, 3, 10), clock=clock).items
    assert (row.judged.verdict, row.judged.overdue_by) == ("overdue", 4)
    assert rows(connection, build) == before


def test_a_row_explains_itself(connection: Connection, database: str):
    log = ToldLog()
    log.on("one", opened("Infant A"), received(), on=MONDAY)
    log.on("one", acknowledged(), on=date(2025, 3, 6))
    following(VIEW, log, connection).catch_up()
    (row,) = shown(database, clock="acknowledgement").items
    assert row.positions == (3, 5)
    item = row.item(MONDAY, SHIPPED)
    told_of = {
        "case": "one", "label": "Infant A", "partnership": "bolton", "clock": "acknowledgement", "from": "2025-03-03", "due": "2025-03-04",
        "done": "2025-03-06", "verdict": "late", "late_by": 2, "owed_by": "business-manager", "source": "BOL-57, BOL-114",
        "procedure": ["bolton"], "calendar": row.clock.calendar, "events": [2, 3], "positions": [3, 5],
    }  # fmt: skip
    assert {name: item[name] for name in told_of} == told_of
    assert item["arithmetic"] == [{"date": "2025-03-04", "count": 1}]
    assert row.clock in clocks(log.history("case/one", log.end()))


def test_a_corrected_trigger_keeps_the_clock_it_replaced(connection: Connection, database: str):
    log = ToldLog()
    log.on("one", opened("Infant A"), received(), on=MONDAY)
    kept = following(VIEW, log, connection)
    then = log.now
    log.on("one", corrected(2, on="2025-02-28"))
    kept.catch_up()
    (live, superseded) = shown(database, clock="acknowledgement").items
    assert (live.clock.due, live.judged.verdict) == (date(2025, 3, 3), "running")
    assert (superseded.clock.due, superseded.judged.verdict) == (date(2025, 3, 4), "superseded")
    assert superseded.clock.replaced_by is not None
    assert superseded.clock.replaced_by.due == date(2025, 3, 3)
    (before,) = shown(database, clock="acknowledgement", as_of=then).items
    assert (before.clock.due, before.judged.verdict, before.known_until) == (date(2025, 3, 4), "running", log.now)


def test_a_calendar_adopted_moves_what_is_open_and_answers_of_before_stay(connection: Connection, database: str):
    log = ToldLog()
    log.on("one", opened("Infant A"), aware(), on=MONDAY)
    log.on("two", opened("Infant B"), aware(), notified(), on=MONDAY)
    kept = following(VIEW, log, connection)
    then = log.now
    log.on("calendar/england", adopting("one-day-more", date(2025, 3, 5)))
    kept.catch_up()
    of: dict[str, Any] = {"clock": "serious-incident-notification", "log": log}
    assert told(database, **of) == [(of["clock"], "running"), (of["clock"], "on-time"), (of["clock"], "superseded")]
    assert [row.clock.due for row in shown(database, **of).items] == [date(2025, 3, 11), date(2025, 3, 10), date(2025, 3, 10)]
    assert [(row.clock.due, row.judged.verdict) for row in shown(database, as_of=then, **of).items] == [
        (date(2025, 3, 10), "running"),
        (date(2025, 3, 10), "on-time"),
    ]


def test_filters(connection: Connection, database: str):
    log = ToldLog()
    log.on("one", opened("Infant A"), received(), aware(), on=MONDAY)
    log.on("two", opened("Infant B", partnership="bury"), aware(), on=MONDAY)
    log.on("one", asks_agency("gp-practice", date(2025, 3, 7)), asks_agency("school", date(2025, 4, 1)), on=MONDAY)
    following(VIEW, log, connection).catch_up()

    def dues(**filters: Any) -> list[date | None]:
        return [row.clock.due for row in shown(database, **filters).items]

    assert dues(clock="agency-report") == [date(2025, 3, 7), date(2025, 4, 1)]
    assert dues(text="SCHOOL") == [date(2025, 4, 1)]
    assert {row.label for row in shown(database, text="infant b").items} == {"Infant B"}
    assert {row.partnership for row in shown(database, partnership="bury").items} == {"bury"}
    assert {row.clock.owed_by for row in shown(database, owed_by="local-authority").items} == {"local-authority"}
    assert dues(due_after=date(2025, 3, 7), due_before=date(2025, 4, 2), clock="agency-report") == [date(2025, 4, 1)]
    assert dues(due_before=date(2025, 3, 7), clock="agency-report") == []
    assert {row.case for row in shown(database, case="two").items} == {"two"}
    assert {row.case for row in shown(database, partnerships=[], among=["two"]).items} == {"two"}
    week = asked(
        database, lambda c: due_between(c, date(2025, 3, 4), date(2025, 3, 7), today=MONDAY, calendars=SHIPPED, partnership="bolton")
    )
    assert [(row.clock.clock, row.clock.due) for row in week] == [
        ("acknowledgement", date(2025, 3, 4)),
        ("copy-to-partners", date(2025, 3, 4)),
        ("agency-report", date(2025, 3, 7)),
    ]


def test_pages_by_what_is_next_stay_in_order_while_clocks_come_and_go(connection: Connection, database: str):
    log = ToldLog()
    for n in range(12):
        log.on(f"{n:02}", opened(f"Infant {n}"), asks_agency("gp", MONDAY + timedelta(days=n)), on=MONDAY)
    kept = following(VIEW, log, connection)
    of: dict[str, Any] = {"clock": "agency-report", "limit": 5}
    pages = [shown(database, **of)]
    while pages[-1].next:
        n = 20 + len(pages)
        log.on(f"{n}", opened(f"Infant {n}"), asks_agency("gp", MONDAY), on=MONDAY)  # sorts before what was read
        kept.catch_up()
        pages.append(shown(database, cursor=pages[-1].next, **of))
    assert [row.label for page in pages for row in page.items] == [f"Infant {n}" for n in range(12)]
    with pytest.raises(BadCursor):
        shown(database, cursor=pages[0].next, clock="recommendation")


def test_what_is_waited_for_comes_first_then_what_has_no_date(connection: Connection, database: str):
    log = anything(cases=6, events=150, seed=5)
    following(VIEW, log, connection)
    found = shown(database, log=log, limit=500).items
    order = [
        3 if c.state != "live" else 2 if c.done else 1 if c.due is None or c.within.runs_out else 0 for c in (row.clock for row in found)
    ]
    assert order == sorted(order)
    dues = [row.clock.due for row, rank in zip(found, order, strict=True) if rank == 0 and row.clock.due]
    assert dues == sorted(dues)
    assert isinstance(found[0].known_from, datetime)
