"""Whatever way a view is kept, it holds the same rows: page by page or case by case, in pages of any size, after a restart or not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from domain.recorded import Recorded
from projections import VIEWS, case_list, deadlines
from projections import view as views
from projections.case_list import CaseList
from projections.deadlines import DEADLINES, Deadlines
from projections.each_event import Statement, each_event
from projections.following import Following, Superseded, alone
from projections.per_case import per_case
from projections.rebuild import ensure
from projections.view import Build, Connection, Table, View
from tests.projections.telling import BEGINNING, ToldLog, adopting, anything, aware, decided_and_reopened, following, opened, rows


def empty(connection: Connection, view: View) -> Build:
    """A build that is followed from the very first event."""
    with connection.transaction():
        build = views.make(connection, view)
        views.finish(connection, build)
        views.switch(connection, build)
    return build


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_however_it_is_read_the_rows_are_the_same(connection: Connection, view: View, seed: int):
    log = anything(cases=5, events=120, seed=seed)
    for stream in sorted(stream for stream in log.places if stream.startswith("case/")):
        decided_and_reopened(log, stream.removeprefix("case/"))
    filled = rows(connection, ensure(view, log, connection))
    assert filled
    for size in (1, 3, 50, 1000):
        build = empty(connection, view)
        Following(build, log, connection, page=size).catch_up()
        assert rows(connection, build) == filled, size


@pytest.mark.parametrize("fold", [CaseList(), Deadlines()], ids=lambda fold: type(fold).__name__)
def test_what_was_forgotten_between_pages_is_read_again(connection: Connection, fold: Any):
    log = anything(cases=5, events=120, seed=7)
    view = case_list.VIEW if isinstance(fold, CaseList) else replace(deadlines.VIEW, tables=(DEADLINES,), begin=per_case(fold))
    filled = rows(connection, ensure(view, log, connection))
    build = empty(connection, replace(view, begin=per_case(fold, remembered=1)))
    Following(build, log, connection, page=4).catch_up()
    assert rows(connection, build) == filled
    build = empty(connection, view)
    while Following(build, log, connection, page=9).catch_up(views.position(connection, build) + 9):
        pass  # a new process every few events
    assert rows(connection, build) == filled


def test_the_position_moves_with_the_rows(connection: Connection):
    log = ToldLog()
    log.on("one", opened("Infant A"))
    kept = following(case_list.VIEW, log, connection)
    assert views.standings(connection)[0].position == 1
    log.on("one", aware())
    other = psycopg.connect(connection.info.dsn, password=connection.info.password, autocommit=True)
    with other, other.transaction():
        other.execute("LOCK TABLE projections.builds IN EXCLUSIVE MODE")
        worker = threading.Thread(target=kept.catch_up)
        worker.start()
        assert other.execute("SELECT heads_place FROM projections.case_list").fetchall() == [([1],)]
    worker.join()
    assert connection.execute("SELECT heads_place FROM projections.case_list").fetchall() == [([1, 2],)]
    assert views.standings(connection)[0].position == log.end()


def test_only_one_worker_applies_a_view(connection: Connection):
    with psycopg.connect(connection.info.dsn, password=connection.info.password, autocommit=True) as other:
        with alone(connection, "case_list") as first, alone(other, "case_list") as second, alone(other, "deadlines") as elsewhere:
            assert (first, second, elsewhere) == (True, False, True)
        with alone(other, "case_list") as freed:
            assert freed


def test_a_worker_that_was_overtaken_does_not_write(connection: Connection):
    log = ToldLog()
    log.on("one", opened("Infant A"))
    slow, quick = (following(case_list.VIEW, log, connection) for _ in range(2))
    log.on("one", aware())
    quick.catch_up()
    with pytest.raises(Superseded):
        slow.catch_up()
    assert connection.execute("SELECT heads_place FROM projections.case_list").fetchall() == [([1, 2],)]


def test_what_is_made_together_is_one_change(connection: Connection):
    log = ToldLog()
    log.on("one", opened("Infant A"), aware())
    log.on("two", opened("Infant B"))
    log.on("two", aware(), at=log.now)  # another command, at the very same instant
    build = empty(connection, deadlines.VIEW)
    Following(build, log, connection, page=1).catch_up()
    assert connection.execute("SELECT count(*) FROM projections.deadlines WHERE known_from = known_until").fetchone() == (0,)
    of_cases = [row for row in rows(connection, build) if row[0].startswith("case/")]
    assert {row[2] for row in of_cases} == {BEGINNING.replace(minute=1), BEGINNING.replace(minute=2)}


def test_a_calendar_moves_the_clocks_of_cases_not_remembered(connection: Connection):
    log = ToldLog()
    for n in range(8):
        log.on(f"{n}", opened(f"Infant {n}"), aware(), on=BEGINNING.date())
    view = replace(deadlines.VIEW, begin=per_case(Deadlines(), remembered=1))
    kept = following(view, log, connection)
    log.on("calendar/england", adopting("moved", BEGINNING.date().replace(day=5)))
    kept.catch_up()
    due = "SELECT DISTINCT due FROM projections.deadlines WHERE known_until IS NULL AND state = 'live'"
    assert connection.execute(due).fetchall() == [(BEGINNING.date().replace(day=11),)]
    assert connection.execute("SELECT count(*) FROM projections.deadlines WHERE state = 'superseded'").fetchone() == (8,)


# --- any other reader


def _counting(build: Build) -> Any:
    counted = sql.SQL("INSERT INTO {} AS c VALUES (%s, 1) ON CONFLICT (name) DO UPDATE SET n = c.n + 1").format(
        build.table(build.view.tables[0])
    )

    def statements(recorded: Recorded) -> Iterator[Statement]:
        yield counted, (recorded.name,)

    return statements


COUNTS = View("counts", 1, (Table("counts", 'name text COLLATE "C" NOT NULL, n int NOT NULL', "name"),), each_event(_counting))


def test_a_reader_may_be_written_event_by_event(connection: Connection):
    log = anything(cases=3, events=60, seed=1)
    kept = Following(empty(connection, COUNTS), log, connection, page=7)
    kept.catch_up()
    names = [recorded.name for recorded in log.recorded]
    assert dict(connection.execute("SELECT name, n FROM projections.counts").fetchall()) == {n: names.count(n) for n in names}
