"""What other systems are told of what is recorded: ids, codes, dates and plain fields, as CloudEvents, in the order of the log.

Words are left out, and named as withheld. A page ends at the settled position, so that nobody who goes on from there misses an event.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from application.case_view.readable import editions, instant, present
from application.policy.across import Across
from application.policy.readable_events import Readable, ReadableEvents, in_full
from application.store.store import Store, Stored
from domain.language import EVENTS
from domain.recorded import Header

TYPE = "uk.casetrail.{kind}.{name}.v{schema}"
SOURCES = {
    "case": "/api/v1/cases", "candidate": "/api/v1/themes/candidates", "calendar": "/api/v1/calendars", "procedure": "/api/v1/procedures",
}  # fmt: skip
"""By kind of stream: below which address of the service it is asked about."""

TOGETHER = 250
"""Rows read at a time."""

MOST_READ = 5_000
"""Rows read for one page, however few of them the asker may know of."""

REMEMBERED = 20_000
"""Streams whose partnership is remembered."""

_header = msgspec.json.Decoder(Header).decode


class Told(NamedTuple):
    """The next events that the asker may know of, the streams they are of, and the position up to which these are all.

    `more`: the record goes on behind it.
    """

    events: Sequence[dict[str, Any]]
    streams: Sequence[str]
    position: int
    more: bool


class EventFeed:
    """The record as other systems follow it."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._partnerships: OrderedDict[str, str | None] = OrderedDict()
        self._alone = asyncio.Lock()
        self._end, self._asked = 0, float("-inf")

    async def page(self, *, across: Across, after: int, limit: int, partnership: str | None = None) -> Told:
        """The events behind a position that they may read: of one partnership, with what belongs to none, or of all.

        Each lot is judged by the record as it stands when the lot has been read: what follows once somebody was shut out is not told.
        """
        end, until = await self._store.settled_position(), across.until
        events: list[dict[str, Any]] = []
        streams: dict[str, None] = {}
        position, read = after, 0
        while position < end and read < MOST_READ:
            rows = await self._store.stored_page(position, TOGETHER, end)
            read += len(rows)
            lot = [(row, then, await self._partnership(then.stream)) for row, then in ((row, _header(row.header)) for row in rows)]
            readable = ReadableEvents(across)
            await readable.look_at([(row, then) for row, then, of in lot if partnership in (None, of) or of is None])
            for row, then, of in lot:
                if until is not None and then.at > until:
                    return Told(events, [*streams], position, more=False)
                position = row.position
                if (told := readable.told(row.position)) is not None:
                    events.append(cloud_event(row, of, told))
                    streams[then.stream] = None
                    if len(events) == limit:
                        return Told(events, [*streams], position, more=position < end)
            if not rows:
                position = end
        return Told(events, [*streams], position, more=position < end)

    async def goes_on(self, position: int, patience: float, leaving: Callable[[], bool] = lambda: False, often: float = 0.5) -> bool:
        """Whether the record has gone beyond a position, waiting so long for it, or until it is time to leave. All who wait ask at once."""
        until = self._clock() + patience
        while True:
            async with self._alone:
                if self._clock() >= self._asked + often:
                    self._end, self._asked = await self._store.settled_position(), self._clock()
            if self._end > position:
                return True
            left = until - self._clock()
            if left <= 0 or leaving():
                return False
            await asyncio.sleep(min(often, left))

    async def _partnership(self, stream: str) -> str | None:
        """Whose a stream is; nobody's: the calendars and procedures, which everybody may read."""
        kind, _, name = stream.partition("/")
        if kind == "candidate":
            return name.partition("-")[0]
        if kind != "case":
            return None
        if stream not in self._partnerships:
            (first,) = await self._store.stored(stream, upto_place=1)
            self._partnerships[stream] = msgspec.json.decode(first.body).get("partnership", "")
            while len(self._partnerships) > REMEMBERED:
                self._partnerships.popitem(last=False)
        return self._partnerships[stream]


def cloud_event(stored: Stored, partnership: str | None, told: Readable | None = None) -> dict[str, Any]:
    """An event as others are told of it: CloudEvents 1.0, its envelope and plain fields in `data`, as far as they may be read."""
    then = _header(stored.header)
    told = told or in_full(stored, then)
    kind, _, subject = then.stream.partition("/")
    event = EVENTS.get(then.name)
    schema = then.schema if event is None else event.schema_version()
    return {
        "specversion": "1.0",
        "id": str(stored.position),
        "source": SOURCES[kind],
        "type": TYPE.format(kind=kind, name=then.name, schema=schema),
        "subject": subject,
        "time": instant(then.at),
        "datacontenttype": "application/json",
        **present(partnership=partnership),
        "place": then.place,
        "position": stored.position,
        "data": {
            "name": then.name,
            "on": then.on.isoformat(),
            "by": told.by,
            **present(seen=then.seen, transcribed_by=told.transcribed_by),
            "procedure": editions(then.procedure),
            "calendar": then.calendar,
            "command": then.command,
            "fields": told.fields,
            "withheld": [*told.withheld],
        },
    }
