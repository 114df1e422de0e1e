"""The outbox of digests: one row a person and working day, written with the job that sends it in one transaction.

A row goes from `to-send` to `sending`, which is committed before the mail leaves, and from there to `sent`. Whoever sends holds a lock
of the database for as long as they live: a row in `sending` whose lock is free was left by somebody who died, and nobody can know
whether the mail went out. It is then `in-doubt`, is not sent again by itself, and waits for a person to settle it.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, LiteralString

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import tuple_row

from application.store.connections import DURABLE, conninfo

State = Literal["to-send", "sending", "sent", "in-doubt", "refused", "dropped"]

QUEUE = "digests"
SEND = "send-digest"
"""The job that sends a digest: its only argument is the id of the digest."""

TELL, TELL_ONE = "tell-of-broken-glass", "tell-one-of-broken-glass"
"""The jobs that tell at once of broken glass: at which place of which case, and then to whom."""

LOCKS = 7162
"""The class of the advisory locks that senders hold, one for the number of each digest."""


@dataclass(frozen=True)
class Digest:
    """A row of the outbox: for whom, of which day, and what became of it. `why`, where it was not sent, is a word of ours or a code."""

    id: uuid.UUID
    number: int
    person: str
    role: str
    organisation: str | None
    partnership: str
    day: date
    state: State
    why: str | None
    message_id: str
    overdue: int
    due: int
    attempts: int
    planned_at: datetime
    sending_at: datetime | None
    ended_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True)
class Planned:
    """A digest that is wanted: for somebody in a post, with so many deadlines overdue and due."""

    person: str
    role: str
    organisation: str | None
    partnership: str
    overdue: int
    due: int


DAY: LiteralString = "INSERT INTO digest_days (day, digests) VALUES (%b, %b) ON CONFLICT DO NOTHING RETURNING day"
WRITTEN: LiteralString = """
INSERT INTO digests (id, person, role, organisation, partnership, day, state, message_id, overdue, due)
VALUES (%b, %b, %b, %b::text, %b, %b, 'to-send', %b, %b, %b)
"""
SELECT: LiteralString = """
SELECT id, number, person, role, organisation, partnership, day, state, why, message_id, overdue, due, attempts,
       planned_at, sending_at, ended_at, settled_at
  FROM digests
"""
ONE: LiteralString = f"{SELECT} WHERE id = %b"
LATEST: LiteralString = f"{SELECT} ORDER BY (state IN ('in-doubt', 'refused')) DESC, day DESC, number LIMIT %b"
BEGUN: LiteralString = """
UPDATE digests SET state = 'sending', sending_at = clock_timestamp(), attempts = attempts + 1, overdue = %b, due = %b, why = NULL
 WHERE id = %b AND state = 'to-send' RETURNING attempts
"""
ENDED: LiteralString = """
UPDATE digests SET state = %b, why = %b::text, ended_at = CASE WHEN %b <> 'to-send' THEN clock_timestamp() END
 WHERE id = %b AND attempts = %b AND (state = 'sending' OR state = 'in-doubt' AND %b = 'sent') RETURNING id
"""
DROPPED: LiteralString = """
UPDATE digests SET state = 'dropped', why = %b, ended_at = clock_timestamp() WHERE id = %b AND state = 'to-send'
"""
ABANDONED: LiteralString = """
WITH left_alone AS MATERIALIZED (SELECT id, number FROM digests WHERE state = 'sending')
UPDATE digests d SET state = 'in-doubt', ended_at = clock_timestamp(), why = 'sender-gone'
  FROM left_alone l WHERE d.id = l.id AND d.state = 'sending' AND pg_try_advisory_xact_lock(%b, l.number) RETURNING d.id
"""
SETTLED: LiteralString = """
UPDATE digests SET state = %b, settled_at = clock_timestamp(), why = 'settled',
       ended_at = CASE WHEN %b = 'sent' THEN clock_timestamp() END
 WHERE id = %b AND (state = 'in-doubt' OR state = 'refused' AND %b = 'to-send') RETURNING person, day
