"""Somebody is taken off a case while they are signed in: their very next request is refused, and they stay signed in for the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from application.rehearsal import Rehearsal, rehearse
from application.scenario import parse_scenario
from application.world import InProcess
from domain.working_days import london_date
from interfaces.databases import Databases
from interfaces.sign_in.configured import Client, SignIn
from tests.interfaces.served import CASE
from tests.interfaces.sign_in.conftest import HERE, MAPPED, Browser, House, housed

pytestmark = pytest.mark.anyio

STORY = Path(__file__).parents[2] / "stories" / "practice-review-to-the-last-recommendation.yaml"
UNTIL_SHE_AGREES_THE_SCOPE = 155
"""The line of the story up to which it is told."""

SECRET = ("Infant P", "infant-p")


@pytest.fixture
async def practice(places: Databases, provider: str) -> AsyncIterator[House]:
    """A store in which a story can be told at its own time; everybody here signs in all the same."""
    made = housed(places, SignIn(HERE, Client(provider, "casetrail", "a-secret"), MAPPED))
    async with made.service:
        yield made


async def at_work(house: House, subject: str) -> Browser:
    browser = house.browser()
    assert (await browser.sign_in(subject)).status_code == 200
    return browser


async def told(house: House, reviewer: Browser) -> str:
    """A review under way, led by the reviewer who is signed in. Whoever else is of the story comes in afterwards: it names by posts."""
    person = (await reviewer.session())["person"]
    whole = parse_scenario(STORY.read_bytes().replace(b"Isolde Marchbank", person.encode()), STORY.name)
    steps = tuple(step for step in whole.steps if step.line < UNTIL_SHE_AGREES_THE_SCOPE)
    story = Rehearsal(replace(whole, steps=steps), InProcess(house.service.looking, house.service.themes))
    await rehearse([story])
    assert story.told.exit == 0, [step for step in story.told.steps if step.result == "failed"]
    return next(iter(story.told.cases.values()))


async def asks(browser: Browser, case: str, command: str, **fields: Any) -> Any:
    answer = await browser.http.post(f"/api/v1/cases/{case}/{command}", json=fields, headers=await browser.token())
    return answer


async def reads(browser: Browser, case: str) -> set[int]:
    """How it is answered wherever the case is read; whoever is refused learns nothing by it."""
    statuses = set()
    for path in ("", "/history", "/clocks", "/decisions", "/documents/" + "0" * 64, "/access", "/case-file", "/replay"):
        answer = await browser.http.get(f"/api/v1/cases/{case}{path}")
        if answer.status_code in (403, 404):
            assert not any(word in answer.text for word in SECRET), answer.text
        statuses.add(answer.status_code)
    return statuses


async def shut_out(browser: Browser, case: str) -> None:
    assert await reads(browser, case) <= {403, 404}
    assert (await asks(browser, case, "declare-interest", kind="perceived", nature="x")).status_code in (403, 404, 409)
    listed = await browser.http.get("/api/v1/cases")
    assert not any(word in listed.text for word in SECRET)
    assert (await browser.session())["post"] is not None


@pytest.mark.slow
async def test_a_reviewer_who_is_removed(practice: House):
    isolde = await at_work(practice, "isolde")
    case = await told(practice, isolde)
    hana = await at_work(practice, "hana")
    seen = await isolde.http.get(f"/api/v1/cases/{case}")
    assert (seen.status_code, "Infant P" in seen.text) == (200, True), seen.text
    removed = await asks(hana, case, "remove-reviewer", candidate=(await isolde.session())["person"], because="Taken ill.")
    assert removed.status_code in (200, 201), removed.text
    await shut_out(isolde, case)
    assert 200 in await reads(hana, case)


async def opened(house: House) -> str:
    """A case of Bolton."""
    pat = await at_work(house, "pat")
    answer = await pat.http.post("/api/v1/cases", json={**CASE, "label": SECRET[0]}, headers=await pat.token())
    return str(answer.json()["case"])


async def test_an_inspector_whose_access_ends(house: House):
    case, imogen, leigh = await opened(house), await at_work(house, "imogen"), await at_work(house, "leigh")
    await shut_out(imogen, case)
    person, today = (await imogen.session())["person"], london_date(house.clock())
    until = date(today.year + 1, 1, 31).isoformat()
    let_in = await asks(leigh, case, "grant-access", person=person, capacity="inspector", until=until, because="A joint inspection.")
    assert let_in.status_code in (200, 201), let_in.text
    assert (await imogen.http.get(f"/api/v1/cases/{case}")).status_code == 200
    ended = await asks(leigh, case, "end-access", person=person, because="It is over early.")
    assert ended.status_code in (200, 201), ended.text
    await shut_out(imogen, case)


async def test_a_partner_who_declares_an_interest(house: House):
    case, kit = await opened(house), await at_work(house, "kit")
    assert (await kit.http.get(f"/api/v1/cases/{case}")).status_code == 200
    declared = await asks(kit, case, "declare-interest", kind="perceived", nature="The father is a cousin.")
    assert declared.status_code in (200, 201), declared.text
    assert await reads(kit, case) <= {403, 404}
    assert (await kit.session())["post"] == "delegated-partner/police/bolton"


async def test_a_manager_whose_post_is_taken_away(house: House):
    case, pat = await opened(house), await at_work(house, "pat")
    assert (await pat.http.get(f"/api/v1/cases/{case}")).status_code == 200
    sessions, now = house.service.sessions, house.clock()
    (held,) = await sessions.posts.listed((await pat.session())["person"])
    assert await sessions.posts.end([held.id], now, london_date(now)) == 1
    assert await reads(pat, case) == {401}


async def test_a_neighbour_learns_no_more_of_a_case_than_that_there_is_none(house: House):
    case, bea = await opened(house), await at_work(house, "bea")
    await shut_out(bea, case)
    there, not_there = [await bea.http.get(f"/api/v1/cases/{name}") for name in (case, "00000000-0000-4000-8000-000000000000")]
    assert (there.status_code, there.content) == (not_there.status_code, not_there.content) == (404, not_there.content)
