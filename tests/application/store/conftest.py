"""A real PostgreSQL for the tests of the store: one server for the session, a fresh pair of databases for each test."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from application.store.chain import Row
from application.store.keys import KeyFile, Keys
from application.store.migrate import ROLES, mark, migrate
from application.store.store import Store
from interfaces.local_postgres import LocalPostgres

PASSWORD = "for-tests"
COUNT = itertools.count(1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True)
class Pair:
    """A record and its keys, on a server of the tests."""

    server: LocalPostgres
    record: str
    keys: str

    def owner(self, database: str | None = None) -> str:
        return self.server.dsn(database or self.record)

    def service(self) -> str:
        return self.server.dsn(self.record, "casetrail_service", PASSWORD)

    def keeper(self) -> str:
        return self.server.dsn(self.keys, "casetrail_keys", PASSWORD)

    def auditor(self) -> str:
        return self.server.dsn(self.record, "casetrail_auditor", PASSWORD)

    def store(self, key_file: Path, patience: float = 20.0) -> Store:
        return Store(self.service(), Keys(self.keeper(), KeyFile(key_file)), patience=patience)


def make_templates(server: LocalPostgres) -> None:
    """The pair of databases, migrated, that those of each test are copied from; and the same marked as a rehearsal."""
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        for name in ("record_template", "rehearsal_template", "keys_template"):
            admin.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    for name in ("record_template", "rehearsal_template"):
        migrate(server.dsn(name), "record", dict.fromkeys(ROLES["record"], PASSWORD))
    mark(server.dsn("rehearsal_template"), "rehearsal")
    migrate(server.dsn("keys_template"), "keys", {"casetrail_keys": PASSWORD})


def make_pair(server: LocalPostgres, template: str = "record_template") -> Pair:
    n = next(COUNT)
    pair = Pair(server, f"record_{n}", f"keys_{n}")
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {pair.record} TEMPLATE {template} STRATEGY FILE_COPY")
        admin.execute(f"CREATE DATABASE {pair.keys} TEMPLATE keys_template STRATEGY FILE_COPY")
    return pair


def drop(pair: Pair) -> None:
    with psycopg.connect(pair.server.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {pair.record} WITH (FORCE)")
        admin.execute(f"DROP DATABASE {pair.keys} WITH (FORCE)")


def short_folder() -> Path:
    """A folder with a short path, as sockets need."""
    folder = Path(tempfile.mkdtemp(prefix="ct-"))
    os.chmod(folder, 0o755)
    return folder


@pytest.fixture(scope="session")
def server() -> Iterator[LocalPostgres]:
    folder = short_folder()
    with LocalPostgres(folder / "pg", fsync=False) as running:
        make_templates(running)
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def pair(server: LocalPostgres) -> Iterator[Pair]:
    made = make_pair(server)
    yield made
    drop(made)


@pytest.fixture
def rehearsal_pair(server: LocalPostgres) -> Iterator[Pair]:
    made = make_pair(server, "rehearsal_template")
    yield made
    drop(made)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "secrets" / "casetrail.kek"


@pytest.fixture
async def store(pair: Pair, key_file: Path) -> AsyncIterator[Store]:
    async with pair.store(key_file) as opened:
        yield opened


@pytest.fixture
async def rehearsal(rehearsal_pair: Pair, key_file: Path) -> AsyncIterator[Store]:
    async with rehearsal_pair.store(key_file) as opened:
        yield opened


Sql = Callable[..., list[tuple[Any, ...]]]


def stored(ask: Sql) -> list[Row]:
    """The whole log as it is stored."""
    query = "SELECT notification_id, originator_id, originator_version, topic, header, state, at, hash FROM events ORDER BY 1"
    return [Row(*row) for row in ask(query)]


@pytest.fixture
def as_owner(pair: Pair) -> Iterator[Sql]:
    """Ask the record as its owner."""
    with psycopg.connect(pair.owner(), autocommit=True) as conn:

        def ask(query: str, params: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
            cursor = conn.execute(query.encode(), params)
            return cursor.fetchall() if cursor.description is not None else []

        yield ask


@pytest.fixture(scope="module")
def server_pair(server: LocalPostgres) -> Iterator[Pair]:
    """A pair for tests that leave nothing in it."""
    made = make_pair(server)
    yield made
    drop(made)
