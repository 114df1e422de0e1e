"""`GET /decisions` and `casetrail decisions`: the same decisions as on each case, across cases."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2 as httpx
import pytest
from typer.testing import CliRunner

from application.rehearsal import Rehearsal, rehearse
from application.world import InProcess
from interfaces.api import shapes
from interfaces.cli.main import app
from interfaces.databases import Databases
from tests.application.test_stories import STORIES
from tests.interfaces.api.conftest import Desk, desk, followed
from tests.interfaces.cli.test_serving import NOT_OURS, environment

pytestmark = pytest.mark.anyio

__all__ = ["desk", "followed"]

STORY = "outcome-decided-again-twice"


@pytest.fixture
async def told(followed: Desk) -> Desk:
    """A desk at which a story was told of an outcome that was decided again."""
    await rehearse([Rehearsal(STORIES[STORY], InProcess(followed.service.looking, followed.service.themes))])
    return followed


async def looked(desk: Desk, path: str, by: str = "scrutineer") -> httpx.Response:
    position = await desk.service.store.settled_position()
    answer = await desk.look(f"{path}{'&' if '?' in path else '?'}after={position}", by)
    assert answer.status_code == 200, answer.text
    return answer


async def items(desk: Desk, path: str, by: str = "scrutineer") -> list[dict[str, Any]]:
    return list((await looked(desk, path, by)).json()["items"])


async def test_what_was_replaced_by_what_and_why(told: Desk):
    answer = await looked(told, "/decisions?kind=rapid-review-outcome")
    found = shapes.DecisionRegister.model_validate_json(answer.text, strict=False).items
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["position"]) == await told.service.store.settled_position()
    *_, second, first = (item for item in answer.json()["items"] if item["case"] == found[0].case)
    assert (first["replaced"], first["replaced_by"], second["replaces"]) == (True, second["ref"], first["ref"])
    assert second["cause"]
    assert {decider["partner"] for decider in second["deciders"]} == {"local-authority", "health", "police"}
    assert second["place"] in second["events"]
    assert all('"rationale"' not in json.dumps(item) for item in answer.json()["items"])


async def test_it_is_filtered_paged_and_as_recorded_by_then(told: Desk):
    everything = await items(told, "/decisions")
    assert len(everything) == 4
    some = everything[1]
    assert await items(told, f"/decisions?from={some['on']}&until={some['on']}") == [i for i in everything if i["on"] == some["on"]]
    person = next(decider["person"] for item in everything for decider in item.get("deciders", []))
    assert {i["case"] for i in await items(told, f"/decisions?decider={person}")} <= {i["case"] for i in everything}
    page = (await looked(told, "/decisions?limit=2")).json()
    rest = (await looked(told, f"/decisions?limit=200&cursor={page['next']}")).json()
    assert page["items"] + rest["items"] == everything
    then = await items(told, f"/decisions?as_of={some['at']}")
    assert [item["position"] for item in then] == [item["position"] for item in everything if item["at"] <= some["at"]]
    assert not any(item["replaced"] for item in then if item["position"] == some["position"])
    assert await items(told, "/decisions", "scrutineer///barnet") == []  # of their own partnership, unless another is asked for


@pytest.mark.parametrize("query", ["kind=lunch", "decider=Jane", "from=18-03-2026", "cursor=x", "as_of=2999-01-01T00:00:00Z"])
async def test_what_cannot_be_asked_is_refused(followed: Desk, query: str):
    assert (await followed.look(f"/decisions?{query}")).status_code == 422


async def test_the_terminal_shows_the_same(told: Desk, places: Databases):
    def asked(*arguments: str) -> str:
        ended = CliRunner().invoke(app, ["decisions", *arguments], env={**NOT_OURS, **environment(places), "COLUMNS": "220"})
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    everything = await items(told, "/decisions")
    shown = json.loads(await asyncio.to_thread(asked, "--json"))
    assert shown["items"] == everything
    table = await asyncio.to_thread(asked, "--kind", "rapid-review-outcome")
    assert "replaced by outcome-" in table
    assert "local authority met" in table or "local authority endorse" in table
    assert table.splitlines()[-1].endswith("shown.")
