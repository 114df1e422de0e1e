"""People at work on one case while the database is killed under the service, and then the service itself."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from interfaces import databases, wiring
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from tests.conftest import PASSWORDS
from tests.interfaces.cli.test_serving import serving
from tests.interfaces.served import open_case

AT_ONCE = 6


@pytest.fixture
def server() -> Iterator[LocalPostgres]:
    """A server that may be killed."""
    with databases.throw_away_server() as running:
        yield running


@pytest.fixture
def mortal(server: LocalPostgres, tmp_path: Path) -> Databases:
    places = databases.on_server(server, PASSWORDS, tmp_path / "key", "record", "keys")
    databases.prepare(places, PASSWORDS, "rehearsal")

    async def adopt() -> None:
        async with wiring.Service(places) as service:
            await wiring.adopt(service, at=wiring.BEGINNING)

    asyncio.run(adopt())
    return places


class People:
    """So many at once, until they are told to stop. `wrong` is what they should never have been answered."""

    def __init__(self, case: str) -> None:
        self.case = case
        self.address = ""
        self.wrong: list[str] = []
        self.stopping = threading.Event()
        self._threads = [threading.Thread(target=self.work, args=(n,), daemon=True) for n in range(AT_ONCE)]

    def work(self, who: int) -> None:
        """What each of them does until `stopping`."""
        raise NotImplementedError

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join(60)


P = TypeVar("P", bound=People)


def through_kills(kind: type[P], server: LocalPostgres, places: Databases, *, kills: int, between: float) -> P:
    """These people, after so many kills of database and service; the service is there again at the end, for whoever still waits."""
    people: P | None = None
    for n in range(kills):
        with serving(places) as (process, address):
            people = people or kind(open_case(address))
            people.address = address
            if n == 0:
                people.start()
            time.sleep(between)
            postmaster = server._postmaster()
            assert postmaster is not None
            os.kill(postmaster, signal.SIGKILL)  # the database, under the service
            time.sleep(0.5)
            server.start()
            time.sleep(between)
            os.kill(process.pid, signal.SIGKILL)  # the service, in the middle of it
            process.wait()
    assert people is not None
    with serving(places) as (_, address):
        people.address = address
        time.sleep(between)
        people.stop()
    return people
