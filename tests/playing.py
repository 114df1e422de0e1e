"""The stories of `tests/stories` told in memory, and everything that is told of a case at an instant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from application.commands import COMMANDS
from application.marked import rewritten
from application.rehearsal import Rehearsal, digest
from application.scenario import Step, read_scenario
from application.store import mapper
from domain.language import Command, OfDocument
from domain.stages.opening import NamesCase
from tests.in_memory import InMemory

STORIES = sorted((Path(__file__).parent / "stories").glob("*.yaml"))


@dataclass(frozen=True)
class Asked:
    """A step of a story: what is asked, by whom, of which case by its handle."""

    command: Command
    by: str
    case: str | None


@dataclass(frozen=True)
class Played:
    """A story told to its end: its steps, where the log stood before the first and after each, and the streams of its cases."""

    world: InMemory
    steps: tuple[Asked, ...]
    positions: tuple[int, ...]
    cases: Mapping[str, str]

    def upto(self, step: int) -> InMemory:
        """A world of one's own, in which the story has been told so far."""
        return self.world.upto(self.positions[step])


@cache
def set_up() -> InMemory:
    """A store that has adopted its procedures and its calendar, for others to be copied from."""
    return InMemory.set_up()


@cache
def played(story: Path) -> Played:
    """A story told to its end."""
    world = set_up().upto(len(set_up().store.rows))
    rehearsal = Rehearsal(read_scenario(story), world.world)
    steps, positions = [], [len(world.store.rows)]
    for number, step in enumerate(rehearsal.scenario.steps):
        if step.do and step.by:
            world.run(rehearsal.take(number))
            steps.append(Asked(as_command(step, rehearsal), step.by, step.case))
            positions.append(len(world.store.rows))
        elif step.look:
            world.run(rehearsal.take(number))
    cases = {handle: f"case/{case}" for handle, case in rehearsal.told.cases.items()}
    return Played(world, tuple(steps), tuple(positions), cases)


def as_command(step: Step, rehearsal: Rehearsal) -> Command:
    """What a step asks, as the door is asked it."""
    model, cases = COMMANDS[step.do or ""], rehearsal.told.cases
    fields = {"partnership": rehearsal.scenario.partnership, **step.fields} if step.do == "open-case" else dict(step.fields)
    fields = rewritten(model, fields, OfDocument, lambda mark, word: digest(word))
    fields = rewritten(model, fields, NamesCase, lambda mark, handle: cases.get(handle, handle))
    return model.model_validate_json(json.dumps(fields))


# --- what is told


def told(world: InMemory, stream: str, now: datetime, as_of: datetime | None = None) -> dict[str, Any]:
    """Everything that is told of a case: as it is known now, or as it was known at an instant."""
    looking = world.looking
    seen = world.run(looking.see(stream, now=now, as_of=as_of))
    return {
        "overview": world.run(looking.overview(seen)),
        "history": world.run(looking.history(seen)),
        "decisions": world.run(looking.decisions(seen)),
        "endorsements": looking.endorsements(seen),
        "escalations": world.run(looking.escalations(seen)),
        "absences": world.run(looking.absences(seen)),
        "clocks": looking.clocks(seen),
    }


@contextmanager
def every_key_gone(world: InMemory) -> Iterator[None]:
    """For a while, no sealed word of this world can be opened."""
    keys = world.store.keys
    held, keys.held = keys.held, {}
    try:
        yield
    finally:
        keys.held = held


def same_but_for_words(in_clear: Any, erased: Any, path: str = "") -> None:
    """Both tell the same, save that one says `[erased]` where the other has words."""
    if erased == mapper.ERASED:
        assert isinstance(in_clear, str), path
    elif isinstance(erased, dict):
        assert {*erased} == {*in_clear}, path
        for key, inner in erased.items():
            same_but_for_words(in_clear[key], inner, f"{path}.{key}")
    elif isinstance(erased, list):
        assert len(erased) == len(in_clear), path
        for n, inner in enumerate(erased):
            same_but_for_words(in_clear[n], inner, f"{path}.{n}")
    else:
        assert erased == in_clear, path
