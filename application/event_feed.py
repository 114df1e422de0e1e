"""What other systems are told of what is recorded: ids, codes, dates and plain fields, as CloudEvents, in the order of the log.

Words are left out, and named as withheld. A page ends at the settled position, so that nobody who goes on from there misses an event.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from application.case_view.readable import editions, instant, present, said_by
from application.store import mapper
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

SEALED = "\x00"
"""Stands where words were, while a body is taken apart: no text holds it."""

_header = msgspec.json.Decoder(Header).decode


class Told(NamedTuple):
    """The next events that the asker may know of, the streams they are of, and the position up to which these are all.

    `more`: the record goes on behind it.
    """

    events: Sequence[dict[str, Any]]
    streams: Sequence[str]
    position: int
    more: bool


class _Sealed(dict[str, str]):
    """Whatever words are asked for, they are not told."""

    def __missing__(self, path: str) -> str:
        return SEALED


class EventFeed:
    """The record as other systems follow it."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._partnerships: OrderedDict[str, str | None] = OrderedDict()
        self._alone = asyncio.Lock()
        self._end, self._asked = 0, float("-inf")

    async def page(self, *, after: int, limit: int, partnership: str | None = None, until: datetime | None = None) -> Told:
        """The events behind a position: of one partnership, with what belongs to none, or of all. `until`: only those recorded by then."""
        end = await self._store.settled_position()
        events: list[dict[str, Any]] = []
        streams: dict[str, None] = {}
        position, read = after, 0
        while position < end and read < MOST_READ:
            rows = await self._store.stored_page(position, TOGETHER, end)
            read += len(rows)
            for row in rows:
                then = _header(row.header)
                if until is not None and then.at > until:
                    return Told(events, [*streams], position, more=False)
                position = row.position
                of = await self._partnership(then.stream)
                if partnership in (None, of) or of is None:
                    events.append(cloud_event(row, of))
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


def cloud_event(stored: Stored, partnership: str | None) -> dict[str, Any]:
    """An event as others are told of it: CloudEvents 1.0, its envelope and plain fields in `data`."""
    then = _header(stored.header)
    kind, _, subject = then.stream.partition("/")
    fields, withheld = plain(stored)
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
            "by": said_by(then.by),
            **present(seen=then.seen, transcribed_by=then.transcribed_by),
            "procedure": editions(then.procedure),
            "calendar": then.calendar,
            "command": then.command,
            "fields": fields,
            "withheld": withheld,
        },
    }


def plain(stored: Stored) -> tuple[dict[str, Any], list[str]]:
    """The fields of an event without its words, and the paths at which words were."""
    withheld: list[str] = []
    found: dict[str, Any] = _plain(mapper.fields_with(stored.header, stored.body, _Sealed()), "", withheld)
    return found, withheld


def _plain(value: Any, path: str, withheld: list[str]) -> Any:
    """What is left without words: of a part what else it says, of a list of nothing but words nothing (None)."""
    if value == SEALED:
        withheld.append(path)
        return None
    at = f"{path}." if path else ""
    if isinstance(value, dict):
        kept = {name: _plain(inner, f"{at}{name}", withheld) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner is not None or value[name] is None}
    if isinstance(value, list):
        items = [_plain(inner, f"{at}{n}", withheld) for n, inner in enumerate(value)]
        return items if not value or any(item is not None for item in items) else None
    return value
