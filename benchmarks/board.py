"""A page of the deadline board, at the size that fits here (G8)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from benchmarks import record
from benchmarks.ground import Ground
from benchmarks.histories import TEAMS
from benchmarks.measuring import Figures, interleaved
from domain.working_days import SHIPPED, london_date
from interfaces.boards import Boards
from interfaces.databases import Databases
from interfaces.log import RecordLog
from interfaces.worker import connect
from projections import deadlines
from projections import view as views
from projections.board import BOARD, board
from projections.deadlines import NEXT
from projections.following import Following

PAGE = sql.SQL(f"{BOARD} WHERE known_until IS NULL AND partnership = %(team)s ORDER BY {NEXT} LIMIT 51")


def make(places: Databases, rows: int) -> None:
    """The deadlines of the record's first cases, then the same rows on other cases and other days until there are so many."""
    with connect(places.projections) as connection, connect(places.projections) as reading:
        views.prepare(connection)
        with connection.transaction():
            build = views.make(connection, deadlines.VIEW)
            views.finish(connection, build)
        Following(build, RecordLog(reading), connection).catch_up(min(2000, RecordLog(reading).end()))
        with connection.transaction():
            views.switch(connection, build)
        table = build.table(deadlines.DEADLINES)
        connection.execute(
            sql.SQL(
                "WITH known AS ("
                "  SELECT row_number() OVER () AS n, * FROM {table} WHERE known_until IS NULL AND rank = 0 AND due IS NOT NULL"
                "), every AS (SELECT count(*) AS rows FROM known) "
                "INSERT INTO {table} "
                "SELECT k.stream || '-' || g, k.key, k.known_from, NULL, (%s::text[])[1 + g %% 3], k.label || '-' || g, k.clock, k.about,"
                "       k.owed_by, k.state, k.due + (g * 7919) %% 450, NULL, 0, k.due + (g * 7919) %% 450, k.shown"
                "  FROM generate_series(1, %s) g JOIN known k ON k.n = 1 + g %% (SELECT rows FROM every)"
            ).format(table=table),
            (list(TEAMS), rows),
        )
        connection.execute(sql.SQL("ANALYZE {}").format(table))


async def timed(turn: Callable[[], Awaitable[object]], n: int) -> Figures:
    """Milliseconds of one, of so many."""
    began = time.perf_counter()
    for _ in range(n):
        await turn()
    return {"ms": 1000 * (time.perf_counter() - began) / n}


async def run(ground: Ground) -> None:
    """Measure it."""
    full = await record.full(ground)
    places, n = full.places, ground.sizes.looks
    ground.told(f"The deadline board, {ground.sizes.board:,} rows")
    make(places, ground.sizes.board)
    today = london_date(datetime.now(UTC))
    async with (
        await psycopg.AsyncConnection.connect(places.record, autocommit=True, row_factory=tuple_row) as connection,
        await psycopg.AsyncConnection.connect(places.record, autocommit=True, row_factory=tuple_row) as without_index,
        Boards(places.projections) as boards,
    ):
        await without_index.execute("SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off")
        cursor, scan = connection.cursor(binary=True), without_index.cursor(binary=True)
        page = PAGE.as_bytes(None)

        async def one() -> object:
            return await (await cursor.execute(b"SELECT 1", prepare=True)).fetchall()

        async def rows() -> object:
            return await (await cursor.execute(page, {"team": "bolton"}, prepare=True)).fetchall()

        async def scanned() -> object:
            return await (await scan.execute(page, {"team": "bolton"}, prepare=True)).fetchall()

        async def judged() -> object:
            return await board(connection, today=today, calendars=SHIPPED, partnership="bolton")

        async def told() -> object:
            return await boards.clocks(today=today, calendars=SHIPPED, partnership="bolton")

        found = await interleaved(
            {
                "SELECT 1": lambda: timed(one, 5 * n),
                "the page's rows": lambda: timed(rows, n),
                "the page's rows, without an index": lambda: timed(scanned, max(1, n // 20)),
                "the page, judged": lambda: timed(judged, n),
                "the page, told with its arithmetic": lambda: timed(told, n),
            },
            ground.sizes.rounds,
            ground.told,
        )
    floor, sheet = found["SELECT 1"], ground.sheet
    sheet.compare("G8 next 50 of a team, their rows, to SELECT 1 (ms)", found["the page's rows"], floor, "ms", at_most=2.5)
    sheet.compare("G8 next 50 of a team, judged, to SELECT 1 (ms)", found["the page, judged"], floor, "ms", at_most=2.5)
    sheet.compare("next 50 of a team, told with its arithmetic, to SELECT 1 (ms)", found["the page, told with its arithmetic"], floor, "ms")
    sheet.compare(
        "next 50 of a team, their rows, to a scan (ms)", found["the page's rows"], found["the page's rows, without an index"], "ms"
    )
