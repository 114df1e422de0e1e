"""Every story, as everybody is shown it: nothing that would name somebody is shown under pseudonyms, in any answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from application.case_view.absences import absences
from application.case_view.clock_items import clock_items
from application.case_view.decisions import decisions
from application.case_view.escalations import escalations
from application.case_view.history import history_items
from application.case_view.overview import overview
from application.case_view.replay import replay
from application.policy.membership import membership
from application.policy.reading import Reader
from application.policy.shown import Shown
from domain.clocks import fold_clocks
from domain.fields import leaves
from domain.people import ROLES, By
from domain.recorded import Recorded
from domain.told import Fields
from domain.working_days import NEWEST, london_date
from tests.in_memory import InMemory
from tests.playing import STORIES, played

NAMES = ("name", "born_on", "contact")


@pytest.fixture(params=STORIES, ids=lambda path: path.stem)
def world(request: pytest.FixtureRequest) -> InMemory:
    return played(request.param).world


def everything(shown: Shown, told: dict[str, Any]) -> dict[str, Any]:
    """All that is answered about a case."""
    return {
        "overview": shown.overview(told["overview"]),
        "history": shown.items(told["history"]),
        "decisions": shown.decisions(told["decisions"]),
        "clocks": shown.clocks(told["clocks"]),
        "absences": shown.absences(told["absences"]),
        "escalations": shown.escalations(told["escalations"]),
        "replay": shown.steps(told["replay"]),
    }


def told_in_full(world: InMemory, history: list[Recorded], fields: Fields) -> dict[str, Any]:
    adoptions, today = world.rulebook.adoptions(), london_date(history[-1].at)
    calendars = world.rulebook.calendars()
    clocks = clock_items(fold_clocks(history, adoptions), today, calendars)
    return {
        "overview": overview(history, fields, today),
        "history": history_items(history, fields),
        "decisions": decisions(history, fields),
        "clocks": clocks,
        "absences": absences(history, clocks, today),
        "escalations": escalations(history, today, NEWEST),
        "replay": [*replay(history, fields, adoptions, calendars, from_place=max(1, len(history) - 3))],
    }


def names(history: list[Recorded], fields: Fields) -> set[str]:
    """Names, birth dates, contacts: the words that lie under the key of a person."""
    found = set()
    for recorded in history:
        for leaf in leaves(recorded.event):
            words: Any = fields[recorded.place]
            for step in leaf.path.split("."):
                words = words[int(step)] if isinstance(words, list) else (words or {}).get(step)
            if leaf.path.endswith(NAMES) and isinstance(words, str) and len(words) > 4 and words != "[erased]":
                found.add(words)
    return found


def test_under_pseudonyms_nobody_is_named_in_any_answer(world: InMemory) -> None:
    for stream in world.cases_there():
        history = world.history(stream)
        fields = world.run(world.store.bodies(stream, history))
        told = told_in_full(world, history, fields)
        secret = names(history, fields)
        now = history[-1].at + timedelta(seconds=1)
        partnership = membership(history, "", ()).case.partnership
        for role in ROLES:
            by = By(person="person-" + "f" * 32, role=role, organisation="health", partnership=partnership)
            reader = Reader(by, membership(history, by.person, (by,)), now)
            shown = everything(Shown(reader, history, fields), told)
            assert [item["place"] for item in shown["history"]] == [recorded.place for recorded in history]
            if "full" in reader.may("notification").ways:
                continue
            said = msgspec.json.encode(shown).decode()
            assert not [name for name in secret if name in said], role
            if not reader.knows and role != "theme-analyst":  # who reads what is published, and of no case
                assert not any(shown[name] for name in ("decisions", "clocks", "absences", "escalations"))
                assert all(item.keys() == {"place", "withheld"} for item in shown["history"])


def test_whoever_took_part_is_shown_some_of_it_unless_they_are_shut_out(world: InMemory) -> None:
    for stream in world.cases_there():
        history = world.history(stream)
        for by in {recorded.by.person: recorded.by for recorded in history}.values():
            reader = Reader(by, membership(history, by.person, (by,)), history[-1].at)
            mine = [recorded for recorded in history if recorded.by == by and reader.owns(recorded, "outline").mine]
            assert mine
            if by.partnership == history[0].by.partnership and not reader.knows:
                assert by.role not in ("business-manager", "delegated-partner", "reviewer"), by.role
