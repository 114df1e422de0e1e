"""Whatever anybody asks of a case, in any order and on any day, breaks no invariant and fails with nothing but a refusal.

A machine begins somewhere in a story of `tests/stories`. Then the story goes on, or anybody asks anything at all, at the door of a
store in memory; after every step it looks. `CASETRAIL_TELL=1` with `-s` tells how often each command was recorded.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from pydantic import ValidationError

from application.case_view.allowed import allowed
from application.cases import Done, Moved, NoSuchCase
from application.commands import COMMANDS
from domain.clocks import ClockState, fold_clocks
from domain.corrections import effective
from domain.language import RULE, Command, NotAllowed, Refused
from domain.people import By
from domain.recorded import Recorded
from tests.any_asking import SECRET, Draw, Fields, Scene, suited
from tests.domain.invariants import INVARIANTS, Step, stepped
from tests.in_memory import BEGINNING, InMemory
from tests.playing import STORIES, Played, every_key_gone, played, same_but_for_words, told

NO_STORY_BEFORE = BEGINNING + timedelta(days=365 * 5)
PAUSES = (timedelta(hours=1), timedelta(minutes=1), timedelta(days=1), timedelta(days=4, hours=13), timedelta(days=45), timedelta(days=400))

MUST_WAIT = {name for name, command in COMMANDS.items() if "refusals" in vars(command)}
OTHERS_WAIT_FOR = {
    "submit-notification", "record-partner-position", "assign-facilitator", "submit-agency-report", "receive-new-information",
    "receive-expression-of-interest", "submit-draft", "check-anonymisation", "issue-recommendation", "submit-assurance", "assign-theme",
    "accept-recommendation", "escalate-challenge", "invite-participant", "record-participation",
}  # fmt: skip
LEADS_NOWHERE = {
    "break-glass", "erase-person", "redact-text", "dispose-record", "determine-criteria-not-met", "resolve-interest", "close-case",
    "reopen-case",
}  # fmt: skip
STEPS = (MUST_WAIT | OTHERS_WAIT_FOR) - LEADS_NOWHERE
"""Commands that take a case further."""

SEEN: Counter[str] = Counter()
"""How often each command was recorded, refused and malformed."""


class Anything(RuleBasedStateMachine):
    """One case, on which anything is asked."""

    story: Played
    world: InMemory
    next: int
    stream: str
    at: datetime
    clocks: ClockState
    asked: Counter[str]
    then: list[tuple[datetime, dict[str, Any]]]

    @initialize(data=st.data())
    def begins(self, data: st.DataObject) -> None:
        """Somewhere in a story; nearer to its end first."""
        draw = Draw(data)
        self.story = played(draw.one(STORIES))
        self.next = len(self.story.steps) - draw.number(0, len(self.story.steps))
        self.world = self.story.upto(self.next)
        self.world.run(self.world.themes.follow())
        self.at = max(self.world.store.rows[-1].at, NO_STORY_BEFORE)
        cases = self.world.cases_there()
        self.stream = draw.one(cases) if cases else ""
        self.clocks = fold_clocks(self.history, self.adoptions)
        self.asked, self.then = Counter(), []

    @property
    def history(self) -> list[Recorded]:
        return self.world.history(self.stream) if self.stream else []

    @property
    def adoptions(self) -> tuple[Recorded, ...]:
        return self.world.rulebook.adoptions()

    # --- asking

    @rule(data=st.data())
    def the_story_goes_on(self, data: st.DataObject) -> None:
        """The next step that the story tells of this case is asked, whatever has come between."""
        left = [n for n in range(self.next, len(self.story.steps)) if self.story.cases.get(self.story.steps[n].case or "") == self.stream]
        if not left:
            return self.somebody_asks(data)
        self.next, step = left[0] + 1, self.story.steps[left[0]]
        scene = self.later(Draw(data))
        self.ask(step.command, scene.by(step.by), scene)

    @rule(data=st.data())
    def somebody_asks(self, data: st.DataObject) -> None:
        """Any command: mostly one that takes the case further, mostly of somebody whose it is."""
        draw = Draw(data)
        scene = self.later(draw)
        name = self.chosen(draw, scene)
        self.asked[name] += 1
        try:
            command = Fields(data, scene, name).drawn()
        except ValidationError:
            SEEN[f"{name}, malformed"] += 1
            return
        by = draw.one(suited(command, scene) if draw.chance(85) else scene.anybody)
        seen = None if draw.chance(95) else draw.number(0, len(scene.history) + 1)
        self.ask(command, by, scene, seen=seen, key="a key" if not draw.chance(95) else None)

    def later(self, draw: Draw) -> Scene:
        self.at += draw.one(PAUSES)
        return Scene(self.world, self.stream, self.at, self.history)

    def chosen(self, draw: Draw, scene: Scene) -> str:
        if not self.stream:
            return "open-case"
        steps = [name for name in scene.open_to_somebody if name in STEPS]
        if steps and draw.chance(65):
            return draw.one([name for name in steps if self.asked[name] < 2] or steps)
        return draw.one(scene.open_to_somebody if draw.chance(60) else sorted(COMMANDS))

    def ask(self, command: Command, by: By, scene: Scene, seen: int | None = None, key: str | None = None) -> None:
        stream = self.stream if command.stream_kind == "case" and command.name != "open-case" else None
        log = len(self.world.store.rows)
        at = f"{self.at}"
        try:
            done = self.world.run(self.world.cases.do(command, by, stream=stream, seen=seen, key=key, path=at, at=self.at))
        except Refused as refused:
            SEEN[f"{command.name}, refused"] += 1
            reads_as_a_refusal(refused)
            assert len(self.world.store.rows) == log
            return
        except (Moved, NoSuchCase):
            assert seen is not None or stream is None
            assert len(self.world.store.rows) == log
            return
        SEEN[command.name] += 1
        if key:
            again = self.world.run(self.world.cases.do(command, by, stream=stream or done.stream, key=key, path=at, at=self.at))
            assert again.again
            assert again.recorded == done.recorded
        self.world.run(self.world.themes.follow(done.recorded))
        if not self.stream and command.name == "open-case":
            self.stream = done.stream
        if done.stream == self.stream:
            self.look(done, scene)
            # who takes part may say so themselves, before anybody invited them
            if command.on is None and command.name not in ("open-case", "record-participation"):
                assert command.name in allowed(scene.case, by, scene.asking)["allowed"]
        else:
            self.clocks = fold_clocks(self.history, self.adoptions)

    # --- looking

    def look(self, done: Done, scene: Scene) -> None:
        """Every invariant, after what was recorded."""
        after = self.history
        thorough = len(after) % 8 == 0
        clocks = stepped(self.clocks, done.recorded)
        rows = [row for row in self.world.store.rows if row.position > done.position - len(done.recorded)]
        step = Step(
            before=scene.history,
            after=after,
            fields=self.world.run(self.world.store.bodies(self.stream, after)),
            stored=b"".join(row.header + row.body for row in rows),
            secret=SECRET,
            clocks_before=self.clocks,
            clocks_after=clocks,
            adoptions=self.adoptions,
            asking=scene.asking,
            others=[known for case, known in self.world.themes._known.cases.items() if f"case/{case}" != self.stream],
            thorough=thorough,
            askers=scene.anybody,
        )
        assert step.new == [*done.recorded], "what is read back is not what was answered"
        for invariant in INVARIANTS:
            invariant(step)
        assert effective(effective(after)) == effective(after)
        self.clocks = clocks
        if thorough:
            self.then.append((self.at, told(self.world, self.stream, self.at)))

    def teardown(self) -> None:
        """With every key gone the same is told, and of every past instant what was told then."""
        if not getattr(self, "stream", ""):
            return
        in_clear = told(self.world, self.stream, self.at)
        with every_key_gone(self.world):
            erased = told(self.world, self.stream, self.at)
        same_but_for_words(in_clear, erased)
        assert SECRET not in repr(erased)
        for at, what_was_told in self.then:
            if sum(row.at == at for row in self.world.store.rows) <= 8:
                assert told(self.world, self.stream, self.at, as_of=at) == what_was_told


def reads_as_a_refusal(refused: Refused) -> None:
    """A refusal is sentences that somebody reads: each begins and ends as one, cites its rule, and gives nobody's words away."""
    assert refused.sentences
    for sentence in refused.sentences:
        assert sentence[0].isupper(), sentence
        assert sentence.endswith("."), sentence
        assert RULE.search(sentence) or (isinstance(refused, NotAllowed) and "(permission matrix)" in sentence), sentence
        assert SECRET not in sentence, sentence


