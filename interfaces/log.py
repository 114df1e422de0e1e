"""The record as projections read it: in the order of the log, or stream by stream, words sealed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, LiteralString

import msgspec
import psycopg

from application.store import mapper
from domain.recorded import Header, Recorded

Connection = psycopg.Connection[tuple[Any, ...]]

END: LiteralString = "SELECT coalesce(max(notification_id), 0) FROM events"

WANTED: LiteralString = (
    "SELECT notification_id, header, CASE WHEN %(reads)b::text[] IS NULL OR topic = ANY(%(reads)b::text[]) THEN state END, hash FROM events"
)
PAGE: LiteralString = WANTED + " WHERE notification_id > %(after)b ORDER BY notification_id LIMIT %(limit)b"
STREAM: LiteralString = WANTED + " WHERE originator_id = %(stream)b AND notification_id <= %(upto)b ORDER BY originator_version"
BY_STREAM: LiteralString = (
    WANTED + " WHERE originator_id = ANY(%(streams)b) AND notification_id <= %(upto)b ORDER BY originator_id, originator_version"
)
STREAMS: LiteralString = (
    "SELECT originator_id FROM events"
    " WHERE originator_version = 1 AND originator_id >= %(first)b AND originator_id < %(beyond)b AND notification_id <= %(upto)b"
    " ORDER BY originator_id"
)

TOGETHER = 20
"""How many streams are fetched at a time: a few thousand events, which the server sorts in memory."""

_header = msgspec.json.Decoder(Header).decode


class RecordLog:
    """`projections.view.Log` over one autocommitted connection to the record."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def end(self) -> int:
        return int(self._ask(END)[0][0])

    def page(self, after: int, limit: int, reads: Collection[str] | None = None) -> list[Recorded]:
        return [_recorded(*row) for row in self._ask(PAGE, reads=_names(reads), after=after, limit=limit)]

    def history(self, stream: str, upto: int, reads: Collection[str] | None = None) -> list[Recorded]:
        return [_recorded(*row) for row in self._ask(STREAM, reads=_names(reads), stream=stream, upto=upto)]

    def histories(self, kind: str, upto: int, reads: Collection[str] | None = None) -> Iterator[list[Recorded]]:
        first, beyond = f"{kind}/", f"{kind}0"  # 0 comes right after the stroke
        streams = [stream for (stream,) in self._ask(STREAMS, first=first, beyond=beyond, upto=upto)]
        names = _names(reads)
        for n in range(0, len(streams), TOGETHER):
            history: list[Recorded] = []
            for row in self._ask(BY_STREAM, reads=names, streams=streams[n : n + TOGETHER], upto=upto):
                recorded = _recorded(*row)
                if recorded.header.place == 1 and history:
                    yield history
                    history = []
                history.append(recorded)
            yield history

    def _ask(self, query: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._connection.cursor(binary=True).execute(query, parameters, prepare=True).fetchall()


def _names(reads: Collection[str] | None) -> list[str] | None:
    return None if reads is None else sorted(reads)


def _recorded(position: int, header: bytes, body: bytes | None, hash_: bytes) -> Recorded:
    return Recorded(_header(header), None, position, hash_) if body is None else mapper.recorded(position, header, body, hash_)
