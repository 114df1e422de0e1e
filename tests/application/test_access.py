"""What people were shown, as it is found again: by case, by person, by instant; and beside what they decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from application.access import Wanted, look
from application.case_view.before_them import with_what_reached
from application.rehearsal import Rehearsal, digest, rehearse
from application.scenario import parse_scenario, read_scenario
from application.world import InProcess
from domain.people import By
from interfaces.wiring import Service
from tests.in_memory import InMemory
from tests.playing import played, set_up, told

STORY = Path(__file__).parents[1] / "stories" / "not-met-by-three-who-had-seen-different-things.yaml"
SCAN = digest("scan")

HEALTH = By(person=f"person-{1:032x}", role="delegated-partner", organisation="health", partnership="bolton")
POLICE = By(person=f"person-{2:032x}", role="delegated-partner", organisation="police", partnership="bolton")
NOON = datetime(2025, 2, 4, 12, tzinfo=UTC)


@pytest.fixture(params=["in memory", "on a store"])
def looks(request: pytest.FixtureRequest) -> Any:
    """The looks of a store that is a list, and of a real one: they tell the same."""
    return set_up().upto(0).looks if request.param == "in memory" else request.getfixturevalue("service").looks


@pytest.mark.anyio
async def test_what_somebody_was_shown_is_found_by_stream_and_instant(looks: Any):
    first = look(HEALTH, "overview", streams=("case/1",), place=4)
    listed = look(HEALTH, "cases", streams=("case/1", "candidate/bolton-H1"))
    opened = look(HEALTH, "document", streams=("case/1",), documents=(SCAN,))
    later = look(HEALTH, "history", streams=("case/1",), place=9)
    refused = look(HEALTH, "notify-panel", outcome="refused", streams=("case/1",), place=12, documents=("a" * 64,))
    for n, one in enumerate((first, listed, opened, later, refused)):
        await looks.note(one, at=NOON + timedelta(minutes=n))
    await looks.note(look(POLICE, "overview", streams=("case/1",), place=20), at=NOON)

    shown = await looks.shown(HEALTH.person, "case/1")
    assert (shown.looks, shown.place, shown.opened) == ((first.id, opened.id, later.id), 9, (SCAN,))
    by_then = await looks.shown(HEALTH.person, "case/1", until=NOON + timedelta(minutes=1))
    assert (by_then.looks, by_then.place, by_then.opened) == ((first.id,), 4, ())
    # a list shows nothing of what stands on a case; at a candidate one looks in no other way
    assert (await looks.shown(HEALTH.person, "candidate/bolton-H1")).looks == (listed.id,)
    assert await looks.places("case/1", [first.id, listed.id, later.id]) == {first.id: 4, later.id: 9}

    items, _ = await looks.of_stream("case/1", Wanted(person=HEALTH.person))
    assert [(item["view"], item["outcome"], item.get("place")) for item in items] == [
        ("overview", "shown", 4), ("cases", "shown", None), ("document", "shown", None), ("history", "shown", 9),
        ("notify-panel", "refused", None),
    ]  # fmt: skip
    assert (items[1]["streams"], items[2]["documents"]) == (2, [SCAN])
    assert "documents" not in items[4]
    between = Wanted(since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=2))
    assert [item["view"] for item in (await looks.of_stream("case/1", between))[0]] == ["cases", "document"]
    page, after = await looks.of_stream("case/1", Wanted(views=("overview", "history")), limit=2)
    assert [item["view"] for item in page] == ["overview", "history"]
    (last,), end = await looks.of_stream("case/1", Wanted(views=("overview", "history")), after=after, limit=2)
    assert (last["by"]["person"], end) == (POLICE.person, None)


@pytest.mark.anyio
async def test_a_story_notes_what_its_people_are_shown(service: Service):
    rehearsal = Rehearsal(read_scenario(STORY), InProcess(service.looking, service.themes))
    await rehearse([rehearsal])
    assert rehearsal.told.exit == 0
    assert [step.result for step in rehearsal.told.steps if "look" in (step.do or "")] == ["done"] * 3
    items, _ = await service.looks.of_stream(f"case/{rehearsal.told.cases['baby-e']}", Wanted())
    assert [(item["at"], item["view"]) for item in items] == [
        ("2025-02-04T14:00:00.000000Z", "overview"),
        ("2025-02-04T14:00:00.000000Z", "history"),
        ("2025-02-04T14:05:00.000000Z", "document"),
        ("2025-02-06T09:00:00.000000Z", "overview"),
        ("2025-02-06T09:00:00.000000Z", "history"),
    ]


@pytest.mark.parametrize(
    ("step", "result"),
    [
        ("{at: 2025-02-05, case: other, by: scrutineer, look: all}", "failed"),
        ("{at: 2025-02-05, by: scrutineer, look: all}", "failed"),
        ("{at: 2025-02-05, case: x, by: passer-by, look: all}", "failed"),
        ("{at: 2025-02-05, case: x, by: passer-by, look: all, refused: no role}", "refused"),
        ("{at: 2025-02-05, case: x, by: scrutineer, look: all, refused: true}", "failed"),
        ("{at: 2025-02-05, case: x, by: scrutineer, look: A}", "done"),
    ],
)
def test_a_look_that_cannot_be_is_told(step: str, result: str):
    children = "[{ref: x, area_of_residence: b, age_band: 1-4, harm: none}]"
    with_ = f"{{label: X, route: partners, concern: local-learning, children: {children}}}"
    opening = f"{{at: 2025-02-04, case: x, by: business-manager, do: open-case, with: {with_}}}"
    world = set_up().upto(len(set_up().store.rows))
    rehearsal = Rehearsal(parse_scenario(f"partnership: bolton\nsteps:\n  - {opening}\n  - {step}\n".encode(), "x.yaml"), world.world)
    world.run(rehearse([rehearsal]))
    assert [step.result for step in rehearsal.told.steps] == ["done", result], rehearsal.told.steps


# --- beside what they decided


@pytest.fixture
def world() -> InMemory:
    return played(STORY).world


def deciders(world: InMemory) -> dict[str, dict[str, Any]]:
    (stream,) = world.cases_there()
    (decision,) = told(world, stream, world.store.rows[-1].at + timedelta(hours=1))["decisions"]
    return {decider["partner"]: decider for decider in decision["deciders"]} | {"recorder": decision}


def test_what_existed_and_had_not_reached_each_of_them(world: InMemory):
    found = deciders(world)
    not_shown = {who: found[who]["existed_but_not_shown"] for who in found}
    assert not_shown["local-authority"] == {"places": [], "documents": []}
    assert not_shown["health"] == {"places": [10, 11], "documents": []}
    # the form reached the police with their copy, and what others wrote later existed by then
    assert not_shown["police"] == {"places": [1, 2, 3, 5, 6, 7, 8, 10, 11, 12], "documents": [SCAN]}
    # whoever recorded it had not recorded these
    assert not_shown["recorder"]["places"] == [1, 2, 3, 4, 11, 12, 13]


def test_what_they_say_they_had_seen_counts_where_a_look_agrees(world: InMemory):
    found = deciders(world)
    assert [(found[who].get("seen"), found[who].get("seen_confirmed")) for who in ("local-authority", "health", "police")] == [
        (10, True), (11, False), (None, None),
    ]  # fmt: skip
    assert [(found[who].get("shown_up_to"), found[who]["opened"]) for who in ("local-authority", "health", "police")] == [
        (10, []), (9, [SCAN]), (None, []),
    ]  # fmt: skip


def test_an_information_set_that_is_no_longer_what_was_frozen_is_told(world: InMemory):
    (stream,) = world.cases_there()
    history = world.history(stream)
    decision = {"place": 12}
    assert with_what_reached([decision], history, {})[0]["information_intact"]
    then = history[11].header
    forged = msgspec.structs.replace(then, information={**(then.information or {}), "seen": 3})
    history[11] = msgspec.structs.replace(history[11], header=forged)
    assert not with_what_reached([decision], history, {})[0]["information_intact"]


def test_of_a_clerks_entry_nothing_is_told_but_what_was_sent(world: InMemory):
    (stream,) = world.cases_there()
    history = world.history(stream)
    clerk = msgspec.structs.replace(history[12].header, information={"sent": [9], "hash": "0" * 64})
    history[12] = msgspec.structs.replace(history[12], header=clerk)
    (found,) = with_what_reached([{"place": 13}], history, {})
    assert {*found} == {"place", "information", "information_intact", "sent"}


@pytest.mark.anyio
async def test_whoever_runs_a_command_line_is_one_person_of_the_register(service: Service):
    ada = await service.register.of_account("ada")
    assert await service.register.of_account("ada") == ada != await service.register.of_account("bea")
    assert await service.register.rehearsed("ada") != ada