"""


class Outbox:
    """The digests of a store, and the jobs that send them. Every change is committed before the next step is taken."""

    def __init__(self, url: str) -> None:
        options = f"{conninfo_to_dict(url).get('options') or ''} -c search_path=public,procrastinate".strip()
        self._conninfo = conninfo(make_conninfo(url, options=options), "casetrail-outbox")
        self.jobs = App(connector=PsycopgConnector(conninfo=self._conninfo, min_size=1, max_size=4))

    async def plan(self, day: date, wanted: Sequence[Planned], domain: str) -> bool:
        """Write the digests of a day, each with its job, or nothing at all. False where the day was planned already.

        `domain` stands in the ids of the messages: each is made once and stays, however often it is sent.
        """
        async with self._connected() as connection, connection.transaction():
            if not await _rows(connection, DAY, (day, len(wanted))):
                return False
            for one in wanted:
                digest = uuid.uuid4()
                post = (one.person, one.role, one.organisation, one.partnership)
                await connection.execute(WRITTEN, (digest, *post, day, f"<{digest}@{domain}>", one.overdue, one.due))
                await self._defer(connection, digest, one.person, day)
        return True

    async def planned(self, day: date) -> bool:
        """Whether the digests of this day are written."""
        async with self._connected() as connection:
            return bool(await _rows(connection, "SELECT FROM digest_days WHERE day = %b", (day,)))

    # --- sending one

    @asynccontextmanager
    async def alone(self, digest: uuid.UUID) -> AsyncIterator[Sending | None]:
        """The digest, for whoever is to send it, as long as the block lasts; None where there is none such."""
        async with self._connected() as connection:
            found = await _rows(connection, "SELECT number FROM digests WHERE id = %b", (digest,))
            if not found:
                yield None
                return
            await connection.execute("SELECT pg_advisory_lock(%b, %b)", (LOCKS, found[0][0]))
            yield Sending(connection, await _one(connection, digest))

    async def abandoned(self) -> list[uuid.UUID]:
        """Mark as in doubt whatever was being sent by somebody who is no longer there. Which they were."""
        async with self._connected() as connection:
            return [id_ for (id_,) in await _rows(connection, ABANDONED, (LOCKS,))]

    # --- looking, and settling

    async def latest(self, most: int) -> list[Digest]:
        """The latest digests, those that somebody should look at first."""
        async with self._connected() as connection:
            return [Digest(*row) for row in await _rows(connection, LATEST, (most,))]

    async def settle(self, digest: uuid.UUID, *, again: bool) -> bool:
        """A person says what became of a digest in doubt: it was sent, or it is to be sent again; the latter also of one refused.

        False where there is no such digest, or none that waits for this.
        """
        state = "to-send" if again else "sent"
        async with self._connected() as connection, connection.transaction():
            found = await _rows(connection, SETTLED, (state, state, digest, state))
            if found and again:
                await self._defer(connection, digest, *found[0])
        return bool(found)

    # --- what cannot wait for a digest

    async def alarm(self, case: str, place: int, person: str | None = None) -> None:
        """Have somebody told of broken glass: whomever it concerns, or this one of them. Once, while it waits."""
        told: dict[str, Any] = {"case": case, "place": place} | ({"person": person} if person else {})
        lock = " ".join(map(str, told.values()))
        async with self._connected() as connection:
            job = self.jobs.configure_task(TELL_ONE if person else TELL, queue=QUEUE, queueing_lock=lock, connection=connection)
            with suppress(AlreadyEnqueued):
                await job.defer_async(**told)

    # --- how

    async def _defer(self, connection: psycopg.AsyncConnection[Any], digest: uuid.UUID, person: str, day: date) -> None:
        """The job, in the transaction of its row. One that waits already will do."""
        job = self.jobs.configure_task(SEND, queue=QUEUE, queueing_lock=f"{person} {day}", connection=connection)
        try:
            async with connection.transaction():
                await job.defer_async(digest=str(digest))
        except AlreadyEnqueued:
            pass

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True, row_factory=tuple_row) as connection:
            await connection.execute(DURABLE)
            yield connection


class Sending:
    """A digest in the hands of one sender: nobody else sends it, or takes it for abandoned, while they live."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], digest: Digest) -> None:
        self._connection = connection
        self.digest = digest

    async def begin(self, overdue: int, due: int) -> bool:
        """About to send: from here on a sender who dies leaves it in doubt. False where it is not to be sent."""
        begun = await _rows(self._connection, BEGUN, (overdue, due, self.digest.id))
        if begun:
            self.digest = await _one(self._connection, self.digest.id)
        return bool(begun)

    async def end(self, state: Literal["sent", "to-send", "refused", "in-doubt"], why: str | None = None) -> None:
        """What became of it. Known to be sent is sent, even where others had come to doubt it."""
        digest = self.digest
        await _rows(self._connection, ENDED, (state, why, state, digest.id, digest.attempts, state))

    async def drop(self, why: str) -> None:
        """It is not sent, and never will be."""
        await self._connection.execute(DROPPED, (why, self.digest.id))


async def _one(connection: psycopg.AsyncConnection[Any], digest: uuid.UUID) -> Digest:
    return Digest(*(await _rows(connection, ONE, (digest,)))[0])


async def _rows(connection: psycopg.AsyncConnection[Any], query: LiteralString, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    cursor = await connection.cursor(binary=True).execute(query, params)
    return await cursor.fetchall() if cursor.description is not None else []
