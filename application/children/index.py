"""The index of children in the database of the keys: entered before an event is recorded, gone in the moment that its key is destroyed.

No transaction spans it and the record, so it may hold entries whose event never came, and names that were corrected since: whoever
searches asks the record whether a child stands there (`searching.py`). What is missing would not be found: so entries come first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import LiteralString, NamedTuple

import psycopg

from application.children import naming
from application.children.entries import rows_of
from application.children.standing import TELLING, Standing, corrects, opened, standing, tells
from application.store import mapper
from application.store.connections import Connections, StoreAway
from application.store.keys import KeyDestroyed, Keys
from application.store.store import Save, header_of
from domain.recorded import Recorded

log = logging.getLogger("casetrail.children")

FIRST_KEY = "children-1"
PAGE = 50
"""Streams that are read at once: whoever else is served by this process waits as long."""

AGAIN = 5.0
"""Seconds after which what could not be made is tried again."""

NEVER_CAME = timedelta(days=1)
"""An entry whose event has not come in so long will not be waited for any more."""

OF_STREAMS: LiteralString = (
    "SELECT notification_id, header, state, hash FROM events WHERE originator_id = ANY(%b::text[]) AND topic = ANY(%b::text[])"
    " ORDER BY originator_id, originator_version"
)
CASES: LiteralString = (
    "SELECT originator_id FROM events WHERE originator_version = 1 AND starts_with(originator_id, 'case/') AND originator_id >= 'case/'"
    " ORDER BY originator_id"
)
ENTER: LiteralString = "SELECT enter_children(%b::bytea[], %b::text[], %b::text[], %b, %b, %b)"
SETTLE: LiteralString = "SELECT settle_children(%b::text[], %b::bytea[], %b::text[], %b::text[], %b)"
UNSETTLED: LiteralString = "SELECT DISTINCT stream FROM children WHERE waiting_since <= %b::timestamptz ORDER BY stream"
WHOLE: LiteralString = "UPDATE child_index SET whole_at = clock_timestamp() WHERE search_key = %b AND whole_at IS NULL"


class BeingMade(Exception):
    """The index is being made from the record: nobody can say yet that a child is not known."""


class By(NamedTuple):
    """By which key entries are made, and in which form; whether every child has one."""

    key: str
    form: int
    whole: bool


class Index:
    """The index of children of one store."""

    def __init__(self, record: str, keys: Keys) -> None:
        self._record = Connections(record, most=1, application="casetrail-children")
        self._database = Connections(keys.url, most=2, application="casetrail-children")
        self._keys = keys
        self._by: By | None = None
        self._making: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, and make what has not been made: at once where there is nothing to be read, else while others work."""
        await self._record.open()
        await self._database.open()
        if not (await self._current()).whole and not await self._record.ask(f"{CASES} LIMIT 1"):
            await self.again()
        self._making = asyncio.create_task(self._until_made())

    async def close(self) -> None:
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)
        await self._database.close()
        await self._record.close()

    # --- beside every append

    async def before(self, save: Save) -> datetime | None:
        """What this save tells of children can be found once this returns: since when, if it does.

        If it is not recorded after all, nobody is misled.

        Raises:
            StoreAway: it could not be kept in time.
        """
        if not any(map(tells, save.events)):
            return None
        told = await self._told(save)
        if not told and not any(map(corrects, save.events)):
            return None
        return await self._enter([(save.stream, child) for child in told], announced=True)

    async def after(self, save: Save, announced: datetime | None) -> None:
        """It was recorded: a name that was put right is not found any more. Where this fails it is left to be made again.

        Whoever announced something on this stream later, decided after this or will decide again: of them nothing goes.
        """
        if announced is None or not any(map(corrects, save.events)):
            return
        try:
            await self._settle([save.stream], until=announced)
        except (StoreAway, psycopg.Error):
            log.warning("a corrected name could not be taken out of the index of children yet")

    async def _told(self, save: Save) -> list[Standing]:
        events = [Recorded(header_of(save, i, event), event) for i, event in enumerate(save.events)]
        before = (await self._read([save.stream])).get(save.stream, []) if any(map(corrects, save.events)) else []
        return [*standing([*await opened(before, self._keys), *events])]

    # --- asking

    async def streams(self, name: str, born_on: date) -> list[str]:
        """The streams on which a child of this name and birth date may stand.

        Raises:
            BeingMade: there are children that have not been entered yet.
        """
        by = await self._current()
        if not by.whole:
            raise BeingMade
        entries = naming.entries(await self._keys.secret(by.key), name, born_on)
        rows = await self._database.ask("SELECT DISTINCT stream FROM children WHERE entry = ANY(%b::bytea[])", ([*entries],))
        return sorted(stream for (stream,) in rows)

    async def wait(self, person: str, most: int, within: timedelta) -> float:
        """Count a search: 0, or after how many seconds this person may search again."""
        rows = await self._database.ask("SELECT count_child_search(%b, %b, %b)", (person, most, within.total_seconds()))
        return float(rows[0][0])

    async def whole(self) -> bool:
        """Whether every child of the record can be found."""
        return (await self._current()).whole

    # --- making it, whole or anew

    async def made(self) -> None:
        """Returns once it is whole."""
        if self._making is not None:
            await asyncio.shield(self._making)

    async def doubt(self) -> None:
        """Nobody is told that a child is not known until it was made again: events are recorded that nobody announces here."""
        await self._current()
        await self._database.ask("UPDATE child_index SET whole_at = NULL")

    async def again(self) -> int:
        """Read the whole record: what is missing is entered, what does not stand there goes. How many cases were read.

        The index answers all the while.
        """
        by = await self._current()
        cases = [stream for (stream,) in await self._record.ask(CASES)]
        until = await self._database_now() - NEVER_CAME
        others = await self._database.ask("SELECT DISTINCT stream FROM children ORDER BY stream")
        for page in _pages([*dict.fromkeys([*cases, *(stream for (stream,) in others)])]):
            await self._settle(page, until=until, enter=True)
        await self._database.ask(
            "UPDATE child_index SET whole_at = clock_timestamp() WHERE search_key = %b AND whole_at IS NULL", (by.key,)
        )
        return len(cases)

    async def under_a_new_key(self) -> int:
        """Everything is entered again under a key made now, and the old one is destroyed. Nobody else records meanwhile."""
        old = await self._current()
        name, _, number = old.key.rpartition("-")
        await self._begin(f"{name}-{int(number) + 1}")
        read = await self.again()
        await self._keys.destroy(old.key)
        return read

    async def sweep(self) -> None:
        """What was announced a day ago and more: where its event came it stands, and else it goes."""
        until = await self._database_now() - NEVER_CAME
        streams = [stream for (stream,) in await self._database.ask(UNSETTLED, (until,))]
        for page in _pages(streams):
            await self._settle(page, until=until)

    async def _until_made(self) -> None:
        while True:
            try:
                if not (await self._current()).whole:
                    await self.again()
                return await self.sweep()
            except (StoreAway, psycopg.Error) as wrong:
                log.warning("the index of children could not be made yet: %s", type(wrong).__name__)
                await asyncio.sleep(AGAIN)

    async def _begin(self, key: str) -> None:
        await self._keys.of_persons([key])
        await self._database.ask("SELECT begin_child_index(%b, %b)", (key, naming.FORM))

    async def _current(self) -> By:
        """By which key and in which form entries are made now; begun, where nothing was, or in an older form.

        Raises:
            StoreAway: a newer version is at work on it.
        """
        for _ in range(2):
            rows = await self._database.ask("SELECT search_key, form, whole_at IS NOT NULL FROM child_index")
            if rows and rows[0][1] > naming.FORM:
                break
            if rows and rows[0][1] == naming.FORM:
                self._by = By(*rows[0])
                return self._by
            await self._begin(rows[0][0] if rows else FIRST_KEY)
        raise StoreAway("The index of children is in a form that this version does not know.")

    # --- how

    async def _enter(self, told: Sequence[tuple[str, Standing]], *, announced: bool) -> datetime:
        """Under the key in use, which may have become another since it was last asked for. The instant of it."""
        for _ in range(3):
            by = self._by or await self._current()
            try:
                rows = rows_of(await self._keys.secret(by.key), told)
            except KeyDestroyed:
                self._by = None
                continue
            entered: datetime | None = (await self._database.ask(ENTER, (*rows, by.key, naming.FORM, announced)))[0][0]
            if entered is not None:
                return entered
            self._by = None
        raise StoreAway("The index of children is being made under another key; ask again.")

    async def _settle(self, streams: Sequence[str], *, until: datetime, enter: bool = False) -> None:
        found = await self._read(streams)
        clear = iter(await opened([recorded for history in found.values() for recorded in history], self._keys))
        told = [(stream, child) for stream, history in found.items() for child in standing([next(clear) for _ in history])]
        if enter:
            await self._enter(told, announced=False)
        rows = rows_of(await self._keys.secret((await self._current()).key), told)
        await self._database.ask(SETTLE, ([*streams], *rows, until))

    async def _read(self, streams: Sequence[str]) -> dict[str, list[Recorded]]:
        found: dict[str, list[Recorded]] = {}
        for row in await self._record.ask(OF_STREAMS, ([*streams], [*TELLING])):
            recorded = mapper.recorded(*row)
            found.setdefault(recorded.stream, []).append(recorded)
        return found

    async def _database_now(self) -> datetime:
        now: datetime = (await self._database.ask("SELECT clock_timestamp()"))[0][0]
        return now


def _pages(streams: Sequence[str]) -> Iterator[Sequence[str]]:
    return (streams[n : n + PAGE] for n in range(0, len(streams), PAGE))
