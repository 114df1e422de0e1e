"""The limits of writing: a bare INSERT and its commit, nothing decided, nothing sealed."""

from __future__ import annotations

import asyncio
import time
from struct import pack
from uuid import uuid4

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from benchmarks.measuring import Figures, paced

TABLE = (
    "CREATE TABLE bare (stream uuid, place bigint, topic text, state bytea, position bigserial, PRIMARY KEY (stream, place));"
    "CREATE UNIQUE INDEX ON bare (position)"
)
"""In the shape of the library's."""

TOPIC = "NotificationDiscussed"
STATE = b"x" * 960
ONE = b"INSERT INTO bare (stream, place, topic, state) VALUES (%b, %b, %b, %b) RETURNING position"
MANY = b"INSERT INTO bare (stream, place, topic, state) VALUES ($1::uuid, $2::bigint, $3::text, $4::bytea) RETURNING position"


def inserting(connection: psycopg.Connection[tuple[object, ...]], seconds: float) -> Figures:
    """By one, over psycopg."""
    stream, took = uuid4(), list[float]()
    began = time.perf_counter()
    while (at := time.perf_counter()) - began < seconds:
        connection.execute(ONE, (stream, len(took), TOPIC, STATE), prepare=True).fetchone()
        took.append(time.perf_counter() - at)
    return paced(took, time.perf_counter() - began)


class Wire:
    """One connection and one prepared statement in an event loop, with what libpq itself costs and no more."""

    def __init__(self, url: str, query: bytes) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._libpq = self._connection.pgconn
        self._libpq.prepare(b"it", query)
        self._answer: asyncio.Future[PGresult] | None = None
        self._result: PGresult | None = None
        asyncio.get_running_loop().add_reader(self._libpq.socket, self._readable)

    async def ask(self, *parameters: bytes) -> PGresult:
        """The answer to the statement with these parameters, all in binary form."""
        self._answer = asyncio.get_running_loop().create_future()
        self._libpq.send_query_prepared(b"it", parameters, [Format.BINARY] * len(parameters), Format.BINARY)
        self._libpq.flush()
        result = await self._answer
        if result.status != ExecStatus.TUPLES_OK:
            raise error_from_result(result)
        return result

    def close(self) -> None:
        """Disconnect."""
        asyncio.get_running_loop().remove_reader(self._libpq.socket)
        self._connection.close()

    def _readable(self) -> None:
        self._libpq.consume_input()
        while not self._libpq.is_busy():
            result = self._libpq.get_result()
            if result is not None:
                self._result = result
            elif self._answer is not None and self._result is not None:
                answer, given, self._answer, self._result = self._answer, self._result, None, None
                answer.set_result(given)
                return
            else:
                return


class Inserting:
    """One of several connections, each with a stream of its own."""

    def __init__(self, url: str) -> None:
        self._wire = Wire(url, MANY)
        self._stream = uuid4().bytes
        self._place = 0

    async def insert(self, n: int) -> None:
        """A row, committed."""
        self._place += 1
        await self._wire.ask(self._stream, pack("!q", self._place), TOPIC.encode(), STATE)

    def close(self) -> None:
        """Disconnect."""
        self._wire.close()
