"""One prepared statement on one connection, asked over and over: sent at once, and answered with the driver's bare result.

It spends on each question a fraction of what a cursor does, which is what an append of one event mostly consists of.
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

_NAME = b"asked"


class Line:
    """A statement of `n` parameters; `await ask(params)` sends them in binary form. One question at a time."""

    def __init__(self, conn: psycopg.AsyncConnection[TupleRow]) -> None:
        self._conn = conn
        self._libpq = conn.pgconn
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[PGresult] | None = None
        self._result: PGresult | None = None
        self._socket = self._libpq.socket
        self._formats: list[int] = []
        self._loop.add_reader(self._socket, self._readable)

    @classmethod
    async def open(cls, conninfo: str, query: LiteralString, n: int, *settings: LiteralString) -> Line:
        """Connect, and prepare the statement."""
        conn = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        try:
            for setting in settings:
                await conn.execute(setting)
            line = cls(conn)
            line._libpq.send_prepare(_NAME, query.encode())
            await line._answered()
            line._formats = [Format.BINARY] * n
        except BaseException:
            await conn.close()
            raise
        return line

    @property
    def broken(self) -> bool:
        """Whether the connection is lost."""
        return self._libpq.status != ConnStatus.OK

    async def ask(self, params: Sequence[bytes | None]) -> PGresult:
        """The result of the statement for these parameters.

        Raises:
            psycopg.Error: what the server answered, or that the connection was lost.
        """
        self._libpq.send_query_prepared(_NAME, params, self._formats, Format.BINARY)
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
