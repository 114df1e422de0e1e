"""Read models folded stream by stream: a step from event to state, and the rows that a state shows.

What the rows showed before is kept with its instants (`known`). The state between two pages is remembered for the streams used
last; any other is folded again from the log, so that it is the same after a restart.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Generic, LiteralString, Protocol, TypeVar

from psycopg import sql

from domain.recorded import Recorded
from projections.known import Changes, Content, Heads, Target
from projections.view import Build, Connection, Log, Projecting

S = TypeVar("S")

REMEMBERED = 1000
"""How many streams are remembered between pages."""

FILL = 5000
"""How many rows are written at a time while tables are filled."""

Rows = Mapping[str, Content]
"""What is known of a stream, by key."""


class Fold(Protocol[S]):
    """How the events of a stream become rows. Pure; a state is never changed, a new one is made.

    `kind`: of the streams that have rows. `everywhere`: kinds of streams whose events every stream takes a step by (a calendar
    adopted moves the clocks of all cases); `unsettled`: SQL for the rows that such an event may still change.
    """

    @property
    def kind(self) -> str: ...

    @property
    def everywhere(self) -> tuple[str, ...]: ...

    @property
    def unsettled(self) -> LiteralString: ...

    def begin(self) -> S:
        """The state before anything happened."""

    def step(self, state: S, recorded: Recorded) -> S:
        """The state after one more event: the very same where the event does not matter."""

    def rows(self, state: S) -> Rows:
        """What is known by now."""


def per_case(fold: Fold[S], *, remembered: int = REMEMBERED, fill: int = FILL) -> Callable[[Build, Log, Connection], Projecting]:
    """What a `View` begins with whose first table holds the rows of a fold."""

    def begin(build: Build, log: Log, connection: Connection) -> Projecting:
        return _PerCase(fold, build, log, connection, remembered, fill)

    return begin


class _Stream(Generic[S]):
    """One stream as far as it has come: its state, its rows since the instant `at`, and those before that instant."""

    __slots__ = ("at", "before", "first", "first_before", "heads", "rows", "state")

    def __init__(self, state: S) -> None:
        self.state = state
        self.at: datetime | None = None
        self.rows: Rows = {}
        self.before: Rows = {}
        self.heads = Heads()
        self.first = self.first_before = 0  # which of the heads is the first of the version that stands, and of the one before


class _PerCase(Generic[S]):
    """A fold at work on one build."""

    def __init__(self, fold: Fold[S], build: Build, log: Log, connection: Connection, remembered: int, fill: int) -> None:
        self._fold = fold
        self._log = log
        self._reads = build.view.reads
        self._connection = connection
        self._remembered = remembered
        self._fill = fill
        table = build.table(build.view.tables[0])
        self._target = Target(connection, table)
        self._streams: OrderedDict[str, _Stream[S]] = OrderedDict()
        self._adopted: list[Recorded] | None = None
        self._bases: list[S] = []
        self._unsettled = sql.SQL("SELECT DISTINCT stream FROM {} WHERE known_until IS NULL AND ({})").format(
            table, sql.SQL(fold.unsettled)
        )

    def take(self, page: Sequence[Recorded]) -> None:
        """Instant by instant: a stream takes its steps, then its rows are compared with those before."""
        changes = Changes(self._target)
        for at, events in _instants(page):
            moved: dict[str, tuple[_Stream[S], S, Recorded | None]] = {}
            for recorded in events:
                own = recorded.header.stream
                for name in self._concerned(recorded):
                    known, state, last = moved.get(name) or ((known := self._known(name, recorded)), known.state, None)
                    moved[name] = known, self._fold.step(state, recorded), recorded if name == own else last
            for name, (known, state, last) in moved.items():
                self._advance(changes, name, known, at, state, last)
        changes.write()
        while len(self._streams) > self._remembered:
            self._streams.popitem(last=False)

    def fill(self, upto: int, told: Callable[[int], None]) -> None:
        """Stream by stream: each is read once, and its rows are written with all their versions."""
        changes = Changes(self._target)
        adopted = self._adoptions(upto)
        read = 0
        for history in self._log.histories(self._fold.kind, upto, self._reads):
            self._folded(changes, history, adopted)
            read += len(history)
            if len(changes) >= self._fill:
                changes.write()
                told(read)
        changes.write()
        told(read)

    def _concerned(self, recorded: Recorded) -> Iterable[str]:
        """The streams that take a step by an event."""
        kind = recorded.header.stream.partition("/")[0]
        if kind == self._fold.kind:
            return (recorded.header.stream,)
        if kind not in self._fold.everywhere:
            return ()
        earlier = self._adoptions(recorded.position - 1)
        if len(earlier) == len(self._bases) - 1:
            self._adopted = [*earlier, recorded]
            self._bases.append(self._fold.step(self._bases[-1], recorded))
        unsettled = (name for (name,) in self._connection.execute(self._unsettled).fetchall())
        return tuple(dict.fromkeys([*self._streams, *unsettled]))

    def _known(self, stream: str, recorded: Recorded) -> _Stream[S]:
        """The stream before this event: remembered, new, or folded again from the log."""
        known = self._streams.get(stream)
        if known is None:
            before = recorded.position - 1
            adopted = self._adoptions(before)
            if recorded.header.place == 1 and recorded.header.stream == stream:
                known = _Stream(self._bases[len(adopted)])
            else:
                known = self._folded(Changes(self._target), self._log.history(stream, before, self._reads), adopted)
            self._streams[stream] = known
        self._streams.move_to_end(stream)
        return known

    def _folded(self, changes: Changes, history: Sequence[Recorded], adopted: Sequence[Recorded]) -> _Stream[S]:
        """A stream from its first event on, and what it writes on an empty table."""
        stream, first = history[0].header.stream, bisect_left(adopted, history[0].position, key=_position)
        known = _Stream(self._bases[first])
        step, advance = self._fold.step, self._advance
        for at, events in _instants(_merged(history, adopted[first:])):
            state, last = known.state, None
            for recorded in events:
                state = step(state, recorded)
                if recorded.header.stream == stream:
                    last = recorded
            advance(changes, stream, known, at, state, last)
        return known

    def _adoptions(self, upto: int) -> list[Recorded]:
        """The events of `everywhere` up to a position, in recorded order. `_bases` are the states before the first and after each."""
        if self._adopted is None:
            histories = (history for kind in self._fold.everywhere for history in self._log.histories(kind, upto, self._reads))
            self._adopted = sorted((recorded for history in histories for recorded in history), key=_position)
            self._bases = [self._fold.begin()]
            for recorded in self._adopted:
                self._bases.append(self._fold.step(self._bases[-1], recorded))
        return self._adopted[: bisect_left(self._adopted, upto + 1, key=_position)]

    def _advance(self, changes: Changes, stream: str, known: _Stream[S], at: datetime, state: S, last: Recorded | None) -> None:
        """A stream at the end of an instant, or of what a page has of it."""
        more = known.at == at
        if not more:
            known.at, known.before, known.first_before = at, known.rows, known.first
        if self._target.has_heads and last is not None:
            known.heads.add(at, last.header.place, last.position)
        if state is not known.state:
            known.state = state
            rows = self._fold.rows(state)
            if rows != known.rows:
                if more:
                    changes.again(stream, at)
                known.rows = rows
                self._compare(changes, stream, known, at)
        if self._target.has_heads and last is not None:
            changes.came(stream, known.heads, known.first)

    def _compare(self, changes: Changes, stream: str, known: _Stream[S], at: datetime) -> None:
        """From what was known before the instant to what is known since."""
        before, rows = known.before, known.rows
        heads: Content = ()
        known.first, first = known.first_before, bisect_left(known.heads.at, at)
        if self._target.has_heads:
            heads = known.heads.part(known.first_before, first)
        for key in before:
            if key not in rows:
                changes.end(stream, key, at, heads)
        for key, content in rows.items():
            was = before.get(key)
            if was != content:
                if was is not None:
                    changes.end(stream, key, at, heads)
                changes.begin(stream, key, at, content)
                known.first = first


def _instants(events: Iterable[Recorded]) -> Iterator[tuple[datetime, list[Recorded]]]:
    """Events that were recorded at one instant, together."""
    together: list[Recorded] = []
    at = None
    for recorded in events:
        if recorded.header.at != at:
            if at is not None:
                yield at, together
            at, together = recorded.header.at, []
        together.append(recorded)
    if at is not None:
        yield at, together


def _merged(history: Sequence[Recorded], adopted: Sequence[Recorded]) -> Iterable[Recorded]:
    """Both in the order in which they were recorded."""
    return sorted([*history, *adopted], key=_position) if adopted else history


def _position(recorded: Recorded) -> int:
    return recorded.position
