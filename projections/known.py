"""Rows that say what was known when: `known_from` and `known_until` are the instants of events, never a wall clock.

A row is a *version* of what is known under (`stream`, `key`). What changes at an instant ends the version before it and begins
the next; what several events of one instant make together is one change, so no version is ever empty. `Changes` gathers what a
page, or a whole log, does to the rows, and writes it in three statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

from psycopg import sql

from projections.view import Connection

Content = tuple[Any, ...]
"""The columns of a row after the first four, in their order."""

KNOWN: LiteralString = """
    stream text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, known_from timestamptz NOT NULL, known_until timestamptz
"""
"""The first four columns of every table kept here."""

HEADS: LiteralString = """
    heads_at timestamptz[] NOT NULL, heads_place int[] NOT NULL, heads_position bigint[] NOT NULL
"""
"""The last three columns of a table that also tells how far its streams had come: one element for each instant at which something
was recorded on the stream while the version stood. `heads_place[width_bucket(t, heads_at)]` is the place as of `t`."""


class Heads:
    """For each instant of a stream: the last place and position recorded at it."""

    __slots__ = ("at", "place", "position")

    def __init__(self) -> None:
        self.at: list[datetime] = []
        self.place: list[int] = []
        self.position: list[int] = []

    def add(self, at: datetime, place: int, position: int) -> None:
        if self.at and self.at[-1] == at:
            self.place[-1], self.position[-1] = place, position
        else:
            self.at.append(at)
            self.place.append(place)
            self.position.append(position)

    def part(self, first: int, end: int | None = None) -> Content:
        """The three columns, from one instant to before another."""
        return self.at[first:end], self.place[first:end], self.position[first:end]


class Target:
    """A table of versions, and what its columns are."""

    def __init__(self, connection: Connection, table: sql.Identifier) -> None:
        self.connection = connection
        self.table = table
        columns = connection.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            (table.as_string(connection),),
        ).fetchall()
        self.types = [kind for _, kind in columns]
        self.has_heads = [name for name, _ in columns[-3:]] == ["heads_at", "heads_place", "heads_position"]
        names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
        self.copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(table, names)
        self.end = sql.SQL(
            "UPDATE {} t SET known_until = e.until FROM unnest(%b::text[], %b::text[], %b::timestamptz[]) e (stream, key, until)"
            " WHERE t.stream = e.stream AND t.key = e.key AND t.known_until IS NULL"
        ).format(table)
        self.heads = sql.SQL(
            "UPDATE {} SET heads_at = %b, heads_place = %b, heads_position = %b WHERE stream = %b AND known_until IS NULL"
        ).format(table)
        self.more_heads = sql.SQL(
            "UPDATE {} t SET heads_at = t.heads_at[:h.kept] || h.at, heads_place = t.heads_place[:h.kept] || h.place,"
            " heads_position = t.heads_position[:h.kept] || h.position"
            " FROM (SELECT stream, min(kept) AS kept, array_agg(at ORDER BY position) AS at, array_agg(place ORDER BY position) AS place,"
            " array_agg(position ORDER BY position) AS position"
            " FROM unnest(%b::text[], %b::int[], %b::timestamptz[], %b::int[], %b::bigint[]) n (stream, kept, at, place, position)"
            " GROUP BY stream) h"
            " WHERE t.stream = h.stream AND t.known_until IS NULL"
        ).format(table)
        self.unsay = sql.SQL("DELETE FROM {} WHERE stream = %s AND known_from = %s").format(table)
        self.reopen = sql.SQL("UPDATE {} SET known_until = NULL WHERE stream = %s AND known_until = %s").format(table)


class Changes:
    """What happens to the rows of a table, gathered until `write`."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._begun: dict[tuple[str, str], tuple[datetime, Content]] = {}
        self._whole: list[Content] = []
        self._ended: list[tuple[str, str, datetime]] = []
        self._heads: dict[str, tuple[Heads, int, int]] = {}

    def __len__(self) -> int:
        return len(self._whole) + len(self._begun)

    def begin(self, stream: str, key: str, at: datetime, content: Content) -> None:
        self._begun[stream, key] = at, content

    def end(self, stream: str, key: str, at: datetime, heads: Content = ()) -> None:
        """A version known until then; `heads` are its last columns, where the table has them."""
        begun = self._begun.pop((stream, key), None)
        if begun is not None:
            self._whole.append((stream, key, begun[0], at, *begun[1], *heads))
        else:
            self._ended.append((stream, key, at))
            if heads:
                self._target.connection.execute(self._target.heads, (*heads, stream))

    def came(self, stream: str, heads: Heads, first: int) -> None:
        """How far the stream has come, to be written with the row that stands at last. `first` is the first of the heads of that row;
        those before the present one are in the table already, where the row is."""
        known = self._heads.get(stream)
        if known is None or known[1] != first:
            self._heads[stream] = heads, first, len(heads.at) - 1

    def again(self, stream: str, at: datetime) -> None:
        """Take back what an earlier page wrote of this instant: there is more of it."""
        self._target.connection.execute(self._target.unsay, (stream, at))
        self._target.connection.execute(self._target.reopen, (stream, at))

    def write(self) -> None:
        """To the database, within its transaction."""
        connection, target = self._target.connection, self._target
        rows: list[Content] = self._whole
        for (stream, key), (at, content) in self._begun.items():
            if target.has_heads:
                heads, first, _ = self._heads.pop(stream)
                content = (*content, *heads.part(first))
            rows.append((stream, key, at, None, *content))
        if self._ended:
            connection.execute(target.end, _columns(self._ended), prepare=True)
        if self._heads:
            more = [
                (stream, new - first, *head)
                for stream, (heads, first, new) in self._heads.items()
                for head in zip(*heads.part(new), strict=True)
            ]
            connection.execute(target.more_heads, _columns(more), prepare=True)
        if rows:
            _copy(connection, target, rows)
        self._begun, self._whole, self._ended, self._heads = {}, [], [], {}


def _columns(rows: Sequence[Content]) -> list[list[Any]]:
    """Rows as one array for each column."""
    return [*map(list, zip(*rows, strict=True))]


def _copy(connection: Connection, target: Target, rows: Sequence[Content]) -> None:
    with connection.cursor() as cursor, cursor.copy(target.copy) as copy:
        copy.set_types(target.types)
        for row in rows:
            copy.write_row(row)
