"""From deeds to the record: in the order of their instants, in large batches, through the one function that every append goes through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.rows import tuple_row

from application.generating.telling import Told
from application.store.arrays import read_texts
from application.store.connections import conninfo
from application.store.recorder import APPEND, Entry, arguments

BATCH = 1200
"""Events in one commit."""


class NotGenerated(Exception):
    """The histories cannot be recorded here; the sentence says why."""


class Recording:
    """Two connections: one to the record, of which one append at a time is asked while the next is made ready, one to the keys."""

    def __init__(self, record: str, keys: str) -> None:
        self._record = psycopg.connect(conninfo(record, "casetrail-generate"), autocommit=True, row_factory=tuple_row)
        self._keys = psycopg.connect(conninfo(keys, "casetrail-generate"), autocommit=True, row_factory=tuple_row)
        self._record.pgconn.prepare(b"append", APPEND.encode())
        self._waiting: list[Entry] = []
        self._size = 0
        self._asked: Sequence[Entry] = ()
        self._keys_waiting: list[tuple[str, bytes]] = []
        self._persons_waiting: list[str] = []
        self.events = self.deeds = 0

    def close(self) -> None:
        self._record.close()
        self._keys.close()

    def known(self, told: Iterable[Told]) -> None:
        """The keys and persons that deeds will speak of: durable before any of these is recorded."""
        for one in told:
            self._keys_waiting += one.keys
            self._persons_waiting += one.persons
            one.keys, one.persons = [], []

    def _keep(self) -> None:
        if self._keys_waiting:
            with self._keys.cursor() as cursor, cursor.copy("COPY keys (id, wrapped) FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(["text", "bytea"])
                for key in self._keys_waiting:
                    copy.write_row(key)
        if self._persons_waiting:
            with self._record.cursor() as cursor, cursor.copy("COPY persons (person) FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(["text"])
                for person in self._persons_waiting:
                    copy.write_row((person,))
        self._keys_waiting, self._persons_waiting = [], []

    def add(self, entry: Entry) -> None:
        """One more deed, not before the last."""
        self._waiting.append(entry)
        self._size += len(entry.names)
        if self._size >= BATCH:
            self.send()

    def send(self) -> None:
        """What waits is asked for, once what was asked before is answered."""
        batch, self._waiting, self._size = self._waiting, [], 0
        if batch:
            parameters = arguments(batch)
            self._settle()
            self._keep()
            self._record.pgconn.send_query_prepared(b"append", parameters, [Format.BINARY] * len(parameters), Format.BINARY)
            self._record.pgconn.flush()
            self._asked = batch

    def finish(self) -> None:
        """Everything is recorded."""
        self.send()
        self._settle()

    def _settle(self) -> None:
        """The answer to what was asked.

        Raises:
            NotGenerated: some of it was not recorded.
        """
        if not self._asked:
            return
        libpq, result = self._record.pgconn, None
        while (found := libpq.get_result()) is not None:
            result = found
        batch, self._asked = self._asked, ()
        if result is None or result.status != ExecStatus.TUPLES_OK:
            raise NotGenerated(f"The record refused a batch: {error_from_result(result)}" if result else "The record did not answer.")
        for entry, outcome in zip(batch, read_texts(result.get_value(0, 0)), strict=True):
            if outcome != "recorded":
                raise NotGenerated(f"{WHY.get(outcome or '', outcome)} ({entry.stream}, place {entry.expected_place + 1}).")
            self.deeds += 1
            self.events += len(entry.names)


WHY = {
    "moved": "These histories are there already, at least in part: choose another seed",
    "asked": "These histories are there already, at least in part: choose another seed",
    "label": "A label of these histories is used already: choose another seed",
    "clock": "Instants can be chosen only in a store that is marked as a rehearsal",
    "early": "The record holds later events already: choose later days",
}


def last_instant(url: str) -> datetime | None:
    """When the last event of a record was recorded."""
    with psycopg.connect(conninfo(url, "casetrail-generate"), row_factory=tuple_row) as connection:
        row = connection.execute("SELECT at FROM events ORDER BY notification_id DESC LIMIT 1").fetchone()
    return row[0] if row else None
