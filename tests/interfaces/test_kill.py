"""Killed in the middle of writing, service and database: what was acknowledged is there, and nothing is there twice."""

from __future__ import annotations

import asyncio
import time

import httpx2 as httpx
import pytest

from interfaces import wiring
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from tests.interfaces.killing import People, mortal, server, through_kills

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

__all__ = ["mortal", "server"]


class Writers(People):
    """People who write on one case, each deed under a key of its own, asking again with that key until they are answered."""

    def __init__(self, case: str) -> None:
        super().__init__(case)
        self.acknowledged: dict[str, int] = {}

    def work(self, writer: int) -> None:
        number = 0
        while not self.stopping.is_set():
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


def test_nothing_acknowledged_is_lost_and_nothing_is_repeated(server: LocalPostgres, mortal: Databases):
    writers = through_kills(Writers, server, mortal, kills=3, between=3.0)
    assert writers.wrong == []
    there = asyncio.run(recorded(mortal, writers.case))
    assert len(writers.acknowledged) > 20
    assert {place: key for key, place in writers.acknowledged.items()} == {
        place: key for place, key in there.items() if key in writers.acknowledged
    }
    assert len({*there.values()}) == len(there)  # nothing twice
