"""Programs bring tokens: one of the provider, for this service, and now, is believed; every other is refused with a sentence."""

from __future__ import annotations

import base64
import hmac
import json
import math
import warnings
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import RSAKey

from application.posts import Post
from domain.working_days import london_date
from interfaces.databases import Databases
from interfaces.sign_in.configured import Client, SignIn
from tests.interfaces.served import CASE
from tests.interfaces.sign_in.conftest import House, housed
from tests.interfaces.sign_in.issuer import MADE, Issuer

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")]


async def asked(house: House, token: str, **headers: str) -> Any:
    async with house.program(token, **headers) as program:
        return await program.get("/procedures")


async def refusal(house: House, token: str) -> str:
    """The sentence; none of them repeats the token."""
    answer = await asked(house, token)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"'), answer.text
    assert len(token) < 10 or token[:40] not in answer.text
    return str(answer.json()["detail"])


def by_hand(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    return ".".join((part(json.dumps(header).encode()), part(json.dumps(claims).encode()), part(signature)))


@pytest.mark.parametrize("algorithm", [*MADE])
async def test_a_token_signed_as_the_provider_signs_is_believed(api: House, issuer: Issuer, algorithm: str):
    issuer.keys = {"mine": MADE[algorithm]("mine")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        token = issuer.token(algorithm, "mine")
    assert (await asked(api, token)).status_code == 200


async def test_what_a_program_asks_is_recorded_as_asked_by_its_person_in_their_post(api: House, issuer: Issuer):
    async with api.program(issuer.token()) as program:
        made = await program.post("/cases", json=CASE)
        assert made.status_code == 201, made.text
        history = (await program.get(f"/cases/{made.json()['case']}/history")).json()
    by = history["items"][0]["by"]
    assert (by["role"], by["partnership"]) == ("business-manager", "bolton")
    assert by["person"] == await api.service.register.signed_in(issuer.address, "pat")
    assert await api.service.register.called([by["person"]]) == {by["person"]: "Pat Quirke"}


async def test_a_token_that_nobody_signed_is_refused(api: House, issuer: Issuer):
    for none in ("none", "None", "NONE", "nOnE"):
        assert "not signed with" in await refusal(api, by_hand({"alg": none}, issuer.claims(), b"x"))
    assert "no signed token" in await refusal(api, by_hand({"alg": "none"}, issuer.claims()))


async def test_the_public_key_is_no_secret_to_sign_with(api: House, issuer: Issuer):
    public = issuer.keys["rsa-1"]
    for kid, secret in (
        ("rsa-1", public.as_pem(private=False)),
        ("rsa-1", json.dumps(public.as_dict(private=False)).encode()),
        ("secret", b"secret"),  # published by mistake
    ):
        signed = by_hand({"alg": "HS256", "kid": kid}, issuer.claims()).rpartition(".")[0]
        mac = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).rstrip(b"=").decode()
        assert "not signed with" in await refusal(api, f"{signed}.{mac}")
        relabelled = by_hand({"alg": "RS256", "kid": kid}, issuer.claims()).rpartition(".")[0]
        mac = base64.urlsafe_b64encode(hmac.digest(secret, relabelled.encode(), "sha256")).rstrip(b"=").decode()
        await refusal(api, f"{relabelled}.{mac}")


async def test_the_header_does_not_change_what_a_key_is_for(api: House, issuer: Issuer):
    signed = issuer.token()
    _, claims, signature = signed.split(".")
    for algorithm in ("ES256", "EdDSA", "PS256", "RS1"):
        header = by_hand({"alg": algorithm, "kid": "rsa-1"}, {}).split(".")[0]
        await refusal(api, f"{header}.{claims}.{signature}")


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"aud": "another-service"}, "aud"),
        ({"aud": ["a", "b"]}, "aud"),
        ({"aud": None}, "lacks aud"),
        ({"iss": "https://provider.example"}, "iss"),
        ({"iss": None}, "lacks iss"),
        ({"exp": None}, "lacks exp"),
        ({"nbf": None}, "lacks nbf"),
        ({"sub": None}, "lacks sub"),
        ({"exp": 1}, "expired"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": math.nan}, "exp"),
        ({"exp": True}, "exp"),
        ({"nbf": 10**12}, "nbf"),
        ({"iat": 10**12}, "iat"),
        ({"sub": "x" * 256}, "nobody in particular"),
        ({"sub": 7}, "sub"),
        ({"nonce": "n"}, "token of a sign-in"),
    ],
    ids=str,
)
async def test_what_it_says_has_to_hold_here_and_now(api: House, issuer: Issuer, claims: dict[str, Any], sentence: str):
    assert sentence in await refusal(api, issuer.token(**claims))


async def test_it_is_believed_until_it_expires_and_from_when_it_is_valid(api: House, issuer: Issuer):
    token, later = issuer.token(), issuer.token(nbf=int(issuer.clock().timestamp()) + 200)
    assert "nbf" in await refusal(api, later)
    api.clock.goes(timedelta(seconds=200))
    assert (await asked(api, later)).status_code == 200
    assert (await asked(api, token)).status_code == 200
    api.clock.goes(timedelta(seconds=131))
    assert "expired" in await refusal(api, token)


@pytest.mark.parametrize("kid", ["rsa-2", "../rsa-1", "http://127.0.0.1:1/jwks", "' OR 1=1 --", "/dev/null", ""])
async def test_a_key_is_only_ever_one_of_the_provider_by_its_name(api: House, issuer: Issuer, kid: str):
    other = RSAKey.generate_key(2048)
    signed = jwt.encode({"alg": "RS256", "kid": kid}, issuer.claims(), other, algorithms=["RS256"])
    assert "no key of the provider" in await refusal(api, signed)


