"""Making a read model from nothing: beside the live one, which keeps serving; compared with it; then switched.

The next build is filled stream by stream up to the position of the live one. Then the live one is held where it is for as long as
it takes to bring both to the same position and compare them, row for row: its readers notice nothing, its worker waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from projections import view as views
from projections.following import GONE, Following, Stopped, alone, where
from projections.view import Build, Connection, Log, Table, View

LISTED = 20
"""How many differing rows are told of each table."""


class Busy(Exception):
    """Another process is rebuilding this view."""


class Unbuildable(Exception):
    """The view cannot be made: an event cannot be read or applied. What was live stays live."""


@dataclass(frozen=True)
class Difference:
    """A row that stands otherwise in the rebuilt table. `columns` are those that differ: none where only one side has the row."""

    table: str
    row: dict[str, Any]
    columns: tuple[str, ...]
    live: dict[str, Any] | None
    rebuilt: dict[str, Any] | None

    @property
    def why(self) -> str:
        """In a sentence, for whoever has to agree to it."""
        named = ", ".join(f"{name} {value}" for name, value in self.row.items())
        if self.rebuilt is None:
            return f"{self.table}, {named}: the live view has this row; from the events it does not follow."
        if self.live is None:
            return f"{self.table}, {named}: the live view lacks this row; it follows from the events{_resting(self.rebuilt)}."
        told = "; ".join(f"{name} is {self.live[name]!r} and becomes {self.rebuilt[name]!r}" for name in self.columns)
        return f"{self.table}, {named}: {told}{_resting(self.rebuilt)}."


@dataclass(frozen=True)
class Comparison:
    """Two builds at one position. The digests are over all rows, whatever their order; at most `LISTED` differences are listed.

    `difference` is a digest over all rows that differ, both sides of each, and over nothing else: whoever agrees to it agrees to this
    difference and no other, also when more was recorded meanwhile.
    """

    view: str
    position: int
    rows: int
    live_digest: str
    digest: str
    differing: int = 0
    differences: tuple[Difference, ...] = ()
    difference: str = ""

    @property
    def equal(self) -> bool:
        return self.live_digest == self.digest


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild came to. `compared` is absent where there was nothing of this version to compare with."""

    view: str
    number: int
    position: int
    switched: bool
    compared: Comparison | None = None


def ensure(view: View, log: Log, connection: Connection, told: Callable[[int, int], None] = lambda read, upto: None) -> Build:
    """The live build of a view; made and filled first where there is none of this version.

    Raises:
        Busy: another process is making it.
        Unbuildable: it cannot be filled, and an older version is live. With nothing live it begins empty, so that following it
            comes to stand right before the event that is at fault.
    """
    build = views.live(connection, view)
    if build is not None:
        return build
    with _only(connection, view):
        try:
            with connection.transaction():
                build = _filled(view, log, connection, log.end(), told)
                views.switch(connection, build)
        except Unbuildable:
            if views.standings(connection, view.name):
                raise
            with connection.transaction():
                build = views.make(connection, view)
                views.finish(connection, build)
                views.switch(connection, build)
    return build


def rebuild(
    view: View,
    log: Log,
    connection: Connection,
    *,
    agree: Callable[[Comparison], bool] = lambda comparison: False,
    told: Callable[[int, int], None] = lambda read, upto: None,
) -> Rebuilt:
    """Make a view again from all events, compare, and switch if it is equal; if it is not, only if `agree` says so, and only as long
    as the difference is the one agreed to: where it has become another meanwhile, nothing is switched.

    `told` is called with the position of the last event read, or how many were, and how many there are to read.

    Raises:
        Busy: another process is rebuilding it.
        Unbuildable: an event cannot be read or applied. The live view is as it was.
    """
    if views.live(connection, view) is None:
        build = ensure(view, log, connection, told)
        return Rebuilt(view.name, build.number, views.position(connection, build), switched=True)
    with _beside(view, log, connection, told) as (live, following):
        build = following.build
        with _held(connection, live) as position:
            _follow(following, position)
            comparison = compare(connection, live, build)
            if comparison.equal:
                views.switch(connection, build)
        if not comparison.equal:
            if not agree(comparison):
                return Rebuilt(view.name, live.number, comparison.position, switched=False, compared=comparison)
            with _held(connection, live) as position:
                _follow(following, position)
                agreed, comparison = comparison, compare(connection, live, build)
                if not comparison.equal and comparison.difference != agreed.difference:
                    return Rebuilt(view.name, live.number, comparison.position, switched=False, compared=comparison)
                views.switch(connection, build)
        return Rebuilt(view.name, build.number, views.position(connection, build), switched=True, compared=comparison)


def check(view: View, log: Log, connection: Connection, told: Callable[[int, int], None] = lambda read, upto: None) -> Comparison | None:
    """What a rebuild would find, switching nothing. None where there is nothing of this version to compare with.

    Raises:
        Busy, Unbuildable: as `rebuild`.
    """
    if views.live(connection, view) is None:
        return None
    with _beside(view, log, connection, told) as (live, following), _held(connection, live) as position:
        _follow(following, position)
        return compare(connection, live, following.build)


