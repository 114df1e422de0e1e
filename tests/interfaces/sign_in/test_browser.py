"""People sign in with their browser, at a real provider; what stands between begin and end cannot be borrowed, repeated or made up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import psycopg
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from interfaces.databases import Databases
from interfaces.sign_in.configured import Client, SignIn
from tests.interfaces.served import CASE
from tests.interfaces.sign_in.conftest import HERE, House
from tests.interfaces.sign_in.issuer import Issuer

pytestmark = pytest.mark.anyio

COOKIE, UNDER_WAY = "casetrail-loopback", "casetrail-loopback-sign-in"


def rows(places: Databases, query: str) -> list[tuple]:
    with psycopg.connect(places.owner_record) as conn:
        return conn.execute(query).fetchall()


async def test_somebody_signs_in_and_asks_in_their_post(house: House):
    pat = house.browser()
    arrived = await pat.sign_in("pat")
    assert (arrived.status_code, arrived.url.path) == (200, "/session")
    assert arrived.json()["post"] == "business-manager//bolton"
    made = await pat.http.post("/api/v1/cases", json=CASE, headers=await pat.token())
    assert made.status_code == 201, made.text
    history = (await pat.http.get(f"/api/v1/cases/{made.json()['case']}/history")).json()
    by = history["items"][0]["by"]
    assert by == {"person": arrived.json()["person"], "role": "business-manager", "partnership": "bolton"}
    assert await house.service.register.called([by["person"]]) == {by["person"]: "Pat Quirke"}


async def test_the_same_person_comes_again_as_the_same_person(house: House):
    first, second = house.browser(), house.browser()
    assert (await first.sign_in("pat")).json()["person"] == (await second.sign_in("pat")).json()["person"]
    assert (await house.browser().sign_in("sam")).json()["person"] != (await first.session())["person"]


async def test_neither_subject_nor_name_nor_what_a_browser_holds_is_stored(house: House, real_places: Databases):
    pat = house.browser()
    await pat.sign_in("pat")
    tables = ("sessions", "aliases", "persons", "posts")
    stored = str([rows(real_places, f"SELECT row_to_json(t)::text FROM {table} t") for table in tables])
    for word in ("Quirke", '"pat"', pat.http.cookies[COOKIE]):
        assert word not in stored


async def test_the_provider_is_asked_with_state_nonce_and_pkce(house: House, real_places: Databases, provider: str):
    pat = house.browser()
    began = await pat.http.get("/sign-in")
    address = urlsplit(began.headers["Location"])
    asked = {name: value for name, (value,) in parse_qs(address.query).items()}
    ((nonce, verifier),) = rows(real_places, "SELECT nonce, verifier FROM sign_ins")
    assert f"{address.scheme}://{address.netloc}" == provider
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == f"{HERE}/sign-in/callback"
    assert (asked["code_challenge"], asked["code_challenge_method"]) == (create_s256_code_challenge(verifier), "S256")
    assert asked["nonce"] == nonce
    assert len(asked["state"]) == 43
    assert asked["state"] not in str(rows(real_places, "SELECT state FROM sign_ins"))
    assert (began.headers["Cache-Control"], began.headers["Referrer-Policy"]) == ("no-store", "no-referrer")


async def test_cookies_are_for_this_host_and_for_no_script(house: House, house_of: Callable[[SignIn], House], issuer: Issuer):
    pat = house.browser()
    back = await pat.answered(await pat.to_provider(), sub="pat")
    cookies = (await pat.http.get(back.headers["Location"])).headers.get_list("set-cookie")
    assert any(re.fullmatch(rf"{COOKIE}=[\w-]{{43}}; HttpOnly; Path=/; SameSite=lax", cookie) for cookie in cookies), cookies
    secure = house_of(SignIn("https://casetrail.example", Client(issuer.address, "casetrail")))
    async with secure.service:
        begun = await secure.browser().http.get("/sign-in")
    assert begun.headers["set-cookie"].startswith("__Host-casetrail-sign-in=")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= {*begun.headers["set-cookie"].split("; ")}
    assert "domain" not in begun.headers["set-cookie"].lower()


# --- answers that are not what was asked for


async def refused(browser, address: str, status: int = 400) -> str:
    answer = await browser.http.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    assert COOKIE not in browser.http.cookies
    return str(answer.json()["detail"])


async def test_an_answer_is_good_once(house: House):
    pat = house.browser()
    back = await pat.answered(await pat.to_provider(), sub="pat")
    under_way = pat.http.cookies[UNDER_WAY]
    assert (await pat.http.get(back.headers["Location"])).status_code == 303
    thief = house.browser()
    thief.http.cookies.set(UNDER_WAY, under_way)
    assert "finished already" in await refused(thief, back.headers["Location"])


async def test_an_answer_is_good_in_the_browser_that_asked(house: House):
    """Else somebody could make others work in an account that is not theirs."""
    villain, victim = house.browser(), house.browser()
    back = await villain.answered(await villain.to_provider(), sub="sam")
    assert "not begun in this browser" in await refused(victim, back.headers["Location"])
    await victim.http.get("/sign-in")
    assert "not begun in this browser" in await refused(victim, back.headers["Location"])


async def test_an_answer_that_comes_late_is_refused(house: House):
    pat = house.browser()
    back = await pat.answered(await pat.to_provider(), sub="pat")
    house.clock.goes(timedelta(minutes=10, seconds=1))
    assert "too long ago" in await refused(pat, back.headers["Location"])


async def test_an_answer_that_nobody_asked_for_is_refused(house: House):
    pat = house.browser()
    await pat.to_provider()
    for answer in ({}, {"state": "x"}, {"state": "a" * 43, "code": "c"}, {"code": "c"}, {"error": "access_denied"}):
        await refused(pat, f"/sign-in/callback?{urlencode(answer)}")


async def test_whoever_says_no_at_the_provider_is_told_so(house: House):
    pat = house.browser()
    state = parse_qs(urlsplit(str((await pat.to_provider()).request.url)).query)["state"][0]
    assert "said no" in await refused(pat, f"/sign-in/callback?error=access_denied&state={state}", 403)
    for error, status in (("server_error", 503), ("temporarily_unavailable", 503), ("<script>", 400)):
        state = parse_qs(urlsplit(str((await pat.to_provider()).request.url)).query)["state"][0]
        assert "script" not in await refused(pat, f"/sign-in/callback?{urlencode({'error': error, 'state': state})}", status)


async def test_a_code_that_the_provider_never_gave_is_refused(house: House):
    pat = house.browser()
    state = parse_qs(urlsplit(str((await pat.to_provider()).request.url)).query)["state"][0]
    assert "does not stand by" in await refused(pat, f"/sign-in/callback?code=made-up&state={state}")
    state = parse_qs(urlsplit(str((await pat.to_provider()).request.url)).query)["state"][0]
    assert "another provider" in await refused(pat, f"/sign-in/callback?code=x&iss=https://other.example&state={state}")


@pytest.mark.parametrize("verifier_too", [False, True], ids=["by-pkce", "by-its-nonce"])
async def test_a_code_of_another_sign_in_is_refused(house: House, real_places: Databases, verifier_too: bool):
    """A stolen code, put into a sign-in of one's own; even by somebody who knows the verifier."""
    sam, thief = house.browser(), house.browser()
    stolen = parse_qs(urlsplit((await sam.answered(await sam.to_provider(), sub="sam")).headers["Location"]).query)["code"][0]
    state = parse_qs(urlsplit(str((await thief.to_provider()).request.url)).query)["state"][0]
    if verifier_too:
        with psycopg.connect(real_places.owner_record) as conn:
            conn.execute("UPDATE sign_ins SET verifier = (SELECT verifier FROM sign_ins ORDER BY begun_at LIMIT 1)")
    told = await refused(thief, f"/sign-in/callback?code={stolen}&state={state}")
    assert ("not believed" if verifier_too else "does not stand by") in told


async def test_a_provider_that_is_away_is_said_so(house_of: Callable[[SignIn], House]):
    house = house_of(SignIn(HERE, Client("http://127.0.0.1:1", "casetrail")))
    async with house.service:
        answer = await house.browser().http.get("/sign-in")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "provider of sign-in" in answer.json()["detail"]


async def test_a_provider_that_calls_itself_otherwise_is_not_believed(house_of: Callable[[SignIn], House], issuer: Issuer):
    house = house_of(SignIn(HERE, Client(f"{issuer.address}/", "casetrail")))
    async with house.service:
        assert (await house.browser().http.get("/sign-in")).status_code == 503


async def test_afterwards_nobody_is_sent_to_another_site(house: House):
    pat = house.browser()
    for elsewhere in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nSet-Cookie: x=y"):
        back = await pat.answered(await pat.to_provider(elsewhere), sub="pat")
        assert (await pat.http.get(back.headers["Location"])).headers["Location"] == "/session"


async def test_afterwards_somebody_is_where_they_wanted_to_be(house: House):
    assert (await house.browser().sign_in("pat", "/api/v1/procedures?limit=1")).url.path == "/api/v1/procedures"
