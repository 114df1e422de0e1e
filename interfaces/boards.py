"""The service's side of the read models: questions across cases, asked over a few connections that outlive a restart of the server.

async with Boards(url) as boards:
    await boards.reached("deadlines", position, seconds=3)
    page = await boards.clocks(today=today, calendars=calendars, partnership="bolton")
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import date
from typing import Any, Self, TypeVar

import msgspec
import psycopg
from psycopg.rows import tuple_row

from application.store.connections import Free, StoreAway, conninfo
from domain.working_days import Calendar
from projections import VIEWS
from projections.board import BoardRow, board
from projections.case_list import ListedCase, cases
from projections.decisions import RegisteredDecision, decisions
from projections.freshness import Freshness
from projections.paging import MOST, AsyncConnection, Page
from projections.view import STANDING
from projections.week import rows_of_week
from projections.yearly_figures import Year, rows_of_year, yearly_figures

T = TypeVar("T")

CONNECTIONS = 4
PATIENCE = 5.0
"""Seconds for which a question waits for a database that went away to come back."""

Listed = Page[dict[str, Any]]


class Boards:
    """The read models as the service asks them, as a role that can only read."""

    def __init__(self, url: str, *, most: int = CONNECTIONS, patience: float = PATIENCE) -> None:
        self._conninfo = conninfo(url, "casetrail-boards")
        self._patience = patience
        self._idle: list[AsyncConnection] = []
        self.free = Free(most)
        self._freshness = Freshness(self._connect)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._freshness)
            stack.push_async_callback(self._close)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    # --- how fresh they are

    async def reached(self, view: str, position: int, seconds: float) -> int | None:
        """The position a view has read up to once it is this or later; None where that took longer."""
        return await self._freshness.reached(view, position, seconds)

    async def readiness(self, position: int) -> dict[str, dict[str, Any]]:
        """How each view stands towards a position of the record. `fault` is why it stands still, or that it was never made."""
        standing = {row[0]: row for row in await self._ask(_standing)}
        told: dict[str, dict[str, Any]] = {}
        for view in VIEWS:
            row = standing.get(view.name)
            if row is None or row[1] != view.version:
                told[view.name] = {"position": 0, "behind": position, "fault": "It has not been made yet: its worker does that."}
            else:
                at = int(row[3])
                # the sentence may quote what an event holds: where it stands is enough here, the worker's log has the rest
                fault = None if row[5] is None else f"It stands still before position {row[5]} since {row[7]:%Y-%m-%d %H:%M:%S} UTC."
                told[view.name] = {"position": at, "behind": max(0, position - at), "fault": fault}
        return told

    # --- questions

    async def cases(self, **which: Any) -> Listed:
        """A page of the cases, opened last first. `which`: as `projections.case_list.cases` takes it."""
        page = await self.case_rows(**which)
        return Page([msgspec.to_builtins(case) for case in page.items], page.next, page.position, page.fault)

    async def case_rows(self, **which: Any) -> Page[ListedCase]:
        """The same page, as rows."""
        return await self._ask(lambda connection: cases(connection, **which))

    async def decisions(self, **which: Any) -> Listed:
        """A page of the register of decisions, recorded last first. `which`: as `projections.decisions.decisions` takes it."""
        page = await self.decision_rows(**which)
        return Page([decision.item() for decision in page.items], page.next, page.position, page.fault)

    async def decision_rows(self, **which: Any) -> Page[RegisteredDecision]:
        """The same page, as rows."""
        return await self._ask(lambda connection: decisions(connection, **which))

    async def clocks(self, *, today: date, calendars: Mapping[str, Calendar], **which: Any) -> Listed:
        """A page of the deadline board, the next due first, judged on `today`. `which`: as `projections.board.board` takes it."""
        page = await self.rows(today=today, calendars=calendars, **which)
        return Page([row.item(today, calendars) for row in page.items], page.next, page.position, page.fault)

    async def rows(self, **asked: Any) -> Page[BoardRow]:
        """The same page, as rows."""
        return await self._ask(lambda connection: board(connection, **asked))

    async def waited_for(self, *, most: int, **asked: Any) -> Page[BoardRow]:
        """All that is still waited for, the next due first; `next` is left where there are more than `most`."""
        found = await self.rows(**asked, limit=MOST)
        rows = found.items
        while found.next is not None and rows[-1].clock.open and len(rows) < most:
            found = await self.rows(**asked, cursor=found.next, limit=MOST)
            rows += found.items
        more = found.next if rows and rows[-1].clock.open else None
        return Page([row for row in rows if row.clock.open], more, found.position, found.fault)

    async def figures(self, year: int, **which: Any) -> Year:
        """The yearly figures. `which`: as `projections.yearly_figures.yearly_figures` takes it."""
        return await self._ask(lambda connection: yearly_figures(connection, year, **which))

    async def rows_of_year(self, year: int, **which: Any) -> Page[BoardRow]:
        """A page of the clocks that may be of a year. `which`: as `projections.yearly_figures.rows_of_year` takes it."""
        return await self._ask(lambda connection: rows_of_year(connection, year, **which))

    async def rows_of_week(self, of: date, **which: Any) -> Page[BoardRow]:
        """A page of the clocks that a week counts. `which`: as `projections.week.rows_of_week` takes it."""
        return await self._ask(lambda connection: rows_of_week(connection, of, **which))

    async def answer(self, question: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """A question of any other read model, which may safely be asked twice."""
        return await self._ask(question)

    # --- how

    async def _ask(self, question: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """One question, which may safely be asked twice: a lost connection is replaced until patience ends.

        Raises:
            StoreAway: the database did not come back in time.
        """
        deadline = asyncio.get_running_loop().time() + self._patience
        pause = 0.02
        async with self.free:
            while True:
                connection = None
                try:
                    connection = self._idle.pop() if self._idle else await self._connect()
                    return await question(connection)
                except psycopg.OperationalError as lost:
                    if connection is not None and not connection.closed:
                        raise
                    if asyncio.get_running_loop().time() + pause > deadline:
                        raise StoreAway("The database is away.") from lost
                    if connection is None:
                        await asyncio.sleep(pause)
                        pause = min(2 * pause, 1.0)
                finally:
                    if connection is not None:
                        await self._give_back(connection)

    async def _connect(self) -> AsyncConnection:
        return await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True, row_factory=tuple_row)

    async def _give_back(self, connection: AsyncConnection) -> None:
        if connection.closed or connection.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            await connection.close()
        else:
            self._idle.append(connection)

    async def _close(self) -> None:
        while self._idle:
            await self._idle.pop().close()


async def _standing(connection: AsyncConnection) -> list[tuple[Any, ...]]:
    try:
        return await (await connection.execute(STANDING, {"view": None})).fetchall()
    except psycopg.errors.UndefinedTable:
        return []
