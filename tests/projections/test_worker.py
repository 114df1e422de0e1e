"""The supervisor: read models that follow a real record through a database killed under them, a second worker, and SIGTERM."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console
from structlog.testing import capture_logs

from domain.clocks import fold_clocks
from domain.working_days import SHIPPED, london_date
from interfaces import worker
from interfaces.databases import Databases, throw_away
from interfaces.local_postgres import LocalPostgres
from interfaces.log import RecordLog
from projections import VIEWS, deadlines
from projections import view as views
from projections.board import board
from projections.case_list import cases
from projections.freshness import Freshness
from projections.per_case import per_case
from projections.view import Standing
from tests.projections.telling import ToldLog, amended, anything, asked, aware, opened, recording


@pytest.fixture
def places(server: LocalPostgres) -> Iterator[Databases]:
    with throw_away(server) as fresh:
        yield fresh


def soon(true: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.02)


def standings(places: Databases) -> list[Standing]:
    try:
        with worker.connect(places.projections) as connection:
            return views.standings(connection)
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return []


def read_up_to(places: Databases, position: int) -> bool:
    found = standings(places)
    return len(found) == len(VIEWS) and all(standing.position >= position for standing in found)


def end(places: Databases) -> int:
    with worker.connect(places.projections) as connection:
        return RecordLog(connection).end()


def labels(places: Databases) -> set[str]:
    """As the service reads, which may only read."""
    return {item.label for item in asked(places.record, lambda c: cases(c, limit=500)).items}


def test_what_is_recorded_is_read_a_moment_later(places: Databases):
    log = anything(cases=4, events=60, seed=20)
    log.recorded = [recorded for recorded in log.recorded if recorded.stream != "calendar/england"]
    recording(places.record, log)
    with worker.following(places.projections):
        soon(lambda: read_up_to(places, end(places)))
        assert {(standing.view, standing.followed) for standing in standings(places)} == {(view.name, True) for view in VIEWS}
        told = len(log.recorded)
        log.on("new", opened("Infant New"), aware())
        began = time.monotonic()
        recording(places.record, log, told)
        soon(lambda: "Infant New" in labels(places))
        assert time.monotonic() - began < 3  # rung, and not waited for
        today = london_date(log.now)
        found = asked(places.record, lambda c: board(c, today=today, calendars=SHIPPED, limit=500)).items
    with worker.connect(places.projections) as connection:
        record = RecordLog(connection)
        truth = {
            (history[0].stream, clock.id): clock
            for history in record.histories("case", record.end())
            for clock in fold_clocks(history).clocks
        }
    assert {(f"case/{row.case}", row.clock.id): row.clock for row in found} == truth
    assert {standing.followed for standing in standings(places)} == {False}


def test_the_log_is_read_whole_and_stream_by_stream(places: Databases, monkeypatch: pytest.MonkeyPatch):
    log = anything(cases=7, events=80, seed=21)
    recording(places.record, log)
    monkeypatch.setattr("interfaces.log.TOGETHER", 3)
    with worker.connect(places.projections) as connection:
        record = RecordLog(connection)
        pages, after = [], 0
        while page := record.page(after, 9):
            pages += page
            after = page[-1].position
        assert [(r.stream, r.place) for r in pages] == [(r.stream, r.place) for r in log.recorded]
        histories = [*record.histories("case", record.end())]
        assert [history[0].stream for history in histories] == sorted(stream for stream in log.places if stream.startswith("case/"))
        for history in histories:
            assert [r.place for r in history] == [*range(1, log.places[history[0].stream] + 1)]
            assert history == record.history(history[0].stream, record.end())
        half = pages[40].position
        assert {r.position for history in record.histories("case", half) for r in history} <= {*range(half + 1)}


@pytest.fixture
def durable() -> Iterator[LocalPostgres]:
    """A server that keeps what was committed when it is killed."""
    home = Path(tempfile.gettempdir()) / f"casetrail-{secrets.token_hex(6)}"
    try:
        with LocalPostgres(home) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


def test_a_database_killed_under_it_and_started_again(durable: LocalPostgres):
    server, log = durable, ToldLog()
    for n in range(5):
        log.on(f"{n}", opened(f"Infant {n}"))
    with throw_away(server) as places, capture_logs() as lines:
        recording(places.record, log)
        with worker.following(places.projections) as supervisor:
            soon(lambda: read_up_to(places, end(places)))
            for round_ in (1, 2):
                os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
                soon(lambda: set(supervisor.states.values()) == {"database-away"})
                time.sleep(0.5 * round_)
                server.start()
                told = len(log.recorded)
                log.on(f"after-{round_}", opened(f"Infant after {round_}"), aware())
                recording(places.record, log, told)
                soon(lambda: read_up_to(places, end(places)))
            assert labels(places) == {*(f"Infant {n}" for n in range(5)), "Infant after 1", "Infant after 2"}
            soon(lambda: set(supervisor.states.values()) == {"following"})
        states = [line["state"] for line in lines if line["view"] == "deadlines"]
    assert states == ["filling", "following", "database-away", "following", "database-away", "following", "stopped"]
    assert {key for line in lines for key in line} <= {"event", "log_level", "view", "state", "position", "why"}
    assert "Infant" not in str(lines)


def test_a_second_worker_stands_by_and_takes_over(places: Databases):
    log = ToldLog()
    log.on("one", opened("Infant A"))
    recording(places.record, log)
    with worker.following(places.projections) as first:
        soon(lambda: set(first.states.values()) == {"following"})
        with worker.following(places.projections) as second:
            soon(lambda: set(second.states.values()) == {"standing-by"} and len(second.states) == len(VIEWS))
            first.stop()
            soon(lambda: set(second.states.values()) == {"following"})
            told = len(log.recorded)
            log.on("two", opened("Infant B"))
            recording(places.record, log, told)
            soon(lambda: "Infant B" in labels(places))


def test_a_fault_is_told_once_and_mended(places: Databases, monkeypatch: pytest.MonkeyPatch):
    class Stumbling(deadlines.Deadlines):
        stumbles = True

        def step(self, state: Any, recorded: Any) -> Any:
            if recorded.name == "incident-amended" and self.stumbles:
                raise ValueError("4 Elm Street")
            return super().step(state, recorded)

    monkeypatch.setattr("projections.following.AGAIN", (0.1, 0.2))
    fold = Stumbling()
    log = ToldLog()
    log.on("one", opened("Infant A"))
    recording(places.record, log)
    with capture_logs() as lines, worker.following(places.projections, [replace(deadlines.VIEW, begin=per_case(fold))]) as supervisor:
        soon(lambda: supervisor.states.get("deadlines") == "following")
        log.on("one", amended("wigan"))
        recording(places.record, log, 1)
        soon(lambda: supervisor.states["deadlines"] == "standing-still")
        time.sleep(0.5)  # tried again, and not told again
        assert standings(places)[0].fault is not None
        fold.stumbles = False
        soon(lambda: supervisor.states["deadlines"] == "following")
        assert standings(places)[0].fault is None
    assert [line["state"] for line in lines] == ["filling", "following", "standing-still", "following", "stopped"]
    assert "Elm Street" not in str(lines)


def test_the_worker_goes_on_after_a_rebuild_elsewhere(places: Databases):
    log = anything(cases=3, events=30, seed=22)
    recording(places.record, log)
    said = Console(record=True, width=200, file=open(os.devnull, "w"))  # noqa: SIM115
    with worker.following(places.projections) as supervisor:
        soon(lambda: read_up_to(places, end(places)))
        assert worker.rebuild(said, places, [], compare=True) == 0
        assert {standing.number for standing in standings(places)} == {1}
        assert worker.rebuild(said, places, ["case_list"], compare=False) == 0
        told = len(log.recorded)
        log.on("new", opened("Infant New"))
        recording(places.record, log, told)
        soon(lambda: "Infant New" in labels(places))
        soon(lambda: read_up_to(places, end(places)))
        assert set(supervisor.states.values()) == {"following"}
    assert {standing.view: standing.number for standing in standings(places)} == {v.name: 1 for v in VIEWS} | {"case_list": 2}
    assert worker.rebuild(said, places, ["nothing"], compare=False) == 1
    text = said.export_text()
    assert text.count("equal row for row") == len(VIEWS) + 1
    assert "There is no read model nothing: there are case_list, deadlines" in text


def test_sigterm_stops_it_cleanly(places: Databases):
    recording(places.record, anything(cases=3, events=30, seed=23))
    code = "import sys; from interfaces import worker; worker.run(sys.argv[1])"
    with subprocess.Popen([sys.executable, "-c", code, places.projections], stdout=subprocess.PIPE, text=True) as process:
        soon(lambda: read_up_to(places, end(places)))
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert told.count("state=stopped") == len(VIEWS)


def test_it_begins_before_the_database_is_there(server: LocalPostgres):
    with capture_logs() as lines, worker.following(server.dsn("no_such_database")) as supervisor:
        soon(lambda: set(supervisor.states.values()) == {"database-away"})
    assert {line["why"] for line in lines if line["state"] == "database-away"} == {"OperationalError"}


def test_reading_what_was_written(places: Databases):
    """From the record's own word of an append to the read model's word of having read it."""
    log = ToldLog()
    log.on("one", opened("Infant A"))
    recording(places.record, log)

    async def connect() -> Any:
        return await psycopg.AsyncConnection.connect(places.record, autocommit=True)

    async def story() -> None:
        async with Freshness(connect) as fresh:
            assert await fresh.reached("case_list", await asyncio.to_thread(end, places), 20) is not None
            for n in range(5):
                told = len(log.recorded)
                log.on("one", aware())
                await asyncio.to_thread(recording, places.record, log, told)
                assert await fresh.reached("case_list", await asyncio.to_thread(end, places), 2) is not None, n

    with worker.following(places.projections):
        asyncio.run(story())
