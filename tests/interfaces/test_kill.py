"""Killed in the middle of writing, service and database: what was acknowledged is there, and nothing is there twice."""

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

from interfaces import databases, wiring
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from tests.conftest import PASSWORDS
from tests.interfaces.cli.test_serving import serving
from tests.interfaces.served import open_case

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WRITERS, KILLS, BETWEEN = 6, 3, 2.0


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


class Writers:
    """People who write on one case, each deed under a key of its own, asking again with that key until they are answered."""

    def __init__(self, case: str) -> None:
        self.case = case
        self.address = ""
        self.acknowledged: dict[str, int] = {}
        self.wrong: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,), daemon=True) for n in range(WRITERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _write(self, writer: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self._until_answered(f"{writer}-{number}")

    def _until_answered(self, key: str) -> None:
        headers = {"Casetrail-Person": "business-manager", "Idempotency-Key": key}
        deed = {"authority": "bolton", "how": f"told {key}"}
        while True:
            try:
                answer = httpx.post(f"{self.address}/api/v1/cases/{self.case}/record-awareness", json=deed, headers=headers, timeout=30)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.status_code == 200:
                self.acknowledged[key] = answer.json()["place"]
                return
            if answer.status_code not in (412, 503):  # six at once on one case: moved on is an answer too
                self.wrong.append(answer.text)
                return
            time.sleep(0.02)


async def recorded(places: Databases, case: str) -> dict[int, str]:
    """What was told, by place; and the chain of the whole record holds."""
    async with wiring.Service(places) as service:
        history = await service.store.history(f"case/{case}")
        bodies = await service.store.bodies(f"case/{case}", history)
    assert [r.place for r in history] == list(range(1, len(history) + 1))
    return {place: body["how"].removeprefix("told ") for place, body in bodies.items() if "how" in body}


def killed(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_nothing_acknowledged_is_lost_and_nothing_is_repeated(server: LocalPostgres, mortal: Databases):
    writers: Writers | None = None
    for n in range(KILLS):
        with serving(mortal) as (process, address):
            writers = writers or Writers(open_case(address))
            writers.address = address
            if n == 0:
                writers.start()
            time.sleep(BETWEEN)
            postmaster = server._postmaster()
            assert postmaster is not None
            killed(postmaster)  # the database, under the service
            time.sleep(0.5)
            server.start()
            time.sleep(BETWEEN)
            killed(process.pid)  # the service, in the middle of it
            process.wait()
    assert writers is not None
    with serving(mortal) as (_, address):
        writers.address = address
        time.sleep(BETWEEN)
        writers.stop()
    assert writers.wrong == []
    there = asyncio.run(recorded(mortal, writers.case))
    assert len(writers.acknowledged) > 20
    assert {place: key for key, place in writers.acknowledged.items()} == {
        place: key for place, key in there.items() if key in writers.acknowledged
    }
    assert len({*there.values()}) == len(there)  # nothing twice
