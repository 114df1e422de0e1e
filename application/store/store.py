"""The store, as the rest of the service knows it: append to it, read a stream's history, follow the log, open what is sealed.

async with Store(url, keys) as store:
    appended = await store.append(Save(stream="case/…", expected_place=4, …))
    history = await store.history("case/…")
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, LiteralString, NamedTuple, Protocol
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import tuple_row

from application.store import mapper, migrate
from application.store.arrays import long, moment
from application.store.committer import Committer
from application.store.connections import Connections, Free, StoreAway, conninfo
from application.store.keys import Keys
from application.store.line import Lines
from application.store.recorder import EVER, LOG, STREAM, STREAM_AS_OF, STREAMS, Entry, Outcome, RecordApplication, numbered, rows_of
from domain.language import CaseEvent
from domain.people import By
from domain.recorded import Editions, Header, Recorded

_STREAM, _STREAM_AS_OF, _LOG = numbered(STREAM), numbered(STREAM_AS_OF), numbered(LOG)
ENTRIES: LiteralString = (
    "SELECT e.notification_id, e.header, e.state, e.hash FROM unnest(%b::text[], %b::bigint[]) k (stream, place)"
    " CROSS JOIN LATERAL (SELECT notification_id, header, state, hash FROM events"
    " WHERE originator_id = k.stream AND originator_version = k.place OFFSET 0) e"
)
BEHIND: LiteralString = """
SELECT k.stream, last.place, e.position, e.header, e.body, e.hash
  FROM unnest(%b::text[], %b::bigint[]) k (stream, place)
 CROSS JOIN LATERAL (
     SELECT originator_version AS place FROM events WHERE originator_id = k.stream ORDER BY originator_version DESC LIMIT 1
 ) last
  LEFT JOIN LATERAL (
     SELECT notification_id AS position, originator_version, header, state AS body, hash FROM events
      WHERE originator_id = k.stream AND originator_version > k.place AND topic = ANY(%b::text[]) OFFSET 0
 ) e ON true
 WHERE last.place > k.place
 ORDER BY k.stream, e.originator_version
"""


class Save(msgspec.Struct, frozen=True, kw_only=True):
    """What one command led to, to be recorded whole or not at all.

    `expected_place` is where the stream stood when it was decided. `information` goes with the first event, or, as a tuple, with each.
    `command` is a UUID; `at` an instant of recording chosen by a rehearsal. `claims_label`: partnership and label, to be used once.
    `request_digest` is what the asking is compared by when it is asked again.
    """

    stream: str
    expected_place: int
    on: date
    by: By
    procedure: Editions
    calendar: str
    command: str
    events: tuple[CaseEvent, ...]
    seen: int | None = None
    key: str | None = None
    information: Mapping[str, Any] | tuple[Mapping[str, Any] | None, ...] | None = None
    at: datetime | None = None
    claims_label: tuple[str, str] | None = None
    request_digest: str | None = None
    transcribed_by: str | None = None


class Appended(NamedTuple):
    """What was recorded: where its last event stands in the log and in the stream, when, and the events, words sealed."""

    stream: str
    position: int
    place: int
    at: datetime
    recorded: tuple[Recorded, ...]
    request_digest: str | None


class Stored(NamedTuple):
    """One event as it is stored, and where it stands in the log."""

    position: int
    header: bytes
    body: bytes
    hash: bytes


class Settled(NamedTuple):
    """The last position, and the database's now: nothing not visible yet will be recorded at or before either."""

    position: int
    now: datetime


class NotRecorded(Exception):
    """Nothing was recorded; the kind says why."""


class Conflict(NotRecorded):
    """Somebody else recorded something on this stream in between."""

    def __init__(self, stream: str, expected: int, place: int) -> None:
        super().__init__(f"{stream} has moved on: it was at {expected}, and stands at {place}.")
        self.stream, self.expected, self.place = stream, expected, place


class LabelTaken(NotRecorded):
    """The label is already used in the partnership (TOOL-12)."""

    def __init__(self, partnership: str, label: str) -> None:
        super().__init__(f"The label {label!r} is already used in {partnership} (TOOL-12).")
        self.partnership, self.label = partnership, label


class AlreadyAsked(NotRecorded):
    """This command was asked before; `answer` is what it led to then, `same_request` whether it was the same request."""

    def __init__(self, answer: Appended, *, same_request: bool) -> None:
        super().__init__("This was asked before.")
        self.answer, self.same_request = answer, same_request


