"""The API over a rehearsal store of one's own, asked without a network; and a desk from which people ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2 as httpx
import pytest

from interfaces import worker
from interfaces.api.app import make_app
from interfaces.databases import Databases
from interfaces.wiring import Service
from tests.interfaces.served import CASE

LA = "local-authority-practitioner"
BM = "business-manager"
PORTAL = "named-portal-user"


class Desk:
    """From here persons ask the API, by the header of a rehearsal."""

    def __init__(self, client: httpx.AsyncClient, service: Service) -> None:
        self.client = client
        self.service = service

    async def ask(self, path: str, fields: dict[str, Any] | None = None, by: str = BM, **headers: str) -> httpx.Response:
        """A command by its path; headers as Python names (`if_match="\\"1\\""`)."""
        return await self.client.post(path, json=fields or {}, headers={"Casetrail-Person": by, **_named(headers)})

    async def look(self, path: str, by: str = BM, method: str = "GET", **headers: str) -> httpx.Response:
        return await self.client.request(method, path, headers={"Casetrail-Person": by, **_named(headers)})

    async def open(self, label: str = "Infant X", **fields: Any) -> str:
        """The id of a case of the local authority route, in which an infant died."""
        answer = await self.ask("/cases", {**CASE, "label": label, **fields}, LA)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["case"])


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture
async def desk(places: Databases) -> AsyncIterator[Desk]:
    service = Service(places, boards=True)
    app = make_app(service)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://casetrail/api/v1") as client:
        yield Desk(client, service)


@pytest.fixture
async def followed(desk: Desk, places: Databases) -> AsyncIterator[Desk]:
    """A desk whose read models are followed."""
    with worker.following(places.projections):
        yield desk