def compare(connection: Connection, live: Build, rebuilt: Build) -> Comparison:
    """Two builds of one view, row for row. For an answer that means something, hold both where they are."""
    digests: tuple[list[str], list[str]] = ([], [])
    rows = differing = 0
    differences: list[Difference] = []
    digested: list[str] = []
    for table in live.view.tables:
        counted, was = digest(connection, live, table)
        _, now = digest(connection, rebuilt, table)
        digests[0].append(was)
        digests[1].append(now)
        rows += counted
        if was != now:
            number, told, listed = _differences(connection, table, live, rebuilt)
            differing += number
            differences += listed
            digested.append(told)
    return Comparison(
        live.view.name, views.position(connection, rebuilt), rows, "-".join(digests[0]), "-".join(digests[1]), differing,
        tuple(differences), "-".join(digested),
    )  # fmt: skip


def digest(connection: Connection, build: Build, table: Table) -> tuple[int, str]:
    """How many rows a table has, and a digest over all of them, whatever their order."""
    counted = connection.execute(
        sql.SQL(
            "SELECT count(*), sum(hashtextextended(t::text, 0)::numeric), sum(hashtextextended(t::text, 7161)::numeric) FROM {} t"
        ).format(build.table(table))
    ).fetchone()
    rows, one, other = counted or (0, 0, 0)
    return rows, _digest(rows, one, other)


def _digest(rows: int, one: Any, other: Any) -> str:
    return f"{rows}-{int(one or 0) % 2**64:016x}{int(other or 0) % 2**64:016x}"


def _filled(view: View, log: Log, connection: Connection, upto: int, told: Callable[[int, int], None]) -> Build:
    """A new build with all that follows from the log up to a position, in the transaction of the caller."""
    build = views.make(connection, view)
    try:
        view.begin(build, log, connection).fill(upto, lambda read: told(read, upto))
        last = log.page(upto - 1, 1, ()) if upto else ()
    except (*GONE, Stopped):
        raise
    except Exception as error:
        raise Unbuildable(f"{view.name} cannot be made: {where(error)}.") from error
    connection.execute(
        "UPDATE projections.builds SET position = %s, at = %s WHERE view = %s AND number = %s",
        (upto, last[0].at if last else None, view.name, build.number),
    )
    views.finish(connection, build)
    return build


def _follow(following: Following, upto: int) -> None:
    following.catch_up(upto)
    if following.fault is not None:
        raise Unbuildable(following.fault.sentence)


@contextmanager
def _only(connection: Connection, view: View) -> Iterator[None]:
    """Alone in rebuilding this view. What a rebuild did not switch to is gone afterwards, also what one that was killed left behind."""
    with alone(connection, f"rebuild {view.name}") as mine:
        if not mine:
            raise Busy(view.name)
        views.clear(connection, view)
        try:
            yield
        finally:
            if not connection.closed and not connection.broken:
                views.clear(connection, view)


@contextmanager
def _beside(view: View, log: Log, connection: Connection, told: Callable[[int, int], None]) -> Iterator[tuple[Build, Following]]:
    """The live build, and another beside it that has read nearly as far."""
    with _only(connection, view):
        live = views.live(connection, view)
        if live is None:
            raise Busy(view.name)
        with connection.transaction():
            build = _filled(view, log, connection, views.position(connection, live), told)
        following = Following(build, log, connection)
        _follow(following, views.position(connection, live))
        yield live, following


@contextmanager
def _held(connection: Connection, live: Build) -> Iterator[int]:
    """The live build, held at the position it has come to until the block ends."""
    with connection.transaction():
        held = connection.execute(
            "SELECT position FROM projections.builds WHERE view = %s AND number = %s AND live FOR UPDATE", (live.view.name, live.number)
        ).fetchone()
        if held is None:
            raise Busy(live.view.name)
        yield held[0]


def _differences(connection: Connection, table: Table, live: Build, rebuilt: Build) -> tuple[int, str, list[Difference]]:
    """How many keys have rows that differ, a digest over all of these rows, and the first of them."""
    key = [name.strip() for name in table.key.split(",")]
    both = sql.SQL(
        "WITH l AS (SELECT * FROM {live} EXCEPT ALL SELECT * FROM {rebuilt}),"
        " r AS (SELECT * FROM {rebuilt} EXCEPT ALL SELECT * FROM {live})"
        " SELECT count(*) OVER (), sum(hashtextextended(concat_ws('>', l::text, r::text), 0)::numeric) OVER (),"
        " sum(hashtextextended(concat_ws('>', l::text, r::text), 7161)::numeric) OVER (), to_jsonb(l), to_jsonb(r)"
        " FROM l FULL JOIN r USING ({key}) ORDER BY {key} LIMIT %s"
    ).format(
        live=live.table(table),
        rebuilt=rebuilt.table(table),
        key=sql.SQL(", ").join(map(sql.Identifier, key)),
    )
    found = connection.execute(both, (LISTED,)).fetchall()
    listed = []
    for *_, was, now in found:
        named = {name: value for name, value in (was or now).items() if name in key and value != ""}
        columns = tuple(name for name in was if was[name] != now[name]) if was and now else ()
        listed.append(Difference(table.name, named, columns, was, now))
    rows, one, other = found[0][:3] if found else (0, 0, 0)
    return rows, _digest(rows, one, other), listed


def _resting(row: dict[str, Any]) -> str:
    events = row.get("events")
    return f" at {', '.join(map(str, events))}" if events else ""
