"""The permanent tables: made once, by their owner, and refused where they are from another version."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from application.store import migrate as module
from application.store.connections import StoreAway
from application.store.migrate import ROLES, StoreUnfit, ensure_database, migrate, migrations
from application.store.store import Store
from interfaces.local_postgres import LocalPostgres
from tests.application.store.examples import save
from tests.application.store.pairs import PASSWORD, Pair

pytestmark = pytest.mark.anyio

NEXT = len(migrations("record")) + 1


@pytest.fixture
def empty(server: LocalPostgres) -> Iterator[str]:
    assert ensure_database(server.dsn("postgres"), "empty")
    yield server.dsn("empty")
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        admin.execute("DROP DATABASE empty WITH (FORCE)")


def test_files_are_numbered_without_a_gap():
    for database in ROLES:
        assert [m.number for m in migrations(database)] == list(range(1, len(migrations(database)) + 1))


def test_a_second_run_finds_nothing_to_do(server: LocalPostgres, empty: str):
    assert not ensure_database(server.dsn("postgres"), "empty")
    assert migrate(empty, "record") == [m.name for m in migrations("record")]
    assert migrate(empty, "record", {"casetrail_service": PASSWORD}) == []


def test_several_who_migrate_at_once_do_it_once(empty: str):
    done: list[list[str]] = []
    threads = [threading.Thread(target=lambda: done.append(migrate(empty, "record"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, done)) == [0, 0, 0, len(migrations("record"))]


def test_a_migration_that_fails_leaves_nothing(empty: str, monkeypatch: pytest.MonkeyPatch):
    bad = [*migrations("record"), module.Migration(NEXT, "bad.sql", "CREATE TABLE half (); SELECT nonsense")]
    monkeypatch.setattr(module, "migrations", lambda database: bad)
    with pytest.raises(psycopg.Error):
        migrate(empty, "record")
    with psycopg.connect(empty) as conn:
        assert conn.execute("SELECT to_regclass('events'), to_regclass('schema_migrations')").fetchone() == (None, None)


async def test_a_store_from_a_newer_version_is_refused_in_a_sentence(pair: Pair, key_file: Path):
    with psycopg.connect(pair.owner()) as conn:
        conn.execute("INSERT INTO schema_migrations (number, name, digest) VALUES (99, '0099_later.sql', 'x')")
    with pytest.raises(StoreUnfit, match="newer version of Casetrail: its record is at migration 99"):
        migrate(pair.owner(), "record")
    with pytest.raises(StoreUnfit, match="newer version"):
        async with pair.store(key_file):
            pass


async def test_keys_from_a_newer_version_are_refused_too(pair: Pair, key_file: Path):
    with psycopg.connect(pair.owner(pair.keys)) as conn:
        conn.execute("INSERT INTO schema_migrations (number, name, digest) VALUES (99, '0099_later.sql', 'x')")
    with pytest.raises(StoreUnfit, match="newer version of Casetrail"):
        async with pair.store(key_file):
            pass


async def test_a_store_from_an_older_version_says_what_to_do(pair: Pair, key_file: Path, monkeypatch: pytest.MonkeyPatch):
    later = [*migrations("record"), module.Migration(NEXT, "later.sql", "SELECT 1")]
    original = module.migrations
    monkeypatch.setattr(module, "migrations", lambda database: later if database == "record" else original(database))
    with pytest.raises(StoreUnfit, match=r"later\.sql has not been run"):
        async with pair.store(key_file):
            pass


def test_a_migration_changed_after_it_was_run_is_noticed(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    changed = [*migrations("record")[:-1], module.Migration(NEXT - 1, "changed.sql", "SELECT 'another text'")]
    monkeypatch.setattr(module, "migrations", lambda database: changed)
    with pytest.raises(StoreUnfit, match=f"Migration {NEXT - 1} of the record"):
        migrate(pair.owner(), "record")


async def test_an_empty_database_says_what_to_do(server: LocalPostgres, empty: str, pair: Pair, key_file: Path):
    from application.store.keys import KeyFile, Keys

    with pytest.raises(StoreUnfit, match="no Casetrail record yet: run `casetrail migrate`"):
        async with Store(empty, Keys(pair.keeper(), KeyFile(key_file))):
            pass


async def test_a_database_that_is_not_there_is_told_in_a_sentence(pair: Pair, key_file: Path):
    with pytest.raises(StoreAway, match="cannot be reached"):
        async with Pair(pair.server, "nowhere", pair.keys).store(key_file):
            pass
    with pytest.raises(StoreAway, match="cannot be reached"):
        async with Pair(pair.server, pair.record, "nowhere").store(key_file):
            pass


def test_a_password_travels_only_as_its_verifier(empty: str):
    migrate(empty, "record", {"casetrail_auditor": PASSWORD})
    with psycopg.connect(empty) as conn:
        (kept,) = conn.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'casetrail_auditor'").fetchone() or ("",)
    assert kept.startswith("SCRAM-SHA-256$")
    with pytest.raises(ValueError, match="no such role"):
        migrate(empty, "record", {"postgres": "x"})


async def test_the_service_needs_no_more_than_its_own_role(store: Store):
    assert (await store.append(save())).place == 1