class InstantNotAllowed(NotRecorded):
    """The instant of recording was chosen where it may not be, or before the last event of the store."""


def folded(label: str) -> str:
    """The form in which labels are compared: case and spacing do not tell them apart."""
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())


class Beside(Protocol):
    """What is kept beside the record of what is recorded, where no transaction spans both."""

    async def before(self, save: Save) -> datetime | None:
        """Keep what this save tells, durably, before it is recorded; the instant, where it tells anything."""

    async def after(self, save: Save, announced: datetime | None) -> None:
        """It was recorded."""


class Store:
    """The permanent record and the keys beside it."""

    beside: Beside | None = None

    def __init__(self, url: str, keys: Keys, *, readers: int = 4, patience: float = 20.0) -> None:
        self._url = url
        self.keys = keys
        self._committer = Committer(url, patience=patience)
        self._readers = Connections(url, most=2, application="casetrail-read", patience=min(patience, 10.0))
        self._lines = Lines(url, most=readers, application="casetrail-history", patience=min(patience, 10.0))

    async def open(self) -> None:
        """Connect to both databases and make sure that they are of this version.

        Raises:
            StoreAway: a database is not there.
            StoreUnfit: it is from another version.
            KeysUnfit: the key file does not open the keys.
        """
        await self._readers.open()
        await asyncio.to_thread(self._check)
        await self.keys.open()
        self._committer.start()

    async def close(self) -> None:
        """Record what waits, then disconnect."""
        await self._committer.close()
        await self._readers.close()
        await self._lines.close()
        await self.keys.close()

    async def __aenter__(self) -> Store:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def application(self, *, pool: int = 2) -> RecordApplication:
        """The library's application on this record, for subscriptions and for reading outside an event loop."""
        return RecordApplication.at(self._url, pool=pool)

    @property
    def free(self) -> dict[str, Free]:
        """How many connections are free, by what they are for."""
        return {"record": self._readers.free, "histories": self._lines.free}

    async def marks(self) -> frozenset[str]:
        """What kind of store this is: `rehearsal`, `demo`, or nothing of the kind."""
        return frozenset(mark for (mark,) in await self._readers.ask("SELECT mark FROM store_marks"))

    # --- writing

    async def append(self, save: Save) -> Appended:
        """Record what a command led to.

        Raises:
            Conflict: the stream stands elsewhere.
            LabelTaken: the label is used in that partnership.
            AlreadyAsked: that command was recorded before.
            InstantNotAllowed: an instant was chosen where it may not be.
            KeyDestroyed: it speaks of a person whose key was destroyed.
            StoreAway: the database did not come back in time.
        """
        headers, events = await self._sealed(save)
        entry = entry_of(save, headers, events)
        announced = await self.beside.before(save) if self.beside else None
        outcome, asked_before = await self._committer.save(entry)
        match outcome.what:
            case "recorded":
                if self.beside:
                    await self.beside.after(save, announced)
                return _appended(save, headers, events, outcome)
            case "moved":
                raise Conflict(save.stream, save.expected_place, await self._place(save.stream))
            case "label":
                raise LabelTaken(*(save.claims_label or ("", "")))
            case "asked":
                answer = await self.first_answer(save.command)
                if answer is None:
                    raise StoreAway("The first answer could not be found.", unknown=True)
                same = answer.request_digest == save.request_digest
                if asked_before and same:
                    return answer  # our own success, found again after the connection was lost
                raise AlreadyAsked(answer, same_request=same)
            case "clock":
                raise InstantNotAllowed("The instant of recording can be chosen in a rehearsal only.")
            case _:
                raise InstantNotAllowed(
                    f"The store already holds an event of {outcome.at:%Y-%m-%d %H:%M:%S} UTC: nothing can be recorded before it."
                )

    async def first_answer(self, command: str) -> Appended | None:
        """What a command led to when it was first asked. None if it never was."""
        rows = await self._readers.ask("SELECT stream, first, last, position, request FROM commands WHERE command = %b", (UUID(command),))
        if not rows:
            return None
        stream, first, last, position, request = rows[0]
        then = await self.history(stream, after_place=first - 1, upto_place=last)
        return Appended(stream, position, last, then[-1].at, tuple(then), request)

    # --- reading

    async def history(
        self, stream: str, *, after_place: int = 0, upto_place: int | None = None, as_of: datetime | None = None
    ) -> list[Recorded]:
        """The events of a stream in order, words sealed. `as_of` includes its instant."""
        return [mapper.recorded(*row) for row in await self._rows(stream, after_place, upto_place, as_of)]

    async def histories(self, streams: Sequence[str]) -> dict[str, list[Recorded]]:
        """The histories of several streams, those that there are: one question, also where none is named."""
        found: dict[str, list[Recorded]] = {}
        for stream, *row in await self._readers.ask(STREAMS, ([*streams],)):
            found.setdefault(stream, []).append(mapper.recorded(*row))
        return found

    async def behind(self, places: Mapping[str, int], names: Collection[str]) -> dict[str, tuple[int, list[Recorded]]]:
        """Of the streams that have gone beyond these places: how far they have come, and their events of these names, words sealed.
        All as of one instant, in one query."""
        rows = await self._readers.ask(BEHIND, ([*places], [*places.values()], [*names]))
        found: dict[str, tuple[int, list[Recorded]]] = {}
        for stream, place, position, header, body, chain in rows:
            _, events = found.setdefault(stream, (place, []))
            if position is not None:
                events.append(mapper.recorded(position, header, body, chain))
        return found

    async def entries(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], Recorded]:
        """Single events by stream and place, words sealed, in one query."""
        wanted = [*places]
        rows = await self._readers.ask(ENTRIES, ([stream for stream, _ in wanted], [place for _, place in wanted]))
        found = (mapper.recorded(*row) for row in rows)
        return {(recorded.stream, recorded.place): recorded for recorded in found}

    async def bodies(self, stream: str, history: Sequence[Recorded]) -> dict[int, dict[str, Any]]:
        """By place, all stored fields of these events of a stream, words in the clear or `[erased]`. What this version does not
        know is among them.

        Raises:
            Broken: words that are not what was committed to.
        """
        if not history:
            return {}
        rows = await self._rows(stream, history[0].place - 1, history[-1].place, None)
        keys = await self.keys.get({id_ for _, _, body, _ in rows for id_ in mapper.body_keys(body)})
        return {history[0].place + i: mapper.fields(header, body, keys) for i, (_, header, body, _) in enumerate(rows)}

    async def stored(self, stream: str, *, upto_place: int | None = None) -> list[Stored]:
        """The events of a stream in order, byte for byte."""
        return [Stored(*row) for row in await self._rows(stream, 0, upto_place, None)]

    async def open_words(self, history: Iterable[Recorded]) -> list[Recorded]:
        """These events with their words in the clear or `[erased]`, all keys fetched at once.

        Raises:
            Broken: words that are not what was committed to.
        """
        history = list(history)
        keys = await self.keys.get({id_ for recorded in history for id_ in mapper.key_ids(recorded)})
        return [mapper.open_words(recorded, keys) for recorded in history]

    async def page(self, after: int, limit: int, upto: int | None = None) -> list[Recorded]:
        """The next events of the whole log, in order of position, words sealed."""
        result = await self._lines.ask(_LOG, (long(after), long(EVER if upto is None else upto), long(limit)))
        return [mapper.recorded(*row) for row in rows_of(result)]

    async def stored_page(self, after: int, limit: int, upto: int | None = None) -> list[Stored]:
        """The next events of the whole log, byte for byte."""
        result = await self._lines.ask(_LOG, (long(after), long(EVER if upto is None else upto), long(limit)))
        return [Stored(*row) for row in rows_of(result)]

    async def streams(self, prefix: str = "") -> list[str]:
        """The streams whose name begins so, in the order of their names."""
        rows = await self._readers.ask(
            "SELECT originator_id FROM events WHERE originator_version = 1 AND starts_with(originator_id, %b)"
            " AND originator_id >= %b ORDER BY originator_id",
            (prefix, prefix),
        )
        return [stream for (stream,) in rows]

    async def label_taken(self, partnership: str, label: str) -> bool:
        """Whether a case of the partnership bears this label."""
        return bool(
            await self._readers.ask("SELECT FROM labels WHERE partnership = %b AND folded = %b", (folded(partnership), folded(label)))
        )

    async def settled(self) -> Settled:
        """Up to where the record is settled, and what time it is there. Waits for a batch on its way."""
        ((position, now),) = await self._readers.ask("SELECT position, now FROM settled()")
        return Settled(position, now)

    async def settled_position(self) -> int:
        """The last position; nothing will become visible before it."""
        return (await self.settled()).position

    async def now(self) -> datetime:
        """The database's clock, just before any instant that will be recorded from here on."""
        return (await self.settled()).now

    # --- how

    def _check(self) -> None:
        for url, database in ((self._url, "record"), (self.keys.url, "keys")):
            try:
                with psycopg.connect(conninfo(url, "casetrail-check"), row_factory=tuple_row) as conn:
                    migrate.must_be_current(conn, database)
            except psycopg.OperationalError as wrong:
                raise StoreAway(f"The {database} database cannot be reached: {str(wrong).strip().splitlines()[-1]}") from wrong

    async def _sealed(self, save: Save) -> tuple[list[Header], list[CaseEvent]]:
        events = [(event, mapper.leaves(event)) for event in save.events]
        texts, persons = mapper.needs(leaf for _, leaves in events for leaf in leaves)
        keys = await self.keys.of_persons(persons) if persons else {}
        fresh = iter(await self.keys.take(texts)) if texts else iter(())
        headers = [header_of(save, i, event) for i, event in enumerate(save.events)]
        return headers, [
            mapper.sealed(header, event, keys, fresh) if leaves else event for header, (event, leaves) in zip(headers, events, strict=True)
        ]

    async def _rows(self, stream: str, after: int, upto: int | None, as_of: datetime | None) -> list[tuple[int, bytes, bytes, bytes]]:
        params = [stream.encode(), long(after), long(EVER if upto is None else upto)]
        if as_of is None:
            return rows_of(await self._lines.ask(_STREAM, params))
        return rows_of(await self._lines.ask(_STREAM_AS_OF, [*params, moment(as_of)]))

    async def _place(self, stream: str) -> int:
        rows = await self._readers.ask("SELECT max(originator_version) FROM events WHERE originator_id = %b", (stream,))
        return rows[0][0] or 0


