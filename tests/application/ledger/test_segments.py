"""The record read in segments is the record read row by row."""

from __future__ import annotations

import psycopg
import pytest

from application.ledger.segments import replayed, stored
from application.store import mapper
from tests.application.store.conftest import stored as rows_of
from tests.application.store.examples import StoryTold, save

pytestmark = pytest.mark.anyio

TOLD = StoryTold(kind="one", told="words")


@pytest.fixture
async def long(store, kept):
    """Two streams, 600 events: two whole segments, and rows behind them."""
    for stream in ("case/one", "case/other"):
        for place in range(0, 300, 50):
            await store.append(save(stream, place, *[TOLD] * 50))
    kept.publish()
    with psycopg.connect(kept.worker, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("after", [0, 1, 255, 256, 300, 512, 513, 599, 600])
async def test_from_any_position_on(long, as_owner, after):
    wanted = [(row.position, row.header, row.body, row.hash) for row in rows_of(as_owner) if row.position > after]
    assert [event for page in stored(long, after) for event in page] == wanted


async def test_events_as_they_are_remembered(long, as_owner):
    wanted = [mapper.recorded(row.position, row.header, row.body, row.hash) for row in rows_of(as_owner)]
    assert [event for page in replayed(long) for event in page] == wanted


async def test_before_anything_is_integrated_it_is_the_rows(store, kept, as_owner):
    await store.append(save("case/one", 0, TOLD))
    with psycopg.connect(kept.worker, autocommit=True) as connection:
        assert [event[0] for page in stored(connection) for event in page] == [row.position for row in rows_of(as_owner)]