ALL_CHECKS_SUPPRESSED = [*HealthCheck]


# --- what the machine, and those who built it, found; each told once


def ending_of(story: str) -> tuple[InMemory, str, datetime]:
    """A world in which this story has been told, its first case, and a day after its last entry."""
    told_of = played(next(path for path in STORIES if path.stem == story))
    world = told_of.upto(len(told_of.steps))
    return world, world.cases_there()[0], world.store.rows[-1].at + timedelta(days=1)


LIKE_A_SEAL = {"c": "a" * 64, "e": "b", "k": "text-1"}


@pytest.mark.parametrize(
    ("name", "correction"),
    [
        ("case-opened", {"incident": {"nonsense": SECRET}}),  # would have been kept in the clear
        ("case-opened", {"incident": LIKE_A_SEAL}),  # would have stopped the case from ever being shown again
        ("notification-received", {"narrative": LIKE_A_SEAL}),
        ("notification-received", {"notifier": {}}),  # would have failed
        ("case-opened", {"children.0.person": SECRET}),  # a name where an id belongs
        ("case-opened", {"children": []}),  # would have taken away what themes and notifications speak of
        ("case-opened", {"incident.happened_on": "9999-12-31"}),
        ("case-opened", {"on": None}),
    ],
)
def test_nobody_corrects_into_an_entry_what_could_not_stand_there(name: str, correction: dict[str, Any]) -> None:
    world, stream, at = ending_of("challenge-upheld")
    place = next(recorded.place for recorded in world.history(stream) if recorded.name == name)
    command = COMMANDS["correct-record"].model_validate({"event_place": place, "correction": correction, "because": SECRET})
    with pytest.raises(Refused) as refused:
        world.run(world.cases.do(command, world.by("business-manager", "bolton"), stream=stream, at=at))
    reads_as_a_refusal(refused.value)


