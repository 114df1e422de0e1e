"""Broken glass, from the moment it breaks until information governance has judged it: who is to be told, and of what."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import LiteralString, NamedTuple

import psycopg
from procrastinate.exceptions import ConnectorException

from application.outbox import Outbox
from application.store import mapper
from application.store.connections import Connections, StoreAway
from domain.access import BreakGlassReviewed, GlassBroken
from domain.people import PersonId
from domain.recorded import Recorded

log = logging.getLogger("casetrail.broken_glass")

AGAIN = 5.0
"""Seconds before it is tried again to have somebody told."""

SINCE: LiteralString = """
SELECT notification_id, header, state, hash FROM events
 WHERE notification_id > %b AND notification_id <= (SELECT position FROM settled()) AND topic IN ('glass-broken', 'break-glass-reviewed')
 ORDER BY notification_id
"""


class Broken(NamedTuple):
    """Somebody let themselves in: where, when, and until when. Who it was and why stands in the case."""

    case: str
    place: int
    ref: str
    partnership: str
    person: PersonId
    at: datetime
    until: datetime


class BrokenGlass:
    """The broken glass of a store. All of the record is read once for it, and then what was recorded since."""

    def __init__(self, url: str) -> None:
        self._database = Connections(url, most=1, application="casetrail-broken-glass")
        self._outbox = Outbox(url)
        self._open: dict[tuple[str, str], Broken] = {}
        self._position = 0
        self._reading = asyncio.Lock()
        self._later: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        await self._database.open()

    async def close(self) -> None:
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        await self._database.close()

    async def heed(self, recorded: Iterable[Recorded]) -> None:
        """Have those told whom it concerns, if glass was just broken. What fails is tried again until it is done."""
        broken = [one for one in recorded if isinstance(one.event, GlassBroken)]
        if not broken:
            return
        try:
            await self._have_told(broken)
        except (psycopg.Error, ConnectorException, OSError):
            log.warning("nobody could be told yet of broken glass; it is tried again")
            task = asyncio.create_task(self._until_told(broken))
            self._later.add(task)
            task.add_done_callback(self._later.discard)

    async def unreviewed(self, partnership: str) -> list[Broken]:
        """What nobody has judged yet, in the order broken."""
        await self._read()
        return [one for one in self._open.values() if one.partnership == partnership]

    async def at(self, case: str, place: int) -> Broken | None:
        """What was broken there, if it is still to be judged."""
        await self._read()
        return next((one for one in self._open.values() if (one.case, one.place) == (case, place)), None)

    async def _have_told(self, broken: Sequence[Recorded]) -> None:
        for one in broken:
            await self._outbox.alarm(one.stream.removeprefix("case/"), one.place)

    async def _until_told(self, broken: Sequence[Recorded]) -> None:
        while True:
            await asyncio.sleep(AGAIN)
            try:
                return await self._have_told(broken)
            except (psycopg.Error, ConnectorException, OSError, StoreAway):
                continue

    async def _read(self) -> None:
        async with self._reading:
            for row in await self._database.ask(SINCE, (self._position,)):
                self._take(mapper.recorded(*row))

    def _take(self, recorded: Recorded) -> None:
        case, event = recorded.stream.removeprefix("case/"), recorded.event
        if isinstance(event, GlassBroken):
            where = (case, recorded.place, event.ref, recorded.by.partnership or "")
            self._open[case, event.ref] = Broken(*where, recorded.by.person, recorded.at, event.until)
        elif isinstance(event, BreakGlassReviewed):
            self._open.pop((case, event.grant), None)
        self._position = recorded.position
