"""A real PostgreSQL for the tests of read models: one server for the session, a database of its own for each test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import psycopg
import pytest

from interfaces.databases import throw_away_server
from interfaces.local_postgres import LocalPostgres
from projections import view as views
from projections.view import Connection


@pytest.fixture(scope="session")
def server() -> Iterator[LocalPostgres]:
    with throw_away_server() as running:
        yield running


@pytest.fixture
def database(server: LocalPostgres) -> Iterator[str]:
    """The address of an empty database."""
    name = f"projections_{secrets.token_hex(6)}"
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield server.dsn(name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with psycopg.connect(database, autocommit=True) as opened:
        views.prepare(opened)
        yield opened