def test_asked_again_under_its_key_an_asking_is_answered_though_the_asker_may_ask_nothing_any_more() -> None:
    world, stream, at = ending_of("challenge-upheld")
    command = COMMANDS["declare-interest"].model_validate({"kind": "real", "nature": SECRET})
    by = world.by("delegated-partner/health", "bolton")
    first = world.run(world.cases.do(command, by, stream=stream, key="once", at=at))
    again = world.run(world.cases.do(command, by, stream=stream, key="once", at=at))
    assert again.again
    assert again.recorded == first.recorded


def test_a_day_before_every_calendar_stops_no_clock_from_being_told() -> None:
    world, stream, at = ending_of("practice-review-to-the-last-recommendation")
    command = COMMANDS["plan-publication"].model_validate({"publish_on": date.min})
    world.run(world.cases.do(command, world.by("business-manager", "bolton"), stream=stream, at=at))
    assert told(world, stream, at)["clocks"]


def test_after_the_last_year_of_the_calendar_publishing_is_refused_and_does_not_fail() -> None:
    world, stream, _ = ending_of("practice-review-to-the-last-recommendation")
    published = next(recorded.event for recorded in world.history(stream) if recorded.name == "report-published")
    fields = {"digest": published.digest, "location": SECRET, "family_told": True}
    command = COMMANDS["publish-report"].model_validate(fields)
    with pytest.raises(Refused, match="CAL-7"):
        world.run(world.cases.do(command, world.by("business-manager", "bolton"), stream=stream, at=datetime(2099, 1, 5, 12, tzinfo=UTC)))


class TestAnything(Anything.TestCase):  # type: ignore[misc, valid-type]  # made by hypothesis
    """The same histories every day."""

    settings = settings(
        max_examples=25, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=ALL_CHECKS_SUPPRESSED
    )


@pytest.mark.slow
@pytest.mark.fuzz
@pytest.mark.timeout(1800)
class TestAnythingAtLength(Anything.TestCase):  # type: ignore[misc, valid-type]  # made by hypothesis
    """Longer histories, the same ones every time: what they find is found on every machine."""

    settings = settings(
        max_examples=50, stateful_step_count=40, deadline=None, derandomize=True, suppress_health_check=ALL_CHECKS_SUPPRESSED
    )


@pytest.fixture(autouse=True, scope="module")
def _tells() -> Iterator[None]:
    yield
    if os.environ.get("CASETRAIL_TELL"):
        print("", *(f"{n:5} {name}" for name, n in sorted(SEEN.items())), sep="\n")
