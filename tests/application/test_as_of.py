"""What was told of a past instant is told of it for ever, whatever is recorded, corrected or adopted afterwards (CAL-7, invariant 8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from application.rehearsal import Rehearsal
from application.scenario import read_scenario
from domain.adoption import AdoptCalendar
from domain.corrections import CorrectRecord
from domain.working_days import london_date
from tests.in_memory import InMemory
from tests.playing import STORIES, set_up, told

EVERY = 4
"""So many steps of a story between one look and the next."""


def everything(world: InMemory, now: datetime, as_of: datetime | None = None) -> dict[str, Any]:
    """What is told of every case there was by then, and of the themes of every partnership."""
    there = [stream for stream in world.cases_there() if world.run(world.store.history(stream, as_of=as_of))]
    themes = {place: world.run(world.themes.all_figures(place, as_of=as_of or now)) for place in ("bolton", "bury", "barnet", "england")}
    candidates = world.run(world.themes.candidates(None, as_of=as_of or now))
    return {"themes": themes, "candidates": candidates, **{stream: told(world, stream, now, as_of) for stream in there}}


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_a_past_answer_never_changes(story: Path) -> None:
    world = set_up().upto(len(set_up().store.rows))
    rehearsal = Rehearsal(read_scenario(story), world.world)
    steps = rehearsal.scenario.steps
    looks: list[tuple[datetime, dict[str, Any]]] = []
    for number, step in enumerate(steps):
        world.run(rehearsal.take(number))
        # an instant is looked at once all is recorded that was recorded at it
        if number % EVERY == 0 and world.cases_there() and (number + 1 == len(steps) or steps[number + 1].at > step.at):
            looks.append((step.at, everything(world, step.at)))

    later(world, steps[-1].at)

    now = world.store.rows[-1].at + timedelta(days=400)
    assert looks
    for at, then in looks:
        assert everything(world, now, as_of=at) == then, at


def later(world: InMemory, than: datetime) -> None:
    """After the story: a bank holiday is proclaimed for every week of half a year, and the day of every entry is corrected."""
    at = max(world.store.rows[-1].at, than.astimezone(UTC)) + timedelta(days=1)
    administrator = world.by("administrator")
    days = [day for day in (london_date(at) - timedelta(days=n) for n in range(180)) if f"{day:%A}" == "Wednesday"]
    world.run(
        world.cases.do(
            AdoptCalendar(edition="many-funerals", source="made up", holidays=tuple(days), because="to see"), administrator, at=at
        )
    )
    for stream in world.cases_there():
        manager = world.by("business-manager//Later", world.history(stream)[0].event.partnership)
        for recorded in world.history(stream):
            if recorded.name == "record-corrected":
                continue
            earlier = (recorded.on - timedelta(days=2)).isoformat()
            corrected = CorrectRecord(event_place=recorded.place, correction={"on": earlier}, because="misread")
            world.run(world.cases.do(corrected, manager, stream=stream, at=at))
    world.run(world.themes.follow())
