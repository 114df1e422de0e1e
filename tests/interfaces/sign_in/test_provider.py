"""What the provider itself insists on, so that signing in here proves it: PKCE, nonce, secret, addresses, keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2 as httpx
import psycopg
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from interfaces.databases import Databases
from interfaces.sign_in.configured import Client, SignIn
from tests.interfaces.sign_in.conftest import HERE, MAPPED, House

pytestmark = pytest.mark.anyio

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
ASKED = {
    "client_id": "casetrail", "response_type": "code", "redirect_uri": f"{HERE}/sign-in/callback", "scope": "openid profile",
    "state": "s", "nonce": "n", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
}  # fmt: skip


def code_for(provider: str, number: int, **other: str | None) -> str | None:
    """The code it gives, or none."""
    asked = {name: value for name, value in {**ASKED, "nonce": f"n{number}", **other}.items() if value is not None}
    answer = httpx.post(f"{provider}/authorize?{urlencode(asked)}", data={"sub": "pat"})
    return parse_qs(urlsplit(answer.headers.get("Location", "")).query).get("code", [None])[0]


def redeemed(provider: str, code: str | None, secret: str = "a-secret", **other: str) -> Any:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ASKED["redirect_uri"], **other}
    return httpx.post(f"{provider}/token", data=form, auth=("casetrail", secret))


def test_the_challenge_is_that_of_rfc_7636():
    assert create_s256_code_challenge(VERIFIER) == ASKED["code_challenge"]


def test_the_provider_gives_a_token_for_the_right_verifier_alone(provider: str):
    verifier: dict[str, str]
    for number, verifier in enumerate(({}, {"code_verifier": ""}, {"code_verifier": "x" * 43}, {"code_verifier": ASKED["code_challenge"]})):
        answer = redeemed(provider, code_for(provider, number), **verifier)
        assert (answer.status_code, answer.json()["error"] in ("invalid_grant", "invalid_request")) == (400, True), answer.text
    code = code_for(provider, 10)
    assert redeemed(provider, code, "another-secret", code_verifier=VERIFIER).status_code == 401
    assert "id_token" in redeemed(provider, code, code_verifier=VERIFIER).json()
    assert redeemed(provider, code, code_verifier=VERIFIER).json()["error"] == "invalid_grant"  # a second time


def test_the_provider_asks_nobody_without_pkce_and_nonce(provider: str):
    without: tuple[dict[str, str | None], ...] = (
        {"code_challenge": None, "code_challenge_method": None}, {"code_challenge_method": "plain"}, {"code_challenge": None},
        {"nonce": None}, {"redirect_uri": "https://evil.example/sign-in/callback"}, {"client_id": "another"},
    )  # fmt: skip
    for number, lacking in enumerate(without):
        assert code_for(provider, 20 + number, **lacking) is None, lacking


async def test_a_sign_in_whose_verifier_is_not_ours_is_refused_by_the_provider(house: House, real_places: Databases):
    for wrong in (VERIFIER, ""):
        pat = house.browser()
        back = await pat.answered(await pat.to_provider(), sub="pat")
        with psycopg.connect(real_places.owner_record) as conn:
            conn.execute("UPDATE sign_ins SET verifier = %s", (wrong,))
        answer = await pat.http.get(back.headers["Location"])
        assert (answer.status_code, "does not stand by this sign-in" in answer.json()["detail"]) == (400, True), answer.text
        assert (await pat.http.get("/session")).status_code == 401


async def test_a_client_without_a_secret_is_as_safe_by_pkce(house_of: Callable[[SignIn], House], provider: str):
    house = house_of(SignIn(HERE, Client(provider, "casetrail-public"), MAPPED))
    async with house.service:
        assert (await house.browser().sign_in("pat")).json()["post"] == "business-manager//bolton"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
async def test_the_provider_changes_its_key_and_everybody_goes_on_signing_in(house: House, provider: str, algorithm: str):
    hours = [0.0]
    assert house.service.entrance is not None
    assert house.service.entrance.provider is not None
    house.service.entrance.provider._monotonic = lambda: hours[0]
    assert (await house.browser().sign_in("pat")).status_code == 200
    assert httpx.post(f"{provider}/keys/{algorithm}").is_success
    hours[0] += timedelta(seconds=31).total_seconds()
    assert (await house.browser().sign_in("pat")).status_code == 200
