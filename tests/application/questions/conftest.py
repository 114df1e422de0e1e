"""The histories that the questions are asked of, told once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from anyio.from_thread import start_blocking_portal

from application.rehearsal import Rehearsal, rehearse
from application.scenario import read_scenario
from application.world import InProcess
from interfaces import wiring
from interfaces.api.app import make_app
from interfaces.local_postgres import LocalPostgres
from interfaces.publishing import publish_now
from tests.application.questions.asking import Case

CHECKOUT = Path(__file__).parents[3]
STORIES = (
    "practice-review-to-the-last-recommendation",
    "discontinued-at-christmas-then-local-learning",
    "conflicts-of-interest",
    "outcome-decided-again-twice",
    "challenge-upheld",
    "parent-local-learning",
    "bury-siblings-at-easter",
    "corrections-late-awareness-and-amendments",
    "not-met-by-three-who-had-seen-different-things",
)


@pytest.fixture(scope="session")
def case(practice_server: LocalPostgres) -> Iterator[Any]:
    """The cases of the stories by their handles, in one store: told as one history, in the order of their instants."""

    @asynccontextmanager
    async def told() -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, str]]]:
        async with wiring.fresh_rehearsal(practice_server) as service:
            world = InProcess(service.looking, service.themes)
            rehearsals = [Rehearsal(read_scenario(CHECKOUT / f"tests/stories/{name}.yaml"), world) for name in STORIES]
            await rehearse(rehearsals)
            assert [rehearsal.told.exit for rehearsal in rehearsals] == [0] * len(STORIES)
            publish_now(service.places)
            transport = httpx.ASGITransport(app=make_app(service))
            async with httpx.AsyncClient(transport=transport, base_url="http://casetrail") as client:
                yield client, {handle: case for rehearsal in rehearsals for handle, case in rehearsal.told.cases.items()}

    with start_blocking_portal("asyncio") as portal, portal.wrap_async_context_manager(told()) as (client, cases):
        yield lambda handle: Case(portal, client, cases[handle])
