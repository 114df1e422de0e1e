"""An event that cannot be applied, or not even read, stops its projection there: told, shown as stale, never skipped, and mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from domain.recorded import Recorded
from projections import view as views
from projections.case_list import VIEW, CaseList, cases
from projections.per_case import per_case
from projections.rebuild import Unbuildable, ensure, rebuild
from projections.view import Connection, View
from tests.projections.telling import ToldLog, amended, asked, aware, following, opened, received, rows


class Poisoned(CaseList):
    """A fold that stumbles over the third event of case two, until it is mended."""

    mended = False

    def step(self, state: Any, recorded: Recorded) -> Any:
        if (recorded.stream, recorded.place) == ("case/two", 3) and not self.mended:
            raise KeyError("Baby Jane of 4 Elm Street")
        return super().step(state, recorded)


@pytest.fixture
def fold() -> Poisoned:
    return Poisoned()


@pytest.fixture
def view(fold: Poisoned) -> View:
    return replace(VIEW, begin=per_case(fold))


@pytest.fixture
def log() -> ToldLog:
    log = ToldLog()
    for case in ("one", "two", "three"):
        log.on(case, opened(f"Infant {case}"))
        log.on(case, received())
    return log


def test_it_stands_still_right_before_the_event_and_says_so(connection: Connection, database: str, view: View, log: ToldLog):
    kept = following(view, log, connection, page=100)
    log.on("one", aware())
    at_fault = log.on("two", amended("wigan"))
    log.on("three", amended("wigan"))
    kept.catch_up()
    (standing,) = views.standings(connection)
    assert standing.position == at_fault.position - 2
    assert standing.fault is not None
    assert standing.fault.position == at_fault.position
    assert standing.fault.sentence.startswith("incident-amended at place 3 of case/two cannot be applied: KeyError in step, line ")
    assert "Jane" not in standing.fault.sentence
    page = asked(database, lambda c: cases(c))
    assert page.fault == standing.fault
    assert page.position == standing.position
    assert {item.label: (item.area, item.place) for item in page.items} == {
        "Infant one": ("bolton", 3), "Infant two": ("bolton", 2), "Infant three": ("bolton", 2),
    }  # fmt: skip


def test_it_goes_on_when_mended_and_misses_nothing(connection: Connection, view: View, fold: Poisoned, log: ToldLog):
    kept = following(view, log, connection, page=100)
    log.on("two", amended("wigan"))
    log.on("three", amended("wigan"))
    kept.catch_up()
    since = kept.fault and kept.fault.since
    kept.catch_up()
    assert kept.fault is not None
    assert kept.fault.since == since  # it is the same fault, tried again
    fold.mended = True
    kept.catch_up()
    assert kept.fault is None
    (standing,) = views.standings(connection)
    assert (standing.fault, standing.position) == (None, log.end())
    mended = rows(connection, kept.build)
    assert rebuild(VIEW, log, connection).switched
    assert [row[:-1] for row in rows(connection, ensure(VIEW, log, connection))] == [row[:-1] for row in mended]


def test_a_new_worker_finds_the_fault(connection: Connection, view: View, log: ToldLog):
    kept = following(view, log, connection)
    log.on("two", amended("wigan"))
    kept.catch_up()
    assert following(view, log, connection).fault == kept.fault


@pytest.mark.parametrize("page", [1, 100])
def test_an_event_that_cannot_be_read(connection: Connection, log: ToldLog, page: int):
    kept = following(VIEW, log, connection, page=page)
    log.on("one", aware())
    log.poison = log.on("two", aware()).position
    log.on("three", aware())
    kept.catch_up()
    assert kept.position == log.poison - 2
    assert kept.fault is not None
    assert kept.fault.sentence.startswith(f"The event after position {kept.position} cannot be read: LookupError in page, line ")
    log.poison = None
    kept.catch_up()
    assert kept.position == log.end()
    assert views.standings(connection)[0].fault is None


def test_a_view_that_cannot_be_filled_at_first_comes_to_stand_before_the_event(connection: Connection, view: View, log: ToldLog):
    log.on("two", amended("wigan"))
    kept = following(view, log, connection)
    assert kept.catch_up() == 6
    assert kept.fault is not None
    assert kept.position == log.end() - 2


def test_a_rebuild_that_stumbles_leaves_the_live_view_as_it_was(connection: Connection, view: View, fold: Poisoned, log: ToldLog):
    fold.mended = True
    kept = following(view, log, connection)
    log.on("two", amended("wigan"))
    kept.catch_up()
    before = rows(connection, kept.build)
    fold.mended = False
    with pytest.raises(Unbuildable, match="case_list cannot be made: KeyError"):
        rebuild(view, log, connection)
    assert rows(connection, kept.build) == before
    assert connection.execute("SELECT count(*) FROM projections.builds").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'case_list%'").fetchone() == (1,)


def test_a_version_that_cannot_be_made_leaves_the_older_one_live(connection: Connection, view: View, log: ToldLog):
    kept = following(VIEW, log, connection)
    log.on("two", amended("wigan"))
    with pytest.raises(Unbuildable):
        ensure(replace(view, version=2), log, connection)
    assert views.standings(connection)[0].version == 1
    assert rows(connection, kept.build)


@pytest.mark.parametrize("error", [psycopg.OperationalError, psycopg.errors.DeadlockDetected, psycopg.InterfaceError])
def test_a_database_in_trouble_is_no_fault_of_an_event(connection: Connection, log: ToldLog, error: Callable[[], Exception]):
    class InTrouble(CaseList):
        def step(self, state: Any, recorded: Recorded) -> Any:
            raise error()

    kept = following(VIEW, log, connection)
    log.on("one", aware())
    kept.build = replace(kept.build, view=replace(VIEW, begin=per_case(InTrouble())))
    with pytest.raises((psycopg.OperationalError, psycopg.InterfaceError)):
        kept.catch_up()
    assert views.standings(connection)[0].fault is None
