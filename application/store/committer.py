"""Writers of one process share commits: whatever waited while the last batch was on its way is the next one.

One connection, one statement text. When the connection is lost, what was on its way is asked again under its command ids:
what had been committed finds its own success, what had not is recorded then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import LiteralString

import psycopg

from application.store.connections import DURABLE, StoreAway, conninfo
from application.store.line import Line
from application.store.recorder import APPEND, Entry, Outcome, arguments, distinct, outcome_of, outcomes

MOST_SAVES = 32
"""So many in one commit: more only makes the first of them wait."""


class _Waiting:
    __slots__ = ("answer", "asked_before", "entry", "until")

    def __init__(self, entry: Entry, answer: asyncio.Future[tuple[Outcome, bool]], until: float) -> None:
        self.entry = entry
        self.answer = answer
        self.until = until
        self.asked_before = False


class Committer:
    """Records entries in batches. `await save(entry)` returns when the entry is durable."""

    def __init__(self, url: str, *, patience: float = 20.0, answer_within: float = 30.0) -> None:
        self._conninfo = conninfo(url, "casetrail-append")
        self._patience = patience
        self._answer_within = answer_within
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._settings: tuple[LiteralString, ...] = (DURABLE, "SET lock_timeout = '10s'")
        self._line: Line | None = None
        self._task: asyncio.Task[None] | None = None
        self.batches = self.saves = 0

    def start(self) -> None:
        """Begin to record. The connection is made with the first batch."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Record what waits, then stop."""
        if self._task is not None:
            while self._waiting:
                await asyncio.wait([self._waiting[-1].answer])
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._drop()

    async def save(self, entry: Entry) -> tuple[Outcome, bool]:
        """What became of it, and whether it was asked more than once because a connection was lost.

        Raises:
            StoreAway: the database did not come back in time.
        """
        if self._task is None or self._task.done():
            raise StoreAway("The store is closed.")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(entry, loop.create_future(), loop.time() + self._patience)
        self._waiting.append(waiting)
        self._wake.set()
        return await waiting.answer

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                size = distinct(waiting.entry for waiting in islice(self._waiting, MOST_SAVES))
                batch = [self._waiting.popleft() for _ in range(size)]
                try:
                    await self._settle(batch)
                except BaseException as wrong:
                    self._fail(
                        batch, StoreAway("The store was closed.", unknown=True) if isinstance(wrong, asyncio.CancelledError) else wrong
                    )
                    if not isinstance(wrong, Exception):
                        raise

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        pause = 0.02
        while batch:
            try:
                answers = await self._ask([waiting.entry for waiting in batch])
            except psycopg.errors.UniqueViolation as violation:
                if len(batch) > 1:
                    return await self._one_by_one(batch)
                answers = [outcome_of(violation, batch[0].entry)]
            except (psycopg.OperationalError, TimeoutError) as wrong:
                sent = self._line is not None
                if self._line is not None and not self._line.broken and isinstance(wrong, psycopg.OperationalError):
                    return self._fail(batch, StoreAway(f"The database could not record now: {_said(wrong)}"))
                await self._drop()
                for waiting in batch:
                    waiting.asked_before |= sent
                now = asyncio.get_running_loop().time()
                for waiting in batch:
                    if now + pause > waiting.until:
                        self._fail([waiting], StoreAway(f"The database is away: {_said(wrong)}", unknown=waiting.asked_before))
                batch = [waiting for waiting in batch if not waiting.answer.done()]
                if not sent:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, 1.0)
                continue
            except psycopg.Error:
                if len(batch) > 1:
                    return await self._one_by_one(batch)
                raise
            self.batches += 1
            self.saves += len(batch)
            for waiting, outcome in zip(batch, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result((outcome, waiting.asked_before))
            return

    async def _one_by_one(self, batch: Sequence[_Waiting]) -> None:
        for waiting in batch:
            try:
                await self._settle([waiting])
            except Exception as wrong:
                self._fail([waiting], wrong)

    async def _ask(self, entries: Sequence[Entry]) -> list[Outcome]:
        if self._line is None:
            self._line = await Line.open(self._conninfo, *self._settings)
        async with asyncio.timeout(self._answer_within):
            result = await self._line.ask(APPEND, arguments(entries))
        return outcomes(result, entries)

    async def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    @staticmethod
    def _fail(batch: Sequence[_Waiting], wrong: BaseException) -> None:
        for waiting in batch:
            if not waiting.answer.done():
                waiting.answer.set_exception(wrong)


def _said(wrong: BaseException) -> str:
    return (str(wrong).strip().splitlines() or ["no answer in time"])[-1]
