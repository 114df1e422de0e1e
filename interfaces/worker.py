"""Keeping the read models up to date: each in a thread of its own, through faults, restarts and a database that goes and comes back.

One line of log for each change of state, with the view, the state and the position: never a word of what is recorded.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from psycopg.rows import tuple_row
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from application.store.connections import conninfo
from interfaces.databases import Databases
from interfaces.log import RecordLog
from projections import VIEWS
from projections import rebuild as rebuilding
from projections import view as views
from projections.following import GONE, Following, Stopped, Superseded, alone, where
from projections.view import Connection, Standing, View

AGAIN = (0.1, 10.0)
"""Seconds before a database that went away is tried again: at first, and at most."""

STAND_BY = 1.0
"""Seconds after which a worker that stands by asks whether the view is free."""

LEAVE = 10.0
"""Seconds in which the threads are to have stopped; then what they wait for in the database is cancelled."""

log = structlog.get_logger("projections")


def connect(url: str) -> Connection:
    """An autocommitted connection that notices when the other end is gone."""
    return psycopg.connect(
        make_conninfo(conninfo(url, "casetrail-worker"), keepalives_idle=20, tcp_user_timeout=20_000),
        autocommit=True,
        row_factory=tuple_row,
    )


class _Bell:
    """Rung when something was recorded and when it is time to stop; one for each view."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._rung = threading.Event()

    def ring(self) -> None:
        self._rung.set()

    def is_set(self) -> bool:
        return self._stopping.is_set()

    def wait(self, seconds: float) -> None:
        self._rung.wait(seconds)
        self._rung.clear()


