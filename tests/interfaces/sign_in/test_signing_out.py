"""Signing out ends the session here whatever else happens, and then that at the provider; and problems are told to people as pages."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from interfaces.sign_in.configured import Client, SignIn
from tests.interfaces.sign_in.conftest import HERE, MAPPED, Browser, House
from tests.interfaces.sign_in.issuer import Issuer

pytestmark = pytest.mark.anyio

COOKIE = "casetrail-loopback"
PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def onward(refresh: str) -> str:
    zero, _, address = refresh.partition("; url=")
    assert zero == "0"
    return address


async def signed_in(house: House, **form: str) -> Browser:
    browser = house.browser()
    back = await browser.answered(await browser.to_provider(), sub="pat", **form)
    assert (await browser.http.get(back.headers["Location"])).status_code == 303
    return browser


async def test_signing_out_goes_on_to_the_provider_and_comes_back(house: House, provider: str):
    pat = await signed_in(house, stay="yes")
    assert (await pat.to_provider()).status_code == 302  # it knows them still, and asks nothing
    out = await pat.http.post("/sign-out", headers=await pat.token())
    assert (out.status_code, out.headers["Cache-Control"], out.headers["Clear-Site-Data"]) == (200, "no-store", '"cache"')
    address = onward(out.headers["Refresh"])
    assert address.startswith(f"{provider}/end-session?")
    assert parse_qs(urlsplit(address).query) == {"client_id": ["casetrail"], "post_logout_redirect_uri": [f"{HERE}/signed-out"]}
    assert (await pat.http.get("/session")).status_code == 401
    back = await pat.http.get(address, follow_redirects=True)
    assert (back.status_code, back.url.path, "You are signed out" in back.text) == (200, "/signed-out", True)
    assert "Who are you?" in (await pat.to_provider()).text


async def test_no_page_of_another_site_signs_anybody_out(house: House):
    pat = await signed_in(house)
    token = await pat.token()
    for headers in ({**token, "Sec-Fetch-Site": "cross-site"}, {}, {"Casetrail-Token": "x"}):
        assert (await pat.http.post("/sign-out", headers=headers)).status_code == 403
    assert (await pat.http.get("/sign-out", headers=token)).status_code == 405
    assert (await pat.http.get("/signed-out")).status_code == 200  # says so, and ends nothing
    assert (await pat.http.get("/session")).status_code == 200


async def test_signed_out_here_even_where_the_provider_is_away_or_offers_nothing(house: House, issuer: Issuer):
    assert house.service.entrance is not None
    provider = house.service.entrance.provider
    assert provider is not None
    for away, told in ((True, "could not be asked"), (False, "You are signed out")):
        pat = await signed_in(house)
        words, token = pat.http.cookies[COOKIE], await pat.token()
        issuer.away = away
        before, provider.client = provider.client, Client(issuer.address, "casetrail", "a-secret")
        metadata, provider._metadata = provider._metadata, None
        out = await pat.http.post("/sign-out", headers=token)
        provider.client, provider._metadata = before, metadata
        assert (out.status_code, "Refresh" in out.headers, told in out.text) == (200, False, True)
        pat.http.cookies.set(COOKIE, words)
        assert (await pat.http.get("/session")).status_code == 401


@pytest.mark.parametrize(
    "endpoint",
    ["http://elsewhere.example/out", "javascript:alert(1)", "https://a.example/\r\nSet-Cookie: x=y", 7, "", "https://é.example/"],
)
async def test_an_address_that_is_none_is_not_followed(house: House, endpoint: object):
    pat = await signed_in(house)
    assert house.service.entrance is not None
    provider = house.service.entrance.provider
    assert provider is not None
    assert provider._metadata is not None
    provider._metadata[1]["end_session_endpoint"] = endpoint
    out = await pat.http.post("/sign-out", headers=await pat.token())
    assert (out.status_code, "Refresh" in out.headers) == (200, False)


# --- pages


def is_plain(page) -> None:
    """Nothing of it comes from elsewhere, no script, no style of its own."""
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    for word in ("<script", "<style", "style=", "src=", "http://", "https://"):
        assert word not in page.text


async def test_a_browser_is_told_as_a_page_and_a_program_as_a_problem(house: House):
    pat = house.browser()
    for path, status, sentence in (
        ("/sign-in/callback?state=x&code=y", 400, "was not begun in this browser"),
        ("/sign-in?next=" + "x" * 501, 422, "next: "),
        ("/session", 401, "Nobody is signed in."),
    ):
        page = await pat.http.get(path, headers=PAGE)
        assert (page.status_code, page.headers["Vary"]) == (status, "Accept")
        is_plain(page)
        assert sentence in page.text
        assert '<a href="/sign-in">Sign in</a>' in page.text
        for accept in ({}, {"Accept": "application/json"}, {"Accept": "application/json, text/html"}):
            assert (await pat.http.get(path, headers=accept)).headers["Content-Type"] == "application/problem+json"


async def test_whoever_says_no_at_the_provider_reads_so(house: House):
    pat = house.browser()
    back = await pat.answered(await pat.to_provider(), deny="yes")
    page = await pat.http.get(back.headers["Location"], headers=PAGE)
    assert (page.status_code, "said no" in page.text) == (403, True)
    is_plain(page)


async def test_a_provider_that_is_away_reads_so(house_of: Callable[[SignIn], House]):
    house = house_of(SignIn(HERE, Client("http://127.0.0.1:1", "casetrail"), MAPPED))
    async with house.service:
        page = await house.browser().http.get("/sign-in", headers=PAGE)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "Sorry, there is a problem with signing in" in page.text
    is_plain(page)


async def test_nothing_that_was_sent_comes_back_in_a_page(house: House):
    page = await house.browser().http.get("/sign-in/callback?state=<b>&code=<script>&error=<i>", headers=PAGE)
    assert "<b>" not in page.text
    assert "&lt;b&gt;" not in page.text
