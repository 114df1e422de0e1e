"""The ledger kept up: a thread that integrates what was committed and publishes a checkpoint on schedule, or when it is asked to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import structlog

from application.ledger.entries import LOGS, Log
from application.ledger.integrating import ALONE, Diverged, Integrating, brought_up, signers
from application.ledger.notes import Checkpoint, Signer
from application.store.keys import kept_secret
from interfaces.databases import Databases
from interfaces.worker import connect
from projections.following import GONE, where

EVERY = 10.0
"""Seconds from one checkpoint to the next, where the settings say nothing else."""

HEARD = 0.2
"""Seconds of silence after which what was heard of is integrated."""

AGAIN = 2.0
STAND_BY = 1.0

ASKED = "ledger"
"""The channel on which a checkpoint is asked for at once."""

log = structlog.get_logger("ledger")


def now() -> datetime:
    return datetime.now(UTC)


def signing(places: Databases, origin: str | None = None) -> Mapping[Log, Signer] | None:
    """Who signs here; nobody where there is no key."""
    if places.ledger_key is None:
        return None
    return signers(kept_secret(places.ledger_key, outside=places.data_folder), origin)


def publish_now(places: Databases, origin: str | None = None, at: Callable[[], datetime] = now) -> list[Checkpoint]:
    """Integrate and publish all that was committed by now, where no worker does. Waits for one that does.

    Raises:
        Diverged: the record is not what was published before.
    """
    keys = signing(places, origin)
    if keys is None or places.ledger is None:
        return []
    with connect(places.ledger) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (ALONE,))
        return brought_up(connection, keys, at())


def publish_unless_kept(places: Databases, origin: str | None = None) -> bool:
    """Integrate and publish all that was committed by now, unless a worker keeps the ledger up, or there is no key. Whether it was done.

    Raises:
        Diverged: the record is not what was published before.
    """
    keys = signing(places, origin)
    if keys is None or places.ledger is None:
        return False
    with connect(places.ledger) as connection, _alone(connection) as mine:
        if mine:
            brought_up(connection, keys, now())
        return mine


class Publishing:
    """The thread. `state` says what it is at."""

    def __init__(self, url: str, keys: Mapping[Log, Signer] | None, *, every: float = EVERY, at: Callable[[], datetime] = now) -> None:
        self._url = url
        self._keys = keys
        self._every = every
        self._at = at
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="ledger", daemon=True)
        self.state = ""

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop between two pages, and wait for that."""
        self._stopping.set()
        self._thread.join(10)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            try:
                with connect(self._url) as connection, _alone(connection) as mine:
                    if mine:
                        self._follow(connection)
                    else:
                        self._say("standing-by")
                        self._stopping.wait(STAND_BY)
            except Diverged as found:
                self._say("standing-still", why=str(found))
                self._stopping.wait(10 * AGAIN)
            except GONE as error:
                self._say("database-away", why=type(error).__name__)
                self._stopping.wait(AGAIN)
            except Exception as error:
                self._say("failed", why=where(error))
                self._stopping.wait(AGAIN)
        self._say("stopped")

    def _follow(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        logs = [Integrating(connection, name) for name in reversed(LOGS)]
        due = self._at().timestamp()
        connection.execute("LISTEN events")
        connection.execute(f"LISTEN {ASKED}")
        while not self._stopping.is_set():
            while sum(integrating.integrate() for integrating in logs):
                if self._stopping.is_set():
                    return
            asked = any(heard.channel == ASKED for heard in connection.notifies(timeout=HEARD, stop_after=1))
            if asked or self._at().timestamp() >= due:
                due = self._at().timestamp() + self._every
                self._publish(logs)

    def _publish(self, logs: list[Integrating]) -> None:
        if self._keys is None:
            return self._say("integrating, publishing nothing: there is no key")
        for integrating in logs:
            while integrating.integrate():
                pass
            made = integrating.publish(self._keys[integrating.log], self._at())
            if made:
                log.info("checkpoint", log=integrating.log, size=made.size)
        self._say("publishing")

    def _say(self, state: str, **more: str) -> None:
        """Once for each change."""
        if self.state != state:
            self.state = state
            level = log.warning if state in ("database-away", "standing-still", "failed") else log.info
            level("ledger", state=state, **more)


@contextmanager
def _alone(connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[bool]:
    row = connection.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (ALONE,)).fetchone()
    yield row is not None and bool(row[0])  # held until the connection ends


@contextmanager
def publishing(places: Databases, *, origin: str | None = None, every: float = EVERY) -> Iterator[Publishing | None]:
    """The ledger kept up, in this process, until the block ends; by nobody here where no role that adds to it is named."""
    if places.ledger is None:
        yield None
        return
    kept = Publishing(places.ledger, signing(places, origin), every=every)
    kept.start()
    try:
        yield kept
    finally:
        kept.stop()
