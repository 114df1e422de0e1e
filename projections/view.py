"""A read model: tables that can be thrown away and made again, which remember how far they have read and what was known when.

A `View` has a name, a version and its tables. What stands in the database is a *build* of it: one set of tables, whose names
carry the version and a number (`deadlines_1_2`), and one row of `projections.builds` with the position it has read up to. One
build of a view is *live*: the plain name (`projections.deadlines`) shows it. Rows and position move in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg import sql

from domain.recorded import Recorded

Connection = psycopg.Connection[tuple[Any, ...]]
"""A connection in autocommit mode with rows as tuples: projections begin their own transactions."""

CHANNEL: LiteralString = "projections"
"""Where a commit tells `<view> <position>`, for whoever waits to read what they wrote."""

LOCKS = 7161
"""The first half of every advisory lock taken here; the second is made from the name of what is locked."""


class Log(Protocol):
    """The whole record in the order of its positions, as projections read it. Positions may have gaps.

    `reads` names the events whose content is wanted (None: all): of any other there is the envelope, and `event` may be None.
    """

    def end(self) -> int:
        """The position of the last event, 0 where nothing is recorded."""

    def page(self, after: int, limit: int, reads: Collection[str] | None = None) -> Sequence[Recorded]:
        """The next events after a position, at most `limit`."""

    def history(self, stream: str, upto: int, reads: Collection[str] | None = None) -> Sequence[Recorded]:
        """The events of one stream up to a position."""

    def histories(self, kind: str, upto: int, reads: Collection[str] | None = None) -> Iterator[Sequence[Recorded]]:
        """The histories of all streams of a kind (`case`, `calendar`), each whole, up to a position."""


class Projecting(Protocol):
    """How events become rows, for one build over one connection. It may remember; what it remembers can be read again."""

    def take(self, page: Sequence[Recorded]) -> None:
        """Write what follows from the next events. Called in the transaction that moves the position."""

    def fill(self, upto: int, told: Callable[[int], None]) -> None:
        """Write, into empty tables, all that follows from the log up to a position. `told` is called with how many events were read."""


@dataclass(frozen=True)
class Table:
    """One table of a view, in SQL: its columns, its primary key, and what follows `CREATE INDEX ON t`.

    `laid_out`: once the table is filled its rows are laid out in the order of that index, so that a page of it lies together.
    """

    name: str
    columns: LiteralString
    key: LiteralString
    indexes: tuple[LiteralString, ...] = ()
    laid_out: int | None = None


@dataclass(frozen=True)
class View:
    """A read model. Raise `version` whenever the tables, or what is written into them, change.

    `reads` names the events that it knows; of any other it sees the envelope. None: all.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    begin: Callable[[Build, Log, Connection], Projecting]
    reads: frozenset[str] | None = None


@dataclass(frozen=True)
class Build:
    """One set of tables of a view."""

    view: View
    number: int

    @property
    def name(self) -> str:
        return f"{self.view.name}_{self.view.version}_{self.number}"

    def table_name(self, table: Table) -> str:
        return f"{table.name}_{self.view.version}_{self.number}"

    def table(self, table: Table) -> sql.Identifier:
        """The table as SQL names it."""
        return sql.Identifier("projections", self.table_name(table))


@dataclass(frozen=True)
class Fault:
    """A projection stands still before an event that it cannot apply, since when, and why. It is never skipped."""

    position: int
    sentence: str
    since: datetime


@dataclass(frozen=True)
class Standing:
    """Where the live build of a view stands, and whether a worker follows the log with it."""

    view: str
    version: int
    number: int
    position: int
    at: datetime | None
    fault: Fault | None
    followed: bool


BUILDS: LiteralString = """
CREATE TABLE IF NOT EXISTS projections.builds (
    view           text COLLATE "C" NOT NULL,
    version        int NOT NULL,
    number         int NOT NULL,
    live           boolean NOT NULL DEFAULT false,
    tables         text[] NOT NULL,
    position       bigint NOT NULL DEFAULT 0,
    at             timestamptz,
    fault_position bigint,
    fault          text,
    fault_since    timestamptz,
    PRIMARY KEY (view, number)
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX IF NOT EXISTS builds_one_live ON projections.builds (view) WHERE live;
"""

SHOWN_TO_THE_SERVICE: LiteralString = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'casetrail_service') THEN
        GRANT SELECT ON projections.builds TO casetrail_service;
        ALTER DEFAULT PRIVILEGES IN SCHEMA projections GRANT SELECT ON TABLES TO casetrail_service;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'casetrail_auditor') THEN
        GRANT SELECT ON projections.builds TO casetrail_auditor;
    END IF;
