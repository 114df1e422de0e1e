"""The library's recorder on our table: in through one function, in one round trip; out as binary rows.

The library's own insert is never used: its table lock is denied to the service, and would not exclude our writers; its insert by
database function takes no lock at all, and loses committed events for whoever follows the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar, LiteralString, NamedTuple, cast
from uuid import UUID, uuid4

import msgspec
import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    IntegrityError,
    InterfaceError,
    Mapper,
    Notification,
    OperationalError,
    ProgrammingError,
    StoredEvent,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from eventsourcing.utils import Environment, get_topic, retry
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow, tuple_row

from application.store import arrays, mapper
from application.store.chain import Row, framed, unframed
from application.store.connections import CONNECT_TIMEOUT
from domain.recorded import Recorded

EVER = 2**63 - 1

APPEND: LiteralString = (
    "SELECT outcomes, heads, ats, positions, hashes FROM append_events"
    "($1::text[], $2::int[], $3::bigint[], $4::int[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],"
    " $10::text[], $11::bytea[], $12::bytea[])"
)
STREAM: LiteralString = (
    "SELECT notification_id, header, state, hash FROM events"
    " WHERE originator_id = %b AND originator_version > %b AND originator_version <= %b ORDER BY originator_version"
)
STREAM_AS_OF: LiteralString = (
    "SELECT notification_id, header, state, hash FROM events"
    " WHERE originator_id = %b AND originator_version > %b AND originator_version <= %b AND at <= %b ORDER BY originator_version"
)
STREAMS: LiteralString = (
    "SELECT originator_id, notification_id, header, state, hash FROM events"
    " WHERE originator_id = ANY(%b::text[]) ORDER BY originator_id, originator_version"
)
LOG: LiteralString = (
    "SELECT notification_id, header, state, hash FROM events"
    " WHERE notification_id > %b AND notification_id <= %b ORDER BY notification_id LIMIT %b"
)
STREAM_FORWARD: LiteralString = (
    "SELECT originator_version, topic, header, state FROM events"
    " WHERE originator_id = %b AND originator_version > %b AND originator_version <= %b ORDER BY originator_version LIMIT %b"
)
STREAM_BACKWARD: LiteralString = (
    "SELECT originator_version, topic, header, state FROM events"
    " WHERE originator_id = %b AND originator_version > %b AND originator_version <= %b ORDER BY originator_version DESC LIMIT %b"
)
ROWS: LiteralString = (
    "SELECT notification_id, originator_id, originator_version, topic, header, state, at, hash FROM events"
    " WHERE notification_id > %b AND notification_id <= %b ORDER BY notification_id LIMIT %b"
)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One save in bytes: what one command led to, on one stream, whole or not at all.

    `command` is the 32 hexadecimal digits of a UUID; `headers` reach up to and including `,"at":"`; `chosen` is an instant of
    recording, for a rehearsal only; `label` is folded.
    """

    stream: str
    expected_place: int
    command: str
    names: list[str]
    headers: list[bytes]
    bodies: list[bytes]
    request: str | None = None
    partnership: str | None = None
    label: str | None = None
    chosen: datetime | None = None


class Outcome(NamedTuple):
    """What became of an entry: recorded · asked · moved · label · clock · early (`migrations/record/0002_append.sql`).

    `place` is where the stream stands now, `at` the instant recorded (early: that of the last event), positions and hashes those
    of its events if recorded.
    """

    what: str
    place: int
    at: datetime | None = None
    positions: Sequence[int] = ()
    hashes: Sequence[bytes] = ()


def arguments(entries: Sequence[Entry]) -> list[bytes | None]:
    """The entries as what `APPEND` takes. Each command and each label stands once among them."""
    streams: dict[str, int] = {}
    save_stream = [streams.setdefault(entry.stream, len(streams) + 1) for entry in entries]
    return [
        arrays.texts(list(streams)),
        arrays.ints(save_stream),
        arrays.longs([entry.expected_place for entry in entries]),
        arrays.ints([len(entry.names) for entry in entries]),
        arrays.uuids([entry.command for entry in entries]),
        arrays.texts([entry.request for entry in entries]),
        arrays.texts([entry.partnership for entry in entries]),
        arrays.texts([entry.label for entry in entries]),
        arrays.instants([entry.chosen for entry in entries]),
        arrays.texts([name for entry in entries for name in entry.names]),
        arrays.blobs([header for entry in entries for header in entry.headers]),
        arrays.blobs([body for entry in entries for body in entry.bodies]),
    ]


