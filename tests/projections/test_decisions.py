"""The register of decisions agrees with each case's own, now and as of any instant, and holds no words; it is filtered and paged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

import psycopg
import pytest

from application.rehearsal import Rehearsal, rehearse
from application.world import InProcess
from interfaces import wiring, worker
from interfaces.boards import Boards
from interfaces.local_postgres import LocalPostgres
from interfaces.wiring import Service
from projections import decisions
from projections.paging import BadCursor
from tests.application.test_stories import IN_AN_EARLIER_ONE, IN_THE_NEWEST_CALENDAR, STORIES

pytestmark = pytest.mark.anyio

WORDS = {"rationale", "concerns", "words", "why", "national_review_view"}
BEFORE_THEM = {
    "information", "information_intact", "sent", "seen", "seen_confirmed", "shown_up_to", "shown", "opened", "existed_but_not_shown",
}  # fmt: skip
BESIDE = {"case", "label", "partnership", "position", "events", "known_from"}


class Register:
    """A store in which stories were told, and its register once it has read them all."""

    def __init__(self, service: Service, boards: Boards, cases: list[str]) -> None:
        self.service, self.boards, self.cases = service, boards, cases

    async def all(self, **which: Any) -> list[dict[str, Any]]:
        page = await self.boards.decisions(**which, limit=3)
        items = page.items
        while page.next is not None:
            page = await self.boards.decisions(**which, limit=3, cursor=page.next)
            items += page.items
        return items

    async def of_each_case(self, as_of: datetime | None = None) -> dict[str, list[dict[str, Any]]]:
        """As the register has them, in the order of the case."""
        found: dict[str, list[dict[str, Any]]] = {}
        for item in reversed(await self.all(as_of=as_of)):
            found.setdefault(item["case"], []).append({name: value for name, value in item.items() if name not in BESIDE})
        return found


@asynccontextmanager
async def told(server: LocalPostgres, names: list[str], calendar: str | None = None) -> AsyncIterator[Register]:
    async with wiring.fresh_rehearsal(server, calendar=calendar) as service:
        world = InProcess(service.looking, service.themes)
        rehearsals = [Rehearsal(STORIES[name], world) for name in names]
        await rehearse(rehearsals)
        async with Boards(service.places.record) as boards:
            with worker.following(service.places.projections, (decisions.VIEW,)):
                assert await boards.reached("decisions", await service.store.settled_position(), 60) is not None
                yield Register(service, boards, [case for rehearsal in rehearsals for case in rehearsal.told.cases.values()])


def bare(entry: Any) -> Any:
    """Without words, and without what each decider had before them."""
    if isinstance(entry, dict):
        return {name: bare(value) for name, value in entry.items() if name not in WORDS | BEFORE_THEM}
    return [bare(value) for value in entry] if isinstance(entry, list) else entry


async def agrees(register: Register) -> int:
    """Each case's decisions now, and as of the instant of each event that its decisions rest on."""
    looking, compared = register.service.looking, 0
    now = await register.of_each_case()
    instants: dict[datetime, list[str]] = {}
    for case in register.cases:
        seen = await looking.see(f"case/{case}")
        assert bare(await looking.decisions(seen)) == now.get(case, [])
        compared += len(now.get(case, []))
        places = {place for item in await register.all() if item["case"] == case for place in item["events"]}
        for place in sorted(places)[::5]:
            instants.setdefault(seen.history[place - 1].at, []).append(case)
    for instant, cases in instants.items():
        then = await register.of_each_case(instant)
        for case in cases:
            assert bare(await looking.decisions(await looking.see(f"case/{case}", as_of=instant))) == then.get(case, [])
    return compared


@pytest.mark.slow
async def test_it_agrees_with_each_case_over_all_stories(practice_server: LocalPostgres):
    async with told(practice_server, IN_THE_NEWEST_CALENDAR) as register:
        assert await agrees(register) > 20
        everything = await register.all()

        positions = [item["position"] for item in everything]
        assert positions == sorted(positions, reverse=True)
        assert {item["partnership"] for item in everything} >= {"bolton", "bury"}
        await filters_hold(register, everything)
        no_words(register)


async def filters_hold(register: Register, everything: list[dict[str, Any]]) -> None:
    some = everything[len(everything) // 2]
    for which, like in (
        ({"partnership": "bury"}, lambda item: item["partnership"] == "bury"),
        ({"kind": "threshold", "outcome": "not-met"}, lambda item: (item["decision"], item["outcome"]) == ("threshold", "not-met")),
        ({"first": date(2024, 6, 1), "last": date(2025, 6, 1)}, lambda item: "2024-06-01" <= item["on"] <= "2025-06-01"),
        ({"first": date.fromisoformat(some["on"]), "last": date.fromisoformat(some["on"])}, lambda item: item["on"] == some["on"]),
    ):
        found = await register.all(**which)
        assert found == [item for item in everything if like(item)]
        assert 0 < len(found) < len(everything)
    person = next(decider["person"] for item in everything for decider in item.get("deciders", []))
    assert await register.all(decider=person) == [item for item in everything if person in str(item.get("deciders"))]
    assert await register.all(decider="person-" + "f" * 32) == []
    page = await register.boards.decisions(kind="threshold", limit=1)
    with pytest.raises(BadCursor):
        await register.boards.decisions(kind="publication", limit=1, cursor=page.next)


def no_words(register: Register) -> None:
    """Nothing in the table is longer than an id, a digest or an instant, and nothing is a sentence."""
    with psycopg.connect(register.service.places.projections) as connection:
        rows = connection.execute("SELECT shown::jsonb FROM projections.decisions").fetchall()
    values = [value for (shown,) in rows for value in _values(shown)]
    assert {value for value in values if " " in value or len(value) > 64} == set()


def _values(told: Any) -> list[str]:
    if isinstance(told, dict):
        return [value for inner in told.values() for value in _values(inner)]
    if isinstance(told, list):
        return [value for inner in told for value in _values(inner)]
    return [told] if isinstance(told, str) else []


@pytest.mark.parametrize("name", IN_AN_EARLIER_ONE)
async def test_it_agrees_in_the_calendar_that_the_story_names(name: str, practice_server: LocalPostgres):
    async with told(practice_server, [name], STORIES[name].calendar) as register:
        await agrees(register)
