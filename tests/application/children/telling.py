"""Children told of, and asked for, over a real store."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg

from domain.people import By
from domain.stages.opening import OpenCase
from interfaces.databases import Databases
from interfaces.wiring import Service
from tests.interfaces.served import CASE

BORN = date(2025, 3, 4)
SARA: dict[str, Any] = {
    "ref": "infant-x", "area_of_residence": "bolton", "age_band": "under-1", "harm": "died", "name": "Sara Ali", "born_on": "2025-03-04",
}  # fmt: skip


async def somebody(service: Service, role: str, partnership: str = "bolton", name: str = "") -> By:
    person = await service.register.rehearsed(f"{role}//{name}/{partnership}")
    return By(person=person, role=role, partnership=partnership)


async def ask(service: Service, stream: str | None, command: Any, role: str, partnership: str = "bolton") -> str:
    """The stream it was asked of."""
    return (await service.cases.do(command, await somebody(service, role, partnership), stream=stream)).stream


async def opened(service: Service, label: str = "Infant X", partnership: str = "bolton", **child: Any) -> str:
    case = OpenCase.model_validate({**CASE, "label": label, "partnership": partnership, "children": [{**SARA, **child}]})
    return await ask(service, None, case, "business-manager", partnership)


async def known(service: Service, name: str = "Sara Ali", born_on: date = BORN, partnership: str = "bolton") -> list[str]:
    """The streams on which the business manager is told that the child stands."""
    manager = await somebody(service, "business-manager", partnership)
    return [f"case/{one.case}" for one in (await service.searching.search(name, born_on, manager)).found]


async def child(service: Service, stream: str) -> str:
    """The person that the first child of a case is."""
    return str((await service.store.history(stream))[0].event.children[0].person)


def entries(places: Databases) -> list[tuple[Any, ...]]:
    """Every entry: the stream, the key it goes with, and whether its event is still waited for."""
    with psycopg.connect(places.owner_keys) as keys:
        return keys.execute("SELECT stream, person, waiting_since IS NOT NULL FROM children ORDER BY stream, entry").fetchall()


def as_owner_of_the_keys(places: Databases, statement: str) -> None:
    with psycopg.connect(places.owner_keys) as keys:
        keys.execute(statement.encode())