def outcomes(result: PGresult, entries: Sequence[Entry]) -> list[Outcome]:
    """The answer of `APPEND`, entry by entry."""
    what = arrays.read_texts(result.get_value(0, 0))
    heads = arrays.read_longs(result.get_value(0, 1))
    ats = arrays.read_instants(result.get_value(0, 2))
    positions = arrays.read_longs(result.get_value(0, 3))
    hashes = cast("list[bytes]", arrays.read_blobs(result.get_value(0, 4)))  # null only where nothing was recorded
    answers = []
    done = first = 0
    for i, entry in enumerate(entries):
        size = len(entry.names)
        if what[i] == "recorded":
            answers.append(Outcome("recorded", heads[i], ats[i], positions[done : done + size], hashes[first : first + size]))
            done += size
        else:
            answers.append(Outcome(what[i] or "", heads[i], ats[i]))
        first += size
    return answers


def numbered(query: str) -> str:
    """A query with `$1`, `$2` … where it has `%b`."""
    first, *others = query.split("%b")
    return first + "".join(f"${n}{part}" for n, part in enumerate(others, start=1))


def rows_of(result: PGresult) -> list[tuple[int, bytes, bytes, bytes]]:
    """Position, header, body and hash of each row of `STREAM`, `STREAM_AS_OF` or `LOG`."""
    value = cast("Callable[[int, int], bytes]", result.get_value)  # no column is null
    return [(int.from_bytes(value(i, 0), "big"), value(i, 1), value(i, 2), value(i, 3)) for i in range(result.ntuples)]


REFUSED_BY = {"events_pkey": "moved", "labels_pkey": "label", "commands_pkey": "asked"}
"""What a unique key that failed means. The function looks before it writes, so only a writer without the lock can make one fail."""


def outcome_of(violation: psycopg.errors.UniqueViolation, entry: Entry) -> Outcome:
    """What became of an entry that was asked alone and met a unique key."""
    try:
        return Outcome(REFUSED_BY[violation.diag.constraint_name or ""], entry.expected_place)
    except KeyError:
        raise violation from None


