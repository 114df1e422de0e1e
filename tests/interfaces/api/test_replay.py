"""A case told again, over HTTP and in the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from interfaces.cli import replaying
from tests.interfaces.api.conftest import LA, Desk

pytestmark = pytest.mark.anyio


async def made_aware(desk: Desk) -> str:
    case = await desk.open()
    await desk.ask(f"/cases/{case}/record-awareness", {"authority": "bolton", "how": "a call"}, LA)
    return case


async def test_each_entry_with_the_clocks_it_began(desk: Desk):
    case = await made_aware(desk)
    opened, aware = (await desk.look(f"/cases/{case}/replay")).json()["items"]
    assert (opened["place"], aware["place"]) == (1, 2)
    assert [(clock["clock"], clock["change"]) for clock in aware["clocks"]] == [("serious-incident-notification", "started")]


async def test_as_it_was_known_at_a_place(desk: Desk):
    case = await made_aware(desk)
    assert [item["place"] for item in (await desk.look(f"/cases/{case}/replay?place=1")).json()["items"]] == [1]


async def test_from_a_place_on(desk: Desk):
    case = await made_aware(desk)
    answer = (await desk.look(f"/cases/{case}/replay?from_place=2")).json()
    assert ([item["place"] for item in answer["items"]], answer["next"]) == ([2], None)


async def test_it_is_a_look(desk: Desk):
    case = await made_aware(desk)
    await desk.look(f"/cases/{case}/replay")
    assert [item["view"] for item in (await desk.look(f"/cases/{case}/access")).json()["items"]] == ["replay"]


async def test_in_the_terminal_one_after_the_other(desk: Desk):
    case = await made_aware(desk)
    console, pauses = Console(record=True, file=io.StringIO(), width=200), []
    retold = await replaying.asked(desk.service, case, partnership=None, as_of=None, from_place=1, upto=None)
    replaying.told(console, retold, lambda: pauses.append(1))
    told = console.export_text()
    assert "The local authority of Bolton became aware of the incident." in told
    assert "Serious incident notification begins to count" in told
    assert len(pauses) == 1
