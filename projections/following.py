"""Keeping a view up with the log, and standing still, visibly, before an event that cannot be applied."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

import psycopg

from domain.recorded import Recorded
from projections import view as views
from projections.view import LOCKS, Build, Connection, Fault, Log, Projecting, Standing, tell

PAGE = 1000
"""How many events are applied in one transaction."""

IDLE = 5.0
"""Seconds after which the log is read again though nothing was heard of it."""

AGAIN = (1.0, 60.0)
"""Seconds after which an event that could not be applied is tried again: at first, and at most."""

GONE = (psycopg.OperationalError, psycopg.InterfaceError)
"""What a database says that is away, too busy or in our way: no fault of an event, and worth trying again."""


class Superseded(Exception):
    """Another build of the view has become the live one."""


class Stopped(Exception):
    """It is time to stop: raised by whoever is told of progress."""


class Stopping(Protocol):
    """Whether to stop, and a bell: `wait` returns when it rings (something was recorded, or it is time to stop) or time is up."""

    def is_set(self) -> bool: ...

    def wait(self, seconds: float) -> None: ...


@contextmanager
def alone(connection: Connection, what: str) -> Iterator[bool]:
    """Whether nobody else holds this; if so we hold it until the block ends, or the connection."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", (LOCKS, what)).fetchone()
    held = row is not None and bool(row[0])
    try:
        yield held
    finally:
        if held and not connection.closed and not connection.broken:
            connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", (LOCKS, what))


class Following:
    """One live build kept up with the log, over one connection. Hold the lock of its view (`alone`) while using it."""

    def __init__(self, build: Build, log: Log, connection: Connection, *, page: int = PAGE) -> None:
        self.build = build
        self._log = log
        self._connection = connection
        self._page = page
        self._projecting: Projecting | None = None
        self.position = views.position(connection, build)
        self.fault: Fault | None = next((s.fault for s in views.standings(connection, build.view.name) if s.number == build.number), None)

    def catch_up(self, upto: int | None = None, stopping: Callable[[], bool] = lambda: False) -> int:
        """Apply what is there, up to a position or to the end of the log. The number of events applied.

        Returns early before an event that cannot be applied, and then `fault` says why; and between pages when told to stop.

        Raises:
            Superseded: another build has become the live one.
        """
        applied = 0
        while not stopping() and (upto is None or self.position < upto) and (page := self._next(upto)):
            try:
                self._apply(page)
            except (*GONE, Superseded):
                self._projecting = None
                raise
            except Exception:
                self._projecting = None
                applied += self._one_by_one(page)
                if self.fault is not None:
                    break
            else:
                applied += len(page)
        return applied

    def follow(self, stopping: Stopping, changed: Callable[[Standing], None] = lambda standing: None) -> None:
        """Catch up, wait for the bell, and again, until stopping. `changed` is told when the view stands still or goes on."""
        pause, patient = AGAIN
        while not stopping.is_set():
            before = self.fault
            self.catch_up(stopping=stopping.is_set)
            if (before and before.position) != (self.fault and self.fault.position):
                changed(views.standings(self._connection, self.build.view.name)[0])
                pause = AGAIN[0]
            if self.fault is None:
                stopping.wait(IDLE)
            else:
                until = time.monotonic() + pause
                while not stopping.is_set() and (left := until - time.monotonic()) > 0:
                    stopping.wait(left)
                pause = min(2 * pause, patient)

    def _next(self, upto: int | None) -> Sequence[Recorded]:
        """The next page. Where an event in it cannot be read, what stands before that event; where it is the next, a fault."""
        limit = self._page if upto is None else min(self._page, upto - self.position)
        try:
            return self._within(self._log.page(self.position, limit, self.build.view.reads), upto)
        except GONE:
            raise
        except Exception:
            try:
                return self._within(self._log.page(self.position, 1, self.build.view.reads), upto)
            except GONE:
                raise
            except Exception as error:
                self._stand_still(self.position + 1, f"The event after position {self.position} cannot be read: {where(error)}.")
                return ()

    @staticmethod
    def _within(page: Sequence[Recorded], upto: int | None) -> Sequence[Recorded]:
        return page if upto is None else [recorded for recorded in page if recorded.position <= upto]

    def _apply(self, page: Sequence[Recorded]) -> None:
        """One transaction: the rows, the position, and word of it."""
        with self._connection.transaction():
            self._hold_still()
            if self._projecting is None:
                self._projecting = self.build.view.begin(self.build, self._log, self._connection)
            self._projecting.take(page)
            self._move_to(page[-1].position, page[-1].at)
        self.position, self.fault = page[-1].position, None

    def _hold_still(self) -> None:
        """Lock the row of the build before its tables, so that a rebuild can hold us here without being in the way of readers."""
        held = self._connection.execute(
            "SELECT position FROM projections.builds WHERE view = %s AND number = %s FOR UPDATE", (self.build.view.name, self.build.number)
        ).fetchone()
        if held != (self.position,):
            raise Superseded(self.build.name)

    def _move_to(self, position: int, at: datetime) -> None:
        live = self._connection.execute(
            "UPDATE projections.builds SET position = %s, at = %s, fault_position = NULL, fault = NULL, fault_since = NULL"
            " WHERE view = %s AND number = %s RETURNING live",
            (position, at, self.build.view.name, self.build.number),
        ).fetchone()
        if live == (True,):
            tell(self._connection, self.build.view.name, position)

    def _one_by_one(self, page: Sequence[Recorded]) -> int:
        """Apply a page that failed event by event, up to the one that cannot be applied."""
        for n, recorded in enumerate(page):
            try:
                self._apply((recorded,))
            except (*GONE, Superseded):
                self._projecting = None
                raise
            except Exception as error:
                self._projecting = None
                what = f"{recorded.name} at place {recorded.place} of {recorded.stream}"
                self._stand_still(recorded.position, f"{what} cannot be applied: {where(error)}.")
                return n
        return len(page)

    def _stand_still(self, position: int, sentence: str) -> None:
        row = self._connection.execute(
            "UPDATE projections.builds SET fault_position = %(position)s, fault = %(fault)s,"
            " fault_since = CASE WHEN fault_position = %(position)s THEN fault_since ELSE clock_timestamp() END"
            " WHERE view = %(view)s AND number = %(number)s RETURNING fault_since",
            {"position": position, "fault": sentence, "view": self.build.view.name, "number": self.build.number},
        ).fetchone()
        if row is None:
            raise Superseded(self.build.name)
        self.fault = Fault(position, sentence, row[0])


def where(error: Exception) -> str:
    """What kind of error, and where in the code: never its message, which may hold words of the event."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {frames[-1].name}, line {frames[-1].lineno} of {frames[-1].filename.rpartition('/')[2]}" if frames else ""
    return f"{type(error).__name__}{place}"
