"""Every history in `tests/stories` holds, step by step, when it is rehearsed on a real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from application.rehearsal import Rehearsal, Told, rehearse
from application.scenario import Scenario, read_scenario
from application.world import InProcess
from interfaces import wiring
from interfaces.local_postgres import LocalPostgres
from interfaces.wiring import Service

STORIES = {path.stem: read_scenario(path) for path in sorted((Path(__file__).parent.parent / "stories").glob("*.yaml"))}
IN_THE_NEWEST_CALENDAR = [name for name, story in STORIES.items() if not story.calendar]
IN_AN_EARLIER_ONE = [name for name, story in STORIES.items() if story.calendar]


@pytest.mark.anyio
@pytest.mark.parametrize("name", IN_THE_NEWEST_CALENDAR)
async def test_the_history_holds(name: str, service: Service) -> None:
    assert_holds(await told(STORIES[name], service))


@pytest.mark.anyio
@pytest.mark.parametrize("name", IN_AN_EARLIER_ONE)
async def test_the_history_holds_in_the_calendar_that_it_names(name: str, practice_server: LocalPostgres) -> None:
    async with wiring.fresh_rehearsal(practice_server, calendar=STORIES[name].calendar) as service:
        assert_holds(await told(STORIES[name], service))


@pytest.mark.anyio
async def test_histories_told_together_hold_as_each_does_alone(service: Service) -> None:
    """Merged by their instants, on one store: no history leans on being alone."""
    world = InProcess(service.looking, service.themes)
    alone = [name for name in IN_THE_NEWEST_CALENDAR if not any(e.case is None for step in STORIES[name].steps for e in step.expect)]
    rehearsals = [Rehearsal(STORIES[name], world) for name in alone]

    await rehearse(rehearsals)

    assert len(alone) > 5
    for rehearsal in rehearsals:
        assert_holds(rehearsal.told)


@pytest.mark.anyio
async def test_a_history_told_again_is_already_there(service: Service) -> None:
    story = STORIES[IN_THE_NEWEST_CALENDAR[0]]
    await told(story, service)
    before = await service.store.settled_position()

    again = await told(story, service)

    assert again.already_there
    assert await service.store.settled_position() == before


@pytest.mark.anyio
async def test_what_was_erased_or_redacted_is_gone_and_the_rest_reads_as_it_did(service: Service) -> None:
    case = (await told(STORIES["who-is-on-a-case-and-what-is-erased"], service)).cases["child-k"]
    seen = await service.looking.see(f"case/{case}")

    opened, _, received, *_ = await service.looking.history(seen)

    assert [opened["fields"]["children"][0][field] for field in ("name", "born_on")] == ["[erased]", "[erased]"]
    assert opened["fields"]["incident"]["summary"] == "Scalded foot"
    assert received["fields"]["narrative"] == "[erased]"
    assert received["fields"]["notifier"]["name"] == "Bertram Coyle"


async def told(story: Scenario, service: Service) -> Told:
    rehearsal = Rehearsal(story, InProcess(service.looking, service.themes))
    await rehearse([rehearsal])
    return rehearsal.told


def assert_holds(told: Told) -> None:
    assert [step for step in told.steps if step.result == "failed"] == []
    assert [(e.line, e.wanted, e.found) for e in told.expectations if e.result == "missed"] == []
    assert told.exit == 0
