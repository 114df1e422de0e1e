"""Prepared statements on a connection, asked over and over: sent at once, and answered with the driver's bare result.

It spends on each question a fraction of what a cursor does, which is what appending one event, or reading one case, mostly
consists of. Parameters and results are in PostgreSQL's binary form.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import LiteralString

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow

from application.store.connections import Free, StoreAway, conninfo


class Line:
    """A connection of which one question is asked at a time."""

    def __init__(self, conn: psycopg.AsyncConnection[TupleRow]) -> None:
        self._conn = conn
        self._libpq = conn.pgconn
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[PGresult] | None = None
        self._result: PGresult | None = None
        self._socket = self._libpq.socket
        self._prepared: dict[str, bytes] = {}
        self._loop.add_reader(self._socket, self._readable)

    @classmethod
    async def open(cls, conninfo: str, *settings: LiteralString) -> Line:
        """Connect, and say these settings."""
        conn = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        try:
            for setting in settings:
                await conn.execute(setting)
            return cls(conn)
        except BaseException:
            await conn.close()
            raise

    @property
    def broken(self) -> bool:
        """Whether the connection is lost."""
        return self._libpq.status != ConnStatus.OK

    @property
    def idle(self) -> bool:
        """Whether another question may be asked: the connection holds, and no answer is under way."""
        return not self.broken and self._answer is None

    async def ask(self, query: LiteralString, params: Sequence[bytes | None]) -> PGresult:
        """The result of a statement with `$1`, `$2` … for these parameters.

        Raises:
            psycopg.Error: what the server answered, or that the connection was lost.
        """
        name = self._prepared.get(query)
        if name is None:
            name = f"asked_{len(self._prepared)}".encode()
            self._libpq.send_prepare(name, query.encode())
            await self._answered()
            self._prepared[query] = name
        self._libpq.send_query_prepared(name, params, [Format.BINARY] * len(params), Format.BINARY)
        return await self._answered()

    async def close(self) -> None:
        """Disconnect."""
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        with contextlib.suppress(psycopg.Error):
            await self._conn.close()

    async def _answered(self) -> PGresult:
        self._answer = self._loop.create_future()
        self._writable()
        result = await self._answer
        if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            return result
        raise error_from_result(result)

    def _writable(self) -> None:
        try:
            if self._libpq.flush():
                self._loop.add_writer(self._socket, self._writable)
            else:
                self._loop.remove_writer(self._socket)
        except psycopg.OperationalError as lost:
            self._lost(lost)

    def _readable(self) -> None:
        libpq = self._libpq
        try:
            libpq.consume_input()
            while not libpq.is_busy():
                result = libpq.get_result()
                if result is None:
                    if self._result is not None:
                        answer, result, self._answer, self._result = self._answer, self._result, None, None
                        if answer is not None and not answer.done():
                            answer.set_result(result)
                    if self.broken:
                        self._lost(psycopg.OperationalError("the connection is closed"))
                    return
                self._result = result
        except psycopg.OperationalError as lost:
            self._lost(lost)

    def _lost(self, why: psycopg.OperationalError) -> None:
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(why)


class Lines:
    """At most `most` lines to one database, the one used last first, for questions that may be asked twice."""

    def __init__(self, url: str, *, most: int = 4, application: str = "casetrail", patience: float = 10.0) -> None:
        self._conninfo = conninfo(url, application)
        self._patience = patience
        self._idle: list[Line] = []
        self.free = Free(most)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    async def ask(self, query: LiteralString, params: Sequence[bytes | None]) -> PGresult:
        """The result of one statement. A lost connection is replaced until patience ends.

        Raises:
            StoreAway: the database did not come back in time.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        pause = 0.02
        async with self.free:
            while True:
                line = None
                try:
                    line = self._idle.pop() if self._idle else await Line.open(self._conninfo)
                    return await line.ask(query, params)
                except psycopg.OperationalError as wrong:
                    if line is not None and not line.broken:
                        raise
                    if loop.time() + pause > deadline:
                        raise StoreAway(f"The database is away: {str(wrong).strip().splitlines()[-1]}") from wrong
                    if line is None:
                        await asyncio.sleep(pause)
                        pause = min(2 * pause, 1.0)
                finally:
                    if line is not None:
                        if line.idle:
                            self._idle.append(line)
                        else:
                            await line.close()