class Recorder(PostgresApplicationRecorder):
    """One round trip in, binary tuples out. `StoredEvent.state` is header and body, framed as the chain covers them."""

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = "events") -> None:
        super().__init__(datastore, events_table_name="events")

    def create_table(self) -> None:
        """Not here: `migrate` makes the permanent tables, as their owner."""

    def append(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Record a batch in one transaction, each entry whole or not at all. For writers outside an event loop."""
        try:
            with self.datastore.get_connection() as conn:
                params = arguments(entries)
                result = conn.pgconn.exec_params(
                    APPEND.encode(), params, param_formats=[Format.BINARY] * len(params), result_format=Format.BINARY
                )
                if result.status != ExecStatus.TUPLES_OK:
                    raise error_from_result(result)
        except IntegrityError as wrong:
            if not isinstance(wrong.__cause__, psycopg.errors.UniqueViolation):
                raise
            if len(entries) > 1:
                return [outcome for entry in entries for outcome in self.append([entry])]
            return [outcome_of(wrong.__cause__, entries[0])]
        return outcomes(result, entries)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """The library's way in, for events of one stream whose state is a frame of an unfinished header and a body.

        Raises:
            IntegrityError: the stream has moved on.
        """
        if not stored_events:
            return []
        first = stored_events[0]
        if any(event.originator_id != first.originator_id for event in stored_events):
            raise ProgrammingError("one save is of one stream")
        frames = [unframed(event.state) for event in stored_events]
        entry = Entry(
            str(first.originator_id),
            first.originator_version - 1,
            kwargs.get("command") or uuid4().hex,
            [event.topic for event in stored_events],
            [header for header, _ in frames],
            [body for _, body in frames],
        )
        (outcome,) = self.append([entry])
        if outcome.what != "recorded":
            raise IntegrityError(f"{entry.stream} stands at {outcome.place}, not at {entry.expected_place} ({outcome.what})")
        return outcome.positions

    def select_events(
        self, originator_id: UUID | str, *, gt: int | None = None, lte: int | None = None, desc: bool = False, limit: int | None = None
    ) -> Sequence[StoredEvent]:
        after, upto = gt or 0, EVER if lte is None else lte
        rows = self._ask(STREAM_BACKWARD if desc else STREAM_FORWARD, (str(originator_id), after, upto, EVER if limit is None else limit))
        return [StoredEvent(originator_id, place, name, framed(header, body)) for place, name, header, body in rows]

    def select_notifications(
        self, start: int | None, limit: int, stop: int | None = None, topics: Sequence[str] = (), *, inclusive_of_start: bool = True
    ) -> Sequence[Notification]:
        after = 0 if start is None else start - 1 if inclusive_of_start else start
        rows = self._ask(
            "SELECT notification_id, originator_id, originator_version, topic, header, state FROM events"
            " WHERE notification_id > %b AND notification_id <= %b AND (%b::text[] IS NULL OR topic = ANY(%b::text[]))"
            " ORDER BY notification_id LIMIT %b",
            (after, EVER if stop is None else stop, list(topics) or None, list(topics) or None, limit),
        )
        return [
            Notification(id=position, originator_id=stream, originator_version=place, topic=name, state=framed(header, body))
            for position, stream, place, name, header, body in rows
        ]

    def page(self, after: int, limit: int, upto: int | None = None) -> list[Recorded]:
        """The next events of the whole log, in order, words sealed."""
        return [mapper.recorded(*row) for row in self._ask(LOG, (after, EVER if upto is None else upto, limit))]

    def pages(self, after: int = 0, *, size: int = 1000, upto: int | None = None) -> Iterator[list[Recorded]]:
        """The log page by page, until there is nothing more. For what reads all of it."""
        while page := self.page(after, size, upto):
            yield page
            after = page[-1].position

    def rows(self, after: int = 0, *, size: int = 1000, upto: int | None = None) -> Iterator[Row]:
        """The log as it is stored, for checking it."""
        while rows := self._ask(ROWS, (after, EVER if upto is None else upto, size)):
            yield from map(Row._make, rows)
            after = rows[-1][0]

    @retry((InterfaceError, OperationalError), max_attempts=10, wait=0.2)
    def _ask(self, query: LiteralString, params: Sequence[Any]) -> list[TupleRow]:
        with self.datastore.get_connection() as conn, conn.cursor(row_factory=tuple_row, binary=True) as cursor:
            return cursor.execute(query, params, prepare=True).fetchall()


class _Remembered(Recorded, frozen=True):
    """A recorded event as the library's protocols want to see it."""

    @property
    def originator_id(self) -> str:
        return self.header.stream

    @property
    def originator_version(self) -> int:
        return self.header.place


class StoredForm(Mapper[str]):
    """Stored events as `Recorded`, words sealed. Nothing goes in this way: `Store.append` seals what is personal."""

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[str]:
        header, body = unframed(stored_event.state)
        position = stored_event.id if isinstance(stored_event, Notification) else 0
        then = mapper.recorded(position, header, body, b"")
        return _Remembered(then.header, then.event, position)

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredEvent:
        raise ProgrammingError("events are recorded through Store.append, which seals what is personal")


class RecordFactory(PostgresFactory):
    """The library's factory, with whatever else a connection string says (TLS, for instance)."""

    def __init__(self, env: Environment) -> None:
        super().__init__(env)
        rest = {key: value for key, value in conninfo_to_dict(env.get("CASETRAIL_URL") or "").items() if value is not None}
        if isinstance(self.datastore.pool.kwargs, dict):
            self.datastore.pool.kwargs |= rest


class RecordApplication(Application[str]):
    """The library's application on the record: its recorder, its subscriptions, its notification log."""

    name = "casetrail"
    env: ClassVar[dict[str, str]] = {
        "PERSISTENCE_MODULE": get_topic(RecordFactory),
        "APPLICATION_RECORDER_TOPIC": get_topic(Recorder),
        "MAPPER_TOPIC": get_topic(StoredForm),
    }
    recorder: Recorder

    @classmethod
    def at(cls, url: str, *, pool: int = 2) -> RecordApplication:
        """The application on the database of this URL, or libpq connection string."""
        given = conninfo_to_dict(url)
        return cls(
            {
                **cls.env,
                "CASETRAIL_URL": url,
                "POSTGRES_DBNAME": str(given.get("dbname") or ""),
                "POSTGRES_HOST": str(given.get("host") or ""),
                "POSTGRES_PORT": str(given.get("port") or "5432"),
                "POSTGRES_USER": str(given.get("user") or ""),
                "POSTGRES_PASSWORD": str(given.get("password") or "-"),
                "POSTGRES_POOL_SIZE": str(pool),
                "POSTGRES_CONNECT_TIMEOUT": str(CONNECT_TIMEOUT),
                "POSTGRES_PRE_PING": "n",
                "POSTGRES_ENABLE_DB_FUNCTIONS": "n",
                "ORIGINATOR_ID_TYPE": "text",
                "CREATE_TABLE": "n",
            }
        )


def distinct(entries: Iterable[Entry]) -> int:
    """How many entries from the first may share a batch: up to where a command or a label stands a second time."""
    seen: set[object] = set()
    n = 0
    for entry in entries:
        claim = (entry.partnership, entry.label) if entry.label is not None else entry.command
        if entry.command in seen or claim in seen:
            break
        seen |= {entry.command, claim}
        n += 1
    return n


__all__ = ["APPEND", "EVER", "LOG", "STREAM", "STREAM_AS_OF", "Entry", "Outcome", "RecordApplication", "Recorder"]
