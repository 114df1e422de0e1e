"""How long, how slowly and how often: too much of anything is refused, and whoever asks as people do is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2 as httpx
import pytest

from interfaces.api import limited
from interfaces.api.app import make_app
from interfaces.api.limited import address
from interfaces.api.limits import Allowance, Limits
from interfaces.api.problems import TooMany
from interfaces.cli.serving import limits
from interfaces.databases import Databases
from interfaces.settings import Settings
from interfaces.sign_in.configured import Client, SignIn
from interfaces.wiring import Service
from tests.interfaces.api.conftest import Desk
from tests.interfaces.served import CASE

pytestmark = pytest.mark.anyio

SIGN_IN = SignIn("http://127.0.0.1:8000", Client("http://127.0.0.1:1", "casetrail"))


class Clock:
    """Seconds that are told, not waited for."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- so many, and then evenly


def test_so_many_at_once_and_then_one_by_one():
    clock = Clock()
    allowance = Allowance(30, 600, clock=clock)
    assert [allowance.wait("pat") for _ in range(30)] == [0.0] * 30
    assert allowance.wait("pat") == pytest.approx(20)
    assert allowance.wait("sam") == 0.0
    clock.now += 19
    assert allowance.wait("pat") == pytest.approx(1)
    clock.now += 1
    assert allowance.wait("pat") == 0.0
    assert allowance.wait("pat") == pytest.approx(20)
    clock.now += 600
    assert [allowance.wait("pat") for _ in range(30)] == [0.0] * 30
    with pytest.raises(TooMany):
        allowance.take("pat")


def test_never_more_than_twice_as_many_in_any_window():
    clock = Clock()
    allowance = Allowance(100, 10, clock=clock)
    taken = 0
    for _ in range(1000):
        taken += allowance.wait("pat") == 0.0
        clock.now += 0.01
    assert taken == 199  # those at once, and those that came back meanwhile


def test_whoever_asked_longest_ago_is_forgotten_first_so_memory_is_bounded():
    allowance = Allowance(1, 60, clock=Clock(), most=3)
    for who in ("a", "b", "c", "d"):
        assert allowance.wait(who) == 0.0
    assert allowance.wait("d") > 0
    assert allowance.wait("a") == 0.0  # forgotten
    assert len(allowance._until) == 3


# --- by whom


@asynccontextmanager
async def asked(service: Service, limits: Limits, host: str = "192.0.2.7") -> AsyncIterator[httpx.AsyncClient]:
    app = make_app(service, limits)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(host, 1))
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


def must_be_too_many(answer: httpx.Response) -> None:
    assert answer.status_code == 429, answer.text
    assert answer.json()["type"].endswith("/too-many")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_person_asks_so_often_wherever_from_and_others_are_not_held_up(places: Databases):
    clock = Clock()
    async with asked(Service(places), Limits.of(3, 0, 0, clock=clock)) as client:
        for n in range(3):
            answer = await client.get("/api/v1/cases", headers={"Casetrail-Person": "business-manager/health/Pat"})
            assert answer.status_code == 503, n  # there are no read models here, which is not the point
        must_be_too_many(await client.get("/api/v1/procedures", headers={"Casetrail-Person": "business-manager/health/Pat"}))
        must_be_too_many(await client.post("/api/v1/cases", json=CASE, headers={"Casetrail-Person": "business-manager/health/Pat"}))
        assert (await client.get("/api/v1/procedures", headers={"Casetrail-Person": "business-manager/health/Sam"})).status_code == 200
        clock.now += 20
        assert (await client.get("/api/v1/procedures", headers={"Casetrail-Person": "business-manager/health/Pat"})).status_code == 200


async def test_an_address_that_nobody_signs_in_from_is_heard_so_often(places: Databases):
    service = Service(places)
    async with asked(service, Limits.of(0, 4, 0, clock=Clock())) as client:
        for _ in range(4):
            assert (await client.get("/api/v1/procedures")).status_code == 401
        must_be_too_many(await client.get("/api/v1/procedures"))
        # whoever is somebody is not shut out by those who are nobody, in the same office
        assert (await client.get("/api/v1/procedures", headers={"Casetrail-Person": "business-manager/health/Pat"})).status_code == 200
        must_be_too_many(await client.get("/sign-in"))
        page = await client.get("/sign-in", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (429, "text/html; charset=utf-8")
        assert "ask again in" in page.text
        assert page.headers["retry-after"]


async def test_what_is_open_to_all_is_limited_by_address_and_watching_is_not(places: Databases):
    async with asked(Service(places), Limits.of(0, 0, 2, clock=Clock())) as client:
        for _ in range(2):
            assert (await client.get("/api/v1/docs")).status_code == 200
        must_be_too_many(await client.get("/api/v1/openapi.json"))
        must_be_too_many(await client.get("/api/v1/ledger/checkpoint"))
        for path in ("/health/live", "/health/ready", "/metrics"):
            assert (await client.get(path)).status_code != 429


@pytest.mark.parametrize(
    ("host", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"), ("testclient", "testclient"), ("", ""),
    ],
)  # fmt: skip
def test_an_address_of_version_6_is_counted_by_its_network(host: str, counted_as: str):
    assert address({"type": "http", "client": (host, 1)}) == counted_as


async def test_a_proxy_says_where_a_request_comes_from_and_nobody_else_does():
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    found = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found.append(address(scope))

    trusting: Any = ProxyHeadersMiddleware(app, trusted_hosts=Settings(proxies="10.0.0.0/24 127.0.0.1").proxies.split())
    for client in ("127.0.0.1", "10.0.0.9", "192.0.2.7"):
        headers = [(b"x-forwarded-for", b"203.0.113.66, 198.51.100.4")]
        await trusting({"type": "http", "client": (client, 1), "headers": headers, "scheme": "http"}, None, None)
    assert found == ["198.51.100.4", "198.51.100.4", "192.0.2.7"]


def test_proxies_are_addresses():
    with pytest.raises(ValueError, match="an address or a network"):
        Settings(proxies="proxy.example.org")


def test_a_rehearsal_is_limited_only_where_that_is_asked_for():
    assert limits(Settings(), None) == Limits()
    assert limits(Settings(), SignIn("http://127.0.0.1:8000")) == Limits()
    assert limits(Settings(asks_per_minute=5), None).person is not None
    served = limits(Settings(sign_ins_per_minute=0), SIGN_IN)
    assert (served.person is not None, served.stranger, served.open is not None) == (True, None, True)


# --- how long


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/v1/cases?q=" + 5000 * "x", {}, 414),
        ("/" + 5000 * "x", {}, 414),
        ("/api/v1/cases", {"X-Long": 40_000 * "x"}, 431),
        ("/api/v1/cases", {f"X-{n}": 400 * "x" for n in range(100)}, 431),
    ],
)
async def test_an_address_and_headers_have_a_length(desk: Desk, path: str, headers: dict[str, str], status: int):
    answer = await desk.client.get(f"http://casetrail{path}", headers={"Casetrail-Person": "business-manager", **headers})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def _listed(many: int) -> dict[str, Any]:
    return {**CASE, "linked_cases": [f"case-{n}" for n in range(many)]}


