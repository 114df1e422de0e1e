"""One server for the session (tests/conftest.py), a fresh pair of databases for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from application.store.chain import Row
from application.store.store import Store
from interfaces.local_postgres import LocalPostgres
from tests.application.store.pairs import Pair, fresh_pair, make_templates


@pytest.fixture(scope="session")
def server(practice_server: LocalPostgres) -> LocalPostgres:
    make_templates(practice_server)
    return practice_server


@pytest.fixture
def pair(server: LocalPostgres) -> Iterator[Pair]:
    with fresh_pair(server) as made:
        yield made


@pytest.fixture
def rehearsal_pair(server: LocalPostgres) -> Iterator[Pair]:
    with fresh_pair(server, "rehearsal") as made:
        yield made


@pytest.fixture(scope="module")
def server_pair(server: LocalPostgres) -> Iterator[Pair]:
    """A pair for tests that leave nothing in it."""
    with fresh_pair(server) as made:
        yield made


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
