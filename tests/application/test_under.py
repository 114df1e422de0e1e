"""What would have been due under other rules, or had one thing happened on another day: nothing is recorded, and nothing is evidence."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from application.adopting import adopt_shipped
from application.rehearsal import Rehearsal, rehearse
from application.scenario import read_scenario
from application.under import Assumed, NotAssumed, as_assumed, assumed, clocks_told, clocks_under
from domain.clocks import fold_clocks
from domain.recorded import Editions, Recorded
from domain.working_days import NEWEST
from tests.in_memory import BEGINNING, InMemory, MemoryKeys, MemoryRegister, MemoryStore

STORIES = Path(__file__).parents[1] / "stories"
TODAY = date(2026, 5, 22)
IN_FORCE = Editions("bolton", "england-2025")


class Told:
    """A case of a story, and what would have been due in it."""

    def __init__(self, world: InMemory, case: str) -> None:
        self.world, self.history = world, world.history(f"case/{case}")
        self.adoptions = world.rulebook.adoptions()

    def assume(self, *under: str, change: str | None = None) -> Assumed:
        return assumed(under, change, calendars=self.world.rulebook.calendars(), in_force=IN_FORCE, calendar=NEWEST)

    def under(self, *under: str, change: str | None = None) -> dict[str, Any]:
        return clocks_told(self.history, self.adoptions, self.assume(*under, change=change), TODAY, self.world.rulebook.calendars())

    def place(self, name: str, **like: Any) -> int:
        (found,) = [r for r in self.history if r.name == name and all(getattr(r.event, k) == v for k, v in like.items())]
        return found.place


def told(story: str, handle: str) -> Told:
    scenario = read_scenario(STORIES / f"{story}.yaml")
    world = InMemory(MemoryStore(MemoryKeys()), MemoryRegister())
    world.run(adopt_shipped(world.cases, calendar=scenario.calendar or NEWEST.edition, at=BEGINNING))
    rehearsal = Rehearsal(scenario, world.world)
    world.run(rehearse([rehearsal]))
    assert rehearsal.told.exit == 0
    return Told(world, rehearsal.told.cases[handle])


@pytest.fixture(scope="module")
def upheld() -> Told:
    return told("challenge-upheld", "baby-w")


def beside(answer: dict[str, Any], clock: str) -> dict[str, Any]:
    (found,) = [row for row in answer["beside"] if row["clock"] == clock]
    return found


def test_qa_8_a_deadline_recomputed_under_todays_policy(upheld: Told):
    answer = upheld.under("in-force")

    clock = beside(answer, "serious-incident-notification")
    assert answer["assumed"] == {"procedure": ["bolton", "england-2025"], "calendar": NEWEST.edition}
    assert clock["recorded"] | {"rule": ""} == {
        "from": "2024-10-08", "due": "2024-10-15", "done": "2024-10-28", "verdict": "late", "late_by": 9, "rule": "",
        "source": clock["recorded"]["source"], "procedure": ["bolton", "england-2023"], "calendar": NEWEST.edition,
        "events": clock["recorded"]["events"],
    }  # fmt: skip
    assert clock["assumed"]["procedure"] == ["bolton", "england-2025"]
    assert (clock["differs"], clock["sentence"]) == (False, "Due on the same day; late by 9 as recorded.")
    assert upheld.history[clock["recorded"]["events"][0] - 1].name == "local-authority-became-aware"


def test_qa_8_under_another_partnerships_policy_the_difference_shows(upheld: Told):
    answer = upheld.under("bury")

    assert {row["clock"]: row["sentence"] for row in answer["beside"] if row["differs"]} == {
        "acknowledgement": "There would be no such clock.",
        "copy-to-partners": "There would be no such clock.",
        "feedback-to-referrer": "There would be no such clock.",
        "rapid-review-local": "There would be no such clock.",
        "rapid-review-meeting": "There would be no such clock.",
        "referral": "The record has no such clock. It would have been due on Thursday 10 October 2024.",
    }


def test_qe_12_the_deadlines_had_the_challenge_been_upheld_at_first_instance(upheld: Told):
    replaced = upheld.place("decision-replaced")

    answer = upheld.under(change=f"{replaced}:2024-10-16")

    assert answer["evidence"] is False
    assert all(item["evidence"] is False for item in answer["items"])
    assert answer["assumed"] == {"change": {"place": replaced, "name": "decision-replaced", "field": "on", "to": "2024-10-16"}}
    due = {row["clock"]: (row["recorded"]["due"], row["assumed"]["due"]) for row in answer["beside"] if row["clock"].startswith("rapid")}
    assert due == {
        "rapid-review-meeting": ("2024-11-11", "2024-10-31"),
        "rapid-review-local": ("2024-11-15", "2024-11-06"),
        "rapid-review-national": ("2024-11-18", "2024-11-18"),
    }
    # what the authority owed never waited for the challenge
    assert not beside(answer, "serious-incident-notification")["differs"]


def test_nothing_is_recorded_and_the_history_stays_as_it_is(upheld: Told):
    before = fold_clocks(upheld.history, upheld.adoptions).clocks
    rows = len(upheld.world.store.rows)

    upheld.under("bury", "england-2022-09", change="1:2024-01-01")

    assert len(upheld.world.store.rows) == rows
    assert fold_clocks(upheld.history, upheld.adoptions).clocks == before


def test_assuming_nothing_new_gives_the_clocks_that_are_recorded(upheld: Told):
    assert clocks_under(upheld.history, upheld.adoptions, Assumed()).clocks == fold_clocks(upheld.history, upheld.adoptions).clocks
    assert not any(row["differs"] for row in upheld.under("bolton", "england-2023")["beside"])


def test_under_a_calendar_that_did_not_know_the_funeral_yet():
    funeral = told("jubilee-and-state-funeral-2022", "child-v")
    answer = funeral.under("england-2020-11")

    assert answer["assumed"] == {"calendar": "england-2020-11"}
    moved = [(row["clock"], row["assumed"]["due"], row["recorded"]["due"]) for row in answer["beside"] if "instead of W" in row["sentence"]]
    assert moved == [("rapid-review-local", "2022-09-20", "2022-09-21")]


def test_a_date_within_an_entry_may_be_changed():
    asked = told("child-j", "child-j")
    entry = next(r for r in asked.history if r.name == "agency-asked")

    answer = asked.under(change=f"{entry.place}.due_on:2030-01-02")

    assert "2030-01-02" in {item.get("due") for item in answer["items"] if item["clock"] == "agency-report"}


def test_a_correction_of_the_changed_day_does_not_take_the_assumption_back():
    child = told("corrections-late-awareness-and-amendments", "child-h")
    corrected = next(r for r in child.history if r.name == "record-corrected" and "on" in r.event.correction)
    wrong = corrected.event.event_place

    changed = as_assumed(child.history, child.assume(change=f"{wrong}:2024-02-01"))

    assert changed[wrong - 1].on == date(2024, 2, 1)
    state = clocks_under(child.history, child.adoptions, child.assume(change=f"{wrong}:2024-02-01"))
    assert {c.since for c in state.clocks if c.clock == "acknowledgement"} == {date(2024, 2, 1)}
    assert [r.hash for r in changed] == [r.hash for r in child.history]


@pytest.mark.parametrize(
    ("under", "change", "sentence"),
    [
        ((), "soon", "such as 17:2026-03-18"),
        ((), "1:2024-02-30", "such as 17:2026-03-18"),
        ((), "1:0001-01-01", "between 1990"),
        ((), "9999:2024-01-01", "no entry there"),
        ((), "1.label:2024-01-01", "has no date there"),
        (("england-1850",), None, "names no edition"),
    ],
)
def test_what_cannot_be_assumed_is_told(upheld: Told, under: tuple[str, ...], change: str | None, sentence: str):
    with pytest.raises(NotAssumed, match=sentence):
        upheld.under(*under, change=change)


def test_a_correction_is_no_entry_to_be_changed():
    child = told("corrections-late-awareness-and-amendments", "child-h")
    place = next(r.place for r in child.history if r.name == "record-corrected")
    with pytest.raises(NotAssumed, match="names a correction"):
        child.under(change=f"{place}:2024-02-01")


def test_the_changed_day_is_only_in_the_copy(upheld: Told):
    first: Recorded = upheld.history[0]
    (copy, *_) = as_assumed(upheld.history, upheld.assume(change="1:2024-01-05"))
    assert (first.on, copy.on) == (date(2024, 10, 4), date(2024, 1, 5))
    assert copy.at == first.at <= datetime.now(UTC)
