"""The deadline board and the tracker of themes, each question beside a `SELECT 1` of the same rounds (G8, G9)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

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
from projections import deadline_sums, deadlines
from projections import view as views
from projections.asking import Answer
from projections.board import BOARD, board
from projections.deadlines import NEXT
from projections.following import Following
from projections.theme_questions import latest
from projections.theme_spans import busiest
from projections.week import week

PAGE = sql.SQL(f"{BOARD} WHERE known_until IS NULL AND partnership = %(team)s ORDER BY {NEXT} LIMIT 51")


def make(places: Databases, rows: int) -> None:
    """The deadlines of the record's first cases, then the same rows on other cases and other days until there are so many."""
    with connect(places.projections) as connection, connect(places.projections) as reading:
        views.prepare(connection)
        with connection.transaction():
            build = views.make(connection, deadlines.VIEW)
        Following(build, RecordLog(reading), connection).catch_up(min(2000, RecordLog(reading).end()))
        table = build.table(deadlines.DEADLINES)
        with connection.transaction():
            connection.execute(
                sql.SQL(
                    "WITH known AS ("
                    "  SELECT row_number() OVER () AS n, * FROM {table} WHERE known_until IS NULL AND rank = 0 AND due IS NOT NULL"
                    "), every AS (SELECT count(*) AS rows FROM known) "
                    "INSERT INTO {table} "
                    "SELECT k.stream || '-' || g, k.key, k.known_from, NULL, (%s::text[])[1 + g %% 3], k.label || '-' || g, k.clock,"
                    "       k.about, k.owed_by, k.state, k.due + (g * 7919) %% 450, NULL, 0, k.due + (g * 7919) %% 450, k.shown"
                    "  FROM generate_series(1, %s::int) g JOIN known k ON k.n = 1 + g %% (SELECT rows FROM every)"
                ).format(table=table),
                (list(TEAMS), rows),
            )
            connection.execute(sql.SQL("DELETE FROM {}").format(build.table(deadline_sums.SUMS)))
            deadline_sums.sums_of(deadlines.DEADLINES)(build, connection).whole()
            views.finish(connection, build)
            views.switch(connection, build)


async def timed(turn: Callable[[], Awaitable[object]], n: int) -> Figures:
    """Milliseconds of one, of so many."""
    began = time.perf_counter()
    for _ in range(n):
        await turn()
    return {"ms": 1000 * (time.perf_counter() - began) / n}


async def run(ground: Ground) -> None:
    """Measure it."""
    full = await record.full(ground)
    ground.told(f"The deadline board, {ground.sizes.board:,} rows")
    make(full.places, ground.sizes.board)
    await compared(ground, full.places, london_date(datetime.now(UTC)))


async def compared(ground: Ground, places: Databases, today: date, *, code: str | None = None) -> None:
    """Each question beside `SELECT 1`; those of the themes where a code is named, of which the latest are asked for."""
    n, sheet = ground.sizes.looks, ground.sheet
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

        async def week_of_one() -> object:
            return await week(connection, today, today=today, partnership="bolton")

        async def week_of_all() -> object:
            return await week(connection, today, today=today)

        async def kept() -> Answer[tuple[str, int]]:
            return await busiest(connection, *KEPT)

        async def any_days() -> Answer[tuple[str, int]]:
            return await busiest(connection, *ANY)

        async def latest_of_one() -> object:
            return await latest(connection, code or "")

        contenders = {
            "SELECT 1": lambda: timed(one, 5 * n),
            "the page's rows": lambda: timed(rows, n),
            "the page's rows, without an index": lambda: timed(scanned, max(1, n // 20)),
            "the page, judged": lambda: timed(judged, n),
            "the page, told with its arithmetic": lambda: timed(told, n),
            "the week of a team": lambda: timed(week_of_one, n),
            "the week of all": lambda: timed(week_of_all, n),
        }
        if code:
            contenders |= {
                "a kept window": lambda: timed(kept, n),
                "any ninety days": lambda: timed(any_days, n),
                "the latest of one": lambda: timed(latest_of_one, n),
            }
        found = await interleaved(contenders, ground.sizes.rounds, ground.told)
    floor = found["SELECT 1"]
    sheet.compare("G8 next 50 of a team, their rows, to SELECT 1 (ms)", found["the page's rows"], floor, "ms", at_most=2.5)
    sheet.compare("G8 next 50 of a team, judged, to SELECT 1 (ms)", found["the page, judged"], floor, "ms", at_most=2.5)
    sheet.compare("G8 the counts of a team's week, to SELECT 1 (ms)", found["the week of a team"], floor, "ms", at_most=3)
    sheet.compare("G8 the counts of the week of all teams, to SELECT 1 (ms)", found["the week of all"], floor, "ms", at_most=40)
    sheet.compare("next 50 of a team, told with its arithmetic, to SELECT 1 (ms)", found["the page, told with its arithmetic"], floor, "ms")
    sheet.compare(
        "next 50 of a team, their rows, to a scan (ms)", found["the page's rows"], found["the page's rows, without an index"], "ms"
    )
    if code:
        sheet.compare("G9 top 20 themes of a kept window, to SELECT 1 (ms)", found["a kept window"], floor, "ms", at_most=1.5)
        sheet.compare("G9 top 20 themes of any ninety days, to SELECT 1 (ms)", found["any ninety days"], floor, "ms", at_most=20)
        sheet.compare("G9 latest 50 of one theme, to SELECT 1 (ms)", found["the latest of one"], floor, "ms", at_most=2)


KEPT = date(2024, 1, 1), date(2024, 3, 31)
"""A quarter, which is kept as one sum; and ninety days that are not."""
ANY = date(2024, 1, 10), date(2024, 1, 10) + timedelta(days=89)
