"""What stories of the whole service need: one PostgreSQL for the session, and a fresh rehearsal store for each story."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from interfaces import databases, wiring
from interfaces.databases import Databases, Passwords
from interfaces.local_postgres import LocalPostgres

os.environ.pop("COLUMNS", None)  # how wide a table is told is said by a story, not by the terminal that the tests are run from

COUNT = itertools.count(1)
PASSWORDS = Passwords(*5 * ["practice"])


def expected_or_skip(part: str, missing: str) -> None:
    """A story whose outside part is missing skips with one line; where that part is expected, it fails."""
    if part in os.environ.get("CASETRAIL_EXPECT", "").split(","):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def practice_server() -> Iterator[LocalPostgres]:
    """A server of our own, fast and thrown away, one for each process that tests."""
    with databases.throw_away_server() as server:
        yield server


@pytest.fixture(scope="session")
def key_file() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="casetrail-tests-"))
    yield folder / "key"
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def adopted(practice_server: LocalPostgres, key_file: Path) -> tuple[str, str]:
    """A pair of databases marked as a rehearsal, with everything adopted, for others to be copied from."""
    places = databases.on_server(practice_server, PASSWORDS, key_file, "adopted_record", "adopted_keys")
    databases.prepare(places, PASSWORDS, "rehearsal")

    async def adopt() -> None:
        async with wiring.Service(places) as service:
            await wiring.adopt(service, at=wiring.BEGINNING)

    asyncio.run(adopt())
    return "adopted_record", "adopted_keys"


@pytest.fixture
def places(practice_server: LocalPostgres, adopted: tuple[str, str], key_file: Path) -> Iterator[Databases]:
    """A rehearsal store of one's own."""
    number = next(COUNT)
    names = [f"{template}_{number}" for template in adopted]
    with psycopg.connect(practice_server.dsn("postgres"), autocommit=True) as admin:
        for name, template in zip(names, adopted, strict=True):
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield databases.on_server(practice_server, PASSWORDS, key_file, *names)
    with psycopg.connect(practice_server.dsn("postgres"), autocommit=True) as admin:
        for name in names:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def service(places: Databases) -> AsyncIterator[wiring.Service]:
    """The service over a rehearsal store of one's own."""
    async with wiring.Service(places) as running:
        yield running
