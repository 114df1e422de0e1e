"""The database is killed under people who look, and the service with it: whoever was shown anything, their look is there."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from application.access import Wanted
from interfaces import databases, wiring
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from tests.conftest import PASSWORDS
from tests.interfaces.cli.test_serving import serving
from tests.interfaces.served import open_case

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

READERS, KILLS, BETWEEN = 6, 2, 1.5


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


class Readers:
    """People who look at one case, each time for a reason of its own."""

    def __init__(self, case: str) -> None:
        self.case = case
        self.address = ""
        self.shown: set[str] = set()
        self.wrong: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(n,), daemon=True) for n in range(READERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _read(self, reader: int) -> None:
        number, client = 0, httpx.Client(timeout=30)
        while not self._stop.is_set():
            number += 1
            why = f"{reader}-{number}"
            headers = {"Casetrail-Person": f"scrutineer//{reader}", "Casetrail-Because": why}
            try:
                answer = client.get(f"{self.address}/api/v1/cases/{self.case}", headers=headers)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.status_code == 200:
                self.shown.add(why)
            elif answer.status_code != 503 or "Infant" in answer.text:
                self.wrong.append(answer.text)


async def noted(places: Databases, case: str) -> list[str]:
    """Why everybody looked."""
    async with wiring.Service(places) as service:
        found: list[str] = []
        after: int | None = 0
        while after is not None:
            items, after = await service.looks.of_stream(f"case/{case}", Wanted(), after=after, limit=1000)
            found += [item["because"] for item in items]
        return found


def test_whoever_was_shown_anything_their_look_is_there(server: LocalPostgres, mortal: Databases):
    readers: Readers | None = None
    for n in range(KILLS):
        with serving(mortal) as (process, address):
            readers = readers or Readers(open_case(address))
            readers.address = address
            if n == 0:
                readers.start()
            time.sleep(BETWEEN)
            postmaster = server._postmaster()
            assert postmaster is not None
            os.kill(postmaster, signal.SIGKILL)  # the database, under the service
            time.sleep(0.5)
            server.start()
            time.sleep(BETWEEN)
            os.kill(process.pid, signal.SIGKILL)  # the service, in the middle of it
            process.wait()
    assert readers is not None
    with serving(mortal) as (_, address):
        readers.address = address
        time.sleep(BETWEEN)
        readers.stop()
    there = asyncio.run(noted(mortal, readers.case))
    assert readers.wrong == []
    assert len(readers.shown) > 20
    assert readers.shown <= {*there}
    assert len({*there}) == len(there)  # no look twice
