"""In a demonstration one of its invented persons is chosen, on this machine alone, and is signed in as anybody else is."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import date

import httpx2 as httpx
import pytest

from domain.people import By
from interfaces import databases, wiring
from interfaces.api.app import make_app
from interfaces.cli import serving
from interfaces.cli.saying import CannotDo
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from interfaces.sign_in.configured import SignIn
from tests.interfaces.served import CASE
from tests.interfaces.sign_in.conftest import HERE, Browser, House, housed

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def demo_places(practice_server: LocalPostgres) -> Iterator[Databases]:
    with databases.throw_away(practice_server, "rehearsal", "demo") as places:
        yield places


@pytest.fixture
async def demo(demo_places: Databases) -> AsyncIterator[House]:
    made = housed(demo_places, SignIn(HERE))
    async with made.service as service:
        if not service.rulebook.adoptions():
            await wiring.adopt(service, at=wiring.BEGINNING)
        for text in ("business-manager/bolton-partnership/<b>pat</b>", "delegated-partner/police/kit"):
            person = await service.register.rehearsed(text)
            role, organisation, _ = text.split("/", 2)
            await service.register.holds(By(person=person, role=role, organisation=organisation, partnership="bolton"), date(2026, 1, 5))
        yield made


async def form(browser: Browser, of: str = "Police") -> dict[str, str]:
    """The fields of the form of somebody on the page."""
    page = (await browser.http.get("/sign-in")).text
    assert "Demonstration. All persons and events are invented." in page
    assert "<b>pat" not in page
    forms = [part for part in page.split("<form")[1:] if of.lower() in part.lower()]
    named = re.findall(r'name="(\w+)" value="([^"]*)"', forms[0])
    return dict(named)


async def test_a_person_is_chosen_and_asks(demo: House):
    browser = demo.browser()
    fields = await form(browser)
    arrived = await browser.http.post("/sign-in/as", data=fields, follow_redirects=True)
    assert arrived.json()["post"] == "delegated-partner/police/bolton"
    made = await browser.http.post("/api/v1/cases", json=CASE, headers=await browser.token())
    assert made.status_code == 201, made.text
    history = (await browser.http.get(f"/api/v1/cases/{made.json()['case']}/history")).json()
    assert history["items"][0]["by"]["person"] == fields["person"]
    again = await browser.http.post("/sign-in/as", data=fields)
    assert again.status_code == 400  # a choice is made once


async def test_the_header_of_a_rehearsal_still_says_who_asks(demo: House):
    answer = await demo.browser().http.get("/api/v1/procedures", headers={"Casetrail-Person": "business-manager"})
    assert answer.status_code == 200


async def test_a_page_of_another_site_chooses_nobody(demo: House):
    browser = demo.browser()
    fields = await form(browser)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
        assert (await browser.http.post("/sign-in/as", data=fields, headers=headers)).status_code == 403
    assert (await browser.http.get("/sign-in", headers={"Host": "evil.example"})).status_code == 403
    stranger = demo.browser()
    assert (await stranger.http.post("/sign-in/as", data=fields)).status_code == 400


async def test_nobody_is_made_up(demo: House):
    for wrong in ({"person": "person-" + "0" * 32}, {"person": "x"}, {"post": "administrator//bolton"}):
        browser = demo.browser()
        answer = await browser.http.post("/sign-in/as", data=await form(browser) | wrong)
        assert answer.status_code in (401, 403), answer.text


async def test_nobody_is_chosen_where_people_sign_in(house: House):
    assert (await house.browser().http.post("/sign-in/as", data={})).status_code == 404


async def test_nobody_signs_in_where_a_header_says_who(places: Databases):
    service = wiring.Service(places)
    transport = httpx.ASGITransport(make_app(service))
    async with service, httpx.AsyncClient(transport=transport, base_url=HERE) as http:
        for method, path in (("GET", "/sign-in"), ("GET", "/sign-in/callback"), ("GET", "/session"), ("POST", "/sign-out")):
            assert (await http.request(method, path)).status_code == 404


async def test_persons_are_chosen_in_no_other_store(places: Databases, real_places: Databases, demo_places: Databases):
    choosing = SignIn(HERE)
    for store, host, sentence in (
        (places, "127.0.0.1", "casetrail demo made"),
        (real_places, "127.0.0.1", "sign-in only"),
        (demo_places, "0.0.0.0", "loopback only"),
    ):
        with pytest.raises(CannotDo, match=sentence):
            await serving.must_fit(store, choosing, host)
    await serving.must_fit(demo_places, choosing, "127.0.0.1")
