"""The database is killed under people who look, and the service with it: whoever was shown anything, their look is there."""

from __future__ import annotations

import asyncio
import time

import httpx2 as httpx
import pytest

from application.access import Wanted
from interfaces import wiring
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from tests.interfaces.killing import People, mortal, server, through_kills

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

__all__ = ["mortal", "server"]


class Readers(People):
    """People who look at one case, each time for a reason of its own."""

    def __init__(self, case: str) -> None:
        super().__init__(case)
        self.shown: set[str] = set()

    def work(self, reader: int) -> None:
        number, client = 0, httpx.Client(timeout=30)
        while not self.stopping.is_set():
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
    readers = through_kills(Readers, server, mortal, kills=2, between=1.5)
    there = asyncio.run(noted(mortal, readers.case))
    assert readers.wrong == []
    assert len(readers.shown) > 20
    assert readers.shown <= {*there}
    assert len({*there}) == len(there)  # no look twice
