"""The read model of themes says at every entry what the domain says of the whole history: in every story, then and as of then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from application.rehearsal import Rehearsal, rehearse
from application.scenario import read_scenario
from domain.candidate import recall_candidate
from domain.recorded import Recorded
from domain.themes import newest
from domain.tracker import CaseFacts, Survey, facts, survey
from projections.candidates import candidates
from projections.following import Following
from projections.paging import AsyncConnection
from projections.theme_counts import Asked, behind, by_code, figures
from projections.themes import VIEW
from projections.view import Connection
from tests.in_memory import InMemory
from tests.projections.telling import ToldLog, following
from tests.projections.theme_telling import any_themes

STORIES = sorted((Path(__file__).parent.parent / "stories").glob("*.yaml"))
CODES = newest()


def told(story: Path) -> Sequence[Recorded]:
    """Everything that a story leaves recorded."""
    world = InMemory.set_up()
    world.run(rehearse([Rehearsal(read_scenario(story), world.world)]))
    return world.run(world.store.page(0, 1_000_000))


class Domain:
    """What the domain says once it has read so far: by code and partnership, and of each candidate."""

    def __init__(self) -> None:
        self.histories: dict[str, list[Recorded]] = {}
        self.facts: dict[str, CaseFacts] = {}

    def take(self, recorded: Recorded) -> None:
        history = self.histories.setdefault(recorded.stream, [])
        history.append(recorded)
        kind, _, ref = recorded.stream.partition("/")
        if kind == "case":
            self.facts[ref] = facts(ref, history)

    @property
    def survey(self) -> Survey:
        return survey(self.facts.values(), CODES)

    def figures(self) -> dict[Any, Any]:
        counted = self.survey
        return {
            of: (
                {counted.persons.of(child.key): child.standing for child in count.children}, count.incidents, count.notifications,
                count.confirmed, count.provisional, count.first_on, count.last_on, count.cases,
            )
            for of, count in counted.counts.items()
        }  # fmt: skip

    def candidates(self) -> list[Any]:
        counted = self.survey
        found = []
        for stream in sorted(stream for stream in self.histories if stream.startswith("candidate/")):
            candidate = recall_candidate(self.histories[stream])
            told = [recorded.position for recorded in self.histories[stream]]
            now = counted.of(candidate)
            found.append(
                (
                    candidate.ref,
                    candidate.state,
                    candidate.round,
                    counted.no_longer_three(candidate),
                    len(now.children),
                    now.notifications,
                    told,
                )
            )
        return found


async def model_figures(connection: AsyncConnection, as_of: datetime | None) -> dict[Any, Any]:
    asked = Asked(CODES, as_of=as_of)
    counted = (await figures(connection, asked)).items
    children: dict[Any, dict[str, str]] = {}
    incidents: dict[Any, set[str]] = {}
    for one in (await behind(connection, asked, by_code(CODES))).items:
        of = one.partnership, one.code
        known = children.setdefault(of, {})
        known[one.one_child] = "confirmed" if "confirmed" in (known.get(one.one_child), one.standing) else one.standing
        incidents.setdefault(of, set()).add(one.incident)
    assert all((len(children[f.partnership, f.code]), len(incidents[f.partnership, f.code])) == (f.children, f.incidents) for f in counted)
    return {
        (f.partnership, f.code): (
            children[f.partnership, f.code], incidents[f.partnership, f.code], f.notifications, f.confirmed, f.provisional, f.first_on,
            f.last_on, frozenset(f.cases),
        )
        for f in counted
    }  # fmt: skip


async def model_candidates(connection: AsyncConnection, as_of: datetime | None) -> list[Any]:
    return [
        (
            one.ref,
            one.state,
            one.round,
            one.no_longer_three(),
            one.figures.children,
            one.figures.notifications,
            [e.position for e in one.life],
        )
        for one in (await candidates(connection, CODES, as_of=as_of)).items
    ]


@pytest.mark.anyio
@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
async def test_the_tracker_at_every_entry_of_every_story(story: Path, connection: Connection, database: str) -> None:
    log, whole = ToldLog(), told(story)
    kept = following(VIEW, log, connection)
    await _holds(whole, log, kept, database)


async def _holds(whole: Sequence[Recorded], log: ToldLog, kept: Following, database: str) -> None:
    """As each entry is recorded; and afterwards as of each instant that changed something, and as of just before it."""
    domain = Domain()
    changed: dict[datetime, tuple[Any, Any]] = {}
    now: tuple[Any, Any] = ({}, [])
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as asking:
        for recorded in whole:
            log.recorded.append(recorded)
            log.places[recorded.stream] = recorded.place
            kept.catch_up()
            domain.take(recorded)
            before, now = now, (domain.figures(), domain.candidates())
            if now != before:
                changed[recorded.at] = now
            assert await model_figures(asking, None) == now[0], recorded
            assert await model_candidates(asking, None) == now[1], recorded
        known: tuple[Any, Any] = ({}, [])
        for at, then in changed.items():
            for instant, said in ((at - timedelta(microseconds=1), known), (at, then)):
                assert await model_figures(asking, instant) == said[0], instant
                assert await model_candidates(asking, instant) == said[1], instant
            known = then


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(6))
async def test_the_tracker_at_every_entry_of_histories_as_chance_has_them(seed: int, connection: Connection, database: str) -> None:
    log = ToldLog()
    kept = following(VIEW, log, connection, page=5)
    await _holds(any_themes(cases=9, entries=70, seed=seed).recorded, log, kept, database)
