"""Looks of one process share commits, as what it appends does: whatever waited while the last call was on its way is the next one.

A look is known by its id, so that asking again after a lost connection notes it once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import LiteralString, NamedTuple

import psycopg

from application.store import arrays
from application.store.connections import DURABLE, StoreAway, conninfo
from application.store.line import Line

NOTE: LiteralString = (
    "SELECT note_looks($1::uuid[], $2::bytea[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],"
    " $7::int[], $8::text[], $9::bigint[], $10::text[])"
)

MOST_LOOKS = 64
"""So many in one commit: more only makes the first of them wait."""


class Noted(NamedTuple):
    """A look in bytes, up to and including `,"at":"`, and what the database finds it by. `chosen`: in a rehearsal only."""

    id: str
    record: bytes
    person: str
    view: str
    outcome: str
    streams: Sequence[str] = ()
    place: int | None = None
    documents: Sequence[str] = ()
    chosen: datetime | None = None


class _Waiting(NamedTuple):
    noted: Noted
    answer: asyncio.Future[None]
    until: float


class Noting:
    """Notes looks in batches. `await note(noted)` returns when the look is durable."""

    def __init__(self, url: str, *, patience: float = 5.0) -> None:
        self._conninfo = conninfo(url, "casetrail-looks")
        self._patience = patience
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._line: Line | None = None
        self._task: asyncio.Task[None] | None = None
        self.batches = self.looks = 0

    def start(self) -> None:
        """Begin to note. The connection is made with the first batch."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Note what waits, then stop."""
        if self._task is not None:
            while self._waiting:
                await asyncio.wait([self._waiting[-1].answer])
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._drop()

    async def note(self, noted: Noted) -> None:
        """Returns once it is durable.

        Raises:
            StoreAway: the database did not come back in time.
        """
        if self._task is None or self._task.done():
            raise StoreAway("The store is closed.")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(noted, loop.create_future(), loop.time() + self._patience)
        self._waiting.append(waiting)
        self._wake.set()
        await waiting.answer

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch = [*islice(self._waiting, MOST_LOOKS)]
                for _ in batch:
                    self._waiting.popleft()
                try:
                    await self._settle(batch)
                except asyncio.CancelledError:
                    _fail(batch, StoreAway("The store was closed.", unknown=True))
                    raise
                except Exception as wrong:
                    _fail(batch, wrong)

    async def _settle(self, batch: list[_Waiting]) -> None:
        loop, pause = asyncio.get_running_loop(), 0.02
        while batch:
            try:
                await self._ask([waiting.noted for waiting in batch])
            except (psycopg.OperationalError, TimeoutError) as wrong:
                await self._drop()
                late = [waiting for waiting in batch if loop.time() + pause > waiting.until]
                _fail(late, StoreAway(f"The database is away: {(str(wrong).strip().splitlines() or ['no answer in time'])[-1]}"))
                batch = [waiting for waiting in batch if waiting not in late]
                await asyncio.sleep(pause)
                pause = min(2 * pause, 1.0)
            except psycopg.Error:
                if len(batch) == 1:
                    raise
                for waiting in batch:  # one of them is refused, and no other for its sake
                    try:
                        await self._settle([waiting])
                    except psycopg.Error as wrong:
                        _fail([waiting], wrong)
                return
            else:
                self.batches += 1
                self.looks += len(batch)
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_result(None)
                return

    async def _ask(self, looks: Sequence[Noted]) -> None:
        async with asyncio.timeout(self._patience):
            if self._line is None:
                self._line = await Line.open(self._conninfo, DURABLE)
            await self._line.ask(NOTE, arguments(looks))

    async def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()


def arguments(looks: Sequence[Noted]) -> list[bytes | None]:
    """The looks as what `NOTE` takes."""
    of = [(n, stream, look) for n, look in enumerate(looks, start=1) for stream in dict.fromkeys(look.streams)]
    return [
        arrays.uuids([look.id.replace("-", "") for look in looks]),
        arrays.blobs([look.record for look in looks]),
        arrays.instants([look.chosen for look in looks]),
        arrays.texts([look.person for look in looks]),
        arrays.texts([look.view for look in looks]),
        arrays.texts([look.outcome for look in looks]),
        arrays.ints([n for n, _, _ in of]),
        arrays.texts([stream for _, stream, _ in of]),
        arrays.longs_or_none([look.place for _, _, look in of]),
        arrays.texts([",".join(look.documents) or None for _, _, look in of]),
    ]


def _fail(batch: Sequence[_Waiting], wrong: BaseException) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(wrong)