async def test_a_token_brings_no_key_of_its_own(api: House, issuer: Issuer):
    other = RSAKey.generate_key(2048, {"kid": "rsa-1"})
    for bringing in (
        {"jwk": other.as_dict(private=False)}, {"jku": "http://127.0.0.1:1/jwks"}, {"x5u": "http://127.0.0.1:1/c.pem"}, {"x5c": ["MII="]},
    ):  # fmt: skip
        signed = by_hand({"alg": "RS256", "kid": "rsa-1", **bringing}, issuer.claims(), b"signed")
        assert "by what it is to be checked" in await refusal(api, signed)
    assert "not signed by the provider" in await refusal(
        api, jwt.encode({"alg": "RS256", "kid": "rsa-1"}, issuer.claims(), other, algorithms=["RS256"])
    )


DEEP = base64.urlsafe_b64encode(b'{"alg":' * 900).decode()
NO_TOKENS = ["x", "..", "a.b.c", "e30.e30.e30", "bnVsbA.e30.eA", "W10.e30.eA", "x" * 20000, "1.2.3.4.5", DEEP, f"{DEEP}.e30.e30"]


@pytest.mark.parametrize("token", NO_TOKENS, ids=lambda token: token[:12])
async def test_what_is_no_token_is_refused(api: House, token: str):
    await refusal(api, token.replace("=", ""))


async def test_a_huge_token_is_refused_unread(api: House, issuer: Issuer):
    assert "longer than" in await refusal(api, issuer.token(padding="x" * 14_000))
    assert (await asked(api, issuer.token(padding="x" * 30_000))).status_code == 431  # longer than all headers may be
    assert issuer.asked == 0


async def test_a_changed_token_is_refused(api: House, issuer: Issuer):
    header, _, signature = issuer.token().split(".")
    claims = by_hand({}, issuer.claims(groups=["bolton-police"])).split(".")[1]
    assert "not signed by the provider" in await refusal(api, f"{header}.{claims}.{signature}")


# --- keys that change


async def test_keys_are_remembered_and_a_new_one_is_found(api: House, issuer: Issuer):
    hours = [0.0]
    api.service.entrance.provider._monotonic = lambda: hours[0]
    for _ in range(3):
        assert (await asked(api, issuer.token())).status_code == 200
    assert issuer.asked == 1
    issuer.keys["rsa-2"] = MADE["RS256"]("rsa-2")
    assert "no key" in await refusal(api, issuer.token(kid="rsa-2"))  # asked a moment ago
    hours[0] += 31
    assert (await asked(api, issuer.token(kid="rsa-2"))).status_code == 200
    assert issuer.asked == 2
    old = issuer.token(kid="rsa-1")
    del issuer.keys["rsa-1"]
    hours[0] += 601
    assert "no key" in await refusal(api, old)


async def test_while_the_provider_is_away_known_keys_hold_for_an_hour(api: House, issuer: Issuer):
    hours = [0.0]
    api.service.entrance.provider._monotonic = lambda: hours[0]
    token = issuer.token()
    issuer.away = True
    away = await asked(api, token)
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    issuer.away = False
    hours[0] += 4
    assert (await asked(api, token)).status_code == 200
    issuer.away = True
    hours[0] += 1800
    assert (await asked(api, token)).status_code == 200
    hours[0] += 1900
    assert (await asked(api, token)).status_code == 503


# --- posts


async def test_whoever_holds_several_posts_says_in_which_they_ask(api: House, issuer: Issuer):
    token = issuer.token(groups=["bolton-managers", "bolton-police"], work={"area": "bury"})
    answer = await asked(api, token)
    assert answer.status_code == 403
    assert "business-manager//bolton, delegated-partner/police/bolton, business-manager//bury" in answer.json()["detail"]
    assert (await asked(api, token, Casetrail_Post="delegated-partner/police/bolton")).status_code == 200
    assert (await asked(api, token, Casetrail_Post="lead-partner//bolton")).status_code == 403


async def test_nobody_asks_without_a_post(api: House, issuer: Issuer):
    answer = await asked(api, issuer.token(groups=["visitors"]))
    person = await api.service.register.signed_in(issuer.address, "pat")
    assert answer.status_code == 403
    assert person in answer.json()["detail"]


async def test_the_register_gives_posts_and_takes_them_away(api: House, issuer: Issuer):
    now = api.clock()
    person = await api.service.register.signed_in(issuer.address, "pat")
    posts = api.service.sessions.posts
    number = await posts.give(person, Post("lead-partner", None, "bury"), london_date(now))
    token = issuer.token(groups=[])
    assert (await asked(api, token)).status_code == 200
    assert number is not None
    assert await posts.end([number], now, london_date(now)) == 1
    assert (await asked(api, token)).status_code == 403


# --- who a program cannot be


async def test_headers_of_a_rehearsal_and_cookies_do_not_help_a_token(api: House, issuer: Issuer):
    for smuggled in (
        {"Casetrail_Person": "administrator"},
        {"casetrail_person": "administrator"},
        {"Casetrail_At": "2026-01-01T00:00:00Z"},
    ):
        assert (await asked(api, issuer.token(), **smuggled)).status_code == 400
    assert (await asked(api, "x.y.z", Cookie="casetrail-loopback=" + "a" * 43)).status_code == 401


async def test_without_an_audience_no_token_is_taken(shared_places: Databases, issuer: Issuer):
    house = housed(shared_places, SignIn("http://127.0.0.1:8000", Client(issuer.address, "casetrail")))
    async with house.service:
        assert "CASETRAIL_AUDIENCE" in await refusal(house, issuer.token())
