"""A record full of whole cases, and the library's tables with as many events: made once for all benchmarks that only read."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import psycopg

from benchmarks import library
from benchmarks.ground import EVENTS, Ground
from benchmarks.histories import fill
from interfaces import wiring
from interfaces.databases import Databases


@dataclass(frozen=True)
class Full:
    """Both, and what is in them."""

    places: Databases
    streams: list[str]
    url: str
    theirs: library.Discussions
    ids: list[UUID]

    @property
    def events(self) -> int:
        return len(self.streams) * EVENTS


_made: dict[Ground, Full] = {}


async def full(ground: Ground) -> Full:
    """The full record."""
    if ground not in _made:
        cases = ground.sizes.cases
        ground.told(f"A record of {cases * EVENTS:,} events, and the library's tables with as many")
        places = await ground.store()
        async with wiring.Service(places) as service:
            streams = await fill(service.store, cases, EVENTS, ground.told)
        url = ground.database()
        theirs = library.application(url)
        ids = library.fill(theirs, cases, EVENTS, ground.told)
        for address in (places.owner_record, url):
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute("VACUUM (ANALYZE)")
                connection.execute("CHECKPOINT")
        _made[ground] = Full(places, streams, url, theirs, ids)
    return _made[ground]
