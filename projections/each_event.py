"""Read models written event by event: a `match` from event to SQL. All of a page goes to the database in one pipeline.

A reader of this kind keeps no memory, and may ask whatever it likes of its own tables in SQL. Where rows belong to one case and
should say what was known when, `per_case` is shorter and faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from domain.recorded import Recorded
from projections.view import Build, Connection, Log, Projecting

Statement = tuple[sql.Composed, Sequence[Any]]
"""SQL, composed once per build, and its parameters."""

FILL = 1000
"""How many events go to the database in one pipeline while tables are filled."""


@dataclass
class _EachEvent:
    statements: Callable[[Recorded], Iterator[Statement]]
    build: Build
    log: Log
    connection: Connection

    def take(self, page: Sequence[Recorded]) -> None:
        with self.connection.pipeline(), self.connection.cursor(binary=True) as cursor:
            for recorded in page:
                for statement, parameters in self.statements(recorded):
                    cursor.execute(statement, parameters, prepare=True)

    def fill(self, upto: int, told: Callable[[int], None]) -> None:
        after = read = 0
        while after < upto and (page := self.log.page(after, min(FILL, upto - after), self.build.view.reads)):
            known = [recorded for recorded in page if recorded.position <= upto]
            self.take(known)
            after = page[-1].position
            read += len(known)
            told(read)


def each_event(statements: Callable[[Build], Callable[[Recorded], Iterator[Statement]]]) -> Callable[[Build, Log, Connection], Projecting]:
    """What a `View` begins with: `statements`, given the build, gives the reader that turns an event into SQL; one it does not know,
    into none."""

    def begin(build: Build, log: Log, connection: Connection) -> Projecting:
        return _EachEvent(statements(build), build, log, connection)

    return begin