class Supervisor:
    """A thread for each view and one that listens to the record. `states` says what each view is at."""

    def __init__(self, url: str, read_models: Sequence[View] = VIEWS) -> None:
        self._url = url
        self._views = tuple(read_models)
        self._stopping = threading.Event()
        self._bells = {view.name: _Bell(self._stopping) for view in self._views}
        self._connections: dict[str, list[Connection]] = {}
        self._threads: list[threading.Thread] = []
        self.states: dict[str, str] = {}

    def start(self) -> None:
        """Begin; returns at once."""
        workers = [threading.Thread(target=self._keep, args=(view,), name=f"projection {view.name}", daemon=True) for view in self._views]
        self._threads = [threading.Thread(target=self._listen, name="projections listening", daemon=True), *workers]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop between two pages, and wait for that."""
        self._stopping.set()
        self._ring()
        until = time.monotonic() + LEAVE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            for connection in [connection for held in self._connections.values() for connection in held]:
                connection.cancel_safe(timeout=2)
            for thread in self._threads:
                thread.join(2)

    # --- one view

    def _keep(self, view: View) -> None:
        pauses = _Pauses(*AGAIN)
        while not self._stopping.is_set():
            try:
                with connect(self._url) as connection, connect(self._url) as reading:
                    self._connections[view.name] = [connection, reading]
                    self._work(view, connection, RecordLog(reading), pauses)
            except Superseded:
                self._say(view, "switched")
            except Stopped:
                break
            except rebuilding.Busy:
                self._say(view, "standing-by")
                self._stopping.wait(STAND_BY)
            except GONE as error:
                self._say(view, "database-away", why=type(error).__name__)
                self._stopping.wait(pauses.next())
            except rebuilding.Unbuildable as error:
                self._say(view, "standing-still", why=str(error))
                self._stopping.wait(pauses.next())
            except Exception as error:
                self._say(view, "failed", why=where(error))
                self._stopping.wait(pauses.next())
            finally:
                self._connections.pop(view.name, None)
        self._say(view, "stopped")

    def _work(self, view: View, connection: Connection, record: RecordLog, pauses: _Pauses) -> None:
        """Follow, as long as the connection lasts; or stand by while another worker does."""
        views.prepare(connection)
        with alone(connection, view.name) as mine:
            if not mine:
                self._say(view, "standing-by")
                self._stopping.wait(STAND_BY)
                return
            if views.live(connection, view) is None:
                self._say(view, "filling")
            following = Following(rebuilding.ensure(view, record, connection, self._told), record, connection)
            pauses.forget()
            self._say(view, "standing-still" if following.fault else "following", position=following.position)
            following.follow(self._bells[view.name], self._changed(view))

    def _told(self, read: int, upto: int) -> None:
        if self._stopping.is_set():
            raise Stopped

    def _changed(self, view: View) -> Callable[[Standing], None]:
        def changed(standing: Standing) -> None:
            if standing.fault is None:
                self._say(view, "following", position=standing.position)
            else:
                self._say(view, "standing-still", position=standing.fault.position, why=standing.fault.sentence)

        return changed

    def _say(self, view: View, state: str, **more: Any) -> None:
        """Once for each change."""
        if self.states.get(view.name) != state:
            self.states[view.name] = state
            level = log.warning if state in ("database-away", "standing-still", "failed") else log.info
            level("projection", view=view.name, state=state, **more)

    # --- the record

    def _listen(self) -> None:
        """Ring when something is recorded. While nothing can be heard the views read the log now and then by themselves."""
        pauses = _Pauses(*AGAIN)
        while not self._stopping.is_set():
            try:
                with connect(self._url) as connection:
                    connection.execute("LISTEN events")
                    pauses.forget()
                    self._ring()  # for what was recorded while nobody listened
                    while not self._stopping.is_set():
                        for _ in connection.notifies(timeout=0.5, stop_after=1):
                            self._ring()
            except psycopg.Error:
                self._ring()  # so that the views notice too
                self._stopping.wait(pauses.next())

    def _ring(self) -> None:
        for bell in self._bells.values():
            bell.ring()


class _Pauses:
    """Longer each time, never quite the same for two workers, short again after success."""

    def __init__(self, least: float, most: float) -> None:
        self._least = self._pause = least
        self._most = most

    def next(self) -> float:
        pause, self._pause = self._pause, min(2 * self._pause, self._most)
        return pause * random.uniform(0.75, 1.25)  # noqa: S311  # to spread workers, not to keep a secret

    def forget(self) -> None:
        self._pause = self._least


# --- ways to run it


@contextmanager
def following(url: str, read_models: Sequence[View] = VIEWS) -> Iterator[Supervisor]:
    """The read models kept up to date, in this process, until the block ends."""
    supervisor = Supervisor(url, read_models)
    supervisor.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()


def run(url: str) -> None:
    """Keep the read models up to date until SIGTERM or SIGINT. From the main thread."""
    stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with following(url):
            stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True)
class Accepted:
    """A difference that somebody looked at and takes over: its digest, who they are, and why."""

    difference: str
    by: str
    because: str


def rebuild(console: Console, places: Databases, names: Sequence[str], *, compare: bool, accepted: Accepted | None = None) -> int:
    """Make read models again beside the live ones, compare, and switch: where one differs, only if exactly that was accepted.

    0: all switched or equal; 1: one differs, or cannot be made.
    """
    unknown = sorted(set(names) - {view.name for view in VIEWS})
    if unknown:
        _tell(console, f"There is no read model {', '.join(unknown)}: there are {', '.join(view.name for view in VIEWS)}.")
        return 1
    chosen = [view for view in VIEWS if view.name in names or not names]
    with connect(places.projections) as connection, connect(places.projections) as reading:
        views.prepare(connection)
        return max([_rebuilt(console, view, connection, RecordLog(reading), compare=compare, accepted=accepted) for view in chosen])


def _rebuilt(console: Console, view: View, connection: Connection, record: RecordLog, *, compare: bool, accepted: Accepted | None) -> int:
    with _progress(console, view) as told:
        try:
            if compare:
                comparison = rebuilding.check(view, record, connection, told)
                done = None
            else:
                done = rebuilding.rebuild(view, record, connection, agree=_accepts(accepted), told=told)
                comparison = done.compared
        except rebuilding.Busy:
            _tell(console, f"{view.name}: another process is rebuilding it.")
            return 1
        except rebuilding.Unbuildable as error:
            _tell(console, f"{error} Nothing was switched.")
            return 1
    if comparison is None:
        _tell(console, f"{view.name}: there was nothing of this version to compare with{'' if done is None else '; it is live now'}.")
        return 0
    for difference in comparison.differences:
        _tell(console, difference.why)
    if comparison.equal:
        _tell(console, f"{view.name}: {comparison.rows} rows at position {comparison.position}, equal row for row ({comparison.digest}).")
        return 0
    many = f"{comparison.differing} row{'s differ' if comparison.differing > 1 else ' differs'} at position {comparison.position}"
    if done is not None and done.switched and accepted is not None:
        log.warning(
            "rebuilt", view=view.name, position=done.position, difference=accepted.difference, rows=comparison.differing,
            by=accepted.by, because=accepted.because,
        )  # fmt: skip
        _tell(console, f"{view.name}: {many}, as accepted by {accepted.by}: {accepted.because} The rebuilt one is live now.")
        return 0
    _tell(console, f"{view.name}: {many}. Nothing was switched.")
    if accepted is not None:
        _tell(console, "The difference is not the one that was accepted.")
    _tell(console, f"Whoever takes over exactly this: casetrail rebuild {view.name} --accept {comparison.difference} --by … --because …")
    return 1


def _accepts(accepted: Accepted | None) -> Callable[[rebuilding.Comparison], bool]:
    return lambda comparison: accepted is not None and comparison.difference == accepted.difference


def _tell(console: Console, sentence: str) -> None:
    console.print(Text(sentence), soft_wrap=True)


@contextmanager
def _progress(console: Console, view: View) -> Iterator[Callable[[int, int], None]]:
    """A bar while the tables are filled."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(view.name, total=None)

        def told(read: int, upto: int) -> None:
            bar.update(task, completed=read, total=upto)

        yield told
