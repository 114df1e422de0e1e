"""Every history in `tests/stories` holds, step by step, when it is rehearsed on a real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from application.rehearsal import Rehearsal, rehearse
from application.scenario import read_scenario
from application.world import InProcess
from interfaces import wiring
from interfaces.local_postgres import LocalPostgres
from interfaces.wiring import Service

STORIES = sorted((Path(__file__).parent.parent / "stories").glob("*.yaml"))


async def _fresh(server: LocalPostgres, calendar: str, stack: AsyncExitStack) -> Service:
    pass


@pytest.mark.anyio
@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
async def test_the_history_holds(story: Path, request: pytest.FixtureRequest) -> None:
    scenario = read_scenario(story)
    async with AsyncExitStack() as stack:
        service = await _fresh(scenario.calendar, request, stack)
        rehearsal = Rehearsal(scenario, InProcess(service.looking, service.themes))

        await rehearse([rehearsal])

    told = rehearsal.told
    assert [step for step in told.steps if step.result == "failed"] == []
    assert [(e.line, e.wanted, e.found) for e in told.expectations if e.result == "missed"] == []
    assert told.exit == 0


@pytest.mark.anyio
async def test_a_history_told_again_is_already_there(service: Service) -> None:
    story = read_scenario(STORIES[0])
    world = InProcess(service.looking, service.themes)
    await rehearse([Rehearsal(story, world)])
    before = await service.store.settled_position()

    again = Rehearsal(story, world)
    await rehearse([again])

    assert again.told.already_there
    assert await service.store.settled_position() == before