NESTED = 2000
BODIES = {
    "large": (b'{"label": "' + 1_100_000 * b"x" + b'"}', 413),
    "many items": (json.dumps(_listed(1001)).encode(), 422),
    "many fields": (json.dumps({**CASE, **{f"f{n}": n for n in range(1001)}}).encode(), 422),
    "nested": (b'{"children": ' + 30 * b"[" + 30 * b"]" + b"}", 422),
    "nested without end": (NESTED * b"[" + NESTED * b"]", 422),
    "never closed": (b'{"children": ' + NESTED * b"[", 422),
}


@pytest.mark.parametrize("kind", BODIES)
async def test_a_body_has_a_size_and_a_shape(desk: Desk, kind: str):
    body, status = BODIES[kind]
    headers = {"Casetrail-Person": "local-authority-practitioner", "Content-Type": "application/json"}
    answer = await desk.client.post("/cases", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert b"xxxx" not in answer.content


async def test_what_fastapi_reads_has_a_size_and_a_shape_as_well(desk: Desk):
    headers = {"Casetrail-Person": "business-manager", "Content-Type": "application/json"}
    large = await desk.client.post("/ledger/cosignatures", content=1_100_000 * b" ", headers=headers)
    assert large.status_code == 413, large.text
    nested = await desk.client.post("/ledger/cosignatures", content=100_000 * b"[", headers=headers)
    assert nested.status_code in (400, 422), nested.text


async def test_a_document_may_be_larger_than_any_json_and_no_larger_than_the_settings_say(places: Databases):
    async with asked(Service(places, largest_document=2_000_000), Limits()) as client:
        headers = {"Casetrail-Person": "local-authority-practitioner"}
        case = (await client.post("/api/v1/cases", json=CASE, headers=headers)).json()["case"]
        put = [await client.put(f"/api/v1/cases/{case}/documents", content=n * b"x", headers=headers) for n in (1_500_000, 2_000_001)]
    assert [answer.status_code for answer in put] == [201, 413]


async def test_many_items_are_weighed_quickly(desk: Desk):
    from interfaces.api.body import must_be_modest
    from interfaces.api.problems import Malformed

    body = b"[" + 500_000 * b"1," + b"1]"
    began = asyncio.get_running_loop().time()
    with pytest.raises(Malformed, match="malformed"):
        must_be_modest(body)
    assert asyncio.get_running_loop().time() - began < 0.5


# --- how slowly


async def test_a_body_that_does_not_come_is_not_waited_for(places: Databases, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limited, "PATIENCE", 0.2)

    async def never_all() -> AsyncIterator[bytes]:
        yield b'{"label": "'
        await asyncio.sleep(30)

    async with asked(Service(places), Limits()) as client:
        for path in ("/api/v1/cases", "/api/v1/ledger/cosignatures"):
            headers = {"Casetrail-Person": "business-manager", "Content-Type": "application/json"}
            answer = await client.post(path, content=never_all(), headers=headers)
            assert answer.status_code == 408, answer.text
            assert answer.headers["connection"] == "close"
            assert answer.json()["type"].endswith("/too-slow")


async def test_a_large_body_has_the_time_that_a_slow_line_needs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limited, "PATIENCE", 0.1)
    parts = [{"type": "http.request", "body": 4000 * b"x", "more_body": n < 3} for n in range(4)]

    async def receive() -> Any:
        await asyncio.sleep(0.08)
        return parts.pop(0)

    body = limited.Body(receive, 100_000)
    assert sum([len((await body())["body"]) for _ in range(4)]) == 16_000  # 0.32 s: as 16 kB may take with 20 kB a second


# --- told


def test_every_operation_says_that_it_may_be_asked_too_often():
    document = make_app(None).openapi()  # type: ignore[arg-type]  # described, not served
    for path, methods in document["paths"].items():
        for told in methods.values():
            watching = path.startswith(("/health", "/metrics"))
            assert ("429" in told["responses"]) is not watching, path
            if not watching:
                assert "Retry-After" in told["responses"]["429"]["headers"]
