"""What is stored can be replayed from its bytes alone, by anybody, for ever: no key is needed, and none that is lost changes anything."""

from __future__ import annotations

from datetime import timedelta

import pytest

from application.rehearsal import Rehearsal
from application.scenario import read_scenario
from application.store import mapper
from application.tracker import Themes
from application.world import InProcess
from domain.case import recall
from domain.clocks import fold_clocks
from domain.recorded import Recorded
from interfaces.wiring import Service
from tests.in_memory import InMemory
from tests.playing import STORIES, every_key_gone, played, same_but_for_words, told


@pytest.fixture(params=STORIES, ids=lambda path: path.stem)
def world(request: pytest.FixtureRequest) -> InMemory:
    """The store in which a story was told to its end."""
    return played(request.param).world


def in_clear(world: InMemory, history: list[Recorded]) -> list[Recorded]:
    return [mapper.open_words(recorded, world.store.keys.held) for recorded in history]


def test_stored_bytes_are_read_and_written_the_same(world: InMemory) -> None:
    for row in world.store.rows:
        recorded = mapper.recorded(row.position, row.header, row.body, row.hash)
        assert mapper.body_bytes(recorded.event) == row.body
        assert row.header.startswith(mapper.header_bytes(recorded.header))


def test_a_case_recalled_with_its_words_open_is_the_one_recalled_sealed(world: InMemory) -> None:
    for stream in world.cases_there():
        sealed = world.history(stream)
        opened = in_clear(world, sealed)
        for upto in range(1, len(sealed) + 1):
            assert recall(sealed[:upto]) == recall(opened[:upto])
        adoptions = world.rulebook.adoptions()
        assert fold_clocks(sealed, adoptions).clocks == fold_clocks(opened, adoptions).clocks


def test_with_every_key_gone_everything_is_told_but_the_words(world: InMemory) -> None:
    now = world.store.rows[-1].at + timedelta(days=3)
    for stream in world.cases_there():
        readable = told(world, stream, now)
        with every_key_gone(world):
            erased = told(world, stream, now)
        same_but_for_words(readable, erased)
        sealed = any(mapper.key_ids(recorded) for recorded in world.history(stream))
        assert (mapper.ERASED in repr(erased)) == sealed


def test_with_every_key_gone_the_tracker_finds_the_same_candidates(world: InMemory) -> None:
    log = len(world.store.rows)
    with every_key_gone(world):
        anew = Themes(world.store, world.cases)
        world.run(anew.follow())
    assert len(world.store.rows) == log
    world.run(world.themes.follow())
    assert anew._known.candidates == world.themes._known.candidates


@pytest.mark.anyio
async def test_on_a_real_store_whose_keys_are_all_destroyed_a_case_is_the_same(service: Service) -> None:
    story = read_scenario(next(path for path in STORIES if path.stem == "challenge-upheld"))
    rehearsal = Rehearsal(story, InProcess(service.looking, service.themes))
    for number in range(len(story.steps)):
        await rehearsal.take(number)
    stream = f"case/{next(iter(rehearsal.told.cases.values()))}"
    before = await service.looking.see(stream)
    case, overview, decisions = recall(before.history), await service.looking.overview(before), await service.looking.decisions(before)

    for key in {key for recorded in before.history for key in mapper.key_ids(recorded)}:
        assert await service.store.keys.destroy(key)

    after = await service.looking.see(stream)
    assert recall(after.history) == case
    same_but_for_words(overview, await service.looking.overview(after))
    same_but_for_words(decisions, await service.looking.decisions(after))
    history = await service.looking.history(after)
    assert len(history) == len(before.history)
    assert history[0]["fields"]["incident"]["summary"] == mapper.ERASED
