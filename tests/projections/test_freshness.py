"""Reading what you wrote: the answer comes as soon as the projection has told its position, or not in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from projections.case_list import VIEW
from projections.freshness import Freshness
from projections.paging import AsyncConnection
from projections.view import Connection
from tests.projections.telling import ToldLog, aware, following, opened


def connecting(database: str) -> Callable[[], Awaitable[AsyncConnection]]:
    async def connect() -> AsyncConnection:
        return await psycopg.AsyncConnection.connect(database, autocommit=True)

    return connect


async def heard(fresh: Freshness, view: str = "case_list") -> int:
    reached = await fresh.reached(view, 0, 10)
    assert reached is not None
    return reached


def test_it_hears_of_each_commit(connection: Connection, database: str):
    log = ToldLog()
    log.on("one", opened("Infant A"))
    kept = following(VIEW, log, connection)

    async def story() -> None:
        async with Freshness(connecting(database)) as fresh:
            assert fresh.position("case_list") is None
            assert await heard(fresh) == 1
            wrote = log.on("one", aware()).position
            assert await fresh.reached("case_list", wrote, 0.05) is None
            waiting = asyncio.create_task(fresh.reached("case_list", wrote, 10))
            await asyncio.to_thread(kept.catch_up)
            assert await waiting == wrote
            assert await fresh.reached("case_list", 1, 0) == wrote
            assert await fresh.reached("no such view", 1, 0.05) is None

    asyncio.run(story())


def test_it_listens_again_after_the_connection_was_lost(connection: Connection, database: str):
    log = ToldLog()
    log.on("one", opened("Infant A"))
    kept = following(VIEW, log, connection)
    cut: Any = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT view, position%' AND pid <> pg_backend_pid()"
    )

    async def story() -> None:
        async with Freshness(connecting(database)) as fresh:
            await heard(fresh)
            assert connection.execute(cut).fetchall() == [(True,)]
            wrote = log.on("one", aware()).position
            kept.catch_up()  # told while nobody listens
            assert await fresh.reached("case_list", wrote, 10) == wrote

    asyncio.run(story())
