"""The record as projections read it: in the order of the log, or stream by stream, words sealed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg

from application.store import mapper
from application.store.recorder import EVER, LOG
from domain.recorded import Recorded

Connection = psycopg.Connection[tuple[Any, ...]]

END: LiteralString = "SELECT coalesce(max(notification_id), 0) FROM events"
STREAM_UPTO: LiteralString = (
    "SELECT notification_id, header, state, hash FROM events WHERE originator_id = %b AND notification_id <= %b ORDER BY originator_version"
)
BY_STREAM: LiteralString = (
    "SELECT notification_id, header, state, hash FROM events"
    " WHERE (originator_id, originator_version) > (%b, %b) AND originator_id < %b AND notification_id <= %b"
    " ORDER BY originator_id, originator_version LIMIT %b"
)

FETCHED = 2000
"""How many events are fetched at a time when reading stream by stream."""


class RecordLog:
    """`projections.view.Log` over one autocommitted connection to the record."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def end(self) -> int:
        return int(self._ask(END, ())[0][0])

    def page(self, after: int, limit: int) -> list[Recorded]:
        return [mapper.recorded(*row) for row in self._ask(LOG, (after, EVER, limit))]

    def history(self, stream: str, upto: int) -> list[Recorded]:
        return [mapper.recorded(*row) for row in self._ask(STREAM_UPTO, (stream, upto))]

    def histories(self, kind: str, upto: int) -> Iterator[list[Recorded]]:
        stream, place, beyond = f"{kind}/", 0, f"{kind}0"  # 0 comes right after the stroke
        history: list[Recorded] = []
        while rows := self._ask(BY_STREAM, (stream, place, beyond, upto, FETCHED)):
            for row in rows:
                recorded = mapper.recorded(*row)
                if history and history[0].header.stream != recorded.header.stream:
                    yield history
                    history = []
                history.append(recorded)
            stream, place = history[-1].header.stream, history[-1].header.place
        if history:
            yield history

    def _ask(self, query: LiteralString, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return self._connection.cursor(binary=True).execute(query, parameters, prepare=True).fetchall()
