"""Read models folded stream by stream: a step from event to state, and the rows that a state shows.

What the rows showed before is kept with its instants (`known`). The state between two pages is remembered for the streams used
last; for any other it is folded again from the log, so that it is the same after a restart.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
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

    kind: str
    everywhere: tuple[str, ...]
    unsettled: LiteralString

    def begin(self) -> S:
        """The state before anything happened."""

    def step(self, state: S, recorded: Recorded) -> S:
        """The state after one more event: the very same where the event does not matter."""

    def rows(self, state: S) -> Rows:
        """What is known by now."""


class _Stream(Generic[S]):
    """One stream as far as it has come: its state, its rows since the instant `at`, and those before that instant."""

    __slots__ = ("at", "before", "first", "first_before", "heads", "rows", "state")

    def __init__(self, state: S) -> None:
        self.state = state
        self.at: datetime | None = None
        self.rows: Rows = {}
        self.before: Rows = {}
        self.heads = Heads()
        self.first = 0  # which of the heads is the first of the version that stands
        self.first_before = 0


class PerCase(Generic[S]):
    """A fold at work on one build."""

    def __init__(self, fold: Fold[S], build: Build, log: Log, connection: Connection, remembered: int = REMEMBERED) -> None:
        self._fold = fold
        self._log = log
        self._remembered = remembered
        table = build.table(build.view.tables[0])
        self._connection = connection
        self._target = Target(connection, table)
        self._changes = Changes(self._target)
        self._streams: OrderedDict[str, _Stream[S]] = OrderedDict()
        self._unsettled = sql.SQL("SELECT DISTINCT stream FROM {} WHERE known_until IS NULL AND ({})").format(
            table, sql.SQL(fold.unsettled)
        )
        self._adopted: list[Recorded] | None = None
        self._bases: list[S] = []

    # --- page by page

    def take(self, page: Sequence[Recorded]) -> None:
        for at, events in groupby(page, key=_instant):
            touched: dict[str, _Stream[S]] = {}
            states: dict[str, S] = {}
            last: dict[str, Recorded] = {}
            for recorded in events:
                stream = recorded.header.stream
                kind = stream.partition("/")[0]
                if kind == self._fold.kind:
                    last[stream] = recorded
                    concerned: Iterable[str] = (stream,)
                elif kind in self._fold.everywhere:
                    concerned = self._all(recorded)
                else:
                    continue
                for name in concerned:
                    if name not in touched:
                        touched[name] = self._known(name, recorded)
                        states[name] = touched[name].state
                    states[name] = self._fold.step(states[name], recorded)
            for name, known in touched.items():
                self._advance(name, known, at, states[name], last.get(name))
        self._changes.write()
        while len(self._streams) > self._remembered:
            self._streams.popitem(last=False)

    def _known(self, stream: str, recorded: Recorded) -> _Stream[S]:
        """The stream before this event: remembered, new, or folded again from the log."""
        known = self._streams.get(stream)
        if known is None:
            before = recorded.position - 1
            new = recorded.header.place == 1 and recorded.header.stream == stream
            history = () if new else self._log.history(stream, before)
            known = self._streams[stream] = self._folded(history, self._adoptions(before))
        self._streams.move_to_end(stream)
        return known

    def _all(self, adoption: Recorded) -> list[str]:
        """The streams that an event elsewhere concerns: those with rows it may change, and those remembered."""
        earlier = self._adoptions(adoption.position - 1)
        if len(earlier) == len(self._adopted or ()):
            self._bases.append(self._fold.step(self._bases[-1], adoption))
            self._adopted = [*earlier, adoption]
        unsettled = (name for (name,) in self._connection.execute(self._unsettled).fetchall())
        return [*dict.fromkeys([*self._streams, *unsettled])]

    def _adoptions(self, upto: int) -> list[Recorded]:
        """The events of `everywhere` up to a position, in recorded order; `_bases` are the states after each of them."""
        if self._adopted is None:
            histories = (history for kind in self._fold.everywhere for history in self._log.histories(kind, upto))
            self._adopted = sorted((recorded for history in histories for recorded in history), key=_position)
            self._bases = [self._fold.begin()]
            for recorded in self._adopted:
                self._bases.append(self._fold.step(self._bases[-1], recorded))
        return self._adopted[: bisect_left(self._adopted, upto + 1, key=_position)]

    def _advance(self, stream: str, known: _Stream[S], at: datetime, state: S, last: Recorded | None) -> None:
        """The stream after an instant, and what that changes in the table."""
        more = known.at == at
        if not more:
            known.at, known.before, known.first_before = at, known.rows, known.first
        if last is not None:
            known.heads.add(at, last.header.place, last.position)
        if state is not known.state:
            known.state = state
            rows = self._fold.rows(state)
            if rows is not known.rows:
                if more:
                    self._changes.again(stream, at)
                self._compare(stream, known, at, rows)
                known.rows = rows
        if last is not None and self._target.has_heads:
            self._changes.came(stream, known.heads, known.first)

    def _compare(self, stream: str, known: _Stream[S], at: datetime, rows: Rows) -> None:
        """From what was known before the instant to what is known since."""
        before = known.before
        known.first = known.first_before
        until = len(known.heads.at) - 1
        for key in before.keys() - rows.keys():
            self._changes.end(stream, key, at, self._version_heads(known, until))
        for key, content in rows.items():
            was = before.get(key)
            if was == content:
                continue
            if was is not None:
                self._changes.end(stream, key, at, self._version_heads(known, until))
            self._changes.begin(stream, key, at, content)
            known.first = until

    def _version_heads(self, known: _Stream[S], until: int) -> Content:
        if not self._target.has_heads:
            return ()
        return tuple(part[known.first_before : until] for part in (known.heads.at, known.heads.place, known.heads.position))

    # --- stream by stream

    def fill(self, upto: int, told: Callable[[int], None]) -> None:
        adopted = self._adoptions(upto)
        read = 0
        for history in self._log.histories(self._fold.kind, upto):
            stream = history[0].header.stream
            known = self._folded((), adopted[: bisect_left(adopted, history[0].position, key=_position)])
            for at, events in _instants(_merged(history, adopted)):
                state, last = known.state, None
                for recorded in events:
                    state = self._fold.step(state, recorded)
                    if recorded.header.stream == stream:
                        last = recorded
                self._advance(stream, known, at, state, last)
            read += len(history)
            if len(self._changes) >= FILL:
                self._changes.write()
                told(read)
        self._changes.write()
        told(read)

    def _folded(self, history: Sequence[Recorded], adopted: Sequence[Recorded]) -> _Stream[S]:
        """A stream from its history, without writing anything."""
        if not history:
            return _Stream(self._bases[len(adopted)])
        known = _Stream(self._bases[bisect_left(adopted, history[0].position, key=_position)])
        silent = _Silent(self._target)
        for at, events in _instants(_merged(history, adopted)):
            state, last = known.state, None
            for recorded in events:
                state = self._fold.step(state, recorded)
                if recorded.header.stream == history[0].header.stream:
                    last = recorded
            self._advance(history[0].header.stream, known, at, state, last)
        return known


def _instant(recorded: Recorded) -> datetime:
    return recorded.header.at


def _position(recorded: Recorded) -> int:
    return recorded.position
