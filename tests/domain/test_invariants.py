"""Whatever anybody asks of a case, in any order and on any day, breaks no invariant and fails with nothing but a refusal.

A machine begins somewhere in a story of `tests/stories`, asks any command of anybody, and looks after every step.
"""

from __future__ import annotations

import os
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from pydantic import ValidationError

from application.cases import Done, Moved, NoSuchCase
from application.commands import COMMANDS
from application.marked import rewritten
from application.rehearsal import Rehearsal, digest
from application.scenario import read_scenario
from application.store import mapper
from domain.clocks import ClockState, fold_clocks
from domain.corrections import effective
from domain.language import RULE, Command, NotAllowed, OfDocument, Refused
from domain.people import By
from domain.recorded import Recorded
from domain.stages.opening import NamesCase
from domain.tracker import facts
from tests.any_asking import SECRET, Draw, Fields, Scene, suited
from tests.domain.invariants import INVARIANTS, Step
from tests.in_memory import BEGINNING, InMemory

STORIES = sorted((Path(__file__).parent.parent / "stories").glob("*.yaml"))
PAUSES = (timedelta(hours=1), timedelta(minutes=1), timedelta(days=1), timedelta(days=4, hours=13), timedelta(days=45), timedelta(days=400))
STEPS = {name for name, command in COMMANDS.items() if command.refusals.__func__ is not Command.refusals.__func__} - {  # type: ignore[attr-defined]
    "break-glass", "erase-person", "redact-text", "dispose-record", "determine-criteria-not-met", "resolve-interest", "close-case", "reopen-case",
} | {  # fmt: skip
    "submit-notification", "record-partner-position", "assign-facilitator", "submit-agency-report", "receive-new-information",
    "receive-expression-of-interest", "submit-draft", "check-anonymisation", "issue-recommendation", "submit-assurance", "assign-theme",
    "accept-recommendation", "escalate-challenge", "invite-participant", "record-participation",
}  # fmt: skip
"""What leads on: commands that must wait for something, and some that others wait for."""
SEEN: Counter[str] = Counter()
"""What was recorded, and what was refused, in this process: `CASETRAIL_TELL=1` prints it."""


@cache
def empty() -> InMemory:
    return InMemory.set_up()


@dataclass(frozen=True)
class Played:
    """A story told to its end: where the log stood after each step, the cases by their handles, and what was asked."""

    world: InMemory
    steps: tuple[Asked, ...]
    positions: tuple[int, ...]
    cases: Mapping[str, str]


@dataclass(frozen=True)
class Asked:
    """A step of a story: asked of which case, by whom."""

    command: Command
    by: str
    case: str | None


@cache
def played(story: Path) -> Played:
    """A story told to its end."""
    world = empty().upto(10**9)
    rehearsal = Rehearsal(read_scenario(story), world.world)
    steps, positions = [], [len(world.store.rows)]
    for number, step in enumerate(rehearsal.scenario.steps):
        if step.do and step.by:
            world.run(rehearsal.take(number))
            positions.append(len(world.store.rows))
            steps.append(Asked(as_command(step, rehearsal), step.by, step.case))
    return Played(world, tuple(steps), tuple(positions), dict(rehearsal.told.cases))


def as_command(step: Any, rehearsal: Rehearsal) -> Command:
    """What a step asks, as the door is asked it."""
    model, cases = COMMANDS[step.do], rehearsal.told.cases
    fields = {"partnership": rehearsal.scenario.partnership, **step.fields} if step.do == "open-case" else dict(step.fields)
    fields = rewritten(model, fields, OfDocument, lambda mark, word: digest(word))
    fields = rewritten(model, fields, NamesCase, lambda mark, handle: cases.get(handle, handle))
    return model.model_validate_json(json.dumps(fields))