END
$$
"""

STANDING: LiteralString = """
SELECT view, version, number, position, at, fault_position, fault, fault_since,
       EXISTS (
           SELECT FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND classid = 7161 AND objid::bigint = hashtext(view)::bigint & 4294967295
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       ) AS followed
  FROM projections.builds
 WHERE live AND (%(view)s::text IS NULL OR view = %(view)s)
 ORDER BY view
"""
"""For `standing` to read. 7161 is `LOCKS`: a worker holds the lock of each view that it follows the log with."""


def prepare(connection: Connection) -> None:
    """Make what all views share, where it is missing. Safe to call from several workers at once."""
    if connection.execute("SELECT to_regclass('projections.builds')").fetchone() != (None,):
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (LOCKS,))
        if connection.execute("SELECT to_regnamespace('projections')").fetchone() == (None,):
            connection.execute("CREATE SCHEMA projections")
        connection.execute(BUILDS)
        connection.execute(SHOWN_TO_THE_SERVICE)


def standings(connection: Connection, view: str | None = None) -> list[Standing]:
    """Where the live builds stand, by view."""
    return [standing(*row) for row in connection.execute(STANDING, {"view": view}).fetchall()]


def standing(
    view: str, version: int, number: int, position: int, at: datetime, where: int, fault: str | None, since: datetime, followed: bool
) -> Standing:
    """A row of `STANDING`, read."""
    return Standing(view, version, number, position, at, None if fault is None else Fault(where, fault, since), followed)


def live(connection: Connection, view: View) -> Build | None:
    """The live build of a view in this version, if there is one."""
    found = standings(connection, view.name)
    return Build(view, found[0].number) if found and found[0].version == view.version else None


# --- making, switching and dropping builds


def make(connection: Connection, view: View) -> Build:
    """The next set of tables, empty, and but for their keys without indexes: `finish` adds those once the tables are filled."""
    numbers = connection.execute("SELECT number FROM projections.builds WHERE view = %s", (view.name,)).fetchall()
    build = Build(view, 1 + max((number for (number,) in numbers), default=0))
    for table in view.tables:
        made = sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))")
        connection.execute(made.format(build.table(table), sql.SQL(table.columns), sql.SQL(table.key)))
    connection.execute(
        "INSERT INTO projections.builds (view, version, number, tables) VALUES (%s, %s, %s, %s)",
        (view.name, view.version, build.number, [build.table_name(table) for table in view.tables]),
    )
    return build


def finish(connection: Connection, build: Build) -> None:
    """The indexes of a build, and what the planner needs to know of it."""
    for table in build.view.tables:
        if table.laid_out is not None:
            index, order = table.indexes[table.laid_out].partition(" WHERE ")[0], sql.Identifier(f"{build.table_name(table)}_laid_out")
            connection.execute(sql.SQL("CREATE INDEX {} ON {} {}").format(order, build.table(table), sql.SQL(index)))
            connection.execute(sql.SQL("CLUSTER {} USING {}").format(build.table(table), order))
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier("projections", order.as_string(connection).strip('"'))))
        for index in table.indexes:
            connection.execute(sql.SQL("CREATE INDEX ON {} {}").format(build.table(table), sql.SQL(index)))
        connection.execute(sql.SQL("ANALYZE {}").format(build.table(table)))


def switch(connection: Connection, build: Build) -> None:
    """Make a build the live one: from this transaction on the plain names show its tables. Those of the one before are dropped."""
    view = build.view
    connection.execute("SET LOCAL lock_timeout = '10s'")
    for table in view.tables:
        name = sql.Identifier("projections", table.name)
        connection.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(name))
        connection.execute(sql.SQL("CREATE VIEW {} AS SELECT * FROM {}").format(name, build.table(table)))
    _remove(connection, view, live=True)
    connection.execute("UPDATE projections.builds SET live = true WHERE view = %s AND number = %s", (view.name, build.number))
    tell(connection, view.name, position(connection, build))


def clear(connection: Connection, view: View) -> None:
    """Remove what a rebuild left behind: the builds of a view that never became live."""
    with connection.transaction():
        _remove(connection, view, live=False)


def _remove(connection: Connection, view: View, *, live: bool) -> None:
    removed = connection.execute(
        "DELETE FROM projections.builds WHERE view = %s AND live = %s RETURNING tables", (view.name, live)
    ).fetchall()
    for table in (name for (names,) in removed for name in names):
        connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier("projections", table)))


def position(connection: Connection, build: Build) -> int:
    """How far a build has read."""
    found = connection.execute(
        "SELECT position FROM projections.builds WHERE view = %s AND number = %s", (build.view.name, build.number)
    ).fetchone()
    return found[0] if found else 0


def tell(connection: Connection, view: str, position: int) -> None:
    """Let whoever waits know, once this transaction commits."""
    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{view} {position}"))
