"""Reading what you wrote: waiting, a bounded time, until a view has read as far as you have written.

Each commit of a projection tells its position; one connection per process hears of it, for however many wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import LiteralString

import psycopg

from projections.paging import AsyncConnection
from projections.view import CHANNEL

CONNECT_AGAIN = 0.5
"""Seconds between attempts to hear again after the database went away."""

LISTEN: LiteralString = f"LISTEN {CHANNEL}"
HEARD: LiteralString = "SELECT view, position FROM projections.builds WHERE live"


class Freshness:
    """How far each view has read, as far as we have heard. Use as an asynchronous context: it listens until the end of it.

    `connect` opens an autocommitted connection of its own.
    """

    def __init__(self, connect: Callable[[], Awaitable[AsyncConnection]]) -> None:
        self._connect = connect
        self._positions: dict[str, int] = {}
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Freshness:
        self._task = asyncio.create_task(self._listen(), name="freshness")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def position(self, view: str) -> int | None:
        """How far a view has read, as far as we have heard; None where it has never been made."""
        return self._positions.get(view)

    async def reached(self, view: str, position: int, seconds: float) -> int | None:
        """The position of a view once it is this or later; None where that took longer."""
        if (here := self._positions.get(view, -1)) >= position:
            return here
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self._positions.get(view, -1) >= position)
                return self._positions[view]
        return None

    async def _listen(self) -> None:
        while True:
            with suppress(psycopg.Error, OSError):
                async with await self._connect() as connection:
                    await connection.execute(LISTEN)
                    await self._hear(dict(await (await connection.execute(HEARD)).fetchall()))
                    async for notify in connection.notifies():
                        view, _, at = notify.payload.rpartition(" ")
                        await self._hear({view: max(int(at), self._positions.get(view, 0))})
            await asyncio.sleep(CONNECT_AGAIN)

    async def _hear(self, positions: dict[str, int]) -> None:
        async with self._moved:
            self._positions |= positions
            self._moved.notify_all()