def header_of(save: Save, i: int, event: CaseEvent) -> Header:
    """The header of the i-th event of a save, its instant yet to be said."""
    information = save.information[i] if isinstance(save.information, tuple) else save.information if i == 0 else None
    return Header(
        v=mapper.STORED_FORM,
        stream=save.stream,
        place=save.expected_place + 1 + i,
        name=event.stored_name(),
        schema=event.schema_version(),
        on=save.on,
        by=save.by,
        procedure=save.procedure,
        calendar=save.calendar,
        command=save.command,
        seen=save.seen,
        key=save.key,
        information=None if information is None else dict(information),
        transcribed_by=save.transcribed_by,
        at=mapper.NO_INSTANT,
    )


def entry_of(save: Save, headers: Sequence[Header], events: Sequence[CaseEvent]) -> Entry:
    """A save in bytes: its headers, and its events as they are stored, words sealed."""
    if not events:
        raise ValueError("A save without an event says nothing.")
    partnership, label = save.claims_label or (None, None)
    for word in (save.stream, partnership, label):
        if word is not None and "\x00" in word:
            raise ValueError("holds a character that no name may hold (NUL)")
    if save.at is not None and save.at.tzinfo is None:
        raise ValueError("an instant has an offset")
    return Entry(
        save.stream,
        save.expected_place,
        _hex(save.command),
        [header.name for header in headers],
        [mapper.header_bytes(header) for header in headers],
        [mapper.body_bytes(event) for event in events],
        save.request_digest,
        None if partnership is None else folded(partnership),
        None if label is None else folded(label),
        save.at,
    )


def _hex(command: str) -> str:
    digits = command.replace("-", "")
    if len(digits) != 32:
        raise ValueError("the id of a command is a UUID")
    return digits


def _appended(save: Save, headers: Sequence[Header], events: Sequence[CaseEvent], outcome: Outcome) -> Appended:
    at = outcome.at or mapper.NO_INSTANT
    recorded = tuple(
        Recorded(msgspec.structs.replace(header, at=at), event, position, hash_)
        for header, event, position, hash_ in zip(headers, events, outcome.positions, outcome.hashes, strict=True)
    )
    return Appended(save.stream, outcome.positions[-1], outcome.place, at, recorded, save.request_digest)
