"""A service for real people: a store that is no rehearsal, a provider of identities in a process of its own, and browsers."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psycopg
import pytest

from application.sessions import Lasting
from interfaces import databases, wiring
from interfaces.api.app import make_app
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from interfaces.sign_in.claims import Mapped
from interfaces.sign_in.configured import Client, SignIn
from interfaces.wiring import Service
from tests.conftest import PASSWORDS
from tests.interfaces.sign_in.issuer import Issuer

COUNT = itertools.count(1)
HERE = "http://127.0.0.1:8000"
MAPPED = Mapped.model_validate(
    {
        "post": [
            {"claim": "groups", "values": ["bolton-managers"], "role": "business-manager", "partnership": "bolton"},
            {
                "claim": "groups", "values": ["bolton-police"], "role": "delegated-partner", "organisation": "police",
                "partnership": "bolton",
            },
            {
                "claim": "groups", "values": ["bolton-health"], "role": "delegated-partner", "organisation": "health",
                "partnership": "bolton",
            },
            {"claim": "groups", "values": ["bolton-reviewers"], "role": "reviewer", "partnership": "bolton"},
            {"claim": "groups", "values": ["bolton-leads"], "role": "lead-partner", "partnership": "bolton"},
            {"claim": "groups", "values": ["inspectors"], "role": "inspector", "partnership": "bolton"},
            {"claim": "work.area", "values": ["bury"], "role": "business-manager", "partnership": "bury"},
        ]
    }
)  # fmt: skip
PEOPLE: dict[str, dict[str, Any]] = {
    "pat": {"name": "Pat Quirke", "groups": ["bolton-managers"]},
    "sam": {"name": "Sam Ødegård", "groups": ["bolton-managers", "bolton-police"]},
    "isolde": {"name": "Isolde Marchbank", "groups": ["bolton-reviewers"]},
    "leigh": {"name": "Leigh Hardcastle", "groups": ["bolton-leads"]},
    "imogen": {"name": "Dame Imogen", "groups": ["inspectors"]},
    "kit": {"name": "Kit Pomfret", "groups": ["bolton-police"]},
    "hana": {"name": "Hana Lightfoot", "groups": ["bolton-health"]},
    "bea": {"name": "Bea Summerseat", "work": {"area": "bury"}},
    "nobody": {"name": "No Body"},
}


class Clock:
    """An hour that is told, not waited for."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def goes(self, by: timedelta) -> None:
        self.now += by


class Browser:
    """Follows redirects between the service and the provider, and keeps cookies, as people's browsers do."""

    def __init__(self, transport: httpx.ASGITransport) -> None:
        self.http = httpx.AsyncClient(mounts={HERE: transport}, base_url=HERE, headers={"Sec-Fetch-Site": "same-origin"}, timeout=30)

    async def to_provider(self, next: str = "/session") -> httpx.Response:
        """As far as the page on which the provider asks who somebody is."""
        began = await self.http.get("/sign-in", params={"next": next})
        assert began.status_code == 303, began.text
        return await self.http.get(began.headers["Location"])

    async def answered(self, page: httpx.Response, **form: str) -> httpx.Response:
        """The redirect back, not followed yet."""
        return await self.http.post(str(page.request.url), data=form)

    async def sign_in(self, subject: str, next: str = "/session") -> httpx.Response:
        back = await self.answered(await self.to_provider(next), sub=subject)
        return await self.http.get(back.headers["Location"], follow_redirects=True)

    async def session(self) -> dict:
        return (await self.http.get("/session")).json()

    async def token(self) -> dict[str, str]:
        return {"Casetrail-Token": (await self.session())["token"]}


@pytest.fixture(scope="session")
def provider() -> Iterator[str]:
    """The address of a provider that needs no password, and insists on everything else."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("provider_process.py"), str(port), json.dumps(PEOPLE)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                if httpx.get(f"{address}/jwks").is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def really_adopted(practice_server: LocalPostgres, key_file: Path) -> tuple[str, str]:
    """A store that is not marked as anything, everything adopted, for others to be copied from."""
    places = databases.on_server(practice_server, PASSWORDS, key_file, "real_record", "real_keys")
    databases.prepare(places, PASSWORDS)

    async def adopt() -> None:
        async with Service(places) as service:
            await wiring.adopt(service)

    asyncio.run(adopt())
    return "real_record", "real_keys"


@contextmanager
def copied(server: LocalPostgres, templates: tuple[str, str], key_file: Path) -> Iterator[Databases]:
    number = next(COUNT)
    names = [f"{template}_{number}" for template in templates]
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        for name, template in zip(names, templates, strict=True):
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield databases.on_server(server, PASSWORDS, key_file, *names)
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        for name in names:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def shared_places(practice_server: LocalPostgres, really_adopted: tuple[str, str], key_file: Path) -> Iterator[Databases]:
    """A store for real cases, shared by stories in which everybody is somebody else: each has an issuer of its own."""
    with copied(practice_server, really_adopted, key_file) as places:
        yield places


@pytest.fixture
def real_places(practice_server: LocalPostgres, really_adopted: tuple[str, str], key_file: Path) -> Iterator[Databases]:
    """A store for real cases, of one's own."""
    with copied(practice_server, really_adopted, key_file) as places:
        yield places


class House:
    """The service, its clock, and as many browsers as people need."""

    def __init__(self, service: Service, clock: Clock) -> None:
        self.service = service
        self.clock = clock
        self.transport = httpx.ASGITransport(make_app(service), raise_app_exceptions=False)

    def browser(self) -> Browser:
        return Browser(self.transport)

    def program(self, token: str, **headers: str) -> httpx.AsyncClient:
        given = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.AsyncClient(transport=self.transport, base_url=f"{HERE}/api/v1", headers=given)


def housed(places: Databases, sign_in: SignIn) -> House:
    """A house whose way in is this."""
    service = Service(places, boards=True, sign_in=sign_in)
    service.sessions.clock = clock = Clock()
    if service.entrance and service.entrance._tokens:
        service.entrance._tokens._clock = clock
    return House(service, clock)


@pytest.fixture
def house_of(real_places: Databases) -> Callable[[SignIn], House]:
    """Houses over a store of one's own."""
    return lambda sign_in: housed(real_places, sign_in)


@pytest.fixture
async def house(house_of: Callable[[SignIn], House], provider: str) -> AsyncIterator[House]:
    """A service whose people sign in with the provider."""
    client = Client(provider, "casetrail", "a-secret", audience="casetrail-api")
    made = house_of(SignIn(HERE, client, MAPPED, Lasting(timedelta(minutes=30), timedelta(hours=12))))
    async with made.service:
        yield made


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """A provider that signs what the story wants it to sign."""
    with Issuer() as made:
        yield made


@pytest.fixture
async def api(shared_places: Databases, issuer: Issuer) -> AsyncIterator[House]:
    """A service whose programs bring tokens of that issuer."""
    made = housed(shared_places, SignIn(HERE, Client(issuer.address, "casetrail", "a-secret", audience="casetrail-api"), MAPPED))
    issuer.clock = made.clock
    async with made.service:
        yield made
