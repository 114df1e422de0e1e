"""Reading the whole record fast: segment by segment as it was integrated, then the rows behind the last whole one.

A segment holds what the rows hold, byte for byte (`application/ledger/checking.py` compares them), 256 events in one piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow

from application.store import mapper
from application.store.recorder import LOG
from domain.recorded import Recorded

Connection = psycopg.Connection[TupleRow]
Stored = tuple[int, bytes, bytes, bytes]
"""Position, header, body and hash of one event, as stored."""

TOGETHER = 4
"""Segments fetched at a time: some thousand events, a megabyte or two."""

ROWS = 1000

SEGMENTS: LiteralString = "SELECT n, positions, events FROM ledger_segments WHERE n >= %b AND positions[256] > %b ORDER BY n LIMIT %b"

_LENGTH = Struct(">I").unpack_from


def unpacked(positions: Sequence[int], events: bytes) -> Iterator[Stored]:
    """The events of one segment."""
    at = 0
    for position in positions:
        (size,) = _LENGTH(events, at)
        body = at + 4 + size
        (length,) = _LENGTH(events, body)
        end = body + 4 + length
        yield position, events[at + 4 : body], events[body + 4 : end], events[end : end + 32]
        at = end + 32
    if at != len(events):
        raise ValueError("a segment is longer than its events")


def stored(connection: Connection, after: int = 0) -> Iterator[list[Stored]]:
    """Everything recorded after a position, in its order, as stored."""
    first = 0
    with connection.cursor(binary=True) as cursor:
        while segments := cursor.execute(SEGMENTS, (first, after, TOGETHER), prepare=True).fetchall():
            for n, positions, events in segments:
                page = (
                    [event for event in unpacked(positions, events) if event[0] > after]
                    if positions[0] <= after
                    else [*unpacked(positions, events)]
                )
                yield page
                first, after = n + 1, positions[-1]
        while rows := cursor.execute(LOG, (after, 2**62, ROWS), prepare=True).fetchall():
            yield [(position, header, body, hash_) for position, header, body, hash_ in rows]
            after = rows[-1][0]


def replayed(connection: Connection, after: int = 0) -> Iterator[list[Recorded]]:
    """The same, each event as it is remembered, words sealed."""
    recorded = mapper.recorded
    for page in stored(connection, after):
        yield [recorded(position, header, body, hash_) for position, header, body, hash_ in page]
