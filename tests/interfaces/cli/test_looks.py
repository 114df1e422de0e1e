"""Whoever asks at the terminal looks as well: noted as the account that runs it, before anything is said."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from application.store.connections import StoreAway
from domain.people import By
from domain.stages.opening import OpenCase
from interfaces import worker
from interfaces.cli import case_clocks, clocks, themes
from interfaces.databases import Databases
from interfaces.wiring import Service
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio


@pytest.fixture
async def service(places: Databases) -> AsyncIterator[Service]:
    """A service whose read models know one case."""
    with clocks.quietly(), worker.following(places.projections):
        async with Service(places, boards=True) as running:
            by = By(person=await running.register.rehearsed("local-authority-practitioner"), role="local-authority-practitioner")
            await running.cases.do(OpenCase.model_validate(CASE), by)
            for view in ("deadlines", "themes"):
                assert await running.read_models.reached(view, await running.store.settled_position(), 30) is not None
            yield running


def noted(places: Databases) -> list[dict[str, Any]]:
    with psycopg.connect(places.owner_record) as owner:
        return [json.loads(bytes(record)) for (record,) in owner.execute("SELECT record FROM looks ORDER BY number").fetchall()]


async def test_boards_and_cases_are_looked_at_as_an_administrator(service: Service, places: Databases, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOGNAME", "ada")
    (stream,) = await service.store.streams("case/")
    await clocks.asked(service, limit=10, role=None)
    await case_clocks.asked(service, stream.removeprefix("case/"), partnership=None, clock=None, as_of=None)
    await themes.asked(service, themes.Wanted())
    board, case, tracker = noted(places)
    assert [look["view"] for look in (board, case, tracker)] == ["board", "clocks", "themes"]
    assert {look["by"]["role"] for look in (board, case, tracker)} == {"administrator"}
    assert {look["by"]["person"] for look in (board, case, tracker)} == {await service.register.of_account("ada")}
    assert (case["streams"], case["place"]) == ([stream], 1)


async def test_what_cannot_be_noted_is_not_said(service: Service, places: Databases):
    await service.register.of_account("ada")
    service.looks._noting._patience = 0.3
    with psycopg.connect(places.owner_record) as hanging:
        hanging.execute("LOCK TABLE looks IN EXCLUSIVE MODE")
        with pytest.raises(StoreAway):
            await clocks.asked(service, limit=10, role=None)
