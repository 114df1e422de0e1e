"""The service's side of the read models: it waits a bounded time, and outlives the database going away and coming back."""

from __future__ import annotations

import asyncio
from datetime import date

import psycopg
import pytest

from application.store.connections import StoreAway
from domain.working_days import SHIPPED
from interfaces import worker
from interfaces.boards import Boards
from interfaces.databases import Databases
from interfaces.wiring import Service
from projections import VIEWS
from projections.paging import NotMade
from tests.interfaces.api.conftest import Desk, desk

pytestmark = pytest.mark.anyio

__all__ = ["desk"]

OURS = "FROM pg_stat_activity WHERE application_name = 'casetrail-boards' AND datname = current_database()"


async def test_a_view_is_waited_for_and_not_for_ever(places: Databases, service: Service):
    position = await service.store.settled_position()
    async with Boards(places.record) as boards:
        assert await boards.reached("deadlines", position, seconds=0.05) is None
        with worker.following(places.projections):
            assert await boards.reached("deadlines", position, seconds=20) == position
            assert await boards.reached("deadlines", position + 1, seconds=0.05) is None


async def test_how_each_view_stands_is_told(places: Databases, service: Service):
    position = await service.store.settled_position()
    async with Boards(places.record) as boards:
        before = await boards.readiness(position)
        assert {*before} == {view.name for view in VIEWS}
        assert all("made" in view["fault"] for view in before.values())
        with worker.following(places.projections):
            for view in VIEWS:
                assert await boards.reached(view.name, position, seconds=30) is not None
            after = await boards.readiness(position)
    assert all(view == {"position": position, "behind": 0, "fault": None} for view in after.values())


async def test_a_view_that_nobody_made_is_not_there(places: Databases):
    async with Boards(places.record) as boards:
        with pytest.raises(NotMade):
            await boards.cases()


async def test_lost_connections_are_made_anew(desk: Desk, places: Databases):
    boards = desk.service.read_models
    with worker.following(places.projections):
        await desk.open()
        position = await desk.service.store.settled_position()
        for _ in range(3):
            assert await boards.reached("case_list", position, seconds=20) is not None
            assert len((await boards.cases()).items) >= 1
            with psycopg.connect(places.owner_record) as owner:
                assert owner.execute(f"SELECT pg_terminate_backend(pid) {OURS}".encode()).fetchall()
            await desk.open(f"Infant {_}")
            position = await desk.service.store.settled_position()
        page = await boards.clocks(today=date(2026, 3, 2), calendars=SHIPPED)
        assert page.position >= position - 1


async def test_no_more_than_a_few_connections_are_made(places: Databases, service: Service):
    with worker.following(places.projections):
        async with Boards(places.record, most=2) as boards:
            await boards.reached("case_list", await service.store.settled_position(), seconds=20)
            await asyncio.gather(*(boards.cases() for _ in range(40)))
            with psycopg.connect(places.owner_record) as owner:
                found = owner.execute(f"SELECT count(*) {OURS}".encode()).fetchone()
    assert found is not None
    assert found[0] <= 3  # two that ask, and one that listens


async def test_a_database_that_does_not_come_back_is_away(places: Databases):
    away = places.record.replace("host=", "host=/nowhere")
    async with Boards(away, patience=0.2) as boards:
        with pytest.raises(StoreAway):
            await boards.cases()
