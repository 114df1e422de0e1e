"""What is recorded is only ever added to, and each role may do what it needs and no more: the database says so, not manners."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from application.store.chain import faults
from application.store.migrate import mark
from application.store.store import Store
from interfaces.local_postgres import find_binaries
from tests.application.store.examples import StoryTold, save
from tests.application.store.pairs import PASSWORD, TEMPLATES, Pair

pytestmark = pytest.mark.anyio

CHANGES = (
    "UPDATE {} SET {} = {}",
    "DELETE FROM {}",
    "TRUNCATE {}",
    "TRUNCATE {} CASCADE",
    "UPDATE {} SET {} = {} WHERE false",
)
TABLES = {"events": "topic", "labels": "folded", "commands": "stream", "store_marks": "mark", "looks": "view", "look_streams": "stream"}


async def test_update_delete_and_truncate_are_refused_even_to_the_owner(pair: Pair, store: Store):
    await store.append(save(claims_label=("bolton", "X")))
    for (table, column), change, role in itertools.product(TABLES.items(), CHANGES, ("origin", "replica")):
        with psycopg.connect(pair.owner(), autocommit=True) as owner:
            owner.execute(f"SET session_replication_role = {role}".encode())
            with pytest.raises(errors.InsufficientPrivilege, match="only ever added to"):
                owner.execute(change.format(table, column, column).encode())


MAY_NOT = {
    "casetrail_service": [
        "UPDATE events SET topic = topic",
        "DELETE FROM events",
        "TRUNCATE events",
        "INSERT INTO events VALUES ('case/1', 9, 'x', '', 900, '', now(), repeat('x', 32)::bytea)",
        "INSERT INTO commands VALUES (gen_random_uuid(), null, 'case/1', 1, 1, 1)",
        "INSERT INTO labels VALUES ('a', 'b', 'case/1')",
        "INSERT INTO store_marks (mark) VALUES ('rehearsal')",
        "INSERT INTO looks VALUES (1, gen_random_uuid(), '', repeat('x', 32)::bytea, now(), 'x', 'overview', 'shown')",
        "INSERT INTO look_streams VALUES ('case/1', 1, 'x', now(), 'shown', 1, NULL)",
        "SELECT nextval('looks_number_seq')",
        "SELECT settled_looks()",
        "DELETE FROM persons",
        "UPDATE persons SET person = person",
        "UPDATE posts SET role = role",
        "DELETE FROM posts",
        "UPDATE schema_migrations SET number = 99",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TABLE events",
        "CREATE TABLE mine ()",
        "SET session_replication_role = replica",
        "BEGIN; LOCK TABLE events IN EXCLUSIVE MODE",
        "SELECT setval('events_notification_id_seq', 1)",
        "SELECT nextval('events_notification_id_seq')",
        "CREATE OR REPLACE FUNCTION append_events() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SET ROLE postgres",
        "CREATE ROLE another",
    ],
    "casetrail_projections": [
        "SELECT append_events(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        "SELECT note_looks(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        "INSERT INTO events DEFAULT VALUES",
        "SELECT * FROM commands",
        "SELECT * FROM aliases",
        "SELECT * FROM persons",
        "CREATE TABLE public.mine ()",
    ],
    "casetrail_auditor": [
        "SELECT append_events(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        "SELECT note_looks(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        "SELECT settled_looks()",
        "INSERT INTO events DEFAULT VALUES",
        "SELECT * FROM persons",
        "SELECT * FROM aliases",
        "CREATE TABLE public.mine ()",
        "CREATE TABLE projections.mine ()",
    ],
}


@pytest.mark.parametrize(("role", "attempt"), [(role, attempt) for role, attempts in MAY_NOT.items() for attempt in attempts])
def test_a_role_may_not_do_what_it_has_no_need_of(server_pair: Pair, role: str, attempt: str):
    with psycopg.connect(server_pair.server.dsn(server_pair.record, role, PASSWORD), autocommit=True) as conn:
        assert refused(conn, attempt)


OF_KEYS = ["DELETE FROM keys", "TRUNCATE keys", "UPDATE keys SET id = 'x'", "UPDATE keys SET made_at = now()", "CREATE TABLE mine ()"]


@pytest.mark.parametrize("attempt", OF_KEYS)
def test_the_role_of_the_keys_may_make_and_destroy_and_no_more(server_pair: Pair, attempt: str):
    with psycopg.connect(server_pair.keeper(), autocommit=True) as conn:
        assert refused(conn, attempt)


async def test_a_key_is_made_once_and_its_id_stays_also_for_the_owner(pair: Pair, store: Store):
    with psycopg.connect(pair.owner(pair.keys), autocommit=True) as owner:
        for change in ("DELETE FROM keys", "TRUNCATE keys", "UPDATE keys SET wrapped = 'x'", "UPDATE keys SET id = 'x'"):
            assert refused(owner, change)


def refused(conn: psycopg.Connection, attempt: str) -> bool:
    """Whether the database refuses it for want of a privilege."""
    try:
        conn.execute(attempt.encode())
    except errors.InsufficientPrivilege:
        return True
    return False


def test_neither_database_lets_in_the_role_of_the_other(server_pair: Pair):
    migrated = server_pair.server
    for database, stranger in ((TEMPLATES["record"], "casetrail_keys"), (TEMPLATES["keys"], "casetrail_service")):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(migrated.dsn(database, stranger, PASSWORD))


def test_nobody_may_hide_a_table_behind_a_temporary_one(server_pair: Pair):
    with psycopg.connect(server_pair.server.dsn(TEMPLATES["record"], "casetrail_service", PASSWORD), autocommit=True) as conn:
        assert refused(conn, "CREATE TEMPORARY TABLE events (at timestamptz)")


def test_projections_have_a_schema_of_their_own(server_pair: Pair):
    with psycopg.connect(server_pair.server.dsn(server_pair.record, "casetrail_projections", PASSWORD), autocommit=True) as conn:
        conn.execute("CREATE TABLE projections.mine (n int)")
        conn.execute("SELECT count(*) FROM events")
        conn.execute("DROP TABLE projections.mine")


async def test_a_store_with_events_cannot_become_a_rehearsal(pair: Pair, store: Store):
    await store.append(save())
    with pytest.raises(errors.InsufficientPrivilege, match="already holds events"):
        mark(pair.owner(), "rehearsal")
    assert await store.marks() == frozenset()


async def test_marks_are_told(rehearsal: Store):
    assert await rehearsal.marks() == {"rehearsal"}


async def test_a_restored_backup_still_verifies_and_is_still_immutable(pair: Pair, store: Store, key_file: Path, tmp_path: Path):
    binaries = find_binaries({})
    if shutil.which("pg_dump", path=str(binaries)) is None:
        pytest.skip("pg_dump is missing")
    for n in range(5):
        await store.append(save("case/1", n, StoryTold(told="to be found again")))
    copy = Pair(pair.server, f"{pair.record}_copy", pair.keys)
    dump = subprocess.run([binaries / "pg_dump", "--format=custom", pair.owner()], check=True, capture_output=True).stdout
    with psycopg.connect(pair.server.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {copy.record} TEMPLATE template0".encode())
    try:
        subprocess.run([binaries / "pg_restore", "--dbname", copy.owner(), "--exit-on-error"], input=dump, check=True, capture_output=True)
        async with copy.store(key_file) as restored:
            opened = await restored.open_words(await restored.history("case/1"))
            assert [r.event.told for r in opened] == ["to be found again"] * 5
            assert (await restored.append(save("case/1", 5))).place == 6
            application = restored.application()
            assert list(faults(application.recorder.rows())) == []
            application.close()
        with psycopg.connect(copy.owner(), autocommit=True) as owner, pytest.raises(errors.InsufficientPrivilege):
            owner.execute("DELETE FROM events")
    finally:
        with psycopg.connect(pair.server.dsn("postgres"), autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {copy.record} WITH (FORCE)".encode())
