"""The databases are killed under people who notify, and the service with them: every child of whom it was answered is known afterwards."""

from __future__ import annotations

import asyncio
import time
from datetime import date

import httpx2 as httpx
import pytest

from application.children import searching
from domain.people import By
from interfaces import wiring
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from tests.interfaces.killing import People, mortal, server, through_kills
from tests.interfaces.served import CASE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

__all__ = ["mortal", "server"]

WHO = {"ref": "infant", "area_of_residence": "bolton", "age_band": "under-1", "harm": "died", "born_on": "2025-03-04"}


class Notifying(People):
    """People who open case after case, each of a child of their own, asking again with the same key until they are answered."""

    def __init__(self, case: str) -> None:
        super().__init__(case)
        self.answered: dict[str, str] = {}

    def work(self, who: int) -> None:
        number, client = 0, httpx.Client(timeout=30)
        while not self.stopping.is_set():
            number += 1
            name = f"Sara {'abcdefghij'[who]}{number}"
            opened = {**CASE, "label": name, "children": [{**WHO, "name": name}]}
            headers = {"Casetrail-Person": "business-manager", "Idempotency-Key": name}
            while name not in self.answered:
                try:
                    answer = client.post(f"{self.address}/api/v1/cases", json=opened, headers=headers)
                except httpx.TransportError:
                    time.sleep(0.05)
                    continue
                if answer.status_code == 201:
                    self.answered[name] = answer.json()["case"]
                elif answer.status_code != 503:
                    self.wrong.append(answer.text)
                    return
                else:
                    time.sleep(0.02)


async def unknown(places: Databases, answered: dict[str, str]) -> list[str]:
    """Of whom it was answered, and who is not found on just that case."""
    manager = By(person="person-" + "a" * 32, role="business-manager", partnership="bolton")
    async with wiring.Service(places) as service:
        return [
            name for name, case in answered.items()
            if [one.case for one in (await service.searching.search(name, date(2025, 3, 4), manager)).found] != [case]
        ]  # fmt: skip


def test_every_child_of_whom_it_was_answered_is_known(server: LocalPostgres, mortal: Databases, monkeypatch: pytest.MonkeyPatch):
    people = through_kills(Notifying, server, mortal, kills=2, between=3.0)
    assert people.wrong == []
    assert len(people.answered) > 20
    monkeypatch.setattr(searching, "EVENLY", 0.001)
    monkeypatch.setattr(searching, "MOST", 100_000)
    assert asyncio.run(unknown(mortal, people.answered)) == []
