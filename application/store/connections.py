"""A few connections to one database, for questions that may be asked again: they outlive a restart of the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Literal, LiteralString

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow, tuple_row

CONNECT_TIMEOUT = 5

DURABLE: LiteralString = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
"""What was answered is on disk, whatever the server thinks of haste."""


class StoreAway(Exception):
    """The database is not there, or did not answer in time. `unknown`: whether what was asked may have been done all the same."""

    def __init__(self, why: str, *, unknown: bool = False) -> None:
        super().__init__(why)
        self.unknown = unknown


def conninfo(url: str, application: str) -> str:
    """A URL, or a libpq connection string, with what every connection of ours has."""
    given = conninfo_to_dict(url)
    options = f"{given.get('options') or ''} -c timezone=UTC -c client_encoding=UTF8".strip()
    return make_conninfo(
        url, application_name=application, connect_timeout=given.get("connect_timeout") or CONNECT_TIMEOUT, options=options
    )


class Free(asyncio.Semaphore):
    """How many connections are free. It counts who waited for one, and the seconds of waiting, for operators to watch."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.waits = 0
        self.seconds = 0.0

    async def acquire(self) -> Literal[True]:
        if not self.locked():
            return await super().acquire()
        self.waits += 1
        began = time.monotonic()
        try:
            return await super().acquire()
        finally:
            self.seconds += time.monotonic() - began


class Connections:
    """At most `most` connections, the one used last first. Each question is one autocommitted statement."""

    def __init__(self, url: str, *, most: int = 4, application: str = "casetrail", patience: float = 10.0) -> None:
        self._conninfo = conninfo(url, application)
        self._patience = patience
        self._idle: list[psycopg.AsyncConnection[TupleRow]] = []
        self.free = Free(most)
        self._closed = False

    async def open(self) -> None:
        """Connect once, so that a database that is not there is known at the start.

        Raises:
            StoreAway: it is not.
        """
        try:
            self._idle.append(await self._connect())
        except psycopg.OperationalError as wrong:
            raise StoreAway(f"The database cannot be reached: {str(wrong).strip().splitlines()[-1]}") from wrong

    async def close(self) -> None:
        self._closed = True
        while self._idle:
            await self._idle.pop().close()

    async def ask(self, query: LiteralString, params: Sequence[Any] = ()) -> list[TupleRow]:
        """The rows of one statement, which may safely be asked twice. A lost connection is replaced until patience ends.

        Raises:
            StoreAway: the database did not come back in time.
        """
        deadline = asyncio.get_running_loop().time() + self._patience
        pause = 0.02
        async with self.free:
            while True:
                conn = None
                try:
                    conn = self._idle.pop() if self._idle else await self._connect()
                    cursor = conn.cursor(binary=True)
                    await cursor.execute(query, params, prepare=True)
                    rows = await cursor.fetchall() if cursor.description is not None else []
                except psycopg.OperationalError as wrong:
                    if conn is not None and not conn.closed:
                        await self._give_back(conn)
                        raise
                    if asyncio.get_running_loop().time() + pause > deadline:
                        raise StoreAway(f"The database is away: {str(wrong).strip().splitlines()[-1]}") from wrong
                    if conn is None:
                        await asyncio.sleep(pause)
                        pause = min(2 * pause, 1.0)
                except BaseException:
                    # Interrupted or refused: a connection in the middle of an answer is of no more use.
                    if conn is not None:
                        await self._give_back(conn)
                    raise
                else:
                    await self._give_back(conn)
                    return rows

    async def _connect(self) -> psycopg.AsyncConnection[TupleRow]:
        conn = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True, row_factory=tuple_row)
        await conn.execute(DURABLE)
        return conn

    async def _give_back(self, conn: psycopg.AsyncConnection[TupleRow]) -> None:
        if self._closed or conn.closed or conn.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            await conn.close()
        else:
            self._idle.append(conn)