class Anything(RuleBasedStateMachine):
    """One case of a story, on which anything is asked."""

    world: InMemory
    stream: str
    at: datetime
    clocks: ClockState
    asked: Counter[str]
    story: Played
    next: int

    @initialize(data=st.data())
    def begins(self, data: st.DataObject) -> None:
        draw = Draw(data)
        self.asked = Counter()
        self.story = played(draw.one(STORIES))
        self.next = draw.number(0, len(self.story.steps))
        self.world = self.story.world.upto(self.story.positions[self.next])
        self.at = max(self.world.store.rows[-1].at, BEGINNING + timedelta(days=365 * 5))
        self.world.run(self.world.themes.follow())
        cases = self.world.cases_there()
        self.stream = draw.one(cases) if cases else ""
        self.clocks = fold_clocks(self.history, self.adoptions)

    @property
    def history(self) -> list[Recorded]:
        return self.world.history(self.stream) if self.stream else []

    @property
    def adoptions(self) -> tuple[Recorded, ...]:
        return self.world.rulebook.adoptions()

    @rule(data=st.data())
    def the_story_goes_on(self, data: st.DataObject) -> None:
        """The next step that the story tells of this case, whatever has come between."""
        of_this = [n for n, step in enumerate(self.story.steps) if n >= self.next and self.stream == f"case/{self.story.cases.get(step.case or '')}"]
        if not of_this:
            return self.somebody_asks(data)
        self.next, step = of_this[0] + 1, self.story.steps[of_this[0]]
        self.at += Draw(data).one(PAUSES)
        scene = Scene(self.world, self.stream, self.at, self.history)
        self.ask(step.command, scene.by(step.by), scene, None)

    @rule(data=st.data())
    def somebody_asks(self, data: st.DataObject) -> None:
        draw = Draw(data)
        self.at += draw.one(PAUSES)
        scene = Scene(self.world, self.stream, self.at, self.history)
        name = self.chosen(draw, scene)
        self.asked[name] += 1
        try:
            command = Fields(data, scene, name).drawn()
        except ValidationError:
            SEEN[f"{name}: malformed"] += 1
            return
        by = draw.one(suited(command, scene)) if draw.chance(85) else draw.one(scene.anybody)
        seen = None if draw.chance(95) else draw.number(0, len(scene.history) + 1)
        self.ask(command, by, scene, seen)

    def chosen(self, draw: Draw, scene: Scene) -> str:
        """Mostly a step of the process that is open to somebody, and of these mostly one that has not been taken yet."""
        if not self.stream:
            return "open-case"
        steps = [name for name in scene.open_to_somebody if name in STEPS]
        fresh = [name for name in steps if self.asked[name] < 2]
        if steps and draw.chance(70):
            return draw.one(fresh or steps)
        return draw.one(scene.open_to_somebody if draw.chance(60) else sorted(COMMANDS))

    def ask(self, command: Command, by: By, scene: Scene, seen: int | None) -> None:
        stream = self.stream if command.stream_kind == "case" and command.name != "open-case" else None
        before = scene.history
        try:
            done = self.world.run(self.world.cases.do(command, by, stream=stream, seen=seen, at=self.at))
        except Refused as refused:
            SEEN[f"{command.name}: refused"] += 1
            reads_as_a_refusal(refused)
            return
        except (Moved, NoSuchCase):
            assert seen is not None or stream is None
            return
        SEEN[command.name] += 1
        self.world.run(self.world.themes.follow(done.recorded))
        if not self.stream and command.name == "open-case":
            self.stream = done.stream
        if done.stream == self.stream:
            self.look(done, before, scene)
        else:
            self.clocks = fold_clocks(self.history, self.adoptions)

    def look(self, done: Done, before: list[Recorded], scene: Scene) -> None:
        """Every invariant, after what was recorded."""
        after = self.history
        clocks = fold_clocks(after, self.adoptions)
        others = [facts(case.removeprefix("case/"), self.world.history(case)) for case in self.world.cases_there() if case != self.stream]
        step = Step(
            before=before,
            after=after,
            fields=self.world.run(self.world.store.bodies(self.stream, after)),
            stored=b"".join(row.header + row.body for row in self.world.store.rows if row.position > done.position - len(done.recorded)),
            secret=SECRET,
            clocks_before=self.clocks,
            clocks_after=clocks,
            adoptions=self.adoptions,
            asking=scene.asking,
            others=others,
            askers=scene.anybody,
        )
        for invariant in INVARIANTS:
            invariant(step)
        self.clocks = clocks
        for now, then in zip(done.recorded, step.new, strict=True):
            assert now == then, f"answered {now}, stored {then}"
        assert effective(effective(after)) == effective(after)

    def teardown(self) -> None:
        if os.environ.get("CASETRAIL_TELL"):
            SEEN["examples"] += 1
        if getattr(self, "stream", ""):
            erased_tells_the_same(self.world, self.stream, self.at)


def reads_as_a_refusal(refused: Refused) -> None:
    """A refusal is sentences that somebody reads: each begins and ends as one, cites its rule, and gives nobody's words away."""
    assert refused.sentences
    for sentence in refused.sentences:
        assert sentence[0].isupper(), sentence
        assert sentence.endswith("."), sentence
        assert RULE.search(sentence) or (isinstance(refused, NotAllowed) and "(permission matrix)" in sentence), sentence
        assert SECRET not in sentence, sentence


def told(world: InMemory, stream: str, at: datetime) -> dict[str, Any]:
    """Everything that is told of a case at an instant."""
    looking = world.looking
    seen = world.run(looking.see(stream, now=at))
    return {
        "overview": world.run(looking.overview(seen)),
        "history": world.run(looking.history(seen)),
        "decisions": world.run(looking.decisions(seen)),
        "escalations": world.run(looking.escalations(seen)),
        "absences": world.run(looking.absences(seen)),
        "clocks": looking.clocks(seen),
    }


def erased_tells_the_same(world: InMemory, stream: str, at: datetime) -> None:
    """With every key gone the case is told as before, `[erased]` in the place of each text."""
    in_clear = told(world, stream, at)
    held, world.store.keys.held = world.store.keys.held, {}
    try:
        erased = told(world, stream, at)
    finally:
        world.store.keys.held = held
    same_but_for_words(in_clear, erased)
    assert SECRET not in repr(erased)


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
        for n, (clear, inner) in enumerate(zip(in_clear, erased, strict=True)):
            same_but_for_words(clear, inner, f"{path}.{n}")
    else:
        assert erased == in_clear, path


EVERY_DAY = settings(max_examples=25, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

TestAnything = Anything.TestCase
TestAnything.settings = EVERY_DAY


@pytest.fixture(autouse=True, scope="module")
def _tells():
    yield
    if os.environ.get("CASETRAIL_TELL"):
        print()
        for name, n in sorted(SEEN.items()):
            print(f"{n:5} {name}")
