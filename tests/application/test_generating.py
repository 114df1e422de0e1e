"""Invented histories: each command accepted, the same for a seed, varied as the real ones are, and never in a real store."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from application.generating import stories
from application.generating.generating import NotGenerated, Where, generate, knowing
from application.generating.plan import CONCERNS, PARTNERSHIPS, Plan
from application.generating.sealing import Sealing
from application.generating.telling import Telling, Unaccepted
from application.store.chain import faults
from application.store.keys import KeyFile
from application.store.recorder import RecordApplication
from domain.case import recall
from domain.clocks import clocks, judge
from domain.recorded import Recorded
from domain.stages.closing import CloseCase
from interfaces import databases, wiring
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from tests.in_memory import InMemory

PLAN = Plan(cases=30, seed=4, first=date(2018, 7, 2), last=date(2026, 10, 30))
FEW = PLAN._replace(cases=12, seed=9)


@pytest.fixture(scope="module")
def adoptions() -> tuple[Recorded, ...]:
    return InMemory.set_up().rulebook.adoptions()


@pytest.fixture(scope="module")
def told(adoptions: tuple[Recorded, ...], tmp_path_factory: pytest.TempPathFactory) -> list[Telling]:
    sealing = Sealing(KeyFile(tmp_path_factory.mktemp("keys") / "key"))
    return [stories.case(PLAN, number, knowing(adoptions), sealing) for number in range(PLAN.cases)]


@pytest.fixture
def generated(places: Databases) -> Databases:
    asyncio.run(_generate(places, FEW))
    return places


async def _generate(places: Databases, plan: Plan) -> None:
    async with wiring.Service(places) as service:
        where = Where(places.record, places.keys, places.key_file)
        await generate(plan, where, service.store, service.register, service.rulebook, told=lambda cases, events: None)


def plain(one: Telling) -> list[tuple[object, ...]]:
    """What is the same each time: everything but salts, nonces and the hashes over them."""
    return [
        (deed.at, deed.entry.command, deed.entry.expected_place, deed.entry.names, [len(body) for body in deed.entry.bodies])
        for deed in one.told.deeds
    ]


# --- one by one


def test_the_same_seed_tells_the_same_histories(told: list[Telling], adoptions: tuple[Recorded, ...], tmp_path: Path):
    sealing = Sealing(KeyFile(tmp_path / "another-key"))
    again = [stories.case(PLAN, number, knowing(adoptions), sealing) for number in (0, 7, 23)]
    assert [plain(one) for one in again] == [plain(told[number]) for number in (0, 7, 23)]
    assert [one.told.persons for one in again] == [told[number].told.persons for number in (0, 7, 23)]
    other = stories.case(PLAN._replace(seed=5), 0, knowing(adoptions), sealing)
    assert plain(other) != plain(told[0])


def test_a_case_is_what_its_history_recalls(told: list[Telling]):
    for one in told:
        assert recall(one.history) == one.case
        assert [recorded.place for recorded in one.history] == [*range(1, len(one.history) + 1)]
        assert all(earlier.at <= later.at for earlier, later in zip(one.history, one.history[1:], strict=False))
        assert all(recorded.on <= recorded.at.date() for recorded in one.history)


def test_what_may_not_be_is_refused_here_too(told: list[Telling]):
    closed = next(one for one in told if one.case.closing.closed)
    with pytest.raises(Unaccepted, match="closed already"):
        closed.ask("business-manager", CloseCase(because="again"))


def test_they_are_as_varied_as_their_shares():
    plan = PLAN._replace(cases=4000)
    planned = [plan.case(number) for number in range(plan.cases)]
    shares = Counter(one.partnership for one in planned)
    assert {name: round(100 * n / plan.cases) for name, n in shares.items()} == pytest.approx(PARTNERSHIPS, abs=3)
    assert {(one.route, one.concern) for one in planned} == {(route, concern) for route, of in CONCERNS.items() for concern in of}
    assert 80 < sum(one.other is not None for one in planned) < 170
    assert len({one.stream for one in planned}) == len({one.label for one in planned}) == plan.cases


def test_much_of_the_guidance_happens(told: list[Telling]):
    names = Counter(recorded.name for one in told for recorded in one.history)
    assert len(names) > 85
    assert {"record-corrected", "theme-withdrawn", "report-published", "assurance-rejected", "challenge-raised"} <= names.keys()
    late = [recorded for one in told for recorded in one.history if recorded.on < recorded.at.date()]
    assert late
    procedures = {recorded.procedure.national for one in told for recorded in one.history}
    assert procedures == {"england-2018", "england-2023", "england-2025"}


def test_clocks_are_met_and_missed(told: list[Telling], adoptions: tuple[Recorded, ...]):
    calendars = [recorded for recorded in adoptions if recorded.stream == "calendar/england"]
    verdicts = Counter(judge(clock, PLAN.last).verdict for one in told[::2] for clock in clocks(one.history, calendars))
    assert verdicts["on-time"] > verdicts["late"] > 0
    assert verdicts["overdue"] > 0
    assert verdicts["superseded"] > 0


# --- recorded


def test_they_are_recorded_in_the_order_of_their_instants_with_every_chain(generated: Databases):
    application = RecordApplication.at(generated.record)
    try:
        rows = list(application.recorder.rows())
    finally:
        application.close()
    assert len(rows) > 1500
    assert list(faults(rows)) == []
    assert len({row.stream for row in rows if row.stream.startswith("case/")}) >= FEW.cases


def test_candidates_arise_as_the_tracker_would_raise_them(generated: Databases):
    async def look() -> None:
        async with wiring.Service(generated) as service:
            before = await service.store.settled_position()
            assert await service.store.streams("candidate/")
            await service.themes.follow()
            assert await service.store.settled_position() == before

    asyncio.run(look())


def test_a_generated_case_goes_on_through_the_door(generated: Databases):
    async def go_on() -> None:
        async with wiring.Service(generated) as service:
            stream = FEW.case(0).stream
            seen = await service.looking.see(stream)
            words = [item for item in await service.looking.history(seen) if "[erased]" in str(item)]
            assert words == []
            assert (await service.looking.overview(seen))["label"] == FEW.case(0).label

    asyncio.run(go_on())


def test_told_twice_they_are_there_already(generated: Databases):
    with pytest.raises(NotGenerated, match="begin on a later day"):
        asyncio.run(_generate(generated, FEW))


def test_a_store_that_is_no_rehearsal_takes_none(practice_server: LocalPostgres):
    with databases.throw_away(practice_server) as places, pytest.raises(NotGenerated, match="marked as a rehearsal"):
        asyncio.run(_generate(places, FEW))
