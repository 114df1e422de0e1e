"""Whoever is signed in stays so as long as they may, and not a moment longer; and only their own pages ask in their name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from starlette.requests import Request

from application.posts import LAPSES_AFTER, Post
from domain.working_days import london_date
from interfaces.api.identity import asker_of
from interfaces.api.problems import NotSignedIn
from interfaces.databases import Databases
from tests.interfaces.served import CASE
from tests.interfaces.sign_in.conftest import MAPPED, Browser, House

pytestmark = pytest.mark.anyio

COOKIE = "casetrail-loopback"
MANAGER = Post("business-manager", None, "bolton")
SITE = "/api/v1/procedures"


async def looks(browser: Browser) -> int:
    return (await browser.http.get(SITE)).status_code


async def signed_in(house: House, subject: str = "pat") -> Browser:
    browser = house.browser()
    await browser.sign_in(subject)
    assert await looks(browser) == 200
    return browser


async def person_of(browser: Browser) -> str:
    return str((await browser.session())["person"])


# --- how long


async def test_a_session_that_is_not_used_is_over(house: House):
    pat = await signed_in(house)
    for _ in range(3):
        house.clock.goes(timedelta(minutes=29))
        assert await looks(pat) == 200
    house.clock.goes(timedelta(minutes=31))
    answer = await pat.http.get(SITE)
    assert (answer.status_code, answer.json()["detail"]) == (401, "You are not signed in, or not any more: sign in again.")


async def test_to_follow_a_feed_keeps_no_session_from_being_idle(house: House):
    """A live feed looks again and again whether whoever follows it is signed in still: they themselves ask nothing."""
    pat = await signed_in(house)
    person = await person_of(pat)
    cookie = f"{COOKIE}={pat.http.cookies[COOKIE]}".encode()
    following = Request({"type": "http", "method": "GET", "headers": [(b"cookie", cookie)], "app": house.transport.app})
    house.clock.goes(timedelta(minutes=29))
    assert (await asker_of(following, again=True)).by.person == person
    house.clock.goes(timedelta(minutes=2))
    with pytest.raises(NotSignedIn):
        await asker_of(following, again=True)


async def test_a_session_that_is_used_is_over_all_the_same(house: House):
    pat = await signed_in(house)
    for _ in range(25):
        house.clock.goes(timedelta(minutes=28))
        assert await looks(pat) == 200
    house.clock.goes(timedelta(minutes=21))
    assert await looks(pat) == 401


async def test_signed_out_is_signed_out(house: House):
    pat = await signed_in(house)
    words = pat.http.cookies[COOKIE]
    answer = await pat.http.post("/sign-out", data={"token": (await pat.session())["token"]})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert COOKIE not in pat.http.cookies
    pat.http.cookies.set(COOKIE, words)
    assert await looks(pat) == 401


# --- whose


async def test_what_a_browser_held_before_is_worth_nothing_afterwards(house: House):
    """Session fixation: neither words somebody put there nor those of the session before."""
    victim = house.browser()
    victim.http.cookies.set(COOKIE, "a" * 43, domain="127.0.0.1")
    await victim.sign_in("pat")
    first = victim.http.cookies[COOKIE]
    assert first != "a" * 43
    await victim.sign_in("sam")
    assert victim.http.cookies[COOKIE] != first
    with_old = house.browser()
    with_old.http.cookies.set(COOKIE, first)
    assert await looks(with_old) == 401


async def test_words_that_are_made_up_are_nobody(house: House):
    stranger = house.browser()
    for words in ("", "x", "a" * 43, "a" * 5000, "é" * 43, "' OR true --"):
        cookie = f"{COOKIE}={words}".encode()
        assert (await stranger.http.get(SITE, headers={b"Cookie": cookie})).status_code == 401


async def test_the_headers_of_a_rehearsal_are_refused_with_a_session_and_without(house: House):
    pat = await signed_in(house)
    for browser in (pat, house.browser()):
        for name, value in (("Casetrail-Person", "administrator"), ("casetrail-person", ""), ("Casetrail-At", "2026-01-01T00:00:00Z")):
            answer = await browser.http.get(SITE, headers={name: value})
            assert answer.status_code == 400, (name, answer.text)
    answer = await pat.http.post("/api/v1/cases", json=CASE, headers={**await pat.token(), "Casetrail-Person": "administrator"})
    assert answer.status_code == 400


async def test_whoever_holds_several_posts_chooses_one_for_the_session_or_for_a_request(house: House):
    sam = house.browser()
    await sam.sign_in("sam")
    assert await looks(sam) == 403
    police = {"Casetrail-Post": "delegated-partner/police/bolton"}
    assert (await sam.http.get(SITE, headers=police)).status_code == 200
    assert (await sam.session())["post"] is None
    not_held = await sam.http.post("/session/post", json={"post": "lead-partner//bolton"}, headers=await sam.token())
    assert not_held.status_code == 403
    chosen = await sam.http.post("/session/post", json={"post": str(MANAGER)}, headers=await sam.token())
    assert (chosen.status_code, chosen.json()["post"]) == (200, str(MANAGER))
    assert await looks(sam) == 200
    made = await sam.http.post("/api/v1/cases", json=CASE, headers=await sam.token() | police)
    history = (await sam.http.get(f"/api/v1/cases/{made.json()['case']}/history")).json()
    assert history["items"][0]["by"]["role"] == "delegated-partner"


async def test_whoever_holds_no_post_is_told_whom_to_ask(house: House):
    nobody = house.browser()
    arrived = await nobody.sign_in("nobody")
    assert (arrived.status_code, arrived.json()["posts"]) == (200, [])
    answer = await nobody.http.get(SITE)
    assert answer.status_code == 403
    assert arrived.json()["person"] in answer.json()["detail"]
    today = london_date(house.clock())
    await house.service.sessions.posts.give(arrived.json()["person"], Post("scrutineer", None, "bolton"), today)
    assert await looks(nobody) == 200


# --- taken away while it lasts


async def test_a_session_that_is_revoked_is_over_at_once(house: House):
    pat, at_home = await signed_in(house), await signed_in(house)
    (newest, *_) = await house.service.sessions.listed()
    assert await house.service.sessions.end(newest.number)
    assert [await looks(pat), await looks(at_home)] == [200, 401]
    assert await house.service.sessions.end_of(await person_of(pat)) == 1
    assert await looks(pat) == 401


async def test_with_a_post_all_sessions_of_its_person_end(house: House):
    pat, at_home, sam = await signed_in(house), await signed_in(house), house.browser()
    await sam.sign_in("sam")
    posts = house.service.sessions.posts
    (held,) = await posts.listed(await person_of(pat))
    await posts.end([held.id], house.clock(), london_date(house.clock()))
    assert [await looks(pat), await looks(at_home)] == [401, 401]
    assert (await sam.http.get("/session")).status_code == 200
    assert {told.why for told in await house.service.sessions.listed() if told.ended_at} == {"post-ended"}


async def test_a_post_that_the_owner_of_the_database_ends_ends_them_too(house: House, real_places: Databases):
    pat = await signed_in(house)
    with psycopg.connect(real_places.owner_record) as conn:
        conn.execute("UPDATE posts SET until_day = current_date WHERE person = %s", (await person_of(pat),))
    assert await looks(pat) == 401


async def test_somebody_who_leaves_is_signed_out(house: House):
    pat = await signed_in(house)
    person = await person_of(pat)
    assert await house.service.register.leaves(person, "business-manager", "bolton", london_date(house.clock()))
    assert await looks(pat) == 401


async def test_a_post_that_runs_out_ends_the_session_that_asks_in_it(house: House):
    nobody = house.browser()
    person = (await nobody.sign_in("nobody")).json()["person"]
    now = house.clock()
    await house.service.sessions.posts.give(person, MANAGER, london_date(now), london_date(now))
    await nobody.http.post("/session/post", json={"post": str(MANAGER)}, headers=await nobody.token())
    assert await looks(nobody) == 200
    house.service.sessions.lasting = type(house.service.sessions.lasting)(timedelta(days=2), timedelta(days=3))
    house.clock.goes(timedelta(days=1))
    assert await looks(nobody) == 401


async def test_an_erased_person_is_signed_out_and_comes_back_as_somebody_else(house: House):
    pat = await signed_in(house)
    person = await person_of(pat)
    await house.service.register.forget(person)
    assert await looks(pat) == 401
    assert (await pat.sign_in("pat")).json()["person"] != person


async def test_what_the_provider_does_not_tell_of_any_more_is_taken_away(house: House):
    pat = await signed_in(house)
    person = await person_of(pat)
    sessions, now = house.service.sessions, house.clock()
    await sessions.posts.told_of(person, MAPPED.posts({"groups": ["bolton-police"]}), now, london_date(now))
    assert await looks(pat) == 401
    assert await sessions.posts.of(person, london_date(now)) == [Post("delegated-partner", "police", "bolton")]
    # and what it tells of again is held again, the same day
    await pat.sign_in("pat")
    assert await looks(pat) == 200


async def test_what_the_provider_told_of_lapses_unless_it_tells_of_it_again(house: House):
    person = await person_of(await signed_in(house))
    posts, today = house.service.sessions.posts, london_date(house.clock())
    assert await posts.of(person, today + LAPSES_AFTER) == [MANAGER]
    assert await posts.of(person, today + LAPSES_AFTER + timedelta(days=1)) == []
    house.clock.goes(timedelta(days=20))
    await posts.told_of(person, [MANAGER], house.clock(), today + timedelta(days=20))
    assert await posts.of(person, today + LAPSES_AFTER + timedelta(days=20)) == [MANAGER]
    assert len(await posts.listed(person)) == 1


async def test_a_calendar_can_be_made_in_a_post_that_the_provider_told_of(house: House):
    pat = await signed_in(house)
    made = await pat.http.post("/api/v1/calendar-feeds?of=partnership&partnership=bolton", headers=await pat.token())
    assert made.status_code == 201, made.text


# --- pages of others


OURS = [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://127.0.0.1:8000"}]
OTHERS = [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"},
    {"Origin": "https://evil.example"}, {"Origin": "http://127.0.0.1:8000.evil.example"}, {"Origin": "null"}, {},
]  # fmt: skip


async def test_only_a_page_of_ours_makes_a_browser_ask(house: House):
    pat = await signed_in(house)
    token = await pat.token()
    del pat.http.headers["Sec-Fetch-Site"]
    for number, headers in enumerate(OURS + OTHERS):
        answer = await pat.http.post("/api/v1/cases", json={**CASE, "label": f"Infant {number}"}, headers=headers | token)
        assert answer.status_code == (201 if headers in OURS else 403), (headers, answer.text)


async def test_the_token_of_the_session_goes_along_with_what_changes_something(house: House):
    pat, other = await signed_in(house), await signed_in(house)
    for wrong in ({}, {"Casetrail-Token": ""}, {"Casetrail-Token": "x"}, await other.token(), {b"Casetrail-Token": "é".encode()}):
        given: Any = wrong
        assert (await pat.http.post("/api/v1/cases", json=CASE, headers=given)).status_code == 403
        assert (await pat.http.post("/sign-out", headers=given)).status_code == 403
        assert (await pat.http.post("/session/post", json={"post": str(MANAGER)}, headers=given)).status_code == 403
    assert (await pat.http.put("/api/v1/cases/x/documents", content=b"x")).status_code == 403
    assert await looks(pat) == 200
