"""Read models brought up to date, and made again: to the library's runner, which moves row and position event by event (G6)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from psycopg import sql

from benchmarks import library, record
from benchmarks.ground import Ground
from benchmarks.measuring import Figures, interleaved
from benchmarks.record import Full
from domain.recorded import Recorded
from domain.stages.opening import CaseOpened
from interfaces.log import RecordLog
from interfaces.worker import connect
from projections import case_list, deadlines
from projections import view as views
from projections.each_event import Statement, each_event
from projections.following import Following
from projections.view import Build, Connection, Table, View

LISTED = Table(
    name="bench_listed", columns='stream text COLLATE "C", label text, events int NOT NULL, last text, at timestamptz', key="stream"
)


def _listing(build: Build) -> Callable[[Recorded], Iterator[Statement]]:
    """The same as the library's projection does here: a row for each case, touched by each event."""
    table = build.table(LISTED)
    begin = sql.SQL("INSERT INTO {} VALUES (%s, %s, 1, 'opened', %s)").format(table)
    go_on = sql.SQL("UPDATE {} SET events = events + 1, last = %s, at = %s WHERE stream = %s").format(table)

    def statements(recorded: Recorded) -> Iterator[Statement]:
        if isinstance(recorded.event, CaseOpened):
            yield begin, (recorded.stream, recorded.event.label, recorded.at)
        else:
            yield go_on, (recorded.name, recorded.at, recorded.stream)

    return statements


EACH_EVENT = View(name="bench_listed", version=1, tables=(LISTED,), begin=each_event(_listing))


def caught_up(view: View, connection: Connection, log: RecordLog, upto: int) -> Figures:
    """From an empty build with its indexes, page after page, as a worker follows."""
    with connection.transaction():
        build = views.make(connection, view)
        views.finish(connection, build)
    following = Following(build, log, connection)
    began = time.perf_counter()
    applied = following.catch_up(upto)
    elapsed = time.perf_counter() - began
    if following.fault or following.position < upto:
        raise RuntimeError(f"{view.name} did not catch up: {following.fault}")
    views.clear(connection, view)
    return {"rate": applied / elapsed}


def made_again(view: View, connection: Connection, log: RecordLog, upto: int) -> Figures:
    """Filled as a rebuild fills it, indexes included."""
    began = time.perf_counter()
    with connection.transaction():
        build = views.make(connection, view)
        view.begin(build, log, connection).fill(upto, lambda read: None)
        views.finish(connection, build)
    elapsed = time.perf_counter() - began
    views.clear(connection, view)
    return {"rate": upto / elapsed}


def read(log: RecordLog, upto: int) -> Figures:
    """The limit: the log read and decoded, nothing written."""
    began, after = time.perf_counter(), 0
    while after < upto:
        after = log.page(after, min(1000, upto - after))[-1].position
    return {"rate": upto / (time.perf_counter() - began)}


async def run(ground: Ground) -> None:
    """Measure it."""
    full: Full = await record.full(ground)
    ground.told("Read models")
    upto, sheet = ground.sizes.folded, ground.sheet
    with connect(full.places.projections) as connection, connect(full.places.projections) as reading:
        views.prepare(connection)
        log = RecordLog(reading)
        found = await interleaved(
            {
                "the library's runner": lambda: library.projecting(full.url, 2 * ground.sizes.slice),
                "the log read": lambda: read(log, upto),
                "event by event": lambda: caught_up(EACH_EVENT, connection, log, upto),
                "event by event, filled": lambda: made_again(EACH_EVENT, connection, log, upto),
                "case list": lambda: caught_up(case_list.VIEW, connection, log, upto),
                "case list, filled": lambda: made_again(case_list.VIEW, connection, log, upto),
                "deadlines": lambda: caught_up(deadlines.VIEW, connection, log, upto),
                "deadlines, filled": lambda: made_again(deadlines.VIEW, connection, log, upto),
            },
            ground.sizes.rounds,
            ground.told,
        )
    theirs, limit = found["the library's runner"], found["the log read"]
    for name, goal in (("event by event", 20), ("case list", 60), ("deadlines", 60)):
        sheet.compare(
            f"G6 read model rebuilt, {name}, to the library's runner (events a second)", found[f"{name}, filled"], theirs, at_least=goal
        )
        sheet.compare(f"G6 read model catching up, {name}, to the library's runner (events a second)", found[name], theirs, at_least=goal)
    for name in ("event by event", "case list", "deadlines"):
        sheet.compare(f"read model rebuilt, {name}, to the log read and decoded (events a second)", found[f"{name}, filled"], limit)
