"""A case told again, entry by entry: the facts and clocks that each one changed, and nothing that it did not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.adoption import AdoptCalendar
from domain.working_days import london_date
from tests.playing import STORIES, every_key_gone, played, same_but_for_words


def story_of(name: str) -> Path:
    return next(path for path in STORIES if path.stem == name)


STORY = story_of("challenge-upheld")


def steps_of(world: Any, stream: str, **which: Any) -> list[dict[str, Any]]:
    seen = world.run(world.looking.see(stream))
    return world.run(world.looking.replay(seen, **which))


@pytest.fixture(scope="module")
def told() -> list[dict[str, Any]]:
    story = played(STORY)
    return steps_of(story.world, next(iter(story.cases.values())))


def at(told, name) -> dict[str, Any]:
    return next(step for step in told if step.get("name") == name)


def test_every_entry_is_told_once_in_its_order(told):
    story = played(STORY)
    last = len(story.world.history(next(iter(story.cases.values()))))
    assert [step["place"] for step in told if "place" in step] == list(range(1, last + 1))


def test_a_fact_that_changed_is_told_with_what_it_was(told):
    changed = {change["what"]: change for change in at(told, "threshold-decided")["changed"]}
    assert changed["stage"]["before"] != changed["stage"]["after"] == at(told, "threshold-decided")["stage"]


def test_a_clock_is_told_where_it_begins_and_where_it_ends(told):
    begun = {clock["clock"]: clock["change"] for step in told for clock in step["clocks"] if clock["change"] == "started"}
    ended = [clock for step in told for clock in step["clocks"] if clock["change"] == "stopped"]
    assert "rapid-review-meeting" in begun
    assert ended
    assert all(clock["done"] and clock["verdict"] in ("on-time", "late") for clock in ended)


def test_a_clock_that_was_superseded_says_why():
    story = played(story_of("corrections-late-awareness-and-amendments"))
    every = [clock for stream in story.cases.values() for step in steps_of(story.world, stream) for clock in step["clocks"]]
    superseded = [clock for clock in every if clock["change"] in ("superseded", "cancelled")]
    assert superseded
    assert all(clock["why"] in clock["sentence"] for clock in superseded)


def test_a_part_is_told_as_it_is_told_in_the_whole(told):
    story = played(STORY)
    part = steps_of(story.world, next(iter(story.cases.values())), from_place=5, upto_place=9)
    assert part == [step for step in told if 5 <= step.get("place", 0) <= 9]


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_what_each_entry_changed_adds_up_to_the_case(story):
    """Whoever takes all changes in turn has the facts of the overview at the end."""
    world = played(story).world
    for stream in played(story).cases.values():
        facts: dict[str, Any] = {}
        for step in steps_of(world, stream):
            for change in step.get("changed", ()):
                if "after" in change:
                    facts[change["what"]] = change["after"]
                else:
                    facts.pop(change["what"], None)
        seen = world.run(world.looking.see(stream))
        stage = world.run(world.looking.overview(seen))["stage"]
        assert facts["stage"] == stage


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_it_is_told_the_same_when_every_word_is_erased(story):
    world = played(story).world
    stream = next(iter(played(story).cases.values()))
    in_clear = steps_of(world, stream)
    with every_key_gone(world):
        erased = steps_of(world, stream)
    assert [step.get("place") for step in erased] == [step.get("place") for step in in_clear]
    same_but_for_words([step["clocks"] for step in in_clear], [step["clocks"] for step in erased])


def test_a_calendar_adopted_meanwhile_is_told_with_the_clocks_it_moved():
    story = played(STORY)
    world = story.upto(8)
    stream = next(iter(story.cases.values()))
    last = world.history(stream)[-1]
    days = tuple(london_date(last.at) + timedelta(days=n) for n in range(1, 12) if (london_date(last.at) + timedelta(days=n)).weekday() < 5)
    adopt = AdoptCalendar(edition="many-funerals", source="made up", holidays=days, because="to see")
    world.run(world.cases.do(adopt, world.by("administrator"), at=last.at + timedelta(hours=1)))
    told = steps_of(world, stream)[-1]
    assert (told["sentence"], {clock["change"] for clock in told["clocks"]}) == (
        "The calendar many-funerals was adopted; what was still open was counted again (CAL-7).", {"started", "superseded"},
    )  # fmt: skip
