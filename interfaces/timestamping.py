"""Checkpoints time-stamped by an authority outside, where one is named: a thread of its own, so that publishing never waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import structlog
from cryptography.x509 import Certificate

from application.ledger.timestamps import MOST_BYTES, REQUEST, RESPONSE, NotStamped, roots_in, stamp_next
from interfaces.databases import Databases
from interfaces.worker import connect
from projections.following import GONE, where

PATIENCE = 10.0
"""Seconds for which the authority is waited for."""

LOOK = 1.0
"""Seconds from one look for a new checkpoint to the next."""

log = structlog.get_logger("timestamps")


@dataclass(frozen=True)
class Authority:
    """Who is asked for time-stamps, how often at most, and to whom their signatures must lead, where that is known."""

    url: str
    roots: tuple[Certificate, ...] = ()
    every: float = 3600.0

    @classmethod
    def of(cls, url: str, roots: Path | None, every: float) -> Authority:
        """As the settings name it.

        Raises:
            ValueError: the file of roots cannot be read, or holds none.
        """
        return cls(url, roots_of(roots), every)

    def ask(self, request: bytes) -> bytes:
        """Its answer to a request, over HTTP.

        Raises:
            NotStamped: there was none, or it was no answer.
        """
        try:
            with httpx2.stream("POST", self.url, content=request, headers={"Content-Type": REQUEST, "Accept": RESPONSE},
                               timeout=PATIENCE) as answer:  # fmt: skip
                content = b""
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > MOST_BYTES:
                        break
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise NotStamped(f"The authority cannot be reached ({type(error).__name__}).") from None
        if answer.status_code != 200:
            raise NotStamped(f"The authority answered with HTTP status {answer.status_code}.")
        return content


def roots_of(file: Path | None) -> tuple[Certificate, ...]:
    """The certificates in a file.

    Raises:
        ValueError: it cannot be read, or holds none.
    """
    if file is None:
        return ()
    try:
        return tuple(roots_in(file.read_bytes()))
    except OSError as error:
        raise ValueError(f"the roots of the time-stamp authority cannot be read: {error.strerror}") from None
    except ValueError:
        raise ValueError("the file of the roots of the time-stamp authority holds no certificate (PEM)") from None


class Timestamping:
    """The thread. `state` says what it is at: told in the log once for each change."""

    def __init__(self, url: str, authority: Authority) -> None:
        self._url = url
        self._authority = authority
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="timestamps", daemon=True)
        self.state = ""

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for that; not for an authority that does not answer."""
        self._stopping.set()
        self._thread.join(2)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            try:
                with connect(self._url) as connection:
                    while not self._stopping.wait(min(LOOK, self._authority.every)):
                        found = stamp_next(connection, self._authority.ask, self._authority.roots, timedelta(seconds=self._authority.every))
                        if found is not None and found.why is None:
                            self._say("stamping", size=found.size)
                        elif found is not None:
                            self._say("authority-failing", why=found.why)
            except GONE as error:
                self._say("database-away", why=type(error).__name__)
            except Exception as error:
                self._say("failed", why=where(error))
            self._stopping.wait(LOOK)

    def _say(self, state: str, **more: object) -> None:
        if self.state != state:
            self.state = state
            (log.info if state == "stamping" else log.warning)("timestamps", state=state, **more)


@contextmanager
def timestamping(places: Databases, authority: Authority | None) -> Iterator[Timestamping | None]:
    """Checkpoints time-stamped, in this process, until the block ends; none where nobody is asked."""
    if authority is None or places.ledger is None:
        yield None
        return
    kept = Timestamping(places.ledger, authority)
    kept.start()
    try:
        yield kept
    finally:
        kept.stop()
